//! What a statement of the SQL console does, told from its text alone: the first of the console's five layers.
//!
//! A statement is cut into tokens as the system would ([`lexer`]), read by the parser of the system's dialect ([`tree`]),
//! and held against a list of what may be asked, down to the names of functions ([`rules`]); what is not on a list is
//! refused. Two readers must agree: the tree and the tokens. What a system writes in its own way (`SHOW`, `EXPLAIN`,
//! `PRAGMA`) is in `statement/{postgres,mysql,sqlite}.rs`. Nothing here asks the system anything.

mod lexer;
mod mysql;
mod postgres;
mod rules;
mod sqlite;
mod transaction;
mod tree;
mod words;

#[cfg(test)]
pub(crate) mod corpus;
#[cfg(test)]
mod tests;

pub(crate) use transaction::within_transaction;

use data::System;
use data::console::{Effect, StatementCheck};
use lexer::{Kind, Token};
use model::{ErrorCode, Fault};
use std::collections::BTreeSet;

/// Bytes of a statement at most.
const MAX_BYTES: usize = 256 << 10;
/// Parentheses inside each other at most.
const MAX_NESTING: usize = 64;
/// Tokens in one chain of operators at most, counted over all open parentheses: what a tree's depth can grow to.
const MAX_CHAIN: usize = 10_000;
/// Stack of the thread that reads a statement; only what is used is taken from memory.
const STACK: usize = 128 << 20;

/// What `sql` does, and whether the read-only console lets it through. Pure; no estimate.
///
/// A statement that must not run even where writing is allowed (two statements in one, a text too long or too deep to
/// be read) carries a `fault`; one that reads only carries neither `fault` nor `refusal`.
pub(crate) fn check(system: System, sql: &str) -> StatementCheck {
    #[cfg(test)]
    if corpus::UNCHECKED.try_with(|()| ()).is_ok() {
        return empty(Effect::Read);
    }
    if !matches!(system, System::Postgres | System::Mysql | System::Sqlite) {
        let mut check = empty(Effect::Unknown);
        check.refusal = Some(format!("statements of `{}` are not checked here", system.as_str()));
        return check;
    }
    if sql.len() > MAX_BYTES {
        return barred(&format!("the statement is longer than {} KiB", MAX_BYTES >> 10));
    }
    // The parser, its tree and the walk through it recurse; on a stack of its own none of it can end the process.
    let read = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("statement".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || read(system, sql))
            .ok()
            .and_then(|thread| thread.join().ok())
    });
    read.unwrap_or_else(|| barred("the statement could not be read"))
}

/// Why a statement was not let through.
#[derive(Debug)]
enum Fail {
    /// Its text hides what it does: it must not run at all.
    Refused(String),
    /// It is no statement of the dialect.
    Unreadable { message: String, at: usize },
}

/// What is known of a statement so far.
#[derive(Debug, Default)]
struct Findings {
    tables: BTreeSet<String>,
    columns: BTreeSet<String>,
    /// The first reason found against it.
    refusal: Option<String>,
    /// What it does beyond reading.
    effect: Option<Effect>,
}

impl Findings {
    fn refuse(&mut self, reason: impl Into<String>) {
        self.refusal.get_or_insert(reason.into());
    }

    fn does(&mut self, effect: Effect, reason: impl Into<String>) {
        self.effect.get_or_insert(effect);
        self.refuse(reason);
    }

    fn into_check(self) -> StatementCheck {
        StatementCheck {
            effect: self.effect.unwrap_or(if self.refusal.is_some() { Effect::Unknown } else { Effect::Read }),
            tables: self.tables.into_iter().collect(),
            columns: self.columns.into_iter().collect(),
            refusal: self.refusal,
            fault: None,
            estimate: None,
        }
    }
}

/// What the statement says besides the query in it.
enum Form {
    /// A query from this token on; what stands before only asks for its plan.
    Query { from: usize, runs: bool },
    /// Wholly judged.
    Done(Findings),
}

fn read(system: System, sql: &str) -> StatementCheck {
    let tokens = match lexer::tokens(system, sql) {
        Ok(tokens) => tokens,
        Err(Fail::Refused(reason)) => return barred(&reason),
        Err(Fail::Unreadable { message, at }) => return unreadable(sql, &message, at),
    };
    match bounds(&tokens) {
        Ok(()) => {}
        Err(Fail::Refused(reason)) => return barred(&reason),
        Err(Fail::Unreadable { message, at }) => return unreadable(sql, &message, at),
    }
    let mut parts = tokens.split(|token| token.is(";")).filter(|part| !part.is_empty());
    let Some(mut statement) = parts.next() else { return unreadable(sql, "there is no statement", 0) };
    if parts.next().is_some() {
        if !rules::holds_statements(statement) {
            return barred("more than one statement; only one runs at a time");
        }
        statement = &tokens;
    }
    let form = match system {
        System::Postgres => postgres::form(statement),
        System::Mysql => mysql::form(statement),
        _ => sqlite::form(statement),
    };
    match form {
        Form::Done(findings) => other(system, sql, statement, findings),
        Form::Query { from, runs } => query(system, sql, &statement[from..], runs),
    }
}

