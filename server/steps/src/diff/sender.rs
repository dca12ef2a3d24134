//! What the step `diff` sends: rows by the ports `missing`, `extra` and `changed`, statements by `repair`.

use super::to_json;
use crate::kind::{Outputs, StepContext};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::run::LogLevel;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use transfer::diff::{Repair, Report};
use transfer::{DifferenceKind, DifferenceSink};

/// Sends differences by their ports, and keeps a sample.
pub(super) struct Sender<'a, 'b> {
    pub(super) out: &'a mut Outputs<'b>,
    pub(super) step: String,
    pub(super) sequences: HashMap<DifferenceKind, u64>,
    pub(super) sample: HashMap<DifferenceKind, Vec<Value>>,
    pub(super) limit: usize,
    pub(super) context: &'a StepContext,
}

impl Sender<'_, '_> {
    /// Sends statements by the port `repair`, what a session wants first among them.
    pub(super) async fn send_statements(&mut self, repair: &mut Repair) -> Result<()> {
        if repair.is_empty() {
            return Ok(());
        }
        let schema = Arc::new(Schema::new(vec![Field::new("statement", DataType::Utf8, false)]));
        let lane = Lane::new(&format!("{}.repair", self.step));
        let mut sequence = 0;
        let mut next = Some(repair.preamble().to_vec());
        repair.rewind()?;
        while let Some(statements) = next {
            sequence += 1;
            let column: ArrayRef = Arc::new(StringArray::from(statements));
            let records = RecordBatch::try_new(schema.clone(), vec![column])?;
            self.out.send("repair", Batch { lane: lane.clone(), sequence, checkpoint: None, records }).await?;
            next = repair.next()?;
        }
        Ok(())
    }
}

#[async_trait]
impl DifferenceSink for Sender<'_, '_> {
    async fn begin(&mut self, report: &Report) -> Result<()> {
        let reasons = report.reasons.join("; ");
        self.context.log(LogLevel::Info, format!("strategy `{}`: {reasons}", report.strategy.as_str()));
        for note in &report.notes {
            self.context.log(LogLevel::Warn, note.clone());
        }
        Ok(())
    }

    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        let sample = self.sample.entry(kind).or_default();
        if sample.len() < self.limit {
            let wanted = (self.limit - sample.len()).min(records.num_rows());
            sample.extend(to_json(&records.slice(0, wanted))?);
        }
        let sequence = self.sequences.entry(kind).or_default();
        *sequence += 1;
        // Each port has rows of its own shape, so each is a lane of its own.
        let lane = Lane::new(&format!("{}.{}", self.step, kind.as_str()));
        let batch = Batch { lane, sequence: *sequence, checkpoint: None, records };
        self.out.send(kind.as_str(), batch).await
    }
}
