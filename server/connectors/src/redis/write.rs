//! Writing rows under keys, and the record of it.
//!
//! What a repeat would double is written in the same MULTI as the record (`once`), everything else before it (`keyed`).
//! The record is watched: where a later attempt raises its fence before EXEC, nothing is recorded, and of the first kind
//! nothing written.

mod keyed;
mod once;
mod rows;

use self::rows::Rows;
use super::shape::{Shape, WriteSettings};
use super::template::Template;
use super::{Config, Redis, error};
use crate::error::{column_not_found, lease_lost};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{Batch, Checkpoint, Error, Lane, LedgerEntry, LedgerKey, Result, Sink, WriteOptions, Written};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// How long the record of a run is kept after its last write, in seconds: 30 days.
const LEDGER_SECONDS: u64 = 30 * 86_400;

/// Raises the fence unless it is larger already, and tells what is recorded.
const CLAIM: &str = "
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence and tonumber(fence) > tonumber(ARGV[1]) then return false end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return redis.call('HMGET', KEYS[1], 'sequence', 'checkpoint')";

struct RedisSink {
    config: Arc<Config>,
    connection: MultiplexedConnection,
    rows: Rows,
    lanes: HashMap<Lane, u64>,
}

/// Opens a sink.
pub(super) async fn open(redis: &Redis, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let settings = WriteSettings::parse(&options.extra, options.mode)?;
    let invalid = |message: String| Error::permanent(ErrorCode::InvalidValue, message);
    let template = Template::parse(&options.table, &schema)?;
    for name in [&settings.value, &settings.score, &settings.ttl_column].into_iter().flatten() {
        if schema.index_of(name).is_err() {
            return Err(column_not_found(name, "the batch", schema.fields().iter().map(|field| field.name().as_str())));
        }
    }
    if template.is_constant() && matches!(settings.structure, Shape::Hash | Shape::String) {
        let message =
            format!("key template `{}` names no column, so that every row would overwrite the last", options.table);
        return Err(invalid(message).hint("Write it like `quote:{symbol}`, or set `structure: list`."));
    }
    let connection = redis.connect().await?;
    let config = redis.config.clone();
    Ok(Box::new(RedisSink { config, connection, rows: Rows { options, settings, template }, lanes: HashMap::new() }))
}

fn ledger_name(ledger: &LedgerKey, lane: &Lane) -> String {
    format!("_sluice_ledger:{}:{lane}", ledger.task)
}

#[async_trait]
impl Sink for RedisSink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let Some(ledger) = &self.rows.options.ledger else { return Ok(None) };
        let found: Option<(Option<u64>, Option<String>)> = redis::cmd("EVAL")
            .arg(CLAIM)
            .arg(1)
            .arg(ledger_name(ledger, lane))
            .arg(ledger.fence)
            .arg(LEDGER_SECONDS)
            .query_async(&mut self.connection)
            .await
            .map_err(|e| error::mapped(&self.config, &e))?;
        let Some((sequence, checkpoint)) = found else { return Err(lease_lost(&ledger.task, lane)) };
        let sequence = sequence.unwrap_or(0);
        self.lanes.insert(lane.clone(), sequence);
        Ok((sequence > 0).then(|| LedgerEntry { sequence, checkpoint: checkpoint.map(Checkpoint) }))
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if self.rows.options.ledger.is_some() {
            let Some(durable) = self.lanes.get(&batch.lane) else {
                let message = format!("lane `{}` was not claimed before its first batch", batch.lane);
                return Err(Error::permanent(ErrorCode::Internal, message));
            };
            if batch.sequence <= *durable {
                return Ok(Written { rows, skipped: true, refused: Vec::new() });
            }
        }
        if let Some(ledger) = self.rows.options.ledger.clone() {
            self.watch(&ledger, &batch.lane).await?;
        }
        let mut refused = Vec::new();
        let mut pipe = redis::pipe();
        pipe.atomic();
        if self.rows.settings.structure.repeats_harmlessly() {
            self.keyed(&batch.records, &mut refused).await?;
        } else {
            self.once(&mut pipe, &batch.records, &mut refused).await?;
        }
        refused.sort_by_key(|refused| refused.row);
        if let Some(ledger) = &self.rows.options.ledger {
            record(&mut pipe, &ledger_name(ledger, &batch.lane), batch);
        }
        if !pipe.is_empty() {
            let done: Option<Value> =
                pipe.query_async(&mut self.connection).await.map_err(|e| error::mapped(&self.config, &e))?;
            if let (None, Some(ledger)) = (done, &self.rows.options.ledger) {
                return Err(lease_lost(&ledger.task, &batch.lane));
            }
        }
        self.lanes.insert(batch.lane.clone(), batch.sequence);
        Ok(Written { rows: rows - refused.len() as u64, skipped: false, refused })
    }

    /// Every batch was durable, as far as Redis is, when its EXEC was answered.
    async fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

impl RedisSink {
    /// Watches the record, whose fence must still be ours: the EXEC to come fails where somebody raises it meanwhile.
    async fn watch(&mut self, ledger: &LedgerKey, lane: &Lane) -> Result<()> {
        let name = ledger_name(ledger, lane);
        let mut pipe = redis::pipe();
        pipe.cmd("WATCH").arg(&name).ignore().cmd("HGET").arg(&name).arg("fence");
        let mapped = |e| error::mapped(&self.config, &e);
        let (fence,): (Option<i64>,) = pipe.query_async(&mut self.connection).await.map_err(mapped)?;
        if fence == Some(ledger.fence) {
            return Ok(());
        }
        let _: () = redis::cmd("UNWATCH").query_async(&mut self.connection).await.map_err(mapped)?;
        Err(lease_lost(&ledger.task, lane))
    }
}

/// Adds the record of a batch.
fn record(pipe: &mut Pipeline, name: &str, batch: &Batch) {
    pipe.cmd("HSET").arg(name).arg("sequence").arg(batch.sequence);
    match &batch.checkpoint {
        Some(checkpoint) => pipe.cmd("HSET").arg(name).arg("checkpoint").arg(&checkpoint.0),
        None => pipe.cmd("HDEL").arg(name).arg("checkpoint"),
    };
    pipe.cmd("EXPIRE").arg(name).arg(LEDGER_SECONDS);
}
