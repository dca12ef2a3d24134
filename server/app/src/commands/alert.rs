//! `sluice alert …`: what became of alerts, and the policy that says whom they go to.

use super::channel::parse_severity;
use super::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use model::Fault;
use model::alert::{AlertFilter, AlertRecord, AlertSeverity, DeliveryRecord, DeliveryStatus};
use std::path::PathBuf;
use std::process::ExitCode;
use workbench::AlertDesk;
use workbench::alerts::{parse_alert_id, parse_delivery_id};

#[derive(Debug, Subcommand)]
pub(crate) enum AlertCommand {
    /// List alerts, newest first.
    List(List),
    /// Show an alert with its deliveries and every attempt.
    Show {
        /// Its id, as `sluice alert list` shows it.
        id: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Deliver once more, here and now, what failed, was dropped, or waits.
    Retry {
        /// The delivery's id, as `sluice alert show` shows it.
        delivery: String,
    },
    /// Say that somebody knows: nobody else is told.
    Acknowledge {
        /// The alert's id.
        id: String,
        /// What is to be remembered with it.
        #[arg(long)]
        comment: Option<String>,
    },
    /// Show and change the alert policy.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this severity: `info`, `warning`, `critical` or `resolved`.
    #[arg(long, value_parser = parse_severity)]
    severity: Option<AlertSeverity>,
    /// Only with a delivery in this status: `pending`, `delivered`, `failed` or `dropped`; may be given several times.
    #[arg(long = "status", value_parser = parse_status)]
    statuses: Vec<DeliveryStatus>,
    /// Only with a delivery to this channel.
    #[arg(long)]
    channel: Option<String>,
    /// Only of this workflow.
    #[arg(long)]
    workflow: Option<String>,
    /// Only those raised since then: `2024-01-31T08:00:00Z`.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Only those raised before this one.
    #[arg(long)]
    before: Option<String>,
    /// How many at most, up to 500.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print the policy as it was applied.
    Show,
    /// Apply a policy in place of the one before.
    Apply {
        /// The document, YAML or JSON.
        file: PathBuf,
    },
    /// Forget the policy: alerts go to the channels their steps name.
    Remove,
    /// Print the JSON Schema of the document.
    Schema,
}

fn parse_status(text: &str) -> Result<DeliveryStatus, String> {
    DeliveryStatus::find(text).ok_or_else(|| "write `pending`, `delivered`, `failed` or `dropped`".to_owned())
}

impl AlertCommand {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if let Self::Policy(PolicyCommand::Schema) = self {
            output::json(&engine::alerts::policy::schema());
            return Ok(ExitCode::SUCCESS);
        }
        let parts = Parts::open(settings).await?;
        let code = self.carry_out(&parts.alerts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(code)
    }

