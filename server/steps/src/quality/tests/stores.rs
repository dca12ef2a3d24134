//! Real stores: the same market, without fault and spoiled, has the same verdict wherever its rows lie.

use super::*;
use crate::real::Store;
use data::{Mode, WriteOptions};

/// Puts the market and what is known of it into a store.
async fn filled(store: &Store, rows: &[Row]) {
    for (name, records) in world(rows).tables {
        store.write(WriteOptions::append(&name), &records).await;
    }
}

/// Spoils the market in several ways at once; returns the rules that tell so.
fn spoil(rows: &mut Vec<Row>) -> Vec<(String, u64)> {
    let twice = Row { amount: 1.0, ..plain(rows, 5).clone() };
    rows.push(twice);
    plain(rows, 9).volume = None;
    plain(rows, 12).amount *= 2.0;
    let gone = plain(rows, 20).clone();
    rows.retain(|row| *row != gone);
    plain(rows, 24).change += 0.5;
    ["c1", "c6", "d1", "v4", "v6"].map(|rule| (rule.to_owned(), 1)).to_vec()
}

async fn check(store: Store) {
    let mut rows = market::market(&nothing());
    filled(&store, &rows).await;
    let world = store.world();
    let report = world.act(&Quality, with(json!({}))).await.unwrap();
    assert_eq!(broken(&report.outputs), [], "{:#}", report.outputs["rules"]);
    assert_eq!((&report.outputs["grade"], &report.outputs["codes"]), (&json!("A"), &json!(20)));
    let other = json!({ "other": { "connection": "store", "table": "second" }, "only": ["d3"] });
    let mut second = rows.clone();
    store.write(WriteOptions::append("second"), &batch(&second, &NAMES)).await;
    let report = world.act(&Quality, with(other.clone())).await.unwrap();
    assert_eq!(broken(&report.outputs), []);
    plain(&mut second, 12).close = 1.0;
    let truncate = WriteOptions { mode: Mode::Truncate, ..WriteOptions::append("second") };
    store.write(truncate, &batch(&second, &NAMES)).await;
    let report = world.act(&Quality, with(other)).await.unwrap();
    assert_eq!(broken(&report.outputs), [("d3".to_owned(), 1)]);
    let expected = spoil(&mut rows);
    let truncate = WriteOptions { mode: Mode::Truncate, ..WriteOptions::append("bars") };
    store.write(truncate, &batch(&rows, &NAMES)).await;
    let report = world.act(&Quality, with(json!({}))).await.unwrap();
    assert_eq!(broken(&report.outputs), expected, "{:#}", report.outputs["rules"]);
    let observed = world.watch.observations();
    assert_eq!(observed.last().unwrap().findings.len(), expected.len());
    store.end().await;
}

#[tokio::test]
async fn a_market_in_postgres_is_judged() {
    if let Some(store) = Store::postgres("a_market_in_postgres_is_judged").await {
        check(store).await;
    }
}

#[tokio::test]
async fn a_market_in_mariadb_is_judged() {
    if let Some(store) = Store::mysql("a_market_in_mariadb_is_judged").await {
        check(store).await;
    }
}

#[tokio::test]
async fn a_market_in_sqlite_is_judged() {
    if let Some(store) = Store::sqlite("a_market_in_sqlite_is_judged").await {
        check(store).await;
    }
}

/// A supertable has one row for each moment of a code, so that nothing can be there twice.
#[tokio::test]
async fn a_market_in_tdengine_is_judged() {
    let Some(store) = Store::tdengine("a_market_in_tdengine_is_judged").await else { return };
    let mut rows = market::market(&nothing());
    let extra = json!({ "tags": ["symbol"], "subtable": "t_{symbol}" });
    let options = || WriteOptions {
        mode: Mode::Upsert,
        key: vec!["symbol".to_owned(), "trade_date".to_owned()],
        extra: extra.as_object().cloned().unwrap(),
        ..WriteOptions::append("bars")
    };
    store.write(options(), &batch(&rows, &NAMES)).await;
    // What is known of the market lies in another store.
    let Some(known) = Store::sqlite("a_market_in_tdengine_is_judged").await else { return };
    filled(&known, &rows).await;
    let mut world = store.world();
    world.stores.insert("known".to_owned(), known.connector.clone());
    let beside = || {
        let mut with = with(json!({}));
        for name in ["calendar", "securities", "special_treatment", "suspensions", "actions"] {
            with[name]["connection"] = "known".into();
        }
        with
    };
    let report = world.act(&Quality, beside()).await.unwrap();
    assert_eq!(broken(&report.outputs), [], "{:#}", report.outputs["rules"]);
    plain(&mut rows, 12).amount *= 2.0;
    plain(&mut rows, 24).change += 0.5;
    store.write(options(), &batch(&rows, &NAMES)).await;
    let report = world.act(&Quality, beside()).await.unwrap();
    let expected = ["v4", "v6"].map(|rule| (rule.to_owned(), 1));
    assert_eq!(broken(&report.outputs), expected, "{:#}", report.outputs["rules"]);
    assert_eq!(report.outputs["codes"], 20);
    known.end().await;
    store.end().await;
}

#[tokio::test]
async fn a_market_in_redis_is_judged() {
    let Some(store) = Store::redis("a_market_in_redis_is_judged").await else { return };
    let mut rows = market::market(&nothing());
    let table = format!("{}:{{symbol}}:{{trade_date}}", store.place);
    let options = |ttl: u64| WriteOptions {
        mode: Mode::Upsert,
        extra: json!({ "ttl": ttl }).as_object().cloned().unwrap(),
        ..WriteOptions::append(&table)
    };
    plain(&mut rows, 12).amount *= 2.0;
    store.write(options(600), &batch(&rows, &NAMES)).await;
    let world = store.world();
    let with =
        json!({ "connection": "store", "table": table, "only": ["d1", "v1", "v4", "v6"], "now": "2024-01-31T20:00" });
    let report = world.act(&Quality, with).await.unwrap();
    assert_eq!(broken(&report.outputs), [("v4".to_owned(), 1)], "{:#}", report.outputs["rules"]);
    assert_eq!(report.outputs["rows"], json!(rows.len()));
    // Nothing stays on the shared server.
    store.write(options(1), &batch(&rows, &NAMES)).await;
    store.end().await;
}
