//! Statements.

use super::Emitter;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use sqlparser::ast::{ObjectType, Set, Spanned, Statement};

impl Emitter<'_> {
    /// A statement in the target's words; empty where it means nothing there, which is noted.
    pub(crate) fn statement(&mut self, statement: &Statement) -> Result<String> {
        let span = || statement.span();
        match statement {
            Statement::Query(query) => Ok(self.query(query)?.0),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::CreateTable(create) => self.create_table(create),
            Statement::CreateIndex(index) => self.create_index(index),
            Statement::CreateView(view) => self.create_view(view),
            Statement::AlterTable(alter) => self.alter_table(alter),
            Statement::Truncate(truncate) => {
                let mut names = Vec::new();
                for target in &truncate.table_names {
                    names.push(self.table_name(&target.name)?);
                }
                Ok(match self.t {
                    Family::Pg if self.f == Family::My => {
                        format!("TRUNCATE TABLE {} RESTART IDENTITY", names.join(", "))
                    }
                    Family::Pg => statement.to_string(),
                    Family::Lite => format!("DELETE FROM {}", names.join("; DELETE FROM ")),
                    Family::Td => return refuse("ddl", "TDengine empties no table at once", span()),
                    _ => {
                        let last = names.pop().unwrap_or_default();
                        self.before.extend(names.iter().map(|name| format!("TRUNCATE TABLE {name}")));
                        format!("TRUNCATE TABLE {last}")
                    }
                })
            }
            Statement::Drop { object_type, if_exists, names, cascade, temporary, table, .. } => {
                self.drop_objects(object_type, *if_exists, names, *cascade, *temporary, table.as_ref())
            }
            Statement::RenameTable(renames) => {
                let mut texts = Vec::new();
                for rename in renames {
                    let (old, new) = (self.table_name(&rename.old_name)?, self.table_name(&rename.new_name)?);
                    texts.push(format!("ALTER TABLE {old} RENAME TO {new}"));
                }
                let last = texts.pop().unwrap_or_default();
                self.before.append(&mut texts);
                Ok(last)
            }
            Statement::StartTransaction { .. } => Ok(match self.t {
                Family::My => "START TRANSACTION".to_owned(),
                Family::Td => return refuse("transaction", "TDengine has no transactions", span()),
                _ => "BEGIN".to_owned(),
            }),
            Statement::Commit { .. } => Ok("COMMIT".to_owned()),
            Statement::Rollback { savepoint: None, .. } => Ok("ROLLBACK".to_owned()),
            Statement::Rollback { .. } | Statement::Savepoint { .. } | Statement::ReleaseSavepoint { .. }
                if self.t != Family::Sf && self.t != Family::Td =>
            {
                Ok(statement.to_string())
            }
            Statement::Comment { .. } if self.t == Family::Pg || self.t == Family::Sf => Ok(statement.to_string()),
            Statement::Comment { object_name, comment, .. } => {
                self.warn(
                    "comment",
                    format!("the comment on `{object_name}` was left out: {}", comment.clone().unwrap_or_default()),
                    span(),
                );
                Ok(String::new())
            }
            Statement::Explain { statement: inner, analyze, .. } => {
                let inner = self.statement(inner)?;
                self.info("explain", "the plans of the two look different", span());
                Ok(match self.t {
                    Family::Lite => format!("EXPLAIN QUERY PLAN {inner}"),
                    Family::Pg | Family::My if *analyze && !self.to_mariadb() => format!("EXPLAIN ANALYZE {inner}"),
                    Family::My if *analyze => format!("ANALYZE {inner}"),
                    _ => format!("EXPLAIN {inner}"),
                })
            }
            Statement::Set(Set::SetNames { .. } | Set::SetNamesDefault { .. }) => {
                self.info("session", "the session's character set was left out: text is UTF-8", span());
                Ok(String::new())
            }
            Statement::LockTables { .. } | Statement::UnlockTables if !self.alike() => {
                self.info("locks", "a lock of whole tables was left out", span());
                Ok(String::new())
            }
            Statement::Set(_) if self.alike() => Ok(statement.to_string()),
            Statement::Set(_) => {
                self.warn(
                    "session",
                    format!("`{statement}` sets something of the source's own and was left out"),
                    span(),
                );
                Ok(String::new())
            }
            Statement::Use(_) if self.t != Family::Pg && self.t != Family::Lite => Ok(statement.to_string()),
            Statement::CreateSchema { .. } | Statement::CreateSequence { .. }
                if self.t == Family::Pg || self.t == Family::Sf =>
            {
                if self.alike() {
                    Ok(statement.to_string())
                } else {
                    refuse("ddl", "this statement cannot be translated", span())
                }
            }
            other => {
                let shown: String = other.to_string().split_whitespace().take(3).collect::<Vec<_>>().join(" ");
                refuse("unsupported", format!("the statement `{shown} …` cannot be translated"), span())
            }
        }
    }

    fn drop_objects(
        &mut self,
        object: &ObjectType,
        if_exists: bool,
        names: &[sqlparser::ast::ObjectName],
        cascade: bool,
        temporary: bool,
        table: Option<&sqlparser::ast::ObjectName>,
    ) -> Result<String> {
        let span = names.first().map_or_else(sqlparser::tokenizer::Span::empty, Spanned::span);
        let exists = if if_exists { "IF EXISTS " } else { "" };
        let mut texts = Vec::new();
        match object {
            ObjectType::Table | ObjectType::View => {}
            ObjectType::Index => {
                let mut statements = Vec::new();
                for name in names {
                    let ident = sqlparser::ast::Ident::new(last_name(name));
                    let name = self.ident(&ident);
                    statements.push(match (self.t, table) {
                        (Family::My, Some(table)) => format!("DROP INDEX {name} ON {}", self.table_name(table)?),
                        (Family::My, None) => return refuse("index", "MySQL has to be told the index's table", span),
                        (Family::Pg | Family::Lite, _) => format!("DROP INDEX {exists}{name}"),
                        _ => return refuse("index", "the target has no indexes", span),
                    });
                }
                let last = statements.pop().unwrap_or_default();
                self.before.append(&mut statements);
                return Ok(last);
            }
            _ if self.alike() => {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                return Ok(format!("DROP {object} {exists}{}", names.join(", ")));
            }
            _ => return refuse("ddl", format!("DROP {object} has no peer in the target"), span),
        }
        for name in names {
            texts.push(self.table_name(name)?);
        }
        let cascade = if cascade && matches!(self.t, Family::Pg | Family::Sf) { " CASCADE" } else { "" };
        let temporary = if temporary && self.t == Family::My { "TEMPORARY " } else { "" };
        if matches!(self.t, Family::Lite | Family::Sf) && texts.len() > 1 {
            let last = texts.pop().unwrap_or_default();
            self.before.extend(texts.iter().map(|name| format!("DROP {object} {exists}{name}{cascade}")));
            return Ok(format!("DROP {object} {exists}{last}{cascade}"));
        }
        Ok(format!("DROP {temporary}{object} {exists}{}{cascade}", texts.join(", ")))
    }
}
