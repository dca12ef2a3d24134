//! The four logs about tables: appended by whoever changes, checks or fills a table, listed newest first.

use crate::Database;
use crate::error::{Result, check_text};
use crate::sql::{self, column, instant, micros};
use async_trait::async_trait;
use engine::ports::{StoreError, TableLogs};
use model::{TableLog, TableLogEntry, TableLogFilter, TableLogRecord, TableLogStatus};
use sea_orm::{QueryResult, Value};

/// Entries on one page at most.
const LARGEST_PAGE: u32 = 500;
/// Columns of an entry besides its id.
const COLUMNS: usize = 10;

/// The log's table and the column of its subject.
fn place(log: TableLog) -> (&'static str, &'static str) {
    match log {
        TableLog::Creation => ("table_creation_log", "kind"),
        TableLog::Column => ("table_column_log", "column_name"),
        TableLog::Operation => ("table_operation_log", "operation"),
        TableLog::Validation => ("table_validation_log", "verdict"),
    }
}

/// Columns as they are written and read.
fn columns(subject: &str) -> String {
    format!("at, who, connection, table_name, {subject}, status, ddl, parameters, error, duration_ms")
}

#[async_trait]
impl TableLogs for Database {
    async fn append_table_logs(&self, entries: &[TableLogEntry]) -> std::result::Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        Ok(self.write_table_logs(entries).await?)
    }

    async fn list_table_logs(&self, filter: &TableLogFilter) -> std::result::Result<Vec<TableLogRecord>, StoreError> {
        Ok(self.read_table_logs(filter).await?)
    }
}

impl Database {
    async fn write_table_logs(&self, entries: &[TableLogEntry]) -> Result<()> {
        let transaction = crate::database::begin(&self.inner.writer).await?;
        for log in TableLog::ALL {
            let (table, subject) = place(log);
            let of_log: Vec<&TableLogEntry> = entries.iter().filter(|entry| entry.log == log).collect();
            for piece in sql::pieces(of_log.len()) {
                let places = sql::places(1, piece.len(), COLUMNS);
                let values: Vec<Value> = of_log[piece].iter().flat_map(|entry| values(entry)).collect();
                let text = format!("INSERT INTO {table} ({}) VALUES {places}", columns(subject));
                sql::run(&transaction, text, values).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn read_table_logs(&self, filter: &TableLogFilter) -> Result<Vec<TableLogRecord>> {
        let (table, subject) = place(filter.log);
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut only = |condition: &str, value: Value| {
            values.push(value);
            conditions.push(format!("{condition} ${}", values.len()));
        };
        let texts = [
            ("connection =", "the connection", &filter.connection),
            ("table_name =", "the table", &filter.table),
            (&format!("{subject} =") as &str, "the subject", &filter.subject),
        ];
        for (condition, what, text) in texts {
            if let Some(text) = text {
                check_text(what, text)?;
                only(condition, text.clone().into());
            }
        }
        if let Some(status) = filter.status {
            only("status =", status.as_str().into());
        }
        if let Some(since) = filter.since {
            only("at >=", micros(since).into());
        }
        if let Some(until) = filter.until {
            only("at <", micros(until).into());
        }
        if let Some(before) = filter.before {
            only("id <", before.into());
        }
        values.push(i64::from(filter.limit.min(LARGEST_PAGE)).into());
        let condition = match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let text =
            format!("SELECT id, {} FROM {table}{condition} ORDER BY id DESC LIMIT ${}", columns(subject), values.len());
        sql::all(&self.inner.reader, text, values).await?.iter().map(|row| record(row, filter.log)).collect()
    }
}

fn values(entry: &TableLogEntry) -> [Value; COLUMNS] {
    let error = entry.error.as_ref().map(|error| serde_json::to_string(error).unwrap_or_default());
    [
        micros(entry.at).into(),
        kept(&entry.who).into(),
        kept(&entry.connection).into(),
        kept(&entry.table).into(),
        kept(&entry.subject).into(),
        entry.status.as_str().into(),
        entry.ddl.as_deref().map(kept).into(),
        entry.parameters.to_string().into(),
        error.into(),
        i64::try_from(entry.duration_ms).unwrap_or(i64::MAX).into(),
    ]
}

/// Text with what PostgreSQL cannot keep replaced: an entry is never refused.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn record(row: &QueryResult, log: TableLog) -> Result<TableLogRecord> {
    let status: String = column(row, 6)?;
    let parameters: String = column(row, 8)?;
    let error: Option<String> = column(row, 9)?;
    let entry = TableLogEntry {
        log,
        at: instant(row, 1)?,
        who: column(row, 2)?,
        connection: column(row, 3)?,
        table: column(row, 4)?,
        subject: column(row, 5)?,
        status: TableLogStatus::parse(&status).ok_or_else(|| sql::damaged(format!("status `{status}`")))?,
        ddl: column(row, 7)?,
        parameters: serde_json::from_str(&parameters).map_err(|_| sql::damaged("JSON text"))?,
        error: error
            .map(|error| serde_json::from_str(&error))
            .transpose()
            .map_err(|_| sql::damaged("fault of a table's log"))?,
        duration_ms: column::<i64>(row, 10)?.unsigned_abs(),
    };
    Ok(TableLogRecord { id: column(row, 0)?, entry })
}
