//! A channel that tells a Microsoft Teams channel by a workflow's webhook; registration only.
//!
//! `config.rs` is what a user sets, `deliver.rs` posts.

mod config;
mod deliver;

plugin_sdk::export_plugin!(channel: crate::deliver::Teams);
