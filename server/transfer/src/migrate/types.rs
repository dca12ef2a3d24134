//! A column's type, from one system's words to another's: the nearest type that holds every value.
//!
//! [`read`] understands the source's spelling, [`spell`] writes the target's. What a column of a key or an index needs
//! (MySQL indexes no endless text) is said by [`Place`]. `docs/migrate.md` has the table.

use arrow::datatypes::{DataType, TimeUnit};
use data::System;

/// What a column holds, whatever the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Neutral {
    Bool,
    /// MySQL's `tinyint(1)`: a boolean by custom, a small number by law.
    TinyBool,
    Int {
        bits: u8,
        unsigned: bool,
    },
    Single,
    Double,
    /// Digits in all and behind the point; none: as many as each value has.
    Decimal(Option<(u32, u32)>),
    /// Text of so many characters at most; none: endless.
    Text(Option<u32>),
    Bytes(Option<u32>),
    Date,
    /// A time of day with so many digits of a second.
    Time(u32),
    Timestamp(u32),
    /// A moment, whatever the zone.
    Instant(u32),
    /// A span of time; `day` where it is MySQL's `TIME`.
    Span,
    Year,
    Bits(u32),
    Json,
    Uuid,
    Enum(Vec<String>),
    Set(Vec<String>),
    /// An address of the network.
    Address,
    Geometry,
    /// A type with no peer, read as text.
    Other(String),
}

/// Where the column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Part of the primary key or of an index that has so many columns.
    pub(super) indexed: Option<usize>,
    pub(super) numbered: bool,
    /// The whole primary key.
    pub(super) is_key: bool,
    /// Text must be endless where the row would be too wide.
    pub(super) wide: bool,
}

/// What the source's type is.
pub(super) fn read(system: System, native: &str) -> Neutral {
    let lower = native.trim().to_lowercase();
    let (head, inner, tail) = match (lower.find('('), lower.rfind(')')) {
        (Some(open), Some(close)) if open < close => (&lower[..open], &lower[open + 1..close], &lower[close + 1..]),
        _ => (lower.as_str(), "", ""),
    };
    let word = format!("{} {}", head.trim(), tail.trim()).trim().to_owned();
    let unsigned = word.split(' ').any(|part| part == "unsigned");
    let words: Vec<&str> =
        word.split(' ').filter(|part| !matches!(*part, "unsigned" | "zerofill" | "signed")).collect();
    let word = words.join(" ");
    let numbers: Vec<u32> = inner.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let first = numbers.first().copied();
    match system {
        System::Mysql => mysql(&word, native, &numbers, unsigned),
        System::Postgres => postgres(&word, native, &numbers),
        _ => sqlite(&word, first, &numbers, unsigned),
    }
}

fn mysql(word: &str, native: &str, numbers: &[u32], unsigned: bool) -> Neutral {
    let first = numbers.first().copied();
    let int = |bits| Neutral::Int { bits, unsigned };
    match word {
        "tinyint" if first == Some(1) && !unsigned => Neutral::TinyBool,
        "boolean" | "bool" => Neutral::TinyBool,
        "tinyint" => int(8),
        "smallint" => int(16),
        "mediumint" => int(24),
        "int" | "integer" => int(32),
        "bigint" => int(64),
        "float" => Neutral::Single,
        "double" | "real" => Neutral::Double,
        "decimal" | "numeric" => Neutral::Decimal(Some((first.unwrap_or(10), numbers.get(1).copied().unwrap_or(0)))),
        "char" | "varchar" => Neutral::Text(Some(first.unwrap_or(1))),
        "tinytext" => Neutral::Text(Some(255)),
        "text" | "mediumtext" | "longtext" => Neutral::Text(None),
        "binary" | "varbinary" => Neutral::Bytes(Some(first.unwrap_or(1))),
        "tinyblob" => Neutral::Bytes(Some(255)),
        "blob" | "mediumblob" | "longblob" => Neutral::Bytes(None),
        "date" => Neutral::Date,
        "time" => Neutral::Time(first.unwrap_or(0)),
        "datetime" => Neutral::Timestamp(first.unwrap_or(0)),
        "timestamp" => Neutral::Instant(first.unwrap_or(0)),
        "year" => Neutral::Year,
        "bit" => Neutral::Bits(first.unwrap_or(1)),
        "json" => Neutral::Json,
        "uuid" => Neutral::Uuid,
        "enum" => Neutral::Enum(values(native)),
        "set" => Neutral::Set(values(native)),
        "inet4" | "inet6" => Neutral::Address,
        "point" | "geometry" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Neutral::Geometry,
        _ => Neutral::Other(native.to_owned()),
    }
}

