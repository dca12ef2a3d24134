//! Who may do what: roles, levels, grants, and the decision made of them.
//!
//! A role gives one level for everything; a grant gives one person another level for the connections or workflows whose
//! names fit a pattern, more or less than the role. The narrowest pattern that fits decides. [`Authority`] is all that a
//! decision needs; `api::access` asks it, and nothing else decides.

use crate::UserId;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// Every one, the least first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word people see.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one that `word` names.
            #[must_use]
            pub fn find(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// What a person is on this server. Each may do what the ones before it may.
    Role {
        /// Sees workflows, runs and the names and structure of connections; changes nothing.
        Viewer = "viewer",
        /// Starts and stops runs, reads rows, cares for anomalies.
        Operator = "operator",
        /// Changes workflows, connections and what is in them.
        Editor = "editor",
        /// Everything, people and the audit log too.
        Admin = "admin",
    }
);

words!(
    /// What may be done with one connection or workflow. Each allows what the ones before it allow.
    Level {
        /// It is as if it were not there.
        None = "none",
        /// See it: settings without secrets, structure; a document, its runs and their logs.
        Read = "read",
        /// Read rows through it; start, cancel and retry its runs.
        Use = "use",
        /// Write through it, change it, delete it.
        Write = "write",
    }
);

words!(
    /// What a grant is about.
    Thing {
        /// Connections.
        Connection = "connection",
        /// Workflows, with their versions and runs.
        Workflow = "workflow",
    }
);

impl Role {
    /// The level for everything that no grant is about.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Viewer => Level::Read,
            Self::Operator => Level::Use,
            Self::Editor | Self::Admin => Level::Write,
        }
    }
}

/// One person's level for the connections or workflows whose names fit a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Connections or workflows.
    pub thing: Thing,
    /// A name; `*` stands for any number of characters: `market-*` is the folder of all that begin so.
    pub pattern: String,
    /// What is allowed.
    pub level: Level,
}

impl Grant {
    /// Whether the grant is about the thing of that name.
    #[must_use]
    pub fn fits(&self, thing: Thing, name: &str) -> bool {
        self.thing == thing && glob(&self.pattern, name)
    }

    /// How narrow it is: characters that are not `*`, and a pattern without any before one with.
    fn narrowness(&self) -> (bool, usize) {
        (!self.pattern.contains('*'), self.pattern.chars().filter(|c| *c != '*').count())
    }
}

/// All that decides what somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name on record.
    pub who: String,
    /// The person; none: the server's own token.
    pub user: Option<UserId>,
    /// The person's role, or the token's where that is less.
    pub role: Role,
    /// Whether nothing may be changed, whatever the role.
    pub read_only: bool,
    /// What differs from the role.
    pub grants: Vec<Grant>,
}

impl Authority {
    /// Whoever holds the server's own token: an admin without a name.
    #[must_use]
    pub fn server() -> Self {
        Self { who: "api".to_owned(), user: None, role: Role::Admin, read_only: false, grants: Vec::new() }
    }

    /// What this authority may do with the thing of that name.
    #[must_use]
    pub fn level(&self, thing: Thing, name: &str) -> Level {
        let most = if self.read_only { Level::Use } else { Level::Write };
        if self.role == Role::Admin {
            return most;
        }
        let fitting = self.grants.iter().filter(|grant| grant.fits(thing, name));
        let narrowest = fitting.max_by_key(|grant| (grant.narrowness(), std::cmp::Reverse(grant.level)));
        narrowest.map_or(self.role.level(), |grant| grant.level).min(most)
    }

    /// Whether at least `level` holds for the thing of that name.
    #[must_use]
    pub fn may(&self, thing: Thing, name: &str, level: Level) -> bool {
        self.level(thing, name) >= level
    }

    /// Whether at least `level` holds for every such thing, whatever its name.
    #[must_use]
    pub fn may_all(&self, thing: Thing, level: Level) -> bool {
        let most = if self.read_only { Level::Use } else { Level::Write };
        let of_role = if self.role == Role::Admin { most } else { self.role.level().min(most) };
        let narrowed = self.grants.iter().any(|grant| grant.thing == thing && grant.level < level);
        of_role >= level && (self.role == Role::Admin || !narrowed)
    }

    /// The same authority, held by a token that may have less of it.
    #[must_use]
    pub fn capped(mut self, cap: Role, read_only: bool) -> Self {
        if cap < self.role {
            // An admin's grants mean nothing; a smaller role's would widen what the token was to be kept to.
            let had = self.role;
            self.role = cap;
            self.grants.retain(|_| had != Role::Admin);
            for grant in &mut self.grants {
                grant.level = grant.level.min(cap.level());
            }
        }
        self.read_only |= read_only;
        self
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any number of characters.
fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(thing: Thing, pattern: &str, level: Level) -> Grant {
        Grant { thing, pattern: pattern.to_owned(), level }
    }

    fn person(role: Role, grants: Vec<Grant>) -> Authority {
        Authority { who: "ann".to_owned(), user: None, role, read_only: false, grants }
    }

    #[test]
    fn a_pattern_fits_whole_names() {
        for (pattern, name, fits) in [
            ("history", "history", true),
            ("history", "histories", false),
            ("*", "", true),
            ("market-*", "market-day", true),
            ("market-*", "market", false),
            ("*-prod", "a-prod", true),
            ("*-prod", "a-prod-b", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn the_narrowest_grant_decides_both_ways() {
        let ann = person(
            Role::Operator,
            vec![
                grant(Thing::Connection, "*", Level::None),
                grant(Thing::Connection, "lab-*", Level::Write),
                grant(Thing::Connection, "lab-prod", Level::Read),
            ],
        );
        for (name, level) in [("history", Level::None), ("lab-a", Level::Write), ("lab-prod", Level::Read)] {
            assert_eq!(ann.level(Thing::Connection, name), level, "{name}");
        }
        assert_eq!(ann.level(Thing::Workflow, "lab-a"), Level::Use);
        assert!(!ann.may_all(Thing::Connection, Level::Read) && ann.may_all(Thing::Workflow, Level::Use));
    }

    #[test]
    fn an_admin_is_never_narrowed_and_a_token_never_widens() {
        let all = vec![grant(Thing::Connection, "*", Level::None)];
        assert_eq!(person(Role::Admin, all.clone()).level(Thing::Connection, "a"), Level::Write);
        let token = person(Role::Admin, all).capped(Role::Viewer, false);
        assert_eq!(token.level(Thing::Connection, "a"), Level::Read);
        let widened = person(Role::Operator, vec![grant(Thing::Workflow, "lab-*", Level::Write)]);
        assert_eq!(widened.clone().capped(Role::Viewer, false).level(Thing::Workflow, "lab-a"), Level::Read);
        assert_eq!(widened.clone().capped(Role::Admin, true).level(Thing::Workflow, "lab-a"), Level::Use);
        assert_eq!(widened.capped(Role::Admin, false).role, Role::Operator);
    }
}
