//! Workflows and runs over GraphQL, and what the endpoint refuses.

use crate::databases::Postgres;
use crate::http;
use crate::program::Sluice;
use crate::server::{TestServer, step, wait_for};
use crate::site::{Gate, Site};
use serde_json::{Value, json};

const SUM: &str = "\
name: sum
inputs:
  a: { type: integer }
  b: { type: integer, default: 40 }
steps:
  - id: add
    uses: script
    with: { script: \"#{ sum: inputs.a + inputs.b }\" }
  - id: tell
    uses: script
    needs: [add]
    if: \"${{ steps.add.sum > 41 }}\"
    with: { script: \"steps.add.sum\" }
";

fn outputs(run: &Value, id: &str) -> Value {
    serde_json::from_str(step(run, id)["outputs"].as_str().unwrap()).unwrap()
}

/// The same on both kinds of metadata.
fn on_postgresql(check: impl Fn(Sluice)) {
    let Some(sluice) = Sluice::find() else { return };
    let Some(metadata) = Postgres::create("metadata in PostgreSQL") else { return };
    check(sluice.set("SLUICE_METADATA_URL", &metadata.url));
}

fn on_sqlite(check: impl Fn(Sluice)) {
    if let Some(sluice) = Sluice::find() {
        check(sluice);
    }
}

#[test]
fn a_workflow_is_saved_listed_and_run_with_inputs() {
    on_sqlite(save_list_and_run);
}

#[test]
fn a_workflow_is_saved_listed_and_run_with_inputs_on_postgresql() {
    on_postgresql(save_list_and_run);
}

fn save_list_and_run(sluice: Sluice) {
    let server = TestServer::start(sluice);
    let first = server.save(SUM);
    assert_eq!((first["name"].as_str(), first["versionNumber"].as_i64()), (Some("sum"), Some(1)));
    assert_eq!(server.save(SUM)["versionNumber"], 1, "the same text makes no new version");
    assert_eq!(server.save(&SUM.replace("40", "39"))["versionNumber"], 2);
    let listed =
        server.graphql("{ workflows { nodes { name enabled versions { nodes { number text } } } } }", json!({}));
    let workflow = &listed["workflows"]["nodes"][0];
    assert_eq!(listed["workflows"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(workflow["versions"]["nodes"][1]["text"], SUM);
    assert_eq!(workflow["versions"]["nodes"][0]["number"], 2);
    let page = "query($after: String) { workflow(id: \"sum\") { versions(first: 1, after: $after) {
        edges { cursor node { number } } pageInfo { hasNextPage endCursor } } } }";
    let newest = server.graphql(page, json!({}))["workflow"]["versions"].take();
    assert_eq!(newest["edges"], json!([{ "cursor": "2", "node": { "number": 2 } }]));
    assert_eq!(newest["pageInfo"], json!({ "hasNextPage": true, "endCursor": "2" }));
    let oldest = server.graphql(page, json!({ "after": "2" }))["workflow"]["versions"].take();
    assert_eq!(oldest["edges"][0]["node"]["number"], 1);
    assert_eq!(oldest["pageInfo"], json!({ "hasNextPage": false, "endCursor": "1" }));
    assert_eq!(server.graphql_error(page, json!({ "after": "x" }))["extensions"]["code"], "bad_request");

    let run = server.wait_run(&server.start_run("sum", &json!({ "a": 2 })));
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    assert_eq!(outputs(&run, "add")["sum"], 41);
    assert_eq!(step(&run, "tell")["status"], "SKIPPED");
    let run = server.wait_run(&server.start_run("sum", &json!({ "a": 3, "b": 40 })));
    assert_eq!(outputs(&run, "tell")["result"], 43, "{run:#}");
    let inputs: Value = serde_json::from_str(run["inputs"].as_str().unwrap()).unwrap();
    assert_eq!(inputs, json!({ "a": 3, "b": 40 }));

    let runs = server.graphql("{ runs(workflow: \"sum\", statuses: [SUCCEEDED]) { nodes { id } } }", json!({}));
    assert_eq!(runs["runs"]["nodes"].as_array().unwrap().len(), 2);
    assert_eq!(runs["runs"]["nodes"][0]["id"], run["id"], "the newest comes first");
    let page = "query($after: String) { workflow(id: \"sum\") { runs(first: 1, after: $after) {
        nodes { id logs(first: 1) { nodes { message } pageInfo { hasNextPage } } } pageInfo { hasNextPage endCursor } } } }";
    let newest = server.graphql(page, json!({}))["workflow"]["runs"].take();
    let oldest = server.graphql(page, json!({ "after": newest["pageInfo"]["endCursor"] }))["workflow"]["runs"].take();
    assert_eq!((&newest["pageInfo"]["hasNextPage"], &oldest["pageInfo"]["hasNextPage"]), (&json!(true), &json!(false)));
    assert_eq!(oldest["nodes"][0]["id"], runs["runs"]["nodes"][1]["id"]);
}

