//! Writing into a table of an SQLite file, on a thread of its own.
//!
//! Each batch is one transaction with its line of the ledger. Nothing stays open between two batches: SQLite has one
//! writer at a time, and two sinks of a stage may share a file.

use super::introspect::{self, Table};
use super::types;
use super::value::{Cells, Refusal};
use super::{Access, Config, answer, connect, error};
use crate::error::{Culprit, column_not_found, key_missing, key_not_unique, lease_lost, type_refused};
use crate::name::{quote, quote_all};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Error, Lane, LedgerEntry, LedgerKey, Mode, RefusalKeeper, RefusedRow, Result, Sink,
    WriteOptions, Written,
};
use meter::Meter;
use model::ErrorCode;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS _sluice_ledger (
    task TEXT NOT NULL, lane TEXT NOT NULL, fence INTEGER NOT NULL, sequence INTEGER NOT NULL,
    checkpoint TEXT, updated_at TEXT NOT NULL, PRIMARY KEY (task, lane))";

/// Opens a sink.
pub(super) async fn open(config: Arc<Config>, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let (orders, mut on_order) = mpsc::channel::<Order>(1);
    let (opened, on_opened) = oneshot::channel();
    let meter = Meter::current();
    std::thread::Builder::new()
        .name("sqlite-write".to_owned())
        .spawn(move || {
            let mut watch = meter.start();
            let (mut writer, made) = match Writer::open(config, schema, options) {
                Ok(writer) => writer,
                Err(error) => return drop(opened.send(Err(error))),
            };
            if opened.send(Ok(made)).is_err() {
                return;
            }
            while let Some(order) = on_order.blocking_recv() {
                match order {
                    Order::Claim(lane, asker) => answer(asker, writer.claim(&lane), &mut watch),
                    Order::Write(batch, agreed, asker) => {
                        answer(asker, writer.write(&batch, agreed.as_deref()), &mut watch);
                    }
                    Order::Finish(asker) => answer(asker, writer.finish(), &mut watch),
                }
            }
        })
        .map_err(|error| Error::transient(ErrorCode::Internal, format!("no thread for writing: {error}")))?;
    let made = on_opened.await.map_err(|_| ended())??;
    Ok(Box::new(SqliteSink { orders, made }))
}

fn ended() -> Error {
    Error::permanent(ErrorCode::Internal, "the writing thread ended early")
}

enum Order {
    Claim(Lane, oneshot::Sender<Result<Option<LedgerEntry>>>),
    /// With rows that may be refused: the batch is written only where just those are.
    Write(Batch, Option<Vec<RefusedRow>>, oneshot::Sender<Result<Written>>),
    Finish(oneshot::Sender<Result<()>>),
}

struct SqliteSink {
    orders: mpsc::Sender<Order>,
    /// The statement that made the table.
    made: Option<String>,
}

impl SqliteSink {
    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (answer, on_answer) = oneshot::channel();
        self.orders.send(order(answer)).await.map_err(|_| ended())?;
        on_answer.await.map_err(|_| ended())?
    }
}

#[async_trait]
impl Sink for SqliteSink {
    fn made_table(&self) -> Option<&str> {
        self.made.as_deref()
    }

    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        self.ask(|answer| Order::Claim(lane.clone(), answer)).await
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        self.ask(|answer| Order::Write(batch.clone(), None, answer)).await
    }

    /// SQLite has one writer at a time, and what is refused may go into the same file: the batch is tried, undone where rows
    /// are refused, and written once those are kept.
    async fn write_keeping(&mut self, batch: &Batch, keeper: &dyn RefusalKeeper) -> Result<Written> {
        let agreed = Some(Vec::new());
        let tried = self.ask(|answer| Order::Write(batch.clone(), agreed, answer)).await?;
        if tried.refused.is_empty() {
            return Ok(tried);
        }
        keeper.keep(batch, &tried.refused).await?;
        let agreed = Some(tried.refused.clone());
        let written = self.ask(|answer| Order::Write(batch.clone(), agreed, answer)).await?;
        if written.refused != tried.refused {
            let message = "the rows that SQLite refuses changed while they were written";
            return Err(Error::transient(ErrorCode::StatementFailed, message));
        }
        Ok(written)
    }

    async fn finish(&mut self) -> Result<()> {
        self.ask(Order::Finish).await
    }
}

