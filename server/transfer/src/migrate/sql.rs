//! Names and values in each system's own SQL, and the texts that its catalogs answer with.

use crate::tables::parts;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use data::connector::ReadOptions;
use data::{Connector, Result, System};

/// A name between quotes.
pub(super) fn quote(system: System, name: &str) -> String {
    match system {
        System::Mysql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// The name of a table, its schema included, between quotes.
pub(super) fn quote_table(system: System, name: &str) -> String {
    parts(name).iter().map(|part| quote(system, part)).collect::<Vec<_>>().join(".")
}

/// The table's name without its schema.
pub(super) fn bare(name: &str) -> String {
    parts(name).pop().unwrap_or_default()
}

/// A text between quotes.
pub(super) fn literal(system: System, text: &str) -> String {
    let text = text.replace('\'', "''");
    match system {
        System::Mysql => format!("'{}'", text.replace('\\', "\\\\")),
        _ => format!("'{text}'"),
    }
}

/// A value of the settings as a literal; `None` for lists and objects.
pub(super) fn value(system: System, value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    Some(match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) => match (system, flag) {
            (System::Sqlite, flag) => u8::from(*flag).to_string(),
            (_, true) => "TRUE".to_owned(),
            (_, false) => "FALSE".to_owned(),
        },
        Value::Number(number) => number.to_string(),
        Value::String(text) => literal(system, text),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The rows of a query of `N` columns as texts; NULL is empty.
pub(super) async fn texts<const N: usize>(from: &dyn Connector, sql: &str) -> Result<Vec<[String; N]>> {
    let mut rows = Vec::new();
    let mut source = from.read(ReadOptions::query(sql)).await?;
    while let Some(batch) = source.next().await? {
        let columns = batch.records.columns().iter().map(|column| cast(column, &DataType::Utf8));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        for row in 0..batch.records.num_rows() {
            rows.push(std::array::from_fn(|at| {
                let column = columns[at].as_string::<i32>();
                if column.is_valid(row) { column.value(row).to_owned() } else { String::new() }
            }));
        }
    }
    Ok(rows)
}

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A name, unquoted.
    Name(String),
    /// A word that is no quoted name: a keyword, a function or a plain name.
    Word(String),
    /// A text, as its content.
    Text(String),
    Number(String),
    Sign(String),
}

/// The pieces of an expression of `system`; `None` where one is not understood.
pub(super) fn pieces(system: System, text: &str) -> Option<Vec<Piece>> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let char = chars[at];
        let run = |start: usize, is: &dyn Fn(char) -> bool| {
            chars[start..].iter().take_while(|char| is(**char)).collect::<String>()
        };
        match char {
            char if char.is_whitespace() => at += 1,
            '\'' | '"' | '`' => {
                let (content, end) = quoted(&chars, at, system == System::Mysql && char != '`')?;
                at = end;
                let is_text = char == '\'' || (char == '"' && system == System::Mysql);
                found.push(if is_text { Piece::Text(content) } else { Piece::Name(content) });
            }
            char if char.is_ascii_digit() => {
                let number = run(at, &|char| char.is_ascii_digit() || char == '.');
                at += number.chars().count();
                found.push(Piece::Number(number));
            }
            char if char.is_alphabetic() || char == '_' => {
                let word = run(at, &|char| char.is_alphanumeric() || char == '_');
                at += word.chars().count();
                found.push(Piece::Word(word));
            }
            _ => {
                let two: String = chars[at..].iter().take(2).collect();
                let sign = match two.as_str() {
                    "<=" | ">=" | "<>" | "!=" | "::" | "||" => two,
                    _ => char.to_string(),
                };
                at += sign.chars().count();
                found.push(Piece::Sign(sign));
            }
        }
    }
    Some(found)
}

/// What stands between quotes, and where the text goes on.
fn quoted(chars: &[char], start: usize, escapes: bool) -> Option<(String, usize)> {
    let quote = chars[start];
    let (mut content, mut at) = (String::new(), start + 1);
    loop {
        match chars.get(at)? {
            '\\' if escapes => return None,
            char if *char == quote && chars.get(at + 1) == Some(&quote) => {
                content.push(quote);
                at += 2;
            }
            char if *char == quote => return Some((content, at + 1)),
            char => {
                content.push(*char);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted_for_each_system() {
        assert_eq!(quote_table(System::Postgres, "sales.order"), "\"sales\".\"order\"");
        assert_eq!(quote_table(System::Mysql, "a`b"), "`a``b`");
        assert_eq!(bare("sales.order"), "order");
        assert_eq!(literal(System::Mysql, r"it's \n"), r"'it''s \\n'");
        assert_eq!(literal(System::Postgres, r"it's \n"), r"'it''s \n'");
        assert_eq!(value(System::Sqlite, &serde_json::json!(true)).as_deref(), Some("1"));
        assert_eq!(value(System::Sqlite, &serde_json::json!([1])), None);
    }

    #[test]
    fn expressions_fall_into_pieces() {
        let found = pieces(System::Mysql, "(`a b` >= 1.5) and x <> 'it''s'").unwrap_or_default();
        let word = |text: &str| Piece::Word(text.to_owned());
        let sign = |text: &str| Piece::Sign(text.to_owned());
        let expected = [
            sign("("),
            Piece::Name("a b".to_owned()),
            sign(">="),
            Piece::Number("1.5".to_owned()),
            sign(")"),
            word("and"),
            word("x"),
            sign("<>"),
            Piece::Text("it's".to_owned()),
        ];
        assert_eq!(found, expected);
        assert_eq!(pieces(System::Mysql, r"'\n'"), None, "escapes are left to people");
        assert_eq!(pieces(System::Postgres, "'open"), None);
    }
}
