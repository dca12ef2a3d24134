//! The conformance suite: holds a built plugin against the contract and says line by line what was tried, what came of
//! it and how to mend it. `sluice plugin check` prints its report; the tests hold every first-party plugin against it.
//!
//! A plugin runs here as on a server, by [`Host`] itself, with what it asks for granted and stand-ins behind it:
//! [`Stub`] answers its requests as its `check.toml` ([`Setup`]) lays out. Whether a plugin does what its service wants is
//! for its own tests; here it is told whether a server can rely on it.

mod channel;
mod manifest;
mod peer;
mod rows;
mod setup;
mod sink;
mod source;
mod stand_in;
mod stub;
mod transform;
mod translator;

use crate::grants::{ConnectionGrant, Grants};
use crate::host::{Host, HostConfig};
use crate::limits::Limits;
use crate::manifest::{Manifest, PluginKind};
use data::registry::PluginCall;
use data::{Connections, Error};
use model::ErrorCode;
use peer::Peers;
use serde::Serialize;
use serde_json::{Map, Value};
use setup::Setup;
use stand_in::StandIns;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stub::{Mode, Stub};

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As the contract wants it.
    Passed,
    /// Not so.
    Failed,
    /// Not tried; `why` says what is missing for it.
    Skipped,
}

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its name: `source.resume`.
    pub check: String,
    /// What was tried.
    pub tried: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// What the suite found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The plugin's name, as far as its manifest could be read.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Whether no line failed.
    pub passed: bool,
    /// What was tried, in order.
    pub lines: Vec<Line>,
}

/// Holds the plugin in `folder` (`plugin.toml`, `plugin.wasm` or `plugin.rhai`, and `check.toml` where it has one) against the contract.
///
/// # Errors
/// When the suite itself cannot run: no temporary folder, no free port. What is wrong with the plugin is in the report.
pub async fn check(folder: &Path) -> Result<Report, Error> {
    let mut lines = Lines::default();
    let (plugin, version) = match manifest::read(folder, &mut lines) {
        None => (String::new(), String::new()),
        Some(manifest) => {
            let named = (manifest.name.clone(), manifest.version.clone());
            run(folder, manifest, &mut lines).await?;
            named
        }
    };
    let passed = lines.0.iter().all(|line| line.outcome != Outcome::Failed);
    Ok(Report { plugin, version, passed, lines: lines.0 })
}

async fn run(folder: &Path, manifest: Manifest, lines: &mut Lines) -> Result<(), Error> {
    let Some(setup) = setup::read(folder, &manifest, lines) else { return Ok(()) };
    let stub = Stub::start(setup.http.clone()).await.map_err(|error| failed("no port is free", &error))?;
    let dir = tempfile::tempdir().map_err(|error| failed("no temporary folder can be made", &error))?;
    // Half of what a server gives: a plugin that passes has room.
    let limits = Limits {
        memory: 128 << 20,
        compute: Duration::from_secs(10),
        time: Duration::from_secs(20),
        http: Duration::from_secs(5),
        ..Limits::default()
    };
    let peers = Peers::start(&setup.tcp, &stub.shared()).await.map_err(|error| failed("no port is free", &error))?;
    let host = Host::open(HostConfig { limits, names: Arc::new(peers), ..HostConfig::new(dir.path()) })?;
    let stand_ins: Arc<dyn Connections> =
        Arc::new(StandIns { shared: stub.shared(), queries: setup.sql.clone(), commands: setup.redis.clone() });
    host.connect_with(&stand_ins);
    let suite = Suite { host, manifest, setup, stub, _stand_ins: stand_ins };
    if let Err(error) = suite.host.install(folder, suite.grants()).await {
        let mend = error.fault.hint.clone().unwrap_or_else(|| "Build it again with `sluice plugin build`.".to_owned());
        let tried = "compiles the component and compares its imports and exports with the manifest";
        lines.add("component", tried, Verdict::fail(error.fault.message.clone(), mend));
        return Ok(());
    }
    lines.add("component", "compiles the component and compares its exports with `kinds`", Verdict::pass());
    manifest::look_at_code(&suite, lines).await?;
    for kind in suite.manifest.kinds.clone() {
        match kind {
            PluginKind::Source => source::check(&suite, lines).await,
            PluginKind::Sink => sink::check(&suite, lines).await,
            PluginKind::Transform => transform::check(&suite, lines).await,
            PluginKind::Channel => channel::check(&suite, lines).await,
            PluginKind::Translator => translator::check(&suite, lines).await,
        }
    }
    Ok(())
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::permanent(ErrorCode::DiskFailed, format!("the suite cannot run: {what}: {error}"))
}

