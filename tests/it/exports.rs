//! Exports of the SQL console: files that are whole, or visibly are not.

use crate::databases::{Postgres, sqlite_execute};
use crate::http;
use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Two hundred thousand rows `n`, `t` of SQLite.
const MANY: &str = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000) \
                       SELECT n, CASE n WHEN 2 THEN '=1+1' ELSE 'row ' || n END AS t FROM s";

/// What lies in the folder, by name, without the data folder and the database.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "data" && name != "log" && !name.starts_with("shop.db"));
    names.sort();
    names
}

fn shop() -> Option<(Sluice, PathBuf)> {
    let sluice = Sluice::find()?;
    let file = sluice.add_sqlite("shop");
    sqlite_execute(&file, "CREATE TABLE bars (id INTEGER PRIMARY KEY)");
    let folder = sluice.folder.path().to_owned();
    Some((sluice, folder))
}

#[test]
fn the_shell_writes_files_of_every_form() {
    let Some((sluice, folder)) = shop() else { return };
    for name in ["bars.csv", "bars.jsonl", "bars.json", "bars.parquet"] {
        sluice.call(&["query", "shop", MANY, "--output", name]);
    }
    assert_eq!(files(&folder), ["bars.csv", "bars.json", "bars.jsonl", "bars.parquet"]);
    let lines = |name: &str| BufReader::new(std::fs::File::open(folder.join(name)).unwrap()).lines();
    let csv: Vec<String> = lines("bars.csv").map(Result::unwrap).collect();
    let shown = [csv[0].as_str(), csv[2].as_str(), csv[200_000].as_str()];
    assert_eq!((csv.len(), shown), (200_001, ["n,t", "2,=1+1", "200000,row 200000"]));
    let jsonl: Vec<Value> = lines("bars.jsonl").map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!((jsonl.len(), &jsonl[199_999]), (200_000, &json!({ "n": 200_000, "t": "row 200000" })));
    let json: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("bars.json")).unwrap()).unwrap();
    assert!(json == jsonl);
    let parquet = std::fs::File::open(folder.join("bars.parquet")).unwrap();
    let rows: usize =
        ParquetRecordBatchReader::try_new(parquet, 8_192).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 200_000);

    let two = "SELECT 1 AS n, '@x' AS t UNION ALL SELECT 2, NULL";
    assert_eq!(sluice.call(&["query", "shop", two, "--format", "csv", "--spreadsheet"]), "n,t\n1,\"'@x\"\n2,\n");
    assert_eq!(sluice.call(&["query", "shop", two, "--output", "-", "--format", "jsonl", "--limit", "1"]), {
        "{\"n\":1,\"t\":\"@x\"}\n"
    });
}

#[test]
fn a_failure_leaves_neither_half_a_file_nor_an_old_one_changed() {
    let Some((sluice, folder)) = shop() else { return };
    let Some(postgres) = Postgres::create("an export that fails half-way") else { return };
    sluice.call(&["connection", "add", "far", &postgres.url]);
    std::fs::write(folder.join("bars.csv"), "old").unwrap();
    // Row 50,000 divides by zero, long after the first batch.
    let half = "SELECT 100 / (50000 - g) AS q FROM generate_series(1, 1000000) AS g";
    for (arguments, code) in [
        (vec!["query", "far", half, "--output", "bars.csv"], "value_refused"),
        (vec!["query", "shop", "DELETE FROM bars", "--output", "bars.csv"], "statement_not_allowed"),
        (vec!["query", "shop", "SELECT 1", "--output", "no/such/folder.csv"], "disk_failed"),
        (vec!["query", "shop", "SELECT 1", "--output", "bars.xls"], "invalid_value"),
        (vec!["query", "shop", MANY, "--timeout", "1ms", "--output", "bars.csv"], "statement_timeout"),
    ] {
        let output = sluice.command().args(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(code), "{arguments:?}: {said}");
    }
    assert_eq!(std::fs::read_to_string(folder.join("bars.csv")).unwrap(), "old");
    assert_eq!(files(&folder), ["bars.csv"]);
    let lines: Value =
        serde_json::from_str(&sluice.call(&["query", "history", "--connection", "far", "--json"])).unwrap();
    assert_eq!((&lines[0]["outcome"], &lines[0]["error_code"]), (&json!("failed"), &json!("value_refused")));
    assert!((8_192..50_000).contains(&lines[0]["rows"].as_u64().unwrap()), "{lines:#}");
}

/// Sends the statement and leaves the answer to the test.
fn ask(server: &TestServer, body: &Value) -> std::net::TcpStream {
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    http::begin(server.address, "POST", "/api/query", &headers, body.to_string().as_bytes())
}

fn line(server: &TestServer, id: &str) -> Value {
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str())];
    let page = http::send(server.address, "GET", "/api/query/history", &headers, b"").json();
    let lines = page["items"].as_array().unwrap().iter();
    lines.clone().find(|line| line["id"] == id).cloned().unwrap_or(Value::Null)
}

