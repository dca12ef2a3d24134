//! One change of the schema: statements that are run once, in the words of the database at hand.

use crate::dialect::translate;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use std::borrow::Cow;

pub(crate) struct Change {
    name: &'static str,
    statements: Cow<'static, str>,
}

impl Change {
    /// A change that is remembered by its name. Its statements are separated by `;` at the end of a line.
    pub(crate) fn new(name: &'static str, statements: impl Into<Cow<'static, str>>) -> Self {
        Self { name, statements: statements.into() }
    }
}

impl MigrationName for Change {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Change {
    #[allow(elided_lifetimes_in_paths, reason = "the trait leaves the lifetime out, and must be matched")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        for statement in self.statements.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            manager.get_connection().execute_unprepared(&translate(backend, statement)).await?;
        }
        Ok(())
    }
}
