//! Plugins: what is installed, how it fares, and what administrators do with it.

use super::Context;
use super::page::{Filling, connection};
use super::types::{Problem, count};
use crate::error::ApiError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use juniper::{GraphQLEnum, GraphQLObject, graphql_object};
use tracing::Level;
use workbench::plugins::{PluginHealth as Health, PluginLine, PluginView};

/// An installed plugin.
pub struct Plugin(pub PluginView);

#[graphql_object(context = Context)]
impl Plugin {
    /// Its name; the step kind is `plugin/<name>`.
    fn name(&self) -> &str {
        &self.0.name
    }
    /// The version in use.
    fn version(&self) -> &str {
        &self.0.version
    }
    /// All versions that are kept, newest first; a workflow asks for one by `plugin/<name>@1.2`.
    fn versions(&self) -> &[String] {
        &self.0.versions
    }
    /// What it does, in one sentence.
    fn description(&self) -> &str {
        &self.0.description
    }
    /// The contract it was written for.
    fn contract(&self) -> &str {
        &self.0.contract
    }
    /// `source`, `sink`, `transform`, `channel`, `translator`.
    fn kinds(&self) -> &[String] {
        &self.0.kinds
    }
    /// What it asks to be granted, as JSON.
    fn asks(&self) -> String {
        self.0.asks.to_string()
    }
    /// What it was granted: `http:https://api.example.com`, `secret:token=env:API_TOKEN`, `clock`, `kv`.
    fn grants(&self) -> &[String] {
        &self.0.grants
    }
    /// What it asks for and was not granted.
    fn missing(&self) -> &[String] {
        &self.0.missing
    }
    /// JSON Schema of its settings, as JSON.
    fn config_schema(&self) -> String {
        self.0.config.to_string()
    }
    /// Digest of manifest and component, in hex.
    fn digest(&self) -> &str {
        &self.0.digest
    }
    /// The name of the trusted key that signed it; none: not signed.
    fn signed_by(&self) -> Option<&str> {
        self.0.signed_by.as_deref()
    }
    /// How it has fared on this server since that was started, all its versions together.
    fn health(&self, context: &Context) -> PluginHealth {
        PluginHealth(context.workbench.plugins.health(&self.0.name))
    }
    /// The last lines it has logged on this server since that was started, newest first, of `level` or graver: some
    /// hundreds, of warnings and errors and of the rest each. A run's own log has all.
    fn logs(
        &self,
        context: &Context,
        level: Option<PluginLogLevel>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<PluginLogConnection, ApiError> {
        let level = level.unwrap_or(PluginLogLevel::Trace).into();
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let before = after.map(str::parse::<u64>).transpose();
            let before = before.map_err(|_| ApiError::bad_request("`after` is not the cursor of a line"))?;
            let found = context.workbench.plugins.logs(&self.0.name, level, before, limit as usize);
            filling.take(found.into_iter().map(|line| (line.number.to_string(), PluginLog(line), true)));
        }
        Ok(filling.page().into())
    }
}

/// How a plugin has fared.
pub struct PluginHealth(Health);

#[graphql_object(context = Context)]
impl PluginHealth {
    /// Instances that were made: one for each opened source, sink, transform or translator and each delivery.
    fn instances(&self) -> f64 {
        count(self.0.instances)
    }
    /// Calls of its functions.
    fn calls(&self) -> f64 {
        count(self.0.calls)
    }
    /// Errors that calls ended with: those it told itself, and those below.
    fn failures(&self) -> f64 {
        count(self.0.failures)
    }
    /// Of these: it crashed, or broke the contract.
    fn traps(&self) -> f64 {
        count(self.0.traps)
    }
    /// Of these: it exceeded a limit and was ended.
    fn limit_hits(&self) -> f64 {
        count(self.0.limit_hits)
    }
    /// Seconds spent in calls, waiting included.
    fn seconds(&self) -> f64 {
        self.0.seconds
    }
    /// The last of the failures.
    fn last_failure(&self) -> Option<PluginFailure> {
        let (at, fault) = self.0.last_failure.clone()?;
        Some(PluginFailure { at, error: fault.into() })
    }
}

/// An error that a plugin's call ended with.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct PluginFailure {
    at: DateTime<Utc>,
    error: Problem,
}

/// How important a line is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum PluginLogLevel {
    // The derived code has an `Error` of its own.
    /// Something failed.
    #[graphql(name = "ERROR")]
    Failed,
    /// Worth a look.
    Warn,
    /// Good to know.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl From<PluginLogLevel> for Level {
    fn from(level: PluginLogLevel) -> Self {
        match level {
            PluginLogLevel::Failed => Self::ERROR,
            PluginLogLevel::Warn => Self::WARN,
            PluginLogLevel::Info => Self::INFO,
            PluginLogLevel::Debug => Self::DEBUG,
            PluginLogLevel::Trace => Self::TRACE,
        }
    }
}

/// A line that a plugin has logged.
pub struct PluginLog(PluginLine);

#[graphql_object(context = Context)]
impl PluginLog {
    fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    fn level(&self) -> PluginLogLevel {
        match self.0.level {
            Level::ERROR => PluginLogLevel::Failed,
            Level::WARN => PluginLogLevel::Warn,
            Level::INFO => PluginLogLevel::Info,
            Level::DEBUG => PluginLogLevel::Debug,
            Level::TRACE => PluginLogLevel::Trace,
        }
    }
    /// The call it was logged in: it begins with run and step.
    fn call(&self) -> &str {
        &self.0.call
    }
    fn message(&self) -> &str {
        &self.0.message
    }
    /// Named facts: `name=value name=value`.
    fn fields(&self) -> &str {
        &self.0.fields
    }
}

connection!(
    /// A page of a plugin's log.
    PluginLogConnection of PluginLogEdge of PluginLog
);

pub(super) fn list(context: &Context) -> Result<Vec<Plugin>, ApiError> {
    Ok(context.workbench.plugins.list()?.into_iter().map(Plugin).collect())
}

pub(super) fn get(context: &Context, name: &str) -> Result<Plugin, ApiError> {
    Ok(Plugin(context.workbench.plugins.get(name)?))
}

pub(super) async fn install(context: &Context, archive: &str, grants: Option<Vec<String>>) -> Result<Plugin, ApiError> {
    let archive =
        BASE64_STANDARD.decode(archive.trim()).map_err(|_| ApiError::bad_request("`archive` is not base64"))?;
    Ok(Plugin(context.workbench.plugins.install(archive, grants).await?))
}

pub(super) fn grant(context: &Context, name: &str, grants: Vec<String>) -> Result<Plugin, ApiError> {
    Ok(Plugin(context.workbench.plugins.grant(name, grants)?))
}

pub(super) fn roll_back(context: &Context, name: &str, to: Option<&str>) -> Result<Plugin, ApiError> {
    Ok(Plugin(context.workbench.plugins.roll_back(name, to)?))
}

pub(super) fn remove(context: &Context, name: &str) -> Result<bool, ApiError> {
    context.workbench.plugins.remove(name)?;
    Ok(true)
}
