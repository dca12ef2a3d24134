//! Documents that are well, and what is done with them, on systems in memory.
#![allow(clippy::unwrap_used)]

mod corpus;

use super::testing::{World, info};
use super::*;
use data::System;
use data::structure::{TableAction, TableKind};
use model::{ErrorCode, TableLog};
use std::collections::HashMap;

/// The issue's example, in the shape in which people write it.
const EXAMPLE: &str = r#"
tables:
  - database_type: TDengine
    database_name: market
    table_name: ticks
    is_super_table: true
    columns:
      - { name: ts, type: TIMESTAMP, nullable: false }
      - { name: symbol, type: VARCHAR, length: 20, is_tag: true }
      - { name: price, type: FLOAT }
  - database_type: postgresql
    database_name: market
    table_name: daily_bars
    is_timescale_hypertable: true
    time_column: trade_date
    chunk_interval: 7 days
    primary_key: [symbol, trade_date]
    columns:
      - { name: symbol, type: VARCHAR, length: 20 }
      - { name: trade_date, type: DATE }
      - { name: open, type: NUMERIC, precision: 10, scale: 4, default: 0 }
      - { name: extra, type: JSON, comment: "what else is known: 其他" }
  - database_type: MySQL
    table_name: symbols
    comment: 股票
    columns:
      - { name: symbol_id, type: INT, primary_key: true, nullable: false, auto_increment: true, comment: "股票ID" }
      - { name: code, type: VARCHAR, length: 20, unique: true, nullable: false }
      - { name: state, type: ENUM, values: [open, "it's", closed], default: open }
      - { name: changed, type: TIMESTAMP, default: CURRENT_TIMESTAMP, on_update: CURRENT_TIMESTAMP }
      - { name: note, type: TEXT, nullable: null }
"#;

