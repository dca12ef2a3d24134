//! A table's whole structure in the target's words, and what is lost on the way.
//!
//! Where both sides are one system everything is kept as it is spelled. Indexes and foreign keys are part of the
//! structure; when they are made is the caller's business ([`super::create`]).

use super::columns::Planned;
use super::expression;
use super::sql::{bare, literal, quote};
use super::types::{Neutral, Place, longest, read, spell};
use data::System;
use data::structure::{CheckConstraint, ColumnStructure, ForeignKey, IndexStructure, TableKind, TableStructure};
use std::collections::BTreeMap;

/// The system that gets the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flavor {
    pub(super) system: System,
    pub(super) is_mariadb: bool,
    /// Whether enumerations become types of their own.
    pub(super) enum_types: bool,
}

/// The table as it is to be made, and what people should know of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Translated {
    pub(super) structure: TableStructure,
    /// Enumerations that have to be there before the table, each with the type's spelling and its values.
    pub(super) types: Vec<(String, Vec<String>)>,
    pub(super) notes: Vec<String>,
}

/// Translates the source's table for the columns that are copied. `tables` are the target's names of other tables.
pub(super) fn translate(
    source: &TableStructure,
    from: System,
    columns: &[Planned],
    to: Flavor,
    table: &str,
    tables: &BTreeMap<String, String>,
) -> Translated {
    let names: BTreeMap<String, String> = columns
        .iter()
        .filter_map(|column| Some((column.origin.as_ref()?.name.clone(), column.target.clone())))
        .collect();
    let mut work = Work { source, from, to, table, names, notes: Vec::new() };
    let mut structure = TableStructure { name: table.to_owned(), ..TableStructure::default() };
    structure.columns = columns.iter().map(|column| work.column(column, columns)).collect();
    structure.primary_key = work.primary_key();
    structure.indexes = source.indexes.iter().filter_map(|index| work.index(index)).collect();
    structure.foreign_keys = source.foreign_keys.iter().filter_map(|key| work.foreign_key(key, tables)).collect();
    structure.checks = source.checks.iter().filter_map(|check| work.check(check)).collect();
    structure.checks.extend(columns.iter().filter_map(|column| work.enumeration(column)));
    structure.comment.clone_from(&source.comment);
    work.rest(&mut structure);
    let types = columns.iter().filter_map(|column| work.enum_type(column)).collect();
    Translated { structure, types, notes: work.notes }
}

