//! The real host with real components: the first-party plugins do their work, hostile ones end with a clear error.

#![allow(clippy::unwrap_used, reason = "a test")]

mod conformance;
mod databases;
mod guests;
mod hostile;
mod scripts;
mod stub;

use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Checkpoint, Error, Plugins, Resume, Source};
use guests::{grants, guests};
use model::ErrorCode;
use plugin_host::{Grants, Host, HostConfig, Limits, Secrets};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stub::Stub;
use tempfile::TempDir;

fn call(settings: Value) -> PluginCall {
    PluginCall { settings, idempotency_key: "run_1/step".to_owned(), ..PluginCall::default() }
}

struct Fixed;

impl Secrets for Fixed {
    fn find(&self, reference: &str) -> Option<String> {
        (reference == "test:key").then(|| "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX".to_owned())
    }
}

fn host(dir: &TempDir) -> Host {
    let limits = Limits {
        memory: 64 << 20,
        compute: Duration::from_millis(300),
        time: Duration::from_secs(3),
        log: 64 << 10,
        host_calls: 1_000,
        output: 16 << 20,
        ..Limits::default()
    };
    Host::open(HostConfig { limits, secrets: Arc::new(Fixed), ..HostConfig::new(dir.path()) }).unwrap()
}

async fn texts(source: &mut dyn Source) -> Result<Vec<String>, Error> {
    let mut all = Vec::new();
    while let Some(batch) = source.next().await? {
        let column = arrow::compute::cast(batch.records.column(0), &arrow::datatypes::DataType::Utf8).unwrap();
        let column = column.as_any().downcast_ref::<arrow::array::StringArray>().unwrap();
        all.extend(column.iter().map(|value| value.unwrap_or("∅").to_owned()));
    }
    Ok(all)
}

async fn misbehave(host: &Host, settings: Value) -> Result<Vec<String>, Error> {
    let mut source = host.open_source("misbehave", call(settings), None).await?;
    texts(source.as_mut()).await
}

