//! Plugins that are rhai scripts: the author's path, which builds nothing, and the first-party one as its README has it.

use crate::program::{Sluice, root};
use crate::server::{TestServer, wait_for};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

fn begin(sluice: &Sluice, name: &str, kind: &str) -> PathBuf {
    sluice.call(&["plugin", "new", name, "--kind", kind, "--language", "rhai"]);
    sluice.folder.path().join(name)
}

#[test]
fn four_commands_lead_from_nothing_to_a_workflow_that_uses_the_script() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    let folder = begin(&sluice, "my-script", "source");
    let report = sluice.call(&["plugin", "check", "my-script"]);
    assert!(report.contains("0 failed") && report.contains("source.resume"), "{report}");
    sluice.call(&["plugin", "install", "my-script", "--yes"]);
    let run = sluice.run(&folder.join("example.yaml"), &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(sluice.read("history", "example_rows").len(), 3);
}

#[test]
fn a_new_script_of_every_kind_passes_its_tests_and_the_check_and_packs() {
    let Some(sluice) = Sluice::find() else { return };
    for kind in ["source", "sink", "transform", "channel", "translator"] {
        let name = format!("a-{kind}");
        begin(&sluice, &name, kind);
        let tested = sluice.call(&["plugin", "test", &name]);
        assert!(tested.contains(" passed, 0 failed"), "{tested}");
        sluice.call(&["plugin", "build", &name]);
        let output = sluice.command().args(["plugin", "check", &name, "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["passed"], true, "{report:#}");
        let archive = format!("{name}.sluice");
        sluice.call(&["plugin", "pack", &name, "-o", &archive]);
        sluice.call(&["plugin", "install", &archive, "--yes"]);
    }
    let listed = sluice.call(&["plugin", "list"]);
    assert!(listed.contains("a-translator") && listed.contains("a-channel"), "{listed}");

    // What is wrong is told before anything is installed.
    let script = sluice.folder.path().join("a-source/plugin.rhai");
    let good = fs::read_to_string(&script).unwrap();
    fs::write(&script, good.replace("fn next()", "fn nxt()")).unwrap();
    let refused = sluice.command().args(["plugin", "install", "a-source", "--yes"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("lacks `fn next`"), "{said}");
    let tests = sluice.folder.path().join("a-source/tests.rhai");
    fs::write(&script, good).unwrap();
    fs::write(&tests, "fn test_wrong() { assert_eq(1, 2); }").unwrap();
    let failed = sluice.command().args(["plugin", "test", "a-source"]).output().unwrap();
    let said = String::from_utf8_lossy(&failed.stdout);
    assert!(
        !failed.status.success() && said.contains("FAIL test_wrong") && said.contains("found 1, wanted 2"),
        "{said}"
    );
}

#[test]
fn the_script_of_the_readme_spells_codes_as_it_says() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    let folder = root().join("plugins/symbols");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(readme.contains("sluice plugin install plugins/symbols\n"));
    sluice.call(&["plugin", "install", folder.to_str().unwrap(), "--yes"]);
    let document = readme.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let file = sluice.folder.path().join("workflow.yaml");
    fs::write(&file, document).unwrap();
    let run = sluice.run(&file, &[]);
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let mut codes: Vec<String> =
        sluice.read("history", "bars").iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    assert_eq!(codes, ["000001.SZ", "300750.SZ", "600000.SH"]);
}

#[test]
fn a_change_of_a_script_is_in_use_in_the_running_server() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    let folder = begin(&sluice, "live-script", "source");
    let server = TestServer::start(sluice);
    let address = format!("http://{}", server.address);
    let mut dev = server.sluice.command();
    dev.args(["plugin", "dev", "--watch", folder.to_str().unwrap(), "--server", &address]);
    let mut dev = dev.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let (pipe, heard) = (dev.stdout.take().unwrap(), said.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            heard.lock().unwrap().push_str(&(line + "\n"));
        }
    });
    let reloads = || said.lock().unwrap().matches("reloaded live-script").count();
    wait_for("the first reload", || reloads() >= 1);
    let document = fs::read_to_string(folder.join("example.yaml")).unwrap();
    let first = server.run_once(&document);
    assert_eq!(first["status"], "SUCCEEDED", "{first:#}");
    let digest = || server.graphql("{ plugin(name: \"live-script\") { digest } }", json!({}))["plugin"].clone();
    let before = digest();
    let script = folder.join("plugin.rhai");
    let changed = fs::read_to_string(&script).unwrap().replace("${this.prefix} ${number}", "changed ${number}");
    fs::write(&script, changed).unwrap();
    wait_for("the reload", || digest() != before);
    let second = server.run_once(&document.replace("example_rows", "changed_rows"));
    assert_eq!(second["status"], "SUCCEEDED", "{second:#}");
    // Whoever watches is stopped by its own handle.
    dev.kill().unwrap();
    dev.wait().unwrap();
    assert!(
        server
            .sluice
            .read("history", "changed_rows")
            .iter()
            .all(|row| row["name"].as_str().unwrap().starts_with("changed"))
    );
}

