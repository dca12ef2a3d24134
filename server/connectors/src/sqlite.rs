//! SQLite files. Blocking work runs on a thread of its own per source and sink; every file is put into WAL mode.
//!
//! Start with [`Sqlite`]. What a column's values become is decided in `types.rs` and checked in `read.rs`.

mod backup;
mod column;
mod config;
mod console;
mod create;
mod ddl;
mod definition;
mod error;
mod guard;
mod inspect;
mod introspect;
mod read;
mod repair;
mod split;
mod structure;
#[cfg(test)]
mod tests;
mod transaction;
mod twin;
mod types;
mod value;
mod write;

pub use config::Config;

use async_trait::async_trait;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::connector::{ReadOptions, Relation, TableInfo};
use data::console::{ConsoleForm, ConsoleRequest, ConsoleRows, StatementCheck};
use data::inspection::Inspection;
use data::split::KeyRange;
use data::structure::{TablePlan, TableStructure};
use data::transaction::SqlTransaction;
use data::{
    Abilities, Connector, Error, RangeFilter, Result, RowStatements, Sink, Site, Source, Split, SplitRequest, System,
    TwinRequest, WriteOptions,
};
use meter::Stopwatch;
use model::ErrorCode;
use rusqlite::{Connection, OpenFlags};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Opens the connector for the file named in `settings`.
///
/// # Errors
/// `unknown_key` or `invalid_value`.
pub fn open(settings: &serde_json::Value) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Sqlite::new(Config::parse(settings)?)))
}

/// One SQLite file.
#[derive(Debug, Clone)]
pub struct Sqlite {
    config: Arc<Config>,
}

impl Sqlite {
    /// The connector for a file; nothing is opened yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let config = self.config.clone();
        let done = meter::spawn_blocking(move || {
            let mut connection = connect(&config, Access::Write)?;
            work(&mut connection)
        });
        done.await
            .map_err(|error| Error::permanent(ErrorCode::Internal, format!("the sqlite thread ended early: {error}")))?
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Answers an order that a thread of ours carried out. Whoever no longer waits has dropped what the thread serves.
fn answer<T>(asker: oneshot::Sender<Result<T>>, done: Result<T>, watch: &mut Stopwatch) {
    watch.lap();
    drop(asker.send(done));
}

/// Opens the file, in WAL mode, durable at every commit.
fn connect(config: &Config, access: Access) -> Result<Connection> {
    let mapped = |error| error::mapped(&config.path, &error);
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if config.read_only {
        flags |= OpenFlags::SQLITE_OPEN_READ_ONLY;
    } else {
        flags |= OpenFlags::SQLITE_OPEN_READ_WRITE;
        if config.create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
    }
    let connection = Connection::open_with_flags(&config.path, flags).map_err(mapped)?;
    connection.busy_timeout(Duration::from_millis(config.busy_timeout_ms)).map_err(mapped)?;
    if !config.read_only {
        // A source must not block a sink of the same file, which only WAL allows.
        match connection.pragma_update(None, "journal_mode", "WAL") {
            // Somebody else is at it: either the file is in WAL mode in a moment or it stays readable as it is.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            done => done.map_err(mapped)?,
        }
        connection.pragma_update(None, "synchronous", "FULL").map_err(mapped)?;
    }
    connection.pragma_update(None, "foreign_keys", "ON").map_err(mapped)?;
    if access == Access::Read {
        connection.pragma_update(None, "query_only", "ON").map_err(mapped)?;
    }
    Ok(connection)
}

#[async_trait]
impl Connector for Sqlite {
    fn system(&self) -> System {
        System::Sqlite
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            sql: true,
            transactions: true,
            ordered_read: true,
            introspect: true,
            structure: true,
            console: true,
            inspect: true,
            backup: true,
            ..Abilities::default()
        }
    }

