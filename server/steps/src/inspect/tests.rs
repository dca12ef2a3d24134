#![allow(clippy::unwrap_used)]

mod stores;

use super::*;
use crate::stand_in::World;
use arrow::array::AsArray;
use data::inspection::{ConnectionLoad, IndexUse, PoolLoad, RunningStatement, SlowStatement, TableSize};
use model::anomaly::AnomalyRule;
use serde_json::Map;

fn well() -> Inspection {
    Inspection {
        version: "Stand-in 1".to_owned(),
        connections: Some(ConnectionLoad { open: 10, active: 2, limit: Some(100) }),
        pool: Some(PoolLoad { open: 4, busy: 1, limit: 8 }),
        tables: vec![TableSize { table: "bars".to_owned(), rows: Some(5), data_bytes: Some(100), index_bytes: None }],
        indexes: vec![index("bars_by_day", Some(7), 1 << 30), index("bars_pkey", Some(0), 1 << 30)],
        slow_statements: vec![SlowStatement {
            statement: "select 1".to_owned(),
            calls: 3,
            total_ms: 30.0,
            mean_ms: 10.0,
        }],
        running: vec![],
        disk_bytes: Some(1_000),
        figures: vec![("cache_hit_ratio".to_owned(), 0.99)],
        unavailable: vec!["slow statements: install pg_stat_statements".to_owned()],
    }
}

fn index(name: &str, scans: Option<u64>, bytes: u64) -> IndexUse {
    IndexUse { table: "bars".to_owned(), index: name.to_owned(), scans, bytes: Some(bytes), duplicate_of: None }
}

fn world(found: Inspection) -> World {
    World { inspection: Some(found), ..World::default() }
}

/// Inspects `found`, and tells the rules that it breaks.
async fn check(found: Inspection, thresholds: Value, expected: &[&str]) {
    let world = world(found);
    let report = world.act(&Inspect, json!({ "connection": "store", "thresholds": thresholds })).await.unwrap();
    let observed = world.watch.observations();
    let rules: Vec<&str> = observed[0].findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, expected);
    assert_eq!(report.outputs["findings"], expected.len());
    assert!(rules.iter().all(|rule| judge::RULES.contains(rule)));
}

#[tokio::test]
async fn each_threshold_has_its_finding() {
    check(well(), json!({}), &[]).await;
    let load = |open| Some(ConnectionLoad { open, active: 1, limit: Some(100) });
    check(Inspection { connections: load(81), ..well() }, json!({}), &["inspect.connections"]).await;
    check(Inspection { connections: load(80), ..well() }, json!({}), &[]).await;
    check(Inspection { connections: load(81), ..well() }, json!({ "connections": 0.9 }), &[]).await;
    let unlimited = Some(ConnectionLoad { open: 81, active: 1, limit: None });
    check(Inspection { connections: unlimited, ..well() }, json!({}), &[]).await;
    let pool = Some(PoolLoad { open: 8, busy: 8, limit: 8 });
    check(Inspection { pool, ..well() }, json!({}), &["inspect.pool"]).await;
    check(well(), json!({ "slow_ms": 9 }), &["inspect.slow_statement"]).await;
    check(well(), json!({ "disk_bytes": 999 }), &["inspect.disk_bytes"]).await;
    let mut found = well();
    found.figures.push(("damages".to_owned(), 2.0));
    check(found, json!({}), &["inspect.damaged"]).await;
    let mut found = well();
    found.indexes.push(index("lonely", Some(0), 1 << 30));
    found.indexes.push(index("small", Some(0), 10));
    found.indexes.push(index("unknown", None, 1 << 30));
    check(found, json!({}), &["inspect.unused_index"]).await;
    let mut found = well();
    found.indexes.push(IndexUse { duplicate_of: Some("bars_by_day".to_owned()), ..index("twin", Some(0), 1 << 30) });
    check(found, json!({}), &["inspect.duplicate_index"]).await;
    let running = |for_ms, blocked_by: &[&str]| RunningStatement {
        session: "77".to_owned(),
        user: "ann".to_owned(),
        for_ms,
        blocked_by: blocked_by.iter().map(|id| (*id).to_owned()).collect(),
        statement: "update bars\n set x = 1".to_owned(),
    };
    check(Inspection { running: vec![running(300_001, &[])], ..well() }, json!({}), &["inspect.running"]).await;
    check(Inspection { running: vec![running(5, &["78"])], ..well() }, json!({}), &["inspect.blocked"]).await;
}

