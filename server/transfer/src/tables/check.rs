//! Makes an entry of a table that was read, and says what its parts cannot mean together.

use super::document::{DatabaseType, TableEntry, is_whole_number};
use super::read::{RawColumn, RawDefault, RawTable};
use super::types::{self, TypeSpec, shorten};
use data::System;
use data::structure::{CheckConstraint, ColumnStructure, IndexStructure, TableKind, TableStructure};
use model::document::read::Reader;
use model::tree::Position;
use model::{ErrorCode, nearest};
use std::collections::{HashMap, HashSet};

/// The table's entry; none where too little of it could be read.
pub(super) fn entry(reader: &mut Reader, raw: &RawTable) -> Option<TableEntry> {
    let (database, name) = (raw.database_type?, raw.name.clone()?);
    let mut checker = Checker { reader, raw, database };
    checker.names(&name);
    let columns = checker.columns();
    let mut structure = TableStructure {
        name: name.clone(),
        kind: checker.kind(),
        columns,
        primary_key: checker.primary_key(),
        indexes: raw.indexes.iter().map(|(_, _, index)| index.clone()).collect(),
        foreign_keys: raw.foreign_keys.iter().map(|(_, _, key)| key.clone()).collect(),
        checks: raw.checks.clone(),
        comment: raw.comment.clone(),
        options: raw.options.clone(),
    };
    checker.constraints(&mut structure);
    checker.hypertable(&mut structure);
    checker.supertable(&structure);
    for column in &mut structure.columns {
        column.nullable &= !structure.primary_key.contains(&column.name);
    }
    Some(TableEntry {
        path: raw.path.clone(),
        at: raw.place(""),
        database_type: database,
        database: raw.database.clone(),
        schema: raw.schema.clone(),
        connection: raw.connection.clone(),
        structure,
    })
}

/// Refuses a table that stands in the document twice.
pub(super) fn twice(reader: &mut Reader, tables: &[TableEntry]) {
    let mut seen: HashMap<_, Position> = HashMap::new();
    for table in tables {
        let name = fold(&table.structure.name, table.database_type);
        let place = (table.database_type.system(), &table.connection, &table.database, &table.schema, name);
        if let Some(first) = seen.get(&place) {
            let message = format!("the table `{}` stands here twice", shorten(&table.structure.name));
            let hint = format!("Remove one; the first is in line {}.", first.line);
            reader.refuse(ErrorCode::Duplicate, table.at, &table.path, message, hint);
        } else {
            seen.insert(place, table.at);
        }
    }
}

/// The name as the database compares it.
fn fold(name: &str, database: DatabaseType) -> String {
    if database.folds_names() { name.to_lowercase() } else { name.to_owned() }
}

struct Checker<'r, 't> {
    reader: &'r mut Reader,
    raw: &'t RawTable,
    database: DatabaseType,
}

impl Checker<'_, '_> {
    fn refuse(&mut self, key: &str, code: ErrorCode, message: impl Into<String>, hint: impl Into<String>) {
        let path = format!("{}.{key}", self.raw.path);
        self.reader.refuse(code, self.raw.place(key), &path, message.into(), hint);
    }

    fn refuse_column(&mut self, column: &RawColumn, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let path = format!("{}.{key}", column.path);
        self.reader.refuse(ErrorCode::InvalidValue, column.place(key), &path, message.into(), hint);
    }

