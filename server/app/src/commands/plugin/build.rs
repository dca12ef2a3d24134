//! `sluice plugin build` and `sluice plugin test`: the language's own tools, called the same way for all of them.

use super::language::{self, Purpose};
use crate::output;
use clap::Args;
use model::{ErrorCode, Fault};
use plugin_host::{Entry, Manifest};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

/// Where a build is put, below the plugin's folder.
const DIST: &str = "dist";

/// Folders that tools write to, at any depth.
const WRITTEN: [&str; 6] = ["target", "dist", "node_modules", "__pycache__", ".venv", ".git"];

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder of its source.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The folder of its source.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Arguments for the language's own test program.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Build {
    pub(super) fn run(self) -> Result<ExitCode, Fault> {
        let built = build(&self.folder, Purpose::Release)?;
        let code = built.join(Entry::of_folder(&built).unwrap_or(Entry::Component).file_name());
        let size = std::fs::metadata(&code).map_or(0, |file| file.len());
        output::line(format!("built `{}` ({} KiB)", code.display(), size.div_ceil(1024)));
        Ok(ExitCode::SUCCESS)
    }
}

impl Test {
    pub(super) fn run(self) -> Result<ExitCode, Fault> {
        let passed = language::of(&self.folder)?.test(&self.folder, &self.arguments)?;
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Builds the plugin in `folder`; gives the folder with `plugin.toml`, the code and the README.
pub(super) fn build(folder: &Path, purpose: Purpose) -> Result<PathBuf, Fault> {
    let language = language::of(folder)?;
    let manifest = read(&folder.join("plugin.toml"))?;
    // A manifest that no server would take is told before minutes of compiling.
    Manifest::parse(&String::from_utf8_lossy(&manifest)).map_err(|error| *error.fault)?;
    let code = language.build(folder, &manifest, purpose)?;
    let dist = folder.join(DIST);
    std::fs::create_dir_all(&dist).map_err(|error| cannot_write(&dist, &error))?;
    for other in [Entry::Component, Entry::Script].iter().filter(|other| **other != language.entry()) {
        // A folder holds the code of one language.
        drop(std::fs::remove_file(dist.join(other.file_name())));
    }
    replace(&dist.join(language.entry().file_name()), &code)?;
    replace(&dist.join("plugin.toml"), &manifest)?;
    for extra in ["README.md", "check.toml"] {
        match std::fs::read(folder.join(extra)) {
            Ok(text) => replace(&dist.join(extra), &text)?,
            Err(_) => drop(std::fs::remove_file(dist.join(extra))),
        }
    }
    Ok(dist)
}

/// The folder of a built plugin: the one named, or what `build` made below it. Says so where the source has changed since.
pub(super) fn built_folder(folder: &Path) -> Result<PathBuf, Fault> {
    let is_built = |folder: &Path| folder.join("plugin.toml").is_file() && Entry::of_folder(folder).is_some();
    if is_built(folder) {
        return Ok(folder.to_owned());
    }
    let dist = folder.join(DIST);
    if is_built(&dist) {
        if let Some(file) = changed_since_built(folder, &dist) {
            eprintln!("warning: `{file}` changed after the plugin was built; `sluice plugin build` builds it anew");
        }
        return Ok(dist);
    }
    let message = format!("`{}` holds no built plugin", folder.display());
    let hint = if folder.join("plugin.toml").is_file() {
        "Build it first with `sluice plugin build`."
    } else {
        "Name the folder that holds `plugin.toml` and `plugin.wasm` or `plugin.rhai`, or an archive made by `sluice plugin pack`."
    };
    Err(Fault::new(ErrorCode::FileNotFound, message).hint(hint))
}

/// A file of the source that is newer than what was built of it.
fn changed_since_built(folder: &Path, dist: &Path) -> Option<String> {
    let code = dist.join(Entry::of_folder(dist)?.file_name());
    let built = std::fs::metadata(code).and_then(|code| code.modified()).ok()?;
    let (newer, ..) =
        source(folder).into_iter().find(|(_, _, changed)| changed.is_some_and(|changed| changed > built))?;
    Some(newer.strip_prefix(folder).unwrap_or(&newer).display().to_string())
}

/// Every file of the source with its size and moment; an archive that `pack` left is none.
pub(super) fn source(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if metadata.is_dir() && !WRITTEN.contains(&name.as_str()) {
                folders.push(entry.path());
            } else if metadata.is_file() && name != "Cargo.lock" && !name.ends_with(".sluice") {
                files.push((entry.path(), metadata.len(), metadata.modified().ok()));
            }
        }
    }
    files.sort();
    files
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(file)
        .map_err(|error| Fault::new(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", file.display())))
}

/// Puts a file in place by renaming, so that nobody reads half of it.
pub(super) fn replace(file: &Path, content: &[u8]) -> Result<(), Fault> {
    let mut new = file.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    std::fs::write(&new, content).and_then(|()| std::fs::rename(&new, file)).map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Fault {
    Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", file.display()))
}
