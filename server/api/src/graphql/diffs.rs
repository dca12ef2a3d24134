//! Comparisons asked for once, and their differences page by page.

use super::types::{Problem, Run};
use super::{Context, page_size};
use crate::error::ApiError;
use juniper::{GraphQLEnum, GraphQLInputObject, GraphQLObject, graphql_object};
use model::{ErrorCode, Fault, RunId};
use serde_json::{Map, Value, json};
use workbench::diffs::{self, DiffSide, DiffView, Difference, DifferenceKind, NewDiff, PageCursor};

/// A table or query of a connection.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct DiffSideInput {
    /// The connection.
    connection: String,
    /// A table, or `query`.
    table: Option<String>,
    /// A query that only reads, or `table`.
    query: Option<String>,
    /// A condition in the system's own SQL.
    filter: Option<String>,
}

/// Columns that are called otherwise on the right.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct DiffColumnPair {
    left: String,
    right: String,
}

/// A comparison to be made.
#[derive(Debug, Clone, GraphQLInputObject)]
pub struct DiffInput {
    /// One side; rows that only it has are missing.
    left: DiffSideInput,
    /// The other; rows that only it has are extra.
    right: DiffSideInput,
    /// Columns that say which rows belong together; absent: the left table's own key, else whole rows.
    key: Option<Vec<String>>,
    /// Columns to compare; absent: all that both have.
    columns: Option<Vec<String>>,
    /// Columns that are not compared.
    except: Option<Vec<String>>,
    /// Columns that are called otherwise on the right.
    mapping: Option<Vec<DiffColumnPair>>,
    /// Further settings of the step `diff` as a JSON object in text:
    /// `{"tolerance": {"price": 0.01}, "max_differences": 1000}`.
    settings: Option<String>,
}

impl DiffInput {
    fn into_new(self) -> Result<NewDiff, Fault> {
        let settings: Map<String, Value> = match &self.settings {
            Some(text) => serde_json::from_str(text).map_err(|error| {
                Fault::new(ErrorCode::InvalidValue, format!("`settings` is not a JSON object: {error}"))
                    .hint("Write it as text: `\"{\\\"sample\\\": 100}\"`.")
            })?,
            None => Map::new(),
        };
        let side = |side: DiffSideInput| {
            json!(DiffSide { connection: side.connection, table: side.table, query: side.query, filter: side.filter })
        };
        let mut with = settings;
        with.insert("left".to_owned(), side(self.left));
        with.insert("right".to_owned(), side(self.right));
        for (name, list) in [("key", self.key), ("columns", self.columns), ("except", self.except)] {
            if let Some(list) = list {
                with.insert(name.to_owned(), json!(list));
            }
        }
        if let Some(mapping) = self.mapping {
            let mapping: Map<String, Value> = mapping.into_iter().map(|pair| (pair.left, pair.right.into())).collect();
            with.insert("mapping".to_owned(), mapping.into());
        }
        serde_json::from_value(Value::Object(with))
            .map_err(|error| Fault::new(ErrorCode::InvalidValue, format!("the comparison cannot be read: {error}")))
    }
}

/// What a comparison found. While it runs, `runEvents` of its run tells more.
pub struct Diff(DiffView);

#[graphql_object(context = Context)]
impl Diff {
    /// Its run.
    fn run(&self) -> Run {
        Run(self.0.run.clone())
    }
    /// The columns that say which rows belong together.
    fn key(&self) -> &[String] {
        &self.0.of.key
    }
    /// Whether it has come to its end, so that what was counted is there.
    fn is_counted(&self) -> bool {
        self.0.found.contains_key("differences")
    }
    /// Missing, extra and changed rows together.
    fn differences(&self) -> Option<f64> {
        self.number("differences")
    }
    /// Rows of the left side that the right lacks.
    fn missing(&self) -> Option<f64> {
        self.number("missing")
    }
    /// Rows of the right side that the left lacks.
    fn extra(&self) -> Option<f64> {
        self.number("extra")
    }
    /// Rows of the same key with other values.
    fn changed(&self) -> Option<f64> {
        self.number("changed")
    }
    fn equal(&self) -> Option<f64> {
        self.number("equal")
    }
    fn left_rows(&self) -> Option<f64> {
        self.number("left_rows")
    }
    fn right_rows(&self) -> Option<f64> {
        self.number("right_rows")
    }
    /// Differences for each hundred rows of the larger side.
    fn percent(&self) -> Option<f64> {
        self.number("percent")
    }
    /// How the sides were compared.
    fn strategy(&self) -> Option<&str> {
        self.0.found.get("strategy").and_then(Value::as_str)
    }
    /// Why so.
    fn reasons(&self) -> Vec<String> {
        self.texts("reasons")
    }
    /// What could not be compared exactly.
    fn notes(&self) -> Vec<String> {
        self.texts("notes")
    }
    /// Whether all rows were compared.
    fn complete(&self) -> Option<bool> {
        self.0.found.get("complete").and_then(Value::as_bool)
    }
    /// Why it failed.
    fn error(&self) -> Option<Problem> {
        self.0.run.error.clone().map(Problem::from)
    }
}

