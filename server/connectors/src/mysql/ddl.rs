//! What has to be run so that a live table is as wanted, and what each statement costs.
//!
//! The wanted table is first made as a temporary one, so that types, defaults and checks are compared by what the server
//! makes of them; where the user may not do that, by the rules of `normal.rs`.

mod column;
mod cost;
mod diff;
mod normal;
mod render;

use super::{Config, error, structure};
use crate::rename::{self, Names};
use cost::Server;
use data::connector::System;
use data::structure::{ChangeCost, ColumnStructure, TableAction, TableChange, TableKind, TablePlan, TableStructure};
use data::{Error, Result};
use model::ErrorCode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError};

/// What a table of MySQL can be told beyond its columns and keys.
const OPTIONS: [&str; 5] = ["engine", "charset", "collation", "row_format", "partition_by"];

/// Plans the way from `live` to `wanted`.
pub(super) async fn plan(
    connection: &mut Conn,
    config: &Config,
    wanted: &TableStructure,
    live: Option<&TableStructure>,
) -> Result<TablePlan> {
    check(wanted)?;
    let version: Option<String> =
        connection.query_first("SELECT VERSION()").await.map_err(|e| error::mapped(config, &e))?;
    let server = Server::parse(&version.unwrap_or_default());
    let normal = normalized(connection, config, wanted).await?;
    let Some(live) = live else {
        let change = TableChange {
            summary: format!("create table `{}`", wanted.name),
            sql: render::create(wanted),
            cost: ChangeCost::default(),
        };
        return Ok(TablePlan {
            action: TableAction::Create,
            changes: vec![change],
            ..TablePlan::nothing(&wanted.name)
        });
    };
    if live.kind == TableKind::View {
        let manual = format!("`{}` is a view: drop it or choose another name, then a table can be made", wanted.name);
        return Ok(TablePlan { action: TableAction::Manual, manual: vec![manual], ..TablePlan::nothing(&wanted.name) });
    }
    let renamed = rename::renamed(wanted, live, Names { fold: true, quote: '`' });
    let mut plan = diff::plan(&server, wanted, &normal, &renamed.live);
    let kept = renamed.columns.iter().filter_map(|(old, _)| {
        let what = server.keeps_from_renaming(live, &old.name)?;
        let name = &old.name;
        Some(format!("MySQL does not rename `{name}`, which {what} uses: drop that by hand, and apply again"))
    });
    let kept: Vec<String> = kept.collect();
    if !kept.is_empty() {
        // The other statements are for the table as it is after the renaming.
        return Ok(TablePlan { action: TableAction::Manual, manual: kept, ..TablePlan::nothing(&wanted.name) });
    }
    let renames = renamed.columns.iter().map(|(old, new)| rename_column(&server, wanted, old, new));
    plan.changes.splice(0..0, renames);
    plan.manual.extend(renamed.manual);
    if !plan.manual.is_empty() {
        plan.action = TableAction::Manual;
    } else if !plan.changes.is_empty() {
        plan.action = TableAction::Alter;
    }
    Ok(plan)
}

fn rename_column(server: &Server, wanted: &TableStructure, old: &ColumnStructure, new: &str) -> TableChange {
    let table = super::quote_table(&wanted.name);
    let action = if server.renames_columns() {
        format!("RENAME COLUMN {} TO {}", super::quote(&old.name), super::quote(new))
    } else {
        let column = ColumnStructure { name: new.to_owned(), ..old.clone() };
        format!("CHANGE COLUMN {} {}", super::quote(&old.name), render::column(&column, None))
    };
    TableChange {
        summary: format!("rename column `{}` to `{new}`", old.name),
        sql: format!("ALTER TABLE {table} {action}"),
        cost: cost::at_once(),
    }
}

/// The wanted table as the server would describe it.
async fn normalized(connection: &mut Conn, config: &Config, wanted: &TableStructure) -> Result<TableStructure> {
    let place = crate::name::TableName::parse(&wanted.name).schema;
    let quoted = match place {
        Some(database) => format!("{}.`_sluice_wanted`", super::quote(&database)),
        None => "`_sluice_wanted`".to_owned(),
    };
    let drop = format!("DROP TEMPORARY TABLE IF EXISTS {quoted}");
    let made = async {
        connection.query_drop(drop.as_str()).await?;
        // Prepared, so that it is one statement whatever the texts in it say.
        connection.exec_drop(render::temporary(wanted, &quoted), ()).await?;
        let described = structure::described(connection, &wanted.name, &quoted).await;
        connection.query_drop(drop.as_str()).await?;
        described
    };
    match made.await {
        Ok(mut normal) => {
            normal::complete(&mut normal, wanted);
            Ok(normal)
        }
        // No right to make temporary tables, a server that only reads, no database: the rules have to do.
        Err(DriverError::Server(server)) if matches!(server.code, 1044 | 1142 | 1227 | 1290 | 1792 | 1836 | 1046) => {
            Ok(normal::by_rules(wanted))
        }
        Err(DriverError::Server(server)) => {
            let message = format!("table `{}` cannot be as wanted: {}", wanted.name, server.message);
            Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Correct the table's description."))
        }
        Err(failed) => Err(error::mapped(config, &failed)),
    }
}

