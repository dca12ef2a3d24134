//! The documents of migrations, and their states.

#![allow(clippy::unwrap_used)]

use super::*;
use chrono::{Duration, Utc};
use model::run::{StepMetrics, StepRun};
use model::{RunStatus, StepId, StepStatus};
use serde_json::json;

fn plan() -> Plan {
    Plan {
        from: "shop".to_owned(),
        tables: vec!["orders_*".to_owned(), "customers".to_owned()],
        except: vec!["orders_test".to_owned()],
        to: "warehouse".to_owned(),
        target: Some("old_*".to_owned()),
        mode: Mode::Truncate,
        settings: Map::from_iter([("parallel".to_owned(), json!(4))]),
        ..Plan::default()
    }
}

fn read(plan: &Plan) -> Workflow {
    let root = model::tree::parse(&document("shop", plan), &model::tree::Limits::default()).unwrap();
    let outline = model::document::read::read(&root);
    assert!(outline.faults.is_empty(), "{:?}", outline.faults);
    outline.workflow
}

#[test]
fn a_migration_is_a_workflow_of_one_step() {
    let workflow = read(&plan());
    assert_eq!((workflow.name.as_str(), workflow.tags.as_slice()), ("shop", ["migration".to_owned()].as_slice()));
    assert_eq!(workflow.steps.len(), 1);
    let with = &workflow.steps[0].with;
    assert_eq!(
        with["from"],
        json!({ "connection": "shop", "table": ["orders_*", "customers"], "except": ["orders_test"] })
    );
    assert_eq!(with["to"], json!({ "connection": "warehouse", "table": "old_*" }));
    assert_eq!(
        (&with["mode"], &with["parallel"], &with["task"]),
        (&json!("truncate"), &json!(4), &json!("${{ inputs.task }}"))
    );
    assert!(!with.contains_key("columns") && !with.contains_key("convert") && !with.contains_key("create"));
    let query = Plan { query: Some("SELECT 1 AS a".to_owned()), tables: Vec::new(), keeps_structure: true, ..plan() };
    let with = &read(&query).steps[0].with;
    assert_eq!((&with["from"]["query"], &with["create"]), (&json!("SELECT 1 AS a"), &json!(false)));
}

fn run(status: RunStatus, step: StepStatus, outputs: Value) -> RunView {
    let started = Utc::now() - Duration::seconds(10);
    let is_over = status.is_final();
    let Value::Object(outputs) = outputs else { panic!("outputs are an object") };
    let metrics = StepMetrics { rows_out: 1_000, rows_rejected: 3, bytes: 80_000, ..StepMetrics::default() };
    let step = StepRun {
        id: StepId::new("migrate").unwrap(),
        status: step,
        attempts: 1,
        outputs,
        metrics,
        error: None,
        started_at: Some(started),
        finished_at: None,
    };
    RunView {
        id: RunId::generate(),
        workflow: model::WorkflowId::generate(),
        version: model::VersionId::generate(),
        status,
        trigger: "manual".to_owned(),
        inputs: Map::new(),
        steps: vec![step],
        error: (status == RunStatus::Failed).then(|| Fault::new(ErrorCode::RowsDiffer, "they differ")),
        created_at: started,
        started_at: (status != RunStatus::Queued).then_some(started),
        finished_at: is_over.then(|| started + Duration::seconds(10)),
    }
}

#[test]
fn a_state_is_told_by_the_words_people_know() {
    let chunks = json!({ "rows_expected": 3_000, "chunks": 6, "chunks_done": 2 });
    let check = |status, step, outputs: &Value, expected: Word| {
        let state = State::of(&run(status, step, outputs.clone()));
        assert_eq!(state.state, expected);
        assert_eq!(json!(state)["state"], format!("{expected:?}").to_uppercase());
        state
    };
    check(RunStatus::Queued, StepStatus::Pending, &json!({}), Word::Pending);
    let running = check(RunStatus::Running, StepStatus::Running, &chunks, Word::Running);
    assert_eq!((running.rows, running.rejected, running.bytes), (1_000, 3, 80_000));
    assert_eq!((running.chunks, running.chunks_done, running.rows_expected), (Some(6), Some(2), Some(3_000)));
    assert!((running.rows_per_second - 100.0).abs() < 10.0, "{}", running.rows_per_second);
    assert!((running.seconds_left.unwrap() - 20.0).abs() < 3.0, "{:?}", running.seconds_left);
    check(RunStatus::Waiting, StepStatus::Running, &chunks, Word::Running);
    let finishing = json!({ "rows_expected": 1_000, "chunks": 6, "chunks_done": 6, "finishing": true });
    check(RunStatus::Running, StepStatus::Running, &finishing, Word::Validating);
    let done = check(RunStatus::Succeeded, StepStatus::Succeeded, &json!({ "tables": { "t": {} } }), Word::Completed);
    assert_eq!((done.seconds_left, done.error), (None, None));
    let failed = check(RunStatus::Failed, StepStatus::Failed, &chunks, Word::Failed);
    assert!(failed.error.unwrap().contains("rows_differ") && failed.seconds_left.is_none());
    check(RunStatus::Canceled, StepStatus::Canceled, &chunks, Word::Cancelled);
}
