//! The host: installs plugins, keeps them ready, and opens them by name.

use crate::bindings::exports::sluice::plugin::{channel, sink, source, transform, translator};
use crate::capability::dev;
use crate::capability::http::Web;
use crate::capability::kv::Kv;
use crate::capability::names::{Names, SystemNames};
use crate::capability::sql::Registry;
use crate::capability::wasi::{self, Wasi};
use crate::channel::PluginChannel;
use crate::compile::{Compiler, custom_section};
use crate::component::Component;
use crate::grants::Grants;
use crate::health::{Health, HealthBook, KeptLine, PluginHealth};
use crate::info::PluginInfo;
use crate::library::{Current, Installed, Library};
use crate::limits::{Limits, Meter};
use crate::manifest::{Manifest, PluginKind, check_contract, invalid};
use crate::package::{Entry, Package, read_bounded};
use crate::program::Program;
use crate::renewal::{RenewingSource, RenewingTransformer};
use crate::script::Script;
use crate::signature::Trust;
use crate::state::{LocalSecrets, LogSink, Secrets, State};
use crate::translator::PluginTranslator;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Channel, Checkpoint, Connections, Error, Plugins, Result, Sink, Source, Transformer};
use model::ErrorCode;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;
use wasmtime::component::{HasSelf, Linker, ResourceTable};

/// How the host is set up.
#[derive(Clone)]
pub struct HostConfig {
    /// Where plugins, their memory and the compiled cache are kept.
    pub dir: PathBuf,
    /// What one call may use.
    pub limits: Limits,
    /// Where the values of granted secrets come from; [`LocalSecrets`] unless told otherwise.
    pub secrets: Arc<dyn Secrets>,
    /// Where plugins' log lines go besides the server's own log.
    pub log: Option<LogSink>,
    /// Whose signatures of archives count.
    pub trust: Trust,
    /// How names are looked up; [`SystemNames`] unless told otherwise.
    pub names: Arc<dyn Names>,
}

impl HostConfig {
    /// The defaults, below `dir`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            limits: Limits::default(),
            secrets: Arc::new(LocalSecrets),
            log: None,
            trust: Trust::default(),
            names: Arc::new(SystemNames),
        }
    }
}

/// The installed plugins, ready to be opened. Cloning is cheap.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    limits: Limits,
    secrets: Arc<dyn Secrets>,
    log: Option<LogSink>,
    trust: Trust,
    library: Library,
    compiler: Compiler,
    linker: Linker<State>,
    web: Arc<Web>,
    registry: Arc<Registry>,
    ready: Mutex<HashMap<String, Ready>>,
    health: HealthBook,
    /// One compilation at a time: each takes memory, and two of the same plugin are one too many.
    compiling: tokio::sync::Mutex<()>,
}

/// A plugin as it was opened last, and what decides whether it still is that one.
struct Ready {
    /// The text of its `current.json`: while it is the same, nothing else is read.
    text: Vec<u8>,
    digest: String,
    grants: Grants,
    opener: Opener,
}

/// A plugin ready to be opened, and what its instances need.
#[derive(Clone)]
pub(crate) struct Opener {
    pub(crate) program: Arc<dyn Program>,
    pub(crate) manifest: Arc<Manifest>,
    grants: Arc<Grants>,
    host: Weak<Inner>,
    kv: Arc<Kv>,
    health: Arc<Health>,
}

impl Opener {
    /// Only secrets that the manifest asks for reach an instance.
    fn asked(
        &self,
        mut secrets: serde_json::Map<String, serde_json::Value>,
    ) -> serde_json::Map<String, serde_json::Value> {
        secrets.retain(|name, _| self.manifest.capabilities.secrets.contains(name));
        secrets
    }

