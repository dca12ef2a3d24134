//! Programs of other languages: found, or missed with a sentence that says what to install.

use crate::replace;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The first of `names` that answers `--version` with at least `least`; else an error that ends with `install`.
pub(crate) fn find(names: &[&'static str], least: (u32, u32), install: &str) -> Result<&'static str> {
    let mut found = None;
    for &name in names {
        let Ok(answer) = Command::new(name).arg("--version").output() else { continue };
        if !answer.status.success() {
            continue;
        }
        let text = format!("{}{}", String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr));
        let version = version_of(&text);
        if version >= Some(least) {
            return Ok(name);
        }
        found = Some(format!("`{name}` is {}", text.trim()));
    }
    let why = found.unwrap_or_else(|| format!("`{}` is not installed", names.join("` or `")));
    bail!("{why}: {install}")
}

/// The first two numbers of a text like `v20.1.0` or `Python 3.11.7`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let text = text.trim_start_matches(|it: char| !it.is_ascii_digit());
    let mut parts = text.split(|it: char| !it.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Runs a tool, whose words go to the standard error.
pub(crate) fn run(command: &mut Command, failed: &str) -> Result<()> {
    // What a tool prints is for people, and the standard output is the command's own.
    command.stdout(std::io::stderr());
    let status = command.status().with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    if status.success() { Ok(()) } else { bail!("{failed}") }
}

/// An empty folder for what is made on the way, below the plugin's own, so that tools find what it depends on.
pub(crate) fn work_folder(folder: &Path) -> Result<PathBuf> {
    let work = folder.join("dist/work");
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(&work).with_context(|| format!("cannot make `{}`", work.display()))?;
    std::path::absolute(&work).with_context(|| format!("`{}` has no absolute path", work.display()))
}

/// What `make` makes, kept in the folder's `dist/dev` under a digest of all that goes into it, and nothing older.
pub(crate) fn kept(folder: &Path, parts: &[&[u8]], make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let dir = folder.join("dist/dev");
    let file = dir.join(format!("{}.wasm", &hex::encode(digest.finalize())[..32]));
    if let Ok(component) = std::fs::read(&file) {
        return Ok(component);
    }
    let component = make()?;
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    replace(&file, &component)?;
    Ok(component)
}

/// The content of every file of the folder and below whose name ends so, in order.
pub(crate) fn contents(folder: &Path, extension: &str) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let list = std::fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    let mut files: Vec<PathBuf> = list.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        if file.extension().is_some_and(|it| it == extension) {
            content.extend(std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?);
        }
    }
    Ok(content)
}

pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_tell_them() {
        assert_eq!(version_of("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version_of("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version_of("no"), None);
    }

    #[test]
    fn a_program_that_is_missing_or_old_is_told_with_what_to_install() {
        let missing = find(&["no-such-program"], (1, 0), "install it").map(drop);
        assert!(missing.is_err_and(|error| error.to_string() == "`no-such-program` is not installed: install it"));
        let old = find(&["rustc"], (999, 0), "install a newer one").map(drop);
        assert!(old.is_err_and(|error| error.to_string().contains("rustc 1.")));
    }
}
