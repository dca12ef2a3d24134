//! `tls` against certificates that are right, of somebody unknown, expired, or for another name.

use super::*;
use crate::suite::tls::{Authority, Front, Way};

/// The test server behind TLS.
struct Behind {
    secret: Option<String>,
    authority: Authority,
    front: Front,
}

impl Behind {
    async fn start(test: &str, is_expired: bool) -> Option<Self> {
        let url = address(test)?;
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(6379));
        let authority = Authority::new("the test's authority");
        let front = Front::start(Way::Redis, target, authority.issue(is_expired)).await;
        Some(Self { secret: url.password().map(str::to_owned), authority, front })
    }

    fn open(&self, host: &str, authority: &Authority, secret: Option<&str>) -> Redis {
        let config = json!({
            "host": host, "port": self.front.port, "tls": true, "tls_ca": authority.file(), "connect_timeout": 10
        });
        Redis::new(Config::parse(&config).unwrap(), secret, Gate::with_private()).unwrap()
    }

    async fn assert_taken(&self) {
        self.open("localhost", &self.authority, self.secret.as_deref()).ping().await.unwrap();
        assert!(self.front.handshakes() > 0, "not over TLS");
    }

    async fn assert_refused(&self, host: &str, authority: &Authority, why: &str) {
        let before = self.front.handshakes();
        let error = self.open(host, authority, Some("canary")).ping().await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, false), "{told}");
        assert!(error.to_string().contains(why) && !told.contains("canary"), "{told}");
        assert_eq!(self.front.handshakes(), before, "{host}: the certificate was taken");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_certificate_is_taken() {
    let Some(behind) = Behind::start("a_right_certificate_is_taken", false).await else { return };
    behind.assert_taken().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_somebody_unknown_is_refused() {
    let Some(behind) = Behind::start("a_certificate_of_somebody_unknown_is_refused", false).await else { return };
    behind.assert_refused("localhost", &Authority::new("another"), "an authority that is not known").await;
    behind.assert_taken().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused() {
    let Some(behind) = Behind::start("an_expired_certificate_is_refused", true).await else { return };
    behind.assert_refused("localhost", &behind.authority, "has expired on 2024-01-31").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_name_is_refused() {
    let Some(behind) = Behind::start("a_certificate_for_another_name_is_refused", false).await else { return };
    behind.assert_refused("127.0.0.1", &behind.authority, "is not for `127.0.0.1`").await;
    behind.assert_taken().await;
}

#[test]
fn authorities_that_cannot_be_read_are_told() {
    let config = json!({ "tls": true, "tls_ca": "/nowhere/ca.pem" });
    let error = Redis::new(Config::parse(&config).unwrap(), Some("canary"), Gate::with_private()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidValue);
    assert!(error.to_string().contains("/nowhere/ca.pem") && !format!("{error:?}").contains("canary"), "{error:?}");
}
