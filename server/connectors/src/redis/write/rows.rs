//! Rows as commands: the key, the seconds until it vanishes, and what is set under it.

use super::super::shape::{Shape, WriteSettings};
use super::super::template::Template;
use super::super::{json, value};
use crate::cell;
use crate::error::Culprit;
use arrow::record_batch::RecordBatch;
use data::{Mode, RefusedRow, Result, WriteOptions};
use redis::{Cmd, Pipeline};
use std::borrow::Cow;

/// How rows are written.
pub(super) struct Rows {
    pub(super) options: WriteOptions,
    pub(super) settings: WriteSettings,
    pub(super) template: Template,
}

impl Rows {
    /// Takes note of a row that cannot be written, or ends the write.
    pub(super) fn refuse(&self, refused: &mut Vec<RefusedRow>, row: usize, reason: String) -> Result<()> {
        let culprit = Culprit { row, reason };
        if !self.options.keep_refused {
            return Err(culprit.into_error(&self.options.table));
        }
        refused.push(culprit.into());
        Ok(())
    }

    /// Adds the commands of a row; where it cannot be written, adds none and takes note of it or ends the write.
    pub(super) fn add(
        &self,
        pipe: &mut Pipeline,
        key: &str,
        records: &RecordBatch,
        row: usize,
        refused: &mut Vec<RefusedRow>,
    ) -> Result<()> {
        let put = self.ttl(records, row).and_then(|ttl| self.put(pipe, key, records, row, ttl));
        match put {
            Ok(()) => Ok(()),
            Err(reason) => self.refuse(refused, row, reason),
        }
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
            pipe.cmd(command).arg(key).arg(&*value);
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
                    return Ok(());
                }
                // As a field of a hash, a string that is NULL is not there.
                Err(_) if !ignore => {
                    pipe.cmd("DEL").arg(key);
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
                command.arg(score).arg(&*member);
            }
            Shape::Stream => {
                if records.columns().iter().all(|array| value::is_null(array, row)) {
                    return Err("a row of NULLs only is no entry of a stream".to_owned());
                }
                let command = pipe.cmd("XADD").arg(key);
                if let Some(most) = self.settings.maxlen {
                    command.arg("MAXLEN").arg("~").arg(most);
                }
                command.arg("*");
                pairs(command, records, row);
            }
        }
        if let Some(ttl) = ttl {
            pipe.cmd("EXPIRE").arg(key).arg(ttl);
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
        let fields = || records.schema_ref().fields().iter().zip(records.columns());
        let nulls = fields().filter(|(_, array)| value::is_null(array, row)).count();
        if self.options.mode == Mode::Replace {
            pipe.cmd("DEL").arg(key);
        } else if nulls > 0 {
            let command = pipe.cmd("HDEL").arg(key);
            for (field, _) in fields().filter(|(_, array)| value::is_null(array, row)) {
                command.arg(field.name());
            }
        }
        let set = records.num_columns() - nulls;
        if set > 0 {
            let mut command = Cmd::with_capacity(2 + 2 * set, key.len() + 24 * set);
            command.arg("HSET").arg(key);
            for (field, array) in fields().filter(|(_, array)| !value::is_null(array, row)) {
                command.arg(field.name());
                value::push(&mut command, array, row);
            }
            pipe.add_command(command);
        }
    }
}

/// Adds names and values of the columns that are not NULL.
fn pairs(pipe: &mut Pipeline, records: &RecordBatch, row: usize) {
    for (field, array) in records.schema_ref().fields().iter().zip(records.columns()) {
        if let Some(value) = value::bytes(array, row) {
            pipe.arg(field.name()).arg(&*value);
        }
    }
}