    /// Names that the database would cut or refuse.
    fn names(&mut self, name: &str) {
        let (table_most, column_most, bytes) = match self.database.system() {
            System::Postgres => (63, 63, true),
            System::Mysql => (64, 64, false),
            System::Tdengine => (192, 64, true),
            _ => (255, 255, true),
        };
        let size = |name: &str| if bytes { name.len() } else { name.chars().count() };
        let unit = if bytes { "bytes" } else { "characters" };
        let database = self.database.as_str();
        if size(name) > table_most {
            let message = format!("the name `{}` has {} {unit}", shorten(name), size(name));
            self.refuse(
                "table_name",
                ErrorCode::InvalidValue,
                message,
                format!("{database} takes at most {table_most}."),
            );
        }
        let raw = self.raw;
        let mut seen: HashMap<String, Position> = HashMap::new();
        for column in &raw.columns {
            if size(&column.name) > column_most {
                let message = format!("the name `{}` has {} {unit}", shorten(&column.name), size(&column.name));
                self.refuse_column(column, "name", message, format!("{database} takes at most {column_most}."));
            }
            let folded = fold(&column.name, self.database);
            match seen.get(&folded) {
                Some(first) => {
                    let message = format!("two columns are called `{}`", shorten(&column.name));
                    let hint = format!("Give one of them another name; the first is in line {}.", first.line);
                    let path = format!("{}.name", column.path);
                    self.reader.refuse(ErrorCode::Duplicate, column.place("name"), &path, message, hint);
                }
                None => {
                    seen.insert(folded, column.place("name"));
                }
            }
        }
        if raw.schema.is_some() && self.database.system() != System::Postgres {
            let hint = "Only PostgreSQL has schemas within a database; name the database by `database_name`.";
            self.refuse("schema", ErrorCode::InvalidValue, format!("{database} has no `schema`"), hint);
        }
    }

    fn columns(&mut self) -> Vec<ColumnStructure> {
        let raw = self.raw;
        let mut columns: Vec<ColumnStructure> = raw.columns.iter().map(|column| self.column(column)).collect();
        // A supertable's tags come last, wherever the document has them.
        columns.sort_by_key(|column| column.is_tag);
        columns
    }

    fn column(&mut self, raw: &RawColumn) -> ColumnStructure {
        let mut native_type = self.native_type(raw);
        self.abilities(raw, &native_type);
        // SQLite numbers rows in a column of just this type, whose values have 64 bits whatever was asked for.
        if self.database == DatabaseType::SQLite && raw.auto_increment && is_whole_number(&native_type) {
            native_type = "INTEGER".to_owned();
        }
        let in_key = match &self.raw.primary_key {
            Some(key) => key.iter().any(|named| named.name == raw.name),
            None => raw.primary_key,
        };
        if in_key && raw.nullable == Some(true) {
            let message = format!("`{}` belongs to the primary key and cannot be nullable", shorten(&raw.name));
            self.refuse_column(raw, "nullable", message, "Write `nullable: false`, or leave it out.");
        }
        let is_first = self.raw.columns.first().is_some_and(|first| first.path == raw.path);
        let is_time = self.database.system() == System::Tdengine && is_first;
        ColumnStructure {
            name: raw.name.clone(),
            default: self.default(raw, &native_type),
            native_type,
            nullable: raw.nullable.unwrap_or(!in_key && !is_time) && !in_key && !is_time,
            auto_increment: raw.auto_increment,
            generated: raw.generated.clone(),
            on_update: raw.on_update.clone(),
            is_tag: raw.is_tag,
            collation: raw.collation.clone(),
            comment: raw.comment.clone(),
        }
    }

    fn native_type(&mut self, raw: &RawColumn) -> String {
        if let Some(native) = &raw.native_type {
            if raw.word.is_some() {
                let hint = "Leave one of the two out.";
                self.refuse_column(raw, "native_type", "`type` and `native_type` exclude each other", hint);
            }
            if native.trim().is_empty() || native.contains([';', '\0']) || native.contains("--") {
                let hint = "Write the type as the database spells it.";
                self.refuse_column(raw, "native_type", format!("`{}` is no type", shorten(native)), hint);
            }
            return native.trim().to_owned();
        }
        let Some(word) = &raw.word else { return String::new() };
        if word.contains([';', '\0']) || word.contains("--") {
            let message = format!("`{}` is no type", shorten(word));
            self.refuse_column(raw, "type", message, "Write a type such as `BIGINT`.");
            return String::new();
        }
        let spec = TypeSpec {
            word,
            length: raw.length,
            precision: raw.precision,
            scale: raw.scale,
            unsigned: raw.unsigned,
            values: &raw.values,
            is_tag: raw.is_tag,
        };
        match types::native(self.database, &spec) {
            Ok(native) => native,
            Err(refused) => {
                let key = ["length", "precision", "scale", "unsigned", "values"]
                    .into_iter()
                    .find(|key| refused.message.contains(&format!("`{key}`")) && raw.places.contains_key(key));
                self.refuse_column(raw, key.unwrap_or("type"), refused.message, refused.hint);
                String::new()
            }
        }
    }

