//! What is compared, and how: the settings of a comparison.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is compared, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiffOptions {
    /// The columns that say which rows belong together, by their left names; empty: all compared columns.
    pub key: Vec<String>,
    /// Where `key` is empty: take the left table's own key, if it has one and the right side has its columns.
    pub own_key: bool,
    /// The columns that are compared, by their left names; empty: all that both sides have.
    pub columns: Vec<String>,
    /// Columns that are not compared, by their left names.
    pub except: Vec<String>,
    /// Right names of columns that are called otherwise on the left.
    pub mapping: BTreeMap<String, String>,
    /// How far two values of a column may lie apart and still count as equal, by left name.
    pub tolerance: BTreeMap<String, Leeway>,
    /// How the sides are compared.
    pub strategy: Strategy,
    /// How many ranges of the key are compared at the same time; 0: as many as suit the machine, 4 at most.
    pub parallel: usize,
    /// About how many rows a range has; 0: [`super::RANGE_ROWS`].
    pub range_rows: u64,
    /// How many connections are read by at the same time on either side at most, whatever `parallel` says.
    pub max_connections: Option<usize>,
    /// Reading pauses while a server has more busy sessions than this.
    pub pause_above: Option<u64>,
    /// The comparison ends early when so many differences were found.
    pub max_differences: Option<u64>,
    /// Compare only this range of the key, as [`super::find_ranges`] found it.
    pub range: Option<data::KeyRange>,
    /// The ranges are found for others to compare, who share no moment.
    pub spread: bool,
    /// Compare only about so many rows, in ranges spread over the whole key.
    pub sample_rows: Option<u64>,
}

/// How the sides are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Chosen by what the sides are and can do.
    #[default]
    Auto,
    /// Both sides are read in the order of the key and compared here.
    Merge,
    /// Each database sums up its rows bucket by bucket; only buckets whose sums differ are read. For slow links.
    Checksum,
    /// The one database that holds both tables finds the rows without an equal; only these are read.
    Join,
}

impl Strategy {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Merge => "merge",
            Self::Checksum => "checksum",
            Self::Join => "join",
        }
    }
}

/// What of a column's values makes no difference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Spelled")]
pub struct Leeway {
    /// Numbers may lie so far apart.
    pub number: Option<f64>,
    /// Instants and times are compared up to this unit.
    pub time: Option<TimeUnit>,
    /// White space around text is not looked at.
    pub trim: bool,
    /// Nor is the case of its letters.
    pub ignore_case: bool,
    /// Text is compared in this form of Unicode.
    pub unicode: Option<UnicodeForm>,
}

impl Leeway {
    /// Numbers may lie so far apart.
    #[must_use]
    pub fn of_numbers(distance: f64) -> Self {
        Self { number: Some(distance), ..Self::default() }
    }

    pub(crate) fn of_text(&self) -> bool {
        self.trim || self.ignore_case || self.unicode.is_some()
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Whole microseconds.
    Microsecond,
    /// Whole milliseconds.
    Millisecond,
    /// Whole seconds.
    Second,
    /// Whole minutes.
    Minute,
    /// Whole days.
    Day,
}

impl TimeUnit {
    pub(crate) fn nanoseconds(self) -> i128 {
        match self {
            Self::Microsecond => 1_000,
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Day => 86_400_000_000_000,
        }
    }
}

/// A form of Unicode in which characters are written in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnicodeForm {
    /// Composed: `é` is one character.
    Nfc,
    /// Composed, and `ﬁ` is `fi`.
    Nfkc,
}

/// How a document writes a leeway: a number alone, or by name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spelled {
    Number(f64),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    number: Option<f64>,
    time: Option<TimeUnit>,
    #[serde(default)]
    trim: bool,
    #[serde(default)]
    ignore_case: bool,
    unicode: Option<UnicodeForm>,
}

impl From<Spelled> for Leeway {
    fn from(spelled: Spelled) -> Self {
        match spelled {
            Spelled::Number(distance) => Self::of_numbers(distance),
            Spelled::Named(Named { number, time, trim, ignore_case, unicode }) => {
                Self { number, time, trim, ignore_case, unicode }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_leeway_is_a_number_or_named() {
        let read = |json| serde_json::from_value::<Leeway>(json);
        assert_eq!(read(serde_json::json!(0.5)).unwrap(), Leeway::of_numbers(0.5));
        let named = read(serde_json::json!({ "trim": true, "unicode": "nfc", "time": "second" })).unwrap();
        assert_eq!((named.trim, named.unicode, named.time), (true, Some(UnicodeForm::Nfc), Some(TimeUnit::Second)));
        assert!(read(serde_json::json!({ "trimm": true })).is_err());
    }
}
