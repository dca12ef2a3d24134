//! One statement of the console, and what can be said of one beforehand.
//!
//! Layer by layer: the statement is held against the allow-list; a user or role of its own, where one is set; a session and
//! a transaction that only read, over the binary protocol, which prepares one statement; limits of time, rows and bytes;
//! and the connection, which was opened for this statement alone, is closed. `START TRANSACTION READ ONLY` by itself would
//! be left by the implicit commit of `TRUNCATE`, `DROP` or `RENAME`; the session's own mode still refuses them.

mod estimate;

use super::pool::CutOff;
use super::value::Builder;
use super::{Mysql, error, quote, types};
use crate::console::{BATCH_BYTES, Feed};
use crate::statement;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::console::{
    ConsoleEnd, ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows, Effect, StatementCheck, not_allowed,
    require_allowed,
};
use data::{BATCH_ROWS, Error, Result, System};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{BinaryProtocol, Conn, Error as DriverError, Params, QueryResult, Value};
use std::sync::Arc;
use std::time::Duration;

/// How much longer than its limit a statement may take before it is cut off from here: the server stops it first.
const GRACE: Duration = Duration::from_secs(2);
/// How long the server may think about an estimate.
const ESTIMATE: Duration = Duration::from_secs(5);

/// Runs the statement. Dropping its rows ends it in the server.
pub(super) async fn rows(mysql: &Mysql, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
    require_allowed(&statement::check(System::Mysql, &request.sql), request.write)?;
    let mysql = mysql.clone();
    crate::console::run(form, request.write, move |mut feed| async move {
        let end = run(&mysql, &request, &mut feed).await?;
        // The session is over by now, however long its last rows wait for somebody who takes them.
        feed.finish(end).await
    })
    .await
}

async fn run(mysql: &Mysql, request: &ConsoleRequest, feed: &mut Feed) -> Result<ConsoleEnd> {
    let (mut connection, _place) = mysql.connections.console().await?;
    let mut cut = CutOff::console(&mysql.connections, connection.id());
    let limits = request.limits;
    let running = async {
        prepare_session(mysql, &mut connection, &limits, request.write).await?;
        answer(mysql, &mut connection, request, feed).await
    };
    let timed = tokio::time::timeout(limits.time.saturating_add(GRACE), running).await;
    let end = timed.unwrap_or_else(|_| Err(timed_out(limits.time)))?;
    if !end.truncated {
        cut.done();
        // It was read to its end; a connection that does not close is gone anyway.
        let _ = connection.disconnect().await;
    }
    Ok(end)
}

/// What can be said of the statement; with `estimate` the server is asked what it would do.
pub(super) async fn check(mysql: &Mysql, sql: &str, estimate: bool) -> Result<StatementCheck> {
    let mut check = statement::check(System::Mysql, sql);
    let readable = check.fault.is_none() && check.refusal.is_none() && check.effect == Effect::Read;
    if !estimate || !readable || !estimate::can_be_explained(sql) {
        return Ok(check);
    }
    let (mut connection, _place) = mysql.connections.console().await?;
    let mut cut = CutOff::console(&mysql.connections, connection.id());
    let limits = ConsoleLimits { time: ESTIMATE, ..ConsoleLimits::default() };
    let asking = async {
        prepare_session(mysql, &mut connection, &limits, false).await?;
        let explain = format!("EXPLAIN FORMAT=JSON {sql}");
        let plan: Result<Option<String>, DriverError> = async {
            let prepared = connection.prep(explain).await?;
            let values = vec![Value::NULL; usize::from(prepared.num_params())];
            let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
            connection.exec_first(&prepared, params).await
        }
        .await;
        plan.map_err(|e| refused(mysql, &limits, &e))
    };
    match tokio::time::timeout(ESTIMATE + GRACE, asking).await {
        Ok(Ok(plan)) => {
            cut.done();
            let _ = connection.disconnect().await;
            check.estimate = plan.map(estimate::of);
        }
        Ok(Err(failed)) if !failed.retryable => check.fault = Some(*failed.fault),
        Ok(Err(failed)) => return Err(failed),
        // A server that thinks too long has no estimate.
        Err(_) => {}
    }
    Ok(check)
}

/// Limits of time and, for reading only, what keeps the session to it.
pub(super) async fn prepare_session(
    mysql: &Mysql,
    connection: &mut Conn,
    limits: &ConsoleLimits,
    write: bool,
) -> Result<()> {
    let version: Option<String> =
        connection.query_first("SELECT VERSION()").await.map_err(|e| error::mapped(&mysql.config, &e))?;
    let seconds = limits.time.as_secs_f64().max(0.001);
    let time = match version.unwrap_or_default().contains("MariaDB") {
        true => format!("max_statement_time = {seconds:.3}"),
        false => format!("max_execution_time = {}", (seconds * 1000.0).ceil()),
    };
    let wait = limits.time.as_secs().clamp(1, 31_536_000);
    // Whoever takes the rows may be slower than the server's usual patience.
    let mut statements = vec![format!(
        "SET SESSION {time}, lock_wait_timeout = {wait}, innodb_lock_wait_timeout = {wait}, net_write_timeout = {wait}"
    )];
    if let Some(role) = &mysql.config.console_role {
        statements.push(format!("SET ROLE {}", quote(role)));
    }
    if !write {
        // One row more than is shown tells whether there are more.
        statements.push(format!("SET SESSION sql_select_limit = {}", limits.rows.saturating_add(1)));
        statements.push("SET SESSION TRANSACTION READ ONLY".to_owned());
        statements.push("START TRANSACTION READ ONLY".to_owned());
    }
    for sql in statements {
        connection.query_drop(sql).await.map_err(|e| error::mapped(&mysql.config, &e))?;
    }
    Ok(())
}

