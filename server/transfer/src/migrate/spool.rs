//! Rows that come in no order, kept in an Arrow IPC file before a sink sees them, so that a second attempt has the same.
//!
//! The file is written under another name, fsynced, and renamed when it is whole.

use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// The file of one range.
pub(super) struct Spool {
    path: PathBuf,
}

impl Spool {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The rows of an earlier attempt, or else those of `source`, once they are on disk.
    pub(super) async fn keep(&self, mut source: Box<dyn Source>) -> Result<Box<dyn Source>> {
        if !self.path.exists() {
            let schema = source.schema();
            let (path, partial) = (self.path.clone(), self.partial());
            let mut writer = blocking({
                let (path, partial) = (path.clone(), partial.clone());
                move || {
                    if let Some(folder) = path.parent() {
                        fs::create_dir_all(folder)?;
                    }
                    let file = BufWriter::with_capacity(1 << 20, File::create(partial)?);
                    StreamWriter::try_new(file, &schema).map_err(io::Error::other)
                }
            })
            .await?;
            while let Some(batch) = source.next().await? {
                writer = blocking(move || {
                    writer.write(&batch.records).map_err(io::Error::other)?;
                    Ok(writer)
                })
                .await?;
            }
            blocking(move || {
                let mut file = writer.into_inner().map_err(io::Error::other)?;
                file.flush()?;
                file.get_ref().sync_all()?;
                fs::rename(&partial, &path)?;
                path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
            })
            .await?;
        }
        let path = self.path.clone();
        let reader = blocking(move || {
            let file = BufReader::with_capacity(1 << 20, File::open(path)?);
            StreamReader::try_new(file, None).map_err(io::Error::other)
        })
        .await?;
        Ok(Box::new(Kept { schema: reader.schema(), reader: Some(reader) }))
    }

    fn partial(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".partial");
        name.into()
    }

    /// Deletes it; a failure is not worth failing for.
    pub(super) fn delete(&self) {
        for path in [self.path.clone(), self.partial()] {
            let _ = fs::remove_file(path);
        }
        // Succeeds for the last spool of the run only.
        if let Some(folder) = self.path.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

struct Kept {
    schema: SchemaRef,
    reader: Option<StreamReader<BufReader<File>>>,
}

#[async_trait]
impl Source for Kept {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        Resume::Replay
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        let Some(mut reader) = self.reader.take() else { return Ok(None) };
        let (next, reader): (Option<RecordBatch>, _) =
            blocking(move || Ok((reader.next().transpose().map_err(io::Error::other)?, reader))).await?;
        self.reader = Some(reader);
        Ok(next.map(|records| SourceBatch { records, checkpoint: None, rejected: None }))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    let failed = |why: String| Error::permanent(ErrorCode::DiskFailed, format!("rows cannot be kept on disk: {why}"));
    match meter::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("the work stopped in the middle".to_owned())),
    }
}