    /// What an instance for one call of the server has.
    pub(crate) fn state(&self, call: PluginCall) -> Result<State> {
        let closed = || Error::permanent(ErrorCode::Internal, "the plugin host was closed");
        let host = self.host.upgrade().ok_or_else(closed)?;
        self.health.opened();
        let settings = if call.settings.is_null() { "{}".to_owned() } else { call.settings.to_string() };
        Ok(State {
            plugin: self.manifest.name.as_str().into(),
            key: call.idempotency_key,
            settings,
            grants: self.grants.clone(),
            given: self.asked(call.secrets),
            meter: Meter::new(host.limits.clone()),
            resources: ResourceTable::new(),
            web: host.web.clone(),
            kv: self.kv.clone(),
            secrets: host.secrets.clone(),
            log: host.log.clone(),
            started: Instant::now(),
            connections: 0,
            registry: host.registry.clone(),
            statements: 0,
            last_error: None,
            wasi: Wasi::default(),
            health: self.health.clone(),
        })
    }
}

impl Host {
    /// Opens the folder of plugins; compiles nothing yet.
    ///
    /// # Errors
    /// `disk_failed` when the folder cannot be used.
    pub fn open(config: HostConfig) -> Result<Self> {
        let HostConfig { dir, limits, secrets, log, trust, names } = config;
        let library = Library::open(dir.join("plugins"))?;
        let compiler = Compiler::new(dir.join("compiled"))?;
        let mut linker = Linker::new(compiler.engine());
        add_imports(&mut linker).map_err(|error| Error::permanent(ErrorCode::Internal, error.to_string()))?;
        let inner = Inner {
            limits,
            secrets,
            log,
            trust,
            library,
            compiler,
            linker,
            web: Arc::new(Web::new(names)),
            registry: Arc::new(Registry::new()),
            ready: Mutex::new(HashMap::new()),
            health: HealthBook::default(),
            compiling: tokio::sync::Mutex::new(()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Says where the connections are that plugins may be granted; only the first to say so counts. They may hold the host.
    pub fn connect_with(&self, connections: &Arc<dyn Connections>) {
        let _ = self.inner.registry.set(Arc::downgrade(connections));
    }

    /// Installs the plugin in `folder` (`plugin.toml`, `plugin.wasm`) and grants it `grants`; see [`Host::install_package`].
    ///
    /// # Errors
    /// As for [`Host::install_package`], and `file_not_found`.
    pub async fn install(&self, folder: &Path, grants: Grants) -> Result<PluginInfo> {
        let package = Package::from_folder(folder, self.inner.limits.component)?;
        self.install_package(package, Some(grants)).await
    }

    /// How large a component may be.
    #[must_use]
    pub fn component_limit(&self) -> u64 {
        self.inner.limits.component
    }

    /// Installs a version of a plugin and puts it to use; the one before stays in use until this one has been checked and
    /// compiled, and is kept. Without `grants` it gets those of the version before, as far as it asks for them and was signed
    /// by the same key.
    ///
    /// # Errors
    /// `plugin_invalid` when manifest, component or signature are refused, `capability_denied` when more is granted than asked.
    pub async fn install_package(&self, package: Package, grants: Option<Grants>) -> Result<PluginInfo> {
        let inner = self.inner.clone();
        let _one = self.inner.compiling.lock().await;
        let work = move || -> Result<PluginInfo> {
            let manifest = package.parse_manifest()?;
            let signed_by = package.signed_by(&inner.trust)?;
            if package.code.len() as u64 > inner.limits.component {
                let (name, size, limit) = (package.entry.file_name(), package.code.len(), inner.limits.component);
                return Err(invalid(format!("`{name}` has {size} bytes; at most {limit} are allowed")));
            }
            let grants = match grants {
                Some(grants) => grants,
                None => match inner.library.find(&manifest.name).ok().flatten() {
                    Some(before) if before.current.signed_by == signed_by => {
                        before.current.grants.asked(&manifest.capabilities)
                    }
                    _ => Grants::default(),
                },
            };
            check_grants(&manifest, &grants)?;
            inner.prepare(&manifest, package.entry, &package.code)?;
            let digest = inner.library.add(&manifest.name, &package.manifest, package.entry, &package.code)?;
            let current = Current { digest, grants, signed_by, others: Vec::new() };
            let current = inner.library.upgrade(&manifest.name, &manifest.version, current)?;
            Ok(PluginInfo::new(&Installed { manifest, current, entry: package.entry, code: PathBuf::new() }))
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::permanent(ErrorCode::Internal, error.to_string()))?
    }

    /// Puts an earlier version to use again: the one before, or that of the given number.
    ///
    /// # Errors
    /// `plugin_not_found` where there is no such plugin or version.
    pub fn roll_back(&self, name: &str, to: Option<&str>) -> Result<PluginInfo> {
        let installed = self.inner.library.roll_back(name, to)?.ok_or_else(|| self.not_found(name))?;
        Ok(PluginInfo::new(&installed))
    }

    /// All installed plugins, by name. One that cannot be read is left out and logged.
    ///
    /// # Errors
    /// `disk_failed` when the folder cannot be listed.
    pub fn list(&self) -> Result<Vec<PluginInfo>> {
        let mut plugins = Vec::new();
        for name in self.inner.library.names()? {
            match self.inner.library.find(&name) {
                Ok(Some(installed)) => plugins.push(PluginInfo::new(&installed)),
                Ok(None) => {}
                Err(error) => tracing::warn!(plugin.id = name, %error, "an installed plugin cannot be read"),
            }
        }
        Ok(plugins)
    }

    /// The plugin of that name, if one is installed.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<PluginInfo>> {
        Ok(self.inner.library.find(name)?.as_ref().map(PluginInfo::new))
    }

    /// The plugin of that name.
    ///
    /// # Errors
    /// `plugin_not_found` with the names of those that are installed.
    pub fn get(&self, name: &str) -> Result<PluginInfo> {
        self.find(name)?.ok_or_else(|| self.not_found(name))
    }

    /// Replaces what a plugin is granted; instances under way keep what they had.
    ///
    /// # Errors
    /// `plugin_not_found`, or `capability_denied` when more is granted than the plugin asks for.
    pub fn grant(&self, name: &str, grants: Grants) -> Result<PluginInfo> {
        let mut installed = self.inner.library.find(name)?.ok_or_else(|| self.not_found(name))?;
        if name.contains('@') {
            let message = format!("grants are given to the version in use, not to `{name}`");
            return Err(Error::permanent(ErrorCode::InvalidValue, message)
                .hint("Roll back to that version first, or grant when you install it."));
        }
        check_grants(&installed.manifest, &grants)?;
        installed.current.grants = grants;
        self.inner.library.set_current(name, &installed.current)?;
        Ok(PluginInfo::new(&installed))
    }

    /// Removes a plugin with all its versions, its grants and its memory; `name@1.2.3` is that version alone, which must not
    /// be the one in use.
    ///
    /// # Errors
    /// `plugin_not_found`.
    pub fn remove(&self, name: &str) -> Result<()> {
        if let Some((name, version)) = name.split_once('@') {
            if self.inner.library.remove_version(name, version)? {
                return Ok(());
            }
            let message = format!("plugin `{name}` has no version `{version}` that is not in use");
            let hint =
                "`sluice plugin list` shows the versions; the one in use is removed after a rollback or an upgrade.";
            return Err(Error::permanent(ErrorCode::PluginNotFound, message).hint(hint));
        }
        self.inner.library.find(name)?.ok_or_else(|| self.not_found(name))?;
        self.inner.ready.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.inner.health.forget(name);
        self.inner.library.remove(name)
    }

    /// The installed translator of that name, kept for many calls.
    ///
    /// # Errors
    /// As for [`Plugins::open_source`].
    pub async fn translator(&self, plugin: &str) -> Result<PluginTranslator> {
        Ok(PluginTranslator::new(self.opener(plugin).await?))
    }

    /// The translator in a folder (`plugin.toml`, `plugin.wasm`) that came with the server: not installed, granted nothing.
    ///
    /// # Errors
    /// As for [`Host::install`].
    pub async fn translator_in(&self, folder: &Path) -> Result<PluginTranslator> {
        let (inner, folder) = (self.inner.clone(), folder.to_owned());
        let _one = self.inner.compiling.lock().await;
        let work = move || -> Result<(Manifest, Arc<dyn Program>)> {
            let text = String::from_utf8(read_bounded(&folder.join("plugin.toml"), 1 << 20)?)
                .map_err(|_| invalid("`plugin.toml` is not UTF-8 text"))?;
            let manifest = Manifest::parse(&text)?;
            let component = read_bounded(&folder.join("plugin.wasm"), inner.limits.component)?;
            let program = inner.prepare(&manifest, Entry::Component, &component)?;
            Ok((manifest, program))
        };
        let (manifest, program) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Error::permanent(ErrorCode::Internal, error.to_string()))??;
        Ok(PluginTranslator::new(self.opener_of(manifest, Grants::default(), program)))
    }

    /// How an installed plugin has fared since this host was opened, all its versions together.
    #[must_use]
    pub fn health(&self, name: &str) -> PluginHealth {
        self.inner.health.find(name).map(|health| health.counts()).unwrap_or_default()
    }

    /// The last lines that an installed plugin has logged, newest first: of that level or graver, before the line of the
    /// number `before`.
    #[must_use]
    pub fn logs(&self, name: &str, level: tracing::Level, before: Option<u64>, most: usize) -> Vec<KeptLine> {
        self.inner.health.find(name).map(|health| health.lines(level, before, most)).unwrap_or_default()
    }

    /// The capabilities that an installed plugin uses, by the names of the contract's interfaces.
    pub(crate) async fn uses(&self, plugin: &str) -> Result<Vec<String>> {
        Ok(self.opener(plugin).await?.program.uses())
    }

    fn opener_of(&self, manifest: Manifest, grants: Grants, program: Arc<dyn Program>) -> Opener {
        // All versions share one memory, and one health.
        let memory = self.inner.library.memory(&manifest.name);
        Opener {
            program,
            health: self.inner.health.of(&manifest.name),
            manifest: Arc::new(manifest),
            grants: Arc::new(grants),
            host: Arc::downgrade(&self.inner),
            kv: Arc::new(Kv::new(memory)),
        }
    }

    fn not_found(&self, name: &str) -> Error {
        let shown = crate::capability::always::clean(name, 128);
        let names = self.inner.library.names().unwrap_or_default();
        let hint = if names.is_empty() {
            "No plugin is installed; install one with `sluice plugin install FOLDER`.".to_owned()
        } else {
            format!("Installed are: {}.", names.join(", "))
        };
        Error::permanent(ErrorCode::PluginNotFound, format!("plugin `{shown}` is not installed")).hint(hint)
    }

    /// The plugin ready to be instantiated, compiled where it was not yet.
    pub(crate) async fn opener(&self, name: &str) -> Result<Opener> {
        let name = name.strip_prefix("plugin/").unwrap_or(name);
        // Another process may have installed or granted since, so the disk decides.
        let text = self.inner.library.current_text(name)?.ok_or_else(|| self.not_found(name))?;
        let ready = || self.inner.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = ready().get(name).filter(|ready| ready.text == text) {
            return Ok(ready.opener.clone());
        }
        let _one = self.inner.compiling.lock().await;
        let installed = self.inner.library.find(name)?.ok_or_else(|| self.not_found(name))?;
        let Current { digest, grants, .. } = installed.current.clone();
        let is_same = |ready: &&mut Ready| ready.digest == digest && ready.grants == grants;
        if let Some(ready) = ready().get_mut(name).filter(is_same) {
            ready.text = text;
            return Ok(ready.opener.clone());
        }
        let (inner, health) = (self.inner.clone(), self.inner.health.of(&installed.manifest.name));
        let work = move || -> Result<(Manifest, Arc<dyn Program>)> {
            let code = read_bounded(&installed.code, u64::MAX)?;
            let program = inner.prepare(&installed.manifest, installed.entry, &code)?;
            Ok((installed.manifest, program))
        };
        let prepared = meter::spawn_blocking(work)
            .await
            .map_err(|error| Error::permanent(ErrorCode::Internal, error.to_string()))?;
        let (manifest, program) = prepared.inspect_err(|error| health.failed(error))?;
        let opener = self.opener_of(manifest, grants.clone(), program);
        // Were it replaced meanwhile, the text would be another one, and the next call would look again.
        ready().insert(name.to_owned(), Ready { text, digest, grants, opener: opener.clone() });
        Ok(opener)
    }
}

impl Inner {
    /// Compiles the code and holds it against its manifest.
    fn prepare(&self, manifest: &Manifest, entry: Entry, code: &[u8]) -> Result<Arc<dyn Program>> {
        Ok(match entry {
            Entry::Component => Arc::new(self.prepare_component(manifest, code)?),
            Entry::Script => Arc::new(Script::compile(manifest, code)?),
        })
    }

