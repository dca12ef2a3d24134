//! Portable words in the spelling of PostgreSQL.

use super::words::Kind;
use super::{Refused, TypeSpec, decimal, fraction, sized};

pub(super) fn native(spec: &TypeSpec<'_>, kind: Kind) -> Result<String, Refused> {
    let widened = |signed: &str, unsigned: &str| if spec.unsigned { unsigned } else { signed }.to_owned();
    Ok(match kind {
        Kind::Bool => "boolean".to_owned(),
        Kind::Int(8) => "smallint".to_owned(),
        Kind::Int(16) => widened("smallint", "integer"),
        Kind::Int(24) => "integer".to_owned(),
        Kind::Int(32) => widened("integer", "bigint"),
        Kind::Int(_) => widened("bigint", "numeric(20,0)"),
        Kind::Float if spec.length.or(spec.precision).is_some_and(|bits| bits <= 24) => "real".to_owned(),
        Kind::Float | Kind::Double => "double precision".to_owned(),
        Kind::Real => "real".to_owned(),
        Kind::Decimal => decimal("numeric", spec),
        Kind::Char | Kind::Nchar => sized("character", Some(spec.length.unwrap_or(1))),
        Kind::Varchar => sized("character varying", spec.length),
        Kind::Text(_) => "text".to_owned(),
        Kind::Binary | Kind::Varbinary | Kind::Blob(_) => "bytea".to_owned(),
        Kind::Date => "date".to_owned(),
        Kind::Time => format!("{} without time zone", sized("time", fraction(spec, 6)?)),
        Kind::Datetime | Kind::Timestamp => format!("{} without time zone", sized("timestamp", fraction(spec, 6)?)),
        Kind::Instant => format!("{} with time zone", sized("timestamp", fraction(spec, 6)?)),
        Kind::Interval => "interval".to_owned(),
        Kind::Json => "jsonb".to_owned(),
        Kind::Uuid => "uuid".to_owned(),
        // A check keeps other values out; see `check.rs`.
        Kind::Enum => "text".to_owned(),
        Kind::Set => "text[]".to_owned(),
        Kind::Year => "smallint".to_owned(),
        Kind::Bit => sized("bit", Some(spec.length.unwrap_or(1))),
        Kind::Geometry => "geometry".to_owned(),
    })
}
