//! Tokens that scripts send on somebody's behalf. Each is kept as its digest only.

use crate::Database;
use crate::accounts::{AccountRecord, account, account_columns, word};
use crate::error::{Result, check_text};
use crate::sql::{self, column, instant, maybe_instant, micros};
use chrono::{DateTime, Utc};
use model::access::Role;
use model::{ApiTokenId, UserId};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

const COLUMNS: &str = "t.id, t.user_id, t.name, t.role, t.read_only, t.created_at, t.expires_at, t.used_at";
/// Tokens in one list at most.
const MOST: i64 = 500;

/// A token that scripts send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// Its id, which lets nobody in.
    pub id: ApiTokenId,
    /// On whose behalf.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// The most it may do, whatever its owner may.
    pub role: Role,
    /// Whether it may change nothing.
    pub read_only: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working; none: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// A token to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    /// On whose behalf.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// The most it may do.
    pub role: Role,
    /// Whether it may change nothing.
    pub read_only: bool,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Database {
    /// Keeps a token.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn create_api_token(&self, new: &NewApiToken) -> Result<ApiTokenRecord> {
        check_text("the token's name", &new.name)?;
        let id = ApiTokenId::generate();
        let values = vec![
            id.as_uuid().into(),
            new.user.as_uuid().into(),
            new.name.clone().into(),
            Value::Bytes(Some(new.digest.to_vec())),
            new.role.as_str().into(),
            new.read_only.into(),
            micros(Utc::now()).into(),
            new.expires_at.map(micros).into(),
        ];
        let sql = format!(
            "INSERT INTO api_token (id, user_id, name, digest, role, read_only, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {}",
            COLUMNS.replace("t.", "")
        );
        let row = sql::one(&self.inner.writer, sql, values).await?;
        token(&row.ok_or_else(|| sql::damaged("table of tokens"))?)
    }

    /// The record of that token and its owner, where both are good.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_api_token(
        &self,
        digest: [u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiTokenRecord, AccountRecord)>> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM api_token AS t JOIN account AS a ON a.id = t.user_id \
             WHERE t.digest = $1 AND (t.expires_at IS NULL OR t.expires_at > $2) AND NOT a.disabled",
            account_columns("a")
        );
        let values = vec![Value::Bytes(Some(digest.to_vec())), micros(now).into()];
        let Some(row) = sql::one(&self.inner.reader, sql, values).await? else { return Ok(None) };
        Ok(Some((token(&row)?, account(&row, 8)?)))
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn touch_api_token(&self, id: ApiTokenId, at: DateTime<Utc>) -> Result<()> {
        let values = vec![id.as_uuid().into(), micros(at).into()];
        sql::run(&self.inner.writer, "UPDATE api_token SET used_at = $2 WHERE id = $1", values).await?;
        Ok(())
    }

    /// Tokens of one person or of all, the newest first, expired ones too: at most `limit` and 500, made before the one
    /// `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_api_tokens(
        &self,
        user: Option<UserId>,
        before: Option<ApiTokenId>,
        limit: u32,
    ) -> Result<Vec<ApiTokenRecord>> {
        let mut values: Vec<Value> = Vec::new();
        let mut condition = String::from("1 = 1");
        let wanted = [("t.user_id =", user.map(UserId::as_uuid)), ("t.id <", before.map(ApiTokenId::as_uuid))];
        for (comparison, id) in wanted {
            if let Some(id) = id {
                values.push(id.into());
                condition.push_str(&format!(" AND {comparison} ${}", values.len()));
            }
        }
        let limit = i64::from(limit).min(MOST);
        let sql = format!("SELECT {COLUMNS} FROM api_token AS t WHERE {condition} ORDER BY t.id DESC LIMIT {limit}");
        sql::all(&self.inner.reader, sql, values).await?.iter().map(token).collect()
    }

    /// Revokes a token; `user`: only where it is theirs. False: there was none.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_api_token(&self, id: ApiTokenId, user: Option<UserId>) -> Result<bool> {
        let mut values: Vec<Value> = vec![id.as_uuid().into()];
        let mut sql = "DELETE FROM api_token WHERE id = $1".to_owned();
        if let Some(user) = user {
            values.push(user.as_uuid().into());
            sql.push_str(" AND user_id = $2");
        }
        Ok(sql::run(&self.inner.writer, sql, values).await? > 0)
    }
}

fn token(row: &QueryResult) -> Result<ApiTokenRecord> {
    Ok(ApiTokenRecord {
        id: column::<Uuid>(row, 0)?.into(),
        user: column::<Uuid>(row, 1)?.into(),
        name: column(row, 2)?,
        role: word(row, 3, Role::find)?,
        read_only: column(row, 4)?,
        created_at: instant(row, 5)?,
        expires_at: maybe_instant(row, 6)?,
        used_at: maybe_instant(row, 7)?,
    })
}
