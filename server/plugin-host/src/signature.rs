//! Signatures of archives: ed25519 over the digests of all files, by keys that an operator trusts by name.

use crate::manifest::invalid;
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use data::Error;
use model::ErrorCode;

/// What the signed text begins with, so that a signature means nothing elsewhere.
const CONTEXT: &[u8] = b"sluice plugin 1\n";

/// A key to sign with. Its text is a secret.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = [0; 32];
        rand::fill(&mut seed)
            .map_err(|_| Error::permanent(ErrorCode::Internal, "this machine gives no random numbers"))?;
        Self::of(seed).ok_or_else(|| Error::permanent(ErrorCode::Internal, "no key can be made"))
    }

    /// Reads what [`SigningKey::secret`] gave.
    ///
    /// # Errors
    /// `invalid_value`; the text is not repeated.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let seed = BASE64_STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        seed.and_then(Self::of).ok_or_else(|| {
            Error::permanent(ErrorCode::InvalidValue, "the file holds no key to sign with")
                .hint("Make one with `sluice plugin key new FILE`.")
        })
    }

    fn of(seed: [u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(|pair| Self { seed, pair })
    }

    /// The text to keep; whoever has it signs in your name.
    #[must_use]
    pub fn secret(&self) -> String {
        BASE64_STANDARD.encode(self.seed)
    }

    /// The text to give to those who trust you.
    #[must_use]
    pub fn public(&self) -> String {
        BASE64_STANDARD.encode(self.pair.public_key().as_ref())
    }

    /// Public key and signature, as the archive holds them.
    pub(crate) fn sign(&self, text: &[u8]) -> String {
        let signature = self.pair.sign(&[CONTEXT, text].concat());
        format!("{} {}\n", self.public(), BASE64_STANDARD.encode(signature.as_ref()))
    }
}

/// Whose signatures count, and whether one is demanded. The default trusts nobody and demands nothing.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: Vec<(String, Vec<u8>)>,
    demanded: bool,
}

impl Trust {
    /// Reads lines of a name and a public key; `#` begins a comment.
    ///
    /// # Errors
    /// `invalid_configuration` with the line's number.
    pub fn parse(text: &str, demanded: bool) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let key = match words.as_slice() {
                [_, key] => BASE64_STANDARD.decode(key).ok().filter(|key| key.len() == 32),
                _ => None,
            };
            let Some(key) = key else {
                let message = format!("line {} of the trusted keys is not a name and a public key", number + 1);
                return Err(Error::permanent(ErrorCode::InvalidConfiguration, message)
                    .hint("Write lines like `acme BASE64`, as `sluice plugin key new` prints them."));
            };
            keys.push((words[0].to_owned(), key));
        }
        Ok(Self { keys, demanded })
    }

    /// The names of those who are trusted, with their public keys.
    #[must_use]
    pub fn names(&self) -> Vec<(String, String)> {
        self.keys.iter().map(|(name, key)| (name.clone(), BASE64_STANDARD.encode(key))).collect()
    }

    /// The name of the key that signed `text`; none where nothing is signed and nothing is demanded.
    pub(crate) fn verify(&self, text: &[u8], signature: Option<&str>) -> Result<Option<String>, Error> {
        let Some(signature) = signature else {
            if self.demanded {
                return Err(invalid("the plugin is not signed, and this server takes signed ones only")
                    .hint("Ask its author for a signed archive, or set `--plugin-signatures optional`."));
            }
            return Ok(None);
        };
        let mut words = signature.split_whitespace().map(|word| BASE64_STANDARD.decode(word).ok());
        let (Some(Some(key)), Some(Some(signature))) = (words.next(), words.next()) else {
            return Err(invalid("the signature in the archive cannot be read"));
        };
        let good = UnparsedPublicKey::new(&ED25519, &key).verify(&[CONTEXT, text].concat(), &signature).is_ok();
        if !good {
            return Err(invalid("the signature in the archive is not one of these files")
                .hint("It was changed after it was signed: get it again from its author."));
        }
        match self.keys.iter().find(|(_, known)| *known == key) {
            Some((name, _)) => Ok(Some(name.clone())),
            None => Err(invalid("the plugin is signed with a key that this server does not trust").hint(format!(
                "If it is its author's, trust it: `sluice plugin key trust NAME {}`.",
                BASE64_STANDARD.encode(&key)
            ))),
        }
    }
}
