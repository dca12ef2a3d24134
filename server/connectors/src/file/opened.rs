//! An opened file as a source: a reader that blocks, moved to the blocking pool one batch ahead of whoever asks.

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::{Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use tokio::task::JoinHandle;

/// Reads batches, blocking.
pub(crate) trait BatchReader: Send + 'static {
    fn schema(&self) -> SchemaRef;
    fn rejected_schema(&self) -> Option<SchemaRef>;
    fn next_batch(&mut self) -> Result<Option<SourceBatch>>;
}

type Reader = Box<dyn BatchReader>;
type Ahead = JoinHandle<(Reader, Result<Option<SourceBatch>>)>;

enum State {
    /// Nothing was asked for yet.
    Ready(Reader),
    /// The next batch is on its way.
    Reading(Ahead),
    Ended,
}

/// A file that is read in batches. Dropping it closes the file, and deletes it where it was a spool.
pub struct OpenedFile {
    schema: SchemaRef,
    rejected: Option<SchemaRef>,
    resume: Resume,
    state: State,
    spool: Option<tempfile::TempPath>,
}

impl OpenedFile {
    pub(crate) fn new(reader: Reader, resume: Resume) -> Self {
        Self {
            schema: reader.schema(),
            rejected: reader.rejected_schema(),
            resume,
            state: State::Ready(reader),
            spool: None,
        }
    }

    /// The same, over a download: not repeatable, and deleted with the source.
    pub(crate) fn spooled(mut self, spool: tempfile::TempPath) -> Self {
        self.resume = Resume::Nothing;
        self.spool = Some(spool);
        self
    }
}

fn read_ahead(mut reader: Reader) -> Ahead {
    meter::spawn_blocking(move || {
        let batch = reader.next_batch();
        (reader, batch)
    })
}

#[async_trait]
impl Source for OpenedFile {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rejected_schema(&self) -> Option<SchemaRef> {
        self.rejected.clone()
    }

    fn resume(&self) -> Resume {
        self.resume
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if let State::Ready(_) = self.state {
            let State::Ready(reader) = std::mem::replace(&mut self.state, State::Ended) else { return Ok(None) };
            self.state = State::Reading(read_ahead(reader));
        }
        // Awaited in place: a caller that drops this future in a `select!` must find the batch again.
        let State::Reading(ahead) = &mut self.state else { return Ok(None) };
        let joined = ahead.await;
        self.state = State::Ended;
        let (reader, batch) = joined.map_err(panicked)?;
        let Some(mut batch) = batch? else { return Ok(None) };
        if self.resume == Resume::Nothing {
            batch.checkpoint = None;
        }
        self.state = State::Reading(read_ahead(reader));
        Ok(Some(batch))
    }
}

/// A reader that panicked met a file it could not understand; the server goes on.
pub(crate) fn panicked(_: tokio::task::JoinError) -> Error {
    Error::permanent(ErrorCode::ValueRefused, "the file's reader stopped on content it cannot understand")
}
