//! What to know about a translated statement.

use sqlparser::tokenizer::{Location, Span};

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// The translated statement may mean something else.
    Warning,
    /// The statement was not translated.
    Error,
}

/// What to know about a statement, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How grave.
    pub level: Level,
    /// Which rule speaks: a word from the table of `docs/translate.md`.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Line in the given text, from 1.
    pub line: u32,
    /// Column in that line, in characters, from 1.
    pub column: u32,
}

/// Why a statement cannot be translated; ends its translation.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) at: Location,
}

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// A refusal at a place.
pub(crate) fn refuse<T>(code: &'static str, message: impl Into<String>, span: Span) -> Result<T> {
    Err(Refusal { code, message: message.into(), at: span.start })
}
