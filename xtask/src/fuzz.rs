//! `cargo xtask fuzz`: made-up requests, ten thousand each, by our own fuzzers of GraphQL and REST and by schemathesis.
//!
//! Our own are tests of `tests/it/fuzz`, which `cargo xtask test` runs with some hundreds of requests. Schemathesis reads
//! `/api/openapi.json` of a fresh server; it is installed into a folder of its own in the cache. Nothing may answer with
//! 5xx, and the server's memory must not grow with the requests.

use crate::command;
use crate::project::{self, Profile};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The version whose options are used here.
const SCHEMATHESIS: &str = "schemathesis>=4,<5";
const TOKEN: &str = "made-up-requests-only";
/// What is held against every answer: no 5xx, and status, type and shape as they are described.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance";
/// Memory by which the server may grow over the second half of the requests, in MiB.
const GROWTH_MOST: u64 = 48;

/// A system behind a connection that fails answers by 502 and 504, which is no failure of the server.
const ALLOWED: &str =
    "[checks]\nnot_a_server_error.expected-statuses = [\"2xx\", \"3xx\", \"4xx\", \"502\", \"504\"]\n";

/// How much is asked.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Requests of each fuzzer.
    #[arg(long, default_value_t = 10_000)]
    requests: u32,
    /// What everything is made up from; the same seed asks the same.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Leave schemathesis out.
    #[arg(long)]
    own: bool,
}

/// Runs all fuzzers; the first that finds something fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = project::build_server(Profile::Dev)?;
    let mut own = project::cargo();
    own.args(["test", "--package", "tests", "--test", "it", "--", "--nocapture", "--test-threads", "1", "fuzz::"]);
    own.env("SLUICE_FUZZ_REQUESTS", options.requests.to_string()).env("SLUICE_FUZZ_SEED", options.seed.to_string());
    command::run(&mut own)?;
    if options.own {
        return Ok(());
    }
    let schemathesis = install()?;
    let server = Server::start(&program)?;
    let operations = count_operations(&server.get("/api/openapi.json")?)?;
    let each = (options.requests / 2).div_ceil(operations).max(1);
    println!("schemathesis: twice {each} requests or more for each of {operations} operations");
    let allowed = server.folder.join("allowed.toml");
    fs::write(&allowed, ALLOWED)?;
    let mut memory = Vec::new();
    for half in 0..2 {
        let mut run = Command::new(&schemathesis);
        run.arg("--config-file").arg(&allowed);
        run.args([
            "run",
            &format!("http://{}/api/openapi.json", server.address),
            "--no-color",
            "--continue-on-failure",
        ]);
        run.args(["--header", &format!("Authorization: Bearer {TOKEN}"), "--checks", CHECKS]);
        run.args(["--max-examples", &each.to_string(), "--seed", &(options.seed + half).to_string()]);
        run.args(["--generation-database", "none", "--request-timeout", "60"]);
        command::run(run.current_dir(&server.folder))?;
        memory.push(server.memory());
    }
    println!("memory: {} MiB after half of the requests, {} MiB after all", memory[0], memory[1]);
    ensure!(memory[1] <= memory[0] + GROWTH_MOST, "the server's memory grows with the requests");
    let log = fs::read_to_string(server.folder.join("log"))?;
    if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
        bail!("the server panicked: {line}");
    }
    Ok(())
}

/// Schemathesis in a Python environment of its own.
fn install() -> Result<PathBuf> {
    let folder = project::cache_dir()?.join("schemathesis");
    let program = folder.join("bin/schemathesis");
    if !program.is_file() {
        println!("installing schemathesis");
        fs::create_dir_all(&folder)?;
        command::output(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        command::output(Command::new(folder.join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))?;
    }
    Ok(program)
}

fn count_operations(description: &str) -> Result<u32> {
    let description: Value = serde_json::from_str(description).context("the server's description is no JSON")?;
    let paths = description["paths"].as_object().context("the server describes no paths")?;
    let count = paths.values().filter_map(Value::as_object).map(serde_json::Map::len).sum::<usize>();
    Ok(u32::try_from(count.max(1))?)
}

/// A server with a fresh data folder; it ends when dropped.
struct Server {
    process: Child,
    address: String,
    folder: PathBuf,
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let folder = project::target_dir().join("fuzz");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
            .env("SLUICE_TOKEN", TOKEN)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("log"))?)
            .spawn()?;
        let mut output = BufReader::new(process.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        // The pipe must stay open, and what comes after is of no interest.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let address =
            line.split_once("http://").and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned);
        let Some(address) = address else {
            let _ = process.kill();
            let _ = process.wait();
            bail!("the server did not start: {}", fs::read_to_string(folder.join("log"))?);
        };
        Ok(Self { process, address, folder })
    }

    fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.address)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).context("the server gave no answer")
    }

    /// What the process holds, in MiB; 0 where the system does not tell.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
