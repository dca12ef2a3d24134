//! Which Arrow type a column of MySQL becomes, and which column an Arrow type becomes.
//!
//! `TIME` is text, since it reaches past a day; `BIT(1)` is a boolean, longer ones are numbers.

use crate::canonical;
use arrow::datatypes::{DataType, TimeUnit};
use mysql_async::Column;
use mysql_async::consts::{ColumnFlags, ColumnType};

const BINARY_CHARSET: u16 = 63;

/// The Arrow type of a result's column.
pub(super) fn arrow_type(column: &Column) -> DataType {
    let unsigned = column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    let pick = |signed: DataType, other: DataType| if unsigned { other } else { signed };
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY => pick(DataType::Int8, DataType::UInt8),
        ColumnType::MYSQL_TYPE_SHORT => pick(DataType::Int16, DataType::UInt16),
        ColumnType::MYSQL_TYPE_YEAR => DataType::Int16,
        ColumnType::MYSQL_TYPE_INT24 | ColumnType::MYSQL_TYPE_LONG => pick(DataType::Int32, DataType::UInt32),
        ColumnType::MYSQL_TYPE_LONGLONG => pick(DataType::Int64, DataType::UInt64),
        ColumnType::MYSQL_TYPE_FLOAT => DataType::Float32,
        ColumnType::MYSQL_TYPE_DOUBLE => DataType::Float64,
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => decimal(column, unsigned),
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => DataType::Date32,
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        ColumnType::MYSQL_TYPE_BIT if column.column_length() == 1 => DataType::Boolean,
        ColumnType::MYSQL_TYPE_BIT => DataType::UInt64,
        ColumnType::MYSQL_TYPE_GEOMETRY => DataType::Binary,
        ColumnType::MYSQL_TYPE_VARCHAR
        | ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_STRING
        | ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB
            if column.character_set() == BINARY_CHARSET
                && !column.flags().intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG) =>
        {
            DataType::Binary
        }
        _ => DataType::Utf8,
    }
}

/// The type of a result's column as MySQL spells it, as far as a result tells.
pub(super) fn native_name(column: &Column) -> String {
    let flags = column.flags();
    let binary = column.character_set() == BINARY_CHARSET;
    let unsigned = if flags.contains(ColumnFlags::UNSIGNED_FLAG) { " unsigned" } else { "" };
    let fraction = |word: &str| match column.decimals() {
        digits @ 1..=6 => format!("{word}({digits})"),
        _ => word.to_owned(),
    };
    if flags.contains(ColumnFlags::ENUM_FLAG) {
        return "enum".to_owned();
    }
    if flags.contains(ColumnFlags::SET_FLAG) {
        return "set".to_owned();
    }
    let text = |text: &str, bytes: &str| if binary { bytes.to_owned() } else { text.to_owned() };
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY => format!("tinyint{unsigned}"),
        ColumnType::MYSQL_TYPE_SHORT => format!("smallint{unsigned}"),
        ColumnType::MYSQL_TYPE_INT24 => format!("mediumint{unsigned}"),
        ColumnType::MYSQL_TYPE_LONG => format!("int{unsigned}"),
        ColumnType::MYSQL_TYPE_LONGLONG => format!("bigint{unsigned}"),
        ColumnType::MYSQL_TYPE_YEAR => "year".to_owned(),
        ColumnType::MYSQL_TYPE_FLOAT => format!("float{unsigned}"),
        ColumnType::MYSQL_TYPE_DOUBLE => format!("double{unsigned}"),
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
            let unsigned_column = !unsigned.is_empty();
            match decimal(column, unsigned_column) {
                DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
                    format!("decimal({digits},{scale}){unsigned}")
                }
                _ => "decimal".to_owned(),
            }
        }
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => "date".to_owned(),
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => fraction("datetime"),
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => fraction("timestamp"),
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => fraction("time"),
        ColumnType::MYSQL_TYPE_BIT => format!("bit({})", column.column_length()),
        ColumnType::MYSQL_TYPE_JSON => "json".to_owned(),
        ColumnType::MYSQL_TYPE_GEOMETRY => "geometry".to_owned(),
        ColumnType::MYSQL_TYPE_NULL => "null".to_owned(),
        ColumnType::MYSQL_TYPE_STRING => text("char", "binary"),
        ColumnType::MYSQL_TYPE_VARCHAR | ColumnType::MYSQL_TYPE_VAR_STRING => text("varchar", "varbinary"),
        _ => match (column.column_length(), binary) {
            (0..=1_020, true) => "tinyblob".to_owned(),
            (0..=1_020, false) => "tinytext".to_owned(),
            (0..=262_140, _) => text("text", "blob"),
            (0..=67_108_860, _) => text("mediumtext", "mediumblob"),
            _ => text("longtext", "longblob"),
        },
    }
}

fn decimal(column: &Column, unsigned: bool) -> DataType {
    let scale = column.decimals().min(38);
    // The length counts the sign and the point.
    let digits = column.column_length().saturating_sub(u32::from(scale > 0) + u32::from(!unsigned));
    let digits = u8::try_from(digits.clamp(1, 76)).unwrap_or(76).max(scale);
    let scale = i8::try_from(scale).unwrap_or(38);
    if digits <= 38 { DataType::Decimal128(digits, scale) } else { DataType::Decimal256(digits, scale) }
}

/// The declared type of a new column, or `None` where MySQL has none. Columns of a key must be short enough to be indexed.
pub(super) fn declared(data_type: &DataType, key: bool, key_parts: usize) -> Option<String> {
    Some(match data_type {
        DataType::Boolean => "TINYINT(1)".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "TINYINT UNSIGNED".to_owned(),
        DataType::UInt16 => "SMALLINT UNSIGNED".to_owned(),
        DataType::UInt32 => "INT UNSIGNED".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        other => match canonical::data_type(other)? {
            DataType::Float32 => "FLOAT".to_owned(),
            DataType::Float64 => "DOUBLE".to_owned(),
            DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
                let scale = u8::try_from(scale).ok().filter(|scale| *scale <= 30 && digits <= 65)?;
                format!("DECIMAL({digits},{scale})")
            }
            // InnoDB indexes 3,072 bytes, 768 characters of four bytes.
            DataType::Utf8 if key => {
                format!("VARCHAR({}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", if key_parts <= 3 { 255 } else { 120 })
            }
            DataType::Utf8 | DataType::Null => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned(),
            DataType::Binary if key => "VARBINARY(255)".to_owned(),
            DataType::Binary => "LONGBLOB".to_owned(),
            DataType::Date32 => "DATE".to_owned(),
            DataType::Time64(_) => "TIME(6)".to_owned(),
            // TIMESTAMP ends in 2038, so an instant is a DATETIME in UTC.
            DataType::Timestamp(..) => "DATETIME(6)".to_owned(),
            _ => return None,
        },
    })
}
