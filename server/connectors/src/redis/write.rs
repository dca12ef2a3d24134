//! Writing rows under keys, with the record of it in the same MULTI.
//!
//! The record is watched: where a later attempt raises its fence before EXEC, nothing of the batch is written.

use super::shape::{Shape, WriteSettings};
use super::template::Template;
use super::{Config, Redis, error, json, value};
use crate::cell;
use crate::error::{Culprit, column_not_found, lease_lost};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Error, Lane, LedgerEntry, LedgerKey, Mode, RefusedRow, Result, Sink, WriteOptions, Written,
};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
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
    options: WriteOptions,
    settings: WriteSettings,
    template: Template,
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
    Ok(Box::new(RedisSink { config, connection, options, settings, template, lanes: HashMap::new() }))
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
        let mut refused = Vec::new();
        let keys = self.keys(&batch.records, &mut refused).await?;
        self.fill(&mut pipe, &batch.records, keys, &mut refused)?;
        refused.sort_by_key(|refused| refused.row);
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
    /// Takes note of a row that cannot be written, or ends the write.
    fn refuse(&self, refused: &mut Vec<RefusedRow>, row: usize, reason: String) -> Result<()> {
        let culprit = Culprit { row, reason };
        if !self.options.keep_refused {
            return Err(culprit.into_error(&self.options.table));
        }
        refused.push(culprit.into());
        Ok(())
    }

    /// The key of each row that can be written.
    ///
    /// A command that meets another structure fails alone inside a MULTI, and the record would say that the batch is
    /// written; so the types are looked at first.
    async fn keys(&mut self, records: &RecordBatch, refused: &mut Vec<RefusedRow>) -> Result<Vec<(usize, String)>> {
        let mut keys = Vec::with_capacity(records.num_rows());
        for row in 0..records.num_rows() {
            match self.template.key(records, row) {
                Ok(key) => keys.push((row, key)),
                Err(reason) => self.refuse(refused, row, reason)?,
            }
        }
        // A string is replaced whatever was there, and so is a hash in this mode.
        let replaces = self.options.mode == Mode::Replace
            || (self.settings.structure == Shape::String && self.options.mode != Mode::InsertIgnore);
        if replaces || keys.is_empty() {
            return Ok(keys);
        }
        let distinct: Vec<&String> = {
            let mut seen = HashSet::new();
            keys.iter().map(|(_, key)| key).filter(|key| seen.insert(*key)).collect()
        };
        let mut pipe = redis::pipe();
        for key in &distinct {
            pipe.cmd("TYPE").arg(*key);
        }
        let kinds: Vec<String> =
            pipe.query_async(&mut self.connection).await.map_err(|e| error::mapped(&self.config, &e))?;
        let wanted = self.settings.structure.word();
        let others: HashMap<&String, String> =
            distinct.into_iter().zip(kinds).filter(|(_, kind)| kind != wanted && kind != "none").collect();
        if others.is_empty() {
            return Ok(keys);
        }
        let mut kept = Vec::new();
        for (row, key) in &keys {
            match others.get(key) {
                None => kept.push((*row, key.clone())),
                Some(kind) => {
                    let reason = format!("key `{key}` holds a {kind} already, not a {wanted}");
                    self.refuse(refused, *row, reason)?;
                }
            }
        }
        Ok(kept)
    }

    fn fill(
        &self,
        pipe: &mut Pipeline,
        records: &RecordBatch,
        keys: Vec<(usize, String)>,
        refused: &mut Vec<RefusedRow>,
    ) -> Result<()> {
        for (row, key) in keys {
            let ttl = match self.ttl(records, row) {
                Ok(ttl) => ttl,
                Err(reason) => {
                    self.refuse(refused, row, reason)?;
                    continue;
                }
            };
            if let Err(reason) = self.put(pipe, &key, records, row, ttl) {
                self.refuse(refused, row, reason)?;
            }
        }
        Ok(())
    }

    /// Seconds until the key of the row vanishes.
    fn ttl(&self, records: &RecordBatch, row: usize) -> Result<Option<u64>, String> {
        let Some(name) = &self.settings.ttl_column else { return Ok(self.settings.ttl) };
        let Some(text) = records.column_by_name(name).and_then(|array| cell::text(array, row)) else {
            return Ok(self.settings.ttl);
        };
        match text.parse::<u64>() {
            Ok(seconds @ 1..=9_000_000_000) => Ok(Some(seconds)),
            _ => Err(format!("column `{name}` holds `{text}`, which is no number of seconds")),
        }
    }

    /// Adds the commands of one row; none where the row cannot be written.
    fn put(
        &self,
        pipe: &mut Pipeline,
        key: &str,
        records: &RecordBatch,
        row: usize,
        ttl: Option<u64>,
    ) -> Result<(), String> {
        let ignore = self.options.mode == Mode::InsertIgnore;
        let single = |pipe: &mut Pipeline, command: &str| -> Result<(), String> {
            let value = self.single(records, row)?;
            pipe.cmd(command).arg(key).arg(&*value).ignore();
            Ok(())
        };
        match self.settings.structure {
            Shape::Hash => self.put_hash(pipe, key, records, row),
            Shape::String => match self.single(records, row) {
                Ok(value) => {
                    let command = pipe.cmd("SET").arg(key).arg(&*value);
                    if let Some(ttl) = ttl {
                        command.arg("EX").arg(ttl);
                    }
                    if ignore {
                        command.arg("NX");
                    }
                    command.ignore();
                    return Ok(());
                }
                // As a field of a hash, a string that is NULL is not there.
                Err(_) if !ignore => {
                    pipe.cmd("DEL").arg(key).ignore();
                    return Ok(());
                }
                Err(reason) => return Err(reason),
            },
            Shape::Set => single(pipe, "SADD")?,
            Shape::List => single(pipe, "RPUSH")?,
            Shape::Zset => {
                let name = self.settings.score.as_deref().unwrap_or_default();
                let Some(array) = records.column_by_name(name) else { return Err(format!("column `{name}` is gone")) };
                let score = value::score(array, row).map_err(|why| {
                    Culprit::new(row, name, &cell::text(array, row).unwrap_or("NULL".to_owned()), why).reason
                })?;
                let member = self.single(records, row)?;
                let command = pipe.cmd("ZADD").arg(key);
                if ignore {
                    command.arg("NX");
                }
                command.arg(score).arg(&*member).ignore();
            }
            Shape::Stream => {
                let fields = fields(records, row);
                if fields.iter().all(|(_, value)| value.is_none()) {
                    return Err("a row of NULLs only is no entry of a stream".to_owned());
                }
                let command = pipe.cmd("XADD").arg(key);
                if let Some(most) = self.settings.maxlen {
                    command.arg("MAXLEN").arg("~").arg(most);
                }
                command.arg("*");
                for (name, value) in &fields {
                    if let Some(value) = value {
                        command.arg(*name).arg(&**value);
                    }
                }
                command.ignore();
            }
        }
        if let Some(ttl) = ttl {
            pipe.cmd("EXPIRE").arg(key).arg(ttl).ignore();
        }
        Ok(())
    }

    /// The one value of a row: of the named column, or the row as a JSON object.
    fn single<'a>(&self, records: &'a RecordBatch, row: usize) -> Result<Cow<'a, [u8]>, String> {
        let Some(name) = &self.settings.value else { return Ok(Cow::Owned(json::write(records, row).into_bytes())) };
        records
            .column_by_name(name)
            .and_then(|array| value::bytes(array, row))
            .ok_or_else(|| format!("column `{name}` is NULL, and a {} holds no NULL", self.settings.structure.word()))
    }

    fn put_hash(&self, pipe: &mut Pipeline, key: &str, records: &RecordBatch, row: usize) {
        let fields = fields(records, row);
        if self.options.mode == Mode::Replace {
            pipe.cmd("DEL").arg(key).ignore();
        } else if fields.iter().any(|(_, value)| value.is_none()) {
            let command = pipe.cmd("HDEL").arg(key);
            for (name, _) in fields.iter().filter(|(_, value)| value.is_none()) {
                command.arg(*name);
            }
            command.ignore();
        }
        if fields.iter().any(|(_, value)| value.is_some()) {
            let command = pipe.cmd("HSET").arg(key);
            for (name, value) in &fields {
                if let Some(value) = value {
                    command.arg(*name).arg(&**value);
                }
            }
            command.ignore();
        }
    }
}

/// All columns of a row with their values.
fn fields(records: &RecordBatch, row: usize) -> Vec<(&str, Option<Cow<'_, [u8]>>)> {
    let pairs = records.schema_ref().fields().iter().zip(records.columns());
    pairs.map(|(field, array)| (field.name().as_str(), value::bytes(array, row))).collect()
}
