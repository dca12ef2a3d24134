//! Delivering alerts to people: mail, webhook, chat.

use crate::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
}

/// What is to be delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

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
