//! Reading a table or query, block by block.
//!
//! A read in the order of a table's key (the timestamp, the second key where there is one, and before them `tbname` for a
//! supertable) can go on after any batch: the checkpoint is the last row's key.

use super::introspect::{self, Kind, TABLE_NAME, Table};
use super::session::{Cursor, Session};
use super::types::{Native, of_result};
use super::{Tdengine, decode, sql};
use crate::name::trim_query;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt64Type};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{Checkpoint, Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Small blocks are gathered until they have so many rows…
const ROWS: usize = 4096;
/// …or so many bytes.
const BYTES: usize = 4 << 20;

/// Where a read in key order stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    key: Vec<KeyValue>,
    rows: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyValue {
    Int(i64),
    Uint(u64),
    Text(String),
}

impl KeyValue {
    fn of(array: &ArrayRef, row: usize) -> Option<Self> {
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Utf8 => Some(Self::Text(array.as_string::<i32>().value(row).to_owned())),
            DataType::UInt32 | DataType::UInt64 => {
                let wide = arrow::compute::cast(&array.slice(row, 1), &DataType::UInt64).ok()?;
                Some(Self::Uint(wide.as_primitive::<UInt64Type>().value(0)))
            }
            _ => {
                let wide = arrow::compute::cast(&array.slice(row, 1), &DataType::Int64).ok()?;
                Some(Self::Int(wide.as_primitive::<Int64Type>().value(0)))
            }
        }
    }

    fn literal(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Text(text) => sql::literal(text),
        }
    }
}

/// A statement and what its answer is.
struct Plan {
    sql: String,
    /// Names and types of the columns, the key's behind them; unknown before a query has run.
    columns: Option<(Vec<String>, Vec<DataType>)>,
    /// How many columns at the end are only for the checkpoint.
    key: usize,
    resumable: bool,
    before: u64,
}

/// Opens a source.
pub(super) async fn open(tdengine: &Tdengine, options: ReadOptions) -> Result<Box<dyn Source>> {
    let mut session = tdengine.session().await?;
    let plan = match &options.relation {
        Relation::Table(name) => {
            let table = introspect::get_table(tdengine, &mut session, name).await?;
            plan_table(&table, &options)?
        }
        Relation::Query(query) => plan_query(query, &options)?,
    };
    let cursor = session.query(&plan.sql).await.map_err(|failure| tdengine.told(failure))?;
    let (names, types) = match plan.columns {
        Some(columns) => columns,
        None => columns_of(&cursor)?,
    };
    let shown = types.len() - plan.key;
    let fields: Vec<Field> =
        names.iter().zip(&types).take(shown).map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
    Ok(Box::new(TdengineSource {
        tdengine: tdengine.clone(),
        open: Some((session, cursor)),
        schema: Arc::new(Schema::new(fields)),
        names,
        types,
        key: plan.key,
        resumable: plan.resumable,
        total: plan.before,
        sent: options.resume_at.is_some(),
    }))
}

/// Names and types of a result's columns; refuses what the client library cannot read before it is fetched.
pub(super) fn columns_of(cursor: &Cursor) -> Result<(Vec<String>, Vec<DataType>)> {
    let (mut names, mut types) = (Vec::new(), Vec::new());
    for field in cursor.fields() {
        let Some(kind) = of_result(field.ty(), cursor.precision()) else {
            let message =
                format!("column `{}` has a type the TDengine client cannot read (DECIMAL or BLOB)", field.name());
            return Err(Error::permanent(ErrorCode::Unsupported, message)
                .hint("Cast it in the query: `CAST(column AS VARCHAR(64))`, or read the table rather than a query."));
        };
        names.push(field.name().to_owned());
        types.push(kind);
    }
    Ok((names, types))
}

fn plan_table(table: &Table, options: &ReadOptions) -> Result<Plan> {
    let names: Vec<&str> = if options.columns.is_empty() {
        let is_sub = matches!(table.kind, Kind::Sub(_));
        // As the server's own `*` does: a subtable's tags are the same in every row.
        table.columns.iter().filter(|column| !(is_sub && column.is_tag)).map(|column| column.name.as_str()).collect()
    } else {
        options.columns.iter().map(String::as_str).collect()
    };
    let (key, resumable) = resumable(table, &options.order_by)?;
    let mut selected = Vec::new();
    let mut types = Vec::new();
    for name in names.iter().copied().chain(key.iter().map(String::as_str)) {
        let (expression, data_type) = selected_column(table, name)?;
        selected.push(expression);
        types.push(data_type);
    }
    let mut conditions: Vec<String> = options.filter.iter().map(|filter| format!("({filter}\n)")).collect();
    let position = position(options, resumable)?;
    if let Some(position) = &position {
        conditions.push(after(table, &key, &position.key)?);
    }
    let before = position.map_or(0, |position| position.rows);
    let order = options.order_by.iter().map(|name| reference(table, name)).collect::<Result<Vec<_>>>()?;
    let sql = statement(&selected.join(", "), &table.place.quoted()?, &conditions, &order, options.limit, before);
    let names = names.iter().copied().chain(key.iter().map(String::as_str)).map(str::to_owned).collect();
    Ok(Plan { sql, columns: Some((names, types)), key: key.len(), resumable, before })
}

fn plan_query(query: &str, options: &ReadOptions) -> Result<Plan> {
    position(options, false)?;
    let plain = options.columns.is_empty()
        && options.filter.is_none()
        && options.order_by.is_empty()
        && options.limit.is_none();
    let sql = if plain {
        trim_query(query).to_owned()
    } else {
        let selected = if options.columns.is_empty() {
            "*".to_owned()
        } else {
            sql::quote_all(options.columns.iter().map(String::as_str))?
        };
        let conditions: Vec<String> = options.filter.iter().map(|filter| format!("({filter}\n)")).collect();
        let order = options.order_by.iter().map(|name| sql::quote(name)).collect::<Result<Vec<_>>>()?;
        // The line break ends a comment at the end of the query.
        statement(&selected, &format!("({}\n)", trim_query(query)), &conditions, &order, options.limit, 0)
    };
    Ok(Plan { sql, columns: None, key: 0, resumable: false, before: 0 })
}

