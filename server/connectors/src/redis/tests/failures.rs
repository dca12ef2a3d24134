//! Wrong settings, wrong keys, a server that is not there, does not answer, or is cut off.

use super::*;
use std::sync::atomic::AtomicUsize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn wrong_settings_are_named() {
    let Some((redis, prefix)) = server("wrong_settings_are_named") else { return };
    let records = quotes(&[(Some("A"), Some(1))]);
    let table = format!("{prefix}:{{symbol}}");
    for (options, code) in [
        (plain("constant", Mode::Upsert, json!({})), ErrorCode::InvalidValue),
        (plain("a:{nothing}", Mode::Upsert, json!({})), ErrorCode::ColumnNotFound),
        (plain("a:{symbol", Mode::Upsert, json!({})), ErrorCode::InvalidValue),
        (plain(&table, Mode::Upsert, json!({ "tll": 1 })), ErrorCode::UnknownKey),
        (plain(&table, Mode::Upsert, json!({ "ttl": 0 })), ErrorCode::InvalidValue),
        (plain(&table, Mode::Upsert, json!({ "ttl_column": "nope" })), ErrorCode::ColumnNotFound),
        (plain(&table, Mode::Upsert, json!({ "structure": "zset" })), ErrorCode::InvalidValue),
        (plain(&table, Mode::Upsert, json!({ "structure": "tree" })), ErrorCode::InvalidValue),
        (plain(&table, Mode::Append, json!({ "structure": "list", "maxlen": 5 })), ErrorCode::InvalidValue),
        (plain(&table, Mode::Upsert, json!({ "structure": "list" })), ErrorCode::Unsupported),
        (plain(&table, Mode::Replace, json!({ "structure": "stream" })), ErrorCode::Unsupported),
        (plain(&table, Mode::Truncate, json!({})), ErrorCode::Unsupported),
        (plain(&table, Mode::InsertIgnore, json!({})), ErrorCode::Unsupported),
    ] {
        assert_eq!(put(&redis, options.clone(), &records).await.unwrap_err().code(), code, "{options:?}");
    }
    for (extra, code) in [
        (json!({ "columns": { "a": "varchar" } }), ErrorCode::InvalidValue),
        (json!({ "columns": { "a": 1 } }), ErrorCode::InvalidValue),
        (json!({ "json": true }), ErrorCode::MissingKey),
        (json!({ "colums": {} }), ErrorCode::UnknownKey),
    ] {
        assert_eq!(read(&redis, &table, extra).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn times_to_live_are_set_by_row_or_for_all() {
    let Some((redis, prefix)) = server("times_to_live_are_set_by_row_or_for_all") else { return };
    let records = quotes(&[(Some("A"), Some(50)), (Some("B"), None), (Some("C"), Some(-1)), (None, Some(1))]);
    for structure in ["hash", "string"] {
        let extra = json!({ "structure": structure, "ttl": 1000, "ttl_column": "price" });
        let options = WriteOptions {
            keep_refused: true,
            ..plain(&format!("{prefix}-{structure}:{{symbol}}"), Mode::Upsert, extra)
        };
        let written = put(&redis, options, &records).await.unwrap();
        assert_eq!(written.refused.iter().map(|row| row.row).collect::<Vec<_>>(), [2, 3]);
        let mut connection = redis.connect().await.unwrap();
        for (symbol, range) in [("A", 1..=50), ("B", 900..=1000), ("C", -2..=-2)] {
            let key = format!("{prefix}-{structure}:{symbol}");
            let ttl: i64 = redis::cmd("TTL").arg(key).query_async(&mut connection).await.unwrap();
            assert!(range.contains(&ttl), "{symbol}: {ttl}");
        }
    }
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn a_key_of_another_structure_is_named_and_nothing_of_the_batch_is_recorded() {
    let Some((redis, prefix)) = server("a_key_of_another_structure_is_named_and_nothing_of_the_batch_is_recorded")
    else {
        return;
    };
    let mut connection = redis.connect().await.unwrap();
    let _: () = redis::cmd("SET").arg(format!("{prefix}:B")).arg("text").query_async(&mut connection).await.unwrap();
    let records = quotes(&[(Some("A"), Some(1)), (Some("B"), Some(2)), (Some("C"), Some(3))]);
    let mut sink = redis.write(records.schema(), options(&prefix, 1)).await.unwrap();
    sink.claim(&Lane::new("bars")).await.unwrap();
    let error = sink.write(&batch(1, records.clone())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert!(error.to_string().contains(&format!("`{prefix}:B` holds a string")), "{error}");
    // The next attempt does not believe that the batch is written.
    let mut sink =
        redis.write(records.schema(), WriteOptions { keep_refused: true, ..options(&prefix, 2) }).await.unwrap();
    assert_eq!(sink.claim(&Lane::new("bars")).await.unwrap(), None);
    let written = sink.write(&batch(1, records)).await.unwrap();
    assert_eq!((written.rows, written.refused[0].row), (2, 1));
    let error = read(&redis, &format!("{prefix}:*"), json!({})).await.unwrap_err();
    assert!(error.to_string().contains("one read reads one structure"), "{error}");
    let (found, _) = read(&redis, &format!("{prefix}:*"), json!({ "structure": "string" })).await.unwrap();
    assert_eq!(shown(&found, &prefix), [":B|text"]);
    clear(&redis, &prefix).await;
}

/// Passes bytes on to a server until so many have gone there, then cuts both sides off.
async fn cutting(server: String, after: Arc<AtomicUsize>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, after) = (server.clone(), after.clone());
            tokio::spawn(async move {
                let upstream = TcpStream::connect(server).await.unwrap();
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = upstream.into_split();
                let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                let mut buffer = vec![0; 4096];
                while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
                    let left = after.load(Ordering::SeqCst);
                    let pass = count.min(left);
                    after.fetch_sub(pass, Ordering::SeqCst);
                    if to_server.write_all(&buffer[..pass]).await.is_err() || pass < count {
                        break;
                    }
                }
                back.abort();
            });
        }
    });
    port
}

