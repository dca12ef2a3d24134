//! INSERT, REPLACE and what they do where a row is there already.

use super::Emitter;
use crate::catalog::{Table, last_name};
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Lit, Out, Ty, prec};
use crate::scope::{Scope, Source};
use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Expr, Ident, Insert, OnConflictAction, OnInsert, SelectItem, SetExpr,
    Spanned, SqliteOnConflict, TableObject, Value,
};
use sqlparser::tokenizer::Span;

/// What happens to a row whose key is taken.
enum Conflict<'a> {
    Fail,
    Keep { target: Option<Vec<String>> },
    Update { assignments: &'a [Assignment], target: Option<Vec<String>>, filter: Option<&'a Expr> },
    Replace,
}

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

    fn conflict<'a>(&mut self, insert: &'a Insert, span: Span) -> Result<Conflict<'a>> {
        let conflict = match (&insert.on, insert.or) {
            _ if insert.replace_into => Conflict::Replace,
            (_, Some(SqliteOnConflict::Replace)) => Conflict::Replace,
            (_, Some(SqliteOnConflict::Ignore)) => Conflict::Keep { target: None },
            (_, Some(_)) => return refuse("upsert", "this reaction to a conflict has no peer", span),
            (Some(OnInsert::DuplicateKeyUpdate(assignments)), _) => {
                Conflict::Update { assignments, target: None, filter: None }
            }
            (Some(OnInsert::OnConflict(conflict)), _) => {
                let target = match &conflict.conflict_target {
                    Some(ConflictTarget::Columns(columns)) => {
                        Some(columns.iter().map(|column| column.value.clone()).collect())
                    }
                    Some(ConflictTarget::OnConstraint(name)) => {
                        return refuse(
                            "upsert",
                            format!("the constraint `{name}` has no peer; name its columns"),
                            span,
                        );
                    }
                    None => None,
                };
                match &conflict.action {
                    OnConflictAction::DoNothing => Conflict::Keep { target },
                    OnConflictAction::DoUpdate(update) => {
                        Conflict::Update { assignments: &update.assignments, target, filter: update.selection.as_ref() }
                    }
                }
            }
            _ if insert.ignore => Conflict::Keep { target: None },
            _ => Conflict::Fail,
        };
        Ok(conflict)
    }

    fn conflict_clause(
        &mut self,
        conflict: &Conflict<'_>,
        shown: &str,
        columns: &[String],
        table: Option<&Table>,
        insert: &Insert,
        span: Span,
    ) -> Result<(&'static str, String)> {
        let same = self.alike();
        match conflict {
            Conflict::Fail => Ok(("INSERT INTO", String::new())),
            Conflict::Keep { target } => {
                if insert.ignore && !same {
                    self.warn("insert_ignore", "IGNORE also hides other errors than taken keys in the source", span);
                }
                match self.t {
                    Family::My if insert.ignore => Ok(("INSERT IGNORE INTO", String::new())),
                    Family::My => {
                        let keys = target.clone().or_else(|| table.and_then(|table| table.keys.first().cloned()));
                        let Some(key) = keys.and_then(|keys| keys.first().cloned()) else {
                            self.warn("insert_ignore", "IGNORE also hides other errors than taken keys", span);
                            return Ok(("INSERT IGNORE INTO", String::new()));
                        };
                        if table.is_none_or(|table| table.keys.len() > 1) {
                            self.warn("upsert", "in MySQL any unique key can be the one that is taken", span);
                        }
                        let key = self.column_name(&key, table);
                        Ok(("INSERT INTO", format!(" ON DUPLICATE KEY UPDATE {key} = {shown}.{key}")))
                    }
                    Family::Pg | Family::Lite => {
                        let target = target.as_ref().map_or(String::new(), |keys| {
                            let keys: Vec<String> = keys.iter().map(|key| self.column_name(key, table)).collect();
                            format!(" ({})", keys.join(", "))
                        });
                        Ok(("INSERT INTO", format!(" ON CONFLICT{target} DO NOTHING")))
                    }
                    Family::Td | Family::Sf => refuse("upsert", "the target has no such insert", span),
                }
            }
            Conflict::Replace => match self.t {
                Family::My => Ok(("REPLACE INTO", String::new())),
                Family::Lite => Ok(("INSERT OR REPLACE INTO", String::new())),
                Family::Td => Ok(("INSERT INTO", String::new())),
                _ => {
                    let Some(table) = table else {
                        return refuse("upsert", "REPLACE needs the schema: the target has to be told the key", span);
                    };
                    let key = self.conflict_key(table, columns, span)?;
                    self.warn(
                        "replace",
                        "REPLACE deletes the old row, which fires deletes and cascades; the target updates it",
                        span,
                    );
                    let quoted: Vec<String> = key.iter().map(|column| self.column_name(column, Some(table))).collect();
                    let listed = |name: &str| {
                        columns.is_empty() || columns.iter().any(|column| column.eq_ignore_ascii_case(name))
                    };
                    let set: Vec<String> = table
                        .columns
                        .iter()
                        .filter(|column| !key.contains(&column.name.to_lowercase()) && !column.generated)
                        .map(|column| {
                            let name = self.column_name(&column.name, Some(table));
                            if listed(&column.name) {
                                format!("{name} = excluded.{name}")
                            } else {
                                format!("{name} = DEFAULT")
                            }
                        })
                        .collect();
                    let action = if set.is_empty() {
                        "DO NOTHING".to_owned()
                    } else {
                        format!("DO UPDATE SET {}", set.join(", "))
                    };
                    Ok(("INSERT INTO", format!(" ON CONFLICT ({}) {action}", quoted.join(", "))))
                }
            },
            Conflict::Update { assignments, target, filter } => {
                let proposed = insert
                    .insert_alias
                    .as_ref()
                    .map_or_else(|| "excluded".to_owned(), |alias| last_name(&alias.row_alias));
                self.proposed = Some(proposed);
                self.scopes.push(Scope { sources: vec![self.table_source(shown, table)], ..Scope::default() });
                let result = self.upsert_clause(assignments, target.as_deref(), *filter, shown, columns, table, span);
                self.scopes.pop();
                self.proposed = None;
                self.qualify = None;
                self.assigned.clear();
                Ok(("INSERT INTO", result?))
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one statement")]
    fn upsert_clause(
        &mut self,
        assignments: &[Assignment],
        target: Option<&[String]>,
        filter: Option<&Expr>,
        shown: &str,
        columns: &[String],
        table: Option<&Table>,
        span: Span,
    ) -> Result<String> {
        match self.t {
            Family::My => {
                if target.is_some() && table.is_none_or(|table| table.keys.len() > 1) {
                    self.warn("upsert", "in MySQL any unique key can be the one that is taken", span);
                }
                let test = match filter {
                    Some(filter) => {
                        let out = self.expr(filter)?;
                        Some(self.cond(out, span)?.sql)
                    }
                    None => None,
                };
                let texts = self.assignments(assignments, table, span, None)?;
                if test.is_some() && texts.len() > 1 {
                    self.check_order(assignments, span)?;
                }
                let texts = texts.into_iter().map(|(name, value)| match &test {
                    Some(test) => format!("{name} = IF({test}, {value}, {name})"),
                    None => format!("{name} = {value}"),
                });
                Ok(format!(" ON DUPLICATE KEY UPDATE {}", texts.collect::<Vec<_>>().join(", ")))
            }
            Family::Pg | Family::Lite => {
                let key = match (target, table) {
                    (Some(target), _) => target.to_vec(),
                    (None, Some(table)) => self.conflict_key(table, columns, span)?,
                    (None, None) => {
                        return refuse(
                            "upsert",
                            "ON DUPLICATE KEY UPDATE needs the schema: the target has to be told the key",
                            span,
                        );
                    }
                };
                self.qualify = Some(shown.to_owned());
                let texts = self.assignments(assignments, table, span, None)?;
                let quoted: Vec<String> = key.iter().map(|column| self.column_name(column, table)).collect();
                let texts: Vec<String> = texts.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
                let filter = match filter {
                    Some(filter) => {
                        let out = self.expr(filter)?;
                        format!(" WHERE {}", self.cond(out, span)?.sql)
                    }
                    None => String::new(),
                };
                Ok(format!(" ON CONFLICT ({}) DO UPDATE SET {}{filter}", quoted.join(", "), texts.join(", ")))
            }
            _ => refuse("upsert", "the target has no such insert", span),
        }
    }

    /// The key that an upsert means: the one key whose columns are all given.
    fn conflict_key(&mut self, table: &Table, columns: &[String], span: Span) -> Result<Vec<String>> {
        let given = |key: &&Vec<String>| {
            columns.is_empty() || key.iter().all(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
        };
        let keys: Vec<&Vec<String>> = table.keys.iter().filter(given).collect();
        let Some(key) = keys.first() else {
            return refuse("upsert", format!("no unique key of `{}` is among the inserted columns", table.name), span);
        };
        if keys.len() > 1 {
            self.warn(
                "upsert",
                format!("`{}` has several unique keys; the target reacts to ({}) alone", table.name, key.join(", ")),
                span,
            );
        }
        Ok((*key).clone())
    }

    /// Snowflake's MERGE.
    fn merge(
        &mut self,
        shown: &str,
        columns: &[String],
        source: &str,
        conflict: &Conflict<'_>,
        table: Option<&Table>,
        span: Span,
    ) -> Result<String> {
        let target = match conflict {
            Conflict::Keep { target } | Conflict::Update { target, .. } => target.clone(),
            _ => None,
        };
        let key = match (target, table) {
            (Some(target), _) => target,
            (None, Some(table)) => self.conflict_key(table, columns, span)?,
            (None, None) => return refuse("upsert", "MERGE needs the schema: it has to be told the key", span),
        };
        let all: Vec<String> = match (columns.is_empty(), table) {
            (false, _) => columns.to_vec(),
            (true, Some(table)) => table.columns.iter().map(|column| column.name.clone()).collect(),
            (true, None) => return refuse("upsert", "MERGE needs the inserted columns' names", span),
        };
        let quoted: Vec<String> = all.iter().map(|name| self.column_name(name, table)).collect();
        let rows = if source.starts_with("VALUES") { format!("SELECT * FROM {source}") } else { source.to_owned() };
        let on: Vec<String> = key
            .iter()
            .map(|name| {
                let name = self.column_name(name, table);
                format!("t.{name} = s.{name}")
            })
            .collect();
        let matched = match conflict {
            Conflict::Update { assignments, filter: None, .. } => {
                self.proposed = Some("excluded".to_owned());
                self.qualify = Some("t".to_owned());
                self.scopes.push(Scope { sources: vec![self.table_source("t", table)], ..Scope::default() });
                let texts = self.assignments(assignments, table, span, None);
                self.scopes.pop();
                self.proposed = None;
                self.qualify = None;
                self.assigned.clear();
                let texts: Vec<String> =
                    texts?.into_iter().map(|(name, value)| format!("t.{name} = {value}")).collect();
                format!(" WHEN MATCHED THEN UPDATE SET {}", texts.join(", "))
            }
            Conflict::Replace => {
                let set: Vec<String> = quoted
                    .iter()
                    .zip(&all)
                    .filter(|(_, name)| !key.iter().any(|key| key.eq_ignore_ascii_case(name)))
                    .map(|(name, _)| format!("t.{name} = s.{name}"))
                    .collect();
                format!(" WHEN MATCHED THEN UPDATE SET {}", set.join(", "))
            }
            Conflict::Keep { .. } => String::new(),
            _ => return refuse("upsert", "a conditional upsert has no peer", span),
        };
        self.warn("upsert", "keys are not enforced in Snowflake, and MERGE fails where new rows share a key", span);
        let values: Vec<String> = quoted.iter().map(|name| format!("s.{name}")).collect();
        Ok(format!(
            "MERGE INTO {shown} AS t USING ({rows}) AS s ({}) ON {}{matched} WHEN NOT MATCHED THEN INSERT ({}) VALUES ({})",
            quoted.join(", "),
            on.join(" AND "),
            quoted.join(", "),
            values.join(", ")
        ))
    }

    /// The proposed row's column in an upsert's update.
    pub(crate) fn proposed_column(&mut self, ident: &Ident) -> Result<Out> {
        let found = self.scopes.last().and_then(|scope| scope.find(None, &ident.value)).map(|(name, ty, _)| (name, ty));
        let name = match &found {
            Some((name, _)) => self.name(name, true),
            None => self.ident(ident),
        };
        let sql = match self.t {
            Family::My => format!("VALUES({name})"),
            Family::Sf => format!("s.{name}"),
            _ => format!("excluded.{name}"),
        };
        let mut out = Out::atom(sql, Kind::Unknown).typed(found.map_or(Ty::of(Kind::Unknown), |(_, ty)| ty));
        out.column = true;
        Ok(out)
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

    /// A value as a column of that type takes it.
    pub(crate) fn stored(&mut self, out: Out, ty: Option<&Ty>, span: Span) -> Result<Out> {
        if self.alike() {
            return Ok(out);
        }
        let kind = ty.map(|ty| ty.kind);
        if kind == Some(Kind::Tiny) && self.truth_differs() {
            // A quoted number is a truth value and a small number, whichever the target's column is.
            return Ok(match &out.lit {
                Some(Lit::Number(text)) => {
                    let text = text.clone();
                    if text != "0" && text != "1" {
                        self.warn("boolean", "a `tinyint(1)` holds more than 0 and 1, which a `boolean` cannot", span);
                    }
                    self.text(&text)
                }
                Some(Lit::Bool(truth)) => self.text(if *truth { "1" } else { "0" }),
                _ if out.kind() == Kind::Tiny || out.is_null() => out,
                _ => {
                    let out = self.cond(out, span)?;
                    Out::atom(format!("({})", out.sql), Kind::Bool)
                }
            });
        }
        if let Some(text) = out.text_literal() {
            let moment = kind.is_some_and(|kind| matches!(kind, Kind::Date | Kind::Stamp | Kind::Instant));
            if text.starts_with("0000-00-00") && (moment || kind.is_none()) && self.f == Family::My {
                self.warn("zero_date", "`0000-00-00` is NULL in the target", span);
                return Ok(Out::atom("NULL", Kind::Null));
            }
            if moment && let Some(normal) = super::compare::normal_moment(text) {
                return Ok(self.text(&normal));
            }
            return Ok(out);
        }
        if kind == Some(Kind::Text)
            && self.truth_differs()
            && !out.ty.is_text()
            && out.kind() != Kind::Unknown
            && !out.is_null()
        {
            return self.text_of(out, span);
        }
        Ok(self.value(out))
    }

    /// `column = value` for each assignment, with the values a source that assigns from left to right would see.
    pub(crate) fn assignments(
        &mut self,
        assignments: &[Assignment],
        table: Option<&Table>,
        span: Span,
        only: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let in_turn = self.f == Family::My;
        if self.t == Family::My && !in_turn {
            self.check_order(assignments, span)?;
        }
        let mut texts = Vec::new();
        for assignment in assignments {
            if let (AssignmentTarget::ColumnName(name), Some(only)) = (&assignment.target, only)
                && let [.., qualifier, _] = name.0.as_slice()
                && !qualifier.as_ident().is_some_and(|ident| ident.value.eq_ignore_ascii_case(only))
            {
                return refuse("update_join", "an update of several tables at once has no peer", span);
            }
            let name = target_name(assignment, span)?;
            let quoted = self.column_name(&name, table);
            if matches!(&assignment.value, Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case("default")) {
                texts.push((quoted, "DEFAULT".to_owned()));
                continue;
            }
            let out = self.expr(&assignment.value)?;
            let ty = table.and_then(|table| table.column(&name)).map(|column| column.ty.clone());
            let out = self.stored(out, ty.as_ref(), assignment.value.span())?;
            if in_turn && self.t != Family::My {
                self.assigned.push((name, out.sql.clone()));
            }
            texts.push((quoted, out.sql));
        }
        self.assigned.clear();
        Ok(texts)
    }

    /// MySQL assigns from left to right, so that a later value must not read what was assigned before.
    fn check_order(&mut self, assignments: &[Assignment], span: Span) -> Result<()> {
        let mut before: Vec<String> = Vec::new();
        for assignment in assignments {
            let mut clash = None;
            let _ = sqlparser::ast::visit_expressions(&assignment.value, |part: &Expr| {
                if let Some((qualifier, name)) = crate::scope::column(part)
                    && !qualifier.is_some_and(|table| table.eq_ignore_ascii_case("excluded"))
                    && before.iter().any(|assigned| assigned.eq_ignore_ascii_case(name))
                {
                    clash = Some(name.to_owned());
                }
                std::ops::ControlFlow::<()>::Continue(())
            });
            if let Some(name) = clash {
                return refuse(
                    "assignment_order",
                    format!("MySQL assigns from left to right, and `{name}` is read after it is assigned"),
                    span,
                );
            }
            before.push(target_name(assignment, span)?);
        }
        Ok(())
    }

    pub(crate) fn table_source(&self, name: &str, table: Option<&Table>) -> Source {
        let columns =
            table.map(|table| table.columns.iter().map(|column| (column.name.clone(), column.ty.clone())).collect());
        Source {
            name: name.trim_matches(['`', '"']).to_lowercase(),
            columns,
            table: table.map(|table| table.name.to_lowercase()),
            outer: false,
        }
    }

    /// A column's name as the table declares it.
    pub(crate) fn column_name(&self, name: &str, table: Option<&Table>) -> String {
        match table.and_then(|table| table.column(name)) {
            Some(column) => self.name(&column.name, true),
            None => self.name(name, false),
        }
    }

    /// RETURNING.
    pub(crate) fn returning(
        &mut self,
        items: &[SelectItem],
        name: &sqlparser::ast::ObjectName,
        insert_or_delete: bool,
        span: Span,
    ) -> Result<String> {
        let able = match self.t {
            Family::Pg | Family::Lite => true,
            Family::My => self.to_mariadb() && insert_or_delete,
            _ => false,
        };
        if !able {
            return refuse("returning", "the target returns no rows from this statement", span);
        }
        let table = self.catalog.find(&last_name(name)).cloned();
        let source = self.table_source(&last_name(name), table.as_ref());
        self.scopes.push(Scope { sources: vec![source], ..Scope::default() });
        let mut texts = Vec::new();
        let mut failed = None;
        for item in items {
            let text = match item {
                SelectItem::Wildcard(_) => Ok("*".to_owned()),
                SelectItem::UnnamedExpr(expr) => self.expr(expr).map(|out| self.value(out).sql),
                SelectItem::ExprWithAlias { expr, alias } => self.expr(expr).map(|out| {
                    let out = self.value(out);
                    format!("{} AS {}", out.p(prec::OR), self.ident(alias))
                }),
                _ => refuse("returning", "this item of RETURNING has no peer", span),
            };
            match text {
                Ok(text) => texts.push(text),
                Err(error) => failed = Some(error),
            }
        }
        self.scopes.pop();
        match failed {
            Some(error) => Err(error),
            None => Ok(format!(" RETURNING {}", texts.join(", "))),
        }
    }
}

/// The column an assignment sets.
pub(crate) fn target_name(assignment: &Assignment, span: Span) -> Result<String> {
    match &assignment.target {
        AssignmentTarget::ColumnName(name) => Ok(last_name(name)),
        AssignmentTarget::Tuple(_) => {
            refuse("unsupported", "an assignment to several columns at once has no peer", span)
        }
    }
}
