use crate::suite::world::World;

#[tokio::test]
async fn sizes_estimates_and_indexes_that_do_the_same_twice_are_found() {
    let world = World::sqlite("").await.unwrap();
    world
        .connector
        .execute(
            "CREATE TABLE big (id INTEGER PRIMARY KEY, a INT, b TEXT); CREATE TABLE small (k TEXT PRIMARY KEY);
             CREATE INDEX a1 ON big (a); CREATE INDEX a2 ON big (a, b); CREATE INDEX a3 ON big (a, b); CREATE UNIQUE INDEX u ON big (a);
             CREATE INDEX again ON small (k);
             WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO big SELECT i, i, 'x' || i FROM n",
        )
        .await
        .unwrap();
    let found = world.connector.inspect().await.unwrap();
    assert!(found.version.starts_with("SQLite 3."));
    let figure = |name: &str| found.figures.iter().find(|(other, _)| other == name).unwrap().1;
    assert_eq!(figure("damages"), 0.0);
    assert!(figure("pages") > 3.0 && found.disk_bytes.unwrap() > 8_192);
    let big = &found.tables[0];
    assert_eq!((big.table.as_str(), big.rows), ("big", Some(500)));
    assert!(big.data_bytes.unwrap() > 4_000 && big.index_bytes.unwrap() > 4_000);
    let duplicate = |name: &str| {
        found.indexes.iter().find(|index| index.index == name).unwrap().duplicate_of.clone().unwrap_or_default()
    };
    assert_eq!(duplicate("a1"), "a2");
    assert_eq!(duplicate("a2"), "");
    assert_eq!(duplicate("a3"), "a2");
    // A unique index guards something, whatever longer index there is.
    assert_eq!(duplicate("u"), "");
    assert_eq!(duplicate("again"), "the primary key");
    assert!(found.unavailable.iter().any(|line| line.contains("ANALYZE")));
    world.connector.execute("ANALYZE").await.unwrap();
    let found = world.connector.inspect().await.unwrap();
    assert!(!found.unavailable.iter().any(|line| line.contains("ANALYZE")));
    assert_eq!(found.tables[0].rows, Some(500));
}
