//! Asks page after page, within the calls that are allowed, and makes a batch of each.
//!
//! The newest rows come first and new ones shift all others, so a second attempt counts on nothing: the server keeps what
//! was read.

use crate::answer::{Refusal, Table, read, value};
use crate::config::Config;
use crate::types::{type_of, unit_of};
use plugin_sdk::{
    ColumnType, Columns, Error, Host, Level, Method, Page, Reader, Request, Result, Row, Schema, Source, url,
};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000_000;
/// Bytes of one answer.
const ANSWER: u32 = 64 << 20;

/// The plugin.
pub(crate) struct Tushare;

/// A reading under way.
pub(crate) struct TushareReader {
    host: Host,
    config: Config,
    token: String,
    names: Vec<String>,
    columns: Columns,
    /// The page to hand out next; none at the end.
    waiting: Option<Table>,
    offset: usize,
    pages: u64,
    /// When the last call was made.
    called: Option<i64>,
}

impl Source for Tushare {
    type Reader = TushareReader;

    fn check(host: &Host) -> Result<()> {
        let config: Config = host.settings()?;
        url::check("url", &config.url)?;
        host.secret("token").map(|_| ())
    }

    fn open(host: Host, _: Option<String>) -> Result<TushareReader> {
        let config: Config = host.settings()?;
        url::check("url", &config.url)?;
        let token = host.secret("token")?.trim().to_owned();
        let empty = Columns::new(Vec::new(), Vec::new());
        let mut reader = TushareReader {
            host,
            config,
            token,
            names: Vec::new(),
            columns: empty,
            waiting: None,
            offset: 0,
            pages: 0,
            called: None,
        };
        let first = reader.ask()?;
        reader.names = first.fields.clone();
        let api = reader.config.api.as_str();
        if let Some(unknown) = reader.config.columns.keys().find(|name| !reader.names.contains(name)) {
            let message = format!("`columns` names `{unknown}`, but the columns are {}", reader.names.join(", "));
            return Err(Error::config("columns", message));
        }
        let types: Vec<ColumnType> = reader
            .names
            .iter()
            .map(|name| reader.config.columns.get(name).copied().unwrap_or_else(|| type_of(api, name)))
            .collect();
        reader.columns = Columns::new(reader.names.clone(), types);
        reader.waiting = Some(first);
        Ok(reader)
    }
}

impl TushareReader {
    /// The page at the offset; waits for the next minute once where the minute's calls are used up.
    fn ask(&mut self) -> Result<Table> {
        self.pace();
        match self.call()? {
            Ok(table) => return Ok(table),
            Err(Refusal::Final(error)) => return Err(error),
            Err(Refusal::WaitAMinute) => {}
        }
        self.host.log(Level::Info, "the calls of this minute are used up: waiting for the next one");
        let wait = MINUTE - self.host.now().rem_euclid(MINUTE) + 1_000_000;
        self.host.sleep(wait.unsigned_abs());
        match self.call()? {
            Ok(table) => Ok(table),
            Err(Refusal::Final(error)) => Err(error),
            Err(Refusal::WaitAMinute) => {
                let message = format!("Tushare takes no more calls of `{}` in this minute", self.config.api);
                Err(Error::transient(message).retry_after_ms(Some(60_000)))
            }
        }
    }

    /// Keeps the distance between calls that the settings ask for.
    fn pace(&mut self) {
        let Some(calls) = self.config.calls_per_minute else { return };
        let now = self.host.now();
        let distance = MINUTE / i64::from(calls.max(1));
        if let Some(wait) = self.called.map(|called| called + distance - now).filter(|wait| *wait > 0) {
            self.host.sleep(wait.unsigned_abs());
        }
        self.called = Some(self.host.now());
    }

