//! The distance between a wanted table and the live one, as statements in an order that works.

use super::column::{self, difference};
use super::cost::{Server, at_once, copied, rebuilt, scanned, together};
use super::{normal, render};
use crate::mysql::create::plain;
use crate::mysql::{quote, quote_all, quote_table};
use data::structure::{
    ChangeCost, CheckConstraint, ColumnStructure, ForeignKey, IndexStructure, TableAction, TableChange, TablePlan,
    TableStructure,
};

/// Plans the statements. `normal` is the wanted table as the server spells it.
pub(super) fn plan(
    server: &Server,
    wanted: &TableStructure,
    normal: &TableStructure,
    live: &TableStructure,
) -> TablePlan {
    let mut plan = Planner {
        server,
        wanted,
        normal,
        live,
        table: quote_table(&wanted.name),
        changes: Vec::new(),
        manual: Vec::new(),
        notes: Vec::new(),
    };
    // Keys go before their columns do and come after them.
    plan.drop_keys();
    plan.table_options();
    plan.columns();
    plan.primary_key();
    plan.add_keys();
    plan.partitions();
    let action = match (plan.changes.is_empty(), plan.manual.is_empty()) {
        (_, false) => TableAction::Manual,
        (false, true) => TableAction::Alter,
        (true, true) => TableAction::Nothing,
    };
    TablePlan { table: wanted.name.clone(), action, changes: plan.changes, manual: plan.manual, notes: plan.notes }
}

struct Planner<'a> {
    server: &'a Server,
    wanted: &'a TableStructure,
    normal: &'a TableStructure,
    live: &'a TableStructure,
    table: String,
    changes: Vec<TableChange>,
    manual: Vec<String>,
    notes: Vec<String>,
}

