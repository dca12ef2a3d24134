//! Anomalies from the step that finds them to the person who settles them, by shell and by GraphQL.

use crate::program::{Sluice, root};
use crate::server::TestServer;
use serde_json::{Value, json};
use std::fs;

/// The ready-made workflow with its four faults, run in a folder of its own.
fn run_market_quality(sluice: &Sluice) -> Value {
    let folder = root().join("workflows/market-quality");
    for name in ["workflow.yaml", "bars.csv", "calendar.csv"] {
        fs::copy(folder.join(name), sluice.folder.path().join(name)).unwrap();
    }
    sluice.run(&sluice.folder.path().join("workflow.yaml"), &[])
}

fn list(sluice: &Sluice, more: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["anomaly", "list", "--json"].iter().chain(more).copied().collect();
    serde_json::from_str(&sluice.call(&arguments)).unwrap()
}

fn checked(run: &Value) -> Value {
    run["steps"].as_array().unwrap().iter().find(|step| step["id"] == "checked").unwrap()["outputs"].clone()
}

#[test]
fn what_a_run_finds_is_listed_once_acknowledged_and_resolved_when_it_is_gone() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.add_sqlite("history");
    assert_eq!(checked(&run_market_quality(&sluice))["anomalies"]["new"], 4);
    let again = checked(&run_market_quality(&sluice));
    assert_eq!(
        (&again["anomalies"]["new"], &again["anomalies"]["known"], &again["anomalies"]["alerted"]),
        (&json!(0), &json!(4), &json!(0))
    );
    let open = list(&sluice, &[]);
    assert_eq!(open.len(), 4);
    assert!(open.iter().all(|anomaly| anomaly["count"] == 2 && anomaly["table"] == "daily_bars"));
    assert_eq!(list(&sluice, &["--rule", "quality.a6"])[0]["scope"], "688001.SH");

    let slipped = list(&sluice, &["--rule", "quality.a6"])[0]["id"].as_str().unwrap().to_owned();
    sluice.call(&["anomaly", "acknowledge", &slipped, "--comment", "the vendor knows"]);
    assert_eq!(list(&sluice, &[]).len(), 3);
    assert_eq!(list(&sluice, &["--state", "acknowledged"])[0]["comment"], "the vendor knows");

    // The row on a Saturday goes, and so does its anomaly.
    let database = rusqlite::Connection::open(&file).unwrap();
    assert_eq!(database.execute("DELETE FROM daily_bars WHERE trade_date = '2024-01-13'", []).unwrap(), 1);
    drop(database);
    let text = fs::read_to_string(sluice.folder.path().join("workflow.yaml")).unwrap();
    let only_check = text.replace("    needs: [stored]\n", "").replace("  - id: stored\n    uses: write\n    from: bars\n    with: { connection: history, table: daily_bars, mode: upsert, key: [symbol, trade_date] }\n", "");
    let document = sluice.folder.path().join("check.yaml");
    fs::write(&document, only_check).unwrap();
    let after = checked(&sluice.run(&document, &[]));
    assert_eq!((&after["anomalies"]["resolved"], &after["anomalies"]["known"]), (&json!(1), &json!(3)));
    assert_eq!(list(&sluice, &["--state", "resolved"])[0]["rule"], "quality.c2");
    sluice.call(&["anomaly", "resolve", &slipped]);
    sluice.call(&["anomaly", "reopen", &slipped]);
    assert_eq!(list(&sluice, &["--all"]).len(), 4);
}

#[test]
fn rules_mute_and_raise_what_runs_find() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    sluice.call(&["anomaly", "configure", "quality.a6", "--mute"]);
    sluice.call(&["anomaly", "configure", "quality.c1", "--severity", "info", "--channel", "log", "--dedupe", "6h"]);
    let rules: Value = serde_json::from_str(&sluice.call(&["anomaly", "rules", "--json"])).unwrap();
    assert_eq!(rules[1]["rule"], "quality.c1");
    assert_eq!(rules[1]["dedupe_seconds"], 6 * 3600);
    let outputs = checked(&run_market_quality(&sluice));
    assert_eq!((&outputs["anomalies"]["new"], &outputs["anomalies"]["muted"]), (&json!(3), &json!(1)));
    assert_eq!(list(&sluice, &["--severity", "error"]).len(), 2);
    sluice.call(&["anomaly", "configure", "quality.a6", "--reset"]);
    for wrong in [
        &["anomaly", "configure", "qualty.c1", "--mute"][..],
        &["anomaly", "configure", "quality.c1", "--threshold", "threshold=much"],
        &["anomaly", "configure", "quality.c1", "--channel", "nobody"],
        &["anomaly", "acknowledge", "anomaly_1"],
        &["anomaly", "acknowledge", "anomaly_00000000000000000000000000000000"],
    ] {
        assert_eq!(sluice.command().args(wrong).output().unwrap().status.code(), Some(1), "{wrong:?}");
    }
}

#[test]
fn graphql_lists_changes_and_configures() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    run_market_quality(&sluice);
    let server = TestServer::start(sluice);
    let listed = server.graphql(
        "{ anomalies(first: 2, filter: { states: [OPEN], rule: \"quality.*\", severity: ERROR }) { id rule scope state count details } }",
        json!({}),
    );
    let first = &listed["anomalies"][0];
    assert_eq!((listed["anomalies"].as_array().unwrap().len(), &first["state"]), (2, &json!("OPEN")));
    let id = first["id"].as_str().unwrap();
    let last = listed["anomalies"][1]["id"].as_str().unwrap();
    let next = server.graphql("query ($after: String) { anomalies(after: $after) { id } }", json!({ "after": last }));
    assert_eq!(next["anomalies"].as_array().unwrap().len(), 2);
    let changed = server.graphql(
        "mutation ($id: String!) { acknowledgeAnomaly(id: $id, comment: \"known\") { state comment changedBy } }",
        json!({ "id": id }),
    );
    assert_eq!(
        changed["acknowledgeAnomaly"],
        json!({ "state": "ACKNOWLEDGED", "comment": "known", "changedBy": "api" })
    );
    let set = server.graphql(
        "mutation { configureAnomalyRule(rule: { rule: \"inspect.*\", thresholds: \"{\\\"share\\\": 0.5}\", muted: true }) { rule thresholds muted dedupeSeconds } }",
        json!({}),
    );
    assert_eq!(set["configureAnomalyRule"]["thresholds"], "{\"share\":0.5}");
    let rules = server.graphql("{ anomalyRules { rule muted } backups { id } }", json!({}));
    assert_eq!(rules, json!({ "anomalyRules": [{ "rule": "inspect.*", "muted": true }], "backups": [] }));
    let reset = server.graphql("mutation { resetAnomalyRule(rule: \"inspect.*\") }", json!({}));
    assert_eq!(reset["resetAnomalyRule"], true);
}