struct Work<'a> {
    source: &'a TableStructure,
    from: System,
    to: Flavor,
    table: &'a str,
    /// The target's names of the source's columns.
    names: BTreeMap<String, String>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn is_same(&self) -> bool {
        self.from == self.to.system
    }

    fn column(&mut self, planned: &Planned, all: &[Planned]) -> ColumnStructure {
        let target = &planned.target;
        let Some(origin) = &planned.origin else {
            let native_type = self.native(planned, all);
            let collation = self.collation(&native_type, None);
            let name = target.clone();
            return ColumnStructure { name, native_type, nullable: true, collation, ..ColumnStructure::default() };
        };
        let native_type = self.native(planned, all);
        let mut column = ColumnStructure {
            name: target.clone(),
            nullable: origin.nullable,
            auto_increment: origin.auto_increment && self.may_number(origin),
            comment: origin.comment.clone(),
            collation: self.collation(&native_type, origin.collation.as_deref()),
            ..ColumnStructure::default()
        };
        if let Some(default) = &origin.default {
            match self.default(default, &planned.neutral, &native_type) {
                Ok(default) => column.default = default,
                Err(()) => self.note(format!("the default `{default}` of `{target}` is left out")),
            }
        }
        if let Some(generated) = &origin.generated {
            let expression = match self.is_same() {
                true => Some(generated.expression.clone()),
                false => expression::translate(self.from, self.to.system, &generated.expression, &self.names),
            };
            match expression {
                Some(expression) if planned.is_generated => {
                    let stored = generated.stored || self.to.system == System::Postgres;
                    column.generated = Some(data::structure::Generated { expression, stored });
                    column.default = None;
                }
                _ => self.note(format!("`{target}` is computed at the source; here it keeps the values it has")),
            }
        }
        if let Some(on_update) = &origin.on_update {
            match self.is_same() {
                true => column.on_update = Some(on_update.clone()),
                false => self.note(format!("`{target}` is no longer set when a row changes (ON UPDATE)")),
            }
        }
        if origin.auto_increment && !column.auto_increment {
            self.note(format!("`{target}` is no longer numbered: SQLite numbers only a table's whole key"));
        }
        column.native_type = native_type;
        column
    }

    fn may_number(&self, origin: &ColumnStructure) -> bool {
        self.to.system != System::Sqlite || self.source.primary_key == [origin.name.clone()]
    }

    fn default(&self, default: &str, neutral: &Neutral, native: &str) -> Result<Option<String>, ()> {
        match self.is_same() {
            true => Ok(Some(default.to_owned())),
            false => expression::default(self.from, self.to.system, default, neutral, native),
        }
    }

    fn native(&self, planned: &Planned, all: &[Planned]) -> String {
        if let Some(native) = &planned.native {
            return native.clone();
        }
        if let Some((name, _)) = self.enum_type(planned) {
            return name;
        }
        let keeps = matches!(&planned.neutral, neutral if planned.origin.as_ref().is_some_and(|origin| *neutral == read(self.from, &origin.native_type)));
        if let (true, true, Some(origin)) = (self.is_same(), keeps, &planned.origin) {
            return origin.native_type.clone();
        }
        spell(self.to.system, &planned.neutral, self.place(planned, all))
    }

    fn place(&self, planned: &Planned, all: &[Planned]) -> Place {
        let Some(origin) = &planned.origin else { return Place::default() };
        let key = &self.source.primary_key;
        let of_key = key.contains(&origin.name).then_some(key.len());
        let of_index = self.source.indexes.iter().filter(|index| index.unique).filter_map(|index| {
            let holds = index.columns.iter().any(|term| Term::read(term).name == origin.name);
            holds.then_some(index.columns.len())
        });
        // InnoDB takes rows of 65,535 bytes, text of a given length counted in full.
        let bytes: u64 = all
            .iter()
            .map(|column| match &column.neutral {
                Neutral::Text(Some(length)) => u64::from(*length) * 4,
                Neutral::Bytes(Some(length)) => u64::from(*length),
                _ => 16,
            })
            .sum();
        Place {
            indexed: of_key.into_iter().chain(of_index).max(),
            numbered: origin.auto_increment && self.may_number(origin),
            is_key: *key == [origin.name.clone()],
            wide: bytes > 60_000,
        }
    }

    /// Text is told apart by its letters' case and by spaces at its end, as the source tells it.
    fn collation(&self, native: &str, origin: Option<&str>) -> Option<String> {
        if self.is_same() {
            return origin.map(ToOwned::to_owned);
        }
        let is_text = ["varchar", "longtext", "char", "enum"].iter().any(|word| native.starts_with(word));
        (self.to.system == System::Mysql && is_text).then(|| {
            let name = if self.to.is_mariadb { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
            name.to_owned()
        })
    }

    fn primary_key(&mut self) -> Vec<String> {
        let key: Option<Vec<String>> =
            self.source.primary_key.iter().map(|column| self.names.get(column).cloned()).collect();
        if key.is_none() {
            self.note("the primary key is left out: not all of its columns are copied".to_owned());
        }
        key.unwrap_or_default()
    }

    fn index(&mut self, index: &IndexStructure) -> Option<IndexStructure> {
        let mut made = index.clone();
        let system = self.to.system;
        let leave = |work: &mut Self, why: &str| {
            work.note(format!("the index `{}` is left out: {why}", index.name));
            None
        };
        let method = index.method.as_deref().map(str::to_lowercase);
        if !self.is_same() {
            match method.as_deref() {
                None | Some("btree" | "hash") => made.method = None,
                Some(method) => return leave(self, &format!("it is of the kind `{method}`")),
            }
            made.include = Vec::new();
        }
        if let Some(filter) = index.filter.as_ref().filter(|_| !self.is_same()) {
            made.filter = match system {
                System::Mysql if index.unique => {
                    return leave(self, "MySQL has no unique index over a part of the rows");
                }
                System::Mysql => None,
                _ => match expression::translate(self.from, system, filter, &self.names) {
                    Some(filter) => Some(filter),
                    None => return leave(self, "its condition has no peer here"),
                },
            };
        }
        let mut columns = Vec::with_capacity(index.columns.len());
        for text in &index.columns {
            let term = Term::read(text);
            if term.is_expression {
                if self.is_same() {
                    columns.push(text.clone());
                    continue;
                }
                return leave(self, "it is over an expression");
            }
            let Some(name) = self.names.get(&term.name).cloned() else {
                return leave(self, &format!("its column `{}` is not copied", term.name));
            };
            let prefix = match (&term.prefix, system) {
                (Some(prefix), System::Mysql) => Some(prefix.clone()),
                (Some(_), _) if index.unique => return leave(self, "it is unique over the beginning of a text"),
                (None, System::Mysql) if !self.is_same() => self.index_prefix(&term.name, index.unique),
                _ => None,
            };
            let prefix = prefix.map(|prefix| format!("({prefix})")).unwrap_or_default();
            columns.push(format!("{name}{prefix}{}", if term.is_descending { " desc" } else { "" }));
        }
        made.columns = columns;
        // Outside MySQL the names of all tables' indexes are one set.
        if !self.is_same() && self.from == System::Mysql {
            made.name = cut(&format!("{}_{}", bare(self.table), index.name), 63);
        }
        Some(made)
    }

    /// How much of an endless text an index of MySQL takes.
    fn index_prefix(&self, column: &str, is_unique: bool) -> Option<String> {
        let origin = self.source.column(column)?;
        let in_key = self.source.primary_key.contains(&origin.name);
        let is_long = match read(self.from, &origin.native_type) {
            Neutral::Text(length) | Neutral::Bytes(length) => length.is_none_or(|length| length > 768),
            Neutral::Other(_) | Neutral::Set(_) => true,
            _ => false,
        };
        (is_long && !is_unique && !in_key).then(|| "191".to_owned())
    }

    fn foreign_key(&mut self, key: &ForeignKey, tables: &BTreeMap<String, String>) -> Option<ForeignKey> {
        let columns: Option<Vec<String>> = key.columns.iter().map(|column| self.names.get(column).cloned()).collect();
        let Some(columns) = columns else {
            self.note(format!("the foreign key `{}` is left out: not all of its columns are copied", key.name));
            return None;
        };
        let references = tables.get(&key.references).cloned().unwrap_or_else(|| match self.is_same() {
            true => key.references.clone(),
            false => bare(&key.references),
        });
        let mut made = ForeignKey { columns, references, ..key.clone() };
        if self.to.system == System::Mysql && !self.is_same() {
            for action in [&mut made.on_delete, &mut made.on_update] {
                if action.as_deref() == Some("set default") {
                    *action = None;
                    self.notes.push(format!("the foreign key `{}` no longer sets a default: InnoDB cannot", key.name));
                }
            }
            // Its names are one set over all tables.
            if !key.name.is_empty() && !key.name.starts_with(&bare(self.table)) {
                made.name = cut(&format!("{}_{}", bare(self.table), key.name), 64);
            }
        }
        Some(made)
    }

    fn check(&mut self, check: &CheckConstraint) -> Option<CheckConstraint> {
        if self.is_same() {
            return Some(check.clone());
        }
        let condition = expression::translate(self.from, self.to.system, &check.condition, &self.names);
        // MariaDB's JSON is a text with such a check; here it is a type.
        let is_json = check.condition.trim_start_matches('(').to_lowercase().starts_with("json_valid(");
        if condition.is_none() && !is_json {
            self.note(format!("the check `{}` is left out: {}", check.name, check.condition));
        }
        let name = if self.to.system == System::Mysql { String::new() } else { check.name.clone() };
        condition.map(|condition| CheckConstraint { name, condition })
    }

    /// The type an enumeration becomes, and its values.
    fn enum_type(&self, column: &Planned) -> Option<(String, Vec<String>)> {
        let Neutral::Enum(values) = &column.neutral else { return None };
        let origin = column.origin.as_ref()?;
        // PostgreSQL's names and values have 63 bytes.
        let fits = !values.is_empty() && values.iter().all(|value| value.len() <= 63);
        if column.native.is_some() || !fits {
            return None;
        }
        match self.is_same() {
            // A type of the source is called there as it is here; its defaults name it.
            true if self.from == System::Postgres => Some((origin.native_type.clone(), values.clone())),
            false if self.to.enum_types => {
                let mut parts = crate::tables::parts(self.table);
                let table = parts.pop().unwrap_or_default();
                parts.push(cut(&format!("{table}_{}", column.target), 63));
                let quoted: Vec<String> = parts.iter().map(|part| quote(System::Postgres, part)).collect();
                Some((quoted.join("."), values.clone()))
            }
            _ => None,
        }
    }

    /// The values of an enumeration, where it is no type.
    fn enumeration(&self, column: &Planned) -> Option<CheckConstraint> {
        let Neutral::Enum(values) = &column.neutral else { return None };
        let has_type = self.to.system == System::Mysql || self.enum_type(column).is_some();
        if has_type || column.native.is_some() || longest(values) == 0 {
            return None;
        }
        let values: Vec<String> = values.iter().map(|value| literal(self.to.system, value)).collect();
        let condition = format!("{} IN ({})", quote(self.to.system, &column.target), values.join(", "));
        Some(CheckConstraint { name: String::new(), condition })
    }

    /// What has no place among columns, keys and checks.
    fn rest(&mut self, structure: &mut TableStructure) {
        let options = &self.source.options;
        if self.is_same() {
            structure.kind = match &self.source.kind {
                TableKind::View => TableKind::Plain,
                kind => kind.clone(),
            };
            structure.options = options.clone();
            for key in ["partition_bound", "partition_of", "definition", "materialized", "tablespace"] {
                structure.options.remove(key);
            }
            if self.from == System::Postgres && structure.options.remove("partition_by").is_some() {
                self.note("the table is made without partitions".to_owned());
            }
            return;
        }
        if options.contains_key("partition_by") {
            self.note("the table is made without partitions".to_owned());
        }
        if !matches!(self.source.kind, TableKind::Plain | TableKind::View) {
            self.note("the table is made as an ordinary one".to_owned());
        }
        if self.from == System::Mysql {
            let folds = |collation: &str| collation.contains("_ci");
            let own = options.get("collation").is_some_and(|collation| folds(collation));
            let any = self.source.columns.iter().any(|column| column.collation.as_deref().is_some_and(folds));
            if own || any {
                self.note("text is told apart by the case of its letters here, and was not at the source".to_owned());
            }
        }
        if self.to.system == System::Mysql {
            structure.options.insert("charset".to_owned(), "utf8mb4".to_owned());
        }
    }

    fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

/// A column of an index.
struct Term {
    name: String,
    prefix: Option<String>,
    is_descending: bool,
    is_expression: bool,
}

impl Term {
    fn read(text: &str) -> Self {
        let text = text.trim();
        let lower = text.to_lowercase();
        let is_descending = lower.contains(" desc");
        let head = lower.find(" desc").or_else(|| lower.find(" asc")).map_or(text, |end| &text[..end]).trim();
        let (name, prefix) = match head.strip_suffix(')').and_then(|head| head.rsplit_once('(')) {
            Some((name, prefix)) if !name.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                (name, Some(prefix.to_owned()))
            }
            _ => (head, None),
        };
        let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let is_expression = unquoted.is_none() && name.contains(['(', ' ', ':']);
        let name = unquoted.map_or_else(|| name.to_owned(), |name| name.replace("\"\"", "\""));
        Self { name, prefix, is_descending, is_expression }
    }
}

/// At most so many bytes of a name.
fn cut(name: &str, most: usize) -> String {
    let mut end = name.len().min(most);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}
