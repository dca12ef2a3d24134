//! Capability `clock`.

use crate::bindings::sluice::plugin::clock;
use crate::state::State;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a plugin without the grant meets; there is no error in these signatures, so the call ends.
#[derive(Debug)]
pub(crate) struct ClockDenied;

impl std::fmt::Display for ClockDenied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("capability `clock` was not granted")
    }
}

impl std::error::Error for ClockDenied {}

impl State {
    fn clock(&mut self) -> wasmtime::Result<()> {
        self.host_call()?;
        if self.grants.clock { Ok(()) } else { Err(wasmtime::Error::new(ClockDenied)) }
    }
}

impl clock::Host for State {
    async fn now(&mut self) -> wasmtime::Result<i64> {
        self.clock()?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    async fn monotonic(&mut self) -> wasmtime::Result<u64> {
        self.clock()?;
        Ok(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    async fn sleep(&mut self, micros: u64) -> wasmtime::Result<()> {
        self.clock()?;
        // The call's own time limit ends a sleep that is too long.
        tokio::time::sleep(Duration::from_micros(micros)).await;
        Ok(())
    }
}
