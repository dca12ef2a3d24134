//! Each rule at its boundary: rows in, and for every row that is kept out the rule and the reason.
#![allow(clippy::unwrap_used)]

use super::Validate;
use crate::kind::StepKind;
use crate::stand_in::World;
use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use data::Result;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn bars(symbols: &[&str], dates: &[&str], closes: &[Option<f64>], volumes: &[&str]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("symbol", DataType::Utf8, true),
        Field::new("day", DataType::Utf8, true),
        Field::new("close", DataType::Float64, true),
        Field::new("volume", DataType::Utf8, true),
        Field::new("class", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(symbols.to_vec())),
        Arc::new(StringArray::from(dates.to_vec())),
        Arc::new(Float64Array::from(closes.to_vec())),
        Arc::new(StringArray::from(volumes.to_vec())),
        Arc::new(StringArray::from(vec!["market"; symbols.len()])),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// Two batches: a Thursday to the next Tuesday, with a duplicate, a jump, a gap and text in a number.
fn input() -> Vec<RecordBatch> {
    vec![
        bars(
            &["A", "A", "B"],
            &["2024-02-01", "2024-02-02", "2024-02-01"],
            &[Some(10.0), Some(11.0), None],
            &["100", "12x4", "7"],
        ),
        bars(
            &["A", "A", "A"],
            &["2024-02-02", "2024-02-05", "2024-02-08"],
            &[Some(11.0), Some(2.75), Some(12.0)],
            &["100", "200", ""],
        ),
    ]
}

async fn run(rules: Value, lanes: &[(&str, Vec<RecordBatch>)]) -> (World, Result<Map<String, Value>>) {
    let world = World::default();
    let with = json!({ "rules": rules });
    let schema = Validate.info().schema;
    if let Err(error) = jsonschema::validator_for(&schema).unwrap().validate(&with) {
        panic!("{with}: {error}");
    }
    let outputs = world.flow(&Validate, world.context("validate", with), lanes).await;
    (world, outputs)
}

/// The rejected rows as `rule: reason`, and how many passed.
async fn check(rule: Value, expected: &[&str], passed: usize) {
    let (world, outputs) = run(json!([rule]), &[("bars", input())]).await;
    let outputs = outputs.unwrap_or_else(|error| panic!("{rule}: {error}"));
    let sent = world.sent.lock().unwrap();
    let mut found = Vec::new();
    let mut out = 0;
    let mut numbers = Vec::new();
    for (port, batch) in sent.iter() {
        if port == "out" {
            out += batch.records.num_rows();
            numbers.push(batch.sequence);
            continue;
        }
        let reasons = batch.records.column_by_name("_reason").unwrap().as_string::<i32>();
        found.extend(reasons.iter().flatten().map(str::to_owned));
    }
    assert_eq!(found, expected, "{rule}");
    assert_eq!(out, passed, "{rule}");
    assert_eq!(numbers, [0, 1, 2], "each number once and in order: {rule}");
    let is_warning = rule.get("severity").is_some();
    assert_eq!(outputs["rejected"], json!(if is_warning { 0 } else { expected.len() }), "{rule}");
}

#[tokio::test]
async fn rules_on_one_row_name_column_and_value() {
    check(json!({ "name": "r", "expect": "close > 5" }), &["`close > 5` does not hold (close = 2.75)"], 5).await;
    check(json!({ "name": "r", "not_null": "close" }), &["a value is missing (close = null)"], 5).await;
    check(
        json!({ "name": "r", "between": { "column": "close", "min": 5, "max": 11.5 } }),
        &["close is not between 5 and 11.5 (close = 2.75)", "close is not between 5 and 11.5 (close = 12.0)"],
        4,
    )
    .await;
    check(
        json!({ "name": "r", "between": { "column": "day", "max": "2024-02-05" } }),
        &["day is above 2024-02-05 (day = `2024-02-08`)"],
        5,
    )
    .await;
    check(
        json!({ "name": "r", "in": { "column": "symbol", "values": ["A"] } }),
        &["symbol is none of A (symbol = `B`)"],
        5,
    )
    .await;
    check(
        json!({ "name": "r", "in": { "column": "close", "values": [10, 11, 12] } }),
        &["close is none of 10, 11, 12 (close = 2.75)"],
        5,
    )
    .await;
    check(
        json!({ "name": "r", "regex": { "column": "volume", "pattern": "^[0-9]+$" } }),
        &["volume does not match `^[0-9]+$` (volume = `12x4`)", "volume does not match `^[0-9]+$` (volume = ``)"],
        4,
    )
    .await;
}

#[tokio::test]
async fn text_that_is_no_number_is_kept_out_with_its_value() {
    check(
        json!({ "name": "r", "type": { "volume": "int64" } }),
        &["volume is `12x4`, which is not a whole number (int64)", "volume is ``, which is not a whole number (int64)"],
        4,
    )
    .await;
    check(
        json!({ "name": "r", "type": { "close": "int64" } }),
        &["close is 2.75, which is not a whole number (int64)"],
        5,
    )
    .await;
    check(json!({ "name": "r", "type": { "day": "date" } }), &[], 6).await;
}

#[tokio::test]
async fn a_condition_that_cannot_be_computed_breaks_only_its_rows() {
    let (world, outputs) =
        run(json!([{ "name": "r", "expect": "cast(volume as bigint) > 0" }]), &[("bars", input())]).await;
    assert_eq!(outputs.unwrap()["rejected"], json!(2));
    assert_eq!(
        world
            .sent
            .lock()
            .unwrap()
            .iter()
            .filter(|(port, _)| port == "out")
            .map(|(_, b)| b.records.num_rows())
            .sum::<usize>(),
        4
    );
}

#[tokio::test]
async fn duplicates_are_kept_out_across_batches() {
    check(
        json!({ "name": "r", "unique": ["symbol", "day"] }),
        &["symbol = `A`, day = `2024-02-02` was there before"],
        5,
    )
    .await;
}

#[tokio::test]
async fn a_jump_is_measured_against_the_last_accepted_row() {
    check(
        json!({ "name": "r", "jump": { "column": "close", "max_ratio": 2, "key": "symbol", "order_by": "day" } }),
        &["close jumps from 11 to 2.75, by more than 2"],
        5,
    )
    .await;
}

#[tokio::test]
async fn missing_weekdays_are_told_once() {
    check(
        json!({ "name": "r", "no_gap": { "column": "day", "key": "symbol", "calendar": "weekdays" } }),
        &["2 days are missing between 2024-02-05 and 2024-02-08, the first 2024-02-06"],
        5,
    )
    .await;
    check(
        json!({ "name": "r", "no_gap": { "column": "day", "key": "symbol", "calendar": "days", "max_gap": 2 } }),
        &[],
        6,
    )
    .await;
}

#[tokio::test]
async fn a_row_lists_every_rule_it_breaks() {
    let rules = json!([
        { "name": "high", "expect": "close > 5" },
        { "name": "near", "expect": "close > 3" },
        { "name": "hint", "expect": "close > 11", "severity": "warn" },
    ]);
    let (world, outputs) = run(rules, &[("bars", input())]).await;
    let outputs = outputs.unwrap();
    assert_eq!(outputs["rules"], json!({ "high": 1, "near": 1, "hint": 4 }));
    assert_eq!(outputs["warnings"], json!(4));
    let sent = world.sent.lock().unwrap();
    let (_, rejected) = sent.iter().find(|(port, batch)| port == "rejected" && batch.records.num_rows() > 0).unwrap();
    assert_eq!(rejected.records.column_by_name("_rule").unwrap().as_string::<i32>().value(0), "high; near");
}

#[tokio::test]
async fn a_rule_for_a_class_lets_other_lanes_pass() {
    let schema =
        Schema::new(vec![Field::new("code", DataType::Int64, true), Field::new("class", DataType::Utf8, true)]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(vec![1])), Arc::new(StringArray::from(vec!["reference"]))];
    let airports = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let rules = json!([
        { "name": "a", "class": "market", "expect": "close > 5" },
        { "name": "b", "class": "market", "unique": ["symbol", "day"] },
        { "name": "c", "class": "market", "type": { "volume": "int64" } },
    ]);
    let (world, outputs) = run(rules, &[("airports", vec![airports]), ("bars", input())]).await;
    assert_eq!(outputs.unwrap()["rejected"], json!(4));
    let sent = world.sent.lock().unwrap();
    let passed = sent.iter().filter(|(port, batch)| port == "out" && batch.lane.as_str() == "airports");
    assert_eq!(passed.map(|(_, batch)| batch.records.num_rows()).sum::<usize>(), 1);
}

