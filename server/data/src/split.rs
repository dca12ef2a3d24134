//! Cutting a table into ranges of its key, so that several readers share it.
//!
//! A boundary is written in words that every system understands ([`KeyPart`]), since a comparison cuts two tables of
//! different systems at the same places. Ranges are half open and leave nothing out: the first has no beginning (and holds
//! NULL), the last no end.

use crate::connector::Relation;
use serde::{Deserialize, Serialize};

/// Where to cut.
#[derive(Debug, Clone)]
pub struct SplitRequest {
    /// What.
    pub relation: Relation,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
    /// The columns of the key.
    pub key: Vec<String>,
    /// How many ranges of about the same size are wanted.
    pub parts: usize,
}

/// The value of one column of a boundary.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// A whole number or decimal, as text.
    Number(String),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// `2024-01-31`.
    Date(String),
    /// `2024-01-31 12:00:00.000000`, in UTC where the column has a zone.
    Instant(String),
}

/// A boundary: a value for each column of the key, or for the first ones only.
pub type Bound = Vec<KeyPart>;

/// Rows whose key is at least `from` and less than `to`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyRange {
    /// The first key; none: from the beginning, NULL included.
    pub from: Option<Bound>,
    /// The key after the last; none: to the end.
    pub to: Option<Bound>,
}

/// Where a table can be cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// The boundaries in ascending order; n of them make n + 1 ranges.
    pub bounds: Vec<Bound>,
    /// How they were found, for people: `by 3000 sampled keys`.
    pub how: String,
}

impl Split {
    /// The ranges between the boundaries.
    #[must_use]
    pub fn ranges(&self) -> Vec<KeyRange> {
        let starts = std::iter::once(None).chain(self.bounds.iter().cloned().map(Some));
        let ends = self.bounds.iter().cloned().map(Some).chain(std::iter::once(None));
        starts.zip(ends).map(|(from, to)| KeyRange { from, to }).collect()
    }
}

/// A range as a system's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeFilter {
    /// The condition in the system's own SQL, for [`crate::connector::ReadOptions::filter`]; none for the whole table.
    pub filter: Option<String>,
    /// Whether an index finds the rows; without, each range costs a look at the whole table.
    pub indexed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_nothing_out() {
        let bound = |n: &str| vec![KeyPart::Number(n.to_owned())];
        let split = Split { bounds: vec![bound("3"), bound("7")], how: String::new() };
        let range = |from: Option<&str>, to: Option<&str>| KeyRange { from: from.map(bound), to: to.map(bound) };
        assert_eq!(split.ranges(), [range(None, Some("3")), range(Some("3"), Some("7")), range(Some("7"), None)]);
        assert_eq!(Split::default().ranges(), [KeyRange::default()]);
    }
}
