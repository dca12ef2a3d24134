//! Which column of the left side is compared with which of the right, and in what common form.

use crate::canonical::{Canonical, Meaning};
use crate::diff::{DiffOptions, Leeway};
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use data::{Error, Result};
use model::{ErrorCode, nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of columns that are compared, key first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) left: Vec<String>,
    pub(crate) right: Vec<String>,
    /// How many of them are the key.
    pub(crate) key: usize,
    /// What the systems' own types say of each.
    pub(crate) meanings: Vec<Meaning>,
}

impl Names {
    /// Finds the columns of both sides. No `columns` in the options: all that both have; `key` empty: all of these.
    pub(crate) fn find(left: &[String], right: &[String], key: &[String], options: &DiffOptions) -> Result<Self> {
        let DiffOptions { columns, mapping, except, .. } = options;
        for name in mapping.keys() {
            find_column(left, name, "left")?;
        }
        let on_the_right = |name: &str| mapping.get(name).map_or(name, String::as_str).to_owned();
        let mut names = Self { left: Vec::new(), right: Vec::new(), key: key.len(), meanings: Vec::new() };
        let asked = if columns.is_empty() { left } else { columns };
        for name in key.iter().chain(asked) {
            let found_left = find_column(left, name, "left")?;
            if names.left.contains(found_left) || (except.contains(found_left) && !key.contains(name)) {
                continue;
            }
            let wanted = on_the_right(found_left);
            let optional = columns.is_empty() && !key.contains(name) && !mapping.contains_key(found_left);
            let found_right = match find_column(right, &wanted, "right") {
                Ok(found) => found,
                Err(_) if optional => continue,
                Err(error) => return Err(error),
            };
            names.left.push(found_left.clone());
            names.right.push(found_right.clone());
        }
        if names.left.is_empty() {
            return Err(Error::permanent(ErrorCode::ColumnNotFound, "the two sides have no column in common")
                .hint("Pair columns of different names in `mapping`, left name first."));
        }
        if key.is_empty() {
            names.key = names.left.len();
        }
        names.meanings = vec![Meaning::default(); names.left.len()];
        Ok(names)
    }

    /// The key's columns of one side.
    pub(crate) fn key_of(&self, side: &'static str) -> Vec<String> {
        if side == "left" { self.left[..self.key].to_vec() } else { self.right[..self.key].to_vec() }
    }
}

pub(crate) fn find_column<'a>(columns: &'a [String], name: &str, side: &str) -> Result<&'a String> {
    if let Some(found) = columns.iter().find(|column| *column == name) {
        return Ok(found);
    }
    let mut alike = columns.iter().filter(|column| column.to_lowercase() == name.to_lowercase());
    if let (Some(found), None) = (alike.next(), alike.next()) {
        return Ok(found);
    }
    let error = Error::permanent(ErrorCode::ColumnNotFound, format!("the {side} side has no column `{name}`"));
    Err(match nearest(name, columns.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint("Name only columns that both sides have, or pair them in `mapping`."),
    })
}

/// The columns that are compared, each with its common form.
pub(crate) struct Pairing {
    pub(crate) columns: Vec<Column>,
    pub(crate) key: usize,
    pub(crate) keys: RowConverter,
    pub(crate) values: RowConverter,
}

/// One compared column.
pub(crate) struct Column {
    /// Its name on the left.
    pub(crate) name: String,
    pub(crate) canonical: Canonical,
    pub(crate) tolerance: Option<f64>,
}

