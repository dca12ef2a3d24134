//! Splits a stream of JSON into its rows (the elements of one array, lines, or values one after another) without
//! loading it, and a row into its fields.

use super::JsonLayout;
use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

/// A row larger than this is refused.
pub(super) const ROW_LIMIT: usize = 64 << 20;

#[derive(Debug)]
pub(super) enum ValuesError {
    Io(io::Error),
    /// The stream's structure is broken on this line.
    Broken(u64, &'static str),
    /// The row that begins on this line is too large.
    TooLong(u64),
}

/// The splitter.
pub(super) struct Values<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    line: u64,
    layout: JsonLayout,
    /// Rows given out, to know where commas belong.
    count: u64,
    closed: bool,
}

impl<R: Read> Values<R> {
    /// Looks at the beginning to find the layout where it is not given.
    pub(super) fn new(input: R, layout: JsonLayout) -> Result<Self, ValuesError> {
        let mut values = Self {
            input,
            buffer: vec![0; 256 << 10],
            start: 0,
            filled: 0,
            ended: false,
            line: 1,
            layout,
            count: 0,
            closed: false,
        };
        while values.filled < 3 && !values.ended {
            values.fill()?;
        }
        if values.buffer[..values.filled].starts_with(b"\xEF\xBB\xBF") {
            values.start = 3;
        }
        values.skip_space()?;
        let first = values.peek();
        if values.layout == JsonLayout::Auto {
            values.layout = match first {
                Some(b'[') => JsonLayout::Array,
                Some(b'{') if values.first_line_goes_on()? => JsonLayout::Sequence,
                _ => JsonLayout::Lines,
            };
        }
        if values.layout == JsonLayout::Array && first != Some(b'[') {
            return Err(ValuesError::Broken(values.line, "an array was expected; it begins with `[`"));
        }
        if values.layout == JsonLayout::Array {
            values.start += 1;
        }
        Ok(values)
    }

    /// The line on which the next row begins, and its bytes within the buffer.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Range<usize>)>, ValuesError> {
        self.skip_space()?;
        if self.layout == JsonLayout::Array && !self.step_in_array()? {
            return Ok(None);
        }
        if self.start == self.filled {
            return Ok(None);
        }
        let line = self.line;
        loop {
            let rest = &self.buffer[self.start..self.filled];
            let end = if self.layout == JsonLayout::Lines {
                rest.iter().position(|b| *b == b'\n').or(self.ended.then_some(rest.len()))
            } else {
                extent(rest, self.ended)
            };
            if let Some(length) = end {
                let range = self.start..self.start + length;
                self.line += count_lines(&self.buffer[range.clone()]);
                self.start = range.end;
                self.count += 1;
                return Ok(Some((line, range)));
            }
            if self.ended {
                return Err(ValuesError::Broken(line, "a row begins that does not end; the file is cut off"));
            }
            self.fill()?;
        }
    }

    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Moves past the comma to the next element; `false` at the array's end.
    fn step_in_array(&mut self) -> Result<bool, ValuesError> {
        if self.closed {
            return match self.peek() {
                None => Ok(false),
                Some(_) => Err(ValuesError::Broken(self.line, "text follows the end of the array")),
            };
        }
        match self.peek() {
            None => Err(ValuesError::Broken(self.line, "the array is not closed; the file is cut off")),
            Some(b']') => {
                self.start += 1;
                self.closed = true;
                self.skip_space()?;
                self.step_in_array()
            }
            Some(b',') if self.count > 0 => {
                self.start += 1;
                self.skip_space()?;
                match self.peek() {
                    Some(b',' | b']') => Err(ValuesError::Broken(self.line, "a comma with nothing after it")),
                    None => Err(ValuesError::Broken(self.line, "the array is not closed; the file is cut off")),
                    Some(_) => Ok(true),
                }
            }
            Some(_) if self.count > 0 => Err(ValuesError::Broken(self.line, "a comma is missing between two rows")),
            Some(_) => Ok(true),
        }
    }

    fn peek(&self) -> Option<u8> {
        (self.start < self.filled).then(|| self.buffer[self.start])
    }

    fn skip_space(&mut self) -> Result<(), ValuesError> {
        loop {
            while let Some(byte) = self.peek() {
                match byte {
                    b'\n' => self.line += 1,
                    b' ' | b'\t' | b'\r' => {}
                    _ => return Ok(()),
                }
                self.start += 1;
            }
            if self.ended {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Whether the first line stops where only the next one can go on: one value over several lines.
    fn first_line_goes_on(&mut self) -> Result<bool, ValuesError> {
        loop {
            let rest = &self.buffer[self.start..self.filled];
            if let Some(end) = rest.iter().position(|b| *b == b'\n') {
                return Ok(matches!(rest[..end].trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':')));
            }
            if self.ended {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), ValuesError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            if self.filled >= ROW_LIMIT {
                return Err(ValuesError::TooLong(self.line));
            }
            self.buffer.resize(self.filled * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(ValuesError::Io(e)),
            }
            return Ok(());
        }
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|b| **b == b'\n').count() as u64
}

/// How long the value at the beginning of `bytes` is; `None`: it goes on past their end.
fn extent(bytes: &[u8], ended: bool) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_end(bytes, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return Some(if depth == 1 { at + 1 } else { at.max(1) }),
            b'}' | b']' => depth -= 1,
            b',' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (ended && depth == 0).then_some(at)
}

/// The index past the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Boolean(&'a str),
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or array, as written.
    Nested(&'a str),
}

impl Value<'_> {
    /// The value's exact text; of a string its content.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Boolean(text) | Self::Number(text) | Self::Nested(text) => Some(text),
            Self::Text(text) => Some(text),
        }
    }
}

