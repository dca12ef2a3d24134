//! `validate`: holds rows against rules; those that break a rule of severity `error` leave by `rejected` with all reasons.
//!
//! A rule is compiled for each lane (`validate/rule.rs`) and judges whole columns; `validate/row.rs` has the rules that
//! look at one row, `validate/stream.rs` those that remember earlier rows, `validate/settings.rs` what users write.
//! Rules of severity `warn` only count.

mod cast;
mod row;
mod rule;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

use crate::kind::{Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::lanes::Lanes;
use crate::rejected::{Refusal, rejected_rows, rejected_schema};
use arrow::array::BooleanArray;
use arrow::buffer::BooleanBuffer;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use cast::Caster;
use data::{Batch, Error, Result};
use model::document::{OnError, Step};
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use rule::{Judge, Scope, Verdict};
use serde_json::{Map, Value, json};
use settings::{RuleSettings, Severity, ValidateSettings};
use std::sync::Arc;

/// The step kind `validate`.
pub struct Validate;

#[async_trait]
impl StepKind for Validate {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "validate".into(),
            summary: "Keeps out rows that break a rule, each with the rule and the reason.".into(),
            schema: settings::schema(),
            inputs: Inputs::Required,
            ports: vec!["out".into(), "rejected".into()],
            named_ports: false,
            outputs: vec!["rules".into(), "rejected".into(), "warnings".into()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        crate::settings::parse::<ValidateSettings>(with).map(|settings| settings.check()).unwrap_or_default()
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: ValidateSettings = crate::settings::read(&context.step)?;
        if let Some(fault) = settings.check().into_iter().next() {
            let path = format!("steps.{}.{}", context.step.id, fault.path.as_deref().unwrap_or("with"));
            return Err(fault.path(path).into());
        }
        let rules: Vec<Arc<RuleSettings>> = settings.rules.into_iter().map(Arc::new).collect();
        let counts = vec![0; rules.len()];
        Ok(Opened::Flow(Box::new(ValidateFlow {
            rules,
            counts,
            context,
            lanes: Lanes::default(),
            rejected: 0,
            warnings: 0,
        })))
    }
}

struct ValidateFlow {
    rules: Vec<Arc<RuleSettings>>,
    /// How many rows broke each rule.
    counts: Vec<u64>,
    context: StepContext,
    lanes: Lanes<LaneState>,
    rejected: u64,
    warnings: u64,
}

struct LaneState {
    /// The schema of accepted rows: that of the lane, with the types that `type` rules give.
    accepted: SchemaRef,
    rejected: SchemaRef,
    rules: Vec<LaneRule>,
    deterministic: bool,
}

/// A rule in one lane.
struct LaneRule {
    scope: Scope,
    test: Test,
}

enum Test {
    /// It gives columns their types, in every batch, so that all batches have one schema.
    Cast(Caster),
    /// It is opened when the first of its rows comes: a rule for one class is never held against another's columns.
    Judge(Option<Box<dyn Judge>>),
}

impl ValidateFlow {
    async fn process_lane(&mut self, batch: &Batch) -> Result<(RecordBatch, RecordBatch)> {
        if self.lanes.find(&batch.lane).is_none() {
            let schema = batch.records.schema();
            let lane = LaneState::new(&self.rules, &schema)?;
            self.lanes.insert(&batch.lane, lane);
        }
        let lane = self.lanes.find(&batch.lane).expect("it was inserted a moment ago");
        let rows = batch.records.num_rows();
        if rows == 0 {
            return Ok((RecordBatch::new_empty(lane.accepted.clone()), RecordBatch::new_empty(lane.rejected.clone())));
        }
        let mut records = batch.records.clone();
        let mut keep = BooleanBuffer::new_set(rows);
        let mut broken: Vec<(usize, Verdict)> = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let LaneRule { scope, test } = &mut lane.rules[index];
            let verdict = match test {
                Test::Cast(caster) => {
                    let (converted, verdict) = caster.apply(&records)?;
                    records = converted;
                    verdict
                }
                Test::Judge(judge) => {
                    let looked_at = scope.rows(&records)?;
                    if looked_at.count_set_bits() == 0 {
                        continue;
                    }
                    let judge = match judge {
                        Some(judge) => judge,
                        None => judge.insert(rule::open(rule, &records.schema(), &self.context).await?),
                    };
                    judge.judge(&records, &looked_at, &keep).await?
                }
            };
            let found = verdict.broken.count_set_bits() as u64;
            if found == 0 {
                continue;
            }
            self.counts[index] += found;
            // A value that a type rule could not convert is gone from the row, so that it cannot pass.
            if rule.severity == Severity::Error || rule.types.is_some() {
                keep = &keep & &!&verdict.broken;
                broken.push((index, verdict));
            } else {
                self.warnings += found;
            }
        }
        if keep.count_set_bits() == rows {
            return Ok((records, RecordBatch::new_empty(lane.rejected.clone())));
        }
        let accepted = filter_record_batch(&records, &BooleanArray::new(keep.clone(), None))?;
        let mut refusals = Vec::new();
        for row in (0..rows).filter(|row| !keep.value(*row)) {
            let breaks = broken.iter().filter(|(_, verdict)| verdict.broken.value(row));
            let (mut names, mut reasons) = (Vec::new(), Vec::new());
            for (index, verdict) in breaks {
                names.push(self.rules[*index].name.as_str());
                reasons.push(verdict.reason(row, &batch.records));
            }
            refusals.push(Refusal { row, rule: names.join("; "), reason: reasons.join("; ") });
        }
        self.rejected += refusals.len() as u64;
        Ok((accepted, rejected_rows(&batch.records, &lane.rejected, &refusals)?))
    }
}

