//! Views follow the tables they read, or it is said why not.

use super::*;
use async_trait::async_trait;
use data::{Note, NoteLevel, Result, System, Translated, Translation, Translator};

/// Says what it was asked, refuses what reads `secret`, and warns of `doubt`.
struct Scribe;

#[async_trait]
impl Translator for Scribe {
    async fn translate(&self, translation: &Translation) -> Result<Vec<Translated>> {
        let schema = translation.schema.as_deref().unwrap_or_default();
        assert!(schema.contains("CREATE TABLE `a` (`id` int"), "{schema}");
        assert!(matches!(translation.from.as_str(), "mysql" | "mariadb"), "{}", translation.from);
        assert_eq!((translation.to.as_str(), translation.strict), ("sqlite", false));
        let note = |level, message: &str| Note { level, code: "x".into(), message: message.into(), line: 1, column: 1 };
        let notes = match &translation.sql {
            sql if sql.contains("secret") => vec![note(NoteLevel::Error, "cannot be said")],
            sql if sql.contains("doubt") => vec![note(NoteLevel::Warning, "may differ"), note(NoteLevel::Info, "fine")],
            _ => Vec::new(),
        };
        Ok(vec![Translated { sql: translation.sql.replace('`', "\""), line: 1, notes }])
    }
}

fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
}

fn patterns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_is_translated_or_left_out_with_its_reason() {
    let Some(source) = World::mysql().await else { return };
    let target = World::sqlite();
    source.execute("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9))").await;
    source.execute("CREATE TABLE b (id INT PRIMARY KEY)").await;
    target.execute("CREATE TABLE a (id INT PRIMARY KEY, v TEXT)").await;
    target.execute("INSERT INTO a VALUES (1, 'x'), (2, 'y')").await;
    target.execute("CREATE TABLE there (id INT)").await;
    for sql in [
        // `first` reads `second`, which comes later by name.
        "CREATE VIEW second AS SELECT id AS n, v FROM a WHERE id > 1",
        "CREATE VIEW first AS SELECT n FROM second",
        "CREATE VIEW doubt AS SELECT id AS doubt FROM a",
        "CREATE VIEW hidden AS SELECT id AS secret FROM a",
        "CREATE VIEW there AS SELECT id FROM a",
        "CREATE VIEW missing AS SELECT id FROM b",
        "CREATE VIEW other AS SELECT id FROM a",
    ] {
        source.execute(sql).await;
    }
    let wanted = patterns(&["f*", "second", "doubt", "hidden", "there", "missing"]);
    let (from, to) = (source.connector.as_ref(), target.connector.as_ref());
    let made = views(from, to, &wanted, &names(&[("a", "a")]), &Scribe).await.unwrap();
    let told: Vec<(&str, bool, Vec<&str>)> = made
        .iter()
        .map(|view| {
            let notes = view.notes.iter().map(|note| note.split(": ").next().unwrap()).collect();
            (view.name.as_str(), view.statement.is_some(), notes)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("doubt", true, vec!["may differ"]),
            ("first", true, vec![]),
            ("hidden", false, vec!["cannot be said"]),
            // SQLite finds out that a view reads nothing only when it is read.
            ("missing", true, vec![]),
            ("second", true, vec![]),
            ("there", false, vec!["the target has a table or view of that name"]),
        ]
    );
    assert_eq!(target.number("SELECT n FROM first").await, 2);
    // Done again, everything is there.
    let again = views(from, to, &patterns(&["first"]), &names(&[]), &Scribe).await.unwrap();
    assert_eq!((again.len(), &again[0].statement), (1, &None));
    let refused = views(from, to, &patterns(&["secnd"]), &names(&[]), &Scribe).await.unwrap_err();
    assert_eq!(refused.code(), model::ErrorCode::TableNotFound);
    assert_eq!(refused.fault.hint.as_deref(), Some("Did you mean `second`?"));
    source.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_stays_as_it_is_between_systems_of_one_kind() {
    for system in [System::Postgres, System::Mysql, System::Sqlite] {
        let Some(source) = World::open(system).await else { return };
        let target = World::open(system).await.unwrap();
        for world in [&source, &target] {
            world.execute("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(9))").await;
            world.execute("INSERT INTO a VALUES (1, 'x'), (2, 'it''s a.b')").await;
        }
        source.execute("CREATE VIEW seen (n, s) AS SELECT id, v FROM a WHERE v = 'it''s a.b'").await;
        source.execute("CREATE VIEW renamed AS SELECT id FROM a").await;
        let (from, to) = (source.connector.as_ref(), target.connector.as_ref());
        let made = views(from, to, &patterns(&["seen"]), &names(&[("a", "a")]), &data::NoTranslator).await.unwrap();
        assert!(made[0].statement.is_some(), "{made:?}");
        assert_eq!(target.number("SELECT n FROM seen").await, 2, "{}", system.as_str());
        let told = views(from, to, &patterns(&["*"]), &names(&[("a", "old_a")]), &data::NoTranslator).await.unwrap();
        assert_eq!(told[0].notes, ["it reads `a`, which is called `old_a` at the target"]);
        source.end().await;
        target.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_target_refuses_is_told() {
    let Some(target) = World::postgres().await else { return };
    let source = World::postgres().await.unwrap();
    source.execute("CREATE TABLE a (id INT PRIMARY KEY)").await;
    source.execute("CREATE VIEW seen AS SELECT id FROM a").await;
    let (from, to) = (source.connector.as_ref(), target.connector.as_ref());
    let made = views(from, to, &patterns(&["*"]), &names(&[]), &data::NoTranslator).await.unwrap();
    assert_eq!(made[0].statement, None);
    assert!(made[0].notes[0].contains("the target refuses it: relation \"a\" does not exist"), "{made:?}");
    source.end().await;
    target.end().await;
}