    fn call(&self) -> Result<Result<Table, Refusal>> {
        let config = &self.config;
        let base = config.url.trim_end_matches('/');
        let url = if base.ends_with("/dataapi") { format!("{base}/{}", config.api) } else { base.to_owned() };
        let mut params = config.params.clone();
        params.insert("limit".to_owned(), Value::from(config.page));
        params.insert("offset".to_owned(), Value::from(self.offset));
        let body = json!({
            "api_name": config.api, "token": self.token, "params": params, "fields": config.fields.join(","),
        });
        let request = Request::new(Method::Post, url).header("content-type", "application/json").body(body.to_string());
        let mut response = self.host.send(request)?.success("Tushare")?;
        Ok(read(&config.api, &response.body.read_all(ANSWER)?))
    }

    /// The page after this one; none where this was the last.
    fn after(&mut self, page: &Table) -> Result<Option<Table>> {
        let rows = page.items.len();
        // More rows than asked for: the data set knows no pages.
        if rows != self.config.page || page.has_more == Some(false) {
            return Ok(None);
        }
        self.offset += rows;
        let next = self.ask()?;
        if !next.items.is_empty() && next.items.first() == page.items.first() {
            let api = &self.config.api;
            return Err(Error::permanent(format!(
                "`{api}` knows no pages and has more than {rows} rows: ask by dates"
            )));
        }
        Ok(Some(next))
    }

    /// Rows by the names of the first page: their order may change.
    fn push(&mut self, table: &Table) -> Result<()> {
        let missing = |name: &String| Error::data(format!("page {} has no column `{name}`", self.pages));
        let places: Vec<(usize, f64)> = self
            .names
            .iter()
            .map(|name| {
                let place = table.fields.iter().position(|field| field == name).ok_or_else(|| missing(name))?;
                let unit = if self.config.normalize { unit_of(&self.config.api, name) } else { 1.0 };
                Ok((place, unit))
            })
            .collect::<Result<_>>()?;
        for (index, item) in table.items.iter().enumerate() {
            let row: Row = places.iter().map(|(place, unit)| value(item[*place].clone(), *unit)).collect();
            let place = self.offset + index + 1;
            self.columns.push(&row).map_err(|wrong| Error::data(format!("row {place}: {wrong}")))?;
        }
        Ok(())
    }
}

