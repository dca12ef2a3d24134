//! The few words in which SQLite and PostgreSQL differ when a table is made.
//!
//! A statement writes `{uuid}`, `{bytes}`, `{serial}`, `{bigint}`, `{without_rowid}` or `{busy}`; nothing else is replaced.

use sea_orm_migration::sea_orm::DbBackend;

/// The statement in the words of this database.
pub(crate) fn translate(backend: DbBackend, statement: &str) -> String {
    let postgres = backend == DbBackend::Postgres;
    let words: [(&str, &str, &str); 6] = [
        ("{uuid}", "uuid", "BLOB"),
        ("{bytes}", "bytea", "BLOB"),
        ("{bigint}", "bigint", "INTEGER"),
        ("{serial}", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("{without_rowid}", "", "WITHOUT ROWID"),
        // Rows that change often leave room for their next version on the same page, and a queue is vacuumed by the
        // number of dead rows, not by their share: its live rows are few.
        (
            "{busy}",
            "WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000)",
            "",
        ),
    ];
    let mut text = statement.to_owned();
    for (word, for_postgres, for_sqlite) in words {
        text = text.replace(word, if postgres { for_postgres } else { for_sqlite });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_replaced_in_both_dialects() {
        let text = "CREATE TABLE t (id {uuid}, n {bigint}, b {bytes}) {busy}";
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            assert!(!translate(backend, text).contains('{'));
        }
    }
}
