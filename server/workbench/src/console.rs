//! The SQL console that the command line, REST and GraphQL share.
//!
//! [`Console::query`] bounds what a caller asks, lets it write only where caller, connection and request all say so,
//! puts the statement on record before it runs and how it ended afterwards, and can stop it meanwhile;
//! [`Console::export`] does the same and hands the rows on as they come. What a statement may do is told by the connector
//! ([`data::Connector::check_statement`], `console_rows`); [`page`] turns its answer into JSON and [`export`] into files.

mod answering;
pub mod export;
pub mod page;
pub(crate) mod redact;
#[cfg(test)]
mod tests;

pub use answering::Answering;
pub use page::{Page, PageColumn};
pub use store::{Outcome, StatementFilter, StatementRecord};

use crate::connections::{ConnectionBook, Known};
use answering::Statement;
use chrono::Utc;
use data::encode::Format;
use data::{
    Connections, ConsoleAnswer, ConsoleEnd, ConsoleForm, ConsoleLimits, ConsoleRequest, Error, Result, StatementCheck,
};
use export::Export;
use model::{ErrorCode, Fault, StatementId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{Database, NewStatement, StatementEnd};
use tokio::sync::{Notify, Semaphore};

/// How long beyond its limit a connector may take to say that time is over.
const GRACE: Duration = Duration::from_secs(5);
/// How often lines of the history are looked for whose process was killed.
const SWEEP: Duration = Duration::from_secs(10);
/// Placeholders with values at most.
const MOST_PARAMS: usize = 1_000;

/// What the operator lets every statement use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleBounds {
    /// The most a caller may ask for.
    pub most: ConsoleLimits,
    /// What a caller gets who asks for nothing.
    pub usual: ConsoleLimits,
    /// Statements that run at once; others wait within their time.
    pub at_once: usize,
}

impl Default for ConsoleBounds {
    /// At most 1,000,000 rows, 256 MiB and 10 min; usually what [`ConsoleLimits`] says; 8 at once.
    fn default() -> Self {
        let most = ConsoleLimits { rows: 1_000_000, bytes: 256 << 20, time: Duration::from_secs(600) };
        Self { most, usual: ConsoleLimits::default(), at_once: 8 }
    }
}

/// Who asks, and what that person's role allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name that goes on record.
    pub name: String,
    /// Whether the role allows writing.
    pub may_write: bool,
    /// Whether other people's statements are shown and may be canceled.
    pub sees_all: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ask {
    /// The statement, as typed.
    pub sql: String,
    /// Values for its placeholders, in order.
    pub params: Vec<serde_json::Value>,
    /// Rows at most; none: the usual for a page, all for an export.
    pub rows: Option<u64>,
    /// How long it may take; none: the usual for a page, the most for an export.
    pub time: Option<Duration>,
    /// Whether it wants to change something.
    pub write: bool,
    /// The id it shall have, for a caller who wants to be able to cancel it; none: a new one.
    pub id: Option<StatementId>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The statement's id in the history.
    pub id: StatementId,
    /// Columns and rows.
    pub answer: ConsoleAnswer,
    /// How long it took.
    pub duration: Duration,
}

/// The console. Cloning is cheap and gives another handle to the same one.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    database: Arc<Database>,
    book: Arc<ConnectionBook>,
    pools: Arc<dyn Connections>,
    bounds: ConsoleBounds,
    places: Semaphore,
    running: Mutex<HashMap<StatementId, Running>>,
}

struct Running {
    who: String,
    stop: Arc<Notify>,
}

impl Console {
    /// A console over the connections of `pools`, with its history in `database`.
    #[must_use]
    pub fn new(
        database: Arc<Database>,
        book: Arc<ConnectionBook>,
        pools: Arc<dyn Connections>,
        bounds: ConsoleBounds,
    ) -> Self {
        let places = Semaphore::new(bounds.at_once.max(1));
        Self { inner: Arc::new(Inner { database, book, pools, bounds, places, running: Mutex::default() }) }
    }

    /// What can be said of a statement without running it; asks the system what it would cost where `estimate` is set.
    ///
    /// A statement that does not parse or is not allowed is an answer, not an error.
    ///
    /// # Errors
    /// `connection_not_found`, `unsupported`, `statement_timeout`, or when the system fails.
    pub async fn validate(&self, connection: &str, sql: &str, estimate: bool) -> Result<StatementCheck> {
        let connector = self.inner.pools.get(connection).await?;
        let limit = self.inner.bounds.usual.time;
        tokio::time::timeout(limit, connector.check_statement(sql, estimate))
            .await
            .unwrap_or_else(|_| Err(too_slow(limit)))
    }

