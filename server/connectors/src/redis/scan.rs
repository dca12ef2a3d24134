//! Keys by SCAN, which blocks nobody: in pieces as they come, each once, or all in order.
//!
//! A server may tell a key twice while it grows or shrinks its table; 16 bytes of each key told are kept to notice. KEYS,
//! which stops a server until it has gone through all keys, is never sent.

use super::template::{Template, escaped};
use super::{Config, error, text};
use data::Result;
use redis::aio::MultiplexedConnection;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::BuildHasher;

/// What a person named: keys of a pattern, of a template, or one key.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) pattern: String,
    pub(super) template: Option<Template>,
    /// The one key, where nothing of the text stands for more.
    pub(super) single: Option<String>,
}

impl Keys {
    /// Reads `quote:*`, `quote:{symbol}` or `quote:AAPL`.
    pub(super) fn read(text: &str) -> Result<Self> {
        if text.contains('{') {
            let template = Template::read(text)?;
            let single = template.is_constant().then(|| template.constant());
            return Ok(Self { pattern: template.pattern(), template: Some(template), single });
        }
        let plain = !text.contains(['*', '?', '[', '\\']);
        let pattern = if plain { escaped(text) } else { text.to_owned() };
        Ok(Self { pattern, template: None, single: plain.then(|| text.to_owned()) })
    }

    /// Whether a key is one of Sluice's own records, which nobody asked for by such a pattern.
    fn hides(&self, key: &[u8]) -> bool {
        key.starts_with(b"_sluice_ledger:") && !self.pattern.starts_with("_sluice_ledger:")
    }
}

/// Notices what was there before, by 128 bits of it.
pub(super) struct Once {
    seen: HashSet<(u64, u64)>,
    hashers: (RandomState, RandomState),
}

impl Once {
    pub(super) fn new() -> Self {
        Self { seen: HashSet::new(), hashers: (RandomState::new(), RandomState::new()) }
    }

    /// Whether this is the first time.
    pub(super) fn first(&mut self, value: &[u8]) -> bool {
        self.seen.insert((self.hashers.0.hash_one(value), self.hashers.1.hash_one(value)))
    }
}

/// A walk through the keys.
pub(super) struct Scan {
    keys: Keys,
    kind: Option<&'static str>,
    cursor: Option<u64>,
    once: Once,
    found: VecDeque<String>,
}

impl Scan {
    /// A walk through the keys, of one kind where it is named.
    pub(super) fn new(keys: &Keys, kind: Option<&'static str>) -> Self {
        Self { keys: keys.clone(), kind, cursor: Some(0), once: Once::new(), found: VecDeque::new() }
    }

    /// At most `count` further keys; none at the end.
    pub(super) async fn next(
        &mut self,
        connection: &mut MultiplexedConnection,
        config: &Config,
        count: usize,
    ) -> Result<Vec<String>> {
        while self.found.len() < count
            && let Some(cursor) = self.cursor
        {
            if let Some(key) = &self.keys.single {
                self.cursor = None;
                let kind: String =
                    redis::cmd("TYPE").arg(key).query_async(connection).await.map_err(|e| error::mapped(config, &e))?;
                if kind != "none" && self.kind.is_none_or(|wanted| wanted == kind) {
                    self.found.push_back(key.clone());
                }
                continue;
            }
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&self.keys.pattern).arg("COUNT").arg(1000);
            if let Some(kind) = self.kind {
                command.arg("TYPE").arg(kind);
            }
            let (next, keys): (u64, Vec<Vec<u8>>) =
                command.query_async(connection).await.map_err(|e| error::mapped(config, &e))?;
            for key in keys {
                if !self.keys.hides(&key) && self.once.first(&key) {
                    let key = text("a key", key)?;
                    // A pattern cannot say all that a template does.
                    if self.keys.template.as_ref().is_none_or(|template| template.captures(&key).is_some()) {
                        self.found.push_back(key);
                    }
                }
            }
            self.cursor = (next != 0).then_some(next);
        }
        let count = self.found.len().min(count);
        Ok(self.found.drain(..count).collect())
    }

    /// Goes through all keys and sorts them; they are then held in memory.
    pub(super) async fn sort(&mut self, connection: &mut MultiplexedConnection, config: &Config) -> Result<()> {
        let mut all = self.next(connection, config, usize::MAX).await?;
        all.sort_unstable();
        self.found = all.into();
        Ok(())
    }
}

