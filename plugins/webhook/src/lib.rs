//! A channel that posts alerts as Standard Webhooks; registration only.
//!
//! `config.rs` is what a user sets, `deliver.rs` posts, and `signature.rs` signs.

mod config;
mod deliver;
mod signature;

plugin_sdk::export_plugin!(channel: crate::deliver::Webhook);
