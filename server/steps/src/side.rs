//! What a step counts or compares: a table or query of a connection, or a file.

use crate::kind::StepContext;
use crate::settings;
use data::connector::Relation;
use data::registry::FileRequest;
use data::{Error, Files, Result, Source};
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use transfer::Side;

/// Settings that name rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SideSettings {
    connection: Option<String>,
    table: Option<String>,
    query: Option<String>,
    #[serde(rename = "where")]
    filter: Option<String>,
    source: Option<String>,
    path: Option<String>,
    columns: Option<Value>,
    #[serde(default)]
    options: Map<String, Value>,
}

/// Rows of a connection or of a file.
#[derive(Debug, Clone)]
pub(crate) enum Named {
    Stored { connection: String, side: Side },
    File { format: String, path: String, options: Map<String, Value> },
}

impl SideSettings {
    /// What the settings name.
    ///
    /// # Errors
    /// `missing_key` and `invalid_value` where they name nothing, or two things at once.
    pub(crate) fn named(&self) -> Result<Named, Fault> {
        let wrong = |code, message: &str, hint: &str| Err(Fault::new(code, message).hint(hint));
        match (&self.connection, &self.path) {
            (Some(_), Some(_)) => wrong(
                ErrorCode::InvalidValue,
                "`connection` and `path` cannot both be given",
                "Name a connection's table, or a file.",
            ),
            (None, None) => wrong(
                ErrorCode::MissingKey,
                "neither a `connection` nor a `path` is given",
                "Name a connection and its `table` or `query`, or `source` and `path` of a file.",
            ),
            (Some(connection), None) => {
                if self.source.is_some() || self.columns.is_some() || !self.options.is_empty() {
                    return wrong(
                        ErrorCode::InvalidValue,
                        "`source`, `columns` and `options` belong to a file, not to a `connection`",
                        "Leave them out.",
                    );
                }
                let relation = match (&self.table, &self.query) {
                    (Some(table), None) => Relation::Table(table.clone()),
                    (None, Some(query)) => Relation::Query(query.clone()),
                    _ => {
                        return wrong(
                            ErrorCode::MissingKey,
                            "a `connection` needs either `table` or `query`",
                            "Give exactly one of the two.",
                        );
                    }
                };
                let side = Side { relation, filter: self.filter.clone() };
                Ok(Named::Stored { connection: connection.clone(), side })
            }
            (None, Some(path)) => {
                if self.table.is_some() || self.query.is_some() || self.filter.is_some() {
                    return wrong(
                        ErrorCode::InvalidValue,
                        "a file has no `table`, `query` or `where`",
                        "Write the file into a table first, or leave them out.",
                    );
                }
                let by_name =
                    std::path::Path::new(path).extension().and_then(|ending| ending.to_str()).and_then(|ending| {
                        match ending.to_ascii_lowercase().as_str() {
                            "csv" => Some("csv"),
                            "json" | "jsonl" | "ndjson" => Some("json"),
                            "parquet" => Some("parquet"),
                            _ => None,
                        }
                    });
                let Some(format) = self.source.clone().or_else(|| by_name.map(ToOwned::to_owned)) else {
                    return wrong(
                        ErrorCode::MissingKey,
                        &format!("the format of `{path}` cannot be told from its name"),
                        "Set `source` to `csv`, `json` or `parquet`.",
                    );
                };
                let mut options = self.options.clone();
                if let Some(columns) = &self.columns {
                    options.insert("columns".to_owned(), columns.clone());
                }
                Ok(Named::File { format, path: path.clone(), options })
            }
        }
    }

    /// The connection and what to read from it, for steps that cannot use a file.
    ///
    /// # Errors
    /// As for [`SideSettings::named`], and `invalid_value` for a file.
    pub(crate) fn stored(&self) -> Result<(String, Side), Fault> {
        match self.named()? {
            Named::Stored { connection, side } => Ok((connection, side)),
            Named::File { path, .. } => Err(Fault::new(
                ErrorCode::InvalidValue,
                format!("`{path}` is a file, and only what a connection holds can be counted"),
            )),
        }
    }
}

/// Opens a file.
///
/// # Errors
/// As for [`Files::open`].
pub(crate) async fn open_file(
    files: &dyn Files,
    context: &StepContext,
    format: &str,
    path: &str,
    options: &Map<String, Value>,
) -> Result<Box<dyn Source>> {
    let request = FileRequest {
        root: context.files.clone(),
        format: format.to_owned(),
        location: path.to_owned(),
        options: options.clone(),
        resume_at: None,
    };
    files.open(request).await
}

/// The faults of settings that name rows, at `path`; none where they hold expressions that stand for a whole value.
pub(crate) fn check_side(value: &Value, path: &str) -> Vec<Fault> {
    let Value::Object(map) = value else { return Vec::new() };
    let Ok(settings) = settings::parse::<SideSettings>(map) else { return Vec::new() };
    settings.named().err().map(|fault| fault.path(path)).into_iter().collect()
}

/// An error of settings, as a step's.
pub(crate) fn refused(fault: Fault, context: &StepContext, key: &str) -> Error {
    let path = if key.is_empty() { String::new() } else { format!(".{key}") };
    fault.path(format!("steps.{}.with{path}", context.step.id)).into()
}

/// The JSON Schema's properties of what a connection holds.
pub(crate) fn stored_properties() -> Map<String, Value> {
    let properties = json!({
        "connection": { "type": "string", "minLength": 1, "description": "The connection." },
        "table": { "type": "string", "minLength": 1, "description": "The table, `schema.table` where the system has schemas." },
        "query": { "type": "string", "minLength": 1, "description": "A query that only reads, instead of a table." },
        "where": { "type": "string", "minLength": 1, "description": "A condition in the system's own SQL." },
    });
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

/// The JSON Schema of what a connection holds or a file.
pub(crate) fn side_schema(description: &str) -> Value {
    let mut properties = stored_properties();
    let file = json!({
        "source": { "enum": ["csv", "json", "parquet"], "description": "The format of a file; follows from its name where left out." },
        "path": { "type": "string", "minLength": 1, "description": "A file in the server's folder of files; sorted in memory, at most 2,000,000 rows." },
        "columns": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Types of a file's columns: `{ volume: int64 }`." },
        "options": { "type": "object", "description": "Further settings of the file, as in `fetch`: `delimiter`, `header`, …" },
    });
    if let Value::Object(file) = file {
        properties.extend(file);
    }
    json!({ "type": "object", "description": description, "additionalProperties": false, "properties": properties })
}
