//! Two people: what one of them may not see answers her word for word like what is not there, whatever it is asked by.
//!
//! [`OPERATIONS`] has a line for each field of GraphQL that names something, [`ROUTES`] one for each route that does; whoever
//! adds one without a line fails the test.

use super::matrix::Schema;
use super::{Browser, add, code};
use crate::http;
use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use crate::websocket::WebSocket;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an operation names; of each kind there is something that is hidden, and something that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Workflow,
    /// A workflow's or connection's name that may be new: the absent one would be hidden as well.
    NewWorkflow,
    NewConnection,
    Connection,
    Run,
    Anomaly,
    Alert,
    Delivery,
    Statement,
    Session,
    Token,
}

/// Fields of `Query` and `Mutation` by what they name, with `ID` where it stands.
const OPERATIONS: &[(Kind, &str)] = &[
    (Kind::Workflow, "{ workflow(id: \"ID\") { name } }"),
    (Kind::Workflow, "{ runs(workflow: \"ID\") { nodes { id } } }"),
    (Kind::Workflow, "{ monitorResults(name: \"ID\") { nodes { runId } } }"),
    (Kind::Workflow, "{ migration(name: \"ID\") { name } }"),
    (Kind::Workflow, "{ alerts(filter: { workflow: \"ID\" }) { nodes { id } } }"),
    (Kind::Workflow, "mutation { startRun(workflow: \"ID\") { id } }"),
    (Kind::Workflow, "mutation { setWorkflowEnabled(id: \"ID\", enabled: false) { id } }"),
    (Kind::Workflow, "mutation { deleteWorkflow(id: \"ID\") }"),
    (Kind::Workflow, "mutation { startMigration(name: \"ID\") { id } }"),
    (Kind::Workflow, "mutation { cancelMigration(name: \"ID\") { name } }"),
    (Kind::Workflow, "mutation { resumeMigration(name: \"ID\") { name } }"),
    (Kind::Workflow, "mutation { validateMigration(name: \"ID\") { id } }"),
    (Kind::NewWorkflow, "mutation { saveWorkflow(text: \"name: ID\\nsteps: []\\n\") { problems { code } } }"),
    (Kind::NewWorkflow, "mutation { tryDocument(document: \"name: ID\\nsteps: []\\n\") { problems { code } } }"),
    (
        Kind::NewWorkflow,
        "mutation { createMonitor(input: { name: \"ID\", template: ROW_COUNT, left: { connection: \"shown\", table: \"t\" } }) { name } }",
    ),
    (
        Kind::NewWorkflow,
        "mutation { createMigration(name: \"ID\", input: { from: \"shown\", to: \"shown\", tables: [\"t\"], target: \"u\" }) { name } }",
    ),
    (Kind::Connection, "{ connection(name: \"ID\") { name } }"),
    (Kind::Connection, "{ table(connection: \"ID\", name: \"t\") { name } }"),
    (Kind::Connection, "{ tablesImport(connection: \"ID\") { document } }"),
    (Kind::Connection, "{ checkStatement(connection: \"ID\", sql: \"SELECT 1\") { effect } }"),
    (Kind::Connection, "{ anomalies(filter: { connection: \"ID\" }) { nodes { id } } }"),
    (Kind::Connection, "{ backups(connection: \"ID\") { nodes { id } } }"),
    (Kind::Connection, "{ statements(connection: \"ID\") { nodes { id } } }"),
    (Kind::Connection, "{ tableLogs(filter: { connection: \"ID\" }) { nodes { id } } }"),
    (
        Kind::Connection,
        "{ translate(input: { sql: \"SELECT 1\", from: \"sqlite\", to: \"mysql\", connection: \"ID\" }) { sql } }",
    ),
    (
        Kind::Connection,
        "{ translate(input: { sql: \"SELECT 1\", from: \"sqlite\", to: \"mysql\", check: \"ID\" }) { sql } }",
    ),
    (Kind::Connection, "{ migrationLook(input: { from: \"ID\", to: \"shown\" }) { hasMore } }"),
    (Kind::Connection, "{ migrationLook(input: { from: \"shown\", to: \"ID\" }) { hasMore } }"),
    (Kind::Connection, "{ tablesPlan(document: \"TABLES\") { problems { code } } }"),
    (Kind::Connection, "mutation { applyTables(document: \"TABLES\") { created } }"),
    (Kind::Connection, "mutation { validateTables(document: \"TABLES\") { differences } }"),
    (Kind::Connection, "mutation { dropTables(document: \"TABLES\") { problems { code } } }"),
    (Kind::Connection, "mutation { runStatement(input: { connection: \"ID\", sql: \"SELECT 1\" }) { id } }"),
    (Kind::Connection, "mutation { testConnection(name: \"ID\") { ok } }"),
    (Kind::Connection, "mutation { updateConnection(name: \"ID\", input: {}) { name } }"),
    (Kind::Connection, "mutation { deleteConnection(name: \"ID\") }"),
    (
        Kind::Connection,
        "mutation { startDiff(input: { left: { connection: \"ID\", table: \"t\" }, right: { connection: \"shown\", table: \"t\" } }) { key } }",
    ),
    (
        Kind::Connection,
        "mutation { createMigration(name: \"mine\", input: { from: \"ID\", to: \"shown\", tables: [\"t\"] }) { name } }",
    ),
    (
        Kind::Connection,
        "mutation { createMonitor(input: { name: \"mine\", template: ROW_COUNT, left: { connection: \"ID\", table: \"t\" } }) { name } }",
    ),
    (Kind::NewConnection, "mutation { createConnection(name: \"ID\", input: { url: \"sqlite://x.db\" }) { name } }"),
    (Kind::Run, "{ run(id: \"ID\") { status } }"),
    (Kind::Run, "{ diff(run: \"ID\") { key } }"),
    (Kind::Run, "{ diffRows(run: \"ID\") { key } }"),
    (Kind::Run, "{ diffRepair(run: \"ID\") { complete } }"),
    (Kind::Run, "{ alerts(filter: { run: \"ID\" }) { nodes { id } } }"),
    (Kind::Run, "mutation { cancelRun(id: \"ID\") { id } }"),
    (Kind::Run, "mutation { retryRun(id: \"ID\") { id } }"),
    (Kind::Anomaly, "{ anomaly(id: \"ID\") { rule } }"),
    (Kind::Anomaly, "mutation { acknowledgeAnomaly(id: \"ID\") { state } }"),
    (Kind::Anomaly, "mutation { resolveAnomaly(id: \"ID\") { state } }"),
    (Kind::Anomaly, "mutation { reopenAnomaly(id: \"ID\") { state } }"),
    (Kind::Alert, "{ alert(id: \"ID\") { title } }"),
    (Kind::Alert, "{ deliveries(alert: \"ID\") { id } }"),
    (Kind::Alert, "{ previewAlert(input: { alert: \"ID\", subject: \"x\" }) { subject } }"),
    (Kind::Alert, "mutation { acknowledgeAlert(id: \"ID\") { title } }"),
    (Kind::Delivery, "mutation { retryDelivery(id: \"ID\") { status } }"),
    (Kind::Statement, "mutation { cancelStatement(id: \"ID\") }"),
    (Kind::Session, "mutation { endSession(id: \"ID\") }"),
    (Kind::Token, "mutation { revokeToken(id: \"ID\") }"),
];

