//! Files that commands write.
//!
//! What comes is written beside the wanted file, which takes its name only when it is whole and on the disk: a failure, also
//! Ctrl-C, leaves neither half a file nor an old one changed.

use data::Error;
use model::ErrorCode;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where bytes go.
pub(crate) enum Target {
    /// Standard output.
    Output,
    /// A file, which has its name when it is whole.
    File { file: File, beside: PathBuf, path: PathBuf },
}

impl Target {
    /// Opens a file, or standard output where there is no path; `id` is nobody else's.
    pub(crate) fn open(path: Option<&Path>, id: &str) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Output) };
        let name = path.file_name().filter(|_| !path.is_dir());
        let Some(name) = name else {
            let message = format!("`{}` is not the name of a file", path.display());
            return Err(Error::permanent(ErrorCode::InvalidValue, message));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{id}.part"));
        let beside = path.with_file_name(hidden);
        let file = File::create_new(&beside).map_err(|error| cannot(path, &error))?;
        Ok(Self::File { file, beside, path: path.to_owned() })
    }

    /// Writes more bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Self::Output => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
                    ErrorKind::BrokenPipe => Error::permanent(ErrorCode::Canceled, "nobody reads the output any more"),
                    _ => cannot(Path::new("standard output"), &error),
                })
            }
            Self::File { file, path, .. } => file.write_all(bytes).map_err(|error| cannot(path, &error)),
        }
    }

    /// Gives the file its name.
    pub(crate) fn keep(self) -> Result<(), Error> {
        let Self::File { file, beside, path } = self else { return Ok(()) };
        let kept = file.sync_all().and_then(|()| std::fs::rename(&beside, &path));
        kept.map_err(|error| {
            remove(&beside);
            cannot(&path, &error)
        })
    }

    /// Leaves everything as it was.
    pub(crate) fn discard(self) {
        if let Self::File { beside, .. } = self {
            remove(&beside);
        }
    }
}

fn remove(beside: &Path) {
    if let Err(error) = std::fs::remove_file(beside) {
        eprintln!("warning: `{}` is left over: {error}", beside.display());
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_there_only_when_it_is_whole() {
        let folder = std::env::temp_dir().join(format!("sluice-export-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("bars.csv");
        std::fs::write(&path, "old").unwrap();
        let mut one = Target::open(Some(&path), "one").unwrap();
        let mut other = Target::open(Some(&path), "other").unwrap();
        one.write(b"n\n1\n").unwrap();
        other.write(b"n\n2\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        other.discard();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        one.keep().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "n\n1\n");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        assert_eq!(Target::open(Some(&folder), "x").err().unwrap().code(), ErrorCode::InvalidValue);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
