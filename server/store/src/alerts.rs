//! Alerts, their deliveries and every attempt.
//!
//! An alert is kept with all its deliveries in one transaction before anything is sent. Whoever delivers claims first
//! ([`Database::claim_deliveries`]): the claim holds for a while, counts as an attempt, and is void once somebody else
//! has claimed after its end. What is to be sent, held or dropped is the engine's decision; this file only remembers.

mod claim;
mod list;

pub use claim::{AttemptEnd, Claim, Which};

use crate::Database;
use crate::database::begin;
use crate::error::{Error, Result, check_text};
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, TimeDelta, Utc};
use engine::alerts::{self, RaiseState, Routed};
use list::{ALERT, alert_record, severity_of};
use model::alert::{Alert, AlertRecord, AlertSeverity, DeliveryReason, DeliveryStatus, NewAlert};
use model::{AlertId, DeliveryId, ErrorCode, RunId};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Bytes of a message at most, its attachments with it.
const LARGEST: usize = 1024 * 1024;
/// Characters of a comment or a status text at most.
const LONGEST_TEXT: usize = 1_000;
/// An arbitrary number that is Sluice's own; the lock ends with the transaction.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236837227)";

impl Database {
    /// Keeps an alert with its deliveries. One whose message has an id that is known already is the same alert: its
    /// failed deliveries are then due again. False: it was known.
    ///
    /// # Errors
    /// `invalid_value` for a message that is too large, `store_failed`.
    pub async fn raise_alert(&self, new: &NewAlert, routed: &Routed, at: DateTime<Utc>) -> Result<(AlertRecord, bool)> {
        let content = serde_json::to_string(&new.message)
            .map_err(|error| Error::permanent(ErrorCode::Internal, format!("an alert cannot be kept: {error}")))?;
        if content.len() > LARGEST {
            let message = format!("the alert has {} bytes, more than the {LARGEST} allowed", content.len());
            return Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Show fewer rows, or attach fewer."));
        }
        check_text("the alert's id", &new.message.id)?;
        let transaction = locked(self).await?;
        let found = sql::one(
            &transaction,
            format!("SELECT {ALERT} FROM alert WHERE message_id = $1"),
            vec![new.message.id.clone().into()],
        )
        .await?;
        if let Some(row) = found {
            let record = alert_record(&row)?;
            let again = "UPDATE alert_delivery SET status = 'pending', reason = 'retry', next_at = $1, ended_at = NULL \
                         WHERE alert_id = $2 AND status = 'failed'";
            sql::run(&transaction, again, vec![micros(at).into(), record.id.as_uuid().into()]).await?;
            transaction.commit().await?;
            return Ok((record, false));
        }
        let state = raise_state(&transaction, routed, at).await?;
        let raising = alerts::raise(routed, &state, new.message.severity, at);
        let record = AlertRecord {
            id: AlertId::generate(),
            message: new.message.clone(),
            labels: new.labels.clone(),
            workflow: new.workflow.clone(),
            run: new.run,
            step: new.step.clone(),
            raised_at: at,
            duplicate_of: raising.duplicate_of,
            acknowledged_at: None,
            acknowledged_by: None,
            comment: None,
        };
        insert_alert(&transaction, &record, content, routed).await?;
        for planned in &raising.deliveries {
            let ended = (planned.status != DeliveryStatus::Pending).then(|| micros(at));
            let next = (planned.status == DeliveryStatus::Pending).then(|| micros(planned.next_at));
            let values: Vec<Value> = vec![
                DeliveryId::generate().as_uuid().into(),
                record.id.as_uuid().into(),
                printable(&planned.channel).into(),
                i64::from(planned.level).into(),
                planned.status.as_str().into(),
                planned.reason.map(DeliveryReason::as_str).into(),
                next.into(),
                planned.group.clone().into(),
                micros(at).into(),
                ended.into(),
            ];
            let statement = "INSERT INTO alert_delivery (id, alert_id, channel, level, status, reason, next_at, \
                             group_key, attempts, created_at, ended_at) \
                             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)";
            sql::run(&transaction, statement, values).await?;
        }
        transaction.commit().await?;
        Ok((record, true))
    }

    /// Makes a delivery due now that failed, was dropped, or waits.
    ///
    /// # Errors
    /// `delivery_not_found`; `invalid_value` for one that is delivered or is being attempted; `store_failed`.
    pub async fn reopen_delivery(&self, id: DeliveryId, now: DateTime<Utc>) -> Result<()> {
        let delivery = self.get_delivery(id).await?;
        let statement = "UPDATE alert_delivery SET status = 'pending', reason = NULL, next_at = $2, ended_at = NULL \
                         WHERE id = $1 AND status <> 'delivered' AND (leased_until IS NULL OR leased_until <= $2)";
        if sql::run(&self.inner.writer, statement, vec![id.as_uuid().into(), micros(now).into()]).await? > 0 {
            return Ok(());
        }
        let what = if delivery.status == DeliveryStatus::Delivered { "is delivered" } else { "is being attempted" };
        Err(Error::permanent(ErrorCode::InvalidValue, format!("`{id}` {what} already"))
            .hint("`sluice alert show` tells how it stands."))
    }

