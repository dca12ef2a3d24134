//! A source that reads samples from Prometheus; registration only.
//!
//! `config.rs` is what a user sets, `read.rs` asks for window after window, and `answer.rs` makes rows of the answers.

mod answer;
mod config;
mod read;

plugin_sdk::export_plugin!(source: crate::read::Prometheus);
