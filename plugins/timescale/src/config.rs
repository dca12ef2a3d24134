//! The settings of the step, held against the columns of the rows.

use plugin_sdk::{Error, Host, Result, Schema};
use serde::Deserialize;

/// The name that the manifest gives the connection.
pub(crate) const STORE: &str = "store";
/// The column that keeps the order of a batch's rows while they wait beside the table.
pub(crate) const ORDER: &str = "_sluice_row";

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) table: String,
    pub(crate) time: String,
    #[serde(default)]
    pub(crate) key: Vec<String>,
    pub(crate) chunk_interval: Option<String>,
    #[serde(default)]
    pub(crate) migrate_data: bool,
    #[serde(default)]
    pub(crate) segment_by: Vec<String>,
    pub(crate) compress_after: Option<String>,
    pub(crate) drop_after: Option<String>,
    #[serde(default)]
    pub(crate) extension: Extension,
}

/// What happens where the database lacks what the settings ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Extension {
    /// It is done without, with a warning.
    #[default]
    Preferred,
    /// The step fails.
    Required,
}

impl Config {
    /// The settings as far as they can be judged without rows.
    pub(crate) fn of(host: &Host) -> Result<Self> {
        let config: Self = host.settings()?;
        let parts: Vec<&str> = config.table.split('.').collect();
        if parts.len() > 2 || parts.iter().any(|part| part.is_empty() || part.len() > 63 || part.contains('\0')) {
            return Err(Error::config("table", "`table` is the name of a table, or `schema.table`"));
        }
        if !config.key.is_empty() && !config.key.contains(&config.time) {
            let message = format!(
                "`key` lacks `{}`: a hypertable tells rows apart by its time column and others, never without it",
                config.time
            );
            return Err(Error::config("key", message));
        }
        for (field, text) in [("compress_after", &config.compress_after), ("drop_after", &config.drop_after)] {
            if text.as_deref().is_some_and(|text| !is_interval(text)) {
                return Err(Error::config(field, format!("`{field}` is an age such as `7 days`")));
            }
        }
        Ok(config)
    }

    /// Holds the settings against the columns.
    pub(crate) fn check(&self, columns: &Schema) -> Result<()> {
        let format = |name: &str| columns.fields.iter().find(|field| field.name == name).map(|field| &field.format);
        let Some(time) = format(&self.time) else {
            return Err(Error::config("time", format!("the rows have no column `{}`", self.time)));
        };
        for (field, names) in [("key", &self.key), ("segment_by", &self.segment_by)] {
            if let Some(name) = names.iter().find(|name| format(name).is_none()) {
                return Err(Error::config(field, format!("the rows have no column `{name}`")));
            }
        }
        if format(ORDER).is_some() {
            return Err(Error::data(format!("a column cannot be named `{ORDER}`")));
        }
        let counts = matches!(time.as_str(), "s" | "i" | "l");
        if !counts && !time.starts_with("ts") && !time.starts_with("td") {
            let message = format!("column `{}` is no timestamp, day or whole number", self.time);
            return Err(Error::config("time", message));
        }
        match &self.chunk_interval {
            None if counts => {
                let message = format!("column `{}` holds whole numbers: say how many make a chunk", self.time);
                Err(Error::config("chunk_interval", message))
            }
            Some(text) if counts && !is_number(text) => {
                let message = format!("column `{}` holds whole numbers: `{text}` is none", self.time);
                Err(Error::config("chunk_interval", message))
            }
            Some(text) if !counts && !is_interval(text) => {
                Err(Error::config("chunk_interval", format!("`{text}` is no interval such as `1 day`")))
            }
            _ if counts && (self.compress_after.is_some() || self.drop_after.is_some()) => {
                let field = if self.compress_after.is_some() { "compress_after" } else { "drop_after" };
                let message = format!("column `{}` holds whole numbers, of which TimescaleDB knows no age", self.time);
                Err(Error::config(field, message))
            }
            _ => Ok(()),
        }
    }

    /// Schema and name of the table.
    pub(crate) fn place(&self) -> (&str, &str) {
        self.table.split_once('.').unwrap_or(("public", &self.table))
    }
}

/// A whole number from 1 on that fits a bigint.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok_and(|number| number > 0)
}

fn is_interval(text: &str) -> bool {
    const UNITS: [&str; 6] = ["minute", "hour", "day", "week", "month", "year"];
    text.split_once(' ')
        .is_some_and(|(number, unit)| is_number(number) && UNITS.contains(&unit.strip_suffix('s').unwrap_or(unit)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::FakeHost;
    use plugin_sdk::{DataType, Field};
    use serde_json::{Value, json};

    fn check(more: Value) -> Result<(), String> {
        let mut settings = json!({ "table": "bars", "time": "day" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let columns = Schema::new(vec![
            Field::new("day", DataType::Date32),
            Field::new("code", DataType::Utf8),
            Field::new("n", DataType::Int64),
        ]);
        let host = FakeHost::default().settings(settings).host();
        let outcome = Config::of(&host).and_then(|config| config.check(&columns));
        outcome.map_err(|error| error.field.unwrap_or(error.message))
    }

    #[test]
    fn settings_that_no_hypertable_can_have_name_their_key() {
        assert_eq!(check(json!({ "key": ["code", "day"], "chunk_interval": "1 day" })), Ok(()));
        assert_eq!(check(json!({ "time": "n", "chunk_interval": "1000000" })), Ok(()));
        for (settings, field) in [
            // Every unique key holds the partition column: TS103.
            (json!({ "key": ["code"] }), "key"),
            (json!({ "key": ["day", "nothing"] }), "key"),
            (json!({ "segment_by": ["nothing"] }), "segment_by"),
            (json!({ "time": "code" }), "time"),
            (json!({ "time": "nothing" }), "time"),
            // For a column of whole numbers the width must be given, in its own unit.
            (json!({ "time": "n" }), "chunk_interval"),
            (json!({ "time": "n", "chunk_interval": "1 day" }), "chunk_interval"),
            (json!({ "chunk_interval": "86400000000" }), "chunk_interval"),
            (json!({ "chunk_interval": "1 day'); DROP TABLE bars; --" }), "chunk_interval"),
            (json!({ "time": "n", "chunk_interval": "9", "drop_after": "1 year" }), "drop_after"),
            (json!({ "compress_after": "7" }), "compress_after"),
            (json!({ "drop_after": "99999999999999999999 days" }), "drop_after"),
            (json!({ "table": "a.b.c" }), "table"),
            (json!({ "table": "" }), "table"),
        ] {
            assert_eq!(check(settings.clone()).unwrap_err(), field, "{settings}");
        }
    }
}
