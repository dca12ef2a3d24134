//! Holds a step's settings against the JSON Schema its kind publishes, and says in people's words what does not fit.
//!
//! Text with an expression is accepted wherever it stands: what it will be is known when the step starts, and checked
//! again then. Of alternatives (`oneOf`, `anyOf`) the likeliest is explained, rather than all of them.

use crate::expression::has_expression;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use model::kind::KindInfo;
use model::{ErrorCode, nearest};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// How many compiled schemas are kept.
const CACHED: usize = 500;

/// One thing that is wrong with settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: ErrorCode,
    /// From the settings on: empty, or `.rules.0.when`.
    pub(super) path: String,
    /// Whether it is the key that is wrong, rather than its value.
    pub(super) about_key: bool,
    pub(super) message: String,
    pub(super) hint: String,
}

struct Compiled {
    schema: Value,
    validator: Validator,
}

static CACHE: LazyLock<Mutex<HashMap<String, Arc<Compiled>>>> = LazyLock::new(Mutex::default);

/// Everything that is wrong with the settings of a step of that kind.
pub(super) fn check(with: &Map<String, Value>, kind: &KindInfo) -> Vec<Problem> {
    let compiled = match compile(kind) {
        Ok(compiled) => compiled,
        Err(why) => {
            return vec![Problem {
                code: ErrorCode::PluginInvalid,
                path: String::new(),
                about_key: false,
                message: format!("the schema that `{}` publishes of its settings cannot be used: {why}", kind.name),
                hint: "Tell its author.".to_owned(),
            }];
        }
    };
    let settings = Value::Object(with.clone());
    let mut problems = Vec::new();
    for error in compiled.validator.iter_errors(&settings) {
        if !is_excused(&error, &settings) {
            describe(&error, &settings, &compiled.schema, &mut problems);
        }
        if problems.len() > 100 {
            break;
        }
    }
    problems
}

fn compile(kind: &KindInfo) -> Result<Arc<Compiled>, String> {
    if let Some(found) = CACHE.lock().unwrap_or_else(PoisonError::into_inner).get(&kind.name)
        && found.schema == kind.schema
    {
        return Ok(found.clone());
    }
    let validator = jsonschema::options().offline().build(&kind.schema).map_err(|error| error.to_string())?;
    let compiled = Arc::new(Compiled { schema: kind.schema.clone(), validator });
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CACHED {
        cache.clear();
    }
    cache.insert(kind.name.clone(), compiled.clone());
    Ok(compiled)
}

fn alternatives<'e>(error: &'e ValidationError<'_>) -> Option<&'e [Vec<ValidationError<'static>>]> {
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => Some(context),
        _ => None,
    }
}

/// Whether the error is only about text whose expression is not rendered yet.
fn is_excused(error: &ValidationError<'_>, settings: &Value) -> bool {
    if let Some(branches) = alternatives(error) {
        return branches.iter().any(|branch| branch.iter().all(|error| is_excused(error, settings)));
    }
    let instance = settings.pointer(error.instance_path().as_str());
    match error.kind() {
        Kind::OneOfMultipleValid { .. } | Kind::Not { .. } => instance.is_some_and(holds_expression),
        _ => instance.and_then(Value::as_str).is_some_and(has_expression),
    }
}

fn holds_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => has_expression(text),
        Value::Array(items) => items.iter().any(holds_expression),
        Value::Object(map) => map.values().any(holds_expression),
        _ => false,
    }
}

