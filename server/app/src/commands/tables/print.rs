//! Plans, reports and logs about tables, for people.

use crate::output;
use data::structure::{ChangeCost, LockKind, TableAction, TableChange};
use model::{Fault, TableLogRecord};
use transfer::tables::{AppliedStatus, ApplyReport, ColumnVerdict, Dropped, PlannedTable, ValidationReport, Verdict};

/// Each table with its statements and what they cost, then how many there are.
pub(super) fn plan(planned: &[PlannedTable]) {
    let mut counts = [0usize; 5];
    for table in planned {
        let name = format!("{}.{}", table.connection, table.table);
        let Some(plan) = &table.plan else {
            counts[4] += 1;
            output::line(format!("✗ failed   {name}"));
            fault(table.error.as_ref());
            continue;
        };
        let (place, head) = match plan.action {
            TableAction::Create => (0, "+ create "),
            TableAction::Alter => (1, "~ alter  "),
            TableAction::Nothing => (2, "  nothing"),
            TableAction::Manual => (3, "! manual "),
        };
        counts[place] += 1;
        output::line(format!("{head} {name} ({})", table.database_type.as_str()));
        plan.changes.iter().for_each(|one| change(one, true));
        remarks(&plan.manual, &plan.notes);
    }
    let [create, alter, nothing, manual, failed] = counts;
    if create + alter + manual + failed == 0 {
        let are = if nothing == 1 { "is" } else { "are" };
        output::line(format!("Nothing to do: {} {are} as described.", output::counted(nothing as u64, "table")));
        return;
    }
    output::line(format!(
        "{create} to create, {alter} to alter, {nothing} as described, {manual} for a person, {failed} failed"
    ));
}

fn change(change: &TableChange, with_sql: bool) {
    output::line(format!("    {}", change.summary));
    if with_sql {
        for line in change.sql.lines() {
            output::line(format!("      {line}"));
        }
    }
    if let Some(cost) = cost(&change.cost) {
        output::line(format!("      cost: {cost}"));
    }
}

/// What a statement costs, in one line; none: nothing to speak of.
fn cost(cost: &ChangeCost) -> Option<String> {
    let mut parts = Vec::new();
    match cost.lock {
        LockKind::None => {}
        LockKind::Writes => parts.push("nobody can write meanwhile".to_owned()),
        LockKind::All => parts.push("nobody can read or write meanwhile".to_owned()),
    }
    if cost.rewrite {
        parts.push("every row is written anew".to_owned());
    }
    if let Some(loss) = &cost.loss {
        parts.push(format!("LOSES DATA: {loss}"));
    }
    parts.extend(cost.note.clone());
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn remarks(manual: &[String], notes: &[String]) {
    for text in manual {
        output::line(format!("    by hand: {text}"));
    }
    for text in notes {
        output::line(format!("    note: {text}"));
    }
}

fn fault(fault: Option<&Fault>) {
    let Some(fault) = fault else { return };
    output::line(format!("    {} [{}]", fault.message, fault.code));
    if let Some(hint) = &fault.hint {
        output::line(format!("    hint: {hint}"));
    }
}

/// What became of each table, then how many ended how.
pub(super) fn applied(report: &ApplyReport) {
    for table in &report.tables {
        let word = match table.status {
            AppliedStatus::Created => "+ created  ",
            AppliedStatus::Altered => "~ altered  ",
            AppliedStatus::Unchanged => "  unchanged",
            AppliedStatus::Manual => "! manual   ",
            AppliedStatus::Failed => "✗ failed   ",
            AppliedStatus::Skipped => "- skipped  ",
        };
        let time = output::duration(table.duration_ms);
        output::line(format!("{word} {}.{} ({time})", table.connection, table.table));
        table.done.iter().for_each(|done| change(done, false));
        remarks(&table.manual, &table.notes);
        fault(table.error.as_ref());
    }
    let counts = report.counts;
    output::line(format!(
        "{} created, {} altered, {} unchanged, {} for a person, {} failed, {} skipped",
        counts.created, counts.altered, counts.unchanged, counts.manual, counts.failed, counts.skipped
    ));
}

/// Each table with its columns that differ, then how many differences there are.
pub(super) fn validated(report: &ValidationReport) {
    for table in &report.tables {
        let name = format!("{}.{}", table.connection, table.table);
        let word = match table.verdict {
            Verdict::Matches => "= matches",
            Verdict::Differs => "≠ differs",
            Verdict::Missing => "- missing",
            Verdict::Failed => "✗ failed ",
        };
        output::line(format!("{word} {name}"));
        for difference in &table.differences {
            output::line(format!("    {difference}"));
        }
        let rows: Vec<Vec<String>> =
            table.columns.iter().filter(|column| column.verdict != Verdict::Matches).map(row).collect();
        if !rows.is_empty() {
            output::table(&["column", "wanted", "live"], &[], rows);
        }
        fault(table.error.as_ref());
    }
    let same = report.tables.iter().filter(|table| table.verdict == Verdict::Matches).count();
    let differences = output::counted(report.differences as u64, "difference");
    output::line(format!("{same} as described, {differences}, {} failed", report.failed));
}

fn row(column: &ColumnVerdict) -> Vec<String> {
    let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "∅".to_owned());
    vec![column.column.clone(), shown(&column.wanted), shown(&column.live)]
}

/// What became of each table, then how many ended how.
pub(super) fn dropped(dropped: &[Dropped]) {
    let mut counts = [0usize; 4];
    for table in dropped {
        let (place, word) = match table.status {
            AppliedStatus::Altered => (0, "- dropped"),
            AppliedStatus::Unchanged => (1, "  absent "),
            AppliedStatus::Skipped => (2, "  kept   "),
            _ => (3, "✗ failed "),
        };
        counts[place] += 1;
        output::line(format!("{word} {}.{}", table.connection, table.table));
        fault(table.error.as_ref());
    }
    let [gone, absent, kept, failed] = counts;
    output::line(format!("{gone} dropped, {absent} absent, {kept} kept, {failed} failed"));
}

/// Entries of a log, newest first.
pub(super) fn history(records: &[TableLogRecord]) {
    let rows = records.iter().map(|record| {
        let entry = &record.entry;
        let said = match (&entry.error, &entry.ddl) {
            (Some(error), _) => error.message.clone(),
            (None, Some(ddl)) => ddl.clone(),
            (None, None) => entry.parameters.to_string(),
        };
        let said = output::one_line(&said.split_whitespace().collect::<Vec<_>>().join(" "), 80);
        vec![
            record.id.to_string(),
            entry.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            entry.who.clone(),
            format!("{}.{}", entry.connection, entry.table),
            entry.subject.clone(),
            entry.status.as_str().to_owned(),
            output::duration(entry.duration_ms),
            said,
        ]
    });
    let header = ["id", "time (UTC)", "who", "table", "what", "status", "took", "statement or reason"];
    output::list(&header, &["id", "took"], rows.collect(), "Nothing is on record.");
}
