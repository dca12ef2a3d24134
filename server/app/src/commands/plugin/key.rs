//! `sluice plugin key …`: keys that archives are signed with, and whose signatures this server trusts.

use crate::output;
use crate::settings::Settings;
use clap::Subcommand;
use model::{ErrorCode, Fault};
use plugin_host::{SigningKey, Trust};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key to sign archives with; prints the public key for those who shall trust it.
    New {
        /// The file to write; whoever has it signs in your name.
        file: PathBuf,
    },
    /// Trust archives signed with a public key, under a name.
    Trust {
        /// What `install` and `list` call it.
        name: String,
        /// The public key, as `key new` printed it.
        key: String,
    },
    /// Trust a name's key no longer.
    Distrust {
        /// Its name.
        name: String,
    },
    /// List trusted keys.
    List,
}

impl Key {
    pub(super) fn run(self, settings: &Settings) -> Result<ExitCode, Fault> {
        match self {
            Self::New { file } => {
                let key = SigningKey::generate().map_err(|error| *error.fault)?;
                create_secret(&file, &key.secret())?;
                output::line(format!("the key is in `{}`: keep it secret", file.display()));
                output::line(format!("public key: {}", key.public()));
            }
            Self::Trust { name, key } => {
                if name.is_empty() || name.contains(char::is_whitespace) || name.contains('#') {
                    let message = "the name of a key is one word without `#`";
                    return Err(
                        Fault::new(ErrorCode::InvalidValue, message).hint("For example the author's name: `acme`.")
                    );
                }
                let mut lines = trusted_lines(settings)?;
                lines.retain(|line| name_of(line) != Some(name.as_str()));
                lines.push(format!("{name} {}", key.trim()));
                save(settings, &lines)?;
                output::line(format!("archives signed with this key are `{name}`'s from now on"));
            }
            Self::Distrust { name } => {
                let mut lines = trusted_lines(settings)?;
                let before = lines.len();
                lines.retain(|line| name_of(line) != Some(name.as_str()));
                if lines.len() == before {
                    return Err(Fault::new(ErrorCode::InvalidValue, format!("no trusted key is called `{name}`"))
                        .hint("`sluice plugin key list` shows them."));
                }
                save(settings, &lines)?;
                output::line(format!("`{name}` is trusted no longer; what is installed stays installed"));
            }
            Self::List => {
                let keys = settings.plugin_trust()?.names();
                let rows = keys.into_iter().map(|(name, key)| vec![name, key]).collect();
                output::list(
                    &["name", "public key"],
                    &[],
                    rows,
                    "No key is trusted; `sluice plugin key trust` does it.",
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn name_of(line: &str) -> Option<&str> {
    line.split('#').next()?.split_whitespace().next()
}

fn trusted_lines(settings: &Settings) -> Result<Vec<String>, Fault> {
    settings.make_data_dir()?;
    match std::fs::read_to_string(settings.plugin_keys()) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Fault::new(ErrorCode::DiskFailed, format!("the trusted keys cannot be read: {error}"))),
    }
}

/// Only what reads back is written.
fn save(settings: &Settings, lines: &[String]) -> Result<(), Fault> {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    Trust::parse(&text, false).map_err(|error| *error.fault)?;
    super::build::replace(&settings.plugin_keys(), text.as_bytes())
}

/// A file that only its owner reads, and that was not there before.
fn create_secret(file: &Path, text: &str) -> Result<(), Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Fault::new(ErrorCode::AlreadyExists, format!("`{}` is there already", file.display()))
                .hint("A key is never overwritten: name another file.")
        }
        _ => Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", file.display())),
    })
}
