//! `sluice plugin install list info grant rollback remove`: what is installed, and what it may reach.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::shelf::parse_grants;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use model::{ErrorCode, Fault};
use plugin_host::{Grants, PluginInfo};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Manage {
    /// Install a plugin from its folder or archive, or a new version of it, after showing what it asks for.
    Install {
        /// The folder with `plugin.toml` and `plugin.wasm` or `plugin.rhai`, that of its source once built, or an archive.
        plugin: PathBuf,
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
    /// Put an earlier version to use again.
    Rollback {
        /// Its name.
        name: String,
        /// Which version, rather than the one before: `1.2.3`, or `1.2` for the last of those used.
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
    },
    /// Remove a plugin, or one version of it that is not in use: `NAME@1.2.3`.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GrantArguments {
    /// `http:https://api.example.com`, `tcp:host:port`, `secret:NAME=env:VARIABLE`, `clock`, `kv`,
    /// `sql:NAME=CONNECTION[:write]`, `redis:NAME=CONNECTION[:write]`; may be given several times.
    #[arg(long = "grant", value_name = "CAPABILITY")]
    grants: Vec<String>,
}

impl GrantArguments {
    fn parse(&self) -> Result<Grants, Fault> {
        parse_grants(&self.grants)
    }
}

impl Manage {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        match self {
            Self::Install { plugin, grants, yes, json } => {
                let package = super::pack::find(&plugin)?.package()?;
                // Without a word about grants, an upgrade keeps those that were given.
                let grants = if grants.grants.is_empty() { None } else { Some(grants.parse()?) };
                let signed_by = package.signed_by(&settings.plugin_trust()?).map_err(|error| *error.fault)?;
                if !yes && !confirm(&package.manifest, signed_by.as_deref())? {
                    output::line("nothing was installed");
                    return Ok(ExitCode::FAILURE);
                }
                let info = parts.plugins.install_package(package, grants).await?;
                if json { output::json(&info) } else { describe(&info) }
            }
            Self::List { json } => {
                let plugins = parts.plugins.list()?;
                if json {
                    output::json(&plugins);
                } else {
                    let row = |p: PluginInfo| {
                        let kinds = p.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                        let others = p.versions.iter().filter(|version| **version != p.version);
                        let others = others.cloned().collect::<Vec<_>>().join(", ");
                        vec![p.name, p.version, others, kinds, p.signed_by.unwrap_or_default(), p.description]
                    };
                    let rows = plugins.into_iter().map(row).collect();
                    let header = ["plugin", "in use", "also there", "kinds", "signed by", "what it does"];
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
            Self::Rollback { name, to } => describe(&parts.plugins.roll_back(&name, to.as_deref())?),
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
fn confirm(manifest: &str, signed_by: Option<&str>) -> Result<bool, Fault> {
    // A stranger's text must not move the cursor over what it asks for.
    manifest.lines().for_each(|line| output::line(output::one_line(line, 400)));
    match signed_by {
        Some(name) => output::line(format!("# signed by {name}")),
        None => output::line("# not signed"),
    }
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
    output::line(match &info.signed_by {
        Some(name) => format!("  signed by {name}"),
        None => "  not signed".to_owned(),
    });
    if info.versions.len() > 1 {
        output::line(format!("  versions {} (in use: {})", info.versions.join(", "), info.version));
    }
    let missing_grants = info.missing_grants();
    for missing in &missing_grants {
        let elsewhere = if missing.starts_with("secret ") { " (unless a channel or step brings its own)" } else { "" };
        output::line(format!("  asks for, and was not granted: {missing}{elsewhere}"));
    }
    let mut grants: Vec<String> = missing_grants.iter().map(|missing| grant_for(missing)).collect();
    grants.dedup();
    if !grants.is_empty() {
        output::line(format!("  to grant it: sluice plugin grant {} {}", info.name, grants.join(" ")));
    }
}

/// The option that grants what is missing, with a word in capitals where the administrator chooses.
fn grant_for(missing: &str) -> String {
    let (capability, name) = missing.split_once(' ').unwrap_or((missing, ""));
    let option = match capability {
        "http" if name.contains('*') => "http:https://HOST".to_owned(),
        "tcp" if name.contains('*') => "tcp:HOST:PORT".to_owned(),
        "http" | "tcp" => format!("{capability}:{name}"),
        "secret" => format!("secret:{name}=env:VARIABLE"),
        "sql" | "redis" => format!("{capability}:{name}=CONNECTION"),
        other => other.to_owned(),
    };
    format!("--grant {option}")
}

#[cfg(test)]
mod tests {
    use super::grant_for;

    #[test]
    fn what_is_missing_is_granted_by_the_option_that_is_told() {
        for (missing, option) in [
            ("http https://*:*", "--grant http:https://HOST"),
            ("http https://api.example.com", "--grant http:https://api.example.com"),
            ("tcp *:9000", "--grant tcp:HOST:PORT"),
            ("secret token", "--grant secret:token=env:VARIABLE"),
            ("sql store", "--grant sql:store=CONNECTION"),
            ("clock", "--grant clock"),
        ] {
            assert_eq!(grant_for(missing), option);
        }
    }
}
