//! Structures, mappings, modes, refusals.

use super::*;
use data::{Mode, System};
use model::ErrorCode;

async fn pair(from: System, to: System) -> Option<(World, World)> {
    Some((World::open(from).await?, World::open(to).await?))
}

async fn end(worlds: (World, World)) {
    worlds.0.end().await;
    worlds.1.end().await;
}

const CUSTOMERS: &str = "CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(190) NOT NULL, \
    level ENUM('gold','silver') NOT NULL DEFAULT 'silver', note TEXT, UNIQUE KEY by_email (email))";
const ORDERS: &str = "CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, \
    price DECIMAL(12,2) NOT NULL DEFAULT '0.00' COMMENT 'in euros', amount INT NOT NULL DEFAULT 1, \
    total DECIMAL(14,2) AS (price * amount) STORED, paid TINYINT(1) NOT NULL DEFAULT 0, \
    created DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), changed TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP, \
    KEY by_customer (customer, created), KEY by_note (note(20)), note TEXT, \
    CONSTRAINT positive CHECK (price >= 0), \
    CONSTRAINT of_customer FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE) COMMENT 'all orders'";

async fn fill_shop(world: &World) {
    world.execute(CUSTOMERS).await;
    world.execute(ORDERS).await;
    world.execute("INSERT INTO customers (email, note) VALUES ('a@x', 'ü'), ('b@x', NULL)").await;
    let rows: Vec<String> = (1..=500).map(|n| format!("({n}, {}, {n}.25, {}, 'n{n}')", n % 2 + 1, n % 7)).collect();
    world.execute(&format!("INSERT INTO orders (id, customer, price, amount, note) VALUES {}", rows.join(","))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_of_mysql_becomes_one_of_postgres() {
    let Some((source, target)) = pair(System::Mysql, System::Postgres).await else { return };
    fill_shop(&source).await;
    for table in ["customers", "orders"] {
        let told = run(&source, &target, &TableJob::table(table, table), 100, Validate::Diff).await.unwrap();
        assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
        assert!(told.prepared.created && !told.finished.statements.is_empty() && told.ranges > 0, "{told:?}");
    }
    let made = target.connector.structure("orders").await.unwrap().unwrap();
    let column = |name: &str| made.column(name).unwrap().clone();
    assert_eq!(made.primary_key, ["id"]);
    assert!(column("id").auto_increment && column("id").native_type == "bigint");
    assert_eq!(
        (column("price").default.as_deref(), column("price").comment.as_deref()),
        (Some("0.00"), Some("in euros"))
    );
    assert_eq!(column("paid").native_type, "boolean");
    assert_eq!(column("paid").default.as_deref(), Some("false"));
    assert!(column("total").generated.is_some(), "{made:?}");
    assert_eq!(column("created").default.as_deref(), Some("CURRENT_TIMESTAMP"));
    assert_eq!(made.comment.as_deref(), Some("all orders"));
    assert_eq!(made.checks.len(), 1);
    let indexes: Vec<&str> = made.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(indexes, ["orders_by_customer", "orders_by_note"]);
    assert_eq!(made.foreign_keys[0].references, "customers");
    assert_eq!(made.foreign_keys[0].on_delete.as_deref(), Some("cascade"));
    let customers = target.connector.structure("customers").await.unwrap().unwrap();
    assert!(customers.indexes.iter().any(|index| index.unique && index.columns == ["email"]), "{customers:?}");
    assert_eq!(customers.column("level").unwrap().native_type, "customers_level", "{customers:?}");
    // Numbers go on after the largest.
    target.execute("INSERT INTO orders (customer) VALUES (1)").await;
    assert_eq!(target.number("SELECT max(id) FROM orders").await, 501);
    end((source, target)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_of_mysql_becomes_one_of_sqlite_and_of_mysql() {
    for to in [System::Sqlite, System::Mysql] {
        let Some((source, target)) = pair(System::Mysql, to).await else { return };
        fill_shop(&source).await;
        for table in ["customers", "orders"] {
            let told = run(&source, &target, &TableJob::table(table, table), 100, Validate::Diff).await.unwrap();
            assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
        }
        let made = target.connector.structure("orders").await.unwrap().unwrap();
        assert_eq!(made.foreign_keys.len(), 1, "{made:?}");
        assert!(made.column("total").unwrap().generated.is_some(), "{made:?}");
        assert!(made.indexes.len() >= 2, "{made:?}");
        end((source, target)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_of_postgres_becomes_one_of_mysql_and_of_sqlite() {
    for to in [System::Mysql, System::Sqlite] {
        let Some((source, target)) = pair(System::Postgres, to).await else { return };
        source.execute("CREATE TABLE customers (id serial PRIMARY KEY, email text NOT NULL UNIQUE, tags text[])").await;
        source
            .execute(
                "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 customer integer NOT NULL REFERENCES customers ON DELETE CASCADE, \
                 state varchar(10) NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'old')), \
                 price numeric(12,2) NOT NULL DEFAULT 0 CHECK (price >= 0), paid boolean NOT NULL DEFAULT false, \
                 at timestamptz NOT NULL DEFAULT now(), body text, \
                 twice numeric(12,2) GENERATED ALWAYS AS (price * 2) STORED)",
            )
            .await;
        source.execute("CREATE INDEX by_state ON orders (state, at DESC)").await;
        source.execute("CREATE INDEX by_body ON orders (body)").await;
        source.execute("INSERT INTO customers (email) SELECT 'c' || n FROM generate_series(1, 10) n").await;
        source.execute("INSERT INTO orders (customer, price, body) SELECT n % 10 + 1, n, 'ü' || n FROM generate_series(1, 500) n").await;
        for table in ["customers", "orders"] {
            let told = run(&source, &target, &TableJob::table(table, table), 100, Validate::Diff).await.unwrap();
            assert_eq!(told.validation.verdict, Verdict::Equal, "{told:?}");
        }
        let made = target.connector.structure("orders").await.unwrap().unwrap();
        assert_eq!(made.checks.len(), 2, "{made:?}");
        assert_eq!(made.foreign_keys.len(), 1, "{made:?}");
        assert!(made.column("id").unwrap().auto_increment, "{made:?}");
        assert!(made.column("twice").unwrap().generated.is_some(), "{made:?}");
        assert!(made.indexes.iter().any(|index| index.columns.len() == 2), "{made:?}");
        target.execute("INSERT INTO orders (customer) VALUES (1)").await;
        assert_eq!(target.number("SELECT max(id) FROM orders").await, 501);
        end((source, target)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_are_renamed_computed_and_given() {
    for (from, to) in each_pair() {
        let Some((source, target)) = pair(from, to).await else { return };
        source.execute("CREATE TABLE a (id BIGINT PRIMARY KEY, name VARCHAR(20), secret VARCHAR(20), n INT)").await;
        let rows: Vec<String> = (1..=20_000).map(|n| format!("({n}, 'n{n}', 'x', {n})")).collect();
        source.execute(&format!("INSERT INTO a VALUES {}", rows.join(","))).await;
        let mut job = TableJob::table("a", "b");
        job.skip = vec!["secret".to_owned()];
        job.filter = Some("n > 10".to_owned());
        let told = |sql: &str, native: &str| {
            ColumnRule::Told(ToldColumn {
                sql: Some(sql.to_owned()),
                native: Some(native.to_owned()),
                ..ToldColumn::default()
            })
        };
        job.columns.insert("title".to_owned(), ColumnRule::Named("name".to_owned()));
        job.columns.insert("twice".to_owned(), told("n * 2", "BIGINT"));
        let value = serde_json::json!("it's");
        let given = ToldColumn { value: Some(value), native: Some("VARCHAR(20)".to_owned()), ..ToldColumn::default() };
        job.columns.insert("origin".to_owned(), ColumnRule::Told(given));
        let how = if from == to { Validate::Checksum } else { Validate::Diff };
        let plain = TableJob { columns: BTreeMap::new(), skip: Vec::new(), ..job.clone() };
        let plain = TableJob { table: "plain".to_owned(), ..plain };
        let summed = run(&source, &target, &plain, 3_000, how).await.unwrap();
        assert_eq!(summed.validation.verdict, Verdict::Equal, "{summed:?}");
        let result = run(&source, &target, &job, 3_000, Validate::Diff).await.unwrap();
        assert_eq!((result.copied.read, result.validation.verdict), (19_990, Verdict::Equal), "{result:?}");
        let made = target.connector.structure("b").await.unwrap().unwrap();
        let names: Vec<&str> = made.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "title", "n", "origin", "twice"]);
        let wrong =
            target.number("SELECT count(*) FROM b WHERE twice <> n * 2 OR origin <> 'it''s' OR title IS NULL").await;
        assert_eq!(wrong, 0);
        end((source, target)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modes_do_what_they_say() {
    for to in [System::Postgres, System::Mysql, System::Sqlite] {
        let (source, target) = (World::sqlite(), World::open(to).await);
        let Some(target) = target else { continue };
        source
            .execute(
                "CREATE TABLE a (id BIGINT PRIMARY KEY, v VARCHAR(9)); INSERT INTO a VALUES (1, 'new'), (2, 'new')",
            )
            .await;
        let check = async |mode: Mode, expected: Result<&[u64], ErrorCode>| {
            target.connector.execute("DROP TABLE IF EXISTS a").await.unwrap();
            target.execute("CREATE TABLE a (id BIGINT PRIMARY KEY, v VARCHAR(9))").await;
            target.execute("INSERT INTO a VALUES (2, 'old'), (3, 'old')").await;
            let _ = target.connector.execute("DROP TABLE _sluice_ledger").await;
            let job = TableJob { mode, ..TableJob::table("a", "a") };
            let told = run(&source, &target, &job, 100, Validate::None).await;
            match (told, expected) {
                (Ok(_), Ok(expected)) => {
                    let mut found = Vec::new();
                    for sql in ["count(*)", "count(CASE WHEN v = 'old' THEN 1 END)"] {
                        found.push(target.number(&format!("SELECT {sql} FROM a")).await);
                    }
                    assert_eq!(found, expected, "{mode:?} into {}", to.as_str());
                }
                (Err(error), Err(code)) => assert_eq!(error.code(), code, "{mode:?}: {error}"),
                (told, expected) => panic!("{mode:?} into {}: {told:?}, not {expected:?}", to.as_str()),
            }
        };
        check(Mode::Upsert, Ok(&[3, 1])).await;
        check(Mode::Replace, Ok(&[3, 1])).await;
        check(Mode::InsertIgnore, Ok(&[3, 2])).await;
        check(Mode::Truncate, Ok(&[2, 0])).await;
        check(Mode::Append, Err(ErrorCode::ValueRefused)).await;
        source.end().await;
        target.end().await;
    }
}

/// Rows that would lose something are refused before the target is touched, unless a conversion is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_lost_is_refused_before_anything_is_touched() {
    let null = Some(AsNull::Null);
    let cases: [(System, System, &str, &str, &str, Conversions); 5] = [
        (
            System::Mysql,
            System::Postgres,
            "DATE",
            "'0000-00-00'",
            "zero_dates",
            Conversions { zero_dates: null, ..Conversions::default() },
        ),
        (
            System::Mysql,
            System::Sqlite,
            "DATETIME",
            "'2024-00-10 00:00:00'",
            "zero_dates",
            Conversions { zero_dates: null, ..Conversions::default() },
        ),
        (
            System::Mysql,
            System::Postgres,
            "VARCHAR(9)",
            "'a\\0b'",
            "nul",
            Conversions { nul: Some(NulAs::Strip), ..Conversions::default() },
        ),
        (
            System::Postgres,
            System::Mysql,
            "double precision",
            "'NaN'",
            "not_finite",
            Conversions { not_finite: null, ..Conversions::default() },
        ),
        (
            System::Postgres,
            System::Sqlite,
            "date",
            "'infinity'",
            "far_dates",
            Conversions { far_dates: null, ..Conversions::default() },
        ),
    ];
    for (from, to, native, literal, kind, convert) in cases {
        let Some((source, target)) = pair(from, to).await else { return };
        source.execute(&format!("CREATE TABLE a (id INT PRIMARY KEY, v {native} NULL)")).await;
        let insert = format!("INSERT INTO a VALUES (1, {literal})");
        // The connection's own session is strict about dates.
        let insert = if from == System::Mysql { format!("SET SESSION sql_mode = ''; {insert}") } else { insert };
        source.execute(&insert).await;
        let job = TableJob::table("a", "a");
        let error = run(&source, &target, &job, 100, Validate::None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::LossNotAllowed, "{error}");
        assert!(error.fault.message.contains("column `v`"), "{error}");
        assert!(error.fault.hint.as_deref().is_some_and(|hint| hint.contains(kind)), "{error:?}");
        assert!(target.connector.find_table("a").await.unwrap().is_none(), "nothing was touched");
        let told = run(&source, &target, &TableJob { convert, ..job }, 100, Validate::None).await.unwrap();
        assert!(told.prepared.hazards.iter().any(|hazard| hazard.kind == kind && !hazard.is_loss), "{told:?}");
        assert_eq!(told.copied.read, 1);
        end((source, target)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_jobs_get_a_pointed_error() {
    let (source, target) = (World::sqlite(), World::sqlite());
    source.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO a VALUES (1, 'x')").await;
    let check = async |change: &dyn Fn(&mut TableJob), code: ErrorCode, words: &str| {
        let mut job = TableJob::table("a", "b");
        change(&mut job);
        let error = run(&source, &target, &job, 100, Validate::None).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check(&|job| job.relation = data::connector::Relation::Table("aa".to_owned()), ErrorCode::TableNotFound, "`aa`")
        .await;
    check(&|job| job.skip = vec!["w".to_owned()], ErrorCode::ColumnNotFound, "`w`").await;
    check(&|job| job.create = false, ErrorCode::TableNotFound, "`b`").await;
    let both = ToldColumn { from: Some("v".to_owned()), sql: Some("1".to_owned()), ..ToldColumn::default() };
    check(
        &|job| drop(job.columns.insert("v".to_owned(), ColumnRule::Told(both.clone()))),
        ErrorCode::InvalidValue,
        "more than one",
    )
    .await;
    check(&|job| job.skip = vec!["id".to_owned(), "v".to_owned()], ErrorCode::InvalidValue, "no column is left").await;
    target.execute("CREATE TABLE small (id INTEGER PRIMARY KEY)").await;
    check(&|job| job.table = "small".to_owned(), ErrorCode::ColumnNotFound, "has no column `v`").await;
    // The pool is healthy afterwards.
    assert!(run(&source, &target, &TableJob::table("a", "b"), 100, Validate::Diff).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patterns_choose_tables_parents_first() {
    let source = World::sqlite();
    source
        .execute(
            "CREATE TABLE a_child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES b_parent (id)); \
             CREATE TABLE b_parent (id INTEGER PRIMARY KEY); CREATE TABLE other (id INTEGER PRIMARY KEY)",
        )
        .await;
    let list =
        |found: Vec<Chosen>| found.into_iter().map(|table| format!("{}>{}", table.from, table.to)).collect::<Vec<_>>();
    let all = |patterns: &[&str]| patterns.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let connector = source.connector.as_ref();
    let found = choose(connector, &all(&["*_*"]), &[], Some("old_*")).await.unwrap();
    assert_eq!(list(found), ["b_parent>old_b_parent", "a_child>old_a_child"]);
    let found = choose(connector, &all(&["*"]), &all(&["other"]), None).await.unwrap();
    assert_eq!(list(found), ["b_parent>b_parent", "a_child>a_child"]);
    assert_eq!(choose(connector, &all(&["x*"]), &[], None).await.unwrap_err().code(), ErrorCode::TableNotFound);
    assert_eq!(choose(connector, &all(&["*"]), &[], Some("one")).await.unwrap_err().code(), ErrorCode::Duplicate);
}