/// Fields whose arguments name nothing that belongs to somebody: a list's page, a text, what everybody of that role sees.
const NAME_NOTHING: &str = "workflows monitors migrations connections channels users sessions tokens auditLog check \
    changePassword createToken applyAlertPolicy plugin channel createChannel updateChannel deleteChannel testChannel \
    configureAnomalyRule resetAnomalyRule";

/// Fields that only admins may ask at all, from whom nothing is hidden.
const OF_ADMINS: &str = "user createUser updateUser deleteUser resetPassword setGrant removeGrant installPlugin grantPlugin \
    rollbackPlugin removePlugin";

/// Routes that name something: verb, path as it is described, and a body.
const ROUTES: &[(Kind, &str, &str, &str)] = &[
    (Kind::Connection, "GET", "/api/databases/{name}", ""),
    (Kind::Connection, "PUT", "/api/databases/{name}", "{}"),
    (Kind::Connection, "DELETE", "/api/databases/{name}", ""),
    (Kind::Connection, "POST", "/api/databases/{name}/test", ""),
    (Kind::Connection, "GET", "/api/databases/{name}/tables", ""),
    (Kind::Connection, "GET", "/api/databases/{name}/tables/{table}", ""),
    (Kind::Connection, "POST", "/api/query", "{\"database\":\"ID\",\"sql\":\"SELECT 1\"}"),
    (Kind::Connection, "POST", "/api/query/validate", "{\"database\":\"ID\",\"sql\":\"SELECT 1\"}"),
    (Kind::NewConnection, "POST", "/api/databases", "{\"name\":\"ID\",\"url\":\"sqlite://x.db\"}"),
    (Kind::Workflow, "GET", "/api/tasks/{name}", ""),
    (Kind::Workflow, "PUT", "/api/tasks/{name}", "{\"enabled\":false}"),
    (Kind::Workflow, "POST", "/api/tasks/{name}/runs", "{}"),
    (Kind::Anomaly, "GET", "/api/anomalies/{id}", ""),
    (Kind::Anomaly, "POST", "/api/anomalies/{id}/{action}", ""),
    (Kind::Statement, "DELETE", "/api/query/{id}", ""),
    (Kind::Run, "GET", "/api/runs/{id}/artifacts/{name}", ""),
];

