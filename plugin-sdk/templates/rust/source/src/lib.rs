//! A source: hands over rows page by page, and can go on after any page.

use plugin_sdk::{
    Batch, ColumnBuilder, DataType, Error, Field, Host, Page, Reader, Result, Resume, Schema, Source,
};
use serde::Deserialize;

/// Rows of one page.
const PAGE: u64 = 1000;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    rows: u64,
    #[serde(default = "row")]
    prefix: String,
}

fn row() -> String {
    "row".to_owned()
}

/// The plugin.
struct Numbers;

/// A reading under way.
struct Reading {
    host: Host,
    settings: Settings,
    next: u64,
}

impl Source for Numbers {
    type Reader = Reading;

    fn open(host: Host, cursor: Option<String>) -> Result<Reading> {
        let settings = host.settings()?;
        // The cursor is what this plugin gave with a page: the number of the next row.
        let next = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| Error::permanent(format!("`{cursor}` is no cursor of mine")))?,
            None => 0,
        };
        Ok(Reading { host, settings, next })
    }
}

impl Reader for Reading {
    fn columns(&self) -> Schema {
        Schema::new(vec![Field::new("id", DataType::Int64), Field::new("name", DataType::Utf8)])
    }

    fn resume(&self) -> Resume {
        Resume::Cursor
    }

    fn next(&mut self) -> Result<Option<Page>> {
        if self.next >= self.settings.rows {
            return Ok(None);
        }
        let end = self.settings.rows.min(self.next + PAGE);
        let (mut ids, mut names) = (ColumnBuilder::new(DataType::Int64), ColumnBuilder::new(DataType::Utf8));
        for number in self.next..end {
            ids.push_i64(number as i64);
            names.push_str(&format!("{} {number}", self.settings.prefix));
        }
        self.next = end;
        self.host.progress(end, Some(self.settings.rows), "rows");
        let rows = Batch::from_builders(vec![ids, names]);
        Ok(Some(Page { cursor: Some(end.to_string()), ..Page::new(rows) }))
    }
}

plugin_sdk::export_plugin!(source: Numbers);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_sdk::testing::FakeHost;
    use serde_json::json;

    fn open(rows: u64, cursor: Option<&str>) -> Result<Reading> {
        let host = FakeHost::default().settings(json!({ "rows": rows })).host();
        Numbers::open(host, cursor.map(str::to_owned))
    }

    fn count(mut reading: Reading) -> u32 {
        let mut rows = 0;
        while let Some(page) = reading.next().unwrap() {
            rows += page.rows.rows;
        }
        rows
    }

    #[test]
    fn all_rows_come_and_a_cursor_yields_the_rest() {
        assert_eq!(count(open(2500, None).unwrap()), 2500);
        let mut reading = open(2500, None).unwrap();
        let cursor = reading.next().unwrap().unwrap().cursor.unwrap();
        assert_eq!(count(open(2500, Some(&cursor)).unwrap()), 1500);
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        assert!(open(1, Some("nonsense")).is_err());
    }
}
