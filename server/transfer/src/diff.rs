//! The rows in which two tables differ: a merge of both sides in the order of a key.
//!
//! The result is that of a full outer join on the key. Rows with equal keys are matched as multisets: first those that
//! are equal throughout, then the rest in the order of their values as changed, and what is left over is missing or extra.
//! Without a key whole rows are compared, so nothing is ever called changed.
//! A side whose rows do not come in order is an error, never a wrong result.

pub use crate::difference::DifferenceKind;

use crate::compare::equal_rows;
use crate::cursor::{Cursor, Piece};
use crate::difference::Gatherer;
use crate::pairing::{Names, Pairing, select_schema};
use crate::schema::column_names;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{Connector, Result, Source};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many rows of one side may share a key; they are held in memory.
pub const MAX_GROUP: usize = 1_000_000;
/// Rows that are compared at once at most, and at first after a difference.
const WIDEST: usize = data::BATCH_ROWS;
const NARROWEST: usize = 4;

/// What one side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// A table or a query.
    pub relation: Relation,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
}

/// What is compared, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiffOptions {
    /// The columns that say which rows belong together, by their left names; empty: all compared columns.
    pub key: Vec<String>,
    /// The columns that are compared, by their left names; empty: all that both sides have.
    pub columns: Vec<String>,
    /// Right names of columns that are called otherwise on the left.
    pub mapping: BTreeMap<String, String>,
    /// How far two numbers of a column may lie apart and still count as equal, by left name.
    pub tolerance: BTreeMap<String, f64>,
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
}

/// Takes the differences as they are found, in batches of about [`data::BATCH_ROWS`] rows.
#[async_trait]
pub trait DifferenceSink: Send {
    /// Takes one batch; all batches of a kind have one schema.
    ///
    /// # Errors
    /// Ends the comparison with that error.
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()>;
}

/// Compares what two connections hold.
///
/// # Errors
/// `column_not_found`; `unsupported` where a pair of columns cannot be compared or a side is out of order; and whatever
/// reading meets.
pub async fn compare(
    left: (&dyn Connector, &Side),
    right: (&dyn Connector, &Side),
    options: &DiffOptions,
    sink: &mut dyn DifferenceSink,
) -> Result<Totals> {
    let left_names = column_names(left.0, &left.1.relation).await?;
    let right_names = column_names(right.0, &right.1.relation).await?;
    let names = Names::find(&left_names, &right_names, &options.key, &options.columns, &options.mapping)?;
    let left = open(left.0, left.1, &names.left, names.key_of("left")).await?;
    let right = open(right.0, right.1, &names.right, names.key_of("right")).await?;
    merge(left, right, &names, options, sink).await
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
) -> Result<Box<dyn Source>> {
    let options = ReadOptions {
        relation: side.relation.clone(),
        columns: columns.to_vec(),
        filter: side.filter.clone(),
        order_by,
        ..ReadOptions::table("")
    };
    connector.read(options).await
}

/// One side of [`compare_sources`].
pub enum Rows<'a> {
    /// Rows in any order, sorted here within [`crate::sort::MAX_ROWS`].
    Unsorted(Box<dyn Source>),
    /// What a connection holds.
    Stored(&'a dyn Connector, Side),
}

