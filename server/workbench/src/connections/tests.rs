#![allow(clippy::unwrap_used)]
use super::testing::Stub;
use super::*;
use crate::environment::Environment;
use serde_json::{Map, Value, json};
use store::Database;
use store::secrets::Keyring;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct World {
    care: Arc<ConnectionCare>,
    stub: Arc<Stub>,
}

async fn world(variables: &[(&str, &str)]) -> World {
    let database = Arc::new(Database::open("sqlite::memory:").await.unwrap());
    let keyring = Arc::new(Keyring::parse(KEY, "the test").unwrap());
    let stub = Arc::new(Stub::default());
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let environment = Environment::read(variables, stub.as_ref());
    let book = Arc::new(ConnectionBook::new(database, keyring, environment));
    World { care: Arc::new(ConnectionCare::new(book, stub.clone(), stub.clone())), stub }
}

fn url(name: &str, url: &str) -> NewAddress {
    let address = Address::Url { url: url.to_owned(), secret: None };
    NewAddress { name: name.to_owned(), address, description: None, labels: Vec::new(), allow_write: false }
}

fn parts(settings: Value, secret: Option<&str>) -> Address {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    Address::Parts { system: "mysql".to_owned(), settings, secret: secret.map(str::to_owned) }
}

async fn secret_of(world: &World, name: &str) -> Option<String> {
    let known = world.care.book.get(name).await.unwrap();
    world.care.book.target(&known).unwrap().secret
}

#[tokio::test]
async fn a_connection_is_made_changed_and_deleted_and_its_secret_never_shown() {
    let world = world(&[]).await;
    let made = world.care.create(url("shop", "mysql://ann:canary@db1/x")).await.unwrap();
    assert!(made.has_secret && made.origin == Origin::Saved && !made.allow_write);
    assert!(!format!("{made:?} {}", serde_json::to_string(&made).unwrap()).contains("canary"));
    assert_eq!(secret_of(&world, "shop").await.as_deref(), Some("canary"));
    let again = world.care.create(url("shop", "mysql://db1/x")).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::AlreadyExists);

    // Labels and such leave the secret alone, and so does a setting that leads nowhere else.
    let change = ConnectionChange {
        labels: Some(vec!["a".to_owned(), "a".to_owned()]),
        description: Some(Some("the shop".to_owned())),
        allow_write: Some(true),
        address: Some(parts(json!({"host": "db1", "pool_size": 3}), None)),
        ..ConnectionChange::default()
    };
    let changed = world.care.update("shop", change).await.unwrap();
    assert_eq!((changed.labels.as_slice(), changed.allow_write), (["a".to_owned()].as_slice(), true));
    assert_eq!(changed.settings, json!({"host": "db1", "pool_size": 3}));
    assert_eq!(secret_of(&world, "shop").await.as_deref(), Some("canary"));

    // A sealed secret does not travel to another host.
    let elsewhere = |secret| ConnectionChange {
        address: Some(parts(json!({"host": "evil"}), secret)),
        ..ConnectionChange::default()
    };
    let refused = world.care.update("shop", elsewhere(None)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::MissingKey);
    world.care.update("shop", elsewhere(Some("new"))).await.unwrap();
    assert_eq!(secret_of(&world, "shop").await.as_deref(), Some("new"));
    let without = ConnectionChange { secret: Some(None), ..ConnectionChange::default() };
    assert!(!world.care.update("shop", without).await.unwrap().has_secret);

    world.care.delete("shop", false).await.unwrap();
    assert_eq!(world.care.get("shop").await.unwrap_err().code, ErrorCode::ConnectionNotFound);
    assert_eq!(world.care.delete("shop", true).await.unwrap_err().code, ErrorCode::ConnectionNotFound);
    assert_eq!(world.stub.forgotten.lock().unwrap().as_slice(), ["shop"; 5]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_nothing_is_saved() {
    let world = world(&[]).await;
    let at = |address: Address| NewAddress { address, ..url("x", "") };
    let system = |system: &str| Address::Parts { system: system.to_owned(), settings: Map::new(), secret: None };
    let both = Address::Url { url: "mysql://u:canary@h".to_owned(), secret: Some("canary".to_owned()) };
    let cases = [
        (url("", "mysql://h"), ErrorCode::InvalidValue),
        (url("../x", "mysql://h"), ErrorCode::InvalidValue),
        (url("x", "oracle://u:canary@h"), ErrorCode::InvalidValue),
        (url("x", &format!("mysql://{}", "h".repeat(20_000))), ErrorCode::InvalidValue),
        (at(both), ErrorCode::Duplicate),
        (at(system("oracle")), ErrorCode::InvalidValue),
        (at(parts(json!({"wrong": 1}), None)), ErrorCode::UnknownKey),
        (at(parts(json!({"password": ["canary"]}), None)), ErrorCode::InvalidValue),
        (at(parts(json!({"password": "canary"}), Some("canary"))), ErrorCode::Duplicate),
        (at(parts(json!({"a": "x".repeat(70_000)}), None)), ErrorCode::InvalidValue),
        (NewAddress { labels: vec!["\n".to_owned()], ..url("x", "mysql://h") }, ErrorCode::InvalidValue),
        (NewAddress { labels: vec!["a".to_owned(); 21], ..url("x", "mysql://h") }, ErrorCode::InvalidValue),
        (NewAddress { description: Some("x".repeat(2_001)), ..url("x", "mysql://h") }, ErrorCode::InvalidValue),
        (NewAddress { description: Some("a\0".to_owned()), ..url("x", "mysql://h") }, ErrorCode::InvalidValue),
    ];
    for (new, code) in cases {
        let shown = format!("{new:?}");
        let fault = world.care.create(new).await.unwrap_err();
        assert_eq!(fault.code, code, "{shown}");
        assert!(!format!("{fault:?} {shown}").contains("canary"), "{fault:?}");
    }
    assert_eq!(world.care.list(None, 9).await.unwrap(), vec![]);
}

#[tokio::test]
async fn a_secret_is_found_wherever_it_was_put() {
    let world = world(&[]).await;
    let http = |settings: Value| {
        let Value::Object(settings) = settings else { panic!("settings are an object") };
        Address::Parts { system: "http".to_owned(), settings, secret: None }
    };
    for (name, address) in [
        ("a", parts(json!({"host": "h", "password": "canary"}), None)),
        ("b", parts(json!({"host": "h"}), Some("canary"))),
        ("c", Address::Url { url: "mysql://h".to_owned(), secret: Some("canary".to_owned()) }),
        ("d", http(json!({"url": "http://u:canary@h/"}))),
    ] {
        let made = world.care.create(NewAddress { address, ..url(name, "") }).await.unwrap();
        assert!(made.has_secret && !made.settings.to_string().contains("canary"), "{made:?}");
        assert_eq!(secret_of(&world, name).await.as_deref(), Some("canary"));
    }
}

#[tokio::test]
async fn the_environment_is_listed_cannot_be_changed_and_yields_to_a_saved_one() {
    let world = world(&[("MYSQL_HOST", "db1"), ("SLUICE_CONNECTION_ZZ", "mysql://u:canary@db2")]).await;
    let names = |page: Vec<ConnectionView>| page.into_iter().map(|one| (one.name, one.origin)).collect::<Vec<_>>();
    let (saved, environment) = (Origin::Saved, Origin::Environment);
    world.care.create(url("aa", "mysql://h")).await.unwrap();
    let all = world.care.list(None, 9).await.unwrap();
    assert!(!format!("{all:?}").contains("canary"));
    let expected = [("aa", saved), ("mysql", environment), ("zz", environment)];
    assert_eq!(names(all), expected.map(|(name, origin)| (name.to_owned(), origin)));
    let fault = world.care.update("mysql", ConnectionChange::default()).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::ConnectionReadOnly);
    assert!(fault.message.contains("`MYSQL_HOST`"), "{fault}");
    assert_eq!(world.care.delete("mysql", true).await.unwrap_err().code, ErrorCode::ConnectionReadOnly);

    world.care.create(url("mysql", "mysql://mine")).await.unwrap();
    assert_eq!(world.care.get("mysql").await.unwrap().settings, json!({"host": "mine"}));
    // Pages have no gaps and nothing twice, wherever they are cut.
    for limit in 1..5 {
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = world.care.list(after.as_deref(), limit).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            seen.extend(names(page));
        }
        let expected = [("aa", saved), ("mysql", saved), ("zz", environment)];
        assert_eq!(seen, expected.map(|(name, origin)| (name.to_owned(), origin)), "pages of {limit}");
    }
    world.care.delete("mysql", false).await.unwrap();
    assert_eq!(world.care.get("mysql").await.unwrap().origin, Origin::Environment);
}

