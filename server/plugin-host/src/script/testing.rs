//! Unit tests of a script, in a script: `tests.rhai` beside `plugin.rhai`, run against a fake of the host.
//!
//! What a test lays out (`with_settings`, `with_secret`, `will_answer`, …) takes the place of capabilities, and what the
//! plugin did is told (`requests`, `statements`). Each test has an instance of its own.

use super::rows::{Rows, batch_of};
use super::running::Running;
use super::{sandbox, value};
use crate::capability::http::Web;
use crate::capability::kv::Kv;
use crate::capability::sql::Registry;
use crate::capability::wasi::Wasi;
use crate::grants::Grants;
use crate::limits::{Limits, Meter};
use crate::manifest::{Manifest, invalid};
use crate::state::{LocalSecrets, State};
use data::{Error, Result};
use model::ErrorCode;
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use wasmtime::component::ResourceTable;

type Fallible<T> = std::result::Result<T, Box<EvalAltResult>>;

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptTest {
    /// The function's name.
    pub name: String,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What a test laid out, and what the plugin did.
#[derive(Default)]
struct Fake {
    settings: Map,
    secrets: BTreeMap<String, String>,
    kv: BTreeMap<String, Dynamic>,
    answers: VecDeque<Map>,
    requests: Array,
    rows: VecDeque<Array>,
    statements: Array,
    now: i64,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Fake>>);

impl Shared {
    fn fake(&self) -> MutexGuard<'_, Fake> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs every function of `tests` whose name begins with `test_`.
///
/// # Errors
/// `plugin_invalid` where script or tests do not parse.
pub fn test_script(manifest: &Manifest, script: &[u8], tests: &str) -> Result<Vec<ScriptTest>> {
    let script = super::Script::compile(manifest, script)?;
    let tests = sandbox::compile(tests).map_err(|why| invalid(format!("`tests.rhai` does not parse: {why}")))?;
    let names: Vec<String> = tests
        .iter_functions()
        .filter(|found| found.name.starts_with("test_") && found.params.is_empty())
        .map(|found| found.name.to_owned())
        .collect();
    let merged = Arc::new(script.ast.merge(&tests));
    let plugin = manifest.name.clone();
    let run = move || -> Result<Vec<ScriptTest>> {
        let internal = |error: std::io::Error| Error::permanent(ErrorCode::Internal, error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(internal)?;
        let mut done = Vec::new();
        for name in names {
            let (merged, plugin) = (merged.clone(), plugin.clone());
            let failure = runtime.block_on(async {
                let mut running =
                    Running::with(merged, Vec::new(), state(&plugin), |engine| fakes(engine, &Shared::default()));
                running.call_named(&name).await.err().map(|error| error.fault.message)
            });
            done.push(ScriptTest { name, failure });
        }
        Ok(done)
    };
    // A runtime of its own, wherever it is called from.
    let failed = || Error::permanent(ErrorCode::Internal, "the thread of the tests ended early");
    std::thread::spawn(run).join().map_err(|_| failed())?
}

fn state(plugin: &str) -> State {
    State {
        plugin: plugin.into(),
        key: "test/step".to_owned(),
        settings: "{}".to_owned(),
        grants: Arc::new(Grants::default()),
        given: serde_json::Map::new(),
        meter: Meter::new(Limits::default()),
        resources: ResourceTable::new(),
        web: Arc::new(Web::default()),
        kv: Arc::new(Kv::new(std::path::PathBuf::new())),
        secrets: Arc::new(LocalSecrets),
        log: None,
        started: Instant::now(),
        connections: 0,
        registry: Arc::new(Registry::new()),
        statements: 0,
        last_error: None,
        wasi: Wasi::default(),
        health: Arc::default(),
    }
}

/// Functions of tests, and fakes in the place of capabilities.
fn fakes(engine: &mut Engine, shared: &Shared) {
    asserts(engine);
    let it = shared.clone();
    engine.register_fn("with_settings", move |settings: Map| it.fake().settings = settings);
    let it = shared.clone();
    engine.register_fn("settings", move || -> Fallible<Dynamic> { Ok(it.fake().settings.clone().into()) });
    let it = shared.clone();
    engine.register_fn("with_secret", move |name: &str, value: &str| {
        it.fake().secrets.insert(name.to_owned(), value.to_owned());
    });
    let it = shared.clone();
    engine.register_fn("secret", move |name: &str| -> Fallible<String> {
        it.fake().secrets.get(name).cloned().ok_or_else(|| format!("the test has no secret `{name}`").into())
    });
    let it = shared.clone();
    engine.register_fn("at", move |micros: i64| it.fake().now = micros);
    let it = shared.clone();
    engine.register_fn("now", move || -> Fallible<i64> { Ok(it.fake().now) });
    let it = shared.clone();
    engine.register_fn("monotonic", move || -> Fallible<i64> { Ok(it.fake().now) });
    let it = shared.clone();
    engine.register_fn("sleep", move |millis: i64| -> Fallible<()> {
        it.fake().now += millis.saturating_mul(1000);
        Ok(())
    });
    let it = shared.clone();
    engine.register_fn("kv_get", move |key: &str| -> Fallible<Dynamic> {
        Ok(it.fake().kv.get(key).cloned().unwrap_or(Dynamic::UNIT))
    });
    let it = shared.clone();
    engine.register_fn("kv_set", move |key: &str, value: Dynamic| -> Fallible<()> {
        it.fake().kv.insert(key.to_owned(), value);
        Ok(())
    });
    let it = shared.clone();
    engine.register_fn("kv_delete", move |key: &str| -> Fallible<()> {
        it.fake().kv.remove(key);
        Ok(())
    });
    web(engine, shared);
    databases(engine, shared);
}

fn asserts(engine: &mut Engine) {
    engine.register_fn("assert", |holds: bool, message: &str| -> Fallible<()> {
        if holds { Ok(()) } else { Err(message.into()) }
    });
    engine.register_fn("assert_eq", |found: Dynamic, wanted: Dynamic| -> Fallible<()> {
        let (found, wanted) = (shown(&found), shown(&wanted));
        if found == wanted { Ok(()) } else { Err(format!("found {found}, wanted {wanted}").into()) }
    });
    engine.register_fn("fails", |context: NativeCallContext<'_>, work: FnPtr| -> bool {
        work.call_within_context::<Dynamic>(&context, ()).is_err()
    });
    engine.register_fn("rows_of", |columns: Dynamic, rows: Array| -> Fallible<Rows> {
        let schema = value::schema_of(&columns)?;
        let batch = batch_of(rows.into(), &schema)?.ok_or("there are no rows")?;
        Ok(Rows(Arc::new(batch)))
    });
}

/// A value as both sides of a comparison are shown: as JSON where it has one.
fn shown(value: &Dynamic) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| value.to_string())
}

