//! Statements of the console: a connection for each, on a thread of its own, held by SQLite's own means.
//!
//! After the first layer (`statement.rs`, the parsed list of what may be asked) follow the file opened for reading only, an
//! authorizer that sees every table, function and pragma of the compiled statement ([`Guard`]), SQLite's limits, and a
//! progress handler that ends the statement at its deadline or when nobody waits for it any more.

use super::column::{Column, Seen};
use super::guard::{Guard, protect};
use super::types::Kind;
use super::{Access, Config, connect, error};
use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::console::{ConsoleAnswer, ConsoleLimits, ConsoleRequest, Effect, Estimate, StatementCheck, require_allowed};
use data::{Error, Result, System};
use model::{ErrorCode, Fault};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, TransactionBehavior};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long after its deadline a statement is waited for: one that is caught in a single long function sees no deadline.
const GRACE: Duration = Duration::from_secs(2);

/// Runs one statement.
pub(super) async fn run(config: Arc<Config>, request: ConsoleRequest) -> Result<ConsoleAnswer> {
    require_allowed(&crate::statement::check(System::Sqlite, &request.sql), request.write)?;
    let (stop, limits) = (Stop::after(request.limits.time), request.limits);
    on_thread(stop.clone(), limits.time, move || {
        let answer = if request.write { write(&config, &request, &stop) } else { read(&config, &request, &stop) };
        answer.map_err(|error| match error {
            Failure::Sqlite(error, guard) => told(&config, &error, &guard, &stop, limits),
            Failure::Told(error) => error,
        })
    })
    .await
}

/// What can be said of a statement without running it.
pub(super) async fn check(config: Arc<Config>, sql: String, estimate: bool) -> Result<StatementCheck> {
    let mut check = crate::statement::check(System::Sqlite, &sql);
    if check.fault.is_some() {
        return Ok(check);
    }
    let limits = ConsoleLimits { time: Duration::from_secs(10), ..ConsoleLimits::default() };
    let stop = Stop::after(limits.time);
    on_thread(stop.clone(), limits.time, move || {
        let connection = open_read_only(&config, limits, &stop)?;
        let guard = Guard::set(&connection, check.effect != Effect::Read);
        match connection.prepare(&sql) {
            Err(rusqlite::Error::MultipleStatement) => {
                check.refusal.get_or_insert_with(|| "it holds more than one statement".to_owned());
                return Ok(check);
            }
            Err(error) => {
                match guard.reason() {
                    Some(reason) => check.refusal = check.refusal.take().or(Some(reason)),
                    None => check.fault = Some(fault(&config, &error)),
                }
                return Ok(check);
            }
            Ok(_) => {}
        }
        let first =
            super::create::tokens(&sql).first().map(|token| token.text.to_ascii_uppercase()).unwrap_or_default();
        if estimate && !["EXPLAIN", "PRAGMA"].contains(&first.as_str()) {
            let plan = explain(&connection, &sql).map_err(|error| error::mapped(&config.path, &error))?;
            check.estimate = Some(Estimate { rows: None, cost: None, plan });
        }
        Ok(check)
    })
    .await
}

/// When a statement has to end.
#[derive(Debug)]
struct Stop {
    abandoned: AtomicBool,
    deadline: Instant,
}

impl Stop {
    fn after(time: Duration) -> Arc<Self> {
        // A time beyond what a clock counts is as good as a day.
        let deadline = Instant::now().checked_add(time).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
        Arc::new(Self { abandoned: AtomicBool::new(false), deadline })
    }

    fn now(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// Ends the statement when the future that waits for it is dropped.
struct Abandon(Arc<Stop>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
    }
}

async fn on_thread<T: Send + 'static>(
    stop: Arc<Stop>,
    time: Duration,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (answer, on_answer) = oneshot::channel();
    let _abandon = Abandon(stop);
    std::thread::Builder::new()
        .name("sqlite-console".to_owned())
        // Whoever no longer waits for the answer has dropped its end.
        .spawn(move || drop(answer.send(work())))
        .map_err(|error| Error::transient(ErrorCode::Internal, format!("no thread for the statement: {error}")))?;
    match tokio::time::timeout(time.saturating_add(GRACE), on_answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::permanent(ErrorCode::Internal, "the thread of the statement ended early")),
        Err(_) => Err(timed_out(time)),
    }
}

enum Failure {
    Sqlite(rusqlite::Error, Guard),
    Told(Error),
}

