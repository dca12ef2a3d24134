//! Reading a table or query by binary COPY, in a read-only transaction with one snapshot.
//!
//! A `numeric` without precision gets one by looking: a first query asks how many digits the values have. Where Arrow has
//! a decimal for them all, that is the type; otherwise, and where NaN or infinity occur, the column is text.

use super::decode::Column;
use super::error::mapped;
use super::introspect::{Table, TableColumn, get_table};
use super::pool::{Lent, Pool};
use super::types::{Kind, Sort, decimal, kind};
use crate::error::{column_not_found, shortened};
use crate::name::{literal, quote, trim_query};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use bytes::Bytes;
use data::connector::{ReadOptions, Relation};
use data::{BATCH_ROWS, Checkpoint, Error, Result, Resume, Source, SourceBatch};
use futures::Stream;
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio_postgres::{Client, CopyOutStream};

/// A batch is cut early where its values exceed this many bytes.
const BATCH_BYTES: usize = 8 << 20;
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Where a read in key order stands.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    key: Vec<String>,
    rows: u64,
}

/// What is to be read.
struct Plan {
    columns: Vec<(String, Kind)>,
    /// Each column as it is named inside `from`.
    inner: Vec<String>,
    from: String,
    filter: Option<String>,
    order: Vec<String>,
    /// Expression and literal type of the key's columns, where the read can resume.
    key: Vec<(String, String)>,
}

/// A query as something to select from.
pub(super) fn subquery(query: &str) -> String {
    // The line break ends a comment at the end of the query.
    format!("(\n{}\n) AS q", trim_query(query))
}

