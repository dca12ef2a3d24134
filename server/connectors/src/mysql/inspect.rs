//! How the server is doing: connections, sizes, indexes, slow and blocked statements, memory.
//!
//! What the server does not count, or the user may not see, is named in `unavailable` together with what would help.

use super::{Mysql, error};
use data::Result;
use data::inspection::{ConnectionLoad, IndexUse, Inspection, PoolLoad, RunningStatement, SlowStatement, TableSize};
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Error as DriverError};
use std::collections::HashMap;

/// Table, estimated rows, bytes of rows, bytes of indexes.
type SizeRow = (String, Option<u64>, Option<u64>, Option<u64>);
/// Table, index, whether not unique, column, length of its prefix.
type IndexPart = (String, String, u64, Option<String>, Option<u64>);

/// Tables, indexes and statements told at most.
const MOST: usize = 100;
/// Characters of a statement.
const TEXT: u32 = 500;

/// Looks at everything the user may see.
pub(super) async fn run(mysql: &Mysql) -> Result<Inspection> {
    let mut connection = mysql.connect().await?;
    let (open, busy, limit) = mysql.connections.load();
    let mut look = Look { connection: &mut connection, unavailable: Vec::new() };
    let version = look.one::<String>("the version", "SELECT VERSION()", "").await.unwrap_or_default();
    let mariadb = version.contains("MariaDB");
    let product = if mariadb { "MariaDB" } else { "MySQL" };
    let mut inspection = Inspection {
        version: format!("{product} {}", version.split('-').next().unwrap_or_default()),
        pool: Some(PoolLoad { open, busy, limit }),
        ..Inspection::default()
    };
    let status = look.status().await.map_err(|e| error::mapped(&mysql.config, &e))?;
    let limit = look.one::<u64>("the limit of connections", "SELECT @@max_connections", "").await;
    if let (Some(open), Some(active)) = (status.get("Threads_connected"), status.get("Threads_running")) {
        inspection.connections = Some(ConnectionLoad { open: *open as u64, active: *active as u64, limit });
    }
    if mysql.config.database.is_none() {
        look.unavailable.push("tables and indexes: name a database in the connection".to_owned());
    }
    inspection.tables = look.tables().await;
    let sizes = inspection.tables.iter().map(|table| table.data_bytes.unwrap_or(0) + table.index_bytes.unwrap_or(0));
    let all = look
        .one::<Option<u64>>(
            "the size on disk",
            "SELECT CAST(SUM(data_length + index_length + data_free) AS UNSIGNED) FROM information_schema.tables
             WHERE table_schema = DATABASE()",
            "",
        )
        .await;
    inspection.disk_bytes = all.flatten().or_else(|| Some(sizes.sum()).filter(|bytes| *bytes > 0));
    inspection.indexes = look.indexes(mariadb).await;
    inspection.slow_statements = look.slow_statements().await;
    inspection.running = look.running(mariadb).await;
    inspection.figures = figures(&status);
    inspection.unavailable = look.unavailable;
    Ok(inspection)
}

/// One look at the server.
struct Look<'a> {
    connection: &'a mut Conn,
    unavailable: Vec<String>,
}

