//! Connections, channels, plugins, settings and secrets.

use crate::setup::on_both;
use model::ErrorCode;
use serde_json::json;
use store::secrets::{Keyring, place as place_of};
use store::{NewChannel, NewConnection, NewPlugin};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

on_both! {
    async fn a_connection_lives_from_creation_to_deletion(place) {
        let store = place.open().await;
        let keys = Keyring::parse(KEY, "the test").unwrap();
        let sealed = keys.seal(&place_of("connection", "history"), b"hunter2").unwrap();
        let new = NewConnection {
            name: "history".to_owned(),
            system: "postgres".to_owned(),
            settings: json!({ "host": "dåta", "port": 5432, "options": [null, {"a": "\u{0}"}] }),
            secret: Some(sealed.clone()),
            description: Some("bars".to_owned()),
            labels: vec!["a".to_owned(), "\u{0}".to_owned()],
            allow_write: false,
        };
        let made = store.create_connection(&new).await.unwrap();
        assert_eq!((&made.settings, made.secret.as_ref()), (&new.settings, Some(&sealed)));
        assert_eq!(store.create_connection(&new).await.unwrap_err().fault.code, ErrorCode::AlreadyExists);

        assert_eq!((&made.description, &made.labels, made.allow_write), (&new.description, &new.labels, false));
        store.record_connection_test("history", made.revision, made.created_at, &json!({"ok": true})).await.unwrap();
        let tested = store.get_connection("history").await.unwrap();
        assert_eq!((tested.tested_at, tested.test_result), (Some(made.created_at), Some(json!({"ok": true}))));
        assert_eq!((tested.updated_at, tested.revision), (made.updated_at, made.revision));

        let changed = NewConnection { settings: json!({}), allow_write: true, ..new.clone() };
        let second = store.update_connection(&changed, made.revision).await.unwrap().unwrap();
        assert!(second.revision > made.revision && second.allow_write);
        assert_eq!((second.tested_at, &second.test_result), (None, &None));
        assert_eq!(keys.open(&place_of("connection", "history"), &second.secret.unwrap()).unwrap(), b"hunter2");
        // Whoever read before the change may not undo it, nor say how the changed connection's test went.
        assert_eq!(store.update_connection(&new, made.revision).await.unwrap(), None);
        store.record_connection_test("history", made.revision, made.created_at, &json!({})).await.unwrap();
        assert_eq!(store.get_connection("history").await.unwrap().tested_at, None);
        let bare = NewConnection { secret: None, ..new.clone() };
        assert_eq!(store.update_connection(&bare, second.revision).await.unwrap().unwrap().secret, None);
        assert_eq!(store.list_connections(None, 9).await.unwrap().len(), 1);
        assert_eq!(store.list_connections(Some("history"), 9).await.unwrap(), vec![]);

        let missed = store.get_connection("histroy").await.unwrap_err();
        assert_eq!(missed.fault.code, ErrorCode::ConnectionNotFound);
        assert!(missed.fault.hint.unwrap().contains("`history`"));
        assert!(store.delete_connection("history").await.unwrap());
        assert!(!store.delete_connection("history").await.unwrap());
        assert_eq!(store.find_connection("history").await.unwrap(), None);
        let gone = store.update_connection(&new, 0).await.unwrap_err();
        assert_eq!(gone.fault.code, ErrorCode::ConnectionNotFound);
    }

    async fn names_that_cannot_be_told_apart_are_refused(place) {
        let store = place.open().await;
        for name in ["", " a", "a\n", "a\0", &"x".repeat(129)] {
            let new = NewConnection {
                name: (*name).to_owned(), system: "sqlite".to_owned(), settings: json!({}), ..NewConnection::default()
            };
            assert_eq!(store.create_connection(&new).await.unwrap_err().fault.code, ErrorCode::InvalidValue);
            assert_eq!(store.find_connection(name).await.unwrap(), None);
            assert!(!store.delete_connection(name).await.unwrap());
        }
    }

    async fn channels_and_plugins_are_kept_too(place) {
        let store = place.open().await;
        let channel = NewChannel {
            name: "ops".to_owned(), kind: "webhook".to_owned(), settings: json!({"url": "x"}), secret: None,
        };
        store.create_channel(&channel).await.unwrap();
        let channel = NewChannel { kind: "mail".to_owned(), ..channel };
        assert_eq!(store.update_channel(&channel).await.unwrap().kind, "mail");
        assert_eq!(store.get_channel("ops").await.unwrap().settings, json!({"url": "x"}));
        assert_eq!(store.get_channel("none").await.unwrap_err().fault.code, ErrorCode::ChannelNotFound);
        assert!(store.delete_channel("ops").await.unwrap());

        let plugin = NewPlugin {
            name: "csv-http".to_owned(),
            version: "0.1.0".to_owned(),
            digest: "ab".to_owned(),
            manifest: json!({"kinds": ["source"]}),
            grants: json!([{"http": "*.example.org"}]),
            enabled: true,
        };
        let made = store.create_plugin(&plugin).await.unwrap();
        assert_eq!((made.enabled, &made.grants), (true, &plugin.grants));
        assert_eq!(store.create_plugin(&plugin).await.unwrap_err().fault.code, ErrorCode::AlreadyExists);
        let newer = NewPlugin { version: "0.2.0".to_owned(), enabled: false, ..plugin };
        let newer = store.update_plugin(&newer).await.unwrap();
        assert_eq!((newer.version.as_str(), newer.enabled, newer.created_at), ("0.2.0", false, made.created_at));
        assert_eq!(store.list_plugins(None, 9).await.unwrap(), vec![newer]);
        assert!(store.delete_plugin("csv-http").await.unwrap());
        assert_eq!(store.get_plugin("csv-http").await.unwrap_err().fault.code, ErrorCode::PluginNotFound);
    }

    async fn settings_and_secrets_are_kept_by_name(place) {
        let store = place.open().await;
        assert_eq!(store.find_setting("theme").await.unwrap(), None);
        store.update_setting("theme", &json!("dark")).await.unwrap();
        store.update_setting("theme", &json!({"é": [1, null]})).await.unwrap();
        assert_eq!(store.find_setting("theme").await.unwrap(), Some(json!({"é": [1, null]})));
        assert!(store.delete_setting("theme").await.unwrap());

        let keys = Keyring::parse(KEY, "the test").unwrap();
        for plain in ["first", "second"] {
            let sealed = keys.seal(&place_of("secret", "hook"), plain.as_bytes()).unwrap();
            store.update_secret("hook", &sealed).await.unwrap();
        }
        let sealed = store.find_secret("hook").await.unwrap().unwrap();
        assert_eq!(keys.open(&place_of("secret", "hook"), &sealed).unwrap(), b"second");
        assert_eq!(store.list_secrets(None, 9).await.unwrap(), ["hook"]);
        assert!(store.delete_secret("hook").await.unwrap());
        assert_eq!(store.find_secret("hook").await.unwrap(), None);
    }
}