/// Opens a source.
pub(super) async fn open(pool: &Arc<Pool>, options: ReadOptions) -> Result<Box<dyn Source>> {
    let client = pool.get().await?;
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(|error| mapped(&error))?;
    if let Some(snapshot) = &options.snapshot {
        let at = format!("SET TRANSACTION SNAPSHOT {}", literal(snapshot));
        client.batch_execute(&at).await.map_err(|error| mapped(&error))?;
    }
    let mut plan = match &options.relation {
        Relation::Table(name) => plan_table(&get_table(&client, name).await?, &options)?,
        Relation::Query(query) => plan_query(&client, query, &options).await?,
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
    settle_numerics(&client, &mut plan).await?;
    let fields: Vec<Field> = plan.columns.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect();
    let rows = position.as_ref().map_or(0, |position| position.rows);
    let sql = plan.copy(position.as_ref(), options.limit.map(|limit| limit.saturating_sub(rows)));
    let copy = client.copy_out(&sql).await.map_err(|error| mapped(&error))?;
    Ok(Box::new(PostgresSource {
        schema: Arc::new(Schema::new(fields)),
        resume: if plan.key.is_empty() { Resume::Nothing } else { Resume::Checkpoint },
        builders: plan.columns.iter().map(|(_, kind)| Column::new(*kind, BATCH_ROWS)).collect(),
        names: plan.columns.into_iter().map(|(name, _)| name).collect(),
        key: vec![Vec::new(); plan.key.len()],
        copy: Some(Box::pin(copy)),
        client: Some(client),
        rest: Bytes::new(),
        header_seen: false,
        sent: position.is_some(),
        rows,
    }))
}

fn plan_table(table: &Table, options: &ReadOptions) -> Result<Plan> {
    let find =
        |name: &String| table.column(name).ok_or_else(|| column_not_found(name, table.shown(), table.column_names()));
    let selected: Vec<&TableColumn> = if options.columns.is_empty() {
        table.columns.iter().collect()
    } else {
        options.columns.iter().map(find).collect::<Result<_>>()?
    };
    let ordered: Vec<&TableColumn> = options.order_by.iter().map(find).collect::<Result<_>>()?;
    let sortable =
        |column: &TableColumn| sort_key(&qualified(&column.name), column.kind, column.oid, &column.native_type);
    let keys: Vec<(String, String)> = ordered.iter().map(|column| sortable(column)).collect();
    let resumes = options.checkpoints
        && !keys.is_empty()
        && table.is_unique(&options.order_by)
        && table.never_null(&options.order_by);
    Ok(Plan {
        columns: selected.iter().map(|column| (column.name.clone(), column.kind)).collect(),
        inner: selected.iter().map(|column| qualified(&column.name)).collect(),
        from: format!("{} AS q", table.name.quoted()),
        filter: options.filter.clone(),
        order: ordered.iter().zip(&keys).map(|(column, (expression, _))| ascending(column, expression)).collect(),
        key: if resumes { keys } else { Vec::new() },
    })
}

async fn plan_query(client: &Client, query: &str, options: &ReadOptions) -> Result<Plan> {
    let statement = client.prepare(trim_query(query)).await.map_err(|error| mapped(&error))?;
    if statement.columns().is_empty() {
        return Err(Error::permanent(ErrorCode::InvalidSql, "the query yields no columns")
            .hint("Write a query that selects rows."));
    }
    let all: Vec<(String, Kind, u32)> = statement
        .columns()
        .iter()
        .map(|column| {
            let sort = match column.type_().kind() {
                tokio_postgres::types::Kind::Enum(_) => Sort::Enum,
                tokio_postgres::types::Kind::Array(_) => Sort::Array,
                _ => Sort::Plain,
            };
            let oid = column.type_().oid();
            (column.name().to_owned(), kind(oid, column.type_modifier(), sort), oid)
        })
        .collect();
    for (index, (name, ..)) in all.iter().enumerate() {
        if all[..index].iter().any(|(other, ..)| other == name) {
            return Err(Error::permanent(
                ErrorCode::InvalidSql,
                format!("the query yields two columns named `{name}`"),
            )
            .hint("Give one of them another name with `AS`."));
        }
    }
    let find = |name: &String| {
        all.iter()
            .find(|(other, ..)| other == name)
            .ok_or_else(|| column_not_found(name, "the query", all.iter().map(|(name, ..)| name.as_str())))
    };
    let selected: Vec<_> = if options.columns.is_empty() {
        all.iter().collect()
    } else {
        options.columns.iter().map(find).collect::<Result<_>>()?
    };
    let ordered: Vec<_> = options.order_by.iter().map(find).collect::<Result<_>>()?;
    Ok(Plan {
        columns: selected.iter().map(|(name, kind, _)| (name.clone(), *kind)).collect(),
        inner: selected.iter().map(|(name, ..)| qualified(name)).collect(),
        from: subquery(query),
        filter: options.filter.clone(),
        order: ordered
            .iter()
            .map(|(name, kind, oid)| format!("{} NULLS FIRST", sort_key(&qualified(name), *kind, *oid, "text").0))
            .collect(),
        key: Vec::new(),
    })
}

/// The order by a key's column. An index has NULL last and would not serve where NULL were to come first: where there can be
/// none, nothing is said of it.
fn ascending(column: &TableColumn, expression: &str) -> String {
    if column.not_null { expression.to_owned() } else { format!("{expression} NULLS FIRST") }
}

/// The column as the relation has it: in `ORDER BY` a bare name would mean the selected, perhaps cast, one.
fn qualified(column: &str) -> String {
    format!("q.{}", quote(column))
}

/// An expression that sorts the column by value, text by its bytes, and the type to cast a literal of it to.
pub(super) fn sort_key(column: &str, kind: Kind, oid: u32, native_type: &str) -> (String, String) {
    match kind {
        Kind::Text if matches!(oid, 25 | 1042 | 1043) => {
            let literal = if oid == 1042 { "bpchar" } else { "text" };
            (format!("{column} COLLATE \"C\""), format!("{literal} COLLATE \"C\""))
        }
        Kind::Text | Kind::Jsonb | Kind::Array | Kind::Inet | Kind::Other => {
            (format!("{column}::text COLLATE \"C\""), "text COLLATE \"C\"".to_owned())
        }
        _ => (column.to_owned(), native_type.to_owned()),
    }
}

impl Plan {
    fn copy(&self, position: Option<&Position>, limit: Option<u64>) -> String {
        let mut selected: Vec<String> =
            self.columns.iter().zip(&self.inner).map(|((_, kind), inner)| kind.selected(inner)).collect();
        // The key once more as text, from which checkpoints are made.
        selected.extend(self.key.iter().map(|(expression, _)| format!("({expression})::text")));
        let mut conditions: Vec<String> = self.filter.iter().map(|filter| format!("({filter}\n)")).collect();
        if let Some(position) = position {
            let keys: Vec<&str> = self.key.iter().map(|(expression, _)| expression.as_str()).collect();
            let values: Vec<String> = position
                .key
                .iter()
                .zip(&self.key)
                .map(|(value, (_, cast))| format!("{}::{cast}", literal(value)))
                .collect();
            conditions.push(format!("({}) > ({})", keys.join(", "), values.join(", ")));
        }
        let mut sql = format!("SELECT {} FROM {}", selected.join(", "), self.from);
        if !conditions.is_empty() {
            sql = format!("{sql} WHERE {}", conditions.join(" AND "));
        }
        if !self.order.is_empty() {
            sql = format!("{sql} ORDER BY {}", self.order.join(", "));
        }
        if let Some(limit) = limit {
            sql = format!("{sql} LIMIT {}", i64::try_from(limit).unwrap_or(i64::MAX));
        }
        format!("COPY ({sql}) TO STDOUT (FORMAT binary)")
    }
}

/// Finds a decimal that holds all values of each `numeric` without precision.
async fn settle_numerics(client: &Client, plan: &mut Plan) -> Result<()> {
    let open: Vec<usize> = (0..plan.columns.len()).filter(|index| plan.columns[*index].1 == Kind::Numeric).collect();
    if open.is_empty() {
        return Ok(());
    }
    let asked: Vec<String> = open
        .iter()
        .map(|index| {
            let column = &plan.inner[*index];
            let special = format!("{column}::text IN ('NaN', 'Infinity', '-Infinity')");
            format!(
                "coalesce(bool_or({special}), false), coalesce(max(CASE WHEN {special} THEN 0 ELSE scale({column}) END), 0)::int4, \
                 coalesce(max(CASE WHEN {special} THEN 0 ELSE length(trunc(abs({column}))::text) END), 0)::int4"
            )
        })
        .collect();
    let filter = plan.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let sql = format!("SELECT {} FROM {}{filter}", asked.join(", "), plan.from);
    let row = client.query_one(&sql, &[]).await.map_err(|error| mapped(&error))?;
    for (place, index) in open.into_iter().enumerate() {
        let (special, scale, whole): (bool, i32, i32) =
            (row.get(place * 3), row.get(place * 3 + 1), row.get(place * 3 + 2));
        let digits = scale + whole;
        // The widest decimal of its class, so that one more digit tomorrow does not change the type.
        let digits = if digits <= 38 { 38 } else { digits.max(76) };
        plan.columns[index].1 = if special { Kind::Numeric } else { decimal(digits, scale) };
    }
    Ok(())
}

struct PostgresSource {
    schema: SchemaRef,
    resume: Resume,
    names: Vec<String>,
    builders: Vec<Column>,
    /// The key of the last row, as text.
    key: Vec<Vec<u8>>,
    copy: Option<Pin<Box<CopyOutStream>>>,
    client: Option<Lent>,
    rest: Bytes,
    header_seen: bool,
    sent: bool,
    rows: u64,
}

#[async_trait]
impl Source for PostgresSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        let batch = self.batch().await;
        if batch.is_err() {
            // Whatever is left of the COPY goes down with its connection.
            self.copy = None;
            self.client = None;
        }
        batch
    }
}

