//! Builds everything by hand, top to bottom. The only place that names every crate.

use crate::registry::{Registry, RegistryFiles};
use crate::settings::Settings;
use engine::ports::{Dispatch, RunStore, SystemClock};
use engine::{Config, Deps, Engine, WorkerConfig};
use model::{ErrorCode, Fault};
use plugin_host::Host;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use steps::Runner;
use steps::catalog::Kinds;
use store::Database;
use store::dispatch::{MemoryDispatch, RedisDispatch};
use store::secrets::Keyring;

/// What is there before anything runs.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) plugins: Arc<Host>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) kinds: Arc<Kinds>,
}

/// How this process takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Serves, schedules and works.
    Server,
    /// Only works.
    Worker,
    /// Works until one run has ended.
    Once,
}

/// A running engine, and what must live as long as it.
pub(crate) struct Running {
    pub(crate) engine: Arc<Engine>,
    /// Held while this process is the data folder's only worker.
    _alone: Option<File>,
}

impl Parts {
    /// Opens the metadata database, the keys and the plugins of the data folder.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Fault> {
        let dir = settings.make_data_dir()?.to_owned();
        let database = Arc::new(Database::open(&settings.metadata_url()).await.map_err(Fault::from)?);
        let keyring = Arc::new(Keyring::load(&dir.join("key")).map_err(Fault::from)?);
        let plugins = open_plugins(dir.join("plugins")).await?;
        let kinds = Arc::new(Kinds::with_plugins(plugins.kind_infos()));
        let registry = Arc::new(Registry::new(database.clone(), keyring.clone(), plugins.clone()));
        Ok(Self { settings: settings.clone(), database, keyring, plugins, registry, kinds })
    }

    /// Starts the engine in the given role; files of workflows lie in `files`.
    pub(crate) async fn start(&self, role: Role, files: PathBuf) -> Result<Running, Fault> {
        let dir = &self.settings.data_dir;
        let dispatch: Arc<dyn Dispatch> = match &self.settings.dispatch_url {
            Some(url) => Arc::new(RedisDispatch::open(url).await.map_err(Fault::from)?),
            None => Arc::new(MemoryDispatch::new()),
        };
        let runner = Runner::new(
            self.registry.clone(),
            self.plugins.clone(),
            Arc::new(RegistryFiles),
            self.kinds.clone(),
            files,
            dir.clone(),
        );
        // Whoever holds the lock of an embedded data folder knows that tasks left leased are nobody's.
        let alone = if self.settings.metadata_url.is_none() { lock_alone(dir)? } else { None };
        let mut worker = WorkerConfig::new(&format!("worker-{}", model::TaskId::generate()));
        worker.alone = alone.is_some();
        let deps = Deps {
            store: self.database.clone() as Arc<dyn RunStore>,
            dispatch,
            runner: Arc::new(runner),
            catalog: self.kinds.clone(),
            clock: Arc::new(SystemClock),
        };
        let config = Config { worker: Some(worker), schedule: role == Role::Server };
        Ok(Running { engine: Engine::start(deps, config).await?, _alone: alone })
    }
}

/// Opens the plugins of a folder.
pub(crate) async fn open_plugins(dir: PathBuf) -> Result<Arc<Host>, Fault> {
    let host = Host::open(plugin_host::HostConfig::new(dir)).await;
    Ok(Arc::new(host.map_err(|error| *error.fault)?))
}

/// The lock of the data folder, or none where another process has it.
fn lock_alone(dir: &std::path::Path) -> Result<Option<File>, Fault> {
    let path = dir.join("worker.lock");
    let cannot = |error: std::io::Error| {
        Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be locked: {error}", path.display()))
    };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}
