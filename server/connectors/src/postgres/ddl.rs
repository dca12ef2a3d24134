//! From a table as wanted and a table as it is to the statements that lie between.
//!
//! The server itself says what it would make of the wanted table ([`normal`]): types, defaults, conditions and expressions are
//! compared in its own spelling. [`create`] and [`alter`] are pure: structures and [`Facts`] in, statements out. [`cost`] knows
//! what a statement does to a table in use. What the wanted table leaves open (a default, a comment, a name) is no difference.

mod alter;
mod cost;
mod create;
mod normal;
mod statement;
#[cfg(test)]
mod tests;
mod words;

use super::error::mapped;
use super::pool::Lent;
use super::structure;
use super::timescale::{Timescale, detect};
use crate::name::{TableName, quote};
use crate::rename::{self, Names};
use data::structure::{
    CheckConstraint, IndexStructure, TableAction, TableChange, TableKind, TablePlan, TableStructure,
};
use data::{Error, Result};
use model::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};

/// What the planner has to know besides the two structures.
#[derive(Debug, Clone)]
struct Facts {
    timescale: Timescale,
    /// Whether the table's schema is there.
    schema_exists: bool,
    /// Indexes of the live table that belong to a unique constraint.
    constraint_indexes: BTreeSet<String>,
    /// Live columns numbered by an identity rather than by a serial's sequence.
    identities: BTreeSet<String>,
    /// Defaults of wanted columns that are computed anew for each row.
    volatile_defaults: BTreeSet<String>,
    /// How the tables that foreign keys refer to are told.
    references: BTreeMap<String, String>,
    /// The wanted table as it was spelled. The server's spelling of an expression, read by the server once more, may come
    /// out longer; so statements say what was wanted, and what is there may be spelled either way.
    spelled: TableStructure,
    /// Conditions in the spelling that does not change any more when the server reads it again.
    settled: BTreeMap<String, String>,
    /// Columns that get another name first; the live table is told as it is afterwards.
    renamed: Vec<(String, String)>,
    /// Why columns are not renamed.
    not_renamed: Vec<String>,
}

impl Facts {
    /// Whether two conditions say the same. The server spells a condition anew whenever the type of a column in it
    /// changes: `IN` over a varchar comes out in three ways.
    fn same_condition(&self, left: &str, right: &str) -> bool {
        left == right || self.settled.get(left).is_some_and(|settled| self.settled.get(right) == Some(settled))
    }

    /// The check at that place, as it was spelled.
    fn spelled_check<'a>(&'a self, place: usize, check: &'a CheckConstraint) -> &'a CheckConstraint {
        self.spelled.checks.get(place).unwrap_or(check)
    }

    /// The index at that place, as it was spelled.
    fn spelled_index<'a>(&'a self, place: usize, index: &'a IndexStructure) -> &'a IndexStructure {
        self.spelled.indexes.get(place).unwrap_or(index)
    }
}

/// Plans the way from `live` to `wanted`.
pub(super) async fn plan(
    client: &Lent,
    wanted: &TableStructure,
    live: Option<&TableStructure>,
    assumed: Option<Timescale>,
) -> Result<TablePlan> {
    let wanted = words::tidied(wanted)?;
    let timescale = detect(client, assumed).await?;
    let mut notes = words::notes(&wanted);
    let (normal, told) = normal::normalized(client, &wanted).await?;
    notes.extend(told);
    let mut facts = facts(client, &normal, live, timescale).await?;
    let mut after = live.cloned();
    if let Some(live) = live.filter(|live| live.kind != TableKind::View) {
        let renamed = rename::renamed(&wanted, live, Names { fold: false, quote: '"' });
        for (old, new) in renamed.columns {
            if facts.identities.remove(&old.name) {
                facts.identities.insert(new.clone());
            }
            facts.renamed.push((old.name, new));
        }
        facts.not_renamed = renamed.manual;
        facts.settled = normal::settled(client, &normal, &renamed.live).await?;
        after = Some(renamed.live);
    }
    facts.spelled = wanted;
    decide(&normal, after.as_ref(), &facts, notes)
}

/// Plans with everything known.
fn decide(
    wanted: &TableStructure,
    live: Option<&TableStructure>,
    facts: &Facts,
    mut notes: Vec<String>,
) -> Result<TablePlan> {
    check_hypertable(wanted, facts, &mut notes)?;
    let (mut changes, mut manual) = match live {
        None => (create::changes(wanted, facts), Vec::new()),
        Some(live) if live.kind == TableKind::View => {
            (Vec::new(), vec![format!("`{}` is a view; drop it by hand to make a table of that name", live.name)])
        }
        Some(live) => alter::changes(wanted, live, facts, &mut notes),
    };
    let table = TableName::parse(&wanted.name).quoted();
    let renames = facts.renamed.iter().map(|(from, to)| TableChange {
        summary: format!("rename column `{from}` to `{to}`"),
        sql: format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote(from), quote(to)),
        cost: cost::free(),
    });
    changes.splice(0..0, renames);
    manual.extend(facts.not_renamed.iter().cloned());
    let action = match (live.is_some(), changes.is_empty(), manual.is_empty()) {
        (_, _, false) => TableAction::Manual,
        (_, true, true) => TableAction::Nothing,
        (false, false, true) => TableAction::Create,
        (true, false, true) => TableAction::Alter,
    };
    Ok(TablePlan { table: wanted.name.clone(), action, changes, manual, notes })
}

