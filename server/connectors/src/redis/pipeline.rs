//! Commands that a plugin sends in one go: those that read, and with `write` those that change keys they name.
//!
//! What is not on a list is not sent: nothing waits, subscribes, runs scripts, changes settings or empties a database. An
//! answer without a bound of its own is asked for its size first, since Redis sends all of it at once.

use super::command::{Answer, KNOWN, Known};
use super::{Redis, error};
use data::transaction::{Pipeline, PipelineValue};
use data::{Error, Result};
use model::ErrorCode;
use redis::Value;

/// Entries that a page or a range may name without being looked at first.
const FEW: i64 = 10_000;

/// Commands that change the keys they name, and nothing else.
const CHANGING: [&str; 66] = [
    "APPEND",
    "BITFIELD",
    "BITOP",
    "COPY",
    "DECR",
    "DECRBY",
    "DEL",
    "EXPIRE",
    "EXPIREAT",
    "GEOADD",
    "GETDEL",
    "GETEX",
    "GETSET",
    "HDEL",
    "HINCRBY",
    "HINCRBYFLOAT",
    "HMSET",
    "HSET",
    "HSETNX",
    "INCR",
    "INCRBY",
    "INCRBYFLOAT",
    "LINSERT",
    "LMOVE",
    "LPOP",
    "LPUSH",
    "LPUSHX",
    "LREM",
    "LSET",
    "LTRIM",
    "MSET",
    "MSETNX",
    "PERSIST",
    "PEXPIRE",
    "PEXPIREAT",
    "PFADD",
    "PFMERGE",
    "PSETEX",
    "PUBLISH",
    "RENAME",
    "RENAMENX",
    "RPOP",
    "RPOPLPUSH",
    "RPUSH",
    "RPUSHX",
    "SADD",
    "SET",
    "SETBIT",
    "SETEX",
    "SETNX",
    "SETRANGE",
    "SMOVE",
    "SPOP",
    "SREM",
    "UNLINK",
    "XACK",
    "XADD",
    "XDEL",
    "XSETID",
    "XTRIM",
    "ZADD",
    "ZINCRBY",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZREM",
    "ZREMRANGEBYSCORE",
];
/// Of those that read, what tells about the server rather than about keys, or would stop it for long.
const NOT_OF_KEYS: [&str; 5] = ["INFO", "KEYS", "LASTSAVE", "SLOWLOG", "XINFO"];

/// Sends them and tells the answers.
pub(super) async fn send(redis: &Redis, pipeline: Pipeline) -> Result<Vec<PipelineValue>> {
    let mut unbounded = Vec::new();
    for command in &pipeline.commands {
        unbounded.extend(judge(command, pipeline.write)?);
    }
    let work = async {
        let mut connection = redis.connect_for(pipeline.time).await?;
        let mapped = |e| error::mapped(&redis.config, &e);
        if !unbounded.is_empty() {
            let mut sizes = redis::pipe();
            for key in &unbounded {
                sizes.cmd("MEMORY").arg("USAGE").arg(*key);
            }
            let sizes: Vec<Option<u64>> = sizes.query_async(&mut connection).await.map_err(mapped)?;
            let bytes: u64 = sizes.into_iter().flatten().fold(0, u64::saturating_add);
            if bytes > pipeline.bytes {
                let message = format!(
                    "the keys asked for take about {bytes} bytes, more than the {} let through",
                    pipeline.bytes
                );
                return Err(Error::permanent(ErrorCode::ValueRefused, message)
                    .hint("Ask for a part: HSCAN or SSCAN, LRANGE with ranks, GETRANGE with places."));
            }
        }
        let mut pipe = redis::pipe();
        for command in &pipeline.commands {
            let mut words = command.iter();
            // Only the name is text.
            let name = words.next().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
            let sent = pipe.cmd(&name);
            for argument in words {
                sent.arg(argument.as_slice());
            }
        }
        let values: Vec<Value> = pipe.query_async(&mut connection).await.map_err(mapped)?;
        Ok(values.into_iter().map(lift).collect())
    };
    tokio::time::timeout(pipeline.time, work).await.unwrap_or_else(|_| {
        let message = format!("the commands took longer than {} s", pipeline.time.as_secs_f64());
        Err(Error::permanent(ErrorCode::StatementTimeout, message).hint("Send fewer at a time."))
    })
}

/// The keys whose size is to be looked at before the command is sent.
fn judge(command: &[Vec<u8>], write: bool) -> Result<Vec<&[u8]>> {
    let name = command.first().map(|name| String::from_utf8_lossy(name).to_ascii_uppercase()).unwrap_or_default();
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let refused = |reason: String| {
        Error::permanent(ErrorCode::StatementNotAllowed, reason)
            .hint("The documentation of the capability `redis` lists the commands that plugins may send.")
    };
    let arguments = command.get(1..).unwrap_or_default();
    if CHANGING.contains(&name.as_str()) {
        if !write {
            return Err(refused(format!("`{shown}` changes something, and the connection was granted for reading")));
        }
        let whole = matches!(name.as_str(), "GETDEL" | "GETEX" | "GETSET");
        let popped = matches!(name.as_str(), "LPOP" | "RPOP" | "SPOP" | "ZPOPMAX" | "ZPOPMIN") && arguments.len() > 1;
        return Ok(if whole || popped { arguments.iter().take(1).map(Vec::as_slice).collect() } else { Vec::new() });
    }
    let Some(known) = KNOWN.iter().find(|known| known.name == name) else {
        return Err(refused(format!("`{shown}` is not among the commands that plugins may send")));
    };
    let word = String::from_utf8_lossy(arguments.first().map_or(&[], Vec::as_slice)).to_ascii_uppercase();
    let is_odd = (name == "MEMORY" && word != "USAGE") || (name == "OBJECT" && word == "HELP");
    if NOT_OF_KEYS.contains(&name.as_str()) || is_odd {
        return Err(refused(format!("`{shown}` is not among the commands that plugins may send")));
    }
    if arguments.len() < known.least {
        let message = format!("`{shown}` needs at least {} arguments", known.least);
        return Err(Error::permanent(ErrorCode::InvalidValue, message));
    }
    Ok(if is_bounded(known, arguments) { Vec::new() } else { keys(known, arguments) })
}

