//! PostgreSQL types and the Arrow types their values become.
//!
//! Types without an Arrow peer are read as text: arrays as JSON, intervals as ISO 8601, all others as the server spells them.

use arrow::datatypes::{DataType, TimeUnit};

/// How values of a column travel in binary COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Decimal128(u8, i8),
    Decimal256(u8, i8),
    /// `numeric` without precision, or with more digits than Arrow has.
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Date,
    Time,
    Timestamp,
    Instant,
    Uuid,
    Array,
    Inet,
    /// Read and written as text that the server casts.
    Other,
}

/// What the catalog calls the sort of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Plain,
    Enum,
    Array,
}

/// The kind of a type by its object id, modifier and sort.
pub(super) fn kind(oid: u32, modifier: i32, sort: Sort) -> Kind {
    match (sort, oid) {
        (Sort::Enum, _) => Kind::Text,
        (Sort::Array, _) => Kind::Array,
        (_, 16) => Kind::Bool,
        (_, 17) => Kind::Bytea,
        (_, 19 | 25 | 114 | 142 | 1042 | 1043) => Kind::Text,
        (_, 20) => Kind::Int8,
        (_, 21) => Kind::Int2,
        (_, 23) => Kind::Int4,
        (_, 26) => Kind::Oid,
        (_, 700) => Kind::Float4,
        (_, 701) => Kind::Float8,
        (_, 869) => Kind::Inet,
        (_, 1082) => Kind::Date,
        (_, 1083) => Kind::Time,
        (_, 1114) => Kind::Timestamp,
        (_, 1184) => Kind::Instant,
        (_, 1700) => numeric(modifier),
        (_, 2950) => Kind::Uuid,
        (_, 3802) => Kind::Jsonb,
        _ => Kind::Other,
    }
}

/// Precision and scale of a `numeric`, or `None` where it has none.
pub(super) fn precision(modifier: i32) -> Option<(i32, i32)> {
    if modifier < 4 {
        return None;
    }
    let packed = modifier - 4;
    // The scale is a signed number of 11 bits.
    Some((packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}

fn numeric(modifier: i32) -> Kind {
    let Some((precision, scale)) = precision(modifier) else { return Kind::Numeric };
    // Arrow wants the scale between 0 and the precision.
    let digits = if scale < 0 { precision - scale } else { precision.max(scale) };
    decimal(digits, scale.max(0))
}

/// The decimal of so many digits, or [`Kind::Numeric`] where Arrow has none.
pub(super) fn decimal(digits: i32, scale: i32) -> Kind {
    match digits {
        1..=38 => Kind::Decimal128(digits as u8, scale as i8),
        39..=76 => Kind::Decimal256(digits as u8, scale as i8),
        _ => Kind::Numeric,
    }
}

impl Kind {
    /// The Arrow type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 | Self::Oid => DataType::Int64,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Decimal128(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Decimal256(precision, scale) => DataType::Decimal256(precision, scale),
            Self::Bytea => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Numeric | Self::Text | Self::Jsonb | Self::Uuid | Self::Array | Self::Inet | Self::Other => {
                DataType::Utf8
            }
        }
    }

    /// The column as it is selected.
    pub(super) fn selected(self, column: &str) -> String {
        match self {
            Self::Array => format!("to_json({column})::text"),
            // A cast would spell the mask of a single host, too.
            Self::Inet => format!("inet_out({column})::text"),
            Self::Numeric | Self::Other => format!("{column}::text"),
            _ => column.to_owned(),
        }
    }
}

/// The type to declare for a new column, or `None` where PostgreSQL cannot hold such values.
pub(super) fn declared(data_type: &DataType) -> Option<String> {
    let fixed = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint",
        DataType::UInt16 | DataType::Int32 => "integer",
        DataType::UInt32 | DataType::Int64 => "bigint",
        DataType::UInt64 => "numeric(20,0)",
        DataType::Float16 | DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => "text",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "bytea",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let whole = u16::from(*precision) + u16::from(scale.min(&0).unsigned_abs());
            return Some(format!("numeric({whole},{})", scale.max(&0)));
        }
        DataType::Dictionary(_, values) => return declared(values),
        _ => return None,
    };
    Some(fixed.to_owned())
}
