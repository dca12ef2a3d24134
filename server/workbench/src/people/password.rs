//! Hashing of passwords: argon2id with 19 MiB, two passes and one lane, a few at once.
//!
//! One hash takes about 20 ms and 19 MiB; the bound keeps a flood of logins from taking the server's memory.

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, Salt, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use model::{ErrorCode, Fault};
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::secrets::random_token;
use tokio::sync::Semaphore;

/// Characters of a password at least.
pub(super) const SHORTEST: usize = 10;
/// Bytes of a password at most.
pub(super) const LONGEST: usize = 1_024;
/// Hashes at once.
const AT_ONCE: usize = 2;
/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;

/// Makes and checks hashes.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// What a password is held against where there is none, so that it takes as long.
    nobodys: Arc<OnceLock<String>>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobodys: Arc::default() }
    }

    /// The hash of a password, in the PHC form.
    pub(super) async fn hash(&self, password: &str) -> Result<String, Fault> {
        let password = password.to_owned();
        self.in_turn(move || hash(&password))
            .await?
            .map_err(|error| Fault::new(ErrorCode::Internal, format!("the password cannot be hashed: {error}")))
    }

    /// Whether the password fits the hash. Takes as long where there is no hash.
    pub(super) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Fault> {
        let (password, is_there) = (password.to_owned(), hash.is_some());
        let (hash, nobodys) = (hash.map(ToOwned::to_owned), self.nobodys.clone());
        let fits = self.in_turn(move || {
            // Made before it is known whether it is needed, so that the first stranger waits no longer than a friend.
            let nobodys =
                nobodys.get_or_init(|| self::hash(&random_token()).expect("the parameters are constants that fit"));
            let hash = hash.as_ref().unwrap_or(nobodys);
            PasswordHash::new(hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await? && is_there)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let busy = || Fault::new(ErrorCode::TooBusy, "too many people sign in at once").hint("Try again in a moment.");
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Fault::new(ErrorCode::Internal, "hashing a password failed"))
    }
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("constants that fit");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let random = Sha256::digest(random_token().as_bytes());
    let salt = SaltString::encode_b64(&random[..Salt::RECOMMENDED_LENGTH])?;
    Ok(hasher().hash_password(password.as_bytes(), &salt)?.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nothing_fits_nobodys() {
        let passwords = Passwords::new();
        let (one, two) =
            (passwords.hash("correct horse 马").await.unwrap(), passwords.hash("correct horse 马").await.unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != two, "{one}");
        assert!(passwords.verify("correct horse 马", Some(&one)).await.unwrap());
        assert!(!passwords.verify("correct horse", Some(&one)).await.unwrap());
        assert!(!passwords.verify("", None).await.unwrap());
        assert!(!passwords.verify("correct horse 马", Some("no hash")).await.unwrap());
    }
}
