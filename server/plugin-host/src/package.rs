//! A plugin as it travels: manifest, component and what lies beside them, as a folder or as one `.sluice` archive.
//!
//! The archive is a tar file under zstd. It comes from strangers, so it is read by what it may hold rather than by what it
//! must not: six names, each once, plain files, bounded in size and in ratio. `SHA256SUMS` covers every other member, and
//! [`crate::signature`] signs that one file. Nothing of it is written to disk before all of it was checked.

use crate::capability::always::clean;
use crate::limits::human_size;
use crate::manifest::{Manifest, invalid};
use crate::signature::{SigningKey, Trust};
use data::Error;
use model::ErrorCode;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

const MANIFEST: &str = "plugin.toml";
const COMPONENT: &str = "plugin.wasm";
const SCRIPT: &str = "plugin.rhai";
const SUMS: &str = "SHA256SUMS";
const SIGNATURE: &str = "SIGNATURE";
/// Members, with the most bytes each may have; the component's limit is the host's.
const MEMBERS: [(&str, u64); 6] = [
    (MANIFEST, 1 << 20),
    (COMPONENT, u64::MAX),
    (SCRIPT, 1 << 20),
    ("README.md", 1 << 20),
    (SUMS, 4 << 10),
    (SIGNATURE, 4 << 10),
];
/// Unpacked bytes for each packed one; WebAssembly and text stay far below.
const RATIO: u64 = 200;
const BLOCK: usize = 512;

/// What the code of a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A WebAssembly component.
    Component,
    /// A rhai script.
    Script,
}

impl Entry {
    /// The file that holds it.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Component => COMPONENT,
            Self::Script => SCRIPT,
        }
    }

    /// What the code in a folder is; none where there is none, or both.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Option<Self> {
        let is_there = |entry: &Self| folder.join(entry.file_name()).is_file();
        let mut found = [Self::Component, Self::Script].into_iter().filter(is_there);
        found.next().filter(|_| found.next().is_none())
    }
}

/// Manifest, code and README of one version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The text of `plugin.toml`.
    pub manifest: String,
    /// What its code is.
    pub entry: Entry,
    /// The bytes of `plugin.wasm` or `plugin.rhai`.
    pub code: Vec<u8>,
    /// The text of `README.md`, where there is one.
    pub readme: Option<String>,
    /// What `SIGNATURE` holds; whose it is, [`Trust`] knows.
    pub(crate) signature: Option<String>,
}

impl Package {
    /// Reads a folder with `plugin.toml` and `plugin.wasm` or `plugin.rhai`.
    ///
    /// # Errors
    /// `file_not_found`, or `plugin_invalid` for what is too large or no text.
    pub fn from_folder(folder: &Path, most: u64) -> Result<Self, Error> {
        let manifest = read_bounded(&folder.join(MANIFEST), 1 << 20)?;
        if folder.join(COMPONENT).is_file() && folder.join(SCRIPT).is_file() {
            return Err(two_codes());
        }
        let entry = Entry::of_folder(folder).unwrap_or(Entry::Component);
        let code = read_bounded(&folder.join(entry.file_name()), most)?;
        let readme = std::fs::read_to_string(folder.join("README.md")).ok();
        Ok(Self { manifest: text(MANIFEST, manifest)?, entry, code, readme, signature: None })
    }

    /// A script with its manifest.
    #[must_use]
    pub fn of_script(manifest: &str, script: &str) -> Self {
        let (manifest, code) = (manifest.to_owned(), script.as_bytes().to_vec());
        Self { manifest, entry: Entry::Script, code, readme: None, signature: None }
    }

