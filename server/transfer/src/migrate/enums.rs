//! Enumerations that are types of PostgreSQL: made before the table that needs them.

use super::sql::literal;
use crate::tables::parts;
use data::structure::TableStructure;
use data::{Connector, Result, System};

/// What makes the types; one that is there already stays as it is.
pub(super) fn statements(types: &[(String, Vec<String>)]) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for (name, values) in types {
        let own = parts(name);
        if let [schema, _] = own.as_slice() {
            let schema = super::sql::quote(System::Postgres, schema);
            statements.push(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        }
        statements.push(format!(
            "DO $sluice$ BEGIN {}; EXCEPTION WHEN duplicate_object THEN NULL; END $sluice$",
            create(name, values)
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    statements.retain(|sql| seen.insert(sql.clone()));
    statements
}

fn create(name: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| literal(System::Postgres, value)).collect();
    format!("CREATE TYPE {name} AS ENUM ({})", values.join(", "))
}

/// What would make the types and the table, for people to read; nothing is made. The server learns a table by making it for a
/// moment, which it could not without the types: texts of unlikely lengths take their place.
pub(super) async fn planned(
    to: &dyn Connector,
    table: &TableStructure,
    types: &[(String, Vec<String>)],
) -> Result<Vec<String>> {
    const UNLIKELY: usize = 9_000_000;
    let mut stand_in = table.clone();
    let mut replaced: Vec<(String, &str)> = Vec::new();
    for column in &mut stand_in.columns {
        if let Some((name, _)) = types.iter().find(|(name, _)| *name == column.native_type) {
            let other = format!("character varying({})", UNLIKELY + replaced.len());
            column.native_type.clone_from(&other);
            // A default that names the type would need it as well.
            if let Some(default) = &mut column.default
                && let Some((value, _)) = default.split_once("'::")
            {
                *default = format!("{value}'");
            }
            replaced.push((other, name));
        }
    }
    let plan = to.plan_table(&stand_in, None).await?;
    let mut statements: Vec<String> = types.iter().map(|(name, values)| create(name, values)).collect();
    statements.dedup();
    for change in plan.changes {
        let mut sql = change.sql;
        for (other, name) in &replaced {
            if let Some((before, after)) = sql.split_once(other.as_str()) {
                // The rest of this column's line: its default was learned as one of text.
                let (line, rest) = after.split_once('\n').unwrap_or((after, ""));
                let line = line.replace("'::character varying", "'");
                sql = format!("{before}{name}{line}{}{rest}", if after.contains('\n') { "\n" } else { "" });
            }
        }
        statements.push(sql);
    }
    Ok(statements)
}
