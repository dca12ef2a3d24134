//! The console's rules, over a connector that answers what it is told to.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::environment::Environment;
use arrow::array::UInt64Array;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::ConsoleRows;
use data::connector::{Abilities, Connector, ReadOptions, Relation, TableInfo};
use data::encode::Format;
use data::{Channel, Sink, Source, System, WriteOptions};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::NewConnection;
use store::secrets::Keyring;

/// Answers what was asked of it, or waits for ever; counts the batches it made.
struct Fake(Arc<AtomicUsize>);

#[async_trait]
impl Connector for Fake {
    fn system(&self) -> System {
        System::Sqlite
    }
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }
    async fn ping(&self) -> Result<String> {
        Err(unasked())
    }
    async fn list_tables(&self) -> Result<Vec<String>> {
        Err(unasked())
    }
    async fn find_table(&self, _: &str) -> Result<Option<TableInfo>> {
        Err(unasked())
    }
    async fn read(&self, _: ReadOptions) -> Result<Box<dyn Source>> {
        Err(unasked())
    }
    async fn write(&self, _: arrow::datatypes::SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(unasked())
    }
    async fn execute(&self, _: &str) -> Result<u64> {
        Err(unasked())
    }
    async fn count(&self, _: &Relation, _: Option<&str>) -> Result<u64> {
        Err(unasked())
    }
    async fn console_rows(&self, request: ConsoleRequest, form: ConsoleForm) -> Result<Box<dyn ConsoleRows>> {
        let rows = |batches, fails| -> Result<Box<dyn ConsoleRows>> {
            let made = self.0.clone();
            Ok(Box::new(FakeRows { limits: request.limits, write: request.write, form, left: batches, fails, made }))
        };
        match request.sql.as_str() {
            "wait" => std::future::pending().await,
            "refused" => Err(data::console::not_allowed("so it is")),
            "many" => rows(5_000, false),
            "breaks" => rows(3, true),
            _ => rows(1, false),
        }
    }
}

/// Batches of two rows for a page, of a thousand for a stream.
struct FakeRows {
    limits: ConsoleLimits,
    write: bool,
    form: ConsoleForm,
    left: usize,
    fails: bool,
    made: Arc<AtomicUsize>,
}

#[async_trait]
impl ConsoleRows for FakeRows {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("rows", DataType::UInt64, false)]))
    }
    fn native_types(&self) -> &[String] {
        &[]
    }
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.left == 0 {
            let broken = Error::transient(ErrorCode::ConnectionFailed, "the server went away");
            return if self.fails { Err(broken) } else { Ok(None) };
        }
        self.left -= 1;
        self.made.fetch_add(1, Ordering::SeqCst);
        let rows = match self.form {
            ConsoleForm::Page => vec![self.limits.rows, u64::from(self.write)],
            ConsoleForm::Stream => (0..1_000).collect(),
        };
        Ok(Some(RecordBatch::try_new(self.schema(), vec![Arc::new(UInt64Array::from(rows))])?))
    }
    fn end(&self) -> ConsoleEnd {
        ConsoleEnd::default()
    }
}

fn unasked() -> Error {
    Error::permanent(ErrorCode::Unsupported, "nobody asks this here")
}

struct One(Arc<AtomicUsize>);

#[async_trait]
impl Connections for One {
    async fn get(&self, _: &str) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(Fake(self.0.clone())))
    }
    async fn get_channel(&self, _: &str) -> Result<Arc<dyn Channel>> {
        Err(unasked())
    }
}

async fn console(allow_write: bool) -> Console {
    counted(allow_write).await.0
}

/// A console, and how many batches its connector has made.
async fn counted(allow_write: bool) -> (Console, Arc<AtomicUsize>) {
    let database = Arc::new(Database::open("sqlite::memory:").await.unwrap());
    let new = NewConnection {
        name: "here".to_owned(),
        system: "sqlite".to_owned(),
        settings: json!({}),
        allow_write,
        ..NewConnection::default()
    };
    database.create_connection(&new).await.unwrap();
    let keys = Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "the test").unwrap();
    let book = ConnectionBook::new(database.clone(), Arc::new(keys), Environment::default());
    let made = Arc::new(AtomicUsize::new(0));
    (Console::new(database, Arc::new(book), Arc::new(One(made.clone())), ConsoleBounds::default()), made)
}

fn caller(name: &str, may_write: bool) -> Caller {
    Caller { name: name.to_owned(), may_write, sees_all: false }
}