impl Planner<'_> {
    fn alter(&mut self, summary: String, action: &str, cost: ChangeCost) {
        self.changes.push(TableChange { summary, sql: format!("ALTER TABLE {} {action}", self.table), cost });
    }

    /// Takes away foreign keys, checks and indexes that are not wanted or are wanted otherwise.
    fn drop_keys(&mut self) {
        let live = self.live;
        for key in &live.foreign_keys {
            if !self.normal.foreign_keys.iter().any(|wanted| same_foreign_key(wanted, key)) {
                let summary = format!("drop foreign key `{}` to `{}`", key.name, key.references);
                self.alter(summary, &format!("DROP FOREIGN KEY {}", quote(&key.name)), at_once());
            }
        }
        for check in &live.checks {
            if self.normal.checks.iter().any(|wanted| same_check(wanted, check)) {
                continue;
            }
            if live.column(&check.name).is_some() {
                // MariaDB drops the check of a column only by defining the column anew.
                let Some(column) = live.column(&check.name) else { continue };
                let action = format!("MODIFY COLUMN {}", render::column(column, None));
                self.alter(format!("drop check of column `{}`", check.name), &action, at_once());
            } else {
                let word = if self.server.mariadb { "CONSTRAINT" } else { "CHECK" };
                let action = format!("DROP {word} {}", quote(&check.name));
                self.alter(format!("drop check `{}`", check.name), &action, at_once());
            }
        }
        for index in &live.indexes {
            let wanted = self.normal.indexes.iter().any(|wanted| same_index(wanted, index));
            if !wanted && !self.serves_foreign_key(index) {
                let summary = format!("drop index `{}`", index.name);
                self.alter(summary, &format!("DROP INDEX {}", quote(&index.name)), at_once());
            }
        }
    }

    /// InnoDB makes an index for a foreign key that has none, under the key's name or that of its first column.
    fn serves_foreign_key(&self, index: &IndexStructure) -> bool {
        let own = |key: &ForeignKey| index.name == key.name || key.columns.first().is_some_and(|c| *c == index.name);
        let mut keys = self.normal.foreign_keys.iter();
        let named = self.normal.indexes.iter().any(|wanted| wanted.name == index.name);
        !named && !index.unique && keys.any(|key| own(key) && index.columns.starts_with(&key.columns))
    }

    fn table_options(&mut self) {
        if let Some(comment) = &self.wanted.comment
            && comment.as_str() != self.live.comment.as_deref().unwrap_or_default()
        {
            self.alter("set comment".to_owned(), &format!("COMMENT={}", render::literal(comment)), at_once());
        }
        let option = |table: &TableStructure, word: &str| table.options.get(word).cloned();
        for (word, sql) in [("engine", "ENGINE"), ("row_format", "ROW_FORMAT")] {
            let Some(wanted) = option(self.wanted, word) else { continue };
            let live = option(self.live, word).unwrap_or_else(|| "the default".to_owned());
            let is_usual_format = word == "row_format" && live == "the default" && is_usual(&wanted);
            if !wanted.eq_ignore_ascii_case(&live) && !is_usual_format {
                let summary = format!("change {word} from {live} to {wanted}");
                self.alter(summary, &format!("{sql}={wanted}"), copied("copies the table"));
            }
        }
        let said = ["charset", "collation"].iter().any(|word| self.wanted.options.contains_key(*word));
        let (live, wanted) = (option(self.live, "collation"), option(self.normal, "collation"));
        if said
            && live != wanted
            && let (Some(live), Some(wanted)) = (live, wanted)
        {
            let charset = option(self.normal, "charset").unwrap_or_default();
            let action = format!("DEFAULT CHARACTER SET {charset} COLLATE {wanted}");
            let note = "new columns get it; those that are there are changed one by one";
            self.alter(format!("change default collation from {live} to {wanted}"), &action, scanned(note));
        }
    }

    fn columns(&mut self) {
        let (live, normal) = (self.live, self.normal);
        let find = |table: &TableStructure, name: &str| {
            table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)).cloned()
        };
        let gone: Vec<&ColumnStructure> =
            live.columns.iter().filter(|column| find(normal, &column.name).is_none()).collect();
        let new: Vec<usize> =
            (0..normal.columns.len()).filter(|at| find(live, &normal.columns[*at].name).is_none()).collect();
        for column in &gone {
            if let Some(renamed) = new.iter().find(|at| normal.columns[**at].native_type == column.native_type) {
                let (from, to) = (&column.name, &normal.columns[*renamed].name);
                self.notes.push(format!(
                    "if `{from}` is to become `{to}` and keep its values, say `renamed_from: {from}` of it"
                ));
            }
        }
        for (at, wanted) in self.wanted.columns.iter().enumerate() {
            let Some(described) = normal.columns.get(at) else { continue };
            match find(live, &wanted.name) {
                None => self.add_column(at, described),
                Some(found) => self.change_column(wanted, described, &found),
            }
        }
        for column in gone {
            let cost = ChangeCost {
                loss: Some(format!("the values of column `{}`", column.name)),
                ..self.server.column_at_once()
            };
            let cost = if column.generated.is_some() { ChangeCost { loss: None, ..cost } } else { cost };
            self.alter(format!("drop column `{}`", column.name), &format!("DROP COLUMN {}", quote(&column.name)), cost);
        }
        self.order();
    }

    fn add_column(&mut self, at: usize, normal: &ColumnStructure) {
        let wanted = &self.wanted.columns[at];
        let stored = normal.generated.as_ref().is_some_and(|generated| generated.stored);
        let mut cost = match (normal.auto_increment, stored) {
            (true, _) => copied("copies the table and numbers every row"),
            (_, true) => copied("copies the table and computes every row"),
            _ => self.server.column_at_once(),
        };
        if !normal.nullable && normal.default.is_none() && normal.generated.is_none() && !normal.auto_increment {
            cost = together(cost, scanned("rows that are there get the type's empty value: 0 or ''"));
        }
        let mut action = format!("ADD COLUMN {}{}", render::column(wanted, None), self.place(at));
        if normal.auto_increment && self.live.primary_key.is_empty() && self.normal.primary_key == [wanted.name.clone()]
        {
            // A numbered column must be a key from its first moment.
            action.push_str(&format!(", ADD PRIMARY KEY ({})", quote(&wanted.name)));
        }
        self.alter(format!("add column `{}`", wanted.name), &action, cost);
    }

    /// ` FIRST`, ` AFTER x`, or nothing at the end.
    fn place(&self, at: usize) -> String {
        let later = &self.normal.columns[at + 1..];
        if !later.iter().any(|column| self.live.column(&column.name).is_some()) {
            return String::new();
        }
        match at.checked_sub(1) {
            None => " FIRST".to_owned(),
            Some(before) => format!(" AFTER {}", quote(&self.wanted.columns[before].name)),
        }
    }

    fn change_column(&mut self, wanted: &ColumnStructure, normal: &ColumnStructure, live: &ColumnStructure) {
        let collations = column::collations((self.wanted, wanted), (self.normal, normal), (self.live, live));
        let Some(found) = difference(self.server, wanted, normal, live, collations) else { return };
        let mut column = ColumnStructure { name: live.name.clone(), ..wanted.clone() };
        // What is left open stays as it is; a definition that does not say it would take it away.
        column.comment = column.comment.or_else(|| live.comment.clone());
        if column.collation.is_none() && is_text_like(&normal.native_type) {
            column.collation = match collations {
                Some((_, then)) => Some(then.to_owned()),
                None => live.collation.clone(),
            };
        }
        let check =
            self.live.checks.iter().find(|check| {
                check.name == live.name && self.normal.checks.iter().any(|wanted| same_check(wanted, check))
            });
        let definition = render::column(&column, check);
        let action = if found.anew {
            let at = self.live.columns.iter().position(|other| other.name == live.name).unwrap_or(0);
            let place = match at.checked_sub(1) {
                None => " FIRST".to_owned(),
                Some(before) => format!(" AFTER {}", quote(&self.live.columns[before].name)),
            };
            format!("DROP COLUMN {}, ADD COLUMN {definition}{place}", quote(&live.name))
        } else {
            format!("MODIFY COLUMN {definition}")
        };
        self.alter(found.words.join(", "), &action, found.cost);
    }

    /// Moves the fewest columns that bring all into the wanted order.
    fn order(&mut self) {
        let common: Vec<(usize, usize)> = (self.normal.columns.iter().enumerate())
            .filter_map(|(at, column)| {
                let there = self.live.columns.iter().position(|other| other.name.eq_ignore_ascii_case(&column.name))?;
                Some((at, there))
            })
            .collect();
        let places: Vec<usize> = common.iter().map(|(_, there)| *there).collect();
        let staying = longest_increasing(&places);
        for (index, (at, there)) in common.iter().enumerate() {
            if staying.contains(&index) {
                continue;
            }
            let wanted = &self.wanted.columns[*at];
            let live = &self.live.columns[*there];
            let column = ColumnStructure {
                name: live.name.clone(),
                comment: wanted.comment.clone().or_else(|| live.comment.clone()),
                collation: wanted.collation.clone().or_else(|| live.collation.clone()),
                ..wanted.clone()
            };
            let place = match at.checked_sub(1) {
                None => "FIRST".to_owned(),
                Some(before) => format!("AFTER {}", quote(&self.wanted.columns[before].name)),
            };
            let check = self.live.checks.iter().find(|check| check.name == live.name);
            let action = format!("MODIFY COLUMN {} {place}", render::column(&column, check));
            let summary = format!("move column `{}` {}", live.name, place.to_ascii_lowercase());
            self.alter(summary, &action, self.server.column_moved());
        }
    }

    fn primary_key(&mut self) {
        let (live, wanted) = (&self.live.primary_key, &self.normal.primary_key);
        let alike = live.len() == wanted.len() && live.iter().zip(wanted).all(|(a, b)| a.eq_ignore_ascii_case(b));
        let added_with_column = self.changes.iter().any(|change| change.sql.contains(", ADD PRIMARY KEY ("));
        if alike || added_with_column {
            return;
        }
        let columns = quote_all(wanted.iter().map(String::as_str));
        let note = "rebuilds the table in place, and fails where rows repeat or hold NULL";
        let (summary, action) = match (live.is_empty(), wanted.is_empty()) {
            (true, _) => (format!("add primary key ({})", wanted.join(", ")), format!("ADD PRIMARY KEY ({columns})")),
            (_, true) => ("drop primary key".to_owned(), "DROP PRIMARY KEY".to_owned()),
            _ => (
                format!("change primary key from ({}) to ({})", live.join(", "), wanted.join(", ")),
                format!("DROP PRIMARY KEY, ADD PRIMARY KEY ({columns})"),
            ),
        };
        let cost = if wanted.is_empty() { copied("copies the table") } else { rebuilt(note) };
        self.alter(summary, &action, cost);
    }

    fn add_keys(&mut self) {
        let (live, normal) = (self.live, self.normal);
        for wanted in &normal.indexes {
            if live.indexes.iter().any(|index| same_index(wanted, index)) {
                continue;
            }
            let mut cost = scanned("reads the whole table while others work");
            if wanted.unique {
                cost.note = Some("reads the whole table while others work, and fails where rows repeat".to_owned());
            }
            if matches!(wanted.method.as_deref(), Some("fulltext" | "spatial")) {
                cost = copied("reads the whole table; the first full-text index of a table rewrites it");
            }
            let what = if wanted.unique { "unique index" } else { "index" };
            let summary = format!("add {what} `{}` ({})", wanted.name, wanted.columns.join(", "));
            self.alter(summary, &format!("ADD {}", render::index(wanted)), cost);
        }
        for wanted in &normal.checks {
            if !live.checks.iter().any(|check| same_check(wanted, check)) {
                let summary = match wanted.name.is_empty() {
                    true => format!("add check ({})", wanted.condition),
                    false => format!("add check `{}`", wanted.name),
                };
                let cost = copied("copies the table, and fails where a row breaks the condition");
                self.alter(summary, &format!("ADD {}", render::check(wanted)), cost);
            }
        }
        for key in &normal.foreign_keys {
            if !live.foreign_keys.iter().any(|there| same_foreign_key(key, there)) {
                let summary = format!("add foreign key on ({}) to `{}`", key.columns.join(", "), key.references);
                let cost = copied("copies the table, and fails where a row refers to nothing");
                self.alter(summary, &format!("ADD {}", render::foreign_key(key)), cost);
            }
        }
    }

    fn partitions(&mut self) {
        let Some(wanted) = self.wanted.options.get("partition_by") else { return };
        let live = self.live.options.get("partition_by");
        if live.is_some_and(|live| normal::partitions(live) == normal::partitions(wanted)) {
            return;
        }
        if let Some(added) = live.and_then(|live| normal::added_partitions(live, wanted)) {
            return self.alter("add partitions".to_owned(), &format!("ADD PARTITION ({added})"), at_once());
        }
        let summary = match live {
            Some(_) => "change partitions",
            None => "divide into partitions",
        };
        let action = format!("PARTITION BY {}", normal::partitions_text(wanted));
        let cost = copied("copies the table, and fails where a row has no partition");
        self.alter(summary.to_owned(), &action, cost);
    }
}

