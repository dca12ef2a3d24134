//! Monitors over GraphQL: made, run, listed with their trend, refused.

use crate::databases::sqlite_execute;
use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::{Value, json};

const CREATE: &str = "mutation($input: MonitorInput!) {
    createMonitor(input: $input) { name template description cron enabled last { runId } } }";
const RESULTS: &str = "query($name: String!) {
    monitorResults(name: $name) { nodes { runId status measures value trend passed } } }";

#[test]
fn a_monitor_is_made_run_and_tells_its_trend() {
    let Some(sluice) = Sluice::find() else { return };
    let (left, right) = (sluice.add_sqlite("left"), sluice.add_sqlite("right"));
    for file in [&left, &right] {
        sqlite_execute(
            file,
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        );
    }
    let server = TestServer::start(sluice);
    let side = |connection: &str| json!({ "connection": connection, "table": "t" });
    let input = json!({
        "name": "same", "template": "DATA_DIFF", "left": side("left"), "right": side("right"), "key": ["id"],
        "cron": "0 3 * * *", "timezone": "Asia/Shanghai", "thresholds": ["differences > 1"], "channels": ["log"],
    });
    let made = server.graphql(CREATE, json!({ "input": input }))["createMonitor"].take();
    assert_eq!(
        (&made["name"], &made["template"], &made["cron"], &made["enabled"], &made["last"]),
        (&json!("same"), &json!("DATA_DIFF"), &json!("0 3 * * *"), &json!(true), &Value::Null),
        "{made:#}"
    );
    assert!(made["description"].as_str().unwrap().contains("differences > 1"), "{made:#}");
    let run = || server.wait_run(&server.start_run("same", &json!({})));
    assert_eq!(run()["status"], "SUCCEEDED");
    sqlite_execute(&right, "INSERT INTO t VALUES (3, 'c')");
    run();
    sqlite_execute(&right, "UPDATE t SET v = 'x' WHERE id = 1");
    run();
    let results = server.graphql(RESULTS, json!({ "name": "same" }))["monitorResults"]["nodes"].take();
    let told: Vec<(f64, Option<f64>, bool)> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let number = |name: &str| result[name].as_f64();
            (number("value").unwrap(), number("trend"), result["passed"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(told, [(2.0, Some(1.0), true), (1.0, Some(1.0), false), (0.0, None, false)], "{results:#}");
    let measures: Value = serde_json::from_str(results[0]["measures"].as_str().unwrap()).unwrap();
    assert_eq!((&measures["extra"], &measures["changed"]), (&json!(1), &json!(1)), "{measures:#}");
    let listed = server.graphql("{ monitors { nodes { name last { value passed } } } }", json!({}));
    assert_eq!(listed["monitors"]["nodes"], json!([{ "name": "same", "last": { "value": 2.0, "passed": true } }]));
    let page = "query($after: String) { monitorResults(name: \"same\", first: 1, after: $after) {
        nodes { trend } pageInfo { hasNextPage endCursor } } }";
    let one = server.graphql(page, json!({}))["monitorResults"].take();
    assert_eq!(one["nodes"], json!([{ "trend": 1.0 }]), "a page knows the run before it");
    let next = server.graphql(page, json!({ "after": one["pageInfo"]["endCursor"] }))["monitorResults"].take();
    assert_eq!((&one["pageInfo"]["hasNextPage"], &next["nodes"]), (&json!(true), &json!([{ "trend": 1.0 }])));
}

#[test]
fn monitors_of_one_side_hold_it_to_a_number_and_to_its_columns() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.add_sqlite("shop");
    sqlite_execute(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a')");
    let server = TestServer::start(sluice);
    let side = json!({ "connection": "shop", "table": "t" });
    let rows = json!({ "name": "rows", "template": "ROW_COUNT", "left": side, "thresholds": ["count > 1"] });
    server.graphql(CREATE, json!({ "input": rows }));
    server.graphql(CREATE, json!({ "input": { "name": "columns", "template": "SCHEMA_CHANGE", "left": side } }));
    let last = |name: &str| {
        server.wait_run(&server.start_run(name, &json!({})));
        let results = server.graphql(RESULTS, json!({ "name": name }));
        let result = &results["monitorResults"]["nodes"][0];
        (result["value"].as_f64().unwrap(), result["passed"].as_bool().unwrap())
    };
    assert_eq!((last("rows"), last("columns")), ((1.0, false), (0.0, false)));
    sqlite_execute(&file, "INSERT INTO t VALUES (2, 'b'); ALTER TABLE t ADD COLUMN w INT4");
    assert_eq!((last("rows"), last("columns")), ((2.0, true), (1.0, true)));
}

#[test]
fn a_wrong_monitor_is_refused_and_a_name_is_taken_once() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.add_sqlite("shop");
    sqlite_execute(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let server = TestServer::start(sluice);
    let side = json!({ "connection": "shop", "table": "t" });
    let check = |change: Value, code: &str| {
        let mut input = json!({ "name": "m", "template": "DATA_DIFF", "left": side, "right": side, "key": ["id"] });
        for (key, value) in change.as_object().unwrap() {
            input[key] = value.clone();
        }
        let error = server.graphql_error(CREATE, json!({ "input": input }));
        assert_eq!(error["extensions"]["code"], code, "{error:#}");
    };
    check(json!({ "right": null }), "missing_key");
    check(json!({ "left": { "connection": "shop" } }), "missing_key");
    check(json!({ "left": { "connection": "nowhere", "table": "t" } }), "connection_not_found");
    check(json!({ "thresholds": ["rows > 1"] }), "invalid_value");
    check(json!({ "thresholds": ["differences about 1"] }), "invalid_value");
    check(json!({ "cron": "every day" }), "invalid_schedule");
    check(json!({ "name": "no such name!" }), "invalid_value");
    assert_eq!(
        server.graphql("{ monitors { nodes { name } } }", json!({}))["monitors"]["nodes"],
        json!([]),
        "nothing of it is kept"
    );
    let unknown = server.graphql_error(RESULTS, json!({ "name": "m" }));
    assert_eq!(unknown["extensions"]["code"], "workflow_not_found");
    let input = json!({ "name": "m", "template": "DATA_DIFF", "left": side, "right": side, "key": ["id"] });
    server.graphql(CREATE, json!({ "input": input }));
    check(json!({}), "already_exists");
    let mut again = input;
    again["replace"] = json!(true);
    server.graphql(CREATE, json!({ "input": again }));
    server.save("name: other\nsteps:\n  - { id: a, uses: script, with: { script: \"1\" } }\n");
    let other = server.graphql_error(RESULTS, json!({ "name": "other" }));
    assert_eq!(other["extensions"]["code"], "invalid_value", "a workflow that is no monitor");
}
