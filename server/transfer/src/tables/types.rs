//! A document's type words in each database's own spelling, by the table in `docs/tables.md`.
//!
//! A database's own word means there what it means to that database (`FLOAT` on PostgreSQL has double precision). Any
//! other word means the nearest type that holds every value; where there is none, that is said.

mod mysql;
mod parts;
mod postgres;
mod sqlite;
mod tdengine;
mod words;

pub(super) use parts::Parts;
pub(crate) use words::words;

use super::document::DatabaseType;
use data::System;
use model::nearest;
use words::{Kind, MYSQL_WORDS, POSTGRES_WORDS, SQLITE_WORDS, WORDS};

/// A type as a document spells it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypeSpec<'a> {
    pub(crate) word: &'a str,
    pub(crate) length: Option<u32>,
    pub(crate) precision: Option<u32>,
    pub(crate) scale: Option<u32>,
    pub(crate) unsigned: bool,
    pub(crate) values: &'a [String],
    pub(crate) is_tag: bool,
}

/// Why a type cannot be, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) hint: String,
}

fn refused<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { message: message.into(), hint: hint.into() })
}

/// The database's own spelling of a type.
pub(crate) fn native(database: DatabaseType, spec: &TypeSpec<'_>) -> Result<String, Refused> {
    let mut spec = spec.clone();
    let word = spec.word.trim();
    if database.system() == System::Postgres
        && let Some(item) = word.strip_suffix("[]")
    {
        return native(database, &TypeSpec { word: item, ..spec }).map(|item| format!("{item}[]"));
    }
    let parts = Parts::of(word);
    if !parts.arguments.is_empty() {
        if spec.length.is_some() || spec.precision.is_some() || spec.scale.is_some() || !spec.values.is_empty() {
            return refused(
                format!("the type `{}` says its size twice", shorten(word)),
                "Write the size either in the type's parentheses or by `length`, `precision`, `scale` or `values`.",
            );
        }
        parts.fill(&mut spec);
    }
    let unquoted: Vec<String>;
    if !parts.texts.is_empty() {
        unquoted = parts.texts.clone();
        spec.values = &unquoted;
    }
    spec.unsigned |= parts.unsigned;
    let Some(kind) = WORDS.iter().find(|(known, _)| *known == parts.word).map(|(_, kind)| *kind) else {
        return foreign(database, &spec, &parts);
    };
    check_parts(&spec, kind, &parts.word)?;
    match database.system() {
        System::Postgres => postgres::native(&spec, kind),
        System::Tdengine => tdengine::native(&spec, kind, &parts.word),
        System::Sqlite => sqlite::native(&spec, kind),
        _ => mysql::native(&spec, kind, &parts.word, database),
    }
}

/// Refuses sizes that a type does not have.
fn check_parts(spec: &TypeSpec<'_>, kind: Kind, word: &str) -> Result<(), Refused> {
    let sized = matches!(
        kind,
        Kind::Char
            | Kind::Varchar
            | Kind::Nchar
            | Kind::Binary
            | Kind::Varbinary
            | Kind::Bit
            | Kind::Int(_)
            | Kind::Text(_)
            | Kind::Blob(_)
            | Kind::Json
            | Kind::Geometry
            | Kind::Time
            | Kind::Datetime
            | Kind::Timestamp
            | Kind::Instant
            | Kind::Year
            | Kind::Float
    );
    let fraction = matches!(kind, Kind::Time | Kind::Datetime | Kind::Timestamp | Kind::Instant);
    if spec.length.is_some() && !sized {
        return refused(format!("`{word}` has no `length`"), "Leave `length` out.");
    }
    if spec.length == Some(0) && !fraction {
        return refused("`length` cannot be 0", "Give the number of characters or bytes.");
    }
    let precise = matches!(kind, Kind::Decimal | Kind::Float | Kind::Double | Kind::Real);
    if spec.precision.is_some() && !fraction && !precise {
        return refused(format!("`{word}` has no `precision`"), "Leave `precision` out; text has a `length`.");
    }
    if spec.scale.is_some() && !precise {
        return refused(format!("`{word}` has no `scale`"), "Leave `scale` out.");
    }
    if fraction && spec.length.or(spec.precision).is_some_and(|digits| digits > 9) {
        return refused(
            format!("`{word}` has at most 9 digits of a second"),
            "Use 3 for milliseconds, 6 for microseconds.",
        );
    }
    if kind == Kind::Decimal {
        match (spec.precision, spec.scale) {
            (None, Some(_)) => {
                return refused("`scale` stands without `precision`", "Give both: `precision: 10, scale: 4`.");
            }
            (Some(0), _) => return refused("`precision` cannot be 0", "Give the number of all digits."),
            (Some(precision), Some(scale)) if scale > precision => {
                return refused(
                    format!("`scale` {scale} is larger than `precision` {precision}"),
                    "`precision` counts all digits, `scale` those behind the point.",
                );
            }
            _ => {}
        }
    }
    if spec.unsigned && !matches!(kind, Kind::Int(_) | Kind::Decimal | Kind::Float | Kind::Double | Kind::Real) {
        return refused(format!("`{word}` cannot be `unsigned`"), "Only numbers can; leave `unsigned` out.");
    }
    match (kind, spec.values.is_empty()) {
        (Kind::Enum | Kind::Set, true) => {
            refused(format!("`{word}` lacks its `values`"), "List them: `values: [open, closed]`.")
        }
        (Kind::Enum | Kind::Set, false) | (_, true) => Ok(()),
        _ => refused(format!("`{word}` has no `values`"), "Only `ENUM` and `SET` do; leave `values` out."),
    }
}

