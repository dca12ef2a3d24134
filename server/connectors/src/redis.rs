//! Redis: rows into hashes, strings and lists under keys made from a template, and hashes back as rows.
//!
//! The record of what was written is a hash beside the data, changed in the same MULTI; writes are keyed besides, so that a
//! repeat writes the same values. Start with [`Redis`].

mod config;
mod error;
mod read;
mod template;
mod write;

pub use config::Config;

use async_trait::async_trait;
use data::connector::{ReadOptions, Relation, TableInfo};
use data::{Abilities, Connector, Error, Result, Sink, Source, System, WriteOptions};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use std::time::Duration;

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// `unknown_key` or `invalid_value`.
pub fn open(settings: &serde_json::Value, secret: Option<&str>) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Redis::new(Config::parse(settings)?, secret)?))
}

/// One Redis server.
#[derive(Debug, Clone)]
pub struct Redis {
    config: Arc<Config>,
    client: redis::Client,
}

impl Redis {
    /// The connector; nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_value` for a host that cannot be used.
    pub fn new(config: Config, secret: Option<&str>) -> Result<Self> {
        let client = config.client(secret)?;
        Ok(Self { config: Arc::new(config), client })
    }

    /// A connection of its own: a transaction watches keys, which connections that are shared would mix up.
    async fn connect(&self) -> Result<MultiplexedConnection> {
        // The library gives up on answers after half a second, which a large pipeline exceeds.
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(10)))
            .set_response_timeout(Some(Duration::from_secs(60)));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await;
        connection.map_err(|e| error::mapped(&self.config, &e))
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
        Abilities { transactions: true, ..Abilities::default() }
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
        Err(unsupported("tables", "Read keys by a pattern such as `quote:*`."))
    }

    async fn find_table(&self, _name: &str) -> Result<Option<TableInfo>> {
        Err(unsupported("tables", "Read keys by a pattern such as `quote:*`."))
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
        Ok(read::keys(&mut connection, &self.config, pattern).await?.len() as u64)
    }
}

#[cfg(test)]
mod tests;