fn open_read_only(config: &Config, limits: ConsoleLimits, stop: &Arc<Stop>) -> Result<Connection> {
    let mapped = |error| error::mapped(&config.path, &error);
    // Without the flag for URIs no name of a file can ask for another way of opening.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&config.path, flags).map_err(mapped)?;
    connection.pragma_update(None, "query_only", "ON").map_err(mapped)?;
    protect(&connection, limits.bytes).map_err(mapped)?;
    watch(&connection, config, limits, stop).map_err(mapped)?;
    Ok(connection)
}

/// Lets the statement end at its deadline, also while it waits for another writer.
fn watch(connection: &Connection, config: &Config, limits: ConsoleLimits, stop: &Arc<Stop>) -> rusqlite::Result<()> {
    connection.busy_timeout(limits.time.min(Duration::from_millis(config.busy_timeout_ms)))?;
    let stop = stop.clone();
    connection.progress_handler(1_000, Some(move || stop.now()))
}

fn read(config: &Config, request: &ConsoleRequest, stop: &Arc<Stop>) -> Result<ConsoleAnswer, Failure> {
    let connection = open_read_only(config, request.limits, stop).map_err(Failure::Told)?;
    let guard = Guard::set(&connection, false);
    let failed = |error| Failure::Sqlite(error, guard.clone());
    let mut statement = connection.prepare(&request.sql).map_err(failed)?;
    if !statement.readonly() {
        return Err(Failure::Told(data::console::not_allowed("it changes something")));
    }
    bind(&mut statement, &request.params).map_err(Failure::Told)?;
    fetch(&mut statement, request.limits).map_err(failed)?.answer(None).map_err(Failure::Told)
}

fn write(config: &Config, request: &ConsoleRequest, stop: &Arc<Stop>) -> Result<ConsoleAnswer, Failure> {
    let mut connection = connect(config, Access::Write).map_err(Failure::Told)?;
    let mapped = |error| Failure::Told(error::mapped(&config.path, &error));
    protect(&connection, request.limits.bytes).map_err(mapped)?;
    watch(&connection, config, request.limits, stop).map_err(mapped)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(mapped)?;
    let guard = Guard::set(&transaction, true);
    let failed = |error| Failure::Sqlite(error, guard.clone());
    let before = transaction.total_changes();
    let (answer, changes) = {
        let mut statement = transaction.prepare(&request.sql).map_err(failed)?;
        bind(&mut statement, &request.params).map_err(Failure::Told)?;
        let changes = !statement.readonly();
        (fetch(&mut statement, request.limits).map_err(failed)?, changes)
    };
    let affected = changes.then(|| transaction.total_changes() - before);
    Guard::lift(&transaction);
    transaction.commit().map_err(failed)?;
    answer.answer(affected).map_err(Failure::Told)
}

fn bind(statement: &mut Statement<'_>, params: &[serde_json::Value]) -> Result<()> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        let message = format!("the statement has {wanted} placeholders, and {} values were given", params.len());
        return Err(Error::permanent(ErrorCode::InvalidValue, message));
    }
    for (index, param) in params.iter().enumerate() {
        let refuse = |what: &str| {
            let message = format!("value {} is {what}, which SQLite cannot take", index + 1);
            Error::permanent(ErrorCode::InvalidValue, message)
        };
        let value = match param {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Integer(i64::from(*value)),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Value::Integer(value),
                // Beyond 63 bits a double would round the integer.
                (None, Some(value)) if !number.is_u64() => Value::Real(value),
                _ => return Err(refuse("an integer of more than 63 bits").hint("Give it as text.")),
            },
            serde_json::Value::Array(_) => return Err(refuse("a list")),
            serde_json::Value::Object(_) => return Err(refuse("an object")),
        };
        statement
            .raw_bind_parameter(index + 1, value)
            .map_err(|error| Error::permanent(ErrorCode::InvalidValue, error::said(&error)))?;
    }
    Ok(())
}

/// Rows as SQLite gave them.
struct Fetched {
    columns: Vec<(String, Option<String>)>,
    rows: Vec<Vec<Value>>,
    truncated: bool,
}

fn fetch(statement: &mut Statement<'_>, limits: ConsoleLimits) -> rusqlite::Result<Fetched> {
    let columns: Vec<(String, Option<String>)> = statement
        .columns()
        .iter()
        .map(|column| (column.name().to_owned(), column.decl_type().map(str::to_owned)))
        .collect();
    let mut fetched = Fetched { columns, rows: Vec::new(), truncated: false };
    let mut bytes = 0_u64;
    let mut rows = statement.raw_query();
    // A writing statement does its work with the first row, before it answers any.
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(fetched.columns.len());
        for index in 0..fetched.columns.len() {
            let value = row.get_ref(index)?;
            bytes += match value {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
                _ => 8,
            };
            // Text that is none stays bytes, and the column becomes one of bytes.
            values.push(match value {
                ValueRef::Text(text) => match std::str::from_utf8(text) {
                    Ok(text) => Value::Text(text.to_owned()),
                    Err(_) => Value::Blob(text.to_vec()),
                },
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Integer(value),
                ValueRef::Real(value) => Value::Real(value),
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            });
        }
        if fetched.rows.len() as u64 >= limits.rows || bytes > limits.bytes {
            fetched.truncated = true;
            break;
        }
        fetched.rows.push(values);
    }
    Ok(fetched)
}

