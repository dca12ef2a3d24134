//! Tables, their columns and keys.

use super::{Config, error, quote_table, types};
use crate::error::table_not_found;
use crate::name::TableName;
use data::Result;
use data::connector::{ColumnInfo, TableInfo};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as DriverError, Row, params};
use std::collections::BTreeMap;

/// A table with what only this connector needs.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) info: TableInfo,
    /// Columns a write may not name.
    pub(super) generated: Vec<String>,
    /// Columns whose default a replace can restore.
    pub(super) with_default: Vec<String>,
    /// Column sets that tell rows apart.
    pub(super) unique: Vec<Vec<String>>,
    /// Whether its engine undoes what a transaction did.
    pub(super) transactional: bool,
    /// Text columns and their collations.
    pub(super) collations: BTreeMap<String, String>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.info.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.info.columns.iter().map(|column| column.name.as_str())
    }

    /// Whether the columns, in any order, hold a unique key.
    pub(super) fn is_unique(&self, columns: &[String]) -> bool {
        let has = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        self.unique.iter().any(|key| key.len() == columns.len() && key.iter().all(has))
    }

    pub(super) fn never_null(&self, columns: &[String]) -> bool {
        columns.iter().all(|name| self.column(name).is_some_and(|column| !column.nullable))
    }
}

pub(super) async fn list_tables(connection: &mut Conn) -> Result<Vec<String>, DriverError> {
    connection
        .query(
            "SELECT table_name AS name FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_name <> '_sluice_ledger' ORDER BY table_name",
        )
        .await
}

/// The table of that name, or `table_not_found` with a near name.
pub(super) async fn get_table(connection: &mut Conn, config: &Config, name: &str) -> Result<Table> {
    let mapped = |e| error::mapped(config, &e);
    match find_table(connection, name).await.map_err(mapped)? {
        Some(table) => Ok(table),
        None => {
            let others = list_tables(connection).await.map_err(mapped)?;
            Err(table_not_found(name, others.iter().map(String::as_str)))
        }
    }
}

pub(super) async fn find_table(connection: &mut Conn, name: &str) -> Result<Option<Table>, DriverError> {
    let parts = TableName::parse(name);
    let place = params! { "database" => parts.schema, "table" => parts.table };
    let rows: Vec<Row> = connection
        .exec(
            "SELECT column_name AS a, column_type AS b, is_nullable AS c, extra AS d, column_default AS e, collation_name AS f
             FROM information_schema.columns
             WHERE table_schema = COALESCE(:database, DATABASE()) AND table_name = :table ORDER BY ordinal_position",
            place.clone(),
        )
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let text = |row: &Row, index: usize| row.get::<Option<String>, _>(index).flatten();
    let statement = connection.prep(format!("SELECT * FROM {}", quote_table(name))).await?;
    let described = statement.columns();
    let arrow_type = |name: &str| {
        let column = described.iter().find(|column| column.name_str() == name);
        column.map_or(arrow::datatypes::DataType::Utf8, types::arrow_type)
    };
    let (mut columns, mut generated, mut with_default) = (Vec::new(), Vec::new(), Vec::new());
    let mut collations = BTreeMap::new();
    for row in &rows {
        let name = text(row, 0).unwrap_or_default();
        let nullable = text(row, 2).as_deref() == Some("YES");
        let extra = text(row, 3).unwrap_or_default().to_ascii_uppercase();
        if extra.contains("GENERATED") && !extra.contains("DEFAULT_GENERATED") {
            generated.push(name.clone());
        } else if !extra.contains("AUTO_INCREMENT") && (nullable || text(row, 4).is_some()) {
            with_default.push(name.clone());
        }
        if let Some(collation) = text(row, 5) {
            collations.insert(name.clone(), collation);
        }
        columns.push(ColumnInfo {
            native_type: text(row, 1).unwrap_or_default(),
            data_type: arrow_type(&name),
            name,
            nullable,
        });
    }
    connection.close(statement).await?;
    let keys: Vec<(String, u8, String, Option<u64>)> = connection
        .exec(
            "SELECT index_name, CAST(index_name = 'PRIMARY' AS UNSIGNED), column_name, sub_part
             FROM information_schema.statistics
             WHERE table_schema = COALESCE(:database, DATABASE()) AND table_name = :table AND non_unique = 0
             ORDER BY index_name = 'PRIMARY' DESC, index_name, seq_in_index",
            place.clone(),
        )
        .await?;
    let mut unique: Vec<(String, Vec<String>, bool)> = Vec::new();
    for (index, _, column, part) in keys {
        match unique.last_mut().filter(|(name, ..)| *name == index) {
            Some((_, columns, whole)) => {
                columns.push(column);
                *whole &= part.is_none();
            }
            None => unique.push((index, vec![column], part.is_none())),
        }
    }
    // A key over a prefix of a column does not tell its values apart.
    let unique: Vec<Vec<String>> = unique.into_iter().filter(|(.., whole)| *whole).map(|(_, c, _)| c).collect();
    let nullable = |name: &String| columns.iter().any(|column| column.name == *name && column.nullable);
    let key = unique.iter().find(|key| !key.iter().any(nullable)).cloned().unwrap_or_default();
    let told: Option<(Option<u64>, Option<String>)> = connection
        .exec_first(
            "SELECT CAST(table_rows AS UNSIGNED) AS a, engine AS b FROM information_schema.tables
             WHERE table_schema = COALESCE(:database, DATABASE()) AND table_name = :table",
            place,
        )
        .await?;
    let (row_estimate, engine) = told.unwrap_or_default();
    let transactional = engine.is_some_and(|engine| engine.eq_ignore_ascii_case("InnoDB"));
    let info = TableInfo { name: name.to_owned(), columns, key, row_estimate };
    Ok(Some(Table { info, generated, with_default, unique, transactional, collations }))
}
