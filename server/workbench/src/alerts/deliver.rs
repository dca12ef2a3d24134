//! One attempt to deliver, and the loop that attempts what is due.

use super::{AlertDesk, Inner, is_log};
use chrono::{TimeDelta, Utc};
use data::{Delivery, Error, Result};
use engine::alerts::{After, Policy, after};
use engine::ports::RunStore;
use futures::FutureExt;
use model::alert::{Alert, AlertRecord, AttemptOutcome};
use model::run::{LogLevel, LogLine};
use model::{ErrorCode, Fault};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use store::{AttemptEnd, Claim, Which};

/// How long a claim holds; longer than an attempt may take.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(90);
/// How long an attempt may take, whatever the channel's own patience.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked for what another process has left.
const LOOK: Duration = Duration::from_secs(2);
/// How long the loop rests where the metadata database fails.
const REST: Duration = Duration::from_secs(5);
/// Deliveries of the loop at the same time at most.
const MOST_UNDERWAY: usize = 50;
/// Alerts that a message about several shows at most.
const MOST_SHOWN: usize = 20;

impl AlertDesk {
    /// Delivers what is due from now on, until the last handle is gone. `alone` where no other process uses the metadata
    /// database, so that what is claimed there is nobody's.
    pub fn keep_delivering(&self, alone: bool) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut failed = !alone;
            if alone && let Some(inner) = inner.upgrade() {
                failed = inner.database.release_deliveries().await.is_err();
            }
            if failed && alone {
                tracing::warn!("deliveries that were claimed before are tried again after their claims have ended");
            }
            deliver_due(inner).await;
        });
    }

    /// Attempts a claimed delivery and notes how it ended.
    pub(super) async fn attempt(&self, policy: &Policy, claim: &Claim) -> Result<Delivery> {
        let began = Instant::now();
        let sent = AssertUnwindSafe(tokio::time::timeout(PATIENCE, self.send(claim))).catch_unwind().await;
        let delivered = match sent {
            Ok(Ok(delivered)) => delivered,
            Ok(Err(_)) => Err(Error::transient(
                ErrorCode::DeliveryFailed,
                format!("channel `{}` did not answer within {} s", claim.channel, PATIENCE.as_secs()),
            )),
            Err(_) => Err(Error::permanent(
                ErrorCode::Internal,
                format!("delivering to channel `{}` met a fault of Sluice's own", claim.channel),
            )),
        };
        let now = Utc::now();
        let end = |outcome| AttemptEnd {
            at: now,
            outcome,
            code: None,
            text: None,
            duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            provider_id: None,
            next_at: None,
        };
        let end = match &delivered {
            Ok(delivery) => AttemptEnd { provider_id: delivery.provider_id.clone(), ..end(AttemptOutcome::Delivered) },
            Err(error) => {
                let next = after(policy, &claim.channel, claim.attempt(), error.retryable, error.retry_after, now);
                let outcome = if error.retryable { AttemptOutcome::Retryable } else { AttemptOutcome::Final };
                AttemptEnd {
                    code: Some(error.code()),
                    text: Some(error.to_string()),
                    next_at: match next {
                        After::Retry(at) => Some(at),
                        After::Failed => None,
                    },
                    ..end(outcome)
                }
            }
        };
        if let Err(error) = self.inner.database.finish_attempt(claim, &end).await {
            // The claim ends by itself, and the message is attempted again under the same id.
            tracing::error!(channel = %claim.channel, message.id = %claim.message_id, %error, "an attempt is not on record");
        }
        delivered
    }

    async fn send(&self, claim: &Claim) -> Result<Delivery> {
        if is_log(&claim.channel) {
            for (_, alert) in &claim.members {
                self.log(alert).await?;
            }
            return Ok(Delivery { provider_id: None });
        }
        let channel = self.inner.pools.get_channel(&claim.channel).await?;
        channel.deliver(&message(claim)).await
    }

    /// Writes an alert to the log of its run, where it has one.
    async fn log(&self, alert: &AlertRecord) -> Result<()> {
        let Some(run) = alert.run else { return Ok(()) };
        let message = format!("{}: {}\n{}", alert.message.severity.as_str(), alert.message.title, alert.message.text);
        let line = LogLine { at: Utc::now(), step: None, level: LogLevel::Warn, message };
        self.inner.database.append_logs(run, vec![line]).await.map_err(|error| {
            Error::transient(ErrorCode::StoreFailed, format!("the run's log cannot be written: {error}"))
        })
    }

    /// Begins to deliver what is due; tells how long nothing will be.
    async fn deliver_some(&self) -> std::result::Result<Duration, Fault> {
        if self.inner.underway.load(Ordering::SeqCst) >= MOST_UNDERWAY {
            return Ok(Duration::from_millis(200));
        }
        let now = Utc::now();
        match self.inner.database.find_next_delivery().await? {
            Some(next) if next <= now => {}
            Some(next) => return Ok((next - now).to_std().unwrap_or(LOOK).min(LOOK)),
            None => return Ok(LOOK),
        }
        let policy = self.policy().await?;
        let claims = self.inner.database.claim_deliveries(&policy, Which::Due, now, now + LEASE).await?;
        for claim in claims {
            let (desk, policy) = (self.clone(), policy.clone());
            self.inner.underway.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                if let Err(error) = desk.attempt(&policy, &claim).await {
                    tracing::warn!(channel = %claim.channel, message.id = %claim.message_id, %error, "an alert was not delivered");
                }
                desk.inner.underway.fetch_sub(1, Ordering::SeqCst);
                desk.inner.wake.notify_one();
            });
        }
        Ok(Duration::from_millis(10))
    }
}

