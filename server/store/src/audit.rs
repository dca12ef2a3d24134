//! The audit log: who changed what, from where, when. Each entry's hash covers the entry before it.
//!
//! Entries are added one after the other, under a lock, and by nothing else in this crate changed or removed. A changed,
//! removed or moved entry breaks the chain; entries missing at the end show against a checkpoint, which
//! `workbench::audit` signs and keeps outside the database.

use crate::Database;
use crate::database::begin;
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, SubsecRound as _, Utc};
use sea_orm::{DatabaseTransaction, QueryResult, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const COLUMNS: &str = "number, at, who, way, address, operation, subject, outcome, given, before, after, hash";
/// Entries on one page at most.
const LARGEST_PAGE: u32 = 500;
/// Entries read at once for verification.
const STRETCH: i64 = 2_000;

/// Something that was done, or tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAuditEntry {
    /// Who did it: a person's name, `api` for the server's token, `system user:name` for the command line.
    pub who: String,
    /// How they came in: `session`, `token`, `server token`, `command line`, `none`.
    pub way: String,
    /// From where.
    pub address: String,
    /// What: the name of the operation.
    pub operation: String,
    /// What it was about: `connection history`.
    pub subject: String,
    /// `done`, or the code of the refusal or failure.
    pub outcome: String,
    /// What was asked, as JSON text without secrets.
    pub given: String,
    /// What its subject was before, as JSON text; empty: not known, or it was not there.
    pub before: String,
    /// What it is now.
    pub after: String,
}

/// An entry that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, counted from 1 without gaps.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub entry: NewAuditEntry,
    /// Covers all of it and the hash before.
    pub hash: Vec<u8>,
}

/// One place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLink {
    /// The entry's place.
    pub number: u64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// Which entries, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done by this person.
    pub who: Option<String>,
    /// This operation.
    pub operation: Option<String>,
    /// About this: `connection history`.
    pub subject: Option<String>,
    /// At that moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Before that moment.
    pub until: Option<DateTime<Utc>>,
    /// Only before this place.
    pub before: Option<u64>,
    /// At most so many, and 500.
    pub limit: u32,
}

impl Database {
    /// Adds an entry; it is durable when this returns.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn append_audit(&self, new: &NewAuditEntry) -> Result<AuditLink> {
        let transaction = self.begin_chain().await?;
        let link = append(&transaction, new, Utc::now()).await?;
        transaction.commit().await?;
        Ok(link)
    }

    /// Begins a transaction in which nobody else adds to the chain.
    pub(crate) async fn begin_chain(&self) -> Result<DatabaseTransaction> {
        let transaction = begin(&self.inner.writer).await?;
        if sql::is_postgres(&self.inner.writer) {
            // An arbitrary number that is Sluice's own; the lock ends with the transaction.
            sql::run(&transaction, "SELECT pg_advisory_xact_lock(7236837226)", vec![]).await?;
        }
        Ok(transaction)
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        let mut sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE number < $1");
        let before = filter.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![before.into()];
        let texts = [("who", &filter.who), ("operation", &filter.operation), ("subject", &filter.subject)];
        for (name, text) in texts {
            if let Some(text) = text {
                values.push(text.replace('\0', "\u{fffd}").into());
                sql.push_str(&format!(" AND {name} = ${}", values.len()));
            }
        }
        for (condition, at) in [("at >=", filter.since), ("at <", filter.until)] {
            if let Some(at) = at {
                values.push(micros(at).into());
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        }
        values.push(i64::from(filter.limit.min(LARGEST_PAGE)).into());
        sql.push_str(&format!(" ORDER BY number DESC LIMIT ${}", values.len()));
        sql::all(&self.inner.reader, sql, values).await?.iter().map(entry).collect()
    }

    /// The last place of the chain; none: nothing was ever put on record.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn last_audit(&self) -> Result<Option<AuditLink>> {
        let sql = "SELECT number, hash FROM audit_entry ORDER BY number DESC LIMIT 1";
        let Some(row) = sql::one(&self.inner.reader, sql, vec![]).await? else { return Ok(None) };
        Ok(Some(AuditLink { number: column::<i64>(&row, 0)?.unsigned_abs(), hash: column(&row, 1)? }))
    }

    /// The hash of the entry at that place.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_audit_hash(&self, number: u64) -> Result<Option<Vec<u8>>> {
        let values = vec![i64::try_from(number).unwrap_or(i64::MAX).into()];
        let row = sql::one(&self.inner.reader, "SELECT hash FROM audit_entry WHERE number = $1", values).await?;
        row.map(|row| column(&row, 0)).transpose()
    }

    /// The first place at which the chain is broken, with what is wrong, and how many entries there are.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn check_audit(&self) -> Result<(u64, Option<(u64, String)>)> {
        let (mut count, mut previous) = (0_u64, Vec::new());
        loop {
            let sql = format!("SELECT {COLUMNS} FROM audit_entry WHERE number > $1 ORDER BY number LIMIT {STRETCH}");
            let values = vec![i64::try_from(count).unwrap_or(i64::MAX).into()];
            let rows = sql::all(&self.inner.reader, sql, values).await?;
            if rows.is_empty() {
                return Ok((count, None));
            }
            for row in &rows {
                let found = entry(row)?;
                if found.number != count + 1 {
                    return Ok((count, Some((count + 1, "the entry is missing".to_owned()))));
                }
                if found.hash_after(&previous) != found.hash {
                    return Ok((count, Some((found.number, "the entry is not as it was written".to_owned()))));
                }
                count = found.number;
                previous = found.hash;
            }
        }
    }
}

