//! Plugins of the kind `translator`.

use crate::bindings::exports::sluice::plugin::translator as wit;
use crate::capability::always::clean;
use crate::host::Opener;
use crate::instance::Instance;
use crate::manifest::PluginKind;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Note, NoteLevel, Result, Translated, Translation, Translator};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A translator that is kept for many calls, one at a time; after one that failed the next begins with a new instance.
pub struct PluginTranslator {
    opener: Opener,
    running: Mutex<Option<(Instance, wit::Guest)>>,
}

impl PluginTranslator {
    pub(crate) fn new(opener: Opener) -> Self {
        Self { opener, running: Mutex::new(None) }
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
        let mut running = self.running.lock().await;
        let (mut instance, guest) = match running.take() {
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
        *running = Some((instance, guest));
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
