//! Compares tables, whatever systems they live in: rows ([`diff`]), numbers of rows ([`count`]) and columns ([`schema`]);
//! makes them what a document says ([`tables`]); copies them ([`migrate`]).
//!
//! `transfer` knows connectors only as the traits of `data`, and no SQL engine. A comparison streams: both sides are
//! read in the order of a key and merged, so its memory does not grow with the tables.
//! Start with [`diff::run`] or [`tables`]; `canonical.rs` says when values of two types are equal.

mod canonical;
mod compare;
pub mod count;
mod cursor;
mod definition;
pub mod diff;
mod difference;
mod json;
pub mod migrate;
mod pairing;
pub mod schema;
pub mod sort;
pub mod tables;
#[cfg(test)]
mod testing;

pub use definition::{definitions, dialect};
pub use diff::{DiffOptions, DifferenceSink, Side, Totals, compare};
pub use difference::{CHANGED_COLUMN, CHANGED_LEFT, CHANGED_RIGHT, DifferenceKind};
