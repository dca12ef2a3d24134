//! After an apply the plan says nothing; a change made by hand is named, and only it.

use crate::suite::world::World;
use data::structure::*;
use model::ErrorCode;
use std::collections::BTreeMap;

fn column(name: &str, native_type: &str, nullable: bool) -> ColumnStructure {
    ColumnStructure { name: name.into(), native_type: native_type.into(), nullable, ..ColumnStructure::default() }
}

fn bars() -> TableStructure {
    TableStructure {
        name: "bars".into(),
        columns: vec![
            ColumnStructure { auto_increment: true, ..column("id", "INTEGER", false) },
            ColumnStructure { collation: Some("nocase".into()), ..column("sym bol", "VARCHAR(20)", false) },
            ColumnStructure { default: Some("0.5".into()), ..column("price", "DECIMAL(10,4)", true) },
            ColumnStructure { default: Some("CURRENT_TIMESTAMP".into()), ..column("at", "TIMESTAMP", false) },
            ColumnStructure { default: Some("lower('X')".into()), ..column("note", "TEXT", true) },
            ColumnStructure {
                generated: Some(Generated { expression: "price * 2".into(), stored: true }),
                ..column("twice", "REAL", true)
            },
            column("venue", "INT", true),
        ],
        primary_key: vec!["id".into()],
        indexes: vec![
            IndexStructure {
                name: "by_symbol".into(),
                columns: vec!["sym bol".into(), "(price + 1) desc".into()],
                filter: Some("price > 0".into()),
                ..IndexStructure::default()
            },
            IndexStructure {
                name: String::new(),
                columns: vec!["sym bol".into(), "at".into()],
                unique: true,
                ..IndexStructure::default()
            },
        ],
        foreign_keys: vec![ForeignKey {
            columns: vec!["venue".into()],
            references: "venues".into(),
            referenced_columns: vec!["id".into()],
            on_delete: Some("cascade".into()),
            ..ForeignKey::default()
        }],
        checks: vec![CheckConstraint { name: "positive".into(), condition: "price >= 0".into() }],
        comment: Some("daily bars".into()),
        ..TableStructure::default()
    }
}

async fn plan(world: &World, wanted: &TableStructure) -> TablePlan {
    let live = world.connector.structure(&wanted.name).await.unwrap();
    world.connector.plan_table(wanted, live.as_ref()).await.unwrap()
}

async fn apply(world: &World, wanted: &TableStructure) -> TablePlan {
    let plan = plan(world, wanted).await;
    assert!(plan.manual.is_empty(), "{plan:?}");
    for change in &plan.changes {
        world.connector.execute(&change.sql).await.unwrap_or_else(|error| panic!("{error}\n{}", change.sql));
    }
    plan
}

async fn made() -> World {
    let world = World::sqlite("").await.unwrap();
    world.connector.execute("CREATE TABLE venues (id INTEGER PRIMARY KEY)").await.unwrap();
    assert_eq!(apply(&world, &bars()).await.action, TableAction::Create);
    world
}

/// What the plan says after a change made by hand.
async fn check(by_hand: &str, expected: &[&str]) {
    let world = made().await;
    world.connector.execute(by_hand).await.unwrap();
    let wanted = bars();
    let before = apply(&world, &wanted).await;
    let found: Vec<&str> = before.changes.iter().map(|change| change.summary.as_str()).collect();
    assert_eq!(found, expected, "{by_hand}");
    let after = plan(&world, &wanted).await;
    assert_eq!((after.action, after.changes), (TableAction::Nothing, Vec::new()), "{by_hand}");
}

#[tokio::test]
async fn nothing_is_to_be_done_after_an_apply() {
    let world = made().await;
    let plan = plan(&world, &bars()).await;
    assert_eq!(plan.action, TableAction::Nothing, "{plan:?}");
    assert!(plan.notes.iter().any(|note| note.contains("comments")), "{plan:?}");
    // A structure read back is one that can be wanted.
    let live = world.connector.structure("bars").await.unwrap().unwrap();
    let plan = world.connector.plan_table(&live, Some(&live)).await.unwrap();
    assert_eq!(plan.action, TableAction::Nothing, "{plan:?}");
    assert_eq!(live.indexes.len(), 2);
    assert_eq!(live.checks[0].name, "positive");
    assert_eq!(live.foreign_keys[0].on_delete.as_deref(), Some("cascade"));
    assert!(live.column("id").unwrap().auto_increment);
    assert_eq!(live.column("twice").unwrap().generated.as_ref().unwrap().expression, "price * 2");
    let other = World::sqlite("").await.unwrap();
    other.connector.execute("CREATE TABLE venues (id INTEGER PRIMARY KEY)").await.unwrap();
    apply(&other, &live).await;
    assert_eq!(other.connector.structure("bars").await.unwrap().unwrap(), live);
}

