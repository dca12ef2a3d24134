//! A channel that opens and resolves PagerDuty incidents by its Events API; registration only.
//!
//! `config.rs` is what a user sets, `deliver.rs` posts.

mod config;
mod deliver;

plugin_sdk::export_plugin!(channel: crate::deliver::PagerDuty);
