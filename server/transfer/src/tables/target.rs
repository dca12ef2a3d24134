//! Finds the saved connection that each table of a document belongs to.

use super::document::{DatabaseType, Document, TableEntry, spelled};
use super::journal::Place;
use super::types::shorten;
use data::structure::TableStructure;
use data::{ConnectionInfo, System};
use model::tree::Position;
use model::{ErrorCode, Fault, nearest};
use std::collections::HashMap;

/// A table of a document, and where it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Where the table stands in the document: `tables.0`.
    pub path: String,
    /// Where it begins in the text.
    pub at: Position,
    /// What kind of database.
    pub database_type: DatabaseType,
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// What it is to be like.
    pub structure: TableStructure,
}

impl Target {
    /// What entries of the logs say about where it is.
    pub(crate) fn place(&self) -> Place<'_> {
        Place { database_type: self.database_type.as_str(), connection: &self.connection, table: &self.table }
    }
}

/// Finds the connection of every table: the one it names, else the one of its system whose database or name is its
/// `database_name`, else the only one of its system.
///
/// # Errors
/// `connection_not_found` and `invalid_value`, one fault for each table without a connection, with the candidates.
pub fn resolve(document: &Document, connections: &[ConnectionInfo]) -> Result<Vec<Target>, Vec<Fault>> {
    let (mut targets, mut faults) = (Vec::new(), Vec::new());
    let mut seen: HashMap<(String, String), Position> = HashMap::new();
    for entry in &document.tables {
        let (connection, database) = match find(entry, connections) {
            Ok(found) => found,
            Err(fault) => {
                faults.push(fault.at(entry.at.line, entry.at.column));
                continue;
            }
        };
        let name = spelled(&entry.structure.name);
        let table = match (&entry.schema, &database) {
            (Some(schema), _) => format!("{}.{name}", spelled(schema)),
            (None, Some(database)) => format!("{}.{name}", spelled(database)),
            (None, None) => name,
        };
        let place =
            (connection.clone(), if entry.database_type.folds_names() { table.to_lowercase() } else { table.clone() });
        if let Some(first) = seen.insert(place, entry.at) {
            let message = format!("the table `{}` of connection `{connection}` stands here twice", shorten(&table));
            let fault = Fault::new(ErrorCode::Duplicate, message)
                .hint(format!("Remove one; the first is in line {}.", first.line))
                .path(&entry.path);
            faults.push(fault.at(entry.at.line, entry.at.column));
            continue;
        }
        targets.push(Target {
            path: entry.path.clone(),
            at: entry.at,
            database_type: entry.database_type,
            connection,
            structure: TableStructure { name: table.clone(), ..entry.structure.clone() },
            table,
        });
    }
    if faults.is_empty() { Ok(targets) } else { Err(faults) }
}

/// The connection's name, and the database where the table's name must say it.
fn find(entry: &TableEntry, connections: &[ConnectionInfo]) -> Result<(String, Option<String>), Fault> {
    let system = entry.database_type.system();
    let candidates: Vec<&ConnectionInfo> = connections.iter().filter(|info| info.system == system).collect();
    if let Some(name) = &entry.connection {
        return named(entry, name, connections);
    }
    let names = |found: &[&ConnectionInfo]| {
        let names: Vec<String> = found.iter().take(10).map(|info| format!("`{}`", info.name)).collect();
        names.join(", ")
    };
    let database_type = entry.database_type.as_str();
    let Some(database) = &entry.database else {
        return match candidates.as_slice() {
            [only] => Ok((only.name.clone(), None)),
            [] => Err(none_of(entry)),
            several => {
                let message =
                    format!("the table does not say which of {} {database_type} connections it is in", several.len());
                Err(Fault::new(ErrorCode::MissingKey, message)
                    .hint(format!("Add `connection`, one of {}.", names(several)))
                    .path(format!("{}.connection", entry.path)))
            }
        };
    };
    let fits = |info: &&&ConnectionInfo| is_database(info, database);
    let mut found: Vec<&ConnectionInfo> = candidates.iter().filter(fits).copied().collect();
    if found.len() > 1
        && let Some(same) = found.iter().find(|info| info.name == *database).copied()
    {
        found = vec![same];
    }
    // A connection to the server as a whole reaches every database of it.
    let servers: Vec<&ConnectionInfo> = match has_databases(system) && found.is_empty() {
        true => candidates.iter().filter(|info| info.database.is_none()).copied().collect(),
        false => Vec::new(),
    };
    match (found.as_slice(), servers.as_slice()) {
        ([one], _) => Ok((one.name.clone(), None)),
        ([], [one]) => Ok((one.name.clone(), Some(database.clone()))),
        ([], []) if candidates.is_empty() => Err(none_of(entry)),
        ([], []) => {
            let message = format!("no {database_type} connection is to the database `{}`", shorten(database));
            let hint = match nearest(database, candidates.iter().flat_map(|info| info.database.as_deref())) {
                Some(near) => {
                    format!("Did you mean `{near}`? Otherwise add `connection`, one of {}.", names(&candidates))
                }
                None => format!("Add `connection`, one of {}, or save a connection to it.", names(&candidates)),
            };
            Err(Fault::new(ErrorCode::ConnectionNotFound, message)
                .hint(hint)
                .path(format!("{}.database_name", entry.path)))
        }
        (several, servers) => {
            let several = if several.is_empty() { servers } else { several };
            let message =
                format!("{} {database_type} connections are to the database `{}`", several.len(), shorten(database));
            Err(Fault::new(ErrorCode::InvalidValue, message)
                .hint(format!("Add `connection`, one of {}.", names(several)))
                .path(format!("{}.connection", entry.path)))
        }
    }
}

