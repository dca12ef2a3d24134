use super::world::*;
use data::System;
use model::ErrorCode;

pub(super) async fn an_unreachable_server_is_told(world: &World) {
    if world.is(System::Sqlite) {
        let error = open("sqlite:///no/such/folder/x.db", &[]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
        assert!(error.to_string().contains("/no/such/folder/x.db"), "{error}");
        return;
    }
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("{}://nobody:canary@127.0.0.1:{port}/x", world.connector.system().as_str());
    let error = open(&url, &[]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.retryable && error.fault.hint.is_some(), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
}

pub(super) async fn a_wrong_password_is_told(world: &World) {
    if world.is(System::Tdengine) {
        let mut url = url::Url::parse(&world.url).unwrap();
        url.set_password(Some("canary")).unwrap();
        let error = open(url.as_str(), &[]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::AuthenticationFailed, "{error}");
        assert!(!error.retryable && !error.to_string().contains("canary"), "{error}");
        let error = open(&world.url, &[("database", "no_such_database")]).ping().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
        assert!(error.to_string().contains("no_such_database"), "{error}");
        return;
    }
    if !world.is(System::Postgres) {
        return;
    }
    // The server of a test may trust everybody; an unknown user or database is refused all the same.
    let url = world.url.replace("postgres@", "nobody_of_this_name:canary@");
    let error = open(&url, &[]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::AuthenticationFailed, "{error}");
    assert!(!error.retryable && !error.to_string().contains("canary"), "{error}");
    let error = open(&world.url, &[("database", "no_such_database")]).ping().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ConnectionFailed, "{error}");
    assert!(error.to_string().contains("no_such_database"), "{error}");
}

pub(super) async fn a_bad_statement_is_told(world: &World) {
    let error = world.connector.execute("SELEC 1").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatementFailed, "{error}");
    assert!(!error.retryable);
    assert!(error.to_string().to_lowercase().contains("syntax"), "{error}");
    assert!(world.connector.ping().await.is_ok());
}
