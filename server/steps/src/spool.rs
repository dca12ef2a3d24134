//! Rows that cannot be had again, kept on disk before a sink sees them.
//!
//! `<data dir>/spool/<run>/<step>/` (within `foreach`: `<foreach>.<step>.<chunk>/`) holds one Arrow IPC stream for each port and lane, and `manifest.json` with the
//! batches' places. It is written under another name, fsynced file by file, and renamed when complete: a folder of
//! that name is whole. The stage deletes it when its task has succeeded.

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use data::{Batch, Checkpoint, Error, Lane, Result};
use model::{ErrorCode, RunId, StepId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";

/// The folder of one step's spool.
#[derive(Debug, Clone)]
pub(crate) struct Spool {
    folder: PathBuf,
    partial: PathBuf,
}

impl Spool {
    /// The spool of `step` in `run`, under the server's data folder.
    pub(crate) fn new(data_dir: &Path, run: RunId, step: &StepId, chunk: Option<&(StepId, u32)>) -> Self {
        let mut name = step.to_string();
        if let Some((scope, chunk)) = chunk {
            name = format!("{scope}.{step}.{chunk}");
        }
        let parent = Self::run_folder(data_dir, run);
        Self { folder: parent.join(&name), partial: parent.join(format!("{name}.partial")) }
    }

    /// Where all spools of a run are.
    pub(crate) fn run_folder(data_dir: &Path, run: RunId) -> PathBuf {
        data_dir.join("spool").join(run.to_string())
    }

    /// What an earlier attempt has kept, if it kept all.
    pub(crate) fn find(&self) -> Result<Option<SpoolReader>> {
        let text = match fs::read(self.folder.join(MANIFEST)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk_failed(&self.folder, &error)),
        };
        let manifest = serde_json::from_slice(&text).map_err(|error| damaged(&self.folder, &error.to_string()))?;
        Ok(Some(SpoolReader { folder: self.folder.clone(), manifest }))
    }

    /// Starts to keep rows, without those of an attempt that did not come to its end.
    pub(crate) fn create(&self) -> Result<SpoolWriter> {
        match fs::remove_dir_all(&self.partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk_failed(&self.partial, &error)),
            _ => {}
        }
        fs::create_dir_all(&self.partial).map_err(|error| disk_failed(&self.partial, &error))?;
        Ok(SpoolWriter { spool: self.clone(), files: Vec::new() })
    }

    /// Deletes it; a failure is not worth failing the task for.
    pub(crate) fn delete(&self) {
        for folder in [&self.folder, &self.partial] {
            if let Err(error) = fs::remove_dir_all(folder)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(folder = %folder.display(), %error, "a spool could not be deleted");
            }
        }
        // Succeeds for the last spool of the run only.
        if let Some(parent) = self.folder.parent() {
            let _ = fs::remove_dir(parent);
        }
    }
}

/// What the step told besides its rows, so that it need not be run again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) outputs: Map<String, Value>,
    pub(crate) rows_in: u64,
    /// Rows the step says it wrote or found.
    pub(crate) rows_out: Option<u64>,
    /// Rows by port, those without an edge too.
    pub(crate) ports: Map<String, Value>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    files: Vec<FileEntry>,
    remembered: Remembered,
}

#[derive(Debug, Serialize, Deserialize)]
struct FileEntry {
    port: String,
    lane: Lane,
    /// Number and checkpoint of each batch, in order.
    batches: Vec<(u64, Option<Checkpoint>)>,
}

/// Keeps batches as they come.
pub(crate) struct SpoolWriter {
    spool: Spool,
    files: Vec<(FileEntry, StreamWriter<BufWriter<File>>)>,
}

impl SpoolWriter {
    /// Keeps one batch.
    pub(crate) fn append(&mut self, port: &str, batch: &Batch) -> Result<()> {
        let folder = &self.spool.partial;
        let place = match self.files.iter().position(|(entry, _)| entry.port == port && entry.lane == batch.lane) {
            Some(place) => place,
            None => {
                let path = folder.join(format!("{}.arrows", self.files.len()));
                let file = File::create(&path).map_err(|error| disk_failed(&path, &error))?;
                let writer = StreamWriter::try_new(BufWriter::with_capacity(1 << 20, file), &batch.records.schema())
                    .map_err(|error| write_failed(folder, error))?;
                let entry = FileEntry { port: port.to_owned(), lane: batch.lane.clone(), batches: Vec::new() };
                self.files.push((entry, writer));
                self.files.len() - 1
            }
        };
        let (entry, writer) = &mut self.files[place];
        writer.write(&batch.records).map_err(|error| write_failed(folder, error))?;
        entry.batches.push((batch.sequence, batch.checkpoint.clone()));
        Ok(())
    }

