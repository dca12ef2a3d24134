//! Connections: whether the console may write, what people say about them, how the last test went, and a revision by
//! which a change is noticed.

use crate::dialect;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Change;

impl MigrationName for Change {
    fn name(&self) -> &str {
        "m0006_connections"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Change {
    #[allow(elided_lifetimes_in_paths, reason = "the trait leaves the lifetime out, and must be matched")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::execute(manager, STATEMENTS).await
    }
}

const STATEMENTS: &str = "
ALTER TABLE connection ADD COLUMN allow_write BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE connection ADD COLUMN description TEXT;

ALTER TABLE connection ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';

ALTER TABLE connection ADD COLUMN revision {bigint} NOT NULL DEFAULT 0;

ALTER TABLE connection ADD COLUMN tested_at {bigint};

ALTER TABLE connection ADD COLUMN test_result TEXT;
";
