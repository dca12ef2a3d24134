//! One side of a comparison: where it stands, and the next rows that share a key.
//!
//! The side is read by a task of its own, two batches ahead, so that both systems work at once.

use crate::pairing::{Pairing, select};
use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, Row, Rows};
use data::{Error, Result, Source};
use model::ErrorCode;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A batch with its keys and values in comparable form.
pub(crate) struct Loaded {
    /// The compared columns as they were read, under the left side's names.
    pub(crate) records: RecordBatch,
    pub(crate) canonical: Vec<ArrayRef>,
    keys: Rows,
    values: Rows,
}

/// Rows of one batch that share a key.
pub(crate) struct Piece {
    pub(crate) batch: Arc<Loaded>,
    pub(crate) rows: Range<usize>,
}

impl Piece {
    pub(crate) fn value(&self, row: usize) -> Row<'_> {
        self.batch.values.row(row)
    }
}

/// One side.
pub(crate) struct Cursor {
    side: &'static str,
    names: Vec<String>,
    renamed: Vec<String>,
    batches: mpsc::Receiver<Result<RecordBatch>>,
    /// Ends the reading when the cursor goes.
    _reader: JoinSet<()>,
    current: Option<Arc<Loaded>>,
    position: usize,
    last_key: Option<OwnedRow>,
    pub(crate) rows: u64,
}

impl Cursor {
    /// A cursor before the first row of `source`, of which it takes the columns `names` and calls them `renamed`.
    pub(crate) fn new(side: &'static str, source: Box<dyn Source>, names: &[String], renamed: &[String]) -> Self {
        let (sender, batches) = mpsc::channel(2);
        let mut reader = JoinSet::new();
        reader.spawn(read(source, sender));
        Self {
            side,
            names: names.to_vec(),
            renamed: renamed.to_vec(),
            batches,
            _reader: reader,
            current: None,
            position: 0,
            last_key: None,
            rows: 0,
        }
    }

    /// Makes the next row the current one where there is any.
    pub(crate) async fn fill(&mut self, pairing: &Pairing) -> Result<()> {
        while self.current.as_ref().is_none_or(|batch| self.position >= batch.records.num_rows()) {
            self.current = None;
            self.position = 0;
            let Some(records) = self.batches.recv().await else { return Ok(()) };
            let loaded = self.load(&records?, pairing)?;
            self.current = Some(Arc::new(loaded));
        }
        Ok(())
    }

    /// The key of the current row; none at the end.
    pub(crate) fn key(&self) -> Option<Row<'_>> {
        self.current.as_ref().map(|batch| batch.keys.row(self.position))
    }

    /// Takes the current row alone.
    pub(crate) fn take_row(&mut self) -> Option<Piece> {
        let batch = self.current.clone()?;
        let rows = self.position..self.position + 1;
        self.position += 1;
        self.rows += 1;
        Some(Piece { batch, rows })
    }

    /// Takes all rows that share the current row's key.
    pub(crate) async fn take_group(&mut self, pairing: &Pairing, limit: usize) -> Result<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(1);
        let mut taken = 0;
        let Some(key) = self.key().map(|key| key.owned()) else { return Ok(pieces) };
        while let Some(batch) = &self.current {
            let start = self.position;
            let total = batch.records.num_rows();
            let mut end = start;
            while end < total && batch.keys.row(end) == key.row() {
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
            pieces.push(Piece { batch: batch.clone(), rows: start..end });
            self.position = end;
            if end < total {
                break;
            }
            self.fill(pairing).await?;
        }
        self.rows += taken as u64;
        Ok(pieces)
    }

    fn load(&mut self, records: &RecordBatch, pairing: &Pairing) -> Result<Loaded> {
        let records = select(records, &self.names, &self.renamed)?;
        let canonical = pairing.canonical(&records)?;
        let keys = pairing.keys.convert_columns(&canonical[..pairing.key])?;
        let values = pairing.values.convert_columns(&canonical[pairing.key..])?;
        let total = records.num_rows();
        if total > 0 {
            let follows = self.last_key.as_ref().is_none_or(|last| last.row() <= keys.row(0));
            if !follows || (1..total).any(|row| keys.row(row - 1) > keys.row(row)) {
                let message = format!("the rows of the {} side do not come in the order of the key", self.side);
                return Err(Error::permanent(ErrorCode::Unsupported, message).hint(
                    "Text must sort by its UTF-8 bytes, numbers by value, NULL first; give both keys the same type.",
                ));
            }
            self.last_key = Some(keys.row(total - 1).owned());
        }
        Ok(Loaded { records, canonical, keys, values })
    }
}

async fn read(mut source: Box<dyn Source>, sender: mpsc::Sender<Result<RecordBatch>>) {
    loop {
        let next = match source.next().await {
            Ok(Some(batch)) => match batch.rejected.filter(|rejected| rejected.num_rows() > 0) {
                None => Ok(batch.records),
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
