//! `count`: tells how many rows a table or query has, and by how many another has more or fewer.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind, Trying};
use crate::settings;
use crate::side::{SideSettings, check_side, refused, stored_properties};
use async_trait::async_trait;
use data::Result;
use model::Fault;
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use serde_json::{Map, Value, json};
use transfer::Side;

/// The key of the other side.
const AGAINST: &str = "against";

/// The step kind `count`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count;

#[async_trait]
impl StepKind for Count {
    fn info(&self) -> KindInfo {
        let mut properties = stored_properties();
        properties.insert(
            AGAINST.to_owned(),
            json!({
                "type": "object",
                "description": "Another table or query, whose rows are counted at the same time.",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": stored_properties(),
            }),
        );
        KindInfo {
            name: "count".to_owned(),
            summary: "Tells how many rows a table or query has.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": properties,
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["count", "other", "difference", "percent"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let mut with = with.clone();
        let other = with.remove(AGAINST);
        let mut faults = check_side(&Value::Object(with), "with");
        faults.extend(other.iter().flat_map(|other| check_side(other, "with.against")));
        faults
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, mut context: StepContext) -> Result<Opened> {
        let other = context.step.with.remove(AGAINST);
        let settings: SideSettings = settings::read(&context.step)?;
        let one = settings.stored().map_err(|fault| refused(fault, &context, ""))?;
        let other = match other {
            None => None,
            Some(Value::Object(other)) => {
                context.step.with = other;
                let settings: SideSettings = settings::read(&context.step)?;
                Some(settings.stored().map_err(|fault| refused(fault, &context, AGAINST))?)
            }
            Some(_) => return Err(settings::invalid("`against` names no table or query")),
        };
        Ok(Opened::Action(Box::new(Counting { context, one, other })))
    }
}

struct Counting {
    context: StepContext,
    one: (String, Side),
    other: Option<(String, Side)>,
}

#[async_trait]
impl Action for Counting {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let one = self.context.connections.get(&self.one.0).await?;
        let mut outputs = Map::new();
        let Some((connection, side)) = &self.other else {
            let count = transfer::count::count(one.as_ref(), &self.one.1).await?;
            outputs.insert("count".to_owned(), count.into());
            return Ok(ActionReport { outputs, rows_in: count, ..ActionReport::default() });
        };
        let other = self.context.connections.get(connection).await?;
        let sides = ((one.as_ref(), &self.one.1), (other.as_ref(), side));
        let (count, other) = transfer::count::count_both(sides.0, sides.1).await?;
        let difference = count.abs_diff(other);
        let most = count.max(other);
        let percent = if most == 0 { 0.0 } else { difference as f64 * 100.0 / most as f64 };
        outputs.insert("count".to_owned(), count.into());
        outputs.insert("other".to_owned(), other.into());
        outputs.insert("difference".to_owned(), difference.into());
        outputs.insert("percent".to_owned(), percent.into());
        Ok(ActionReport { outputs, rows_in: count + other, ..ActionReport::default() })
    }
}
