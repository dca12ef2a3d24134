//! A transaction that a plugin keeps: statements with values by the extended protocol, rows by COPY.
//!
//! Its connection is closed afterwards, since a statement may have changed settings that others must not meet. Dropped
//! before the commit, it cancels what runs and closes, which rolls back.

use super::copy::Encoded;
use super::error::{concerns_row, line_of, mapped, said};
use super::pool::{Lent, Pool};
use super::target::Target;
use crate::error::Culprit;
use crate::statement::within_transaction;
use crate::{canonical, cell};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use async_trait::async_trait;
use bytes::BytesMut;
use data::transaction::{SqlTransaction, wrong_placeholders};
use data::{Error, Result, System, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// Begins.
pub(super) async fn begin(pool: &Arc<Pool>, time: Duration) -> Result<Box<dyn SqlTransaction>> {
    let client = pool.get().await?;
    let millis = time.as_millis().clamp(1, 86_400_000);
    let begin = format!(
        "BEGIN; SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {millis}; \
         SET LOCAL idle_in_transaction_session_timeout = {}",
        millis + 10_000
    );
    client.batch_execute(&begin).await.map_err(|error| mapped(&error))?;
    Ok(Box::new(Kept { client: Some(client) }))
}

struct Kept {
    client: Option<Lent>,
}

impl Kept {
    fn client(&self) -> Result<&Lent> {
        self.client.as_ref().ok_or_else(|| Error::permanent(ErrorCode::Internal, "the transaction has ended"))
    }
}

#[async_trait]
impl SqlTransaction for Kept {
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64> {
        within_transaction(System::Postgres, sql)?;
        let client = self.client()?;
        let statement = client.prepare(sql).await.map_err(|error| mapped(&error))?;
        if statement.params().len() != parameters.num_columns() {
            return Err(wrong_placeholders(statement.params().len(), parameters.num_columns()));
        }
        let schema = parameters.schema();
        let columns = schema.fields().iter().zip(parameters.columns());
        let columns: Result<Vec<_>, Culprit> =
            columns.map(|(field, column)| canonical::array(field.name(), column)).collect();
        let columns = columns.map_err(|culprit| culprit.into_error("the parameters"))?;
        let rows = if columns.is_empty() { 1 } else { parameters.num_rows() };
        let mut changed = 0;
        for row in 0..rows {
            let values: Vec<Text> = columns.iter().map(|column| Text::of(column, row)).collect();
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
            let done = client.execute(&statement, &values).await;
            changed += done.map_err(|error| match error.code().is_some_and(|code| concerns_row(code.code())) {
                true if rows > 1 => {
                    Error::permanent(ErrorCode::ValueRefused, format!("row {}: {}", row + 1, said(&error)))
                }
                _ => mapped(&error),
            })?;
        }
        Ok(changed)
    }

    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64> {
        if rows.num_rows() == 0 || rows.num_columns() == 0 {
            return Ok(0);
        }
        let client = self.client()?;
        let options = WriteOptions { create: false, ..WriteOptions::append(table) };
        let target = Target::open(client, &rows.schema(), &options).await?;
        if let Some(staging) = &target.staging {
            client.batch_execute(&staging.create).await.map_err(|error| mapped(&error))?;
        }
        let mut encoded = Encoded::new(rows, &target.columns, target.staging.is_some(), Vec::new());
        if let Some(culprit) = std::mem::take(&mut encoded.culprits).into_iter().next() {
            return Err(culprit.into_error(target.table.shown()));
        }
        let sent = encoded.send(client, &target.copy, 0..encoded.len()).await;
        sent.map_err(|error| match line_of(&error) {
            Some(line) if error.code().is_some_and(|code| concerns_row(code.code())) => {
                Culprit { row: line, reason: said(&error) }.into_error(target.table.shown())
            }
            _ => mapped(&error),
        })?;
        if let Some(staging) = &target.staging {
            client.batch_execute(&staging.merge).await.map_err(|error| mapped(&error))?;
        }
        Ok(rows.num_rows() as u64)
    }

    async fn commit(&mut self) -> Result<()> {
        let client = self.client()?;
        client.batch_execute("COMMIT").await.map_err(|error| match error.as_db_error() {
            Some(_) => mapped(&error),
            None => Error::permanent(
                ErrorCode::ConnectionFailed,
                "the connection was lost while the transaction was stored; whether it was is unknown",
            )
            .hint("Look at the table before you run the step again."),
        })?;
        if let Some(client) = self.client.take() {
            client.close();
        }
        Ok(())
    }
}

/// A value as text, which the server reads by the type it expects there: never part of the statement.
#[derive(Debug)]
struct Text(Option<String>);

impl Text {
    fn of(column: &dyn Array, row: usize) -> Self {
        if column.data_type() == &DataType::Binary && !column.is_null(row) {
            let bytes = column.as_binary::<i32>().value(row);
            return Self(Some(format!("\\x{}", hex::encode(bytes))));
        }
        Self(cell::text(column, row))
    }
}

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        if text.contains('\0') {
            return Err("PostgreSQL has no text with a NUL character".into());
        }
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}
