//! Keys, indexes and checks: whether they name columns that are there, and what they are called.

use super::super::read::RawColumn;
use super::super::types::shorten;
use super::{Checker, fold};
use data::System;
use data::structure::{CheckConstraint, IndexStructure, TableStructure};
use model::tree::Position;
use model::{ErrorCode, nearest};
use std::collections::HashSet;

impl Checker<'_, '_> {
    pub(super) fn primary_key(&mut self) -> Vec<String> {
        let raw = self.raw;
        let marked: Vec<String> =
            raw.columns.iter().filter(|column| column.primary_key).map(|column| column.name.clone()).collect();
        let Some(listed) = &raw.primary_key else { return marked };
        for named in listed {
            self.known_column(&named.name, named.at, &named.path);
        }
        let names: Vec<String> = listed.iter().map(|named| named.name.clone()).collect();
        if let Some(other) = marked.iter().find(|name| !names.contains(name)) {
            let message = format!("`{}` says it is in the primary key, which does not list it", shorten(other));
            let hint = "Add it to `primary_key`, or leave `primary_key` out of the column.";
            self.refuse("primary_key", ErrorCode::InvalidValue, message, hint);
        }
        names
    }

    /// Refuses a name that is no column of the table.
    pub(super) fn known_column(&mut self, name: &str, at: Position, path: &str) {
        let raw = self.raw;
        let same = |column: &RawColumn| fold(&column.name, self.database) == fold(name, self.database);
        if raw.has_unread_columns || raw.columns.iter().any(same) {
            return;
        }
        let hint = match nearest(name, raw.columns.iter().map(|column| column.name.as_str())) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Add it to `columns`.".to_owned(),
        };
        let message = format!("the table has no column `{}`", shorten(name));
        self.reader.refuse(ErrorCode::ColumnNotFound, at, path, message, hint);
    }

    /// Indexes, foreign keys and checks.
    pub(super) fn constraints(&mut self, structure: &mut TableStructure) {
        let raw = self.raw;
        if self.database.system() == System::Tdengine {
            let asked = [("foreign_keys", raw.foreign_keys.is_empty()), ("checks", raw.checks.is_empty())];
            for (key, _) in asked.into_iter().filter(|(_, empty)| !empty) {
                self.refuse(key, ErrorCode::InvalidValue, format!("TDengine has no `{key}`"), "Leave them out.");
            }
        }
        let mut names = HashSet::new();
        for (place, (at, path, index)) in raw.indexes.iter().enumerate() {
            for column in
                index.columns.iter().filter_map(|column| plain_column(column)).chain(index.include.iter().cloned())
            {
                self.known_column(&column, *at, &format!("{path}.columns"));
            }
            if index.name.is_empty() {
                structure.indexes[place].name = self.index_name(&structure.name, index);
            }
            let name = structure.indexes[place].name.to_lowercase();
            if !names.insert(name) {
                let message = format!("two indexes are called `{}`", shorten(&structure.indexes[place].name));
                self.reader.refuse(ErrorCode::Duplicate, *at, path, message, "Give one of them another name.");
            }
        }
        for column in raw.columns.iter().filter(|column| column.unique) {
            let is_key = structure.primary_key == [column.name.clone()];
            let is_there = structure.indexes.iter().any(|index| index.unique && index.columns == [column.name.clone()]);
            if !is_key && !is_there {
                let mut index =
                    IndexStructure { columns: vec![column.name.clone()], unique: true, ..IndexStructure::default() };
                index.name = self.index_name(&structure.name, &index);
                structure.indexes.push(index);
            }
        }
        for (place, (at, path, key)) in raw.foreign_keys.iter().enumerate() {
            for column in &key.columns {
                self.known_column(column, *at, &format!("{path}.columns"));
            }
            if key.referenced_columns.is_empty() {
                let message = "the foreign key lacks the key `referenced_columns`".to_owned();
                let hint = format!("Name the columns of `{}`.", shorten(&key.references));
                self.reader.refuse(ErrorCode::MissingKey, *at, &format!("{path}.referenced_columns"), message, hint);
            } else if key.referenced_columns.len() != key.columns.len() {
                let message = format!(
                    "the foreign key has {} columns here and {} there",
                    key.columns.len(),
                    key.referenced_columns.len()
                );
                self.reader.refuse(ErrorCode::InvalidValue, *at, path, message, "Give as many there as here.");
            }
            if key.name.is_empty() && self.database.system() != System::Sqlite {
                let columns = key.columns.join("_");
                structure.foreign_keys[place].name = self.cut(format!("{}_{columns}_fkey", structure.name));
            }
        }
        for (place, check) in structure.checks.iter_mut().enumerate() {
            if check.condition.is_empty() {
                let message = "a check has an empty condition".to_owned();
                let path = format!("{}.checks.{place}", raw.path);
                self.reader.refuse(ErrorCode::InvalidValue, raw.place("checks"), &path, message, "Write a condition.");
            }
            if check.name.is_empty() && self.database.system() != System::Sqlite {
                check.name = format!("{}_check_{}", structure.name, place + 1);
            }
        }
        self.enumerations(structure);
        self.numbered(structure);
    }

    /// SQLite and PostgreSQL have no enumerations of a column's own; a check keeps other values out.
    fn enumerations(&mut self, structure: &mut TableStructure) {
        if !matches!(self.database.system(), System::Sqlite | System::Postgres) {
            return;
        }
        for column in &self.raw.columns {
            let is_enum = column.word.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("enum"));
            if is_enum && !column.values.is_empty() {
                let values: Vec<String> =
                    column.values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
                let condition = format!("\"{}\" IN ({})", column.name.replace('"', "\"\""), values.join(", "));
                let name = match self.database.system() {
                    System::Sqlite => String::new(),
                    _ => self.cut(format!("{}_{}_values", structure.name, column.name)),
                };
                structure.checks.push(CheckConstraint { name, condition });
            }
        }
    }

    /// A column that the database numbers must be a key.
    fn numbered(&mut self, structure: &TableStructure) {
        let numbered: Vec<&RawColumn> = self.raw.columns.iter().filter(|column| column.auto_increment).collect();
        let Some(first) = numbered.first() else { return };
        if let Some(second) = numbered.get(1) {
            let message = format!("`{}` and `{}` are both numbered", shorten(&first.name), shorten(&second.name));
            self.refuse_column(second, "auto_increment", message, "Let the database number one column.");
        }
        let is_key = structure.primary_key.first() == Some(&first.name)
            || structure.indexes.iter().any(|index| index.columns.first() == Some(&first.name));
        match self.database.system() {
            System::Sqlite if structure.primary_key != [first.name.clone()] => {
                let message = format!("`{}` is numbered, but is not the primary key by itself", shorten(&first.name));
                self.refuse_column(
                    first,
                    "auto_increment",
                    message,
                    "Set `primary_key: true` on it and no other column.",
                );
            }
            System::Mysql if !is_key => {
                let message = format!("`{}` is numbered, but begins no key", shorten(&first.name));
                self.refuse_column(first, "auto_increment", message, "Set `primary_key: true`, or give it an index.");
            }
            _ => {}
        }
    }

    /// A name for an index that has none: `daily_bars_symbol_idx`.
    fn index_name(&self, table: &str, index: &IndexStructure) -> String {
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|column| {
                let plain = plain_column(column).unwrap_or_else(|| "expr".to_owned());
                plain.chars().filter(|char| char.is_alphanumeric() || *char == '_').collect()
            })
            .collect();
        self.cut(format!("{table}_{}_{}", columns.join("_"), if index.unique { "key" } else { "idx" }))
    }

    /// The name, cut to what every database takes.
    fn cut(&self, mut name: String) -> String {
        while name.len() > 63 {
            name.pop();
        }
        name
    }
}

/// The column of an index's part: without ` desc` and prefix length; none for an expression.
pub(super) fn plain_column(part: &str) -> Option<String> {
    let part = part.trim();
    if part.starts_with('(') {
        return None;
    }
    let lower = part.to_lowercase();
    let end =
        [" desc", " asc"].iter().find_map(|suffix| lower.strip_suffix(suffix).map(str::len)).unwrap_or(part.len());
    let part = part.get(..end).unwrap_or(part).trim();
    match part.rsplit_once('(') {
        Some((column, rest)) if rest.trim_end_matches(')').parse::<u32>().is_ok() => Some(column.trim().to_owned()),
        Some(_) => None,
        None => Some(part.to_owned()),
    }
}
