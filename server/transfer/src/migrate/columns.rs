//! Which column of the target gets what: columns of the source, expressions in its SQL, values.

use super::sql::{literal, quote, quote_table, value};
use super::structure::Flavor;
use super::types::{Neutral, of_arrow, read};
use arrow::datatypes::{DataType, SchemaRef};
use data::connector::{ReadOptions, Relation};
use data::structure::{ColumnStructure, TableStructure};
use data::{Error, Result, System};
use model::{ErrorCode, nearest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What one column of the target gets, as settings spell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRule {
    /// A column of the source.
    Named(String),
    /// One of `from`, `sql` and `value`, and the type where the target's table is made.
    Told(ToldColumn),
}

/// What one column of the target gets, in full.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToldColumn {
    /// A column of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// An expression in the source's SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// The same value in every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The type in the target's words.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub native: Option<String>,
}

/// What becomes of values that the target cannot hold. Each is refused unless it is named here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversions {
    /// Dates without year, month or day.
    #[serde(default)]
    pub zero_dates: Option<AsNull>,
    /// NUL characters in text.
    #[serde(default)]
    pub nul: Option<NulAs>,
    /// NaN and infinity.
    #[serde(default)]
    pub not_finite: Option<AsNull>,
    /// Infinite dates, and those outside the years 1 to 9999.
    #[serde(default)]
    pub far_dates: Option<AsNull>,
}

/// The value becomes NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsNull {
    /// NULL.
    Null,
}

/// What becomes of a NUL character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NulAs {
    /// It is left out.
    Strip,
    /// It becomes a space.
    Space,
}

/// Where the rows come from, as the source describes it.
pub(super) struct Origin {
    pub(super) system: System,
    pub(super) relation: Relation,
    pub(super) structure: TableStructure,
    /// The values of the source's enumerations, by the type's name, where those are types of their own.
    pub(super) enums: BTreeMap<String, Vec<String>>,
    /// What the columns are when they are read; for a query, and where the declared type may say too little.
    pub(super) schema: Option<SchemaRef>,
    /// The columns that tell rows apart; none: there are none.
    pub(super) key: Vec<String>,
}

/// How a column's values come to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reads {
    Column(String),
    Expression(String),
    /// The target computes it.
    Nothing,
}

/// One column of the target.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) target: String,
    /// The source's column; none for an expression or value.
    pub(super) origin: Option<ColumnStructure>,
    pub(super) reads: Reads,
    pub(super) neutral: Neutral,
    /// The type that the settings name.
    pub(super) native: Option<String>,
    pub(super) is_generated: bool,
}

/// What is asked for, besides the two tables.
pub(super) struct Wishes<'a> {
    pub(super) rules: &'a BTreeMap<String, ColumnRule>,
    pub(super) skip: &'a [String],
    pub(super) conversions: Conversions,
}

/// The columns of the target, in the source's order, those of the rules alone last.
pub(super) fn plan(
    origin: &Origin,
    wishes: &Wishes<'_>,
    to: Flavor,
    live: Option<&TableStructure>,
) -> Result<Vec<Planned>> {
    let mut told: Vec<(String, ToldColumn)> = Vec::new();
    for (target, rule) in wishes.rules {
        let rule = match rule {
            ColumnRule::Named(from) => ToldColumn { from: Some(from.clone()), ..ToldColumn::default() },
            ColumnRule::Told(told) => told.clone(),
        };
        told.push((target.clone(), rule));
    }
    for name in wishes.skip {
        source_column(origin, name)?;
    }
    let taken: Vec<&String> = told.iter().filter_map(|(_, rule)| rule.from.as_ref()).collect();
    let mut planned = Vec::new();
    for column in &origin.structure.columns {
        let is_told = taken.contains(&&column.name) || told.iter().any(|(target, _)| *target == column.name);
        if is_told || wishes.skip.contains(&column.name) {
            continue;
        }
        let target = match live {
            None => column.name.clone(),
            // Column names do not count by case in MySQL and SQLite, and are folded by PostgreSQL.
            Some(live) => {
                let exact = live.column(&column.name);
                let near = live.columns.iter().find(|own| own.name.eq_ignore_ascii_case(&column.name));
                exact.or(near).map_or_else(|| column.name.clone(), |own| own.name.clone())
            }
        };
        planned.push(of_column(origin, column, target, wishes.conversions, to));
    }
    let mut rest = Vec::new();
    for (target, rule) in told {
        let given = [rule.from.is_some(), rule.sql.is_some(), rule.value.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            let message = format!("column `{target}` names more than one of `from`, `sql` and `value`");
            return Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Leave all but one out."));
        }
        let mut column = match (&rule.from, &rule.sql, &rule.value) {
            (None, Some(sql), _) => of_expression(&target, sql.clone(), Neutral::Text(None)),
            (None, None, Some(given)) => {
                let Some(sql) = value(origin.system, given) else {
                    let message = format!("the `value` of column `{target}` is a list or an object");
                    return Err(Error::permanent(ErrorCode::InvalidValue, message)
                        .hint("Give a text, a number or true or false."));
                };
                of_expression(&target, sql, Neutral::Text(None))
            }
            (from, ..) => {
                let column = source_column(origin, from.as_ref().unwrap_or(&target))?;
                of_column(origin, column, target.clone(), wishes.conversions, to)
            }
        };
        column.native = rule.native;
        rest.push(column);
    }
    // What is only renamed keeps its place.
    for column in rest {
        let place = column.origin.as_ref().and_then(|own| {
            let position = |name: &str| origin.structure.columns.iter().position(|column| column.name == name);
            let own = position(&own.name)?;
            planned.iter().position(|other| {
                other.origin.as_ref().and_then(|other| position(&other.name)).is_none_or(|other| other > own)
            })
        });
        planned.insert(place.unwrap_or(planned.len()), column);
    }
    if let Some(live) = live {
        against(&mut planned, live)?;
    }
    if planned.iter().all(|column| column.reads == Reads::Nothing) {
        return Err(Error::permanent(ErrorCode::InvalidValue, "no column is left to copy"));
    }
    Ok(planned)
}

