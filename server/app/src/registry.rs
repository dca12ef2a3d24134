//! Saved connections and channels, opened once and shared, as `data` and `steps` ask for them.

use crate::settings::Settings;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connectors::Gate;
use connectors::http::{Client, Webhook, WebhookSettings};
use connectors::mail::{Mail, MailSettings};
use data::address::AddressRules;
use data::registry::{ConnectionInfo, Connections, PluginCall, Plugins};
use data::{Channel, Connector, Error, Result, System};
use model::{ErrorCode, Fault, nearest};
use plugin_host::Host;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use store::Database;
use store::secrets::{Keyring, place};
use tokio::sync::Mutex;

/// Connections and channels of the metadata database.
pub(crate) struct Registry {
    database: Arc<Database>,
    keyring: Arc<Keyring>,
    plugins: Arc<Host>,
    client: Client,
    rules: AddressRules,
    gate: Gate,
    opened: Mutex<HashMap<String, Opened>>,
}

/// A connector, and which state of its record it was opened from.
struct Opened {
    updated_at: DateTime<Utc>,
    connector: Arc<dyn Connector>,
}

impl Registry {
    pub(crate) fn new(
        database: Arc<Database>,
        keyring: Arc<Keyring>,
        plugins: Arc<Host>,
        client: Client,
        settings: &Settings,
    ) -> std::result::Result<Self, Fault> {
        let rules = settings.address_rules()?;
        let gate = settings.connection_gate()?;
        Ok(Self { database, keyring, plugins, client, rules, gate, opened: Mutex::default() })
    }

    /// Opens a channel of a kind: `mail`, `webhook`, or `plugin/<name>`.
    pub(crate) async fn open_channel(
        &self,
        kind: &str,
        settings: Value,
        secrets: Map<String, Value>,
    ) -> Result<Arc<dyn Channel>> {
        let secret = |name: &str| secrets.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(plugin) = kind.strip_prefix("plugin/") {
            let call = PluginCall { settings, secrets, ..PluginCall::default() };
            return self.plugins.open_channel(plugin, call).await;
        }
        match kind {
            "mail" => {
                let settings: MailSettings = read_settings(kind, settings)?;
                Ok(Arc::new(Mail::new(settings, secret("password").as_deref(), self.rules.clone())?))
            }
            "webhook" => {
                let Target { url, headers } = read_settings(kind, settings)?;
                let url = secret("url").or(url).ok_or_else(|| {
                    Error::permanent(ErrorCode::MissingKey, "a webhook channel needs a `url`")
                        .hint("Give it by `--set url=…`, or by `--secret url=…` where it holds a secret.")
                })?;
                let headers = headers.into_iter().collect();
                let settings = WebhookSettings { url, secret: secret("secret"), headers };
                Ok(Arc::new(Webhook::new(self.client.clone(), settings)?))
            }
            _ => Err(Error::permanent(ErrorCode::ChannelNotFound, format!("there is no channel kind `{kind}`"))
                .hint("Use `mail`, `webhook` or `plugin/<name>`.")),
        }
    }

    fn unseal(&self, table: &str, name: &str, sealed: Option<&store::secrets::Sealed>) -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = self.keyring.open(&place(table, name), sealed).map_err(Fault::from)?;
        String::from_utf8(plain).map(Some).map_err(|_| {
            Error::permanent(ErrorCode::InvalidConfiguration, format!("the secret of `{name}` is not text"))
        })
    }
}

#[async_trait]
impl Connections for Registry {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        let record = self.database.find_connection(name).await.map_err(Fault::from)?;
        let Some(record) = record else {
            let all = self.database.list_connections(None, 500).await.map_err(Fault::from)?;
            let names: Vec<&str> = all.iter().map(|record| record.name.as_str()).collect();
            return Err(not_found(ErrorCode::ConnectionNotFound, "connection", name, &names));
        };
        let mut opened = self.opened.lock().await;
        if let Some(there) = opened.get(name).filter(|there| there.updated_at == record.updated_at) {
            return Ok(there.connector.clone());
        }
        let secret = self.unseal("connection", name, record.secret.as_ref())?;
        let connector =
            connectors::open(read_system(&record.system)?, &record.settings, secret.as_deref(), &self.gate)?;
        let there = Opened { updated_at: record.updated_at, connector: connector.clone() };
        opened.insert(name.to_owned(), there);
        Ok(connector)
    }

    async fn list(&self) -> Result<Vec<ConnectionInfo>> {
        let mut infos = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.database.list_connections(after.as_deref(), 500).await.map_err(Fault::from)?;
            let Some(last) = page.last() else { return Ok(infos) };
            after = Some(last.name.clone());
            // What another build has saved and this one cannot open is no candidate for anything.
            infos.extend(page.into_iter().filter_map(|record| {
                let setting = |key: &str| record.settings.get(key).and_then(Value::as_str).map(str::to_owned);
                let database = setting("database").or_else(|| setting("path"));
                Some(ConnectionInfo { system: read_system(&record.system).ok()?, name: record.name, database })
            }));
        }
    }

    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>> {
        let record = self.database.find_channel(name).await.map_err(Fault::from)?;
        let Some(record) = record else {
            let all = self.database.list_channels(None, 500).await.map_err(Fault::from)?;
            let names: Vec<&str> = all.iter().map(|record| record.name.as_str()).collect();
            return Err(not_found(ErrorCode::ChannelNotFound, "channel", name, &names));
        };
        let secrets = self.unseal("channel", name, record.secret.as_ref())?;
        let secrets: Map<String, Value> = match secrets {
            Some(text) => serde_json::from_str(&text).map_err(|_| {
                Error::permanent(
                    ErrorCode::InvalidConfiguration,
                    format!("the secrets of channel `{name}` are damaged"),
                )
            })?,
            None => Map::new(),
        };
        self.open_channel(&record.kind, record.settings, secrets).await
    }
}

/// Settings of a webhook channel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    url: Option<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
}

fn read_settings<T: for<'de> Deserialize<'de>>(kind: &str, settings: Value) -> Result<T> {
    serde_json::from_value(settings).map_err(|error| {
        Error::permanent(ErrorCode::InvalidValue, format!("the settings of a `{kind}` channel are wrong: {error}"))
            .hint("`docs/channels.md` lists the settings of each kind.")
    })
}

/// The system a connection's record names.
fn read_system(word: &str) -> Result<System> {
    serde_json::from_value(Value::String(word.to_owned()))
        .map_err(|_| Error::permanent(ErrorCode::Unsupported, format!("this build has no connector for `{word}`")))
}

/// `… does not exist`, with a near name in the hint.
fn not_found(code: ErrorCode, what: &str, name: &str, names: &[&str]) -> Error {
    let shown: String = name.chars().take(80).collect();
    let error = Error::permanent(code, format!("{what} `{shown}` does not exist"));
    match nearest(&shown, names.iter().copied()) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint(format!("`sluice {what} list` shows what there is; `sluice {what} add` makes one.")),
    }
}
