//! Keys of a pattern or template as rows, structure by structure, in memory that does not grow with them.
//!
//! A hash or string is a row; a member of a set or sorted set and an element of a list is a row each; `stream.rs` reads
//! streams. Columns are `_key`, what the structure has (`value`, `member`, `score`, `index`, a hash's fields) and
//! the columns of the template. All is text unless the read's settings name types.

use super::scan::{Keys, Once, Scan};
use super::shape::{ReadSettings, Shape};
use super::{Config, Redis, error, json, stream, text, typed};
use crate::error::column_not_found;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use data::connector::{ReadOptions, Relation};
use data::{BATCH_ROWS, Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Keys asked for in one pipeline.
const CHUNK: usize = 1024;
/// More columns than this are no table.
const MOST_COLUMNS: usize = 4_096;

/// Opens a source.
pub(super) async fn open(redis: &Redis, options: ReadOptions) -> Result<Box<dyn Source>> {
    let Relation::Table(named) = &options.relation else {
        return Err(super::unsupported("queries", "Read keys by a pattern such as `quote:*`."));
    };
    if options.filter.is_some() || options.order_by.iter().any(|column| column != "_key" && column != "_id") {
        return Err(super::unsupported("conditions or orders", "Filter and sort in a transform after the read."));
    }
    let settings = ReadSettings::parse(&options.extra)?;
    let keys = Keys::read(named)?;
    let mut connection = redis.connect().await?;
    let shape = match settings.structure {
        Some(shape) => shape,
        None => detect(&mut connection, &redis.config, &keys).await?,
    };
    if shape == Shape::Stream {
        return stream::open(redis, connection, keys, settings, options).await;
    }
    if options.resume_at.is_some() {
        return Err(Error::permanent(ErrorCode::ReplayImpossible, "only a read of one stream resumes at a checkpoint"));
    }
    let mut discovered = false;
    let names: Vec<String> = if !options.columns.is_empty() {
        options.columns.clone()
    } else {
        let mut names = vec!["_key".to_owned()];
        let own: Vec<String> = match shape {
            _ if !settings.columns.is_empty() => settings.columns.iter().map(|(name, _)| name.clone()).collect(),
            Shape::Hash => {
                discovered = true;
                fields(&mut connection, &redis.config, &keys).await?.into_iter().collect()
            }
            Shape::Zset => vec!["member".to_owned(), "score".to_owned()],
            Shape::Set => vec!["member".to_owned()],
            Shape::List => vec!["index".to_owned(), "value".to_owned()],
            _ => vec!["value".to_owned()],
        };
        let template = keys.template.iter().flat_map(|template| template.columns().map(str::to_owned));
        for name in own.into_iter().chain(template) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let columns = names.into_iter().map(|name| column(name, shape, &settings, &keys)).collect::<Result<Vec<_>>>()?;
    let schema = columns.iter().map(|c| Field::new(&c.name, c.data_type.clone(), c.from != From::Key));
    let schema = Arc::new(Schema::new(schema.collect::<Vec<_>>()));
    let mut scan = Scan::new(&keys, Some(shape.word()));
    if !options.order_by.is_empty() {
        scan.sort(&mut connection, &redis.config).await?;
    }
    Ok(Box::new(KeyedSource {
        config: redis.config.clone(),
        connection,
        keys,
        shape,
        json: settings.json,
        discovered,
        columns,
        schema,
        scan,
        left: options.limit.unwrap_or(u64::MAX),
        pending: VecDeque::new(),
        large: None,
        sent: false,
    }))
}

/// The one structure that the keys have.
async fn detect(connection: &mut MultiplexedConnection, config: &Config, keys: &Keys) -> Result<Shape> {
    let mut scan = Scan::new(keys, None);
    let mut found: Option<(Shape, String)> = None;
    loop {
        let chunk = scan.next(connection, config, CHUNK).await?;
        if chunk.is_empty() {
            return Ok(found.map(|(shape, _)| shape).unwrap_or_default());
        }
        let mut pipe = redis::pipe();
        for key in &chunk {
            pipe.cmd("TYPE").arg(key);
        }
        let kinds: Vec<String> = pipe.query_async(connection).await.map_err(|e| error::mapped(config, &e))?;
        for (key, kind) in chunk.into_iter().zip(kinds) {
            let shape = match Shape::of(&kind) {
                Some(shape) => shape,
                None if kind == "none" => continue,
                None => {
                    let message = format!("key `{key}` holds a `{kind}`, which cannot be read");
                    return Err(Error::permanent(ErrorCode::Unsupported, message));
                }
            };
            match &found {
                Some((other, first)) if *other != shape => {
                    let message =
                        format!("`{first}` is a {} and `{key}` a {}: one read reads one structure", other.word(), kind);
                    return Err(Error::permanent(ErrorCode::InvalidValue, message)
                        .hint("Say which under `options`: `structure: hash`."));
                }
                Some(_) => {}
                None => found = Some((shape, key)),
            }
        }
    }
}

/// All fields that any of the hashes has.
pub(super) async fn fields(
    connection: &mut MultiplexedConnection,
    config: &Config,
    keys: &Keys,
) -> Result<BTreeSet<String>> {
    let mut scan = Scan::new(keys, Some(Shape::Hash.word()));
    let mut names = BTreeSet::new();
    loop {
        let chunk = scan.next(connection, config, CHUNK).await?;
        if chunk.is_empty() {
            return Ok(names);
        }
        let mut pipe = redis::pipe();
        for key in &chunk {
            pipe.cmd("HKEYS").arg(key);
        }
        let found: Vec<Vec<Vec<u8>>> = pipe.query_async(connection).await.map_err(|e| error::mapped(config, &e))?;
        for name in found.into_iter().flatten() {
            names.insert(text("a field's name", name)?);
        }
        if names.len() > MOST_COLUMNS {
            let message = format!("the hashes have more than {MOST_COLUMNS} different fields, which are no columns");
            return Err(
                Error::permanent(ErrorCode::InvalidValue, message).hint("Name the fields to read under `columns`.")
            );
        }
    }
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Key,
    Value,
    Score,
    Index,
    /// A hash's field, a field of a JSON object, or a column of the template.
    Field,
}

struct Column {
    name: String,
    data_type: DataType,
    from: From,
}

fn column(name: String, shape: Shape, settings: &ReadSettings, keys: &Keys) -> Result<Column> {
    let own: &[(&str, From)] = match shape {
        Shape::Hash | Shape::Stream => &[],
        Shape::String => &[("value", From::Value)],
        Shape::Set => &[("member", From::Value)],
        Shape::Zset => &[("member", From::Value), ("score", From::Score)],
        Shape::List => &[("value", From::Value), ("index", From::Index)],
    };
    let of_template = keys.template.as_ref().is_some_and(|template| template.columns().any(|column| column == name));
    let from = match own.iter().find(|(word, _)| *word == name) {
        _ if name == "_key" => From::Key,
        Some((_, from)) if !settings.json || *from != From::Value => *from,
        _ if shape == Shape::Hash || settings.json || of_template => From::Field,
        Some((_, from)) => *from,
        None => {
            let others = own.iter().map(|(word, _)| *word).chain(["_key"]);
            return Err(column_not_found(&name, &format!("a {}", shape.word()), others));
        }
    };
    let data_type = match from {
        From::Key => DataType::Utf8,
        From::Score if settings.data_type(&name) == DataType::Utf8 => DataType::Float64,
        From::Index => DataType::Int64,
        _ => settings.data_type(&name),
    };
    Ok(Column { name, data_type, from })
}

/// One row on its way into columns.
struct Row {
    key: String,
    fields: Vec<Option<Vec<u8>>>,
    value: Option<Vec<u8>>,
    score: Option<Vec<u8>>,
    index: u64,
}

/// A key with more members than one batch holds.
struct Large {
    key: String,
    at: u64,
    cursor: Option<u64>,
    once: Once,
}

struct KeyedSource {
    config: Arc<Config>,
    connection: MultiplexedConnection,
    keys: Keys,
    shape: Shape,
    json: bool,
    /// Whether the columns are all fields that were found, so that a row without any is a key that is gone.
    discovered: bool,
    columns: Vec<Column>,
    schema: SchemaRef,
    scan: Scan,
    left: u64,
    /// Keys of collections with their length.
    pending: VecDeque<(String, u64)>,
    large: Option<Large>,
    sent: bool,
}

#[async_trait]
impl Source for KeyedSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        Resume::Nothing
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        let mut rows = Vec::new();
        while rows.is_empty() && self.left > 0 {
            let more = match self.shape {
                Shape::Hash => self.hashes(&mut rows).await?,
                Shape::String => self.strings(&mut rows).await?,
                _ => self.members(&mut rows).await?,
            };
            if !more {
                break;
            }
        }
        rows.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= rows.len() as u64;
        if rows.is_empty() && self.sent {
            return Ok(None);
        }
        self.sent = true;
        Ok(Some(SourceBatch { records: self.batch(rows)?, checkpoint: None, rejected: None }))
    }
}

