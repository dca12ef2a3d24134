//! What somebody gives for a connection: a URL, or system and settings, each perhaps with the secret apart from it.

use crate::name::shorten;
use data::{Opener, System, Target};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use store::ConnectionRecord;

/// The longest URL, in bytes.
const LONGEST_URL: usize = 16 << 10;

/// The largest settings as JSON text, in bytes.
const LARGEST_SETTINGS: usize = 64 << 10;

/// The longest secret, in bytes.
const LONGEST_SECRET: usize = 64 << 10;

/// Keys of settings that hold the secret, not a setting.
const SECRET_KEYS: [&str; 3] = ["password", "secret", "token"];

/// Where a connection leads.
#[derive(Clone)]
pub enum Address {
    /// `postgres://user:password@host/db?name=value`.
    Url {
        /// The URL.
        url: String,
        /// The secret, where it is not in the URL.
        secret: Option<String>,
    },
    /// The system's word and its settings.
    Parts {
        /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
        system: String,
        /// Host, port and so on, as the system's page lists them.
        settings: Map<String, Value>,
        /// The secret.
        secret: Option<String>,
    },
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Address {
    /// Reads it; the secret ends up in [`Target::secret`] wherever it was.
    pub(super) fn read(&self, opener: &dyn Opener) -> Result<Target, Fault> {
        let (mut target, secret) = match self {
            Self::Url { url, secret } => (read_url(url, opener)?, secret),
            Self::Parts { system, settings, secret } => (read_parts(system, settings, opener)?, secret),
        };
        match (target.secret.is_some(), secret) {
            (true, Some(_)) => return Err(secret_twice()),
            (false, Some(secret)) => target.secret = Some(secret.clone()),
            (_, None) => {}
        }
        if target.secret.as_ref().is_some_and(|secret| secret.len() > LONGEST_SECRET) {
            return Err(too_large("the secret", LONGEST_SECRET).path("secret"));
        }
        Ok(target)
    }
}

/// The secret stands in two places.
pub(super) fn secret_twice() -> Fault {
    Fault::new(ErrorCode::Duplicate, "the secret is given twice, within the address and apart from it")
        .hint("Give it once.")
        .path("secret")
}

/// Whether the new target is another place than the record's, to which its secret was never meant to be sent.
pub(super) fn leads_elsewhere(there: &ConnectionRecord, target: &Target) -> bool {
    there.system != target.system.as_str()
        || ["host", "port", "url", "path"].iter().any(|key| there.settings.get(key) != target.settings.get(key))
}

fn read_url(url: &str, opener: &dyn Opener) -> Result<Target, Fault> {
    if url.len() > LONGEST_URL {
        return Err(too_large("the URL", LONGEST_URL).path("url"));
    }
    opener.parse_url(url.trim()).map_err(|error| error.fault.path("url"))
}

fn read_parts(system: &str, settings: &Map<String, Value>, opener: &dyn Opener) -> Result<Target, Fault> {
    let system: System = serde_json::from_value(Value::from(system)).map_err(|_| {
        Fault::new(ErrorCode::InvalidValue, format!("`{}` is not a system", shorten(system)))
            .hint("Use `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.")
            .path("system")
    })?;
    let mut settings = settings.clone();
    if Value::Object(settings.clone()).to_string().len() > LARGEST_SETTINGS {
        return Err(too_large("the settings", LARGEST_SETTINGS).path("settings"));
    }
    let mut secret = None;
    for key in SECRET_KEYS {
        let Some(value) = settings.remove(key) else { continue };
        let Value::String(text) = value else {
            // The value itself must not be shown: it is a secret of the wrong type.
            return Err(Fault::new(ErrorCode::InvalidValue, format!("`{key}` is not text"))
                .hint("Write it in quotes.")
                .path(format!("settings.{key}")));
        };
        if secret.replace(text).is_some() {
            return Err(secret_twice());
        }
    }
    // An HTTP address may hold user and password; they belong apart from it.
    if let (System::Http, Some(Value::String(url))) = (system, settings.get("url")) {
        let read = read_url(url, opener)?;
        if let (System::Http, Some(members)) = (read.system, read.settings.as_object()) {
            settings.extend(members.clone());
            if let Some(within) = read.secret
                && secret.replace(within).is_some()
            {
                return Err(secret_twice());
            }
        }
    }
    Ok(Target { system, settings: Value::Object(settings), secret })
}

fn too_large(what: &str, limit: usize) -> Fault {
    Fault::new(ErrorCode::InvalidValue, format!("{what} has more than {} KiB", limit >> 10))
        .hint("A connection needs only a few short settings.")
}
