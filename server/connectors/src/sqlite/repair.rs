//! Statements that change single rows of a table.

use super::Sqlite;
use super::split::describe;
use crate::error::column_not_found;
use crate::name::quote;
use crate::repair::{Column, Dialect, Table, not_unique};
use data::{Result, RowStatements};

/// What writes the statements for `table`.
pub(super) async fn row_statements(
    sqlite: &Sqlite,
    table: &str,
    key: usize,
    columns: &[String],
) -> Result<Box<dyn RowStatements>> {
    let found = describe(sqlite, table).await?;
    if !found.is_unique(&columns[..key]) || !found.never_null(&columns[..key]) {
        return Err(not_unique(table, &columns[..key]));
    }
    let columns = columns.iter().map(|name| {
        let column = found.column(name).ok_or_else(|| column_not_found(name, table, found.column_names()))?;
        let (native, data_type) = (column.declared.clone(), column.kind().data_type());
        Ok(Column { quoted: quote(&column.name), native, data_type })
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(Box::new(Table { dialect: Dialect::Sqlite, quoted: found.quoted(), key, columns }))
}
