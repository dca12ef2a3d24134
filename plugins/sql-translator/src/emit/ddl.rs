//! CREATE TABLE, ALTER TABLE, indexes and views.

use super::Emitter;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Ty, prec};
use crate::scope::{Scope, Source};
use crate::types;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, CommentDef, CreateIndex,
    CreateTable, CreateTableOptions, CreateView, DataType, Expr, ForeignKeyConstraint, GeneratedExpressionMode, Ident,
    IndexColumn, IndexType, MySQLColumnPosition, ReferentialAction, RenameTableNameKind, Spanned, SqlOption,
    TableConstraint,
};
use sqlparser::tokenizer::Span;

/// What a column's definition says, read from its options.
#[derive(Default)]
struct Column<'a> {
    not_null: bool,
    null: bool,
    default: Option<&'a Expr>,
    primary: bool,
    unique: bool,
    auto: bool,
    comment: Option<&'a str>,
    on_update: bool,
    generated: Option<(&'a Expr, bool)>,
    checks: Vec<&'a Expr>,
    references: Option<&'a ForeignKeyConstraint>,
    collation: Option<String>,
}

impl Emitter<'_> {
    pub(crate) fn create_table(&mut self, create: &CreateTable) -> Result<String> {
        let span = create.name.span();
        if create.like.is_some() || create.clone.is_some() || create.inherits.is_some() || create.partition_of.is_some()
        {
            return refuse("ddl", "a table made like another has no peer", span);
        }
        let name = self.table_name(&create.name)?;
        let temporary = if create.temporary { "TEMPORARY " } else { "" };
        let exists = if create.if_not_exists { "IF NOT EXISTS " } else { "" };
        let replace = if create.or_replace && (self.t == Family::Sf || self.to_mariadb()) {
            "OR REPLACE "
        } else if create.or_replace {
            self.before.push(format!("DROP TABLE IF EXISTS {name}"));
            ""
        } else {
            ""
        };
        let head = format!("CREATE {replace}{temporary}TABLE {exists}{name}");
        if let Some(query) = &create.query {
            if !create.columns.is_empty() {
                return refuse("ddl", "columns beside a query have no peer", span);
            }
            let (sql, _) = self.query(query)?;
            return Ok(format!("{head} AS {sql}"));
        }
        if self.t == Family::Td && !create.constraints.is_empty() {
            self.warn("keys", "TDengine has no keys but the time of a row", span);
        }
        let primary = create.constraints.iter().find_map(|constraint| match constraint {
            TableConstraint::PrimaryKey(key) => Some(names_of(&key.columns)),
            _ => None,
        });
        // Generated columns and checks see the table's own columns.
        let columns =
            create.columns.iter().map(|column| (column.name.value.clone(), types::of(&column.data_type, self.f)));
        let own = Source {
            name: last_name(&create.name).to_lowercase(),
            columns: Some(columns.collect()),
            table: None,
            outer: false,
        };
        self.scopes.push(Scope { sources: vec![own], ..Scope::default() });
        let result = self.table_parts(create, &name, primary.as_deref());
        self.scopes.pop();
        let parts = result?;
        let options = self.table_options(create, &name)?;
        Ok(format!("{head} (\n  {}\n){options}", parts.join(",\n  ")))
    }

    fn table_parts(&mut self, create: &CreateTable, name: &str, primary: Option<&[String]>) -> Result<Vec<String>> {
        let mut parts = Vec::new();
        for definition in &create.columns {
            let single =
                primary.is_some_and(|key| key.len() == 1 && key[0].eq_ignore_ascii_case(&definition.name.value));
            parts.push(self.column_definition(definition, name, single)?);
        }
        for constraint in &create.constraints {
            if let Some(part) = self.table_constraint(constraint, name)? {
                parts.push(part);
            }
        }
        Ok(parts)
    }

    fn read_column<'a>(&mut self, definition: &'a ColumnDef) -> Result<Column<'a>> {
        let mut column = Column::default();
        let span = definition.name.span;
        if let DataType::Custom(name, _) = &definition.data_type
            && name.to_string().to_ascii_lowercase().contains("serial")
        {
            column.auto = true;
            column.not_null = true;
        }
        for option in &definition.options {
            match &option.option {
                ColumnOption::Null => column.null = true,
                ColumnOption::NotNull => column.not_null = true,
                ColumnOption::Default(expr) => column.default = Some(expr),
                ColumnOption::PrimaryKey(_) => column.primary = true,
                ColumnOption::Unique(_) => column.unique = true,
                ColumnOption::Comment(text) => column.comment = Some(text),
                ColumnOption::OnUpdate(_) => column.on_update = true,
                ColumnOption::Check(check) => column.checks.push(&check.expr),
                ColumnOption::ForeignKey(key) => column.references = Some(key),
                ColumnOption::Identity(_) => column.auto = true,
                ColumnOption::Generated { generation_expr: Some(expr), generation_expr_mode, .. } => {
                    column.generated =
                        Some((expr, matches!(generation_expr_mode, Some(GeneratedExpressionMode::Stored))));
                }
                ColumnOption::Generated { .. } => column.auto = true,
                ColumnOption::Collation(name) => column.collation = Some(name.to_string()),
                ColumnOption::CharacterSet(_) => {}
                ColumnOption::DialectSpecific(tokens) => {
                    let text = tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join("").to_ascii_uppercase();
                    if text.contains("AUTO") {
                        column.auto = true;
                    } else {
                        self.info("ddl", format!("`{text}` was left out"), span);
                    }
                }
                other => return refuse("ddl", format!("`{other}` of column `{}` has no peer", definition.name), span),
            }
        }
        Ok(column)
    }

    /// A column with all that its definition says.
    fn column_definition(&mut self, definition: &ColumnDef, table: &str, is_key: bool) -> Result<String> {
        let span = definition.name.span;
        let column = self.read_column(definition)?;
        let name = self.ident(&definition.name);
        let ty = types::of(&definition.data_type, self.f);
        let mut text = format!("{name} {}", self.column_type(&definition.name.value, &definition.data_type, span)?);
        if self.t == Family::Lite && column.auto {
            // SQLite numbers a column only as INTEGER PRIMARY KEY.
            text = format!("{name} INTEGER");
            if column.primary || is_key {
                return Ok(format!("{text} PRIMARY KEY AUTOINCREMENT"));
            }
        }
        if let Some(collation) = &column.collation
            && self.f != self.t
            && !(self.f == Family::My && self.t != Family::My)
        {
            self.warn("collation", format!("the collation `{collation}` of column `{name}` was left out"), span);
        }
        if ty.is_text() && self.f == Family::My && self.t != Family::My && ty.kind == Kind::Text {
            self.info("collation", "texts that differ in case alone are different in the target, for keys too", span);
        }
        if self.t == Family::My && self.f != Family::My && matches!(ty.kind, Kind::Text) {
            let collation = if self.to_mariadb() { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
            text.push_str(&format!(" CHARACTER SET utf8mb4 COLLATE {collation}"));
        }
        let auto = if column.auto {
            match self.t {
                Family::Pg => " GENERATED BY DEFAULT AS IDENTITY",
                Family::My => " AUTO_INCREMENT",
                Family::Sf => " AUTOINCREMENT",
                Family::Lite => "",
                Family::Td => return refuse("ddl", "TDengine numbers no rows", span),
            }
        } else {
            ""
        };
        if column.auto && self.t == Family::Pg {
            self.info("auto_number", "set the sequence after rows with numbers of their own are loaded", span);
        }
        if let Some((expr, stored)) = column.generated {
            let out = self.expr(expr)?;
            let out =
                if ty.kind == Kind::Tiny || ty.kind == Kind::Bool { self.cond(out, span)? } else { self.value(out) };
            let mode = match (self.t, stored) {
                (Family::Pg, false) => {
                    self.warn(
                        "generated",
                        format!("column `{name}` is computed when read in the source, and stored in the target"),
                        span,
                    );
                    " STORED"
                }
                (Family::Pg, true) | (Family::My | Family::Lite, true) => " STORED",
                (Family::My | Family::Lite, false) => " VIRTUAL",
                _ => "",
            };
            text.push_str(&format!(" GENERATED ALWAYS AS ({}){mode}", out.sql));
        }
        let order_my = self.t == Family::My;
        let not_null = if column.not_null && !(column.auto && self.t == Family::Lite) { " NOT NULL" } else { "" };
        if order_my && column.null && matches!(definition.data_type, DataType::Timestamp(..)) {
            text.push_str(" NULL");
        }
        text.push_str(not_null);
        text.push_str(auto);
        if let Some(default) = column.default {
            text.push_str(&self.default(default, &ty, span)?);
        }
        if column.on_update {
            match self.t {
                Family::My => text.push_str(" ON UPDATE CURRENT_TIMESTAMP"),
                _ => self.warn(
                    "on_update",
                    format!("column `{name}` follows updates by itself in the source; the target needs a trigger"),
                    span,
                ),
            }
        }
        if column.primary {
            text.push_str(" PRIMARY KEY");
            if self.t == Family::My && ty.kind == Kind::Text && definition.data_type == DataType::Text {
                return refuse(
                    "keys",
                    format!("column `{name}`: a text without a length cannot be a key in MySQL"),
                    span,
                );
            }
        }
        if column.unique {
            text.push_str(" UNIQUE");
        }
        for check in column.checks {
            let out = self.expr(check)?;
            let out = self.cond(out, span)?;
            text.push_str(&format!(" CHECK ({})", out.sql));
        }
        if ty.kind == Kind::Enum
            && self.t != Family::My
            && let Some(members) = &ty.members
        {
            let members: Vec<String> = members.iter().map(|member| self.text(member).sql).collect();
            if matches!(self.t, Family::Pg | Family::Lite) {
                text.push_str(&format!(" CHECK ({name} IN ({}))", members.join(", ")));
            }
            self.warn("enum", format!("column `{name}`: an enum becomes a text, which sorts by its letters"), span);
        }
        if ty.unsigned && self.t == Family::Pg {
            text.push_str(&format!(" CHECK ({name} >= 0)"));
        }
        if ty.kind == Kind::Uuid && self.t == Family::My && self.to_mariadb() {
            self.info("types", "MariaDB's uuid sorts by its own order", span);
        }
        if let Some(key) = column.references {
            let target = self.table_name(&key.foreign_table)?;
            let columns: Vec<String> = key.referred_columns.iter().map(|name| self.ident(name)).collect();
            let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
            if self.t == Family::My {
                // MySQL reads and forgets a reference written beside a column.
                let actions = self.actions(key, span);
                self.after.push(format!(
                    "ALTER TABLE {table} ADD FOREIGN KEY ({name}) REFERENCES {target}{columns}{actions}"
                ));
            } else if self.t != Family::Td {
                let actions = self.actions(key, span);
                text.push_str(&format!(" REFERENCES {target}{columns}{actions}"));
            }
        }
        if let Some(comment) = column.comment {
            let quoted = self.text(comment).sql;
            match self.t {
                Family::My | Family::Sf => text.push_str(&format!(" COMMENT {quoted}")),
                Family::Pg => self.after.push(format!("COMMENT ON COLUMN {table}.{name} IS {quoted}")),
                _ => text.push_str(&format!(" /* {} */", comment.replace("*/", "* /"))),
            }
        }
        Ok(text)
    }

    fn default(&mut self, expr: &Expr, ty: &Ty, span: Span) -> Result<String> {
        let out = self.expr(expr)?;
        if out.is_null() {
            return Ok(" DEFAULT NULL".to_owned());
        }
        if self.alike() {
            return Ok(format!(" DEFAULT {}", out.p(prec::ATOM)));
        }
        if matches!(ty.kind, Kind::Tiny | Kind::Bool) {
            let truth = match &out.lit {
                Some(Lit::Number(text)) => Some(text.parse() != Ok(0.0)),
                Some(Lit::Bool(truth)) => Some(*truth),
                Some(Lit::Text(text)) => match text.as_str() {
                    "0" | "f" | "false" => Some(false),
                    "1" | "t" | "true" => Some(true),
                    _ => None,
                },
                _ => None,
            };
            return match (truth, self.t) {
                (Some(truth), Family::Pg) => Ok(format!(" DEFAULT {truth}")),
                (Some(truth), Family::Sf) => Ok(format!(" DEFAULT {}", if truth { "TRUE" } else { "FALSE" })),
                (Some(truth), _) => Ok(format!(" DEFAULT {}", i32::from(truth))),
                (None, _) => Ok(format!(" DEFAULT ({})", out.sql)),
            };
        }
        if out.text_literal().is_some_and(|text| text.starts_with("0000-00-00")) {
            self.warn("zero_date", "the default `0000-00-00` became NULL", span);
            return Ok(" DEFAULT NULL".to_owned());
        }
        if let Some(digits) = out.text_literal().filter(|text| ty.is_number() && text.parse::<f64>().is_ok()) {
            return Ok(format!(" DEFAULT {digits}"));
        }
        if ty.is_time() && out.lit.is_none() && out.ty.is_time() {
            let digits = ty.scale.unwrap_or(0).min(6);
            let word = match (self.t, ty.kind) {
                (Family::Pg, Kind::Date) => "current_date".to_owned(),
                (Family::Pg, Kind::Stamp) => format!("localtimestamp({digits})"),
                (Family::Pg, _) => format!("current_timestamp({digits})"),
                (Family::My, Kind::Date) => "(CURRENT_DATE)".to_owned(),
                (Family::My, _) if digits == 0 => "CURRENT_TIMESTAMP".to_owned(),
                (Family::My, _) => format!("CURRENT_TIMESTAMP({digits})"),
                (Family::Lite, Kind::Date) => "CURRENT_DATE".to_owned(),
                (Family::Lite, _) => "CURRENT_TIMESTAMP".to_owned(),
                _ => "CURRENT_TIMESTAMP()".to_owned(),
            };
            return Ok(format!(" DEFAULT {word}"));
        }
        let plain = out.lit.is_some() || out.prec == prec::UNARY;
        Ok(if plain || self.t == Family::Pg {
            format!(" DEFAULT {}", out.sql)
        } else {
            format!(" DEFAULT ({})", out.sql)
        })
    }

    fn actions(&mut self, key: &ForeignKeyConstraint, span: Span) -> String {
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

    fn table_constraint(&mut self, constraint: &TableConstraint, table: &str) -> Result<Option<String>> {
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
    fn is_auto_key(&self, columns: &[IndexColumn]) -> bool {
        let names = names_of(columns);
        self.catalog_auto(&names)
    }

    fn catalog_auto(&self, names: &[String]) -> bool {
        let scope = self.scopes.last().and_then(|scope| scope.sources.first());
        let table = scope.and_then(|source| self.catalog.find(&source.name));
        table.is_some_and(|table| names.first().and_then(|name| table.column(name)).is_some_and(|column| column.auto))
    }

    fn key_name(&self, table: &str, name: &str) -> String {
        let table = table.rsplit('.').next().unwrap_or(table).trim_matches(['"', '`']);
        self.name(&format!("{table}_{name}"), true)
    }

    /// The columns of a key or an index.
    fn key_columns(&mut self, columns: &[IndexColumn], span: Span) -> Result<String> {
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

    fn table_options(&mut self, create: &CreateTable, name: &str) -> Result<String> {
        let span = create.name.span();
        let mut text = String::new();
        let mut comment = create.comment.as_ref().map(|comment| match comment {
            CommentDef::WithEq(text) | CommentDef::WithoutEq(text) => text.clone(),
        });
        if let CreateTableOptions::Plain(options) = &create.table_options {
            for option in options {
                match option {
                    SqlOption::Comment(CommentDef::WithEq(said) | CommentDef::WithoutEq(said)) => {
                        comment = Some(said.clone())
                    }
                    SqlOption::KeyValue { key, value } if key.value.eq_ignore_ascii_case("AUTO_INCREMENT") => {
                        match self.t {
                            Family::My => text.push_str(&format!(" AUTO_INCREMENT={value}")),
                            _ => self.info("auto_number", format!("the next number was {value}"), span),
                        }
                    }
                    SqlOption::KeyValue { key, value } if self.t == Family::My => {
                        text.push_str(&format!(" {key}={value}"))
                    }
                    SqlOption::NamedParenthesizedList(list) if self.t == Family::My => {
                        let name = list.name.as_ref().map_or(String::new(), ToString::to_string);
                        text.push_str(&format!(" {}={name}", list.key));
                    }
                    _ => {}
                }
            }
        }
        if create.partition_by.is_some() {
            self.warn("partitions", "the table's partitions were left out", span);
        }
        if let Some(comment) = comment {
            let quoted = self.text(&comment).sql;
            match self.t {
                Family::Pg => self.after.push(format!("COMMENT ON TABLE {name} IS {quoted}")),
                Family::My | Family::Sf => text.push_str(&format!(" COMMENT={quoted}")),
                Family::Td => text.push_str(&format!(" COMMENT {quoted}")),
                Family::Lite => {}
            }
        }
        Ok(text)
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

    pub(crate) fn create_view(&mut self, view: &CreateView) -> Result<String> {
        let span = view.name.span();
        if view.materialized && !matches!(self.t, Family::Pg | Family::Sf) {
            return refuse("ddl", "the target has no materialized views", span);
        }
        let name = self.table_name(&view.name)?;
        let replace = match (view.or_replace, self.t) {
            (true, Family::Lite) => {
                self.before.push(format!("DROP VIEW IF EXISTS {name}"));
                ""
            }
            (true, _) => "OR REPLACE ",
            _ => "",
        };
        let materialized = if view.materialized { "MATERIALIZED " } else { "" };
        let columns: Vec<String> = view.columns.iter().map(|column| self.ident(&column.name)).collect();
        let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
        let (sql, _) = self.query(&view.query)?;
        Ok(format!("CREATE {replace}{materialized}VIEW {name}{columns} AS {sql}"))
    }

    pub(crate) fn alter_table(&mut self, alter: &AlterTable) -> Result<String> {
        let span = alter.name.span();
        let table = self.table_name(&alter.name)?;
        let found = self.catalog.find(&last_name(&alter.name)).cloned();
        self.scopes.push(Scope { sources: vec![self.table_source(&table, found.as_ref())], ..Scope::default() });
        let mut statements = Vec::new();
        for operation in &alter.operations {
            match self.alter_operation(operation, &table, span) {
                Ok(mut more) => statements.append(&mut more),
                Err(error) => {
                    self.scopes.pop();
                    return Err(error);
                }
            }
        }
        self.scopes.pop();
        if statements.is_empty() {
            self.info("ddl", "nothing of it has a meaning in the target", span);
            return Ok(String::new());
        }
        let last = statements.pop().unwrap_or_default();
        self.before.append(&mut statements);
        Ok(last)
    }

    fn alter_operation(&mut self, operation: &AlterTableOperation, table: &str, span: Span) -> Result<Vec<String>> {
        let alter = format!("ALTER TABLE {table}");
        let one = |text: String| Ok(vec![text]);
        match operation {
            AlterTableOperation::AddColumn { if_not_exists, column_def, column_position, .. } => {
                let position = self.column_place(column_position.as_ref(), span);
                let exists = match (if_not_exists, self.t) {
                    (true, Family::Pg | Family::Sf) => "IF NOT EXISTS ",
                    (true, Family::My) if self.to_mariadb() => "IF NOT EXISTS ",
                    (true, _) => {
                        self.warn("ddl", "the target adds no column only where it is missing", span);
                        ""
                    }
                    _ => "",
                };
                let column = self.column_definition(column_def, table, false)?;
                one(format!("{alter} ADD COLUMN {exists}{column}{position}"))
            }
            AlterTableOperation::DropColumn { column_names, if_exists, .. } => {
                let exists = match (if_exists, self.t) {
                    (true, Family::Pg | Family::Sf) => "IF EXISTS ",
                    (true, Family::My) if self.to_mariadb() => "IF EXISTS ",
                    _ => "",
                };
                Ok(column_names
                    .iter()
                    .map(|name| format!("{alter} DROP COLUMN {exists}{}", self.ident(name)))
                    .collect())
            }
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                one(format!("{alter} RENAME COLUMN {} TO {}", self.ident(old_column_name), self.ident(new_column_name)))
            }
            AlterTableOperation::RenameTable {
                table_name: RenameTableNameKind::As(name) | RenameTableNameKind::To(name),
            } => {
                let name = self.table_name(name)?;
                one(format!("{alter} RENAME TO {name}"))
            }
            AlterTableOperation::AddConstraint { constraint, .. } => {
                if self.t == Family::Lite
                    && !matches!(constraint, TableConstraint::Index(_) | TableConstraint::Unique(_))
                {
                    return refuse("ddl", "SQLite adds no constraint to a table that exists", span);
                }
                if let (TableConstraint::Unique(key), Family::Lite) = (constraint, self.t) {
                    let columns = self.key_columns(&key.columns, span)?;
                    let name = self.key_name(table, &names_of(&key.columns).join("_"));
                    return one(format!("CREATE UNIQUE INDEX {name} ON {table} ({columns})"));
                }
                let after = self.after.len();
                match self.table_constraint(constraint, table)? {
                    Some(part) => one(format!("{alter} ADD {part}")),
                    None => Ok(self.after.split_off(after)),
                }
            }
            AlterTableOperation::ModifyColumn { col_name, data_type, options, column_position } => {
                self.change_column(table, col_name, col_name, data_type, options, column_position.as_ref(), span)
            }
            AlterTableOperation::ChangeColumn { old_name, new_name, data_type, options, column_position } => {
                self.change_column(table, old_name, new_name, data_type, options, column_position.as_ref(), span)
            }
            AlterTableOperation::AlterColumn { column_name, op } => self.alter_column(table, column_name, op, span),
            AlterTableOperation::DropConstraint { name, .. } => {
                let name = self.ident(name);
                match self.t {
                    Family::Lite | Family::Td => refuse("ddl", "the target drops no constraint", span),
                    _ => one(format!("{alter} DROP CONSTRAINT {name}")),
                }
            }
            AlterTableOperation::DropForeignKey { name, .. } => {
                let name = self.ident(name);
                match self.t {
                    Family::My => one(format!("{alter} DROP FOREIGN KEY {name}")),
                    Family::Pg | Family::Sf => one(format!("{alter} DROP CONSTRAINT {name}")),
                    _ => refuse("ddl", "the target drops no constraint", span),
                }
            }
            AlterTableOperation::DropPrimaryKey { .. } => match self.t {
                Family::My | Family::Sf => one(format!("{alter} DROP PRIMARY KEY")),
                Family::Pg => {
                    self.info("keys", "the primary key is taken to have its usual name", span);
                    let name = self.key_name(table, "pkey");
                    one(format!("{alter} DROP CONSTRAINT {name}"))
                }
                _ => refuse("ddl", "the target drops no key", span),
            },
            AlterTableOperation::DropIndex { name } => match self.t {
                Family::My => one(format!("{alter} DROP INDEX {}", self.ident(name))),
                Family::Pg | Family::Lite => {
                    let name = self.key_name(table, &name.value);
                    one(format!("DROP INDEX {name}"))
                }
                _ => Ok(Vec::new()),
            },
            AlterTableOperation::Algorithm { .. } | AlterTableOperation::Lock { .. } => Ok(Vec::new()),
            AlterTableOperation::AutoIncrement { value, .. } => match self.t {
                Family::My => one(format!("{alter} AUTO_INCREMENT = {value}")),
                _ => {
                    self.warn("auto_number", "the next number was not set", span);
                    Ok(Vec::new())
                }
            },
            other => refuse("ddl", format!("`{other}` has no peer in the target"), span),
        }
    }

    fn column_place(&mut self, position: Option<&MySQLColumnPosition>, span: Span) -> String {
        match (position, self.t) {
            (None, _) => String::new(),
            (Some(MySQLColumnPosition::First), Family::My) => " FIRST".to_owned(),
            (Some(MySQLColumnPosition::After(name)), Family::My) => format!(" AFTER {}", self.ident(name)),
            _ => {
                self.warn("column_order", "the target puts a new column last", span);
                String::new()
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one operation")]
    fn change_column(
        &mut self,
        table: &str,
        old: &Ident,
        new: &Ident,
        data_type: &DataType,
        options: &[ColumnOption],
        position: Option<&MySQLColumnPosition>,
        span: Span,
    ) -> Result<Vec<String>> {
        let alter = format!("ALTER TABLE {table}");
        let options = options.iter().cloned().map(|option| sqlparser::ast::ColumnOptionDef { name: None, option });
        let definition = ColumnDef { name: new.clone(), data_type: data_type.clone(), options: options.collect() };
        if self.t == Family::My {
            let place = self.column_place(position, span);
            let column = self.column_definition(&definition, table, false)?;
            return Ok(vec![format!("{alter} CHANGE COLUMN {} {column}{place}", self.ident(old))]);
        }
        if self.t == Family::Lite || self.t == Family::Td {
            return refuse("ddl", "the target changes no column's type", span);
        }
        if position.is_some() {
            let _ = self.column_place(position, span);
        }
        let mut statements = Vec::new();
        let name = self.ident(new);
        if old.value != new.value {
            statements.push(format!("{alter} RENAME COLUMN {} TO {name}", self.ident(old)));
        }
        let written = self.column_type(&new.value, data_type, span)?;
        let ty = types::of(data_type, self.f);
        if self.t == Family::Pg {
            // A default of the old type would stand in the way.
            statements.push(format!("{alter} ALTER COLUMN {name} DROP DEFAULT"));
            statements.push(format!("{alter} ALTER COLUMN {name} TYPE {written} USING {name}::{written}"));
        } else {
            statements.push(format!("{alter} ALTER COLUMN {name} SET DATA TYPE {written}"));
        }
        let column = self.read_column(&definition)?;
        let (not_null, default) = (column.not_null, column.default);
        let on_update = column.on_update;
        statements.push(format!("{alter} ALTER COLUMN {name} {} NOT NULL", if not_null { "SET" } else { "DROP" }));
        if let Some(default) = default {
            let text = self.default(default, &ty, span)?;
            statements.push(format!("{alter} ALTER COLUMN {name} SET{text}"));
        }
        if on_update {
            self.warn(
                "on_update",
                format!("column `{name}` follows updates by itself in the source; the target needs a trigger"),
                span,
            );
        }
        Ok(statements)
    }

    fn alter_column(
        &mut self,
        table: &str,
        column: &Ident,
        op: &AlterColumnOperation,
        span: Span,
    ) -> Result<Vec<String>> {
        let alter = format!("ALTER TABLE {table}");
        let name = self.ident(column);
        let found = self.scopes.last().and_then(|scope| scope.find(None, &column.value)).map(|(_, ty, _)| ty);
        if self.t == Family::Lite || self.t == Family::Td {
            return refuse("ddl", "the target changes no column", span);
        }
        let text = match op {
            AlterColumnOperation::SetDefault { value } => {
                let default = self.default(value, &found.unwrap_or_else(|| Ty::of(Kind::Unknown)), span)?;
                format!("{alter} ALTER COLUMN {name} SET{default}")
            }
            AlterColumnOperation::DropDefault => format!("{alter} ALTER COLUMN {name} DROP DEFAULT"),
            AlterColumnOperation::SetNotNull | AlterColumnOperation::DropNotNull if self.t == Family::My => {
                return refuse("ddl", "MySQL changes NULL only with the whole definition of a column", span);
            }
            AlterColumnOperation::SetNotNull => format!("{alter} ALTER COLUMN {name} SET NOT NULL"),
            AlterColumnOperation::DropNotNull => format!("{alter} ALTER COLUMN {name} DROP NOT NULL"),
            AlterColumnOperation::SetDataType { data_type, using, .. } => {
                let written = self.column_type(&column.value, data_type, span)?;
                if using.is_some() && self.t != Family::Pg {
                    self.warn("ddl", "the expression for old values was left out", span);
                }
                match self.t {
                    Family::My => {
                        self.warn(
                            "ddl",
                            "MODIFY replaces the whole definition: NOT NULL and defaults have to be given again",
                            span,
                        );
                        format!("{alter} MODIFY COLUMN {name} {written}")
                    }
                    _ => format!("{alter} ALTER COLUMN {name} SET DATA TYPE {written}"),
                }
            }
            AlterColumnOperation::AddGenerated { .. } => {
                return refuse("ddl", "numbering added later has no peer", span);
            }
        };
        Ok(vec![text])
    }
}

fn is_prefix(expr: &Expr) -> bool {
    let text = expr.to_string();
    text.ends_with(')')
        && text
            .split_once('(')
            .is_some_and(|(_, rest)| rest.trim_end_matches(')').bytes().all(|byte| byte.is_ascii_digit()))
}

fn names_of(columns: &[IndexColumn]) -> Vec<String> {
    columns
        .iter()
        .map(|column| match &column.column.expr {
            Expr::Identifier(ident) => ident.value.clone(),
            Expr::Function(function) => function.name.to_string().trim_matches('`').to_owned(),
            other => other.to_string().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect(),
        })
        .collect()
}
