//! The SQL console over REST and GraphQL on real databases: rows, types, files, history, and statements that are stopped.

use crate::databases::{Postgres, find_url, sqlite_execute, unique_name};
use crate::http::{self, File};
use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use arrow::array::AsArray as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Rows of the table `bars`.
const ROWS: i64 = 25;

/// A statement that would go on for days, if nobody stopped it.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) \
                       SELECT count(*) AS endless FROM n AS a, n AS b, n AS c, n AS d";
/// The same in PostgreSQL's own way.
const ENDLESS_SERIES: &str = "SELECT count(*) AS endless FROM generate_series(1, 1000000000000) AS n WHERE n % 7 = 3";

/// A server with the connection `shop`, which holds at most one session, so that one that is lost is missed.
struct Shop {
    server: TestServer,
    table: String,
    endless: &'static str,
    /// The placeholder for one value.
    placeholder: &'static str,
    /// What the system calls the columns' types.
    types: [&'static str; 4],
    /// Whether the system keeps decimals; SQLite has doubles.
    has_decimals: bool,
    postgres: Option<Postgres>,
}

impl Shop {
    fn sqlite() -> Option<Self> {
        let sluice = Sluice::find()?;
        let file = sluice.add_sqlite("shop");
        let mut text =
            "CREATE TABLE bars (id INTEGER PRIMARY KEY, symbol TEXT, price DECIMAL(20, 4), at TEXT);".to_owned();
        text.push_str(&inserts("bars"));
        sqlite_execute(&file, &text);
        let types = ["INTEGER", "TEXT", "DECIMAL(20, 4)", "TEXT"];
        Some(Self::start(sluice, "bars".to_owned(), ENDLESS, "?", types, None))
    }

    fn postgres() -> Option<Self> {
        let sluice = Sluice::find()?;
        let database = Postgres::create("the console on PostgreSQL")?;
        let text = "CREATE TABLE bars (id bigint PRIMARY KEY, symbol text, price numeric(20, 4), at timestamp);";
        database.execute(&format!("{text}{}", inserts("bars")));
        sluice.call(&["connection", "add", "shop", &one_session(&database.url, "pool_size")]);
        let types = ["bigint", "text", "numeric(20,4)", "timestamp without time zone"];
        Some(Self::start(sluice, "bars".to_owned(), ENDLESS_SERIES, "$1", types, Some(database)))
    }

    fn mysql() -> Option<Self> {
        let sluice = Sluice::find()?;
        let url = find_url("SLUICE_TEST_MYSQL", "the console on MariaDB")?;
        sluice.call(&["connection", "add", "shop", &one_session(&url, "pool_size"), "--allow-write"]);
        let table = unique_name();
        let create = format!(
            "CREATE TABLE {table} (id BIGINT PRIMARY KEY, symbol VARCHAR(20), price DECIMAL(20, 4), at DATETIME(6)) CHARACTER SET utf8mb4"
        );
        for statement in [create.as_str()].into_iter().chain(inserts(&table).split_terminator(';')) {
            sluice.call(&["query", "shop", statement, "--write"]);
        }
        let types = ["BIGINT", "VARCHAR", "DECIMAL(20,4)", "DATETIME(6)"];
        Some(Self::start(sluice, table, ENDLESS, "?", types, None))
    }

