//! A source that reads from Baostock by its own protocol; registration only.
//!
//! `config.rs` is what a user sets, `read.rs` asks page after page, `queries.rs` lists what can be asked, `session.rs` logs
//! in and sorts codes, and `frame.rs` is the protocol's frames.

mod config;
mod frame;
mod queries;
mod read;
mod session;

plugin_sdk::export_plugin!(source: crate::read::Baostock);
