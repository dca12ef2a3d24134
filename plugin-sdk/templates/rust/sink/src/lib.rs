//! A sink: posts each batch as lines of JSON. The key of the batch goes along, so that the receiver knows a repeat.

use plugin_sdk::{
    Batch, Cell, CellReader, Error, Host, Mark, Method, Request, Result, Schema, Sink, Writer,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: String,
}

/// The plugin.
struct Lines;

/// A writing under way.
struct Writing {
    host: Host,
    url: String,
    columns: Vec<(String, CellReader)>,
}

impl Sink for Lines {
    type Writer = Writing;

    fn check(host: &Host) -> Result<()> {
        host.settings::<Settings>().map(|_| ())
    }

    fn open(host: Host, columns: Schema, _key: String) -> Result<Writing> {
        let Settings { url } = host.settings()?;
        let names = columns.fields.iter().map(|field| field.name.clone());
        let columns = names.zip(CellReader::all(&columns.fields)?).collect();
        Ok(Writing { host, url, columns })
    }
}

impl Writer for Writing {
    fn write(&mut self, rows: Batch, mark: Mark) -> Result<u64> {
        if rows.rows == 0 {
            return Ok(0);
        }
        let mut lines = String::new();
        for row in 0..rows.rows as usize {
            let mut object = Map::new();
            for (name, cell) in &self.columns {
                object.insert(name.clone(), value_of(cell.cell(&rows, row)));
            }
            lines.push_str(&Value::Object(object).to_string());
            lines.push('\n');
        }
        let request = Request::new(Method::Post, self.url.as_str())
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", mark.key)
            .body(lines);
        // 2xx is success; 429 and 5xx may be tried again; all else is final.
        self.host.send(request)?.success("the receiver")?;
        Ok(rows.rows.into())
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

fn value_of(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(value) => json!(value),
        Cell::Int(value) => json!(value),
        Cell::UInt(value) => json!(value),
        Cell::Float(value) => json!(value),
        other => other.to_text().map_or(Value::Null, |text| json!(text)),
    }
}

plugin_sdk::export_plugin!(sink: Lines);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer};
    use plugin_sdk::{ColumnBuilder, DataType, ErrorKind, Field};

    fn write(host: &Host) -> Result<u64> {
        let (mut ids, mut names) = (ColumnBuilder::new(DataType::Int64), ColumnBuilder::new(DataType::Utf8));
        ids.push_i64(1);
        names.push_str("grün");
        ids.push_i64(2);
        names.push_null();
        let columns = Schema::new(vec![Field::new("id", DataType::Int64), Field::new("name", DataType::Utf8)]);
        let mark = Mark { lane: "main".into(), sequence: 1, checkpoint: None, key: "run/step/1".into() };
        Lines::open(host.clone(), columns, "run/step".into())?
            .write(Batch::from_builders(vec![ids, names]), mark)
    }

    fn host(status: u16) -> Host {
        let settings = json!({ "url": "https://example.com/rows" });
        FakeHost::default().settings(settings).answer(answer(status, "")).host()
    }

    #[test]
    fn rows_are_posted_with_their_key() -> Result<(), Error> {
        let host = host(204);
        assert_eq!(write(&host)?, 2);
        let request = &host.fake().requests()[0];
        assert!(request.headers.contains(&("idempotency-key".into(), "run/step/1".into())));
        let body = String::from_utf8(request.body.clone().unwrap()).unwrap();
        assert_eq!(body.lines().count(), 2);
        assert!(body.contains("grün") && body.contains("null"), "{body}");
        Ok(())
    }

    #[test]
    fn a_busy_receiver_may_be_tried_again() {
        assert_eq!(write(&host(503)).unwrap_err().kind, ErrorKind::Transient);
        assert_eq!(write(&host(404)).unwrap_err().kind, ErrorKind::Permanent);
    }
}
