//! From the path a user wrote to a file inside the folder the operator allows, or a pointed refusal.

use data::{Checkpoint, Error, Result};
use model::ErrorCode;
use std::fs::{File, Metadata};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A file that may be read.
#[derive(Debug, Clone)]
pub struct FileLocation {
    path: PathBuf,
    name: String,
}

impl FileLocation {
    /// A file Sluice made itself (a spool), called `name` in errors.
    #[must_use]
    pub fn own(path: &Path, name: &str) -> Self {
        Self { path: path.to_owned(), name: name.to_owned() }
    }

    /// The name in errors: the path as the user wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The resolved path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|e| unreadable(&self.name, &e))
    }
}

/// Resolves `relative` inside the folder `root`.
///
/// # Errors
/// `invalid_value` for a path that is absolute, holds `..` or leaves the folder through a link; `file_not_found` where
/// nothing readable is there.
pub fn locate(root: &Path, relative: &str) -> Result<FileLocation> {
    let refuse = |why: &str| {
        Error::permanent(ErrorCode::InvalidValue, format!("path `{relative}` {why}"))
            .hint("Give a path relative to the server's folder of files; no path may leave it.")
    };
    if relative.is_empty() || relative.contains('\0') {
        return Err(refuse("is empty or holds a NUL character"));
    }
    // A Windows path would pass as one odd name elsewhere; whoever wrote it means to leave the folder.
    let drive = relative.as_bytes().get(1) == Some(&b':') && relative.as_bytes()[0].is_ascii_alphabetic();
    if relative.starts_with('\\') || drive {
        return Err(refuse("is absolute"));
    }
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir => return Err(refuse("holds `..`")),
            Component::RootDir | Component::Prefix(_) => return Err(refuse("is absolute")),
        }
    }
    let root = root.canonicalize().map_err(|e| unreadable("the folder of files", &e))?;
    let path = root.join(relative).canonicalize().map_err(|e| unreadable(relative, &e))?;
    if !path.starts_with(&root) {
        return Err(refuse("leads out of the folder through a link"));
    }
    // A pipe or a device would block or never end.
    let metadata = path.metadata().map_err(|e| unreadable(relative, &e))?;
    if !metadata.is_file() {
        return Err(Error::permanent(ErrorCode::FileNotFound, format!("`{relative}` is not a regular file")));
    }
    Ok(FileLocation { path, name: relative.to_owned() })
}

/// What tells whether a file is still the one an earlier attempt read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified_ns: u128,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        Self { size: metadata.len(), modified_ns: modified.map_or(0, |d| d.as_nanos()) }
    }

    /// The stamp of an open file.
    pub(crate) fn of_file(file: &File, name: &str) -> Result<Self> {
        Ok(Self::of(&file.metadata().map_err(|e| unreadable(name, &e))?))
    }

    pub(crate) fn size(self) -> u64 {
        self.size
    }

    /// `size:mtime:row`; the row is how many rows were read before the checkpoint.
    pub(crate) fn checkpoint(self, row: u64) -> Checkpoint {
        Checkpoint(format!("{}:{}:{row}", self.size, self.modified_ns))
    }

    /// Checks that `checkpoint` was made of the same file, and tells how many rows were read before it.
    pub(crate) fn resume(self, checkpoint: &Checkpoint, name: &str) -> Result<u64> {
        let mut parts = checkpoint.0.split(':');
        let size = parts.next().and_then(|t| t.parse::<u64>().ok());
        let modified = parts.next().and_then(|t| t.parse::<u128>().ok());
        let row = parts.next().and_then(|t| t.parse::<u64>().ok());
        match (size, modified, row) {
            (Some(size), Some(modified_ns), Some(row)) if (Self { size, modified_ns }) == self => Ok(row),
            (Some(_), Some(_), Some(_)) => Err(changed(name, "since an earlier attempt read it")),
            _ => Err(Error::permanent(
                ErrorCode::ReplayImpossible,
                format!("the checkpoint of `{name}` cannot be read: `{}`", checkpoint.0),
            )),
        }
    }

    /// Fails where `file` is no longer what it was when this stamp was taken.
    pub(crate) fn verify(self, file: &File, name: &str) -> Result<()> {
        if Self::of_file(file, name)? == self { Ok(()) } else { Err(changed(name, "while it was read")) }
    }
}

fn changed(name: &str, when: &str) -> Error {
    Error::permanent(ErrorCode::ReplayImpossible, format!("file `{name}` has changed {when}"))
        .hint("Start a new run; write files under another name and rename them when they are complete.")
}

/// A file that is missing or cannot be read; a failing disk may recover.
pub(crate) fn unreadable(name: &str, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Error::permanent(ErrorCode::FileNotFound, format!("file `{name}` does not exist"))
        }
        ErrorKind::PermissionDenied => {
            Error::permanent(ErrorCode::FileNotFound, format!("file `{name}` may not be read by the server's user"))
        }
        _ => Error::transient(ErrorCode::DiskFailed, format!("file `{name}` cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("root/in")).unwrap();
        std::fs::write(dir.path().join("root/in/a b.csv"), "x").unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        dir
    }

    fn check(path: &str, expected: Result<(), ErrorCode>) {
        let dir = folder();
        let found = locate(&dir.path().join("root"), path).map(|_| ()).map_err(|e| e.code());
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn only_regular_files_inside_the_folder_are_found() {
        check("in/a b.csv", Ok(()));
        check("./in/a b.csv", Ok(()));
        check("in/none.csv", Err(ErrorCode::FileNotFound));
        check("in", Err(ErrorCode::FileNotFound));
        check("", Err(ErrorCode::InvalidValue));
        check("../secret", Err(ErrorCode::InvalidValue));
        check("in/../../secret", Err(ErrorCode::InvalidValue));
        check("/etc/hostname", Err(ErrorCode::InvalidValue));
        check("C:\\x", Err(ErrorCode::InvalidValue));
        check("a\0b", Err(ErrorCode::InvalidValue));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leaves_the_folder_is_refused_and_one_that_stays_is_followed() {
        let dir = folder();
        let root = dir.path().join("root");
        std::os::unix::fs::symlink(dir.path().join("secret"), root.join("out")).unwrap();
        std::os::unix::fs::symlink("in/a b.csv", root.join("inside")).unwrap();
        assert_eq!(locate(&root, "out").unwrap_err().code(), ErrorCode::InvalidValue);
        assert!(locate(&root, "inside").is_ok());
    }
}
