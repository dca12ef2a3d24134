//! How steps reach connections and plugins by name, without knowing who implements them.

use crate::{Channel, Connector, Result, Sink, Source, Transformer};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use std::sync::Arc;

/// The saved connections and channels of the server.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The connector behind the connection of that name, opened once and shared.
    ///
    /// # Errors
    /// `connection_not_found` with a near name in the hint, or what opening it met.
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>>;

    /// The channel of that name.
    ///
    /// # Errors
    /// `channel_not_found`.
    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>>;
}

/// Who calls a plugin: for its log lines, its `kv` namespace and its idempotency keys.
#[derive(Debug, Clone, Default)]
pub struct PluginCall {
    /// Settings of the step, rendered, as a JSON object.
    pub settings: serde_json::Value,
    /// The same in every attempt of the same piece of work: `run_…/bars`.
    pub idempotency_key: String,
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
