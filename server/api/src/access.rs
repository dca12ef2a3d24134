//! Who may do what through the API: one place that every GraphQL field, REST route, WebSocket and webhook passes.
//!
//! [`operations`] is the table of everything that can be asked, with what each needs; what has no row is refused.
//! [`gate`] stands before every route, [`guard`] before every field of GraphQL's three roots; both find out who asks
//! ([`caller`]) and hold the table against `model::access::Authority`. [`needs`] finds the connections and workflows
//! that a request is about. Resolvers only filter lists, by [`Caller::sees`].
//! [`record`] puts every change into the audit log, with where it came from ([`origin`]).

pub mod caller;
pub mod gate;
pub mod guard;
mod named;
pub mod needs;
pub mod operations;
pub mod origin;
pub mod record;

pub use caller::{Access, Caller, Presented};
pub use operations::{Least, Needs, Operation};
pub use origin::Proxies;
