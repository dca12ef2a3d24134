//! Reading a table or query of an SQLite file, on a thread of its own.
//!
//! SQLite lets any value into any column. So the rows are looked at once before the first batch, in the same snapshot:
//! a column whose values all fit its declared type has that type, otherwise it is read as text (or as bytes, where
//! one of its values is no text). Nothing is lost and nothing fails half-way. Columns that SQLite itself
//! guards (`INTEGER PRIMARY KEY`, `STRICT` tables) are not looked at.

use super::column::{Column, Seen, as_text};
use super::introspect::{self, Table};
use super::types::Kind;
use super::{Access, Config, connect, error};
use crate::error::column_not_found;
use crate::name::{quote, quote_all, trim_query};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, Source, SourceBatch};
use meter::{Meter, Stopwatch};
use model::ErrorCode;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, InterruptHandle};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A batch is cut early where its values exceed this many bytes.
const BATCH_BYTES: usize = 8 << 20;

/// A query as something to select from.
pub(super) fn subquery(query: &str) -> String {
    // The line break ends a comment at the end of the query.
    format!("({}\n)", trim_query(query))
}

/// Opens a source.
pub(super) async fn open(config: Arc<Config>, options: ReadOptions) -> Result<Box<dyn Source>> {
    let (opened, on_opened) = oneshot::channel();
    let (batches, on_batch) = mpsc::channel(2);
    let thread = std::thread::Builder::new().name("sqlite-read".to_owned());
    let meter = Meter::current();
    thread
        .spawn(move || {
            let mut outlet = Outlet { batches, watch: meter.start() };
            if let Err(error) = run(&config, &options, opened, &mut outlet) {
                outlet.send(Err(error));
            }
        })
        .map_err(|error| Error::transient(ErrorCode::Internal, format!("no thread for reading: {error}")))?;
    match on_opened.await {
        Ok(Opened { schema, resume, interrupt }) => {
            Ok(Box::new(SqliteSource { schema, resume, batches: on_batch, interrupt }))
        }
        Err(_) => {
            let mut on_batch = on_batch;
            match on_batch.recv().await {
                Some(Err(error)) => Err(error),
                _ => Err(Error::permanent(ErrorCode::Internal, "the reading thread ended before it began")),
            }
        }
    }
}

struct Opened {
    schema: SchemaRef,
    resume: Resume,
    interrupt: InterruptHandle,
}

struct SqliteSource {
    schema: SchemaRef,
    resume: Resume,
    batches: mpsc::Receiver<Result<SourceBatch>>,
    interrupt: InterruptHandle,
}

impl Drop for SqliteSource {
    fn drop(&mut self) {
        self.interrupt.interrupt();
    }
}

#[async_trait]
impl Source for SqliteSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        self.batches.recv().await.transpose()
    }
}

/// Where a read in key order stands.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    key: Vec<KeyValue>,
    rows: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyValue {
    Integer(i64),
    /// The bits, so that nothing is rounded.
    Real(u64),
    Text(String),
    Blob(Vec<u8>),
}