fn is_usual(row_format: &str) -> bool {
    row_format.eq_ignore_ascii_case("dynamic") || row_format.eq_ignore_ascii_case("default")
}

fn is_text_like(native_type: &str) -> bool {
    native_type.contains("char")
        || native_type.contains("text")
        || native_type.starts_with("enum(")
        || native_type.starts_with("set(")
}

fn same_index(wanted: &IndexStructure, live: &IndexStructure) -> bool {
    let named = wanted.name.is_empty() || wanted.name.eq_ignore_ascii_case(&live.name);
    let alike = |(one, other): (&String, &String)| {
        one == other
            || (plain(one).eq_ignore_ascii_case(plain(other)) && one[plain(one).len()..] == other[plain(other).len()..])
    };
    let method = |index: &IndexStructure| index.method.clone().filter(|method| method != "btree");
    let columns = wanted.columns.len() == live.columns.len() && wanted.columns.iter().zip(&live.columns).all(alike);
    named && columns && wanted.unique == live.unique && method(wanted) == method(live)
}

fn same_check(wanted: &CheckConstraint, live: &CheckConstraint) -> bool {
    let bare = |text: &str| text.replace([' ', '`', '(', ')'], "").to_ascii_lowercase();
    bare(&wanted.condition) == bare(&live.condition)
}

