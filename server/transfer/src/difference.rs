//! What a comparison finds, gathered into batches.

use crate::canonical::display;
use crate::cursor::{Loaded, Piece};
use crate::diff::DifferenceSink;
use crate::pairing::Pairing;
use arrow::array::{ArrayRef, StringArray, StringBuilder, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::{BATCH_ROWS, Result};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Name of the changed column, in batches of changes.
pub const CHANGED_COLUMN: &str = "_column";
/// The left side's value as text, in batches of changes.
pub const CHANGED_LEFT: &str = "_left";
/// The right side's value as text, in batches of changes.
pub const CHANGED_RIGHT: &str = "_right";

/// Which kind of difference a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// Rows of the left side that the right lacks.
    Missing,
    /// Rows of the right side that the left lacks, under the left side's column names.
    Extra,
    /// One row for each changed value: the key, then [`CHANGED_COLUMN`], [`CHANGED_LEFT`] and [`CHANGED_RIGHT`].
    Changed,
}

impl DifferenceKind {
    /// The word: `missing`, `extra` or `changed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed => "changed",
        }
    }
}

/// Rows picked from batches, copied out soon: a few rows must not keep whole batches in memory.
struct Picked {
    schema: SchemaRef,
    batch: Option<Arc<Loaded>>,
    indices: Vec<u32>,
    ready: Vec<RecordBatch>,
    rows: usize,
    columns: usize,
}

impl Picked {
    fn new(schema: &Schema, columns: usize) -> Self {
        let fields: Vec<_> = schema.fields().iter().take(columns).cloned().collect();
        let schema = Arc::new(Schema::new(fields));
        Self { schema, batch: None, indices: Vec::new(), ready: Vec::new(), rows: 0, columns }
    }

    fn pick(&mut self, batch: &Arc<Loaded>, row: usize) -> Result<()> {
        if self.batch.as_ref().is_none_or(|current| !Arc::ptr_eq(current, batch)) {
            self.settle()?;
            self.batch = Some(batch.clone());
        }
        self.indices.push(u32::try_from(row).expect("a batch has fewer than 2^32 rows"));
        self.rows += 1;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        if let Some(batch) = self.batch.take() {
            let indices = UInt32Array::from(std::mem::take(&mut self.indices));
            let taken = take_record_batch(&batch.records, &indices)?;
            let columns = taken.columns()[..self.columns].to_vec();
            self.ready.push(RecordBatch::try_new(self.schema.clone(), columns)?);
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<RecordBatch> {
        self.settle()?;
        self.rows = 0;
        Ok(concat_batches(&self.schema, &std::mem::take(&mut self.ready))?)
    }
}

/// Gathers differences and hands them on in batches.
pub(crate) struct Gatherer<'a> {
    sink: &'a mut dyn DifferenceSink,
    missing: Picked,
    extra: Picked,
    changed: Picked,
    names: StringBuilder,
    lefts: Texts,
    rights: Texts,
    /// Changed rows as they are on either side, where they are asked for.
    whole: Option<(Picked, Picked)>,
}

impl<'a> Gatherer<'a> {
    pub(crate) fn new(sink: &'a mut dyn DifferenceSink, left: &Schema, right: &Schema, pairing: &Pairing) -> Self {
        let all = pairing.columns.len();
        let whole = sink.wants_changed_rows().then(|| (Picked::new(left, all), Picked::new(right, all)));
        Self {
            sink,
            whole,
            missing: Picked::new(left, all),
            extra: Picked::new(right, all),
            changed: Picked::new(left, pairing.key),
            names: StringBuilder::new(),
            lefts: Texts::default(),
            rights: Texts::default(),
        }
    }

    pub(crate) async fn missing(&mut self, piece: &Piece) -> Result<()> {
        for row in piece.rows.clone() {
            self.missing.pick(&piece.batch, row)?;
        }
        self.flush(BATCH_ROWS).await
    }

    pub(crate) async fn extra(&mut self, piece: &Piece) -> Result<()> {
        for row in piece.rows.clone() {
            self.extra.pick(&piece.batch, row)?;
        }
        self.flush(BATCH_ROWS).await
    }

    /// One changed value of two rows with the same key.
    pub(crate) fn changed(
        &mut self,
        name: &str,
        column: usize,
        left: (&Arc<Loaded>, usize),
        right: (&Arc<Loaded>, usize),
    ) -> Result<()> {
        self.changed.pick(left.0, left.1)?;
        self.names.append_value(name);
        self.lefts.push(left.0.records.column(column), left.1)?;
        self.rights.push(right.0.records.column(column), right.1)
    }

    /// Two rows with the same key and other values.
    pub(crate) fn changed_row(&mut self, left: (&Arc<Loaded>, usize), right: (&Arc<Loaded>, usize)) -> Result<()> {
        let Some((lefts, rights)) = &mut self.whole else { return Ok(()) };
        lefts.pick(left.0, left.1)?;
        rights.pick(right.0, right.1)
    }

    /// Hands on what has grown to `at_least` rows.
    pub(crate) async fn flush(&mut self, at_least: usize) -> Result<()> {
        if self.missing.rows >= at_least {
            let records = self.missing.drain()?;
            self.sink.take(DifferenceKind::Missing, records).await?;
        }
        if self.extra.rows >= at_least {
            let records = self.extra.drain()?;
            self.sink.take(DifferenceKind::Extra, records).await?;
        }
        if self.changed.rows >= at_least {
            let keys = self.changed.drain()?;
            let mut fields: Vec<_> = keys.schema().fields().iter().cloned().collect();
            let mut columns = keys.columns().to_vec();
            for (name, values) in [
                (CHANGED_COLUMN, self.names.finish()),
                (CHANGED_LEFT, self.lefts.finish()),
                (CHANGED_RIGHT, self.rights.finish()),
            ] {
                fields.push(Arc::new(Field::new(name, DataType::Utf8, true)));
                columns.push(Arc::new(values));
            }
            let records = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
            self.sink.take(DifferenceKind::Changed, records).await?;
        }
        if let Some((lefts, rights)) = self.whole.as_mut().filter(|(lefts, _)| lefts.rows >= at_least) {
            let (left, right) = (lefts.drain()?, rights.drain()?);
            self.sink.take_changed(left, right).await?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Texts(StringBuilder);

impl Texts {
    fn push(&mut self, array: &ArrayRef, row: usize) -> Result<()> {
        let text = display(&array.slice(row, 1))?;
        self.0.append_option(text.iter().next().flatten());
        Ok(())
    }

    fn finish(&mut self) -> StringArray {
        self.0.finish()
    }
}