async fn answer(mysql: &Mysql, connection: &mut Conn, request: &ConsoleRequest, feed: &mut Feed) -> Result<ConsoleEnd> {
    let limits = request.limits;
    let mapped = |e| refused(mysql, &limits, &e);
    let prepared = connection.prep(request.sql.as_str()).await.map_err(mapped)?;
    let (asked, given) = (usize::from(prepared.num_params()), request.params.len());
    if asked != given {
        return Err(crate::console::placeholders(asked, given, "`?`"));
    }
    let values: Vec<Value> = request.params.iter().map(parameter).collect();
    let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
    let mut result = connection.exec_iter(&prepared, params).await.map_err(mapped)?;
    let columns = result.columns().filter(|columns| !columns.is_empty());
    let Some(columns) = columns else {
        let affected = result.affected_rows();
        result.drop_result().await.map_err(mapped)?;
        feed.begin(Arc::new(Schema::empty()), Vec::new());
        return Ok(ConsoleEnd { truncated: false, affected: Some(affected) });
    };
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(column.name_str(), types::arrow_type(column), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    feed.begin(schema.clone(), columns.iter().map(types::native_name).collect());
    let truncated = read(&mut result, Pending::new(schema, mysql.config.zero_dates), &limits, feed, mapped).await?;
    if !truncated {
        result.drop_result().await.map_err(mapped)?;
    }
    Ok(ConsoleEnd { truncated, affected: None })
}

/// Takes rows up to the limits; tells whether there were more.
async fn read(
    result: &mut QueryResult<'_, '_, BinaryProtocol>,
    mut pending: Pending,
    limits: &ConsoleLimits,
    feed: &mut Feed,
    mapped: impl Fn(DriverError) -> Error,
) -> Result<bool> {
    let most = feed.most_bytes(limits);
    let (mut rows, mut bytes) = (0u64, 0u64);
    while let Some(row) = result.next().await.map_err(&mapped)? {
        let values = row.unwrap();
        let size: u64 = values.iter().map(size).sum();
        if rows == limits.rows || (rows > 0 && bytes.saturating_add(size) > most) {
            feed.push(pending.cut()?).await?;
            return Ok(true);
        }
        if size > limits.bytes && !feed.is_page() {
            let message = format!("row {} is larger than the limit of {} bytes", rows + 1, limits.bytes);
            return Err(Error::permanent(ErrorCode::ValueRefused, message)
                .hint("Ask for fewer or shorter columns: `LEFT(text, 1000)`."));
        }
        pending.take(&values, size).map_err(|why| {
            Error::permanent(ErrorCode::ValueRefused, format!("row {}: {why}", rows + 1))
                .hint("Select an expression that turns the value into another, such as `HEX(column)`.")
        })?;
        rows += 1;
        bytes += size;
        if pending.rows == BATCH_ROWS || pending.bytes >= BATCH_BYTES {
            feed.push(pending.cut()?).await?;
        }
    }
    if pending.rows > 0 {
        feed.push(pending.cut()?).await?;
    }
    Ok(false)
}

/// Rows on their way into a batch.
struct Pending {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    bytes: u64,
}

impl Pending {
    fn new(schema: SchemaRef, zero_dates: super::ZeroDates) -> Self {
        let builders = schema.fields().iter().map(|f| Builder::new(f.name(), f.data_type(), zero_dates)).collect();
        Self { schema, builders, rows: 0, bytes: 0 }
    }

    fn take(&mut self, values: &[Value], size: u64) -> Result<(), String> {
        for (builder, value) in self.builders.iter_mut().zip(values) {
            builder.push(value)?;
        }
        self.rows += 1;
        self.bytes += size;
        Ok(())
    }

    fn cut(&mut self) -> Result<RecordBatch> {
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?)
    }
}

fn size(value: &Value) -> u64 {
    match value {
        Value::Bytes(bytes) => bytes.len() as u64 + 8,
        _ => 8,
    }
}

/// A JSON value as a parameter; lists and objects as their text.
fn parameter(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::NULL,
        serde_json::Value::Bool(value) => Value::Int((*value).into()),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => Value::Int(value),
            (_, Some(value), _) => Value::UInt(value),
            (.., Some(value)) => Value::Double(value),
            _ => Value::Bytes(number.to_string().into()),
        },
        serde_json::Value::String(text) => Value::Bytes(text.clone().into()),
        other => Value::Bytes(other.to_string().into()),
    }
}

/// What the server said to the console's statement.
fn refused(mysql: &Mysql, limits: &ConsoleLimits, error: &DriverError) -> Error {
    match error {
        DriverError::Server(server) => match server.code {
            1969 | 3024 => timed_out(limits.time),
            1792 => not_allowed("it would change something, and the transaction only reads"),
            1295 => not_allowed("the server does not take it as a single prepared statement"),
            _ => error::mapped(&mysql.config, error),
        },
        _ => error::mapped(&mysql.config, error),
    }
}

fn timed_out(limit: Duration) -> Error {
    let message = format!("the statement took longer than {} s", limit.as_secs_f64());
    Error::permanent(ErrorCode::StatementTimeout, message)
        .hint("Ask for less, add an index, or raise the time limit of the request.")
}

#[cfg(test)]
mod tests;