/// Refuses what no hypertable can be; tells where a plain table stands in for one.
fn check_hypertable(wanted: &TableStructure, facts: &Facts, notes: &mut Vec<String>) -> Result<()> {
    let TableKind::Hypertable { time_column, chunk_interval } = &wanted.kind else { return Ok(()) };
    let invalid = |message: String, hint: &str| {
        Err(Error::permanent(ErrorCode::InvalidValue, format!("hypertable `{}`: {message}", wanted.name)).hint(hint))
    };
    let Some(column) = wanted.column(time_column) else {
        return invalid(format!("the time column `{time_column}` is none of its columns"), "Add it to the columns.");
    };
    if !facts.timescale.is_installed() {
        let why = match facts.timescale {
            Timescale::Available => "the extension is not created in this database: `CREATE EXTENSION timescaledb`",
            _ => "the server has no TimescaleDB",
        };
        notes.push(format!("hypertable asked for, extension missing: a plain table is made; {why}"));
        return Ok(());
    }
    let is_number = matches!(column.native_type.as_str(), "smallint" | "integer" | "bigint");
    let is_time = column.native_type.starts_with("timestamp") || matches!(column.native_type.as_str(), "date" | "uuid");
    if !is_number && !is_time {
        return invalid(
            format!("the time column `{time_column}` is of type `{}`", column.native_type),
            "Use timestamptz, timestamp, date or an integer.",
        );
    }
    if is_number && chunk_interval.as_deref().is_none_or(|interval| interval.parse::<u64>().is_err()) {
        return invalid(
            format!("the time column `{time_column}` is a number, so that its chunks need a width in numbers"),
            "Give the chunk interval in the column's own unit.",
        );
    }
    let keys = std::iter::once(&wanted.primary_key).filter(|key| !key.is_empty());
    let uniques = wanted.indexes.iter().filter(|index| index.unique).map(|index| &index.columns);
    for key in keys.chain(uniques) {
        if !key.contains(time_column) {
            return invalid(
                format!("its unique key (`{}`) does not contain the time column `{time_column}`", key.join("`, `")),
                "Add the time column to every primary and unique key of a hypertable.",
            );
        }
    }
    Ok(())
}

async fn facts(
    client: &Lent,
    wanted: &TableStructure,
    live: Option<&TableStructure>,
    timescale: Timescale,
) -> Result<Facts> {
    let mapped = |error| mapped(&error);
    let schema = TableName::parse(&wanted.name).schema;
    let schema_exists: bool = client
        .query_one("SELECT $1::text IS NULL OR to_regnamespace(quote_ident($1)) IS NOT NULL", &[&schema])
        .await
        .map_err(mapped)?
        .get(0);
    let mut facts = Facts {
        timescale,
        schema_exists,
        constraint_indexes: BTreeSet::new(),
        identities: BTreeSet::new(),
        volatile_defaults: BTreeSet::new(),
        references: BTreeMap::new(),
        spelled: TableStructure::default(),
        settled: BTreeMap::new(),
        renamed: Vec::new(),
        not_renamed: Vec::new(),
    };
    if let Some(live) = live {
        let quoted = TableName::parse(&live.name).quoted();
        let rows = client
            .query(
                "SELECT conname::text FROM pg_constraint WHERE conrelid = to_regclass($1) AND contype = 'u'",
                &[&quoted],
            )
            .await
            .map_err(mapped)?;
        facts.constraint_indexes = rows.iter().map(|row| row.get(0)).collect();
        let rows = client
            .query(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attidentity <> ''",
                &[&quoted],
            )
            .await
            .map_err(mapped)?;
        facts.identities = rows.iter().map(|row| row.get(0)).collect();
    }
    for column in &wanted.columns {
        let Some(default) = &column.default else { continue };
        let names = called(default);
        if names.is_empty() {
            continue;
        }
        let row = client
            .query_one("SELECT EXISTS (SELECT 1 FROM pg_proc WHERE proname = ANY($1) AND provolatile = 'v')", &[&names])
            .await
            .map_err(mapped)?;
        if row.get(0) {
            facts.volatile_defaults.insert(column.name.clone());
        }
    }
    for key in &wanted.foreign_keys {
        if let Some(found) = structure::find(client, &key.references).await? {
            facts.references.insert(key.references.clone(), found.shown);
        }
    }
    Ok(facts)
}

/// Names of the functions an expression calls.
fn called(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in expression.match_indices('(') {
        let head = &expression[..at];
        let start = head
            .rfind(|char: char| !(char.is_alphanumeric() || char == '_'))
            .map_or(0, |found| found + head[found..].chars().next().map_or(1, char::len_utf8));
        if start < at {
            names.push(head[start..].to_owned());
        }
    }
    names
}
