//! How the server and this database are doing, from the catalog and the statistics views.
//!
//! Every question stands alone: what the user may not see, or the server does not keep, is named in `unavailable` together
//! with what would help, and the rest is told all the same.

use super::error::mapped;
use super::introspect::shown;
use super::pool::{Lent, Pool};
use super::timescale::{Timescale, detect};
use data::inspection::{ConnectionLoad, IndexUse, Inspection, RunningStatement, SlowStatement, TableSize};
use data::{Error, Result};
use std::sync::Arc;
use tokio_postgres::{Client, Row};

/// Tables and indexes told at most.
const MOST: i64 = 200;
/// Schemas that belong to the system.
const OWN: &str = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'timescaledb_information', \
    'timescaledb_experimental') AND n.nspname NOT LIKE 'pg\\_%temp\\_%' AND n.nspname NOT LIKE '\\_timescaledb\\_%'";

/// Looks at everything.
pub(super) async fn inspect(pool: &Arc<Pool>, assumed: Option<Timescale>) -> Result<Inspection> {
    let client = pool.get().await?;
    // A statistic is no reason to wait long, or to hold up anybody.
    client
        .batch_execute("SET statement_timeout = '20s'; SET lock_timeout = '2s'")
        .await
        .map_err(|error| mapped(&error))?;
    let timescale = detect(&client, assumed).await?;
    let mut found = Inspection { version: version(&client, timescale).await?, ..Inspection::default() };
    let mut unavailable = Vec::new();
    let mut note = |what: &str, error: &Error| unavailable.push(format!("{what}: {}", error.fault.message));
    match connections(&client).await {
        Ok(load) => found.connections = Some(load),
        Err(error) => note("connections", &error),
    }
    match tables(&client, timescale).await {
        Ok(tables) => found.tables = tables,
        Err(error) => note("sizes of tables", &error),
    }
    match indexes(&client).await {
        Ok(indexes) => found.indexes = indexes,
        Err(error) => note("use of indexes", &error),
    }
    match running(&client).await {
        Ok((running, hidden)) => {
            found.running = running;
            if hidden > 0 {
                unavailable.push(format!(
                    "running statements: {hidden} sessions of other users are hidden; grant the user `pg_read_all_stats`"
                ));
            }
        }
        Err(error) => unavailable.push(format!("running statements: {}", error.fault.message)),
    }
    match slow_statements(&client).await {
        Ok(slow) => found.slow_statements = slow,
        Err(why) => unavailable.push(format!("slow statements: {why}")),
    }
    match figures(&client).await {
        Ok((disk, figures)) => {
            found.disk_bytes = disk;
            found.figures = figures;
        }
        Err(error) => unavailable.push(format!("disk and cache: {}", error.fault.message)),
    }
    found.unavailable = unavailable;
    // Its time-outs are not those of other users.
    client.close();
    found.pool = Some(pool.load());
    Ok(found)
}