fn describe(error: &ValidationError<'_>, settings: &Value, schema: &Value, problems: &mut Vec<Problem>) {
    if let Some(branches) = alternatives(error) {
        return describe_alternatives(error, branches, settings, schema, problems);
    }
    let pointer = error.instance_path().as_str();
    let path = dotted(pointer);
    let name = name_of(&path);
    let instance = settings.pointer(pointer).unwrap_or(&Value::Null);
    let mut push = |code, path: String, about_key, message: String, hint: String| {
        problems.push(Problem { code, path, about_key, message, hint });
    };
    let value = ErrorCode::InvalidValue;
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = properties_at(schema, error.evaluation_path().as_str());
            for key in unexpected {
                let hint = match nearest(key, known.iter().map(String::as_str)) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None if known.is_empty() => "It takes no keys.".to_owned(),
                    None => format!("Known keys are {}.", listed(&known)),
                };
                let message = format!("{name} has no key `{}`", shorten(key));
                push(ErrorCode::UnknownKey, format!("{path}.{key}"), true, message, hint);
            }
        }
        Kind::Required { property } => {
            let property = property.as_str().unwrap_or_default();
            let hint = description_at(schema, error.evaluation_path().as_str(), property)
                .map_or_else(|| format!("Add `{property}: …`."), |about| format!("Add `{property}`: {about}"));
            push(ErrorCode::MissingKey, path.clone(), false, format!("{name} lacks the key `{property}`"), hint);
        }
        Kind::Type { .. } => {
            let wanted = types_at(schema, error.evaluation_path().as_str());
            let message = format!("{name} must be {wanted}, not {}", kind_of(instance));
            push(value, path.clone(), false, message, format!("Write {wanted}."));
        }
        Kind::Enum { options } => {
            let options: Vec<&Value> = options.as_array().map(|options| options.iter().collect()).unwrap_or_default();
            let (message, hint) = wrong_word(&name, instance, &options);
            push(value, path.clone(), false, message, hint);
        }
        Kind::Constant { expected_value } => {
            let (message, hint) = wrong_word(&name, instance, &[expected_value]);
            push(value, path.clone(), false, message, hint);
        }
        kind => {
            let hint = match kind {
                Kind::Minimum { limit } => format!("Write at least {limit}."),
                Kind::Maximum { limit } => format!("Write at most {limit}."),
                Kind::ExclusiveMinimum { limit } => format!("Write more than {limit}."),
                Kind::ExclusiveMaximum { limit } => format!("Write less than {limit}."),
                Kind::MinLength { limit } => format!("Write at least {limit} characters."),
                Kind::MaxLength { limit } => format!("Write at most {limit} characters."),
                Kind::MinItems { limit } => format!("List at least {limit}."),
                Kind::MaxItems { limit } => format!("List at most {limit}."),
                Kind::MinProperties { limit } => format!("Give at least {limit} keys."),
                Kind::MaxProperties { limit } => format!("Give at most {limit} keys."),
                Kind::UniqueItems => "Remove what is there twice.".to_owned(),
                Kind::Pattern { pattern } => format!("It must match `{pattern}`."),
                Kind::Format { format } => format!("Write a {format}."),
                _ => "See the page on this step kind for what it may be.".to_owned(),
            };
            // Only short and harmless values are repeated: settings may hold secrets.
            let message = match instance {
                Value::Number(_) | Value::Bool(_) => format!("{name} cannot be {instance}"),
                Value::Array(items) => format!("{name} cannot be a list of {} items", items.len()),
                _ => format!("{name} cannot be this {}", bare_kind_of(instance)),
            };
            push(value, path.clone(), false, message, hint);
        }
    }
}

/// Explains the likeliest of several alternatives.
fn describe_alternatives(
    error: &ValidationError<'_>,
    branches: &[Vec<ValidationError<'static>>],
    settings: &Value,
    schema: &Value,
    problems: &mut Vec<Problem>,
) {
    let pointer = error.instance_path().as_str();
    // Alternatives that differ by one word (`source: csv`, `source: json`): the word is what is wrong.
    if let Some((word_at, options)) = common_words(branches, settings) {
        let path = dotted(&word_at);
        let instance = settings.pointer(&word_at).unwrap_or(&Value::Null);
        let (message, hint) = wrong_word(&name_of(&path), instance, &options.iter().collect::<Vec<_>>());
        problems.push(Problem { code: ErrorCode::InvalidValue, path, about_key: false, message, hint });
        return;
    }
    let score = |branch: &[ValidationError<'static>]| -> usize {
        let of = |error: &ValidationError<'static>| match error.kind() {
            _ if is_excused(error, settings) => 0,
            Kind::Type { .. } if error.instance_path().as_str() == pointer => 100,
            Kind::Constant { .. } | Kind::Enum { .. } => 50,
            Kind::Required { .. } => 5,
            _ => 1,
        };
        branch.iter().map(of).sum()
    };
    let Some(best) = branches.iter().min_by_key(|branch| score(branch)) else { return };
    if score(best) < 100 {
        for error in best.iter().filter(|error| !is_excused(error, settings)) {
            describe(error, settings, schema, problems);
        }
        return;
    }
    let mut wanted: Vec<String> = Vec::new();
    for error in branches.iter().flatten().filter(|error| matches!(error.kind(), Kind::Type { .. })) {
        let types = types_at(schema, error.evaluation_path().as_str());
        if error.instance_path().as_str() == pointer && types != "nothing" && !wanted.contains(&types) {
            wanted.push(types);
        }
    }
    let (path, wanted) = (dotted(pointer), wanted.join(" or "));
    let found = settings.pointer(pointer).unwrap_or(&Value::Null);
    let message = format!("{} must be {wanted}, not {}", name_of(&path), kind_of(found));
    let hint = format!("Write {wanted}.");
    problems.push(Problem { code: ErrorCode::InvalidValue, path, about_key: false, message, hint });
}

