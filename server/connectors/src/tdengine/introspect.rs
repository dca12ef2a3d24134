//! Tables, supertables and subtables, and their columns.

use super::error::Failure;
use super::session::Session;
use super::sql::{Place, literal};
use super::types::Native;
use super::{Tdengine, decode, types};
use crate::error::{column_not_found, table_not_found};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use data::connector::{ColumnInfo, TableInfo};
use data::{Error, Result};
use model::ErrorCode;
use std::sync::Arc;
use taos::taos_query::common::Precision;

/// The name of a subtable, which every supertable and subtable answers like a column.
pub(super) const TABLE_NAME: &str = "tbname";

/// What kind of table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Super,
    /// A subtable, and its supertable.
    Sub(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) native: Native,
    pub(super) is_tag: bool,
    /// The second part of the key.
    pub(super) second_key: bool,
}

/// A table with what only this connector needs.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// As it was asked for.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) kind: Kind,
    /// Tags stand last.
    pub(super) columns: Vec<Column>,
    pub(super) precision: Precision,
    pub(super) comment: Option<String>,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn get(&self, name: &str) -> Result<&Column> {
        self.column(name).ok_or_else(|| column_not_found(name, &self.name, self.names()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_tag)
    }

    /// The first column: what a table is keyed by.
    pub(super) fn time(&self) -> &str {
        self.columns.first().map_or("", |column| &column.name)
    }

    pub(super) fn second_key(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.second_key)
    }

    /// Columns that tell rows apart, but for the subtable's name.
    pub(super) fn key(&self) -> Vec<String> {
        let second = self.second_key().map(|column| column.name.clone());
        std::iter::once(self.time().to_owned()).chain(second).collect()
    }

    pub(super) fn info(&self, row_estimate: Option<u64>) -> TableInfo {
        let key = self.key();
        let columns = self.columns.iter().map(|column| ColumnInfo {
            name: column.name.clone(),
            native_type: column.native.spelled(),
            data_type: column.native.data_type(self.precision),
            nullable: !key.contains(&column.name),
        });
        // Rows of a supertable are told apart by their subtable, too, whose name is no column.
        let key = if self.kind == Kind::Super { Vec::new() } else { key.clone() };
        TableInfo { name: self.name.clone(), columns: columns.collect(), key, row_estimate }
    }
}

/// A short answer as a whole.
pub(super) async fn rows(session: &mut Session, sql: &str) -> Result<RecordBatch, Failure> {
    let mut cursor = session.query(sql).await?;
    let names: Vec<String> = cursor.fields().iter().map(|field| field.name().to_owned()).collect();
    let kinds = cursor.fields().iter().map(|field| types::of_result(field.ty(), cursor.precision()));
    let Some(kinds) = kinds.collect::<Option<Vec<DataType>>>() else {
        return Err(Failure::Broken("a column of a type that it cannot read".to_owned()));
    };
    let other = |error: Error| Failure::Other(Box::new(error));
    let fields: Vec<Field> =
        names.iter().zip(&kinds).map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    while let Some(block) = session.fetch(&mut cursor).await? {
        let columns = decode::columns(&block, &names, &kinds).map_err(other)?;
        batches.push(RecordBatch::try_new(schema.clone(), columns).map_err(|error| other(error.into()))?);
    }
    arrow::compute::concat_batches(&schema, &batches).map_err(|error| other(error.into()))
}

/// A cell of such an answer as text.
pub(super) fn text(rows: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let array = rows.column_by_name(column)?;
    crate::cell::text(array, row)
}

/// A cell of such an answer as a number.
pub(super) fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<f64> {
    text(rows, column, row)?.parse().ok()
}

/// All cells of a column of text.
pub(super) fn texts(rows: &RecordBatch, column: usize) -> Vec<String> {
    match rows.columns().get(column).and_then(|array| array.as_string_opt::<i32>()) {
        Some(array) => array.iter().flatten().map(str::to_owned).collect(),
        None => Vec::new(),
    }
}

/// Supertables and normal tables, without the many subtables.
pub(super) async fn list_tables(session: &mut Session, database: &str) -> Result<Vec<String>, Failure> {
    let place = literal(database);
    let stables =
        rows(session, &format!("SELECT stable_name FROM information_schema.ins_stables WHERE db_name = {place}"))
            .await?;
    let normal = rows(
        session,
        &format!(
            "SELECT table_name FROM information_schema.ins_tables WHERE db_name = {place} AND `type` = 'NORMAL_TABLE'"
        ),
    )
    .await?;
    let mut names = texts(&stables, 0);
    names.extend(texts(&normal, 0));
    names.sort_unstable();
    Ok(names)
}

