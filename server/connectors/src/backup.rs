//! What every system's backup shares: the folder, the manifest with a digest of each file, and the run of a native program.
//!
//! A backup begins with [`begin`] and ends with [`finish`], which hashes all files and writes the manifest last: a folder
//! without manifest is a backup that did not end. A restore begins with [`open`], which reads every file against the
//! manifest before anything of the database is touched.

use data::backup::{BackupFile, BackupReport, RestoreRequest};
use data::{Error, Result, System};
use model::ErrorCode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use tokio::io::AsyncReadExt;

/// The manifest's name within the folder.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The manifest's form; a later one is refused.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    system: System,
    #[serde(flatten)]
    report: BackupReport,
}

/// Makes the folder, readable to its owner only; refuses one that holds anything.
///
/// # Errors
/// `already_exists` where something is in it, `disk_failed`.
pub(crate) fn begin(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| disk_failed(folder, &error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| disk_failed(folder, &error))?;
    if entries.next().is_some() {
        let message = format!("the folder `{}` is not empty", folder.display());
        return Err(Error::permanent(ErrorCode::AlreadyExists, message).hint("Give each backup a folder of its own."));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| disk_failed(folder, &error))?;
    }
    Ok(())
}

/// Hashes and syncs every file of the folder, then writes the manifest.
///
/// # Errors
/// `disk_failed`.
pub(crate) async fn finish(
    folder: &Path,
    system: System,
    method: &str,
    tables: Vec<(String, Option<u64>)>,
) -> Result<BackupReport> {
    let (folder, method) = (folder.to_owned(), method.to_owned());
    blocking(move || {
        let mut paths = Vec::new();
        collect(&folder, &folder, &mut paths)?;
        paths.sort();
        let files = paths.iter().map(|path| describe(&folder, path, true)).collect::<Result<_>>()?;
        let report = BackupReport { method, files, tables };
        let manifest = Manifest { version: VERSION, system, report };
        let text = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
        let path = folder.join(MANIFEST);
        let partial = folder.join("manifest.partial");
        std::fs::write(&partial, text)
            .and_then(|()| File::open(&partial)?.sync_all())
            .and_then(|()| std::fs::rename(&partial, &path))
            .and_then(|()| File::open(&folder)?.sync_all())
            .map_err(|error| disk_failed(&path, &error))?;
        Ok(manifest.report)
    })
    .await
}

/// Reads the manifest of a backup and holds every file against it.
///
/// # Errors
/// `file_not_found` for a folder without manifest or a file that is missing, `invalid_value` for a backup of another
/// system or method and for a file that was changed.
pub(crate) async fn open(request: &RestoreRequest, system: System) -> Result<BackupReport> {
    let (folder, method) = (request.folder.clone(), request.method.clone());
    blocking(move || {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).map_err(|error| {
            Error::permanent(
                ErrorCode::FileNotFound,
                format!("`{}` is no finished backup: its {MANIFEST} cannot be read: {error}", folder.display()),
            )
            .hint("Name the folder that a backup wrote; one that was interrupted has no manifest.")
        })?;
        let wrong = |why: String| Error::permanent(ErrorCode::InvalidValue, format!("`{}`: {why}", path.display()));
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| wrong(format!("the manifest cannot be read: {error}")))?;
        if manifest.version != VERSION {
            return Err(wrong(format!("the manifest has version {}, and {VERSION} is known here", manifest.version)));
        }
        if manifest.system != system {
            let (theirs, ours) = (manifest.system.as_str(), system.as_str());
            return Err(wrong(format!("the backup is of system `{theirs}`, not `{ours}`")));
        }
        if manifest.report.method != method {
            return Err(wrong(format!("the backup was made by `{}`, not by `{method}`", manifest.report.method)));
        }
        for file in &manifest.report.files {
            let relative = Path::new(&file.path);
            // Whoever wrote the manifest may not lead the restore out of its folder.
            if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(wrong(format!("the file `{}` lies outside the backup", file.path)));
            }
            let found = describe(&folder, relative, false)?;
            if found != *file {
                return Err(wrong(format!("the file `{}` is not as it was written", file.path))
                    .hint("The backup is damaged or was changed; restore another one."));
            }
        }
        Ok(manifest.report)
    })
    .await
}

/// The program of that name on the `PATH`, where there is one.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Runs a native program to its end; it dies with the future. Secrets belong into its environment, never its arguments.
///
/// # Errors
/// `statement_failed` with the end of what it wrote to its error stream.
pub(crate) async fn run_program(mut command: tokio::process::Command, name: &str) -> Result<()> {
    /// The end of the error stream that a message shows.
    const TOLD: usize = 2_000;
    let failed = |why: String| Error::permanent(ErrorCode::StatementFailed, format!("`{name}` failed: {why}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let mut stream = child.stderr.take().expect("the error stream is piped");
    let mut told = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        told.extend_from_slice(&chunk[..count]);
        // Only the end is shown, so that a program that talks without end needs no memory.
        let surplus = told.len().saturating_sub(TOLD * 2);
        told.drain(..surplus);
    }
    let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&told[told.len().saturating_sub(TOLD)..]).trim().to_owned();
    Err(failed(if told.is_empty() { status.to_string() } else { told }))
}

