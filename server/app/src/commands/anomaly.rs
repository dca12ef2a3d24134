//! `sluice anomaly …`: what watching steps found, and what their rules do.

use super::run::parse_pair;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use model::anomaly::{Anomaly, AnomalyAction, AnomalyFilter, AnomalyRule, AnomalyState, Severity};
use model::document::parse_duration;
use model::{ErrorCode, Fault};
use serde_json::Value;
use std::process::ExitCode;
use workbench::anomalies::parse_anomaly_id;

#[derive(Debug, Subcommand)]
pub(crate) enum AnomalyCommand {
    /// List anomalies, the last seen first.
    List(List),
    /// Say that somebody knows: it does not alert again.
    Acknowledge(Change),
    /// Say that it is over.
    Resolve(Change),
    /// Say that it is not over after all.
    Reopen(Change),
    /// List what is set for rules.
    Rules {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set what a rule does: `sluice anomaly configure inspect.connections --threshold share=0.9 --channel ops`.
    Configure(Configure),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only in this state: `open`, `acknowledged` or `resolved`; may be given several times. Open ones where left out.
    #[arg(long = "state", value_parser = parse_state)]
    states: Vec<AnomalyState>,
    /// In any state.
    #[arg(long, conflicts_with = "states")]
    all: bool,
    /// Only of this severity or worse: `info`, `warn` or `error`.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<Severity>,
    /// Only of this rule, or of a family such as `quality.*`.
    #[arg(long)]
    rule: Option<String>,
    /// Only of this connection.
    #[arg(long)]
    connection: Option<String>,
    /// Only of this table.
    #[arg(long)]
    table: Option<String>,
    /// Only those last seen since then: `2024-01-31T08:00:00Z`.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Only those after this one in the list.
    #[arg(long)]
    after: Option<String>,
    /// How many at most, up to 500.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Change {
    /// Its id, as `sluice anomaly list` shows it.
    id: String,
    /// What is to be remembered with it.
    #[arg(long)]
    comment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Configure {
    /// The rule (`quality.c1`), a family (`quality.*`), or all (`*`).
    rule: String,
    /// A threshold; may be given several times.
    #[arg(long = "threshold", value_name = "NAME=NUMBER", value_parser = parse_pair)]
    thresholds: Vec<(String, String)>,
    /// How severe its findings are: `info`, `warn` or `error`.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<Severity>,
    /// Findings are not kept and nobody is told.
    #[arg(long)]
    mute: bool,
    /// Who is told; may be given several times.
    #[arg(long = "channel")]
    channels: Vec<String>,
    /// What comes back within this time after it was told is not told again: `30m`.
    #[arg(long)]
    dedupe: Option<String>,
    /// Forget what was set.
    #[arg(long, conflicts_with_all = ["thresholds", "severity", "mute", "channels", "dedupe"])]
    reset: bool,
}

fn parse_state(text: &str) -> Result<AnomalyState, String> {
    AnomalyState::find(text).ok_or_else(|| "write `open`, `acknowledged` or `resolved`".to_owned())
}

fn parse_severity(text: &str) -> Result<Severity, String> {
    Severity::find(text).ok_or_else(|| "write `info`, `warn` or `error`".to_owned())
}

/// Who sits at the shell, for the record.
pub(super) fn who() -> String {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "cli".to_owned())
}

impl AnomalyCommand {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        self.carry_out(&parts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, parts: &Parts) -> Result<(), Failure> {
        match self {
            Self::List(list) => list.run(parts).await,
            Self::Acknowledge(change) => change.run(parts, AnomalyAction::Acknowledge).await,
            Self::Resolve(change) => change.run(parts, AnomalyAction::Resolve).await,
            Self::Reopen(change) => change.run(parts, AnomalyAction::Reopen).await,
            Self::Rules { json } => list_rules(parts, json).await,
            Self::Configure(configure) => configure.run(parts).await,
        }
    }
}

impl List {
    async fn run(self, parts: &Parts) -> Result<(), Failure> {
        let states = if self.states.is_empty() && !self.all { vec![AnomalyState::Open] } else { self.states };
        let filter = AnomalyFilter {
            states,
            severity: self.severity,
            rule: self.rule,
            connection: self.connection,
            table: self.table,
            since: self.since,
            after: self.after.as_deref().map(parse_anomaly_id).transpose()?,
            limit: self.limit,
        };
        let anomalies = parts.workbench().anomalies.list(&filter).await?;
        if self.json {
            output::json(&anomalies);
            return Ok(());
        }
        let rows = anomalies.into_iter().map(row).collect();
        let header = ["anomaly", "state", "severity", "rule", "place", "seen", "last seen (UTC)", "message"];
        output::list(&header, &["seen"], rows, "There is no such anomaly.");
        Ok(())
    }
}

fn row(anomaly: Anomaly) -> Vec<String> {
    let place = [&anomaly.connection, &anomaly.table, &anomaly.scope];
    let place: Vec<&str> = place.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    vec![
        anomaly.id.to_string(),
        anomaly.state.as_str().to_owned(),
        anomaly.severity.as_str().to_owned(),
        anomaly.rule.clone(),
        output::one_line(&place.join("/"), 60),
        output::count(anomaly.count),
        anomaly.last_seen.format("%Y-%m-%d %H:%M").to_string(),
        output::one_line(&anomaly.message, 100),
    ]
}

impl Change {
    async fn run(self, parts: &Parts, action: AnomalyAction) -> Result<(), Failure> {
        let id = parse_anomaly_id(&self.id)?;
        let anomaly = parts.workbench().anomalies.change(id, action, &who(), self.comment.as_deref()).await?;
        output::line(format!("{} is {}: {}", anomaly.id, anomaly.state.as_str(), anomaly.message));
        Ok(())
    }
}

async fn list_rules(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let rules = parts.workbench().anomalies.list_rules().await?;
    if as_json {
        output::json(&rules);
        return Ok(());
    }
    let rows = rules.into_iter().map(|rule| {
        let thresholds: Vec<String> = rule.thresholds.iter().map(|(name, value)| format!("{name}={value}")).collect();
        vec![
            rule.rule,
            rule.severity.map_or("", Severity::as_str).to_owned(),
            if rule.muted { "muted".to_owned() } else { String::new() },
            rule.channels.join(", "),
            thresholds.join(" "),
            output::duration(rule.dedupe_seconds.saturating_mul(1_000)),
        ]
    });
    let header = ["rule", "severity", "", "channels", "thresholds", "dedupe"];
    output::list(&header, &[], rows.collect(), "Nothing is set: every rule does as its step says.");
    Ok(())
}

impl Configure {
    async fn run(self, parts: &Parts) -> Result<(), Failure> {
        let service = parts.workbench().anomalies;
        if self.reset {
            let had = service.reset(&self.rule).await?;
            output::line(if had {
                format!("forgot `{}`", self.rule)
            } else {
                format!("nothing was set for `{}`", self.rule)
            });
            return Ok(());
        }
        let mut rule = AnomalyRule {
            severity: self.severity,
            muted: self.mute,
            channels: self.channels,
            ..AnomalyRule::named(&self.rule)
        };
        for (name, text) in self.thresholds {
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            rule.thresholds.insert(name, value);
        }
        if let Some(dedupe) = &self.dedupe {
            let span = parse_duration(dedupe).ok_or_else(|| {
                Fault::new(ErrorCode::InvalidSchedule, format!("`{dedupe}` is no duration")).hint("Write it as `30m`.")
            })?;
            rule.dedupe_seconds = span.as_secs();
        }
        service.configure(&rule, &who()).await?;
        output::line(format!("set `{}`", rule.rule));
        Ok(())
    }
}
