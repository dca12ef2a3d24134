//! Reads a step's rendered settings into a kind's own type.

use data::{Error, Result};
use model::document::Step;
use model::{ErrorCode, Fault};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The settings of `step` as `T`.
///
/// # Errors
/// `invalid_value` naming the step and what does not fit. The checker has held the document against the kind's schema;
/// what is wrong here came out of an expression.
pub(crate) fn read<T: DeserializeOwned>(step: &Step) -> Result<T> {
    parse(&step.with).map_err(|error| {
        let message = format!("the settings of step `{}` do not fit: {error}", step.id);
        Fault::new(ErrorCode::InvalidValue, message).path(format!("steps.{}.with", step.id)).into()
    })
}

/// `with` as `T`.
pub(crate) fn parse<T: DeserializeOwned>(with: &Map<String, Value>) -> Result<T, serde_json::Error> {
    serde_json::from_value(Value::Object(with.clone()))
}

/// A setting that is wrong in itself.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::permanent(ErrorCode::InvalidValue, message)
}

/// Whether the text is still to be rendered, so that nothing can be said of it yet.
pub(crate) fn is_open(text: &str) -> bool {
    engine::expression::has_expression(text)
}

/// One text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Names {
    /// None.
    #[default]
    None,
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    /// As a list.
    pub(crate) fn into_list(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }

    /// As a list.
    pub(crate) fn to_list(&self) -> Vec<String> {
        self.clone().into_list()
    }
}

/// The JSON Schema of one name or a list of names.
pub(crate) fn names_schema(description: &str) -> Value {
    serde_json::json!({
        "description": description,
        "oneOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 },
        ],
    })
}
