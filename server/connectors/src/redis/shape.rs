//! The structures of Redis that rows are kept in, and the settings of writes and reads that only Redis knows.

use super::typed;
use arrow::datatypes::DataType;
use data::{Error, Mode, Result};
use model::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shape {
    /// A hash with a field per column; NULL removes the field.
    #[default]
    Hash,
    /// A string: one column, or the row as a JSON object.
    String,
    /// Members of a set: one column, or rows as JSON objects.
    Set,
    /// Members of a sorted set, by score.
    #[serde(alias = "sorted_set")]
    Zset,
    /// Elements at the end of a list: one column, or rows as JSON objects.
    List,
    /// Entries of a stream with a field per column.
    Stream,
}

impl Shape {
    /// The word of Redis' `TYPE`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::String => "string",
            Self::Set => "set",
            Self::Zset => "zset",
            Self::List => "list",
            Self::Stream => "stream",
        }
    }

    /// The structure of that word; none for those of modules.
    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Hash, Self::String, Self::Set, Self::Zset, Self::List, Self::Stream]
            .into_iter()
            .find(|shape| shape.word() == word)
    }

    /// Whether writing the same row again leaves the same behind.
    pub(super) fn repeats_harmlessly(self) -> bool {
        !matches!(self, Self::List | Self::Stream)
    }
}

fn invalid(what: &str, error: &serde_json::Error) -> Error {
    let unknown = error.to_string().starts_with("unknown field");
    let code = if unknown { ErrorCode::UnknownKey } else { ErrorCode::InvalidValue };
    Error::permanent(code, format!("settings of the Redis {what}: {error}"))
}

/// Settings of a write.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WriteSettings {
    pub(super) structure: Shape,
    /// Seconds until a key vanishes.
    pub(super) ttl: Option<u64>,
    /// A column that tells these seconds for each row; NULL: as `ttl` says.
    pub(super) ttl_column: Option<String>,
    /// The column that a string, set member or list element holds; none: the row as a JSON object.
    pub(super) value: Option<String>,
    /// The column of a sorted set's scores.
    pub(super) score: Option<String>,
    /// About how many entries a stream keeps.
    pub(super) maxlen: Option<u64>,
}

impl WriteSettings {
    pub(super) fn parse(extra: &Map<String, Value>, mode: Mode) -> Result<Self> {
        let mut extra = extra.clone();
        // The word of Redis for what sets hold.
        if let Some(member) = extra.remove("member") {
            extra.insert("value".to_owned(), member);
        }
        let settings = Self::deserialize(Value::Object(extra)).map_err(|error| invalid("write", &error))?;
        let refuse = |message: &str| Err(Error::permanent(ErrorCode::InvalidValue, message));
        let shape = settings.structure;
        if settings.ttl == Some(0) {
            return refuse("`ttl` must be at least 1 second");
        }
        if (shape == Shape::Zset) != settings.score.is_some() {
            return refuse(
                "`score` names the column of a sorted set's scores: it goes with `structure: zset` and only there",
            );
        }
        if settings.maxlen.is_some() && shape != Shape::Stream {
            return refuse("`maxlen` goes with `structure: stream` only");
        }
        if settings.value.is_some() && matches!(shape, Shape::Hash | Shape::Stream) {
            return refuse(
                "`value` goes with strings, sets, sorted sets and lists; a hash or stream has a field per column",
            );
        }
        let fits = match mode {
            Mode::Append => true,
            Mode::Upsert => shape.repeats_harmlessly(),
            Mode::Replace => matches!(shape, Shape::Hash | Shape::String),
            Mode::InsertIgnore => matches!(shape, Shape::String | Shape::Set | Shape::Zset),
            Mode::Truncate => false,
        };
        if !fits {
            let mode = serde_json::to_value(mode).unwrap_or_default();
            let what = format!("mode {mode} for a {}", shape.word());
            return Err(super::unsupported(&what, "Use `append`, or for keyed structures `upsert`."));
        }
        Ok(settings)
    }
}

/// Settings of a read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRead {
    structure: Option<Shape>,
    columns: Map<String, Value>,
    json: bool,
}

/// Settings of a read, its types read.
#[derive(Debug, Default)]
pub(super) struct ReadSettings {
    /// The structure; none: the one that the keys are found to have.
    pub(super) structure: Option<Shape>,
    /// Columns and their types.
    pub(super) columns: Vec<(String, DataType)>,
    /// Whether strings, members and elements are JSON objects whose fields are the columns.
    pub(super) json: bool,
}

impl ReadSettings {
    pub(super) fn parse(extra: &Map<String, Value>) -> Result<Self> {
        let raw = RawRead::deserialize(Value::Object(extra.clone())).map_err(|error| invalid("read", &error))?;
        let mut columns = Vec::new();
        for (name, word) in raw.columns {
            let Value::String(word) = &word else {
                let message = format!("the type of column `{name}` is not a text");
                return Err(Error::permanent(ErrorCode::InvalidValue, message)
                    .hint("Write it like `columns: { price: float64 }`."));
            };
            columns.push((name, typed::parse(word)?));
        }
        if raw.json && columns.is_empty() {
            return Err(Error::permanent(
                ErrorCode::MissingKey,
                "`json` needs `columns`: which fields, and their types",
            )
            .hint("Write it like `columns: { price: float64 }`."));
        }
        Ok(Self { structure: raw.structure, columns, json: raw.json })
    }

    /// The type of a column; text where none was said.
    pub(super) fn data_type(&self, name: &str) -> DataType {
        self.columns.iter().find(|(other, _)| other == name).map_or(DataType::Utf8, |(_, data_type)| data_type.clone())
    }
}
