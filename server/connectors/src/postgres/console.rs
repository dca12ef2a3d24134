//! One statement of the console, in five layers.
//!
//! The parsed allow-list comes first (`statement.rs`). [`session`] opens a session of its own for every statement, in the
//! role the connection names, and closes it afterwards, so that nothing the statement leaves behind meets anybody else. The
//! statement runs in a read-only transaction, which is rolled back, over the extended protocol, which takes one statement
//! only; rows are fetched some at a time and counted, in rows and in bytes.

mod check;
mod parameter;
mod session;
mod shape;

pub(super) use check::check;

use super::decode::Column;
use super::error::mapped;
use super::pool::Pool;
use super::types::Kind;
use crate::console::{BATCH_BYTES, Feed};
use crate::error::shortened;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::console::{ConsoleEnd, ConsoleForm, ConsoleRequest, ConsoleRows, Effect, StatementCheck, require_allowed};
use data::{BATCH_ROWS, Error, Result};
use futures::StreamExt;
use model::ErrorCode;
use parameter::Parameter;
use session::Session;
use shape::Shape;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Statement, Transaction};

/// Rows asked for at first, and twice as many each time after.
const FETCH: u64 = 128;
/// What the server gets beyond the statement's time before its session is given up.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a statement; dropping its rows cancels it in the server.
pub(super) async fn rows(pool: &Arc<Pool>, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
    let checked = layer_one(&request.sql);
    require_allowed(&checked, request.write)?;
    run_allowed(pool, request, checked, form).await
}

/// Runs what the first layer let through.
pub(super) async fn run_allowed(
    pool: &Arc<Pool>,
    request: ConsoleRequest,
    checked: StatementCheck,
    form: ConsoleForm,
) -> Result<Box<dyn ConsoleRows>> {
    let pool = pool.clone();
    crate::console::run(form, request.write, move |mut feed| async move {
        let (time, started) = (request.limits.time, Instant::now());
        let running = async {
            let mut session = Session::open(&pool, request.write, request.limits.bytes).await?;
            match execute(&mut session, &request, &checked, &mut feed).await {
                Ok(end) => {
                    session.done();
                    Ok(end)
                }
                // What still runs is canceled when the session is dropped.
                // The server says the same word where somebody else canceled the statement.
                Err(error) if error.code() == ErrorCode::StatementTimeout && started.elapsed() >= time => {
                    Err(timed_out(time))
                }
                Err(error) => Err(session.explained(error)),
            }
        };
        let end = tokio::time::timeout(time + GRACE, running).await.unwrap_or_else(|_| Err(timed_out(time)))?;
        feed.finish(end).await
    })
    .await
}

/// The parsed allow-list.
fn layer_one(sql: &str) -> StatementCheck {
    crate::statement::check(data::System::Postgres, sql)
}

fn timed_out(time: Duration) -> Error {
    let message = format!("the statement took longer than {} s", time.as_secs_f64());
    Error::permanent(ErrorCode::StatementTimeout, message).hint("Narrow it down, or allow it more time.")
}

async fn execute(
    session: &mut Session,
    request: &ConsoleRequest,
    checked: &StatementCheck,
    feed: &mut Feed,
) -> Result<ConsoleEnd> {
    let meter = session.meter();
    let transaction = session.begin(request.write, request.limits.time).await?;
    let original = transaction.prepare(&request.sql).await.map_err(|error| failed(&request.sql, &error))?;
    if original.params().len() != request.params.len() {
        let (asked, given) = (original.params().len(), request.params.len());
        return Err(crate::console::placeholders(asked, given, "of `$1`, `$2`, …"));
    }
    let mut shape = Shape::of(&original);
    let native_types = shape.native_types(&transaction).await?;
    let run = Run { transaction: &transaction, request, effect: checked.effect, meter: &meter };
    let fetched = loop {
        let statement = match shape.wrapped(&transaction, &request.sql).await? {
            Some(wrapped) => wrapped,
            None => original.clone(),
        };
        if request.write {
            transaction.batch_execute("SAVEPOINT attempt").await.map_err(|error| mapped(&error))?;
        }
        feed.begin(shape.schema(), native_types.clone());
        match run.fetch(&statement, &shape, feed).await {
            Ok(fetched) => break fetched,
            // The value has no place in its Arrow type: the whole column comes as text, in a second attempt.
            Err(Stopped::NoPlace(column)) if !shape.is_text(column) && feed.restart() => {
                shape.make_text(column);
                if request.write {
                    transaction.batch_execute("ROLLBACK TO SAVEPOINT attempt").await.map_err(|error| mapped(&error))?;
                }
            }
            Err(Stopped::NoPlace(column)) => {
                let (name, schema) = (shape.name(column), shape.schema());
                let message = format!("a value of column `{name}` is no {}", schema.field(column).data_type());
                return Err(Error::permanent(ErrorCode::ValueRefused, message).hint("Cast the column to text."));
            }
            Err(Stopped::Failed(error)) => return Err(error),
        }
    };
    if request.write {
        transaction.commit().await.map_err(|error| match error.as_db_error() {
            Some(_) => mapped(&error),
            None => Error::permanent(
                ErrorCode::ConnectionFailed,
                "the connection was lost while the change was stored; whether it was is unknown",
            )
            .hint("Look at the table before you run the statement again."),
        })?;
    } else {
        // Nothing a reading statement did may stay, not even what a read-only transaction lets pass.
        transaction.rollback().await.map_err(|error| mapped(&error))?;
    }
    let affected = (request.write && checked.effect != Effect::Read).then_some(fetched.affected);
    Ok(ConsoleEnd { truncated: fetched.truncated, affected })
}

