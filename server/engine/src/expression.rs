//! `${{ }}` expressions: finds them in text, compiles them, and evaluates them in a sandbox.
//!
//! The language is rhai without statements, loops and functions of its own, and with the functions of
//! [`FUNCTIONS`] only. An evaluation cannot reach a file, the network, the environment or the clock (the moment is
//! handed in), and is stopped by limits on operations, sizes, depth and time.
//! Start with [`render`] and [`condition`]; the checker uses [`check`] and [`check_condition`].

mod evaluate;
mod functions;
mod template;
mod token;
mod value;

pub use functions::{FUNCTIONS, Function};
pub use token::Reference;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use evaluate::{Evaluator, compile_code};
use model::document::Step;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use std::sync::OnceLock;
use template::Part;

/// How much text one call of [`render`] may make, in bytes.
const MAX_RENDERED: usize = 16 * 1024 * 1024;

/// What expressions can see: values, a moment and a time zone.
pub struct Scope<'a> {
    values: &'a Value,
    now: DateTime<Utc>,
    timezone: Tz,
    evaluator: OnceLock<Evaluator>,
}

impl<'a> Scope<'a> {
    /// A scope over `values`: an object with `inputs`, `steps`, `run`, `trigger` and perhaps `item`.
    ///
    /// Its time zone is that of the trigger (`trigger.timezone`), so that a cron line and its run agree about the day;
    /// UTC where it has none.
    #[must_use]
    pub fn new(values: &'a Value, now: DateTime<Utc>) -> Self {
        let named = values.get("trigger").and_then(|trigger| trigger.get("timezone")).and_then(Value::as_str);
        let timezone = named.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC);
        Self { values, now, timezone, evaluator: OnceLock::new() }
    }

    /// The same scope in another time zone.
    #[must_use]
    pub fn timezone(mut self, timezone: Tz) -> Self {
        self.timezone = timezone;
        self
    }

    fn evaluator(&self) -> &Evaluator {
        self.evaluator.get_or_init(|| Evaluator::new(self.values, self.now, self.timezone))
    }
}

/// Something wrong within an expression, and where: in bytes from the start of the text that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Lowercase, no final period.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), hint: hint.into(), offset }
    }

    fn shift(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
}

impl From<Mistake> for Fault {
    fn from(mistake: Mistake) -> Self {
        Fault::new(ErrorCode::InvalidExpression, mistake.message).hint(mistake.hint)
    }
}

/// Whether the text holds an expression (or an escaped `$${{`).
#[must_use]
pub fn has_expression(text: &str) -> bool {
    text.contains("${{")
}

/// How many expressions [`check`] looks at in one text, and how many mistakes it collects.
const MAX_CHECKED: usize = 500;

/// Every name that the text's expressions use, and what is wrong with them (at most 100 mistakes).
#[must_use]
pub fn check(text: &str) -> (Vec<Reference>, Vec<Mistake>) {
    let parts = match template::split(text) {
        Ok(parts) => parts,
        Err(mistake) => return (Vec::new(), vec![mistake]),
    };
    let (mut references, mut mistakes) = (Vec::new(), Vec::new());
    let mut count = 0;
    for part in parts {
        let Part::Expression { code, offset } = part else { continue };
        count += 1;
        if count > MAX_CHECKED {
            let message = format!("the text holds more than {MAX_CHECKED} expressions");
            mistakes.push(Mistake::new(message, "Let a `script` step make the text.", offset));
        }
        if count > MAX_CHECKED || mistakes.len() >= 100 {
            break;
        }
        match compile_code(code) {
            Ok(compiled) => references.extend(
                compiled.references.iter().map(|found| Reference { offset: found.offset + offset, ..found.clone() }),
            ),
            Err(mistake) => mistakes.push(mistake.shift(offset)),
        }
    }
    (references, mistakes)
}

/// As [`check`], for a bare condition as in `if`.
#[must_use]
pub fn check_condition(code: &str) -> (Vec<Reference>, Vec<Mistake>) {
    match compile_code(code) {
        Ok(compiled) => (compiled.references.clone(), Vec::new()),
        Err(mistake) => (Vec::new(), vec![mistake]),
    }
}

/// Every name that the expressions of the text use; none where they do not parse.
#[must_use]
pub fn references(text: &str) -> Vec<Reference> {
    check(text).0
}

/// Compiles every expression of the text.
///
/// # Errors
/// The first expression that does not parse.
pub fn compile(text: &str) -> Result<(), Fault> {
    check(text).1.into_iter().next().map_or(Ok(()), |mistake| Err(mistake.into()))
}

