//! `plugin.toml`: what a plugin is, what it asks for and how it is configured.

use crate::grants::{HttpPattern, TcpPattern};
use data::Error;
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The newest contract this server knows.
pub(crate) const CONTRACT: &str = "0.1";

/// What a plugin provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Reads rows in.
    Source,
    /// Writes rows out.
    Sink,
    /// Changes rows on their way.
    Transform,
    /// Delivers alerts.
    Channel,
    /// Turns SQL of one dialect into another's.
    Translator,
}

impl PluginKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Source, Self::Sink, Self::Transform, Self::Channel, Self::Translator];

    /// The word in manifests and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Transform => "transform",
            Self::Channel => "channel",
            Self::Translator => "translator",
        }
    }
}

/// What a plugin asks to be granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asks {
    /// Addresses of HTTP requests.
    pub http: Vec<HttpPattern>,
    /// Names of secrets.
    pub secrets: Vec<String>,
    /// Whether it wants to know the time and wait.
    pub clock: bool,
    /// Whether it wants a small durable memory.
    pub kv: bool,
    /// `host:port` pairs of plain connections.
    pub tcp: Vec<TcpPattern>,
    /// Names for connections to databases; an administrator says which connection each one is.
    pub sql: Vec<String>,
    /// Names for connections to Redis; an administrator says which connection each one is.
    pub redis: Vec<String>,
}

/// The manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Lowercase letters, digits and `-`; the step kind is `plugin/<name>`.
    pub name: String,
    /// Three numbers: `0.1.0`.
    pub version: String,
    /// The contract it was written for: `0.1`.
    pub contract: String,
    /// What it provides.
    pub kinds: Vec<PluginKind>,
    /// One sentence for people.
    pub description: String,
    /// Whether its transform keeps nothing from one batch to the next, so that an instance that has grown large may be put
    /// aside between two of them.
    #[serde(default)]
    pub stateless: bool,
    /// What it asks to be granted.
    #[serde(default)]
    pub capabilities: Asks,
    /// JSON Schema of its settings, an object; without it there are none.
    #[serde(default = "no_settings")]
    pub config: Value,
}

fn no_settings() -> Value {
    json!({ "type": "object", "additionalProperties": false })
}

impl Manifest {
    /// Refuses what cannot be a plugin's name.
    ///
    /// # Errors
    /// `plugin_invalid`.
    pub fn check_name(name: &str) -> Result<(), Error> {
        let good_name = !name.is_empty()
            && name.len() <= 64
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if good_name {
            return Ok(());
        }
        Err(invalid("`name` in `plugin.toml` must be 1 to 64 lowercase letters, digits and `-`, a letter first"))
    }

    /// The error of a plugin that is asked for a kind it has not.
    pub(crate) fn lacks(&self, kind: PluginKind) -> Error {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
        let message = format!("plugin `{}` is no {}; it is {}", self.name, kind.as_str(), kinds.join(", "));
        Error::permanent(ErrorCode::Unsupported, message)
    }

    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// `plugin_invalid`, naming the key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            invalid(format!("`plugin.toml` line {place}: {}", error.message().trim()))
        })?;
        let name = &manifest.name;
        Self::check_name(name)?;
        let parts: Vec<_> = manifest.version.split('.').collect();
        if parts.len() != 3 || parts.iter().any(|part| part.parse::<u32>().is_err()) {
            return Err(invalid(format!("`version` of plugin `{name}` must be three numbers like `0.1.0`")));
        }
        check_contract(name, &manifest.contract)?;
        if manifest.kinds.is_empty() {
            return Err(invalid(format!("`kinds` of plugin `{name}` is empty"))
                .hint("Name at least one of `source`, `sink`, `transform`, `channel`, `translator`."));
        }
        let names = &manifest.capabilities;
        let mut named = names.sql.iter().chain(&names.redis);
        if let Some(name) = named.find(|name| !is_connection_name(name)) {
            let (shown, plugin) = (crate::capability::always::clean(name, 64), &manifest.name);
            return Err(invalid(format!(
                "`{shown}` under `capabilities` of plugin `{plugin}` is no name for a connection"
            ))
            .hint("Use 1 to 64 letters, digits, `-` and `_`."));
        }
        if manifest.config.get("type").and_then(Value::as_str) != Some("object") {
            return Err(invalid(format!("`config` of plugin `{name}` must be a JSON Schema whose `type` is `object`")));
        }
        jsonschema::validator_for(&manifest.config)
            .map_err(|error| invalid(format!("`config` of plugin `{name}` is no JSON Schema: {error}")))?;
        Ok(manifest)
    }
}

/// Whether grants can spell it.
pub(crate) fn is_connection_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(good)
}

/// Refuses a contract newer than this server's, with a sentence rather than a link error.
pub(crate) fn check_contract(plugin: &str, contract: &str) -> Result<(), Error> {
    let mut parts = contract.split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    match (next(), next()) {
        (Some(0), Some(1)) => Ok(()),
        (Some(_), Some(_)) => {
            Err(invalid(format!("plugin `{plugin}` is built for contract {contract}; this server knows {CONTRACT}"))
                .hint("Install a version of the plugin for this contract, or a newer server."))
        }
        _ => Err(invalid(format!("`contract` of plugin `{plugin}` must be a version like `{CONTRACT}`"))),
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::permanent(ErrorCode::PluginInvalid, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = r#"
name = "a-plugin"
version = "1.2.3"
contract = "0.1"
kinds = ["source"]
description = "Reads."
[capabilities]
http = ["https://*"]
[config]
type = "object"
"#;

    fn check(from: &str, to: &str, expected: &str) {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "`{from}` is in the good manifest");
        let error = Manifest::parse(&text).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PluginInvalid);
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn a_good_manifest_is_read() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.kinds, [PluginKind::Source]);
        assert_eq!(manifest.capabilities.http[0].to_string(), "https://*");
    }

    #[test]
    fn without_config_there_are_no_settings() {
        let text = GOOD.replace("[config]\ntype = \"object\"\n", "");
        let settings = jsonschema::validator_for(&Manifest::parse(&text).unwrap().config).unwrap();
        assert!(settings.is_valid(&json!({})));
        assert!(!settings.is_valid(&json!({ "a": 1 })));
    }

    #[test]
    fn a_bad_manifest_names_the_key_and_what_is_allowed() {
        check("a-plugin", "../x", "`name`");
        check("a-plugin", "", "`name`");
        check("1.2.3", "1.2", "`version`");
        check("contract = \"0.1\"", "contract = \"0.2\"", "built for contract 0.2; this server knows 0.1");
        check("contract = \"0.1\"", "contract = \"new\"", "`contract`");
        check("[\"source\"]", "[\"reader\"]", "expected one of `source`");
        check("[\"source\"]", "[]", "`kinds`");
        check("https://*", "example.com", "no address pattern");
        check("type = \"object\"", "type = \"string\"", "`config`");
        check("type = \"object\"", "type = \"object\"\nrequired = 3", "no JSON Schema");
        check("description", "descripton", "unknown field");
        check("[config]", "[conf", "line");
    }
}
