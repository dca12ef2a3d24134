//! Batches in binary COPY format, sent one after the other in one COPY, or in parts.

use super::encode::Cells;
use super::introspect::TableColumn;
use super::pool::Lent;
use crate::error::Culprit;
use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::SinkExt;
use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use tokio_postgres::CopyInSink;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: &[u8] = &[0xff, 0xff];
/// How many bytes go into one message.
const MESSAGE: usize = 256 << 10;

/// Rows ready to be sent, and those that cannot be.
pub(super) struct Encoded {
    bytes: Bytes,
    /// Where each row ends.
    ends: Vec<usize>,
    /// Which row of the batch each one is.
    rows: Vec<usize>,
    pub(super) culprits: Vec<Culprit>,
}

impl Encoded {
    /// Encodes a batch; `numbered` adds a column with the row's number, `room` is used again.
    pub(super) fn new(records: &RecordBatch, columns: &[TableColumn], numbered: bool, room: Vec<u8>) -> Self {
        let schema = records.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let cells = |row: Option<usize>| -> Result<Vec<Cells<'_>>, Culprit> {
            let parts = names.iter().zip(records.columns()).zip(columns);
            parts
                .map(|((name, array), column)| match row {
                    Some(row) => Cells::new(name, &array.slice(row, 1), column),
                    None => Cells::new(name, array, column),
                })
                .collect()
        };
        let whole = cells(None);
        let mut bytes = room;
        bytes.clear();
        bytes.reserve(records.get_array_memory_size() + records.num_rows() * (columns.len() * 4 + 8));
        let (mut ends, mut rows, mut culprits) = (Vec::with_capacity(records.num_rows()), Vec::new(), Vec::new());
        let fields = (columns.len() + usize::from(numbered)) as u16;
        for row in 0..records.num_rows() {
            let start = bytes.len();
            bytes.extend_from_slice(&fields.to_be_bytes());
            let written = match &whole {
                Ok(cells) => cells.iter().try_for_each(|cell| cell.write(&mut bytes, row)),
                // A column cannot be turned as a whole: go row by row, so that only the culprits are left out.
                Err(_) => {
                    cells(Some(row)).and_then(|cells| cells.iter().try_for_each(|cell| cell.write(&mut bytes, 0)))
                }
            };
            if let Err(culprit) = written {
                bytes.truncate(start);
                culprits.push(Culprit { row, ..culprit });
                continue;
            }
            if numbered {
                bytes.extend_from_slice(&8i32.to_be_bytes());
                bytes.extend_from_slice(&(row as i64).to_be_bytes());
            }
            ends.push(bytes.len());
            rows.push(row);
        }
        Self { bytes: bytes.into(), ends, rows, culprits }
    }

    /// How many rows can be sent.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Which row of the batch the sendable row `index` is.
    pub(super) fn row(&self, index: usize) -> usize {
        self.rows.get(index).copied().unwrap_or(index)
    }

    /// Sends a range of the sendable rows in a COPY of their own.
    pub(super) async fn send(
        &self,
        client: &Lent,
        copy: &str,
        range: Range<usize>,
    ) -> Result<(), tokio_postgres::Error> {
        let mut copying = Copying::open(client, copy).await?;
        copying.feed(self, range).await?;
        copying.finish().await
    }
}

/// A COPY that is under way. While the server takes in what it has, the next rows are made ready.
///
/// Dropping it makes the server give up what it has of it.
pub(super) struct Copying {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    /// How many rows each feeding brought.
    fed: Vec<usize>,
    /// What the last feedings held. Once it is sent its memory serves the next.
    sent: VecDeque<Bytes>,
}

impl Copying {
    pub(super) async fn open(client: &Lent, copy: &str) -> Result<Self, tokio_postgres::Error> {
        let mut sink: Pin<Box<CopyInSink<Bytes>>> = Box::pin(client.copy_in(copy).await?);
        sink.feed(Bytes::from_static(HEADER)).await?;
        Ok(Self { sink, fed: Vec::new(), sent: VecDeque::new() })
    }

    /// Hands rows on. What the server thinks of them is known when the COPY is finished.
    pub(super) async fn feed(&mut self, encoded: &Encoded, range: Range<usize>) -> Result<(), tokio_postgres::Error> {
        let start = if range.start == 0 { 0 } else { encoded.ends[range.start - 1] };
        let end = if range.end == 0 { 0 } else { encoded.ends[range.end - 1] };
        self.fed.push(range.len());
        let mut rest = encoded.bytes.slice(start..end);
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(MESSAGE));
            self.sink.feed(part).await?;
        }
        self.sent.truncate(1);
        self.sent.push_back(encoded.bytes.clone());
        Ok(())
    }

    /// Memory that is no longer in use; empty where all of it is.
    pub(super) fn room(&mut self) -> Vec<u8> {
        if !self.sent.front().is_some_and(Bytes::is_unique) {
            return Vec::new();
        }
        let mut first = self.sent.pop_front().unwrap_or_default();
        // Nothing of it need be moved.
        first.truncate(0);
        Vec::from(first)
    }

    pub(super) async fn finish(&mut self) -> Result<(), tokio_postgres::Error> {
        self.sink.feed(Bytes::from_static(TRAILER)).await?;
        self.sink.as_mut().finish().await?;
        Ok(())
    }

    /// The place that the server's line has in its feeding.
    pub(super) fn place(&self, line: usize) -> usize {
        let mut left = line;
        for fed in &self.fed {
            match left.checked_sub(*fed) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        left
    }
}
