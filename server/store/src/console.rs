//! The console's history: statements people asked, from the moment before they run.
//!
//! A line is written before the statement runs and completed when it has ended, so that a crash in between leaves a
//! trace. Each line says until when its statement can be running; whoever finds it later still open closes it as
//! interrupted, so that it does not matter which of several servers was killed. Values of placeholders are never kept, only how many there were.

use crate::Database;
use crate::error::{Error, Result, is_duplicate};
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, Utc};
use model::{ErrorCode, StatementId};
use sea_orm::{QueryResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const STATEMENT: &str = "id, started_at, who, connection, statement, params, may_write, outcome, row_count, truncated, \
                         affected, duration_ms, error_code";
/// Statements on one page at most.
const LARGEST_PAGE: u32 = 500;

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// It answered.
    Succeeded,
    /// It was not let through.
    Refused,
    /// The system refused or failed it.
    Failed,
    /// It was canceled, or whoever asked went away.
    Canceled,
    /// It took longer than it may.
    TimedOut,
    /// Its process ended before it; how it went on in the system is not known.
    Interrupted,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Running,
        Self::Succeeded,
        Self::Refused,
        Self::Failed,
        Self::Canceled,
        Self::TimedOut,
        Self::Interrupted,
    ];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A statement that is about to run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStatement {
    /// Its id.
    pub id: StatementId,
    /// When it was asked.
    pub started_at: DateTime<Utc>,
    /// When it has ended at the latest, if nothing happens to its process.
    pub ends_by: DateTime<Utc>,
    /// Who asked.
    pub who: String,
    /// Of which connection.
    pub connection: String,
    /// Its text, without what must not be kept.
    pub statement: String,
    /// How many placeholders were given values.
    pub params: u32,
    /// Whether it was allowed to write.
    pub may_write: bool,
}

/// How a statement ended.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementEnd {
    /// How.
    pub outcome: Outcome,
    /// Rows it answered.
    pub rows: Option<u64>,
    /// Whether there were more.
    pub truncated: bool,
    /// Rows it changed.
    pub affected: Option<u64>,
    /// How long it took.
    pub duration_ms: u64,
    /// The code of what went wrong.
    pub error_code: Option<String>,
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatementRecord {
    /// Its id.
    pub id: StatementId,
    /// When it was asked.
    pub started_at: DateTime<Utc>,
    /// Who asked.
    pub who: String,
    /// Of which connection.
    pub connection: String,
    /// Its text, without what must not be kept.
    pub statement: String,
    /// How many placeholders were given values.
    pub params: u32,
    /// Whether it was allowed to write.
    pub may_write: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows it answered.
    pub rows: Option<u64>,
    /// Whether there were more.
    pub truncated: bool,
    /// Rows it changed.
    pub affected: Option<u64>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// The code of what went wrong.
    pub error_code: Option<String>,
}

/// Which lines of the history are wanted, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatementFilter {
    /// Of this connection only.
    pub connection: Option<String>,
    /// Asked by this person only.
    pub who: Option<String>,
    /// Only those before this one: the last line of the page before.
    pub before: Option<StatementId>,
    /// At most so many, and 500.
    pub limit: u32,
}