/// Compares sides of which one or both are not connections (a file); these are sorted in memory.
///
/// # Errors
/// As for [`compare`], and `unsupported` where an unsorted side has more than [`crate::sort::MAX_ROWS`] rows.
pub async fn compare_sources(
    left: Rows<'_>,
    right: Rows<'_>,
    options: &DiffOptions,
    sink: &mut dyn DifferenceSink,
) -> Result<Totals> {
    let names = {
        let (left, right) = (Columns::of(&left), Columns::of(&right));
        let (left, right) = (left.names().await?, right.names().await?);
        Names::find(&left, &right, &options.key, &options.columns, &options.mapping)?
    };
    let left = prepare(left, &names.left, names.key_of("left")).await?;
    let right = prepare(right, &names.right, names.key_of("right")).await?;
    let (left, right) = match (left, right) {
        (Prepared::Sorted(left), Prepared::Sorted(right)) => (left, right),
        (left, right) => {
            let (left_schema, _) = select_schema(&left.source().schema(), &names.left, &names.left)?;
            let (right_schema, _) = select_schema(&right.source().schema(), &names.right, &names.left)?;
            let pairing = Pairing::new(&names, &left_schema, &right_schema, &options.tolerance)?;
            (left.sort(&names.left, &pairing).await?, right.sort(&names.right, &pairing).await?)
        }
    };
    merge(left, right, &names, options, sink).await
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

    async fn sort(self, names: &[String], pairing: &Pairing) -> Result<Box<dyn Source>> {
        match self {
            Self::Sorted(source) => Ok(source),
            Self::Unsorted(source) => crate::sort::sort(source, names, pairing).await,
        }
    }
}

/// Where a side's column names are found. Apart from [`Rows`], since a source cannot be shared while names are asked for.
enum Columns<'a> {
    Known(Vec<String>),
    Asked(&'a dyn Connector, Relation),
}

impl<'a> Columns<'a> {
    fn of(rows: &Rows<'a>) -> Self {
        match rows {
            Rows::Unsorted(source) => {
                Self::Known(source.schema().fields().iter().map(|field| field.name().clone()).collect())
            }
            Rows::Stored(connector, side) => Self::Asked(*connector, side.relation.clone()),
        }
    }

    async fn names(self) -> Result<Vec<String>> {
        match self {
            Self::Known(names) => Ok(names),
            Self::Asked(connector, relation) => column_names(connector, &relation).await,
        }
    }
}

async fn prepare(rows: Rows<'_>, columns: &[String], order_by: Vec<String>) -> Result<Prepared> {
    match rows {
        Rows::Unsorted(source) => Ok(Prepared::Unsorted(source)),
        Rows::Stored(connector, side) => Ok(Prepared::Sorted(open(connector, &side, columns, order_by).await?)),
    }
}

async fn merge(
    left: Box<dyn Source>,
    right: Box<dyn Source>,
    names: &Names,
    options: &DiffOptions,
    sink: &mut dyn DifferenceSink,
) -> Result<Totals> {
    let (left_schema, _) = select_schema(&left.schema(), &names.left, &names.left)?;
    let (right_schema, _) = select_schema(&right.schema(), &names.right, &names.left)?;
    let pairing = Arc::new(Pairing::new(names, &left_schema, &right_schema, &options.tolerance)?);
    let mut found = Gatherer::new(sink, &left_schema, &right_schema, &pairing);
    let mut left = Cursor::new("left", left, &names.left, &names.left, &pairing);
    let mut right = Cursor::new("right", right, &names.right, &names.left, &pairing);
    let whole_rows = pairing.key == pairing.columns.len();
    let mut totals = Totals::default();
    let mut window = WIDEST;
    loop {
        left.fill().await?;
        right.fill().await?;
        // As long as the sides agree, and by far the most rows do, whole runs are compared.
        if let (Some((l, left_at)), Some((r, right_at))) = (left.columns(), right.columns()) {
            let rows = left.remaining().min(right.remaining()).min(window);
            let equal = equal_rows(l, left_at, r, right_at, rows);
            left.advance(equal);
            right.advance(equal);
            totals.equal += equal as u64;
            if equal == rows {
                window = (window * 2).min(WIDEST);
                continue;
            }
            // Near a difference there are often more; a failed look must not cost more than those that succeeded.
            window = NARROWEST;
        }
        let order = match (left.key(&pairing)?, right.key(&pairing)?) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => left.cmp(&right),
        };
        match order {
            Ordering::Less => {
                if let Some(piece) = left.take_row() {
                    totals.missing += 1;
                    found.missing(&piece).await?;
                }
            }
            Ordering::Greater => {
                if let Some(piece) = right.take_row() {
                    totals.extra += 1;
                    found.extra(&piece).await?;
                }
            }
            // Equal rows cancel one another out, however often they occur.
            Ordering::Equal if whole_rows => {
                left.take_row();
                right.take_row();
                totals.equal += 1;
            }
            Ordering::Equal => {
                let left = left.take_group(&pairing, MAX_GROUP).await?;
                let right = right.take_group(&pairing, MAX_GROUP).await?;
                match_group(&left, &right, &pairing, &mut found, &mut totals).await?;
            }
        }
    }
    found.flush(1).await?;
    (totals.left_rows, totals.right_rows) = (left.rows, right.rows);
    Ok(totals)
}

