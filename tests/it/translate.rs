//! The translator as people reach it: the command line on texts, files and connections, GraphQL, and migrations that take
//! views along.

use crate::databases::{Postgres, sqlite_execute};
use crate::program::{Sluice, find_plugin, skip};
use crate::server::{TestServer, step};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

/// The program, where the translator was built beside it.
fn find() -> Option<Sluice> {
    if find_plugin("sql-translator").is_none() {
        skip("the translator is not built; `cargo xtask plugins` builds it");
        return None;
    }
    Sluice::find()
}

fn translate(sluice: &Sluice, input: &str, arguments: &[&str]) -> Output {
    let mut command = sluice.command();
    command.arg("translate").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn statements_go_out_and_notes_beside_them() {
    let Some(sluice) = find() else { return };
    let to_postgres = ["--from", "mysql", "--to", "postgres"];
    let done = translate(&sluice, "SELECT IFNULL(name, 'none') FROM people LIMIT 5, 10", &to_postgres);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(text(&done.stdout), "SELECT coalesce(name, 'none') FROM people LIMIT 10 OFFSET 5;\n");
    // What was refused is told with its place, and the rest is translated all the same.
    let done = translate(&sluice, "SELECT 1;\nSELEC 2;\nSELECT 3", &to_postgres);
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(text(&done.stdout), "SELECT 1;\nSELECT 3;\n");
    assert!(text(&done.stderr).starts_with("error: -:2:1: "), "{}", text(&done.stderr));
    let done = translate(&sluice, "SELECT 1", &["--from", "oracle", "--to", "postgres"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("`oracle`"), "{}", text(&done.stderr));
}

#[test]
fn the_schema_decides_and_strictness_refuses() {
    let Some(sluice) = find() else { return };
    let file = sluice.folder.path().join("tables.sql");
    fs::write(&file, "CREATE TABLE t (a INT, b INT)").unwrap();
    let base = ["--from", "mysql", "--to", "postgres", "--strict"];
    let blind = translate(&sluice, "SELECT a / b FROM t", &base);
    assert_eq!((blind.status.code(), text(&blind.stdout).as_str()), (Some(1), ""), "{blind:?}");
    let seeing =
        translate(&sluice, "SELECT a / b FROM t", &[&base[..], &["--schema", file.to_str().unwrap()]].concat());
    assert!(seeing.status.success(), "{seeing:?}");
    assert!(text(&seeing.stdout).contains("numeric"), "{}", text(&seeing.stdout));
    let missing = translate(&sluice, "", &[&base[..], &["--schema", "nowhere.sql"]].concat());
    assert!(text(&missing.stderr).contains("`nowhere.sql` cannot be read"), "{}", text(&missing.stderr));
}

#[test]
fn lines_are_answered_in_order_whatever_they_hold() {
    let Some(sluice) = find() else { return };
    let mut input = String::new();
    for number in 0..500 {
        input.push_str(&json!({ "sql": format!("SELECT {number} LIMIT 2, 3") }).to_string());
        input.push('\n');
        if number == 250 {
            input.push_str("no JSON\n\n{\"sql\": \"SELEC\"}\n{\"sql\": 7}\n");
        }
    }
    let done = translate(&sluice, &input, &["--stdin", "--json", "--from", "mysql", "--to", "postgres"]);
    assert!(done.status.success(), "{done:?}");
    let answers: Vec<Value> = text(&done.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 503);
    for number in 0..500 {
        let at = if number > 250 { number + 3 } else { number };
        assert_eq!(answers[at]["sql"], format!("SELECT {number} LIMIT 3 OFFSET 2"), "{:?}", answers[at]);
    }
    assert_eq!(answers[251]["error"]["code"], "bad_request");
    assert_eq!(answers[252]["error"]["code"], "syntax");
    assert_eq!(answers[253]["error"]["code"], "bad_request");
}

#[test]
fn a_connection_gives_its_tables_and_another_judges() {
    let Some(sluice) = find() else { return };
    let Some(target) = Postgres::create("a translation's judge") else { return };
    let source = sluice.add_sqlite("source");
    sqlite_execute(&source, "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER)");
    target.execute("CREATE TABLE t (a bigint PRIMARY KEY, b bigint)");
    sluice.call(&["connection", "add", "target", &target.url]);
    let with = ["--from", "sqlite", "--to", "postgres", "--connection", "source", "--check", "target", "--json"];
    let done = translate(&sluice, "SELECT a FROM t; SELECT c FROM t", &with);
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(told[0]["notes"], json!([]), "{told:#}");
    let check = &told[1]["notes"].as_array().unwrap().last().unwrap()["message"];
    assert!(check.as_str().unwrap().contains("connection `target` refuses the result"), "{told:#}");
    assert_eq!(done.status.code(), Some(1), "a result that would not run is a failure");

    let server = TestServer::start(sluice);
    let operation = "query($input: TranslateInput!) { translate(input: $input) { sql notes { level code message } } }";
    let input = json!({ "sql": "SELECT c FROM t", "from": "sqlite", "to": "postgres", "connection": "source", "check": "target" });
    let told = server.graphql(operation, json!({ "input": input }));
    let last = told["translate"][0]["notes"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["level"], &last["code"]), (&json!("REFUSED"), &json!("check")), "{told:#}");
    let refused =
        server.graphql_error(operation, json!({ "input": { "sql": "SELECT 1", "from": "x", "to": "postgres" } }));
    assert_eq!(refused["extensions"]["code"], "invalid_value", "{refused:#}");
}

const RULES_MANIFEST: &str = r#"
name = "house-rules"
version = "1.0.0"
contract = "0.1"
kinds = ["translator"]
description = "Our own words."
"#;

const RULES: &str = r#"
fn dialects() { [["mysql", "mysql"], ["postgres", "postgres"]] }
fn translate(request) {
    let tokens = sql_tokens(request.source_dialect, request.sql);
    let notes = [];
    for (token, i) in tokens {
        if token.kind == "word" && token.text == "nowish" { tokens[i].text = "now"; }
        if token.kind == "word" && token.text == "net_price" && request.source_dialect == "postgres" {
            tokens[i].text = "shop.net_price";
            notes.push(#{ level: "info", code: "house", message: "our function has a schema of its own", line: 1, column: 1 });
        }
        if token.kind == "word" && token.text == "forbidden" {
            notes.push(#{ level: "error", code: "house", message: "we do not do that", line: 1, column: 1 });
        }
    }
    [#{ sql: sql_text(tokens), line: 1, notes: if request.source_dialect == "mysql" { [] } else { notes } }]
}
"#;

fn install_rules(sluice: &Sluice) {
    let folder = sluice.folder.path().join("house-rules");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("plugin.toml"), RULES_MANIFEST).unwrap();
    fs::write(folder.join("plugin.rhai"), RULES).unwrap();
    sluice.call(&["plugin", "install", "house-rules", "--yes"]);
}

#[test]
fn rules_of_ones_own_rewrite_before_and_after() {
    let Some(sluice) = find() else { return };
    install_rules(&sluice);
    let schema = sluice.folder.path().join("schema.sql");
    fs::write(&schema, "CREATE TABLE t (a INT);\nCREATE FUNCTION `net_price`(gross DECIMAL(10,2)) RETURNS DECIMAL(10,2) DETERMINISTIC RETURN gross / 1.19;")
        .unwrap();
    let base = ["--from", "mysql", "--to", "postgres", "--schema", schema.to_str().unwrap()];
    let ruled = [&base[..], &["--rules", "house-rules"]].concat();
    let input =
        "SELECT net_price(a), 'net_price nowish' FROM t;\n\nSELECT nowish() FROM t;\nSELECT a AS forbidden FROM t;";
    // Before, MySQL's words are mended; after, PostgreSQL's; what stands in a text is no word.
    let done = translate(&sluice, input, &ruled);
    let (out, said) = (text(&done.stdout), text(&done.stderr));
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("SELECT shop.net_price(a), 'net_price nowish'::text "), "{out}");
    assert!(lines[1].starts_with("SELECT localtimestamp(0) "), "{out}");
    assert_eq!(lines.len(), 2, "{out}");
    assert!(said.contains("info: -:1:1: our function has a schema of its own [house]"), "{said}");
    assert!(said.contains("the target must have a function `net_price` that does the same [routine]"), "{said}");
    assert!(said.contains("error: -:4:1: we do not do that [house]"), "{said}");
    assert_eq!(done.status.code(), Some(1));

    // Without the rules the word is not known, and without the schema neither is the function.
    let plain = translate(&sluice, "SELECT nowish()", &base);
    assert!(text(&plain.stderr).contains("`nowish`"), "{plain:?}");
    let blind = translate(&sluice, "SELECT net_price(1)", &["--from", "mysql", "--to", "postgres"]);
    assert!(text(&blind.stderr).contains("`net_price`"), "{blind:?}");

    // Lines name rules of their own; a plugin that is not there, or that has none for these dialects, is said.
    let lines = [
        json!({ "sql": "SELECT nowish()", "rules": ["house-rules"] }),
        json!({ "sql": "SELECT 1", "rules": ["nobody"] }),
        json!({ "sql": "SELECT 1", "rules": ["house-rules"], "from": "sqlite", "to": "snowflake" }),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let done = translate(&sluice, &input, &["--stdin", "--json", "--from", "mysql", "--to", "postgres"]);
    let answers: Vec<Value> = text(&done.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(answers[0]["sql"].is_string(), "{answers:?}");
    assert_eq!(answers[1]["error"]["code"], "plugin_not_found", "{answers:?}");
    assert_eq!(answers[2]["error"]["code"], "invalid_value", "{answers:?}");

    let server = TestServer::start(sluice);
    let operation = "query($input: TranslateInput!) { translate(input: $input) { sql notes { code } } }";
    let input = json!({ "sql": "SELECT nowish()", "from": "mysql", "to": "postgres", "rules": ["house-rules"] });
    let told = server.graphql(operation, json!({ "input": input }));
    assert!(!told["translate"][0]["sql"].as_str().unwrap().is_empty(), "{told:#}");
}

#[test]
fn a_migration_takes_views_along() {
    let Some(sluice) = find() else { return };
    let Some(target) = Postgres::create("views of a migration") else { return };
    let source = sluice.add_sqlite("source");
    sqlite_execute(&source, "CREATE TABLE sales (id INTEGER PRIMARY KEY, day TEXT, amount INTEGER)");
    sqlite_execute(
        &source,
        "INSERT INTO sales VALUES (1, '2024-01-31', 7), (2, '2024-01-31', NULL), (3, '2024-02-01', 5)",
    );
    sqlite_execute(
        &source,
        "CREATE VIEW per_day AS SELECT day, sum(ifnull(amount, 0)) AS total FROM sales GROUP BY day",
    );
    sluice.call(&["connection", "add", "target", &target.url]);
    let server = TestServer::start(sluice);
    let run = server.run_once(
        "name: move\nsteps:\n  - id: move\n    uses: migrate\n    with:\n      from: { connection: source, table: \"*\" }\n      \
         to: { connection: target }\n      views: \"*\"\n",
    );
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let told: Value = serde_json::from_str(step(&run, "move")["outputs"].as_str().unwrap()).unwrap();
    assert_eq!(told["views"][0]["name"], "per_day", "{told:#}");
    assert!(told["views"][0]["statement"].is_string(), "{told:#}");
    assert_eq!(target.number("SELECT CAST(total AS bigint) FROM per_day WHERE day = '2024-01-31'"), Some(7));
}