    /// What a column asks for that its database does not have.
    fn abilities(&mut self, raw: &RawColumn, native: &str) {
        let (system, database) = (self.database.system(), self.database.as_str());
        let name = shorten(&raw.name);
        if raw.is_tag && !self.raw.is_super_table {
            let message = format!("`{name}` is a tag, but its table is no supertable");
            let hint = match system {
                System::Tdengine => "Set `is_super_table: true`, or leave `is_tag` out.".to_owned(),
                _ => format!("Only supertables of TDengine have tags, {database} has none; leave `is_tag` out."),
            };
            self.refuse_column(raw, "is_tag", message, hint);
        }
        if raw.on_update.is_some() && system != System::Mysql {
            let message = format!("{database} has no `on_update`");
            self.refuse_column(
                raw,
                "on_update",
                message,
                "Only MySQL and MariaDB have it; leave it out, or write a trigger.",
            );
        }
        if system == System::Tdengine {
            let asked = [
                ("auto_increment", raw.auto_increment),
                ("unique", raw.unique),
                ("default", raw.default.is_some()),
                ("generated", raw.generated.is_some()),
                ("collation", raw.collation.is_some()),
            ];
            for (key, _) in asked.into_iter().filter(|(_, asked)| *asked) {
                self.refuse_column(raw, key, format!("TDengine has no `{key}`"), "Leave it out.");
            }
        }
        if raw.auto_increment && !native.is_empty() && !is_whole_number(native) {
            let message = format!("`{name}` is `{}` and cannot number rows", shorten(native));
            self.refuse_column(raw, "auto_increment", message, "Use `BIGINT`.");
        }
        if raw.auto_increment && raw.default.is_some() {
            let message = format!("`{name}` is numbered by the database and cannot have a default");
            self.refuse_column(raw, "default", message, "Leave `default` or `auto_increment` out.");
        }
        if raw.generated.is_some() && (raw.default.is_some() || raw.auto_increment) {
            let message = format!("`{name}` is generated and cannot have a default or be numbered");
            self.refuse_column(raw, "generated", message, "Leave `generated` out, or the other.");
        }
    }

    /// The default as an expression of the database's SQL.
    fn default(&mut self, raw: &RawColumn, native: &str) -> Option<String> {
        let text = match raw.default.as_ref()? {
            RawDefault::Number(number) => return Some(number.clone()),
            RawDefault::Bool(value) if self.database.system() == System::Postgres => return Some(value.to_string()),
            RawDefault::Bool(value) => return Some(u8::from(*value).to_string()),
            RawDefault::Expression(expression) => {
                if expression.is_empty() {
                    self.refuse_column(raw, "default", "the default's expression is empty", "Leave `default` out.");
                }
                return Some(expression.clone());
            }
            RawDefault::Text(text) => text,
        };
        if is_expression(text) {
            return Some(text.trim().to_owned());
        }
        let lower = native.to_ascii_lowercase();
        let number = ["double", "real", "float", "numeric", "decimal"].iter().any(|word| lower.starts_with(word));
        if is_whole_number(native) || number && !lower.starts_with("decimal_text") {
            let message = format!("`{}` is no default for `{}`", shorten(text), shorten(native));
            let hint = "Write a number, or SQL as `default: { expression: \"now()\" }`.";
            self.refuse_column(raw, "default", message, hint);
        }
        let escaped = text.replace('\'', "''");
        let escaped = if self.database.system() == System::Mysql { escaped.replace('\\', "\\\\") } else { escaped };
        Some(format!("'{escaped}'"))
    }

