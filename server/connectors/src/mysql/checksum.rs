//! Sums of a table's rows, bucket by bucket, in one pass.

use super::introspect::get_table;
use super::{Mysql, quote, quote_table};
use crate::checksum::{buckets, unsummable};
use crate::error::column_not_found;
use arrow::datatypes::DataType;
use data::Result;
use data::checksum::{Bucket, ChecksumRequest, Form};

/// The buckets of `request`'s table.
pub(super) async fn checksum(mysql: &Mysql, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
    let mut connection = mysql.connect().await?;
    let table = get_table(&mut connection, &mysql.config, &request.table).await?;
    drop(connection);
    let find = |name: &String| table.column(name).ok_or_else(|| column_not_found(name, &request.table, table.names()));
    let key = find(&request.key)?;
    if key.nullable || !key.data_type.is_integer() {
        return Err(unsummable("its key is no whole number, or may be NULL"));
    }
    let mut written = Vec::with_capacity(request.columns.len());
    for (name, form) in &request.columns {
        let column = find(name)?;
        let text = write(&quote(&column.name), &column.data_type, *form)
            .ok_or_else(|| unsummable("a column has no common form"))?;
        written.push(format!("COALESCE(CONCAT(LENGTH({text}), ':', {text}), '-')"));
    }
    let (key, width) = (quote(&key.name), request.width);
    let filter = request.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let half =
        |from: u8| format!("CAST(SUM(CAST(CONV(SUBSTRING(h, {from}, 15), 16, 10) AS UNSIGNED)) AS CHAR) AS s{from}");
    let sql = format!(
        "SELECT b, COUNT(*) AS n, {}, {} FROM (SELECT {key} DIV {width} - ({key} MOD {width} < 0) AS b, MD5(CONCAT({})) AS h \
         FROM {}{filter}) AS hashed GROUP BY b",
        half(1),
        half(16),
        written.join(", "),
        quote_table(&request.table)
    );
    buckets(mysql, &sql).await
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
