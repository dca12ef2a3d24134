//! Python: `componentize-py` makes a component of the plugin's modules and an interpreter (CPython).
//!
//! The tool lives in a virtual environment: the activated one where `VIRTUAL_ENV` names one, else `.venv` in the plugin's
//! folder, which is made when it is not there. Packages of `requirements.txt` go into the component.

use crate::component::with_source;
use crate::program::{contents, find, kept, run, work_folder, write};
use crate::seal;
use crate::world::Wanted;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const MODULES: &str = include_str!("../../python/tools/modules.py");
/// The tool, exactly: what it makes of a contract differs from version to version.
const TOOL: &str = "componentize-py==0.25.1";
const INSTALL: &str =
    "install Python 3.10 or newer with venv and pip (on Debian the packages python3-venv and python3-pip)";

/// Builds the plugin in `folder` and gives the component. With `release` modules and interpreter are one; else the component
/// of the interpreter is kept from build to build, and the host hands it the modules.
///
/// # Errors
/// When Python is missing, the tool cannot be installed, or the plugin does not build; tools speak on the standard error.
pub fn build_python(folder: &Path, manifest: &[u8], release: bool) -> Result<Vec<u8>> {
    let wanted = Wanted::of(manifest)?;
    let tool = tool(folder)?;
    let work = work_folder(folder)?;
    let app = work.join("app");
    copy(folder, &app, true)?;
    if release {
        let component = component(&tool, folder, &work, &wanted.wit(), &entry(&wanted))?;
        let _ = std::fs::remove_dir_all(&work);
        return Ok(seal(component, manifest));
    }
    write(&work.join("modules.py"), MODULES)?;
    let mut list = Command::new(tool.join("python"));
    let listed = list.arg(work.join("modules.py")).arg(&app).stderr(std::process::Stdio::inherit()).output()?;
    if !listed.status.success() {
        bail!("the plugin does not build: see above");
    }
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).context("the modules cannot be listed")?;
    let (wit, entry) = (wanted.wit_for_work(), entry_for_work(&wanted, &listed["imports"]));
    let sdk = contents(&folder.join("sluice_plugin"), "py")?;
    let packages = std::fs::read(folder.join("requirements.txt")).unwrap_or_default();
    let parts: [&[u8]; 5] = [wit.as_bytes(), entry.as_bytes(), &sdk, &packages, TOOL.as_bytes()];
    let interpreter = kept(folder, &parts, || {
        // The plugin's own modules come later, and only then.
        std::fs::remove_dir_all(&app).context("the work folder cannot be emptied")?;
        copy(&folder.join("sluice_plugin"), &app.join("sluice_plugin"), false)?;
        component(&tool, folder, &work, &wit, &entry)
    })?;
    let _ = std::fs::remove_dir_all(&work);
    Ok(with_source(seal(interpreter, manifest), &listed["modules"].to_string()))
}

/// A component of what is in the work folder's `app`, an entry, and the packages that the plugin asks for.
fn component(tool: &Path, folder: &Path, work: &Path, wit: &str, entry: &str) -> Result<Vec<u8>> {
    write(&work.join("wit/plugin.wit"), wit)?;
    write(&work.join("app/sluice_entry.py"), entry)?;
    let mut command = Command::new(tool.join("componentize-py"));
    command.current_dir(work).args(["-d", "wit", "-w", "plugin", "componentize", "sluice_entry", "-p", "app"]);
    if asks_for_packages(folder) {
        run(
            Command::new(tool.join("python"))
                .current_dir(folder)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .args(["requirements.txt", "--target"])
                .arg(work.join("packages")),
            "pip could not install what `requirements.txt` names: see above",
        )?;
        command.args(["-p", "packages"]);
    }
    run(command.args(["-o", "component.wasm"]), "the plugin does not build: see above")?;
    std::fs::read(work.join("component.wasm")).context("componentize-py made no component")
}

/// Runs the unit tests (`test*.py`) by `unittest`; false where some failed.
///
/// # Errors
/// When Python is missing.
pub fn test_python(folder: &Path, arguments: &[String]) -> Result<bool> {
    // Unit tests need no tool: whatever Python there is will do.
    let own = environment(folder).join("bin/python");
    let python = if own.is_file() { own } else { PathBuf::from(interpreter()?) };
    let status = Command::new(python).current_dir(folder).args(["-m", "unittest"]).args(arguments).status()?;
    Ok(status.success())
}

fn interpreter() -> Result<&'static str> {
    find(&["python3", "python"], (3, 10), INSTALL)
}

