//! Rows as the server's raw block, and the frame around it.

use crate::value::{Type, Value};

/// The raw block of rows.
pub(crate) fn raw(kinds: &[Type], rows: &[Vec<Value>]) -> Vec<u8> {
    let mut lengths = Vec::new();
    let mut data = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let before = data.len();
        let values = rows.iter().map(|row| &row[index]);
        let head =
            if is_variable(*kind) { variable(&mut data, *kind, values) } else { fixed(&mut data, *kind, values) };
        lengths.push((data.len() - before - head) as u32);
    }
    let total = 28 + kinds.len() * 9 + data.len();
    let mut block = Vec::with_capacity(total);
    for word in [1, total as u32, rows.len() as u32, kinds.len() as u32, 0x8000_0000u32] {
        block.extend(word.to_le_bytes());
    }
    block.extend(0u64.to_le_bytes());
    for kind in kinds {
        block.push(kind.code());
        block.extend(kind.length().to_le_bytes());
    }
    for length in lengths {
        block.extend(length.to_le_bytes());
    }
    block.extend(data);
    block
}

fn is_variable(kind: Type) -> bool {
    matches!(kind, Type::Varchar(_) | Type::Nchar(_) | Type::Varbinary(_) | Type::Json | Type::Blob)
}

/// Null bitmap and values; tells how many bytes stand before the data part.
fn fixed<'a>(data: &mut Vec<u8>, kind: Type, values: impl ExactSizeIterator<Item = &'a Value>) -> usize {
    let bitmap_at = data.len();
    let bitmap = values.len().div_ceil(8);
    data.resize(bitmap_at + bitmap, 0);
    for (row, value) in values.enumerate() {
        if value.is_null() {
            data[bitmap_at + row / 8] |= 0x80 >> (row % 8);
        }
        let size = kind.length() as usize;
        match (kind, value) {
            (Type::Float, value) => data.extend((value.number() as f32).to_le_bytes()),
            (Type::Double, value) => data.extend(value.number().to_le_bytes()),
            (_, Value::Int(number) | Value::Decimal(number, _)) => data.extend(&number.to_le_bytes()[..size]),
            (_, Value::Bool(value)) => data.extend(&i128::from(*value).to_le_bytes()[..size]),
            (_, value) => data.extend(&(value.number() as i128).to_le_bytes()[..size]),
        }
    }
    bitmap
}

fn variable<'a>(data: &mut Vec<u8>, kind: Type, values: impl ExactSizeIterator<Item = &'a Value>) -> usize {
    let offsets_at = data.len();
    let head = values.len() * 4;
    data.resize(offsets_at + head, 0);
    for (row, value) in values.enumerate() {
        let offset = if value.is_null() { -1i32 } else { (data.len() - offsets_at - head) as i32 };
        data[offsets_at + row * 4..][..4].copy_from_slice(&offset.to_le_bytes());
        let bytes = match (kind, value) {
            (_, Value::Null) => continue,
            (Type::Nchar(_), value) => shown(value).chars().flat_map(|char| (char as u32).to_le_bytes()).collect(),
            (_, Value::Bytes(bytes)) => bytes.clone(),
            (_, value) => shown(value).into_bytes(),
        };
        if kind == Type::Blob {
            data.extend((bytes.len() as u32).to_le_bytes());
        } else {
            data.extend((bytes.len() as u16).to_le_bytes());
        }
        data.extend(bytes);
    }
    head
}

fn shown(value: &Value) -> String {
    value.text(crate::value::Precision::Milli, None)
}

/// The answer to a binary fetch: a block, or the end of the result.
pub(crate) fn fetched(request: u64, result: u64, block: Option<&[u8]>, error: Option<(u16, &str)>) -> Vec<u8> {
    let (code, message) = error.map_or((0, ""), |(code, message)| (u32::from(code), message));
    let mut frame = Vec::new();
    frame.extend(u64::MAX.to_le_bytes());
    frame.extend(7u64.to_le_bytes());
    frame.extend(1u16.to_le_bytes());
    frame.extend(1_000u64.to_le_bytes());
    frame.extend(request.to_le_bytes());
    frame.extend(code.to_le_bytes());
    frame.extend((message.len() as u32).to_le_bytes());
    frame.extend(message.as_bytes());
    frame.extend(result.to_le_bytes());
    frame.push(u8::from(block.is_none()));
    if let Some(block) = block {
        frame.extend((block.len() as u32).to_le_bytes());
        frame.extend(block);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_laid_out_as_the_server_lays_it() {
        let kinds = [Type::Timestamp, Type::Int(32, true), Type::Varchar(10)];
        let rows = [
            vec![Value::Int(1_704_160_800_000), Value::Int(7), Value::Text("ab".to_owned())],
            vec![Value::Int(1_704_160_801_000), Value::Null, Value::Null],
        ];
        let hex: String = raw(&kinds, &rows).iter().map(|byte| format!("{byte:02x}")).collect();
        let expected = "010000005d0000000200000003000000000000800000000000000000\
            09080000000404000000080a000000100000000800000004000000\
            00002de6c78c010000e830e6c78c010000\
            400700000000000000\
            00000000ffffffff02006162";
        assert_eq!(hex, expected.replace([' ', '\n'], ""));
    }
}