impl KeyValue {
    fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => None,
            ValueRef::Integer(value) => Some(Self::Integer(value)),
            ValueRef::Real(value) => Some(Self::Real(value.to_bits())),
            ValueRef::Text(text) => std::str::from_utf8(text).ok().map(|text| Self::Text(text.to_owned())),
            ValueRef::Blob(bytes) => Some(Self::Blob(bytes.to_vec())),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Integer(value) => Value::Integer(value),
            Self::Real(bits) => Value::Real(f64::from_bits(bits)),
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

/// What is to be read, before anything of it is.
struct Plan {
    columns: Vec<(String, Kind)>,
    /// Columns whose values need no look.
    guarded: Vec<bool>,
    select: String,
    from: String,
    filter: Option<String>,
    order: Vec<String>,
    /// Columns of the key, where the read can resume.
    key: Vec<String>,
}

impl Plan {
    fn sql(&self, position: Option<&Position>, limit: Option<u64>, ordered: bool) -> String {
        let mut conditions: Vec<String> = self.filter.iter().map(|filter| format!("({filter}\n)")).collect();
        if let Some(position) = position {
            let places: Vec<String> = (1..=position.key.len()).map(|place| format!("?{place}")).collect();
            conditions.push(format!("({}) > ({})", binary(&self.key), places.join(", ")));
        }
        let mut sql = format!("SELECT {} FROM {}", self.select, self.from);
        if !conditions.is_empty() {
            sql = format!("{sql} WHERE {}", conditions.join(" AND "));
        }
        if ordered && !self.order.is_empty() {
            sql = format!("{sql} ORDER BY {}", self.order.join(", "));
        }
        if let Some(limit) = limit {
            sql = format!("{sql} LIMIT {}", i64::try_from(limit).unwrap_or(i64::MAX));
        }
        sql
    }
}

/// The key columns compared byte by byte, whatever collation they were declared with.
fn binary(key: &[String]) -> String {
    key.iter().map(|column| format!("{} COLLATE BINARY", quote(column))).collect::<Vec<_>>().join(", ")
}

/// Where the thread puts what it has read.
struct Outlet {
    batches: mpsc::Sender<Result<SourceBatch>>,
    watch: Stopwatch,
}

impl Outlet {
    /// False where nobody reads on.
    fn send(&mut self, batch: Result<SourceBatch>) -> bool {
        self.watch.lap();
        self.batches.blocking_send(batch).is_ok()
    }
}

fn run(config: &Config, options: &ReadOptions, opened: oneshot::Sender<Opened>, outlet: &mut Outlet) -> Result<()> {
    let mapped = |error| error::mapped(&config.path, &error);
    let connection = connect(config, Access::Read)?;
    connection.execute_batch("BEGIN").map_err(mapped)?;
    let mut plan = match &options.relation {
        Relation::Table(name) => plan_table(&introspect::get_table(&connection, config, name)?, options)?,
        Relation::Query(query) => plan_query(&connection, config, query, options)?,
    };
    let position: Option<Position> = match &options.resume_at {
        Some(_) if plan.key.is_empty() => {
            return Err(Error::permanent(ErrorCode::ReplayImpossible, "this read cannot resume at a checkpoint"));
        }
        Some(Checkpoint(text)) => Some(serde_json::from_str(text).map_err(|error| {
            Error::permanent(ErrorCode::ReplayImpossible, format!("the checkpoint cannot be read: {error}"))
        })?),
        None => None,
    };
    look(&connection, &mut plan, options.limit).map_err(mapped)?;
    let fields: Vec<Field> = plan.columns.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let resume = if plan.key.is_empty() { Resume::Nothing } else { Resume::Checkpoint };
    let interrupt = connection.get_interrupt_handle();
    if opened.send(Opened { schema: schema.clone(), resume, interrupt }).is_err() {
        return Ok(());
    }
    stream(&connection, config, &plan, position, options.limit, &schema, outlet)
}

fn plan_table(table: &Table, options: &ReadOptions) -> Result<Plan> {
    let find =
        |name: &String| table.column(name).ok_or_else(|| column_not_found(name, &table.name, table.column_names()));
    let selected: Vec<_> = if options.columns.is_empty() {
        table.columns.iter().collect()
    } else {
        options.columns.iter().map(find).collect::<Result<_>>()?
    };
    let ordered: Vec<_> = options.order_by.iter().map(find).collect::<Result<_>>()?;
    let order: Vec<String> = ordered.iter().flat_map(|column| order_of(&column.name, &column.declared)).collect();
    // The resume condition compares as SQLite does, which for decimals kept as text is not by value.
    let by_value = ordered.iter().all(|column| !kept_as_text(&column.declared));
    let resumes = options.checkpoints
        && !order.is_empty()
        && by_value
        && table.is_unique(&options.order_by)
        && table.never_null(&options.order_by);
    let key = if resumes { options.order_by.clone() } else { Vec::new() };
    let names = selected.iter().map(|column| column.name.as_str());
    Ok(Plan {
        guarded: selected
            .iter()
            .map(|column| {
                let guarded = matches!(column.kind(), Kind::Int64 | Kind::Float64 | Kind::Binary);
                column.row_number || (table.strict && guarded)
            })
            .collect(),
        columns: selected.iter().map(|column| (column.name.clone(), column.kind())).collect(),
        select: quote_all(names.chain(key.iter().map(String::as_str))),
        from: table.quoted(),
        filter: options.filter.clone(),
        order,
        key,
    })
}

fn plan_query(connection: &Connection, config: &Config, query: &str, options: &ReadOptions) -> Result<Plan> {
    let from = subquery(query);
    let all =
        connection.prepare(&format!("SELECT * FROM {from}")).map_err(|error| error::mapped(&config.path, &error))?;
    let all: Vec<(String, Option<String>)> =
        all.columns().iter().map(|column| (column.name().to_owned(), column.decl_type().map(str::to_owned))).collect();
    let find = |name: &String| {
        all.iter()
            .find(|(other, _)| other == name)
            .ok_or_else(|| column_not_found(name, "the query", all.iter().map(|(name, _)| name.as_str())))
    };
    let selected: Vec<_> = if options.columns.is_empty() {
        all.iter().collect()
    } else {
        options.columns.iter().map(find).collect::<Result<_>>()?
    };
    let ordered: Vec<_> = options.order_by.iter().map(find).collect::<Result<_>>()?;
    Ok(Plan {
        guarded: vec![false; selected.len()],
        columns: selected.iter().map(|(name, declared)| (name.clone(), Kind::of(declared.as_deref()))).collect(),
        select: quote_all(selected.iter().map(|(name, _)| name.as_str())),
        from,
        filter: options.filter.clone(),
        order: ordered
            .iter()
            .flat_map(|(name, declared)| order_of(name, declared.as_deref().unwrap_or_default()))
            .collect(),
        key: Vec::new(),
    })
}

fn kept_as_text(declared: &str) -> bool {
    declared.to_ascii_uppercase().starts_with("DECIMAL_TEXT")
}

/// Terms that sort a column by value with NULL first, which is SQLite's own order save for decimals kept as text.
fn order_of(name: &str, declared: &str) -> Vec<String> {
    let column = quote(name);
    if !kept_as_text(declared) {
        return vec![format!("{column} COLLATE BINARY")];
    }
    // All have the same number of decimals, so that a longer one is larger; below zero all turns around.
    vec![
        format!("{column} IS NOT NULL"),
        format!("{column} NOT LIKE '-%'"),
        format!("CASE WHEN {column} LIKE '-%' THEN -length({column}) ELSE length({column}) END"),
        format!("CASE WHEN {column} LIKE '-%' THEN NULL ELSE {column} END"),
        format!("{column} DESC"),
    ]
}

/// Looks at all values once and settles the kinds of the columns.
fn look(connection: &Connection, plan: &mut Plan, limit: Option<u64>) -> rusqlite::Result<()> {
    let open: Vec<usize> = (0..plan.columns.len()).filter(|index| !plan.guarded[*index]).collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut seen = vec![Seen::default(); plan.columns.len()];
    // With a limit the order decides which rows are read at all.
    let mut statement = connection.prepare(&plan.sql(None, limit, limit.is_some()))?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        for &index in &open {
            seen[index].note(plan.columns[index].1, row.get_ref(index)?);
        }
    }
    for index in open {
        let kind = plan.columns[index].1;
        plan.columns[index].1 = seen[index].kind(kind);
    }
    Ok(())
}

