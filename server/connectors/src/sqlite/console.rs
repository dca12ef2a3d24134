//! Statements of the console: a connection for each, on a thread of its own, held by SQLite's own means.
//!
//! After the first layer (`statement.rs`, the parsed list of what may be asked) follow the file opened for reading only, an
//! authorizer that sees every table, function and pragma of the compiled statement ([`Guard`]), SQLite's limits, and a
//! progress handler that ends the statement at its deadline or when nobody waits for it any more.
//!
//! SQLite lets any value into any column, and a column has one type in all batches. A page is held until all its values are
//! known; for a stream the statement runs twice in one snapshot, the first time only to look.

mod fetch;

use super::guard::{Guard, protect};
use super::{Access, Config, connect, error};
use crate::console::Feed;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::console::{
    ConsoleEnd, ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows, Effect, Estimate, StatementCheck,
    require_allowed,
};
use data::{Error, Result, System};
use fetch::Fetch;
use model::{ErrorCode, Fault};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, TransactionBehavior};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How long after its deadline a statement is waited for: one that is caught in a single long function sees no deadline.
const GRACE: Duration = Duration::from_secs(2);

/// Runs one statement.
pub(super) async fn rows(
    config: Arc<Config>,
    request: ConsoleRequest,
    form: ConsoleForm,
) -> Result<Box<dyn ConsoleRows>> {
    require_allowed(&crate::statement::check(System::Sqlite, &request.sql), request.write)?;
    let (feed, opening) = crate::console::edge(form, request.write);
    let stop = Stop::after(request.limits.time);
    let (abandon, limits) = (Abandon(stop.clone()), request.limits);
    let mut out = Out { feed, runtime: Handle::current(), stop, time: limits.time };
    thread(move || {
        let failure = out.feed.failure();
        let ended = if request.write { write(&config, &request, &mut out) } else { read(&config, &request, &mut out) };
        let ended = ended.map_err(|error| match error {
            Failure::Sqlite(error, guard) => told(&config, &error, &guard, &out.stop, limits),
            Failure::Told(error) => error,
        });
        let Out { feed, runtime, .. } = out;
        if let Err(error) = ended.and_then(|end| runtime.block_on(feed.finish(end))) {
            runtime.block_on(failure.tell(error));
        }
    })?;
    let rows = in_time(&abandon.0, limits.time, opening.rows()).await?;
    Ok(Box::new(Watched { rows, abandon, time: limits.time }))
}

/// Rows whose statement ends when they are dropped.
struct Watched {
    rows: Box<dyn ConsoleRows>,
    abandon: Abandon,
    time: Duration,
}

#[async_trait]
impl ConsoleRows for Watched {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn native_types(&self) -> &[String] {
        self.rows.native_types()
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        in_time(&self.abandon.0, self.time, self.rows.next()).await
    }

    fn end(&self) -> ConsoleEnd {
        self.rows.end()
    }
}

/// Where the thread puts its rows.
struct Out {
    feed: Feed,
    runtime: Handle,
    stop: Arc<Stop>,
    time: Duration,
}

impl Out {
    fn push(&mut self, batch: RecordBatch) -> Result<(), Failure> {
        let deadline = tokio::time::Instant::from_std(self.stop.deadline);
        let pushed = self.runtime.block_on(async { tokio::time::timeout_at(deadline, self.feed.push(batch)).await });
        pushed.unwrap_or_else(|_| Err(timed_out(self.time))).map_err(Failure::Told)
    }
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
pub(super) struct Stop {
    abandoned: AtomicBool,
    deadline: Instant,
}

impl Stop {
    pub(super) fn after(time: Duration) -> Arc<Self> {
        // A time beyond what a clock counts is as good as a day.
        let deadline = Instant::now().checked_add(time).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
        Arc::new(Self { abandoned: AtomicBool::new(false), deadline })
    }

    pub(super) fn now(&self) -> bool {
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
    let abandon = Abandon(stop);
    // Whoever no longer waits for the answer has dropped its end.
    thread(move || drop(answer.send(work())))?;
    in_time(&abandon.0, time, async {
        on_answer
            .await
            .unwrap_or_else(|_| Err(Error::permanent(ErrorCode::Internal, "the thread of the statement ended early")))
    })
    .await
}

fn thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name("sqlite-console".to_owned());
    let spawned = thread.spawn(work);
    spawned.map_err(|error| Error::transient(ErrorCode::Internal, format!("no thread for the statement: {error}")))?;
    Ok(())
}

/// Waits for what the thread does, until some time after its deadline.
async fn in_time<T>(stop: &Stop, time: Duration, waiting: impl Future<Output = Result<T>>) -> Result<T> {
    let deadline = tokio::time::Instant::from_std(stop.deadline + GRACE);
    tokio::time::timeout_at(deadline, waiting).await.unwrap_or_else(|_| Err(timed_out(time)))
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

fn read(config: &Config, request: &ConsoleRequest, out: &mut Out) -> Result<ConsoleEnd, Failure> {
    let connection = open_read_only(config, request.limits, &out.stop).map_err(Failure::Told)?;
    if !out.feed.is_page() {
        // One snapshot for the look and the rows; the statement itself may not begin one.
        connection.execute_batch("BEGIN").map_err(|error| Failure::Told(error::mapped(&config.path, &error)))?;
    }
    let guard = Guard::set(&connection, false);
    let failed = |error| Failure::Sqlite(error, guard.clone());
    let mut statement = connection.prepare(&request.sql).map_err(failed)?;
    if !statement.readonly() {
        return Err(Failure::Told(data::console::not_allowed("it changes something")));
    }
    bind(&mut statement, &request.params).map_err(Failure::Told)?;
    let truncated = Fetch::of(&statement, request.limits).run(&mut statement, out, &guard)?;
    Ok(ConsoleEnd { truncated, affected: None })
}

fn write(config: &Config, request: &ConsoleRequest, out: &mut Out) -> Result<ConsoleEnd, Failure> {
    let mut connection = connect(config, Access::Write).map_err(Failure::Told)?;
    let mapped = |error| Failure::Told(error::mapped(&config.path, &error));
    protect(&connection, request.limits.bytes).map_err(mapped)?;
    watch(&connection, config, request.limits, &out.stop).map_err(mapped)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(mapped)?;
    let guard = Guard::set(&transaction, true);
    let failed = |error| Failure::Sqlite(error, guard.clone());
    let before = transaction.total_changes();
    let (truncated, changes) = {
        let mut statement = transaction.prepare(&request.sql).map_err(failed)?;
        bind(&mut statement, &request.params).map_err(Failure::Told)?;
        let changes = !statement.readonly();
        (Fetch::of(&statement, request.limits).run(&mut statement, out, &guard)?, changes)
    };
    let affected = changes.then(|| transaction.total_changes() - before);
    Guard::lift(&transaction);
    transaction.commit().map_err(failed)?;
    Ok(ConsoleEnd { truncated, affected })
}

fn bind(statement: &mut Statement<'_>, params: &[serde_json::Value]) -> Result<()> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        return Err(crate::console::placeholders(wanted, params.len(), "`?`"));
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

pub(super) fn told(
    config: &Config,
    error: &rusqlite::Error,
    guard: &Guard,
    stop: &Stop,
    limits: ConsoleLimits,
) -> Error {
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
    let fault = match error::unknown_name(msg) {
        Some(error) => *error.fault,
        None => Fault::new(ErrorCode::StatementFailed, msg.clone()),
    };
    let Some(before) = usize::try_from(*offset).ok().and_then(|offset| sql.get(..offset)) else { return fault };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    fault.at(u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