impl Diff {
    fn number(&self, name: &str) -> Option<f64> {
        self.0.found.get(name).and_then(Value::as_f64)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.found.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|text| text.as_str().map(ToOwned::to_owned)).collect()
    }
}

/// Which kind of difference a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, GraphQLEnum)]
pub enum DifferenceWord {
    /// Only the left side has the row.
    Missing,
    /// Only the right side has it.
    Extra,
    /// Both have its key, with other values.
    Changed,
}

/// Differences in the order of the key.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct DiffPage {
    /// The columns of the key, by their left names.
    key: Vec<String>,
    /// All compared columns, by their left names.
    columns: Vec<String>,
    rows: Vec<DiffRow>,
    /// What to ask the next page with; absent: this is the last.
    next: Option<String>,
}

/// One difference.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct DiffRow {
    kind: DifferenceWord,
    /// The key's values by name, as a JSON object in text.
    key: String,
    /// The whole row by name, as a JSON object in text; absent for a changed row.
    values: Option<String>,
    /// The columns that changed.
    changes: Vec<DiffChange>,
}

/// Statements that make the right table equal the left.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct DiffRepair {
    /// In the order in which they are to be run. Each may be run twice with the same result.
    statements: Vec<String>,
    /// Whether they mend all differences.
    complete: bool,
}

/// A column of a changed row, its values as text; absent: NULL.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct DiffChange {
    column: String,
    left: Option<String>,
    right: Option<String>,
}

impl From<Difference> for DiffRow {
    fn from(difference: Difference) -> Self {
        let changes = difference.changes.into_iter();
        Self {
            kind: match difference.kind {
                DifferenceKind::Missing => DifferenceWord::Missing,
                DifferenceKind::Extra => DifferenceWord::Extra,
                DifferenceKind::Changed => DifferenceWord::Changed,
            },
            key: json!(difference.key).to_string(),
            values: (difference.kind != DifferenceKind::Changed).then(|| json!(difference.values).to_string()),
            changes: changes
                .map(|change| DiffChange { column: change.column, left: change.left, right: change.right })
                .collect(),
        }
    }
}

pub(super) async fn start(context: &Context, input: DiffInput) -> Result<Diff, ApiError> {
    let new = input.into_new()?;
    let pools = context.workbench.pools.as_ref();
    let run = diffs::start(&context.engine, pools, new).await.map_err(super::monitors::first)?;
    get(context, run).await
}

pub(super) async fn get(context: &Context, run: RunId) -> Result<Diff, ApiError> {
    Ok(Diff(diffs::get(&context.engine, run).await?))
}

pub(super) async fn rows(
    context: &Context,
    run: RunId,
    after: Option<&str>,
    first: Option<i32>,
) -> Result<DiffPage, ApiError> {
    let cursor: PageCursor = match after {
        Some(text) => serde_json::from_str(text).map_err(|_| {
            Fault::new(ErrorCode::InvalidValue, "`after` is no place in the differences")
                .hint("Give what `next` of the page before says.")
        })?,
        None => PageCursor::default(),
    };
    let first = u64::from(page_size(first));
    let page = diffs::rows(&context.engine, &context.workbench, run, &cursor, first).await?;
    Ok(DiffPage {
        key: page.key,
        columns: page.columns,
        rows: page.rows.into_iter().map(DiffRow::from).collect(),
        next: page.next.map(|next| json!(next).to_string()),
    })
}

/// Differences whose statements are told at once, at most.
const REPAIR_MOST: i32 = 10_000;

pub(super) async fn repair(context: &Context, run: RunId, first: Option<i32>) -> Result<DiffRepair, ApiError> {
    let most = u64::try_from(first.unwrap_or(1000).clamp(1, REPAIR_MOST)).unwrap_or(1);
    let script = diffs::repair(&context.engine, context.workbench.pools.as_ref(), run, most).await?;
    Ok(DiffRepair { statements: script.statements, complete: script.complete })
}
