//! What the figures were measured on.

use serde_json::{Value, json};
use std::fs;

/// Processor, number of cores, memory and system.
pub(super) fn describe() -> Value {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once([':', '='])?.1.trim().trim_matches('"').to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    json!({
        "processor": field(&read("/proc/cpuinfo"), "model name"),
        "cores": cores,
        "memory": field(&read("/proc/meminfo"), "MemTotal"),
        "system": field(&read("/etc/os-release"), "PRETTY_NAME"),
        "load_before": read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    })
}