#[test]
fn a_refused_document_names_all_its_faults_with_their_places() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let text = "name: wrong\nsteps:\n  - id: a\n    uses: fetsh\n  - id: b\n    uses: write\n    from: c\n";
    let operation = "mutation($text: String!) { saveWorkflow(text: $text) {
        workflow { id } problems { code message hint line column } } }";
    let saved = server.graphql(operation, json!({ "text": text }))["saveWorkflow"].take();
    assert_eq!(saved["workflow"], Value::Null);
    let problems = saved["problems"].as_array().unwrap();
    let find = |code: &str| problems.iter().find(|problem| problem["code"] == code).unwrap_or(&Value::Null);
    let kind = find("unknown_step_kind");
    assert_eq!((kind["line"].as_i64(), kind["column"].as_i64()), (Some(4), Some(11)), "{saved:#}");
    assert!(kind["message"].as_str().unwrap().contains("`fetsh`"), "{kind}");
    assert!(kind["hint"].as_str().unwrap().contains("`fetch`"), "{kind}");
    assert_eq!(find("step_not_found")["line"], 7, "{saved:#}");
    let checked = server.graphql("query($text: String!) { check(text: $text) { code } }", json!({ "text": text }));
    assert_eq!(checked["check"].as_array().unwrap().len(), problems.len());
    let listed = server.graphql("{ workflows { nodes { name } } }", json!({}));
    assert_eq!(listed["workflows"]["nodes"], json!([]), "nothing of a refused document is kept");
}

#[test]
fn a_long_run_is_canceled_and_a_failed_one_tried_again() {
    on_sqlite(cancel_and_retry);
}

#[test]
fn a_long_run_is_canceled_and_a_failed_one_tried_again_on_postgresql() {
    on_postgresql(cancel_and_retry);
}

fn cancel_and_retry(sluice: Sluice) {
    let gate = Gate::default();
    let passed = gate.clone();
    let site = Site::start(move |_, _| {
        passed.pass();
        "[{\"a\": 1}]".to_owned()
    });
    sluice.add_sqlite("shop");
    let server = TestServer::start(sluice);
    server.save(&format!(
        "name: long\nsteps:\n  - {{ id: slow, uses: fetch, with: {{ source: http, url: \"{}/rows\" }} }}\n  \
         - {{ id: after, uses: script, needs: [slow], with: {{ script: \"1\" }} }}\n",
        site.base
    ));
    let run = server.start_run("long", &json!({}));
    wait_for("the request of the slow step", || site.asked() > 0);
    let canceled = server.graphql(
        "mutation($id: String!) { cancelRun(id: $id, reason: \"no longer needed\") { status } }",
        json!({ "id": run }),
    );
    assert_eq!(canceled["cancelRun"]["status"], "CANCELED");
    let view = server.wait_run(&run);
    assert_eq!(view["error"]["code"], "canceled", "{view:#}");
    assert!(view["error"]["message"].as_str().unwrap().contains("no longer needed"), "{view:#}");
    assert_eq!(step(&view, "slow")["status"], "CANCELED");
    assert_ne!(step(&view, "after")["status"], "SUCCEEDED");
    let error = server.graphql_error("mutation($id: String!) { cancelRun(id: $id) { id } }", json!({ "id": run }));
    assert_eq!(error["extensions"]["code"], "run_state_conflict", "{error}");
    gate.open();

    server.save(
        "name: late\nsteps:\n  - { id: ready, uses: script, with: { script: \"7\" } }\n  \
         - { id: rows, uses: fetch, needs: [ready], with: { path: late.csv } }\n  \
         - { id: kept, uses: write, from: rows, with: { connection: shop, table: late } }\n",
    );
    let run = server.start_run("late", &json!({}));
    let failed = server.wait_run(&run);
    assert_eq!(failed["status"], "FAILED", "{failed:#}");
    assert_eq!(step(&failed, "rows")["error"]["code"], "file_not_found", "{failed:#}");
    assert_eq!(step(&failed, "kept")["error"]["code"], "upstream_failed", "{failed:#}");
    std::fs::write(server.sluice.files().join("late.csv"), "id,city\n1,Köln\n2,上海\n").unwrap();
    server.retry(&run);
    let mended = server.wait_run(&run);
    assert_eq!(mended["status"], "SUCCEEDED", "{mended:#}");
    assert_eq!(step(&mended, "ready")["attempts"], 1, "what had succeeded is not run again");
    assert_eq!(step(&mended, "kept")["rowsOut"].as_f64(), Some(2.0), "{mended:#}");
    assert_eq!(server.sluice.read("shop", "late").len(), 2);
    let error = server.graphql_error("mutation($id: String!) { retryRun(id: $id) { id } }", json!({ "id": run }));
    assert_eq!(error["extensions"]["code"], "run_state_conflict", "{error}");
}

