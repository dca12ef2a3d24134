//! Rows that a repeat would double: elements of lists, entries of streams. All of a batch in one MULTI with its record.

use super::RedisSink;
use crate::redis::error;
use arrow::record_batch::RecordBatch;
use data::{RefusedRow, Result};
use redis::Pipeline;
use std::collections::{HashMap, HashSet};

impl RedisSink {
    /// Adds the commands of all rows to the MULTI that holds the record.
    pub(super) async fn once(
        &mut self,
        pipe: &mut Pipeline,
        records: &RecordBatch,
        refused: &mut Vec<RefusedRow>,
    ) -> Result<()> {
        for (row, key) in self.keys(records, refused).await? {
            self.rows.add(pipe, &key, records, row, refused)?;
        }
        Ok(())
    }

    /// The key of each row that can be written.
    ///
    /// A command that meets another structure fails alone inside a MULTI, and the record would say that the batch is
    /// written; so the types are looked at first.
    async fn keys(&mut self, records: &RecordBatch, refused: &mut Vec<RefusedRow>) -> Result<Vec<(usize, String)>> {
        let mut keys = Vec::with_capacity(records.num_rows());
        for row in 0..records.num_rows() {
            match self.rows.template.key(records, row) {
                Ok(key) => keys.push((row, key)),
                Err(reason) => self.rows.refuse(refused, row, reason)?,
            }
        }
        if keys.is_empty() {
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
        let wanted = self.rows.settings.structure.word();
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
                    self.rows.refuse(refused, *row, reason)?;
                }
            }
        }
        Ok(kept)
    }
}
