//! ClickHouse's types as columns': what has no counterpart is text, without loss.

use plugin_sdk::ColumnType;

/// The type of a column, its wrappers taken off.
pub(crate) fn type_of(clickhouse: &str) -> ColumnType {
    let bare = unwrap(clickhouse);
    match bare.split('(').next().unwrap_or_default() {
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => ColumnType::Int64,
        "Float32" | "Float64" => ColumnType::Float64,
        "Bool" => ColumnType::Boolean,
        "Date" | "Date32" => ColumnType::Date32,
        "DateTime" => ColumnType::Timestamp,
        // Nanoseconds do not fit into a moment of microseconds.
        "DateTime64" if precision(bare).is_some_and(|digits| digits <= 6) => ColumnType::Timestamp,
        _ => ColumnType::Utf8,
    }
}

fn unwrap(text: &str) -> &str {
    let inner = ["Nullable(", "LowCardinality("]
        .iter()
        .find_map(|wrapper| text.trim().strip_prefix(wrapper)?.strip_suffix(')'));
    inner.map_or(text.trim(), unwrap)
}

fn precision(bare: &str) -> Option<u32> {
    bare.split_once('(')?.1.split([',', ')']).next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_taken_off_and_what_would_lose_is_text() {
        for (clickhouse, expected) in [
            ("UInt8", ColumnType::Int64),
            ("Nullable(Int64)", ColumnType::Int64),
            ("LowCardinality(Nullable(String))", ColumnType::Utf8),
            ("Float32", ColumnType::Float64),
            ("Bool", ColumnType::Boolean),
            ("Date", ColumnType::Date32),
            ("DateTime", ColumnType::Timestamp),
            ("DateTime('Asia/Shanghai')", ColumnType::Timestamp),
            ("DateTime64(3, 'UTC')", ColumnType::Timestamp),
            ("DateTime64(9)", ColumnType::Utf8),
            ("Decimal(18, 4)", ColumnType::Utf8),
            ("Int256", ColumnType::Utf8),
            ("Array(Int64)", ColumnType::Utf8),
            ("Map(String, Nullable(Int64))", ColumnType::Utf8),
        ] {
            assert_eq!(type_of(clickhouse), expected, "{clickhouse}");
        }
    }
}
