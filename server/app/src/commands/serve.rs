//! `sluice serve`: the API, the scheduler and a worker in one process.

use crate::facts;
use crate::failure::Failure;
use crate::oidc::OidcFlags;
use crate::output;
use crate::settings::{Settings, read_networks};
use crate::wire::{Parts, Role};
use api::access::{Access, Proxies};
use api::auth::ApiToken;
use api::{ApiConfig, ApiState};
use clap::Args;
use model::{ErrorCode, Fault};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 chooses a free one.
    #[arg(long, env = "SLUICE_LISTEN", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// How many threads serve requests.
    #[arg(long, env = "SLUICE_HTTP_THREADS", default_value_t = 2)]
    http_threads: usize,
    /// The API token, instead of the one in the data folder's file `api-token`.
    #[arg(long, env = "SLUICE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Networks of proxies before the server whose `X-Forwarded-For` is believed: `127.0.0.1`, `10.0.0.0/8`; separated
    /// by commas.
    #[arg(long, env = "SLUICE_TRUSTED_PROXIES", value_delimiter = ',')]
    trusted_proxies: Vec<String>,
    #[command(flatten)]
    oidc: OidcFlags,
}

impl Serve {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let started = Instant::now();
        let proxies = read_networks("--trusted-proxies", &self.trusted_proxies)?;
        let parts = Parts::open(settings).await?;
        let is_local = self.listen.ip().is_loopback();
        let has_admin = parts.people.has_admin().await?;
        let token_file = settings.data_dir.join("api-token");
        if !is_local && !has_admin && self.token.is_none() && !token_file.exists() {
            let message = format!("others could reach {}, and nobody is admin yet", self.listen);
            return Err(Fault::new(ErrorCode::InvalidConfiguration, message)
                .hint("Run `sluice user add NAME --role admin` first, or set `SLUICE_TOKEN` to at least 16 random characters.")
                .into());
        }
        let token = match &self.token {
            Some(token) if token.len() < 16 && !is_local => {
                return Err(Fault::new(
                    ErrorCode::InvalidConfiguration,
                    "the token is too short for a server that others can reach",
                )
                .hint("Use at least 16 random characters.")
                .into());
            }
            Some(token) => token.clone(),
            None => load_token(&token_file)?,
        };
        let files = settings.files();
        std::fs::create_dir_all(&files).map_err(|error| {
            Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be made: {error}", files.display()))
        })?;
        let running = parts.start(Role::Server, files).await?;
        let mut workbench = parts.workbench();
        workbench.server = workbench.server.with(vec![
            facts::setting("serving", "--listen", "SLUICE_LISTEN", self.listen),
            facts::setting("serving", "--http-threads", "SLUICE_HTTP_THREADS", self.http_threads),
            facts::setting("serving", "--trusted-proxies", "SLUICE_TRUSTED_PROXIES", self.trusted_proxies.join(", ")),
        ]);
        workbench.console.keep_closing_interrupted();
        if parts.audit.settle().await? > 0 {
            eprintln!("warning: an earlier server was killed amid changes; the audit log tells them as `interrupted`");
        }
        let oidc = self.oidc.client(parts.people.clone())?;
        // Only whoever sees this console can open it, and only once.
        let setup = (is_local && !has_admin).then(store::secrets::random_token);
        let state = ApiState {
            engine: running.engine.clone(),
            workbench,
            proxies: Proxies::new(proxies),
            access: Access::new(ApiToken::new(&token), parts.people.clone()),
            oidc,
            setup: tokio::sync::Mutex::new(setup.as_deref().map(ApiToken::new)),
            secrets: Box::new(|name| std::env::var(format!("SLUICE_SECRET_{}", name.to_uppercase())).ok()),
            batches: api::hooks::batch::Batches::default(),
            started,
            schema: Arc::new(api::graphql::schema()),
        };
        parts.audit.keep_signing();
        let config = ApiConfig { listen: self.listen, threads: self.http_threads };
        let (address, server) = api::serve(&config, state)?;
        output::line(format!("sluice is ready at http://{address} (started in {} ms)", started.elapsed().as_millis()));
        if let Some(setup) = &setup {
            output::line(format!("make the first admin at http://{address}/#setup={setup}"));
        }
        let handle = server.handle();
        let serving = tokio::spawn(server);
        until_stopped().await;
        eprintln!("stopping: no new tasks; running ones get 30 s");
        handle.stop(true).await;
        running.engine.shutdown(Duration::from_secs(30)).await;
        if let Err(fault) = parts.audit.checkpoint().await {
            eprintln!("warning: {} [{}]", fault.message, fault.code);
        }
        parts.database.close().await.map_err(Fault::from)?;
        let _ = serving.await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns when the process is asked to end.
pub(super) async fn until_stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The API token in `path`, made at the first start and readable by its owner only.
fn load_token(path: &Path) -> Result<String, Fault> {
    let cannot = |error: std::io::Error| {
        Fault::new(ErrorCode::DiskFailed, format!("the token file `{}` cannot be used: {error}", path.display()))
    };
    match std::fs::read_to_string(path) {
        Ok(token) if token.trim().len() >= 16 => return Ok(token.trim().to_owned()),
        Ok(_) => {
            return Err(Fault::new(
                ErrorCode::InvalidConfiguration,
                format!("`{}` holds no usable token", path.display()),
            )
            .hint("Remove the file to have a new token made."));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot(error)),
    }
    let token = store::secrets::random_token();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(cannot)?;
    writeln!(file, "{token}").and_then(|()| file.sync_all()).map_err(cannot)?;
    Ok(token)
}
