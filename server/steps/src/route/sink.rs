//! One target in a task of its own, behind a bounded queue.

use crate::edge::EDGE_BATCHES;
use crate::kind::Claim;
use crate::target::{Target, TargetWritten};
use arrow::datatypes::SchemaRef;
use data::{Batch, Error, Lane, LedgerEntry, Result};
use futures::FutureExt;
use model::ErrorCode;
use std::panic::AssertUnwindSafe;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

/// Where a target stands before the first row of a lane.
pub(super) enum Probed {
    /// It has batches up to here.
    At(LedgerEntry),
    /// It may get rows and has none.
    Fresh,
    /// Its table cannot hold the lane's rows, so that it never got any.
    Foreign,
}

enum Command {
    Probe(Lane, SchemaRef, oneshot::Sender<Result<Probed>>),
    Write(Batch, oneshot::Sender<Result<TargetWritten>>),
    Finish(oneshot::Sender<Result<()>>),
}

/// A target at work. Dropping it stops the work; what is not durable is rolled back.
pub(super) struct SinkTask {
    queue: mpsc::Sender<Command>,
    _task: AbortOnDropHandle<()>,
}

impl SinkTask {
    /// Starts the task. Where `may_lack`, a connection that cannot be had matters only once rows go there.
    pub(super) fn start(target: Target, may_lack: bool) -> Self {
        let (queue, commands) = mpsc::channel(EDGE_BATCHES);
        Self { queue, _task: AbortOnDropHandle::new(meter::spawn(work(target, may_lack, commands))) }
    }

    /// Asks where the target stands in the lane.
    pub(super) async fn probe(&self, lane: &Lane, schema: SchemaRef) -> Result<Probed> {
        let (answer, probed) = oneshot::channel();
        let _ = self.queue.send(Command::Probe(lane.clone(), schema, answer)).await;
        probed.await.map_err(|_| stopped())?
    }

    /// Queues a batch, waiting while the queue is full. The receiver tells what became of it.
    pub(super) async fn write(&self, batch: Batch) -> oneshot::Receiver<Result<TargetWritten>> {
        let (answer, written) = oneshot::channel();
        // Where the task is over, the answer's sender is dropped, and an earlier answer says why.
        let _ = self.queue.send(Command::Write(batch, answer)).await;
        written
    }

    /// Makes everything durable.
    pub(super) async fn finish(&self) -> Result<()> {
        let (answer, finished) = oneshot::channel();
        let _ = self.queue.send(Command::Finish(answer)).await;
        finished.await.map_err(|_| stopped())?
    }
}

fn stopped() -> Error {
    Error::permanent(ErrorCode::Internal, "a target stopped in the middle")
}

async fn work(mut target: Target, may_lack: bool, mut commands: mpsc::Receiver<Command>) {
    while let Some(command) = commands.recv().await {
        match command {
            Command::Probe(lane, schema, answer) => {
                let probed = match guard(probe(&mut target, &lane, &schema)).await {
                    // What it has is not known, so everything is sent again, and every sink skips what it has.
                    Err(error) if may_lack && is_lacking(&error) => Ok(Probed::Fresh),
                    probed => probed,
                };
                let _ = answer.send(probed);
            }
            Command::Write(batch, answer) => {
                // A lane that never matched stays closed: its columns may not fit the table.
                if batch.records.num_rows() == 0 && !target.is_open(&batch.lane) {
                    let _ = answer.send(Ok(TargetWritten::default()));
                    continue;
                }
                let written = guard(target.write(&batch)).await;
                let failed = written.is_err();
                let _ = answer.send(written);
                if failed {
                    return;
                }
            }
            Command::Finish(answer) => {
                let _ = answer.send(guard(target.finish()).await);
            }
        }
    }
}

async fn probe(target: &mut Target, lane: &Lane, schema: &SchemaRef) -> Result<Probed> {
    match target.fits(schema).await? {
        Some(false) => Ok(Probed::Foreign),
        None => Ok(Probed::Fresh),
        Some(true) => match target.open(lane, schema).await? {
            Claim::At(entry) => Ok(Probed::At(entry)),
            _ => Ok(Probed::Fresh),
        },
    }
}

/// Whether the connection is not there or cannot be reached.
fn is_lacking(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::ConnectionNotFound
            | ErrorCode::ConnectionFailed
            | ErrorCode::AuthenticationFailed
            | ErrorCode::PermissionDenied
            | ErrorCode::AddressRefused
    )
}

/// A panic within the target becomes an error like any other.
async fn guard<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(stopped()))
}
