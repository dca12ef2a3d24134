//! Statements that change single rows of a table.

use super::Postgres;
use super::introspect::get_table;
use crate::error::column_not_found;
use crate::name::quote;
use crate::repair::{Column, Dialect, Table, not_unique};
use data::{Result, RowStatements};

/// What writes the statements for `table`.
pub(super) async fn row_statements(
    postgres: &Postgres,
    table: &str,
    key: usize,
    columns: &[String],
) -> Result<Box<dyn RowStatements>> {
    let client = postgres.pool.get().await?;
    let found = get_table(&client, table).await?;
    client.release();
    if !found.is_unique(&columns[..key]) || !found.never_null(&columns[..key]) {
        return Err(not_unique(table, &columns[..key]));
    }
    let columns = columns.iter().map(|name| {
        let column = found.column(name).ok_or_else(|| column_not_found(name, table, found.column_names()))?;
        let native = column.native_type.clone();
        Ok(Column { quoted: quote(name), native, data_type: column.kind.data_type() })
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(Box::new(Table { dialect: Dialect::Postgres, quoted: found.name.quoted(), key, columns }))
}
