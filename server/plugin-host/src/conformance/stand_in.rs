//! The database and the Redis behind a plugin that is checked: they answer what `check.toml` lays out, fail as the stub does,
//! and remember statements beside its requests.

use super::setup::{Answered, Command, Query};
use super::stub::{Asked, Mode, Shared};
use crate::bindings::sluice::plugin::types as wit;
use crate::columns::lift_schema;
use arrow::array::{ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation, TableInfo, unsupported};
use data::console::{ConsoleEnd, ConsoleForm, ConsoleRequest, ConsoleRows};
use data::transaction::{Pipeline, PipelineValue};
use data::{
    Abilities, Channel, Connections, Connector, Error, Result, Sink, Source, SqlTransaction, System, WriteOptions,
};
use model::ErrorCode;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What the grants of a check name.
pub(super) const SQL: &str = "stand-in";
pub(super) const REDIS: &str = "stand-in-redis";

/// Both, by name.
pub(super) struct StandIns {
    pub(super) shared: Arc<Shared>,
    pub(super) queries: Vec<Query>,
    pub(super) commands: Vec<Command>,
}

#[async_trait]
impl Connections for StandIns {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(StandIn {
            system: if name == REDIS { System::Redis } else { System::Postgres },
            shared: self.shared.clone(),
            queries: self.queries.clone(),
            commands: self.commands.clone(),
        }))
    }

    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>> {
        Err(Error::permanent(ErrorCode::ChannelNotFound, format!("there is no channel `{name}` in a check")))
    }
}

struct StandIn {
    system: System,
    shared: Arc<Shared>,
    queries: Vec<Query>,
    commands: Vec<Command>,
}

/// What a service in that mode says; none where it answers.
fn failure(mode: Mode) -> Option<Error> {
    match mode {
        Mode::Laid | Mode::Nonsense => None,
        Mode::Status(403) => {
            Some(Error::permanent(ErrorCode::PermissionDenied, "the system is not itself today: permission denied"))
        }
        Mode::Status(_) => {
            Some(Error::transient(ErrorCode::StatementFailed, "the system is not itself today: too busy"))
        }
        Mode::HangUp => Some(Error::transient(ErrorCode::ConnectionFailed, "the connection to the system was lost")),
    }
}

impl StandIn {
    /// Notes it and fails as it must.
    fn ask(&self, method: &str, what: &str, body: Vec<u8>) -> Result<Mode> {
        let asked = Asked { method: method.to_owned(), target: what.to_owned(), headers: String::new(), body };
        let mode = self.shared.note(asked);
        failure(mode).map_or(Ok(mode), Err)
    }
}

#[async_trait]
impl Connector for StandIn {
    fn system(&self) -> System {
        self.system
    }

    fn abilities(&self) -> Abilities {
        let sql = self.system == System::Postgres;
        Abilities { sql, transactions: true, console: true, ..Abilities::default() }
    }

