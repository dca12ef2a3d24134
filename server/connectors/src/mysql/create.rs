//! Reads what `SHOW CREATE TABLE` answers, in the words of MySQL and of MariaDB.
//!
//! It is the one description that says everything of a table, of a temporary one too: so a wanted table that was made as a
//! temporary one and a live table are read by the same reader and compare alike.

use data::structure::{
    CheckConstraint, ColumnStructure, ForeignKey, Generated, IndexStructure, TableKind, TableStructure,
};

/// A piece of the text; quotes are taken off and told by the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `` `name` ``, unquoted.
    Name(String),
    /// `'text'`, as its content.
    Text(String),
    /// A word or number as it stands.
    Word(String),
    /// One other character.
    Sign(char),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    pub(super) fn sign(&self, sign: char) -> bool {
        *self == Self::Sign(sign)
    }
}

/// A token and where it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The pieces of a text; `/*!50100 … */` counts as its content.
pub(super) fn tokens(text: &str) -> Vec<Placed> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let token = match bytes[at] {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'/' if text[at..].starts_with("/*!") || text[at..].starts_with("/*M!") => {
                at += text[at..].find('!').unwrap_or(0) + 1;
                at += bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
                continue;
            }
            b'*' if text[at..].starts_with("*/") => {
                at += 2;
                continue;
            }
            quote @ (b'`' | b'\'' | b'"') => {
                let (content, end) = quoted(text, at, quote);
                at = end;
                if quote == b'`' { Token::Name(content) } else { Token::Text(content) }
            }
            b if is_word(b) => {
                at += bytes[at..].iter().take_while(|b| is_word(**b)).count();
                Token::Word(text[start..at].to_owned())
            }
            _ => {
                let sign = text[at..].chars().next().unwrap_or(' ');
                at += sign.len_utf8();
                Token::Sign(sign)
            }
        };
        found.push(Placed { token, start, end: at });
    }
    found
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'@') || byte >= 0x80
}

/// What stands between quotes that begin at `start`, and where the text goes on.
fn quoted(text: &str, start: usize, quote: u8) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut content = Vec::new();
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' && at + 1 < bytes.len() => {
                content.push(match bytes[at + 1] {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'0' => 0,
                    b'Z' => 26,
                    other => other,
                });
                at += 2;
            }
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => {
                content.push(quote);
                at += 2;
            }
            byte if byte == quote => return (String::from_utf8_lossy(&content).into_owned(), at + 1),
            byte => {
                content.push(byte);
                at += 1;
            }
        }
    }
    (String::from_utf8_lossy(&content).into_owned(), at)
}

/// The table that a `CREATE TABLE` describes; `None` where the text is none.
///
/// Collations are those that the text spells; a charset alone stands as the option or collation `charset:latin1`.
pub(super) fn table(name: &str, sql: &str) -> Option<TableStructure> {
    let tokens = tokens(sql);
    let open = tokens.iter().position(|t| t.token.sign('('))?;
    let close = closing(&tokens, open)?;
    let mut table = TableStructure { name: name.to_owned(), kind: TableKind::Plain, ..TableStructure::default() };
    let reader = Reader { sql, tokens: &tokens };
    for (from, to) in reader.parts(open + 1, close) {
        reader.line(&mut table, from, to);
    }
    reader.options(&mut table, close + 1);
    Some(table)
}

