//! INSERT and REPLACE: the columns, the rows, and where they come from.

use super::Emitter;
use super::change::target_name;
use super::upsert::Conflict;
use crate::catalog::{Table, last_name};
use crate::dialect::Family;
use crate::note::{Result, refuse};
use sqlparser::ast::{Expr, Insert, SetExpr, Spanned, TableObject, Value};

impl Emitter<'_> {
    pub(crate) fn insert(&mut self, insert: &Insert) -> Result<String> {
        let span = insert.insert_token.0.span;
        let odd = insert.overwrite
            || insert.partitioned.is_some()
            || insert.settings.is_some()
            || insert.output.is_some()
            || insert.multi_table_insert_type.is_some()
            || !insert.multi_table_into_clauses.is_empty();
        let TableObject::TableName(name) = &insert.table else {
            return refuse("unsupported", "an insert into a function has no peer", span);
        };
        if odd {
            return refuse("unsupported", "this form of INSERT cannot be translated", span);
        }
        if insert.priority.is_some() && self.t != Family::My {
            self.info("hints", "the priority was left out", span);
        }
        let table = self.catalog.find(&last_name(name)).cloned();
        let shown = self.table_name(name)?;
        let mut columns: Vec<String> = Vec::new();
        for column in &insert.columns {
            let ident = column.0.last().and_then(|part| part.as_ident());
            columns.push(ident.map(|ident| ident.value.clone()).unwrap_or_default());
        }
        let mut source = None;
        if !insert.assignments.is_empty() {
            // `INSERT t SET a = 1`.
            let mut values = Vec::new();
            for assignment in &insert.assignments {
                columns.push(target_name(assignment, span)?);
                values.push(assignment.value.clone());
            }
            let places: Vec<Option<&str>> = columns.iter().map(|name| Some(name.as_str())).collect();
            source = Some(format!("VALUES ({})", self.row(&values, &places, table.as_ref())?.join(", ")));
        }
        let conflict = self.conflict(insert, span)?;
        let places: Vec<Option<String>> = match (&columns, &table) {
            (columns, _) if !columns.is_empty() => columns.iter().map(|name| Some(name.clone())).collect(),
            (_, Some(table)) => table.columns.iter().map(|column| Some(column.name.clone())).collect(),
            _ => Vec::new(),
        };
        let source = match (source, &insert.source) {
            (Some(source), _) => source,
            (None, None) => "DEFAULT VALUES".to_owned(),
            (None, Some(query)) => match query.body.as_ref() {
                SetExpr::Values(values) if query.with.is_none() => {
                    let mut rows = Vec::new();
                    let places: Vec<Option<&str>> = places.iter().map(|place| place.as_deref()).collect();
                    for row in &values.rows {
                        rows.push(format!("({})", self.row(&row.content, &places, table.as_ref())?.join(", ")));
                    }
                    if rows.iter().all(|row| row == "()") && self.t != Family::My {
                        "DEFAULT VALUES".to_owned()
                    } else {
                        format!("VALUES {}", rows.join(", "))
                    }
                }
                _ => {
                    let (sql, _) = self.query(query)?;
                    let upsert_of_query = !matches!(conflict, Conflict::Fail) && self.t == Family::Lite;
                    // SQLite cannot tell ON CONFLICT from a join's ON without a WHERE.
                    if upsert_of_query && !sql.contains(" WHERE ") { format!("{sql} WHERE true") } else { sql }
                }
            },
        };
        let source = if source == "DEFAULT VALUES" && self.t == Family::My { "VALUES ()".to_owned() } else { source };
        let quoted: Vec<String> = columns.iter().map(|name| self.column_name(name, table.as_ref())).collect();
        let list = if quoted.is_empty() || source == "DEFAULT VALUES" {
            String::new()
        } else {
            format!(" ({})", quoted.join(", "))
        };
        let alias = match &insert.table_alias {
            Some(alias) if matches!(self.t, Family::Pg | Family::Lite) => format!(" AS {}", self.ident(&alias.alias)),
            _ => String::new(),
        };
        if self.t == Family::Sf && !matches!(conflict, Conflict::Fail) {
            return self.merge(&shown, &columns, &source, &conflict, table.as_ref(), span);
        }
        let (word, clause) = self.conflict_clause(&conflict, &shown, &columns, table.as_ref(), insert, span)?;
        let returning = match &insert.returning {
            Some(items) => self.returning(items, name, true, span)?,
            None => String::new(),
        };
        Ok(format!("{word} {shown}{alias}{list} {source}{clause}{returning}"))
    }

    /// One row of VALUES, each value as its column takes it.
    fn row(&mut self, values: &[Expr], places: &[Option<&str>], table: Option<&Table>) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for (at, expr) in values.iter().enumerate() {
            let column = places.get(at).copied().flatten().and_then(|name| table.and_then(|table| table.column(name)));
            if matches!(expr, Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case("default")) {
                texts.push("DEFAULT".to_owned());
                continue;
            }
            let auto = column.is_some_and(|column| column.auto) && self.f == Family::My;
            if auto && let Expr::Value(value) = expr {
                let numbers_itself = match &value.value {
                    Value::Null => true,
                    Value::Number(text, _) => text == "0",
                    _ => false,
                };
                if numbers_itself && self.t != Family::My {
                    texts.push("DEFAULT".to_owned());
                    continue;
                }
            }
            let out = self.expr(expr)?;
            let ty = column.map(|column| column.ty.clone());
            texts.push(self.stored(out, ty.as_ref(), expr.span())?.sql);
        }
        Ok(texts)
    }
}
