//! Tables as code: a document describes tables of all systems, and every store is made to match it.
//!
//! [`parse`] reads the document, [`resolve`] finds the connection of each table, [`plan`] asks each connector what has to
//! be run, [`apply`] runs it, [`validate`] names differences, [`drop_tables`] removes tables and [`import`] writes the
//! document from live tables. The statements themselves come from the connectors (`Connector::plan_table`).

mod apply;
mod check;
mod document;
mod drop;
mod import;
mod journal;
mod made;
mod order;
mod plan;
mod read;
mod schema;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod types;
mod validate;
mod yaml;

pub use apply::{Applied, AppliedStatus, ApplyOptions, ApplyReport, Counts, apply};
pub use document::{DatabaseType, Document, TableEntry};
pub(crate) use drop::parts;
pub use drop::{DropOptions, Dropped, drop_tables};
pub use import::{Imported, import};
pub use journal::{Journal, Nowhere, Scribe};
pub use made::note_made;
pub use plan::{PlannedTable, fingerprint, plan};
pub use read::parse;
pub use schema::document_schema;
pub use target::{Target, resolve, select};
pub use validate::{ColumnVerdict, Validation, ValidationReport, Verdict, validate};