/// Things that are there and hidden from Ann, and ids that look alike and are not there.
fn things(server: &TestServer, bob: &Browser) -> BTreeMap<Kind, (String, String)> {
    let absent = |id: &str| {
        let (prefix, _) = id.rsplit_once('_').unwrap();
        format!("{prefix}_{}7", "0".repeat(31))
    };
    let run = server.start_run("secret-day", &json!({}));
    server.wait_run(&run);
    server.run_once(
        "name: secret-tell\nsteps:\n  - { id: tell, uses: alert, with: { channels: [ops], title: broken, text: x } }\n",
    );
    server.run_once("name: secret-copy\nsteps:\n  - { id: saved, uses: backup, with: { connection: hid-gone } }\n");
    let mut alert = Value::Null;
    wait_for("the alert's delivery", || {
        let found = server.graphql("{ alerts { nodes { id workflow deliveries { id } } } }", json!({}));
        let found =
            found["alerts"]["nodes"].as_array().unwrap().iter().find(|one| one["workflow"] == "secret-tell").cloned();
        alert = found.unwrap_or_default();
        alert["deliveries"][0]["id"].is_string()
    });
    let found = server.graphql("{ anomalies { nodes { id connection } } }", json!({}));
    let anomaly =
        found["anomalies"]["nodes"].as_array().unwrap().iter().find(|one| one["connection"] == "hid-gone").unwrap();
    let statement = "mutation { runStatement(input: { connection: \"hidden\", sql: \"SELECT 1\" }) { id } }";
    let statement = bob.ask(server, statement, &json!({}))["data"]["runStatement"]["id"].clone();
    let token = "mutation { createToken(input: { name: \"bobs\" }) { token { id } } }";
    let token = bob.ask(server, token, &json!({}))["data"]["createToken"]["token"]["id"].clone();
    let session = bob.request(server, "GET", "/api/session", "").json()["session"].clone();
    let ids = [
        (Kind::Run, json!(run)),
        (Kind::Anomaly, anomaly["id"].clone()),
        (Kind::Alert, alert["id"].clone()),
        (Kind::Delivery, alert["deliveries"][0]["id"].clone()),
        (Kind::Statement, statement),
        (Kind::Session, session),
        (Kind::Token, token),
    ];
    let ids = ids.into_iter().map(|(kind, id)| {
        let id = id.as_str().unwrap_or_else(|| panic!("there is no {kind:?}")).to_owned();
        (kind, (id.clone(), absent(&id)))
    });
    let names = [
        (Kind::Workflow, ("secret-day", "secrex-day")),
        (Kind::NewWorkflow, ("secret-day", "secret-dax")),
        (Kind::Connection, ("hidden", "absent")),
        (Kind::NewConnection, ("hidden", "hiddex")),
    ];
    let names = names.into_iter().map(|(kind, (there, absent))| (kind, (there.to_owned(), absent.to_owned())));
    ids.chain(names).collect()
}

/// Ann, who is an editor and sees neither `hid*` nor `secret-*`, and Bob, who sees all.
fn start() -> Option<(TestServer, Browser, Browser)> {
    let sluice = Sluice::find()?.set("SLUICE_ALLOW_ADDRESSES", "127.0.0.1");
    let (hidden, shown) = (sluice.add_sqlite("hidden"), sluice.add_sqlite("shown"));
    for file in [hidden, shown] {
        rusqlite::Connection::open(file).unwrap().execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)").unwrap();
    }
    sluice.call(&["connection", "add", "hid-gone", "postgres://nobody@127.0.0.1:9/none"]);
    sluice.call(&["channel", "add", "ops", "--kind", "webhook", "--set", "url=http://127.0.0.1:9/"]);
    let server = TestServer::start(sluice);
    server.save(&document("secret-day", "hidden"));
    server.save(&document("open-day", "shown"));
    server.wait_run(&server.start_run("open-day", &json!({})));
    let ann = add(&server, "ann", "EDITOR");
    add(&server, "bob", "EDITOR");
    for (thing, pattern) in [("CONNECTION", "hid*"), ("WORKFLOW", "secret-*")] {
        let operation = "mutation($user: String!, $thing: ThingWord!, $pattern: String!) {
            setGrant(user: $user, thing: $thing, pattern: $pattern, level: NONE) { grants { pattern } } }";
        server.graphql(operation, json!({ "user": ann, "thing": thing, "pattern": pattern }));
    }
    let (ann, bob) = (Browser::sign_in(&server, "ann"), Browser::sign_in(&server, "bob"));
    Some((server, ann, bob))
}