fn ask(sql: &str) -> Ask {
    Ask { sql: sql.to_owned(), ..Ask::default() }
}

async fn seen(console: &Console, name: &str) -> Vec<(String, Outcome)> {
    let filter = StatementFilter { limit: 100, ..StatementFilter::default() };
    let lines = console.history(filter, &caller(name, false)).await.unwrap();
    lines.into_iter().map(|line| (line.statement, line.outcome)).collect()
}

#[tokio::test]
async fn a_statement_is_bounded_and_put_on_record() {
    let console = console(true).await;
    let greedy = Ask { rows: Some(u64::MAX), ..ask("all") };
    let answered = console.query("here", greedy, &caller("ann", false)).await.unwrap();
    let page = Page::of(&answered).unwrap();
    assert_eq!(page.rows, [[json!(1_000_000)], [json!(0)]]);
    let usual = console.query("here", ask("usual"), &caller("bob", false)).await.unwrap();
    assert_eq!(Page::of(&usual).unwrap().rows[0], [json!(1_000)]);
    assert_eq!(
        console.query("here", ask("refused"), &caller("ann", true)).await.unwrap_err().code().as_str(),
        "statement_not_allowed"
    );
    assert_eq!(
        seen(&console, "ann").await,
        [("refused".to_owned(), Outcome::Refused), ("all".to_owned(), Outcome::Succeeded)]
    );
    let zero = Ask { rows: Some(0), ..ask("none") };
    assert_eq!(console.query("here", zero, &caller("ann", false)).await.unwrap_err().code(), ErrorCode::InvalidValue);
    let absent = console.query("theer", ask("x"), &caller("ann", false)).await.unwrap_err();
    assert_eq!(absent.code(), ErrorCode::ConnectionNotFound);
}

