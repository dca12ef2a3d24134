//! The four logs about tables of users' databases: creations, column definitions, operations, validations.
//!
//! They share one shape. Entries are only ever added and, by `cleanup`, removed when they are old.

use crate::change::Change;

pub(crate) fn change() -> Change {
    let all = LOGS.map(|(table, subject)| STATEMENTS.replace("{table}", table).replace("{subject}", subject));
    Change::new("m0003_table_logs", all.concat())
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