    fn start(
        sluice: Sluice,
        table: String,
        endless: &'static str,
        placeholder: &'static str,
        types: [&'static str; 4],
        postgres: Option<Postgres>,
    ) -> Self {
        let has_decimals = !types[0].starts_with("INTEGER");
        Self { server: TestServer::start(sluice), table, endless, placeholder, types, has_decimals, postgres }
    }

    fn query(&self, body: &Value) -> (u16, Value) {
        let answer = self.server.post("/api/query", body);
        (answer.status, answer.json())
    }

    /// The answer as a file of that type.
    fn export(&self, kind: &str, body: &Value) -> File {
        let token = format!("Bearer {}", self.server.token);
        let headers = [("authorization", token.as_str()), ("content-type", "application/json"), ("accept", kind)];
        http::download(self.server.address, "POST", "/api/query", &headers, body.to_string().as_bytes())
    }

    fn all(&self) -> Value {
        json!({ "database": "shop", "sql": format!("SELECT id, symbol, price, at FROM {} ORDER BY id", self.table) })
    }

    fn history(&self) -> Vec<Value> {
        let token = format!("Bearer {}", self.server.token);
        let headers = [("authorization", token.as_str())];
        let mut page = http::send(self.server.address, "GET", "/api/query/history?database=shop", &headers, b"").json();
        match page["items"].take() {
            Value::Array(items) => items,
            other => panic!("no history: {other}"),
        }
    }

    /// The history's line of that statement; null where there is none.
    fn line(&self, id: &str) -> Value {
        self.history().into_iter().find(|line| line["id"] == id).unwrap_or(Value::Null)
    }

    /// Nothing of a stopped statement is left: its only session answers, and holds no transaction.
    fn assert_well(&self) {
        for _ in 0..3 {
            let (status, answer) =
                self.query(&json!({ "database": "shop", "sql": "SELECT 1 AS one", "timeout_ms": 60_000 }));
            assert_eq!((status, &answer["rows"]), (200, &json!([[1]])), "{answer:#}");
        }
        if let Some(postgres) = &self.postgres {
            let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND pid <> pg_backend_pid() AND (state <> 'idle' OR query LIKE '%endless%')";
            wait_for("the end of the statement in PostgreSQL", || postgres.number(busy) == Some(0));
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if self.table != "bars" {
            let drop = format!("DROP TABLE IF EXISTS {}", self.table);
            let _ = self.server.sluice.command().args(["query", "shop", &drop, "--write"]).output();
        }
    }
}

fn one_session(url: &str, setting: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{setting}=1")
}

/// Rows with values that are easily spoiled: big integers, long decimals, NULL, quotes, commas, formulas, other scripts.
fn inserts(table: &str) -> String {
    let mut text = String::new();
    for id in 1..=ROWS {
        let (id, symbol) = match id {
            1 => (9_007_199_254_740_993, "'贵州茅台, \"600519\"'"),
            2 => (2, "'=1+1'"),
            3 => (3, "NULL"),
            4 => (4, "''"),
            _ => (id, "'600000.SH'"),
        };
        write!(text, "INSERT INTO {table} VALUES ({id}, {symbol}, {id}.0101, '2024-01-31 09:30:00.123456');").unwrap();
    }
    text
}

fn rows_come_with_types_params_and_limits(shop: &Shop) {
    let (status, answer) = shop.query(&shop.all());
    assert_eq!(status, 200, "{answer:#}");
    let columns = answer["columns"].as_array().unwrap();
    let named: Vec<(&str, &str)> =
        columns.iter().map(|column| (column["name"].as_str().unwrap(), column["type"].as_str().unwrap())).collect();
    let wanted: Vec<(&str, &str)> = ["id", "symbol", "price", "at"].into_iter().zip(shop.types).collect();
    let lower = |pairs: &[(&str, &str)]| format!("{pairs:?}").to_lowercase().replace(", ", ",");
    assert_eq!(lower(&named), lower(&wanted), "{answer:#}");
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!((rows.len() as i64, &answer["truncated"]), (ROWS, &json!(false)));
    assert_eq!((&rows[0][0], &rows[0][1]), (&json!(2), &json!("=1+1")), "{answer:#}");
    assert_eq!((&rows[1][1], &rows[2][1]), (&Value::Null, &json!("")));
    let last = &rows[rows.len() - 1];
    assert_eq!(last[0], json!("9007199254740993"), "an integer beyond 2^53 is not rounded");
    assert_eq!(last[1], json!("贵州茅台, \"600519\""));
    let price = rows[0][2].to_string();
    assert_eq!(price.trim_matches('"'), "2.0101");
    if shop.has_decimals {
        assert_eq!(last[2], json!("9007199254740993.0101"), "a decimal is not rounded");
    }
    assert!(rows[0][3].as_str().unwrap().contains("09:30:00.123456"), "{}", rows[0]);
    let line = shop.line(answer["id"].as_str().unwrap());
    assert_eq!((&line["outcome"], &line["rows"], &line["who"]), (&json!("succeeded"), &json!(ROWS), &json!("api")));
    assert_eq!((&line["truncated"], &line["database"]), (&json!(false), &json!("shop")));

    let (_, some) = shop.query(&json!({ "limit": 7, "database": "shop", "sql": shop.all()["sql"] }));
    assert_eq!((some["rows"].as_array().unwrap().len(), &some["truncated"]), (7, &json!(true)), "{some:#}");
    assert_eq!(shop.line(some["id"].as_str().unwrap())["truncated"], true);
    let (_, exact) = shop.query(&json!({ "limit": ROWS, "database": "shop", "sql": shop.all()["sql"] }));
    assert_eq!((exact["rows"].as_array().unwrap().len() as i64, &exact["truncated"]), (ROWS, &json!(false)));

    // A value is a value, whatever it looks like, and is in no history.
    let sql = format!("SELECT id FROM {} WHERE symbol = {}", shop.table, shop.placeholder);
    let ask = |param: &str| shop.query(&json!({ "database": "shop", "sql": sql, "params": [param] }));
    assert_eq!(ask("=1+1").1["rows"], json!([[2]]));
    assert_eq!(ask("canary' OR '1' = '1").1["rows"], json!([]));
    assert!(!json!(shop.history()).to_string().contains("canary"));
    let (status, missing) = shop.query(&json!({ "database": "shop", "sql": sql }));
    assert!((400..500).contains(&status) || status == 502, "{status} {missing:#}");

    // What is refused is told with its reason, is on record, and has done nothing.
    for write in [false, true] {
        let sql = format!("DELETE FROM {}; SELECT 1", shop.table);
        let (status, refused) = shop.query(&json!({ "database": "shop", "sql": sql, "write": write }));
        assert_eq!((status, &refused["code"]), (403, &json!("statement_not_allowed")), "{refused:#}");
    }
    let (status, refused) = shop.query(&json!({ "database": "shop", "sql": format!("DELETE FROM {}", shop.table) }));
    assert_eq!((status, &refused["code"]), (403, &json!("statement_not_allowed")), "{refused:#}");
    let newest = &shop.history()[0];
    assert_eq!((&newest["outcome"], &newest["error_code"]), (&json!("refused"), &json!("statement_not_allowed")));
    let (status, wrong) = shop.query(&json!({ "database": "shop", "sql": "SELECT nosuch FROM nowhere" }));
    assert!(status == 502 || status == 404 || status == 422, "{status} {wrong:#}");
    let (_, count) = shop.query(&json!({ "database": "shop", "sql": format!("SELECT count(*) FROM {}", shop.table) }));
    assert_eq!(count["rows"], json!([[ROWS]]));
    shop.assert_well();
}

fn files_hold_what_was_asked_for(shop: &Shop) {
    let csv = shop.export("text/csv", &shop.all());
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    let text = String::from_utf8(csv.bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len() as i64), ("id,symbol,price,at", ROWS + 1), "{text}");
    // Values are as they are; NULL and empty text differ; a quote is doubled.
    assert!(lines[1].starts_with("2,=1+1,"), "{}", lines[1]);
    assert!(lines[2].starts_with("3,,") && lines[3].starts_with("4,\"\","), "{text}");
    assert!(lines[ROWS as usize].starts_with("9007199254740993,\"贵州茅台, \"\"600519\"\"\","), "{text}");

    // For a spreadsheet, what it would run is put behind a quote.
    let mut safe = shop.all();
    (safe["format"], safe["spreadsheet"]) = (json!("csv"), json!(true));
    let csv = String::from_utf8(shop.export("application/json", &safe).bytes).unwrap();
    assert!(csv.contains("\n2,\"'=1+1\","), "{csv}");

    let with = |more: Value| {
        let mut body = shop.all();
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let file = shop.export("*/*", &body);
        assert_eq!(file.status, 200, "{more}");
        String::from_utf8(file.bytes).unwrap()
    };
    let objects: Vec<Value> = serde_json::from_str(&with(json!({ "format": "json" }))).unwrap();
    let by_line = with(json!({ "format": "jsonl" }));
    let by_line: Vec<Value> = by_line.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((objects.len() as i64, &objects), (ROWS, &by_line));
    assert_eq!((&objects[1]["symbol"], &objects[2]["symbol"]), (&Value::Null, &json!("")));
    assert_eq!(objects[ROWS as usize - 1]["id"], "9007199254740993");

    let parquet = shop.export("application/vnd.apache.parquet", &shop.all());
    assert_eq!((parquet.status, parquet.header("content-type")), (200, "application/vnd.apache.parquet"));
    let reader = ParquetRecordBatchReader::try_new(bytes::Bytes::from(parquet.bytes), 1_000).unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let ids: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch["id"].as_primitive::<arrow::datatypes::Int64Type>().values().to_vec())
        .collect();
    assert_eq!((ids.len() as i64, ids[0], ids[ids.len() - 1]), (ROWS, 2, 9_007_199_254_740_993));
    let symbol =
        arrow::util::display::array_value_to_string(&batches[batches.len() - 1]["symbol"], ids.len() - 1).unwrap();
    assert_eq!(symbol, "贵州茅台, \"600519\"");
    // The last of the history is the file, with all its rows.
    let newest = &shop.history()[0];
    assert_eq!((&newest["outcome"], &newest["rows"]), (&json!("succeeded"), &json!(ROWS)), "{newest:#}");

