//! MySQL and MariaDB, by the binary protocol in both directions.
//!
//! Sessions are strict, in UTC and in utf8mb4, whatever the server's defaults. Start with [`Mysql`]; what a column's
//! values become is decided in `types.rs`.

mod backup;
mod checksum;
mod config;
mod console;
mod create;
mod ddl;
mod decode;
mod error;
mod fit;
mod inspect;
mod introspect;
mod key;
mod ledger;
mod load;
mod pool;
mod read;
mod repair;
mod split;
mod structure;
mod transaction;
mod twin;
mod types;
mod value;
mod wire;
mod write;

pub use config::{Config, ZeroDates};

use crate::Gate;

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
    Abilities, Connector, RangeFilter, Result, RowStatements, Sink, Site, Source, Split, SplitRequest, System,
    TwinRequest, WriteOptions,
};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};
use std::sync::Arc;
use std::time::Duration;

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// `unknown_key` or `invalid_value`.
pub fn open(settings: &serde_json::Value, secret: Option<&str>, gate: &Gate) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Mysql::new(Config::parse(settings)?, secret, gate)))
}

/// A pool of connections to one server.
#[derive(Debug, Clone)]
pub struct Mysql {
    config: Arc<Config>,
    connections: Arc<pool::Connections>,
}

impl Mysql {
    /// The connector; nothing is sent yet.
    #[must_use]
    pub fn new(config: Config, secret: Option<&str>, gate: &Gate) -> Self {
        let connections = pool::Connections::new(config, secret, gate);
        Self { config: connections.config.clone(), connections: Arc::new(connections) }
    }

    async fn connect(&self) -> Result<Conn> {
        self.connections.pooled().await
    }
}

/// The identifier as MySQL quotes it.
fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// `table` or `database.table`, quoted.
fn quote_table(name: &str) -> String {
    let name = crate::name::TableName::parse(name);
    match &name.schema {
        Some(database) => format!("{}.{}", quote(database), quote(&name.table)),
        None => quote(&name.table),
    }
}

/// What stands behind `FROM`.
fn from_clause(relation: &Relation) -> String {
    match relation {
        Relation::Table(name) => quote_table(name),
        // The line break ends a comment at the end of the query.
        Relation::Query(query) => format!("({}\n) AS q", crate::name::trim_query(query)),
    }
}

#[async_trait]
impl Connector for Mysql {
    fn system(&self) -> System {
        System::Mysql
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
        let mut connection = self.connect().await?;
        let version: Option<String> =
            connection.query_first("SELECT VERSION()").await.map_err(|e| error::mapped(&self.config, &e))?;
        let version = version.unwrap_or_default();
        let product = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
        Ok(format!("{product} {}", version.split('-').next().unwrap_or_default()))
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        let mut connection = self.connect().await?;
        introspect::list_tables(&mut connection).await.map_err(|e| error::mapped(&self.config, &e))
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let mut connection = self.connect().await?;
        let table = introspect::find_table(&mut connection, name).await.map_err(|e| error::mapped(&self.config, &e))?;
        Ok(table.map(|table| table.info))
    }

    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        read::open(self, options).await
    }

    async fn write(&self, schema: arrow::datatypes::SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        crate::error::no_write_options("MySQL", &options)?;
        write::open(self, schema, options).await
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        let mut connection = self.connect().await?;
        let mapped = |e| error::mapped(&self.config, &e);
        let mut transaction = connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
        let mut changed = 0;
        {
            let mut result = transaction.query_iter(sql).await.map_err(mapped)?;
            loop {
                changed += result.affected_rows();
                // One turn per statement; rows of a statement that returns some are passed over.
                while result.next().await.map_err(mapped)?.is_some() {}
                if result.is_empty() {
                    break;
                }
            }
        }
        transaction.commit().await.map_err(mapped)?;
        Ok(changed)
    }

    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64> {
        let mut connection = self.connect().await?;
        if let Relation::Table(name) = relation {
            introspect::get_table(&mut connection, &self.config, name).await?;
        }
        let mut sql = format!("SELECT COUNT(*) FROM {}", from_clause(relation));
        if let Some(filter) = filter {
            sql.push_str(&format!(" WHERE ({filter}\n)"));
        }
        let count: Option<u64> = connection.query_first(sql).await.map_err(|e| error::mapped(&self.config, &e))?;
        Ok(count.unwrap_or(0))
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

    fn sessions(&self) -> Option<usize> {
        Some(self.config.pool_size)
    }

    async fn row_statements(&self, table: &str, key: usize, columns: &[String]) -> Result<Box<dyn RowStatements>> {
        repair::row_statements(self, table, key, columns).await
    }

    async fn structure(&self, name: &str) -> Result<Option<TableStructure>> {
        let mut connection = self.connect().await?;
        structure::find(&mut connection, &self.config, name).await
    }

    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        let mut connection = self.connect().await?;
        ddl::plan(&mut connection, &self.config, wanted, live).await
    }

    async fn check_statement(&self, sql: &str, estimate: bool) -> Result<StatementCheck> {
        console::check(self, sql, estimate).await
    }

    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        console::rows(self, request, form).await
    }

    async fn begin(&self, time: Duration) -> Result<Box<dyn SqlTransaction>> {
        transaction::begin(self, time).await
    }

    async fn inspect(&self) -> Result<Inspection> {
        inspect::run(self).await
    }

    async fn backup(&self, request: &BackupRequest) -> Result<BackupReport> {
        backup::run(self, request).await
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<()> {
        backup::restore(self, request).await
    }
}

#[cfg(test)]
mod tests;