#[tokio::test]
async fn a_connection_cut_within_a_pipeline_loses_and_doubles_nothing() {
    let Some((redis, prefix)) = server("a_connection_cut_within_a_pipeline_loses_and_doubles_nothing") else { return };
    let url = address("").unwrap();
    let place = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let after = Arc::new(AtomicUsize::new(usize::MAX));
    let shaky = at("127.0.0.1", cutting(place, after.clone()).await, url.password());
    let numbers: Vec<(Option<&str>, Option<i64>)> = (0..5_000).map(|n| (Some("list"), Some(n))).collect();
    let records = quotes(&numbers);
    let list = |fence| WriteOptions {
        mode: Mode::Append,
        extra: json!({ "structure": "list", "value": "price" }).as_object().cloned().unwrap(),
        ..options(&prefix, fence)
    };
    let mut sink = shaky.write(records.schema(), list(1)).await.unwrap();
    sink.claim(&Lane::new("bars")).await.unwrap();
    sink.write(&batch(1, records.clone())).await.unwrap();
    after.store(20_000, Ordering::SeqCst);
    let error = sink.write(&batch(2, records.clone())).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable, "{error}");
    // The server is well, and the next attempt knows where to go on.
    after.store(usize::MAX, Ordering::SeqCst);
    let mut sink = shaky.write(records.schema(), list(2)).await.unwrap();
    assert_eq!(sink.claim(&Lane::new("bars")).await.unwrap().map(|entry| entry.sequence), Some(1));
    assert!(sink.write(&batch(1, records.clone())).await.unwrap().skipped);
    sink.write(&batch(2, records)).await.unwrap();
    assert_eq!(redis.count(&Relation::Table(format!("{prefix}:list")), None).await.unwrap(), 10_000);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn a_connection_cut_within_an_answer_of_the_console_is_told() {
    let Some((redis, prefix)) = server("a_connection_cut_within_an_answer_of_the_console_is_told") else { return };
    let url = address("").unwrap();
    let place = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
    let after = Arc::new(AtomicUsize::new(usize::MAX));
    let shaky = at("127.0.0.1", cutting(place, after.clone()).await, url.password());
    let mut connection = redis.connect().await.unwrap();
    let mut push = redis::cmd("RPUSH");
    push.arg(format!("{prefix}:l"));
    (0..60_000).for_each(|n| {
        push.arg(n);
    });
    let _: () = push.query_async(&mut connection).await.unwrap();
    let request = data::ConsoleRequest {
        sql: format!("LRANGE {prefix}:l 0 -1"),
        params: Vec::new(),
        write: false,
        limits: data::ConsoleLimits { rows: u64::MAX, ..data::ConsoleLimits::default() },
    };
    let mut stream = shaky.console_rows(request.clone(), data::ConsoleForm::Stream).await.unwrap();
    stream.next().await.unwrap().unwrap();
    after.store(0, Ordering::SeqCst);
    let error = data::ConsoleAnswer::gather(stream).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    after.store(usize::MAX, Ordering::SeqCst);
    let whole =
        data::ConsoleAnswer::gather(shaky.console_rows(request, data::ConsoleForm::Stream).await.unwrap()).await;
    assert_eq!(whole.unwrap().batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 60_000);
    clear(&redis, &prefix).await;
}

