//! What rules found: counts, samples, rows for the port `findings`, and the score they make together.

use super::calendar;
use arrow::array::{ArrayRef, Date32Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use data::Result;
use model::anomaly::Severity;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the rules are counted and judged; grows with every change of a rule's meaning.
pub(super) const VERSION: u32 = 1;
/// Sample keys of a rule among the outputs.
const SAMPLES: usize = 10;

/// What a rule is about, for the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dimension {
    Completeness,
    Uniqueness,
    Validity,
    Consistency,
    Freshness,
}

impl Dimension {
    fn weight(self) -> f64 {
        match self {
            Self::Completeness | Self::Validity => 0.3,
            Self::Uniqueness | Self::Consistency => 0.15,
            Self::Freshness => 0.1,
        }
    }
}

/// One rule: id, dimension, severity, default threshold, and what it asks.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) dimension: Dimension,
    pub(super) severity: Severity,
    pub(super) threshold: Option<f64>,
    pub(super) text: &'static str,
}

macro_rules! rules {
    ($($id:literal $dimension:ident $severity:ident $threshold:expr, $text:literal;)+) => {
        /// Every rule there is.
        pub(super) const RULES: &[Rule] = &[$(Rule {
            id: $id, dimension: Dimension::$dimension, severity: Severity::$severity, threshold: $threshold, text: $text,
        }),+];
    };
}

rules! {
    "c1" Completeness Warn Some(0.005), "every code has a row for each open day; an error beyond this share of missing rows";
    "c2" Completeness Error None, "no rows on closed days";
    "c3" Completeness Warn None, "a full day has 240 or 241 minute bars, or as many as the period makes of them";
    "c4" Completeness Warn Some(60.0), "a code whose ticks come all the time has no gap within a session of more than so many seconds, no code one of ten minutes";
    "c5" Completeness Warn Some(0.01), "the number of codes differs from the open day before by at most this share";
    "c6" Completeness Warn Some(0.001), "key fields are never null, prices and volumes at most in this share of rows";
    "c7" Completeness Error None, "all expected columns are there, of the expected types, and numbers are numbers";
    "d1" Uniqueness Error None, "a code has one row for each moment";
    "d2" Uniqueness Error None, "no row is there twice";
    "d3" Uniqueness Warn Some(0.000_001), "another source has the same figures for the same code and time, within a tolerance, a share of the figure";
    "v1" Validity Error Some(0.000_001), "high and low enclose open and close, within a tolerance";
    "v2" Validity Error None, "prices are above zero and, unless adjusted, whole ticks";
    "v3" Validity Error None, "volume and amount are not negative, and zero together";
    "v4" Validity Error Some(0.01), "the average price lies between low and high, within a tolerance";
    "v5" Validity Error None, "prices stay within the limits of board and day";
    "v8" Validity Error None, "within a day a tick's volume never falls, and bid is below ask";
    "v9" Validity Error None, "times lie within a session, on their date, and not in the future";
    "v10" Validity Warn None, "codes are spelled as codes, belong to their board and are known; names are not empty";
    "v12" Validity Error Some(0.5), "the weights of an index sum to 100 on each day, within a tolerance";
    "v13" Validity Error None, "adjust factors are above zero, change on ex-dates only, and by less than twentyfold";
    "v14" Validity Error None, "what is filled fits the order, its status and its fills; a balance follows from its changes";
    "v6" Consistency Error Some(0.01), "change and its percentage follow from close and pre_close, within a tolerance";
    "v7" Consistency Error None, "pre_close is the close of the day before, but on ex-dates";
    "v11" Consistency Error Some(0.001), "minute bars make the day's bar, the volume within a tolerance, a share of it";
    "a1" Consistency Error Some(0.5), "a return is at most three times the limit, and at most this without limits";
    "a2" Consistency Warn Some(10.0), "a return's robust score against the last 60 days is at most this";
    "a3" Consistency Info Some(20.0), "a volume is at most this many times the median of 20 days";
    "a4" Consistency Warn Some(10.0), "a close stays the same for at most so many open days of trading";
    "a5" Consistency Warn Some(0.05), "no price jumps by more than this and back again while little is traded";
    "a6" Consistency Error None, "no price is 10, 100 or 1000 times its neighbors, or such a part of them";
    "a7" Consistency Warn Some(0.25), "the population stability index of a column against the last 20 days is at most this";
    "a8" Consistency Warn Some(0.3), "no column is constant, and no value of one stands in more than this share of rows";
    "s1" Consistency Warn Some(10.0), "a volume's robust score against the same weekday is at most this";
    "f1" Freshness Warn None, "the newest row is as new as its time limit asks, in open days or minutes";
}

