//! What a source has besides tables is listed by name.

use super::*;
use data::System;

async fn check(system: System, statements: &[&str], expected: &[(&str, &str, Option<&str>)]) {
    let Some(source) = World::open(system).await else { return };
    source.execute("CREATE TABLE a (id INT PRIMARY KEY, v INT)").await;
    source.execute("CREATE TABLE other (id INT PRIMARY KEY, v INT)").await;
    for sql in statements {
        source.execute(sql).await;
    }
    let chosen = ["a", "a_own", "a_parts"].map(|name| Chosen { from: name.to_owned(), to: name.to_owned() });
    let found = left_out(source.connector.as_ref(), &chosen).await.unwrap();
    let told: Vec<(&str, &str, Option<&str>)> =
        found.iter().map(|one| (one.kind.as_str(), one.name.as_str(), one.table.as_deref())).collect();
    assert_eq!(told, expected, "{}", system.as_str());
    assert!(found.iter().all(|one| one.sentence().contains(&format!("`{}`", one.name))), "{found:?}");
    source.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_triggers_routines_and_partitions_are_listed() {
    check(
        System::Mysql,
        &[
            "CREATE VIEW seen AS SELECT id FROM a",
            "CREATE TRIGGER noted BEFORE INSERT ON a FOR EACH ROW SET NEW.v = 1",
            "CREATE TRIGGER elsewhere BEFORE INSERT ON other FOR EACH ROW SET NEW.v = 1",
            "CREATE PROCEDURE clean() DELETE FROM a",
            "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1",
            "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM a",
            "CREATE TABLE a_parts (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3",
        ],
        &[
            ("event", "nightly", None),
            ("function", "one", None),
            ("partitions", "a_parts", Some("a_parts")),
            ("procedure", "clean", None),
            ("trigger", "noted", Some("a")),
            ("view", "seen", None),
        ],
    )
    .await;
    check(
        System::Postgres,
        &[
            "CREATE VIEW seen AS SELECT id FROM a",
            "CREATE MATERIALIZED VIEW kept AS SELECT id FROM a",
            "CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE PROCEDURE clean() LANGUAGE sql AS 'DELETE FROM a'",
            "CREATE TRIGGER noted BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION noting()",
            "CREATE TRIGGER elsewhere BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION noting()",
            "CREATE SEQUENCE numbers",
            "CREATE TABLE a_own (id serial PRIMARY KEY)",
            "CREATE TABLE a_parts (id integer) PARTITION BY RANGE (id)",
            "CREATE TABLE a_parts_1 PARTITION OF a_parts FOR VALUES FROM (1) TO (10)",
        ],
        &[
            ("function", "noting", None),
            ("materialized view", "kept", None),
            ("partitions", "a_parts", Some("a_parts")),
            ("procedure", "clean", None),
            ("sequence", "numbers", None),
            ("trigger", "noted", Some("a")),
            ("view", "seen", None),
        ],
    )
    .await;
    check(
        System::Sqlite,
        &[
            "CREATE VIEW seen AS SELECT id FROM a",
            "CREATE TRIGGER noted AFTER INSERT ON a BEGIN SELECT 1; END",
            "CREATE TRIGGER elsewhere AFTER INSERT ON other BEGIN SELECT 1; END",
        ],
        &[("trigger", "noted", Some("a")), ("view", "seen", None)],
    )
    .await;
}
