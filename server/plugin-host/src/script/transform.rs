//! Scripts of the kind `transform`: `process(rows)`, and where they have them `open_transform(columns)`, `output(columns)` and
//! `finish()`. Without `output` the columns that come out are those that go in.

use super::rows::{Rows, batch_of};
use super::running::Running;
use super::{broke, capability, require_room, value};
use crate::program::OpenTransformer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Result, Transformer};
use rhai::Dynamic;
use std::sync::Arc;

/// A transform that is a script.
pub(super) struct ScriptTransformer {
    running: Running,
    input: SchemaRef,
    plain: SchemaRef,
    output: SchemaRef,
}

impl ScriptTransformer {
    pub(super) async fn open(mut running: Running, input: SchemaRef) -> Result<Self> {
        let plain = crate::instance::plain(running.plugin(), &input)?;
        if running.has("open_transform") {
            running.open("open_transform", vec![value::columns(&plain)]).await?;
        }
        let mut output = plain.clone();
        if running.has("output") {
            let declared = running.call("output", vec![value::columns(&plain)]).await?;
            output = value::schema_of(&declared).map_err(|why| broke(&running, &why))?;
        }
        Ok(Self { running, input, plain, output })
    }

    fn batches(&self, made: Dynamic) -> Result<Vec<RecordBatch>> {
        let batch = batch_of(made, &self.output).map_err(|why| broke(&self.running, &why))?;
        require_room(&self.running, &batch)?;
        Ok(batch.into_iter().collect())
    }
}

#[async_trait]
impl Transformer for ScriptTransformer {
    fn schema(&self) -> SchemaRef {
        self.output.clone()
    }

    async fn process(&mut self, records: RecordBatch) -> Result<Vec<RecordBatch>> {
        crate::sink::check_schema(self.running.plugin(), &self.input, &records)?;
        let records = capability::plain(&records, &self.plain);
        let records = records.map_err(|error| broke(&self.running, &error.to_string()))?;
        let made = self.running.call("process", vec![Dynamic::from(Rows(Arc::new(records)))]).await?;
        self.batches(made)
    }

    async fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        if !self.running.has("finish") {
            return Ok(Vec::new());
        }
        let made = self.running.call("finish", Vec::new()).await?;
        self.batches(made)
    }
}

impl OpenTransformer for ScriptTransformer {}
