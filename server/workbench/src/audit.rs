//! The audit log: entries into the chain of the metadata database, and signed checkpoints of it outside.
//!
//! A checkpoint says which hash the entry of a number has, signed by a key in the data folder (Ed25519). Whoever changes the
//! database alone can make a new chain, but not one that fits the checkpoints; cut off at its end it lacks what the last
//! one names. Checkpoints are lines of a file beside the key; keep copies of them elsewhere.

mod checkpoint;
#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, Signer};
pub use store::{AuditEntry, AuditFilter, AuditIntent, NewAuditEntry};

use crate::console::redact;
use chrono::{TimeDelta, Utc};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::Database;
use tokio::sync::{Mutex, Notify};

/// A new checkpoint is written at most so often.
const PAUSE: Duration = Duration::from_secs(10);
/// How whoever calls the program has come in.
pub const COMMAND_LINE: &str = "command line";
/// Characters of what was asked, before or after, that are kept.
const TEXT_MOST: usize = 8_000;
/// Names of members whose values are never kept.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "url",
    "params",
    "key_file",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
    "apikey",
    "api_key",
    "api-key",
    "private",
    "dsn",
];

/// The log. Cloning is cheap and gives another handle to the same one.
#[derive(Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

struct Inner {
    database: Arc<Database>,
    signer: Signer,
    file: PathBuf,
    last: Mutex<u64>,
    added: Notify,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries stand in an unbroken chain from the first on.
    pub entries: u64,
    /// How many checkpoints fit it.
    pub checkpoints: usize,
    /// What is wrong; empty: nothing.
    pub faults: Vec<AuditFault>,
}

impl Verdict {
    /// The first entry that is known to be broken.
    #[must_use]
    pub fn first_broken(&self) -> Option<&AuditFault> {
        self.faults.iter().filter(|fault| fault.entry.is_some()).min_by_key(|fault| fault.entry)
    }
}

/// Something wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFault {
    /// The entry it is about; none: a checkpoint.
    pub entry: Option<u64>,
    /// What it is, with the culprit named.
    pub message: String,
}

impl AuditFault {
    fn of_entry(number: u64, why: &str) -> Self {
        Self { entry: Some(number), message: format!("entry {number}: {why}") }
    }
}

impl std::fmt::Display for AuditFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl Audit {
    /// The log of that database, with key and checkpoints in `folder`; the key is made where it is missing.
    ///
    /// # Errors
    /// `disk_failed`, `invalid_configuration` for a key that cannot be read.
    pub fn open(database: Arc<Database>, folder: &Path) -> Result<Self, Fault> {
        let signer = Signer::load(&folder.join("audit-key"))?;
        let file = folder.join("audit-checkpoints");
        let inner = Inner { database, signer, file, last: Mutex::new(0), added: Notify::new() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Puts something on record; it is durable when this returns.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn record(&self, entry: &NewAuditEntry) -> Result<(), Fault> {
        self.inner.database.append_audit(entry).await?;
        self.inner.added.notify_one();
        Ok(())
    }

    /// Notes that a change begins, before it is made, so that it is told even if this process is killed meanwhile.
    ///
    /// # Errors
    /// `store_failed`: then the change must not be made.
    pub async fn begin(&self, entry: &NewAuditEntry) -> Result<AuditIntent, Fault> {
        let entry = NewAuditEntry { outcome: "interrupted".to_owned(), ..entry.clone() };
        let owner = self.owner(entry.way == COMMAND_LINE);
        Ok(self.inner.database.begin_audit(&owner, &entry).await?)
    }

    /// Puts on record how what was begun has ended.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn end(&self, intent: AuditIntent, entry: &NewAuditEntry) -> Result<(), Fault> {
        self.inner.database.end_audit(intent, entry).await?;
        self.inner.added.notify_one();
        Ok(())
    }

    /// Puts on record what earlier servers with this data folder have begun and not ended, and commands that are gone.
    /// Asked by a server that starts, before it answers anybody.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn settle(&self) -> Result<usize, Fault> {
        let now = Utc::now();
        let of_servers = self.inner.database.settle_audit(&self.owner(false), now).await?;
        // A command may go on while a server starts, though none for so long.
        Ok(of_servers + self.inner.database.settle_audit(&self.owner(true), now - TimeDelta::days(2)).await?)
    }

