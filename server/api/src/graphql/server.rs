//! The server itself: version, settings, keys. All of it is for admins.

use super::Context;
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::graphql_object;
use workbench::server::{KeyStatus as Status, KeyUse as Use, ServerCare, ServerSetting as Setting};

/// The server that answers.
pub struct Server(pub ServerCare);

#[graphql_object(context = Context)]
impl Server {
    fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
    fn started_at(&self) -> DateTime<Utc> {
        self.0.facts().started_at
    }
    /// What it was started with, by flags and environment; a restart changes it.
    fn settings(&self) -> Vec<ServerSetting> {
        self.0.facts().settings.iter().cloned().map(ServerSetting).collect()
    }
    /// The document that says where each class of data goes; none: there is none.
    fn stores(&self) -> Option<&str> {
        self.0.facts().stores.as_deref()
    }
    /// The keys that seal secrets, and whether they open everything.
    async fn keys(&self) -> Result<KeyStatus, ApiError> {
        Ok(KeyStatus(self.0.keys().await?))
    }
}

/// A setting of the server.
pub struct ServerSetting(Setting);

#[graphql_object(context = Context)]
impl ServerSetting {
    /// `serving`, `data`, `limits`, `addresses`, `plugins`, `log`.
    fn group(&self) -> &str {
        self.0.group
    }
    /// `--listen`.
    fn flag(&self) -> &str {
        self.0.flag
    }
    /// Its environment variable.
    fn variable(&self) -> &str {
        self.0.variable
    }
    /// What holds, never a secret; empty: nothing.
    fn value(&self) -> &str {
        &self.0.value
    }
}

/// The keys that seal secrets.
pub struct KeyStatus(Status);

#[graphql_object(context = Context)]
impl KeyStatus {
    /// The file they are in, or the environment variable.
    fn source(&self) -> &str {
        &self.0.source
    }
    /// The first seals what is new.
    fn keys(&self) -> Vec<KeyUse> {
        self.0.keys.iter().cloned().map(KeyUse).collect()
    }
    /// How many values are not under the first key; `sluice key rotate` seals them anew.
    fn outdated(&self) -> i32 {
        i32::try_from(self.0.outdated).unwrap_or(i32::MAX)
    }
    /// Values that no key opens: `connection/history`.
    fn unreadable(&self) -> &[String] {
        &self.0.unreadable
    }
}

/// A key, and how much it seals.
pub struct KeyUse(Use);

#[graphql_object(context = Context)]
impl KeyUse {
    /// Names the key without telling it.
    fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }
    fn sealed(&self) -> i32 {
        i32::try_from(self.0.sealed).unwrap_or(i32::MAX)
    }
}
