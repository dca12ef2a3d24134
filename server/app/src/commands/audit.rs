//! `sluice audit …`: what was changed by whom, and whether that record is whole.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use model::{ErrorCode, Fault};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use workbench::audit::{AuditFilter, AuditIntent, COMMAND_LINE, NewAuditEntry};

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List what was changed, newest first.
    List {
        /// Only what this person did.
        #[arg(long)]
        who: Option<String>,
        /// Only this operation.
        #[arg(long)]
        operation: Option<String>,
        /// Only what this was done to: `connection history`.
        #[arg(long)]
        subject: Option<String>,
        /// Only from that moment on: `2024-01-31T08:00:00Z`.
        #[arg(long)]
        since: Option<DateTime<Utc>>,
        /// Only entries before that number.
        #[arg(long)]
        before: Option<u64>,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Print as JSON, with what was asked, before and after.
        #[arg(long)]
        json: bool,
    },
    /// Tell whether an entry was changed, removed, moved or cut off (exit code 0 whole, 1 not).
    Verify {
        /// A file with checkpoints that were kept elsewhere.
        #[arg(long)]
        checkpoints: Option<PathBuf>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign the log's end and print the checkpoint, to be kept elsewhere.
    Checkpoint,
}

impl Audit {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let code = self.carry_out(&parts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(code)
    }

