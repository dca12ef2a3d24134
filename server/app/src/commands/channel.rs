//! `sluice channel …`: where alerts go.

use super::connection::brief;
use super::run::parse_pair;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::Subcommand;
use data::channel::{Alert, AlertSeverity};
use data::registry::Connections;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use store::NewChannel;
use store::secrets::place;

#[derive(Debug, Subcommand)]
pub(crate) enum Channel {
    /// Save a channel: `sluice channel add ops --kind webhook --set url=https://… --secret secret=whsec_…`.
    Add {
        /// Its name: lowercase letters, digits, `-` and `_`.
        name: String,
        /// `mail`, `webhook` or `plugin/<name>`.
        #[arg(long, required_unless_present = "plugin")]
        kind: Option<String>,
        /// Short for `--kind plugin/<name>`.
        #[arg(long, conflicts_with = "kind")]
        plugin: Option<String>,
        /// A setting; JSON where it reads as JSON, else text.
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_pair)]
        settings: Vec<(String, String)>,
        /// A secret; sealed and never shown again.
        #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = parse_pair)]
        secrets: Vec<(String, String)>,
        /// Replace the channel of that name.
        #[arg(long)]
        replace: bool,
    },
    /// List channels.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deliver a test alert.
    Test {
        /// Its name.
        name: String,
    },
    /// Remove a channel.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Channel {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        self.carry_out(&parts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, parts: &Parts) -> Result<(), Failure> {
        match self {
            Self::Add { name, kind, plugin, settings, secrets, replace } => {
                let kind = kind.or_else(|| plugin.map(|plugin| format!("plugin/{plugin}"))).unwrap_or_default();
                add(parts, name, kind, settings, secrets, replace).await
            }
            Self::List { json } => list(parts, json).await,
            Self::Test { name } => test(parts, &name).await,
            Self::Remove { name } => {
                if !parts.database.delete_channel(&name).await.map_err(Fault::from)? {
                    return Err(Fault::new(ErrorCode::ChannelNotFound, format!("channel `{name}` does not exist"))
                        .hint("`sluice channel list` shows what there is.")
                        .into());
                }
                output::line(format!("removed `{name}`"));
                Ok(())
            }
        }
    }
}

async fn add(
    parts: &Parts,
    name: String,
    kind: String,
    settings: Vec<(String, String)>,
    secrets: Vec<(String, String)>,
    replace: bool,
) -> Result<(), Failure> {
    workbench::require_name("channel", &name)?;
    let settings: Map<String, Value> = settings
        .into_iter()
        .map(|(name, value)| (name, serde_json::from_str(&value).unwrap_or(Value::String(value))))
        .collect();
    let secrets: Map<String, Value> = secrets.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    parts.registry.open_channel(&kind, Value::Object(settings.clone()), secrets.clone()).await?;
    let secret = if secrets.is_empty() {
        None
    } else {
        let text = serde_json::to_vec(&secrets).expect("secrets are text");
        Some(parts.keyring.seal(&place("channel", &name), &text).map_err(Fault::from)?)
    };
    let new = NewChannel { name: name.clone(), kind: kind.clone(), settings: Value::Object(settings), secret };
    let exists = parts.database.find_channel(&name).await.map_err(Fault::from)?.is_some();
    if exists && replace {
        parts.database.update_channel(&new).await.map_err(Fault::from)?;
    } else {
        parts.database.create_channel(&new).await.map_err(Fault::from)?;
    }
    output::line(format!("saved channel `{name}` ({kind})"));
    Ok(())
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let records = parts.database.list_channels(None, 500).await.map_err(Fault::from)?;
    if as_json {
        let rows: Vec<Value> = records
            .iter()
            .map(
                |r| json!({ "name": r.name, "kind": r.kind, "settings": r.settings, "has_secret": r.secret.is_some() }),
            )
            .collect();
        output::json(&rows);
        return Ok(());
    }
    let rows = records.into_iter().map(|r| vec![r.name, r.kind, brief(&r.settings)]).collect();
    let nothing = "There is no channel yet; `sluice channel add` makes one.";
    output::list(&["channel", "kind", "settings"], &[], rows, nothing);
    Ok(())
}

async fn test(parts: &Parts, name: &str) -> Result<(), Failure> {
    let channel = parts.registry.get_channel(name).await?;
    let alert = Alert {
        id: format!("test_{}", chrono::Utc::now().timestamp_millis()),
        severity: AlertSeverity::Info,
        title: "Sluice test alert".to_owned(),
        text: format!("Channel `{name}` works."),
        fields: vec![("channel".to_owned(), name.to_owned())],
        link: None,
    };
    let delivery = channel.deliver(&alert).await?;
    let id = delivery.provider_id.map(|id| format!(" as {id}")).unwrap_or_default();
    output::line(format!("delivered{id}"));
    Ok(())
}
