//! `tls` against certificates that are right, of somebody unknown, expired, or for another name.

use super::*;
use crate::suite::tls::{Authority, Front, Way};

/// The test server behind TLS.
struct Behind {
    own: (Mysql, String),
    authority: Authority,
    front: Front,
}

impl Behind {
    async fn start(test: &str, is_expired: bool) -> Option<Self> {
        let own = server(test).await?;
        let target = format!("{}:{}", own.0.config.host, own.0.config.port);
        let authority = Authority::new("the test's authority");
        let front = Front::start(Way::Mysql, target, authority.issue(is_expired)).await;
        Some(Self { own, authority, front })
    }

    fn open(&self, host: &str, accept_invalid: bool, authority: &Authority, secret: Option<&str>) -> Mysql {
        let mut config = (*self.own.0.config).clone();
        (config.host, config.port) = (host.to_owned(), self.front.port);
        (config.tls, config.tls_accept_invalid) = (true, accept_invalid);
        config.tls_ca = Some(authority.file().into());
        Mysql::new(config, secret, &Gate::with_private())
    }

    async fn assert_taken(&self, host: &str, accept_invalid: bool, authority: &Authority) {
        let before = self.front.handshakes();
        let mysql = self.open(host, accept_invalid, authority, self.own.0.connections.secret());
        mysql.ping().await.unwrap_or_else(|error| panic!("{host} {accept_invalid}: {error}"));
        assert_eq!(rows(&mysql, ReadOptions::query("SELECT 42 AS answer")).await, ["42"]);
        assert!(self.front.handshakes() > before, "{host} {accept_invalid}: not over TLS");
    }

    async fn assert_refused(&self, host: &str, authority: &Authority, why: &str) {
        let before = self.front.handshakes();
        let mysql = self.open(host, false, authority, Some("canary"));
        // By the driver and by the connection that reads without it.
        let read = match mysql.read(ReadOptions::query("SELECT 42 AS answer")).await {
            Ok(mut source) => source.next().await.unwrap_err(),
            Err(error) => error,
        };
        for error in [mysql.ping().await.unwrap_err(), read] {
            let told = format!("{error} {error:?}");
            assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{told}");
            assert!(error.to_string().contains(why) && error.fault.hint.is_some(), "{told}");
            assert!(!told.contains("canary"), "{told}");
        }
        assert_eq!(self.front.handshakes(), before, "{host}: the certificate was taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_certificate_is_taken() {
    let Some(behind) = Behind::start("a_right_certificate_is_taken", false).await else { return };
    behind.assert_taken("localhost", false, &behind.authority).await;
    drop_database(behind.own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_somebody_unknown_is_refused() {
    let Some(behind) = Behind::start("a_certificate_of_somebody_unknown_is_refused", false).await else { return };
    let other = Authority::new("another authority");
    behind.assert_refused("localhost", &other, "an authority that is not known").await;
    behind.assert_taken("localhost", true, &other).await;
    behind.assert_taken("localhost", false, &behind.authority).await;
    drop_database(behind.own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused() {
    let Some(behind) = Behind::start("an_expired_certificate_is_refused", true).await else { return };
    let why = "the server's certificate has expired on 2024-01-31";
    behind.assert_refused("localhost", &behind.authority, why).await;
    behind.assert_taken("localhost", true, &behind.authority).await;
    drop_database(behind.own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_refused() {
    let Some(behind) = Behind::start("a_certificate_for_another_name_is_refused", false).await else { return };
    let why = "the server's certificate is not for `127.0.0.1`";
    behind.assert_refused("127.0.0.1", &behind.authority, why).await;
    behind.assert_taken("localhost", false, &behind.authority).await;
    drop_database(behind.own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_and_unreadable_authorities_are_told() {
    let Some(own) = server("a_server_without_tls_and_unreadable_authorities_are_told").await else { return };
    let mut config = (*own.0.config).clone();
    config.tls = true;
    config.tls_ca = Some("/nowhere/ca.pem".into());
    let error = Mysql::new(config, Some("canary"), &Gate::with_private()).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    drop_database(own).await;
}

/// The server's own TLS, as its own library speaks it, with each certificate in turn.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_its_own_is_held_to_its_certificate() {
    use crate::suite::private::Private;
    use crate::suite::world::patiently;
    let (authority, stranger) = (Authority::new("the test's authority"), Authority::new("another authority"));
    let Some(server) = Private::mysql("a_server_of_its_own", &authority) else { return };
    let open = |host: &str, more: serde_json::Value| {
        let mut settings = serde_json::json!({ "host": host, "port": server.port, "user": "root" });
        settings.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        Mysql::new(Config::parse(&settings).unwrap(), None, &Gate::with_private())
    };
    let trusting = |authority: &Authority| serde_json::json!({ "tls": true, "tls_ca": authority.file() });
    let refused = async |host: &str, authority: &Authority, why: &str| {
        let error = open(host, trusting(authority)).ping().await.unwrap_err();
        assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    let admin = open("localhost", serde_json::json!({ "connect_timeout_ms": 60_000 }));
    patiently(async || admin.ping().await.is_ok(), || server.log()).await;
    let encrypted = open("localhost", trusting(&authority));
    let cipher =
        "SELECT variable_value <> '' AS yes FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'";
    assert_eq!(rows(&encrypted, ReadOptions::query(cipher)).await, ["1"]);
    encrypted.ping().await.unwrap();
    refused("localhost", &stranger, "an authority that is not known").await;
    refused("127.0.0.1", &authority, "is not for `127.0.0.1`").await;

    server.certify(&authority, true);
    admin.execute("FLUSH SSL").await.unwrap();
    refused("localhost", &authority, "has expired on 2024-01-31").await;
    open("localhost", serde_json::json!({ "tls": true, "tls_accept_invalid": true })).ping().await.unwrap();
    // A session that is open goes on.
    encrypted.ping().await.unwrap();
}