    async fn carry_out(self, parts: &Parts) -> Result<ExitCode, Failure> {
        match self {
            Self::List { who, operation, subject, since, before, limit, json } => {
                let filter = AuditFilter { who, operation, subject, since, until: None, before, limit };
                list(parts, &filter, json).await?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Verify { checkpoints, json } => verify(parts, checkpoints, json).await,
            Self::Checkpoint => {
                match parts.audit.checkpoint().await? {
                    Some(checkpoint) => output::line(checkpoint.line()),
                    None => output::line("nothing was ever put on record"),
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

async fn list(parts: &Parts, filter: &AuditFilter, as_json: bool) -> Result<(), Failure> {
    let found = parts.audit.list(filter).await?;
    if as_json {
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        let rows: Vec<Value> = found
            .iter()
            .map(|kept| {
                let entry = &kept.entry;
                json!({
                    "number": kept.number, "at": kept.at, "who": entry.who, "way": entry.way, "address": entry.address,
                    "operation": entry.operation, "subject": entry.subject, "outcome": entry.outcome,
                    "given": parsed(&entry.given), "before": parsed(&entry.before), "after": parsed(&entry.after),
                })
            })
            .collect();
        output::json(&rows);
        return Ok(());
    }
    let rows = found.into_iter().map(|kept| {
        let entry = kept.entry;
        vec![
            kept.number.to_string(),
            kept.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            output::one_line(&entry.who, 30),
            output::one_line(&entry.operation, 40),
            output::one_line(&entry.subject, 50),
            entry.outcome,
        ]
    });
    let header = ["number", "at", "who", "operation", "about", "outcome"];
    output::list(&header, &["number"], rows.collect(), "Nothing like that was put on record.");
    Ok(())
}

async fn verify(parts: &Parts, checkpoints: Option<PathBuf>, as_json: bool) -> Result<ExitCode, Failure> {
    let kept = match &checkpoints {
        Some(file) => std::fs::read_to_string(file).map_err(|error| {
            Fault::new(ErrorCode::FileNotFound, format!("`{}` cannot be read: {error}", file.display()))
                .hint("Give the file in which checkpoints were kept.")
        })?,
        None => String::new(),
    };
    let verdict = parts.audit.verify(&kept).await?;
    if as_json {
        let (entries, checkpoints) = (verdict.entries, verdict.checkpoints);
        let faults: Vec<&str> = verdict.faults.iter().map(|fault| fault.message.as_str()).collect();
        output::json(
            &json!({ "whole": faults.is_empty(), "entries": entries, "checkpoints": checkpoints, "faults": faults }),
        );
    } else if verdict.faults.is_empty() {
        let (entries, checkpoints) = (output::count(verdict.entries), verdict.checkpoints);
        output::line(format!("the audit log is whole: {entries} entries, {checkpoints} checkpoints fit"));
    } else {
        for fault in &verdict.faults {
            output::line(&fault.message);
        }
    }
    Ok(if verdict.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Commands that change something, by their first two words. People's are put on record by themselves, with what changed.
const CHANGES: &[(&str, &[&str])] = &[
    ("workflow", &["save", "enable", "disable", "delete", "start", "run", "cancel", "retry"]),
    ("connection", &["add", "change", "remove"]),
    ("monitor", &["add", "run", "start", "stop"]),
    ("channel", &["add", "remove", "test"]),
    ("alert", &["acknowledge", "retry"]),
    ("plugin", &["install", "grant", "remove"]),
    ("tables", &["apply", "drop"]),
    // `migrate run` works between two addresses and knows no metadata database.
    ("migrate", &["create", "execute", "cancel", "resume", "validate"]),
    ("anomaly", &["acknowledge", "resolve", "reopen", "configure"]),
    ("backup", &["run", "restore"]),
    ("key", &["rotate"]),
];

/// A command that changes something, in the words that go on record.
pub(super) struct Change {
    operation: String,
    subject: String,
}

impl Change {
    /// The change that the command line asks for; only its words are looked at, since settings may be secret.
    pub(super) fn find(words: &[String]) -> Option<Self> {
        for (index, first) in words.iter().enumerate() {
            let Some((_, seconds)) = CHANGES.iter().find(|(known, _)| known == first) else { continue };
            let second = words.get(index + 1).filter(|second| seconds.contains(&second.as_str()))?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
            let name = words
                .get(index + 2)
                .filter(|name| name.len() <= 100 && name.starts_with(|c: char| c != '-') && name.chars().all(is_name));
            let subject = name.map(|name| format!("{first} {name}")).unwrap_or_default();
            return Some(Self { operation: format!("{first} {second}"), subject });
        }
        None
    }

    /// Notes that it begins, before anything is changed.
    pub(super) async fn begin(self, settings: &Settings) -> Result<Begun, Failure> {
        let dir = settings.make_data_dir()?;
        let database = store::Database::open(&settings.metadata_url()).await.map_err(Fault::from)?;
        let audit = workbench::audit::Audit::open(std::sync::Arc::new(database.clone()), dir)?;
        let entry = NewAuditEntry {
            who: who(),
            way: COMMAND_LINE.to_owned(),
            operation: self.operation,
            subject: self.subject,
            ..NewAuditEntry::default()
        };
        let intent = audit.begin(&entry).await?;
        Ok(Begun { database, audit, intent, entry })
    }
}

/// A change that was begun.
pub(super) struct Begun {
    database: store::Database,
    audit: workbench::audit::Audit,
    intent: AuditIntent,
    entry: NewAuditEntry,
}

impl Begun {
    /// Puts on record how it ended.
    pub(super) async fn end(mut self, succeeded: bool) -> Result<(), Failure> {
        if succeeded { "done" } else { "failed" }.clone_into(&mut self.entry.outcome);
        self.audit.end(self.intent, &self.entry).await?;
        self.audit.checkpoint().await?;
        Ok(self.database.close().await.map_err(Fault::from)?)
    }
}

/// Who sits at the command line, as the operating system tells.
pub(super) fn who() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() { "system".to_owned() } else { format!("system {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_found_behind_options_and_told_without_settings() {
        for (line, expected) in [
            ("sluice connection add history postgres://me:canary@db/x", Some("connection add|connection history")),
            ("sluice --data-dir /x workflow save a.yaml", Some("workflow save|workflow a.yaml")),
            ("sluice connection add --secret canary", Some("connection add|")),
            ("sluice connection add postgres://me:canary@db/x", Some("connection add|")),
            ("sluice connection list", None),
            ("sluice query history select", None),
            ("sluice", None),
        ] {
            let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            let found = Change::find(&words).map(|change| format!("{}|{}", change.operation, change.subject));
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }
}
