//! Portable words in the spelling of TDengine.

use super::words::Kind;
use super::{Refused, TypeSpec, decimal, no_such, refused, sized};

pub(super) fn native(spec: &TypeSpec<'_>, kind: Kind, word: &str) -> Result<String, Refused> {
    let signed = |text: &str| if spec.unsigned { format!("{text} unsigned") } else { text.to_owned() };
    let wide = |own: &str| match spec.length {
        Some(length) => Ok(sized(own, Some(length))),
        None => refused(
            format!("`{word}` lacks its `length`"),
            "TDengine keeps text in columns of a fixed width: write `length: 64`.",
        ),
    };
    Ok(match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Int(8) => signed("tinyint"),
        Kind::Int(16) => signed("smallint"),
        Kind::Int(24) | Kind::Int(32) => signed("int"),
        Kind::Int(_) => signed("bigint"),
        Kind::Float | Kind::Real => "float".to_owned(),
        Kind::Double => "double".to_owned(),
        Kind::Decimal => match spec.precision {
            Some(precision) if precision <= 38 => decimal("decimal", spec),
            _ => {
                return refused(
                    "a decimal of TDengine has 1 to 38 digits",
                    "Give `precision` and `scale`, or use `DOUBLE`.",
                );
            }
        },
        Kind::Char | Kind::Nchar | Kind::Text(_) => wide("nchar")?,
        Kind::Varchar | Kind::Binary => wide("varchar")?,
        Kind::Varbinary => wide("varbinary")?,
        Kind::Blob(_) => "blob".to_owned(),
        Kind::Date | Kind::Datetime | Kind::Timestamp | Kind::Instant => "timestamp".to_owned(),
        Kind::Time => "varchar(18)".to_owned(),
        Kind::Json if spec.is_tag => "json".to_owned(),
        Kind::Json => match spec.length {
            Some(length) => sized("nchar", Some(length)),
            None => {
                return refused(
                    "`JSON` is possible only for a tag",
                    "Give a `length` to keep the text, or set `is_tag: true`.",
                );
            }
        },
        Kind::Uuid => "varchar(36)".to_owned(),
        Kind::Enum => {
            let longest = spec.values.iter().map(String::len).max().unwrap_or(1).max(1);
            format!("varchar({longest})")
        }
        Kind::Set => {
            let all: usize = spec.values.iter().map(|value| value.len() + 1).sum();
            format!("varchar({})", all.max(1))
        }
        Kind::Year => "smallint".to_owned(),
        Kind::Bit => "bigint unsigned".to_owned(),
        Kind::Geometry => wide("geometry")?,
        Kind::Interval => return no_such(word, "TDengine", "Keep a number of seconds in a `BIGINT`."),
    })
}
