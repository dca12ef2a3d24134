//! Runs what [`super::plan`] finds, table by table, and sums up.
//!
//! Everything is planned again right before it is run: a plan that somebody agreed to and that no longer holds is refused.
//! A table that fails does not keep others from being changed.

use super::journal::{Operation, Scribe, kind_word, millis};
use super::order;
use super::plan::{Opened, fingerprint, plan_one};
use super::target::Target;
use data::structure::{TableAction, TableChange, TableKind, TablePlan};
use data::{Connections, Error};
use model::{ErrorCode, Fault, TableLogStatus};
use serde::Serialize;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// What may be done.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// Run statements that lose data.
    pub allow_destructive: bool,
    /// Plans that were agreed to, by connection and table; none: whatever is found now.
    pub agreed: Option<HashMap<(String, String), String>>,
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Applied {
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// In one word.
    pub status: AppliedStatus,
    /// Statements that were run, in order.
    pub done: Vec<TableChange>,
    /// What is left to people, and why.
    pub manual: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Why it failed or was skipped.
    pub error: Option<Fault>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What became of a table, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliedStatus {
    /// It was made.
    Created,
    /// It was changed.
    Altered,
    /// There was nothing to do.
    Unchanged,
    /// Something is left that takes a person; what could be run was.
    Manual,
    /// A statement failed, or the table could not be planned.
    Failed,
    /// It was left alone: a change would lose data, or the plan is not the one that was agreed to.
    Skipped,
}

/// How many tables ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[allow(missing_docs, reason = "the words of AppliedStatus")]
pub struct Counts {
    pub created: usize,
    pub altered: usize,
    pub unchanged: usize,
    pub manual: usize,
    pub failed: usize,
    pub skipped: usize,
}

/// What became of all tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApplyReport {
    /// Each table, in the order they were worked on.
    pub tables: Vec<Applied>,
    /// How many ended how.
    pub counts: Counts,
}

/// Makes every table as it is to be.
pub async fn apply(
    connections: &dyn Connections,
    targets: &[Target],
    options: &ApplyOptions,
    scribe: Scribe<'_>,
) -> ApplyReport {
    let mut work = Work { opened: Opened::new(connections), agreed: HashSet::new(), options, scribe };
    let order = order::by_dependency(targets);
    let mut tables = Vec::with_capacity(targets.len());
    let mut postponed = Vec::new();
    for (turn, place) in order.iter().enumerate() {
        let stripped = without_late_keys(targets, &order[turn..], *place);
        let (applied, is_partial) = work.table(&targets[*place], stripped.as_ref()).await;
        if is_partial && applied.status == AppliedStatus::Created {
            postponed.push((turn, *place));
        }
        tables.push(applied);
    }
    for (turn, place) in postponed {
        let (rest, _) = work.table(&targets[place], None).await;
        merge(&mut tables[turn], rest);
    }
    let mut counts = Counts::default();
    for table in &tables {
        let count = match table.status {
            AppliedStatus::Created => &mut counts.created,
            AppliedStatus::Altered => &mut counts.altered,
            AppliedStatus::Unchanged => &mut counts.unchanged,
            AppliedStatus::Manual => &mut counts.manual,
            AppliedStatus::Failed => &mut counts.failed,
            AppliedStatus::Skipped => &mut counts.skipped,
        };
        *count += 1;
    }
    ApplyReport { tables, counts }
}

/// The table without its foreign keys to tables that come later, if it has some: tables that refer to each other in a
/// circle are made without those first.
fn without_late_keys(targets: &[Target], rest: &[usize], place: usize) -> Option<Target> {
    let mut names = HashMap::new();
    for later in rest.iter().filter(|later| **later != place) {
        names.insert((targets[*later].connection.as_str(), targets[*later].table.to_lowercase()), *later);
    }
    let whole = &targets[place];
    let mut stripped = whole.clone();
    stripped.structure.foreign_keys.retain(|key| order::referred(whole, &key.references, &names).is_none());
    (stripped.structure.foreign_keys.len() < whole.structure.foreign_keys.len()).then_some(stripped)
}

