//! `plugin/<name>`: rows come from a plugin, pass through it or go to it, whichever edges the step has.
//!
//! Without `from` the plugin is a source; with `from` it is a transform, or with `as: sink` a sink. All settings but `as` are its own.

use crate::kind::{Claim, Flow, OpenSource, Opened, Outputs, StepContext, StepKind, Trying};
use crate::lanes::Lanes;
use crate::trial::Place;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Batch, Checkpoint, Error, Lane, LedgerEntry, Result, Sink, Source, Transformer};
use model::ErrorCode;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use serde_json::{Map, Value, json};

/// The step kind `plugin/…`.
pub struct PluginStep;

#[async_trait]
impl StepKind for PluginStep {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "plugin".into(),
            summary: "Runs a plugin: a source without `from`, a transform with `from`, a sink with `as: sink`.".into(),
            schema: json!({
                "type": "object",
                "properties": {
                    "as": { "enum": ["source", "transform", "sink"], "description": "What the plugin is used as." },
                },
                "additionalProperties": true,
            }),
            inputs: Inputs::Optional,
            ports: vec!["out".into(), "rejected".into()],
            named_ports: false,
            outputs: vec!["rows".into()],
        }
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let plugin = context.step.uses.strip_prefix("plugin/").unwrap_or_default().to_owned();
        let mut settings = context.step.with.clone();
        let role = settings.remove("as");
        let has_input = !context.step.from.is_empty();
        let call = PluginCall {
            settings: Value::Object(settings),
            idempotency_key: context.ledger_key("").task,
            ..PluginCall::default()
        };
        let used_as = match role.as_ref().and_then(Value::as_str) {
            Some(role) => role,
            None if has_input => "transform",
            None => "source",
        };
        let work = PluginWork { plugin, call, context };
        match (used_as, has_input) {
            ("source", false) => Ok(Opened::Source(Box::new(work))),
            ("transform", true) => Ok(Opened::Flow(Box::new(TransformFlow { work, lanes: Lanes::default(), rows: 0 }))),
            ("sink", true) => Ok(Opened::Flow(Box::new(SinkFlow { work, lanes: Lanes::default(), rows: 0 }))),
            ("source", true) => Err(wrong(&work, "is a source and cannot have `from`")),
            _ => Err(wrong(&work, "needs `from`")),
        }
    }
}

fn wrong(work: &PluginWork, why: &str) -> Error {
    Error::permanent(ErrorCode::InvalidValue, format!("step `{}` {why}", work.context.step.id))
        .hint("Set `as` to what the plugin is used as, and `from` where it gets rows.")
}

struct PluginWork {
    plugin: String,
    call: PluginCall,
    context: StepContext,
}

#[async_trait]
impl OpenSource for PluginWork {
    async fn open(&mut self, resume_at: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        self.context.plugins.open_source(&self.plugin, self.call.clone(), resume_at).await
    }
}

/// A transform, opened once for each lane. What it keeps between batches is its own affair, so that it counts as stateful
/// and its rows are kept on disk before a sink sees them.
struct TransformFlow {
    work: PluginWork,
    lanes: Lanes<TransformLane>,
    rows: u64,
}

struct TransformLane {
    transform: Box<dyn Transformer>,
    sequence: u64,
    lane: Lane,
}

#[async_trait]
impl Flow for TransformFlow {
    fn is_stateful(&self) -> bool {
        true
    }

    fn is_deterministic(&self) -> bool {
        false
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        let lane = match self.lanes.find(&batch.lane) {
            Some(lane) => lane,
            None => {
                let call = self.work.call.clone();
                let schema = batch.records.schema();
                let transform = self.work.context.plugins.open_transform(&self.work.plugin, call, schema).await?;
                self.lanes.insert(&batch.lane, TransformLane { transform, sequence: 0, lane: batch.lane.clone() })
            }
        };
        if batch.sequence == 0 {
            let records = arrow::record_batch::RecordBatch::new_empty(lane.transform.schema());
            return out.send("out", batch.with_records(records)).await;
        }
        if batch.records.num_rows() == 0 {
            return Ok(());
        }
        let results = lane.transform.process(batch.records).await?;
        self.rows += send_all(lane, results, out).await?;
        Ok(())
    }

    async fn finish(&mut self, out: &mut Outputs<'_>) -> Result<()> {
        for lane in self.lanes.values_mut() {
            let results = lane.transform.finish().await?;
            self.rows += send_all(lane, results, out).await?;
        }
        Ok(())
    }

    fn outputs(&self) -> Map<String, Value> {
        [("rows".to_owned(), json!(self.rows))].into_iter().collect()
    }
}

async fn send_all(
    lane: &mut TransformLane,
    results: Vec<arrow::record_batch::RecordBatch>,
    out: &mut Outputs<'_>,
) -> Result<u64> {
    let mut rows = 0;
    for records in results {
        rows += records.num_rows() as u64;
        lane.sequence += 1;
        out.send("out", Batch { lane: lane.lane.clone(), sequence: lane.sequence, checkpoint: None, records }).await?;
    }
    Ok(rows)
}

/// A sink, opened once for each lane.
struct SinkFlow {
    work: PluginWork,
    lanes: Lanes<SinkLane>,
    rows: u64,
}

struct SinkLane {
    sink: Box<dyn Sink>,
    entry: Option<LedgerEntry>,
}

async fn open_sink(work: &PluginWork, lane: &Lane, schema: SchemaRef) -> Result<SinkLane> {
    let mut call = work.call.clone();
    call.idempotency_key = format!("{}/{lane}", call.idempotency_key);
    let mut sink = match &work.context.trial {
        Some(trial) => {
            let place = Place { plugin: Some(work.plugin.clone()), ..Place::default() };
            trial.sink(&work.context, place, &schema).await?
        }
        None => work.context.plugins.open_sink(&work.plugin, call, schema).await?,
    };
    let entry = sink.claim(lane).await?;
    Ok(SinkLane { sink, entry })
}

#[async_trait]
impl Flow for SinkFlow {
    async fn claim(&mut self, lane: &Lane) -> Result<Claim> {
        let entry = self.lanes.find(lane).and_then(|lane| lane.entry.clone());
        Ok(entry.map_or(Claim::Fresh, Claim::At))
    }

    async fn process(&mut self, batch: Batch, _: &mut Outputs<'_>) -> Result<()> {
        if self.lanes.find(&batch.lane).is_none() {
            let opened = open_sink(&self.work, &batch.lane, batch.records.schema()).await?;
            self.lanes.insert(&batch.lane, opened);
        }
        if batch.sequence == 0 {
            return Ok(());
        }
        if let Some(lane) = self.lanes.find(&batch.lane) {
            self.rows += lane.sink.write(&batch).await?.rows;
        }
        Ok(())
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        for lane in self.lanes.values_mut() {
            lane.sink.finish().await?;
        }
        Ok(())
    }

    fn rows_written(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn outputs(&self) -> Map<String, Value> {
        [("rows".to_owned(), json!(self.rows))].into_iter().collect()
    }
}
