//! Turning SQL of one dialect into another's: what is asked, what comes back, and who does it.

use crate::{Error, Result};
use async_trait::async_trait;
use model::ErrorCode;
use serde::{Deserialize, Serialize};

/// What is to be translated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Translation {
    /// Any number of statements.
    pub sql: String,
    /// The dialect they are in: `mysql`, `mariadb`, `postgres`, `snowflake`, `sqlite`, `tdengine`.
    pub from: String,
    /// The dialect they are to be in.
    pub to: String,
    /// The source's tables, as CREATE TABLE statements of its dialect.
    pub schema: Option<String>,
    /// Whether a warning refuses its statement.
    pub strict: bool,
    /// Plugins with rules of one's own, in their order: each rewrites the statements that are given or those that come out,
    /// by the dialects that it knows.
    pub rules: Vec<String>,
}

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteLevel {
    /// Good to know.
    Info,
    /// The statement may mean something else.
    Warning,
    /// The statement was not translated.
    Error,
}

impl NoteLevel {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What to know about a translated statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// How grave.
    pub level: NoteLevel,
    /// Which of the translator's rules speaks.
    pub code: String,
    /// For people.
    pub message: String,
    /// Line in the given text, from 1.
    pub line: u32,
    /// Column in that line, in characters, from 1.
    pub column: u32,
}

/// One translated statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translated {
    /// Its text, without the final `;`; empty where nothing became of it.
    pub sql: String,
    /// Where the statement begins in the given text, from 1.
    pub line: u32,
    /// What to know about it.
    pub notes: Vec<Note>,
}

/// Turns SQL of one dialect into another's.
#[async_trait]
pub trait Translator: Send + Sync {
    /// Translates statements; one that cannot be translated carries a note of the level [`NoteLevel::Error`].
    ///
    /// # Errors
    /// `invalid_value` for a dialect it does not know, or what calling it met.
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>>;
}

/// A translator that goes by rules of one's own, whoever asks it.
#[derive(Clone, Copy)]
pub struct Ruled<'a> {
    /// Who translates.
    pub translator: &'a dyn Translator,
    /// Plugins with rules, as [`Translation::rules`] names them.
    pub rules: &'a [String],
}

#[async_trait]
impl Translator for Ruled<'_> {
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
        let rules = [&translation.rules, self.rules].concat();
        self.translator.translate(&Translation { rules, ..translation.clone() }).await
    }
}

/// No translator: what stands in where none is at hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTranslator;

#[async_trait]
impl Translator for NoTranslator {
    async fn translate(&self, _: &Translation) -> Result<Vec<Translated>> {
        Err(Error::permanent(ErrorCode::PluginNotFound, "there is no translator here"))
    }
}
