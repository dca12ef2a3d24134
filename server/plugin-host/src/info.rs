//! What is known of an installed plugin without running it: its manifest, its grants, its versions, and how the checker of
//! documents sees it.

use crate::grants::Grants;
use crate::library::{Current, Installed};
use crate::manifest::{Asks, Manifest, PluginKind};
use model::kind::{Inputs, KindInfo};
use serde::Serialize;

/// What is known of an installed plugin.
#[derive(Debug, Clone, Serialize)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// The contract it was written for.
    pub contract: String,
    /// What it provides.
    pub kinds: Vec<PluginKind>,
    /// What it asks to be granted.
    pub asks: Asks,
    /// What it was granted.
    pub grants: Grants,
    /// JSON Schema of its settings.
    pub config: serde_json::Value,
    /// Digest of manifest and component, in hex.
    pub digest: String,
    /// The name of the trusted key that signed it.
    pub signed_by: Option<String>,
    /// The numbers of all versions that are kept, newest first; workflows may ask for one: `plugin/name@1.2`.
    pub versions: Vec<String>,
}

impl PluginInfo {
    pub(crate) fn new(installed: &Installed) -> Self {
        let Manifest { name, version, contract, kinds, description, capabilities, stateless: _, config } =
            installed.manifest.clone();
        let Current { digest, grants, signed_by, others } = installed.current.clone();
        let mut versions: Vec<String> = others.into_iter().map(|kept| kept.version).chain([version.clone()]).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(crate::library::numbers(version)));
        let asks = capabilities;
        Self { name, version, description, contract, kinds, asks, grants, config, digest, signed_by, versions }
    }

    /// What the checker must know of the step kind `plugin/<name>`; none for a plugin that is no step.
    #[must_use]
    pub fn kind_info(&self) -> Option<KindInfo> {
        let is = |kind| self.kinds.contains(&kind);
        let takes = is(PluginKind::Sink) || is(PluginKind::Transform);
        let inputs = match (is(PluginKind::Source), takes) {
            (true, true) => Inputs::Optional,
            (true, false) => Inputs::None,
            (false, true) => Inputs::Required,
            (false, false) => return None,
        };
        let mut ports = Vec::new();
        if is(PluginKind::Source) || is(PluginKind::Transform) {
            ports.push("out".to_owned());
        }
        if is(PluginKind::Source) {
            ports.push("rejected".to_owned());
        }
        Some(KindInfo {
            name: format!("plugin/{}", self.name),
            summary: self.description.clone(),
            schema: self.step_schema(),
            inputs,
            ports,
            named_ports: false,
            outputs: Vec::new(),
        })
    }

    /// The plugin's config schema with the key that is the step's own: a plugin that allows no key but its own is used with
    /// `as` all the same, and forms and completion show it.
    fn step_schema(&self) -> serde_json::Value {
        let mut schema = self.config.clone();
        let roles = [PluginKind::Source, PluginKind::Transform, PluginKind::Sink];
        let roles: Vec<_> = roles.iter().filter(|kind| self.kinds.contains(kind)).map(|kind| kind.as_str()).collect();
        if let Some(schema) = schema.as_object_mut() {
            let properties = schema.entry("properties").or_insert_with(|| serde_json::json!({}));
            if let Some(properties) = properties.as_object_mut() {
                let own = serde_json::json!({ "enum": roles, "description": "What the plugin is used as." });
                properties.entry("as").or_insert(own);
            }
        }
        schema
    }

    /// What the plugin asks for and was not granted, each as people read it: `http https://*`.
    #[must_use]
    pub fn missing_grants(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.grants.http.is_empty() {
            missing.extend(self.asks.http.iter().map(|pattern| format!("http {pattern}")));
        }
        if self.grants.tcp.is_empty() {
            missing.extend(self.asks.tcp.iter().map(|pattern| format!("tcp {pattern}")));
        }
        let secrets = self.asks.secrets.iter().filter(|name| !self.grants.secrets.contains_key(*name));
        missing.extend(secrets.map(|name| format!("secret {name}")));
        if self.asks.clock && !self.grants.clock {
            missing.push("clock".to_owned());
        }
        if self.asks.kv && !self.grants.kv {
            missing.push("kv".to_owned());
        }
        let sql = self.asks.sql.iter().filter(|name| !self.grants.sql.contains_key(*name));
        missing.extend(sql.map(|name| format!("sql {name}")));
        let redis = self.asks.redis.iter().filter(|name| !self.grants.redis.contains_key(*name));
        missing.extend(redis.map(|name| format!("redis {name}")));
        missing
    }
}