/// Keys that begin alike.
#[derive(Debug, Default, Clone)]
pub(super) struct Group {
    /// About how many there are.
    pub(super) keys: u64,
    /// Their structures, each with the share of the sample.
    pub(super) kinds: BTreeMap<String, u64>,
    /// Bytes of those of the sample.
    pub(super) bytes: u64,
    pub(super) sampled: u64,
}

/// A sample of the keyspace.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// By pattern: `quote:*`, or the key itself where it has no colon.
    pub(super) groups: BTreeMap<String, Group>,
    /// The largest keys of the sample, their structure and bytes.
    pub(super) largest: Vec<(String, String, u64)>,
    /// Whether there are more keys than were looked at.
    pub(super) partial: bool,
}

/// Looks at about `most` keys and scales up what it finds; sizes only where they are asked for.
pub(super) async fn sample(
    connection: &mut MultiplexedConnection,
    config: &Config,
    most: usize,
    sizes: bool,
) -> Result<Sample> {
    let mapped = |e| error::mapped(config, &e);
    let total: u64 = redis::cmd("DBSIZE").query_async(connection).await.map_err(mapped)?;
    let (mut cursor, mut seen) = (0_u64, 0_u64);
    let mut sample = Sample::default();
    let mut once = Once::new();
    loop {
        let (next, keys): (u64, Vec<Vec<u8>>) =
            redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(1000).query_async(connection).await.map_err(mapped)?;
        let keys: Vec<Vec<u8>> = keys.into_iter().filter(|key| once.first(key)).collect();
        let mut pipe = redis::pipe();
        for key in &keys {
            pipe.cmd("TYPE").arg(key);
            if sizes {
                pipe.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(5);
            }
        }
        let told: Vec<redis::Value> =
            if keys.is_empty() { Vec::new() } else { pipe.query_async(connection).await.map_err(mapped)? };
        for (key, told) in keys.iter().zip(told.chunks(if sizes { 2 } else { 1 })) {
            seen += 1;
            let kind: String = redis::from_redis_value(told[0].clone()).unwrap_or_default();
            let bytes = told.get(1).and_then(|bytes| redis::from_redis_value::<u64>(bytes.clone()).ok()).unwrap_or(0);
            let key = String::from_utf8_lossy(key).into_owned();
            if key.starts_with("_sluice_ledger:") || kind == "none" {
                continue;
            }
            let pattern = match key.rsplit_once(':') {
                Some((prefix, _)) => format!("{}:*", escaped(prefix)),
                None => escaped(&key),
            };
            let group = sample.groups.entry(pattern).or_default();
            group.sampled += 1;
            group.bytes += bytes;
            *group.kinds.entry(kind.clone()).or_default() += 1;
            if sizes {
                sample.largest.push((key, kind, bytes));
                if sample.largest.len() > 1_000 {
                    keep_largest(&mut sample.largest);
                }
            }
        }
        cursor = next;
        if cursor == 0 || seen >= most as u64 {
            break;
        }
    }
    keep_largest(&mut sample.largest);
    sample.partial = cursor != 0;
    for group in sample.groups.values_mut() {
        let share = if sample.partial { total as f64 / seen.max(1) as f64 } else { 1.0 };
        group.keys = (group.sampled as f64 * share.max(1.0)).round() as u64;
    }
    Ok(sample)
}

fn keep_largest(keys: &mut Vec<(String, String, u64)>) {
    keys.sort_unstable_by(|left, right| right.2.cmp(&left.2).then_with(|| left.0.cmp(&right.0)));
    keys.truncate(10);
}
