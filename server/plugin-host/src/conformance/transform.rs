//! What a transform must do: change or refuse rows of every kind, by the schema that it announced, and the same again.

use super::rows::{self, FORMATS, Flavor};
use super::{Lines, Suite, Verdict, broke};
use crate::manifest::PluginKind;
use arrow::record_batch::RecordBatch;
use data::registry::PluginCall;
use data::{Error, Plugins};

const MEND_ROWS: &str =
    "Change these rows, or refuse them with an error that names column or row; keep to the schema of `output`.";

pub(super) async fn check(suite: &Suite, lines: &mut Lines) {
    suite.check_export(PluginKind::Transform, lines).await;
    let plain = rows::sample(suite, 100, Flavor::Plain);
    let first = change(suite, suite.call(), &[&plain]).await;
    let mend = "Lay out in `check.toml` settings and columns with which rows can be changed.";
    let mut verdict = Verdict::of(&first, mend);
    if let Ok(batches) = &first {
        verdict =
            Verdict::noted(format!("100 rows became {}", batches.iter().map(RecordBatch::num_rows).sum::<usize>()));
    }
    lines.add("transform.process", "changes 100 rows and finishes", suite.with_stand_in(verdict));
    if let Ok(first) = &first {
        let second = change(suite, suite.call(), &[&plain]).await;
        let same = second.as_ref().is_ok_and(|second| second == first);
        // The server keeps the rows behind a transform on disk, so that a difference is no loss; it is told all the same.
        let verdict = match same {
            true => Verdict::pass(),
            false => Verdict::noted("other rows came out; the server keeps what came out the first time"),
        };
        lines.add("transform.repeat", "changes the same rows again and compares", verdict);
    }
    let empty = rows::sample(suite, 0, Flavor::Plain);
    let outcome = change(suite, suite.call(), &[&empty]).await;
    lines.add(
        "transform.empty",
        "changes a batch without rows",
        Verdict::of(&outcome, "Give nothing, or an empty batch, for no rows."),
    );
    let cases = [
        ("transform.wide", "changes rows of 1,000 more columns", rows::wide(suite, 50)),
        ("transform.unicode", "changes names and texts of all scripts", rows::sample(suite, 60, Flavor::Unicode)),
        ("transform.nulls", "changes rows with nulls", rows::sample(suite, 30, Flavor::Nulls)),
        (
            "transform.large",
            "changes 65,536 rows within half of the memory",
            rows::sample(suite, 65_536, Flavor::Plain),
        ),
    ];
    for (check, tried, records) in cases {
        let outcome = change(suite, suite.call(), &[&records]).await;
        lines.add(check, tried, Verdict::unbroken(&outcome, MEND_ROWS));
    }
    types(suite, lines).await;
    wrong_settings(suite, lines).await;
}

async fn change(suite: &Suite, call: PluginCall, batches: &[&RecordBatch]) -> Result<Vec<RecordBatch>, Error> {
    let mut transformer = suite.host.open_transform(suite.name(), call, batches[0].schema()).await?;
    let mut changed = Vec::new();
    for records in batches {
        changed.extend(transformer.process((*records).clone()).await?);
    }
    changed.extend(transformer.finish().await?);
    Ok(changed)
}

async fn types(suite: &Suite, lines: &mut Lines) {
    let mut refused = Vec::new();
    let mut broken = None;
    for format in FORMATS {
        let records = rows::with_type(suite, format);
        match change(suite, suite.call(), &[&records]).await {
            Ok(_) => {}
            Err(error) if broke(&error) => {
                broken = Some(format!("with a column of type `{format}`: {}", error.fault.message));
                break;
            }
            Err(_) => refused.push(format),
        }
    }
    let verdict = match broken {
        Some(why) => Verdict::fail(why, "Hand columns of other types on as they are, or refuse them by name."),
        None if refused.is_empty() => Verdict::noted(format!("takes all {}", FORMATS.len())),
        None => Verdict::noted(format!(
            "takes {} of {}; refuses {}",
            FORMATS.len() - refused.len(),
            FORMATS.len(),
            refused.join(" ")
        )),
    };
    lines.add("transform.types", "changes rows with a column of each type of the contract", verdict);
}

async fn wrong_settings(suite: &Suite, lines: &mut Lines) {
    let records = rows::sample(suite, 3, Flavor::Plain);
    let mut verdict = Verdict::pass();
    for (what, settings) in suite.wrong_settings() {
        let outcome = change(suite, suite.call_with(settings), &[&records]).await;
        if let Err(error) = outcome.as_ref()
            && broke(error)
        {
            let mend = "Return an error rather than panic: `?` on what may fail, no `unwrap`.";
            verdict = Verdict::fail(format!("with {what}: {}", error.fault.message), mend);
            break;
        }
    }
    lines.add("transform.wrong_settings", "opens with settings of wrong types", verdict);
    for (place, wrong) in suite.setup.wrong.iter().enumerate() {
        let outcome = change(suite, suite.call_with(wrong.clone()), &[&records]).await;
        let mend = "Refuse these settings with an error of the kind `config` that names the setting.";
        let tried = "opens with settings that `check.toml` calls wrong";
        lines.add(format!("transform.wrong_settings.{}", place + 1), tried, Verdict::refused(&outcome, false, mend));
    }
}
