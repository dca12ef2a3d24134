//! Trying a plugin out, beside what steps do with it: its own `check`, what it imports, an abort, its dialects.
//! The conformance suite is made of these, and "does it work with these settings" is answered by [`Host::test`].

use crate::bindings::sluice::plugin::types as wit;
use crate::host::Host;
use crate::manifest::PluginKind;
use crate::sink::PluginSink;
use arrow::record_batch::RecordBatch;
use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Batch, Error, Lane, Plugins, Result};
use tokio::time::timeout;

macro_rules! call_check {
    ($opener:ident, $call:ident, $field:ident, $kind:expr) => {{
        let indices = $opener.prepared.$field.as_ref().ok_or_else(|| $opener.prepared.lacks($kind))?;
        let (mut instance, component) = $opener.instantiate($call).await?;
        let mut store = instance.begin()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_check(&mut store)).await;
        let answer: std::result::Result<(), wit::Error> = instance.end(store, outcome)?;
        answer.map_err(|error| instance.told(error))
    }};
}

impl Host {
    /// Asks the plugin whether it can work with the settings of `call`; nothing is read, written or delivered by it.
    /// Translators have no such question and answer yes.
    ///
    /// # Errors
    /// What the plugin says is wrong, `plugin_not_found`, or what ended it.
    pub async fn test(&self, plugin: &str, kind: PluginKind, call: PluginCall) -> Result<()> {
        let opener = self.opener(plugin).await?;
        match kind {
            PluginKind::Source => call_check!(opener, call, source, kind),
            PluginKind::Sink => call_check!(opener, call, sink, kind),
            PluginKind::Transform => call_check!(opener, call, transform, kind),
            PluginKind::Channel => call_check!(opener, call, channel, kind),
            PluginKind::Translator => Ok(()),
        }
    }

    /// The pairs of dialects that a translator knows: from, to.
    ///
    /// # Errors
    /// `plugin_not_found`, or what ended the plugin.
    pub(crate) async fn dialects(&self, plugin: &str) -> Result<Vec<(String, String)>> {
        let opener = self.opener(plugin).await?;
        let lacks = || opener.prepared.lacks(PluginKind::Translator);
        let indices = opener.prepared.translator.as_ref().ok_or_else(lacks)?;
        let (mut instance, component) = opener.instantiate(PluginCall::default()).await?;
        let mut store = instance.begin()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_dialects(&mut store)).await;
        instance.end(store, outcome)
    }

    /// Writes a batch and aborts, waiting for it.
    pub(crate) async fn abort_sink(&self, plugin: &str, call: PluginCall, batch: &Batch) -> Result<()> {
        let opener = self.opener(plugin).await?;
        let indices = opener.prepared.sink.as_ref().ok_or_else(|| opener.prepared.lacks(PluginKind::Sink))?;
        let key = call.idempotency_key.clone();
        let (mut instance, component) = opener.instantiate(call).await?;
        let mut store = instance.begin()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        let mut sink = PluginSink::open(instance, guest, key, batch.records.schema()).await?;
        data::Sink::write(&mut sink, batch).await?;
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
