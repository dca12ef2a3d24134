//! Tells for each lane which class of data it holds, and adds the answer to every batch.
//!
//! The user's own rules come first, row by row; a pin fixes a whole lane; the rest gets the verdict of
//! [`verdict::classify`], found once from the lane's first rows and kept for all its batches, so that a retry decides alike.
//! What names mean is in `names.rs`, what values tell in `sample.rs`.

pub(crate) mod names;
pub mod sample;
pub mod verdict;

use crate::kind::{Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::settings;
use arrow::array::{Array, ArrayRef, BooleanArray, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use query::Predicate;
use sample::Table;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use verdict::Verdict;

/// The classes there are, `unknown` left out.
pub const CLASSES: [&str; 5] = ["market", "reference", "derived", "transaction", "metadata"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    pin: BTreeMap<String, Pin>,
    #[serde(default = "default_threshold")]
    threshold: f64,
    #[serde(default = "default_column")]
    column: String,
    #[serde(default = "default_subcolumn")]
    subcolumn: String,
}

fn default_threshold() -> f64 {
    0.6
}

fn default_column() -> String {
    "class".to_owned()
}

fn default_subcolumn() -> String {
    "subclass".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    when: String,
    class: String,
    #[serde(default)]
    subclass: String,
}

/// `market`, `market.kline`, or the same with a reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Pin {
    Word(String),
    Reasoned {
        class: String,
        #[serde(default)]
        reason: String,
    },
}

impl Pin {
    fn verdict(&self) -> Verdict {
        let (word, reason) = match self {
            Self::Word(word) => (word, ""),
            Self::Reasoned { class, reason } => (class, reason.as_str()),
        };
        let (class, subclass) = word.split_once('.').unwrap_or((word, ""));
        let evidence = if reason.is_empty() { "pinned".to_owned() } else { format!("pinned: {reason}") };
        Verdict {
            class: class.to_owned(),
            subclass: subclass.to_owned(),
            confidence: 1.0,
            evidence: vec![evidence],
            roles: Map::new(),
            guesses: Vec::new(),
        }
    }
}

/// `uses: classify`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Classify;

#[async_trait]
impl StepKind for Classify {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "classify".to_owned(),
            summary: "Tells which class of data each input holds, and adds it to every row.".to_owned(),
            schema: schema(),
            inputs: Inputs::Required,
            ports: vec!["out".to_owned()],
            named_ports: false,
            outputs: ["lanes", "class", "subclass", "confidence"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let rules = with.get("rules").and_then(Value::as_array).into_iter().flatten().enumerate();
        let conditions = rules.filter_map(|(index, rule)| Some((index, rule.get("when")?.as_str()?)));
        let closed = conditions.filter(|(_, when)| !settings::is_open(when));
        let wrong = closed.filter_map(|(index, when)| Some((index, query::parse_condition(when).err()?)));
        wrong.map(|(index, error)| error.fault.path(format!("with.rules.{index}.when"))).collect()
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        if !(0.0..=1.0).contains(&settings.threshold) {
            return Err(settings::invalid(format!("`threshold` is {}, not between 0 and 1", settings.threshold)));
        }
        if settings.column == settings.subcolumn || settings.column.is_empty() || settings.subcolumn.is_empty() {
            return Err(settings::invalid("`column` and `subcolumn` must be two names"));
        }
        let fits = vec![None; settings.rules.len()];
        Ok(Opened::Flow(Box::new(Classifying { context, settings, lanes: HashMap::new(), fits })))
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "rules": {
                "type": "array",
                "description": "Your own rules, tried in order on every row before the classifier's answer.",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["when", "class"],
                    "properties": {
                        "when": { "type": "string", "minLength": 1, "description": "A SQL condition on the row's columns. A rule that names columns an input lacks does not apply to that input." },
                        "class": { "type": "string", "minLength": 1, "description": "The class of rows for which it holds." },
                        "subclass": { "type": "string", "description": "Their subclass." },
                    },
                },
            },
            "pin": {
                "type": "object",
                "description": "Fixes the class of whole inputs, by the name of the step they come from.",
                "additionalProperties": {
                    "oneOf": [
                        { "type": "string", "minLength": 1, "description": "A class, or class and subclass as in `market.kline`." },
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["class"],
                            "properties": {
                                "class": { "type": "string", "minLength": 1, "description": "A class, or class and subclass." },
                                "reason": { "type": "string", "description": "Why it is pinned." },
                            },
                        },
                    ],
                },
            },
            "threshold": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.6, "description": "Below this confidence an input is `unknown`." },
            "column": { "type": "string", "minLength": 1, "default": "class", "description": "Name of the column that is added." },
            "subcolumn": { "type": "string", "minLength": 1, "default": "subclass", "description": "Name of the second column that is added." },
        },
    })
}

struct Classifying {
    context: StepContext,
    settings: Settings,
    lanes: HashMap<Lane, Known>,
    /// For each rule why it fits no lane so far; `Some(None)` once it fits one.
    fits: Vec<Option<Option<String>>>,
}

struct Known {
    schema: SchemaRef,
    rules: Vec<(usize, Predicate)>,
    /// The last batch without rows, to judge by names alone where no rows ever come.
    empty: Option<RecordBatch>,
    verdict: Option<Verdict>,
}

#[async_trait]
impl Flow for Classifying {
    fn is_stateful(&self) -> bool {
        true
    }

    fn is_deterministic(&self) -> bool {
        self.lanes.values().all(|known| known.rules.iter().all(|(_, rule)| rule.is_deterministic()))
    }

