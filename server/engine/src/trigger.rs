//! What starts runs without a person: times and calls from other systems.

pub mod cron;
pub mod webhook;