fn everything(http: &[&str]) -> Grants {
    Grants { clock: true, kv: true, ..grants(http, &[("token", "test:key")]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_plugins_end_with_a_clear_error_and_the_host_lives_on() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("misbehave"), everything(&[])).await.unwrap();
    let (mut failures, mut traps, mut limits) = (0, 0, 0);
    for (mode, code, expected) in [
        ("loop", ErrorCode::PluginLimit, "its limit of 300 ms computing in one call"),
        ("loop_in_open", ErrorCode::PluginLimit, "its limit of 300 ms computing in one call"),
        ("bomb", ErrorCode::PluginLimit, "its limit of 64 MiB of memory"),
        ("recursion", ErrorCode::PluginFailed, "outside its memory"),
        ("panic", ErrorCode::PluginFailed, "panicked: on purpose"),
        ("log_flood", ErrorCode::PluginLimit, "its limit of 1000 host calls"),
        ("call_flood", ErrorCode::PluginLimit, "its limit of 1000 host calls"),
        ("huge_output", ErrorCode::PluginLimit, "limit"),
        ("sleep", ErrorCode::PluginLimit, "its limit of 3 s for one call, waiting included"),
        ("lying_rows", ErrorCode::PluginFailed, "column `name`: `offsets` has 8 bytes, 1000 rows need 4004"),
        ("short_bitmap", ErrorCode::PluginFailed, "column `name`: `validity`"),
        ("wild_offsets", ErrorCode::PluginFailed, "column `name`"),
        ("falling_offsets", ErrorCode::PluginFailed, "column `name`"),
        ("negative_offsets", ErrorCode::PluginFailed, "column `name`"),
        ("not_utf8", ErrorCode::PluginFailed, "column `name`"),
        ("no_columns", ErrorCode::PluginFailed, "a batch of 0 columns, but its schema has 1"),
        ("too_many_rows", ErrorCode::PluginFailed, "4294967295 rows"),
        ("unsaid_rejection", ErrorCode::PluginFailed, "rejected rows, but had said that it never does"),
        ("doubled_column", ErrorCode::PluginFailed, "declares column `name` twice"),
        ("unknown_format", ErrorCode::PluginFailed, "format `+w:3`"),
        ("no such mode", ErrorCode::RemoteFailed, "no mode `no such mode`"),
    ] {
        let error = misbehave(&host, json!({ "mode": mode })).await.unwrap_err();
        assert_eq!(error.code(), code, "{mode}: {error}");
        let text = error.to_string();
        assert!(text.contains("plugin `misbehave`") && text.contains(expected), "{mode}: {text}");
        let good = misbehave(&host, json!({ "mode": "good" })).await.unwrap();
        assert_eq!(good, ["a", "bb"], "after {mode}");
        failures += 1;
        traps += u64::from(code == ErrorCode::PluginFailed);
        limits += u64::from(code == ErrorCode::PluginLimit);
        let health = host.health("misbehave");
        assert_eq!((health.failures, health.traps, health.limit_hits), (failures, traps, limits), "{mode}");
        assert_eq!(health.instances, failures * 2, "{mode}");
        assert_eq!(health.last_failure.unwrap().fault.message, error.fault.message);
    }
    assert!(host.health("misbehave").time >= Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_looping_plugin_leaves_its_neighbor_its_turn() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("misbehave"), everything(&[])).await.unwrap();
    let loops = futures::future::join_all((0..4).map(|_| misbehave(&host, json!({ "mode": "loop" }))));
    let good = async {
        for _ in 0..20 {
            assert_eq!(misbehave(&host, json!({ "mode": "good" })).await.unwrap(), ["a", "bb"]);
        }
    };
    let (loops, ()) = futures::join!(loops, good);
    assert!(loops.iter().all(|outcome| outcome.as_ref().is_err_and(|error| error.code() == ErrorCode::PluginLimit)));
}

#[tokio::test]
async fn requests_reach_granted_addresses_alone_however_they_are_spelled() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let stub = Stub::start().await;
    let port = stub.port();
    stub.answer("/plain", "200 OK", "", "plain");
    stub.answer("/away", "302 Found", &format!("location: http://localhost:{port}/plain\r\n"), "");
    stub.answer("/here", "302 Found", "location: plain\r\n", "");
    stub.answer("/round", "302 Found", "location: /round\r\n", "");
    let named = format!("http://127.0.0.1:{port}");
    host.install(&built.join("misbehave"), everything(&[&named])).await.unwrap();
    let get = async |url: String| misbehave(&host, json!({ "mode": "http", "url": url })).await;
    assert_eq!(get(format!("{named}/plain")).await.unwrap(), ["plain"]);
    assert_eq!(get(format!("{named}/here")).await.unwrap(), ["plain"]);
    for url in [
        "http://example.com/".to_owned(),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{}/", port.wrapping_add(1)),
        format!("http://localhost:{port}/plain"),
        format!("{named}/away"),
        "file:///etc/passwd".to_owned(),
    ] {
        let error = get(url.clone()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{url}: {error}");
    }
    let error = get(format!("{named}/round")).await.unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");

    // A wildcard covers the name, but not the loopback address behind it.
    host.grant("misbehave", everything(&["http://*:*"])).unwrap();
    for host_name in ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "127.1"] {
        let url = format!("http://{host_name}:{port}/plain");
        let error = misbehave(&host, json!({ "mode": "http", "url": url })).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{url}: {error}");
    }
    let name = format!("http://localhost:{port}");
    host.grant("misbehave", everything(&[&name])).unwrap();
    let url = format!("{name}/plain");
    assert_eq!(misbehave(&host, json!({ "mode": "http", "url": url })).await.unwrap(), ["plain"]);
}

#[tokio::test]
async fn a_capability_works_once_it_is_granted_and_says_how_to_grant_it_before() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let info = host.install(&built.join("misbehave"), Grants::default()).await.unwrap();
    assert_eq!(info.missing_grants(), ["http http://*:*", "http https://*:*", "secret token", "clock", "kv"]);
    for (mode, expected) in [("kv", "capability `kv`"), ("secret", "secret `token`"), ("sleep", "capability `clock`")] {
        let error = misbehave(&host, json!({ "mode": mode })).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{mode}: {error}");
        assert!(error.to_string().contains(expected) && error.to_string().contains("plugin grant"), "{error}");
    }
    let mut given = call(json!({ "mode": "secret" }));
    given.secrets.insert("token".to_owned(), json!("of this call"));
    let mut source = host.open_source("misbehave", given, None).await.unwrap();
    assert_eq!(texts(source.as_mut()).await.unwrap(), ["of this call"]);
    host.grant("misbehave", everything(&[])).unwrap();
    assert_eq!(misbehave(&host, json!({ "mode": "kv" })).await.unwrap(), ["1"]);
    assert_eq!(misbehave(&host, json!({ "mode": "kv" })).await.unwrap(), ["2"]);
    assert_eq!(misbehave(&host, json!({ "mode": "secret" })).await.unwrap()[0].len(), 38);
    let mut too_much = everything(&[]);
    too_much.secrets.insert("other".to_owned(), "test:key".to_owned());
    assert_eq!(host.grant("misbehave", too_much).unwrap_err().code(), ErrorCode::CapabilityDenied);
}

