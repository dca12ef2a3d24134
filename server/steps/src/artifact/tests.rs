#![allow(clippy::unwrap_used)]

use super::*;
use crate::stand_in::World;
use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use engine::ports::Artifacts as _;
use std::sync::Arc;

fn rows(from: i64, count: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + count));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(|_| "=cmd()")));
    RecordBatch::try_from_iter([("id", ids), ("text", texts)]).unwrap()
}

/// Keeps the batches and tells the outputs, and what was kept.
async fn keep(with: Value, lanes: &[(&str, Vec<RecordBatch>)]) -> Result<(Map<String, Value>, Artifact, Vec<u8>)> {
    let world = World::default();
    let context = world.context("artifact", with);
    let run = context.run;
    let outputs = world.flow(&ArtifactStep, context, lanes).await?;
    let listed = world.artifacts.list_artifacts(run).await.unwrap();
    assert_eq!(listed.len(), 1);
    let (known, content) = world.artifacts.find_artifact(run, &listed[0].name).await.unwrap().unwrap();
    Ok((outputs, known, content))
}

#[tokio::test]
async fn rows_of_all_lanes_become_one_file_that_runs_no_formula() {
    let lanes = [("a", vec![rows(1, 2), rows(3, 1)]), ("b", vec![rows(4, 1)])];
    let (outputs, known, content) = keep(json!({ "name": "all.csv" }), &lanes).await.unwrap();
    let text = String::from_utf8(content.clone()).unwrap();
    assert_eq!(text, "id,text\n1,\"'=cmd()\"\n2,\"'=cmd()\"\n3,\"'=cmd()\"\n4,\"'=cmd()\"\n");
    assert_eq!((known.rows, known.bytes, known.step.as_str()), (4, content.len() as u64, "tried"));
    assert_eq!(known.media_type, "text/csv; charset=utf-8; header=present");
    assert_eq!(known.digest, hex::encode(Sha256::digest(&content)));
    assert_eq!(Value::from(outputs), json!({ "name": "all.csv", "rows": 4, "left_out": 0, "bytes": content.len() }));
}

#[tokio::test]
async fn the_name_or_the_settings_say_the_format() {
    for (with, begin) in [
        (json!({ "name": "a.JSON" }), "[\n{\"id\":1,"),
        (json!({ "name": "a.ndjson" }), "{\"id\":1,"),
        (json!({ "name": "a.txt", "format": "jsonl" }), "{\"id\":1,"),
        (json!({ "name": "a.csv", "spreadsheet": false }), "id,text\n1,=cmd()"),
        (json!({ "name": "a.parquet" }), "PAR1"),
    ] {
        let (_, _, content) = keep(with.clone(), &[("a", vec![rows(1, 1)])]).await.unwrap();
        assert!(content.starts_with(begin.as_bytes()), "{with}: {:?}", String::from_utf8_lossy(&content));
    }
}

#[tokio::test]
async fn rows_beyond_the_limit_are_counted_and_left_out() {
    let lanes = [("a", vec![rows(1, 3), rows(4, 3), rows(7, 3)])];
    let (outputs, known, content) = keep(json!({ "name": "a.jsonl", "rows": 4 }), &lanes).await.unwrap();
    assert_eq!((content.iter().filter(|byte| **byte == b'\n').count(), known.rows), (4, 4));
    assert_eq!((&outputs["rows"], &outputs["left_out"]), (&json!(4), &json!(5)));
}

#[tokio::test]
async fn no_rows_make_a_file_with_a_header() {
    let (_, known, content) = keep(json!({ "name": "a.csv" }), &[("a", vec![rows(1, 0)])]).await.unwrap();
    assert_eq!((known.rows, content.as_slice()), (0, b"id,text\n".as_slice()));
    let (_, _, content) = keep(json!({ "name": "a.json" }), &[]).await.unwrap();
    assert_eq!(content, b"[\n]\n");
}

