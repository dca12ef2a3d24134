//! The text of `CREATE TABLE` and `CREATE INDEX` as SQLite keeps it: the parts that no pragma tells.
//!
//! Only what SQLite itself has accepted is read here, so that the reader looks for landmarks and does not check grammar.

use data::structure::{CheckConstraint, Generated};

/// A word, quoted name, text or mark of SQL, comments left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, unquoted name or number.
    Word,
    /// A name in quotes of any kind.
    Name,
    /// A text in single quotes.
    Text,
    /// One other character.
    Mark,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    fn mark(&self, mark: &str) -> bool {
        self.kind == TokenKind::Mark && self.text == mark
    }

    /// The name without its quotes.
    pub(super) fn name(&self) -> String {
        let inner = || self.text.get(1..self.text.len().saturating_sub(1)).unwrap_or_default();
        match (self.kind, self.text.as_bytes().first()) {
            (TokenKind::Name, Some(b'[')) => inner().to_owned(),
            (TokenKind::Name, Some(b'`')) => inner().replace("``", "`"),
            (TokenKind::Name, _) => inner().replace("\"\"", "\""),
            // SQLite takes a text where a name must stand.
            (TokenKind::Text, _) => inner().replace("''", "'"),
            _ => self.text.to_owned(),
        }
    }
}

/// The tokens of `sql`; an unclosed quote reaches to the end.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = sql[at..].find('\n').map_or(bytes.len(), |found| at + found + 1);
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = sql[at + 2..].find("*/").map_or(bytes.len(), |found| at + found + 4);
                continue;
            }
            quote @ (b'"' | b'`' | b'\'') => {
                at += 1;
                while at < bytes.len() {
                    if bytes[at] == quote {
                        if bytes.get(at + 1) != Some(&quote) {
                            break;
                        }
                        at += 1;
                    }
                    at += 1;
                }
                at = (at + 1).min(bytes.len());
                if quote == b'\'' { TokenKind::Text } else { TokenKind::Name }
            }
            b'[' => {
                at = sql[at..].find(']').map_or(bytes.len(), |found| at + found + 1);
                TokenKind::Name
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..) => {
                let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | 0x80..);
                let number = byte.is_ascii_digit();
                while bytes.get(at).is_some_and(|byte| word(byte) && (number || *byte != b'.')) {
                    at += 1;
                }
                TokenKind::Word
            }
            _ => {
                at += 1;
                TokenKind::Mark
            }
        };
        tokens.push(Token { kind, text: &sql[start..at], start, end: at });
    }
    tokens
}

/// Whether two expressions are the same but for spaces, comments, case outside texts, and parentheses around the whole.
pub(super) fn same_sql(left: &str, right: &str) -> bool {
    let (left, right) = (tokens(left), tokens(right));
    let (left, right) = (bare(&left), bare(&right));
    left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| match (left.kind, right.kind) {
            (TokenKind::Text, _) | (_, TokenKind::Text) => left.text == right.text,
            _ => left.name().eq_ignore_ascii_case(&right.name()),
        })
}

/// The tokens without parentheses that enclose all of them.
pub(super) fn bare<'t, 'a>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while tokens.first().is_some_and(|first| first.mark("(")) && closing(tokens, 0) == Some(tokens.len() - 1) {
        tokens = &tokens[1..tokens.len() - 1];
    }
    tokens
}