/// Where every alternative asks for another word in the same place: the place, and the words.
fn common_words(branches: &[Vec<ValidationError<'static>>], settings: &Value) -> Option<(String, Vec<Value>)> {
    let words = |error: &ValidationError<'static>| match error.kind() {
        Kind::Constant { expected_value } => Some(vec![(**expected_value).clone()]),
        Kind::Enum { options } => options.as_array().cloned(),
        _ => None,
    };
    let first = branches.first()?.iter().find(|error| words(error).is_some())?;
    let place = first.instance_path().as_str();
    let mut all = Vec::new();
    for branch in branches {
        let at_place = |error: &&ValidationError<'static>| error.instance_path().as_str() == place;
        match branch.iter().filter(at_place).find_map(words) {
            Some(more) => all.extend(more),
            // `null` is always an alternative of an optional value and says nothing.
            None if branch.iter().any(|error| at_place(&error) && matches!(error.kind(), Kind::Type { .. })) => {}
            None => return None,
        }
    }
    settings.pointer(place).filter(|value| value.is_string()).map(|_| (place.to_owned(), all))
}

fn wrong_word(name: &str, found: &Value, options: &[&Value]) -> (String, String) {
    let words: Vec<String> = options
        .iter()
        .filter(|option| !option.is_null())
        .map(|option| option.as_str().map_or_else(|| option.to_string(), ToOwned::to_owned))
        .collect();
    match found.as_str() {
        Some(word) => {
            let hint = match nearest(word, words.iter().map(String::as_str)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Write one of {}.", listed(&words)),
            };
            (format!("{name} cannot be `{}`", shorten(word)), hint)
        }
        None => (format!("{name} cannot be {}", kind_of(found)), format!("Write one of {}.", listed(&words))),
    }
}

/// `/rules/0/when` as `.rules.0.when`.
fn dotted(pointer: &str) -> String {
    pointer.replace('/', ".").replace("~1", "/").replace("~0", "~")
}

/// What a path is about, in a message.
fn name_of(path: &str) -> String {
    match path.rsplit('.').find(|word| !word.is_empty() && word.parse::<usize>().is_err()) {
        None => "`with`".to_owned(),
        Some(word) => match path.rsplit('.').next().and_then(|last| last.parse::<usize>().ok()) {
            Some(index) => format!("item {} of `{}`", index + 1, shorten(word)),
            None => format!("`{}`", shorten(word)),
        },
    }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

fn bare_kind_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Object(_) => "mapping",
        _ => "value",
    }
}

/// The keyword's schema that an evaluation path leads to, and its parent, following references.
fn walk<'s>(schema: &'s Value, path: &str) -> (&'s Value, &'s Value) {
    let (mut parent, mut node) = (schema, schema);
    for segment in path.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let next = match segment.as_str() {
            "$ref" => {
                let pointer = node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
                pointer.and_then(|pointer| schema.pointer(pointer))
            }
            segment => node.get(segment).or_else(|| segment.parse::<usize>().ok().and_then(|index| node.get(index))),
        };
        let Some(next) = next else { break };
        (parent, node) = (node, next);
    }
    (parent, node)
}

/// The keys that an object's schema knows, at the path of its `additionalProperties`.
fn properties_at(schema: &Value, path: &str) -> Vec<String> {
    let (parent, _) = walk(schema, path);
    let mut names = Vec::new();
    collect_properties(schema, parent, &mut names, 0);
    names
}

fn collect_properties(schema: &Value, node: &Value, names: &mut Vec<String>, depth: usize) {
    if depth > 8 {
        return;
    }
    let own = node.get("properties").and_then(Value::as_object);
    names.extend(own.into_iter().flat_map(Map::keys).cloned());
    let pointer = node.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    if let Some(target) = pointer.and_then(|pointer| schema.pointer(pointer)) {
        collect_properties(schema, target, names, depth + 1);
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for branch in node.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            collect_properties(schema, branch, names, depth + 1);
        }
    }
    names.sort();
    names.dedup();
}

/// What a property is for, by the schema, at the path of a `required`.
fn description_at(schema: &Value, path: &str, property: &str) -> Option<String> {
    let (parent, _) = walk(schema, path);
    // Where `required` lists several, the path leads one level deeper.
    let node = if parent.is_array() { walk(schema, path.rsplit_once('/')?.0).0 } else { parent };
    let about = node.get("properties")?.get(property)?.get("description")?.as_str()?;
    let mut sentence = about.lines().next()?.trim().to_owned();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    Some(sentence)
}

/// The types that a schema allows, in words, at the path of its `type`.
fn types_at(schema: &Value, path: &str) -> String {
    let (_, node) = walk(schema, path);
    let word = |name: &str| match name {
        "array" => "a list",
        "object" => "a mapping",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "null" => "nothing",
        _ => "another value",
    };
    match node {
        Value::String(name) => word(name).to_owned(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.map(word).collect::<Vec<_>>().join(" or ")
        }
        _ => "another value".to_owned(),
    }
}

fn listed(words: &[String]) -> String {
    words.iter().take(20).map(|word| format!("`{}`", shorten(word))).collect::<Vec<_>>().join(", ")
}

/// At most 40 characters of the text, for messages.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
