//! Plugins that are scripts: all kinds from one file, the same capabilities, the same checks.

use crate::databases::{Servers, grant, sqlite};
use crate::stub::Stub;
use crate::{call, texts};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use data::{Alert, Batch, Checkpoint, Connections, Lane, Plugins, Resume, Translation, Translator};
use model::ErrorCode;
use plugin_host::conformance::{Outcome, check};
use plugin_host::{Grants, Host, HostConfig, Limits, Manifest, Package, PluginKind, test_script};
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MANIFEST: &str = r#"
name = "all"
version = "1.0.0"
contract = "0.1"
kinds = ["source", "sink", "transform", "channel", "translator"]
description = "Is every kind at once."
[capabilities]
http = ["http://*:*"]
secrets = ["token"]
clock = true
kv = true
sql = ["store"]
[config]
type = "object"
"#;

const ALL: &str = r#"
fn check() {
    if settings().wrong == true { throw #{ kind: "config", field: "wrong", message: "wrong on purpose" }; }
}

fn open_source(cursor) { #{ at: if cursor == () { 0 } else { parse_int(cursor) } } }
fn columns() { [#{ name: "id", type: "int64", nullable: false }, #{ name: "name", type: "text" }] }
fn resume() { "cursor" }
fn rejects() { true }
fn next() {
    if this.at >= 4 { return; }
    this.at += 2;
    let rejected = if this.at == 4 { [#{ line: 3, rule: "type", reason: "no number", values: ["x", ()] }] } else { [] };
    #{ rows: [#{ id: this.at - 1, name: "a" }, #{ id: this.at }], cursor: `${this.at}`, rejected: rejected }
}

fn open_sink(columns, key) { #{ key: key, names: columns.map(|column| column.name), rows: 0 } }
fn prepare() { this.ready = true; }
fn claim(lane) { if lane == "known" { #{ sequence: 7, checkpoint: "c7" } } else { () } }
fn write(rows, mark) {
    if !this.ready { throw "not prepared"; }
    let total = 0;
    for row in rows { total += row.n; }
    kv_set("total", total + ":" + mark.key + ":" + this.names);
    rows.len
}
fn commit() { kv_set("committed", "yes"); }
fn abort() { kv_set("aborted", "yes"); }

fn output(columns) { columns + [#{ name: "twice", type: "int64" }] }
fn process(rows) { rows.filter(|row| row.n != 2).put("twice", "int64", |row| row.n * 2) }
fn finish() { }

fn deliver(message, key) {
    let answer = http(#{
        method: "post", url: settings().url, body: to_json(message),
        headers: #{ authorization: secret("token"), "x-sum": hex(hmac_sha256("k", message.title)) },
    });
    if answer.status != 200 { throw #{ kind: "transient", message: "busy", retry_after_ms: 2000 }; }
    parse_json(answer.body).id
}

fn dialects() { [["sqlite", "mysql"]] }
fn translate(request) {
    [#{ sql: request.sql.to_upper(), line: 2, notes: [#{ level: "warning", code: "case", message: "m", line: 1, column: 3 }] }]
}
"#;

fn host(folder: &Path) -> Host {
    Host::open(HostConfig::new(folder.join("host"))).unwrap()
}

async fn with_all(folder: &Path, grants: Grants) -> Host {
    let host = host(folder);
    host.install_package(Package::of_script(MANIFEST, ALL), Some(grants)).await.unwrap();
    host
}

fn numbers(values: &[i64]) -> RecordBatch {
    let column = Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter_with_nullable([("n", column, true)]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_script_is_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start().await;
    let base = format!("http://127.0.0.1:{}", stub.port());
    stub.answer("/ok", "200 OK", "", "{\"id\":\"m1\"}");
    stub.answer("/busy", "503 Busy", "", "");
    let grants = Grants { kv: true, http: vec![base.parse().unwrap()], ..Grants::default() };
    let host = with_all(folder.path(), grants).await;

    let mut source = host.open_source("all", call(json!({})), None).await.unwrap();
    assert_eq!((source.resume(), source.rejected_schema().is_some()), (Resume::Checkpoint, true));
    let first = source.next().await.unwrap().unwrap();
    assert_eq!((first.records.num_rows(), first.checkpoint.clone().unwrap().0.as_str()), (2, "2"));
    let second = source.next().await.unwrap().unwrap();
    assert_eq!(second.rejected.unwrap().num_rows(), 1);
    assert!(source.next().await.unwrap().is_none() && source.next().await.unwrap().is_none());
    let mut again = host.open_source("all", call(json!({})), first.checkpoint).await.unwrap();
    assert_eq!(texts(again.as_mut()).await.unwrap(), ["3", "4"]);

    let mut sink = host.open_sink("all", call(json!({})), numbers(&[]).schema()).await.unwrap();
    assert_eq!(sink.claim(&Lane::new("known")).await.unwrap().unwrap().checkpoint, Some(Checkpoint("c7".into())));
    assert!(sink.claim(&Lane::new("main")).await.unwrap().is_none());
    let batch =
        |lane: &str, sequence| Batch { lane: Lane::new(lane), sequence, checkpoint: None, records: numbers(&[1, 2]) };
    assert!(sink.write(&batch("known", 7)).await.unwrap().skipped);
    assert_eq!(sink.write(&batch("main", 1)).await.unwrap().rows, 2);
    sink.finish().await.unwrap();
    let kept = std::fs::read_dir(folder.path().join("host/plugins/all/kv")).unwrap().flatten();
    let mut kept: Vec<String> = kept.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect();
    kept.sort();
    assert_eq!(kept, ["3:run_1/step/main/1:[\"n\"]", "yes"]);

    let mut transformer = host.open_transform("all", call(json!({})), numbers(&[]).schema()).await.unwrap();
    let made = transformer.process(numbers(&[1, 2, 3])).await.unwrap().remove(0);
    assert_eq!(made.schema(), transformer.schema());
    assert_eq!(made.column(1).as_ref(), &Int64Array::from(vec![2, 6]) as &dyn arrow::array::Array);
    assert!(transformer.finish().await.unwrap().is_empty());

    let alert = Alert { id: "a7".to_owned(), title: "t".to_owned(), ..Alert::default() };
    let deliver = async |path: &str| {
        let mut call = call(json!({ "url": format!("{base}{path}") }));
        call.secrets.insert("token".to_owned(), json!("s3cret"));
        host.open_channel("all", call).await.unwrap().deliver(&alert).await
    };
    assert_eq!(deliver("/ok").await.unwrap().provider_id.as_deref(), Some("m1"));
    let request = stub.requests().pop().unwrap();
    assert!(request.starts_with("POST /ok") && request.contains("authorization: s3cret"), "{request}");
    assert!(request.contains("\"id\":\"a7\"") && request.contains("x-sum: "), "{request}");
    let busy = deliver("/busy").await.unwrap_err();
    assert!(busy.retryable && busy.code() == ErrorCode::DeliveryFailed, "{busy}");
    assert_eq!(busy.retry_after, Some(std::time::Duration::from_secs(2)));

    let translator = host.translator("all").await.unwrap();
    let translated =
        translator.translate(&Translation { sql: "select 1".into(), ..Translation::default() }).await.unwrap();
    assert_eq!((translated[0].sql.as_str(), translated[0].line, translated[0].notes[0].column), ("SELECT 1", 2, 3));

    host.test("all", PluginKind::Source, call(json!({}))).await.unwrap();
    let wrong = host.test("all", PluginKind::Source, call(json!({ "wrong": true }))).await.unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::InvalidValue, "{wrong}");
    assert!(wrong.to_string().contains("(setting `wrong`)"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_all_usual_types_pass_through_maps_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path());
    let manifest =
        MANIFEST.replace("\"source\", \"sink\", \"transform\", \"channel\", \"translator\"", "\"transform\"");
    let script = "fn process(rows) { let made = []; for row in rows { made.push(row.to_map()); } made }";
    host.install_package(Package::of_script(&manifest, script), None).await.unwrap();
    let decimals = Decimal128Array::from(vec![Some(12345), None]).with_precision_and_scale(10, 2).unwrap();
    let moments = TimestampMicrosecondArray::from(vec![Some(1_700_000_000_123_456), None]).with_timezone("UTC");
    let records = RecordBatch::try_from_iter_with_nullable([
        ("b", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef, true),
        ("i", Arc::new(Int64Array::from(vec![Some(i64::MIN), None])) as ArrayRef, true),
        ("u", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])) as ArrayRef, true),
        ("f", Arc::new(Float64Array::from(vec![Some(0.1), None])) as ArrayRef, true),
        ("s", Arc::new(StringArray::from(vec![Some("grün 🌊"), None])) as ArrayRef, true),
        ("z", Arc::new(BinaryArray::from_opt_vec(vec![Some(&[0_u8, 255][..]), None])) as ArrayRef, true),
        ("d", Arc::new(Date32Array::from(vec![Some(19_782), None])) as ArrayRef, true),
        ("t", Arc::new(moments) as ArrayRef, true),
        ("n", Arc::new(decimals) as ArrayRef, true),
    ])
    .unwrap();
    let mut transformer = host.open_transform("all", call(json!({})), records.schema()).await.unwrap();
    assert_eq!(transformer.process(records.clone()).await.unwrap(), [records]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_and_writes_a_granted_connection() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path());
    let servers: Arc<dyn Connections> =
        Arc::new(Servers(HashMap::from([("history".to_owned(), sqlite(folder.path(), "history.db"))])));
    host.connect_with(&servers);
    let manifest =
        MANIFEST.replace("\"source\", \"sink\", \"transform\", \"channel\", \"translator\"", "\"source\", \"sink\"");
    let script = r#"
        fn open_source(cursor) { #{ answer: sql_query("store", settings().query) } }
        fn columns() { this.answer.columns }
        fn next() { this.answer.fetch() }
        fn open_sink(columns, key) {
            let kept = sql_begin("store");
            kept.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER, name TEXT)");
            #{ kept: kept }
        }
        fn write(rows, mark) {
            this.kept.insert("t", rows);
            this.kept.execute("INSERT INTO t (n, name) VALUES (?, ?)", [#{ a: 10, b: "by statement" }])
        }
        fn commit() { this.kept.save(); }
    "#;
    host.install_package(Package::of_script(&manifest, script), None).await.unwrap();
    let write = async |finish: bool| {
        let mut sink = host.open_sink("all", call(json!({})), numbers(&[]).schema()).await?;
        sink.write(&Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: numbers(&[1, 2]) })
            .await?;
        if finish { sink.finish().await } else { Ok(()) }
    };
    assert_eq!(write(true).await.unwrap_err().code(), ErrorCode::CapabilityDenied);
    let granted = |text: &str| Grants { sql: grant(&[("store", text)]), ..Grants::default() };
    host.grant("all", granted("history")).unwrap();
    assert_eq!(write(true).await.unwrap_err().code(), ErrorCode::CapabilityDenied);
    host.grant("all", granted("history:write")).unwrap();
    write(true).await.unwrap();
    // What is dropped before its commit is gone.
    write(false).await.unwrap();
    let mut source =
        host.open_source("all", call(json!({ "query": "SELECT n FROM t ORDER BY n" })), None).await.unwrap();
    assert_eq!(texts(source.as_mut()).await.unwrap(), ["1", "2", "10"]);
    let refused = host.open_source("all", call(json!({ "query": "DELETE FROM t" })), None).await.err().unwrap();
    assert_eq!(refused.code(), ErrorCode::CapabilityDenied, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_has_versions_an_archive_and_a_rollback_like_a_component() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path());
    let version = |number: &str, value: i64| {
        let manifest = MANIFEST
            .replace("1.0.0", number)
            .replace("\"source\", \"sink\", \"transform\", \"channel\", \"translator\"", "\"source\"");
        let script = format!(
            "fn open_source(c) {{ #{{}} }} fn columns() {{ [#{{ name: \"n\", type: \"int64\" }}] }}\n\
             fn next() {{ if this.done == true {{ return; }} this.done = true; [#{{ n: {value} }}] }}"
        );
        Package::of_script(&manifest, &script)
    };
    let read = async |plugin: &str| {
        let mut source = host.open_source(plugin, call(json!({})), None).await.unwrap();
        texts(source.as_mut()).await.unwrap()
    };
    for (number, value) in [("1.0.0", 1), ("1.1.0", 2)] {
        // By way of an archive.
        let archive = version(number, value).write(None).unwrap();
        let package = Package::read(&archive, 1 << 20).unwrap();
        assert_eq!(package, version(number, value));
        host.install_package(package, None).await.unwrap();
    }
    assert_eq!((read("all").await, read("all@1.0").await), (vec!["2".to_owned()], vec!["1".to_owned()]));
    host.roll_back("all", None).unwrap();
    assert_eq!(read("all").await, ["1"]);
    // Another process finds it as well.
    let other = self::host(folder.path());
    let mut source = other.open_source("all", call(json!({})), None).await.unwrap();
    assert_eq!(texts(source.as_mut()).await.unwrap(), ["1"]);
    // A folder that holds both is neither.
    let both = tempfile::tempdir().unwrap();
    std::fs::write(both.path().join("plugin.toml"), MANIFEST).unwrap();
    std::fs::write(both.path().join("plugin.rhai"), ALL).unwrap();
    std::fs::write(both.path().join("plugin.wasm"), b"\0asm").unwrap();
    let error = host.install(both.path(), Grants::default()).await.unwrap_err();
    assert!(error.to_string().contains("both `plugin.wasm` and `plugin.rhai`"), "{error}");
}

/// The folders of scripts in the checkout, with the name each gets.
fn scripts() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut found = Vec::new();
    for folder in [root.join("plugin-sdk/templates/rhai"), root.join("plugins")] {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().join("plugin.rhai").is_file() {
                found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_speaks_tls_is_checked_against_an_other_end_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("README.md", "# wire\n");
    write(
        "plugin.toml",
        r#"
        name = "wire"
        version = "1.0.0"
        contract = "0.1"
        kinds = ["source"]
        description = "Reads lines over TLS."
        [capabilities]
        tcp = ["db.example.com:99", "late.example.com:99"]
        "#,
    );
    write(
        "plugin.rhai",
        r#"
        fn open_source(cursor) { #{ done: false } }
        fn columns() { [#{ name: "line", type: "text" }] }
        fn next() {
            if this.done { return; }
            this.done = true;
            let wire = tcp_connect("db.example.com", 99);
            wire.write("STARTTLS\r\n");
            if wire.read(100).as_string() != "go ahead" { throw #{ kind: "transient", message: "it did not go ahead" }; }
            wire.start_tls("db.example.com");
            wire.write("rows");
            let first = wire.read(100).as_string();
            wire.close();
            let wire = tcp_connect("late.example.com", 99);
            wire.start_tls("late.example.com");
            let second = wire.read(100).as_string();
            wire.close();
            #{ rows: [#{ line: first }, #{ line: second }] }
        }
        "#,
    );
    let setup = |late: &str| {
        format!(
            r#"
            [[tcp]]
            address = "db.example.com:99"
            expect = "STARTTLS"
            send = "go ahead"
            tls = "after"
            [[tcp]]
            address = "db.example.com:99"
            expect = "rows"
            send = "one"
            close = true
            [[tcp]]
            address = "late.example.com:99"
            {late}
            send = "two"
            close = true
            "#
        )
    };
    let failures = async || {
        let report = check(folder.path()).await.unwrap();
        let failed = report.lines.iter().filter(|line| line.outcome == Outcome::Failed);
        failed.map(|line| format!("{}: {}", line.check, line.why.as_deref().unwrap_or_default())).collect::<Vec<_>>()
    };
    write("check.toml", &setup("tls = \"before\""));
    assert_eq!(failures().await, [] as [String; 0]);
    // Where the other end speaks no TLS, that is what fails.
    write("check.toml", &setup(""));
    let found = failures().await;
    assert!(
        found.iter().any(|line| line.starts_with("source.read: ") && line.contains("TLS with `late.")),
        "{found:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_scripts_of_the_checkout_pass_their_tests_and_the_check() {
    let scripts = scripts();
    assert!(scripts.len() >= 6, "{scripts:?}");
    let mut faults = Vec::new();
    for (name, source) in scripts {
        let folder = tempfile::tempdir().unwrap();
        for file in ["plugin.toml", "plugin.rhai", "tests.rhai", "README.md", "check.toml"] {
            let text = std::fs::read_to_string(source.join(file)).unwrap();
            std::fs::write(folder.path().join(file), text.replace("{{name}}", &format!("a-{name}"))).unwrap();
        }
        let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
        let manifest = Manifest::parse(&read("plugin.toml")).unwrap();
        let tests = test_script(&manifest, read("plugin.rhai").as_bytes(), &read("tests.rhai")).unwrap();
        assert!(tests.len() >= 2, "{name} has tests");
        faults.extend(tests.into_iter().filter_map(|test| Some(format!("{name} {}: {}", test.name, test.failure?))));
        let report = check(folder.path()).await.unwrap();
        let failed = report.lines.iter().filter(|line| line.outcome == Outcome::Failed);
        faults.extend(failed.map(|line| format!("{name} {}: {}", line.check, line.why.as_deref().unwrap_or_default())));
        assert!(report.lines.len() > 8, "{name}: {report:#?}");
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_test_of_a_script_that_fails_tells_why() {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let tests = "fn test_good() { assert_eq(dialects(), [[\"sqlite\", \"mysql\"]]); }\n\
                 fn test_bad() { assert_eq(1, 2); }\nfn test_loud() { no_such_function(); }\nfn helper() { }";
    let ran = test_script(&manifest, ALL.as_bytes(), tests).unwrap();
    let of = |name: &str| ran.iter().find(|test| test.name == name).unwrap().failure.clone();
    assert_eq!((ran.len(), of("test_good")), (3, None));
    assert!(of("test_bad").unwrap().contains("found 1, wanted 2"), "{:?}", of("test_bad"));
    assert!(of("test_loud").unwrap().contains("no_such_function"), "{:?}", of("test_loud"));
    assert!(test_script(&manifest, ALL.as_bytes(), "fn test_a( {").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_script_fares_is_counted_and_its_last_lines_are_kept() {
    const GRUMBLER: &str = r#"
        fn open_source(cursor) { log("info", "opened", #{ mode: settings().mode }); #{} }
        fn columns() { [#{ name: "id", type: "int64" }] }
        fn next() {
            switch settings().mode {
                "loop" => loop {},
                "throw" => throw "nothing left",
                "break" => return [#{ id: "no number" }],
                _ => log("error", "over"),
            }
        }
    "#;
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { compute: std::time::Duration::from_millis(200), ..Limits::default() };
    let host = Host::open(HostConfig { limits, ..HostConfig::new(folder.path()) }).unwrap();
    let manifest = "name = \"grumbler\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\nkinds = [\"source\"]\n\
                    description = \"Grumbles.\"\n[config]\ntype = \"object\"\n";
    host.install_package(Package::of_script(manifest, GRUMBLER), None).await.unwrap();
    assert_eq!(
        (host.health("grumbler").instances, host.logs("grumbler", tracing::Level::TRACE, None, 9).len()),
        (0, 0)
    );
    for mode in ["loop", "throw", "break", "good"] {
        let mut source = host.open_source("grumbler", call(json!({ "mode": mode })), None).await.unwrap();
        assert_eq!(texts(source.as_mut()).await.is_err(), mode != "good", "{mode}");
        // What was ended tells so again, and is counted once.
        let _ = source.next().await;
    }
    let health = host.health("grumbler");
    assert_eq!((health.instances, health.calls), (4, 12));
    assert_eq!((health.failures, health.traps, health.limit_hits), (3, 1, 1));
    assert_eq!(health.last_failure.unwrap().fault.code, ErrorCode::PluginFailed);
    assert!(health.time >= std::time::Duration::from_millis(200));
    let all = host.logs("grumbler", tracing::Level::INFO, None, 100);
    let texts: Vec<&str> = all.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(texts, ["over", "opened", "opened", "opened", "opened"]);
    assert_eq!((all[1].fields.as_str(), all[1].call.as_str()), ("mode=good", "run_1/step"));
    assert_eq!(host.logs("grumbler", tracing::Level::WARN, None, 100).len(), 1);
    assert_eq!(host.logs("grumbler", tracing::Level::INFO, Some(all[1].number), 2), all[2..4]);
    host.remove("grumbler").unwrap();
    assert!(host.logs("grumbler", tracing::Level::TRACE, None, 9).is_empty());
}