/// Holds the columns against a table that is there.
fn against(planned: &mut Vec<Planned>, live: &TableStructure) -> Result<()> {
    for column in planned.iter_mut() {
        let Some(own) = live.column(&column.target) else {
            let names = live.columns.iter().map(|column| column.name.as_str());
            let near = nearest(&column.target, names).map(|near| format!("Did you mean `{near}`? "));
            return Err(Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("the table `{}` has no column `{}`", live.name, column.target),
            )
            .hint(format!(
                "{}Name the target's column in `columns`, or leave the source's out with `skip`.",
                near.unwrap_or_default()
            )));
        };
        column.is_generated = own.generated.is_some();
        if column.is_generated {
            column.reads = Reads::Nothing;
        } else if let (Reads::Nothing, Some(origin)) = (&column.reads, &column.origin) {
            column.reads = Reads::Column(origin.name.clone());
        }
    }
    planned.retain(|column| column.reads != Reads::Nothing);
    Ok(())
}

fn source_column<'a>(origin: &'a Origin, name: &str) -> Result<&'a ColumnStructure> {
    let columns = &origin.structure.columns;
    columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let error = Error::permanent(ErrorCode::ColumnNotFound, format!("the source has no column `{name}`"));
        match nearest(name, columns.iter().map(|column| column.name.as_str())) {
            Some(near) => error.hint(format!("Did you mean `{near}`?")),
            None => error.hint("Name a column of the source."),
        }
    })
}

fn of_expression(target: &str, sql: String, neutral: Neutral) -> Planned {
    Planned {
        target: target.to_owned(),
        origin: None,
        reads: Reads::Expression(sql),
        neutral,
        native: None,
        is_generated: false,
    }
}

fn of_column(
    origin: &Origin,
    column: &ColumnStructure,
    target: String,
    conversions: Conversions,
    to: Flavor,
) -> Planned {
    let neutral = neutral(origin, column);
    // An expression that means the same there is computed there; its values need not travel.
    let is_generated = column.generated.as_ref().is_some_and(|generated| {
        let names = origin.structure.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        origin.system == to.system
            || super::expression::translate(origin.system, to.system, &generated.expression, &names).is_some()
    });
    let reads = match converted(origin.system, &column.name, &neutral, conversions, to) {
        _ if is_generated => Reads::Nothing,
        Some(sql) => Reads::Expression(sql),
        None => Reads::Column(column.name.clone()),
    };
    Planned { target, origin: Some(column.clone()), reads, neutral, native: None, is_generated }
}

/// What the column holds: what its declaration says, unless its values say otherwise.
fn neutral(origin: &Origin, column: &ColumnStructure) -> Neutral {
    let declared = match origin.enums.get(&column.native_type) {
        Some(values) => Neutral::Enum(values.clone()),
        None => read(origin.system, &column.native_type),
    };
    let field = origin.schema.as_ref().and_then(|schema| schema.field_with_name(&column.name).ok());
    let Some(seen) = field.map(|field| field.data_type()) else { return declared };
    let fits = match (&declared, seen) {
        (Neutral::Decimal(None), _) => false,
        (Neutral::Other(_), DataType::Utf8) => origin.system != System::Sqlite,
        (Neutral::Other(_), _) => false,
        (_, DataType::Utf8 | DataType::Binary) if origin.system == System::Sqlite => matches!(
            (&declared, seen),
            (Neutral::Text(_) | Neutral::Json | Neutral::Uuid, DataType::Utf8) | (Neutral::Bytes(_), DataType::Binary)
        ),
        _ => !column.native_type.is_empty(),
    };
    if fits { declared } else { of_arrow(seen) }
}

