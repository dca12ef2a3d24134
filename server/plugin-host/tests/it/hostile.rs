//! The corpus of hostile plugins: every export of every kind, as a component and as a script, each ended within its limit
//! by an error that names plugin and limit, while a neighbor goes on. What hostile files and archives meet is in the tests
//! of `package.rs`; which addresses are refused, in `main.rs`; statements beyond a grant, in `databases.rs`.

use crate::guests::guests;
use crate::{call, host, texts};
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use data::{Alert, Batch, Error, Lane, Plugins, Translation, Translator};
use model::ErrorCode;
use plugin_host::{Entry, Grants, Host, HostConfig, Limits, Package, PluginKind};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn rows() -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef)]).unwrap()
}

/// Does all that the kind of the export can be asked for.
async fn exercise(host: &Host, plugin: &str, at: &str, what: &str) -> Result<(), Error> {
    let settings = json!({ "at": at, "what": what });
    match at {
        "check" => host.test(plugin, PluginKind::Source, call(settings)).await,
        "open_source" | "columns" | "rejects" | "next" | "drop_source" => {
            let mut source = host.open_source(plugin, call(settings), None).await?;
            texts(source.as_mut()).await.map(drop)
        }
        "open_sink" | "prepare" | "claim" | "write" | "commit" | "drop_sink" => {
            let mut sink = host.open_sink(plugin, call(settings), rows().schema()).await?;
            sink.claim(&Lane::new("main")).await?;
            let batch = Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: rows() };
            sink.write(&batch).await?;
            sink.finish().await
        }
        "open_transform" | "output" | "process" | "finish" | "drop_transform" => {
            let mut transformer = host.open_transform(plugin, call(settings), rows().schema()).await?;
            transformer.process(rows()).await?;
            transformer.finish().await.map(drop)
        }
        "deliver" => {
            let alert = Alert { id: "a".to_owned(), ..Alert::default() };
            host.open_channel(plugin, call(settings)).await?.deliver(&alert).await.map(drop)
        }
        _ => {
            let translation = Translation { sql: what.to_owned(), ..Translation::default() };
            host.translator(plugin).await?.translate(&translation).await.map(drop)
        }
    }
}

const EXPORTS: [&str; 16] = [
    "check",
    "open_source",
    "columns",
    "rejects",
    "next",
    "open_sink",
    "prepare",
    "claim",
    "write",
    "commit",
    "open_transform",
    "output",
    "process",
    "finish",
    "deliver",
    "translate",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_component_does_in_any_export_it_ends_and_a_neighbor_goes_on() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("hostile"), Grants::default()).await.unwrap();
    host.install(&built.join("identity"), Grants::default()).await.unwrap();
    let (mut cases, mut faults) = (0, Vec::new());
    for (what, codes, expected) in [
        ("loop", [ErrorCode::PluginLimit; 2], "computing in one call"),
        ("bomb", [ErrorCode::PluginLimit; 2], "of memory"),
        ("recursion", [ErrorCode::PluginFailed, ErrorCode::PluginLimit], ""),
        ("panic", [ErrorCode::PluginFailed; 2], "panicked: on purpose"),
        ("log_flood", [ErrorCode::PluginLimit; 2], "its limit of"),
        ("call_flood", [ErrorCode::PluginLimit; 2], "host calls"),
    ] {
        for at in EXPORTS {
            cases += 1;
            match exercise(&host, "hostile", at, what).await {
                Ok(()) => faults.push(format!("{what} in {at}: nothing")),
                Err(error) => {
                    let text = error.to_string();
                    if !codes.contains(&error.code()) || !text.contains("plugin `hostile`") || !text.contains(expected)
                    {
                        faults.push(format!("{what} in {at}: {text}"));
                    }
                }
            }
        }
        neighbor(&host).await;
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(cases, 96);
    // What a destructor does meets nobody.
    for at in ["drop_source", "drop_sink", "drop_transform"] {
        for what in ["panic", "loop"] {
            exercise(&host, "hostile", at, what).await.unwrap();
        }
    }
    neighbor(&host).await;
}