/// The lines so far.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, check: impl Into<String>, tried: impl Into<String>, verdict: Verdict) {
        let (outcome, why, mend) = match verdict {
            Verdict::Pass(note) => (Outcome::Passed, note, None),
            Verdict::Fail { why, mend } => (Outcome::Failed, Some(why), Some(mend)),
            Verdict::Skip { why, mend } => (Outcome::Skipped, Some(why), Some(mend)),
        };
        self.0.push(Line { check: check.into(), tried: tried.into(), outcome, why, mend });
    }
}

/// What came of one check, and what to say about it.
enum Verdict {
    Pass(Option<String>),
    Fail { why: String, mend: String },
    Skip { why: String, mend: String },
}

impl Verdict {
    fn pass() -> Self {
        Self::Pass(None)
    }

    fn noted(note: impl Into<String>) -> Self {
        Self::Pass(Some(note.into()))
    }

    fn fail(why: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Fail { why: why.into(), mend: mend.into() }
    }

    fn skip(why: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Skip { why: why.into(), mend: mend.into() }
    }

    /// Success is wanted.
    fn of<T>(outcome: &Result<T, Error>, mend: &str) -> Self {
        match outcome {
            Ok(_) => Self::pass(),
            Err(error) => Self::fail(error.fault.message.clone(), mend_for(error, mend)),
        }
    }

    /// Success or a proper error is wanted: anything but a trap, a limit or a broken promise.
    fn unbroken<T>(outcome: &Result<T, Error>, mend: &str) -> Self {
        match outcome {
            Ok(_) => Self::pass(),
            Err(error) if broke(error) => Self::fail(error.fault.message.clone(), mend_for(error, mend)),
            Err(error) => Self::noted(format!("refused with: {}", error.fault.message)),
        }
    }

    /// A proper error is wanted; `retryable` where it must be one that may pass.
    fn refused<T>(outcome: &Result<T, Error>, retryable: bool, mend: &str) -> Self {
        match outcome {
            Ok(_) => Self::fail("it went on as if nothing had happened", mend),
            Err(error) if broke(error) => Self::fail(error.fault.message.clone(), mend_for(error, mend)),
            Err(error) if retryable && !error.retryable => Self::fail(
                format!("it gave up for good: {}", error.fault.message),
                "Answer with an error of the kind `transient`, so that the server tries again.",
            ),
            Err(_) => Self::pass(),
        }
    }
}

/// What to do about an error: what the host says of limits, else what the check says.
fn mend_for(error: &Error, otherwise: &str) -> String {
    match (&error.fault.hint, error.code()) {
        (Some(hint), ErrorCode::PluginLimit) => hint.clone(),
        _ => otherwise.to_owned(),
    }
}

/// Whether the plugin broke, rather than told what is wrong.
fn broke(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::PluginFailed | ErrorCode::PluginLimit | ErrorCode::PluginInvalid | ErrorCode::Internal
    )
}

/// How a service fails: how the stub does it, the line's name, what is tried, and whether trying again must be allowed.
const FAILURES: &[(Mode, &str, &str, bool)] = &[
    (Mode::Status(503), "unavailable", "works while the service answers 503", true),
    (Mode::Status(429), "busy", "works while the service answers 429", true),
    (Mode::Status(403), "forbidden", "works while the service answers 403", false),
    (Mode::HangUp, "hang_up", "works while the service closes each connection", true),
    (Mode::Nonsense, "nonsense", "works while the service answers 200 and bytes without meaning", false),
];

/// Without its grants a plugin says what it lacks, rather than trap.
async fn ungranted(suite: &Suite, kind: PluginKind, lines: &mut Lines) {
    const MEND: &str = "Hand errors of the host on by `?`: they tell how to grant what is missing.";
    // What a plugin had delivered before it may remember; nothing of that kind is asked here.
    let outcome = match suite.host.grant(suite.name(), Grants::default()) {
        Err(error) => Err(error),
        Ok(_) => {
            suite.host.exercise(suite.name(), kind, suite.call(), &rows::sample(suite, 3, rows::Flavor::Plain)).await
        }
    };
    // All the next checks need the grants again.
    let restored = suite.host.grant(suite.name(), suite.grants()).map(drop);
    let verdict = Verdict::refused(&outcome.and(restored), false, MEND);
    lines.add(format!("{}.ungranted", kind.as_str()), "works without any of its grants", verdict);
}

/// What every check has at hand.
struct Suite {
    host: Host,
    manifest: Manifest,
    setup: Setup,
    stub: Stub,
    /// The host itself does not keep them.
    _stand_ins: Arc<dyn Connections>,
}

