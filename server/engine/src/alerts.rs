//! Decides whom an alert is told to, when, and in which words.
//!
//! [`policy`] reads the document that people write, [`decide`] turns the policy, what is known and an event into
//! deliveries, [`quiet`] knows when a channel is to be left alone, [`template`] makes the message. All of it is pure: the
//! moment is handed in, and neither a channel nor the database is seen. `store` keeps what is decided, `workbench`
//! delivers it.

pub mod decide;
pub mod policy;
pub mod quiet;
pub mod template;

pub use decide::{
    After, Due, DueState, LOG, Planned, RaiseState, Raising, Routed, after, due, look_back, most_attempts, raise, route,
};
pub use policy::Policy;
pub use template::Template;
