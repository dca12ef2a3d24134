//! Reading alerts, deliveries and attempts.

use super::{message_of, read_severity};
use crate::Database;
use crate::error::{Error, Result, check_text};
use crate::sql::{self, column, instant, maybe_instant, micros, number};
use model::alert::{
    AlertFilter, AlertRecord, AlertSeverity, AttemptOutcome, AttemptRecord, DeliveryReason, DeliveryRecord,
    DeliveryStatus,
};
use model::{AlertId, DeliveryId, ErrorCode};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

/// Records on one page at most.
const LARGEST_PAGE: u32 = 500;

pub(super) const ALERT: &str = "id, content, labels, workflow, run_id, step, raised_at, duplicate_of, acknowledged_at, \
                                acknowledged_by, comment";
const DELIVERY: &str = "id, alert_id, channel, level, status, reason, next_at, message_id, attempts, provider_id, \
                        created_at, ended_at";

impl Database {
    /// Alerts, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertRecord>> {
        for text in [&filter.channel, &filter.workflow].into_iter().flatten() {
            check_text("the filter", text)?;
        }
        let mut values: Vec<Value> = vec![i64::from(filter.limit.min(LARGEST_PAGE)).into()];
        let mut conditions = Vec::new();
        let mut place = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        if let Some(severity) = filter.severity {
            conditions.push(format!("severity = {}", place(severity.as_str().into())));
        }
        if let Some(workflow) = &filter.workflow {
            conditions.push(format!("workflow = {}", place(workflow.clone().into())));
        }
        if let Some(run) = filter.run {
            conditions.push(format!("run_id = {}", place(run.as_uuid().into())));
        }
        if let Some(since) = filter.since {
            conditions.push(format!("raised_at >= {}", place(micros(since).into())));
        }
        if let Some(before) = filter.before {
            conditions.push(format!("id < {}", place(before.as_uuid().into())));
        }
        let mut of_delivery = Vec::new();
        if let Some(channel) = &filter.channel {
            of_delivery.push(format!("d.channel = {}", place(channel.clone().into())));
        }
        if !filter.statuses.is_empty() {
            let places: Vec<String> = filter.statuses.iter().map(|status| place(status.as_str().into())).collect();
            of_delivery.push(format!("d.status IN ({})", places.join(", ")));
        }
        if !of_delivery.is_empty() {
            let of_delivery = of_delivery.join(" AND ");
            conditions
                .push(format!("EXISTS (SELECT 1 FROM alert_delivery d WHERE d.alert_id = alert.id AND {of_delivery})"));
        }
        let conditions =
            if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let statement = format!("SELECT {ALERT} FROM alert{conditions} ORDER BY id DESC LIMIT $1");
        sql::all(&self.inner.reader, statement, values).await?.iter().map(alert_record).collect()
    }

    /// The alert of that id.
    ///
    /// # Errors
    /// `alert_not_found`, `store_failed`.
    pub async fn get_alert(&self, id: AlertId) -> Result<AlertRecord> {
        let statement = format!("SELECT {ALERT} FROM alert WHERE id = $1");
        match sql::one(&self.inner.reader, statement, vec![id.as_uuid().into()]).await? {
            Some(row) => alert_record(&row),
            None => Err(no_alert(id)),
        }
    }

    /// The deliveries of an alert, in the order of its channels.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_deliveries(&self, alert: AlertId) -> Result<Vec<DeliveryRecord>> {
        let statement = format!(
            "SELECT {DELIVERY} FROM alert_delivery WHERE alert_id = $1 ORDER BY level, id LIMIT {LARGEST_PAGE}"
        );
        let rows = sql::all(&self.inner.reader, statement, vec![alert.as_uuid().into()]).await?;
        rows.iter().map(delivery_record).collect()
    }

    /// The delivery of that id.
    ///
    /// # Errors
    /// `delivery_not_found`, `store_failed`.
    pub async fn get_delivery(&self, id: DeliveryId) -> Result<DeliveryRecord> {
        let statement = format!("SELECT {DELIVERY} FROM alert_delivery WHERE id = $1");
        match sql::one(&self.inner.reader, statement, vec![id.as_uuid().into()]).await? {
            Some(row) => delivery_record(&row),
            None => Err(Error::permanent(ErrorCode::DeliveryNotFound, format!("there is no delivery `{id}`"))
                .hint("`sluice alert show` lists an alert's deliveries.")),
        }
    }

    /// The attempts of a delivery, oldest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_attempts(&self, delivery: DeliveryId) -> Result<Vec<AttemptRecord>> {
        let statement = format!(
            "SELECT delivery_id, number, at, outcome, code, text, duration_ms, next_at FROM alert_attempt \
             WHERE delivery_id = $1 ORDER BY number LIMIT {LARGEST_PAGE}"
        );
        let rows = sql::all(&self.inner.reader, statement, vec![delivery.as_uuid().into()]).await?;
        rows.iter().map(attempt_record).collect()
    }
}

