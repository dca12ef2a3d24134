//! Translating SQL: the service that the command line and the API share.
//!
//! The translator itself is a plugin behind [`data::Translator`]. Here it is given the tables of a connection as the
//! source's schema, and what it wrote is held against a connection of the target.

use data::{Connections, Note, NoteLevel, Result, Translated, Translation, Translator};
use std::sync::Arc;

/// Translations. Cloning is cheap.
#[derive(Clone)]
pub struct Translations {
    translator: Arc<dyn Translator>,
    connections: Arc<dyn Connections>,
}

impl Translations {
    /// The service over a translator and saved connections.
    #[must_use]
    pub fn new(translator: Arc<dyn Translator>, connections: Arc<dyn Connections>) -> Self {
        Self { translator, connections }
    }

    /// Translates statements; with `source` the tables of that connection are the schema, with `target` each result is
    /// checked there, and what that connection refuses becomes a note of the code `check`.
    ///
    /// # Errors
    /// `invalid_value` for an unknown dialect, `connection_not_found`, and what reading a connection's tables met.
    pub async fn translate(
        &self,
        mut translation: Translation,
        source: Option<&str>,
        target: Option<&str>,
    ) -> Result<Vec<Translated>> {
        if let (Some(name), None) = (source, &translation.schema) {
            translation.schema = Some(self.schema(name).await?);
        }
        let mut statements = self.translator.translate(&translation).await?;
        if let Some(name) = target {
            self.check(name, &mut statements).await?;
        }
        Ok(statements)
    }

    /// A connection's tables as CREATE TABLE statements: what decides a translation, not all that they are.
    ///
    /// # Errors
    /// `connection_not_found`, or what the system answers.
    pub async fn schema(&self, connection: &str) -> Result<String> {
        transfer::definitions(self.connections.get(connection).await?.as_ref()).await
    }

    /// Lets the target say what it thinks of each result.
    async fn check(&self, connection: &str, statements: &mut [Translated]) -> Result<()> {
        let connector = self.connections.get(connection).await?;
        for statement in statements.iter_mut().filter(|statement| !statement.sql.is_empty()) {
            let check = connector.check_statement(&statement.sql, true).await?;
            if let Some(fault) = check.fault {
                statement.notes.push(Note {
                    level: NoteLevel::Error,
                    code: "check".to_owned(),
                    message: format!("connection `{connection}` refuses the result: {}", fault.message),
                    line: statement.line,
                    column: 1,
                });
            }
        }
        Ok(())
    }
}
