//! Backups on disk: one folder each below the data folder's `backups/<connection>/`, described by its `backup.json`.
//!
//! A backup counts as whole only once its manifest is written and on record; whatever a killed process leaves behind
//! is `running` on record, and is cleared away by the next backup or prune.

use chrono::{DateTime, TimeDelta, Utc};
use data::backup::{BackupFile, BackupRequest, RestoreRequest};
use data::{Connector, Error, Result};
use engine::ports::Watch;
use model::backup::{BackupFilter, BackupRecord, BackupStatus};
use model::{BackupId, ErrorCode, RunId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::watching::store_failed;

/// The file that says what a backup's folder holds.
const MANIFEST: &str = "backup.json";
/// What connectors write for themselves, beside the files of their report.
const INNER: &str = "manifest.json";
/// How large a manifest may be.
const MAX_MANIFEST: u64 = 64 * 1024 * 1024;
/// A backup that is still `running` after so long was left behind by a killed process.
const ABANDONED: TimeDelta = TimeDelta::hours(24);

/// Where backups lie, and their records.
#[derive(Clone)]
pub struct Vault {
    root: PathBuf,
    watch: Arc<dyn Watch>,
}

/// What to back up.
#[derive(Debug, Clone)]
pub struct Making {
    /// The connection's name.
    pub connection: String,
    /// Only these tables; empty: all.
    pub tables: Vec<String>,
    /// Whether the system's own program is used where it is installed.
    pub native: bool,
    /// Whether every file is read back before the backup counts as whole.
    pub verify: bool,
    /// The run that does it.
    pub run: Option<RunId>,
}

/// What a backup's folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The backup's id.
    pub id: BackupId,
    /// The release of Sluice that made it.
    pub made_by: String,
    /// The connection's name.
    pub connection: String,
    /// The system: `sqlite`, `postgres`…
    pub system: String,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// How it was made.
    pub method: String,
    /// Files with bytes and checksums.
    pub files: Vec<BackupFile>,
    /// Tables and their rows, where they are known.
    pub tables: Vec<(String, Option<u64>)>,
}