    // The page as JSON, from the shell as from REST.
    let sql = shop.all()["sql"].as_str().unwrap().to_owned();
    let shell: Value = serde_json::from_str(&shop.server.sluice.call(&["query", "shop", &sql, "--json"])).unwrap();
    let (_, rest) = shop.query(&shop.all());
    assert_eq!((&shell["rows"], &shell["columns"]), (&rest["rows"], &rest["columns"]));

    // A refusal is told as such, whatever file was asked for.
    let sql = format!("DELETE FROM {}", shop.table);
    let refused = shop.export("text/csv", &json!({ "database": "shop", "sql": sql }));
    let body: Value = serde_json::from_slice(&refused.bytes).unwrap();
    assert_eq!((refused.status, &body["code"]), (403, &json!("statement_not_allowed")), "{body:#}");
    let picture = shop.export("image/png", &shop.all());
    assert_eq!(picture.status, 400);
    shop.assert_well();
}

fn a_long_statement_is_stopped(shop: &Shop) {
    let id = "statement_01890000000070008000000000000001";
    let body = json!({ "database": "shop", "sql": shop.endless, "timeout_ms": 600_000, "id": id });
    let (server, long) = (&shop.server, &body);
    let delete = |id: &str| {
        let token = format!("Bearer {}", server.token);
        http::send(server.address, "DELETE", &format!("/api/query/{id}"), &[("authorization", token.as_str())], b"")
            .status
    };
    // By its id. What was not stopped would outlast the test's patience.
    std::thread::scope(|scope| {
        let running = scope.spawn(move || server.post("/api/query", long));
        wait_for("the statement", || shop.line(id)["outcome"] == "running");
        let twice = server.post("/api/query", long).json();
        assert_eq!(twice["code"], "already_exists", "{twice:#}");
        assert_eq!(delete(id), 204);
        let answer = running.join().unwrap();
        assert_eq!((answer.status, &answer.json()["code"]), (answer.status, &json!("canceled")), "{answer:?}");
    });
    assert_eq!(shop.line(id)["outcome"], "canceled");
    assert_eq!(delete(id), 404);
    shop.assert_well();

    // By its time.
    let (status, slow) = shop.query(&json!({ "database": "shop", "sql": shop.endless, "timeout_ms": 300 }));
    assert_eq!((status, &slow["code"]), (504, &json!("statement_timeout")), "{slow:#}");
    assert_eq!(shop.history()[0]["outcome"], "timed_out");
    shop.assert_well();

    // By going away.
    let id = "statement_01890000000070008000000000000002";
    let body = json!({ "database": "shop", "sql": shop.endless, "timeout_ms": 600_000, "id": id });
    let token = format!("Bearer {}", server.token);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let gone = http::begin(server.address, "POST", "/api/query", &headers, body.to_string().as_bytes());
    wait_for("the statement", || shop.line(id)["outcome"] == "running");
    drop(gone);
    wait_for("the statement's end on record", || shop.line(id)["outcome"] == "canceled");
    shop.assert_well();
}

fn graphql_asks_the_same(shop: &Shop) {
    let run = "mutation($input: StatementInput!) { runStatement(input: $input) {
        id columns { name nativeType } rows truncated durationMs } }";
    let sql = format!("SELECT id, price FROM {} WHERE symbol = {} ORDER BY id", shop.table, shop.placeholder);
    let input = json!({ "connection": "shop", "sql": sql, "params": "[\"=1+1\"]", "limit": 5 });
    let answer = shop.server.graphql(run, json!({ "input": input }))["runStatement"].take();
    let rows: Value = serde_json::from_str(answer["rows"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&rows[0][0], &answer["truncated"], &answer["columns"][1]["name"]),
        (&json!(2), &json!(false), &json!("price"))
    );
    let refuse = |input: Value| shop.server.graphql_error(run, json!({ "input": input }))["extensions"]["code"].clone();
    assert_eq!(refuse(json!({ "connection": "shop", "sql": " " })), "invalid_sql");
    assert_eq!(refuse(json!({ "connection": "shop", "sql": "SELECT 1", "limit": -1 })), "invalid_value");
    assert_eq!(refuse(json!({ "connection": "shop", "sql": "SELECT 1", "params": "{}" })), "invalid_value");
    assert_eq!(refuse(json!({ "connection": "nobody", "sql": "SELECT 1" })), "connection_not_found");
    assert_eq!(
        refuse(json!({ "connection": "shop", "sql": format!("DROP TABLE {}", shop.table) })),
        "statement_not_allowed"
    );

    let check = "query($sql: String!) { checkStatement(connection: \"shop\", sql: $sql, estimate: true) {
        effect tables columns refusal plan problem { code line column } } }";
    let checked = |sql: &str| shop.server.graphql(check, json!({ "sql": sql }))["checkStatement"].take();
    let read = checked(&format!("SELECT id FROM {}", shop.table));
    assert_eq!(
        (&read["effect"], &read["tables"], &read["refusal"]),
        (&json!("READ"), &json!([shop.table]), &Value::Null),
        "{read:#}"
    );
    assert!(read["plan"].as_str().is_some_and(|plan| !plan.is_empty()), "{read:#}");
    let write = checked(&format!("DELETE FROM {}", shop.table));
    assert_eq!(write["effect"], "WRITE", "{write:#}");
    assert!(write["refusal"].is_string(), "{write:#}");
    let wrong = checked("SELECT (1,\nFROM");
    assert_eq!((&wrong["problem"]["code"], &wrong["problem"]["line"]), (&json!("invalid_sql"), &json!(2)), "{wrong:#}");

    let id = "statement_01890000000070008000000000000003";
    let (server, long) = (&shop.server, json!({ "input": { "connection": "shop", "sql": shop.endless, "id": id } }));
    std::thread::scope(|scope| {
        let running = scope.spawn(move || server.graphql_error(run, long));
        wait_for("the statement", || shop.line(id)["outcome"] == "running");
        let cancel = "mutation($id: String!) { cancelStatement(id: $id) }";
        server.graphql(cancel, json!({ "id": id }));
        assert_eq!(running.join().unwrap()["extensions"]["code"], "canceled");
        let again = server.graphql_error(cancel, json!({ "id": id }));
        assert_eq!(again["extensions"]["code"], "statement_not_found");
    });
    let list = "query($after: String) { statements(connection: \"shop\", after: $after, first: 2) { nodes { id outcome sql who errorCode } pageInfo { endCursor } } }";
    let mut first = server.graphql(list, json!({}))["statements"].take();
    let end = first["pageInfo"]["endCursor"].take();
    let first = first["nodes"].take();
    assert_eq!(
        (&first[0]["id"], &first[0]["outcome"], &first[0]["errorCode"]),
        (&json!(id), &json!("canceled"), &json!("canceled"))
    );
    let next = server.graphql(list, json!({ "after": end }))["statements"]["nodes"].take();
    let ids = |page: &Value| -> Vec<String> {
        page.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&first).len(), 2);
    assert!(!ids(&next).is_empty() && ids(&next).iter().all(|id| !ids(&first).contains(id)), "{next:#}");
    shop.assert_well();
}

