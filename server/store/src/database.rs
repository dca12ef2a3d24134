//! Opening the metadata database: address, pools, durability, schema.
//!
//! SQLite has one connection that writes and a few that only read; PostgreSQL has one pool. Both acknowledge a
//! commit after it is on disk. The schema is brought up to date under a lock, so any number of processes may start
//! at once.

use crate::commit::Committer;
use crate::error::{Error, Result};
use crate::logs::LogBuffer;
use crate::sql;
use migrations::{Apply, Migrator};
use model::ErrorCode;
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How to open the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections to PostgreSQL at most; on SQLite, connections that read.
    pub connections: u32,
    /// How long to wait for a connection or for SQLite's write lock.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 8, patience: Duration::from_secs(10) }
    }
}

/// The metadata database. Cloning is cheap and gives another handle to the same pools.
#[derive(Clone)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
    pub(crate) committer: Committer,
    pub(crate) logs: LogBuffer,
    label: String,
    _scratch: Option<ScratchFile>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("at", &self.inner.label).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database at `url`, making it and its tables where they are missing.
    ///
    /// `postgres://…` or `postgresql://…` names a PostgreSQL database; `sqlite://path`, `sqlite:path` or a bare path a
    /// SQLite file; `sqlite::memory:` a file that is gone when the last handle is (for tests).
    ///
    /// # Errors
    /// `invalid_configuration` where the address makes no sense or a newer release has changed the schema,
    /// `store_failed` where the database cannot be reached or written.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, Options::default()).await
    }

    /// Opens the database as [`Database::open`] does, with other limits.
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub async fn open_with(url: &str, options: Options) -> Result<Self> {
        match Address::parse(url)? {
            Address::Postgres(url) => Self::open_postgres(&url, options).await,
            Address::File(path) => Self::open_sqlite(&path, options, None).await,
            Address::Scratch => {
                let scratch = ScratchFile::new();
                let path = scratch.0.clone();
                Self::open_sqlite(&path, options, Some(scratch)).await
            }
        }
    }

    async fn open_postgres(url: &str, options: Options) -> Result<Self> {
        let mut connect = ConnectOptions::new(url);
        connect
            .max_connections(options.connections.max(2))
            .acquire_timeout(options.patience)
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(1))
            .set_application_name("sluice")
            .map_sqlx_postgres_opts(|options| options.statement_cache_capacity(256));
        let pool = sea_orm::Database::connect(connect).await.map_err(|error| explain_opening(error, &redact(url)))?;
        // The two lanes let one group be read while the other is being flushed to disk.
        Self::assemble(pool.clone(), pool, 2, redact(url), None).await
    }

    async fn open_sqlite(path: &Path, options: Options, scratch: Option<ScratchFile>) -> Result<Self> {
        prepare_file(path)?;
        let label = path.display().to_string();
        let patience = options.patience;
        let file = path.to_path_buf();
        let mut writing = sqlite_options(options.patience);
        writing.max_connections(1).min_connections(1).map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&file)
                .create_if_missing(true)
                .busy_timeout(patience)
                .statement_cache_capacity(512)
                .pragma("journal_mode", "WAL")
                // NORMAL would lose acknowledged commits at power loss.
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-16000")
                .pragma("wal_autocheckpoint", "4000")
        });
        let writer = connect_patiently(writing, patience, &label).await?;

        let file = path.to_path_buf();
        let mut reading = sqlite_options(options.patience);
        reading.max_connections(options.connections.max(1)).map_sqlx_sqlite_opts(move |sqlite| {
            sqlite.filename(&file).busy_timeout(patience).pragma("query_only", "ON").pragma("cache_size", "-8000")
        });
        let reader = connect_patiently(reading, patience, &label).await?;
        Self::assemble(writer, reader, 1, label, scratch).await
    }

    async fn assemble(
        writer: DatabaseConnection,
        reader: DatabaseConnection,
        lanes: usize,
        label: String,
        scratch: Option<ScratchFile>,
    ) -> Result<Self> {
        migrate(&writer).await?;
        let committer = Committer::start(&writer, lanes);
        let logs = LogBuffer::start(&writer);
        Ok(Self { inner: Arc::new(Inner { writer, reader, committer, logs, label, _scratch: scratch }) })
    }

    /// Flushes what is buffered and closes all connections. Calls that come later fail.
    ///
    /// # Errors
    /// `store_failed` where log lines could not be written.
    pub async fn close(&self) -> Result<()> {
        let flushed = self.inner.logs.flush().await;
        self.inner.reader.close_by_ref().await?;
        self.inner.writer.close_by_ref().await?;
        flushed
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `store_failed` with the reason.
    pub async fn ping(&self) -> Result<()> {
        sql::one(&self.inner.reader, "SELECT 1", vec![]).await?;
        Ok(())
    }
}

/// Begins a transaction that holds SQLite's write lock from its first moment, so that it cannot fail half-way for
/// having read too early.
pub(crate) async fn begin(connection: &DatabaseConnection) -> std::result::Result<DatabaseTransaction, DbErr> {
    connection
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await
}

