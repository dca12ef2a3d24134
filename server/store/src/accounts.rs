//! People who may sign in, and what each was granted.
//!
//! The table is called `account`, since `user` is a reserved word of PostgreSQL. A password is kept as its argon2id hash in
//! the PHC form; this crate neither makes nor checks one.

use crate::Database;
use crate::database::begin;
use crate::error::{Error, Result, check_text, is_duplicate};
use crate::sql::{self, column, instant, maybe_instant, micros};
use chrono::{DateTime, Utc};
use model::access::{Grant, Level, Role, Thing};
use model::{ErrorCode, UserId};
use sea_orm::{DatabaseTransaction, QueryResult, TryGetable, Value};
use uuid::Uuid;

const COLUMNS: &str = "id, name, role, disabled, subject, password IS NOT NULL, created_at, updated_at, signed_in_at";
/// People on one page at most.
const LARGEST_PAGE: u32 = 500;
/// Whether another enabled admin than `$1` is there.
const ANOTHER_ADMIN: &str =
    "EXISTS (SELECT 1 FROM account AS other WHERE other.id <> $1 AND other.role = 'admin' AND NOT other.disabled)";

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its id.
    pub id: UserId,
    /// What is typed at login, unique.
    pub name: String,
    /// What may be done where no grant says otherwise.
    pub role: Role,
    /// Whether nobody may sign in as this person.
    pub disabled: bool,
    /// Who it is for the identity provider: issuer and subject.
    pub subject: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When somebody last signed in.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// Somebody who shall be able to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// What is typed at login.
    pub name: String,
    /// What may be done.
    pub role: Role,
    /// The hash of the password; none: only by the identity provider.
    pub password: Option<String>,
    /// Who it is for the identity provider.
    pub subject: Option<String>,
}

impl Database {
    /// Saves a new person.
    ///
    /// # Errors
    /// `already_exists`, `store_failed`.
    pub async fn create_account(&self, new: &NewAccount) -> Result<AccountRecord> {
        check_text("the name", &new.name)?;
        let id = UserId::generate();
        let values: Vec<Value> = vec![
            id.as_uuid().into(),
            new.name.clone().into(),
            new.password.clone().into(),
            new.subject.clone().into(),
            new.role.as_str().into(),
            false.into(),
            micros(Utc::now()).into(),
        ];
        let sql = "INSERT INTO account (id, name, password, subject, role, disabled, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";
        sql::run(&self.inner.writer, sql, values).await.map_err(|error| {
            if is_duplicate(&error) {
                let message = format!("there is a person `{}` already", new.name);
                return Error::permanent(ErrorCode::AlreadyExists, message).hint("Choose another name.");
            }
            error.into()
        })?;
        self.get_account(id).await
    }

    /// The person of that id.
    ///
    /// # Errors
    /// `user_not_found`, `store_failed`.
    pub async fn get_account(&self, id: UserId) -> Result<AccountRecord> {
        self.find_account(id).await?.ok_or_else(|| no_account(id))
    }

