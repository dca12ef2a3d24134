//! Plugins of the kind `transform` as [`data::Transformer`].

use crate::bindings::exports::sluice::plugin::transform::Guest;
use crate::instance::Instance;
use crate::lowered::{SchemaParts, batch_param, column_params, schema_param};
use crate::program::OpenTransformer;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Result, Transformer};
use tokio::time::timeout;
use wasmtime::component::ResourceAny;

/// A transformer that lives in a plugin.
pub(crate) struct PluginTransformer {
    instance: Instance,
    guest: Guest,
    transformer: ResourceAny,
    input: SchemaRef,
    plain: SchemaRef,
    output: SchemaRef,
}

impl PluginTransformer {
    pub(crate) async fn open(mut instance: Instance, guest: Guest, input: SchemaRef) -> Result<Self> {
        let plain = instance.plain(&input)?;
        let parts = SchemaParts::new(&plain);
        let (notes, field_notes) = (parts.notes(), parts.field_notes());
        let fields = parts.fields(&field_notes);
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_open(&mut store, schema_param(&fields, &notes))).await;
        let transformer = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;

        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.transformer().call_output(&mut store, transformer)).await;
        let output = instance.end(store, outcome)?;
        let output = instance.schema(output)?;
        Ok(Self { instance, guest, transformer, input, plain, output })
    }
}

#[async_trait]
impl Transformer for PluginTransformer {
    fn schema(&self) -> SchemaRef {
        self.output.clone()
    }

    async fn process(&mut self, records: RecordBatch) -> Result<Vec<RecordBatch>> {
        crate::sink::check_schema(self.instance.plugin(), &self.input, &records)?;
        let columns = crate::columns::lower(&records, &self.plain).map_err(|why| self.instance.failed(&why))?;
        let params = column_params(&columns);
        let mut store = self.instance.begin()?;
        let call = self.guest.transformer();
        let batch = batch_param(records.num_rows(), &params);
        let outcome = timeout(self.instance.time(), call.call_process(&mut store, self.transformer, batch)).await;
        let batches = self.instance.end(store, outcome)?.map_err(|error| self.instance.told(error))?;
        batches.into_iter().map(|batch| self.instance.batch(batch, &self.output)).collect()
    }

    async fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        let mut store = self.instance.begin()?;
        let call = self.guest.transformer();
        let outcome = timeout(self.instance.time(), call.call_finish(&mut store, self.transformer)).await;
        let batches = self.instance.end(store, outcome)?.map_err(|error| self.instance.told(error))?;
        batches.into_iter().map(|batch| self.instance.batch(batch, &self.output)).collect()
    }
}

impl OpenTransformer for PluginTransformer {
    fn is_large(&self) -> bool {
        self.instance.is_large()
    }
}
