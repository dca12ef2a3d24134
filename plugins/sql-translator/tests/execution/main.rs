//! Translations judged by execution: the statement on the source and its translation on the target yield the same rows.
//!
//! The corpus and its data are in `tests/corpus/translate`; `corpus.rs` reads it, `servers.rs` runs statements,
//! `compare.rs` says which rows are the same. Each case ends as equal, warned, refused, or as a fault of ours: a
//! difference without a warning, or a translation that fails on the target without one.

mod compare;
mod corpus;
mod servers;
mod snowflake;

use compare::Rows;
use corpus::Case;
use servers::Server;
use sql_translator::{Dialect, Level, Request, Statement, translate};
use std::fmt::Write;

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Equal,
    /// Different or failed, and a warning said that it might be.
    Warned(String),
    Refused(String),
    /// Different, and nothing said so.
    Silent(String),
    /// The translation does not run, and nothing said so.
    Broken(String),
}

fn run(
    case: &Case,
    from: Dialect,
    to: Dialect,
    schema: Option<&str>,
    source: &mut Server,
    target: &mut Server,
) -> Outcome {
    let request = Request { sql: &case.sql, from, to, schema, strict: false };
    let translated = translate(&request);
    let note = |level: Level| {
        let notes = translated.iter().flat_map(|statement: &Statement| &statement.notes);
        notes
            .filter(|note| note.level == level)
            .map(|note| note.code.to_owned() + ": " + &note.message)
            .collect::<Vec<_>>()
    };
    let errors = note(Level::Error);
    if let Some(error) = errors.first() {
        return Outcome::Refused(error.clone());
    }
    let sql: Vec<&str> = translated.iter().map(|statement| statement.sql.as_str()).collect();
    let sql = sql.join(";\n");
    let expected = match source.play(&case.sql, case.check.as_deref()) {
        Ok(rows) => rows,
        Err(error) => return Outcome::Broken(format!("the corpus is wrong, its source says {error}")),
    };
    let warnings = note(Level::Warning);
    let why = match target.play(&sql, case.check.as_deref()) {
        Ok(rows) => match Rows::difference(&expected, &rows, case.is_ordered()) {
            None => return Outcome::Equal,
            Some(difference) => {
                let text = format!("{difference}\n    {sql}");
                return if warnings.is_empty() {
                    Outcome::Silent(text)
                } else {
                    Outcome::Warned(format!("{warnings:?} {text}"))
                };
            }
        },
        Err(error) => format!("{error}\n    {sql}"),
    };
    if warnings.is_empty() { Outcome::Broken(why) } else { Outcome::Warned(format!("{warnings:?} {why}")) }
}

/// Runs every case of a file, first with the schema and then without it, and holds the outcomes against what is promised:
/// with the schema at least so many of a hundred are equal, and the rest was warned about or refused; without it, too, none
/// differs in silence, though some fail on the target.
fn judge(file: &str, from: Dialect, to: Dialect, source: &mut Server, target: &mut Server, least: usize) {
    let (schema, cases) = (corpus::schema(from), corpus::read(file));
    play(&cases, from, to, Some(&schema), source, target, least);
    play(&cases, from, to, None, source, target, 0);
}

fn play(
    cases: &[Case],
    from: Dialect,
    to: Dialect,
    schema: Option<&str>,
    source: &mut Server,
    target: &mut Server,
    least: usize,
) {
    let mut report = String::new();
    let (mut equal, mut warned, mut refused, mut failed, mut faults) = (0, 0, 0, 0, 0);
    for case in cases {
        let outcome = run(case, from, to, schema, source, target);
        match &outcome {
            Outcome::Equal => equal += 1,
            Outcome::Warned(why) => {
                warned += 1;
                let _ = writeln!(report, "warned  {}\n    {why}", case.name());
            }
            Outcome::Refused(why) => {
                refused += 1;
                let _ = writeln!(report, "refused {}\n    {why}", case.name());
            }
            Outcome::Broken(_) if schema.is_none() => failed += 1,
            Outcome::Silent(why) | Outcome::Broken(why) => {
                faults += 1;
                let word = if matches!(outcome, Outcome::Silent(_)) { "SILENT" } else { "BROKEN" };
                let _ = writeln!(report, "{word}  {}\n    {}\n    {why}", case.name(), case.sql.replace('\n', " "));
            }
        }
    }
    let share = equal * 100 / cases.len().max(1);
    eprintln!("{report}");
    eprintln!(
        "{} → {}, {} schema: {} statements, {equal} equal ({share} %), {warned} warned, {refused} refused, {failed} failed aloud, {faults} at fault",
        from.name(),
        to.name(),
        if schema.is_some() { "with" } else { "without" },
        cases.len()
    );
    assert_eq!(faults, 0, "differences without a warning, or translations that do not run:\n{report}");
    assert!(share >= least, "only {share} % are equal:\n{report}");
}

#[test]
fn mariadb_statements_yield_the_same_rows_on_postgresql() {
    let (Some(mut source), Some(mut target)) = (Server::mariadb("my_pg"), Server::postgres("my_pg")) else { return };
    judge("mariadb-to-postgres.sql", Dialect::Mariadb, Dialect::Postgres, &mut source, &mut target, 95);
}

#[test]
fn postgresql_statements_yield_the_same_rows_on_mariadb() {
    let (Some(mut source), Some(mut target)) = (Server::postgres("pg_my"), Server::mariadb("pg_my")) else { return };
    judge("postgres-to-mariadb.sql", Dialect::Postgres, Dialect::Mariadb, &mut source, &mut target, 95);
}

#[test]
fn mariadb_statements_are_equal_or_warned_about_on_sqlite() {
    let Some(mut source) = Server::mariadb("my_lite") else { return };
    let mut target = Server::sqlite();
    judge("mariadb-to-sqlite.sql", Dialect::Mariadb, Dialect::Sqlite, &mut source, &mut target, 90);
}
