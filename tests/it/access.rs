//! People and access: signing in, sessions, tokens, grants, the first admin, the audit log. [`matrix`] asks everything in
//! every role, and [`hidden`] for what one person may not see.

mod hidden;
mod matrix;
mod oidc;

use crate::http::{self, Answer};
use crate::program::Sluice;
use crate::server::{TestServer, wait_for};
use crate::websocket::WebSocket;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "canary correct horse";

/// Somebody's session in a browser.
pub(crate) struct Browser {
    cookie: String,
    origin: String,
}

impl Browser {
    /// Signs in.
    pub(crate) fn sign_in(server: &TestServer, name: &str) -> Self {
        let (answer, cookie) = try_sign_in(server, name, PASSWORD);
        assert_eq!(answer.status, 200, "{answer:?}");
        Self { cookie: cookie.unwrap(), origin: format!("http://{}", server.address) }
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        vec![
            ("cookie", self.cookie.as_str()),
            ("origin", self.origin.as_str()),
            ("x-sluice-csrf", "1"),
            ("content-type", "application/json"),
        ]
    }

    pub(crate) fn request(&self, server: &TestServer, method: &str, path: &str, body: &str) -> Answer {
        http::send(server.address, method, path, &self.headers(), body.as_bytes())
    }

    pub(crate) fn ask(&self, server: &TestServer, operation: &str, variables: &Value) -> Value {
        let body = json!({ "query": operation, "variables": variables }).to_string();
        self.request(server, "POST", "/graphql", &body).json()
    }
}

fn try_sign_in(server: &TestServer, name: &str, password: &str) -> (Answer, Option<String>) {
    let body = json!({ "name": name, "password": password }).to_string();
    let headers = [("content-type", "application/json")];
    let file = http::download(server.address, "POST", "/api/session", &headers, body.as_bytes());
    let cookie = file.header("set-cookie").split(';').next().filter(|cookie| !cookie.is_empty()).map(ToOwned::to_owned);
    (Answer { status: file.status, body: String::from_utf8(file.bytes).unwrap() }, cookie)
}

/// Adds a person of that role, who is called like it.
pub(crate) fn add(server: &TestServer, name: &str, role: &str) -> String {
    let operation = "mutation($name: String!, $password: String, $role: RoleWord!) {
        createUser(name: $name, password: $password, role: $role) { id } }";
    let made = server.graphql(operation, json!({ "name": name, "password": PASSWORD, "role": role }));
    made["createUser"]["id"].as_str().unwrap().to_owned()
}

/// The code of an answer's first error.
pub(crate) fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

#[test]
fn a_browser_signs_in_and_another_site_cannot_use_its_cookie() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    add(&server, "ann", "EDITOR");
    let ann = Browser::sign_in(&server, "ann");
    let me = ann.request(&server, "GET", "/api/session", "").json();
    assert_eq!((&me["name"], &me["role"], &me["read_only"]), (&json!("ann"), &json!("editor"), &json!(false)));
    let operations = me["operations"].as_array().unwrap();
    assert!(operations.contains(&json!("saveWorkflow")) && !operations.contains(&json!("users")), "{me}");

    // Without the header, without the origin, from elsewhere: as if there were no cookie.
    let own = format!("http://{}", server.address);
    let body = json!({ "query": "{ me { name } }" }).to_string();
    for headers in [
        vec![("cookie", ann.cookie.as_str()), ("content-type", "application/json")],
        vec![("cookie", ann.cookie.as_str()), ("content-type", "application/json"), ("x-sluice-csrf", "1")],
        vec![("cookie", ann.cookie.as_str()), ("content-type", "application/json"), ("origin", own.as_str())],
        vec![
            ("cookie", ann.cookie.as_str()),
            ("content-type", "application/json"),
            ("x-sluice-csrf", "1"),
            ("origin", "https://evil.example"),
        ],
    ] {
        assert_eq!(
            http::send(server.address, "POST", "/graphql", &headers, body.as_bytes()).status,
            401,
            "{headers:?}"
        );
    }
    let foreign = [("cookie", ann.cookie.as_str()), ("origin", "https://evil.example")];
    assert_eq!(WebSocket::open(server.address, "/graphql/ws", &foreign).err(), Some(401));

    assert_eq!(ann.request(&server, "DELETE", "/api/session", "").status, 204);
    assert_eq!(ann.request(&server, "GET", "/api/session", "").status, 401);
}

