//! What a table is like, by `SHOW CREATE TABLE` and `SHOW FULL COLUMNS`.

use super::{Config, create, error, quote_table};
use data::Result;
use data::structure::{ColumnStructure, TableKind, TableStructure};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Row};
use std::collections::HashMap;

/// The table of that name with everything that makes it what it is; `None` where there is none.
pub(super) async fn find(connection: &mut Conn, config: &Config, name: &str) -> Result<Option<TableStructure>> {
    match described(connection, name, &quote_table(name)).await {
        Ok(table) => Ok(Some(table)),
        // No such table, or no such database.
        Err(DriverError::Server(server)) if matches!(server.code, 1146 | 1049) => Ok(None),
        Err(failed) => Err(error::mapped(config, &failed)),
    }
}

/// Describes the table behind a quoted name, a temporary one too.
pub(super) async fn described(connection: &mut Conn, name: &str, quoted: &str) -> Result<TableStructure, DriverError> {
    let shown: Option<Row> = connection.query_first(format!("SHOW CREATE TABLE {quoted}")).await?;
    let sql = shown.as_ref().and_then(|row| text(row, 1)).unwrap_or_default();
    let columns: Vec<Row> = connection.query(format!("SHOW FULL COLUMNS FROM {quoted}")).await?;
    let is_table = sql.starts_with("CREATE TABLE") || sql.starts_with("CREATE TEMPORARY TABLE");
    let Some(mut table) = is_table.then(|| create::table(name, &sql)).flatten() else {
        return Ok(view(name, &columns));
    };
    if !table.options.contains_key("collation")
        && let Some(charset) = table.options.get("charset").cloned()
    {
        let usual: Option<String> = connection
            .exec_first(
                "SELECT default_collate_name FROM information_schema.character_sets WHERE character_set_name = ?",
                (charset,),
            )
            .await?;
        table.options.extend(usual.map(|usual| ("collation".to_owned(), usual)));
    }
    let collations: HashMap<String, String> =
        columns.iter().filter_map(|row| Some((text(row, 0)?, text(row, 2)?))).collect();
    let own = table.options.get("collation");
    for column in &mut table.columns {
        let spelled = column.native_type != "json";
        column.collation = collations.get(&column.name).filter(|other| spelled && own != Some(other)).cloned();
    }
    Ok(table)
}

fn text(row: &Row, index: usize) -> Option<String> {
    row.get::<Option<String>, _>(index).flatten()
}

fn view(name: &str, columns: &[Row]) -> TableStructure {
    let column = |row: &Row| ColumnStructure {
        name: text(row, 0).unwrap_or_default(),
        native_type: create::native_type(&text(row, 1).unwrap_or_default()),
        nullable: text(row, 3).as_deref() == Some("YES"),
        comment: text(row, 8).filter(|comment| !comment.is_empty()),
        ..ColumnStructure::default()
    };
    TableStructure {
        name: name.to_owned(),
        kind: TableKind::View,
        columns: columns.iter().map(column).collect(),
        ..TableStructure::default()
    }
}
