//! Two tables of one server: the mark that proves it, and rows without an equal in the other.

use super::introspect::{Table, get_table};
use super::key::OrderColumn;
use super::{Mysql, error, quote, quote_table};
use crate::error::column_not_found;
use crate::name::TableName;
use crate::twin::{incomparable, not_a_key, token, unjoinable, unmatched};
use arrow::datatypes::DataType;
use data::connector::ColumnInfo;
use data::{Result, Site, TwinRequest};
use mysql_async::prelude::Queryable;
use std::sync::Mutex;

/// Where `table` is. A lock by name is the mark: only sessions of the same server meet it.
pub(super) async fn site(mysql: &Mysql, table: &str) -> Result<Site> {
    let mapped = |e| error::mapped(&mysql.config, &e);
    let mut connection = mysql.connections.alone().await?;
    get_table(&mut connection, &mysql.config, table).await?;
    let asked = "SELECT CURRENT_USER(), COALESCE(DATABASE(), '')";
    let (user, database): (String, String) =
        connection.query_first(asked).await.map_err(mapped)?.ok_or_else(|| unjoinable("the server is silent"))?;
    let mark = format!("sluice_{:016x}", token());
    let got: Option<Option<i64>> = connection.exec_first("SELECT GET_LOCK(?, 0)", (&mark,)).await.map_err(mapped)?;
    if got.flatten() != Some(1) {
        return Err(unjoinable("the server gives no lock to know it by"));
    }
    let mut name = TableName::parse(table);
    let schema = name.schema.take().unwrap_or_else(|| database.clone());
    let name = TableName { schema: Some(schema), table: name.table }.quoted();
    Ok(Site { table: name, mark, user, schema: database, held: Box::new(Mutex::new(connection)) })
}

/// Whether the mark is met here.
pub(super) async fn sees(mysql: &Mysql, site: &Site) -> Result<bool> {
    let mut connection = mysql.connect().await?;
    let asked = "SELECT IS_USED_LOCK(?) IS NOT NULL";
    let seen: Option<i64> =
        connection.exec_first(asked, (&site.mark,)).await.map_err(|e| error::mapped(&mysql.config, &e))?;
    Ok(seen == Some(1))
}

/// The condition for rows without an equal in the other table.
pub(super) async fn unmatched_filter(mysql: &Mysql, request: &TwinRequest) -> Result<String> {
    let mut connection = mysql.connect().await?;
    let own = get_table(&mut connection, &mysql.config, &request.table).await?;
    let other = get_table(&mut connection, &mysql.config, &request.other).await?;
    drop(connection);
    let (own_key, other_key): (Vec<String>, Vec<String>) = request.key.iter().cloned().unzip();
    for (table, key, name) in [(&own, &own_key, &request.table), (&other, &other_key, &request.other)] {
        if key.is_empty() || !table.is_unique(key) || !table.never_null(key) {
            return Err(not_a_key(name));
        }
    }
    let qualifier = quote_table(&request.table);
    let mut matched = Vec::new();
    for (index, (own_name, other_name)) in request.key.iter().chain(&request.columns).enumerate() {
        let left = Side::of(&own, &request.table, own_name, &qualifier)?;
        let right = Side::of(&other, &request.other, other_name, "o")?;
        let refused = || incomparable(own_name, other_name);
        let (l, r) = written(&left, &right).ok_or_else(refused)?;
        if index < request.key.len() {
            // As the columns are, so that the index serves; a collation that takes more for equal is made up for beside it.
            if left.collation != right.collation {
                return Err(unjoinable("the keys have different collations, so that no index serves"));
            }
            matched.push(format!("{} = {}", left.column, right.column));
            if l == left.column && r == right.column {
                continue;
            }
        }
        matched.push(format!("{l} <=> {r}"));
    }
    Ok(unmatched(&quote_table(&request.other), request.other_filter.as_deref(), &matched))
}

/// A column of one of the tables.
struct Side<'a> {
    column: String,
    info: &'a ColumnInfo,
    collation: Option<&'a str>,
}

impl<'a> Side<'a> {
    fn of(table: &'a Table, table_name: &str, name: &str, qualifier: &str) -> Result<Self> {
        let info = table.column(name).ok_or_else(|| column_not_found(name, table_name, table.names()))?;
        let collation = table.collations.get(&info.name).map(String::as_str);
        Ok(Self { column: format!("{qualifier}.{}", quote(&info.name)), info, collation })
    }

    fn is_by_bytes(&self) -> bool {
        let ordered = OrderColumn::of(&self.info.name, &self.info.data_type, self.collation);
        ordered.expression == quote(&self.info.name)
    }
}

/// Both columns, written so that they are equal only where a comparison of their values finds them equal; none where that
/// cannot be said.
fn written(left: &Side<'_>, right: &Side<'_>) -> Option<(String, String)> {
    let exact = |data_type: &DataType| {
        data_type.is_integer()
            || matches!(data_type, DataType::Boolean | DataType::Decimal128(..) | DataType::Decimal256(..))
    };
    let float = |data_type: &DataType| matches!(data_type, DataType::Float32 | DataType::Float64);
    let time = |data_type: &DataType| matches!(data_type, DataType::Date32 | DataType::Timestamp(..));
    let plain = || Some((left.column.clone(), right.column.clone()));
    match (&left.info.data_type, &right.info.data_type) {
        (l, r) if exact(l) && exact(r) => plain(),
        (l, r) if float(l) && float(r) => plain(),
        (l, r) if time(l) && time(r) => plain(),
        (DataType::Binary, DataType::Binary) => {
            let shape =
                |side: &Side<'_>| !side.info.native_type.contains("blob") && !side.info.native_type.contains("binary");
            if shape(left) || shape(right) { None } else { plain() }
        }
        (DataType::Utf8, DataType::Utf8) => {
            if left.collation == right.collation && left.is_by_bytes() && right.is_by_bytes() {
                return plain();
            }
            let bytes = |column: &str| format!("CAST(CONVERT({column} USING utf8mb4) AS BINARY)");
            Some((bytes(&left.column), bytes(&right.column)))
        }
        _ => None,
    }
}
