//! Writing by `LOAD DATA LOCAL` or multi-row statements; each batch is one transaction with its line of the ledger.

use super::fit::Fit;
use super::introspect::{self, Table};
use super::ledger;
use super::load::{self, Load};
use super::value::Cells;
use super::{Config, Mysql, error, quote, quote_all, quote_table, types};
use crate::cell;
use crate::error::{Culprit, column_not_found, key_missing, key_not_unique, lease_lost, type_refused};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{Batch, Error, Lane, LedgerEntry, Mode, RefusalKeeper, RefusedRow, Result, Sink, WriteOptions, Written};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Params, Transaction, TxOpts, Value};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A statement has at most so many parameters; the protocol ends at 65,535.
const PARAMETERS: usize = 32_000;
const ROWS: usize = 1024;
/// Fewer rows are written by a statement, which costs one turn less.
const LOADED: usize = 256;
/// What the server only notes where it cuts or changes a value.
const CUT: [u16; 5] = [1264, 1265, 1292, 1366, 1406];

/// Opens a sink.
pub(super) async fn open(mysql: &Mysql, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let config = mysql.config.clone();
    let mapped = |e| error::mapped(&config, &e);
    let mut connection = mysql.connect().await?;
    let keyed = matches!(options.mode, Mode::InsertIgnore | Mode::Upsert | Mode::Replace);
    for column in &options.key {
        if schema.index_of(column).is_err() {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            return Err(column_not_found(column, "the batch", names));
        }
    }
    if keyed && options.key.is_empty() && options.mode != Mode::InsertIgnore {
        return Err(key_missing(&options.table));
    }
    let mut found = introspect::find_table(&mut connection, &options.table).await.map_err(mapped)?;
    let mut made = None;
    if found.is_none() && options.create {
        if keyed && options.key.is_empty() {
            return Err(key_missing(&options.table));
        }
        let create = create_table(&schema, &options)?;
        connection.query_drop(create.as_str()).await.map_err(mapped)?;
        made = Some(create);
        found = introspect::find_table(&mut connection, &options.table).await.map_err(mapped)?;
    }
    let table = match found {
        Some(table) => table,
        None => introspect::get_table(&mut connection, &config, &options.table).await?,
    };
    for field in schema.fields() {
        let Some(column) = table.column(field.name()) else {
            return Err(column_not_found(field.name(), &options.table, table.names()));
        };
        if table.generated.contains(&column.name) {
            let message = format!("column `{}` of `{}` is computed and cannot be written", column.name, options.table);
            return Err(
                Error::permanent(ErrorCode::ValueRefused, message).hint("Leave the column out before the write.")
            );
        }
        if types::declared(field.data_type(), false, 0).is_none() {
            return Err(type_refused(field.name(), field.data_type(), "MySQL"));
        }
    }
    if keyed && !options.key.is_empty() && !table.is_unique(&options.key) {
        return Err(key_not_unique(&options.key, &options.table));
    }
    let ledger_table = ledger::table(&options.table);
    if options.ledger.is_some() {
        connection.query_drop(ledger::create(&ledger_table)).await.map_err(mapped)?;
    }
    let told: Option<(usize, u64)> =
        connection.query_first("SELECT @@max_allowed_packet, @@local_infile").await.map_err(mapped)?;
    let (packet, local) = told.unwrap_or((1 << 20, 0));
    let (head, tail) = insert_statement(&schema, &table, &options);
    let only_adds = matches!(options.mode, Mode::Append | Mode::Truncate);
    let load = (config.load_data && local == 1 && only_adds).then(|| Load::new(&schema, &table, &options.table));
    let fit = |name: &str| table.column(name).map_or(Fit::Any, |column| Fit::of(&column.native_type));
    let fits = schema.fields().iter().map(|field| fit(field.name())).collect();
    Ok(Box::new(MysqlSink {
        packet: packet / 4 * 3,
        fits,
        load: load.flatten(),
        config,
        connection,
        options,
        schema,
        head,
        tail,
        ledger_table,
        lanes: HashMap::new(),
        truncated: false,
        made,
    }))
}

struct MysqlSink {
    config: Arc<Config>,
    connection: Conn,
    options: WriteOptions,
    schema: SchemaRef,
    /// `INSERT INTO … VALUES`.
    head: String,
    /// What follows the rows.
    tail: String,
    ledger_table: String,
    /// Bytes of one statement.
    packet: usize,
    /// How each column may change a value.
    fits: Vec<Fit>,
    /// How large batches go in, where the server lets them.
    load: Option<Load>,
    /// The last durable number of each claimed lane.
    lanes: HashMap<Lane, u64>,
    truncated: bool,
    /// The statement that made the table.
    made: Option<String>,
}

