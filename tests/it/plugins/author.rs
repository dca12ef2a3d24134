//! The way of a plugin's author, as `docs/plugins/README.md` tells it: begin, build, check, install, use; and the reload
//! into a running server.

use crate::http;
use crate::program::{Sluice, root, skip};
use crate::server::{TestServer, wait_for};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// The program, told to build plugins without a network, in one target folder: what they share is compiled once.
pub(super) fn author() -> Option<Sluice> {
    let has_target =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]).output();
    let folder = has_target.ok().map(|found| PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()));
    if !folder.is_some_and(|folder| folder.is_dir()) {
        skip("plugins cannot be built: the compiler has no target wasm32-unknown-unknown");
        return None;
    }
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("test-author");
    let sluice = Sluice::find()?;
    Some(sluice.set("CARGO_NET_OFFLINE", "true").set("CARGO_TARGET_DIR", target.to_str().unwrap()))
}

/// Begins a plugin of that kind in the program's folder; the checkout's SDK is compiled once for all of them.
pub(super) fn begin(sluice: &Sluice, name: &str, kind: &str) -> PathBuf {
    sluice.call(&["plugin", "new", name, "--kind", kind, "--sdk", root().to_str().unwrap()]);
    sluice.folder.path().join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn five_commands_lead_from_nothing_to_a_workflow_that_uses_the_plugin() {
    let Some(sluice) = author() else { return };
    sluice.add_sqlite("history");
    sluice.call(&["plugin", "new", "my-source", "--kind", "source"]);
    let folder = sluice.folder.path().join("my-source");
    sluice.call(&["plugin", "build", "my-source"]);
    let report = sluice.call(&["plugin", "check", "my-source"]);
    assert!(report.contains("0 failed") && report.contains("source.resume"), "{report}");
    sluice.call(&["plugin", "install", "my-source", "--yes"]);
    let run = sluice.run(&folder.join("example.yaml"), &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(sluice.read("history", "example_rows").len(), 3);

    // What was built before the last change is told from what was not.
    let warned = || {
        let output = sluice.command().args(["plugin", "pack", "my-source"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).contains("`src/lib.rs` changed after the plugin was built")
    };
    assert!(!warned());
    let source = folder.join("src/lib.rs");
    std::fs::write(&source, std::fs::read(&source).unwrap()).unwrap();
    assert!(warned());

    // What is wrong with the settings is told as for any step.
    let document = std::fs::read_to_string(folder.join("example.yaml")).unwrap().replace("rows: 3", "rows: many");
    let file = sluice.folder.path().join("wrong.yaml");
    std::fs::write(&file, document).unwrap();
    let refused = sluice.command().arg("validate").arg(&file).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("rows"), "{refused:?}");
}

#[test]
fn a_new_plugin_of_every_kind_builds_passes_its_tests_and_the_check() {
    let Some(sluice) = author() else { return };
    for kind in ["source", "sink", "transform", "channel", "translator"] {
        let name = format!("a-{kind}");
        begin(&sluice, &name, kind);
        sluice.call(&["plugin", "build", &name]);
        sluice.call(&["plugin", "test", &name]);
        let output = sluice.command().args(["plugin", "check", &name, "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["passed"], true, "{report:#}");
        assert!(report["lines"].as_array().unwrap().len() > 8, "{report:#}");
        assert!(output.status.success());
    }
    let again = sluice.command().args(["plugin", "new", "a-sink", "--kind", "sink"]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("already_exists"), "{again:?}");
    for (arguments, expected) in [
        (["plugin", "new", "../x", "--kind", "sink"], "plugin_invalid"),
        (["plugin", "new", "x", "--kind", "reader"], "choose one of source"),
    ] {
        let refused = sluice.command().args(arguments).output().unwrap();
        assert!(String::from_utf8_lossy(&refused.stderr).contains(expected), "{refused:?}");
    }
}

#[test]
fn a_plugin_that_breaks_a_promise_fails_its_check_by_the_line_about_it() {
    let Some(sluice) = author() else { return };
    let folder = begin(&sluice, "forgetful", "source");
    let source = folder.join("src/lib.rs");
    let good = std::fs::read_to_string(&source).unwrap();
    let bad = good.replace(
        "Some(cursor) => cursor.parse().map_err(|_| Error::permanent(format!(\"`{cursor}` is no cursor of mine\")))?,",
        "Some(cursor) => cursor.parse::<u64>().map(|_| 0).map_err(|_| Error::permanent(\"no cursor of mine\"))?,",
    );
    assert_ne!(good, bad);
    std::fs::write(&source, bad).unwrap();
    sluice.call(&["plugin", "build", "forgetful"]);
    let output = sluice.command().args(["plugin", "check", "forgetful"]).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{report}");
    let failed: Vec<&str> = report.lines().filter(|line| line.contains("FAIL")).collect();
    assert_eq!(failed.len(), 1, "{report}");
    assert!(failed[0].contains("source.resume") && report.contains("mend: Let `open` go on"), "{report}");
}

#[test]
fn a_change_of_the_source_is_in_use_in_the_running_server() {
    let Some(sluice) = author() else { return };
    sluice.add_sqlite("history");
    let folder = begin(&sluice, "live", "source");
    let server = TestServer::start(sluice);
    let address = format!("http://{}", server.address);
    // Once without watching: what it depends on is compiled then, however long that takes.
    let once = server.sluice.call(&["plugin", "dev", text(&folder), "--server", &address]);
    assert!(once.contains("reloaded live 0.1.0"), "{once}");
    let mut dev = server.sluice.command();
    dev.args(["plugin", "dev", "--watch", text(&folder), "--server", &address]);
    let mut dev = dev.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    for pipe in
        [Box::new(dev.stdout.take().unwrap()) as Box<dyn std::io::Read + Send>, Box::new(dev.stderr.take().unwrap())]
    {
        let said = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                said.lock().unwrap().push_str(&(line + "\n"));
            }
        });
    }
    let reloads = || said.lock().unwrap().matches("reloaded live").count();
    wait_for("the first reload", || reloads() == 1);
    let run = server.run_once(&std::fs::read_to_string(folder.join("example.yaml")).unwrap());
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let first = server.graphql("{ plugin(name: \"live\") { digest version } }", json!({}))["plugin"].clone();

    // What does not compile is told, and the server keeps what it has.
    let source = folder.join("src/lib.rs");
    let good = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, format!("{good}\nfn broken( {{")).unwrap();
    wait_for("the refusal", || said.lock().unwrap().contains("waiting for the next change"));
    assert_eq!(server.graphql("{ plugin(name: \"live\") { digest version } }", json!({}))["plugin"], first);

    std::fs::write(&source, good.replace("{} {number}", "{}-{number}")).unwrap();
    wait_for("the second reload", || reloads() == 2);
    dev.kill().unwrap();
    dev.wait().unwrap();
    let second = server.graphql("{ plugin(name: \"live\") { digest version } }", json!({}))["plugin"].clone();
    assert_ne!(first["digest"], second["digest"]);
    let again = std::fs::read_to_string(folder.join("example.yaml")).unwrap().replace("example_rows", "later_rows");
    let run = server.run_once(&again);
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    let rows = server.sluice.read("history", "later_rows");
    assert!(rows.iter().any(|row| row["name"] == "row-2"), "{rows:#?}");
}

#[test]
fn the_api_installs_grants_rolls_back_and_removes() {
    let Some(sluice) = author() else { return };
    let folder = begin(&sluice, "post", "channel");
    sluice.call(&["plugin", "build", "post"]);
    let archive = sluice.folder.path().join("post.sluice");
    sluice.call(&["plugin", "pack", "post", "--output", text(&archive)]);
    let server = TestServer::start(sluice);
    let bytes = std::fs::read(&archive).unwrap();
    let token = format!("Bearer {}", server.token);
    let send = |path: &str, authorization: &str, body: &[u8]| {
        let headers = [("authorization", authorization), ("content-type", "application/octet-stream")];
        http::send(server.address, "POST", path, &headers, body)
    };
    assert_eq!(send("/api/plugins", "Bearer wrong", &bytes).status, 401);
    let installed = send("/api/plugins?grant=http:https://alerts.example.com", &token, &bytes);
    assert_eq!(installed.status, 201, "{:#}", installed.json());
    assert_eq!(installed.json()["missing"], json!(["secret token"]));
    for (path, body, code) in [
        ("/api/plugins", &bytes[..bytes.len() / 2], "plugin_invalid"),
        ("/api/plugins", b"PK\x03\x04", "plugin_invalid"),
        ("/api/plugins", b"", "plugin_invalid"),
        ("/api/plugins?grant=disk", &bytes, "invalid_value"),
        ("/api/plugins?grant=kv", &bytes, "capability_denied"),
        ("/api/plugins?grants=kv", &bytes, "bad_request"),
    ] {
        assert_eq!(send(path, &token, body).json()["code"], code, "{path}");
    }
    let fields = "name version versions grants missing kinds signedBy";
    let plugins = server.graphql(&format!("{{ plugins {{ {fields} }} }}"), json!({}))["plugins"].clone();
    assert_eq!(plugins.as_array().unwrap().len(), 1);
    assert_eq!(plugins[0]["grants"], json!(["http:https://alerts.example.com"]));
    assert_eq!(plugins[0]["kinds"], json!(["channel"]));

    let grant = "mutation($grants: [String!]!) { grantPlugin(name: \"post\", grants: $grants) { grants missing } }";
    let granted =
        server.graphql(grant, json!({ "grants": ["http:https://b.example.com", "secret:token=env:POST_TOKEN"] }));
    assert_eq!(granted["grantPlugin"]["missing"], json!([]));
    let refused = server.graphql_error(grant, json!({ "grants": ["clock"] }));
    assert_eq!(refused["extensions"]["code"], "capability_denied", "{refused:#}");

    // A new version keeps the grants; a rollback brings the old one back.
    let manifest = folder.join("dist/plugin.toml");
    let newer = std::fs::read_to_string(&manifest).unwrap().replace("0.1.0", "0.2.0");
    std::fs::write(&manifest, newer).unwrap();
    server.sluice.call(&["plugin", "pack", "post", "--output", text(&archive)]);
    let install = "mutation($archive: String!) { installPlugin(archive: $archive) { version versions grants } }";
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, std::fs::read(&archive).unwrap());
    let installed = server.graphql(install, json!({ "archive": encoded }))["installPlugin"].clone();
    assert_eq!((&installed["version"], &installed["versions"]), (&json!("0.2.0"), &json!(["0.2.0", "0.1.0"])));
    assert_eq!(installed["grants"].as_array().unwrap().len(), 2, "{installed:#}");
    let rollback = "mutation { rollbackPlugin(name: \"post\") { version } }";
    assert_eq!(server.graphql(rollback, json!({}))["rollbackPlugin"]["version"], "0.1.0");
    let wrong = "mutation { rollbackPlugin(name: \"post\", to: \"7\") { version } }";
    assert_eq!(server.graphql_error(wrong, json!({}))["extensions"]["code"], "plugin_not_found");
    server.graphql("mutation { removePlugin(name: \"post\") }", json!({}));
    let gone = server.graphql_error("{ plugin(name: \"post\") { name } }", json!({}));
    assert_eq!(gone["extensions"]["code"], "plugin_not_found", "{gone:#}");
    let refused = server.graphql_error(install, json!({ "archive": "not base64" }));
    assert_eq!(refused["extensions"]["code"], "bad_request", "{refused:#}");
}
