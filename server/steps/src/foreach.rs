//! `foreach`: runs nested steps once for each item of a list, as chunks that any worker may take.
//!
//! This step only says what the items are; the engine makes a task of each, and the runner runs the nested steps.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings;
use async_trait::async_trait;
use data::Result;
use engine::ports::Expansion;
use model::kind::{Inputs, KindInfo};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How many items one step may have.
const MAX_ITEMS: usize = 10_000;

/// The step kind `foreach`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Foreach;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    items: Value,
    /// The runner reads these; here they are only let through.
    #[serde(rename = "steps")]
    _steps: Vec<Value>,
    #[serde(rename = "max_parallel")]
    _max_parallel: Option<u32>,
}

#[async_trait]
impl StepKind for Foreach {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "foreach".to_owned(),
            summary: "Runs the nested steps once for each item of a list.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["items", "steps"],
                "properties": {
                    "items": {
                        "description": "The list, or an expression that gives one; each item is `item` within the nested steps. At most 10,000.",
                        "oneOf": [{ "type": "array" }, { "type": "string", "pattern": "\\$\\{\\{" }],
                    },
                    "steps": {
                        "type": "array",
                        "minItems": 1,
                        "description": "Steps of the same shape as a workflow's.",
                        "items": {
                            "type": "object",
                            "required": ["id", "uses"],
                            "properties": { "id": { "type": "string" }, "uses": { "type": "string" } },
                        },
                    },
                    "max_parallel": { "type": "integer", "minimum": 1, "description": "How many items may be worked on at once; without, four." },
                },
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: vec!["items".to_owned()],
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let Value::Array(items) = settings.items else {
            return Err(settings::invalid(format!("the `items` of step `{}` are not a list", context.step.id))
                .hint("Let the expression give a list, for example `[1, 2, 3]`."));
        };
        if items.len() > MAX_ITEMS {
            let message =
                format!("step `{}` has {} items, more than the {MAX_ITEMS} allowed", context.step.id, items.len());
            return Err(settings::invalid(message).hint("Group the items, or let rows travel as batches."));
        }
        Ok(Opened::Action(Box::new(Expanding(items))))
    }
}

struct Expanding(Vec<Value>);

#[async_trait]
impl Action for Expanding {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let items = std::mem::take(&mut self.0);
        let outputs = Map::from_iter([("items".to_owned(), items.len().into())]);
        let expand = Some(Expansion { items, ..Expansion::default() });
        Ok(ActionReport { outputs, expand, ..ActionReport::default() })
    }
}
