//! Writes batches as lines, in pieces that servers take.
//!
//! A point is its measurement, tags and moment: written again it is the same point, so repeats are harmless.

use crate::config::Config;
use crate::line;
use plugin_sdk::{
    Batch, CellReader, Error, Host, Level, Mark, Method, Request, Result, Schema, Sink, Writer, refusal, url,
};
use serde_json::Value;

/// Bytes of one request.
const PIECE: usize = 2 << 20;

/// The plugin.
pub(crate) struct InfluxDb;

/// A writing under way.
pub(crate) struct InfluxWriter {
    host: Host,
    url: String,
    measurement: String,
    tags: Vec<(String, CellReader)>,
    fields: Vec<(String, String, CellReader)>,
    time: (String, CellReader),
}

impl Sink for InfluxDb {
    type Writer = InfluxWriter;

    fn check(host: &Host) -> Result<()> {
        url::check("url", &host.settings::<Config>()?.url).map(|_| ())
    }

    fn open(host: Host, columns: Schema, _: String) -> Result<InfluxWriter> {
        let config: Config = host.settings()?;
        let base = url::check("url", &config.url)?.trim_end_matches('/');
        let url = url::with_query(
            &format!("{base}/api/v2/write"),
            &[("org", &config.org), ("bucket", &config.bucket), ("precision", "ns")],
        );
        let find = |setting: &str, name: &str| {
            let place = columns.fields.iter().position(|field| field.name == name).ok_or_else(|| {
                let known = columns.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
                Error::config(setting, format!("`{setting}` names `{name}`, but the columns are {known}"))
            })?;
            CellReader::new(place, &columns.fields[place])
        };
        let time = (config.time.clone(), find("time", &config.time)?);
        let tags =
            config.tags.iter().map(|name| Ok((line::key(name), find("tags", name)?))).collect::<Result<Vec<_>>>()?;
        let fields = columns
            .fields
            .iter()
            .filter(|field| field.name != config.time && !config.tags.contains(&field.name))
            .map(|field| Ok((field.name.clone(), line::key(&field.name), find("time", &field.name)?)))
            .collect::<Result<Vec<_>>>()?;
        if fields.is_empty() {
            return Err(Error::config("tags", "a point needs a field: not all columns can be tags"));
        }
        Ok(InfluxWriter { host, url, measurement: line::measurement(&config.measurement), tags, fields, time })
    }
}

impl InfluxWriter {
    /// The line of a row; none where it has no field.
    fn line(&self, rows: &Batch, row: usize) -> Result<Option<String>> {
        let wrong = |name: &str, why: &str| {
            let error = Error::data(format!("column `{name}` {why}"));
            Error { row: u32::try_from(row).ok(), ..error }
        };
        let mut line = self.measurement.clone();
        for (name, cell) in &self.tags {
            if let Some(value) = line::tag(cell.cell(rows, row)) {
                line.push_str(&format!(",{name}={value}"));
            }
        }
        let mut mark = ' ';
        for (name, key, cell) in &self.fields {
            if let Some(value) = line::field(cell.cell(rows, row)).map_err(|why| wrong(name, why))? {
                line.push_str(&format!("{mark}{key}={value}"));
                mark = ',';
            }
        }
        let (name, cell) = &self.time;
        let time = line::time(cell.cell(rows, row)).map_err(|why| wrong(name, why))?;
        Ok((mark == ',').then(|| format!("{line} {time}\n")))
    }

    fn send(&self, lines: &str) -> Result<()> {
        let mut request = Request::new(Method::Post, self.url.as_str())
            .header("content-type", "text/plain; charset=utf-8")
            .body(lines);
        if let Some(token) = self.host.find_secret("token") {
            request = request.header("authorization", format!("Token {token}"));
        }
        let mut response = self.host.send(request)?;
        if (200..=299).contains(&response.status) {
            return Ok(());
        }
        let (status, wait) = (response.status, response.retry_after_ms());
        let said = response.text(64 << 10)?;
        let mut error = refusal("InfluxDB", status, wait, &said);
        let body: Value = serde_json::from_str(&said).unwrap_or_default();
        if let Some(why) = body["message"].as_str().or_else(|| body["error"].as_str()) {
            // Of a partial write it says which points it refused.
            error.message =
                format!("{}: {}", error.message, plugin_sdk::text::cut_chars(&plugin_sdk::text::one_line(why), 300));
        }
        Err(error)
    }
}

