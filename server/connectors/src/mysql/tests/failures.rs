use super::*;
use crate::mysql::pool::Connections;
use data::AddressRules;
use data::console::{ConsoleAnswer, ConsoleForm, ConsoleLimits, ConsoleRequest};
use std::sync::atomic::AtomicBool;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A way to the server that can be cut.
struct Proxy {
    port: u16,
    cut: Arc<Notify>,
    open: Arc<AtomicBool>,
}

impl Proxy {
    async fn start(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            cut: Arc::new(Notify::new()),
            open: Arc::new(AtomicBool::new(true)),
        };
        let (cut, open) = (proxy.cut.clone(), proxy.open.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let (cut, host) = (cut.clone(), host.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect((host.as_str(), port)).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        proxy
    }

    fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.cut.notify_waiters();
    }

    fn reopen(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_is_told_and_the_pool_recovers() {
    let Some(own) = server("a_server_that_stops_in_the_middle_is_told_and_the_pool_recovers").await else { return };
    let mut config = (*own.0.config).clone();
    let proxy = Proxy::start(config.host.clone(), config.port).await;
    (config.host, config.port) = ("127.0.0.1".to_owned(), proxy.port);
    let mysql = Mysql::new(config, own.0.connections.secret(), &Gate::with_private());
    let numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
    let many = format!("SELECT a.i, REPEAT('x', 100) AS t FROM ({numbers}) AS a JOIN ({numbers}) AS b ON a.i <> -b.i");
    let mut source = mysql.read(ReadOptions::query(&many)).await.unwrap();
    source.next().await.unwrap().unwrap();
    proxy.close();
    let error = loop {
        match source.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the end of a million rows was reached"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, true), "{error}");
    assert!(error.to_string().contains("was lost"), "{error}");
    // A batch that is cut off leaves nothing behind.
    assert_eq!(mysql.ping().await.unwrap_err().code(), ErrorCode::ConnectionFailed);
    proxy.reopen();
    mysql.execute("CREATE TABLE t (k BIGINT, v TEXT)").await.unwrap();
    let records = pairs(&[(1, Some("a"))]);
    let mut sink = mysql.write(records.schema(), WriteOptions::append("t")).await.unwrap();
    proxy.close();
    let error = sink.write(&batch(1, records.clone())).await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, true), "{error}");
    proxy.reopen();
    assert_eq!(mysql.count(&Relation::Table("t".into()), None).await.unwrap(), 0);
    assert!(mysql.ping().await.is_ok());
    // In the middle of a statement of the console, which tells it rather than a part.
    let limits = ConsoleLimits { rows: u64::MAX, ..ConsoleLimits::default() };
    let console = ConsoleRequest { sql: many, params: Vec::new(), write: false, limits };
    let mut stream = mysql.console_rows(console.clone(), ConsoleForm::Stream).await.unwrap();
    stream.next().await.unwrap().unwrap();
    proxy.close();
    let error = ConsoleAnswer::gather(stream).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert_eq!(mysql.console(console.clone()).await.unwrap_err().code(), ErrorCode::ConnectionFailed);
    proxy.reopen();
    let one = ConsoleRequest { sql: "SELECT 1".to_owned(), ..console };
    assert_eq!(mysql.console(one).await.unwrap().batches[0].num_rows(), 1);
    drop((source, sink));
    drop_database(own).await;
}

#[tokio::test]
async fn a_table_dropped_meanwhile_is_named() {
    let Some(own) = server("a_table_dropped_meanwhile_is_named").await else { return };
    let mysql = &own.0;
    for rows in [1, 1_000] {
        mysql.execute("CREATE TABLE t (k BIGINT, v TEXT)").await.unwrap();
        let records = pairs(&vec![(1, Some("a")); rows]);
        let mut sink = mysql.write(records.schema(), WriteOptions::append("t")).await.unwrap();
        mysql.execute("DROP TABLE t").await.unwrap();
        let error = sink.write(&batch(1, records)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
        assert!(error.to_string().contains(".t'"), "{error}");
        assert!(mysql.ping().await.is_ok());
    }
    drop_database(own).await;
}

#[tokio::test]
async fn addresses_credentials_and_tls_are_told_apart() {
    let Some(own) = server("addresses_credentials_and_tls_are_told_apart").await else { return };
    let refused = Mysql::new((*own.0.config).clone(), None, &Gate::new(AddressRules::public_only()));
    let error = refused.ping().await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::AddressRefused, false), "{error}");
    let with = |change: &dyn Fn(&mut Config)| {
        let mut config = (*own.0.config).clone();
        change(&mut config);
        Mysql::new(config, own.0.connections.secret(), &Gate::with_private())
    };
    let named = with(&|config| config.host = "localhost".to_owned());
    assert!(named.ping().await.is_ok(), "a name is resolved");
    let unknown = with(&|config| config.host = "no-such-host.invalid".to_owned());
    let error = unknown.ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
    // The test server has no TLS, or a certificate that nobody vouches for.
    let error = with(&|config| config.tls = true).ping().await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
    let wrong = with(&|config| config.database = Some("no_such_database".to_owned()));
    let error = wrong.ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("no_such_database"), "{error}");
    drop_database(own).await;
}

#[tokio::test]
async fn a_pool_in_use_says_so() {
    let Some(own) = server("a_pool_in_use_says_so").await else { return };
    let mut config = (*own.0.config).clone();
    (config.pool_size, config.connect_timeout_ms) = (1, 500);
    let connections = Connections::new(config, own.0.connections.secret(), &Gate::with_private());
    let held = connections.pooled().await.unwrap();
    let error = connections.pooled().await.unwrap_err();
    assert!(error.retryable && error.to_string().contains("all 1 connections"), "{error}");
    assert_eq!(connections.load(), (1, 1, 1));
    drop(held);
    assert!(connections.pooled().await.is_ok());
    drop_database(own).await;
}

#[tokio::test]
async fn a_dropped_read_ends_in_the_server() {
    let Some(own) = server("a_dropped_read_ends_in_the_server").await else { return };
    let mysql = &own.0;
    let mark = format!("read_{}", own.1);
    let numbers = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
    let many = format!("SELECT a.i AS {mark} FROM ({numbers}) AS a JOIN ({numbers}) AS b ON a.i <> -b.i");
    let mut source = mysql.read(ReadOptions::query(&many)).await.unwrap();
    source.next().await.unwrap().unwrap();
    drop(source);
    let running = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%{mark}%' AND id <> CONNECTION_ID()"
    );
    let mut connection = mysql.connect().await.unwrap();
    while connection.query_first::<u64, _>(running.as_str()).await.unwrap() != Some(0) {
        tokio::task::yield_now().await;
    }
    drop(connection);
    drop_database(own).await;
}
