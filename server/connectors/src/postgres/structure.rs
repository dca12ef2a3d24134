//! A table with everything that makes it what it is, read from the catalog in the server's own canonical spelling.
//!
//! Names are told as `introspect.rs` tells them. A serial column is told like an identity: numbered by the system, without
//! its `nextval` default. Unique constraints are told as unique indexes.

use super::error::mapped;
use super::introspect::shown;
use super::timescale::Timescale;
use crate::name::TableName;
use data::Result;
use data::structure::{
    CheckConstraint, ColumnStructure, ForeignKey, Generated, IndexStructure, TableKind, TableStructure,
};
use std::collections::BTreeMap;
use tokio_postgres::Client;

/// A table in the catalog.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) table: String,
    /// The name for people.
    pub(super) shown: String,
}

/// The table of that name, or `None`.
pub(super) async fn find(client: &Client, name: &str) -> Result<Option<Found>> {
    let row = client
        .query_opt(
            "SELECT c.oid, n.nspname::text, c.relname::text, n.nspname = coalesce(current_schema(), '') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
            &[&TableName::parse(name).quoted()],
        )
        .await
        .map_err(|error| mapped(&error))?;
    Ok(row.map(|row| {
        let (schema, table): (String, String) = (row.get(1), row.get(2));
        Found { oid: row.get(0), shown: shown(&schema, &table, row.get(3)), schema, table }
    }))
}

/// Describes a table.
pub(super) async fn describe(client: &Client, found: &Found, timescale: Timescale) -> Result<TableStructure> {
    let oid = found.oid;
    let mapped = |error| mapped(&error);
    let class = client
        .query_one(
            "SELECT c.relkind::text, obj_description(c.oid, 'pg_class'), c.relpersistence::text, c.reloptions, \
             CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END, \
             CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END, \
             (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent \
              JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid AND c.relispartition LIMIT 1), \
             (SELECT spcname::text FROM pg_tablespace s WHERE s.oid = c.reltablespace), \
             CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) END \
             FROM pg_class c WHERE c.oid = $1",
            &[&oid],
        )
        .await
        .map_err(mapped)?;
    let mut options = BTreeMap::new();
    let mut option = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            options.insert(key.to_owned(), value);
        }
    };
    option("partition_by", class.get(4));
    option("partition_bound", class.get(5));
    option("partition_of", class.get(6));
    option("tablespace", class.get(7));
    option("definition", class.get(8));
    option("materialized", (class.get::<_, &str>(0) == "m").then(|| "true".to_owned()));
    option("unlogged", (class.get::<_, &str>(2) == "u").then(|| "true".to_owned()));
    for setting in class.get::<_, Option<Vec<String>>>(3).unwrap_or_default() {
        if let Some((key, value)) = setting.split_once('=') {
            option(key, Some(value.to_owned()));
        }
    }
    let constraints = client
        .query(
            "SELECT conname::text, contype::text, pg_get_expr(conbin, conrelid), pg_get_constraintdef(oid), \
             (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(conkey) WITH ORDINALITY AS k(number, place) \
              JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.number), \
             (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(confkey) WITH ORDINALITY AS k(number, place) \
              JOIN pg_attribute a ON a.attrelid = confrelid AND a.attnum = k.number), \
             (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = confrelid), \
             (SELECT c.relname::text FROM pg_class c WHERE c.oid = confrelid), confdeltype::text, confupdtype::text, \
             coalesce(current_schema(), '') \
             FROM pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'f', 'c', 'x') ORDER BY conname",
            &[&oid],
        )
        .await
        .map_err(mapped)?;
    let mut primary_key = Vec::new();
    let (mut foreign_keys, mut checks) = (Vec::new(), Vec::new());
    for row in &constraints {
        let name: String = row.get(0);
        match row.get::<_, &str>(1) {
            "p" => {
                primary_key = row.get(4);
                // The usual name says nothing.
                if name != format!("{}_pkey", found.table) {
                    option("primary_key_name", Some(name));
                }
            }
            "f" => {
                let (schema, table): (String, String) = (row.get(6), row.get(7));
                foreign_keys.push(ForeignKey {
                    name,
                    columns: row.get(4),
                    references: shown(&schema, &table, schema == row.get::<_, &str>(10)),
                    referenced_columns: row.get(5),
                    on_delete: referential(row.get(8)),
                    on_update: referential(row.get(9)),
                });
            }
            "c" => checks.push(CheckConstraint { name, condition: row.get(2) }),
            _ => option(&format!("constraint {name}"), row.get(3)),
        }
    }
    let kind = match class.get::<_, &str>(0) {
        "v" | "m" => TableKind::View,
        _ => hypertable(client, found, timescale, &mut options).await?.unwrap_or(TableKind::Plain),
    };
    Ok(TableStructure {
        name: found.shown.clone(),
        kind,
        columns: columns(client, oid).await?,
        primary_key,
        indexes: indexes(client, oid).await?,
        foreign_keys,
        checks,
        comment: class.get(1),
        options,
    })
}