/// The table of that name, or `table_not_found` with a near name.
pub(super) async fn get_table(tdengine: &Tdengine, session: &mut Session, name: &str) -> Result<Table> {
    match find_table(tdengine, session, name).await? {
        Some(table) => Ok(table),
        None => {
            let place = tdengine.place(name)?;
            let others = list_tables(session, &place.database).await.map_err(|failure| tdengine.told(failure))?;
            Err(table_not_found(name, others.iter().map(String::as_str)))
        }
    }
}

pub(super) async fn find_table(tdengine: &Tdengine, session: &mut Session, name: &str) -> Result<Option<Table>> {
    let place = tdengine.place(name)?;
    let described = match rows(session, &format!("DESCRIBE {}", place.quoted()?)).await {
        Ok(described) => described,
        Err(failure) if failure.is_missing_table() => return Ok(None),
        Err(failure) => return Err(tdengine.told(failure)),
    };
    let mut columns = Vec::new();
    for row in 0..described.num_rows() {
        let cell = |index: usize| crate::cell::text(described.column(index), row).unwrap_or_default();
        let (column, spelled, length, note) = (cell(0), cell(1), cell(2).parse().ok(), cell(3).to_ascii_uppercase());
        let native = Native::parse(&spelled, length).ok_or_else(|| {
            let message =
                format!("column `{column}` of `{name}` has type `{spelled}`, which this version does not know");
            Error::permanent(ErrorCode::Unsupported, message)
        })?;
        // The first column is keyed without saying so.
        let second_key = row > 0 && note.contains("KEY");
        columns.push(Column { name: column, native, is_tag: note == "TAG", second_key });
    }
    let told = |failure| tdengine.told(failure);
    let (kind, comment) = kind_of(session, &place).await.map_err(told)?;
    let precision = precision_of(session, &place.database).await.map_err(told)?;
    Ok(Some(Table { name: name.to_owned(), place, kind, columns, precision, comment }))
}

async fn kind_of(session: &mut Session, place: &Place) -> Result<(Kind, Option<String>), Failure> {
    let (database, table) = (literal(&place.database), literal(&place.table));
    let sql = format!(
        "SELECT stable_name, table_comment, `type` FROM information_schema.ins_tables \
         WHERE db_name = {database} AND table_name = {table}"
    );
    let found = rows(session, &sql).await?;
    let comment = |rows: &RecordBatch| text(rows, "table_comment", 0).filter(|comment| !comment.is_empty());
    if found.num_rows() > 0 {
        let of = text(&found, "stable_name", 0).filter(|of| !of.is_empty());
        return Ok((of.map_or(Kind::Plain, Kind::Sub), comment(&found)));
    }
    let sql = format!(
        "SELECT table_comment FROM information_schema.ins_stables WHERE db_name = {database} AND stable_name = {table}"
    );
    let found = rows(session, &sql).await?;
    let is_super = found.num_rows() > 0;
    Ok((if is_super { Kind::Super } else { Kind::Plain }, if is_super { comment(&found) } else { None }))
}

/// The unit of a database's timestamps.
pub(super) async fn precision_of(session: &mut Session, database: &str) -> Result<Precision, Failure> {
    let sql = format!("SELECT `precision` FROM information_schema.ins_databases WHERE name = {}", literal(database));
    let found = rows(session, &sql).await?;
    if found.num_rows() == 0 {
        return Err(Failure::Server(0x0388, format!("Database not exist: {database}")));
    }
    match text(&found, "precision", 0).as_deref() {
        Some("us") => Ok(Precision::Microsecond),
        Some("ns") => Ok(Precision::Nanosecond),
        _ => Ok(Precision::Millisecond),
    }
}

/// How many rows a relation has.
pub(super) async fn count(session: &mut Session, from: &str, filter: Option<&str>) -> Result<u64, Failure> {
    let filter = filter.map_or(String::new(), |filter| format!(" WHERE ({filter}\n)"));
    let found = rows(session, &format!("SELECT COUNT(*) FROM {from}{filter}")).await?;
    // A server set up so answers no row where there is none to count.
    Ok(found
        .columns()
        .first()
        .filter(|_| found.num_rows() > 0)
        .and_then(|array| crate::cell::text(array, 0))
        .map_or(0, |count| count.parse().unwrap_or(0)))
}
