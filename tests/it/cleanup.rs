//! `cleanup` on real servers: the old rows go piece by piece, the others stay.

use crate::databases::{Postgres, find_url, unique_name};
use crate::program::Sluice;
use serde_json::{Value, json};
use std::fs;

/// Makes a table of 25 days with 40 rows each, counts and removes those older than ten days, and drops the table.
fn check(sluice: &Sluice, url: &str, create: &str, fill: &str) {
    sluice.call(&["connection", "add", "store", url]);
    let table = unique_name();
    let (create, fill) = (create.replace("{table}", &table), fill.replace("{table}", &table));
    let rows =
        |more: &str| format!("rows: {{ connection: store, table: {table}, column: at, older_than: 10d, {more} }}");
    let document = format!(
        "name: thinned
steps:
  - {{ id: made, uses: sql, with: {{ connection: store, sql: \"{create}\" }} }}
  - {{ id: filled, uses: sql, needs: [made], with: {{ connection: store, sql: \"{fill}\" }} }}
  - {{ id: tried, uses: cleanup, needs: [filled], with: {{ dry_run: true, {} }} }}
  - {{ id: some, uses: cleanup, needs: [tried], with: {{ {} }} }}
  - {{ id: rest, uses: cleanup, needs: [some], with: {{ {} }} }}
  - {{ id: left, uses: count, needs: [rest], with: {{ connection: store, table: {table} }} }}
  - {{ id: dropped, uses: sql, needs: [left], with: {{ connection: store, sql: \"DROP TABLE {table}\" }} }}
",
        rows("piece: 7"),
        rows("piece: 7, limit: 20, where: \"n = 1\""),
        rows("piece: 100"),
    );
    let file = sluice.folder.path().join("thinned.yaml");
    fs::write(&file, document).unwrap();
    let run = sluice.run(&file, &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let outputs = |id: &str, name: &str| -> Value {
        run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap()["outputs"][name].clone()
    };
    // The days from ten to twenty-four ago are old; of their 600 rows, half have n = 1.
    assert_eq!((outputs("tried", "rows"), outputs("tried", "method")), (json!(600), json!("count")));
    assert_eq!((outputs("some", "rows"), outputs("some", "method")), (json!(20), json!("delete")));
    assert_eq!(outputs("rest", "rows"), 580);
    assert_eq!(outputs("left", "count"), 400);
}

#[test]
fn old_rows_go_from_postgresql() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(database) = Postgres::create("cleanup in PostgreSQL") else { return };
    check(
        &sluice,
        &database.url,
        "CREATE TABLE {table} (at timestamptz NOT NULL, n int NOT NULL)",
        "INSERT INTO {table} SELECT now() - make_interval(days => day, hours => 1), copy % 2 FROM generate_series(0, 24) AS day, generate_series(1, 40) AS copy",
    );
}

#[test]
fn old_rows_go_from_mysql() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(url) = find_url("SLUICE_TEST_MYSQL", "cleanup in MySQL") else { return };
    check(
        &sluice,
        &url,
        "CREATE TABLE {table} (at DATETIME(6) NOT NULL, n INT NOT NULL)",
        "INSERT INTO {table} WITH RECURSIVE d(day) AS (SELECT 0 UNION ALL SELECT day + 1 FROM d WHERE day < 24), c(copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM c WHERE copy < 40) SELECT utc_timestamp(6) - INTERVAL day DAY - INTERVAL 1 HOUR, copy % 2 FROM d, c",
    );
}
