//! Alerts and what became of them: the message, whom it goes to, and every attempt to deliver it.
//!
//! An alert is raised once and delivered to several channels, each of which has its own delivery and its own attempts.
//! What is decided about them (routes, groups, quiet hours) is the engine's business, keeping them the store's.

use crate::{AlertId, DeliveryId, ErrorCode, RunId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Worth a look.
    #[default]
    Warning,
    /// Somebody must act.
    Critical,
    /// What an earlier alert told is over.
    Resolved,
}

impl AlertSeverity {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Critical, Self::Resolved];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Resolved => "resolved",
        }
    }

    /// The severity of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// How urgent it is, as a number; what is over is the least urgent.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Resolved => 0,
            Self::Info => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }
}

/// What is to be delivered: the message, in the forms that channels can show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The same in every attempt to deliver it, so that a receiver can drop repeats. Holds no `.`.
    pub id: String,
    /// How urgent.
    pub severity: AlertSeverity,
    /// One line, no line breaks.
    pub title: String,
    /// The message; Markdown where the channel can show it.
    pub text: String,
    /// Named facts (`workflow`, `run`, `differences`), in order.
    pub fields: Vec<(String, String)>,
    /// Where to read more.
    pub link: Option<String>,
    /// The message for channels that show no Markdown; none: `text` serves both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<String>,
    /// Small files to go with it, where the channel can carry any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// A small text file that goes with an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its file name.
    pub name: String,
    /// Its media type: `text/csv`.
    pub media_type: String,
    /// What is in it.
    pub content: String,
}

/// An alert that a step raises.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewAlert {
    /// The message; its id names the alert, so that raising it again is no second alert.
    pub message: Alert,
    /// Channels that the step names; the policy may add others.
    pub channels: Vec<String>,
    /// Words to route by.
    pub labels: BTreeMap<String, String>,
    /// The workflow's name.
    pub workflow: Option<String>,
    /// The run that raised it.
    pub run: Option<RunId>,
    /// The step that raised it.
    pub step: Option<String>,
    /// Alerts of one group may become one message; none: what the policy says.
    pub group: Option<String>,
    /// Alerts of one such key within the policy's window are one; none: what the policy says.
    pub dedupe: Option<String>,
}

/// An alert as the log has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// Its id.
    pub id: AlertId,
    /// The message; its id is the key by which raising it again is no second alert.
    pub message: Alert,
    /// Words to route by.
    pub labels: BTreeMap<String, String>,
    /// The workflow's name.
    pub workflow: Option<String>,
    /// The run that raised it.
    pub run: Option<RunId>,
    /// The step that raised it.
    pub step: Option<String>,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// The alert that had told the same shortly before; this one is then not delivered.
    pub duplicate_of: Option<AlertId>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who did.
    pub acknowledged_by: Option<String>,
    /// What they said.
    pub comment: Option<String>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// To be attempted, now or later.
    Pending,
    /// The channel took it.
    Delivered,
    /// The channel did not take it, and it is not attempted again.
    Failed,
    /// Not to be delivered: a duplicate, quiet hours, acknowledged in time.
    Dropped,
}

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Dropped];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Why a delivery waits or was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryReason {
    /// An attempt failed, and the next one has its time.
    Retry,
    /// More of its group may come.
    Group,
    /// Quiet hours of its channel.
    Quiet,
    /// Its channel has had as many as it may.
    Rate,
    /// Its turn comes where nobody acknowledges the alert before.
    Escalation,
    /// The same was told shortly before.
    Duplicate,
    /// Somebody acknowledged the alert before its turn came.
    Acknowledged,
}

impl DeliveryReason {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Retry, Self::Group, Self::Quiet, Self::Rate, Self::Escalation, Self::Duplicate, Self::Acknowledged];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Group => "group",
            Self::Quiet => "quiet",
            Self::Rate => "rate",
            Self::Escalation => "escalation",
            Self::Duplicate => "duplicate",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// The delivery of an alert to one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// The alert.
    pub alert: AlertId,
    /// The channel's name.
    pub channel: String,
    /// 0: told at once; 1, 2, …: told because nobody acknowledged the alert.
    pub level: u32,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Why it waits or was dropped.
    pub reason: Option<DeliveryReason>,
    /// When it is attempted next, while it is pending.
    pub next_at: Option<DateTime<Utc>>,
    /// The id of the message as the channel gets it, the same in every attempt; none before the first.
    pub message: Option<String>,
    /// How often it was attempted.
    pub attempts: u32,
    /// The receiver's id for it, where it has one.
    pub provider_id: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was delivered, failed or dropped.
    pub ended_at: Option<DateTime<Utc>>,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It goes on.
    Running,
    /// The channel took it.
    Delivered,
    /// The channel did not take it, which may pass.
    Retryable,
    /// The channel did not take it, and trying again will not help.
    Final,
    /// Whoever attempted it died, so that nobody knows.
    Interrupted,
}

impl AttemptOutcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Running, Self::Delivered, Self::Retryable, Self::Final, Self::Interrupted];

    /// The word people see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Delivered => "delivered",
            Self::Retryable => "retryable",
            Self::Final => "final",
            Self::Interrupted => "interrupted",
        }
    }

    /// The outcome of that word.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its number, counted from 1.
    pub number: u32,
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The kind of failure.
    pub code: Option<ErrorCode>,
    /// What the channel or its receiver said.
    pub message: Option<String>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// When the next attempt is due, where one was planned.
    pub next_at: Option<DateTime<Utc>>,
}

/// Which alerts to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only of this severity.
    pub severity: Option<AlertSeverity>,
    /// Only with a delivery in one of these statuses; empty: any.
    pub statuses: Vec<DeliveryStatus>,
    /// Only with a delivery to this channel.
    pub channel: Option<String>,
    /// Only of this workflow.
    pub workflow: Option<String>,
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only those raised at that moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those raised before this one (the last of the page before).
    pub before: Option<AlertId>,
    /// How many at most; the store caps it at 500.
    pub limit: u32,
}
