//! What has to be run so that a table is as wanted: SQLite's few `ALTER TABLE`s where they do, else the table made anew.
//!
//! A table is made anew by the steps of SQLite's own documentation, as one change: foreign keys off, a new table under
//! another name, the rows copied, the old table dropped, the new one renamed, indexes and triggers made again. Start at
//! [`plan`]; [`rebuild`] runs such a change.

use super::create::{bare, same_sql, tokens};
use super::definition::{self, create_index, create_table, type_key};
use super::structure::Attached;
use super::types::Affinity;
use super::{Config, error};
use crate::name::{quote, quote_all};
use crate::rename::{self, Names};
use data::structure::{
    ChangeCost, ColumnStructure, ForeignKey, IndexStructure, LockKind, TableAction, TableChange, TableKind, TablePlan,
    TableStructure,
};
use data::{Error, Result};
use model::ErrorCode;
use rusqlite::Connection;

/// How a change that makes a table anew begins. SQLite ignores the pragma inside a transaction, so that whoever runs the
/// change takes it off and sets it before.
pub(super) const KEYS_OFF: &str = "PRAGMA foreign_keys = OFF;";

/// What has to be run so that `live` is as `wanted`.
pub(super) fn plan(wanted: &TableStructure, live: Option<&TableStructure>, attached: &Attached) -> Result<TablePlan> {
    let notes = definition::check(wanted)?;
    let mut plan = TablePlan { notes, ..TablePlan::nothing(&wanted.name) };
    let Some(live) = live else {
        plan.action = TableAction::Create;
        plan.changes.push(change(
            &format!("create table `{}`", wanted.name),
            create_table(wanted, &wanted.name)?,
            ChangeCost::default(),
        ));
        for index in wanted.indexes.iter().filter(|index| !definition::is_constraint(index)) {
            plan.changes.push(index_change(index, &wanted.name));
        }
        return Ok(plan);
    };
    if live.kind != TableKind::Plain {
        plan.action = TableAction::Manual;
        plan.manual.push(format!("`{}` is a view; drop it or choose another name for the table", live.name));
        return Ok(plan);
    }
    let renamed = rename::renamed(wanted, live, Names { fold: true, quote: '"' });
    let live = &renamed.live;
    for (old, new) in &renamed.columns {
        let sql = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quote(&live.name), quote(&old.name), quote(new));
        plan.changes.push(change(&format!("rename column `{}` to `{new}`", old.name), sql, ChangeCost::default()));
    }
    if !renamed.manual.is_empty() {
        // Where the table is made anew, columns that nobody asked for would be left behind.
        return Ok(TablePlan { action: TableAction::Manual, manual: renamed.manual, changes: Vec::new(), ..plan });
    }
    let mut differences = Differences::default();
    differences.columns(wanted, live);
    differences.table(wanted, live);
    differences.indexes(wanted, live);
    differences.settle(wanted, live);
    if differences.rebuild.is_empty() {
        differences.alter(live, &mut plan);
    } else if !renamed.columns.is_empty() && !attached.triggers.is_empty() {
        // The triggers would be made again as they were spelled before.
        plan.manual.extend(differences.rebuild.iter().map(|what| {
            format!(
                "{what}: the table has to be made anew, which its triggers bear only after the renaming; apply again"
            )
        }));
    } else if attached.unusual.is_empty() {
        differences.remake(wanted, live, attached, &mut plan);
    } else {
        let clauses = attached.unusual.join(" and ");
        plan.manual.extend(differences.rebuild.iter().map(|what| {
            format!("{what}: the table has to be made anew, which would lose its {clauses}; do it by hand")
        }));
    }
    plan.action = match (plan.manual.is_empty(), plan.changes.is_empty()) {
        (false, _) => TableAction::Manual,
        (true, true) => TableAction::Nothing,
        (true, false) => TableAction::Alter,
    };
    Ok(plan)
}

