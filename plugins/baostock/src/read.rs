//! Asks page after page and makes a batch of each; a session that was lost is opened again once for each page.
//!
//! Prices that are adjusted forward change with every dividend, so a second attempt counts on nothing: the server keeps
//! what was read.

use crate::config::Config;
use crate::frame::SEPARATOR;
use crate::queries::{Query, find, type_of};
use crate::session::Session;
use plugin_sdk::{ColumnType, Columns, Error, ErrorKind, Host, Level, Page, Reader, Result, Row, Schema, Source};
use serde::Deserialize;
use serde_json::Value;

/// Rows of a page; the service's own size.
const ROWS: usize = 2000;

/// The plugin.
pub(crate) struct Baostock;

#[derive(Debug, Default, Deserialize)]
struct Records {
    #[serde(default)]
    record: Vec<Vec<String>>,
}

/// A reading under way.
pub(crate) struct BaostockReader {
    host: Host,
    config: Config,
    query: Query,
    params: Vec<String>,
    session: Session,
    columns: Columns,
    waiting: Option<Vec<Vec<String>>>,
    page: u64,
}

impl Source for Baostock {
    type Reader = BaostockReader;

    fn check(host: &Host) -> Result<()> {
        let config: Config = host.settings()?;
        let query = query_of(&config)?;
        params_of(&config, &query).map(|_| ())
    }

    fn open(host: Host, _: Option<String>) -> Result<BaostockReader> {
        let config: Config = host.settings()?;
        let query = query_of(&config)?;
        let params = params_of(&config, &query)?;
        let session = Session::open(&host, &config)?;
        let columns = Columns::new(Vec::new(), Vec::new());
        let mut reader = BaostockReader { host, config, query, params, session, columns, waiting: None, page: 1 };
        let (names, rows) = reader.ask()?;
        if let Some(unknown) = reader.config.columns.keys().find(|name| !names.contains(name)) {
            let message = format!("`columns` names `{unknown}`, but the columns are {}", names.join(", "));
            return Err(Error::config("columns", message));
        }
        let known = |name: &String| reader.config.columns.get(name).copied().unwrap_or_else(|| type_of(name));
        let types: Vec<ColumnType> = names.iter().map(known).collect();
        reader.columns = Columns::new(names, types);
        reader.waiting = Some(rows);
        Ok(reader)
    }
}

fn query_of(config: &Config) -> Result<Query> {
    find(&config.query).ok_or_else(|| Error::config("query", format!("Baostock has no query `{}`", config.query)))
}

/// The parameters in the query's order; what is not given is empty. No comma but in `fields`: the service would cut there.
fn params_of(config: &Config, query: &Query) -> Result<Vec<String>> {
    if let Some(unknown) = config.params.keys().find(|name| !query.params.contains(&name.as_str())) {
        let message = format!("`{}` takes {}, not `{unknown}`", config.query, query.params.join(", "));
        return Err(Error::config("params", message));
    }
    let text = |name: &&str| {
        let value = match config.params.get(*name) {
            None => match *name {
                "frequency" => "d".to_owned(),
                "adjustflag" => "3".to_owned(),
                _ => String::new(),
            },
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let odd = value.chars().any(char::is_control) || (value.contains(',') && *name != "fields");
        match odd {
            true => Err(Error::config("params", format!("parameter `{name}` holds what the protocol cannot carry"))),
            false => Ok(value),
        }
    };
    query.params.iter().map(text).collect()
}

impl BaostockReader {
    /// Names and rows of the page; once more by a new session where the old one was lost.
    fn ask(&mut self) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        match self.ask_once() {
            Err(error) if error.kind == ErrorKind::Transient => {
                self.host.log(Level::Info, &format!("the session was lost ({error}): logging in again"));
                self.session = Session::open(&self.host, &self.config)?;
                self.ask_once()
            }
            other => other,
        }
    }

    fn ask_once(&mut self) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let user = self.session.user.clone();
        let (page, size) = (self.page.to_string(), ROWS.to_string());
        let mut fields = vec![self.query.method, user.as_str()];
        if self.query.paged {
            fields.extend([page.as_str(), size.as_str()]);
        }
        fields.extend(self.params.iter().map(String::as_str));
        let answer = self.session.ask(self.query.kind, &fields)?;
        let field = |place: usize| answer.get(place).map(String::as_str);
        let short = || {
            Error::permanent(format!("Baostock's answer to `{}` has {} fields only", self.query.method, answer.len()))
        };
        let data = field(self.query.data_field()).ok_or_else(short)?;
        let names = field(self.query.names_field()).ok_or_else(short)?;
        let names: Vec<String> =
            names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let records: Records = match data.trim() {
            "" => Records::default(),
            text => serde_json::from_str(text)
                .map_err(|error| Error::data(format!("rows of `{}` cannot be read: {error}", self.query.method)))?,
        };
        if let Some(row) = records.record.iter().position(|row| row.len() != names.len()) {
            let (has, wants) = (records.record[row].len(), names.len());
            return Err(Error::data(format!(
                "row {} of page {} has {has} values for {wants} columns",
                row + 1,
                self.page
            )));
        }
        debug_assert!(!names.iter().any(|name| name.contains(SEPARATOR)));
        Ok((names, records.record))
    }
}

