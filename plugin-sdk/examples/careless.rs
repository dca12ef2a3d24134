//! A source, sink, transform and channel that each do, on request, what the conformance suite is there to find.

use plugin_sdk::{
    Batch, Channel, ColumnBuilder, DataType, Field, Host, Mark, Message, Method, Page, Reader, Request, Result, Resume,
    Schema, Sink, Source, Transform, Transformer, Writer,
};
use serde::Deserialize;

struct Careless;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    mode: String,
    url: String,
}

impl Settings {
    fn is(&self, mode: &str) -> bool {
        self.mode == mode
    }
}

struct Work {
    host: Host,
    settings: Settings,
    columns: Schema,
    next: i64,
    /// Whether the service is there; whoever ignores errors does not know.
    answered: bool,
}

/// A request whose failure is told, unless the mode is to swallow it.
fn ask(host: &Host, settings: &Settings, body: &str) -> Result<bool> {
    let request = Request::new(Method::Post, settings.url.as_str()).body(body);
    match host.send(request).and_then(|answer| answer.success("the service")) {
        Ok(_) => Ok(true),
        Err(_) if settings.is("swallow") => Ok(false),
        Err(_) if settings.is("trap_on_error") => panic!("no answer"),
        Err(error) if settings.is("give_up") => Err(plugin_sdk::Error::permanent(error.message)),
        Err(error) => Err(error),
    }
}

impl Source for Careless {
    type Reader = Work;

    fn check(host: &Host) -> Result<()> {
        if host.settings::<Settings>()?.is("check_fails") {
            return Err(plugin_sdk::Error::config("mode", "not today"));
        }
        Ok(())
    }

    fn open(host: Host, cursor: Option<String>) -> Result<Work> {
        let settings: Settings = host.settings()?;
        if settings.is("trap_on_settings") && settings.url.is_empty() {
            panic!("no address");
        }
        let next = match cursor {
            Some(cursor) if settings.is("trap_on_cursor") => cursor.parse().expect("my own cursor"),
            Some(_) if settings.is("forget_cursor") => 0,
            Some(cursor) => cursor.parse().unwrap_or(0),
            None => 0,
        };
        let answered = ask(&host, &settings, "rows")?;
        let columns = Schema::new(vec![Field::new("id", DataType::Int64)]);
        Ok(Work { host, settings, columns, next, answered })
    }
}

impl Reader for Work {
    fn columns(&self) -> Schema {
        self.columns.clone()
    }

    fn resume(&self) -> Resume {
        if self.settings.is("differ") { Resume::Replay } else { Resume::Cursor }
    }

    fn next(&mut self) -> Result<Option<Page>> {
        let end = if self.settings.is("no_rows") || !self.answered { 0 } else { 3 };
        if self.next >= end {
            return Ok(None);
        }
        let mut ids = ColumnBuilder::new(DataType::Int64);
        ids.push_i64(if self.settings.is("differ") { self.host.now() } else { self.next });
        self.next += 1;
        let cursor = (!self.settings.is("no_cursor")).then(|| self.next.to_string());
        Ok(Some(Page { cursor, ..Page::new(Batch::from_builders(vec![ids])) }))
    }
}

impl Sink for Careless {
    type Writer = Work;

    fn open(host: Host, columns: Schema, _: String) -> Result<Work> {
        let settings = host.settings()?;
        Ok(Work { host, settings, columns, next: 0, answered: true })
    }
}

impl Writer for Work {
    fn write(&mut self, rows: Batch, _: Mark) -> Result<u64> {
        if self.settings.is("trap_on_empty") && rows.rows == 0 {
            panic!("no rows");
        }
        let body = match self.settings.is("unkeyed") {
            true => self.host.now().to_string(),
            false => rows.rows.to_string(),
        };
        ask(&self.host, &self.settings, &body)?;
        Ok(rows.rows.into())
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }

    fn abort(&mut self) {
        assert!(!self.settings.is("trap_on_abort"), "cannot abort");
    }
}

impl Transform for Careless {
    type Transformer = Work;

    fn open(host: Host, columns: Schema) -> Result<Work> {
        let settings: Settings = host.settings()?;
        assert!(!settings.is("narrow") || columns.fields.len() < 100, "too many columns for me");
        let known = |field: &Field| DataType::of_format(&field.format).is_some();
        assert!(!settings.is("few_types") || columns.fields.iter().all(known), "a type I never heard of");
        Ok(Work { host, settings, columns, next: 0, answered: true })
    }
}

impl Transformer for Work {
    fn output(&self) -> Schema {
        self.columns.clone()
    }

    fn process(&mut self, mut rows: Batch) -> Result<Vec<Batch>> {
        if self.settings.is("ascii") {
            let text: String = rows.columns.iter().map(|column| String::from_utf8_lossy(&column.values)).collect();
            assert!(!text.contains('ü'), "letters I never heard of");
        }
        if self.settings.is("lost_column") {
            rows.columns.pop();
        }
        if self.settings.is("hoard") {
            let all: Vec<Vec<u8>> = (0..rows.rows / 256).map(|_| vec![1; 1 << 20]).collect();
            std::hint::black_box(all);
        }
        Ok(vec![rows])
    }
}

impl Channel for Careless {
    fn check(host: &Host) -> Result<()> {
        let settings: Settings = host.settings()?;
        if settings.is("eager_check") {
            ask(host, &settings, "only a test")?;
        }
        Ok(())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let settings: Settings = host.settings()?;
        assert!(!settings.is("trap_on_empty") || !message.title.is_empty(), "no title");
        let body = if settings.is("unkeyed") { host.now().to_string() } else { key };
        ask(host, &settings, &body)?;
        Ok(settings.is("huge_id").then(|| "x".repeat(5000)))
    }
}

plugin_sdk::export_plugin!(source: Careless, sink: Careless, transform: Careless, channel: Careless);
