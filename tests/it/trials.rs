//! Trying a document on a few rows: what is shown of each edge, and that nothing outside changes.

use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::{Value, json};
use std::fs;

/// Bars from a file, checked, stored; what is kept out goes elsewhere; a statement and what waits for it.
const DOCUMENT: &str = r#"
name: tried
inputs:
  least: { type: integer, default: 0 }
steps:
  - id: bars
    uses: fetch
    with: { source: csv, path: bars.csv }
  - id: checked
    uses: validate
    from: bars
    with: { rules: [{ name: ohlc, expect: "high >= low and high > ${{ inputs.least }}" }] }
  - id: stored
    uses: write
    from: checked
    with: { connection: history, table: bars, mode: upsert, key: [symbol] }
  - id: kept_out
    uses: write
    from: checked.rejected
    with: { connection: history, table: kept_out }
  - id: emptied
    uses: sql
    needs: [stored]
    with: { connection: history, sql: "DELETE FROM bars" }
  - id: counted
    uses: script
    needs: [emptied]
    with: { script: "1" }
"#;

fn prepare() -> Option<Sluice> {
    let sluice = Sluice::find()?;
    sluice.add_sqlite("history");
    fs::create_dir_all(sluice.files()).unwrap();
    let rows: String = (0..100).map(|n| format!("s{n},{},{}\n", n, if n % 10 == 5 { 200 } else { 0 })).collect();
    fs::write(sluice.files().join("bars.csv"), format!("symbol,high,low\n{rows}")).unwrap();
    Some(sluice)
}

fn find<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|item| item[key] == value);
    found.unwrap_or_else(|| panic!("nothing with {key} `{value}` in {list}"))
}

fn port<'a>(page: &'a Value, step: &str, port: &str) -> &'a Value {
    let ports = page["ports"].as_array().unwrap();
    let found = ports.iter().find(|sample| sample["step"] == step && sample["port"] == port);
    found.unwrap_or_else(|| panic!("nothing left `{step}.{port}`: {page}"))
}

