//! Plugins of the kind `sink` as [`data::Sink`].
//!
//! Every batch carries an idempotency key made of the call's key, its lane and its number, the same in every attempt;
//! a plugin that keeps a record of its own answers `claim`, and then what it has is not sent again.

use crate::bindings::exports::sluice::plugin::sink::{Guest, Mark};
use crate::instance::Instance;
use crate::lowered::{SchemaParts, batch_param, column_params, schema_param};
use crate::program::OpenSink;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Error, Lane, LedgerEntry, Result, Sink, Written};
use model::ErrorCode;
use std::collections::HashMap;
use tokio::time::timeout;
use wasmtime::component::ResourceAny;

/// A writer that lives in a plugin.
pub(crate) struct PluginSink {
    /// None once it was committed or aborted.
    instance: Option<Instance>,
    guest: Option<Guest>,
    writer: ResourceAny,
    key: String,
    input: SchemaRef,
    plain: SchemaRef,
    durable: HashMap<Lane, u64>,
}

/// A batch must have the columns that the plugin was opened with.
pub(crate) fn check_schema(plugin: &str, expected: &SchemaRef, records: &RecordBatch) -> Result<()> {
    let found = records.schema_ref();
    let same = found.fields().len() == expected.fields().len()
        && found
            .fields()
            .iter()
            .zip(expected.fields())
            .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type());
    if same {
        return Ok(());
    }
    let names = |schema: &SchemaRef| {
        schema.fields().iter().take(20).map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ")
    };
    let message = format!("was opened for the columns {} but was given {}", names(expected), names(found));
    let mut error = crate::instance::failed(plugin, &message);
    error.fault.code = ErrorCode::ValueRefused;
    Err(error.hint("Give each kind of rows a step of its own."))
}

impl PluginSink {
    pub(crate) async fn open(mut instance: Instance, guest: Guest, key: String, input: SchemaRef) -> Result<Self> {
        let plain = instance.plain(&input)?;
        let parts = SchemaParts::new(&plain);
        let (notes, field_notes) = (parts.notes(), parts.field_notes());
        let fields = parts.fields(&field_notes);
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_open(&mut store, schema_param(&fields, &notes), &key)).await;
        let writer = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;

        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.writer().call_prepare(&mut store, writer)).await;
        instance.end(store, outcome)?.map_err(|error| instance.told(error))?;
        let durable = HashMap::new();
        Ok(Self { instance: Some(instance), guest: Some(guest), writer, key, input, plain, durable })
    }

    fn parts(&mut self) -> Result<(&mut Instance, &Guest)> {
        match (&mut self.instance, &self.guest) {
            (Some(instance), Some(guest)) => Ok((instance, guest)),
            _ => Err(Error::permanent(ErrorCode::Internal, "a plugin's sink was used after it was finished")),
        }
    }
}

#[async_trait]
impl Sink for PluginSink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let writer = self.writer;
        let (instance, guest) = self.parts()?;
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.writer().call_claim(&mut store, writer, lane.as_str())).await;
        let position = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;
        let Some(position) = position else { return Ok(None) };
        self.durable.insert(lane.clone(), position.sequence);
        Ok(Some(LedgerEntry { sequence: position.sequence, checkpoint: position.checkpoint.map(Checkpoint) }))
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        let rows = batch.records.num_rows();
        if self.durable.get(&batch.lane).is_some_and(|durable| batch.sequence <= *durable) {
            return Ok(Written { rows: rows as u64, skipped: true, refused: Vec::new() });
        }
        let key = format!("{}/{}/{}", self.key, batch.lane, batch.sequence);
        let (writer, input, plain) = (self.writer, self.input.clone(), self.plain.clone());
        let (instance, guest) = self.parts()?;
        check_schema(instance.plugin(), &input, &batch.records)?;
        let columns = crate::columns::lower(&batch.records, &plain).map_err(|why| instance.failed(&why))?;
        let params = column_params(&columns);
        let mark = Mark {
            lane: batch.lane.as_str(),
            sequence: batch.sequence,
            checkpoint: batch.checkpoint.as_ref().map(|checkpoint| checkpoint.0.as_str()),
            key: &key,
        };
        let mut store = instance.begin()?;
        let call = guest.writer();
        let outcome =
            timeout(instance.time(), call.call_write(&mut store, writer, batch_param(rows, &params), mark)).await;
        let written = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;
        Ok(Written { rows: written.min(rows as u64), skipped: false, refused: Vec::new() })
    }

    async fn finish(&mut self) -> Result<()> {
        let writer = self.writer;
        let (instance, guest) = self.parts()?;
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.writer().call_commit(&mut store, writer)).await;
        instance.end(store, outcome)?.map_err(|error| instance.told(error))?;
        // What is durable needs no abort.
        self.instance = None;
        Ok(())
    }
}

#[async_trait]
impl OpenSink for PluginSink {
    async fn abort(mut self: Box<Self>) -> Result<()> {
        let writer = self.writer;
        let (instance, guest) = self.parts()?;
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.writer().call_abort(&mut store, writer)).await;
        instance.end(store, outcome)?;
        self.instance = None;
        Ok(())
    }
}

impl Drop for PluginSink {
    fn drop(&mut self) {
        let (Some(mut instance), Some(guest)) = (self.instance.take(), self.guest.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let writer = self.writer;
        runtime.spawn(async move {
            let Ok(mut store) = instance.begin() else { return };
            let outcome = timeout(instance.time(), guest.writer().call_abort(&mut store, writer)).await;
            if let Err(error) = instance.end(store, outcome) {
                tracing::warn!(%error, "a plugin's sink could not be rolled back");
            }
        });
    }
}