impl Fetched {
    fn answer(self, affected: Option<u64>) -> Result<ConsoleAnswer> {
        let (mut fields, mut native_types, mut arrays) = (Vec::new(), Vec::new(), Vec::<ArrayRef>::new());
        for (index, (name, declared)) in self.columns.into_iter().enumerate() {
            let promised = Kind::of(declared.as_deref());
            let mut seen = Seen::default();
            for row in &self.rows {
                seen.note(promised, ValueRef::from(&row[index]));
            }
            let kind = seen.kind(promised);
            let mut column = Column::new(kind, self.rows.len());
            for row in &self.rows {
                if !column.append(ValueRef::from(&row[index])) {
                    let message = format!("a value of column `{name}` is no {}", kind.data_type());
                    return Err(Error::permanent(ErrorCode::ValueRefused, message));
                }
            }
            let spoken = match kind {
                Kind::Int64 => "INTEGER",
                Kind::Float64 => "REAL",
                Kind::Binary => "BLOB",
                _ => "TEXT",
            };
            native_types.push(declared.filter(|word| !word.is_empty()).unwrap_or_else(|| spoken.to_owned()));
            fields.push(Field::new(name, kind.data_type(), true));
            arrays.push(column.finish());
        }
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?;
        let batches = if self.rows.is_empty() { Vec::new() } else { vec![batch] };
        Ok(ConsoleAnswer { schema, native_types, batches, truncated: self.truncated, affected })
    }
}

/// The plan of a statement, one line for each part, indented by what it belongs to.
fn explain(connection: &Connection, sql: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = statement.raw_query();
    let mut lines = String::new();
    let mut depths = std::collections::HashMap::from([(0_i64, 0_usize)]);
    while let Some(row) = rows.next()? {
        let (id, parent): (i64, i64) = (row.get(0)?, row.get(1)?);
        let depth = depths.get(&parent).copied().unwrap_or(0);
        depths.insert(id, depth + 1);
        if !lines.is_empty() {
            lines.push('\n');
        }
        lines.push_str(&"  ".repeat(depth));
        lines.push_str(&row.get::<_, String>(3)?);
    }
    Ok(lines)
}

fn timed_out(time: Duration) -> Error {
    Error::permanent(ErrorCode::StatementTimeout, format!("the statement took longer than {} s", time.as_secs_f64()))
        .hint("Ask for less, add an index, or raise the time limit.")
}

fn told(config: &Config, error: &rusqlite::Error, guard: &Guard, stop: &Stop, limits: ConsoleLimits) -> Error {
    use rusqlite::ErrorCode as Native;
    if let Some(reason) = guard.reason() {
        return data::console::not_allowed(&reason);
    }
    match (error, error.sqlite_error_code()) {
        (rusqlite::Error::MultipleStatement, _) => data::console::not_allowed("it holds more than one statement"),
        (_, Some(Native::OperationInterrupted)) if stop.abandoned.load(Ordering::Relaxed) => {
            Error::permanent(ErrorCode::Canceled, "the statement was canceled")
        }
        (_, Some(Native::OperationInterrupted)) => timed_out(limits.time),
        (_, Some(Native::AuthorizationForStatementDenied)) => data::console::not_allowed(&error::said(error)),
        (_, Some(Native::TooBig)) => {
            let message = format!("a value is larger than the {} bytes that the console takes", limits.bytes);
            Error::permanent(ErrorCode::ValueRefused, message).hint("Ask for a part of it with `substr`.")
        }
        (rusqlite::Error::SqlInputError { .. }, _) => fault(config, error).into(),
        _ => error::mapped(&config.path, error),
    }
}

/// What does not compile, with line and column.
fn fault(config: &Config, error: &rusqlite::Error) -> Fault {
    let rusqlite::Error::SqlInputError { msg, sql, offset, .. } = error else {
        return *error::mapped(&config.path, error).fault;
    };
    let fault = Fault::new(ErrorCode::StatementFailed, msg.clone());
    let Some(before) = usize::try_from(*offset).ok().and_then(|offset| sql.get(..offset)) else { return fault };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    fault.at(u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