    async fn ping(&self) -> Result<String> {
        Ok("a stand-in".to_owned())
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn find_table(&self, _: &str) -> Result<Option<TableInfo>> {
        Ok(None)
    }

    async fn read(&self, _: ReadOptions) -> Result<Box<dyn Source>> {
        Err(unsupported(self.system, "be read in a check"))
    }

    async fn write(&self, _: SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(unsupported(self.system, "be written in a check"))
    }

    async fn execute(&self, _: &str) -> Result<u64> {
        Err(unsupported(self.system, "be changed in a check"))
    }

    async fn count(&self, _: &Relation, _: Option<&str>) -> Result<u64> {
        Err(unsupported(self.system, "be counted in a check"))
    }

    async fn console_rows(&self, request: ConsoleRequest, _: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        if self.ask("GET", &request.sql, Vec::new())? == Mode::Nonsense {
            let schema = Arc::new(Schema::new(vec![Field::new("\u{fffd}]{\"", DataType::Utf8, true)]));
            return Ok(Box::new(Laid { schema: schema.clone(), rows: Some(RecordBatch::new_empty(schema)) }));
        }
        let found = self.queries.iter().find(|query| query.fits(&request.sql));
        let query = found.ok_or_else(|| {
            Error::permanent(ErrorCode::StatementFailed, "`check.toml` lays out no answer for this statement")
        })?;
        let rows = query.rows()?;
        Ok(Box::new(Laid { schema: rows.schema(), rows: Some(rows) }))
    }

    async fn begin(&self, _: Duration) -> Result<Box<dyn SqlTransaction>> {
        if let Some(failed) = failure(self.shared.mode()) {
            return Err(failed);
        }
        let (shared, queries, commands) = (self.shared.clone(), self.queries.clone(), Vec::new());
        Ok(Box::new(Kept(StandIn { system: self.system, shared, queries, commands })))
    }

    async fn pipeline(&self, pipeline: Pipeline) -> Result<Vec<PipelineValue>> {
        const READING: [&str; 8] = ["GET", "EXISTS", "HGET", "HGETALL", "MGET", "PING", "TTL", "TYPE"];
        let mut answers = Vec::new();
        for command in &pipeline.commands {
            let words: Vec<_> = command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            let line = words.join(" ");
            let name = words.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
            let method = if READING.contains(&name.as_str()) { "GET" } else { "REDIS" };
            if self.ask(method, &line, Vec::new())? == Mode::Nonsense {
                answers.push(PipelineValue::Bytes(b"\0]{".to_vec()));
                continue;
            }
            let found = self
                .commands
                .iter()
                .find(|laid| line.to_ascii_uppercase().starts_with(&laid.command.to_ascii_uppercase()));
            answers.push(found.map_or(PipelineValue::Nil, |laid| laid.answer()));
        }
        Ok(answers)
    }
}

/// Notes what is done and takes it all.
struct Kept(StandIn);

#[async_trait]
impl SqlTransaction for Kept {
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64> {
        self.0.ask("SQL", sql, format!("{:?}", parameters.columns()).into_bytes())?;
        let changed = self.0.queries.iter().find(|query| query.fits(sql)).map(|query| query.changed);
        Ok(changed.unwrap_or(parameters.num_rows() as u64))
    }

    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64> {
        self.0.ask("SQL", &format!("WRITE {table}"), format!("{:?}", rows.columns()).into_bytes())?;
        Ok(rows.num_rows() as u64)
    }

    async fn commit(&mut self) -> Result<()> {
        self.0.ask("SQL", "COMMIT", Vec::new()).map(drop)
    }
}

/// Rows that were laid out.
struct Laid {
    schema: SchemaRef,
    rows: Option<RecordBatch>,
}

#[async_trait]
impl ConsoleRows for Laid {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn native_types(&self) -> &[String] {
        &[]
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        Ok(self.rows.take())
    }

    fn end(&self) -> ConsoleEnd {
        ConsoleEnd::default()
    }
}

impl Query {
    fn fits(&self, statement: &str) -> bool {
        self.contains.as_ref().is_none_or(|part| statement.contains(part.as_str()))
    }

    /// The rows it lays out; `check.toml` was read before, so that the formats are known.
    pub(super) fn rows(&self) -> Result<RecordBatch> {
        let wrong =
            |why: String| Error::permanent(ErrorCode::InvalidValue, format!("`check.toml`: rows of [[sql]]: {why}"));
        let fields = self.columns.iter().map(|(name, format)| wit::FieldResult {
            name: name.clone(),
            format: format.as_str().unwrap_or_default().to_owned(),
            nullable: true,
            metadata: Vec::new(),
        });
        let schema =
            lift_schema(wit::SchemaResult { fields: fields.collect(), metadata: Vec::new() }).map_err(wrong)?;
        let mut arrays = Vec::<ArrayRef>::new();
        for (place, field) in schema.fields().iter().enumerate() {
            let text = |row: &Vec<Value>| match row.get(place)? {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            let texts: StringArray = self.rows.iter().map(text).collect();
            let array = cast(&texts, field.data_type()).map_err(|error| wrong(error.to_string()))?;
            arrays.push(array);
        }
        if schema.fields().is_empty() {
            return Ok(RecordBatch::new_empty(schema));
        }
        RecordBatch::try_new(schema, arrays).map_err(|error| wrong(error.to_string()))
    }
}

impl Command {
    fn answer(&self) -> PipelineValue {
        match &self.answer {
            Answered::Number(number) => PipelineValue::Number(*number),
            Answered::Text(text) => PipelineValue::Bytes(text.clone().into_bytes()),
            Answered::Many(many) => PipelineValue::Many(many.iter().map(|text| text.clone().into_bytes()).collect()),
        }
    }
}