    /// Runs a statement and puts it on record. Dropping the future cancels it in the system too.
    ///
    /// # Errors
    /// `connection_not_found`, `statement_not_allowed`, `invalid_sql`, `statement_timeout`, `statement_failed`, `canceled`,
    /// `unsupported`, `invalid_value` for limits of zero or too many parameters, `already_exists` for an id in use,
    /// or a connection error.
    pub async fn query(&self, connection: &str, ask: Ask, caller: &Caller) -> Result<Answered> {
        let started = Instant::now();
        let answering = self.start(connection, ask, caller, ConsoleForm::Page).await?;
        let id = answering.id();
        let answer = ConsoleAnswer::gather(Box::new(answering)).await?;
        Ok(Answered { id, answer, duration: started.elapsed() })
    }

    /// Starts a statement whose rows are to be written as `format`; as [`Console::query`] otherwise. It only reads.
    ///
    /// # Errors
    /// As for [`Console::query`], and `value_refused` for columns the format cannot hold.
    pub async fn export(&self, connection: &str, ask: Ask, caller: &Caller, format: Format) -> Result<Export> {
        if ask.write {
            return Err(Error::permanent(ErrorCode::InvalidValue, "an export only reads, and `write` is asked for")
                .hint(
                    "Let the statement change what it has to without exporting, then export what you want to have.",
                ));
        }
        Export::begin(self.start(connection, ask, caller, ConsoleForm::Stream).await?, format).await
    }

    async fn start(&self, connection: &str, ask: Ask, caller: &Caller, form: ConsoleForm) -> Result<Answering> {
        let limits = self.inner.bounds.limits(&ask, form)?;
        if ask.params.len() > MOST_PARAMS {
            let message = format!("{} values for placeholders are more than {MOST_PARAMS}", ask.params.len());
            return Err(Error::permanent(ErrorCode::InvalidValue, message));
        }
        let known = self.inner.book.get(connection).await?;
        let allows_write = known.allows_write();
        let started_at = Utc::now();
        let id = ask.id.unwrap_or_else(StatementId::generate);
        let stop = self.inner.register(id, &caller.name)?;
        let new = NewStatement {
            id,
            started_at,
            // Its time, what a connector may take to notice, and what it takes to put the end on record.
            ends_by: started_at + limits.time + GRACE + GRACE,
            who: caller.name.clone(),
            connection: connection.to_owned(),
            statement: redact::kept(&ask.sql),
            params: u32::try_from(ask.params.len()).unwrap_or(u32::MAX),
            may_write: ask.write && caller.may_write && allows_write,
        };
        // From here on every way out unregisters the statement, and puts on record how it ended.
        let mut pending =
            Pending { inner: self.inner.clone(), id, started: Instant::now(), rows: 0, is_recorded: false };
        let may_write = new.may_write;
        // A task of its own: whoever goes away in this moment leaves no line behind that nobody would close.
        let recording = tokio::spawn(async move {
            pending.inner.database.create_statement(&new).await.map_err(Fault::from)?;
            pending.is_recorded = true;
            Ok::<_, Fault>(pending)
        });
        let stopped = |_| Fault::new(ErrorCode::Internal, "the process stopped before the statement was on record");
        let pending = recording.await.map_err(stopped)??;
        if let Some(refusal) = refuse_write(ask.write, caller, &known) {
            pending.finish(&Err(refusal.clone())).await;
            return Err(refusal);
        }
        let request = ConsoleRequest { sql: ask.sql, params: ask.params, write: may_write, limits };
        Statement { pending, connection: connection.to_owned(), request, form, stop }.start().await
    }

    /// Stops a running statement; it ends with `canceled`.
    ///
    /// # Errors
    /// `statement_not_found` where none of that id runs in this process, or it is somebody else's.
    pub fn cancel(&self, id: StatementId, caller: &Caller) -> Result<()> {
        match self.inner.running().get(&id).filter(|running| caller.sees_all || running.who == caller.name) {
            Some(running) => {
                running.stop.notify_one();
                Ok(())
            }
            None => Err(Error::permanent(ErrorCode::StatementNotFound, format!("statement `{id}` is not running"))),
        }
    }

    /// Closes lines of the history that a killed process left open, this one's or another's; tells how many.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn close_interrupted(&self) -> Result<u64> {
        Ok(self.inner.database.interrupt_statements(Utc::now()).await.map_err(Fault::from)?)
    }

    /// Does so again and again, as long as this console lives.
    pub fn keep_closing_interrupted(&self) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            while let Some(inner) = inner.upgrade() {
                if let Err(error) = (Self { inner }).close_interrupted().await {
                    tracing::warn!(%error, "interrupted statements are not closed");
                }
                tokio::time::sleep(SWEEP).await;
            }
        });
    }

    /// The history, newest first; of the caller alone where the caller may not see others'.
    ///
    /// # Errors
    /// `statement_not_found` where the page's start is none, `store_failed`.
    pub async fn history(&self, mut filter: StatementFilter, caller: &Caller) -> Result<Vec<StatementRecord>> {
        if !caller.sees_all {
            filter.who = Some(caller.name.clone());
        }
        Ok(self.inner.database.list_statements(&filter).await.map_err(Fault::from)?)
    }
}

