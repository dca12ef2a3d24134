//! Makes connectors from addresses, behind the operator's address rules, and never of the server's own files.

use connectors::Gate;
use data::{Connector, Error, Opener, Result, System, Target};
use model::ErrorCode;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The connectors of this build.
pub(crate) struct Connectors {
    gate: Gate,
    data_dir: PathBuf,
}

impl Connectors {
    /// Connectors of a server with that data folder.
    pub(crate) fn new(gate: Gate, data_dir: &Path) -> Self {
        Self { gate, data_dir: data_dir.to_owned() }
    }
}

impl Opener for Connectors {
    fn parse_url(&self, url: &str) -> Result<Target> {
        let connectors::Settings { system, values, secret } = connectors::Settings::parse(url)?;
        Ok(Target { system, settings: values, secret })
    }

    fn open(&self, target: &Target) -> Result<Arc<dyn Connector>> {
        let connector = connectors::open(target.system, &target.settings, target.secret.as_deref(), &self.gate)?;
        let path =
            target.settings.get("path").and_then(|path| path.as_str()).filter(|_| target.system == System::Sqlite);
        if let Some(path) = path.filter(|path| is_own(&self.data_dir, Path::new(path))) {
            // Whoever could write there could make themselves admin, and whoever could read there would see everybody's secrets.
            let message = format!("`{path}` lies in the server's own data folder");
            return Err(Error::permanent(ErrorCode::AddressRefused, message)
                .hint("Put the database elsewhere, or below the data folder's `files`."));
        }
        Ok(connector)
    }
}

/// Whether the file is one of the server's own: in its data folder, and not among the files of workflows.
fn is_own(data_dir: &Path, path: &Path) -> bool {
    let Ok(data_dir) = data_dir.canonicalize() else { return false };
    // The file itself where it is there, since it may be a link; else the folder it would be made in.
    let real = path.canonicalize().ok().or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    });
    real.is_some_and(|real| real.starts_with(&data_dir) && !real.starts_with(data_dir.join("files")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_servers_own_files_are_no_databases_of_users() {
        let folder = std::env::temp_dir().join(format!("sluice-own-{}", model::UserId::generate()));
        let data = folder.join("data");
        std::fs::create_dir_all(data.join("files")).unwrap();
        std::fs::write(data.join("sluice.db"), "").unwrap();
        for (path, own) in [
            ("data/sluice.db", true),
            ("data/new.db", true),
            ("data/files/../sluice.db", true),
            ("data/files/mine.db", false),
            ("mine.db", false),
            ("data-of-mine.db", false),
        ] {
            assert_eq!(is_own(&data, &folder.join(path)), own, "{path}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(data.join("sluice.db"), folder.join("link.db")).unwrap();
            assert!(is_own(&data, &folder.join("link.db")));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
