//! A transaction that a plugin keeps, on a session of its own that is closed afterwards.
//!
//! The session does not commit by itself, so that whatever a statement does to the transaction, nothing becomes durable
//! before it is asked for; CREATE, ALTER and DROP commit in MySQL, and are refused once rows were changed. What is dropped
//! before its commit ends the session in the server, which rolls back.

use super::console::prepare_session;
use super::fit::Fit;
use super::pool::CutOff;
use super::value::Cells;
use super::{Mysql, error, introspect, quote_all, quote_table};
use crate::error::{Culprit, column_not_found};
use crate::statement::within_transaction;
use arrow::array::RecordBatch;
use async_trait::async_trait;
use data::transaction::{SqlTransaction, wrong_placeholders};
use data::{ConsoleLimits, Error, Result, System};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Params, Value};
use std::time::Duration;

/// A statement has at most so many parameters.
const PARAMETERS: usize = 32_000;
/// Bytes of values that one statement holds, about; the server's own limit is rarely below.
const BYTES: usize = 1 << 20;
const ROWS: usize = 1024;

/// Begins.
pub(super) async fn begin(mysql: &Mysql, time: Duration) -> Result<Box<dyn SqlTransaction>> {
    let mut connection = mysql.connections.alone().await?;
    let cut = CutOff::alone(&mysql.connections, connection.id());
    prepare_session(mysql, &mut connection, &ConsoleLimits { time, ..ConsoleLimits::default() }, true).await?;
    let mapped = |e: DriverError| error::mapped(&mysql.config, &e);
    connection.query_drop("SET SESSION autocommit = 0").await.map_err(mapped)?;
    Ok(Box::new(Kept { mysql: mysql.clone(), connection: Some(connection), cut, has_changed: false }))
}

struct Kept {
    mysql: Mysql,
    connection: Option<Conn>,
    cut: CutOff,
    /// Whether there is something that a rollback would undo.
    has_changed: bool,
}

impl Kept {
    fn connection(&mut self) -> Result<&mut Conn> {
        self.connection.as_mut().ok_or_else(|| Error::permanent(ErrorCode::Internal, "the transaction has ended"))
    }

    /// The columns as values.
    fn cells(rows: &RecordBatch, fit: impl Fn(&str) -> Fit) -> Result<Vec<Cells>, Culprit> {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns());
        columns.map(|(field, array)| Cells::new(field.name(), array, fit(field.name()))).collect()
    }
}

/// Strict sessions refuse most of what does not fit; what they only note is refused here.
async fn require_unnoted(connection: &mut Conn) -> Result<(), DriverError> {
    const CUT: [u16; 5] = [1264, 1265, 1292, 1366, 1406];
    if connection.get_warnings() == 0 {
        return Ok(());
    }
    let notes: Vec<(String, u16, String)> = connection.query("SHOW WARNINGS LIMIT 100").await?;
    match notes.into_iter().find(|(_, code, _)| CUT.contains(code)) {
        None => Ok(()),
        Some((_, code, message)) => {
            let state = "22000".to_owned();
            Err(DriverError::Server(mysql_async::ServerError { code, message, state }))
        }
    }
}

#[async_trait]
impl SqlTransaction for Kept {
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64> {
        let defines = within_transaction(System::Mysql, sql)?;
        if defines && self.has_changed {
            let message = "CREATE, ALTER, DROP and TRUNCATE commit in MySQL, and rows were changed before";
            return Err(Error::permanent(ErrorCode::StatementNotAllowed, message)
                .hint("Run them first, or in a transaction of their own."));
        }
        let config = self.mysql.config.clone();
        let mapped = |e: DriverError| error::mapped(&config, &e);
        let cells = Self::cells(parameters, |_| Fit::Any).map_err(|culprit| culprit.into_error("the parameters"))?;
        let connection = self.connection()?;
        let statement = connection.prep(sql).await.map_err(mapped)?;
        if usize::from(statement.num_params()) != cells.len() {
            return Err(wrong_placeholders(usize::from(statement.num_params()), cells.len()));
        }
        let rows = if cells.is_empty() { 1 } else { parameters.num_rows() };
        let mut changed = 0;
        for row in 0..rows {
            let values: Vec<Value> = cells.iter().map(|cell| cell.value(row).unwrap_or(Value::NULL)).collect();
            let params = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
            connection.exec_drop(&statement, params).await.map_err(mapped)?;
            changed += connection.affected_rows();
            require_unnoted(connection).await.map_err(mapped)?;
        }
        self.has_changed |= !defines;
        Ok(changed)
    }

    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64> {
        if rows.num_rows() == 0 || rows.num_columns() == 0 {
            return Ok(0);
        }
        let config = self.mysql.config.clone();
        let mapped = |e: DriverError| error::mapped(&config, &e);
        let connection = self.connection()?;
        let found = introspect::get_table(connection, &config, table).await?;
        let schema = rows.schema();
        for field in schema.fields() {
            if found.column(field.name()).is_none() {
                return Err(column_not_found(field.name(), table, found.names()));
            }
        }
        let fit = |name: &str| found.column(name).map_or(Fit::Any, |column| Fit::of(&column.native_type));
        let cells = Self::cells(rows, fit).map_err(|culprit| culprit.into_error(table))?;
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let head = format!("INSERT INTO {} ({}) VALUES ", quote_table(table), quote_all(names));
        let places = format!("({})", vec!["?"; cells.len()].join(", "));
        let most = (PARAMETERS / cells.len()).clamp(1, ROWS);
        let (mut start, total) = (0, rows.num_rows());
        while start < total {
            let (mut end, mut bytes) = (start, 0);
            while end < total && end - start < most && (end == start || bytes < BYTES) {
                bytes += cells.iter().map(|column| column.size(end)).sum::<usize>();
                end += 1;
            }
            let sql = format!("{head}{}", vec![places.as_str(); end - start].join(", "));
            let values = (start..end).flat_map(|row| cells.iter().map(move |cell| cell.value(row)));
            let values: Vec<Value> = values.map(|value| value.unwrap_or(Value::NULL)).collect();
            connection.exec_drop(sql, Params::Positional(values)).await.map_err(mapped)?;
            require_unnoted(connection).await.map_err(mapped)?;
            start = end;
        }
        self.has_changed = true;
        Ok(total as u64)
    }

    async fn commit(&mut self) -> Result<()> {
        let config = self.mysql.config.clone();
        let committed = self.connection()?.query_drop("COMMIT").await;
        committed.map_err(|error| match error {
            DriverError::Server(_) => error::mapped(&config, &error),
            _ => Error::permanent(
                ErrorCode::ConnectionFailed,
                "the connection was lost while the transaction was stored; whether it was is unknown",
            )
            .hint("Look at the table before you run the step again."),
        })?;
        self.cut.done();
        if let Some(connection) = self.connection.take() {
            // What it was for is done; a connection that does not close is gone anyway.
            let _ = connection.disconnect().await;
        }
        Ok(())
    }
}
