//! Alerts with what became of them, and the policy that says whom they go to.

use super::Context;
use super::page::{Filling, connection};
use super::types::{Problem, json_text};
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use engine::alerts::Template;
use juniper::{GraphQLEnum, GraphQLInputObject, graphql_object};
use model::alert::{
    Alert as Message, AlertFilter, AlertRecord, AlertSeverity as Severity, AttemptRecord, DeliveryRecord,
    DeliveryStatus as Status,
};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use workbench::alerts::{Preview, parse_alert_id, parse_delivery_id};

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Somebody must act.
    Critical,
    /// What an earlier alert told is over.
    Resolved,
}

impl From<AlertSeverity> for Severity {
    fn from(severity: AlertSeverity) -> Self {
        match severity {
            AlertSeverity::Info => Self::Info,
            AlertSeverity::Warning => Self::Warning,
            AlertSeverity::Critical => Self::Critical,
            AlertSeverity::Resolved => Self::Resolved,
        }
    }
}

impl From<Severity> for AlertSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
            Severity::Resolved => Self::Resolved,
        }
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum DeliveryStatus {
    /// To be attempted, now or later.
    Pending,
    /// The channel took it.
    Delivered,
    /// The channel did not take it, and it is not attempted again.
    Failed,
    /// Not to be delivered.
    Dropped,
}

impl From<DeliveryStatus> for Status {
    fn from(status: DeliveryStatus) -> Self {
        match status {
            DeliveryStatus::Pending => Self::Pending,
            DeliveryStatus::Delivered => Self::Delivered,
            DeliveryStatus::Failed => Self::Failed,
            DeliveryStatus::Dropped => Self::Dropped,
        }
    }
}

/// A named fact of an alert, or a label.
pub struct AlertField(String, String);

#[graphql_object(context = Context)]
impl AlertField {
    fn name(&self) -> &str {
        &self.0
    }
    fn value(&self) -> &str {
        &self.1
    }
}

/// An alert that was raised.
pub struct Alert(AlertRecord);

#[graphql_object(context = Context)]
impl Alert {
    /// Prefix `alert_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn severity(&self) -> AlertSeverity {
        self.0.message.severity.into()
    }
    fn title(&self) -> &str {
        &self.0.message.title
    }
    /// Markdown.
    fn text(&self) -> &str {
        &self.0.message.text
    }
    fn fields(&self) -> Vec<AlertField> {
        self.0.message.fields.iter().cloned().map(|(name, value)| AlertField(name, value)).collect()
    }
    fn link(&self) -> Option<&str> {
        self.0.message.link.as_deref()
    }
    /// Words it was routed by.
    fn labels(&self) -> Vec<AlertField> {
        self.0.labels.iter().map(|(name, value)| AlertField(name.clone(), value.clone())).collect()
    }
    /// The workflow's name.
    fn workflow(&self) -> Option<&str> {
        self.0.workflow.as_deref()
    }
    fn run_id(&self) -> Option<String> {
        self.0.run.map(|run| run.to_string())
    }
    fn step(&self) -> Option<&str> {
        self.0.step.as_deref()
    }
    fn raised_at(&self) -> DateTime<Utc> {
        self.0.raised_at
    }
    /// Id of the alert that had told the same shortly before.
    fn duplicate_of(&self) -> Option<String> {
        self.0.duplicate_of.map(|id| id.to_string())
    }
    fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        self.0.acknowledged_at
    }
    fn acknowledged_by(&self) -> Option<&str> {
        self.0.acknowledged_by.as_deref()
    }
    fn comment(&self) -> Option<&str> {
        self.0.comment.as_deref()
    }
    /// One for each channel.
    async fn deliveries(&self, context: &Context) -> Result<Vec<AlertDelivery>, ApiError> {
        let deliveries = context.workbench.alerts.list_deliveries(self.0.id).await?;
        Ok(deliveries.into_iter().map(AlertDelivery).collect())
    }
}

/// The delivery of an alert to one channel.
pub struct AlertDelivery(DeliveryRecord);

