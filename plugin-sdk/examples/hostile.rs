//! A plugin of every kind that does, in the export that its settings name, what a plugin must not do; the host's tests
//! load it.

use plugin_sdk::{
    Batch, Channel, ColumnBuilder, DataType, Field, Host, Level, Mark, Message, Page, Position, Reader, Result, Schema,
    Sink, Source, Statement, Transform, Transformer, TranslateRequest, Translator, Writer,
};
use serde::Deserialize;

struct Hostile;

#[derive(Deserialize, Default)]
struct Settings {
    /// Which export.
    #[serde(default)]
    at: String,
    /// What to do there.
    #[serde(default)]
    what: String,
}

fn recurse(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + room[3] }
}

/// Does what the settings ask for, where they ask for it.
fn meet(host: &Host, place: &str) {
    let settings: Settings = host.settings().unwrap_or_default();
    if settings.at == place {
        act(host, &settings.what);
    }
}

fn act(host: &Host, what: &str) {
    match what {
        "loop" => {
            let mut number = 0_u64;
            loop {
                number = std::hint::black_box(number.wrapping_add(1));
            }
        }
        "bomb" => {
            let mut all = Vec::new();
            loop {
                all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "leak" => std::mem::forget(std::hint::black_box(vec![1_u8; 8 << 20])),
        "recursion" => {
            std::hint::black_box(recurse(0));
        }
        "panic" => panic!("on purpose"),
        "log_flood" => loop {
            host.log(Level::Info, &"again and again ".repeat(400));
        },
        "call_flood" => loop {
            std::hint::black_box(host.settings_text());
        },
        _ => {}
    }
}

/// Does it when it is dropped.
struct Last(Host, &'static str);

impl Drop for Last {
    fn drop(&mut self) {
        meet(&self.0, self.1);
    }
}

struct Read(Last, bool);

impl Source for Hostile {
    type Reader = Read;

    fn check(host: &Host) -> Result<()> {
        meet(host, "check");
        Ok(())
    }

    fn open(host: Host, _: Option<String>) -> Result<Read> {
        meet(&host, "open_source");
        Ok(Read(Last(host, "drop_source"), false))
    }
}

impl Reader for Read {
    fn columns(&self) -> Schema {
        meet(&self.0.0, "columns");
        Schema::new(vec![Field::new("n", DataType::Int64)])
    }

    fn rejects(&self) -> bool {
        meet(&self.0.0, "rejects");
        false
    }

    fn next(&mut self) -> Result<Option<Page>> {
        meet(&self.0.0, "next");
        if std::mem::replace(&mut self.1, true) {
            return Ok(None);
        }
        let mut column = ColumnBuilder::new(DataType::Int64);
        column.push_i64(1);
        Ok(Some(Page::new(Batch::from_builders(vec![column]))))
    }
}

struct Write(Last);

impl Sink for Hostile {
    type Writer = Write;

    fn open(host: Host, _: Schema, _: String) -> Result<Write> {
        meet(&host, "open_sink");
        Ok(Write(Last(host, "drop_sink")))
    }
}

impl Writer for Write {
    fn prepare(&mut self) -> Result<()> {
        meet(&self.0.0, "prepare");
        Ok(())
    }

    fn claim(&mut self, _: &str) -> Result<Option<Position>> {
        meet(&self.0.0, "claim");
        Ok(None)
    }

    fn write(&mut self, rows: Batch, _: Mark) -> Result<u64> {
        meet(&self.0.0, "write");
        Ok(u64::from(rows.rows))
    }

    fn commit(&mut self) -> Result<()> {
        meet(&self.0.0, "commit");
        Ok(())
    }
}

struct Change(Last, Schema);

impl Transform for Hostile {
    type Transformer = Change;

    fn open(host: Host, columns: Schema) -> Result<Change> {
        meet(&host, "open_transform");
        Ok(Change(Last(host, "drop_transform"), columns))
    }
}

impl Transformer for Change {
    fn output(&self) -> Schema {
        meet(&self.0.0, "output");
        self.1.clone()
    }

    fn process(&mut self, rows: Batch) -> Result<Vec<Batch>> {
        meet(&self.0.0, "process");
        Ok(vec![rows])
    }

    fn finish(&mut self) -> Result<Vec<Batch>> {
        meet(&self.0.0, "finish");
        Ok(Vec::new())
    }
}

impl Channel for Hostile {
    fn deliver(host: &Host, _: Message, _: String) -> Result<Option<String>> {
        meet(host, "deliver");
        Ok(None)
    }
}

impl Translator for Hostile {
    fn dialects(_: &Host) -> Vec<(String, String)> {
        Vec::new()
    }

    /// Translators have no settings: the text says what to do.
    fn translate(host: &Host, request: &TranslateRequest) -> Result<Vec<Statement>> {
        act(host, &request.sql);
        Ok(Vec::new())
    }
}

plugin_sdk::export_plugin!(
    source: Hostile,
    sink: Hostile,
    transform: Hostile,
    channel: Hostile,
    translator: Hostile
);
