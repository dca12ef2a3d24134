//! Keys of every structure into a folder and back, with the time they have left.

use super::*;

#[tokio::test]
async fn keys_of_every_structure_come_back_with_the_time_they_had_left() {
    let Some((redis, prefix)) = server("keys_of_every_structure_come_back_with_the_time_they_had_left") else { return };
    let mut connection = redis.connect().await.unwrap();
    let key = |name: &str| format!("{prefix}:{name}");
    let mut pipe = redis::pipe();
    pipe.cmd("HSET").arg(key("h")).arg("a").arg(b"\x00\xff");
    pipe.cmd("SET").arg(key("s")).arg("x".repeat(200_000)).arg("EX").arg(5_000);
    pipe.cmd("SADD").arg(key("m")).arg("a").arg("b");
    pipe.cmd("ZADD").arg(key("z")).arg(0.1).arg("a");
    pipe.cmd("RPUSH").arg(key("l")).arg("a").arg("b");
    pipe.cmd("XADD").arg(key("x")).arg("5-5").arg("f").arg("v");
    for n in 0..1_000 {
        pipe.cmd("SET").arg(key(&format!("n{n}"))).arg(n);
    }
    let _: () = pipe.query_async(&mut connection).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = BackupRequest { folder: folder.path().join("b"), tables: vec![key("*")], native: true };
    let report = redis.backup(&request).await.unwrap();
    assert_eq!((report.method.as_str(), report.tables[0].1), ("connector", Some(1_006)));
    assert!(report.files[0].sha256.len() == 64 && report.files[0].bytes > 1_000);

    let restore = |replace| RestoreRequest { folder: request.folder.clone(), method: "connector".to_owned(), replace };
    let error = redis.restore(&restore(false)).await.unwrap_err();
    assert!(error.code() == ErrorCode::AlreadyExists && error.to_string().contains(&prefix), "{error}");
    let dump = |name: &str| {
        let mut command = redis::cmd("DUMP");
        command.arg(key(name));
        command
    };
    // Not the set: the order of its members within a dump is the server's own and may change by a restore.
    let ordered = ["h", "s", "z", "l", "x", "n7"];
    let mut before: Vec<Vec<u8>> = Vec::new();
    for name in ordered {
        before.push(dump(name).query_async(&mut connection).await.unwrap());
    }
    clear(&redis, &prefix).await;
    redis.restore(&restore(false)).await.unwrap();
    for (name, before) in ordered.iter().zip(before) {
        let after: Vec<u8> = dump(name).query_async(&mut connection).await.unwrap();
        assert_eq!(after, before, "{name}");
    }
    let members: std::collections::BTreeSet<String> =
        redis::cmd("SMEMBERS").arg(key("m")).query_async(&mut connection).await.unwrap();
    assert_eq!(members, ["a".to_owned(), "b".to_owned()].into());
    let ttl: i64 = redis::cmd("TTL").arg(key("s")).query_async(&mut connection).await.unwrap();
    assert!((4_000..=5_000).contains(&ttl), "{ttl}");
    // What was changed since is put back where that is allowed.
    let _: () = redis::cmd("SET").arg(key("h")).arg("other").query_async(&mut connection).await.unwrap();
    redis.restore(&restore(true)).await.unwrap();
    let kind: String = redis::cmd("TYPE").arg(key("h")).query_async(&mut connection).await.unwrap();
    assert_eq!(kind, "hash");
    clear(&redis, &prefix).await;
}