#[test]
fn a_refused_login_does_not_tell_why_and_guessing_ends() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    add(&server, "ann", "VIEWER");
    let (wrong, _) = try_sign_in(&server, "ann", "wrong wrong wrong");
    let (unknown, _) = try_sign_in(&server, "bob", "wrong wrong wrong");
    assert_eq!((wrong.status, &wrong.body), (401, &unknown.body));
    for (body, status) in [("", 400), ("[]", 400), ("{\"name\":7,\"password\":\"x\"}", 400), ("{\"name\":\"a\"}", 400)]
    {
        let headers = [("content-type", "application/json")];
        let answer = http::send(server.address, "POST", "/api/session", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{body} {answer:?}");
        assert!(!answer.body.contains("canary"));
    }
    for _ in 0..10 {
        try_sign_in(&server, "ann", "wrong wrong wrong");
    }
    assert_eq!(try_sign_in(&server, "ann", PASSWORD).0.status, 429);
    // Others at the same place still get in.
    add(&server, "eve", "VIEWER");
    assert_eq!(try_sign_in(&server, "eve", PASSWORD).0.status, 200);
}

#[test]
fn what_is_taken_away_is_gone_at_once_from_open_sockets_too() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let id = add(&server, "ann", "OPERATOR");
    let ann = Browser::sign_in(&server, "ann");
    let headers = [("cookie", ann.cookie.as_str()), ("origin", ann.origin.as_str())];
    let mut socket = WebSocket::open(server.address, "/graphql/ws", &headers).unwrap();
    socket.send(&json!({ "type": "connection_init" }));
    assert_eq!(socket.next().unwrap()["type"], "connection_ack");
    socket.send(
        &json!({ "id": "1", "type": "subscribe", "payload": { "query": "subscription { runEvents { runId } }" } }),
    );
    assert!(ann.ask(&server, "{ workflows { nodes { name } } }", &json!({}))["errors"].is_null());

    server.graphql("mutation($id: String!) { updateUser(id: $id, disabled: true) { id } }", json!({ "id": id }));
    assert_eq!(ann.request(&server, "GET", "/api/session", "").status, 401);
    let mut closed = socket.next();
    while closed.is_ok() {
        closed = socket.next();
    }
    assert_eq!(closed.unwrap_err(), 4403);
}

