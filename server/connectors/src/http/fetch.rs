//! An answer as a source: downloaded to a spool file, which the file readers then read.

use super::client::{Client, Request, too_large};
use super::error::{broken, excerpt, place, status};
use crate::file::{
    CsvOptions, FileLocation, JsonOptions, OpenedFile, ParquetOptions, open_csv, open_json, open_parquet,
};
use data::{Error, Result};
use model::ErrorCode;
use std::path::Path;
use tokio::io::AsyncWriteExt;

/// An answer on disk; deleted when dropped.
#[derive(Debug)]
pub struct Download {
    path: tempfile::TempPath,
    name: String,
    /// The `content-type` of the answer.
    pub content_type: Option<String>,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Client {
    /// Downloads the answer into a new file in `folder`.
    ///
    /// # Errors
    /// As for [`Client::send_ok`]; `disk_failed` where the file cannot be written.
    pub async fn download(&self, request: &Request, folder: &Path) -> Result<Download> {
        let (url, mut answer) = self.exchange(request).await?;
        if !answer.status().is_success() {
            let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
            let beginning = answer.chunk().await.ok().flatten().unwrap_or_default();
            return Err(status(ErrorCode::RemoteFailed, &place(&url), code, &headers, &excerpt(&beginning)));
        }
        let content_type =
            answer.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let limit = self.options.max_download;
        if answer.content_length().is_some_and(|length| length > limit) {
            return Err(too_large(&url, limit));
        }
        let spool = tempfile::Builder::new().prefix("answer-").tempfile_in(folder).map_err(|e| unwritable(&e))?;
        let (file, path) = spool.into_parts();
        let mut file = tokio::io::BufWriter::with_capacity(256 << 10, tokio::fs::File::from_std(file));
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await.map_err(|e| broken(&url, &e))? {
            bytes += chunk.len() as u64;
            if bytes > limit {
                return Err(too_large(&url, limit));
            }
            file.write_all(&chunk).await.map_err(|e| unwritable(&e))?;
        }
        file.flush().await.map_err(|e| unwritable(&e))?;
        Ok(Download { path, name: place(&url), content_type, bytes })
    }
}

impl Download {
    fn location(&self) -> FileLocation {
        FileLocation::own(&self.path, &self.name)
    }

    /// The answer as CSV.
    ///
    /// # Errors
    /// As for [`open_csv`].
    pub async fn into_csv(self, options: CsvOptions) -> Result<OpenedFile> {
        Ok(open_csv(&self.location(), options).await?.spooled(self.path))
    }

    /// The answer as JSON.
    ///
    /// # Errors
    /// As for [`open_json`].
    pub async fn into_json(self, options: JsonOptions) -> Result<OpenedFile> {
        Ok(open_json(&self.location(), options).await?.spooled(self.path))
    }

    /// The answer as Parquet.
    ///
    /// # Errors
    /// As for [`open_parquet`].
    pub async fn into_parquet(self, options: ParquetOptions) -> Result<OpenedFile> {
        Ok(open_parquet(&self.location(), options).await?.spooled(self.path))
    }
}

fn unwritable(error: &std::io::Error) -> Error {
    Error::transient(ErrorCode::DiskFailed, format!("the answer cannot be spooled: {error}"))
}