/// The error of a statement, with line and column where the server tells the place.
fn failed(sql: &str, error: &tokio_postgres::Error) -> Error {
    let mut told = mapped(error);
    if let Some(tokio_postgres::error::ErrorPosition::Original(position)) =
        error.as_db_error().and_then(|db| db.position())
    {
        let (mut line, mut column) = (1, 1);
        for char in sql.chars().take((*position as usize).saturating_sub(1)) {
            (line, column) = if char == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        told.fault.line = Some(line);
        told.fault.column = Some(column);
    }
    told
}

struct Run<'a> {
    transaction: &'a Transaction<'a>,
    request: &'a ConsoleRequest,
    effect: Effect,
    meter: &'a session::Meter,
}

struct Fetched {
    truncated: bool,
    affected: u64,
}

enum Stopped {
    /// A value of this column has no place in the column's Arrow type.
    NoPlace(usize),
    Failed(Error),
}

/// A value as the server sends it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Run<'_> {
    async fn fetch(
        &self,
        statement: &Statement,
        shape: &Shape,
        feed: &mut Feed,
    ) -> std::result::Result<Fetched, Stopped> {
        let stopped = |error: tokio_postgres::Error| Stopped::Failed(failed(&self.request.sql, &error));
        let parameters: Vec<Parameter<'_>> = self.request.params.iter().map(Parameter).collect();
        let portal = self.transaction.bind_raw(statement, &parameters).await.map_err(stopped)?;
        let (limit, most) = (self.request.limits.rows, feed.most_bytes(&self.request.limits));
        let kinds: Vec<Kind> = shape.kinds();
        let mut builders: Vec<Column> = kinds.iter().map(|kind| Column::new(*kind, 64)).collect();
        let schema = shape.schema();
        let (mut kept, mut total, mut bytes, mut pending, mut pending_bytes) = (0u64, 0u64, 0u64, 0usize, 0u64);
        let (mut truncated, mut no_place, mut tag, mut is_empty) = (false, None, 0, true);
        // A statement that writes runs to its end, so that it tells how many rows it touched.
        let runs_on = self.request.write && self.effect != Effect::Read;
        let mut fetch = FETCH;
        loop {
            let count = match kinds.is_empty() {
                true => 0,
                false if truncated => fetch as i32,
                false => fetch.min(limit.saturating_sub(kept).saturating_add(1)) as i32,
            };
            fetch = (fetch * 2).min(BATCH_ROWS as u64);
            let stream = self.transaction.query_portal_raw(&portal, count).await.map_err(stopped)?;
            let mut stream = pin!(stream);
            let mut came = 0;
            while let Some(row) = stream.next().await {
                let row = row.map_err(stopped)?;
                self.meter.reset();
                came += 1;
                total += 1;
                let size = row.raw_size_bytes() as u64;
                truncated |= kept >= limit || bytes.saturating_add(size) > most && kept > 0;
                if truncated || no_place.is_some() {
                    continue;
                }
                bytes += size;
                for (at, builder) in builders.iter_mut().enumerate() {
                    let value: Option<Raw<'_>> = row.try_get(at).map_err(stopped)?;
                    match value {
                        None => builder.append_null(),
                        Some(Raw(value)) if !shape::is_showable(kinds[at], value) => no_place = Some(at),
                        Some(Raw(value)) => {
                            if builder.append(value).is_err() {
                                no_place = Some(at);
                            }
                        }
                    }
                    if no_place.is_some() {
                        break;
                    }
                }
                kept += 1;
                pending += 1;
                pending_bytes += size;
                if (pending == BATCH_ROWS || pending_bytes >= BATCH_BYTES) && no_place.is_none() {
                    let batch = batch(&schema, &mut builders, pending).map_err(Stopped::Failed)?;
                    feed.push(batch).await.map_err(Stopped::Failed)?;
                    (pending, pending_bytes, is_empty) = (0, 0, false);
                }
            }
            tag = stream.rows_affected().unwrap_or(tag);
            if let Some(column) = no_place {
                return Err(Stopped::NoPlace(column));
            }
            if came < count || count == 0 || truncated && !runs_on {
                break;
            }
        }
        if pending > 0 || is_empty && !kinds.is_empty() {
            let batch = batch(&schema, &mut builders, pending).map_err(Stopped::Failed)?;
            feed.push(batch).await.map_err(Stopped::Failed)?;
        }
        let affected = if kinds.is_empty() { tag } else { total };
        Ok(Fetched { truncated, affected })
    }
}

fn batch(schema: &SchemaRef, builders: &mut [Column], rows: usize) -> Result<RecordBatch> {
    let arrays = builders.iter_mut().map(Column::finish).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(|error| {
        Error::permanent(
            ErrorCode::Internal,
            format!("the answer cannot be put together: {}", shortened(&error.to_string())),
        )
    })
}
