//! People: signing in, sessions, API tokens, grants; the command line and the API both go through here.
//!
//! Passwords are hashed by argon2id in a bounded pool ([`password`]); a wrong name takes as long as a wrong password.
//! Session and API tokens are 256 random bits, kept as their SHA-256. What a token lets do is an
//! [`Authority`], remembered for a few seconds and forgotten at once where this process changes something.

mod attempts;
pub mod oidc;
mod password;
#[cfg(test)]
mod tests;

pub use attempts::Attempts;
pub use store::{AccountRecord, ApiTokenRecord, SessionRecord};

use crate::name::shorten;
use chrono::{DateTime, TimeDelta, Utc};
use model::access::{Authority, Grant, Level, Role, Thing};
use model::{ApiTokenId, ErrorCode, Fault, SessionId, UserId};
use password::Passwords;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::secrets::random_token;
use store::{Database, NewAccount, NewApiToken, NewSession};

/// What every API token begins with, so that it is recognized where it should not be.
pub const TOKEN_PREFIX: &str = "slt_";
/// How long a session lasts, used or not.
const SESSION_DAYS: i64 = 30;
/// How long what a token lets do is remembered; other processes' changes take effect after it.
const REMEMBERED: Duration = Duration::from_secs(10);
/// How many tokens are remembered.
const REMEMBERED_MOST: usize = 10_000;
/// Tokens of one person at most.
const TOKENS_MOST: usize = 200;
/// Grants of one person at most.
const GRANTS_MOST: usize = 500;
/// Characters of a pattern or a token's name at most.
const TEXT_MOST: usize = 128;

/// Somebody a token lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What decides.
    pub authority: Authority,
    /// The session, where that was shown.
    pub session: Option<SessionId>,
    /// The API token, where that was shown.
    pub token: Option<ApiTokenId>,
    /// When that token stops working by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A session that has just begun.
