//! How far a migration is, for the terminal.

use crate::output;
use indicatif::ProgressBar;
use serde_json::Value;
use std::process::ExitCode;
use workbench::migrations::{State, Word};

pub(super) fn exit_code(state: &State) -> ExitCode {
    match state.state {
        Word::Failed | Word::Cancelled => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

pub(super) fn print(state: &State) {
    output::line(format!("{} {}", state.run, words(state)));
    if let Value::Object(tables) = &state.tables {
        for (name, told) in tables {
            let verdict = told["validation"]["verdict"].as_str().unwrap_or("not compared");
            output::line(format!(
                "  {name} to {}: {}, {verdict}",
                told["to"].as_str().unwrap_or_default(),
                output::counted(told["rows"].as_u64().unwrap_or(0), "row"),
            ));
        }
    }
    if let Some(error) = &state.error {
        output::line(format!("  {error}"));
    }
}

/// Shows on the terminal how far it is.
pub(super) fn show(state: &State, bar: &ProgressBar) {
    bar.set_message(words(state));
}

fn words(state: &State) -> String {
    let mut words = vec![format!("{:?}", state.state).to_uppercase()];
    let expected = state.rows_expected.map(|rows| format!(" of about {}", output::count(rows))).unwrap_or_default();
    words.push(format!("{}{expected} rows", output::count(state.rows)));
    if state.rejected > 0 {
        words.push(format!("{} rejected", output::count(state.rejected)));
    }
    if let (Some(done), Some(all)) = (state.chunks_done, state.chunks) {
        words.push(format!("{done} of {all} chunks"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in whole numbers")]
    if state.rows_per_second >= 1.0 {
        words.push(format!("{} rows/s", output::count(state.rows_per_second as u64)));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in whole numbers")]
    if let Some(left) = state.seconds_left {
        words.push(format!("about {} left", output::duration((left * 1000.0) as u64)));
    }
    words.join(", ")
}
