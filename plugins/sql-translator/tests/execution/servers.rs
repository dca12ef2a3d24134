//! The servers that statements run on, each with the common data set in a database of its own.

use crate::compare::{Kind, Rows};
use crate::corpus;
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use sql_translator::Dialect;
use tokio::runtime::Runtime;

/// A server with the data set.
pub(crate) enum Server {
    Mariadb { runtime: Runtime, connection: mysql_async::Conn, database: String },
    Postgres { runtime: Runtime, client: tokio_postgres::Client, schema: String },
    Sqlite { connection: rusqlite::Connection },
}

/// Where a test server is; where nobody says, tests that need it skip aloud.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        assert!(std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(), "`{name}` is not set");
        eprintln!("SKIPPED: `{name}` is not set");
    }
    value
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("threads can be started")
}

/// The statements of a text, by the translator's own cut.
fn statements(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match (quote, c) {
            (None, ';') => {
                statements.push(std::mem::take(&mut current));
                continue;
            }
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        current.push(c);
    }
    statements.push(current);
    statements.retain(|statement| !statement.trim().is_empty());
    statements
}

impl Server {
    pub(crate) fn mariadb(name: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_MYSQL")?;
        let database = format!("translate_{name}_{}", std::process::id());
        let runtime = runtime();
        let connection = runtime.block_on(async {
            let options = mysql_async::Opts::from_url(&url).expect("the address is one");
            let mut connection = mysql_async::Conn::new(options).await.expect("MariaDB answers");
            let setup = [
                format!("DROP DATABASE IF EXISTS {database}"),
                format!("CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
                format!("USE {database}"),
                "SET NAMES utf8mb4".to_owned(),
                "SET time_zone = '+00:00'".to_owned(),
                "SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'".to_owned(),
            ];
            for statement in setup.into_iter().chain(statements(&corpus::data(Dialect::Mariadb))) {
                connection.query_drop(&statement).await.unwrap_or_else(|error| panic!("{error}: {statement}"));
            }
            connection
        });
        Some(Self::Mariadb { runtime, connection, database })
    }

    pub(crate) fn postgres(name: &str) -> Option<Self> {
        let url = variable("SLUICE_TEST_POSTGRES")?;
        let schema = format!("translate_{name}_{}", std::process::id());
        let runtime = runtime();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("PostgreSQL answers");
            tokio::spawn(connection);
            let setup = format!(
                "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; SET search_path = {schema}; SET timezone = 'UTC'; SET client_min_messages = warning"
            );
            client.batch_execute(&setup).await.expect("a schema can be made");
            client.batch_execute(&corpus::data(Dialect::Postgres)).await.expect("the data set loads");
            client
        });
        Some(Self::Postgres { runtime, client, schema })
    }

    pub(crate) fn sqlite() -> Self {
        let connection = rusqlite::Connection::open_in_memory().expect("memory is there");
        connection.execute_batch(&corpus::data(Dialect::Sqlite)).expect("the data set loads");
        Self::Sqlite { connection }
    }

    /// Runs a text in a transaction that is taken back, and yields the rows of `check`, else of the text's last query.
    pub(crate) fn play(&mut self, sql: &str, check: Option<&str>) -> Result<Rows, String> {
        match self {
            Self::Mariadb { runtime, connection, .. } => runtime.block_on(async {
                let _ = connection.query_drop("START TRANSACTION").await;
                let result = play_mariadb(connection, sql, check).await;
                let _ = connection.query_drop("ROLLBACK").await;
                // What defines tables cannot be taken back there.
                let made: Vec<(String, String)> = connection
                    .query("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE 'made%'")
                    .await
                    .map_err(|error| error.to_string())?;
                if !made.is_empty() {
                    let _ = connection.query_drop("SET foreign_key_checks = 0").await;
                    for (name, kind) in made {
                        let word = if kind == "VIEW" { "VIEW" } else { "TABLE" };
                        let _ = connection.query_drop(format!("DROP {word} `{name}`")).await;
                    }
                    let _ = connection.query_drop("SET foreign_key_checks = 1").await;
                }
                result
            }),
            Self::Postgres { runtime, client, .. } => runtime.block_on(async {
                client.batch_execute("BEGIN").await.map_err(|error| error.to_string())?;
                let result = play_postgres(client, sql, check).await;
                client.batch_execute("ROLLBACK").await.map_err(|error| error.to_string())?;
                result
            }),
            Self::Sqlite { connection } => {
                connection.execute_batch("BEGIN").map_err(|error| error.to_string())?;
                let result = play_sqlite(connection, sql, check);
                let _ = connection.execute_batch("ROLLBACK");
                result
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::Mariadb { runtime, connection, database } => {
                let statement = format!("DROP DATABASE IF EXISTS {database}");
                let _ = runtime.block_on(connection.query_drop(statement));
            }
            Self::Postgres { runtime, client, schema } => {
                let statement = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
                let _ = runtime.block_on(client.batch_execute(&statement));
            }
            Self::Sqlite { .. } => {}
        }
    }
}

