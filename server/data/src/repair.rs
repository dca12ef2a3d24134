//! Statements that change single rows, in a system's own SQL: to make one table equal another.

use crate::Result;
use arrow::record_batch::RecordBatch;

/// Writes statements for rows of one table. Each statement may be run twice with the same result, and ends without a semicolon.
pub trait RowStatements: Send + Sync {
    /// Statements the session wants first, such as the zone that times are written in.
    fn preamble(&self) -> Vec<String>;

    /// Statements that put the rows in, over those that have their keys.
    ///
    /// # Errors
    /// `value_refused` for a value the system has no literal for.
    fn insert(&self, rows: &RecordBatch) -> Result<Vec<String>>;

    /// Statements that give the rows with these keys these values.
    ///
    /// # Errors
    /// As for [`RowStatements::insert`].
    fn update(&self, rows: &RecordBatch) -> Result<Vec<String>>;

    /// Statements that delete the rows with the keys of `rows`.
    ///
    /// # Errors
    /// As for [`RowStatements::insert`].
    fn delete(&self, rows: &RecordBatch) -> Result<Vec<String>>;
}