impl KeyedSource {
    async fn hashes(&mut self, rows: &mut Vec<Row>) -> Result<bool> {
        let most = CHUNK.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let keys = self.scan.next(&mut self.connection, &self.config, most).await?;
        if keys.is_empty() {
            return Ok(false);
        }
        let names: Vec<&str> =
            self.columns.iter().filter(|column| column.from == From::Field).map(|c| c.name.as_str()).collect();
        let found: Vec<Vec<Option<Vec<u8>>>> = if names.is_empty() {
            keys.iter().map(|_| Vec::new()).collect()
        } else {
            let mut pipe = redis::pipe();
            for key in &keys {
                pipe.cmd("HMGET").arg(key).arg(&names);
            }
            pipe.query_async(&mut self.connection).await.map_err(|e| error::mapped(&self.config, &e))?
        };
        for (key, fields) in keys.into_iter().zip(found) {
            let gone = self.discovered && !fields.is_empty() && fields.iter().all(Option::is_none);
            if !gone {
                rows.push(Row { key, fields, value: None, score: None, index: 0 });
            }
        }
        Ok(true)
    }

    async fn strings(&mut self, rows: &mut Vec<Row>) -> Result<bool> {
        let keys = self.scan.next(&mut self.connection, &self.config, CHUNK).await?;
        if keys.is_empty() {
            return Ok(false);
        }
        let found: Vec<Option<Vec<u8>>> = redis::cmd("MGET")
            .arg(&keys)
            .query_async(&mut self.connection)
            .await
            .map_err(|e| error::mapped(&self.config, &e))?;
        for (key, value) in keys.into_iter().zip(found) {
            // A key that is gone by now has no value.
            if value.is_some() {
                rows.push(Row { key, fields: Vec::new(), value, score: None, index: 0 });
            }
        }
        Ok(true)
    }

