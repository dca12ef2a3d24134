//! CREATE TABLE and views; keys and indexes are in `keys.rs`, ALTER TABLE is in `alter.rs`.

mod alter;
mod keys;

use super::Emitter;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Ty, prec};
use crate::scope::{Scope, Source};
use crate::types;
use keys::names_of;
use sqlparser::ast::{
    ColumnDef, ColumnOption, CommentDef, CreateTable, CreateTableOptions, CreateView, DataType, Expr,
    ForeignKeyConstraint, GeneratedExpressionMode, Spanned, SqlOption, TableConstraint,
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
}
