//! Tables as code, from the command line, in a workflow and over GraphQL: on SQLite files, and on a TDengine
//! that is none.

use crate::databases::{Postgres, find_url, sqlite_number, unique_name};
use crate::program::{Sluice, root};
use crate::server::TestServer;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use tdengine_stub::{Stub, StubOptions};

/// A table with most of what a document can say, and one that refers to it, in the other order.
const DOCUMENT: &str = r#"
tables:
  - database_type: DATABASE
    connection: store
    table_name: orders_NAME
    comment: "what was ordered: 订单"
    columns:
      - { name: id, type: BIGINT, primary_key: true, auto_increment: true }
      - { name: fruit, type: INT, nullable: false }
      - { name: price, type: NUMERIC, precision: 10, scale: 4, default: 0, comment: "in euros, or none" }
      - { name: state, type: ENUM, values: [open, "it's done", closed], default: open }
      - { name: ordered, type: TIMESTAMP, nullable: false, default: CURRENT_TIMESTAMP }
      - { name: note, type: VARCHAR, length: 40, default: "it's \"fine\"" }
      - { name: extra, type: JSON }
    indexes:
      - { name: orders_NAME_by_day, columns: [ordered, price] }
    foreign_keys:
      - { name: orders_NAME_fruit, columns: [fruit], references: fruit_NAME, referenced_columns: [id], on_delete: cascade }
    checks:
      - { name: orders_NAME_price, condition: "price >= 0" }
  - database_type: DATABASE
    connection: store
    table_name: fruit_NAME
    columns:
      - { name: id, type: INT, primary_key: true }
      - { name: name, type: VARCHAR, length: 20, nullable: false, unique: true }
      - { name: rotten, type: BOOL, default: false }
      - { name: weight, type: DOUBLE }
      - { name: since, type: DATE }
"#;

/// One store with the connection `store`, and a document about two of its tables.
struct Store {
    sluice: Sluice,
    file: PathBuf,
    name: String,
}

impl Store {
    fn new(sluice: Sluice, database: &str, url: &str) -> Self {
        Self::with(sluice, DOCUMENT, database, url)
    }

    fn with(sluice: Sluice, document: &str, database: &str, url: &str) -> Self {
        sluice.call(&["connection", "add", "store", url]);
        let name = unique_name();
        let file = sluice.folder.path().join("tables.yaml");
        fs::write(&file, document.replace("DATABASE", database).replace("NAME", &name)).unwrap();
        Self { sluice, file, name }
    }

