//! Connections and channels by name, opened once and shared, as `data` and `steps` ask for them.
//!
//! Each use asks the metadata database which state of the connection counts, so that a change made anywhere is picked up
//! by every server and worker at its next use. What was opened of an older state closes when its last user has ended.

use crate::settings::Settings;
use async_trait::async_trait;
use connectors::http::{Client, Webhook, WebhookSettings};
use connectors::mail::{Mail, MailSettings};
use data::address::AddressRules;
use data::registry::{ConnectionInfo, Connections, PluginCall, Plugins};
use data::{Channel, Connector, Error, Opener, Result};
use model::{ErrorCode, Fault};
use plugin_host::Host;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use store::Database;
use store::secrets::{Keyring, place};
use tokio::sync::OnceCell;
use workbench::ConnectionBook;
use workbench::channels::no_channel;
use workbench::connections::Stamp;

/// How often what nobody asks for any more is compared with what is saved.
const SWEEP: Duration = Duration::from_secs(30);

/// Connections and channels of this process.
pub(crate) struct Registry {
    book: Arc<ConnectionBook>,
    opener: Arc<dyn Opener>,
    database: Arc<Database>,
    keyring: Arc<Keyring>,
    plugins: Arc<Host>,
    client: Client,
    rules: AddressRules,
    /// Held only to look, never while something is opened.
    opened: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The place of one connector: made once, by whoever comes first, while the others wait.
struct Slot {
    /// Which state of the connection it was opened from.
    stamp: Stamp,
    connector: OnceCell<Arc<dyn Connector>>,
}

impl Registry {
    pub(crate) fn new(
        (book, opener): (Arc<ConnectionBook>, Arc<dyn Opener>),
        (database, keyring): (Arc<Database>, Arc<Keyring>),
        plugins: Arc<Host>,
        client: Client,
        settings: &Settings,
    ) -> std::result::Result<Arc<Self>, Fault> {
        let rules = settings.address_rules()?;
        let registry =
            Arc::new(Self { book, opener, database, keyring, plugins, client, rules, opened: Mutex::default() });
        tokio::spawn(sweep(Arc::downgrade(&registry)));
        Ok(registry)
    }

    /// The place for that state of the connection. A caller who read an older state gets what is open of the newer one.
    fn slot(&self, name: &str, stamp: Stamp) -> Arc<Slot> {
        let mut opened = lock(&self.opened);
        if let Some(slot) = opened.get(name) {
            let is_newer = matches!((slot.stamp, stamp), (Stamp::Saved(..), Stamp::Saved(..))) && slot.stamp > stamp;
            if slot.stamp == stamp || is_newer {
                return slot.clone();
            }
        }
        let slot = Arc::new(Slot { stamp, connector: OnceCell::new() });
        opened.insert(name.to_owned(), slot.clone());
        slot
    }
}

#[async_trait]
impl Connections for Registry {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        let known = match self.book.get(name).await {
            Ok(known) => known,
            Err(fault) => {
                if fault.code == ErrorCode::ConnectionNotFound {
                    self.forget(name);
                }
                return Err(fault.into());
            }
        };
        let slot = self.slot(name, known.stamp());
        let open = || async { self.opener.open(&self.book.target(&known)?) };
        slot.connector.get_or_try_init(open).await.cloned()
    }

    async fn list(&self) -> Result<Vec<ConnectionInfo>> {
        let mut infos = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.book.list(after.as_deref(), 500).await?;
            let Some(last) = page.last() else { return Ok(infos) };
            after = Some(last.name().to_owned());
            // What another build has saved and this one cannot open is no candidate for anything.
            infos.extend(page.iter().filter_map(|known| {
                let view = known.view();
                let setting = |key: &str| view.settings.get(key).and_then(Value::as_str).map(str::to_owned);
                let database = setting("database").or_else(|| setting("path"));
                let system = serde_json::from_value(Value::String(view.system.clone())).ok()?;
                Some(ConnectionInfo { system, name: view.name, database })
            }));
        }
    }

    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>> {
        let record = self.database.find_channel(name).await.map_err(Fault::from)?;
        let Some(record) = record else {
            let all = self.database.list_channels(None, 500).await.map_err(Fault::from)?;
            return Err(no_channel(name, all.iter().map(|record| record.name.as_str())).into());
        };
        let damaged = || {
            let message = format!("the secrets of channel `{name}` are damaged");
            Error::permanent(ErrorCode::InvalidConfiguration, message)
        };
        let secrets: Map<String, Value> = match &record.secret {
            Some(sealed) => {
                let plain = self.keyring.open(&place("channel", name), sealed).map_err(Fault::from)?;
                serde_json::from_slice(&plain).map_err(|_| damaged())?
            }
            None => Map::new(),
        };
        self.open_channel(&record.kind, record.settings, secrets).await
    }

    async fn open_channel(&self, kind: &str, settings: Value, secrets: Map<String, Value>) -> Result<Arc<dyn Channel>> {
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
                let Destination { url, headers } = read_settings(kind, settings)?;
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

    fn forget(&self, name: &str) {
        // What closes with the last handle must not do so under the lock.
        let forgotten = lock(&self.opened).remove(name);
        drop(forgotten);
    }
}

/// Lets go of connections that were changed or deleted and that nobody has asked for since.
async fn sweep(registry: Weak<Registry>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(registry) = registry.upgrade() else { return };
        let opened: Vec<(String, Stamp)> =
            lock(&registry.opened).iter().map(|(name, slot)| (name.clone(), slot.stamp)).collect();
        for (name, stamp) in opened {
            // Where the database cannot be asked, everything stays as it is.
            let Ok(known) = registry.book.find(&name).await else { break };
            if known.is_none_or(|known| known.stamp() != stamp) {
                registry.forget(&name);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is whole after every step, so a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Settings of a webhook channel.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Destination {
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

#[cfg(test)]
mod tests;
