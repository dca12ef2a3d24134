//! One instance of a script. Each call runs on a blocking thread with a clock beside it; what a capability does is waited for
//! there. After a limit was exceeded the instance is gone, and its neighbors do not notice.

use super::{capability, plain, rows, sandbox, value};
use crate::bindings::sluice::plugin::types as wit;
use crate::capability::clock::ClockDenied;
use crate::health::Health;
use crate::instance::{exceeded, failed, told};
use crate::limits::{Exceeded, Limits, human_size, human_time};
use crate::state::State;
use data::{Error, Result};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Map, Position, Scope};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How much longer than its limit a thread is waited for: a single step of a script sees no clock.
const GRACE: Duration = Duration::from_secs(5);
/// Operations between two looks at the clock.
const LOOK: u64 = 64;

/// What the functions that a script calls share.
pub(super) struct Bench {
    pub(super) plugin: Arc<str>,
    pub(super) limits: Limits,
    health: Arc<Health>,
    state: Mutex<State>,
    runtime: Handle,
    /// When the call under way began, and how long it waited for capabilities.
    call: Mutex<(Instant, Duration)>,
    operations: AtomicU64,
    /// The limit that ends the script.
    fatal: Mutex<Option<Exceeded>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    fn begin(&self) {
        lock(&self.state).meter.begin();
        *lock(&self.call) = (Instant::now(), Duration::ZERO);
    }

    /// Whether the script has computed too long; looked at between its operations.
    fn is_over(&self) -> bool {
        let (began, waited) = *lock(&self.call);
        let elapsed = began.elapsed();
        if elapsed > self.limits.time {
            let what = format!("its limit of {} for one call, waiting included", human_time(self.limits.time));
            self.end(Exceeded::new(what, "Look for what the plugin waits for, or raise the limit `time`."));
            return true;
        }
        if elapsed.saturating_sub(waited) > self.limits.compute {
            let what = format!("its limit of {} computing in one call", human_time(self.limits.compute));
            self.end(Exceeded::new(what, "Look for an endless loop in the plugin, or raise the limit `compute`."));
            return true;
        }
        false
    }

    /// Looks at the clock now and then.
    pub(super) fn tick(&self) -> bool {
        self.operations.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK) && self.is_over()
    }

    fn end(&self, exceeded: Exceeded) {
        lock(&self.fatal).get_or_insert(exceeded);
    }

    /// Ends the script for good, in a way that it cannot catch.
    pub(super) fn stop(&self, exceeded: Exceeded) -> Box<EvalAltResult> {
        self.end(exceeded);
        Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE))
    }

    /// Carries out a capability, within the time that is left.
    pub(super) fn wait<T>(
        &self,
        work: impl AsyncFnOnce(&mut State) -> wasmtime::Result<Result<T, wit::Error>>,
    ) -> Result<T, Box<EvalAltResult>> {
        let began = Instant::now();
        let left = self.limits.time.saturating_sub(lock(&self.call).0.elapsed());
        let mut state = lock(&self.state);
        let done = self.runtime.block_on(timed(left, work(&mut state)));
        drop(state);
        lock(&self.call).1 += began.elapsed();
        match done {
            Some(Ok(Ok(value))) => Ok(value),
            Some(Ok(Err(error))) => Err(thrown(error)),
            Some(Err(error)) => Err(match error.downcast::<Exceeded>() {
                Ok(exceeded) => self.stop(exceeded),
                Err(error) if error.downcast_ref::<ClockDenied>().is_some() => {
                    thrown(crate::capability::denied(&self.plugin, "capability `clock`"))
                }
                Err(error) => error.root_cause().to_string().into(),
            }),
            None => {
                let what = format!("its limit of {} for one call, waiting included", human_time(self.limits.time));
                Err(self.stop(Exceeded::new(what, "Look for what the plugin waits for, or raise the limit `time`.")))
            }
        }
    }
}

async fn timed<T>(left: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(left, work).await.ok()
}

/// An error of the host as a script can catch it: a map.
pub(super) fn thrown(error: wit::Error) -> Box<EvalAltResult> {
    let kind = match error.kind {
        wit::ErrorKind::Config => "config",
        wit::ErrorKind::Auth => "auth",
        wit::ErrorKind::Denied => "denied",
        wit::ErrorKind::Transient => "transient",
        wit::ErrorKind::Data => "data",
        wit::ErrorKind::Permanent => "permanent",
    };
    let mut map = Map::new();
    map.insert("kind".into(), kind.into());
    map.insert("message".into(), error.message.into());
    if let Some(wait) = error.retry_after_ms {
        map.insert("retry_after_ms".into(), value::integer(wait));
    }
    Box::new(EvalAltResult::ErrorRuntime(map.into(), Position::NONE))
}

/// An instance: the engine with its functions, and what the script keeps between calls.
struct Parts {
    engine: Engine,
    ast: Arc<AST>,
    /// What `this` is in every function.
    this: Dynamic,
}

/// A script that lives as long as it behaves.
pub(super) struct Running {
    bench: Arc<Bench>,
    functions: Vec<(String, usize)>,
    parts: Option<Parts>,
}

impl Running {
    pub(super) fn new(ast: Arc<AST>, functions: Vec<(String, usize)>, state: State) -> Self {
        Self::with(ast, functions, state, |_| {})
    }