    /// Reads what [`Package::write`] wrote.
    ///
    /// # Errors
    /// `plugin_invalid`, saying what is wrong with it.
    pub fn read(archive: &[u8], most: u64) -> Result<Self, Error> {
        let mut members = unpack(archive, most)?;
        let sums = members.remove(SUMS).ok_or_else(|| lacks(SUMS))?;
        let signature = members.remove(SIGNATURE);
        if sums != sums_of(&members) {
            return Err(invalid("the digests in the archive are not those of its files")
                .hint("It was changed or damaged after it was packed: get it again from its author."));
        }
        let manifest = text(MANIFEST, members.remove(MANIFEST).ok_or_else(|| lacks(MANIFEST))?)?;
        let (entry, code) = match (members.remove(COMPONENT), members.remove(SCRIPT)) {
            (Some(component), None) => (Entry::Component, component),
            (None, Some(script)) => (Entry::Script, script),
            (Some(_), Some(_)) => return Err(two_codes()),
            (None, None) => return Err(lacks(COMPONENT)),
        };
        let readme = members.remove("README.md").map(|readme| text("README.md", readme)).transpose()?;
        let signature = signature.map(|signature| text(SIGNATURE, signature)).transpose()?;
        Ok(Self { manifest, entry, code, readme, signature })
    }

    /// The archive, signed where a key is given.
    ///
    /// # Errors
    /// `plugin_invalid` where the manifest is.
    pub fn write(&self, key: Option<&SigningKey>) -> Result<Vec<u8>, Error> {
        self.compress(key, 19)
    }

    /// The same, unsigned and compressed at the highest speed: for work in progress.
    ///
    /// # Errors
    /// As for [`Package::write`].
    pub fn write_quickly(&self) -> Result<Vec<u8>, Error> {
        self.compress(None, 1)
    }

    fn compress(&self, key: Option<&SigningKey>, level: i32) -> Result<Vec<u8>, Error> {
        Manifest::parse(&self.manifest)?;
        let mut members = BTreeMap::new();
        members.insert(MANIFEST.to_owned(), self.manifest.clone().into_bytes());
        members.insert(self.entry.file_name().to_owned(), self.code.clone());
        if let Some(readme) = &self.readme {
            members.insert("README.md".to_owned(), readme.clone().into_bytes());
        }
        let sums = sums_of(&members);
        let signature = key.map(|key| key.sign(&sums));
        let mut tar = Vec::new();
        for (name, content) in &members {
            append(&mut tar, name, content);
        }
        append(&mut tar, SUMS, &sums);
        if let Some(signature) = signature {
            append(&mut tar, SIGNATURE, signature.as_bytes());
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        zstd::bulk::compress(&tar, level).map_err(|error| {
            Error::permanent(ErrorCode::Internal, format!("the archive cannot be compressed: {error}"))
        })
    }

    /// Its manifest.
    ///
    /// # Errors
    /// `plugin_invalid`.
    pub fn parse_manifest(&self) -> Result<Manifest, Error> {
        Manifest::parse(&self.manifest)
    }

    /// The name of the trusted key it is signed with, if it is signed.
    ///
    /// # Errors
    /// `plugin_invalid` for a signature that is wrong or nobody's the server trusts, and for none where one is demanded.
    pub fn signed_by(&self, trust: &Trust) -> Result<Option<String>, Error> {
        let mut members = BTreeMap::new();
        members.insert(MANIFEST.to_owned(), self.manifest.clone().into_bytes());
        members.insert(self.entry.file_name().to_owned(), self.code.clone());
        if let Some(readme) = &self.readme {
            members.insert("README.md".to_owned(), readme.clone().into_bytes());
        }
        trust.verify(&sums_of(&members), self.signature.as_deref())
    }
}

fn two_codes() -> Error {
    invalid(format!("there are both `{COMPONENT}` and `{SCRIPT}`"))
        .hint("A plugin is one of the two: remove the other.")
}

fn lacks(name: &str) -> Error {
    invalid(format!("the archive lacks `{name}`")).hint("Pack the plugin with `sluice plugin pack`.")
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| invalid(format!("`{name}` is not UTF-8 text")))
}

/// What `sha256sum --check` reads.
fn sums_of(members: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    members
        .iter()
        .map(|(name, content)| format!("{}  {name}\n", hex::encode(Sha256::digest(content))))
        .collect::<String>()
        .into()
}

/// A file of at most `limit` bytes.
pub(crate) fn read_bounded(file: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let unreadable = |error: std::io::Error| {
        let message = format!("`{}` cannot be read: {error}", file.display());
        Error::permanent(ErrorCode::FileNotFound, message).hint(
            "A plugin is a folder with `plugin.toml` and `plugin.wasm` or `plugin.rhai`, or an archive made by `sluice plugin pack`.",
        )
    };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if size > limit {
        return Err(invalid(format!("`{}` has {size} bytes; at most {limit} are allowed", file.display())));
    }
    std::fs::read(file).map_err(unreadable)
}

