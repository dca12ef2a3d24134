//! The console of Redis: one command that only reads, its answer as rows.
//!
//! A command that would answer more than the limits let through is cut before it is sent, since the server sends all it
//! was asked for: a whole hash becomes a walk through it, ranks and counts end at the limit, a long string is refused.

use super::command::{Answer, Line};
use super::{Redis, error};
use arrow::array::{ArrayRef, BinaryArray, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use data::console::{ConsoleAnswer, ConsoleLimits, ConsoleRequest, not_allowed, require_allowed};
use data::{Error, Result};
use model::ErrorCode;
use redis::Value;
use redis::aio::MultiplexedConnection;
use std::sync::Arc;

/// Keyspaces up to this size may be listed by KEYS.
const FEW_KEYS: u64 = 10_000;

/// Runs one command.
pub(super) async fn run(redis: &Redis, request: ConsoleRequest) -> Result<ConsoleAnswer> {
    let check = Line::check(&request.sql);
    // Nothing here writes, whoever asks.
    require_allowed(&check, false)?;
    if !request.params.is_empty() {
        return Err(Error::permanent(ErrorCode::InvalidValue, "a command of Redis has no placeholders"));
    }
    let line = Line::read(&request.sql)?;
    let limits = request.limits;
    let work = async {
        let mut connection = redis.connect_for(limits.time).await?;
        let (rows, truncated) = ask(redis, &mut connection, &line, limits).await?;
        table(rows, truncated, limits)
    };
    match tokio::time::timeout(limits.time, work).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = format!("the command took longer than {} s", limits.time.as_secs_f64());
            Err(Error::permanent(ErrorCode::StatementTimeout, message).hint("Ask for less, or raise the time limit."))
        }
    }
}

/// An answer as a table: names of columns, and rows of bytes.
struct Rows {
    names: Vec<&'static str>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
}

