//! A sink for TDengine; registration only.
//!
//! `config.rs` is what a user sets, `types.rs` spells the columns of a new supertable, `literal.rs` spells values,
//! `subtable.rs` names subtables, and `write.rs` groups rows by subtable and cuts statements.

mod config;
mod literal;
mod subtable;
mod types;
mod write;

plugin_sdk::export_plugin!(sink: crate::write::Tdengine);
