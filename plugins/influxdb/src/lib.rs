//! A sink that writes rows as points into InfluxDB; registration only.
//!
//! `config.rs` is what a user sets, `write.rs` sends batches, and `line.rs` spells points.

mod config;
mod line;
mod write;

plugin_sdk::export_plugin!(sink: crate::write::InfluxDb);