fn document(name: &str, connection: &str) -> String {
    format!("name: {name}\nsteps:\n  - {{ id: x, uses: fetch, with: {{ connection: {connection}, table: t }} }}\n")
}

fn filled(template: &str, id: &str) -> String {
    let tables =
        "tables: [{ database_type: SQLite, connection: ID, table_name: t, columns: [{ name: id, type: INTEGER }] }]";
    template.replace("TABLES", tables).replace("ID", id)
}

#[test]
fn what_a_person_may_not_see_answers_like_what_is_not_there() {
    let Some((server, ann, bob)) = start() else { return };
    let things = things(&server, &bob);
    for (kind, template) in OPERATIONS {
        let (there, absent) = &things[kind];
        let told = |id: &str| ann.ask(&server, &filled(template, id), &json!({})).to_string().replace(id, "ID");
        assert_eq!(told(there), told(absent), "{template}");
        assert!(told(there).contains("_not_found"), "{template}: {}", told(there));
    }
    // What a document names is asked for, too.
    let save = "mutation($text: String!) { saveWorkflow(text: $text) { problems { code } } }";
    let text = document("mine", "hidden");
    assert_eq!(code(&ann.ask(&server, save, &json!({ "text": text }))), "connection_not_found");
    let text = document("mine", "'${{ inputs.which }}'");
    assert_eq!(code(&ann.ask(&server, save, &json!({ "text": text }))), "forbidden");
    let text = document("mine", "shown");
    assert_eq!(ann.ask(&server, save, &json!({ "text": text }))["data"]["saveWorkflow"]["problems"], json!([]));
    // Nothing of all that has changed anything.
    let left = server.graphql(
        "{ workflow(id: \"secret-day\") { enabled versionNumber } connection(name: \"hidden\") { workflows { nodes } } }",
        json!({}),
    );
    assert_eq!(left["workflow"], json!({ "enabled": true, "versionNumber": 1 }));
    assert_eq!(left["connection"]["workflows"]["nodes"], json!(["secret-day"]));
    assert_eq!(bob.request(&server, "GET", "/api/session", "").status, 200);
}

#[test]
fn lists_leave_out_what_a_person_may_not_see() {
    let Some((server, ann, bob)) = start() else { return };
    things(&server, &bob);
    let nothing = "{ workflows { nodes { name } } connections { nodes { name } } runs { nodes { workflowName } }
        monitors { nodes { name } } migrations { nodes { name } } alerts { nodes { id } } anomalies { nodes { id } }
        backups { nodes { id } } statements { nodes { id } } tokens(all: true) { nodes { id } } }";
    let listed = ann.ask(&server, nothing, &json!({}))["data"].take();
    let expected = json!({
        "workflows": { "nodes": [{ "name": "open-day" }] }, "connections": { "nodes": [{ "name": "shown" }] },
        "runs": { "nodes": [{ "workflowName": "open-day" }] }, "monitors": { "nodes": [] },
        "migrations": { "nodes": [] }, "alerts": { "nodes": [] }, "anomalies": { "nodes": [] },
        "backups": { "nodes": [] }, "statements": { "nodes": [] }, "tokens": { "nodes": [] },
    });
    assert_eq!(listed, expected);
    let sessions = ann.ask(&server, "{ sessions(all: true) { nodes { current } } }", &json!({}));
    assert_eq!(sessions["data"]["sessions"]["nodes"], json!([{ "current": true }]));
    let pages =
        "{ workflows(first: 1) { pageInfo { hasNextPage } } connections(first: 1) { pageInfo { hasNextPage } } }";
    let pages = ann.ask(&server, pages, &json!({}))["data"].take();
    assert_eq!(
        pages["workflows"]["pageInfo"]["hasNextPage"], false,
        "a page does not tell of what is hidden behind it"
    );
    assert_eq!(pages["connections"]["pageInfo"]["hasNextPage"], false);
    let listed = ann.request(&server, "GET", "/api/databases", "").json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    for path in ["/api/anomalies", "/api/query/history", "/api/tasks"] {
        assert_eq!(ann.request(&server, "GET", path, "").json()["items"], json!([]), "{path}");
    }
}