    /// Servers, or commands, of this data folder.
    fn owner(&self, is_command: bool) -> String {
        format!("{} {}", if is_command { "command" } else { "server" }, self.inner.signer.name())
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Fault> {
        Ok(self.inner.database.list_audit(filter).await?)
    }

    /// Signs the log's end and adds it to the file; none where this process has signed it already, or there is nothing.
    ///
    /// # Errors
    /// `store_failed`, `disk_failed`.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, Fault> {
        let mut last = self.inner.last.lock().await;
        let Some(link) = self.inner.database.last_audit().await? else { return Ok(None) };
        if link.number <= *last {
            return Ok(None);
        }
        let checkpoint = self.inner.signer.sign(link.number, &link.hash);
        checkpoint.append(&self.inner.file)?;
        *last = link.number;
        Ok(Some(checkpoint))
    }

    /// Writes checkpoints as long as the process lives: soon after what is added.
    pub fn keep_signing(&self) {
        let audit = self.clone();
        tokio::spawn(async move {
            loop {
                if let Err(fault) = audit.checkpoint().await {
                    tracing::error!(error = %fault, "the audit log's checkpoint was not written");
                }
                tokio::time::sleep(PAUSE).await;
                audit.inner.added.notified().await;
            }
        });
    }

    /// Holds the whole log against its own chain and against checkpoints: those of the data folder, and lines kept elsewhere.
    ///
    /// # Errors
    /// `store_failed`, `disk_failed`.
    pub async fn verify(&self, kept_elsewhere: &str) -> Result<Verdict, Fault> {
        let (entries, broken) = self.inner.database.check_audit().await?;
        let mut faults: Vec<AuditFault> =
            broken.map(|(number, why)| AuditFault::of_entry(number, &why)).into_iter().collect();
        let own = checkpoint::read(&self.inner.file)?;
        let mut fitting = 0;
        for (line, text) in
            own.lines().chain(kept_elsewhere.lines()).enumerate().filter(|(_, text)| !text.trim().is_empty())
        {
            match self.inner.signer.verify(text) {
                None => {
                    let message = format!("checkpoint {}: it is not signed by this server's key", line + 1);
                    faults.push(AuditFault { entry: None, message });
                }
                Some(Checkpoint { number, hash, .. }) => match self.inner.database.find_audit_hash(number).await? {
                    Some(found) if found == hash => fitting += 1,
                    Some(_) => faults.push(AuditFault::of_entry(number, "it is another one than was signed")),
                    None => faults.push(AuditFault::of_entry(number, "it was signed, and is not there")),
                },
            }
        }
        faults.dedup();
        Ok(Verdict { entries, checkpoints: fitting, faults })
    }
}

/// What was given, as JSON text without secrets and of a bounded length.
#[must_use]
pub fn without_secrets(value: &Value) -> String {
    let text = hide(value, 0).to_string();
    if text.chars().nth(TEXT_MOST).is_none() {
        return text;
    }
    let cut: String = text.chars().take(TEXT_MOST).collect();
    Value::String(format!("{cut}…")).to_string()
}

fn hide(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(members) => {
            let hidden = members.iter().map(|(name, value)| {
                let lower = name.to_lowercase();
                let is_flag = matches!(value, Value::Null | Value::Bool(_));
                let is_secret = !is_flag && SECRET_WORDS.iter().any(|word| lower.contains(word));
                let kept = match value {
                    _ if is_secret => Value::from("•••"),
                    Value::String(sql) if lower == "sql" || lower == "query" => redact::kept(sql).into(),
                    value => hide(value, depth + 1),
                };
                (name.clone(), kept)
            });
            Value::Object(hidden.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| hide(item, depth + 1)).collect()),
        // Settings come as JSON in text, with their secrets.
        Value::String(text) if depth < 20 && text.trim_start().starts_with(['{', '[']) => {
            match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => Value::String(hide(&inner, depth + 1).to_string()),
                _ => value.clone(),
            }
        }
        other => other.clone(),
    }
}

fn disk_failed(file: &Path, error: &std::io::Error) -> Fault {
    Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be used: {error}", file.display()))
        .hint("Check that the data folder can be written.")
}
