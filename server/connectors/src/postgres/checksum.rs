//! Sums of a table's rows, bucket by bucket, in one pass.

use super::Postgres;
use super::introspect::get_table;
use super::types::Kind;
use crate::checksum::{buckets, unsummable};
use crate::error::column_not_found;
use crate::name::quote;
use data::Result;
use data::checksum::{Bucket, ChecksumRequest, Form};

/// The buckets of `request`'s table.
pub(super) async fn checksum(postgres: &Postgres, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
    let client = postgres.pool.get().await?;
    let table = get_table(&client, &request.table).await?;
    let encoding: String =
        client.query_one("SHOW server_encoding", &[]).await.map_err(|error| super::error::mapped(&error))?.get(0);
    client.release();
    if encoding != "UTF8" {
        return Err(unsummable("its database does not keep text in UTF-8"));
    }
    let find =
        |name: &String| table.column(name).ok_or_else(|| column_not_found(name, &request.table, table.column_names()));
    let key = find(&request.key)?;
    if !key.not_null || !matches!(key.kind, Kind::Int2 | Kind::Int4 | Kind::Int8) {
        return Err(unsummable("its key is no whole number, or may be NULL"));
    }
    let mut written = Vec::with_capacity(request.columns.len());
    for (name, form) in &request.columns {
        let column = find(name)?;
        let text = write(&quote(name), column.kind, *form).ok_or_else(|| unsummable("a column has no common form"))?;
        written.push(format!("coalesce(octet_length({text}) || ':' || {text}, '-')"));
    }
    let (key, width) = (format!("{}::bigint", quote(&request.key)), request.width);
    let filter = request.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let half =
        |from: u8| format!("sum(('x' || lpad(substr(h, {from}, 15), 16, '0'))::bit(64)::bigint)::text AS s{from}");
    let sql = format!(
        "SELECT b, count(*) AS n, {}, {} FROM (SELECT {key} / {width} - (({key} % {width} < 0)::int) AS b, md5({}) AS h \
         FROM {}{filter}) AS hashed GROUP BY b",
        half(1),
        half(16),
        written.join(" || "),
        table.name.quoted()
    );
    buckets(postgres, &sql).await
}

/// The column as text of that form; none where the type has no such form.
fn write(column: &str, kind: Kind, form: Form) -> Option<String> {
    Some(match (form, kind) {
        (Form::Integer, Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid) => format!("{column}::text"),
        (Form::Integer, Kind::Bool) => format!("{column}::int::text"),
        (Form::Decimal, Kind::Decimal128(..) | Kind::Decimal256(..)) => format!("{column}::text"),
        (Form::Text, Kind::Text) => format!("{column}::text"),
        (Form::Bytes, Kind::Bytea) => format!("encode({column}, 'hex')"),
        (Form::Date, Kind::Date) => format!("{column}::text"),
        (Form::Instant, Kind::Timestamp) => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
        (Form::Instant, Kind::Instant) => format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
        _ => return None,
    })
}
