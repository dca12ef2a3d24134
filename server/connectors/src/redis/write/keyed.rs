//! Rows that a repeat writes anew just as they are: hashes, strings, members of sets.
//!
//! They go out in short pipelines without MULTI, which the server need not hold in memory; while it works through one,
//! the next is made. Only when all are answered is the batch recorded: a crash between writes the same values again.

use super::RedisSink;
use crate::redis::{Config, error};
use arrow::record_batch::RecordBatch;
use data::{RefusedRow, Result};
use futures::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, Value};
use std::ops::Range;

/// Rows of one pipeline: its buffers stay small enough to be used again by the allocator.
const ROWS: usize = 512;

/// Pipelines under way: one at the server, one being made.
const UNDER_WAY: usize = 2;

/// The commands of some rows, and whose each of them is.
struct Part {
    pipe: Pipeline,
    owners: Vec<usize>,
    refused: Vec<RefusedRow>,
}

impl RedisSink {
    /// Writes all rows.
    pub(super) async fn keyed(&mut self, records: &RecordBatch, refused: &mut Vec<RefusedRow>) -> Result<()> {
        let rows = records.num_rows();
        let mut mistaken = Vec::new();
        {
            let starts = (0..rows).step_by(ROWS);
            let parts = starts.map(|start| self.part(records, start..rows.min(start + ROWS)));
            let mut answers = futures::stream::iter(parts)
                .map(|part| sent(part, self.connection.clone(), &self.config))
                .buffered(UNDER_WAY);
            while let Some(answer) = answers.next().await {
                let (part, values) = answer?;
                refused.extend(part.refused);
                for (owner, value) in part.owners.into_iter().zip(values) {
                    let Value::ServerError(error) = value else { continue };
                    if error.code() != "WRONGTYPE" {
                        return Err(error::mapped(&self.config, &RedisError::from(error)));
                    }
                    if mistaken.last() != Some(&owner) {
                        mistaken.push(owner);
                    }
                }
            }
        }
        for row in mistaken {
            let reason = self.mistaken(records, row).await?;
            self.rows.refuse(refused, row, reason)?;
        }
        Ok(())
    }

    fn part(&self, records: &RecordBatch, rows: Range<usize>) -> Result<Part> {
        let mut part = Part {
            pipe: Pipeline::with_capacity(2 * rows.len()),
            owners: Vec::with_capacity(2 * rows.len()),
            refused: Vec::new(),
        };
        part.pipe.ignore_errors();
        for row in rows {
            match self.rows.template.key(records, row) {
                Ok(key) => self.rows.add(&mut part.pipe, &key, records, row, &mut part.refused)?,
                Err(reason) => self.rows.refuse(&mut part.refused, row, reason)?,
            }
            part.owners.resize(part.pipe.len(), row);
        }
        Ok(part)
    }

    /// Why the key of the row could not be written.
    async fn mistaken(&mut self, records: &RecordBatch, row: usize) -> Result<String> {
        let key = self.rows.template.key(records, row).unwrap_or_default();
        let kind: String = redis::cmd("TYPE")
            .arg(&key)
            .query_async(&mut self.connection)
            .await
            .map_err(|e| error::mapped(&self.config, &e))?;
        Ok(format!("key `{key}` holds a {kind} already, not a {}", self.rows.settings.structure.word()))
    }
}

/// Sends the commands and waits for their answers.
async fn sent(
    part: Result<Part>,
    mut connection: MultiplexedConnection,
    config: &Config,
) -> Result<(Part, Vec<Value>)> {
    let part = part?;
    if part.pipe.is_empty() {
        return Ok((part, Vec::new()));
    }
    let values = part.pipe.query_async(&mut connection).await.map_err(|e| error::mapped(config, &e))?;
    Ok((part, values))
}
