//! Enumerations: types of PostgreSQL, columns of MySQL, text with a check.

use super::*;
use data::System;

const LEVELS: &str = "CREATE TABLE people (id INT PRIMARY KEY, level ENUM('silver','gold','it''s') NOT NULL DEFAULT 'gold', \
    other ENUM('a','b') NULL)";

async fn filled() -> Option<World> {
    let source = World::open(System::Mysql).await?;
    source.execute(LEVELS).await;
    source.execute("INSERT INTO people VALUES (1, 'gold', 'a'), (2, 'silver', NULL), (3, 'it''s', 'b')").await;
    Some(source)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enumerations_of_mysql_become_types_of_postgres_and_sort_as_before() {
    let (Some(source), Some(target)) = (filled().await, World::open(System::Postgres).await) else { return };
    let job = TableJob::table("people", "people");
    let (from, to) = (source.connector.as_ref(), target.connector.as_ref());
    let looked = examine(from, to, &job, &BTreeMap::new()).await.unwrap();
    assert!(
        looked.statements[0].starts_with("CREATE TYPE \"people_level\" AS ENUM ('silver', 'gold', 'it''s')"),
        "{looked:?}"
    );
    let made = looked.statements.iter().find(|sql| sql.starts_with("CREATE TABLE")).unwrap();
    assert!(made.contains("\"level\" \"people_level\"") && !made.contains("character varying"), "{made}");
    assert_eq!(target.number("SELECT count(*) FROM pg_type WHERE typname = 'people_level' AND typnamespace = current_schema()::regnamespace").await, 0, "a look makes nothing");
    let told = run(&source, &target, &job, 100, Validate::Diff).await.unwrap();
    assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
    let made = target.connector.structure("people").await.unwrap().unwrap();
    assert_eq!(
        (made.column("level").unwrap().native_type.as_str(), made.checks.len()),
        ("people_level", 0),
        "{made:?}"
    );
    assert!(made.column("level").unwrap().default.as_deref().unwrap().contains("gold"), "{made:?}");
    // As in MySQL, by the order of the values, not by their letters.
    let first = "SELECT id FROM people ORDER BY level LIMIT 1";
    assert_eq!((source.number(first).await, target.number(first).await), (2, 2));
    assert!(target.connector.execute("INSERT INTO people (id, level) VALUES (9, 'lead')").await.is_err());
    // Once more, with the types there already.
    target.execute("DROP TABLE people").await;
    assert_eq!(run(&source, &target, &job, 100, Validate::Diff).await.unwrap().copied.written, 3);
    // As text with a check, where that is wished.
    let checked = TableJob { enums: EnumAs::Check, table: "checked".to_owned(), ..job };
    let told = run(&source, &target, &checked, 100, Validate::Diff).await.unwrap();
    assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
    let made = target.connector.structure("checked").await.unwrap().unwrap();
    assert_eq!(
        (made.column("level").unwrap().native_type.as_str(), made.checks.len()),
        ("character varying(6)", 2),
        "{made:?}"
    );
    source.end().await;
    target.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enumerations_of_postgres_become_those_of_other_systems() {
    for to in [System::Mysql, System::Sqlite, System::Postgres] {
        let (Some(source), Some(target)) = (World::open(System::Postgres).await, World::open(to).await) else {
            continue;
        };
        source.execute("CREATE TYPE mood AS ENUM ('ok', 'sad, very', 'it''s')").await;
        source.execute("CREATE TYPE blank AS ENUM ('a ', 'b')").await;
        source
            .execute("CREATE TABLE people (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'sad, very', blank blank, many mood[])")
            .await;
        source
            .execute(
                "INSERT INTO people VALUES (1, 'it''s', 'a ', '{ok}'), (2, 'ok', NULL, NULL), (3, DEFAULT, 'b', '{}')",
            )
            .await;
        if to == System::Postgres {
            // A list of an enumeration needs the type as well.
            source.execute("ALTER TABLE people DROP COLUMN many").await;
        }
        let job = TableJob::table("people", "people");
        let looked = examine(source.connector.as_ref(), target.connector.as_ref(), &job, &BTreeMap::new()).await;
        assert!(!looked.unwrap().statements.is_empty());
        let told = run(&source, &target, &job, 100, Validate::Diff).await.unwrap();
        assert_eq!(told.validation.verdict, Verdict::Equal, "{}: {told:?}", to.as_str());
        let made = target.connector.structure("people").await.unwrap().unwrap();
        let native = made.column("mood").unwrap().native_type.clone();
        match to {
            System::Mysql => {
                assert_eq!(native, "enum('ok','sad, very','it''s')");
                assert_eq!(made.column("blank").unwrap().native_type, "longtext", "MySQL would cut the blank");
                assert_eq!(target.number("SELECT count(*) FROM people WHERE mood = 'sad, very'").await, 1);
            }
            System::Postgres => assert_eq!(native, "mood"),
            _ => assert_eq!((native.as_str(), made.checks.len()), ("TEXT", 2), "{made:?}"),
        }
        source.end().await;
        target.end().await;
    }
}
