//! Sources: the README's workflow reads and stores what the service has, although the first answer is a failure that
//! may pass; what cannot pass is told at once.

use super::{Example, error};
use crate::stubs::baostock::{Baostock, ROWS};
use crate::stubs::{Reply, Stub, clickhouse, market, prometheus, reply};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// The README's workflow, run to its end; the first request meets `busy`.
fn read(example: &Example, stub: &Stub, busy: Reply) {
    example.sluice.add_sqlite("history");
    example.set_up();
    stub.plan(busy);
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
}

#[test]
fn tushare_pages_become_rows_in_shares_and_yuan() {
    let stub = Stub::start(market::tushare);
    let Some(example) = Example::find("tushare", &[("http://api.tushare.pro", &stub.base)]) else { return };
    let example = example.set("TUSHARE_TOKEN", market::TOKEN);
    read(&example, &stub, reply(502, "<html>bad gateway</html>"));
    let mut rows = example.stored("daily_bars");
    rows.sort_by_key(|row| row["trade_date"].to_string());
    assert_eq!(rows.len(), 5, "{rows:#?}");
    assert_eq!(rows[0]["trade_date"], "2024-01-02");
    assert_eq!(rows[0]["vol"], "18320712.0", "{:#}", rows[0]);
    assert_eq!(rows[0]["amount"], "121663512.0", "{:#}", rows[0]);
    assert_eq!(rows[3]["close"], Value::Null, "{:#}", rows[3]);
    assert_eq!(stub.received().len(), 4, "one failure, and pages of two, two and one");

    let run = example.run_document(&example.block("yaml").replace("api: daily\n", "api: moneyflow\n"));
    let error = error(&run, "bars");
    assert_eq!(error["code"], "authentication_failed", "{error:#}");
    assert!(error["message"].as_str().unwrap().contains("没有接口访问权限"), "{error:#}");
    assert_eq!(stub.received().len(), 5, "what cannot pass is tried once");
    assert!(!run.to_string().contains(market::TOKEN));
}

#[test]
fn aktools_tables_become_rows_in_shares() {
    let stub = Stub::start(market::aktools);
    let Some(example) = Example::find("akshare", &[("http://127.0.0.1:8080", &stub.base)]) else { return };
    read(&example, &stub, reply(500, "Internal Server Error"));
    let mut rows = example.stored("daily_bars");
    rows.sort_by_key(|row| row["trade_date"].to_string());
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["volume_shares"], "18320700", "{:#}", rows[0]);
    assert_eq!(rows[1]["amount_cny"], Value::Null);

    let document = example.block("yaml").replace("canonical: true", "canonical: false");
    let run = example.run_document(&document.replace("stock_zh_a_hist", "stock_zh_b_hist"));
    assert!(error(&run, "bars")["message"].as_str().unwrap().contains("未找到该接口"), "{run:#}");
    let run = example.run_document(&document.replace("\"600000\"", "\"600000' or __import__('os')\""));
    assert_eq!(error(&run, "bars")["code"], "invalid_value", "{run:#}");
}

#[test]
fn prometheus_ranges_come_in_windows_without_gap_or_repeat() {
    let stub = Stub::start(prometheus::serve);
    let Some(example) = Example::find("prometheus", &[("http://127.0.0.1:9090", &stub.base)]) else { return };
    read(&example, &stub, reply(503, r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#));
    assert_eq!(example.stored("samples").len(), 6 * 3600 + 1);
    assert_eq!(stub.received().len(), 4, "one failure and three windows");
    let run = example.run_document(&example.block("yaml").replace("http_requests_total", "("));
    assert!(error(&run, "samples")["message"].as_str().unwrap().contains("parse error"), "{run:#}");
}

#[test]
fn clickhouse_rows_are_read_and_written_once_although_an_answer_was_lost() {
    let server = clickhouse::ClickHouse::default();
    let serve = server.clone();
    let stub = Stub::start(move |request| serve.serve(request));
    let Some(example) = Example::find("clickhouse", &[("http://127.0.0.1:8123", &stub.base)]) else { return };
    let example = example.set("CLICKHOUSE_PASSWORD", clickhouse::PASSWORD);
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let lines = server.lines.lock().unwrap().clone();
    assert_eq!(lines, ["2024-01-02\ta\\tb\t6.62\t9007199254740993", "2024-01-03\tü\\\\\t6.64\t7"]);
    let inserts = stub.received().iter().filter(|it| it.parameter("query").is_some()).count();
    assert_eq!(inserts, 2, "the batch was sent again, and known by its token");

    let run = example.run_document(&example.block("yaml").replace("FROM bars ", "FROM nothing "));
    assert!(error(&run, "bars")["message"].as_str().unwrap().contains("code 60"), "{run:#}");
    let run = example.run_document(&example.block("yaml").replace("user: reader\n", "user: nobody\n"));
    assert_eq!(error(&run, "bars")["code"], "authentication_failed", "{run:#}");
}

#[test]
fn baostock_pages_are_read_although_the_connection_broke_once() {
    let service = Baostock::start();
    let port = service.port.to_string();
    let replaced = [("public-api.baostock.com", "127.0.0.1"), ("10030", port.as_str())];
    let Some(example) = Example::find("baostock", &replaced) else { return };
    example.sluice.add_sqlite("history");
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let mut rows = example.stored("daily_bars");
    rows.sort_by_key(|row| row["date"].to_string());
    assert_eq!(rows.len(), ROWS);
    assert_eq!(rows[0]["volume"], "18320712", "{:#}", rows[0]);
    assert_eq!(rows[9]["volume"], Value::Null, "{:#}", rows[9]);
    assert_eq!(service.connections.load(Ordering::SeqCst), 2, "one broke, one served");

    let run = example.run_document(&example.block("yaml").replace("code: sh.600000", "code: sh.000000"));
    let fault = error(&run, "bars");
    assert!(fault["message"].as_str().unwrap().contains("10004011"), "{fault:#}");
    // Without the grant nothing is reached.
    example.sluice.call(&["plugin", "grant", "baostock"]);
    let before = service.connections.load(Ordering::SeqCst);
    let run = example.run();
    assert_eq!(error(&run, "bars")["code"], json!("capability_denied"), "{run:#}");
    assert_eq!(service.connections.load(Ordering::SeqCst), before);
}
