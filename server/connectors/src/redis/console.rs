//! The console of Redis: one command that only reads, its answer as rows.
//!
//! A command that could answer much is asked part by part ([`Walk`]), since the server sends all it was asked for at once:
//! a whole hash becomes a walk through it, ranks and entries come some at a time, a long string is refused.

mod walk;

use super::command::{Answer, Line};
use super::{Redis, error};
use crate::console::Feed;
use arrow::array::{ArrayRef, BinaryArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::console::{
    ConsoleEnd, ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows, not_allowed, require_allowed,
};
use data::{Error, Result};
use model::ErrorCode;
use redis::Value;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;
use walk::Walk;

/// Keyspaces up to this size may be listed by KEYS.
const FEW_KEYS: u64 = 10_000;

/// Runs one command.
pub(super) async fn rows(redis: &Redis, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
    let check = Line::check(&request.sql);
    // Nothing here writes, whoever asks.
    require_allowed(&check, false).map_err(|error| {
        if check.refusal.is_some() { error.hint("The console only reads from Redis, whoever asks.") } else { error }
    })?;
    if !request.params.is_empty() {
        return Err(Error::permanent(ErrorCode::InvalidValue, "a command of Redis has no placeholders"));
    }
    let line = Line::read(&request.sql)?;
    let (redis, limits) = (redis.clone(), request.limits);
    crate::console::run(form, false, move |mut feed| async move {
        let work = async {
            let mut connection = redis.connect_for(limits.time).await?;
            require_small(&redis, &mut connection, &line, limits).await?;
            let walk = Walk::begin(&redis, &mut connection, &line, limits).await?;
            answer(walk, &mut connection, limits, &mut feed).await
        };
        match tokio::time::timeout(limits.time, work).await {
            Ok(end) => feed.finish(end?).await,
            Err(_) => {
                let message = format!("the command took longer than {} s", limits.time.as_secs_f64());
                Err(Error::permanent(ErrorCode::StatementTimeout, message)
                    .hint("Ask for less, or raise the time limit."))
            }
        }
    })
    .await
}

/// An answer, or a part of one, as a table: names of columns, and rows of bytes.
struct Table {
    names: Vec<&'static str>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
}

/// Takes parts up to the limits.
async fn answer(
    mut walk: Walk,
    connection: &mut MultiplexedConnection,
    limits: ConsoleLimits,
    feed: &mut Feed,
) -> Result<ConsoleEnd> {
    let mut kinds = Kinds::default();
    let is_page = feed.is_page();
    if !is_page && walk.is_long() {
        // A column is text or bytes in all batches, which only its last value tells.
        let mut look = walk.clone();
        while let Some(part) = look.next(connection).await? {
            kinds.note(&part);
        }
    }
    let most = feed.most_bytes(&limits);
    let (mut held, mut truncated, mut bytes, mut count, mut has_begun) = (None::<Table>, false, 0_u64, 0_u64, false);
    while let Some(mut part) = walk.next(connection).await? {
        let fitting = part.rows.iter().take_while(|row| {
            bytes = bytes.saturating_add(row.iter().flatten().map(|value| value.len() as u64).sum::<u64>());
            bytes <= most
        });
        let fitting = fitting.count().min(usize::try_from(limits.rows - count).unwrap_or(usize::MAX));
        truncated = fitting < part.rows.len();
        part.rows.truncate(fitting);
        count += fitting as u64;
        match &mut held {
            Some(table) if is_page => table.rows.append(&mut part.rows),
            _ if is_page => held = Some(part),
            _ => {
                if !has_begun {
                    kinds.note(&part);
                    feed.begin(kinds.schema(&part.names), native_types(&part));
                    has_begun = true;
                }
                feed.push(kinds.batch(&part)?).await?;
            }
        }
        if truncated {
            break;
        }
    }
    if let Some(table) = held {
        kinds.note(&table);
        feed.begin(kinds.schema(&table.names), native_types(&table));
        if !table.rows.is_empty() {
            feed.push(kinds.batch(&table)?).await?;
        }
    }
    Ok(ConsoleEnd { truncated, affected: None })
}

/// Refuses what would be too much for one answer and cannot be asked part by part.
async fn require_small(
    redis: &Redis,
    connection: &mut MultiplexedConnection,
    line: &Line,
    limits: ConsoleLimits,
) -> Result<()> {
    let Some(known) = line.known else { return Err(not_allowed("the command is not known")) };
    match known.answer {
        Answer::Small if line.name == "KEYS" => {
            let keys = redis::cmd("DBSIZE").query_async::<u64>(connection).await;
            let keys = keys.map_err(|e| error::mapped(&redis.config, &e))?;
            if keys > FEW_KEYS {
                return Err(not_allowed(&format!("`KEYS` would stop the server while it goes through {keys} keys"))
                    .hint("Use `SCAN 0 MATCH pattern COUNT 1000`."));
            }
        }
        Answer::Text => {
            let bytes = text_bytes(redis, connection, line).await?;
            if bytes > limits.bytes {
                let message = format!("the answer has {bytes} bytes, more than the {} let through", limits.bytes);
                return Err(Error::permanent(ErrorCode::ValueRefused, message)
                    .hint("Ask for a part of it: `GETRANGE key 0 1000`."));
            }
        }
        Answer::Page => {
            if let Some(at) = option(&line.arguments, b"COUNT")
                && String::from_utf8_lossy(line.arguments.get(at + 1).map_or(&[][..], Vec::as_slice))
                    .parse::<u64>()
                    .is_ok_and(|count| count > 10_000)
            {
                return Err(not_allowed("COUNT beyond 10,000 would stop the server for long"));
            }
        }
        Answer::Small | Answer::Whole(_) | Answer::Ranks(_) | Answer::Counted | Answer::Limited => {}
    }
    Ok(())
}

/// Where an option's word stands.
fn option(arguments: &[Vec<u8>], word: &[u8]) -> Option<usize> {
    // The first three are the key and its bounds, whatever they look like.
    arguments.iter().enumerate().skip(1).find(|(_, argument)| argument.eq_ignore_ascii_case(word)).map(|(at, _)| at)
}

/// How many bytes a command that answers whole texts would answer.
async fn text_bytes(redis: &Redis, connection: &mut MultiplexedConnection, line: &Line) -> Result<u64> {
    let arguments = &line.arguments;
    let number = |index: usize| String::from_utf8_lossy(&arguments[index]).parse::<i64>().unwrap_or(-1);
    if line.name == "GETRANGE" && number(1) >= 0 && number(2) >= 0 {
        return Ok((number(2) - number(1)).saturating_add(1).max(0).unsigned_abs());
    }
    let mut pipe = redis::pipe();
    match line.name.as_str() {
        "MGET" => arguments.iter().for_each(|key| {
            pipe.cmd("STRLEN").arg(key);
        }),
        "HGET" | "HMGET" => arguments[1..].iter().for_each(|field| {
            pipe.cmd("HSTRLEN").arg(&arguments[0]).arg(field);
        }),
        _ => {
            pipe.cmd("STRLEN").arg(&arguments[0]);
        }
    }
    let lengths: Vec<u64> = pipe.query_async(connection).await.map_err(|e| error::mapped(&redis.config, &e))?;
    Ok(lengths.iter().sum())
}

/// The answer of a command as rows.
fn rows_of(line: &Line, value: Value) -> Table {
    let scores = line.arguments.iter().any(|word| word.eq_ignore_ascii_case(b"WITHSCORES"));
    let values = || line.arguments.iter().any(|word| word.eq_ignore_ascii_case(b"NOVALUES"));
    let pairs = |names: [&'static str; 2], values: Vec<Value>| Table {
        names: names.to_vec(),
        rows: values.chunks(2).map(|pair| vec![bytes(&pair[0]), pair.get(1).and_then(bytes)]).collect(),
    };
    let list = |name: &'static str, values: Vec<Value>| Table {
        names: vec![name],
        rows: values.iter().map(|value| vec![bytes(value)]).collect(),
    };
    match (line.name.as_str(), value) {
        ("HGETALL", Value::Array(values)) => pairs(["field", "value"], values),
        ("ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE", Value::Array(values)) if scores => {
            pairs(["member", "score"], values)
        }
        ("ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE" | "SMEMBERS", Value::Array(values)) => list("member", values),
        ("HKEYS", Value::Array(values)) => list("field", values),
        ("KEYS", Value::Array(values)) => list("key", values),
        ("HMGET", Value::Array(values)) => Table {
            names: vec!["field", "value"],
            rows: line.arguments[1..]
                .iter()
                .zip(&values)
                .map(|(name, value)| vec![Some(name.clone()), bytes(value)])
                .collect(),
        },
        ("MGET", Value::Array(values)) => Table {
            names: vec!["key", "value"],
            rows: line
                .arguments
                .iter()
                .zip(&values)
                .map(|(name, value)| vec![Some(name.clone()), bytes(value)])
                .collect(),
        },
        ("XRANGE" | "XREVRANGE", Value::Array(values)) => Table {
            names: vec!["id", "fields"],
            rows: values
                .iter()
                .map(|entry| match entry {
                    Value::Array(parts) => vec![parts.first().and_then(bytes), parts.get(1).map(pairs_json)],
                    other => vec![bytes(other), None],
                })
                .collect(),
        },
        ("SCAN" | "SSCAN" | "HSCAN", Value::Array(parts)) => {
            let cursor = parts.first().and_then(bytes);
            let found = match parts.into_iter().nth(1) {
                Some(Value::Array(values)) => values,
                _ => Vec::new(),
            };
            let width = if line.name == "HSCAN" && !values() { 2 } else { 1 };
            let mut names = match line.name.as_str() {
                "SCAN" => vec!["key"],
                "SSCAN" => vec!["member"],
                _ => vec!["field", "value"],
            };
            names.truncate(width);
            names.insert(0, "cursor");
            let mut rows: Vec<Vec<Option<Vec<u8>>>> = found
                .chunks(width)
                .map(|pair| std::iter::once(cursor.clone()).chain(pair.iter().map(bytes)).collect())
                .collect();
            if rows.is_empty() {
                // The walk goes on from the cursor, also where this page has nothing.
                rows.push(std::iter::once(cursor).chain((0..width).map(|_| None)).collect());
            }
            Table { names, rows }
        }
        ("INFO", value) => {
            let text = bytes(&value).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut section = String::new();
            let mut rows = Vec::new();
            for info in text.lines().map(str::trim_end) {
                if let Some(name) = info.strip_prefix("# ") {
                    section = name.to_owned();
                } else if let Some((name, value)) = info.split_once(':') {
                    let row = [section.as_str(), name, value];
                    rows.push(row.iter().map(|text| Some(text.as_bytes().to_vec())).collect());
                }
            }
            Table { names: vec!["section", "name", "value"], rows }
        }
        (_, Value::Array(values)) => list("value", values),
        (_, value) => list("value", vec![value]),
    }
}