fn postgres(word: &str, native: &str, numbers: &[u32]) -> Neutral {
    let first = numbers.first().copied();
    let int = |bits| Neutral::Int { bits, unsigned: false };
    if native.ends_with("[]") {
        return Neutral::Other(native.to_owned());
    }
    match word {
        "boolean" => Neutral::Bool,
        "smallint" => int(16),
        "integer" => int(32),
        "bigint" | "oid" => int(64),
        "real" => Neutral::Single,
        "double precision" => Neutral::Double,
        "numeric" => Neutral::Decimal(first.map(|digits| (digits, numbers.get(1).copied().unwrap_or(0)))),
        "character varying" | "character" => Neutral::Text(first),
        "text" | "name" | "citext" | "xml" => Neutral::Text(None),
        "bpchar" => Neutral::Text(first),
        "bytea" => Neutral::Bytes(None),
        "date" => Neutral::Date,
        "time without time zone" => Neutral::Time(first.unwrap_or(6)),
        "timestamp without time zone" => Neutral::Timestamp(first.unwrap_or(6)),
        "timestamp with time zone" => Neutral::Instant(first.unwrap_or(6)),
        "interval" => Neutral::Span,
        "json" | "jsonb" => Neutral::Json,
        "uuid" => Neutral::Uuid,
        "inet" => Neutral::Address,
        _ => Neutral::Other(native.to_owned()),
    }
}

fn sqlite(word: &str, first: Option<u32>, numbers: &[u32], unsigned: bool) -> Neutral {
    let int = |bits| Neutral::Int { bits, unsigned };
    match word {
        "boolean" | "bool" => Neutral::Bool,
        "tinyint" => int(8),
        "smallint" | "int2" => int(16),
        "int4" => Neutral::Int { bits: 32, unsigned: false },
        "int" if unsigned => int(32),
        "float4" => Neutral::Single,
        "date" => Neutral::Date,
        "time" => Neutral::Time(6),
        "timestamp" | "datetime" => Neutral::Timestamp(6),
        "timestamptz" | "timestamp with time zone" => Neutral::Instant(6),
        "decimal" | "numeric" | "decimal_text" => {
            Neutral::Decimal(first.map(|digits| (digits, numbers.get(1).copied().unwrap_or(0))))
        }
        "json" => Neutral::Json,
        "uuid" => Neutral::Uuid,
        "" => Neutral::Other(String::new()),
        _ if word.contains("int") => Neutral::Int { bits: 64, unsigned: false },
        _ if word.contains("char") => Neutral::Text(first),
        _ if word.contains("clob") || word.contains("text") => Neutral::Text(None),
        _ if word.contains("blob") => Neutral::Bytes(None),
        _ if word.contains("real") || word.contains("floa") || word.contains("doub") => Neutral::Double,
        _ => Neutral::Other(word.to_owned()),
    }
}

/// The values of an enumeration's spelling.
fn values(native: &str) -> Vec<String> {
    let Some((_, inner)) = native.split_once('(') else { return Vec::new() };
    let (mut found, mut value, mut inside) = (Vec::new(), String::new(), false);
    let mut chars = inner.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\'' if inside && chars.peek() == Some(&'\'') => {
                chars.next();
                value.push('\'');
            }
            '\'' if inside => {
                inside = false;
                found.push(std::mem::take(&mut value));
            }
            '\'' => inside = true,
            '\\' if inside => value.extend(chars.next()),
            char if inside => value.push(char),
            _ => {}
        }
    }
    found
}

