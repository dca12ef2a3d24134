//! Connections by the command line, by REST, by GraphQL and from the environment: the same everywhere, and no secret in
//! any answer, log line or error.

use crate::http;
use crate::program::Sluice;
use crate::server::TestServer;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Output, Stdio};

impl TestServer {
    /// One request with the API token, and a JSON body where there is one.
    fn rest(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let token = format!("Bearer {}", self.token);
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        let text = body.map(Value::to_string).unwrap_or_default();
        let answer = http::send(self.address, method, path, &headers, text.as_bytes());
        let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
        (answer.status, body)
    }
}

fn call(sluice: &Sluice, arguments: &[&str]) -> Output {
    sluice.command().args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_database_lives_by_rest() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.folder.path().join("shop.db");
    crate::databases::sqlite_execute(&file, "CREATE TABLE fruit (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    let server = TestServer::start(sluice);
    assert_eq!(server.rest("GET", "/api/databases", None), (200, json!({ "items": [], "next": null })));
    let new = json!({ "name": "shop", "system": "sqlite", "settings": { "path": file }, "labels": ["fruit"] });
    let (status, made) = server.rest("POST", "/api/databases", Some(&new));
    assert_eq!((status, &made["origin"], &made["has_secret"]), (201, &json!("saved"), &json!(false)), "{made:#}");
    let (status, again) = server.rest("POST", "/api/databases", Some(&new));
    assert_eq!((status, &again["code"]), (409, &json!("already_exists")));

    let (status, test) = server.rest("POST", "/api/databases/shop/test", None);
    assert_eq!((status, &test["ok"]), (200, &json!(true)), "{test:#}");
    let (_, tables) = server.rest("GET", "/api/databases/shop/tables", None);
    assert_eq!(tables, json!({ "items": ["fruit"], "next": null }));
    let (status, table) = server.rest("GET", "/api/databases/shop/tables/fruit", None);
    assert_eq!(
        (status, &table["key"], &table["columns"][1]["name"]),
        (200, &json!(["id"]), &json!("name")),
        "{table:#}"
    );
    let (status, missing) = server.rest("GET", "/api/databases/shop/tables/friut", None);
    assert_eq!((status, &missing["code"]), (404, &json!("table_not_found")));
    assert!(missing["hint"].as_str().unwrap().contains("`fruit`"), "{missing:#}");

    let change = json!({ "description": "apples", "allow_write": true });
    let (status, changed) = server.rest("PUT", "/api/databases/shop", Some(&change));
    assert_eq!((status, &changed["description"], &changed["labels"]), (200, &json!("apples"), &json!(["fruit"])));
    assert_eq!(changed["last_test"], Value::Null, "what a test said before a change is gone");

    server.save(
        "name: uses-shop\nsteps:\n  - id: rows\n    uses: fetch\n    with: { source: inline, rows: [{ id: 1 }] }\n  \
         - id: kept\n    uses: write\n    from: rows\n    with: { connection: shop, table: other }\n",
    );
    let (status, used) = server.rest("DELETE", "/api/databases/shop", None);
    assert_eq!((status, &used["code"]), (409, &json!("connection_in_use")));
    assert!(used["message"].as_str().unwrap().contains("`uses-shop`"), "{used:#}");
    assert_eq!(server.rest("DELETE", "/api/databases/shop?force=true", None), (204, Value::Null));
    assert_eq!(server.rest("GET", "/api/databases/shop", None).0, 404);
}

#[test]
fn pages_have_a_cursor_and_a_cap() {
    let Some(sluice) = Sluice::find() else { return };
    let server = TestServer::start(sluice);
    let names: Vec<String> = (0..7).map(|number| format!("c{number}")).collect();
    for name in &names {
        let new = json!({ "name": name, "url": format!("sqlite:{name}.db") });
        assert_eq!(server.rest("POST", "/api/databases", Some(&new)).0, 201);
    }
    let mut seen = Vec::new();
    let mut path = "/api/databases?limit=3".to_owned();
    loop {
        let (_, page) = server.rest("GET", &path, None);
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/databases?limit=3&after={next}");
    }
    assert_eq!(seen, names);
}

#[test]
fn graphql_does_what_rest_does() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.folder.path().join("shop.db");
    crate::databases::sqlite_execute(&file, "CREATE TABLE fruit (id INTEGER PRIMARY KEY)");
    let server = TestServer::start(sluice);
    let create = "mutation($input: NewConnection!) { createConnection(name: \"shop\", input: $input) {
        name system isSaved hasSecret } }";
    let made = server.graphql(create, json!({ "input": { "url": format!("sqlite://{}", file.display()) } }));
    let expected = json!({ "name": "shop", "system": "sqlite", "isSaved": true, "hasSecret": false });
    assert_eq!(made["createConnection"], expected);
    let ask = "{ connections { nodes { name tables { nodes } table(name: \"fruit\") { key columns { name } } lastTest { ok } } } }";
    let asked = server.graphql(ask, json!({}));
    let table = json!({ "key": ["id"], "columns": [{ "name": "id" }] });
    let expected = json!([{ "name": "shop", "tables": { "nodes": ["fruit"] }, "table": table, "lastTest": null }]);
    assert_eq!(asked["connections"]["nodes"], expected);
    let update =
        "mutation($input: ConnectionInput!) { updateConnection(name: \"shop\", input: $input) { description labels } }";
    server.graphql(update, json!({ "input": { "description": "apples", "labels": ["a"] } }));
    let changed = server.graphql(update, json!({ "input": { "description": null } }));
    assert_eq!(changed["updateConnection"], json!({ "description": null, "labels": ["a"] }));
    let tested = server.graphql("mutation { testConnection(name: \"shop\") { ok message code } }", json!({}));
    assert_eq!((&tested["testConnection"]["ok"], &tested["testConnection"]["code"]), (&json!(true), &Value::Null));
    server.graphql("mutation { deleteConnection(name: \"shop\") }", json!({}));
    let gone = server.graphql_error("{ connection(name: \"shop\") { name } }", json!({}));
    assert_eq!(gone["extensions"]["code"], "connection_not_found");
}

