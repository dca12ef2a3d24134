//! The tables of `information_schema` and `performance_schema`.

use super::Rows;
use super::show::{rows, text};
use crate::error::{Result, unknown_table};
use crate::parse::Name;
use crate::store::Store;
use crate::value::{Type, Value};

const NAME: Type = Type::Varchar(192);
const INT: Type = Type::Int(32, true);
const BIG: Type = Type::Int(64, true);
const TIME: Type = Type::Timestamp;

pub(super) fn table(store: &Store, name: &Name) -> Result<Rows> {
    Ok(match name.table.as_str() {
        "ins_databases" => databases(store),
        "ins_stables" => stables(store),
        "ins_tables" => tables(store),
        "ins_columns" => columns(store),
        "ins_tags" => tags(store, None, None),
        "ins_disk_usage" => {
            let lines = store.databases.keys().map(|name| {
                let sizes = [8, 100, 0, 0, 4, 12, 400].map(Value::Int);
                [text(name), Value::Int(2)].into_iter().chain(sizes).collect()
            });
            let sizes = ["wal_size", "data1", "data2", "data3", "cache_rdb", "table_meta", "raw_data"];
            let mut columns = vec![("db_name", NAME), ("vgroup_id", INT)];
            columns.extend(sizes.map(|name| (name, BIG)));
            rows(&columns, lines.collect())
        }
        "perf_connections" => rows(
            &[
                ("conn_id", BIG),
                ("user", NAME),
                ("app", NAME),
                ("pid", BIG),
                ("end_point", NAME),
                ("login_time", TIME),
                ("last_access", TIME),
            ],
            vec![vec![
                Value::Int(1),
                text("root"),
                text("taosadapter"),
                Value::Int(42),
                text("127.0.0.1:6030"),
                Value::Int(0),
                Value::Int(0),
            ]],
        ),
        "perf_queries" => rows(
            &[("kill_id", NAME), ("query_id", NAME), ("user", NAME), ("exec_usec", BIG), ("sql", Type::Varchar(1024))],
            vec![vec![
                text("7:1"),
                text("q1"),
                text("root"),
                Value::Int(2_500_000),
                text("select * from slow where name = 'secret'"),
            ]],
        ),
        "perf_apps" => rows(
            &[("name", NAME), ("slow_query", BIG), ("total_req", BIG)],
            vec![vec![text("taosadapter"), Value::Int(3), Value::Int(100)]],
        ),
        other => return Err(unknown_table(other)),
    })
}

fn databases(store: &Store) -> Rows {
    let option = |options: &std::collections::BTreeMap<String, String>, name: &str, default: &str| {
        text(options.get(name).map_or(default, String::as_str))
    };
    let lines = store.databases.iter().map(|(name, database)| {
        vec![
            text(name),
            Value::Int(0),
            Value::Int(database.tables.len() as i128),
            Value::Int(2),
            Value::Int(1),
            option(&database.options, "duration", "10d"),
            option(&database.options, "keep", "3650d,3650d,3650d"),
            text(database.precision.word()),
            text("ready"),
            option(&database.options, "cachemodel", "none"),
        ]
    });
    rows(
        &[
            ("name", NAME),
            ("create_time", TIME),
            ("ntables", BIG),
            ("vgroups", INT),
            ("replica", INT),
            ("duration", NAME),
            ("keep", NAME),
            ("precision", NAME),
            ("status", NAME),
            ("cachemodel", NAME),
        ],
        lines.collect(),
    )
}

fn stables(store: &Store) -> Rows {
    let mut lines = Vec::new();
    for (database_name, database) in &store.databases {
        for (name, stable) in &database.stables {
            lines.push(vec![
                text(name),
                text(database_name),
                Value::Int(0),
                Value::Int(stable.columns.len() as i128),
                Value::Int(stable.tags.len() as i128),
                Value::Int(0),
                stable.comment.clone().map_or(Value::Null, Value::Text),
            ]);
        }
    }
    rows(
        &[
            ("stable_name", NAME),
            ("db_name", NAME),
            ("create_time", TIME),
            ("columns", INT),
            ("tags", INT),
            ("last_update", TIME),
            ("table_comment", Type::Varchar(1024)),
        ],
        lines,
    )
}

fn tables(store: &Store) -> Rows {
    let mut lines = Vec::new();
    for (database_name, database) in &store.databases {
        for (name, table) in &database.tables {
            let columns = database.columns(name).map_or(0, <[_]>::len);
            lines.push(vec![
                text(name),
                text(database_name),
                Value::Int(0),
                Value::Int(columns as i128),
                table.of.clone().map_or(Value::Null, Value::Text),
                Value::Int(1),
                Value::Int(2),
                Value::Int(0),
                table.comment.clone().map_or(Value::Null, Value::Text),
                text(if table.of.is_some() { "CHILD_TABLE" } else { "NORMAL_TABLE" }),
            ]);
        }
    }
    rows(
        &[
            ("table_name", NAME),
            ("db_name", NAME),
            ("create_time", TIME),
            ("columns", INT),
            ("stable_name", NAME),
            ("uid", BIG),
            ("vgroup_id", INT),
            ("ttl", INT),
            ("table_comment", Type::Varchar(1024)),
            ("type", NAME),
        ],
        lines,
    )
}

fn columns(store: &Store) -> Rows {
    let mut lines = Vec::new();
    for (database_name, database) in &store.databases {
        for name in database.stables.keys().chain(database.tables.keys()) {
            let kind = match database.tables.get(name) {
                None => "SUPER_TABLE",
                Some(table) if table.of.is_some() => "CHILD_TABLE",
                Some(_) => "NORMAL_TABLE",
            };
            for column in database.columns(name).unwrap_or_default() {
                lines.push(vec![
                    text(name),
                    text(database_name),
                    text(kind),
                    text(&column.name),
                    text(column.kind.declared()),
                    Value::Int(i128::from(column.kind.bytes())),
                    Value::Null,
                    Value::Null,
                    Value::Null,
                ]);
            }
        }
    }
    rows(
        &[
            ("table_name", NAME),
            ("db_name", NAME),
            ("table_type", NAME),
            ("col_name", NAME),
            ("col_type", NAME),
            ("col_length", INT),
            ("col_precision", INT),
            ("col_scale", INT),
            ("col_nullable", INT),
        ],
        lines,
    )
}

pub(super) fn tags(store: &Store, only_database: Option<&str>, only_table: Option<&str>) -> Rows {
    let mut lines = Vec::new();
    for (database_name, database) in &store.databases {
        for (name, table) in &database.tables {
            let Some(of) = &table.of else { continue };
            if only_database.is_some_and(|only| only != database_name) || only_table.is_some_and(|only| only != name) {
                continue;
            }
            for (tag, value) in database.tags(of).iter().zip(&table.tags) {
                let shown =
                    if value.is_null() { Value::Null } else { text(value.text(database.precision, Some(tag.kind))) };
                lines.push(vec![
                    text(name),
                    text(database_name),
                    text(of),
                    text(&tag.name),
                    text(tag.kind.declared()),
                    shown,
                ]);
            }
        }
    }
    rows(
        &[
            ("table_name", NAME),
            ("db_name", NAME),
            ("stable_name", NAME),
            ("tag_name", NAME),
            ("tag_type", NAME),
            ("tag_value", Type::Varchar(16_384)),
        ],
        lines,
    )
}
