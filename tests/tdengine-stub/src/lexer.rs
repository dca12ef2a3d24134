//! A statement in tokens.

use crate::error::{Result, syntax};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A word without quotes, in lower case.
    Word(String),
    /// A word in backticks, as written.
    Quoted(String),
    Text(String),
    /// A number, with the unit of a duration behind it: `7`, `1.5e3`, `10d`.
    Number(String),
    Symbol(&'static str),
}

pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    /// Where each token begins.
    pub(crate) starts: Vec<usize>,
}

const SYMBOLS: [&str; 18] =
    ["<=", ">=", "<>", "!=", "->", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/", "%"];

pub(crate) fn lex(sql: &str) -> Result<Lexed> {
    let bytes = sql.as_bytes();
    let mut lexed = Lexed { tokens: Vec::new(), starts: Vec::new() };
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if sql[at..].starts_with("--") {
            at = sql[at..].find('\n').map_or(bytes.len(), |end| at + end);
            continue;
        }
        if sql[at..].starts_with("/*") {
            at = sql[at..].find("*/").map(|end| at + end + 2).ok_or_else(|| syntax(&sql[at..]))?;
            continue;
        }
        let start = at;
        let token = match byte {
            b'\'' | b'"' => {
                let (text, end) = quoted_text(sql, at)?;
                at = end;
                Token::Text(text)
            }
            b'`' => {
                let end = sql[at + 1..].find('`').ok_or_else(|| syntax(&sql[at..]))?;
                at += end + 2;
                Token::Quoted(sql[start + 1..at - 1].to_owned())
            }
            b'0'..=b'9' => {
                at = number_end(bytes, at);
                Token::Number(sql[start..at].to_ascii_lowercase())
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                Token::Word(sql[start..at].to_ascii_lowercase())
            }
            _ => {
                let symbol = SYMBOLS.iter().find(|symbol| sql[at..].starts_with(**symbol));
                let symbol = symbol.ok_or_else(|| syntax(&sql[at..]))?;
                at += symbol.len();
                Token::Symbol(symbol)
            }
        };
        lexed.tokens.push(token);
        lexed.starts.push(start);
    }
    Ok(lexed)
}

fn number_end(bytes: &[u8], mut at: usize) -> usize {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    at = digits(at);
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1);
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
            return digits(at + 1 + sign);
        }
    }
    if bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
        at += 1;
    }
    at
}

/// The text from the quote at `start`, and where it ends. `\x` at its front stays, for VARBINARY.
fn quoted_text(sql: &str, start: usize) -> Result<(String, usize)> {
    let quote = sql.as_bytes()[start];
    let mut text = String::new();
    let mut chars = sql[start + 1..].char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        if char == '\\' {
            match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other @ ('%' | '_'))) => text.extend(['\\', other]),
                Some((_, other @ ('x' | 'X'))) if text.is_empty() => text.extend(['\\', other]),
                Some((_, other)) => text.push(other),
                None => break,
            }
        } else if char as u32 == u32::from(quote) {
            if chars.peek().is_some_and(|(_, next)| *next == char) {
                chars.next();
                text.push(char);
                continue;
            }
            return Ok((text, start + 1 + at + 1));
        } else {
            text.push(char);
        }
    }
    Err(syntax(&sql[start..]))
}
