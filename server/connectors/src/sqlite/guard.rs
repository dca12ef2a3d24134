//! The authorizer of the console: it sees what a statement compiles to, whatever its text looked like.

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use std::sync::{Arc, Mutex, PoisonError};

/// Pragmas that only tell something; with a value only those that take one as the name of what they tell about.
const TELLING: [&str; 25] = [
    "application_id",
    "cache_size",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "function_list",
    "integrity_check",
    "journal_mode",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "query_only",
    "schema_version",
    "synchronous",
    "table_list",
    "user_version",
    "auto_vacuum",
    "busy_timeout",
    "foreign_key_check",
    "quick_check",
];
const TELLING_ABOUT: [&str; 10] = [
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Why a statement was not let through, if it was not.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard(Arc<Mutex<Option<String>>>);

impl Guard {
    /// Sets the authorizer; with `write` also changes of rows and tables pass, but nothing beyond the file.
    pub(super) fn set(connection: &Connection, write: bool) -> Self {
        let guard = Self::default();
        let reason = guard.0.clone();
        let watch = move |context: AuthContext<'_>| match refused(context.action, write) {
            None => Authorization::Allow,
            Some(why) => {
                reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
                Authorization::Deny
            }
        };
        // Fails only for a connection that somebody else owns.
        let _ = connection.authorizer(Some(watch));
        guard
    }

    /// Takes the authorizer off, so that the transaction around the statement can end.
    pub(super) fn lift(connection: &Connection) {
        let _ = connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    }

    /// Why a statement was not let through.
    pub(super) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why the console does not do this.
fn refused(action: AuthAction<'_>, write: bool) -> Option<String> {
    let named = |name: &str, list: &[&str]| list.iter().any(|word| word.eq_ignore_ascii_case(name));
    match action {
        AuthAction::Select | AuthAction::Recursive => None,
        AuthAction::Read { table_name, .. } => {
            named(table_name, &["sqlite_dbpage"]).then(|| format!("`{table_name}` opens the pages of the file"))
        }
        AuthAction::Function { function_name } => {
            named(function_name, &["load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"])
                .then(|| format!("the function `{function_name}` reaches beyond the database"))
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let list: &[&str] = if pragma_value.is_some() { &TELLING_ABOUT } else { &TELLING };
            let both = pragma_value.is_none() && named(pragma_name, &TELLING_ABOUT);
            (!both && !named(pragma_name, list)).then(|| match pragma_value {
                Some(_) => format!("the pragma `{pragma_name}` with a value changes something"),
                None => format!("the pragma `{pragma_name}` is not among those that only tell something"),
            })
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Some("it opens or closes another file".to_owned()),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
            Some("the console keeps the transaction itself".to_owned())
        }
        AuthAction::Unknown { code, .. } => Some(format!("it does something unknown (SQLite's action {code})")),
        // Modules of virtual tables reach where they please.
        AuthAction::CreateVtable { module_name, .. } if !named(module_name, &["fts5", "rtree"]) => {
            Some(format!("the module `{module_name}` is not among those that may be used"))
        }
        _ if write => None,
        // An R-tree prepares its changes as soon as it is looked at. The file is open for reading only, and these tables are
        // closed to statements of people (`SQLITE_DBCONFIG_DEFENSIVE`).
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. }
            if ["_node", "_parent", "_rowid"].iter().any(|end| table_name.ends_with(end)) =>
        {
            None
        }
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => Some(format!("it changes `{table_name}`")),
        _ => Some("it changes tables, indexes, views or triggers".to_owned()),
    }
}

/// SQLite's own limits, for a statement that a stranger wrote.
pub(super) fn protect(connection: &Connection, bytes: u64) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let length = i32::try_from(bytes.clamp(1 << 20, 1 << 28)).unwrap_or(1 << 28);
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_LENGTH, length),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_VDBE_OP, 250_000),
        // One long pattern against one long text is a single step, which no deadline ends.
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 20),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    Ok(())
}
