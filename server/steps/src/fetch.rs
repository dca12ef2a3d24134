//! `fetch`: reads rows from a file, an address, a connection's table or query, a source plugin, or the document itself.

mod inline;

use crate::kind::{OpenSource, Opened, StepContext, StepKind, Trying};
use crate::settings::{self, Names, names_schema};
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::registry::{FileRequest, Files, PluginCall};
use data::source::MemorySource;
use data::{Checkpoint, Result, Source};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The step kind `fetch`.
pub struct Fetch {
    files: Arc<dyn Files>,
}

impl Fetch {
    /// The kind, reading files and addresses through `files`.
    #[must_use]
    pub fn new(files: Arc<dyn Files>) -> Self {
        Self { files }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceWord {
    Csv,
    Json,
    Parquet,
    Http,
    Connection,
    Plugin,
    Inline,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FetchSettings {
    source: Option<SourceWord>,
    path: Option<String>,
    url: Option<String>,
    format: Option<String>,
    connection: Option<String>,
    table: Option<String>,
    query: Option<String>,
    #[serde(rename = "where")]
    filter: Option<String>,
    #[serde(default, alias = "key")]
    order_by: Names,
    limit: Option<u64>,
    /// Names of columns for a connection; names and types for a file.
    columns: Option<Value>,
    plugin: Option<String>,
    settings: Option<Value>,
    rows: Option<Vec<Map<String, Value>>>,
    #[serde(default)]
    options: Map<String, Value>,
    delimiter: Option<Value>,
    quote: Option<Value>,
    header: Option<Value>,
    nulls: Option<Value>,
    layout: Option<Value>,
    infer: Option<Value>,
    method: Option<Value>,
    headers: Option<Value>,
    body: Option<Value>,
}

/// What is read.
#[derive(Debug, Clone)]
enum Wanted {
    File { format: String, location: String, options: Map<String, Value> },
    Relation { connection: String, options: ReadOptions },
    Plugin { plugin: String, settings: Value },
    Inline(Vec<Map<String, Value>>),
}

#[async_trait]
impl StepKind for Fetch {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "fetch".into(),
            summary: "Reads rows from a file, an address, a table or query of a connection, or a source plugin.".into(),
            schema: schema(),
            inputs: Inputs::None,
            ports: vec!["out".into(), "rejected".into()],
            named_ports: false,
            outputs: Vec::new(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let Ok(settings) = settings::parse::<FetchSettings>(with) else { return Vec::new() };
        match settings.wanted() {
            Ok(_) => Vec::new(),
            Err(fault) => vec![fault],
        }
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: FetchSettings = settings::read(&context.step)?;
        let wanted = settings
            .wanted()
            .map_err(|fault| Fault { path: Some(format!("steps.{}.with", context.step.id)), ..fault })?;
        Ok(Opened::Source(Box::new(Opener { wanted, context, files: self.files.clone() })))
    }
}

impl FetchSettings {
    fn word(&self) -> Option<SourceWord> {
        self.source.or_else(|| {
            if self.rows.is_some() {
                Some(SourceWord::Inline)
            } else if self.plugin.is_some() {
                Some(SourceWord::Plugin)
            } else if self.connection.is_some() {
                Some(SourceWord::Connection)
            } else if self.url.is_some() {
                Some(SourceWord::Http)
            } else {
                let (_, ending) = self.path.as_deref()?.rsplit_once('.')?;
                match ending.to_lowercase().as_str() {
                    "csv" | "tsv" => Some(SourceWord::Csv),
                    "json" | "jsonl" | "ndjson" => Some(SourceWord::Json),
                    "parquet" => Some(SourceWord::Parquet),
                    _ => None,
                }
            }
        })
    }

    fn wanted(self) -> Result<Wanted, Fault> {
        let Some(word) = self.word() else {
            return Err(missing(
                "source",
                "Say `source: csv`, `json`, `parquet`, `http`, `connection`, `plugin` or `inline`.",
            ));
        };
        match word {
            SourceWord::Csv => self.file("csv"),
            SourceWord::Json => self.file("json"),
            SourceWord::Parquet => self.file("parquet"),
            SourceWord::Http => {
                let format = self.format.clone().unwrap_or_else(|| "json".to_owned());
                self.file(&format)
            }
            SourceWord::Connection => self.relation(),
            SourceWord::Plugin => Ok(Wanted::Plugin {
                plugin: self.plugin.ok_or_else(|| missing("plugin", "Name an installed source plugin."))?,
                settings: self.settings.unwrap_or_else(|| json!({})),
            }),
            SourceWord::Inline => {
                Ok(Wanted::Inline(self.rows.ok_or_else(|| missing("rows", "List the rows: `rows: [{ id: 1 }]`."))?))
            }
        }
    }

    fn file(self, format: &str) -> Result<Wanted, Fault> {
        let location = match (self.path, self.url) {
            (Some(path), None) => path,
            (None, Some(url)) => url,
            (Some(_), Some(_)) => {
                return Err(Fault::new(ErrorCode::InvalidValue, "rows come either from a `path` or from a `url`")
                    .hint("Leave one of the two out.")
                    .path("with.path"));
            }
            (None, None) => return Err(missing("path", "Name the file with `path`, or an address with `url`.")),
        };
        let mut options = self.options;
        for (name, value) in [
            ("columns", self.columns),
            ("delimiter", self.delimiter),
            ("quote", self.quote),
            ("header", self.header),
            ("nulls", self.nulls),
            ("layout", self.layout),
            ("infer", self.infer),
            ("method", self.method),
            ("headers", self.headers),
            ("body", self.body),
        ] {
            if let Some(value) = value {
                options.insert(name.to_owned(), value);
            }
        }
        Ok(Wanted::File { format: format.to_owned(), location, options })
    }

    fn relation(self) -> Result<Wanted, Fault> {
        let connection = self.connection.ok_or_else(|| missing("connection", "Name a saved connection."))?;
        let relation = match (self.table, self.query) {
            (Some(table), None) => Relation::Table(table),
            (None, Some(query)) => Relation::Query(query),
            (Some(_), Some(_)) => {
                return Err(Fault::new(ErrorCode::InvalidValue, "rows come either from a `table` or from a `query`")
                    .hint("Leave one of the two out.")
                    .path("with.query"));
            }
            (None, None) => return Err(missing("table", "Name a `table`, or give a `query`.")),
        };
        let columns = match self.columns {
            None => Vec::new(),
            Some(columns) => serde_json::from_value(columns).map_err(|_| {
                Fault::new(ErrorCode::InvalidValue, "the `columns` of a table are a list of names")
                    .hint("Write `columns: [id, name]`.")
                    .path("with.columns")
            })?,
        };
        let options = ReadOptions {
            columns,
            filter: self.filter,
            order_by: self.order_by.into_list(),
            limit: self.limit,
            extra: self.options,
            ..match relation {
                Relation::Table(table) => ReadOptions::table(&table),
                Relation::Query(query) => ReadOptions::query(&query),
            }
        };
        Ok(Wanted::Relation { connection, options })
    }
}

fn missing(key: &str, hint: &str) -> Fault {
    Fault::new(ErrorCode::MissingKey, format!("a `fetch` step lacks `{key}`")).hint(hint).path(format!("with.{key}"))
}

struct Opener {
    wanted: Wanted,
    context: StepContext,
    files: Arc<dyn Files>,
}

#[async_trait]
impl OpenSource for Opener {
    async fn open(&mut self, resume_at: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        match &self.wanted {
            Wanted::File { format, location, options } => {
                let request = FileRequest {
                    root: self.context.files.clone(),
                    format: format.clone(),
                    location: location.clone(),
                    options: options.clone(),
                    resume_at,
                };
                self.files.open(request).await
            }
            Wanted::Relation { connection, options } => {
                let connector = self.context.connections.get(connection).await?;
                let mut options = options.clone();
                if options.order_by.is_empty()
                    && connector.abilities().ordered_read
                    && let Relation::Table(table) = &options.relation
                    && let Some(info) = connector.find_table(table).await?
                {
                    // In the order of its key a table can be read on after a crash; without, it must be kept on disk.
                    options.order_by = info.key;
                }
                options.resume_at = resume_at;
                connector.read(options).await
            }
            Wanted::Plugin { plugin, settings } => {
                let idempotency_key = self.context.ledger_key("").task;
                let call = PluginCall { settings: settings.clone(), idempotency_key, ..PluginCall::default() };
                self.context.plugins.open_source(plugin, call, resume_at).await
            }
            Wanted::Inline(rows) => {
                let (schema, batches) = inline::batches(rows)?;
                Ok(Box::new(MemorySource::new(schema, batches)))
            }
        }
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "source": {
                "enum": ["csv", "json", "parquet", "http", "connection", "plugin", "inline"],
                "description": "Where the rows come from; follows from the other settings where it is left out.",
            },
            "path": { "type": "string", "minLength": 1, "description": "A file in the server's folder of files." },
            "url": { "type": "string", "minLength": 1, "description": "An `http://` or `https://` address." },
            "format": { "enum": ["csv", "json", "parquet"], "description": "What the address answers." },
            "columns": {
                "description": "A table's columns to read, in order; or for files the types of columns: `{ volume: int64 }`.",
                "oneOf": [
                    { "type": "array", "items": { "type": "string" } },
                    { "type": "object", "additionalProperties": { "type": "string" } },
                ],
            },
            "delimiter": { "type": "string", "description": "Between the fields of a CSV file.", "default": "," },
            "quote": { "type": ["string", "boolean"], "description": "Around fields of a CSV file that hold delimiters; `false` or an empty text: none." },
            "header": { "type": "boolean", "description": "Whether the first line of a CSV file names the columns.", "default": true },
            "nulls": { "type": "array", "items": { "type": "string" }, "description": "Texts of a CSV file that mean NULL." },
            "layout": { "enum": ["auto", "lines", "array", "sequence"], "description": "How a JSON file lays out its rows." },
            "infer": {
                "description": "How many rows to choose column types from: all (`full`), or a number; without, all of a file below 256 MB.",
                "oneOf": [{ "const": "full" }, { "type": "integer", "minimum": 1 }],
            },
            "method": { "enum": ["GET", "POST"], "default": "GET" },
            "headers": { "type": "object", "additionalProperties": { "type": "string" } },
            "body": { "description": "What a POST sends: text, or a value sent as JSON." },
            "connection": { "type": "string", "minLength": 1, "description": "A saved connection." },
            "table": { "type": "string", "minLength": 1, "description": "A table of the connection." },
            "query": { "type": "string", "minLength": 1, "description": "A query that only reads, in the connection's own SQL." },
            "where": { "type": "string", "minLength": 1, "description": "A condition in the connection's own SQL." },
            "order_by": names_schema("Rows come in this order; where it is the table's key, a second attempt goes on where the first stopped."),
            "key": names_schema("Another word for `order_by`."),
            "limit": { "type": "integer", "minimum": 0, "description": "At most so many rows." },
            "plugin": { "type": "string", "minLength": 1, "description": "An installed source plugin." },
            "settings": { "type": "object", "description": "The plugin's settings." },
            "rows": { "type": "array", "items": { "type": "object" }, "description": "The rows themselves, for examples and tests." },
            "options": { "type": "object", "description": "Further settings of the file format." },
        },
        "additionalProperties": false,
    })
}
