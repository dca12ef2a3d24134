//! The plugin's side: the contract's request and answer.

use crate::{Dialect, Level, Request, translate};
use plugin_sdk::{Error, Host, Note, NoteLevel, Result, Statement, TranslateRequest, Translator};

/// The translator plugin.
pub(crate) struct SqlTranslator;

impl Translator for SqlTranslator {
    fn dialects(_: &Host) -> Vec<(String, String)> {
        let pair = |from: Dialect, to: Dialect| (from.name().to_owned(), to.name().to_owned());
        Dialect::ALL.into_iter().flat_map(|from| Dialect::ALL.into_iter().map(move |to| pair(from, to))).collect()
    }

    fn translate(_: &Host, request: &TranslateRequest) -> Result<Vec<Statement>> {
        let find = |name: &str, field: &str| {
            let names: Vec<&str> = Dialect::ALL.into_iter().map(Dialect::name).collect();
            Dialect::find(name).ok_or_else(|| {
                Error::config(field, format!("`{name}` is no dialect; write one of {}", names.join(", ")))
            })
        };
        let request = Request {
            sql: &request.sql,
            from: find(&request.source_dialect, "from")?,
            to: find(&request.target_dialect, "to")?,
            schema: request.schema.as_deref(),
            strict: request.strict,
        };
        let note = |note: crate::Note| Note {
            level: match note.level {
                Level::Info => NoteLevel::Info,
                Level::Warning => NoteLevel::Warning,
                Level::Error => NoteLevel::Error,
            },
            code: note.code.to_owned(),
            message: note.message,
            line: note.line,
            column: note.column,
        };
        let statement = |it: crate::Statement| Statement {
            sql: it.sql,
            line: it.line,
            notes: it.notes.into_iter().map(note).collect(),
        };
        Ok(translate(&request).into_iter().map(statement).collect())
    }
}
