//! Migrations and comparisons over GraphQL: the look, saving, running, following, canceling, resuming, proving, leafing.

use super::{assert_same, fill};
use crate::databases::{Postgres, sqlite_execute};
use crate::program::Sluice;
use crate::server::{TestServer, step, wait_for};
use serde_json::{Value, json};

fn opened(what: &str) -> Option<(TestServer, std::path::PathBuf, Postgres)> {
    let sluice = Sluice::find()?;
    let target = Postgres::create(what)?;
    let source = sluice.add_sqlite("source");
    sluice.call(&["connection", "add", "target", &target.url]);
    Some((TestServer::start(sluice), source, target))
}

const LOOK: &str = "query($input: MigrationInput!, $full: Boolean) { migrationLook(input: $input, full: $full) {
    hasMore leftOut { kind name table message }
    tables { source target exists rowEstimate notes statements sample
        columns { target targetType source sourceType } hazards { column kind rows message isLoss hint }
        error { code message } } } }";
const PROGRESS: &str = "query($name: String!) { migration(name: $name) { name description settings progress {
    runId state rows rowsExpected rejected bytes chunks chunksDone seconds rowsPerSecond secondsLeft error tables } } }";

#[test]
fn a_look_tells_tables_columns_hazards_and_what_is_left_out() {
    let Some((server, source, target)) = opened("a look over GraphQL") else { return };
    fill(&source, 10);
    sqlite_execute(&source, "CREATE VIEW dear AS SELECT * FROM orders WHERE price > 100");
    sqlite_execute(&source, "CREATE TRIGGER noted AFTER INSERT ON orders BEGIN SELECT 1; END");
    sqlite_execute(&source, "CREATE TABLE clash (id INTEGER PRIMARY KEY, v TEXT)");
    sqlite_execute(&source, "UPDATE orders SET name = 'a' || char(0) WHERE id = 3");
    target.execute("CREATE TABLE clash (id bigint PRIMARY KEY)");
    let look = |input: Value, full: bool| {
        server.graphql(LOOK, json!({ "input": input, "full": full }))["migrationLook"].take()
    };
    let all = look(json!({ "from": "source", "to": "target", "tables": ["*"] }), true);
    let tables = all["tables"].as_array().unwrap();
    let table = |name: &str| tables.iter().find(|table| table["source"] == name).unwrap();
    let orders = table("orders");
    assert_eq!(
        (&orders["target"], &orders["exists"], &orders["error"]),
        (&json!("orders"), &json!(false), &Value::Null)
    );
    let amount = orders["columns"].as_array().unwrap().iter().find(|column| column["target"] == "amount").unwrap();
    let expected = json!({ "target": "amount", "targetType": "integer", "source": "amount", "sourceType": "INT4" });
    assert_eq!(*amount, expected);
    assert!(orders["statements"][0].as_str().unwrap().starts_with("CREATE TABLE"), "{orders:#}");
    let hazard = orders["hazards"].as_array().unwrap().iter().find(|hazard| hazard["kind"] == "nul").unwrap();
    assert_eq!((&hazard["column"], &hazard["rows"], &hazard["isLoss"]), (&json!("name"), &json!(1.0), &json!(true)));
    let first: Value = serde_json::from_str(orders["sample"][0].as_str().unwrap()).unwrap();
    assert_eq!(first["name"], "Köln 1");
    assert_eq!(table("clash")["error"]["code"], "column_not_found", "one table's fault hides no other");
    let left_out: Vec<&str> =
        all["leftOut"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(left_out, ["noted", "dear"], "{all:#}");
    assert_eq!(target.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), Some(1), "nothing is made");
    // A mapping of one table.
    let columns = json!([{ "target": "title", "from": "name" }, { "target": "origin", "value": "\"shop\"", "nativeType": "text" }]);
    let mapped =
        json!({ "from": "source", "to": "target", "tables": ["orders"], "target": "sales", "columns": columns });
    let mapped = look(mapped, false)["tables"][0].take();
    let names: Vec<&str> =
        mapped["columns"].as_array().unwrap().iter().map(|one| one["target"].as_str().unwrap()).collect();
    assert_eq!(names, ["id", "amount", "title", "price", "at", "origin"], "{mapped:#}");
    let first: Value = serde_json::from_str(mapped["sample"][0].as_str().unwrap()).unwrap();
    assert_eq!((&first["title"], &first["origin"]), (&json!("Köln 1"), &json!("shop")));
    let refused = |input: Value, code: &str| {
        assert_eq!(server.graphql_error(LOOK, json!({ "input": input }))["extensions"]["code"], code);
    };
    refused(json!({ "from": "nowhere", "to": "target", "tables": ["*"] }), "connection_not_found");
    refused(json!({ "from": "source", "to": "target", "tables": ["x_*"] }), "table_not_found");
    refused(json!({ "from": "source", "to": "target", "tables": ["orders"], "settings": "[1]" }), "invalid_value");
}

