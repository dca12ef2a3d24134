//! A live table as a structure.

use super::introspect::{Kind, Table};
use data::structure::{ColumnStructure, TableKind, TableStructure};

/// Everything that makes the table what it is.
pub(super) fn of(table: &Table) -> TableStructure {
    let key = table.key();
    let columns = table.columns.iter().map(|column| ColumnStructure {
        name: column.name.clone(),
        native_type: column.native.spelled(),
        nullable: !key.contains(&column.name),
        is_tag: column.is_tag,
        ..ColumnStructure::default()
    });
    TableStructure {
        name: table.name.clone(),
        kind: match &table.kind {
            Kind::Plain => TableKind::Plain,
            Kind::Super => TableKind::SuperTable,
            Kind::Sub(of) => TableKind::SubTable { of: of.clone() },
        },
        columns: columns.collect(),
        primary_key: key,
        comment: table.comment.clone(),
        ..TableStructure::default()
    }
}