const READER: &str = r#"
fn open_source(cursor) { #{ answer: sql_query("store", settings().query) } }
fn columns() { this.answer.columns }
fn next() { this.answer.fetch() }
"#;

#[test]
fn a_plugin_reads_the_connection_that_was_granted_to_it_and_no_other() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    sluice.add_sqlite("vault");
    let folder = sluice.folder.path().join("reader");
    fs::create_dir(&folder).unwrap();
    let manifest = "name = \"reader\"\nversion = \"0.1.0\"\ncontract = \"0.1\"\nkinds = [\"source\"]\ndescription = \"Reads.\"\n\
                    [capabilities]\nsql = [\"store\"]\n[config]\ntype = \"object\"\n";
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    fs::write(folder.join("plugin.rhai"), READER).unwrap();
    let installed = sluice.call(&["plugin", "install", "reader", "--yes"]);
    assert!(installed.contains("asks for, and was not granted: sql store"), "{installed}");
    assert!(installed.contains("--grant sql:store=CONNECTION"), "{installed}");
    let seed = "name: seed\nsteps:\n  - id: rows\n    uses: fetch\n    with: { source: inline, rows: [{ n: 1 }] }\n  - id: stored\n    \
                uses: write\n    from: rows\n    with: { connection: history, table: seed, mode: append }\n";
    let file = sluice.folder.path().join("seed.yaml");
    fs::write(&file, seed).unwrap();
    assert_eq!(sluice.run(&file, &[])["status"], "succeeded");
    let run = |query: &str, name: &str| {
        let document = format!(
            "name: {name}\nsteps:\n  - id: read\n    uses: plugin/reader\n    with: {{ query: \"{query}\" }}\n  - id: stored\n    \
             uses: write\n    from: read\n    with: {{ connection: vault, table: {name}, mode: append }}\n"
        );
        let file = sluice.folder.path().join(format!("{name}.yaml"));
        fs::write(&file, document).unwrap();
        sluice.run(&file, &[])
    };
    let told = |run: &Value| super::error(run, "read")["message"].as_str().unwrap().to_owned();
    assert!(told(&run("SELECT 1 AS n", "one")).contains("--grant sql:store=CONNECTION"));
    let granted = sluice.call(&["plugin", "grant", "reader", "--grant", "sql:store=history"]);
    assert!(!granted.contains("was not granted"), "{granted}");
    let done = run("SELECT 1 AS n UNION ALL SELECT 2", "two");
    assert_eq!(done["status"], "succeeded", "{done:#}");
    assert_eq!(sluice.read("vault", "two").len(), 2);
    // It is the connection `history`, which knows nothing of the table in `vault`, and it only reads.
    assert!(told(&run("SELECT * FROM two", "three")).contains("two"));
    assert!(told(&run("DROP TABLE two", "four")).contains("not allowed"));
    let refused =
        sluice.command().args(["plugin", "grant", "reader", "--grant", "redis:store=history"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("capability_denied"), "{refused:?}");
}

#[test]
fn how_a_plugin_fares_is_told_over_graphql() {
    let Some(sluice) = Sluice::find() else { return };
    sluice.add_sqlite("history");
    let folder = sluice.folder.path().join("grumbler");
    fs::create_dir(&folder).unwrap();
    let manifest = "name = \"grumbler\"\nversion = \"0.1.0\"\ncontract = \"0.1\"\nkinds = [\"source\"]\n\
                    description = \"Grumbles.\"\n[config]\ntype = \"object\"\n";
    let script = "fn open_source(cursor) { log(\"warn\", \"here\", #{ n: 1 }); log(\"debug\", \"and there\"); #{} }\n\
                  fn columns() { [#{ name: \"id\", type: \"int64\" }] }\n\
                  fn next() { if settings().wrong == true { throw \"nothing left\"; } }\n";
    fs::write(folder.join("plugin.toml"), manifest).unwrap();
    fs::write(folder.join("plugin.rhai"), script).unwrap();
    sluice.call(&["plugin", "install", "grumbler", "--yes"]);
    let server = TestServer::start(sluice);
    let ask = "query($after: String) { plugin(name: \"grumbler\") {
        health { instances calls failures traps limitHits seconds lastFailure { at error { code message } } }
        logs(first: 1, after: $after, level: WARN) { nodes { level message fields call } pageInfo { hasNextPage endCursor } } } }";
    let fresh = server.graphql(ask, json!({}))["plugin"].take();
    assert_eq!((&fresh["health"]["calls"], &fresh["health"]["lastFailure"]), (&json!(0.0), &Value::Null));
    for wrong in [false, true] {
        server.run_once(&format!(
            "name: grumble\nsteps:\n  - {{ id: read, uses: plugin/grumbler, with: {{ wrong: {wrong} }} }}\n  - {{ id: stored, \
             uses: write, from: read, with: {{ connection: history, table: t, mode: append }} }}\n"
        ));
    }
    let told = server.graphql(ask, json!({}))["plugin"].take();
    let health = &told["health"];
    assert_eq!((&health["failures"], &health["traps"], &health["limitHits"]), (&json!(1.0), &json!(0.0), &json!(0.0)));
    assert_eq!((&health["instances"], &health["calls"]), (&json!(2.0), &json!(6.0)), "{told:#}");
    assert!(health["lastFailure"]["error"]["message"].as_str().unwrap().contains("nothing left"), "{told:#}");
    let line = &told["logs"]["nodes"][0];
    assert_eq!((&line["level"], &line["message"], &line["fields"]), (&json!("WARN"), &json!("here"), &json!("n=1")));
    assert!(line["call"].as_str().unwrap().starts_with("run_"), "{told:#}");
    let page = &told["logs"]["pageInfo"];
    assert_eq!(page["hasNextPage"], true);
    let last = server.graphql(ask, json!({ "after": page["endCursor"] }))["plugin"]["logs"].take();
    assert_eq!((last["nodes"].as_array().unwrap().len(), &last["pageInfo"]["hasNextPage"]), (1, &json!(false)));
}