fn parsed(text: &str) -> Document {
    parse(text).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn one(database_type: &str, columns: &str) -> Document {
    parsed(&format!("tables:\n  - database_type: {database_type}\n    table_name: t\n    columns: [{columns}]\n"))
}

#[test]
fn the_example_becomes_structures_in_each_systems_own_types() {
    let document = parsed(EXAMPLE);
    let types = |table: usize| -> Vec<&str> {
        document.tables[table].structure.columns.iter().map(|column| column.native_type.as_str()).collect()
    };
    assert_eq!(types(0), ["timestamp", "float", "varchar(20)"]);
    assert_eq!(document.tables[0].structure.kind, TableKind::SuperTable);
    assert_eq!(types(1), ["character varying(20)", "date", "numeric(10,4)", "jsonb"]);
    let bars = &document.tables[1].structure;
    assert!(matches!(&bars.kind, TableKind::Hypertable { time_column, .. } if time_column == "trade_date"));
    assert_eq!(bars.primary_key, ["symbol", "trade_date"]);
    assert_eq!(bars.columns.iter().map(|column| column.nullable).collect::<Vec<_>>(), [false, false, true, true]);
    assert_eq!(types(2), ["int", "varchar(20)", "enum('open','it''s','closed')", "timestamp", "text"]);
    let symbols = &document.tables[2].structure;
    let defaults: Vec<Option<&str>> = symbols.columns.iter().map(|column| column.default.as_deref()).collect();
    assert_eq!(defaults, [None, None, Some("'open'"), Some("CURRENT_TIMESTAMP"), None]);
    assert_eq!((symbols.indexes[0].name.as_str(), symbols.indexes[0].unique), ("symbols_code_key", true));
}

#[test]
fn type_words_become_the_nearest_type_of_each_system() {
    let check = |spelled: &str, expected: [&str; 5]| {
        for (database, expected) in ["MySQL", "MariaDB", "PostgreSQL", "SQLite", "TDengine"].into_iter().zip(expected) {
            let ts = if database == "TDengine" { "{ name: ts, type: TIMESTAMP }, " } else { "" };
            let text = format!(
                "tables:\n  - database_type: {database}\n    table_name: t\n    columns: [{ts}{{ name: x, {spelled} }}]\n"
            );
            let native = match parse(&text) {
                Ok(document) => document.tables[0].structure.columns.last().unwrap().native_type.clone(),
                Err(faults) => format!("! {}", faults[0].message),
            };
            assert_eq!(native, expected, "{spelled} on {database}");
        }
    };
    check("type: bool", ["tinyint(1)", "tinyint(1)", "boolean", "BOOLEAN", "bool"]);
    check("type: TINYINT", ["tinyint", "tinyint", "smallint", "TINYINT", "tinyint"]);
    check("type: INT, unsigned: true", ["int unsigned", "int unsigned", "bigint", "INT UNSIGNED", "int unsigned"]);
    check(
        "type: BIGINT UNSIGNED",
        ["bigint unsigned", "bigint unsigned", "numeric(20,0)", "DECIMAL_TEXT(20,0)", "bigint unsigned"],
    );
    check("type: DOUBLE", ["double", "double", "double precision", "DOUBLE", "double"]);
    check(
        "type: \"NUMERIC(20, 4)\"",
        ["decimal(20,4)", "decimal(20,4)", "numeric(20,4)", "DECIMAL_TEXT(20,4)", "decimal(20,4)"],
    );
    check("type: VARCHAR, length: 9", ["varchar(9)", "varchar(9)", "character varying(9)", "VARCHAR(9)", "varchar(9)"]);
    check("type: DATETIME", ["datetime", "datetime", "timestamp without time zone", "DATETIME", "timestamp"]);
    check(
        "type: TIMESTAMPTZ, precision: 3",
        ["timestamp(3)", "timestamp(3)", "timestamp(3) with time zone", "TIMESTAMPTZ", "timestamp"],
    );
    check("type: UUID", ["char(36)", "uuid", "uuid", "UUID", "varchar(36)"]);
    check("type: JSON", ["json", "json", "jsonb", "JSON", "! `JSON` is possible only for a tag"]);
    check("type: TEXT", ["text", "text", "text", "TEXT", "! `TEXT` lacks its `length`"]);
    check("type: BLOB", ["blob", "blob", "bytea", "BLOB", "blob"]);
    check("native_type: \"Some Thing(3)\"", ["Some Thing(3)"; 5]);
}

#[test]
fn a_systems_own_words_pass_through() {
    let native = |database: &str, spelled: &str| {
        one(database, &format!("{{ name: x, type: \"{spelled}\" }}")).tables[0].structure.columns[0].native_type.clone()
    };
    assert_eq!(native("PostgreSQL", "inet"), "inet");
    assert_eq!(native("PostgreSQL", "INT[]"), "integer[]");
    assert_eq!(native("PostgreSQL", "shop.Color"), "shop.Color");
    assert_eq!(native("PostgreSQL", "vector(3)"), "vector(3)");
    assert_eq!(native("PostgreSQL", "timestamp(3) with time zone"), "timestamp(3) with time zone");
    assert_eq!(native("MySQL", "int(11) unsigned"), "int(11) unsigned");
    assert_eq!(native("MySQL", "set('a','b,c')"), "set('a','b,c')");
    assert_eq!(native("MariaDB", "inet6"), "inet6");
    assert_eq!(native("SQLite", "any"), "ANY");
}

#[test]
fn defaults_are_values_unless_they_look_like_sql() {
    let check = |database: &str, spelled: &str, expected: &str| {
        let document = one(database, &format!("{{ name: x, {spelled} }}"));
        assert_eq!(document.tables[0].structure.columns[0].default.as_deref(), Some(expected), "{spelled}");
    };
    check("PostgreSQL", "type: BOOL, default: true", "true");
    check("MySQL", "type: BOOL, default: true", "1");
    check("SQLite", "type: INT, default: -5", "-5");
    check("MySQL", "type: VARCHAR, length: 9, default: \"it's \\\\ here\"", "'it''s \\\\ here'");
    check("PostgreSQL", "type: TEXT, default: \"\"", "''");
    check("PostgreSQL", "type: DATE, default: \"2024-01-31\"", "'2024-01-31'");
    check("PostgreSQL", "type: TIMESTAMPTZ, default: now()", "now()");
    check("PostgreSQL", "type: JSON, default: \"'{}'::jsonb\"", "'{}'::jsonb");
    check("PostgreSQL", "type: TEXT, default: { expression: \"a || b\" }", "a || b");
    check("SQLite", "type: TIMESTAMP, default: current_timestamp", "current_timestamp");
}

#[test]
fn a_table_finds_its_connection_or_says_which_it_could_be() {
    let connections = [
        info("history", System::Postgres, Some("quant")),
        info("archive", System::Postgres, Some("quant_old")),
        info("shop", System::Mysql, Some("shop")),
        info("server", System::Mysql, None),
        info("ticks", System::Tdengine, None),
        info("files", System::Sqlite, Some("/data/market.db")),
    ];
    let check = |head: &str, expected: &str| {
        let text = format!(
            "tables:\n  - {{ {head}, table_name: t, columns: [{{ name: ts, type: TIMESTAMP }}, {{ name: x, type: INT }}] }}\n"
        );
        let found = match resolve(&parsed(&text), &connections) {
            Ok(targets) => format!("{} {}", targets[0].connection, targets[0].table),
            Err(faults) => format!("{} {} | {}", faults[0].code, faults[0].message, faults[0].hint.as_deref().unwrap()),
        };
        assert_eq!(found, expected, "{head}");
    };
    check("database_type: PostgreSQL, database_name: quant", "history t");
    check("database_type: TimescaleDB, database_name: archive, schema: raw", "archive raw.t");
    check("database_type: PostgreSQL, connection: history", "history t");
    check("database_type: MySQL, database_name: shop", "shop t");
    check("database_type: MariaDB, database_name: other", "server other.t");
    check("database_type: MySQL, connection: shop, database_name: other", "shop other.t");
    check("database_type: TDengine, database_name: market", "ticks market.t");
    check("database_type: SQLite, database_name: market", "files t");
    check("database_type: SQLite", "files t");
    check(
        "database_type: PostgreSQL",
        "missing_key the table does not say which of 2 PostgreSQL connections it is in | Add `connection`, one of `history`, `archive`.",
    );
    check(
        "database_type: PostgreSQL, database_name: qant",
        "connection_not_found no PostgreSQL connection is to the database `qant` | Did you mean `quant`? Otherwise add `connection`, one of `history`, `archive`.",
    );
    check(
        "database_type: PostgreSQL, connection: histroy",
        "connection_not_found there is no connection `histroy` | Did you mean `history`?",
    );
    check(
        "database_type: PostgreSQL, connection: shop",
        "invalid_value the connection `shop` is to mysql, not to postgres | Name another connection, or correct `database_type`.",
    );
    check(
        "database_type: PostgreSQL, connection: history, database_name: other",
        "invalid_value the connection `history` is to `quant`, not to `other` | Name another connection, or leave `database_name` out.",
    );
}

/// Tables of one SQLite connection, as `name (columns) → references`.
fn targets(world: &World, tables: &[(&str, &str, &str)]) -> Vec<Target> {
    let mut text = "tables:\n".to_owned();
    for (name, columns, references) in tables {
        let columns: Vec<String> =
            columns.split(' ').map(|column| format!("{{ name: {column}, type: BIGINT }}")).collect();
        text.push_str(&format!(
            "  - database_type: SQLite\n    connection: files\n    table_name: {name}\n    columns: [{}]\n",
            columns.join(", ")
        ));
        if !references.is_empty() {
            text.push_str(&format!(
                "    foreign_keys: [{{ columns: [id], references: {references}, referenced_columns: [id] }}]\n"
            ));
        }
    }
    resolve(&parsed(&text), &world.infos()).unwrap()
}

fn statuses(report: &ApplyReport) -> Vec<String> {
    let word = |status: AppliedStatus| format!("{status:?}").to_lowercase();
    report.tables.iter().map(|table| format!("{} {}", table.table, word(table.status))).collect()
}

#[tokio::test]
async fn what_was_applied_has_nothing_left_to_do() {
    let world = World::default().with("files", System::Sqlite);
    let targets = targets(&world, &[("orders", "id price", "symbols"), ("symbols", "id", "")]);
    let planned = plan(&world, &targets).await;
    let actions: Vec<_> = planned.iter().map(|p| (p.table.as_str(), p.plan.as_ref().unwrap().action)).collect();
    // The table that is referred to comes first.
    assert_eq!(actions, [("symbols", TableAction::Create), ("orders", TableAction::Create)]);
    let report = apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(statuses(&report), ["symbols created", "orders created"]);
    assert!(plan(&world, &targets).await.iter().all(PlannedTable::is_nothing));
    assert!(validate(&world, &targets, world.scribe()).await.is_clean());
    let again = apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(again.counts, Counts { unchanged: 2, ..Counts::default() });

    assert_eq!(world.log(TableLog::Creation), ["symbols table succeeded", "orders table succeeded"]);
    assert_eq!(world.log(TableLog::Column), ["symbols id succeeded", "orders id succeeded", "orders price succeeded"]);
    assert_eq!(world.log(TableLog::Validation), ["orders matches succeeded", "symbols matches succeeded"]);
    assert_eq!(world.log(TableLog::Operation)[..2], ["symbols create succeeded", "orders create succeeded"]);
}

#[tokio::test]
async fn tables_that_refer_to_each_other_get_their_keys_last() {
    let world = World::default().with("files", System::Sqlite);
    let targets = targets(&world, &[("a", "id", "b"), ("b", "id", "a"), ("self", "id", "self")]);
    let agreed = plan(&world, &targets).await;
    let agreed = agreed.into_iter().map(|p| ((p.connection, p.table), p.fingerprint)).collect();
    let options = ApplyOptions { agreed: Some(agreed), ..ApplyOptions::default() };
    let report = apply(&world, &targets, &options, world.scribe()).await;
    assert_eq!(report.counts.created, 3, "{report:#?}");
    assert!(plan(&world, &targets).await.iter().all(PlannedTable::is_nothing));
}

#[tokio::test]
async fn a_change_by_hand_is_named_and_mended() {
    let world = World::default().with("files", System::Sqlite);
    let targets = targets(&world, &[("orders", "id price", "")]);
    apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    {
        let mut tables = world.systems["files"].tables.lock().unwrap();
        let orders = tables.get_mut("orders").unwrap();
        orders.columns[1].native_type = "INTEGER".to_owned();
        orders.columns.remove(0);
    }
    let report = validate(&world, &targets, world.scribe()).await;
    assert_eq!(report.tables[0].differences, ["add column `id`", "change type of `price` from INTEGER to BIGINT"]);
    let columns: Vec<_> = report.tables[0].columns.iter().map(|c| (c.column.as_str(), c.verdict)).collect();
    assert_eq!(columns, [("id", Verdict::Missing), ("price", Verdict::Differs)]);
    assert_eq!(world.log(TableLog::Validation), ["orders differs succeeded"]);
    let report = apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!((report.counts.altered, report.tables[0].done.len()), (1, 2));
    assert!(validate(&world, &targets, world.scribe()).await.is_clean());
}

#[tokio::test]
async fn what_loses_data_is_left_alone_unless_allowed() {
    let world = World::default().with("files", System::Sqlite);
    let before = targets(&world, &[("orders", "id price", "")]);
    apply(&world, &before, &ApplyOptions::default(), world.scribe()).await;
    let after = targets(&world, &[("orders", "id volume", "")]);
    let report = apply(&world, &after, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(statuses(&report), ["orders skipped"]);
    let error = report.tables[0].error.as_ref().unwrap();
    assert_eq!(error.code, ErrorCode::LossNotAllowed);
    assert_eq!(error.message, "`orders`: to drop column `price` loses data: its values");
    assert_eq!(world.log(TableLog::Operation).last().unwrap(), "orders alter skipped");
    // Not even the harmless half was run.
    assert!(world.systems["files"].tables.lock().unwrap()["orders"].column("volume").is_none());
    let options = ApplyOptions { allow_destructive: true, ..ApplyOptions::default() };
    let report = apply(&world, &after, &options, world.scribe()).await;
    assert_eq!(statuses(&report), ["orders altered"]);
    assert!(plan(&world, &after).await.iter().all(PlannedTable::is_nothing));
}

#[tokio::test]
async fn a_table_that_fails_does_not_keep_the_others() {
    let mut world = World::default().with("files", System::Sqlite).with("down", System::Postgres);
    world.systems.get_mut("down").unwrap().is_down = true;
    let mut all = targets(&world, &[("broken", "id", ""), ("needy", "id", "broken"), ("orders", "id", "")]);
    let far = "tables:\n  - { database_type: PostgreSQL, table_name: a, columns: [{ name: x, type: INT }] }\n  - { database_type: PostgreSQL, table_name: b, columns: [{ name: x, type: INT }] }\n";
    all.splice(0..0, resolve(&parsed(far), &world.infos()).unwrap());
    let report = apply(&world, &all, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(statuses(&report), ["a failed", "b failed", "broken failed", "needy failed", "orders created"]);
    assert_eq!(report.counts, Counts { failed: 4, created: 1, ..Counts::default() });
    // The system that cannot be reached was asked once, not for every table.
    assert_eq!(world.systems["down"].executed.lock().unwrap().len(), 1);
    assert!(world.log(TableLog::Creation).contains(&"broken table failed".to_owned()));
    let planned = plan(&world, &all).await;
    assert_eq!(planned[0].error.as_ref().unwrap().code, ErrorCode::ConnectionFailed);
    assert_eq!(validate(&world, &all, world.scribe()).await.failed, 2);
}

#[tokio::test]
async fn a_plan_that_no_longer_holds_is_not_run() {
    let world = World::default().with("files", System::Sqlite);
    let wanted = targets(&world, &[("orders", "id price", ""), ("symbols", "id", "")]);
    let shown = plan(&world, &wanted).await;
    let agreed: HashMap<_, _> = shown.into_iter().map(|p| ((p.connection, p.table), p.fingerprint)).collect();
    // Somebody makes one of the tables meanwhile, and differently.
    let other = targets(&world, &[("orders", "id", "")]);
    apply(&world, &other, &ApplyOptions::default(), world.scribe()).await;
    let options = ApplyOptions { agreed: Some(agreed), ..ApplyOptions::default() };
    let report = apply(&world, &wanted, &options, world.scribe()).await;
    assert_eq!(statuses(&report), ["orders skipped", "symbols created"]);
    assert_eq!(report.tables[0].error.as_ref().unwrap().code, ErrorCode::PlanChanged);
}

#[tokio::test]
async fn what_takes_a_person_is_said_and_the_rest_is_run() {
    let world = World::default().with("files", System::Sqlite);
    let targets = targets(&world, &[("orders", "id price", "")]);
    apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    {
        let mut tables = world.systems["files"].tables.lock().unwrap();
        let orders = tables.get_mut("orders").unwrap();
        orders.primary_key = vec!["id".to_owned()];
        orders.columns.pop();
    }
    let report = apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(statuses(&report), ["orders manual"]);
    assert_eq!((report.tables[0].done.len(), report.tables[0].manual.len()), (1, 1));
}

#[tokio::test]
async fn dropping_takes_a_word_and_goes_against_the_references() {
    let world = World::default().with("files", System::Sqlite);
    let targets = targets(&world, &[("symbols", "id", ""), ("orders", "id", "symbols")]);
    apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    let kept = drop_tables(&world, &targets, DropOptions::default(), world.scribe()).await;
    assert!(kept.iter().all(|table| table.error.as_ref().unwrap().code == ErrorCode::LossNotAllowed));
    assert_eq!(world.systems["files"].tables.lock().unwrap().len(), 2);
    let dropped = drop_tables(&world, &targets, DropOptions { allow_destructive: true }, world.scribe()).await;
    assert!(dropped.iter().all(|table| table.status == AppliedStatus::Altered), "{dropped:?}");
    assert!(world.systems["files"].tables.lock().unwrap().is_empty());
    let again = drop_tables(&world, &targets, DropOptions { allow_destructive: true }, world.scribe()).await;
    assert!(again.iter().all(|table| table.status == AppliedStatus::Unchanged));
}

#[tokio::test]
async fn what_is_imported_has_nothing_left_to_do() {
    let world =
        World::default().with("shop", System::Mysql).with("history", System::Postgres).with("ticks", System::Tdengine);
    let targets = resolve(&parsed(EXAMPLE), &world.infos()).unwrap();
    let report = apply(&world, &targets, &ApplyOptions::default(), world.scribe()).await;
    assert_eq!(report.counts.created, 3);
    for (name, system) in &world.systems {
        let connection = info(name, system.system, Some("market"));
        let imported = import(system, &connection, &[], world.scribe()).await.unwrap();
        assert_eq!((imported.tables.len(), &imported.left_out), (1, &Vec::new()), "{}", imported.document);
        let again = resolve(&parsed(&imported.document), &world.infos()).unwrap();
        assert_eq!(again[0].structure, system.tables.lock().unwrap()[&again[0].table], "{}", imported.document);
        assert!(plan(&world, &again).await.iter().all(PlannedTable::is_nothing));
    }
    let (shop, only) = (info("shop", System::Mysql, None), ["symbls".to_owned()]);
    let missing = import(&world.systems["shop"], &shop, &only, world.scribe()).await.unwrap_err();
    assert_eq!(missing.fault.hint.as_deref(), Some("Did you mean `symbols`?"));
}

#[test]
fn the_published_schema_accepts_the_example() {
    let schema = document_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let tree = model::tree::parse(EXAMPLE, &model::tree::Limits::default()).unwrap();
    let mut value = tree.to_value();
    // A schema compares words letter by letter.
    value["tables"][1]["database_type"] = "PostgreSQL".into();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut keys: Vec<String> = schema["$defs"]["column"]["properties"].as_object().unwrap().keys().cloned().collect();
    let mut known: Vec<String> = super::read::COLUMN_KEYS.iter().map(|key| (*key).to_owned()).collect();
    keys.sort();
    known.sort();
    assert_eq!(keys, known);
    let mut keys: Vec<String> = schema["$defs"]["table"]["properties"].as_object().unwrap().keys().cloned().collect();
    let mut known: Vec<String> = super::read::TABLE_KEYS.iter().map(|key| (*key).to_owned()).collect();
    keys.sort();
    known.sort();
    assert_eq!(keys, known);
}