    /// Members of sets and sorted sets and elements of lists: many small ones in one pipeline, a large one in pieces.
    async fn members(&mut self, rows: &mut Vec<Row>) -> Result<bool> {
        if let Some(large) = self.large.take() {
            self.large = self.piece(large, rows).await?;
            return Ok(true);
        }
        let config = self.config.clone();
        let mapped = |e| error::mapped(&config, &e);
        let (length, all): (&str, &[&str]) = match self.shape {
            Shape::Set => ("SCARD", &["SMEMBERS"]),
            Shape::Zset => ("ZCARD", &["ZRANGE", "0", "-1", "WITHSCORES"]),
            _ => ("LLEN", &["LRANGE", "0", "-1"]),
        };
        if self.pending.is_empty() {
            let keys = self.scan.next(&mut self.connection, &config, CHUNK).await?;
            if keys.is_empty() {
                return Ok(false);
            }
            let mut pipe = redis::pipe();
            for key in &keys {
                pipe.cmd(length).arg(key);
            }
            let lengths: Vec<u64> = pipe.query_async(&mut self.connection).await.map_err(mapped)?;
            self.pending = keys.into_iter().zip(lengths).collect();
        }
        let mut together = Vec::new();
        let mut sum = 0;
        while let Some((_, length)) = self.pending.front()
            && sum + length <= BATCH_ROWS as u64
        {
            sum += length;
            together.extend(self.pending.pop_front());
        }
        if together.is_empty() {
            if let Some((key, _)) = self.pending.pop_front() {
                self.large = Some(Large { key, at: 0, cursor: Some(0), once: Once::new() });
            }
            return Ok(true);
        }
        let mut pipe = redis::pipe();
        for (key, _) in &together {
            pipe.cmd(all[0]).arg(key).arg(&all[1..]);
        }
        let found: Vec<Vec<Vec<u8>>> = pipe.query_async(&mut self.connection).await.map_err(mapped)?;
        for ((key, _), values) in together.into_iter().zip(found) {
            self.push(&key, values, 0, rows);
        }
        Ok(true)
    }

