//! Writes batches as INSERTs of tab-separated text, each under a token by which ClickHouse knows a repeat.
//!
//! The token works in replicated tables, and in others with `non_replicated_deduplication_window`; elsewhere a repeat
//! after a crash is written again.

use crate::config::{Config, quote};
use crate::request::send;
use plugin_sdk::{Batch, Cell, CellReader, Error, Host, Mark, Result, Schema, Sink, Writer};

/// The plugin as a sink.
pub(crate) struct ClickHouse;

/// A writing under way.
pub(crate) struct ClickHouseWriter {
    host: Host,
    config: Config,
    insert: String,
    cells: Vec<CellReader>,
}

impl Sink for ClickHouse {
    type Writer = ClickHouseWriter;

    fn check(host: &Host) -> Result<()> {
        Config::of(host)?.table().map(|_| ())
    }

    fn open(host: Host, columns: Schema, _: String) -> Result<ClickHouseWriter> {
        let config = Config::of(&host)?;
        if columns.fields.is_empty() {
            return Err(Error::data("there are no columns to write"));
        }
        let names: Vec<String> = columns.fields.iter().map(|field| quote(&field.name)).collect();
        let insert = format!("INSERT INTO {} ({}) FORMAT TabSeparated", config.table()?, names.join(", "));
        Ok(ClickHouseWriter { host, config, insert, cells: CellReader::all(&columns.fields)? })
    }
}

impl Writer for ClickHouseWriter {
    fn write(&mut self, rows: Batch, mark: Mark) -> Result<u64> {
        let mut body = Vec::new();
        for row in 0..rows.rows as usize {
            for (index, cell) in self.cells.iter().enumerate() {
                if index > 0 {
                    body.push(b'\t');
                }
                append(&mut body, cell.cell(&rows, row));
            }
            body.push(b'\n');
        }
        let settings = [
            ("query", self.insert.as_str()),
            ("insert_deduplication_token", mark.key.as_str()),
            // Moments come as ISO 8601 with their zone, whatever zone the server or the column is in.
            ("date_time_input_format", "best_effort"),
            // An answer means that the rows are there.
            ("async_insert", "0"),
            ("wait_end_of_query", "1"),
        ];
        send(&self.host, &self.config, &settings, body)?;
        Ok(u64::from(rows.rows))
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

fn append(body: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Null => body.extend_from_slice(b"\\N"),
        Cell::Bool(truth) => body.push(if truth { b'1' } else { b'0' }),
        Cell::Text(text) => escape(body, text.as_bytes()),
        // A String holds any bytes.
        Cell::Bytes(bytes) => escape(body, bytes),
        other => body.extend_from_slice(other.to_text().unwrap_or_default().as_bytes()),
    }
}

fn escape(body: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\\' => body.extend_from_slice(b"\\\\"),
            b'\t' => body.extend_from_slice(b"\\t"),
            b'\n' => body.extend_from_slice(b"\\n"),
            b'\r' => body.extend_from_slice(b"\\r"),
            0 => body.extend_from_slice(b"\\0"),
            other => body.push(*other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer};
    use plugin_sdk::{ColumnBuilder, DataType, ErrorKind, Field};
    use serde_json::json;

    fn rows() -> (Schema, Batch) {
        let fields = vec![
            Field::new("text", DataType::Utf8),
            Field::new("n`", DataType::Int64),
            Field::new("at", DataType::TimestampMicros),
        ];
        let mut text = ColumnBuilder::new(DataType::Utf8);
        let mut number = ColumnBuilder::new(DataType::Int64);
        let mut at = ColumnBuilder::new(DataType::TimestampMicros);
        text.push_str("a\tb\\N\nü\0");
        number.push_i64(-7);
        at.push_timestamp(1_704_164_645_678_000);
        text.push_str("");
        number.push_null();
        at.push_null();
        (Schema::new(fields), Batch::from_builders(vec![text, number, at]))
    }

    fn mark() -> Mark {
        Mark { lane: "a".into(), sequence: 1, checkpoint: None, key: "run_1/write/a/1".into() }
    }

    fn write(status: u16, body: &str) -> (Host, Result<u64>) {
        let settings = json!({ "url": "http://ch:8123", "table": "shop.bars" });
        let host = FakeHost::default().settings(settings).answer(answer(status, body)).host();
        let (schema, batch) = rows();
        let mut writer = ClickHouse::open(host.clone(), schema, "k".into()).unwrap();
        let outcome = writer.write(batch, mark());
        (host, outcome)
    }

    #[test]
    fn rows_are_escaped_and_sent_under_their_batchs_key() {
        let (host, outcome) = write(200, "");
        assert_eq!(outcome.unwrap(), 2);
        let request = host.fake().requests().remove(0);
        let expected = "a\\tb\\\\N\\nü\\0\t-7\t2024-01-02T03:04:05.678Z\n\t\\N\t\\N\n";
        assert_eq!(String::from_utf8(request.body.unwrap()).unwrap(), expected);
        assert!(
            request.url.contains("INSERT%20INTO%20%60shop%60.%60bars%60%20%28%60text%60%2C%20%60n%5C%60%60"),
            "{}",
            request.url
        );
        assert!(request.url.contains("insert_deduplication_token=run_1%2Fwrite%2Fa%2F1&"), "{}", request.url);
    }

    #[test]
    fn a_refusal_says_whether_trying_again_may_help() {
        let (_, outcome) = write(500, "Code: 252. DB::Exception: Too many parts (300). (TOO_MANY_PARTS)");
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Transient);
        let (_, outcome) = write(404, "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)");
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Permanent);
    }
}
