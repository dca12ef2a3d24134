//! Scripts of the kind `source`: `open_source(cursor)`, `columns()`, `next()`, and where they say so `resume()` and `rejects()`.

use super::rows::batch_of;
use super::running::Running;
use super::{broke, value};
use crate::bindings::exports::sluice::plugin::source::Rejection;
use crate::program::OpenSource;
use crate::source::{CURSOR, rejected_rows, rejected_schema};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Checkpoint, Result, Resume, Source, SourceBatch};
use rhai::{Array, Dynamic, Map};

/// A source that is a script.
pub(super) struct ScriptSource {
    running: Running,
    schema: SchemaRef,
    resume: Resume,
    rejected: Option<SchemaRef>,
    done: bool,
}

impl ScriptSource {
    pub(super) async fn open(mut running: Running, resume_at: Option<Checkpoint>) -> Result<Self> {
        let cursor = resume_at.map_or(Dynamic::UNIT, |checkpoint| checkpoint.0.into());
        running.open("open_source", vec![cursor]).await?;
        let declared = running.call("columns", Vec::new()).await?;
        let schema = value::schema_of(&declared).map_err(|why| broke(&running, &why))?;
        let mut resume = Resume::Nothing;
        if running.has("resume") {
            let said = running.call("resume", Vec::new()).await?.to_string();
            resume = match said.as_str() {
                "replay" => Resume::Replay,
                "cursor" => Resume::Checkpoint,
                "nothing" => Resume::Nothing,
                _ => return Err(broke(&running, "answered `resume` with none of `replay`, `cursor` and `nothing`")),
            };
        }
        let mut rejected = None;
        if running.has("rejects") && running.call("rejects", Vec::new()).await?.as_bool().unwrap_or(false) {
            rejected = Some(rejected_schema(&schema));
        }
        Ok(Self { running, schema, resume, rejected, done: false })
    }

    fn page(&self, page: Dynamic) -> Result<SourceBatch, String> {
        let (mut rows, mut cursor, mut rejections) = (page, None, Vec::new());
        if let Some(mut map) = rows.clone().try_cast::<Map>() {
            rows = map.remove("rows").unwrap_or_else(|| Array::new().into());
            cursor = map.remove("cursor").filter(|it| !it.is_unit()).map(|it| it.to_string());
            for row in map.remove("rejected").and_then(Dynamic::try_cast::<Array>).unwrap_or_default() {
                rejections.push(rejection(row)?);
            }
            if let Some(odd) = map.keys().next() {
                return Err(format!("handed over a page with `{odd}`; it has rows, cursor and rejected"));
            }
        }
        let records = batch_of(rows, &self.schema)?.unwrap_or_else(|| RecordBatch::new_empty(self.schema.clone()));
        let rejected = rejected_rows(rejections, self.schema.fields().len(), self.rejected.as_ref())?;
        let cursor = cursor.filter(|_| self.resume == Resume::Checkpoint);
        if cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR) {
            return Err(format!("gave a cursor longer than {CURSOR} bytes"));
        }
        Ok(SourceBatch { records, checkpoint: cursor.map(Checkpoint), rejected })
    }
}

/// `#{ line, rule, reason, values }`.
fn rejection(row: Dynamic) -> Result<Rejection, String> {
    let mut map = row.try_cast::<Map>().ok_or("rejected a row that is no map")?;
    let mut text = |key: &str| map.remove(key).map(|it| it.to_string()).unwrap_or_default();
    let (rule, reason) = (text("rule"), text("reason"));
    let line = map.remove("line").and_then(|it| it.as_int().ok()).and_then(|it| u64::try_from(it).ok());
    let values = map.remove("values").and_then(Dynamic::try_cast::<Array>).unwrap_or_default();
    let values = values.into_iter().map(|it| (!it.is_unit()).then(|| it.to_string())).collect();
    Ok(Rejection { line, rule, reason, values })
}

#[async_trait]
impl Source for ScriptSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        self.rejected.clone()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if self.done {
            return Ok(None);
        }
        // Whatever is not a page is the end: an error too.
        self.done = true;
        let page = self.running.call("next", Vec::new()).await?;
        if page.is_unit() {
            return Ok(None);
        }
        let batch = self.page(page).map_err(|why| broke(&self.running, &why))?;
        super::require_room(&self.running, [&batch.records])?;
        self.done = false;
        Ok(Some(batch))
    }
}

impl OpenSource for ScriptSource {}
