//! A fake server for native unit tests: answers that the test lays out, and a record of what the plugin did.
//!
//! ```
//! use plugin_sdk::testing::{FakeHost, answer};
//! use plugin_sdk::{Method, Request};
//!
//! let host = FakeHost::default().settings(serde_json::json!({ "limit": 3 })).answer(answer(200, "hello")).host();
//! let mut response = host.send(Request::new(Method::Get, "https://example.com")).expect("laid out");
//! assert_eq!(response.body.read_all(100).expect("short"), b"hello");
//! assert_eq!(host.fake().requests()[0].url, "https://example.com");
//! ```

use crate::{Batch, Body, CellReader, Error, ErrorKind, Host, Level, Message, Request, Response, Result, Severity};
use crate::{RedisCommand, RedisValue, Schema};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Stands for the server. Lay out what it answers, then make a [`Host`] of it.
#[derive(Default)]
pub struct FakeHost {
    settings: RefCell<String>,
    secrets: RefCell<BTreeMap<String, String>>,
    answers: RefCell<VecDeque<Result<FakeAnswer>>>,
    requests: RefCell<Vec<Request>>,
    log: RefCell<Vec<(Level, String)>>,
    kv: RefCell<BTreeMap<String, Vec<u8>>>,
    now: Cell<i64>,
    slept: Cell<u64>,
    progress: RefCell<Vec<(u64, Option<u64>, String)>>,
    peer: RefCell<Option<Peer>>,
    connected: RefCell<Vec<(String, u16)>>,
    rows: RefCell<VecDeque<Answered>>,
    statements: Rc<RefCell<Vec<String>>>,
    changes: Changes,
    redis_answers: RefCell<VecDeque<RedisValue>>,
    redis_commands: RefCell<Vec<String>>,
}

/// How many rows the next statements in transactions change.
type Changes = Rc<RefCell<VecDeque<Result<u64>>>>;

/// What a query answers: columns and rows.
type Answered = Result<(Schema, Vec<Batch>)>;

/// What the other end of a connection answers to what was written to it.
type Peer = Rc<RefCell<dyn FnMut(&[u8]) -> Vec<u8>>>;

/// An answer to one request, its body in the pieces in which it comes.
#[derive(Debug, Clone, Default)]
pub struct FakeAnswer {
    /// The status code.
    pub status: u16,
    /// Names in lowercase, and values.
    pub headers: Vec<(String, String)>,
    /// The body's pieces; an error breaks it off.
    pub body: Vec<Result<Vec<u8>>>,
}

impl FakeAnswer {
    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An answer whose body comes in one piece.
#[must_use]
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> FakeAnswer {
    FakeAnswer { status, headers: Vec::new(), body: vec![Ok(body.into())] }
}

/// An alert with what gets in a channel's way: markup, mentions and line breaks where plain text belongs.
#[must_use]
pub fn alert(text: &str) -> Message {
    Message {
        id: "run_7/tell".to_owned(),
        severity: Severity::Critical,
        title: "load <b>failed</b> & stopped".to_owned(),
        text: text.to_owned(),
        fields: vec![("workflow".to_owned(), "market-day".to_owned()), ("error".to_owned(), "a < b\n@all".to_owned())],
        link: Some("https://sluice.example/runs/7?a=1&b=2".to_owned()),
    }
}

/// The rows of a batch as text, values joined by spaces and nulls as `∅`.
#[must_use]
pub fn rows_of(batch: &Batch, cells: &[CellReader]) -> Vec<String> {
    let show = |row: usize, cell: &CellReader| cell.cell(batch, row).to_text().unwrap_or_else(|| "∅".to_owned());
    let rows = 0..batch.rows as usize;
    rows.map(|row| cells.iter().map(|cell| show(row, cell)).collect::<Vec<_>>().join(" ")).collect()
}

/// The body of a request that sent JSON.
///
/// # Panics
/// When it is no JSON.
#[must_use]
pub fn json_body(request: &Request) -> serde_json::Value {
    serde_json::from_slice(request.body.as_deref().unwrap_or_default()).expect("the body is JSON")
}

impl FakeHost {
    /// The step's settings.
    #[must_use]
    pub fn settings(self, settings: serde_json::Value) -> Self {
        self.settings.replace(settings.to_string());
        self
    }

    /// A granted secret.
    #[must_use]
    pub fn with_secret(self, name: &str, value: &str) -> Self {
        self.secrets.borrow_mut().insert(name.to_owned(), value.to_owned());
        self
    }

    /// The answer to the next request that has none yet.
    #[must_use]
    pub fn answer(self, answer: FakeAnswer) -> Self {
        self.answers.borrow_mut().push_back(Ok(answer));
        self
    }