/// Where the parenthesis that opens at `open` is closed.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.mark("(") {
            depth += 1;
        } else if token.mark(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

/// The tokens parted at the commas outside parentheses.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        if token.mark("(") {
            depth += 1;
        } else if token.mark(")") {
            depth = depth.saturating_sub(1);
        } else if token.mark(",") && depth == 0 {
            parts.push(&tokens[start..index]);
            start = index + 1;
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// What the text of `CREATE TABLE` tells beyond the pragmas.
#[derive(Debug, Default)]
pub(super) struct CreateTable {
    columns: Vec<ColumnText>,
    pub(super) checks: Vec<CheckConstraint>,
    /// Named foreign keys and unique constraints: columns and name.
    named: Vec<(Vec<String>, String)>,
    pub(super) autoincrement: bool,
    /// Clauses that a structure has no place for.
    pub(super) unusual: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct ColumnText {
    name: String,
    collation: Option<String>,
    generated: Option<Generated>,
}

impl CreateTable {
    /// Reads the text; what is no `CREATE TABLE` with a list of columns is empty.
    pub(super) fn read(sql: &str) -> Self {
        let all = tokens(sql);
        let mut table = Self::default();
        let Some(open) = all.iter().position(|token| token.mark("(")) else { return table };
        let Some(close) = closing(&all, open) else { return table };
        for part in parts(&all[open + 1..close]) {
            let Some(first) = part.first() else { continue };
            if ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|word| first.is(word)) {
                table.constraints(sql, part, None);
            } else {
                table.columns.push(ColumnText { name: first.name(), ..ColumnText::default() });
                table.constraints(sql, &part[1..], Some(table.columns.len() - 1));
            }
        }
        table
    }

    fn constraints(&mut self, sql: &str, tokens: &[Token<'_>], column: Option<usize>) {
        let mut name = String::new();
        let mut at = 0;
        // The group in parentheses after `at`: its tokens and the place behind it.
        let group = |at: usize| {
            let open = at + 1;
            let close = tokens.get(open).filter(|token| token.mark("(")).and_then(|_| closing(tokens, open))?;
            Some((&tokens[open + 1..close], close))
        };
        let text = |group: &[Token<'_>]| match (group.first(), group.last()) {
            (Some(first), Some(last)) => sql[first.start..last.end].to_owned(),
            _ => String::new(),
        };
        while at < tokens.len() {
            let token = &tokens[at];
            let next_is = |word: &str| tokens.get(at + 1).is_some_and(|token| token.is(word));
            if token.is("CONSTRAINT") {
                name = tokens.get(at + 1).map(Token::name).unwrap_or_default();
                at += 1;
            } else if token.is("CHECK") {
                if let Some((inner, close)) = group(at) {
                    self.checks.push(CheckConstraint { name: std::mem::take(&mut name), condition: text(inner) });
                    at = close;
                }
            } else if token.is("COLLATE") {
                if let Some(column) = column {
                    self.columns[column].collation = tokens.get(at + 1).map(Token::name);
                }
                at += 1;
            } else if token.is("AS") {
                if let (Some((inner, close)), Some(column)) = (group(at), column) {
                    let stored = tokens.get(close + 1).is_some_and(|token| token.is("STORED"));
                    self.columns[column].generated = Some(Generated { expression: text(inner), stored });
                    at = close;
                }
            } else if token.is("DEFAULT") {
                at = group(at).map_or(at + 1, |(_, close)| close);
            } else if token.is("PRIMARY") {
                name.clear();
                if let Some((inner, close)) = group(at + 1) {
                    self.autoincrement |= inner.iter().any(|token| token.is("AUTOINCREMENT"));
                    at = close;
                }
            } else if token.is("AUTOINCREMENT") {
                self.autoincrement = true;
            } else if token.is("UNIQUE") || (token.is("FOREIGN") && next_is("KEY")) || token.is("REFERENCES") {
                let of_column = column.map(|column| vec![self.columns[column].name.clone()]);
                let list = group(at + usize::from(token.is("FOREIGN")));
                let columns = match (&of_column, list) {
                    (Some(columns), _) => columns.clone(),
                    (None, Some((inner, _))) => {
                        parts(inner).iter().filter_map(|part| part.first().map(Token::name)).collect()
                    }
                    (None, None) => Vec::new(),
                };
                if !name.is_empty() && !columns.is_empty() {
                    self.named.push((columns, std::mem::take(&mut name)));
                }
                at = list.map_or(at, |(_, close)| close);
            } else if token.is("CONFLICT") && !next_is("ABORT") {
                self.unusual.push("ON CONFLICT");
            } else if token.is("DEFERRABLE") && !(at > 0 && tokens[at - 1].is("NOT")) {
                self.unusual.push("DEFERRABLE");
            } else if token.mark("(") {
                at = closing(tokens, at).unwrap_or(at);
            }
            at += 1;
        }
    }

    fn column(&self, name: &str) -> Option<&ColumnText> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The column's collation, where it is not the usual one.
    pub(super) fn collation(&self, column: &str) -> Option<String> {
        let named = self.column(column)?.collation.clone()?;
        (!named.eq_ignore_ascii_case("BINARY")).then(|| named.to_ascii_lowercase())
    }

    /// How a generated column comes about.
    pub(super) fn generated(&self, column: &str) -> Option<Generated> {
        self.column(column)?.generated.clone()
    }

    /// The name of the foreign key or unique constraint over these columns; empty: it has none.
    pub(super) fn name_of(&self, columns: &[String]) -> String {
        let same = |named: &[String]| {
            named.len() == columns.len() && named.iter().zip(columns).all(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        self.named.iter().find(|(named, _)| same(named)).map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

/// Columns and condition of a `CREATE INDEX`: names plain, expressions in parentheses, ` collate x` and ` desc` after them.
pub(super) fn read_index(sql: &str) -> (Vec<String>, Option<String>) {
    let all = tokens(sql);
    let Some(open) = all.iter().position(|token| token.mark("(")) else { return (Vec::new(), None) };
    let Some(close) = closing(&all, open) else { return (Vec::new(), None) };
    let columns = parts(&all[open + 1..close]).into_iter().map(|part| index_term(sql, part)).collect();
    let filter = match (all.get(close + 1), all.get(close + 2), all.last()) {
        (Some(where_), Some(first), Some(last)) if where_.is("WHERE") => Some(sql[first.start..last.end].to_owned()),
        _ => None,
    };
    (columns, filter)
}

/// One term of an index in its canonical spelling.
fn index_term(sql: &str, part: &[Token<'_>]) -> String {
    let mut end = part.len();
    let mut tail = String::new();
    if end > 1 && (part[end - 1].is("DESC") || part[end - 1].is("ASC")) {
        end -= 1;
        if part[end].is("DESC") {
            tail = " desc".to_owned();
        }
    }
    if end > 2 && part[end - 2].is("COLLATE") {
        tail = format!(" collate {}{tail}", part[end - 1].name().to_ascii_lowercase());
        end -= 2;
    }
    let term = &part[..end];
    match bare(term) {
        [only] if only.kind != TokenKind::Mark => format!("{}{tail}", only.name()),
        [] => String::new(),
        inner => format!("({}){tail}", &sql[inner[0].start..inner[inner.len() - 1].end]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_no_pragma_tells_is_read_from_the_text() {
        let sql = r#"CREATE TABLE "we ird" ( -- CHECK (no)
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            [na me] TEXT COLLATE NOCASE DEFAULT ('CHECK (x)') CHECK ("na me" <> ')'),
            both TEXT GENERATED ALWAYS AS (id || '/' || [na me]) STORED,
            half AS (id / 2),
            parent INT CONSTRAINT up REFERENCES other(id) ON DELETE CASCADE,
            CONSTRAINT positive CHECK ((id) > 0) CHECK (id < 10)
            CONSTRAINT one UNIQUE (half, both) ON CONFLICT IGNORE,
            FOREIGN KEY (parent) REFERENCES p DEFERRABLE INITIALLY DEFERRED) STRICT"#;
        let table = CreateTable::read(sql);
        assert!(table.autoincrement);
        let checks: Vec<_> = table.checks.iter().map(|c| (c.name.as_str(), c.condition.as_str())).collect();
        assert_eq!(checks, [("", "\"na me\" <> ')'"), ("positive", "(id) > 0"), ("", "id < 10")]);
        assert_eq!(table.collation("NA ME").as_deref(), Some("nocase"));
        let both = table.generated("both").unwrap();
        assert_eq!((both.expression.as_str(), both.stored), ("id || '/' || [na me]", true));
        assert!(!table.generated("half").unwrap().stored);
        assert_eq!(table.name_of(&["parent".into()]), "up");
        assert_eq!(table.name_of(&["half".into(), "both".into()]), "one");
        assert_eq!(table.unusual, ["ON CONFLICT", "DEFERRABLE"]);
    }

    #[test]
    fn indexes_are_read_with_expressions_and_conditions() {
        let (columns, filter) =
            read_index("CREATE UNIQUE INDEX i ON t (\"a b\" COLLATE NOCASE DESC, lower(c), d ASC) WHERE d > '(' -- x");
        assert_eq!(columns, ["a b collate nocase desc", "(lower(c))", "d"]);
        assert_eq!(filter.as_deref(), Some("d > '('"));
    }

    #[test]
    fn expressions_are_compared_by_what_they_say() {
        assert!(same_sql("(a > 1)", "A>1"));
        assert!(same_sql("\"a\" > 1 /* x */", "a > 1"));
        assert!(!same_sql("a = 'X'", "a = 'x'"));
        assert!(!same_sql("(a) or (b)", "a) or (b"));
        assert!(!same_sql("a", ""));
    }
}
