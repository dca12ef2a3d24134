#![allow(clippy::unwrap_used)]

use super::*;
use crate::suite::world::World;
use data::structure::{ColumnStructure, ForeignKey, Generated, LockKind};
use model::ErrorCode;

fn column(name: &str, native_type: &str) -> ColumnStructure {
    ColumnStructure {
        name: name.to_owned(),
        native_type: native_type.to_owned(),
        nullable: true,
        ..ColumnStructure::default()
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

fn bars(kind: TableKind) -> TableStructure {
    TableStructure {
        name: "daily_bars".to_owned(),
        kind,
        columns: vec![
            ColumnStructure { nullable: false, ..column("trade_date", "date") },
            ColumnStructure { nullable: false, ..column("symbol", "character varying(20)") },
            ColumnStructure { comment: Some("开盘价".to_owned()), ..column("open", "numeric(10,4)") },
        ],
        primary_key: names(&["symbol", "trade_date"]),
        ..TableStructure::default()
    }
}

fn facts(timescale: Timescale) -> Facts {
    Facts {
        timescale,
        schema_exists: true,
        constraint_indexes: BTreeSet::new(),
        identities: BTreeSet::new(),
        volatile_defaults: BTreeSet::new(),
        references: BTreeMap::new(),
        spelled: TableStructure::default(),
        settled: BTreeMap::new(),
        renamed: Vec::new(),
        not_renamed: Vec::new(),
    }
}

fn hypertable(interval: Option<&str>) -> TableKind {
    TableKind::Hypertable { time_column: "trade_date".to_owned(), chunk_interval: interval.map(str::to_owned) }
}

/// The statements of a plan made without a server.
fn planned(wanted: &TableStructure, live: Option<&TableStructure>, timescale: Timescale) -> Vec<String> {
    let plan = decide(wanted, live, &facts(timescale), Vec::new()).unwrap();
    plan.changes.into_iter().map(|change| change.sql).collect()
}

#[test]
fn a_hypertable_is_made_by_the_interface_of_its_version() {
    let check = |timescale, expected: &str| {
        let sql = planned(&bars(hypertable(Some("1 day"))), None, timescale);
        assert_eq!(sql[1], expected);
        assert_eq!(sql.len(), 3, "{sql:?}");
    };
    let old = "SELECT create_hypertable('\"daily_bars\"', 'trade_date', chunk_time_interval => INTERVAL '1 day', \
               create_default_indexes => false, if_not_exists => true)";
    let new = "SELECT create_hypertable('\"daily_bars\"', by_range('trade_date', INTERVAL '1 day'), \
               create_default_indexes => false, if_not_exists => true)";
    check(Timescale::Installed(2, 9), old);
    check(Timescale::Installed(2, 13), new);
    check(Timescale::Installed(2, 18), new);
    check(Timescale::Installed(2, 23), new);
}

#[test]
fn without_the_extension_a_plain_table_is_made_and_told() {
    for (timescale, told) in [(Timescale::None, "no TimescaleDB"), (Timescale::Available, "CREATE EXTENSION")] {
        let plan = decide(&bars(hypertable(None)), None, &facts(timescale), Vec::new()).unwrap();
        assert_eq!(plan.action, TableAction::Create);
        assert!(plan.changes.iter().all(|change| !change.sql.contains("create_hypertable")), "{plan:?}");
        assert!(plan.notes.len() == 1 && plan.notes[0].contains(told), "{plan:?}");
        // The plain table is what was asked for, as far as this server can.
        let live = bars(TableKind::Plain);
        let plan = decide(&bars(hypertable(None)), Some(&live), &facts(timescale), Vec::new()).unwrap();
        assert_eq!(plan.action, TableAction::Nothing);
    }
}

#[test]
fn a_hypertable_changes_as_far_as_it_can() {
    let there = Timescale::Installed(2, 17);
    let live = bars(hypertable(Some("7 days")));
    assert_eq!(planned(&live, Some(&live), there), Vec::<String>::new());
    assert_eq!(
        planned(&bars(hypertable(Some("1 day"))), Some(&live), there),
        ["SELECT set_chunk_time_interval('\"daily_bars\"', INTERVAL '1 day')"]
    );
    let plain = bars(TableKind::Plain);
    let plan = decide(&bars(hypertable(None)), Some(&plain), &facts(there), Vec::new()).unwrap();
    assert!(plan.changes[0].sql.contains("migrate_data => true") && plan.changes[0].cost.rewrite, "{plan:?}");
    let plan = decide(&plain, Some(&live), &facts(there), Vec::new()).unwrap();
    assert_eq!((plan.action, plan.manual.len()), (TableAction::Manual, 1));
    // The index TimescaleDB makes for itself is no difference.
    let mut own = live.clone();
    own.indexes.push(IndexStructure {
        name: "daily_bars_trade_date_idx".to_owned(),
        columns: names(&["trade_date desc"]),
        ..IndexStructure::default()
    });
    assert_eq!(planned(&live, Some(&own), there), Vec::<String>::new());
}

#[test]
fn what_no_hypertable_can_be_is_refused() {
    let there = facts(Timescale::Installed(2, 17));
    let refused = |wanted: &TableStructure, told: &str| {
        let error = decide(wanted, None, &there, Vec::new()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue);
        assert!(error.to_string().contains(told), "{error}");
    };
    let mut keyed = bars(hypertable(None));
    keyed.primary_key = names(&["symbol"]);
    refused(&keyed, "does not contain the time column");
    let mut number = bars(hypertable(None));
    number.columns[0].native_type = "bigint".to_owned();
    refused(&number, "width in numbers");
    let mut text = bars(hypertable(None));
    text.columns[0].native_type = "text".to_owned();
    refused(&text, "of type `text`");
}

/// Plans against the server and runs what was planned.
async fn apply(world: &World, wanted: &TableStructure) -> TablePlan {
    let live = world.connector.structure(&wanted.name).await.unwrap();
    let plan = world.connector.plan_table(wanted, live.as_ref()).await.unwrap();
    for change in &plan.changes {
        world.connector.execute(&change.sql).await.unwrap_or_else(|error| panic!("{}: {error}", change.sql));
    }
    plan
}

async fn again(world: &World, wanted: &TableStructure) -> TablePlan {
    let live = world.connector.structure(&wanted.name).await.unwrap();
    world.connector.plan_table(wanted, live.as_ref()).await.unwrap()
}

async fn nothing_left(world: &World, wanted: &TableStructure) {
    let plan = again(world, wanted).await;
    assert_eq!(plan.action, TableAction::Nothing, "{:#?}", plan.changes);
    assert!(plan.changes.is_empty() && plan.manual.is_empty());
}

/// A table with one of everything, spelled as people spell it.
fn everything() -> TableStructure {
    TableStructure {
        name: "orders".to_owned(),
        columns: vec![
            ColumnStructure { auto_increment: true, ..column("id", "BIGINT") },
            ColumnStructure { nullable: false, ..column("customer", "int4") },
            ColumnStructure { default: Some("'new'".to_owned()), nullable: false, ..column("state", "VARCHAR(20)") },
            ColumnStructure { default: Some("0.0".to_owned()), ..column("price", "DECIMAL(10, 4)") },
            ColumnStructure { default: Some("now()".to_owned()), ..column("at", "TIMESTAMPTZ") },
            ColumnStructure { default: Some("CURRENT_DATE".to_owned()), ..column("day", "DATE") },
            ColumnStructure { comment: Some("it's a \\ 备注".to_owned()), ..column("note", "TEXT") },
            ColumnStructure { default: Some("'{}'".to_owned()), ..column("tags", "text[]") },
            ColumnStructure { default: Some("gen_random_uuid()".to_owned()), ..column("ref", "uuid") },
            ColumnStructure { collation: Some("C".to_owned()), ..column("code", "text") },
            ColumnStructure {
                generated: Some(Generated { expression: "price * 2".to_owned(), stored: true }),
                ..column("double_price", "numeric")
            },
            column("seen", "DATETIME(3)"),
            column("ratio", "DOUBLE"),
            column("flags", "TINYINT"),
            column("big", "BIGINT UNSIGNED"),
            ColumnStructure { default: Some("true".to_owned()), ..column("open?", "bool") },
        ],
        primary_key: names(&["id"]),
        indexes: vec![
            IndexStructure { columns: names(&["customer", "at desc"]), ..IndexStructure::default() },
            IndexStructure {
                name: "orders_code_u".to_owned(),
                columns: names(&["code"]),
                unique: true,
                filter: Some("state <> 'gone'".to_owned()),
                include: names(&["price"]),
                ..IndexStructure::default()
            },
            IndexStructure { columns: names(&["(lower(note))"]), ..IndexStructure::default() },
            IndexStructure { columns: names(&["tags"]), method: Some("gin".to_owned()), ..IndexStructure::default() },
            IndexStructure { columns: names(&["note text_pattern_ops"]), ..IndexStructure::default() },
            IndexStructure { columns: names(&["at", "day"]), unique: true, ..IndexStructure::default() },
        ],
        foreign_keys: vec![ForeignKey {
            columns: names(&["customer"]),
            references: "customers".to_owned(),
            referenced_columns: names(&["id"]),
            on_delete: Some("cascade".to_owned()),
            ..ForeignKey::default()
        }],
        checks: vec![
            CheckConstraint { name: "priced".to_owned(), condition: "price >= 0".to_owned() },
            CheckConstraint { name: String::new(), condition: "flags <> 5".to_owned() },
        ],
        comment: Some("all orders".to_owned()),
        options: BTreeMap::from([("fillfactor".to_owned(), "70".to_owned())]),
        ..TableStructure::default()
    }
}

async fn made(case: &str) -> Option<(World, TableStructure)> {
    let world = World::postgres(case).await?;
    world.connector.execute("CREATE TABLE customers (id int PRIMARY KEY)").await.unwrap();
    let wanted = everything();
    let plan = apply(&world, &wanted).await;
    assert_eq!(plan.action, TableAction::Create);
    Some((world, wanted))
}

#[tokio::test]
async fn after_apply_nothing_is_left_to_do() {
    let Some((world, wanted)) = made("after_apply_nothing_is_left_to_do").await else { return };
    nothing_left(&world, &wanted).await;
    // What was read from the server is what the server has.
    let live = world.connector.structure("orders").await.unwrap().unwrap();
    nothing_left(&world, &live).await;
    // A document that says less asks for nothing more.
    let mut less = wanted.clone();
    less.comment = None;
    for column in &mut less.columns {
        column.default = None;
        column.comment = None;
        column.collation = None;
    }
    less.options.clear();
    nothing_left(&world, &less).await;
    // A structure that was read makes the same table elsewhere.
    world.connector.execute("DROP TABLE orders").await.unwrap();
    apply(&world, &live).await;
    assert_eq!(world.connector.structure("orders").await.unwrap().unwrap(), live);
    world.end().await;
}

#[tokio::test]
async fn every_part_of_a_table_is_described() {
    let Some((world, _)) = made("every_part_of_a_table_is_described").await else { return };
    world.connector.execute("ALTER TABLE orders ADD COLUMN n serial").await.unwrap();
    let live = world.connector.structure("orders").await.unwrap().unwrap();
    let told: Vec<String> = live
        .columns
        .iter()
        .map(|column| {
            format!(
                "{} {}{}{}{}",
                column.name,
                column.native_type,
                if column.nullable { "" } else { " not null" },
                if column.auto_increment { " numbered" } else { "" },
                column.default.as_ref().map(|default| format!(" default {default}")).unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "id bigint not null numbered",
            "customer integer not null",
            "state character varying(20) not null default 'new'::character varying",
            "price numeric(10,4) default 0.0",
            "at timestamp with time zone default now()",
            "day date default CURRENT_DATE",
            "note text",
            "tags text[] default '{}'::text[]",
            "ref uuid default gen_random_uuid()",
            "code text",
            "double_price numeric",
            "seen timestamp(3) without time zone",
            "ratio double precision",
            "flags smallint",
            "big numeric(20,0)",
            "open? boolean default true",
            "n integer not null numbered",
        ]
    );
    assert_eq!(live.column("code").unwrap().collation.as_deref(), Some("C"));
    assert_eq!(live.column("note").unwrap().comment.as_deref(), Some("it's a \\ 备注"));
    let generated = live.column("double_price").unwrap().generated.clone().unwrap();
    assert_eq!((generated.expression.as_str(), generated.stored), ("(price * (2)::numeric)", true));
    assert_eq!((live.primary_key, live.comment.as_deref()), (names(&["id"]), Some("all orders")));
    let index = live.indexes.iter().find(|index| index.name == "orders_code_u").unwrap();
    assert_eq!((index.unique, index.include.clone()), (true, names(&["price"])));
    assert_eq!(index.filter.as_deref(), Some("((state)::text <> 'gone'::text)"));
    let columns: Vec<&[String]> = live.indexes.iter().map(|index| index.columns.as_slice()).collect();
    for wanted in [["(lower(note))"].as_slice(), &["customer", "at desc"], &["note text_pattern_ops"], &["tags"]] {
        assert!(columns.contains(&names(wanted).as_slice()), "{columns:?}");
    }
    let key = &live.foreign_keys[0];
    assert_eq!((key.references.as_str(), key.on_delete.as_deref()), ("customers", Some("cascade")));
    assert_eq!(live.checks.len(), 2);
    assert_eq!(live.options.get("fillfactor").map(String::as_str), Some("70"));
    assert_eq!(world.connector.structure("absent").await.unwrap(), None);
    world.end().await;
}

#[tokio::test]
async fn a_change_by_hand_is_named_exactly() {
    let Some((world, wanted)) = made("a_change_by_hand_is_named_exactly").await else { return };
    let by_hand = [
        (
            "ALTER TABLE orders DROP COLUMN note CASCADE",
            vec!["add column `note`", "create index", "create index", "comment on column `note`"],
        ),
        ("ALTER TABLE orders ADD COLUMN extra int", vec!["drop column `extra`"]),
        (
            "ALTER TABLE orders ALTER COLUMN state TYPE varchar(30)",
            vec!["change type of `state` from character varying(30) to character varying(20)"],
        ),
        ("ALTER TABLE orders ALTER COLUMN price SET NOT NULL", vec!["allow NULL in column `price`"]),
        ("ALTER TABLE orders ALTER COLUMN state DROP NOT NULL", vec!["refuse NULL in column `state`"]),
        ("ALTER TABLE orders ALTER COLUMN price SET DEFAULT 1", vec!["set default of column `price` to 0.0"]),
        ("ALTER TABLE orders ALTER COLUMN price DROP DEFAULT", vec!["set default of column `price` to 0.0"]),
        ("ALTER TABLE orders ALTER COLUMN id DROP IDENTITY", vec!["number column `id` by the system"]),
        (
            "ALTER TABLE orders ALTER COLUMN double_price DROP EXPRESSION",
            vec!["drop column `double_price`", "add column `double_price`"],
        ),
        ("COMMENT ON COLUMN orders.note IS 'other'", vec!["comment on column `note`"]),
        ("COMMENT ON TABLE orders IS NULL", vec!["comment on the table"]),
        ("DROP INDEX orders_code_u", vec!["create index `orders_code_u`"]),
        ("CREATE INDEX hand ON orders (price)", vec!["drop index `hand`"]),
        ("ALTER TABLE orders ADD CONSTRAINT hand UNIQUE (ratio)", vec!["drop unique key `hand`"]),
        ("ALTER INDEX orders_code_u RENAME TO other", vec!["rename index `other` to `orders_code_u`"]),
        ("ALTER TABLE orders DROP CONSTRAINT orders_pkey", vec!["add primary key (`id`)"]),
        (
            "ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey",
            vec!["add foreign key (`customer`) to `customers`"],
        ),
        ("ALTER TABLE orders ADD CHECK (ratio > 0)", vec!["drop check `orders_ratio_check`"]),
        ("ALTER TABLE orders DROP CONSTRAINT priced", vec!["add check `price >= 0`"]),
        ("ALTER TABLE orders RENAME CONSTRAINT priced TO cheap", vec!["rename constraint `cheap` to `priced`"]),
        ("ALTER TABLE orders SET (fillfactor = 90)", vec!["set fillfactor to 70"]),
    ];
    for (sql, expected) in by_hand {
        world.connector.execute(sql).await.unwrap();
        let plan = apply(&world, &wanted).await;
        let told: Vec<&str> = plan.changes.iter().map(|change| change.summary.as_str()).collect();
        let fits =
            told.len() == expected.len() && told.iter().zip(&expected).all(|(told, part)| told.starts_with(part));
        assert!(fits, "{sql}: {told:#?}");
        nothing_left(&world, &wanted).await;
    }
    world.end().await;
}

/// The planner's answer in words.
fn summaries(plan: &TablePlan) -> Vec<&str> {
    plan.changes.iter().map(|change| change.summary.as_str()).collect()
}

/// A table with conditions that the server spells anew when types change.
fn states(native_type: &str) -> TableStructure {
    TableStructure {
        name: "states".to_owned(),
        columns: vec![column("id", "bigint"), column("state", native_type), column("n", "integer")],
        indexes: vec![IndexStructure {
            name: "states_open".to_owned(),
            columns: names(&["id"]),
            filter: Some("state IN ('new', 'it''s')".to_owned()),
            ..IndexStructure::default()
        }],
        checks: vec![
            CheckConstraint { name: "known".to_owned(), condition: "state IN ('new', 'gone', 'it''s')".to_owned() },
            CheckConstraint { name: "few".to_owned(), condition: "n IN (1, 2)".to_owned() },
        ],
        ..TableStructure::default()
    }
}

#[tokio::test]
async fn a_check_that_the_server_spells_anew_is_the_same_check() {
    let Some(world) = World::postgres("a_check_that_the_server_spells_anew_is_the_same_check").await else { return };
    apply(&world, &states("varchar(10)")).await;
    // The file changes the type: the check is rebuilt by the server, and is no difference afterwards.
    let plan = apply(&world, &states("varchar(20)")).await;
    assert_eq!(summaries(&plan), ["change type of `state` from character varying(10) to character varying(20)"]);
    nothing_left(&world, &states("varchar(20)")).await;
    let plan = apply(&world, &states("text")).await;
    assert_eq!(summaries(&plan), ["change type of `state` from character varying(20) to text"]);
    nothing_left(&world, &states("text")).await;
    // The other way round, and by hand.
    apply(&world, &states("varchar(30)")).await;
    nothing_left(&world, &states("varchar(30)")).await;
    for by_hand in ["text", "varchar(40)", "varchar"] {
        world.connector.execute(&format!("ALTER TABLE states ALTER state TYPE {by_hand}")).await.unwrap();
        let plan = again(&world, &states("varchar(30)")).await;
        assert!(plan.changes.len() == 1 && plan.changes[0].summary.starts_with("change type"), "{plan:#?}");
        apply(&world, &states("varchar(30)")).await;
        nothing_left(&world, &states("varchar(30)")).await;
    }
    // A check that says something else is still another one.
    world.connector.execute("ALTER TABLE states DROP CONSTRAINT known").await.unwrap();
    world.connector.execute("ALTER TABLE states ADD CONSTRAINT known CHECK (state IN ('new', 'gone'))").await.unwrap();
    let plan = again(&world, &states("varchar(30)")).await;
    assert_eq!(summaries(&plan).len(), 2, "{plan:#?}");
    apply(&world, &states("varchar(30)")).await;
    nothing_left(&world, &states("varchar(30)")).await;
    world.end().await;
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_and_all_that_hangs_on_it() {
    let Some((world, mut wanted)) = made("a_renamed_column_keeps_its_values_and_all_that_hangs_on_it").await else {
        return;
    };
    world.connector.execute("INSERT INTO customers VALUES (1)").await.unwrap();
    world.connector.execute("INSERT INTO orders (customer, price, code) VALUES (1, 12.5, 'x')").await.unwrap();
    let rename = |wanted: &mut TableStructure, from: &str, to: &str| {
        let column = wanted.columns.iter_mut().find(|column| column.name == from).unwrap();
        (column.name, column.renamed_from) = (to.to_owned(), Some(from.to_owned()));
    };
    for (from, to) in
        [("id", "number"), ("customer", "buyer"), ("price", "Net Price"), ("state", "status"), ("note", "remark")]
    {
        rename(&mut wanted, from, to);
    }
    wanted.primary_key = names(&["number"]);
    wanted.foreign_keys[0].columns = names(&["buyer"]);
    wanted.indexes[0].columns = names(&["buyer", "at desc"]);
    wanted.indexes[1].filter = Some("status <> 'gone'".to_owned());
    wanted.indexes[1].include = names(&["Net Price"]);
    wanted.indexes[2].columns = names(&["(lower(remark))"]);
    wanted.indexes[4].columns = names(&["remark text_pattern_ops"]);
    wanted.checks[0].condition = "\"Net Price\" >= 0".to_owned();
    let doubled = wanted.columns.iter_mut().find(|column| column.name == "double_price").unwrap();
    doubled.generated.as_mut().unwrap().expression = "\"Net Price\" * 2".to_owned();
    let plan = apply(&world, &wanted).await;
    assert_eq!(
        summaries(&plan),
        [
            "rename column `id` to `number`",
            "rename column `customer` to `buyer`",
            "rename column `state` to `status`",
            "rename column `price` to `Net Price`",
            "rename column `note` to `remark`",
        ]
    );
    assert!(!plan.is_destructive());
    nothing_left(&world, &wanted).await;
    let kept = world.rows("orders", &[]).await;
    assert_eq!(crate::cell::text(kept.column_by_name("Net Price").unwrap(), 0).as_deref(), Some("12.5000"));
    // With both names there, a person has to say which one counts.
    world.connector.execute("ALTER TABLE orders ADD COLUMN note text").await.unwrap();
    let plan = again(&world, &wanted).await;
    assert_eq!((plan.action, plan.changes.len(), plan.manual.len()), (TableAction::Manual, 0, 1), "{plan:#?}");
    world.end().await;
}

#[tokio::test]
async fn rows_survive_what_costs_nothing_and_the_rest_is_told() {
    let Some(world) = World::postgres("rows_survive_what_costs_nothing_and_the_rest_is_told").await else { return };
    world.connector.execute("CREATE TABLE t (a int, b varchar(5), c text, d int DEFAULT 7, e int)").await.unwrap();
    world.connector.execute("INSERT INTO t VALUES (1, 'abc', '12', 1, NULL)").await.unwrap();
    let mut wanted = TableStructure {
        name: "t".to_owned(),
        columns: vec![
            column("a", "bigint"),
            column("b", "varchar(50)"),
            column("c", "integer"),
            ColumnStructure { default: Some("NULL".to_owned()), ..column("d", "text") },
            ColumnStructure { auto_increment: true, ..column("f", "int") },
        ],
        ..TableStructure::default()
    };
    let plan = apply(&world, &wanted).await;
    let cost = |start: &str| {
        let change = plan.changes.iter().find(|change| change.summary.starts_with(start));
        change.unwrap_or_else(|| panic!("{start} in {plan:#?}")).cost.clone()
    };
    let a = cost("change type of `a`");
    assert_eq!((a.lock, a.rewrite, a.loss), (LockKind::All, true, None));
    let b = cost("change type of `b`");
    assert_eq!((b.lock, b.rewrite, b.loss), (LockKind::None, false, None));
    assert!(cost("change type of `c`").loss.is_some());
    assert!(cost("drop column `e`").loss.is_some() && plan.is_destructive());
    assert!(cost("add column `f`").rewrite);
    nothing_left(&world, &wanted).await;
    let row = world.rows("t", &[]).await;
    let values: Vec<Option<String>> = row.columns().iter().map(|column| crate::cell::text(column, 0)).collect();
    let expected = ["1", "abc", "12", "1", "1"].map(|text| Some(text.to_owned()));
    assert_eq!(values, expected);
    // Too long for the new type: the server refuses rather than cuts.
    wanted.columns[1].native_type = "varchar(2)".to_owned();
    let plan = again(&world, &wanted).await;
    assert!(plan.is_destructive());
    assert_eq!(world.connector.execute(&plan.changes[0].sql).await.unwrap_err().code(), ErrorCode::ValueRefused);
    world.end().await;
}

#[tokio::test]
async fn what_the_server_cannot_have_is_named() {
    let Some(world) = World::postgres("what_the_server_cannot_have_is_named").await else { return };
    let refused = async |wanted: TableStructure, told: &str| {
        let error = world.connector.plan_table(&wanted, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        // The session that found out is none the worse.
        world.connector.ping().await.unwrap();
    };
    let of = |columns: Vec<ColumnStructure>| TableStructure { name: "t".to_owned(), columns, ..Default::default() };
    refused(of(vec![column("a", "int"), column("b", "strnig")]), "column `b`: type \"strnig\" does not exist").await;
    refused(of(vec![ColumnStructure { default: Some("'x'".to_owned()), ..column("b", "int") }]), "column `b`").await;
    refused(of(vec![column("e", "enum('a','b')")]), "PostgreSQL has no type").await;
    refused(of(vec![column("a", "int"), column("a", "int")]), "column `a` is there twice").await;
    refused(of(Vec::new()), "no columns").await;
    let mut keyed = of(vec![column("a", "int")]);
    keyed.primary_key = names(&["b"]);
    refused(keyed, "column `b` of the primary key").await;
    let mut checked = of(vec![column("a", "int")]);
    checked.checks = vec![CheckConstraint { name: String::new(), condition: "b > 0".to_owned() }];
    refused(checked, "check `b > 0`").await;
    let mut indexed = of(vec![column("a", "int")]);
    indexed.indexes = vec![IndexStructure { columns: names(&["nope"]), ..IndexStructure::default() }];
    refused(indexed, "index `nope`").await;
    refused(TableStructure { kind: TableKind::SuperTable, ..of(vec![column("a", "int")]) }, "no supertables").await;
    world.connector.execute("CREATE VIEW v AS SELECT 1 AS a").await.unwrap();
    let view = TableStructure { name: "v".to_owned(), ..of(vec![column("a", "int")]) };
    assert_eq!(again(&world, &view).await.action, TableAction::Manual);
    world.end().await;
}

#[tokio::test]
async fn partitions_schemas_and_weird_names_are_kept() {
    let Some(world) = World::postgres("partitions_schemas_and_weird_names_are_kept").await else { return };
    let schema = format!("s{}", std::process::id());
    let name = format!("{schema}.\"we.ird \"\"T\"\"\"");
    let wanted = TableStructure {
        name: name.clone(),
        columns: vec![
            ColumnStructure { nullable: false, ..column("Da'y 日", "date") },
            ColumnStructure { comment: Some("é".to_owned()), ..column("select", "text") },
        ],
        indexes: vec![IndexStructure { columns: names(&["select desc"]), ..IndexStructure::default() }],
        options: BTreeMap::from([
            ("partition_by".to_owned(), "RANGE (\"Da'y 日\")".to_owned()),
            ("engine".to_owned(), "InnoDB".to_owned()),
        ]),
        ..TableStructure::default()
    };
    let plan = apply(&world, &wanted).await;
    assert!(plan.changes[0].sql.starts_with("CREATE SCHEMA"), "{plan:#?}");
    assert!(plan.notes.iter().any(|note| note.contains("`engine`")), "{plan:#?}");
    nothing_left(&world, &wanted).await;
    let mut other = wanted.clone();
    other.options.insert("partition_by".to_owned(), "LIST (\"select\")".to_owned());
    let plan = again(&world, &other).await;
    assert_eq!((plan.action, plan.manual.len()), (TableAction::Manual, 1), "{plan:#?}");
    world.connector.execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    world.end().await;
}
