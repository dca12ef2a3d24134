//! Changes that were begun and are not on record yet: what a killed process leaves behind.
//!
//! An intent is written before the change, and goes in the transaction that puts the change on record. One whose owner is
//! gone becomes an entry of its own, so that whatever was done is told by the audit log, at least as begun.

use crate::Database;
use crate::audit::{AuditLink, NewAuditEntry, append, plain};
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use uuid::Uuid;

/// Intents that become entries in one transaction.
const STRETCH: usize = 500;

/// A change that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditIntent(Uuid);

impl Database {
    /// Notes that a change begins; durable when this returns. `owner` is the process, as far as others can tell whether
    /// it is gone.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn begin_audit(&self, owner: &str, entry: &NewAuditEntry) -> Result<AuditIntent> {
        let id = Uuid::now_v7();
        let text = serde_json::to_string(&plain(entry)).map_err(|_| sql::damaged("entry of the audit log"))?;
        let values = vec![id.into(), owner.into(), micros(Utc::now()).into(), text.into()];
        let sql = "INSERT INTO audit_intent (id, owner, begun_at, entry) VALUES ($1, $2, $3, $4)";
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(AuditIntent(id))
    }

    /// Puts on record how a change ended, in place of its intent.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn end_audit(&self, intent: AuditIntent, entry: &NewAuditEntry) -> Result<AuditLink> {
        let transaction = self.begin_chain().await?;
        sql::run(&transaction, "DELETE FROM audit_intent WHERE id = $1", vec![intent.0.into()]).await?;
        let link = append(&transaction, entry, Utc::now()).await?;
        transaction.commit().await?;
        Ok(link)
    }

    /// Puts on record what that owner has begun before that moment and not ended, as it was begun; tells how many.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn settle_audit(&self, owner: &str, before: DateTime<Utc>) -> Result<usize> {
        let mut settled = 0;
        loop {
            let transaction = self.begin_chain().await?;
            let sql = format!(
                "SELECT id, begun_at, entry FROM audit_intent WHERE owner = $1 AND begun_at < $2 ORDER BY id LIMIT {STRETCH}"
            );
            let rows = sql::all(&transaction, sql, vec![owner.into(), micros(before).into()]).await?;
            for row in &rows {
                let (id, begun_at, entry) = intent(row)?;
                append(&transaction, &entry, begun_at).await?;
                sql::run(&transaction, "DELETE FROM audit_intent WHERE id = $1", vec![id.into()]).await?;
            }
            transaction.commit().await?;
            settled += rows.len();
            if rows.len() < STRETCH {
                return Ok(settled);
            }
        }
    }
}

fn intent(row: &QueryResult) -> Result<(Uuid, DateTime<Utc>, NewAuditEntry)> {
    let text: String = column(row, 2)?;
    // What cannot be read any more is told all the same, as it stands.
    let entry = serde_json::from_str(&text).unwrap_or_else(|_| NewAuditEntry {
        who: "nobody".to_owned(),
        operation: "unknown".to_owned(),
        outcome: "interrupted".to_owned(),
        given: text,
        ..NewAuditEntry::default()
    });
    Ok((column(row, 0)?, instant(row, 1)?, entry))
}
