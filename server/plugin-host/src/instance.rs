//! One instance of a plugin: every call goes through [`Instance::begin`] and [`Instance::end`], which meter it and turn
//! whatever ends it into one clear error. After a trap or a time-out the instance is gone; its neighbors do not notice.

use crate::bindings::sluice::plugin::types as wit;
use crate::capability::always::clean;
use crate::capability::clock::ClockDenied;
use crate::health::Health;
use crate::limits::{Exceeded, human_size, human_time};
use crate::state::State;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::Error;
use model::ErrorCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::error::Elapsed;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap, UpdateDeadline};

/// Longer messages of plugins are cut.
const MESSAGE: usize = 2 << 10;

/// A store that lives as long as its plugin behaves.
pub(crate) struct Instance {
    plugin: Arc<str>,
    time: Duration,
    store: Option<Store<State>>,
    health: Arc<Health>,
    /// When the call under way began.
    began: Instant,
}

impl Instance {
    /// A store with its limits set; nothing of the plugin has run yet.
    pub(crate) fn new(engine: &wasmtime::Engine, state: State) -> Self {
        let (plugin, time) = (state.plugin.clone(), state.meter.limits().time);
        let (output, health) = (state.meter.limits().output, state.health.clone());
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(output);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().meter.tick().map_err(wasmtime::Error::new)?;
            // Neighbors on the same thread get their turn at every tick.
            Ok(UpdateDeadline::Yield(1))
        });
        Self { plugin, time, store: Some(store), health, began: Instant::now() }
    }

    /// How long one call may take, waiting included.
    pub(crate) fn time(&self) -> Duration {
        self.time
    }

    /// Lends the store for one call; it comes back through [`Instance::end`].
    pub(crate) fn begin(&mut self) -> Result<Store<State>, Error> {
        let store = self.enter()?;
        self.health.called();
        Ok(store)
    }

    /// As [`Instance::begin`], for what makes the instance and is no call of the plugin's.
    pub(crate) fn enter(&mut self) -> Result<Store<State>, Error> {
        let Some(mut store) = self.store.take() else {
            // The earlier error was counted.
            return Err(self::failed(&self.plugin, "was ended by an earlier error and cannot go on"));
        };
        self.began = Instant::now();
        store.data_mut().meter.begin();
        store.set_epoch_deadline(1);
        Ok(store)
    }

    /// Takes the store back after a call that went well, else drops it and says what went wrong.
    pub(crate) fn end<T>(
        &mut self,
        store: Store<State>,
        outcome: Result<wasmtime::Result<T>, Elapsed>,
    ) -> Result<T, Error> {
        self.health.spent(self.began.elapsed());
        match outcome {
            Ok(Ok(value)) => {
                self.store = Some(store);
                Ok(value)
            }
            Ok(Err(error)) => Err(self.explain(store.data(), &error)),
            Err(_) => {
                let what = format!("its limit of {} for one call, waiting included", human_time(self.time));
                Err(self
                    .exceeded(&Exceeded::new(what, "Look for what the plugin waits for, or raise the limit `time`.")))
            }
        }
    }

    fn explain(&self, state: &State, error: &wasmtime::Error) -> Error {
        if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
            return self.exceeded(exceeded);
        }
        if error.downcast_ref::<ClockDenied>().is_some() {
            let denied = Error::permanent(
                ErrorCode::CapabilityDenied,
                format!("capability `clock` was not granted to plugin `{}`", self.plugin),
            );
            return self
                .counted(denied)
                .hint(format!("Grant it with `sluice plugin grant {} --grant clock`.", self.plugin));
        }
        if error.is::<PoolConcurrencyLimitError>() {
            let busy =
                format!("plugin `{}` cannot start: as many plugins run as this server has room for", self.plugin);
            return self.counted(Error::transient(ErrorCode::PluginLimit, busy));
        }
        let recursion = Exceeded::new("its limit of 1 MiB of stack", "Look for endless recursion in the plugin.");
        match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => return self.exceeded(&recursion),
            Some(Trap::UnreachableCodeReached) => {
                let said = state.last_error.as_deref().unwrap_or("it gave no message");
                return self.failed(&format!("gave up: {}", clean(said, MESSAGE)));
            }
            Some(Trap::MemoryOutOfBounds) => {
                return self
                    .failed("reached outside its memory")
                    .hint("Look for endless recursion or a pointer gone astray in the plugin.");
            }
            _ => {}
        }
        let cause = error.root_cause().to_string();
        if cause.contains("fuel") {
            let output = human_size(state.meter.limits().output);
            return self.exceeded(&Exceeded::new(
                format!("its limit of {output} handed over in one call"),
                "Let the plugin hand over smaller batches, or raise the limit `output`.",
            ));
        }
        self.failed(&format!("broke the contract: {}", clean(&cause, MESSAGE)))
    }

    fn exceeded(&self, exceeded: &Exceeded) -> Error {
        self.counted(self::exceeded(&self.plugin, exceeded))
    }

    fn counted(&self, error: Error) -> Error {
        self.health.failed(&error);
        error
    }

    /// Whether it holds more than half of the memory that it may.
    pub(crate) fn is_large(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.data().meter.is_half_used())
    }

    /// Its name.
    pub(crate) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// The plugin broke the contract or gave up.
    pub(crate) fn failed(&self, how: &str) -> Error {
        self.counted(self::failed(&self.plugin, how))
    }

    /// What the plugin itself says went wrong.
    pub(crate) fn told(&self, error: wit::Error) -> Error {
        self.counted(self::told(&self.plugin, error))
    }

    /// A schema the plugin declared.
    pub(crate) fn schema(&self, schema: wit::SchemaResult) -> Result<SchemaRef, Error> {
        crate::columns::lift_schema(schema).map_err(|why| self.failed(&why))
    }

    /// A batch the plugin handed over.
    pub(crate) fn batch(&self, batch: wit::BatchResult, schema: &SchemaRef) -> Result<RecordBatch, Error> {
        crate::columns::lift(batch, schema).map_err(|why| self.failed(&why))
    }

    /// The schema the plugin sees of `schema`.
    pub(crate) fn plain(&self, schema: &Schema) -> Result<SchemaRef, Error> {
        self::plain(&self.plugin, schema)
    }
}