#[derive(Default)]
struct Differences<'a> {
    /// What only a new table brings, in words.
    rebuild: Vec<String>,
    losses: Vec<String>,
    remarks: Vec<String>,
    added: Vec<&'a ColumnStructure>,
    dropped: Vec<&'a ColumnStructure>,
    new_indexes: Vec<&'a IndexStructure>,
    old_indexes: Vec<&'a IndexStructure>,
}

impl<'a> Differences<'a> {
    fn columns(&mut self, wanted: &'a TableStructure, live: &'a TableStructure) {
        for column in &wanted.columns {
            match find(&live.columns, &column.name) {
                None => self.added.push(column),
                Some(old) => self.column(column, old, wanted),
            }
        }
        self.dropped = live.columns.iter().filter(|column| find(&wanted.columns, &column.name).is_none()).collect();
    }

    fn column(&mut self, wanted: &ColumnStructure, live: &ColumnStructure, table: &TableStructure) {
        let name = &live.name;
        if type_key(&wanted.native_type) != type_key(&live.native_type) {
            let (from, to) = (&live.native_type, &wanted.native_type);
            self.rebuild.push(format!("change type of `{name}` from {from} to {to}"));
            match (Affinity::of(from), Affinity::of(to)) {
                (old, new) if old == new => {
                    self.remarks.push(format!("both types of `{name}` have one affinity: its values stay as they are"));
                }
                (Affinity::Text | Affinity::Blob, Affinity::Integer | Affinity::Real | Affinity::Numeric) => {
                    let what =
                        "texts that look like numbers become numbers: `007` becomes 7, digits beyond 15 are rounded";
                    self.losses.push(format!("`{name}`: {what}"));
                }
                (Affinity::Integer | Affinity::Numeric, Affinity::Real) => {
                    self.losses.push(format!("`{name}`: integers beyond 2^53 are rounded"));
                }
                _ => {}
            }
        }
        // A key is never NULL where the document leaves that open.
        let in_key = table.primary_key.iter().any(|key| key.eq_ignore_ascii_case(name));
        if !wanted.nullable && live.nullable {
            self.rebuild.push(format!("refuse NULL in `{name}`"));
            self.remarks.push(format!("fails where a row has NULL in `{name}`"));
        } else if wanted.nullable && !live.nullable && !in_key {
            self.rebuild.push(format!("allow NULL in `{name}`"));
        }
        match (definition::default_of(wanted), definition::default_of(live)) {
            (Some(new), Some(old)) if same_sql(new, old) => {}
            (None, None) => {}
            (Some(new), Some(old)) => {
                self.rebuild.push(format!("change default of `{name}` from {old} to {new}"));
            }
            (Some(new), None) => self.rebuild.push(format!("set default of `{name}` to {new}")),
            (None, Some(old)) => self.rebuild.push(format!("drop default {old} of `{name}`")),
        }
        if wanted.auto_increment != live.auto_increment {
            let verb = if wanted.auto_increment { "number" } else { "no longer number" };
            self.rebuild.push(format!("{verb} `{name}` automatically"));
        }
        let same = match (&wanted.generated, &live.generated) {
            (None, None) => true,
            (Some(new), Some(old)) => new.stored == old.stored && same_sql(&new.expression, &old.expression),
            _ => false,
        };
        if !same {
            self.rebuild.push(format!("change how `{name}` is computed"));
            if wanted.generated.is_some() && live.generated.is_none() {
                self.losses.push(format!("`{name}`: its values give way to computed ones"));
            }
        }
        if let Some(new) = &wanted.collation {
            let old = live.collation.as_deref().unwrap_or("binary");
            if !new.eq_ignore_ascii_case(old) {
                self.rebuild.push(format!("change collation of `{name}` from {old} to {new}"));
            }
        }
    }

