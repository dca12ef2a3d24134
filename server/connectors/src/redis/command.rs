//! The commands of the console: which only read, where their keys stand, and how large an answer they may give.

use data::console::{Effect, StatementCheck};
use model::{ErrorCode, Fault};

/// Longest line that is looked at.
const MOST_BYTES: usize = 1 << 20;

/// What bounds the answer of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// One value, or a few.
    Small,
    /// The string under the key, whole.
    Text,
    /// Everything under the key: the command that counts it.
    Whole(&'static str),
    /// Ranks from the second to the third argument; the command that counts all.
    Ranks(&'static str),
    /// As many as `COUNT` says, and all without.
    Counted,
    /// As many as `LIMIT` says, and all without.
    Limited,
    /// A page of a walk.
    Page,
}

/// A command that only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// Arguments at least.
    pub(super) least: usize,
    /// How many of the first arguments are keys; `usize::MAX`: all.
    pub(super) keys: usize,
    pub(super) answer: Answer,
}

const fn known(name: &'static str, least: usize, keys: usize, answer: Answer) -> Known {
    Known { name, least, keys, answer }
}

/// All that the console runs. Nothing of it writes, waits, runs scripts or changes settings.
pub(super) const KNOWN: [Known; 52] = [
    known("BITCOUNT", 1, 1, Answer::Small),
    known("DBSIZE", 0, 0, Answer::Small),
    known("ECHO", 1, 0, Answer::Small),
    known("EXISTS", 1, usize::MAX, Answer::Small),
    known("EXPIRETIME", 1, 1, Answer::Small),
    known("GET", 1, 1, Answer::Text),
    known("GETBIT", 2, 1, Answer::Small),
    known("GETRANGE", 3, 1, Answer::Text),
    known("HEXISTS", 2, 1, Answer::Small),
    known("HGET", 2, 1, Answer::Text),
    known("HGETALL", 1, 1, Answer::Whole("HLEN")),
    known("HKEYS", 1, 1, Answer::Whole("HLEN")),
    known("HLEN", 1, 1, Answer::Small),
    known("HMGET", 2, 1, Answer::Text),
    known("HSCAN", 2, 1, Answer::Page),
    known("HSTRLEN", 2, 1, Answer::Small),
    known("HVALS", 1, 1, Answer::Whole("HLEN")),
    known("INFO", 0, 0, Answer::Small),
    known("KEYS", 1, 0, Answer::Small),
    known("LASTSAVE", 0, 0, Answer::Small),
    known("LINDEX", 2, 1, Answer::Small),
    known("LLEN", 1, 1, Answer::Small),
    known("LPOS", 2, 1, Answer::Small),
    known("LRANGE", 3, 1, Answer::Ranks("LLEN")),
    known("MEMORY", 2, 0, Answer::Small),
    known("MGET", 1, usize::MAX, Answer::Text),
    known("OBJECT", 2, 0, Answer::Small),
    known("PEXPIRETIME", 1, 1, Answer::Small),
    known("PING", 0, 0, Answer::Small),
    known("PTTL", 1, 1, Answer::Small),
    known("SCAN", 1, 0, Answer::Page),
    known("SCARD", 1, 1, Answer::Small),
    known("SISMEMBER", 2, 1, Answer::Small),
    known("SLOWLOG", 1, 0, Answer::Small),
    known("SMEMBERS", 1, 1, Answer::Whole("SCARD")),
    known("SMISMEMBER", 2, 1, Answer::Small),
    known("SSCAN", 2, 1, Answer::Page),
    known("STRLEN", 1, 1, Answer::Small),
    known("TIME", 0, 0, Answer::Small),
    known("TTL", 1, 1, Answer::Small),
    known("TYPE", 1, 1, Answer::Small),
    known("XINFO", 2, 0, Answer::Small),
    known("XLEN", 1, 1, Answer::Small),
    known("XRANGE", 3, 1, Answer::Counted),
    known("XREVRANGE", 3, 1, Answer::Counted),
    known("ZCARD", 1, 1, Answer::Small),
    known("ZCOUNT", 3, 1, Answer::Small),
    known("ZRANGE", 3, 1, Answer::Ranks("ZCARD")),
    known("ZRANGEBYSCORE", 3, 1, Answer::Limited),
    known("ZRANK", 2, 1, Answer::Small),
    known("ZREVRANGE", 3, 1, Answer::Ranks("ZCARD")),
    known("ZSCORE", 2, 1, Answer::Small),
];