#[test]
fn the_command_line_changes_tests_and_removes() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("shop");
    sluice.call(&["connection", "change", "shop", "--set", "busy_timeout_ms=5", "--description", "apples"]);
    let list: Value = serde_json::from_str(&sluice.call(&["connection", "list", "--json"])).unwrap();
    assert_eq!((&list[0]["settings"]["busy_timeout_ms"], &list[0]["description"]), (&json!(5), &json!("apples")));
    // An unreachable store is reported beside the others, and the exit code tells.
    sluice.call(&["connection", "add", "down", "postgres://me:hunter2@127.0.0.1:1/x"]);
    let output = call(&sluice, &["connection", "test", "--all", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let shown: Vec<_> = reports.as_array().unwrap().iter().map(|one| (&one["connection"], &one["ok"])).collect();
    assert_eq!(shown, [(&json!("down"), &json!(false)), (&json!("shop"), &json!(true))]);
    assert_eq!(reports[0]["code"], "connection_failed");
    let unknown = call(&sluice, &["connection", "test", "shpo"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("Did you mean `shop`?"));
    sluice.call(&["connection", "remove", "shop"]);
    assert_eq!(call(&sluice, &["connection", "remove", "shop"]).status.code(), Some(1));
}

#[test]
fn the_environment_makes_connections_and_its_faults_stop_nothing() {
    let Some(sluice) = Sluice::find() else { return };
    let file = sluice.folder.path().join("env.db");
    crate::databases::sqlite_execute(&file, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let sluice = sluice
        .set("SQLITE_PATH", file.to_str().unwrap())
        .set("MYSQL_HOST", "127.0.0.1")
        .set("MYSQL_PORT", "99999")
        .set("MYSQL_PASSWORD", "hunter2")
        .set("SLUICE_CONNECTION_REPLICA", "postgres://me:hunter2@127.0.0.1:1/x");
    let server = TestServer::start(sluice);
    let (_, page) = server.rest("GET", "/api/databases", None);
    let items = page["items"].as_array().unwrap();
    let shown: Vec<_> = items.iter().map(|item| (&item["name"], &item["origin"], &item["variable"])).collect();
    let environment = json!("environment");
    assert_eq!(
        shown,
        [
            (&json!("replica"), &environment, &json!("SLUICE_CONNECTION_REPLICA")),
            (&json!("sqlite"), &environment, &json!("SQLITE_PATH")),
        ]
    );
    assert!(server.log().contains("`MYSQL_HOST`") && server.log().contains("`MYSQL_PORT`"), "{}", server.log());
    assert!(!server.log().contains("hunter2") && !page.to_string().contains("hunter2"));
    assert_eq!(server.rest("GET", "/api/databases/sqlite/tables", None).1["items"], json!(["t"]));
    let (status, refused) = server.rest("PUT", "/api/databases/sqlite", Some(&json!({ "labels": [] })));
    assert_eq!((status, &refused["code"]), (409, &json!("connection_read_only")));
    // A saved one goes before it, and gone it stands behind no longer.
    let own = json!({ "name": "sqlite", "url": "sqlite:own.db" });
    assert_eq!(server.rest("POST", "/api/databases", Some(&own)).0, 201);
    assert_eq!(server.rest("GET", "/api/databases/sqlite/tables", None).1["items"], json!([]));
    assert_eq!(server.rest("DELETE", "/api/databases/sqlite", None).0, 204);
    assert_eq!(server.rest("GET", "/api/databases/sqlite/tables", None).1["items"], json!(["t"]));
}

#[test]
fn a_changed_connection_is_picked_up_by_what_runs() {
    let Some(sluice) = Sluice::find() else { return };
    let (first, second) = (sluice.folder.path().join("first.db"), sluice.folder.path().join("second.db"));
    let server = TestServer::start(sluice);
    let new = json!({ "name": "shop", "system": "sqlite", "settings": { "path": first } });
    server.rest("POST", "/api/databases", Some(&new));
    let text = "name: fill\nsteps:\n  - id: rows\n    uses: fetch\n    with: { source: inline, rows: [{ id: 1 }] }\n  \
        - id: kept\n    uses: write\n    from: rows\n    with: { connection: shop, table: t }\n";
    assert_eq!(server.run_once(text)["status"], "SUCCEEDED");
    let change = json!({ "system": "sqlite", "settings": { "path": second } });
    assert_eq!(server.rest("PUT", "/api/databases/shop", Some(&change)).0, 200);
    assert_eq!(server.run_once(text)["status"], "SUCCEEDED");
    for file in [first, second] {
        assert_eq!(crate::databases::sqlite_number(&file, "SELECT count(*) FROM t"), Some(1), "{}", file.display());
    }
}

#[test]
fn the_operators_list_decides_where_connections_lead() {
    let Some(sluice) = Sluice::find() else { return };
    let sluice = sluice.set("SLUICE_CONNECTION_ADDRESSES", "10.0.0.0/8,db.example.com");
    for (name, url) in [
        ("literal", "http://127.0.0.1:1/"),
        ("decimal", "http://2130706433:1/"),
        ("hex", "http://0x7f000001:1/"),
        ("octal", "http://0177.0.0.1:1/"),
        ("mapped", "http://[::ffff:127.0.0.1]:1/"),
        ("nat64", "http://[64:ff9b::7f00:1]:1/"),
        ("name", "http://localhost:1/"),
        ("metadata", "http://169.254.169.254/"),
        ("public", "http://93.184.216.34:1/"),
    ] {
        // An address that is a literal is refused when the connection is made, a name when it is used.
        let added = call(&sluice, &["connection", "add", name, url]);
        let output = if added.status.success() { call(&sluice, &["connection", "test", name]) } else { added };
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("[address_refused]"), "{name}: {text}");
    }
}

/// Every form in which a secret might show.
fn spellings(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let partly: String = secret
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32) })
        .collect();
    vec![
        secret.to_owned(),
        BASE64_STANDARD_NO_PAD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
        percent.to_lowercase(),
        percent,
        partly,
        // Halves, should something cut it.
        secret[..secret.len() / 2].to_owned(),
        secret[secret.len() / 2..].to_owned(),
    ]
}