impl Suite {
    fn name(&self) -> &str {
        &self.manifest.name
    }

    /// All that it asks for; of addresses, the stub's alone.
    fn grants(&self) -> Grants {
        let asks = &self.manifest.capabilities;
        let stub = self.stub.base().parse().into_iter();
        let granted = |name: &str| ConnectionGrant { connection: name.to_owned(), write: true };
        Grants {
            tcp: if asks.tcp.is_empty() { Vec::new() } else { self.setup.peers().collect() },
            http: if asks.http.is_empty() { Vec::new() } else { stub.collect() },
            clock: asks.clock,
            kv: asks.kv,
            sql: asks.sql.iter().map(|name| (name.clone(), granted(stand_in::SQL))).collect(),
            redis: asks.redis.iter().map(|name| (name.clone(), granted(stand_in::REDIS))).collect(),
            ..Grants::default()
        }
    }

    /// A call with the settings of `check.toml`.
    fn call(&self) -> PluginCall {
        self.call_with(self.setup.settings.clone())
    }

    fn call_with(&self, settings: Map<String, Value>) -> PluginCall {
        let mut settings = Value::Object(settings);
        self.stub.put_address(&mut settings);
        let mut secrets = Map::new();
        for name in &self.manifest.capabilities.secrets {
            let value = self.setup.secrets.get(name).cloned();
            let mut value = Value::from(value.unwrap_or_else(|| "a secret for the check".to_owned()));
            self.stub.put_address(&mut value);
            secrets.insert(name.clone(), value);
        }
        PluginCall { settings, secrets, idempotency_key: "check/step".to_owned() }
    }

    /// Whether it reaches out by a way for which there is a stand-in.
    fn has_stand_in(&self) -> bool {
        self.has_service() || self.has_peer()
    }

    /// Whether it calls services that the stub stands for.
    fn has_service(&self) -> bool {
        let asks = &self.manifest.capabilities;
        !(asks.http.is_empty() && asks.sql.is_empty() && asks.redis.is_empty())
    }

    /// Whether it has another end for its plain connections.
    fn has_peer(&self) -> bool {
        !self.manifest.capabilities.tcp.is_empty() && !self.setup.tcp.is_empty()
    }

    /// Whether it reaches out by a way for which there is none.
    fn lacks_stand_in(&self) -> bool {
        !self.has_stand_in() && !self.manifest.capabilities.tcp.is_empty()
    }

    /// Whether what answers the plugin can fail so: a plain connection knows no statuses.
    fn can_fail(&self, mode: Mode) -> bool {
        self.has_service() || !matches!(mode, Mode::Status(_))
    }

    /// The verdict of `wanted`, but where what is missing is a stand-in that nothing is known.
    fn with_stand_in(&self, wanted: Verdict) -> Verdict {
        match wanted {
            Verdict::Fail { why, .. } if self.lacks_stand_in() => Verdict::skip(
                format!("`check.toml` has no other end for plain connections: {why}"),
                "Lay out under `[[tcp]]` of `check.toml` what the other end answers.",
            ),
            other => other,
        }
    }

    /// Runs the plugin's own `check`.
    async fn check_export(&self, kind: PluginKind, lines: &mut Lines) {
        self.stub.forget();
        let outcome = self.host.test(self.name(), kind, self.call()).await;
        let verdict = Verdict::of(&outcome, "Let `check` succeed with the settings of `check.toml`.");
        let mut verdict = self.with_stand_in(verdict);
        if kind == PluginKind::Channel && self.stub.requests().iter().any(|request| request.method != "GET") {
            verdict = Verdict::fail("it sent something", "Let `check` deliver nothing: people would see it.");
        }
        lines.add(format!("{}.check", kind.as_str()), "calls `check` with the settings of `check.toml`", verdict);
    }

    /// Settings without one of theirs, or with one of a wrong type.
    fn wrong_settings(&self) -> Vec<(String, Map<String, Value>)> {
        let mut all = vec![("no settings at all".to_owned(), Map::new())];
        for name in self.setup.settings.keys() {
            let mut settings = self.setup.settings.clone();
            settings.remove(name);
            all.push((format!("no `{name}`"), settings));
        }
        let properties = self.manifest.config.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let wrong = match property.get("type").and_then(Value::as_str) {
                Some("object" | "array") => Value::from("text"),
                Some("string") => Value::from(7),
                _ => serde_json::json!({ "unexpected": [null] }),
            };
            let mut settings = self.setup.settings.clone();
            settings.insert(name.clone(), wrong);
            all.push((format!("`{name}` of a wrong type"), settings));
        }
        all
    }
}
