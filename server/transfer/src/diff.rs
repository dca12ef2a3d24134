//! The rows in which two tables differ.
//!
//! The result is that of a full outer join on the key. Rows with equal keys are matched as multisets: first those that
//! are equal throughout, then the rest in the order of their values as changed, and what is left over is missing or extra.
//! Without a key whole rows are compared, so nothing is ever called changed.
//! A side whose rows do not come in order is an error, never a wrong result. Start with [`run`]: `plan.rs` looks at both
//! sides, `choose.rs` chooses, `merge.rs` compares what comes in order, `ranges.rs` does so for several ranges of the key at once.

mod checksum;
mod choose;
mod join;
mod merge;
mod moments;
mod options;
mod page;
mod pause;
mod plan;
mod ranges;
mod repair;

pub use crate::difference::DifferenceKind;
pub use options::{DiffOptions, Leeway, Strategy, TimeUnit, UnicodeForm};
pub use page::{Change, DiffPage, Difference, PageCursor, page};
pub use plan::{Description, describe};
pub use repair::{Repair, Repairing};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{Connector, KeyRange, Result, Source};
use merge::{Allowance, merge, pair};
use plan::{Plan, Seen};

/// About how many rows a range of the key has unless the settings say otherwise.
pub const RANGE_ROWS: u64 = 1_000_000;

/// What one side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// A table or a query.
    pub relation: Relation,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
}

/// One side of [`run`].
pub enum Rows<'a> {
    /// Rows in any order, sorted here within [`crate::sort::MAX_ROWS`].
    Unsorted(Box<dyn Source>),
    /// What a connection holds.
    Stored(&'a dyn Connector, Side),
}

/// What a comparison counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Totals {
    /// Rows of the left side.
    pub left_rows: u64,
    /// Rows of the right side.
    pub right_rows: u64,
    /// Pairs of equal rows.
    pub equal: u64,
    /// Rows of the left side that the right lacks.
    pub missing: u64,
    /// Rows of the right side that the left lacks.
    pub extra: u64,
    /// Pairs of rows with the same key and other values.
    pub changed: u64,
}

impl Totals {
    /// Missing, extra and changed rows.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.missing + self.extra + self.changed
    }

    /// Differences for each hundred rows of the larger side; 0 where both are empty.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let rows = self.left_rows.max(self.right_rows);
        if rows == 0 { 0.0 } else { self.differences() as f64 * 100.0 / rows as f64 }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.left_rows += other.left_rows;
        self.right_rows += other.right_rows;
        self.equal += other.equal;
        self.missing += other.missing;
        self.extra += other.extra;
        self.changed += other.changed;
    }
}

/// What a comparison found out besides the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// What was counted.
    pub totals: Totals,
    /// The columns that told which rows belong together, by their left names; empty: whole rows were compared.
    pub key: Vec<String>,
    /// All compared columns, by their left names, key first.
    pub columns: Vec<String>,
    /// The same columns by their right names.
    pub right_columns: Vec<String>,
    /// How the sides were compared.
    pub strategy: Strategy,
    /// Why so.
    pub reasons: Vec<String>,
    /// What could not be compared exactly, or costs a server more than it must.
    pub notes: Vec<String>,
    /// Whether all rows were compared: not where a sample was, nor where `max_differences` ended it.
    pub complete: bool,
}

/// Takes the differences as they are found, in batches of about [`data::BATCH_ROWS`] rows.
#[async_trait]
pub trait DifferenceSink: Send {
    /// Hears what is going to be done, before any row is read.
    ///
    /// # Errors
    /// Ends the comparison with that error.
    async fn begin(&mut self, report: &Report) -> Result<()> {
        let _ = report;
        Ok(())
    }

    /// Takes one batch; all batches of a kind have one schema. Each kind comes in the order of the key.
    ///
    /// # Errors
    /// Ends the comparison with that error.
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()>;

    /// Whether [`DifferenceSink::take_changed`] is to be called.
    fn wants_changed_rows(&self) -> bool {
        false
    }

    /// Takes changed rows wholly: each row of `left` has become the row of `right` at the same place.
    ///
    /// # Errors
    /// Ends the comparison with that error.
    async fn take_changed(&mut self, left: RecordBatch, right: RecordBatch) -> Result<()> {
        let _ = (left, right);
        Ok(())
    }
}