#[test]
fn routes_answer_of_what_is_hidden_like_of_what_is_not_there() {
    let Some((server, ann, bob)) = start() else { return };
    let things = things(&server, &bob);
    for (kind, method, template, body) in ROUTES {
        let (there, absent) = &things[kind];
        let path = |id: &str| {
            let path = template.replace("{name}", id).replace("{id}", id);
            path.replace("{table}", "t").replace("{action}", "resolve")
        };
        let told = |id: &str| {
            let answer = ann.request(&server, method, &path(id), &body.replace("ID", id));
            (answer.status, answer.body.replace(id, "ID"))
        };
        assert_eq!(told(there), told(absent), "{method} {template}");
        assert_eq!(told(there).0, 404, "{method} {template}: {:?}", told(there));
        // By way of another spelling of the path.
        let first = there.bytes().next().unwrap();
        let spelled = path(&format!("%{first:02x}{}", &there[1..]));
        let spelled = ann.request(&server, method, &spelled, &body.replace("ID", there));
        assert_eq!(spelled.status, 404, "{method} {template}: {spelled:?}");
    }
}

#[test]
fn a_socket_tells_nothing_of_a_hidden_run() {
    let Some((server, ann, bob)) = start() else { return };
    let things = things(&server, &bob);
    let (there, absent) = &things[&Kind::Run];
    let headers = [("cookie", ann.cookie.as_str()), ("origin", ann.origin.as_str())];
    let told = |run: &str| {
        let mut socket = WebSocket::open(server.address, "/graphql/ws", &headers).unwrap();
        socket.send(&json!({ "type": "connection_init" }));
        assert_eq!(socket.next().unwrap()["type"], "connection_ack");
        let query = format!("subscription {{ runEvents(run: \"{run}\") {{ runId status }} }}");
        socket.send(&json!({ "id": "1", "type": "subscribe", "payload": { "query": query } }));
        let answer = std::iter::from_fn(|| socket.next().ok()).find(|message| message["type"] != "pong").unwrap();
        answer.to_string().replace(run, "ID")
    };
    assert_eq!(told(there), told(absent));
    assert!(told(there).contains("run_not_found"), "{}", told(there));
    // Of all runs she hears those she may see, and no other.
    let mut socket = WebSocket::open(server.address, "/graphql/ws", &headers).unwrap();
    socket.send(&json!({ "type": "connection_init" }));
    assert_eq!(socket.next().unwrap()["type"], "connection_ack");
    let query = "subscription { runEvents { runId status } }";
    socket.send(&json!({ "id": "all", "type": "subscribe", "payload": { "query": query } }));
    // Begun in their order, so that the first is listened to when this one is answered.
    let query = format!("subscription {{ runEvents(run: \"{absent}\") {{ runId }} }}");
    socket.send(&json!({ "id": "none", "type": "subscribe", "payload": { "query": query } }));
    while socket.next().unwrap()["id"] != "none" {}
    let secret = server.start_run("secret-day", &json!({}));
    server.wait_run(&secret);
    let open = server.start_run("open-day", &json!({}));
    server.wait_run(&open);
    loop {
        let message = socket.next().unwrap();
        let event = &message["payload"]["data"]["runEvents"];
        assert_ne!(event["runId"], secret.as_str(), "{message}");
        if event["runId"] == open.as_str() && event["status"] == "SUCCEEDED" {
            break;
        }
    }
}

#[test]
fn whatever_names_something_has_a_line_here() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let of_words = |text: &'static str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let (nothing, admins) = (of_words(NAME_NOTHING), of_words(OF_ADMINS));
    for (_, field) in Schema::of(&server).fields {
        let name = field["name"].as_str().unwrap();
        let takes = field["args"].as_array().is_some_and(|arguments| !arguments.is_empty());
        let asked = OPERATIONS.iter().any(|(_, template)| template.contains(&format!(" {name}(")));
        let known = asked || name == "runEvents" || nothing.contains(name) || admins.contains(name);
        assert!(!takes || known, "`{name}` has no line in tests/it/access/hidden.rs");
    }
    let described = http::send(server.address, "GET", "/api/openapi.json", &[], b"").json();
    for (path, verbs) in described["paths"].as_object().unwrap() {
        for verb in verbs.as_object().unwrap().keys() {
            let verb = verb.to_uppercase();
            let asked = ROUTES.iter().any(|(_, method, route, _)| *method == verb && route == path);
            // A webhook has a proof of its own.
            let known = asked || path == "/hooks/{path}" || !path.contains('{');
            assert!(known, "`{verb} {path}` has no line in tests/it/access/hidden.rs");
        }
    }
}
