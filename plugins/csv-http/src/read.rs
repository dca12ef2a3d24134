//! Fetches the address and cuts what comes into batches.
//!
//! CSV streams: memory does not grow with the file. JSON has no header, so all of it is read first to know every key.
//! A second attempt can go on where the first was if the server names its version of the file by a strong ETag and
//! still has that version; otherwise the server keeps a copy of what was read (`resume` is `nothing`).

use crate::config::{Config, Format, OnError};
use crate::csv_rows::CsvRows;
use crate::json_rows::{JsonRows, Object};
use plugin_sdk::{
    Body, ColumnType, Columns, Error, ErrorKind, Host, Method, Page, Reader, Rejection, Request, Response, Result,
    Resume, Row, Schema, Source, url,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const ROWS: usize = 8192;
/// A batch is cut here even if it has fewer rows.
const BYTES: usize = 8 << 20;
/// More JSON than this is refused, since all of it is held in memory.
const JSON: usize = 64 << 20;

/// The plugin.
pub(crate) struct CsvHttp;

/// Where to go on.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    etag: String,
    rows: u64,
}

enum Rows {
    Csv(CsvRows),
    Json { objects: VecDeque<(u64, Object)>, names: Vec<String> },
}

/// A reading under way.
pub(crate) struct HttpReader {
    host: Host,
    config: Config,
    rows: Rows,
    columns: Columns,
    schema: Schema,
    /// The strong ETag, where a second attempt can count on it.
    etag: Option<String>,
    read: u64,
    page: u64,
    page_had_rows: bool,
    ended: bool,
}

impl Source for CsvHttp {
    type Reader = HttpReader;

    fn check(host: &Host) -> Result<()> {
        let config = read_config(host)?;
        fetch(host, &config, config.page.as_ref().map(|page| page.first)).map(|_| ())
    }

    fn open(host: Host, cursor: Option<String>) -> Result<HttpReader> {
        let config = read_config(&host)?;
        let page = config.page.as_ref().map(|page| page.first);
        let response = fetch(&host, &config, page)?;
        let etag =
            response.header("etag").filter(|etag| etag.starts_with('"') && etag.len() <= 1024).map(str::to_owned);
        let etag = etag.filter(|_| config.page.is_none());
        let rows = open_rows(&config, response.body)?;
        let names = match &rows {
            Rows::Csv(csv) => csv.names().to_vec(),
            Rows::Json { names, .. } => names.clone(),
        };
        if let Some(unknown) = config.columns.keys().find(|name| !names.contains(name) && !names.is_empty()) {
            let message = format!("`columns` names `{unknown}`, but the columns are {}", names.join(", "));
            return Err(Error::config("columns", message));
        }
        let types: Vec<ColumnType> =
            names.iter().map(|name| config.columns.get(name).copied().unwrap_or(ColumnType::Utf8)).collect();
        let columns = Columns::new(names, types);
        let mut reader = HttpReader {
            host,
            rows,
            schema: columns.schema(),
            columns,
            etag,
            read: 0,
            page: page.unwrap_or(0),
            page_had_rows: false,
            ended: false,
            config,
        };
        if let Some(cursor) = cursor {
            reader.skip_to(&cursor)?;
        }
        Ok(reader)
    }
}

fn read_config(host: &Host) -> Result<Config> {
    let config: Config = host.settings()?;
    url::check("url", &config.url)?;
    Ok(config)
}

fn fetch(host: &Host, config: &Config, page: Option<u64>) -> Result<Response> {
    let mut url = config.url.clone();
    if let (Some(paging), Some(page)) = (&config.page, page) {
        url = url::with_query(&url, &[(&paging.parameter, &page.to_string())]);
    }
    let mut request = Request::new(Method::Get, url);
    for (name, value) in &config.headers {
        request = request.header(name, value.as_str());
    }
    if config.authorized {
        request = request.header("authorization", host.secret("authorization")?);
    }
    host.send(request)?.success(&format!("`{}`", url::shown(&config.url)))
}

