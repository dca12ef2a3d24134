//! Keys, foreign keys, checks and indexes.

use crate::catalog::last_name;
use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::scope::Scope;
use sqlparser::ast::{
    CreateIndex, Expr, ForeignKeyConstraint, Ident, IndexColumn, IndexType, ReferentialAction, Spanned, TableConstraint,
};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn actions(&mut self, key: &ForeignKeyConstraint, span: Span) -> String {
        let mut text = String::new();
        for (word, action) in [("ON DELETE", &key.on_delete), ("ON UPDATE", &key.on_update)] {
            if let Some(action) = action {
                if matches!(action, ReferentialAction::SetDefault) && self.t == Family::My {
                    self.warn("keys", "SET DEFAULT does nothing in the target", span);
                    continue;
                }
                text.push_str(&format!(" {word} {action}"));
            }
        }
        if let Some(characteristics) = &key.characteristics {
            match self.t {
                Family::Pg | Family::Lite => text.push_str(&format!(" {characteristics}")),
                _ => self.warn("keys", "deferred keys have no peer in the target", span),
            }
        }
        text
    }

    pub(super) fn table_constraint(&mut self, constraint: &TableConstraint, table: &str) -> Result<Option<String>> {
        let span = constraint.span();
        if self.t == Family::Td {
            return Ok(None);
        }
        let named = |emitter: &Self, name: Option<&Ident>| {
            name.map_or(String::new(), |name| format!("CONSTRAINT {} ", emitter.ident(name)))
        };
        Ok(match constraint {
            TableConstraint::PrimaryKey(key) => {
                let columns = self.key_columns(&key.columns, span)?;
                if self.t == Family::Lite && key.columns.len() == 1 && self.is_auto_key(&key.columns) {
                    return Ok(None);
                }
                let name = if self.t == Family::My { String::new() } else { named(self, key.name.as_ref()) };
                Some(format!("{name}PRIMARY KEY ({columns})"))
            }
            TableConstraint::Unique(key) => {
                let columns = self.key_columns(&key.columns, span)?;
                let name = key.name.as_ref().or(key.index_name.as_ref());
                let name = match (name, self.f, self.t) {
                    // Names of indexes are a table's own in MySQL, a schema's elsewhere.
                    (Some(name), Family::My, Family::Pg | Family::Lite) => {
                        format!("CONSTRAINT {} ", self.key_name(table, &name.value))
                    }
                    (Some(name), ..) => format!("CONSTRAINT {} ", self.ident(name)),
                    (None, ..) => String::new(),
                };
                Some(format!("{name}UNIQUE ({columns})"))
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Vec<String> = key.columns.iter().map(|name| self.ident(name)).collect();
                let target = self.table_name(&key.foreign_table)?;
                let referred: Vec<String> = key.referred_columns.iter().map(|name| self.ident(name)).collect();
                let referred = if referred.is_empty() { String::new() } else { format!(" ({})", referred.join(", ")) };
                let actions = self.actions(key, span);
                Some(format!(
                    "{}FOREIGN KEY ({}) REFERENCES {target}{referred}{actions}",
                    named(self, key.name.as_ref()),
                    columns.join(", ")
                ))
            }
            TableConstraint::Check(check) => {
                if self.t == Family::Sf {
                    self.warn("keys", "Snowflake has no CHECK; it was left out", span);
                    return Ok(None);
                }
                let out = self.expr(&check.expr)?;
                let out = self.cond(out, span)?;
                Some(format!("{}CHECK ({})", named(self, check.name.as_ref()), out.sql))
            }
            TableConstraint::Index(index) => {
                let columns = self.key_columns(&index.columns, span)?;
                match self.t {
                    Family::My => {
                        let name = index.name.as_ref().map_or(String::new(), |name| format!("{} ", self.ident(name)));
                        Some(format!("KEY {name}({columns})"))
                    }
                    Family::Pg | Family::Lite => {
                        let stem = index
                            .name
                            .as_ref()
                            .map_or_else(|| names_of(&index.columns).join("_"), |name| name.value.clone());
                        let name = self.key_name(table, &stem);
                        self.after.push(format!("CREATE INDEX {name} ON {table} ({columns})"));
                        None
                    }
                    _ => {
                        self.info("index", "the target has no indexes; one was left out", span);
                        None
                    }
                }
            }
            TableConstraint::FulltextOrSpatial(index) => {
                let word = if index.fulltext { "full text" } else { "space" };
                self.warn("index", format!("an index for {word} was left out"), span);
                None
            }
            _ => return refuse("ddl", "this constraint has no peer", span),
        })
    }

    /// Whether a key's one column is numbered, which SQLite writes beside the column.
    pub(super) fn is_auto_key(&self, columns: &[IndexColumn]) -> bool {
        let names = names_of(columns);
        self.catalog_auto(&names)
    }

    pub(super) fn catalog_auto(&self, names: &[String]) -> bool {
        let scope = self.scopes.last().and_then(|scope| scope.sources.first());
        let table = scope.and_then(|source| self.catalog.find(&source.name));
        table.is_some_and(|table| names.first().and_then(|name| table.column(name)).is_some_and(|column| column.auto))
    }

    pub(super) fn key_name(&self, table: &str, name: &str) -> String {
        let table = table.rsplit('.').next().unwrap_or(table).trim_matches(['"', '`']);
        self.name(&format!("{table}_{name}"), true)
    }

    /// The columns of a key or an index.
    pub(super) fn key_columns(&mut self, columns: &[IndexColumn], span: Span) -> Result<String> {
        let mut texts = Vec::new();
        for column in columns {
            let mut text = match &column.column.expr {
                Expr::Identifier(ident) => self.ident(ident),
                Expr::Function(function) if self.f == Family::My && is_prefix(&column.column.expr) => {
                    // `name(20)`: a key on the first characters.
                    let name = function.name.to_string();
                    let name = self.name(name.trim_matches('`'), true);
                    if self.t == Family::My {
                        format!("{name}{}", &column.column.expr.to_string()[function.name.to_string().len()..])
                    } else {
                        self.warn(
                            "index",
                            format!("the key on the first characters of {name} covers all of it in the target"),
                            span,
                        );
                        name
                    }
                }
                expr => {
                    let out = self.expr(expr)?;
                    if self.to_mariadb() && !self.alike() {
                        return refuse("index", "MariaDB has no index on an expression", span);
                    }
                    format!("({})", out.sql)
                }
            };
            if column.operator_class.is_some() {
                self.warn("index", "the class of operators was left out", span);
            }
            if column.column.options.asc == Some(false) {
                text.push_str(" DESC");
            }
            texts.push(text);
        }
        Ok(texts.join(", "))
    }

    pub(crate) fn create_index(&mut self, index: &CreateIndex) -> Result<String> {
        let span = index.table_name.span();
        if matches!(self.t, Family::Sf | Family::Td) {
            return refuse("index", "the target has no indexes", span);
        }
        let table = self.table_name(&index.table_name)?;
        let unique = if index.unique { "UNIQUE " } else { "" };
        let exists = match (index.if_not_exists, self.t) {
            (true, Family::My) if !self.to_mariadb() => {
                self.warn("ddl", "MySQL has no CREATE INDEX IF NOT EXISTS", span);
                ""
            }
            (true, _) => "IF NOT EXISTS ",
            _ => "",
        };
        let found = self.catalog.find(&last_name(&index.table_name)).cloned();
        self.scopes.push(Scope { sources: vec![self.table_source(&table, found.as_ref())], ..Scope::default() });
        let columns = self.key_columns(&index.columns, span);
        let filter = match &index.predicate {
            Some(expr) if matches!(self.t, Family::Pg | Family::Lite) => {
                self.expr(expr).and_then(|out| self.cond(out, span)).map(|out| format!(" WHERE {}", out.sql))
            }
            Some(_) if index.unique => refuse("index", "a unique index of some rows has no peer in the target", span),
            Some(_) => {
                self.warn("index", "the index covers all rows in the target", span);
                Ok(String::new())
            }
            None => Ok(String::new()),
        };
        self.scopes.pop();
        let (columns, filter) = (columns?, filter?);
        let using = match (&index.using, self.t) {
            (Some(IndexType::BTree | IndexType::Hash) | None, _) => String::new(),
            (Some(kind), Family::Pg) => format!(" USING {kind}"),
            (Some(kind), _) => {
                self.warn("index", format!("an index of kind {kind} becomes an ordinary one"), span);
                String::new()
            }
        };
        if !index.include.is_empty() && self.t != Family::Pg {
            self.warn("index", "the included columns were left out", span);
        }
        let name = match &index.name {
            Some(name) => {
                let ident = Ident::new(last_name(name));
                self.ident(&ident)
            }
            None => self.key_name(&table, &names_of(&index.columns).join("_")),
        };
        Ok(format!("CREATE {unique}INDEX {exists}{name} ON {table}{using} ({columns}){filter}"))
    }
}

fn is_prefix(expr: &Expr) -> bool {
    let text = expr.to_string();
    text.ends_with(')')
        && text
            .split_once('(')
            .is_some_and(|(_, rest)| rest.trim_end_matches(')').bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn names_of(columns: &[IndexColumn]) -> Vec<String> {
    columns
        .iter()
        .map(|column| match &column.column.expr {
            Expr::Identifier(ident) => ident.value.clone(),
            Expr::Function(function) => function.name.to_string().trim_matches('`').to_owned(),
            other => other.to_string().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect(),
        })
        .collect()
}
