//! The console reads, within its limits, and does nothing else.

use super::*;
use crate::console::{AHEAD, MADE};
use data::console::{ConsoleAnswer, ConsoleForm, ConsoleLimits, Effect};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn request(sql: &str) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
}

fn all(answer: &ConsoleAnswer) -> Vec<String> {
    answer.batches.iter().flat_map(|batch| shown(batch, "")).collect()
}

#[tokio::test]
async fn commands_answer_rows() {
    let Some((redis, prefix)) = server("commands_answer_rows") else { return };
    let mut connection = redis.connect().await.unwrap();
    let mut pipe = redis::pipe();
    pipe.cmd("HSET").arg(format!("{prefix}:h")).arg("a").arg(1).arg("b").arg(b"\xff");
    pipe.cmd("SET").arg(format!("{prefix}:s")).arg("zwölf");
    pipe.cmd("ZADD").arg(format!("{prefix}:z")).arg(1.5).arg("m").arg(2).arg("n");
    pipe.cmd("XADD").arg(format!("{prefix}:x")).arg("1-1").arg("f").arg("v");
    pipe.cmd("RPUSH").arg(format!("{prefix}:l")).arg("x").arg("y").arg("z");
    let _: () = pipe.query_async(&mut connection).await.unwrap();
    for (command, expected) in [
        ("GET {}:s", vec!["zwölf"]),
        ("get '{}:s'", vec!["zwölf"]),
        // One value is no text, so that its column is bytes, shown as hex.
        ("HGETALL {}:h", vec!["a|31", "b|ff"]),
        ("HMGET {}:h a nope", vec!["a|1", "nope|NULL"]),
        ("ZRANGE {}:z 0 -1 WITHSCORES", vec!["m|1.5", "n|2"]),
        ("ZRANGEBYSCORE {}:z 2 +inf", vec!["n"]),
        ("XRANGE {}:x - +", vec!["1-1|{\"f\":\"v\"}"]),
        ("LRANGE {}:l -2 -1", vec!["y", "z"]),
        ("TYPE {}:h", vec!["hash"]),
        ("TTL {}:h", vec!["-1"]),
        ("GET {}:absent", vec!["NULL"]),
        ("EXISTS {}:h {}:s", vec!["2"]),
    ] {
        let command = command.replace("{}", &prefix);
        let answer = redis.console(request(&command)).await.unwrap_or_else(|error| panic!("{command}: {error}"));
        let found = all(&answer);
        assert_eq!(found, expected, "{command}");
    }
    let answer = redis.console(request("INFO server")).await.unwrap();
    assert!(all(&answer).iter().any(|row| row.starts_with("Server|redis_version|")));
    let answer = redis.console(request(&format!("SCAN 0 MATCH {prefix}:* COUNT 10000"))).await.unwrap();
    assert_eq!(answer.schema.field(0).name(), "cursor");
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn nothing_is_written_and_no_limit_is_passed() {
    let Some((redis, prefix)) = server("nothing_is_written_and_no_limit_is_passed") else { return };
    let mut connection = redis.connect().await.unwrap();
    let mut command = redis::cmd("RPUSH");
    command.arg(format!("{prefix}:big"));
    for n in 0..5_000 {
        command.arg(n);
    }
    let _: () = command.query_async(&mut connection).await.unwrap();
    let mut command = redis::cmd("HSET");
    command.arg(format!("{prefix}:hash"));
    for n in 0..5_000 {
        command.arg(n).arg("x".repeat(100));
    }
    let _: () = command.query_async(&mut connection).await.unwrap();
    let _: () = redis::cmd("SET")
        .arg(format!("{prefix}:long"))
        .arg("x".repeat(100_000))
        .query_async(&mut connection)
        .await
        .unwrap();
    for write in [false, true] {
        for command in [
            "SET {} 1",
            "DEL {}:big",
            "EVAL 'return 1' 0",
            "CONFIG GET *",
            "BLPOP {} 0",
            "EXPIRE {}:big 1",
            "XREAD BLOCK 0 STREAMS a $",
        ] {
            let command = command.replace("{}", &prefix);
            let error = redis.console(ConsoleRequest { write, ..request(&command) }).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{command}: {error}");
            assert_eq!(redis.check_statement(&command, true).await.unwrap().effect, Effect::Unknown);
        }
    }
    let limits = ConsoleLimits { rows: 100, bytes: 10_000, time: Duration::from_secs(10) };
    for command in
        ["LRANGE {}:big 0 -1", "HGETALL {}:hash", "HKEYS {}:hash", "HVALS {}:hash", "LRANGE {}:big -5000 1000000000"]
    {
        let command = command.replace("{}", &prefix);
        let answer = redis.console(ConsoleRequest { limits, ..request(&command) }).await.unwrap();
        let found = all(&answer);
        assert!(answer.truncated && !found.is_empty() && found.len() <= 100, "{command}: {}", found.len());
    }
    for command in ["GET {}:long", "MGET {}:long {}:long", "GETRANGE {}:long 0 -1"] {
        let error =
            redis.console(ConsoleRequest { limits, ..request(&command.replace("{}", &prefix)) }).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{command}: {error}");
    }
    let short =
        redis.console(ConsoleRequest { limits, ..request(&format!("GETRANGE {prefix}:long 0 9")) }).await.unwrap();
    assert_eq!(all(&short), ["xxxxxxxxxx"]);
    let error = redis.console(ConsoleRequest { params: vec![json!(1)], ..request("PING") }).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    // A command on a key of another structure is told, and the next one works.
    let error = redis.console(request(&format!("GET {prefix}:big"))).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert_eq!(all(&redis.console(request(&format!("LLEN {prefix}:big"))).await.unwrap()), ["5000"]);
    clear(&redis, &prefix).await;
}

/// All rows of a command's stream, which is never far ahead of whoever takes them.
async fn streamed(redis: &Redis, command: &str, rows: u64) -> (Vec<String>, usize, bool) {
    let limits = ConsoleLimits { rows, ..ConsoleLimits::default() };
    let made = Arc::new(AtomicUsize::new(0));
    let asked = redis.console_rows(ConsoleRequest { limits, ..request(command) }, ConsoleForm::Stream);
    let mut stream = MADE.scope(made.clone(), asked).await.unwrap_or_else(|error| panic!("{command}: {error}"));
    let (mut found, mut taken) = (Vec::new(), 0);
    while let Some(batch) = stream.next().await.unwrap_or_else(|error| panic!("{command}: {error}")) {
        taken += 1;
        assert!(made.load(Ordering::SeqCst) - taken <= AHEAD + 1, "{command}");
        found.extend(shown(&batch, ""));
    }
    (found, taken, stream.end().truncated)
}

#[tokio::test]
async fn a_large_collection_streams_in_parts() {
    let Some((redis, prefix)) = server("a_large_collection_streams_in_parts") else { return };
    let mut connection = redis.connect().await.unwrap();
    let count = 12_345_usize;
    for start in (0..count).step_by(1_000) {
        let mut pipe = redis::pipe();
        for n in start..(start + 1_000).min(count) {
            pipe.cmd("RPUSH").arg(format!("{prefix}:l")).arg(n).ignore();
            pipe.cmd("HSET").arg(format!("{prefix}:h")).arg(format!("f{n}")).arg(n).ignore();
            pipe.cmd("SADD").arg(format!("{prefix}:s")).arg(format!("m{n}")).ignore();
            pipe.cmd("ZADD").arg(format!("{prefix}:z")).arg(n / 10).arg(format!("m{n:05}")).ignore();
            pipe.cmd("XADD").arg(format!("{prefix}:x")).arg(format!("1-{}", n + 1)).arg("n").arg(n).ignore();
        }
        let _: () = pipe.query_async(&mut connection).await.unwrap();
    }
    for (command, last) in [
        ("LRANGE {}:l 0 -1", Some("12344")),
        ("ZRANGE {}:z 0 -1 WITHSCORES", Some("m12344|1234")),
        ("ZREVRANGE {}:z 0 -1", Some("m00000")),
        ("ZRANGEBYSCORE {}:z -inf +inf WITHSCORES", Some("m12344|1234")),
        ("ZRANGEBYSCORE {}:z -inf +inf LIMIT 0 -1", Some("m12344")),
        ("XRANGE {}:x - +", Some("1-12345|{\"n\":\"12344\"}")),
        ("XREVRANGE {}:x + -", Some("1-1|{\"n\":\"0\"}")),
        ("HGETALL {}:h", None),
        ("HVALS {}:h", None),
        ("SMEMBERS {}:s", None),
    ] {
        let command = command.replace("{}", &prefix);
        let (found, parts, truncated) = streamed(&redis, &command, u64::MAX).await;
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), count, "{command}");
        assert!(!truncated && parts > 1 && last.is_none_or(|last| found.last().unwrap() == last), "{command}");
        let (found, _, truncated) = streamed(&redis, &command, 7_000).await;
        assert_eq!((found.len(), truncated), (7_000, true), "{command}");
    }
    for (command, expected) in [
        ("LRANGE {}:l 100 8099", 8_000),
        ("LRANGE {}:l -10 -1", 10),
        ("LRANGE {}:l 5 2", 0),
        ("XRANGE {}:x 1-5 + COUNT 8000", 8_000),
        ("ZRANGEBYSCORE {}:z 0 +inf LIMIT 10 7000", 7_000),
        ("GET {}:absent", 1),
    ] {
        let command = command.replace("{}", &prefix);
        let (found, _, truncated) = streamed(&redis, &command, u64::MAX).await;
        assert_eq!((found.len(), truncated), (expected, false), "{command}");
    }
    // One value that is no text makes its column bytes, from the first part on.
    let _: () = redis::cmd("RPUSH").arg(format!("{prefix}:l")).arg(b"\xff").query_async(&mut connection).await.unwrap();
    let (found, ..) = streamed(&redis, &format!("LRANGE {prefix}:l 0 -1"), u64::MAX).await;
    assert_eq!((found[0].as_str(), found.last().unwrap().as_str()), ("30", "ff"));
    clear(&redis, &prefix).await;
}
