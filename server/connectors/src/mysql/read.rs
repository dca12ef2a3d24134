//! Reading a table or query, streamed by the binary protocol on a task of its own.

use super::decode::Layout;
use super::key::{KeyValue, OrderColumn, Position, after, resumable};
use super::pool::kill;
use super::value::Builder;
use super::wire::{Prepared, Wire};
use super::{Config, Mysql, error, from_clause, introspect, quote, quote_all, types};
use crate::error::column_not_found;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Value};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A batch is cut early where its values exceed this many bytes.
const BATCH_BYTES: usize = 8 << 20;

struct MysqlSource {
    schema: SchemaRef,
    resume: Resume,
    /// Closed when the source is dropped; the task that reads then ends the session, and with it the query.
    batches: mpsc::Receiver<Result<SourceBatch>>,
}

#[async_trait]
impl Source for MysqlSource {
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

/// What is sent, and how its rows are understood.
struct Plan {
    sql: String,
    values: Vec<Value>,
    /// How many columns of the result are the batch's; the key's follow.
    width: usize,
    keyed: bool,
    rows_before: u64,
}

/// Opens a source.
pub(super) async fn open(mysql: &Mysql, options: ReadOptions) -> Result<Box<dyn Source>> {
    let config = mysql.config.clone();
    let plan = {
        let mut connection = mysql.connect().await?;
        plan(&mut connection, &config, &options).await?
    };
    let (mut wire, place) = mysql.connections.reading().await?;
    let statement = wire.prepare(&plan.sql).await?;
    let columns = statement.columns.get(..plan.width).unwrap_or_default();
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(column.name_str(), types::arrow_type(column), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let resume = if plan.keyed { Resume::Checkpoint } else { Resume::Nothing };
    let (sender, batches) = mpsc::channel(2);
    let task_schema = schema.clone();
    let connections = mysql.connections.clone();
    meter::spawn(async move {
        let session = wire.session();
        let reading = stream(&mut wire, &config, &statement, plan, task_schema, &sender);
        let ended = tokio::select! {
            ended = reading => ended,
            () = sender.closed() => Ok(End::Unwanted),
        };
        match ended {
            Ok(End::Reached) => wire.close().await,
            // The server may still be at work, long before it has a row to send and sees the closed socket. The session is
            // still held here, so that its number is nobody else's.
            Ok(End::Unwanted) => kill(&connections, &config.user, session).await,
            // The reader may be gone, and then nobody wants to know.
            Err(error) => drop(sender.send(Err(error)).await),
        }
        drop(place);
    });
    Ok(Box::new(MysqlSource { schema, resume, batches }))
}

/// Why a task reads no more.
enum End {
    /// All rows were read.
    Reached,
    /// Nobody takes them.
    Unwanted,
}

async fn plan(connection: &mut Conn, config: &Config, options: &ReadOptions) -> Result<Plan> {
    let mapped = |e| error::mapped(config, &e);
    let mut order = Vec::new();
    let mut keyed = false;
    let names: Vec<String>;
    if let Relation::Table(name) = &options.relation {
        let table = introspect::get_table(connection, config, name).await?;
        let missing = |column: &str| column_not_found(column, name, table.names());
        for column in &options.order_by {
            let info = table.column(column).ok_or_else(|| missing(column))?;
            let collation = table.collations.get(&info.name).map(String::as_str);
            order.push(OrderColumn::of(&info.name, &info.data_type, collation));
        }
        names = if options.columns.is_empty() {
            table.names().map(str::to_owned).collect()
        } else {
            let found =
                options.columns.iter().map(|c| table.column(c).map(|i| i.name.clone()).ok_or_else(|| missing(c)));
            found.collect::<Result<_>>()?
        };
        keyed = options.checkpoints && resumable(&table, &options.order_by, &order);
    } else {
        let described =
            connection.prep(format!("SELECT * FROM {}", from_clause(&options.relation))).await.map_err(mapped)?;
        let columns = described.columns();
        let all: Vec<String> = columns.iter().map(|column| column.name_str().into_owned()).collect();
        for column in options.columns.iter().chain(&options.order_by) {
            if !all.contains(column) {
                return Err(column_not_found(column, "the query", all.iter().map(String::as_str)));
            }
        }
        for column in &options.order_by {
            let described = columns.iter().find(|other| other.name_str() == column.as_str());
            let data_type = described.map_or(arrow::datatypes::DataType::Utf8, types::arrow_type);
            order.push(OrderColumn::of(column, &data_type, None));
        }
        names = if options.columns.is_empty() { all } else { options.columns.clone() };
    }
    let mut sql = format!("SELECT {}", quote_all(names.iter().map(String::as_str)));
    if keyed {
        for (index, column) in options.order_by.iter().enumerate() {
            sql.push_str(&format!(", {} AS `_key_{index}`", quote(column)));
        }
    }
    sql.push_str(&format!(" FROM {}", from_clause(&options.relation)));
    let mut conditions: Vec<String> = options.filter.iter().map(|filter| format!("({filter}\n)")).collect();
    let (mut values, mut rows_before) = (Vec::new(), 0);
    if let Some(Checkpoint(text)) = &options.resume_at {
        let unread =
            |why: &str| Error::permanent(ErrorCode::ReplayImpossible, format!("the checkpoint cannot be used: {why}"));
        if !keyed {
            return Err(unread("this read has no unique key to resume by"));
        }
        let position: Position = serde_json::from_str(text).map_err(|e| unread(&e.to_string()))?;
        if position.key.len() != order.len() {
            return Err(unread("it belongs to another key"));
        }
        let (condition, parameters) = after(&order, &position.key);
        conditions.push(condition);
        values = parameters;
        rows_before = position.rows;
    }
    if !conditions.is_empty() {
        sql.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    if !order.is_empty() {
        let expressions: Vec<&str> = order.iter().map(|column| column.expression.as_str()).collect();
        sql.push_str(&format!(" ORDER BY {}", expressions.join(", ")));
    }
    if let Some(limit) = options.limit {
        sql.push_str(&format!(" LIMIT {}", limit.saturating_sub(rows_before)));
    }
    Ok(Plan { sql, values, width: names.len(), keyed, rows_before })
}

async fn stream(
    wire: &mut Wire,
    config: &Config,
    statement: &Prepared,
    plan: Plan,
    schema: SchemaRef,
    batches: &mpsc::Sender<Result<SourceBatch>>,
) -> Result<End> {
    tracing::debug!(sql = plan.sql, "reading");
    wire.execute(statement, &plan.values).await?;
    let layout = Layout::of(&statement.columns);
    let mut builders: Vec<Builder> =
        schema.fields().iter().map(|field| Builder::new(field.name(), field.data_type(), config.zero_dates)).collect();
    let (mut rows, mut bytes, mut total) = (0, 0, plan.rows_before);
    let mut key = vec![KeyValue::Int(0); statement.columns.len() - builders.len()];
    let mut sent = false;
    loop {
        let row = wire.row().await?;
        let ended = row.is_none();
        if let Some(row) = row {
            let read = layout.read(wire.payload(&row), |at, value| {
                match builders.get_mut(at) {
                    Some(builder) => bytes += builder.push(value)?,
                    None => key[at - plan.width].set(value),
                }
                Ok(())
            });
            read.map_err(|why| unreadable(&why, total + 1))?;
            rows += 1;
            total += 1;
        }
        let full = rows >= BATCH_ROWS || bytes >= BATCH_BYTES;
        if full || (ended && (rows > 0 || !sent)) {
            let arrays = builders.iter_mut().map(Builder::finish).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let records = RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?;
            let checkpoint = if plan.keyed && rows > 0 {
                let position = Position { key: key.clone(), rows: total };
                let text = serde_json::to_string(&position).map_err(|e| {
                    Error::permanent(ErrorCode::Internal, format!("a checkpoint cannot be written: {e}"))
                })?;
                Some(Checkpoint(text))
            } else {
                None
            };
            if batches.send(Ok(SourceBatch { records, checkpoint, rejected: None })).await.is_err() {
                return Ok(if ended { End::Reached } else { End::Unwanted });
            }
            sent = true;
            (rows, bytes) = (0, 0);
        }
        if ended {
            for (column, count) in builders.iter().filter_map(Builder::nulled) {
                tracing::warn!(column, count, "dates without month or day were read as NULL");
            }
            return Ok(End::Reached);
        }
    }
}

fn unreadable(why: &str, row: u64) -> Error {
    Error::permanent(ErrorCode::ValueRefused, format!("row {row} of the read: {why}"))
        .hint("Select an expression that turns the value into another, such as `NULLIF(column, '0000-00-00')`.")
}
