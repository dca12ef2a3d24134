//! Sealing of secrets: XChaCha20-Poly1305 under a key that is not in the database.
//!
//! A sealed value is bound to its place (`connection/history`), so that it cannot be copied onto another record, and names
//! the key that opens it, so that keys can be changed: the first key of the ring seals, every key opens. A ring from a file
//! notices when the file changes ([`key_file`]). Nothing here prints a key or a secret: not in errors, not in `Debug`.

use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use model::ErrorCode;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

mod key_file;

pub use key_file::{KeyFileLock, Rotation, begin_rotation, end_rotation, lock_key_file};

/// The environment variable that holds the key: 32 bytes in base64, or several separated by commas, the newest first.
pub const KEY_VARIABLE: &str = "SLUICE_KEY";

/// Layout of a sealed value: version, key id, nonce, ciphertext with tag.
const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;
const KEY_BYTES: usize = 32;

type KeyId = [u8; KEY_ID_BYTES];

/// A new token of 256 random bits, as 43 characters that are safe in headers and files.
#[must_use]
pub fn random_token() -> String {
    let key: Key = XChaCha20Poly1305::generate_key(&mut OsRng);
    URL_SAFE_NO_PAD.encode(key)
}

/// The place a secret belongs to: `connection/history`.
#[must_use]
pub fn place(table: &str, name: &str) -> String {
    format!("{table}/{name}")
}

/// A secret as the database keeps it: useless without the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes to keep.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A sealed value from the bytes that were kept; whether they are whole shows when they are opened.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Which key seals it, as [`Keyring::fingerprints`] names keys; `?` where the value is damaged.
    #[must_use]
    pub fn key_fingerprint(&self) -> String {
        self.key_id().map_or_else(|| "?".to_owned(), |id| fingerprint(&id))
    }

    fn key_id(&self) -> Option<KeyId> {
        (self.0.len() > HEADER_BYTES && self.0[0] == VERSION).then(|| {
            let mut id = KeyId::default();
            id.copy_from_slice(&self.0[1..=KEY_ID_BYTES]);
            id
        })
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// The keys of this server.
pub struct Keyring {
    /// The first seals, all open.
    keys: RwLock<Keys>,
    /// Where they were read from, to be read again when another process may have changed them.
    file: Option<PathBuf>,
}

type Keys = Vec<(KeyId, XChaCha20Poly1305)>;

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.fingerprints().len()).finish_non_exhaustive()
    }
}

impl Keyring {
    /// The keys in [`KEY_VARIABLE`], else those in `file`, which is made with a new key where it is missing.
    ///
    /// # Errors
    /// `invalid_configuration` where a key is malformed or others may read the file, `disk_failed` where the file
    /// cannot be read or made.
    pub fn load(file: &Path) -> Result<Self> {
        match std::env::var(KEY_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Self::parse(&text, &format!("`{KEY_VARIABLE}`")),
            _ => Self::load_file(file),
        }
    }

    /// The keys in `file`, which is made with a new key where it is missing.
    ///
    /// # Errors
    /// As for [`Keyring::load`].
    pub fn load_file(file: &Path) -> Result<Self> {
        if key_file::read(file)?.is_none() {
            key_file::make(file)?;
        }
        // Another process may have been quicker: what lies there now counts.
        let keys = read_keys(file)?;
        Ok(Self { keys: RwLock::new(keys), file: Some(file.to_owned()) })
    }

    /// The keys written in `text`: base64, separated by commas or white space, the one that seals first.
    ///
    /// # Errors
    /// `invalid_configuration` where a key is malformed; `source` names where the text came from.
    pub fn parse(text: &str, source: &str) -> Result<Self> {
        Ok(Self { keys: RwLock::new(parse_keys(text, source)?), file: None })
    }

    /// The file the keys come from; none: the environment.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Names of the keys that tell nothing about them, the one that seals first.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        self.read().iter().map(|(id, _)| fingerprint(id)).collect()
    }

    /// Reads the file again. What cannot be read leaves the ring as it is: its keys are still good.
    fn refresh(&self) {
        let Some(file) = &self.file else { return };
        match read_keys(file) {
            Ok(keys) => *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys,
            Err(error) => tracing::warn!(%error, "the key file cannot be read again"),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, id: KeyId) -> Option<XChaCha20Poly1305> {
        self.read().iter().find(|(key, _)| *key == id).map(|(_, cipher)| cipher.clone())
    }

    /// Seals `plain` for its place.
    ///
    /// # Errors
    /// `internal` where the secret is beyond all size.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Sealed> {
        // Sealing is rare, and doing it under a key that was just given up would lose the secret.
        self.refresh();
        let (id, cipher) = self.read()[0].clone();
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let ciphertext = cipher
            .encrypt(&nonce, Payload { msg: plain, aad: place.as_bytes() })
            .map_err(|_| Error::permanent(ErrorCode::Internal, "the secret is too large to be sealed"))?;
        let mut sealed = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(Sealed(sealed))
    }

    /// Opens what was sealed for that place.
    ///
    /// # Errors
    /// `invalid_configuration` where none of the keys opens it, or it was sealed for another place or changed.
    pub fn open(&self, place: &str, sealed: &Sealed) -> Result<Vec<u8>> {
        let refused = |why: &str| {
            Error::permanent(
                ErrorCode::InvalidConfiguration,
                format!("the secret of `{place}` cannot be opened: {why}"),
            )
            .hint(format!(
                "Start with the key it was sealed under ({KEY_VARIABLE} or the key file), or enter the secret again"
            ))
        };
        let id = sealed.key_id().ok_or_else(|| refused("it is damaged"))?;
        let cipher = match self.find(id) {
            Some(cipher) => cipher,
            // The key may have been changed since this process began.
            None => {
                self.refresh();
                self.find(id).ok_or_else(|| refused("it was sealed under a key this server does not have"))?
            }
        };
        let nonce = XNonce::from_slice(&sealed.0[1 + KEY_ID_BYTES..HEADER_BYTES]);
        let payload = Payload { msg: &sealed.0[HEADER_BYTES..], aad: place.as_bytes() };
        cipher.decrypt(nonce, payload).map_err(|_| refused("it is damaged or was sealed for another record"))
    }

    /// Whether the value should be sealed again, because it was sealed under an older key.
    #[must_use]
    pub fn is_outdated(&self, sealed: &Sealed) -> bool {
        sealed.key_id() != self.read().first().map(|(id, _)| *id)
    }
}

