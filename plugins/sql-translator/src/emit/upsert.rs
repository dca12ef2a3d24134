//! What INSERT and REPLACE do where a row is there already.

use super::Emitter;
use crate::catalog::{Table, last_name};
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty};
use crate::scope::Scope;
use sqlparser::ast::{Assignment, ConflictTarget, Expr, Ident, Insert, OnConflictAction, OnInsert, SqliteOnConflict};
use sqlparser::tokenizer::Span;

/// What happens to a row whose key is taken.
pub(super) enum Conflict<'a> {
    Fail,
    Keep { target: Option<Vec<String>> },
    Update { assignments: &'a [Assignment], target: Option<Vec<String>>, filter: Option<&'a Expr> },
    Replace,
}

impl Emitter<'_> {
    pub(super) fn conflict<'a>(&mut self, insert: &'a Insert, span: Span) -> Result<Conflict<'a>> {
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

    pub(super) fn conflict_clause(
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
    pub(super) fn merge(
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
}
