//! Asks for window after window of a range, each with no more samples of a series than Prometheus gives.
//!
//! Windows do not overlap, so a second attempt goes on with the window after the last that was kept.

use crate::answer::{rows, schema};
use crate::config::Config;
use plugin_sdk::{Error, Host, Method, Page, Reader, Request, Result, Resume, Schema, Source, url};

/// Samples of a series in one answer: Prometheus refuses more than 11,000.
const SAMPLES: i64 = 10_000;
/// Bytes of one answer.
const ANSWER: u32 = 64 << 20;

/// The plugin.
pub(crate) struct Prometheus;

/// A reading under way.
pub(crate) struct PrometheusReader {
    host: Host,
    config: Config,
    /// First and last second of the range; none for the value now.
    range: Option<(i64, i64)>,
    /// Where the next window begins.
    next: i64,
    ended: bool,
}

impl Source for Prometheus {
    type Reader = PrometheusReader;

    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?.range().map(|_| ())
    }

    fn open(host: Host, cursor: Option<String>) -> Result<PrometheusReader> {
        let config: Config = host.settings()?;
        let range = config.range()?;
        let start = range.map_or(0, |(start, _)| start);
        let next = match cursor {
            None => start,
            Some(cursor) => cursor
                .parse()
                .ok()
                .filter(|next| *next >= start)
                .ok_or_else(|| Error::permanent("the cursor of the earlier attempt does not fit the range"))?,
        };
        Ok(PrometheusReader { host, config, range, next, ended: false })
    }
}

