//! How a system is doing: what `inspect` finds, alike for every system.

use serde::{Deserialize, Serialize};

/// Everything that one look at a system found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inspection {
    /// Product and version: `PostgreSQL 15.18`.
    pub version: String,
    /// Connections to the server; none where the system has no such thing.
    pub connections: Option<ConnectionLoad>,
    /// Sluice's own pool.
    pub pool: Option<PoolLoad>,
    /// The largest tables first.
    pub tables: Vec<TableSize>,
    /// Indexes, the least used first.
    pub indexes: Vec<IndexUse>,
    /// The statements that took the most time, the most expensive first.
    pub slow_statements: Vec<SlowStatement>,
    /// What runs right now for longer than a second.
    pub running: Vec<RunningStatement>,
    /// Bytes the database takes on disk.
    pub disk_bytes: Option<u64>,
    /// Further named figures: `cache_hit_ratio`, `used_memory_bytes`.
    pub figures: Vec<(String, f64)>,
    /// What could not be found out, and what would help: "slow statements: install pg_stat_statements".
    pub unavailable: Vec<String>,
}

/// Connections to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLoad {
    /// Open now.
    pub open: u64,
    /// Of those, busy.
    pub active: u64,
    /// The most the server takes.
    pub limit: Option<u64>,
}

/// Sluice's own connections to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolLoad {
    /// Open now.
    pub open: u64,
    /// Of those, lent to somebody.
    pub busy: u64,
    /// The most it opens.
    pub limit: u64,
}

/// How large a table is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Its name.
    pub table: String,
    /// Rows, as the system estimates them.
    pub rows: Option<u64>,
    /// Bytes of rows.
    pub data_bytes: Option<u64>,
    /// Bytes of indexes.
    pub index_bytes: Option<u64>,
}

/// How an index is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexUse {
    /// The table.
    pub table: String,
    /// The index.
    pub index: String,
    /// How often it was used since the system began to count.
    pub scans: Option<u64>,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// Another index that already does what this one does.
    pub duplicate_of: Option<String>,
}

/// A statement that took much time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowStatement {
    /// Its text, values replaced by placeholders, at most 500 characters.
    pub statement: String,
    /// How often it ran.
    pub calls: u64,
    /// Milliseconds in all.
    pub total_ms: f64,
    /// Milliseconds on average.
    pub mean_ms: f64,
}

/// A statement that is running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunningStatement {
    /// The system's own number for the session.
    pub session: String,
    /// Who.
    pub user: String,
    /// For how long, in milliseconds.
    pub for_ms: u64,
    /// Sessions it waits for.
    pub blocked_by: Vec<String>,
    /// Its text, at most 500 characters.
    pub statement: String,
}
