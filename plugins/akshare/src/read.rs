//! Asks the AKTools server for one table, which comes whole, and makes batches of it.

use crate::canonical;
use crate::config::Config;
use plugin_sdk::{
    ColumnType, Columns, Error, Host, Method, Page, Reader, Request, Result, Row, Schema, Source, text_of_json, url,
};
use serde_json::{Map, Value};
use std::collections::VecDeque;

const ROWS: usize = 8192;
/// Bytes of one table.
const ANSWER: u32 = 64 << 20;

/// The plugin.
pub(crate) struct AkShare;

/// A column to read.
struct Wanted {
    /// As AkShare names it.
    name: String,
    times: i64,
}

/// A reading under way.
pub(crate) struct AkShareReader {
    wanted: Vec<Wanted>,
    columns: Columns,
    rows: VecDeque<Map<String, Value>>,
    read: usize,
}

impl Source for AkShare {
    type Reader = AkShareReader;

    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?.check()
    }

    fn open(host: Host, _: Option<String>) -> Result<AkShareReader> {
        let config: Config = host.settings()?;
        config.check()?;
        let rows = ask(&host, &config)?;
        let (wanted, columns) = plan(&config, &rows)?;
        Ok(AkShareReader { wanted, columns, rows, read: 0 })
    }
}

fn ask(host: &Host, config: &Config) -> Result<VecDeque<Map<String, Value>>> {
    let function = &config.function;
    let base = config.url.trim().trim_end_matches('/');
    let parameters: Vec<(&str, &str)> =
        config.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let url = url::with_query(&format!("{base}/api/public/{function}"), &parameters);
    let mut response = host.send(Request::new(Method::Get, url))?;
    if response.status == 404 {
        let text = response.text(64 << 10)?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let said = plugin_sdk::text::cut_chars(body["error"].as_str().unwrap_or("there is no such function"), 300);
        return Err(Error::permanent(format!("AKTools refused `{function}`: {said}")));
    }
    // 500 tells nothing: a site that blocks, or a wrong parameter. The step's `retry` says how often to try.
    let mut response = response.success(&format!("AKTools, asked for `{function}`,"))?;
    let bytes = response.body.read_all(ANSWER)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::data(format!("AKTools' answer for `{function}` is no table: {error}")))
}

/// Which columns there are, under which names and of which types.
fn plan(config: &Config, rows: &VecDeque<Map<String, Value>>) -> Result<(Vec<Wanted>, Columns)> {
    let (mut wanted, mut names, mut types) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |old: &str, new: &str, column_type: ColumnType, times: i64| {
        wanted.push(Wanted { name: old.to_owned(), times });
        names.push(config.names.get(old).map_or(new, String::as_str).to_owned());
        types.push(column_type);
    };
    if config.canonical {
        let known = canonical::columns(&config.function).ok_or_else(|| {
            let message =
                format!("`canonical` knows `stock_zh_a_hist` and `stock_zh_a_spot_em`, not `{}`", config.function);
            Error::config("canonical", message)
        })?;
        known.iter().for_each(|(old, new, column_type, times)| add(old, new, *column_type, *times));
    } else if let Some(first) = rows.front() {
        first.keys().for_each(|name| add(name, name, ColumnType::Utf8, 1));
    } else {
        // An empty table tells no columns; those that the settings name are there.
        config.columns.iter().for_each(|(name, column_type)| add(name, name, *column_type, 1));
    }
    for (name, column_type) in &config.columns {
        match names.iter().position(|known| known == name) {
            Some(place) => types[place] = *column_type,
            None => {
                let message = format!("`columns` names `{name}`, but the columns are {}", names.join(", "));
                return Err(Error::config("columns", message));
            }
        }
    }
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::config("names", format!("two columns are named `{}`", pair[0])));
    }
    Ok((wanted, Columns::new(names, types)))
}

fn value(value: Option<Value>, times: i64) -> Option<String> {
    let value = value.unwrap_or_default();
    match (value.as_i64(), value.as_f64()) {
        (Some(number), _) if times != 1 => Some(i128::from(number).saturating_mul(i128::from(times)).to_string()),
        (None, Some(number)) if times != 1 => Some((number * times as f64).round().to_string()),
        _ => text_of_json(value),
    }
}

impl Reader for AkShareReader {
    fn columns(&self) -> Schema {
        self.columns.schema()
    }