    /// The error that the next request without an answer meets.
    #[must_use]
    pub fn fail(self, error: Error) -> Self {
        self.answers.borrow_mut().push_back(Err(error));
        self
    }

    /// The other end of all connections: gets what each write sent, and answers at once.
    #[must_use]
    pub fn peer(self, answer: impl FnMut(&[u8]) -> Vec<u8> + 'static) -> Self {
        self.peer.replace(Some(Rc::new(RefCell::new(answer))));
        self
    }

    /// Hosts and ports connected to so far.
    #[must_use]
    pub fn connected(&self) -> Vec<(String, u16)> {
        self.connected.borrow().clone()
    }

    /// The answer to the next query that has none yet.
    #[must_use]
    pub fn rows(self, columns: Schema, batches: Vec<Batch>) -> Self {
        self.rows.borrow_mut().push_back(Ok((columns, batches)));
        self
    }

    /// The error that the next query without an answer meets.
    #[must_use]
    pub fn fail_query(self, error: Error) -> Self {
        self.rows.borrow_mut().push_back(Err(error));
        self
    }

    /// How many rows the next statements in transactions say they changed; those beyond change as many as they have
    /// parameters.
    #[must_use]
    pub fn changes(self, counts: impl IntoIterator<Item = u64>) -> Self {
        self.changes.borrow_mut().extend(counts.into_iter().map(Ok));
        self
    }

    /// The error that the next statement in a transaction without a count meets.
    #[must_use]
    pub fn fail_statement(self, error: Error) -> Self {
        self.changes.borrow_mut().push_back(Err(error));
        self
    }

    /// Statements so far, each behind its connection: `store: SELECT 1`, `store: BEGIN`, `store: WRITE t 3`.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        self.statements.borrow().clone()
    }

    /// The answers to the next commands of Redis; those that have none are answered with `nil`.
    #[must_use]
    pub fn redis_answers(self, answers: impl IntoIterator<Item = RedisValue>) -> Self {
        self.redis_answers.borrow_mut().extend(answers);
        self
    }

    /// Commands of Redis so far, each behind its connection: `cache: GET a`.
    #[must_use]
    pub fn redis_commands(&self) -> Vec<String> {
        self.redis_commands.borrow().clone()
    }

    /// What the clock says, in microseconds since 1970.
    #[must_use]
    pub fn at(self, micros: i64) -> Self {
        self.now.set(micros);
        self
    }

    /// The host to hand to the plugin.
    #[must_use]
    pub fn host(self) -> Host {
        Host { fake: Rc::new(self) }
    }

    /// The requests sent so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }

    /// The lines logged so far.
    #[must_use]
    pub fn lines(&self) -> Vec<(Level, String)> {
        self.log.borrow().clone()
    }

    /// What progress was reported so far.
    #[must_use]
    pub fn reports(&self) -> Vec<(u64, Option<u64>, String)> {
        self.progress.borrow().clone()
    }

    pub(crate) fn settings_text(&self) -> String {
        let settings = self.settings.borrow();
        if settings.is_empty() { "{}".to_owned() } else { settings.clone() }
    }

    pub(crate) fn log(&self, level: Level, message: &str, _fields: &[(String, String)]) {
        self.log.borrow_mut().push((level, message.to_owned()));
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>, unit: &str) {
        self.progress.borrow_mut().push((done, total, unit.to_owned()));
    }

    pub(crate) fn secret(&self, name: &str) -> Result<String> {
        let missing = || Error::new(ErrorKind::Denied, format!("secret `{name}` was not granted"));
        self.secrets.borrow().get(name).cloned().ok_or_else(missing)
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.get()
    }

    pub(crate) fn monotonic(&self) -> u64 {
        self.slept.get()
    }

    pub(crate) fn sleep(&self, micros: u64) {
        self.slept.set(self.slept.get() + micros);
        self.now.set(self.now.get().saturating_add_unsigned(micros));
    }

    pub(crate) fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.kv.borrow().get(key).cloned())
    }

    pub(crate) fn kv_set(&self, key: &str, value: &[u8]) -> Result<()> {
        self.kv.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    pub(crate) fn kv_delete(&self, key: &str) -> Result<()> {
        self.kv.borrow_mut().remove(key);
        Ok(())
    }

    pub(crate) fn send(&self, request: Request) -> Result<Response> {
        let missing = Error::permanent(format!("the test laid out no answer for `{}`", request.url));
        self.requests.borrow_mut().push(request);
        let FakeAnswer { status, headers, body } = self.answers.borrow_mut().pop_front().unwrap_or(Err(missing))?;
        Ok(Response { status, headers, body: Body::fake(FakeBody { pieces: body.into() }) })
    }
}