/// The virtual environment that is or will be used.
fn environment(folder: &Path) -> PathBuf {
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from).filter(|active| active.is_dir());
    active.unwrap_or_else(|| folder.join(".venv"))
}

/// The folder of programs in the virtual environment, with the tool installed.
fn tool(folder: &Path) -> Result<PathBuf> {
    let environment = std::path::absolute(environment(folder))?;
    let programs = environment.join("bin");
    if !programs.join("python").is_file() {
        let python = interpreter()?;
        eprintln!("making the virtual environment `{}`", environment.display());
        let made = run(
            Command::new(python).args(["-m", "venv"]).arg(&environment),
            &format!("no virtual environment could be made: {INSTALL}"),
        );
        if made.is_err() {
            // Half of one would be taken for a whole one the next time.
            let _ = std::fs::remove_dir_all(&environment);
        }
        made?;
    }
    let stamp = environment.join(".sluice-tool");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == TOOL) && programs.join("componentize-py").is_file() {
        return Ok(programs);
    }
    eprintln!("installing {TOOL} into `{}`", environment.display());
    run(
        Command::new(programs.join("python")).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            TOOL,
        ]),
        &format!("pip could not install {TOOL}: see above"),
    )?;
    write(&stamp, TOOL)?;
    Ok(programs)
}

fn asks_for_packages(folder: &Path) -> bool {
    let text = std::fs::read_to_string(folder.join("requirements.txt")).unwrap_or_default();
    text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// The plugin's modules and data, without its tests and what tools left there.
fn copy(from: &Path, to: &Path, is_top: bool) -> Result<()> {
    const LEFT: [&str; 5] = ["dist", "__pycache__", "node_modules", "target", "tests"];
    std::fs::create_dir_all(to).with_context(|| format!("cannot make `{}`", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot list `{}`", from.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are followed: plugins of this repository share the SDK by one.
        let metadata = std::fs::metadata(entry.path())?;
        let is_test = is_top && name.starts_with("test") && name.ends_with(".py");
        if name.starts_with('.') || is_test || (is_top && LEFT.contains(&name.as_str())) || name == "__pycache__" {
            continue;
        }
        if metadata.is_dir() {
            copy(&entry.path(), &to.join(&name), false)?;
        } else {
            std::fs::copy(entry.path(), to.join(&name)).with_context(|| format!("cannot copy `{name}`"))?;
        }
    }
    if is_top && !to.join("sluice_plugin").is_dir() {
        bail!("the folder `sluice_plugin` is missing: it is the SDK, and `sluice plugin new` makes it");
    }
    Ok(())
}

/// What the component begins with: a class for each kind.
fn entry(wanted: &Wanted) -> String {
    let mut text = String::from("import plugin\nfrom sluice_plugin import guest\n");
    for kind in &wanted.kinds {
        let class = class_of(kind);
        text.push_str(&format!(
            "if not hasattr(plugin, \"{kind}\"):\n    raise SystemExit(\"plugin.py has no `{kind}`, which plugin.toml names in \
             `kinds`\")\n{class} = guest.{kind}(plugin.{kind})\n"
        ));
    }
    text
}

/// The same for work in progress. What the plugin imports of others is imported here, since nothing can be at the first call.
fn entry_for_work(wanted: &Wanted, imports: &serde_json::Value) -> String {
    let mut text = String::from("from sluice_plugin import dev, guest, testing\nimport importlib\n");
    text.push_str(&format!("for name in {imports} + [\"datetime\", \"json\", \"re\", \"zoneinfo\"]:\n"));
    text.push_str("    try:\n        importlib.import_module(name)\n    except ImportError:\n        pass\n");
    for kind in &wanted.kinds {
        text.push_str(&format!("{} = guest.{kind}(dev.Lazy(\"{kind}\"))\n", class_of(kind)));
    }
    text
}

/// The class that exports a kind.
fn class_of(kind: &str) -> String {
    let (first, rest) = kind.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_entry_has_a_class_for_every_kind() {
        let text = entry(&Wanted::of(b"kinds = [\"transform\"]").unwrap());
        assert!(text.ends_with("Transform = guest.transform(plugin.transform)\n"), "{text}");
        let text = entry_for_work(&Wanted::of(b"kinds = [\"sink\"]").unwrap(), &serde_json::json!(["csv"]));
        assert!(
            text.contains("for name in [\"csv\"] + ") && text.ends_with("Sink = guest.sink(dev.Lazy(\"sink\"))\n"),
            "{text}"
        );
    }
}
