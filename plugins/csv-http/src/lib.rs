//! A source that reads CSV or JSON from an HTTP address; registration only.
//!
//! `config.rs` is what a user sets, `read.rs` fetches and cuts batches, `csv_rows.rs` and `json_rows.rs` find the rows
//! in the bytes.

mod config;
mod csv_rows;
mod json_rows;
mod read;

plugin_sdk::export_plugin!(source: crate::read::CsvHttp);