impl LaneState {
    fn new(settings: &[Arc<RuleSettings>], schema: &SchemaRef) -> Result<Self> {
        let mut rules = Vec::with_capacity(settings.len());
        let mut deterministic = true;
        let mut accepted = schema.clone();
        for rule in settings {
            let scope = Scope::new(rule, &accepted);
            deterministic &= scope.is_deterministic() && rule.is_deterministic(&accepted);
            let test = match Caster::new(rule, &accepted)? {
                Some(caster) => {
                    accepted = caster.schema().clone();
                    Test::Cast(caster)
                }
                None => Test::Judge(None),
            };
            rules.push(LaneRule { scope, test });
        }
        Ok(Self { accepted, rejected: rejected_schema(schema), rules, deterministic })
    }
}

#[async_trait]
impl Flow for ValidateFlow {
    fn is_stateful(&self) -> bool {
        self.rules.iter().any(|rule| rule.is_stateful())
    }

    fn is_deterministic(&self) -> bool {
        self.lanes.values().all(|lane| lane.deterministic)
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        let (accepted, rejected) = self.process_lane(&batch).await?;
        out.send("rejected", batch.with_records(rejected)).await?;
        out.send("out", batch.with_records(accepted)).await
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        for (index, rule) in self.rules.clone().iter().enumerate() {
            let judges = || {
                self.lanes.values().filter_map(|lane| match &lane.rules[index].test {
                    Test::Judge(judge) => judge.as_ref(),
                    Test::Cast(_) => None,
                })
            };
            let seen = judges().map(|judge| judge.rows_seen()).sum();
            let Some(why) = rule.refuses_count(seen).or_else(|| judges().find_map(|judge| judge.conclude())) else {
                continue;
            };
            self.counts[index] += 1;
            let message = format!("rule `{}` of step `{}`: {why}", rule.name, self.context.step.id);
            if rule.severity == Severity::Warn || self.context.step.on_error != OnError::Fail {
                self.warnings += 1;
                self.context.log(LogLevel::Warn, message);
            } else {
                return Err(Error::permanent(ErrorCode::RowsRejected, message)
                    .hint("Look why, or give the rule severity `warn`."));
            }
        }
        Ok(())
    }

    fn outputs(&self) -> Map<String, Value> {
        let rules: Map<String, Value> =
            self.rules.iter().zip(&self.counts).map(|(rule, count)| (rule.name.clone(), json!(count))).collect();
        [
            ("rules".to_owned(), Value::Object(rules)),
            ("rejected".to_owned(), json!(self.rejected)),
            ("warnings".to_owned(), json!(self.warnings)),
        ]
        .into_iter()
        .collect()
    }
}
