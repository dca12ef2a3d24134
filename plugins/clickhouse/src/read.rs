//! Reads the rows of one query as they come: names, types, then one JSON array a line.
//!
//! A query that fails half-way tells so within the answer; that is found here and is never taken for a row.

use crate::config::Config;
use crate::request::{exception, send};
use crate::types::type_of;
use plugin_sdk::{Body, ColumnType, Columns, Error, Host, Page, Reader, Result, Row, Schema, Source, text_of_json};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};

const ROWS: usize = 8192;
/// A batch is cut here even if it has fewer rows.
const BYTES: usize = 8 << 20;
/// Bytes of one row.
const LINE: u64 = 16 << 20;

/// The plugin as a source.
pub(crate) struct ClickHouse;

/// A reading under way.
pub(crate) struct ClickHouseReader {
    body: BufReader<Body>,
    columns: Columns,
    rows: u64,
}

impl Source for ClickHouse {
    type Reader = ClickHouseReader;

    fn check(host: &Host) -> Result<()> {
        Config::of(host)?.query().map(|_| ())
    }

    fn open(host: Host, _: Option<String>) -> Result<ClickHouseReader> {
        let config = Config::of(&host)?;
        let query = format!("{}\nFORMAT JSONCompactEachRowWithNamesAndTypes", config.query()?);
        let settings = [
            // Whole numbers keep their digits, moments are told in UTC, and decimals as they are.
            ("output_format_json_quote_64bit_integers", "1"),
            ("output_format_json_quote_decimals", "1"),
            ("output_format_json_quote_denormals", "1"),
            ("date_time_output_format", "iso"),
        ];
        let response = send(&host, &config, &settings, query.into_bytes())?;
        let mut body = BufReader::new(response.body);
        let mut names = || -> Result<Vec<String>> {
            let row = next_line(&mut body)?.unwrap_or_default();
            Ok(row.into_iter().filter_map(text_of_json).collect())
        };
        let (names, types) = (names()?, names()?);
        if names.len() != types.len() {
            return Err(Error::data("ClickHouse told other types than names"));
        }
        let types: Vec<ColumnType> = types.iter().map(|it| type_of(it)).collect();
        Ok(ClickHouseReader { body, columns: Columns::new(names, types), rows: 0 })
    }
}

/// The next line as an array; none at the end.
fn next_line(body: &mut BufReader<Body>) -> Result<Option<Vec<Value>>> {
    let mut line = Vec::new();
    body.by_ref().take(LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    match serde_json::from_slice(&line) {
        Ok(row) => Ok(Some(row)),
        Err(_) if line.len() as u64 == LINE => Err(Error::data(format!("a row has more than {LINE} bytes"))),
        Err(error) => {
            // The exception may go on in the next lines.
            let _ = body.by_ref().take(64 << 10).read_to_end(&mut line);
            let said = String::from_utf8_lossy(&line);
            Err(exception(&said).unwrap_or_else(|| Error::transient(format!("ClickHouse's answer broke off: {error}"))))
        }
    }
}

impl Reader for ClickHouseReader {
    fn columns(&self) -> Schema {
        self.columns.schema()
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let width = self.columns.schema().fields.len();
        while self.columns.rows() < ROWS && self.columns.bytes() < BYTES {
            let Some(values) = next_line(&mut self.body)? else { break };
            self.rows += 1;
            if values.len() != width {
                return Err(Error::data(format!("row {} has {} values for {width} columns", self.rows, values.len())));
            }
            let row: Row = values.into_iter().map(text_of_json).collect();
            self.columns.push(&row).map_err(|wrong| Error::data(format!("row {}: {wrong}", self.rows)))?;
        }
        if self.columns.rows() == 0 {
            return Ok(None);
        }
        Ok(Some(Page::new(self.columns.take())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer, rows_of};
    use plugin_sdk::{CellReader, ErrorKind};
    use serde_json::json;

    fn host(status: u16, body: &str) -> Host {
        let settings = json!({ "url": "http://ch:8123", "database": "shop", "query": "SELECT 1 ;\n" });
        FakeHost::default().settings(settings).with_secret("password", "hidden").answer(answer(status, body)).host()
    }

    fn read(host: Host) -> Result<Vec<String>> {
        let mut reader = ClickHouse::open(host, None)?;
        let cells = CellReader::all(&reader.columns().fields)?;
        let mut rows = Vec::new();
        while let Some(page) = reader.next()? {
            rows.extend(rows_of(&page.rows, &cells));
        }
        Ok(rows)
    }

    #[test]
    fn rows_come_typed_and_without_loss() {
        let body = concat!(
            "[\"id\", \"at\", \"day\", \"price\", \"ok\", \"tags\"]\n",
            "[\"UInt64\", \"DateTime64(3)\", \"Date\", \"Decimal(18, 4)\", \"Nullable(Bool)\", \"Array(Int8)\"]\n",
            "[\"9007199254740993\", \"2024-01-02T03:04:05.678Z\", \"2024-01-02\", \"12345678901234.5678\", null, [1, 2]]\n",
            "[1, \"2024-01-02T03:04:05Z\", \"1970-01-01\", \"0.1\", true, []]\n",
        );
        let host = host(200, body);
        let rows = read(host.clone()).unwrap();
        assert_eq!(rows[0], "9007199254740993 2024-01-02T03:04:05.678Z 2024-01-02 12345678901234.5678 ∅ [1,2]");
        assert_eq!(rows[1], "1 2024-01-02T03:04:05Z 1970-01-01 0.1 true []");
        let request = host.fake().requests().remove(0);
        assert_eq!(request.body.as_deref(), Some(&b"SELECT 1\nFORMAT JSONCompactEachRowWithNamesAndTypes"[..]));
        let header = |name: &str| request.headers.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
        assert_eq!(header("x-clickhouse-key"), Some("hidden"));
        assert_eq!(header("x-clickhouse-database"), Some("shop"));
        assert!(!request.url.contains("hidden"));
    }

    #[test]
    fn a_query_that_fails_half_way_is_no_short_answer() {
        let head = "[\"a\"]\n[\"Int32\"]\n[1]\n";
        let body = format!(
            "{head}Code: 241. DB::Exception: Memory limit exceeded: \nwould use 1 GiB. (MEMORY_LIMIT_EXCEEDED)"
        );
        let error = read(host(200, &body)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient);
        assert!(error.message.contains("code 241: Memory limit exceeded"), "{error}");
        assert_eq!(read(host(200, &format!("{head}[2"))).unwrap_err().kind, ErrorKind::Transient);
        assert_eq!(read(host(200, &format!("{head}[2,3]\n"))).unwrap_err().kind, ErrorKind::Data);
    }

    #[test]
    fn an_answer_without_rows_has_columns_and_a_refusal_its_code() {
        assert_eq!(read(host(200, "[\"a\"]\n[\"Int32\"]\n")).unwrap(), Vec::<String>::new());
        let error = read(host(404, "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)")).unwrap_err();
        assert!(error.message.contains("code 60"), "{error}");
        assert_eq!(read(host(503, "")).unwrap_err().kind, ErrorKind::Transient);
    }

    #[test]
    fn a_number_too_large_for_its_column_is_told() {
        let error = read(host(200, "[\"n\"]\n[\"UInt64\"]\n[\"18446744073709551615\"]\n")).unwrap_err();
        assert!(error.message.contains("row 1: column `n`: `18446744073709551615` is no int64"), "{error}");
    }
}
