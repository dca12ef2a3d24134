//! What the web editor asks of the server beyond what scripts do: its page, and what lists tell of workflows and runs.

use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::json;

const FRUIT: &str = "\
name: fruit
description: Prices of fruit.
tags: [example, daily]
triggers:
  - cron: \"30 15 * * *\"
    timezone: Asia/Shanghai
    inputs: { day: \"2024-01-31\" }
  - webhook: fruit/arrived
inputs:
  day: date
  limit: { type: integer, default: 3 }
steps:
  - id: rows
    uses: fetch
    with: { source: inline, rows: [{ id: 1 }, { id: 2 }] }
  - id: dear
    uses: transform
    from: rows
    with: { sql: \"SELECT * FROM input WHERE id > 1\" }
";

#[test]
fn the_editors_page_comes_with_a_strict_policy_and_programs_get_errors() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let get = |path: &str, accept: &str| http::download(server.address, "GET", path, &[("accept", accept)], b"");
    for path in ["/", "/workflows/fruit", "/runs"] {
        let page = get(path, "text/html");
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_eq!(get("/workflows/fruit", "*/*").status, 404, "a program is told what is served");
    let refused = http::send(server.address, "GET", "/api/nothing", &[("accept", "text/html")], b"");
    assert_eq!((refused.status, &refused.json()["code"]), (404, &json!("bad_request")));
    let health = get("/health", "*/*");
    assert_eq!(health.header("x-content-type-options"), "nosniff");
    assert_eq!(http::send(server.address, "DELETE", "/runs", &[("accept", "text/html")], b"").status, 404);
}

#[test]
fn lists_tell_what_a_workflow_is_and_when_it_starts_next() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let id = server.save(FRUIT)["id"].as_str().unwrap().to_owned();
    let outline = |enabled: bool| {
        let switch = "mutation($id: String!, $on: Boolean!) { setWorkflowEnabled(id: $id, enabled: $on) {
            outline { description tags schedules webhooks neededInputs nextRunAt } } }";
        server.graphql(switch, json!({ "id": id, "on": enabled }))["setWorkflowEnabled"]["outline"].take()
    };
    let told = outline(true);
    let next = told["nextRunAt"].as_str().unwrap();
    assert!(next.contains("T07:30:00"), "half past three in Shanghai: {next}");
    assert_eq!(told["description"], "Prices of fruit.");
    assert_eq!(told["tags"], json!(["example", "daily"]));
    assert_eq!(told["schedules"], json!(["30 15 * * * Asia/Shanghai"]));
    assert_eq!(told["webhooks"], json!(["fruit/arrived"]));
    assert_eq!(told["neededInputs"], json!(["day"]));
    assert!(outline(false)["nextRunAt"].is_null(), "a workflow that is switched off starts by itself never");
}

#[test]
fn a_run_names_its_workflow_and_version_until_that_is_deleted() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    server.save(FRUIT);
    let run = server.start_run("fruit", &json!({ "day": "2024-01-31" }));
    server.wait_run(&run);
    let query = "query($id: String!) { run(id: $id) { workflowName version { number text } steps { id ports } } }";
    let told = server.graphql(query, json!({ "id": run }))["run"].take();
    assert_eq!((&told["workflowName"], &told["version"]["number"]), (&json!("fruit"), &json!(1)));
    assert_eq!(told["version"]["text"], FRUIT);
    assert!(told["steps"][0]["ports"].as_str().unwrap().contains("\"out\":2"), "{told}");
    server.graphql("mutation { deleteWorkflow(id: \"fruit\") }", json!({}));
    let told = server.graphql(query, json!({ "id": run }))["run"].take();
    assert!(told["workflowName"].is_null() && told["version"].is_null(), "{told}");
}

#[test]
fn step_kinds_tell_whether_they_take_rows() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let kinds = server.graphql("{ stepKinds { name inputs namedPorts } }", json!({}))["stepKinds"].take();
    let find = |name: &str| kinds.as_array().unwrap().iter().find(|kind| kind["name"] == name).unwrap();
    assert_eq!(find("fetch")["inputs"], "NONE");
    assert_eq!(find("validate")["inputs"], "REQUIRED");
    assert_eq!(find("route")["namedPorts"], true);
}