fn referential(code: &str) -> Option<String> {
    let action = match code {
        "c" => "cascade",
        "n" => "set null",
        "d" => "set default",
        "r" => "restrict",
        _ => return None,
    };
    Some(action.to_owned())
}

async fn columns(client: &Client, oid: u32) -> Result<Vec<ColumnStructure>> {
    let rows = client
        .query(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull OR t.typnotnull, \
             pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text, \
             (SELECT co.collname::text FROM pg_collation co \
              WHERE co.oid = a.attcollation AND a.attcollation <> t.typcollation), \
             col_description(a.attrelid, a.attnum), \
             EXISTS (SELECT 1 FROM pg_depend p JOIN pg_class s ON s.oid = p.objid AND s.relkind = 'S' \
              WHERE p.refclassid = 'pg_class'::regclass AND p.classid = 'pg_class'::regclass \
              AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'a') \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&oid],
        )
        .await
        .map_err(|error| mapped(&error))?;
    let column = |row: &tokio_postgres::Row| {
        let expression: Option<String> = row.get(3);
        let (identity, generated): (&str, &str) = (row.get(4), row.get(5));
        let owns_sequence: bool = row.get(8);
        let serial = owns_sequence && expression.as_deref().is_some_and(|text| text.starts_with("nextval("));
        let is_generated = !generated.is_empty();
        ColumnStructure {
            name: row.get(0),
            native_type: row.get(1),
            nullable: !row.get::<_, bool>(2),
            default: expression.clone().filter(|_| !serial && !is_generated),
            auto_increment: serial || !identity.is_empty(),
            generated: expression
                .filter(|_| is_generated)
                .map(|expression| Generated { expression, stored: generated == "s" }),
            on_update: None,
            is_tag: false,
            collation: row.get(6),
            comment: row.get(7),
            renamed_from: None,
        }
    };
    Ok(rows.iter().map(column).collect())
}

