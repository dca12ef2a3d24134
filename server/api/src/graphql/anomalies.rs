//! Anomalies, the rules people set for them, and the record of backups.

use super::Context;
use super::page::{Filling, connection};
use super::types::json_text;
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLEnum, GraphQLInputObject, graphql_object};
use model::anomaly::{
    Anomaly as Found, AnomalyAction, AnomalyFilter, AnomalyRule as RuleRecord, AnomalyState as State, Severity,
};
use model::backup::{BackupFilter, BackupRecord};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use workbench::anomalies::{parse_anomaly_id, parse_backup_id};

/// Where an anomaly stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum AnomalyState {
    /// Found, and nobody has said anything of it.
    Open,
    /// Somebody knows; it does not alert again.
    Acknowledged,
    /// Gone, or said to be.
    Resolved,
}

impl From<AnomalyState> for State {
    fn from(state: AnomalyState) -> Self {
        match state {
            AnomalyState::Open => Self::Open,
            AnomalyState::Acknowledged => Self::Acknowledged,
            AnomalyState::Resolved => Self::Resolved,
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum AnomalySeverity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warn,
    /// Wrong.
    // The derived code has an `Error` of its own.
    #[graphql(name = "ERROR")]
    Wrong,
}

impl From<AnomalySeverity> for Severity {
    fn from(severity: AnomalySeverity) -> Self {
        match severity {
            AnomalySeverity::Info => Self::Info,
            AnomalySeverity::Warn => Self::Warn,
            AnomalySeverity::Wrong => Self::Error,
        }
    }
}

impl From<Severity> for AnomalySeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warn => Self::Warn,
            Severity::Error => Self::Wrong,
        }
    }
}

/// Something wrong with somebody's data or store, from its first sight until it is gone.
pub struct Anomaly(Found);

#[graphql_object(context = Context)]
impl Anomaly {
    /// Prefix `anomaly_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    /// `quality.c1`, `inspect.connections`, `backup.failed`.
    fn rule(&self) -> &str {
        &self.0.rule
    }
    fn severity(&self) -> AnomalySeverity {
        self.0.severity.into()
    }
    fn state(&self) -> AnomalyState {
        match self.0.state {
            State::Open => AnomalyState::Open,
            State::Acknowledged => AnomalyState::Acknowledged,
            State::Resolved => AnomalyState::Resolved,
        }
    }
    /// Empty: no connection.
    fn connection(&self) -> &str {
        &self.0.connection
    }
    /// Empty: the whole system.
    fn table(&self) -> &str {
        &self.0.table
    }
    /// What within the table or system.
    fn scope(&self) -> &str {
        &self.0.scope
    }
    fn message(&self) -> &str {
        &self.0.message
    }
    /// Figures and sample keys, as JSON text.
    fn details(&self) -> String {
        json_text(&self.0.details)
    }
    /// How often it was found.
    fn count(&self) -> i32 {
        i32::try_from(self.0.count).unwrap_or(i32::MAX)
    }
    fn first_seen(&self) -> DateTime<Utc> {
        self.0.first_seen
    }
    fn last_seen(&self) -> DateTime<Utc> {
        self.0.last_seen
    }
    /// Id of the run that last found it.
    fn run_id(&self) -> Option<String> {
        self.0.run.map(|run| run.to_string())
    }
    /// Who last changed its state; none: Sluice itself.
    fn changed_by(&self) -> Option<&str> {
        self.0.changed_by.as_deref()
    }
    fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
    }
    fn comment(&self) -> Option<&str> {
        self.0.comment.as_deref()
    }
    /// When people were last told of it.
    fn alerted_at(&self) -> Option<DateTime<Utc>> {
        self.0.alerted_at
    }
}

connection!(
    /// A page of anomalies.
    AnomalyConnection of AnomalyEdge of Anomaly
);
connection!(
    /// A page of backups.
    BackupConnection of BackupEdge of Backup
);

/// What people set for a rule.
pub struct AnomalyRule(RuleRecord);

#[graphql_object(context = Context)]
impl AnomalyRule {
    /// The rule, a family such as `quality.*`, or `*`.
    fn rule(&self) -> &str {
        &self.0.rule
    }
    /// Numbers by name, as JSON text.
    fn thresholds(&self) -> String {
        json_text(&self.0.thresholds)
    }
    fn severity(&self) -> Option<AnomalySeverity> {
        self.0.severity.map(Into::into)
    }
    /// Findings are not kept and nobody is told.
    fn muted(&self) -> bool {
        self.0.muted
    }
    fn channels(&self) -> Vec<&str> {
        self.0.channels.iter().map(String::as_str).collect()
    }
    /// What comes back within so many seconds after it was told is not told again.
    fn dedupe_seconds(&self) -> i32 {
        i32::try_from(self.0.dedupe_seconds).unwrap_or(i32::MAX)
    }
}

/// What a rule shall do.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct AnomalyRuleInput {
    /// The rule, a family such as `quality.*`, or `*`.
    rule: String,
    /// Numbers by name, as JSON text: `{"share": 0.9}`.
    thresholds: Option<String>,
    /// Replaces the rule's own severity.
    severity: Option<AnomalySeverity>,
    /// Findings are not kept and nobody is told.
    muted: Option<bool>,
    /// Who is told.
    channels: Option<Vec<String>>,
    /// What comes back within so many seconds after it was told is not told again; 3600 where left out.
    dedupe_seconds: Option<i32>,
}

