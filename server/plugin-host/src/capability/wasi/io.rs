//! Streams and polling. What a plugin prints becomes lines of its log: `info` from its standard output, `warn` from its
//! standard error, whose last line is also what is told when the plugin gives up: a traceback ends with it.

use super::Nothing;
use crate::state::State;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tracing::Level;
use wasmtime::component::{ComponentType, Lift, LinkerInstance, Lower, Resource, ResourceType};
use wasmtime::{Error, StoreContextMut};

/// Something to wait for; 0 is ready always, other numbers are keys of [`Waits`].
pub(super) struct Pollable;
/// The standard output or the standard error.
struct Output;
/// The standard input, which is at its end.
struct Input;

const OUT: u32 = 1;
const ERR: u32 = 2;
/// Bytes taken in one write.
const WRITE: u64 = 4096;
/// A line that has no end is cut here.
const LINE: usize = 8 << 10;
/// Timers at once.
const TIMERS: usize = 256;

/// What was printed and has no end of line yet.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    out: Vec<u8>,
    err: Vec<u8>,
}

/// Timers under way.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    last: u32,
    until: HashMap<u32, Instant>,
}

/// Why a stream gives no more.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<Nothing>),
    #[component(name = "closed")]
    Closed,
}

type Answer<T> = wasmtime::Result<(Result<T, StreamError>,)>;
type Store<'a> = StoreContextMut<'a, State>;

/// A timer that rings after `wait`.
pub(super) fn after(state: &mut State, wait: Duration) -> wasmtime::Result<Resource<Pollable>> {
    if wait.is_zero() {
        return Ok(Resource::new_own(0));
    }
    let waits = &mut state.wasi.waits;
    if waits.until.len() >= TIMERS {
        return Err(Error::msg(format!("it set more than {TIMERS} timers at once")));
    }
    waits.last = waits.last.wrapping_add(1).max(1);
    let until = Instant::now().checked_add(wait).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
    waits.until.insert(waits.last, until);
    Ok(Resource::new_own(waits.last))
}

pub(super) fn resource(linker: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<()> {
    match name {
        "pollable" => linker.resource(name, ResourceType::host::<Pollable>(), |mut store, timer| {
            store.data_mut().wasi.waits.until.remove(&timer);
            Ok(())
        }),
        "output-stream" => linker.resource(name, ResourceType::host::<Output>(), |_, _| Ok(())),
        _ => linker.resource(name, ResourceType::host::<Input>(), |_, _| Ok(())),
    }
}

/// Defines the function where it is one of these.
pub(super) fn define(linker: &mut LinkerInstance<'_, State>, interface: &str, name: &str) -> wasmtime::Result<bool> {
    match (interface, name) {
        ("cli/stdin", "get-stdin") => linker.func_wrap(name, |_, (): ()| Ok((Resource::<Input>::new_own(0),)))?,
        ("cli/stdout", "get-stdout") => linker.func_wrap(name, |_, (): ()| Ok((Resource::<Output>::new_own(OUT),)))?,
        ("cli/stderr", "get-stderr") => linker.func_wrap(name, |_, (): ()| Ok((Resource::<Output>::new_own(ERR),)))?,
        ("io/poll", "poll") => {
            linker.func_wrap_async(name, |mut store: Store<'_>, (list,): (Vec<Resource<Pollable>>,)| {
                Box::new(async move {
                    store.data_mut().host_call()?;
                    let wait = soonest(store.data(), &list)?;
                    // The call's own time limit ends a wait that is too long.
                    tokio::time::sleep(wait).await;
                    Ok((ready(store.data(), &list),))
                })
            })?
        }
        ("io/poll", "[method]pollable.block") => {
            linker.func_wrap_async(name, |mut store: Store<'_>, (it,): (Resource<Pollable>,)| {
                Box::new(async move {
                    store.data_mut().host_call()?;
                    let wait = left(store.data(), &it);
                    tokio::time::sleep(wait).await;
                    Ok(())
                })
            })?;
        }
        ("io/poll", "[method]pollable.ready") => {
            linker.func_wrap(name, |store: Store<'_>, (it,): (Resource<Pollable>,)| {
                Ok((left(store.data(), &it).is_zero(),))
            })?;
        }
        ("io/streams", method) => return stream(linker, method),
        _ => return Ok(false),
    }
    Ok(true)
}