/// A transform beside it that must not notice.
async fn neighbor(host: &Host) {
    let mut transformer = host.open_transform("identity", call(json!({})), rows().schema()).await.unwrap();
    for _ in 0..20 {
        assert_eq!(transformer.process(rows()).await.unwrap(), [rows()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_instances_stand_beside_each_other() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("hostile"), Grants::default()).await.unwrap();
    install(&host, &script("fn open_source(c) {} fn columns() { [#{ name: \"n\", type: \"int64\" }] } fn next() {}"))
        .await;
    for plugin in ["hostile", "script"] {
        let mut open = Vec::new();
        for _ in 0..1_000 {
            open.push(host.open_source(plugin, call(json!({})), None).await.unwrap());
        }
        assert!(open.last_mut().unwrap().next().await.is_ok(), "{plugin}");
    }
}

fn script(body: &str) -> Package {
    let manifest = "name = \"script\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\nkinds = [\"source\"]\ndescription = \"d\"\n\
                    [capabilities]\nkv = true\nclock = true\nhttp = [\"http://*:*\"]\nsql = [\"store\"]\n[config]\ntype = \"object\"\n";
    Package::of_script(manifest, body)
}

async fn install(host: &Host, package: &Package) {
    let grants = Grants { kv: true, clock: true, ..Grants::default() };
    host.install_package(package.clone(), Some(grants)).await.unwrap();
}

/// A source whose `next` does this once.
fn next(body: &str) -> Package {
    script(&format!(
        "fn open_source(cursor) {{ #{{}} }}\nfn columns() {{ [#{{ name: \"t\", type: \"text\" }}] }}\n\
         fn deep(n) {{ deep(n + 1) }}\nfn next() {{ {body} }}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_script_does_it_ends_and_a_neighbor_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        compute: Duration::from_millis(300),
        time: Duration::from_secs(2),
        host_calls: 500,
        log: 64 << 10,
        output: 1 << 20,
        operations: 1_000_000_000,
        ..Limits::default()
    };
    let host = Host::open(HostConfig { limits, ..HostConfig::new(dir.path()) }).unwrap();
    let read = async || {
        let mut source = host.open_source("script", call(json!({})), None).await?;
        texts(source.as_mut()).await
    };
    let limit = ErrorCode::PluginLimit;
    let failed = ErrorCode::PluginFailed;
    let (mut cases, mut faults) = (0, Vec::new());
    for (body, code, expected) in [
        ("loop {}", limit, "computing in one call"),
        ("while true { let x = 1; }", limit, "computing in one call"),
        ("let a = []; a.pad(1000, 1); a.sort(|x, y| { loop {} }); a", limit, "computing in one call"),
        ("let sum = 0; for i in 0..9223372036854775807 { sum = i; }", limit, "computing in one call"),
        ("try { loop {} } catch { return (); }", limit, "computing in one call"),
        ("let rows = new_rows(); loop { rows.add(#{ t: \"x\" }); }", limit, "of new rows"),
        (
            "let rows = new_rows(); let s = \"x\"; s.pad(100000, 'x'); loop { rows.add(#{ t: s }); }",
            limit,
            "of new rows",
        ),
        ("deep(0)", limit, "calls within each other"),
        ("let s = \"x\"; loop { s += s; }", limit, "its limit of one value: 1 MiB of text"),
        ("let s = \"x\"; s.pad(999999999, 'x'); s", limit, "its limit of one value"),
        ("let a = [0]; loop { a += a; }", limit, "its limit of one value"),
        ("let a = []; a.pad(999999999, 0); a", limit, "its limit of one value"),
        ("let a = []; loop { a = [a, a]; }", limit, "limit"),
        ("let m = #{}; let i = 0; loop { m[\"k\" + i] = i; i += 1; }", limit, "limit"),
        ("let b = blob(999999999, 0); b", limit, "limit"),
        ("let b = blob(1000, 0); loop { b += b; }", limit, "its limit of one value"),
        ("try { let s = \"x\"; loop { s += s; } } catch { [] }", limit, "its limit of one value"),
        ("loop { settings(); }", limit, "its limit of 500 host calls"),
        ("try { loop { kv_get(\"a\"); } } catch { [] }", limit, "its limit of 500 host calls"),
        ("let s = \"\"; s.pad(2000, 'x'); loop { log(\"info\", s); }", limit, "of log lines"),
        ("loop { print(\"again\"); }", limit, "limit"),
        ("sleep(3600000)", limit, "its limit of 2 s for one call, waiting included"),
        ("loop { try { sleep(500); } catch {} }", limit, "waiting included"),
        ("throw \"on purpose\"", ErrorCode::RemoteFailed, "on purpose"),
        ("throw #{ kind: \"data\", message: \"bad row\", row: 2 }", ErrorCode::ValueRefused, "row 3 of the batch"),
        ("let x = 1 / 0; x", failed, "division by zero"),
        ("let x = [1][7]; x", failed, "failed in `next` at line"),
        ("nothing_like_it(1)", failed, "nothing_like_it"),
        ("let s = \"x\"; s.no_such = 1; s", failed, "failed in `next`"),
        ("this.a.b.c", failed, "failed in `next`"),
        ("42", failed, "handed over a i64 where rows belong"),
        ("[1, 2]", failed, "rows are maps"),
        ("[#{ u: 1 }]", failed, "which is none of its columns"),
        ("[#{ t: [1] }]", failed, "which is no text"),
        ("#{ rows: [], cursors: 1 }", failed, "a page with `cursors`"),
        (
            "#{ rows: [], rejected: [#{ rule: \"r\", reason: \"s\", values: [()] }] }",
            failed,
            "had said that it never does",
        ),
        ("http_get(\"http://127.0.0.1:1/\")", ErrorCode::CapabilityDenied, "may not call that address"),
        ("http_get(\"http://2130706433/\")", ErrorCode::CapabilityDenied, "may not call that address"),
        ("http(#{ url: \"file:///etc/passwd\" })", ErrorCode::CapabilityDenied, "plugin `script`"),
        ("http(#{ url: \"http://a\", bodies: 1 })", ErrorCode::RemoteFailed, "a request has no `bodies`"),
        ("sql_all(\"store\", \"SELECT 1\")", ErrorCode::CapabilityDenied, "--grant sql:store=CONNECTION"),
        ("sql_begin(\"other\")", ErrorCode::CapabilityDenied, "was not granted"),
        ("let s = \"\"; s.pad(300, 'k'); kv_get(s)", ErrorCode::RemoteFailed, "at most 256 bytes"),
        ("parse_json(\"[\".repeat(1))", failed, "failed in `next`"),
        ("let t = \"\"; for i in 0..500 { t += \"[\"; } parse_json(t)", ErrorCode::RemoteFailed, "no JSON"),
        ("from_base64(\"***\")", ErrorCode::RemoteFailed, "no base64"),
    ] {
        install(&host, &next(body)).await;
        cases += 1;
        match read().await {
            Ok(read) => faults.push(format!("{body}: it gave {read:?}")),
            Err(error) => {
                let text = error.to_string();
                if error.code() != code || !text.contains("plugin `script`") || !text.contains(expected) {
                    faults.push(format!("{body}: {text}"));
                }
            }
        }
        install(&host, &next("if this.done == true { return; } this.done = true; [#{ t: \"a\" }]")).await;
        assert_eq!(read().await.unwrap(), ["a"], "after {body}");
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(cases >= 40, "{cases}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looping_scripts_leave_their_neighbor_its_turn() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("identity"), Grants::default()).await.unwrap();
    install(&host, &next("loop {}")).await;
    let looping = async || {
        let mut source = host.open_source("script", call(json!({})), None).await?;
        texts(source.as_mut()).await
    };
    let (loops, ()) = futures::join!(futures::future::join_all((0..4).map(|_| looping())), neighbor(&host));
    assert!(loops.iter().all(|outcome| outcome.as_ref().is_err_and(|error| error.code() == ErrorCode::PluginLimit)));
}

#[tokio::test]
async fn a_script_that_cannot_be_one_is_refused_at_its_installation() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    install(&host, &next("()")).await;
    let good = "fn open_source(c) {} fn columns() { [] } fn next() {}";
    let long = format!("{good} // {}", "x".repeat(300 << 10));
    let nested = format!("{good} fn f() {{ {}1{} }}", "(".repeat(500), ")".repeat(500));
    let many: String = (0..400).map(|number| format!("fn f{number}() {{}}\n")).collect();
    for (body, expected) in [
        ("fn open_source(c) {".to_owned(), "does not parse"),
        ("fn columns() {} fn next() {}".to_owned(), "lacks `fn open_source`"),
        ("fn open_source() {} fn columns() {} fn next() {}".to_owned(), "lacks `fn open_source`"),
        (format!("{good} fn resume(a) {{}}"), "`resume` in the script of plugin `script` takes 1 parameters"),
        (format!("{good} fn f() {{ eval(\"1\") }}"), "does not parse"),
        (format!("import \"x\" as y; {good}"), "does not parse"),
        (format!("{good} fn f() {{ redis(\"a\", []) }}"), "uses capability `redis`"),
        (format!("{good} fn f() {{ secret(\"a\") }}"), "uses capability `secret`"),
        (long, "at most 262144 are allowed"),
        (nested, "does not parse"),
        (format!("{good} {many}"), "does not parse"),
    ] {
        let error = host.install_package(script(&body), Some(Grants::default())).await.expect_err(expected);
        assert_eq!(error.code(), ErrorCode::PluginInvalid, "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        // The version before stays in use.
        assert!(host.open_source("script", call(json!({})), None).await.is_ok());
    }
    let mut binary = script(good);
    binary.code = vec![0xff, 0xfe];
    let error = host.install_package(binary, None).await.unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
    // A component that calls itself a script is none, nor the other way round.
    let mut disguised = script(good);
    disguised.entry = Entry::Component;
    let error = host.install_package(disguised, None).await.unwrap_err();
    assert!(error.to_string().contains("is not WebAssembly"), "{error}");
}

#[tokio::test]
async fn a_finished_or_failed_sink_takes_nothing_more() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("hostile"), Grants::default()).await.unwrap();
    let batch = Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: rows() };
    let mut sink = host.open_sink("hostile", call(json!({})), rows().schema()).await.unwrap();
    sink.finish().await.unwrap();
    assert!(sink.write(&batch).await.is_err() && sink.finish().await.is_err());
    let settings = json!({ "at": "write", "what": "panic" });
    let mut sink = host.open_sink("hostile", call(settings), rows().schema()).await.unwrap();
    assert!(sink.write(&batch).await.is_err());
    let error = sink.write(&batch).await.unwrap_err();
    assert!(error.to_string().contains("was ended by an earlier error"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transform_without_state_goes_on_in_a_new_instance_when_its_own_has_grown() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let package = Package::from_folder(&built.join("hostile"), host.component_limit()).unwrap();
    let leaks = async |name: &str, stateless: bool| {
        let mut package = package.clone();
        let named = format!("name = \"{name}\"\nstateless = {stateless}");
        package.manifest = package.manifest.replacen("name = \"hostile\"", &named, 1);
        host.install_package(package, Some(Grants::default())).await.unwrap();
        let settings = json!({ "at": "process", "what": "leak" });
        let mut transformer = host.open_transform(name, call(settings), rows().schema()).await.unwrap();
        let mut passed = 0;
        for _ in 0..100 {
            match transformer.process(rows()).await {
                Ok(batches) => passed += batches[0].num_rows(),
                Err(error) => return (passed, Some(error)),
            }
        }
        (passed, None)
    };
    let (passed, error) = leaks("keeps", false).await;
    assert!(passed < 300 && error.is_some_and(|error| error.code() == ErrorCode::PluginLimit));
    let (passed, error) = leaks("forgets", true).await;
    assert!(passed == 300 && error.is_none(), "{passed} {error:?}");
}
