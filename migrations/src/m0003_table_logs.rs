//! The four logs about tables of users' databases: creations, column definitions, operations, validations.
//!
//! They share one shape. Entries are only ever added and, by `cleanup`, removed when they are old.

use crate::dialect;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Change;

impl MigrationName for Change {
    fn name(&self) -> &str {
        "m0003_table_logs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Change {
    #[allow(elided_lifetimes_in_paths, reason = "the trait leaves the lifetime out, and must be matched")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, subject) in LOGS {
            dialect::execute(manager, &STATEMENTS.replace("{table}", table).replace("{subject}", subject)).await?;
        }
        Ok(())
    }
}

/// Each log's table, and what its entries are about.
const LOGS: [(&str, &str); 4] = [
    ("table_creation_log", "kind"),
    ("table_column_log", "column_name"),
    ("table_operation_log", "operation"),
    ("table_validation_log", "verdict"),
];

const STATEMENTS: &str = "
CREATE TABLE {table} (
    id {serial},
    at {bigint} NOT NULL,
    who TEXT NOT NULL,
    connection TEXT NOT NULL,
    table_name TEXT NOT NULL,
    {subject} TEXT NOT NULL,
    status TEXT NOT NULL,
    ddl TEXT,
    parameters TEXT NOT NULL,
    error TEXT,
    duration_ms {bigint} NOT NULL
);

CREATE INDEX {table}_by_table ON {table} (connection, table_name, id);
";