    fn kind(&mut self) -> TableKind {
        let (raw, system, database) = (self.raw, self.database.system(), self.database.as_str());
        if raw.is_super_table && system != System::Tdengine {
            let message = format!("{database} has no supertables");
            let hint = "Leave `is_super_table` out, or set `database_type: TDengine`.";
            self.refuse("is_super_table", ErrorCode::InvalidValue, message, hint);
        }
        if raw.is_hypertable && system != System::Postgres {
            let message = format!("{database} has no hypertables");
            let hint = "Leave `is_timescale_hypertable` out, or set `database_type: TimescaleDB`.";
            self.refuse("is_timescale_hypertable", ErrorCode::InvalidValue, message, hint);
        }
        match (&raw.time_column, raw.is_hypertable) {
            (Some(column), true) => {
                return TableKind::Hypertable {
                    time_column: column.clone(),
                    chunk_interval: raw.chunk_interval.clone(),
                };
            }
            (None, true) => {
                let hint = "Name the column that its chunks are cut by: `time_column: time`.";
                let path = format!("{}.time_column", raw.path);
                if !raw.places.contains_key("time_column") {
                    self.reader.missing(
                        raw.place("is_timescale_hypertable"),
                        &path,
                        "time_column",
                        "the hypertable",
                        hint,
                    );
                }
            }
            (Some(column), false) => {
                let first = raw.columns.first().map(|column| column.name.as_str());
                if system != System::Tdengine || first != Some(column.as_str()) {
                    let message = "`time_column` means nothing for a table that is no hypertable";
                    let hint = "Set `is_timescale_hypertable: true`, or leave `time_column` out.";
                    self.refuse("time_column", ErrorCode::InvalidValue, message, hint);
                }
            }
            (None, false) => {}
        }
        if raw.chunk_interval.is_some() && !raw.is_hypertable {
            let message = "`chunk_interval` means nothing for a table that is no hypertable";
            let hint = "Set `is_timescale_hypertable: true`, or leave `chunk_interval` out.";
            self.refuse("chunk_interval", ErrorCode::InvalidValue, message, hint);
        }
        if raw.is_super_table { TableKind::SuperTable } else { TableKind::Plain }
    }

