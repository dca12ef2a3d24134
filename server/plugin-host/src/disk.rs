//! Files that are there whole or not at all, and digests that name them.

use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes beside the file, syncs, and renames: a reader sees the old content or the new, and a mapped file stays whole.
pub(crate) fn replace(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let new = beside(file);
    let outcome = write(&new, content).and_then(|()| std::fs::rename(&new, file)).and_then(|()| sync_folder(file));
    if outcome.is_err() {
        // What cannot be removed now is a stray file, no harm.
        let _ = std::fs::remove_file(&new);
    }
    outcome
}

/// A name in the same folder that nobody else uses.
pub(crate) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    name.into()
}

fn write(file: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut new = options.open(file)?;
    new.write_all(content)?;
    new.sync_all()
}

/// A rename is durable once the folder is.
pub(crate) fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The sha256 of the parts, each with its length, in hex.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}
