//! Sums of a table's rows, bucket by bucket, made inside the database: what tells which parts of two tables differ without
//! sending the rows.
//!
//! Each column is written in a form that is the same text on every system for the same value and another for another; each
//! value enters the hash after its length, NULL with a mark of its own, so that no two rows write the same. The hash of a row is
//! the MD5 of that text in UTF-8; a bucket's sums are those of the hashes' first and second fifteen digits.

use serde::{Deserialize, Serialize};

/// How a column's values are written before they are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// `-12`; a boolean is 0 or 1.
    Integer,
    /// Digits with as many decimals as the type has.
    Decimal,
    /// The bits of a double, which not every system tells.
    Double,
    /// Its characters.
    Text,
    /// Hexadecimal digits in lower case.
    Bytes,
    /// `2024-01-31`.
    Date,
    /// `12:00:00.000000`.
    Time,
    /// `2024-01-31 12:00:00.000000` in UTC.
    Instant,
}

/// How rows are put into buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Buckets {
    /// By a column of whole numbers, never NULL: the row with key k is in bucket ⌊k / width⌋.
    Spans {
        /// The column.
        column: String,
        /// How many numbers a bucket spans.
        width: i64,
    },
    /// By the hash of the first columns of [`ChecksumRequest::columns`]: its first eight digits, modulo a count.
    Hashed {
        /// How many columns.
        columns: usize,
        /// How many buckets.
        count: u32,
    },
}

/// What is to be summed up.
#[derive(Debug, Clone)]
pub struct ChecksumRequest {
    /// The table.
    pub table: String,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
    /// How rows are put into buckets.
    pub buckets: Buckets,
    /// The columns that are hashed, in order.
    pub columns: Vec<(String, Form)>,
    /// The moment the rows are summed up as of, from [`crate::Connector::snapshot`].
    pub snapshot: Option<String>,
}

/// The rows of one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Which.
    pub number: i64,
    /// How many there are.
    pub rows: u64,
    /// The sums of both halves of their hashes, as digits.
    pub sums: (String, String),
}
