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