    /// Notes that somebody knows of the alert: whoever would be told later is not.
    ///
    /// # Errors
    /// `alert_not_found`, `store_failed`.
    pub async fn acknowledge_alert(
        &self,
        id: AlertId,
        who: &str,
        comment: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<AlertRecord> {
        let comment = comment.map(|text| printable(&text.chars().take(LONGEST_TEXT).collect::<String>()));
        let transaction = locked(self).await?;
        let values: Vec<Value> = vec![id.as_uuid().into(), micros(now).into(), printable(who).into(), comment.into()];
        let statement = "UPDATE alert SET acknowledged_at = coalesce(acknowledged_at, $2), \
                         acknowledged_by = coalesce(acknowledged_by, $3), comment = coalesce($4, comment) WHERE id = $1";
        if sql::run(&transaction, statement, values).await? == 0 {
            transaction.rollback().await?;
            return Err(list::no_alert(id));
        }
        let statement = "UPDATE alert_delivery SET status = 'dropped', reason = 'acknowledged', next_at = NULL, \
                         ended_at = $2 WHERE alert_id = $1 AND status = 'pending' AND level > 0 AND attempts = 0";
        sql::run(&transaction, statement, vec![id.as_uuid().into(), micros(now).into()]).await?;
        transaction.commit().await?;
        self.get_alert(id).await
    }
}

/// A transaction in which nobody else raises or claims.
async fn locked(database: &Database) -> Result<DatabaseTransaction> {
    let transaction = begin(&database.inner.writer).await?;
    if sql::is_postgres(&transaction) {
        sql::run(&transaction, LOCK, vec![]).await?;
    }
    Ok(transaction)
}

async fn raise_state(connection: &impl ConnectionTrait, routed: &Routed, at: DateTime<Utc>) -> Result<RaiseState> {
    let mut state = RaiseState::default();
    if let Some((key, window)) = &routed.dedupe {
        let since = at - TimeDelta::from_std(*window).unwrap_or(TimeDelta::MAX);
        let statement = "SELECT id, severity, raised_at FROM alert WHERE dedupe_key = $1 AND raised_at > $2 \
                         AND duplicate_of IS NULL ORDER BY raised_at DESC, id DESC LIMIT 1";
        let values = vec![key.clone().into(), micros(since).into()];
        if let Some(row) = sql::one(connection, statement, values).await? {
            state.told = Some((column::<Uuid>(&row, 0)?.into(), severity_of(&row, 1)?, instant(&row, 2)?));
        }
    }
    if let Some((key, _)) = &routed.group {
        let statement = "SELECT channel, min(next_at) FROM alert_delivery \
                         WHERE group_key = $1 AND status = 'pending' AND message_id IS NULL GROUP BY channel";
        for row in sql::all(connection, statement, vec![key.clone().into()]).await? {
            state.gathering.insert(column(&row, 0)?, instant(&row, 1)?);
        }
    }
    Ok(state)
}

async fn insert_alert(
    connection: &impl ConnectionTrait,
    record: &AlertRecord,
    content: String,
    routed: &Routed,
) -> Result<()> {
    let labels: BTreeMap<_, _> = record.labels.iter().collect();
    let values: Vec<Value> = vec![
        record.id.as_uuid().into(),
        record.message.id.clone().into(),
        record.message.severity.as_str().into(),
        content.into(),
        serde_json::json!(labels).to_string().into(),
        record.workflow.as_deref().map(printable).into(),
        record.run.map(RunId::as_uuid).into(),
        record.step.as_deref().map(printable).into(),
        routed.dedupe.as_ref().map(|(key, _)| key.clone()).into(),
        micros(record.raised_at).into(),
        record.duplicate_of.map(AlertId::as_uuid).into(),
    ];
    let statement = "INSERT INTO alert (id, message_id, severity, content, labels, workflow, run_id, step, dedupe_key, \
                     raised_at, duplicate_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    sql::run(connection, statement, values).await?;
    Ok(())
}

/// The text without what PostgreSQL cannot keep.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Reads a message as it was kept.
fn message_of(content: &str) -> Result<Alert> {
    serde_json::from_str(content).map_err(|_| sql::damaged("alert"))
}

/// The severity of that word.
fn read_severity(word: &str) -> Result<AlertSeverity> {
    AlertSeverity::find(word).ok_or_else(|| sql::damaged(format!("severity `{word}`")))
}