#[tokio::test]
async fn writing_takes_the_role_the_connection_and_the_wish() {
    for (connection, role, wish, expected) in [
        (true, true, true, Some(1)),
        (true, true, false, Some(0)),
        (true, false, true, None),
        (false, true, true, None),
        (false, false, false, Some(0)),
    ] {
        let console = console(connection).await;
        let asked = Ask { write: wish, ..ask("x") };
        let result = console.query("here", asked, &caller("ann", role)).await;
        match (expected, result) {
            (Some(written), Ok(answered)) => {
                assert_eq!(Page::of(&answered).unwrap().rows[1], [json!(written)], "{connection} {role} {wish}");
            }
            (None, Err(error)) => {
                assert_eq!(error.code(), ErrorCode::StatementNotAllowed);
                let hint = error.fault.hint.as_deref().unwrap_or_default();
                assert_eq!(hint.contains("sluice connection change here --allow-write"), role, "{hint}");
                assert_eq!(seen(&console, "ann").await, [("x".to_owned(), Outcome::Refused)]);
            }
            (expected, result) => panic!("{connection} {role} {wish}: wanted {expected:?}, got {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_running_statement_is_canceled_by_its_owner_only() {
    let console = console(false).await;
    let id = StatementId::generate();
    let (waiting, ann) = (console.clone(), caller("ann", false));
    let running = tokio::spawn(async move { waiting.query("here", Ask { id: Some(id), ..ask("wait") }, &ann).await });
    while seen(&console, "ann").await.is_empty() {
        tokio::task::yield_now().await;
    }
    let twice = console.query("here", Ask { id: Some(id), ..ask("x") }, &caller("bob", false)).await.unwrap_err();
    assert_eq!(twice.code(), ErrorCode::AlreadyExists);
    assert_eq!(console.cancel(id, &caller("bob", true)).unwrap_err().code(), ErrorCode::StatementNotFound);
    console.cancel(id, &caller("ann", false)).unwrap();
    assert_eq!(running.await.unwrap().unwrap_err().code(), ErrorCode::Canceled);
    assert_eq!(seen(&console, "ann").await, [("wait".to_owned(), Outcome::Canceled)]);
    assert_eq!(console.cancel(id, &caller("ann", false)).unwrap_err().code(), ErrorCode::StatementNotFound);
}

#[tokio::test]
async fn a_statement_whose_caller_goes_at_any_moment_is_closed() {
    let console = console(false).await;
    for steps in 0..40 {
        let (waiting, ann) = (console.clone(), caller("ann", false));
        let running = tokio::spawn(async move { waiting.query("here", ask("wait"), &ann).await });
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        running.abort();
        let _ = running.await;
    }
    // Those that came as far as being on record are closed, and none runs on.
    while seen(&console, "ann").await.iter().any(|(_, outcome)| *outcome != Outcome::Canceled)
        || !console.inner.running().is_empty()
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_statement_nobody_waits_for_any_more_is_on_record_as_canceled() {
    let console = console(false).await;
    let (waiting, ann) = (console.clone(), caller("ann", false));
    let running = tokio::spawn(async move { waiting.query("here", ask("wait"), &ann).await });
    while seen(&console, "ann").await.is_empty() {
        tokio::task::yield_now().await;
    }
    running.abort();
    let _ = running.await;
    while seen(&console, "ann").await != [("wait".to_owned(), Outcome::Canceled)] {
        tokio::task::yield_now().await;
    }
    let slow = Ask { time: Some(Duration::from_millis(1)), ..ask("x") };
    console.query("here", slow, &caller("ann", false)).await.unwrap();
}

/// Whatever an export writes.
async fn written(export: &mut Export) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(more) = export.next().await? {
        bytes.extend(more);
    }
    Ok(bytes)
}

const JSON_LINES: Format = Format::JsonLines;

#[tokio::test]
async fn an_export_of_millions_of_rows_holds_only_a_few_batches() {
    let (console, made) = counted(false).await;
    let mut export = console.export("here", ask("many"), &caller("ann", false), JSON_LINES).await.unwrap();
    let (mut lines, mut taken) = (0, 0);
    while let Some(bytes) = export.next().await.unwrap() {
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        taken += 1;
        // One waits on the edge, and one for its place there.
        let ahead = made.load(Ordering::SeqCst) - taken;
        assert!(ahead <= 2, "{ahead} batches ahead after {taken}");
        if taken == 1 {
            // However long nobody takes any, no more are made.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert!(made.load(Ordering::SeqCst) <= 3);
        }
    }
    assert_eq!((lines, export.count()), (5_000_000, 5_000_000));
    let line =
        console.history(StatementFilter { limit: 1, ..Default::default() }, &caller("ann", false)).await.unwrap();
    assert_eq!((line[0].outcome, line[0].rows, line[0].truncated), (Outcome::Succeeded, Some(5_000_000), false));
}

#[tokio::test]
async fn an_export_that_breaks_tells_so_and_is_on_record() {
    let console = console(true).await;
    let ann = caller("ann", true);
    let mut export = console.export("here", ask("breaks"), &ann, JSON_LINES).await.unwrap();
    assert_eq!(written(&mut export).await.unwrap_err().code(), ErrorCode::ConnectionFailed);
    assert_eq!(export.next().await.unwrap(), None, "nothing comes after an error");
    let line = console.history(StatementFilter { limit: 1, ..Default::default() }, &ann).await.unwrap();
    assert_eq!((line[0].outcome, line[0].rows), (Outcome::Failed, Some(3_000)));
    assert_eq!(line[0].error_code.as_deref(), Some("connection_failed"));
    // What its taker cannot go on with is on record, too.
    let export = console.export("here", ask("many"), &ann, JSON_LINES).await.unwrap();
    export.give_up(Error::permanent(ErrorCode::DiskFailed, "the disk is full")).await;
    let line = console.history(StatementFilter { limit: 1, ..Default::default() }, &ann).await.unwrap();
    assert_eq!(line[0].error_code.as_deref(), Some("disk_failed"));
    let refused = console.export("here", ask("refused"), &ann, JSON_LINES).await.err().unwrap();
    assert_eq!(refused.code(), ErrorCode::StatementNotAllowed);
    let writing = console.export("here", Ask { write: true, ..ask("x") }, &ann, JSON_LINES).await.err().unwrap();
    assert_eq!(writing.code(), ErrorCode::InvalidValue);
}

#[tokio::test]
async fn an_export_nobody_takes_is_canceled_all_the_same() {
    let console = console(false).await;
    let ann = caller("ann", false);
    let mut export = console.export("here", ask("many"), &ann, JSON_LINES).await.unwrap();
    console.cancel(export.id(), &ann).unwrap();
    while seen(&console, "ann").await != [("many".to_owned(), Outcome::Canceled)] {
        tokio::task::yield_now().await;
    }
    assert_eq!(written(&mut export).await.unwrap_err().code(), ErrorCode::Canceled);
    drop(console.export("here", ask("many"), &ann, JSON_LINES).await.unwrap());
    while seen(&console, "ann").await[0] != ("many".to_owned(), Outcome::Canceled) {
        tokio::task::yield_now().await;
    }
}
