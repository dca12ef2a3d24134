//! Databases that workflows write to, looked at without Sluice.

use crate::program::skip;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The URL in an environment variable; where it is missing, that is said aloud.
pub(crate) fn find_url(variable: &str, what: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        skip(&format!("{what} needs {variable}"));
    }
    url
}

/// A name that no other test uses.
pub(crate) fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("sluice_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// One number from an SQLite file; none where the file or the table is missing.
pub(crate) fn sqlite_number(file: &Path, query: &str) -> Option<i64> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    connection.query_row(query, [], |row| row.get::<_, Option<i64>>(0)).ok().flatten()
}

/// Statements on an SQLite file, which is made where it is missing.
pub(crate) fn sqlite_execute(file: &Path, statements: &str) {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    connection.execute_batch(statements).unwrap();
}

/// A database of the PostgreSQL server in `SLUICE_TEST_POSTGRES`, dropped at the end.
pub(crate) struct Postgres {
    pub(crate) url: String,
    admin: String,
    name: String,
    runtime: Runtime,
}

impl Postgres {
    /// None where there is no server; that is said aloud.
    pub(crate) fn create(what: &str) -> Option<Self> {
        Some(Self::create_on(&find_url("SLUICE_TEST_POSTGRES", what)?))
    }

    /// A database of the server at that address.
    pub(crate) fn create_on(admin: &str) -> Self {
        let admin = admin.to_owned();
        let name = unique_name();
        let (address, parameters) = admin.split_once('?').map_or((admin.as_str(), None), |(a, p)| (a, Some(p)));
        let (server, _) = address.rsplit_once('/').expect("the URL names a database");
        let mut url = format!("{server}/{name}");
        if let Some(parameters) = parameters {
            url = format!("{url}?{parameters}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let database = Self { url, admin, name, runtime };
        let is_starting = || matches!(database.on(&database.admin, "SELECT 1"), Err(error) if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW));
        while is_starting() {
            std::thread::sleep(Duration::from_millis(50));
        }
        database.on(&database.admin, &format!("CREATE DATABASE {}", database.name)).unwrap();
        database
    }

    /// Statements that must succeed.
    pub(crate) fn execute(&self, statements: &str) {
        self.on(&self.url, statements).unwrap();
    }

    /// One number; none where the table is missing or the number is NULL.
    pub(crate) fn number(&self, query: &str) -> Option<i64> {
        let messages = match self.on(&self.url, query) {
            Err(error) if error.as_db_error().is_none() => panic!("PostgreSQL cannot be asked: {error}"),
            messages => messages.ok()?,
        };
        messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        })
    }

    fn on(&self, url: &str, statements: &str) -> Result<Vec<SimpleQueryMessage>, tokio_postgres::Error> {
        self.runtime.block_on(async {
            let client = connect(url).await?;
            client.simple_query(statements).await
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.on(&self.admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // Ends when the client is dropped.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}
