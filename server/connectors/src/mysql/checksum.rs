//! Sums of a table's rows, bucket by bucket, in one pass.

use super::introspect::{Table, get_table};
use super::{Mysql, quote, quote_table};
use crate::checksum::{buckets, numbers, unsummable};
use crate::error::column_not_found;
use arrow::datatypes::DataType;
use data::Result;
use data::checksum::{Bucket, Buckets, ChecksumRequest, Form};

/// The buckets of `request`'s table.
pub(super) async fn checksum(mysql: &Mysql, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
    let table = look(mysql, request).await?;
    let written = written(&table, request)?;
    let bucket = bucket(&table, request, &written)?;
    let filter = request.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let half =
        |from: u8| format!("CAST(SUM(CAST(CONV(SUBSTRING(h, {from}, 15), 16, 10) AS UNSIGNED)) AS CHAR) AS s{from}");
    // The LIMIT keeps the server from putting the hash where it is used, twice, and making it twice.
    let sql = format!(
        "SELECT b, COUNT(*) AS n, {}, {} FROM (SELECT {bucket} AS b, MD5(CONCAT({})) AS h FROM {}{filter} \
         LIMIT 18446744073709551615) AS hashed GROUP BY b",
        half(1),
        half(16),
        written.join(", "),
        quote_table(&request.table)
    );
    buckets(mysql, &sql, request.snapshot.clone()).await
}

/// The condition for rows of these buckets.
pub(super) async fn filter(mysql: &Mysql, request: &ChecksumRequest, buckets: &[i64]) -> Result<String> {
    let table = look(mysql, request).await?;
    let bucket = bucket(&table, request, &written(&table, request)?)?;
    Ok(format!("({bucket}) IN ({})", numbers(buckets)))
}

async fn look(mysql: &Mysql, request: &ChecksumRequest) -> Result<Table> {
    let mut connection = mysql.connect().await?;
    get_table(&mut connection, &mysql.config, &request.table).await
}

/// Each column as it enters the hash.
fn written(table: &Table, request: &ChecksumRequest) -> Result<Vec<String>> {
    let each = request.columns.iter().map(|(name, form)| {
        let column = table.column(name).ok_or_else(|| column_not_found(name, &request.table, table.names()))?;
        let text = write(&quote(&column.name), &column.data_type, *form)
            .ok_or_else(|| unsummable("a column has no common form"))?;
        Ok(format!("COALESCE(CONCAT(LENGTH({text}), ':', {text}), '-')"))
    });
    each.collect()
}

/// The number of a row's bucket.
fn bucket(table: &Table, request: &ChecksumRequest, written: &[String]) -> Result<String> {
    match &request.buckets {
        Buckets::Spans { column, width } => {
            let key = table.column(column).ok_or_else(|| column_not_found(column, &request.table, table.names()))?;
            if key.nullable || !key.data_type.is_integer() {
                return Err(unsummable("its key is no whole number, or may be NULL"));
            }
            let key = quote(&key.name);
            Ok(format!("{key} DIV {width} - ({key} MOD {width} < 0)"))
        }
        Buckets::Hashed { columns, count } => {
            let key = written[..*columns].join(", ");
            Ok(format!("CAST(CONV(SUBSTRING(MD5(CONCAT({key})), 1, 8), 16, 10) AS UNSIGNED) MOD {count}"))
        }
    }
}

/// The column as text of that form; none where the type has no such form.
fn write(column: &str, data_type: &DataType, form: Form) -> Option<String> {
    Some(match (form, data_type) {
        // A sum has no zeros in front, which a column may show.
        (Form::Integer, DataType::Boolean) => format!("CAST({column} + 0 AS CHAR CHARACTER SET utf8mb4)"),
        (Form::Integer, data_type) if data_type.is_integer() => {
            format!("CAST({column} + 0 AS CHAR CHARACTER SET utf8mb4)")
        }
        (Form::Decimal, DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale)) => {
            format!("CAST(CAST({column} AS DECIMAL({},{scale})) AS CHAR CHARACTER SET utf8mb4)", digits.min(&65))
        }
        (Form::Text, DataType::Utf8) => format!("CONVERT({column} USING utf8mb4)"),
        (Form::Bytes, DataType::Binary) => format!("CONVERT(LOWER(HEX({column})) USING utf8mb4)"),
        (Form::Date, DataType::Date32) => format!("CONVERT(DATE_FORMAT({column}, '%Y-%m-%d') USING utf8mb4)"),
        (Form::Instant, DataType::Timestamp(..)) => {
            format!("CONVERT(DATE_FORMAT({column}, '%Y-%m-%d %H:%i:%s.%f') USING utf8mb4)")
        }
        _ => return None,
    })
}