impl Reader for TushareReader {
    fn columns(&self) -> Schema {
        self.columns.schema()
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let Some(page) = self.waiting.take().filter(|page| !page.items.is_empty()) else { return Ok(None) };
        self.pages += 1;
        self.push(&page)?;
        self.waiting = self.after(&page)?;
        self.host.progress(self.pages, None, "pages");
        Ok(Some(Page::new(self.columns.take())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer, json_body, rows_of};
    use plugin_sdk::{CellReader, ErrorKind};

    fn table(fields: &[&str], items: Value) -> String {
        json!({ "request_id": "x", "code": 0, "msg": "", "data": { "fields": fields, "items": items } }).to_string()
    }

    fn fake(settings: Value) -> FakeHost {
        let mut all = json!({ "api": "daily" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        FakeHost::default().settings(all).with_secret("token", "hidden")
    }

    fn read(host: &Host) -> Result<Vec<String>> {
        let mut reader = Tushare::open(host.clone(), None)?;
        let fields = reader.columns().fields;
        let cells = CellReader::all(&fields)?;
        let mut rows = Vec::new();
        while let Some(page) = reader.next()? {
            rows.extend(rows_of(&page.rows, &cells));
        }
        Ok(rows)
    }

    #[test]
    fn pages_are_asked_for_until_one_is_short_and_columns_go_by_name() {
        let first = table(
            &["ts_code", "trade_date", "vol"],
            json!([["600000.SH", "20240103", 2.5], ["600000.SH", "20240102", null]]),
        );
        let second = table(&["vol", "ts_code", "trade_date"], json!([[1, "600000.SH", "20231229"]]));
        let settings =
            json!({ "page": 2, "params": { "ts_code": "600000.SH" }, "fields": ["ts_code", "trade_date", "vol"] });
        let host = fake(settings).answer(answer(200, first)).answer(answer(200, second)).host();
        let rows = read(&host).unwrap();
        assert_eq!(rows, ["600000.SH 2024-01-03 2.5", "600000.SH 2024-01-02 ∅", "600000.SH 2023-12-29 1"]);
        let bodies: Vec<Value> = host.fake().requests().iter().map(json_body).collect();
        assert_eq!(bodies[0]["fields"], "ts_code,trade_date,vol");
        assert_eq!(bodies[0]["token"], "hidden");
        assert_eq!(bodies[1]["params"], json!({ "ts_code": "600000.SH", "limit": 2, "offset": 2 }));
    }

    #[test]
    fn units_are_made_shares_and_yuan_on_demand_alone() {
        let body = table(&["vol", "amount", "close"], json!([[183_207.12, 121_663.512, 6.62]]));
        let plain = read(&fake(json!({})).answer(answer(200, body.clone())).host()).unwrap();
        assert_eq!(plain, ["183207.12 121663.512 6.62"]);
        let normal = read(&fake(json!({ "normalize": true })).answer(answer(200, body)).host()).unwrap();
        assert_eq!(normal, ["18320712 121663512 6.62"]);
    }

    #[test]
    fn a_minutes_limit_is_waited_for_once_and_then_left_to_the_retry() {
        let limit = r#"{"code":40203,"msg":"抱歉，您每分钟最多访问该接口200次","data":null}"#;
        let good = table(&["close"], json!([[1.0]]));
        let host = fake(json!({})).at(30_000_000).answer(answer(200, limit)).answer(answer(200, good)).host();
        assert_eq!(read(&host).unwrap(), ["1"]);
        assert_eq!(host.now(), 61_000_000, "until the next minute has begun");
        let host = fake(json!({})).answer(answer(200, limit)).answer(answer(200, limit)).host();
        let error = read(&host).unwrap_err();
        assert_eq!((error.kind, error.retry_after_ms), (ErrorKind::Transient, Some(60_000)));
        assert!(!error.message.contains("hidden"));
    }

    #[test]
    fn calls_keep_their_distance() {
        let page = |vol: i32| answer(200, table(&["vol"], json!([[vol]])));
        let settings = json!({ "page": 1, "calls_per_minute": 60 });
        let host =
            fake(settings).answer(page(1)).answer(page(2)).answer(answer(200, table(&["vol"], json!([])))).host();
        assert_eq!(read(&host).unwrap(), ["1", "2"]);
        assert_eq!(host.now(), 2_000_000);
    }

    #[test]
    fn a_data_set_that_knows_no_pages_is_told_rather_than_cut() {
        let page = || answer(200, table(&["vol"], json!([[1], [2]])));
        let error = read(&fake(json!({ "page": 2 })).answer(page()).answer(page()).host()).unwrap_err();
        assert!(error.message.contains("knows no pages"), "{error}");
        let rows = read(&fake(json!({ "page": 1 })).answer(page()).host()).unwrap();
        assert_eq!(rows.len(), 2, "more rows than asked for are all there are");
    }

    #[test]
    fn the_name_goes_into_the_path_where_the_address_wants_that_and_a_gateways_error_may_pass() {
        let settings = json!({ "url": "http://api.waditu.com/dataapi" });
        let host = fake(settings).answer(answer(502, "<html>")).host();
        assert_eq!(read(&host).unwrap_err().kind, ErrorKind::Transient);
        assert_eq!(host.fake().requests()[0].url, "http://api.waditu.com/dataapi/daily");
    }

    #[test]
    fn an_empty_answer_has_columns_and_no_rows() {
        let host = fake(json!({})).answer(answer(200, table(&["ts_code", "vol"], json!([])))).host();
        let mut reader = Tushare::open(host, None).unwrap();
        assert_eq!(reader.columns().fields.len(), 2);
        assert!(reader.next().unwrap().is_none());
    }
}
