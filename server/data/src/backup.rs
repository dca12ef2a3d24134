//! A consistent copy of a database in a folder, and back.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What to back up, and where to.
#[derive(Debug, Clone)]
pub struct BackupRequest {
    /// An empty folder to write into.
    pub folder: PathBuf,
    /// Only these tables; empty: all the user can see.
    pub tables: Vec<String>,
    /// Whether the system's own program (`pg_dump`, `mariadb-dump`) is used where it is installed.
    pub native: bool,
}

/// What a backup wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// How it was made: `pg_dump`, `mariadb-dump`, `sqlite backup`, `connector`.
    pub method: String,
    /// Files, relative to the folder, with bytes and SHA-256 in hex.
    pub files: Vec<BackupFile>,
    /// Tables and their rows; rows are unknown where a native program wrote them.
    pub tables: Vec<(String, Option<u64>)>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Path relative to the backup's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// What to bring back.
#[derive(Debug, Clone)]
pub struct RestoreRequest {
    /// The folder a backup wrote.
    pub folder: PathBuf,
    /// How it was made, as the report said.
    pub method: String,
    /// Whether tables that are there are dropped first; otherwise a table that is there refuses the restore.
    pub replace: bool,
}