#[derive(Clone)]
pub struct SignedIn {
    /// What the browser keeps; shown once.
    pub token: String,
    /// Its id.
    pub session: SessionId,
    /// Who.
    pub account: AccountRecord,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// What an API token is to be.
#[derive(Debug, Clone)]
pub struct TokenWish {
    /// What it is for.
    pub name: String,
    /// The most it may do; none: what its owner may.
    pub role: Option<Role>,
    /// Whether it may change nothing.
    pub read_only: bool,
    /// When it stops working; none: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The service. Cloning is cheap and gives another handle to the same one.
#[derive(Clone)]
pub struct People {
    inner: Arc<Inner>,
}

struct Inner {
    database: Arc<Database>,
    passwords: Passwords,
    attempts: Attempts,
    remembered: Mutex<Remembered>,
}

/// What tokens let do.
#[derive(Default)]
struct Remembered {
    admitted: HashMap<[u8; 32], (Instant, Arc<Admitted>)>,
    /// How often all was forgotten: what was read before that must not be remembered after it.
    forgotten: u64,
}

impl People {
    /// People of that database.
    #[must_use]
    pub fn new(database: Arc<Database>) -> Self {
        let inner = Inner {
            database,
            passwords: Passwords::new(),
            attempts: Attempts::default(),
            remembered: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    fn database(&self) -> &Database {
        &self.inner.database
    }

    /// Whether anybody may sign in as admin.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn has_admin(&self) -> Result<bool, Fault> {
        Ok(self.database().has_admin().await?)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value` for a name or password that cannot be, `store_failed`.
    pub async fn create(&self, name: &str, password: Option<&str>, role: Role) -> Result<AccountRecord, Fault> {
        check_name(name)?;
        let hash = match password {
            Some(password) => {
                check_password(name, password)?;
                Some(self.inner.passwords.hash(password).await?)
            }
            None => None,
        };
        let new = NewAccount { name: name.to_owned(), role, password: hash, subject: None };
        Ok(self.database().create_account(&new).await?)
    }

    /// The person of that id or name.
    ///
    /// # Errors
    /// `user_not_found`, `store_failed`.
    pub async fn get(&self, id_or_name: &str) -> Result<AccountRecord, Fault> {
        let found = match id_or_name.parse::<UserId>() {
            Ok(id) => self.database().find_account(id).await?,
            Err(_) => self.database().find_account_by_name(id_or_name).await?,
        };
        found.ok_or_else(|| {
            Fault::new(ErrorCode::UserNotFound, format!("there is no person `{}`", shorten(id_or_name)))
                .hint("`sluice user list` shows who there is.")
        })
    }

    /// People by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<AccountRecord>, Fault> {
        Ok(self.database().list_accounts(after, limit).await?)
    }

    /// Changes a person's role and whether they may sign in. Whoever is disabled is signed out.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value` where no admin would be left, `store_failed`.
    pub async fn update(&self, id: UserId, role: Option<Role>, disabled: Option<bool>) -> Result<AccountRecord, Fault> {
        let now = self.database().get_account(id).await?;
        let (role, disabled) = (role.unwrap_or(now.role), disabled.unwrap_or(now.disabled));
        let changed = self.database().update_account(id, role, disabled).await?;
        if disabled {
            self.database().delete_sessions_of(id, None).await?;
        }
        self.forget();
        Ok(changed)
    }

    /// Removes a person with grants, sessions and tokens.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value` where no admin would be left, `store_failed`.
    pub async fn delete(&self, id: UserId) -> Result<(), Fault> {
        self.database().delete_account(id).await?;
        self.forget();
        Ok(())
    }

    /// Sets a person's password, and ends their sessions but the one that may be left.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value`, `store_failed`.
    pub async fn set_password(&self, id: UserId, password: &str, but: Option<SessionId>) -> Result<(), Fault> {
        let account = self.database().get_account(id).await?;
        check_password(&account.name, password)?;
        let hash = self.inner.passwords.hash(password).await?;
        self.database().set_password(id, &hash).await?;
        self.database().delete_sessions_of(id, but).await?;
        self.forget();
        Ok(())
    }

    /// Changes one's own password, which takes the old one.
    ///
    /// # Errors
    /// `unauthorized` for a wrong old one, `too_busy` after too many, `invalid_value`, `store_failed`.
    pub async fn change_password(
        &self,
        id: UserId,
        (old, new): (&str, &str),
        but: Option<SessionId>,
        address: &str,
    ) -> Result<(), Fault> {
        let account = self.database().get_account(id).await?;
        self.inner.attempts.admit(&account.name, address)?;
        let hash = self.database().find_password(id).await?;
        let fits = old.len() <= password::LONGEST && self.inner.passwords.verify(old, hash.as_deref()).await?;
        if !fits {
            return Err(Fault::new(ErrorCode::Unauthorized, "the old password is wrong").hint("Type it again."));
        }
        self.inner.attempts.succeeded(&account.name, address);
        self.set_password(id, new, but).await
    }

    /// Signs in by name and password.
    ///
    /// # Errors
    /// `unauthorized`, the same and as late for an unknown name, a wrong password and a person who may not; `too_busy` after
    /// too many attempts, `store_failed`.
    pub async fn sign_in(&self, name: &str, password: &str, address: &str, browser: &str) -> Result<SignedIn, Fault> {
        self.inner.attempts.admit(name, address)?;
        let account = self.database().find_account_by_name(name).await?;
        let hash = match &account {
            Some(account) => self.database().find_password(account.id).await?,
            None => None,
        };
        let fits =
            password.len() <= password::LONGEST && self.inner.passwords.verify(password, hash.as_deref()).await?;
        match account {
            Some(account) if fits && !account.disabled => {
                self.inner.attempts.succeeded(name, address);
                self.begin_session(account, address, browser).await
            }
            _ => Err(Fault::new(ErrorCode::Unauthorized, "name or password is wrong")
                .hint("Check both; an admin can set a new password.")),
        }
    }

    /// Begins a session for somebody who has proven who they are.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn begin_session(&self, account: AccountRecord, address: &str, browser: &str) -> Result<SignedIn, Fault> {
        let now = Utc::now();
        let token = random_token();
        let expires_at = now + TimeDelta::days(SESSION_DAYS);
        let new = NewSession {
            user: account.id,
            digest: digest(&token),
            expires_at,
            address: address.to_owned(),
            browser: browser.chars().filter(|c| !c.is_control()).take(300).collect(),
        };
        let session = self.database().create_session(&new).await?;
        self.database().record_sign_in(account.id, now).await?;
        self.database().delete_ended_sessions(now).await?;
        Ok(SignedIn { token, session, account, expires_at })
    }

    /// Whom a session's token lets in; none: nobody.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn admit_session(&self, token: &str) -> Result<Option<Arc<Admitted>>, Fault> {
        let digest = digest(token);
        let forgotten = match self.find_remembered(&digest) {
            Ok(known) => return Ok(Some(known)),
            Err(forgotten) => forgotten,
        };
        let now = Utc::now();
        let Some((session, account)) = self.database().find_session(digest, now).await? else { return Ok(None) };
        if now - session.seen_at > TimeDelta::minutes(1) {
            self.database().touch_session(session.id, now).await?;
        }
        let authority = self.authority(&account).await?;
        Ok(Some(self.remember(
            digest,
            forgotten,
            Admitted { authority, session: Some(session.id), token: None, expires_at: None },
        )))
    }

