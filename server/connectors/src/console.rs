//! What the consoles of all systems share: the way a statement's rows take from its task to whoever asked.
//!
//! A statement runs on a task (SQLite: a thread) of its own and puts its batches into a [`Feed`], which holds a page together
//! and hands a stream on along an edge of [`AHEAD`] batches. When the other end is dropped, the task is, and with it the
//! session: each system's `console.rs` sees to it that its statement ends then.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::console::{ConsoleEnd, ConsoleForm, ConsoleRows};
use data::{Error, Result};
use model::ErrorCode;
use std::future::Future;
use tokio::sync::mpsc;

/// Batches that wait on the edge at most.
pub(crate) const AHEAD: usize = 1;
/// A batch of a stream is cut early where its values exceed this many bytes.
pub(crate) const BATCH_BYTES: u64 = 8 << 20;

/// Names and types of the columns.
struct Head {
    schema: SchemaRef,
    native_types: Vec<String>,
}

enum Piece {
    Head(Head),
    Rows(RecordBatch),
    End(ConsoleEnd),
}

/// Where a statement puts its rows.
pub(crate) struct Feed {
    form: ConsoleForm,
    pieces: mpsc::Sender<Result<Piece>>,
    head: Option<Head>,
    held: Vec<RecordBatch>,
    has_sent: bool,
    #[cfg(test)]
    made: Option<std::sync::Arc<std::sync::atomic::AtomicUsize>>,
}

#[cfg(test)]
tokio::task_local! {
    /// Counts the batches that statements started within its scope have made.
    pub(crate) static MADE: std::sync::Arc<std::sync::atomic::AtomicUsize>;
}

impl Feed {
    /// Whether all rows are held until the end.
    pub(crate) fn is_page(&self) -> bool {
        self.form == ConsoleForm::Page
    }

    /// Bytes of values after which the answer ends: a page holds them all, a stream never more than a batch.
    pub(crate) fn most_bytes(&self, limits: &data::ConsoleLimits) -> u64 {
        if self.is_page() { limits.bytes } else { u64::MAX }
    }

    /// Tells the columns, before any row.
    pub(crate) fn begin(&mut self, schema: SchemaRef, native_types: Vec<String>) {
        self.head = Some(Head { schema, native_types });
    }

    /// Forgets the rows so far, so that a second attempt may begin; `false` where some are out already.
    pub(crate) fn restart(&mut self) -> bool {
        self.held.clear();
        !self.has_sent
    }

    /// Hands rows on; waits until there is room for them.
    pub(crate) async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        #[cfg(test)]
        if let Some(made) = &self.made {
            made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
        if self.is_page() {
            self.held.push(batch);
            return Ok(());
        }
        self.send_head().await?;
        self.send(Piece::Rows(batch)).await
    }

    /// Tells the end.
    pub(crate) async fn finish(mut self, end: ConsoleEnd) -> Result<()> {
        self.send_head().await?;
        for batch in std::mem::take(&mut self.held) {
            self.send(Piece::Rows(batch)).await?;
        }
        self.send(Piece::End(end)).await
    }

    async fn send_head(&mut self) -> Result<()> {
        match self.head.take() {
            Some(head) => self.send(Piece::Head(head)).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, piece: Piece) -> Result<()> {
        self.has_sent = true;
        let sent = self.pieces.send(Ok(piece)).await;
        sent.map_err(|_| Error::permanent(ErrorCode::Canceled, "nobody takes the rows any more"))
    }

    /// Where an error can still be told once the feed is gone.
    pub(crate) fn failure(&self) -> Failure {
        Failure(self.pieces.clone())
    }
}

/// Tells how a statement failed.
pub(crate) struct Failure(mpsc::Sender<Result<Piece>>);

impl Failure {
    /// Tells it after the rows that were handed on before.
    pub(crate) async fn tell(self, error: Error) {
        // Nobody may be there any more, and then nobody wants to know.
        let _ = self.0.send(Err(error)).await;
    }

    /// Waits until nobody takes the rows any more.
    async fn unwanted(&self) {
        self.0.closed().await;
    }
}

/// An edge from a statement to whoever takes its rows. What writes is held to its end, since only then it is done.
pub(crate) fn edge(form: ConsoleForm, write: bool) -> (Feed, Opening) {
    let form = if write { ConsoleForm::Page } else { form };
    let (sender, receiver) = mpsc::channel(AHEAD);
    let feed = Feed {
        form,
        pieces: sender,
        head: None,
        held: Vec::new(),
        has_sent: false,
        #[cfg(test)]
        made: MADE.try_with(Clone::clone).ok(),
    };
    (feed, Opening(receiver))
}

/// Runs `work` on a task of its own until it ends or nobody takes its rows any more; it is dropped then.
pub(crate) async fn run<Work>(
    form: ConsoleForm,
    write: bool,
    work: impl FnOnce(Feed) -> Work,
) -> Result<Box<dyn ConsoleRows>>
where
    Work: Future<Output = Result<()>> + Send + 'static,
{
    let (feed, opening) = edge(form, write);
    let failure = feed.failure();
    let work = work(feed);
    tokio::spawn(async move {
        let ended = tokio::select! {
            ended = work => ended,
            () = failure.unwanted() => return,
        };
        if let Err(error) = ended {
            failure.tell(error).await;
        }
    });
    opening.rows().await
}

/// The end of the edge where rows come out, before the columns are known.
pub(crate) struct Opening(mpsc::Receiver<Result<Piece>>);

impl Opening {
    /// Waits for the columns.
    pub(crate) async fn rows(mut self) -> Result<Box<dyn ConsoleRows>> {
        match self.0.recv().await {
            Some(Ok(Piece::Head(head))) => Ok(Box::new(Rows { head, pieces: self.0, end: None })),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Err(ended_early()),
        }
    }
}

struct Rows {
    head: Head,
    pieces: mpsc::Receiver<Result<Piece>>,
    end: Option<ConsoleEnd>,
}

#[async_trait]
impl ConsoleRows for Rows {
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
            Some(Ok(Piece::Rows(batch))) => Ok(Some(batch)),
            Some(Ok(Piece::End(end))) => {
                self.end = Some(end);
                Ok(None)
            }
            Some(Err(error)) => Err(error),
            Some(Ok(Piece::Head(_))) | None => Err(ended_early()),
        }
    }

    fn end(&self) -> ConsoleEnd {
        self.end.unwrap_or_default()
    }
}

/// As many values belong to a statement as it has placeholders, spelled `each`.
pub(crate) fn placeholders(asked: usize, given: usize, each: &str) -> Error {
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let (asked, given) = (counted(asked, "placeholder"), counted(given, "value"));
    Error::permanent(ErrorCode::InvalidValue, format!("the statement has {asked}, and is given {given}"))
        .hint(format!("Give one value for each {each}, in their order."))
}

fn ended_early() -> Error {
    Error::permanent(ErrorCode::Internal, "the statement's task ended before its answer did")
}