impl Pairing {
    /// Chooses the common forms; both schemas hold exactly the columns of `names`, in order.
    pub(crate) fn new(
        names: &Names,
        left: &Schema,
        right: &Schema,
        tolerance: &BTreeMap<String, Leeway>,
    ) -> Result<Self> {
        let mut columns = Vec::with_capacity(names.left.len());
        for (index, name) in names.left.iter().enumerate() {
            let (left, right) = (left.field(index).data_type(), right.field(index).data_type());
            let is_key = index < names.key;
            let mut canonical = Canonical::of(name, left, right, is_key, names.meanings[index])?;
            let mut distance = None;
            if let Some(leeway) = tolerance.get(name) {
                let refused = |why: &str| {
                    let message = format!("column `{name}` has a tolerance but {why}");
                    Error::permanent(ErrorCode::InvalidValue, message)
                };
                if is_key {
                    return Err(refused("is part of the key"));
                }
                if leeway.number.is_some() && !canonical.is_number() {
                    return Err(refused("holds no numbers"));
                }
                distance = leeway.number;
                canonical = canonical.with(leeway).ok_or_else(|| refused("holds neither text nor times"))?;
            }
            columns.push(Column { name: name.clone(), canonical, tolerance: distance });
        }
        if let Some(unknown) = tolerance.keys().find(|name| !names.left.contains(name)) {
            let message = format!("`tolerance` names column `{unknown}`, which is not compared");
            return Err(Error::permanent(ErrorCode::ColumnNotFound, message));
        }
        let fields = |columns: &[Column]| {
            columns.iter().map(|column| SortField::new(column.canonical.data_type())).collect::<Vec<_>>()
        };
        let (key, value) = columns.split_at(names.key);
        let (keys, values) = (RowConverter::new(fields(key))?, RowConverter::new(fields(value))?);
        Ok(Self { columns, key: names.key, keys, values })
    }

    /// The canonical form of every column of a batch.
    pub(crate) fn canonical(&self, records: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let columns = self.columns.iter().zip(records.columns());
        columns.map(|(column, array)| column.canonical.apply(&column.name, array)).collect()
    }

    /// Whether the values of one column, both in canonical form, are equal or as near as its tolerance allows.
    pub(crate) fn same(&self, column: usize, left: (&ArrayRef, usize), right: (&ArrayRef, usize)) -> Result<bool> {
        let (left, right) = (left.0.slice(left.1, 1), right.0.slice(right.1, 1));
        if left.as_ref() == right.as_ref() {
            return Ok(true);
        }
        let Some(tolerance) = self.columns[column].tolerance else { return Ok(false) };
        let number = |array: &ArrayRef| -> Result<Option<f64>> {
            // Spelled numbers are text; what spells none becomes null and is then not near anything.
            let floats = arrow::compute::cast(array, &arrow::datatypes::DataType::Float64)?;
            let floats = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(floats.as_ref()).clone();
            Ok(floats.is_valid(0).then(|| floats.value(0)))
        };
        Ok(match (number(&left)?, number(&right)?) {
            (Some(left), Some(right)) => (left - right).abs() <= tolerance,
            _ => false,
        })
    }
}

/// The columns called `names`, in this order, under the names `renamed`.
pub(crate) fn select(records: &RecordBatch, names: &[String], renamed: &[String]) -> Result<RecordBatch> {
    let (schema, indices) = select_schema(&records.schema(), names, renamed)?;
    let columns = indices.iter().map(|index| records.column(*index).clone()).collect();
    Ok(RecordBatch::try_new_with_options(
        schema,
        columns,
        &arrow::array::RecordBatchOptions::new().with_row_count(Some(records.num_rows())),
    )?)
}

/// The schema of [`select`]'s batches, and where its columns are in `schema`.
pub(crate) fn select_schema(schema: &Schema, names: &[String], renamed: &[String]) -> Result<(SchemaRef, Vec<usize>)> {
    let mut indices = Vec::with_capacity(names.len());
    let mut fields = Vec::with_capacity(names.len());
    for (name, renamed) in names.iter().zip(renamed) {
        let index = schema
            .index_of(name)
            .map_err(|_| Error::permanent(ErrorCode::ColumnNotFound, format!("the rows have no column `{name}`")))?;
        indices.push(index);
        fields.push(Field::new(renamed, schema.field(index).data_type().clone(), true));
    }
    Ok((Arc::new(Schema::new(fields)), indices))
}
