//! Names of tables and columns: how a person writes them, and how SQL quotes them.

/// A table's name in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName {
    /// The schema, where one is named.
    pub(crate) schema: Option<String>,
    /// The table.
    pub(crate) table: String,
}

impl TableName {
    /// Reads `table`, `schema.table` or `"sche.ma"."ta""ble"`. A dot outside quotes parts schema and table.
    pub(crate) fn parse(text: &str) -> Self {
        let (first, rest) = part(text);
        match rest {
            Some(rest) if !rest.is_empty() && !first.is_empty() => {
                let table = match part(rest) {
                    (table, None) => table,
                    // A second dot belongs to the table: there is no third part.
                    _ => rest.to_owned(),
                };
                Self { schema: Some(first), table }
            }
            _ if text.starts_with('"') && rest.is_none() => Self { schema: None, table: first },
            Some(_) => Self { schema: None, table: text.to_owned() },
            None => Self { schema: None, table: first },
        }
    }

    /// `"schema"."table"`.
    pub(crate) fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.table)),
            None => quote(&self.table),
        }
    }

    /// Another table in the same schema, quoted.
    pub(crate) fn beside(&self, table: &str) -> String {
        Self { schema: self.schema.clone(), table: table.to_owned() }.quoted()
    }
}

/// The first part of a dotted name, and what follows the dot.
fn part(text: &str) -> (String, Option<&str>) {
    if let Some(inner) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = inner.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            if char != '"' {
                name.push(char);
            } else if chars.peek().is_some_and(|(_, next)| *next == '"') {
                name.push('"');
                chars.next();
            } else {
                let rest = &inner[at + 1..];
                if rest.is_empty() {
                    return (name, None);
                }
                if let Some(rest) = rest.strip_prefix('.') {
                    return (name, Some(rest));
                }
                break;
            }
        }
        // Quotes that do not enclose a part are letters of the name.
    }
    match text.split_once('.') {
        Some((first, rest)) => (first.to_owned(), Some(rest)),
        None => (text.to_owned(), None),
    }
}

/// The identifier in double quotes, as standard SQL wants it.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quoted names in a list.
pub(crate) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// A text literal; backslashes have no meaning in standard SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The query without the semicolons and spaces at its end.
pub(crate) fn trim_query(query: &str) -> &str {
    query.trim_end_matches(|char: char| char == ';' || char.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_outside_quotes_part_schema_and_table() {
        let check = |text: &str, schema: Option<&str>, table: &str| {
            let name = TableName { schema: schema.map(str::to_owned), table: table.to_owned() };
            assert_eq!(TableName::parse(text), name, "{text}");
        };
        check("bars", None, "bars");
        check("s.bars", Some("s"), "bars");
        check("\"a.b\"", None, "a.b");
        check("\"a.b\".\"c\"\"d\"", Some("a.b"), "c\"d");
        check("we\"ird", None, "we\"ird");
        check("日本.表", Some("日本"), "表");
        check(".x", None, ".x");
    }
}