/// Matches the rows of one key.
async fn match_group(
    left: &[Piece],
    right: &[Piece],
    pairing: &Pairing,
    found: &mut Gatherer<'_>,
    totals: &mut Totals,
) -> Result<()> {
    if let ([l], [r]) = (left, right)
        && l.rows.len() == 1
        && r.rows.len() == 1
    {
        note_change((l, l.rows.start), (r, r.rows.start), pairing, found, totals)?;
        return found.flush(data::BATCH_ROWS).await;
    }
    let mut unmatched: HashMap<&[u8], u64> = HashMap::new();
    for (piece, row) in rows_of(right) {
        *unmatched.entry(piece.value(row, pairing)?.data()).or_default() += 1;
    }
    // Each left row takes an equal right row away.
    let mut over_left = Vec::new();
    let mut matched: HashMap<&[u8], u64> = HashMap::new();
    for (piece, row) in rows_of(left) {
        match unmatched.get_mut(piece.value(row, pairing)?.data()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                *matched.entry(piece.value(row, pairing)?.data()).or_default() += 1;
                totals.equal += 1;
            }
            _ => over_left.push((piece, row)),
        }
    }
    let mut over_right = Vec::new();
    for (piece, row) in rows_of(right) {
        match matched.get_mut(piece.value(row, pairing)?.data()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => over_right.push((piece, row)),
        }
    }
    // A system gives rows that share a key in any order; the result must not depend on it.
    for over in [&mut over_left, &mut over_right] {
        let mut valued = Vec::with_capacity(over.len());
        for (piece, row) in over.drain(..) {
            valued.push((piece.value(row, pairing)?, (piece, row)));
        }
        valued.sort_by(|left, right| left.0.cmp(&right.0));
        over.extend(valued.into_iter().map(|(_, at)| at));
    }
    let pairs = over_left.len().min(over_right.len());
    for (l, r) in over_left.iter().zip(&over_right) {
        note_change(*l, *r, pairing, found, totals)?;
    }
    for (piece, row) in &over_left[pairs..] {
        totals.missing += 1;
        found.missing(&Piece { batch: piece.batch.clone(), rows: *row..row + 1 }).await?;
    }
    for (piece, row) in &over_right[pairs..] {
        totals.extra += 1;
        found.extra(&Piece { batch: piece.batch.clone(), rows: *row..row + 1 }).await?;
    }
    found.flush(data::BATCH_ROWS).await
}

fn rows_of(pieces: &[Piece]) -> impl Iterator<Item = (&Piece, usize)> {
    pieces.iter().flat_map(|piece| piece.rows.clone().map(move |row| (piece, row)))
}

fn note_change(
    left: (&Piece, usize),
    right: (&Piece, usize),
    pairing: &Pairing,
    found: &mut Gatherer<'_>,
    totals: &mut Totals,
) -> Result<()> {
    let mut changed = false;
    for (index, column) in pairing.columns.iter().enumerate().skip(pairing.key) {
        let (l, r) = (&left.0.batch.canonical[index], &right.0.batch.canonical[index]);
        if pairing.same(index, (l, left.1), (r, right.1))? {
            continue;
        }
        changed = true;
        found.changed(&column.name, index, (&left.0.batch, left.1), (&right.0.batch, right.1))?;
    }
    if changed {
        totals.changed += 1;
    } else {
        totals.equal += 1;
    }
    Ok(())
}

#[cfg(test)]
mod outer_join;
#[cfg(test)]
mod tests;