struct Writer {
    config: Arc<Config>,
    connection: Connection,
    options: WriteOptions,
    table: Table,
    insert: String,
    /// The last durable number of each claimed lane.
    lanes: HashMap<Lane, u64>,
    truncated: bool,
}

impl Writer {
    /// The writer, and the statement that made its table where it was missing.
    fn open(config: Arc<Config>, schema: SchemaRef, options: WriteOptions) -> Result<(Self, Option<String>)> {
        let connection = connect(&config, Access::Write)?;
        let mapped = |error| error::mapped(&config.path, &error);
        let keyed = matches!(options.mode, Mode::InsertIgnore | Mode::Upsert | Mode::Replace);
        for column in &options.key {
            if schema.index_of(column).is_err() {
                return Err(column_not_found(
                    column,
                    "the batch",
                    schema.fields().iter().map(|field| field.name().as_str()),
                ));
            }
        }
        let mut table = introspect::find_table(&connection, &options.table).map_err(mapped)?;
        let mut made = None;
        if table.is_none() && options.create {
            if keyed && options.key.is_empty() {
                return Err(key_missing(&options.table));
            }
            let create = create_table(&schema, &options)?;
            connection.execute_batch(&create).map_err(mapped)?;
            made = Some(create);
            table = introspect::find_table(&connection, &options.table).map_err(mapped)?;
        }
        let Some(table) = table else {
            introspect::get_table(&connection, &config, &options.table)?;
            return Err(ended());
        };
        for field in schema.fields() {
            let Some(column) = table.column(field.name()) else {
                return Err(column_not_found(field.name(), &table.name, table.column_names()));
            };
            if column.generated {
                let message =
                    format!("column `{}` of `{}` is computed by SQLite and cannot be written", column.name, table.name);
                return Err(
                    Error::permanent(ErrorCode::ValueRefused, message).hint("Leave the column out before the write.")
                );
            }
            if types::declared(field.data_type()).is_none() {
                return Err(type_refused(field.name(), field.data_type(), "SQLite"));
            }
        }
        if keyed && options.key.is_empty() && options.mode != Mode::InsertIgnore {
            return Err(key_missing(&options.table));
        }
        if keyed && !options.key.is_empty() && !table.is_unique(&options.key) {
            return Err(key_not_unique(&options.key, &table.name));
        }
        if options.ledger.is_some() {
            connection.execute_batch(CREATE_LEDGER).map_err(mapped)?;
        }
        let insert = insert_statement(&schema, &table, &options);
        Ok((Self { config, connection, options, table, insert, lanes: HashMap::new(), truncated: false }, made))
    }

    fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let Some(ledger) = &self.options.ledger else { return Ok(None) };
        let entry = claim(&mut self.connection, &self.config, ledger, lane)?;
        self.lanes.insert(lane.clone(), entry.as_ref().map_or(0, |entry| entry.sequence));
        Ok(entry)
    }

    fn write(&mut self, batch: &Batch, agreed: Option<&[RefusedRow]>) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if self.options.ledger.is_some() {
            let Some(durable) = self.lanes.get(&batch.lane) else {
                return Err(Error::permanent(
                    ErrorCode::Internal,
                    format!("lane `{}` was not claimed before its first batch", batch.lane),
                ));
            };
            if batch.sequence <= *durable {
                return Ok(Written { rows, skipped: true, refused: Vec::new() });
            }
        }
        let config = self.config.clone();
        let mapped = |error| error::mapped(&config.path, &error);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(mapped)?;
        if let Some(ledger) = &self.options.ledger {
            advance(&transaction, &config, ledger, batch)?;
        }
        if self.options.mode == Mode::Truncate && !self.truncated {
            let others = match &self.options.ledger {
                Some(ledger) => written_before(&transaction, ledger, batch).map_err(mapped)?,
                None => false,
            };
            if !others {
                transaction.execute(&format!("DELETE FROM {}", self.table.quoted()), []).map_err(mapped)?;
            }
        }
        let refused = insert(&transaction, &config, &self.insert, &self.table, &self.options, batch)?;
        if agreed.is_some_and(|agreed| agreed != refused) {
            transaction.rollback().map_err(mapped)?;
            return Ok(Written { rows: 0, skipped: false, refused });
        }
        transaction.commit().map_err(mapped)?;
        self.truncated = true;
        self.lanes.insert(batch.lane.clone(), batch.sequence);
        Ok(Written { rows: rows - refused.len() as u64, skipped: false, refused })
    }

    /// All is durable already; only a table to be emptied for a run without batches is left.
    fn finish(&mut self) -> Result<()> {
        let nothing_came = !self.truncated && self.lanes.values().all(|sequence| *sequence == 0);
        if self.options.mode == Mode::Truncate && nothing_came {
            let sql = format!("DELETE FROM {}", self.table.quoted());
            self.connection.execute(&sql, []).map_err(|error| error::mapped(&self.config.path, &error))?;
            self.truncated = true;
        }
        Ok(())
    }
}

