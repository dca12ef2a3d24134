//! Plugins of the kind `translator`.

use crate::host::Opener;
use crate::manifest::PluginKind;
use data::Result;
use data::registry::PluginCall;
use tokio::time::timeout;

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteLevel {
    /// Good to know.
    Info,
    /// The statement may mean something else.
    Warning,
    /// The statement was not translated.
    Error,
}

/// What to know about a translated statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How grave.
    pub level: NoteLevel,
    /// For people.
    pub message: String,
    /// Line in the given text, from 1.
    pub line: u32,
    /// Column in that line, in characters, from 1.
    pub column: u32,
}

/// One translated statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// Its text, without the final `;`.
    pub sql: String,
    /// What to know about it.
    pub notes: Vec<Note>,
}

pub(crate) async fn translate(opener: &Opener, sql: &str, from: &str, to: &str) -> Result<Vec<Translated>> {
    use crate::bindings::exports::sluice::plugin::translator as wit;
    let lacks = || opener.prepared.lacks(PluginKind::Translator);
    let indices = opener.prepared.translator.as_ref().ok_or_else(lacks)?;
    let (mut instance, component) = opener.instantiate(PluginCall::default()).await?;
    let mut store = instance.begin()?;
    let loaded = indices.load(&mut store, &component);
    let guest = instance.end(store, Ok(loaded))?;
    let mut store = instance.begin()?;
    let outcome = timeout(instance.time(), guest.call_translate(&mut store, sql, from, to)).await;
    let statements = instance.end(store, outcome)?.map_err(|error| instance.told(error))?;
    let note = |note: wit::Note| Note {
        level: match note.level {
            wit::NoteLevel::Info => NoteLevel::Info,
            wit::NoteLevel::Warning => NoteLevel::Warning,
            wit::NoteLevel::Error => NoteLevel::Error,
        },
        message: crate::capability::always::clean(&note.message, 2048),
        line: note.line,
        column: note.column,
    };
    let statement = |it: wit::Statement| Translated { sql: it.sql, notes: it.notes.into_iter().map(note).collect() };
    Ok(statements.into_iter().map(statement).collect())
}
