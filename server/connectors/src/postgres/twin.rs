//! Two tables of one database: the mark that proves it, rows without an equal in the other, and moments shared by sessions.

use super::introspect::{Table, TableColumn, get_table, shown};
use super::read::sort_key;
use super::types::Kind;
use super::{Postgres, error};
use crate::error::column_not_found;
use crate::name::quote;
use crate::twin::{filtered, incomparable, not_a_key, token, unjoinable, unmatched};
use data::{Result, Site, Snapshot, TwinRequest};

/// Where `table` is. An advisory lock is the mark: only sessions of the same database of the same server meet it.
pub(super) async fn site(postgres: &Postgres, table: &str) -> Result<Site> {
    let mapped = |error| error::mapped(&error);
    let client = postgres.pool.get().await?;
    let table = get_table(&client, table).await?;
    let row = client
        .query_one(
            "SELECT n.nspname::text, c.relname::text, current_user::text, coalesce(current_schema()::text, ''), \
             c.relpersistence = 't', c.relkind = 'r' AND c.relhassubclass, row_security_active(c.oid) \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
            &[&table.name.quoted()],
        )
        .await
        .map_err(mapped)?;
    if row.get(4) {
        return Err(unjoinable("a temporary table is seen by one session only"));
    }
    if row.get(5) {
        return Err(unjoinable("the keys of a table that others inherit from are not unique"));
    }
    if row.get(6) {
        return Err(unjoinable("its rows are shown by a policy"));
    }
    let token = i64::from_ne_bytes(token().to_ne_bytes());
    // In a transaction, so that a pooler between here and there keeps to one session.
    client.batch_execute("BEGIN").await.map_err(mapped)?;
    client.query("SELECT pg_advisory_xact_lock($1)", &[&token]).await.map_err(mapped)?;
    Ok(Site {
        table: shown(row.get(0), row.get(1), false),
        mark: token.to_string(),
        user: row.get(2),
        schema: row.get(3),
        held: Box::new(client),
    })
}

/// Whether the mark is met here.
pub(super) async fn sees(postgres: &Postgres, site: &Site) -> Result<bool> {
    let Ok(token) = site.mark.parse::<i64>() else { return Ok(false) };
    let client = postgres.pool.get().await?;
    let row = client
        .query_one("SELECT NOT pg_try_advisory_xact_lock($1)", &[&token])
        .await
        .map_err(|error| error::mapped(&error))?;
    client.release();
    Ok(row.get(0))
}

/// Holds the database as it is now.
pub(super) async fn snapshot(postgres: &Postgres) -> Result<Option<Snapshot>> {
    let client = postgres.pool.get().await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
    let exported = async {
        client.batch_execute(begin).await?;
        client.query_one("SELECT pg_export_snapshot()", &[]).await
    };
    let exported = exported.await;
    match exported {
        Ok(row) => Ok(Some(Snapshot { name: row.get(0), held: Box::new(client) })),
        Err(error) => {
            // A server in between, or an old standby: the reads then have moments of their own.
            tracing::debug!(%error, "no snapshot can be shared");
            Ok(None)
        }
    }
}

/// The condition for rows without an equal in the other table.
pub(super) async fn unmatched_filter(postgres: &Postgres, request: &TwinRequest) -> Result<String> {
    let twins = Twins::look(postgres, request).await?;
    let matched: Vec<String> = twins.pairs.iter().map(Pair::matched).collect();
    Ok(unmatched(&twins.other.name.quoted(), request.other_filter.as_deref(), &matched))
}

/// The query of the full outer join.
pub(super) async fn pairs_query(postgres: &Postgres, request: &TwinRequest) -> Result<Option<String>> {
    let twins = Twins::look(postgres, request).await?;
    let (keys, columns) = twins.pairs.split_at(request.key.len());
    // Kinds whose order in the join is that of the comparison; blanks that fill a key up are in one and not in the other.
    let ordered = |column: &TableColumn| {
        let text = column.kind == Kind::Text && matches!(column.oid, 25 | 1043);
        text || matches!(
            column.kind,
            Kind::Bool | Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Decimal128(..) | Kind::Decimal256(..)
        ) || matches!(column.kind, Kind::Date | Kind::Timestamp | Kind::Instant | Kind::Uuid | Kind::Bytea | Kind::Time)
    };
    if keys.iter().any(|pair| !ordered(&pair.own) || !ordered(&pair.other)) {
        return Ok(None);
    }
    let listed = |alias: &str, name: &str| {
        let each = twins.pairs.iter().enumerate().map(|(index, pair)| {
            let column = if alias == "q" { &pair.own } else { &pair.other };
            format!("{alias}.{} AS {name}{index}", quote(&column.name))
        });
        each.collect::<Vec<_>>().join(", ")
    };
    let on: Vec<String> = keys.iter().map(Pair::matched).collect();
    let mut differing =
        vec![format!("q.{} IS NULL", quote(&keys[0].own.name)), format!("o.{} IS NULL", quote(&keys[0].other.name))];
    if !columns.is_empty() {
        let matched: Vec<String> = columns.iter().map(Pair::matched).collect();
        differing.push(format!("NOT ({})", matched.join(" AND ")));
    }
    let order = keys.iter().map(|pair| match pair.own.kind {
        Kind::Text => format!("coalesce({}, {}) COLLATE \"C\"", pair.written.0, pair.written.1),
        _ => format!("coalesce({}, {})", pair.written.0, pair.written.1),
    });
    Ok(Some(format!(
        "SELECT {}, {} FROM {} AS q FULL JOIN {} AS o ON {} WHERE {} ORDER BY {}",
        listed("q", "l"),
        listed("o", "r"),
        filtered(&twins.own.name.quoted(), request.filter.as_deref()),
        filtered(&twins.other.name.quoted(), request.other_filter.as_deref()),
        on.join(" AND "),
        differing.join(" OR "),
        order.collect::<Vec<_>>().join(", ")
    )))
}

