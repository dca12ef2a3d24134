//! Plugins of the kind `translator`.

use crate::bindings::exports::sluice::plugin::translator as wit;
use crate::capability::always::clean;
use crate::host::Opener;
use crate::instance::Instance;
use crate::manifest::PluginKind;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Error, Note, NoteLevel, Result, Translated, Translation, Translator};
use model::ErrorCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{AcquireError, Semaphore};
use tokio::time::timeout;

/// A translator that is kept for many calls. There are as many instances as calls at once, up to one for each processor; one
/// that failed is not used again.
pub struct PluginTranslator {
    opener: Opener,
    places: Semaphore,
    idle: Mutex<Vec<(Instance, wit::Guest)>>,
}

impl PluginTranslator {
    pub(crate) fn new(opener: Opener) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { opener, places: Semaphore::new(processors), idle: Mutex::new(Vec::new()) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instance, wit::Guest)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self) -> Result<(Instance, wit::Guest)> {
        let lacks = || self.opener.prepared.lacks(PluginKind::Translator);
        let indices = self.opener.prepared.translator.as_ref().ok_or_else(lacks)?;
        let (mut instance, component) = self.opener.instantiate(PluginCall::default()).await?;
        let mut store = instance.begin()?;
        let loaded = indices.load(&mut store, &component);
        let guest = instance.end(store, Ok(loaded))?;
        Ok((instance, guest))
    }
}

#[async_trait]
impl Translator for PluginTranslator {
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
        let closed = |error: AcquireError| Error::permanent(ErrorCode::Internal, error.to_string());
        let _place = self.places.acquire().await.map_err(closed)?;
        let running = self.idle().pop();
        let (mut instance, guest) = match running {
            Some(running) => running,
            None => self.start().await?,
        };
        let request = wit::TranslateRequest {
            sql: &translation.sql,
            source_dialect: &translation.from,
            target_dialect: &translation.to,
            schema: translation.schema.as_deref(),
            strict: translation.strict,
        };
        let mut store = instance.begin()?;
        let outcome = timeout(instance.time(), guest.call_translate(&mut store, request)).await;
        let answer = instance.end(store, outcome)?;
        let statements = answer.map_err(|error| instance.told(error));
        self.idle().push((instance, guest));
        Ok(statements?.into_iter().map(lift).collect())
    }
}

fn lift(statement: wit::Statement) -> Translated {
    let note = |note: wit::Note| Note {
        level: match note.level {
            wit::NoteLevel::Info => NoteLevel::Info,
            wit::NoteLevel::Warning => NoteLevel::Warning,
            wit::NoteLevel::Error => NoteLevel::Error,
        },
        code: clean(&note.code, 64),
        message: clean(&note.message, 2048),
        line: note.line,
        column: note.column,
    };
    Translated { sql: statement.sql, line: statement.line, notes: statement.notes.into_iter().map(note).collect() }
}
