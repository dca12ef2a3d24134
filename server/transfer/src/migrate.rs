//! Moves a table from one connection to another: a look at what would hurt, the table made from the source's structure, its
//! rows copied range by range, then its indexes, foreign keys and numbers, then the proof.
//!
//! [`prepare`] looks, makes and cuts; [`copy`] copies one range, exactly once and resumable by the target's ledger;
//! [`finish`] does what comes after the rows, and [`validate`] compares both sides. None knows of steps or runs: the step
//! `migrate` makes tasks of them, and the command line calls them one after another.

mod catch_up;
mod columns;
mod copy;
mod enums;
mod expression;
mod finish;
mod left_out;
mod look;
mod prepare;
mod spool;
mod sql;
mod structure;
mod tables;
#[cfg(test)]
mod tests;
mod types;
mod views;

pub use catch_up::{CatchUpOptions, CaughtUp, before_load, catch_up};
pub use columns::{AsNull, ColumnRule, Conversions, NulAs, ToldColumn};
pub use copy::{Copied, CopyOptions, Watcher, copy};
pub use finish::{Finished, Known, Validation, Verdict, finish, validate};
pub use left_out::{LeftOut, left_out};
pub use look::Hazard;
pub use prepare::{Cut, Prepared, PreparedColumn, Sample, examine, prepare, ranges, sample};
pub use tables::{Chosen, choose, means};
pub use views::{MovedView, views};

use data::Mode;
use data::connector::Relation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One table to be moved.
#[derive(Debug, Clone)]
pub struct TableJob {
    /// What is copied.
    pub relation: Relation,
    /// Only rows where this holds, in the source's SQL.
    pub filter: Option<String>,
    /// Columns of the source that tell rows apart; empty: its primary key, or a unique one.
    pub key: Vec<String>,
    /// The target's table.
    pub table: String,
    /// What the target's columns get; columns that are not named get the source's of the same name.
    pub columns: BTreeMap<String, ColumnRule>,
    /// Columns of the source that are left out.
    pub skip: Vec<String>,
    /// What becomes of values that the target cannot hold.
    pub convert: Conversions,
    /// Make the target's table where it is missing.
    pub create: bool,
    /// What enumerations become in PostgreSQL, where the table is made.
    pub enums: EnumAs,
    /// What happens to rows that are there already.
    pub mode: Mode,
    /// How closely the source is looked at first.
    pub look: Look,
    /// Rows that the target refuses are kept elsewhere, so that a value it would refuse need not stop the copy.
    pub rejects: bool,
}

impl TableJob {
    /// All of `from`, added to `table`, which is made where it is missing.
    #[must_use]
    pub fn table(from: &str, table: &str) -> Self {
        Self {
            relation: Relation::Table(from.to_owned()),
            filter: None,
            key: Vec::new(),
            table: table.to_owned(),
            columns: BTreeMap::new(),
            skip: Vec::new(),
            convert: Conversions::default(),
            create: true,
            enums: EnumAs::default(),
            mode: Mode::Append,
            look: Look::Full,
            rejects: false,
        }
    }
}

/// What an enumeration becomes in PostgreSQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnumAs {
    /// A type made by `CREATE TYPE … AS ENUM`: values sort as they do at the source.
    #[default]
    Type,
    /// Text with a check of its values.
    Check,
}

/// How closely the source is looked at before it is copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Its structure, and its values by one query that reads the table once.
    #[default]
    Full,
    /// Its structure only; what a value does not fit is met when it is written.
    Structure,
}

/// How a copy is proven afterwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validate {
    /// Not at all.
    None,
    /// By the numbers of rows.
    #[default]
    Count,
    /// By sums of the rows that each database makes itself, as `diff` does by the strategy `checksum`.
    Checksum,
    /// Row by row, as `diff` does.
    Diff,
}