#[graphql_object(context = Context)]
impl AlertDelivery {
    /// Prefix `delivery_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn alert_id(&self) -> String {
        self.0.alert.to_string()
    }
    fn channel(&self) -> &str {
        &self.0.channel
    }
    /// 0: told at once; 1, 2, …: told because nobody acknowledged the alert.
    fn level(&self) -> i32 {
        i32::try_from(self.0.level).unwrap_or(i32::MAX)
    }
    fn status(&self) -> DeliveryStatus {
        match self.0.status {
            Status::Pending => DeliveryStatus::Pending,
            Status::Delivered => DeliveryStatus::Delivered,
            Status::Failed => DeliveryStatus::Failed,
            Status::Dropped => DeliveryStatus::Dropped,
        }
    }
    /// Why it waits or was dropped: `retry`, `group`, `quiet`, `rate`, `escalation`, `duplicate`, `acknowledged`.
    fn reason(&self) -> Option<&str> {
        self.0.reason.map(|reason| reason.as_str())
    }
    /// When it is attempted next.
    fn next_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_at
    }
    /// The message's id as the channel gets it, the same in every attempt.
    fn message_id(&self) -> Option<&str> {
        self.0.message.as_deref()
    }
    /// The receiver's id for it.
    fn provider_id(&self) -> Option<&str> {
        self.0.provider_id.as_deref()
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was delivered, failed or dropped.
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
    /// Oldest first.
    async fn attempts(&self, context: &Context) -> Result<Vec<DeliveryAttempt>, ApiError> {
        let attempts = context.workbench.alerts.list_attempts(self.0.id).await?;
        Ok(attempts.into_iter().map(DeliveryAttempt).collect())
    }
}

/// One attempt to deliver.
pub struct DeliveryAttempt(AttemptRecord);

#[graphql_object(context = Context)]
impl DeliveryAttempt {
    /// Counted from 1.
    fn number(&self) -> i32 {
        i32::try_from(self.0.number).unwrap_or(i32::MAX)
    }
    fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// `running`, `delivered`, `retryable`, `final` or `interrupted`.
    fn outcome(&self) -> &str {
        self.0.outcome.as_str()
    }
    /// The kind of failure.
    fn code(&self) -> Option<&str> {
        self.0.code.map(ErrorCode::as_str)
    }
    /// What the channel or its receiver said.
    fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }
    fn duration_ms(&self) -> Option<i32> {
        self.0.duration_ms.map(|millis| i32::try_from(millis).unwrap_or(i32::MAX))
    }
    /// When the next one was planned for.
    fn next_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_at
    }
}

connection!(
    /// A page of alerts.
    AlertConnection of AlertEdge of Alert
);

/// Which alerts to list.
#[derive(Debug, Clone, Default, GraphQLInputObject)]
pub struct AlertFilterInput {
    /// Only of this severity.
    severity: Option<AlertSeverity>,
    /// Only with a delivery in one of these statuses.
    statuses: Option<Vec<DeliveryStatus>>,
    /// Only with a delivery to this channel.
    channel: Option<String>,
    /// Only of the workflow of that name.
    workflow: Option<String>,
    /// Only of this run.
    run: Option<String>,
    /// Only those raised at that moment or later.
    since: Option<DateTime<Utc>>,
}

/// A template, or the name of one; and whose data it is shown with.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct AlertPreviewInput {
    /// A template of the alert policy.
    name: Option<String>,
    /// One line.
    subject: Option<String>,
    /// The message for channels that show no Markdown.
    text: Option<String>,
    /// The message for channels that show Markdown.
    markdown: Option<String>,
    /// Named facts, as JSON text.
    fields: Option<String>,
    /// An alert whose data is shown; absent: sample data.
    alert: Option<String>,
    /// How urgent the sample is.
    severity: Option<AlertSeverity>,
    /// Values of a run, as JSON text: `{"steps": {"same": {"differences": 3}}}`.
    values: Option<String>,
}

/// A message as channels would get it.
pub struct AlertPreview(Message);

#[graphql_object(context = Context)]
impl AlertPreview {
    fn severity(&self) -> AlertSeverity {
        self.0.severity.into()
    }
    /// One line.
    fn subject(&self) -> &str {
        &self.0.title
    }
    /// For channels that show no Markdown.
    fn text(&self) -> &str {
        self.0.plain.as_deref().unwrap_or(&self.0.text)
    }
    /// For channels that show Markdown.
    fn markdown(&self) -> &str {
        &self.0.text
    }
    fn fields(&self) -> Vec<AlertField> {
        self.0.fields.iter().cloned().map(|(name, value)| AlertField(name, value)).collect()
    }
}