impl Reader for BaostockReader {
    fn columns(&self) -> Schema {
        self.columns.schema()
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let Some(rows) = self.waiting.take().filter(|rows| !rows.is_empty()) else { return Ok(None) };
        // A page with more rows than asked for is all there is.
        let more = self.query.paged && rows.len() == ROWS;
        for (index, values) in rows.into_iter().enumerate() {
            // Suspended days have empty numbers; an empty text is a null, too.
            let row: Row = values.into_iter().map(|value| Some(value).filter(|value| !value.is_empty())).collect();
            self.columns
                .push(&row)
                .map_err(|wrong| Error::data(format!("row {} of page {}: {wrong}", index + 1, self.page)))?;
        }
        let batch = self.columns.take();
        self.host.progress(self.page, None, "pages");
        if more {
            self.page += 1;
            let (names, rows) = self.ask()?;
            let same = names.iter().eq(self.columns.schema().fields.iter().map(|field| &field.name));
            if !same && !rows.is_empty() {
                return Err(Error::data(format!("page {} has other columns: {}", self.page, names.join(", "))));
            }
            self.waiting = Some(rows);
        }
        Ok(Some(Page::new(batch)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::CellReader;
    use plugin_sdk::testing::{FakeHost, rows_of};
    use serde_json::json;

    const K_FIELDS: &str =
        "date,code,open,high,low,close,preclose,volume,amount,adjustflag,turn,tradestatus,pctChg,isST";

    fn plain(kind: &str, fields: &[&str]) -> Vec<u8> {
        let body = fields.join("\u{1}");
        format!("00.9.40\u{1}{kind}\u{1}{:010}{body}\u{1}0<![CDATA[]]>\n", body.len()).into_bytes()
    }

    fn packed(kind: &str, fields: &[&str]) -> Vec<u8> {
        let body = miniz_oxide::deflate::compress_to_vec_zlib((fields.join("\u{1}") + "\u{1}").as_bytes(), 6);
        [format!("00.9.40\u{1}{kind}\u{1}{:010}", body.len()).as_bytes(), &body, b"<![CDATA[]]>\n"].concat()
    }

    /// Logs in whoever asks, and hands other requests' fields on.
    fn service(mut serve: impl FnMut(Vec<String>) -> Vec<u8> + 'static) -> FakeHost {
        FakeHost::default().peer(move |bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let fields: Vec<String> = text[21..].split('\u{1}').map(str::to_owned).collect();
            if fields[0] == "login" {
                return plain("01", &["0", "success", "login", "anonymous"]);
            }
            serve(fields)
        })
    }

    fn read(host: Host) -> Result<Vec<String>> {
        let mut reader = Baostock::open(host, None)?;
        let cells = CellReader::all(&reader.columns().fields)?;
        let mut rows = Vec::new();
        while let Some(page) = reader.next()? {
            rows.extend(rows_of(&page.rows, &cells));
        }
        Ok(rows)
    }

    #[test]
    fn the_published_answer_is_read_with_its_types() {
        let data = r#"{"record":[["2024-01-02","sh.600000","6.6300000000","6.6900000000","6.6000000000","6.6200000000","6.6200000000","18320712","121663512.3400","3","0.062415","1","0.000000","0"],["2024-01-03","sh.600000","","","","","","","","3","","0","","0"]]}"#;
        let host = service(move |asked| {
            let expected = [
                "query_history_k_data_plus",
                "anonymous",
                "1",
                "2000",
                "sh.600000",
                K_FIELDS,
                "2024-01-01",
                "2024-01-05",
                "d",
                "3",
            ];
            assert_eq!(asked[..10], expected);
            packed(
                "96",
                &[
                    "0",
                    "success",
                    "query_history_k_data_plus",
                    "anonymous",
                    "1",
                    "2000",
                    data,
                    "sh.600000",
                    K_FIELDS,
                    "2024-01-01",
                    "2024-01-05",
                    "d",
                    "3",
                ],
            )
        });
        let params = json!({ "code": "sh.600000", "fields": K_FIELDS, "start": "2024-01-01", "end": "2024-01-05" });
        let host = host.settings(json!({ "query": "history_k_data_plus", "params": params })).host();
        let rows = read(host.clone()).unwrap();
        assert_eq!(
            rows[0],
            "2024-01-02 sh.600000 6.63 6.69 6.6 6.62 6.62 18320712 121663512.34 3 0.062415 true 0 false"
        );
        assert_eq!(rows[1], "2024-01-03 sh.600000 ∅ ∅ ∅ ∅ ∅ ∅ ∅ 3 ∅ false ∅ false");
        assert_eq!(host.fake().connected(), [("public-api.baostock.com".to_owned(), 10_030)]);
    }

    fn dates(rows: usize) -> String {
        json!({ "record": vec![vec!["2024-01-02", "1"]; rows] }).to_string()
    }

    fn trade_dates(page: &str, rows: usize) -> Vec<u8> {
        let data = if rows == 0 { String::new() } else { dates(rows) };
        plain(
            "34",
            &[
                "0",
                "success",
                "query_trade_dates",
                "anonymous",
                page,
                "2000",
                &data,
                "a",
                "b",
                "calendar_date,is_trading_day",
            ],
        )
    }

    #[test]
    fn full_pages_are_followed_by_the_next_even_where_it_is_empty() {
        for (second, expected) in [(3, 2003), (0, 2000)] {
            let host = service(move |asked| trade_dates(&asked[2], if asked[2] == "1" { 2000 } else { second }));
            let rows = read(host.settings(json!({ "query": "trade_dates" })).host()).unwrap();
            assert_eq!(rows.len(), expected);
        }
    }

    #[test]
    fn a_lost_session_is_opened_again_once() {
        let mut calls = 0;
        let host = service(move |_| {
            calls += 1;
            match calls {
                1 => plain("04", &["10001001", "用户未登录"]),
                _ => trade_dates("1", 1),
            }
        });
        let host = host.settings(json!({ "query": "trade_dates" })).host();
        assert_eq!(read(host.clone()).unwrap(), ["2024-01-02 true"]);
        assert_eq!(host.fake().connected().len(), 2);
        let host =
            service(|_| plain("04", &["10001001", "用户未登录"])).settings(json!({ "query": "trade_dates" })).host();
        assert_eq!(read(host.clone()).unwrap_err().kind, ErrorKind::Transient);
        assert_eq!(host.fake().connected().len(), 2, "no more than once");
    }

    #[test]
    fn a_peer_that_breaks_off_may_pass_and_a_wrong_parameter_does_not() {
        let host = service(|_| b"00.9.40\x0134\x0100000".to_vec()).settings(json!({ "query": "trade_dates" })).host();
        assert_eq!(read(host).unwrap_err().kind, ErrorKind::Transient);
        let host = service(|_| plain("04", &["10004011", "代码错误"]));
        let host = host.settings(json!({ "query": "adjust_factor", "params": { "code": "x" } })).host();
        let error = read(host.clone()).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Config, Some("params")));
        for settings in [
            json!({ "query": "nothing" }),
            json!({ "query": "trade_dates", "params": { "code": "x" } }),
            json!({ "query": "adjust_factor", "params": { "code": "a,b" } }),
            json!({ "query": "adjust_factor", "params": { "code": "a\nb" } }),
        ] {
            let host = FakeHost::default().settings(settings.clone()).host();
            assert_eq!(Baostock::check(&host).unwrap_err().kind, ErrorKind::Config, "{settings}");
        }
    }

    #[test]
    fn what_is_not_paged_comes_whole() {
        let record = json!({ "record": vec![vec!["sh.600000", "2024-01-02", "1", "1", "1"]; 2000] }).to_string();
        let fields = "code,dividOperateDate,foreAdjustFactor,backAdjustFactor,adjustFactor";
        let host = service(move |asked| {
            assert_eq!(asked[..3], ["query_daily_adjust_factor", "anonymous", "2024-01-02"]);
            packed("9D", &["0", "success", "query_daily_adjust_factor", "anonymous", &record, fields])
        });
        let settings = json!({ "query": "daily_adjust_factor", "params": { "date": "2024-01-02" } });
        assert_eq!(read(host.settings(settings).host()).unwrap().len(), 2000);
    }
}
