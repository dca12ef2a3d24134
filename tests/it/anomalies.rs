//! Anomalies from the step that finds them to the person who settles them, by shell, GraphQL and REST.

use crate::program::{Sluice, root};
use crate::rest::send;
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
        "{ anomalies(first: 2, filter: { states: [OPEN], rule: \"quality.*\", severity: ERROR }) { nodes { id rule scope state count details } } }",
        json!({}),
    );
    let first = &listed["anomalies"]["nodes"][0];
    assert_eq!((listed["anomalies"]["nodes"].as_array().unwrap().len(), &first["state"]), (2, &json!("OPEN")));
    let id = first["id"].as_str().unwrap();
    let last = listed["anomalies"]["nodes"][1]["id"].as_str().unwrap();
    let next = server
        .graphql("query ($after: String) { anomalies(after: $after) { nodes { id } } }", json!({ "after": last }));
    assert_eq!(next["anomalies"]["nodes"].as_array().unwrap().len(), 2);
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
    let rules = server.graphql("{ anomalyRules { rule muted } backups { nodes { id } } }", json!({}));
    assert_eq!(rules, json!({ "anomalyRules": [{ "rule": "inspect.*", "muted": true }], "backups": { "nodes": [] } }));
    let reset = server.graphql("mutation { resetAnomalyRule(rule: \"inspect.*\") }", json!({}));
    assert_eq!(reset["resetAnomalyRule"], true);
}

#[test]
fn graphql_says_what_is_over_and_refuses_what_cannot_be() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    run_market_quality(&sluice);
    let server = TestServer::start(sluice);
    let listed = server.graphql("{ anomalies(filter: { rule: \"quality.a6\" }) { nodes { id lastSeen } } }", json!({}));
    let (id, seen) = (&listed["anomalies"]["nodes"][0]["id"], &listed["anomalies"]["nodes"][0]["lastSeen"]);
    let since = "query ($since: DateTime) { anomalies(filter: { since: $since }) { nodes { id } } }";
    assert_eq!(server.graphql(since, json!({ "since": seen }))["anomalies"]["nodes"].as_array().unwrap().len(), 4);
    let later = server.graphql(since, json!({ "since": "2999-01-01T00:00:00Z" }));
    assert_eq!(later["anomalies"]["nodes"], json!([]));

    let change =
        |verb: &str| format!("mutation ($id: String!) {{ {verb}(id: $id, comment: \"split\") {{ state comment }} }}");
    let over = server.graphql(&change("resolveAnomaly"), json!({ "id": id }));
    assert_eq!(over["resolveAnomaly"], json!({ "state": "RESOLVED", "comment": "split" }));
    let refused = server.graphql_error(&change("acknowledgeAnomaly"), json!({ "id": id }));
    assert_eq!(refused["extensions"]["code"], "invalid_value", "{refused:#}");
    let back = server.graphql(&change("reopenAnomaly"), json!({ "id": id }));
    assert_eq!(back["reopenAnomaly"]["state"], "OPEN");
    assert_eq!(
        server.graphql("query ($id: String!) { anomaly(id: $id) { state } }", json!({ "id": id }))["anomaly"]["state"],
        "OPEN"
    );

    let lost = json!({ "id": "anomaly_00000000000000000000000000000000" });
    for operation in [&change("resolveAnomaly"), "query ($id: String!) { anomaly(id: $id) { id } }"] {
        assert_eq!(server.graphql_error(operation, lost.clone())["extensions"]["code"], "anomaly_not_found");
    }
    let configure = "mutation ($rule: AnomalyRuleInput!) { configureAnomalyRule(rule: $rule) { rule } }";
    for (rule, code) in [
        (json!({ "rule": "qualty.c1" }), "invalid_value"),
        (json!({ "rule": "quality.c1", "thresholds": "[1]" }), "invalid_value"),
        (json!({ "rule": "quality.c1", "thresholds": "{\"share\": -1}" }), "invalid_value"),
        (json!({ "rule": "quality.c1", "dedupeSeconds": -1 }), "invalid_value"),
        (json!({ "rule": "quality.c1", "channels": ["nobody"] }), "channel_not_found"),
    ] {
        let refused = server.graphql_error(configure, json!({ "rule": rule }));
        assert_eq!(refused["extensions"]["code"], code, "{refused:#}");
    }
    let left = server.graphql("mutation { resetAnomalyRule(rule: \"quality.c1\") }", json!({}));
    assert_eq!(left["resetAnomalyRule"], false);
}

