//! A source, a sink and a channel over granted connections: rows by a query, rows into a table in one transaction, and
//! alerts counted in Redis. The host's tests load it against real systems.

use plugin_sdk::{
    Batch, Channel, Error, Host, Mark, Message, Page, Position, Reader, RedisValue, Result, Rows, Schema, Sink, Source,
    Transaction, Writer, redis_command,
};
use serde::Deserialize;

/// The name that the manifest gives the connection.
const STORE: &str = "store";
const CACHE: &str = "cache";

struct Warehouse;

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    query: String,
    #[serde(default)]
    table: String,
    /// Statements before the rows.
    #[serde(default)]
    prepare: Vec<String>,
    /// A statement with placeholders, rather than `table`.
    #[serde(default)]
    statement: String,
    /// The connection, where it is not `store`.
    #[serde(default)]
    connection: Option<String>,
    /// Commands of Redis in the place of the usual one, words parted by spaces.
    #[serde(default)]
    commands: Vec<String>,
}

impl Settings {
    fn connection(&self) -> &str {
        self.connection.as_deref().unwrap_or(STORE)
    }
}

struct Read {
    rows: Rows,
}

impl Source for Warehouse {
    type Reader = Read;

    fn check(host: &Host) -> Result<()> {
        let settings: Settings = host.settings()?;
        host.query(settings.connection(), "SELECT 1 AS one").map(drop)
    }

    fn open(host: Host, _: Option<String>) -> Result<Read> {
        let settings: Settings = host.settings()?;
        Ok(Read { rows: host.query(settings.connection(), &settings.query)? })
    }
}

impl Reader for Read {
    fn columns(&self) -> Schema {
        self.rows.columns()
    }

    fn next(&mut self) -> Result<Option<Page>> {
        Ok(self.rows.next_batch()?.map(Page::new))
    }
}

struct Write {
    host: Host,
    settings: Settings,
    columns: Schema,
    open: Option<Transaction>,
}

impl Sink for Warehouse {
    type Writer = Write;

    fn open(host: Host, columns: Schema, _key: String) -> Result<Write> {
        Ok(Write { settings: host.settings()?, host, columns, open: None })
    }
}

impl Writer for Write {
    fn prepare(&mut self) -> Result<()> {
        let mut open = self.host.begin(self.settings.connection())?;
        for statement in &self.settings.prepare {
            open.execute(statement)?;
        }
        self.open = Some(open);
        Ok(())
    }

    fn claim(&mut self, _lane: &str) -> Result<Option<Position>> {
        Ok(None)
    }

    fn write(&mut self, rows: Batch, _mark: Mark) -> Result<u64> {
        let open = self.open.as_mut().ok_or_else(|| Error::permanent("write before prepare"))?;
        match self.settings.statement.is_empty() {
            true => open.write(&self.settings.table, &self.columns, &rows),
            false => open.execute_with(&self.settings.statement, &self.columns, &rows),
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.open.take().map_or(Ok(()), Transaction::commit)
    }

    fn abort(&mut self) {
        self.open = None;
    }
}

impl Channel for Warehouse {
    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let settings: Settings = host.settings()?;
        let mut commands = vec![redis_command(["SET", &message.id, &key]), redis_command(["GET", &message.id])];
        if !settings.commands.is_empty() {
            commands = settings.commands.iter().map(|line| redis_command(line.split(' '))).collect();
        }
        let answers = host.redis(settings.connection.as_deref().unwrap_or(CACHE), &commands)?;
        Ok(answers.last().map(|answer| match answer {
            RedisValue::Nil => "nil".to_owned(),
            RedisValue::Number(number) => number.to_string(),
            RedisValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            RedisValue::Many(many) => {
                many.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect::<Vec<_>>().join(" ")
            }
        }))
    }
}

plugin_sdk::export_plugin!(source: Warehouse, sink: Warehouse, channel: Warehouse);
