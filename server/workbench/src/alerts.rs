//! Alerts by hand and by themselves: raising them for steps, delivering what is due, listing, acknowledging, trying again.
//!
//! [`AlertDesk`] is the engine's port `Alerts`. What a step raises is in the metadata database before anything is sent;
//! [`AlertDesk::keep_delivering`] sends what is due later, in every server and worker, each delivery claimed by one of
//! them. What is decided is the engine's (`engine::alerts`), with the policy that people apply ([`policy`]).

mod deliver;
mod policy;
mod preview;
#[cfg(test)]
mod tests;

pub use preview::Preview;

use crate::alerts::policy::Cached;
use async_trait::async_trait;
use chrono::Utc;
use data::{Connections, Delivery};
use engine::alerts::{LOG, Template};
use engine::ports::{Alerts, ChannelReport, Raised, Standing, StoreError};
use futures::future::join_all;
use model::alert::{AlertFilter, AlertRecord, AttemptRecord, DeliveryRecord, DeliveryStatus, NewAlert};
use model::{AlertId, DeliveryId, ErrorCode, Fault};
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use store::{Claim, Database, Which};
use tokio::sync::Notify;

/// Everything that is done with alerts. Cloning is cheap.
#[derive(Clone)]
pub struct AlertDesk {
    inner: Arc<Inner>,
}

struct Inner {
    database: Arc<Database>,
    pools: Arc<dyn Connections>,
    policy: Mutex<Option<Cached>>,
    /// Something is due earlier than was thought.
    wake: Arc<Notify>,
    /// Deliveries that the loop has begun and that have not ended.
    underway: AtomicUsize,
}

impl AlertDesk {
    /// The desk of a metadata database, delivering by the channels that `pools` knows.
    #[must_use]
    pub fn new(database: Arc<Database>, pools: Arc<dyn Connections>) -> Self {
        let inner = Inner {
            database,
            pools,
            policy: Mutex::default(),
            wake: Arc::new(Notify::new()),
            underway: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Alerts, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, filter: &AlertFilter) -> Result<Vec<AlertRecord>, Fault> {
        Ok(self.inner.database.list_alerts(filter).await?)
    }

    /// The alert of that id.
    ///
    /// # Errors
    /// `alert_not_found`, `store_failed`.
    pub async fn get(&self, id: AlertId) -> Result<AlertRecord, Fault> {
        Ok(self.inner.database.get_alert(id).await?)
    }

    /// The deliveries of an alert.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_deliveries(&self, alert: AlertId) -> Result<Vec<DeliveryRecord>, Fault> {
        Ok(self.inner.database.list_deliveries(alert).await?)
    }

    /// The delivery of that id.
    ///
    /// # Errors
    /// `delivery_not_found`, `store_failed`.
    pub async fn get_delivery(&self, id: DeliveryId) -> Result<DeliveryRecord, Fault> {
        Ok(self.inner.database.get_delivery(id).await?)
    }

    /// The attempts of a delivery, oldest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_attempts(&self, delivery: DeliveryId) -> Result<Vec<AttemptRecord>, Fault> {
        Ok(self.inner.database.list_attempts(delivery).await?)
    }

    /// Attempts a delivery here and now that failed, was dropped, or waits; what comes of it is in the answer.
    ///
    /// # Errors
    /// `delivery_not_found`, `invalid_value` for one that is delivered or being attempted, `store_failed`.
    pub async fn retry(&self, id: DeliveryId) -> Result<DeliveryRecord, Fault> {
        self.inner.database.reopen_delivery(id, Utc::now()).await?;
        self.attempt_claimed(Which::Delivery(id)).await?;
        Ok(self.inner.database.get_delivery(id).await?)
    }

    /// Notes for `who` that somebody knows of the alert, so that it is not escalated.
    ///
    /// # Errors
    /// `alert_not_found`, `store_failed`.
    pub async fn acknowledge(&self, id: AlertId, who: &str, comment: Option<&str>) -> Result<AlertRecord, Fault> {
        Ok(self.inner.database.acknowledge_alert(id, who, comment, Utc::now()).await?)
    }

    /// Attempts what can be claimed of `which`; gives the deliveries attempted, each with what its channel said.
    async fn attempt_claimed(&self, which: Which) -> Result<HashMap<DeliveryId, data::Result<Delivery>>, Fault> {
        let policy = self.policy().await?;
        let now = Utc::now();
        let claims = self.inner.database.claim_deliveries(&policy, which, now, now + deliver::LEASE).await?;
        // On tasks of their own: what has begun is brought to its end, even where nobody waits for it any more.
        let attempts = claims.into_iter().map(|claim| {
            let (desk, policy, held) = (self.clone(), policy.clone(), claim.clone());
            let task = tokio::spawn(async move { desk.attempt(&policy, &claim).await });
            async move { (held, task.await) }
        });
        let mut ended = HashMap::new();
        for (claim, outcome) in join_all(attempts).await {
            let Claim { members, .. } = claim;
            let outcome = outcome.unwrap_or_else(|_| {
                Err(Fault::new(ErrorCode::Internal, "an attempt to deliver ended without an answer").into())
            });
            ended.extend(members.into_iter().map(|(delivery, _)| (delivery, outcome.clone())));
        }
        Ok(ended)
    }
}

