//! Writing into a table: several batches and their lines of the ledger in one transaction.
//!
//! A transaction is committed at about 64k rows, when it is a second old at the next batch, and at the end. If anything
//! fails, the connection is dropped, which rolls back what was not committed.
//!
//! Where rows go straight into the table and a refusal ends the write, all of a transaction is one COPY: the server is
//! never without rows while the next are made ready, and its refusal is heard at the commit.

use super::copy::{Copying, Encoded};
use super::error::{concerns_row, line_of, mapped, said};
use super::ledger::Ledger;
use super::pool::{Lent, Pool};
use super::target::Target;
use crate::error::{Culprit, lease_lost};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{
    Batch, Checkpoint, Error, Lane, LedgerEntry, Mode, RefusalKeeper, RefusedRow, Result, Sink, WriteOptions, Written,
};
use model::ErrorCode;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

const COMMIT_ROWS: u64 = 65_536;
const COMMIT_AGE: Duration = Duration::from_secs(1);

/// Opens a sink.
pub(super) async fn open(pool: &Arc<Pool>, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let client = pool.get().await?;
    let target = Target::open(&client, &schema, &options).await?;
    let ledger = match options.ledger.clone() {
        Some(key) => Some(Ledger::open(&client, key, &target.table).await?),
        None => None,
    };
    if let Some(staging) = &target.staging {
        client.batch_execute(&staging.create).await.map_err(|error| mapped(&error))?;
    }
    Ok(Box::new(PostgresSink {
        pool: pool.clone(),
        client: Some(client),
        target,
        ledger,
        options,
        lanes: HashMap::new(),
        open: None,
        emptied: false,
    }))
}

/// What the sink knows of a lane.
#[derive(Debug, Clone, Default)]
struct LaneState {
    /// The last batch committed.
    durable: u64,
    /// The last batch of the open transaction, and where the source can go on after it.
    pending: Option<(u64, Option<Checkpoint>)>,
}

/// The open transaction.
struct Open {
    since: Instant,
    rows: u64,
    /// The COPY that takes all of the transaction's rows.
    copying: Option<Copying>,
}

struct PostgresSink {
    pool: Arc<Pool>,
    /// Gone after a failure: what was open is rolled back by then.
    client: Option<Lent>,
    target: Target,
    ledger: Option<Ledger>,
    options: WriteOptions,
    lanes: HashMap<Lane, LaneState>,
    open: Option<Open>,
    /// Whether the table of mode `truncate` was emptied, or need not be.
    emptied: bool,
}

#[async_trait]
impl Sink for PostgresSink {
    fn made_table(&self) -> Option<&str> {
        self.target.made.as_deref()
    }

    async fn claim(&mut self, lane: &Lane) -> Result<Option<LedgerEntry>> {
        if self.open.is_some() {
            // A claim must stand at once, not when the open transaction ends.
            self.commit().await?;
        }
        let Some(ledger) = &self.ledger else { return Ok(None) };
        let entry = ledger.claim(self.client()?, lane).await?;
        let durable = entry.as_ref().map_or(0, |entry| entry.sequence);
        self.lanes.insert(lane.clone(), LaneState { durable, pending: None });
        Ok(entry)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        self.write_batch(batch, None).await
    }

    async fn write_keeping(&mut self, batch: &Batch, keeper: &dyn RefusalKeeper) -> Result<Written> {
        self.write_batch(batch, Some(keeper)).await
    }

    async fn finish(&mut self) -> Result<()> {
        if self.options.mode == Mode::Truncate && !self.emptied && self.open.is_none() {
            // A run without a single batch empties the table all the same.
            let emptied = self.begin().await;
            if let Err(error) = emptied {
                return Err(self.failed(error).await);
            }
        }
        if self.open.is_some() {
            self.commit().await?;
        }
        if let Some(client) = self.client.take() {
            client.release();
        }
        Ok(())
    }
}

impl PostgresSink {
    async fn write_batch(&mut self, batch: &Batch, keeper: Option<&dyn RefusalKeeper>) -> Result<Written> {
        let rows = batch.records.num_rows() as u64;
        if self.ledger.is_some() {
            let Some(state) = self.lanes.get(&batch.lane) else {
                let message = format!("lane `{}` was not claimed before its first batch", batch.lane);
                return Err(Error::permanent(ErrorCode::Internal, message));
            };
            let last = state.pending.as_ref().map_or(state.durable, |(sequence, _)| *sequence);
            if batch.sequence <= last {
                return Ok(Written { rows, skipped: true, refused: Vec::new() });
            }
        }
        let written = self.write_rows(batch).await;
        let written = match written {
            Ok(written) => written,
            Err(error) => return Err(self.failed(error).await),
        };
        let state = self.lanes.entry(batch.lane.clone()).or_default();
        state.pending = Some((batch.sequence, batch.checkpoint.clone()));
        let mut has_kept = false;
        if let Some(keeper) = keeper.filter(|_| !written.refused.is_empty()) {
            if let Err(error) = keeper.keep(batch, &written.refused).await {
                return Err(self.failed(error).await);
            }
            has_kept = true;
        }
        // What is kept elsewhere runs ahead by one batch at most.
        let is_due = |open: &Open| open.rows >= COMMIT_ROWS || open.since.elapsed() >= COMMIT_AGE;
        let due = has_kept || self.open.as_ref().is_some_and(is_due);
        if due {
            self.commit().await?;
        }
        Ok(written)
    }

