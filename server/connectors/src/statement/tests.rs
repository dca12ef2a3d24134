//! Statements that must pass and statements that must not.

use super::*;

fn refused(system: System, sql: &str) -> Option<String> {
    let check = check(system, sql);
    check.fault.map(|fault| fault.message).or(check.refusal)
}

#[test]
fn a_statement_that_does_not_parse_is_told_with_its_place() {
    let fault = check(System::Postgres, "SELECT 1,\n  FROM t WHERE").fault.expect("it does not parse");
    assert_eq!(fault.code, ErrorCode::InvalidSql);
    assert_eq!((fault.line, fault.column), (Some(2), Some(3)), "{fault:?}");
}

fn names(system: System, sql: &str) -> (Effect, String, String) {
    let check = check(system, sql);
    (check.effect, check.tables.join(" "), check.columns.join(" "))
}

#[test]
fn tables_and_columns_are_told_as_written() {
    let told = names(
        System::Postgres,
        "WITH t AS (SELECT o.item_id FROM shop.orders o) SELECT i.id, name, x.* FROM \"Items\" i JOIN t x ON i.id = x.item_id",
    );
    assert_eq!(told.0, Effect::Read);
    assert_eq!(told.1, "\"Items\" shop.orders");
    assert_eq!(told.2, "* i.id name o.item_id x.item_id");
    assert_eq!(names(System::Mysql, "DESC shop.items").1, "shop.items");
    assert_eq!(
        names(System::Sqlite, "SELECT value FROM json_each('[1]')"),
        (Effect::Read, String::new(), "value".to_owned())
    );
    assert_eq!(names(System::Postgres, "TABLE items"), (Effect::Read, "items".to_owned(), "*".to_owned()));
}

#[test]
fn what_a_refused_statement_does_is_told() {
    for (sql, effect, tables) in [
        ("INSERT INTO items SELECT * FROM orders", Effect::Write, "items orders"),
        ("UPDATE items SET a = 1", Effect::Write, "items"),
        ("WITH d AS (DELETE FROM items RETURNING id) SELECT * FROM d", Effect::Write, "items"),
        ("DROP TABLE items", Effect::Define, "items"),
        ("SELECT evil()", Effect::Unknown, ""),
    ] {
        let told = names(System::Postgres, sql);
        assert_eq!((told.0, told.1.as_str()), (effect, tables), "{sql}");
    }
}

#[test]
fn only_what_no_caller_may_run_carries_a_fault() {
    for sql in ["DELETE FROM items", "SELECT evil()", "DROP TABLE items", "VACUUM"] {
        let check = check(System::Postgres, sql);
        assert!(check.fault.is_none() && check.refusal.is_some(), "{sql}: {check:?}");
    }
    let long = format!("SELECT '{}'", "x".repeat(MAX_BYTES));
    for sql in ["SELECT 1; SELECT 2", "DELETE FROM a; DELETE FROM b", long.as_str()] {
        let check = check(System::Postgres, sql);
        assert_eq!(check.fault.map(|fault| fault.code), Some(ErrorCode::StatementNotAllowed));
    }
    let body = "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END";
    let trigger = check(System::Sqlite, body);
    assert_eq!((trigger.effect, trigger.fault), (Effect::Define, None));
}

#[test]
fn the_place_of_a_fault_is_that_of_the_statement_inside_an_explain() {
    let fault = check(System::Mysql, "EXPLAIN\n  SELECT id FROM items LIMIT , 5").fault.expect("it does not parse");
    assert_eq!((fault.line, fault.column), (Some(2), Some(30)), "{fault:?}");
}

#[test]
fn systems_with_a_console_of_their_own_are_not_judged_here() {
    for system in [System::Redis, System::Tdengine, System::Http] {
        let check = check(system, "SELECT 1");
        assert!(check.refusal.is_some() && check.effect == Effect::Unknown);
    }
}

#[test]
fn deep_statements_never_exhaust_the_stack() {
    let deep = [
        format!("SELECT {}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("SELECT {}1", "NOT ".repeat(60_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT 1{}", "+1".repeat(100_000)),
        format!("SELECT 1{}", "+1".repeat(4_900)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(2_400)),
        format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(2_000), " END".repeat(2_000)),
    ];
    for system in [System::Postgres, System::Mysql, System::Sqlite] {
        for sql in &deep {
            let _ = check(system, sql);
        }
    }
    let list = format!("SELECT * FROM t WHERE a IN ({}0)", "1,".repeat(100_000));
    assert_eq!(refused(System::Postgres, &list), None);
}