impl ConsoleBounds {
    fn limits(&self, ask: &Ask, form: ConsoleForm) -> Result<ConsoleLimits> {
        if ask.rows == Some(0) || ask.time == Some(Duration::ZERO) {
            return Err(Error::permanent(ErrorCode::InvalidValue, "a limit of zero lets nothing through"));
        }
        let Self { most, usual, .. } = self;
        Ok(match form {
            ConsoleForm::Page => ConsoleLimits {
                rows: ask.rows.unwrap_or(usual.rows).min(most.rows),
                bytes: usual.bytes.min(most.bytes),
                time: ask.time.unwrap_or(usual.time).min(most.time),
            },
            // However many rows there are, hardly any of them are here at a time.
            ConsoleForm::Stream => ConsoleLimits {
                rows: ask.rows.unwrap_or(u64::MAX),
                bytes: most.bytes,
                time: ask.time.unwrap_or(most.time).min(most.time),
            },
        })
    }
}

/// Why a statement that wants to write may not.
fn refuse_write(wanted: bool, caller: &Caller, known: &Known) -> Option<Error> {
    if !wanted || (caller.may_write && known.allows_write()) {
        return None;
    }
    let name = known.name();
    Some(if caller.may_write {
        let hint = match known {
            Known::Saved(_) => format!("Let it (`allow_write`; `sluice connection change {name} --allow-write`)."),
            Known::Environment { .. } => "It comes from the environment; save a connection that allows it.".to_owned(),
        };
        Error::permanent(ErrorCode::StatementNotAllowed, format!("connection `{name}` does not allow writing"))
            .hint(hint)
    } else {
        Error::permanent(ErrorCode::StatementNotAllowed, "your role does not allow writing")
            .hint("Ask without `write`; a statement that only reads needs no more.")
    })
}

fn too_slow(limit: Duration) -> Error {
    let message = format!("the statement took longer than {} ms", limit.as_millis());
    Error::permanent(ErrorCode::StatementTimeout, message).hint("Ask for less, or for more time.")
}

impl Inner {
    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<StatementId, Running>> {
        // What a panic could leave half-done is one entry of a map.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self, id: StatementId, who: &str) -> Result<Arc<Notify>> {
        let stop = Arc::new(Notify::new());
        let mut running = self.running();
        if running.contains_key(&id) {
            return Err(Error::permanent(ErrorCode::AlreadyExists, format!("statement `{id}` is running already")));
        }
        running.insert(id, Running { who: who.to_owned(), stop: stop.clone() });
        Ok(stop)
    }

    async fn record(&self, id: StatementId, end: StatementEnd) {
        if let Err(error) = self.database.finish_statement(id, &end).await {
            tracing::warn!(statement.id = %id, %error, "the end of a statement is not on record");
        }
    }
}

/// A statement on its way. Dropped before it has ended, it is on record as canceled.
struct Pending {
    inner: Arc<Inner>,
    id: StatementId,
    started: Instant,
    /// Rows handed on so far.
    rows: u64,
    is_recorded: bool,
}

impl Pending {
    async fn finish(mut self, result: &Result<ConsoleEnd>) {
        let end = self.end(result.as_ref());
        self.inner.record(self.id, end).await;
        self.is_recorded = false;
    }

    fn end(&self, result: std::result::Result<&ConsoleEnd, &Error>) -> StatementEnd {
        let duration_ms = answering::millis(self.started.elapsed());
        match result {
            Ok(end) => StatementEnd {
                outcome: Outcome::Succeeded,
                rows: Some(self.rows),
                truncated: end.truncated,
                affected: end.affected,
                duration_ms,
                error_code: None,
            },
            Err(error) => StatementEnd {
                outcome: match error.code() {
                    ErrorCode::StatementNotAllowed => Outcome::Refused,
                    ErrorCode::StatementTimeout => Outcome::TimedOut,
                    ErrorCode::Canceled => Outcome::Canceled,
                    _ => Outcome::Failed,
                },
                rows: (self.rows > 0).then_some(self.rows),
                truncated: false,
                affected: None,
                duration_ms,
                error_code: Some(error.code().as_str().to_owned()),
            },
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.inner.running().remove(&self.id);
        if !self.is_recorded {
            return;
        }
        let gone = Error::permanent(ErrorCode::Canceled, "whoever asked went away");
        let end = self.end(Err(&gone));
        let (inner, id) = (self.inner.clone(), self.id);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { inner.record(id, end).await });
        }
    }
}