#[async_trait]
impl Sink for MysqlSink {
    fn made_table(&self) -> Option<&str> {
        self.made.as_deref()
    }

    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let Some(ledger) = self.options.ledger.clone() else { return Ok(None) };
        let entry = ledger::claim(&mut self.connection, &self.config, &self.ledger_table, &ledger, lane).await?;
        self.lanes.insert(lane.clone(), entry.as_ref().map_or(0, |entry| entry.sequence));
        Ok(entry)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        self.write_batch(batch, None).await
    }

    async fn write_keeping(&mut self, batch: &Batch, keeper: &dyn RefusalKeeper) -> Result<Written> {
        self.write_batch(batch, Some(keeper)).await
    }

    /// All is durable already; only a table to be emptied for a run without batches is left.
    async fn finish(&mut self) -> Result<()> {
        let nothing_came = !self.truncated && self.lanes.values().all(|sequence| *sequence == 0);
        if self.options.mode == Mode::Truncate && nothing_came {
            let sql = format!("DELETE FROM {}", quote_table(&self.options.table));
            self.connection.query_drop(sql).await.map_err(|e| error::mapped(&self.config, &e))?;
            self.truncated = true;
        }
        Ok(())
    }
}

impl MysqlSink {
    async fn write_batch(&mut self, batch: &Batch, keeper: Option<&dyn RefusalKeeper>) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if self.options.ledger.is_some() {
            let Some(durable) = self.lanes.get(&batch.lane) else {
                let message = format!("lane `{}` was not claimed before its first batch", batch.lane);
                return Err(Error::permanent(ErrorCode::Internal, message));
            };
            if batch.sequence <= *durable {
                return Ok(Written { rows, skipped: true, refused: Vec::new() });
            }
        }
        let config = self.config.clone();
        let mapped = |e: DriverError| error::mapped(&config, &e);
        let mut insert = Insert {
            config: &config,
            head: &self.head,
            tail: &self.tail,
            packet: self.packet,
            fits: &self.fits,
            options: &self.options,
            batch,
            careful: false,
            refused: Vec::new(),
        };
        let cells = insert.cells(0, batch.records.num_rows());
        let load = self.load.as_ref().filter(|_| batch.records.num_rows() >= LOADED && cells.is_ok());
        if let (Some(_), Ok(cells)) = (load, &cells) {
            // The connection takes it up when the server asks for it.
            load::offer(&mut self.connection, load::content(cells, batch.records.num_rows()));
        }
        let mut transaction = self.connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
        if let Some(ledger) = &self.options.ledger
            && !ledger::advance(&mut transaction, &self.ledger_table, ledger, batch).await.map_err(mapped)?
        {
            transaction.rollback().await.map_err(mapped)?;
            return Err(lease_lost(&ledger.task, &batch.lane));
        }
        if self.options.mode == Mode::Truncate && !self.truncated {
            let others = match &self.options.ledger {
                Some(ledger) => {
                    ledger::written_before(&mut transaction, &self.ledger_table, ledger, batch).await.map_err(mapped)?
                }
                None => false,
            };
            if !others {
                // TRUNCATE would commit.
                let sql = format!("DELETE FROM {}", quote_table(&self.options.table));
                transaction.query_drop(sql).await.map_err(mapped)?;
            }
        }
        if batch.records.num_rows() > 0 && !self.schema.fields().is_empty() {
            transaction.query_drop("SAVEPOINT batch").await.map_err(mapped)?;
            let loaded = match load {
                Some(load) => loaded(&mut transaction, load, rows).await.map_err(mapped)?,
                None => false,
            };
            if !loaded {
                if load.is_some() {
                    transaction.query_drop("ROLLBACK TO SAVEPOINT batch").await.map_err(mapped)?;
                }
                insert.all(&mut transaction, cells).await?;
            }
        }
        let refused = insert.refused;
        if let Some(keeper) = keeper.filter(|_| !refused.is_empty()) {
            keeper.keep(batch, &refused).await?;
        }
        transaction.commit().await.map_err(mapped)?;
        self.truncated = true;
        self.lanes.insert(batch.lane.clone(), batch.sequence);
        Ok(Written { rows: rows - refused.len() as u64, skipped: false, refused })
    }
}