    /// Makes it durable and whole. Blocks on the disk.
    pub(crate) fn complete(self, remembered: Remembered) -> Result<SpoolReader> {
        let Spool { folder, partial } = self.spool;
        let failed = |error: io::Error| disk_failed(&partial, &error);
        let mut manifest = Manifest { files: Vec::new(), remembered };
        for (entry, mut writer) in self.files {
            writer.finish().map_err(|error| write_failed(&partial, error))?;
            let file = writer.into_inner().map_err(|error| write_failed(&partial, error))?;
            file.into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.sync_all())
                .map_err(failed)?;
            manifest.files.push(entry);
        }
        let text = serde_json::to_vec(&manifest).expect("a manifest is plain data");
        let mut file = File::create(partial.join(MANIFEST)).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        sync_folder(&partial)?;
        fs::rename(&partial, &folder).map_err(failed)?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent)?;
        }
        Ok(SpoolReader { folder, manifest })
    }
}

/// A whole spool.
#[derive(Debug)]
pub(crate) struct SpoolReader {
    folder: PathBuf,
    manifest: Manifest,
}

impl SpoolReader {
    /// What the step told besides its rows.
    pub(crate) fn remembered(&self) -> &Remembered {
        &self.manifest.remembered
    }

    /// A batch numbered 0 without rows for each port and lane, to tell the schemas.
    pub(crate) fn empty_batches(&self) -> Result<Vec<(String, Batch)>> {
        let open = |(index, entry): (usize, &FileEntry)| {
            let stream = open_stream(&self.folder, index)?;
            let records = RecordBatch::new_empty(stream.schema());
            Ok((entry.port.clone(), Batch { lane: entry.lane.clone(), sequence: 0, checkpoint: None, records }))
        };
        self.manifest.files.iter().enumerate().map(open).collect()
    }

    /// One reader for each port and lane, in the order they first appeared.
    pub(crate) fn streams(self) -> Result<Vec<SpoolStream>> {
        let folder = self.folder;
        let open = |(index, entry): (usize, FileEntry)| {
            let reader = open_stream(&folder, index)?;
            Ok(SpoolStream {
                folder: folder.clone(),
                port: entry.port,
                lane: entry.lane,
                places: entry.batches.into_iter(),
                reader,
            })
        };
        self.manifest.files.into_iter().enumerate().map(open).collect()
    }
}

/// The batches of one port and lane, as they were kept.
pub(crate) struct SpoolStream {
    folder: PathBuf,
    /// The port they leave by.
    pub(crate) port: String,
    lane: Lane,
    places: std::vec::IntoIter<(u64, Option<Checkpoint>)>,
    reader: StreamReader<BufReader<File>>,
}

impl SpoolStream {
    /// The next batch. Blocks on the disk.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        let Some((sequence, checkpoint)) = self.places.next() else { return Ok(None) };
        let records = self
            .reader
            .next()
            .ok_or_else(|| damaged(&self.folder, "batches are missing"))?
            .map_err(|error| damaged(&self.folder, &error.to_string()))?;
        Ok(Some(Batch { lane: self.lane.clone(), sequence, checkpoint, records }))
    }
}

fn open_stream(folder: &Path, index: usize) -> Result<StreamReader<BufReader<File>>> {
    let path = folder.join(format!("{index}.arrows"));
    let file = File::open(&path).map_err(|error| disk_failed(&path, &error))?;
    StreamReader::try_new(BufReader::with_capacity(1 << 20, file), None)
        .map_err(|error| damaged(folder, &error.to_string()))
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|error| disk_failed(folder, &error))
}

fn write_failed(folder: &Path, error: arrow::error::ArrowError) -> Error {
    match error {
        arrow::error::ArrowError::IoError(_, error) => disk_failed(folder, &error),
        other => Error::permanent(ErrorCode::ValueRefused, format!("the rows cannot be kept on disk: {other}")),
    }
}

fn disk_failed(path: &Path, error: &io::Error) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Error::transient(ErrorCode::DiskFailed, format!("the spool `{name}` cannot be written or read: {error}"))
        .hint("Look whether the server's data folder has space and may be written.")
}

fn damaged(folder: &Path, why: &str) -> Error {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Error::permanent(ErrorCode::ReplayImpossible, format!("the spool `{name}` is damaged: {why}"))
        .hint("Start a new run.")
}