impl PostgresSource {
    async fn batch(&mut self) -> Result<Option<SourceBatch>> {
        let Some(mut copy) = self.copy.take() else { return Ok(None) };
        let (mut count, mut bytes) = (0, 0);
        let mut ended = false;
        while count < BATCH_ROWS && bytes < BATCH_BYTES {
            if self.rest.is_empty() {
                match receive(self.client.as_ref(), copy.as_mut()).await {
                    Some(chunk) => self.rest = chunk.map_err(|error| mapped(&error))?,
                    None => {
                        ended = true;
                        break;
                    }
                }
            }
            bytes += self.rest.len();
            let chunk = std::mem::take(&mut self.rest);
            let left = self.row(&chunk, &mut count)?;
            self.rest = chunk.slice(chunk.len() - left..);
            bytes -= self.rest.len();
        }
        if ended {
            let client = self.client.take().expect("the connection lives as long as the COPY");
            client.hand_back();
            client.batch_execute("COMMIT").await.map_err(|error| mapped(&error))?;
            client.release();
        } else {
            self.copy = Some(copy);
        }
        if count == 0 && self.sent {
            return Ok(None);
        }
        self.sent = true;
        let arrays = self.builders.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let records = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        Ok(Some(SourceBatch { records, checkpoint: self.checkpoint(count), rejected: None }))
    }