fn stream(
    connection: &Connection,
    config: &Config,
    plan: &Plan,
    position: Option<Position>,
    limit: Option<u64>,
    schema: &SchemaRef,
    outlet: &mut Outlet,
) -> Result<()> {
    let mapped = |error| error::mapped(&config.path, &error);
    let before = position.as_ref().map_or(0, |position| position.rows);
    let left = limit.map(|limit| limit.saturating_sub(before));
    let mut statement = connection.prepare(&plan.sql(position.as_ref(), left, true)).map_err(mapped)?;
    let resumed = position.is_some();
    for (index, value) in position.into_iter().flat_map(|position| position.key).enumerate() {
        statement.raw_bind_parameter(index + 1, value.into_value()).map_err(mapped)?;
    }
    let width = plan.columns.len();
    let mut columns: Vec<Column> = plan.columns.iter().map(|(_, kind)| Column::new(*kind, BATCH_ROWS)).collect();
    let mut total = before;
    let mut sent = resumed;
    let mut rows = statement.raw_query();
    let mut key = Vec::new();
    loop {
        let (mut count, mut bytes) = (0, 0);
        let mut ended = false;
        while count < BATCH_ROWS && bytes < BATCH_BYTES {
            let Some(row) = rows.next().map_err(mapped)? else {
                ended = true;
                break;
            };
            for (index, column) in columns.iter_mut().enumerate() {
                let value = row.get_ref(index).map_err(mapped)?;
                if let ValueRef::Text(value) | ValueRef::Blob(value) = value {
                    bytes += value.len();
                }
                if !column.append(value) {
                    let (name, kind) = &plan.columns[index];
                    let message = format!(
                        "column `{name}`, row {}: `{}` is no {}",
                        total + 1,
                        crate::error::shortened(&as_text(value)),
                        kind.data_type()
                    );
                    return Err(Error::permanent(ErrorCode::ValueRefused, message)
                        .hint("Cast the column in a query that yields the same rows each time it runs."));
                }
            }
            count += 1;
            total += 1;
            key.clear();
            for index in width..width + plan.key.len() {
                // A key that can be a checkpoint is never NULL.
                key.extend(KeyValue::of(row.get_ref(index).map_err(mapped)?));
            }
        }
        if count == 0 && sent {
            return Ok(());
        }
        let arrays = columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let records = RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?;
        let checkpoint = (count > 0 && key.len() == plan.key.len() && !key.is_empty())
            .then(|| {
                serde_json::to_string(&Position { key: key.clone(), rows: total }).expect("a position is plain data")
            })
            .map(Checkpoint);
        sent = true;
        if !outlet.send(Ok(SourceBatch { records, checkpoint, rejected: None })) || ended {
            return Ok(());
        }
    }
}
