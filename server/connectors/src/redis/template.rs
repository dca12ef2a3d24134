//! Key templates: `quote:{symbol}`, with columns in braces; two braces mean one.

use crate::cell;
use crate::error::column_not_found;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::{Error, Result};
use model::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(String),
}

/// A key with columns in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    /// Reads a template whose columns are all in the schema.
    pub(super) fn parse(text: &str, schema: &SchemaRef) -> Result<Self> {
        let template = Self::read(text)?;
        for name in template.columns() {
            if schema.index_of(name).is_err() {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                return Err(column_not_found(name, "the batch", names));
            }
        }
        Ok(template)
    }

    /// Reads a template, whatever its columns.
    pub(super) fn read(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::permanent(ErrorCode::InvalidValue, format!("key template `{text}` {why}"))
                .hint("Write it like `quote:{symbol}`.")
        };
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '{' | '}' if chars.peek() == Some(&char) => {
                    chars.next();
                    plain.push(char);
                }
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(char) => name.push(char),
                            None => return Err(wrong("has a brace that is not closed")),
                        }
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Column(name));
                }
                '}' => return Err(wrong("has a brace that was not opened")),
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        if parts.is_empty() {
            return Err(wrong("is empty"));
        }
        Ok(Self(parts))
    }

    /// Names of its columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Column(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Whether every row has the same key.
    pub(super) fn is_constant(&self) -> bool {
        self.columns().next().is_none()
    }

    /// The one key of a template without columns.
    pub(super) fn constant(&self) -> String {
        let texts = self.0.iter().map(|part| match part {
            Part::Text(text) | Part::Column(text) => text.as_str(),
        });
        texts.collect()
    }

    /// The pattern of all keys it makes.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => pattern.push_str(&escaped(text)),
                Part::Column(_) => pattern.push('*'),
            }
        }
        pattern
    }

    /// The values of its columns in a key; `None` where the key is not of this template. A value ends where the text
    /// after its column first begins.
    pub(super) fn captures(&self, key: &str) -> Option<Vec<(&str, String)>> {
        let mut rest = key;
        let mut captures = Vec::new();
        let mut parts = self.0.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Column(name) => {
                    let end = match parts.peek() {
                        Some(Part::Text(next)) => rest.find(next.as_str())?,
                        Some(Part::Column(_)) => 0,
                        None => rest.len(),
                    };
                    captures.push((name.as_str(), rest[..end].to_owned()));
                    rest = &rest[end..];
                }
            }
        }
        rest.is_empty().then_some(captures)
    }

    /// The key of a row; the error names the column that is NULL.
    pub(super) fn key(&self, records: &RecordBatch, row: usize) -> Result<String, String> {
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => key.push_str(text),
                Part::Column(name) => match records.column_by_name(name) {
                    // The usual key, without the detour of what can spell any type.
                    Some(array) if array.is_valid(row) && *array.data_type() == DataType::Utf8 => {
                        key.push_str(array.as_string::<i32>().value(row));
                    }
                    array => match array.and_then(|array| cell::text(array, row)) {
                        Some(value) => key.push_str(&value),
                        None => return Err(format!("column `{name}` is NULL and cannot be part of the key")),
                    },
                },
            }
        }
        Ok(key)
    }
}

/// The text as a pattern that means itself only.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '*' | '?' | '[' | ']' | '\\' | '^') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_gives_the_columns_of_its_template_back() {
        let check = |template: &str, key: &str, expected: Option<&[(&str, &str)]>| {
            let template = Template::read(template).unwrap();
            let found = template.captures(key);
            let found = found.map(|found| found.into_iter().map(|(a, b)| (a.to_owned(), b)).collect::<Vec<_>>());
            let expected =
                expected.map(|pairs| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>());
            assert_eq!(found, expected, "{key}");
        };
        check("quote:{symbol}", "quote:AAPL", Some(&[("symbol", "AAPL")]));
        check("q:{a}:{b}", "q:x:y:z", Some(&[("a", "x"), ("b", "y:z")]));
        check("{a}!", "日本!", Some(&[("a", "日本")]));
        check("{{x}}:{a}", "{x}:1", Some(&[("a", "1")]));
        check("quote:{symbol}", "other:AAPL", None);
        check("q:{a}:end", "q:1:endless", None);
        assert_eq!(Template::read("a*[b]:{c}").unwrap().pattern(), "a\\*\\[b\\]:*");
        assert_eq!(Template::read("{a").unwrap_err().code(), ErrorCode::InvalidValue);
    }
}
