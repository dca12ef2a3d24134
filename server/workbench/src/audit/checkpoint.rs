//! Signed places of the audit log's chain, and the key that signs them.

use super::disk_failed;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// What is signed begins with this, so that a signature fits nothing else.
const DOMAIN: &str = "sluice audit checkpoint 1";

/// A place of the chain, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The entry's place.
    pub number: u64,
    /// Its hash.
    pub hash: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    entry: u64,
    hash: String,
    signature: String,
}

impl Checkpoint {
    /// The checkpoint as a line of JSON.
    #[must_use]
    pub fn line(&self) -> String {
        let line =
            Line { entry: self.number, hash: STANDARD.encode(&self.hash), signature: STANDARD.encode(&self.signature) };
        serde_json::to_string(&line).expect("numbers and text")
    }

    pub(super) fn append(&self, file: &Path) -> Result<(), Fault> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A line that a power cut has cut off spoils none after it.
        read(file).map(|text| text.is_empty() || text.ends_with('\n')).and_then(|whole| {
            let line = format!("{}{}\n", if whole { "" } else { "\n" }, self.line());
            let written = options.open(file).and_then(|mut out| {
                out.write_all(line.as_bytes())?;
                out.sync_data()
            });
            written.map_err(|error| disk_failed(file, &error))
        })
    }
}

/// The file's text; empty where it is not there.
pub(super) fn read(file: &Path) -> Result<String, Fault> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(disk_failed(file, &error)),
    }
}

/// Writes a file that is whole from its first moment; where another process was quicker, that one's counts.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may read a temporary file.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
    }
}

/// Signs, and knows its own signatures.
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// The key in the file, which is made where it is missing.
    pub(super) fn load(file: &Path) -> Result<Self, Fault> {
        let wrong = |why: String| {
            Fault::new(ErrorCode::InvalidConfiguration, format!("`{}` holds no key: {why}", file.display()))
                .hint("Restore it from a backup; checkpoints of another key cannot be verified.")
        };
        let text = read(file)?;
        if text.is_empty() {
            let made = Ed25519KeyPair::generate()
                .and_then(|pair| pair.to_pkcs8())
                .map_err(|_| wrong("none can be made".to_owned()))?;
            write_new(file, &format!("{}\n", STANDARD.encode(made.as_ref())))
                .map_err(|error| disk_failed(file, &error))?;
        }
        let bytes = STANDARD.decode(read(file)?.trim()).map_err(|_| wrong("it is not base64".to_owned()))?;
        Ed25519KeyPair::from_pkcs8(&bytes).map(Self).map_err(|error| wrong(error.to_string()))
    }

    /// What tells this key from others.
    pub(super) fn name(&self) -> String {
        STANDARD.encode(self.0.public_key().as_ref())
    }

    pub(super) fn sign(&self, number: u64, hash: &[u8]) -> Checkpoint {
        let signature = self.0.sign(&message(number, hash)).as_ref().to_vec();
        Checkpoint { number, hash: hash.to_vec(), signature }
    }

    /// The checkpoint of a line; none: it is not one of this key.
    #[must_use]
    pub fn verify(&self, line: &str) -> Option<Checkpoint> {
        let line: Line = serde_json::from_str(line).ok()?;
        let (hash, signature) = (STANDARD.decode(line.hash).ok()?, STANDARD.decode(line.signature).ok()?);
        let key = UnparsedPublicKey::new(&ED25519, self.0.public_key().as_ref());
        key.verify(&message(line.entry, &hash), &signature).ok()?;
        Some(Checkpoint { number: line.entry, hash, signature })
    }
}

fn message(number: u64, hash: &[u8]) -> Vec<u8> {
    [DOMAIN.as_bytes(), &number.to_be_bytes(), hash].concat()
}