/// The words after a command that reads only with some of them.
const SUBCOMMANDS: [(&str, &[&str]); 4] = [
    ("MEMORY", &["USAGE", "STATS"]),
    ("OBJECT", &["ENCODING", "FREQ", "IDLETIME", "REFCOUNT"]),
    ("SLOWLOG", &["GET", "LEN"]),
    ("XINFO", &["STREAM", "GROUPS", "CONSUMERS"]),
];

/// A command read from its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) arguments: Vec<Vec<u8>>,
    pub(super) known: Option<Known>,
}

impl Line {
    /// Reads a line as `redis-cli` does: words parted by spaces, `"…"` with escapes, `'…'` without.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let wrong = |why: &str, at: usize| {
            let before = &text[..at.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let (line, column) = (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX));
            Fault::new(ErrorCode::InvalidSql, format!("the command {why}")).at(line, column)
        };
        if text.len() > MOST_BYTES {
            return Err(wrong("is longer than 1 MiB", 0));
        }
        let mut words = words(text).map_err(|(why, at)| wrong(why, at))?.into_iter();
        let Some(name) = words.next() else { return Err(wrong("is empty", 0)) };
        let name = String::from_utf8_lossy(&name).to_ascii_uppercase();
        let known = KNOWN.iter().find(|known| known.name == name).copied();
        Ok(Self { name, arguments: words.collect(), known })
    }

    /// Why the console does not run it.
    pub(super) fn refusal(&self) -> Option<String> {
        let name = &self.name;
        if self.known.is_none() {
            return Some(format!("`{name}` is not among the commands that only read"));
        }
        let first = self.word(0);
        if let Some((_, allowed)) = SUBCOMMANDS.iter().find(|(command, _)| command == name)
            && !allowed.contains(&first.as_str())
        {
            return Some(format!("`{name} {first}` is not among the commands that only read"));
        }
        let full = name == "XINFO" && self.word(2) == "FULL";
        if full || (matches!(name.as_str(), "MEMORY" | "OBJECT") && self.arguments.len() > 2) {
            return Some(format!("`{name} {first}` takes one key here and nothing more"));
        }
        None
    }

    /// What it lacks.
    fn fault(&self) -> Option<Fault> {
        let least = self.known?.least;
        (self.arguments.len() < least).then(|| {
            let plural = if least == 1 { "" } else { "s" };
            let message = format!("`{}` needs at least {least} argument{plural}", self.name);
            Fault::new(ErrorCode::InvalidSql, message).hint("Write the command as in `redis-cli`: `GET key`.")
        })
    }

    /// An argument as an uppercase word.
    pub(super) fn word(&self, index: usize) -> String {
        self.arguments.get(index).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).unwrap_or_default()
    }

    /// The keys it names.
    pub(super) fn keys(&self) -> Vec<String> {
        let count = self.known.map_or(0, |known| known.keys).min(self.arguments.len());
        let mut keys: Vec<&Vec<u8>> = self.arguments[..count].iter().collect();
        if matches!(self.name.as_str(), "MEMORY" | "OBJECT" | "XINFO") {
            keys.extend(self.arguments.get(1));
        }
        keys.into_iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    /// What can be said of it without running it.
    pub(super) fn check(text: &str) -> StatementCheck {
        let mut check = StatementCheck {
            effect: Effect::Unknown,
            tables: Vec::new(),
            columns: Vec::new(),
            refusal: None,
            fault: None,
            estimate: None,
        };
        match Self::read(text) {
            Ok(line) => {
                check.refusal = line.refusal();
                check.fault = line.fault().filter(|_| check.refusal.is_none());
                let is_read = check.refusal.is_none() && check.fault.is_none();
                check.effect = if is_read { Effect::Read } else { Effect::Unknown };
                check.tables = line.keys();
            }
            Err(fault) => check.fault = Some(fault),
        }
        check
    }
}