#[tokio::test]
async fn a_server_that_is_away_silent_or_refused_is_told() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = at("127.0.0.1", port, Some("canary")).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable && error.to_string().contains(&port.to_string()), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    // It takes the call and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = at("127.0.0.1", port, Some("canary")).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("2 s"), "{error}");
    // An address that the operator does not allow is not even called.
    let config = Config::parse(&json!({ "host": "127.0.0.1", "port": port })).unwrap();
    let gated = Redis::new(config, None, Gate::new(data::AddressRules::default())).unwrap();
    assert_eq!(gated.ping().await.unwrap_err().code(), ErrorCode::AddressRefused);
    let config = Config::parse(&json!({ "host": "169.254.169.254", "tls": true })).unwrap();
    let gated = Redis::new(config, None, Gate::with_private()).unwrap();
    assert_eq!(gated.ping().await.unwrap_err().code(), ErrorCode::AddressRefused);
}

#[tokio::test]
async fn answers_of_a_server_mean_what_they_say() {
    // A server of one answer: what a real one says when it refuses.
    for (answer, code, told) in [
        ("-NOAUTH Authentication required.", ErrorCode::AuthenticationFailed, "credentials"),
        (
            "-WRONGPASS invalid username-password pair or user is disabled.",
            ErrorCode::AuthenticationFailed,
            "credentials",
        ),
        ("-NOPERM this user has no permissions to run the 'ping' command", ErrorCode::PermissionDenied, "permissions"),
        ("-OOM command not allowed when used memory > 'maxmemory'.", ErrorCode::StatementFailed, "memory"),
        ("-READONLY You can't write against a read only replica.", ErrorCode::StatementFailed, "replica"),
        ("-MOVED 3999 127.0.0.1:6381", ErrorCode::Unsupported, "cluster"),
        ("-LOADING Redis is loading the dataset in memory", ErrorCode::StatementFailed, "loading"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = vec![0; 4096];
                    while let Ok(count @ 1..) = client.read(&mut buffer).await {
                        // Every command of a pipeline is an array, and none of them holds an asterisk.
                        for command in String::from_utf8_lossy(&buffer[..count]).split('*').skip(1) {
                            let is_ping = command.to_uppercase().contains("PING");
                            let said = if is_ping { answer } else { "+OK" };
                            client.write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        let error = at("127.0.0.1", port, None).ping().await.unwrap_err();
        assert_eq!(error.code(), code, "{answer}: {error}");
        assert!(error.to_string().to_lowercase().contains(told), "{answer}: {error}");
    }
}
