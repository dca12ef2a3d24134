//! How the server is doing: its databases, connections, queries and disk.

use super::Tdengine;
use super::error::Failure;
use super::introspect::{list_tables, number, rows, text};
use super::session::Session;
use super::sql::literal;
use data::Result;
use data::connector::Connector;
use data::inspection::{ConnectionLoad, Inspection, PoolLoad, RunningStatement, TableSize};

/// Tables that are counted, at most.
const TABLES: usize = 50;
/// Characters of a statement that are shown.
const STATEMENT: usize = 500;

/// Looks at the server; what it does not tell this user is named in `unavailable`.
pub(super) async fn inspect(tdengine: &Tdengine) -> Result<Inspection> {
    let mut found = Inspection { version: tdengine.ping().await?, ..Inspection::default() };
    let mut session = tdengine.session().await?;
    found.pool = Some(PoolLoad {
        open: (tdengine.pool.idle() + tdengine.pool.busy()) as u64,
        busy: tdengine.pool.busy() as u64,
        limit: tdengine.pool.limit() as u64,
    });
    found.unavailable.push("indexes: TDengine indexes by time and subtable only".to_owned());
    found
        .unavailable
        .push("statements by time taken: TDengine counts slow queries only, their text is in its log".to_owned());

    let connections = rows(&mut session, "SELECT conn_id FROM performance_schema.perf_connections").await;
    let running =
        rows(&mut session, "SELECT kill_id, `user`, exec_usec, `sql` FROM performance_schema.perf_queries").await;
    match (&connections, &running) {
        (Ok(connections), Ok(running)) => {
            let active = running.num_rows() as u64;
            found.connections = Some(ConnectionLoad { open: connections.num_rows() as u64, active, limit: None });
        }
        (Err(failure), _) | (_, Err(failure)) => missing(&mut found, "connections", failure),
    }
    if let Ok(running) = &running {
        for row in 0..running.num_rows() {
            let for_ms = number(running, "exec_usec", row).unwrap_or(0.0) / 1_000.0;
            if for_ms < 1_000.0 {
                continue;
            }
            found.running.push(RunningStatement {
                session: text(running, "kill_id", row).unwrap_or_default(),
                user: text(running, "user", row).unwrap_or_default(),
                for_ms: for_ms as u64,
                blocked_by: Vec::new(),
                statement: without_values(&text(running, "sql", row).unwrap_or_default()),
            });
        }
        found.running.sort_by_key(|statement| std::cmp::Reverse(statement.for_ms));
    }
    match rows(
        &mut session,
        "SELECT SUM(slow_query) AS slow, SUM(total_req) AS total FROM performance_schema.perf_apps",
    )
    .await
    {
        Ok(apps) => {
            let figures = [("slow_queries", "slow"), ("requests", "total")];
            found.figures.extend(
                figures
                    .iter()
                    .filter_map(|(name, column)| number(&apps, column, 0).map(|figure| ((*name).to_owned(), figure))),
            );
        }
        Err(failure) => missing(&mut found, "slow queries", &failure),
    }
    databases(tdengine, &mut session, &mut found).await?;
    tables(tdengine, &mut session, &mut found).await?;
    Ok(found)
}

fn missing(found: &mut Inspection, what: &str, failure: &Failure) {
    let why = match failure {
        Failure::Server(code, said) => format!("{} (error 0x{code:04X})", said.trim()),
        _ => "the server gave no answer that could be read".to_owned(),
    };
    found.unavailable.push(format!("{what}: {why}"));
}

