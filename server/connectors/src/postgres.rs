//! PostgreSQL, with or without TimescaleDB: reads and writes by binary COPY, straight from and into Arrow arrays.
//!
//! Start with [`Postgres`]. `types.rs` says which Arrow type a column becomes, `decode.rs` and `encode.rs` turn values,
//! `write.rs` and `ledger.rs` keep a repeated write from doubling a row. `structure.rs` describes a table wholly, `ddl.rs` plans
//! its changes, `console.rs` runs what people type, `inspect.rs` looks at the server, `backup.rs` copies and brings back.

mod backup;
mod checksum;
mod config;
mod console;
mod copy;
mod ddl;
mod decode;
mod encode;
mod error;
mod inspect;
mod introspect;
mod ledger;
mod numeric;
mod pool;
mod read;
mod repair;
mod split;
mod structure;
mod target;
#[cfg(test)]
mod tests;
mod timescale;
mod transaction;
mod twin;
mod types;
mod write;

pub use config::{Config, SslMode};

use crate::Gate;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::checksum::{Bucket, ChecksumRequest};
use data::connector::{ReadOptions, Relation, TableInfo};
use data::console::{ConsoleForm, ConsoleRequest, ConsoleRows, StatementCheck};
use data::inspection::Inspection;
use data::split::KeyRange;
use data::structure::{TablePlan, TableStructure};
use data::transaction::SqlTransaction;
use data::{
    Abilities, Connector, Error, RangeFilter, Result, RowStatements, Sink, Site, Snapshot, Source, Split, SplitRequest,
    System, TwinRequest, WriteOptions,
};
use model::ErrorCode;
use pool::Pool;
use std::sync::Arc;
use std::time::Duration;
use timescale::Timescale;
use tokio_postgres::SimpleQueryMessage;

/// Opens the connector with a connection's settings and password.
///
/// # Errors
/// `unknown_key` or `invalid_value`.
pub fn open(settings: &serde_json::Value, password: Option<&str>, gate: &Gate) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Postgres::new(Config::parse(settings)?, password, gate)?))
}

/// A pool of connections to one database.
#[derive(Clone)]
pub struct Postgres {
    pool: Arc<Pool>,
    /// What tests say of TimescaleDB instead of the server.
    assumed: Option<Timescale>,
}

impl Postgres {
    /// The connector for a database; nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_value` where `sslrootcert` cannot be read.
    pub fn new(config: Config, password: Option<&str>, gate: &Gate) -> Result<Self> {
        Ok(Self { pool: Pool::new(config, password, gate)?, assumed: None })
    }
}

#[async_trait]
impl Connector for Postgres {
    fn system(&self) -> System {
        System::Postgres
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
        let client = self.pool.get().await?;
        let asked = "SELECT current_setting('server_version'), current_schema()::text";
        let row = client.query_one(asked, &[]).await.map_err(|error| error::mapped(&error))?;
        let (version, there): (&str, Option<&str>) = (row.get(0), row.get(1));
        let version = version.split_whitespace().next().unwrap_or(version).to_owned();
        client.release();
        // The server takes any name into its search path.
        if let (Some(schema), None) = (&self.pool.config.schema, there) {
            let message = format!("the database has no schema `{schema}`, or the user may not use it");
            return Err(Error::permanent(ErrorCode::ConnectionFailed, message)
                .hint("Check `schema` of the connection, or create the schema."));
        }
        Ok(format!("PostgreSQL {version}"))
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        let client = self.pool.get().await?;
        let tables = introspect::list_tables(&client).await?;
        client.release();
        Ok(tables)
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let client = self.pool.get().await?;
        let table = introspect::find_table(&client, name).await?;
        client.release();
        Ok(table.map(|table| table.info()))
    }

    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        read::open(&self.pool, options).await
    }

    async fn write(&self, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        crate::error::no_write_options("PostgreSQL", &options)?;
        write::open(&self.pool, schema, options).await
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        let client = self.pool.get().await?;
        let mapped = |error| error::mapped(&error);
        client.batch_execute("BEGIN").await.map_err(mapped)?;
        // An error drops the connection and with it the transaction.
        let messages = client.simple_query(sql).await.map_err(mapped)?;
        client.batch_execute("COMMIT").await.map_err(mapped)?;
        let changed = messages.iter().map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => *rows,
            _ => 0,
        });
        let changed = changed.sum();
        // The statements may have changed settings of the session, which the next user must not meet.
        client.close();
        Ok(changed)
    }

    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64> {
        let client = self.pool.get().await?;
        let mapped = |error| error::mapped(&error);
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(mapped)?;
        let from = match relation {
            Relation::Table(name) => introspect::get_table(&client, name).await?.name.quoted(),
            Relation::Query(query) => read::subquery(query),
        };
        let condition = filter.map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
        let row = client.query_one(&format!("SELECT count(*) FROM {from}{condition}"), &[]).await.map_err(mapped)?;
        client.batch_execute("COMMIT").await.map_err(mapped)?;
        client.release();
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    async fn split(&self, request: &SplitRequest) -> Result<Split> {
        split::split(self, request).await
    }

    async fn range_filter(&self, table: &str, key: &[String], range: &KeyRange) -> Result<RangeFilter> {
        split::range_filter(self, table, key, range).await
    }

    async fn checksum(&self, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
        checksum::checksum(self, request).await
    }

    async fn bucket_filter(&self, request: &ChecksumRequest, buckets: &[i64]) -> Result<String> {
        checksum::filter(self, request, buckets).await
    }

    async fn site(&self, table: &str) -> Result<Site> {
        twin::site(self, table).await
    }

    async fn sees(&self, site: &Site) -> Result<bool> {
        twin::sees(self, site).await
    }

    async fn unmatched_filter(&self, request: &TwinRequest) -> Result<String> {
        twin::unmatched_filter(self, request).await
    }

    async fn pairs_query(&self, request: &TwinRequest) -> Result<Option<String>> {
        twin::pairs_query(self, request).await
    }

    async fn snapshot(&self) -> Result<Option<Snapshot>> {
        twin::snapshot(self).await
    }

    fn sessions(&self) -> Option<usize> {
        Some(self.pool.config.pool_size)
    }

    async fn row_statements(&self, table: &str, key: usize, columns: &[String]) -> Result<Box<dyn RowStatements>> {
        repair::row_statements(self, table, key, columns).await
    }

    async fn structure(&self, table: &str) -> Result<Option<TableStructure>> {
        let client = self.pool.get().await?;
        let structure = match structure::find(&client, table).await? {
            Some(found) => {
                let timescale = timescale::detect(&client, self.assumed).await?;
                Some(structure::describe(&client, &found, timescale).await?)
            }
            None => None,
        };
        client.release();
        Ok(structure)
    }

    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        let client = self.pool.get().await?;
        let plan = ddl::plan(&client, wanted, live, self.assumed).await?;
        client.release();
        Ok(plan)
    }

    async fn check_statement(&self, sql: &str, estimate: bool) -> Result<StatementCheck> {
        console::check(&self.pool, sql, estimate).await
    }

    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        console::rows(&self.pool, request, form).await
    }

    async fn begin(&self, time: Duration) -> Result<Box<dyn SqlTransaction>> {
        transaction::begin(&self.pool, time).await
    }

    async fn inspect(&self) -> Result<Inspection> {
        inspect::inspect(&self.pool, self.assumed).await
    }

    async fn backup(&self, request: &BackupRequest) -> Result<BackupReport> {
        backup::backup(&self.pool, request, self.assumed).await
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<()> {
        backup::restore(&self.pool, request, self.assumed).await
    }
}
