//! Thrift's compact protocol, as much of it as Parquet's descriptions need.

/// Spells one structure; fields must come in rising order.
#[derive(Debug, Default)]
pub(crate) struct Struct {
    bytes: Vec<u8>,
    last: i16,
}

const BOOLEAN_TRUE: u8 = 1;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl Struct {
    fn field(&mut self, id: i16, kind: u8) {
        let delta = id - self.last;
        debug_assert!((1..=15).contains(&delta), "fields rise by at most 15");
        self.bytes.push((delta as u8) << 4 | kind);
        self.last = id;
    }

    pub(crate) fn i32(mut self, id: i16, value: i32) -> Self {
        self.field(id, I32);
        varint(&mut self.bytes, zigzag(i64::from(value)));
        self
    }

    pub(crate) fn i64(mut self, id: i16, value: i64) -> Self {
        self.field(id, I64);
        varint(&mut self.bytes, zigzag(value));
        self
    }

    pub(crate) fn truth(mut self, id: i16, value: bool) -> Self {
        // The value is in the field's head.
        self.field(id, if value { BOOLEAN_TRUE } else { 2 });
        self
    }

    pub(crate) fn text(mut self, id: i16, text: &str) -> Self {
        self.field(id, BINARY);
        binary(&mut self.bytes, text);
        self
    }

    pub(crate) fn inner(mut self, id: i16, inner: Self) -> Self {
        self.field(id, STRUCT);
        self.bytes.extend(inner.finish());
        self
    }

    pub(crate) fn structs(mut self, id: i16, items: Vec<Self>) -> Self {
        self.field(id, LIST);
        list_head(&mut self.bytes, items.len(), STRUCT);
        items.into_iter().for_each(|item| self.bytes.extend(item.finish()));
        self
    }

    pub(crate) fn numbers(mut self, id: i16, items: &[i32]) -> Self {
        self.field(id, LIST);
        list_head(&mut self.bytes, items.len(), I32);
        items.iter().for_each(|item| varint(&mut self.bytes, zigzag(i64::from(*item))));
        self
    }

    pub(crate) fn texts(mut self, id: i16, items: &[&str]) -> Self {
        self.field(id, LIST);
        list_head(&mut self.bytes, items.len(), BINARY);
        items.iter().for_each(|item| binary(&mut self.bytes, item));
        self
    }

    /// The structure's bytes with their end.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn binary(bytes: &mut Vec<u8>, text: &str) {
    varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

fn list_head(bytes: &mut Vec<u8>, length: usize, kind: u8) {
    if length < 15 {
        bytes.push((length as u8) << 4 | kind);
    } else {
        bytes.push(0xf0 | kind);
        varint(bytes, length as u64);
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// An unsigned LEB128 number.
pub(crate) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