async fn databases(tdengine: &Tdengine, session: &mut Session, found: &mut Inspection) -> Result<()> {
    let filter = match tdengine.config.database.as_deref() {
        Some(database) => format!(" WHERE name = {}", literal(database)),
        None => String::new(),
    };
    let sql = format!("SELECT name, ntables, `vgroups`, `replica` FROM information_schema.ins_databases{filter}");
    match rows(session, &sql).await {
        Ok(databases) => {
            for column in ["ntables", "vgroups"] {
                let all = (0..databases.num_rows()).filter_map(|row| number(&databases, column, row)).sum();
                found.figures.push((if column == "ntables" { "tables" } else { column }.to_owned(), all));
            }
        }
        Err(failure) if matches!(failure, Failure::Server(..)) => missing(found, "databases", &failure),
        Err(failure) => return Err(tdengine.told(failure)),
    }
    let filter = filter.replace("name =", "db_name =");
    let sql = format!(
        "SELECT wal_size, data1, data2, data3, cache_rdb, table_meta FROM information_schema.ins_disk_usage{filter}"
    );
    match rows(session, &sql).await {
        Ok(usage) => {
            let columns = ["wal_size", "data1", "data2", "data3", "cache_rdb", "table_meta"];
            let sum = |column: &&str| (0..usage.num_rows()).filter_map(|row| number(&usage, column, row)).sum::<f64>();
            let kibibytes: f64 = columns.iter().map(sum).sum();
            found.disk_bytes = Some((kibibytes * 1_024.0) as u64);
        }
        Err(failure) => missing(found, "disk: needs TDengine 3.3.6", &failure),
    }
    Ok(())
}

/// Rows of supertables and normal tables; the server tells no sizes of single tables.
async fn tables(tdengine: &Tdengine, session: &mut Session, found: &mut Inspection) -> Result<()> {
    let Some(database) = tdengine.config.database.as_deref() else {
        found.unavailable.push("tables: the connection names no database".to_owned());
        return Ok(());
    };
    let names = list_tables(session, database).await.map_err(|failure| tdengine.told(failure))?;
    for name in names.iter().take(TABLES) {
        let count = super::introspect::count(session, &tdengine.place(name)?.quoted()?, None).await;
        match count {
            Ok(count) => {
                found.tables.push(TableSize {
                    table: name.clone(),
                    rows: Some(count),
                    data_bytes: None,
                    index_bytes: None,
                });
            }
            Err(failure) => missing(found, &format!("rows of `{name}`"), &failure),
        }
    }
    found.tables.sort_by_key(|table| std::cmp::Reverse(table.rows));
    found.unavailable.push("bytes of single tables: TDengine tells those of a whole database only".to_owned());
    if names.len() > TABLES {
        found.unavailable.push(format!("tables: {TABLES} of {} were counted", names.len()));
    }
    Ok(())
}

/// A statement with `?` in the place of its values.
fn without_values(sql: &str) -> String {
    use super::statement::{Kind, tokens};
    let Ok(tokens) = tokens(sql) else { return "(cannot be read)".to_owned() };
    let mut out = String::new();
    let mut end = 0;
    for token in tokens {
        if token.start > end && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(if matches!(token.kind, Kind::Text | Kind::Number) { "?" } else { token.text });
        end = token.start + token.text.len();
    }
    out.chars().take(STATEMENT).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::World;
    use super::*;

    #[tokio::test]
    async fn a_look_tells_tables_connections_queries_and_disk() {
        let world = World::new().await;
        world.run("CREATE STABLE s (ts TIMESTAMP, n INT) TAGS (k INT); CREATE TABLE t (ts TIMESTAMP, n INT)").await;
        world
            .run(
                "INSERT INTO a USING s TAGS (1) VALUES (1704160800000, 1) b USING s TAGS (2) VALUES (1704160800000, 2)",
            )
            .await;
        let found = world.tdengine.inspect().await.unwrap();
        assert_eq!(found.version, "TDengine 3.3.6.0");
        let sizes: Vec<_> = found.tables.iter().map(|table| (table.table.as_str(), table.rows)).collect();
        assert_eq!(sizes, [("s", Some(2)), ("t", Some(0))]);
        assert_eq!(found.connections.map(|load| (load.open, load.active)), Some((1, 1)));
        assert_eq!(found.running.len(), 1);
        assert_eq!(found.running[0].statement, "select * from slow where name = ?");
        assert_eq!(found.disk_bytes, Some((8 + 100 + 4 + 12) * 1_024));
        assert!(found.figures.contains(&("slow_queries".to_owned(), 3.0)), "{:?}", found.figures);
        assert!(found.unavailable.iter().any(|line| line.starts_with("indexes")));
        assert_eq!(found.pool.unwrap().limit, 8);
    }
}