/// What values of an Arrow type are, where the source's spelling says nothing.
pub(super) fn of_arrow(data_type: &DataType) -> Neutral {
    let int = |bits, unsigned| Neutral::Int { bits, unsigned };
    match data_type {
        DataType::Boolean => Neutral::Bool,
        DataType::Int8 => int(8, false),
        DataType::Int16 => int(16, false),
        DataType::Int32 => int(32, false),
        DataType::Int64 => int(64, false),
        DataType::UInt8 => int(8, true),
        DataType::UInt16 => int(16, true),
        DataType::UInt32 => int(32, true),
        DataType::UInt64 => int(64, true),
        DataType::Float16 | DataType::Float32 => Neutral::Single,
        DataType::Float64 => Neutral::Double,
        DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
            Neutral::Decimal(Some((u32::from(*digits), u32::try_from(*scale).unwrap_or(0))))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Neutral::Bytes(None),
        DataType::Date32 | DataType::Date64 => Neutral::Date,
        DataType::Time32(_) | DataType::Time64(_) => Neutral::Time(6),
        DataType::Timestamp(TimeUnit::Second, None) => Neutral::Timestamp(0),
        DataType::Timestamp(_, None) => Neutral::Timestamp(6),
        DataType::Timestamp(..) => Neutral::Instant(6),
        _ => Neutral::Text(None),
    }
}

/// The target's spelling.
pub(super) fn spell(system: System, neutral: &Neutral, place: Place) -> String {
    match system {
        System::Mysql => to_mysql(neutral, place),
        System::Postgres => to_postgres(neutral, place),
        _ => to_sqlite(neutral, place),
    }
}

fn to_postgres(neutral: &Neutral, place: Place) -> String {
    let fixed = match neutral {
        Neutral::Bool | Neutral::TinyBool | Neutral::Bits(1) => "boolean",
        Neutral::Int { bits: 64, unsigned: true } if place.numbered => "bigint",
        Neutral::Int { bits: 64, unsigned: true } | Neutral::Bits(64..) => "numeric(20,0)",
        Neutral::Int { bits: 8 | 16, unsigned: false } | Neutral::Int { bits: 8, .. } | Neutral::Year => "smallint",
        Neutral::Int { bits: 16 | 24, .. } | Neutral::Int { bits: 32, unsigned: false } => "integer",
        Neutral::Int { .. } | Neutral::Bits(_) => "bigint",
        Neutral::Single => "real",
        Neutral::Double => "double precision",
        Neutral::Decimal(None) => "numeric",
        Neutral::Decimal(Some((digits, scale))) => return format!("numeric({digits},{scale})"),
        Neutral::Text(Some(length)) if *length <= 10_485_760 => return format!("character varying({length})"),
        Neutral::Text(_) | Neutral::Set(_) | Neutral::Other(_) => "text",
        Neutral::Bytes(_) | Neutral::Geometry => "bytea",
        Neutral::Date => "date",
        Neutral::Time(digits) => return format!("time({}) without time zone", digits.min(&6)),
        Neutral::Timestamp(digits) => return format!("timestamp({}) without time zone", digits.min(&6)),
        Neutral::Instant(digits) => return format!("timestamp({}) with time zone", digits.min(&6)),
        Neutral::Span => "interval",
        Neutral::Json => "json",
        Neutral::Uuid => "uuid",
        Neutral::Enum(values) => return format!("character varying({})", longest(values)),
        Neutral::Address => "inet",
    };
    fixed.to_owned()
}

/// InnoDB indexes 3,072 bytes, 768 characters of four bytes.
fn key_length(columns: usize) -> u32 {
    if columns <= 3 { 255 } else { 120 }
}

