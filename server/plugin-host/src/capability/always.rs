//! What every plugin may do: log, read its settings, tell its progress.

use crate::bindings::sluice::plugin::{config, log, progress};
use crate::state::{PluginLine, State};

/// A longer line is cut.
const LINE: usize = 8 << 10;

impl log::Host for State {
    async fn write(
        &mut self,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.host_call()?;
        let level = match level {
            log::Level::Trace => tracing::Level::TRACE,
            log::Level::Debug => tracing::Level::DEBUG,
            log::Level::Info => tracing::Level::INFO,
            log::Level::Warn => tracing::Level::WARN,
            log::Level::Error => tracing::Level::ERROR,
        };
        self.log_line(level, &message, fields)?;
        if level == tracing::Level::ERROR {
            self.last_error = Some(clean(&message, LINE));
        }
        Ok(())
    }
}

impl State {
    /// Writes one line of the plugin's log, within its limit.
    pub(crate) fn log_line(
        &mut self,
        level: tracing::Level,
        message: &str,
        mut fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.meter.logged(message.len() + bytes)?;
        let message = clean(message, LINE);
        fields.truncate(32);
        for (name, value) in &mut fields {
            *name = clean(name, 256);
            *value = clean(value, LINE);
        }
        let (plugin, key) = (self.plugin.clone(), self.key.as_str());
        let shown = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        // A plugin's error is not the server's: the server's own log keeps it at `debug`, the sink has the real level.
        tracing::debug!(plugin.id = %plugin, call.key = key, plugin.level = %level, fields = shown, "{message}");
        self.health.log(level, key, &message, &shown);
        if let Some(sink) = &self.log {
            sink(&PluginLine { plugin: &plugin, key, level, message: &message, fields: &fields });
        }
        Ok(())
    }
}

impl config::Host for State {
    async fn settings(&mut self) -> wasmtime::Result<String> {
        self.host_call()?;
        Ok(self.settings.clone())
    }
}

impl progress::Host for State {
    async fn report(&mut self, done: u64, total: Option<u64>, unit: String) -> wasmtime::Result<()> {
        self.host_call()?;
        let unit = clean(&unit, 64);
        tracing::debug!(plugin.id = %self.plugin, call.key = self.key, done, total, unit, "progress");
        Ok(())
    }
}

/// Without control characters, and at most `limit` bytes long.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(limit));
    for character in text.chars() {
        if clean.len() + character.len_utf8() > limit {
            clean.push('…');
            break;
        }
        clean.push(if character.is_control() && character != '\t' { ' ' } else { character });
    }
    clean
}
