//! Writing by multi-row statements; each batch is one transaction with its line of the ledger.

use super::introspect::{self, Table};
use super::value::Cells;
use super::{Config, Mysql, error, quote, quote_all, quote_table, types};
use crate::cell;
use crate::error::{Culprit, column_not_found, key_missing, key_not_unique, lease_lost, type_refused};
use crate::name::TableName;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Error, Lane, LedgerEntry, LedgerKey, Mode, RefusedRow, Result, Sink, WriteOptions, Written,
};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Params, Transaction, TxOpts, Value, params};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A statement has at most so many parameters; the protocol ends at 65,535.
const PARAMETERS: usize = 32_000;
const ROWS: usize = 1024;

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
    if found.is_none() && options.create {
        if keyed && options.key.is_empty() {
            return Err(key_missing(&options.table));
        }
        connection.query_drop(create_table(&schema, &options)?).await.map_err(mapped)?;
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
    let ledger_table = ledger_table(&options.table);
    if options.ledger.is_some() {
        connection.query_drop(create_ledger(&ledger_table)).await.map_err(mapped)?;
    }
    let packet: Option<usize> = connection.query_first("SELECT @@max_allowed_packet").await.map_err(mapped)?;
    let (head, tail) = insert_statement(&schema, &table, &options);
    Ok(Box::new(MysqlSink {
        packet: packet.unwrap_or(1 << 20) / 4 * 3,
        config,
        connection,
        options,
        schema,
        head,
        tail,
        ledger_table,
        lanes: HashMap::new(),
        truncated: false,
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
    /// The last durable number of each claimed lane.
    lanes: HashMap<Lane, u64>,
    truncated: bool,
}

#[async_trait]
impl Sink for MysqlSink {
    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        let Some(ledger) = self.options.ledger.clone() else { return Ok(None) };
        let entry = claim(&mut self.connection, &self.config, &self.ledger_table, &ledger, lane).await?;
        self.lanes.insert(lane.clone(), entry.as_ref().map_or(0, |entry| entry.sequence));
        Ok(entry)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
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
        let mut transaction = self.connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
        if let Some(ledger) = &self.options.ledger
            && !advance(&mut transaction, &self.ledger_table, ledger, batch).await.map_err(mapped)?
        {
            transaction.rollback().await.map_err(mapped)?;
            return Err(lease_lost(&ledger.task, &batch.lane));
        }
        if self.options.mode == Mode::Truncate && !self.truncated {
            let others = match &self.options.ledger {
                Some(ledger) => {
                    written_before(&mut transaction, &self.ledger_table, ledger, batch).await.map_err(mapped)?
                }
                None => false,
            };
            if !others {
                // TRUNCATE would commit.
                let sql = format!("DELETE FROM {}", quote_table(&self.options.table));
                transaction.query_drop(sql).await.map_err(mapped)?;
            }
        }
        let mut insert = Insert {
            config: &config,
            head: &self.head,
            tail: &self.tail,
            packet: self.packet,
            options: &self.options,
            batch,
            refused: Vec::new(),
        };
        insert.all(&mut transaction, &self.schema).await?;
        let refused = insert.refused;
        transaction.commit().await.map_err(mapped)?;
        self.truncated = true;
        self.lanes.insert(batch.lane.clone(), batch.sequence);
        Ok(Written { rows: rows - refused.len() as u64, skipped: false, refused })
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

/// One batch on its way into the table.
struct Insert<'a> {
    config: &'a Config,
    head: &'a str,
    tail: &'a str,
    packet: usize,
    options: &'a WriteOptions,
    batch: &'a Batch,
    refused: Vec<RefusedRow>,
}

impl Insert<'_> {
    async fn all(&mut self, transaction: &mut Transaction<'_>, schema: &SchemaRef) -> Result<()> {
        let records = &self.batch.records;
        let rows = records.num_rows();
        if rows == 0 || schema.fields().is_empty() {
            return Ok(());
        }
        let cells = |from: usize, count: usize| -> Result<Vec<Cells>, Culprit> {
            let slice = records.slice(from, count);
            let batch_schema = slice.schema();
            let columns = batch_schema.fields().iter().zip(slice.columns());
            columns.map(|(field, array)| Cells::new(field.name(), array)).collect()
        };
        if let Ok(cells) = cells(0, rows) {
            return self.chunks(transaction, &cells, 0, rows).await;
        }
        // A column cannot be turned as a whole: go row by row, so that only the culprits are left out.
        for row in 0..rows {
            match cells(row, 1) {
                Ok(cells) => self.chunks(transaction, &cells, row, 1).await?,
                Err(culprit) => self.refuse(Culprit { row, ..culprit })?,
            }
        }
        Ok(())
    }

    /// Rows of `cells`, the first of which is row `offset` of the batch, in statements of bounded size.
    async fn chunks(
        &mut self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        offset: usize,
        rows: usize,
    ) -> Result<()> {
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
            self.bisect(transaction, cells, offset, start..end).await?;
            start = end;
        }
        Ok(())
    }

    /// Sends the rows; where the server refuses one of them, halves until it stands alone. A refused statement
    /// leaves nothing behind, the ones before it stay.
    async fn bisect(
        &mut self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        offset: usize,
        range: Range<usize>,
    ) -> Result<()> {
        let mut pending = vec![range];
        while let Some(range) = pending.pop() {
            let error = match self.send(transaction, cells, range.clone()).await {
                Ok(()) => continue,
                Err(error) => error,
            };
            let DriverError::Server(server) = &error else { return Err(error::mapped(self.config, &error)) };
            if !error::concerns_row(server.code) {
                return Err(error::mapped(self.config, &error));
            }
            if range.len() == 1 {
                let row = offset + range.start;
                self.refuse(Culprit { row, reason: format!("{}{}", server.message, self.key_of(row)) })?;
                continue;
            }
            let middle = range.start + range.len() / 2;
            pending.push(middle..range.end);
            pending.push(range.start..middle);
        }
        Ok(())
    }

    async fn send(
        &self,
        transaction: &mut Transaction<'_>,
        cells: &[Cells],
        range: Range<usize>,
    ) -> Result<(), DriverError> {
        let row = format!("({})", vec!["?"; cells.len()].join(","));
        let sql = format!("{} {}{}", self.head, vec![row; range.len()].join(","), self.tail);
        let mut values: Vec<Value> = Vec::with_capacity(cells.len() * range.len());
        for row in range {
            values.extend(cells.iter().map(|column| column.value(row).unwrap_or(Value::NULL)));
        }
        transaction.exec_drop(sql, Params::Positional(values)).await
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

fn ledger_table(table: &str) -> String {
    match TableName::parse(table).schema {
        Some(database) => format!("{}.`_sluice_ledger`", quote(&database)),
        None => "`_sluice_ledger`".to_owned(),
    }
}

fn create_ledger(table: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            task VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
            lane VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
            fence BIGINT NOT NULL, sequence BIGINT NOT NULL, checkpoint LONGTEXT CHARACTER SET utf8mb4,
            updated_at DATETIME(6) NOT NULL, PRIMARY KEY (task, lane)) ENGINE=InnoDB"
    )
}

/// Raises the fence of the lane's line.
async fn claim(
    connection: &mut Conn,
    config: &Config,
    table: &str,
    ledger: &LedgerKey,
    lane: &Lane,
) -> Result<Option<LedgerEntry>> {
    let mapped = |e: DriverError| error::mapped(config, &e);
    let line = params! { "task" => ledger.task.as_str(), "lane" => lane.as_str(), "fence" => ledger.fence };
    let mut transaction = connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
    transaction
        .exec_drop(
            format!(
                "INSERT INTO {table} (task, lane, fence, sequence, checkpoint, updated_at)
                 VALUES (:task, :lane, :fence, 0, NULL, NOW(6))
                 ON DUPLICATE KEY UPDATE fence = GREATEST(fence, VALUES(fence)), updated_at = NOW(6)"
            ),
            line,
        )
        .await
        .map_err(mapped)?;
    let found: Option<(i64, u64, Option<String>)> = transaction
        .exec_first(
            format!("SELECT fence, sequence, checkpoint FROM {table} WHERE task = :task AND lane = :lane FOR UPDATE"),
            params! { "task" => ledger.task.as_str(), "lane" => lane.as_str() },
        )
        .await
        .map_err(mapped)?;
    let Some((fence, sequence, checkpoint)) = found.filter(|(fence, ..)| *fence == ledger.fence) else {
        transaction.rollback().await.map_err(mapped)?;
        return Err(lease_lost(&ledger.task, lane));
    };
    debug_assert_eq!(fence, ledger.fence);
    transaction.commit().await.map_err(mapped)?;
    Ok((sequence > 0).then(|| LedgerEntry { sequence, checkpoint: checkpoint.map(Checkpoint) }))
}

/// Moves the lane's line on to the batch; `false` where another attempt holds it.
async fn advance(
    transaction: &mut Transaction<'_>,
    table: &str,
    ledger: &LedgerKey,
    batch: &Batch,
) -> Result<bool, DriverError> {
    transaction
        .exec_drop(
            format!(
                "UPDATE {table} SET sequence = :sequence, checkpoint = :checkpoint, updated_at = NOW(6)
                 WHERE task = :task AND lane = :lane AND fence = :fence"
            ),
            params! {
                "sequence" => batch.sequence,
                "checkpoint" => batch.checkpoint.as_ref().map(|checkpoint| checkpoint.0.as_str()),
                "task" => ledger.task.as_str(),
                "lane" => batch.lane.as_str(),
                "fence" => ledger.fence,
            },
        )
        .await?;
    Ok(transaction.affected_rows() == 1)
}

/// Whether this run has written into the table before this batch, in this attempt or an earlier one.
async fn written_before(
    transaction: &mut Transaction<'_>,
    table: &str,
    ledger: &LedgerKey,
    batch: &Batch,
) -> Result<bool, DriverError> {
    if batch.sequence > 1 {
        return Ok(true);
    }
    let sql = format!("SELECT COUNT(*) FROM {table} WHERE task = :task AND lane <> :lane AND sequence > 0");
    let line = params! { "task" => ledger.task.as_str(), "lane" => batch.lane.as_str() };
    let others: Option<u64> = transaction.exec_first(sql, line).await?;
    Ok(others.unwrap_or(0) > 0)
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
