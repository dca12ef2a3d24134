//! Plugins of the kind `channel` as [`data::Channel`]: one instance for each delivery.

use crate::host::Opener;
use crate::manifest::PluginKind;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Alert, Channel, Delivery, Result};

/// A channel that lives in a plugin.
pub(crate) struct PluginChannel {
    opener: Opener,
    call: PluginCall,
}

impl PluginChannel {
    /// A channel, after a look whether the plugin is one.
    pub(crate) fn new(opener: Opener, call: PluginCall) -> Result<Self> {
        match opener.program.has(PluginKind::Channel) {
            true => Ok(Self { opener, call }),
            false => Err(opener.manifest.lacks(PluginKind::Channel)),
        }
    }
}

#[async_trait]
impl Channel for PluginChannel {
    async fn deliver(&self, alert: &Alert) -> Result<Delivery> {
        self.opener.program.deliver(&self.opener, self.call.clone(), alert).await
    }
}