/// A copy of a connection's data, on record.
pub struct Backup(BackupRecord);

#[graphql_object(context = Context)]
impl Backup {
    /// Prefix `backup_`.
    fn id(&self) -> String {
        self.0.id.to_string()
    }
    fn connection(&self) -> &str {
        &self.0.connection
    }
    /// In the file system of the worker that made it.
    fn folder(&self) -> &str {
        &self.0.folder
    }
    /// `pg_dump`, `sqlite backup`, `connector`.
    fn method(&self) -> &str {
        &self.0.method
    }
    /// Bytes of all files; a float, since GraphQL's integers end at two billion.
    fn bytes(&self) -> f64 {
        self.0.bytes as f64
    }
    /// SHA-256 of its manifest.
    fn checksum(&self) -> &str {
        &self.0.checksum
    }
    fn duration_ms(&self) -> f64 {
        self.0.duration_ms as f64
    }
    /// `running`, `complete`, `failed`, `damaged` or `removed`.
    fn status(&self) -> &str {
        self.0.status.as_str()
    }
    fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }
    /// Id of the run that made it.
    fn run_id(&self) -> Option<String> {
        self.0.run.map(|run| run.to_string())
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When its checksums were last found right.
    fn verified_at(&self) -> Option<DateTime<Utc>> {
        self.0.verified_at
    }
}

/// Which anomalies to list.
#[derive(Debug, Clone, Default, GraphQLInputObject)]
pub struct AnomalyFilterInput {
    /// Only in one of these states.
    states: Option<Vec<AnomalyState>>,
    /// Only of this severity or worse.
    severity: Option<AnomalySeverity>,
    /// Only of this rule, or of a family such as `quality.*`.
    rule: Option<String>,
    /// Only of this connection.
    connection: Option<String>,
    /// Only of this table.
    table: Option<String>,
    /// Only those last seen at that moment or later.
    since: Option<DateTime<Utc>>,
}

pub(super) async fn list(
    context: &Context,
    filter: Option<AnomalyFilterInput>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<AnomalyConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let mut filter = AnomalyFilter {
        states: filter.states.unwrap_or_default().into_iter().map(Into::into).collect(),
        severity: filter.severity.map(Into::into),
        rule: filter.rule,
        connection: filter.connection,
        table: filter.table,
        since: filter.since,
        after: None,
        limit: 0,
    };
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        filter.after = after.map(parse_anomaly_id).transpose()?;
        filter.limit = limit;
        let found = context.workbench.anomalies.list(&filter).await?;
        filling.take(found.into_iter().map(|found| {
            let is_seen = context.sees_connection(&found.connection);
            (found.id.to_string(), Anomaly(found), is_seen)
        }));
    }
    Ok(filling.page().into())
}

pub(super) async fn get(context: &Context, id: &str) -> Result<Anomaly, ApiError> {
    Ok(Anomaly(context.workbench.anomalies.get(parse_anomaly_id(id)?).await?))
}

pub(super) async fn change(
    context: &Context,
    id: &str,
    action: AnomalyAction,
    comment: Option<&str>,
) -> Result<Anomaly, ApiError> {
    let id = parse_anomaly_id(id)?;
    Ok(Anomaly(context.workbench.anomalies.change(id, action, context.caller.who(), comment).await?))
}

pub(super) async fn list_rules(context: &Context) -> Result<Vec<AnomalyRule>, ApiError> {
    Ok(context.workbench.anomalies.list_rules().await?.into_iter().map(AnomalyRule).collect())
}

pub(super) async fn configure(context: &Context, input: AnomalyRuleInput) -> Result<AnomalyRule, ApiError> {
    let thresholds: Map<String, Value> = match input.thresholds.as_deref() {
        None => Map::new(),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            Fault::new(ErrorCode::InvalidValue, format!("`thresholds` is not a JSON object: {error}"))
                .hint("Write it as text: `\"{\\\"share\\\": 0.9}\"`.")
        })?,
    };
    let mut rule = RuleRecord {
        thresholds,
        severity: input.severity.map(Into::into),
        muted: input.muted.unwrap_or_default(),
        channels: input.channels.unwrap_or_default(),
        ..RuleRecord::named(&input.rule)
    };
    if let Some(seconds) = input.dedupe_seconds {
        rule.dedupe_seconds = u64::try_from(seconds).map_err(|_| {
            Fault::new(ErrorCode::InvalidValue, "`dedupeSeconds` is below zero").hint("Write 0 to be told each time.")
        })?;
    }
    Ok(AnomalyRule(context.workbench.anomalies.configure(&rule, context.caller.who()).await?))
}

pub(super) async fn reset(context: &Context, rule: &str) -> Result<bool, ApiError> {
    Ok(context.workbench.anomalies.reset(rule).await?)
}

pub(super) async fn list_backups(
    context: &Context,
    connection: Option<String>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<BackupConnection, ApiError> {
    let mut filter = BackupFilter { connection, statuses: Vec::new(), before: None, limit: 0 };
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        filter.before = after.map(parse_backup_id).transpose()?;
        filter.limit = limit;
        let found = context.workbench.anomalies.list_backups(&filter).await?;
        filling.take(found.into_iter().map(|found| {
            let is_seen = context.sees_connection(&found.connection);
            (found.id.to_string(), Backup(found), is_seen)
        }));
    }
    Ok(filling.page().into())
}
