//! A sink that writes rows as documents into Elasticsearch; registration only.
//!
//! `config.rs` is what a user sets, `write.rs` sends batches, and `bulk.rs` reads what became of each document.

mod bulk;
mod config;
mod write;

plugin_sdk::export_plugin!(sink: crate::write::Elasticsearch);
