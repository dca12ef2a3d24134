//! In which columns two tables differ.

use crate::canonical::{Canonical, Meaning};
use arrow::datatypes::DataType;
use data::connector::Relation;
use data::{Connector, Error, Result};
use model::{ErrorCode, nearest};
use std::collections::BTreeMap;

/// One difference between the columns of two sides.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SchemaDifference {
    /// Only the left side has the column.
    Missing {
        /// Its name.
        column: String,
    },
    /// Only the right side has the column.
    Extra {
        /// Its name.
        column: String,
    },
    /// The types differ.
    Type {
        /// The column.
        column: String,
        /// Its type on the left.
        left: String,
        /// Its type on the right.
        right: String,
        /// Whether [`crate::compare`] can compare values of the two types.
        comparable: bool,
    },
}

/// Names and types of the columns of a table or query.
///
/// # Errors
/// `table_not_found`, and whatever the system meets.
pub async fn columns(connector: &dyn Connector, relation: &Relation) -> Result<Vec<(String, DataType)>> {
    let described = crate::diff::describe(connector, relation).await?;
    Ok(described.columns.into_iter().map(|(name, data_type, _)| (name, data_type)).collect())
}

pub(crate) async fn not_found(connector: &dyn Connector, table: &str) -> Error {
    let error = Error::permanent(ErrorCode::TableNotFound, format!("there is no table `{table}`"));
    let tables = connector.list_tables().await.unwrap_or_default();
    match nearest(table, tables.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint("Look at the connection's tables with `sluice connection tables NAME`."),
    }
}

/// Compares columns by name (in any order) and type.
///
/// # Errors
/// As for [`columns`].
pub async fn compare(
    left: (&dyn Connector, &Relation),
    right: (&dyn Connector, &Relation),
) -> Result<Vec<SchemaDifference>> {
    Ok(compare_columns(&columns(left.0, left.1).await?, &columns(right.0, right.1).await?))
}

/// Compares columns by name (in any order) and type.
#[must_use]
pub fn compare_columns(left: &[(String, DataType)], right: &[(String, DataType)]) -> Vec<SchemaDifference> {
    let mut differences = Vec::new();
    for (name, left_type) in left {
        match right.iter().find(|(other, _)| other == name) {
            None => differences.push(SchemaDifference::Missing { column: name.clone() }),
            Some((_, right_type)) if right_type != left_type => differences.push(SchemaDifference::Type {
                column: name.clone(),
                left: left_type.to_string(),
                right: right_type.to_string(),
                comparable: Canonical::of(name, left_type, right_type, false, Meaning::default()).is_ok(),
            }),
            Some(_) => {}
        }
    }
    let extra = right.iter().filter(|(name, _)| !left.iter().any(|(other, _)| other == name));
    differences.extend(extra.map(|(name, _)| SchemaDifference::Extra { column: name.clone() }));
    differences
}

/// The columns with their types as text.
#[must_use]
pub fn named(columns: &[(String, DataType)]) -> BTreeMap<String, String> {
    columns.iter().map(|(name, data_type)| (name.clone(), data_type.to_string())).collect()
}

/// Compares columns whose types are known as text only.
#[must_use]
pub fn compare_with_text(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> Vec<SchemaDifference> {
    let mut differences = Vec::new();
    for (name, left_type) in left {
        match right.get(name) {
            None => differences.push(SchemaDifference::Missing { column: name.clone() }),
            Some(right_type) if right_type != left_type => differences.push(SchemaDifference::Type {
                column: name.clone(),
                left: left_type.clone(),
                right: right_type.clone(),
                comparable: true,
            }),
            Some(_) => {}
        }
    }
    let extra = right.keys().filter(|name| !left.contains_key(*name));
    differences.extend(extra.map(|name| SchemaDifference::Extra { column: name.clone() }));
    differences
}
