//! Writes a parsed statement in the target's dialect.
//!
//! `statement.rs` begins, `query.rs` writes queries and `expr.rs` expressions; `convert.rs` and `compare.rs` hold what
//! types decide; `function/` has one file for each field of functions; `insert.rs`, `upsert.rs`, `dml.rs` and `ddl.rs`
//! what changes rows and tables, `change.rs` what these share. What is not known to mean the same is refused, never
//! passed on.

mod cast;
mod change;
mod compare;
mod convert;
mod date;
mod ddl;
mod dml;
mod expr;
mod format;
mod from;
mod function;
mod insert;
mod literal;
mod names;
mod operator;
mod order;
mod query;
mod select;
mod statement;
mod table_types;
mod upsert;

use crate::catalog::Catalog;
use crate::dialect::{Dialect, Family};
use crate::note::Level;
use crate::out::{Kind, Out};
use crate::scope::{Column, Scope};
use sqlparser::tokenizer::{Location, Span};

/// What was noted while writing, before it has its place in the whole text.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub(crate) level: Level,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) at: Location,
}

/// Writes one statement.
pub(crate) struct Emitter<'a> {
    pub(crate) from: Dialect,
    pub(crate) to: Dialect,
    /// The families of both.
    pub(crate) f: Family,
    pub(crate) t: Family,
    pub(crate) catalog: &'a Catalog,
    pub(crate) notes: Vec<Raw>,
    pub(crate) scopes: Vec<Scope>,
    /// Named queries of WITH, the inner ones last.
    pub(crate) ctes: Vec<(String, Option<Vec<Column>>)>,
    /// Parameters met so far.
    pub(crate) parameters: usize,
    /// Inside the argument of an aggregate, where GROUP BY does not reach.
    pub(crate) in_aggregate: bool,
    /// Columns assigned so far in a statement of a source that assigns from left to right, with their new text.
    pub(crate) assigned: Vec<(String, String)>,
    /// How the proposed row of an upsert is called in the source.
    pub(crate) proposed: Option<String>,
    /// The table that bare columns of an upsert's update belong to, written before them.
    pub(crate) qualify: Option<String>,
    /// Statements to run before and after the one in hand.
    pub(crate) before: Vec<String>,
    pub(crate) after: Vec<String>,
    pub(crate) serial: usize,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(from: Dialect, to: Dialect, catalog: &'a Catalog) -> Self {
        Self {
            from,
            to,
            f: from.family(),
            t: to.family(),
            catalog,
            notes: Vec::new(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            parameters: 0,
            in_aggregate: false,
            assigned: Vec::new(),
            proposed: None,
            qualify: None,
            before: Vec::new(),
            after: Vec::new(),
            serial: 0,
        }
    }

    /// Whether source and target are of one family, so that most things mean the same.
    pub(crate) fn alike(&self) -> bool {
        self.f == self.t
    }

    pub(crate) fn warn(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.note(Level::Warning, code, message.into(), span);
    }

    /// Warns where the type would have decided and is not known.
    pub(crate) fn untyped(&mut self, out: &Out, then: &str, span: Span) {
        if !self.alike() && out.kind() == Kind::Unknown && out.lit.is_none() {
            self.warn("untyped", format!("the type is not known: {then}"), span);
        }
    }

    pub(crate) fn info(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.note(Level::Info, code, message.into(), span);
    }

    fn note(&mut self, level: Level, code: &'static str, message: String, span: Span) {
        // One note of a kind and text is enough for a statement.
        if !self.notes.iter().any(|note| note.code == code && note.message == message) {
            self.notes.push(Raw { level, code, message, at: span.start });
        }
    }

    pub(crate) fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        self.scopes.last_mut().expect("pushed just above where it was empty")
    }

    /// A name that nothing else has.
    pub(crate) fn fresh(&mut self, stem: &str) -> String {
        self.serial += 1;
        format!("{stem}_{}", self.serial)
    }
}