fn malformed(source: &str) -> Error {
    Error::permanent(ErrorCode::InvalidConfiguration, format!("{source} does not hold a key"))
        .hint("A key is 32 random bytes in base64, as `openssl rand -base64 32` prints")
}

/// The keys written in `text`, at least one.
fn parse_keys(text: &str, source: &str) -> Result<Keys> {
    let mut keys = Keys::new();
    for word in text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        let bytes = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
            .iter()
            .find_map(|alphabet| alphabet.decode(word).ok())
            .filter(|bytes| bytes.len() == KEY_BYTES)
            .ok_or_else(|| malformed(source))?;
        let mut id = KeyId::default();
        id.copy_from_slice(&Sha256::digest(&bytes)[..KEY_ID_BYTES]);
        keys.push((id, XChaCha20Poly1305::new(Key::from_slice(&bytes))));
    }
    if keys.is_empty() { Err(malformed(source)) } else { Ok(keys) }
}

fn read_keys(file: &Path) -> Result<Keys> {
    let text = key_file::read(file)?.unwrap_or_default();
    parse_keys(&text, &format!("the key file `{}`", file.display()))
}

/// A part of the key's digest, from which nobody gets the key: `3f07a1b2c4d5e6f7`.
fn fingerprint(id: &KeyId) -> String {
    hex::encode(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

    fn ring(text: &str) -> Keyring {
        Keyring::parse(text, "the test").unwrap()
    }

    #[test]
    fn a_secret_opens_only_at_its_place() {
        let ring = ring(OLD);
        let sealed = ring.seal("connection/a", "päss\0wörd".as_bytes()).unwrap();
        assert_eq!(ring.open("connection/a", &sealed).unwrap(), "päss\0wörd".as_bytes());
        assert!(ring.open("connection/b", &sealed).is_err());
        assert_eq!(ring.open("x", &ring.seal("x", b"").unwrap()).unwrap(), b"");
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let ring = ring(OLD);
        let sealed = ring.seal("a", b"hunter2").unwrap();
        for index in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert!(ring.open("a", &Sealed::from_bytes(bytes)).is_err(), "byte {index}");
        }
        for length in 0..sealed.as_bytes().len() {
            assert!(ring.open("a", &Sealed::from_bytes(sealed.as_bytes()[..length].to_vec())).is_err());
        }
    }

    #[test]
    fn a_ring_opens_what_its_older_key_sealed() {
        let sealed = ring(OLD).seal("a", b"hunter2").unwrap();
        let both = ring(&format!("{NEW},{OLD}"));
        assert_eq!(both.open("a", &sealed).unwrap(), b"hunter2");
        assert!(both.is_outdated(&sealed));
        assert!(!both.is_outdated(&both.seal("a", b"hunter2").unwrap()));
        assert!(ring(NEW).open("a", &sealed).is_err());
    }

    #[test]
    fn nothing_printed_holds_a_key_or_a_secret() {
        let ring = ring(OLD);
        let sealed = ring.seal("a", b"hunter2").unwrap();
        let error = ring.open("b", &sealed).unwrap_err();
        let wrong = Keyring::parse("aHVudGVyMg==", "`SLUICE_KEY`").unwrap_err();
        for text in [format!("{ring:?} {sealed:?} {error:?} {error}"), format!("{wrong:?} {wrong}")] {
            for secret in ["hunter2", OLD, "aHVudGVyMg"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    #[test]
    fn malformed_keys_are_refused() {
        for wrong in ["", " , ", "short", "AAAA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,x"] {
            let error = Keyring::parse(wrong, "`SLUICE_KEY`").unwrap_err();
            assert_eq!(error.fault.code, ErrorCode::InvalidConfiguration, "{wrong}");
        }
    }

    #[test]
    fn the_key_file_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/key");
        let rings: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4).map(|_| scope.spawn(|| Keyring::load_file(&file).unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let sealed = rings[0].seal("a", b"x").unwrap();
        for ring in &rings {
            assert_eq!(ring.open("a", &sealed).unwrap(), b"x");
        }
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            mode(0o640);
            assert_eq!(Keyring::load_file(&file).unwrap_err().fault.code, ErrorCode::InvalidConfiguration);
            mode(0o400);
            assert!(Keyring::load_file(&file).is_ok());
        }
    }
}