#[tokio::test]
async fn a_system_that_hangs_panics_or_refuses_holds_no_other_up() {
    let world = world(&[("SLUICE_CONNECTION_E", "mysql://fine")]).await;
    for (name, host) in [("a", "hangs"), ("b", "panics"), ("c", "refuses")] {
        let address = parts(json!({"host": host, "connect_timeout_ms": 200}), None);
        world.care.create(NewAddress { address, ..url(name, "") }).await.unwrap();
    }
    for number in 0..60 {
        let address = parts(json!({"host": "hangs", "connect_timeout_ms": 200}), None);
        world.care.create(NewAddress { address, ..url(&format!("d{number:02}"), "") }).await.unwrap();
    }
    let reports = world.care.test_all().await.unwrap();
    let codes: Vec<_> = reports.iter().map(|report| (report.connection.as_str(), report.code)).collect();
    assert_eq!(codes.len(), 64);
    assert_eq!(
        codes[..4],
        [
            ("a", Some(ErrorCode::ConnectionFailed)),
            ("b", Some(ErrorCode::Internal)),
            ("c", Some(ErrorCode::ConnectionFailed)),
            ("d00", Some(ErrorCode::ConnectionFailed)),
        ]
    );
    assert_eq!(codes[63], ("e", None));
    assert!(reports[3].message.contains("within 0.2 s"), "{:?}", reports[3]);
    // What was found is remembered with the connection until it changes.
    let shown = world.care.get("c").await.unwrap().last_test.unwrap();
    assert_eq!((shown.ok, shown.message.as_str()), (false, "the port is closed"));
    world.care.update("c", ConnectionChange::default()).await.unwrap();
    assert_eq!(world.care.get("c").await.unwrap().last_test, None);
}

#[tokio::test]
async fn changes_at_the_same_time_all_take_effect() {
    let world = world(&[]).await;
    world.care.create(url("x", "mysql://u:canary@h")).await.unwrap();
    let label = ConnectionChange { labels: Some(vec!["l".to_owned()]), ..ConnectionChange::default() };
    let description = ConnectionChange { description: Some(Some("d".to_owned())), ..ConnectionChange::default() };
    let write = ConnectionChange { allow_write: Some(true), ..ConnectionChange::default() };
    let (a, b, c) =
        tokio::join!(world.care.update("x", label), world.care.update("x", description), world.care.update("x", write));
    for changed in [a, b, c] {
        changed.unwrap();
    }
    let view = world.care.get("x").await.unwrap();
    assert_eq!((view.labels.len(), view.description.as_deref(), view.allow_write), (1, Some("d"), true));
    assert_eq!(secret_of(&world, "x").await.as_deref(), Some("canary"));
}
