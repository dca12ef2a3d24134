//! What stands for tables: groups of keys that begin alike, found in a sample; and how many rows a pattern has.

use super::scan::{Keys, Scan, sample};
use super::shape::Shape;
use super::{Config, Redis, error, text};
use arrow::datatypes::DataType;
use data::Result;
use data::connector::{ColumnInfo, TableInfo};
use redis::aio::MultiplexedConnection;
use std::collections::BTreeSet;

/// Keys that are looked at to find groups.
const SAMPLE: usize = 10_000;
/// Keys that are looked at to find columns.
const LOOKED_AT: usize = 1_000;

/// Patterns of keys that begin alike: `quote:*`.
pub(super) async fn list(redis: &Redis) -> Result<Vec<String>> {
    let mut connection = redis.connect().await?;
    let sample = sample(&mut connection, &redis.config, SAMPLE, false).await?;
    Ok(sample.groups.into_keys().collect())
}

/// What the keys of a pattern look like, by a sample of them.
pub(super) async fn find(redis: &Redis, name: &str) -> Result<Option<TableInfo>> {
    let mut connection = redis.connect().await?;
    let mapped = |e| error::mapped(&redis.config, &e);
    let keys = Keys::read(name)?;
    let found = Scan::new(&keys, None).next(&mut connection, &redis.config, LOOKED_AT).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let mut pipe = redis::pipe();
    for key in &found {
        pipe.cmd("TYPE").arg(key);
    }
    let kinds: Vec<String> = pipe.query_async(&mut connection).await.map_err(mapped)?;
    let mut fields = BTreeSet::new();
    let mut pipe = redis::pipe();
    let hashes: Vec<&String> =
        found.iter().zip(&kinds).filter(|(_, kind)| *kind == Shape::Hash.word()).map(|(key, _)| key).collect();
    for key in &hashes {
        pipe.cmd("HKEYS").arg(*key);
    }
    if !hashes.is_empty() {
        let names: Vec<Vec<Vec<u8>>> = pipe.query_async(&mut connection).await.map_err(mapped)?;
        for name in names.into_iter().flatten() {
            fields.insert(text("a field's name", name)?);
        }
    }
    let kinds: BTreeSet<String> = kinds.into_iter().filter(|kind| kind != "none").collect();
    let mut columns = vec![column("_key", "key", DataType::Utf8, false)];
    for kind in &kinds {
        let own: &[(&str, DataType)] = match Shape::of(kind) {
            Some(Shape::Set) => &[("member", DataType::Utf8)],
            Some(Shape::Zset) => &[("member", DataType::Utf8), ("score", DataType::Float64)],
            Some(Shape::List) => &[("index", DataType::Int64), ("value", DataType::Utf8)],
            Some(Shape::String) => &[("value", DataType::Utf8)],
            Some(Shape::Stream) => &[("_id", DataType::Utf8)],
            _ => &[],
        };
        for (name, data_type) in own {
            if !columns.iter().any(|column| column.name == *name) {
                columns.push(column(name, kind, data_type.clone(), true));
            }
        }
    }
    columns.extend(fields.iter().map(|name| column(name, "hash", DataType::Utf8, true)));
    // Where the sample is all there is, its number is exact.
    let row_estimate = (found.len() < LOOKED_AT).then_some(found.len() as u64);
    Ok(Some(TableInfo { name: name.to_owned(), columns, key: vec!["_key".to_owned()], row_estimate }))
}

fn column(name: &str, native_type: &str, data_type: DataType, nullable: bool) -> ColumnInfo {
    ColumnInfo { name: name.to_owned(), native_type: native_type.to_owned(), data_type, nullable }
}

/// Rows of a pattern: hashes and strings one each, collections as many as they have members.
pub(super) async fn count(connection: &mut MultiplexedConnection, config: &Config, named: &str) -> Result<u64> {
    let mapped = |e| error::mapped(config, &e);
    let mut scan = Scan::new(&Keys::read(named)?, None);
    let mut rows = 0;
    loop {
        let keys = scan.next(connection, config, 1_024).await?;
        if keys.is_empty() {
            return Ok(rows);
        }
        let mut pipe = redis::pipe();
        for key in &keys {
            pipe.cmd("TYPE").arg(key);
        }
        let kinds: Vec<String> = pipe.query_async(connection).await.map_err(mapped)?;
        let mut pipe = redis::pipe();
        let mut asked = false;
        for (key, kind) in keys.iter().zip(&kinds) {
            let length = match Shape::of(kind) {
                Some(Shape::Hash | Shape::String) => {
                    rows += 1;
                    continue;
                }
                Some(Shape::Set) => "SCARD",
                Some(Shape::Zset) => "ZCARD",
                Some(Shape::List) => "LLEN",
                Some(Shape::Stream) => "XLEN",
                None => continue,
            };
            pipe.cmd(length).arg(key);
            asked = true;
        }
        if asked {
            let lengths: Vec<u64> = pipe.query_async(connection).await.map_err(mapped)?;
            rows += lengths.iter().sum::<u64>();
        }
    }
}