/// Compares what two connections hold.
///
/// # Errors
/// As for [`run`].
pub async fn compare(
    left: (&dyn Connector, &Side),
    right: (&dyn Connector, &Side),
    options: &DiffOptions,
    sink: &mut dyn DifferenceSink,
) -> Result<Totals> {
    let (left, right) = (Rows::Stored(left.0, left.1.clone()), Rows::Stored(right.0, right.1.clone()));
    Ok(run(left, right, options, sink).await?.totals)
}

/// Compares two sides; a side that is no connection (a file) is sorted in memory.
///
/// # Errors
/// `column_not_found`; `unsupported` where a pair of columns cannot be compared, a side is out of order, or an unsorted
/// side has more than [`crate::sort::MAX_ROWS`] rows; and whatever reading meets.
pub async fn run(
    left: Rows<'_>,
    right: Rows<'_>,
    options: &DiffOptions,
    sink: &mut dyn DifferenceSink,
) -> Result<Report> {
    let (left_seen, right_seen) = (Seen::of(&left), Seen::of(&right));
    let (plan, equal) = Plan::make(left_seen, right_seen, options).await?;
    let mut report = plan.report();
    sink.begin(&report).await?;
    let allowance = Allowance::new(options.max_differences);
    report.totals = match (left, right) {
        (Rows::Stored(left, left_side), Rows::Stored(right, right_side)) => {
            plan.compare((left, &left_side), (right, &right_side), options, &allowance, sink).await?
        }
        (left, right) => {
            let left = prepare(left, &plan.names.left, plan.names.key_of("left")).await?;
            let right = prepare(right, &plan.names.right, plan.names.key_of("right")).await?;
            let pairing = pair(left.source(), right.source(), &plan.names, options)?;
            let left = left.sort(&plan.names.left, &pairing).await?;
            let right = right.sort(&plan.names.right, &pairing).await?;
            merge(left, right, &plan.names, options, &allowance, sink).await?
        }
    };
    report.totals.add(&equal);
    report.complete = report.complete && !allowance.is_used_up();
    if let (Some(rows), true) = (plan.joined, report.complete) {
        // Rows pair off, so that both sides have as many equal ones.
        let equal = rows.saturating_sub(report.totals.left_rows);
        report.totals.add(&Totals { left_rows: equal, right_rows: equal, equal, ..Totals::default() });
    }
    Ok(report)
}

/// The ranges of the key that a comparison can be made in, by whoever takes one ([`DiffOptions::range`]); none where the key
/// cannot be cut or the tables are small.
///
/// # Errors
/// As for [`run`].
pub async fn find_ranges(left: Rows<'_>, right: Rows<'_>, options: &DiffOptions) -> Result<(Report, Vec<KeyRange>)> {
    let options = DiffOptions {
        strategy: Strategy::Merge,
        parallel: options.parallel.max(2),
        sample_rows: None,
        spread: true,
        ..options.clone()
    };
    let (left, right) = (Seen::of(&left), Seen::of(&right));
    let (plan, _) = Plan::make(left, right, &options).await?;
    Ok((plan.report(), plan.ranges))
}

/// Opens one side of a comparison in the order of the key.
///
/// # Errors
/// As for [`Connector::read`].
pub(crate) async fn open(
    connector: &dyn Connector,
    side: &Side,
    columns: &[String],
    order_by: Vec<String>,
    snapshot: Option<String>,
) -> Result<Box<dyn Source>> {
    let options = ReadOptions {
        relation: side.relation.clone(),
        columns: columns.to_vec(),
        filter: side.filter.clone(),
        order_by,
        // A comparison that fails begins anew.
        checkpoints: false,
        snapshot,
        ..ReadOptions::table("")
    };
    connector.read(options).await
}

enum Prepared {
    Sorted(Box<dyn Source>),
    Unsorted(Box<dyn Source>),
}

impl Prepared {
    fn source(&self) -> &dyn Source {
        match self {
            Self::Sorted(source) | Self::Unsorted(source) => source.as_ref(),
        }
    }

    async fn sort(self, names: &[String], pairing: &crate::pairing::Pairing) -> Result<Box<dyn Source>> {
        match self {
            Self::Sorted(source) => Ok(source),
            Self::Unsorted(source) => crate::sort::sort(source, names, pairing).await,
        }
    }
}

async fn prepare(rows: Rows<'_>, columns: &[String], order_by: Vec<String>) -> Result<Prepared> {
    match rows {
        Rows::Unsorted(source) => Ok(Prepared::Unsorted(source)),
        Rows::Stored(connector, side) => Ok(Prepared::Sorted(open(connector, &side, columns, order_by, None).await?)),
    }
}

#[cfg(test)]
mod outer_join;
#[cfg(test)]
mod tests;