/// Whether the server took the whole batch as it is; otherwise what it took is to be undone.
async fn loaded(transaction: &mut Transaction<'_>, load: &Load, rows: u64) -> Result<bool, DriverError> {
    match transaction.query_drop(load.sql.as_str()).await {
        Ok(()) => Ok(transaction.get_warnings() == 0 && transaction.affected_rows() == rows),
        // A deadlock or a lost connection takes the transaction with it; anything else is told better by an INSERT.
        Err(DriverError::Server(server)) if !matches!(server.code, 1205 | 1213 | 1053 | 1317 | 1927) => Ok(false),
        Err(failed) => Err(failed),
    }
}

/// One batch on its way into the table.
struct Insert<'a> {
    config: &'a Config,
    head: &'a str,
    tail: &'a str,
    packet: usize,
    fits: &'a [Fit],
    options: &'a WriteOptions,
    batch: &'a Batch,
    /// Whether each statement can be undone by itself: one of them cut a value.
    careful: bool,
    refused: Vec<RefusedRow>,
}

/// What became of a statement.
enum Sent {
    /// Its rows are in.
    Taken,
    /// A row was refused, for this reason, and none is in.
    Refused(String),
    /// A value was cut; the rows are in, and nothing can take them out alone.
    Cut,
}

impl Insert<'_> {
    /// Rows of the batch as values.
    fn cells(&self, from: usize, count: usize) -> Result<Vec<Cells>, Culprit> {
        let slice = self.batch.records.slice(from, count);
        let schema = slice.schema();
        let columns = schema.fields().iter().zip(slice.columns()).zip(self.fits);
        columns.map(|((field, array), fit)| Cells::new(field.name(), array, *fit)).collect()
    }

    async fn all(&mut self, transaction: &mut Transaction<'_>, cells: Result<Vec<Cells>, Culprit>) -> Result<()> {
        if self.once(transaction, &cells).await? {
            return Ok(());
        }
        // Once more from the start, so that the row whose value is cut can be told and left out.
        let sql = "ROLLBACK TO SAVEPOINT batch";
        transaction.query_drop(sql).await.map_err(|e| error::mapped(self.config, &e))?;
        self.careful = true;
        self.refused.clear();
        self.once(transaction, &cells).await.map(drop)
    }

    /// Sends all rows; `false` where a value was cut.
    async fn once(&mut self, transaction: &mut Transaction<'_>, cells: &Result<Vec<Cells>, Culprit>) -> Result<bool> {
        let rows = self.batch.records.num_rows();
        if let Ok(cells) = cells {
            return self.chunks(transaction, cells, 0, rows).await;
        }
        // A column cannot be turned as a whole: halve until the culprits stand alone, so that only they are left out.
        let mut pending: Vec<_> = std::iter::once(0..rows).collect();
        while let Some(range) = pending.pop() {
            match self.cells(range.start, range.len()) {
                Ok(cells) => {
                    if !self.chunks(transaction, &cells, range.start, range.len()).await? {
                        return Ok(false);
                    }
                }
                Err(culprit) if range.len() == 1 => self.refuse(Culprit { row: range.start, ..culprit })?,
                Err(_) => {
                    let middle = range.start + range.len() / 2;
                    pending.push(middle..range.end);
                    pending.push(range.start..middle);
                }
            }
        }
        Ok(true)
    }

    /// Rows of `cells`, the first of which is row `offset` of the batch, in statements of bounded size.
    async fn chunks(
        &mut self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        offset: usize,
        rows: usize,
    ) -> Result<bool> {
        let most = (PARAMETERS / cells.len().max(1)).clamp(1, ROWS);
        let mut start = 0;
        while start < rows {
            let (mut end, mut bytes) = (start, self.head.len() + self.tail.len());
            while end < rows && end - start < most {
                bytes += cells.iter().map(|column| column.size(end) + 4).sum::<usize>();
                if bytes > self.packet && end > start {
                    break;
                }
                end += 1;
            }
            if !self.bisect(transaction, cells, offset, start..end).await? {
                return Ok(false);
            }
            start = end;
        }
        Ok(true)
    }

    /// Sends the rows; where the server refuses one of them, halves until it stands alone. A refused statement
    /// leaves nothing behind, the ones before it stay.
    async fn bisect(
        &mut self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        offset: usize,
        range: Range<usize>,
    ) -> Result<bool> {
        let mut pending = vec![range];
        while let Some(range) = pending.pop() {
            let reason = match self.send(transaction, cells, range.clone()).await {
                Ok(Sent::Taken) => continue,
                Ok(Sent::Cut) => return Ok(false),
                Ok(Sent::Refused(reason)) => reason,
                Err(failed) => return Err(error::mapped(self.config, &failed)),
            };
            if range.len() == 1 {
                let row = offset + range.start;
                self.refuse(Culprit { row, reason: format!("{reason}{}", self.key_of(row)) })?;
                continue;
            }
            let middle = range.start + range.len() / 2;
            pending.push(middle..range.end);
            pending.push(range.start..middle);
        }
        Ok(true)
    }

    async fn send(
        &self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        range: Range<usize>,
    ) -> Result<Sent, DriverError> {
        if self.careful {
            transaction.query_drop("SAVEPOINT one_statement").await?;
        }
        let row = format!("({})", vec!["?"; cells.len()].join(","));
        let sql = format!("{} {}{}", self.head, vec![row; range.len()].join(","), self.tail);
        let mut values: Vec<Value> = Vec::with_capacity(cells.len() * range.len());
        for row in range {
            values.extend(cells.iter().map(|column| column.value(row).unwrap_or(Value::NULL)));
        }
        match transaction.exec_drop(sql, Params::Positional(values)).await {
            Ok(()) if transaction.get_warnings() == 0 => Ok(Sent::Taken),
            Ok(()) => self.noted(transaction).await,
            Err(DriverError::Server(server)) if error::concerns_row(server.code) => Ok(Sent::Refused(server.message)),
            Err(failed) => Err(failed),
        }
    }

    /// Whether what the server noted means that a value was cut.
    async fn noted(&self, transaction: &mut Transaction<'_>) -> Result<Sent, DriverError> {
        let notes: Vec<(String, u16, String)> = transaction.query("SHOW WARNINGS LIMIT 100").await?;
        let Some((.., message)) = notes.into_iter().find(|(_, code, _)| CUT.contains(code)) else {
            return Ok(Sent::Taken);
        };
        if !self.careful {
            return Ok(Sent::Cut);
        }
        transaction.query_drop("ROLLBACK TO SAVEPOINT one_statement").await?;
        Ok(Sent::Refused(message))
    }

    fn refuse(&mut self, culprit: Culprit) -> Result<()> {
        if !self.options.keep_refused {
            return Err(culprit.into_error(&self.options.table));
        }
        self.refused.push(culprit.into());
        Ok(())
    }

    /// ` (symbol = `AAPL`)`, so that a person finds the row.
    fn key_of(&self, row: usize) -> String {
        let part = |name: &String| {
            let array = self.batch.records.column_by_name(name)?;
            Some(format!("{name} = `{}`", cell::text(array, row)?))
        };
        let parts: Vec<String> = self.options.key.iter().filter_map(part).collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    }
}

