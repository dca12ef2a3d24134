//! Reads the SQL people write: what is allowed, how long it may be, and which columns it names.
//!
//! Names match columns exactly, or else ignoring case where that is unambiguous. Only the table `input` exists.

use crate::error::{invalid, shorten, unknown_column};
use crate::session;
use arrow::datatypes::Schema;
use data::{Error, Result};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, Ident, ObjectName, Query, Select, SelectItem, SetExpr, Statement, TableFactor,
    Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// The longest SQL text, in bytes.
pub(crate) const MAX_BYTES: usize = 64 * 1024;
/// How many operators may be chained: a chain is a tree as deep as it is long, and depth is stack.
const MAX_OPERATORS: usize = 400;
/// How deep parentheses may nest.
const MAX_DEPTH: usize = 50;
/// How deep an expression may be once chains of `and` and `or` are balanced; evaluating recurses as deep.
const MAX_TREE: usize = 100;
/// The names of the one table.
pub(crate) const TABLE_NAMES: [&str; 3] = ["input", "batch", "in"];

/// Checks that `sql` is one condition, without knowing the columns. For documents that are being written.
///
/// # Errors
/// `invalid_sql` with the position.
pub fn parse_condition(sql: &str) -> Result<()> {
    session::with_stack(|| expression(sql, None).map(|_| ()))
}

/// Checks that `sql` is one SELECT over `input`, without knowing the columns.
///
/// # Errors
/// `invalid_sql` with the position.
pub fn parse_select(sql: &str) -> Result<()> {
    session::with_stack(|| select(sql, None).map(|_| ()))
}

/// A parsed expression and what it uses.
pub(crate) struct Parsed<T> {
    pub(crate) ast: T,
    /// Whether a second evaluation over the same rows gives the same values.
    pub(crate) deterministic: bool,
}

/// The expression in `sql`, its names matched with the columns of `schema`.
pub(crate) fn expression(sql: &str, schema: Option<&Schema>) -> Result<Parsed<Expr>> {
    let mut parser = parser(sql)?;
    let mut ast = parser.parse_expr().map_err(|error| from_parser(&error, sql))?;
    expect_end(&parser, sql)?;
    let mut names = Names::new(schema, false);
    if let ControlFlow::Break(error) = ast.visit(&mut names) {
        return Err(error);
    }
    Ok(Parsed { ast, deterministic: names.deterministic })
}

/// The one SELECT in `sql`.
pub(crate) fn select(sql: &str, schema: Option<&Schema>) -> Result<Parsed<Statement>> {
    let mut parser = parser(sql)?;
    let first = parser.peek_token();
    let mut query = parser.parse_query().map_err(|error| match first.token {
        Token::Word(word) if !matches!(word.value.to_lowercase().as_str(), "select" | "with" | "values" | "from") => {
            invalid(format!("`{}` is not a SELECT", shorten(sql.trim())))
                .hint("A transform is one SELECT over the table `input`.")
        }
        _ => from_parser(&error, sql),
    })?;
    while parser.consume_token(&Token::SemiColon) {}
    expect_end(&parser, sql)?;
    let mut names = Names::new(schema, true);
    names.collect_aliases(&mut query);
    if let ControlFlow::Break(error) = query.visit(&mut names) {
        return Err(error);
    }
    if !names.reads_input {
        return Err(invalid(format!("`{}` does not read the table `input`", shorten(sql.trim())))
            .hint("Write `select … from input`."));
    }
    Ok(Parsed { ast: Statement::Query(query), deterministic: names.deterministic })
}

fn parser(sql: &str) -> Result<Parser<'static>> {
    static DIALECT: GenericDialect = GenericDialect {};
    if sql.len() > MAX_BYTES {
        return Err(invalid(format!("the SQL has {} bytes; at most {MAX_BYTES} are allowed", sql.len())));
    }
    if sql.trim().is_empty() {
        return Err(invalid("the SQL is empty"));
    }
    let tokens = Tokenizer::new(&DIALECT, sql).tokenize_with_location().map_err(|error| {
        invalid(format!("`{}` cannot be read: {}", shorten(sql), lower_position(&error.to_string())))
    })?;
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).count();
    if operators > MAX_OPERATORS {
        return Err(invalid(format!("the SQL chains {operators} operators; at most {MAX_OPERATORS} are allowed"))
            .hint("Use `in (…)` for lists of values, or split the condition."));
    }
    Ok(Parser::new(&DIALECT).with_recursion_limit(MAX_DEPTH).with_tokens_with_locations(tokens))
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_none()
                && ["and", "or", "not", "is", "between", "union", "intersect", "except", "join", "case"]
                    .iter()
                    .any(|keyword| word.value.eq_ignore_ascii_case(keyword))
        }
        Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::Gt
        | Token::LtEq
        | Token::GtEq
        | Token::DoubleColon
        | Token::LBracket
        | Token::Pipe
        | Token::Ampersand
        | Token::Caret => true,
        _ => false,
    }
}

