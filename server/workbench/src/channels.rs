//! The care of channels: create, change, delete, list, and a test of whether one works.
//!
//! The command line and GraphQL go through [`ChannelCare`]; the secrets of a channel leave by none of them.

mod kinds;

pub use kinds::{ChannelKind, ChannelSecret, channel_kinds};

use crate::name::{require_name, shorten};
use chrono::{DateTime, Utc};
use data::{Alert, AlertSeverity, Connections, Delivery};
use model::{ErrorCode, Fault, nearest};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use store::secrets::{Keyring, place};
use store::{ChannelRecord, Database, NewChannel};

/// Everything that is done to channels. Cloning is cheap.
#[derive(Clone)]
pub struct ChannelCare {
    database: Arc<Database>,
    keyring: Arc<Keyring>,
    pools: Arc<dyn Connections>,
}

/// A channel as people see it, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelView {
    /// Its name.
    pub name: String,
    /// `mail`, `webhook`, `plugin/<name>`.
    pub kind: String,
    /// Everything but the secrets.
    pub settings: Value,
    /// Whether it has secrets.
    pub has_secret: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<ChannelRecord> for ChannelView {
    fn from(record: ChannelRecord) -> Self {
        Self {
            name: record.name,
            kind: record.kind,
            settings: record.settings,
            has_secret: record.secret.is_some(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

/// A channel to be made, or what one is to be.
#[derive(Clone)]
pub struct ChannelWish {
    /// Its name: lowercase letters, digits, `-` and `_`.
    pub name: String,
    /// `mail`, `webhook`, `plugin/<name>`.
    pub kind: String,
    /// Everything but the secrets.
    pub settings: Map<String, Value>,
    /// Its secrets by name; none at all: those it has stay.
    pub secrets: Map<String, Value>,
}

impl ChannelCare {
    /// The care of a metadata database's channels; `pools` opens them.
    #[must_use]
    pub fn new(database: Arc<Database>, keyring: Arc<Keyring>, pools: Arc<dyn Connections>) -> Self {
        Self { database, keyring, pools }
    }

    /// Channels by name after the one called `after`, at most `limit` (and 500).
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<ChannelView>, Fault> {
        Ok(self.database.list_channels(after, limit).await?.into_iter().map(ChannelView::from).collect())
    }

    /// The channel of that name.
    ///
    /// # Errors
    /// `channel_not_found`, `store_failed`.
    pub async fn get(&self, name: &str) -> Result<ChannelView, Fault> {
        match self.database.find_channel(name).await? {
            Some(record) => Ok(record.into()),
            None => Err(self.absent(name).await?),
        }
    }

    /// Saves a new channel, after a look whether it can be opened; nothing is sent to it yet.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value`, `missing_key`, `channel_not_found` for a kind that is none, `address_refused`,
    /// `plugin_not_found`, `store_failed`.
    pub async fn create(&self, wish: ChannelWish) -> Result<ChannelView, Fault> {
        require_name("channel", &wish.name)?;
        if wish.name == engine::alerts::LOG {
            return Err(Fault::new(ErrorCode::AlreadyExists, "`log` is always there and writes to the run's log")
                .hint("Choose another name."));
        }
        self.try_opening(&wish, wish.secrets.clone()).await?;
        let new = self.seal(wish)?;
        Ok(self.database.create_channel(&new).await?.into())
    }

    /// Changes a channel.
    ///
    /// # Errors
    /// As for [`ChannelCare::create`], and `channel_not_found` where there is none of that name.
    pub async fn update(&self, wish: ChannelWish) -> Result<ChannelView, Fault> {
        let Some(record) = self.database.find_channel(&wish.name).await? else {
            return Err(self.absent(&wish.name).await?);
        };
        let secrets = match &record.secret {
            Some(sealed) if wish.secrets.is_empty() => {
                let plain = self.keyring.open(&place("channel", &wish.name), sealed)?;
                serde_json::from_slice(&plain).map_err(|_| {
                    let message = format!("the secrets of channel `{}` are damaged", wish.name);
                    Fault::new(ErrorCode::InvalidConfiguration, message).hint("Give them anew.")
                })?
            }
            _ => wish.secrets.clone(),
        };
        self.try_opening(&wish, secrets).await?;
        let changed = self.seal(wish)?;
        Ok(self.database.update_channel(&changed).await?.into())
    }

    /// Deletes a channel. What is still to be delivered to it fails.
    ///
    /// # Errors
    /// `channel_not_found`, `store_failed`.
    pub async fn delete(&self, name: &str) -> Result<(), Fault> {
        if self.database.delete_channel(name).await? {
            return Ok(());
        }
        Err(self.absent(name).await?)
    }

    /// Delivers a test alert of that severity.
    ///
    /// # Errors
    /// `channel_not_found`, and whatever keeps the channel from taking it.
    pub async fn test(&self, name: &str, severity: AlertSeverity) -> data::Result<Delivery> {
        let channel = self.pools.get_channel(name).await?;
        let alert = Alert {
            id: format!("test_{}", Utc::now().timestamp_micros()),
            severity,
            title: "Sluice test alert".to_owned(),
            text: format!("Channel `{name}` works."),
            fields: vec![("channel".to_owned(), name.to_owned())],
            ..Alert::default()
        };
        channel.deliver(&alert).await
    }

    /// Refuses a channel that is not there; `log` always is.
    ///
    /// # Errors
    /// `channel_not_found` with the channels there are in the hint, `store_failed`.
    pub async fn require(&self, name: &str) -> Result<(), Fault> {
        if name == engine::alerts::LOG || self.database.find_channel(name).await?.is_some() {
            return Ok(());
        }
        Err(self.absent(name).await?)
    }

    async fn absent(&self, name: &str) -> Result<Fault, Fault> {
        let known = self.database.list_channels(None, 500).await?;
        Ok(no_channel(name, known.iter().map(|record| record.name.as_str())))
    }

    async fn try_opening(&self, wish: &ChannelWish, secrets: Map<String, Value>) -> Result<(), Fault> {
        let settings = Value::Object(wish.settings.clone());
        self.pools.open_channel(&wish.kind, settings, secrets).await.map_err(|error| *error.fault)?;
        Ok(())
    }

    fn seal(&self, wish: ChannelWish) -> Result<NewChannel, Fault> {
        let secret = if wish.secrets.is_empty() {
            None
        } else {
            let text = serde_json::to_vec(&wish.secrets).expect("secrets are JSON");
            Some(self.keyring.seal(&place("channel", &wish.name), &text)?)
        };
        Ok(NewChannel { name: wish.name, kind: wish.kind, settings: Value::Object(wish.settings), secret })
    }
}

/// Says that a channel is not there, and which are.
#[must_use]
pub fn no_channel<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
    let known: Vec<&str> = known.into_iter().collect();
    let name = shorten(name);
    let fault = Fault::new(ErrorCode::ChannelNotFound, format!("channel `{name}` does not exist"));
    if let Some(near) = nearest(&name, known.iter().copied()) {
        return fault.hint(format!("Did you mean `{near}`?"));
    }
    if known.is_empty() {
        return fault.hint("There is none but `log` yet; `sluice channel add` makes one.");
    }
    let shown = known.iter().take(20).copied().collect::<Vec<_>>().join("`, `");
    fault.hint(format!("There are `log`, `{shown}`; `sluice channel add` makes another."))
}
