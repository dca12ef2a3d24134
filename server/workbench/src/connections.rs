//! The care of connections: create, change, delete, list, test, and a look at their tables.
//!
//! The command line, GraphQL and REST go through [`ConnectionCare`], so that the same is refused everywhere and a secret
//! leaves by none of them. [`book`] knows every connection, saved or of the environment; [`address`] reads what somebody
//! gives for one; [`uses`] tells who would miss it; [`test`] asks whether it works.

mod address;
mod book;
mod tables;
mod test;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod uses;

pub use address::Address;
pub use book::{ConnectionBook, ConnectionView, Known, Origin, Stamp};
pub use tables::TableView;
pub use test::TestReport;

use crate::name::{require_name, shorten};
use data::{Connections, Opener};
use model::{ErrorCode, Fault};
use std::sync::Arc;
use store::{ConnectionRecord, NewConnection};

/// The most labels of one connection.
const MOST_LABELS: usize = 20;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 64;

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 2_000;

/// How often a change is tried again that somebody else came before.
const TRIES: usize = 5;

/// A connection to be made.
#[derive(Debug, Clone)]
pub struct NewAddress {
    /// Its name: lowercase letters, digits, `-` and `_`.
    pub name: String,
    /// Where it leads.
    pub address: Address,
    /// What people say about it.
    pub description: Option<String>,
    /// Words to find it by.
    pub labels: Vec<String>,
    /// Whether the console may write through it.
    pub allow_write: bool,
}

/// What is to be different; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ConnectionChange {
    /// Where it leads, wholly.
    pub address: Option<Address>,
    /// The secret by itself; `Some(None)` removes it.
    pub secret: Option<Option<String>>,
    /// What people say about it; `Some(None)` removes it.
    pub description: Option<Option<String>>,
    /// Words to find it by.
    pub labels: Option<Vec<String>>,
    /// Whether the console may write through it.
    pub allow_write: Option<bool>,
}

/// Everything that is done to connections.
pub struct ConnectionCare {
    book: Arc<ConnectionBook>,
    opener: Arc<dyn Opener>,
    pools: Arc<dyn Connections>,
}

impl ConnectionCare {
    /// The care of what `book` knows; `pools` holds what is open.
    #[must_use]
    pub fn new(book: Arc<ConnectionBook>, opener: Arc<dyn Opener>, pools: Arc<dyn Connections>) -> Self {
        Self { book, opener, pools }
    }

    /// What is wrong with the environment's connections.
    #[must_use]
    pub fn environment_faults(&self) -> &[Fault] {
        self.book.environment_faults()
    }

    /// What it takes care of.
    #[must_use]
    pub fn book(&self) -> Arc<ConnectionBook> {
        self.book.clone()
    }

    /// The connection of that name, without its secret.
    ///
    /// # Errors
    /// `connection_not_found` with a near name in the hint, `store_failed`.
    pub async fn get(&self, name: &str) -> Result<ConnectionView, Fault> {
        Ok(self.book.get(name).await?.view())
    }

    /// Connections by name after the one called `after`, at most `limit` (and 500).
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<ConnectionView>, Fault> {
        Ok(self.book.list(after, limit).await?.iter().map(Known::view).collect())
    }

    /// Saves a new connection; nothing is sent to it yet.
    ///
    /// # Errors
    /// `already_exists`, `invalid_value`, `unknown_key`, `unsupported`, `store_failed`.
    pub async fn create(&self, new: NewAddress) -> Result<ConnectionView, Fault> {
        require_name("connection", &new.name)?;
        let target = new.address.read(self.opener.as_ref())?;
        self.opener.open(&target).map_err(|error| *error.fault)?;
        let new = NewConnection {
            secret: self.book.seal(&new.name, target.secret.as_deref())?,
            system: target.system.as_str().to_owned(),
            settings: target.settings,
            name: new.name,
            allow_write: new.allow_write,
            description: check_description(new.description)?,
            labels: check_labels(new.labels)?,
        };
        let record = self.book.database().create_connection(&new).await?;
        self.pools.forget(&record.name);
        Ok(Known::Saved(record).view())
    }