    fn table(&mut self, wanted: &'a TableStructure, live: &'a TableStructure) {
        let key = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect::<Vec<_>>();
        if key(&wanted.primary_key) != key(&live.primary_key) {
            let said = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let (from, to) = (said(&live.primary_key), said(&wanted.primary_key));
            self.rebuild.push(format!("change primary key from ({from}) to ({to})"));
            self.remarks.push("fails where two rows have the same key".to_owned());
        }
        for new in &wanted.foreign_keys {
            if !live.foreign_keys.iter().any(|old| same_key(new, old)) {
                self.rebuild.push(format!("add foreign key {}", key_words(new)));
                self.remarks.push("fails where a row refers to nothing".to_owned());
            }
        }
        for old in &live.foreign_keys {
            if !wanted.foreign_keys.iter().any(|new| same_key(new, old)) {
                self.rebuild.push(format!("drop foreign key {}", key_words(old)));
            }
        }
        for new in &wanted.checks {
            if !live.checks.iter().any(|old| same_sql(&new.condition, &old.condition)) {
                self.rebuild.push(format!("add check `{}`", new.condition));
                self.remarks.push("fails where a row breaks the check".to_owned());
            }
        }
        for old in &live.checks {
            if !wanted.checks.iter().any(|new| same_sql(&new.condition, &old.condition)) {
                self.rebuild.push(format!("drop check `{}`", old.condition));
            }
        }
        for option in ["strict", "without_rowid"] {
            let Some(new) = wanted.options.get(option) else { continue };
            let (new, old) = (new == "true", live.options.contains_key(option));
            if new != old {
                let verb = if new { "set" } else { "unset" };
                self.rebuild.push(format!("{verb} {}", option.replace('_', " ")));
                if new && option == "strict" {
                    self.remarks.push("fails where a value is not of its column's type".to_owned());
                }
            }
        }
    }

    fn indexes(&mut self, wanted: &'a TableStructure, live: &'a TableStructure) {
        let mut kept = vec![false; live.indexes.len()];
        for new in &wanted.indexes {
            let by_name = |old: &IndexStructure| !new.name.is_empty() && old.name.eq_ignore_ascii_case(&new.name);
            let place = live
                .indexes
                .iter()
                .position(|old| by_name(old) && same_index(new, old))
                // A unique constraint does what a unique index does, and has no name a person chose.
                .or_else(|| {
                    live.indexes.iter().position(|old| {
                        same_index(new, old) && (definition::is_constraint(new) || definition::is_constraint(old))
                    })
                });
            match place {
                Some(place) => kept[place] = true,
                None => self.new_indexes.push(new),
            }
        }
        self.old_indexes = live.indexes.iter().zip(kept).filter(|(_, kept)| !kept).map(|(old, _)| old).collect();
        for new in &self.new_indexes {
            if definition::is_constraint(new) {
                self.rebuild.push(format!("add unique constraint on ({})", new.columns.join(", ")));
            }
        }
        for old in &self.old_indexes {
            if definition::is_constraint(old) {
                self.rebuild.push(format!("drop unique constraint on ({})", old.columns.join(", ")));
            }
        }
    }

    /// Moves columns that no `ALTER TABLE` adds or drops to what only a new table brings.
    fn settle(&mut self, wanted: &TableStructure, live: &TableStructure) {
        for column in &self.added {
            if let Some(why) = cannot_add(column, wanted) {
                self.rebuild.push(format!("add column `{}`", column.name));
                self.remarks.push(why);
            }
        }
        for column in &self.dropped {
            if column.generated.is_none() {
                self.losses.push(format!("the values of column `{}`", column.name));
            }
            if in_use(&column.name, live) {
                self.rebuild.push(format!("drop column `{}`", column.name));
            }
        }
    }

