//! Rows of JSON: one object a line, or one array of objects.
//!
//! Numbers stay as they are written, nested values become JSON text, a missing key is a null. Only an object's top level
//! is cut; the rest is kept byte for byte.

use plugin_sdk::{Body, Error, Result};
use std::io::Read;

/// A larger object is refused: it would not fit the plugin's memory.
const OBJECT: usize = 16 << 20;
const PIECE: usize = 64 << 10;

/// One object: its keys and values as text, in order.
pub(crate) type Object = Vec<(String, Option<String>)>;

/// Finds objects in a body.
pub(crate) struct JsonRows {
    body: Body,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    count: u64,
    line: u64,
    array: bool,
    opened: bool,
    closed: bool,
}

impl JsonRows {
    pub(crate) fn new(body: Body, array: bool) -> Self {
        Self {
            body,
            buffer: Vec::new(),
            start: 0,
            ended: false,
            count: 0,
            line: 1,
            array,
            opened: false,
            closed: false,
        }
    }

    /// The next object, with its line (`json_lines`) or its number (`json`), from 1.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Object)>> {
        if self.array {
            return self.next_of_array();
        }
        loop {
            let Some(end) = self.find_line_end()? else { return Ok(None) };
            let line = self.line;
            self.line += 1;
            let text = self.buffer[self.start..end].trim_ascii();
            let text = if line == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
            let object = if text.is_empty() { None } else { Some(parse(text, line, "line")?) };
            self.start = (end + 1).min(self.buffer.len());
            if let Some(object) = object {
                return Ok(Some((line, object)));
            }
        }
    }

    fn find_line_end(&mut self) -> Result<Option<usize>> {
        let mut searched = self.start;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                return Ok(Some(searched + at));
            }
            if self.ended {
                return Ok((self.start < self.buffer.len()).then_some(self.buffer.len()));
            }
            let before = self.start;
            searched = self.buffer.len();
            self.fill()?;
            searched -= before - self.start;
        }
    }

    fn next_of_array(&mut self) -> Result<Option<(u64, Object)>> {
        if !self.opened {
            if self.peek()? == Some(0xef) {
                self.expect(0xef)?;
                self.expect(0xbb)?;
                self.expect(0xbf)?;
            }
            self.expect(b'[')?;
            self.opened = true;
            if self.peek()? == Some(b']') {
                self.expect(b']')?;
                self.closed = true;
            }
        }
        if self.closed {
            return match self.peek()? {
                None => Ok(None),
                Some(_) => Err(Error::data("the JSON goes on after the end of its array")),
            };
        }
        let number = self.count + 1;
        if self.peek()? != Some(b'{') {
            return Err(Error::data(format!("element {number} of the JSON array is no object")));
        }
        let end = self.find_object_end(number)?;
        let object = parse(&self.buffer[self.start..end], number, "element")?;
        self.start = end;
        self.count = number;
        match self.peek()? {
            Some(b',') => self.expect(b',')?,
            _ => {
                self.expect(b']')?;
                self.closed = true;
            }
        }
        Ok(Some((number, object)))
    }

    /// Where the object that begins at `start` ends: its braces are counted outside of strings.
    fn find_object_end(&mut self, number: u64) -> Result<usize> {
        let (mut at, mut depth, mut quoted, mut escaped) = (self.start, 0_usize, false, false);
        loop {
            while at < self.buffer.len() {
                let byte = self.buffer[at];
                at += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    _ if quoted => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Ok(at);
                        }
                    }
                    _ => {}
                }
            }
            if self.ended {
                return Err(Error::data(format!("the JSON ends within element {number}")));
            }
            let before = self.start;
            self.fill()?;
            at -= before - self.start;
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<Option<u8>> {
        loop {
            while let Some(byte) = self.buffer.get(self.start) {
                if !byte.is_ascii_whitespace() {
                    return Ok(Some(*byte));
                }
                self.start += 1;
            }
            if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<()> {
        match self.peek()? {
            Some(found) if found == wanted => {
                self.start += 1;
                Ok(())
            }
            Some(found) => {
                let (found, wanted) = (char::from(found), char::from(wanted));
                Err(Error::data(format!("the JSON is no array of objects: found `{found}` instead of `{wanted}`")))
            }
            None => Err(Error::data(format!("the JSON ends where `{}` should be", char::from(wanted)))),
        }
    }

    /// Reads more, after dropping what was used.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.len() > OBJECT {
            return Err(Error::data(format!("an object has more than {OBJECT} bytes")));
        }
        let used = self.buffer.len();
        self.buffer.resize(used + PIECE, 0);
        let read = self.body.read(&mut self.buffer[used..])?;
        self.buffer.truncate(used + read);
        self.ended = read == 0;
        Ok(())
    }
}

fn parse(text: &[u8], number: u64, what: &str) -> Result<Object> {
    let broken = |error: &dyn std::fmt::Display| Error::data(format!("{what} {number} of the JSON: {error}"));
    let text = std::str::from_utf8(text).map_err(|_| broken(&"it is not UTF-8"))?;
    // Once it is known to be well-formed, its parts can be cut without further checks.
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| broken(&error))?;
    let mut cutter = Cutter { text, at: 0 };
    if cutter.byte() != Some(b'{') {
        return Err(broken(&"it is no object"));
    }
    cutter.at += 1;
    let mut object = Object::new();
    while cutter.byte() == Some(b'"') {
        let key: String = serde_json::from_str(cutter.value()).map_err(|error| broken(&error))?;
        cutter.byte();
        cutter.at += 1;
        cutter.byte();
        let raw = cutter.value();
        let value = match raw.as_bytes().first() {
            Some(b'"') => Some(serde_json::from_str(raw).map_err(|error| broken(&error))?),
            Some(b'n') => None,
            _ => Some(raw.to_owned()),
        };
        if object.iter().any(|(found, _)| *found == key) {
            return Err(broken(&format!("key `{key}` is there twice")));
        }
        object.push((key, value));
        if cutter.byte() == Some(b',') {
            cutter.at += 1;
            cutter.byte();
        }
    }
    Ok(object)
}

/// Cuts values out of well-formed JSON.
struct Cutter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cutter<'a> {
    /// The next byte that is no white space, and goes there.
    fn byte(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The value that begins here, as it is written, and goes behind it.
    fn value(&mut self) -> &'a str {
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let (mut depth, mut quoted) = (0_usize, false);
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'\\' if quoted => self.at += 1,
                b'"' => {
                    quoted = !quoted;
                    if !quoted && depth == 0 {
                        self.at += 1;
                        break;
                    }
                }
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        break;
                    }
                }
                b',' | b'}' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        self.text[start..self.at].trim_end()
    }
}
