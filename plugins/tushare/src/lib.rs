//! A source that reads data sets of Tushare Pro; registration only.
//!
//! `config.rs` is what a user sets, `read.rs` asks page after page, `answer.rs` knows the service's answers and codes, and
//! `types.rs` its columns' types and units.

mod answer;
mod config;
mod read;
mod types;

plugin_sdk::export_plugin!(source: crate::read::Tushare);