#[test]
fn a_migration_is_made_followed_canceled_resumed_and_proven() {
    let Some((server, source, target)) = opened("a migration over GraphQL") else { return };
    fill(&source, 60_000);
    let create = "mutation($input: MigrationInput!, $replace: Boolean) {
        createMigration(name: \"shop\", input: $input, replace: $replace) { name description settings progress { state } } }";
    let settings = json!({ "chunk_rows": 10_000, "parallel": 2, "rate_limit": 30_000, "validate": "diff" }).to_string();
    let input = json!({ "from": "source", "to": "target", "tables": ["orders"], "settings": settings });
    let made = server.graphql(create, json!({ "input": input }))["createMigration"].take();
    assert_eq!((&made["name"], &made["progress"]), (&json!("shop"), &Value::Null), "{made:#}");
    let taken = server.graphql_error(create, json!({ "input": input }));
    assert_eq!(taken["extensions"]["code"], "already_exists");
    let wrong = json!({ "from": "source", "to": "target", "tables": ["orders"], "settings": "{\"paralel\": 2}" });
    let wrong = server.graphql_error(create, json!({ "input": wrong, "replace": true }));
    assert_eq!(wrong["extensions"]["code"], "unknown_key", "{wrong:#}");
    let none = server.graphql_error("mutation { resumeMigration(name: \"shop\") { name } }", json!({}));
    assert_eq!(none["extensions"]["code"], "run_not_found");

    let progress = || server.graphql(PROGRESS, json!({ "name": "shop" }))["migration"]["progress"].take();
    let start = "mutation { startMigration(name: \"shop\") { id } }";
    let run = server.graphql(start, json!({}))["startMigration"]["id"].as_str().unwrap().to_owned();
    assert_eq!(progress()["runId"], run.as_str());
    let twice = server.graphql_error(start, json!({}));
    assert_eq!(twice["extensions"]["code"], "run_state_conflict", "two would write the same rows");
    wait_for("a chunk's rows", || progress()["rows"].as_f64().unwrap() > 0.0);
    let running = progress();
    assert_eq!((&running["state"], &running["rowsExpected"]), (&json!("RUNNING"), &json!(60_000.0)), "{running:#}");
    assert!(running["bytes"].as_f64().unwrap() > 0.0 && running["secondsLeft"].as_f64().is_some(), "{running:#}");
    assert!(running["chunks"].as_f64().unwrap() > running["chunksDone"].as_f64().unwrap(), "{running:#}");
    let canceled = server.graphql("mutation { cancelMigration(name: \"shop\") { progress { state } } }", json!({}));
    assert_eq!(canceled["cancelMigration"]["progress"]["state"], "CANCELLED");
    server.wait_run(&run);
    let kept = progress()["rows"].as_f64().unwrap();
    assert!(kept > 0.0 && kept < 60_000.0, "what was copied stays: {kept}");
    let resumed = server.graphql("mutation { resumeMigration(name: \"shop\") { progress { state } } }", json!({}));
    assert_eq!(resumed["resumeMigration"]["progress"]["state"], "RUNNING");
    let view = server.wait_run(&run);
    assert_eq!(view["status"], "SUCCEEDED", "{view:#}");
    let done = progress();
    assert_eq!(
        (&done["state"], &done["rows"], &done["secondsLeft"]),
        (&json!("COMPLETED"), &json!(60_000.0), &Value::Null)
    );
    let tables: Value = serde_json::from_str(done["tables"].as_str().unwrap()).unwrap();
    assert_eq!(tables["orders"]["validation"]["verdict"], "equal", "{tables:#}");
    assert_same(&source, &target);

    let validate = || {
        let told = server.graphql("mutation { validateMigration(name: \"shop\") { id } }", json!({}));
        server.wait_run(told["validateMigration"]["id"].as_str().unwrap())
    };
    assert_eq!(validate()["status"], "SUCCEEDED");
    target.execute("UPDATE orders SET amount = -1 WHERE id = 7");
    let differs = validate();
    assert_eq!(step(&differs, "migrate")["error"]["code"], "rows_differ", "{differs:#}");
    assert_eq!(progress()["state"], "COMPLETED", "a proof is no migration");
    let look = server.graphql("mutation { startMigration(name: \"shop\", task: LOOK) { id } }", json!({}));
    let look = server.wait_run(look["startMigration"]["id"].as_str().unwrap());
    let told: Value = serde_json::from_str(step(&look, "migrate")["outputs"].as_str().unwrap()).unwrap();
    assert_eq!(told["sample"]["orders"][0]["name"], "Köln 1", "{look:#}");
    let listed = server.graphql("{ migrations { nodes { name } } monitors { nodes { name } } }", json!({}));
    assert_eq!(listed, json!({ "migrations": { "nodes": [{ "name": "shop" }] }, "monitors": { "nodes": [] } }));
    server.save("name: other\nsteps:\n  - { id: a, uses: script, with: { script: \"1\" } }\n");
    let other = server.graphql_error(PROGRESS, json!({ "name": "other" }));
    assert_eq!(other["extensions"]["code"], "invalid_value");
}

#[test]
fn differences_are_counted_once_and_leafed_through() {
    let Some((server, source, target)) = opened("a comparison over GraphQL") else { return };
    sqlite_execute(&source, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, w INT4)");
    sqlite_execute(
        &source,
        "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 5000) INSERT INTO t SELECT id, 'v' || id, 1 FROM n",
    );
    target.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, v text, w integer); INSERT INTO t SELECT n, 'v' || n, 1 FROM generate_series(1, 5000) n; \
         DELETE FROM t WHERE id % 500 = 0; INSERT INTO t SELECT n, 'new', 1 FROM generate_series(6001, 6010) n; \
         UPDATE t SET v = NULL, w = 2 WHERE id % 1000 = 7",
    );
    let start = "mutation($input: DiffInput!) { startDiff(input: $input) { run { id } key isCounted } }";
    let side = |connection: &str| json!({ "connection": connection, "table": "t" });
    let input = json!({ "left": side("source"), "right": side("target") });
    let begun = server.graphql(start, json!({ "input": input }))["startDiff"].take();
    assert_eq!(begun["key"], json!(["id"]), "the table's own");
    let run = begun["run"]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.wait_run(&run)["status"], "SUCCEEDED");
    let ask = "query($run: String!) { diff(run: $run) {
        isCounted differences missing extra changed equal leftRows rightRows percent strategy complete error { code } } }";
    let found = server.graphql(ask, json!({ "run": run }))["diff"].take();
    assert_eq!(
        (&found["missing"], &found["extra"], &found["changed"], &found["equal"], &found["complete"]),
        (&json!(10.0), &json!(10.0), &json!(5.0), &json!(4_985.0), &json!(true)),
        "{found:#}"
    );
    let page = |after: Value, first: i32| {
        let ask =
            "query($run: String!, $after: String, $first: Int) { diffRows(run: $run, after: $after, first: $first) {
            key columns next rows { kind key values changes { column left right } } } }";
        server.graphql(ask, json!({ "run": run, "after": after, "first": first }))["diffRows"].take()
    };
    let mut seen = Vec::new();
    let (mut after, mut pages) = (Value::Null, 0);
    loop {
        let one = page(after.clone(), 4);
        assert_eq!((&one["key"], &one["columns"]), (&json!(["id"]), &json!(["id", "v", "w"])));
        let rows = one["rows"].as_array().unwrap();
        assert!(rows.len() <= 4 && !rows.is_empty(), "{one:#}");
        for row in rows {
            let key: Value = serde_json::from_str(row["key"].as_str().unwrap()).unwrap();
            seen.push((key["id"].as_str().unwrap().parse::<i64>().unwrap(), row["kind"].as_str().unwrap().to_owned()));
        }
        (after, pages) = (one["next"].clone(), pages + 1);
        if after.is_null() {
            break;
        }
    }
    let mut expected: Vec<(i64, String)> = (1..=10).map(|n| (n * 500, "MISSING".to_owned())).collect();
    expected.extend((0..5).map(|n| (n * 1_000 + 7, "CHANGED".to_owned())));
    expected.extend((6_001..=6_010).map(|n| (n, "EXTRA".to_owned())));
    expected.sort();
    assert_eq!((seen, pages), (expected, 7));
    let first = page(Value::Null, 2);
    assert_eq!(
        first["rows"][0]["changes"],
        json!([{ "column": "v", "left": "v7", "right": null }, { "column": "w", "left": "1", "right": "2" }])
    );
    target.execute("UPDATE t SET v = 'later' WHERE id = 7");
    assert_eq!(page(Value::Null, 2), first, "what was compared is kept");
    let missing: Value = serde_json::from_str(first["rows"][1]["values"].as_str().unwrap()).unwrap();
    assert_eq!(missing, json!({ "id": "500", "v": "v500", "w": "1" }));
    // What would mend them, wholly or in part; run, it leaves nothing to tell.
    let script = |first: i32| {
        let ask = "query($run: String!, $first: Int) { diffRepair(run: $run, first: $first) { statements complete } }";
        server.graphql(ask, json!({ "run": run, "first": first }))["diffRepair"].take()
    };
    assert_eq!(script(3)["complete"], false);
    let whole = script(1_000);
    assert_eq!(whole["complete"], true);
    let statements = whole["statements"].to_string();
    assert!(
        ["DELETE", "UPDATE", "INSERT", "6010", "v500", "4007"].iter().all(|part| statements.contains(part)),
        "{statements}"
    );
    assert_eq!(page(Value::Null, 4)["rows"].as_array().unwrap().len(), 4, "nothing was run");
    // Whole rows, and tables without a key.
    let keyless = json!({ "left": side("source"), "right": side("target"), "key": [], "columns": ["w"] });
    target.execute("ALTER TABLE t DROP CONSTRAINT t_pkey");
    let query = |connection: &str| json!({ "connection": connection, "query": "SELECT v, w FROM t WHERE id < 1010" });
    let keyless = json!({ "left": query("source"), "right": query("target"), "columns": keyless["columns"] });
    let run = server.graphql(start, json!({ "input": keyless }))["startDiff"]["run"]["id"].as_str().unwrap().to_owned();
    server.wait_run(&run);
    let ask = "query($run: String!, $after: String) { diffRows(run: $run, first: 2, after: $after) { next rows { kind values } } }";
    let mut kinds = Vec::new();
    let mut after = Value::Null;
    loop {
        let one = server.graphql(ask, json!({ "run": run, "after": after }))["diffRows"].take();
        kinds.extend(one["rows"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned()));
        after = one["next"].clone();
        if after.is_null() {
            break;
        }
    }
    kinds.sort();
    assert_eq!(kinds, ["EXTRA", "EXTRA", "MISSING", "MISSING", "MISSING", "MISSING"]);
    let wrong = |run: &str, after: Value, code: &str| {
        let error = server.graphql_error(ask, json!({ "run": run, "after": after }));
        assert_eq!(error["extensions"]["code"], code, "{error:#}");
    };
    wrong(&run, json!("nonsense"), "invalid_value");
    wrong("run_00000000000000000000000000", Value::Null, "run_not_found");
    let other = server.run_once("name: other\nsteps:\n  - { id: a, uses: script, with: { script: \"1\" } }\n");
    wrong(other["id"].as_str().unwrap(), Value::Null, "invalid_value");
    let neither = server
        .graphql_error(start, json!({ "input": { "left": { "connection": "source" }, "right": side("target") } }));
    assert_eq!(neither["extensions"]["code"], "missing_key");
}
