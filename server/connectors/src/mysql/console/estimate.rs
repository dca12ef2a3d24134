//! What `EXPLAIN FORMAT=JSON` expects a statement to cost, in the words of MySQL and of MariaDB.

use data::console::Estimate;
use serde_json::Value;

/// Whether `EXPLAIN` may stand before the statement: one that selects, after comments and brackets.
pub(super) fn can_be_explained(sql: &str) -> bool {
    let mut rest = sql.trim_start();
    loop {
        rest = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else if rest.starts_with('#') || rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(inner) = rest.strip_prefix('(') {
            inner
        } else {
            break;
        }
        .trim_start();
    }
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Reads the plan; what it does not say stays open.
pub(super) fn of(plan: String) -> Estimate {
    let parsed: Option<Value> = serde_json::from_str(&plan).ok();
    let block = parsed.as_ref().and_then(|plan| plan.get("query_block"));
    // MySQL tells the cost as text, MariaDB since 11 as a number.
    let cost = block.and_then(|block| block.pointer("/cost_info/query_cost").or_else(|| block.get("cost")));
    let cost = cost.and_then(|cost| cost.as_f64().or_else(|| cost.as_str()?.parse().ok()));
    Estimate { rows: block.and_then(rows), cost, plan }
}

/// Rows of a block: those of its tables, joined.
fn rows(block: &Value) -> Option<f64> {
    let fields = block.as_object()?;
    if let Some(table) = fields.get("table") {
        return of_table(table);
    }
    if let Some(loops) = fields.get("nested_loop").and_then(Value::as_array) {
        return loops.iter().map(rows).try_fold(1.0, |all, rows| Some(all * rows?));
    }
    if let Some(parts) = fields.get("query_specifications").and_then(Value::as_array) {
        let part = |part: &Value| rows(part.get("query_block").unwrap_or(part));
        return parts.iter().map(part).try_fold(0.0, |all, rows| Some(all + rows?));
    }
    // What wraps a block: sorting, grouping, temporary tables, unions.
    fields.iter().filter(|(key, _)| *key != "subqueries").find_map(|(_, inner)| rows(inner))
}

fn of_table(table: &Value) -> Option<f64> {
    if let Some(produced) = table.get("rows_produced_per_join").and_then(Value::as_f64) {
        return Some(produced);
    }
    let rows = ["rows", "rows_examined_per_scan"].iter().find_map(|word| table.get(word)?.as_f64());
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let filtered = table.get("filtered").and_then(number).unwrap_or(100.0);
    match rows {
        Some(rows) => Some(rows * filtered / 100.0),
        // `impossible where` and the like read nothing.
        None => table.get("message").map(|_| 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_cost_are_read_from_both_servers() {
        let check = |plan: &str, rows: Option<f64>, cost: Option<f64>| {
            let estimate = of(plan.to_owned());
            assert_eq!((estimate.rows, estimate.cost), (rows, cost), "{plan}");
        };
        check(
            r#"{"query_block":{"select_id":1,"nested_loop":[{"table":{"table_name":"a","rows":10,"filtered":50}},{"table":{"table_name":"b","rows":3,"filtered":100}}]}}"#,
            Some(15.0),
            None,
        );
        check(
            r#"{"query_block":{"select_id":1,"filesort":{"temporary_table":{"nested_loop":[{"table":{"rows":8,"filtered":100}}]}}}}"#,
            Some(8.0),
            None,
        );
        check(
            r#"{"query_block":{"select_id":1,"cost_info":{"query_cost":"12.50"},"ordering_operation":{"table":{"rows_examined_per_scan":9,"rows_produced_per_join":4}}}}"#,
            Some(4.0),
            Some(12.5),
        );
        check(
            r#"{"query_block":{"union_result":{"query_specifications":[{"query_block":{"table":{"rows":2,"filtered":100}}},{"query_block":{"table":{"rows":5,"filtered":100}}}]}}}"#,
            Some(7.0),
            None,
        );
        check("no JSON", None, None);
    }

    #[test]
    fn only_what_selects_is_explained() {
        for sql in ["select 1", " /* x */ -- y\n((SELECT 1))", "WITH a AS (SELECT 1) TABLE a", "#x\nvalues (1)"] {
            assert!(can_be_explained(sql), "{sql}");
        }
        for sql in ["SHOW TABLES", "EXPLAIN SELECT 1", "DESCRIBE t", "", "/*", "selector"] {
            assert!(!can_be_explained(sql), "{sql}");
        }
    }
}
