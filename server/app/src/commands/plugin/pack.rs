//! `sluice plugin pack`: one archive to hand on; and finding a plugin by whatever somebody names.

use crate::output;
use clap::Args;
use model::{ErrorCode, Fault};
use plugin_host::{Limits, Package, SigningKey};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// The folder of its source, once built, or that with `plugin.wasm`.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Sign with the key in this file, made by `sluice plugin key new`.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The file to write, rather than `NAME-VERSION.sluice`.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Pack {
    pub(super) fn run(self) -> Result<ExitCode, Fault> {
        let folder = super::build::built_folder(&self.folder)?;
        let package = Package::from_folder(&folder, Limits::default().component).map_err(|error| *error.fault)?;
        let manifest = package.parse_manifest().map_err(|error| *error.fault)?;
        let key = match &self.key {
            None => None,
            Some(file) => {
                let text = super::build::read(file)?;
                Some(SigningKey::parse(&String::from_utf8_lossy(&text)).map_err(|error| *error.fault)?)
            }
        };
        let archive = package.write(key.as_ref()).map_err(|error| *error.fault)?;
        let file = self.output.unwrap_or_else(|| format!("{}-{}.sluice", manifest.name, manifest.version).into());
        super::build::replace(&file, &archive)?;
        let signed = key.map_or(String::new(), |key| format!(", signed with {}", key.public()));
        output::line(format!("packed `{}` ({} KiB{signed})", file.display(), archive.len().div_ceil(1024)));
        Ok(ExitCode::SUCCESS)
    }
}

/// What somebody named.
pub(super) enum Found {
    /// A folder with manifest and component.
    Folder(PathBuf),
    /// What an archive holds.
    Archive(Box<Package>),
}

impl Found {
    /// The plugin itself.
    pub(super) fn package(self) -> Result<Package, Fault> {
        match self {
            Self::Archive(package) => Ok(*package),
            Self::Folder(folder) => {
                Package::from_folder(&folder, Limits::default().component).map_err(|error| *error.fault)
            }
        }
    }
}

/// The plugin in a folder, below it where `build` put it, or in an archive.
pub(super) fn find(path: &Path) -> Result<Found, Fault> {
    if !path.is_file() {
        return super::build::built_folder(path).map(Found::Folder);
    }
    // Bounded before it is read: the largest good archive is hardly larger than its component.
    let most = Limits::default().component;
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    if size > most {
        let message = format!("`{}` has {size} bytes; at most {most} are allowed", path.display());
        return Err(Fault::new(ErrorCode::PluginInvalid, message));
    }
    let archive = super::build::read(path)?;
    Package::read(&archive, most).map(Box::new).map(Found::Archive).map_err(|error| *error.fault)
}
