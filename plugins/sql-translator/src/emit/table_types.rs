//! What a column's type becomes.

use super::Emitter;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use crate::out::{Kind, Ty};
use crate::types;
use sqlparser::ast::{BinaryLength, CharacterLength, DataType, ExactNumberInfo};
use sqlparser::tokenizer::Span;

/// Lengths and digits that a type names.
fn length(data_type: &DataType) -> Option<u64> {
    use DataType as T;
    match data_type {
        T::Character(length)
        | T::Char(length)
        | T::CharacterVarying(length)
        | T::CharVarying(length)
        | T::Varchar(length)
        | T::Nvarchar(length) => match length {
            Some(CharacterLength::IntegerLength { length, .. }) => Some(*length),
            _ => None,
        },
        T::Binary(length) | T::Bit(length) | T::BitVarying(length) => *length,
        T::Varbinary(Some(BinaryLength::IntegerLength { length })) => Some(*length),
        _ => None,
    }
}

fn digits(data_type: &DataType) -> Option<(u64, i64)> {
    use DataType as T;
    match data_type {
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) | T::DecimalUnsigned(info) | T::DecUnsigned(info) => {
            match info {
                ExactNumberInfo::PrecisionAndScale(precision, scale) => Some((*precision, *scale)),
                ExactNumberInfo::Precision(precision) => Some((*precision, 0)),
                ExactNumberInfo::None => None,
            }
        }
        _ => None,
    }
}

