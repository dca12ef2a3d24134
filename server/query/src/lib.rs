//! SQL over batches: conditions, computed values and whole selects; the only crate that knows DataFusion.
//!
//! [`Predicate`] and [`Expression`] are compiled once for a schema and evaluated over whole columns. [`Transform`] is a
//! SELECT over the one table `input`; where it only filters and computes, it works batch by batch, else over the
//! whole stream within bounded memory. Nothing here reads a file, another table or the network.
//! Start with `parse.rs` for what is allowed, then `expression.rs`.

mod error;
mod expression;
mod feed;
mod functions;
mod parse;
mod session;
mod transform;

pub use expression::{Expression, Predicate};
pub use parse::{parse_condition, parse_select};
pub use transform::{Running, Transform};
