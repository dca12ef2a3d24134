//! The alert policy: kept as people write it, read once for each text.

use super::AlertDesk;
use engine::alerts::{LOG, Policy};
use model::{ErrorCode, Fault};
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};

/// The setting that holds its text.
const SETTING: &str = "alert_policy";

/// A text and what it says.
pub(super) struct Cached {
    text: String,
    policy: Arc<Policy>,
}

impl AlertDesk {
    /// The policy's text; none: nobody has applied any.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_policy(&self) -> Result<Option<String>, Fault> {
        let found = self.inner.database.find_setting(SETTING).await?;
        Ok(found.and_then(|setting| setting.get("text").and_then(Value::as_str).map(str::to_owned)))
    }

    /// Applies a policy in place of the one before; it holds from the next alert and the next delivery on.
    ///
    /// # Errors
    /// All faults of the document, `channel_not_found` for each channel it names that is not there; `store_failed`.
    pub async fn apply_policy(&self, text: &str) -> Result<Arc<Policy>, Vec<Fault>> {
        let policy = Policy::parse(text)?;
        let one = |fault: Fault| vec![fault];
        let mut faults = Vec::new();
        let root = model::tree::parse(text.trim_start_matches('\u{feff}'), &model::tree::Limits::default())?;
        for (path, channel) in policy.channel_names() {
            if channel == LOG {
                continue;
            }
            let found = self.inner.database.find_channel(channel).await;
            if found.map_err(|error| one(error.into()))?.is_none() {
                let fault = self.no_channel(channel).await.map_err(one)?;
                let at = root.locate(&path, path.starts_with("channels."));
                faults.push(fault.path(path).at(at.line, at.column));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let saved = self.inner.database.update_setting(SETTING, &json!({ "text": text })).await;
        saved.map_err(|error| one(error.into()))?;
        self.inner.wake.notify_one();
        Ok(Arc::new(policy))
    }

    /// Forgets the policy; false: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_policy(&self) -> Result<bool, Fault> {
        Ok(self.inner.database.delete_setting(SETTING).await?)
    }

    /// The policy that holds.
    pub(super) async fn policy(&self) -> Result<Arc<Policy>, Fault> {
        let Some(text) = self.find_policy().await? else { return Ok(Arc::default()) };
        let cached = || self.inner.policy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cached().as_ref().filter(|known| known.text == text) {
            return Ok(known.policy.clone());
        }
        let policy = Arc::new(Policy::parse(&text).map_err(|faults| {
            let why = faults.into_iter().next().map(|fault| fault.message).unwrap_or_default();
            Fault::new(ErrorCode::InvalidConfiguration, format!("the alert policy cannot be read any more: {why}"))
                .hint("Apply it anew with `sluice alert policy apply`.")
        })?);
        *cached() = Some(Cached { text, policy: policy.clone() });
        Ok(policy)
    }

    /// Says that a channel is not there, and which are.
    async fn no_channel(&self, name: &str) -> Result<Fault, Fault> {
        let known = self.inner.database.list_channels(None, 500).await?;
        Ok(crate::channels::no_channel(name, known.iter().map(|record| record.name.as_str())))
    }
}
