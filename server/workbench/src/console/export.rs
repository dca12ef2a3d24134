//! The rows of a running statement as a file, written as they come.
//!
//! [`Export`] is a running statement and the bytes it becomes; whoever takes them slowly slows the statement down.

use super::answering::Answering;
use data::console::{ConsoleEnd, ConsoleRows};
use data::encode::{Format, Writer};
use data::{Error, Result};
use model::{ErrorCode, StatementId};

/// A running statement whose rows are written as they come. Dropping it before the end cancels the statement.
pub struct Export {
    rows: Answering,
    /// None once the end was written.
    writer: Option<Writer>,
    count: u64,
}

impl Export {
    pub(super) async fn begin(rows: Answering, format: Format) -> Result<Self> {
        match Writer::new(format, &rows.schema()) {
            Ok(writer) => Ok(Self { rows, writer: Some(writer), count: 0 }),
            Err(error) => {
                rows.give_up(error.clone()).await;
                Err(error)
            }
        }
    }

    /// The statement's id in the history.
    #[must_use]
    pub fn id(&self) -> StatementId {
        self.rows.id()
    }

    /// Rows written so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How the statement ended, once [`Export::next`] has told the end.
    #[must_use]
    pub fn end(&self) -> ConsoleEnd {
        self.rows.end()
    }

    /// The next bytes, or `None` when all is written. After an error what was written is only a part.
    ///
    /// # Errors
    /// As for [`super::Console::export`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            let Some(mut writer) = self.writer.take() else { return Ok(None) };
            let batch = self.rows.next().await?;
            let count = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
            // Other tasks of the thread are not to wait for the encoder.
            let encoding = tokio::task::spawn_blocking(move || match batch {
                Some(batch) => writer.write(&batch).map(|bytes| (bytes, Some(writer))),
                None => writer.finish().map(|bytes| (bytes, None)),
            });
            let encoded = encoding
                .await
                .unwrap_or_else(|_| Err(Error::permanent(ErrorCode::Internal, "the encoder of an export ended early")));
            let (bytes, writer) = match encoded {
                Ok(encoded) => encoded,
                Err(error) => {
                    self.rows.fail(error.clone()).await;
                    return Err(error);
                }
            };
            self.count += count;
            let is_over = writer.is_none();
            self.writer = writer;
            // Parquet keeps rows back until a group of them is complete.
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            if is_over {
                return Ok(None);
            }
        }
    }

    /// Ends the statement because of `error`, with which it goes on record.
    pub async fn give_up(self, error: Error) {
        self.rows.give_up(error).await;
    }
}