/// The rule of that id.
pub(super) fn find_rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// One row that breaks a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken {
    pub(super) code: String,
    pub(super) day: Option<i32>,
    pub(super) micros: Option<i64>,
    pub(super) column: String,
    pub(super) value: String,
    pub(super) reason: String,
}

/// What one rule found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) count: u64,
    /// Of how many; none: of all rows.
    pub(super) of: Option<u64>,
    pub(super) severity: Option<Severity>,
    pub(super) rows: Vec<Broken>,
    pub(super) codes: BTreeMap<String, u64>,
}

/// Everything found so far.
pub(super) struct Tally {
    enabled: BTreeMap<&'static str, Option<Severity>>,
    pub(super) found: BTreeMap<&'static str, Found>,
    most: usize,
}

/// Codes that are counted one by one for a rule at most.
const MOST_CODES: usize = 1_000;

impl Tally {
    /// A tally of the enabled rules with the severities people set, that keeps `most` rows of each.
    pub(super) fn new(enabled: BTreeMap<&'static str, Option<Severity>>, most: usize) -> Self {
        Self { enabled, found: BTreeMap::new(), most }
    }

    pub(super) fn is_on(&self, rule: &str) -> bool {
        self.enabled.contains_key(rule)
    }

    /// Counts a row that breaks a rule; what it says is made only where it is kept.
    pub(super) fn add(&mut self, rule: &'static str, code: &str, broken: impl FnOnce() -> Broken) {
        if !self.is_on(rule) {
            return;
        }
        let found = self.found.entry(rule).or_default();
        found.count += 1;
        if let Some(count) = found.codes.get_mut(code) {
            *count += 1;
        } else if found.codes.len() < MOST_CODES {
            found.codes.insert(code.to_owned(), 1);
        }
        if found.rows.len() < self.most {
            found.rows.push(Broken { code: code.to_owned(), ..broken() });
        }
    }

    /// How many a rule looked at, where that is not the number of rows.
    pub(super) fn set_of(&mut self, rule: &'static str, of: u64) {
        if let Some(found) = self.found.get_mut(rule) {
            found.of = Some(of);
        }
    }

    /// Judges a rule otherwise than usual, for what it found this time.
    pub(super) fn set_severity(&mut self, rule: &'static str, severity: Severity) {
        if let Some(found) = self.found.get_mut(rule) {
            found.severity = Some(severity);
        }
    }

    pub(super) fn severity(&self, rule: &str) -> Severity {
        let set = self.enabled.get(rule).copied().flatten();
        let found = self.found.get(rule).and_then(|found| found.severity);
        set.or(found).or_else(|| find_rule(rule).map(|rule| rule.severity)).unwrap_or(Severity::Warn)
    }

    fn ratio(&self, rule: &str, rows: u64) -> f64 {
        let Some(found) = self.found.get(rule) else { return 0.0 };
        let of = found.of.unwrap_or(rows).max(found.count).max(1);
        found.count as f64 / of as f64
    }

    /// How many findings have that severity.
    pub(super) fn count(&self, severity: Severity) -> u64 {
        self.found.iter().filter(|(rule, _)| self.severity(rule) == severity).map(|(_, found)| found.count).sum()
    }