/// Refuses what no table of MySQL can be.
fn check(wanted: &TableStructure) -> Result<()> {
    let refused = |what: String| {
        Err(Error::permanent(ErrorCode::InvalidValue, format!("table `{}`: {what}", wanted.name))
            .hint("Correct the table's description."))
    };
    match &wanted.kind {
        TableKind::Plain => {}
        TableKind::View => return Err(data::connector::unsupported(System::Mysql, "plan changes of a view")),
        TableKind::Hypertable { .. } => return refused("MySQL has no hypertables".to_owned()),
        TableKind::SuperTable | TableKind::SubTable { .. } => {
            return refused("MySQL has no supertables and subtables".to_owned());
        }
    }
    if wanted.columns.is_empty() {
        return refused("it has no columns".to_owned());
    }
    for (index, column) in wanted.columns.iter().enumerate() {
        if column.is_tag {
            return refused(format!("column `{}` is a tag, which only TDengine has", column.name));
        }
        if wanted.columns[..index].iter().any(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            return refused(format!("column `{}` is there twice", column.name));
        }
        let generated = column.generated.as_ref().map(|generated| &generated.expression);
        let texts = [Some(&column.native_type), column.default.as_ref(), column.on_update.as_ref(), generated];
        if let Some(odd) = texts.into_iter().flatten().find(|text| !is_closed(text)) {
            return refused(format!("column `{}`: `{odd}` is not one type or expression", column.name));
        }
        if column.native_type.trim().is_empty() {
            return refused(format!("column `{}` has no type", column.name));
        }
        if column.collation.as_deref().is_some_and(|word| !is_word(word)) {
            return refused(format!("column `{}` has a collation that is no word", column.name));
        }
    }
    let known = |name: &str| wanted.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let index_columns = wanted.indexes.iter().flat_map(|index| &index.columns);
    let plain = index_columns.filter(|part| !part.starts_with('(')).map(|part| super::create::plain(part));
    let keys = wanted.foreign_keys.iter().flat_map(|key| &key.columns).chain(&wanted.primary_key).map(String::as_str);
    if let Some(absent) = plain.chain(keys).find(|name| !known(name)) {
        return refused(format!("a key names column `{absent}`, which it does not have"));
    }
    for index in &wanted.indexes {
        if index.filter.is_some() || !index.include.is_empty() {
            return refused(format!("index `{}` is partial or carries columns, which MySQL cannot", index.name));
        }
        let methods = ["btree", "hash", "fulltext", "spatial"];
        if let Some(method) = index.method.as_deref().filter(|method| !methods.contains(method)) {
            return refused(format!("index `{}` is of kind `{method}`, which MySQL does not have", index.name));
        }
        if let Some(odd) = index.columns.iter().find(|part| part.starts_with('(') && !is_closed(part)) {
            return refused(format!("index `{}`: `{odd}` is not one expression", index.name));
        }
    }
    for key in &wanted.foreign_keys {
        let rules = [None, Some("cascade"), Some("set null"), Some("set default"), Some("restrict"), Some("no action")];
        let known = |rule: &Option<String>| rules.contains(&rule.as_deref().map(str::to_ascii_lowercase).as_deref());
        if !known(&key.on_delete) || !known(&key.on_update) {
            return refused(format!("a foreign key to `{}` has an unknown rule", key.references));
        }
    }
    if let Some(odd) = wanted.checks.iter().find(|check| !is_closed(&check.condition)) {
        return refused(format!("the check `{}` is not one condition", odd.condition));
    }
    for (option, value) in &wanted.options {
        if !OPTIONS.contains(&option.as_str()) {
            return refused(format!("option `{option}` is unknown; there are `{}`", OPTIONS.join("`, `")));
        }
        if option == "partition_by" && !is_closed(value) || option != "partition_by" && !is_word(value) {
            return refused(format!("option `{option}` cannot be `{value}`"));
        }
    }
    Ok(())
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the text stays within its place: brackets and quotes close, and it neither comments, begins a next part nor
/// ends the statement.
fn is_closed(text: &str) -> bool {
    let mut depth = 0i32;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' | '"' | '`' => loop {
                match chars.next() {
                    Some('\\') if char != '`' => drop(chars.next()),
                    Some(other) if other == char => break,
                    Some(_) => {}
                    None => return false,
                }
            },
            '(' => depth += 1,
            ')' if depth == 0 => return false,
            ')' => depth -= 1,
            ',' if depth == 0 => return false,
            ';' | '#' | '\\' => return false,
            '-' if chars.peek() == Some(&'-') => return false,
            '/' if chars.peek() == Some(&'*') => return false,
            _ => {}
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests;