/// Whether names may say the database: `database.table`.
fn has_databases(system: System) -> bool {
    matches!(system, System::Mysql | System::Tdengine)
}

/// Whether the connection is to the database of that name, or is itself called so.
fn is_database(info: &ConnectionInfo, name: &str) -> bool {
    let Some(database) = &info.database else { return info.name == name };
    let stem = std::path::Path::new(database).file_stem().and_then(|stem| stem.to_str());
    info.name == name || database == name || (info.system == System::Sqlite && stem == Some(name))
}

fn named(entry: &TableEntry, name: &str, connections: &[ConnectionInfo]) -> Result<(String, Option<String>), Fault> {
    let system = entry.database_type.system();
    let path = format!("{}.connection", entry.path);
    let Some(found) = connections.iter().find(|info| info.name == *name) else {
        let message = format!("there is no connection `{}`", shorten(name));
        let hint = match nearest(name, connections.iter().map(|info| info.name.as_str())) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`sluice connection list` shows what there is; `sluice connection add` makes one.".to_owned(),
        };
        return Err(Fault::new(ErrorCode::ConnectionNotFound, message).hint(hint).path(path));
    };
    if found.system != system {
        let message = format!("the connection `{name}` is to {}, not to {}", found.system.as_str(), system.as_str());
        return Err(Fault::new(ErrorCode::InvalidValue, message)
            .hint("Name another connection, or correct `database_type`.")
            .path(path));
    }
    match &entry.database {
        Some(database) if !is_database(found, database) => {
            if has_databases(system) {
                return Ok((name.to_owned(), Some(database.clone())));
            }
            let there = found.database.as_deref().unwrap_or_default();
            let message = format!("the connection `{name}` is to `{}`, not to `{}`", shorten(there), shorten(database));
            Err(Fault::new(ErrorCode::InvalidValue, message)
                .hint("Name another connection, or leave `database_name` out.")
                .path(path))
        }
        _ => Ok((name.to_owned(), None)),
    }
}

fn none_of(entry: &TableEntry) -> Fault {
    let database_type = entry.database_type.as_str();
    let scheme = entry.database_type.system().as_str();
    Fault::new(ErrorCode::ConnectionNotFound, format!("there is no {database_type} connection"))
        .hint(format!("Save one: `sluice connection add NAME {scheme}:…`."))
        .path(format!("{}.database_type", entry.path))
}

/// Only the tables named in `only`; all where it is empty. A name is the table's or `connection.table`.
///
/// # Errors
/// `table_not_found` for each name that no table has.
pub fn select(targets: Vec<Target>, only: &[String]) -> Result<Vec<Target>, Vec<Fault>> {
    if only.is_empty() {
        return Ok(targets);
    }
    let matches = |target: &Target, name: &str| {
        let bare = target.table.rsplit('.').next().unwrap_or(&target.table);
        target.table == name || bare == name || format!("{}.{}", target.connection, target.table) == name
    };
    let missing: Vec<Fault> = only
        .iter()
        .filter(|name| !targets.iter().any(|target| matches(target, name)))
        .map(|name| {
            let fault = Fault::new(ErrorCode::TableNotFound, format!("the document has no table `{}`", shorten(name)));
            match nearest(name, targets.iter().map(|target| target.table.as_str())) {
                Some(near) => fault.hint(format!("Did you mean `{near}`?")),
                None => fault.hint("Name a table of the document as its `table_name` does."),
            }
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(targets.into_iter().filter(|target| only.iter().any(|name| matches(target, name))).collect())
}
