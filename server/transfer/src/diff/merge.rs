//! The merge: both sides come in the order of the key and are compared as they come.

use super::{DiffOptions, DifferenceSink, Totals};
use crate::compare::equal_rows;
use crate::cursor::{Cursor, Piece};
use crate::difference::Gatherer;
use crate::pairing::{Names, Pairing, select_schema};
use data::{Result, Source};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};

/// How many rows of one side may share a key; they are held in memory.
pub(super) const MAX_GROUP: usize = 1_000_000;
/// Rows that are compared at once at most, and at first after a difference.
const WIDEST: usize = data::BATCH_ROWS;
const NARROWEST: usize = 4;

/// How many differences may still be found, by all merges of a comparison together.
pub(super) struct Allowance {
    most: u64,
    found: AtomicU64,
}

impl Allowance {
    pub(super) fn new(most: Option<u64>) -> Self {
        Self { most: most.unwrap_or(u64::MAX), found: AtomicU64::new(0) }
    }

    fn note(&self, differences: u64) {
        self.found.fetch_add(differences, Atomic::Relaxed);
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.found.load(Atomic::Relaxed) >= self.most
    }
}

/// The common forms of the columns of two opened sides.
///
/// # Errors
/// `unsupported` where a pair of columns cannot be compared.
pub(super) fn pair(left: &dyn Source, right: &dyn Source, names: &Names, options: &DiffOptions) -> Result<Pairing> {
    let (left, _) = select_schema(&left.schema(), &names.left, &names.left)?;
    let (right, _) = select_schema(&right.schema(), &names.right, &names.left)?;
    Pairing::new(names, &left, &right, &options.tolerance)
}

/// Compares two sources whose rows come in the order of the key.
pub(super) async fn merge(
    left: Box<dyn Source>,
    right: Box<dyn Source>,
    names: &Names,
    options: &DiffOptions,
    allowance: &Allowance,
    sink: &mut dyn DifferenceSink,
) -> Result<Totals> {
    let (left_schema, _) = select_schema(&left.schema(), &names.left, &names.left)?;
    let (right_schema, _) = select_schema(&right.schema(), &names.right, &names.left)?;
    let pairing = Arc::new(pair(left.as_ref(), right.as_ref(), names, options)?);
    let mut found = Gatherer::new(sink, &left_schema, &right_schema, &pairing);
    let mut left = Cursor::new("left", left, &names.left, &names.left, &pairing);
    let mut right = Cursor::new("right", right, &names.right, &names.left, &pairing);
    let whole_rows = pairing.key == pairing.columns.len();
    let mut totals = Totals::default();
    let mut window = WIDEST;
    let mut noted = 0;
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
        allowance.note(totals.differences() - noted);
        noted = totals.differences();
        if allowance.is_used_up() {
            break;
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
        found.changed_row((&left.0.batch, left.1), (&right.0.batch, right.1))?;
    } else {
        totals.equal += 1;
    }
    Ok(())
}
