//! `sluice plugin …`: the author's path (`new build test check pack dev`) and the administrator's (`install …`).
//!
//! Authors' commands need no server and no data folder; what they must know of a language is in [`language`].

mod build;
mod language;
mod manage;
mod new;

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
    #[command(flatten)]
    Manage(manage::Manage),
}

impl Plugin {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        match self {
            Self::New(new) => Ok(new.run()?),
            Self::Build(build) => Ok(build.run()?),
            Self::Test(test) => Ok(test.run()?),
            Self::Manage(manage) => manage.run(settings).await,
        }
    }
}