#[tokio::test]
async fn growth_is_measured_against_the_inspection_before() {
    let mut world = world(well());
    world.act(&Inspect, json!({ "connection": "store" })).await.unwrap();
    world.inspection = Some(Inspection { disk_bytes: Some(1_201), ..well() });
    world.act(&Inspect, json!({ "connection": "store" })).await.unwrap();
    world.act(&Inspect, json!({ "connection": "store" })).await.unwrap();
    let counts: Vec<_> = world.watch.observations().iter().map(|seen| seen.findings.len()).collect();
    assert_eq!(counts, [0, 1, 0]);
}

#[tokio::test]
async fn what_people_set_for_a_rule_replaces_the_default_only() {
    let world = world(Inspection { disk_bytes: Some(5), ..well() });
    let thresholds = Map::from_iter([("mean_ms".to_owned(), json!(5))]);
    world.watch.set_rule(AnomalyRule { thresholds, ..AnomalyRule::named("inspect.*") });
    let report = world.act(&Inspect, json!({ "connection": "store" })).await.unwrap();
    assert_eq!(report.outputs["findings"], 1);
    let own = json!({ "connection": "store", "thresholds": { "slow_ms": 50 } });
    assert_eq!(world.act(&Inspect, own).await.unwrap().outputs["findings"], 0);
}

#[tokio::test]
async fn all_of_it_leaves_as_outputs_and_rows() {
    let mut found = well();
    found.tables = (0..300).map(|n| TableSize { table: format!("t{n}"), ..found.tables[0].clone() }).collect();
    let world = world(found);
    let report = world.act(&Inspect, json!({ "connection": "store" })).await.unwrap();
    assert_eq!(report.outputs["version"], "Stand-in 1");
    assert_eq!(report.outputs["connections"], json!({ "open": 10, "active": 2, "limit": 100 }));
    assert_eq!(report.outputs["tables"].as_array().unwrap().len(), SHOWN);
    assert_eq!(report.outputs["figures"], json!({ "cache_hit_ratio": 0.99 }));
    let sent = world.sent.lock().unwrap();
    let rows: Vec<_> = sent.iter().map(|(port, batch)| (port.as_str(), batch.records.num_rows())).collect();
    assert_eq!(rows, [("tables", 300), ("indexes", 2), ("statements", 1)]);
    assert_eq!(sent[0].1.records.column(0).as_string::<i32>().value(299), "t299");
}

#[tokio::test]
async fn new_anomalies_are_told_once() {
    let world =
        world(Inspection { connections: Some(ConnectionLoad { open: 99, active: 1, limit: Some(100) }), ..well() });
    let with = json!({ "connection": "store", "channels": ["ops", "log"] });
    for _ in 0..3 {
        world.act(&Inspect, with.clone()).await.unwrap();
    }
    let titles: Vec<_> = world.delivered.lock().unwrap().iter().map(|alert| alert.title.clone()).collect();
    assert_eq!(titles, ["99 of 100 connections are open"]);
    let quiet = json!({ "connection": "store", "channels": ["ops"], "anomalies": false });
    let before = world.watch.observations().len();
    world.act(&Inspect, quiet).await.unwrap();
    assert_eq!(world.watch.observations().len(), before);
}

#[tokio::test]
async fn a_channel_that_fails_leaves_the_step_well() {
    let world =
        world(Inspection { connections: Some(ConnectionLoad { open: 99, active: 1, limit: Some(100) }), ..well() });
    world.act(&Inspect, json!({ "connection": "store", "channels": ["busy", "nobody"] })).await.unwrap();
    let lines = world.lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("channel `busy` did not take the alert")), "{lines:?}");
}

#[tokio::test]
async fn wrong_settings_and_systems_are_refused() {
    let check = async |world: &World, with: Value, expected: &str| {
        let error = world.act(&Inspect, with).await.map(|report| report.outputs).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let whole = world(well());
    for wrong in
        [json!({ "connections": 2 }), json!({ "slow_ms": -1 }), json!({ "slow_ms": "1s" }), json!({ "slo": 1 })]
    {
        check(&whole, json!({ "connection": "store", "thresholds": wrong }), "").await;
    }
    check(&whole, json!({ "connection": "nowhere" }), "`nowhere`").await;
    check(&World::default(), json!({ "connection": "store" }), "cannot be inspected").await;
}

#[test]
fn every_rule_can_be_set_by_its_name() {
    let known: Vec<&str> = model::anomaly::rules_named("inspect.*").map(|(name, _)| *name).collect();
    assert_eq!(known, judge::RULES);
}
