#![allow(clippy::unwrap_used)]
use super::super::stub::{Stub, local_client};
use super::*;
use crate::file::{CsvOptions, JsonOptions};
use data::{Resume, Source};

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

async fn refused(url: &str) {
    let client = Client::new(ClientOptions::default()).unwrap();
    let error = client.send(&Request::get(url)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AddressRefused, "{url}: {error}");
    assert!(!error.retryable);
}

#[tokio::test]
async fn private_addresses_are_refused_by_name_and_in_every_spelling() {
    for url in [
        "http://localhost:1/",
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
    ] {
        refused(url).await;
    }
}

#[tokio::test]
async fn a_redirect_is_checked_again_and_takes_no_credentials_elsewhere() {
    let target = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let stub = Stub::start(vec![target.to_owned()]).await;
    let error = local_client().send(&Request::get(&stub.url("/"))).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AddressRefused, "{error}");

    let other = Stub::start(vec![ok("there")]).await;
    let first = Stub::start(vec![format!(
        "HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        other.url("/new")
    )])
    .await;
    let mut request = Request::get(&first.url("/"));
    request.headers.push(("authorization".into(), "Bearer canary".into()));
    let answer = local_client().send(&request).await.unwrap();
    assert_eq!(&answer.body[..], b"there");
    assert!(first.requests().await[0].contains("canary"));
    assert!(!other.requests().await[0].contains("canary"));
}

#[tokio::test]
async fn redirects_end() {
    let turn = "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_owned();
    let stub = Stub::start(vec![turn; 6]).await;
    let error = local_client().send(&Request::get(&stub.url("/"))).await.unwrap_err();
    assert!(error.to_string().contains("redirects more than 5 times"), "{error}");
}

#[tokio::test]
async fn answers_past_the_limit_and_bad_requests_are_refused() {
    let stub = Stub::start(vec![ok(&"x".repeat(2000))]).await;
    let error = local_client().send(&Request::get(&stub.url("/"))).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RemoteFailed);
    for (url, headers) in [
        ("ftp://example.com/", vec![]),
        ("nonsense", vec![]),
        ("http://127.0.0.1:1/", vec![("a\r\nb".to_owned(), "x".to_owned())]),
        ("http://127.0.0.1:1/", vec![("a".to_owned(), "x\r\ny: z".to_owned())]),
        ("http://127.0.0.1:1/", vec![("Host".to_owned(), "other".to_owned())]),
    ] {
        let request = Request { headers, ..Request::get(url) };
        assert_eq!(local_client().send(&request).await.unwrap_err().code(), ErrorCode::InvalidValue, "{url}");
    }
}

#[tokio::test]
async fn a_closed_port_may_open_later() {
    let error = local_client().send(&Request::get("http://127.0.0.1:1/?token=canary")).await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::ConnectionFailed, true));
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn an_answer_is_a_source_that_cannot_be_repeated_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start(vec![ok("a,b\n1,x\n2,y\n"), ok("[{\"a\":1}]")]).await;
    let client = local_client();
    let download = client.download(&Request::get(&stub.url("/x")), folder.path()).await.unwrap();
    assert_eq!(download.bytes, 12);
    let mut source = download.into_csv(CsvOptions::default()).await.unwrap();
    assert_eq!(source.resume(), Resume::Nothing);
    let batch = source.next().await.unwrap().unwrap();
    assert_eq!((batch.records.num_rows(), batch.checkpoint), (2, None));
    drop(source);
    let download = client.download(&Request::get(&stub.url("/y")), folder.path()).await.unwrap();
    let mut source = download.into_json(JsonOptions::default()).await.unwrap();
    assert_eq!(source.next().await.unwrap().unwrap().records.num_rows(), 1);
    assert!(source.next().await.unwrap().is_none());
    drop(source);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_error_answer_is_told_with_its_beginning() {
    let stub = Stub::start(vec!["HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nno\nsuch x".into()]).await;
    let folder = tempfile::tempdir().unwrap();
    let error = local_client().download(&Request::get(&stub.url("/x")), folder.path()).await.unwrap_err();
    assert_eq!((error.code(), error.retryable), (ErrorCode::RemoteFailed, false));
    assert!(error.to_string().contains("status 404: no such x"), "{error}");
}
