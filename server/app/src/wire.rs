//! Builds everything by hand, top to bottom. The only place that names every crate.

use crate::facts;
use crate::failure::Failure;
use crate::kinds::Kinds;
use crate::opener::Connectors;
use crate::registry::Registry;
use crate::settings::Settings;
use crate::shelf::Shelf;
use crate::translator::FirstParty;
use crate::trials::Trials;
use connectors::file::LocalFiles;
use connectors::http::{Client, ClientOptions};
use data::{Connections, Opener};
use engine::plan::Plan;
use engine::ports::{Dispatch, RunStore, SystemClock};
use engine::{Config, Deps, Engine, WorkerConfig};
use model::run::{LogLevel, LogLine};
use model::{ErrorCode, Fault, RunId, StepId};
use plugin_host::{Host, HostConfig, LogSink, PluginLine};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use steps::route::Route;
use steps::{Catalog, Runner, Stores};
use store::Database;
use store::dispatch::{MemoryDispatch, RedisDispatch};
use store::secrets::Keyring;
use workbench::anomalies::Anomalies;
use workbench::audit::Audit;
use workbench::console::Console;
use workbench::diffs::KeptDiffs;
use workbench::people::People;
use workbench::server::ServerCare;
use workbench::{AlertDesk, ChannelCare, ConnectionBook, ConnectionCare, Environment, Tables, Translations, Workbench};

/// What is there before anything runs.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) database: Arc<Database>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) audit: Audit,
    pub(crate) people: People,
    pub(crate) plugins: Arc<Host>,
    pub(crate) translator: Arc<FirstParty>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) connections: Arc<ConnectionCare>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) alerts: AlertDesk,
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
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let dir = settings.make_data_dir()?;
        let database = Arc::new(Database::open(&settings.metadata_url()).await.map_err(Fault::from)?);
        let keyring = Arc::new(Keyring::load(&dir.join("key")).map_err(Fault::from)?);
        let audit = Audit::open(database.clone(), dir)?;
        let people = People::new(database.clone());
        let plugins = open_plugins(settings, &dir.join("plugins"), Some(plugin_log(database.clone())))?;
        let client = http_client(settings)?;
        let files = LocalFiles::new(client.clone(), make_dir(dir.join("spool"))?);
        let catalog = catalog(settings, files)?;
        let kinds = Arc::new(Kinds::new(Arc::new(catalog), Some(plugins.clone())));
        let opener: Arc<dyn Opener> = Arc::new(Connectors::new(settings.connection_gate()?, dir));
        let environment = Environment::read(variables(), opener.as_ref());
        let book = Arc::new(ConnectionBook::new(database.clone(), keyring.clone(), environment));
        let records = (database.clone(), keyring.clone());
        let translator = Arc::new(FirstParty::new(plugins.clone()));
        let registry = Registry::new((book.clone(), opener.clone()), records, plugins.clone(), client, settings)?;
        plugins.connect_with(&(registry.clone() as Arc<dyn Connections>));
        let connections = Arc::new(ConnectionCare::new(book, opener, registry.clone()));
        let alerts = AlertDesk::new(database.clone(), registry.clone());
        let settings = settings.clone();
        Ok(Self {
            settings,
            database,
            keyring,
            audit,
            people,
            plugins,
            translator,
            registry,
            connections,
            kinds,
            alerts,
        })
    }

    /// Says what of the environment makes no connection; it stops nothing.
    pub(crate) fn tell_environment_faults(&self) {
        for fault in self.connections.environment_faults() {
            eprintln!("warning: {} [{}]", fault.message, fault.code);
        }
    }

    /// What people do by hand.
    pub(crate) fn workbench(&self) -> Workbench {
        let pools: Arc<dyn Connections> = self.registry.clone();
        let (database, book) = (self.database.clone(), self.connections.book());
        let console = Console::new(database, book, pools.clone(), self.settings.console_bounds());
        let tables = Tables::new(pools.clone(), self.database.clone());
        let anomalies = Anomalies::new(self.database.clone());
        let translations = Translations::new(self.translator.clone(), pools.clone());
        let channels = ChannelCare::new(self.database.clone(), self.keyring.clone(), pools.clone());
        let (alerts, connections, diffs) = (self.alerts.clone(), self.connections.clone(), KeptDiffs::default());
        let plugins = Arc::new(Shelf::new(self.plugins.clone()));
        let server = ServerCare::new(self.database.clone(), self.keyring.clone(), facts::of_all(&self.settings));
        let (audit, people) = (self.audit.clone(), self.people.clone());
        Workbench {
            pools,
            connections,
            console,
            tables,
            anomalies,
            audit,
            people,
            translations,
            diffs,
            alerts,
            channels,
            plugins,
            artifacts: self.database.clone(),
            trials: Arc::new(Trials::new(self.runner(self.settings.files()))),
            server,
        }
    }

    /// What wakes workers.
    pub(crate) async fn dispatch(&self) -> Result<Arc<dyn Dispatch>, Fault> {
        Ok(match &self.settings.dispatch_url {
            Some(url) => Arc::new(RedisDispatch::start(url, "sluice").map_err(Fault::from)?),
            None => Arc::new(MemoryDispatch::new()),
        })
    }

    /// What runs steps; files of workflows lie in `files`.
    pub(crate) fn runner(&self, files: PathBuf) -> Runner {
        Runner {
            connections: self.registry.clone(),
            plugins: self.plugins.clone(),
            translator: self.translator.clone(),
            table_logs: self.database.clone(),
            artifacts: self.database.clone(),
            files,
            data_dir: self.settings.data_dir.clone(),
            watch: self.database.clone(),
            alerts: Arc::new(self.alerts.clone()),
            catalog: self.kinds.catalog(),
        }
    }

    /// What a document means, or all that is wrong with it.
    pub(crate) fn plan(&self, text: &str) -> Result<Plan, Vec<Fault>> {
        engine::plan::check(text, self.kinds.as_ref())
    }

    /// Starts the engine in the given role; files of workflows lie in `files`.
    pub(crate) async fn start(&self, role: Role, files: PathBuf) -> Result<Running, Fault> {
        self.tell_environment_faults();
        let dir = &self.settings.data_dir;
        let runner = self.runner(files);
        // Whoever holds the lock of an embedded data folder knows that tasks left leased are nobody's.
        let alone = if self.settings.metadata_url.is_none() { lock_alone(dir)? } else { None };
        clear_answers(&dir.join("spool"), alone.is_some());
        // A process that ends with its run leaves what is due later to those that stay.
        if role != Role::Once {
            self.alerts.keep_delivering(alone.is_some());
        }
        let mut worker = WorkerConfig::new(&format!("worker-{}", model::TaskId::generate()));
        worker.alone = alone.is_some();
        let deps = Deps {
            store: self.database.clone() as Arc<dyn RunStore>,
            dispatch: self.dispatch().await?,
            runner: Arc::new(runner),
            catalog: self.kinds.clone(),
            clock: Arc::new(SystemClock),
        };
        let config = Config { worker: Some(worker), schedule: role == Role::Server };
        Ok(Running { engine: Engine::start(deps, config).await?, _alone: alone })
    }
}

