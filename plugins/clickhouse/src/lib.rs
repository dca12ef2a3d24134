//! A source and a sink for ClickHouse; registration only.
//!
//! `config.rs` is what a user sets, `read.rs` reads a query's rows, `write.rs` writes batches, `request.rs` sends and
//! sorts exceptions, and `types.rs` turns ClickHouse's types into columns'.

mod config;
mod read;
mod request;
mod types;
mod write;

plugin_sdk::export_plugin!(source: crate::read::ClickHouse, sink: crate::write::ClickHouse);
