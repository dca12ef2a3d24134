//! `count`: tells how many rows a table or query has.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind};
use crate::settings;
use crate::side::{SideSettings, check_side, refused, stored_properties};
use async_trait::async_trait;
use data::Result;
use model::Fault;
use model::kind::{Inputs, KindInfo};
use serde_json::{Map, Value, json};
use transfer::Side;

/// The step kind `count`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count;

#[async_trait]
impl StepKind for Count {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "count".to_owned(),
            summary: "Tells how many rows a table or query has.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": stored_properties(),
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: vec!["count".to_owned()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        check_side(&Value::Object(with.clone()), "with")
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: SideSettings = settings::read(&context.step)?;
        let (connection, side) = settings.stored().map_err(|fault| refused(fault, &context, ""))?;
        Ok(Opened::Action(Box::new(Counting { context, connection, side })))
    }
}

struct Counting {
    context: StepContext,
    connection: String,
    side: Side,
}

#[async_trait]
impl Action for Counting {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let connector = self.context.connections.get(&self.connection).await?;
        let count = transfer::count::count(connector.as_ref(), &self.side).await?;
        let outputs = Map::from_iter([("count".to_owned(), count.into())]);
        Ok(ActionReport { outputs, rows_in: count, ..ActionReport::default() })
    }
}