#[tokio::test]
async fn a_renamed_column_keeps_its_values_and_all_that_hangs_on_it() {
    let world = made().await;
    world.connector.execute("INSERT INTO bars (\"sym bol\", price) VALUES ('x', 12.5)").await.unwrap();
    let mut wanted = bars();
    for (from, to) in [("sym bol", "code"), ("price", "Net Price"), ("venue", "place")] {
        let column = wanted.columns.iter_mut().find(|column| column.name == from).unwrap();
        (column.name, column.renamed_from) = (to.to_owned(), Some(from.to_owned()));
    }
    wanted.indexes[0].columns = vec!["code".into(), "(\"Net Price\" + 1) desc".into()];
    wanted.indexes[0].filter = Some("\"Net Price\" > 0".into());
    wanted.indexes[1].columns = vec!["code".into(), "at".into()];
    wanted.foreign_keys[0].columns = vec!["place".into()];
    wanted.checks[0].condition = "\"Net Price\" >= 0".into();
    wanted.columns[5].generated.as_mut().unwrap().expression = "\"Net Price\" * 2".into();
    let done = apply(&world, &wanted).await;
    let summaries: Vec<&str> = done.changes.iter().map(|change| change.summary.as_str()).collect();
    assert_eq!(
        summaries,
        [
            "rename column `sym bol` to `code`",
            "rename column `price` to `Net Price`",
            "rename column `venue` to `place`"
        ]
    );
    assert_eq!(plan(&world, &wanted).await.action, TableAction::Nothing);
    let kept = data::connector::Relation::Query("SELECT * FROM bars WHERE \"Net Price\" = 12.5 AND twice = 25".into());
    assert_eq!(world.connector.count(&kept, None).await.unwrap(), 1);
    // Together with what only a new table brings.
    wanted.columns[1].name = "symbol".into();
    wanted.columns[1].renamed_from = Some("code".into());
    wanted.columns[1].native_type = "VARCHAR(40)".into();
    wanted.indexes[0].columns[0] = "symbol".into();
    wanted.indexes[1].columns[0] = "symbol".into();
    apply(&world, &wanted).await;
    assert_eq!(plan(&world, &wanted).await.action, TableAction::Nothing);
    assert_eq!(world.connector.count(&kept, Some("symbol = 'x'")).await.unwrap(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_change_by_hand_is_named_and_nothing_else() {
    check("DROP INDEX by_symbol", &["create index `by_symbol`"]).await;
    check("CREATE INDEX extra ON bars (note)", &["drop index `extra`"]).await;
    // An index holds no rows of its own.
    let world = made().await;
    world.connector.execute("CREATE INDEX extra ON bars (note)").await.unwrap();
    let change = plan(&world, &bars()).await.changes.remove(0);
    assert!(change.cost.loss.is_none() && change.cost.note.is_some(), "{change:?}");
    check(
        "ALTER TABLE bars DROP COLUMN note; ALTER TABLE bars ADD COLUMN note TEXT DEFAULT 'x'",
        &["change default of `note` from 'x' to lower('X')"],
    )
    .await;
    check("ALTER TABLE bars ADD COLUMN more INT", &["drop column `more`"]).await;
    check(
        "DROP INDEX by_symbol; CREATE INDEX by_symbol ON bars (price)",
        &["drop index `by_symbol`", "create index `by_symbol`"],
    )
    .await;
}

#[tokio::test]
async fn a_table_is_made_anew_with_its_rows_triggers_and_references() {
    let world = made().await;
    let sql = "CREATE TABLE trades (id INTEGER PRIMARY KEY, bar INT REFERENCES bars(id) ON DELETE CASCADE);
        CREATE TABLE log (what TEXT);
        CREATE TRIGGER told AFTER INSERT ON bars BEGIN INSERT INTO log VALUES ('one; two'); END;
        CREATE VIEW cheap AS SELECT * FROM bars WHERE price < 1;
        INSERT INTO venues VALUES (1);
        INSERT INTO bars (id, \"sym bol\", price, note, venue) VALUES (7, 'A', 0.25, '007', 1), (9, 'B', NULL, 'x', NULL);
        DELETE FROM bars WHERE id = 9;
        INSERT INTO trades VALUES (1, 7)";
    world.connector.execute(sql).await.unwrap();
    let mut wanted = bars();
    wanted.columns[4].native_type = "INTEGER".into();
    wanted.columns[4].default = None;
    wanted.columns.retain(|column| column.name != "twice");
    wanted.columns.push(ColumnStructure { default: Some("(1 + 1)".into()), ..column("added", "INT", false) });
    let before = apply(&world, &wanted).await;
    let [change] = before.changes.as_slice() else { panic!("{before:?}") };
    assert!(change.cost.rewrite && change.cost.lock == LockKind::Writes, "{change:?}");
    assert!(change.cost.loss.as_deref().unwrap().contains("`007`"), "{change:?}");
    for part in [
        "change type of `note` from TEXT to INTEGER",
        "drop default lower('X') of `note`",
        "add column `added`",
        "drop column `twice`",
    ] {
        assert!(change.summary.contains(part), "{part} in {}", change.summary);
    }
    assert_eq!(plan(&world, &wanted).await.action, TableAction::Nothing);
    // Rows that refer to the table are still there: dropping the old one set nothing off.
    assert_eq!(world.count("trades").await, 1);
    assert_eq!(world.count("cheap").await, 1);
    world.connector.execute("INSERT INTO bars (\"sym bol\") VALUES ('C')").await.unwrap();
    let rows = world.rows("bars", &["id"]).await;
    let ids = crate::cell::text(rows.column(0), 1).unwrap();
    // The trigger fired for the new row, and number 9, once given away, was not given again.
    assert_eq!((world.count("log").await, ids.as_str()), (3, "10"));
    let error = world.connector.execute("INSERT INTO trades VALUES (2, 12345)").await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
}

#[tokio::test]
async fn a_rebuild_that_fails_changes_nothing() {
    let world = made().await;
    world.connector.execute("INSERT INTO bars (\"sym bol\", price, note) VALUES ('A', 1, NULL)").await.unwrap();
    let mut wanted = bars();
    wanted.columns[4].nullable = false;
    let before = plan(&world, &wanted).await;
    let error = world.connector.execute(&before.changes[0].sql).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::ValueRefused, "{error}");
    assert_eq!(plan(&world, &bars()).await.action, TableAction::Nothing);
    // A key that would refer to nothing.
    world.connector.execute("CREATE TABLE empty (id INTEGER PRIMARY KEY); UPDATE bars SET price = 1").await.unwrap();
    let mut wanted = bars();
    wanted.foreign_keys[0].columns = vec!["id".into()];
    wanted.foreign_keys[0].references = "empty".into();
    let before = plan(&world, &wanted).await;
    let error = world.connector.execute(&before.changes[0].sql).await.unwrap_err();
    assert!(error.to_string().contains("refer to rows that do not exist"), "{error}");
    assert_eq!(plan(&world, &bars()).await.action, TableAction::Nothing);
    assert_eq!(world.count("bars").await, 1);
}

#[tokio::test]
async fn strict_tables_and_tables_without_row_numbers_come_back() {
    let world = World::sqlite("").await.unwrap();
    let wanted = TableStructure {
        name: "t".into(),
        columns: vec![column("k", "TEXT", false), column("v", "ANY", true), column("s", "TEXT", true)],
        primary_key: vec!["k".into()],
        options: BTreeMap::from([("strict".into(), "true".into()), ("without_rowid".into(), "true".into())]),
        ..TableStructure::default()
    };
    apply(&world, &wanted).await;
    assert_eq!(plan(&world, &wanted).await.action, TableAction::Nothing);
    assert_eq!(world.connector.structure("t").await.unwrap().unwrap(), wanted);
    let mut rebuilt = wanted.clone();
    rebuilt.options.clear();
    rebuilt.columns[2].nullable = false;
    apply(&world, &rebuilt).await;
    let live = world.connector.structure("t").await.unwrap().unwrap();
    assert_eq!(live.options, wanted.options, "options left open are kept");
}

#[tokio::test]
async fn what_sqlite_cannot_have_is_refused_and_what_would_be_lost_is_left_to_a_person() {
    let world = World::sqlite("").await.unwrap();
    let refused = |change: fn(&mut TableStructure)| {
        let mut wanted = bars();
        change(&mut wanted);
        wanted
    };
    for (wanted, told) in [
        (refused(|t| t.columns.clear()), "no columns"),
        (refused(|t| t.columns[1].name = "ID".into()), "twice"),
        (refused(|t| t.columns[0].native_type = "BIGINT".into()), "numbers only"),
        (refused(|t| t.columns[2].native_type = "INT); DROP TABLE x; --".into()), "not a type"),
        (refused(|t| t.kind = TableKind::SuperTable), "ordinary"),
        (
            refused(|t| {
                t.columns[0].auto_increment = false;
                t.primary_key = vec!["nope".into()];
            }),
            "`nope`",
        ),
        (refused(|t| t.indexes[0].columns = vec!["nope".into()]), "`nope`"),
        (refused(|t| drop(t.options.insert("strict".into(), "true".into()))), "STRICT"),
    ] {
        let error = world.connector.plan_table(&wanted, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    world.connector.execute("CREATE TABLE t (a INT UNIQUE ON CONFLICT REPLACE, b INT)").await.unwrap();
    let mut wanted = world.connector.structure("t").await.unwrap().unwrap();
    wanted.columns[1].nullable = false;
    let before = plan(&world, &wanted).await;
    assert_eq!(before.action, TableAction::Manual);
    assert!(before.manual[0].contains("ON CONFLICT") && before.changes.is_empty(), "{before:?}");
    world.connector.execute("CREATE VIEW v AS SELECT 1 AS a").await.unwrap();
    let view = world.connector.structure("v").await.unwrap().unwrap();
    assert_eq!(view.kind, TableKind::View);
    let wanted = TableStructure { kind: TableKind::Plain, columns: vec![column("a", "INT", true)], ..view };
    assert_eq!(plan(&world, &wanted).await.action, TableAction::Manual);
    assert_eq!(world.connector.structure("absent").await.unwrap(), None);
}