    fn client(&self) -> Result<&Lent> {
        self.client
            .as_ref()
            .ok_or_else(|| Error::permanent(ErrorCode::Internal, "the sink has failed or finished before"))
    }

    /// Opens the transaction and empties the table where that is due.
    async fn begin(&mut self) -> Result<()> {
        let client = self.client()?;
        let begin = match &self.ledger {
            // The name tells a later attempt whose locks these are.
            Some(ledger) => format!("BEGIN; SET LOCAL application_name = '{}'", ledger.application_name()),
            None => "BEGIN".to_owned(),
        };
        client.batch_execute(&begin).await.map_err(|error| mapped(&error))?;
        if self.options.mode == Mode::Truncate && !self.emptied {
            let written = match &self.ledger {
                Some(ledger) => ledger.anything_written(client).await?,
                None => false,
            };
            if !written {
                let sql = format!("TRUNCATE {}", self.target.table.name.quoted());
                client.batch_execute(&sql).await.map_err(|error| mapped(&error))?;
            }
            self.emptied = true;
        }
        self.open = Some(Open { since: Instant::now(), rows: 0, copying: None });
        Ok(())
    }

    async fn write_rows(&mut self, batch: &Batch) -> Result<Written> {
        if self.open.is_none() {
            self.begin().await?;
        }
        let total = batch.records.num_rows();
        if total == 0 {
            return Ok(Written::default());
        }
        let room = self.open.as_mut().and_then(|open| open.copying.as_mut()).map(Copying::room).unwrap_or_default();
        let mut encoded = Encoded::new(&batch.records, &self.target.columns, self.target.staging.is_some(), room);
        let culprits = std::mem::take(&mut encoded.culprits);
        let mut refused: Vec<RefusedRow> = Vec::new();
        if self.options.keep_refused {
            refused.extend(culprits.into_iter().map(RefusedRow::from));
            refused.extend(self.send_kept(&encoded).await?);
            refused.sort_by_key(|row| row.row);
        } else {
            if let Some(culprit) = culprits.into_iter().next() {
                return Err(culprit.into_error(self.target.table.shown()));
            }
            match self.target.staging {
                Some(_) => {
                    self.send(&encoded, 0..encoded.len()).await.map_err(|error| self.culprit(&error, |at| at))?
                }
                None => self.feed(&encoded).await?,
            }
        }
        if let Some(open) = &mut self.open {
            open.rows += total as u64;
        }
        Ok(Written { rows: (total - refused.len()) as u64, skipped: false, refused })
    }

    /// Sends rows in the transaction's own COPY.
    async fn feed(&mut self, encoded: &Encoded) -> Result<()> {
        let client = self.client.as_ref().expect("a transaction has a connection");
        let open = self.open.as_mut().expect("a transaction was begun");
        let copying = match &mut open.copying {
            Some(copying) => copying,
            None => {
                let copying = Copying::open(client, &self.target.copy).await.map_err(|error| mapped(&error))?;
                open.copying.insert(copying)
            }
        };
        copying.feed(encoded, 0..encoded.len()).await.map_err(|error| mapped(&error))
    }

    /// Ends the transaction's COPY; here the server says what it thinks of the rows.
    async fn end_copy(&mut self) -> Result<()> {
        let Some(mut copying) = self.open.as_mut().and_then(|open| open.copying.take()) else { return Ok(()) };
        copying.finish().await.map_err(|error| self.culprit(&error, |line| copying.place(line)))
    }

    /// Sends rows and, where they are staged, moves them on.
    async fn send(&self, encoded: &Encoded, range: Range<usize>) -> Result<(), tokio_postgres::Error> {
        let client = self.client.as_ref().expect("a sink without connection refuses before it sends");
        encoded.send(client, &self.target.copy, range).await?;
        if let Some(staging) = &self.target.staging {
            client.batch_execute(&format!("{}; TRUNCATE pg_temp._sluice_stage", staging.merge)).await?;
        }
        Ok(())
    }

