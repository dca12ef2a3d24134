//! `schema`: tells in which columns two tables differ, or a table from what it was said to be.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind, Trying};
use crate::settings;
use crate::side::{SideSettings, check_side, refused, stored_properties};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use async_trait::async_trait;
use data::{Batch, Lane, Result};
use model::Fault;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use transfer::Side;
use transfer::schema::{SchemaDifference, columns, compare_with_text, named};

/// The step kind `schema`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SchemaStep;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    left: SideSettings,
    right: Option<SideSettings>,
    expected: Option<BTreeMap<String, String>>,
}

#[async_trait]
impl StepKind for SchemaStep {
    fn info(&self) -> KindInfo {
        let side = |description: &str| {
            json!({
                "type": "object",
                "description": description,
                "additionalProperties": false,
                "required": ["connection"],
                "properties": stored_properties(),
            })
        };
        KindInfo {
            name: "schema".to_owned(),
            summary: "Tells in which columns two tables differ, or a table from what it should be.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["left"],
                "properties": {
                    "left": side("One table or query."),
                    "right": side("The other."),
                    "expected": {
                        "type": "object",
                        "additionalProperties": { "type": "string" },
                        "description": "Instead of `right`: the columns that `left` should have, and their types: `{ id: Int64 }`.",
                    },
                },
            }),
            inputs: Inputs::None,
            ports: vec!["differences".to_owned()],
            named_ports: false,
            outputs: ["differences", "missing", "extra", "changed", "list"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let sides = ["left", "right"].into_iter().filter_map(|side| Some((side, with.get(side)?)));
        let mut faults: Vec<Fault> =
            sides.flat_map(|(side, value)| check_side(value, &format!("with.{side}"))).collect();
        if with.contains_key("right") == with.contains_key("expected") {
            faults.push(one_of_two().path("with"));
        }
        faults
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let left = settings.left.stored().map_err(|fault| refused(fault, &context, "left"))?;
        let right = match (settings.right, settings.expected) {
            (Some(right), None) => Other::Side(right.stored().map_err(|fault| refused(fault, &context, "right"))?),
            (None, Some(expected)) => Other::Expected(expected),
            _ => return Err(refused(one_of_two(), &context, "")),
        };
        Ok(Opened::Action(Box::new(Comparing { context, left, right })))
    }
}

fn one_of_two() -> Fault {
    Fault::new(model::ErrorCode::InvalidValue, "a `schema` step needs either `right` or `expected`")
        .hint("Name the other table in `right`, or the columns that `left` should have in `expected`.")
}

enum Other {
    Side((String, Side)),
    Expected(BTreeMap<String, String>),
}

struct Comparing {
    context: StepContext,
    left: (String, Side),
    right: Other,
}

#[async_trait]
impl Action for Comparing {
    async fn run(&mut self, out: &mut Outputs<'_>) -> Result<ActionReport> {
        let connector = self.context.connections.get(&self.left.0).await?;
        let left = columns(connector.as_ref(), &self.left.1.relation).await?;
        let differences = match &self.right {
            Other::Side((connection, side)) => {
                let connector = self.context.connections.get(connection).await?;
                let right = columns(connector.as_ref(), &side.relation).await?;
                transfer::schema::compare_columns(&left, &right)
            }
            // What should be is the left side of a difference: a column that is gone is missing.
            Other::Expected(expected) => compare_with_text(expected, &named(&left)),
        };
        let level = if differences.is_empty() { LogLevel::Info } else { LogLevel::Warn };
        self.context.log(level, format!("{} differences of columns", differences.len()));
        let count =
            |test: fn(&SchemaDifference) -> bool| Value::from(differences.iter().filter(|one| test(one)).count());
        let mut outputs = Map::new();
        outputs.insert("differences".to_owned(), differences.len().into());
        outputs.insert("missing".to_owned(), count(|one| matches!(one, SchemaDifference::Missing { .. })));
        outputs.insert("extra".to_owned(), count(|one| matches!(one, SchemaDifference::Extra { .. })));
        outputs.insert("changed".to_owned(), count(|one| matches!(one, SchemaDifference::Type { .. })));
        outputs.insert("list".to_owned(), json!(differences));
        if !differences.is_empty() {
            let lane = Lane::new(&format!("{}.differences", self.context.step.id));
            let batch = Batch { lane, sequence: 1, checkpoint: None, records: records(&differences)? };
            out.send("differences", batch).await?;
        }
        let rows_out = differences.len() as u64;
        Ok(ActionReport { outputs, rows_in: left.len() as u64, rows_out, ..ActionReport::default() })
    }
}

fn records(differences: &[SchemaDifference]) -> Result<RecordBatch> {
    let rows = differences.iter().map(|difference| match difference {
        SchemaDifference::Missing { column } => ("missing", column, None, None),
        SchemaDifference::Extra { column } => ("extra", column, None, None),
        SchemaDifference::Type { column, left, right, .. } => {
            ("changed", column, Some(left.as_str()), Some(right.as_str()))
        }
    });
    let rows: Vec<_> = rows.collect();
    let text = |column: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(column)) };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("kind", text(rows.iter().map(|row| Some(row.0)).collect()), true),
        ("column", text(rows.iter().map(|row| Some(row.1.as_str())).collect()), true),
        ("left", text(rows.iter().map(|row| row.2).collect()), true),
        ("right", text(rows.iter().map(|row| row.3).collect()), true),
    ])?)
}
