//! The statements that turn a live table into the wanted one, each with its cost.
//!
//! What hangs on columns goes first (foreign keys, checks, indexes, primary key), then the columns change, then it comes back.

use super::create::storage_value;
use super::statement::{
    add_foreign_key, column as column_sql, comment, create_index, hypertable, interval, referential, space,
};
use super::words::is_storage;
use super::{Facts, cost};
use crate::name::{TableName, literal, quote, quote_all};
use data::structure::{
    ChangeCost, CheckConstraint, ColumnStructure, ForeignKey, IndexStructure, TableChange, TableKind, TableStructure,
};

/// Statements, and in words what none of them can mend.
pub(super) fn changes(
    wanted: &TableStructure,
    live: &TableStructure,
    facts: &Facts,
    notes: &mut Vec<String>,
) -> (Vec<TableChange>, Vec<String>) {
    let mut alter = Alter {
        wanted,
        live,
        facts,
        table: TableName::parse(&wanted.name).quoted(),
        drops: Vec::new(),
        columns: Vec::new(),
        adds: Vec::new(),
        manual: Vec::new(),
    };
    alter.foreign_keys();
    alter.checks();
    alter.indexes();
    alter.primary_key();
    alter.all_columns();
    alter.comments();
    alter.options();
    alter.kind(notes);
    let Alter { mut drops, columns, adds, manual, .. } = alter;
    drops.extend(columns);
    drops.extend(adds);
    (drops, manual)
}

struct Alter<'a> {
    wanted: &'a TableStructure,
    live: &'a TableStructure,
    facts: &'a Facts,
    table: String,
    drops: Vec<TableChange>,
    columns: Vec<TableChange>,
    adds: Vec<TableChange>,
    manual: Vec<String>,
}

fn change(summary: String, sql: String, cost: ChangeCost) -> TableChange {
    TableChange { summary, sql, cost }
}

