//! `stores.yaml`, and live data: rows of many calls in one run, to where the server's stores say.

use crate::databases::{find_url, sqlite_number, unique_name};
use crate::http;
use crate::program::{Sluice, root};
use crate::server::{TestServer, wait_for};
use serde_json::{Value, json};
use std::fs;
use tdengine_stub::{Stub, StubOptions};

const TICKS: &str = "name: ticks\ntriggers:\n  - webhook: ticks\n    batch: { rows: 40, within: 300ms }\n\
    concurrency: { limit: 1, on_conflict: queue }\nsteps:\n  - id: rows\n    uses: fetch\n    \
    with: { source: inline, rows: \"${{ trigger.body }}\" }\n  - id: kinds\n    uses: classify\n    from: rows\n    \
    with: { pin: { rows: market.tick } }\n  - id: stored\n    uses: route\n    from: kinds\n";

fn write_stores(sluice: &Sluice, text: &str) {
    fs::create_dir_all(sluice.folder.path().join("data")).unwrap();
    fs::write(sluice.folder.path().join("data/stores.yaml"), text).unwrap();
}

#[test]
fn rows_of_many_calls_make_few_runs_and_each_is_stored_once() {
    let Some(sluice) = Sluice::find() else { return };
    write_stores(
        &sluice,
        "stores:\n  market.tick:\n    - { connection: live, table: latest, mode: upsert, key: symbol, drop: [class, subclass] }\n    \
         - { connection: ticks, table: ticks, mode: upsert, key: [symbol, seq], drop: [class, subclass] }\n",
    );
    let (live, ticks) = (sluice.add_sqlite("live"), sluice.add_sqlite("ticks"));
    let server = TestServer::start(sluice);
    server.save(TICKS);
    // Twenty callers send ten rows each, one of them a single row.
    let runs: Vec<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..20)
            .map(|caller| {
                let server = &server;
                scope.spawn(move || {
                    let row = |seq: u32| json!({ "symbol": format!("s{caller}"), "seq": seq, "price": 1.5 });
                    let body = if caller == 0 { row(0) } else { (0..10).map(row).collect() };
                    let answer = server.post("/hooks/ticks", &body);
                    assert_eq!(answer.status, 202, "{answer:?}");
                    answer.json()["run"].as_str().unwrap().to_owned()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let mut distinct = runs.clone();
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() < runs.len(), "each call made a run of its own: {runs:?}");
    for run in &distinct {
        assert_eq!(server.wait_run(run)["status"], "SUCCEEDED");
    }
    assert_eq!(sqlite_number(&ticks, "SELECT count(*) FROM ticks"), Some(191));
    assert_eq!(sqlite_number(&live, "SELECT count(*) FROM latest"), Some(20));
    assert_eq!(sqlite_number(&live, "SELECT min(seq) FROM latest WHERE symbol <> 's0'"), Some(9));
}

#[test]
fn what_is_acknowledged_survives_a_kill() {
    let Some(sluice) = Sluice::find() else { return };
    write_stores(&sluice, "stores:\n  market: { connection: ticks, table: ticks, mode: upsert, key: [symbol, seq] }\n");
    let ticks = sluice.add_sqlite("ticks");
    let mut server = TestServer::start(sluice);
    server.save(TICKS);
    for seq in 0..5 {
        let answer = server.post("/hooks/ticks", &json!({ "symbol": "a", "seq": seq }));
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    server.kill();
    server.restart();
    wait_for("all acknowledged rows", || sqlite_number(&ticks, "SELECT count(*) FROM ticks") == Some(5));
}

#[test]
fn what_cannot_be_worked_off_is_turned_away_and_comes_in_later() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    // Runs that end only when they are canceled, so that the places of the webhook stay taken.
    server.save(
        "name: stuck\ntriggers:\n  - webhook: stuck\n    batch: { rows: 1, within: 1ms }\n\
         concurrency: { limit: 1, on_conflict: queue }\nsteps:\n  - id: rows\n    uses: fetch\n    \
         with: { url: \"http://127.0.0.1:9/never.csv\" }\n    retry: { attempts: 10, backoff: 1h }\n",
    );
    let post = |count: usize| {
        let rows: Vec<Value> = (0..count).map(|row| json!({ "row": row, "text": "x".repeat(20) })).collect();
        let (address, token) = (server.address, format!("Bearer {}", server.token));
        let body = Value::from(rows).to_string();
        std::thread::spawn(move || {
            let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
            http::send(address, "POST", "/hooks/stuck", &headers, body.as_bytes())
        })
    };
    let first: Vec<_> = (0..8).map(|_| post(1).join().unwrap()).collect();
    assert!(first.iter().all(|answer| answer.status == 202), "{first:?}");
    // All places are taken; the next calls wait, and what goes beyond the bound is turned away at once.
    let mut calls = vec![post(40_000), post(40_000)];
    wait_for("an answer to one of two", || calls.iter().any(std::thread::JoinHandle::is_finished));
    let at = calls.iter().position(std::thread::JoinHandle::is_finished).unwrap();
    let turned_away = calls.remove(at).join().unwrap();
    assert_eq!((turned_away.status, &turned_away.json()["code"]), (429, &json!("too_busy")));
    let waiting = calls.remove(0);
    assert!(!waiting.is_finished());
    for answer in first {
        let cancel = "mutation($id: String!) { cancelRun(id: $id) { status } }";
        server.graphql(cancel, json!({ "id": answer.json()["run"] }));
    }
    assert_eq!(waiting.join().unwrap().status, 202);
}

#[test]
fn bodies_that_are_no_rows_are_refused() {
    let Some(sluice) = Sluice::find() else { return };
    write_stores(&sluice, "stores:\n  market: { connection: ticks, table: ticks }\n");
    let server = TestServer::start(sluice);
    server.save(TICKS);
    for body in [json!([]), json!([1]), json!([{}, 1]), json!("a"), json!(7), Value::Null, json!(true)] {
        let answer = server.post("/hooks/ticks", &body);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("bad_request")), "{body}");
    }
    assert_eq!(server.graphql("{ runs { nodes { id } } }", json!({}))["runs"]["nodes"], json!([]));
}

