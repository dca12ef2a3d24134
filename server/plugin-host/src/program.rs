//! What the host asks of a plugin, whatever it is written in: a component ([`Component`]) and a script
//! ([`crate::script::Script`]) answer alike, so that nothing else knows the difference.

use crate::host::Opener;
use crate::manifest::PluginKind;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Alert, Checkpoint, Delivery, Result, Sink, Source, Transformer, Translated, Translation};

/// The code of an installed plugin, ready to run. Each call that opens something makes an instance of its own.
#[async_trait]
pub(crate) trait Program: Send + Sync {
    /// The capabilities it uses, by the names of the contract's interfaces.
    fn uses(&self) -> Vec<String>;

    /// Whether it can be asked for that kind.
    fn has(&self, kind: PluginKind) -> bool;

    /// Asks the plugin whether it can work with the settings of `call`.
    async fn check(&self, opener: &Opener, kind: PluginKind, call: PluginCall) -> Result<()>;

    async fn open_source(
        &self,
        opener: &Opener,
        call: PluginCall,
        resume_at: Option<Checkpoint>,
    ) -> Result<Box<dyn OpenSource>>;

    async fn open_sink(&self, opener: &Opener, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn OpenSink>>;

    async fn open_transform(
        &self,
        opener: &Opener,
        call: PluginCall,
        schema: SchemaRef,
    ) -> Result<Box<dyn OpenTransformer>>;

    async fn deliver(&self, opener: &Opener, call: PluginCall, alert: &Alert) -> Result<Delivery>;

    /// The pairs of dialects that a translator knows.
    async fn dialects(&self, opener: &Opener) -> Result<Vec<(String, String)>>;

    /// An instance that translates, for many calls.
    async fn open_translator(&self, opener: &Opener) -> Result<Box<dyn OpenTranslator>>;
}

/// A sink that can be undone.
#[async_trait]
pub(crate) trait OpenSink: Sink {
    /// Undoes what is not durable, and waits for it.
    async fn abort(self: Box<Self>) -> Result<()>;
}

/// A source of one instance.
#[async_trait]
pub(crate) trait OpenSource: Source {
    /// Whether its instance has taken so much memory that it had better be put aside.
    fn is_large(&self) -> bool {
        false
    }
}

/// A transformer of one instance.
#[async_trait]
pub(crate) trait OpenTransformer: Transformer {
    /// Whether its instance has taken so much memory that it had better be put aside.
    fn is_large(&self) -> bool {
        false
    }
}

/// A translator for one call at a time.
#[async_trait]
pub(crate) trait OpenTranslator: Send {
    async fn translate(&mut self, translation: &Translation) -> Result<Vec<Translated>>;
}