/// Raises the fence of the lane's line.
fn claim(connection: &mut Connection, config: &Config, ledger: &LedgerKey, lane: &Lane) -> Result<Option<LedgerEntry>> {
    let mapped = |error| error::mapped(&config.path, &error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(mapped)?;
    let entry = transaction
        .query_row(
            "INSERT INTO _sluice_ledger (task, lane, fence, sequence, checkpoint, updated_at)
             VALUES (?1, ?2, ?3, 0, NULL, strftime('%Y-%m-%d %H:%M:%fZ', 'now'))
             ON CONFLICT (task, lane) DO UPDATE SET fence = excluded.fence, updated_at = excluded.updated_at
             WHERE fence <= excluded.fence RETURNING sequence, checkpoint",
            params![ledger.task, lane.as_str(), ledger.fence],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)),
        )
        .optional()
        .map_err(mapped)?;
    let Some((sequence, checkpoint)) = entry else { return Err(lease_lost(&ledger.task, lane)) };
    transaction.commit().map_err(mapped)?;
    let sequence = sequence.unsigned_abs();
    Ok((sequence > 0).then(|| LedgerEntry { sequence, checkpoint: checkpoint.map(Checkpoint) }))
}

/// Moves the lane's line on to the batch, if this attempt still holds it.
fn advance(transaction: &Transaction<'_>, config: &Config, ledger: &LedgerKey, batch: &Batch) -> Result<()> {
    let changed = transaction
        .prepare_cached(
            "UPDATE _sluice_ledger SET sequence = ?4, checkpoint = ?5, updated_at = strftime('%Y-%m-%d %H:%M:%fZ', 'now')
             WHERE task = ?1 AND lane = ?2 AND fence = ?3",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                ledger.task,
                batch.lane.as_str(),
                ledger.fence,
                batch.sequence as i64,
                batch.checkpoint.as_ref().map(|checkpoint| checkpoint.0.as_str())
            ])
        })
        .map_err(|error| error::mapped(&config.path, &error))?;
    if changed == 1 { Ok(()) } else { Err(lease_lost(&ledger.task, &batch.lane)) }
}

/// Whether this run has written into the table before this batch, in this attempt or an earlier one.
fn written_before(transaction: &Transaction<'_>, ledger: &LedgerKey, batch: &Batch) -> rusqlite::Result<bool> {
    transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM _sluice_ledger WHERE task = ?1 AND lane <> ?2 AND sequence > 0) OR ?3",
        params![ledger.task, batch.lane.as_str(), batch.sequence > 1],
        |row| row.get(0),
    )
}