#[test]
fn all_faults_of_the_stores_are_told_at_once_and_nothing_starts() {
    let Some(sluice) = Sluice::find() else { return };
    write_stores(&sluice, "stores:\n  market: { connection: a, tabel: b }\n  reference: 7\n");
    let output = sluice.command().args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("stores.yaml:2:28: unknown key `tabel`"), "{text}");
    assert!(text.contains("stores.yaml:3:14: "), "{text}");
    // A route without rules needs the file.
    let sluice = Sluice::find().unwrap();
    let file = sluice.folder.path().join("ticks.yaml");
    fs::write(&file, TICKS).unwrap();
    let output = sluice.command().arg("validate").arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("stores.yaml"), "{output:?}");
}

#[test]
fn the_example_keeps_the_latest_quote_in_redis_and_every_tick_in_tdengine() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(redis) = find_url("SLUICE_TEST_REDIS", "the example `ticks`") else { return };
    let stub = Stub::start(StubOptions::default());
    let address = format!("tdengine://root:taosdata@{}", stub.address());
    let folder = root().join("workflows/ticks");
    let prefix = unique_name();
    let stores = fs::read_to_string(folder.join("stores.yaml"))
        .unwrap()
        .replace("quote:{symbol}", &format!("{prefix}:{{symbol}}"));
    write_stores(&sluice, &stores);
    sluice.call(&["connection", "add", "quotes", &redis]);
    sluice.call(&["connection", "add", "by-hand", &address, "--allow-write"]);
    sluice.call(&["query", "by-hand", "CREATE DATABASE market_data", "--write"]);
    sluice.call(&["connection", "add", "ticks", &format!("{address}/market_data")]);
    let history = sluice.add_sqlite("history");
    let server = TestServer::start(sluice);
    server.save(&fs::read_to_string(folder.join("workflow.yaml")).unwrap());
    let tick = |symbol: &str, second: u32, price: Value| json!({ "symbol": symbol, "ts": format!("2024-01-31T09:30:{second:02}+08:00"), "price": price });
    for rows in [
        // Whole numbers first: the column that is made has to take the fractions that follow.
        json!([tick("600519.SH", 0, json!(1685)), tick("000001.SZ", 0, json!(9))]),
        json!([tick("600519.SH", 1, json!(1686.5)), tick("600519.SH", 2, json!(-1.0))]),
        json!([{ "symbol": "600519.SH", "ts": "soon", "price": 1686.5 }]),
    ] {
        let answer = server.post("/hooks/ticks?wait=60s", &rows);
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("succeeded")), "{answer:?}");
    }
    assert_eq!(sqlite_number(&history, "SELECT count(*) FROM rejected_ticks"), Some(2));
    let rows = |connection: &str, sql: &str| {
        let page: Value = serde_json::from_str(&server.sluice.call(&["query", connection, sql, "--json"])).unwrap();
        page["rows"].clone()
    };
    assert_eq!(
        rows("ticks", "SELECT ts, price, symbol FROM ticks ORDER BY ts, symbol"),
        json!([
            ["2024-01-31T01:30:00Z", 9.0, "000001.SZ"],
            ["2024-01-31T01:30:00Z", 1685.0, "600519.SH"],
            ["2024-01-31T01:30:01Z", 1686.5, "600519.SH"],
        ])
    );
    assert_eq!(rows("ticks", "SHOW TABLES"), json!([["t_000001_sz"], ["t_600519_sh"]]));
    // Who made which table is on record, also where it was no person.
    let log = |log: &str| -> Vec<Value> {
        serde_json::from_str(&server.sluice.call(&["tables", "history", log, "--connection", "ticks", "--json"]))
            .unwrap()
    };
    let creations = log("creation");
    assert_eq!(
        (creations.len(), &creations[0]["table"], &creations[0]["subject"]),
        (1, &json!("ticks"), &json!("supertable"))
    );
    assert!(creations[0]["ddl"].as_str().is_some_and(|ddl| ddl.starts_with("CREATE STABLE")), "{creations:#?}");
    assert!(creations[0]["who"].as_str().is_some_and(|who| who.starts_with("run_") && who.ends_with("/stored")));
    let mut columns: Vec<Value> = log("column").into_iter().map(|entry| entry["subject"].clone()).collect();
    columns.sort_by_key(Value::to_string);
    assert_eq!(columns, ["price", "symbol", "ts"]);
    let quotes = server.sluice.read("quotes", &format!("{prefix}:{{symbol}}"));
    let price =
        |symbol: &str| quotes.iter().find(|quote| quote["symbol"] == symbol).map(|quote| quote["price"].clone());
    assert_eq!(price("600519.SH"), Some(json!("1686.5")), "{quotes:?}");
    assert_eq!(price("000001.SZ"), Some(json!("9.0")), "{quotes:?}");
}
