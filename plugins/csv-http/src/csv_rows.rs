//! Rows of CSV, with quotes, line breaks in quotes, and a header line.

use plugin_sdk::{Body, Error, Result, Row};
use std::io::Read;

/// A longer row is refused: it would not fit the plugin's memory.
const ROW: u64 = 16 << 20;

/// Finds rows in a body.
pub(crate) struct CsvRows {
    reader: csv::Reader<Body>,
    names: Vec<String>,
    record: csv::ByteRecord,
}

impl CsvRows {
    /// Reads the header line; none in an empty body.
    pub(crate) fn open(mut body: Body, delimiter: char) -> Result<Self> {
        let delimiter = u8::try_from(delimiter)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r'))
            .ok_or_else(|| Error::config("delimiter", "`delimiter` must be one ASCII character, not a quote"))?;
        let mut start = [0; 3];
        let mut filled = 0;
        while filled < start.len() {
            match body.read(&mut start[filled..])? {
                0 => break,
                read => filled += read,
            }
        }
        // A byte order mark is no part of the first name.
        let kept = if start[..filled] == [0xef, 0xbb, 0xbf] { Vec::new() } else { start[..filled].to_vec() };
        body.put_back(kept);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(body);
        let mut record = csv::ByteRecord::new();
        reader.read_byte_record(&mut record).map_err(broken)?;
        let mut names: Vec<String> = Vec::with_capacity(record.len());
        for (index, name) in record.iter().enumerate() {
            let name =
                text(name).ok_or_else(|| Error::data(format!("the name of column {} is not UTF-8", index + 1)))?;
            let name = if name.is_empty() { format!("column_{}", index + 1) } else { name };
            if names.contains(&name) {
                return Err(Error::data(format!("the header line has column `{name}` twice")));
            }
            names.push(name);
        }
        Ok(Self { reader, names, record })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The next row with its line number; the inner error is a row that can be rejected.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Row, Option<String>)>> {
        let line = self.reader.position().line();
        if !self.reader.read_byte_record(&mut self.record).map_err(broken)? {
            return Ok(None);
        }
        // The reader skips blank lines before a row, so the row itself knows better where it begins.
        let line = self.record.position().map_or(line, csv::Position::line);
        let bytes = self.record.as_slice().len() as u64;
        if bytes > ROW {
            return Err(Error::data(format!("the row at line {line} has {bytes} bytes; at most {ROW} are allowed")));
        }
        let mut wrong = None;
        let mut row = Row::with_capacity(self.names.len());
        for (index, value) in self.record.iter().enumerate().take(self.names.len()) {
            let read = text(value);
            if read.is_none() {
                wrong.get_or_insert(format!("column `{}` is not UTF-8", self.names[index]));
            }
            row.push(Some(read.unwrap_or_else(|| String::from_utf8_lossy(value).into_owned())));
        }
        let (found, wanted) = (self.record.len(), self.names.len());
        if found != wanted {
            wrong = Some(format!("the row has {found} values, the header line {wanted}"));
            row.resize(wanted, None);
        }
        Ok(Some((line, row, wrong)))
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn broken(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Error::data(format!("the CSV cannot be read: {other:?}")),
    }
}
