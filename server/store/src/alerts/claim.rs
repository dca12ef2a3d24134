//! Who delivers what: claims, which count as attempts and hold for a while, and how attempts end.

use super::list::{ALERT, alert_record};
use super::{LONGEST_TEXT, locked, printable};
use crate::Database;
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, TimeDelta, Utc};
use engine::alerts::{self, Due, DueState, Policy};
use model::alert::{AlertRecord, AttemptOutcome, DeliveryStatus};
use model::{AlertId, DeliveryId, ErrorCode};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::HashSet;
use uuid::Uuid;

/// Deliveries of one claim at most.
const MOST_CLAIMED: i64 = 50;
/// Alerts of one message at most; more go with the next.
const MOST_MEMBERS: i64 = 100;
/// Messages of a channel that are looked back at.
const MOST_SENT: i64 = 1_000;

/// Which deliveries to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All whose time has come.
    Due,
    /// Those of one alert: whose time has come, and failed ones whose next attempt would come later.
    Alert(AlertId),
    /// One, whenever its time would come, whatever the policy says.
    Delivery(DeliveryId),
}

/// A message that is to be sent now by whoever claimed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The channel.
    pub channel: String,
    /// The message's id, the same in every attempt.
    pub message_id: String,
    /// The alerts it is about, each with its delivery, oldest first.
    pub members: Vec<(DeliveryId, AlertRecord)>,
    /// The number of this attempt for each member, counted from 1.
    attempts: Vec<u32>,
}

impl Claim {
    /// The number of this attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempts.iter().copied().max().unwrap_or(1)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptEnd {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: AttemptOutcome,
    /// The kind of failure.
    pub code: Option<ErrorCode>,
    /// What the channel or its receiver said.
    pub text: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// The receiver's id for it.
    pub provider_id: Option<String>,
    /// When to try again; none: not.
    pub next_at: Option<DateTime<Utc>>,
}

/// A delivery as a claim sees it.
struct Candidate {
    id: Uuid,
    alert: Uuid,
    channel: String,
    level: u32,
    message_id: Option<String>,
    group: Option<String>,
    attempts: u32,
}

impl Database {
    /// Claims deliveries until `until`: those to be sent come back, each as an attempt that has begun; those to be held
    /// or dropped are noted so.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn claim_deliveries(
        &self,
        policy: &Policy,
        which: Which,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Claim>> {
        let transaction = locked(self).await?;
        let mut claims = Vec::new();
        let mut handled: HashSet<Uuid> = HashSet::new();
        for candidate in candidates(&transaction, which, now).await? {
            if handled.contains(&candidate.id) {
                continue;
            }
            let members = members(&transaction, candidate, now).await?;
            handled.extend(members.iter().map(|member| member.id));
            if let Some(claim) = settle(&transaction, policy, which, members, now, until).await? {
                claims.push(claim);
            }
        }
        transaction.commit().await?;
        Ok(claims)
    }

    /// Notes how the attempt ended that a claim began. False: the claim had ended, and somebody else's counts.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn finish_attempt(&self, claim: &Claim, end: &AttemptEnd) -> Result<bool> {
        let status = match end.outcome {
            AttemptOutcome::Delivered => DeliveryStatus::Delivered,
            _ if end.next_at.is_some() => DeliveryStatus::Pending,
            _ => DeliveryStatus::Failed,
        };
        let is_over = status != DeliveryStatus::Pending;
        let text = end.text.as_deref().map(|text| printable(&text.chars().take(LONGEST_TEXT).collect::<String>()));
        let transaction = locked(self).await?;
        let mut counts = false;
        for ((delivery, _), number) in claim.members.iter().zip(&claim.attempts) {
            let values: Vec<Value> = vec![
                delivery.as_uuid().into(),
                i64::from(*number).into(),
                end.outcome.as_str().into(),
                end.code.map(ErrorCode::as_str).into(),
                text.clone().into(),
                i64::try_from(end.duration_ms).unwrap_or(i64::MAX).into(),
                end.next_at.map(micros).into(),
            ];
            let statement = "UPDATE alert_attempt SET outcome = $3, code = $4, text = $5, duration_ms = $6, next_at = $7 \
                             WHERE delivery_id = $1 AND number = $2 AND outcome = 'running'";
            if sql::run(&transaction, statement, values).await? == 0 {
                continue;
            }
            counts = true;
            let values: Vec<Value> = vec![
                delivery.as_uuid().into(),
                status.as_str().into(),
                (!is_over).then_some("retry").into(),
                end.next_at.filter(|_| !is_over).map(micros).into(),
                end.provider_id.as_deref().map(printable).into(),
                is_over.then(|| micros(end.at)).into(),
            ];
            let statement = "UPDATE alert_delivery SET status = $2, reason = $3, next_at = $4, provider_id = $5, \
                             ended_at = $6, leased_until = NULL WHERE id = $1";
            sql::run(&transaction, statement, values).await?;
        }
        transaction.commit().await?;
        Ok(counts)
    }

    /// Lets go of all claims: whoever held them is gone, since this process is alone with the database.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn release_deliveries(&self) -> Result<()> {
        let statement = "UPDATE alert_delivery SET leased_until = NULL WHERE leased_until IS NOT NULL";
        sql::run(&self.inner.writer, statement, vec![]).await?;
        Ok(())
    }

    /// When the next delivery's time comes.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_next_delivery(&self) -> Result<Option<DateTime<Utc>>> {
        let statement = "SELECT min(CASE WHEN leased_until > next_at THEN leased_until ELSE next_at END) \
                         FROM alert_delivery WHERE status = 'pending'";
        match sql::one(&self.inner.reader, statement, vec![]).await? {
            Some(row) => sql::maybe_instant(&row, 0),
            None => Ok(None),
        }
    }
}