#[tokio::test]
async fn too_few_or_too_old_rows_fail_the_step() {
    for (rule, message) in [
        (json!({ "name": "r", "row_count": { "min": 10 } }), "6 rows came, fewer than 10"),
        (json!({ "name": "r", "row_count": { "max": 5 } }), "6 rows came, more than 5"),
        (json!({ "name": "r", "freshness": { "column": "day", "max_age": "2d" } }), "older than 2d"),
        (json!({ "name": "r", "expect": "clsoe > 1" }), "no column `clsoe`"),
        (json!({ "name": "r", "unique": "symbl" }), "`symbl`, which the rows lack"),
    ] {
        let (_, outputs) = run(json!([rule]), &[("bars", input())]).await;
        let error = outputs.unwrap_err();
        assert!(error.fault.message.contains(message), "{rule}: {error}");
    }
}

#[test]
fn rules_that_make_no_sense_are_refused_by_the_checker() {
    for (rule, path, message) in [
        (json!({ "name": "r" }), "with.rules.0", "tests nothing"),
        (json!({ "name": "r", "expect": "true", "not_null": "a" }), "with.rules.0", "several tests"),
        (json!({ "name": "r", "expect": "a >" }), "with.rules.0.expect", "not valid SQL"),
        (
            json!({ "name": "r", "regex": { "column": "a", "pattern": "(" } }),
            "with.rules.0.regex.pattern",
            "does not parse",
        ),
        (json!({ "name": "r", "type": { "a": "integer" } }), "with.rules.0.type.a", "no type"),
        (json!({ "name": "r", "between": { "column": "a" } }), "with.rules.0.between", "neither"),
        (
            json!({ "name": "r", "jump": { "column": "a", "max_ratio": 0.5 } }),
            "with.rules.0.jump.max_ratio",
            "not above 1",
        ),
        (json!({ "name": "r", "row_count": { "min": 3, "max": 2 } }), "with.rules.0.row_count", "more than"),
        (
            json!({ "name": "r", "freshness": { "column": "a", "max_age": "old" } }),
            "with.rules.0.freshness.max_age",
            "no duration",
        ),
    ] {
        let with = json!({ "rules": [rule] });
        let faults = Validate.check(with.as_object().unwrap());
        assert_eq!(faults.len(), 1, "{rule}: {faults:?}");
        assert_eq!(faults[0].path.as_deref(), Some(path));
        assert!(faults[0].message.contains(message), "{}", faults[0].message);
        assert!(faults[0].hint.is_some());
    }
}
