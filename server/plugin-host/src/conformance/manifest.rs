//! What can be said without running anything: manifest, README, what the component was built with and asks for.

use super::{Lines, Suite, Verdict};
use crate::compile::custom_section;
use crate::manifest::Manifest;
use data::Error;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Reads manifest and component; none, with a line in the report, where there are none.
pub(super) fn read(folder: &Path, lines: &mut Lines) -> Option<Manifest> {
    const TRIED: &str = "reads `plugin.toml`";
    let missing = |name: &str, error: &std::io::Error| {
        let mend = "Name the folder that holds `plugin.toml` and `plugin.wasm`, or build first.";
        Verdict::fail(format!("`{name}` cannot be read: {error}"), mend)
    };
    let text = match std::fs::read_to_string(folder.join("plugin.toml")) {
        Ok(text) => text,
        Err(error) => {
            lines.add("manifest", TRIED, missing("plugin.toml", &error));
            return None;
        }
    };
    let manifest = match Manifest::parse(&text) {
        Ok(manifest) => manifest,
        Err(error) => {
            let mend = error.fault.hint.clone().unwrap_or_else(|| "Mend the key in `plugin.toml`.".to_owned());
            lines.add("manifest", TRIED, Verdict::fail(error.fault.message.clone(), mend));
            return None;
        }
    };
    lines.add("manifest", TRIED, describe(&manifest));
    lines.add("readme", "looks for `README.md` beside it", readme(folder));
    if folder.join("plugin.rhai").is_file() {
        // A script is its own source: there is nothing that it could have been built with.
        return Some(manifest);
    }
    let component = match std::fs::read(folder.join("plugin.wasm")) {
        Ok(component) => component,
        Err(error) => {
            lines.add("component", "reads `plugin.wasm`", missing("plugin.wasm", &error));
            return None;
        }
    };
    let wanted = hex::encode(Sha256::digest(text.as_bytes()));
    let built_with = custom_section(&component, "sluice:manifest").map(|found| found == wanted.as_bytes());
    let verdict = match built_with {
        Some(true) => Verdict::pass(),
        Some(false) => Verdict::fail(
            "the component was built with another `plugin.toml`",
            "Build it again with `sluice plugin build`.",
        ),
        None => Verdict::noted("it does not say with which manifest it was built"),
    };
    lines.add("build", "compares the manifest with the one the component was built with", verdict);
    Some(manifest)
}

/// People see descriptions in the editor's form: each setting has one.
fn describe(manifest: &Manifest) -> Verdict {
    if manifest.description.trim().is_empty() {
        return Verdict::fail("`description` is empty", "Say in one sentence what the plugin does.");
    }
    let properties = manifest.config.get("properties").and_then(Value::as_object);
    let bare: Vec<String> = properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| property.get("description").and_then(Value::as_str).is_none_or(str::is_empty))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match bare.is_empty() {
        true => Verdict::pass(),
        false => Verdict::fail(
            format!("settings without a description: {}", bare.join(", ")),
            "Give each property under `[config.properties]` a `description`: the editor's form shows it.",
        ),
    }
}

fn readme(folder: &Path) -> Verdict {
    match std::fs::read_to_string(folder.join("README.md")) {
        Ok(text) if text.trim_start().starts_with('#') => Verdict::pass(),
        Ok(_) => Verdict::fail("it has no heading", "Begin `README.md` with `# ` and the plugin's name."),
        Err(_) => Verdict::fail("there is none", "Write a `README.md` with an example of a workflow."),
    }
}

/// What it asks for it must use: whoever grants it would grant for nothing.
pub(super) async fn look_at_code(suite: &Suite, lines: &mut Lines) -> Result<(), Error> {
    let imports = suite.host.uses(suite.name()).await?;
    let asks = &suite.manifest.capabilities;
    let asked = [
        ("http", !asks.http.is_empty()),
        ("tcp", !asks.tcp.is_empty()),
        ("secret", !asks.secrets.is_empty()),
        ("clock", asks.clock),
        ("kv", asks.kv),
        ("sql", !asks.sql.is_empty()),
        ("redis", !asks.redis.is_empty()),
    ];
    let unused: Vec<&str> = asked
        .iter()
        .filter(|(name, asked)| *asked && !imports.iter().any(|import| import == name))
        .map(|(name, _)| *name)
        .collect();
    let verdict = match unused.is_empty() {
        true => Verdict::pass(),
        false => Verdict::fail(
            format!("it asks for {} and never uses it", unused.join(", ")),
            "Remove it from `[capabilities]` in `plugin.toml`.",
        ),
    };
    lines.add("capabilities", "compares what it asks for with what it uses", verdict);
    Ok(())
}