    async fn ping(&self) -> Result<String> {
        let config = self.config.clone();
        self.blocking(move |connection| {
            connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
                .map_err(|error| error::mapped(&config.path, &error))?;
            Ok(format!("SQLite {}", rusqlite::version()))
        })
        .await
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        let config = self.config.clone();
        self.blocking(move |connection| {
            introspect::list_tables(connection).map_err(|error| error::mapped(&config.path, &error))
        })
        .await
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let (config, name) = (self.config.clone(), name.to_owned());
        self.blocking(move |connection| {
            let table =
                introspect::find_table(connection, &name).map_err(|error| error::mapped(&config.path, &error))?;
            Ok(table.map(|table| table.info()))
        })
        .await
    }

    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        read::open(self.config.clone(), options).await
    }

    async fn write(&self, schema: arrow::datatypes::SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        crate::error::no_write_options("SQLite", &options)?;
        write::open(self.config.clone(), schema, options).await
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        let (config, sql) = (self.config.clone(), sql.to_owned());
        self.blocking(move |connection| {
            if let Some(rebuild) = sql.trim_start().strip_prefix(ddl::KEYS_OFF) {
                return ddl::rebuild(connection, &config, rebuild);
            }
            let mapped = |error| error::mapped(&config.path, &error);
            let transaction = connection.transaction().map_err(mapped)?;
            let before = transaction.total_changes();
            transaction.execute_batch(&sql).map_err(mapped)?;
            let changed = transaction.total_changes() - before;
            transaction.commit().map_err(mapped)?;
            Ok(changed)
        })
        .await
    }

    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64> {
        let (config, relation, filter) = (self.config.clone(), relation.clone(), filter.map(str::to_owned));
        self.blocking(move |connection| {
            let from = match &relation {
                Relation::Table(name) => introspect::get_table(connection, &config, name)?.quoted(),
                Relation::Query(query) => read::subquery(query),
            };
            let condition = filter.map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
            connection
                .query_row(&format!("SELECT count(*) FROM {from}{condition}"), [], |row| row.get::<_, i64>(0))
                .map(|count| count.unsigned_abs())
                .map_err(|error| error::mapped(&config.path, &error))
        })
        .await
    }

    async fn split(&self, request: &SplitRequest) -> Result<Split> {
        split::split(self, request).await
    }

    async fn range_filter(&self, table: &str, key: &[String], range: &KeyRange) -> Result<RangeFilter> {
        split::range_filter(self, table, key, range).await
    }

    async fn site(&self, table: &str) -> Result<Site> {
        twin::site(self, table).await
    }

    async fn sees(&self, site: &Site) -> Result<bool> {
        Ok(twin::sees(self, site))
    }

    async fn unmatched_filter(&self, request: &TwinRequest) -> Result<String> {
        twin::unmatched_filter(self, request).await
    }

    async fn row_statements(&self, table: &str, key: usize, columns: &[String]) -> Result<Box<dyn RowStatements>> {
        repair::row_statements(self, table, key, columns).await
    }

    async fn structure(&self, table: &str) -> Result<Option<TableStructure>> {
        let (config, table) = (self.config.clone(), table.to_owned());
        self.blocking(move |connection| {
            structure::structure(connection, &table).map_err(|error| error::mapped(&config.path, &error))
        })
        .await
    }

    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        let (config, wanted, live) = (self.config.clone(), wanted.clone(), live.cloned());
        self.blocking(move |connection| {
            let attached = match &live {
                Some(live) => {
                    structure::attached(connection, &live.name).map_err(|error| error::mapped(&config.path, &error))?
                }
                None => structure::Attached::default(),
            };
            ddl::plan(&wanted, live.as_ref(), &attached)
        })
        .await
    }

    async fn check_statement(&self, sql: &str, estimate: bool) -> Result<StatementCheck> {
        console::check(self.config.clone(), sql.to_owned(), estimate).await
    }

    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        console::rows(self.config.clone(), request, form).await
    }

    async fn begin(&self, time: Duration) -> Result<Box<dyn SqlTransaction>> {
        transaction::begin(self.config.clone(), time).await
    }

    async fn inspect(&self) -> Result<Inspection> {
        let config = self.config.clone();
        self.blocking(move |connection| {
            inspect::inspect(connection, &config).map_err(|error| error::mapped(&config.path, &error))
        })
        .await
    }

    async fn backup(&self, request: &BackupRequest) -> Result<BackupReport> {
        backup::backup(self.config.clone(), request).await
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<()> {
        backup::restore(self.config.clone(), request).await
    }
}
