//! A document's type words in each database's own spelling, by the table in `docs/tables.md`.
//!
//! A database's own word means there what it means to that database (`FLOAT` on PostgreSQL has double precision). Any
//! other word means the nearest type that holds every value; where there is none, that is said.

use super::document::DatabaseType;
use data::System;
use model::nearest;

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

/// What a portable word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    /// A whole number of so many bits.
    Int(u8),
    Float,
    Real,
    Double,
    Decimal,
    Char,
    Varchar,
    Nchar,
    /// Long text; the word of MySQL.
    Text(&'static str),
    Binary,
    Varbinary,
    /// Long bytes; the word of MySQL.
    Blob(&'static str),
    Date,
    Time,
    Datetime,
    Timestamp,
    Instant,
    Interval,
    Json,
    Uuid,
    Enum,
    Set,
    Year,
    Bit,
    Geometry,
}

const WORDS: &[(&str, Kind)] = &[
    ("BOOL", Kind::Bool),
    ("BOOLEAN", Kind::Bool),
    ("TINYINT", Kind::Int(8)),
    ("SMALLINT", Kind::Int(16)),
    ("INT2", Kind::Int(16)),
    ("MEDIUMINT", Kind::Int(24)),
    ("INT", Kind::Int(32)),
    ("INTEGER", Kind::Int(32)),
    ("INT4", Kind::Int(32)),
    ("BIGINT", Kind::Int(64)),
    ("INT8", Kind::Int(64)),
    ("FLOAT", Kind::Float),
    ("REAL", Kind::Real),
    ("FLOAT4", Kind::Real),
    ("DOUBLE", Kind::Double),
    ("DOUBLE PRECISION", Kind::Double),
    ("FLOAT8", Kind::Double),
    ("DECIMAL", Kind::Decimal),
    ("NUMERIC", Kind::Decimal),
    ("DEC", Kind::Decimal),
    ("CHAR", Kind::Char),
    ("CHARACTER", Kind::Char),
    ("VARCHAR", Kind::Varchar),
    ("CHARACTER VARYING", Kind::Varchar),
    ("NVARCHAR", Kind::Varchar),
    ("NCHAR", Kind::Nchar),
    ("TINYTEXT", Kind::Text("tinytext")),
    ("TEXT", Kind::Text("text")),
    ("MEDIUMTEXT", Kind::Text("mediumtext")),
    ("LONGTEXT", Kind::Text("longtext")),
    ("CLOB", Kind::Text("longtext")),
    ("BINARY", Kind::Binary),
    ("VARBINARY", Kind::Varbinary),
    ("TINYBLOB", Kind::Blob("tinyblob")),
    ("BLOB", Kind::Blob("blob")),
    ("MEDIUMBLOB", Kind::Blob("mediumblob")),
    ("LONGBLOB", Kind::Blob("longblob")),
    ("BYTEA", Kind::Blob("longblob")),
    ("DATE", Kind::Date),
    ("TIME", Kind::Time),
    ("TIME WITHOUT TIME ZONE", Kind::Time),
    ("DATETIME", Kind::Datetime),
    ("TIMESTAMP", Kind::Timestamp),
    ("TIMESTAMP WITHOUT TIME ZONE", Kind::Timestamp),
    ("TIMESTAMPTZ", Kind::Instant),
    ("TIMESTAMP WITH TIME ZONE", Kind::Instant),
    ("INTERVAL", Kind::Interval),
    ("JSON", Kind::Json),
    ("JSONB", Kind::Json),
    ("UUID", Kind::Uuid),
    ("ENUM", Kind::Enum),
    ("SET", Kind::Set),
    ("YEAR", Kind::Year),
    ("BIT", Kind::Bit),
    ("GEOMETRY", Kind::Geometry),
];

/// Words that only one system knows and that pass through as they are.
const POSTGRES_WORDS: &[&str] = &[
    "BIT VARYING",
    "BOX",
    "BPCHAR",
    "CIDR",
    "CIRCLE",
    "CITEXT",
    "DATERANGE",
    "GEOGRAPHY",
    "HALFVEC",
    "HSTORE",
    "INET",
    "INT4MULTIRANGE",
    "INT4RANGE",
    "INT8MULTIRANGE",
    "INT8RANGE",
    "JSONPATH",
    "LINE",
    "LSEG",
    "LTREE",
    "MACADDR",
    "MACADDR8",
    "MONEY",
    "NAME",
    "NUMMULTIRANGE",
    "NUMRANGE",
    "OID",
    "PATH",
    "PG_LSN",
    "POINT",
    "POLYGON",
    "REGCLASS",
    "TIME WITH TIME ZONE",
    "TIMETZ",
    "TSMULTIRANGE",
    "TSQUERY",
    "TSRANGE",
    "TSTZMULTIRANGE",
    "TSTZRANGE",
    "TSVECTOR",
    "VARBIT",
    "VECTOR",
    "XML",
    "XID",
];
const MYSQL_WORDS: &[&str] = &[
    "FIXED",
    "GEOMCOLLECTION",
    "GEOMETRYCOLLECTION",
    "INET4",
    "INET6",
    "LINESTRING",
    "MULTILINESTRING",
    "MULTIPOINT",
    "MULTIPOLYGON",
    "POINT",
    "POLYGON",
    "VECTOR",
];
const SQLITE_WORDS: &[&str] = &["ANY", "DECIMAL_TEXT"];

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
        System::Postgres => postgres(&spec, kind),
        System::Tdengine => tdengine(&spec, kind, &parts.word),
        System::Sqlite => sqlite(&spec, kind),
        _ => mysql(&spec, kind, &parts.word, database),
    }
}

