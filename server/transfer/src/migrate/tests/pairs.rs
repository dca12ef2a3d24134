//! A table with a column of every awkward type, migrated between every ordered pair of systems and compared value by value.

use super::*;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use data::System;

/// Types of one system with three values each, the last of them often NULL.
type Samples = &'static [(&'static str, [&'static str; 3])];

const POSTGRES: Samples = &[
    ("boolean", ["true", "false", "NULL"]),
    ("smallint", ["-32768", "32767", "NULL"]),
    ("integer", ["-2147483648", "2147483647", "NULL"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807", "NULL"]),
    ("real", ["'3.4028235e38'", "0.1", "NULL"]),
    ("double precision", ["'1.7976931348623157e308'", "0.1", "NULL"]),
    ("double precision", ["'5e-324'", "'-1e-300'", "123456789.125"]),
    ("numeric(12,2)", ["9999999999.99", "-0.01", "NULL"]),
    ("numeric(38,10)", ["9999999999999999999999999999.9999999999", "-0.0000000001", "0"]),
    ("numeric(65,30)", ["99999999999999999999999999999999999.999999999999999999999999999999", "-1", "NULL"]),
    ("numeric(76,20)", ["99999999999999999999999999999999999999999999999999999999.99999999999999999999", "-1", "NULL"]),
    ("numeric", ["123456789.123456789", "-100000000000000000000", "0.000001"]),
    ("numeric", ["'NaN'", "1.5", "NULL"]),
    ("text", ["''", "'it''s \\ \"日本\" 🦀'", "NULL"]),
    ("text", ["E'line\\nbreak\\ttab'", "'NULL'", "' trailing '"]),
    ("varchar(20)", ["''", "'🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀'", "'a  '"]),
    ("char(5)", ["'ab'", "''", "NULL"]),
    ("bytea", ["''", "'\\x00ff275c'", "NULL"]),
    ("date", ["'0001-01-01'", "'9999-12-31'", "NULL"]),
    ("time", ["'00:00'", "'23:59:59.999999'", "NULL"]),
    ("time(0)", ["'00:00'", "'23:59:59'", "NULL"]),
    ("timestamp", ["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.5'"]),
    ("timestamp(3)", ["'2024-02-29 12:00:00.123'", "'1969-12-31 23:59:59.5'", "NULL"]),
    ("timestamptz", ["'1970-01-01 00:00:01+00'", "'2038-01-19 03:14:07+00'", "'2024-07-01 12:00:00.123456+08'"]),
    ("timestamptz", ["'0001-01-01 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'", "NULL"]),
    ("interval", ["'1 year 2 mons 3 days 04:05:06.7'", "'-1 day'", "NULL"]),
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "NULL"]),
    ("json", ["'{\"a\": [1, 2.50, null, \"ü\"]}'", "'1.0'", "NULL"]),
    ("jsonb", ["'{\"a\": [1, 2.50, null, \"ü\"]}'", "'null'", "NULL"]),
    ("integer[]", ["'{1,NULL,3}'", "'{}'", "NULL"]),
    ("text[]", ["'{\"a,b\",\"q\\\"\",NULL}'", "'{}'", "NULL"]),
    ("inet", ["'192.168.0.1/24'", "'::1'", "NULL"]),
    ("cidr", ["'192.168.0.0/24'", "'::/0'", "NULL"]),
    ("macaddr", ["'08:00:2b:01:02:03'", "'00:00:00:00:00:00'", "NULL"]),
    ("bit(5)", ["B'10101'", "B'00000'", "NULL"]),
    ("varbit", ["B'1'", "B''", "NULL"]),
    ("money", ["'12.34'", "'-0.01'", "NULL"]),
    ("int4range", ["'[1,5)'", "'empty'", "NULL"]),
    ("point", ["'(1.5,-2)'", "'(0,0)'", "NULL"]),
    ("tsvector", ["'a b'", "''", "NULL"]),
    ("xml", ["'<a>ü</a>'", "'<b/>'", "NULL"]),
];

const MYSQL: Samples = &[
    ("boolean", ["TRUE", "FALSE", "NULL"]),
    ("tinyint(1)", ["2", "-128", "127"]),
    ("tinyint", ["-128", "127", "NULL"]),
    ("tinyint unsigned", ["0", "255", "NULL"]),
    ("smallint", ["-32768", "32767", "NULL"]),
    ("smallint unsigned", ["0", "65535", "NULL"]),
    ("mediumint", ["-8388608", "8388607", "NULL"]),
    ("mediumint unsigned", ["0", "16777215", "NULL"]),
    ("int", ["-2147483648", "2147483647", "NULL"]),
    ("int unsigned", ["0", "4294967295", "NULL"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807", "NULL"]),
    ("bigint unsigned", ["0", "18446744073709551615", "NULL"]),
    ("float", ["3.4028234e38", "0.1", "16777217"]),
    ("float", ["1.17549435e-38", "-1234567.8", "NULL"]),
    ("double", ["1.7976931348623157e308", "2.2250738585072014e-308", "0.1"]),
    ("decimal(12,2)", ["9999999999.99", "-0.01", "NULL"]),
    ("decimal(38,10)", ["9999999999999999999999999999.9999999999", "-1", "NULL"]),
    ("decimal(65,30)", ["99999999999999999999999999999999999.999999999999999999999999999999", "-1", "NULL"]),
    ("decimal(10,0) unsigned", ["0", "9999999999", "NULL"]),
    ("char(5)", ["'ab'", "''", "NULL"]),
    ("varchar(20) character set utf8mb4", ["''", "'🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀'", "'trailing '"]),
    ("varchar(20) character set latin1", ["'é ü ß'", "''", "NULL"]),
    ("tinytext", ["'a'", "''", "NULL"]),
    ("mediumtext", ["'it''s'", "''", "NULL"]),
    ("longtext character set utf8mb4", ["'it''s \\\\ \"日本\" 🦀\\n\\t'", "'NULL'", "NULL"]),
    ("varbinary(20)", ["''", "x'00ff275c'", "NULL"]),
    ("binary(4)", ["x'01'", "x'ffffffff'", "NULL"]),
    ("longblob", ["x'00ff275c'", "''", "NULL"]),
    ("date", ["'1000-01-01'", "'9999-12-31'", "NULL"]),
    ("time(6)", ["'00:00:00'", "'23:59:59.999999'", "NULL"]),
    ("time", ["'838:59:59'", "'-838:59:59'", "'12:00:00'"]),
    ("datetime", ["'1000-01-01'", "'9999-12-31 23:59:59'", "NULL"]),
    ("datetime(6)", ["'1000-01-01'", "'9999-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.5'"]),
    ("timestamp(6) null", ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", "NULL"]),
    ("year", ["1901", "2155", "NULL"]),
    ("bit(1)", ["b'0'", "b'1'", "NULL"]),
    ("bit(20)", ["b'0'", "0xfffff", "NULL"]),
    ("bit(64)", ["b'0'", "0xffffffffffffffff", "NULL"]),
    ("enum('a','b,c')", ["'a'", "'b,c'", "NULL"]),
    ("set('a','b','c')", ["''", "'a,c'", "NULL"]),
    ("json", ["'{\"a\": [1, 2.50, null, \"ü\"]}'", "'1.0'", "NULL"]),
    ("uuid", ["'123e4567-e89b-12d3-a456-426614174000'", "'00000000-0000-0000-0000-000000000000'", "NULL"]),
    ("inet6", ["'::1'", "'::ffff:192.168.0.1'", "NULL"]),
    ("inet4", ["'192.168.0.1'", "'0.0.0.0'", "NULL"]),
    ("point", ["ST_GeomFromText('POINT(1.5 -2)')", "ST_GeomFromText('POINT(0 0)')", "NULL"]),
    ("polygon", ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')", "NULL", "NULL"]),
];

const SQLITE: Samples = &[
    ("INTEGER", ["-9223372036854775808", "9223372036854775807", "NULL"]),
    ("INTEGER", ["'abc'", "1", "NULL"]),
    ("TINYINT", ["-128", "127", "NULL"]),
    ("TINYINT UNSIGNED", ["0", "255", "NULL"]),
    ("SMALLINT", ["-32768", "32767", "NULL"]),
    ("SMALLINT UNSIGNED", ["0", "65535", "NULL"]),
    ("INT4", ["-2147483648", "2147483647", "NULL"]),
    ("INT4", ["-2147483649", "1", "NULL"]),
    ("INT UNSIGNED", ["0", "4294967295", "NULL"]),
    ("BIGINT", ["-9223372036854775808", "0", "NULL"]),
    ("UNSIGNED BIG INT", ["0", "9223372036854775807", "NULL"]),
    ("REAL", ["1.7976931348623157e308", "5e-324", "0.1"]),
    ("DOUBLE PRECISION", ["-1e-300", "123456789.125", "NULL"]),
    ("FLOAT", ["0.1", "-2", "NULL"]),
    ("FLOAT4", ["0.5", "-2", "NULL"]),
    ("TEXT", ["''", "'it''s \\ \"日本\" 🦀'", "'NULL'"]),
    ("TEXT", ["' trailing '", "char(10, 9)", "NULL"]),
    ("CLOB", ["'a'", "''", "NULL"]),
    ("VARCHAR(20)", ["'🦀'", "''", "NULL"]),
    ("NCHAR(55)", ["'ü'", "''", "NULL"]),
    ("BLOB", ["x''", "x'00ff275c'", "NULL"]),
    ("BLOB", ["'text in a blob'", "x'ff'", "NULL"]),
    ("TEXT", ["x'ff'", "'text'", "NULL"]),
    ("BOOLEAN", ["0", "1", "NULL"]),
    ("BOOLEAN", ["2", "1", "NULL"]),
    ("DATE", ["'0001-01-01'", "'9999-12-31'", "NULL"]),
    ("DATE", ["'yesterday'", "'2024-01-31'", "NULL"]),
    ("TIME", ["'00:00:00'", "'23:59:59.999999'", "NULL"]),
    ("DATETIME", ["'2024-01-31 08:00:00.123456'", "'1969-12-31 23:59:59'", "NULL"]),
    ("TIMESTAMP", ["'0001-01-01 00:00:00'", "'9999-12-31 23:59:59.999999'", "NULL"]),
    ("TIMESTAMPTZ", ["'2024-01-31 08:00:00Z'", "'1969-12-31 23:59:59.5Z'", "NULL"]),
    ("DECIMAL(12,2)", ["'9999999999.99'", "-1", "NULL"]),
    ("DECIMAL_TEXT(38,10)", ["'9999999999999999999999999999.9999999999'", "'-1'", "NULL"]),
    ("DECIMAL_TEXT(20,0)", ["'18446744073709551615'", "'0'", "NULL"]),
    ("NUMERIC", ["1.5", "-3", "NULL"]),
    ("NUMERIC", ["'abc'", "12", "NULL"]),
    ("JSON", ["'{\"a\": [1, 2.50, null]}'", "'[]'", "NULL"]),
    ("UUID", ["'123e4567-e89b-12d3-a456-426614174000'", "'00000000-0000-0000-0000-000000000000'", "NULL"]),
    ("", ["'mixed'", "12", "NULL"]),
    ("", ["1", "2", "NULL"]),
    ("WHATEVER", ["1.5", "2", "NULL"]),
];

/// Changes that are known, named and told before the copy: source, its type, target, the hazard that tells it.
const NAMED: &[(System, &str, System, &str)] = &[];

fn samples(system: System) -> Samples {
    match system {
        System::Postgres => POSTGRES,
        System::Mysql => MYSQL,
        _ => SQLITE,
    }
}

async fn fill(world: &World, samples: Samples) {
    let columns: Vec<String> =
        samples.iter().enumerate().map(|(index, (spelled, _))| format!("c{index} {spelled}")).collect();
    world.execute(&format!("CREATE TABLE awkward (id BIGINT NOT NULL PRIMARY KEY, {})", columns.join(", "))).await;
    for row in 0..3 {
        let values: Vec<&str> = samples.iter().map(|(_, values)| values[row]).collect();
        world.execute(&format!("INSERT INTO awkward VALUES ({row}, {})", values.join(", "))).await;
    }
}

/// Why two columns are not alike, if they are not.
fn difference(sent: &ArrayRef, found: &ArrayRef) -> Option<String> {
    if sent.len() != found.len() {
        return Some(format!("{} rows became {}", sent.len(), found.len()));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let back = cast_with_options(found, sent.data_type(), &strict);
    let exact =
        |back: &ArrayRef| cast_with_options(back, found.data_type(), &strict).is_ok_and(|again| &again == found);
    if sent == found || back.as_ref().is_ok_and(|back| back == sent && exact(back)) {
        return None;
    }
    let (left, right) = (texts(sent), texts(found));
    let (left, right) = left.into_iter().zip(right).find(|(left, right)| left != right)?;
    Some(format!("{left:?} became {right:?} ({} to {})", sent.data_type(), found.data_type()))
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    let array = match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            &cast_with_options(array, &DataType::Timestamp(*unit, None), &CastOptions::default()).unwrap()
        }
        _ => array,
    };
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).unwrap();
    let text = |row| {
        let text = formatter.value(row).to_string();
        let is_instant = text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-';
        if is_instant { text.replacen('T', " ", 1) } else { text }
    };
    (0..array.len()).map(|row| array.is_valid(row).then(|| text(row))).collect()
}

fn compare(from: System, to: System, prepared: &Prepared, sent: &RecordBatch, found: &RecordBatch) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, (spelled, _)) in samples(from).iter().enumerate() {
        let name = format!("c{index}");
        let (sent, found) = (sent.column_by_name(&name).unwrap(), found.column_by_name(&name).unwrap());
        let Some(what) = difference(sent, found) else { continue };
        let told = prepared.hazards.iter().any(|hazard| {
            let named = NAMED.iter().any(|(source, of, target, kind)| {
                *source == from && of == spelled && *target == to && *kind == hazard.kind
            });
            named && hazard.column == name
        });
        if !told {
            let native = prepared.columns.iter().find(|column| column.target == name);
            let native = native.map_or("", |column| column.target_type.as_str());
            faults.push(format!("{} `{spelled}` ({name}) to {} `{native}`: {what}", from.as_str(), to.as_str()));
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_every_awkward_type_survives_between_every_pair() {
    let mut faults = Vec::new();
    for (from, to) in each_pair() {
        assert!(samples(from).len() >= 38);
        let (Some(source), Some(target)) = (World::open(from).await, World::open(to).await) else { continue };
        fill(&source, samples(from)).await;
        let job = TableJob::table("awkward", "awkward");
        match run(&source, &target, &job, 1_000_000, Validate::Count).await {
            Ok(told) => {
                assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
                let (sent, found) = (source.rows("awkward", "id").await, target.rows("awkward", "id").await);
                faults.extend(compare(from, to, &told.prepared, &sent, &found));
            }
            Err(error) => faults.push(format!("{} to {}: {error}", from.as_str(), to.as_str())),
        }
        source.end().await;
        target.end().await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
