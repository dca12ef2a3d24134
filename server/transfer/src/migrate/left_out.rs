//! What a source has besides tables, and what is not moved: views, triggers, procedures and functions, events, partitions.
//!
//! It is listed before the first row, so that nobody misses it afterwards. Systems without such things list nothing.

use super::sql::{bare, literal, texts};
use super::tables::Chosen;
use crate::tables::parts;
use data::{Connector, Result, System};
use serde::Serialize;
use std::collections::BTreeSet;

/// Something that is not moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// `view`, `materialized view`, `trigger`, `procedure`, `function`, `event`, `sequence` or `partitions`.
    pub kind: String,
    /// What it is called; for partitions the table.
    pub name: String,
    /// The table it belongs to: of triggers and partitions.
    pub table: Option<String>,
    /// More about it: how many partitions, by what.
    pub note: Option<String>,
}

impl LeftOut {
    /// A sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let note = self.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        match (self.kind.as_str(), &self.table) {
            ("partitions", _) => format!("`{}` is moved into one table without partitions{note}", self.name),
            (kind, Some(table)) => format!("the {kind} `{}` of `{table}` is not moved{note}", self.name),
            (kind, None) => format!("the {kind} `{}` is not moved{note}", self.name),
        }
    }
}

/// What the source has besides the chosen tables; of triggers and partitions only those of chosen tables.
///
/// # Errors
/// Whatever the source meets.
pub async fn left_out(from: &dyn Connector, chosen: &[Chosen]) -> Result<Vec<LeftOut>> {
    let sql = match from.system() {
        System::Mysql => MYSQL.to_owned(),
        System::Postgres => postgres(chosen),
        System::Sqlite => SQLITE.to_owned(),
        _ => return Ok(Vec::new()),
    };
    let names: BTreeSet<String> = chosen.iter().map(|table| bare(&table.from)).collect();
    let mut found = Vec::new();
    for [kind, name, table, note] in texts(from, &sql).await? {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let one = LeftOut { kind, name, table: filled(table), note: filled(note) };
        // A view that is asked for by name is copied as a table.
        let is_chosen = names.contains(&one.name);
        if one.table.as_ref().map_or(!is_chosen, |table| names.contains(table)) {
            found.push(one);
        }
    }
    found.sort();
    Ok(found)
}

const MYSQL: &str = "SELECT 'view' AS kind, table_name AS name, NULL AS of_table, NULL AS note \
    FROM information_schema.views WHERE table_schema = database() \
    UNION ALL SELECT 'trigger', trigger_name, event_object_table, CONCAT(action_timing, ' ', event_manipulation) \
    FROM information_schema.triggers WHERE trigger_schema = database() \
    UNION ALL SELECT LOWER(routine_type), routine_name, NULL, NULL \
    FROM information_schema.routines WHERE routine_schema = database() \
    UNION ALL SELECT 'event', event_name, NULL, NULL FROM information_schema.events WHERE event_schema = database() \
    UNION ALL SELECT 'sequence', table_name, NULL, NULL \
    FROM information_schema.tables WHERE table_schema = database() AND table_type = 'SEQUENCE' \
    UNION ALL SELECT 'partitions', table_name, table_name, CONCAT(COUNT(*), ' by ', MIN(partition_method)) \
    FROM information_schema.partitions WHERE table_schema = database() AND partition_name IS NOT NULL \
    GROUP BY table_name";

const SQLITE: &str = "SELECT type AS kind, name, CASE type WHEN 'trigger' THEN tbl_name END AS of_table, NULL AS note \
    FROM sqlite_master WHERE type IN ('view', 'trigger')";

fn postgres(chosen: &[Chosen]) -> String {
    let schemas: BTreeSet<String> = chosen
        .iter()
        .filter_map(|table| {
            let mut parts = parts(&table.from);
            parts.pop();
            parts.pop()
        })
        .map(|schema| literal(System::Postgres, &schema))
        .collect();
    let schemas: Vec<String> = schemas.into_iter().collect();
    let here = match schemas.is_empty() {
        true => "n.nspname = ANY (current_schemas(false))".to_owned(),
        false => format!("(n.nspname = ANY (current_schemas(false)) OR n.nspname IN ({}))", schemas.join(", ")),
    };
    // What an extension brought along comes back with the extension.
    let own = |catalog: &str, id: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {id} AND d.deptype = 'e')"
        )
    };
    format!(
        "SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'sequence' END AS kind, \
         c.relname::text AS name, NULL::text AS of_table, NULL::text AS note \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {here} AND {relation} \
         AND (c.relkind IN ('v', 'm') OR (c.relkind = 'S' AND NOT EXISTS (SELECT 1 FROM pg_depend d \
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))) \
         UNION ALL SELECT 'trigger', t.tgname::text, c.relname::text, NULL \
         FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE {here} AND NOT t.tgisinternal \
         UNION ALL SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.proname::text, NULL, NULL \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {here} AND {routine} \
         UNION ALL SELECT 'partitions', c.relname::text, c.relname::text, \
         (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid)::text || ' by ' || pg_get_partkeydef(c.oid) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {here} AND c.relkind = 'p'",
        relation = own("pg_class", "c.oid"),
        routine = own("pg_proc", "p.oid"),
    )
}
