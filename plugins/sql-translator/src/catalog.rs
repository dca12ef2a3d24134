//! The source's tables: names, columns with types and collations, keys; read from the text of CREATE TABLE statements.
//! Of its functions, names and what they return; read from the heads of CREATE FUNCTION statements.

use crate::dialect::{Dialect, Family};
use crate::out::{Kind, Ty};
use crate::split;
use crate::types;
use sqlparser::ast::{
    ColumnOption, CreateTable, CreateTableOptions, DataType, Expr, Ident, ObjectName, SqlOption, Statement,
    TableConstraint,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::HashMap;

/// A column of the source.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Ty,
    /// Numbered by the database where nothing is given.
    pub(crate) auto: bool,
    pub(crate) generated: bool,
}

/// A table of the source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// Primary key first, then unique keys; column names in lower case.
    pub(crate) keys: Vec<Vec<String>>,
    pub(crate) primary: bool,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn primary_key(&self) -> Option<&[String]> {
        if self.primary { self.keys.first().map(Vec::as_slice) } else { None }
    }
}

/// The source's tables, by name in lower case without schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    tables: HashMap<String, Table>,
    /// What functions return, by their name in lower case without schema.
    functions: HashMap<String, Ty>,
}

impl Catalog {
    /// Reads a schema; statements that define no table are passed over, and so are tables that cannot be read.
    pub(crate) fn read(text: &str, dialect: Dialect) -> (Self, Vec<String>) {
        let mut catalog = Self::default();
        let mut faults = Vec::new();
        for piece in split::split(text, dialect) {
            if piece.routine.is_some() {
                catalog.learn_function(&piece.text, dialect);
                continue;
            }
            let parsed = Parser::new(dialect.syntax())
                .try_with_sql(&piece.text)
                .and_then(|mut parser| parser.parse_statements());
            match parsed {
                Ok(statements) => statements.iter().for_each(|statement| catalog.learn(statement, dialect.family())),
                Err(error) => {
                    let head: String = piece.text.trim_start().chars().take(40).collect();
                    if head.to_ascii_lowercase().starts_with("create") {
                        faults.push(format!("`{head}…`: {error}"));
                    }
                }
            }
        }
        (catalog, faults)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Table> {
        self.tables.get(&name.to_lowercase())
    }

    /// What a function of the source returns, where the schema makes one of that name.
    pub(crate) fn function(&self, name: &str) -> Option<&Ty> {
        self.functions.get(&name.to_lowercase())
    }

    /// Remembers the function that a statement makes, if it makes one that returns a value.
    pub(crate) fn learn_function(&mut self, text: &str, dialect: Dialect) {
        if let Some((name, ty)) = function_of(text, dialect) {
            self.functions.insert(name, ty);
        }
    }

    /// Remembers what a statement defines; a file's own CREATE TABLE serves the statements after it.
    pub(crate) fn learn(&mut self, statement: &Statement, from: Family) {
        match statement {
            Statement::CreateTable(create) => {
                if let Some(table) = table_of(create, from) {
                    self.tables.insert(table.name.to_lowercase(), table);
                }
            }
            Statement::CreateIndex(index) if index.unique && index.predicate.is_none() => {
                let columns: Option<Vec<String>> =
                    index.columns.iter().map(|column| column_name(&column.column.expr)).collect();
                let table = self.tables.get_mut(&last_name(&index.table_name).to_lowercase());
                if let (Some(columns), Some(table)) = (columns, table) {
                    table.keys.push(columns);
                }
            }
            Statement::AlterTable(alter) => {
                let Some(table) = self.tables.get_mut(&last_name(&alter.name).to_lowercase()) else { return };
                for operation in &alter.operations {
                    if let sqlparser::ast::AlterTableOperation::AddConstraint { constraint, .. } = operation {
                        learn_constraint(table, constraint);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The last part of a name.
pub(crate) fn last_name(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
}

fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(ident.value.to_lowercase()),
        // `name(20)`: a key on the first characters.
        Expr::Function(function) => Some(function.name.to_string().trim_matches('`').to_lowercase()),
        _ => None,
    }
}

fn fold(ident: &Ident, from: Family) -> String {
    match (from, ident.quote_style) {
        (Family::Pg, None) => ident.value.to_lowercase(),
        _ => ident.value.clone(),
    }
}

/// Name and type of the function that a statement makes; its body, which need not be SQL, is not looked at.
fn function_of(text: &str, dialect: Dialect) -> Option<(String, Ty)> {
    let tokens = Tokenizer::new(dialect.syntax(), text).tokenize().ok()?;
    let mut tokens = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    let is = |token: &Token, wanted: Keyword| matches!(token, Token::Word(word) if word.keyword == wanted);
    if !is(&tokens.next()?, Keyword::CREATE) {
        return None;
    }
    tokens.find(|token| is(token, Keyword::FUNCTION))?;
    let (mut name, mut depth) = (None, 0);
    loop {
        match tokens.next()? {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            token if depth == 0 && is(&token, Keyword::RETURNS) => break,
            // The last word before the parameters.
            Token::Word(word) if depth == 0 => name = Some(word.value.to_lowercase()),
            _ => {}
        }
    }
    // What a type needs is short, and what comes after it may be anything.
    let mut parser = Parser::new(dialect.syntax()).with_tokens(tokens.take(32).collect());
    let returned = parser.parse_data_type().ok()?;
    if matches!(&returned, DataType::Custom(..) | DataType::Table(_)) {
        return None;
    }
    let mut ty = types::of(&returned, dialect.family());
    if ty.is_text() {
        set_collation(&mut ty, None, dialect.family());
    }
    Some((name?, ty))
}

fn table_of(create: &CreateTable, from: Family) -> Option<Table> {
    if create.columns.is_empty() {
        return None;
    }
    let mut table = Table { name: last_name(&create.name), ..Table::default() };
    let collation = table_collation(create);
    for definition in &create.columns {
        let mut ty = types::of(&definition.data_type, from);
        let (mut auto, mut generated, mut own) = (false, false, None);
        if matches!(&definition.data_type, sqlparser::ast::DataType::Custom(name, _)
            if name.to_string().to_ascii_lowercase().contains("serial"))
        {
            auto = true;
        }
        let name = fold(&definition.name, from);
        for option in &definition.options {
            match &option.option {
                ColumnOption::NotNull => ty.nullable = false,
                ColumnOption::PrimaryKey(_) => {
                    ty.nullable = false;
                    table.keys.insert(0, vec![name.to_lowercase()]);
                    table.primary = true;
                    if from == Family::Lite && ty.kind == Kind::Int {
                        auto = true;
                    }
                }
                ColumnOption::Unique(_) => table.keys.push(vec![name.to_lowercase()]),
                ColumnOption::Collation(name) => own = Some(name.to_string()),
                ColumnOption::Identity(_) => auto = true,
                ColumnOption::Generated { generation_expr: Some(_), .. } => generated = true,
                ColumnOption::Generated { .. } => auto = true,
                ColumnOption::DialectSpecific(tokens) => {
                    let text = tokens.iter().map(ToString::to_string).collect::<String>().to_ascii_uppercase();
                    auto |= text.contains("AUTO");
                }
                _ => {}
            }
        }
        if ty.is_text() {
            set_collation(&mut ty, own.as_deref().or(collation.as_deref()), from);
        }
        table.columns.push(Column { name, ty, auto, generated });
    }
    for constraint in &create.constraints {
        learn_constraint(&mut table, constraint);
    }
    Some(table)
}

fn learn_constraint(table: &mut Table, constraint: &TableConstraint) {
    let (columns, primary) = match constraint {
        TableConstraint::PrimaryKey(key) => (&key.columns, true),
        TableConstraint::Unique(key) => (&key.columns, false),
        _ => return,
    };
    let columns: Option<Vec<String>> = columns.iter().map(|column| column_name(&column.column.expr)).collect();
    let Some(columns) = columns else { return };
    if primary {
        for column in &mut table.columns {
            if columns.contains(&column.name.to_lowercase()) {
                column.ty.nullable = false;
            }
        }
        table.keys.insert(0, columns);
        table.primary = true;
    } else {
        table.keys.push(columns);
    }
}

fn set_collation(ty: &mut Ty, collation: Option<&str>, from: Family) {
    match (from, collation) {
        (Family::My, Some(name)) => {
            let name = name.trim_matches('`').to_ascii_lowercase();
            ty.ci = Some(name.contains("_ci") || !(name.ends_with("bin") || name.contains("_cs")));
            ty.general = name.contains("general") || name.ends_with("swedish_ci");
        }
        // A column of MySQL's without a collation has the database's, which ignores case unless someone chose otherwise.
        (Family::My, None) => {
            ty.ci = Some(true);
            ty.general = true;
        }
        (Family::Lite, Some(name)) if name.eq_ignore_ascii_case("nocase") => ty.ci = Some(true),
        _ => ty.ci = ty.ci.or(Some(false)),
    }
}

/// The collation a table gives its columns.
fn table_collation(create: &CreateTable) -> Option<String> {
    let (CreateTableOptions::Plain(options) | CreateTableOptions::With(options)) = &create.table_options else {
        return None;
    };
    let mut charset = None;
    for option in options {
        let SqlOption::KeyValue { key, value } = option else { continue };
        let key = key.value.to_ascii_uppercase();
        let value = value.to_string().trim_matches(['\'', '"']).to_owned();
        if key.contains("COLLATE") {
            return Some(value);
        }
        if key.contains("CHARSET") || key.contains("CHARACTER SET") {
            charset = Some(if value.eq_ignore_ascii_case("binary") {
                "bin".to_owned()
            } else {
                format!("{value}_general_ci")
            });
        }
    }
    charset
}