/// A whole backup.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its record.
    pub record: BackupRecord,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Vault {
    /// The backups of a data folder.
    #[must_use]
    pub fn new(data_dir: &Path, watch: Arc<dyn Watch>) -> Self {
        // Records name folders absolutely, whatever the folder the next process starts in.
        let root = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned()).join("backups");
        Self { root, watch }
    }

    /// Backs up.
    ///
    /// # Errors
    /// What the connector meets, `disk_failed`, `backup_damaged` where a file is not as the connector said, `canceled`;
    /// what is on disk is removed then, and the record says why.
    pub async fn make(&self, connector: &dyn Connector, making: &Making, cancel: &CancellationToken) -> Result<Made> {
        let id = BackupId::generate();
        let created_at = Utc::now();
        let folder =
            self.root.join(plain(&making.connection)).join(format!("{}-{id}", created_at.format("%Y%m%dT%H%M%SZ")));
        make_private(&folder)?;
        let record = BackupRecord {
            id,
            connection: making.connection.clone(),
            folder: folder.display().to_string(),
            method: String::new(),
            bytes: 0,
            checksum: String::new(),
            duration_ms: 0,
            status: BackupStatus::Running,
            error: None,
            run: making.run,
            created_at,
            verified_at: None,
        };
        self.watch.save_backup(&record).await.map_err(store_failed)?;
        self.forget_abandoned(making, id).await?;
        let start = Instant::now();
        let made = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::permanent(ErrorCode::Canceled, "the backup was canceled")),
            made = write(connector, making, &record, &folder) => made,
        };
        let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        match made {
            Ok((manifest, checksum, verified_at)) => {
                let bytes = manifest.files.iter().map(|file| file.bytes).sum();
                let method = manifest.method.clone();
                let status = BackupStatus::Complete;
                let record = BackupRecord { method, bytes, checksum, duration_ms, status, verified_at, ..record };
                self.watch.save_backup(&record).await.map_err(store_failed)?;
                Ok(Made { record, manifest })
            }
            Err(error) => {
                remove(&folder).await;
                let message = Some(error.fault.message.clone());
                let record = BackupRecord { duration_ms, status: BackupStatus::Failed, error: message, ..record };
                self.watch.save_backup(&record).await.map_err(store_failed)?;
                Err(error)
            }
        }
    }

    /// Reads a whole backup's files and compares their checksums; the record then says what came of it.
    ///
    /// # Errors
    /// `backup_not_found`, `backup_damaged`, `invalid_value` for a backup that is not whole.
    pub async fn verify(&self, id: BackupId) -> Result<Made> {
        let record = self.find(id).await?;
        if !matches!(record.status, BackupStatus::Complete | BackupStatus::Damaged) {
            let status = record.status.as_str();
            return Err(Error::permanent(ErrorCode::InvalidValue, format!("`{id}` is {status}, not whole"))
                .hint("`sluice backup list` shows which are `complete`."));
        }
        let folder = PathBuf::from(&record.folder);
        let checksum = record.checksum.clone();
        let read = meter::spawn_blocking(move || {
            let (manifest, found) = read_manifest(&folder)?;
            if found != checksum {
                return Err(damaged(format!("`{MANIFEST}` is not as it was written")));
            }
            check_files(&folder, &manifest.files)?;
            Ok(manifest)
        });
        match read.await.unwrap_or_else(|_| Err(interrupted())) {
            Ok(manifest) => {
                let verified_at = Some(Utc::now());
                let record = BackupRecord { status: BackupStatus::Complete, error: None, verified_at, ..record };
                self.watch.save_backup(&record).await.map_err(store_failed)?;
                Ok(Made { record, manifest })
            }
            Err(error) => {
                if error.code() == ErrorCode::BackupDamaged {
                    let message = Some(error.fault.message.clone());
                    let record = BackupRecord { status: BackupStatus::Damaged, error: message, ..record };
                    self.watch.save_backup(&record).await.map_err(store_failed)?;
                }
                Err(error)
            }
        }
    }

    /// Brings a backup back into a connection, after its files were found right.
    ///
    /// # Errors
    /// As for [`Vault::verify`], `invalid_value` for a connection of another system, and what the connector meets.
    pub async fn restore(&self, id: BackupId, connector: &dyn Connector, replace: bool) -> Result<Made> {
        let made = self.verify(id).await?;
        let system = connector.system().as_str();
        if made.manifest.system != system {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!(
                    "`{id}` is a backup of system `{}`, and the connection is of system `{system}`",
                    made.manifest.system
                ),
            )
            .hint("Restore it into a connection of the same system, then copy the tables over."));
        }
        let request = RestoreRequest {
            folder: PathBuf::from(&made.record.folder),
            method: made.manifest.method.clone(),
            replace,
        };
        connector.restore(&request).await?;
        Ok(made)
    }

    /// Removes the oldest whole backups of a connection until `keep` are left, and what killed processes left behind.
    ///
    /// # Errors
    /// `disk_failed`, `store_failed`.
    pub async fn prune(&self, connection: &str, keep: u32) -> Result<Vec<BackupRecord>> {
        let old = self.list_whole(connection).await?.into_iter().skip(keep.max(1) as usize).collect();
        self.remove_all(old).await
    }

    /// Whole backups that were made before an instant; the newest `keep` of each connection stay.
    ///
    /// # Errors
    /// `disk_failed`, `store_failed`.
    pub async fn remove_old(
        &self,
        connection: &str,
        before: DateTime<Utc>,
        keep: u32,
        dry_run: bool,
    ) -> Result<Vec<BackupRecord>> {
        let whole = self.list_whole(connection).await?;
        let old: Vec<_> = whole.into_iter().skip(keep as usize).filter(|record| record.created_at < before).collect();
        if dry_run { Ok(old) } else { self.remove_all(old).await }
    }

    async fn remove_all(&self, old: Vec<BackupRecord>) -> Result<Vec<BackupRecord>> {
        let mut removed = Vec::new();
        for record in old {
            // A record never makes this process remove what is not a backup's folder.
            if self.is_ours(Path::new(&record.folder)) {
                remove(Path::new(&record.folder)).await;
            }
            let record = BackupRecord { status: BackupStatus::Removed, ..record };
            self.watch.save_backup(&record).await.map_err(store_failed)?;
            removed.push(record);
        }
        Ok(removed)
    }

    /// Whole backups, newest first.
    async fn list_whole(&self, connection: &str) -> Result<Vec<BackupRecord>> {
        let mut filter = BackupFilter {
            connection: Some(connection.to_owned()),
            statuses: vec![BackupStatus::Complete],
            before: None,
            limit: 500,
        };
        let mut whole = Vec::new();
        loop {
            let page = self.watch.list_backups(&filter).await.map_err(store_failed)?;
            let Some(last) = page.last() else { return Ok(whole) };
            filter.before = Some(last.id);
            whole.extend(page);
        }
    }

    /// Clears away what an earlier attempt of this run, or a process killed long ago, has left behind.
    async fn forget_abandoned(&self, making: &Making, own: BackupId) -> Result<()> {
        let filter = BackupFilter {
            connection: Some(making.connection.clone()),
            statuses: vec![BackupStatus::Running],
            before: Some(own),
            limit: 500,
        };
        for record in self.watch.list_backups(&filter).await.map_err(store_failed)? {
            let is_ours = making.run.is_some() && record.run == making.run;
            if !is_ours && Utc::now() - record.created_at < ABANDONED {
                continue;
            }
            if self.is_ours(Path::new(&record.folder)) {
                remove(Path::new(&record.folder)).await;
            }
            let error = Some("the process that made it ended".to_owned());
            let record = BackupRecord { status: BackupStatus::Failed, error, ..record };
            self.watch.save_backup(&record).await.map_err(store_failed)?;
        }
        Ok(())
    }

    /// The record of a backup.
    ///
    /// # Errors
    /// `backup_not_found`, `store_failed`.
    pub async fn find(&self, id: BackupId) -> Result<BackupRecord> {
        self.watch.find_backup(id).await.map_err(store_failed)?.ok_or_else(|| {
            Error::permanent(ErrorCode::BackupNotFound, format!("there is no backup `{id}`"))
                .hint("`sluice backup list` shows what there is.")
        })
    }

    fn is_ours(&self, folder: &Path) -> bool {
        let inner = folder.strip_prefix(&self.root).ok();
        inner.is_some_and(|inner| {
            inner.components().count() == 2 && inner.components().all(|part| matches!(part, Component::Normal(_)))
        })
    }
}

