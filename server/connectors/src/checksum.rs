//! What the systems' checksums share: the statement, and its rows.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use data::checksum::Bucket;
use data::connector::ReadOptions;
use data::{Connector, Error, Result};
use model::ErrorCode;

/// The system does not sum up this table.
pub(crate) fn unsummable(why: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, format!("the table cannot be summed up inside the database: {why}"))
}

/// Numbers in a list.
pub(crate) fn numbers(buckets: &[i64]) -> String {
    buckets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Runs a statement that yields bucket, rows and both sums as text.
pub(crate) async fn buckets(connector: &dyn Connector, sql: &str, snapshot: Option<String>) -> Result<Vec<Bucket>> {
    let mut source = connector.read(ReadOptions { snapshot, ..ReadOptions::query(sql) }).await?;
    let mut buckets = Vec::new();
    while let Some(batch) = source.next().await? {
        let batch = batch.records;
        let text = |index: usize| cast(batch.column(index), &DataType::Utf8);
        let numbers = cast(batch.column(0), &DataType::Int64)?;
        let counts = cast(batch.column(1), &DataType::Int64)?;
        let (numbers, counts) = (numbers.as_primitive::<Int64Type>(), counts.as_primitive::<Int64Type>());
        let (first, second) = (text(2)?, text(3)?);
        let (first, second) = (first.as_string::<i32>(), second.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if numbers.is_null(row) {
                return Err(unsummable("its key may be NULL"));
            }
            buckets.push(Bucket {
                number: numbers.value(row),
                rows: counts.value(row).unsigned_abs(),
                sums: (first.value(row).to_owned(), second.value(row).to_owned()),
            });
        }
    }
    Ok(buckets)
}