/// One value as bytes; what holds others, as JSON.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Nil => None,
        Value::BulkString(bytes) => Some(bytes.clone()),
        Value::SimpleString(text) => Some(text.clone().into_bytes()),
        Value::Okay => Some(b"OK".to_vec()),
        Value::Int(value) => Some(value.to_string().into_bytes()),
        Value::Double(value) => Some(value.to_string().into_bytes()),
        Value::Boolean(value) => Some(value.to_string().into_bytes()),
        other => Some(json(other).to_string().into_bytes()),
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Array(values) | Value::Set(values) => values.iter().map(json).collect(),
        Value::Int(value) => (*value).into(),
        Value::BulkString(_) | Value::SimpleString(_) | Value::Okay | Value::Double(_) | Value::Boolean(_) => {
            let text = bytes(value).unwrap_or_default();
            String::from_utf8_lossy(&text).into()
        }
        // The older protocol, which is spoken here, has no others.
        _ => serde_json::Value::Null,
    }
}

/// The fields of a stream's entry as a JSON object.
fn pairs_json(value: &Value) -> Vec<u8> {
    let Value::Array(values) = value else { return json(value).to_string().into_bytes() };
    let mut object = serde_json::Map::new();
    for pair in values.chunks(2) {
        let name = bytes(&pair[0]).unwrap_or_default();
        object.insert(String::from_utf8_lossy(&name).into_owned(), pair.get(1).map_or(serde_json::Value::Null, json));
    }
    serde_json::Value::Object(object).to_string().into_bytes()
}