#[tokio::test]
async fn a_broken_install_is_refused_and_leaves_the_old_version_running() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let good = built.join("misbehave");
    host.install(&good, everything(&[])).await.unwrap();
    let manifest = std::fs::read_to_string(good.join("plugin.toml")).unwrap();
    let component = std::fs::read(good.join("plugin.wasm")).unwrap();
    let cut = component[..component.len() / 2].to_vec();
    let cases: Vec<(String, Vec<u8>, &str)> = vec![
        (manifest.clone(), cut, "not a component this server can compile"),
        (manifest.clone(), b"(component)".to_vec(), "is not WebAssembly"),
        (manifest.clone(), b"\0asm\x01\0\0\0".to_vec(), "is a core module, not a component"),
        (manifest.clone(), Vec::new(), "is not WebAssembly"),
        (manifest.replace("[\"source\"]", "[\"source\", \"sink\"]"), component.clone(), "says it is a sink"),
        (manifest.replace("kv = true", ""), component.clone(), "uses capability `kv`"),
        (
            manifest.replace("contract = \"0.1\"", "contract = \"0.9\""),
            component.clone(),
            "contract 0.9; this server knows 0.1",
        ),
        (manifest.replace("name = ", "nmae = "), component.clone(), "nmae"),
    ];
    for (manifest, component, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plugin.toml"), manifest).unwrap();
        std::fs::write(folder.path().join("plugin.wasm"), component).unwrap();
        let error = host.install(folder.path(), Grants::default()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::PluginInvalid, "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!(misbehave(&host, json!({ "mode": "good" })).await.unwrap(), ["a", "bb"]);
    }
    let missing = host.install(dir.path(), Grants::default()).await.unwrap_err();
    assert_eq!(missing.code(), ErrorCode::FileNotFound);
}

#[tokio::test]
async fn an_installed_plugin_is_found_after_a_restart_and_gone_after_its_removal() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    host(&dir).install(&built.join("misbehave"), everything(&[])).await.unwrap();
    let host = host(&dir);
    assert_eq!(misbehave(&host, json!({ "mode": "good" })).await.unwrap(), ["a", "bb"]);
    let names: Vec<_> = host.list().unwrap().into_iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, ["misbehave"]);
    let kind = host.find("misbehave").unwrap().unwrap().kind_info().unwrap();
    assert_eq!(
        (kind.name.as_str(), kind.ports.as_slice()),
        ("plugin/misbehave", &["out".to_owned(), "rejected".to_owned()][..])
    );
    // A torn file in the cache is compiled anew.
    for entry in std::fs::read_dir(dir.path().join("compiled")).unwrap() {
        std::fs::write(entry.unwrap().path(), b"torn").unwrap();
    }
    let host = self::host(&dir);
    assert_eq!(misbehave(&host, json!({ "mode": "good" })).await.unwrap(), ["a", "bb"]);
    host.remove("misbehave").unwrap();
    for name in ["misbehave", "../misbehave", "", "plugin/none"] {
        let error = host.open_source(name, call(json!({})), None).await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::PluginNotFound, "{name}");
    }
}

