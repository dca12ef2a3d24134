//! A `sluice serve` process on a free loopback port, with what tests ask of it.

use crate::http::{self, Answer};
use crate::program::Sluice;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

const RUN: &str = "query($id: String!) { run(id: $id) { id status trigger inputs error { code message } steps {
    id status attempts outputs rowsIn rowsOut rowsRejected cpuMs peakMemory error { code message hint path } } } }";

/// A running server; it ends at once when dropped.
pub(crate) struct TestServer {
    pub(crate) sluice: Sluice,
    process: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    lines: Mutex<mpsc::Receiver<String>>,
}

impl TestServer {
    /// Starts a server with the program's data folder and settings, and waits until it is ready.
    pub(crate) fn start(sluice: Sluice) -> Self {
        let (process, address, lines) = launch(&sluice);
        let token = fs::read_to_string(sluice.folder.path().join("data/api-token")).unwrap();
        Self { process, address, token: token.trim().to_owned(), lines: Mutex::new(lines), sluice }
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts the killed server again.
    pub(crate) fn restart(&mut self) {
        let lines;
        (self.process, self.address, lines) = launch(&self.sluice);
        self.lines = Mutex::new(lines);
    }

    /// The next line the process prints.
    pub(crate) fn next_line(&self) -> String {
        self.lines.lock().unwrap().recv_timeout(PATIENCE).unwrap()
    }

    /// One request with the API token and a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let token = format!("Bearer {}", self.token);
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        http::send(self.address, "POST", path, &headers, body.to_string().as_bytes())
    }

    /// The whole answer to a GraphQL operation, its errors too.
    pub(crate) fn ask(&self, operation: &str, variables: Value) -> Value {
        self.post("/graphql", &json!({ "query": operation, "variables": variables })).json()
    }

    /// The data of a GraphQL operation that must succeed.
    pub(crate) fn graphql(&self, operation: &str, variables: Value) -> Value {
        let mut answer = self.ask(operation, variables);
        assert!(answer.get("errors").is_none(), "{operation}: {answer:#}");
        answer["data"].take()
    }

    /// The first error of a GraphQL operation that must fail.
    pub(crate) fn graphql_error(&self, operation: &str, variables: Value) -> Value {
        let mut answer = self.ask(operation, variables);
        assert!(answer["errors"][0].is_object(), "{operation} did not fail: {answer:#}");
        answer["errors"][0].take()
    }

    /// Saves a document that must be accepted; gives the workflow.
    pub(crate) fn save(&self, text: &str) -> Value {
        let operation = "mutation($text: String!) { saveWorkflow(text: $text) {
            workflow { id name versionNumber } problems { code message path line column } } }";
        let mut data = self.graphql(operation, json!({ "text": text }));
        assert_eq!(data["saveWorkflow"]["problems"], json!([]), "{text}");
        data["saveWorkflow"]["workflow"].take()
    }

    /// Starts a run of a saved workflow; gives its id.
    pub(crate) fn start_run(&self, workflow: &str, inputs: &Value) -> String {
        let operation = "mutation($workflow: String!, $inputs: String) {
            startRun(workflow: $workflow, inputs: $inputs) { id } }";
        let data = self.graphql(operation, json!({ "workflow": workflow, "inputs": inputs.to_string() }));
        data["startRun"]["id"].as_str().unwrap().to_owned()
    }

    /// Tries a run again.
    pub(crate) fn retry(&self, run: &str) {
        self.graphql("mutation($id: String!) { retryRun(id: $id) { id } }", json!({ "id": run }));
    }

    /// The run as it stands.
    pub(crate) fn run(&self, id: &str) -> Value {
        self.graphql(RUN, json!({ "id": id }))["run"].take()
    }

    /// The run when it has ended.
    pub(crate) fn wait_run(&self, id: &str) -> Value {
        let mut last = Value::Null;
        wait_for(&format!("the end of {id}"), || {
            last = self.run(id);
            is_final(&last)
        });
        last
    }

    /// Saves a document, runs it once and waits for its end.
    pub(crate) fn run_once(&self, text: &str) -> Value {
        let workflow = self.save(text);
        let run = self.start_run(workflow["name"].as_str().unwrap(), &json!({}));
        self.wait_run(&run)
    }

    /// What the process has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.sluice.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// A `sluice worker` process; it ends at once when dropped.
pub(crate) struct TestWorker(Child);

impl TestWorker {
    /// Starts a worker with the program's data folder and settings.
    pub(crate) fn start(sluice: &Sluice) -> Self {
        let mut command = sluice.command();
        command.args(["--allow-addresses", "127.0.0.1", "worker"]);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(open_log(sluice)).spawn().unwrap())
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for TestWorker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether nothing more will happen to the run.
pub(crate) fn is_final(run: &Value) -> bool {
    ["SUCCEEDED", "FAILED", "CANCELED"].contains(&run["status"].as_str().unwrap_or_default())
}

/// The step of that id.
pub(crate) fn step<'a>(run: &'a Value, id: &str) -> &'a Value {
    run["steps"].as_array().unwrap().iter().find(|step| step["id"] == id).unwrap_or(&Value::Null)
}

/// Asks until it is so, or fails the test with what was waited for.
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what} did not come within {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn open_log(sluice: &Sluice) -> File {
    File::options().create(true).append(true).open(sluice.folder.path().join("log")).unwrap()
}

/// Starts the process and reads the address from its first line.
fn launch(sluice: &Sluice) -> (Child, SocketAddr, mpsc::Receiver<String>) {
    let mut command = sluice.command();
    command.args(["--allow-addresses", "127.0.0.1", "serve", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(open_log(sluice));
    let mut process = command.spawn().unwrap();
    let output = process.stdout.take().unwrap();
    let (tell, heard) = mpsc::channel();
    // Ends with the process; until then it keeps the pipe from filling up.
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    let Ok(line) = heard.recv_timeout(PATIENCE) else {
        let _ = process.kill();
        let status = process.wait();
        let log = fs::read_to_string(sluice.folder.path().join("log")).unwrap_or_default();
        panic!("the server did not get ready ({status:?}):\n{log}");
    };
    let address = line.split_once("http://").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    (process, address.unwrap_or_else(|| panic!("`{line}` tells no address")), heard)
}