/// Writes the copy and its manifest; answers the manifest, its checksum, and when files were read back.
async fn write(
    connector: &dyn Connector,
    making: &Making,
    record: &BackupRecord,
    folder: &Path,
) -> Result<(Manifest, String, Option<DateTime<Utc>>)> {
    let request = BackupRequest { folder: folder.to_owned(), tables: making.tables.clone(), native: making.native };
    let report = connector.backup(&request).await?;
    let mut manifest = Manifest {
        id: record.id,
        made_by: format!("sluice {}", env!("CARGO_PKG_VERSION")),
        connection: record.connection.clone(),
        system: connector.system().as_str().to_owned(),
        created_at: record.created_at,
        method: report.method,
        files: report.files,
        tables: report.tables,
    };
    let (folder, verify) = (folder.to_owned(), making.verify);
    let finishing = meter::spawn_blocking(move || {
        if folder.join(INNER).is_file() && !manifest.files.iter().any(|file| file.path == INNER) {
            manifest.files.push(describe(&folder, INNER)?);
        }
        if verify {
            check_files(&folder, &manifest.files)?;
        } else {
            check_sizes(&folder, &manifest.files)?;
        }
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| Error::permanent(ErrorCode::Internal, format!("a manifest cannot be written: {error}")))?;
        let checksum = hex::encode(Sha256::digest(&text));
        write_file(&folder.join(MANIFEST), &text)?;
        Ok((manifest, checksum, verify.then(Utc::now)))
    });
    finishing.await.unwrap_or_else(|_| Err(interrupted()))
}

