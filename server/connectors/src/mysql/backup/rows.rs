//! Rows as `INSERT` statements, one on each line, and back.
//!
//! Values come by the binary protocol, so that a FLOAT keeps all its digits; bytes are written in hexadecimal.

use crate::backup::disk_failed;
use crate::mysql::{Mysql, error, quote, quote_all};
use data::Result;
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Column, Conn, TxOpts, Value};
use std::fmt::Write as _;
use std::path::Path;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufWriter};

/// A statement grows to about so many bytes.
const STATEMENT: usize = 256 << 10;
/// Statements of one transaction when they are read back.
const TOGETHER: usize = 64;
const BINARY_CHARSET: u16 = 63;

/// Writes all rows of a table; tells how many.
pub(super) async fn write(mysql: &Mysql, connection: &mut Conn, table: &str, path: &Path) -> Result<u64> {
    let mapped = |e| error::mapped(&mysql.config, &e);
    let failed = |e: std::io::Error| disk_failed(path, &e);
    // Computed columns are computed again.
    let names: Vec<String> = connection
        .exec(
            "SELECT column_name AS a FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?
             AND (extra NOT LIKE '%GENERATED%' OR extra LIKE '%DEFAULT_GENERATED%') ORDER BY ordinal_position",
            (table,),
        )
        .await
        .map_err(mapped)?;
    let mut file = BufWriter::with_capacity(STATEMENT, File::create(path).await.map_err(failed)?);
    let columns = quote_all(names.iter().map(String::as_str));
    let head = format!("INSERT INTO {} ({columns}) VALUES ", quote(table));
    let statement = connection.prep(format!("SELECT {columns} FROM {}", quote(table))).await.map_err(mapped)?;
    let mut result = connection.exec_iter(&statement, ()).await.map_err(mapped)?;
    let described = result.columns();
    let described: &[Column] = described.as_deref().unwrap_or_default();
    let (mut line, mut rows) = (String::new(), 0);
    while let Some(row) = result.next().await.map_err(mapped)? {
        line.push_str(if line.is_empty() { &head } else { "," });
        line.push('(');
        for (at, column) in described.iter().enumerate() {
            if at > 0 {
                line.push(',');
            }
            literal(&mut line, row.as_ref(at).unwrap_or(&Value::NULL), column);
        }
        line.push(')');
        rows += 1;
        if line.len() >= STATEMENT {
            line.push_str(";\n");
            file.write_all(line.as_bytes()).await.map_err(failed)?;
            line.clear();
        }
    }
    if !line.is_empty() {
        line.push_str(";\n");
        file.write_all(line.as_bytes()).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    Ok(rows)
}

/// Runs the statements of a file; tells how many rows the table then has.
pub(super) async fn read(mysql: &Mysql, connection: &mut Conn, table: &str, path: &Path) -> Result<u64> {
    let mapped = |e| error::mapped(&mysql.config, &e);
    let failed = |e: std::io::Error| disk_failed(path, &e);
    let mut lines = BufReader::with_capacity(STATEMENT, File::open(path).await.map_err(failed)?).lines();
    let mut ended = false;
    while !ended {
        let mut transaction = connection.start_transaction(TxOpts::default()).await.map_err(mapped)?;
        for _ in 0..TOGETHER {
            let Some(line) = lines.next_line().await.map_err(failed)? else {
                ended = true;
                break;
            };
            transaction.query_drop(line).await.map_err(mapped)?;
        }
        transaction.commit().await.map_err(mapped)?;
    }
    let rows: Option<u64> =
        connection.query_first(format!("SELECT COUNT(*) FROM {}", quote(table))).await.map_err(mapped)?;
    Ok(rows.unwrap_or(0))
}

/// Appends the value as a literal without line breaks.
fn literal(line: &mut String, value: &Value, column: &Column) {
    let bytes = match value {
        Value::Bytes(bytes) => bytes,
        other => return line.push_str(&other.as_sql(false)),
    };
    let number = matches!(column.column_type(), ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL);
    let binary = column.character_set() == BINARY_CHARSET && column.column_type() != ColumnType::MYSQL_TYPE_JSON;
    match std::str::from_utf8(bytes) {
        Ok(text) if number => line.push_str(text),
        Ok(text) if !binary || bytes.is_empty() => {
            line.push('\'');
            for char in text.chars() {
                match char {
                    '\'' => line.push_str("''"),
                    '\\' => line.push_str("\\\\"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\0' => line.push_str("\\0"),
                    other => line.push(other),
                }
            }
            line.push('\'');
        }
        _ => {
            line.push_str("x'");
            for byte in bytes {
                // Writing to a string cannot fail.
                let _ = write!(line, "{byte:02x}");
            }
            line.push('\'');
        }
    }
}
