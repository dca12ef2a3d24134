//! `sluice channel …`: where alerts go.

use super::connection::brief;
use super::run::parse_pair;
use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use engine::alerts::Template;
use model::alert::AlertSeverity;
use model::tree::{self, Limits};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use workbench::alerts::{Preview as Wish, parse_alert_id};
use workbench::channels::ChannelWish;

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
        /// How urgent it says it is: `info`, `warning`, `critical` or `resolved`.
        #[arg(long, default_value = "info", value_parser = parse_severity)]
        severity: AlertSeverity,
    },
    /// Show the message that a channel would get, with sample or real data; nothing is sent.
    Preview(Preview),
    /// Remove a channel.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// The channel's name.
    name: String,
    /// A template of the alert policy.
    #[arg(long)]
    template: Option<String>,
    /// A file with a template, YAML or JSON.
    #[arg(long, conflicts_with = "template")]
    file: Option<PathBuf>,
    /// The alert whose data is shown; sample data where left out.
    #[arg(long)]
    alert: Option<String>,
    /// How urgent it says it is.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<AlertSeverity>,
    /// A file with values of a run, YAML or JSON: `steps: { same: { differences: 3 } }`.
    #[arg(long)]
    values: Option<PathBuf>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads a severity of alerts.
pub(super) fn parse_severity(text: &str) -> Result<AlertSeverity, String> {
    AlertSeverity::find(text).ok_or_else(|| "write `info`, `warning`, `critical` or `resolved`".to_owned())
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
            Self::Preview(preview) => preview.run(parts).await,
            Self::Test { name, severity } => test(parts, &name, severity).await,
            Self::Remove { name } => {
                parts.workbench().channels.delete(&name).await?;
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
    let settings: Map<String, Value> = settings
        .into_iter()
        .map(|(name, value)| (name, serde_json::from_str(&value).unwrap_or(Value::String(value))))
        .collect();
    let secrets: Map<String, Value> = secrets.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let wish = ChannelWish { name: name.clone(), kind: kind.clone(), settings, secrets };
    let care = parts.workbench().channels;
    let exists = parts.database.find_channel(&name).await.map_err(Fault::from)?.is_some();
    if exists && replace {
        care.update(wish).await?;
    } else {
        care.create(wish).await?;
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

async fn test(parts: &Parts, name: &str, severity: AlertSeverity) -> Result<(), Failure> {
    let delivery = parts.workbench().channels.test(name, severity).await?;
    let id = delivery.provider_id.map(|id| format!(" as {id}")).unwrap_or_default();
    output::line(format!("delivered{id}"));
    Ok(())
}

impl Preview {
    async fn run(self, parts: &Parts) -> Result<(), Failure> {
        let channel = parts.workbench().channels.get(&self.name).await?;
        let template: Option<Template> = match &self.file {
            Some(file) => Some(serde_json::from_value(read_value(file)?).map_err(|error| {
                let message = format!("`{}` is no template: {error}", file.display());
                Fault::new(ErrorCode::InvalidValue, message).hint("Write `subject`, `text`, `markdown` and `fields`.")
            })?),
            None => None,
        };
        let values = match &self.values {
            Some(file) => match read_value(file)? {
                Value::Object(values) => values,
                _ => {
                    let message = format!("`{}` is no mapping", file.display());
                    return Err(Fault::new(ErrorCode::InvalidValue, message).hint("Write `steps: …`.").into());
                }
            },
            None => Map::new(),
        };
        let wish = Wish {
            name: self.template,
            template,
            alert: self.alert.as_deref().map(parse_alert_id).transpose()?,
            severity: self.severity,
            values,
        };
        let alert = parts.alerts.preview(&wish).await?;
        if self.json {
            output::json(&alert);
            return Ok(());
        }
        output::line(format!("subject: [{}] {}", alert.severity.as_str(), alert.title));
        // Mail has a text and an HTML form; all others show Markdown, or get both.
        if let Some(plain) = alert.plain.as_ref().filter(|_| !channel.kind.starts_with("plugin/")) {
            output::line(format!("\ntext:\n{plain}"));
        }
        output::line(format!("\nmarkdown:\n{}", alert.text));
        if !alert.fields.is_empty() {
            output::line("");
            let rows = alert.fields.iter().map(|(name, value)| vec![name.clone(), output::one_line(value, 100)]);
            output::table(&["field", "value"], &[], rows.collect());
        }
        Ok(())
    }
}

fn read_value(file: &Path) -> Result<Value, Failure> {
    let text = read_document(file)?;
    let name = file.display().to_string();
    let root = tree::parse(&text, &Limits::default()).map_err(|faults| Failure::in_document(&name, faults))?;
    Ok(root.to_value())
}