    fn primary_key(&mut self) -> Vec<String> {
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
    fn known_column(&mut self, name: &str, at: Position, path: &str) {
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
    fn constraints(&mut self, structure: &mut TableStructure) {
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

    fn hypertable(&mut self, structure: &mut TableStructure) {
        let TableKind::Hypertable { time_column, chunk_interval } = structure.kind.clone() else { return };
        let raw = self.raw;
        self.known_column(&time_column, raw.place("time_column"), &format!("{}.time_column", raw.path));
        let Some(column) = structure.columns.iter_mut().find(|column| column.name == time_column) else { return };
        // TimescaleDB makes it so.
        column.nullable = false;
        let native = column.native_type.clone();
        let is_number = is_whole_number(&native);
        if !native.is_empty() && !is_number && !native.starts_with("timestamp") && native != "date" && native != "uuid"
        {
            let message = format!("`{}` is `{}`, which cannot cut chunks", shorten(&time_column), shorten(&native));
            let hint = "Use `TIMESTAMPTZ`, `TIMESTAMP`, `DATE` or a whole number.";
            self.refuse("time_column", ErrorCode::InvalidValue, message, hint);
        }
        if is_number && chunk_interval.is_none() {
            let hint = "Say how wide a chunk is in the column's own unit: `chunk_interval: 86400`.";
            let path = format!("{}.chunk_interval", raw.path);
            let of = "the hypertable with a time of whole numbers";
            self.reader.missing(raw.place("time_column"), &path, "chunk_interval", of, hint);
        }
        if !structure.primary_key.is_empty() && !structure.primary_key.contains(&time_column) {
            let message = format!("the primary key of a hypertable must contain `{}`", shorten(&time_column));
            let hint = format!("Add it: `primary_key: [{}, {time_column}]`.", structure.primary_key.join(", "));
            let key = if raw.places.contains_key("primary_key") { "primary_key" } else { "time_column" };
            self.refuse(key, ErrorCode::InvalidValue, message, hint);
        }
        for index in structure.indexes.iter().filter(|index| index.unique) {
            if !index.columns.iter().filter_map(|column| plain_column(column)).any(|column| column == time_column) {
                let message = format!(
                    "the unique index `{}` of a hypertable must contain `{}`",
                    shorten(&index.name),
                    shorten(&time_column)
                );
                self.refuse(
                    "indexes",
                    ErrorCode::InvalidValue,
                    message,
                    "Add the time column to it, or leave `unique` out.",
                );
            }
        }
    }

    fn supertable(&mut self, structure: &TableStructure) {
        if self.database.system() != System::Tdengine || self.raw.has_unread_columns {
            return;
        }
        let tags = structure.columns.iter().filter(|column| column.is_tag).count();
        if self.raw.is_super_table && tags == 0 {
            let message = "the supertable has no tag";
            let hint = "Mark at least one column with `is_tag: true`, or leave `is_super_table` out.";
            self.refuse("is_super_table", ErrorCode::InvalidValue, message, hint);
        }
        if tags > 128 {
            let message = format!("the supertable has {tags} tags");
            self.refuse("columns", ErrorCode::InvalidValue, message, "TDengine takes at most 128.");
        }
        let first = structure.columns.iter().find(|column| !column.is_tag);
        if first.is_none_or(|first| first.native_type != "timestamp" && !first.native_type.is_empty()) {
            let message = "the first column of a TDengine table must be its time";
            self.refuse("columns", ErrorCode::InvalidValue, message, "Begin with `{ name: ts, type: TIMESTAMP }`.");
        }
        if structure.columns.len() - tags < 2 {
            let message = "a TDengine table needs a column besides its time";
            self.refuse("columns", ErrorCode::InvalidValue, message, "Add one that holds a value.");
        }
        let key = &structure.primary_key;
        let is_time = first.is_some_and(|first| key.first() == Some(&first.name));
        if !key.is_empty() && (!is_time || key.len() > 2) {
            let message = "the key of a TDengine table is its time, and at most one more column";
            let place = if self.raw.places.contains_key("primary_key") { "primary_key" } else { "columns" };
            self.refuse(
                place,
                ErrorCode::InvalidValue,
                message,
                "Leave `primary_key` out; the first column is the key.",
            );
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
fn plain_column(part: &str) -> Option<String> {
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

/// Whether the text of a default is SQL rather than a value: quoted, a call, a keyword, a number or a cast.
pub(super) fn is_expression(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "CURRENT_TIMESTAMP",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "LOCALTIMESTAMP",
        "LOCALTIME",
        "CURRENT_USER",
        "TRUE",
        "FALSE",
        "NULL",
    ];
    let text = text.trim();
    if text.is_empty() {
        return false;
    }
    let quoted =
        text.starts_with('\'') || text.get(1..2) == Some("'") && text.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = text.split(['(', ' ']).next().unwrap_or_default();
    let is_name = word.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.'));
    let is_call = is_name && !word.is_empty() && text[word.len()..].starts_with('(') && text.ends_with(')');
    quoted
        || text.starts_with('(')
        || is_call
        || text.contains("::")
        || WORDS.iter().any(|known| known.eq_ignore_ascii_case(text))
        || text.parse::<f64>().is_ok_and(f64::is_finite)
}
