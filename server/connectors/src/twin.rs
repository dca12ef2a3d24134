//! What every system's `twin.rs` shares.

use data::Error;
use model::ErrorCode;
use std::hash::{BuildHasher, Hasher};

/// The two tables do not lend themselves to a comparison inside the database.
pub(crate) fn unjoinable(why: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, why.to_owned())
}

/// The key does not tell the rows of a table apart.
pub(crate) fn not_a_key(table: &str) -> Error {
    unjoinable(&format!("the key is no unique key without NULL of `{table}`"))
}

/// A pair of columns that only a look at each value compares.
pub(crate) fn incomparable(own: &str, other: &str) -> Error {
    let pair = if own == other { format!("column `{own}`") } else { format!("columns `{own}` and `{other}`") };
    unjoinable(&format!("the database does not compare {pair} exactly"))
}

/// The whole condition; `matched` are the comparisons of own columns with those of `o`.
pub(crate) fn unmatched(other: &str, filter: Option<&str>, matched: &[String]) -> String {
    format!("NOT EXISTS (SELECT 1 FROM {} AS o WHERE {})", filtered(other, filter), matched.join(" AND "))
}

/// The table's rows for which a condition holds.
pub(crate) fn filtered(table: &str, filter: Option<&str>) -> String {
    match filter {
        // Apart, so that its names can only mean columns of this table.
        Some(filter) => format!("(SELECT * FROM {table} WHERE ({filter}\n))"),
        None => table.to_owned(),
    }
}

/// A number nobody else picks, for a mark.
pub(crate) fn token() -> u64 {
    // Seeded anew by the operating system's randomness for each process, and counted on within it.
    std::hash::RandomState::new().build_hasher().finish()
}
