//! What a source must do: read to its end, the same again, go on at a cursor, and tell what went wrong.

use super::{Lines, Mode, Suite, Verdict, broke};
use crate::manifest::PluginKind;
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use data::registry::PluginCall;
use data::{Checkpoint, Error, Plugins, Resume};
use model::ErrorCode;

/// Pages that the suite reads at most.
const PAGES: usize = 2_000;
const MEND_ERRORS: &str = "Return an error rather than panic: `?` on what may fail, no `unwrap`.";

/// What a reading gave.
struct Reading {
    resume: Resume,
    pages: Vec<RecordBatch>,
    cursors: Vec<Option<Checkpoint>>,
    rejected: usize,
}

impl Reading {
    fn rows(&self) -> usize {
        self.pages.iter().map(RecordBatch::num_rows).sum()
    }

    /// All rows from that page on, as one batch.
    fn since_page(&self, page: usize) -> Option<RecordBatch> {
        let schema = self.pages.first()?.schema();
        concat_batches(&schema, self.pages.get(page..)?).ok()
    }
}

pub(super) async fn check(suite: &Suite, lines: &mut Lines) {
    suite.check_export(PluginKind::Source, lines).await;
    let first = read(suite, suite.call(), None).await;
    let mend = "Let the source read what `check.toml` lays out to its end, in pages that keep to its own schema.";
    let mut verdict = Verdict::of(&first, mend);
    if let Ok(reading) = &first {
        let rejected = if reading.rejected > 0 { format!(", {} rejected", reading.rejected) } else { String::new() };
        verdict = match reading.rows() {
            0 => Verdict::fail("it read no row", "Lay out in `check.toml` settings and answers that give some rows."),
            rows => Verdict::noted(format!("{rows} rows in {} pages{rejected}", reading.pages.len())),
        };
    }
    lines.add("source.read", "reads to the end; each page is held against the schema", suite.with_stand_in(verdict));
    if let Ok(reading) = first {
        again(suite, &reading, lines).await;
        resume(suite, &reading, lines).await;
    }
    foreign_cursor(suite, lines).await;
    wrong_settings(suite, lines).await;
    failing_service(suite, lines).await;
}

async fn read(suite: &Suite, call: PluginCall, at: Option<Checkpoint>) -> Result<Reading, Error> {
    let mut source = suite.host.open_source(suite.name(), call, at).await?;
    let mut reading = Reading { resume: source.resume(), pages: Vec::new(), cursors: Vec::new(), rejected: 0 };
    while let Some(page) = source.next().await? {
        reading.rejected += page.rejected.map_or(0, |rejected| rejected.num_rows());
        reading.pages.push(page.records);
        reading.cursors.push(page.checkpoint);
        if reading.pages.len() > PAGES {
            let message = format!("the source gave more than {PAGES} pages of what `check.toml` lays out");
            return Err(Error::permanent(ErrorCode::PluginLimit, message));
        }
    }
    Ok(reading)
}

async fn again(suite: &Suite, first: &Reading, lines: &mut Lines) {
    let tried = "reads a second time and compares";
    if first.resume == Resume::Nothing {
        let why = "it says that a second attempt may differ: the server keeps a copy of what it reads";
        return lines.add("source.repeat", tried, Verdict::noted(why));
    }
    let second = read(suite, suite.call(), None).await;
    let verdict = match &second {
        Err(error) => Verdict::fail(error.fault.message.clone(), "Let the source be read any number of times."),
        Ok(second) => {
            // `replay` promises the same batches, `cursor` the same rows from where it stands.
            let same = match first.resume {
                Resume::Replay => first.pages == second.pages,
                _ => first.since_page(0) == second.since_page(0),
            };
            match same {
                true => Verdict::pass(),
                false => Verdict::fail(
                    "the same answers gave other rows",
                    "Let `resume` answer `Nothing`, or leave out what differs: times, random numbers, unordered maps.",
                ),
            }
        }
    };
    lines.add("source.repeat", tried, verdict);
}

