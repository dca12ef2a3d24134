//! A sink for TimescaleDB; registration only.
//!
//! `config.rs` is what a user sets, `facts.rs` asks what the database has, `statement.rs` makes the statements that bring
//! the table about, and `write.rs` writes batches and keeps the record by which none is written twice.

mod config;
mod facts;
mod statement;
mod write;

plugin_sdk::export_plugin!(sink: crate::write::Timescale);