impl Look<'_> {
    /// Rows of a query; none where it fails, which is then told.
    async fn rows<T: FromRow + Send + 'static>(&mut self, what: &str, sql: &str, help: &str) -> Vec<T> {
        match self.connection.query::<T, _>(sql).await {
            Ok(rows) => rows,
            Err(failed) => {
                let why = match &failed {
                    DriverError::Server(server) => server.message.clone(),
                    other => other.to_string(),
                };
                self.unavailable.push(format!("{what}: {}", if help.is_empty() { why.as_str() } else { help }));
                Vec::new()
            }
        }
    }

    async fn one<T: FromRow + Send + 'static>(&mut self, what: &str, sql: &str, help: &str) -> Option<T> {
        self.rows::<T>(what, sql, help).await.into_iter().next()
    }

    async fn status(&mut self) -> Result<HashMap<String, f64>, DriverError> {
        let rows: Vec<(String, String)> = self.connection.query("SHOW GLOBAL STATUS").await?;
        Ok(rows.into_iter().filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect())
    }

    async fn tables(&mut self) -> Vec<TableSize> {
        let rows: Vec<SizeRow> = self
            .rows(
                "table sizes",
                &format!(
                    "SELECT table_name AS a, table_rows AS b, data_length AS c, index_length AS d
                     FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
                     ORDER BY COALESCE(data_length, 0) + COALESCE(index_length, 0) DESC, table_name LIMIT {MOST}"
                ),
                "",
            )
            .await;
        let size = |(table, rows, data_bytes, index_bytes)| TableSize { table, rows, data_bytes, index_bytes };
        rows.into_iter().map(size).collect()
    }

    /// Indexes with their use, their size and whether another does the same.
    async fn indexes(&mut self, mariadb: bool) -> Vec<IndexUse> {
        let parts: Vec<IndexPart> = self
            .rows(
                "indexes",
                "SELECT table_name AS a, index_name AS b, non_unique AS c, column_name AS d, sub_part AS e
                 FROM information_schema.statistics
                 WHERE table_schema = DATABASE() AND index_type IN ('BTREE', 'HASH')
                 ORDER BY table_name, index_name, seq_in_index",
                "",
            )
            .await;
        let mut indexes: Vec<Index> = Vec::new();
        for (table, name, non_unique, column, part) in parts {
            let column = format!("{}({})", column.unwrap_or_default(), part.unwrap_or(0));
            match indexes.last_mut().filter(|index| index.table == table && index.name == name) {
                Some(index) => index.columns.push(column),
                None => indexes.push(Index { table, name, unique: non_unique == 0, columns: vec![column] }),
            }
        }
        let sizes: Vec<(String, String, u64)> = self
            .rows(
                "index sizes",
                "SELECT table_name AS a, index_name AS b, CAST(stat_value * @@innodb_page_size AS UNSIGNED)
                 FROM mysql.innodb_index_stats WHERE database_name = DATABASE() AND stat_name = 'size'",
                "grant SELECT on mysql.innodb_index_stats to the user",
            )
            .await;
        let sizes: HashMap<_, u64> = sizes.into_iter().map(|(table, index, bytes)| ((table, index), bytes)).collect();
        let scans = self.scans(mariadb).await;
        let mut told: Vec<IndexUse> = indexes
            .iter()
            .map(|index| {
                let key = (index.table.clone(), index.name.clone());
                IndexUse {
                    table: index.table.clone(),
                    index: index.name.clone(),
                    // What counts uses says nothing of an index that has none.
                    scans: scans.as_ref().map(|scans| scans.get(&key).copied().unwrap_or(0)),
                    bytes: sizes.get(&key).copied(),
                    duplicate_of: duplicate(index, &indexes),
                }
            })
            .collect();
        told.sort_by_key(|index| (index.scans, index.duplicate_of.is_none(), std::cmp::Reverse(index.bytes)));
        told.truncate(MOST);
        told
    }

    /// How often each index was used; none where the server does not count.
    async fn scans(&mut self, mariadb: bool) -> Option<HashMap<(String, String), u64>> {
        let counted = self.is_on("performance_schema").await;
        let sql = if counted {
            "SELECT object_name AS a, index_name AS b, CAST(count_star AS UNSIGNED)
             FROM performance_schema.table_io_waits_summary_by_index_usage
             WHERE object_schema = DATABASE() AND index_name IS NOT NULL"
        } else if mariadb && self.is_on("userstat").await {
            "SELECT table_name AS a, index_name AS b, CAST(rows_read AS UNSIGNED)
             FROM information_schema.index_statistics WHERE table_schema = DATABASE()"
        } else {
            let help = if mariadb { "userstat=ON or performance_schema=ON" } else { "performance_schema=ON" };
            self.unavailable.push(format!("index use: start the server with {help}"));
            return None;
        };
        let before = self.unavailable.len();
        let rows: Vec<(String, String, u64)> = self.rows("index use", sql, "").await;
        (self.unavailable.len() == before)
            .then(|| rows.into_iter().map(|(table, index, count)| ((table, index), count)).collect())
    }

    async fn is_on(&mut self, variable: &str) -> bool {
        let sql = format!("SELECT CAST(@@GLOBAL.{variable} AS UNSIGNED)");
        matches!(self.connection.query_first::<u64, _>(sql).await, Ok(Some(1)))
    }

    async fn slow_statements(&mut self) -> Vec<SlowStatement> {
        if !self.is_on("performance_schema").await {
            self.unavailable.push("slow statements: start the server with performance_schema=ON".to_owned());
            return Vec::new();
        }
        let rows: Vec<(Option<String>, u64, f64, f64)> = self
            .rows(
                "slow statements",
                &format!(
                    "SELECT LEFT(digest_text, {TEXT}) AS a, CAST(count_star AS UNSIGNED), sum_timer_wait / 1e9,
                            avg_timer_wait / 1e9
                     FROM performance_schema.events_statements_summary_by_digest
                     WHERE (schema_name = DATABASE() OR schema_name IS NULL) AND digest_text IS NOT NULL
                     ORDER BY sum_timer_wait DESC LIMIT 20"
                ),
                "",
            )
            .await;
        let slow = |(statement, calls, total_ms, mean_ms): (Option<String>, u64, f64, f64)| SlowStatement {
            statement: statement.unwrap_or_default(),
            calls,
            total_ms,
            mean_ms,
        };
        rows.into_iter().map(slow).collect()
    }

    async fn running(&mut self, mariadb: bool) -> Vec<RunningStatement> {
        let took = if mariadb { "CAST(time_ms AS UNSIGNED)" } else { "CAST(time AS UNSIGNED) * 1000" };
        let rows: Vec<(u64, String, u64, Option<String>)> = self
            .rows(
                "running statements",
                &format!(
                    "SELECT CAST(id AS UNSIGNED) AS a, user AS b, GREATEST({took}, 0) AS c, LEFT(info, {TEXT}) AS d
                     FROM information_schema.processlist
                     WHERE command NOT IN ('Sleep', 'Daemon', 'Binlog Dump') AND id <> CONNECTION_ID() AND time >= 1
                     ORDER BY time DESC LIMIT {MOST}"
                ),
                "",
            )
            .await;
        // MySQL 8 moved the waits into performance_schema.
        let sql = if mariadb {
            "SELECT CAST(r.trx_mysql_thread_id AS UNSIGNED), CAST(b.trx_mysql_thread_id AS UNSIGNED)
             FROM information_schema.innodb_lock_waits w
             JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id
             JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_trx_id"
        } else {
            "SELECT CAST(r.trx_mysql_thread_id AS UNSIGNED), CAST(b.trx_mysql_thread_id AS UNSIGNED)
             FROM performance_schema.data_lock_waits w
             JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id
             JOIN information_schema.innodb_trx b ON b.trx_id = w.blocking_engine_transaction_id"
        };
        let waits: Vec<(u64, u64)> =
            self.rows("blocked statements", sql, "grant the privilege PROCESS to the user").await;
        let running = |(session, user, for_ms, statement): (u64, String, u64, Option<String>)| {
            let mut blocked_by: Vec<String> =
                waits.iter().filter(|(waiting, _)| *waiting == session).map(|(_, by)| by.to_string()).collect();
            blocked_by.dedup();
            RunningStatement {
                session: session.to_string(),
                user,
                for_ms,
                blocked_by,
                statement: statement.unwrap_or_default(),
            }
        };
        rows.into_iter().map(running).collect()
    }
}

