//! The engine decides: what a document means, what runs next, who may run it, and when to try again.
//!
//! It never sees a row. [`plan`] turns a document into a checked plan and [`run_state`] turns a state and an event into a
//! new state and commands; both are pure. [`engine::Engine`] carries the commands out through the ports of
//! [`ports`], [`worker`] leases tasks and hands them to the [`ports::TaskRunner`], [`scheduler`] fires triggers.
//! Start with `run_state` to see everything that can happen to a run.

pub mod alerts;
#[allow(clippy::module_inception, reason = "the engine proper; its crate is named after it")]
pub mod engine;
pub mod expression;
pub mod plan;
pub mod ports;
pub mod retry;
pub mod run_state;
pub mod runs;
pub mod scheduled;
mod scheduler;
pub mod testing;
pub mod trigger;
pub mod worker;

pub use crate::engine::{Config, Deps, Engine, StartRun, fill_inputs};
pub use crate::runs::RunView;
pub use crate::scheduled::Scheduled;
pub use crate::worker::WorkerConfig;