    async fn process(&mut self, batch: Batch, out: &mut Outputs<'_>) -> Result<()> {
        if !self.lanes.contains_key(&batch.lane) {
            let known = self.learn(&batch)?;
            self.lanes.insert(batch.lane.clone(), known);
        }
        let known = self.lanes.get_mut(&batch.lane).expect("learned above");
        if batch.records.num_rows() == 0 {
            known.empty = Some(batch.records.clone());
        } else if known.verdict.is_none() {
            let verdict = decide(&batch.lane, &batch.records, &self.settings);
            announce(&self.context, &batch.lane, &verdict);
            known.verdict = Some(verdict);
        }
        let records = label(known, &self.settings.rules, &batch.records)?;
        out.send("out", batch.with_records(records)).await
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        for (lane, known) in &mut self.lanes {
            if let (None, Some(records)) = (&known.verdict, &known.empty) {
                known.verdict = Some(decide(lane, records, &self.settings));
            }
        }
        for (rule, fits) in self.settings.rules.iter().zip(&self.fits) {
            if let Some(Some(why)) = fits {
                self.context.log(LogLevel::Warn, format!("the rule `{}` fits no input: {why}", rule.when));
            }
        }
        Ok(())
    }

    fn outputs(&self) -> Map<String, Value> {
        let mut lanes: Vec<_> =
            self.lanes.iter().filter_map(|(lane, known)| Some((lane, known.verdict.as_ref()?))).collect();
        lanes.sort_by(|left, right| left.0.cmp(right.0));
        let mut outputs = Map::new();
        if let [(_, only)] = lanes[..] {
            outputs.insert("class".to_owned(), only.class.clone().into());
            outputs.insert("subclass".to_owned(), only.subclass.clone().into());
            outputs.insert("confidence".to_owned(), only.confidence.into());
        }
        let all = lanes.into_iter().map(|(lane, verdict)| (lane.to_string(), json!(verdict))).collect();
        outputs.insert("lanes".to_owned(), Value::Object(all));
        outputs
    }
}

impl Classifying {
    fn learn(&mut self, batch: &Batch) -> Result<Known> {
        let schema = batch.records.schema();
        let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
        for added in [&self.settings.column, &self.settings.subcolumn] {
            if schema.index_of(added).is_ok() {
                let message = format!("the rows of `{}` have a column `{added}` already", batch.lane);
                return Err(settings::invalid(message).hint("Name another one in `column` or `subcolumn`."));
            }
            fields.push(Arc::new(Field::new(added, DataType::Utf8, true)));
        }
        let mut rules = Vec::new();
        for (index, rule) in self.settings.rules.iter().enumerate() {
            match Predicate::compile(&rule.when, &schema) {
                Ok(predicate) => {
                    rules.push((index, predicate));
                    self.fits[index] = Some(None);
                }
                // Lanes differ in their columns, so a rule may be about another lane; `finish` tells if it was about none.
                Err(error) if error.code() == ErrorCode::InvalidSql => {
                    if self.fits[index].is_none() {
                        self.fits[index] = Some(Some(error.fault.message.clone()));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        let verdict = self.settings.pin.get(batch.lane.as_str()).map(Pin::verdict);
        Ok(Known { schema, rules, empty: None, verdict })
    }
}

fn decide(lane: &Lane, records: &RecordBatch, settings: &Settings) -> Verdict {
    verdict::classify(&Table::look_at(lane.as_str(), records), settings.threshold)
}

fn announce(context: &StepContext, lane: &Lane, verdict: &Verdict) {
    let label = match verdict.subclass.as_str() {
        "" => verdict.class.clone(),
        subclass => format!("{}.{subclass}", verdict.class),
    };
    let level = if verdict.class == "unknown" { LogLevel::Warn } else { LogLevel::Info };
    let why = verdict.evidence.join(", ");
    context.log(level, format!("`{lane}` is {label} (confidence {:.2}): {why}", verdict.confidence));
}

/// The rows with their class and subclass.
fn label(known: &Known, rules: &[Rule], records: &RecordBatch) -> Result<RecordBatch> {
    let rows = records.num_rows();
    let (class, subclass) =
        known.verdict.as_ref().map_or(("unknown", ""), |verdict| (verdict.class.as_str(), verdict.subclass.as_str()));
    let (classes, subclasses): (ArrayRef, ArrayRef) = if rows == 0 || known.rules.is_empty() {
        let repeat = |word: &str| StringArray::from_iter_values(std::iter::repeat_n(word, rows));
        let subclasses = if subclass.is_empty() { StringArray::new_null(rows) } else { repeat(subclass) };
        (Arc::new(repeat(class)), Arc::new(subclasses))
    } else {
        let held = known
            .rules
            .iter()
            .map(|(index, predicate)| Ok((&rules[*index], predicate.evaluate(records)?)))
            .collect::<Result<Vec<(&Rule, BooleanArray)>>>()?;
        let (mut classes, mut subclasses) = (StringBuilder::new(), StringBuilder::new());
        for row in 0..rows {
            let rule = held.iter().find(|(_, holds)| holds.is_valid(row) && holds.value(row));
            let (class, subclass) =
                rule.map_or((class, subclass), |(rule, _)| (rule.class.as_str(), rule.subclass.as_str()));
            classes.append_value(class);
            subclasses.append_option((!subclass.is_empty()).then_some(subclass));
        }
        (Arc::new(classes.finish()), Arc::new(subclasses.finish()))
    };
    let mut columns = records.columns().to_vec();
    columns.extend([classes, subclasses]);
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(known.schema.clone(), columns, &options)?)
}

#[cfg(test)]
mod tests;
