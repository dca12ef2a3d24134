//! The installed plugins on disk: every version by its digest, which one is current, and what it was granted.
//!
//! `plugins/<name>/<digest>/{plugin.toml,plugin.wasm}` never changes once it is there; `plugins/<name>/current.json`
//! names the digest in use and the grants, and is replaced whole, so that a broken install leaves the old version running.

use crate::disk;
use crate::grants::Grants;
use crate::manifest::{Manifest, invalid};
use data::Error;
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which version of a plugin is in use, and what it may reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Current {
    pub(crate) digest: String,
    pub(crate) grants: Grants,
}

/// A plugin as it lies on disk.
pub(crate) struct Installed {
    pub(crate) manifest: Manifest,
    pub(crate) current: Current,
    pub(crate) component: PathBuf,
}

/// The folder of installed plugins.
pub(crate) struct Library {
    folder: PathBuf,
}

impl Library {
    pub(crate) fn open(folder: PathBuf) -> Result<Self, Error> {
        std::fs::create_dir_all(&folder).map_err(|error| disk_failed(&folder, &error))?;
        Ok(Self { folder })
    }

    /// Puts a version in place; the one in use stays in use.
    pub(crate) fn add(&self, name: &str, manifest: &str, component: &[u8]) -> Result<String, Error> {
        let digest = disk::digest(&[manifest.as_bytes(), component]);
        let folder = self.folder.join(name).join(&digest);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&folder)?;
            disk::replace(&folder.join("plugin.toml"), manifest.as_bytes())?;
            disk::replace(&folder.join("plugin.wasm"), component)?;
            disk::sync_folder(&folder)
        };
        write().map_err(|error| disk_failed(&folder, &error))?;
        Ok(digest)
    }

    /// Makes a version the one in use.
    pub(crate) fn set_current(&self, name: &str, current: &Current) -> Result<(), Error> {
        let file = self.folder.join(name).join("current.json");
        let text = serde_json::to_vec_pretty(current).expect("strings, lists and truth values are JSON");
        disk::replace(&file, &text).map_err(|error| disk_failed(&file, &error))
    }

    /// The plugin of that name, if one is installed.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Installed>, Error> {
        // Names come from documents: one that no manifest may have is no path either.
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(None);
        }
        let folder = self.folder.join(name);
        let text = match std::fs::read(folder.join("current.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk_failed(&folder, &error)),
        };
        let current: Current = serde_json::from_slice(&text)
            .map_err(|error| invalid(format!("`current.json` of plugin `{name}` cannot be read: {error}")))?;
        let version = folder.join(&current.digest);
        let manifest = version.join("plugin.toml");
        let text = std::fs::read_to_string(&manifest).map_err(|error| disk_failed(&manifest, &error))?;
        let manifest = Manifest::parse(&text)?;
        Ok(Some(Installed { manifest, current, component: version.join("plugin.wasm") }))
    }

    /// The names of all installed plugins, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let list = || -> std::io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in std::fs::read_dir(&self.folder)? {
                let entry = entry?;
                if entry.path().join("current.json").is_file() {
                    names.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
            names.sort();
            Ok(names)
        };
        list().map_err(|error| disk_failed(&self.folder, &error))
    }

    /// Forgets a plugin with all its versions and its memory.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let folder = self.folder.join(name);
        let remove = || {
            // Without this file the plugin is not installed, whatever else is still there.
            std::fs::remove_file(folder.join("current.json"))?;
            std::fs::remove_dir_all(&folder)
        };
        remove().map_err(|error| disk_failed(&folder, &error))
    }

    /// Where a plugin's durable memory is kept.
    pub(crate) fn memory(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("kv")
    }
}

pub(crate) fn disk_failed(path: &Path, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("`{}` cannot be used: {error}", path.display()))
        .hint("Check that the disk has room and the folder may be written.")
}