async fn ask(
    redis: &Redis,
    connection: &mut MultiplexedConnection,
    line: &Line,
    limits: ConsoleLimits,
) -> Result<(Rows, bool)> {
    let mapped = |e| error::mapped(&redis.config, &e);
    let count = |name: &'static str| {
        let mut command = redis::cmd(name);
        if let Some(key) = line.arguments.first().filter(|_| name != "DBSIZE") {
            command.arg(key);
        }
        command
    };
    let mut arguments = line.arguments.clone();
    let mut truncated = false;
    let most = limits.rows.clamp(1, 1_000_000);
    let Some(known) = line.known else { return Err(not_allowed("the command is not known")) };
    match known.answer {
        Answer::Small if line.name == "KEYS" => {
            let keys: u64 = count("DBSIZE").query_async(connection).await.map_err(mapped)?;
            if keys > FEW_KEYS {
                return Err(not_allowed(&format!("KEYS would stop the server while it goes through {keys} keys"))
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
        Answer::Small => {}
        Answer::Whole(length) => {
            let length: u64 = count(length).query_async(connection).await.map_err(mapped)?;
            if length > most || large(connection, line).await? > limits.bytes {
                return walk(redis, connection, line, limits).await.map(|rows| (rows, true));
            }
        }
        Answer::Ranks(length) => {
            if arguments[3..]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(b"BYSCORE") || word.eq_ignore_ascii_case(b"BYLEX"))
            {
                return Err(not_allowed("ranges by score or by text are asked for by ZRANGEBYSCORE with LIMIT"));
            }
            let length: i64 = count(length).query_async(connection).await.map_err(mapped)?;
            let rank = |index: usize| -> Result<i64> {
                let text = String::from_utf8_lossy(&arguments[index]).into_owned();
                let rank: i64 = text
                    .parse()
                    .map_err(|_| Error::permanent(ErrorCode::InvalidValue, format!("`{text}` is no rank")))?;
                Ok(if rank < 0 { rank.saturating_add(length) } else { rank })
            };
            let (first, last) = (rank(1)?.max(0), rank(2)?.min(length - 1));
            let most = i64::try_from(fewer(connection, line, length, most, limits).await?).unwrap_or(i64::MAX);
            if last.saturating_sub(first) >= most {
                truncated = true;
                arguments[1] = first.to_string().into_bytes();
                arguments[2] = (first + most - 1).to_string().into_bytes();
            }
        }
        Answer::Counted => {
            let length: i64 = count("XLEN").query_async(connection).await.map_err(mapped)?;
            let most = fewer(connection, line, length, most, limits).await?;
            let given = option(&arguments, b"COUNT");
            match given.and_then(|at| String::from_utf8_lossy(arguments.get(at + 1)?).parse::<u64>().ok()) {
                Some(wanted) if wanted <= most => {}
                _ => {
                    truncated = u64::try_from(length).is_ok_and(|length| length > most) && most < limits.rows;
                    arguments.truncate(given.unwrap_or(arguments.len()));
                    arguments.extend([b"COUNT".to_vec(), (most + 1).to_string().into_bytes()]);
                }
            }
        }
        Answer::Limited => {
            let length: i64 = count("ZCARD").query_async(connection).await.map_err(mapped)?;
            let most = fewer(connection, line, length, most, limits).await?;
            let given = option(&arguments, b"LIMIT");
            match given.and_then(|at| String::from_utf8_lossy(arguments.get(at + 2)?).parse::<i64>().ok()) {
                Some(wanted) if (0..=most as i64).contains(&wanted) => {}
                Some(_) => return Err(not_allowed(&format!("LIMIT lets more than {most} through"))),
                None => arguments.extend([b"LIMIT".to_vec(), b"0".to_vec(), (most + 1).to_string().into_bytes()]),
            }
        }
        Answer::Page => {
            if let Some(at) = option(&arguments, b"COUNT")
                && String::from_utf8_lossy(arguments.get(at + 1).map_or(&[][..], Vec::as_slice))
                    .parse::<u64>()
                    .is_ok_and(|count| count > 10_000)
            {
                return Err(not_allowed("COUNT beyond 10,000 would stop the server for long"));
            }
        }
    }
    let mut command = redis::cmd(known.name);
    for argument in &arguments {
        command.arg(argument);
    }
    let value: Value = command.query_async(connection).await.map_err(mapped)?;
    Ok((rows(line, value)?, truncated))
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

/// About how many bytes the key takes; 0 where the server does not tell.
async fn large(connection: &mut MultiplexedConnection, line: &Line) -> Result<u64> {
    let mut command = redis::cmd("MEMORY");
    command.arg("USAGE").arg(line.arguments.first()).arg("SAMPLES").arg(20);
    Ok(command.query_async::<Option<u64>>(connection).await.ok().flatten().unwrap_or(0))
}

/// How many elements the limits let through, where each has the average size.
async fn fewer(
    connection: &mut MultiplexedConnection,
    line: &Line,
    length: i64,
    most: u64,
    limits: ConsoleLimits,
) -> Result<u64> {
    let each = large(connection, line).await? / length.max(1).unsigned_abs();
    Ok(limits.bytes.checked_div(each).map_or(most, |fit| most.min(fit.max(1))))
}

/// The first part of a collection that is too large to be answered whole.
async fn walk(
    redis: &Redis,
    connection: &mut MultiplexedConnection,
    line: &Line,
    limits: ConsoleLimits,
) -> Result<Rows> {
    let (command, width, names): (&str, usize, Vec<&'static str>) = match line.name.as_str() {
        "SMEMBERS" => ("SSCAN", 1, vec!["member"]),
        "HKEYS" => ("HSCAN", 2, vec!["field"]),
        "HVALS" => ("HSCAN", 2, vec!["value"]),
        _ => ("HSCAN", 2, vec!["field", "value"]),
    };
    let (mut rows, mut bytes, mut cursor) = (Vec::new(), 0_u64, 0_u64);
    loop {
        let (next, values): (u64, Vec<Vec<u8>>) = redis::cmd(command)
            .arg(line.arguments.first())
            .arg(cursor)
            .arg("COUNT")
            .arg(500)
            .query_async(connection)
            .await
            .map_err(|e| error::mapped(&redis.config, &e))?;
        for pair in values.chunks(width) {
            bytes += pair.iter().map(|value| value.len() as u64).sum::<u64>();
            if rows.len() as u64 >= limits.rows || bytes > limits.bytes {
                return Ok(Rows { names, rows });
            }
            rows.push(match line.name.as_str() {
                "HVALS" => vec![pair.get(1).cloned()],
                "HKEYS" => vec![pair.first().cloned()],
                _ => pair.iter().cloned().map(Some).collect(),
            });
        }
        if next == 0 {
            return Ok(Rows { names, rows });
        }
        cursor = next;
    }
}

/// The answer of a command as rows.
fn rows(line: &Line, value: Value) -> Result<Rows> {
    let scores = line.arguments.iter().any(|word| word.eq_ignore_ascii_case(b"WITHSCORES"));
    let values = || line.arguments.iter().any(|word| word.eq_ignore_ascii_case(b"NOVALUES"));
    let pairs = |names: [&'static str; 2], values: Vec<Value>| Rows {
        names: names.to_vec(),
        rows: values.chunks(2).map(|pair| vec![bytes(&pair[0]), pair.get(1).and_then(bytes)]).collect(),
    };
    let list = |name: &'static str, values: Vec<Value>| Rows {
        names: vec![name],
        rows: values.iter().map(|value| vec![bytes(value)]).collect(),
    };
    Ok(match (line.name.as_str(), value) {
        ("HGETALL", Value::Array(values)) => pairs(["field", "value"], values),
        ("ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE", Value::Array(values)) if scores => {
            pairs(["member", "score"], values)
        }
        ("ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE" | "SMEMBERS", Value::Array(values)) => list("member", values),
        ("HKEYS", Value::Array(values)) => list("field", values),
        ("KEYS", Value::Array(values)) => list("key", values),
        ("HMGET", Value::Array(values)) => Rows {
            names: vec!["field", "value"],
            rows: line.arguments[1..]
                .iter()
                .zip(&values)
                .map(|(name, value)| vec![Some(name.clone()), bytes(value)])
                .collect(),
        },
        ("MGET", Value::Array(values)) => Rows {
            names: vec!["key", "value"],
            rows: line
                .arguments
                .iter()
                .zip(&values)
                .map(|(name, value)| vec![Some(name.clone()), bytes(value)])
                .collect(),
        },
        ("XRANGE" | "XREVRANGE", Value::Array(values)) => Rows {
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
            Rows { names, rows }
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
            Rows { names: vec!["section", "name", "value"], rows }
        }
        (_, Value::Array(values)) => list("value", values),
        (_, value) => list("value", vec![value]),
    })
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

fn table(mut answer: Rows, mut truncated: bool, limits: ConsoleLimits) -> Result<ConsoleAnswer> {
    let mut bytes = 0_u64;
    let fitting = answer.rows.iter().take_while(|row| {
        bytes += row.iter().flatten().map(|value| value.len() as u64).sum::<u64>();
        bytes <= limits.bytes
    });
    let fitting = fitting.count().min(usize::try_from(limits.rows).unwrap_or(usize::MAX));
    truncated |= fitting < answer.rows.len();
    answer.rows.truncate(fitting);
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (index, name) in answer.names.iter().enumerate() {
        let values: Vec<Option<&[u8]>> =
            answer.rows.iter().map(|row| row.get(index).and_then(Option::as_deref)).collect();
        let texts: Option<Vec<Option<&str>>> = values
            .iter()
            .map(|value| value.map_or(Some(None), |value| std::str::from_utf8(value).ok().map(Some)))
            .collect();
        // Redis does not check its texts; bytes that are none are shown as bytes.
        let array: ArrayRef = match texts {
            Some(texts) => Arc::new(StringArray::from(texts)),
            None => Arc::new(BinaryArray::from_opt_vec(values)),
        };
        fields.push(Field::new(*name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let native_types = fields.iter().map(|_| "string".to_owned()).collect();
    let schema = Arc::new(Schema::new(fields));
    let batches = match answer.rows.is_empty() {
        true => Vec::new(),
        false => vec![RecordBatch::try_new(schema.clone(), arrays)?],
    };
    Ok(ConsoleAnswer { schema, native_types, batches, truncated, affected: None })
}
