//! Scripts of the kind `sink`: `open_sink(columns, key)`, `write(rows, mark)`, `commit()`, and where they have them
//! `prepare()`, `claim(lane)` and `abort()`.

use super::rows::Rows;
use super::running::Running;
use super::{broke, capability, value};
use crate::program::OpenSink;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Error, Lane, LedgerEntry, Result, Sink, Written};
use model::ErrorCode;
use rhai::{Dynamic, Map};
use std::collections::HashMap;
use std::sync::Arc;

/// A sink that is a script.
pub(super) struct ScriptSink {
    /// None once it was committed or aborted.
    running: Option<Running>,
    key: String,
    input: SchemaRef,
    plain: SchemaRef,
    durable: HashMap<Lane, u64>,
}

impl ScriptSink {
    pub(super) async fn open(mut running: Running, key: String, input: SchemaRef) -> Result<Self> {
        let plain = crate::instance::plain(running.plugin(), &input)?;
        running.open("open_sink", vec![value::columns(&plain), key.as_str().into()]).await?;
        if running.has("prepare") {
            running.call("prepare", Vec::new()).await.map(drop)?;
        }
        Ok(Self { running: Some(running), key, input, plain, durable: HashMap::new() })
    }

    fn running(&mut self) -> Result<&mut Running> {
        let finished = || Error::permanent(ErrorCode::Internal, "a plugin's sink was used after it was finished");
        self.running.as_mut().ok_or_else(finished)
    }
}

#[async_trait]
impl Sink for ScriptSink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let running = self.running()?;
        if !running.has("claim") {
            return Ok(None);
        }
        let position = running.call("claim", vec![lane.as_str().into()]).await?;
        if position.is_unit() {
            return Ok(None);
        }
        let position = position.try_cast::<Map>();
        let sequence = position.as_ref().and_then(|map| map.get("sequence")?.as_int().ok()?.try_into().ok());
        let (Some(position), Some(sequence)) = (position, sequence) else {
            return Err(broke(running, "answered `claim` with neither `()` nor `#{ sequence, checkpoint }`"));
        };
        let checkpoint = position.get("checkpoint").filter(|it| !it.is_unit()).map(|it| Checkpoint(it.to_string()));
        self.durable.insert(lane.clone(), sequence);
        Ok(Some(LedgerEntry { sequence, checkpoint }))
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if self.durable.get(&batch.lane).is_some_and(|durable| batch.sequence <= *durable) {
            return Ok(Written { rows, skipped: true, refused: Vec::new() });
        }
        let (input, plain) = (self.input.clone(), self.plain.clone());
        let key = format!("{}/{}/{}", self.key, batch.lane, batch.sequence);
        let running = self.running()?;
        crate::sink::check_schema(running.plugin(), &input, &batch.records)?;
        let records = capability::plain(&batch.records, &plain).map_err(|error| broke(running, &error.to_string()))?;
        let mut mark = Map::new();
        mark.insert("lane".into(), batch.lane.as_str().into());
        mark.insert("sequence".into(), value::integer(batch.sequence));
        mark.insert("key".into(), key.into());
        let checkpoint = batch.checkpoint.as_ref().map_or(Dynamic::UNIT, |checkpoint| checkpoint.0.as_str().into());
        mark.insert("checkpoint".into(), checkpoint);
        let arguments = vec![Dynamic::from(Rows(Arc::new(records))), mark.into()];
        let written = running.call("write", arguments).await?;
        // A script that does not say took all.
        let taken = written.as_int().ok().and_then(|taken| u64::try_from(taken).ok()).unwrap_or(rows);
        Ok(Written { rows: taken.min(rows), skipped: false, refused: Vec::new() })
    }

    async fn finish(&mut self) -> Result<()> {
        self.running()?.call("commit", Vec::new()).await.map(drop)?;
        // What is durable needs no abort.
        self.running = None;
        Ok(())
    }
}

#[async_trait]
impl OpenSink for ScriptSink {
    async fn abort(mut self: Box<Self>) -> Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        if running.has("abort") {
            running.call("abort", Vec::new()).await.map(drop)?;
        }
        Ok(())
    }
}

impl Drop for ScriptSink {
    fn drop(&mut self) {
        let Some(mut running) = self.running.take().filter(|running| running.has("abort")) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = running.call("abort", Vec::new()).await {
                tracing::warn!(%error, "a plugin's sink could not be rolled back");
            }
        });
    }
}