async fn play_mariadb(connection: &mut mysql_async::Conn, sql: &str, check: Option<&str>) -> Result<Rows, String> {
    let mut last = Rows::default();
    for statement in statements(sql).iter().map(String::as_str).chain(check) {
        let mut result = connection.query_iter(statement).await.map_err(|error| format!("{error} in {statement}"))?;
        let kinds = result.columns().map(|columns| {
            columns
                .iter()
                .map(|column| match column.column_type() {
                    ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE => Kind::Float,
                    kind if kind.is_numeric_type() => Kind::Number,
                    ColumnType::MYSQL_TYPE_DATETIME
                    | ColumnType::MYSQL_TYPE_TIMESTAMP
                    | ColumnType::MYSQL_TYPE_TIME
                    | ColumnType::MYSQL_TYPE_DATE => Kind::Moment,
                    _ => Kind::Text,
                })
                .collect::<Vec<_>>()
        });
        let rows: Vec<mysql_async::Row> = result.collect().await.map_err(|error| format!("{error} in {statement}"))?;
        drop(result);
        if let Some(kinds) = kinds.filter(|kinds| !kinds.is_empty()) {
            let text = |value: mysql_async::Value| match value {
                mysql_async::Value::NULL => None,
                mysql_async::Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
            };
            let rows = rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect();
            last = Rows { kinds, rows };
        }
    }
    Ok(last)
}

async fn play_postgres(client: &tokio_postgres::Client, sql: &str, check: Option<&str>) -> Result<Rows, String> {
    use tokio_postgres::SimpleQueryMessage as Message;
    let told = |error: tokio_postgres::Error| {
        error
            .as_db_error()
            .map_or_else(|| error.to_string(), |fault| format!("{} {}", fault.code().code(), fault.message()))
    };
    let mut last = Rows::default();
    for statement in statements(sql).iter().map(String::as_str).chain(check) {
        let returns = client.prepare(statement).await.map_err(|error| format!("{} in {statement}", told(error)))?;
        let kinds: Vec<Kind> = returns
            .columns()
            .iter()
            .map(|column| match column.type_().name() {
                "int2" | "int4" | "int8" | "numeric" => Kind::Number,
                "float4" | "float8" => Kind::Float,
                "bool" => Kind::Truth,
                "timestamp" | "timestamptz" | "time" | "date" => Kind::Moment,
                _ => Kind::Text,
            })
            .collect();
        let messages =
            client.simple_query(statement).await.map_err(|error| format!("{} in {statement}", told(error)))?;
        if kinds.is_empty() {
            continue;
        }
        let bytes: Vec<bool> = returns.columns().iter().map(|column| column.type_().name() == "bytea").collect();
        let value = |at: usize, text: &str| match text.strip_prefix("\\x").filter(|_| bytes.get(at) == Some(&true)) {
            Some(digits) => {
                let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
                let bytes: Vec<u8> = (0..digits.len()).step_by(2).filter_map(byte).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            None => text.to_owned(),
        };
        let row = |message: Message| match message {
            Message::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(|text| value(at, text))).collect()),
            _ => None,
        };
        last = Rows { kinds, rows: messages.into_iter().filter_map(row).collect() };
    }
    Ok(last)
}

fn play_sqlite(connection: &rusqlite::Connection, sql: &str, check: Option<&str>) -> Result<Rows, String> {
    use rusqlite::types::ValueRef;
    let mut last = Rows::default();
    for text in statements(sql).iter().map(String::as_str).chain(check) {
        let mut statement = connection.prepare(text).map_err(|error| format!("{error} in {text}"))?;
        let width = statement.column_count();
        let mut kinds = vec![Kind::Text; width];
        let mut found = Vec::new();
        let mut rows = statement.query([]).map_err(|error| format!("{error} in {text}"))?;
        while let Some(row) = rows.next().map_err(|error| format!("{error} in {text}"))? {
            let mut values = Vec::new();
            for (at, kind) in kinds.iter_mut().enumerate() {
                values.push(match row.get_ref(at).map_err(|error| error.to_string())? {
                    ValueRef::Null => None,
                    ValueRef::Integer(number) => {
                        if *kind == Kind::Text {
                            *kind = Kind::Number;
                        }
                        Some(number.to_string())
                    }
                    ValueRef::Real(number) => {
                        *kind = Kind::Float;
                        Some(number.to_string())
                    }
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                });
            }
            found.push(values);
        }
        if width > 0 {
            last = Rows { kinds, rows: found };
        }
    }
    Ok(last)
}
