//! A plugin that is one rhai script: compiled once, run by an instance of its own for each call of the server.
//!
//! A script runs on a blocking thread, not in the sandbox of components: rhai itself bounds operations, depth and sizes
//! (`sandbox.rs`), a clock bounds the time, and capabilities go through the very functions that components import
//! (`capability.rs`), so that grants, limits and messages are the same. Rows are handles over Arrow columns (`rows.rs`);
//! a row becomes a map only where the script asks for one. `running.rs` is one instance; the kinds have a file each.

mod capability;
mod channel;
mod pure;
mod rows;
mod running;
mod sandbox;
mod sink;
mod source;
mod testing;
mod transform;
mod translator;
mod value;

use crate::component::undelivered;
use crate::host::Opener;
use crate::manifest::{Manifest, PluginKind, invalid};
use crate::program::{OpenSink, OpenSource, OpenTransformer, OpenTranslator, Program};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use data::registry::PluginCall;
use data::{Alert, Checkpoint, Delivery, Error, Result};
use rhai::AST;
use running::Running;
use std::sync::Arc;

pub use testing::{ScriptTest, test_script};

/// A longer script is refused.
const SCRIPT: usize = 256 << 10;

/// The functions that a kind must have: name and number of parameters.
const fn needed(kind: PluginKind) -> &'static [(&'static str, usize)] {
    match kind {
        PluginKind::Source => &[("open_source", 1), ("columns", 0), ("next", 0)],
        PluginKind::Sink => &[("open_sink", 2), ("write", 2), ("commit", 0)],
        PluginKind::Transform => &[("process", 1)],
        PluginKind::Channel => &[("deliver", 2)],
        PluginKind::Translator => &[("dialects", 0), ("translate", 1)],
    }
}

/// The functions it may have besides.
const OPTIONAL: [(&str, usize); 9] = [
    ("check", 0),
    ("resume", 0),
    ("rejects", 0),
    ("prepare", 0),
    ("claim", 1),
    ("abort", 0),
    ("open_transform", 1),
    ("output", 1),
    ("finish", 0),
];

/// Holds a script against its manifest, as an installation does.
///
/// # Errors
/// `plugin_invalid`, saying what is wrong and where.
pub fn check_script(manifest: &Manifest, code: &[u8]) -> Result<()> {
    Script::compile(manifest, code).map(drop)
}

/// A script that was compiled.
pub(crate) struct Script {
    manifest: Manifest,
    ast: Arc<AST>,
    /// Which of the functions of the contract it has.
    functions: Vec<(String, usize)>,
    uses: Vec<String>,
}

impl Script {
    /// Compiles a script and looks for the functions of its kinds.
    pub(crate) fn compile(manifest: &Manifest, code: &[u8]) -> Result<Self> {
        let name = &manifest.name;
        if code.len() > SCRIPT {
            let size = code.len();
            return Err(invalid(format!(
                "`plugin.rhai` of plugin `{name}` has {size} bytes; at most {SCRIPT} are allowed"
            )));
        }
        let text = std::str::from_utf8(code)
            .map_err(|_| invalid(format!("`plugin.rhai` of plugin `{name}` is not UTF-8 text")))?;
        let ast = sandbox::compile(text).map_err(|why| {
            invalid(format!("`plugin.rhai` of plugin `{name}` does not parse: {why}"))
                .hint("Mend the script at the line it names.")
        })?;
        let functions: Vec<(String, usize)> =
            ast.iter_functions().map(|found| (found.name.to_owned(), found.params.len())).collect();
        let has = |name: &str, parameters: usize| functions.iter().any(|(n, p)| n == name && *p == parameters);
        for kind in &manifest.kinds {
            for (function, parameters) in needed(*kind) {
                if has(function, *parameters) {
                    continue;
                }
                let kind = kind.as_str();
                let hint = match functions.iter().find(|(name, _)| name == function) {
                    Some((_, found)) => format!("`{function}` takes {parameters} parameters, not {found}."),
                    None => "See `docs/plugins/rhai.md` for the functions of each kind.".to_owned(),
                };
                let message = format!("plugin `{name}` says it is a {kind}, but its script lacks `fn {function}`");
                return Err(invalid(message).hint(hint));
            }
        }
        for (function, parameters) in OPTIONAL {
            if let Some((_, found)) = functions.iter().find(|(name, found)| name == function && *found != parameters) {
                let message = format!("`{function}` in the script of plugin `{name}` takes {found} parameters");
                return Err(invalid(message).hint(format!("It is called with {parameters}.")));
            }
        }
        let uses = capability::used(text);
        let asks = &manifest.capabilities;
        for used in &uses {
            let asked = match used.as_str() {
                "http" => !asks.http.is_empty(),
                "tcp" => !asks.tcp.is_empty(),
                "secret" => !asks.secrets.is_empty(),
                "clock" => asks.clock,
                "kv" => asks.kv,
                "sql" => !asks.sql.is_empty(),
                "redis" => !asks.redis.is_empty(),
                _ => true,
            };
            if !asked {
                let message = format!("plugin `{name}` uses capability `{used}`, but its manifest does not ask for it");
                return Err(invalid(message).hint(format!("Add `{used}` under `[capabilities]` in `plugin.toml`.")));
            }
        }
        Ok(Self { manifest: manifest.clone(), ast: Arc::new(ast), functions, uses })
    }

    fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|(found, _)| found == name)
    }

    fn start(&self, opener: &Opener, call: PluginCall, kind: PluginKind) -> Result<Running> {
        if !self.manifest.kinds.contains(&kind) {
            return Err(self.manifest.lacks(kind));
        }
        Ok(Running::new(self.ast.clone(), self.functions.clone(), opener.state(call)?))
    }
}

#[async_trait]
impl Program for Script {
    fn uses(&self) -> Vec<String> {
        self.uses.clone()
    }

    fn has(&self, kind: PluginKind) -> bool {
        self.manifest.kinds.contains(&kind)
    }

    async fn check(&self, opener: &Opener, kind: PluginKind, call: PluginCall) -> Result<()> {
        let mut running = self.start(opener, call, kind)?;
        if self.has_function("check") {
            running.call("check", Vec::new()).await.map(drop)?;
        }
        Ok(())
    }

    async fn open_source(
        &self,
        opener: &Opener,
        call: PluginCall,
        resume_at: Option<Checkpoint>,
    ) -> Result<Box<dyn OpenSource>> {
        let running = self.start(opener, call, PluginKind::Source)?;
        Ok(Box::new(source::ScriptSource::open(running, resume_at).await?))
    }

    async fn open_sink(&self, opener: &Opener, call: PluginCall, schema: SchemaRef) -> Result<Box<dyn OpenSink>> {
        let key = call.idempotency_key.clone();
        let running = self.start(opener, call, PluginKind::Sink)?;
        Ok(Box::new(sink::ScriptSink::open(running, key, schema).await?))
    }

    async fn open_transform(
        &self,
        opener: &Opener,
        call: PluginCall,
        schema: SchemaRef,
    ) -> Result<Box<dyn OpenTransformer>> {
        let running = self.start(opener, call, PluginKind::Transform)?;
        Ok(Box::new(transform::ScriptTransformer::open(running, schema).await?))
    }

    async fn deliver(&self, opener: &Opener, call: PluginCall, alert: &Alert) -> Result<Delivery> {
        let running = self.start(opener, call, PluginKind::Channel)?;
        channel::deliver(running, alert).await.map_err(undelivered)
    }

    async fn dialects(&self, opener: &Opener) -> Result<Vec<(String, String)>> {
        let running = self.start(opener, PluginCall::default(), PluginKind::Translator)?;
        translator::dialects(running).await
    }

    async fn open_translator(&self, opener: &Opener) -> Result<Box<dyn OpenTranslator>> {
        let running = self.start(opener, PluginCall::default(), PluginKind::Translator)?;
        Ok(Box::new(translator::ScriptTranslator::new(running)))
    }
}

/// rhai's own words, in the shape of ours.
fn plain(text: &str) -> String {
    let text = crate::capability::always::clean(text.trim().trim_end_matches('.'), 600).replace('\'', "`");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// What the plugin handed over is not what it must be.
fn broke(running: &Running, how: &str) -> Error {
    running.counted(crate::instance::failed(running.plugin(), how))
}

/// More than one call may hand over ends the call, though the rows are there already.
fn require_room<'a>(
    running: &Running,
    batches: impl IntoIterator<Item = &'a arrow::record_batch::RecordBatch>,
) -> Result<()> {
    let bytes: usize = batches.into_iter().map(arrow::record_batch::RecordBatch::get_array_memory_size).sum();
    if bytes <= running.output() {
        return Ok(());
    }
    let output = crate::limits::human_size(running.output());
    let what = format!("its limit of {output} handed over in one call");
    let hint = "Let the plugin hand over smaller batches, or raise the limit `output`.";
    Err(running.counted(crate::instance::exceeded(running.plugin(), &crate::limits::Exceeded::new(what, hint))))
}