#[test]
fn a_statement_of_a_killed_server_is_closed_by_the_next() {
    let Some(mut shop) = Shop::sqlite() else { return };
    let id = "statement_01890000000070008000000000000004";
    let body = json!({ "database": "shop", "sql": shop.endless, "timeout_ms": 10_000, "id": id }).to_string();
    let token = format!("Bearer {}", shop.server.token);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    let _asking = http::begin(shop.server.address, "POST", "/api/query", &headers, body.as_bytes());
    wait_for("the statement", || shop.line(id)["outcome"] == "running");
    shop.server.kill();
    shop.server.restart();
    wait_for("the interrupted line", || shop.line(id)["outcome"] == "interrupted");
    assert_eq!(shop.line(id)["duration_ms"], Value::Null);
    shop.assert_well();
}

#[test]
fn a_statement_of_a_killed_shell_is_closed_without_a_server() {
    let Some(sluice) = Sluice::find() else { return };
    sqlite_execute(&sluice.add_sqlite("shop"), "CREATE TABLE bars (id INTEGER)");
    let newest = || -> Value {
        let lines: Value = serde_json::from_str(&sluice.call(&["query", "history", "--json"])).unwrap();
        lines[0].clone()
    };
    let mut shell = sluice.command().args(["query", "shop", ENDLESS, "--timeout", "5s"]).spawn().unwrap();
    wait_for("the statement", || newest()["outcome"] == "running");
    shell.kill().unwrap();
    shell.wait().unwrap();
    wait_for("the interrupted line", || newest()["outcome"] == "interrupted");
}

