//! A running statement whose rows are taken as they come.
//!
//! A task of its own ([`Statement::run`]) stands between the connector and whoever takes the rows: it keeps the time, hears of a
//! cancellation even while nobody takes anything, holds the statement's place among those that run, and puts on record
//! how it ended. One batch waits between the two.

use super::{GRACE, Pending, too_slow};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::console::{ConsoleEnd, ConsoleForm, ConsoleRequest, ConsoleRows};
use data::{Error, Result};
use model::{ErrorCode, StatementId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

enum Piece {
    Rows(RecordBatch),
    /// Nothing comes after it; to be acknowledged, so that what nobody took to its end is not on record as answered.
    End(ConsoleEnd, oneshot::Sender<()>),
    Failed(Error),
}

/// Names and types of the columns.
struct Head {
    schema: SchemaRef,
    native_types: Vec<String>,
}

/// A statement about to run.
pub(super) struct Statement {
    pub(super) pending: Pending,
    pub(super) connection: String,
    pub(super) request: ConsoleRequest,
    pub(super) form: ConsoleForm,
    pub(super) stop: Arc<Notify>,
}

impl Statement {
    /// Starts it; answers when its columns are known.
    pub(super) async fn start(self) -> Result<Answering> {
        let id = self.pending.id;
        let (opened, on_opened) = oneshot::channel();
        let (pieces, on_piece) = mpsc::channel(1);
        let (given_up, on_given_up) = oneshot::channel();
        let task = tokio::spawn(self.run(opened, pieces, on_given_up));
        let head: Head = on_opened.await.map_err(|_| ended_early())??;
        Ok(Answering { id, head, pieces: on_piece, given_up: Some(given_up), task: Some(task), end: None })
    }

    async fn run(
        self,
        opened: oneshot::Sender<Result<Head>>,
        pieces: mpsc::Sender<Piece>,
        given_up: oneshot::Receiver<Error>,
    ) {
        let Self { mut pending, connection, request, form, stop } = self;
        let limit = request.limits.time;
        let (mut opened, mut count) = (Some(opened), 0);
        let result = {
            let inner = pending.inner.clone();
            let work = async {
                let _place = inner.places.acquire().await.map_err(|_| too_slow(limit))?;
                let connector = inner.pools.get(&connection).await?;
                let mut rows = connector.console_rows(request, form).await?;
                let head = Head { schema: rows.schema(), native_types: rows.native_types().to_vec() };
                if let Some(opened) = opened.take() {
                    opened.send(Ok(head)).map_err(|_| gone())?;
                }
                while let Some(batch) = rows.next().await? {
                    count += batch.num_rows() as u64;
                    pieces.send(Piece::Rows(batch)).await.map_err(|_| gone())?;
                }
                let (taken, on_taken) = oneshot::channel();
                pieces.send(Piece::End(rows.end(), taken)).await.map_err(|_| gone())?;
                on_taken.await.map_err(|_| gone())?;
                Ok(rows.end())
            };
            tokio::select! {
                biased;
                () = stop.notified() => Err(Error::permanent(ErrorCode::Canceled, "the statement was canceled")),
                why = given_up => Err(why.unwrap_or_else(|_| gone())),
                result = tokio::time::timeout(limit + GRACE, work) => result.unwrap_or_else(|_| Err(too_slow(limit))),
            }
        };
        pending.rows = count;
        pending.finish(&result).await;
        let Err(error) = result else { return };
        // Nobody may be there any more, and then nobody wants to know.
        match opened {
            Some(opened) => drop(opened.send(Err(error))),
            None => drop(pieces.send(Piece::Failed(error)).await),
        }
    }
}

/// The rows of a running statement. Dropping it before the end cancels the statement in the system too.
pub struct Answering {
    id: StatementId,
    head: Head,
    pieces: mpsc::Receiver<Piece>,
    given_up: Option<oneshot::Sender<Error>>,
    task: Option<JoinHandle<()>>,
    end: Option<ConsoleEnd>,
}

impl Answering {
    /// The statement's id in the history.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.id
    }

    /// Ends the statement because of `error`, with which it goes on record.
    pub async fn give_up(mut self, error: Error) {
        self.fail(error).await;
    }

    pub(super) async fn fail(&mut self, error: Error) {
        if let Some(given_up) = self.given_up.take() {
            // It may have ended by itself.
            let _ = given_up.send(error);
        }
        self.recorded().await;
    }

    /// Waits until it is on record how the statement ended.
    async fn recorded(&mut self) {
        self.pieces.close();
        if let Some(task) = self.task.take() {
            // It panics only where a connector does, and then there is nothing to wait for.
            let _ = task.await;
        }
    }
}

#[async_trait]
impl ConsoleRows for Answering {
    fn schema(&self) -> SchemaRef {
        self.head.schema.clone()
    }

    fn native_types(&self) -> &[String] {
        &self.head.native_types
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.end.is_some() {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Piece::Rows(batch)) => Ok(Some(batch)),
            Some(Piece::End(end, taken)) => {
                self.end = Some(end);
                // Whether it came too late for the statement's time is the history's affair; the rows are all here.
                let _ = taken.send(());
                self.recorded().await;
                Ok(None)
            }
            Some(Piece::Failed(error)) => Err(error),
            None => Err(ended_early()),
        }
    }

    fn end(&self) -> ConsoleEnd {
        self.end.unwrap_or_default()
    }
}

fn gone() -> Error {
    Error::permanent(ErrorCode::Canceled, "whoever asked went away")
}

fn ended_early() -> Error {
    Error::permanent(ErrorCode::Internal, "the statement's task ended before its answer did")
}

/// For how long a statement ran.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
