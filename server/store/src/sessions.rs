//! Browsers that people signed in with. The token of each is kept as its digest only.

use crate::Database;
use crate::accounts::{AccountRecord, account, account_columns};
use crate::error::Result;
use crate::sql::{self, column, instant, micros};
use chrono::{DateTime, Utc};
use model::{SessionId, UserId};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

const COLUMNS: &str = "s.id, s.user_id, s.created_at, s.seen_at, s.expires_at, s.address, s.browser";
/// Sessions in one list at most.
const MOST: i64 = 500;

/// A browser that somebody signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its id, which lets nobody in.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// From where it was begun.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Who signed in.
    pub user: UserId,
    /// SHA-256 of its token.
    pub digest: [u8; 32],
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// From where.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

impl Database {
    /// Begins a session.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn create_session(&self, new: &NewSession) -> Result<SessionId> {
        let id = SessionId::generate();
        let now = micros(Utc::now());
        let values = vec![
            id.as_uuid().into(),
            new.user.as_uuid().into(),
            Value::Bytes(Some(new.digest.to_vec())),
            now.into(),
            micros(new.expires_at).into(),
            new.address.replace('\0', "\u{fffd}").into(),
            new.browser.replace('\0', "\u{fffd}").into(),
        ];
        let sql = "INSERT INTO browser_session (id, user_id, digest, created_at, seen_at, expires_at, address, browser) \
                   VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(id)
    }

    /// The session of that token and who signed in, where both are good.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_session(
        &self,
        digest: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<(SessionRecord, AccountRecord)>> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM browser_session AS s JOIN account AS a ON a.id = s.user_id \
             WHERE s.digest = $1 AND s.expires_at > $2 AND NOT a.disabled",
            account_columns("a")
        );
        let values = vec![Value::Bytes(Some(digest.to_vec())), micros(now).into()];
        let Some(row) = sql::one(&self.inner.reader, sql, values).await? else { return Ok(None) };
        Ok(Some((session(&row)?, account(&row, 7)?)))
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn touch_session(&self, id: SessionId, at: DateTime<Utc>) -> Result<()> {
        let values = vec![id.as_uuid().into(), micros(at).into()];
        sql::run(&self.inner.writer, "UPDATE browser_session SET seen_at = $2 WHERE id = $1", values).await?;
        Ok(())
    }

    /// Sessions that go on, of one person or of all, the newest first: at most `limit` and 500, made before the one `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_sessions(
        &self,
        user: Option<UserId>,
        now: DateTime<Utc>,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionRecord>> {
        let mut values: Vec<Value> = vec![micros(now).into()];
        let mut sql = format!("SELECT {COLUMNS} FROM browser_session AS s WHERE s.expires_at > $1");
        if let Some(user) = user {
            values.push(user.as_uuid().into());
            sql.push_str(" AND s.user_id = $2");
        }
        if let Some(before) = before {
            values.push(before.as_uuid().into());
            sql.push_str(&format!(" AND s.id < ${}", values.len()));
        }
        sql.push_str(&format!(" ORDER BY s.id DESC LIMIT {}", i64::from(limit).min(MOST)));
        sql::all(&self.inner.reader, sql, values).await?.iter().map(session).collect()
    }

    /// Ends a session; `user`: only where it is theirs. False: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_session(&self, id: SessionId, user: Option<UserId>) -> Result<bool> {
        let mut values: Vec<Value> = vec![id.as_uuid().into()];
        let mut sql = "DELETE FROM browser_session WHERE id = $1".to_owned();
        if let Some(user) = user {
            values.push(user.as_uuid().into());
            sql.push_str(" AND user_id = $2");
        }
        Ok(sql::run(&self.inner.writer, sql, values).await? > 0)
    }

    /// Ends all sessions of a person, but one that may be left.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_sessions_of(&self, user: UserId, but: Option<SessionId>) -> Result<u64> {
        let but = but.map_or(Uuid::nil(), SessionId::as_uuid);
        let sql = "DELETE FROM browser_session WHERE user_id = $1 AND id <> $2";
        Ok(sql::run(&self.inner.writer, sql, vec![user.as_uuid().into(), but.into()]).await?)
    }

    /// Removes sessions that are over.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_ended_sessions(&self, now: DateTime<Utc>) -> Result<u64> {
        Ok(sql::run(&self.inner.writer, "DELETE FROM browser_session WHERE expires_at <= $1", vec![micros(now).into()])
            .await?)
    }
}

fn session(row: &QueryResult) -> Result<SessionRecord> {
    Ok(SessionRecord {
        id: column::<Uuid>(row, 0)?.into(),
        user: column::<Uuid>(row, 1)?.into(),
        created_at: instant(row, 2)?,
        seen_at: instant(row, 3)?,
        expires_at: instant(row, 4)?,
        address: column(row, 5)?,
        browser: column(row, 6)?,
    })
}
