//! What a plugin with a granted connection asks of a connector beyond reading: several statements as one transaction, and
//! commands of Redis.
//!
//! Who may do so, and how often, is `plugin-host`'s business; a connector keeps a statement from leaving the transaction.

use crate::connector::unsupported;
use crate::{Batch, Connector, Error, Lane, Result, WriteOptions};
use arrow::array::RecordBatch;
use async_trait::async_trait;
use model::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// A transaction under way. Dropping it rolls back; after an error it must be dropped.
#[async_trait]
pub trait SqlTransaction: Send {
    /// Runs a statement once for each row of `parameters`, whose column n is placeholder n; once where it has no columns.
    /// Tells how many rows it changed.
    ///
    /// # Errors
    /// `statement_not_allowed` for what would leave the transaction or change the session, `invalid_value` for another
    /// number of placeholders, `statement_failed`, `value_refused`, or a connection error.
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64>;

    /// Adds rows to a table that is there, by the system's fastest way; tells how many.
    ///
    /// # Errors
    /// `table_not_found`, `column_not_found`, `value_refused`, or a connection error.
    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64>;

    /// Makes it durable. Nothing may be called afterwards.
    ///
    /// # Errors
    /// When the system fails; where the answer was lost, the error says that the outcome is unknown.
    async fn commit(&mut self) -> Result<()>;
}

/// Commands of Redis to send in one go.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Each a name and its arguments.
    pub commands: Vec<Vec<Vec<u8>>>,
    /// Whether they may change anything.
    pub write: bool,
    /// Bytes of all answers at most, about.
    pub bytes: u64,
    /// How long it may take.
    pub time: Duration,
}

/// One answer of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PipelineValue {
    /// Nothing there.
    Nil,
    /// A number.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Several answers, flattened, in order; what is not there has no bytes.
    Many(Vec<Vec<u8>>),
}

/// A stand-in for transactions where a system has none: each statement and each batch is durable at once.
pub struct WithoutTransaction(Arc<dyn Connector>);

impl WithoutTransaction {
    /// Over a connection that speaks SQL.
    ///
    /// # Errors
    /// `unsupported` where it does not.
    pub fn new(connector: Arc<dyn Connector>) -> Result<Self> {
        match connector.abilities().sql {
            true => Ok(Self(connector)),
            false => Err(unsupported(connector.system(), "run SQL")),
        }
    }
}

/// Whether a statement begins as those on rows and tables do; nothing may stand before its first word.
fn on_rows_or_tables(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace().map(str::to_ascii_lowercase);
    match words.next().as_deref() {
        Some("insert" | "delete" | "select") => true,
        Some("create" | "alter" | "drop") => matches!(words.next().as_deref(), Some("table" | "stable")),
        _ => false,
    }
}

#[async_trait]
impl SqlTransaction for WithoutTransaction {
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64> {
        if parameters.num_columns() > 0 {
            return Err(unsupported(self.0.system(), "take values for placeholders").hint("Use `write` for rows."));
        }
        if !on_rows_or_tables(sql) {
            let message = "the statement is not allowed in a plugin's transaction";
            return Err(Error::permanent(ErrorCode::StatementNotAllowed, message).hint(
                "INSERT, DELETE and SELECT, and CREATE, ALTER and DROP of tables and supertables run here, one at a time.",
            ));
        }
        // A list of statements is a fault of the check, whoever asks.
        let check = self.0.check_statement(sql, false).await?;
        crate::console::require_allowed(&check, true)?;
        self.0.execute(sql).await
    }

    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64> {
        let options = WriteOptions { create: false, ..WriteOptions::append(table) };
        let mut sink = self.0.write(rows.schema(), options).await?;
        let batch = Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: rows.clone() };
        let written = sink.write(&batch).await?;
        sink.finish().await?;
        Ok(written.rows)
    }

    async fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The error of another number of placeholders than of columns with values.
#[must_use]
pub fn wrong_placeholders(asked: usize, given: usize) -> Error {
    let message = format!("the statement has {asked} placeholders, and its parameters have {given} columns");
    Error::permanent(ErrorCode::InvalidValue, message).hint("Give one column for each placeholder, in their order.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_transactions_statements_on_rows_and_tables_pass_and_nothing_else() {
        for sql in
            ["insert INTO t VALUES (1)", "\n DELETE\tFROM t", "CREATE  STABLE s (a INT)", "drop table t", "SELECT 1"]
        {
            assert!(on_rows_or_tables(sql), "{sql}");
        }
        for sql in [
            "DROP DATABASE d",
            "CREATE USER u",
            "ALTER USER root PASS 'x'",
            "KILL QUERY '1'",
            "GRANT ALL ON d TO u",
            "/**/ DROP DATABASE d",
            "DROP",
            "",
        ] {
            assert!(!on_rows_or_tables(sql), "{sql}");
        }
    }
}