/// The alert policy after it was applied, or why it was not.
pub struct AlertPolicyApplied {
    text: Option<String>,
    problems: Vec<Problem>,
}

#[graphql_object(context = Context)]
impl AlertPolicyApplied {
    /// The policy that holds now.
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
    /// Empty: it was applied.
    fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

pub(super) async fn list(
    context: &Context,
    filter: Option<AlertFilterInput>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<AlertConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let mut filter = AlertFilter {
        severity: filter.severity.map(Into::into),
        statuses: filter.statuses.unwrap_or_default().into_iter().map(Into::into).collect(),
        channel: filter.channel,
        workflow: filter.workflow,
        run: filter.run.as_deref().map(super::query::run_id).transpose()?,
        since: filter.since,
        before: None,
        limit: 0,
    };
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        filter.before = after.map(parse_alert_id).transpose()?;
        filter.limit = limit;
        let found = context.workbench.alerts.list(&filter).await?;
        filling.take(found.into_iter().map(|alert| {
            let is_seen = alert.workflow.as_deref().is_none_or(|name| context.sees_workflow(name));
            (alert.id.to_string(), Alert(alert), is_seen)
        }));
    }
    Ok(filling.page().into())
}

pub(super) async fn get(context: &Context, id: &str) -> Result<Alert, ApiError> {
    Ok(Alert(context.workbench.alerts.get(parse_alert_id(id)?).await?))
}

pub(super) async fn deliveries(context: &Context, alert: &str) -> Result<Vec<AlertDelivery>, ApiError> {
    let alert = context.workbench.alerts.get(parse_alert_id(alert)?).await?;
    let deliveries = context.workbench.alerts.list_deliveries(alert.id).await?;
    Ok(deliveries.into_iter().map(AlertDelivery).collect())
}

pub(super) async fn retry(context: &Context, id: &str) -> Result<AlertDelivery, ApiError> {
    Ok(AlertDelivery(context.workbench.alerts.retry(parse_delivery_id(id)?).await?))
}

pub(super) async fn acknowledge(context: &Context, id: &str, comment: Option<&str>) -> Result<Alert, ApiError> {
    Ok(Alert(context.workbench.alerts.acknowledge(parse_alert_id(id)?, context.caller.who(), comment).await?))
}

pub(super) async fn policy(context: &Context) -> Result<Option<String>, ApiError> {
    Ok(context.workbench.alerts.find_policy().await?)
}

pub(super) async fn apply_policy(context: &Context, text: &str) -> Result<AlertPolicyApplied, ApiError> {
    let applied = context.workbench.alerts.apply_policy(text).await;
    let problems = applied.err().unwrap_or_default().into_iter().map(Problem::from).collect();
    Ok(AlertPolicyApplied { text: context.workbench.alerts.find_policy().await?, problems })
}

pub(super) async fn delete_policy(context: &Context) -> Result<bool, ApiError> {
    Ok(context.workbench.alerts.delete_policy().await?)
}

/// The JSON Schema of the policy, as JSON text.
pub(super) fn policy_schema() -> String {
    json_text(&engine::alerts::policy::schema())
}

pub(super) async fn preview(context: &Context, input: AlertPreviewInput) -> Result<AlertPreview, ApiError> {
    let fields = read_object("fields", input.fields.as_deref())?;
    let template = Template {
        subject: input.subject,
        text: input.text,
        markdown: input.markdown,
        fields: fields.unwrap_or_default(),
    };
    let wish = Preview {
        name: input.name,
        template: (template != Template::default()).then_some(template),
        alert: input.alert.as_deref().map(parse_alert_id).transpose()?,
        severity: input.severity.map(Into::into),
        values: read_object("values", input.values.as_deref())?.unwrap_or_default(),
    };
    Ok(AlertPreview(context.workbench.alerts.preview(&wish).await?))
}

/// A JSON object written as text.
pub(super) fn read_object(what: &str, text: Option<&str>) -> Result<Option<Map<String, Value>>, Fault> {
    let read = |text| {
        serde_json::from_str(text).map_err(|error| {
            Fault::new(ErrorCode::InvalidValue, format!("`{what}` is not a JSON object: {error}"))
                .hint("Write it as text: `\"{\\\"name\\\": \\\"value\\\"}\"`.")
        })
    };
    text.map(read).transpose()
}