/// Splits the object `text` into its fields, in order; duplicates stay. The error says what is wrong with the text.
pub(super) fn split_object<'a>(text: &'a str, fields: &mut Vec<(Cow<'a, str>, Value<'a>)>) -> Result<(), String> {
    fields.clear();
    let mut cursor = Cursor { text, at: 0 };
    cursor.space();
    if cursor.peek() != Some(b'{') {
        return Err("a row must be an object".into());
    }
    cursor.at += 1;
    cursor.space();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
    } else {
        loop {
            cursor.space();
            let key = cursor.string().ok_or_else(|| cursor.wrong("a key in quotes"))?;
            cursor.space();
            cursor.take(b':').ok_or_else(|| cursor.wrong("`:`"))?;
            cursor.space();
            let value = cursor.value().ok_or_else(|| cursor.wrong("a value"))?;
            fields.push((key, value));
            cursor.space();
            if cursor.take(b',').is_some() {
                continue;
            }
            cursor.take(b'}').ok_or_else(|| cursor.wrong("`,` or `}`"))?;
            break;
        }
    }
    cursor.space();
    if cursor.at < text.len() { Err(cursor.wrong("the end of the row")) } else { Ok(()) }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong(&self, expected: &str) -> String {
        let place = self.text[..self.at.min(self.text.len())].chars().count() + 1;
        format!("character {place} of the row: {expected} was expected")
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let end = string_end(self.text.as_bytes(), self.at)?;
        let raw = self.text.get(self.at..end)?;
        let inner = &raw[1..raw.len() - 1];
        let text =
            if inner.contains('\\') { Cow::Owned(serde_json::from_str(raw).ok()?) } else { Cow::Borrowed(inner) };
        self.at = end;
        Some(text)
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let rest = &self.text[self.at..];
        let value = match rest.as_bytes().first()? {
            b'"' => return self.string().map(Value::Text),
            b'{' | b'[' => {
                let raw = &rest[..extent(rest.as_bytes(), true)?];
                // Kept as text, so it must be what it claims to be.
                serde_json::from_str::<serde::de::IgnoredAny>(raw).ok()?;
                self.at += raw.len();
                return Some(Value::Nested(raw));
            }
            b't' => Value::Boolean(rest.get(..4).filter(|t| *t == "true")?),
            b'f' => Value::Boolean(rest.get(..5).filter(|t| *t == "false")?),
            b'n' => {
                rest.get(..4).filter(|t| *t == "null")?;
                self.at += 4;
                return Some(Value::Null);
            }
            _ => Value::Number(&rest[..number_length(rest.as_bytes())?]),
        };
        self.at += value.text().map_or(0, str::len);
        Some(value)
    }
}

/// The length of the JSON number at the beginning of `bytes`.
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}