pub(super) fn no_alert(id: AlertId) -> Error {
    Error::permanent(ErrorCode::AlertNotFound, format!("there is no alert `{id}`"))
        .hint("`sluice alert list` shows what there is.")
}

pub(super) fn alert_record(row: &QueryResult) -> Result<AlertRecord> {
    let content: String = column(row, 1)?;
    let labels: String = column(row, 2)?;
    Ok(AlertRecord {
        id: column::<Uuid>(row, 0)?.into(),
        message: message_of(&content)?,
        labels: serde_json::from_str(&labels).map_err(|_| sql::damaged("labels of an alert"))?,
        workflow: column(row, 3)?,
        run: column::<Option<Uuid>>(row, 4)?.map(Into::into),
        step: column(row, 5)?,
        raised_at: instant(row, 6)?,
        duplicate_of: column::<Option<Uuid>>(row, 7)?.map(Into::into),
        acknowledged_at: maybe_instant(row, 8)?,
        acknowledged_by: column(row, 9)?,
        comment: column(row, 10)?,
    })
}

/// The severity in the column at that place.
pub(super) fn severity_of(row: &QueryResult, index: usize) -> Result<AlertSeverity> {
    read_severity(&column::<String>(row, index)?)
}

fn delivery_record(row: &QueryResult) -> Result<DeliveryRecord> {
    let status: String = column(row, 4)?;
    let reason: Option<String> = column(row, 5)?;
    Ok(DeliveryRecord {
        id: column::<Uuid>(row, 0)?.into(),
        alert: column::<Uuid>(row, 1)?.into(),
        channel: column(row, 2)?,
        level: number(row, 3)?,
        status: DeliveryStatus::find(&status).ok_or_else(|| sql::damaged(format!("status `{status}`")))?,
        reason: reason.as_deref().and_then(DeliveryReason::find),
        next_at: maybe_instant(row, 6)?,
        message: column(row, 7)?,
        attempts: number(row, 8)?,
        provider_id: column(row, 9)?,
        created_at: instant(row, 10)?,
        ended_at: maybe_instant(row, 11)?,
    })
}

fn attempt_record(row: &QueryResult) -> Result<AttemptRecord> {
    let outcome: String = column(row, 3)?;
    let code: Option<String> = column(row, 4)?;
    let duration: Option<i64> = column(row, 6)?;
    Ok(AttemptRecord {
        delivery: column::<Uuid>(row, 0)?.into(),
        number: number(row, 1)?,
        at: instant(row, 2)?,
        outcome: AttemptOutcome::find(&outcome).ok_or_else(|| sql::damaged(format!("outcome `{outcome}`")))?,
        code: code.and_then(|word| ErrorCode::ALL.iter().copied().find(|code| code.as_str() == word)),
        message: column(row, 5)?,
        duration_ms: duration.and_then(|millis| u64::try_from(millis).ok()),
        next_at: maybe_instant(row, 7)?,
    })
}