impl Database {
    /// Puts a statement on record before it runs.
    ///
    /// # Errors
    /// `already_exists` for an id that a statement had before, `store_failed`.
    pub async fn create_statement(&self, new: &NewStatement) -> Result<()> {
        let values = vec![
            new.id.as_uuid().into(),
            micros(new.started_at).into(),
            plain(&new.who).into(),
            plain(&new.connection).into(),
            plain(&new.statement).into(),
            i64::from(new.params).into(),
            new.may_write.into(),
            Outcome::Running.as_str().into(),
            false.into(),
            micros(new.ends_by).into(),
        ];
        let sql = "INSERT INTO console_statement \
                   (id, started_at, who, connection, statement, params, may_write, outcome, truncated, ends_by) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        sql::run(&self.inner.writer, sql, values).await.map_err(|error| {
            if is_duplicate(&error) {
                let message = format!("there is a statement `{}` already", new.id);
                return Error::permanent(ErrorCode::AlreadyExists, message)
                    .hint("Give each statement an id of its own.");
            }
            error.into()
        })?;
        Ok(())
    }

    /// Puts on record how a statement ended; a second end changes nothing. Whoever was taken for interrupted and ends
    /// nevertheless knows better.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn finish_statement(&self, id: StatementId, end: &StatementEnd) -> Result<()> {
        let values = vec![
            end.outcome.as_str().into(),
            end.rows.map(large).into(),
            end.truncated.into(),
            end.affected.map(large).into(),
            large(end.duration_ms).into(),
            end.error_code.clone().into(),
            id.as_uuid().into(),
            Outcome::Running.as_str().into(),
            Outcome::Interrupted.as_str().into(),
        ];
        let sql = "UPDATE console_statement SET outcome = $1, row_count = $2, truncated = $3, affected = $4, \
                   duration_ms = $5, error_code = $6 WHERE id = $7 AND outcome IN ($8, $9)";
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(())
    }

    /// Closes statements that should have ended before `now` and of whose end nothing is known; tells how many.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn interrupt_statements(&self, now: DateTime<Utc>) -> Result<u64> {
        // Spelled out, so that the index on what runs is used; and nothing is locked for writing where nothing is left.
        let open = "outcome = 'running' AND ends_by < $1";
        let one = format!("SELECT 1 FROM console_statement WHERE {open} LIMIT 1");
        if sql::one(&self.inner.reader, one, vec![micros(now).into()]).await?.is_none() {
            return Ok(0);
        }
        let close = format!("UPDATE console_statement SET outcome = $2 WHERE {open}");
        let values = vec![micros(now).into(), Outcome::Interrupted.as_str().into()];
        Ok(sql::run(&self.inner.writer, close, values).await?)
    }

    /// The history, newest first. An id may be the caller's own, so it is the time of asking that tells what is newer.
    ///
    /// # Errors
    /// `statement_not_found` where the page's start is none, `store_failed`.
    pub async fn list_statements(&self, filter: &StatementFilter) -> Result<Vec<StatementRecord>> {
        let mut values: Vec<Value> = vec![i64::from(filter.limit.min(LARGEST_PAGE)).into()];
        let mut conditions = String::new();
        let wanted: [(&str, Option<Value>); 2] = [
            ("connection =", filter.connection.as_deref().map(|name| plain(name).into())),
            ("who =", filter.who.as_deref().map(|who| plain(who).into())),
        ];
        for (condition, value) in wanted {
            if let Some(value) = value {
                values.push(value);
                conditions.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        }
        if let Some(before) = filter.before {
            let sql = "SELECT started_at FROM console_statement WHERE id = $1";
            let Some(row) = sql::one(&self.inner.reader, sql, vec![before.as_uuid().into()]).await? else {
                let message = format!("there is no statement `{before}` in the history");
                return Err(Error::permanent(ErrorCode::StatementNotFound, message)
                    .hint("Begin at the newest again; it may have been forgotten meanwhile"));
            };
            values.extend([column::<i64>(&row, 0)?.into(), before.as_uuid().into()]);
            conditions.push_str(&format!(" AND (started_at, id) < (${}, ${})", values.len() - 1, values.len()));
        }
        let sql = format!(
            "SELECT {STATEMENT} FROM console_statement WHERE 1 = 1{conditions} \
             ORDER BY started_at DESC, id DESC LIMIT $1"
        );
        sql::all(&self.inner.reader, sql, values).await?.iter().map(record).collect()
    }
}

fn record(row: &QueryResult) -> Result<StatementRecord> {
    let outcome: String = column(row, 7)?;
    let known = Outcome::ALL.into_iter().find(|known| known.as_str() == outcome);
    Ok(StatementRecord {
        id: column::<Uuid>(row, 0)?.into(),
        started_at: instant(row, 1)?,
        who: column(row, 2)?,
        connection: column(row, 3)?,
        statement: column(row, 4)?,
        params: sql::number(row, 5)?,
        may_write: column(row, 6)?,
        outcome: known.ok_or_else(|| sql::damaged(format!("outcome `{outcome}`")))?,
        rows: count(row, 8)?,
        truncated: column(row, 9)?,
        affected: count(row, 10)?,
        duration_ms: count(row, 11)?,
        error_code: column(row, 12)?,
    })
}

fn count(row: &QueryResult, index: usize) -> Result<Option<u64>> {
    Ok(column::<Option<i64>>(row, index)?.and_then(|count| u64::try_from(count).ok()))
}

fn large(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Text without what PostgreSQL cannot keep: the history takes everything.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