impl Writer for InfluxWriter {
    fn write(&mut self, rows: Batch, _: Mark) -> Result<u64> {
        let (mut lines, mut written) = (String::new(), 0);
        for row in 0..rows.rows as usize {
            let Some(line) = self.line(&rows, row)? else { continue };
            if !lines.is_empty() && lines.len() + line.len() > PIECE {
                self.send(&lines)?;
                lines.clear();
            }
            lines.push_str(&line);
            written += 1;
        }
        if !lines.is_empty() {
            self.send(&lines)?;
        }
        let empty = u64::from(rows.rows) - written;
        if empty > 0 {
            self.host.log(Level::Warn, &format!("{empty} rows have no field and are no points"));
        }
        Ok(u64::from(rows.rows))
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
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
        let mut code = ColumnBuilder::new(DataType::Utf8);
        let mut close = ColumnBuilder::new(DataType::Float64);
        let mut at = ColumnBuilder::new(DataType::TimestampMicros);
        for (text, number) in [("a b", Some(1.5)), ("c", None), ("d", Some(2.0))] {
            code.push_str(text);
            match number {
                Some(value) => close.push_f64(value),
                None => close.push_null(),
            }
            at.push_timestamp(1_704_153_600_000_001);
        }
        let fields = vec![
            Field::new("code", DataType::Utf8),
            Field::new("close", DataType::Float64),
            Field::new("at", DataType::TimestampMicros),
        ];
        (Schema::new(fields), Batch::from_builders(vec![code, close, at]))
    }

    fn write(settings: Value, status: u16, body: &str) -> (Host, Result<u64>) {
        let mut all = json!({ "url": "http://influx:8086/", "bucket": "market", "org": "our org", "measurement": "bars", "tags": ["code"], "time": "at" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let answer = answer(status, body).header("retry-after", "2");
        let host = FakeHost::default().settings(all).with_secret("token", "hidden").answer(answer).host();
        let (schema, batch) = rows();
        let mark = Mark { lane: "a".into(), sequence: 1, checkpoint: None, key: "k".into() };
        let outcome = InfluxDb::open(host.clone(), schema, "k".into()).and_then(|mut writer| writer.write(batch, mark));
        (host, outcome)
    }

    #[test]
    fn rows_become_points_and_rows_without_fields_are_told() {
        let (host, outcome) = write(json!({}), 204, "");
        assert_eq!(outcome.unwrap(), 3);
        let request = host.fake().requests().remove(0);
        assert_eq!(request.url, "http://influx:8086/api/v2/write?org=our%20org&bucket=market&precision=ns");
        let expected = "bars,code=a\\ b close=1.5 1704153600000001000\nbars,code=d close=2 1704153600000001000\n";
        assert_eq!(String::from_utf8(request.body.unwrap()).unwrap(), expected);
        assert!(request.headers.contains(&("authorization".to_owned(), "Token hidden".to_owned())));
        assert!(host.fake().lines()[0].1.contains("1 rows have no field"));
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, kind) in [
            (400, r#"{"code":"invalid","message":"partial write: field type conflict"}"#, ErrorKind::Permanent),
            (401, r#"{"code":"unauthorized","message":"unauthorized access"}"#, ErrorKind::Auth),
            (404, r#"{"code":"not found","message":"bucket \"market\" not found"}"#, ErrorKind::Permanent),
            (413, "", ErrorKind::Permanent),
            (429, "", ErrorKind::Transient),
            (503, "", ErrorKind::Transient),
        ] {
            let (_, outcome) = write(json!({}), status, body);
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, kind, "{status}");
            assert_eq!(error.message.contains("partial write: field type conflict"), status == 400, "{error}");
        }
    }

    #[test]
    fn columns_that_are_not_there_are_told_with_those_that_are() {
        for (settings, field) in [
            (json!({ "time": "when" }), "time"),
            (json!({ "tags": ["kode"] }), "tags"),
            (json!({ "tags": ["code", "close"] }), "tags"),
        ] {
            let (_, outcome) = write(settings, 204, "");
            assert_eq!(outcome.unwrap_err().field.as_deref(), Some(field));
        }
        let (_, outcome) = write(json!({ "time": "close", "tags": ["code"] }), 204, "");
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, error.row), (ErrorKind::Data, Some(0)), "{error}");
    }
}