fn expect_end(parser: &Parser<'_>, sql: &str) -> Result<()> {
    let token = parser.peek_token();
    if token.token == Token::EOF {
        return Ok(());
    }
    let place = token.span.start;
    Err(invalid(format!(
        "`{}` goes on after its end: `{}` at {}",
        shorten(sql),
        token.token,
        spell(place.line, place.column)
    ))
    .hint("Write one condition or one SELECT; join conditions with `and` or `or`."))
}

fn from_parser(error: &ParserError, sql: &str) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => {
            invalid(format!("`{}` nests deeper than {MAX_DEPTH} levels", shorten(sql)))
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            invalid(format!("`{}` is not valid SQL: {}", shorten(sql), lower_position(text)))
        }
    }
}

/// `Expected: an expression, found: ) at Line: 1, Column: 8` in our words.
fn lower_position(text: &str) -> String {
    let (message, place) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => {
            let place = place.replace(", Column: ", " column ");
            (message, place.split_once(" column ").map(|(line, column)| format!(" at line {line}, column {column}")))
        }
        None => (text, None),
    };
    let message = message.replace("Expected: ", "expected ").replace("found: ", "found ");
    format!("{message}{}", place.unwrap_or_default())
}

fn spell(line: u64, column: u64) -> String {
    format!("line {line}, column {column}")
}

/// Matches names with columns, refuses what is not allowed, and notes what is used.
struct Names<'a> {
    columns: Option<Vec<&'a str>>,
    /// Names the query gives itself; they hide columns that differ in case only.
    aliases: HashSet<String>,
    tables: HashSet<String>,
    /// Other names the query gives to `input`.
    inputs: HashSet<String>,
    in_select: bool,
    reads_input: bool,
    deterministic: bool,
    depth: usize,
}

impl<'a> Names<'a> {
    fn new(schema: Option<&'a Schema>, in_select: bool) -> Self {
        Self {
            columns: schema.map(|schema| schema.fields().iter().map(|field| field.name().as_str()).collect()),
            aliases: HashSet::new(),
            tables: HashSet::new(),
            inputs: HashSet::new(),
            in_select,
            reads_input: false,
            deterministic: true,
            depth: 0,
        }
    }

    fn collect_aliases(&mut self, query: &mut Query) {
        let mut aliases = Aliases::default();
        let _ = query.visit(&mut aliases);
        self.inputs = aliases.inputs;
        self.aliases = aliases.columns;
        self.tables = aliases.tables;
    }

    fn resolve(&self, name: &mut Ident) -> Result<()> {
        let Some(columns) = &self.columns else { return Ok(()) };
        if columns.contains(&name.value.as_str()) || self.aliases.contains(&name.value) {
            return Ok(());
        }
        let mut near = columns.iter().filter(|column| column.eq_ignore_ascii_case(&name.value));
        if name.quote_style.is_none()
            && let (Some(column), None) = (near.next(), near.next())
        {
            name.value = (*column).to_owned();
            return Ok(());
        }
        // Inside a select a name may come from a nested select's own result; planning tells.
        if self.in_select && !self.tables.is_empty() {
            return Ok(());
        }
        let place = format!(" (at {})", spell(name.span.start.line, name.span.start.column));
        Err(unknown_column(&name.value, &place, columns))
    }
}

