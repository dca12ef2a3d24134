//! Reads a statement with the parser of its dialect and looks at every node of the tree.

use super::lexer::Token;
use super::{Findings, rules, unreadable};
use data::System;
use data::console::{Effect, StatementCheck};
use sqlparser::ast::{
    BinaryOperator, Expr, ObjectName, ObjectType, Query, Select, SelectItem, SetExpr, Statement, TableFactor, Visit,
    Visitor,
};
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// How deep the parser goes.
const RECURSION: usize = 200;

/// Where and why the parser stopped.
pub(super) struct ParseError(String);

impl ParseError {
    /// The fault it is, with its place.
    pub(super) fn fault(&self, sql: &str) -> StatementCheck {
        let (message, place) = match self.0.rsplit_once(" at Line: ") {
            Some((message, place)) => (message, place.split_once(", Column: ")),
            None => (self.0.as_str(), None),
        };
        let at = place.and_then(|(line, column)| offset(sql, line.trim().parse().ok()?, column.trim().parse().ok()?));
        let mut at = at.unwrap_or(sql.trim_end().len());
        // The parser sometimes names the token before the place it points at.
        if let Some((_, found)) = message.rsplit_once("found: ")
            && !sql[at..].starts_with(found)
            && sql[..at].trim_end().ends_with(found)
        {
            at = sql[..at].trim_end().len() - found.len();
        }
        unreadable(sql, &lowercase(message), at)
    }
}

/// `Expected: an expression, found: FROM` begins small, as all messages do.
fn lowercase(message: &str) -> String {
    let mut chars = message.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn offset(sql: &str, line: usize, column: usize) -> Option<usize> {
    let start = if line <= 1 { 0 } else { sql.match_indices('\n').nth(line - 2)?.0 + 1 };
    let within: usize = sql[start..].chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    Some(start + within)
}

fn dialect(system: System) -> &'static dyn Dialect {
    match system {
        System::Postgres => &PostgreSqlDialect {},
        System::Mysql => &MySqlDialect {},
        _ => &SQLiteDialect {},
    }
}

/// The tree of the query in `text`.
pub(super) fn read(system: System, text: &str, tokens: &[Token<'_>]) -> Result<Statement, ParseError> {
    let spelled = rules::respelled(system, text, tokens);
    read_any(system, spelled.as_deref().unwrap_or(text))
}

/// The tree of the one statement in `text`.
pub(super) fn read_any(system: System, text: &str) -> Result<Statement, ParseError> {
    let words = |error| match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => ParseError(message),
        ParserError::RecursionLimitExceeded => ParseError("it is nested too deeply".to_owned()),
    };
    let mut parser = Parser::new(dialect(system)).with_recursion_limit(RECURSION).try_with_sql(text).map_err(words)?;
    let mut statements = parser.parse_statements().map_err(words)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err(ParseError("there is not exactly one statement".to_owned())),
    }
}

/// Looks at every node and notes what is found against it.
pub(super) fn walk(system: System, tree: &Statement, findings: &mut Findings) {
    let mut eye = Eye { system, findings, named: BTreeSet::new(), relations: Vec::new(), judging: true };
    let _ = tree.visit(&mut eye);
    eye.conclude();
}

/// Only notes tables and columns.
pub(super) fn names(tree: &Statement, findings: &mut Findings) {
    if let Statement::Drop { object_type: ObjectType::Table | ObjectType::View, names, .. } = tree {
        findings.tables.extend(names.iter().map(ToString::to_string));
    }
    let mut eye =
        Eye { system: System::Postgres, findings, named: BTreeSet::new(), relations: Vec::new(), judging: false };
    let _ = tree.visit(&mut eye);
    eye.conclude();
}

struct Eye<'a> {
    system: System,
    findings: &'a mut Findings,
    /// Names that `WITH` gives.
    named: BTreeSet<String>,
    relations: Vec<(String, Option<String>)>,
    judging: bool,
}

impl Eye<'_> {
    fn conclude(&mut self) {
        for (written, single) in std::mem::take(&mut self.relations) {
            if single.is_some_and(|name| self.named.contains(&name)) {
                continue;
            }
            self.findings.tables.insert(written);
        }
    }

    fn function(&mut self, name: &ObjectName) {
        if !self.judging {
            return;
        }
        let mut parts = Vec::new();
        for part in &name.0 {
            let Some(ident) = part.as_ident() else {
                self.findings.refuse("a name that is made by a function");
                return;
            };
            parts.push(ident.value.to_lowercase());
        }
        if let Some(reason) = rules::call(self.system, &parts) {
            self.findings.refuse(reason);
        }
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            SetExpr::Insert(_) => self.writes("INSERT"),
            SetExpr::Update(_) => self.writes("UPDATE"),
            SetExpr::Delete(_) => self.writes("DELETE"),
            SetExpr::Merge(_) => self.writes("MERGE"),
            SetExpr::Table(table) => {
                let name = match (&table.schema_name, &table.table_name) {
                    (Some(schema), Some(name)) => format!("{schema}.{name}"),
                    (_, Some(name)) => name.clone(),
                    _ => return,
                };
                self.findings.tables.insert(name);
                self.findings.columns.insert("*".to_owned());
            }
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => {}
        }
    }

    fn writes(&mut self, word: &str) {
        self.findings.does(Effect::Write, format!("`{word}` changes rows"));
    }
}

impl Visitor for Eye<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if self.judging && !matches!(statement, Statement::Query(_)) {
            self.findings.does(Effect::Write, "a statement that changes something stands inside the query");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.named.insert(cte.alias.name.value.to_lowercase());
        }
        if !self.judging {
            return ControlFlow::Continue(());
        }
        self.body(&query.body);
        if !query.locks.is_empty() {
            self.findings.does(Effect::Write, "`FOR UPDATE` and `FOR SHARE` lock rows");
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            self.findings.refuse("a clause that the system does not have");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if self.judging && select.into.is_some() {
            self.findings.does(Effect::Write, "`INTO` writes what the query answers");
        }
        for item in &select.projection {
            if matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)) {
                self.findings.columns.insert("*".to_owned());
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let single = match relation.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.to_lowercase()),
            _ => None,
        };
        if self.judging {
            let last = relation.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase());
            match last.map(|name| rules::table(self.system, &name)) {
                Some(None) => {}
                Some(Some(reason)) => self.findings.refuse(reason),
                None => self.findings.refuse("a table whose name is made by a function"),
            }
        }
        self.relations.push((relation.to_string(), single));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } => {
                // A table that is called is a virtual one in SQLite; as a table it is judged too.
                if self.system != System::Sqlite || name.0.len() != 1 {
                    self.function(name);
                }
                // It was noted as a table on the way in; what is called is none.
                self.named.insert(name.to_string().to_lowercase());
            }
            TableFactor::Function { name, .. } => self.function(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(&function.name),
            Expr::Identifier(ident) => {
                self.findings.columns.insert(ident.to_string());
            }
            Expr::CompoundIdentifier(parts) => {
                let written: Vec<String> = parts.iter().map(ToString::to_string).collect();
                self.findings.columns.insert(written.join("."));
            }
            Expr::BinaryOp { op: BinaryOperator::PGCustomBinaryOperator(parts), .. }
                if self.judging && parts.len() > 1 && !parts[0].eq_ignore_ascii_case("pg_catalog") =>
            {
                self.findings.refuse(format!("the operator `{}` is not the system's own", parts.join(".")));
            }
            Expr::BinaryOp { op: BinaryOperator::Assignment, .. } if self.judging && self.system == System::Mysql => {
                self.findings.refuse("`:=` sets a variable");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
