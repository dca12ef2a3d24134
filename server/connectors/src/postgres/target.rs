//! The table a sink writes into, and the statements that bring rows there.

use super::encode::needs_cast;
use super::error::mapped;
use super::introspect::{Table, TableColumn, find_table, get_table};
use super::pool::Lent;
use super::types::declared;
use crate::error::{column_not_found, key_missing, key_not_unique, type_refused};
use crate::name::{TableName, quote, quote_all};
use arrow::datatypes::SchemaRef;
use data::{Error, Mode, Result, WriteOptions};
use model::ErrorCode;

/// Statements for one table, mode and set of columns.
pub(super) struct Target {
    pub(super) table: Table,
    /// Columns written, in the order of the batches.
    pub(super) columns: Vec<TableColumn>,
    /// Takes the rows, into the table itself or into the staging table.
    pub(super) copy: String,
    /// Makes the staging table and moves its rows on, where there is one.
    pub(super) staging: Option<Staging>,
    /// The statement that made the table, where it was missing.
    pub(super) made: Option<String>,
}

/// A temporary table for rows that need more than to be added.
pub(super) struct Staging {
    pub(super) create: String,
    pub(super) merge: String,
}

impl Target {
    /// Finds or makes the table and checks all that can be checked before the first row.
    pub(super) async fn open(client: &Lent, schema: &SchemaRef, options: &WriteOptions) -> Result<Self> {
        let keyed = matches!(options.mode, Mode::InsertIgnore | Mode::Upsert | Mode::Replace);
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for column in &options.key {
            if !names.contains(&column.as_str()) {
                return Err(column_not_found(column, "the batch", names.iter().copied()));
            }
        }
        let mut found = find_table(client, &options.table).await?;
        let mut made = None;
        if found.is_none() && options.create {
            if keyed && options.key.is_empty() {
                return Err(key_missing(&options.table));
            }
            made = Some(create(client, schema, options).await?);
            found = find_table(client, &options.table).await?;
        }
        let table = match found {
            Some(table) => table,
            None => get_table(client, &options.table).await?,
        };
        let mut columns = Vec::new();
        for field in schema.fields() {
            let Some(column) = table.column(field.name()) else {
                return Err(column_not_found(field.name(), table.shown(), table.column_names()));
            };
            if column.generated {
                let message = format!(
                    "column `{}` of `{}` is computed by PostgreSQL and cannot be written",
                    column.name,
                    table.shown()
                );
                return Err(
                    Error::permanent(ErrorCode::ValueRefused, message).hint("Leave the column out before the write.")
                );
            }
            if declared(field.data_type()).is_none() {
                return Err(type_refused(field.name(), field.data_type(), "PostgreSQL"));
            }
            columns.push(column.clone());
        }
        if keyed && options.key.is_empty() && options.mode != Mode::InsertIgnore {
            return Err(key_missing(table.shown()));
        }
        if keyed && !options.key.is_empty() && !table.is_unique(&options.key) {
            return Err(key_not_unique(&options.key, table.shown()));
        }
        let staged = keyed || columns.iter().any(needs_cast);
        let copy = if staged {
            "COPY pg_temp._sluice_stage FROM STDIN (FORMAT binary)".to_owned()
        } else {
            let list = quote_all(names.iter().copied());
            format!("COPY {} ({list}) FROM STDIN (FORMAT binary)", table.name.quoted())
        };
        let staging = staged.then(|| staging(&table, &columns, options));
        Ok(Self { table, columns, copy, staging, made })
    }
}

/// Makes the table; answers the statement.
async fn create(client: &Lent, schema: &SchemaRef, options: &WriteOptions) -> Result<String> {
    let mut lines = Vec::new();
    for field in schema.fields() {
        let native =
            declared(field.data_type()).ok_or_else(|| type_refused(field.name(), field.data_type(), "PostgreSQL"))?;
        lines.push(format!("{} {native}", quote(field.name())));
    }
    if !options.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quote_all(options.key.iter().map(String::as_str))));
    }
    let name = TableName::parse(&options.table).quoted();
    let sql = format!("CREATE TABLE IF NOT EXISTS {name} ({})", lines.join(", "));
    match client.batch_execute(&sql).await {
        Ok(()) => Ok(sql),
        // Two sinks may make the same table at once, and `IF NOT EXISTS` does not see what is about to be committed.
        Err(error) if error.code().is_some_and(|code| matches!(code.code(), "23505" | "42P07" | "42710")) => Ok(sql),
        Err(error) => Err(mapped(&error)),
    }
}