#[test]
fn every_fault_has_the_one_shape() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    server.save(SUM);
    let check = |operation: &str, code: &str, culprit: &str| {
        let error = server.graphql_error(operation, json!({}));
        assert_eq!(error["extensions"]["code"], code, "{operation}: {error:#}");
        assert!(error["message"].as_str().unwrap().contains(culprit), "{operation}: {error:#}");
    };
    check("{ workflow(id: \"summ\") { id } }", "workflow_not_found", "`summ`");
    check("{ run(id: \"run_1\") { id } }", "run_not_found", "run_1");
    let gone = "run_01890a5d-ac96-774b-bcce-b302099a8057";
    check(&format!("{{ run(id: \"{gone}\") {{ id }} }}"), "run_not_found", "run_");
    check("mutation { startRun(workflow: \"sum\") { id } }", "invalid_input", "`a`");
    check("mutation { startRun(workflow: \"sum\", inputs: \"[]\") { id } }", "invalid_input", "`inputs`");
    check(
        "mutation { startRun(workflow: \"sum\", inputs: \"{\\\"a\\\": \\\"x\\\"}\") { id } }",
        "invalid_input",
        "`a`",
    );
    check("mutation { startRun(workflow: \"sum\", inputs: \"{\\\"c\\\": 1}\") { id } }", "invalid_input", "`c`");
    let error = server.graphql_error("{ workflow(id: \"summ\") { id } }", json!({}));
    assert_eq!(error["extensions"]["hint"], "Did you mean `sum`?");
}

#[test]
fn strangers_forms_and_greedy_requests_are_refused() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let bearer = format!("Bearer {}", server.token);
    let one = json!({ "query": "{ workflows { nodes { name } } }" });
    let check = |token: Option<&str>, kind: &str, body: &str, status: u16, code: &str| {
        let mut headers = vec![("content-type", kind)];
        headers.extend(token.map(|token| ("authorization", token)));
        let answer = http::send(server.address, "POST", "/graphql", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{kind} {body}: {answer:?}");
        if !code.is_empty() {
            assert_eq!(answer.json()["code"], code, "{kind} {body}");
        }
        answer
    };
    check(None, "application/json", &one.to_string(), 401, "unauthorized");
    check(Some("Bearer wrong"), "application/json", &one.to_string(), 401, "unauthorized");
    check(Some(&bearer), "application/json; charset=utf-8", &one.to_string(), 200, "");
    check(Some(&bearer), "application/x-www-form-urlencoded", "query={workflows{name}}", 400, "bad_request");
    check(Some(&bearer), "text/plain", &one.to_string(), 400, "bad_request");
    check(Some(&bearer), "application/json", "{", 400, "bad_request");
    check(Some(&bearer), "application/json", "{\"query\": \"{ nothing }\"}", 400, "");
    let many = |count: usize| json!(vec![one.clone(); count]).to_string();
    let ten = check(Some(&bearer), "application/json", &many(10), 200, "");
    assert_eq!(ten.json().as_array().unwrap().len(), 10);
    check(Some(&bearer), "application/json", &many(11), 400, "bad_request");
    let huge = json!({ "query": format!("{{ workflows {{ nodes {{ name }} }} }} #{}", "x".repeat(3 << 20)) });
    let answer = check(Some(&bearer), "application/json", &huge.to_string(), 413, "");
    assert!(answer.body.len() < 1000, "{}", answer.body.len());
    let deep =
        format!("{{ __schema {{ types {{ fields {{ type {}name{} }} }} }} }}", "{ ofType ".repeat(20), "}".repeat(20));
    let answer = check(Some(&bearer), "application/json", &json!({ "query": deep }).to_string(), 400, "");
    assert!(answer.json()["errors"][0].is_object(), "{answer:?}");

    let health = http::send(server.address, "GET", "/health", &[], b"");
    assert_eq!((health.status, health.json()["status"].as_str()), (200, Some("ok")));
    let nowhere = http::send(server.address, "GET", "/nowhere", &[], b"");
    assert_eq!((nowhere.status, nowhere.json()["code"].as_str()), (404, Some("bad_request")));
    assert_eq!(server.log(), "", "a caller's mistakes are not the server's");
}
