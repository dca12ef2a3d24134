//! A plugin that is a component: an instance in the sandbox for each call.

use crate::bindings::exports::sluice::plugin::channel::{Message, Severity};
use crate::bindings::exports::sluice::plugin::{channel, sink, source, transform, translator};
use crate::bindings::sluice::plugin::types as wit;
use crate::capability::always::clean;
use crate::host::Opener;
use crate::instance::Instance;
use crate::manifest::{Manifest, PluginKind};
use crate::program::{OpenSink, OpenSource, OpenTransformer, OpenTranslator, Program};
use crate::sink::PluginSink;
use crate::source::PluginSource;
use crate::state::State;
use crate::transform::PluginTransformer;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Checkpoint, Delivery, Error, Note, NoteLevel, Result, Translated, Translation};
use model::ErrorCode;
use tokio::time::timeout;
use wasmtime::component::InstancePre;

/// A component ready to be instantiated.
pub(crate) struct Component {
    pub(crate) manifest: Manifest,
    pub(crate) pre: InstancePre<State>,
    /// The capabilities it imports.
    pub(crate) uses: Vec<String>,
    pub(crate) source: Option<source::GuestIndices>,
    pub(crate) sink: Option<sink::GuestIndices>,
    pub(crate) transform: Option<transform::GuestIndices>,
    pub(crate) channel: Option<channel::GuestIndices>,
    pub(crate) translator: Option<translator::GuestIndices>,
}

/// An instance and the exports of one of its kinds.
macro_rules! start {
    ($component:ident, $opener:ident, $call:expr, $field:ident, $kind:expr) => {{
        let indices = $component.$field.as_ref().ok_or_else(|| $component.manifest.lacks($kind))?;
        let (mut instance, component) = $component.instantiate($opener, $call).await?;
        let mut store = instance.enter()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        (instance, guest)
    }};
}

macro_rules! call_check {
    ($component:ident, $opener:ident, $call:ident, $field:ident, $kind:expr) => {{
        let (mut instance, guest) = start!($component, $opener, $call, $field, $kind);
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_check(&mut store)).await;
        let answer: std::result::Result<(), wit::Error> = instance.end(store, outcome)?;
        answer.map_err(|error| instance.told(error))
    }};
}

impl Component {
    /// A new instance for one call of the server.
    async fn instantiate(
        &self,
        opener: &Opener,
        call: PluginCall,
    ) -> Result<(Instance, wasmtime::component::Instance)> {
        let mut instance = Instance::new(self.pre.engine(), opener.state(call)?);
        let mut store = instance.enter()?;
        let outcome = timeout(instance.time(), self.pre.instantiate_async(&mut store)).await;
        let component = instance.end(store, outcome)?;
        Ok((instance, component))
    }
}

#[async_trait]
impl Program for Component {
    fn uses(&self) -> Vec<String> {
        self.uses.clone()
    }

    fn has(&self, kind: PluginKind) -> bool {
        self.manifest.kinds.contains(&kind)
    }

    async fn check(&self, opener: &Opener, kind: PluginKind, call: PluginCall) -> Result<()> {
        match kind {
            PluginKind::Source => call_check!(self, opener, call, source, kind),
            PluginKind::Sink => call_check!(self, opener, call, sink, kind),
            PluginKind::Transform => call_check!(self, opener, call, transform, kind),
            PluginKind::Channel => call_check!(self, opener, call, channel, kind),
            PluginKind::Translator => Ok(()),
        }
    }

    async fn open_source(
        &self,
        opener: &Opener,
        call: PluginCall,
        resume_at: Option<Checkpoint>,
    ) -> Result<Box<dyn OpenSource>> {
        let (instance, guest) = start!(self, opener, call, source, PluginKind::Source);
        Ok(Box::new(PluginSource::open(instance, guest, resume_at).await?))
    }

    async fn open_sink(&self, opener: &Opener, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn OpenSink>> {
        let key = call.idempotency_key.clone();
        let (instance, guest) = start!(self, opener, call, sink, PluginKind::Sink);
        Ok(Box::new(PluginSink::open(instance, guest, key, schema).await?))
    }

    async fn open_transform(
        &self,
        opener: &Opener,
        call: PluginCall,
        schema: SchemaRef,
    ) -> Result<Box<dyn OpenTransformer>> {
        let (instance, guest) = start!(self, opener, call, transform, PluginKind::Transform);
        Ok(Box::new(PluginTransformer::open(instance, guest, schema).await?))
    }

    async fn deliver(&self, opener: &Opener, call: PluginCall, alert: &Alert) -> Result<Delivery> {
        let (mut instance, guest) = start!(self, opener, call, channel, PluginKind::Channel);
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

    async fn dialects(&self, opener: &Opener) -> Result<Vec<(String, String)>> {
        let (mut instance, guest) = start!(self, opener, PluginCall::default(), translator, PluginKind::Translator);
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_dialects(&mut store)).await;
        instance.end(store, outcome)
    }

    async fn open_translator(&self, opener: &Opener) -> Result<Box<dyn OpenTranslator>> {
        let (instance, guest) = start!(self, opener, PluginCall::default(), translator, PluginKind::Translator);
        Ok(Box::new(ComponentTranslator { instance, guest }))
    }
}

/// What a receiver refuses is a failed delivery; what the host refused keeps its own code.
pub(crate) fn undelivered(mut error: Error) -> Error {
    if matches!(error.fault.code, ErrorCode::RemoteFailed | ErrorCode::ValueRefused) {
        error.fault.code = ErrorCode::DeliveryFailed;
    }
    error
}

struct ComponentTranslator {
    instance: Instance,
    guest: translator::Guest,
}

#[async_trait]
impl OpenTranslator for ComponentTranslator {
    async fn translate(&mut self, translation: &Translation) -> Result<Vec<Translated>> {
        let request = translator::TranslateRequest {
            sql: &translation.sql,
            source_dialect: &translation.from,
            target_dialect: &translation.to,
            schema: translation.schema.as_deref(),
            strict: translation.strict,
        };
        let mut store = self.instance.begin()?;
        let outcome = timeout(self.instance.time(), self.guest.call_translate(&mut store, request)).await;
        let answer = self.instance.end(store, outcome)?;
        let statements = answer.map_err(|error| self.instance.told(error))?;
        Ok(statements.into_iter().map(lift).collect())
    }
}

fn lift(statement: translator::Statement) -> Translated {
    let note = |note: translator::Note| Note {
        level: match note.level {
            translator::NoteLevel::Info => NoteLevel::Info,
            translator::NoteLevel::Warning => NoteLevel::Warning,
            translator::NoteLevel::Error => NoteLevel::Error,
        },
        code: clean(&note.code, 64),
        message: clean(&note.message, 2048),
        line: note.line,
        column: note.column,
    };
    Translated { sql: statement.sql, line: statement.line, notes: statement.notes.into_iter().map(note).collect() }
}