/// Judges the query that `tokens` are.
fn query(system: System, sql: &str, tokens: &[Token<'_>], runs: bool) -> StatementCheck {
    let mut findings = Findings::default();
    // What stands before the query becomes spaces, so that places in the text stay what they are.
    let text = blanked(sql, tokens);
    match tree::read(system, &text, tokens) {
        Ok(tree) => {
            rules::tokens(system, tokens, true, &mut findings);
            tree::walk(system, &tree, &mut findings);
            findings.into_check()
        }
        Err(error) => {
            rules::tokens(system, tokens, false, &mut findings);
            // What is seen to be forbidden is told first; it would be no better if it parsed.
            if findings.refusal.is_some() {
                return findings.into_check();
            }
            if !rules::beyond_parser(system, tokens) {
                return error.fault(sql);
            }
            if runs {
                findings.refuse("`EXPLAIN ANALYZE` of a statement that could not be read to its end");
            }
            rules::strict(system, tokens, &mut findings);
            findings.into_check()
        }
    }
}

/// Completes what is known of a statement that is not a query: the tables it names, where the parser can tell.
fn other(system: System, sql: &str, tokens: &[Token<'_>], mut findings: Findings) -> StatementCheck {
    if findings.refusal.is_none() {
        return findings.into_check();
    }
    match tree::read_any(system, &blanked(sql, tokens)) {
        Ok(tree) => tree::names(&tree, &mut findings),
        // A first word that nothing is known of is rather a slip than a statement.
        Err(error) if findings.effect.is_none() && !rules::known(&tokens[0]) => return error.fault(sql),
        Err(_) => {}
    }
    findings.into_check()
}

/// `sql` with everything outside `tokens` but line ends made spaces.
fn blanked(sql: &str, tokens: &[Token<'_>]) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return String::new() };
    let mut text: String = sql[..first.start].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    text.push_str(&sql[first.start..last.end()]);
    text
}

/// Refuses what is too deep to be read.
fn bounds(tokens: &[Token<'_>]) -> Result<(), Fail> {
    let mut open = vec![0_usize];
    let mut chain = 0;
    for token in tokens {
        let here = open.last_mut().expect("the statement itself is always open");
        if token.is(",") {
            chain -= *here;
            *here = 0;
            continue;
        }
        *here += 1;
        chain += 1;
        if token.is("(") || token.is("[") {
            open.push(0);
        } else if token.is(")") || token.is("]") {
            chain -= open.pop().unwrap_or_default();
            if open.is_empty() {
                let message = format!("`{}` closes nothing", token.text);
                return Err(Fail::Unreadable { message, at: token.start });
            }
        }
        if open.len() > MAX_NESTING || chain > MAX_CHAIN {
            return Err(Fail::Refused("the statement is nested too deeply".to_owned()));
        }
    }
    Ok(())
}

/// Whether `token` can begin a query.
fn begins_query(token: Option<&Token<'_>>) -> bool {
    token.is_some_and(|token| {
        token.is("(")
            || (token.kind == Kind::Word && ["select", "with", "values", "table"].contains(&token.name.as_str()))
    })
}

fn empty(effect: Effect) -> StatementCheck {
    StatementCheck { effect, tables: Vec::new(), columns: Vec::new(), refusal: None, fault: None, estimate: None }
}

/// A statement that must not run, whoever asks.
fn barred(reason: &str) -> StatementCheck {
    let mut check = empty(Effect::Unknown);
    check.refusal = Some(reason.to_owned());
    check.fault =
        Some(Fault::new(ErrorCode::StatementNotAllowed, format!("the statement is not allowed here: {reason}")));
    check
}

/// A statement that does not parse.
fn unreadable(sql: &str, message: &str, at: usize) -> StatementCheck {
    let (line, column) = lexer::place(sql, at);
    let mut check = empty(Effect::Unknown);
    check.fault =
        Some(Fault::new(ErrorCode::InvalidSql, format!("the statement does not parse: {message}")).at(line, column));
    check
}