    /// Changes a saved connection.
    ///
    /// # Errors
    /// `connection_not_found`; `connection_read_only` for one of the environment; `missing_key` where the address changes
    /// but not the secret that would be sent there; else as for [`ConnectionCare::create`].
    pub async fn update(&self, name: &str, change: ConnectionChange) -> Result<ConnectionView, Fault> {
        let target = match &change.address {
            Some(address) => {
                let target = address.read(self.opener.as_ref())?;
                self.opener.open(&target).map_err(|error| *error.fault)?;
                Some(target)
            }
            None => None,
        };
        let description = change.description.map(check_description).transpose()?;
        let labels = change.labels.map(check_labels).transpose()?;
        for _ in 0..TRIES {
            let there = self.saved(name).await?;
            let mut changed = NewConnection {
                name: there.name.clone(),
                system: there.system.clone(),
                settings: there.settings.clone(),
                secret: there.secret.clone(),
                allow_write: change.allow_write.unwrap_or(there.allow_write),
                description: description.clone().unwrap_or_else(|| there.description.clone()),
                labels: labels.clone().unwrap_or_else(|| there.labels.clone()),
            };
            let new_secret = match (&change.secret, target.as_ref().and_then(|target| target.secret.as_ref())) {
                (Some(_), Some(_)) => return Err(address::secret_twice()),
                (Some(secret), None) => Some(secret.clone()),
                (None, Some(secret)) => Some(Some(secret.clone())),
                (None, None) => None,
            };
            if let Some(target) = &target {
                if new_secret.is_none() && there.secret.is_some() && address::leads_elsewhere(&there, target) {
                    return Err(secret_needed(name));
                }
                changed.system = target.system.as_str().to_owned();
                changed.settings = target.settings.clone();
            }
            if let Some(secret) = new_secret {
                changed.secret = self.book.seal(name, secret.as_deref())?;
            }
            if let Some(record) = self.book.database().update_connection(&changed, there.revision).await? {
                self.pools.forget(name);
                return Ok(Known::Saved(record).view());
            }
        }
        Err(Fault::new(ErrorCode::StoreFailed, format!("connection `{name}` is being changed by others all the time"))
            .hint("Try again."))
    }

    /// Removes a saved connection; what is being done with it may end.
    ///
    /// # Errors
    /// `connection_not_found`; `connection_read_only` for one of the environment; `connection_in_use`, naming the enabled
    /// workflows, unless `force` is set.
    pub async fn delete(&self, name: &str, force: bool) -> Result<(), Fault> {
        self.saved(name).await?;
        if !force {
            let users = uses::workflows(self.book.database(), name).await?;
            if !users.is_empty() {
                return Err(in_use(name, &users));
            }
        }
        self.book.database().delete_connection(name).await?;
        self.pools.forget(name);
        Ok(())
    }

    /// The enabled workflows whose documents name the connection, by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn workflows_using(&self, name: &str) -> Result<Vec<String>, Fault> {
        uses::workflows(self.book.database(), name).await
    }

    async fn saved(&self, name: &str) -> Result<ConnectionRecord, Fault> {
        match self.book.get(name).await? {
            Known::Saved(record) => Ok(record),
            Known::Environment { variable, .. } => Err(Fault::new(
                ErrorCode::ConnectionReadOnly,
                format!(
                    "connection `{name}` comes from the environment variable `{variable}` and cannot be changed here"
                ),
            )
            .hint("Change the variable and start again, or save a connection of the same name, which goes before it.")),
        }
    }
}

fn check_description(text: Option<String>) -> Result<Option<String>, Fault> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    if text.chars().count() > LONGEST_DESCRIPTION {
        let message = format!("the description has more than {LONGEST_DESCRIPTION} characters");
        return Err(Fault::new(ErrorCode::InvalidValue, message).hint("Say it more briefly.").path("description"));
    }
    Ok(Some(text))
}

fn check_labels(labels: Vec<String>) -> Result<Vec<String>, Fault> {
    let wrong = |message: String| {
        Fault::new(ErrorCode::InvalidValue, message)
            .hint(format!("Give at most {MOST_LABELS} labels of 1 to {LONGEST_LABEL} characters."))
            .path("labels")
    };
    if labels.len() > MOST_LABELS {
        return Err(wrong(format!("there are {} labels", labels.len())));
    }
    let mut kept: Vec<String> = Vec::with_capacity(labels.len());
    for label in labels {
        if label.trim().is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
            return Err(wrong(format!("`{}` cannot be a label", shorten(&label))));
        }
        if !kept.contains(&label) {
            kept.push(label);
        }
    }
    Ok(kept)
}

fn secret_needed(name: &str) -> Fault {
    let message = format!("the address of connection `{name}` changes, and its secret must be given with it");
    Fault::new(ErrorCode::MissingKey, message)
        .hint("A sealed secret is sent only where it was meant for; give it again, or remove it.")
        .path("secret")
}

fn in_use(name: &str, users: &[String]) -> Fault {
    let shown: Vec<String> = users.iter().take(10).map(|user| format!("`{user}`")).collect();
    let more = if users.len() > 10 { format!(" and {} more", users.len() - 10) } else { String::new() };
    let message = format!("connection `{name}` is used by enabled workflows: {}{more}", shown.join(", "));
    Fault::new(ErrorCode::ConnectionInUse, message).hint("Disable or change them first, or force it.")
}