fn same_foreign_key(wanted: &ForeignKey, live: &ForeignKey) -> bool {
    let named = wanted.name.is_empty() || wanted.name.eq_ignore_ascii_case(&live.name);
    let same =
        |a: &[String], b: &[String]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b));
    named
        && same(&wanted.columns, &live.columns)
        && same(&wanted.referenced_columns, &live.referenced_columns)
        && wanted.references.eq_ignore_ascii_case(&live.references)
        && (&wanted.on_delete, &wanted.on_update) == (&live.on_delete, &live.on_update)
}

/// Indexes of a longest increasing subsequence.
fn longest_increasing(values: &[usize]) -> Vec<usize> {
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(values.len());
    for (at, value) in values.iter().enumerate() {
        let before = (0..at).filter(|other| values[*other] < *value).max_by_key(|other| best[*other].0);
        best.push((before.map_or(1, |other| best[other].0 + 1), before));
    }
    let mut at = (0..values.len()).max_by_key(|at| best[*at].0);
    let mut found = Vec::new();
    while let Some(index) = at {
        found.push(index);
        at = best[index].1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_columns_are_moved() {
        let check =
            |values: &[usize], length: usize| assert_eq!(longest_increasing(values).len(), length, "{values:?}");
        check(&[], 0);
        check(&[0, 1, 2], 3);
        check(&[1, 2, 3, 0], 3);
        check(&[3, 0, 1, 2], 3);
        check(&[2, 1, 0], 1);
    }
}
