//! Writing rows under keys, with the record of it in the same MULTI.
//!
//! The record is watched: where a later attempt raises its fence before EXEC, nothing of the batch is written.

use super::template::Template;
use super::{Config, Redis, error};
use crate::cell;
use crate::error::{Culprit, lease_lost};
use arrow::array::Array;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Error, Lane, LedgerEntry, LedgerKey, Mode, RefusedRow, Result, Sink, WriteOptions, Written,
};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use serde::Deserialize;
use serde_json::Map;
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

/// What a row becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Structure {
    /// A hash with a field per column; NULL removes the field.
    #[default]
    Hash,
    /// A string: the row as a JSON object.
    String,
    /// An element at the end of a list: the row as a JSON object.
    List,
}

/// Settings of a write that only Redis knows.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extra {
    structure: Structure,
    /// Seconds until a key vanishes.
    ttl: Option<u64>,
}

struct RedisSink {
    config: Arc<Config>,
    connection: MultiplexedConnection,
    options: WriteOptions,
    extra: Extra,
    template: Template,
    lanes: HashMap<Lane, u64>,
}

/// Opens a sink.
pub(super) async fn open(redis: &Redis, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let extra = Extra::deserialize(serde_json::Value::Object(options.extra.clone())).map_err(|e| {
        let unknown = e.to_string().starts_with("unknown field");
        let code = if unknown { ErrorCode::UnknownKey } else { ErrorCode::InvalidValue };
        Error::permanent(code, format!("settings of the Redis write: {e}"))
    })?;
    let invalid = |message: String| Error::permanent(ErrorCode::InvalidValue, message);
    if extra.ttl == Some(0) {
        return Err(invalid("`ttl` must be at least 1 second".into()));
    }
    let template = Template::parse(&options.table, &schema)?;
    if template.is_constant() && extra.structure != Structure::List {
        let message =
            format!("key template `{}` names no column, so that every row would overwrite the last", options.table);
        return Err(invalid(message).hint("Write it like `quote:{symbol}`, or set `structure: list`."));
    }
    if matches!(options.mode, Mode::InsertIgnore | Mode::Truncate) {
        return Err(super::unsupported("such mode of writing", "Use `append`, `upsert` or `replace`."));
    }
    let connection = redis.connect().await?;
    let config = redis.config.clone();
    Ok(Box::new(RedisSink { config, connection, options, extra, template, lanes: HashMap::new() }))
}

fn ledger_name(ledger: &LedgerKey, lane: &Lane) -> String {
    format!("_sluice_ledger:{}:{lane}", ledger.task)
}

#[async_trait]
impl Sink for RedisSink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let Some(ledger) = &self.options.ledger else { return Ok(None) };
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
        if self.options.ledger.is_some() {
            let Some(durable) = self.lanes.get(&batch.lane) else {
                let message = format!("lane `{}` was not claimed before its first batch", batch.lane);
                return Err(Error::permanent(ErrorCode::Internal, message));
            };
            if batch.sequence <= *durable {
                return Ok(Written { rows, skipped: true, refused: Vec::new() });
            }
        }
        let mut pipe = redis::pipe();
        pipe.atomic();
        let refused = self.fill(&mut pipe, &batch.records)?;
        if let Some(ledger) = &self.options.ledger {
            let name = ledger_name(ledger, &batch.lane);
            let mapped = |e| error::mapped(&self.config, &e);
            let _: () = redis::cmd("WATCH").arg(&name).query_async(&mut self.connection).await.map_err(mapped)?;
            let fence: Option<i64> =
                redis::cmd("HGET").arg(&name).arg("fence").query_async(&mut self.connection).await.map_err(mapped)?;
            if fence != Some(ledger.fence) {
                let _: () = redis::cmd("UNWATCH").query_async(&mut self.connection).await.map_err(mapped)?;
                return Err(lease_lost(&ledger.task, &batch.lane));
            }
            let checkpoint = batch.checkpoint.as_ref();
            pipe.cmd("HSET").arg(&name).arg("sequence").arg(batch.sequence).ignore();
            match checkpoint {
                Some(checkpoint) => pipe.cmd("HSET").arg(&name).arg("checkpoint").arg(&checkpoint.0).ignore(),
                None => pipe.cmd("HDEL").arg(&name).arg("checkpoint").ignore(),
            };
            pipe.cmd("EXPIRE").arg(&name).arg(LEDGER_SECONDS).ignore();
        } else if rows == refused.len() as u64 {
            return Ok(Written { rows: 0, skipped: false, refused });
        }
        let done: Option<Value> =
            pipe.query_async(&mut self.connection).await.map_err(|e| error::mapped(&self.config, &e))?;
        if let (None, Some(ledger)) = (done, &self.options.ledger) {
            return Err(lease_lost(&ledger.task, &batch.lane));
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
    fn fill(&self, pipe: &mut Pipeline, records: &RecordBatch) -> Result<Vec<RefusedRow>> {
        let mut refused = Vec::new();
        for row in 0..records.num_rows() {
            let key = match self.template.key(records, row) {
                Ok(key) => key,
                Err(reason) => {
                    let culprit = Culprit { row, reason };
                    if !self.options.keep_refused {
                        return Err(culprit.into_error(&self.options.table));
                    }
                    refused.push(culprit.into());
                    continue;
                }
            };
            match self.extra.structure {
                Structure::Hash => self.put_hash(pipe, &key, records, row),
                Structure::String => {
                    pipe.cmd("SET").arg(&key).arg(row_json(records, row)).ignore();
                }
                Structure::List => {
                    pipe.cmd("RPUSH").arg(&key).arg(row_json(records, row)).ignore();
                }
            }
            if let Some(ttl) = self.extra.ttl {
                pipe.cmd("EXPIRE").arg(&key).arg(ttl).ignore();
            }
        }
        Ok(refused)
    }

    fn put_hash(&self, pipe: &mut Pipeline, key: &str, records: &RecordBatch, row: usize) {
        let schema = records.schema();
        let (mut set, mut gone) = (Vec::new(), Vec::new());
        for (field, array) in schema.fields().iter().zip(records.columns()) {
            match cell::text(array, row) {
                Some(value) => set.push((field.name().as_str(), value)),
                None => gone.push(field.name().as_str()),
            }
        }
        if self.options.mode == Mode::Replace {
            pipe.cmd("DEL").arg(key).ignore();
        } else if !gone.is_empty() {
            pipe.cmd("HDEL").arg(key).arg(gone).ignore();
        }
        if !set.is_empty() {
            let command = pipe.cmd("HSET").arg(key);
            for (name, value) in &set {
                command.arg(*name).arg(value);
            }
            command.ignore();
        }
    }
}

/// The row as a JSON object; numbers stay numbers where JSON can hold them exactly.
fn row_json(records: &RecordBatch, row: usize) -> String {
    let schema = records.schema();
    let mut object = Map::new();
    for (field, array) in schema.fields().iter().zip(records.columns()) {
        let value = match cell::text(array, row) {
            None => serde_json::Value::Null,
            Some(text) => match array.data_type() {
                DataType::Boolean => serde_json::Value::Bool(text == "true"),
                kind if kind.is_integer() || kind.is_floating() => {
                    serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
                }
                _ => serde_json::Value::String(text),
            },
        };
        object.insert(field.name().clone(), value);
    }
    serde_json::Value::Object(object).to_string()
}