    fn output(&self, arguments: &[&str]) -> (Output, String) {
        let output = self.sluice.command().arg("tables").args(arguments).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output, text)
    }

    fn tables(&self, command: &str, more: &[&str]) -> (i32, String) {
        let file = self.file.display().to_string();
        let arguments: Vec<&str> = [command, &file].into_iter().chain(more.iter().copied()).collect();
        let (output, text) = self.output(&arguments);
        (output.status.code().unwrap(), text)
    }

    fn json(&self, command: &str, more: &[&str]) -> Value {
        let file = self.file.display().to_string();
        let arguments: Vec<&str> = [command, &file, "--json"].into_iter().chain(more.iter().copied()).collect();
        let (output, text) = self.output(&arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// A statement run by somebody else.
    fn by_hand(&self, sql: &str) {
        let sql = sql.replace("NAME", &self.name);
        let file = self.sluice.folder.path().join("hand.yaml");
        let step = json!({ "id": "hand", "uses": "sql", "with": { "connection": "store", "sql": sql } });
        fs::write(&file, json!({ "name": "by-hand", "steps": [step] }).to_string()).unwrap();
        let run = self.sluice.run(&file, &[]);
        assert_eq!(run["status"], "succeeded", "{run:#}");
    }

    fn nothing_to_do(&self) {
        let (code, text) = self.tables("plan", &["--detailed-exit-code"]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("Nothing to do: 2 tables are as described."), "{text}");
    }
}

/// The whole life of tables: planned, made, changed by hand, mended, imported, dropped.
fn live(store: &Store, by_hand: &str, difference: &str) {
    let (code, text) = store.tables("plan", &["--detailed-exit-code"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("2 to create, 0 to alter") && text.contains("CREATE TABLE"), "{text}");
    // The table that is referred to comes first.
    let place = |table: &str| text.find(&format!("store.{table}_")).unwrap();
    assert!(place("fruit") < place("orders"), "{text}");
    let (code, text) = store.tables("apply", &[]);
    assert!(code == 1 && text.contains("there is no terminal"), "{text}");

    let (code, text) = store.tables("apply", &["--yes"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 created, 0 altered, 0 unchanged, 0 for a person, 0 failed, 0 skipped"), "{text}");
    store.nothing_to_do();
    let (code, text) = store.tables("validate", &[]);
    assert!(code == 0 && text.contains("2 as described, 0 differences"), "{text}");
    let (code, text) = store.tables("apply", &["--yes"]);
    assert!(code == 0 && text.contains("2 unchanged"), "{text}");

    // A column gets another name, and its old one back: nothing is dropped for it.
    let document = fs::read_to_string(&store.file).unwrap();
    for (from, to) in [("weight", "grams"), ("grams", "weight")] {
        let renamed = format!("{{ name: {to}, type: DOUBLE, renamed_from: {from} }}");
        fs::write(&store.file, document.replace("{ name: weight, type: DOUBLE }", &renamed)).unwrap();
        let report = store.json("validate", &[]);
        assert_eq!(report["differences"], 1, "{report:#}");
        let (code, text) = store.tables("apply", &["--yes"]);
        assert!(code == 0 && text.contains("1 altered, 1 unchanged"), "{text}");
        assert!(text.contains(&format!("rename column `{from}` to `{to}`")), "{text}");
        store.nothing_to_do();
    }
    fs::write(&store.file, &document).unwrap();
    store.nothing_to_do();

    // A file written from the live tables describes them, too.
    let imported = store.sluice.folder.path().join("imported.yaml");
    let path = imported.display().to_string();
    let (orders, fruit) = (format!("orders_{}", store.name), format!("fruit_{}", store.name));
    store.sluice.call(&["tables", "import", "store", &orders, &fruit, "--output", &path]);
    let (output, text) = store.output(&["plan", &path, "--detailed-exit-code"]);
    assert_eq!(output.status.code(), Some(0), "{text}{}", fs::read_to_string(&imported).unwrap());
    let (output, text) = store.output(&["import", "store", &orders, "--output", &path]);
    assert!(!output.status.success() && text.contains("cannot be written"), "{text}");

    store.by_hand(by_hand);
    let report = store.json("validate", &[]);
    assert_eq!(report["differences"], 1, "{report:#}");
    let fruit_report = report["tables"].as_array().unwrap().iter().find(|table| table["verdict"] == "differs").unwrap();
    let named = fruit_report["differences"][0].as_str().unwrap();
    assert!(named.contains(difference), "{named}");
    let (code, text) = store.tables("apply", &["--yes", "--allow-destructive"]);
    assert!(code == 0 && text.contains("1 altered, 1 unchanged"), "{text}");
    store.nothing_to_do();

    let history = store.sluice.call(&["tables", "history", "creation", "--json"]);
    let history: Vec<Value> = serde_json::from_str(&history).unwrap();
    assert_eq!(history.len(), 2, "{history:#?}");
    assert!(history.iter().all(|entry| entry["ddl"].as_str().unwrap().contains("CREATE TABLE")), "{history:#?}");
    assert!(history.iter().all(|entry| entry["who"].as_str().unwrap().starts_with("cli")), "{history:#?}");
    let columns =
        store.sluice.call(&["tables", "history", "column", "--json", "--table", &fruit, "--subject", "rotten"]);
    assert!(!serde_json::from_str::<Vec<Value>>(&columns).unwrap().is_empty());
    let validations = store.sluice.call(&["tables", "history", "validation", "--json", "--subject", "differs"]);
    let validations: Vec<Value> = serde_json::from_str(&validations).unwrap();
    assert_eq!(validations[0]["parameters"]["differences"][0], named);

    let (code, text) = store.tables("drop", &["--yes"]);
    assert!(code == 1 && text.contains("loss_not_allowed"), "{text}");
    let (code, text) = store.tables("drop", &["--yes", "--allow-destructive"]);
    assert!(code == 0 && text.matches("- dropped").count() == 2, "{text}");
    let dropped = store.sluice.call(&["tables", "history", "--subject", "drop", "--status", "succeeded"]);
    assert!(dropped.contains("DROP TABLE"), "{dropped}");
}

#[test]
fn tables_of_sqlite_are_made_mended_and_dropped() {
    let Some(sluice) = Sluice::find() else { return };
    let url = format!("sqlite://{}", sluice.folder.path().join("store.db").display());
    let store = Store::new(sluice, "SQLite", &url);
    live(&store, "ALTER TABLE fruit_NAME DROP COLUMN weight", "`weight`");
}

const SUPERTABLE: &str = r#"
tables:
  - database_type: DATABASE
    database_name: market
    table_name: ticks
    is_super_table: true
    columns:
      - { name: ts, type: TIMESTAMP, nullable: false }
      - { name: price, type: FLOAT }
      - { name: symbol, type: VARCHAR, length: 20, is_tag: true }
"#;

#[test]
fn a_supertable_of_tdengine_is_made_mended_and_dropped() {
    let Some(sluice) = Sluice::find() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let stub = Stub::start(StubOptions::default());
    let url = format!("tdengine://root:taosdata@{}/", stub.address());
    let store = Store::with(sluice, SUPERTABLE, "TDengine", &url);
    store.by_hand("CREATE DATABASE market");
    let (code, text) = store.tables("apply", &["--yes"]);
    assert!(code == 0 && text.contains("1 created"), "{text}");
    let (code, text) = store.tables("plan", &["--detailed-exit-code"]);
    assert!(code == 0 && text.contains("Nothing to do: 1 table is as described."), "{text}");
    store.by_hand("ALTER STABLE market.ticks ADD COLUMN extra INT");
    let report = store.json("validate", &[]);
    assert_eq!(report["tables"][0]["differences"], json!(["drop column `extra`"]), "{report:#}");
    let (code, text) = store.tables("apply", &["--yes"]);
    assert!(code == 1 && text.contains("loss_not_allowed"), "{text}");
    let (code, text) = store.tables("apply", &["--yes", "--allow-destructive"]);
    assert!(code == 0 && text.contains("1 altered"), "{text}");
    let imported = store.sluice.call(&["tables", "import", "store", "market.ticks"]);
    fs::write(&store.file, imported).unwrap();
    let (code, text) = store.tables("plan", &["--detailed-exit-code"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = store.tables("drop", &["--yes", "--allow-destructive"]);
    assert!(code == 0 && text.contains("- dropped"), "{text}");
}

#[test]
fn a_refused_document_tells_all_its_faults_at_once() {
    let Some(sluice) = Sluice::find() else { return };
    let url = format!("sqlite://{}", sluice.folder.path().join("store.db").display());
    let store = Store::new(sluice, "SQLite", &url);
    let text = fs::read_to_string(&store.file).unwrap();
    fs::write(&store.file, text.replace("DOUBLE", "DUOBLE").replace("nullable:", "nulable:")).unwrap();
    let (code, text) = store.tables("plan", &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Did you mean `nullable`?") && text.contains("Did you mean `DOUBLE`?"), "{text}");
    assert!(text.contains("tables.yaml:9:"), "{text}");
    let (code, text) = store.tables("plan", &["--only", "fruitt"]);
    assert_eq!(code, 1, "{text}");
}

#[test]
fn one_table_that_fails_does_not_keep_the_others() {
    let Some(sluice) = Sluice::find() else { return };
    let url = format!("sqlite://{}", sluice.folder.path().join("store.db").display());
    let store = Store::new(sluice, "SQLite", &url);
    let nowhere = format!("sqlite://{}", store.sluice.folder.path().join("no/such/folder/away.db").display());
    store.sluice.call(&["connection", "add", "away", &nowhere]);
    let more = "  - database_type: SQLite\n    connection: away\n    table_name: far\n    columns: [{ name: id, type: INT }]\n";
    fs::write(&store.file, fs::read_to_string(&store.file).unwrap() + more).unwrap();
    let report = store.json("apply", &["--yes"]);
    assert_eq!((&report["counts"]["created"], &report["counts"]["failed"]), (&json!(2), &json!(1)), "{report:#}");
    let (code, text) = store.tables("apply", &["--yes"]);
    assert!(code == 1 && text.contains("✗ failed    away.far") && text.contains("2 unchanged"), "{text}");
    let failed = store.sluice.call(&["tables", "history", "--status", "failed", "--json"]);
    let failed: Vec<Value> = serde_json::from_str(&failed).unwrap();
    assert_eq!(failed.len(), 2, "{failed:#?}");
    assert!(failed.iter().all(|entry| entry["table"] == "far" && entry["error"]["code"].is_string()), "{failed:#?}");
}

#[test]
fn the_ready_made_workflow_makes_fills_and_checks_its_tables() {
    let Some(sluice) = Sluice::find() else { return };
    let market = sluice.add_sqlite("market");
    let workflow = root().join("workflows/market-tables/workflow.yaml");
    let run = sluice.run(&workflow, &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let step =
        |run: &Value, id: &str| run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap().clone();
    assert_eq!(step(&run, "made")["outputs"]["created"], 3, "{run:#}");
    assert_eq!(step(&run, "same")["outputs"]["differences"], 0, "{run:#}");
    assert_eq!(step(&run, "tell")["status"], "skipped", "{run:#}");
    assert_eq!(sqlite_number(&market, "SELECT count(*) FROM daily_bars"), Some(3));
    // What was written is on record: one line for each step and table.
    let batches = sluice.call(&["tables", "history", "--subject", "insert batches", "--json"]);
    let batches: Vec<Value> = serde_json::from_str(&batches).unwrap();
    let told: Vec<_> = batches.iter().map(|b| (b["table"].clone(), b["parameters"]["rows"].clone())).collect();
    assert_eq!(told, [(json!("daily_bars"), json!(3)), (json!("symbols"), json!(2))]);

    let again = sluice.run(&workflow, &[]);
    assert_eq!(step(&again, "made")["outputs"]["unchanged"], 3, "{again:#}");
    crate::databases::sqlite_execute(&market, "DROP INDEX daily_bars_by_day");
    let file = root().join("workflows/market-tables/tables.yaml").display().to_string();
    let output = sluice.command().args(["tables", "validate", &file]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("`daily_bars_by_day`"));
}

#[test]
fn tables_over_graphql() {
    let Some(sluice) = Sluice::find() else { return };
    let url = format!("sqlite://{}", sluice.folder.path().join("store.db").display());
    let store = Store::new(sluice, "SQLite", &url);
    let document = fs::read_to_string(&store.file).unwrap();
    let Store { sluice, name, .. } = store;
    let server = TestServer::start(sluice);
    let plan = "query($d: String!) { tablesPlan(document: $d) { problems { code line hint } tables { connection table action fingerprint changes { summary sql lock rewrite loss } } } }";
    let refused = server.graphql(plan, json!({ "d": document.replace("DOUBLE", "DUOBLE") }));
    let problems = &refused["tablesPlan"]["problems"];
    assert_eq!((&problems[0]["code"], problems.as_array().unwrap().len()), (&json!("invalid_value"), 1), "{refused:#}");
    let planned = server.graphql(plan, json!({ "d": document }));
    let tables = planned["tablesPlan"]["tables"].as_array().unwrap();
    assert!(tables.iter().all(|table| table["action"] == "CREATE"), "{planned:#}");
    let agreed: Vec<Value> = tables
        .iter()
        .map(|table| json!({ "connection": table["connection"], "table": table["table"], "fingerprint": table["fingerprint"] }))
        .collect();
    let apply = "mutation($d: String!, $a: [TablePlanAgreement!]) { applyTables(document: $d, agreed: $a) { created skipped failed tables { table status error { code } } } }";
    let mut stale = agreed.clone();
    stale[0]["fingerprint"] = "0000000000000000".into();
    let skipped = server.graphql(apply, json!({ "d": document, "a": stale }));
    assert_eq!(skipped["applyTables"]["tables"][0]["error"]["code"], "plan_changed", "{skipped:#}");
    let applied = server.graphql(apply, json!({ "d": document, "a": agreed }));
    assert_eq!(
        (&applied["applyTables"]["failed"], &applied["applyTables"]["skipped"]),
        (&json!(0), &json!(0)),
        "{applied:#}"
    );
    let validated = server.graphql("mutation($d: String!) { validateTables(document: $d) { differences tables { verdict columns { column verdict } } } }", json!({ "d": document }));
    assert_eq!(validated["validateTables"]["differences"], 0, "{validated:#}");
    let logs = server.graphql(
        "query($t: String) { tableLogs(filter: { log: CREATION, table: $t }) { nodes { id who status ddl subject } } }",
        json!({ "t": format!("fruit_{name}") }),
    );
    let created = logs["tableLogs"]["nodes"].as_array().unwrap();
    assert_eq!(
        (created[0]["who"].as_str(), created[0]["status"].as_str()),
        (Some("api"), Some("SUCCEEDED")),
        "{logs:#}"
    );
    let imported = server.graphql("{ tablesImport(connection: \"store\") { document tables leftOut } }", json!({}));
    assert_eq!(imported["tablesImport"]["tables"].as_array().unwrap().len(), 2, "{imported:#}");
    let missing = server.graphql_error("{ tablesImport(connection: \"stroe\") { document } }", json!({}));
    assert!(missing.to_string().contains("connection_not_found"), "{missing:#}");
    let kept = server
        .graphql("mutation($d: String!) { dropTables(document: $d) { tables { status } } }", json!({ "d": document }));
    assert_eq!(kept["dropTables"]["tables"][0]["status"], "SKIPPED", "{kept:#}");
}

#[test]
fn tables_of_postgresql_are_made_mended_and_dropped() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(database) = Postgres::create("tables as code on PostgreSQL") else { return };
    let store = Store::new(sluice, "PostgreSQL", &database.url);
    live(&store, "ALTER TABLE fruit_NAME ALTER COLUMN weight TYPE real", "`weight`");
}

#[test]
fn tables_of_mariadb_are_made_mended_and_dropped() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(url) = find_url("SLUICE_TEST_MYSQL", "tables as code on MariaDB") else { return };
    let store = Store::new(sluice, "MariaDB", &url);
    live(&store, "ALTER TABLE fruit_NAME ADD COLUMN extra INT", "`extra`");
}