impl Alter<'_> {
    /// `ALTER TABLE "t" <action>`.
    fn alter(&self, summary: String, action: &str, cost: ChangeCost) -> TableChange {
        change(summary, format!("ALTER TABLE {} {action}", self.table), cost)
    }

    fn rename_constraint(&self, from: &str, to: &str) -> TableChange {
        let action = format!("RENAME CONSTRAINT {} TO {}", quote(from), quote(to));
        self.alter(format!("rename constraint `{from}` to `{to}`"), &action, cost::free())
    }

    fn drop_constraint(&self, what: &str, name: &str) -> TableChange {
        let action = format!("DROP CONSTRAINT {}", quote(name));
        self.alter(format!("drop {what} `{name}`"), &action, cost::free())
    }

    fn foreign_keys(&mut self) {
        let told = |key: &ForeignKey| self.facts.references.get(&key.references).unwrap_or(&key.references).clone();
        let action = |text: &Option<String>| text.as_deref().and_then(referential);
        let same = |wanted: &ForeignKey, live: &ForeignKey| {
            wanted.columns == live.columns
                && told(wanted) == live.references
                && (wanted.referenced_columns.is_empty() || wanted.referenced_columns == live.referenced_columns)
                && action(&wanted.on_delete) == action(&live.on_delete)
                && action(&wanted.on_update) == action(&live.on_update)
        };
        let mut left: Vec<&ForeignKey> = self.live.foreign_keys.iter().collect();
        let (mut drops, mut adds) = (Vec::new(), Vec::new());
        for wanted in &self.wanted.foreign_keys {
            // One of the same name first, so that two alike are not taken for each other.
            let found = left
                .iter()
                .position(|live| same(wanted, live) && wanted.name == live.name)
                .or_else(|| left.iter().position(|live| same(wanted, live)));
            let Some(found) = found else {
                adds.push(add_foreign_key(self.wanted, wanted));
                continue;
            };
            let live = left.remove(found);
            if !wanted.name.is_empty() && wanted.name != live.name {
                drops.push(self.rename_constraint(&live.name, &wanted.name));
            }
        }
        for key in left.into_iter().rev() {
            drops.insert(0, self.drop_constraint("foreign key", &key.name));
        }
        self.drops.extend(drops);
        self.adds.extend(adds);
    }

    fn checks(&mut self) {
        let mut left: Vec<&CheckConstraint> = self.live.checks.iter().collect();
        let (mut drops, mut adds) = (Vec::new(), Vec::new());
        for (place, normal) in self.wanted.checks.iter().enumerate() {
            let wanted = self.facts.spelled_check(place, normal);
            let same = |live: &&CheckConstraint| {
                live.condition == wanted.condition || self.facts.same_condition(&normal.condition, &live.condition)
            };
            let found = left
                .iter()
                .position(|live| same(live) && live.name == wanted.name)
                .or_else(|| left.iter().position(same));
            let Some(found) = found else {
                let name =
                    if wanted.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", quote(&wanted.name)) };
                let action = format!("ADD {name}CHECK ({})", wanted.condition);
                adds.push(self.alter(format!("add check `{}`", wanted.condition), &action, cost::add_check()));
                continue;
            };
            let live = left.remove(found);
            if !wanted.name.is_empty() && wanted.name != live.name {
                drops.push(self.rename_constraint(&live.name, &wanted.name));
            }
        }
        for check in left.into_iter().rev() {
            drops.insert(0, self.drop_constraint("check", &check.name));
        }
        self.drops.extend(drops);
        // A check comes before foreign keys: it fails faster.
        self.adds.splice(0..0, adds);
    }

    fn indexes(&mut self) {
        let mut left: Vec<&IndexStructure> = self.live.indexes.iter().filter(|index| !self.is_own(index)).collect();
        let (mut drops, mut renames, mut adds) = (Vec::new(), Vec::new(), Vec::new());
        for (place, normal) in self.wanted.indexes.iter().enumerate() {
            let wanted = self.facts.spelled_index(place, normal);
            let same_index = |live: &IndexStructure| self.same_index(normal, live) || self.same_index(wanted, live);
            let named = !wanted.name.is_empty();
            let found = left
                .iter()
                .position(|live| same_index(live) && (!named || live.name == wanted.name))
                .or_else(|| left.iter().position(|live| same_index(live)));
            let Some(found) = found else {
                adds.push(create_index(self.wanted, wanted));
                continue;
            };
            let live = left.remove(found);
            if named && live.name != wanted.name {
                renames.push(self.rename_index(&live.name, &wanted.name));
            }
        }
        for index in left {
            drops.push(if self.facts.constraint_indexes.contains(&index.name) {
                self.drop_constraint("unique key", &index.name)
            } else {
                let name = TableName::parse(&self.live.name).beside(&index.name);
                change(format!("drop index `{}`", index.name), format!("DROP INDEX {name}"), cost::free())
            });
        }
        self.drops.extend(drops);
        self.drops.extend(renames);
        self.adds.splice(0..0, adds);
    }

    /// Whether two indexes do the same; names apart.
    fn same_index(&self, wanted: &IndexStructure, live: &IndexStructure) -> bool {
        let method = |index: &IndexStructure| index.method.clone().filter(|method| method != "btree");
        let filters = match (&wanted.filter, &live.filter) {
            (Some(wanted), Some(live)) => self.facts.same_condition(wanted, live),
            (wanted, live) => wanted == live,
        };
        wanted.unique == live.unique
            && method(wanted) == method(live)
            && wanted.columns == live.columns
            && filters
            && wanted.include == live.include
    }

    /// The index that TimescaleDB makes for itself.
    fn is_own(&self, index: &IndexStructure) -> bool {
        let TableKind::Hypertable { time_column, .. } = &self.live.kind else { return false };
        let table = TableName::parse(&self.live.name).table;
        index.name == format!("{table}_{time_column}_idx")
            && index.columns == [format!("{time_column} desc")]
            && !self.wanted.indexes.iter().any(|wanted| wanted.columns == index.columns)
    }

    fn rename_index(&self, from: &str, to: &str) -> TableChange {
        let name = TableName::parse(&self.live.name).beside(from);
        change(
            format!("rename index `{from}` to `{to}`"),
            format!("ALTER INDEX {name} RENAME TO {}", quote(to)),
            cost::free(),
        )
    }

    fn primary_key(&mut self) {
        let usual = format!("{}_pkey", TableName::parse(&self.live.name).table);
        let name = self.live.options.get("primary_key_name").unwrap_or(&usual);
        let asked = self.wanted.options.get("primary_key_name");
        if self.wanted.primary_key == self.live.primary_key {
            if let Some(asked) = asked.filter(|asked| *asked != name && !self.wanted.primary_key.is_empty()) {
                let rename = self.rename_constraint(name, asked);
                self.drops.push(rename);
            }
            return;
        }
        if !self.live.primary_key.is_empty() {
            let columns = self.live.primary_key.join("`, `");
            let action = format!("DROP CONSTRAINT {}", quote(name));
            let change = self.alter(format!("drop primary key (`{columns}`)"), &action, cost::free());
            self.drops.push(change);
        }
        if !self.wanted.primary_key.is_empty() {
            let columns = quote_all(self.wanted.primary_key.iter().map(String::as_str));
            let constraint = asked.map(|name| format!("CONSTRAINT {} ", quote(name))).unwrap_or_default();
            let change = self.alter(
                format!("add primary key (`{}`)", self.wanted.primary_key.join("`, `")),
                &format!("ADD {constraint}PRIMARY KEY ({columns})"),
                cost::add_primary_key(),
            );
            self.adds.insert(0, change);
        }
    }

    fn all_columns(&mut self) {
        for wanted in &self.wanted.columns {
            match self.live.column(&wanted.name) {
                None => self.add_column(wanted),
                Some(live) => self.change_column(wanted, live),
            }
        }
        for live in &self.live.columns {
            if self.wanted.column(&live.name).is_none() {
                self.drop_column(live);
            }
        }
    }

    fn add_column(&mut self, wanted: &ColumnStructure) {
        let is_stored = wanted.generated.as_ref().is_some_and(|generated| generated.stored);
        let computed = is_stored || wanted.auto_increment || self.facts.volatile_defaults.contains(&wanted.name);
        let filled = wanted.default.is_some() || wanted.generated.is_some() || wanted.auto_increment;
        let cost = match (computed, filled, wanted.nullable) {
            (true, ..) => cost::rewrite("computes a value for every row"),
            (false, false, false) => cost::note("fails where the table has rows: give it a default or allow NULL"),
            _ => cost::free(),
        };
        let change =
            self.alter(format!("add column `{}`", wanted.name), &format!("ADD COLUMN {}", column_sql(wanted)), cost);
        self.columns.push(change);
    }

    fn drop_column(&mut self, live: &ColumnStructure) {
        let loss = format!("all values of `{}`", live.name);
        let cost = if live.generated.is_some() { cost::free() } else { cost::loses(&loss) };
        let change =
            self.alter(format!("drop column `{}`", live.name), &format!("DROP COLUMN {}", quote(&live.name)), cost);
        self.columns.push(change);
    }

    fn change_column(&mut self, wanted: &ColumnStructure, live: &ColumnStructure) {
        let name = quote(&wanted.name);
        let of = format!("column `{}`", wanted.name);
        match (&wanted.generated, &live.generated) {
            (None, Some(_)) => {
                let action = format!("ALTER COLUMN {name} DROP EXPRESSION");
                let change = self.alter(format!("make {of} an ordinary column"), &action, cost::free());
                self.columns.push(change);
            }
            (Some(new), old) if old.as_ref() != Some(new) && !self.is_spelled(wanted, live) => {
                // No statement changes an expression; the values follow from the other columns.
                self.drop_column(live);
                self.add_column(wanted);
                return;
            }
            _ => {}
        }
        let type_changes = wanted.native_type != live.native_type;
        let collation_changes = wanted.collation.is_some() && wanted.collation != live.collation;
        if wanted.auto_increment != live.auto_increment && live.auto_increment {
            self.stop_numbering(wanted, &name);
        }
        let mut default_dropped = false;
        if type_changes || collation_changes {
            let mut turned = cost::type_change(&live.native_type, &wanted.native_type);
            if collation_changes && !type_changes {
                turned.cost = cost::rewrite("indexes of the column are built anew");
            }
            if turned.cast && live.default.is_some() {
                // The old default may have no place in the new type.
                let action = format!("ALTER COLUMN {name} DROP DEFAULT");
                let change = self.alter(format!("drop default of {of} before its type changes"), &action, cost::free());
                self.columns.push(change);
                default_dropped = true;
            }
            let collate = wanted.collation.as_ref().map(|name| format!(" COLLATE {}", quote(name)));
            let using = if turned.cast { format!(" USING {name}::{}", wanted.native_type) } else { String::new() };
            let summary = if type_changes {
                format!("change type of `{}` from {} to {}", wanted.name, live.native_type, wanted.native_type)
            } else {
                format!("change collation of `{}`", wanted.name)
            };
            let action =
                format!("ALTER COLUMN {name} TYPE {}{}{using}", wanted.native_type, collate.unwrap_or_default());
            let change = self.alter(summary, &action, turned.cost);
            self.columns.push(change);
        }
        self.default(wanted, live, &name, default_dropped);
        if wanted.nullable != live.nullable {
            let (word, cost) = match wanted.nullable {
                true => ("DROP", cost::free()),
                false => ("SET", cost::set_not_null()),
            };
            let allowed = if wanted.nullable { "allow" } else { "refuse" };
            let change =
                self.alter(format!("{allowed} NULL in {of}"), &format!("ALTER COLUMN {name} {word} NOT NULL"), cost);
            self.columns.push(change);
        }
        if wanted.auto_increment && !live.auto_increment {
            if live.default.is_some() && !default_dropped {
                let action = format!("ALTER COLUMN {name} DROP DEFAULT");
                let change = self.alter(format!("drop default of {of}"), &action, cost::free());
                self.columns.push(change);
            }
            let action = format!("ALTER COLUMN {name} ADD GENERATED BY DEFAULT AS IDENTITY");
            let note = cost::note("numbers start at 1: move the sequence beyond the values that are there with setval");
            let change = self.alter(format!("number {of} by the system"), &action, note);
            self.columns.push(change);
        }
    }

    /// Whether default and expression are there in the very words of the document.
    fn is_spelled(&self, wanted: &ColumnStructure, live: &ColumnStructure) -> bool {
        self.facts
            .spelled
            .column(&wanted.name)
            .is_some_and(|spelled| spelled.default == live.default && spelled.generated == live.generated)
    }

    fn stop_numbering(&mut self, wanted: &ColumnStructure, name: &str) {
        let word = if self.facts.identities.contains(&wanted.name) { "IDENTITY" } else { "DEFAULT" };
        let action = format!("ALTER COLUMN {name} DROP {word}");
        let change =
            self.alter(format!("stop numbering column `{}` by the system", wanted.name), &action, cost::free());
        self.columns.push(change);
    }

    fn default(&mut self, wanted: &ColumnStructure, live: &ColumnStructure, name: &str, dropped: bool) {
        if wanted.auto_increment || wanted.generated.is_some() {
            return;
        }
        let of = format!("column `{}`", wanted.name);
        let kept = if dropped { live.default.as_ref() } else { None };
        match wanted.default.as_ref().or(kept) {
            // NULL written out asks for no default; nothing written asks for nothing.
            Some(default) if is_null(default) => {
                let action = format!("ALTER COLUMN {name} DROP DEFAULT");
                let has_one = live.default.is_some() && !dropped;
                let change = has_one.then(|| self.alter(format!("drop default of {of}"), &action, cost::free()));
                self.columns.extend(change);
            }
            Some(default) if dropped || live.default.as_ref() != Some(default) && !self.is_spelled(wanted, live) => {
                let action = format!("ALTER COLUMN {name} SET DEFAULT {default}");
                let change = self.alter(format!("set default of {of} to {default}"), &action, cost::free());
                self.columns.push(change);
            }
            _ => {}
        }
    }

    fn comments(&mut self) {
        let differs = |wanted: &Option<String>, live: &Option<String>| {
            wanted.as_ref().is_some_and(|text| text != live.as_deref().unwrap_or_default())
        };
        if differs(&self.wanted.comment, &self.live.comment) {
            self.adds.push(comment(self.wanted, None, self.wanted.comment.as_deref()));
        }
        for wanted in &self.wanted.columns {
            let there = self.live.column(&wanted.name).and_then(|live| live.comment.clone());
            if differs(&wanted.comment, &there) {
                self.adds.push(comment(self.wanted, Some(&wanted.name), wanted.comment.as_deref()));
            }
        }
    }

    fn options(&mut self) {
        for (key, value) in &self.wanted.options {
            let live = self.live.options.get(key);
            if live == Some(value) {
                continue;
            }
            match key.as_str() {
                "partition_by" if live.is_none_or(|live| !same_words(live, value)) => self.manual.push(format!(
                    "`{}` is {}, not partitioned by {value}; make a new table and move the rows by hand",
                    self.wanted.name,
                    live.map_or("not partitioned".to_owned(), |live| format!("partitioned by {live}")),
                )),
                "unlogged" => {
                    let wants = value == "true";
                    if wants != live.is_some() {
                        let word = if wants { "UNLOGGED" } else { "LOGGED" };
                        let cost = cost::rewrite("writes the whole table");
                        let change =
                            self.alter(format!("make it {}", word.to_lowercase()), &format!("SET {word}"), cost);
                        self.adds.push(change);
                    }
                }
                "tablespace" => {
                    let change = self.alter(
                        format!("move it to tablespace `{value}`"),
                        &format!("SET TABLESPACE {}", quote(value)),
                        cost::rewrite("copies the whole table"),
                    );
                    self.adds.push(change);
                }
                _ if is_storage(key) => {
                    let change = self.alter(
                        format!("set {key} to {value}"),
                        &format!("SET ({key} = {})", storage_value(value)),
                        cost::note("holds for pages written from now on"),
                    );
                    self.adds.push(change);
                }
                _ => {
                    if let Some(name) = key.strip_prefix("constraint ") {
                        if live.is_some() {
                            let drop = self.drop_constraint("constraint", name);
                            self.drops.push(drop);
                        }
                        let action = format!("ADD CONSTRAINT {} {value}", quote(name));
                        let change = self.alter(format!("add constraint `{name}`"), &action, cost::add_check());
                        self.adds.push(change);
                    }
                }
            }
        }
    }

    fn kind(&mut self, notes: &mut Vec<String>) {
        match (&self.wanted.kind, &self.live.kind) {
            (TableKind::Hypertable { .. }, TableKind::Plain) => {
                self.adds.extend(hypertable(self.wanted, self.facts, true));
                self.adds.extend(space(self.wanted, self.facts));
            }
            (TableKind::Plain, TableKind::Hypertable { time_column, .. }) => self.manual.push(format!(
                "`{}` is a hypertable by `{time_column}`; no statement makes it a plain table: make a new one and move the rows",
                self.wanted.name
            )),
            (
                TableKind::Hypertable { time_column, chunk_interval },
                TableKind::Hypertable { time_column: there, chunk_interval: width },
            ) => {
                if time_column != there {
                    self.manual.push(format!(
                        "`{}` is a hypertable by `{there}`, not by `{time_column}`; make a new table and move the rows",
                        self.wanted.name
                    ));
                }
                if let Some(asked) = chunk_interval.as_ref().filter(|asked| Some(*asked) != width.as_ref()) {
                    let sql =
                        format!("SELECT set_chunk_time_interval({}, {})", literal(&self.table), interval(asked));
                    let was = width.as_deref().unwrap_or("unknown");
                    let cost = cost::note("holds for new chunks only");
                    self.adds.push(change(format!("change width of chunks from {was} to {asked}"), sql, cost));
                }
                if self.wanted.options.contains_key("space_column") && !self.live.options.contains_key("space_column") {
                    notes.push("a hypertable takes another dimension only while it is empty".to_owned());
                    self.adds.extend(space(self.wanted, self.facts));
                }
            }
            _ => {}
        }
    }
}

fn is_null(default: &str) -> bool {
    let bare = default.split("::").next().unwrap_or(default);
    bare.trim().eq_ignore_ascii_case("null")
}

fn same_words(left: &str, right: &str) -> bool {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '"'], "");
    plain(left) == plain(right)
}