    async fn piece(&mut self, mut large: Large, rows: &mut Vec<Row>) -> Result<Option<Large>> {
        let config = self.config.clone();
        let mapped = |e| error::mapped(&config, &e);
        if self.shape == Shape::Set {
            let Some(cursor) = large.cursor else { return Ok(None) };
            let (next, mut values): (u64, Vec<Vec<u8>>) = redis::cmd("SSCAN")
                .arg(&large.key)
                .arg(cursor)
                .arg("COUNT")
                .arg(BATCH_ROWS)
                .query_async(&mut self.connection)
                .await
                .map_err(mapped)?;
            values.retain(|value| large.once.first(value));
            self.push(&large.key, values, 0, rows);
            large.cursor = (next != 0).then_some(next);
            return Ok(large.cursor.is_some().then_some(large));
        }
        let mut command = redis::cmd(if self.shape == Shape::Zset { "ZRANGE" } else { "LRANGE" });
        command.arg(&large.key).arg(large.at).arg(large.at + BATCH_ROWS as u64 - 1);
        if self.shape == Shape::Zset {
            command.arg("WITHSCORES");
        }
        let values: Vec<Vec<u8>> = command.query_async(&mut self.connection).await.map_err(mapped)?;
        if values.is_empty() {
            return Ok(None);
        }
        self.push(&large.key, values, large.at, rows);
        large.at += BATCH_ROWS as u64;
        Ok(Some(large))
    }

    fn push(&self, key: &str, values: Vec<Vec<u8>>, first: u64, rows: &mut Vec<Row>) {
        let mut values = values.into_iter();
        let mut index = first;
        while let Some(value) = values.next() {
            let score = if self.shape == Shape::Zset { values.next() } else { None };
            rows.push(Row { key: key.to_owned(), fields: Vec::new(), value: Some(value), score, index });
            index += 1;
        }
    }

    fn batch(&self, rows: Vec<Row>) -> Result<RecordBatch> {
        let count = rows.len();
        let mut places = Vec::with_capacity(count);
        let mut values: Vec<Vec<Option<Vec<u8>>>> = self.columns.iter().map(|_| Vec::with_capacity(count)).collect();
        for mut row in rows {
            let object = if self.json { Some(object(&row)?) } else { None };
            let captures = self.keys.template.as_ref().and_then(|template| template.captures(&row.key));
            let mut field = 0;
            for (column, values) in self.columns.iter().zip(&mut values) {
                values.push(match column.from {
                    From::Key => Some(row.key.clone().into_bytes()),
                    From::Value => row.value.clone(),
                    From::Score => row.score.clone(),
                    From::Index => Some(row.index.to_string().into_bytes()),
                    From::Field => {
                        let own = match (&object, row.fields.get_mut(field)) {
                            (Some(object), _) => member(object, column, &row.key)?,
                            (None, Some(value)) => value.take(),
                            (None, None) => None,
                        };
                        field += 1;
                        own.or_else(|| {
                            let (_, value) = captures.as_ref()?.iter().find(|(name, _)| *name == column.name)?;
                            Some(value.clone().into_bytes())
                        })
                    }
                });
            }
            places.push(row.key);
        }
        let arrays =
            self.columns.iter().zip(&values).map(|(column, values)| {
                typed::array(&column.name, &column.data_type, values, |row| places[row].clone())
            });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?)
    }
}

/// A column's value in an object: bytes stand there as hex.
fn member(object: &HashMap<String, Option<Vec<u8>>>, column: &Column, key: &str) -> Result<Option<Vec<u8>>> {
    let value = object.get(&column.name).cloned().flatten();
    let (Some(text), DataType::Binary) = (&value, &column.data_type) else { return Ok(value) };
    match json::bytes(text) {
        Some(bytes) => Ok(Some(bytes)),
        None => {
            let shown = crate::error::shortened(&String::from_utf8_lossy(text));
            let message = format!("column `{}` of `{key}`: `{shown}` is no bytes in hex", column.name);
            Err(Error::permanent(ErrorCode::ValueRefused, message)
                .hint("Bytes stand in JSON as two digits each, such as `00ff`; read other text as `utf8`."))
        }
    }
}

/// The fields of the JSON object that the row holds.
fn object(row: &Row) -> Result<HashMap<String, Option<Vec<u8>>>> {
    let fields = json::read(row.value.as_deref().unwrap_or_default()).map_err(|why| {
        let message = format!("what `{}` holds is no JSON object: {why}", row.key);
        Error::permanent(ErrorCode::ValueRefused, message).hint("Read it without `json`, as the text it is.")
    })?;
    Ok(fields.into_iter().collect())
}
