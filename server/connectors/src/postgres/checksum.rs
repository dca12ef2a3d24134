//! Sums of a table's rows, bucket by bucket, in one pass.

use super::Postgres;
use super::introspect::{Table, get_table};
use super::types::Kind;
use crate::checksum::{buckets, numbers, unsummable};
use crate::error::column_not_found;
use crate::name::quote;
use data::Result;
use data::checksum::{Bucket, Buckets, ChecksumRequest, Form};

/// The buckets of `request`'s table.
pub(super) async fn checksum(postgres: &Postgres, request: &ChecksumRequest) -> Result<Vec<Bucket>> {
    let table = look(postgres, request).await?;
    let written = written(&table, request)?;
    let bucket = bucket(&table, request, &written)?;
    let filter = request.filter.as_ref().map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let half =
        |from: u8| format!("sum(('x' || lpad(substr(h, {from}, 15), 16, '0'))::bit(64)::bigint)::text AS s{from}");
    // The OFFSET keeps the server from putting the hash where it is used, twice, and making it twice.
    let sql = format!(
        "SELECT b, count(*) AS n, {}, {} FROM (SELECT {bucket} AS b, md5({}) AS h FROM {}{filter} OFFSET 0) AS hashed GROUP BY b",
        half(1),
        half(16),
        written.join(" || "),
        table.name.quoted()
    );
    buckets(postgres, &sql, request.snapshot.clone()).await
}

/// The condition for rows of these buckets.
pub(super) async fn filter(postgres: &Postgres, request: &ChecksumRequest, buckets: &[i64]) -> Result<String> {
    let table = look(postgres, request).await?;
    let bucket = bucket(&table, request, &written(&table, request)?)?;
    Ok(format!("({bucket}) IN ({})", numbers(buckets)))
}

async fn look(postgres: &Postgres, request: &ChecksumRequest) -> Result<Table> {
    let client = postgres.pool.get().await?;
    let table = get_table(&client, &request.table).await?;
    let encoding: String =
        client.query_one("SHOW server_encoding", &[]).await.map_err(|error| super::error::mapped(&error))?.get(0);
    client.release();
    if encoding != "UTF8" {
        return Err(unsummable("its database does not keep text in UTF-8"));
    }
    Ok(table)
}

/// Each column as it enters the hash.
fn written(table: &Table, request: &ChecksumRequest) -> Result<Vec<String>> {
    let each = request.columns.iter().map(|(name, form)| {
        let column = table.column(name).ok_or_else(|| column_not_found(name, table.shown(), table.column_names()))?;
        let text = write(&quote(name), column.kind, *form).ok_or_else(|| unsummable("a column has no common form"))?;
        Ok(format!("coalesce(octet_length({text}) || ':' || {text}, '-')"))
    });
    each.collect()
}

/// The number of a row's bucket.
fn bucket(table: &Table, request: &ChecksumRequest, written: &[String]) -> Result<String> {
    match &request.buckets {
        Buckets::Spans { column, width } => {
            let key = table.column(column);
            let key = key.ok_or_else(|| column_not_found(column, table.shown(), table.column_names()))?;
            if !key.not_null || !matches!(key.kind, Kind::Int2 | Kind::Int4 | Kind::Int8) {
                return Err(unsummable("its key is no whole number, or may be NULL"));
            }
            let key = format!("{}::bigint", quote(column));
            Ok(format!("{key} / {width} - (({key} % {width} < 0)::int)"))
        }
        Buckets::Hashed { columns, count } => {
            let key = written[..*columns].join(" || ");
            Ok(format!("('x' || lpad(substr(md5({key}), 1, 8), 16, '0'))::bit(64)::bigint % {count}"))
        }
    }
}

/// The column as text of that form; none where the type has no such form.
fn write(column: &str, kind: Kind, form: Form) -> Option<String> {
    Some(match (form, kind) {
        (Form::Integer, Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid) => format!("{column}::text"),
        (Form::Integer, Kind::Bool) => format!("{column}::int::text"),
        (Form::Decimal, Kind::Decimal128(..) | Kind::Decimal256(..)) => format!("{column}::text"),
        (Form::Double, Kind::Float8) => format!("encode(float8send({column}), 'hex')"),
        (Form::Text, Kind::Text | Kind::Uuid | Kind::Jsonb) => format!("{column}::text"),
        (Form::Bytes, Kind::Bytea) => format!("encode({column}, 'hex')"),
        (Form::Date, Kind::Date) => format!("{column}::text"),
        (Form::Time, Kind::Time) => format!("to_char({column}, 'HH24:MI:SS.US')"),
        (Form::Instant, Kind::Timestamp) => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
        (Form::Instant, Kind::Instant) => format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
        _ => return None,
    })
}