fn stream(linker: &mut LinkerInstance<'_, State>, name: &str) -> wasmtime::Result<bool> {
    match name {
        "[method]input-stream.read" | "[method]input-stream.blocking-read" => {
            linker.func_wrap(name, |_, _: (Resource<Input>, u64)| -> Answer<Vec<u8>> {
                Ok((Err(StreamError::Closed),))
            })?;
        }
        "[method]input-stream.skip" | "[method]input-stream.blocking-skip" => {
            linker
                .func_wrap(name, |_, _: (Resource<Input>, u64)| -> Answer<u64> { Ok((Err(StreamError::Closed),)) })?;
        }
        "[method]input-stream.subscribe" => {
            linker.func_wrap(name, |_, _: (Resource<Input>,)| Ok((Resource::<Pollable>::new_own(0),)))?;
        }
        "[method]output-stream.subscribe" => {
            linker.func_wrap(name, |_, _: (Resource<Output>,)| Ok((Resource::<Pollable>::new_own(0),)))?;
        }
        "[method]output-stream.check-write" => {
            linker.func_wrap(name, |_, _: (Resource<Output>,)| -> Answer<u64> { Ok((Ok(WRITE),)) })?;
        }
        "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" => {
            linker.func_wrap(
                name,
                |mut store: Store<'_>, (stream, bytes): (Resource<Output>, Vec<u8>)| -> Answer<()> {
                    store.data_mut().host_call()?;
                    print(store.data_mut(), stream.rep(), &bytes)?;
                    Ok((Ok(()),))
                },
            )?;
        }
        "[method]output-stream.flush" | "[method]output-stream.blocking-flush" => {
            linker.func_wrap(name, |_, _: (Resource<Output>,)| -> Answer<()> { Ok((Ok(()),)) })?;
        }
        "[method]output-stream.write-zeroes" | "[method]output-stream.blocking-write-zeroes-and-flush" => {
            linker
                .func_wrap(name, |_, _: (Resource<Output>, u64)| -> Answer<()> { Ok((Err(StreamError::Closed),)) })?;
        }
        "[method]output-stream.splice" | "[method]output-stream.blocking-splice" => {
            linker.func_wrap(name, |_, _: (Resource<Output>, Resource<Input>, u64)| -> Answer<u64> {
                Ok((Err(StreamError::Closed),))
            })?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// How long until the first is ready.
fn soonest(state: &State, list: &[Resource<Pollable>]) -> wasmtime::Result<Duration> {
    let soonest = list.iter().map(|it| left(state, it)).min();
    soonest.ok_or_else(|| Error::msg("it waited for nothing at all"))
}

/// Which are ready, by their places in the list.
fn ready(state: &State, list: &[Resource<Pollable>]) -> Vec<u32> {
    let ready = list.iter().enumerate().filter(|(_, it)| left(state, it).is_zero());
    ready.filter_map(|(index, _)| u32::try_from(index).ok()).collect()
}

fn left(state: &State, it: &Resource<Pollable>) -> Duration {
    let until = state.wasi.waits.until.get(&it.rep());
    until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
}

/// Takes what was printed; every whole line goes to the log.
fn print(state: &mut State, stream: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let pending = |state: &mut State| match stream {
        ERR => std::mem::take(&mut state.wasi.printed.err),
        _ => std::mem::take(&mut state.wasi.printed.out),
    };
    let mut text = pending(state);
    text.extend_from_slice(bytes);
    let mut rest = text.as_slice();
    while let Some(end) =
        rest.iter().position(|byte| *byte == b'\n').map(|end| end + 1).or((rest.len() > LINE).then_some(LINE))
    {
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        rest = &rest[end..];
        if line.is_empty() {
            continue;
        }
        let level = if stream == ERR { Level::WARN } else { Level::INFO };
        if stream == ERR {
            state.last_error = Some(crate::capability::always::clean(&line, LINE));
        }
        state.log_line(level, &line, Vec::new())?;
    }
    let rest = rest.to_vec();
    match stream {
        ERR => state.wasi.printed.err = rest,
        _ => state.wasi.printed.out = rest,
    }
    Ok(())
}
