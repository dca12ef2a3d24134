//! What is known of a backup: where it lies, how large it is, whether it was well when last looked at.

use crate::{BackupId, RunId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a backup stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupStatus {
    /// Being written; or its writer was killed.
    Running,
    /// Whole.
    Complete,
    /// Not made; of no use.
    Failed,
    /// Whole once, but files are missing or changed.
    Damaged,
    /// Removed to make room.
    Removed,
}

impl BackupStatus {
    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Damaged => "damaged",
            Self::Removed => "removed",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        let all = [Self::Running, Self::Complete, Self::Failed, Self::Damaged, Self::Removed];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRecord {
    /// Its id.
    pub id: BackupId,
    /// The connection whose data it holds.
    pub connection: String,
    /// The folder, in the file system of the worker that made it.
    pub folder: String,
    /// How it was made: `pg_dump`, `sqlite backup`, `connector`; empty until it is known.
    pub method: String,
    /// Bytes of all files.
    pub bytes: u64,
    /// SHA-256 of its manifest, in hex; empty until it is whole.
    pub checksum: String,
    /// How long it took.
    pub duration_ms: u64,
    /// Where it stands.
    pub status: BackupStatus,
    /// Why it failed or is damaged.
    pub error: Option<String>,
    /// The run that made it; none: made from the command line.
    pub run: Option<RunId>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When its checksums were last found right.
    pub verified_at: Option<DateTime<Utc>>,
}

/// Which backups to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupFilter {
    /// Only of this connection.
    pub connection: Option<String>,
    /// Only in one of these statuses; empty: any.
    pub statuses: Vec<BackupStatus>,
    /// Only those made before this one (the last of the page before).
    pub before: Option<BackupId>,
    /// How many at most; the store caps it at 500.
    pub limit: u32,
}

/// What the metadata database keeps that grows, and may be thinned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Runs that have ended, with their log lines and artifacts.
    Runs,
    /// Log lines of runs.
    LogLines,
    /// Artifacts of runs.
    Artifacts,
    /// Statements of the SQL console.
    ConsoleHistory,
    /// Anomalies that are resolved.
    Anomalies,
    /// Records of backups that are removed or failed.
    Backups,
    /// What inspections found.
    Inspections,
    /// Alerts that nothing is to be delivered of any more, with their deliveries.
    Alerts,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Runs,
        Self::LogLines,
        Self::Artifacts,
        Self::ConsoleHistory,
        Self::Anomalies,
        Self::Backups,
        Self::Inspections,
        Self::Alerts,
    ];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::LogLines => "log_lines",
            Self::Artifacts => "artifacts",
            Self::ConsoleHistory => "console_history",
            Self::Anomalies => "anomalies",
            Self::Backups => "backups",
            Self::Inspections => "inspections",
            Self::Alerts => "alerts",
        }
    }
}
