//! The settings of the step, held against the columns of the rows.

use crate::subtable::Template;
use crate::types::{declared, is_second_key};
use plugin_sdk::{Error, Field, Host, Result, Schema};
use serde::Deserialize;

/// The name that the manifest gives the connection.
pub(crate) const STORE: &str = "store";

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) database: String,
    pub(crate) supertable: String,
    pub(crate) time: String,
    pub(crate) second_key: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) subtable: Option<String>,
    #[serde(default = "text_length")]
    pub(crate) text_length: u32,
}

fn text_length() -> u32 {
    255
}

/// Where the columns of the rows go.
#[derive(Debug)]
pub(crate) struct Places {
    /// Indexes of the time, the second key and the values, in this order.
    pub(crate) columns: Vec<usize>,
    /// Those of the tags.
    pub(crate) tags: Vec<usize>,
    /// The template of the subtables' names, its columns as indexes into the tags.
    pub(crate) template: Option<Template>,
}

impl Config {
    /// The settings as far as they can be judged without rows.
    pub(crate) fn of(host: &Host) -> Result<Self> {
        let config: Self = host.settings()?;
        for (field, name) in [("database", &config.database), ("supertable", &config.supertable)] {
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(Error::config(field, format!("`{field}` is a name of letters, digits and `_`")));
            }
        }
        Ok(config)
    }

    /// Holds the settings against the columns.
    pub(crate) fn places(&self, columns: &Schema) -> Result<Places> {
        let find = |setting: &str, name: &str| {
            let found = columns.fields.iter().position(|field| field.name == name);
            found.ok_or_else(|| Error::config(setting, format!("the rows have no column `{name}`")))
        };
        let time = find("time", &self.time)?;
        let format = &columns.fields[time].format;
        if !format.starts_with("ts") && !format.starts_with("td") {
            return Err(Error::config("time", format!("column `{}` is neither a timestamp nor a day", self.time)));
        }
        let tags = self.tags.iter().map(|name| find("tags", name)).collect::<Result<Vec<_>>>()?;
        if tags.is_empty() {
            return Err(Error::config("tags", "a supertable needs at least one tag"));
        }
        let mut order = vec![time];
        if let Some(name) = &self.second_key {
            let second = find("second_key", name)?;
            if !is_second_key(&columns.fields[second].format) {
                let message = format!("column `{name}` is neither a whole number of 32 or 64 bits nor text");
                return Err(Error::config("second_key", message));
            }
            order.push(second);
        }
        if let Some(tag) = self.tags.iter().find(|tag| order.iter().any(|index| columns.fields[*index].name == **tag)) {
            return Err(Error::config("tags", format!("column `{tag}` tells rows apart and cannot be a tag, too")));
        }
        let rest = (0..columns.fields.len()).filter(|index| !order.contains(index) && !tags.contains(index));
        let rest: Vec<usize> = rest.collect();
        order.extend(rest);
        if order.len() < 2 {
            return Err(Error::data("besides time and tags the rows have no column; TDengine wants one at least"));
        }
        for field in &columns.fields {
            quote(&field.name)?;
        }
        let template = self.subtable.as_deref().map(|text| Template::parse(text, &self.tags)).transpose()?;
        Ok(Places { columns: order, tags, template })
    }

    /// The statement that makes the supertable.
    pub(crate) fn create(&self, places: &Places, columns: &Schema) -> Result<String> {
        let line = |index: &usize| {
            let field: &Field = &columns.fields[*index];
            let native = declared(&field.format, self.text_length).ok_or_else(|| {
                let message =
                    format!("column `{}` has a type that TDengine cannot hold: `{}`", field.name, field.format);
                Error::data(message)
            })?;
            let key = if self.second_key.as_ref() == Some(&field.name) { " COMPOSITE KEY" } else { "" };
            Ok(format!("{} {native}{key}", quote(&field.name)?))
        };
        let lines =
            |indexes: &[usize]| Ok::<_, Error>(indexes.iter().map(line).collect::<Result<Vec<_>>>()?.join(", "));
        Ok(format!(
            "CREATE STABLE IF NOT EXISTS {} ({}) TAGS ({})",
            self.table(&self.supertable)?,
            lines(&places.columns)?,
            lines(&places.tags)?
        ))
    }

    /// A table of the database, quoted.
    pub(crate) fn table(&self, name: &str) -> Result<String> {
        Ok(format!("{}.{}", quote(&self.database)?, quote(name)?))
    }
}

/// A name in backticks, within which there is no way to spell another.
pub(crate) fn quote(name: &str) -> Result<String> {
    if name.is_empty() || name.contains(['`', '\0']) {
        return Err(Error::data(format!("TDengine has no way to spell the name `{}`", name.replace(['`', '\0'], "?"))));
    }
    Ok(format!("`{name}`"))
}

/// Names in backticks, between parentheses.
pub(crate) fn quoted_list(indexes: &[usize], columns: &Schema) -> Result<String> {
    let names = indexes.iter().map(|index| quote(&columns.fields[*index].name)).collect::<Result<Vec<_>>>()?;
    Ok(format!("({})", names.join(", ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::DataType;
    use plugin_sdk::testing::FakeHost;
    use serde_json::{Value, json};

    fn columns() -> Schema {
        Schema::new(vec![
            Field::new("ts", DataType::TimestampMicros),
            Field::new("seq", DataType::Int64),
            Field::new("price", DataType::Float64),
            Field::new("code", DataType::Utf8),
        ])
    }

    fn config(more: Value) -> Config {
        let mut settings = json!({ "database": "market", "supertable": "tick", "time": "ts", "tags": ["code"] });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Config::of(&FakeHost::default().settings(settings).host()).unwrap()
    }

    #[test]
    fn a_supertable_is_made_of_time_second_key_values_and_tags() {
        let config = config(json!({ "second_key": "seq" }));
        let places = config.places(&columns()).unwrap();
        let expected = "CREATE STABLE IF NOT EXISTS `market`.`tick` (`ts` TIMESTAMP, `seq` BIGINT COMPOSITE KEY, \
                        `price` DOUBLE) TAGS (`code` NCHAR(255))";
        assert_eq!(config.create(&places, &columns()).unwrap(), expected);
    }

    #[test]
    fn settings_that_no_supertable_can_have_name_their_key() {
        for (settings, field) in [
            (json!({ "time": "price" }), "time"),
            (json!({ "time": "nothing" }), "time"),
            (json!({ "tags": [] }), "tags"),
            (json!({ "tags": ["ts"] }), "tags"),
            (json!({ "tags": ["nothing"] }), "tags"),
            (json!({ "second_key": "price" }), "second_key"),
            (json!({ "subtable": "t_{price}" }), "subtable"),
            (json!({ "subtable": "t" }), "subtable"),
        ] {
            let error = config(settings.clone()).places(&columns()).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field), "{settings}: {error}");
        }
        assert!(config(json!({ "tags": ["seq", "price", "code"] })).places(&columns()).is_err());
    }
}