    /// 0 to 100, and its grade.
    pub(super) fn score(&self, rows: u64) -> (f64, &'static str) {
        let mut worst: BTreeMap<Dimension, f64> = BTreeMap::new();
        for rule in RULES.iter().filter(|rule| self.severity(rule.id) > Severity::Info) {
            let ratio = self.ratio(rule.id, rows);
            let dimension = worst.entry(rule.dimension).or_default();
            *dimension = dimension.max(ratio);
        }
        let mut score: f64 = 100.0;
        for (dimension, ratio) in worst {
            score *= 1.0 - dimension.weight() * ratio.min(1.0);
        }
        let is_broken = |rule: &str| self.found.contains_key(rule) && self.severity(rule) == Severity::Error;
        if ["v1", "d1", "c2"].into_iter().any(is_broken) {
            score = score.min(60.0);
        }
        let score = (score * 100.0).round() / 100.0;
        let grade = match score {
            95.0.. => "A",
            85.0.. => "B",
            70.0.. => "C",
            _ => "D",
        };
        (score, grade)
    }

    /// Each enabled rule's result, for the outputs.
    pub(super) fn results(&self, rows: u64) -> Map<String, Value> {
        let result = |rule: &Rule| {
            let found = self.found.get(rule.id);
            let samples: Vec<String> =
                found.iter().flat_map(|found| found.rows.iter().take(SAMPLES)).map(Broken::key).collect();
            json!({
                "severity": self.severity(rule.id),
                "count": found.map_or(0, |found| found.count),
                "ratio": self.ratio(rule.id, rows),
                "scope": found.map_or(0, |found| found.codes.len()),
                "samples": samples,
                "version": VERSION,
            })
        };
        RULES.iter().filter(|rule| self.is_on(rule.id)).map(|rule| (rule.id.to_owned(), result(rule))).collect()
    }

    /// The kept rows of all rules, in batches.
    pub(super) fn batches(&self) -> Result<Vec<RecordBatch>> {
        let rows: Vec<(&str, &Broken)> =
            self.found.iter().flat_map(|(rule, found)| found.rows.iter().map(|row| (*rule, row))).collect();
        rows.chunks(data::BATCH_ROWS).map(|rows| self.batch(rows)).collect()
    }

    fn batch(&self, rows: &[(&str, &Broken)]) -> Result<RecordBatch> {
        let text = |value: &dyn Fn(&(&str, &Broken)) -> String| -> ArrayRef {
            Arc::new(rows.iter().map(|row| Some(value(row))).collect::<StringArray>())
        };
        let columns: Vec<ArrayRef> = vec![
            text(&|(rule, _)| (*rule).to_owned()),
            text(&|(rule, _)| self.severity(rule).as_str().to_owned()),
            text(&|(_, row)| row.code.clone()),
            Arc::new(rows.iter().map(|(_, row)| row.day).collect::<Date32Array>()),
            Arc::new(rows.iter().map(|(_, row)| row.micros).collect::<TimestampMicrosecondArray>()),
            text(&|(_, row)| row.column.clone()),
            text(&|(_, row)| row.value.clone()),
            text(&|(_, row)| row.reason.clone()),
        ];
        Ok(RecordBatch::try_new(findings_schema(), columns)?)
    }
}

impl Broken {
    /// What names the row: `600000.SH 2024-01-02 09:31:00`.
    pub(super) fn key(&self) -> String {
        let day = self.day.map(calendar::spell);
        let time =
            self.micros.and_then(chrono::DateTime::from_timestamp_micros).map(|at| at.format("%H:%M:%S").to_string());
        let parts = [Some(self.code.clone()).filter(|code| !code.is_empty()), day, time];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The columns of the port `findings`.
pub(super) fn findings_schema() -> SchemaRef {
    let text = |name: &str| ArrowField::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("rule"),
        text("severity"),
        text("code"),
        ArrowField::new("date", DataType::Date32, true),
        ArrowField::new("time", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        text("column"),
        text("value"),
        text("reason"),
    ]))
}