impl FakeHost {
    pub(crate) fn connect(&self, host: &str, port: u16, _timeout_ms: Option<u32>) -> Result<FakeConnection> {
        let peer = self.peer.borrow().clone();
        let peer = peer.ok_or_else(|| Error::transient(format!("the test has no peer at `{host}:{port}`")))?;
        self.connected.borrow_mut().push((host.to_owned(), port));
        Ok(FakeConnection { peer, waiting: VecDeque::new() })
    }
}

impl FakeHost {
    fn note(&self, connection: &str, what: &str) {
        self.statements.borrow_mut().push(format!("{connection}: {what}"));
    }

    pub(crate) fn query(&self, connection: &str, statement: &str) -> Result<FakeRows> {
        self.note(connection, statement);
        let missing = || Err(Error::permanent(format!("the test laid out no rows for `{statement}`")));
        let (columns, batches) = self.rows.borrow_mut().pop_front().unwrap_or_else(missing)?;
        Ok(FakeRows { columns, batches: batches.into() })
    }

    pub(crate) fn begin(&self, connection: &str) -> Result<FakeTransaction> {
        self.note(connection, "BEGIN");
        Ok(FakeTransaction {
            connection: connection.to_owned(),
            statements: self.statements.clone(),
            changes: self.changes.clone(),
            committed: false,
        })
    }

    pub(crate) fn redis(&self, connection: &str, commands: &[RedisCommand]) -> Result<Vec<RedisValue>> {
        let shown = |command: &RedisCommand| {
            command.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect::<Vec<_>>().join(" ")
        };
        let mut answers = self.redis_answers.borrow_mut();
        let mut seen = self.redis_commands.borrow_mut();
        seen.extend(commands.iter().map(|command| format!("{connection}: {}", shown(command))));
        Ok(commands.iter().map(|_| answers.pop_front().unwrap_or(RedisValue::Nil)).collect())
    }
}

/// Rows that the test laid out.
pub(crate) struct FakeRows {
    columns: Schema,
    batches: VecDeque<Batch>,
}

impl FakeRows {
    pub(crate) fn columns(&self) -> Schema {
        self.columns.clone()
    }

    pub(crate) fn next(&mut self) -> Result<Option<Batch>> {
        Ok(self.batches.pop_front())
    }
}

/// A transaction that only notes what happens in it.
pub(crate) struct FakeTransaction {
    connection: String,
    statements: Rc<RefCell<Vec<String>>>,
    changes: Changes,
    committed: bool,
}

impl FakeTransaction {
    fn note(&self, what: &str) {
        self.statements.borrow_mut().push(format!("{}: {what}", self.connection));
    }

    pub(crate) fn execute(&mut self, statement: &str, _columns: &Schema, parameters: &Batch) -> Result<u64> {
        self.note(statement);
        self.changes.borrow_mut().pop_front().unwrap_or(Ok(u64::from(parameters.rows)))
    }

    pub(crate) fn write(&mut self, table: &str, _columns: &Schema, rows: &Batch) -> Result<u64> {
        self.note(&format!("WRITE {table} {}", rows.rows));
        Ok(u64::from(rows.rows))
    }

    pub(crate) fn commit(mut self) -> Result<()> {
        self.note("COMMIT");
        self.committed = true;
        Ok(())
    }
}

impl Drop for FakeTransaction {
    fn drop(&mut self) {
        if !self.committed {
            self.note("ROLLBACK");
        }
    }
}

/// A connection to the fake's peer.
pub(crate) struct FakeConnection {
    peer: Peer,
    waiting: VecDeque<u8>,
}

impl FakeConnection {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let answer = (self.peer.borrow_mut())(bytes);
        self.waiting.extend(answer);
        Ok(())
    }

    /// In small pieces, as networks do.
    pub(crate) fn read(&mut self, max_bytes: u32) -> Result<Vec<u8>> {
        let length = self.waiting.len().min(max_bytes as usize).min(7);
        Ok(self.waiting.drain(..length).collect())
    }
}

impl Host {
    /// The fake behind it, for what the plugin did.
    #[must_use]
    pub fn fake(&self) -> &FakeHost {
        &self.fake
    }
}

/// The body of a fake answer.
pub(crate) struct FakeBody {
    pieces: VecDeque<Result<Vec<u8>>>,
}

impl FakeBody {
    pub(crate) fn read(&mut self, max_bytes: u32) -> Result<Option<Vec<u8>>> {
        let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
        let mut piece = piece?;
        if piece.len() > max_bytes as usize {
            let rest = piece.split_off(max_bytes as usize);
            self.pieces.push_front(Ok(rest));
        }
        Ok(Some(piece))
    }

    pub(crate) fn read_all(&mut self, limit: u32) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(piece) = self.read(u32::MAX)? {
            all.extend_from_slice(&piece);
            if all.len() > limit as usize {
                return Err(Error::permanent(format!("the answer is longer than {limit} bytes")));
            }
        }
        Ok(all)
    }
}