/// Replaces the expressions in all text within `value`.
///
/// Text that is exactly one `${{ }}` becomes the expression's value; otherwise the values become part of the text.
/// `$${{` stands for a literal `${{`.
///
/// # Errors
/// `invalid_expression` where one does not parse, names what is not there or exceeds a limit. The fault's path is
/// relative to `value`.
pub fn render(value: &Value, scope: &Scope<'_>) -> Result<Value, Fault> {
    let mut budget = MAX_RENDERED;
    render_within(value, scope, "", &mut budget)
}

/// Renders a step's settings. Those of the steps nested in a `foreach` keep their expressions, whose `item` is not known
/// yet; so does the `template` of an `alert`, which is made when the alert's rows are known.
///
/// # Errors
/// As for [`render`], with the path `steps.<id>.with.…`.
pub fn render_settings(step: &Step, scope: &Scope<'_>) -> Result<Map<String, Value>, Fault> {
    let mut budget = MAX_RENDERED;
    let mut rendered = Map::with_capacity(step.with.len());
    for (key, value) in &step.with {
        let keep = matches!((step.uses.as_str(), key.as_str()), ("foreach", "steps") | ("alert", "template"));
        let path = format!("steps.{}.with.{key}", step.id);
        let value = if keep { value.clone() } else { render_within(value, scope, &path, &mut budget)? };
        rendered.insert(key.clone(), value);
    }
    Ok(rendered)
}

fn render_within(value: &Value, scope: &Scope<'_>, path: &str, budget: &mut usize) -> Result<Value, Fault> {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::String(text) if has_expression(text) => render_text(text, scope, budget).map_err(|mistake| {
            let fault = Fault::from(mistake);
            if path.is_empty() { fault } else { fault.path(path) }
        }),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            let rendered = items.map(|(index, item)| render_within(item, scope, &join(&index.to_string()), budget));
            rendered.collect::<Result<_, _>>().map(Value::Array)
        }
        Value::Object(map) => {
            let pairs =
                map.iter().map(|(key, value)| Ok((key.clone(), render_within(value, scope, &join(key), budget)?)));
            pairs.collect::<Result<_, Fault>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

fn render_text(text: &str, scope: &Scope<'_>, budget: &mut usize) -> Result<Value, Mistake> {
    let mut spend = |bytes: usize, offset: usize| {
        *budget = budget.checked_sub(bytes).ok_or_else(|| {
            let hint = "Let a step carry data of that size as rows.";
            Mistake::new("the expressions make more than 16 MiB of text", hint, offset)
        })?;
        Ok(())
    };
    let parts = template::split(text)?;
    if let [Part::Expression { code, offset }] = parts[..] {
        let value = scope.evaluator().evaluate(code).map_err(|mistake| mistake.shift(offset))?;
        spend(weight(&value), offset)?;
        return Ok(value);
    }
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Expression { code, offset } => {
                let value = scope.evaluator().evaluate(code).map_err(|mistake| mistake.shift(offset))?;
                let before = out.len();
                match value {
                    Value::Null => {
                        let message = format!("`{}` is null, which cannot become part of a text", code.trim());
                        let hint = format!("Say what to write instead: `default({}, \"…\")`.", code.trim());
                        return Err(Mistake::new(message, hint, offset));
                    }
                    Value::String(text) => out.push_str(&text),
                    other => out.push_str(&other.to_string()),
                }
                spend(out.len() - before, offset)?;
            }
        }
    }
    Ok(Value::String(out))
}

/// About how many bytes the value needs.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 16,
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>() + 16,
        _ => 16,
    }
}

/// Whether the condition (without `${{ }}`) holds.
///
/// # Errors
/// `invalid_expression` as for [`render`], and where the result is neither `true` nor `false`.
pub fn condition(code: &str, scope: &Scope<'_>) -> Result<bool, Fault> {
    match scope.evaluator().evaluate(code)? {
        Value::Bool(holds) => Ok(holds),
        other => {
            let found = match other {
                Value::Null => "null",
                Value::Number(_) => "a number",
                Value::String(_) => "text",
                Value::Array(_) => "a list",
                _ => "a mapping",
            };
            let message = format!("the condition `{}` gives {found}, not true or false", code.trim());
            Err(Fault::new(ErrorCode::InvalidExpression, message)
                .hint("Compare it with something: `… > 0`, `… == \"x\"`."))
        }
    }
}

#[cfg(test)]
mod tests;