#[async_trait]
impl Alerts for AlertDesk {
    async fn raise(&self, alert: &NewAlert) -> Result<Raised, StoreError> {
        self.raise_now(alert).await.map_err(StoreError::Failed)
    }

    async fn find_template(&self, name: &str) -> Result<Option<Template>, StoreError> {
        let policy = self.policy().await.map_err(StoreError::Failed)?;
        Ok(policy.templates.get(name).cloned())
    }
}

impl AlertDesk {
    async fn raise_now(&self, alert: &NewAlert) -> Result<Raised, Fault> {
        let policy = self.policy().await?;
        let routed = engine::alerts::route(&policy, alert);
        if routed.channels.is_empty() {
            let message =
                "the alert goes to no channel: its step names none, and no route of the alert policy matches it";
            return Err(Fault::new(ErrorCode::MissingKey, message)
                .hint("Name `channels` in the step, at least `log`, or add a route (`sluice alert policy show`)."));
        }
        let database = &self.inner.database;
        let (record, _) = database.raise_alert(alert, &routed, Utc::now()).await?;
        let mut ended = self.attempt_claimed(Which::Alert(record.id)).await?;
        let mut channels = Vec::new();
        for delivery in database.list_deliveries(record.id).await? {
            if delivery.level > 0 {
                continue;
            }
            let standing = match (ended.remove(&delivery.id), delivery.status) {
                (Some(Ok(delivery)), _) => Standing::Delivered { provider_id: delivery.provider_id },
                (Some(Err(error)), _) => {
                    Standing::Failed { fault: *error.fault, retryable: error.retryable, retry_after: error.retry_after }
                }
                (None, DeliveryStatus::Delivered) => Standing::Delivered { provider_id: delivery.provider_id },
                (None, DeliveryStatus::Dropped) => Standing::Dropped { reason: delivery.reason },
                (None, DeliveryStatus::Pending) => {
                    Standing::Waiting { until: delivery.next_at, reason: delivery.reason }
                }
                (None, DeliveryStatus::Failed) => {
                    let message = format!("channel `{}` did not take the alert", delivery.channel);
                    let fault = Fault::new(ErrorCode::DeliveryFailed, message);
                    Standing::Failed { fault, retryable: false, retry_after: None }
                }
            };
            channels.push(ChannelReport { channel: delivery.channel, standing });
        }
        self.inner.wake.notify_one();
        Ok(Raised { id: record.id, channels })
    }
}

/// The id spelled by `text`; what is none names nothing that is there.
///
/// # Errors
/// `alert_not_found`.
pub fn parse_alert_id(text: &str) -> Result<AlertId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::AlertNotFound, error.to_string()).hint("`sluice alert list` shows what there is.")
    })
}

/// The id spelled by `text`; what is none names nothing that is there.
///
/// # Errors
/// `delivery_not_found`.
pub fn parse_delivery_id(text: &str) -> Result<DeliveryId, Fault> {
    text.parse().map_err(|error: model::id::ParseIdError| {
        Fault::new(ErrorCode::DeliveryNotFound, error.to_string())
            .hint("`sluice alert show` lists an alert's deliveries.")
    })
}

/// The channel is the run's log.
fn is_log(channel: &str) -> bool {
    channel == LOG
}
