//! Redis: rows into hashes, strings, sets, sorted sets, lists and streams under keys made from a template, and back.
//!
//! The record of what was written is a hash beside the data, changed in the same MULTI where a repeat would double;
//! keyed structures bear a repeat. Start with [`Redis`]; `shape.rs` says what the structures are.

mod backup;
mod command;
mod config;
mod console;
mod error;
mod inspect;
mod json;
mod pipeline;
mod read;
mod scan;
mod shape;
mod stream;
mod tables;
mod template;
mod typed;
mod value;
mod write;

pub use config::Config;

use crate::Gate;
use async_trait::async_trait;
use data::backup::{BackupReport, BackupRequest, RestoreRequest};
use data::connector::{ReadOptions, Relation, TableInfo};
use data::console::{ConsoleForm, ConsoleRequest, ConsoleRows, StatementCheck};
use data::inspection::Inspection;
use data::transaction::{Pipeline, PipelineValue};
use data::{Abilities, Connector, Error, Result, Sink, Source, System, WriteOptions};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// `unknown_key` or `invalid_value`.
pub fn open(settings: &serde_json::Value, secret: Option<&str>, gate: &Gate) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Redis::new(Config::parse(settings)?, secret, gate.clone())?))
}

/// One Redis server.
#[derive(Debug, Clone)]
pub struct Redis {
    config: Arc<Config>,
    client: redis::Client,
    gate: Gate,
}

impl Redis {
    /// The connector; nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_value` for a host that cannot be used.
    pub fn new(config: Config, secret: Option<&str>, gate: Gate) -> Result<Self> {
        let client = config.client(secret)?;
        Ok(Self { config: Arc::new(config), client, gate })
    }

    /// A connection of its own: a transaction watches keys, which connections that are shared would mix up.
    async fn connect(&self) -> Result<MultiplexedConnection> {
        self.connect_for(Duration::from_secs(self.config.response_timeout)).await
    }

    /// A connection that gives up on an answer after `patience`.
    async fn connect_for(&self, patience: Duration) -> Result<MultiplexedConnection> {
        let wait = Duration::from_secs(self.config.connect_timeout);
        let addresses = self.gate.resolve(&self.config.host, self.config.port).await?;
        let config = redis::AsyncConnectionConfig::new()
            // Ours below comes first: the library's does not cover a server that accepts and then says nothing.
            .set_connection_timeout(Some(wait * 2))
            // The library gives up on answers after half a second, which a large pipeline exceeds.
            .set_response_timeout(Some(patience))
            .set_dns_resolver(Checked(addresses));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config);
        match tokio::time::timeout(wait, connection).await {
            Ok(connection) => connection.map_err(|e| error::mapped(&self.config, &e)),
            Err(_) => Err(error::silent(&self.config)),
        }
    }
}

/// The addresses that the gate let through: what was checked is what is connected to, whatever the name leads to by now.
/// TLS still verifies the name.
struct Checked(Vec<SocketAddr>);

impl redis::io::AsyncDNSResolver for Checked {
    fn resolve<'a, 'b: 'a>(
        &'a self,
        _host: &'b str,
        _port: u16,
    ) -> redis::RedisFuture<'a, Box<dyn Iterator<Item = SocketAddr> + Send + 'a>> {
        Box::pin(async { Ok(Box::new(self.0.iter().copied()) as Box<dyn Iterator<Item = SocketAddr> + Send + 'a>) })
    }
}

fn unsupported(what: &str, hint: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, format!("Redis has no {what}")).hint(hint)
}

#[async_trait]
impl Connector for Redis {
    fn system(&self) -> System {
        System::Redis
    }

    fn abilities(&self) -> Abilities {
        // Its tables are groups of keys, whose columns nobody promises: `introspect` stays unset.
        Abilities { transactions: true, console: true, inspect: true, backup: true, ..Abilities::default() }
    }

    async fn ping(&self) -> Result<String> {
        let mut connection = self.connect().await?;
        let mapped = |e| error::mapped(&self.config, &e);
        let _: String = redis::cmd("PING").query_async(&mut connection).await.map_err(mapped)?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.unwrap_or_default();
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or_default();
        Ok(format!("Redis {version}").trim_end().to_owned())
    }

    async fn list_tables(&self) -> Result<Vec<String>> {
        tables::list(self).await
    }

    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        tables::find(self, name).await
    }

    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        read::open(self, options).await
    }

    async fn write(&self, schema: arrow::datatypes::SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
        write::open(self, schema, options).await
    }

    async fn execute(&self, _sql: &str) -> Result<u64> {
        Err(unsupported("SQL", "Use a `write` step, or a plugin granted the `redis` capability."))
    }

    async fn count(&self, relation: &Relation, filter: Option<&str>) -> Result<u64> {
        let Relation::Table(pattern) = relation else {
            return Err(unsupported("queries", "Count keys by a pattern such as `quote:*`."));
        };
        if filter.is_some() {
            return Err(unsupported("conditions", "Count without a filter."));
        }
        let mut connection = self.connect().await?;
        tables::count(&mut connection, &self.config, pattern).await
    }

    async fn check_statement(&self, sql: &str, _estimate: bool) -> Result<StatementCheck> {
        Ok(command::Line::check(sql))
    }

    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        console::rows(self, request, form).await
    }

    async fn pipeline(&self, pipeline: Pipeline) -> Result<Vec<PipelineValue>> {
        pipeline::send(self, pipeline).await
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

/// Bytes that have to be text.
fn text(what: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let shown = crate::error::shortened(&String::from_utf8_lossy(error.as_bytes()));
        Error::permanent(ErrorCode::ValueRefused, format!("{what} is not UTF-8: `{shown}`"))
            .hint("Choose a pattern that leaves it out.")
    })
}

#[cfg(test)]
mod tests;
