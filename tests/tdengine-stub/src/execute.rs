//! Carries statements out.

mod define;
mod evaluate;
mod insert;
mod select;
mod show;
mod system;
pub(crate) mod time;

use crate::error::{Result, fail, no_database};
use crate::parse::{Name, Statement, parse};
use crate::store::Store;
use crate::value::{Precision, Type, Value};

/// What a statement answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Changed(u64),
    Rows(Rows),
}

/// A table of values.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<(String, Type)>,
    pub(crate) precision: Precision,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// One client's view of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    pub(crate) database: Option<String>,
    pub(crate) version: String,
}

impl Session {
    /// The database and the table of a name.
    fn place(&self, name: &Name) -> Result<(String, String)> {
        let database = name.database.clone().or_else(|| self.database.clone()).ok_or_else(no_database)?;
        Ok((database, name.table.clone()))
    }
}

/// Runs one statement of at most 1 MB.
pub(crate) fn run(store: &mut Store, session: &mut Session, sql: &str) -> Result<Answer> {
    if sql.len() > 1 << 20 {
        return fail(0x0219, "SQL statement too long");
    }
    match parse(sql)? {
        Statement::Select(select) => Ok(Answer::Rows(select::select(store, session, &select)?)),
        Statement::Explain(select) => {
            select::select(store, session, &select)?;
            let line = Value::Text("-> Table Scan on t (columns=2 width=20 input_order=asc)".to_owned());
            Ok(Answer::Rows(Rows {
                columns: vec![("QUERY_PLAN".to_owned(), Type::Varchar(512))],
                precision: Precision::Milli,
                rows: vec![vec![line]],
            }))
        }
        Statement::Describe(name) => Ok(Answer::Rows(show::describe(store, session, &name)?)),
        Statement::Show(show) => Ok(Answer::Rows(show::show(store, session, &show)?)),
        Statement::Insert(targets) => Ok(Answer::Changed(insert::insert(store, session, targets)?)),
        Statement::Delete { name, filter } => {
            Ok(Answer::Changed(insert::delete(store, session, &name, filter.as_ref())?))
        }
        other => {
            define::define(store, session, other)?;
            Ok(Answer::Changed(0))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Server(Store, Session);

    impl Server {
        fn new() -> Self {
            let mut server = Self(Store::default(), Session::default());
            server.run("CREATE DATABASE d PRECISION 'ms' KEEP 36500d").unwrap();
            server.run("USE d").unwrap();
            server
        }

        fn run(&mut self, sql: &str) -> Result<Answer> {
            run(&mut self.0, &mut self.1, sql)
        }

        fn code(&mut self, sql: &str) -> u16 {
            self.run(sql).err().map_or(0, |error| error.code)
        }

        fn rows(&mut self, sql: &str) -> Vec<String> {
            let Answer::Rows(rows) = self.run(sql).unwrap() else { return Vec::new() };
            let shown = |row: &Vec<Value>| {
                let cells =
                    row.iter().zip(&rows.columns).map(|(value, column)| value.text(rows.precision, Some(column.1)));
                cells.collect::<Vec<_>>().join("|")
            };
            rows.rows.iter().map(shown).collect()
        }
    }

    #[test]
    fn the_server_s_rules_for_tables_are_kept() {
        let mut server = Server::new();
        for (sql, code) in [
            ("CREATE TABLE t (n INT, ts TIMESTAMP)", 0x2641),
            ("CREATE TABLE t (ts TIMESTAMP)", 0x2600),
            ("CREATE TABLE t (ts TIMESTAMP, n INT, n INT)", 0x263C),
            ("CREATE TABLE t (ts TIMESTAMP, j JSON)", 0x2652),
            ("CREATE TABLE t (ts TIMESTAMP, f FLOAT COMPOSITE KEY)", 0x2600),
            ("CREATE TABLE t (ts TIMESTAMP, a VARCHAR(40000), b VARCHAR(40000))", 0x2642),
            ("CREATE TABLE x.t (ts TIMESTAMP, n INT)", 0x0388),
            ("CREATE STABLE s (ts TIMESTAMP, v VARCHAR(5)) TAGS (k INT, name NCHAR(3))", 0),
            ("CREATE STABLE s (ts TIMESTAMP, v INT) TAGS (k INT)", 0x0360),
            ("CREATE TABLE a USING s TAGS (1)", 0x260D),
            ("CREATE TABLE a USING s (k) TAGS (1)", 0),
            ("CREATE TABLE b USING nothing TAGS (1)", 0x0362),
            ("INSERT INTO s VALUES (1704160800000, 'x')", 0x2603),
            ("INSERT INTO a VALUES (1704160800000, 'toolong')", 0x2653),
            ("INSERT INTO a VALUES (1704160800000)", 0x2600),
            ("INSERT INTO a VALUES (NULL, 'x')", 0x2600),
            ("INSERT INTO a VALUES (-4000000000000, 'x')", 0x060B),
            ("ALTER STABLE s MODIFY COLUMN v VARCHAR(3)", 0x2600),
            ("ALTER STABLE s MODIFY COLUMN v VARCHAR(9)", 0),
            ("ALTER STABLE s DROP COLUMN ts", 0x2600),
            ("ALTER STABLE s DROP COLUMN v", 0x2600),
            ("ALTER TABLE a ADD COLUMN w INT", 0x2600),
            ("ALTER STABLE s RENAME TAG k TO_K", 0),
            ("ALTER DATABASE d PRECISION 'us'", 0x2600),
            ("DELETE FROM s", 0x2655),
            ("DELETE FROM s WHERE v = 'x'", 0x2655),
            ("SELECT nothing FROM s", 0x2602),
            ("SELECT * FROM nothing", 0x2603),
            ("SELEC 1", 0x2600),
        ] {
            assert_eq!(server.code(sql), code, "{sql}");
        }
    }

    #[test]
    fn a_row_of_the_same_time_is_merged_over() {
        let mut server = Server::new();
        server.run("CREATE STABLE s (ts TIMESTAMP, a INT, b NCHAR(9)) TAGS (k INT)").unwrap();
        server.run("INSERT INTO x USING s TAGS (1) VALUES (1704160800000, 1, '一') y USING s TAGS (2) (ts, b) VALUES ('2024-01-02', 'it\\'s')").unwrap();
        server.run("INSERT INTO x USING s TAGS (9) (ts, a) VALUES (1704160800000, 2)").unwrap();
        server.run("INSERT INTO x VALUES (1704160800000, NULL, NULL)").unwrap();
        assert_eq!(
            server.rows("SELECT tbname, a, b, k, ts FROM s ORDER BY tbname"),
            ["x|2|一|1|2024-01-02T02:00:00.000Z", "y|NULL|it's|2|2024-01-02T00:00:00.000Z"]
        );
        server.run("ALTER STABLE s ADD COLUMN c INT").unwrap();
        server.run("ALTER STABLE s DROP COLUMN a").unwrap();
        assert_eq!(server.rows("SELECT * FROM x"), ["2024-01-02T02:00:00.000Z|一|NULL"]);
        server.run("DELETE FROM s WHERE ts > '2024-01-02 01:00:00'").unwrap();
        assert_eq!(server.rows("SELECT COUNT(*), MIN(k) FROM s"), ["1|2"]);
        assert_eq!(server.rows("DESCRIBE s"), ["ts|TIMESTAMP|8|", "b|NCHAR|9|", "c|INT|4|", "k|INT|4|TAG"]);
    }
}
