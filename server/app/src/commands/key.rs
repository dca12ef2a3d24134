//! `sluice key …`: the key that seals the secrets of connections, channels and plugins.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use clap::Subcommand;
use model::{ErrorCode, Fault};
use serde_json::json;
use std::process::ExitCode;
use store::Database;
use store::secrets::{KEY_VARIABLE, Keyring, Rotation, begin_rotation, end_rotation, lock_key_file};

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Show where the key is, and whether it opens everything that is sealed; never the key itself.
    Status {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key and seal everything anew under it; servers that run notice by themselves.
    Rotate,
}

impl Key {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let dir = settings.make_data_dir()?;
        let keyring = Keyring::load(&dir.join("key")).map_err(Fault::from)?;
        let database = Database::open(&settings.metadata_url()).await.map_err(Fault::from)?;
        let code = match self {
            Self::Status { json } => status(&database, &keyring, json).await?,
            Self::Rotate => {
                rotate(&database, &keyring, settings).await?;
                ExitCode::SUCCESS
            }
        };
        database.close().await.map_err(Fault::from)?;
        Ok(code)
    }
}

/// Exit code 1 where something cannot be opened.
async fn status(database: &Database, keyring: &Keyring, as_json: bool) -> Result<ExitCode, Failure> {
    let values = database.inspect_sealed(keyring).await.map_err(Fault::from)?;
    let source = keyring.file().map_or_else(|| KEY_VARIABLE.to_owned(), |file| file.display().to_string());
    let keys = keyring.fingerprints();
    if as_json {
        let unreadable: Vec<&str> = values.unreadable.iter().map(|(place, _)| place.as_str()).collect();
        output::json(&json!({
            "source": source, "keys": keys, "sealed": values.by_key, "outdated": values.outdated, "unreadable": unreadable,
        }));
    } else {
        output::line(format!("keys from {source}:"));
        for (index, key) in keys.iter().enumerate() {
            let role = if index == 0 { "seals and opens" } else { "opens" };
            let sealed = values.by_key.get(key).copied().unwrap_or(0);
            output::line(format!("  {key}  {role}; {sealed} sealed values"));
        }
        for (place, fault) in &values.unreadable {
            output::line(format!("  {place}: {}", fault.message));
        }
        if keys.len() > 1 && values.outdated == 0 {
            output::line("nothing needs the older keys any more");
        } else if keys.len() > 1 {
            output::line(format!(
                "{} values still need an older key; `sluice key rotate` seals them anew",
                values.outdated
            ));
        }
    }
    Ok(if values.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn rotate(database: &Database, keyring: &Keyring, settings: &Settings) -> Result<(), Failure> {
    let Some(file) = keyring.file() else { return rotate_environment(database, keyring).await };
    let lock = lock_key_file(file).map_err(Fault::from)?;
    // A value that nothing opens now would be lost with the old key.
    let values = database.inspect_sealed(keyring).await.map_err(Fault::from)?;
    if let Some((place, fault)) = values.unreadable.into_iter().next() {
        let hint = format!("Enter the secret of `{place}` again or remove it, then rotate.");
        return Err(Fault { hint: Some(hint), ..fault }.into());
    }
    if begin_rotation(file, &lock).map_err(Fault::from)? == Rotation::Resumed {
        output::line("an earlier rotation was not ended; going on with it");
    }
    let both = Keyring::load_file(file).map_err(Fault::from)?;
    let mut count = database.reseal(&both).await.map_err(Fault::from)?;
    // A server may have been about to save what it sealed just before the new key was there.
    count += database.reseal(&both).await.map_err(Fault::from)?;
    end_rotation(file, &lock).map_err(Fault::from)?;
    output::line(format!("{count} values are sealed under a new key; the old one is gone from {}", file.display()));
    if settings.metadata_url.is_some() {
        output::line("copy the file to every other server and worker of this metadata database");
    }
    output::line("back the new key up; backups of the database made before need the old one");
    Ok(())
}

/// The environment is the operator's: this only seals anew under the first of the keys it holds.
async fn rotate_environment(database: &Database, keyring: &Keyring) -> Result<(), Failure> {
    if keyring.fingerprints().len() < 2 {
        let message = format!("the key comes from `{KEY_VARIABLE}`, which only you can change");
        return Err(Fault::new(ErrorCode::InvalidConfiguration, message)
            .hint(format!(
                "Make a key by `openssl rand -base64 32`, start every server and worker with `{KEY_VARIABLE}=<new>,<old>`, \
                 run this again with the same value, then drop the old one from it."
            ))
            .into());
    }
    let count = database.reseal(keyring).await.map_err(Fault::from)?;
    output::line(format!("{count} values were sealed anew under the first key of `{KEY_VARIABLE}`"));
    output::line("the other keys may be dropped from it, once every server and worker seals under the first");
    Ok(())
}
