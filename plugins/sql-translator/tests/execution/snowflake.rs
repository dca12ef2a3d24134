//! Snowflake, which is not run here: what is written for it parses in its dialect, and the rules' texts are reviewed.

use crate::corpus;
use sql_translator::{Dialect, Request, translate};
use sqlparser::dialect::SnowflakeDialect;
use sqlparser::parser::Parser;

#[test]
fn what_is_written_for_snowflake_parses_there() {
    for (file, from) in [("mariadb-to-postgres.sql", Dialect::Mariadb), ("postgres-to-mariadb.sql", Dialect::Postgres)]
    {
        let schema = corpus::schema(from);
        let (mut written, mut refused, mut faults) = (0, 0, Vec::new());
        for case in corpus::read(file) {
            let request =
                Request { sql: &case.sql, from, to: Dialect::Snowflake, schema: Some(&schema), strict: false };
            for statement in translate(&request) {
                if statement.is_refused() || statement.sql.is_empty() {
                    refused += 1;
                    continue;
                }
                written += 1;
                // Snowflake adds columns that are missing only; the parser does not know that of it yet.
                let sql = statement.sql.replace("ADD COLUMN IF NOT EXISTS", "ADD COLUMN");
                if let Err(error) = Parser::parse_sql(&SnowflakeDialect, &sql) {
                    faults.push(format!("{}: {error}\n    {}", case.name(), statement.sql));
                }
            }
        }
        eprintln!("{file} → snowflake: {written} written, {refused} refused");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        assert!(written > refused * 4, "{written} written, {refused} refused");
    }
}

fn check(from: Dialect, sql: &str, expected: &str) {
    let schema =
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, n INT, name VARCHAR(20), d DATE, at DATETIME, ok TINYINT(1));";
    let schema = (from == Dialect::Mysql).then_some(schema);
    let request = Request { sql, from, to: Dialect::Snowflake, schema, strict: false };
    let statements = translate(&request);
    assert_eq!(statements.len(), 1, "{statements:?}");
    assert_eq!(statements[0].sql, expected, "{:?}", statements[0].notes);
}

#[test]
fn rules_towards_snowflake_write_what_was_reviewed() {
    let my = |sql: &str, expected: &str| check(Dialect::Mysql, sql, expected);
    my("SELECT n DIV 2 FROM t", "SELECT TRUNC(n / 2) FROM t");
    my("SELECT DATE_ADD(d, INTERVAL 1 DAY) FROM t", "SELECT DATEADD(day, 1, d) FROM t");
    my("SELECT DATEDIFF(at, d) FROM t", "SELECT DATEDIFF(day, d, at) FROM t");
    my("SELECT DATE_FORMAT(at, '%Y-%m-%d %H:%i') FROM t", "SELECT TO_CHAR(at, 'YYYY-MM-DD HH24:MI') FROM t");
    my("SELECT id FROM t WHERE name = 'Bob'", "SELECT id FROM t WHERE lower(name) = 'bob'");
    my("SELECT id FROM t WHERE name LIKE 'a%'", "SELECT id FROM t WHERE name ILIKE 'a%'");
    my("SELECT id FROM t ORDER BY n", "SELECT id FROM t ORDER BY n NULLS FIRST");
    my("SELECT id FROM t LIMIT 5, 10", "SELECT id FROM t LIMIT 10 OFFSET 5");
    my("SELECT IF(n > 1, 'a', 'b') FROM t", "SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END FROM t");
    my("SELECT a.b FROM `a` WHERE `Select` = 1", "SELECT a.b FROM a WHERE \"Select\" = 1");
    my("SELECT n > 1 FROM t", "SELECT (n > 1)::int FROM t");
    my(
        "INSERT INTO t (id, n) VALUES (1, 2) ON DUPLICATE KEY UPDATE n = VALUES(n)",
        "MERGE INTO t AS t USING (SELECT * FROM VALUES (1, 2)) AS s (id, n) ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.n = s.n WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.n)",
    );
    my(
        "CREATE TABLE x (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, v DOUBLE, j JSON)",
        "CREATE TABLE x (\n  id NUMBER(20,0) NOT NULL AUTOINCREMENT PRIMARY KEY,\n  v FLOAT,\n  j VARIANT\n)",
    );
    let pg = |sql: &str, expected: &str| check(Dialect::Postgres, sql, expected);
    pg(
        "SELECT string_agg(x, ',' ORDER BY y) FROM t",
        "SELECT NULLIF(LISTAGG(x::varchar, ',') WITHIN GROUP (ORDER BY y), '') FROM t",
    );
    pg(
        "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b",
        "SELECT a, b FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY a, b) = 1 ORDER BY a, b",
    );
    pg("SELECT count(*) FILTER (WHERE x > 1) FROM t", "SELECT count(CASE WHEN x > 1 THEN 1 END) FROM t");
    pg("SELECT d + interval '2 months' FROM t", "SELECT DATEADD(month, 2, d) FROM t");
}