    /// One statement for each difference.
    fn alter(&self, live: &TableStructure, plan: &mut TablePlan) {
        let table = quote(&live.name);
        for index in &self.old_indexes {
            plan.changes.push(drop_index(index));
        }
        for column in &self.dropped {
            let loss = column.generated.is_none().then(|| format!("the values of column `{}`", column.name));
            let cost = ChangeCost { lock: LockKind::Writes, rewrite: true, loss, note: None };
            let sql = format!("ALTER TABLE {table} DROP COLUMN {}", quote(&column.name));
            plan.changes.push(change(&format!("drop column `{}`", column.name), sql, cost));
        }
        for column in &self.added {
            let sql = format!("ALTER TABLE {table} ADD COLUMN {}", definition::column(column, false));
            plan.changes.push(change(&format!("add column `{}`", column.name), sql, ChangeCost::default()));
        }
        for index in &self.new_indexes {
            plan.changes.push(index_change(index, &live.name));
        }
        self.renamed(plan);
    }

    /// The table made anew, as one change.
    fn remake(&self, wanted: &TableStructure, live: &TableStructure, attached: &Attached, plan: &mut TablePlan) {
        let mut what = self.rebuild.clone();
        let mentioned = |what: &[String], text: &str| what.iter().any(|said| said == text);
        for (verb, columns) in [("add", &self.added), ("drop", &self.dropped)] {
            for column in columns {
                let said = format!("{verb} column `{}`", column.name);
                if !mentioned(&what, &said) {
                    what.push(said);
                }
            }
        }
        let indexes = self.new_indexes.iter().map(|index| ("create", index));
        for (verb, index) in indexes.chain(self.old_indexes.iter().map(|index| ("drop", index))) {
            if !definition::is_constraint(index) {
                what.push(format!("{verb} index `{}`", index.name));
            }
        }
        let sql = match remake_sql(wanted, live, attached) {
            Ok(sql) => sql,
            Err(error) => return plan.manual.push(format!("{}: {error}", what.join("; "))),
        };
        let losses = &self.losses;
        let mut notes = vec!["makes the table anew and copies all rows".to_owned()];
        notes.extend(self.old_indexes.iter().map(|index| without_index(index)));
        notes.extend(self.remarks.iter().cloned());
        notes.dedup();
        let cost = ChangeCost {
            lock: LockKind::Writes,
            rewrite: true,
            loss: (!losses.is_empty()).then(|| losses.join("; ")),
            note: Some(notes.join("; ")),
        };
        plan.changes.push(change(&what.join("; "), sql, cost));
        self.renamed(plan);
    }

    fn renamed(&self, plan: &mut TablePlan) {
        if let ([new], [old]) = (self.added.as_slice(), self.dropped.as_slice())
            && type_key(&new.native_type) == type_key(&old.native_type)
        {
            plan.notes.push(format!(
                "if column `{0}` is to be called `{1}` and keep its values, say `renamed_from: {0}` of it",
                old.name, new.name
            ));
        }
    }
}

fn find<'a>(columns: &'a [ColumnStructure], name: &str) -> Option<&'a ColumnStructure> {
    // SQLite compares names without regard to ASCII case.
    columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

fn same_names(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.eq_ignore_ascii_case(right))
}

/// Names of foreign keys mean nothing to SQLite and are not compared.
fn same_key(new: &ForeignKey, old: &ForeignKey) -> bool {
    let action = |action: &Option<String>| {
        action.as_deref().map(str::to_ascii_lowercase).filter(|action| action != "no action").unwrap_or_default()
    };
    same_names(&new.columns, &old.columns)
        && new.references.eq_ignore_ascii_case(&old.references)
        && (new.referenced_columns.is_empty() || same_names(&new.referenced_columns, &old.referenced_columns))
        && action(&new.on_delete) == action(&old.on_delete)
        && action(&new.on_update) == action(&old.on_update)
}

fn same_index(new: &IndexStructure, old: &IndexStructure) -> bool {
    let filters = match (&new.filter, &old.filter) {
        (None, None) => true,
        (Some(new), Some(old)) => same_sql(new, old),
        _ => false,
    };
    let terms = new.columns.len() == old.columns.len()
        && new.columns.iter().zip(&old.columns).all(|(new, old)| definition::same_term(new, old));
    new.unique == old.unique && filters && terms
}

