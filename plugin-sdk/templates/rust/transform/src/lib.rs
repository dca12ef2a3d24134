//! A transform: changes one column and hands all others on as they are.

use plugin_sdk::{Batch, ColumnBuilder, DataType, Error, Field, Host, Result, Schema, Transform, Transformer};
use serde::Deserialize;

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    column: String,
}

/// The plugin.
struct Capitals;

/// A change under way.
struct Change {
    columns: Schema,
    place: usize,
}

impl Transform for Capitals {
    type Transformer = Change;

    fn open(host: Host, columns: Schema) -> Result<Change> {
        let settings: Settings = host.settings()?;
        let place = columns.fields.iter().position(|field| field.name == settings.column).ok_or_else(|| {
            let known = columns.fields.iter().take(20).map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
            Error::config("column", format!("there is no column `{}`; the columns are {known}", settings.column))
        })?;
        let Field { name, format, .. } = &columns.fields[place];
        if DataType::of_format(format) != Some(DataType::Utf8) {
            return Err(Error::config("column", format!("column `{name}` is no text")));
        }
        Ok(Change { columns, place })
    }
}

impl Transformer for Change {
    fn output(&self) -> Schema {
        self.columns.clone()
    }

    fn process(&mut self, mut rows: Batch) -> Result<Vec<Batch>> {
        let mut changed = ColumnBuilder::new(DataType::Utf8);
        let view = rows.view(self.place, &self.columns.fields[self.place]);
        for row in 0..rows.rows as usize {
            match view.and_then(|view| view.str(row)) {
                Some(text) => changed.push_str(&text.to_uppercase()),
                None => changed.push_null(),
            }
        }
        rows.columns[self.place] = changed.finish();
        Ok(vec![rows])
    }
}

plugin_sdk::export_plugin!(transform: Capitals);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_sdk::CellReader;
    use plugin_sdk::testing::{FakeHost, rows_of};
    use serde_json::json;

    fn open(column: &str) -> Result<Change> {
        let columns = Schema::new(vec![Field::new("id", DataType::Int64), Field::new("name", DataType::Utf8)]);
        Capitals::open(FakeHost::default().settings(json!({ "column": column })).host(), columns)
    }

    #[test]
    fn texts_become_capitals_and_nulls_stay() {
        let (mut ids, mut names) = (ColumnBuilder::new(DataType::Int64), ColumnBuilder::new(DataType::Utf8));
        ids.push_i64(1);
        names.push_str("grün");
        ids.push_i64(2);
        names.push_null();
        let mut change = open("name").unwrap();
        let out = change.process(Batch::from_builders(vec![ids, names])).unwrap();
        let cells = CellReader::all(&change.output().fields).unwrap();
        assert_eq!(rows_of(&out[0], &cells), ["1 GRÜN", "2 ∅"]);
    }

    #[test]
    fn a_column_that_is_missing_or_no_text_is_refused_by_name() {
        for column in ["nmae", "id"] {
            let error = open(column).err().unwrap();
            assert_eq!(error.field.as_deref(), Some("column"));
            assert!(error.message.contains(column), "{error}");
        }
    }
}