fn interrupted() -> Error {
    Error::permanent(ErrorCode::Internal, "work on a backup's files was interrupted")
}

fn damaged(message: impl Into<String>) -> Error {
    Error::permanent(ErrorCode::BackupDamaged, message).hint("Do not restore it; take an older backup.")
}

/// A connection's name as that of a folder.
fn plain(name: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let plain: String = name.chars().map(|c| if is_plain(&c) { c } else { '_' }).take(100).collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

fn disk_failed(path: &Path, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("`{}` cannot be used: {error}", path.display()))
        .hint("Look at the disk's free space and at who owns the data folder.")
}

/// Makes the folder, for its owner only: a backup holds everything.
fn make_private(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| disk_failed(folder, &error))
}

/// Writes a file whole and durably, or not at all.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    let written = std::fs::File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&part, path)).map_err(|error| disk_failed(path, &error))
}

/// The manifest of a folder, and its checksum.
fn read_manifest(folder: &Path) -> Result<(Manifest, String)> {
    let path = folder.join(MANIFEST);
    let cannot = |error: &std::io::Error| damaged(format!("`{}` cannot be read: {error}", path.display()));
    let size = std::fs::metadata(&path).map_err(|error| cannot(&error))?.len();
    if size > MAX_MANIFEST {
        return Err(damaged(format!("`{MANIFEST}` has {size} bytes")));
    }
    let bytes = std::fs::read(&path).map_err(|error| cannot(&error))?;
    let manifest = serde_json::from_slice(&bytes).map_err(|_| damaged(format!("`{MANIFEST}` cannot be understood")))?;
    Ok((manifest, hex::encode(Sha256::digest(&bytes))))
}

/// The path of a file of a backup, which may not lead out of the folder.
fn inside(folder: &Path, file: &str) -> Result<PathBuf> {
    let is_inside = !file.is_empty() && Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    if is_inside {
        Ok(folder.join(file))
    } else {
        Err(damaged(format!("the file `{file}` leaves the backup's folder")))
    }
}

fn check_sizes(folder: &Path, files: &[BackupFile]) -> Result<()> {
    for file in files {
        let path = inside(folder, &file.path)?;
        let size = std::fs::metadata(&path)
            .map_err(|error| damaged(format!("the file `{}` cannot be read: {error}", file.path)))?
            .len();
        if size != file.bytes {
            let wanted = file.bytes;
            return Err(damaged(format!("the file `{}` has {size} bytes, not the {wanted} written", file.path)));
        }
    }
    Ok(())
}

fn check_files(folder: &Path, files: &[BackupFile]) -> Result<()> {
    check_sizes(folder, files)?;
    for file in files {
        inside(folder, &file.path)?;
        if describe(folder, &file.path)?.sha256 != file.sha256.to_ascii_lowercase() {
            return Err(damaged(format!("the file `{}` is not as it was written: its checksum differs", file.path)));
        }
    }
    Ok(())
}

/// Size and checksum of a file.
fn describe(folder: &Path, file: &str) -> Result<BackupFile> {
    let cannot = |error: &std::io::Error| damaged(format!("the file `{file}` cannot be read: {error}"));
    let mut opened = std::fs::File::open(folder.join(file)).map_err(|error| cannot(&error))?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let read = opened.read(&mut buffer).map_err(|error| cannot(&error))?;
        if read == 0 {
            return Ok(BackupFile { path: file.to_owned(), bytes, sha256: hex::encode(hash.finalize()) });
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// Removes a folder; what cannot be removed now is on record, and somebody else's to find.
async fn remove(folder: &Path) {
    if let Err(error) = tokio::fs::remove_dir_all(folder).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "a backup's folder could not be removed");
    }
}
