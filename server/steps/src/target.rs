//! Where rows are written: a table of a connection or a sink plugin, with one opened sink for each schema that arrives.

use crate::kind::{Claim, StepContext};
use crate::settings::{Names, names_schema};
use crate::tables::PortJournal;
use crate::trial::Place;
use arrow::datatypes::SchemaRef;
use data::registry::PluginCall;
use data::{Batch, Connector, Error, Lane, LedgerEntry, Mode, RefusedRow, Result, Sink, WriteOptions};
use model::document::OnError;
use model::{ErrorCode, Fault, TableLog, TableLogEntry, TableLogStatus};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Instant;
use transfer::tables::{Scribe, note_made};

/// Settings of one target.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetSettings {
    pub(crate) connection: Option<String>,
    pub(crate) table: Option<String>,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) key: Names,
    /// Tables are made where missing unless this says no.
    pub(crate) create: Option<bool>,
    #[serde(default)]
    pub(crate) columns: Vec<String>,
    #[serde(default)]
    pub(crate) drop: Names,
    #[serde(default)]
    pub(crate) options: Map<String, Value>,
    pub(crate) plugin: Option<String>,
    pub(crate) settings: Option<Value>,
}

/// The JSON Schema of a target's properties.
pub(crate) fn target_properties() -> Map<String, Value> {
    let properties = json!({
        "connection": { "type": "string", "minLength": 1, "description": "The connection to write to." },
        "table": { "type": "string", "minLength": 1, "description": "The table, `schema.table` where the system has schemas; for Redis the key template." },
        "mode": {
            "enum": ["append", "insert_ignore", "upsert", "replace", "truncate"],
            "default": "append",
            "description": "What happens to rows that are there already.",
        },
        "key": names_schema("Columns of the key; needed by `upsert`, `replace` and `insert_ignore` where the table is made."),
        "create": { "type": "boolean", "default": true, "description": "Make the table from the rows' columns where it is missing." },
        "columns": { "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "Only these columns, in this order." },
        "drop": names_schema("Columns to leave out, for example `class`."),
        "options": { "type": "object", "description": "Settings only this system knows (Redis: `ttl`, `structure`)." },
        "plugin": { "type": "string", "minLength": 1, "description": "A sink plugin to write with, instead of a connection." },
        "settings": { "type": "object", "description": "The plugin's settings." },
    });
    match properties {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl TargetSettings {
    /// What is wrong with the settings taken together, with paths below `path`.
    pub(crate) fn check(&self, path: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut refuse = |code, message: &str, hint: &str| {
            faults.push(Fault::new(code, message).hint(hint).path(path));
        };
        match (&self.connection, &self.plugin) {
            (Some(_), Some(_)) => refuse(
                ErrorCode::InvalidValue,
                "rows go either to a `connection` or to a `plugin`",
                "Leave one of the two out.",
            ),
            (None, None) => refuse(
                ErrorCode::MissingKey,
                "it is not said where the rows go",
                "Name a `connection` and a `table`, or a `plugin`.",
            ),
            (Some(_), None) if self.table.is_none() => {
                refuse(ErrorCode::MissingKey, "there is no `table`", "Name the table to write to.");
            }
            _ => {}
        }
        if matches!(self.mode, Mode::Upsert | Mode::Replace) && self.key == Names::None && self.plugin.is_none() {
            refuse(
                ErrorCode::MissingKey,
                "modes `upsert` and `replace` need a `key`",
                "Name the columns that tell rows apart: `key: [id]`.",
            );
        }
        if !self.columns.is_empty() && self.drop != Names::None {
            refuse(ErrorCode::InvalidValue, "`columns` and `drop` exclude each other", "Leave one of the two out.");
        }
        faults
    }
}

/// One target at work.
pub(crate) struct Target {
    settings: TargetSettings,
    context: StepContext,
    /// Tells several targets of one step apart, in their ledgers.
    part: String,
    sinks: Vec<SchemaSink>,
    lanes: HashMap<Lane, LaneState>,
    /// What the log of operations will say when the target ends.
    tally: Tally,
}

/// What a target did, counted.
struct Tally {
    since: Instant,
    batches: u64,
    rows: u64,
    refused: u64,
    is_told: bool,
}

/// The sink of all lanes that have one schema.
struct SchemaSink {
    schema: SchemaRef,
    columns: Option<Vec<usize>>,
    sink: Box<dyn Sink>,
}

#[derive(Clone)]
struct LaneState {
    sink: usize,
    entry: Option<LedgerEntry>,
}

impl Target {
    /// A target of the step in `context`; nothing is opened yet.
    pub(crate) fn new(settings: TargetSettings, context: StepContext, part: String) -> Result<Self> {
        if let Some(fault) = settings.check(&format!("steps.{}.with", context.step.id)).into_iter().next() {
            return Err(fault.into());
        }
        let tally = Tally { since: Instant::now(), batches: 0, rows: 0, refused: 0, is_told: false };
        Ok(Self { settings, context, part, sinks: Vec::new(), lanes: HashMap::new(), tally })
    }

    /// Opens the sink for the batch's lane and schema and asks where it stands, once.
    pub(crate) async fn open(&mut self, lane: &Lane, schema: &SchemaRef) -> Result<Claim> {
        if let Some(state) = self.lanes.get(lane) {
            return Ok(claim_of(state.entry.clone()));
        }
        let known = self.sinks.iter().position(|sink| &sink.schema == schema);
        let place = match known {
            Some(place) => place,
            None => {
                let sink = open_sink(&self.settings, &self.context, &self.part, schema).await?;
                self.sinks.push(sink);
                self.sinks.len() - 1
            }
        };
        let entry = self.sinks[place].sink.claim(lane).await?;
        self.lanes.insert(lane.clone(), LaneState { sink: place, entry: entry.clone() });
        Ok(claim_of(entry))
    }

    /// Whether the lane's sink is open.
    pub(crate) fn is_open(&self, lane: &Lane) -> bool {
        self.lanes.contains_key(lane)
    }

    /// Whether the table can hold rows of `schema`; none where it does not exist yet or cannot be asked.
    pub(crate) async fn fits(&mut self, schema: &SchemaRef) -> Result<Option<bool>> {
        let (Some(connection), Some(table)) = (&self.settings.connection, &self.settings.table) else {
            return Ok(None);
        };
        let columns = match choose_columns(&self.settings, &self.context, schema) {
            Ok(Some(columns)) => schema.project(&columns)?,
            Ok(None) => schema.as_ref().clone(),
            Err(_) => return Ok(Some(false)),
        };
        let connector = self.context.connections.get(connection).await?;
        if !connector.abilities().introspect {
            return Ok(None);
        }
        let Some(info) = connector.find_table(table).await? else { return Ok(None) };
        let has = |name: &str| info.columns.iter().any(|column| column.name == name);
        Ok(Some(columns.fields().iter().all(|field| has(field.name()))))
    }

    /// Where the lane's sink stood when it was opened.
    pub(crate) fn claim(&self, lane: &Lane) -> Claim {
        claim_of(self.lanes.get(lane).and_then(|state| state.entry.clone()))
    }

    /// Writes the batch, or skips it where the ledger has it. A batch numbered 0 only opens.
    pub(crate) async fn write(&mut self, batch: &Batch) -> Result<TargetWritten> {
        let written = self.write_batch(batch).await;
        match &written {
            Ok(written) if batch.sequence > 0 && batch.records.num_rows() > 0 => {
                self.tally.batches += 1;
                self.tally.rows += written.rows;
                self.tally.refused += written.refused.len() as u64;
            }
            Ok(_) => {}
            Err(error) => self.tell(Some(error)).await,
        }
        written
    }

    async fn write_batch(&mut self, batch: &Batch) -> Result<TargetWritten> {
        self.open(&batch.lane, &batch.records.schema()).await?;
        if batch.sequence == 0 {
            return Ok(TargetWritten::default());
        }
        let state = &self.lanes[&batch.lane];
        let SchemaSink { columns, sink, .. } = &mut self.sinks[state.sink];
        let written = match columns {
            Some(columns) => {
                let records = batch.records.project(columns)?;
                sink.write(&batch.with_records(records)).await?
            }
            None => sink.write(batch).await?,
        };
        if !written.refused.is_empty() && self.context.step.on_error == OnError::Fail {
            let first = &written.refused[0];
            return Err(Error::permanent(ErrorCode::ValueRefused, format!("a row was refused: {}", first.reason)));
        }
        Ok(TargetWritten { rows: written.rows, refused: written.refused })
    }

    /// Makes everything durable.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        let finished = self.finish_sinks().await;
        self.tell(finished.as_ref().err()).await;
        finished
    }

    async fn finish_sinks(&mut self) -> Result<()> {
        for sink in &mut self.sinks {
            sink.sink.finish().await?;
        }
        Ok(())
    }

    /// Puts what was written into the log of operations: one line for each step and table, however many batches.
    async fn tell(&mut self, error: Option<&Error>) {
        let (Some(connection), Some(table)) = (&self.settings.connection, &self.settings.table) else { return };
        let is_news = error.is_some() || self.tally.batches > 0;
        if self.context.trial.is_some() || !is_news || std::mem::replace(&mut self.tally.is_told, true) {
            return;
        }
        let entry = TableLogEntry {
            log: TableLog::Operation,
            at: chrono::Utc::now(),
            who: self.context.who(),
            connection: connection.clone(),
            table: table.clone(),
            subject: "insert batches".to_owned(),
            status: if error.is_some() { TableLogStatus::Failed } else { TableLogStatus::Succeeded },
            ddl: None,
            parameters: json!({
                "mode": self.settings.mode,
                "batches": self.tally.batches,
                "rows": self.tally.rows,
                "refused": self.tally.refused,
                "attempt": self.context.attempt,
            }),
            error: error.map(|error| error.fault.as_ref().clone()),
            duration_ms: u64::try_from(self.tally.since.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        // The rows are where they belong; a log that cannot be written must not undo that.
        if let Err(error) = self.context.table_logs.append_table_logs(&[entry]).await {
            tracing::warn!(run.id = %self.context.run, step.id = %self.context.step.id, %error, "an operation on a table was not logged");
        }
    }
}

impl Place {
    fn of(settings: &TargetSettings) -> Self {
        Self {
            connection: settings.connection.clone(),
            plugin: settings.plugin.clone(),
            table: settings.table.clone(),
            mode: settings.plugin.is_none().then_some(settings.mode),
        }
    }
}

async fn open_sink(
    settings: &TargetSettings,
    context: &StepContext,
    part: &str,
    schema: &SchemaRef,
) -> Result<SchemaSink> {
    let columns = choose_columns(settings, context, schema)?;
    let written = match &columns {
        Some(columns) => std::sync::Arc::new(schema.project(columns)?),
        None => schema.clone(),
    };
    if let Some(trial) = &context.trial {
        let sink = trial.sink(context, Place::of(settings), &written).await?;
        return Ok(SchemaSink { schema: schema.clone(), columns, sink });
    }
    let key = context.ledger_key(part);
    let sink = match (&settings.plugin, &settings.connection) {
        (Some(plugin), _) => {
            let call = PluginCall {
                settings: settings.settings.clone().unwrap_or_else(|| json!({})),
                idempotency_key: key.task,
                ..PluginCall::default()
            };
            context.plugins.open_sink(plugin, call, written).await?
        }
        (None, Some(connection)) => {
            let options = WriteOptions {
                table: settings.table.clone().unwrap_or_default(),
                mode: settings.mode,
                key: settings.key.to_list(),
                create: settings.create.unwrap_or(true),
                keep_refused: context.step.on_error == OnError::Reject,
                ledger: Some(key),
                extra: settings.options.clone(),
            };
            let connector = context.connections.get(connection).await?;
            let table = options.table.clone();
            let sink = connector.write(written, options).await?;
            if let Some(ddl) = sink.made_table().map(str::to_owned) {
                log_made(context, connector.as_ref(), connection, &table, &ddl).await;
            }
            sink
        }
        (None, None) => return Err(crate::settings::invalid("it is not said where the rows go")),
    };
    Ok(SchemaSink { schema: schema.clone(), columns, sink })
}

/// Puts the table that opening a sink made into the logs; a log that cannot be written must not undo that.
async fn log_made(context: &StepContext, connector: &dyn Connector, connection: &str, table: &str, ddl: &str) {
    let who = context.who();
    let journal = PortJournal(context.table_logs.clone());
    let scribe = Scribe { who: &who, journal: &journal };
    if let Err(error) = note_made(&scribe, connector, connection, table, ddl).await {
        tracing::warn!(run.id = %context.run, step.id = %context.step.id, %error, "a table that was made is not in the logs");
    }
}

fn choose_columns(settings: &TargetSettings, context: &StepContext, schema: &SchemaRef) -> Result<Option<Vec<usize>>> {
    let find = |name: &String| {
        schema.index_of(name).map_err(|_| {
            let names: Vec<String> =
                schema.fields().iter().take(30).map(|field| format!("`{}`", field.name())).collect();
            Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("step `{}` writes column `{name}`, which the rows lack", context.step.id),
            )
            .hint(format!("The rows have {}.", names.join(", ")))
        })
    };
    if !settings.columns.is_empty() {
        return settings.columns.iter().map(find).collect::<Result<_>>().map(Some);
    }
    let drop = settings.drop.to_list();
    if drop.is_empty() {
        return Ok(None);
    }
    // A column to leave out may be missing: lanes of one step differ.
    let kept = schema.fields().iter().enumerate().filter(|(_, field)| !drop.contains(field.name()));
    Ok(Some(kept.map(|(index, _)| index).collect()))
}
/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct TargetWritten {
    pub(crate) rows: u64,
    pub(crate) refused: Vec<RefusedRow>,
}

fn claim_of(entry: Option<LedgerEntry>) -> Claim {
    entry.map_or(Claim::Fresh, Claim::At)
}
