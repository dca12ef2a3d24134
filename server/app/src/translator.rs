//! The first-party translator: an installed plugin `sql-translator` where there is one, else the one that came with the
//! binary, found beside it; with the rules of plugins that a translation names.
//!
//! It is looked for in `plugins/sql-translator` of the binary's folder and of the folder above, which is where
//! `cargo xtask plugins` and a release put it, and in the folder that `SLUICE_PLUGINS_DIR` names.

use async_trait::async_trait;
use data::{Error, Result, Translated, Translation, Translator};
use model::ErrorCode;
use plugin_host::{Host, PluginTranslator, Rules, translate_with_rules};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const NAME: &str = "sql-translator";
/// How long an installation may go unseen.
const UNSEEN: Duration = Duration::from_millis(200);

/// The translator and plugins with rules, each opened at its first use.
pub(crate) struct FirstParty {
    plugins: Arc<Host>,
    opened: Mutex<HashMap<String, Opened>>,
}

/// A plugin in use, and when it was last compared with what is installed.
struct Opened {
    digest: String,
    seen: Instant,
    translator: Arc<PluginTranslator>,
}

impl FirstParty {
    pub(crate) fn new(plugins: Arc<Host>) -> Self {
        Self { plugins, opened: Mutex::default() }
    }

    async fn open(&self, name: &str) -> Result<Arc<PluginTranslator>> {
        let mut opened = self.opened.lock().await;
        if let Some(known) = opened.get(name).filter(|known| known.seen.elapsed() < UNSEEN) {
            return Ok(known.translator.clone());
        }
        // An installed one counts, and another installed since counts instead of it.
        let installed = self.plugins.find(name)?;
        let digest = installed.map(|info| info.digest).unwrap_or_default();
        let translator = match opened.get(name).filter(|known| known.digest == digest) {
            Some(known) => known.translator.clone(),
            None if digest.is_empty() && name == NAME => Arc::new(self.plugins.translator_in(&shipped()?).await?),
            None => Arc::new(self.plugins.translator(name).await?),
        };
        opened.insert(name.to_owned(), Opened { digest, seen: Instant::now(), translator: translator.clone() });
        Ok(translator)
    }
}

#[async_trait]
impl Translator for FirstParty {
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
        let translator = self.open(NAME).await?;
        if translation.rules.is_empty() {
            return translator.translate(translation).await;
        }
        let mut plugins = Vec::new();
        for name in &translation.rules {
            plugins.push(self.open(name).await?);
        }
        let rules: Vec<&dyn Rules> = plugins.iter().map(|plugin| plugin.as_ref() as &dyn Rules).collect();
        translate_with_rules(translator.as_ref(), &rules, translation).await
    }
}

/// The folder of the translator that came with the binary.
fn shipped() -> Result<PathBuf> {
    let binary = std::env::current_exe().ok();
    let beside = binary.iter().flat_map(|file| file.ancestors().skip(1).take(2)).map(|folder| folder.join("plugins"));
    let named = std::env::var_os("SLUICE_PLUGINS_DIR").map(PathBuf::from);
    let found = named
        .into_iter()
        .chain(beside)
        .map(|folder| folder.join(NAME))
        .find(|folder| folder.join("plugin.wasm").is_file());
    found.ok_or_else(|| {
        Error::permanent(ErrorCode::PluginNotFound, format!("the translator `{NAME}` is not beside the program"))
            .hint("Put the folder `plugins` of the release beside the program, or build it with `cargo xtask plugins`.")
    })
}
