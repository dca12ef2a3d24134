//! The file that holds the keys: made once for its owner alone, and changed in steps that bear being killed.
//!
//! A rotation puts a new key before the old one ([`begin_rotation`]), everything is sealed anew, and then the old one goes
//! ([`end_rotation`]). Between the two the ring opens both, so that a killed rotation loses nothing and is simply run again.

use super::{KEY_VARIABLE, parse_keys};
use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{KeyInit, OsRng};
use model::ErrorCode;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// What [`begin_rotation`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// There was one key; a new one now stands before it.
    Begun,
    /// There were several: an earlier rotation was not ended, and goes on.
    Resumed,
}

/// Held while the key file is being changed; other processes wait for nothing and are refused.
#[derive(Debug)]
pub struct KeyFileLock(#[allow(dead_code, reason = "held, not read")] File);

/// Makes sure that nobody else changes the key file.
///
/// # Errors
/// `disk_failed`, or `run_state_conflict` where somebody does.
pub fn lock_key_file(file: &Path) -> Result<KeyFileLock> {
    let path = file.with_extension("lock");
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let lock = options.open(&path).map_err(|error| disk(&path, "locked", &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(KeyFileLock(lock)),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(Error::permanent(ErrorCode::RunStateConflict, "another process is changing the key at this moment")
                .hint("Wait until it has ended, then see `sluice key status`"))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(disk(&path, "locked", &error)),
    }
}

/// Puts a new key before the one there is, unless an earlier rotation did.
///
/// # Errors
/// `disk_failed`, `invalid_configuration`.
pub fn begin_rotation(file: &Path, _lock: &KeyFileLock) -> Result<Rotation> {
    let text = read(file)?.unwrap_or_default();
    if parse_keys(&text, &format!("the key file `{}`", file.display()))?.len() > 1 {
        return Ok(Rotation::Resumed);
    }
    replace(file, &format!("{}\n{}\n", new_key(), text.trim()))?;
    Ok(Rotation::Begun)
}

/// Keeps the first key alone. Call it only when nothing is sealed under another.
///
/// # Errors
/// `disk_failed`, `invalid_configuration`.
pub fn end_rotation(file: &Path, _lock: &KeyFileLock) -> Result<()> {
    let text = read(file)?.unwrap_or_default();
    parse_keys(&text, &format!("the key file `{}`", file.display()))?;
    let first = text.split([',', ' ', '\t', '\r', '\n']).find(|word| !word.is_empty()).unwrap_or_default();
    replace(file, &format!("{first}\n"))
}

pub(super) fn disk(file: &Path, what: &str, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("the key file `{}` cannot be {what}: {error}", file.display()))
        .hint(format!("Check the folder's permissions, or set {KEY_VARIABLE}"))
}

/// The file's text, or none where there is no file.
pub(super) fn read(file: &Path) -> Result<Option<String>> {
    let mut opened = match std::fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk(file, "read", &error)),
    };
    #[cfg(unix)]
    {
        // Asked of the opened file, not of the name: it cannot be swapped in between.
        let mode =
            std::os::unix::fs::MetadataExt::mode(&opened.metadata().map_err(|error| disk(file, "read", &error))?);
        if mode & 0o077 != 0 {
            return Err(Error::permanent(
                ErrorCode::InvalidConfiguration,
                format!("others may read the key file `{}` (mode {:o})", file.display(), mode & 0o777),
            )
            .hint(format!("Run `chmod 600 {}`; if others may have read it, change the key", file.display())));
        }
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(|error| disk(file, "read", &error))?;
    Ok(Some(text))
}

/// Makes the file with a new key, unless it is there by now; it never exists half-written.
pub(super) fn make(file: &Path) -> Result<()> {
    let failed = |error: std::io::Error| disk(file, "made", &error);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let (draft, written) = write_draft(file, &format!("{}\n", new_key()));
    // A hard link, unlike a rename, fails where another process has made the file meanwhile.
    let linked = written.and_then(|()| match std::fs::hard_link(&draft, file) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let _ = std::fs::remove_file(&draft);
    linked.map_err(failed)
}

/// Puts other text in the file's place, whole or not at all, and waits until that is on the disk.
fn replace(file: &Path, text: &str) -> Result<()> {
    let (draft, written) = write_draft(file, text);
    let moved = written.and_then(|()| std::fs::rename(&draft, file));
    if moved.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where folders cannot be opened like files, the rename itself has to do.
    let synced = moved.and_then(|()| File::open(folder).map_or(Ok(()), |folder| folder.sync_all()));
    synced.map_err(|error| disk(file, "changed", &error))
}

fn write_draft(file: &Path, text: &str) -> (std::path::PathBuf, std::io::Result<()>) {
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".{}", uuid::Uuid::now_v7().simple()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_all()
    });
    (draft.into(), written)
}

fn new_key() -> String {
    STANDARD.encode(XChaCha20Poly1305::generate_key(&mut OsRng))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Keyring;
    use super::*;

    #[test]
    fn a_running_ring_follows_a_rotation_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let running = Keyring::load_file(&file).unwrap();
        let old = running.seal("a", b"hunter2").unwrap();
        let lock = lock_key_file(&file).unwrap();
        assert_eq!(lock_key_file(&file).unwrap_err().fault.code, ErrorCode::RunStateConflict);
        assert_eq!(begin_rotation(&file, &lock).unwrap(), Rotation::Begun);
        // Killed here and run again: no third key.
        assert_eq!(begin_rotation(&file, &lock).unwrap(), Rotation::Resumed);
        let rotating = Keyring::load_file(&file).unwrap();
        assert_eq!(rotating.fingerprints().len(), 2);
        assert!(rotating.is_outdated(&old));
        let new = rotating.seal("a", &rotating.open("a", &old).unwrap()).unwrap();
        // The running server has not heard of the new key, reads the file, and seals under it from now on.
        assert_eq!(running.open("a", &new).unwrap(), b"hunter2");
        assert!(!rotating.is_outdated(&running.seal("b", b"x").unwrap()));
        end_rotation(&file, &lock).unwrap();
        let after = Keyring::load_file(&file).unwrap();
        assert_eq!(after.fingerprints(), vec![new.key_fingerprint()]);
        assert!(after.open("a", &old).is_err());
        assert_eq!(after.open("a", &new).unwrap(), b"hunter2");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
