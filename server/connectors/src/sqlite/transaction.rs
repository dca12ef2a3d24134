//! A transaction that a plugin keeps, on a thread of its own. The thread ends with its other end, which rolls back.

use super::console::{Stop, told};
use super::guard::{Guard, protect};
use super::write::{insert, insert_statement};
use super::{Access, Config, answer, connect, error, introspect};
use crate::error::{Culprit, column_not_found};
use crate::statement::within_transaction;
use crate::{canonical, cell};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use async_trait::async_trait;
use data::transaction::{SqlTransaction, wrong_placeholders};
use data::{Batch, ConsoleLimits, Error, Lane, Result, System, WriteOptions};
use meter::{Meter, Stopwatch};
use model::ErrorCode;
use rusqlite::types::Value;
use rusqlite::{Statement, Transaction, TransactionBehavior};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What the thread is to do.
enum Order {
    Execute(String, RecordBatch, oneshot::Sender<Result<u64>>),
    Write(String, RecordBatch, oneshot::Sender<Result<u64>>),
    Commit(oneshot::Sender<Result<()>>),
}

/// Begins.
pub(super) async fn begin(config: Arc<Config>, time: Duration) -> Result<Box<dyn SqlTransaction>> {
    let (orders, on_order) = mpsc::channel::<Order>(1);
    let (begun, on_begun) = oneshot::channel();
    let meter = Meter::current();
    std::thread::Builder::new()
        .name("sqlite-plugin".to_owned())
        .spawn(move || keep(&config, time, on_order, begun, &mut meter.start()))
        .map_err(|error| Error::transient(ErrorCode::Internal, format!("no thread for the transaction: {error}")))?;
    on_begun.await.map_err(|_| ended())??;
    Ok(Box::new(Kept(orders)))
}

fn ended() -> Error {
    Error::permanent(ErrorCode::Internal, "the thread of the transaction ended early")
}

struct Kept(mpsc::Sender<Order>);

impl Kept {
    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (answer, on_answer) = oneshot::channel();
        self.0.send(order(answer)).await.map_err(|_| ended())?;
        on_answer.await.map_err(|_| ended())?
    }
}

#[async_trait]
impl SqlTransaction for Kept {
    async fn execute(&mut self, sql: &str, parameters: &RecordBatch) -> Result<u64> {
        within_transaction(System::Sqlite, sql)?;
        self.ask(|answer| Order::Execute(sql.to_owned(), parameters.clone(), answer)).await
    }

    async fn write(&mut self, table: &str, rows: &RecordBatch) -> Result<u64> {
        self.ask(|answer| Order::Write(table.to_owned(), rows.clone(), answer)).await
    }

    async fn commit(&mut self) -> Result<()> {
        self.ask(Order::Commit).await
    }
}

/// What one statement may take, renewed for each.
struct Patience {
    limits: ConsoleLimits,
    stop: Arc<Mutex<Arc<Stop>>>,
}

impl Patience {
    fn stop(&self) -> Arc<Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self) {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Stop::after(self.limits.time);
    }
}

/// The thread: takes orders until it committed or nobody gives any more.
fn keep(
    config: &Arc<Config>,
    time: Duration,
    mut on_order: mpsc::Receiver<Order>,
    begun: oneshot::Sender<Result<()>>,
    watch: &mut Stopwatch,
) {
    let patience = Patience {
        limits: ConsoleLimits { time, ..ConsoleLimits::default() },
        stop: Arc::new(Mutex::new(Stop::after(time))),
    };
    let mapped = |error| error::mapped(&config.path, &error);
    let opened = connect(config, Access::Write).and_then(|connection| {
        protect(&connection, patience.limits.bytes).map_err(mapped)?;
        let busy = time.min(Duration::from_millis(config.busy_timeout_ms));
        connection.busy_timeout(busy).map_err(mapped)?;
        let stop = patience.stop.clone();
        let is_over = move || stop.lock().unwrap_or_else(PoisonError::into_inner).now();
        connection.progress_handler(1_000, Some(is_over)).map_err(mapped)?;
        Ok(connection)
    });
    let mut connection = match opened {
        Ok(connection) => connection,
        Err(error) => return drop(begun.send(Err(error))),
    };
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return drop(begun.send(Err(mapped(error)))),
    };
    if begun.send(Ok(())).is_err() {
        return;
    }
    while let Some(order) = on_order.blocking_recv() {
        patience.begin();
        match order {
            Order::Execute(sql, parameters, asker) => {
                answer(asker, execute(&transaction, config, &patience, &sql, &parameters), watch);
            }
            Order::Write(table, rows, asker) => answer(asker, write(&transaction, config, &table, rows), watch),
            Order::Commit(asker) => return answer(asker, transaction.commit().map_err(mapped), watch),
        }
    }
}

fn execute(
    transaction: &Transaction<'_>,
    config: &Config,
    patience: &Patience,
    sql: &str,
    parameters: &RecordBatch,
) -> Result<u64> {
    let guard = Guard::set(transaction, true);
    let failed = |error| told(config, &error, &guard, &patience.stop(), patience.limits);
    let before = transaction.total_changes();
    let ran = (|| {
        let mut statement = transaction.prepare(sql).map_err(failed)?;
        let schema = parameters.schema();
        let columns = schema.fields().iter().zip(parameters.columns());
        let columns: Result<Vec<ArrayRef>, Culprit> =
            columns.map(|(field, column)| canonical::array(field.name(), column)).collect();
        let columns = columns.map_err(|culprit| culprit.into_error("the parameters"))?;
        if statement.parameter_count() != columns.len() {
            return Err(wrong_placeholders(statement.parameter_count(), columns.len()));
        }
        let rows = if columns.is_empty() { 1 } else { parameters.num_rows() };
        for row in 0..rows {
            bind(&mut statement, &columns, row).map_err(failed)?;
            let mut answered = statement.raw_query();
            // What it answers is of no interest, but it has run only once all was answered.
            while answered.next().map_err(failed)?.is_some() {}
        }
        Ok(())
    })();
    Guard::lift(transaction);
    ran.map(|()| transaction.total_changes() - before)
}

fn bind(statement: &mut Statement<'_>, columns: &[ArrayRef], row: usize) -> rusqlite::Result<()> {
    for (index, column) in columns.iter().enumerate() {
        let value = match column.data_type() {
            _ if column.is_null(row) => Value::Null,
            DataType::Boolean => Value::Integer(i64::from(column.as_boolean().value(row))),
            DataType::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => Value::Real(column.as_primitive::<Float64Type>().value(row)),
            DataType::Binary => Value::Blob(column.as_binary::<i32>().value(row).to_vec()),
            _ => cell::text(column, row).map_or(Value::Null, Value::Text),
        };
        statement.raw_bind_parameter(index + 1, value)?;
    }
    Ok(())
}

fn write(transaction: &Transaction<'_>, config: &Config, table: &str, rows: RecordBatch) -> Result<u64> {
    if rows.num_rows() == 0 || rows.num_columns() == 0 {
        return Ok(0);
    }
    let found = introspect::get_table(transaction, config, table)?;
    let schema = rows.schema();
    for field in schema.fields() {
        if found.column(field.name()).is_none() {
            return Err(column_not_found(field.name(), &found.name, found.column_names()));
        }
    }
    let options = WriteOptions { create: false, ..WriteOptions::append(table) };
    let sql = insert_statement(&schema, &found, &options);
    let count = rows.num_rows() as u64;
    let batch = Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: rows };
    insert(transaction, config, &sql, &found, &options, &batch)?;
    Ok(count)
}
