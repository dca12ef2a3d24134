//! Commands that a plugin sends, against a server.

use super::server;
use data::Connector;
use data::transaction::{Pipeline, PipelineValue};
use model::ErrorCode;
use std::time::Duration;

fn pipeline(lines: &[String], write: bool) -> Pipeline {
    let command = |line: &String| line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    Pipeline { commands: lines.iter().map(command).collect(), write, bytes: 1 << 20, time: Duration::from_secs(10) }
}

fn bytes(text: &str) -> PipelineValue {
    PipelineValue::Bytes(text.as_bytes().to_vec())
}

#[tokio::test]
async fn commands_are_answered_one_by_one_within_their_limits() {
    let Some((redis, prefix)) = server("commands_are_answered_one_by_one_within_their_limits") else { return };
    let lines = |lines: &[&str]| lines.iter().map(|line| line.replace('@', &prefix)).collect::<Vec<_>>();
    let send = async |texts: &[&str], write: bool| redis.pipeline(pipeline(&lines(texts), write)).await;
    let many = |texts: &[&str]| PipelineValue::Many(texts.iter().map(|text| text.as_bytes().to_vec()).collect());

    let answers = send(&["SET @a 1", "INCR @a", "GET @a", "GET @none", "RPUSH @l x y", "LRANGE @l 0 -1"], true).await;
    let expected = [
        bytes("OK"),
        PipelineValue::Number(2),
        bytes("2"),
        PipelineValue::Nil,
        PipelineValue::Number(2),
        many(&["x", "y"]),
    ];
    assert_eq!(answers.unwrap(), expected);
    assert_eq!(send(&["HSET @h f v"], true).await.unwrap(), [PipelineValue::Number(1)]);
    assert_eq!(send(&["HGETALL @h", "TTL @a"], false).await.unwrap(), [many(&["f", "v"]), PipelineValue::Number(-1)]);

    // Nothing of a pipeline is sent where one of its commands is refused.
    let error = send(&["GET @a", "SET @a 9"], false).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{error}");
    let error = send(&["SET @a 9", "FLUSHALL"], true).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{error}");
    assert_eq!(send(&["GET @a"], false).await.unwrap(), [bytes("2")]);

    let error = send(&["HGET @a f"], false).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    let long = format!("SET @long {}", "x".repeat(2 << 20));
    send(&[&long], true).await.unwrap();
    let error = send(&["GET @long"], false).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert_eq!(send(&["GETRANGE @long 0 2"], false).await.unwrap(), [bytes("xxx")]);
    send(&["DEL @a @l @h @long"], true).await.unwrap();
}