impl PrometheusReader {
    fn ask(&self, path: &str, more: &[(&str, &str)]) -> Result<Page> {
        let base = self.config.url.trim().trim_end_matches('/');
        let parameters = [&[("query", self.config.query.as_str())], more].concat();
        // In the body, since expressions may be longer than an address.
        let form = url::with_query("", &parameters);
        let mut request = Request::new(Method::Post, format!("{base}/api/v1/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.trim_start_matches('?'));
        if self.config.authorized {
            request = request.header("authorization", self.host.secret("authorization")?);
        }
        let mut response = self.host.send(request)?;
        let wait = response.retry_after_ms();
        let bytes = response.body.read_all(ANSWER)?;
        Ok(Page::new(rows(response.status, wait, &bytes, &self.config.labels)?))
    }
}

impl Reader for PrometheusReader {
    fn columns(&self) -> Schema {
        schema(&self.config.labels)
    }

    fn resume(&self) -> Resume {
        if self.range.is_some() { Resume::Cursor } else { Resume::Nothing }
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let Some((start, end)) = self.range else {
            let ended = std::mem::replace(&mut self.ended, true);
            let page = if ended { None } else { Some(self.ask("query", &[])?) };
            return Ok(page.filter(|page| page.rows.rows > 0));
        };
        let step = self.config.step;
        while self.next <= end {
            let last = end.min(self.next.saturating_add(step.saturating_mul(SAMPLES - 1)));
            let (from, to, step_text) = (self.next.to_string(), last.to_string(), step.to_string());
            let mut page = self.ask("query_range", &[("start", &from), ("end", &to), ("step", &step_text)])?;
            // Samples lie a whole number of steps after the start, so the next window begins on the same grid.
            self.next = self.next.saturating_add(((last - self.next) / step + 1).saturating_mul(step));
            self.host.progress(
                (self.next.min(end) - start).unsigned_abs(),
                Some((end - start).unsigned_abs()),
                "seconds",
            );
            if page.rows.rows > 0 {
                page.cursor = Some(self.next.to_string());
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer, rows_of};
    use plugin_sdk::{CellReader, ErrorKind};
    use serde_json::{Value, json};

    const MATRIX: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"up","job":"db","instance":"a:9"},"values":[[1704153600,"1"],[1704153660.5,"NaN"]]},
        {"metric":{"__name__":"up","instance":"b:9"},"values":[[1704153600,"-Inf"]]}]}}"#;

    fn fake(settings: Value) -> FakeHost {
        let mut all = json!({ "url": "http://prometheus:9090/", "query": "up", "labels": ["job"] });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        FakeHost::default().settings(all)
    }

    fn read(host: &Host, cursor: Option<&str>) -> Result<(Vec<String>, Option<String>)> {
        let mut reader = Prometheus::open(host.clone(), cursor.map(str::to_owned))?;
        let cells = CellReader::all(&reader.columns().fields)?;
        let (mut rows, mut last) = (Vec::new(), None);
        while let Some(page) = reader.next()? {
            rows.extend(rows_of(&page.rows, &cells));
            last = page.cursor;
        }
        Ok((rows, last))
    }

    fn bodies(host: &Host) -> Vec<String> {
        host.fake().requests().into_iter().map(|it| String::from_utf8(it.body.unwrap()).unwrap()).collect()
    }

    #[test]
    fn samples_become_rows_with_the_labels_that_were_named() {
        let range = json!({ "start": "2024-01-02T00:00:00Z", "end": "2024-01-02T00:01:00Z" });
        let host = fake(range).answer(answer(200, MATRIX)).host();
        let (rows, cursor) = read(&host, None).unwrap();
        assert_eq!(
            rows,
            [
                r#"2024-01-02T00:00:00Z 1 up {"instance":"a:9","job":"db"} db"#,
                r#"2024-01-02T00:01:00.5Z NaN up {"instance":"a:9","job":"db"} db"#,
                r#"2024-01-02T00:00:00Z -inf up {"instance":"b:9"} ∅"#,
            ]
        );
        assert_eq!(cursor.as_deref(), Some("1704153720"));
        assert_eq!(bodies(&host), ["query=up&start=1704153600&end=1704153660&step=60"]);
        assert_eq!(host.fake().requests()[0].url, "http://prometheus:9090/api/v1/query_range");
    }

    #[test]
    fn a_long_range_is_asked_for_in_windows_that_do_not_overlap_and_goes_on_after_the_last() {
        let range = || json!({ "start": "1970-01-01T00:00:00Z", "end": "1970-01-01T06:00:00Z", "step": 1 });
        let fake_of =
            || fake(range()).answer(answer(200, MATRIX)).answer(answer(200, MATRIX)).answer(answer(200, MATRIX));
        let host = fake_of().host();
        read(&host, None).unwrap();
        let windows = ["start=0&end=9999", "start=10000&end=19999", "start=20000&end=21600"];
        assert_eq!(bodies(&host), windows.map(|it| format!("query=up&{it}&step=1")));
        let host = fake_of().host();
        let (_, cursor) = read(&host, Some("20000")).unwrap();
        assert_eq!(bodies(&host), ["query=up&start=20000&end=21600&step=1"]);
        assert_eq!(cursor.as_deref(), Some("21601"));
        for cursor in ["x", "-5"] {
            assert!(read(&fake(range()).host(), Some(cursor)).is_err(), "{cursor}");
        }
    }

    #[test]
    fn the_value_now_is_a_vector_or_a_scalar() {
        let vector =
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.5,"2"]}]}}"#;
        let (rows, cursor) = read(&fake(json!({})).answer(answer(200, vector)).host(), None).unwrap();
        assert_eq!((rows, cursor), (vec!["1970-01-01T00:00:01.5Z 2 ∅ {} ∅".to_owned()], None));
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[2,"3"]}}"#;
        let (rows, _) = read(&fake(json!({})).answer(answer(200, scalar)).host(), None).unwrap();
        assert_eq!(rows, ["1970-01-01T00:00:02Z 3 ∅ {} ∅"]);
        let text = r#"{"status":"success","data":{"resultType":"string","result":[2,"a"]}}"#;
        assert_eq!(read(&fake(json!({})).answer(answer(200, text)).host(), None).unwrap_err().kind, ErrorKind::Config);
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        let error = |kind: &str| format!(r#"{{"status":"error","errorType":"{kind}","error":"why"}}"#);
        for (status, body, kind) in [
            (400, error("bad_data"), ErrorKind::Permanent),
            (422, error("execution"), ErrorKind::Permanent),
            (503, error("timeout"), ErrorKind::Transient),
            (500, error("internal"), ErrorKind::Transient),
            (401, "no".to_owned(), ErrorKind::Auth),
            (502, "<html>".to_owned(), ErrorKind::Transient),
            (200, "{\"status\":\"succ".to_owned(), ErrorKind::Transient),
        ] {
            let host = fake(json!({})).answer(answer(status, body.clone())).host();
            assert_eq!(read(&host, None).unwrap_err().kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn settings_that_do_not_fit_name_what_is_wrong() {
        for (settings, field) in [
            (json!({ "start": "2024-01-02T00:00:00Z" }), "end"),
            (json!({ "end": "2024-01-02T00:00:00Z" }), "start"),
            (json!({ "start": "yesterday", "end": "2024-01-02T00:00:00Z" }), "start"),
            (json!({ "start": "2024-01-03T00:00:00Z", "end": "2024-01-02T00:00:00Z" }), "end"),
            (json!({ "labels": ["value"] }), "labels"),
        ] {
            let error = Prometheus::check(&fake(settings.clone()).host()).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{settings}");
        }
    }
}
