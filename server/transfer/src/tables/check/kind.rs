//! Plain tables, hypertables and supertables, and what each of them must and cannot have.

use super::super::types::shorten;
use super::Checker;
use super::constraint::plain_column;
use crate::tables::document::is_whole_number;
use data::System;
use data::structure::{TableKind, TableStructure};
use model::ErrorCode;

impl Checker<'_, '_> {
    pub(super) fn kind(&mut self) -> TableKind {
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

    pub(super) fn hypertable(&mut self, structure: &mut TableStructure) {
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
        let is_span = |interval: &String| interval.chars().any(|char| char.is_ascii_digit());
        if let Some(interval) = chunk_interval.as_ref().filter(|interval| !is_span(interval)) {
            let message = format!("`chunk_interval` cannot be `{}`", shorten(interval));
            self.refuse("chunk_interval", ErrorCode::InvalidValue, message, "Write a span of time such as `7 days`.");
        }
        if raw.options.contains_key("partition_by") {
            let message = "a hypertable is cut into chunks already, and has no `partition` beside them";
            self.refuse("partition", ErrorCode::InvalidValue, message, "Leave `partition` out.");
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

    pub(super) fn supertable(&mut self, structure: &TableStructure) {
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
}
