//! Values on their way between JSON and rhai.

use rhai::{Array, Dynamic, EvalAltResult, Map};
use serde_json::{Number, Value};

/// The rhai value of a JSON value. Whole numbers beyond 64 signed bits become floats.
pub(super) fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(bool) => (*bool).into(),
        Value::Number(number) => {
            number.as_i64().map(Dynamic::from).or_else(|| number.as_f64().map(Dynamic::from)).unwrap_or(Dynamic::UNIT)
        }
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(from_json).collect::<Array>().into(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect::<Map>().into()
        }
    }
}

/// The JSON value of a rhai value.
///
/// # Errors
/// What JSON has no word for: infinities, functions, ranges.
pub(super) fn to_json(value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(bool) = value.as_bool() {
        return Ok(bool.into());
    }
    if let Ok(int) = value.as_int() {
        return Ok(int.into());
    }
    if let Ok(float) = value.as_float() {
        let number = Number::from_f64(float).ok_or("the result is not a finite number")?;
        return Ok(number.into());
    }
    if value.is_string() || value.is_char() {
        return Ok(value.to_string().into());
    }
    if let Ok(items) = value.as_array_ref() {
        return items.iter().map(to_json).collect::<Result<Vec<_>, _>>().map(Value::Array);
    }
    if let Ok(map) = value.as_map_ref() {
        let pairs = map.iter().map(|(key, value)| Ok((key.to_string(), to_json(value)?)));
        return pairs.collect::<Result<serde_json::Map<_, _>, Box<EvalAltResult>>>().map(Value::Object);
    }
    Err(format!("{} is no value of JSON", kind_of(value)).into())
}

/// The value as text within other text.
///
/// # Errors
/// For null, which would vanish without a trace, and for what JSON has no word for.
pub(super) fn display(value: &Dynamic) -> Result<String, Box<EvalAltResult>> {
    match to_json(value)? {
        Value::Null => Err("null cannot become part of a text".into()),
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

/// What the value is, for messages.
pub(super) fn kind_of(value: &Dynamic) -> &'static str {
    match value.type_name() {
        "()" => "null",
        "bool" => "true or false",
        "i64" => "a whole number",
        "f64" => "a number",
        "string" | "char" => "text",
        "array" => "a list",
        "map" => "a mapping",
        _ if value.is_array() => "a list",
        _ if value.is_map() => "a mapping",
        _ if value.is_string() => "text",
        _ => "something else",
    }
}
