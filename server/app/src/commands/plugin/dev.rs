//! `sluice plugin dev`: builds a plugin and puts it to use in a running server, again at every change of its source.

use super::build::{build, built_folder, source};
use super::language::Purpose;
use crate::output;
use crate::settings::Settings;
use clap::Args;
use model::{ErrorCode, Fault};
use plugin_host::{Limits, Package};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often the source is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How long the server may take: an engine that it has not seen is compiled first, which on a slow machine takes minutes.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// The folder of its source.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Go on until stopped: build and reload at every change.
    #[arg(long)]
    watch: bool,
    /// The running server.
    #[arg(long, env = "SLUICE_SERVER", default_value = "http://127.0.0.1:7700")]
    server: String,
    /// The server's API token, instead of the one in the data folder's file `api-token`.
    #[arg(long, env = "SLUICE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// As for `install`; without any, the server keeps what was granted before.
    #[arg(long = "grant", value_name = "CAPABILITY")]
    grants: Vec<String>,
}

impl Dev {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Fault> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => {
                let file = settings.data_dir.join("api-token");
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    let message = format!("`{}` cannot be read: {error}", file.display());
                    Fault::new(ErrorCode::FileNotFound, message)
                        .hint("Name the server's `--data-dir`, or give `--token`.")
                })?;
                text.trim().to_owned()
            }
        };
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .map_err(|error| Fault::new(ErrorCode::Internal, format!("no HTTP client can be made: {error}")))?;
        let mut before = None;
        loop {
            let now = source(&self.folder);
            if before.as_ref() == Some(&now) {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            before = Some(now);
            match self.reload(&client, &token).await {
                Ok(()) => {}
                Err(fault) if self.watch => {
                    eprintln!("error: {} [{}]", fault.message, fault.code);
                    if let Some(hint) = &fault.hint {
                        eprintln!("  hint: {hint}");
                    }
                    eprintln!("waiting for the next change; the server keeps the version it has");
                }
                Err(fault) => return Err(fault),
            }
            if !self.watch {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }

    async fn reload(&self, client: &reqwest::Client, token: &str) -> Result<(), Fault> {
        let started = Instant::now();
        let folder = self.folder.clone();
        let built = tokio::task::spawn_blocking(move || build(&folder, Purpose::Work))
            .await
            .map_err(|error| Fault::new(ErrorCode::Internal, error.to_string()))??;
        let compiled = started.elapsed();
        let started = Instant::now();
        let package = Package::from_folder(&built_folder(&built)?, Limits::default().component);
        let archive = package.and_then(|package| package.write_quickly()).map_err(|error| *error.fault)?;
        let url = format!("{}/api/plugins", self.server.trim_end_matches('/'));
        let query: Vec<(&str, &str)> = self.grants.iter().map(|grant| ("grant", grant.as_str())).collect();
        let mut url = url::Url::parse(&url)
            .map_err(|error| Fault::new(ErrorCode::InvalidValue, format!("`--server {}`: {error}", self.server)))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = client.post(url).bearer_auth(token).header("content-type", "application/octet-stream");
        let answer = request.body(archive).send().await.map_err(|error| {
            Fault::new(
                ErrorCode::RemoteFailed,
                format!("the server at {} does not answer: {}", self.server, error.without_url()),
            )
            .hint("Start it with `sluice serve`, or name it with `--server`.")
        })?;
        let status = answer.status();
        let body = answer.bytes().await.unwrap_or_default();
        if !status.is_success() {
            return Err(serde_json::from_slice::<Fault>(&body).unwrap_or_else(|_| {
                Fault::new(ErrorCode::RemoteFailed, format!("the server answered with status {status}"))
            }));
        }
        let installed: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| installed[name].as_str().unwrap_or_default().to_owned();
        output::line(format!(
            "reloaded {} {} (built in {}, in use {} later)",
            text("name"),
            text("version"),
            output::duration(u64::try_from(compiled.as_millis()).unwrap_or(u64::MAX)),
            output::duration(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)),
        ));
        for missing in installed["missing"].as_array().into_iter().flatten().filter_map(|it| it.as_str()) {
            output::line(format!("  asks for, and was not granted: {missing}"));
        }
        Ok(())
    }
}
