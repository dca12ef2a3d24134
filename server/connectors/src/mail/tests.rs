#![allow(clippy::unwrap_used)]
mod protected;

use super::*;
use data::AlertSeverity;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A mail server that answers by the first word of each line, and keeps what it was sent.
async fn stub(replies: &'static [(&'static str, &'static str)]) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let (read, mut write) = socket.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut log = String::new();
        write.write_all(b"220 stub ESMTP\r\n").await.unwrap();
        let mut body = false;
        while let Ok(Some(line)) = lines.next_line().await {
            log.push_str(&line);
            log.push('\n');
            if body && line != "." {
                continue;
            }
            let word = if body { "." } else { line.split([' ', ':']).next().unwrap_or_default() };
            body = word == "DATA";
            let scripted = replies.iter().find(|(start, _)| *start == word).map(|(_, reply)| *reply);
            let reply = scripted.unwrap_or(match word {
                "EHLO" => "250-stub\r\n250 AUTH PLAIN LOGIN",
                "DATA" => "354 go on",
                "AUTH" => "235 fine",
                "QUIT" => "221 bye",
                "." => "250 queued as 42",
                _ => "250 fine",
            });
            if !reply.starts_with("354") {
                body = false;
            }
            let _ = write.write_all(format!("{reply}\r\n").as_bytes()).await;
            if word == "QUIT" {
                break;
            }
        }
        log
    });
    (port, task)
}

fn settings(port: u16) -> MailSettings {
    MailSettings {
        host: "127.0.0.1".into(),
        port: Some(port),
        tls: MailTls::None,
        tls_ca: None,
        user: Some("ops".into()),
        from: "Sluice <sluice@example.com>".into(),
        to: vec!["a@example.com".into(), "\"Zoë, Ops\" <zoe@example.com>".into()],
    }
}

fn local() -> AddressRules {
    AddressRules { allow_private: true, ..AddressRules::default() }
}

fn alert() -> Alert {
    Alert {
        id: "msg_1".into(),
        severity: AlertSeverity::Critical,
        title: "failed\r\nBcc: evil@example.com".into(),
        text: "<b>3</b> differences\n.\nend".into(),
        fields: vec![("run".into(), "7".into())],
        link: Some("https://sluice.example/runs/7".into()),
        ..Alert::default()
    }
}

#[tokio::test]
async fn a_mail_arrives_with_both_forms_and_no_smuggled_header() {
    let (port, task) = stub(&[]).await;
    let mail = Mail::new(settings(port), Some("canary"), local()).unwrap();
    let delivery = mail.deliver(&alert()).await.unwrap();
    assert!(delivery.provider_id.unwrap().contains("queued as 42"));
    drop(mail);
    // Long lines are broken softly.
    let log = task.await.unwrap().replace("=\n", "");
    assert!(log.contains("RCPT TO:<a@example.com>") && log.contains("RCPT TO:<zoe@example.com>"), "{log}");
    assert!(log.contains("Subject: [critical] failed Bcc: evil@example.com"), "{log}");
    assert!(!log.lines().any(|line| line.starts_with("Bcc:")), "{log}");
    assert!(log.contains("Message-ID: <msg_1@example.com>"), "{log}");
    assert!(log.contains("text/plain") && log.contains("text/html") && log.contains("&lt;b&gt;3"), "{log}");
}