fn keys<'a>(known: &Known, arguments: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
    arguments.iter().take(known.keys).map(Vec::as_slice).collect()
}

/// Whether the command itself says how little it wants.
fn is_bounded(known: &Known, arguments: &[Vec<u8>]) -> bool {
    let number =
        |index: usize| arguments.get(index).and_then(|word| std::str::from_utf8(word).ok()?.parse::<i64>().ok());
    let after = |word: &str, places: usize| {
        let at = arguments.iter().position(|argument| argument.eq_ignore_ascii_case(word.as_bytes()));
        at.and_then(|at| number(at + places))
    };
    let is_few = |count: Option<i64>| count.is_some_and(|count| (0..=FEW).contains(&count));
    match known.answer {
        Answer::Small => true,
        Answer::Page => after("COUNT", 1).is_none_or(|count| (0..=FEW).contains(&count)),
        Answer::Counted => is_few(after("COUNT", 1)),
        Answer::Limited => is_few(after("LIMIT", 2)),
        Answer::Ranks(_) => match (number(1), number(2)) {
            (Some(from), Some(to)) => (from < 0) == (to < 0) && is_few(Some(to.saturating_sub(from).max(0))),
            _ => false,
        },
        Answer::Text if known.name == "GETRANGE" => {
            is_few(number(2).filter(|_| number(1).is_some_and(|from| from >= 0)))
        }
        Answer::Text | Answer::Whole(_) => false,
    }
}

fn lift(value: Value) -> PipelineValue {
    match value {
        Value::Nil => PipelineValue::Nil,
        Value::Int(number) => PipelineValue::Number(number),
        Value::Array(values) | Value::Set(values) => {
            let mut many = Vec::new();
            flatten(values, &mut many);
            PipelineValue::Many(many)
        }
        other => PipelineValue::Bytes(bytes(other)),
    }
}

fn flatten(values: Vec<Value>, many: &mut Vec<Vec<u8>>) {
    for value in values {
        match value {
            Value::Array(values) | Value::Set(values) => flatten(values, many),
            other => many.push(bytes(other)),
        }
    }
}

fn bytes(value: Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes,
        Value::SimpleString(text) => text.into_bytes(),
        Value::Okay => b"OK".to_vec(),
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Double(number) => number.to_string().into_bytes(),
        Value::Boolean(truth) => truth.to_string().into_bytes(),
        // The older protocol, which is spoken here, has no others.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn command(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn commands_that_are_not_listed_or_change_without_leave_are_refused() {
        for line in ["SET a 1", "del a", "XADD s * a 1", "PUBLISH c m", "GETDEL a"] {
            let error = judge(&command(line), false).unwrap_err();
            assert!(error.to_string().contains("granted for reading"), "{line}: {error}");
            assert!(judge(&command(line), true).is_ok(), "{line}");
        }
        for line in [
            "FLUSHALL",
            "EVAL x 0",
            "CONFIG GET *",
            "BLPOP a 0",
            "SUBSCRIBE a",
            "MONITOR",
            "SHUTDOWN",
            "CLIENT LIST",
            "SCRIPT LOAD x",
            "MULTI",
            "EXEC",
            "WATCH a",
            "KEYS *",
            "SAVE",
            "DEBUG SLEEP 9",
            "SELECT 1",
            "AUTH x",
            "QUIT",
            "HELLO 3",
            "MIGRATE a",
            "SORT a STORE b",
            "MEMORY PURGE",
            "WAIT 1 0",
            "FUNCTION LOAD x",
            "",
            "RESTORE a 0 x",
        ] {
            assert!(judge(&command(line), true).is_err(), "{line}");
        }
        assert!(judge(&[], true).is_err());
    }

    #[test]
    fn an_answer_without_a_bound_is_looked_at_first() {
        for (line, keys) in [
            ("GET a", &["a"][..]),
            ("MGET a b", &["a", "b"]),
            ("HGETALL h", &["h"]),
            ("LRANGE l 0 -1", &["l"]),
            ("LRANGE l 0 99", &[]),
            ("XRANGE s - +", &["s"]),
            ("XRANGE s - + COUNT 10", &[]),
            ("HSCAN h 0", &[]),
            ("HSCAN h 0 COUNT 999999", &["h"]),
            ("TTL a", &[]),
        ] {
            let found = command(line);
            let found = judge(&found, false).unwrap();
            assert_eq!(found, keys.iter().map(|key| key.as_bytes()).collect::<Vec<_>>(), "{line}");
        }
    }
}