fn web(engine: &mut Engine, shared: &Shared) {
    let it = shared.clone();
    engine.register_fn("will_answer", move |answer: Map| it.fake().answers.push_back(answer));
    let it = shared.clone();
    engine.register_fn("requests", move || it.fake().requests.clone());
    let answer = |it: &Shared, request: Map| -> Fallible<Map> {
        let mut fake = it.fake();
        fake.requests.push(request.into());
        let mut answer = fake.answers.pop_front().ok_or("the test laid out no answer for this request")?;
        answer.entry("headers".into()).or_insert_with(|| Map::new().into());
        Ok(answer)
    };
    let it = shared.clone();
    engine.register_fn("http", move |request: Map| answer(&it, request));
    let it = shared.clone();
    engine.register_fn("http_get", move |url: &str| {
        let mut request = Map::new();
        request.insert("url".into(), url.into());
        answer(&it, request)
    });
}

/// A fake transaction or answer.
#[derive(Clone)]
struct Noted(Shared, Arc<Mutex<VecDeque<Dynamic>>>);

fn databases(engine: &mut Engine, shared: &Shared) {
    engine.register_type_with_name::<Noted>("Fake");
    let it = shared.clone();
    engine.register_fn("will_find", move |rows: Array| it.fake().rows.push_back(rows));
    let it = shared.clone();
    engine.register_fn("statements", move || it.fake().statements.clone());
    let find = |it: &Shared, connection: &str, statement: &str| -> Fallible<Array> {
        let mut fake = it.fake();
        fake.statements.push(format!("{connection}: {statement}").into());
        fake.rows.pop_front().ok_or_else(|| "the test laid out no rows for this statement".into())
    };
    let it = shared.clone();
    engine.register_fn("sql_all", move |connection: &str, statement: &str| find(&it, connection, statement));
    let it = shared.clone();
    engine.register_fn("redis", move |connection: &str, commands: Array| -> Fallible<Array> {
        find(&it, connection, &shown(&commands.into()))
    });
    let it = shared.clone();
    engine.register_fn("sql_begin", move |connection: &str| -> Fallible<Noted> {
        it.fake().statements.push(format!("{connection}: BEGIN").into());
        Ok(Noted(it.clone(), Arc::default()))
    });
    let it = shared.clone();
    engine.register_fn("sql_query", move |connection: &str, statement: &str| -> Fallible<Noted> {
        let rows = find(&it, connection, statement)?;
        Ok(Noted(it.clone(), Arc::new(Mutex::new(rows.into()))))
    });
    engine.register_fn("fetch", |noted: &mut Noted| -> Dynamic {
        let mut rows = noted.1.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Array = rows.drain(..).collect();
        if all.is_empty() { Dynamic::UNIT } else { all.into() }
    });
    let note = |noted: &Noted, what: String| noted.0.fake().statements.push(what.into());
    engine.register_fn("execute", move |noted: &mut Noted, statement: ImmutableString| -> i64 {
        note(noted, statement.to_string());
        0
    });
    engine.register_fn("execute", move |noted: &mut Noted, statement: ImmutableString, values: Array| -> i64 {
        note(noted, format!("{statement} {}", shown(&values.clone().into())));
        values.len() as i64
    });
    engine.register_fn("insert", move |noted: &mut Noted, table: ImmutableString, rows: Rows| -> i64 {
        note(noted, format!("INSERT {table} {}", rows.0.num_rows()));
        rows.0.num_rows() as i64
    });
    engine.register_fn("save", move |noted: &mut Noted| note(noted, "COMMIT".to_owned()));
    engine.register_fn("rollback", move |noted: &mut Noted| note(noted, "ROLLBACK".to_owned()));
}
