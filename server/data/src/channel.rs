//! Delivering alerts to people: mail, webhook, chat.

use crate::Result;
use async_trait::async_trait;
pub use model::alert::{Alert, AlertSeverity, Attachment};
use serde::{Deserialize, Serialize};

/// The receiver took the alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The provider's id for it, where it has one.
    pub provider_id: Option<String>,
}

/// An opened channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Delivers one alert.
    ///
    /// # Errors
    /// `delivery_failed`, retryable where trying again may help.
    async fn deliver(&self, alert: &Alert) -> Result<Delivery>;
}
