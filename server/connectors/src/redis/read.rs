//! Hashes of a key pattern as rows: the column `_key`, then every field that any of them has, as text.

use super::{Config, Redis, error};
use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Keys asked for in one pipeline.
const CHUNK: usize = 1024;

/// The pattern itself; of a key template (`quote:{symbol}`) the pattern of all keys it makes, so that what was written
/// under a name can be read under it.
fn key_pattern(text: &str) -> Cow<'_, str> {
    if !text.contains('{') {
        return Cow::Borrowed(text);
    }
    let mut pattern = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (_, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        pattern.push_str(before);
        pattern.push('*');
        rest = after;
    }
    pattern.push_str(rest);
    Cow::Owned(pattern)
}

/// All keys of the pattern, each once, in order; they are held in memory, the values are not.
pub(super) async fn keys(
    connection: &mut MultiplexedConnection,
    config: &Config,
    pattern: &str,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut cursor = 0_u64;
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(key_pattern(pattern).as_ref())
            .arg("COUNT")
            .arg(1000)
            .query_async(connection)
            .await
            .map_err(|e| error::mapped(config, &e))?;
        for key in keys {
            found.insert(text("a key", key)?);
        }
        if next == 0 {
            return Ok(found);
        }
        cursor = next;
    }
}

fn text(what: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let shown = String::from_utf8_lossy(e.as_bytes()).chars().take(80).collect::<String>();
        Error::permanent(ErrorCode::ValueRefused, format!("{what} is not UTF-8: `{shown}`"))
    })
}

struct RedisSource {
    config: Arc<Config>,
    connection: MultiplexedConnection,
    schema: SchemaRef,
    fields: Vec<String>,
    keys: VecDeque<String>,
    sent: bool,
}

/// Opens a source.
pub(super) async fn open(redis: &Redis, options: ReadOptions) -> Result<Box<dyn Source>> {
    let Relation::Table(pattern) = &options.relation else {
        return Err(super::unsupported("queries", "Read keys by a pattern such as `quote:*`."));
    };
    if options.filter.is_some() || options.resume_at.is_some() || options.order_by.iter().any(|column| column != "_key")
    {
        return Err(super::unsupported("conditions or orders", "Filter and sort in a transform after the read."));
    }
    let mut connection = redis.connect().await?;
    let mapped = |e| error::mapped(&redis.config, &e);
    let mut hashes = VecDeque::new();
    let mut names = BTreeSet::new();
    let all: Vec<String> = keys(&mut connection, &redis.config, pattern).await?.into_iter().collect();
    for chunk in all.chunks(CHUNK) {
        let mut pipe = redis::pipe();
        for key in chunk {
            pipe.cmd("TYPE").arg(key);
        }
        let kinds: Vec<String> = pipe.query_async(&mut connection).await.map_err(mapped)?;
        let found = chunk.iter().zip(&kinds).filter(|(_, kind)| *kind == "hash").map(|(key, _)| key.clone());
        let found: Vec<String> = found.collect();
        if options.columns.is_empty() && !found.is_empty() {
            let mut pipe = redis::pipe();
            for key in &found {
                pipe.cmd("HKEYS").arg(key);
            }
            let fields: Vec<Vec<Vec<u8>>> = pipe.query_async(&mut connection).await.map_err(mapped)?;
            for field in fields.into_iter().flatten() {
                names.insert(text("a field's name", field)?);
            }
        }
        hashes.extend(found);
    }
    if let Some(limit) = options.limit {
        hashes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let fields = if options.columns.is_empty() {
        std::iter::once("_key".to_owned()).chain(names.into_iter().filter(|name| name != "_key")).collect()
    } else {
        options.columns
    };
    let schema =
        fields.iter().map(|name: &String| Field::new(name, DataType::Utf8, name != "_key")).collect::<Vec<_>>();
    let config = redis.config.clone();
    Ok(Box::new(RedisSource {
        config,
        connection,
        schema: Arc::new(Schema::new(schema)),
        fields,
        keys: hashes,
        sent: false,
    }))
}

#[async_trait]
impl Source for RedisSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        Resume::Nothing
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        if self.keys.is_empty() && self.sent {
            return Ok(None);
        }
        self.sent = true;
        let count = self.keys.len().min(CHUNK);
        let keys: Vec<String> = self.keys.drain(..count).collect();
        let mut builders: Vec<StringBuilder> = self.fields.iter().map(|_| StringBuilder::new()).collect();
        if !keys.is_empty() {
            let mut pipe = redis::pipe();
            for key in &keys {
                pipe.cmd("HMGET").arg(key).arg(&self.fields);
            }
            let rows: Vec<Vec<Option<Vec<u8>>>> =
                pipe.query_async(&mut self.connection).await.map_err(|e| error::mapped(&self.config, &e))?;
            for (key, row) in keys.iter().zip(rows) {
                for ((field, builder), value) in self.fields.iter().zip(&mut builders).zip(row) {
                    match value {
                        _ if field == "_key" => builder.append_value(key),
                        Some(value) => builder.append_value(text(&format!("field `{field}` of `{key}`"), value)?),
                        None => builder.append_null(),
                    }
                }
            }
        }
        let arrays = builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let records = RecordBatch::try_new(self.schema.clone(), arrays)?;
        Ok(Some(SourceBatch { records, checkpoint: None, rejected: None }))
    }
}
