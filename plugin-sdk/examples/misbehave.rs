//! A source that does, on request, everything a plugin must not do; the host's tests load it.

use plugin_sdk::{
    Batch, Column, DataType, Error, Field, Host, Level, Method, Page, Reader, Rejection, Request, Result, Schema,
    Source,
};
use serde::Deserialize;

struct Misbehave;

#[derive(Deserialize)]
struct Settings {
    mode: String,
    #[serde(default)]
    url: String,
}

struct Bad {
    host: Host,
    settings: Settings,
    done: bool,
}

impl Source for Misbehave {
    type Reader = Bad;

    fn open(host: Host, _: Option<String>) -> Result<Bad> {
        let settings: Settings = host.settings()?;
        if settings.mode == "loop_in_open" {
            endless();
        }
        Ok(Bad { host, settings, done: false })
    }
}

fn endless() {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

fn recurse(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + room[3] }
}

fn column(validity: &[u8], offsets: &[i32], values: &[u8]) -> Column {
    let offsets = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    Column { validity: validity.to_vec(), offsets, values: values.to_vec() }
}

impl Reader for Bad {
    fn columns(&self) -> Schema {
        let name = Field::new("name", DataType::Utf8);
        match self.settings.mode.as_str() {
            "doubled_column" => Schema::new(vec![name.clone(), name]),
            "unknown_format" => Schema::new(vec![Field { format: "+w:3".into(), ..name }]),
            _ => Schema::new(vec![name]),
        }
    }

    fn next(&mut self) -> Result<Option<Page>> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let page = |rows, column| Ok(Some(Page::new(Batch { rows, columns: vec![column] })));
        match self.settings.mode.as_str() {
            "good" => page(2, column(&[], &[0, 1, 3], b"abb")),
            "loop" => {
                endless();
                Ok(None)
            }
            "bomb" => {
                let mut all = Vec::new();
                loop {
                    all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
                }
            }
            "recursion" => {
                std::hint::black_box(recurse(0));
                Ok(None)
            }
            "panic" => panic!("on purpose"),
            "log_flood" => loop {
                self.host.log(Level::Info, "again and again");
            },
            "call_flood" => loop {
                std::hint::black_box(self.host.settings_text());
            },
            "huge_output" => page(1, column(&[], &[0, 100 << 20], &vec![b'x'; 100 << 20])),
            "sleep" => {
                self.host.sleep(3_600_000_000);
                Ok(None)
            }
            "lying_rows" => page(1000, column(&[], &[0, 1], b"a")),
            "short_bitmap" => page(64, column(&[1], &[0; 65], b"")),
            "wild_offsets" => page(2, column(&[], &[0, 900_000, 2], b"ab")),
            "falling_offsets" => page(2, column(&[], &[0, 2, 1], b"ab")),
            "negative_offsets" => page(1, column(&[], &[-5, 1], b"ab")),
            "not_utf8" => page(1, column(&[], &[0, 1], &[0xff])),
            "no_columns" => Ok(Some(Page::new(Batch { rows: 1, columns: vec![] }))),
            "too_many_rows" => page(u32::MAX, column(&[], &[0], b"")),
            "unsaid_rejection" => {
                let rejection = Rejection { line: None, rule: "r".into(), reason: "s".into(), values: vec![None] };
                let rows = Batch { rows: 0, columns: vec![column(&[], &[0], b"")] };
                Ok(Some(Page { rows, rejected: vec![rejection], cursor: None }))
            }
            "http" => {
                let mut answer = self.host.send(Request::new(Method::Get, self.settings.url.as_str()))?;
                let body = answer.body.read_all(1 << 20)?;
                page(1, column(&[], &[0, i32::try_from(body.len()).expect("short")], &body))
            }
            "kv" => {
                let key = "count";
                let before = self.host.kv_get(key)?.map_or(0, |value| value[0]);
                self.host.kv_set(key, &[before + 1])?;
                page(1, column(&[], &[0, 1], &[b'0' + before + 1]))
            }
            "secret" => {
                let secret = self.host.secret("token")?;
                page(1, column(&[], &[0, i32::try_from(secret.len()).expect("short")], secret.as_bytes()))
            }
            other => Err(Error::permanent(format!("no mode `{other}`"))),
        }
    }
}

plugin_sdk::export_plugin!(source: Misbehave);
