//! The capabilities `sql` and `redis` with a real plugin over real connectors, and what a plugin must not get by them.

use crate::guests::guests;
use crate::{call, texts};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use data::{Alert, Batch, Channel, Connections, Connector, Error, Lane, Plugins, System};
use model::ErrorCode;
use plugin_host::{ConnectionGrant, Grants, Host, HostConfig, Limits, PluginInfo};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Connections by name.
pub(crate) struct Servers(pub(crate) HashMap<String, Arc<dyn Connector>>);

#[async_trait]
impl Connections for Servers {
    async fn get(&self, name: &str) -> data::Result<Arc<dyn Connector>> {
        let missing = || Error::permanent(ErrorCode::ConnectionNotFound, format!("there is no connection `{name}`"));
        self.0.get(name).cloned().ok_or_else(missing)
    }

    async fn get_channel(&self, name: &str) -> data::Result<Arc<dyn Channel>> {
        Err(Error::permanent(ErrorCode::ChannelNotFound, format!("there is no channel `{name}`")))
    }
}

/// An SQLite file as a connection.
pub(crate) fn sqlite(folder: &Path, name: &str) -> Arc<dyn Connector> {
    let settings = json!({ "path": folder.join(name).display().to_string() });
    connectors::open(System::Sqlite, &settings, None, &connectors::Gate::with_private()).unwrap()
}

/// What a variable names as a connection; none, said aloud, where it is not set.
fn server(variable: &str) -> Option<Arc<dyn Connector>> {
    let Ok(url) = std::env::var(variable) else {
        assert!(
            std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(),
            "nothing may be skipped here, but {variable} is missing"
        );
        eprintln!("skipped: this part needs {variable}");
        return None;
    };
    let settings = connectors::Settings::parse(&url).unwrap();
    let gate = connectors::Gate::with_private();
    Some(connectors::open(settings.system, &settings.values, settings.secret.as_deref(), &gate).unwrap())
}

pub(crate) fn grant(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, ConnectionGrant> {
    pairs.iter().map(|(name, grant)| ((*name).to_owned(), grant.parse().unwrap())).collect()
}

fn sql(pairs: &[(&str, &str)]) -> Grants {
    Grants { sql: grant(pairs), ..Grants::default() }
}

fn limits() -> Limits {
    Limits {
        time: Duration::from_secs(20),
        sql_rows: 30_000,
        sql_statement: Duration::from_secs(10),
        sql_query: Duration::from_secs(20),
        body: 8 << 20,
        host_calls: 1_000,
        ..Limits::default()
    }
}

struct Warehouse {
    host: Host,
    info: PluginInfo,
    folder: TempDir,
    servers: Arc<dyn Connections>,
}

impl Warehouse {
    async fn open(built: &Path, servers: impl FnOnce(&Path) -> HashMap<String, Arc<dyn Connector>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Host::open(HostConfig { limits: limits(), ..HostConfig::new(folder.path().join("host")) }).unwrap();
        let servers: Arc<dyn Connections> = Arc::new(Servers(servers(folder.path())));
        host.connect_with(&servers);
        let info = host.install(&built.join("warehouse"), Grants::default()).await.unwrap();
        Self { host, info, folder, servers }
    }

    async fn with_sqlite(built: &Path) -> Self {
        let open = |folder: &Path| {
            HashMap::from([
                ("history".to_owned(), sqlite(folder, "history.db")),
                ("vault".to_owned(), sqlite(folder, "vault.db")),
            ])
        };
        let warehouse = Self::open(built, open).await;
        for name in ["history", "vault"] {
            let connector = warehouse.servers.get(name).await.unwrap();
            connector
                .execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'one')")
                .await
                .unwrap();
        }
        warehouse
    }

    fn grant(&self, grants: Grants) {
        self.host.grant("warehouse", grants).unwrap();
    }

    async fn read(&self, settings: Value) -> Result<Vec<String>, Error> {
        let mut source = self.host.open_source("warehouse", call(settings), None).await?;
        texts(source.as_mut()).await
    }

    async fn write(&self, settings: Value, rows: &[RecordBatch]) -> Result<(), Error> {
        let mut sink = self.host.open_sink("warehouse", call(settings), rows[0].schema()).await?;
        for (place, records) in rows.iter().enumerate() {
            let sequence = place as u64 + 1;
            let batch = Batch { lane: Lane::new("main"), sequence, checkpoint: None, records: records.clone() };
            sink.write(&batch).await?;
        }
        sink.finish().await
    }

    async fn count(&self, connection: &str, table: &str) -> u64 {
        let connector = self.servers.get(connection).await.unwrap();
        connector.count(&data::connector::Relation::Table(table.to_owned()), None).await.unwrap()
    }
}

