#![allow(clippy::unwrap_used)]

mod stores;

use super::*;
use crate::stand_in::World;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use data::System;
use data::connector::ColumnInfo;
use std::collections::HashMap;
use std::sync::Arc;

fn world() -> World {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![1, 2, 3]));
    let millis: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, true, false]));
    let rows = RecordBatch::try_from_iter([("day", days), ("ms", millis), ("text", texts), ("flag", flags)]).unwrap();
    World { tables: HashMap::from([("bars".to_owned(), rows)]), ..World::default() }
}

fn rows(more: Value) -> Value {
    let mut rows = json!({ "connection": "store", "table": "bars", "column": "day", "older_than": "90d" });
    rows.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "rows": rows })
}

#[tokio::test]
async fn old_rows_go_piece_by_piece() {
    let world = world();
    // The stand-in says of each statement that it changed 3 rows.
    let report = world.act(&Cleanup, rows(json!({ "piece": 3, "limit": 7 }))).await.unwrap();
    assert_eq!((&report.outputs["rows"], &report.outputs["method"]), (&json!(9), &json!("delete")));
    let executed = world.executed.lock().unwrap();
    assert_eq!(executed.len(), 3);
    assert!(
        executed[0].starts_with("DELETE FROM \"bars\" WHERE (rowid) IN (SELECT rowid FROM \"bars\" WHERE \"day\" < '")
    );
    assert!(executed[0].ends_with("LIMIT 3)") && executed[2].ends_with("LIMIT 1)"), "{executed:?}");
}

#[tokio::test]
async fn a_dry_run_only_counts() {
    let world = world();
    let mut with = rows(json!({ "where": "text = 'a' -- or" }));
    with["dry_run"] = json!(true);
    with["metadata"] = json!({ "runs": "90d", "log_lines": "12h" });
    let report = world.act(&Cleanup, with).await.unwrap();
    assert_eq!(report.outputs["rows"], 3);
    assert_eq!(report.outputs["metadata"], json!({ "runs": 7, "log_lines": 7 }));
    assert!(world.executed.lock().unwrap().is_empty());
    assert!(world.watch.purged().iter().all(|(_, before, dry_run)| *dry_run && *before < Utc::now()));
}

#[tokio::test]
async fn wrong_settings_are_refused() {
    let check = async |with: Value, expected: &str| {
        let error = world().act(&Cleanup, with).await.map(|report| report.outputs).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(json!({ "dry_run": true }), "needs `rows`, `backups` or `metadata`").await;
    for age in ["90", "90 d", "-1d", "d", "99999999d", "١d", "1.5d"] {
        check(rows(json!({ "older_than": age })), "is no age").await;
        check(json!({ "metadata": { "runs": age } }), "is no age").await;
    }
    check(json!({ "metadata": { "rnus": "1d" } }), "rnus").await;
    check(rows(json!({ "column": "dya" })), "Did you mean `day`?").await;
    check(rows(json!({ "table": "barz" })), "no table `barz`").await;
    check(rows(json!({ "column": "ms" })), "nothing says what they count").await;
    check(rows(json!({ "column": "flag" })), "does not say when").await;
    check(rows(json!({ "unit": "ms" })), "has no `unit`").await;
    check(rows(json!({ "piece": 0 })), "").await;
}

fn check_statement(system: System, kind: DataType, unit: Option<Unit>, expected: &str) {
    let column = ColumnInfo { name: "at".to_owned(), native_type: String::new(), data_type: kind, nullable: false };
    let before = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let statements = Statements::new(system, "s.t", &column, &["k".to_owned()], before, unit).unwrap();
    let condition = statements.condition(None);
    assert_eq!(statements.delete(&condition, 5).unwrap_or_else(|| statements.delete_all(&condition)), expected);
}

#[test]
fn each_system_deletes_in_its_own_words() {
    let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    check_statement(
        System::Postgres,
        micros(Some("UTC")),
        None,
        "WITH old AS MATERIALIZED (SELECT tableoid AS part, ctid AS place FROM \"s\".\"t\" \
         WHERE \"at\" < '2023-11-14 22:13:20.000000+00'::timestamptz LIMIT 5) \
         DELETE FROM \"s\".\"t\" WHERE ctid = ANY(ARRAY(SELECT place FROM old)) \
         AND (tableoid, ctid) IN (SELECT part, place FROM old)",
    );
    check_statement(System::Mysql, DataType::Date32, None, "DELETE FROM `s`.`t` WHERE `at` < '2023-11-14' LIMIT 5");
    check_statement(
        System::Sqlite,
        DataType::Int64,
        Some(Unit::Ms),
        "DELETE FROM \"s\".\"t\" WHERE (\"k\") IN (SELECT \"k\" FROM \"s\".\"t\" WHERE \"at\" < 1700000000000 LIMIT 5)",
    );
    check_statement(
        System::Tdengine,
        micros(None),
        None,
        "DELETE FROM `s`.`t` WHERE `at` < '2023-11-14T22:13:20.000Z'",
    );
    check_statement(
        System::Mysql,
        DataType::Int64,
        Some(Unit::Yyyymmdd),
        "DELETE FROM `s`.`t` WHERE `at` < 20231114 LIMIT 5",
    );
}

#[test]
fn names_cannot_break_out() {
    let column = ColumnInfo {
        name: "a\"; drop".to_owned(),
        native_type: String::new(),
        data_type: DataType::Date32,
        nullable: true,
    };
    let statements = Statements::new(System::Sqlite, "t\"x", &column, &[], Utc::now(), None).unwrap();
    let sql = statements.delete_all(&statements.condition(Some("x = 1 -- ")));
    assert!(sql.starts_with("DELETE FROM \"t\"\"x\" WHERE \"a\"\"; drop\" < '"), "{sql}");
    assert!(sql.ends_with("AND (\nx = 1 -- \n)"), "{sql}");
    assert!(Statements::new(System::Redis, "t", &column, &[], Utc::now(), None).is_err());
}