    /// Whom an API token lets in; none: nobody.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn admit_token(&self, token: &str) -> Result<Option<Arc<Admitted>>, Fault> {
        if !token.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let digest = digest(token);
        let forgotten = match self.find_remembered(&digest) {
            Ok(known) => return Ok(Some(known)),
            Err(forgotten) => forgotten,
        };
        let now = Utc::now();
        let Some((record, account)) = self.database().find_api_token(digest, now).await? else { return Ok(None) };
        if record.used_at.is_none_or(|used| now - used > TimeDelta::minutes(1)) {
            self.database().touch_api_token(record.id, now).await?;
        }
        let authority = self.authority(&account).await?.capped(record.role, record.read_only);
        let admitted = Admitted { authority, session: None, token: Some(record.id), expires_at: record.expires_at };
        Ok(Some(self.remember(digest, forgotten, admitted)))
    }

    async fn authority(&self, account: &AccountRecord) -> Result<Authority, Fault> {
        let grants = self.database().list_grants(account.id).await?;
        Ok(Authority {
            who: account.name.clone(),
            user: Some(account.id),
            role: account.role,
            read_only: false,
            grants,
        })
    }

    /// Sessions that go on, of one person or of all, the newest first, made before the one `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_sessions(
        &self,
        user: Option<UserId>,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<SessionRecord>, Fault> {
        Ok(self.database().list_sessions(user, Utc::now(), before, limit).await?)
    }

    /// Ends a session; `user`: only where it is theirs.
    ///
    /// # Errors
    /// `session_not_found`, `store_failed`.
    pub async fn end_session(&self, id: SessionId, user: Option<UserId>) -> Result<(), Fault> {
        let ended = self.database().delete_session(id, user).await?;
        self.forget();
        if ended {
            return Ok(());
        }
        Err(Fault::new(ErrorCode::SessionNotFound, format!("there is no session `{id}`"))
            .hint("List the sessions; it may have ended."))
    }

    /// Makes an API token of a person; its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// `invalid_value`, `store_failed`.
    pub async fn create_token(&self, user: UserId, wish: TokenWish) -> Result<(String, ApiTokenRecord), Fault> {
        let account = self.database().get_account(user).await?;
        let is_well = !wish.name.trim().is_empty()
            && wish.name.chars().count() <= TEXT_MOST
            && !wish.name.chars().any(char::is_control);
        if !is_well {
            let message = format!("`{}` cannot be the name of a token", shorten(&wish.name));
            return Err(Fault::new(ErrorCode::InvalidValue, message)
                .hint(format!("Use 1 to {TEXT_MOST} characters that tell what it is for."))
                .path("name"));
        }
        if wish.expires_at.is_some_and(|at| at <= Utc::now()) {
            return Err(Fault::new(ErrorCode::InvalidValue, "the token would have expired already")
                .hint("Give a later moment, or none.")
                .path("expiresAt"));
        }
        if self.database().list_api_tokens(Some(user), None, u32::MAX).await?.len() >= TOKENS_MOST {
            return Err(Fault::new(ErrorCode::InvalidValue, format!("there are {TOKENS_MOST} tokens already"))
                .hint("Revoke some that are not used any more."));
        }
        let token = format!("{TOKEN_PREFIX}{}", random_token());
        let new = NewApiToken {
            user,
            name: wish.name,
            digest: digest(&token),
            role: wish.role.unwrap_or(account.role),
            read_only: wish.read_only,
            expires_at: wish.expires_at,
        };
        let record = self.database().create_api_token(&new).await?;
        Ok((token, record))
    }

    /// Tokens of one person or of all, the newest first, made before the one `before`.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_tokens(
        &self,
        user: Option<UserId>,
        before: Option<ApiTokenId>,
        limit: u32,
    ) -> Result<Vec<ApiTokenRecord>, Fault> {
        Ok(self.database().list_api_tokens(user, before, limit).await?)
    }