async fn version(client: &Client, timescale: Timescale) -> Result<String> {
    let row = client.query_one("SHOW server_version", &[]).await.map_err(|error| mapped(&error))?;
    let version: &str = row.get(0);
    let version = version.split_whitespace().next().unwrap_or(version);
    Ok(match timescale {
        Timescale::Installed(major, minor) => format!("PostgreSQL {version} with TimescaleDB {major}.{minor}"),
        _ => format!("PostgreSQL {version}"),
    })
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<Row>> {
    client.query(sql, &[]).await.map_err(|error| mapped(&error))
}

async fn connections(client: &Client) -> Result<ConnectionLoad> {
    let found = rows(
        client,
        "SELECT count(*), count(*) FILTER (WHERE state = 'active'), current_setting('max_connections')::int8 \
         FROM pg_stat_activity WHERE backend_type = 'client backend'",
    )
    .await?;
    let figure = |at: usize| found[0].get::<_, i64>(at).unsigned_abs();
    Ok(ConnectionLoad { open: figure(0), active: figure(1), limit: Some(figure(2)) })
}

/// The largest tables; a hypertable's size is that of its chunks.
async fn tables(client: &Lent, timescale: Timescale) -> Result<Vec<TableSize>> {
    // Asking for the size of a table that somebody holds alone would wait for them; its pages are an estimate.
    let sql = format!(
        "WITH held AS (SELECT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' \
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())), \
         t AS (SELECT n.nspname, c.relname, c.reltuples, \
           CASE WHEN c.oid IN (SELECT relation FROM held) THEN c.relpages::int8 * current_setting('block_size')::int8 \
             ELSE pg_table_size(c.oid) END AS data, \
           CASE WHEN c.oid IN (SELECT relation FROM held) THEN NULL ELSE pg_indexes_size(c.oid) END AS indexes \
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 'p') AND {OWN}) \
         SELECT nspname::text, relname::text, nspname = coalesce(current_schema(), ''), reltuples::float8, data, indexes \
         FROM t ORDER BY data + coalesce(indexes, 0) DESC, 1, 2 LIMIT {MOST}"
    );
    let size = |row: &Row| {
        let (schema, table): (&str, &str) = (row.get(0), row.get(1));
        let rows: f64 = row.get(3);
        let bytes = |at: usize| row.get::<_, Option<i64>>(at).map(i64::unsigned_abs);
        TableSize {
            table: shown(schema, table, row.get(2)),
            rows: (rows >= 0.0).then_some(rows as u64),
            data_bytes: bytes(4),
            index_bytes: bytes(5),
        }
    };
    let mut tables: Vec<TableSize> = rows(client, &sql).await?.iter().map(size).collect();
    if timescale.is_installed() {
        let hypertables = rows(
            client,
            "SELECT h.hypertable_schema::text, h.hypertable_name::text, h.hypertable_schema::text = coalesce(current_schema(), ''), \
             approximate_row_count(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass)::float8, \
             (s.table_bytes + coalesce(s.toast_bytes, 0))::int8, s.index_bytes::int8 \
             FROM timescaledb_information.hypertables h, \
             LATERAL hypertable_detailed_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) s",
        )
        .await?;
        for found in hypertables.iter().map(size) {
            tables.retain(|table| table.table != found.table);
            tables.push(found);
        }
        tables.sort_by_key(|table| {
            std::cmp::Reverse(table.data_bytes.unwrap_or(0).saturating_add(table.index_bytes.unwrap_or(0)))
        });
    }
    Ok(tables)
}

/// The least used first, each with another index that does the same: the same columns in front, in the same order.
async fn indexes(client: &Client) -> Result<Vec<IndexUse>> {
    let sql = format!(
        "WITH i AS (SELECT x.*, n.nspname, t.relname AS tname, c.relname AS iname, c.relam, \
           s.idx_scan, pg_relation_size(c.oid) AS bytes \
         FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = x.indexrelid WHERE x.indisvalid AND {OWN}) \
         SELECT i.nspname::text, i.tname::text, i.nspname = coalesce(current_schema(), ''), i.iname::text, i.idx_scan, i.bytes, \
         (SELECT o.iname::text FROM i AS o WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid \
          AND o.relam = i.relam AND NOT i.indisprimary AND (NOT i.indisunique OR o.indisunique AND o.indnkeyatts = i.indnkeyatts) \
          AND o.indexprs IS NULL AND i.indexprs IS NULL \
          AND coalesce(pg_get_expr(o.indpred, o.indrelid), '') = coalesce(pg_get_expr(i.indpred, i.indrelid), '') \
          AND (o.indnkeyatts = i.indnkeyatts AND (o.indisprimary, o.indisunique, -o.indexrelid::int8) > \
                 (i.indisprimary, i.indisunique, -i.indexrelid::int8) \
               OR o.indnkeyatts > i.indnkeyatts AND (SELECT amname FROM pg_am WHERE oid = i.relam) = 'btree') \
          AND NOT EXISTS (SELECT 1 FROM generate_series(0, i.indnatts - 1) AS k WHERE \
               CASE WHEN k < i.indnkeyatts THEN o.indkey[k] <> i.indkey[k] OR o.indclass[k] <> i.indclass[k] \
                 OR o.indoption[k] <> i.indoption[k] OR o.indcollation[k] <> i.indcollation[k] \
               ELSE NOT i.indkey[k] = ANY (o.indkey::int2[]) END) \
          ORDER BY o.indisprimary DESC, o.indisunique DESC, o.indexrelid LIMIT 1) \
         FROM i ORDER BY i.idx_scan NULLS FIRST, i.bytes DESC, 1, 2, 4 LIMIT {MOST}"
    );
    let told = |row: &Row| {
        let (schema, table): (&str, &str) = (row.get(0), row.get(1));
        let figure = |at: usize| row.get::<_, Option<i64>>(at).map(i64::unsigned_abs);
        IndexUse {
            table: shown(schema, table, row.get(2)),
            index: row.get(3),
            scans: figure(4),
            bytes: figure(5),
            duplicate_of: row.get(6),
        }
    };
    Ok(rows(client, &sql).await?.iter().map(told).collect())
}

/// Statements running for longer than a second, and how many sessions show nothing to this user.
async fn running(client: &Client) -> Result<(Vec<RunningStatement>, u64)> {
    let found = rows(
        client,
        "SELECT pid, coalesce(usename, '')::text, \
         greatest(extract(epoch FROM clock_timestamp() - query_start) * 1000, 0)::int8, \
         pg_blocking_pids(pid), left(query, 500) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid() AND datname = current_database() \
         AND (clock_timestamp() - query_start > interval '1 second' OR cardinality(pg_blocking_pids(pid)) > 0) \
         ORDER BY query_start LIMIT 100",
    )
    .await?;
    let statement = |row: &Row| RunningStatement {
        session: row.get::<_, i32>(0).to_string(),
        user: row.get(1),
        for_ms: row.get::<_, Option<i64>>(2).unwrap_or(0).unsigned_abs(),
        blocked_by: row.get::<_, Vec<i32>>(3).iter().map(ToString::to_string).collect(),
        statement: row.get::<_, Option<String>>(4).unwrap_or_default(),
    };
    let hidden = rows(
        client,
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type IS NULL OR query = '<insufficient privilege>'",
    )
    .await?;
    Ok((found.iter().map(statement).collect(), hidden[0].get::<_, i64>(0).unsigned_abs()))
}

/// The most expensive statements of this database, or why nobody counts them.
async fn slow_statements(client: &Client) -> Result<Vec<SlowStatement>, String> {
    const PRELOAD: &str = "add `pg_stat_statements` to `shared_preload_libraries`, restart the server, then CREATE EXTENSION pg_stat_statements";
    let asked = client
        .query_opt(
            "SELECT quote_ident(n.nspname), e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
             WHERE e.extname = 'pg_stat_statements'",
            &[],
        )
        .await
        .map_err(|error| mapped(&error).fault.message)?;
    let Some(extension) = asked else {
        let preloaded: bool = client
            .query_one(
                "SELECT coalesce(current_setting('shared_preload_libraries', true), '') LIKE '%pg_stat_statements%'",
                &[],
            )
            .await
            .is_ok_and(|row| row.get(0));
        return Err(match preloaded {
            true => "the server counts them; run CREATE EXTENSION pg_stat_statements in this database".to_owned(),
            false => format!("nobody counts them: {PRELOAD}"),
        });
    };
    let (schema, version): (String, String) = (extension.get(0), extension.get(1));
    // Since 1.8 (PostgreSQL 13) the columns tell planning and executing apart.
    let is_old = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor < 8);
    let prefix = if is_old { "" } else { "exec_" };
    let found = rows_of(
        client,
        &format!(
            "SELECT left(query, 500), calls, total_{prefix}time, mean_{prefix}time FROM {schema}.pg_stat_statements \
             WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             ORDER BY total_{prefix}time DESC LIMIT 20"
        ),
    )
    .await?;
    let statement = |row: &Row| SlowStatement {
        statement: row.get::<_, Option<String>>(0).unwrap_or_default(),
        calls: row.get::<_, i64>(1).unsigned_abs(),
        total_ms: row.get(2),
        mean_ms: row.get(3),
    };
    Ok(found.iter().map(statement).collect())
}

