//! Compiling components, and the cache of what was compiled.
//!
//! Compiling is bounded by the component's size and happens on a blocking thread of this process; a child process with
//! limits of its own is the next step. A cached file carries its own digest, so that a torn or foreign one is compiled anew.

use crate::disk;
use crate::library::disk_failed;
use crate::limits::{TABLE_ELEMENTS, TICK};
use crate::manifest::invalid;
use data::Error;
use model::ErrorCode;
use sha2::{Digest, Sha256};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use wasmtime::component::Component;
use wasmtime::{Config, Engine, PoolingAllocationConfig};

const DIGEST: usize = 32;
/// Instances of plugins that may stand at one time.
const INSTANCES: u32 = 2_000;

/// The engine that plugins run in and the cache of compiled components.
pub(crate) struct Compiler {
    engine: Engine,
    cache: PathBuf,
    compatibility: String,
}

impl Compiler {
    pub(crate) fn new(cache: PathBuf) -> Result<Self, Error> {
        // Where addresses are limited (`ulimit -v`, strict accounting of memory) there is no room for places in advance.
        let engine = Engine::new(&roomy()).or_else(|_| Engine::new(&sparing())).map_err(|error| {
            Error::permanent(ErrorCode::Internal, format!("the WebAssembly engine cannot start: {error}"))
        })?;
        std::fs::create_dir_all(&cache).map_err(|error| disk_failed(&cache, &error))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = format!("{:016x}", hasher.finish());
        tick(&engine)?;
        Ok(Self { engine, cache, compatibility })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Compiles a component, or takes what an earlier start compiled. Blocks for as long as that takes.
    pub(crate) fn load(&self, plugin: &str, component: &[u8]) -> Result<Component, Error> {
        if !component.starts_with(b"\0asm") {
            // Text formats and compiled code are never accepted from outside.
            return Err(invalid(format!("`plugin.wasm` of plugin `{plugin}` is not WebAssembly")));
        }
        if component.get(4..8) == Some(&[1, 0, 0, 0]) {
            return Err(invalid(format!("`plugin.wasm` of plugin `{plugin}` is a core module, not a component"))
                .hint("Make a component of it, for example with the crate `wit-component`."));
        }
        // What a component in work brings as its source changes, what is compiled does not.
        let (component, _) = crate::capability::dev::split(component);
        let file = self.cache.join(format!("{}-{}.cwasm", disk::digest(&[component]), self.compatibility));
        if let Some(loaded) = self.load_cached(&file) {
            return Ok(loaded);
        }
        let compiled = Component::new(&self.engine, component).map_err(|error| {
            let why = crate::capability::always::clean(&error.root_cause().to_string(), 300);
            invalid(format!("`plugin.wasm` of plugin `{plugin}` is not a component this server can compile: {why}"))
        })?;
        let store = || -> Result<(), String> {
            let code = compiled.serialize().map_err(|error| error.to_string())?;
            let mut content = Sha256::digest(&code).to_vec();
            content.extend_from_slice(&code);
            disk::replace(&file, &content).map_err(|error| error.to_string())
        };
        if let Err(error) = store() {
            tracing::warn!(plugin.id = plugin, error, "the compiled plugin cannot be kept and will be compiled again");
        }
        Ok(compiled)
    }

    fn load_cached(&self, file: &std::path::Path) -> Option<Component> {
        let content = std::fs::read(file).ok()?;
        let (digest, code) = content.split_at_checked(DIGEST)?;
        if Sha256::digest(code).as_slice() != digest {
            return None;
        }
        deserialize(&self.engine, code)
    }
}

#[allow(unsafe_code, reason = "wasmtime has no safe way to load compiled code")]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: the bytes come from a file of mode 0600 in the server's own data folder that only `load` writes, from
    // `Component::serialize`, and their digest was checked just before. Nothing a user uploads gets here.
    unsafe { Component::deserialize(engine, code) }.ok()
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(1 << 20)
        .async_stack_size(2 << 20)
        .relaxed_simd_deterministic(true)
        .wasm_memory64(false)
        .memory_reservation_for_growth(16 << 20);
    config
}

/// Each memory takes as few addresses as it needs, or a handful of instances would be all that fit.
fn sparing() -> Config {
    let mut config = config();
    config.memory_reservation(1 << 20);
    config
}

/// Places for memories, tables and stacks, laid out once and used again and again: an instance then starts, and a call
/// begins, without asking the kernel for anything. They take addresses (4 GiB for each memory); what an instance wrote is
/// given back or wiped before the next one has its place.
fn roomy() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    // Components of the tools for TypeScript and Python are made of several modules.
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * 4)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * 4)
        .total_stacks(INSTANCES)
        .max_tables_per_module(8)
        .table_elements(TABLE_ELEMENTS)
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);
    let mut config = config();
    config.allocation_strategy(pool);
    config
}

/// Lets the engine's clock tick for as long as the engine lives.
fn tick(engine: &Engine) -> Result<(), Error> {
    let engine = engine.weak();
    let ticker = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let started = std::thread::Builder::new().name("plugin-clock".to_owned()).spawn(ticker);
    started
        .map(|_| ())
        .map_err(|error| Error::permanent(ErrorCode::Internal, format!("the clock of plugins cannot start: {error}")))
}

/// The content of a component's custom section, where it has one of that name at its outermost level.
pub(crate) fn custom_section<'a>(component: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    sections(component).find(|(_, name, _, _)| *name == wanted.as_bytes()).map(|(_, _, content, _)| content)
}

/// Where the custom section of that name begins, and its content, where it is the last of all.
pub(crate) fn last_section<'a>(component: &'a [u8], wanted: &str) -> Option<(usize, &'a [u8])> {
    let (start, _, content, end) = sections(component).find(|(_, name, _, _)| *name == wanted.as_bytes())?;
    (end == component.len()).then_some((start, content))
}

/// Custom sections at the outermost level: where each begins, its name, its content, and where it ends.
fn sections(component: &[u8]) -> impl Iterator<Item = (usize, &[u8], &[u8], usize)> {
    let mut rest = component.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let start = component.len() - rest.len();
            let (&id, after) = rest.split_first()?;
            let (size, after) = read_length(after)?;
            let (body, next) = after.split_at_checked(size)?;
            rest = next;
            if id == 0 {
                let (length, named) = read_length(body)?;
                let (name, content) = named.split_at_checked(length)?;
                return Some((start, name, content, component.len() - rest.len()));
            }
        }
    })
}

/// An unsigned LEB128 number of at most 32 bits.
fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[index + 1..]));
        }
    }
    None
}
