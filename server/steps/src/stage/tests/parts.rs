//! A step that expands into chunks of its own kind: what each of its tasks is told.

use super::Run;
use crate::kind::{Action, ActionReport, Opened, Outputs, Part, StepContext, StepKind};
use async_trait::async_trait;
use data::Result;
use engine::ports::{Chunk, Expansion, Gathered};
use model::kind::{Inputs, KindInfo};
use model::{ErrorCode, StepStatus};
use serde_json::{Map, Value, json};

/// Expands into its `items`; each of its tasks tells what it was told.
pub(super) struct Parted;

#[async_trait]
impl StepKind for Parted {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "parted".into(),
            summary: String::new(),
            schema: json!({ "type": "object" }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: vec!["told".into()],
        }
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        Ok(Opened::Action(Box::new(PartedAction(context))))
    }
}

struct PartedAction(StepContext);

#[async_trait]
impl Action for PartedAction {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let context = &self.0;
        let told = json!({
            "with": context.step.with,
            "chunk": context.chunk,
            "scope": context.scope,
            "ledger": context.ledger_key("").task.rsplit_once("tried").map(|(_, rest)| rest),
            "part": match &context.part {
                Part::Whole => json!("whole"),
                Part::Chunk(item) => json!({ "chunk": item }),
                Part::Finish(gathered) => json!({ "finish": gathered.outputs }),
            },
        });
        let items = vec![json!("low"), json!("high")];
        let expand =
            (context.part == Part::Whole).then(|| Expansion { items, max_parallel: Some(2), finish: Some(Map::new()) });
        let outputs = Map::from_iter([("told".to_owned(), told)]);
        Ok(ActionReport { outputs, rows_rejected: 3, bytes: 9, expand, ..ActionReport::default() })
    }
}

const STEP: &str = "[{ id: tried, uses: parted, if: 'inputs.yes', with: { day: '${{ inputs.yes }}' } }]";

#[tokio::test]
async fn each_task_of_a_step_that_expands_gets_its_part_and_the_settings_as_first_rendered() {
    let mut run = Run::new();
    let first = run.attempt(STEP).await.remove(0);
    let expansion = first.expand.unwrap();
    let with = json!({ "day": true });
    assert_eq!(Value::from(expansion.finish.clone().unwrap()), with);
    assert_eq!((first.metrics.rows_rejected, first.metrics.bytes), (3, 9));

    // Later tasks evaluate nothing again: the condition would be false by now.
    let changed = STEP.replace("inputs.yes", "inputs.no");
    let chunk = Chunk { index: 1, item: expansion.items[1].clone(), with: expansion.finish.clone() };
    let told = run.task(&changed, |spec| spec.chunk = Some(chunk)).await.remove(0);
    assert_eq!((told.status, &told.expand), (StepStatus::Succeeded, &None));
    let expected = json!({ "with": with, "chunk": 1, "scope": null, "ledger": "/1", "part": { "chunk": "high" } });
    assert_eq!(told.outputs["told"], expected);

    let outputs = Map::from_iter([("rows".to_owned(), json!(14))]);
    let gathered = Gathered { chunks: 2, outputs, with: expansion.finish.unwrap(), ..Gathered::default() };
    let told = run.task(&changed, |spec| spec.finish = Some(gathered)).await.remove(0);
    let expected =
        json!({ "with": with, "chunk": null, "scope": null, "ledger": "", "part": { "finish": { "rows": 14 } } });
    assert_eq!(told.outputs["told"], expected);
}

#[tokio::test]
async fn a_step_that_expands_cannot_be_nested() {
    let nested = "[{ id: all, uses: foreach, with: { items: [1], steps: [{ id: tried, uses: parted }] } }]";
    let chunk = Chunk { index: 0, item: json!(1), with: None };
    let told = Run::new().task(nested, |spec| spec.chunk = Some(chunk)).await.remove(0);
    assert_eq!(told.status, StepStatus::Failed);
    assert_eq!(told.error.unwrap().code, ErrorCode::Unsupported);
}