#[tokio::test]
async fn a_file_that_grows_too_large_fails_and_keeps_nothing() {
    let text: ArrayRef = Arc::new(StringArray::from_iter_values((0..100).map(|_| "x".repeat(100_000))));
    let large = RecordBatch::try_from_iter([("text", text)]).unwrap();
    let world = World::default();
    let context = world.context("artifact", json!({ "name": "large.csv" }));
    let run = context.run;
    let lanes = [("a", vec![large.clone(), large.clone(), large.clone()])];
    let error = world.flow(&ArtifactStep, context, &lanes).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ArtifactTooLarge);
    assert_eq!(world.artifacts.list_artifacts(run).await.unwrap(), []);
    // Fewer rows of them do fit.
    assert!(keep(json!({ "name": "large.csv", "rows": 150 }), &lanes).await.is_ok());
}

#[tokio::test]
async fn lanes_of_different_columns_become_one_file_of_all_of_them() {
    let line: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let id: ArrayRef = Arc::new(StringArray::from(vec!["x1"]));
    let other = RecordBatch::try_from_iter([("_line", line), ("id", id)]).unwrap();
    // A batch without rows comes at any time.
    let lanes = [("a", vec![rows(1, 1), rows(2, 0), rows(2, 1)]), ("b", vec![other.slice(0, 0), other])];
    let (_, _, content) = keep(json!({ "name": "a.csv", "spreadsheet": false }), &lanes).await.unwrap();
    assert_eq!(String::from_utf8(content).unwrap(), "id,text,_line\n1,=cmd(),\n2,=cmd(),\nx1,,7\n");
    // Two columns of one name stay two.
    let number = |n: i64| Arc::new(Int64Array::from(vec![n])) as ArrayRef;
    let twice = RecordBatch::try_from_iter([("id", number(1)), ("id", number(2))]).unwrap();
    let (_, _, content) = keep(json!({ "name": "a.jsonl" }), &[("a", vec![twice])]).await.unwrap();
    assert_eq!(String::from_utf8(content).unwrap(), "{\"id\":1,\"id_2\":2}\n");
}

#[tokio::test]
async fn columns_that_come_after_the_first_rows_are_refused() {
    let world = World::default();
    let Opened::Flow(mut flow) =
        ArtifactStep.open(world.context("artifact", json!({ "name": "a.csv" }))).await.unwrap()
    else {
        panic!()
    };
    let mut port = world.clone();
    let late: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let late = RecordBatch::try_from_iter([("late", late)]).unwrap();
    let mut last = Ok(());
    for (lane, records) in [("a", rows(1, 0)), ("a", rows(1, 1)), ("b", late.slice(0, 0))] {
        assert!(last.is_ok());
        let batch = Batch { lane: data::Lane::new(lane), sequence: 0, checkpoint: None, records };
        last = flow.process(batch, &mut Outputs::new(&mut port)).await;
    }
    assert!(last.unwrap_err().fault.message.contains("further columns"));
}

#[tokio::test]
async fn names_and_formats_that_will_not_do_are_told_before_a_run() {
    for (with, path) in [
        (json!({ "name": "../a.csv" }), "with.name"),
        (json!({ "name": "a" }), "with.name"),
        (json!({ "name": "a.xlsx" }), "with.name"),
    ] {
        let faults = ArtifactStep.check(with.as_object().unwrap());
        assert_eq!(faults.iter().map(|fault| fault.path.as_deref().unwrap()).collect::<Vec<_>>(), [path], "{with}");
    }
    for with in [
        json!({ "name": "${{ inputs.name }}" }),
        json!({ "name": "日线.csv" }),
        json!({ "name": "a", "format": "csv" }),
    ] {
        assert_eq!(ArtifactStep.check(with.as_object().unwrap()), [], "{with}");
    }
    // What an expression gave is held against the same.
    let error = keep(json!({ "name": "a/b.csv" }), &[]).await.unwrap_err();
    assert_eq!(error.fault.path.as_deref(), Some("steps.tried.with.name"));
}
