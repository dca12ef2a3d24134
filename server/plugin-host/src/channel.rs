//! Plugins of the kind `channel` as [`data::Channel`]: one instance for each delivery.

use crate::bindings::exports::sluice::plugin::channel::{Message, Severity};
use crate::host::Opener;
use crate::manifest::PluginKind;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Channel, Delivery, Error, Result};
use model::ErrorCode;
use tokio::time::timeout;

/// A channel that lives in a plugin.
pub(crate) struct PluginChannel {
    opener: Opener,
    call: PluginCall,
}

impl PluginChannel {
    /// A channel, after a look whether the plugin is one.
    pub(crate) fn new(opener: Opener, call: PluginCall) -> Result<Self> {
        match opener.prepared.channel {
            Some(_) => Ok(Self { opener, call }),
            None => Err(opener.prepared.lacks(PluginKind::Channel)),
        }
    }
}

#[async_trait]
impl Channel for PluginChannel {
    async fn deliver(&self, alert: &Alert) -> Result<Delivery> {
        let lacks = || self.opener.prepared.lacks(PluginKind::Channel);
        let indices = self.opener.prepared.channel.as_ref().ok_or_else(lacks)?;
        let (mut instance, component) = self.opener.instantiate(self.call.clone()).await?;
        let mut store = instance.begin()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        let fields: Vec<_> = alert.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let message = Message {
            id: &alert.id,
            severity: match alert.severity {
                AlertSeverity::Info => Severity::Info,
                AlertSeverity::Warning => Severity::Warning,
                AlertSeverity::Critical => Severity::Critical,
                AlertSeverity::Resolved => Severity::Resolved,
            },
            title: &alert.title,
            text: &alert.text,
            fields: &fields,
            link: alert.link.as_deref(),
        };
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_deliver(&mut store, message, &alert.id)).await;
        let delivered = instance.end(store, outcome)?.map_err(|error| undelivered(instance.told(error)))?;
        Ok(Delivery { provider_id: delivered })
    }
}

/// What a receiver refuses is a failed delivery; what the host refused keeps its own code.
fn undelivered(mut error: Error) -> Error {
    if matches!(error.fault.code, ErrorCode::RemoteFailed | ErrorCode::ValueRefused) {
        error.fault.code = ErrorCode::DeliveryFailed;
    }
    error
}