fn staging(table: &Table, columns: &[TableColumn], options: &WriteOptions) -> Staging {
    let defined: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            // Under a domain lies its base type: its checks run when the rows move on.
            let native = if needs_cast(column) { "text" } else { &column.native_type };
            format!("c{index} {native}")
        })
        .collect();
    let create = format!(
        "DROP TABLE IF EXISTS pg_temp._sluice_stage; \
         CREATE TEMP TABLE _sluice_stage ({}, number bigint) ON COMMIT DELETE ROWS",
        defined.join(", ")
    );
    let expressions: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| if needs_cast(column) { cast(index, column) } else { format!("c{index}") })
        .collect();
    let is_key = |name: &str| options.key.iter().any(|key| key == name);
    let keys: Vec<String> = columns
        .iter()
        .zip(&expressions)
        .filter(|(column, _)| is_key(&column.name))
        .map(|(_, term)| term.clone())
        .collect();
    let last_wins = matches!(options.mode, Mode::Upsert | Mode::Replace);
    let rows = if last_wins {
        // One statement may touch a row once only. Rows with NULL in the key never clash, so that all of them stay.
        let nulls: Vec<String> = keys.iter().map(|key| format!("{key} IS NULL")).collect();
        let distinct = format!("{}, CASE WHEN {} THEN number END", keys.join(", "), nulls.join(" OR "));
        format!(
            "SELECT DISTINCT ON ({distinct}) {} FROM pg_temp._sluice_stage ORDER BY {distinct}, number DESC",
            expressions.join(", ")
        )
    } else {
        format!("SELECT {} FROM pg_temp._sluice_stage ORDER BY number", expressions.join(", "))
    };
    let target = table.name.quoted();
    let list = quote_all(columns.iter().map(|column| column.name.as_str()));
    let merge =
        format!("INSERT INTO {target} ({list}) OVERRIDING SYSTEM VALUE {rows}{}", clash(table, columns, options));
    Staging { create, merge }
}

/// What happens to rows whose key is there.
fn clash(table: &Table, columns: &[TableColumn], options: &WriteOptions) -> String {
    let key = quote_all(options.key.iter().map(String::as_str));
    let changeable = |column: &&TableColumn| !options.key.contains(&column.name) && !column.always_identity;
    let mut sets: Vec<String> = columns
        .iter()
        .filter(changeable)
        .map(|column| format!("{} = excluded.{}", quote(&column.name), quote(&column.name)))
        .collect();
    match options.mode {
        Mode::Append | Mode::Truncate => return String::new(),
        Mode::InsertIgnore if options.key.is_empty() => return " ON CONFLICT DO NOTHING".to_owned(),
        Mode::InsertIgnore => return format!(" ON CONFLICT ({key}) DO NOTHING"),
        Mode::Upsert => {}
        Mode::Replace => {
            let unwritten = |column: &&TableColumn| !columns.iter().any(|other| other.name == column.name);
            let others = table.columns.iter().filter(changeable).filter(unwritten).filter(|column| !column.generated);
            sets.extend(others.map(|column| format!("{} = DEFAULT", quote(&column.name))));
        }
    }
    if sets.is_empty() {
        return format!(" ON CONFLICT ({key}) DO NOTHING");
    }
    format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
}

/// The staged text as the column's type; arrays are understood in JSON too, which is how they are read.
fn cast(index: usize, column: &TableColumn) -> String {
    let native = &column.native_type;
    if column.kind != super::types::Kind::Array {
        return format!("c{index}::{native}");
    }
    format!(
        "CASE WHEN c{index} LIKE '[%' THEN coalesce((SELECT array_agg(e ORDER BY n) FROM json_array_elements_text(c{index}::json) \
         WITH ORDINALITY AS j(e, n)), '{{}}')::{native} ELSE c{index}::{native} END"
    )
}