/// What the plugin itself says went wrong.
pub(crate) fn told(plugin: &str, error: wit::Error) -> Error {
    let message = clean(error.message.trim(), MESSAGE);
    let mut message = if message.is_empty() { "gave no message".to_owned() } else { message };
    if let Some(field) = &error.field {
        message.push_str(&format!(" (setting `{}`)", clean(field, 128)));
    }
    if let Some(row) = error.row {
        message.push_str(&format!(" (row {} of the batch)", u64::from(row) + 1));
    }
    let message = format!("plugin `{plugin}`: {message}");
    let mut told = match error.kind {
        wit::ErrorKind::Config => Error::permanent(ErrorCode::InvalidValue, message),
        wit::ErrorKind::Auth => Error::permanent(ErrorCode::AuthenticationFailed, message),
        wit::ErrorKind::Denied => Error::permanent(ErrorCode::CapabilityDenied, message),
        wit::ErrorKind::Transient => Error::transient(ErrorCode::RemoteFailed, message),
        wit::ErrorKind::Data => Error::permanent(ErrorCode::ValueRefused, message),
        wit::ErrorKind::Permanent => Error::permanent(ErrorCode::RemoteFailed, message),
    };
    // Nobody waits for a day because a plugin says so.
    told.retry_after = error.retry_after_ms.map(|wait| Duration::from_millis(wait.min(86_400_000)));
    told
}

/// The plugin exceeded a limit and was ended.
pub(crate) fn exceeded(plugin: &str, exceeded: &Exceeded) -> Error {
    let message = format!("plugin `{plugin}` exceeded {} and was ended", exceeded.what);
    Error::permanent(ErrorCode::PluginLimit, message).hint(exceeded.hint.clone())
}

/// The plugin broke the contract or gave up.
pub(crate) fn failed(plugin: &str, how: &str) -> Error {
    Error::permanent(ErrorCode::PluginFailed, format!("plugin `{plugin}` {how}"))
}

/// The schema a plugin sees of `schema`.
pub(crate) fn plain(plugin: &str, schema: &Schema) -> Result<SchemaRef, Error> {
    crate::columns::plain_schema(schema)
        .map_err(|why| Error::permanent(ErrorCode::Unsupported, format!("plugin `{plugin}` cannot take this: {why}")))
}