impl Emitter<'_> {
    /// A column's type in the target, with what is lost.
    pub(crate) fn column_type(&mut self, name: &str, data_type: &DataType, span: Span) -> Result<String> {
        if self.alike() && self.from == self.to {
            return Ok(data_type.to_string());
        }
        let ty = types::of(data_type, self.f);
        if self.alike() {
            return Ok(self.my_to_my(data_type, &ty));
        }
        let lose = |emitter: &mut Self, what: &str| emitter.warn("types", format!("column `{name}`: {what}"), span);
        let width = int_width(data_type);
        let fraction = ty.scale.unwrap_or(0).min(6);
        Ok(match (ty.kind, self.t) {
            (Kind::Tiny, target) => {
                if target != Family::My && self.f == Family::My {
                    lose(self, "`tinyint(1)` becomes a truth value, and other numbers than 0 and 1 are lost");
                }
                match target {
                    Family::Pg => "boolean",
                    Family::My => "tinyint(1)",
                    Family::Td => "BOOL",
                    _ => "BOOLEAN",
                }
                .to_owned()
            }
            (Kind::Bool, target) => match target {
                Family::Pg => "boolean",
                Family::My => "tinyint(1)",
                Family::Td => "BOOL",
                _ => "BOOLEAN",
            }
            .to_owned(),
            (Kind::Int, target) => self.int_type(name, width, ty.unsigned, target, span),
            (Kind::Dec, target) => self.decimal_type(name, data_type, target, span)?,
            (Kind::Float, target) => {
                let single = matches!(data_type, DataType::Float4 | DataType::Real)
                    || (matches!(data_type, DataType::Float(_) | DataType::FloatUnsigned(_)) && self.f == Family::My);
                match (target, single) {
                    (Family::Pg, true) => "real",
                    (Family::Pg, false) => "double precision",
                    (Family::My, true) => "float",
                    (Family::My, false) => "double",
                    (Family::Sf, _) => "FLOAT",
                    (Family::Lite, _) => "REAL",
                    (Family::Td, true) => "FLOAT",
                    (Family::Td, false) => "DOUBLE",
                }
                .to_owned()
            }
            (Kind::Text, target) => {
                let fixed = matches!(data_type, DataType::Char(_) | DataType::Character(_));
                match (target, length(data_type)) {
                    (Family::Pg | Family::Sf, Some(length))
                        if fixed && self.f != Family::Pg && target == Family::Pg =>
                    {
                        // MySQL takes the padding away when it reads, PostgreSQL keeps it.
                        format!("varchar({length})")
                    }
                    (Family::Pg, Some(length)) => format!("varchar({length})"),
                    (Family::Sf, Some(length)) => format!("VARCHAR({length})"),
                    (Family::My, Some(length)) if fixed && length <= 255 => format!("char({length})"),
                    (Family::My, Some(length)) if length <= 16_000 => format!("varchar({length})"),
                    (Family::My, _) if matches!(data_type, DataType::Varchar(_) | DataType::CharacterVarying(_)) => {
                        "longtext".to_owned()
                    }
                    (Family::My, _) => "longtext".to_owned(),
                    (Family::Pg, None) => "text".to_owned(),
                    (Family::Sf, None) => "VARCHAR".to_owned(),
                    (Family::Lite, _) => "TEXT".to_owned(),
                    (Family::Td, Some(length)) => format!("NCHAR({})", length.min(4093)),
                    (Family::Td, None) => {
                        lose(self, "a text without a length becomes one of 4093 characters");
                        "NCHAR(4093)".to_owned()
                    }
                }
            }
            (Kind::Bytes, target) => match (target, length(data_type)) {
                (Family::Pg, _) => "bytea".to_owned(),
                (Family::My, Some(length)) => format!("varbinary({length})"),
                (Family::My, None) => "longblob".to_owned(),
                (Family::Sf, _) => "BINARY".to_owned(),
                (Family::Lite, _) => "BLOB".to_owned(),
                (Family::Td, length) => format!("VARBINARY({})", length.unwrap_or(65_517)),
            },
            (Kind::Date, target) => match target {
                Family::Pg | Family::My => "date",
                Family::Sf | Family::Lite => "DATE",
                Family::Td => "TIMESTAMP",
            }
            .to_owned(),
            (Kind::Time, target) => match target {
                Family::Pg => {
                    if self.f == Family::My {
                        lose(self, "a time beyond a day fails in the target");
                    }
                    format!("time({fraction})")
                }
                Family::My => format!("time({fraction})"),
                Family::Sf => "TIME".to_owned(),
                Family::Lite => "TIME".to_owned(),
                Family::Td => "VARCHAR(16)".to_owned(),
            },
            (Kind::Stamp, target) => match target {
                Family::Pg => format!("timestamp({fraction})"),
                Family::My => format!("datetime({fraction})"),
                Family::Sf => format!("TIMESTAMP_NTZ({fraction})"),
                Family::Lite => "DATETIME".to_owned(),
                Family::Td => "TIMESTAMP".to_owned(),
            },
            (Kind::Instant, target) => match target {
                Family::Pg => format!("timestamptz({fraction})"),
                Family::My => {
                    lose(self, "a moment with a zone becomes `datetime`, to be read as UTC");
                    format!("datetime({fraction})")
                }
                Family::Sf => format!("TIMESTAMP_TZ({fraction})"),
                Family::Lite => "TIMESTAMP".to_owned(),
                Family::Td => "TIMESTAMP".to_owned(),
            },
            (Kind::Json, target) => match target {
                Family::Pg => "jsonb",
                Family::My => "json",
                Family::Sf => "VARIANT",
                Family::Lite => "TEXT",
                Family::Td => {
                    lose(self, "JSON becomes text");
                    "NCHAR(4093)"
                }
            }
            .to_owned(),
            (Kind::Uuid, target) => match target {
                Family::Pg => "uuid",
                Family::My if self.to_mariadb() => "uuid",
                Family::My => "char(36)",
                Family::Lite => "TEXT",
                _ => "VARCHAR(36)",
            }
            .to_owned(),
            (Kind::Enum, target) => match target {
                // CHECK, which the column's other parts add, keeps the members.
                Family::Pg => "text".to_owned(),
                Family::My => data_type.to_string(),
                Family::Sf => "VARCHAR".to_owned(),
                Family::Lite => "TEXT".to_owned(),
                Family::Td => "VARCHAR(64)".to_owned(),
            },
            (Kind::Set, target) => {
                lose(self, "a set becomes a text of its members, joined by commas");
                match target {
                    Family::Pg => "text",
                    Family::Sf => "VARCHAR",
                    Family::Td => "VARCHAR(255)",
                    _ => "TEXT",
                }
                .to_owned()
            }
            (Kind::Bit, Family::Pg) => format!("bit({})", length(data_type).unwrap_or(1)),
            (Kind::Bit, Family::My) => format!("bit({})", length(data_type).unwrap_or(1).min(64)),
            (Kind::Bit, Family::Td) => "BIGINT UNSIGNED".to_owned(),
            (Kind::Array, Family::My | Family::Lite) => {
                lose(self, "an array becomes JSON");
                if self.t == Family::My { "json".to_owned() } else { "TEXT".to_owned() }
            }
            (Kind::Array, Family::Sf) => "ARRAY".to_owned(),
            (Kind::Interval, _) => {
                lose(self, "an interval becomes a text");
                if self.t == Family::My { "varchar(64)".to_owned() } else { "VARCHAR(64)".to_owned() }
            }
            _ => {
                let shown = data_type.to_string().to_ascii_lowercase();
                if matches!(shown.as_str(), "inet" | "cidr" | "macaddr" | "inet6" | "inet4") {
                    lose(self, "an address becomes a text");
                    return Ok(match self.t {
                        Family::Pg if shown.starts_with("inet") => "inet".to_owned(),
                        Family::My => "varchar(45)".to_owned(),
                        Family::Lite => "TEXT".to_owned(),
                        _ => "VARCHAR(45)".to_owned(),
                    });
                }
                return refuse(
                    "types",
                    format!("column `{name}`: the type `{data_type}` has no peer in the target"),
                    span,
                );
            }
        })
    }

    fn int_type(&mut self, name: &str, width: u8, unsigned: bool, target: Family, span: Span) -> String {
        match target {
            Family::Pg => match (width, unsigned) {
                (1 | 2, false) | (1, true) => "smallint",
                (2, true) | (3, _) | (4, false) => "integer",
                (4, true) | (8, false) => "bigint",
                _ => "numeric(20,0)",
            }
            .to_owned(),
            Family::My => {
                let word = match width {
                    1 => "tinyint",
                    2 => "smallint",
                    3 => "mediumint",
                    4 => "int",
                    _ => "bigint",
                };
                if unsigned { format!("{word} unsigned") } else { word.to_owned() }
            }
            Family::Sf => {
                let digits = match (width, unsigned) {
                    (1, _) => 3,
                    (2, _) => 5,
                    (3, _) => 8,
                    (4, _) => 10,
                    (_, false) => 19,
                    (_, true) => 20,
                };
                format!("NUMBER({digits},0)")
            }
            Family::Lite => {
                if unsigned && width == 8 {
                    self.warn("unsigned", format!("column `{name}`: numbers from 2^63 on lose digits in SQLite"), span);
                }
                "INTEGER".to_owned()
            }
            Family::Td => {
                let word = match width {
                    1 => "TINYINT",
                    2 => "SMALLINT",
                    3 | 4 => "INT",
                    _ => "BIGINT",
                };
                if unsigned { format!("{word} UNSIGNED") } else { word.to_owned() }
            }
        }
    }

    fn decimal_type(&mut self, name: &str, data_type: &DataType, target: Family, span: Span) -> Result<String> {
        let known = digits(data_type).or((self.f == Family::My).then_some((10, 0)));
        Ok(match (target, known) {
            (Family::Pg, Some((precision, scale))) => format!("numeric({precision},{scale})"),
            (Family::Pg, None) => "numeric".to_owned(),
            (Family::My, Some((precision, scale))) => {
                if precision > 65 || scale > 30 {
                    return refuse(
                        "types",
                        format!("column `{name}`: {precision} digits are more than the target's 65"),
                        span,
                    );
                }
                format!("decimal({precision},{scale})")
            }
            (Family::My, None) => {
                self.warn("types", format!("column `{name}`: `numeric` without digits becomes decimal(38,9)"), span);
                "decimal(38,9)".to_owned()
            }
            (Family::Sf | Family::Td, Some((precision, scale))) => {
                if precision > 38 {
                    self.warn("types", format!("column `{name}`: {precision} digits become 38"), span);
                }
                let word = if target == Family::Sf { "NUMBER" } else { "DECIMAL" };
                format!("{word}({},{scale})", precision.min(38))
            }
            (Family::Sf | Family::Td, None) => {
                self.warn(
                    "types",
                    format!("column `{name}`: `numeric` without digits becomes 38 with 9 after the point"),
                    span,
                );
                let word = if target == Family::Sf { "NUMBER" } else { "DECIMAL" };
                format!("{word}(38,9)")
            }
            (Family::Lite, known) => {
                if known.is_none_or(|(precision, _)| precision > 15) {
                    self.warn("types", format!("column `{name}`: SQLite keeps about 15 digits of a decimal"), span);
                }
                known.map_or("NUMERIC".to_owned(), |(precision, scale)| format!("DECIMAL({precision},{scale})"))
            }
        })
    }

    /// Between MySQL and MariaDB.
    fn my_to_my(&self, data_type: &DataType, ty: &Ty) -> String {
        let shown = data_type.to_string();
        match (self.to_mariadb(), ty.kind) {
            (false, Kind::Uuid) => "char(36)".to_owned(),
            (false, _) if shown.eq_ignore_ascii_case("inet6") || shown.eq_ignore_ascii_case("inet4") => {
                "varchar(45)".to_owned()
            }
            _ => shown,
        }
    }
}

/// Bytes of an integer.
fn int_width(data_type: &DataType) -> u8 {
    use DataType as T;
    match data_type {
        T::TinyInt(_) | T::TinyIntUnsigned(_) => 1,
        T::SmallInt(_) | T::SmallIntUnsigned(_) | T::Int2(_) | T::Int2Unsigned(_) => 2,
        T::MediumInt(_) | T::MediumIntUnsigned(_) => 3,
        T::Int(_) | T::Integer(_) | T::Int4(_) | T::IntUnsigned(_) | T::IntegerUnsigned(_) | T::Int4Unsigned(_) => 4,
        T::Custom(name, _) => match name.to_string().to_ascii_lowercase().as_str() {
            "year" | "smallserial" | "serial2" => 2,
            "serial" | "serial4" => 4,
            _ => 8,
        },
        _ => 8,
    }
}