async fn resume(suite: &Suite, first: &Reading, lines: &mut Lines) {
    let tried = "opens at cursors of earlier pages and compares with the rest";
    if first.resume != Resume::Checkpoint {
        return lines.add("source.resume", tried, Verdict::noted("it gives no cursors"));
    }
    let places: Vec<usize> = (0..first.cursors.len()).filter(|place| first.cursors[*place].is_some()).collect();
    let Some((&last, &begin)) = places.last().zip(places.first()) else {
        let mend = "Give a `cursor` with each page, or let `resume` answer `Replay` or `Nothing`.";
        return lines.add("source.resume", tried, Verdict::fail("it promised cursors and gave none", mend));
    };
    let mut tried_places = vec![begin, places[places.len() / 2], last];
    tried_places.dedup();
    let mut verdict = match first.pages.len() {
        1 => Verdict::noted("only one page came: lay out more rows to try cursors in the middle"),
        _ => Verdict::noted(format!("at {} of {} cursors", tried_places.len(), places.len())),
    };
    for place in tried_places {
        let rest = read(suite, suite.call(), first.cursors[place].clone()).await;
        let page = place + 1;
        let mend = "Let `open` go on with the row behind the page that the cursor came with.";
        match rest {
            Err(error) => {
                verdict = Verdict::fail(format!("at the cursor of page {page}: {}", error.fault.message), mend)
            }
            Ok(rest) => {
                let wanted = first.since_page(page).filter(|rows| rows.num_rows() > 0);
                let found = rest.since_page(0).filter(|rows| rows.num_rows() > 0);
                if wanted != found {
                    let count = |rows: Option<RecordBatch>| rows.map_or(0, |rows| rows.num_rows());
                    let (wanted, found) = (count(wanted), count(found));
                    let why = format!(
                        "behind page {page} come {wanted} rows, but opened at its cursor it gave {found} or others"
                    );
                    verdict = Verdict::fail(why, mend);
                }
            }
        }
        if matches!(verdict, Verdict::Fail { .. }) {
            break;
        }
    }
    lines.add("source.resume", tried, verdict);
}

async fn foreign_cursor(suite: &Suite, lines: &mut Lines) {
    let foreign = Checkpoint("\u{0}{[no cursor of anybody's".to_owned());
    let outcome = read(suite, suite.call(), Some(foreign)).await;
    let verdict = match &outcome {
        Err(error) if broke(error) => Verdict::unbroken(&outcome, MEND_ERRORS),
        _ => Verdict::pass(),
    };
    lines.add("source.foreign_cursor", "opens at a cursor it never gave", verdict);
}

async fn wrong_settings(suite: &Suite, lines: &mut Lines) {
    let mut verdict = Verdict::pass();
    for (what, settings) in suite.wrong_settings() {
        let outcome = suite.host.open_source(suite.name(), suite.call_with(settings), None).await.map(drop);
        if let Err(error) = outcome.as_ref()
            && broke(error)
        {
            verdict = Verdict::fail(format!("with {what}: {}", error.fault.message), MEND_ERRORS);
            break;
        }
    }
    lines.add("source.wrong_settings", "opens with settings of wrong types", verdict);
    for (place, wrong) in suite.setup.wrong.iter().enumerate() {
        let outcome = read(suite, suite.call_with(wrong.clone()), None).await;
        let mend = "Refuse these settings with an error of the kind `config` that names the setting.";
        lines.add(
            format!("source.wrong_settings.{}", place + 1),
            "opens with settings that `check.toml` calls wrong",
            Verdict::refused(&outcome, false, mend),
        );
    }
}

async fn failing_service(suite: &Suite, lines: &mut Lines) {
    if !suite.has_stand_in() {
        return;
    }
    for (mode, check, tried, retryable) in super::FAILURES.iter().filter(|(mode, ..)| suite.can_fail(*mode)) {
        suite.stub.answer(*mode);
        let outcome = read(suite, suite.call(), None).await;
        suite.stub.forget();
        let verdict = match mode {
            Mode::Nonsense => Verdict::unbroken(&outcome, MEND_ERRORS),
            _ => Verdict::refused(&outcome, *retryable, "Check the status of each answer before reading rows from it."),
        };
        lines.add(format!("source.{check}"), *tried, verdict);
    }
    super::ungranted(suite, PluginKind::Source, lines).await;
}
