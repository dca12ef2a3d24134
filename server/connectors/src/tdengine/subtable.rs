//! Names of subtables: from a template such as `t_{symbol}`, or from the tags' values.

use data::{Error, Result};
use model::ErrorCode;
use sha2::{Digest, Sha256};

/// The longest name of a table, in bytes.
const LONGEST: usize = 192;

/// How the name of a row's subtable comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column(String),
}

impl Template {
    /// Reads a template; two braces mean one.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let invalid = |why: &str| {
            Error::permanent(ErrorCode::InvalidValue, format!("template `{text}` of subtable names {why}"))
                .hint("Write it like `t_{symbol}`; two braces mean one.")
        };
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    plain.push('{');
                }
                '}' if chars.peek() == Some(&'}') => {
                    chars.next();
                    plain.push('}');
                }
                '{' => {
                    let mut column = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(char) => column.push(char),
                            None => return Err(invalid("has an opening brace without closing one")),
                        }
                    }
                    if column.trim().is_empty() {
                        return Err(invalid("names a column without a name"));
                    }
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Column(column.trim().to_owned()));
                }
                '}' => return Err(invalid("has a closing brace without opening one")),
                char => plain.push(char),
            }
        }
        parts.push(Part::Text(plain));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        let template = Self { parts };
        if template.columns().next().is_none() {
            return Err(invalid("names no column, so that all rows would go into one subtable"));
        }
        Ok(template)
    }

    /// The columns it names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The name for the values of its columns, in their order.
    pub(super) fn name(&self, mut values: impl Iterator<Item = String>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Column(_) => name.push_str(&values.next().unwrap_or_default()),
            }
        }
        cleaned(&name)
    }
}

/// In lower case, of letters, digits and `_`, not beginning with a digit, not too long: a name that needs no quotes.
fn cleaned(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain = lower.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let mut clean: String =
        lower.chars().map(|char| if char.is_ascii_lowercase() || char.is_ascii_digit() { char } else { '_' }).collect();
    if clean.is_empty() || clean.starts_with(|char: char| char.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    // Beyond ASCII different values would be spelled alike; a digest keeps them apart.
    if (!plain && !name.is_ascii()) || clean.len() > LONGEST {
        clean.truncate(LONGEST - 17);
        clean.push('_');
        clean.push_str(&digest([name]));
    }
    clean
}

/// A name from all tags, for a supertable whose write names no template.
pub(super) fn from_tags<'a>(stable: &str, tags: impl IntoIterator<Item = &'a str>) -> String {
    cleaned(&format!("{}_{}", cleaned(stable), digest(tags)))
}

/// The first 16 hex digits of a digest of the values, each with its length before it.
fn digest<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for value in values {
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value.as_bytes());
    }
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(template: &str, values: &[&str]) -> String {
        Template::parse(template).unwrap().name(values.iter().map(|&value| value.to_owned()))
    }

    #[test]
    fn names_need_no_quotes() {
        assert_eq!(name("k1d_{code}", &["600000.SH"]), "k1d_600000_sh");
        assert_eq!(name("{code}", &["600000"]), "_600000");
        assert_eq!(name("t_{a}_{b}", &["X", "y z"]), "t_x_y_z");
        assert_eq!(name("{{{a}}}", &["x"]), "_x_");
    }

    #[test]
    fn names_beyond_ascii_and_long_ones_stay_apart() {
        assert_ne!(name("t_{name}", &["浦发"]), name("t_{name}", &["平安"]));
        let long = |end: &str| name("t_{name}", &[&format!("{}{end}", "x".repeat(300))]);
        assert_eq!(long("a").len(), LONGEST);
        assert_ne!(long("a"), long("b"));
        assert_ne!(from_tags("s", ["ab", "c"]), from_tags("s", ["a", "bc"]));
    }

    #[test]
    fn templates_that_mean_nothing_are_refused() {
        for wrong in ["t", "t_{", "t_}", "t_{}", "{{x}}"] {
            assert_eq!(Template::parse(wrong).unwrap_err().code(), ErrorCode::InvalidValue, "{wrong}");
        }
    }
}