const CANDIDATE: &str = "id, alert_id, channel, level, message_id, group_key, attempts";
/// Nobody holds it.
const FREE: &str = "status = 'pending' AND (leased_until IS NULL OR leased_until <= $1)";

async fn candidates(connection: &impl ConnectionTrait, which: Which, now: DateTime<Utc>) -> Result<Vec<Candidate>> {
    let mut values: Vec<Value> = vec![micros(now).into()];
    let condition = match which {
        Which::Due => "next_at <= $1",
        Which::Alert(alert) => {
            values.push(alert.as_uuid().into());
            "alert_id = $2 AND (next_at <= $1 OR reason = 'retry')"
        }
        Which::Delivery(delivery) => {
            values.push(delivery.as_uuid().into());
            "id = $2"
        }
    };
    let statement = format!(
        "SELECT {CANDIDATE} FROM alert_delivery WHERE {FREE} AND {condition} ORDER BY next_at, id LIMIT {MOST_CLAIMED}"
    );
    sql::all(connection, statement, values).await?.iter().map(candidate).collect()
}

fn candidate(row: &QueryResult) -> Result<Candidate> {
    Ok(Candidate {
        id: column(row, 0)?,
        alert: column(row, 1)?,
        channel: column(row, 2)?,
        level: sql::number(row, 3)?,
        message_id: column(row, 4)?,
        group: column(row, 5)?,
        attempts: sql::number(row, 6)?,
    })
}

/// All deliveries that go with that one: those of its message, or of its group as long as that has no message.
async fn members(connection: &impl ConnectionTrait, first: Candidate, now: DateTime<Utc>) -> Result<Vec<Candidate>> {
    let (condition, key) = match (&first.message_id, &first.group) {
        (Some(message), Some(_)) => ("message_id = $3", message.clone()),
        (None, Some(group)) => ("group_key = $3 AND message_id IS NULL", group.clone()),
        _ => return Ok(vec![first]),
    };
    let statement = format!(
        "SELECT {CANDIDATE} FROM alert_delivery WHERE {FREE} AND channel = $2 AND {condition} ORDER BY id \
         LIMIT {MOST_MEMBERS}"
    );
    let values = vec![micros(now).into(), first.channel.clone().into(), key.into()];
    let mut members: Vec<Candidate> =
        sql::all(connection, statement, values).await?.iter().map(candidate).collect::<Result<_>>()?;
    if members.iter().all(|member| member.id != first.id) {
        members.push(first);
    }
    Ok(members)
}

