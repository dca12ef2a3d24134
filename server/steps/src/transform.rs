//! `transform`: a SELECT over the rows that pass.
//!
//! One that only filters and computes keeps each batch's place. Grouping, sorting, windows and limits see the lane as a
//! whole; what they send is kept on disk before a sink sees it.

use crate::kind::{Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::lanes::Lanes;
use crate::settings;
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::Fault;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The step kind `transform`.
pub struct Transform;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransformSettings {
    sql: String,
}

#[async_trait]
impl StepKind for Transform {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "transform".into(),
            summary: "Changes rows with a SELECT over the table `input`.".into(),
            schema: json!({
                "type": "object",
                "properties": {
                    "sql": { "type": "string", "minLength": 1, "description": "One SELECT over the table `input`." },
                },
                "required": ["sql"],
                "additionalProperties": false,
            }),
            inputs: Inputs::Required,
            ports: vec!["out".into()],
            named_ports: false,
            outputs: Vec::new(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        match settings::parse::<TransformSettings>(with) {
            Ok(settings) if !settings::is_open(&settings.sql) => match query::parse_select(&settings.sql) {
                Ok(()) => Vec::new(),
                Err(error) => vec![error.fault.path("with.sql")],
            },
            _ => Vec::new(),
        }
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: TransformSettings = settings::read(&context.step)?;
        query::parse_select(&settings.sql)?;
        Ok(Opened::Flow(Box::new(TransformFlow { sql: settings.sql, lanes: Lanes::default() })))
    }
}

struct TransformFlow {
    sql: String,
    lanes: Lanes<LaneQuery>,
}

enum LaneQuery {
    /// Each batch alone.
    Batches { transform: query::Transform, deterministic: bool },
    /// The lane as a whole; results are numbered as they come.
    Whole { running: query::Running, lane: Lane, sequence: u64 },
}

impl TransformFlow {
    async fn compile(&self, batch: &Batch) -> Result<LaneQuery> {
        let transform = query::Transform::compile(&self.sql, &batch.records.schema()).await?;
        Ok(if transform.is_stateless() {
            let deterministic = transform.is_deterministic();
            LaneQuery::Batches { transform, deterministic }
        } else {
            LaneQuery::Whole { running: transform.start(), lane: batch.lane.clone(), sequence: 0 }
        })
    }
}

#[async_trait]
impl Flow for TransformFlow {
    fn is_stateful(&self) -> bool {
        self.lanes.values().any(|lane| matches!(lane, LaneQuery::Whole { .. }))
    }

    fn is_deterministic(&self) -> bool {
        self.lanes.values().all(|lane| matches!(lane, LaneQuery::Batches { deterministic: true, .. }))
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        let compiled = match self.lanes.find(&batch.lane) {
            Some(_) => None,
            None => Some(self.compile(&batch).await?),
        };
        let lane = match compiled {
            Some(compiled) => self.lanes.insert(&batch.lane, compiled),
            None => self.lanes.find(&batch.lane).expect("it was found a moment ago"),
        };
        match lane {
            LaneQuery::Batches { transform, .. } => {
                let records = transform.process(batch.records.clone()).await?;
                out.send("out", batch.with_records(records)).await
            }
            LaneQuery::Whole { running, .. } if batch.sequence == 0 => {
                let records = arrow::record_batch::RecordBatch::new_empty(running.schema());
                out.send("out", batch.with_records(records)).await
            }
            LaneQuery::Whole { running, lane, sequence } => {
                for records in running.push(batch.records).await? {
                    *sequence += 1;
                    out.send("out", Batch { lane: lane.clone(), sequence: *sequence, checkpoint: None, records })
                        .await?;
                }
                Ok(())
            }
        }
    }

    async fn finish(&mut self, out: &mut Outputs<'_>) -> Result<()> {
        for lane in self.lanes.values_mut() {
            let LaneQuery::Whole { running, lane, sequence } = lane else { continue };
            running.close();
            while let Some(records) = running.next().await? {
                *sequence += 1;
                out.send("out", Batch { lane: lane.clone(), sequence: *sequence, checkpoint: None, records }).await?;
            }
        }
        Ok(())
    }
}
