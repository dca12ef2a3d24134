//! `sslmode` against certificates that are right, of somebody unknown, expired, or for another name.

use crate::Gate;
use crate::suite::tls::{Authority, Front, Way};
use crate::suite::world::World;
use data::connector::ReadOptions;
use data::{Connector, System};
use model::ErrorCode;
use std::sync::Arc;

/// The test server behind TLS.
struct Behind {
    world: World,
    authority: Authority,
    front: Front,
}

impl Behind {
    async fn start(test: &str, is_expired: bool) -> Option<Self> {
        let world = World::postgres(test).await?;
        let settings = crate::Settings::parse(&world.url).unwrap();
        let host = settings.values["host"].as_str().unwrap();
        let target = format!("{host}:{}", settings.values["port"].as_u64().unwrap_or(5432));
        let authority = Authority::new("the test's authority");
        let front = Front::start(Way::Postgres, target, authority.issue(is_expired)).await;
        Some(Self { world, authority, front })
    }

    fn open(&self, host: &str, mode: &str, authority: &Authority) -> Arc<dyn Connector> {
        let mut settings = crate::Settings::parse(&self.world.url).unwrap();
        settings.values["host"] = host.into();
        settings.values["port"] = self.front.port.into();
        settings.values["sslmode"] = mode.into();
        settings.values["sslrootcert"] = authority.file().into();
        let secret = settings.secret.as_deref().unwrap_or("canary");
        crate::open(settings.system, &settings.values, Some(secret), &Gate::with_private()).unwrap()
    }

    async fn assert_taken(&self, host: &str, mode: &str, authority: &Authority) {
        let before = self.front.handshakes();
        let connector = self.open(host, mode, authority);
        connector.ping().await.unwrap_or_else(|error| panic!("{host} {mode}: {error}"));
        let mut source = connector.read(ReadOptions::query("SELECT 42 AS answer")).await.unwrap();
        assert_eq!(source.next().await.unwrap().unwrap().records.num_rows(), 1);
        assert!(self.front.handshakes() > before, "{host} {mode}: not over TLS");
    }

    async fn assert_refused(&self, host: &str, mode: &str, authority: &Authority, why: &str) {
        let before = self.front.handshakes();
        let connector = self.open(host, mode, authority);
        for _ in 0..2 {
            let error = connector.ping().await.unwrap_err();
            let told = format!("{error} {error:?}");
            assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{mode}: {told}");
            assert!(error.to_string().contains(why) && error.fault.hint.is_some(), "{mode}: {told}");
            assert!(!told.contains("canary"), "{told}");
        }
        assert_eq!(self.front.handshakes(), before, "{host} {mode}: the certificate was taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_certificate_is_taken() {
    let Some(behind) = Behind::start("a_right_certificate_is_taken", false).await else { return };
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        behind.assert_taken("localhost", mode, &behind.authority).await;
    }
    behind.world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_somebody_unknown_is_refused_where_it_is_checked() {
    let Some(behind) = Behind::start("a_certificate_of_somebody_unknown", false).await else { return };
    // Of the same name, so that only its key tells it apart.
    for other in [Authority::new("another authority"), Authority::new("the test's authority")] {
        for mode in ["verify-ca", "verify-full"] {
            behind.assert_refused("localhost", mode, &other, "certificate").await;
        }
        behind.assert_taken("localhost", "require", &other).await;
    }
    let stranger = Authority::new("another authority");
    behind.assert_refused("localhost", "verify-full", &stranger, "an authority that is not known").await;
    behind.assert_taken("localhost", "verify-full", &behind.authority).await;
    behind.world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused_where_it_is_checked() {
    let Some(behind) = Behind::start("an_expired_certificate", true).await else { return };
    for mode in ["verify-ca", "verify-full"] {
        let why = "the server's certificate has expired on 2024-01-31";
        behind.assert_refused("localhost", mode, &behind.authority, why).await;
    }
    behind.assert_taken("localhost", "require", &behind.authority).await;
    behind.world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_refused_where_the_name_is_checked() {
    let Some(behind) = Behind::start("a_certificate_for_another_name", false).await else { return };
    let why = "the server's certificate is not for `127.0.0.1`";
    behind.assert_refused("127.0.0.1", "verify-full", &behind.authority, why).await;
    behind.assert_taken("127.0.0.1", "verify-ca", &behind.authority).await;
    behind.world.end().await;
}

#[tokio::test]
async fn authorities_that_cannot_be_read_are_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for path in ["/nowhere/ca.pem".to_owned(), file.path().display().to_string()] {
        let settings = serde_json::json!({ "sslmode": "verify-full", "sslrootcert": path, "port": 1 });
        let error = match crate::open(System::Postgres, &settings, Some("canary"), &Gate::with_private()) {
            Ok(connector) => connector.ping().await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
        assert!(error.to_string().contains("TLS") && !format!("{error:?}").contains("canary"), "{error:?}");
    }
}

/// The server's own TLS, as its own library speaks it, with each certificate in turn.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_its_own_is_held_to_its_certificate() {
    use crate::suite::private::Private;
    use crate::suite::world::patiently;
    let (authority, stranger) = (Authority::new("the test's authority"), Authority::new("another authority"));
    let Some(server) = Private::postgres("a_server_of_its_own", &authority) else { return };
    let open = |host: &str, mode: &str, authority: &Authority| {
        let settings = serde_json::json!({
            "host": host, "port": server.port, "sslmode": mode, "sslrootcert": authority.file(), "connect_timeout": 60
        });
        crate::open(System::Postgres, &settings, Some("canary"), &Gate::with_private()).unwrap()
    };
    let refused = async |host: &str, mode: &str, authority: &Authority, why: &str| {
        let error = open(host, mode, authority).ping().await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{told}");
        assert!(error.to_string().contains(why) && !told.contains("canary"), "{told}");
    };
    let admin = open("localhost", "disable", &authority);
    patiently(async || admin.ping().await.is_ok(), || server.log()).await;
    let encrypted = open("localhost", "verify-full", &authority);
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let mut source = encrypted.read(ReadOptions::query(sql)).await.unwrap();
    let batch = source.next().await.unwrap().unwrap();
    assert_eq!(crate::cell::text(batch.records.column(0), 0).as_deref(), Some("true"));
    drop(source);
    open("127.0.0.1", "verify-ca", &authority).ping().await.unwrap();
    refused("localhost", "verify-full", &stranger, "an authority that is not known").await;
    refused("127.0.0.1", "verify-full", &authority, "is not for `127.0.0.1`").await;

    server.certify(&authority, true);
    admin.execute("SELECT pg_reload_conf()").await.unwrap();
    // The server takes the new certificate a moment later.
    patiently(async || open("localhost", "verify-full", &authority).ping().await.is_err(), || server.log()).await;
    refused("localhost", "verify-full", &authority, "has expired on 2024-01-31").await;
    open("localhost", "require", &authority).ping().await.unwrap();
    // A session that is open goes on.
    encrypted.ping().await.unwrap();
}
