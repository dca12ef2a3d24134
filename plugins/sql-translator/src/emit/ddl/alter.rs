//! ALTER TABLE.

use super::names_of;
use crate::catalog::last_name;
use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Ty};
use crate::scope::Scope;
use crate::types;
use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, ColumnDef, ColumnOption, DataType, Ident,
    MySQLColumnPosition, RenameTableNameKind, Spanned, TableConstraint,
};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
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
