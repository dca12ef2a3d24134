//! `write`: puts rows into a table of a connection, or hands them to a sink plugin.

use crate::kind::{Claim, Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::rejected::{Refusal, rejected_rows, rejected_schema};
use crate::settings;
use crate::target::{Target, TargetSettings, target_properties};
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::Fault;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use serde_json::{Map, Value, json};

/// The step kind `write`.
pub struct Write;

#[async_trait]
impl StepKind for Write {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "write".into(),
            summary: "Writes rows into a table of a connection, each exactly once where the system has transactions."
                .into(),
            schema: json!({
                "type": "object",
                "properties": target_properties(),
                "additionalProperties": false,
            }),
            inputs: Inputs::Required,
            ports: vec!["rejected".into()],
            named_ports: false,
            outputs: vec!["rows".into(), "rejected".into()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        match settings::parse::<TargetSettings>(with) {
            Ok(target) => target.check("with"),
            Err(_) => Vec::new(),
        }
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let target = Target::new(settings::read(&context.step)?, context, String::new())?;
        Ok(Opened::Flow(Box::new(WriteFlow { target, rows: 0, rejected: 0 })))
    }
}

struct WriteFlow {
    target: Target,
    rows: u64,
    rejected: u64,
}

#[async_trait]
impl Flow for WriteFlow {
    async fn claim(&mut self, lane: &Lane) -> Result<Claim> {
        Ok(self.target.claim(lane))
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        let written = self.target.write(&batch).await?;
        self.rows += written.rows;
        self.rejected += written.refused.len() as u64;
        let refusals: Vec<Refusal> = written
            .refused
            .into_iter()
            .map(|refused| Refusal { row: refused.row, rule: "write".into(), reason: refused.reason })
            .collect();
        let schema = rejected_schema(&batch.records.schema());
        let rows = rejected_rows(&batch.records, &schema, &refusals)?;
        out.send("rejected", batch.with_records(rows)).await
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        self.target.finish().await
    }

    fn rows_written(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn outputs(&self) -> Map<String, Value> {
        [("rows".to_owned(), json!(self.rows)), ("rejected".to_owned(), json!(self.rejected))].into_iter().collect()
    }
}
