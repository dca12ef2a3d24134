//! What may run within a transaction that somebody else keeps: statements on rows and tables, one at a time, named one by
//! one. Nothing that begins, ends or leaves the transaction, changes the session, or reaches beyond the database.

use super::lexer::{self, Token};
use super::{Fail, check, rules};
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

/// Words behind which a name stands for a table or index, whose columns follow.
const NAMING: [&str; 6] = ["into", "table", "exists", "references", "view", "with"];

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
    if let Some(reason) = reaching(&tokens) {
        return Err(refused(&reason));
    }
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

/// A call of a function that reaches beyond rows and tables; what changes a sequence is no such.
fn reaching(tokens: &[Token<'_>]) -> Option<String> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let called = token.is_name() && tokens.get(at + 1).is_some_and(|next| next.is("("));
        if !called || matches!(token.name.as_str(), "nextval" | "setval") {
            return None;
        }
        // `INSERT INTO market.edit (a)` calls nothing.
        let mut start = at;
        while start >= 2 && tokens[start - 1].is(".") {
            start -= 2;
        }
        let before = start.checked_sub(1).map(|at| &tokens[at]);
        let is_index = tokens[0].word("create") && tokens.iter().skip(1).take(2).any(|token| token.word("index"));
        let named = |before: &Token<'_>| NAMING.iter().any(|word| before.word(word)) || (is_index && before.word("on"));
        if before.is_some_and(named) {
            return None;
        }
        rules::why(&token.name).map(|why| format!("`{}` {why}", token.name))
    })
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
                ("CREATE INDEX i ON benchmark (a)", true),
                ("INSERT INTO edit (a) VALUES (lower('pg_read_file(1)'))", false),
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
                "SELECT pg_read_file('/etc/passwd')",
                "UPDATE t SET a = load_file('/etc/passwd')",
                "INSERT INTO t SELECT * FROM dblink ('host=x', 'SELECT 1')",
                "SELECT set_config('statement_timeout', '0', false)",
                "SELECT 1 FROM t JOIN u ON pg_advisory_lock(1) IS NULL",
                "CREATE TABLE u AS SELECT lo_export(1, '/tmp/x')",
                "",
                ";",
            ] {
                assert!(within_transaction(system, sql).is_err(), "{system:?} {sql}");
            }
        }
        // In MySQL this would be a text.
        let quoted = "SELECT pg_catalog . \"pg_read_file\" ('/etc/passwd')";
        assert!(within_transaction(System::Postgres, quoted).is_err());
    }
}
