//! Connections, channels, plugins, settings and secrets. What is secret is one sealed value, opaque to the database.

use crate::dialect;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};

pub(crate) struct Change;

impl MigrationName for Change {
    fn name(&self) -> &str {
        "m0002_catalogs"
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
CREATE TABLE connection (
    name TEXT NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    settings TEXT NOT NULL,
    secret {bytes},
    created_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL
);

CREATE TABLE channel (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    secret {bytes},
    created_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL
);

CREATE TABLE plugin (
    name TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    manifest TEXT NOT NULL,
    grants TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL
);

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    updated_at {bigint} NOT NULL
);

CREATE TABLE secret (
    name TEXT NOT NULL PRIMARY KEY,
    sealed {bytes} NOT NULL,
    created_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL
);
";