/// Secondary indexes and unique keys; those that do the work of an exclusion constraint are told by that.
async fn indexes(client: &Client, oid: u32) -> Result<Vec<IndexStructure>> {
    let rows = client
        .query(
            "SELECT ic.relname::text, i.indisunique, am.amname::text, pg_get_expr(i.indpred, i.indrelid), i.indnkeyatts::int4, \
             ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, true) FROM generate_series(1, i.indnatts) AS k), \
             ARRAY(SELECT i.indkey[k - 1] = 0 FROM generate_series(1, i.indnkeyatts) AS k), \
             ARRAY(SELECT i.indoption[k - 1]::int4 FROM generate_series(1, i.indnkeyatts) AS k), \
             ARRAY(SELECT CASE WHEN o.opcdefault THEN NULL ELSE o.opcname::text END \
              FROM generate_series(1, i.indnkeyatts) AS k JOIN pg_opclass o ON o.oid = i.indclass[k - 1] ORDER BY k), \
             ARRAY(SELECT (SELECT quote_ident(co.collname) FROM pg_collation co JOIN pg_attribute a \
               ON a.attrelid = i.indexrelid AND a.attnum = k \
               LEFT JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[k - 1] AND i.indkey[k - 1] <> 0 \
               WHERE co.oid = i.indcollation[k - 1] AND t.attnum IS NOT NULL AND co.oid <> t.attcollation) \
              FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) \
             FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam \
             WHERE i.indrelid = $1 AND NOT i.indisprimary \
             AND NOT EXISTS (SELECT 1 FROM pg_constraint x WHERE x.conindid = i.indexrelid AND x.contype = 'x') ORDER BY 1",
            &[&oid],
        )
        .await
        .map_err(|error| mapped(&error))?;
    let index = |row: &tokio_postgres::Row| {
        let all: Vec<String> = row.get(5);
        let keys = row.get::<_, i32>(4).unsigned_abs() as usize;
        let is_expression: Vec<bool> = row.get(6);
        let sorts: Vec<i32> = row.get(7);
        let classes: Vec<Option<String>> = row.get(8);
        let collations: Vec<Option<String>> = row.get(9);
        let method: String = row.get(2);
        let column = |place: usize| {
            // A column's name comes quoted as SQL wants it; people write it bare.
            let mut text = match is_expression[place] {
                true if all[place].starts_with('(') => all[place].clone(),
                true => format!("({})", all[place]),
                false => TableName::parse(&all[place]).table,
            };
            if let Some(collation) = &collations[place] {
                text.push_str(&format!(" collate {collation}"));
            }
            if let Some(class) = &classes[place] {
                text.push_str(&format!(" {class}"));
            }
            // Bit 1: descending; bit 2: NULLs first, which is the default of descending only.
            text.push_str(match sorts[place] & 3 {
                1 => " desc nulls last",
                2 => " nulls first",
                3 => " desc",
                _ => "",
            });
            text
        };
        IndexStructure {
            name: row.get(0),
            columns: (0..keys).map(column).collect(),
            unique: row.get(1),
            method: (method != "btree").then_some(method),
            filter: row.get(3),
            include: all[keys..].iter().map(|name| TableName::parse(name).table).collect(),
        }
    };
    Ok(rows.iter().map(index).collect())
}

/// What the information views of TimescaleDB say of the table, where it is a hypertable.
async fn hypertable(
    client: &Client,
    found: &Found,
    timescale: Timescale,
    options: &mut BTreeMap<String, String>,
) -> Result<Option<TableKind>> {
    if !timescale.is_installed() {
        return Ok(None);
    }
    // `7 days` rather than the ISO form of the session.
    client.batch_execute("SET IntervalStyle = 'postgres'").await.map_err(|error| mapped(&error))?;
    let dimensions = client
        .query(
            "SELECT column_name::text, time_interval::text, integer_interval::text, num_partitions::int4 \
             FROM timescaledb_information.dimensions \
             WHERE hypertable_schema::text = $1 AND hypertable_name::text = $2 ORDER BY dimension_number",
            &[&found.schema, &found.table],
        )
        .await
        .map_err(|error| mapped(&error))?;
    client.batch_execute("SET IntervalStyle = 'iso_8601'").await.map_err(|error| mapped(&error))?;
    let Some((time, spaces)) = dimensions.split_first() else { return Ok(None) };
    for space in spaces {
        if let Some(partitions) = space.get::<_, Option<i32>>(3) {
            options.insert("space_column".to_owned(), space.get(0));
            options.insert("space_partitions".to_owned(), partitions.to_string());
        }
    }
    Ok(Some(TableKind::Hypertable {
        time_column: time.get(0),
        chunk_interval: time.get::<_, Option<String>>(1).or_else(|| time.get(2)),
    }))
}