fn rows(ids: &[i64]) -> RecordBatch {
    let names = StringArray::from_iter_values(ids.iter().map(|id| format!("name {id}")));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef),
        ("name", Arc::new(names) as ArrayRef),
    ])
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_connection_is_read_and_written_in_one_transaction() {
    let Some(built) = guests() else { return };
    let it = Warehouse::with_sqlite(built).await;
    assert_eq!(it.info.missing_grants(), ["sql store", "sql other", "redis cache"]);
    it.grant(sql(&[("store", "history:write")]));
    let settings = json!({ "table": "t", "prepare": ["UPDATE t SET name = 'first' WHERE id = 1"] });
    it.write(settings, &[rows(&[2, 3]), rows(&[4])]).await.unwrap();
    let query = json!({ "query": "SELECT name FROM t ORDER BY id" });
    assert_eq!(it.read(query.clone()).await.unwrap(), ["first", "name 2", "name 3", "name 4"]);
    // By a statement with placeholders.
    let settings = json!({ "statement": "INSERT INTO t (id, name) VALUES (?, upper(?))" });
    it.write(settings, &[rows(&[5])]).await.unwrap();
    assert_eq!(it.read(query.clone()).await.unwrap().last().unwrap(), "NAME 5");
    // What fails on its way leaves nothing.
    let error = it.write(json!({ "table": "t" }), &[rows(&[6]), rows(&[1])]).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert_eq!(it.count("history", "t").await, 5);
    // Reading is enough to read.
    it.grant(sql(&[("store", "history")]));
    assert_eq!(it.read(query).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_gets_no_connection_and_no_statement_beyond_its_grant() {
    let Some(built) = guests() else { return };
    let it = Warehouse::with_sqlite(built).await;
    let query = |connection: &str| json!({ "query": "SELECT name FROM t", "connection": connection });
    let denied = async |outcome: Result<Vec<String>, Error>, told: &str| {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{error}");
        assert!(
            error.to_string().contains("plugin `warehouse`") && error.to_string().contains(told),
            "{told}: {error}"
        );
    };
    denied(it.read(query("store")).await, "sluice plugin grant warehouse --grant sql:store=CONNECTION").await;
    it.grant(sql(&[("store", "history")]));
    // The names of other connections, and those of the server, are nothing to it.
    for name in ["other", "vault", "history", "", "store\0", "../vault", "STORE"] {
        denied(it.read(query(name)).await, "was not granted").await;
    }
    // Under a grant for reading nothing is changed, by whatever statement.
    for statement in [
        "DELETE FROM t",
        "INSERT INTO t VALUES (9, 'nine')",
        "SELECT 1; DROP TABLE t",
        "SELECT 1; SELECT 2",
        "WITH gone AS (SELECT 1) DELETE FROM t",
        "PRAGMA writable_schema = 1",
        "ATTACH 'vault.db' AS other",
        "VACUUM INTO 'copy.db'",
        "CREATE TABLE u (a)",
        "BEGIN",
    ] {
        let outcome = it.read(json!({ "query": statement })).await;
        denied(outcome, "not allowed").await;
    }
    let error = it.write(json!({ "table": "t" }), &[rows(&[9])]).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{error}");
    assert!(error.to_string().contains("--grant sql:store=CONNECTION:write"), "{error}");
    // Under one for writing nothing leaves the transaction.
    it.grant(sql(&[("store", "history:write")]));
    for statement in
        ["COMMIT", "DELETE FROM t; COMMIT", "ATTACH 'vault.db' AS other", "PRAGMA user_version = 7", "VACUUM"]
    {
        let settings = json!({ "table": "t", "prepare": ["INSERT INTO t VALUES (7, 'seven')", statement] });
        let error = it.write(settings, &[rows(&[9])]).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{statement}: {error}");
    }
    assert_eq!((it.count("history", "t").await, it.count("vault", "t").await), (1, 1));
    assert!(!it.folder.path().join("copy.db").exists());
    // What nobody asked for cannot be granted.
    let error = it.host.grant("warehouse", sql(&[("vault", "vault")])).unwrap_err();
    assert!(error.to_string().contains("does not ask for `sql` connection `vault`"), "{error}");
    // A grant of what is not there says so.
    it.grant(sql(&[("store", "gone")]));
    let error = it.read(query("store")).await.unwrap_err();
    assert!(error.to_string().contains("there is no connection `gone`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_at_its_limits_and_a_neighbor_goes_on() {
    let Some(built) = guests() else { return };
    let it = Warehouse::with_sqlite(built).await;
    it.grant(sql(&[("store", "history:write")]));
    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n";
    let query = |sql: &str| json!({ "query": sql });
    assert_eq!(it.read(query(&count.replace("{}", "20000"))).await.unwrap().len(), 20_000);
    let error = it.read(query(&count.replace("{}", "90000"))).await.unwrap_err();
    assert!(error.to_string().contains("more than the 30000 rows"), "{error}");
    let error = it
        .read(query(
            "SELECT hex(zeroblob(1000000)) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5)",
        ))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
    let error = it.read(query("SELECT zeroblob(100000000)")).await.unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
    let error = it.read(query("SELECT i FROM nowhere")).await.unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    assert_eq!(it.read(query("SELECT name FROM t")).await.unwrap(), ["one"]);
    // A source that is dropped half-way leaves the connection to others, a writer too.
    for _ in 0..20 {
        let settings = query(&count.replace("{}", "20000"));
        let mut source = it.host.open_source("warehouse", call(settings), None).await.unwrap();
        source.next().await.unwrap();
    }
    drop(it.host.open_sink("warehouse", call(json!({ "table": "t" })), rows(&[1]).schema()).await.unwrap());
    it.write(json!({ "table": "t" }), &[rows(&[2])]).await.unwrap();
    assert_eq!(it.count("history", "t").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_plugin_works_on_servers() {
    let Some(built) = guests() else { return };
    for variable in ["SLUICE_TEST_POSTGRES", "SLUICE_TEST_MYSQL"] {
        let Some(server) = server(variable) else { continue };
        let table = format!("plugin_rows_{}", std::process::id());
        let it = Warehouse::open(built, |_| HashMap::from([("server".to_owned(), server.clone())])).await;
        it.grant(sql(&[("store", "server:write")]));
        let create = format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, name VARCHAR(40))");
        it.write(json!({ "table": table, "prepare": [create] }), &[rows(&[1, 2])]).await.unwrap();
        let query = json!({ "query": format!("SELECT name FROM {table} ORDER BY id") });
        assert_eq!(it.read(query.clone()).await.unwrap(), ["name 1", "name 2"], "{variable}");
        let error = it.write(json!({ "table": table }), &[rows(&[3]), rows(&[1])]).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValueRefused, "{variable}: {error}");
        for statement in ["COMMIT", "SET ROLE nobody", "DROP DATABASE x", "SELECT 1; COMMIT"] {
            let settings = json!({ "table": table, "prepare": [format!("DELETE FROM {table}"), statement] });
            let error = it.write(settings, &[rows(&[4])]).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{variable} {statement}: {error}");
        }
        assert_eq!(it.read(query).await.unwrap().len(), 2, "{variable}");
        server.execute(&format!("DROP TABLE {table}")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_redis_takes_the_commands_of_its_grant_and_no_others() {
    let Some(built) = guests() else { return };
    let Some(server) = server("SLUICE_TEST_REDIS") else { return };
    let it = Warehouse::open(built, |folder| {
        HashMap::from([("hot".to_owned(), server.clone()), ("history".to_owned(), sqlite(folder, "history.db"))])
    })
    .await;
    let key = format!("sluice-plugin-{}", std::process::id());
    let deliver = async |settings: Value| {
        let alert = Alert { id: key.clone(), title: "t".to_owned(), ..Alert::default() };
        let channel = it.host.open_channel("warehouse", call(settings)).await?;
        channel.deliver(&alert).await.map(|delivery| delivery.provider_id.unwrap_or_default())
    };
    let redis = |grant_text: &str| Grants { redis: grant(&[("cache", grant_text)]), ..Grants::default() };
    let error = deliver(json!({})).await.unwrap_err();
    assert!(error.to_string().contains("--grant redis:cache=CONNECTION"), "{error}");
    it.grant(redis("hot:write"));
    assert_eq!(deliver(json!({})).await.unwrap(), key);
    let commands =
        |lines: &[&str]| json!({ "commands": lines.iter().map(|line| line.replace('@', &key)).collect::<Vec<_>>() });
    assert_eq!(deliver(commands(&["DEL @", "RPUSH @ a b", "LRANGE @ 0 -1"])).await.unwrap(), "a b");
    for line in ["FLUSHALL", "CONFIG GET *", "EVAL x 0", "BLPOP @ 0", "KEYS *", "SHUTDOWN", "SELECT 1"] {
        let error = deliver(commands(&["DEL @", line])).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{line}: {error}");
    }
    it.grant(redis("hot"));
    let error = deliver(commands(&["DEL @"])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::CapabilityDenied, "{error}");
    assert!(error.to_string().contains("--grant redis:cache=CONNECTION:write"), "{error}");
    assert_eq!(deliver(commands(&["LLEN @"])).await.unwrap(), "2");
    it.grant(redis("history"));
    let error = deliver(commands(&["LLEN @"])).await.unwrap_err();
    assert!(error.to_string().contains("not to Redis"), "{error}");
    it.grant(redis("hot:write"));
    deliver(commands(&["DEL @"])).await.unwrap();
}