    fn prepare_component(&self, manifest: &Manifest, component: &[u8]) -> Result<Component> {
        let name = &manifest.name;
        if let Some(contract) = custom_section(component, "sluice:contract") {
            check_contract(name, &String::from_utf8_lossy(contract))?;
        }
        let compiled = self.compiler.load(name, component)?;
        let (_, source) = dev::split(component);
        check_imports(manifest, &compiled, self.compiler.engine(), source.is_some())?;
        let mut linker = self.linker.clone();
        if let Some(source) = source {
            dev::add_to_linker(&mut linker, source)?;
        }
        let linked = wasi::add_to_linker(&mut linker, &compiled, self.compiler.engine());
        let pre = linked.and_then(|()| linker.instantiate_pre(&compiled)).map_err(|error| {
            let why = crate::capability::always::clean(&error.root_cause().to_string(), 300);
            invalid(format!("plugin `{name}` does not fit contract {}: {why}", manifest.contract))
                .hint("Build it against the WIT files of that contract.")
        })?;
        let lacks = |kind: PluginKind, error: wasmtime::Error| {
            let why = crate::capability::always::clean(&error.root_cause().to_string(), 300);
            invalid(format!("plugin `{name}` says it is a {}, but its component does not fit: {why}", kind.as_str()))
                .hint("Make `kinds` in `plugin.toml` and the exports of the component agree.")
        };
        macro_rules! indices {
            ($kind:ident, $module:ident) => {
                match manifest.kinds.contains(&PluginKind::$kind) {
                    true => Some($module::GuestIndices::new(&pre).map_err(|error| lacks(PluginKind::$kind, error))?),
                    false => None,
                }
            };
        }
        let bare = |import: &str| Some(import.strip_prefix("sluice:plugin/")?.split('@').next()?.to_owned());
        let imports = compiled.component_type();
        let uses = imports.imports(self.compiler.engine()).filter_map(|(import, _)| bare(import)).collect();
        Ok(Component {
            uses,
            source: indices!(Source, source),
            sink: indices!(Sink, sink),
            transform: indices!(Transform, transform),
            channel: indices!(Channel, channel),
            translator: indices!(Translator, translator),
            manifest: manifest.clone(),
            pre,
        })
    }
}

fn add_imports(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use crate::bindings::sluice::plugin::{clock, config, http, kv, log, progress, redis, secret, sql, tcp, types};
    types::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    config::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    progress::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    secret::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    clock::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    kv::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tcp::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    sql::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    redis::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// A component imports no more than its manifest asks for; names are compared, since an empty instance links silently.
fn check_imports(
    manifest: &Manifest,
    component: &wasmtime::component::Component,
    engine: &wasmtime::Engine,
    has_source: bool,
) -> Result<()> {
    let name = &manifest.name;
    let asks = &manifest.capabilities;
    for (import, _) in component.component_type().imports(engine) {
        let shown = crate::capability::always::clean(import, 128);
        if wasi::serves(import) {
            continue;
        }
        let Some((interface, version)) = import.strip_prefix("sluice:plugin/").and_then(|rest| rest.split_once('@'))
        else {
            return Err(invalid(format!("plugin `{name}` imports `{shown}`, which is not part of the contract"))
                .hint("Build it with `sluice plugin build`, against the WIT files of the contract."));
        };
        check_contract(name, version)?;
        let asked = match interface {
            "types" | "log" | "config" | "progress" => true,
            "http" => !asks.http.is_empty(),
            "secret" => !asks.secrets.is_empty(),
            "clock" => asks.clock,
            "kv" => asks.kv,
            "tcp" => !asks.tcp.is_empty(),
            "sql" => !asks.sql.is_empty(),
            "redis" => !asks.redis.is_empty(),
            dev::IMPORT if has_source => true,
            _ => {
                return Err(invalid(format!("plugin `{name}` imports `{shown}`, which this server's contract lacks"))
                    .hint("Install a newer server, or a version of the plugin for this contract."));
            }
        };
        if !asked {
            return Err(invalid(format!(
                "plugin `{name}` uses capability `{interface}`, but its manifest does not ask for it"
            ))
            .hint(format!("Add `{interface}` under `[capabilities]` in `plugin.toml`.")));
        }
    }
    Ok(())
}

/// Nothing is granted that the plugin does not ask for: it would only mislead whoever reads the grants.
fn check_grants(manifest: &Manifest, grants: &Grants) -> Result<()> {
    let (name, asks) = (&manifest.name, &manifest.capabilities);
    let unasked = if !grants.http.is_empty() && asks.http.is_empty() {
        Some("capability `http`".to_owned())
    } else if !grants.tcp.is_empty() && asks.tcp.is_empty() {
        Some("capability `tcp`".to_owned())
    } else if grants.clock && !asks.clock {
        Some("capability `clock`".to_owned())
    } else if grants.kv && !asks.kv {
        Some("capability `kv`".to_owned())
    } else if let Some(name) = grants.sql.keys().find(|name| !asks.sql.contains(name)) {
        Some(format!("`sql` connection `{}`", crate::capability::always::clean(name, 64)))
    } else if let Some(name) = grants.redis.keys().find(|name| !asks.redis.contains(name)) {
        Some(format!("`redis` connection `{}`", crate::capability::always::clean(name, 64)))
    } else {
        let unknown = grants.secrets.keys().find(|secret| !asks.secrets.contains(secret));
        unknown.map(|secret| format!("secret `{}`", crate::capability::always::clean(secret, 64)))
    };
    match unasked {
        None => Ok(()),
        Some(what) => {
            let message = format!("plugin `{name}` does not ask for {what}, so it cannot be granted");
            Err(Error::permanent(ErrorCode::CapabilityDenied, message)
                .hint(format!("See what it asks for with `sluice plugin info {name}`.")))
        }
    }
}

#[async_trait]
impl Plugins for Host {
    async fn open_source(
        &self,
        plugin: &str,
        call: PluginCall,
        resume_at: Option<Checkpoint>,
    ) -> Result<Box<dyn Source>> {
        let opener = self.opener(plugin).await?;
        Ok(Box::new(RenewingSource::open(opener, call, resume_at).await?))
    }

    async fn open_sink(&self, plugin: &str, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn Sink>> {
        let opener = self.opener(plugin).await?;
        let sink: Box<dyn Sink> = opener.program.open_sink(&opener, call, schema).await?;
        Ok(sink)
    }

    async fn open_transform(&self, plugin: &str, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn Transformer>> {
        let opener = self.opener(plugin).await?;
        if opener.manifest.stateless {
            return Ok(Box::new(RenewingTransformer::open(opener, call, schema).await?));
        }
        Ok(opener.program.open_transform(&opener, call, schema).await?)
    }

    async fn open_channel(&self, plugin: &str, call: PluginCall) -> Result<Arc<dyn Channel>> {
        let opener = self.opener(plugin).await?;
        Ok(Arc::new(PluginChannel::new(opener, call)?))
    }
}