#[test]
fn a_secret_shows_in_no_answer_log_line_or_error() {
    let Some(sluice) = Sluice::find() else { return };
    let secret = "c4n@ry:Zq8+wX/7kTmV";
    let in_url = "c4n%40ry%3AZq8%2BwX%2F7kTmV";
    let sluice = sluice.set("SLUICE_LOG", "trace").set("MYSQL_HOST", "127.0.0.1").set("MYSQL_PASSWORD", secret);
    let mut heard = String::new();
    let postgres = crate::databases::find_url("SLUICE_TEST_POSTGRES", "a wrong password against a real server");
    let mut urls = vec![
        ("pg-closed", format!("postgres://me:{in_url}@127.0.0.1:1/x")),
        ("pg-unknown", format!("postgres://me:{in_url}@no-such-host.invalid/x")),
        ("my-closed", format!("mysql://me:{in_url}@127.0.0.1:1/x")),
        ("redis-closed", format!("redis://me:{in_url}@127.0.0.1:1/0")),
        ("web-closed", format!("http://me:{in_url}@127.0.0.1:1/x")),
        ("metadata", format!("http://me:{in_url}@169.254.169.254/")),
        ("bad-port", format!("postgres://me:{in_url}@host:notaport/x")),
        ("bad-key", format!("mysql://me:{in_url}@host/x?nosuch=1")),
        ("bad-system", format!("oracle://me:{in_url}@host/x")),
    ];
    if let Some((_, place)) = postgres.as_deref().and_then(|url| url.split_once("://")?.1.split_once('@')) {
        urls.push(("pg-wrong", format!("postgres://nobody:{in_url}@{place}")));
    }
    for (name, url) in &urls {
        for arguments in [vec!["connection", "add", name, url], vec!["connection", "test", name]] {
            let output = call(&sluice, &arguments);
            heard.push_str(&String::from_utf8_lossy(&output.stdout));
            heard.push_str(&String::from_utf8_lossy(&output.stderr));
        }
    }
    // From standard input too.
    let mut child = sluice
        .command()
        .args(["connection", "change", "pg-closed", "--secret-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{secret}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for arguments in [
        &["connection", "list", "--json"][..],
        &["connection", "test", "--all", "--json"],
        &["connection", "tables", "pg-closed"],
        &["key", "status"],
        &["key", "rotate"],
        &["key", "status", "--json"],
    ] {
        let output = call(&sluice, arguments);
        heard.push_str(&String::from_utf8_lossy(&output.stdout));
        heard.push_str(&String::from_utf8_lossy(&output.stderr));
    }

    let server = TestServer::start(sluice);
    let mut hear = |answer: (u16, Value)| heard.push_str(&answer.1.to_string());
    for (name, url) in &urls {
        let own = format!("r-{name}");
        hear(server.rest("POST", "/api/databases", Some(&json!({ "name": own, "url": url }))));
        hear(server.rest("POST", &format!("/api/databases/{own}/test"), None));
        hear(server.rest("GET", &format!("/api/databases/{own}/tables"), None));
    }
    for body in [
        json!({ "name": "a", "system": "mysql", "settings": { "password": [secret] } }),
        json!({ "name": "a", "system": "mysql", "settings": { "host": "h", "password": secret, "port": "x" } }),
        json!({ "name": "a", "system": "mysql", "settings": { "password": secret }, "secret": secret }),
        json!({ "name": "a", "url": { "secret": secret } }),
        json!({ "name": "a", "url": "mysql://h", "secret": [secret] }),
    ] {
        hear(server.rest("POST", "/api/databases", Some(&body)));
    }
    hear(server.rest("GET", "/api/databases", None));
    hear(server.rest("POST", "/api/databases/mysql/test", None));
    let settings = json!({ "password": secret }).to_string();
    for (operation, variables) in [
        (
            "mutation($input: NewConnection!) { createConnection(name: \"g\", input: $input) { settings hasSecret } }",
            json!({ "input": { "system": "mysql", "settings": settings } }),
        ),
        (
            "mutation($input: ConnectionInput!) { updateConnection(name: \"g\", input: $input) { settings } }",
            json!({ "input": { "settings": format!("{settings}]"), "system": "mysql" } }),
        ),
        ("mutation { testConnection(name: \"g\") { message hint } }", json!({})),
        ("{ connections { nodes { name settings lastTest { message hint } } } }", json!({})),
    ] {
        heard.push_str(&server.ask(operation, variables).to_string());
    }
    // A step that meets the wrong password.
    let run = server.run_once(
        "name: meets\nsteps:\n  - id: rows\n    uses: fetch\n    with: { source: inline, rows: [{ id: 1 }] }\n  \
         - id: kept\n    uses: write\n    from: rows\n    with: { connection: my-closed, table: t }\n",
    );
    assert_eq!(run["status"], "FAILED");
    heard.push_str(&run.to_string());
    heard.push_str(&server.log());
    assert!(
        heard.contains("[connection_failed]") && heard.len() > 10_000,
        "the session was not as it should be: {heard}"
    );
    for spelling in spellings(secret) {
        if let Some(at) = heard.find(&spelling) {
            let start = heard[..at].char_indices().rev().nth(200).map_or(0, |(at, _)| at);
            panic!("`{spelling}` shows: …{}", &heard[start..at + spelling.len()]);
        }
    }
}

#[test]
fn a_rotated_key_opens_everything_and_the_server_goes_on() {
    let Some(sluice) = Sluice::find() else { return };
    rotate(sluice, false);
}

#[test]
fn a_rotated_key_opens_everything_in_postgresql() {
    let Some(sluice) = Sluice::find() else { return };
    let Some(metadata) = crate::databases::Postgres::create("key rotation with PostgreSQL") else { return };
    rotate(sluice.set("SLUICE_METADATA_URL", &metadata.url), true);
    // The bytes themselves: sealed values are in PostgreSQL, and none is the plain text.
    assert_eq!(metadata.number("SELECT count(*) FROM connection WHERE secret IS NOT NULL"), Some(6));
    let plain = "SELECT count(*) FROM connection WHERE position('hunter2'::bytea IN secret) > 0";
    assert_eq!(metadata.number(plain), Some(0));
}

fn rotate(sluice: Sluice, is_shared: bool) {
    for number in 0..5 {
        sluice.call(&["connection", "add", &format!("c{number}"), "postgres://me:hunter2@127.0.0.1:1/x"]);
    }
    sluice.call(&[
        "channel",
        "add",
        "ops",
        "--kind",
        "webhook",
        "--set",
        "url=https://example.com/hook",
        "--secret",
        "secret=whsec_aaaa",
    ]);
    let key = sluice.folder.path().join("data/key");
    let before = std::fs::read_to_string(&key).unwrap();
    let server = TestServer::start(sluice);
    let sealed = |server: &TestServer| {
        let status = server.sluice.call(&["key", "status", "--json"]);
        serde_json::from_str::<Value>(&status).unwrap()
    };
    let old = sealed(&server);
    assert_eq!(old["sealed"][old["keys"][0].as_str().unwrap()], 6);
    let told = server.sluice.call(&["key", "rotate"]);
    assert_eq!(told.contains("copy the file to every other server"), is_shared, "{told}");
    let new = sealed(&server);
    assert_ne!(old["keys"], new["keys"]);
    assert_eq!((&new["sealed"][new["keys"][0].as_str().unwrap()], &new["outdated"]), (&json!(6), &json!(0)));
    assert!(!std::fs::read_to_string(&key).unwrap().contains(before.trim()));
    // The server that ran meanwhile opens what was sealed anew, and seals under the new key.
    let (_, test) = server.rest("POST", "/api/databases/c0/test", None);
    assert_eq!(test["code"], "connection_failed", "{test:#}");
    let made = json!({ "name": "late", "url": "postgres://me:hunter2@127.0.0.1:1/x" });
    assert_eq!(server.rest("POST", "/api/databases", Some(&made)).0, 201);
    assert_eq!(sealed(&server)["outdated"], 0);

    // Killed after the new key was written and before anything was sealed anew: run again, it goes on.
    let between = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, format!("//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\n{between}")).unwrap();
    assert_eq!(sealed(&server)["outdated"], 7);
    assert!(server.sluice.call(&["key", "rotate"]).contains("going on with it"));
    let after = sealed(&server);
    assert_eq!((after["keys"].as_array().unwrap().len(), &after["outdated"]), (1, &json!(0)));
    assert_eq!(std::fs::read_to_string(&key).unwrap().trim(), "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=");
}

#[test]
fn a_key_of_the_environment_is_the_operators_to_change() {
    let Some(sluice) = Sluice::find() else { return };
    let (old, new) = ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=");
    let sluice = sluice.set("SLUICE_KEY", old);
    sluice.call(&["connection", "add", "c", "postgres://me:hunter2@127.0.0.1:1/x"]);
    let output = call(&sluice, &["key", "rotate"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("openssl rand") && !text.contains(old), "{text}");
    let sluice = sluice.set("SLUICE_KEY", &format!("{new},{old}"));
    assert!(sluice.call(&["key", "rotate"]).contains("1 values"));
    let sluice = sluice.set("SLUICE_KEY", new);
    let status: Value = serde_json::from_str(&sluice.call(&["key", "status", "--json"])).unwrap();
    assert_eq!((&status["outdated"], &status["unreadable"]), (&json!(0), &json!([])));
}
