//! `sluice diff` and `sluice monitor` as a person and as a script use them: by URL, by file, by connection.

use crate::databases::{sqlite_execute, sqlite_number};
use crate::program::Sluice;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Two tables with one difference of each kind, and what awkward text can hold.
struct Sides {
    sluice: Sluice,
    left: PathBuf,
    right: PathBuf,
}

impl Sides {
    fn new() -> Option<Self> {
        let sluice = Sluice::find()?;
        let [left, right] = ["left", "right"].map(|name| sluice.folder.path().join(format!("{name}.db")));
        let table = "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, price REAL);";
        sqlite_execute(
            &left,
            &format!(
                "{table} INSERT INTO orders VALUES (1, 'a', 0.5), (2, NULL, 1.5), (3, 'x' || char(9) || '\\', 2.5), (5, '😀', 1)"
            ),
        );
        sqlite_execute(
            &right,
            &format!(
                "{table} INSERT INTO orders VALUES (1, 'a', 0.5), (2, 'null', 1.5), (4, 'new', 2.5), (5, '😀', 1)"
            ),
        );
        Some(Self { sluice, left, right })
    }

    fn urls(&self) -> [String; 2] {
        [&self.left, &self.right].map(|file| format!("sqlite://{}#orders", file.display()))
    }

    /// Exit code, standard output and standard error.
    fn diff(&self, left: &str, right: &str, more: &[&str]) -> (i32, String, String) {
        let output = self.sluice.command().args(["diff", left, right]).args(more).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

#[test]
fn lines_are_told_without_a_server() {
    let Some(sides) = Sides::new() else { return };
    let [left, right] = sides.urls();
    let (code, lines, _) = sides.diff(&left, &right, &["--key", "id", "--format", "lines"]);
    let mut lines: Vec<_> = lines.lines().collect();
    lines.sort_unstable();
    assert_eq!(code, 1);
    assert_eq!(lines, ["+ 2\tnull\t1.5", "+ 4\tnew\t2.5", "- 2\t\\N\t1.5", "- 3\tx\\t\\\\\t2.5"]);
    // The table's own key is taken where none is named.
    assert_eq!(sides.diff(&left, &right, &["--format", "lines"]).0, 1);
    assert_eq!(
        sides.diff(&left, &left, &["--format", "lines"]),
        (0, String::new(), sides.diff(&left, &left, &["--format", "lines"]).2)
    );
    assert_eq!(sides.diff(&left, &right, &["--where", "id in (1, 5)", "--format", "lines"]).0, 0);
    assert_eq!(sides.diff(&left, &right, &["--columns", "price", "--where", "id < 3", "--format", "lines"]).0, 0);
    assert!(!sides.sluice.folder.path().join("data").exists(), "nothing was saved");
}

#[test]
fn totals_counts_and_columns_are_told() {
    let Some(sides) = Sides::new() else { return };
    let [left, right] = sides.urls();
    let (code, text, _) = sides.diff(&left, &right, &["--format", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["differences"], &report["complete"]), (1, &3.into(), &true.into()));
    assert_eq!(report["totals"]["missing"], 1);
    assert_eq!(report["sample"]["changed"][0]["_column"], "note");
    let (code, text, _) = sides.diff(&left, &right, &["--count-only", "--format", "lines"]);
    assert_eq!((code, text.as_str()), (0, "4\t4\n"));
    sqlite_execute(&sides.right, "ALTER TABLE orders ADD COLUMN more TEXT");
    let (code, text, _) = sides.diff(&left, &right, &["--schema-only", "--format", "lines"]);
    assert_eq!((code, text.as_str()), (1, "+ more\n"));
    let (code, _, told) = sides.diff(&left, &right, &[]);
    assert!(code == 1 && told.contains("column `more` is only on the right"), "{told}");
}

#[test]
fn every_failure_is_told_by_the_exit_code() {
    let Some(sides) = Sides::new() else { return };
    let [left, right] = sides.urls();
    let gone = right.replace("#orders", "#oders");
    for (left, right, more, expected) in [
        (left.as_str(), gone.as_str(), vec![], "oders"),
        (&left, "sqlite:///nowhere/at/all.db#orders", vec![], "nowhere"),
        (&left, "missing.csv", vec![], "missing.csv"),
        (&left, "history:orders", vec![], "history"),
        (&left, &right, vec!["--key", "ghost"], "ghost"),
        (&left, &right, vec!["--where", "no such thing"], "syntax error"),
        (&left, &right, vec!["--tolerance", "price=wide"], "wide"),
        (&left, &right, vec!["--keyless", "--apply"], "key"),
        ("postgres://u:secret@127.0.0.1:1/db#t", &right, vec![], "127.0.0.1"),
    ] {
        let (code, _, told) = sides.diff(left, right, &more);
        assert_eq!(code, 2, "{right} {more:?}: {told}");
        assert!(told.contains(expected) && !told.contains("secret"), "{told}");
    }
}

#[test]
fn a_file_is_a_side() {
    let Some(sides) = Sides::new() else { return };
    let file = sides.sluice.folder.path().join("orders.csv");
    fs::write(&file, "id,price\n5,1\n1,0.5\n3,2.5\n2,1.5\n").unwrap();
    let file = file.display().to_string();
    let [left, _] = sides.urls();
    assert_eq!(sides.diff(&left, &file, &["--key", "id", "--format", "lines"]).0, 0);
    fs::write(&file, "id,price\n5,1\n1,0.5\n3,9\n").unwrap();
    let (code, lines, _) = sides.diff(&file, &left, &["--key", "id", "--format", "lines"]);
    let mut lines: Vec<_> = lines.lines().collect();
    lines.sort_unstable();
    assert_eq!((code, lines.len()), (1, 3), "{lines:?}");
}

#[test]
fn a_repair_leaves_nothing_to_tell() {
    let Some(sides) = Sides::new() else { return };
    let [left, right] = sides.urls();
    let script = sides.sluice.folder.path().join("repair.sql").display().to_string();
    let (code, ..) = sides.diff(&left, &right, &["--repair-to", &script]);
    assert_eq!(code, 1);
    let statements = fs::read_to_string(&script).unwrap();
    assert_eq!(statements.lines().count(), 3, "{statements}");
    assert_eq!(sides.diff(&left, &right, &["--repair-to", &script]).0, 2, "a file is not written over");
    sqlite_execute(&sides.right, &statements);
    assert_eq!(sides.diff(&left, &right, &["--format", "lines"]).0, 0);
    sqlite_execute(&sides.right, "DELETE FROM orders WHERE id < 4");
    assert_eq!(sides.diff(&left, &right, &["--apply"]).0, 1);
    assert_eq!(sides.diff(&left, &right, &[]).0, 0);
    assert_eq!(sqlite_number(&sides.right, "SELECT count(*) FROM orders"), Some(4));
}

#[test]
fn ranges_are_spread_over_tasks() {
    let Some(sides) = Sides::new() else { return };
    let fill = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                INSERT INTO orders SELECT i, 'note ' || i, i / 4.0 FROM n; ANALYZE;";
    sqlite_execute(&sides.left, fill);
    sqlite_execute(&sides.right, fill);
    sqlite_execute(
        &sides.right,
        "UPDATE orders SET price = 0 WHERE id % 1000 = 500; DELETE FROM orders WHERE id = 4999",
    );
    for (name, file) in [("shop", &sides.left), ("replica", &sides.right)] {
        sides.sluice.call(&["connection", "add", name, &format!("sqlite://{}", file.display())]);
    }
    let file = sides.sluice.folder.path().join("spread.yaml");
    let document = "name: spread\nsteps:\n  - id: same\n    uses: diff\n    with:\n      \
        left: { connection: shop, table: orders }\n      right: { connection: replica, table: orders }\n      \
        key: id\n      spread: true\n      range_rows: 400\n";
    fs::write(&file, document).unwrap();
    let run = sides.sluice.run(&file, &[]);
    assert_eq!(run["status"], "succeeded", "{run}");
    let outputs = &run["steps"][0]["outputs"];
    // Three rows that were there before, five changed and one missing.
    assert_eq!(
        (&outputs["changed"], &outputs["missing"], &outputs["extra"]),
        (&6.into(), &2.into(), &1.into()),
        "{outputs}"
    );
    assert_eq!(outputs["left_rows"], 4995);
    assert!(outputs["reasons"][0].as_str().unwrap().contains("ranges of the key"), "{outputs}");
}

#[test]
fn monitors_measure_and_tell() {
    let Some(sides) = Sides::new() else { return };
    let sluice = &sides.sluice;
    for (name, file) in [("shop", &sides.left), ("replica", &sides.right)] {
        sluice.call(&["connection", "add", name, &format!("sqlite://{}", file.display())]);
    }
    let both = ["--left", "shop:orders", "--right", "replica:orders"];
    let add = |name: &str, template: &str, more: &[&str]| {
        let arguments = ["monitor", "add", name, "--template", template];
        sluice.command().args(arguments).args(more).output().unwrap()
    };
    let with = |more: &[&'static str]| [both.as_slice(), more].concat();
    assert!(add("rows", "data-diff", &with(&["--key", "id", "--cron", "0 * * * *"])).status.success());
    assert!(add("few", "DATA_DIFF", &with(&["--key", "id", "--threshold", "differences > 10"])).status.success());
    assert!(add("count", "row-count", &with(&[])).status.success());
    assert!(add("columns", "schema-change", &["--left", "replica:orders"]).status.success());
    for (refused, expected) in [
        (add("rows", "data-diff", &with(&[])), "already"),
        (add("more", "data-diff", &["--left", "shop:orders"]), "right side"),
        (add("more", "data-diff", &with(&["--threshold", "rows > 1"])), "does not measure"),
        (add("more", "row-count", &["--left", "nowhere:orders", "--threshold", "count < 1"]), "nowhere"),
        (add("more", "data-diff", &with(&["--cron", "every day"])), "cron"),
    ] {
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{told}");
    }
    let run = |names: &[&str]| {
        let output = sluice.command().args(["monitor", "run", "--json"]).args(names).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap(), serde_json::from_str::<Value>(&text).unwrap_or_default())
    };
    let (code, found) = run(&["few", "count", "columns"]);
    assert_eq!(code, 0, "{found}");
    assert_eq!((&found["few"]["value"], &found["count"]["value"]), (&3.0.into(), &0.0.into()));
    let (code, found) = run(&["rows"]);
    assert_eq!((code, &found["rows"]["passed"]), (1, &true.into()));
    sqlite_execute(&sides.right, "DELETE FROM orders WHERE id = 5; ALTER TABLE orders ADD COLUMN more TEXT");
    assert_eq!(run(&["count"]).0, 1);
    assert_eq!(run(&["columns"]).0, 1);
    run(&["rows"]);
    let results: Value = serde_json::from_str(&sluice.call(&["monitor", "results", "rows", "--json"])).unwrap();
    assert_eq!((&results[0]["value"], &results[0]["trend"]), (&4.0.into(), &1.0.into()), "{results}");
    assert_eq!((&results[1]["value"], &results[1]["trend"]), (&3.0.into(), &Value::Null));
    let list: Value = serde_json::from_str(&sluice.call(&["monitor", "list", "--json"])).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 4);
    sluice.call(&["monitor", "stop", "rows"]);
    sluice.call(&["monitor", "start"]);
    sqlite_execute(&sides.right, "DROP TABLE orders");
    assert_eq!(run(&["rows"]).0, 2);
}
