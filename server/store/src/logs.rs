//! Log lines of runs: gathered in memory, written together in the background.
//!
//! A line waits at most 200 ms; a reader of a run flushes first and so sees its own lines. The buffer is bounded: who
//! appends faster than the database writes, waits. Lines that the database refuses for long are dropped,
//! oldest first, and counted in the server's log.

use crate::Database;
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use model::run::{LogLevel, LogLine};
use model::{RunId, StepId};
use sea_orm::{DatabaseConnection, QueryResult, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, Notify};

/// Lines that start a flush at once.
const FLUSH_AT: usize = 256;
/// Lines after which appending waits for a flush.
const WAIT_AT: usize = 8_192;
/// Lines kept at most while the database fails.
const KEEP: usize = 32_768;
/// Lines in one transaction at most, so that commits never wait long behind them.
const PIECE: usize = 512;
/// Longest stay of a line in memory.
const LONGEST_STAY: Duration = Duration::from_millis(200);
/// Lines on one page at most.
const LARGEST_PAGE: u32 = 10_000;

/// Lines on their way into the database.
pub(crate) struct LogBuffer {
    shared: Arc<Shared>,
}

struct Shared {
    connection: DatabaseConnection,
    waiting: Mutex<Vec<(RunId, LogLine)>>,
    arrived: Notify,
    full: Notify,
    /// Held while lines are written, so that they keep their order and a reader can wait for them.
    writing: AsyncMutex<()>,
}

impl LogBuffer {
    /// A buffer that writes through `connection`, with its background task.
    pub(crate) fn start(connection: &DatabaseConnection) -> Self {
        let shared = Arc::new(Shared {
            connection: connection.clone(),
            waiting: Mutex::default(),
            arrived: Notify::new(),
            full: Notify::new(),
            writing: AsyncMutex::new(()),
        });
        // The task ends soon after the last handle to the database is dropped.
        let weak = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                let Some(shared) = weak.upgrade() else { return };
                let arrived = tokio::time::timeout(Duration::from_secs(1), shared.arrived.notified()).await.is_ok();
                if arrived {
                    let _ = tokio::time::timeout(LONGEST_STAY, shared.full.notified()).await;
                }
                let is_empty = shared.lock().is_empty();
                if !is_empty && let Err(error) = shared.flush().await {
                    tracing::warn!(error = %error, "log lines of runs could not be written and are kept for now");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        });
        Self { shared }
    }

    /// Takes the lines over; they are durable after the next flush.
    pub(crate) async fn append(&self, run: RunId, lines: Vec<LogLine>) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let count = {
            let mut waiting = self.shared.lock();
            waiting.extend(lines.into_iter().map(|line| (run, line)));
            waiting.len()
        };
        self.shared.arrived.notify_one();
        if count >= FLUSH_AT {
            self.shared.full.notify_one();
        }
        if count >= WAIT_AT {
            return self.flush().await;
        }
        Ok(())
    }

    /// Writes all lines that were appended before.
    pub(crate) async fn flush(&self) -> Result<()> {
        self.shared.flush().await
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(RunId, LogLine)>> {
        // A panic while holding the lock leaves at worst a line missing.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn flush(&self) -> Result<()> {
        let _guard = self.writing.lock().await;
        let mut lines = std::mem::take(&mut *self.lock());
        let mut written = 0;
        while written < lines.len() {
            let piece = &lines[written..lines.len().min(written + PIECE)];
            if let Err(error) = write(&self.connection, piece).await {
                lines.drain(..written);
                self.put_back(lines);
                return Err(error);
            }
            written += piece.len();
        }
        Ok(())
    }

    /// Keeps lines that could not be written before those that came meanwhile.
    fn put_back(&self, mut lines: Vec<(RunId, LogLine)>) {
        let mut waiting = self.lock();
        lines.append(&mut waiting);
        if lines.len() > KEEP {
            let lost = lines.len() - KEEP;
            lines.drain(..lost);
            tracing::error!(lines = lost, "log lines of runs were dropped because the metadata database refuses them");
        }
        *waiting = lines;
    }
}

async fn write(connection: &DatabaseConnection, lines: &[(RunId, LogLine)]) -> Result<()> {
    if sql::is_postgres(connection) {
        let sql = "INSERT INTO log_line (run_id, at, step, level, message) \
                   SELECT run_id, at, nullif(step, ''), level, message \
                   FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY \
                   AS l(run_id, at, step, level, message, place) ORDER BY place";
        let values = vec![
            lines.iter().map(|(run, _)| run.as_uuid()).collect::<Vec<_>>().into(),
            lines.iter().map(|(_, line)| micros(line.at)).collect::<Vec<_>>().into(),
            lines.iter().map(|(_, line)| step(line).to_owned()).collect::<Vec<_>>().into(),
            lines.iter().map(|(_, line)| word(line.level).to_owned()).collect::<Vec<_>>().into(),
            lines.iter().map(|(_, line)| message(line)).collect::<Vec<_>>().into(),
        ];
        sql::run(connection, sql, values).await?;
        return Ok(());
    }
    let transaction = crate::database::begin(connection).await?;
    for piece in sql::pieces(lines.len()) {
        let places = sql::places(1, piece.len(), 5);
        let mut values: Vec<Value> = Vec::with_capacity(piece.len() * 5);
        for (run, line) in &lines[piece] {
            values.push(run.as_uuid().into());
            values.push(micros(line.at).into());
            values.push(line.step.as_ref().map(|step| step.as_str().to_owned()).into());
            values.push(word(line.level).into());
            values.push(message(line).into());
        }
        sql::run(
            &transaction,
            format!("INSERT INTO log_line (run_id, at, step, level, message) VALUES {places}"),
            values,
        )
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The step's id; empty, which no id is, for the run as a whole.
fn step(line: &LogLine) -> &str {
    line.step.as_ref().map_or("", StepId::as_str)
}

/// The line's text with what PostgreSQL cannot keep replaced: a log line is never refused.
fn message(line: &LogLine) -> String {
    line.message.replace('\0', "\u{fffd}")
}

impl Database {
    pub(crate) async fn read_logs(&self, run: RunId, after: u64, limit: u32) -> Result<Vec<(u64, LogLine)>> {
        self.inner.logs.flush().await?;
        let sql =
            "SELECT at, step, level, message, id FROM log_line WHERE run_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        let values = vec![
            run.as_uuid().into(),
            i64::try_from(after).unwrap_or(i64::MAX).into(),
            i64::from(limit.min(LARGEST_PAGE)).into(),
        ];
        let rows = sql::all(&self.inner.reader, sql, values).await?;
        rows.iter().map(|row| Ok((column::<i64>(row, 4)?.unsigned_abs(), line(row)?))).collect()
    }
}

fn line(row: &QueryResult) -> Result<LogLine> {
    let step: Option<String> = column(row, 1)?;
    let level: String = column(row, 2)?;
    Ok(LogLine {
        at: instant(row, 0)?,
        step: step.as_deref().and_then(StepId::new),
        level: level_of(&level).ok_or_else(|| sql::damaged(format!("log level `{level}`")))?,
        message: column(row, 3)?,
    })
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

fn level_of(word: &str) -> Option<LogLevel> {
    [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error]
        .into_iter()
        .find(|level| self::word(*level) == word)
}
