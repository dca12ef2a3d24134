//! The kinds of channels there are, each with the JSON Schema of its settings and the names of its secrets.
//!
//! `mail` and `webhook` are described here in the words of `docs/channels.md`; what reads them is in `connectors`, and the
//! test beside `app`'s registry holds the two together. Plugins describe themselves.

use crate::plugins::PluginShelf;
use model::Fault;
use serde::Serialize;
use serde_json::{Value, json};

/// A kind of channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelKind {
    /// `mail`, `webhook`, `plugin/<name>`.
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// JSON Schema of its settings.
    pub schema: Value,
    /// Its secrets by name, each with what it is.
    pub secrets: Vec<ChannelSecret>,
}

/// A secret of a kind of channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChannelSecret {
    /// Its name.
    pub name: String,
    /// What it is; empty where the plugin does not say.
    pub about: String,
}

/// All kinds: those of this server, and one for each plugin that delivers alerts.
///
/// # Errors
/// `disk_failed` where the plugins cannot be read.
pub fn channel_kinds(plugins: &dyn PluginShelf) -> Result<Vec<ChannelKind>, Fault> {
    let mut kinds = vec![mail(), webhook()];
    for plugin in plugins.list()? {
        if !plugin.kinds.iter().any(|kind| kind == "channel") {
            continue;
        }
        let asked = plugin.asks.get("secrets").and_then(Value::as_array).cloned().unwrap_or_default();
        let names = asked.iter().filter_map(Value::as_str);
        kinds.push(ChannelKind {
            kind: format!("plugin/{}", plugin.name),
            summary: plugin.description,
            schema: plugin.config,
            secrets: names.map(|name| secret(name, "")).collect(),
        });
    }
    Ok(kinds)
}

fn secret(name: &str, about: &str) -> ChannelSecret {
    ChannelSecret { name: name.to_owned(), about: about.to_owned() }
}

fn mail() -> ChannelKind {
    ChannelKind {
        kind: "mail".to_owned(),
        summary: "Sends a mail over SMTP.".to_owned(),
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["host", "from", "to"],
            "properties": {
                "host": { "type": "string", "description": "The SMTP server." },
                "tls": { "enum": ["starttls", "tls", "none"], "default": "starttls", "description": "How the connection is protected; `starttls` is refused where the server does not offer it." },
                "tls_ca": { "type": "string", "description": "A file of certificate authorities in PEM on the server, besides those that Sluice comes with." },
                "port": { "type": "integer", "minimum": 1, "maximum": 65535, "description": "587, with `tls` 465, with `none` 25 where left out." },
                "user": { "type": "string", "description": "Where the server wants one; with `tls: none` only on the same machine." },
                "from": { "type": "string", "description": "The sender: `Sluice <sluice@example.com>`." },
                "to": { "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "Addresses of the receivers." },
            },
        }),
        secrets: vec![secret("password", "Of `user`.")],
    }
}

fn webhook() -> ChannelKind {
    ChannelKind {
        kind: "webhook".to_owned(),
        summary: "Posts JSON, signed after Standard Webhooks.".to_owned(),
        schema: json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "url": { "type": "string", "description": "Where to post; needed here, or as a secret." },
                "headers": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Further headers, by name." },
            },
        }),
        secrets: vec![
            secret("secret", "Signs: `whsec_` and the base64 of 24 to 64 random bytes."),
            secret("url", "The address, where it holds a secret itself."),
        ],
    }
}