    async fn carry_out(self, desk: &AlertDesk) -> Result<ExitCode, Failure> {
        match self {
            Self::List(list) => list.run(desk).await?,
            Self::Show { id, json } => show(desk, &id, json).await?,
            Self::Retry { delivery } => return retry(desk, &delivery).await,
            Self::Acknowledge { id, comment } => {
                let who = super::anomaly::who();
                let alert = desk.acknowledge(parse_alert_id(&id)?, &who, comment.as_deref()).await?;
                let by = alert.acknowledged_by.unwrap_or_default();
                output::line(format!("{} is acknowledged by {by}: {}", alert.id, alert.message.title));
            }
            Self::Policy(policy) => policy.run(desk).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self, desk: &AlertDesk) -> Result<(), Failure> {
        let filter = AlertFilter {
            severity: self.severity,
            statuses: self.statuses,
            channel: self.channel,
            workflow: self.workflow,
            run: None,
            since: self.since,
            before: self.before.as_deref().map(parse_alert_id).transpose()?,
            limit: self.limit,
        };
        let alerts = desk.list(&filter).await?;
        if self.json {
            output::json(&alerts);
            return Ok(());
        }
        let mut rows = Vec::new();
        for alert in alerts {
            let deliveries = desk.list_deliveries(alert.id).await?;
            rows.push(row(&alert, &deliveries));
        }
        let header = ["alert", "severity", "raised (UTC)", "workflow", "deliveries", "title"];
        output::list(&header, &[], rows, "There is no such alert.");
        Ok(())
    }
}

fn row(alert: &AlertRecord, deliveries: &[DeliveryRecord]) -> Vec<String> {
    let told: Vec<String> =
        deliveries.iter().map(|delivery| format!("{} {}", delivery.channel, delivery.status.as_str())).collect();
    vec![
        alert.id.to_string(),
        alert.message.severity.as_str().to_owned(),
        alert.raised_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        output::one_line(alert.workflow.as_deref().unwrap_or_default(), 40),
        output::one_line(&told.join(", "), 60),
        output::one_line(&alert.message.title, 80),
    ]
}

async fn show(desk: &AlertDesk, id: &str, as_json: bool) -> Result<(), Failure> {
    let alert = desk.get(parse_alert_id(id)?).await?;
    let deliveries = desk.list_deliveries(alert.id).await?;
    let mut attempts = Vec::new();
    for delivery in &deliveries {
        attempts.push(desk.list_attempts(delivery.id).await?);
    }
    if as_json {
        let told: Vec<_> = deliveries
            .iter()
            .zip(&attempts)
            .map(|(delivery, attempts)| serde_json::json!({ "delivery": delivery, "attempts": attempts }))
            .collect();
        output::json(&serde_json::json!({ "alert": alert, "deliveries": told }));
        return Ok(());
    }
    output::line(format!("{}: {} ({})", alert.id, alert.message.title, alert.message.severity.as_str()));
    output::line(format!("raised {}", alert.raised_at.format("%Y-%m-%d %H:%M:%S UTC")));
    if let (Some(at), Some(who)) = (alert.acknowledged_at, &alert.acknowledged_by) {
        output::line(format!("acknowledged {} by {who}", at.format("%Y-%m-%d %H:%M:%S UTC")));
    }
    if let Some(other) = alert.duplicate_of {
        output::line(format!("a duplicate of {other}"));
    }
    for (delivery, attempts) in deliveries.iter().zip(attempts) {
        let reason = delivery.reason.map(|reason| format!(" ({})", reason.as_str())).unwrap_or_default();
        let next =
            delivery.next_at.map(|at| format!(", next {}", at.format("%Y-%m-%d %H:%M:%S UTC"))).unwrap_or_default();
        output::line(format!(
            "\n{} to `{}`: {}{reason}{next}",
            delivery.id,
            delivery.channel,
            delivery.status.as_str()
        ));
        let rows = attempts.into_iter().map(|attempt| {
            vec![
                attempt.number.to_string(),
                attempt.at.format("%Y-%m-%d %H:%M:%S").to_string(),
                attempt.outcome.as_str().to_owned(),
                attempt.duration_ms.map(output::duration).unwrap_or_default(),
                output::one_line(attempt.message.as_deref().unwrap_or_default(), 100),
            ]
        });
        output::list(
            &["attempt", "at (UTC)", "outcome", "took", "said"],
            &["attempt"],
            rows.collect(),
            "No attempt yet.",
        );
    }
    Ok(())
}

async fn retry(desk: &AlertDesk, id: &str) -> Result<ExitCode, Failure> {
    let delivery = desk.retry(parse_delivery_id(id)?).await?;
    let last = desk.list_attempts(delivery.id).await?.pop();
    let said = last.and_then(|attempt| attempt.message).map(|said| format!(": {said}")).unwrap_or_default();
    output::line(format!("{} to `{}` is {}{said}", delivery.id, delivery.channel, delivery.status.as_str()));
    Ok(if delivery.status == DeliveryStatus::Delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl PolicyCommand {
    async fn run(self, desk: &AlertDesk) -> Result<(), Failure> {
        match self {
            Self::Show => match desk.find_policy().await? {
                Some(text) => output::line(text.trim_end()),
                None => output::line("# There is no alert policy; alerts go to the channels their steps name."),
            },
            Self::Apply { file } => {
                let name = file.display().to_string();
                let text = read_document(&file)?;
                let policy = desk.apply_policy(&text).await.map_err(|faults| Failure::in_document(&name, faults))?;
                output::line(format!(
                    "{name}: applied ({}, {}, {})",
                    output::counted(policy.routes.len() as u64, "route"),
                    output::counted(policy.channels.len() as u64, "channel"),
                    output::counted(policy.templates.len() as u64, "template"),
                ));
            }
            Self::Remove => {
                let had = desk.delete_policy().await?;
                output::line(if had { "removed the alert policy" } else { "there was no alert policy" });
            }
            Self::Schema => output::json(&engine::alerts::policy::schema()),
        }
        Ok(())
    }
}
