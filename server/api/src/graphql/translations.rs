//! Translating SQL.

use super::Context;
use crate::error::ApiError;
use data::{NoteLevel, Translated, Translation};
use juniper::{GraphQLEnum, GraphQLInputObject, graphql_object};

/// What is to be translated.
#[derive(GraphQLInputObject)]
pub struct TranslateInput {
    /// Any number of statements.
    sql: String,
    /// The dialect they are in: `mysql`, `mariadb`, `postgres`, `snowflake`, `sqlite` or `tdengine`.
    from: String,
    /// The dialect they are to be in.
    to: String,
    /// The source's tables, as CREATE TABLE statements of its dialect.
    schema: Option<String>,
    /// A connection whose tables are the schema instead.
    connection: Option<String>,
    /// A connection that says of each result whether it would run there.
    check: Option<String>,
    /// Refuse where there would be a warning.
    strict: Option<bool>,
    /// Plugins with rules of one's own, in their order: each rewrites the statements before or after.
    rules: Option<Vec<String>>,
}

/// How grave a note on a translation is.
#[derive(GraphQLEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranslationNoteLevel {
    /// Good to know.
    Info,
    /// The statement may mean something else.
    Warning,
    /// The statement was not translated.
    Refused,
}

/// A note on a translation.
#[derive(juniper::GraphQLObject)]
#[graphql(context = Context)]
pub struct TranslationNote {
    level: TranslationNoteLevel,
    /// Which rule speaks.
    code: String,
    message: String,
    /// Line in the given text, from 1.
    line: i32,
    /// Column in that line, from 1.
    column: i32,
}

/// A translated statement.
pub struct TranslatedStatement(pub Translated);

#[graphql_object(context = Context)]
impl TranslatedStatement {
    /// Its text; empty where nothing became of it.
    fn sql(&self) -> &str {
        &self.0.sql
    }
    /// Line where the statement begins in the given text, from 1.
    fn line(&self) -> i32 {
        number(self.0.line)
    }
    fn notes(&self) -> Vec<TranslationNote> {
        let notes = self.0.notes.iter();
        notes
            .map(|note| TranslationNote {
                level: match note.level {
                    NoteLevel::Info => TranslationNoteLevel::Info,
                    NoteLevel::Warning => TranslationNoteLevel::Warning,
                    NoteLevel::Error => TranslationNoteLevel::Refused,
                },
                code: note.code.clone(),
                message: note.message.clone(),
                line: number(note.line),
                column: number(note.column),
            })
            .collect()
    }
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

pub(super) async fn translate(context: &Context, input: TranslateInput) -> Result<Vec<TranslatedStatement>, ApiError> {
    let TranslateInput { sql, from, to, schema, connection, check, strict, rules } = input;
    let translation =
        Translation { sql, from, to, schema, strict: strict.unwrap_or(false), rules: rules.unwrap_or_default() };
    let service = &context.workbench.translations;
    let statements = service.translate(translation, connection.as_deref(), check.as_deref()).await?;
    Ok(statements.into_iter().map(TranslatedStatement).collect())
}
