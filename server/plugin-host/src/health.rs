//! How plugins fare: what each was asked, how that ended, and its last log lines. It is kept in memory, bounded for each
//! plugin, and forgotten when the server ends; what a run's steps logged is in the run's own log.

use chrono::{DateTime, Utc};
use data::Error;
use model::{ErrorCode, Fault};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing::Level;

/// Lines that are kept of one plugin, of warnings and errors, and as many of the rest: a flood of the one leaves the other.
const LINES_MOST: usize = 300;
/// Bytes of those lines.
const BYTES_MOST: usize = 64 << 10;
/// Bytes of one line, and of its fields.
const LINE_MOST: usize = 2 << 10;

/// How a plugin has fared.
#[derive(Debug, Clone, Default)]
pub struct PluginHealth {
    /// Instances that were made: one for each opened source, sink, transform or translator and each delivery.
    pub instances: u64,
    /// Calls of the plugin's functions.
    pub calls: u64,
    /// Errors that calls ended with, those the plugin itself tells and those below.
    pub failures: u64,
    /// Of these: it crashed, or broke the contract.
    pub traps: u64,
    /// Of these: it exceeded a limit and was ended.
    pub limit_hits: u64,
    /// Time spent in calls, waiting included.
    pub time: Duration,
    /// The last of the failures.
    pub last_failure: Option<PluginFailure>,
}

/// An error that a call ended with.
#[derive(Debug, Clone)]
pub struct PluginFailure {
    /// When.
    pub at: DateTime<Utc>,
    /// What went wrong.
    pub fault: Fault,
}

/// A line that a plugin has logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    /// Its place among the plugin's lines, counted from 1.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// How important.
    pub level: Level,
    /// The idempotency key of the call: it begins with run and step.
    pub call: String,
    /// The line.
    pub message: String,
    /// Named facts: `name=value name=value`.
    pub fields: String,
}

/// What is counted of one plugin.
#[derive(Default)]
pub(crate) struct Health {
    counts: Mutex<PluginHealth>,
    lines: Mutex<Lines>,
}

#[derive(Default)]
struct Lines {
    last: u64,
    grave: Ring,
    other: Ring,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<KeptLine>,
    bytes: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Health {
    /// An instance is made.
    pub(crate) fn opened(&self) {
        lock(&self.counts).instances += 1;
    }

    /// A function of the plugin is called.
    pub(crate) fn called(&self) {
        lock(&self.counts).calls += 1;
    }

    /// So much time was spent in a call.
    pub(crate) fn spent(&self, time: Duration) {
        let mut counts = lock(&self.counts);
        counts.time = counts.time.saturating_add(time);
    }

    /// A call has ended with that error.
    pub(crate) fn failed(&self, error: &Error) {
        let fault = (*error.fault).clone();
        let mut counts = lock(&self.counts);
        counts.failures += 1;
        match fault.code {
            ErrorCode::PluginFailed => counts.traps += 1,
            ErrorCode::PluginLimit => counts.limit_hits += 1,
            _ => {}
        }
        counts.last_failure = Some(PluginFailure { at: Utc::now(), fault });
    }

    /// The plugin has logged a line, clean of control characters.
    pub(crate) fn log(&self, level: Level, call: &str, message: &str, fields: &str) {
        let cut = |text: &str| crate::capability::always::clean(text, LINE_MOST);
        let (call, message, fields) = (cut(call), cut(message), cut(fields));
        let mut lines = lock(&self.lines);
        lines.last += 1;
        let line = KeptLine { number: lines.last, at: Utc::now(), level, call, message, fields };
        let ring = if level <= Level::WARN { &mut lines.grave } else { &mut lines.other };
        ring.push(line);
    }

    pub(crate) fn counts(&self) -> PluginHealth {
        lock(&self.counts).clone()
    }

    /// The last lines of that level or graver, newest first, before the line of that number.
    pub(crate) fn lines(&self, level: Level, before: Option<u64>, most: usize) -> Vec<KeptLine> {
        let lines = lock(&self.lines);
        let kept = lines.grave.lines.iter().chain(&lines.other.lines);
        let wanted = |line: &&KeptLine| line.level <= level && before.is_none_or(|before| line.number < before);
        let mut found: Vec<&KeptLine> = kept.filter(wanted).collect();
        found.sort_unstable_by_key(|line| std::cmp::Reverse(line.number));
        found.into_iter().take(most).cloned().collect()
    }
}

impl Ring {
    fn push(&mut self, line: KeptLine) {
        self.bytes += line.size();
        self.lines.push_back(line);
        while self.lines.len() > LINES_MOST || self.bytes > BYTES_MOST {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.size();
        }
    }
}

impl KeptLine {
    fn size(&self) -> usize {
        size_of::<Self>() + self.call.len() + self.message.len() + self.fields.len()
    }
}

/// The health of all installed plugins, by name.
#[derive(Default)]
pub(crate) struct HealthBook(Mutex<HashMap<String, Arc<Health>>>);

impl HealthBook {
    /// That of an installed plugin, begun where there is none yet.
    pub(crate) fn of(&self, name: &str) -> Arc<Health> {
        lock(&self.0).entry(name.to_owned()).or_default().clone()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Health>> {
        lock(&self.0).get(name).cloned()
    }

    /// The plugin was removed; its instances under way count on for themselves.
    pub(crate) fn forget(&self, name: &str) {
        lock(&self.0).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_a_flood_leaves_the_errors() {
        let health = Health::default();
        health.log(Level::ERROR, "run_1/step", "it broke", "row=3");
        for index in 0..10_000 {
            health.log(Level::DEBUG, "run_1/step", &format!("line {index}"), "");
        }
        let texts = |level, before, most| -> Vec<String> {
            health.lines(level, before, most).into_iter().map(|line| line.message).collect()
        };
        assert_eq!(texts(Level::TRACE, None, 2), ["line 9999", "line 9998"]);
        assert_eq!(texts(Level::WARN, None, 10), ["it broke"]);
        let all = health.lines(Level::TRACE, None, 100_000);
        assert!(all.len() <= LINES_MOST + 1 && all.last().is_some_and(|line| line.number == 1), "{}", all.len());
        assert_eq!(texts(Level::TRACE, Some(all[1].number), 1), ["line 9997"]);
    }

    #[test]
    fn long_lines_are_kept_by_bytes() {
        let health = Health::default();
        for _ in 0..LINES_MOST {
            health.log(Level::INFO, "", &"é".repeat(100_000), "");
        }
        let bytes: usize = health.lines(Level::TRACE, None, usize::MAX).iter().map(KeptLine::size).sum();
        assert!((BYTES_MOST / 2..=BYTES_MOST).contains(&bytes), "{bytes}");
    }

    #[test]
    fn failures_are_told_by_kind() {
        let health = Health::default();
        for code in [ErrorCode::PluginFailed, ErrorCode::PluginLimit, ErrorCode::RemoteFailed] {
            health.failed(&Error::permanent(code, format!("it was {code}")));
        }
        let counts = health.counts();
        assert_eq!((counts.failures, counts.traps, counts.limit_hits), (3, 1, 1));
        assert_eq!(counts.last_failure.map(|last| last.fault.code), Some(ErrorCode::RemoteFailed));
    }
}