fn open_rows(config: &Config, body: Body) -> Result<Rows> {
    if config.format == Format::Csv {
        return Ok(Rows::Csv(CsvRows::open(body, config.delimiter)?));
    }
    let mut json = JsonRows::new(body, config.format == Format::Json);
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    let (mut objects, mut bytes) = (VecDeque::new(), 0);
    while let Some((line, object)) = json.next()? {
        for (key, value) in &object {
            bytes += 32 + key.len() + value.as_ref().map_or(0, String::len);
            if known.insert(key.clone()) {
                names.push(key.clone());
            }
        }
        if bytes > JSON {
            return Err(Error::permanent(format!(
                "the JSON has more than {JSON} bytes; use CSV, which is read piece by piece"
            )));
        }
        objects.push_back((line, object));
    }
    Ok(Rows::Json { objects, names })
}

impl HttpReader {
    /// The next row with its line, and what is wrong with it.
    fn next_row(&mut self) -> Result<Option<(u64, Row, Option<String>)>> {
        loop {
            let found = match &mut self.rows {
                Rows::Csv(csv) => csv.next()?,
                Rows::Json { objects, .. } => match objects.pop_front() {
                    None => None,
                    Some((line, object)) => {
                        let mut object: std::collections::HashMap<_, _> = object.into_iter().collect();
                        let row = self.schema.fields.iter().map(|field| object.remove(&field.name).flatten()).collect();
                        let unknown = object.into_keys().next();
                        let wrong = unknown.map(|key| format!("key `{key}` was not on the first page"));
                        Some((line, row, wrong))
                    }
                },
            };
            if found.is_some() {
                self.read += 1;
                self.page_had_rows = true;
                return Ok(found);
            }
            if !self.next_page()? {
                return Ok(None);
            }
        }
    }

    /// Asks for the page after this one; false when this was the last.
    fn next_page(&mut self) -> Result<bool> {
        let Some(paging) = self.config.page.as_ref().filter(|_| self.page_had_rows) else { return Ok(false) };
        if self.page + 1 - paging.first >= paging.most {
            let most = paging.most;
            return Err(Error::config(
                "page.most",
                format!("there are more pages than the {most} that `page.most` allows"),
            ));
        }
        self.page += 1;
        self.host.progress(self.page - paging.first, None, "pages");
        let response = fetch(&self.host, &self.config, Some(self.page))?;
        let rows = open_rows(&self.config, response.body)?;
        if let Rows::Csv(csv) = &rows {
            let expected: Vec<_> = self.schema.fields.iter().map(|field| field.name.as_str()).collect();
            if !csv.names().is_empty() && csv.names() != expected {
                return Err(Error::data(format!("page {} has other columns: {}", self.page, csv.names().join(", "))));
            }
        }
        self.rows = rows;
        self.page_had_rows = false;
        Ok(true)
    }

    /// Goes on where an earlier attempt was, if it is still the same file.
    fn skip_to(&mut self, cursor: &str) -> Result<()> {
        let cursor: Cursor = serde_json::from_str(cursor)
            .map_err(|_| Error::permanent("the cursor of the earlier attempt cannot be read"))?;
        if self.etag.as_deref() != Some(cursor.etag.as_str()) {
            return Err(Error::permanent(
                "the file has changed since the earlier attempt, so reading cannot go on in it",
            ));
        }
        while self.read < cursor.rows {
            if self.next_row()?.is_none() {
                return Err(Error::permanent("the file is shorter than the earlier attempt had read"));
            }
        }
        Ok(())
    }
}

impl Reader for HttpReader {
    fn columns(&self) -> Schema {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        if self.etag.is_some() { Resume::Cursor } else { Resume::Nothing }
    }

