//! What a `migrate` step may be told.

use crate::settings::{Names, names_schema};
use data::Mode;
use data::connector::Relation;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transfer::migrate::{ColumnRule, Conversions, EnumAs, Look, TableJob, Validate};

/// Rows of one range unless the settings say otherwise.
const CHUNK_ROWS: u64 = 500_000;
/// The most ranges of one step: each is kept in the run's state.
pub(super) const MAX_CHUNKS: usize = 1_000;
const PARALLEL: usize = 2;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) from: From,
    pub(super) to: To,
    #[serde(default = "yes")]
    pub(super) create: bool,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, ColumnRule>,
    #[serde(default)]
    pub(super) skip: Names,
    #[serde(default)]
    pub(super) convert: Conversions,
    #[serde(default)]
    pub(super) enums: EnumAs,
    #[serde(default)]
    pub(super) mode: Mode,
    #[serde(default = "chunk_rows")]
    pub(super) chunk_rows: u64,
    #[serde(default = "parallel")]
    pub(super) parallel: usize,
    /// Rows each second, of the whole step.
    pub(super) rate_limit: Option<f64>,
    #[serde(default)]
    pub(super) on_error: OnRow,
    pub(super) rejected: Option<To>,
    #[serde(default)]
    pub(super) dry_run: bool,
    #[serde(default)]
    pub(super) task: Task,
    #[serde(default = "sample")]
    pub(super) sample: u64,
    #[serde(default)]
    pub(super) look: Look,
    #[serde(default)]
    pub(super) validate: Proof,
    #[serde(default)]
    pub(super) keep_going: bool,
    #[serde(default)]
    pub(super) views: Names,
    #[serde(default)]
    pub(super) rules: Names,
    pub(super) catch_up: Option<CatchUp>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    pub(super) connection: String,
    #[serde(default)]
    pub(super) table: Names,
    pub(super) query: Option<String>,
    #[serde(rename = "where")]
    pub(super) filter: Option<String>,
    #[serde(default)]
    pub(super) key: Names,
    #[serde(default)]
    pub(super) except: Names,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct To {
    pub(super) connection: String,
    pub(super) table: Option<String>,
}

/// What the step is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// Move the tables.
    #[default]
    Move,
    /// Only look at both sides.
    Look,
    /// Compare a copy that is there with its source.
    Validate,
}

/// What becomes of a row that the target refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnRow {
    /// The table's copy ends.
    #[default]
    Stop,
    /// It is kept in another table with the reason.
    Reject,
}

/// How the copy is proven.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Proof {
    Plain(Validate),
    Told(Told),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    by: Validate,
    #[serde(default)]
    threshold: u64,
}

impl Default for Proof {
    fn default() -> Self {
        Self::Plain(Validate::default())
    }
}

impl Proof {
    /// How, and how many differences are borne.
    pub(super) fn parts(self) -> (Validate, u64) {
        match self {
            Self::Plain(by) => (by, 0),
            Self::Told(told) => (told.by, told.threshold),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatchUp {
    /// A column that grows with every change.
    pub(super) column: String,
    #[serde(default = "rounds")]
    pub(super) rounds: u32,
}

fn yes() -> bool {
    true
}

fn chunk_rows() -> u64 {
    CHUNK_ROWS
}

fn parallel() -> usize {
    PARALLEL
}

fn sample() -> u64 {
    5
}

fn rounds() -> u32 {
    3
}

impl Settings {
    /// What is wrong with the settings taken together; paths are relative to the step.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut refuse = |path: &str, code, message: &str, hint: &str| {
            faults.push(Fault::new(code, message).hint(hint).path(format!("with.{path}")));
        };
        match (&self.from.query, self.from.table.to_list().is_empty()) {
            (Some(_), false) => refuse(
                "from",
                ErrorCode::InvalidValue,
                "`from` has both `table` and `query`",
                "Leave one of the two out.",
            ),
            (None, true) => refuse(
                "from",
                ErrorCode::MissingKey,
                "`from` has neither `table` nor `query`",
                "Name a table (`*` stands for anything), or give a query.",
            ),
            (Some(_), true) if self.to.table.is_none() => refuse(
                "to",
                ErrorCode::MissingKey,
                "the rows of a query need a `table` to go to",
                "Name the target's table.",
            ),
            _ => {}
        }
        if self.chunk_rows == 0 || self.parallel == 0 {
            let key = if self.parallel == 0 { "parallel" } else { "chunk_rows" };
            refuse(key, ErrorCode::InvalidValue, &format!("`{key}` cannot be 0"), "Give a number of at least 1.");
        }
        if self.rate_limit.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
            refuse("rate_limit", ErrorCode::InvalidValue, "`rate_limit` must be above 0", "Leave it out for no limit.");
        }
        if self.rejected.is_some() && self.on_error == OnRow::Stop {
            refuse(
                "rejected",
                ErrorCode::InvalidValue,
                "no row is rejected, since the first that is refused stops the copy",
                "Set `on_error: reject`, or leave `rejected` out.",
            );
        }
        if self.is_many() && !self.columns.is_empty() {
            refuse(
                "columns",
                ErrorCode::InvalidValue,
                "`columns` are of one table, and the step moves several",
                "Give a table whose columns change a step of its own.",
            );
        }
        faults
    }

    /// Whether several tables may be meant.
    pub(super) fn is_many(&self) -> bool {
        let names = self.from.table.to_list();
        names.len() > 1 || names.iter().any(|name| name.contains(['*', '?']))
    }

