//! How steps reach connections and plugins by name, without knowing who implements them.

use crate::{Channel, Connector, Error, Result, Sink, Source, System, Transformer};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use model::ErrorCode;
use std::sync::Arc;

/// A saved connection as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Its name.
    pub name: String,
    /// Which system it speaks to.
    pub system: System,
    /// The database it speaks to: its name on a server, the path of a file; none where the connection names none.
    pub database: Option<String>,
}

/// The saved connections and channels of the server.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The connector behind the connection of that name, opened once and shared.
    ///
    /// # Errors
    /// `connection_not_found` with a near name in the hint, or what opening it met.
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>>;

    /// All connections by name.
    ///
    /// # Errors
    /// `unsupported` where there is no list, or when the metadata database fails.
    async fn list(&self) -> Result<Vec<ConnectionInfo>> {
        Err(Error::permanent(ErrorCode::Unsupported, "connections cannot be listed here"))
    }

    /// The channel of that name.
    ///
    /// # Errors
    /// `channel_not_found`.
    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>>;

    /// A channel of a kind (`mail`, `webhook`, `plugin/<name>`) with those settings and secrets, saved or not.
    ///
    /// # Errors
    /// `channel_not_found` for a kind that is none, `invalid_value` and `missing_key` for settings that do not fit,
    /// `address_refused`, `plugin_not_found`.
    async fn open_channel(
        &self,
        kind: &str,
        settings: serde_json::Value,
        secrets: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Arc<dyn Channel>> {
        let _ = (settings, secrets);
        Err(Error::permanent(ErrorCode::Unsupported, format!("channels of the kind `{kind}` cannot be opened here")))
    }

    /// Lets go of what was opened under that name: the connection was changed or deleted. Whoever uses it still may end.
    fn forget(&self, name: &str) {
        let _ = name;
    }
}

/// What a connection's address says, with the secret apart from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Which system.
    pub system: System,
    /// Host, port, database, user and parameters, as a JSON object without the secret.
    pub settings: serde_json::Value,
    /// The password or token.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("system", &self.system).finish_non_exhaustive()
    }
}

/// How a connector is made from an address, without knowing who implements it.
pub trait Opener: Send + Sync {
    /// Reads `postgres://user:pass@host:port/db?name=value` and the like.
    ///
    /// # Errors
    /// `invalid_value`; the message never repeats the URL.
    fn parse_url(&self, url: &str) -> Result<Target>;

    /// Makes the connector, behind the operator's address rules. Nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_value` or `unknown_key` for settings the system does not know, `unsupported` for a system without connector.
    fn open(&self, target: &Target) -> Result<Arc<dyn Connector>>;
}

/// Who calls a plugin: for its log lines, its `kv` namespace and its idempotency keys.
#[derive(Clone, Default)]
pub struct PluginCall {
    /// Settings of the step, rendered, as a JSON object.
    pub settings: serde_json::Value,
    /// The same in every attempt of the same piece of work: `run_…/bars`.
    pub idempotency_key: String,
    /// Values for the capability `secret`, by the names the plugin's manifest asks for. Never logged.
    pub secrets: serde_json::Map<String, serde_json::Value>,
}

impl std::fmt::Debug for PluginCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginCall").field("idempotency_key", &self.idempotency_key).finish_non_exhaustive()
    }
}

/// The installed plugins.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Opens a source, at a checkpoint of an earlier attempt where one is given.
    ///
    /// # Errors
    /// `plugin_not_found`, `capability_denied`, `plugin_failed`, `plugin_limit`, or what the plugin itself says.
    async fn open_source(
        &self,
        plugin: &str,
        call: PluginCall,
        resume_at: Option<crate::Checkpoint>,
    ) -> Result<Box<dyn Source>>;

    /// Opens a sink.
    ///
    /// # Errors
    /// As for [`Plugins::open_source`].
    async fn open_sink(&self, plugin: &str, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn Sink>>;

    /// Opens a transform.
    ///
    /// # Errors
    /// As for [`Plugins::open_source`].
    async fn open_transform(&self, plugin: &str, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn Transformer>>;

    /// The channel a plugin provides, with the channel's settings in `call`.
    ///
    /// # Errors
    /// As for [`Plugins::open_source`].
    async fn open_channel(&self, plugin: &str, call: PluginCall) -> Result<Arc<dyn Channel>>;
}

/// A file, or what an address answers, that a step wants to read.
#[derive(Debug, Clone)]
pub struct FileRequest {
    /// The folder that relative paths start from and no path may leave.
    pub root: std::path::PathBuf,
    /// `csv`, `json` or `parquet`.
    pub format: String,
    /// The path relative to `root`, or an `http://` or `https://` address.
    pub location: String,
    /// The format's settings and the request's (`method`, `headers`, `body`), as the step's schema allows them.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Where an earlier attempt's source stood.
    pub resume_at: Option<crate::Checkpoint>,
}

/// How steps read files and addresses, without knowing formats or the network.
#[async_trait]
pub trait Files: Send + Sync {
    /// Opens a source over the file or the answer.
    ///
    /// # Errors
    /// `file_not_found`, `invalid_value` for a path that leaves the folder or a wrong setting, `address_refused`,
    /// `remote_failed`, or a connection error.
    async fn open(&self, request: FileRequest) -> Result<Box<dyn Source>>;
}
