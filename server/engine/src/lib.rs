//! The engine decides: what a document means, what runs next, who may run it, and when to try again.
//!
//! It never sees a row. [`plan`] turns a document into a checked plan and [`run_state`] turns a state and an event into a
//! new state and commands; both are pure. [`engine::Engine`] carries the commands out through the ports of
//! [`ports`], [`worker`] leases tasks and hands them to the [`ports::TaskRunner`], [`scheduler`] fires triggers.
//! Start with `run_state` to see everything that can happen to a run.

pub mod ports;
