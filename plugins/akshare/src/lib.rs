//! A source that reads tables of AkShare through an AKTools server; registration only.
//!
//! `config.rs` is what a user sets and what is refused, `read.rs` asks and makes batches, and `canonical.rs` knows the
//! columns of the best-known functions.

mod canonical;
mod config;
mod read;

plugin_sdk::export_plugin!(source: crate::read::AkShare);
