//! First-party plugins in the sandbox: each README is carried out as it stands, against a stub of its service.
//!
//! A README's `sh` block holds the commands and its first `yaml` block the workflow; only addresses are replaced by the
//! stub's. [`channels`], [`sources`], [`sinks`], [`stores`] and [`transforms`] have the tests of those kinds;
//! [`author`], [`languages`] and [`scripts`] go the way of a plugin's author, and [`versions`] that of whoever installs it.

mod author;
mod channels;
mod languages;
mod scripts;
mod sinks;
mod sources;
mod stores;
mod transforms;
mod versions;

use crate::program::{Sluice, find_plugin, root, skip};
use serde_json::Value;
use std::fs;

/// A plugin's README, and a server to carry it out on.
pub(crate) struct Example {
    pub(crate) sluice: Sluice,
    readme: String,
    plugin: String,
    replaced: Vec<(String, String)>,
}

impl Example {
    /// None where server or plugin was not built; that is said aloud. `replaced` are texts and what stands for them.
    pub(crate) fn find(plugin: &str, replaced: &[(&str, &str)]) -> Option<Self> {
        let sluice = Sluice::find()?;
        let Some(folder) = find_plugin(plugin) else {
            skip(&format!("plugin `{plugin}` is not built; `cargo xtask test` builds it"));
            return None;
        };
        let readme = fs::read_to_string(root().join("plugins").join(plugin).join("README.md")).unwrap();
        let built = (format!("target/plugins/{plugin}"), folder.to_str().unwrap().to_owned());
        let replaced =
            replaced.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).chain([built]).collect();
        Some(Self { sluice, readme, plugin: plugin.to_owned(), replaced })
    }

    /// The same with a variable in the server's environment.
    pub(crate) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.sluice = self.sluice.set(name, value);
        self
    }

    /// Rows of a table in the SQLite connection `history`.
    pub(crate) fn stored(&self, table: &str) -> Vec<Value> {
        let text = self.sluice.call(&["connection", "read", "history", table, "--limit", "100000", "--json"]);
        serde_json::from_str(&text).unwrap()
    }

    /// Calls every command of the README.
    pub(crate) fn set_up(&self) {
        for line in self.block("sh").lines().filter(|line| !line.trim().is_empty()) {
            let mut words = split_words(line);
            assert_eq!(words.remove(0), "sluice", "{line}");
            if words.starts_with(&["plugin".to_owned(), "install".to_owned()]) {
                words.push("--yes".to_owned());
            }
            self.sluice.call(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    /// Runs the README's workflow.
    pub(crate) fn run(&self) -> Value {
        self.run_document(&self.block("yaml"))
    }

    /// Runs another document.
    pub(crate) fn run_document(&self, document: &str) -> Value {
        let file = self.sluice.folder.path().join("workflow.yaml");
        fs::write(&file, document).unwrap();
        self.sluice.run(&file, &[])
    }

    /// The README's first block of that language, addresses replaced.
    pub(crate) fn block(&self, language: &str) -> String {
        let (_, block) = self.readme.split_once(&format!("```{language}\n")).expect("the README has such a block");
        let (block, _) = block.split_once("```").unwrap();
        self.replaced.iter().fold(block.to_owned(), |text, (from, to)| {
            assert!(self.readme.contains(from.as_str()), "the README of `{}` does not name `{from}`", self.plugin);
            text.replace(from, to)
        })
    }
}

/// The error with which the step of a run that must have failed ended.
pub(crate) fn error<'a>(run: &'a Value, id: &str) -> &'a Value {
    assert_eq!(run["status"], "failed", "{run:#}");
    &step(run, id)["error"]
}

/// The step of that id as `sluice run --json` prints it.
pub(crate) fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap_or(&Value::Null)
}

/// Words of a command line; single quotes keep spaces.
fn split_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