/// Where the bracket that opens at `open` closes.
pub(super) fn closing(tokens: &[Placed], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (index, placed) in tokens.iter().enumerate().skip(open) {
        match placed.token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [Placed],
}

impl Reader<'_> {
    /// The pieces between commas of `from..to`.
    fn parts(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        let mut parts = Vec::new();
        let (mut start, mut at) = (from, from);
        while at < to {
            match self.tokens[at].token {
                Token::Sign('(') => at = closing(self.tokens, at).unwrap_or(to),
                Token::Sign(',') => {
                    parts.push((start, at));
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        if start < to {
            parts.push((start, to));
        }
        parts
    }

    fn text(&self, from: usize, to: usize) -> String {
        if from >= to {
            return String::new();
        }
        self.sql[self.tokens[from].start..self.tokens[to - 1].end].to_owned()
    }

    fn is(&self, at: usize, to: usize, word: &str) -> bool {
        at < to && self.tokens[at].token.is(word)
    }

    fn name(&self, at: usize) -> Option<&str> {
        match &self.tokens.get(at)?.token {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    /// One line of the body: a column, key or constraint.
    fn line(&self, table: &mut TableStructure, from: usize, to: usize) {
        if let Some(name) = self.name(from) {
            let (column, check) = self.column(name, from + 1, to);
            table.columns.push(column);
            table.checks.extend(check);
            return;
        }
        let (named, at) = match self.is(from, to, "CONSTRAINT") {
            true => (self.name(from + 1), from + if self.name(from + 1).is_some() { 2 } else { 1 }),
            false => (None, from),
        };
        let named = named.unwrap_or_default();
        if self.is(at, to, "PRIMARY") {
            if let Some(open) = self.next_open(at, to) {
                table.primary_key = self.key_parts(open).iter().map(|part| plain(part).to_owned()).collect();
            }
        } else if self.is(at, to, "FOREIGN") {
            table.foreign_keys.extend(self.foreign_key(named, at, to));
        } else if self.is(at, to, "CHECK") {
            if let Some(open) = self.next_open(at, to) {
                table.checks.push(CheckConstraint { name: named.to_owned(), condition: self.inside(open) });
            }
        } else {
            table.indexes.extend(self.index(at, to));
        }
    }

    fn next_open(&self, from: usize, to: usize) -> Option<usize> {
        (from..to).find(|at| self.tokens[*at].token.sign('('))
    }

    /// What stands between the brackets that open at `open`.
    fn inside(&self, open: usize) -> String {
        let close = closing(self.tokens, open).unwrap_or(open + 1);
        self.text(open + 1, close).trim().to_owned()
    }

    /// Columns of a key: `name`, `name(20)`, `name desc`, `(expression)`.
    fn key_parts(&self, open: usize) -> Vec<String> {
        let close = closing(self.tokens, open).unwrap_or(self.tokens.len());
        let part = |(from, to): (usize, usize)| {
            let mut text = match self.name(from) {
                Some(name) => name.to_owned(),
                None => self.text(from, closing(self.tokens, from).map_or(to, |end| end + 1)),
            };
            if self.name(from).is_some() && from + 1 < to && self.tokens[from + 1].token.sign('(') {
                text.push_str(&format!("({})", self.inside(from + 1)));
            }
            if self.is(to - 1, to, "DESC") {
                text.push_str(" desc");
            }
            text
        };
        self.parts(open + 1, close).into_iter().map(part).collect()
    }

    fn index(&self, from: usize, to: usize) -> Option<IndexStructure> {
        let at = (from..to).find(|at| self.name(*at).is_some())?;
        let open = self.next_open(at, to)?;
        let close = closing(self.tokens, open)?;
        let mut method = match &self.tokens[from].token {
            token if token.is("FULLTEXT") => Some("fulltext".to_owned()),
            token if token.is("SPATIAL") => Some("spatial".to_owned()),
            _ => None,
        };
        if let Some(using) = (close..to).find(|at| self.is(*at, to, "USING")) {
            let word = self.text(using + 1, using + 2).to_ascii_lowercase();
            // BTREE is what every index is that says nothing.
            method = method.or(Some(word).filter(|word| word != "btree"));
        }
        Some(IndexStructure {
            name: self.name(at)?.to_owned(),
            columns: self.key_parts(open),
            unique: self.is(from, to, "UNIQUE"),
            method,
            ..IndexStructure::default()
        })
    }

    fn foreign_key(&self, name: &str, from: usize, to: usize) -> Option<ForeignKey> {
        let open = self.next_open(from, to)?;
        let references = (open..to).find(|at| self.is(*at, to, "REFERENCES"))?;
        let there = self.next_open(references, to)?;
        let table: Vec<&str> = (references + 1..there).filter_map(|at| self.name(at)).collect();
        let rule = |word: &str| {
            let at = (there..to).find(|at| self.is(*at, to, "ON") && self.is(at + 1, to, word))?;
            let said = if self.is(at + 2, to, "SET") || self.is(at + 2, to, "NO") {
                self.text(at + 2, at + 4)
            } else {
                self.text(at + 2, at + 3)
            };
            Some(said.to_ascii_lowercase()).filter(|said| said != "no action" && said != "restrict")
        };
        Some(ForeignKey {
            name: name.to_owned(),
            columns: self.key_parts(open),
            references: table.join("."),
            referenced_columns: self.key_parts(there),
            on_delete: rule("DELETE"),
            on_update: rule("UPDATE"),
        })
    }

    fn column(&self, name: &str, from: usize, to: usize) -> (ColumnStructure, Option<CheckConstraint>) {
        let mut column = ColumnStructure { name: name.to_owned(), nullable: true, ..ColumnStructure::default() };
        let mut check = None;
        let mut at = from + 1;
        if at < to && self.tokens[at].token.sign('(') {
            at = closing(self.tokens, at).unwrap_or(at) + 1;
        }
        while ["UNSIGNED", "SIGNED", "ZEROFILL", "VARYING", "PRECISION"].iter().any(|word| self.is(at, to, word)) {
            at += 1;
        }
        column.native_type = native_type(&self.text(from, at));
        while at < to {
            if self.is(at, to, "NOT") && self.is(at + 1, to, "NULL") {
                column.nullable = false;
                at += 2;
            } else if self.is(at, to, "CHARACTER") || self.is(at, to, "COLLATE") {
                let charset = self.is(at, to, "CHARACTER");
                let value = at + if charset { 2 } else { 1 };
                let word = self.text(value, value + 1);
                match charset {
                    true => column.collation = Some(format!("charset:{word}")),
                    false => column.collation = Some(word),
                }
                at = value + 1;
            } else if self.is(at, to, "DEFAULT") {
                let end = self.expression_end(at + 1, to);
                let said = self.text(at + 1, end);
                column.default = default(&said, &column.native_type);
                at = end;
            } else if self.is(at, to, "ON") && self.is(at + 1, to, "UPDATE") {
                let end = self.expression_end(at + 2, to);
                column.on_update = Some(self.text(at + 2, end).to_ascii_lowercase());
                at = end;
            } else if self.is(at, to, "AUTO_INCREMENT") {
                column.auto_increment = true;
                at += 1;
            } else if self.is(at, to, "COMMENT") {
                if let Some(Token::Text(comment)) = self.tokens.get(at + 1).map(|t| &t.token) {
                    column.comment = Some(comment.clone()).filter(|comment| !comment.is_empty());
                }
                at += 2;
            } else if self.is(at, to, "AS") {
                let open = self.next_open(at, to).unwrap_or(at);
                let close = closing(self.tokens, open).unwrap_or(open);
                let stored = self.is(close + 1, to, "STORED") || self.is(close + 1, to, "PERSISTENT");
                column.generated = Some(Generated { expression: self.inside(open), stored });
                at = close + 1;
            } else if self.is(at, to, "CHECK") {
                let open = self.next_open(at, to).unwrap_or(at);
                check = Some(CheckConstraint { name: name.to_owned(), condition: self.inside(open) });
                at = closing(self.tokens, open).unwrap_or(open) + 1;
            } else {
                at += 1;
            }
        }
        // MariaDB's JSON is a long text that must hold JSON.
        let is_json = |check: &CheckConstraint| {
            let said = check.condition.replace(['`', ' '], "").to_ascii_lowercase();
            said == format!("json_valid({})", name.to_ascii_lowercase())
        };
        if column.native_type == "longtext" && check.as_ref().is_some_and(is_json) {
            column.native_type = "json".to_owned();
            column.collation = None;
            check = None;
        }
        (column, check)
    }

    /// Where the expression of a default ends: before the next clause.
    fn expression_end(&self, from: usize, to: usize) -> usize {
        const CLAUSES: [&str; 14] = [
            "NOT",
            "NULL",
            "AUTO_INCREMENT",
            "ON",
            "COMMENT",
            "GENERATED",
            "CHECK",
            "INVISIBLE",
            "VISIBLE",
            "COLLATE",
            "CHARACTER",
            "STORAGE",
            "COLUMN_FORMAT",
            "COMPRESSED",
        ];
        let mut at = from;
        while at < to {
            if at > from && CLAUSES.iter().any(|word| self.is(at, to, word)) {
                return at;
            }
            if self.tokens[at].token.sign('(') {
                at = closing(self.tokens, at).unwrap_or(at);
            }
            at += 1;
        }
        to
    }

    fn options(&self, table: &mut TableStructure, from: usize) {
        let to = self.tokens.len();
        let mut at = from;
        while at < to {
            if self.is(at, to, "PARTITION") && self.is(at + 1, to, "BY") {
                table.options.insert("partition_by".to_owned(), self.text(at + 2, to));
                return;
            }
            if at + 2 < to && self.tokens[at + 1].token.sign('=') {
                let value = match &self.tokens[at + 2].token {
                    Token::Text(text) | Token::Word(text) | Token::Name(text) => text.clone(),
                    Token::Sign(sign) => sign.to_string(),
                };
                let word = self.text(at, at + 1).to_ascii_lowercase();
                match word.as_str() {
                    "comment" => table.comment = Some(value).filter(|comment| !comment.is_empty()),
                    // Where the counter stands says nothing about what the table is like.
                    "auto_increment" => {}
                    "collate" => drop(table.options.insert("collation".to_owned(), value)),
                    _ => drop(table.options.insert(word, value)),
                }
                at += 3;
            } else {
                at += 1;
            }
        }
    }
}

/// The column of a key's part, without length and direction.
pub(super) fn plain(part: &str) -> &str {
    let part = part.strip_suffix(" desc").unwrap_or(part);
    match part.rfind('(') {
        Some(open) if open > 0 && part.ends_with(')') && part[open + 1..part.len() - 1].parse::<u32>().is_ok() => {
            &part[..open]
        }
        _ => part,
    }
}

/// The type in lowercase, without the display widths that mean nothing (`tinyint(1)` means a boolean).
pub(super) fn native_type(said: &str) -> String {
    let lower = lowered(said);
    for word in ["tinyint", "smallint", "mediumint", "bigint", "int", "year"] {
        let Some(rest) = lower.strip_prefix(word).and_then(|rest| rest.strip_prefix('(')) else { continue };
        let Some((width, rest)) = rest.split_once(')') else { continue };
        if (word == "tinyint" && width == "1") || rest.contains("zerofill") {
            return lower;
        }
        return format!("{word}{rest}");
    }
    lower
}

/// In lowercase, but for what stands between quotes.
fn lowered(said: &str) -> String {
    let mut quoted = false;
    let lower = |char: char| {
        quoted ^= char == '\'';
        if quoted { char } else { char.to_ascii_lowercase() }
    };
    said.chars().map(lower).collect()
}

/// The default as an expression; none where it is NULL. MySQL puts numbers in quotes.
fn default(said: &str, native_type: &str) -> Option<String> {
    if said.eq_ignore_ascii_case("NULL") {
        return None;
    }
    let numeric = ["tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"];
    let inner = said.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner {
        Some(number) if numeric.iter().any(|word| native_type.starts_with(word)) => Some(number.to_owned()),
        Some(_) => Some(said.to_owned()),
        None => Some(lowered(said)),
    }
}

#[cfg(test)]
mod tests;
