//! What the source's column types are.

use crate::dialect::Family;
use crate::out::{Kind, Ty};
use sqlparser::ast::{DataType, EnumMember, ExactNumberInfo, TimezoneInfo};
use std::rc::Rc;

/// What a column of this type holds.
pub(crate) fn of(data_type: &DataType, from: Family) -> Ty {
    use DataType as T;
    let unsigned = |ty: Ty| Ty { unsigned: true, ..ty };
    let decimal = |info: &ExactNumberInfo| {
        let scale = match info {
            ExactNumberInfo::PrecisionAndScale(_, scale) => Some(u8::try_from(*scale).unwrap_or(0)),
            ExactNumberInfo::Precision(_) => Some(0),
            // MySQL's DECIMAL alone is DECIMAL(10,0), PostgreSQL's holds any number of digits.
            ExactNumberInfo::None => matches!(from, Family::My | Family::Sf).then_some(0),
        };
        Ty::scaled(Kind::Dec, scale)
    };
    let seconds = |kind: Kind, precision: Option<u64>| {
        let usual = if from == Family::My { 0 } else { 6 };
        Ty::scaled(kind, Some(precision.map_or(usual, |digits| u8::try_from(digits).unwrap_or(6))))
    };
    match data_type {
        T::TinyInt(Some(1)) if from == Family::My => Ty::of(Kind::Tiny),
        T::Bool | T::Boolean if from == Family::My => Ty::of(Kind::Tiny),
        T::Bool | T::Boolean if from == Family::Lite => Ty::of(Kind::Tiny),
        T::Bool | T::Boolean => Ty::of(Kind::Bool),
        T::BigInt(_) | T::Int8(_) | T::Int64 | T::Signed | T::SignedInteger => Ty { big: true, ..Ty::of(Kind::Int) },
        T::BigIntUnsigned(_) | T::Int8Unsigned(_) | T::Unsigned | T::UnsignedInteger | T::UBigInt => {
            unsigned(Ty { big: true, ..Ty::of(Kind::Int) })
        }
        T::TinyInt(_)
        | T::SmallInt(_)
        | T::MediumInt(_)
        | T::Int(_)
        | T::Integer(_)
        | T::Int2(_)
        | T::Int4(_)
        | T::Int16
        | T::Int32 => Ty { big: from == Family::Lite, ..Ty::of(Kind::Int) },
        T::TinyIntUnsigned(_)
        | T::SmallIntUnsigned(_)
        | T::MediumIntUnsigned(_)
        | T::IntUnsigned(_)
        | T::IntegerUnsigned(_)
        | T::Int2Unsigned(_)
        | T::Int4Unsigned(_) => unsigned(Ty::of(Kind::Int)),
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) => decimal(info),
        T::DecimalUnsigned(info) | T::DecUnsigned(info) => unsigned(decimal(info)),
        T::Float(_)
        | T::FloatUnsigned(_)
        | T::Real
        | T::RealUnsigned
        | T::Float4
        | T::Float8
        | T::Float32
        | T::Float64
        | T::Double(_)
        | T::DoubleUnsigned(_)
        | T::DoublePrecision
        | T::DoublePrecisionUnsigned => Ty::of(Kind::Float),
        T::Character(_)
        | T::Char(_)
        | T::CharacterVarying(_)
        | T::CharVarying(_)
        | T::Varchar(_)
        | T::Nvarchar(_)
        | T::Text
        | T::TinyText
        | T::MediumText
        | T::LongText
        | T::String(_)
        | T::Clob(_)
        | T::CharacterLargeObject(_)
        | T::CharLargeObject(_) => Ty::of(Kind::Text),
        T::Uuid => Ty::of(Kind::Uuid),
        T::Binary(_)
        | T::Varbinary(_)
        | T::Blob(_)
        | T::TinyBlob
        | T::MediumBlob
        | T::LongBlob
        | T::Bytes(_)
        | T::Bytea => Ty::of(Kind::Bytes),
        T::Date | T::Date32 => Ty::of(Kind::Date),
        T::Time(precision, _) => seconds(Kind::Time, *precision),
        T::Datetime(precision) => seconds(Kind::Stamp, *precision),
        T::TimestampNtz(_) => Ty::scaled(Kind::Stamp, Some(6)),
        T::Timestamp(precision, zone) => {
            let zoned = from == Family::My || matches!(zone, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone);
            seconds(if zoned { Kind::Instant } else { Kind::Stamp }, *precision)
        }
        T::Interval { .. } => Ty::of(Kind::Interval),
        T::JSON | T::JSONB => Ty::of(Kind::Json),
        T::Enum(members, _) => {
            let members = members.iter().map(|member| match member {
                EnumMember::Name(name) | EnumMember::NamedValue(name, _) => name.clone(),
            });
            Ty { members: Some(Rc::new(members.collect())), ..Ty::of(Kind::Enum) }
        }
        T::Set(members) => Ty { members: Some(Rc::new(members.clone())), ..Ty::of(Kind::Set) },
        T::Bit(_) | T::BitVarying(_) | T::VarBit(_) => Ty::of(Kind::Bit),
        T::Array(_) => Ty::of(Kind::Array),
        T::Custom(name, arguments) => custom(&name.to_string().to_ascii_lowercase(), arguments, from),
        _ => Ty::of(Kind::Other),
    }
}

fn custom(name: &str, arguments: &[String], from: Family) -> Ty {
    match name {
        "year" => Ty::of(Kind::Int),
        "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" => {
            Ty { big: name != "serial", nullable: false, ..Ty::of(Kind::Int) }
        }
        "citext" => Ty { ci: Some(true), ..Ty::of(Kind::Text) },
        "name" | "bpchar" | "nchar" => Ty::of(Kind::Text),
        "variant" | "object" => Ty::of(Kind::Json),
        "number" => {
            let scale = arguments.get(1).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
            if scale == 0 { Ty { big: true, ..Ty::of(Kind::Int) } } else { Ty::scaled(Kind::Dec, Some(scale)) }
        }
        "timestamp_ntz" | "timestampntz" => Ty::scaled(Kind::Stamp, Some(9)),
        "timestamp_ltz" | "timestamp_tz" | "timestampltz" | "timestamptz" => Ty::scaled(Kind::Instant, Some(6)),
        _ if from == Family::Lite => lite_affinity(name),
        _ => Ty::of(Kind::Other),
    }
}

/// SQLite decides by parts of the name.
fn lite_affinity(name: &str) -> Ty {
    let has = |part: &str| name.contains(part);
    if has("int") {
        Ty { big: true, ..Ty::of(Kind::Int) }
    } else if has("char") || has("clob") || has("text") {
        Ty::of(Kind::Text)
    } else if has("blob") {
        Ty::of(Kind::Bytes)
    } else if has("real") || has("floa") || has("doub") {
        Ty::of(Kind::Float)
    } else {
        Ty::of(Kind::Unknown)
    }
}
