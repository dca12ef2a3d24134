//! A channel that tells a WeCom group by its robot; registration only.
//!
//! `config.rs` is what a user sets, `deliver.rs` posts.

mod config;
mod deliver;

plugin_sdk::export_plugin!(channel: crate::deliver::WeCom);
