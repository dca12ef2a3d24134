//! What users write for a rule, and what can be wrong with it before a row is seen.

use crate::settings::{Names, is_open, names_schema};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use model::document::parse_duration;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValidateSettings {
    pub(super) rules: Vec<RuleSettings>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    #[default]
    Error,
    Warn,
}

/// One rule: a name, which rows it is about, and exactly one test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSettings {
    pub(super) name: String,
    #[serde(default)]
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) class: Names,
    pub(super) when: Option<String>,
    pub(super) expect: Option<String>,
    pub(super) not_null: Option<Names>,
    pub(super) unique: Option<Names>,
    pub(super) keep: Option<Keep>,
    pub(super) between: Option<Between>,
    #[serde(rename = "in")]
    pub(super) one_of: Option<OneOf>,
    pub(super) regex: Option<Regex>,
    #[serde(rename = "type")]
    pub(super) types: Option<serde_json::Map<String, Value>>,
    pub(super) freshness: Option<Freshness>,
    pub(super) row_count: Option<RowCount>,
    pub(super) foreign_key: Option<ForeignKey>,
    pub(super) no_gap: Option<NoGap>,
    pub(super) jump: Option<Jump>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keep {
    #[default]
    First,
    None,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Between {
    pub(super) column: String,
    pub(super) min: Option<Value>,
    pub(super) max: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OneOf {
    pub(super) column: String,
    pub(super) values: Vec<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regex {
    pub(super) column: String,
    pub(super) pattern: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Freshness {
    pub(super) column: String,
    pub(super) max_age: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowCount {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForeignKey {
    #[serde(alias = "column")]
    pub(super) columns: Names,
    pub(super) connection: String,
    pub(super) table: String,
    #[serde(default)]
    pub(super) references: Names,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoGap {
    pub(super) column: String,
    #[serde(default)]
    pub(super) key: Names,
    #[serde(default)]
    pub(super) calendar: Calendar,
    /// How many days of the calendar may be missing between two rows.
    #[serde(default)]
    pub(super) max_gap: u32,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Calendar {
    #[default]
    EveryDay,
    Word(CalendarWord),
    Table(CalendarTable),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CalendarWord {
    Days,
    Weekdays,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarTable {
    pub(super) connection: String,
    pub(super) table: String,
    pub(super) column: String,
    #[serde(rename = "where")]
    pub(super) filter: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jump {
    pub(super) column: String,
    pub(super) max_ratio: f64,
    #[serde(default)]
    pub(super) key: Names,
    pub(super) order_by: Option<String>,
}

impl ValidateSettings {
    pub(super) fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut names = HashSet::new();
        if self.rules.is_empty() {
            faults.push(
                Fault::new(ErrorCode::MissingKey, "there are no rules").hint("Add at least one.").path("with.rules"),
            );
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let path = format!("with.rules.{index}");
            if !names.insert(&rule.name) {
                faults.push(
                    Fault::new(ErrorCode::Duplicate, format!("two rules are called `{}`", rule.name))
                        .hint("Give one of them another name.")
                        .path(format!("{path}.name")),
                );
            }
            rule.check(&path, &mut faults);
        }
        faults
    }
}

impl RuleSettings {
    fn check(&self, path: &str, faults: &mut Vec<Fault>) {
        let tests = [
            ("expect", self.expect.is_some()),
            ("not_null", self.not_null.is_some()),
            ("unique", self.unique.is_some()),
            ("between", self.between.is_some()),
            ("in", self.one_of.is_some()),
            ("regex", self.regex.is_some()),
            ("type", self.types.is_some()),
            ("freshness", self.freshness.is_some()),
            ("row_count", self.row_count.is_some()),
            ("foreign_key", self.foreign_key.is_some()),
            ("no_gap", self.no_gap.is_some()),
            ("jump", self.jump.is_some()),
        ];
        let given: Vec<&str> = tests.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        let mut refuse = |code, message: String, hint: &str, key: &str| {
            let path = if key.is_empty() { path.to_owned() } else { format!("{path}.{key}") };
            faults.push(Fault::new(code, message).hint(hint).path(path));
        };
        match given.as_slice() {
            [_] => {}
            [] => refuse(
                ErrorCode::MissingKey,
                format!("rule `{}` tests nothing", self.name),
                "Add `expect` with a SQL condition, or `not_null`, `unique`, `between`, `in`, `regex`, `type`, `freshness`, `row_count`, `foreign_key`, `no_gap` or `jump`.",
                "",
            ),
            several => refuse(
                ErrorCode::InvalidValue,
                format!("rule `{}` has several tests: `{}`", self.name, several.join("`, `")),
                "Make a rule of each.",
                "",
            ),
        }
        for (key, sql) in [("when", &self.when), ("expect", &self.expect)] {
            if let Some(sql) = sql
                && !is_open(sql)
                && let Err(error) = query::parse_condition(sql)
            {
                let hint = error.fault.hint.clone().unwrap_or_else(|| "Write a SQL condition on one row.".to_owned());
                refuse(error.fault.code, error.fault.message.clone(), &hint, key);
            }
        }
        if self.keep.is_some() && self.unique.is_none() {
            refuse(ErrorCode::InvalidValue, "`keep` belongs to `unique`".into(), "Leave it out.", "keep");
        }
        if let Some(between) = &self.between
            && between.min.is_none()
            && between.max.is_none()
        {
            refuse(
                ErrorCode::MissingKey,
                "`between` has neither `min` nor `max`".into(),
                "Give at least one.",
                "between",
            );
        }
        if let Some(regex) = &self.regex
            && !is_open(&regex.pattern)
            && let Err(error) = super::row::compile_pattern(&regex.pattern)
        {
            refuse(
                ErrorCode::InvalidValue,
                error,
                "Mend the pattern; it is a regular expression of the Rust crate `regex`.",
                "regex.pattern",
            );
        }
        for (column, kind) in self.types.iter().flatten() {
            let text = kind.as_str().unwrap_or_default();
            if !is_open(text) && parse_type(text).is_none() {
                refuse(
                    ErrorCode::InvalidValue,
                    format!("`{kind}` is no type for column `{column}`"),
                    "The types are `boolean`, `int64`, `float64`, `decimal(18,4)`, `date`, `timestamp`, `timestamp_utc` and `utf8`.",
                    &format!("type.{column}"),
                );
            }
        }
        if let Some(freshness) = &self.freshness
            && !is_open(&freshness.max_age)
            && parse_duration(&freshness.max_age).is_none()
        {
            refuse(
                ErrorCode::InvalidValue,
                format!("`{}` is no duration", freshness.max_age),
                "Write for example `36h` or `2d`.",
                "freshness.max_age",
            );
        }
        if let Some(count) = &self.row_count {
            match (count.min, count.max) {
                (None, None) => refuse(
                    ErrorCode::MissingKey,
                    "`row_count` has neither `min` nor `max`".into(),
                    "Give at least one.",
                    "row_count",
                ),
                (Some(min), Some(max)) if min > max => {
                    refuse(
                        ErrorCode::InvalidValue,
                        format!("`min` {min} is more than `max` {max}"),
                        "Exchange them.",
                        "row_count",
                    );
                }
                _ => {}
            }
        }
        if let Some(jump) = &self.jump
            && jump.max_ratio <= 1.0
        {
            refuse(
                ErrorCode::InvalidValue,
                format!("`max_ratio` {} is not above 1", jump.max_ratio),
                "A ratio of 1.5 refuses what is half as much again, or less than two thirds.",
                "jump.max_ratio",
            );
        }
        if let Some(foreign) = &self.foreign_key {
            let (own, theirs) = (foreign.columns.to_list(), foreign.references.to_list());
            if own.is_empty() || (!theirs.is_empty() && own.len() != theirs.len()) {
                refuse(
                    ErrorCode::InvalidValue,
                    "`columns` and `references` of a foreign key are not equally many".into(),
                    "Name one referenced column for each column.",
                    "foreign_key",
                );
            }
        }
        for (key, names) in [("not_null", &self.not_null), ("unique", &self.unique)] {
            if names.as_ref().is_some_and(|names| names.to_list().is_empty()) {
                refuse(ErrorCode::InvalidValue, format!("`{key}` names no column"), "Name at least one.", key);
            }
        }
    }

    /// Whether the verdict on a row depends on earlier rows.
    pub(super) fn is_stateful(&self) -> bool {
        self.unique.is_some()
            || self.row_count.is_some()
            || self.freshness.is_some()
            || self.no_gap.is_some()
            || self.jump.is_some()
    }

    /// Whether a second attempt judges the same rows alike.
    pub(super) fn is_deterministic(&self, schema: &SchemaRef) -> bool {
        if self.foreign_key.is_some() || matches!(&self.no_gap, Some(NoGap { calendar: Calendar::Table(_), .. })) {
            // What is fresh, and what other tables hold, changes between attempts. Counting a row does not.
            return self.severity == Severity::Warn;
        }
        self.expect.as_deref().is_none_or(|sql| {
            query::Expression::compile(sql, schema).map_or(true, |expression| expression.is_deterministic())
        })
    }

    /// Why the number of rows breaks the rule, if it does.
    pub(super) fn refuses_count(&self, rows: u64) -> Option<String> {
        let count = self.row_count.as_ref()?;
        match (count.min, count.max) {
            (Some(min), _) if rows < min => Some(format!("{rows} rows came, fewer than {min}")),
            (_, Some(max)) if rows > max => Some(format!("{rows} rows came, more than {max}")),
            _ => None,
        }
    }
}

/// The Arrow type that a word of a `type` rule means.
pub(super) fn parse_type(text: &str) -> Option<DataType> {
    Some(match text.trim() {
        "boolean" => DataType::Boolean,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamp_utc" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "utf8" => DataType::Utf8,
        other => {
            let (precision, scale) = other.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
            let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
            let fits = (1..=38).contains(&precision)
                && scale >= 0
                && u8::try_from(scale).is_ok_and(|scale| scale <= precision);
            fits.then_some(DataType::Decimal128(precision, scale))?
        }
    })
}

/// The JSON Schema of the kind's settings.
pub(super) fn schema() -> Value {
    let column = json!({ "type": "string", "minLength": 1 });
    let object = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let bound = json!({ "type": ["number", "string"] });
    let calendar = json!({
        "description": "Which days count: `days`, `weekdays`, or those a table lists.",
        "oneOf": [
            { "enum": ["days", "weekdays"] },
            object(json!({ "connection": column, "table": column, "column": column, "where": column }), json!(["connection", "table", "column"])),
        ],
    });
    let rule = object(
        json!({
            "name": { "type": "string", "minLength": 1, "description": "How counts and rejected rows name the rule." },
            "severity": { "enum": ["error", "warn"], "default": "error", "description": "Whether a row that breaks it is kept out or only counted." },
            "class": names_schema("Only rows whose column `class` says so."),
            "when": { "type": "string", "minLength": 1, "description": "Only rows for which this SQL condition holds." },
            "expect": { "type": "string", "minLength": 1, "description": "A SQL condition that must hold; where it is unknown (a NULL) the row passes." },
            "not_null": names_schema("Columns that must have a value."),
            "unique": names_schema("Columns that tell rows apart."),
            "keep": { "enum": ["first", "none"], "default": "first", "description": "Whether the first of equal rows passes, or, among the rows of a batch, none." },
            "between": object(json!({ "column": column, "min": bound, "max": bound }), json!(["column"])),
            "in": object(json!({ "column": column, "values": { "type": "array", "minItems": 1 } }), json!(["column", "values"])),
            "regex": object(json!({ "column": column, "pattern": { "type": "string" } }), json!(["column", "pattern"])),
            "type": { "type": "object", "minProperties": 1, "additionalProperties": { "type": "string" }, "description": "Columns and the types their values are made into: `{ volume: int64 }`." },
            "freshness": object(json!({ "column": column, "max_age": { "type": "string" } }), json!(["column", "max_age"])),
            "row_count": object(json!({ "min": { "type": "integer", "minimum": 0 }, "max": { "type": "integer", "minimum": 0 } }), json!([])),
            "foreign_key": object(
                json!({ "column": column, "columns": names_schema("Columns that refer."), "connection": column, "table": column, "references": names_schema("Columns referred to; the same names where left out.") }),
                json!(["connection", "table"]),
            ),
            "no_gap": object(
                json!({ "column": column, "key": names_schema("Columns that tell series apart."), "calendar": calendar, "max_gap": { "type": "integer", "minimum": 0, "default": 0 } }),
                json!(["column"]),
            ),
            "jump": object(
                json!({ "column": column, "max_ratio": { "type": "number", "exclusiveMinimum": 1 }, "key": names_schema("Columns that tell series apart."), "order_by": column }),
                json!(["column", "max_ratio"]),
            ),
        }),
        json!(["name"]),
    );
    json!({
        "type": "object",
        "properties": { "rules": { "type": "array", "minItems": 1, "items": rule } },
        "required": ["rules"],
        "additionalProperties": false,
    })
}
