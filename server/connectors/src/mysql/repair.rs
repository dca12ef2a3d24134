//! Statements that change single rows of a table.

use super::introspect::get_table;
use super::{Mysql, quote, quote_table};
use crate::error::column_not_found;
use crate::repair::{Column, Dialect, Table, not_unique};
use data::{Result, RowStatements};

/// What writes the statements for `table`.
pub(super) async fn row_statements(
    mysql: &Mysql,
    table: &str,
    key: usize,
    columns: &[String],
) -> Result<Box<dyn RowStatements>> {
    let mut connection = mysql.connect().await?;
    let found = get_table(&mut connection, &mysql.config, table).await?;
    if !found.is_unique(&columns[..key]) || !found.never_null(&columns[..key]) {
        return Err(not_unique(table, &columns[..key]));
    }
    let columns = columns.iter().map(|name| {
        let column = found.column(name).ok_or_else(|| column_not_found(name, table, found.names()))?;
        let (native, data_type) = (column.native_type.clone(), column.data_type.clone());
        Ok(Column { quoted: quote(&column.name), native, data_type })
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(Box::new(Table { dialect: Dialect::Mysql, quoted: quote_table(table), key, columns }))
}