#[test]
fn rest_lists_settles_and_configures() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    sluice.call(&["anomaly", "configure", "quality.c1", "--severity", "info"]);
    run_market_quality(&sluice);
    sluice.call(&["anomaly", "configure", "quality.c1", "--reset"]);
    let by_shell = list(&sluice, &["--rule", "quality.a6"]).remove(0);
    let server = TestServer::start(sluice);
    let send = |method: &str, path: &str, body: &Value| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(&server, method, path, "application/json", body.as_bytes())
    };
    let get = |path: &str| send("GET", path, &Value::Null);

    // Pages meet without a gap, and filters hold.
    let (_, first) = get("/api/anomalies?limit=3");
    let (_, second) = get(&format!("/api/anomalies?limit=3&after={}", first["next"].as_str().unwrap()));
    let ids: std::collections::HashSet<&str> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!((ids.len(), &second["next"]), (4, &Value::Null));
    let count = |filter: &str| get(&format!("/api/anomalies?{filter}")).1["items"].as_array().unwrap().len();
    assert_eq!(count("rule=quality.*&connection=history&table=daily_bars&state=open,acknowledged"), 4);
    assert_eq!((count("rule=quality.a6"), count("severity=error"), count("state=resolved")), (1, 3, 0));
    assert_eq!((count("connection=elsewhere"), count("table=ticks"), count("since=2999-01-01T00:00:00Z")), (0, 0, 0));
    assert_eq!(count(&format!("since={}", by_shell["last_seen"].as_str().unwrap())), 4);

    // The same shape as from the shell, but for the fingerprint, which is nobody's business.
    let id = by_shell["id"].as_str().unwrap();
    let (status, mut one) = get(&format!("/api/anomalies/{id}"));
    one["fingerprint"] = by_shell["fingerprint"].clone();
    assert_eq!((status, &one), (200, &by_shell));

    let change = |verb: &str, body: Value| send("POST", &format!("/api/anomalies/{id}/{verb}"), &body);
    let (status, known) = change("acknowledge", json!({ "comment": "the vendor knows" }));
    assert_eq!(status, 200, "{known:#}");
    assert_eq!(
        (&known["state"], &known["comment"], &known["changed_by"]),
        (&json!("acknowledged"), &json!("the vendor knows"), &json!("api"))
    );
    assert_eq!(change("resolve", Value::Null).1["state"], "resolved");
    let (status, refused) = change("acknowledge", Value::Null);
    assert_eq!((status, &refused["code"]), (422, &json!("invalid_value")), "{refused:#}");
    assert_eq!(change("resolve", json!({ "comment": "x".repeat(1_001) })).0, 422);
    assert_eq!(change("reopen", json!({ "comment": null })).1["state"], "open");

    let rule = json!({ "rule": "inspect.connections", "thresholds": { "share": 0.9 }, "severity": "error",
        "muted": false, "channels": ["log"], "dedupe_seconds": 60 });
    assert_eq!(send("PUT", "/api/anomalies/config", &rule), (200, rule.clone()));
    let (_, wide) = send("PUT", "/api/anomalies/config", &json!({ "rule": "*" }));
    assert_eq!((&wide["dedupe_seconds"], &wide["muted"]), (&json!(3600), &json!(false)), "{wide:#}");
    let (_, page) = get("/api/anomalies/config?limit=1");
    assert_eq!((&page["items"][0]["rule"], &page["next"]), (&json!("*"), &json!("*")));
    assert_eq!(get("/api/anomalies/config?after=*").1, json!({ "items": [rule], "next": null }));
    let reset =
        |rule: &str| send("DELETE", &format!("/api/anomalies/config?rule={rule}"), &Value::Null).1["reset"].clone();
    assert_eq!(
        (reset("inspect.connections"), reset("inspect.connections"), reset("*")),
        (json!(true), json!(false), json!(true))
    );
}