    /// The same with more functions, or others in the place of its own.
    pub(super) fn with(
        ast: Arc<AST>,
        functions: Vec<(String, usize)>,
        state: State,
        more: impl FnOnce(&mut Engine),
    ) -> Self {
        let limits = state.meter.limits().clone();
        let bench = Arc::new(Bench {
            plugin: state.plugin.clone(),
            health: state.health.clone(),
            state: Mutex::new(state),
            runtime: Handle::current(),
            call: Mutex::new((Instant::now(), Duration::ZERO)),
            operations: AtomicU64::new(0),
            fatal: Mutex::new(None),
            limits,
        });
        let mut engine = sandbox::engine(bench.limits.operations);
        let clock = bench.clone();
        engine.on_progress(move |_| clock.tick().then_some(Dynamic::UNIT));
        capability::register(&mut engine, &bench);
        rows::register(&mut engine, &bench);
        more(&mut engine);
        Self { bench, functions, parts: Some(Parts { engine, ast, this: Map::new().into() }) }
    }

    pub(super) fn plugin(&self) -> &str {
        &self.bench.plugin
    }

    pub(super) fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|(name, _)| name == function)
    }

    /// Counts an error that ended a call.
    pub(super) fn counted(&self, error: Error) -> Error {
        self.bench.health.failed(&error);
        error
    }

    /// Most bytes that one call may hand over.
    pub(super) fn output(&self) -> usize {
        self.bench.limits.output
    }

    /// Calls a function without parameters.
    pub(super) async fn call_named(&mut self, function: &str) -> Result<Dynamic> {
        self.call(function, Vec::new()).await
    }

    /// Calls a function; its result, and what it keeps in `this`.
    pub(super) async fn call(&mut self, function: &str, arguments: Vec<Dynamic>) -> Result<Dynamic> {
        let Some(parts) = self.parts.take() else {
            // The earlier error was counted.
            return Err(failed(self.plugin(), "was ended by an earlier error and cannot go on"));
        };
        let (health, began) = (self.bench.health.clone(), Instant::now());
        health.called();
        let outcome = self.carry_out(parts, function, arguments).await;
        health.spent(began.elapsed());
        outcome.inspect_err(|error| health.failed(error))
    }

    async fn carry_out(&mut self, mut parts: Parts, function: &str, arguments: Vec<Dynamic>) -> Result<Dynamic> {
        let (bench, name) = (self.bench.clone(), function.to_owned());
        let work = move || {
            bench.begin();
            let options = CallFnOptions::new().bind_this_ptr(&mut parts.this);
            let mut scope = Scope::new();
            let done = parts.engine.call_fn_with_options::<Dynamic>(options, &mut scope, &parts.ast, &name, arguments);
            (parts, done)
        };
        let thread = meter::spawn_blocking(work);
        let (parts, done) = match tokio::time::timeout(self.bench.limits.time + GRACE, thread).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => return Err(failed(self.plugin(), "broke off with a panic of the script engine")),
            Err(_) => {
                let what = format!("its limit of {} for one call", human_time(self.bench.limits.time));
                return Err(exceeded(self.plugin(), &Exceeded::new(what, "Let the plugin do less in one call.")));
            }
        };
        let error = match done {
            Ok(value) => {
                // A comparator of `sort` that was ended leaves the script running to its end.
                if let Some(fatal) = lock(&self.bench.fatal).take() {
                    return Err(exceeded(self.plugin(), &fatal));
                }
                self.parts = Some(parts);
                return Ok(value);
            }
            Err(error) => error,
        };
        let (error, goes_on) = self.explain(function, &error);
        if goes_on {
            self.parts = Some(parts);
        }
        Err(error)
    }

    /// Calls a function of `open…`, whose result becomes `this`.
    pub(super) async fn open(&mut self, function: &str, arguments: Vec<Dynamic>) -> Result<()> {
        let kept = self.call(function, arguments).await?;
        if let Some(parts) = &mut self.parts
            && !kept.is_unit()
        {
            parts.this = kept;
        }
        Ok(())
    }

    /// What ended a call, and whether the script may be called again.
    fn explain(&self, function: &str, error: &EvalAltResult) -> (Error, bool) {
        if let Some(fatal) = lock(&self.bench.fatal).take() {
            return (exceeded(self.plugin(), &fatal), false);
        }
        let limit = |what: String, hint: &str| (exceeded(self.plugin(), &Exceeded::new(what, hint)), false);
        let place = error.position();
        match error.unwrap_inner() {
            EvalAltResult::ErrorTooManyOperations(_) => limit(
                format!("its limit of {} operations in one call", self.bench.limits.operations),
                "Look for an endless loop in the plugin, or let it do less in one call.",
            ),
            EvalAltResult::ErrorStackOverflow(_) => limit(
                format!("its limit of {} calls within each other", sandbox::DEPTH),
                "Look for endless recursion in the plugin.",
            ),
            EvalAltResult::ErrorTooManyVariables(_) => limit(
                format!("its limit of {} variables in one function", sandbox::VARIABLES),
                "Let the plugin keep less at a time.",
            ),
            EvalAltResult::ErrorDataTooLarge(..) => limit(
                format!(
                    "its limit of one value: {} of text, {} elements, {} entries of maps",
                    human_size(sandbox::TEXT),
                    sandbox::LIST,
                    sandbox::MAP
                ),
                "Let the plugin hold rows in `new_rows()` and read answers in parts.",
            ),
            EvalAltResult::ErrorTerminated(..) => {
                limit("its time".to_owned(), "Look for an endless loop in the plugin.")
            }
            EvalAltResult::ErrorRuntime(thrown, _) => (told(self.plugin(), value::error_of(thrown)), true),
            other => {
                let place = if place.is_none() { String::new() } else { format!(" at {}", plain(&place.to_string())) };
                let how = format!("failed in `{function}`{place}: {}", words(other));
                (failed(self.plugin(), &how).hint("Mend the script at the place it names."), true)
            }
        }
    }
}

/// rhai's words without the place, which stands before them here.
fn words(error: &EvalAltResult) -> String {
    let text = error.to_string();
    let end = text.rfind(" (line ").unwrap_or(text.len());
    plain(&text[..end])
}
