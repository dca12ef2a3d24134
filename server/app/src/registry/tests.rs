//! One connector for many who ask at once; a change and a failure are noticed by whoever asks next.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::opener::Connectors;
use clap::Parser as _;
use connectors::http::ClientOptions;
use data::Target;
use plugin_host::HostConfig;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::NewConnection;
use workbench::Environment;

#[derive(clap::Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Opens slowly, counts, and fails as often as it is told to.
struct Counting {
    connectors: Connectors,
    opened: AtomicUsize,
    failures: AtomicUsize,
}

impl Opener for Counting {
    fn parse_url(&self, url: &str) -> Result<Target> {
        self.connectors.parse_url(url)
    }

    fn open(&self, target: &Target) -> Result<Arc<dyn Connector>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        // Long enough for everybody else to ask meanwhile, and for two that open at once to be seen.
        std::thread::sleep(Duration::from_millis(30));
        if self.failures.load(Ordering::SeqCst) > 0 {
            self.failures.fetch_sub(1, Ordering::SeqCst);
            return Err(Error::transient(ErrorCode::ConnectionFailed, "not yet"));
        }
        self.connectors.open(target)
    }
}

struct World {
    registry: Arc<Registry>,
    opener: Arc<Counting>,
    database: Arc<Database>,
    shop: NewConnection,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(failures: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Arguments::try_parse_from(["sluice"]).unwrap().settings;
        let database = Arc::new(Database::open("sqlite::memory:").await.unwrap());
        let keyring = Arc::new(Keyring::load(&folder.path().join("key")).unwrap());
        let plugins = Arc::new(Host::open(HostConfig::new(folder.path())).unwrap());
        let opener = Arc::new(Counting {
            connectors: Connectors::new(settings.connection_gate().unwrap(), &settings.data_dir),
            opened: AtomicUsize::new(0),
            failures: AtomicUsize::new(failures),
        });
        let book = Arc::new(ConnectionBook::new(database.clone(), keyring.clone(), Environment::default()));
        let client = Client::new(ClientOptions::default()).unwrap();
        let registry =
            Registry::new((book, opener.clone()), (database.clone(), keyring), plugins, client, &settings).unwrap();
        let shop = NewConnection {
            name: "shop".to_owned(),
            system: "sqlite".to_owned(),
            settings: json!({ "path": folder.path().join("shop.db") }),
            ..NewConnection::default()
        };
        database.create_connection(&shop).await.unwrap();
        Self { registry, opener, database, shop, _folder: folder }
    }

    /// What many who ask at once get.
    async fn ask(&self) -> Vec<Result<Arc<dyn Connector>>> {
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let registry = self.registry.clone();
            asking.spawn(async move { registry.get("shop").await });
        }
        asking.join_all().await
    }

    fn opened(&self) -> usize {
        self.opener.opened.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_at_once_share_one_connector() {
    let world = World::new(0).await;
    let all: Vec<_> = world.ask().await.into_iter().map(Result::unwrap).collect();
    assert_eq!((all.len(), world.opened()), (50, 1));
    assert!(all.iter().all(|one| Arc::ptr_eq(one, &all[0])));
    assert!(Arc::ptr_eq(&world.registry.get("shop").await.unwrap(), &all[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connector_that_cannot_be_opened_is_tried_again_by_the_next() {
    let world = World::new(3).await;
    let answers = world.ask().await;
    // Each failure is told to the one who met it; all others share what was opened afterwards.
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 3);
    assert_eq!(world.opened(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_changed_connection_is_opened_anew_and_a_deleted_one_is_gone() {
    let world = World::new(0).await;
    let old = world.registry.get("shop").await.unwrap();
    let revision = world.database.get_connection("shop").await.unwrap().revision;
    let changed = NewConnection { description: Some("changed".to_owned()), ..world.shop.clone() };
    world.database.update_connection(&changed, revision).await.unwrap().unwrap();
    let all: Vec<_> = world.ask().await.into_iter().map(Result::unwrap).collect();
    assert_eq!(world.opened(), 2);
    assert!(all.iter().all(|one| Arc::ptr_eq(one, &all[0])) && !Arc::ptr_eq(&all[0], &old));
    // Whoever still holds the old one goes on with it.
    old.ping().await.unwrap();

    world.database.delete_connection("shop").await.unwrap();
    let codes: Vec<_> = world.ask().await.into_iter().map(|answer| answer.err().unwrap().code()).collect();
    assert!(codes.iter().all(|code| *code == ErrorCode::ConnectionNotFound), "{codes:?}");
    assert!(lock(&world.registry.opened).is_empty());
}

#[tokio::test]
async fn channels_take_the_settings_and_secrets_that_their_kinds_describe() {
    struct None;
    #[async_trait::async_trait]
    impl workbench::plugins::PluginShelf for None {
        fn list(&self) -> std::result::Result<Vec<workbench::plugins::PluginView>, Fault> {
            Ok(Vec::new())
        }
        fn get(&self, name: &str) -> std::result::Result<workbench::plugins::PluginView, Fault> {
            Err(Fault::new(ErrorCode::PluginNotFound, name.to_owned()))
        }
        async fn install(
            &self,
            _: Vec<u8>,
            _: Option<Vec<String>>,
        ) -> std::result::Result<workbench::plugins::PluginView, Fault> {
            self.get("")
        }
        fn grant(&self, name: &str, _: Vec<String>) -> std::result::Result<workbench::plugins::PluginView, Fault> {
            self.get(name)
        }
        fn roll_back(&self, name: &str, _: Option<&str>) -> std::result::Result<workbench::plugins::PluginView, Fault> {
            self.get(name)
        }
        fn remove(&self, name: &str) -> std::result::Result<(), Fault> {
            self.get(name).map(|_| ())
        }
        fn health(&self, _: &str) -> workbench::plugins::PluginHealth {
            workbench::plugins::PluginHealth::default()
        }
        fn logs(&self, _: &str, _: tracing::Level, _: Option<u64>, _: usize) -> Vec<workbench::plugins::PluginLine> {
            Vec::new()
        }
    }
    let given = |name: &str| match name {
        "host" => json!("mail.example.com"),
        "tls" => json!("starttls"),
        "port" => json!(587),
        "from" => json!("Sluice <sluice@example.com>"),
        "to" => json!(["team@example.com"]),
        "url" => json!("https://ops.example.com/hook"),
        "headers" => json!({ "x-team": "data" }),
        "secret" => json!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"),
        _ => json!("some text"),
    };
    let world = World::new(0).await;
    let kinds = workbench::channels::channel_kinds(&None).unwrap();
    assert_eq!(kinds.iter().map(|kind| kind.kind.as_str()).collect::<Vec<_>>(), ["mail", "webhook"]);
    for kind in kinds {
        let names = kind.schema["properties"].as_object().unwrap().keys();
        let settings: Map<String, Value> = names.map(|name| (name.clone(), given(name))).collect();
        let secrets = kind.secrets.iter().map(|secret| (secret.name.clone(), given(&secret.name))).collect();
        world.registry.open_channel(&kind.kind, Value::Object(settings), secrets).await.map(|_| ()).unwrap();
    }
}
