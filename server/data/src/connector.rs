//! What a system that Sluice speaks to can do.

use crate::backup::{BackupReport, BackupRequest, RestoreRequest};
use crate::checksum::{Bucket, ChecksumRequest};
use crate::console::{ConsoleAnswer, ConsoleForm, ConsoleRequest, ConsoleRows, StatementCheck};
use crate::inspection::Inspection;
use crate::repair::RowStatements;
use crate::split::{KeyRange, RangeFilter, Split, SplitRequest};
use crate::structure::{TablePlan, TableStructure};
use crate::transaction::{Pipeline, PipelineValue, SqlTransaction};
use crate::twin::{Site, Snapshot, TwinRequest};
use crate::{Checkpoint, Error, Result, Sink, Source, WriteOptions};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The systems Sluice has connectors for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// PostgreSQL, with or without TimescaleDB.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// An SQLite file.
    Sqlite,
    /// Redis.
    Redis,
    /// TDengine 3.
    Tdengine,
    /// Any HTTP server.
    Http,
}

impl System {
    /// The word in a connection's `system` and in its URL's scheme.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::Tdengine => "tdengine",
            Self::Http => "http",
        }
    }
}

/// What a connector can do; suites select their cases by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "a set of independent abilities, not modes")]
pub struct Abilities {
    /// Runs SQL.
    pub sql: bool,
    /// Rows and ledger line in one transaction.
    pub transactions: bool,
    /// Reads in the order of a key and resumes there.
    pub ordered_read: bool,
    /// Tells its tables and their columns.
    pub introspect: bool,
    /// Describes a table wholly and plans its changes.
    pub structure: bool,
    /// Runs the console's statements.
    pub console: bool,
    /// Tells how it is doing.
    pub inspect: bool,
    /// Backs up and restores.
    pub backup: bool,
    /// Every table is keyed by a timestamp, its first column (and by one more column at most), and by nothing else: a row
    /// with a key that is there goes over the old one.
    pub time_key: bool,
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table, `schema.table` where the system has schemas. For Redis: a key pattern.
    Table(String),
    /// A query that only reads.
    Query(String),
}

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// What.
    pub relation: Relation,
    /// Which columns, in this order; empty: all.
    pub columns: Vec<String>,
    /// A condition in the system's own SQL.
    pub filter: Option<String>,
    /// Rows come in ascending order of these columns: numbers by value, text by its UTF-8 bytes, NULL first.
    /// Where they are the table's unique key, the source resumes at a checkpoint.
    pub order_by: Vec<String>,
    /// At most so many rows.
    pub limit: Option<u64>,
    /// Where an earlier attempt's source stood.
    pub resume_at: Option<Checkpoint>,
    /// Whether batches carry checkpoints where they can. Off where nobody will resume, which spares the system sending the
    /// values of the key twice.
    pub checkpoints: bool,
    /// The moment the rows are read as of, from [`Connector::snapshot`].
    pub snapshot: Option<String>,
    /// Settings only this system knows (Redis: `structure`, `columns`).
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl ReadOptions {
    /// All of `table`, in any order.
    #[must_use]
    pub fn table(table: &str) -> Self {
        Self::of(Relation::Table(table.to_owned()))
    }

    /// All rows of `query`.
    #[must_use]
    pub fn query(query: &str) -> Self {
        Self::of(Relation::Query(query.to_owned()))
    }

    fn of(relation: Relation) -> Self {
        Self {
            relation,
            columns: Vec::new(),
            filter: None,
            order_by: Vec::new(),
            limit: None,
            resume_at: None,
            checkpoints: true,
            snapshot: None,
            extra: serde_json::Map::new(),
        }
    }
}

/// A table as the system describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableInfo {
    /// Name, `schema.table` where the schema is not the default one.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<ColumnInfo>,
    /// Primary key, or else the first unique key without nullable columns; empty: none.
    pub key: Vec<String>,
    /// The system's own guess of the number of rows.
    pub row_estimate: Option<u64>,
}

/// A column as the system describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnInfo {
    /// Name.
    pub name: String,
    /// The type as the system spells it.
    pub native_type: String,
    /// The Arrow type its values become.
    #[serde(skip)]
    pub data_type: arrow::datatypes::DataType,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

