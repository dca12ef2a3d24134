//! A channel that tells a Telegram chat by a bot; registration only.
//!
//! `config.rs` is what a user sets, `deliver.rs` posts.

mod config;
mod deliver;

plugin_sdk::export_plugin!(channel: crate::deliver::Telegram);
