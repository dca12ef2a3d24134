//! What a reader would stumble over first: a map that lacks a crate, a machine's path, a foreign registry.

use crate::{command, project};
use anyhow::{Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The only registry a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Words that begin a path of one particular machine.
const MACHINE_PATHS: &[&str] = &["/root/", "/home/", "/Users/"];

/// Looks at every tracked file.
pub(super) fn check() -> Result<()> {
    let mut faults = Vec::new();
    let list = command::output(Command::new("git").args(["ls-files", "-z"]).current_dir(project::root()))?;
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        // Only text is read; a tracked file that was deleted is git's business.
        if let Ok(text) = fs::read_to_string(project::root().join(name)) {
            look_at(name, &text, &mut faults);
        }
    }
    look_at_map(&mut faults)?;
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn look_at(name: &str, text: &str, faults: &mut Vec<String>) {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if matches!(extension, "wasm" | "cwasm" | "db" | "sqlite") {
        faults.push(format!("{name}: a built or data file is tracked"));
    }
    if name == "Cargo.lock" {
        for line in text.lines().filter(|line| line.starts_with("source = ") && !line.contains(REGISTRY)) {
            faults.push(format!("{name}: names another source than crates.io: {line}"));
        }
        return;
    }
    if extension == "json" && name.ends_with("package-lock.json") {
        for line in text.lines().filter(|line| line.contains("\"resolved\"")) {
            faults.push(format!("{name}: names a registry's host: {}", line.trim()));
        }
    }
    // This file must spell what it looks for.
    if name == "xtask/src/check/tidy.rs" {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| names_path(line, path)) {
            faults.push(format!("{name}:{}: a path of one machine (`{path}…`)", number + 1));
        }
    }
}

/// Whether the line holds `path` where a path begins, not in the middle of one (`a/home/b`).
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '~' | '/'))
    })
}

/// `docs/ARCHITECTURE.md` names every folder that holds a crate, and every decision is listed.
fn look_at_map(faults: &mut Vec<String>) -> Result<()> {
    let root = project::root();
    let map = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap_or_default();
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let members = manifest.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    for member in members.filter(|member| root.join(member).join("Cargo.toml").is_file()) {
        if !map.contains(&format!("`{member}`")) {
            faults.push(format!("docs/ARCHITECTURE.md: does not name `{member}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: &[&str]) {
        let mut faults = Vec::new();
        look_at(name, text, &mut faults);
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_machine_path_is_found_where_a_path_begins() {
        check("a.md", "see /home/me/x", &["a.md:1: a path of one machine (`/home/…`)"]);
        check("a.md", "\n(\"/root/x\")", &["a.md:2: a path of one machine (`/root/…`)"]);
        check("a.md", "docs/home/x and https://host/home/x and $HOME/x", &[]);
    }

    #[test]
    fn a_lock_file_names_only_the_default_registry() {
        check("Cargo.lock", &format!("source = \"{REGISTRY}\""), &[]);
        let other = "source = \"registry+https://mirror.example/index\"";
        check("Cargo.lock", other, &[&format!("Cargo.lock: names another source than crates.io: {other}")]);
    }

    #[test]
    fn a_built_file_is_refused() {
        check("plugins/x/plugin.wasm", "", &["plugins/x/plugin.wasm: a built or data file is tracked"]);
    }
}