fn create_table(schema: &SchemaRef, options: &WriteOptions) -> Result<String> {
    let mut lines = Vec::new();
    for field in schema.fields() {
        let key = options.key.contains(field.name());
        let declared = types::declared(field.data_type(), key, options.key.len())
            .ok_or_else(|| type_refused(field.name(), field.data_type(), "MySQL"))?;
        lines.push(format!("{} {declared}{}", quote(field.name()), if key { " NOT NULL" } else { " NULL" }));
    }
    if !options.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quote_all(options.key.iter().map(String::as_str))));
    }
    let table = quote_table(&options.table);
    Ok(format!("CREATE TABLE IF NOT EXISTS {table} ({}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4", lines.join(", ")))
}

/// What stands before the rows of an insert and what after them.
fn insert_statement(schema: &SchemaRef, table: &Table, options: &WriteOptions) -> (String, String) {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let head = format!("INSERT INTO {} ({}) VALUES", quote_table(&options.table), quote_all(names.iter().copied()));
    let is_key = |name: &str| options.key.iter().any(|key| key.eq_ignore_ascii_case(name));
    let written = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut sets: Vec<String> = Vec::new();
    if matches!(options.mode, Mode::Upsert | Mode::Replace) {
        let values = names.iter().filter(|name| !is_key(name));
        sets.extend(values.map(|name| format!("{} = VALUES({})", quote(name), quote(name))));
    }
    if options.mode == Mode::Replace {
        let others = table.with_default.iter().filter(|name| !written(name));
        sets.extend(others.map(|name| format!("{} = DEFAULT({})", quote(name), quote(name))));
    }
    if sets.is_empty() && !matches!(options.mode, Mode::Append | Mode::Truncate) {
        // INSERT IGNORE would also swallow values that do not fit.
        let column = options.key.first().map_or_else(|| names.first().copied().unwrap_or_default(), String::as_str);
        sets.push(format!("{} = {}.{}", quote(column), quote_table(&options.table), quote(column)));
    }
    let tail = if sets.is_empty() { String::new() } else { format!(" ON DUPLICATE KEY UPDATE {}", sets.join(", ")) };
    (head, tail)
}
