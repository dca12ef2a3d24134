//! Connections, channels, plugins, settings and secrets. What is secret is one sealed value, opaque to the database.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0002_catalogs", STATEMENTS)
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
