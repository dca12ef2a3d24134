//! `sluice plugin …`: the author's path (`new build test check pack dev`) and the administrator's (`install …`).
//!
//! Authors' commands need no server and no data folder; what they must know of a language is in [`language`].

mod build;
mod check;
mod dev;
mod key;
mod language;
mod manage;
mod new;
mod pack;

use crate::failure::Failure;
use crate::settings::Settings;
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Begin a plugin: a folder that builds, with manifest, tests, README and an example workflow.
    New(new::New),
    /// Build the plugin in a folder: `dist/plugin.wasm` with its manifest.
    Build(build::Build),
    /// Run the unit tests of the plugin in a folder.
    Test(build::Test),
    /// Hold a built plugin against the contract (exit code 0 passed, 1 failed).
    Check(check::Check),
    /// Pack a built plugin into one archive, signed if you like.
    Pack(pack::Pack),
    /// Build a plugin and put it to use in a running server; with `--watch`, again at every change.
    Dev(dev::Dev),
    /// Make keys to sign archives with, and say whose are trusted.
    #[command(subcommand)]
    Key(key::Key),
    #[command(flatten)]
    Manage(manage::Manage),
}

impl Plugin {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        match self {
            Self::New(new) => Ok(new.run()?),
            Self::Build(build) => Ok(build.run()?),
            Self::Test(test) => Ok(test.run()?),
            Self::Check(check) => check.run().await,
            Self::Pack(pack) => Ok(pack.run()?),
            Self::Dev(dev) => Ok(dev.run(settings).await?),
            Self::Key(key) => Ok(key.run(settings)?),
            Self::Manage(manage) => manage.run(settings).await,
        }
    }
}