/// `word`, or `word(n)` where a size is given.
fn sized(word: &str, size: Option<u32>) -> String {
    size.map_or_else(|| word.to_owned(), |size| format!("{word}({size})"))
}

fn decimal(word: &str, spec: &TypeSpec<'_>) -> String {
    match (spec.precision, spec.scale) {
        (Some(precision), scale) => format!("{word}({precision},{})", scale.unwrap_or(0)),
        _ => word.to_owned(),
    }
}

/// Digits of a second.
fn fraction(spec: &TypeSpec<'_>, most: u32) -> Result<Option<u32>, Refused> {
    match spec.length.or(spec.precision) {
        Some(digits) if digits > most => {
            refused(format!("a second has at most {most} digits here, not {digits}"), "Use 6 for microseconds.")
        }
        digits => Ok(digits),
    }
}

fn no_such(word: &str, database: &str, hint: &str) -> Result<String, Refused> {
    refused(format!("{database} has no type for `{word}`"), hint)
}

fn quoted_values(values: &[String], escape: bool) -> String {
    let quoted = values.iter().map(|value| {
        let value = value.replace('\'', "''");
        format!("'{}'", if escape { value.replace('\\', "\\\\") } else { value })
    });
    quoted.collect::<Vec<_>>().join(",")
}

/// A word that is not portable: the database's own, or a slip.
fn foreign(database: DatabaseType, spec: &TypeSpec<'_>, parts: &Parts) -> Result<String, Refused> {
    let own: &[&str] = match database.system() {
        System::Postgres => POSTGRES_WORDS,
        System::Sqlite => SQLITE_WORDS,
        System::Mysql => MYSQL_WORDS,
        _ => &[],
    };
    if matches!(parts.word.as_str(), "SERIAL" | "BIGSERIAL" | "SMALLSERIAL") {
        return refused(
            format!("`{}` is no type but a way to number rows", parts.word),
            "Write `type: BIGINT` and `auto_increment: true`.",
        );
    }
    let known = own.contains(&parts.word.as_str());
    // Types that people made have a schema, quotes or letters that nothing known resembles.
    let made = database.system() == System::Postgres && spec.word.contains(['.', '"']);
    if !known && !made {
        let words = WORDS.iter().map(|(word, _)| *word).chain(own.iter().copied());
        let near = nearest(&parts.word, words);
        let open = matches!(database.system(), System::Postgres | System::Sqlite);
        if near.is_some() || !open || parts.word.is_empty() {
            let hint = match near {
                Some(near) => {
                    format!("Did you mean `{near}`? A type that is meant as it stands goes into `native_type`.")
                }
                None => "`docs/tables.md` lists the words; a type that is meant as it stands goes into `native_type`."
                    .to_owned(),
            };
            return refused(format!("{} has no type `{}`", database.as_str(), shorten(spec.word)), hint);
        }
    }
    let text = spec.word.trim();
    let text = match database.system() {
        System::Sqlite => text.to_uppercase(),
        _ if made => text.to_owned(),
        _ => text.to_lowercase(),
    };
    Ok(match (spec.precision, spec.scale, parts.arguments.is_empty()) {
        (Some(precision), Some(scale), true) => format!("{text}({precision},{scale})"),
        (Some(size), None, true) => format!("{text}({size})"),
        (None, None, true) => sized(&text, spec.length),
        _ => text,
    })
}

/// At most 60 characters of the text, for messages.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
