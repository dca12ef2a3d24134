//! `sluice plugin install list info grant remove`: what is installed, and what it may reach.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use model::{ErrorCode, Fault};
use plugin_host::{Grants, PluginInfo};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Manage {
    /// Install a plugin's folder (`plugin.toml` and `plugin.wasm`), after showing what it asks for.
    Install {
        /// The folder.
        folder: PathBuf,
        #[command(flatten)]
        grants: GrantArguments,
        /// Do not ask before installing.
        #[arg(long)]
        yes: bool,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List installed plugins.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a plugin: what it asks for and what it was granted.
    Info {
        /// Its name.
        name: String,
    },
    /// Replace what a plugin was granted.
    Grant {
        /// Its name.
        name: String,
        #[command(flatten)]
        grants: GrantArguments,
    },
    /// Remove a plugin.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GrantArguments {
    /// `http:https://api.example.com`, `tcp:host:port`, `secret:NAME=env:VARIABLE`, `clock`, `kv`; may be given several times.
    #[arg(long = "grant", value_name = "CAPABILITY")]
    grants: Vec<String>,
}

impl GrantArguments {
    fn parse(&self) -> Result<Grants, Fault> {
        let mut grants = Grants::default();
        for text in &self.grants {
            let wrong = |why: String| {
                Fault::new(ErrorCode::InvalidValue, format!("`--grant {text}` {why}")).hint(
                    "Write `http:https://host[:port]`, `tcp:host:port`, `secret:NAME=env:VARIABLE`, `clock` or `kv`.",
                )
            };
            match text.split_once(':') {
                None if text == "clock" => grants.clock = true,
                None if text == "kv" => grants.kv = true,
                Some(("http", pattern)) => {
                    grants.http.push(pattern.parse().map_err(|error| wrong(format!("cannot be read: {error}")))?);
                }
                Some(("tcp", pattern)) => {
                    grants.tcp.push(pattern.parse().map_err(|error| wrong(format!("cannot be read: {error}")))?);
                }
                Some(("secret", pair)) => {
                    let (name, value) = pair.split_once('=').ok_or_else(|| wrong("names no value".to_owned()))?;
                    grants.secrets.insert(name.to_owned(), value.to_owned());
                }
                _ => return Err(wrong("is no capability".to_owned())),
            }
        }
        Ok(grants)
    }
}

impl Manage {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        match self {
            Self::Install { folder, grants, yes, json } => {
                let grants = grants.parse()?;
                if !yes && !confirm(&folder)? {
                    output::line("nothing was installed");
                    return Ok(ExitCode::FAILURE);
                }
                let folder = super::build::built_folder(&folder)?;
                let info = parts.plugins.install(&folder, grants).await?;
                if json { output::json(&info) } else { describe(&info) }
            }
            Self::List { json } => {
                let plugins = parts.plugins.list()?;
                if json {
                    output::json(&plugins);
                } else {
                    let row = |p: PluginInfo| {
                        let kinds = p.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                        vec![p.name, p.version, kinds, p.description]
                    };
                    let rows = plugins.into_iter().map(row).collect();
                    let header = ["plugin", "version", "kinds", "what it does"];
                    output::list(&header, &[], rows, "No plugin is installed; `sluice plugin install` does it.");
                }
            }
            Self::Info { name } => match parts.plugins.find(&name)? {
                Some(info) => describe(&info),
                None => {
                    return Err(Fault::new(ErrorCode::PluginNotFound, format!("plugin `{name}` is not installed"))
                        .hint("`sluice plugin list` shows what there is.")
                        .into());
                }
            },
            Self::Grant { name, grants } => describe(&parts.plugins.grant(&name, grants.parse()?)?),
            Self::Remove { name } => {
                parts.plugins.remove(&name)?;
                output::line(format!("removed `{name}`"));
            }
        }
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows the manifest's wishes and asks.
fn confirm(folder: &std::path::Path) -> Result<bool, Fault> {
    let path = folder.join("plugin.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Fault::new(ErrorCode::PluginInvalid, format!("`{}` cannot be read: {error}", path.display()))
            .hint("Name the folder that holds `plugin.toml` and `plugin.wasm`.")
    })?;
    output::line(text.trim_end());
    if !std::io::stdin().is_terminal() {
        return Err(Fault::new(ErrorCode::BadRequest, "nobody is there to confirm the installation")
            .hint("Give `--yes` to install without asking."));
    }
    eprint!("Install it? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let _ = std::io::stdin().read_line(&mut answer);
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

fn describe(info: &PluginInfo) {
    let kinds = info.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    output::line(format!("{} {} ({kinds}), contract {}", info.name, info.version, info.contract));
    if !info.description.is_empty() {
        output::line(format!("  {}", info.description));
    }
    output::line(format!("  digest {}", info.digest));
    for missing in info.missing_grants() {
        let elsewhere = if missing.starts_with("secret ") { " (unless a channel or step brings its own)" } else { "" };
        output::line(format!("  asks for, and was not granted: {missing}{elsewhere}"));
    }
}
