//! Plugins: what is installed, and what administrators do with it.

use super::Context;
use crate::error::ApiError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use juniper::graphql_object;
use workbench::plugins::PluginView;

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
}

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
