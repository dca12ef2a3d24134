//! What goes wrong on the way to the server: told by name, and nobody else is held up.

use crate::Gate;
use crate::suite::world::{World, named, open};
use data::connector::ReadOptions;
use data::console::{ConsoleAnswer, ConsoleForm, ConsoleLimits, ConsoleRequest};
use data::{Connector, WriteOptions};
use model::ErrorCode;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

fn request(sql: &str) -> ConsoleRequest {
    ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
}

/// A proxy that cuts all its connections when told to, and takes new ones afterwards.
struct Proxy {
    port: u16,
    cut: watch::Sender<u64>,
}

impl Proxy {
    async fn to(url: &str) -> Self {
        let settings = crate::Settings::parse(url).unwrap();
        let target = format!(
            "{}:{}",
            settings.values["host"].as_str().unwrap(),
            settings.values["port"].as_u64().unwrap_or(5432)
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, heard) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut heard) = (target.clone(), heard.clone());
                heard.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = heard.changed() => {}
                    }
                });
            }
        });
        Self { port, cut }
    }

    fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    fn open(&self, world: &World, schema: &str) -> Arc<dyn Connector> {
        let mut settings = crate::Settings::parse(&world.url).unwrap();
        settings.values["port"] = self.port.into();
        settings.values["schema"] = schema.into();
        crate::open(settings.system, &settings.values, settings.secret.as_deref(), &Gate::with_private()).unwrap()
    }
}

async fn schema(world: &World) -> String {
    let rows = world.read(ReadOptions::query("SELECT current_schema() AS s")).await;
    crate::cell::text(rows.column(0), 0).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_midway_is_told_and_come_back_to() {
    let Some(world) = World::postgres("a_server_that_stops_midway_is_told_and_come_back_to").await else { return };
    let proxy = Proxy::to(&world.url).await;
    let connector = proxy.open(&world, &schema(&world).await);
    world.connector.execute("CREATE TABLE t (id bigint, name text)").await.unwrap();
    // In the middle of a read.
    let many = "SELECT g, repeat('x', 500) AS t FROM generate_series(1, 1000000) g";
    let mut source = connector.read(ReadOptions::query(many)).await.unwrap();
    source.next().await.unwrap().unwrap();
    proxy.cut();
    let error = loop {
        match source.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a part was taken for the whole"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable);
    // In the middle of a write.
    let rows = named(&[(1, "a"), (2, "b")]);
    let mut sink = connector.write(rows.schema(), WriteOptions::append("t")).await.unwrap();
    sink.write(&crate::suite::world::batch(1, &rows)).await.unwrap();
    proxy.cut();
    let error = match sink.write(&crate::suite::world::batch(2, &rows)).await {
        Err(error) => error,
        Ok(_) => sink.finish().await.unwrap_err(),
    };
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert_eq!(world.count("t").await, 0);
    // In the middle of a statement of the console, which tells it rather than a part.
    let mut console = request("SELECT generate_series(1, 100000000)");
    console.limits.rows = u64::MAX;
    let mut stream = connector.console_rows(console, ConsoleForm::Stream).await.unwrap();
    stream.next().await.unwrap().unwrap();
    proxy.cut();
    let error = ConsoleAnswer::gather(stream).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    let page = request("SELECT count(*) FROM generate_series(1, 300000000) AS g");
    let (page, ()) = tokio::join!(connector.console(page), async {
        let busy = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%1, 300000000%' \
                    AND pid <> pg_backend_pid()";
        while world.read(ReadOptions::query(busy)).await.num_rows() == 0 {
            tokio::task::yield_now().await;
        }
        proxy.cut();
    });
    assert_eq!(page.unwrap_err().code(), ErrorCode::ConnectionFailed);
    assert_eq!(connector.console(request("SELECT 1")).await.unwrap().batches[0].num_rows(), 1);
    // In the pool's idle connections.
    connector.ping().await.unwrap();
    proxy.cut();
    for _ in 0..20 {
        // A connection that was cut a moment ago may be lent once.
        if connector.ping().await.is_ok() {
            break;
        }
    }
    assert_eq!(connector.count(&data::connector::Relation::Table("t".to_owned()), None).await.unwrap(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_table_dropped_meanwhile_is_named() {
    let Some(world) = World::postgres("a_table_dropped_meanwhile_is_named").await else { return };
    world.connector.execute("CREATE TABLE t (id bigint, name text)").await.unwrap();
    let rows = named(&[(1, "a")]);
    let mut sink = world.connector.write(rows.schema(), WriteOptions::append("t")).await.unwrap();
    world.connector.execute("DROP TABLE t").await.unwrap();
    let error = sink.write(&crate::suite::world::batch(1, &rows)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TableNotFound, "{error}");
    assert!(error.to_string().contains("t\" does not exist"), "{error}");
    assert_eq!(world.connector.console(request("SELECT * FROM t")).await.unwrap_err().code(), ErrorCode::TableNotFound);
    assert!(world.connector.ping().await.is_ok());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_the_operator_does_not_allow_is_never_connected_to() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "169.254.169.254"] {
        let url = format!("postgres://u:canary@{host}:{port}/d");
        let settings = crate::Settings::parse(&url).unwrap();
        let connector = crate::open(settings.system, &settings.values, settings.secret.as_deref(), &Gate::default());
        let connector = connector.unwrap();
        for error in
            [connector.ping().await.unwrap_err(), connector.check_statement("SELECT 1", true).await.unwrap_err()]
        {
            assert_eq!(error.code(), ErrorCode::AddressRefused, "{host}: {error}");
            assert!(!error.to_string().contains("canary"));
        }
    }
    let socket = serde_json::json!({"host": "/var/run/postgresql"});
    let connector = crate::open(data::System::Postgres, &socket, None, &Gate::default()).unwrap();
    assert_eq!(connector.ping().await.unwrap_err().code(), ErrorCode::AddressRefused);
    assert!(listener.accept().is_err(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_an_answer_holds_up_nobody_else() {
    let Some(world) = World::postgres("a_server_without_an_answer_holds_up_nobody_else").await else { return };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let connector = open(&format!("postgres://u:canary@127.0.0.1:{port}/d?connect_timeout=1"), &[]);
    let waiting = tokio::spawn(async move { connector.ping().await });
    for _ in 0..50 {
        world.connector.ping().await.unwrap();
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable && !error.to_string().contains("canary"), "{error}");
    // The server takes any name into its search path.
    let nowhere = crate::suite::world::open(&world.url, &[("schema", "no_such_schema")]);
    let error = nowhere.ping().await.unwrap_err();
    assert!(error.code() == ErrorCode::ConnectionFailed && error.to_string().contains("no_such_schema"), "{error}");
    let unknown = open("postgres://u:canary@no-such-host.invalid/d", &[]);
    let error = unknown.ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
    world.end().await;
}