fn to_mysql(neutral: &Neutral, place: Place) -> String {
    let fixed = match neutral {
        Neutral::Bool | Neutral::TinyBool => "tinyint(1)",
        Neutral::Int { bits, unsigned } => {
            let word = match bits {
                8 => "tinyint",
                16 => "smallint",
                24 => "mediumint",
                32 => "int",
                _ => "bigint",
            };
            return if *unsigned { format!("{word} unsigned") } else { word.to_owned() };
        }
        Neutral::Single => "float",
        Neutral::Double => "double",
        Neutral::Decimal(Some((digits, scale))) if *digits <= 65 && *scale <= 30 => {
            return format!("decimal({digits},{scale})");
        }
        Neutral::Decimal(_) if place.indexed.is_some() => "varchar(120)",
        Neutral::Text(length) => {
            let short = place.indexed.map(key_length);
            return match (length, short) {
                (Some(length), _) if *length <= 768 && !place.wide => format!("varchar({})", length.max(&1)),
                (Some(length), None) if *length <= 4_000 && !place.wide => format!("varchar({length})"),
                (length, Some(short)) => format!("varchar({})", length.unwrap_or(short).min(short)),
                _ => "longtext".to_owned(),
            };
        }
        Neutral::Bytes(length) => {
            let short = place.indexed.map(|_| 255);
            return match (length, short) {
                (Some(length), _) if *length <= 3_000 && !place.wide => format!("varbinary({})", length.max(&1)),
                (length, Some(short)) => format!("varbinary({})", length.unwrap_or(short).min(short)),
                _ => "longblob".to_owned(),
            };
        }
        Neutral::Decimal(_) | Neutral::Other(_) | Neutral::Set(_) => match place.indexed {
            Some(columns) => return format!("varchar({})", key_length(columns)),
            None => "longtext",
        },
        Neutral::Geometry => "longblob",
        Neutral::Date => "date",
        Neutral::Time(digits) => return format!("time({})", digits.min(&6)),
        Neutral::Timestamp(digits) => return format!("datetime({})", digits.min(&6)),
        // `TIMESTAMP` ends in 2038, so a moment is a `DATETIME` in UTC.
        Neutral::Instant(digits) => return format!("datetime({})", digits.min(&6)),
        Neutral::Span => "varchar(120)",
        Neutral::Year => "smallint",
        Neutral::Bits(digits) => return format!("bit({digits})"),
        Neutral::Json => "json",
        Neutral::Uuid => "char(36)",
        Neutral::Address => "varchar(64)",
        // MySQL cuts blanks at the end of a member.
        Neutral::Enum(values) if values.is_empty() || values.iter().any(|value| value.ends_with(' ')) => {
            return to_mysql(&Neutral::Text(None), place);
        }
        Neutral::Enum(values) => {
            let quoted: Vec<String> = values.iter().map(|value| super::sql::literal(System::Mysql, value)).collect();
            return format!("enum({})", quoted.join(","));
        }
    };
    fixed.to_owned()
}

fn to_sqlite(neutral: &Neutral, place: Place) -> String {
    let fixed = match neutral {
        Neutral::Bool | Neutral::TinyBool | Neutral::Bits(1) => "BOOLEAN",
        // The row's own number.
        Neutral::Int { unsigned: false, .. } if place.numbered || place.is_key => "INTEGER",
        Neutral::Int { .. } if place.numbered => "INTEGER",
        Neutral::Int { bits: 8, unsigned: true } => "TINYINT UNSIGNED",
        Neutral::Int { bits: 8, .. } => "TINYINT",
        Neutral::Int { bits: 16, unsigned: true } => "SMALLINT UNSIGNED",
        Neutral::Int { bits: 16, .. } | Neutral::Year => "SMALLINT",
        Neutral::Int { bits: 24 | 32, unsigned: true } => "INT UNSIGNED",
        Neutral::Int { bits: 24 | 32, .. } => "INT4",
        // Beyond 63 bits SQLite would turn an integer into a rounded real.
        Neutral::Int { unsigned: true, .. } | Neutral::Bits(64..) => "DECIMAL_TEXT(20,0)",
        Neutral::Int { .. } | Neutral::Bits(_) => "BIGINT",
        Neutral::Single => "FLOAT4",
        Neutral::Double => "DOUBLE",
        Neutral::Decimal(Some((digits, scale))) if *digits <= 15 => return format!("DECIMAL({digits},{scale})"),
        Neutral::Decimal(Some((digits, scale))) if *digits <= 76 => return format!("DECIMAL_TEXT({digits},{scale})"),
        Neutral::Text(Some(length)) => return format!("VARCHAR({length})"),
        // What SQLite would take for a number, `1.0` for one, must be declared as text.
        Neutral::Decimal(_)
        | Neutral::Text(None)
        | Neutral::Span
        | Neutral::Json
        | Neutral::Uuid
        | Neutral::Enum(_)
        | Neutral::Set(_)
        | Neutral::Address
        | Neutral::Other(_) => "TEXT",
        Neutral::Bytes(_) | Neutral::Geometry => "BLOB",
        Neutral::Date => "DATE",
        Neutral::Time(_) => "TIME",
        Neutral::Timestamp(_) => "TIMESTAMP",
        Neutral::Instant(_) => "TIMESTAMPTZ",
    };
    fixed.to_owned()
}

