//! Removes tables, those that refer to others first.

use super::apply::AppliedStatus;
use super::journal::{Operation, Scribe};
use super::order;
use super::plan::Opened;
use super::target::Target;
use data::structure::TableKind;
use data::{Connections, Error, System};
use model::{ErrorCode, Fault, TableLogStatus};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DropOptions {
    /// Dropping a table loses its rows; without this nothing is dropped.
    pub allow_destructive: bool,
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dropped {
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// `altered` where it was dropped, `unchanged` where there was none, else `failed` or `skipped`.
    pub status: AppliedStatus,
    /// The statement.
    pub sql: Option<String>,
    /// Why it failed or was skipped.
    pub error: Option<Fault>,
}

/// Drops every table. A table that fails does not keep others from being dropped.
pub async fn drop_tables(
    connections: &dyn Connections,
    targets: &[Target],
    options: DropOptions,
    scribe: Scribe<'_>,
) -> Vec<Dropped> {
    let mut opened = Opened::new(connections);
    let mut all = Vec::with_capacity(targets.len());
    for place in order::by_dependency(targets).into_iter().rev() {
        let target = &targets[place];
        let since = Instant::now();
        let mut dropped = Dropped {
            connection: target.connection.clone(),
            table: target.table.clone(),
            status: AppliedStatus::Unchanged,
            sql: None,
            error: None,
        };
        if let Err(error) = drop_one(&mut opened, target, options, &mut dropped).await {
            opened.note(&target.connection, &error);
            if dropped.status != AppliedStatus::Skipped {
                dropped.status = AppliedStatus::Failed;
            }
            dropped.error = Some(*error.fault);
        }
        let status = match dropped.status {
            AppliedStatus::Failed => TableLogStatus::Failed,
            AppliedStatus::Skipped => TableLogStatus::Skipped,
            _ => TableLogStatus::Succeeded,
        };
        if dropped.sql.is_some() || dropped.error.is_some() {
            let (ddl, error) = (dropped.sql.as_deref(), dropped.error.as_ref());
            let operation = Operation { word: "drop", ddl, parameters: json!({}), since, status, error };
            scribe.operation(target, operation).await;
        }
        all.push(dropped);
    }
    all
}

async fn drop_one(
    opened: &mut Opened<'_>,
    target: &Target,
    options: DropOptions,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let connector = opened.get(&target.connection).await?;
    let Some(live) = connector.structure(&target.table).await? else { return Ok(()) };
    let sql = statement(connector.system(), &target.table, &live.kind)?;
    dropped.sql = Some(sql.clone());
    if !options.allow_destructive {
        dropped.status = AppliedStatus::Skipped;
        let message = format!("to drop `{}` loses all its rows", target.table);
        return Err(Error::permanent(ErrorCode::LossNotAllowed, message)
            .hint("Allow it with `--allow-destructive` (`allow_destructive: true`)."));
    }
    connector.execute(&sql).await?;
    dropped.status = AppliedStatus::Altered;
    Ok(())
}

/// The statement that drops a table.
fn statement(system: System, table: &str, kind: &TableKind) -> Result<String, Error> {
    let quote = |name: &str| match system {
        System::Mysql => format!("`{}`", name.replace('`', "``")),
        System::Tdengine => format!("`{}`", name.replace('`', "")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    };
    let name: Vec<String> = parts(table).iter().map(|part| quote(part)).collect();
    let name = name.join(".");
    Ok(match kind {
        TableKind::View => {
            let message = format!("`{table}` is a view, which documents about tables leave alone");
            return Err(Error::permanent(ErrorCode::Unsupported, message).hint("Drop the view by hand."));
        }
        TableKind::SuperTable => format!("DROP STABLE {name}"),
        _ => format!("DROP TABLE {name}"),
    })
}

/// The parts of a name: `schema.table`, each quoted where it holds a dot.
pub(crate) fn parts(name: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = name.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                part.push('"');
            }
            '"' => quoted = !quoted,
            '.' if !quoted && parts.is_empty() => parts.push(std::mem::take(&mut part)),
            _ => part.push(char),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_part_by_part() {
        let check = |system, table: &str, kind: &TableKind, sql: &str| {
            assert_eq!(statement(system, table, kind).ok().as_deref(), Some(sql));
        };
        check(System::Postgres, "public.daily bars", &TableKind::Plain, "DROP TABLE \"public\".\"daily bars\"");
        check(System::Sqlite, "\"a.b\"\"c\"", &TableKind::Plain, "DROP TABLE \"a.b\"\"c\"");
        check(System::Mysql, "shop.o`rders", &TableKind::Plain, "DROP TABLE `shop`.`o``rders`");
        check(System::Tdengine, "market.ticks", &TableKind::SuperTable, "DROP STABLE `market`.`ticks`");
        assert!(statement(System::Postgres, "v", &TableKind::View).is_err());
    }
}