#[test]
fn a_token_is_kept_to_its_scope_and_works_until_it_is_revoked() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    add(&server, "ann", "EDITOR");
    let ann = Browser::sign_in(&server, "ann");
    let make = |input: Value| {
        let operation =
            "mutation($input: TokenInput!) { createToken(input: $input) { text token { id role readOnly } } }";
        ann.ask(&server, operation, &json!({ "input": input }))["data"]["createToken"].clone()
    };
    let with = |token: &Value, query: &str| {
        let bearer = format!("Bearer {}", token["text"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = json!({ "query": query }).to_string();
        http::send(server.address, "POST", "/graphql", &headers, body.as_bytes())
    };
    // Asking for more than one has gives what one has.
    let admin = make(json!({ "name": "ci", "role": "ADMIN" }));
    assert_eq!(admin["token"]["role"], "EDITOR");
    assert_eq!(code(&with(&admin, "{ users { nodes { name } } }").json()), "forbidden");
    let save = r#"mutation { saveWorkflow(text: "name: a\nsteps:\n  - { id: x, uses: fetch, with: { rows: [] } }\n") { workflow { name } problems { message } } }"#;
    assert_eq!(with(&admin, save).json()["data"]["saveWorkflow"]["workflow"]["name"], "a");
    let viewer = make(json!({ "name": "ci", "role": "VIEWER" }));
    assert_eq!(code(&with(&viewer, save).json()), "forbidden");
    let reading = make(json!({ "name": "ci", "readOnly": true }));
    assert_eq!(code(&with(&reading, save).json()), "forbidden");
    assert_eq!(with(&reading, "{ workflow(id: \"a\") { name } }").json()["data"]["workflow"]["name"], "a");
    // A token of a token has no more.
    let operation = "mutation { createToken(input: { name: \"more\", role: EDITOR }) { text token { role } } }";
    let made = with(&viewer, operation).json()["data"]["createToken"]["token"]["role"].clone();
    assert_eq!(made, "VIEWER");
    let listed = ann.ask(&server, "{ tokens { nodes { id name } } }", &json!({}));
    assert_eq!(listed["data"]["tokens"]["nodes"].as_array().unwrap().len(), 4);
    assert!(!listed.to_string().contains("slt_"));
    let revoke = "mutation($id: String!) { revokeToken(id: $id) }";
    ann.ask(&server, revoke, &json!({ "id": viewer["token"]["id"] }));
    assert_eq!(with(&viewer, "{ me { name } }").status, 401);

    // Somebody else's token and session are not there.
    add(&server, "bob", "EDITOR");
    let bob = Browser::sign_in(&server, "bob");
    let there = bob.ask(&server, revoke, &json!({ "id": reading["token"]["id"] }));
    assert_eq!(code(&there), "token_not_found");
    let session = ann.request(&server, "GET", "/api/session", "").json()["session"].clone();
    let end = "mutation($id: String!) { endSession(id: $id) }";
    assert_eq!(code(&bob.ask(&server, end, &json!({ "id": session }))), "session_not_found");
    assert_eq!(
        bob.ask(&server, "{ tokens(all: true) { nodes { id } } }", &json!({}))["data"]["tokens"]["nodes"],
        json!([])
    );
}

#[test]
fn the_first_admin_is_made_by_the_printed_link_once() {
    let Some(sluice) = Sluice::find() else { return };
    let mut server = TestServer::start(sluice);
    let line = server.next_line();
    let link = line.split_once("/#setup=").unwrap().1.to_owned();
    let set_up = |server: &TestServer, setup: &str, name: &str| {
        let body = json!({ "setup": setup, "name": name, "password": PASSWORD }).to_string();
        http::send(server.address, "POST", "/api/setup", &[("content-type", "application/json")], body.as_bytes())
    };
    assert_eq!(set_up(&server, "wrong", "ann").status, 401);
    assert_eq!(set_up(&server, &link, "Not A Name").status, 422);
    let made = set_up(&server, &link, "ann");
    assert_eq!((made.status, &made.json()["role"]), (200, &json!("admin")), "{made:?}");
    assert_eq!(set_up(&server, &link, "eve").status, 401);
    // The next start prints none, and the old one opens nothing.
    server.kill();
    server.restart();
    assert_eq!(set_up(&server, &link, "eve").status, 401);
    let ann = Browser::sign_in(&server, "ann");
    let people = ann.ask(&server, "{ users { nodes { name role } } }", &json!({}));
    assert_eq!(people["data"]["users"]["nodes"], json!([{ "name": "ann", "role": "ADMIN" }]));
}

#[test]
fn what_a_killed_server_has_changed_is_on_record() {
    let Some(sluice) = Sluice::find() else { return };
    let mut server = TestServer::start(sluice);
    let mut saved = 0;
    for round in 0..3 {
        let (address, bearer) = (server.address, format!("Bearer {}", server.token));
        let (tell, heard) = std::sync::mpsc::channel();
        let saving = std::thread::spawn(move || {
            for index in 0.. {
                let name = format!("w-{round}-{index}");
                let text = format!("name: {name}\nsteps: [{{ id: x, uses: fetch, with: {{ rows: [] }} }}]\n");
                let query = "mutation($text: String!) { saveWorkflow(text: $text) { workflow { name } } }";
                let body = json!({ "query": query, "variables": { "text": text } }).to_string();
                let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
                // The server is killed meanwhile, so that the last one fails.
                http::send(address, "POST", "/graphql", &headers, body.as_bytes());
                if tell.send(()).is_err() {
                    return;
                }
            }
        });
        for _ in 0..=(10 + round) {
            heard.recv().unwrap();
        }
        server.kill();
        let _ = saving.join();
        saved += heard.try_iter().count() + 11 + round;
        server.restart();
    }
    let workflows =
        server.graphql("{ workflows(first: 500) { nodes { name } } }", json!({}))["workflows"]["nodes"].take();
    let workflows: Vec<&str> =
        workflows.as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect();
    assert!(workflows.len() >= saved, "{} of {saved}", workflows.len());
    let mut listed = server.sluice.command();
    listed.args(["audit", "list", "--operation", "saveWorkflow", "--limit", "500", "--json"]);
    let entries: Value = serde_json::from_slice(&listed.output().unwrap().stdout).unwrap();
    let told: Vec<&str> = entries.as_array().unwrap().iter().map(|entry| entry["subject"].as_str().unwrap()).collect();
    for name in workflows {
        assert!(told.contains(&format!("workflow {name}").as_str()), "{name} is there and not on record");
    }
    let whole = server.sluice.command().args(["audit", "verify"]).output().unwrap();
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
}

#[test]
fn behind_a_trusted_proxy_the_address_is_the_callers_own() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice.set("SLUICE_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"));
    add(&server, "ann", "VIEWER");
    let body = json!({ "name": "ann", "password": PASSWORD }).to_string();
    let forwarded = "9.9.9.9, 203.0.113.7, 10.1.1.1";
    let headers = [("content-type", "application/json"), ("x-forwarded-for", forwarded)];
    assert_eq!(http::send(server.address, "POST", "/api/session", &headers, body.as_bytes()).status, 200);
    let told = server.graphql("{ auditLog(first: 1) { edges { node { operation address } } } }", json!({}));
    assert_eq!(told["auditLog"]["edges"][0]["node"], json!({ "operation": "signIn", "address": "203.0.113.7" }));

    let Some(sluice) = Sluice::find() else { return };
    let output = sluice.command().args(["serve", "--trusted-proxies", "proxy.example"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no address or network") && output.status.code() == Some(1), "{told}");
}

#[test]
fn who_may_only_read_through_a_connection_does_not_mend_what_is_behind_it() {
    let Some(sluice) = Sluice::find() else { return };
    for (name, rows) in [("left", "(1), (2)"), ("right", "(1)")] {
        let file = sluice.add_sqlite(name);
        let sql = format!("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES {rows}");
        rusqlite::Connection::open(file).unwrap().execute_batch(&sql).unwrap();
    }
    let server = TestServer::start(sluice);
    let bob = add(&server, "bob", "OPERATOR");
    let bob_signed = Browser::sign_in(&server, "bob");
    let start = |settings: &Value| {
        let operation = "mutation($input: DiffInput!) { startDiff(input: $input) { run { id } } }";
        let side = |name: &str| json!({ "connection": name, "table": "t" });
        let settings = settings.as_str().map_or(Value::Null, |_| settings.clone());
        let input = json!({ "left": side("left"), "right": side("right"), "settings": settings });
        bob_signed.ask(&server, operation, &json!({ "input": input }))
    };
    assert!(start(&Value::Null)["errors"].is_null());
    assert!(start(&json!("{\"repair\": \"statements\"}"))["errors"].is_null());
    for repair in ["{\"repair\": \"apply\"}", "{\"repair\": \"${{ 'apply' }}\"}", "{\"repair\": [\"apply\"]}"] {
        assert_eq!(code(&start(&json!(repair))), "forbidden", "{repair}");
    }
    let save = "mutation($text: String!) { saveWorkflow(text: $text) { problems { code } } }";
    let text = |repair: &str| {
        format!(
            "name: mend\nsteps: [{{ id: d, uses: diff, with: {{ left: {{ connection: left, table: t }}, \
             right: {{ connection: right, table: t }}, repair: {repair} }} }}]\n"
        )
    };
    let grant = |thing: &str, pattern: &str, level: &str| {
        let operation = "mutation($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {
            setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) { id } }";
        server.graphql(operation, json!({ "user": bob, "thing": thing, "pattern": pattern, "level": level }));
    };
    grant("WORKFLOW", "mend", "WRITE");
    assert_eq!(
        bob_signed.ask(&server, save, &json!({ "text": text("none") }))["data"]["saveWorkflow"]["problems"],
        json!([])
    );
    assert_eq!(code(&bob_signed.ask(&server, save, &json!({ "text": text("apply") }))), "forbidden");
    grant("CONNECTION", "right", "WRITE");
    assert!(start(&json!("{\"repair\": \"apply\"}"))["errors"].is_null());
    assert_eq!(
        bob_signed.ask(&server, save, &json!({ "text": text("apply") }))["data"]["saveWorkflow"]["problems"],
        json!([])
    );
}

