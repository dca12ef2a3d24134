//! What a column is and asks for, and whether its database has that.

use super::super::read::{RawColumn, RawDefault};
use super::super::types::{self, TypeSpec, shorten};
use super::{Checker, fold};
use crate::tables::document::{DatabaseType, is_whole_number};
use data::System;
use data::structure::ColumnStructure;

impl Checker<'_, '_> {
    pub(super) fn columns(&mut self) -> Vec<ColumnStructure> {
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
        self.renaming(raw);
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
            renamed_from: raw.renamed_from.clone(),
        }
    }

    /// An old name that is still in use cannot be told from a new one.
    fn renaming(&mut self, raw: &RawColumn) {
        let Some(from) = &raw.renamed_from else { return };
        let table = self.raw;
        let same = |name: &str| fold(name, self.database) == fold(from, self.database);
        let others = table.columns.iter().filter(|other| other.path != raw.path);
        let message = if same(&raw.name) {
            format!("`{}` is renamed from itself", shorten(from))
        } else if table.columns.iter().any(|other| same(&other.name)) {
            format!("`{}` is the old name of `{}` and a column of its own", shorten(from), shorten(&raw.name))
        } else if let Some(other) = others.into_iter().find(|other| other.renamed_from.as_deref().is_some_and(same)) {
            format!("`{}` and `{}` are both renamed from `{}`", shorten(&other.name), shorten(&raw.name), shorten(from))
        } else {
            return;
        };
        let hint = "Give the name that the column has in live tables, or leave `renamed_from` out.";
        self.refuse_column(raw, "renamed_from", message, hint);
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
}

/// Whether the text of a default is SQL rather than a value: quoted, a call, a keyword, a number or a cast.
pub(in crate::tables) fn is_expression(text: &str) -> bool {
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