/// Inserts the rows of a batch within the transaction.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    config: &Config,
    sql: &str,
    table: &Table,
    options: &WriteOptions,
    batch: &Batch,
) -> Result<Vec<RefusedRow>> {
    let records = &batch.records;
    if records.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let schema = records.schema();
    let cells = schema.fields().iter().zip(records.columns()).map(|(field, array)| {
        let column = table
            .column(field.name())
            .ok_or_else(|| column_not_found(field.name(), &table.name, table.column_names()))?;
        Ok((field.name().as_str(), array, column))
    });
    let cells: Vec<_> = cells.collect::<Result<_>>()?;
    let whole: Result<Vec<Cells<'_>>, Culprit> =
        cells.iter().map(|(name, array, column)| Cells::new(name, array, column)).collect();
    let mut statement = transaction.prepare_cached(sql).map_err(|error| met(config, table, &error))?;
    let mut scratch = String::new();
    let mut refused = Vec::new();
    for row in 0..records.num_rows() {
        let done = match &whole {
            Ok(cells) => insert_row(&mut statement, cells, row, &mut scratch),
            // A column cannot be turned as a whole: go row by row, so that only the culprits are left out.
            Err(_) => cells
                .iter()
                .map(|(name, array, column)| Cells::new(name, &array.slice(row, 1), column))
                .collect::<Result<Vec<_>, _>>()
                .map_err(Refusal::Value)
                .and_then(|cells| insert_row(&mut statement, &cells, 0, &mut scratch)),
        };
        let culprit = match done {
            Ok(()) => continue,
            Err(Refusal::Value(culprit)) => Culprit { row, ..culprit },
            Err(Refusal::Sqlite(error)) if error::concerns_row(&error) => {
                Culprit { row, reason: format!("{}{}", error::said(&error), key_of(&options.key, batch, row)) }
            }
            Err(Refusal::Sqlite(error)) => return Err(met(config, table, &error)),
        };
        if !options.keep_refused {
            return Err(culprit.into_error(&table.name));
        }
        refused.push(culprit.into());
    }
    Ok(refused)
}

/// What a statement met; the table may have been dropped since the sink was opened.
fn met(config: &Config, table: &Table, error: &rusqlite::Error) -> Error {
    if error::said(error).starts_with("no such table") {
        let message = format!("the table `{}` is no longer there", table.name);
        return Error::permanent(ErrorCode::TableNotFound, message);
    }
    error::mapped(&config.path, error)
}

fn insert_row(
    statement: &mut rusqlite::Statement<'_>,
    cells: &[Cells<'_>],
    row: usize,
    scratch: &mut String,
) -> Result<(), Refusal> {
    for (index, cell) in cells.iter().enumerate() {
        cell.bind(statement, index + 1, row, scratch)?;
    }
    statement.raw_execute()?;
    Ok(())
}

/// ` (symbol = `AAPL`)`, so that a person finds the row.
fn key_of(key: &[String], batch: &Batch, row: usize) -> String {
    let parts: Vec<String> = key
        .iter()
        .filter_map(|name| {
            let array = batch.records.column_by_name(name)?;
            Some(format!("{name} = `{}`", crate::cell::text(array, row)?))
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn create_table(schema: &SchemaRef, options: &WriteOptions) -> Result<String> {
    let name = introspect::plain_name(&options.table);
    let mut lines = Vec::new();
    for field in schema.fields() {
        let declared = types::declared(field.data_type())
            .ok_or_else(|| type_refused(field.name(), field.data_type(), "SQLite"))?;
        let not_null = if options.key.contains(field.name()) { " NOT NULL" } else { "" };
        lines.push(format!("{} {declared}{not_null}", quote(field.name())));
    }
    if !options.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quote_all(options.key.iter().map(String::as_str))));
    }
    Ok(format!("CREATE TABLE IF NOT EXISTS {} ({})", quote(&name), lines.join(", ")))
}

/// The statement that inserts one row.
pub(super) fn insert_statement(schema: &SchemaRef, table: &Table, options: &WriteOptions) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let insert =
        format!("INSERT INTO {} ({}) VALUES ({})", table.quoted(), quote_all(names.iter().copied()), places.join(", "));
    let key = quote_all(options.key.iter().map(String::as_str));
    let is_key = |name: &str| options.key.iter().any(|key| key.eq_ignore_ascii_case(name));
    let written = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut sets: Vec<String> = names
        .iter()
        .filter(|name| !is_key(name))
        .map(|name| format!("{} = excluded.{}", quote(name), quote(name)))
        .collect();
    match options.mode {
        Mode::Append | Mode::Truncate => return insert,
        Mode::InsertIgnore if options.key.is_empty() => return format!("{insert} ON CONFLICT DO NOTHING"),
        Mode::InsertIgnore => return format!("{insert} ON CONFLICT ({key}) DO NOTHING"),
        Mode::Upsert => {}
        Mode::Replace => sets.extend(
            table
                .columns
                .iter()
                .filter(|column| !column.generated && !column.row_number && !written(&column.name))
                .map(|column| format!("{} = ({})", quote(&column.name), column.default.as_deref().unwrap_or("NULL"))),
        ),
    }
    if sets.is_empty() {
        return format!("{insert} ON CONFLICT ({key}) DO NOTHING");
    }
    format!("{insert} ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
}
