//! Capability `kv`: one file for each key, in a folder for each plugin.

use super::{denied, refuse};
use crate::bindings::sluice::plugin::kv;
use crate::bindings::sluice::plugin::types::{Error, ErrorKind};
use crate::disk;
use crate::state::State;
use std::path::PathBuf;
use std::sync::Mutex;

const KEY: usize = 256;
const VALUE: usize = 64 << 10;
const TOTAL: u64 = 16 << 20;

/// The durable memory of one plugin.
#[derive(Debug)]
pub(crate) struct Kv {
    folder: PathBuf,
    /// One writer at a time, so that the total is counted right.
    writing: Mutex<()>,
}

impl Kv {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()) }
    }

    /// Keys are the plugin's own words, so their digest names the file.
    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(disk::digest(&[key.as_bytes()]))
    }

    fn get(&self, key: &str) -> std::io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.file(key)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether there was room for it.
    fn set(&self, key: &str, value: &[u8]) -> std::io::Result<bool> {
        let _guard = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::fs::create_dir_all(&self.folder)?;
        let file = self.file(key);
        let mut total = value.len() as u64;
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path() != file {
                // A small file costs the disk a block, so it counts as one.
                total += entry.metadata()?.len().max(512);
            }
        }
        if total > TOTAL {
            return Ok(false);
        }
        disk::replace(&file, value)?;
        Ok(true)
    }

    fn delete(&self, key: &str) -> std::io::Result<()> {
        let _guard = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match std::fs::remove_file(self.file(key)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl State {
    fn kv(&mut self, key: &str) -> wasmtime::Result<Result<std::sync::Arc<Kv>, Error>> {
        self.host_call()?;
        if !self.grants.kv {
            return Ok(Err(denied(&self.plugin, "capability `kv`")));
        }
        if key.len() > KEY {
            return Ok(Err(refuse(ErrorKind::Permanent, format!("a key of `kv` has at most {KEY} bytes"))));
        }
        Ok(Ok(self.kv.clone()))
    }
}

/// Runs file access where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Error> {
    let failed =
        |error: String| refuse(ErrorKind::Transient, format!("the plugin's memory cannot be reached: {error}"));
    match meter::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|error| failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

impl kv::Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        match self.kv(&key)? {
            Ok(kv) => Ok(blocking(move || kv.get(&key)).await),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        let kv = match self.kv(&key)? {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        if value.len() > VALUE {
            return Ok(Err(refuse(ErrorKind::Permanent, format!("a value of `kv` has at most {VALUE} bytes"))));
        }
        let full = || refuse(ErrorKind::Permanent, format!("the plugin's memory is full: it holds {TOTAL} bytes"));
        Ok(blocking(move || kv.set(&key, &value)).await.and_then(|fits| if fits { Ok(()) } else { Err(full()) }))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        match self.kv(&key)? {
            Ok(kv) => Ok(blocking(move || kv.delete(&key)).await),
            Err(error) => Ok(Err(error)),
        }
    }
}