fn key_words(key: &ForeignKey) -> String {
    let to = key.referenced_columns.join(", ");
    format!("({}) to {}({to})", key.columns.join(", "), key.references)
}

/// Why `ALTER TABLE … ADD COLUMN` cannot add the column.
fn cannot_add(column: &ColumnStructure, wanted: &TableStructure) -> Option<String> {
    let name = &column.name;
    if wanted.primary_key.iter().any(|key| key.eq_ignore_ascii_case(name)) {
        return Some(format!("`{name}` is part of the key, which existing rows do not have"));
    }
    if column.generated.as_ref().is_some_and(|generated| generated.stored) {
        return Some(format!("`{name}` is computed for every row"));
    }
    let default = definition::default_of(column);
    if default.is_some_and(|default| !definition::is_constant(default)) {
        return Some(format!("the default of `{name}` is computed for every row"));
    }
    if !column.nullable && default.is_none() && column.generated.is_none() {
        return Some(format!("`{name}` refuses NULL and has no default: fails where the table has rows"));
    }
    None
}

/// Whether something of the table besides the column itself names it.
fn in_use(name: &str, live: &TableStructure) -> bool {
    let named = |names: &[String]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let said = |text: &str| tokens(text).iter().any(|token| token.name().eq_ignore_ascii_case(name));
    named(&live.primary_key)
        || live.foreign_keys.iter().any(|key| named(&key.columns))
        || live.checks.iter().any(|check| said(&check.condition))
        || live.indexes.iter().any(|index| {
            index.columns.iter().any(|term| term.eq_ignore_ascii_case(name) || said(term))
                || index.filter.as_deref().is_some_and(said)
        })
        || live
            .columns
            .iter()
            .filter_map(|column| column.generated.as_ref())
            .any(|generated| said(&generated.expression))
}

fn change(summary: &str, sql: String, cost: ChangeCost) -> TableChange {
    TableChange { summary: summary.to_owned(), sql, cost }
}

fn index_change(index: &IndexStructure, table: &str) -> TableChange {
    let note = index.unique.then(|| "fails where two rows have the same values".to_owned());
    let cost = ChangeCost { lock: LockKind::Writes, note, ..ChangeCost::default() };
    change(&format!("create index `{}`", index.name), create_index(index, table), cost)
}

/// What is no longer so without the index; no row is lost by it.
fn without_index(index: &IndexStructure) -> String {
    let what = if index.unique { "what it guarantees is no longer so" } else { "queries that use it become slow" };
    format!("index `{}`: {what}", index.name)
}

fn drop_index(index: &IndexStructure) -> TableChange {
    let cost = ChangeCost { note: Some(without_index(index)), ..ChangeCost::default() };
    change(&format!("drop index `{}`", index.name), format!("DROP INDEX {}", quote(&index.name)), cost)
}

