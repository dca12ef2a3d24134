//! Splits a CSV stream into records, as slices of one buffer: no allocation per field.
//!
//! A field is quoted only where its first byte is the quote; within it, two quotes mean one. Records end at `\n`, `\r\n` or
//! `\r`; empty lines are skipped.

use std::io::{self, Read};

/// A field's bytes within [`Records::buffer`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    start: usize,
    end: usize,
    pub(super) quoted: bool,
    doubled: bool,
}

/// What is wrong with how a record is written; its fields are as far as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Something other than a delimiter follows a closing quote.
    TextAfterQuote,
    /// A quote that nothing closes before the end of the file.
    OpenQuote,
}

/// A record was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Line on which it begins, counted from 1.
    pub(super) line: u64,
    pub(super) flaw: Option<Flaw>,
}

#[derive(Debug)]
pub(super) enum RecordsError {
    Io(io::Error),
    /// The record that begins on this line is larger than a record may be.
    TooLong(u64),
}

/// A record larger than this is taken for a forgotten quote.
pub(super) const RECORD_LIMIT: usize = 16 << 20;

/// The splitter.
pub(super) struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    line: u64,
    delimiter: u8,
    quote: Option<u8>,
    /// Bytes that end an unquoted field.
    stops: [bool; 256],
    pub(super) fields: Vec<Field>,
    scratch: Vec<u8>,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8, quote: Option<u8>) -> Self {
        let mut stops = [false; 256];
        for byte in [delimiter, b'\n', b'\r'] {
            stops[usize::from(byte)] = true;
        }
        Self {
            input,
            buffer: vec![0; 256 << 10],
            start: 0,
            filled: 0,
            ended: false,
            line: 1,
            delimiter,
            quote,
            stops,
            fields: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Skips a byte order mark; to be called before the first record.
    pub(super) fn skip_mark(&mut self) -> Result<(), RecordsError> {
        while self.filled < 3 && !self.ended {
            self.fill()?;
        }
        if self.buffer[..self.filled].starts_with(b"\xEF\xBB\xBF") {
            self.start = 3;
        }
        Ok(())
    }

    /// The next record; its fields are in `fields` until the next call.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Record>, RecordsError> {
        loop {
            // Empty lines.
            while self.start < self.filled {
                match self.buffer[self.start] {
                    b'\n' => self.line += 1,
                    // `\r\n` counts at its `\n`; a lone `\r` is a line of its own.
                    b'\r' if self.start + 1 < self.filled => {
                        self.line += u64::from(self.buffer[self.start + 1] != b'\n');
                    }
                    b'\r' if !self.ended => break,
                    b'\r' => self.line += 1,
                    _ => break,
                }
                self.start += 1;
            }
            let at_return = self.start < self.filled && self.buffer[self.start] == b'\r';
            if self.start < self.filled && !at_return {
                if let Some((next, lines, flaw)) = self.split() {
                    let record = Record { line: self.line, flaw };
                    self.start = next;
                    self.line += lines;
                    return Ok(Some(record));
                }
            } else if self.ended {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// How long the record is.
    #[inline]
    pub(super) fn record_bytes(&self) -> usize {
        match (self.fields.first(), self.fields.last()) {
            (Some(first), Some(last)) => last.end - first.start,
            _ => 0,
        }
    }

    /// The bytes of a field, its doubled quotes made single.
    #[inline]
    pub(super) fn text(&mut self, field: Field) -> &[u8] {
        if !field.doubled {
            return &self.buffer[field.start..field.end];
        }
        self.scratch.clear();
        let mut bytes = self.buffer[field.start..field.end].iter();
        while let Some(byte) = bytes.next() {
            self.scratch.push(*byte);
            if Some(*byte) == self.quote {
                bytes.next();
            }
        }
        &self.scratch
    }

    /// Splits the record at `start`: where the next begins, how many line ends it held, what is wrong with it. `None`: it
    /// goes on past what is in the buffer.
    #[inline]
    fn split(&mut self) -> Option<(usize, u64, Option<Flaw>)> {
        let Self { buffer, fields, stops, .. } = self;
        let bytes = &buffer[..self.filled];
        fields.clear();
        let mut at = self.start;
        let mut lines = 0;
        let mut flaw = None;
        loop {
            // A field begins at `at`.
            if at < bytes.len() && Some(bytes[at]) == self.quote {
                let quote = bytes[at];
                let start = at + 1;
                let mut doubled = false;
                at = start;
                let end = loop {
                    while at < bytes.len() && bytes[at] != quote {
                        lines += u64::from(is_line_end(bytes, at));
                        at += 1;
                    }
                    if at >= bytes.len() {
                        if !self.ended {
                            return None;
                        }
                        flaw = Some(Flaw::OpenQuote);
                        break at;
                    }
                    if at + 1 >= bytes.len() && !self.ended {
                        return None;
                    }
                    if at + 1 < bytes.len() && bytes[at + 1] == quote {
                        doubled = true;
                        at += 2;
                        continue;
                    }
                    break at;
                };
                if flaw.is_none() {
                    at += 1;
                }
                if flaw.is_none() && at < bytes.len() && !stops[usize::from(bytes[at])] {
                    flaw = Some(Flaw::TextAfterQuote);
                    while at < bytes.len() && !stops[usize::from(bytes[at])] {
                        at += 1;
                    }
                    fields.push(Field { start: start - 1, end: at, quoted: true, doubled: false });
                } else {
                    fields.push(Field { start, end, quoted: true, doubled });
                }
            } else {
                let start = at;
                while at < bytes.len() && !stops[usize::from(bytes[at])] {
                    at += 1;
                }
                fields.push(Field { start, end: at, quoted: false, doubled: false });
            }
            if at >= bytes.len() {
                return self.ended.then_some((at, lines, flaw));
            }
            if bytes[at] == self.delimiter {
                at += 1;
                // The empty field after a last delimiter needs to see the line's end.
                if at >= bytes.len() && !self.ended {
                    return None;
                }
                continue;
            }
            if bytes[at] == b'\r' {
                if at + 1 >= bytes.len() && !self.ended {
                    return None;
                }
                at += usize::from(bytes.get(at + 1) == Some(&b'\n'));
            }
            return Some((at + 1, lines + 1, flaw));
        }
    }

    fn fill(&mut self) -> Result<(), RecordsError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            if self.filled >= RECORD_LIMIT {
                return Err(RecordsError::TooLong(self.line));
            }
            self.buffer.resize(self.filled * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.filled += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(RecordsError::Io(e)),
            }
            return Ok(());
        }
    }
}

/// Whether a line ends at `at`; of `\r\n` only the `\n` counts.
fn is_line_end(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Reads one byte at a time, so that every record is cut everywhere.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn records(input: impl Read) -> Vec<String> {
        let mut records = Records::new(input, b',', Some(b'"'));
        records.skip_mark().unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let fields = records.fields.clone();
            let texts: Vec<String> = fields
                .iter()
                .map(|f| format!("{}{}", if f.quoted { "'" } else { "" }, String::from_utf8_lossy(records.text(*f))))
                .collect();
            let flaw = record.flaw.map_or(String::new(), |f| format!(" {f:?}"));
            found.push(format!("{}: {}{flaw}", record.line, texts.join("|")));
        }
        found
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(records(text.as_bytes()), expected, "{text:?}");
        assert_eq!(records(Drip(text.as_bytes())), expected, "{text:?}, byte by byte");
    }

    #[test]
    fn records_are_split_wherever_the_buffer_ends() {
        check("", &[]);
        check("\n\r\n\n", &[]);
        check("a,b\n1,2\n", &["1: a|b", "2: 1|2"]);
        check("a,b\r\n1,2", &["1: a|b", "2: 1|2"]);
        check("a\rb\r\rc", &["1: a", "2: b", "4: c"]);
        check("\u{feff}a,b", &["1: a|b"]);
        check("a,\n,b\n,\n", &["1: a|", "2: |b", "3: |"]);
        check("a,", &["1: a|"]);
        check("\n\na\n\nb", &["3: a", "5: b"]);
    }

    #[test]
    fn quoted_fields_hold_delimiters_quotes_and_line_ends() {
        check("\"a,b\",\"c\"\"d\"\nx", &["1: 'a,b|'c\"d", "2: x"]);
        check("\"a\nb\r\nc\",1\nx,2", &["1: 'a\nb\r\nc|1", "4: x|2"]);
        check("\"\",x", &["1: '|x"]);
        check("a\"b,c", &["1: a\"b|c"]);
        check("\"\"\"\"", &["1: '\""]);
    }

    #[test]
    fn wrong_quotes_are_told() {
        check("\"a\"b,c\nd", &["1: '\"a\"b|c TextAfterQuote", "2: d"]);
        check("x\n\"a,c\nd", &["1: x", "2: 'a,c\nd OpenQuote"]);
    }

    #[test]
    fn a_quote_that_never_closes_stops_at_the_limit() {
        let mut records = Records::new(io::repeat(b'x'), b',', Some(b'"'));
        assert!(matches!(records.next(), Err(RecordsError::TooLong(1))));
    }
}