/// An index by what it orders.
struct Index {
    table: String,
    name: String,
    unique: bool,
    columns: Vec<String>,
}

/// Another index that begins with the same columns, so that this one is of no more use.
fn duplicate(index: &Index, all: &[Index]) -> Option<String> {
    let covers = |other: &&Index| {
        other.table == index.table
            && other.name != index.name
            && other.columns.starts_with(&index.columns)
            // A unique index also guards its columns; of two alike the earlier name stays.
            && (!index.unique || (other.unique && other.columns.len() == index.columns.len()))
            && (other.columns.len() > index.columns.len()
                || (other.unique && !index.unique)
                || (other.unique == index.unique && (other.name == "PRIMARY" || other.name < index.name)))
    };
    if index.name == "PRIMARY" {
        return None;
    }
    all.iter().find(covers).map(|other| other.name.clone())
}

fn figures(status: &HashMap<String, f64>) -> Vec<(String, f64)> {
    let mut figures = Vec::new();
    let mut add = |name: &str, value: Option<f64>| figures.extend(value.map(|value| (name.to_owned(), value)));
    let of = |name: &str| status.get(name).copied();
    // The share of reads that needed no disk.
    let hit = of("Innodb_buffer_pool_read_requests").zip(of("Innodb_buffer_pool_reads"));
    add("cache_hit_ratio", hit.filter(|(asked, _)| *asked > 0.0).map(|(asked, read)| 1.0 - read / asked));
    let used = of("Innodb_buffer_pool_pages_total").zip(of("Innodb_buffer_pool_pages_free"));
    add("cache_used_ratio", used.filter(|(all, _)| *all > 0.0).map(|(all, free)| 1.0 - free / all));
    add("cache_bytes", of("Innodb_buffer_pool_pages_total").zip(of("Innodb_page_size")).map(|(n, size)| n * size));
    add("uptime_seconds", of("Uptime"));
    add("statements", of("Questions"));
    add("slow_statements", of("Slow_queries"));
    add("row_lock_waits", of("Innodb_row_lock_waits"));
    add("deadlocks", of("Innodb_deadlocks"));
    add("disk_temporary_tables", of("Created_tmp_disk_tables"));
    add("refused_connections", of("Connection_errors_max_connections"));
    figures
}

#[cfg(test)]
mod tests;
