//! A transform that hides personal data; registration only.
//!
//! `config.rs` is what a user sets, `mask.rs` changes columns, and `detect.rs` finds personal data within texts.

mod config;
mod detect;
mod mask;

plugin_sdk::export_plugin!(transform: crate::mask::MaskPii);
