//! Compiles and evaluates single expressions with rhai, within limits.

use super::Mistake;
use super::functions::{MODULE, Moment};
use super::token::{MAX_BYTES, ROOTS, Reference, Tokens, cut};
use super::value::{from_json, to_json};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::nearest;
use rhai::packages::{ArithmeticPackage, LogicPackage, Package};
use rhai::{AST, Dynamic, Engine, EvalAltResult, OptimizationLevel, Position};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one evaluation may take.
const MAX_TIME: Duration = Duration::from_millis(250);

/// How many compiled expressions are kept.
const CACHED: usize = 4096;

static CACHE: LazyLock<Mutex<HashMap<String, Arc<Compiled>>>> = LazyLock::new(Mutex::default);
static COMPILER: LazyLock<Engine> = LazyLock::new(engine);
static ARITHMETIC: LazyLock<ArithmeticPackage> = LazyLock::new(ArithmeticPackage::new);
static LOGIC: LazyLock<LogicPackage> = LazyLock::new(LogicPackage::new);

/// An expression that parses.
#[derive(Debug)]
pub(super) struct Compiled {
    ast: AST,
    /// Finds the author's spelling of a place that rhai names.
    places: Vec<usize>,
    pub(super) references: Vec<Reference>,
}

impl Compiled {
    fn offset_of(&self, position: Position) -> usize {
        let column = position.position().unwrap_or(1);
        self.places.get(column - 1).or(self.places.last()).copied().unwrap_or(0)
    }
}

/// An engine without any of rhai's library but arithmetic and comparison, with limits.
fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_operations(100_000);
    engine.set_max_call_levels(8);
    engine.set_max_expr_depths(64, 64);
    engine.set_max_variables(16);
    engine.set_max_functions(0);
    engine.set_max_modules(0);
    engine.set_max_string_size(1024 * 1024);
    engine.set_max_array_size(200_000);
    engine.set_max_map_size(200_000);
    engine.set_allow_anonymous_fn(false);
    engine.set_allow_looping(false);
    engine.set_allow_loop_expressions(false);
    engine.set_allow_statement_expression(false);
    engine.set_allow_shadowing(false);
    engine.set_fail_on_invalid_map_property(true);
    for symbol in ["eval", "print", "debug", "Fn", "call", "curry", "is_shared", "type_of", "import", "export"] {
        engine.disable_symbol(symbol);
    }
    engine.register_global_module(ARITHMETIC.as_shared_module());
    engine.register_global_module(LOGIC.as_shared_module());
    engine.register_global_module(MODULE.clone());
    engine
}

/// The compiled form of an expression, from the cache where it was compiled before.
pub(super) fn compile_code(code: &str) -> Result<Arc<Compiled>, Mistake> {
    if code.len() > MAX_BYTES {
        let message = format!("the expression is longer than {MAX_BYTES} bytes");
        return Err(Mistake::new(message, "Move the logic into a `script` step.", 0));
    }
    // A panic while the lock is held cannot leave the map half changed, so poison means nothing here.
    if let Some(found) = CACHE.lock().unwrap_or_else(PoisonError::into_inner).get(code) {
        return Ok(found.clone());
    }
    let (tokens, _) = cut(code, false)?;
    let tokens = Tokens::new(code, &tokens);
    tokens.check_words()?;
    let respelled = tokens.respell();
    let length = respelled.code.chars().count();
    let ast = COMPILER.compile_expression(&respelled.code).map_err(|error| {
        let offset = respelled.offset_of(error.position().position());
        let hint = "Write it as in `steps.same.differences > 0`; `docs/workflows.md` shows the rest.";
        Mistake::new(format!("the expression does not parse: {}", plain(&error.err_type().to_string())), hint, offset)
    })?;
    let places = (1..=length + 1).map(|column| respelled.offset_of(Some(column))).collect();
    let compiled = Arc::new(Compiled { ast, places, references: tokens.references() });
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CACHED {
        cache.clear();
    }
    cache.insert(code.to_owned(), compiled.clone());
    Ok(compiled)
}

/// rhai's own words, in the shape of ours.
fn plain(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').replace('\'', "`");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Evaluates expressions over one set of values.
pub(super) struct Evaluator {
    /// Constants only, so evaluations leave it as it was; rhai wants it mutable all the same.
    values: Mutex<rhai::Scope<'static>>,
    moment: Moment,
}