fn native_types(table: &Table) -> Vec<String> {
    table.names.iter().map(|_| "string".to_owned()).collect()
}

/// Which columns hold bytes that are no text.
#[derive(Debug, Default)]
struct Kinds(Vec<bool>);

impl Kinds {
    /// Redis does not check its texts; bytes that are none are shown as bytes.
    fn note(&mut self, table: &Table) {
        self.0.resize(table.names.len(), false);
        for (at, is_bytes) in self.0.iter_mut().enumerate() {
            let mut values = table.rows.iter().filter_map(|row| row.get(at)?.as_deref());
            *is_bytes = *is_bytes || values.any(|value| std::str::from_utf8(value).is_err());
        }
    }

    fn schema(&self, names: &[&'static str]) -> SchemaRef {
        let kind = |is_bytes: &bool| if *is_bytes { DataType::Binary } else { DataType::Utf8 };
        let fields = names.iter().zip(&self.0).map(|(name, is_bytes)| Field::new(*name, kind(is_bytes), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn batch(&self, table: &Table) -> Result<RecordBatch> {
        let mut arrays = Vec::<ArrayRef>::new();
        for (at, name) in table.names.iter().enumerate() {
            let values: Vec<Option<&[u8]>> =
                table.rows.iter().map(|row| row.get(at).and_then(Option::as_deref)).collect();
            if self.0[at] {
                arrays.push(Arc::new(BinaryArray::from_opt_vec(values)));
                continue;
            }
            let texts: Result<Vec<Option<&str>>, std::str::Utf8Error> =
                values.into_iter().map(|value| value.map(std::str::from_utf8).transpose()).collect();
            let texts = texts.map_err(|_| {
                let message = format!("a value of column `{name}` became bytes that are no text meanwhile");
                Error::transient(ErrorCode::ValueRefused, message).hint("Ask once more.")
            })?;
            arrays.push(Arc::new(StringArray::from(texts)));
        }
        Ok(RecordBatch::try_new(self.schema(&table.names), arrays)?)
    }
}
