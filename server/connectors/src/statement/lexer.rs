//! Cuts a statement into tokens exactly as the system would, so that nothing hides in a comment or a string.
//!
//! The parser's own tokens are not enough: a guard that sees a comment where the system sees code is no guard. What the
//! two might read differently (executable comments, disguised names, odd spaces) is refused here.

use super::Fail;
use data::System;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare name or keyword.
    Word,
    /// A quoted name; `"…"` in MySQL, which may be either, counts as one where a `(` follows.
    Quoted,
    /// A string.
    Text,
    /// A number.
    Number,
    /// A placeholder or a session variable.
    Param,
    /// One character of punctuation or of an operator.
    Symbol,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// As written.
    pub(super) text: &'a str,
    /// A name without its quotes, lowercase; a symbol as it is.
    pub(super) name: String,
    /// The byte at which it starts.
    pub(super) start: usize,
}

impl Token<'_> {
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it is this bare keyword.
    pub(super) fn word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.name == word
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of `sql`, without comments.
pub(super) fn tokens(system: System, sql: &str) -> Result<Vec<Token<'_>>, Fail> {
    // Some systems stop reading at a NUL, others do not.
    if let Some(at) = sql.find('\0') {
        return Err(Fail::Unreadable { message: "the character U+0000 cannot stand in a statement".to_owned(), at });
    }
    let mut lexer = Lexer { system, sql, at: 0, tokens: Vec::new() };
    while lexer.step()? {}
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    system: System,
    sql: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    fn mysql(&self) -> bool {
        self.system == System::Mysql
    }

    fn postgres(&self) -> bool {
        self.system == System::Postgres
    }

    fn step(&mut self) -> Result<bool, Fail> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(false) };
        if matches!(first, ' ' | '\t' | '\n' | '\r' | '\x0c') {
            self.at += 1;
            return Ok(true);
        }
        if rest.starts_with("--") && (!self.mysql() || rest[2..].chars().next().is_none_or(|c| c <= ' '))
            || (first == '#' && self.mysql())
        {
            // PostgreSQL ends such a comment at a carriage return too.
            let end = rest.find(|c| c == '\n' || (c == '\r' && self.postgres())).unwrap_or(rest.len());
            self.hidden_return(&rest[..end])?;
            self.at += end;
            return Ok(true);
        }
        if rest.starts_with("/*") {
            self.comment(rest)?;
            return Ok(true);
        }
        match first {
            '\'' => {
                self.refuse_continued()?;
                let backslash = self.mysql() || self.introduced("e");
                let end = self.quoted(self.at, '\'', backslash)?;
                self.push(Kind::Text, end);
            }
            '"' => {
                if self.postgres() && self.introduced("u&") {
                    return Err(self.refuse("a name with unicode escapes (`U&\"…\"`) could hide what it names"));
                }
                let end = self.quoted(self.at, '"', self.mysql())?;
                self.push(if self.mysql() { Kind::Text } else { Kind::Quoted }, end);
            }
            '`' if !self.postgres() => {
                let end = self.quoted(self.at, '`', false)?;
                self.push(Kind::Quoted, end);
            }
            '[' if self.system == System::Sqlite => {
                let end = rest.find(']').ok_or_else(|| self.fault("a name in brackets is not closed"))? + 1;
                self.push(Kind::Quoted, self.at + end);
            }
            '$' if self.postgres() => self.dollar(rest)?,
            '@' if self.mysql() => self.variable(rest)?,
            '$' | ':' | '@' | '#' if self.system == System::Sqlite => {
                let end = 1 + word_length(&rest[1..], true);
                if rest[end..].starts_with("::") || rest[end..].starts_with('(') {
                    return Err(self.refuse("a placeholder in the manner of Tcl could hide a part of the statement"));
                }
                self.push(Kind::Param, self.at + end);
            }
            '?' if !self.postgres() => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                self.push(Kind::Param, self.at + 1 + digits);
            }
            _ if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) => {
                self.number(rest);
            }
            _ if starts_word(first) => {
                let end = word_length(rest, true);
                self.push(Kind::Word, self.at + end);
            }
            _ if first.is_ascii_graphic() => self.push(Kind::Symbol, self.at + 1),
            _ => {
                let code = u32::from(first);
                return Err(self.fault(&format!("the character U+{code:04X} cannot stand outside quotes")));
            }
        }
        Ok(true)
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let text = &self.sql[self.at..end];
        let name = match kind {
            Kind::Word => text.to_lowercase(),
            Kind::Quoted => unquote(text).to_lowercase(),
            _ => text.to_owned(),
        };
        self.tokens.push(Token { kind, text, name, start: self.at });
        self.at = end;
    }

    /// Whether the token directly before (no space between) is the word that introduces a special string.
    fn introduced(&self, by: &str) -> bool {
        let before = &self.sql[..self.at];
        let Some(at) = before.len().checked_sub(by.len()) else { return false };
        before.is_char_boundary(at)
            && before[at..].eq_ignore_ascii_case(by)
            && !before[..at].chars().next_back().is_some_and(|c| starts_word(c) || c.is_ascii_digit() || c == '$')
    }

    /// PostgreSQL goes on reading escapes where a string stands below one that began with `E'`.
    fn refuse_continued(&self) -> Result<(), Fail> {
        if let [.., sign, string] = self.tokens.as_slice()
            && self.postgres()
            && string.kind == Kind::Text
            && sign.word("e")
            && sign.end() == string.start
        {
            return Err(self.refuse("a string below one with escapes (`E'…'`) could hide a part of the statement"));
        }
        Ok(())
    }

    /// The end of what the quote at `from` opens.
    fn quoted(&self, from: usize, quote: char, backslash: bool) -> Result<usize, Fail> {
        let mut at = from + 1;
        while let Some(c) = self.sql[at..].chars().next() {
            at += c.len_utf8();
            if c == '\\' && backslash {
                at += self.sql[at..].chars().next().map_or(0, char::len_utf8);
            } else if c == quote {
                if !self.sql[at..].starts_with(quote) {
                    return Ok(at);
                }
                at += 1;
            }
        }
        Err(self.fault(if quote == '\'' { "a string is not closed" } else { "a quoted name is not closed" }))
    }

    fn comment(&mut self, rest: &'a str) -> Result<(), Fail> {
        if self.mysql() {
            if rest.starts_with("/*!") || rest.starts_with("/*M!") || rest.starts_with("/*m!") {
                return Err(self.refuse("an executable comment (`/*! … */`) is code, not a comment"));
            }
            if rest.starts_with("/*+") {
                let hint = rest[..rest.find("*/").unwrap_or(rest.len())].to_ascii_lowercase();
                if ["set_var", "max_execution_time", "resource_group"].iter().any(|word| hint.contains(word)) {
                    return Err(self.refuse("an optimizer hint that changes settings or limits"));
                }
            }
        }
        let mut depth = 0_usize;
        let mut at = 0;
        loop {
            let left = &rest[at..];
            if left.starts_with("/*") && (depth == 0 || self.postgres()) {
                depth += 1;
                at += 2;
            } else if left.starts_with("*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                // Servers disagree about comments inside comments; one that only some of them end here is not for us.
                if self.mysql() && ["/*!", "/*M!", "/*m!"].iter().any(|mark| left.starts_with(mark)) {
                    return Err(self.refuse("an executable comment (`/*! … */`) is code, not a comment"));
                }
                let Some(c) = left.chars().next() else { return Err(self.fault("a comment is not closed")) };
                at += c.len_utf8();
            }
        }
        self.at += at;
        Ok(())
    }

    /// A carriage return alone ends a comment for one reader and not for another.
    fn hidden_return(&self, comment: &str) -> Result<(), Fail> {
        let comment = comment.strip_suffix('\r').unwrap_or(comment);
        if comment.contains('\r') || (self.postgres() && self.lone_return(comment)) {
            return Err(self.refuse("a comment that holds a carriage return could hide a part of the statement"));
        }
        Ok(())
    }

    fn lone_return(&self, comment: &str) -> bool {
        let after = &self.rest()[comment.len()..];
        after.starts_with('\r') && !after.starts_with("\r\n") && after.len() > 1
    }

    fn dollar(&mut self, rest: &'a str) -> Result<(), Fail> {
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.push(Kind::Param, self.at + 1 + digits);
            return Ok(());
        }
        let tag = 1 + word_length(&rest[1..], false);
        if !rest[tag..].starts_with('$') {
            return Err(self.fault("a lone `$`"));
        }
        let mark = &rest[..=tag];
        let body = &rest[mark.len()..];
        let end = body.find(mark).ok_or_else(|| self.fault("a dollar-quoted string is not closed"))?;
        self.push(Kind::Text, self.at + end + 2 * mark.len());
        Ok(())
    }

    fn variable(&mut self, rest: &'a str) -> Result<(), Fail> {
        let signs = if rest.starts_with("@@") { 2 } else { 1 };
        let end = match rest[signs..].chars().next() {
            Some(quote @ ('\'' | '"' | '`')) => self.quoted(self.at + signs, quote, quote != '`')?,
            _ => self.at + signs + word_length(&rest[signs..], true),
        };
        self.push(Kind::Param, end);
        Ok(())
    }

    fn number(&mut self, rest: &'a str) {
        // `1e5`, `1.5`, `0xFF`, `1_000`, and MySQL's names that begin with a digit: all one token, none can be called.
        let mut end = 0;
        let bytes = rest.as_bytes();
        while end < bytes.len() {
            let exponent = matches!(bytes[end], b'+' | b'-')
                && end > 0
                && matches!(bytes[end - 1], b'e' | b'E')
                && bytes[..end - 1].iter().all(|b| b.is_ascii_digit() || *b == b'.');
            if !(bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'_' | b'.') || exponent) {
                break;
            }
            end += 1;
        }
        let word =
            self.mysql() && !rest[..end].contains('.') && rest[..end].contains(|c: char| c.is_ascii_alphabetic());
        self.push(if word { Kind::Word } else { Kind::Number }, self.at + end);
    }

    fn refuse(&self, reason: &str) -> Fail {
        Fail::Refused(reason.to_owned())
    }

    fn fault(&self, message: &str) -> Fail {
        Fail::Unreadable { message: message.to_owned(), at: self.at }
    }
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && !odd(c))
}

/// Spaces, controls and invisible characters, which readers take for different things.
fn odd(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(u32::from(c), 0xAD | 0x180E | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFF)
}

fn word_length(text: &str, dollar: bool) -> usize {
    text.find(|c: char| !(starts_word(c) || c.is_ascii_digit() || (dollar && c == '$'))).unwrap_or(text.len())
}

/// A quoted name without its quotes.
pub(super) fn unquote(text: &str) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    match text.chars().next() {
        Some('"') => inner.replace("\"\"", "\""),
        Some('`') => inner.replace("``", "`"),
        _ => inner.to_owned(),
    }
}

/// Line and column, both counted from 1, of a byte of `sql`.
pub(super) fn place(sql: &str, at: usize) -> (u32, u32) {
    let before = sql.get(..at).unwrap_or(sql);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
