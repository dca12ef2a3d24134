//! Identifiers: newtypes that print with a prefix (`run_…`), so that a log line or an error says what it names.
//!
//! All but [`StepId`] are UUIDs of version 7 (RFC 9562): they sort by the moment they were made, which keeps the
//! indexes of the metadata database dense. A [`StepId`] is the word a user wrote.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of a {kind} (expected `{kind}_` and 32 hex digits)")]
pub struct ParseIdError {
    kind: &'static str,
    text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier, later in order than every one made before it on this machine.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The bare UUID, for storage.
            #[must_use]
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or_else(|| ParseIdError { kind: $prefix, text: text.chars().take(80).collect() })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// Names a workflow through all its versions.
    WorkflowId, "workflow"
);
id!(
    /// Names one immutable version of a workflow's document.
    VersionId, "version"
);
id!(
    /// Names one execution of a workflow.
    RunId, "run"
);
id!(
    /// Names what a worker leases: a stage or a chunk of one run.
    TaskId, "task"
);
id!(
    /// Names a statement somebody asked on the console.
    StatementId, "statement"
);
id!(
    /// Names something wrong with somebody's data or store.
    AnomalyId, "anomaly"
);
id!(
    /// Names a backup of a connection's data.
    BackupId, "backup"
);
id!(
    /// Names a person who may sign in.
    UserId, "user"
);
id!(
    /// Names a browser that somebody signed in with.
    SessionId, "session"
);
id!(
    /// Names a token that scripts send.
    ApiTokenId, "token"
);
id!(
    /// Names an alert that was raised.
    AlertId, "alert"
);
id!(
    /// Names the delivery of an alert to one channel.
    DeliveryId, "delivery"
);

/// The name a user gave a step; unique within its document.
///
/// Lowercase ASCII letters, digits and `_`, starting with a letter, at most 64 characters: two ids can then
/// never be confused by look-alike letters, and an id is always a valid name in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// The step id spelled by `text`, or `None` where `text` breaks the rule above.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        let starts_well = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on_well = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        (starts_well && goes_on_well && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    /// The id as the user wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for StepId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for StepId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_a_round_trip_through_text() {
        let id = RunId::generate();
        assert_eq!(id.to_string().parse::<RunId>(), Ok(id));
        assert!(id.to_string().starts_with("run_"));
        assert!(id.to_string().parse::<TaskId>().is_err());
    }

    #[test]
    fn step_ids_allow_no_look_alikes() {
        assert!(StepId::new("bars_2").is_some());
        for wrong in ["", "2bars", "Bars", "bаrs", "a-b", "a b", &"a".repeat(65)] {
            assert!(StepId::new(wrong).is_none(), "{wrong}");
        }
    }
}