/// The step kinds for a check that runs nothing: those of this binary and of the plugins in `dir`, if there are any.
pub(crate) fn kinds_only(settings: &Settings, dir: &Path) -> Result<Kinds, Failure> {
    let files = LocalFiles::new(http_client(settings)?, PathBuf::new());
    let plugins = if dir.is_dir() { Some(open_plugins(settings, dir, None)?) } else { None };
    Ok(Kinds::new(Arc::new(catalog(settings, files)?), plugins))
}

/// The step kinds of this binary; `route` follows the server's stores where it has some.
fn catalog(settings: &Settings, files: LocalFiles) -> Result<Catalog, Failure> {
    let catalog = Catalog::new(Arc::new(files));
    let path = settings.stores_file.clone().unwrap_or_else(|| settings.data_dir.join("stores.yaml"));
    let text = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && settings.stores_file.is_none() => {
            return Ok(catalog);
        }
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}", path.display());
            return Err(Fault::new(ErrorCode::FileNotFound, message).hint("Check `--stores-file`.").into());
        }
    };
    let name = path.display().to_string();
    let text = model::tree::decode(&text, &model::tree::Limits::default())
        .map_err(|fault| Failure::in_document(&name, vec![fault]))?;
    let stores = Stores::parse(text).map_err(|faults| Failure::in_document(&name, faults))?;
    Ok(catalog.with(Arc::new(Route::following(Arc::new(stores)))))
}

pub(crate) fn http_client(settings: &Settings) -> Result<Client, Fault> {
    let options = ClientOptions { rules: settings.address_rules()?, ..ClientOptions::default() };
    Client::new(options).map_err(|error| *error.fault)
}

/// Opens the plugins of a folder.
pub(crate) fn open_plugins(settings: &Settings, dir: &Path, log: Option<LogSink>) -> Result<Arc<Host>, Fault> {
    let config = HostConfig { log, trust: settings.plugin_trust()?, ..HostConfig::new(dir) };
    Ok(Arc::new(Host::open(config).map_err(|error| *error.fault)?))
}

/// Puts plugins' lines into the log of the run they work for.
fn plugin_log(database: Arc<Database>) -> LogSink {
    let runtime = tokio::runtime::Handle::current();
    Arc::new(move |line: &PluginLine<'_>| {
        // The key begins with run and step; a call from the command line has neither.
        let mut key = line.key.split('/');
        let Some(run) = key.next().and_then(|run| run.parse::<RunId>().ok()) else { return };
        let step = key.next().and_then(|step| StepId::new(step.split(['#', ':']).next().unwrap_or(step)));
        let facts: String = line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        let kept = LogLine {
            at: chrono::Utc::now(),
            step,
            level: level_of(line.level),
            message: format!("{}: {}{facts}", line.plugin, line.message),
        };
        let database = database.clone();
        runtime.spawn(async move {
            if let Err(error) = database.append_logs(run, vec![kept]).await {
                tracing::warn!(run.id = %run, %error, "a plugin's log line was lost");
            }
        });
    })
}

fn level_of(level: tracing::Level) -> LogLevel {
    match level {
        tracing::Level::ERROR => LogLevel::Error,
        tracing::Level::WARN => LogLevel::Warn,
        tracing::Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// The environment, but for what is not text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn make_dir(dir: PathBuf) -> Result<PathBuf, Fault> {
    std::fs::create_dir_all(&dir)
        .map_err(|error| Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be made: {error}", dir.display())))?;
    Ok(dir)
}

/// Removes downloaded answers that a killed process left behind: all where no other process works here, else old ones.
fn clear_answers(spool: &Path, alone: bool) {
    const OLD: Duration = Duration::from_secs(24 * 3600);
    for entry in std::fs::read_dir(spool).into_iter().flatten().flatten() {
        let is_answer = entry.file_name().to_string_lossy().starts_with("answer-");
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let is_old = modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > OLD);
        if is_answer && (alone || is_old) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The lock of the data folder, or none where another process has it.
fn lock_alone(dir: &Path) -> Result<Option<File>, Fault> {
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