    /// The job of one table.
    pub(super) fn job(&self, from: &str, to: &str) -> TableJob {
        TableJob {
            relation: match &self.from.query {
                Some(query) => Relation::Query(query.clone()),
                None => Relation::Table(from.to_owned()),
            },
            filter: self.from.filter.clone(),
            key: self.from.key.to_list(),
            table: to.to_owned(),
            columns: self.columns.clone(),
            skip: self.skip.to_list(),
            convert: self.convert,
            enums: self.enums,
            create: self.create,
            mode: self.mode,
            look: self.look,
            rejects: self.on_error == OnRow::Reject,
        }
    }
}

/// The JSON Schema.
pub(super) fn schema() -> Value {
    let connection = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
    let as_null = |description: &str| json!({ "enum": ["null"], "description": description });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["from", "to"],
        "properties": {
            "from": {
                "type": "object",
                "description": "What is copied.",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": {
                    "connection": connection("The connection to read from."),
                    "table": names_schema("A table, several, or patterns: `*` stands for anything, so that `*` is the whole schema."),
                    "query": { "type": "string", "minLength": 1, "description": "A query that only reads, instead of a table." },
                    "where": { "type": "string", "minLength": 1, "description": "A condition in the source's SQL." },
                    "key": names_schema("Columns that tell rows apart; without, the primary key or a unique one."),
                    "except": names_schema("Tables or patterns to leave out."),
                },
            },
            "to": {
                "type": "object",
                "description": "Where it goes.",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": {
                    "connection": connection("The connection to write to."),
                    "table": { "type": "string", "minLength": 1, "description": "The table; for several, `*` stands for the source's name: `old_*`. Without, the source's name." },
                },
            },
            "create": { "type": "boolean", "default": true, "description": "Make the table from the source's structure where it is missing." },
            "columns": {
                "type": "object",
                "description": "What columns of the target get; others get the source's column of their name.",
                "additionalProperties": {
                    "oneOf": [
                        { "type": "string", "minLength": 1, "description": "A column of the source." },
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "properties": {
                                "from": { "type": "string", "minLength": 1, "description": "A column of the source." },
                                "sql": { "type": "string", "minLength": 1, "description": "An expression in the source's SQL." },
                                "value": { "description": "The same value in every row." },
                                "type": { "type": "string", "minLength": 1, "description": "The type in the target's words, where the table is made." },
                            },
                        },
                    ],
                },
            },
            "skip": names_schema("Columns of the source to leave out."),
            "convert": {
                "type": "object",
                "description": "What becomes of values that the target cannot hold; each is refused unless it is named here.",
                "additionalProperties": false,
                "properties": {
                    "zero_dates": as_null("Dates without year, month or day."),
                    "nul": { "enum": ["strip", "space"], "description": "NUL characters in text." },
                    "not_finite": as_null("NaN and infinity."),
                    "far_dates": as_null("Infinite dates, and those outside the years 1 to 9999."),
                },
            },
            "enums": { "enum": ["type", "check"], "default": "type", "description": "What enumerations become in PostgreSQL, where the table is made: a type of their own, or text with a check." },
            "mode": {
                "enum": ["append", "upsert", "replace", "insert_ignore", "truncate"],
                "default": "append",
                "description": "What happens to rows that are there already.",
            },
            "chunk_rows": { "type": "integer", "minimum": 1, "default": CHUNK_ROWS, "description": "Rows of one chunk, about." },
            "parallel": { "type": "integer", "minimum": 1, "maximum": 64, "default": PARALLEL, "description": "Chunks at once." },
            "rate_limit": { "type": "number", "exclusiveMinimum": 0, "description": "Rows each second at most, all chunks together." },
            "on_error": { "enum": ["stop", "reject"], "default": "stop", "description": "What becomes of a row the target refuses." },
            "rejected": {
                "type": "object",
                "description": "Where rejected rows are kept with the reason; without, beside the target's table in `<table>_rejected`.",
                "additionalProperties": false,
                "required": ["connection"],
                "properties": {
                    "connection": connection("The connection."),
                    "table": { "type": "string", "minLength": 1, "description": "The table." },
                },
            },
            "task": { "enum": ["move", "look", "validate"], "default": "move", "description": "What is done: `look` is a dry run, `validate` compares a copy that is there row by row." },
            "dry_run": { "type": "boolean", "default": false, "description": "Only look, and tell what would be done." },
            "sample": { "type": "integer", "minimum": 0, "maximum": 100, "default": 5, "description": "Rows that a dry run shows of each table." },
            "look": { "enum": ["full", "structure"], "default": "full", "description": "How closely the source is looked at first: `full` reads it once." },
            "validate": {
                "description": "How the copy is proven afterwards.",
                "oneOf": [
                    { "enum": ["none", "count", "checksum", "diff"] },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["by"],
                        "properties": {
                            "by": { "enum": ["none", "count", "checksum", "diff"] },
                            "threshold": { "type": "integer", "minimum": 0, "default": 0, "description": "Differences that are borne." },
                        },
                    },
                ],
            },
            "keep_going": { "type": "boolean", "default": false, "description": "Go on with the other tables after one failed; the step fails at its end." },
            "views": names_schema("Views of the source to make at the target after the rows, translated: names or patterns."),
            "rules": names_schema("Plugins with rules of your own for translating the views."),
            "catch_up": {
                "type": "object",
                "description": "Copy again what changed at the source meanwhile.",
                "additionalProperties": false,
                "required": ["column"],
                "properties": {
                    "column": { "type": "string", "minLength": 1, "description": "A column that grows with every change: `updated_at`, or the key where rows are only added." },
                    "rounds": { "type": "integer", "minimum": 1, "maximum": 20, "default": 3, "description": "How many times at most." },
                },
            },
        },
    })
}