impl VisitorMut for Names<'_> {
    type Break = Error;

    fn post_visit_expr(&mut self, _: &mut Expr) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        balance(expr);
        self.depth += 1;
        if self.depth > MAX_TREE {
            return ControlFlow::Break(invalid(format!("an expression nests deeper than {MAX_TREE} levels")));
        }
        let checked = match expr {
            Expr::Identifier(name) => self.resolve(name),
            Expr::CompoundIdentifier(parts) => match parts.as_mut_slice() {
                [table, column] if TABLE_NAMES.iter().any(|name| name.eq_ignore_ascii_case(&table.value)) => {
                    if self.in_select {
                        table.value = table.value.to_lowercase();
                        self.resolve(column)
                    } else {
                        // A condition knows one row and no table: the prefix says nothing.
                        let mut column = column.clone();
                        let resolved = self.resolve(&mut column);
                        *expr = Expr::Identifier(column);
                        resolved
                    }
                }
                [table, column] if self.inputs.contains(&table.value) => self.resolve(column),
                _ => Ok(()),
            },
            Expr::Function(function) => {
                self.deterministic &= is_deterministic(function);
                Ok(())
            }
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } if !self.in_select => {
                Err(invalid("a condition cannot hold a SELECT")
                    .hint("Use a `transform` step, or the rule `foreign_key`."))
            }
            _ => Ok(()),
        };
        match checked {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        if select.into.is_some() {
            return ControlFlow::Break(
                invalid("`select … into` would make a table").hint("Leave `into` out; a `write` step keeps rows."),
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        match factor {
            TableFactor::Table { args: Some(_), name, .. } => ControlFlow::Break(
                invalid(format!("`{name}(…)` is a table function, and none is allowed"))
                    .hint("Only the table `input` can be read."),
            ),
            TableFactor::Table { .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            _ => ControlFlow::Break(
                invalid(format!("`{}` cannot be read from", shorten(&factor.to_string())))
                    .hint("Only the table `input` can be read."),
            ),
        }
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Error> {
        let text = relation.to_string();
        let plain = text.trim_matches(['"', '`']).to_owned();
        if self.tables.contains(&plain) {
            return ControlFlow::Continue(());
        }
        if let Some(known) = TABLE_NAMES.iter().find(|name| name.eq_ignore_ascii_case(&plain)) {
            self.reads_input = true;
            *relation = ObjectName::from(vec![Ident::with_quote('"', *known)]);
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(
            invalid(format!("there is no table `{}`", shorten(&plain)))
                .hint("Only the table `input` can be read: the rows that reach the step."),
        )
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match query.body.as_ref() {
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::SetOperation { .. } | SetExpr::Values(_) => {
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(invalid("only SELECT is allowed here")),
        }
    }
}

/// Makes a chain of `and` or of `or`, which is parsed as deep as it is long, as shallow as it can be.
fn balance(expr: &mut Expr) {
    let Expr::BinaryOp { op: chain @ (BinaryOperator::And | BinaryOperator::Or), .. } = expr else { return };
    let chain = chain.clone();
    let mut parts = Vec::new();
    let mut rest = std::mem::replace(expr, Expr::value(Value::Null));
    loop {
        match rest {
            Expr::BinaryOp { left, op, right } if op == chain => {
                parts.push(*right);
                rest = *left;
            }
            first => {
                parts.push(first);
                break;
            }
        }
    }
    parts.reverse();
    while parts.len() > 1 {
        let mut pairs = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => Expr::BinaryOp { left: Box::new(left), op: chain.clone(), right: Box::new(right) },
                None => left,
            });
        }
        parts = pairs;
    }
    *expr = parts.pop().expect("a chain has parts");
}

/// Names that a query gives to columns and tables.
#[derive(Default)]
struct Aliases {
    columns: HashSet<String>,
    tables: HashSet<String>,
    inputs: HashSet<String>,
}

impl VisitorMut for Aliases {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.tables.insert(table.alias.name.value.clone());
            self.columns.extend(table.alias.columns.iter().map(|column| column.name.value.clone()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.columns.insert(alias.value.clone());
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let factor = &*factor;
        let (TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. }) =
            factor
        else {
            return ControlFlow::Continue(());
        };
        if let Some(alias) = alias {
            if let TableFactor::Table { name, .. } = factor {
                let name = name.to_string();
                if TABLE_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name.trim_matches(['"', '`']))) {
                    self.inputs.insert(alias.name.value.clone());
                }
            }
            self.columns.insert(alias.name.value.clone());
            self.columns.extend(alias.columns.iter().map(|column| column.name.value.clone()));
            // A derived table's columns have names of their own that only planning knows.
            if matches!(factor, TableFactor::Derived { .. } | TableFactor::UNNEST { .. }) {
                self.tables.insert(String::new());
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_deterministic(function: &Function) -> bool {
    const CHANGING: &[&str] = &[
        "now",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "today",
        "random",
        "rand",
        "uuid",
        "gen_random_uuid",
    ];
    let name = function.name.to_string().to_lowercase();
    !CHANGING.contains(&name.as_str())
}