/// A header is: name, mode, owner and group, size, time, checksum, type, all as text in fixed places.
fn append(tar: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut header = [0_u8; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&header);
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(BLOCK), 0);
}

/// The members of an archive by name.
fn unpack(archive: &[u8], most: u64) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let damaged = |why: &str| invalid(format!("the archive is damaged: {why}")).hint("Get it again from its author.");
    if !archive.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(invalid("the file is no archive made by `sluice plugin pack`").hint(
            "Pack the plugin with `sluice plugin pack`, or name the folder with `plugin.toml` and `plugin.wasm`.",
        ));
    }
    // What a bomb unfolds to is never held: reading stops where the largest good archive would have ended.
    let total = most.saturating_add(4 << 20).min((archive.len() as u64).saturating_mul(RATIO));
    let mut decoder = zstd::stream::read::Decoder::new(archive).map_err(|error| damaged(&error.to_string()))?;
    decoder.window_log_max(27).map_err(|error| damaged(&error.to_string()))?;
    let mut tar = decoder.take(total);
    let mut members = BTreeMap::new();
    loop {
        let mut header = [0_u8; BLOCK];
        if let Err(error) = tar.read_exact(&mut header) {
            let why = match tar.limit() {
                0 => format!("it unfolds to more than {total} bytes"),
                _ => clean(&error.to_string(), 200),
            };
            return Err(damaged(&why));
        }
        if header.iter().all(|byte| *byte == 0) {
            // Behind the end lies nothing, but for what fills the last block.
            let mut rest = Vec::new();
            let read = tar.by_ref().take(64 << 10).read_to_end(&mut rest);
            return match read {
                Ok(read) if read < 64 << 10 && rest.iter().all(|byte| *byte == 0) => Ok(members),
                _ => Err(damaged("there is more behind its end")),
            };
        }
        let (name, size) = read_header(&header)?;
        let limit = MEMBERS.iter().find(|(known, _)| *known == name).map_or(0, |(_, limit)| (*limit).min(most));
        if size > limit {
            let limit = human_size(usize::try_from(limit).unwrap_or(usize::MAX));
            return Err(invalid(format!("`{name}` in the archive has {size} bytes; at most {limit} are allowed")));
        }
        let mut content = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        let mut padding = vec![0; content.len().next_multiple_of(BLOCK) - content.len()];
        let read = tar.read_exact(&mut content).and_then(|()| tar.read_exact(&mut padding));
        read.map_err(|_| damaged(&format!("`{name}` is cut off, or unfolds to more than {RATIO} times its size")))?;
        if members.insert(name.clone(), content).is_some() {
            return Err(invalid(format!("the archive holds `{name}` twice")));
        }
    }
}

/// Name and size of a member, where it is a plain file of a name that an archive may hold.
fn read_header(header: &[u8; BLOCK]) -> Result<(String, u64), Error> {
    let field = |from: usize, to: usize| {
        let bytes = &header[from..to];
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    };
    let octal = |from: usize, to: usize| u64::from_str_radix(field(from, to).trim(), 8).ok();
    let mut sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    sum = sum - header[148..156].iter().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    let shown = clean(&field(0, 100), 120);
    let (Some(size), true) = (octal(124, 136), octal(148, 156) == Some(sum)) else {
        return Err(invalid("the archive is damaged: a header does not add up").hint("Get it again from its author."));
    };
    let name = field(0, 100);
    let refused = |why: &str| {
        Err(invalid(format!("the archive holds `{shown}`, {why}")).hint("Pack it with `sluice plugin pack`."))
    };
    match header[156] {
        b'0' | 0 => {}
        b'1' | b'2' => return refused("which is a link"),
        _ => return refused("which is no plain file"),
    }
    if name.starts_with('/') || name.contains('\\') || name.split('/').any(|part| part == "..") {
        return refused("whose path leads out of it");
    }
    if header[345] != 0 || !MEMBERS.iter().any(|(known, _)| *known == name) {
        return refused("which no plugin's archive has");
    }
    Ok((name, size))
}

#[cfg(test)]
mod tests;
