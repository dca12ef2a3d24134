//! What may run within a transaction that somebody else keeps: statements on rows and tables, one at a time, named one by
//! one. Nothing that begins, ends or leaves the transaction, changes the session, or reaches beyond the database.

use super::lexer::{self, Token};
use super::{Fail, check};
use data::{Error, Result, System};
use model::ErrorCode;

/// First words of statements on rows.
const ROWS: [&str; 9] = ["select", "with", "values", "insert", "update", "delete", "replace", "merge", "truncate"];
/// First words of statements on tables.
const TABLES: [&str; 3] = ["create", "alter", "drop"];
/// What they may be about.
const OBJECTS: [&str; 4] = ["table", "index", "view", "sequence"];
/// Words that may stand between.
const BETWEEN: [&str; 6] = ["unique", "temporary", "temp", "materialized", "or", "replace"];

/// Whether the statement changes tables, where it may run at all.
///
/// # Errors
/// `statement_not_allowed`, or that it cannot be read.
pub(crate) fn within_transaction(system: System, sql: &str) -> Result<bool> {
    if let Some(fault) = check(system, sql).fault {
        return Err(fault.into());
    }
    let tokens = match lexer::tokens(system, sql) {
        Ok(tokens) => tokens,
        Err(Fail::Refused(reason)) => return Err(refused(&reason)),
        Err(Fail::Unreadable { message, .. }) => return Err(refused(&message)),
    };
    let mut words = tokens.iter().filter(|token| token.is_name()).map(|token| token.name.as_str());
    let first = tokens.iter().find(|token| !token.is("(")).map(|token: &Token<'_>| token.name.as_str());
    match first {
        // `select … into` makes a table in PostgreSQL and a file in MySQL.
        Some("select" | "with") if tokens.iter().any(|token| token.word("outfile") || token.word("dumpfile")) => {
            Err(refused("it writes a file"))
        }
        Some("truncate") => Ok(true),
        Some(word) if ROWS.contains(&word) => Ok(false),
        Some(word) if TABLES.contains(&word) => {
            let object = words.by_ref().skip(1).find(|word| !BETWEEN.contains(word)).unwrap_or_default();
            if OBJECTS.contains(&object) {
                return Ok(true);
            }
            Err(refused(&format!("`{} {}` is not among what may run here", word, object)))
        }
        Some(word) => Err(refused(&format!("`{word}` is not among what may run here"))),
        None => Err(refused("there is no statement")),
    }
}

fn refused(reason: &str) -> Error {
    Error::permanent(
        ErrorCode::StatementNotAllowed,
        format!("the statement is not allowed in a plugin's transaction: {reason}"),
    )
    .hint("Statements on rows, and CREATE, ALTER and DROP of tables, indexes and views run here, one at a time.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn statements_on_rows_and_tables_pass_and_nothing_else() {
        for system in [System::Postgres, System::Mysql, System::Sqlite] {
            for (sql, defines) in [
                ("INSERT INTO t (a) VALUES (1)", false),
                ("/* note */ update t set a = 1", false),
                ("DELETE FROM t WHERE a = 'COMMIT; DROP TABLE t'", false),
                ("(SELECT 1)", false),
                ("WITH q AS (SELECT 1 AS a) SELECT a FROM q", false),
                ("CREATE TABLE t (a int)", true),
                ("create unique index i on t (a)", true),
                ("DROP VIEW v", true),
            ] {
                assert_eq!(within_transaction(system, sql).unwrap(), defines, "{system:?} {sql}");
            }
            for sql in [
                "COMMIT",
                "ROLLBACK",
                "BEGIN",
                "SAVEPOINT a",
                "SET ROLE admin",
                "INSERT INTO t VALUES (1); COMMIT",
                "SELECT 1; SELECT 2",
                "CREATE USER u",
                "CREATE FUNCTION f() RETURNS int",
                "DROP DATABASE d",
                "GRANT ALL ON t TO u",
                "COPY t FROM PROGRAM 'id'",
                "ATTACH 'x' AS y",
                "PRAGMA journal_mode = off",
                "VACUUM INTO 'x'",
                "CALL p()",
                "DO $$ BEGIN END $$",
                "LOAD DATA INFILE 'x' INTO TABLE t",
                "SELECT 1 INTO OUTFILE '/tmp/x'",
                "",
                ";",
            ] {
                assert!(within_transaction(system, sql).is_err(), "{system:?} {sql}");
            }
        }
    }
}