/// Sends, holds or drops what goes together.
async fn settle(
    connection: &impl ConnectionTrait,
    policy: &Policy,
    which: Which,
    members: Vec<Candidate>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Claim>> {
    let Some(first) = members.first() else { return Ok(None) };
    let (channel, level) = (first.channel.clone(), first.level);
    let mut records = Vec::with_capacity(members.len());
    for member in &members {
        let statement = format!("SELECT {ALERT} FROM alert WHERE id = $1");
        let row = sql::one(connection, statement, vec![member.alert.into()]).await?;
        records.push(alert_record(&row.ok_or_else(|| sql::damaged("delivery without its alert"))?)?);
    }
    let severities = records.iter().map(|record| record.message.severity);
    let state = DueState {
        level,
        acknowledged: records.iter().all(|record| record.acknowledged_at.is_some()),
        severity: severities.max_by_key(|severity| severity.rank()).unwrap_or_default(),
        sent: sent(connection, policy, &channel, now).await?,
    };
    let ids: Vec<Uuid> = members.iter().map(|member| member.id).collect();
    // Whoever names a delivery wants it sent, whatever the policy says.
    let due = match which {
        Which::Delivery(_) => Due::Send,
        _ => alerts::due(policy, &channel, &state, now),
    };
    match due {
        // Whoever attempted it so often died each time; only a person lets it be tried once more.
        Due::Send if which == Which::Due && first.attempts >= alerts::most_attempts(policy, &channel) => {
            let interrupted = "UPDATE alert_attempt SET outcome = 'interrupted' \
                               WHERE delivery_id = $1 AND outcome = 'running'";
            let failed = "UPDATE alert_delivery SET status = 'failed', reason = NULL, next_at = NULL, ended_at = $2, \
                          leased_until = NULL WHERE id = $1";
            for id in ids {
                sql::run(connection, interrupted, vec![id.into()]).await?;
                sql::run(connection, failed, vec![id.into(), micros(now).into()]).await?;
            }
            return Ok(None);
        }
        Due::Send => {}
        Due::Hold(until, reason) => {
            let statement = "UPDATE alert_delivery SET next_at = $2, reason = $3, leased_until = NULL WHERE id = $1";
            for id in ids {
                let values = vec![id.into(), micros(until).into(), reason.as_str().into()];
                sql::run(connection, statement, values).await?;
            }
            return Ok(None);
        }
        Due::Drop(reason) => {
            let statement = "UPDATE alert_delivery SET status = 'dropped', reason = $2, next_at = NULL, ended_at = $3, \
                             leased_until = NULL WHERE id = $1";
            for id in ids {
                sql::run(connection, statement, vec![id.into(), reason.as_str().into(), micros(now).into()]).await?;
            }
            return Ok(None);
        }
    }
    let message_id = match (&first.message_id, records.as_slice()) {
        (Some(known), _) => known.clone(),
        (None, [only]) if level == 0 => only.message.id.clone(),
        // Another message than the first one, since a receiver that has seen that would drop it.
        (None, [only]) => format!("{}-{level}", only.message.id),
        (None, _) => format!("group_{}", first.id.simple()),
    };
    let mut claim = Claim { channel, message_id, members: Vec::new(), attempts: Vec::new() };
    for (member, record) in members.iter().zip(records) {
        let number = member.attempts + 1;
        begin_attempt(connection, member, &claim, number, now, until).await?;
        claim.members.push((member.id.into(), record));
        claim.attempts.push(number);
    }
    Ok(Some(claim))
}

async fn begin_attempt(
    connection: &impl ConnectionTrait,
    member: &Candidate,
    claim: &Claim,
    number: u32,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    let interrupted = "UPDATE alert_attempt SET outcome = 'interrupted' WHERE delivery_id = $1 AND outcome = 'running'";
    sql::run(connection, interrupted, vec![member.id.into()]).await?;
    let values: Vec<Value> = vec![
        member.id.into(),
        i64::from(number).into(),
        claim.channel.clone().into(),
        claim.message_id.clone().into(),
        micros(now).into(),
    ];
    let attempt = "INSERT INTO alert_attempt (delivery_id, number, channel, message_id, at, outcome) \
                   VALUES ($1, $2, $3, $4, $5, 'running')";
    sql::run(connection, attempt, values).await?;
    let values: Vec<Value> =
        vec![member.id.into(), i64::from(number).into(), claim.message_id.clone().into(), micros(until).into()];
    let held = "UPDATE alert_delivery SET attempts = $2, message_id = $3, leased_until = $4 WHERE id = $1";
    sql::run(connection, held, values).await?;
    Ok(())
}

/// When the channel was sent messages of late, oldest first; each message of a moment once.
async fn sent(
    connection: &impl ConnectionTrait,
    policy: &Policy,
    channel: &str,
    now: DateTime<Utc>,
) -> Result<Vec<DateTime<Utc>>> {
    let look_back = alerts::look_back(policy, channel);
    if look_back.is_zero() {
        return Ok(Vec::new());
    }
    let since = now - TimeDelta::from_std(look_back).unwrap_or(TimeDelta::MAX);
    let statement = format!(
        "SELECT DISTINCT at, message_id FROM alert_attempt WHERE channel = $1 AND at > $2 ORDER BY at DESC LIMIT {MOST_SENT}"
    );
    let rows = sql::all(connection, statement, vec![channel.into(), micros(since).into()]).await?;
    rows.iter().rev().map(|row| instant(row, 0)).collect()
}
