//! A translator between SQL dialects; registration only.
//!
//! `translate.rs` is where to start: a text goes in, statements with notes come out. `emit/` writes the target's text
//! from the parsed statement, one file for each concern; `catalog.rs` and `types.rs` know the source's columns.

mod catalog;
mod dialect;
mod emit;
mod note;
mod out;
mod plugin;
mod scope;
mod split;
mod translate;
mod types;

pub use dialect::Dialect;
pub use note::{Level, Note};
pub use translate::{Request, Statement, translate};

plugin_sdk::export_plugin!(translator: crate::plugin::SqlTranslator);
