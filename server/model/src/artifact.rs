//! Artifacts: small files that a run leaves for people, kept in the metadata database as long as the run is.

use crate::{ErrorCode, Fault, RunId, StepId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Bytes of one artifact at most.
pub const LARGEST: usize = 16 << 20;
/// Artifacts of one run at most.
pub const MOST_OF_RUN: u64 = 100;
/// Bytes of all artifacts of one run at most.
pub const LARGEST_OF_RUN: u64 = 64 << 20;
/// Characters of an artifact's name at most.
const LONGEST_NAME: usize = 200;

/// What is known of an artifact, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The run that left it.
    pub run: RunId,
    /// Its name, unique within the run: `rejected.csv`.
    pub name: String,
    /// The step that left it.
    pub step: StepId,
    /// Its media type.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many rows it holds.
    pub rows: u64,
    /// SHA-256 of its bytes, in hex.
    pub digest: String,
    /// When it was kept.
    pub created_at: DateTime<Utc>,
}

/// An artifact to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewArtifact {
    /// What is known of it.
    pub artifact: Artifact,
    /// Who leaves it: only the same task may replace it, so that two steps never take each other's name.
    pub task: String,
    /// The task's fencing number: what an older lease brings late is refused.
    pub fence: i64,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Holds a name against what file systems and browsers take: one part of a path that can be seen.
///
/// # Errors
/// `invalid_value`.
pub fn check_name(name: &str) -> Result<(), Fault> {
    let refused = |why: &str| {
        Err(Fault::new(ErrorCode::InvalidValue, format!("`{}` is no name for an artifact: {why}", name.escape_debug()))
            .hint("Name it like a file: `rejected.csv`."))
    };
    match name {
        "" => refused("it is empty"),
        _ if name.chars().count() > LONGEST_NAME => refused(&format!("it has more than {LONGEST_NAME} characters")),
        _ if name.contains(['/', '\\']) => refused("it is one file, without folders"),
        _ if name.chars().any(char::is_control) => refused("it holds control characters"),
        _ if name.trim() != name || name.starts_with('.') || name.ends_with('.') => {
            refused("it begins or ends with a dot or a space")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        for name in ["rejected.csv", "日线 2026-01-31.csv", "a", "😀.json", "it's \"quoted\".csv"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "x".repeat(201);
        for name in ["", ".", "..", "../a.csv", "a/b", "a\\b", "a\nb", "a\0", " a", "a ", ".hidden", "a.", &long] {
            assert_eq!(check_name(name).unwrap_err().code, ErrorCode::InvalidValue, "{name:?}");
        }
    }
}
