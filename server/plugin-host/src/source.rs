//! Plugins of the kind `source` as [`data::Source`].

use crate::bindings::exports::sluice::plugin::source::{Guest, Rejection, Resume as WitResume};
use crate::instance::Instance;
use crate::program::OpenSource;
use arrow::array::{ArrayRef, Int64Array, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Checkpoint, Error, Result, Resume, Source, SourceBatch};
use std::sync::Arc;
use tokio::time::timeout;
use wasmtime::component::ResourceAny;

/// A longer cursor is refused: it goes into every ledger line.
pub(crate) const CURSOR: usize = 4 << 10;

/// A reader that lives in a plugin.
pub(crate) struct PluginSource {
    instance: Instance,
    guest: Guest,
    reader: ResourceAny,
    schema: SchemaRef,
    resume: Resume,
    rejected: Option<SchemaRef>,
    done: bool,
}

impl PluginSource {
    pub(crate) async fn open(mut instance: Instance, guest: Guest, resume_at: Option<Checkpoint>) -> Result<Self> {
        let time = instance.time();
        let mut store = instance.begin()?;
        let cursor = resume_at.as_ref().map(|checkpoint| checkpoint.0.as_str());
        let outcome = timeout(time, guest.call_open(&mut store, cursor)).await;
        let reader = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;

        let mut store = instance.begin()?;
        let outcome = timeout(time, guest.reader().call_columns(&mut store, reader)).await;
        let schema = instance.end(store, outcome)?;
        let schema = instance.schema(schema)?;

        let mut store = instance.begin()?;
        let outcome = timeout(time, guest.reader().call_resume(&mut store, reader)).await;
        let resume = match instance.end(store, outcome)? {
            WitResume::Replay => Resume::Replay,
            WitResume::Cursor => Resume::Checkpoint,
            WitResume::Nothing => Resume::Nothing,
        };

        let mut store = instance.begin()?;
        let outcome = timeout(time, guest.reader().call_rejects(&mut store, reader)).await;
        let rejected = instance.end(store, outcome)?.then(|| rejected_schema(&schema));
        Ok(Self { instance, guest, reader, schema, resume, rejected, done: false })
    }
}

/// Rows that could not be read, as a batch.
///
/// # Errors
/// What the plugin got wrong about them.
pub(crate) fn rejected_rows(
    rejections: Vec<Rejection>,
    columns: usize,
    schema: Option<&SchemaRef>,
) -> Result<Option<RecordBatch>, String> {
    if rejections.is_empty() {
        return Ok(None);
    }
    let Some(schema) = schema else {
        return Err("rejected rows, but had said that it never does".to_owned());
    };
    if let Some(bad) = rejections.iter().find(|row| row.values.len() != columns) {
        return Err(format!("rejected a row of {} values, but its schema has {columns}", bad.values.len()));
    }
    let mut texts: Vec<StringBuilder> = (0..columns).map(|_| StringBuilder::new()).collect();
    for row in &rejections {
        for (text, value) in texts.iter_mut().zip(&row.values) {
            text.append_option(value.as_deref());
        }
    }
    let mut arrays: Vec<ArrayRef> = texts.iter_mut().map(|text| Arc::new(text.finish()) as ArrayRef).collect();
    let line = |row: &Rejection| row.line.and_then(|line| i64::try_from(line).ok());
    arrays.push(Arc::new(rejections.iter().map(line).collect::<Int64Array>()));
    arrays.push(Arc::new(StringArray::from_iter_values(rejections.iter().map(|row| &row.rule))));
    arrays.push(Arc::new(StringArray::from_iter_values(rejections.iter().map(|row| &row.reason))));
    RecordBatch::try_new(schema.clone(), arrays).map(Some).map_err(|error| error.to_string())
}

/// The columns as text, then line, rule and reason.
pub(crate) fn rejected_schema(schema: &Schema) -> SchemaRef {
    let mut fields: Vec<Field> =
        schema.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true)).collect();
    fields.push(Field::new("_line", DataType::Int64, true));
    fields.push(Field::new("_rule", DataType::Utf8, false));
    fields.push(Field::new("_reason", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

#[async_trait]
impl Source for PluginSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        self.rejected.clone()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>, Error> {
        if self.done {
            return Ok(None);
        }
        let mut store = self.instance.begin()?;
        let call = self.guest.reader();
        let outcome = timeout(self.instance.time(), call.call_next(&mut store, self.reader)).await;
        // Whatever is not a page is the end: an error too.
        self.done = true;
        let page = self.instance.end(store, outcome)?.map_err(|error| self.instance.told(error))?;
        let Some(page) = page else { return Ok(None) };
        let records = self.instance.batch(page.rows, &self.schema)?;
        let columns = self.schema.fields().len();
        let rejected = rejected_rows(page.rejected, columns, self.rejected.as_ref());
        let rejected = rejected.map_err(|why| self.instance.failed(&why))?;
        let cursor = page.cursor.filter(|_| self.resume == Resume::Checkpoint);
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR) {
            return Err(self.instance.failed(&format!("gave a cursor longer than {CURSOR} bytes")));
        }
        self.done = false;
        Ok(Some(SourceBatch { records, checkpoint: cursor.map(Checkpoint), rejected }))
    }
}

impl OpenSource for PluginSource {
    fn is_large(&self) -> bool {
        self.instance.is_large()
    }
}
