//! Small files that runs leave: kept by the step `artifact`, fetched by REST and from the command line.

use crate::access::{Browser, add};
use crate::http;
use crate::program::Sluice;
use crate::server::{TestServer, step};
use serde_json::json;

const DOCUMENT: &str = r#"
name: prices-day
steps:
  - id: prices
    uses: fetch
    with:
      rows: [{ fruit: pear, price: 2 }, { fruit: "=HYPERLINK(1)", price: -1 }, { fruit: 苹果, price: -2 }]
  - id: checked
    uses: validate
    from: prices
    with: { rules: [{ name: positive, expect: "price > 0" }] }
  - { id: stored, uses: write, from: checked, with: { connection: shop, table: prices } }
  - { id: good, uses: artifact, from: checked, with: { name: good.jsonl } }
  - { id: bad, uses: artifact, from: checked.rejected, with: { name: "拒绝 rejected.csv" } }
"#;

const BAD: &str = "fruit,price,_rule,_reason\n";

#[test]
fn a_run_leaves_files_that_whoever_may_use_its_rows_downloads() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("shop");
    let server = TestServer::start(sluice);
    let run = server.run_once(DOCUMENT);
    assert_eq!(run["status"], "SUCCEEDED", "{run}");
    assert_eq!(step(&run, "bad")["rowsOut"], 2.0, "{run}");
    let id = run["id"].as_str().unwrap();
    let listed = server.graphql(
        "query($id: String!) { run(id: $id) { artifacts { name step mediaType bytes rows digest } } }",
        json!({ "id": id }),
    );
    let listed = listed["run"]["artifacts"].as_array().unwrap().clone();
    assert_eq!(listed.iter().map(|one| &one["name"]).collect::<Vec<_>>(), ["good.jsonl", "拒绝 rejected.csv"]);
    assert_eq!((&listed[1]["step"], &listed[1]["rows"]), (&json!("bad"), &json!(2.0)));

    let path = format!("/api/runs/{id}/artifacts/%E6%8B%92%E7%BB%9D%20rejected.csv");
    let token = format!("Bearer {}", server.token);
    let answer = http::download(server.address, "GET", &path, &[("authorization", &token)], b"");
    let text = String::from_utf8(answer.bytes.clone()).unwrap();
    assert_eq!(answer.status, 200, "{text}");
    assert!(text.starts_with(BAD) && text.contains("\n\"'=HYPERLINK(1)\",-1,positive,"), "{text}");
    assert_eq!(text.len() as f64, listed[1]["bytes"].as_f64().unwrap());
    // It is saved under its name and shown as nothing of ours.
    let named = answer.header("content-disposition");
    assert!(named.starts_with("attachment") && named.contains("%E6%8B%92%E7%BB%9D%20rejected.csv"), "{named}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let tag = format!("\"{}\"", listed[1]["digest"].as_str().unwrap());
    assert_eq!(answer.header("etag"), tag);
    let again = [("authorization", token.as_str()), ("if-none-match", &tag)];
    assert_eq!(http::send(server.address, "GET", &path, &again, b"").status, 304);

    for (path, code) in [
        (format!("/api/runs/{id}/artifacts/absent.csv"), "artifact_not_found"),
        (format!("/api/runs/{id}/artifacts/..%2Fapi-token"), "artifact_not_found"),
        (format!("/api/runs/run_{}7/artifacts/good.jsonl", "0".repeat(31)), "run_not_found"),
    ] {
        let refused = http::send(server.address, "GET", &path, &[("authorization", &token)], b"");
        assert_eq!((refused.status, &refused.json()["code"]), (404, &json!(code)), "{path}");
    }
    // It holds rows of a document that names a connection, which viewers may not use.
    for (name, role, status) in [("vera", "VIEWER", 403), ("otto", "OPERATOR", 200)] {
        add(&server, name, role);
        let person = Browser::sign_in(&server, name);
        assert_eq!(person.request(&server, "GET", &path, "").status, status, "{role}");
    }
    // A retry replaces what it makes anew.
    let retry = "mutation($id: String!) { retryRun(id: $id, from: \"bad\") { id } }";
    server.graphql(retry, json!({ "id": id }));
    server.wait_run(id);
    let after = server.graphql("query($id: String!) { run(id: $id) { artifacts { name } } }", json!({ "id": id }));
    assert_eq!(after["run"]["artifacts"].as_array().unwrap().len(), 2);
}

#[test]
fn two_steps_do_not_take_each_others_name_and_each_item_has_its_own() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let steps = |name: &str| {
        format!(
            "name: parts-day\nsteps:\n  - id: each\n    uses: foreach\n    with:\n      items: [north, south]\n      steps:\n        \
             - {{ id: rows, uses: fetch, with: {{ rows: [{{ n: 1 }}] }} }}\n        \
             - {{ id: kept, uses: artifact, from: rows, with: {{ name: \"{name}\" }} }}\n"
        )
    };
    let run = server.run_once(&steps("${{ item }}.csv"));
    assert_eq!(run["status"], "SUCCEEDED", "{run}");
    let listed = "query($id: String!) { run(id: $id) { artifacts { name } } }";
    let listed = server.graphql(listed, json!({ "id": run["id"] }));
    assert_eq!(listed["run"]["artifacts"], json!([{ "name": "north.csv" }, { "name": "south.csv" }]));
    let run = server.run_once(&steps("same.csv"));
    assert_eq!(run["status"], "FAILED", "{run}");
    assert!(run.to_string().contains("already_exists"), "{run}");
}

#[test]
fn the_command_line_lists_and_writes_them_and_a_trial_leaves_none() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("shop");
    std::fs::create_dir_all(sluice.files()).unwrap();
    let file = sluice.files().join("day.yaml");
    std::fs::write(&file, DOCUMENT).unwrap();
    let file = file.display().to_string();
    sluice.call(&["try", &file]);
    let told = sluice.call(&["run", &file]);
    assert!(told.contains("left `good.jsonl` (1 row, 27 bytes)"), "{told}");
    let run = told.split_whitespace().next().unwrap();
    let runs: serde_json::Value = serde_json::from_str(&sluice.call(&["workflow", "runs", "--json"])).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    let listed = sluice.call(&["workflow", "artifacts", run]);
    assert!(listed.contains("拒绝 rejected.csv") && listed.contains("application/x-ndjson"), "{listed}");
    assert_eq!(sluice.call(&["workflow", "artifact", run, "good.jsonl"]), "{\"fruit\":\"pear\",\"price\":2}\n");
    let target = sluice.files().join("bad.csv");
    sluice.call(&["workflow", "artifact", run, "拒绝 rejected.csv", "--output", &target.display().to_string()]);
    assert!(std::fs::read_to_string(target).unwrap().starts_with(BAD));
    let refused = sluice.command().args(["workflow", "artifact", run, "absent"]).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("artifact_not_found"), "{told}");
}
