//! `cargo xtask test`: every suite, with real servers, and one last line that sums them all.

mod count;

use crate::project::{self, Profile};
use crate::servers::{Kind, Servers};
use crate::{browser, demo, web};
use anyhow::{Context, Result, bail};
use count::{Counter, Counts};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// What to test.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The long form: many kills, many rows.
    #[arg(long)]
    soak: bool,
    /// Only these crates.
    crates: Vec<String>,
}

/// Runs the tests; the last line on standard output is `N passed, N failed, N skipped`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    let servers = Servers::provide(Kind::ALL)?;
    for kind in servers.missing() {
        println!("{}: missing, and could not be installed; tests that need it are skipped", kind.title());
    }
    if in_ci && !servers.missing().is_empty() {
        bail!("in CI no test may be skipped, and a server is missing");
    }
    let mut environment: Vec<(String, String)> =
        servers.variables().map(|(name, url)| (name.to_owned(), url.to_owned())).collect();
    if in_ci {
        environment.push(("SLUICE_TEST_NO_SKIP".to_owned(), "1".to_owned()));
    }
    if options.soak {
        environment.push(("SLUICE_TEST_SOAK".to_owned(), "1".to_owned()));
    }

    let mut counts = Counts::default();
    match prepare(options) {
        Ok(()) => {
            counts += run_cargo(options, &environment)?;
            if options.crates.is_empty() {
                counts += run_demo();
                if web::has_npm("the web editor is not tested") {
                    counts += run_web(&environment)?;
                }
            }
        }
        // What does not build fails like a test, so that the last line tells it too.
        Err(error) => {
            eprintln!("error: {error:#}");
            counts.failed += 1;
        }
    }
    drop(servers);
    println!("{counts}");
    if counts.failed > 0 {
        bail!("tests failed");
    }
    Ok(())
}

/// Builds what `tests` runs: the plugins' components and the server binary, which it starts as a process.
fn prepare(options: &Options) -> Result<()> {
    if !options.crates.is_empty() && !options.crates.iter().any(|name| name == "tests") {
        return Ok(());
    }
    let _built: Vec<plugin_build::Built> = project::build_plugins(project::PLUGINS)?;
    project::build_scripted(project::SCRIPTED)?;
    project::build_server(Profile::Dev)?;
    Ok(())
}

fn run_cargo(options: &Options, environment: &[(String, String)]) -> Result<Counts> {
    let mut cargo = project::cargo();
    cargo.args(["test", "--no-fail-fast"]);
    if options.crates.is_empty() {
        cargo.arg("--workspace");
    }
    for name in &options.crates {
        cargo.args(["--package", name]);
    }
    // A test that skips passes for libtest; it says so on its standard output, which is shown on request only.
    cargo.args(["--", "--show-output"]);
    count_output(&mut cargo, environment, Counter::for_libtest())
}

/// The README's first command: it fails where a run does anything else than it should.
fn run_demo() -> Counts {
    let demo = demo::run(&demo::Options::default());
    if let Err(error) = &demo {
        eprintln!("error: `cargo xtask demo`: {error:#}");
    }
    Counts { passed: demo.is_ok().into(), failed: demo.is_err().into(), skipped: 0 }
}

/// The editor's own tests, then journeys through it in a real browser, against the server that was just built.
fn run_web(environment: &[(String, String)]) -> Result<Counts> {
    let mut tests = web::npm()?;
    tests.args(["test", "--silent"]).env("NO_COLOR", "1").env("CI", "1");
    let mut counts = count_output(&mut tests, environment, Counter::for_vitest())?;
    let mut journeys = web::npm()?;
    journeys.args(["run", "--silent", "journeys"]).env("NO_COLOR", "1").env("CI", "1");
    journeys.env("SLUICE_PROGRAM", project::target_dir().join("debug/sluice"));
    journeys.env("SLUICE_PICTURES", project::target_dir().join("pictures"));
    if let Some(chromium) = browser::provide() {
        journeys.env("SLUICE_CHROMIUM", chromium);
    }
    counts += count_output(&mut journeys, environment, Counter::for_vitest())?;
    Ok(counts)
}

/// Runs a test runner, passes its lines on and counts.
fn count_output(runner: &mut Command, environment: &[(String, String)], mut counter: Counter) -> Result<Counts> {
    let program = runner.get_program().to_string_lossy().into_owned();
    let mut child = runner
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{program}`"))?;
    let output = child.stdout.take().expect("standard output is piped");
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if counter.read(&line) {
            println!("{line}");
        }
    }
    let status = child.wait()?;
    Ok(counter.finish(status.success()))
}
