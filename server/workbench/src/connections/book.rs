//! Every connection there is: saved ones, and those of the environment that no saved one goes before.

use super::test::TestReport;
use crate::environment::Environment;
use crate::name::shorten;
use chrono::{DateTime, Utc};
use data::{System, Target};
use model::{ErrorCode, Fault, nearest};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use store::secrets::{Keyring, Sealed, place};
use store::{ConnectionRecord, Database};

/// Connections on one page at most.
const LARGEST_PAGE: u32 = 500;

/// Knows connections by name and opens their secrets.
pub struct ConnectionBook {
    database: Arc<Database>,
    keyring: Arc<Keyring>,
    environment: Environment,
}

/// A connection, wherever it comes from.
#[derive(Debug, Clone)]
pub enum Known {
    /// Of the metadata database.
    Saved(ConnectionRecord),
    /// Of the environment.
    Environment {
        /// Its name.
        name: String,
        /// The variable that names it.
        variable: String,
        /// Where it leads.
        target: Target,
    },
}

/// Tells one state of a connection from another, so that a change is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stamp {
    /// The environment does not change while a process runs.
    Environment,
    /// When it was made, and how often it was changed since.
    Saved(DateTime<Utc>, i64),
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made by a person.
    Saved,
    /// Named by an environment variable.
    Environment,
}

/// A connection as it is shown: everything but its secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    pub system: String,
    /// Host, port and so on.
    pub settings: Value,
    /// Whether it has a secret, which is never shown.
    pub has_secret: bool,
    /// Where it comes from.
    pub origin: Origin,
    /// The environment variable that names it.
    pub variable: Option<String>,
    /// Whether the console may write through it.
    pub allow_write: bool,
    /// What people say about it.
    pub description: Option<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// How the last test went, since it was last changed.
    pub last_test: Option<TestReport>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

impl ConnectionBook {
    /// The connections of the database, whose secrets `keyring` opens, and those of the environment.
    #[must_use]
    pub fn new(database: Arc<Database>, keyring: Arc<Keyring>, environment: Environment) -> Self {
        Self { database, keyring, environment }
    }

    /// The connection of that name, if there is one.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn find(&self, name: &str) -> Result<Option<Known>, Fault> {
        if let Some(record) = self.database.find_connection(name).await? {
            return Ok(Some(Known::Saved(record)));
        }
        Ok(self.environment.find(name).map(|one| Known::Environment {
            name: name.to_owned(),
            variable: one.variable.clone(),
            target: one.target.clone(),
        }))
    }

    /// The connection of that name.
    ///
    /// # Errors
    /// `connection_not_found` with a near name in the hint, `store_failed`.
    pub async fn get(&self, name: &str) -> Result<Known, Fault> {
        if let Some(known) = self.find(name).await? {
            return Ok(known);
        }
        let shown = shorten(name);
        let all = self.list(None, LARGEST_PAGE).await?;
        let fault = Fault::new(ErrorCode::ConnectionNotFound, format!("connection `{shown}` does not exist"));
        Err(match nearest(&shown, all.iter().map(Known::name)) {
            Some(near) => fault.hint(format!("Did you mean `{near}`?")),
            None => fault.hint("`sluice connection list` shows what there is; `sluice connection add` makes one."),
        })
    }

    /// Connections by name (by its bytes) after the one called `after`, at most `limit` and 500.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<Known>, Fault> {
        let limit = limit.clamp(1, LARGEST_PAGE);
        let saved = self.database.list_connections(after, limit).await?;
        let mut page: Vec<Known> = saved.into_iter().map(Known::Saved).collect();
        // The page of saved ones has no gaps, so a name within its range that it lacks is not saved.
        let end = (page.len() == limit as usize).then(|| page.last().map(|last| last.name().to_owned())).flatten();
        for (name, one) in self.environment.iter() {
            let is_within = after.is_none_or(|after| name > after) && end.as_deref().is_none_or(|end| name < end);
            if is_within && !page.iter().any(|known| known.name() == name) {
                let (variable, target) = (one.variable.clone(), one.target.clone());
                page.push(Known::Environment { name: name.to_owned(), variable, target });
            }
        }
        page.sort_by(|a, b| a.name().cmp(b.name()));
        page.truncate(limit as usize);
        Ok(page)
    }

    /// Where the connection leads, with its secret opened.
    ///
    /// # Errors
    /// `invalid_configuration` where no key opens the secret, `unsupported` for a system this build does not know.
    pub fn target(&self, known: &Known) -> Result<Target, Fault> {
        let record = match known {
            Known::Environment { target, .. } => return Ok(target.clone()),
            Known::Saved(record) => record,
        };
        let system: System = serde_json::from_value(Value::from(record.system.as_str())).map_err(|_| {
            Fault::new(ErrorCode::Unsupported, format!("this build has no connector for `{}`", shorten(&record.system)))
        })?;
        let secret = match &record.secret {
            None => None,
            Some(sealed) => {
                let plain = self.keyring.open(&place("connection", &record.name), sealed)?;
                Some(String::from_utf8(plain).map_err(|_| {
                    let message = format!("the secret of connection `{}` is not text", record.name);
                    Fault::new(ErrorCode::InvalidConfiguration, message).hint("Enter it again.")
                })?)
            }
        };
        Ok(Target { system, settings: record.settings.clone(), secret })
    }

    /// What is wrong with the environment's connections.
    #[must_use]
    pub fn environment_faults(&self) -> &[Fault] {
        self.environment.faults()
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn seal(&self, name: &str, secret: Option<&str>) -> Result<Option<Sealed>, Fault> {
        let sealed = secret.map(|secret| self.keyring.seal(&place("connection", name), secret.as_bytes()));
        Ok(sealed.transpose()?)
    }
}

impl Known {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Saved(record) => &record.name,
            Self::Environment { name, .. } => name,
        }
    }

    /// Which state of it this is.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        match self {
            Self::Saved(record) => Stamp::Saved(record.created_at, record.revision),
            Self::Environment { .. } => Stamp::Environment,
        }
    }

    /// Whether the console may write through it, where the caller's role allows that too.
    #[must_use]
    pub fn allows_write(&self) -> bool {
        matches!(self, Self::Saved(record) if record.allow_write)
    }

    /// What may be shown of it.
    #[must_use]
    pub fn view(&self) -> ConnectionView {
        match self {
            Self::Saved(record) => ConnectionView {
                name: record.name.clone(),
                system: record.system.clone(),
                settings: record.settings.clone(),
                has_secret: record.secret.is_some(),
                origin: Origin::Saved,
                variable: None,
                allow_write: record.allow_write,
                description: record.description.clone(),
                labels: record.labels.clone(),
                // A report that an older release spelled otherwise is no report.
                last_test: record.test_result.clone().and_then(|report| serde_json::from_value(report).ok()),
                created_at: Some(record.created_at),
                updated_at: Some(record.updated_at),
            },
            Self::Environment { name, variable, target } => ConnectionView {
                name: name.clone(),
                system: target.system.as_str().to_owned(),
                settings: target.settings.clone(),
                has_secret: target.secret.is_some(),
                origin: Origin::Environment,
                variable: Some(variable.clone()),
                allow_write: false,
                description: None,
                labels: Vec::new(),
                last_test: None,
                created_at: None,
                updated_at: None,
            },
        }
    }
}
