//! The server itself, for whoever looks after it: what it was started with, and the keys that seal secrets.
//!
//! `app` lays out the settings as its flags have them, without a secret in any; here they are only kept and told.

use chrono::{DateTime, Utc};
use model::Fault;
use serde::Serialize;
use std::sync::Arc;
use store::Database;
use store::secrets::{KEY_VARIABLE, Keyring};

/// What is known of the server. Cloning is cheap.
#[derive(Clone)]
pub struct ServerCare {
    database: Arc<Database>,
    keyring: Arc<Keyring>,
    facts: Arc<ServerFacts>,
}

/// What a server was started with.
#[derive(Debug, Clone, Serialize)]
pub struct ServerFacts {
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Its settings; none is changed while it runs.
    pub settings: Vec<ServerSetting>,
    /// The document that says where each class of data goes, where there is one.
    pub stores: Option<String>,
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct ServerSetting {
    /// What it belongs to: `serving`, `data`, `limits`, `addresses`, `plugins`, `log`.
    pub group: &'static str,
    /// Its flag: `--listen`.
    pub flag: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What holds, never a secret; empty: nothing.
    pub value: String,
}

/// The keys that seal secrets.
#[derive(Debug, Clone, Serialize)]
pub struct KeyStatus {
    /// The file they are in, or the environment variable.
    pub source: String,
    /// The first seals what is new.
    pub keys: Vec<KeyUse>,
    /// Values that are not under the first key.
    pub outdated: usize,
    /// Values that no key opens: `connection/history`.
    pub unreadable: Vec<String>,
}

/// A key, and how much it seals.
#[derive(Debug, Clone, Serialize)]
pub struct KeyUse {
    /// Names it without telling it.
    pub fingerprint: String,
    /// How many values it seals.
    pub sealed: usize,
}

impl ServerCare {
    /// Knows what the server was started with.
    #[must_use]
    pub fn new(database: Arc<Database>, keyring: Arc<Keyring>, facts: ServerFacts) -> Self {
        Self { database, keyring, facts: Arc::new(facts) }
    }

    /// The same with further settings, of the command that serves.
    #[must_use]
    pub fn with(self, more: Vec<ServerSetting>) -> Self {
        let mut facts = (*self.facts).clone();
        facts.settings.splice(0..0, more);
        Self { facts: Arc::new(facts), ..self }
    }

    /// What it was started with.
    #[must_use]
    pub fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    /// Which keys there are, and whether they open everything that is sealed; never a key itself.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn keys(&self) -> Result<KeyStatus, Fault> {
        let values = self.database.inspect_sealed(&self.keyring).await?;
        let key =
            |fingerprint: String| KeyUse { sealed: values.by_key.get(&fingerprint).copied().unwrap_or(0), fingerprint };
        Ok(KeyStatus {
            source: self.keyring.file().map_or_else(|| KEY_VARIABLE.to_owned(), |file| file.display().to_string()),
            keys: self.keyring.fingerprints().into_iter().map(key).collect(),
            outdated: values.outdated,
            unreadable: values.unreadable.into_iter().map(|(place, _)| place).collect(),
        })
    }
}