fn remake_sql(wanted: &TableStructure, live: &TableStructure, attached: &Attached) -> Result<String> {
    let (old, new) = (quote(&live.name), format!("_sluice_new_{}", live.name));
    let mut wanted = wanted.clone();
    for option in ["strict", "without_rowid"] {
        if !wanted.options.contains_key(option)
            && let Some(set) = live.options.get(option)
        {
            wanted.options.insert(option.to_owned(), set.clone());
        }
    }
    for column in &mut wanted.columns {
        if let (None, Some(old)) = (&column.collation, find(&live.columns, &column.name)) {
            column.collation.clone_from(&old.collation);
        }
    }
    let kept: Vec<(&str, &str)> = wanted
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .filter_map(|column| Some((column.name.as_str(), find(&live.columns, &column.name)?.name.as_str())))
        .collect();
    let mut lines = vec![KEYS_OFF.to_owned(), format!("{};", create_table(&wanted, &new)?)];
    if kept.is_empty() {
        let message = format!("no column of `{}` would be left", live.name);
        return Err(Error::permanent(ErrorCode::InvalidValue, message));
    }
    lines.push(format!(
        "INSERT INTO {} ({}) SELECT {} FROM {old};",
        quote(&new),
        quote_all(kept.iter().map(|(new, _)| *new)),
        quote_all(kept.iter().map(|(_, old)| *old))
    ));
    let numbered = |table: &TableStructure| table.columns.iter().any(|column| column.auto_increment);
    if numbered(&wanted) && numbered(live) {
        // Numbers once given away are not given again.
        let (to, from) = (crate::name::literal(&new), crate::name::literal(&live.name));
        lines.push(format!("DELETE FROM sqlite_sequence WHERE name = {to};"));
        lines.push(format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {to}, seq FROM sqlite_sequence WHERE name = {from};"
        ));
    }
    lines.push(format!("DROP TABLE {old};"));
    // Views that name the table stay as they are; without this pragma the renaming would refuse them.
    lines.push("PRAGMA legacy_alter_table = ON;".to_owned());
    lines.push(format!("ALTER TABLE {} RENAME TO {old};", quote(&new)));
    lines.push("PRAGMA legacy_alter_table = OFF;".to_owned());
    for index in wanted.indexes.iter().filter(|index| !definition::is_constraint(index)) {
        lines.push(format!("{};", create_index(index, &live.name)));
    }
    lines.extend(attached.triggers.iter().map(|trigger| format!("{};", trigger.trim_end_matches([';', ' ', '\n']))));
    let sql = lines.join("\n");
    Ok(sql.trim_end_matches(';').to_owned())
}

/// Runs a change that makes a table anew: foreign keys off around its transaction, and looked after before its end.
pub(super) fn rebuild(connection: &mut Connection, config: &Config, sql: &str) -> Result<u64> {
    let mapped = |error| error::mapped(&config.path, &error);
    connection.pragma_update(None, "foreign_keys", "OFF").map_err(mapped)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(mapped)?;
    let before = broken_keys(&transaction);
    let changes = transaction.total_changes();
    transaction.execute_batch(sql).map_err(mapped)?;
    let changed = transaction.total_changes() - changes;
    match (before, broken_keys(&transaction)) {
        (Ok((before, _)), Ok((after, table))) if after > before => {
            let message = format!("{} rows of `{table}` would refer to rows that do not exist", after - before);
            Err(Error::permanent(ErrorCode::ValueRefused, message)
                .hint("Correct the rows, or change the foreign key; nothing was changed."))
        }
        // Keys that were broken as declared before cannot be looked after.
        (Ok(_), Err(error)) => Err(mapped(error)),
        _ => {
            transaction.commit().map_err(mapped)?;
            Ok(changed)
        }
    }
}

/// How many rows refer to nothing, and a table that has such rows.
fn broken_keys(connection: &Connection) -> rusqlite::Result<(u64, String)> {
    connection.query_row("SELECT count(*), coalesce(max(\"table\"), '') FROM pragma_foreign_key_check", [], |row| {
        Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
    })
}

/// Whether the text is one literal.
pub(super) fn is_literal(text: &str) -> bool {
    let all = tokens(text);
    match bare(&all) {
        [first, second] => {
            let digits = second.text.starts_with(|c: char| c.is_ascii_digit());
            (matches!(first.text, "-" | "+") && digits)
                || (first.text.eq_ignore_ascii_case("x") && second.kind == super::create::TokenKind::Text)
        }
        [only] => {
            only.kind == super::create::TokenKind::Text
                || only.text.starts_with(|c: char| c.is_ascii_digit())
                || ["TRUE", "FALSE", "NULL"].iter().any(|word| only.text.eq_ignore_ascii_case(word))
        }
        _ => false,
    }
}