#[tokio::test]
async fn a_real_server_gets_the_mail_whole() {
    let Some(url) = crate::suite::world::variable("SLUICE_TEST_SMTP", "a mail to a real server") else { return };
    let (port, folder) = url.strip_prefix("smtp://127.0.0.1:").unwrap().split_once('/').unwrap();
    let folder = std::path::Path::new("/").join(folder).join("new");
    let id = crate::suite::world::unique();
    let attachment = data::Attachment {
        name: "rows\r\nX-Evil: 1.csv".into(),
        media_type: "text/csv".into(),
        content: "name,n\r\ngröße,1\r\n.\r\n".into(),
    };
    let sent = Alert {
        id: id.clone(),
        title: "Größe \r\nBcc: evil@example.com".into(),
        text: "**3** of\n\n| a | b |\n| --- | --- |\n| 1 | <i> |\n\n.\n..end".into(),
        plain: Some("three of\n.\n..end".into()),
        attachments: vec![attachment],
        ..alert()
    };
    let settings = MailSettings { user: None, ..settings(port.parse().unwrap()) };
    let delivery = Mail::new(settings.clone(), None, local()).unwrap().deliver(&sent).await.unwrap();
    assert!(delivery.provider_id.is_some());
    let mails =
        || std::fs::read_dir(&folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let mail = mails().find(|mail| mail.contains(&id)).unwrap();
    assert!(mail.contains("a@example.com") && mail.contains("zoe@example.com"), "{mail}");
    let lines: Vec<&str> = mail.lines().collect();
    assert!(!lines.iter().any(|line| line.starts_with("Bcc") || line.starts_with("X-Evil")), "{mail}");
    for part in [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
        "filename=\"rowsX-Evil1.csv\"",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    // A dot alone on its line ends no mail.
    assert!(lines.iter().any(|line| line.trim() == "."), "{mail}");
    assert!(mail.contains("three of") && mail.contains("<b>3</b> of"), "{mail}");
    // A server that offers no STARTTLS gets no mail where it is asked for, and one without logins none with a password.
    for wrong in [
        MailSettings { tls: MailTls::Starttls, ..settings.clone() },
        MailSettings { user: Some("ops".into()), ..settings },
    ] {
        let error = Mail::new(wrong, Some("canary"), local()).unwrap().deliver(&sent).await.unwrap_err();
        assert!(error.code() == ErrorCode::DeliveryFailed && !error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(mails().filter(|mail| mail.contains(&id)).count(), 1);
}

async fn refused(replies: &'static [(&'static str, &'static str)], retryable: bool, part: &str) {
    let (port, task) = stub(replies).await;
    let error = Mail::new(settings(port), Some("canary"), local()).unwrap().deliver(&alert()).await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::DeliveryFailed, retryable), "{error}");
    assert!(error.to_string().contains(part) && !error.to_string().contains("canary"), "{error}");
    drop(task);
}

#[tokio::test]
async fn the_class_of_the_reply_decides_whether_a_retry_can_help() {
    refused(&[("RCPT", "450 mailbox busy")], true, "450").await;
    refused(&[(".", "421 shutting down")], true, "421").await;
    refused(&[("RCPT", "550 no such user")], false, "550").await;
    refused(&[("AUTH", "535 wrong password")], false, "Check user and password").await;
    refused(&[("MAIL", "nonsense")], true, "did not take").await;
}

#[tokio::test]
async fn unreachable_and_forbidden_servers_are_told_apart() {
    let error = Mail::new(settings(1), None, local()).unwrap().deliver(&alert()).await.unwrap_err();
    assert!(error.retryable, "{error}");
    let error = Mail::new(settings(25), None, AddressRules::default()).unwrap().deliver(&alert()).await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::AddressRefused, false));
    let (port, _task) = stub(&[]).await;
    let secure = MailSettings { tls: MailTls::Starttls, ..settings(port) };
    let error = Mail::new(secure, None, local()).unwrap().deliver(&alert()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::DeliveryFailed, "a server without STARTTLS gets no plain mail: {error}");
}

#[test]
fn wrong_addresses_are_refused_before_anything_is_sent() {
    for bad in ["", "x", "a@b\r\nBcc: c@d", "Evil\r\nBcc: x <a@example.com>", "a b@example.com", "<>"] {
        let wrong = MailSettings { to: vec![bad.into()], ..settings(25) };
        assert_eq!(Mail::new(wrong, None, local()).err().unwrap().code(), ErrorCode::InvalidValue, "{bad:?}");
    }
    let nobody = MailSettings { to: Vec::new(), ..settings(25) };
    assert_eq!(Mail::new(nobody, None, local()).err().unwrap().code(), ErrorCode::MissingKey);
}
