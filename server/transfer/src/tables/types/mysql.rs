//! Portable words in the spelling of MySQL and MariaDB.

use super::words::Kind;
use super::{Refused, TypeSpec, decimal, fraction, no_such, quoted_values, refused, sized};
use crate::tables::document::DatabaseType;

pub(super) fn native(spec: &TypeSpec<'_>, kind: Kind, word: &str, database: DatabaseType) -> Result<String, Refused> {
    let signed = |text: String| if spec.unsigned { format!("{text} unsigned") } else { text };
    let float = |word: &str| match (spec.precision.or(spec.length), spec.scale) {
        (Some(precision), Some(scale)) => format!("{word}({precision},{scale})"),
        (Some(precision), None) => format!("{word}({precision})"),
        _ => word.to_owned(),
    };
    Ok(match kind {
        Kind::Bool => "tinyint(1)".to_owned(),
        Kind::Int(8) => signed(sized("tinyint", spec.length)),
        Kind::Int(16) => signed(sized("smallint", spec.length)),
        Kind::Int(24) => signed(sized("mediumint", spec.length)),
        Kind::Int(32) => signed(sized("int", spec.length)),
        Kind::Int(_) => signed(sized("bigint", spec.length)),
        Kind::Float => signed(float("float")),
        Kind::Real if word == "FLOAT4" => signed("float".to_owned()),
        Kind::Real | Kind::Double => signed(float("double")),
        Kind::Decimal => {
            let Some(precision) = spec.precision else {
                return refused(
                    format!("`{word}` without `precision` keeps no digits behind the point"),
                    "Say how many digits there are: `precision: 18, scale: 4`.",
                );
            };
            if precision > 65 || spec.scale.is_some_and(|scale| scale > 30) {
                return refused("a decimal has at most 65 digits, 30 of them behind the point", "Use fewer, or text.");
            }
            signed(decimal("decimal", spec))
        }
        Kind::Char | Kind::Nchar => match spec.length {
            Some(length) if length > 255 => return refused("a `CHAR` has at most 255 characters", "Use `VARCHAR`."),
            length => sized("char", Some(length.unwrap_or(1))),
        },
        Kind::Varchar => match spec.length {
            Some(length) if length <= 65_535 => sized("varchar", Some(length)),
            Some(_) => return refused("a `VARCHAR` has at most 65535 bytes", "Use `TEXT` or `LONGTEXT`."),
            None => return refused("`VARCHAR` lacks its `length`", "Write `length: 100`, or use `TEXT`."),
        },
        Kind::Text(word) | Kind::Blob(word) => word.to_owned(),
        Kind::Binary => sized("binary", Some(spec.length.unwrap_or(1))),
        Kind::Varbinary => match spec.length {
            Some(length) => sized("varbinary", Some(length)),
            None => return refused("`VARBINARY` lacks its `length`", "Write `length: 100`, or use `BLOB`."),
        },
        Kind::Date => "date".to_owned(),
        Kind::Time => sized("time", fraction(spec, 6)?),
        Kind::Datetime => sized("datetime", fraction(spec, 6)?),
        Kind::Timestamp if word == "TIMESTAMP" => sized("timestamp", fraction(spec, 6)?),
        Kind::Timestamp => sized("datetime", fraction(spec, 6)?),
        Kind::Instant => sized("timestamp", fraction(spec, 6)?),
        Kind::Interval => return no_such(word, "MySQL", "Keep a number of seconds in a `BIGINT`."),
        Kind::Json => "json".to_owned(),
        Kind::Uuid if database == DatabaseType::MariaDB => "uuid".to_owned(),
        Kind::Uuid => "char(36)".to_owned(),
        Kind::Enum => format!("enum({})", quoted_values(spec.values, true)),
        Kind::Set => format!("set({})", quoted_values(spec.values, true)),
        Kind::Year => "year".to_owned(),
        Kind::Bit => sized("bit", Some(spec.length.unwrap_or(1))),
        Kind::Geometry => "geometry".to_owned(),
    })
}
