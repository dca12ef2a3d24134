//! Names and literals as TDengine spells them, and statements in their parts.

use crate::name::TableName;
use data::{Error, Result};
use model::ErrorCode;

/// The identifier in backticks, in which case and special characters are kept.
pub(super) fn quote(name: &str) -> Result<String> {
    if name.is_empty() || name.contains(['`', '\0']) {
        let message = format!("TDengine has no way to spell the name `{}`", name.replace(['`', '\0'], "�"));
        return Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Use a name without backticks."));
    }
    Ok(format!("`{name}`"))
}

pub(super) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<String> {
    Ok(names.into_iter().map(quote).collect::<Result<Vec<_>>>()?.join(", "))
}

/// Appends a text literal; backslashes escape in TDengine.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('\'');
    for char in text.chars() {
        if matches!(char, '\'' | '\\') {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('\'');
}

pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_text(&mut out, text);
    out
}

/// A table with the database it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) database: String,
    pub(super) table: String,
}

impl Place {
    /// Reads `table` or `database.table`.
    pub(super) fn parse(name: &str, database: Option<&str>) -> Result<Self> {
        let parts = TableName::parse(name);
        let Some(database) = parts.schema.or_else(|| database.map(str::to_owned)) else {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("nothing says in which database `{name}` is"),
            )
            .hint("Name a `database` in the connection, or write `database.table`."));
        };
        Ok(Self { database, table: parts.table })
    }

    pub(super) fn quoted(&self) -> Result<String> {
        self.beside(&self.table)
    }

    /// Another table of the same database, quoted.
    pub(super) fn beside(&self, table: &str) -> Result<String> {
        Ok(format!("{}.{}", quote(&self.database)?, quote(table)?))
    }
}

/// Statements parted by semicolons outside of quotes and comments; empty ones are left out.
pub(super) fn split(sql: &str) -> Vec<&str> {
    let bytes = sql.as_bytes();
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += 1 + usize::from(bytes[at] == b'\\' && quote != b'`');
                }
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    at += 1;
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = sql[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 1);
            }
            b';' => {
                parts.push(&sql[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    parts.push(&sql[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_part_nothing() {
        let sql = "insert into `a;b` values (1, 'it\\'s; \\\\'); -- x;\nselect \"';\" /* ; */ from t;;";
        assert_eq!(
            split(sql),
            ["insert into `a;b` values (1, 'it\\'s; \\\\')", " -- x;\nselect \"';\" /* ; */ from t"]
        );
        assert_eq!(split("select 'open"), ["select 'open"]);
    }

    #[test]
    fn names_that_cannot_be_spelled_are_refused() {
        assert_eq!(quote("sp ace'日本").unwrap(), "`sp ace'日本`");
        assert_eq!(quote("a`; drop database x").unwrap_err().code(), ErrorCode::InvalidValue);
        assert_eq!(literal("it's \\ ok"), "'it\\'s \\\\ ok'");
    }
}