/// Applies the missing schema changes in one transaction, one process at a time.
async fn migrate(connection: &DatabaseConnection) -> Result<()> {
    let transaction = begin(connection).await?;
    if sql::is_postgres(connection) {
        // An arbitrary number that is Sluice's own; the lock ends with the transaction.
        sql::run(&transaction, "SELECT pg_advisory_xact_lock(7236837225)", vec![]).await?;
    }
    let pending = Migrator::get_pending_migrations(&transaction).await.map_err(explain_schema)?;
    if !pending.is_empty() {
        Migrator::up(&transaction, None).await.map_err(explain_schema)?;
    }
    transaction.commit().await?;
    Ok(())
}

fn explain_schema(error: DbErr) -> Error {
    match error {
        DbErr::Custom(_) => Error::permanent(
            ErrorCode::InvalidConfiguration,
            "the metadata database was changed by a newer release of sluice",
        )
        .hint("Start the newer release, or restore a backup made before the upgrade"),
        other => other.into(),
    }
}

fn explain_opening(error: DbErr, label: &str) -> Error {
    let mut error = Error::from(error);
    error.fault.message = format!("cannot open the metadata database `{label}`: {}", error.fault.message)
        .replace("the metadata database failed: ", "");
    error
}

/// Connects, and tries again while another process is about to make the file: SQLite does not wait for the lock that
/// its change to WAL takes, whatever `busy_timeout` says.
async fn connect_patiently(options: ConnectOptions, patience: Duration, label: &str) -> Result<DatabaseConnection> {
    let until = tokio::time::Instant::now() + patience;
    loop {
        match sea_orm::Database::connect(options.clone()).await {
            Err(error) if error.to_string().contains("database is locked") && tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            connected => return connected.map_err(|error| explain_opening(error, label)),
        }
    }
}

fn sqlite_options(patience: Duration) -> ConnectOptions {
    // The real file name replaces this one in the driver's options: a path may hold what a URL cannot.
    let mut options = ConnectOptions::new("sqlite://replaced");
    options
        .acquire_timeout(patience.saturating_mul(3))
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .record_stmt_in_spans(false)
        .sqlx_logging(false);
    options
}

/// Makes the file, readable by its owner only, and the folder it lies in.
fn prepare_file(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::permanent(
            ErrorCode::StoreFailed,
            format!("cannot make the metadata database `{}`: {error}", path.display()),
        )
        .hint("Check that the folder exists and that Sluice may write to it")
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(failed)?;
    Ok(())
}

enum Address {
    Postgres(String),
    File(PathBuf),
    Scratch,
}

impl Address {
    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            url::Url::parse(text).map_err(|error| {
                Error::permanent(
                    ErrorCode::InvalidConfiguration,
                    format!("the address of the metadata database cannot be read: {error}"),
                )
                .hint(
                    "Write it as postgres://user:password@host:5432/database, with special characters percent-encoded",
                )
            })?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        if path == ":memory:" {
            return Ok(Self::Scratch);
        }
        if path.is_empty() || path.contains('\0') {
            return Err(Error::permanent(ErrorCode::InvalidConfiguration, "the metadata database has no address")
                .hint("Give a file (sqlite://sluice.db) or postgres://user:password@host/database"));
        }
        if let Some((scheme, _)) = path.split_once("://") {
            return Err(Error::permanent(
                ErrorCode::InvalidConfiguration,
                format!("the metadata database cannot be of kind `{scheme}`"),
            )
            .hint("Give a file (sqlite://sluice.db) or postgres://user:password@host/database"));
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// The address without its password.
fn redact(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) => {
            // Parameters may hold passwords too (`?password=`); nobody needs them to know which database is meant.
            url.set_query(None);
            let _ = url.set_password(None);
            url.to_string()
        }
        Err(_) => "postgres://…".to_owned(),
    }
}

/// A database file for one test, removed with its companions when the last handle is dropped.
struct ScratchFile(PathBuf);

impl ScratchFile {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("sluice-{}.db", uuid::Uuid::now_v7().simple())))
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kind(text: &str) -> String {
        match Address::parse(text) {
            Ok(Address::Postgres(_)) => "postgres".into(),
            Ok(Address::File(path)) => path.display().to_string(),
            Ok(Address::Scratch) => "scratch".into(),
            Err(error) => error.fault.code.to_string(),
        }
    }

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(kind("postgres://a@b/c"), "postgres");
        assert_eq!(kind("sqlite:///var/lib/s.db"), "/var/lib/s.db");
        assert_eq!(kind("sqlite://here/s.db"), "here/s.db");
        assert_eq!(kind("/tmp/daten bank?.db"), "/tmp/daten bank?.db");
        assert_eq!(kind("sqlite::memory:"), "scratch");
        for wrong in ["", "sqlite:", "mysql://a/b", "postgres://a:b:c@[/x"] {
            assert_eq!(kind(wrong), "invalid_configuration", "{wrong}");
        }
    }

    #[test]
    fn a_password_never_shows() {
        let shown = redact("postgres://ann:hunter2@host:5432/db?password=hunter2&sslmode=require");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("host:5432/db"));
    }
}