#[test]
fn a_server_that_others_reach_does_not_start_without_an_admin() {
    let Some(sluice) = Sluice::find() else { return };
    let output = sluice.command().args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("nobody is admin yet") && told.contains("sluice user add"), "{told}");
    assert!(!sluice.folder.path().join("data/api-token").exists());
}

#[test]
fn every_change_is_on_record_without_secrets_and_tampering_shows() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.add_sqlite("history");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (id INTEGER)").unwrap();
    let server = TestServer::start(sluice);
    let id = add(&server, "ann", "OPERATOR");
    let ann = Browser::sign_in(&server, "ann");
    let url = "postgres://me:canary@127.0.0.1:1/x";
    server.ask(
        "mutation($url: String!) { createConnection(name: \"far\", input: { url: $url }) { name } }",
        json!({ "url": url }),
    );
    let body = json!({ "name": "rest", "url": url }).to_string();
    let bearer = format!("Bearer {}", server.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    assert_eq!(http::send(server.address, "POST", "/api/databases", &headers, body.as_bytes()).status, 201);
    let statement = "mutation { runStatement(input: { connection: \"history\", sql: \"SELECT 1\" }) { id } }";
    assert!(ann.ask(&server, statement, &json!({}))["errors"].is_null());
    let refused = ann.ask(&server, "mutation { deleteConnection(name: \"far\") }", &json!({}));
    assert_eq!(code(&refused), "forbidden");
    server.graphql("mutation($id: String!) { updateUser(id: $id, role: EDITOR) { id } }", json!({ "id": id }));

    let page = "query($after: String) { auditLog(after: $after, first: 3) {
        edges { node { number who way operation subject outcome given before after } } pageInfo { hasNextPage endCursor } } }";
    let (mut entries, mut after) = (Vec::new(), Value::Null);
    loop {
        let found = server.graphql(page, json!({ "after": after }))["auditLog"].take();
        entries.extend(found["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()));
        if found["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = found["pageInfo"]["endCursor"].clone();
    }
    let told: Vec<String> = entries
        .iter()
        .rev()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().replace(&id, "ID");
            let who = if text("who").starts_with("system") { "system".to_owned() } else { text("who") };
            format!("{who}: {} {} {}", text("operation"), text("subject"), text("outcome"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "system: connection add connection history done",
            "api: createUser user ann done",
            "ann: signIn user ann done",
            "api: createConnection connection far done",
            "api: POST /api/databases  done",
            "ann: runStatement connection history done",
            "ann: deleteConnection connection far forbidden",
            "api: updateUser user ID done",
        ]
    );
    let last = &entries[0];
    assert!(
        last["before"].as_str().unwrap().contains("operator") && last["after"].as_str().unwrap().contains("editor")
    );
    let all = json!(entries).to_string();
    assert!(!all.contains("canary"), "{all}");

    let whole = server.sluice.command().args(["audit", "verify", "--json"]).output().unwrap();
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let verdict = "{ auditVerdict { whole entries firstBroken { entry message } faults { entry } faultCount } }";
    let told = server.graphql(verdict, json!({}))["auditVerdict"].take();
    assert_eq!(told, json!({ "whole": true, "entries": 8.0, "firstBroken": null, "faults": [], "faultCount": 0 }));
    // The checkpoint that the server has written by then outlives what is cut off.
    let checkpoint = server.sluice.command().args(["audit", "checkpoint"]).output().unwrap();
    assert!(String::from_utf8_lossy(&checkpoint.stdout).contains("\"entry\":8"), "{checkpoint:?}");
    let metadata = rusqlite::Connection::open(server.sluice.folder.path().join("data/sluice.db")).unwrap();
    metadata.execute("DELETE FROM audit_entry WHERE number = 8", []).unwrap();
    let cut = server.sluice.command().args(["audit", "verify"]).output().unwrap();
    assert_eq!(cut.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&cut.stdout).contains("entry 8: it was signed, and is not there"), "{cut:?}");
    let told = server.graphql(verdict, json!({}))["auditVerdict"].take();
    let broken = json!({ "entry": 8.0, "message": "entry 8: it was signed, and is not there" });
    assert_eq!((&told["whole"], &told["entries"], &told["firstBroken"]), (&json!(false), &json!(7.0), &broken));
    metadata.execute("UPDATE audit_entry SET who = 'bob' WHERE number = 3", []).unwrap();
    let told = server.graphql(verdict, json!({}))["auditVerdict"].take();
    let broken = json!({ "entry": 3.0, "message": "entry 3: the entry is not as it was written" });
    assert_eq!((&told["entries"], &told["firstBroken"]), (&json!(2.0), &broken));
}

#[test]
fn the_command_line_cares_for_people_too() {
    let Some(sluice) = Sluice::find() else { return };
    let password = sluice.folder.path().join("password");
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let call = |arguments: &[&str]| {
        let mut command = sluice.command();
        command.args(arguments).stdin(std::fs::File::open(&password).unwrap());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(call(&["user", "add", "root", "--role", "admin"]).0, Some(0));
    assert_eq!(call(&["user", "add", "ann"]).0, Some(0));
    assert!(call(&["user", "add", "ann"]).2.contains("already_exists"));
    assert!(call(&["user", "remove", "root"]).2.contains("nobody else is admin"));
    assert_eq!(call(&["user", "role", "ann", "operator"]).0, Some(0));
    assert_eq!(call(&["user", "grant", "ann", "connection", "lab-*", "write"]).0, Some(0));
    let (_, token, _) = call(&["user", "token", "add", "ann", "--for", "ci", "--read-only", "--days", "7"]);
    assert!(token.starts_with("slt_"), "{token}");
    let listed: Value = serde_json::from_str(&call(&["user", "list", "--json"]).1).unwrap();
    assert_eq!((listed[0]["name"].as_str(), listed[0]["role"].as_str()), (Some("ann"), Some("operator")));
    let server = TestServer::start(sluice);
    let bearer = format!("Bearer {}", token.trim());
    let me = http::send(server.address, "GET", "/api/session", &[("authorization", bearer.as_str())], b"").json();
    assert_eq!((&me["name"], &me["role"], &me["read_only"]), (&json!("ann"), &json!("operator"), &json!(true)));
    wait_for("the disabled person", || {
        let output = server.sluice.command().args(["user", "disable", "ann"]).output().unwrap();
        output.status.success()
    });
    wait_for("the change to reach the server", || {
        http::send(server.address, "GET", "/api/session", &[("authorization", bearer.as_str())], b"").status == 401
    });
}