/// Adds what a table's second turn did to what its first one did.
fn merge(first: &mut Applied, second: Applied) {
    // What went well the second time changes nothing of what the first did, unless that did nothing.
    let went_well = matches!(second.status, AppliedStatus::Altered | AppliedStatus::Unchanged);
    if !went_well || first.status == AppliedStatus::Unchanged {
        first.status = second.status;
    }
    first.done.extend(second.done);
    first.manual.extend(second.manual);
    first.notes.extend(second.notes);
    first.error = second.error.or(first.error.take());
    first.duration_ms += second.duration_ms;
}

struct Work<'a> {
    opened: Opened<'a>,
    /// Tables whose plan was found to be the one agreed to.
    agreed: HashSet<(String, String)>,
    options: &'a ApplyOptions,
    scribe: Scribe<'a>,
}

impl Work<'_> {
    /// Works on one table; where it has to be made, as `stripped` if there is that, and says whether it was.
    async fn table(&mut self, target: &Target, stripped: Option<&Target>) -> (Applied, bool) {
        let since = Instant::now();
        let mut applied = Applied {
            connection: target.connection.clone(),
            table: target.table.clone(),
            status: AppliedStatus::Unchanged,
            done: Vec::new(),
            manual: Vec::new(),
            notes: Vec::new(),
            error: None,
            duration_ms: 0,
        };
        let is_partial = match self.plan(target, stripped).await {
            Ok((whole, partial)) => {
                let is_partial = partial.is_some();
                if let Some(fault) = self.refuse(target, &whole) {
                    let word = word_of(&whole);
                    let first = whole.changes.first();
                    self.note(target, word, first, since, TableLogStatus::Skipped, Some(&fault)).await;
                    (applied.status, applied.error) = (AppliedStatus::Skipped, Some(fault));
                    (applied.manual, applied.notes) = (whole.manual, whole.notes);
                } else {
                    self.carry_out(target, partial.unwrap_or(whole), &mut applied).await;
                }
                is_partial
            }
            Err(error) => {
                applied.status = AppliedStatus::Failed;
                applied.error = Some(*error.fault);
                self.note(target, "plan", None, since, TableLogStatus::Failed, applied.error.as_ref()).await;
                false
            }
        };
        applied.duration_ms = millis(since);
        (applied, is_partial)
    }

    /// The plan of the whole table, and the one of its part where it has to be made in parts.
    async fn plan(
        &mut self,
        target: &Target,
        stripped: Option<&Target>,
    ) -> Result<(TablePlan, Option<TablePlan>), Error> {
        let whole = plan_one(&mut self.opened, target).await?;
        let partial = match stripped {
            Some(stripped) if whole.action == TableAction::Create => Some(plan_one(&mut self.opened, stripped).await?),
            _ => None,
        };
        Ok((whole, partial))
    }

    async fn carry_out(&mut self, target: &Target, plan: TablePlan, applied: &mut Applied) {
        applied.manual.clone_from(&plan.manual);
        applied.notes.clone_from(&plan.notes);
        let word = word_of(&plan);
        let is_creation = plan.action == TableAction::Create;
        let kind = made_kind(&target.structure.kind, &plan);
        for change in plan.changes {
            let since = Instant::now();
            let done = match self.opened.get(&target.connection).await {
                Ok(connector) => connector.execute(&change.sql).await.map(|_| ()),
                Err(error) => Err(error),
            };
            let fault = done.err().map(|error| {
                self.opened.note(&target.connection, &error);
                *error.fault
            });
            let status = if fault.is_some() { TableLogStatus::Failed } else { TableLogStatus::Succeeded };
            self.note(target, word, Some(&change), since, status, fault.as_ref()).await;
            if is_creation && applied.done.is_empty() {
                self.scribe.creation(target, kind, &change.sql, since, fault.as_ref()).await;
            }
            if fault.is_some() {
                applied.status = AppliedStatus::Failed;
                applied.error = fault;
                return;
            }
            applied.done.push(change);
        }
        if !is_creation {
            // Only the columns that the statements were about.
            let is_told = |name: &str| {
                let quoted = format!("`{name}`");
                applied.done.iter().any(|change| change.summary.contains(&quoted))
            };
            let mut entries = self.scribe.columns(target.place(), &target.structure);
            entries.retain(|entry| is_told(&entry.subject));
            if !entries.is_empty() {
                self.scribe.journal.record(entries).await;
            }
        }
        applied.status = match (plan.action, applied.done.is_empty(), applied.manual.is_empty()) {
            (_, _, false) => AppliedStatus::Manual,
            (TableAction::Create, false, true) => AppliedStatus::Created,
            (_, false, true) => AppliedStatus::Altered,
            (_, true, true) => AppliedStatus::Unchanged,
        };
    }

    /// Why the table's plan is not to be run.
    fn refuse(&mut self, target: &Target, plan: &TablePlan) -> Option<Fault> {
        if let Some(agreed) = &self.options.agreed
            && !plan.changes.is_empty()
        {
            let place = (target.connection.clone(), target.table.clone());
            if agreed.get(&place) == Some(&fingerprint(plan)) {
                self.agreed.insert(place);
            } else if !self.agreed.contains(&place) {
                // A table's second turn is part of what was agreed to at its first.
                let message = format!("the table `{}` is not as it was when its plan was shown", target.table);
                return Some(
                    Fault::new(ErrorCode::PlanChanged, message).hint("Look at the plan again, and apply that one."),
                );
            }
        }
        if self.options.allow_destructive {
            return None;
        }
        let change = plan.changes.iter().find(|change| change.cost.loss.is_some())?;
        let loss = change.cost.loss.as_deref().unwrap_or_default();
        let message = format!("`{}`: to {} loses data: {loss}", target.table, change.summary);
        Some(
            Fault::new(ErrorCode::LossNotAllowed, message).hint(
                "Nothing of the table was changed. Allow it with `--allow-destructive` (`allow_destructive: true`).",
            ),
        )
    }

    async fn note(
        &self,
        target: &Target,
        word: &str,
        change: Option<&TableChange>,
        since: Instant,
        status: TableLogStatus,
        error: Option<&Fault>,
    ) {
        let parameters = match change {
            Some(change) => json!({ "summary": change.summary, "cost": change.cost }),
            None => json!({}),
        };
        let ddl = change.map(|change| change.sql.as_str());
        self.scribe.operation(target, Operation { word, ddl, parameters, since, status, error }).await;
    }
}