/// An opened connection (usually a pool) to one system.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Which system it is.
    fn system(&self) -> System;

    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// Asks the system who it is: `PostgreSQL 15.18`. Fails with what is wrong in one line: name, port, TLS, password, privilege.
    ///
    /// # Errors
    /// `connection_failed`, `authentication_failed` or `permission_denied`.
    async fn ping(&self) -> Result<String>;

    /// Names of the tables the user can see.
    ///
    /// # Errors
    /// When the system fails or has no tables.
    async fn list_tables(&self) -> Result<Vec<String>>;

    /// The table of that name, or `None`.
    ///
    /// # Errors
    /// When the system fails.
    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>>;

    /// Opens a source.
    ///
    /// # Errors
    /// `table_not_found`, `column_not_found`, `statement_failed`, or a connection error.
    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>>;

    /// Opens a sink for batches of `schema`. Makes the table where asked to; nothing is written yet.
    ///
    /// # Errors
    /// `table_not_found`, `column_not_found` for a column the table lacks, `value_refused` for a type it cannot hold.
    async fn write(&self, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>>;

    /// Runs statements that return no rows, in one transaction where the system has them; tells how many rows changed.
    ///
    /// # Errors
    /// `statement_failed` with the system's own words.
    async fn execute(&self, sql: &str) -> Result<u64>;

    /// How many rows `relation` has where `filter` holds.
    ///
    /// # Errors
    /// As for [`Connector::read`].
    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64>;

    /// Boundaries that cut a table into ranges of its key of about the same size; none where it is too small to be cut.
    ///
    /// # Errors
    /// `unsupported` where the system cannot cut by this key, and as for [`Connector::read`].
    async fn split(&self, request: &SplitRequest) -> Result<Split> {
        let _ = request;
        Err(unsupported(self.system(), "cut a table into ranges of its key"))
    }

    /// The condition that holds for the rows of `table` whose `key` is in `range`, compared as [`ReadOptions::order_by`]
    /// orders: text by its bytes, NULL first.
    ///
    /// # Errors
    /// `unsupported` where the key's columns cannot be compared with the boundaries, and as for [`Connector::read`].
    async fn range_filter(&self, table: &str, key: &[String], range: &KeyRange) -> Result<RangeFilter> {
        let _ = (table, key, range);
        Err(unsupported(self.system(), "read a range of a key"))
    }

    /// Sums of a table's rows, bucket by bucket, in one pass inside the system.
    ///
    /// # Errors
    /// `unsupported` where the system, the key or a column's form does not lend itself to it; and as for [`Connector::read`].
    async fn checksum(&self, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
        let _ = request;
        Err(unsupported(self.system(), "sum up rows"))
    }

    /// The condition that holds for the rows in these buckets of [`Connector::checksum`].
    ///
    /// # Errors
    /// As for [`Connector::checksum`].
    async fn bucket_filter(&self, request: &ChecksumRequest, buckets: &[i64]) -> Result<String> {
        let _ = (request, buckets);
        Err(unsupported(self.system(), "sum up rows"))
    }

    /// Where `table` is, for another connection to find out whether it speaks to the same database.
    ///
    /// # Errors
    /// `unsupported` where the system does not compare tables, or other sessions do not see this one; and as for
    /// [`Connector::read`].
    async fn site(&self, table: &str) -> Result<Site> {
        let _ = table;
        Err(unsupported(self.system(), "compare two of its tables"))
    }

    /// Whether this connection speaks to the database of `site`, which another one told.
    ///
    /// # Errors
    /// When the system fails.
    async fn sees(&self, site: &Site) -> Result<bool> {
        let _ = site;
        Ok(false)
    }

    /// The condition that holds for all rows of a table but those that have an equal in another table of the same database.
    ///
    /// It never leaves out a row whose other differs in any value, to the last bit; one that is equal only by what a type
    /// means may be kept. The key is unique and never NULL in both tables, so that rows pair off. It holds for a table that is
    /// read with [`ReadOptions::filter`].
    ///
    /// # Errors
    /// `unsupported` where the keys or types do not lend themselves to it; and as for [`Connector::read`].
    async fn unmatched_filter(&self, request: &TwinRequest) -> Result<String> {
        let _ = request;
        Err(unsupported(self.system(), "compare two of its tables"))
    }

    /// The query of one full outer join of the two tables, in the order of the key, whose rows are those of either table
    /// without an equal in the other, and beside each the other's row of the same key, where there is one: first the key and
    /// columns of the table under the names `l0`, `l1` and so on, then those of the other as `r0`, `r1` …, all of them NULL
    /// where there is no such row. None where the system makes no such join, or not in that order.
    ///
    /// # Errors
    /// As for [`Connector::unmatched_filter`].
    async fn pairs_query(&self, request: &TwinRequest) -> Result<Option<String>> {
        let _ = request;
        Ok(None)
    }

    /// How many reads can be under way at the same time; none where nothing limits them.
    fn sessions(&self) -> Option<usize> {
        None
    }

    /// Holds the data as they are now for several reads; none where sessions cannot share a moment.
    ///
    /// # Errors
    /// When the system fails.
    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        Ok(None)
    }

    /// What writes the statements that change single rows of `table`: `columns` are those of the rows, the `key` first, which
    /// is unique.
    ///
    /// # Errors
    /// `unsupported` where the system cannot, or `key` is no unique key; and as for [`Connector::read`].
    async fn row_statements(&self, table: &str, key: usize, columns: &[String]) -> Result<Box<dyn RowStatements>> {
        let _ = (table, key, columns);
        Err(unsupported(self.system(), "write statements that change single rows"))
    }

    /// The table of that name with everything that makes it what it is, or `None`.
    ///
    /// # Errors
    /// `unsupported`, or when the system fails.
    async fn structure(&self, table: &str) -> Result<Option<TableStructure>> {
        let _ = table;
        Err(unsupported(self.system(), "describe the structure of a table"))
    }

    /// What has to be run so that `live` (none: no such table) is as `wanted`. Looks at the system only for what it can do.
    ///
    /// A type is compared by what the system would make of it, so that `INTEGER` and `int4` are no difference, and what
    /// `wanted` leaves open (a comment, a default's spelling) is no difference either.
    ///
    /// # Errors
    /// `unsupported`, or `invalid_value` for a structure the system cannot have.
    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        let _ = (wanted, live);
        Err(unsupported(self.system(), "plan changes of a table"))
    }

    /// What can be said of a statement without running it; asks the system for an estimate where `estimate` is set.
    ///
    /// A statement that does not parse is an answer, not an error.
    ///
    /// # Errors
    /// `unsupported`, or when the system fails.
    async fn check_statement(&self, sql: &str, estimate: bool) -> Result<StatementCheck> {
        let _ = (sql, estimate);
        Err(unsupported(self.system(), "check statements"))
    }

    /// Starts one statement of the console, whose rows are taken as they come; dropping the future or the rows cancels it
    /// in the system too.
    ///
    /// # Errors
    /// `statement_not_allowed`, `statement_timeout`, `statement_failed`, `value_refused`, `unsupported`, or a connection
    /// error.
    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        let _ = (request, form);
        Err(unsupported(self.system(), "run statements of the console"))
    }

    /// Runs one statement of the console and answers its rows as a page.
    ///
    /// # Errors
    /// As for [`Connector::console_rows`].
    async fn console(&self, request: ConsoleRequest) -> Result<ConsoleAnswer> {
        ConsoleAnswer::gather(self.console_rows(request, ConsoleForm::Page).await?).await
    }

    /// Begins a transaction for several statements; each may take `time` at most.
    ///
    /// # Errors
    /// `unsupported` where the system has no transactions, or a connection error.
    async fn begin(&self, time: Duration) -> Result<Box<dyn SqlTransaction>> {
        let _ = time;
        Err(unsupported(self.system(), "keep a transaction open"))
    }

    /// Sends commands of Redis in one go and tells the answer of each.
    ///
    /// # Errors
    /// `unsupported`, `statement_not_allowed` before anything is sent, `value_refused` for an answer that would be too large,
    /// `statement_failed`, or a connection error.
    async fn pipeline(&self, pipeline: Pipeline) -> Result<Vec<PipelineValue>> {
        let _ = pipeline;
        Err(unsupported(self.system(), "take commands of Redis"))
    }

    /// Looks at how the system is doing. What the user may not see is named in `unavailable` rather than an error.
    ///
    /// # Errors
    /// `unsupported`, or when the system cannot be reached.
    async fn inspect(&self) -> Result<Inspection> {
        Err(unsupported(self.system(), "be inspected"))
    }

    /// Writes a consistent copy into a folder.
    ///
    /// # Errors
    /// `unsupported`, `disk_failed`, or when the system fails; the folder then holds a part that is of no use.
    async fn backup(&self, request: &BackupRequest) -> Result<BackupReport> {
        let _ = request;
        Err(unsupported(self.system(), "be backed up"))
    }

    /// Brings a backup back.
    ///
    /// # Errors
    /// `already_exists` where a table is there and may not be replaced, `file_not_found`, or when the system fails.
    async fn restore(&self, request: &RestoreRequest) -> Result<()> {
        let _ = request;
        Err(unsupported(self.system(), "be restored"))
    }
}

/// The system has no such ability.
#[must_use]
pub fn unsupported(system: System, what: &str) -> Error {
    Error::permanent(
        model::ErrorCode::Unsupported,
        format!("a connection of system `{}` cannot {what}", system.as_str()),
    )
}