    /// Sends all rows that the server takes; halves a part that it refuses until the culprits are alone.
    async fn send_kept(&self, encoded: &Encoded) -> Result<Vec<RefusedRow>> {
        let client = self.client()?;
        let fatal = |error: &tokio_postgres::Error| mapped(error);
        let mut refused = Vec::new();
        let whole = 0..encoded.len();
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            client.batch_execute("SAVEPOINT part").await.map_err(|error| fatal(&error))?;
            let Err(error) = self.send(encoded, part.clone()).await else {
                client.batch_execute("RELEASE SAVEPOINT part").await.map_err(|error| fatal(&error))?;
                continue;
            };
            if !error.code().is_some_and(|code| concerns_row(code.code())) {
                return Err(fatal(&error));
            }
            client
                .batch_execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
                .await
                .map_err(|error| fatal(&error))?;
            if part.len() == 1 {
                refused.push(RefusedRow { row: encoded.row(part.start), reason: said(&error) });
                continue;
            }
            // The later half waits below the earlier one, so that rows arrive in order.
            let middle = part.start + part.len() / 2;
            parts.push(middle..part.end);
            parts.push(part.start..middle);
        }
        Ok(refused)
    }

    /// The server's error with the row it concerns, where it tells one: `place` turns its line into the row of its batch.
    fn culprit(&self, error: &tokio_postgres::Error, place: impl Fn(usize) -> usize) -> Error {
        let row_error = error.code().is_some_and(|code| concerns_row(code.code()));
        match line_of(error) {
            Some(line) if row_error => {
                let plain = mapped(error);
                let error = Culprit { row: place(line), reason: said(error) }.into_error(self.target.table.shown());
                match plain.fault.hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
            _ => mapped(error),
        }
    }

    /// Moves the ledger on and makes the open transaction durable.
    async fn commit(&mut self) -> Result<()> {
        let ready = match self.end_copy().await {
            Ok(()) => self.advance().await,
            Err(error) => Err(error),
        };
        if let Err(error) = ready {
            return Err(self.failed(error).await);
        }
        let committed = self.client()?.batch_execute("COMMIT").await;
        if let Err(error) = committed {
            if error.as_db_error().is_some() {
                return Err(self.failed(mapped(&error)).await);
            }
            self.settle(mapped(&error)).await?;
        }
        self.open = None;
        for state in self.lanes.values_mut() {
            if let Some((sequence, _)) = state.pending.take() {
                state.durable = sequence;
            }
        }
        Ok(())
    }

    async fn advance(&self) -> Result<()> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let client = self.client()?;
        // Always in the same order, so that two sinks of one task cannot wait for each other.
        let mut lanes: Vec<_> = self.lanes.iter().collect();
        lanes.sort_by(|left, right| left.0.cmp(right.0));
        for (lane, state) in lanes {
            if let Some((sequence, checkpoint)) = &state.pending {
                ledger.advance(client, lane, *sequence, checkpoint.as_ref()).await?;
            }
        }
        Ok(())
    }

    /// The answer to a COMMIT was lost: the ledger knows whether it was carried out.
    async fn settle(&mut self, lost: Error) -> Result<()> {
        self.client = None;
        let Some(ledger) = &self.ledger else {
            return Err(Error::permanent(
                lost.code(),
                format!("{}; whether the last rows were stored is unknown", lost.fault.message),
            )
            .hint("Compare the table with its source before you write again."));
        };
        let client = self.pool.get().await?;
        for (lane, state) in &self.lanes {
            let Some((sequence, _)) = &state.pending else { continue };
            match ledger.settled(&client, lane).await? {
                Some((fence, _)) if fence > ledger.key.fence => return Err(lease_lost(&ledger.key.task, lane)),
                Some((_, stored)) if stored == *sequence => {}
                _ => return Err(lost),
            }
        }
        if let Some(staging) = &self.target.staging {
            client.batch_execute(&staging.create).await.map_err(|error| mapped(&error))?;
        }
        self.client = Some(client);
        Ok(())
    }

    /// Rolls back by dropping the connection, and finds out whether the lease is the true reason.
    async fn failed(&mut self, error: Error) -> Error {
        self.client = None;
        self.open = None;
        let Some(ledger) = &self.ledger else { return error };
        if error.code() != ErrorCode::ConnectionFailed {
            return error;
        }
        // A later attempt ends the connections of earlier ones.
        let Ok(client) = self.pool.get().await else { return error };
        for lane in self.lanes.keys() {
            if let Ok(Some((fence, _))) = ledger.settled(&client, lane).await
                && fence > ledger.key.fence
            {
                client.release();
                return lease_lost(&ledger.key.task, lane);
            }
        }
        client.release();
        error
    }
}
