//! One side of a comparison: where it stands, and the next rows.
//!
//! The side is read, brought to canonical form and checked for its order by a task of its own, two batches ahead, so that
//! both systems and the merge work at once.

use crate::compare::in_order;
use crate::pairing::{Pairing, select};
use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use arrow::row::{Row, Rows};
use data::{Error, Result, Source};
use meter::Meter;
use model::ErrorCode;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A batch with its columns in comparable form.
pub(crate) struct Loaded {
    /// The compared columns as they were read, under the left side's names.
    pub(crate) records: RecordBatch,
    pub(crate) canonical: Vec<ArrayRef>,
    /// Made when a row is looked at alone, which in most batches none is.
    keys: OnceLock<Rows>,
    values: OnceLock<Rows>,
}

impl Loaded {
    fn keys(&self, pairing: &Pairing) -> Result<&Rows> {
        if let Some(rows) = self.keys.get() {
            return Ok(rows);
        }
        let rows = pairing.keys.convert_columns(&self.canonical[..pairing.key])?;
        Ok(self.keys.get_or_init(|| rows))
    }

    fn values(&self, pairing: &Pairing) -> Result<&Rows> {
        if let Some(rows) = self.values.get() {
            return Ok(rows);
        }
        let rows = pairing.values.convert_columns(&self.canonical[pairing.key..])?;
        Ok(self.values.get_or_init(|| rows))
    }
}

/// Rows of one batch that share a key.
pub(crate) struct Piece {
    pub(crate) batch: Arc<Loaded>,
    pub(crate) rows: Range<usize>,
}

impl Piece {
    pub(crate) fn value(&self, row: usize, pairing: &Pairing) -> Result<Row<'_>> {
        Ok(self.batch.values(pairing)?.row(row))
    }
}

/// One side.
pub(crate) struct Cursor {
    side: &'static str,
    batches: mpsc::Receiver<Result<Loaded>>,
    /// Ends the reading when the cursor goes.
    _reader: JoinSet<()>,
    current: Option<Arc<Loaded>>,
    position: usize,
    pub(crate) rows: u64,
}

impl Cursor {
    /// A cursor before the first row of `source`, of which it takes the columns `names` and calls them `renamed`.
    pub(crate) fn new(
        side: &'static str,
        source: Box<dyn Source>,
        names: &[String],
        renamed: &[String],
        pairing: &Arc<Pairing>,
    ) -> Self {
        let (sender, batches) = mpsc::channel(2);
        let mut reader = JoinSet::new();
        let loader =
            Loader { side, names: names.to_vec(), renamed: renamed.to_vec(), pairing: pairing.clone(), last_key: None };
        reader.spawn(Meter::current().count(loader.read(source, sender)));
        Self { side, batches, _reader: reader, current: None, position: 0, rows: 0 }
    }

    /// Makes the next row the current one where there is any.
    pub(crate) async fn fill(&mut self) -> Result<()> {
        while self.remaining() == 0 {
            self.current = None;
            self.position = 0;
            let Some(loaded) = self.batches.recv().await else { return Ok(()) };
            self.current = Some(Arc::new(loaded?));
        }
        Ok(())
    }

    /// How many rows of the current batch are left.
    pub(crate) fn remaining(&self) -> usize {
        self.current.as_ref().map_or(0, |batch| batch.records.num_rows() - self.position)
    }

    /// The current batch's columns in canonical form, and the current row's place in them.
    pub(crate) fn columns(&self) -> Option<(&[ArrayRef], usize)> {
        self.current.as_ref().map(|batch| (batch.canonical.as_slice(), self.position))
    }

    /// Passes over rows of the current batch.
    pub(crate) fn advance(&mut self, rows: usize) {
        self.position += rows;
        self.rows += rows as u64;
    }

    /// The key of the current row; none at the end.
    pub(crate) fn key(&self, pairing: &Pairing) -> Result<Option<Row<'_>>> {
        self.current.as_ref().map(|batch| Ok(batch.keys(pairing)?.row(self.position))).transpose()
    }

    /// Takes the current row alone.
    pub(crate) fn take_row(&mut self) -> Option<Piece> {
        let batch = self.current.clone()?;
        let rows = self.position..self.position + 1;
        self.advance(1);
        Some(Piece { batch, rows })
    }

    /// Takes all rows that share the current row's key.
    pub(crate) async fn take_group(&mut self, pairing: &Pairing, limit: usize) -> Result<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(1);
        let mut taken = 0;
        let Some(first) = self.current.clone() else { return Ok(pieces) };
        let key = first.keys(pairing)?.row(self.position);
        while let Some(batch) = self.current.clone() {
            let start = self.position;
            let total = batch.records.num_rows();
            let keys = batch.keys(pairing)?;
            let mut end = start;
            while end < total && keys.row(end) == key {
                end += 1;
            }
            if end == start {
                break;
            }
            taken += end - start;
            if taken > limit {
                let message = format!("more than {limit} rows of the {} side share one key", self.side);
                return Err(Error::permanent(ErrorCode::Unsupported, message)
                    .hint("Name a key that tells rows apart, or none, so that whole rows are compared."));
            }
            pieces.push(Piece { batch, rows: start..end });
            self.position = end;
            if end < total {
                break;
            }
            self.fill().await?;
        }
        self.rows += taken as u64;
        Ok(pieces)
    }
}

/// Reads a side and makes its batches comparable.
struct Loader {
    side: &'static str,
    names: Vec<String>,
    renamed: Vec<String>,
    pairing: Arc<Pairing>,
    last_key: Option<Vec<ArrayRef>>,
}

impl Loader {
    async fn read(mut self, mut source: Box<dyn Source>, sender: mpsc::Sender<Result<Loaded>>) {
        loop {
            let next = match source.next().await {
                Ok(Some(batch)) => match batch.rejected.filter(|rejected| rejected.num_rows() > 0) {
                    None => self.load(&batch.records),
                    Some(rejected) => Err(unreadable(&rejected)),
                },
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let failed = next.is_err();
            if sender.send(next).await.is_err() || failed {
                return;
            }
        }
    }

    fn load(&mut self, records: &RecordBatch) -> Result<Loaded> {
        let records = select(records, &self.names, &self.renamed)?;
        let canonical = self.pairing.canonical(&records)?;
        let keys = &canonical[..self.pairing.key];
        let total = records.num_rows();
        if total > 0 {
            if !in_order(self.last_key.as_deref(), keys)? {
                let message = format!("the rows of the {} side do not come in the order of the key", self.side);
                return Err(Error::permanent(ErrorCode::Unsupported, message).hint(
                    "Text must sort by its UTF-8 bytes, numbers by value, NULL first; give both keys the same type.",
                ));
            }
            self.last_key = Some(keys.iter().map(|column| column.slice(total - 1, 1)).collect());
        }
        Ok(Loaded { records, canonical, keys: OnceLock::new(), values: OnceLock::new() })
    }
}

/// A row that cannot be read cannot be compared, and leaving it out would call a spoiled file equal.
pub(crate) fn unreadable(rejected: &RecordBatch) -> Error {
    let reason = rejected.column_by_name("_reason").and_then(|reasons| {
        crate::canonical::display(reasons).ok().filter(|texts| !texts.is_empty()).map(|texts| texts.value(0).to_owned())
    });
    let message = match reason {
        Some(reason) => format!("a row cannot be read and so not compared: {reason}"),
        None => "a row cannot be read and so not compared".to_owned(),
    };
    Error::permanent(ErrorCode::ValueRefused, message).hint("Compare columns of that file as text, or mend the row.")
}
