//! The installed plugins on disk: every version by its digest, which one is current, and what it was granted.
//!
//! `plugins/<name>/<digest>/{plugin.toml,plugin.wasm}` (or `plugin.rhai`) never changes once it is there; `plugins/<name>/current.json`
//! names the digest in use and the grants, and is replaced whole, so that a broken install leaves the old version running.

use crate::disk;
use crate::grants::Grants;
use crate::manifest::{Manifest, invalid};
use crate::package::Entry;
use data::Error;
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which version of a plugin is in use, and what it may reach; and the other versions that are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Current {
    pub(crate) digest: String,
    pub(crate) grants: Grants,
    /// The name of the trusted key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_by: Option<String>,
    /// Versions that were in use before, the last one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<Kept>,
}

/// A version that is not the one in use; workflows may ask for it by its number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    pub(crate) version: String,
    pub(crate) digest: String,
    pub(crate) grants: Grants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_by: Option<String>,
}

/// A plugin as it lies on disk.
pub(crate) struct Installed {
    pub(crate) manifest: Manifest,
    pub(crate) current: Current,
    /// What its code is.
    pub(crate) entry: Entry,
    /// Where its code lies.
    pub(crate) code: PathBuf,
}

impl Installed {
    /// The version in use as one that is kept.
    fn keep(&self) -> Kept {
        Kept {
            version: self.manifest.version.clone(),
            digest: self.current.digest.clone(),
            grants: self.current.grants.clone(),
            signed_by: self.current.signed_by.clone(),
        }
    }
}

/// The name of a plugin, and the version that is asked for where one is.
fn parts(name: &str) -> (&str, Option<&str>) {
    name.split_once('@').map_or((name, None), |(name, wanted)| (name, Some(wanted)))
}

