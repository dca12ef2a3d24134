//! Tables, columns and keys of a PostgreSQL database, from its catalog.

use super::error::mapped;
use super::types::{Kind, Sort, kind};
use crate::error::table_not_found;
use crate::name::TableName;
use data::Result;
use data::connector::{ColumnInfo, TableInfo};
use tokio_postgres::Client;

/// A table, view or foreign table, with what the writer must know of it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: TableName,
    pub(super) columns: Vec<TableColumn>,
    /// Unique keys, the primary key first; partial ones and those over expressions left out.
    unique_keys: Vec<Vec<String>>,
    shown: String,
    row_estimate: Option<u64>,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub(super) name: String,
    pub(super) native_type: String,
    /// Type and modifier beneath a domain.
    pub(super) oid: u32,
    pub(super) modifier: i32,
    pub(super) kind: Kind,
    pub(super) not_null: bool,
    pub(super) generated: bool,
    pub(super) always_identity: bool,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The name for people.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether these columns, in any order, are a unique key.
    pub(super) fn is_unique(&self, key: &[String]) -> bool {
        self.unique_keys
            .iter()
            .any(|unique| unique.len() == key.len() && unique.iter().all(|column| key.contains(column)))
    }

    /// Whether none of these columns can be NULL.
    pub(super) fn never_null(&self, key: &[String]) -> bool {
        key.iter().all(|name| self.column(name).is_some_and(|column| column.not_null))
    }

    pub(super) fn info(&self) -> TableInfo {
        let columns = self.columns.iter().map(|column| ColumnInfo {
            name: column.name.clone(),
            native_type: column.native_type.clone(),
            data_type: column.kind.data_type(),
            nullable: !column.not_null,
        });
        TableInfo {
            name: self.shown.clone(),
            columns: columns.collect(),
            key: self.unique_keys.iter().find(|key| self.never_null(key)).cloned().unwrap_or_default(),
            row_estimate: self.row_estimate,
        }
    }
}

/// Tables and views that the user may read, with their schema where it is not the default one.
pub(super) async fn list_tables(client: &Client) -> Result<Vec<String>> {
    let rows = client
        .query(
            "SELECT n.nspname, c.relname, n.nspname = coalesce(current_schema(), '') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> '_sluice_ledger' \
             AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp\\_%' \
             AND n.nspname NOT LIKE '\\_timescaledb\\_%' \
             AND n.nspname NOT IN ('timescaledb_information', 'timescaledb_experimental') \
             AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2",
            &[],
        )
        .await
        .map_err(|error| mapped(&error))?;
    Ok(rows.iter().map(|row| shown(row.get(0), row.get(1), row.get(2))).collect())
}

pub(super) fn shown(schema: &str, table: &str, default: bool) -> String {
    let part = |name: &str| if name.contains(['.', '"']) { crate::name::quote(name) } else { name.to_owned() };
    if default { part(table) } else { format!("{}.{}", part(schema), part(table)) }
}

/// The table of that name.
pub(super) async fn find_table(client: &Client, name: &str) -> Result<Option<Table>> {
    let mapped = |error| mapped(&error);
    let quoted = TableName::parse(name).quoted();
    let Some(found) = client
        .query_opt(
            "SELECT c.oid, n.nspname::text, c.relname::text, n.nspname = coalesce(current_schema(), ''), c.reltuples::float8 \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            &[&quoted],
        )
        .await
        .map_err(mapped)?
    else {
        return Ok(None);
    };
    let oid: u32 = found.get(0);
    let estimate: f64 = found.get(4);
    let columns = client
        .query(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull OR t.typnotnull, \
             a.attgenerated <> '', a.attidentity = 'a', \
             CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, \
             CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END, \
             b.typtype::text, b.typcategory = 'A' AND b.typelem <> 0 \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END \
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&oid],
        )
        .await
        .map_err(mapped)?;
    let columns = columns.iter().map(|row| {
        let (oid, modifier): (u32, i32) = (row.get(5), row.get(6));
        let sort = match (row.get::<_, &str>(7), row.get(8)) {
            ("e", _) => Sort::Enum,
            (_, true) => Sort::Array,
            _ => Sort::Plain,
        };
        TableColumn {
            name: row.get(0),
            native_type: row.get(1),
            oid,
            modifier,
            kind: kind(oid, modifier, sort),
            not_null: row.get(2),
            generated: row.get(3),
            always_identity: row.get(4),
        }
    });
    let columns = columns.collect();
    let keys = client
        .query(
            "SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index i \
             CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
             WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
             AND i.indimmediate AND k.place <= i.indnkeyatts GROUP BY i.indexrelid, i.indisprimary \
             ORDER BY i.indisprimary DESC, i.indexrelid",
            &[&oid],
        )
        .await
        .map_err(mapped)?;
    Ok(Some(Table {
        shown: shown(found.get(1), found.get(2), found.get(3)),
        name: TableName { schema: Some(found.get(1)), table: found.get(2) },
        columns,
        unique_keys: keys.iter().map(|row| row.get(0)).collect(),
        row_estimate: (estimate >= 0.0).then_some(estimate as u64),
    }))
}

/// The table of that name, or the error that it does not exist.
pub(super) async fn get_table(client: &Client, name: &str) -> Result<Table> {
    match find_table(client, name).await? {
        Some(table) => Ok(table),
        None => {
            let others = list_tables(client).await?;
            Err(table_not_found(name, others.iter().map(String::as_str)))
        }
    }
}