async fn rows_of(client: &Client, sql: &str) -> Result<Vec<Row>, String> {
    client.query(sql, &[]).await.map_err(|error| {
        let not_loaded = error.code().is_some_and(|code| code.code() == "55000");
        match not_loaded {
            true => "the library is not loaded: add `pg_stat_statements` to `shared_preload_libraries` and restart the server"
                .to_owned(),
            false => mapped(&error).fault.message,
        }
    })
}

async fn figures(client: &Client) -> Result<(Option<u64>, Vec<(String, f64)>)> {
    let found = rows(
        client,
        "SELECT pg_database_size(current_database()), \
         blks_hit::float8 / nullif(blks_hit + blks_read, 0), xact_commit::float8, xact_rollback::float8, deadlocks::float8, \
         temp_bytes::float8, \
         (SELECT coalesce(sum(n_dead_tup), 0)::float8 FROM pg_stat_user_tables), \
         (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity \
          WHERE datname = current_database() AND pid <> pg_backend_pid()), \
         (SELECT count(*)::float8 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'), \
         (SELECT max(age(datfrozenxid))::float8 FROM pg_database) \
         FROM pg_stat_database WHERE datname = current_database()",
    )
    .await?;
    let Some(row) = found.first() else { return Ok((None, Vec::new())) };
    let names = [
        "cache_hit_ratio",
        "commits",
        "rollbacks",
        "deadlocks",
        "temporary_bytes",
        "dead_rows",
        "oldest_transaction_seconds",
        "idle_in_transaction",
        "oldest_transaction_id_age",
    ];
    let mut figures = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if let Some(figure) = row.get::<_, Option<f64>>(at + 1) {
            figures.push(((*name).to_owned(), figure));
        }
    }
    Ok((row.get::<_, Option<i64>>(0).map(i64::unsigned_abs), figures))
}