    fn next(&mut self) -> Result<Option<Page>> {
        while self.columns.rows() < ROWS {
            let Some(mut object) = self.rows.pop_front() else { break };
            self.read += 1;
            let row: Row = self.wanted.iter().map(|it| value(object.remove(&it.name), it.times)).collect();
            self.columns.push(&row).map_err(|wrong| Error::data(format!("row {}: {wrong}", self.read)))?;
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

    const HIST: &str = r#"[{"日期":"2024-01-02T00:00:00.000","股票代码":"600000","开盘":6.63,"收盘":6.62,"最高":6.69,"最低":6.6,"成交量":183207,"成交额":121663512.0,"振幅":1.36,"涨跌幅":0.0,"涨跌额":0.0,"换手率":0.06},
        {"日期":"2024-01-03T00:00:00.000","股票代码":"600000","开盘":null,"收盘":7,"最高":null,"最低":null,"成交量":1.0,"成交额":1,"振幅":0,"涨跌幅":null,"涨跌额":0,"换手率":0}]"#;

    fn host(settings: Value, status: u16, body: &str) -> Host {
        let mut all = json!({ "url": "http://127.0.0.1:8080/", "function": "stock_zh_a_hist" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        FakeHost::default().settings(all).answer(answer(status, body)).host()
    }

    fn read(host: Host) -> Result<(Vec<String>, Vec<String>)> {
        let mut reader = AkShare::open(host, None)?;
        let fields = reader.columns().fields;
        let cells = CellReader::all(&fields)?;
        let mut rows = Vec::new();
        while let Some(page) = reader.next()? {
            rows.extend(rows_of(&page.rows, &cells));
        }
        Ok((fields.into_iter().map(|field| field.name).collect(), rows))
    }

    #[test]
    fn canonical_columns_are_english_and_count_shares() {
        let (names, rows) = read(host(json!({ "canonical": true }), 200, HIST)).unwrap();
        let expected = ["trade_date", "code", "open", "high", "low", "close", "volume_shares", "amount_cny", "pct_chg"];
        assert_eq!(names, expected);
        assert_eq!(rows[0], "2024-01-02 600000 6.63 6.69 6.6 6.62 18320700 121663512 0");
        assert_eq!(rows[1], "2024-01-03 600000 ∅ ∅ ∅ 7 100 1 ∅");
    }

    #[test]
    fn columns_are_text_unless_they_are_named() {
        let settings = json!({ "names": { "日期": "day" }, "columns": { "day": "date32", "成交量": "int64" } });
        let (names, rows) = read(host(settings, 200, HIST)).unwrap();
        assert_eq!(names[..3], ["day", "股票代码", "开盘"]);
        assert!(rows[0].starts_with("2024-01-02 600000 6.63"), "{rows:?}");
        let error = read(host(json!({ "columns": { "day": "date32" } }), 200, HIST)).unwrap_err();
        assert!(error.message.contains("names `day`"), "{error}");
        let (names, rows) = read(host(json!({ "columns": { "day": "date32" } }), 200, "[]")).unwrap();
        assert_eq!((names, rows), (vec!["day".to_owned()], vec![]));
    }

    #[test]
    fn parameters_are_sent_as_they_are_and_nothing_that_would_be_evaluated() {
        let host = host(
            json!({ "params": { "symbol": "600000", "start_date": "2024-01-02 09:31:00", "x": "主板" } }),
            200,
            "[]",
        );
        read(host.clone()).unwrap();
        let url = &host.fake().requests()[0].url;
        assert_eq!(
            url,
            "http://127.0.0.1:8080/api/public/stock_zh_a_hist?start_date=2024-01-02%2009%3A31%3A00&symbol=600000&x=%E4%B8%BB%E6%9D%BF"
        );
        for value in ["\"", "a&b", "a=b", "__import__('os')", "a\\b", "a\nb", "a+b"] {
            let host = self::host(json!({ "params": { "symbol": value } }), 200, "[]");
            assert_eq!(read(host.clone()).unwrap_err().kind, ErrorKind::Config, "{value}");
            assert!(host.fake().requests().is_empty());
        }
        let two = json!({ "params": { "cookie": "a", "symbol": "b" } });
        assert_eq!(read(self::host(two, 200, "[]")).unwrap_err().kind, ErrorKind::Config);
        let odd = json!({ "function": "a/../b" });
        assert_eq!(read(self::host(odd, 200, "[]")).unwrap_err().kind, ErrorKind::Config);
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, kind) in [
            (404, r#"{"error":"未找到该接口，请升级 AKShare 到最新版本"}"#, ErrorKind::Permanent),
            (404, r#"{"error":"请输入正确的参数错误 'x'，请升级 AKShare ..."}"#, ErrorKind::Permanent),
            (405, r#"{"detail":"Method Not Allowed"}"#, ErrorKind::Permanent),
            (500, "Internal Server Error", ErrorKind::Transient),
            (200, "<html>", ErrorKind::Data),
            (200, "{\"a\":1}", ErrorKind::Data),
        ] {
            assert_eq!(read(host(json!({}), status, body)).unwrap_err().kind, kind, "{status} {body}");
        }
    }
}
