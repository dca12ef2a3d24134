//! `script`: a rhai script that looks at the run's values and leaves values for later steps.
//!
//! It reaches no file, network, environment or clock: the engine has only the packages named here, `sleep` and `eval`
//! are not among them. Limits on operations, sizes, depth and time end it, and so does canceling the step.

use crate::kind::{Action, ActionReport, Opened, Outputs, StepContext, StepKind, Trying};
use crate::settings;
use crate::sql::read_text;
use async_trait::async_trait;
use data::{Error, Result};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage, BasicStringPackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a script may take.
const MAX_TIME: Duration = Duration::from_secs(30);
/// How long a script may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How many lines a script may write to the log.
const MAX_LOG_LINES: usize = 1000;
/// How many compiled scripts are kept.
const CACHED: usize = 512;

static CACHE: LazyLock<Mutex<HashMap<String, Arc<AST>>>> = LazyLock::new(Mutex::default);
static COMPILER: LazyLock<Engine> = LazyLock::new(sandbox);
static PACKAGES: LazyLock<[rhai::Shared<rhai::Module>; 8]> = LazyLock::new(|| {
    [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
    ]
});

/// The step kind `script`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Script;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    script: Option<String>,
    file: Option<String>,
}

#[async_trait]
impl StepKind for Script {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "script".to_owned(),
            summary: "Runs a rhai script over the run's values; its result becomes the step's outputs.".to_owned(),
            schema: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "script": { "type": "string", "description": "The script. It sees `inputs`, `steps`, `run`, `trigger` and `item`, and may call `log(level, text)`. A map as result becomes the outputs, anything else the output `result`." },
                    "file": { "type": "string", "minLength": 1, "description": "A file in the server's folder of files that holds the script." },
                },
            }),
            inputs: Inputs::None,
            ports: Vec::new(),
            named_ports: false,
            outputs: vec!["result".to_owned()],
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        if with.contains_key("script") == with.contains_key("file") {
            return vec![one_of().path("with")];
        }
        let script = with.get("script").and_then(Value::as_str).filter(|script| !settings::is_open(script));
        let fault = script.and_then(|script| compile(script).err());
        fault.map(|error| error.fault.path("with.script")).into_iter().collect()
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let script = match (settings.script, settings.file) {
            (Some(script), None) => script,
            (None, Some(file)) => read_text(&context.files, &file).await?,
            _ => return Err(one_of().path(format!("steps.{}.with", context.step.id)).into()),
        };
        let ast = compile(&script)?;
        Ok(Opened::Action(Box::new(Scripted { context, ast, is_brief: is_brief(&script) })))
    }
}

fn one_of() -> Fault {
    Fault::new(ErrorCode::MissingKey, "a `script` step needs either `script` or `file`")
        .hint("Give exactly one of the two.")
}

/// Whether the script can only take moments: short, without loops and calls. It then needs no thread of its own.
fn is_brief(script: &str) -> bool {
    let may_repeat = ["for", "while", "loop", "do", "fn"].iter().any(|word| script.contains(word));
    script.len() <= 200 && !script.contains(['(', '|', '!']) && !may_repeat
}

fn sandbox() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_max_operations(100_000_000);
    engine.set_max_call_levels(32);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_variables(256);
    engine.set_max_functions(64);
    engine.set_max_modules(0);
    engine.set_max_string_size(1024 * 1024);
    engine.set_max_array_size(100_000);
    engine.set_max_map_size(10_000);
    for symbol in ["eval", "import", "export"] {
        engine.disable_symbol(symbol);
    }
    for package in PACKAGES.iter() {
        engine.register_global_module(package.clone());
    }
    engine
}

fn compile(script: &str) -> Result<Arc<AST>> {
    if script.len() > MAX_BYTES {
        return Err(Error::permanent(ErrorCode::ScriptFailed, format!("the script is longer than {MAX_BYTES} bytes")));
    }
    // A panic while the lock is held cannot leave the map half changed, so poison means nothing here.
    if let Some(found) = CACHE.lock().unwrap_or_else(PoisonError::into_inner).get(script) {
        return Ok(found.clone());
    }
    let ast = COMPILER.compile(script).map_err(|error| {
        let message = format!("the script does not parse: {}", plain(&error.to_string()));
        Error::permanent(ErrorCode::ScriptFailed, message).hint("Mend the script at the line it names.")
    })?;
    let ast = Arc::new(ast);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CACHED {
        cache.clear();
    }
    cache.insert(script.to_owned(), ast.clone());
    Ok(ast)
}

