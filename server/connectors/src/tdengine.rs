//! TDengine 3, by the crate `taos` over taosAdapter's WebSocket.
//!
//! Every table is keyed by a timestamp, its first column, and there are no transactions: writes are keyed, so that a repeat
//! is harmless. Start with [`Tdengine`]; `session.rs` keeps what is wrong with the client library away from the rest.

mod backup;
mod config;
mod console;
mod ddl;
mod decode;
mod error;
mod insert;
mod inspect;
mod introspect;
mod literal;
mod read;
mod relay;
mod session;
mod sql;
mod statement;
mod structure;
mod subtable;
mod target;
mod types;
mod write;

pub use config::Config;

use crate::address::Gate;
use async_trait::async_trait;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::connector::{ReadOptions, Relation, TableInfo};
use data::console::{ConsoleForm, ConsoleRequest, ConsoleRows, StatementCheck};
use data::inspection::Inspection;
use data::structure::{TablePlan, TableStructure};
use data::{Abilities, Connector, Error, Result, Sink, Source, System, WriteOptions};
use error::Failure;
use session::{Pool, Session};
use sql::Place;
use std::sync::Arc;

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// `unknown_key`, `invalid_value`, or `unsupported` for TLS.
pub fn open(settings: &serde_json::Value, secret: Option<&str>, gate: &Gate) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Tdengine::new(Config::parse(settings)?, secret, gate)))
}

/// A pool of connections to one server.
#[derive(Clone)]
pub struct Tdengine {
    config: Arc<Config>,
    pool: Arc<Pool>,
}

impl Tdengine {
    /// The connector; nothing is sent yet.
    #[must_use]
    pub fn new(config: Config, secret: Option<&str>, gate: &Gate) -> Self {
        let config = Arc::new(config);
        let pool = Arc::new(Pool::new(config.clone(), secret, gate));
        Self { config, pool }
    }

    async fn session(&self) -> Result<Session> {
        self.pool.session().await.map_err(|failure| self.told(failure))
    }

    fn told(&self, failure: Failure) -> Error {
        failure.told(&self.config)
    }

    fn place(&self, name: &str) -> Result<Place> {
        Place::parse(name, self.config.database.as_deref())
    }

    fn database(&self) -> Result<&str> {
        self.config.database.as_deref().ok_or_else(|| {
            Error::permanent(model::ErrorCode::InvalidValue, "the connection names no database")
                .hint("Name a `database` in the connection.")
        })
    }
}

#[async_trait]
impl Connector for Tdengine {
    fn system(&self) -> System {
        System::Tdengine
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            sql: true,
            ordered_read: true,
            introspect: true,
            structure: true,
            console: true,
            inspect: true,
            backup: true,
            time_key: true,
            ..Abilities::default()
        }
    }

    async fn ping(&self) -> Result<String> {
        let mut session = self.session().await?;
        let version =
            introspect::rows(&mut session, "SELECT SERVER_VERSION()").await.map_err(|failure| self.told(failure))?;
        let version = introspect::texts(&version, 0).into_iter().next().unwrap_or_default();
        Ok(format!("TDengine {version}"))
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        let mut session = self.session().await?;
        introspect::list_tables(&mut session, self.database()?).await.map_err(|failure| self.told(failure))
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let mut session = self.session().await?;
        Ok(introspect::find_table(self, &mut session, name).await?.map(|table| table.info(None)))
    }

    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        read::open(self, options).await
    }

    async fn write(&self, schema: arrow::datatypes::SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        write::open(self, schema, options).await
    }

    async fn execute(&self, sql: &str) -> Result<u64> {
        let mut session = self.session().await?;
        let mut changed = 0;
        for statement in sql::split(sql) {
            changed += session.exec(statement).await.map_err(|failure| self.told(failure))?;
        }
        Ok(changed)
    }

    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64> {
        let mut session = self.session().await?;
        let from = match relation {
            Relation::Table(name) => introspect::get_table(self, &mut session, name).await?.place.quoted()?,
            // The line break ends a comment at the end of the query.
            Relation::Query(query) => format!("({}\n)", crate::name::trim_query(query)),
        };
        introspect::count(&mut session, &from, filter).await.map_err(|failure| self.told(failure))
    }

    async fn structure(&self, table: &str) -> Result<Option<TableStructure>> {
        let mut session = self.session().await?;
        Ok(introspect::find_table(self, &mut session, table).await?.map(|table| structure::of(&table)))
    }

    async fn plan_table(&self, wanted: &TableStructure, live: Option<&TableStructure>) -> Result<TablePlan> {
        ddl::plan(&self.place(&wanted.name)?, wanted, live)
    }

    async fn check_statement(&self, sql: &str, estimate: bool) -> Result<StatementCheck> {
        console::check(self, sql, estimate).await
    }

    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        console::rows(self, request, form).await
    }

    async fn inspect(&self) -> Result<Inspection> {
        inspect::inspect(self).await
    }

    async fn backup(&self, request: &BackupRequest) -> Result<BackupReport> {
        backup::backup(self, request).await
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<()> {
        backup::restore(self, request).await
    }
}

#[cfg(test)]
mod tests;