fn statement(
    selected: &str,
    from: &str,
    conditions: &[String],
    order: &[String],
    limit: Option<u64>,
    before: u64,
) -> String {
    let mut sql = format!("SELECT {selected} FROM {from}");
    if !conditions.is_empty() {
        sql.push_str(&format!(" WHERE {}", conditions.join(" AND ")));
    }
    if !order.is_empty() {
        // Ascending with NULL first is the server's own order.
        sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
    }
    if let Some(limit) = limit {
        sql.push_str(&format!(" LIMIT {}", limit.saturating_sub(before)));
    }
    sql
}

/// How a column is named in a statement.
fn reference(table: &Table, name: &str) -> Result<String> {
    if name == TABLE_NAME && table.kind != Kind::Plain {
        return Ok(TABLE_NAME.to_owned());
    }
    sql::quote(&table.get(name)?.name)
}

/// How a column is selected, and the type it comes as.
fn selected_column(table: &Table, name: &str) -> Result<(String, DataType)> {
    if name == TABLE_NAME && table.kind != Kind::Plain {
        return Ok((TABLE_NAME.to_owned(), DataType::Utf8));
    }
    let column = table.get(name)?;
    let quoted = sql::quote(&column.name)?;
    let data_type = column.native.data_type(table.precision);
    match column.native {
        Native::Decimal(..) => Ok((format!("CAST({quoted} AS VARCHAR(64))"), data_type)),
        Native::Blob => {
            let message =
                format!("column `{name}` of `{}` is a BLOB, which the TDengine client cannot read", table.name);
            Err(Error::permanent(ErrorCode::Unsupported, message).hint("Name the columns to read, without this one."))
        }
        _ => Ok((quoted, data_type)),
    }
}

/// The key's columns where the order is the table's key, and so a read can go on after any row.
fn resumable(table: &Table, order: &[String]) -> Result<(Vec<String>, bool)> {
    for name in order {
        reference(table, name)?;
    }
    let mut key = table.key();
    if table.kind == Kind::Super {
        key.push(TABLE_NAME.to_owned());
    }
    let covers = key.len() == order.len() && key.iter().all(|name| order.contains(name));
    Ok(if covers { (order.to_vec(), true) } else { (Vec::new(), false) })
}

fn position(options: &ReadOptions, resumable: bool) -> Result<Option<Position>> {
    let Some(Checkpoint(text)) = &options.resume_at else { return Ok(None) };
    if !resumable {
        return Err(Error::permanent(ErrorCode::ReplayImpossible, "this read cannot resume at a checkpoint"));
    }
    serde_json::from_str(text).map(Some).map_err(|error| {
        Error::permanent(ErrorCode::ReplayImpossible, format!("the checkpoint cannot be read: {error}"))
    })
}

/// The condition for rows after a key.
fn after(table: &Table, columns: &[String], key: &[KeyValue]) -> Result<String> {
    let mut alternatives = Vec::new();
    for (index, (column, value)) in columns.iter().zip(key).enumerate() {
        let mut parts = Vec::new();
        for (equal, value) in columns[..index].iter().zip(key) {
            parts.push(format!("{} = {}", reference(table, equal)?, value.literal()));
        }
        parts.push(format!("{} > {}", reference(table, column)?, value.literal()));
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    Ok(format!("({})", alternatives.join(" OR ")))
}

struct TdengineSource {
    tdengine: Tdengine,
    /// None once the end was reached or something failed: the connection is given back then.
    open: Option<(Session, Cursor)>,
    schema: SchemaRef,
    names: Vec<String>,
    types: Vec<DataType>,
    key: usize,
    resumable: bool,
    total: u64,
    sent: bool,
}

#[async_trait]
impl Source for TdengineSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        if self.resumable { Resume::Checkpoint } else { Resume::Nothing }
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        let mut parts = Vec::new();
        let mut key = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        while rows < ROWS && bytes < BYTES {
            let Some((session, cursor)) = &mut self.open else { break };
            let block = match session.fetch(cursor).await {
                Ok(Some(block)) => block,
                Ok(None) => {
                    self.open = None;
                    break;
                }
                Err(failure) => {
                    self.open = None;
                    return Err(self.tdengine.told(failure));
                }
            };
            if block.nrows() == 0 {
                continue;
            }
            bytes += block.as_raw_bytes().len();
            let columns = decode::columns(&block, &self.names, &self.types).inspect_err(|_| self.open = None)?;
            let last = block.nrows() - 1;
            let shown = columns.len() - self.key;
            key = columns[shown..].iter().filter_map(|array| KeyValue::of(array, last)).collect();
            rows += block.nrows();
            parts.push(RecordBatch::try_new(self.schema.clone(), columns[..shown].to_vec())?);
        }
        if rows == 0 && self.sent {
            return Ok(None);
        }
        self.sent = true;
        self.total += rows as u64;
        let records = match parts.len() {
            1 => parts.swap_remove(0),
            _ => concat_batches(&self.schema, &parts)?,
        };
        let complete = self.resumable && key.len() == self.key && rows > 0;
        let position = complete.then_some(Position { key, rows: self.total });
        let checkpoint = position.and_then(|position| serde_json::to_string(&position).ok()).map(Checkpoint);
        Ok(Some(SourceBatch { records, checkpoint, rejected: None }))
    }
}