/// The kind of table that is made, in one word: without the extension a hypertable is asked for and a plain table made.
fn made_kind(wanted: &TableKind, plan: &TablePlan) -> &'static str {
    let is_partitioned = || plan.changes.iter().any(|change| change.sql.contains("create_hypertable("));
    match wanted {
        TableKind::Hypertable { .. } if !is_partitioned() => kind_word(&TableKind::Plain),
        kind => kind_word(kind),
    }
}

/// The word of the log of operations.
fn word_of(plan: &TablePlan) -> &'static str {
    if plan.action == TableAction::Create { "create" } else { "alter" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data::structure::ChangeCost;

    #[test]
    fn the_log_names_the_table_that_is_made_not_the_one_that_was_asked_for() {
        let plan = |statements: &[&str]| {
            let change = |sql: &&str| TableChange {
                summary: String::new(),
                sql: (*sql).to_owned(),
                cost: ChangeCost::default(),
            };
            TablePlan { changes: statements.iter().map(change).collect(), ..TablePlan::nothing("bars") }
        };
        let hypertable = TableKind::Hypertable { time_column: "day".to_owned(), chunk_interval: None };
        let create = "CREATE TABLE bars (day date)";
        assert_eq!(made_kind(&hypertable, &plan(&[create])), "table");
        assert_eq!(made_kind(&hypertable, &plan(&[create, "SELECT create_hypertable('bars', 'day')"])), "hypertable");
        assert_eq!(made_kind(&TableKind::SuperTable, &plan(&["CREATE STABLE bars"])), "supertable");
    }
}