#[tokio::test]
async fn csv_http_reads_a_file_goes_on_in_it_and_rejects_what_does_not_convert() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let stub = Stub::start().await;
    let base = format!("http://127.0.0.1:{}", stub.port());
    let rows: String = (0..20_000).map(|row| format!("{row},name {row}\n")).collect();
    stub.answer("/big.csv", "200 OK", "etag: \"v1\"\r\n", &format!("id,name\n{rows}"));
    stub.answer("/bad.csv", "200 OK", "", "id,name\n1,a\nx,b\n3,c\n");
    stub.answer("/gone", "503 Busy", "retry-after: 2\r\n", "");
    host.install(&built.join("csv-http"), grants(&[&base], &[])).await.unwrap();
    let open = async |path: &str, more: Value, resume: Option<Checkpoint>| {
        let mut settings = json!({ "url": format!("{base}{path}") });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.open_source("plugin/csv-http", call(settings), resume).await
    };

    let mut source = open("/big.csv", json!({}), None).await.unwrap();
    assert_eq!(source.resume(), Resume::Checkpoint);
    let first = source.next().await.unwrap().unwrap();
    assert_eq!(first.records.num_rows(), 8192);
    let rest = texts(source.as_mut()).await.unwrap();
    assert_eq!(rest.len(), 20_000 - 8192);
    let mut again = open("/big.csv", json!({}), first.checkpoint).await.unwrap();
    assert_eq!(texts(again.as_mut()).await.unwrap(), rest);

    let typed = json!({ "columns": { "id": "int64" }, "on_error": "reject" });
    let mut source = open("/bad.csv", typed, None).await.unwrap();
    assert_eq!(source.resume(), Resume::Nothing);
    let batch = source.next().await.unwrap().unwrap();
    let rejected = batch.rejected.unwrap();
    assert_eq!(Some(rejected.schema()), source.rejected_schema());
    assert_eq!((batch.records.num_rows(), rejected.num_rows()), (2, 1));
    assert!(source.next().await.unwrap().is_none());

    let error = open("/gone", json!({}), None).await.err().unwrap();
    assert!(error.retryable && error.retry_after == Some(Duration::from_secs(2)), "{error}");
    let error = open("/missing", json!({}), None).await.err().unwrap();
    assert!(!error.retryable && error.to_string().contains("status 404"), "{error}");
}

#[tokio::test]
async fn webhook_delivers_a_signed_alert_and_tells_what_may_be_tried_again() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    let stub = Stub::start().await;
    let base = format!("http://127.0.0.1:{}", stub.port());
    stub.answer("/hook", "200 OK", "", "ok");
    stub.answer("/busy", "429 Slow Down", "retry-after: 5\r\n", "");
    stub.answer("/dead", "410 Gone", "", "");
    let granted = Grants { clock: true, ..grants(&[&base], &[("signing", "test:key")]) };
    let info = host.install(&built.join("webhook"), granted).await.unwrap();
    assert!(info.kind_info().is_none(), "a channel is no step");
    let alert = Alert {
        id: "alert_7".into(),
        severity: AlertSeverity::Warning,
        title: "3 differences".into(),
        text: "see the run".into(),
        fields: vec![("run".into(), "run_1".into())],
        link: None,
        ..Alert::default()
    };
    let deliver = async |path: &str| {
        let channel = host.open_channel("webhook", call(json!({ "url": format!("{base}{path}") }))).await.unwrap();
        channel.deliver(&alert).await
    };
    deliver("/hook").await.unwrap();
    let request = stub.requests().pop().unwrap();
    assert!(request.contains("webhook-id: alert_7"), "{request}");
    assert!(request.contains("webhook-signature: v1,"), "{request}");
    assert!(request.contains("\"title\":\"3 differences\""), "{request}");
    let busy = deliver("/busy").await.unwrap_err();
    assert_eq!((busy.code(), busy.retryable), (ErrorCode::DeliveryFailed, true));
    assert_eq!(busy.retry_after, Some(Duration::from_secs(5)));
    let dead = deliver("/dead").await.unwrap_err();
    assert_eq!((dead.code(), dead.retryable), (ErrorCode::DeliveryFailed, false));
    let error = host.open_source("webhook", call(json!({})), None).await.err().unwrap();
    assert!(error.to_string().contains("is no source; it is `channel`"), "{error}");
}

#[tokio::test]
async fn a_transform_gives_back_what_it_was_given_whatever_the_slice() {
    let Some(built) = guests() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host(&dir);
    host.install(&built.join("identity"), Grants::default()).await.unwrap();
    let numbers = arrow::array::Int64Array::from((0..100).map(|row| (row % 7 != 0).then_some(row)).collect::<Vec<_>>());
    let records =
        arrow::array::RecordBatch::try_from_iter([("n", Arc::new(numbers) as arrow::array::ArrayRef)]).unwrap();
    let mut transformer = host.open_transform("identity", call(json!({})), records.schema()).await.unwrap();
    for (start, rows) in [(0, 100), (3, 50), (99, 1), (0, 0)] {
        let slice = records.slice(start, rows);
        assert_eq!(transformer.process(slice.clone()).await.unwrap(), [slice]);
    }
    assert!(transformer.finish().await.unwrap().is_empty());
    let other = arrow::array::RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()));
    assert!(transformer.process(other).await.unwrap_err().to_string().contains("was opened for the columns n"));
}
