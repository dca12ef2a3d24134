//! Changes the columns that are named and hands all others on as they are.

use crate::config::{Config, Method};
use crate::detect::hide;
use plugin_sdk::sign::{hex, hmac_sha256};
use plugin_sdk::{
    Batch, CellReader, Column, ColumnBuilder, DataType, Error, Field, Host, Result, Schema, Transform, Transformer,
};

/// The plugin.
pub(crate) struct MaskPii;

/// A change under way.
pub(crate) struct Masking {
    config: Config,
    output: Schema,
    /// Place, method and reader of each column that changes.
    changes: Vec<(usize, Method, CellReader)>,
    /// What digests are made with; empty where none is asked for.
    key: Vec<u8>,
}

impl Transform for MaskPii {
    type Transformer = Masking;

    fn check(host: &Host) -> Result<()> {
        let config: Config = host.settings()?;
        key_of(host, &config).map(|_| ())
    }

    fn open(host: Host, columns: Schema) -> Result<Masking> {
        let config: Config = host.settings()?;
        let key = key_of(&host, &config)?;
        let (mut output, mut changes) = (columns.clone(), Vec::new());
        for (name, method) in &config.columns {
            let place = columns.fields.iter().position(|field| field.name == *name).ok_or_else(|| {
                let known = columns.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
                Error::config("columns", format!("`columns` names `{name}`, but the columns are {known}"))
            })?;
            let field = &columns.fields[place];
            let is_text = DataType::of_format(&field.format) == Some(DataType::Utf8);
            if matches!(method, Method::Email | Method::Detect) && !is_text {
                return Err(Error::config("columns", format!("column `{name}` is no text, so nothing is found in it")));
            }
            let changed = match method {
                Method::Null => Field { nullable: true, ..field.clone() },
                // What a digest or a mark stands in is text, whatever it was.
                _ => Field {
                    nullable: field.nullable,
                    metadata: field.metadata.clone(),
                    ..Field::new(name.as_str(), DataType::Utf8)
                },
            };
            output.fields[place] = changed;
            changes.push((place, *method, CellReader::new(place, field)?));
        }
        Ok(Masking { config, output, changes, key })
    }
}

/// The key of digests, where one is needed: without a key, short values could be found by trying.
fn key_of(host: &Host, config: &Config) -> Result<Vec<u8>> {
    if !config.columns.values().any(|method| *method == Method::Hash) {
        return Ok(Vec::new());
    }
    let key = host.secret("key")?;
    match key.len() {
        16.. => Ok(key.into_bytes()),
        _ => Err(Error::config("key", "the secret `key` must have 16 characters at least")),
    }
}

impl Masking {
    fn text(&self, method: Method, value: &str) -> String {
        let mark = self.config.mark.as_str();
        match method {
            Method::Null | Method::Redact => mark.to_owned(),
            Method::Hash => hex(&hmac_sha256(&self.key, value.as_bytes())[..16]),
            Method::Last4 => {
                let characters: Vec<char> = value.chars().collect();
                // Of a short value four characters would be all.
                let keep = if characters.len() >= 8 { 4 } else { 0 };
                let last: String = characters[characters.len() - keep..].iter().collect();
                format!("{mark}{last}")
            }
            Method::Email => match value.rsplit_once('@') {
                Some((_, domain)) => format!("{mark}@{domain}"),
                None => mark.to_owned(),
            },
            Method::Detect => hide(value, &self.config.detect, mark),
        }
    }
}

/// As many nulls; nothing of the values is left behind them.
fn nulls(column: &Column, rows: usize) -> Column {
    Column {
        validity: vec![0; rows.div_ceil(8)],
        offsets: vec![0; column.offsets.len()],
        values: if column.offsets.is_empty() { vec![0; column.values.len()] } else { Vec::new() },
    }
}

impl Transformer for Masking {
    fn output(&self) -> Schema {
        self.output.clone()
    }

