//! What a sink must do: take or refuse rows of every kind, make a repeat harmless, and tell what went wrong.

use super::rows::{self, FORMATS, Flavor};
use super::{Lines, Mode, Suite, Verdict, broke};
use crate::manifest::PluginKind;
use arrow::record_batch::RecordBatch;
use data::registry::PluginCall;
use data::{Batch, Error, Lane, Plugins};

const MEND_ERRORS: &str = "Return an error rather than panic: `?` on what may fail, no `unwrap`.";
const MEND_ROWS: &str = "Write these rows, or refuse them with an error that names column or row.";

pub(super) async fn check(suite: &Suite, lines: &mut Lines) {
    suite.check_export(PluginKind::Sink, lines).await;
    suite.stub.forget();
    let plain = rows::sample(suite, 100, Flavor::Plain);
    let written = write(suite, suite.call(), &[&plain]).await;
    let mend = "Lay out in `check.toml` settings, columns and answers with which rows can be written.";
    lines.add("sink.write", "prepares, writes 100 rows and commits", suite.with_stand_in(Verdict::of(&written, mend)));
    let first = suite.stub.requests();
    if written.is_ok() {
        repeat(suite, &plain, &first, lines).await;
    }
    let empty = rows::sample(suite, 0, Flavor::Plain);
    let outcome = write(suite, suite.call(), &[&empty]).await;
    let verdict = suite.with_stand_in(Verdict::of(&outcome, "Write nothing for a batch of no rows."));
    lines.add("sink.empty", "writes a batch without rows", verdict);
    let cases = [
        ("sink.wide", "writes rows of 1,000 more columns", rows::wide(suite, 50)),
        ("sink.unicode", "writes names and texts of all scripts", rows::sample(suite, 60, Flavor::Unicode)),
        ("sink.nulls", "writes rows with nulls", rows::sample(suite, 30, Flavor::Nulls)),
        ("sink.large", "writes 65,536 rows within half of the memory", rows::sample(suite, 65_536, Flavor::Plain)),
    ];
    for (check, tried, records) in cases {
        let outcome = write(suite, suite.call(), &[&records]).await;
        lines.add(check, tried, Verdict::unbroken(&outcome, MEND_ROWS));
    }
    types(suite, lines).await;
    wrong_settings(suite, lines).await;
    abort(suite, &plain, lines).await;
    failing_service(suite, &plain, lines).await;
}

async fn write(suite: &Suite, call: PluginCall, batches: &[&RecordBatch]) -> Result<u64, Error> {
    let schema = batches[0].schema();
    let mut sink = suite.host.open_sink(suite.name(), call, schema).await?;
    sink.claim(&Lane::new("main")).await?;
    let mut rows = 0;
    for (place, records) in batches.iter().enumerate() {
        rows += sink.write(&batch(place as u64 + 1, records)).await?.rows;
    }
    sink.finish().await?;
    Ok(rows)
}

fn batch(sequence: u64, records: &RecordBatch) -> Batch {
    Batch { lane: Lane::new("main"), sequence, checkpoint: None, records: records.clone() }
}

/// Writing again under the same key sends nothing, or the very same: then the receiver can know it.
async fn repeat(suite: &Suite, records: &RecordBatch, first: &[super::stub::Asked], lines: &mut Lines) {
    suite.stub.forget();
    let outcome = write(suite, suite.call(), &[records]).await;
    let again = suite.stub.requests();
    let verdict = match &outcome {
        Err(error) => Verdict::fail(error.fault.message.clone(), "Let a repeat of a batch succeed."),
        Ok(_) if again.iter().all(|request| first.iter().any(|known| request.is_repeat_of(known))) => Verdict::pass(),
        Ok(_) if again.iter().all(|request| request.names("check/step")) => {
            Verdict::noted("each request names the key")
        }
        Ok(_) => Verdict::fail(
            "the repeat sent other requests, and without the batch's key",
            "Make the request from the rows and `mark.key` alone, so that the receiver knows a repeat: no times, no random names.",
        ),
    };
    lines.add("sink.repeat", "writes the same batch again under the same key", verdict);
}

async fn types(suite: &Suite, lines: &mut Lines) {
    let mut refused = Vec::new();
    let mut broken = None;
    for format in FORMATS {
        let records = rows::with_type(suite, format);
        match write(suite, suite.call(), &[&records]).await {
            Ok(_) => {}
            Err(error) if broke(&error) => {
                broken = Some(format!("with a column of type `{format}`: {}", error.fault.message));
                break;
            }
            Err(_) => refused.push(format),
        }
    }
    let verdict = match broken {
        Some(why) => Verdict::fail(why, "Refuse types that cannot be written with an error that names the column."),
        None if refused.is_empty() => Verdict::noted(format!("takes all {}", FORMATS.len())),
        None => Verdict::noted(format!(
            "takes {} of {}; refuses {}",
            FORMATS.len() - refused.len(),
            FORMATS.len(),
            refused.join(" ")
        )),
    };
    lines.add("sink.types", "writes a column of each type of the contract", verdict);
}

async fn wrong_settings(suite: &Suite, lines: &mut Lines) {
    let records = rows::sample(suite, 3, Flavor::Plain);
    let mut verdict = Verdict::pass();
    for (what, settings) in suite.wrong_settings() {
        let outcome = suite.host.open_sink(suite.name(), suite.call_with(settings), records.schema()).await.map(drop);
        if let Err(error) = outcome.as_ref()
            && broke(error)
        {
            verdict = Verdict::fail(format!("with {what}: {}", error.fault.message), MEND_ERRORS);
            break;
        }
    }
    lines.add("sink.wrong_settings", "opens with settings of wrong types", verdict);
    for (place, wrong) in suite.setup.wrong.iter().enumerate() {
        let outcome = write(suite, suite.call_with(wrong.clone()), &[&records]).await;
        let mend = "Refuse these settings with an error of the kind `config` that names the setting.";
        let tried = "opens with settings that `check.toml` calls wrong";
        lines.add(format!("sink.wrong_settings.{}", place + 1), tried, Verdict::refused(&outcome, false, mend));
    }
}

/// What is not committed is aborted, and that must not trap.
async fn abort(suite: &Suite, records: &RecordBatch, lines: &mut Lines) {
    let outcome = suite.host.abort_sink(suite.name(), suite.call(), &batch(1, records)).await;
    let verdict = Verdict::unbroken(&outcome, "Let `abort` undo what it can, and never panic.");
    lines.add("sink.abort", "writes and aborts", verdict);
}

async fn failing_service(suite: &Suite, records: &RecordBatch, lines: &mut Lines) {
    if !suite.has_stand_in() {
        return;
    }
    for (mode, check, tried, retryable) in super::FAILURES.iter().filter(|(mode, ..)| suite.can_fail(*mode)) {
        suite.stub.answer(*mode);
        let outcome = write(suite, suite.call(), &[records]).await;
        suite.stub.forget();
        let verdict = match mode {
            // A receiver may say anything in the body of a 200.
            Mode::Nonsense => Verdict::unbroken(&outcome, MEND_ERRORS),
            _ => Verdict::refused(&outcome, *retryable, "Check the status of each answer before calling rows written."),
        };
        lines.add(format!("sink.{check}"), *tried, verdict);
    }
    super::ungranted(suite, PluginKind::Sink, lines).await;
}
