//! How a server is told to do.

use super::database::Database;
use crate::postgres::Postgres;
use crate::postgres::timescale::Timescale;
use crate::suite::world::World;
use data::Connector;

#[tokio::test]
async fn sizes_indexes_and_connections_are_told() {
    let Some(database) = Database::create("sizes_indexes_and_connections").await else { return };
    let connector = &database.connector;
    connector
        .execute(
            "CREATE TABLE large (id int PRIMARY KEY, a int, b text); CREATE TABLE small (id int); \
             INSERT INTO large SELECT g, g % 10, repeat('x', 100) FROM generate_series(1, 5000) g; \
             CREATE INDEX a_then_b ON large (a, b); CREATE INDEX only_a ON large (a); CREATE INDEX again ON large (a, b); \
             CREATE INDEX down ON large (a DESC); CREATE INDEX part ON large (a) WHERE id > 10; \
             CREATE UNIQUE INDEX id_too ON large (id); CREATE UNIQUE INDEX b_once ON large (b, id)",
        )
        .await
        .unwrap();
    connector.execute("ANALYZE large").await.unwrap();
    let found = connector.inspect().await.unwrap();
    assert!(found.version.starts_with("PostgreSQL "), "{}", found.version);
    let connections = found.connections.unwrap();
    assert!(connections.open >= 1 && connections.limit.is_some_and(|limit| limit >= connections.open));
    let pool = found.pool.unwrap();
    assert_eq!(pool.limit, 16);
    assert!(pool.open <= pool.limit);
    assert_eq!(found.tables[0].table, "large");
    assert_eq!(found.tables[0].rows, Some(5000));
    assert!(found.tables[0].data_bytes.unwrap() > 500_000 && found.tables[0].index_bytes.unwrap() > 0);
    let duplicate = |name: &str| {
        let index = found.indexes.iter().find(|index| index.index == name);
        index.unwrap_or_else(|| panic!("{name} in {:?}", found.indexes)).duplicate_of.clone()
    };
    assert_eq!(duplicate("only_a").as_deref(), Some("a_then_b"));
    assert_eq!(duplicate("again").as_deref(), Some("a_then_b"));
    assert_eq!(duplicate("id_too").as_deref(), Some("large_pkey"));
    for name in ["a_then_b", "down", "part", "large_pkey", "b_once"] {
        assert_eq!(duplicate(name), None, "{name}");
    }
    assert!(found.disk_bytes.unwrap() > 1 << 20);
    assert!(found.figures.iter().any(|(name, ratio)| name == "cache_hit_ratio" && (0.0..=1.0).contains(ratio)));
    database.end().await;
}

