//! A real mail server (`aiosmtpd`) with logins, behind STARTTLS and behind TLS, with certificates that are right and wrong.

use super::*;
use crate::suite::tls::Authority;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::Lines;
use tokio::process::{Child, ChildStdout, Command};

/// The server; it ends with the test.
struct Server {
    port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _program: Child,
    _folder: TempDir,
}

/// A Python that has `aiosmtpd`; none, said aloud, where there is none.
async fn python() -> Option<&'static str> {
    for program in ["python3", "/usr/bin/python3"] {
        let mut probe = Command::new(program);
        probe.args(["-c", "import aiosmtpd"]).stderr(Stdio::null());
        if probe.status().await.is_ok_and(|status| status.success()) {
            return Some(program);
        }
    }
    assert!(
        std::env::var_os("SLUICE_TEST_NO_SKIP").is_none(),
        "nothing may be skipped here, but no Python has `aiosmtpd`"
    );
    eprintln!("skipped: a mail server with TLS needs a Python that has `aiosmtpd`");
    None
}

impl Server {
    async fn start(way: &str, authority: &Authority, is_expired: bool) -> Option<Self> {
        let python = python().await?;
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let (certificate, key) = authority.sign(is_expired);
        std::fs::write(file("server.py"), include_str!("server.py")).unwrap();
        std::fs::write(file("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(file("key.pem"), key.serialize_pem()).unwrap();
        let mut program = Command::new(python);
        program.arg(file("server.py")).arg(way).arg(file("certificate.pem")).arg(file("key.pem"));
        let mut program = program.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the server tells its port").parse().unwrap();
        Some(Self { port, lines, _program: program, _folder: folder })
    }

    fn settings(&self, tls: MailTls, authority: &Authority) -> MailSettings {
        let tls_ca = Some(authority.file().into());
        MailSettings { host: "localhost".into(), tls, tls_ca, ..settings(self.port) }
    }

    async fn deliver(settings: MailSettings, password: &str) -> Result<Delivery> {
        Mail::new(settings, Some(password), local()).unwrap().deliver(&alert()).await
    }

    /// What it said since; whoever is refused before a login leaves no word, so a good mail comes last.
    async fn said(&mut self, tls: MailTls, authority: &Authority) -> Vec<String> {
        Self::deliver(self.settings(tls, authority), "ríght").await.unwrap();
        let mut said = Vec::new();
        loop {
            let line = self.lines.next_line().await.unwrap().expect("the server is there");
            let is_last = line.starts_with("mail");
            said.push(line);
            if is_last {
                return said;
            }
        }
    }
}

const GOOD: [&str; 2] = ["login tls good", "mail tls a@example.com zoe@example.com"];

/// A final error that says why and not the password.
fn refusal(outcome: Result<Delivery>, why: &str) {
    let error = outcome.expect_err(why);
    assert_eq!((error.code(), error.retryable), (ErrorCode::DeliveryFailed, false), "{error}");
    assert!(error.to_string().contains(why), "{why}: {error}");
    assert!(error.fault.hint.is_some() && !format!("{error:?}").contains("canary"), "{error:?}");
}

async fn logins_and_certificates(way: &str, tls: MailTls) {
    let authority = Authority::new("the test's authority");
    let Some(mut server) = Server::start(way, &authority, false).await else { return };
    let right = server.settings(tls, &authority);
    assert_eq!(server.said(tls, &authority).await, GOOD);
    refusal(Server::deliver(right.clone(), "canary").await, "535");
    assert_eq!(server.said(tls, &authority).await, ["login tls bad", GOOD[0], GOOD[1]]);
    refusal(Server::deliver(MailSettings { user: None, ..right.clone() }, "canary").await, "530");
    // Of the same name, so that only its key tells it apart; and the authorities of the world, which do not know it.
    for tls_ca in [Some(Authority::new("the test's authority").file().into()), None] {
        let stranger = MailSettings { tls_ca, ..right.clone() };
        refusal(Server::deliver(stranger, "canary").await, "certificate");
    }
    // The certificate names `localhost`.
    let another = MailSettings { host: "127.0.0.1".into(), ..right.clone() };
    refusal(Server::deliver(another, "canary").await, "certificate is not for `127.0.0.1`");
    let missing = MailSettings { tls_ca: Some("/nowhere/ca.pem".into()), ..right };
    assert_eq!(Server::deliver(missing, "canary").await.unwrap_err().code(), ErrorCode::InvalidValue);
    // Nobody of these came as far as a login.
    assert_eq!(server.said(tls, &authority).await, GOOD);
    let expired = Server::start(way, &authority, true).await.unwrap();
    refusal(Server::deliver(expired.settings(tls, &authority), "canary").await, "certificate has expired");
}

#[tokio::test]
async fn a_server_with_starttls_gets_login_and_mail_over_tls_alone() {
    logins_and_certificates("starttls", MailTls::Starttls).await;
}

#[tokio::test]
async fn a_server_with_tls_from_the_first_byte_gets_login_and_mail() {
    logins_and_certificates("tls", MailTls::Tls).await;
}

#[tokio::test]
async fn a_server_without_tls_gets_neither_login_nor_mail_where_tls_is_asked_for() {
    let authority = Authority::new("the test's authority");
    let Some(mut server) = Server::start("clear", &authority, false).await else { return };
    let error = Server::deliver(server.settings(MailTls::Starttls, &authority), "canary").await.unwrap_err();
    assert!(error.code() == ErrorCode::DeliveryFailed && !error.to_string().contains("canary"), "{error}");
    refusal(Server::deliver(server.settings(MailTls::Tls, &authority), "canary").await, "");
    // In the clear on the same machine, where nobody listens.
    assert_eq!(
        server.said(MailTls::None, &authority).await,
        ["login clear good", "mail clear a@example.com zoe@example.com"]
    );
    // Elsewhere a password is not sent so.
    let elsewhere = MailSettings { host: "10.254.254.254".into(), ..settings(25) };
    let error = Server::deliver(elsewhere, "canary").await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::InvalidValue, false), "{error}");
}