/// Adds an entry in a transaction that has the chain to itself.
pub(crate) async fn append(
    transaction: &DatabaseTransaction,
    new: &NewAuditEntry,
    at: DateTime<Utc>,
) -> Result<AuditLink> {
    let last = sql::one(transaction, "SELECT number, hash FROM audit_entry ORDER BY number DESC LIMIT 1", vec![]);
    let (number, previous) = match last.await? {
        Some(row) => (column::<i64>(&row, 0)? + 1, column::<Vec<u8>>(&row, 1)?),
        None => (1, Vec::new()),
    };
    let at = at.trunc_subsecs(6);
    let kept = AuditEntry { number: number.unsigned_abs(), at, entry: plain(new), hash: Vec::new() };
    let hash = kept.hash_after(&previous);
    let entry = kept.entry;
    let values = vec![
        number.into(),
        micros(at).into(),
        entry.who.into(),
        entry.way.into(),
        entry.address.into(),
        entry.operation.into(),
        entry.subject.into(),
        entry.outcome.into(),
        entry.given.into(),
        entry.before.into(),
        entry.after.into(),
        Value::Bytes(Some(hash.clone())),
    ];
    let places = sql::places(1, 1, values.len());
    sql::run(transaction, format!("INSERT INTO audit_entry ({COLUMNS}) VALUES {places}"), values).await?;
    Ok(AuditLink { number: kept.number, hash })
}

impl AuditEntry {
    /// The hash it must have behind an entry of that hash.
    fn hash_after(&self, previous: &[u8]) -> Vec<u8> {
        let mut hasher = Sha256::new();
        // Each part behind its length, so that no two entries are the same bytes.
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        part(previous);
        part(&self.number.to_be_bytes());
        part(&micros(self.at).to_be_bytes());
        let entry = &self.entry;
        for text in [
            &entry.who,
            &entry.way,
            &entry.address,
            &entry.operation,
            &entry.subject,
            &entry.outcome,
            &entry.given,
            &entry.before,
            &entry.after,
        ] {
            part(text.as_bytes());
        }
        hasher.finalize().to_vec()
    }
}

/// What both databases can keep.
pub(crate) fn plain(new: &NewAuditEntry) -> NewAuditEntry {
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    NewAuditEntry {
        who: plain(&new.who),
        way: plain(&new.way),
        address: plain(&new.address),
        operation: plain(&new.operation),
        subject: plain(&new.subject),
        outcome: plain(&new.outcome),
        given: plain(&new.given),
        before: plain(&new.before),
        after: plain(&new.after),
    }
}

fn entry(row: &QueryResult) -> Result<AuditEntry> {
    Ok(AuditEntry {
        number: column::<i64>(row, 0)?.unsigned_abs(),
        at: instant(row, 1)?,
        entry: NewAuditEntry {
            who: column(row, 2)?,
            way: column(row, 3)?,
            address: column(row, 4)?,
            operation: column(row, 5)?,
            subject: column(row, 6)?,
            outcome: column(row, 7)?,
            given: column(row, 8)?,
            before: column(row, 9)?,
            after: column(row, 10)?,
        },
        hash: column(row, 11)?,
    })
}
