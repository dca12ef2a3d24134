//! How a Redis server is doing, by INFO, SLOWLOG and a sample of its keys.

use super::{Redis, error, scan};
use data::Result;
use data::inspection::{ConnectionLoad, Inspection, SlowStatement, TableSize};
use std::collections::HashMap;

/// Keys that are looked at for groups and sizes.
const SAMPLE: usize = 10_000;

/// Looks at the server.
pub(super) async fn inspect(redis: &Redis) -> Result<Inspection> {
    let mut connection = redis.connect().await?;
    let mapped = |e| error::mapped(&redis.config, &e);
    let mut found = Inspection::default();
    let info: String = redis::cmd("INFO").query_async(&mut connection).await.map_err(mapped)?;
    let info: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
    let number = |name: &str| info.get(name).and_then(|text| text.parse::<f64>().ok());
    found.version = format!("Redis {}", info.get("redis_version").copied().unwrap_or("of unknown version"));
    if let Some(open) = number("connected_clients") {
        let whole = |name: &str| number(name).map(|number| number as u64);
        // Every client that is not asking something waits; Redis answers one at a time.
        let active = 1 + whole("blocked_clients").unwrap_or(0);
        found.connections = Some(ConnectionLoad { open: open as u64, active, limit: whole("maxclients") });
    }
    for (figure, name) in [
        ("used_memory_bytes", "used_memory"),
        ("used_memory_peak_bytes", "used_memory_peak"),
        ("maxmemory_bytes", "maxmemory"),
        ("memory_fragmentation_ratio", "mem_fragmentation_ratio"),
        ("evicted_keys", "evicted_keys"),
        ("expired_keys", "expired_keys"),
        ("rejected_connections", "rejected_connections"),
        ("commands_per_second", "instantaneous_ops_per_sec"),
        ("uptime_seconds", "uptime_in_seconds"),
        ("connected_replicas", "connected_slaves"),
        ("unsaved_changes", "rdb_changes_since_last_save"),
        ("last_save_unix_seconds", "rdb_last_save_time"),
        ("append_only_enabled", "aof_enabled"),
    ] {
        if let Some(number) = number(name) {
            found.figures.push((figure.to_owned(), number));
        }
    }
    if let (Some(hits), Some(misses)) = (number("keyspace_hits"), number("keyspace_misses"))
        && hits + misses > 0.0
    {
        found.figures.push(("cache_hit_ratio".to_owned(), hits / (hits + misses)));
    }
    for (figure, name) in [("last_save_ok", "rdb_last_bgsave_status"), ("last_append_ok", "aof_last_write_status")] {
        if let Some(status) = info.get(name) {
            found.figures.push((figure.to_owned(), f64::from(u8::from(*status == "ok"))));
        }
    }
    for (name, text) in &info {
        // `db0:keys=1,expires=0,avg_ttl=0`
        if name.strip_prefix("db").is_some_and(|number| number.parse::<u32>().is_ok()) {
            for pair in text.split(',') {
                if let Some((word @ ("keys" | "expires"), count)) = pair.split_once('=')
                    && let Ok(count) = count.parse()
                {
                    found.figures.push((format!("{name}_{word}"), count));
                }
            }
        }
    }
    found.figures.sort_by(|left, right| left.0.cmp(&right.0));
    match slow(&mut connection).await {
        Ok(slow) => found.slow_statements = slow,
        Err(error) => found.unavailable.push(format!("slow commands: {}", error::mapped(&redis.config, &error))),
    }
    match scan::sample(&mut connection, &redis.config, SAMPLE, true).await {
        Ok(sample) => {
            for (table, group) in sample.groups {
                let each = group.bytes as f64 / group.sampled.max(1) as f64;
                let data_bytes = Some((each * group.keys as f64) as u64);
                found.tables.push(TableSize { table, rows: Some(group.keys), data_bytes, index_bytes: None });
            }
            found.tables.sort_by_key(|table| std::cmp::Reverse(table.data_bytes));
            found.tables.truncate(100);
            for (key, kind, bytes) in sample.largest {
                found.figures.push((format!("key_bytes:{key} ({kind})"), bytes as f64));
            }
            if sample.partial {
                found.unavailable.push(format!("exact sizes: a sample of about {SAMPLE} keys stands for all"));
            }
        }
        Err(error) => found.unavailable.push(format!("keys and their sizes: {error}")),
    }
    found.unavailable.push("bytes on disk: Redis keeps its data in memory and does not tell".to_owned());
    Ok(found)
}

/// Entries of the slow log, alike commands together.
async fn slow(connection: &mut redis::aio::MultiplexedConnection) -> redis::RedisResult<Vec<SlowStatement>> {
    let entries: Vec<Vec<redis::Value>> = redis::cmd("SLOWLOG").arg("GET").arg(128).query_async(connection).await?;
    let mut found: HashMap<String, (u64, f64)> = HashMap::new();
    for entry in entries {
        let (Some(micros), Some(words)) = (entry.get(2), entry.get(3)) else { continue };
        let micros: u64 = redis::from_redis_value(micros.clone()).unwrap_or(0);
        let words: Vec<Vec<u8>> = redis::from_redis_value(words.clone()).unwrap_or_default();
        // Arguments beyond the key are values, which are nobody's business.
        let mut shown: Vec<String> =
            words.iter().take(2).map(|word| String::from_utf8_lossy(word).chars().take(200).collect()).collect();
        let command = shown.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        if matches!(command.as_str(), "AUTH" | "HELLO" | "ACL" | "CONFIG" | "EVAL" | "EVALSHA" | "MIGRATE") {
            shown.truncate(1);
        }
        if words.len() > shown.len() {
            shown.push("?".to_owned());
        }
        let known = found.entry(shown.join(" ")).or_default();
        known.0 += 1;
        known.1 += micros as f64 / 1_000.0;
    }
    let mut slow: Vec<SlowStatement> = found
        .into_iter()
        .map(|(statement, (calls, total_ms))| SlowStatement {
            statement,
            calls,
            total_ms,
            mean_ms: total_ms / calls as f64,
        })
        .collect();
    slow.sort_by(|left, right| right.total_ms.total_cmp(&left.total_ms));
    slow.truncate(20);
    Ok(slow)
}
