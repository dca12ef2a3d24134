//! What one call of a plugin may use, and the meter that ends it when it uses more.

use std::fmt;
use std::time::Duration;

/// How often the clock of running plugins ticks.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Function pointers that one table may hold.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;

/// Bounds of one plugin instance; those of time, log and calls begin anew with each call.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory, in bytes. Default 256 MiB.
    pub memory: usize,
    /// Time spent computing, within one call. Default 30 s.
    pub compute: Duration,
    /// Time in all, within one call, waiting included. Default 120 s.
    pub time: Duration,
    /// Bytes of log lines, within one call. Default 256 KiB.
    pub log: usize,
    /// Calls of the host, within one call. Default 100,000.
    pub host_calls: u64,
    /// Bytes that one call may hand over. Default 64 MiB.
    pub output: usize,
    /// Bytes of one answer to an HTTP request, and of one plain connection in each direction. Default 1 GiB.
    pub body: u64,
    /// Time until an HTTP answer's head has come, and between two pieces of its body; of a plain connection, for
    /// connecting, for TLS, and for each read and write. Default 30 s.
    pub http: Duration,
    /// Rows that one query of the capability `sql` may give; its bytes are limited by `body`. Default 10,000,000.
    pub sql_rows: u64,
    /// Time of one query of the capability `sql`, until its last row was taken. Default 1 h.
    pub sql_query: Duration,
    /// Time of one statement in a transaction, and of one pipeline of Redis. Default 60 s.
    pub sql_statement: Duration,
    /// Operations of a script, within one call. Default 200,000,000.
    pub operations: u64,
    /// Size of a component at install, in bytes: compiling takes memory in proportion. Default 32 MiB.
    pub component: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            compute: Duration::from_secs(30),
            time: Duration::from_secs(120),
            log: 256 << 10,
            host_calls: 100_000,
            output: 64 << 20,
            body: 1 << 30,
            http: Duration::from_secs(30),
            sql_rows: 10_000_000,
            sql_query: Duration::from_secs(3600),
            sql_statement: Duration::from_secs(60),
            operations: 200_000_000,
            component: 32 << 20,
        }
    }
}

/// A limit that was exceeded; travels through wasmtime's error to the one who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exceeded {
    /// What was exceeded, with its size: `its limit of 256 MiB of memory`.
    pub(crate) what: String,
    /// What to do.
    pub(crate) hint: String,
}

impl Exceeded {
    pub(crate) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exceeded {}", self.what)
    }
}

impl std::error::Error for Exceeded {}

/// Counts what an instance uses.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    memory: usize,
    ticks: u64,
    log: usize,
    host_calls: u64,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, ticks: 0, log: 0, host_calls: 0 }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether more than half of the memory that there may be is taken.
    pub(crate) fn is_half_used(&self) -> bool {
        self.memory > self.limits.memory / 2
    }

    /// A new call begins.
    pub(crate) fn begin(&mut self) {
        self.ticks = 0;
        self.log = 0;
        self.host_calls = 0;
    }

    /// The clock ticked while the plugin computed.
    pub(crate) fn tick(&mut self) -> Result<(), Exceeded> {
        self.ticks += 1;
        if TICK * u32::try_from(self.ticks).unwrap_or(u32::MAX) <= self.limits.compute {
            return Ok(());
        }
        Err(Exceeded::new(
            format!("its limit of {} computing in one call", human_time(self.limits.compute)),
            "Look for an endless loop in the plugin, or raise the limit `compute`.",
        ))
    }

    /// The plugin called the host.
    pub(crate) fn host_call(&mut self) -> Result<(), Exceeded> {
        self.host_calls += 1;
        if self.host_calls <= self.limits.host_calls {
            return Ok(());
        }
        let limit = self.limits.host_calls;
        Err(Exceeded::new(
            format!("its limit of {limit} host calls in one call"),
            "Let the plugin do more in each call of the host, or raise the limit `host_calls`.",
        ))
    }

    /// The plugin logged so many bytes.
    pub(crate) fn logged(&mut self, bytes: usize) -> Result<(), Exceeded> {
        // A line costs something even when it is empty.
        self.log = self.log.saturating_add(bytes).saturating_add(16);
        if self.log <= self.limits.log {
            return Ok(());
        }
        Err(Exceeded::new(
            format!("its limit of {} of log lines in one call", human_size(self.limits.log)),
            "Let the plugin log less, or raise the limit `log`.",
        ))
    }
}

impl wasmtime::ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.limits.memory {
            return Err(wasmtime::Error::new(Exceeded::new(
                format!("its limit of {} of memory", human_size(self.limits.memory)),
                "Let the plugin work in smaller batches, or raise the limit `memory`.",
            )));
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS {
            let what = format!("the limit of {TABLE_ELEMENTS} table elements");
            let hint = "Link the plugin with fewer function pointers.";
            return Err(wasmtime::Error::new(Exceeded::new(what, hint)));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

pub(crate) fn human_size(bytes: usize) -> String {
    if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) {
        format!("{} MiB", bytes >> 20)
    } else if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) {
        format!("{} KiB", bytes >> 10)
    } else {
        format!("{bytes} bytes")
    }
}

pub(crate) fn human_time(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}
