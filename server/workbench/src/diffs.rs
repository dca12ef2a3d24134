//! Comparisons asked for once: workflows of one `diff` step, known by the tag `diff`, and their differences page by page.
//!
//! The run counts and keeps a sample. [`rows`] leafs through all differences in the order of the key: some thousand are
//! compared at once and kept for a while ([`kept::KeptDiffs`]).

mod kept;

use crate::Workbench;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::Relation;
use data::registry::Connections;
use engine::RunView;
use engine::engine::{Engine, StartRun};
use model::{ErrorCode, Fault, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use transfer::diff::{DiffOptions, Leeway, Repairing, Rows};
use transfer::{DifferenceSink, Side};

// What pages are made of; the API knows `transfer` by them only.
pub use kept::KeptDiffs;
pub use transfer::DifferenceKind;
pub use transfer::diff::{DiffPage, Difference, PageCursor};

/// The tag every such workflow has.
pub const TAG: &str = "diff";
/// Its step.
pub const STEP: &str = "diff";

/// A table or query of a connection, as a `diff` step spells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DiffSide {
    /// The connection.
    pub connection: String,
    /// A table, or `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// A query that only reads, or `table`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// A condition in the system's own SQL.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

impl DiffSide {
    fn side(&self) -> Result<Side, Fault> {
        let relation = match (&self.table, &self.query) {
            (Some(table), None) => Relation::Table(table.clone()),
            (None, Some(query)) => Relation::Query(query.clone()),
            _ => {
                return Err(Fault::new(ErrorCode::MissingKey, "a side needs either `table` or `query`")
                    .hint("Give exactly one of the two."));
            }
        };
        Ok(Side { relation, filter: self.filter.clone() })
    }

    fn word(&self) -> String {
        self.table.clone().unwrap_or_else(|| "query".to_owned())
    }
}

/// A comparison to be made, as a `diff` step spells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NewDiff {
    /// One side.
    pub left: DiffSide,
    /// The other.
    pub right: DiffSide,
    /// Columns that say which rows belong together; empty: whole rows are compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// Columns to compare; empty: all that both have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Columns that are not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Right names of columns that are called otherwise on the left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mapping: BTreeMap<String, String>,
    /// What makes no difference, by column, as the step spells it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tolerance: BTreeMap<String, Value>,
    /// Further settings of the step: `strategy`, `parallel`, `max_differences`, …
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// What a comparison found.
#[derive(Debug, Clone)]
pub struct DiffView {
    /// Its run.
    pub run: RunView,
    /// What is compared.
    pub of: NewDiff,
    /// What was counted and told, as the step's outputs say it; empty before its end.
    pub found: Map<String, Value>,
}

/// Saves the comparison as a workflow and starts it. The same pair of tables is the same workflow.
///
/// # Errors
/// `missing_key`, `connection_not_found`, and the document's faults.
pub async fn start(engine: &Engine, pools: &dyn Connections, mut new: NewDiff) -> Result<RunId, Vec<Fault>> {
    let one = |fault: Fault| vec![fault];
    let mut opened = Vec::new();
    for side in [&new.left, &new.right] {
        side.side().map_err(one)?;
        opened.push(pools.get(&side.connection).await.map_err(|error| one(*error.fault))?);
    }
    // The left table's own key, where it has one and people name none.
    if let (true, Some(table)) = (new.key.is_empty(), &new.left.table) {
        let info = opened[0].find_table(table).await.map_err(|error| one(*error.fault))?;
        new.key = info.map(|info| info.key).unwrap_or_default();
    }
    let record = engine.save_workflow(&document(&new)).await?;
    engine.start_run(&record, StartRun::default()).await.map_err(one)
}

/// The workflow of a comparison, as JSON.
#[must_use]
pub fn document(new: &NewDiff) -> String {
    let what =
        format!("{}:{} with {}:{}", new.left.connection, new.left.word(), new.right.connection, new.right.word());
    let document = json!({
        "name": name(new),
        "description": format!("Compares {what}."),
        "tags": [TAG],
        "steps": [{ "id": STEP, "uses": "diff", "with": new }],
    });
    serde_json::to_string_pretty(&document).expect("a document has text keys")
}

/// `diff-shop-orders-1f3a…`: the pair's own, and readable.
fn name(new: &NewDiff) -> String {
    let text = json!([new.left, new.right]).to_string();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let words = format!("{}-{}", new.left.connection, new.left.word());
    let plain: String = words
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' })
        .take(30)
        .collect();
    format!("diff-{}-{:08x}", plain.trim_matches('-'), hash >> 32)
}

/// What a run found.
///
/// # Errors
/// `run_not_found`, `invalid_value` for a run of something else, `store_failed`.
pub async fn get(engine: &Engine, run: RunId) -> Result<DiffView, Fault> {
    let view = engine.get_run(run).await?;
    let version = engine.get_version(view.version).await?;
    let other = || {
        Fault::new(ErrorCode::InvalidValue, format!("`{run}` is no run of a comparison"))
            .hint("A comparison is a workflow with one step `diff` of two connections.")
    };
    let plan = engine.check(&version.text).map_err(|_| other())?;
    let mut steps = plan.workflow.steps.iter().filter(|step| step.uses == "diff");
    let (Some(step), None) = (steps.next(), steps.next()) else { return Err(other()) };
    let of: NewDiff = serde_json::from_value(Value::Object(step.with.clone())).map_err(|_| other())?;
    let found = view.steps.iter().find(|own| own.id == step.id).map(|own| own.outputs.clone()).unwrap_or_default();
    Ok(DiffView { run: view, of, found })
}

/// Differences of what a run compared, from `cursor` on, as the tables were when the first page of a stretch was asked for.
///
/// # Errors
/// As for [`get`], `connection_not_found`, and as for [`transfer::diff::page`].
pub async fn rows(
    engine: &Engine,
    workbench: &Workbench,
    run: RunId,
    cursor: &PageCursor,
    first: u64,
) -> data::Result<DiffPage> {
    let of = get(engine, run).await?.of;
    let (left_side, right_side) = (of.left.side()?, of.right.side()?);
    let [left, right] = [&of.left, &of.right].map(|side| side.connection.clone());
    let options = options(of)?;
    let pools = workbench.pools.clone();
    let compare = |cursor: PageCursor| async move {
        let (left, right) = (pools.get(&left).await?, pools.get(&right).await?);
        let sides = ((left.as_ref(), &left_side), (right.as_ref(), &right_side));
        transfer::diff::page(sides.0, sides.1, &options, &cursor, kept::STRETCH).await
    };
    workbench.diffs.page(run, cursor, first, compare).await
}

/// The statements that make the right side equal the left, as the tables are now.
#[derive(Debug, Clone, Default)]
pub struct RepairScript {
    /// In the order in which they are to be run; what a session wants first comes first.
    pub statements: Vec<String>,
    /// Whether they mend all differences.
    pub complete: bool,
}

/// Compares anew and writes what mends `most` differences, about; nothing is run.
///
/// # Errors
/// As for [`rows`]; `unsupported` where the right side is no table, or rows have no key.
pub async fn repair(engine: &Engine, pools: &dyn Connections, run: RunId, most: u64) -> data::Result<RepairScript> {
    let of = get(engine, run).await?.of;
    let Some(table) = of.right.table.clone() else {
        return Err(data::Error::permanent(
            ErrorCode::Unsupported,
            "the right side is no table, and only a table can be repaired",
        ));
    };
    let (left, right) = (pools.get(&of.left.connection).await?, pools.get(&of.right.connection).await?);
    let sides = (of.left.side()?, of.right.side()?);
    let options = DiffOptions { parallel: 1, max_differences: Some(most), ..options(of)? };
    let mut ignored = Ignored;
    let mut repairing = Repairing::new(&mut ignored, right.as_ref(), &table)?;
    let (left, right) = (Rows::Stored(left.as_ref(), sides.0), Rows::Stored(right.as_ref(), sides.1));
    let report = transfer::diff::run(left, right, &options, &mut repairing).await?;
    let mut repair = repairing.finish();
    repair.rewind()?;
    let mut statements = Vec::new();
    while let Some(next) = repair.next()? {
        statements.extend(next);
    }
    if !statements.is_empty() {
        statements.splice(0..0, repair.preamble().iter().cloned());
    }
    Ok(RepairScript { statements, complete: report.complete })
}

/// Takes differences of which only the statements are wanted.
struct Ignored;

#[async_trait]
impl DifferenceSink for Ignored {
    async fn take(&mut self, _: DifferenceKind, _: RecordBatch) -> data::Result<()> {
        Ok(())
    }
}

fn options(of: NewDiff) -> data::Result<DiffOptions> {
    let tolerance = of
        .tolerance
        .into_iter()
        .map(|(column, told)| Ok((column, serde_json::from_value::<Leeway>(told)?)))
        .collect::<Result<_, serde_json::Error>>();
    Ok(DiffOptions {
        key: of.key,
        columns: of.columns,
        except: of.except,
        mapping: of.mapping,
        tolerance: tolerance.map_err(|error| {
            data::Error::permanent(ErrorCode::InvalidValue, format!("a `tolerance` cannot be read: {error}"))
        })?,
        ..DiffOptions::default()
    })
}