/// Whether `version` is what `wanted` asks for: `1.2` is every `1.2.x`.
fn fits(version: &str, wanted: &str) -> bool {
    version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

/// The numbers of a version, for their order.
pub(crate) fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
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
    pub(crate) fn add(&self, name: &str, manifest: &str, entry: Entry, code: &[u8]) -> Result<String, Error> {
        let digest = disk::digest(&[manifest.as_bytes(), code]);
        let folder = self.folder.join(name).join(&digest);
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(&folder)?;
            disk::replace(&folder.join("plugin.toml"), manifest.as_bytes())?;
            disk::replace(&folder.join(entry.file_name()), code)?;
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

    /// Puts a version to use, keeping the one before; the same number again takes its place.
    pub(crate) fn upgrade(&self, name: &str, version: &str, mut current: Current) -> Result<Current, Error> {
        let before = self.find(name).ok().flatten();
        let mut replaced = Vec::new();
        if let Some(before) = &before {
            current.others = before.current.others.clone();
            current.others.push(before.keep());
            current.others.retain(|kept| {
                if kept.version == version && kept.digest != current.digest {
                    replaced.push(kept.digest.clone());
                }
                kept.version != version && kept.digest != current.digest
            });
        }
        self.set_current(name, &current)?;
        for digest in replaced {
            self.forget_version(name, &digest);
        }
        Ok(current)
    }

    /// Puts an earlier version to use: the one before, or that of the given number. The one in use is kept, as the oldest,
    /// so that a second call goes further back.
    pub(crate) fn roll_back(&self, name: &str, to: Option<&str>) -> Result<Option<Installed>, Error> {
        let Some(installed) = self.find(name)? else { return Ok(None) };
        let mut others = installed.current.others.clone();
        let place = match to {
            None => others.len().checked_sub(1),
            Some(wanted) => others.iter().rposition(|kept| fits(&kept.version, wanted)),
        };
        let Some(place) = place else {
            let why = match to {
                Some(wanted) => format!("plugin `{name}` has no other version `{wanted}` installed"),
                None => format!("plugin `{name}` has no earlier version to go back to"),
            };
            return Err(Error::permanent(ErrorCode::PluginNotFound, why).hint(self.versions_hint(&installed)));
        };
        let back = others.remove(place);
        others.insert(0, installed.keep());
        let current = Current { digest: back.digest, grants: back.grants, signed_by: back.signed_by, others };
        // What cannot be read must not come into use.
        let rolled_back = self.open_version(name, current)?;
        self.set_current(name, &rolled_back.current)?;
        Ok(Some(rolled_back))
    }

    /// What `current.json` of that plugin, or of `name@1.2`, holds: as long as it is the same, so is what [`Library::find`]
    /// gives. None where no such plugin is installed.
    pub(crate) fn current_text(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let (name, _) = parts(name);
        // Names come from documents: one that no manifest may have is no path either.
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(None);
        }
        let folder = self.folder.join(name);
        match std::fs::read(folder.join("current.json")) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk_failed(&folder, &error)),
        }
    }

    /// The plugin of that name, if one is installed; `name@1.2` is the newest version `1.2.x` that is kept.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Installed>, Error> {
        let Some(text) = self.current_text(name)? else { return Ok(None) };
        let (name, wanted) = parts(name);
        let current: Current = serde_json::from_slice(&text)
            .map_err(|error| invalid(format!("`current.json` of plugin `{name}` cannot be read: {error}")))?;
        let installed = self.open_version(name, current)?;
        let Some(wanted) = wanted else { return Ok(Some(installed)) };
        let own = installed.keep();
        let all = installed.current.others.iter().chain([&own]);
        let Some(best) = all.filter(|kept| fits(&kept.version, wanted)).max_by_key(|kept| numbers(&kept.version))
        else {
            let shown = crate::capability::always::clean(wanted, 64);
            let message = format!("plugin `{name}` is not installed in version `{shown}`");
            return Err(Error::permanent(ErrorCode::PluginNotFound, message).hint(self.versions_hint(&installed)));
        };
        let Kept { digest, grants, signed_by, .. } = best.clone();
        self.open_version(name, Current { digest, grants, signed_by, others: Vec::new() }).map(Some)
    }

    fn versions_hint(&self, installed: &Installed) -> String {
        let others = installed.current.others.iter().map(|kept| kept.version.as_str());
        let all: Vec<&str> = others.chain([installed.manifest.version.as_str()]).collect();
        format!("Installed are: {}.", all.join(", "))
    }

    /// The version of that digest, as it lies on disk.
    fn open_version(&self, name: &str, current: Current) -> Result<Installed, Error> {
        let version = self.folder.join(name).join(&current.digest);
        let manifest = version.join("plugin.toml");
        let text = std::fs::read_to_string(&manifest).map_err(|error| disk_failed(&manifest, &error))?;
        let manifest = Manifest::parse(&text)?;
        let script = version.join(Entry::Script.file_name());
        let entry = if script.is_file() { Entry::Script } else { Entry::Component };
        Ok(Installed { manifest, current, entry, code: version.join(entry.file_name()) })
    }

    /// Removes a version that is not the one in use; false: there is none of that number.
    pub(crate) fn remove_version(&self, name: &str, version: &str) -> Result<bool, Error> {
        let Some(installed) = self.find(name)? else { return Ok(false) };
        let mut current = installed.current;
        let Some(place) = current.others.iter().position(|kept| kept.version == version) else { return Ok(false) };
        let removed = current.others.remove(place);
        self.set_current(name, &current)?;
        self.forget_version(name, &removed.digest);
        Ok(true)
    }

    /// What is in use elsewhere is in memory there; what cannot be removed is only in the way.
    fn forget_version(&self, name: &str, digest: &str) {
        let folder = self.folder.join(name).join(digest);
        if let Err(error) = std::fs::remove_dir_all(&folder) {
            tracing::warn!(plugin.id = name, %error, "an old version of a plugin cannot be removed");
        }
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