    /// The person of that id, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_account(&self, id: UserId) -> Result<Option<AccountRecord>> {
        self.one_account("id", id.as_uuid().into()).await
    }

    /// The person of that name, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_account_by_name(&self, name: &str) -> Result<Option<AccountRecord>> {
        if name.contains('\0') {
            return Ok(None);
        }
        self.one_account("name", name.into()).await
    }

    /// The person whom the identity provider calls so, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_account_by_subject(&self, subject: &str) -> Result<Option<AccountRecord>> {
        if subject.contains('\0') {
            return Ok(None);
        }
        self.one_account("subject", subject.into()).await
    }

    async fn one_account(&self, key: &str, value: Value) -> Result<Option<AccountRecord>> {
        let sql = format!("SELECT {COLUMNS} FROM account WHERE {key} = $1");
        sql::one(&self.inner.reader, sql, vec![value]).await?.as_ref().map(|row| account(row, 0)).transpose()
    }

    /// The hash of a person's password.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find_password(&self, id: UserId) -> Result<Option<String>> {
        let sql = "SELECT password FROM account WHERE id = $1";
        match sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await? {
            Some(row) => column(&row, 0),
            None => Ok(None),
        }
    }

    /// People by name, after the one called `after`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_accounts(&self, after: Option<&str>, limit: u32) -> Result<Vec<AccountRecord>> {
        let name = if sql::is_postgres(&self.inner.reader) { "name COLLATE \"C\"" } else { "name" };
        let after = after.unwrap_or_default();
        check_text("the name to list after", after)?;
        let sql = format!("SELECT {COLUMNS} FROM account WHERE {name} > $1 ORDER BY {name} LIMIT $2");
        let values = vec![after.into(), i64::from(limit.min(LARGEST_PAGE)).into()];
        sql::all(&self.inner.reader, sql, values).await?.iter().map(|row| account(row, 0)).collect()
    }

    /// Whether there is an admin who may sign in.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn has_admin(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM account WHERE role = 'admin' AND NOT disabled LIMIT 1";
        Ok(sql::one(&self.inner.reader, sql, vec![]).await?.is_some())
    }

    /// Changes a person's role and whether they may sign in.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value` where no admin would be left, `store_failed`.
    pub async fn update_account(&self, id: UserId, role: Role, disabled: bool) -> Result<AccountRecord> {
        let sql = format!(
            "UPDATE account SET role = $2, disabled = $3, updated_at = $4 WHERE id = $1 \
             AND (role <> 'admin' OR disabled OR ($2 = 'admin' AND NOT $3) OR {ANOTHER_ADMIN})"
        );
        let values = vec![id.as_uuid().into(), role.as_str().into(), disabled.into(), micros(Utc::now()).into()];
        let transaction = self.begin_accounts().await?;
        let changed = sql::run(&transaction, sql, values).await?;
        transaction.commit().await?;
        let account = self.get_account(id).await?;
        if changed == 0 { Err(last_admin()) } else { Ok(account) }
    }

    /// Sets the hash of a person's password.
    ///
    /// # Errors
    /// `user_not_found`, `store_failed`.
    pub async fn set_password(&self, id: UserId, hash: &str) -> Result<()> {
        let values = vec![id.as_uuid().into(), hash.into(), micros(Utc::now()).into()];
        let sql = "UPDATE account SET password = $2, updated_at = $3 WHERE id = $1";
        if sql::run(&self.inner.writer, sql, values).await? == 0 { Err(no_account(id)) } else { Ok(()) }
    }

    /// Notes that somebody signed in as this person.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn record_sign_in(&self, id: UserId, at: DateTime<Utc>) -> Result<()> {
        let values = vec![id.as_uuid().into(), micros(at).into()];
        sql::run(&self.inner.writer, "UPDATE account SET signed_in_at = $2 WHERE id = $1", values).await?;
        Ok(())
    }

    /// Removes a person with grants, sessions and tokens; what they did stays on record.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value` where no admin would be left, `store_failed`.
    pub async fn delete_account(&self, id: UserId) -> Result<()> {
        let key: Vec<Value> = vec![id.as_uuid().into()];
        let transaction = self.begin_accounts().await?;
        let sql = format!("DELETE FROM account WHERE id = $1 AND (role <> 'admin' OR disabled OR {ANOTHER_ADMIN})");
        if sql::run(&transaction, sql, key.clone()).await? == 0 {
            transaction.rollback().await?;
            self.get_account(id).await?;
            return Err(last_admin());
        }
        for table in ["access_grant", "browser_session", "api_token"] {
            sql::run(&transaction, format!("DELETE FROM {table} WHERE user_id = $1"), key.clone()).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Begins a transaction in which nobody else takes away an admin: of two at once each would see the other's.
    async fn begin_accounts(&self) -> Result<DatabaseTransaction> {
        let transaction = begin(&self.inner.writer).await?;
        if sql::is_postgres(&self.inner.writer) {
            // An arbitrary number that is Sluice's own; the lock ends with the transaction.
            sql::run(&transaction, "SELECT pg_advisory_xact_lock(7236837227)", vec![]).await?;
        }
        Ok(transaction)
    }

    /// What a person was granted, by thing and pattern.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_grants(&self, user: UserId) -> Result<Vec<Grant>> {
        let sql = "SELECT thing, pattern, level FROM access_grant WHERE user_id = $1 ORDER BY thing, pattern";
        let rows = sql::all(&self.inner.reader, sql, vec![user.as_uuid().into()]).await?;
        let grant = |row: &QueryResult| {
            Ok(Grant { thing: word(row, 0, Thing::find)?, pattern: column(row, 1)?, level: word(row, 2, Level::find)? })
        };
        rows.iter().map(grant).collect()
    }

    /// Sets what a person may do with what fits a pattern, in place of what was set before.
    ///
    /// # Errors
    /// `user_not_found`, `store_failed`.
    pub async fn set_grant(&self, user: UserId, grant: &Grant) -> Result<()> {
        check_text("the pattern", &grant.pattern)?;
        self.get_account(user).await?;
        let sql = "INSERT INTO access_grant (user_id, thing, pattern, level) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (user_id, thing, pattern) DO UPDATE SET level = excluded.level";
        let values = vec![
            user.as_uuid().into(),
            grant.thing.as_str().into(),
            grant.pattern.clone().into(),
            grant.level.as_str().into(),
        ];
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(())
    }

    /// Forgets what was set for a pattern; false: nothing was.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_grant(&self, user: UserId, thing: Thing, pattern: &str) -> Result<bool> {
        if pattern.contains('\0') {
            return Ok(false);
        }
        let sql = "DELETE FROM access_grant WHERE user_id = $1 AND thing = $2 AND pattern = $3";
        let values = vec![user.as_uuid().into(), thing.as_str().into(), pattern.into()];
        Ok(sql::run(&self.inner.writer, sql, values).await? > 0)
    }
}

fn no_account(id: UserId) -> Error {
    Error::permanent(ErrorCode::UserNotFound, format!("there is no person `{id}`"))
        .hint("`sluice user list` shows who there is.")
}

fn last_admin() -> Error {
    Error::permanent(ErrorCode::InvalidValue, "nobody else is admin, so this one must stay")
        .hint("Make somebody else admin first.")
}

/// The account whose columns begin at that place.
pub(crate) fn account(row: &QueryResult, first: usize) -> Result<AccountRecord> {
    Ok(AccountRecord {
        id: column::<Uuid>(row, first)?.into(),
        name: column(row, first + 1)?,
        role: word(row, first + 2, Role::find)?,
        disabled: column(row, first + 3)?,
        subject: column(row, first + 4)?,
        has_password: column(row, first + 5)?,
        created_at: instant(row, first + 6)?,
        updated_at: instant(row, first + 7)?,
        signed_in_at: maybe_instant(row, first + 8)?,
    })
}

/// The columns of an account, in the order [`account`] reads them.
pub(crate) fn account_columns(table: &str) -> String {
    format!(
        "{table}.id, {table}.name, {table}.role, {table}.disabled, {table}.subject, {table}.password IS NOT NULL, \
         {table}.created_at, {table}.updated_at, {table}.signed_in_at"
    )
}

/// The word in the column at that place.
pub(crate) fn word<T>(row: &QueryResult, index: usize, find: impl Fn(&str) -> Option<T>) -> Result<T>
where
    String: TryGetable,
{
    let word: String = column(row, index)?;
    find(&word).ok_or_else(|| sql::damaged(format!("word `{word}`")))
}