/// rhai's own words, in the shape of ours.
fn plain(text: &str) -> String {
    let text: String = text.trim().trim_end_matches('.').replace('\'', "`").chars().take(500).collect();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

struct Scripted {
    context: StepContext,
    ast: Arc<AST>,
    is_brief: bool,
}

#[async_trait]
impl Action for Scripted {
    async fn run(&mut self, _: &mut Outputs<'_>) -> Result<ActionReport> {
        let (context, ast) = (self.context.clone(), self.ast.clone());
        let value = if self.is_brief {
            evaluate(&context, &ast)?
        } else {
            let running = meter::spawn_blocking(move || evaluate(&context, &ast));
            // The sandbox ends a script in time; should it ever not, the step ends all the same.
            match tokio::time::timeout(MAX_TIME + Duration::from_secs(5), running).await {
                Ok(Ok(value)) => value?,
                Ok(Err(_)) => return Err(Error::permanent(ErrorCode::ScriptFailed, "the script's thread failed")),
                Err(_) => return Err(too_long()),
            }
        };
        let outputs = match value {
            Value::Null => Map::new(),
            Value::Object(outputs) => outputs,
            other => Map::from_iter([("result".to_owned(), other)]),
        };
        Ok(ActionReport { outputs, ..ActionReport::default() })
    }
}

fn too_long() -> Error {
    let message = format!("the script takes longer than {} seconds", MAX_TIME.as_secs());
    Error::permanent(ErrorCode::ScriptFailed, message).hint("Let rows travel as batches instead of looping over them.")
}

fn evaluate(context: &StepContext, ast: &AST) -> Result<Value> {
    let mut engine = sandbox();
    let cancel = context.cancel.clone();
    let end = Instant::now() + MAX_TIME;
    // Operations are counted anew within a comparator, so the first one of every count looks at the clock.
    engine.on_progress(move |operations| {
        let stop = operations % 16 == 1 && (cancel.is_cancelled() || Instant::now() > end);
        stop.then_some(Dynamic::UNIT)
    });
    let lines = Arc::new(AtomicUsize::new(0));
    let (logger, counter) = (context.clone(), lines.clone());
    engine
        .register_fn("log", move |level: &str, text: Dynamic| write_line(&logger, &counter, level, &text.to_string()));
    let (logger, counter) = (context.clone(), lines);
    engine.on_print(move |text| {
        // A script that prints without end is told so by `log`; print has no way to fail.
        let _ = write_line(&logger, &counter, "info", text);
    });
    let mut scope = Scope::new();
    for (name, value) in context.values.as_object().into_iter().flatten() {
        let value = rhai::serde::to_dynamic(value).map_err(|error| failed(context, &error))?;
        scope.push_constant_dynamic(name.as_str(), value);
    }
    let result = engine.eval_ast_with_scope::<Dynamic>(&mut scope, ast).map_err(|error| failed(context, &error))?;
    if result.is_unit() {
        return Ok(Value::Null);
    }
    rhai::serde::from_dynamic(&result).map_err(|error| failed(context, &error))
}

fn write_line(context: &StepContext, written: &AtomicUsize, level: &str, text: &str) -> Result<(), Box<EvalAltResult>> {
    if written.fetch_add(1, Ordering::Relaxed) >= MAX_LOG_LINES {
        return Err(format!("a script may write {MAX_LOG_LINES} lines to the log").into());
    }
    let level = match level {
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warn" | "warning" => LogLevel::Warn,
        "error" => LogLevel::Error,
        other => return Err(format!("there is no log level `{other}`: use debug, info, warn or error").into()),
    };
    context.log(level, text.chars().take(4000).collect::<String>());
    Ok(())
}

fn failed(context: &StepContext, error: &EvalAltResult) -> Error {
    match error {
        EvalAltResult::ErrorTerminated(..) if context.cancel.is_cancelled() => {
            Error::permanent(ErrorCode::Canceled, "the script was canceled")
        }
        EvalAltResult::ErrorTerminated(..) => too_long(),
        EvalAltResult::ErrorTooManyOperations(_) => {
            Error::permanent(ErrorCode::ScriptFailed, "the script does more than 100,000,000 operations")
                .hint("Let rows travel as batches instead of looping over them.")
        }
        other => Error::permanent(ErrorCode::ScriptFailed, format!("the script failed: {}", plain(&other.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check_compiles(script: &str, compiles: bool) {
        assert_eq!(compile(script).is_ok(), compiles, "{script}");
    }

    #[test]
    fn scripts_that_do_not_parse_are_refused() {
        check_compiles("1", true);
        check_compiles("", true);
        check_compiles("let x = 1; #{ rows: x + 1 }", true);
        check_compiles("let x = ;", false);
        check_compiles("eval(\"1\")", false);
        check_compiles("import \"x\" as x;", false);
        check_compiles(&"(".repeat(10_000), false);
    }

    #[test]
    fn only_scripts_without_loops_and_calls_are_brief() {
        assert!(is_brief("1") && is_brief("#{ a: inputs.day }"));
        assert!(!is_brief("loop {}") && !is_brief("sort(x)") && !is_brief("while true {}"));
    }
}