#[test]
fn an_answer_that_breaks_in_the_middle_cannot_be_taken_for_whole() {
    let Some((sluice, _)) = shop() else { return };
    let Some(postgres) = Postgres::create("an answer that breaks in the middle") else { return };
    sluice.call(&["connection", "add", "far", &postgres.url]);
    let server = TestServer::start(sluice);
    let mut number = 10;
    let mut next = || {
        number += 1;
        format!("statement_018900000000700080000000000000{number}")
    };
    for format in ["csv", "jsonl"] {
        let rows = "FROM generate_series(1, 100000) AS g";
        let ends = |sql: &str, id: &str| {
            let body = json!({ "database": "far", "sql": sql, "format": format, "id": id });
            let mut answer = Vec::new();
            ask(&server, &body).read_to_end(&mut answer).unwrap();
            let text = String::from_utf8(answer).unwrap();
            assert!(
                text.starts_with("HTTP/1.1 200") && text.contains("transfer-encoding: chunked"),
                "{}",
                &text[..300]
            );
            assert!(text.contains(id) && text.len() > 50_000);
            text.ends_with("\r\n0\r\n\r\n")
        };
        let id = next();
        assert!(ends(&format!("SELECT 100 / (200000 - g) AS q {rows}"), &id));
        let whole = line(&server, &id);
        assert_eq!((&whole["outcome"], &whole["rows"]), (&json!("succeeded"), &json!(100_000)));
        let id = next();
        assert!(!ends(&format!("SELECT 100 / (50000 - g) AS q {rows}"), &id), "{format}: the last chunk is missing");
        assert_eq!(line(&server, &id)["outcome"], "failed");
    }
    // What fails before the first rows has a status of its own.
    let body = json!({ "database": "far", "sql": "SELECT 1 / 0", "format": "csv" });
    assert_eq!(server.post("/api/query", &body).status, 422);
    let body = json!({ "database": "far", "sql": "SELECT 1", "format": "csv", "write": true });
    assert_eq!(server.post("/api/query", &body).json()["code"], "invalid_value");
    // The server of the database ends the session in the middle.
    let id = next();
    let body = json!({ "database": "far", "sql": "SELECT generate_series(1, 100000000) AS endless", "format": "csv", "id": id });
    let mut slow = ask(&server, &body);
    let mut some = vec![0; 100_000];
    slow.read_exact(&mut some).unwrap();
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%endless%'",
    );
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert!(!rest.ends_with(b"\r\n0\r\n\r\n"));
    wait_for("the end on record", || line(&server, &id)["outcome"] == "failed");
    assert_eq!(line(&server, &id)["error_code"], "connection_failed");
    let whole = server.post("/api/query", &json!({ "database": "far", "sql": "SELECT 1 AS one" })).json();
    assert_eq!(whole["rows"], json!([[1]]));
}

#[test]
fn whoever_takes_no_rows_holds_up_the_statement_and_whoever_goes_ends_it() {
    let Some((sluice, _)) = shop() else { return };
    let Some(postgres) = Postgres::create("an export nobody takes") else { return };
    sluice.call(&["connection", "add", "far", &postgres.url]);
    let server = TestServer::start(sluice);
    let id = "statement_01890000000070008000000000000012";
    let body = json!({ "database": "far", "sql": "SELECT generate_series(1, 100000000) AS endless", "format": "jsonl", "id": id });
    let mut taken = ask(&server, &body);
    let mut some = vec![0; 10_000];
    taken.read_exact(&mut some).unwrap();
    // The server of the database waits for its client, in the middle of the statement.
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%endless%' \
                 AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND wait_event_type = 'Client'";
    wait_for("the statement to be held up", || postgres.number(waits) == Some(1));
    assert_eq!(line(&server, id)["outcome"], "running");
    drop(taken);
    wait_for("the end on record", || line(&server, id)["outcome"] == "canceled");
    let open = waits.replace("AND xact_start IS NOT NULL AND wait_event_type = 'Client'", "");
    wait_for("the end in the database", || postgres.number(&open) == Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupted_export_leaves_nothing_behind() {
    let Some((sluice, folder)) = shop() else { return };
    let Some(postgres) = Postgres::create("an interrupted export") else { return };
    sluice.call(&["connection", "add", "far", &postgres.url]);
    let endless = "SELECT generate_series(1, 1000000000) AS endless";
    let mut export = sluice.command().args(["query", "far", endless, "--output", "endless.csv"]).spawn().unwrap();
    let has_rows = |name: &String| std::fs::metadata(folder.join(name)).is_ok_and(|part| part.len() > 100_000);
    wait_for("the first rows", || files(&folder).iter().any(has_rows));
    let told = std::process::Command::new("kill").args(["-INT", &export.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(export.wait().unwrap().code(), Some(1));
    assert_eq!(files(&folder), Vec::<String>::new());
    let lines: Value =
        serde_json::from_str(&sluice.call(&["query", "history", "--connection", "far", "--json"])).unwrap();
    assert_eq!(lines[0]["outcome"], "canceled");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%endless%' \
                AND pid <> pg_backend_pid()";
    wait_for("the end in the database", || postgres.number(open) == Some(0));
}