/// Both tables, and their columns in pairs, the key first.
struct Twins {
    own: Table,
    other: Table,
    pairs: Vec<Pair>,
}

struct Pair {
    own: TableColumn,
    other: TableColumn,
    written: (String, String),
}

impl Pair {
    fn matched(&self) -> String {
        let equal = if self.own.not_null && self.other.not_null { "=" } else { "IS NOT DISTINCT FROM" };
        format!("{} {equal} {}", self.written.0, self.written.1)
    }
}

impl Twins {
    async fn look(postgres: &Postgres, request: &TwinRequest) -> Result<Self> {
        let client = postgres.pool.get().await?;
        let own = get_table(&client, &request.table).await?;
        let other = get_table(&client, &request.other).await?;
        client.release();
        let (own_key, other_key): (Vec<String>, Vec<String>) = request.key.iter().cloned().unzip();
        for (table, key) in [(&own, &own_key), (&other, &other_key)] {
            if key.is_empty() || !table.is_unique(key) || !table.never_null(key) {
                return Err(not_a_key(table.shown()));
            }
        }
        let mut pairs = Vec::new();
        for (own_name, other_name) in request.key.iter().chain(&request.columns) {
            let (left, right) = (find(&own, own_name)?, find(&other, other_name)?);
            let Some(written) = written(left, right) else { return Err(incomparable(own_name, other_name)) };
            pairs.push(Pair { own: left.clone(), other: right.clone(), written });
        }
        Ok(Self { own, other, pairs })
    }
}

fn find<'a>(table: &'a Table, name: &str) -> Result<&'a TableColumn> {
    table.column(name).ok_or_else(|| column_not_found(name, table.shown(), table.column_names()))
}

/// Both columns, written so that they are equal only where a comparison of their values finds them equal; none where that
/// cannot be said.
fn written(own: &TableColumn, other: &TableColumn) -> Option<(String, String)> {
    use Kind as K;
    let (left, right) = (format!("q.{}", quote(&own.name)), format!("o.{}", quote(&other.name)));
    let whole = |kind| matches!(kind, K::Int2 | K::Int4 | K::Int8 | K::Oid);
    let exact = |kind| whole(kind) || matches!(kind, K::Decimal128(..) | K::Decimal256(..) | K::Bool);
    let number = |column: &str, kind| match kind {
        K::Bool => format!("{column}::int"),
        K::Oid => format!("{column}::bigint"),
        _ => column.to_owned(),
    };
    let time = |kind| matches!(kind, K::Date | K::Timestamp | K::Instant);
    // Types of one's own spelling are equal as text only where they are the same type.
    let spelled = |kind| matches!(kind, K::Array | K::Inet | K::Other | K::Numeric);
    let text = |kind| matches!(kind, K::Text | K::Jsonb | K::Uuid);
    let same = own.kind == other.kind;
    match (own.kind, other.kind) {
        (K::Bool, K::Bool) => Some((left, right)),
        (l, r) if exact(l) && exact(r) => Some((number(&left, l), number(&right, r))),
        (K::Float4 | K::Float8, K::Float4 | K::Float8) | (K::Time, K::Time) | (K::Bytea, K::Bytea) => {
            Some((left, right))
        }
        (l, r) if time(l) && time(r) => Some((left, right)),
        (K::Uuid, K::Uuid) => Some((left, right)),
        (l, r) if (text(l) && text(r)) || (spelled(l) && same && own.native_type == other.native_type) => {
            let key = |column: &str, of: &TableColumn| match sort_key(column, of.kind, of.oid, &of.native_type) {
                // Padding is no part of the value.
                (_, cast) if cast.starts_with("bpchar") => format!("{column}::text COLLATE \"C\""),
                (expression, _) if expression.ends_with("COLLATE \"C\"") => expression,
                _ => format!("{column}::text COLLATE \"C\""),
            };
            Some((format!("({})", key(&left, own)), format!("({})", key(&right, other))))
        }
        _ => None,
    }
}