#[test]
fn a_document_is_tried_and_nothing_is_written() {
    let Some(sluice) = prepare() else { return };
    let file = sluice.files().join("tried.yaml");
    fs::write(&file, DOCUMENT).unwrap();
    let page: Value =
        serde_json::from_str(&sluice.call(&["try", file.to_str().unwrap(), "--rows", "20", "--json"])).unwrap();
    assert_eq!(port(&page, "bars", "out")["total"], 20, "{page}");
    // Of 20 rows s0 is not above 0, and s5 and s15 are lower than their lows.
    assert_eq!(port(&page, "checked", "out")["total"], 17);
    let kept_out = port(&page, "checked", "rejected");
    assert_eq!((&kept_out["total"], &kept_out["rows"][0][0]), (&json!(3), &json!("s0")));
    let columns: Vec<&str> =
        kept_out["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(columns, ["symbol", "high", "low", "_rule", "_reason"]);
    let stored = find(&page["targets"], "step", "stored");
    assert_eq!(
        (&stored["rows"], &stored["mode"], &stored["makes_table"]),
        (&json!(17), &json!("upsert"), &json!(true))
    );
    assert_eq!(find(&page["targets"], "step", "kept_out")["rows"], 3);
    // A statement is not run; what waits for it does not take part either.
    let emptied = find(&page["steps"], "id", "emptied");
    assert_eq!((&emptied["status"], &emptied["error"]["code"]), (&json!("skipped"), &json!("unsupported")));
    assert_eq!(find(&page["steps"], "id", "counted")["status"], "skipped");
    assert_eq!(page["timed_out"], false);

    // Nothing is left of it: no table, no workflow, no run, no kept rows.
    assert!(!sluice.call(&["connection", "tables", "history"]).contains("bars"));
    assert!(!sluice.call(&["workflow", "list"]).contains("tried"));
    assert!(!sluice.folder.path().join("data/trials").exists());
}

#[test]
fn a_trial_goes_up_to_a_step_and_takes_inputs() {
    let Some(sluice) = prepare() else { return };
    let file = sluice.files().join("tried.yaml");
    fs::write(&file, DOCUMENT).unwrap();
    let arguments =
        ["try", file.to_str().unwrap(), "--up-to", "checked", "--rows", "20", "--input", "least=15", "--json"];
    let page: Value = serde_json::from_str(&sluice.call(&arguments)).unwrap();
    let steps: Vec<&str> = page["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(steps, ["bars", "checked"]);
    assert_eq!(port(&page, "checked", "out")["total"], 4);
    assert_eq!(page["targets"], json!([]));

    let done = sluice.command().args(["try", file.to_str().unwrap(), "--up-to", "nowhere"]).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no step `nowhere`"), "{done:?}");
}

#[test]
fn the_editor_tries_what_is_not_saved() {
    let Some(sluice) = prepare() else { return };
    let server = TestServer::start(sluice);
    let operation = "mutation($document: String!, $upTo: String, $rows: Int) { \
        tryDocument(document: $document, upTo: $upTo, rows: $rows) { \
          problems { code line } \
          trial { timedOut steps { id status rowsOut error { code } } targets { step table rows makesTable missingColumns } \
            ports { step port total rows columns { name nativeType } } logs { message } } } }";
    let tried = server.graphql(operation, json!({ "document": DOCUMENT, "rows": 5 }));
    let trial = &tried["tryDocument"]["trial"];
    assert_eq!(port(trial, "bars", "out")["total"], 5.0, "{tried}");
    let rows: Value = serde_json::from_str(port(trial, "bars", "out")["rows"].as_str().unwrap()).unwrap();
    assert_eq!(rows[1], json!(["s1", 1, 0]));

    // A table that is there says which columns it lacks.
    server.run_once(
        "name: made\nsteps:\n  - id: made\n    uses: sql\n    with: { connection: history, sql: \"CREATE TABLE bars (symbol TEXT PRIMARY KEY, high INTEGER)\" }\n",
    );
    let tried = server.graphql(operation, json!({ "document": DOCUMENT, "upTo": "stored" }));
    let target = find(&tried["tryDocument"]["trial"]["targets"], "step", "stored");
    assert_eq!((&target["makesTable"], &target["missingColumns"]), (&json!(false), &json!(["low"])), "{tried}");

    // A faulty document is refused with all faults, as by a save.
    let refused = server.graphql(operation, json!({ "document": "name: x\nsteps:\n  - id: a\n    uses: nothing\n" }));
    assert_eq!(refused["tryDocument"]["trial"], Value::Null);
    assert_eq!(refused["tryDocument"]["problems"][0]["code"], "unknown_step_kind", "{refused}");
    for rows in [0, -1, 1_001] {
        let error = server.graphql_error(operation, json!({ "document": DOCUMENT, "rows": rows }));
        assert_eq!(error["extensions"]["code"], "invalid_value", "{error}");
    }
    // A source that is not there fails its step, and what is behind it is told so.
    fs::remove_file(server.sluice.files().join("bars.csv")).unwrap();
    let tried = server.graphql(operation, json!({ "document": DOCUMENT }));
    let steps = &tried["tryDocument"]["trial"]["steps"];
    assert_eq!(find(steps, "id", "bars")["error"]["code"], "file_not_found", "{tried}");
    assert_eq!(find(steps, "id", "stored")["status"], "SKIPPED");
}

#[test]
fn pinned_rows_go_on_instead_of_the_step() {
    let Some(sluice) = prepare() else { return };
    let server = TestServer::start(sluice);
    let operation = "mutation($document: String!, $upTo: String, $pins: [TrialPin!]) { \
        tryDocument(document: $document, upTo: $upTo, rows: 20, pins: $pins) { \
          problems { code } \
          trial { steps { id status rowsOut error { code } } targets { step rows } \
            ports { step port total rows columns { name nativeType } } } } }";
    let tried = server.graphql(operation, json!({ "document": DOCUMENT, "upTo": "checked" }));
    let pin = |step: &str, name: &str| {
        let sample = port(&tried["tryDocument"]["trial"], step, name);
        json!({ "step": step, "port": name, "columns": sample["columns"], "rows": sample["rows"] })
    };

    // What was pinned is what leaves, its types with it; the file is not even asked for.
    fs::remove_file(server.sluice.files().join("bars.csv")).unwrap();
    let pins = json!([pin("checked", "out"), pin("checked", "rejected")]);
    let again = server.graphql(operation, json!({ "document": DOCUMENT, "pins": pins }));
    let trial = &again["tryDocument"]["trial"];
    for name in ["out", "rejected"] {
        let (given, pinned) = (port(trial, "checked", name), port(&tried["tryDocument"]["trial"], "checked", name));
        assert_eq!((&given["rows"], &given["columns"]), (&pinned["rows"], &pinned["columns"]));
    }
    let targets = &trial["targets"];
    assert_eq!(
        (&find(targets, "step", "stored")["rows"], &find(targets, "step", "kept_out")["rows"]),
        (&json!(17.0), &json!(3.0))
    );
    let steps: Vec<&str> = trial["steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(steps, ["checked", "stored", "kept_out", "emptied", "counted"], "{again}");
    assert_eq!(find(&trial["steps"], "id", "checked")["status"], "SUCCEEDED");

    // Also a step that a trial leaves out gives what is pinned, and what waits for it takes part.
    let emptied = json!({ "step": "emptied", "port": "out", "columns": [], "rows": "[]" });
    let again = server.graphql(operation, json!({ "document": DOCUMENT, "pins": [emptied] }));
    assert_eq!(find(&again["tryDocument"]["trial"]["steps"], "id", "counted")["status"], "SUCCEEDED", "{again}");

    let columns = json!([{ "name": "id", "nativeType": "Int64" }]);
    for (step, rows, code) in [
        ("nowhere", "[]", "step_not_found"),
        ("No id", "[]", "step_not_found"),
        ("bars", "[[1], [2, 3]]", "invalid_value"),
        ("bars", "[[\"many\"]]", "invalid_value"),
        ("bars", "{}", "invalid_value"),
    ] {
        let pins = json!([{ "step": step, "port": "out", "columns": columns, "rows": rows }]);
        let error = server.graphql_error(operation, json!({ "document": DOCUMENT, "pins": pins }));
        assert_eq!(error["extensions"]["code"], code, "{error}");
    }
}