pub(super) fn longest(values: &[String]) -> usize {
    values.iter().map(|value| value.chars().count()).max().unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: System, native: &str, to: System, expected: &str) {
        assert_eq!(spell(to, &read(from, native), Place::default()), expected, "{native}");
    }

    #[test]
    fn types_of_mysql_in_the_words_of_postgres() {
        for (native, expected) in [
            ("tinyint(1)", "boolean"),
            ("tinyint", "smallint"),
            ("tinyint unsigned", "smallint"),
            ("smallint unsigned", "integer"),
            ("mediumint", "integer"),
            ("int unsigned", "bigint"),
            ("bigint", "bigint"),
            ("bigint unsigned", "numeric(20,0)"),
            ("float", "real"),
            ("double", "double precision"),
            ("decimal(12,2)", "numeric(12,2)"),
            ("decimal(65,30) unsigned", "numeric(65,30)"),
            ("char(5)", "character varying(5)"),
            ("longtext", "text"),
            ("varbinary(20)", "bytea"),
            ("datetime(6)", "timestamp(6) without time zone"),
            ("datetime", "timestamp(0) without time zone"),
            ("timestamp", "timestamp(0) with time zone"),
            ("time(3)", "time(3) without time zone"),
            ("year", "smallint"),
            ("bit(1)", "boolean"),
            ("bit(20)", "bigint"),
            ("bit(64)", "numeric(20,0)"),
            ("enum('a','b,c')", "character varying(3)"),
            ("set('a','b')", "text"),
            ("json", "json"),
            ("inet6", "inet"),
            ("point", "bytea"),
        ] {
            check(System::Mysql, native, System::Postgres, expected);
        }
    }

    #[test]
    fn types_of_postgres_in_the_words_of_mysql() {
        for (native, expected) in [
            ("boolean", "tinyint(1)"),
            ("smallint", "smallint"),
            ("real", "float"),
            ("numeric(12,2)", "decimal(12,2)"),
            ("numeric(76,20)", "longtext"),
            ("text", "longtext"),
            ("character varying(20)", "varchar(20)"),
            ("character(5)", "varchar(5)"),
            ("bytea", "longblob"),
            ("timestamp(3) without time zone", "datetime(3)"),
            ("timestamp with time zone", "datetime(6)"),
            ("interval", "varchar(120)"),
            ("jsonb", "json"),
            ("uuid", "char(36)"),
            ("integer[]", "longtext"),
            ("money", "longtext"),
        ] {
            check(System::Postgres, native, System::Mysql, expected);
        }
    }

    #[test]
    fn types_of_sqlite_in_the_words_of_postgres() {
        for (native, expected) in [
            ("INTEGER", "bigint"),
            ("REAL", "double precision"),
            ("VARCHAR(20)", "character varying(20)"),
            ("BOOLEAN", "boolean"),
            ("DECIMAL(12,2)", "numeric(12,2)"),
            ("TIMESTAMPTZ", "timestamp(6) with time zone"),
            ("TINYINT UNSIGNED", "smallint"),
        ] {
            check(System::Sqlite, native, System::Postgres, expected);
        }
    }

    #[test]
    fn text_that_is_indexed_has_an_end_in_mysql() {
        let place = |columns| Place { indexed: Some(columns), ..Place::default() };
        assert_eq!(spell(System::Mysql, &Neutral::Text(None), place(1)), "varchar(255)");
        assert_eq!(spell(System::Mysql, &Neutral::Text(None), place(5)), "varchar(120)");
        assert_eq!(spell(System::Mysql, &Neutral::Bytes(None), place(1)), "varbinary(255)");
    }

    #[test]
    fn values_of_an_enumeration_keep_their_commas_and_quotes() {
        assert_eq!(values("enum('a','b,c','it''s')"), ["a", "b,c", "it's"]);
    }
}