#[cfg(unix)]
#[test]
fn a_statement_interrupted_in_the_shell_is_canceled_in_its_system_too() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(url) = find_url("SLUICE_TEST_POSTGRES", "an interrupted statement") else { return };
    sluice.call(&["connection", "add", "shop", &url]);
    let mark = unique_name();
    let endless = format!("{ENDLESS_SERIES} AND '{mark}' <> ''");
    let rows = |sql: &str| -> Value {
        serde_json::from_str::<Value>(&sluice.call(&["query", "shop", sql, "--json"])).unwrap()["rows"].clone()
    };
    let running = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%{mark}%'"
    );
    let mut shell = sluice.command().args(["query", "shop", &endless, "--timeout", "5min"]).spawn().unwrap();
    wait_for("the statement", || rows(&running) == json!([[1]]));
    std::process::Command::new("kill").args(["-INT", &shell.id().to_string()]).status().unwrap();
    assert_eq!(shell.wait().unwrap().code(), Some(1));
    wait_for("the end of the statement", || rows(&running) == json!([[0]]));
    let lines: Value = serde_json::from_str(&sluice.call(&["query", "history", "--json"])).unwrap();
    let line = lines.as_array().unwrap().iter().find(|line| line["statement"] == endless.as_str()).unwrap();
    assert_eq!(line["outcome"], "canceled", "{line:#}");
}

macro_rules! on_each {
    ($($name:ident),+) => {$(
        mod $name {
            use super::Shop;

            #[test]
            fn on_sqlite() {
                if let Some(shop) = Shop::sqlite() {
                    super::$name(&shop);
                }
            }

            #[test]
            fn on_postgresql() {
                if let Some(shop) = Shop::postgres() {
                    super::$name(&shop);
                }
            }

            #[test]
            fn on_mariadb() {
                if let Some(shop) = Shop::mysql() {
                    super::$name(&shop);
                }
            }
        }
    )+};
}

on_each!(
    rows_come_with_types_params_and_limits,
    files_hold_what_was_asked_for,
    a_long_statement_is_stopped,
    graphql_asks_the_same
);