    fn rejects(&self) -> bool {
        self.config.on_error == OnError::Reject
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let mut rejected = Vec::new();
        while !self.ended && self.columns.rows() + rejected.len() < ROWS && self.columns.bytes() < BYTES {
            let Some((line, row, wrong)) = self.next_row()? else {
                self.ended = true;
                break;
            };
            let wrong = match wrong {
                Some(wrong) => Some(("shape", wrong)),
                None => self.columns.push(&row).err().map(|wrong| ("type", wrong)),
            };
            let Some((rule, reason)) = wrong else { continue };
            if self.config.on_error == OnError::Fail {
                let error = Error::new(ErrorKind::Data, format!("line {line}: {reason}"));
                return Err(error.detail("line", line.to_string()));
            }
            rejected.push(Rejection { line: Some(line), rule: rule.to_owned(), reason, values: row });
        }
        if self.columns.rows() == 0 && rejected.is_empty() {
            return Ok(None);
        }
        let etag = self.etag.clone();
        let cursor = etag.and_then(|etag| serde_json::to_string(&Cursor { etag, rows: self.read }).ok());
        Ok(Some(Page { rows: self.columns.take(), rejected, cursor }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeAnswer, FakeHost, answer};
    use serde_json::{Value, json};

    type Rows = Vec<Vec<Option<String>>>;

    /// All rows as text, and all rejected rows as `line rule reason`.
    fn read(host: Host, cursor: Option<&str>) -> Result<(Rows, Vec<String>, Option<String>)> {
        let mut reader = CsvHttp::open(host, cursor.map(str::to_owned))?;
        let fields = reader.columns().fields;
        let (mut rows, mut rejected, mut last) =
            (vec![fields.iter().map(|it| Some(it.name.clone())).collect()], vec![], None);
        while let Some(page) = reader.next()? {
            for row in 0..page.rows.rows as usize {
                let show = |index: usize| {
                    let view = page.rows.view(index, &fields[index]).unwrap();
                    view.str(row)
                        .map(str::to_owned)
                        .or_else(|| view.i64(row).map(|it| it.to_string()))
                        .or_else(|| view.f64(row).map(|it| it.to_string()))
                };
                rows.push((0..fields.len()).map(show).collect());
            }
            rejected.extend(page.rejected.iter().map(|it| format!("{} {} {}", it.line.unwrap(), it.rule, it.reason)));
            last = page.cursor;
        }
        Ok((rows, rejected, last))
    }

    fn host(settings: Value, body: &str) -> Host {
        let mut all = json!({ "url": "https://example.com/file" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        // Pieces of three bytes cut everything everywhere.
        let pieces = body.as_bytes().chunks(3).map(|piece| Ok(piece.to_vec())).collect();
        FakeHost::default().settings(all).answer(FakeAnswer { status: 200, headers: vec![], body: pieces }).host()
    }

    fn check(settings: Value, body: &str, expected: &[&[&str]]) {
        let (rows, _, _) = read(host(settings, body), None).unwrap();
        let shown: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|it| it.clone().unwrap_or("∅".into())).collect()).collect();
        assert_eq!(shown, expected, "{body}");
    }

    fn refused(settings: Value, body: &str, expected: &str) {
        let error = read(host(settings, body), None).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }

    #[test]
    fn csv_is_read_as_text_whatever_is_in_it() {
        check(json!({}), "a,b\n1,x\n,\"q \"\"y\"\"\nz\"\n", &[&["a", "b"], &["1", "x"], &["", "q \"y\"\nz"]]);
        check(json!({}), "\u{feff}größe,b\r\n1,2\r\n", &[&["größe", "b"], &["1", "2"]]);
        check(json!({ "delimiter": ";" }), "a;b\n1,5;2", &[&["a", "b"], &["1,5", "2"]]);
        check(json!({}), "a,\n1,2\n", &[&["a", "column_2"], &["1", "2"]]);
        check(json!({}), "a,b\n", &[&["a", "b"]]);
        check(json!({}), "", &[&[]]);
    }

    #[test]
    fn values_that_do_not_convert_fail_by_line_column_and_value_or_are_rejected_whole() {
        let body = "name,size\na,1\nb,big\nc,3\nd\n";
        let columns = json!({ "columns": { "size": "int64" } });
        refused(columns, body, "line 3: column `size`: `big` is no int64");
        let (rows, rejected, _) =
            read(host(json!({ "columns": { "size": "int64" }, "on_error": "reject" }), body), None).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(
            rejected,
            ["3 type column `size`: `big` is no int64", "5 shape the row has 1 values, the header line 2"]
        );
        refused(json!({ "columns": { "siz": "int64" } }), body, "`columns` names `siz`");
        refused(json!({}), "a,a\n1,2\n", "column `a` twice");
    }

    #[test]
    fn json_keeps_numbers_as_written_and_nested_values_as_json() {
        let body =
            r#" [ {"a": 1.10, "b": "x\"y"}, {"b": null, "c": [1, {"d": "]"}]}, {"a": 12345678901234567890123} ] "#;
        let expected: &[&[&str]] = &[
            &["a", "b", "c"],
            &["1.10", "x\"y", "∅"],
            &["∅", "∅", r#"[1, {"d": "]"}]"#],
            &["12345678901234567890123", "∅", "∅"],
        ];
        check(json!({ "format": "json" }), body, expected);
        let lines = "{\"a\": true, \"b\": {}}\n\n{\"a\": \"\\u00fc\"}";
        check(json!({ "format": "json_lines" }), lines, &[&["a", "b"], &["true", "{}"], &["ü", "∅"]]);
        check(json!({ "format": "json" }), "[]", &[&[]]);
        check(json!({ "format": "json" }), "[{}]", &[&[]]);
    }

    #[test]
    fn broken_json_is_refused_where_it_breaks() {
        let array = || json!({ "format": "json" });
        refused(array(), "{\"a\": 1}", "no array of objects");
        refused(array(), "[1]", "element 1 of the JSON array is no object");
        refused(array(), "[{\"a\": 1}, {\"a\": }]", "element 2");
        refused(array(), "[{\"a\": 1}", "ends");
        refused(array(), "[{\"a\": 1", "within element 1");
        refused(array(), "[{\"a\": 1}] x", "after the end");
        refused(array(), "[{\"a\": 1, \"a\": 2}]", "twice");
        refused(json!({ "format": "json_lines" }), "{\"a\": 1}\n{", "line 2");
    }

    #[test]
    fn a_second_attempt_goes_on_in_the_same_file_and_refuses_another() {
        let host = |etag: &str| {
            let settings = json!({ "url": "https://example.com/" });
            FakeHost::default().settings(settings).answer(answer(200, "a\n1\n2\n3\n").header("etag", etag)).host()
        };
        let (_, _, cursor) = read(host("\"v1\""), None).unwrap();
        assert_eq!(cursor.as_deref(), Some(r#"{"etag":"\"v1\"","rows":3}"#));
        let (rows, _, _) = read(host("\"v1\""), Some(r#"{"etag":"\"v1\"","rows":2}"#)).unwrap();
        assert_eq!(rows[1..], [[Some("3".to_owned())]]);
        let error = read(host("\"v2\""), cursor.as_deref()).unwrap_err();
        assert!(error.message.contains("has changed"), "{error}");
        let (_, _, weak) = read(host("W/\"v1\""), None).unwrap();
        assert_eq!(weak, None, "a weak ETag promises nothing about bytes");
    }

    #[test]
    fn pages_are_asked_for_until_one_is_empty() {
        let settings = json!({ "url": "https://example.com/?q=1", "page": { "parameter": "p" } });
        let fake = FakeHost::default().settings(settings);
        let host = fake.answer(answer(200, "a\n1\n")).answer(answer(200, "a\n2\n")).answer(answer(200, "a\n")).host();
        let (rows, _, cursor) = read(host.clone(), None).unwrap();
        assert_eq!((rows.len(), cursor), (3, None));
        let urls: Vec<_> = host.fake().requests().into_iter().map(|request| request.url).collect();
        assert_eq!(urls, [1, 2, 3].map(|page| format!("https://example.com/?q=1&p={page}")));
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, kind) in [
            (404, ErrorKind::Permanent),
            (401, ErrorKind::Auth),
            (429, ErrorKind::Transient),
            (503, ErrorKind::Transient),
        ] {
            let settings = json!({ "url": "https://example.com/?token=hidden" });
            let host =
                FakeHost::default().settings(settings).answer(answer(status, "").header("retry-after", "7")).host();
            let error = read(host, None).unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(!error.message.contains("hidden"), "{error}");
            assert_eq!(error.retry_after_ms, (kind == ErrorKind::Transient).then_some(7000));
        }
    }
}
