//! Every type of every database, with its extreme values, into every system and back: what arrives is compared value by
//! value, and what becomes of each type is written down in `docs/types.md`, which this test holds to be true.
//!
//! A value may come back as another type only if it can be turned into the old one again without a difference, or as the
//! same text; a system may refuse it. Anything else is a silent change and fails.

use super::world::*;
use arrow::array::*;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use data::{Error, WriteOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Types of one system, each with literals of its own SQL; NULL is added to every one.
type Samples = &'static [(&'static str, &'static [&'static str])];

const POSTGRES: Samples = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "32767"]),
    ("integer", &["-2147483648", "2147483647"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    ("real", &["'3.4028235e38'", "'1.17549435e-38'", "0.1", "'-0'"]),
    ("real (not finite)", &["'NaN'", "'Infinity'", "'-Infinity'"]),
    ("double precision", &["'1.7976931348623157e308'", "'5e-324'", "0.1", "'-0'"]),
    ("double precision (not finite)", &["'NaN'", "'Infinity'", "'-Infinity'"]),
    ("numeric(12,2)", &["9999999999.99", "-0.01", "0"]),
    ("numeric(38,10)", &["9999999999999999999999999999.9999999999", "-0.0000000001"]),
    ("numeric(65,30)", &["99999999999999999999999999999999999.999999999999999999999999999999", "-1"]),
    ("numeric(76,20)", &["99999999999999999999999999999999999999999999999999999999.99999999999999999999"]),
    ("numeric", &["123456789.123456789", "-1e20", "0.000001"]),
    ("numeric (NaN)", &["'NaN'", "1.5"]),
    ("text", &["''", "'it''s \\ \"日本\" 🦀'", "E'line\\nbreak\\ttab'", "'NULL'", "' trailing '"]),
    ("varchar(20)", &["''", "'🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀'"]),
    ("char(5)", &["'ab'", "''"]),
    ("bytea", &["''", "'\\x00ff275c'"]),
    ("date", &["'0001-01-01'", "'9999-12-31'", "'1970-01-01'"]),
    ("date (far)", &["'4713-01-01 BC'", "'20000-01-01'"]),
    ("date (infinite)", &["'infinity'"]),
    ("time", &["'00:00'", "'23:59:59.999999'"]),
    ("timestamp", &["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.5'"]),
    ("timestamp (infinite)", &["'infinity'", "'-infinity'"]),
    ("timestamptz", &["'1970-01-01 00:00:01+00'", "'2038-01-19 03:14:07+00'", "'2024-07-01 12:00:00.123456+08'"]),
    ("timestamptz (far)", &["'0001-01-01 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'"]),
    ("interval", &["'1 year 2 mons 3 days 04:05:06.7'", "'-1 day'"]),
    ("uuid", &["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    ("json", &["'{\"a\": [1, 2.50, null, \"ü\"]}'"]),
    ("jsonb", &["'{\"a\": [1, 2.50, null, \"ü\"]}'", "'null'"]),
    ("integer[]", &["'{1,NULL,3}'", "'{}'"]),
    ("text[]", &["'{\"a,b\",\"q\\\"\",NULL}'"]),
    ("inet", &["'192.168.0.1/24'", "'::1'"]),
    ("bit(5)", &["B'10101'"]),
    ("money", &["'12.34'"]),
    ("int4range", &["'[1,5)'"]),
    ("point", &["'(1.5,-2)'"]),
];

const MYSQL: Samples = &[
    ("boolean", &["TRUE", "FALSE"]),
    ("tinyint(1) (beyond 1)", &["2", "-128", "127"]),
    ("tinyint unsigned", &["0", "255"]),
    ("smallint unsigned", &["0", "65535"]),
    ("mediumint", &["-8388608", "8388607"]),
    ("int", &["-2147483648", "2147483647"]),
    ("int unsigned", &["0", "4294967295"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807"]),
    ("bigint unsigned", &["0", "18446744073709551615"]),
    ("float", &["3.4028234e38", "1.17549435e-38", "0.1", "16777217"]),
    ("double", &["1.7976931348623157e308", "2.2250738585072014e-308", "0.1"]),
    ("decimal(12,2)", &["9999999999.99", "-0.01"]),
    ("decimal(38,10)", &["9999999999999999999999999999.9999999999"]),
    ("decimal(65,30)", &["99999999999999999999999999999999999.999999999999999999999999999999", "-1"]),
    ("char(5)", &["'ab'", "''"]),
    ("varchar(20) character set utf8mb4", &["''", "'🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀'", "'trailing '"]),
    ("varchar(20) character set latin1", &["'é ü ß'"]),
    ("longtext character set utf8mb4", &["'it''s \\\\ \"日本\" 🦀\\n\\t'", "'NULL'"]),
    ("varbinary(20)", &["''", "x'00ff275c'"]),
    ("binary(4)", &["x'01'"]),
    ("longblob", &["x'00ff275c'"]),
    ("date", &["'1000-01-01'", "'9999-12-31'"]),
    ("time(6)", &["'00:00:00'", "'23:59:59.999999'"]),
    ("time (beyond a day)", &["'838:59:59'", "'-838:59:59'"]),
    ("datetime(6)", &["'1000-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.5'"]),
    ("timestamp(6)", &["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"]),
    ("year", &["1901", "2155"]),
    ("bit(1)", &["b'0'", "b'1'"]),
    ("bit(64)", &["b'0'", "0xffffffffffffffff"]),
    ("enum('a','b,c')", &["'a'", "'b,c'"]),
    ("set('a','b','c')", &["''", "'a,c'"]),
    ("json", &["'{\"a\": [1, 2.50, null, \"ü\"]}'"]),
    ("uuid", &["'123e4567-e89b-12d3-a456-426614174000'"]),
    ("inet6", &["'::1'", "'::ffff:192.168.0.1'"]),
    ("point", &["ST_GeomFromText('POINT(1.5 -2)')"]),
];

const SQLITE: Samples = &[
    ("INTEGER", &["-9223372036854775808", "9223372036854775807"]),
    ("REAL", &["1.7976931348623157e308", "5e-324", "0.1"]),
    ("REAL (infinite)", &["9e999", "-9e999"]),
    ("TEXT", &["''", "'it''s \\ \"日本\" 🦀'", "'NULL'"]),
    ("BLOB", &["x''", "x'00ff275c'"]),
    ("BOOLEAN", &["0", "1"]),
    ("DATE", &["'0001-01-01'", "'9999-12-31'"]),
    ("DATETIME", &["'2024-01-31 08:00:00.123456'"]),
    ("DECIMAL(12,2)", &["'9999999999.99'", "-1"]),
    ("INTEGER (holding text)", &["'abc'", "1"]),
    ("VARCHAR(20)", &["'🦀'"]),
];

/// Changes that are known, named and wanted: source, type, target, why.
const NAMED: &[(&str, &str, &str, &str)] = &[
    ("postgres", "real", "mysql", "-0 becomes 0"),
    ("postgres", "real", "sqlite", "-0 becomes 0"),
    ("postgres", "double precision", "mysql", "-0 becomes 0"),
    ("postgres", "double precision", "sqlite", "-0 becomes 0"),
];

pub(crate) async fn reach(source: World, samples: Samples) {
    let name = source.connector.system().as_str();
    let mut targets = Vec::new();
    for target in [World::postgres("pairs").await, World::mysql("pairs").await, World::sqlite("pairs").await] {
        let Some(target) = target else { return };
        targets.push(target);
    }
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    for (index, (spelled, literals)) in samples.iter().enumerate() {
        let records = match original(&source, index, spelled, literals).await {
            Ok(records) => records,
            Err(error) => {
                lines.push(format!("| `{spelled}` | refused when read: {} |", plain(&error)));
                continue;
            }
        };
        let mut line = format!("| `{spelled}` | {} ", records.column(1).data_type());
        for target in &targets {
            let cell = match arrive(target, &format!("from_{name}_{index}"), &records).await {
                Ok((native, verdict)) => match verdict {
                    Verdict::Same => native,
                    Verdict::Text => format!("{native}, same text"),
                    Verdict::Changed(what) => {
                        let to = target.connector.system().as_str();
                        match NAMED.iter().find(|(from, of, at, _)| *from == name && of == spelled && *at == to) {
                            Some((.., why)) => format!("{native}, {why}"),
                            None => {
                                faults.push(format!("{name} {spelled} → {to} {native}: {what}"));
                                format!("{native}, CHANGED")
                            }
                        }
                    }
                },
                Err(error) => format!("refused: {}", plain(&error)),
            };
            line.push_str(&format!("| {cell} "));
        }
        line.push('|');
        lines.push(line);
    }
    for target in targets {
        target.end().await;
    }
    source.end().await;
    assert!(faults.is_empty(), "silent changes:\n{}", faults.join("\n"));
    hold(name, &lines);
}

/// The values as the source's connector reads them: `id`, then `v` with a NULL at the end.
async fn original(source: &World, index: usize, spelled: &str, literals: &[&str]) -> data::Result<RecordBatch> {
    let declared = spelled.split(" (").next().unwrap();
    let table = format!("t{index}");
    source.connector.execute(&format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, v {declared} NULL)")).await?;
    for (id, literal) in literals.iter().chain(&["NULL"]).enumerate() {
        source.connector.execute(&format!("INSERT INTO {table} VALUES ({id}, {literal})")).await?;
    }
    source.try_rows(&table, &["id"]).await
}

enum Verdict {
    Same,
    Text,
    Changed(String),
}

async fn arrive(target: &World, table: &str, records: &RecordBatch) -> data::Result<(String, Verdict)> {
    target.write(WriteOptions::append(table), records).await?;
    let info = target.connector.find_table(table).await?.expect("the table was made");
    let native = info.columns.iter().find(|column| column.name == "v").expect("it has the column").native_type.clone();
    let read = target.try_rows(table, &["id"]).await?;
    Ok((format!("`{native}`"), compare(records.column(1), read.column_by_name("v").expect("it has the column"))))
}

fn compare(sent: &ArrayRef, found: &ArrayRef) -> Verdict {
    if sent.len() != found.len() {
        return Verdict::Changed(format!("{} rows became {}", sent.len(), found.len()));
    }
    if sent == found {
        return Verdict::Same;
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let back = cast_with_options(found, sent.data_type(), &strict);
    // What arrow turns into a number and back by rounding is not the same.
    let exact =
        |back: &ArrayRef| cast_with_options(back, found.data_type(), &strict).is_ok_and(|again| &again == found);
    if back.as_ref().is_ok_and(|back| back == sent && exact(back)) {
        return Verdict::Same;
    }
    let (left, right) = (texts(sent), texts(found));
    match left.iter().zip(&right).find(|(left, right)| left != right) {
        None => Verdict::Text,
        Some((left, right)) => Verdict::Changed(format!("{left:?} became {right:?} ({})", found.data_type())),
    }
}

/// Values as people read them; bytes in hex, instants with their zone.
fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let array = match array.data_type() {
        // With and without a zone the wall clock of UTC counts.
        DataType::Timestamp(unit, Some(_)) => {
            let unit: TimeUnit = *unit;
            &cast_with_options(array, &DataType::Timestamp(unit, None), &CastOptions::default()).unwrap()
        }
        _ => array,
    };
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
    let text = |row| {
        let text = formatter.value(row).to_string();
        // `2024-01-31T08:00:00` and `2024-01-31 08:00:00` are one spelling.
        let is_instant = text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-';
        if is_instant { text.replacen('T', " ", 1) } else { text }
    };
    (0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect()
}

fn plain(error: &Error) -> String {
    let message = error.fault.message.replace(['|', '\n'], " ");
    // The row and table are the test's own.
    message.split_once(": ").map_or(message.clone(), |(_, rest)| rest.to_owned()).chars().take(120).collect()
}

/// Holds the system's part of `docs/types.md` against what was found; with `SLUICE_UPDATE_DOCS` writes it anew.
fn hold(system: &str, lines: &[String]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/types.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections: BTreeMap<&str, &str> = BTreeMap::new();
    for section in text.split("<!-- from ").skip(1) {
        let (name, body) = section.split_once(" -->\n").unwrap();
        sections.insert(name, body.split("<!-- end -->").next().unwrap());
    }
    let found = format!("{}\n", lines.join("\n"));
    let known = sections.get(system).unwrap_or_else(|| panic!("docs/types.md has no part `from {system}`"));
    // The head of the table is two lines.
    let rows = known.splitn(3, '\n').nth(2).unwrap_or_default();
    if std::env::var_os("SLUICE_UPDATE_DOCS").is_some() {
        let replaced = known.replace(rows, "") + &found;
        // Other sources write their parts of the same file at the same time.
        static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _alone = WRITING.lock().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let part = |body: &str| format!("<!-- from {system} -->\n{body}<!-- end -->");
        std::fs::write(path, text.replace(&part(known), &part(&replaced))).unwrap();
    } else {
        assert_eq!(rows, found, "docs/types.md is not true any more; run the tests once with SLUICE_UPDATE_DOCS=1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_postgres_reaches_every_database() {
    if let Some(source) = World::postgres("pairs").await {
        reach(source, POSTGRES).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_mysql_reaches_every_database() {
    if let Some(source) = World::mysql("pairs").await {
        reach(source, MYSQL).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_sqlite_reaches_every_database() {
    if let Some(source) = World::sqlite("pairs").await {
        reach(source, SQLITE).await;
    }
}

#[test]
fn a_changed_value_is_seen() {
    let sent: ArrayRef = Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]));
    let rounded: ArrayRef = Arc::new(Float64Array::from(vec![Some(9_007_199_254_740_992.0), None]));
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("9007199254740993"), None]));
    let lost: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
    assert!(matches!(compare(&sent, &rounded), Verdict::Changed(_)));
    assert!(matches!(compare(&sent, &lost), Verdict::Changed(_)));
    assert!(matches!(compare(&sent, &text), Verdict::Same | Verdict::Text));
    assert!(matches!(compare(&sent, &sent.clone()), Verdict::Same));
}