fn words(text: &str) -> Result<Vec<Vec<u8>>, (&'static str, usize)> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let mut word = Vec::new();
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at += 1;
                loop {
                    match bytes.get(at) {
                        None => return Err(("has a quote that is not closed", start)),
                        Some(byte) if *byte == quote => break,
                        Some(b'\\') if quote == b'"' => {
                            at += 1;
                            let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
                            match (bytes.get(at), hex) {
                                (Some(b'x'), Some(byte)) => {
                                    word.push(byte);
                                    at += 2;
                                }
                                (Some(b'n'), _) => word.push(b'\n'),
                                (Some(b'r'), _) => word.push(b'\r'),
                                (Some(b't'), _) => word.push(b'\t'),
                                (Some(byte), _) => word.push(*byte),
                                (None, _) => return Err(("has a quote that is not closed", start)),
                            }
                        }
                        Some(b'\\') if bytes.get(at + 1) == Some(&b'\'') => {
                            at += 1;
                            word.push(b'\'');
                        }
                        Some(byte) => word.push(*byte),
                    }
                    at += 1;
                }
                at += 1;
                if bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
                    return Err(("goes on after a closing quote without a space", at));
                }
            }
            _ => {
                while bytes.get(at).is_some_and(|byte| !byte.is_ascii_whitespace()) {
                    word.push(bytes[at]);
                    at += 1;
                }
            }
        }
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commands_that_do_more_than_read_are_refused() {
        for line in [
            "SET a 1",
            "DEL a",
            "FLUSHALL",
            "EVAL 'return 1' 0",
            "EVAL_RO 'return 1' 0",
            "FCALL f 0",
            "CONFIG GET *",
            "DEBUG SLEEP 10",
            "BLPOP a 0",
            "XREAD BLOCK 0 STREAMS a $",
            "SUBSCRIBE a",
            "MONITOR",
            "SHUTDOWN",
            "CLIENT KILL 1",
            "ACL LIST",
            "SCRIPT LOAD x",
            "GETDEL a",
            "GETEX a EX 1",
            "SORT a STORE b",
            "SORT_RO a",
            "MULTI",
            "WATCH a",
            "REPLICAOF a 1",
            "SAVE",
            "BGSAVE",
            "OBJECT FREEZE a",
            "MEMORY PURGE",
            "SLOWLOG RESET",
            "XINFO HELP",
            "LATENCY RESET",
            "WAIT 1 0",
            "DUMP a",
            "MIGRATE a",
            "SINTERSTORE a b",
            "ZRANGESTORE a b 0 -1",
            "XREADGROUP GROUP a b",
            "HELLO 3",
            "AUTH x",
            "SELECT 1",
            "QUIT",
        ] {
            assert!(Line::read(line).unwrap().refusal().is_some(), "{line}");
            assert_eq!(Line::check(line).effect, Effect::Unknown, "{line}");
        }
        for line in ["get a", "HGETALL a", "scan 0 match 'a b' count 10", "Memory usage a", "SLOWLOG GET 5", "PING"] {
            assert_eq!(Line::read(line).unwrap().refusal(), None, "{line}");
        }
        for (line, told) in
            [("KEYS", "at least 1 argument"), ("get", "at least 1 argument"), ("HGET a", "at least 2 arguments")]
        {
            let check = Line::check(line);
            let fault = check.fault.unwrap();
            assert!(fault.code == ErrorCode::InvalidSql && fault.message.ends_with(told), "{line}: {fault}");
            assert_eq!((check.refusal, check.effect), (None, Effect::Unknown), "{line}");
        }
    }

    #[test]
    fn a_line_is_read_as_the_shell_of_redis_does() {
        let line = Line::read(r#"HMGET "a \"b\"\x00\n" 'it\'s' c"#).unwrap();
        assert_eq!(line.arguments, [b"a \"b\"\0\n".to_vec(), b"it's".to_vec(), b"c".to_vec()]);
        assert_eq!(Line::read("GET\n  'x").unwrap_err().line, Some(2));
        assert!(Line::read("  ").is_err() && Line::read("GET \"a\"b").is_err());
        assert_eq!(Line::check("EXISTS a b").tables, ["a", "b"]);
    }
}