impl Evaluator {
    pub(super) fn new(values: &Value, now: DateTime<Utc>, timezone: Tz) -> Self {
        let mut scope = rhai::Scope::new();
        for root in ROOTS {
            if let Some(value) = values.get(root) {
                scope.push_constant_dynamic(root, from_json(value));
            }
        }
        let steps = values.get("steps").and_then(Value::as_object);
        let failed = steps.is_some_and(|steps| {
            steps.values().any(|step| step.get("status").and_then(Value::as_str) == Some("failed"))
        });
        Self { values: Mutex::new(scope), moment: Moment { now, timezone, failed } }
    }

    /// The value of one expression.
    pub(super) fn evaluate(&self, code: &str) -> Result<Value, Mistake> {
        let compiled = compile_code(code)?;
        let mut engine = engine();
        engine.set_default_tag(Dynamic::from(self.moment));
        let end = Instant::now() + MAX_TIME;
        engine.on_progress(move |_| (Instant::now() > end).then_some(Dynamic::UNIT));
        let value = {
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            engine.eval_ast_with_scope::<Dynamic>(&mut values, &compiled.ast)
        };
        let value = value.and_then(|value| to_json(&value));
        value.map_err(|error| self.explain(code, &compiled, &error))
    }

    fn explain(&self, code: &str, compiled: &Compiled, error: &EvalAltResult) -> Mistake {
        let offset = compiled.offset_of(error.position());
        let code: String = code.trim().chars().take(80).collect();
        let mistake = |message: String, hint: String| Mistake::new(message, hint, offset);
        match error {
            EvalAltResult::ErrorVariableNotFound(name, _) => mistake(
                format!("`{code}` names `{name}`, which has no value here"),
                "`item` exists within `foreach` only.".to_owned(),
            ),
            EvalAltResult::ErrorPropertyNotFound(name, _) => {
                let name = name.trim_matches(['\'', '"', '`']);
                mistake(format!("`{code}` names `{name}`, which does not exist"), self.hint_about(name, compiled))
            }
            EvalAltResult::ErrorTooManyOperations(_) | EvalAltResult::ErrorTerminated(..) => {
                mistake(format!("`{code}` takes too long"), "Move the logic into a `script` step.".to_owned())
            }
            EvalAltResult::ErrorDataTooLarge(..) | EvalAltResult::ErrorStackOverflow(_) => {
                mistake(format!("`{code}` grows too large"), "Let a step carry data of that size as rows.".to_owned())
            }
            EvalAltResult::ErrorFunctionNotFound(call, _) => mistake(
                format!("`{code}` calls `{}`, which does not take these values", plain(call)),
                "Look at the types: text and numbers are compared after `integer(x)` or `text(x)`.".to_owned(),
            ),
            EvalAltResult::ErrorRuntime(told, _) => {
                mistake(format!("`{code}` failed: {told}"), "Look at the values it is given.".to_owned())
            }
            EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => self.explain(&code, compiled, inner),
            other => mistake(
                format!("`{code}` failed: {}", plain(&strip_position(other))),
                "Look at the values it is given.".to_owned(),
            ),
        }
    }

    /// What to do about a property that is not there: a near name, or why a step may lack it.
    fn hint_about(&self, name: &str, compiled: &Compiled) -> String {
        let general = || "See what the step or input offers; `has(map, \"key\")` asks for it.".to_owned();
        let found = compiled.references.iter().find_map(|reference| {
            let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            let root = values.get_value::<rhai::Map>(&reference.root)?;
            if reference.name.as_deref() == Some(name) {
                return Some(keys(&root));
            }
            let inner = root.get(reference.name.as_deref()?)?.clone().try_cast::<rhai::Map>()?;
            (reference.property.as_deref() == Some(name)).then(|| keys(&inner))
        });
        let Some(known) = found else { return general() };
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if known.is_empty() => general(),
            None => format!("There are {}.", list(&known)),
        }
    }
}

fn keys(map: &rhai::Map) -> Vec<String> {
    map.keys().take(20).map(ToString::to_string).collect()
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The error's text without rhai's `(line 1, position 7)`, which counts in the respelled text.
fn strip_position(error: &EvalAltResult) -> String {
    let text = error.to_string();
    text.split(" (line ").next().unwrap_or_default().to_owned()
}
