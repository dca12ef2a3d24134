//! What belongs to one instance while it lives: its meter, its grants, its call and its resources.

use crate::capability::http::Web;
use crate::capability::kv::Kv;
use crate::capability::sql::Registry;
use crate::capability::wasi::Wasi;
use crate::grants::Grants;
use crate::health::Health;
use crate::limits::{Exceeded, Meter};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::ResourceTable;

/// One line a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLine<'a> {
    /// The plugin's name.
    pub plugin: &'a str,
    /// The idempotency key of the call: it begins with run and step.
    pub key: &'a str,
    /// How important.
    pub level: tracing::Level,
    /// The line, without control characters.
    pub message: &'a str,
    /// Named facts.
    pub fields: &'a [(String, String)],
}

/// Where plugins' log lines go besides the server's own log.
pub type LogSink = Arc<dyn Fn(&PluginLine<'_>) + Send + Sync>;

/// Looks up the values of secrets that grants refer to.
pub trait Secrets: Send + Sync {
    /// The value behind a reference such as `env:WEBHOOK_SECRET`; none where there is none.
    fn find(&self, reference: &str) -> Option<String>;
}

/// Reads `env:NAME` from the environment and `file:/path` from a file without its final line break.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalSecrets;

impl Secrets for LocalSecrets {
    fn find(&self, reference: &str) -> Option<String> {
        if let Some(name) = reference.strip_prefix("env:") {
            return std::env::var(name).ok();
        }
        let text = std::fs::read_to_string(reference.strip_prefix("file:")?).ok()?;
        Some(text.trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// The data of an instance's store.
pub(crate) struct State {
    pub(crate) plugin: Arc<str>,
    pub(crate) key: String,
    pub(crate) settings: String,
    pub(crate) grants: Arc<Grants>,
    /// Secrets that came with the call, by the names the manifest asks for.
    pub(crate) given: serde_json::Map<String, serde_json::Value>,
    pub(crate) meter: Meter,
    pub(crate) resources: ResourceTable,
    pub(crate) web: Arc<Web>,
    pub(crate) kv: Arc<Kv>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) log: Option<LogSink>,
    pub(crate) started: Instant,
    /// How many plain connections are open.
    pub(crate) connections: usize,
    /// The server's connections, where there are some.
    pub(crate) registry: Arc<Registry>,
    /// How many answers and transactions of SQL are open.
    pub(crate) statements: usize,
    /// The last line logged as an error: what a panic said before it trapped.
    pub(crate) last_error: Option<String>,
    /// What the runtime of its language has, where it has one.
    pub(crate) wasi: Wasi,
    /// Where it is counted how the plugin fares.
    pub(crate) health: Arc<Health>,
}

impl State {
    /// Counts one call of the host.
    pub(crate) fn host_call(&mut self) -> Result<(), Exceeded> {
        self.meter.host_call()
    }
}