/// A file or folder that cannot be written or read back.
pub(crate) fn disk_failed(path: &Path, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", path.display()))
        .hint("Check that the folder exists, may be written to and has room.")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match meter::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            Err(Error::permanent(ErrorCode::Internal, format!("the work on a backup's files ended: {error}")))
        }
    }
}

fn collect(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(|error| disk_failed(folder, &error))? {
        let entry = entry.map_err(|error| disk_failed(folder, &error))?;
        let kind = entry.file_type().map_err(|error| disk_failed(folder, &error))?;
        if kind.is_dir() {
            collect(root, &entry.path(), paths)?;
        } else if let Ok(relative) = entry.path().strip_prefix(root) {
            paths.push(relative.to_owned());
        }
    }
    Ok(())
}

fn describe(folder: &Path, relative: &Path, sync: bool) -> Result<BackupFile> {
    let path = folder.join(relative);
    let mut file = File::open(&path).map_err(|error| match sync {
        true => disk_failed(&path, &error),
        false => Error::permanent(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", path.display())),
    })?;
    let mut digest = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = file.read(&mut buffer).map_err(|error| disk_failed(&path, &error))?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        bytes += count as u64;
    }
    if sync {
        file.sync_all().map_err(|error| disk_failed(&path, &error))?;
    }
    let sha256 = hex::encode(digest.finalize());
    Ok(BackupFile { path: relative.to_string_lossy().into_owned(), bytes, sha256 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn written(folder: &Path) -> RestoreRequest {
        begin(folder).unwrap();
        std::fs::create_dir(folder.join("data")).unwrap();
        std::fs::write(folder.join("data/t.copy"), "abc").unwrap();
        let report = finish(folder, System::Sqlite, "connector", vec![("t".to_owned(), Some(1))]).await.unwrap();
        assert_eq!(
            report.files,
            [BackupFile {
                path: "data/t.copy".to_owned(),
                bytes: 3,
                sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned(),
            }]
        );
        RestoreRequest { folder: folder.to_owned(), method: "connector".to_owned(), replace: false }
    }

    #[tokio::test]
    async fn a_changed_or_foreign_backup_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let request = written(&folder.path().join("b")).await;
        assert_eq!(open(&request, System::Sqlite).await.unwrap().tables, [("t".to_owned(), Some(1))]);
        assert_eq!(begin(&request.folder).unwrap_err().code(), ErrorCode::AlreadyExists);
        let refused = |error: Error, code, told: &str| {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(told), "{error}");
        };
        refused(open(&request, System::Mysql).await.unwrap_err(), ErrorCode::InvalidValue, "`sqlite`");
        let other = RestoreRequest { method: "pg_dump".to_owned(), ..request.clone() };
        refused(open(&other, System::Sqlite).await.unwrap_err(), ErrorCode::InvalidValue, "`connector`");
        std::fs::write(request.folder.join("data/t.copy"), "abd").unwrap();
        refused(open(&request, System::Sqlite).await.unwrap_err(), ErrorCode::InvalidValue, "t.copy");
        std::fs::remove_file(request.folder.join("data/t.copy")).unwrap();
        refused(open(&request, System::Sqlite).await.unwrap_err(), ErrorCode::FileNotFound, "t.copy");
        let manifest = std::fs::read_to_string(request.folder.join(MANIFEST)).unwrap();
        std::fs::write(request.folder.join(MANIFEST), manifest.replace("data/t.copy", "../t.copy")).unwrap();
        refused(open(&request, System::Sqlite).await.unwrap_err(), ErrorCode::InvalidValue, "outside");
        std::fs::remove_file(request.folder.join(MANIFEST)).unwrap();
        refused(open(&request, System::Sqlite).await.unwrap_err(), ErrorCode::FileNotFound, "no finished backup");
    }

    #[tokio::test]
    async fn a_program_that_fails_is_quoted() {
        let Some(shell) = find_program("sh") else { return };
        let mut command = tokio::process::Command::new(&shell);
        command.args(["-c", "echo starting >&2; echo no such table >&2; exit 3"]);
        let error = run_program(command, "sh").await.unwrap_err();
        assert!(error.to_string().contains("no such table"), "{error}");
        let mut command = tokio::process::Command::new(&shell);
        command.args(["-c", "exit 0"]);
        run_program(command, "sh").await.unwrap();
        assert!(find_program("no-such-program-anywhere").is_none());
    }
}