    /// Revokes a token; `user`: only where it is theirs.
    ///
    /// # Errors
    /// `token_not_found`, `store_failed`.
    pub async fn revoke_token(&self, id: ApiTokenId, user: Option<UserId>) -> Result<(), Fault> {
        let revoked = self.database().delete_api_token(id, user).await?;
        self.forget();
        if revoked {
            return Ok(());
        }
        Err(Fault::new(ErrorCode::TokenNotFound, format!("there is no token `{id}`"))
            .hint("List the tokens; it may have been revoked."))
    }

    /// What a person was granted.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_grants(&self, user: UserId) -> Result<Vec<Grant>, Fault> {
        Ok(self.database().list_grants(user).await?)
    }

    /// Sets what a person may do with what fits a pattern; without a level it is forgotten.
    ///
    /// # Errors
    /// `user_not_found`, `invalid_value`, `store_failed`.
    pub async fn set_grant(
        &self,
        user: UserId,
        thing: Thing,
        pattern: &str,
        level: Option<Level>,
    ) -> Result<Vec<Grant>, Fault> {
        self.database().get_account(user).await?;
        match level {
            Some(level) => {
                let fits = !pattern.is_empty()
                    && pattern.len() <= TEXT_MOST
                    && pattern.chars().all(|c| c.is_ascii_alphanumeric() || "-_.*".contains(c));
                if !fits {
                    let message = format!("`{}` fits no names", shorten(pattern));
                    return Err(Fault::new(ErrorCode::InvalidValue, message)
                        .hint("Write a name, or one with `*`, such as `market-*`.")
                        .path("pattern"));
                }
                if self.database().list_grants(user).await?.len() >= GRANTS_MOST {
                    let message = format!("this person has {GRANTS_MOST} grants already");
                    return Err(Fault::new(ErrorCode::InvalidValue, message).hint("Put some together by a pattern."));
                }
                let grant = Grant { thing, pattern: pattern.to_owned(), level };
                self.database().set_grant(user, &grant).await?;
            }
            None => {
                self.database().delete_grant(user, thing, pattern).await?;
            }
        }
        self.forget();
        self.list_grants(user).await
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.inner.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what tokens let do, so that the next request asks the database.
    fn forget(&self) {
        let mut remembered = self.remembered();
        remembered.admitted.clear();
        remembered.forgotten += 1;
    }

    /// Whom the token is known to let in; else how often all was forgotten so far.
    fn find_remembered(&self, digest: &[u8; 32]) -> Result<Arc<Admitted>, u64> {
        let remembered = self.remembered();
        match remembered.admitted.get(digest) {
            Some((at, admitted)) if at.elapsed() < REMEMBERED => Ok(admitted.clone()),
            _ => Err(remembered.forgotten),
        }
    }

    fn remember(&self, digest: [u8; 32], forgotten: u64, admitted: Admitted) -> Arc<Admitted> {
        let admitted = Arc::new(admitted);
        let mut remembered = self.remembered();
        if remembered.forgotten != forgotten {
            return admitted;
        }
        if remembered.admitted.len() >= REMEMBERED_MOST {
            remembered.admitted.clear();
        }
        remembered.admitted.insert(digest, (Instant::now(), admitted.clone()));
        admitted
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Names that stand for no person on record.
const RESERVED: &[&str] = &["api", "system", "nobody"];

fn check_name(name: &str) -> Result<(), Fault> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.@+".contains(c);
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.len() <= 64
        && name.chars().all(good)
        && !RESERVED.contains(&name);
    if fits {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::InvalidValue, format!("`{}` cannot name a person", shorten(name)))
        .hint("Use lowercase letters, digits, `-`, `_`, `.`, `@` and `+`, at most 64; `api`, `system` and `nobody` are taken.")
        .path("name"))
}

fn check_password(name: &str, password: &str) -> Result<(), Fault> {
    let wrong =
        |message: String, hint: &str| Err(Fault::new(ErrorCode::InvalidValue, message).hint(hint).path("password"));
    let count = password.chars().count();
    if count < password::SHORTEST {
        return wrong(format!("the password has fewer than {} characters", password::SHORTEST), "Take a longer one.");
    }
    if password.len() > password::LONGEST {
        return wrong(format!("the password has more than {} bytes", password::LONGEST), "Take a shorter one.");
    }
    if password.to_lowercase() == name {
        return wrong("the password is the name".to_owned(), "Take another one.");
    }
    Ok(())
}
