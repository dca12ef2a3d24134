//! Time and chance. Without the grant `clock` there is no time of day, and what only measures spans sees a clock of its own
//! that moves by a millisecond at every look and jumps over every wait: a runtime starts, and nothing depends on the moment.

use super::io::{self, Pollable};
use crate::capability::clock::ClockDenied;
use crate::state::State;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource};
use wasmtime::{Error, StoreContextMut};

/// At most so many random bytes in one call.
const CHANCE: u64 = 64 << 10;

/// The clock of a plugin that may not know the time, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Virtual(u64);

/// A moment of WASI.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

impl State {
    /// Nanoseconds that only grow.
    fn monotonic_nanos(&mut self) -> u64 {
        if self.grants.clock {
            return u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        }
        self.wasi.time.0 = self.wasi.time.0.saturating_add(1_000_000);
        self.wasi.time.0
    }

    /// How long to wait in truth for a span of the plugin's.
    fn wait(&mut self, nanos: u64) -> Duration {
        if self.grants.clock {
            return Duration::from_nanos(nanos);
        }
        self.wasi.time.0 = self.wasi.time.0.saturating_add(nanos);
        Duration::ZERO
    }
}

pub(super) fn define(linker: &mut LinkerInstance<'_, State>, interface: &str, name: &str) -> wasmtime::Result<bool> {
    match (interface, name) {
        ("clocks/monotonic-clock", "now") => {
            linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (): ()| {
                store.data_mut().host_call()?;
                Ok((store.data_mut().monotonic_nanos(),))
            })?
        }
        ("clocks/monotonic-clock", "resolution") => linker.func_wrap(name, |_, (): ()| Ok((1_000_u64,)))?,
        ("clocks/monotonic-clock", "subscribe-duration") => {
            linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (nanos,): (u64,)| {
                store.data_mut().host_call()?;
                let wait = store.data_mut().wait(nanos);
                timer(store, wait)
            })?;
        }
        ("clocks/monotonic-clock", "subscribe-instant") => {
            linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (until,): (u64,)| {
                store.data_mut().host_call()?;
                let nanos = until.saturating_sub(store.data_mut().monotonic_nanos());
                let wait = store.data_mut().wait(nanos);
                timer(store, wait)
            })?;
        }
        ("clocks/wall-clock", "now") => linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (): ()| {
            store.data_mut().host_call()?;
            if !store.data().grants.clock {
                return Err(Error::new(ClockDenied));
            }
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok((Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() },))
        })?,
        ("clocks/wall-clock", "resolution") => {
            linker.func_wrap(name, |_, (): ()| Ok((Datetime { seconds: 0, nanoseconds: 1_000 },)))?;
        }
        ("random/random", "get-random-bytes") | ("random/insecure", "get-insecure-random-bytes") => {
            linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (length,): (u64,)| {
                store.data_mut().host_call()?;
                if length > CHANCE {
                    return Err(Error::msg(format!(
                        "it asked for {length} random bytes; {CHANCE} are allowed at once"
                    )));
                }
                let mut bytes = vec![0; usize::try_from(length)?];
                aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::msg("no random bytes can be had"))?;
                Ok((bytes,))
            })?;
        }
        ("random/random", "get-random-u64") | ("random/insecure", "get-insecure-random-u64") => {
            linker.func_wrap(name, |mut store: StoreContextMut<'_, State>, (): ()| {
                store.data_mut().host_call()?;
                let mut bytes = [0; 8];
                aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::msg("no random bytes can be had"))?;
                Ok((u64::from_le_bytes(bytes),))
            })?;
        }
        // For the order of hash tables alone; the same in every instance, so that a repeat repeats.
        ("random/insecure-seed", "insecure-seed" | "get-insecure-seed") => {
            linker.func_wrap(name, |_, (): ()| Ok(((0x5eed_u64, 0x1ce_u64),)))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn timer(mut store: StoreContextMut<'_, State>, wait: Duration) -> wasmtime::Result<(Resource<Pollable>,)> {
    Ok((io::after(store.data_mut(), wait)?,))
}