/// The expression that changes what the target cannot hold, where the settings ask for that.
fn converted(from: System, name: &str, neutral: &Neutral, conversions: Conversions, to: Flavor) -> Option<String> {
    let column = quote(from, name);
    match neutral {
        // More digits than the target has travel as text.
        Neutral::Decimal(Some((digits, scale))) if to.system == System::Mysql && (*digits > 65 || *scale > 30) => {
            Some(format!("CAST({column} AS {})", if from == System::Mysql { "CHAR" } else { "TEXT" }))
        }
        Neutral::Text(_) | Neutral::Json | Neutral::Set(_) | Neutral::Other(_)
            if to.system == System::Postgres && from != System::Postgres =>
        {
            let by = match conversions.nul? {
                NulAs::Strip => "",
                NulAs::Space => " ",
            };
            Some(match from {
                System::Sqlite => without_nul(&column, by),
                _ => format!("REPLACE({column}, CHAR(0), {})", literal(from, by)),
            })
        }
        Neutral::Single | Neutral::Double | Neutral::Decimal(_) if from == System::Postgres => {
            conversions.not_finite?;
            Some(format!("NULLIF(NULLIF(NULLIF({column}, 'NaN'), 'Infinity'), '-Infinity')"))
        }
        Neutral::Date | Neutral::Timestamp(_) | Neutral::Instant(_) if from == System::Postgres => {
            conversions.far_dates?;
            Some(format!("CASE WHEN {column} >= '0001-01-01' AND {column} < '10000-01-01' THEN {column} END"))
        }
        _ => None,
    }
}

/// SQLite's `replace` takes a text that begins with NUL for an empty one, so the text is cut at each NUL, as bytes.
fn without_nul(column: &str, by: &str) -> String {
    let (bytes, by) = (format!("CAST({column} AS BLOB)"), literal(System::Sqlite, by));
    format!(
        "CASE WHEN instr({bytes}, x'00') = 0 THEN {column} ELSE (WITH RECURSIVE part (head, rest) AS \
         (SELECT '', {bytes} UNION ALL \
         SELECT head || CAST(substr(rest, 1, instr(rest, x'00') - 1) AS TEXT) || {by}, substr(rest, instr(rest, x'00') + 1) \
         FROM part WHERE instr(rest, x'00') > 0) \
         SELECT head || CAST(rest AS TEXT) FROM part WHERE instr(rest, x'00') = 0) END"
    )
}

/// How the rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) relation: Relation,
    /// Names as they are read, and as the target calls them.
    pub(super) columns: Vec<(String, String)>,
    pub(super) filter: Option<String>,
    pub(super) order_by: Vec<String>,
}

impl Reading {
    /// What `planned` takes to read; only rows where `filter` and `range` hold.
    pub(super) fn of(origin: &Origin, planned: &[Planned], filter: Option<&str>, range: Option<&str>) -> Self {
        let conditions: Vec<&str> = [filter, range].into_iter().flatten().collect();
        let both = match conditions.as_slice() {
            [] => None,
            [one] => Some((*one).to_owned()),
            all => Some(all.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" AND ")),
        };
        let plain: Option<Vec<(String, String)>> = planned
            .iter()
            .filter(|column| column.reads != Reads::Nothing)
            .map(|column| match &column.reads {
                Reads::Column(name) => Some((name.clone(), column.target.clone())),
                _ => None,
            })
            .collect();
        if let Some(columns) = plain {
            let order_by = origin.key.clone();
            return Self { relation: origin.relation.clone(), columns, filter: both, order_by };
        }
        let system = origin.system;
        let mut selected = Vec::new();
        let mut columns = Vec::new();
        for column in planned {
            let expression = match &column.reads {
                Reads::Nothing => continue,
                Reads::Column(name) => quote(system, name),
                Reads::Expression(sql) => sql.clone(),
            };
            selected.push(format!("{expression} AS {}", quote(system, &column.target)));
            columns.push((column.target.clone(), column.target.clone()));
        }
        let mut order_by = Vec::new();
        for (place, key) in origin.key.iter().enumerate() {
            let name = format!("_sluice_key_{place}");
            selected.push(format!("{} AS {}", quote(system, key), quote(system, &name)));
            order_by.push(name);
        }
        let from = match &origin.relation {
            Relation::Table(name) => quote_table(system, name),
            Relation::Query(sql) => format!("({sql}\n) AS source_rows"),
        };
        let mut query = format!("SELECT {} FROM {from}", selected.join(", "));
        if let Some(both) = both {
            query.push_str(&format!(" WHERE {both}"));
        }
        Self { relation: Relation::Query(query), columns, filter: None, order_by }
    }

    pub(super) fn options(&self) -> ReadOptions {
        ReadOptions {
            relation: self.relation.clone(),
            columns: self.columns.iter().map(|(name, _)| name.clone()).collect(),
            filter: self.filter.clone(),
            order_by: self.order_by.clone(),
            ..ReadOptions::table("")
        }
    }
}
