//! Writes batches as bulk requests, in pieces that servers take.
//!
//! Every document has an id that is the same in every attempt, so repeats are harmless.

use crate::bulk;
use crate::config::Config;
use plugin_sdk::sign::{base64, hex, sha256};
use plugin_sdk::{Batch, CellReader, Error, Host, Mark, Method, Request, Result, Schema, Sink, Writer, url};
use serde_json::{Map, Value, json};

/// Bytes of one request.
const PIECE: usize = 8 << 20;
/// Bytes of an id; Elasticsearch takes no more than 512.
const ID: usize = 500;

/// The plugin.
pub(crate) struct Elasticsearch;

/// A writing under way.
pub(crate) struct ElasticWriter {
    host: Host,
    config: Config,
    url: String,
    names: Vec<String>,
    cells: Vec<CellReader>,
    /// Places of the columns that make the id.
    id: Vec<usize>,
}

impl Sink for Elasticsearch {
    type Writer = ElasticWriter;

    fn check(host: &Host) -> Result<()> {
        url::check("url", &host.settings::<Config>()?.url).map(|_| ())
    }

    fn open(host: Host, columns: Schema, _: String) -> Result<ElasticWriter> {
        let config: Config = host.settings()?;
        let base = url::check("url", &config.url)?.trim_end_matches('/');
        let path = format!("{base}/{}/_bulk", url::encode(&config.index));
        let shown = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";
        let url = url::with_query(&path, &[("filter_path", shown)]);
        let names: Vec<String> = columns.fields.iter().map(|field| field.name.clone()).collect();
        let place = |name: &String| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                Error::config("id", format!("`id` names `{name}`, but the columns are {}", names.join(", ")))
            })
        };
        let id = config.id.iter().map(place).collect::<Result<_>>()?;
        Ok(ElasticWriter { host, config, url, cells: CellReader::all(&columns.fields)?, names, id })
    }
}

impl ElasticWriter {
    fn id(&self, rows: &Batch, row: usize, mark: &Mark) -> Result<String> {
        let mut parts = Vec::with_capacity(self.id.len());
        for place in &self.id {
            let part = self.cells[*place].cell(rows, row).to_text().ok_or_else(|| {
                let error =
                    Error::data(format!("column `{}` is null, but makes the document's id", self.names[*place]));
                Error { row: u32::try_from(row).ok(), ..error }
            })?;
            parts.push(part);
        }
        Ok(match parts.as_slice() {
            [] => hex(&sha256(format!("{}\n{row}", mark.key).as_bytes())[..16]),
            [one] if one.len() <= ID && !one.is_empty() => one.clone(),
            // Joined with their lengths, so that no two rows share an id that differ.
            parts => hex(&sha256(parts.iter().map(|it| format!("{}:{it}", it.len())).collect::<String>().as_bytes())),
        })
    }

    fn send(&self, body: &str, first: usize) -> Result<()> {
        let mut request =
            Request::new(Method::Post, self.url.as_str()).header("content-type", "application/x-ndjson").body(body);
        let authorization = match &self.config.user {
            Some(user) => {
                let password = self.host.secret("password")?;
                Some(format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))
            }
            None => self.host.find_secret("api_key").map(|key| format!("ApiKey {key}")),
        };
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = self.host.send(request)?.success("Elasticsearch")?;
        bulk::check(&response.text(32 << 20)?, first)
    }
}

impl Writer for ElasticWriter {
    fn write(&mut self, rows: Batch, mark: Mark) -> Result<u64> {
        let (mut body, mut first) = (String::new(), 0);
        for row in 0..rows.rows as usize {
            let document: Map<String, Value> = self
                .names
                .iter()
                .zip(&self.cells)
                .map(|(name, cell)| (name.clone(), cell.cell(&rows, row).to_json()))
                .collect();
            let action = json!({ self.config.mode.as_str(): { "_id": self.id(&rows, row, &mark)? } });
            let lines = format!("{action}\n{}\n", Value::Object(document));
            if !body.is_empty() && body.len() + lines.len() > PIECE {
                self.send(&body, first)?;
                body.clear();
                first = row;
            }
            body.push_str(&lines);
        }
        if !body.is_empty() {
            self.send(&body, first)?;
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

    fn write(settings: Value, status: u16, body: &str) -> (Host, Result<u64>) {
        let mut all = json!({ "url": "http://elastic:9200/", "index": "bars-2024" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let fake = FakeHost::default().settings(all).with_secret("api_key", "hidden").with_secret("password", "hidden");
        let host = fake.answer(answer(status, body)).host();
        let mut code = ColumnBuilder::new(DataType::Utf8);
        let mut close = ColumnBuilder::new(DataType::Float64);
        code.push_str("a\"\n");
        close.push_f64(1.5);
        code.push_str("b");
        close.push_null();
        let schema = Schema::new(vec![Field::new("code", DataType::Utf8), Field::new("close", DataType::Float64)]);
        let mark = Mark { lane: "a".into(), sequence: 1, checkpoint: None, key: "k".into() };
        let rows = Batch::from_builders(vec![code, close]);
        let outcome = Elasticsearch::open(host.clone(), schema, "k".into()).and_then(|mut it| it.write(rows, mark));
        (host, outcome)
    }

    fn body(host: &Host) -> Vec<Value> {
        let body = String::from_utf8(host.fake().requests()[0].body.clone().unwrap()).unwrap();
        assert!(body.ends_with('\n'));
        body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn rows_become_documents_under_ids_that_stay_the_same() {
        let (host, outcome) = write(json!({ "id": ["code"] }), 200, r#"{"errors":false}"#);
        assert_eq!(outcome.unwrap(), 2);
        let lines = body(&host);
        assert_eq!(lines[0], json!({ "index": { "_id": "a\"\n" } }));
        assert_eq!(lines[1], json!({ "code": "a\"\n", "close": 1.5 }));
        assert_eq!(lines[3], json!({ "code": "b", "close": null }));
        let request = host.fake().requests().remove(0);
        assert!(request.url.starts_with("http://elastic:9200/bars-2024/_bulk?filter_path=errors"), "{}", request.url);
        assert!(request.headers.contains(&("authorization".into(), "ApiKey hidden".into())));
        let (one, _) = write(json!({ "mode": "create" }), 200, r#"{"errors":false}"#);
        let (two, _) = write(json!({ "mode": "create" }), 200, r#"{"errors":false}"#);
        assert_eq!(body(&one), body(&two));
        assert_ne!(body(&one)[0], body(&one)[2]);
        assert!(body(&one)[0]["create"]["_id"].is_string());
        let (user, _) = write(json!({ "user": "elastic" }), 200, r#"{"errors":false}"#);
        let basic = format!("Basic {}", base64(b"elastic:hidden"));
        assert!(user.fake().requests()[0].headers.contains(&("authorization".into(), basic)));
    }

    #[test]
    fn a_null_makes_no_id_and_an_unknown_column_is_told() {
        let (_, outcome) = write(json!({ "id": ["code", "close"] }), 200, "");
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, error.row), (ErrorKind::Data, Some(1)), "{error}");
        let (_, outcome) = write(json!({ "id": ["kode"] }), 200, "");
        assert_eq!(outcome.unwrap_err().field.as_deref(), Some("id"));
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, kind) in [
            (400, ErrorKind::Permanent),
            (401, ErrorKind::Auth),
            (413, ErrorKind::Permanent),
            (429, ErrorKind::Transient),
            (503, ErrorKind::Transient),
        ] {
            assert_eq!(write(json!({}), status, "{}").1.unwrap_err().kind, kind, "{status}");
        }
    }
}