    fn checkpoint(&self, count: usize) -> Option<Checkpoint> {
        if count == 0 || self.key.is_empty() {
            return None;
        }
        let key = self.key.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        let position = serde_json::to_string(&Position { key, rows: self.rows });
        Some(Checkpoint(position.expect("a position is plain data")))
    }

    /// Takes one row from the front of `chunk`, after the header; returns how many bytes are left.
    fn row(&mut self, chunk: &[u8], count: &mut usize) -> Result<usize> {
        let mut rest = chunk;
        if !self.header_seen {
            let after = rest.strip_prefix(HEADER).and_then(|rest| rest.get(4..)).ok_or_else(malformed)?;
            let extension = take::<4>(&mut { after }).map(u32::from_be_bytes)? as usize;
            rest = after.get(4 + extension..).ok_or_else(malformed)?;
            self.header_seen = true;
            if rest.is_empty() {
                return Ok(0);
            }
        }
        let fields = i16::from_be_bytes(take(&mut rest)?);
        if fields == -1 {
            return Ok(0);
        }
        if usize::try_from(fields) != Ok(self.builders.len() + self.key.len()) {
            return Err(malformed());
        }
        for (index, builder) in self.builders.iter_mut().enumerate() {
            match value(&mut rest)? {
                None => builder.append_null(),
                Some(bytes) => builder.append(bytes).map_err(|why| {
                    let shown = shortened(&String::from_utf8_lossy(bytes));
                    let shown =
                        if shown.chars().any(char::is_control) { String::new() } else { format!(" (`{shown}`)") };
                    let message = format!("column `{}`, row {}{shown}: {why}", self.names[index], self.rows + 1);
                    Error::permanent(ErrorCode::ValueRefused, message)
                        .hint("Read the column by a query that casts it to text or leaves such values out.")
                })?,
            }
        }
        for part in &mut self.key {
            part.clear();
            part.extend_from_slice(value(&mut rest)?.unwrap_or_default());
        }
        *count += 1;
        self.rows += 1;
        Ok(rest.len())
    }
}

/// The next piece of the COPY, read from the socket by this very task.
async fn receive(
    client: Option<&Lent>,
    mut copy: Pin<&mut CopyOutStream>,
) -> Option<Result<Bytes, tokio_postgres::Error>> {
    poll_fn(|context| {
        if let found @ Poll::Ready(_) = copy.as_mut().poll_next(context) {
            return found;
        }
        if let Some(client) = client {
            client.drive(context);
        }
        copy.as_mut().poll_next(context)
    })
    .await
}

fn malformed() -> Error {
    Error::permanent(ErrorCode::StatementFailed, "the server sent a COPY stream that cannot be read")
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N]> {
    let (head, tail) = rest.split_first_chunk().ok_or_else(malformed)?;
    *rest = tail;
    Ok(*head)
}

fn value<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>> {
    let length = i32::from_be_bytes(take(rest)?);
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| malformed())?;
    let (head, tail) = rest.split_at_checked(length).ok_or_else(malformed)?;
    *rest = tail;
    Ok(Some(head))
}