#[tokio::test]
async fn slow_statements_are_told_where_they_are_counted() {
    let Some(database) = Database::create("slow_statements").await else { return };
    let connector = &database.connector;
    let found = connector.inspect().await.unwrap();
    assert!(found.slow_statements.is_empty());
    let why = found.unavailable.iter().find(|why| why.starts_with("slow statements")).unwrap();
    assert!(why.contains("pg_stat_statements"), "{why}");
    if !why.contains("run CREATE EXTENSION") {
        eprintln!("skipped: the server does not load pg_stat_statements");
        return database.end().await;
    }
    connector.execute("CREATE EXTENSION pg_stat_statements").await.unwrap();
    connector.execute("CREATE TABLE counted (id int)").await.unwrap();
    for _ in 0..3 {
        connector.execute("INSERT INTO counted SELECT generate_series(1, 1000)").await.unwrap();
    }
    let found = connector.inspect().await.unwrap();
    let slow = found.slow_statements.iter().find(|slow| slow.statement.starts_with("INSERT INTO counted")).unwrap();
    assert_eq!(slow.calls, 3);
    assert!(slow.total_ms > 0.0 && !slow.statement.contains("1000"), "{slow:?}");
    assert!(!found.unavailable.iter().any(|why| why.starts_with("slow statements")));
    database.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_whom_is_told() {
    let Some(database) = Database::create("who_waits_for_whom").await else { return };
    let connector = database.connector.clone();
    connector.execute("CREATE TABLE t (id int)").await.unwrap();
    let holder = tokio::spawn({
        let connector = connector.clone();
        async move { connector.execute("LOCK TABLE t; SELECT pg_sleep(3600)").await }
    });
    let held = "SELECT 1 FROM pg_locks WHERE granted AND relation = 't'::regclass AND mode = 'AccessExclusiveLock'";
    for _ in 0..2_000 {
        if connector.count(&data::connector::Relation::Query(held.to_owned()), None).await.unwrap() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let waiter = tokio::spawn({
        let connector = connector.clone();
        async move { connector.execute("LOCK TABLE t").await }
    });
    // Who holds a table alone does not keep its size from being told.
    let found = connector.inspect().await.unwrap();
    assert!(found.tables.iter().any(|size| size.table == "t"), "{:?}", found.unavailable);
    let mut blocked = None;
    for _ in 0..2_000 {
        let found = connector.inspect().await.unwrap();
        blocked = found.running.into_iter().find(|running| !running.blocked_by.is_empty());
        if blocked.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let blocked = blocked.expect("one waits for the other");
    assert_eq!(blocked.blocked_by.len(), 1);
    assert!(blocked.statement.contains("LOCK TABLE t"));
    // Dropped, they are canceled.
    waiter.abort();
    holder.abort();
    drop(connector);
    database.end().await;
}

#[tokio::test]
async fn hypertables_are_described_by_the_information_views() {
    let Some(database) = Database::create("hypertables_are_described").await else { return };
    database
        .connector
        .execute(
            "CREATE SCHEMA timescaledb_information; CREATE SCHEMA _timescaledb_internal; \
             CREATE TABLE timescaledb_information.dimensions (hypertable_schema name, hypertable_name name, dimension_number int, \
             column_name name, time_interval interval, integer_interval bigint, num_partitions smallint); \
             CREATE TABLE timescaledb_information.hypertables (hypertable_schema name, hypertable_name name); \
             CREATE TABLE _timescaledb_internal._hyper_1_1_chunk (at timestamptz); \
             CREATE TABLE ticks (at timestamptz NOT NULL, code text); CREATE INDEX ticks_at_idx ON ticks (at DESC); \
             INSERT INTO timescaledb_information.dimensions VALUES ('public', 'ticks', 1, 'at', '7 days', NULL, NULL), \
             ('public', 'ticks', 2, 'code', NULL, NULL, 4); \
             INSERT INTO timescaledb_information.hypertables VALUES ('public', 'ticks'); \
             CREATE FUNCTION hypertable_detailed_size(regclass) RETURNS TABLE (table_bytes bigint, index_bytes bigint, toast_bytes bigint) \
             LANGUAGE sql AS 'SELECT 7000000000, 5, NULL::bigint'; \
             CREATE FUNCTION approximate_row_count(regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 42::bigint'",
        )
        .await
        .unwrap();
    let settings = crate::Settings::parse(&std::env::var("SLUICE_TEST_POSTGRES").unwrap()).unwrap();
    let mut values = settings.values;
    values["database"] = database.name.as_str().into();
    let config = crate::postgres::Config::parse(&values).unwrap();
    let mut postgres = Postgres::new(config, settings.secret.as_deref(), &crate::Gate::with_private()).unwrap();
    assert_eq!(postgres.list_tables().await.unwrap(), ["ticks"]);
    assert_eq!(postgres.structure("ticks").await.unwrap().unwrap().kind, data::structure::TableKind::Plain);
    postgres.assumed = Some(Timescale::Installed(2, 17));
    let structure = postgres.structure("ticks").await.unwrap().unwrap();
    assert_eq!(
        structure.kind,
        data::structure::TableKind::Hypertable {
            time_column: "at".to_owned(),
            chunk_interval: Some("7 days".to_owned())
        }
    );
    assert_eq!(structure.options.get("space_column").map(String::as_str), Some("code"));
    let mut wanted = structure.clone();
    wanted.indexes.clear();
    let plan = postgres.plan_table(&wanted, Some(&structure)).await.unwrap();
    assert_eq!(plan.action, data::structure::TableAction::Nothing, "{plan:?}");
    let found = postgres.inspect().await.unwrap();
    assert_eq!(found.tables[0].table, "ticks");
    assert_eq!((found.tables[0].rows, found.tables[0].data_bytes), (Some(42), Some(7_000_000_000)));
    assert!(found.version.ends_with("with TimescaleDB 2.17"), "{}", found.version);
    drop(postgres);
    database.end().await;
}

#[tokio::test]
async fn what_a_user_may_not_see_is_named() {
    let Some(world) = World::postgres("what_a_user_may_not_see_is_named").await else { return };
    let role = format!("blind_{}", std::process::id());
    world.connector.execute(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    let blind = crate::suite::world::open(&world.url, &[("user", &role)]);
    let found = blind.inspect().await.unwrap();
    assert!(found.version.starts_with("PostgreSQL "));
    assert!(found.unavailable.iter().any(|why| why.contains("pg_read_all_stats")), "{:?}", found.unavailable);
    drop(blind);
    world.connector.execute(&format!("DROP ROLE {role}")).await.unwrap();
    world.end().await;
}