/// A type's text, taken apart.
pub(super) struct Parts {
    /// In capitals, without what stands in parentheses.
    pub(super) word: String,
    pub(super) arguments: Vec<String>,
    /// The arguments that are texts between quotes.
    pub(super) texts: Vec<String>,
    pub(super) unsigned: bool,
}

impl Parts {
    pub(super) fn of(text: &str) -> Self {
        let (head, inner, tail) = match (text.find('('), text.rfind(')')) {
            (Some(open), Some(close)) if open < close => (&text[..open], &text[open + 1..close], &text[close + 1..]),
            _ => (text, "", ""),
        };
        let word = format!("{head} {tail}").to_uppercase();
        let mut words: Vec<&str> = word.split_whitespace().collect();
        let unsigned = words.contains(&"UNSIGNED");
        words.retain(|word| *word != "UNSIGNED");
        let arguments = split_arguments(inner);
        let texts = arguments
            .iter()
            .filter_map(|argument| argument.strip_prefix('\'')?.strip_suffix('\''))
            .map(|text| text.replace("''", "'"))
            .collect();
        Self { word: words.join(" "), arguments, texts, unsigned }
    }

    fn fill(&self, spec: &mut TypeSpec<'_>) {
        let number = |index: usize| self.arguments.get(index).and_then(|argument| argument.parse().ok());
        let is_decimal = WORDS.iter().any(|(word, kind)| *word == self.word && *kind == Kind::Decimal);
        if is_decimal || self.arguments.len() == 2 && self.texts.is_empty() {
            (spec.precision, spec.scale) = (number(0), number(1));
        } else if self.texts.is_empty() {
            spec.length = number(0);
        }
    }
}

/// Parts of a list at its commas, those between quotes left alone.
fn split_arguments(inner: &str) -> Vec<String> {
    let (mut parts, mut part, mut quoted) = (Vec::new(), String::new(), false);
    for char in inner.chars() {
        match char {
            '\'' => {
                quoted = !quoted;
                part.push(char);
            }
            ',' if !quoted => parts.push(std::mem::take(&mut part).trim().to_owned()),
            _ => part.push(char),
        }
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_owned());
    }
    parts
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

fn mysql(spec: &TypeSpec<'_>, kind: Kind, word: &str, database: DatabaseType) -> Result<String, Refused> {
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

fn postgres(spec: &TypeSpec<'_>, kind: Kind) -> Result<String, Refused> {
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

/// Types that the connector reads back as what they are; see `connectors/src/sqlite/types.rs`.
fn sqlite(spec: &TypeSpec<'_>, kind: Kind) -> Result<String, Refused> {
    let unsigned = |signed: &str, other: &str| if spec.unsigned { other } else { signed }.to_owned();
    Ok(match kind {
        Kind::Bool => "BOOLEAN".to_owned(),
        Kind::Int(8) => unsigned("TINYINT", "TINYINT UNSIGNED"),
        Kind::Int(16) => unsigned("SMALLINT", "SMALLINT UNSIGNED"),
        Kind::Int(24) | Kind::Int(32) => unsigned("INTEGER", "INT UNSIGNED"),
        // Beyond 63 bits SQLite would turn an integer into a rounded real.
        Kind::Int(_) => unsigned("BIGINT", "DECIMAL_TEXT(20,0)"),
        Kind::Float | Kind::Double => "DOUBLE".to_owned(),
        Kind::Real => "REAL".to_owned(),
        // Numbers of up to 15 digits are exact as numbers, longer ones as text.
        Kind::Decimal if spec.precision.is_some_and(|precision| precision > 15) => decimal("DECIMAL_TEXT", spec),
        Kind::Decimal => decimal("DECIMAL", spec),
        Kind::Char | Kind::Nchar => sized("CHAR", Some(spec.length.unwrap_or(1))),
        Kind::Varchar => sized("VARCHAR", spec.length),
        Kind::Text(_) | Kind::Set | Kind::Interval | Kind::Enum => "TEXT".to_owned(),
        Kind::Binary | Kind::Varbinary | Kind::Blob(_) | Kind::Bit | Kind::Geometry => "BLOB".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::Time => "TIME".to_owned(),
        Kind::Datetime => "DATETIME".to_owned(),
        Kind::Timestamp => "TIMESTAMP".to_owned(),
        Kind::Instant => "TIMESTAMPTZ".to_owned(),
        Kind::Json => "JSON".to_owned(),
        Kind::Uuid => "UUID".to_owned(),
        Kind::Year => "INTEGER".to_owned(),
    })
}

fn tdengine(spec: &TypeSpec<'_>, kind: Kind, word: &str) -> Result<String, Refused> {
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

/// The portable words, for the published schema.
pub(crate) fn words() -> Vec<&'static str> {
    WORDS.iter().map(|(word, _)| *word).collect()
}
