//! Trying a plugin out, beside what steps do with it: its own `check`, what it imports, an abort, its dialects.
//! The conformance suite is made of these, and "does it work with these settings" is answered by [`Host::test`].

use crate::host::Host;
use crate::manifest::PluginKind;
use arrow::record_batch::RecordBatch;
use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Batch, Error, Lane, Plugins, Result};

impl Host {
    /// Asks the plugin whether it can work with the settings of `call`; nothing is read, written or delivered by it.
    /// Translators have no such question and answer yes.
    ///
    /// # Errors
    /// What the plugin says is wrong, `plugin_not_found`, or what ended it.
    pub async fn test(&self, plugin: &str, kind: PluginKind, call: PluginCall) -> Result<()> {
        let opener = self.opener(plugin).await?;
        opener.program.check(&opener, kind, call).await
    }

    /// The pairs of dialects that a translator knows: from, to.
    ///
    /// # Errors
    /// `plugin_not_found`, or what ended the plugin.
    pub(crate) async fn dialects(&self, plugin: &str) -> Result<Vec<(String, String)>> {
        let opener = self.opener(plugin).await?;
        opener.program.dialects(&opener).await
    }

    /// Writes a batch and aborts, waiting for it.
    pub(crate) async fn abort_sink(&self, plugin: &str, call: PluginCall, batch: &Batch) -> Result<()> {
        let opener = self.opener(plugin).await?;
        let mut sink = opener.program.open_sink(&opener, call, batch.records.schema()).await?;
        sink.write(batch).await?;
        sink.abort().await
    }

    /// Does once what the kind is for, whatever comes of it.
    pub(crate) async fn exercise(
        &self,
        plugin: &str,
        kind: PluginKind,
        call: PluginCall,
        records: &RecordBatch,
    ) -> Result<()> {
        match kind {
            PluginKind::Source => {
                let mut source = self.open_source(plugin, call, None).await?;
                while source.next().await?.is_some() {}
            }
            PluginKind::Sink => {
                let mut sink = self.open_sink(plugin, call, records.schema()).await?;
                let batch = Batch { lane: Lane::new("main"), sequence: 1, checkpoint: None, records: records.clone() };
                sink.write(&batch).await?;
                sink.finish().await?;
            }
            PluginKind::Transform => {
                let mut transformer = self.open_transform(plugin, call, records.schema()).await?;
                transformer.process(records.clone()).await?;
                transformer.finish().await?;
            }
            PluginKind::Channel => {
                let alert = Alert {
                    id: "check/exercise".to_owned(),
                    severity: AlertSeverity::Info,
                    title: "a test".to_owned(),
                    text: "nothing happened".to_owned(),
                    ..Alert::default()
                };
                self.open_channel(plugin, call).await?.deliver(&alert).await?;
            }
            PluginKind::Translator => {
                self.dialects(plugin).await?;
            }
        }
        Ok::<(), Error>(())
    }
}