async fn deliver_due(inner: Weak<Inner>) {
    let mut failing = false;
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let desk = AlertDesk { inner: strong };
        let rest = match desk.deliver_some().await {
            Ok(rest) => {
                failing = false;
                rest
            }
            Err(fault) => {
                if !failing {
                    tracing::error!(%fault, "alerts cannot be delivered; they wait");
                }
                failing = true;
                REST
            }
        };
        let wake = desk.inner.wake.clone();
        drop(desk);
        let _ = tokio::time::timeout(rest, wake.notified()).await;
    }
}

/// What the channel gets: the alert, or one message about several.
fn message(claim: &Claim) -> Alert {
    let alerts: Vec<&AlertRecord> = claim.members.iter().map(|(_, alert)| alert).collect();
    let Some(first) = alerts.first() else { return Alert::default() };
    if alerts.len() == 1 {
        return Alert { id: claim.message_id.clone(), ..first.message.clone() };
    }
    let mut text = String::new();
    for alert in alerts.iter().take(MOST_SHOWN) {
        let line = alert.message.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let line: String = line.chars().take(300).collect();
        let at = alert.raised_at.format("%Y-%m-%d %H:%M:%S UTC");
        text.push_str(&format!("- [{}] {} ({at})\n", alert.message.severity.as_str(), alert.message.title));
        if !line.is_empty() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if alerts.len() > MOST_SHOWN {
        text.push_str(&format!("- … and {} more\n", alerts.len() - MOST_SHOWN));
    }
    let mut fields = vec![("alerts".to_owned(), alerts.len().to_string())];
    let mut workflows: Vec<&str> = alerts.iter().filter_map(|alert| alert.workflow.as_deref()).collect();
    workflows.dedup();
    if !workflows.is_empty() {
        workflows.truncate(10);
        fields.push(("workflows".to_owned(), workflows.join(", ")));
    }
    let severities = alerts.iter().map(|alert| alert.message.severity);
    Alert {
        id: claim.message_id.clone(),
        severity: severities.max_by_key(|severity| severity.rank()).unwrap_or_default(),
        title: format!("{} alerts, the first: {}", alerts.len(), first.message.title),
        text,
        fields,
        ..Alert::default()
    }
}