    fn process(&mut self, mut rows: Batch) -> Result<Vec<Batch>> {
        let count = rows.rows as usize;
        for (place, method, cell) in &self.changes {
            let changed = if *method == Method::Null {
                nulls(&rows.columns[*place], count)
            } else {
                let mut builder = ColumnBuilder::new(DataType::Utf8);
                for row in 0..count {
                    match cell.cell(&rows, row).to_text() {
                        Some(text) => builder.push_str(&self.text(*method, &text)),
                        None => builder.push_null(),
                    }
                }
                builder.finish()
            };
            rows.columns[*place] = changed;
        }
        Ok(vec![rows])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::ErrorKind;
    use plugin_sdk::testing::{FakeHost, rows_of};
    use serde_json::{Value, json};

    fn rows() -> (Schema, Batch) {
        let mut name = ColumnBuilder::new(DataType::Utf8);
        let mut number = ColumnBuilder::new(DataType::Int64);
        let mut other = ColumnBuilder::new(DataType::Float64);
        for (text, value) in [(Some("ann@mail.example"), 1), (None, 2), (Some("call +4915123456789"), 12_345_678)] {
            match text {
                Some(value) => name.push_str(value),
                None => name.push_null(),
            }
            number.push_i64(value);
            other.push_f64(0.5);
        }
        let fields = vec![
            Field::new("name", DataType::Utf8),
            Field::new("number", DataType::Int64),
            Field::new("other", DataType::Float64),
        ];
        (Schema::new(fields), Batch::from_builders(vec![name, number, other]))
    }

    fn mask(settings: Value) -> Result<(Schema, Batch)> {
        let host = FakeHost::default().settings(settings).with_secret("key", "a key of sixteen characters").host();
        let (schema, batch) = rows();
        let mut masking = MaskPii::open(host, schema)?;
        let batch = masking.process(batch)?.remove(0);
        Ok((masking.output(), batch))
    }

    fn check(settings: Value, expected: [&str; 3]) {
        let (schema, batch) = mask(settings.clone()).unwrap();
        assert_eq!(rows_of(&batch, &CellReader::all(&schema.fields).unwrap()), expected, "{settings}");
    }

    #[test]
    fn each_method_hides_what_it_should_and_nulls_stay() {
        check(json!({ "columns": { "name": "redact" } }), ["*** 1 0.5", "∅ 2 0.5", "*** 12345678 0.5"]);
        check(json!({ "columns": { "name": "null", "number": "null" } }), ["∅ ∅ 0.5"; 3]);
        check(
            json!({ "columns": { "number": "last4" }, "mark": "#" }),
            ["ann@mail.example # 0.5", "∅ # 0.5", "call +4915123456789 #5678 0.5"],
        );
        check(json!({ "columns": { "name": "email" } }), ["***@mail.example 1 0.5", "∅ 2 0.5", "*** 12345678 0.5"]);
        check(json!({ "columns": { "name": "detect" } }), ["*** 1 0.5", "∅ 2 0.5", "call *** 12345678 0.5"]);
        let only = json!({ "columns": { "name": "detect" }, "detect": ["phone"] });
        check(only, ["ann@mail.example 1 0.5", "∅ 2 0.5", "call *** 12345678 0.5"]);
    }

    #[test]
    fn digests_are_the_same_for_the_same_value_and_key() {
        let (schema, batch) = mask(json!({ "columns": { "number": "hash" } })).unwrap();
        let (_, again) = mask(json!({ "columns": { "number": "hash" } })).unwrap();
        assert_eq!(batch, again);
        let shown = rows_of(&batch, &CellReader::all(&schema.fields).unwrap());
        let expected = hex(&hmac_sha256(b"a key of sixteen characters", b"1")[..16]);
        assert_eq!(shown[0], format!("ann@mail.example {expected} 0.5"));
    }

    #[test]
    fn nothing_of_a_value_is_left_behind_a_null() {
        let (_, batch) = mask(json!({ "columns": { "name": "null", "number": "null" } })).unwrap();
        assert!(batch.columns[0].values.is_empty());
        assert!(batch.columns[1].values.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn settings_that_do_not_fit_are_told_before_any_row() {
        for (settings, kind) in [
            (json!({ "columns": { "nane": "null" } }), ErrorKind::Config),
            (json!({ "columns": { "number": "detect" } }), ErrorKind::Config),
            (json!({ "columns": { "number": "email" } }), ErrorKind::Config),
        ] {
            assert_eq!(mask(settings.clone()).unwrap_err().kind, kind, "{settings}");
        }
        let hash = json!({ "columns": { "name": "hash" } });
        let host = FakeHost::default().settings(hash.clone()).host();
        assert_eq!(MaskPii::check(&host).unwrap_err().kind, ErrorKind::Denied);
        let host = FakeHost::default().settings(hash).with_secret("key", "short").host();
        assert_eq!(MaskPii::check(&host).unwrap_err().field.as_deref(), Some("key"));
    }
}
