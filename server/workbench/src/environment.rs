//! Connections that the environment names: `MYSQL_HOST…`, `POSTGRESQL_URL`, `SLUICE_CONNECTION_<NAME>=url`.
//!
//! They are read once at start, never written to the metadata database and never logged. What cannot be read is told and
//! stops nothing: the server has other work. A saved connection of the same name goes before one of these.

use crate::name::require_name;
use data::{Opener, System, Target};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What every variable of a named connection begins with.
const NAMED: &str = "SLUICE_CONNECTION_";

/// Settings of the server that begin like a named connection.
const SETTINGS: [&str; 1] = ["SLUICE_CONNECTION_ADDRESSES"];

/// Systems whose connection may be given in parts: prefix of the variables, name of the connection.
const FAMILIES: [(&str, &str, System); 4] = [
    ("MYSQL", "mysql", System::Mysql),
    ("POSTGRESQL", "postgresql", System::Postgres),
    ("TDENGINE", "tdengine", System::Tdengine),
    ("REDIS", "redis", System::Redis),
];

/// A connection that the environment names.
#[derive(Debug, Clone)]
pub struct FromEnvironment {
    /// The variable that names it.
    pub variable: String,
    /// Where it leads.
    pub target: Target,
}

/// The connections of the environment, and what could not be read of it.
#[derive(Debug, Default)]
pub struct Environment {
    connections: BTreeMap<String, FromEnvironment>,
    faults: Vec<Fault>,
}

impl Environment {
    /// Reads the variables; each connection is opened once to see whether its settings are right, and nothing is sent.
    #[must_use]
    pub fn read(variables: impl IntoIterator<Item = (String, String)>, opener: &dyn Opener) -> Self {
        let variables: BTreeMap<String, String> =
            variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
        let mut environment = Self::default();
        for (prefix, name, system) in FAMILIES {
            let url = format!("{prefix}_URL");
            let host = format!("{prefix}_HOST");
            if let Some(value) = variables.get(&url) {
                environment.add_url(name, &url, value, Some(system), opener);
            } else if variables.contains_key(&host) {
                let target = read_parts(prefix, system, &variables);
                environment.add(name, &host, target, opener);
            }
        }
        if let Some(path) = variables.get("SQLITE_PATH") {
            let settings = Value::Object(Map::from_iter([("path".to_owned(), Value::from(path.as_str()))]));
            let target = Target { system: System::Sqlite, settings, secret: None };
            environment.add("sqlite", "SQLITE_PATH", Ok(target), opener);
        }
        if let Some(url) = variables.get("DATABASE_URL") {
            environment.add_url("database", "DATABASE_URL", url, None, opener);
        }
        let named = variables.iter().filter(|(variable, _)| !SETTINGS.contains(&variable.as_str()));
        for (variable, url) in named {
            if let Some(name) = variable.strip_prefix(NAMED) {
                environment.add_url(&name.to_lowercase(), variable, url, None, opener);
            }
        }
        environment
    }

    /// The connection of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&FromEnvironment> {
        self.connections.get(name)
    }

    /// Every connection by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FromEnvironment)> {
        self.connections.iter().map(|(name, connection)| (name.as_str(), connection))
    }

    /// What is wrong, each naming its variable; never with a value.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    fn add_url(&mut self, name: &str, variable: &str, url: &str, system: Option<System>, opener: &dyn Opener) {
        let target = match opener.parse_url(url.trim()) {
            Ok(target) if system.is_some_and(|system| system != target.system) => Err(Fault::new(
                ErrorCode::InvalidValue,
                format!("it holds an address of system `{}`", target.system.as_str()),
            )),
            Ok(target) => Ok(target),
            Err(error) => Err(*error.fault),
        };
        self.add(name, variable, target, opener);
    }

    fn add(&mut self, name: &str, variable: &str, target: Result<Target, Fault>, opener: &dyn Opener) {
        let checked = target.and_then(|target| {
            require_name("connection", name)?;
            opener.open(&target).map_err(|error| *error.fault)?;
            Ok(target)
        });
        match checked {
            Ok(target) => {
                self.connections.insert(name.to_owned(), FromEnvironment { variable: variable.to_owned(), target });
            }
            Err(fault) => {
                let message = format!("the environment variable `{variable}` makes no connection: {}", fault.message);
                self.faults.push(Fault { message, ..fault });
            }
        }
    }
}

/// Host, port, user, password and database of one system.
fn read_parts(prefix: &str, system: System, variables: &BTreeMap<String, String>) -> Result<Target, Fault> {
    let part = |name: &str| variables.get(&format!("{prefix}_{name}")).map(|value| value.trim());
    let mut settings = Map::new();
    for (name, key) in [("HOST", "host"), ("USER", "user"), ("DATABASE", "database")] {
        let Some(text) = part(name) else { continue };
        let value = match text.parse::<u16>() {
            Ok(number) if system == System::Redis && key == "database" => Value::from(number),
            _ => Value::from(text),
        };
        settings.insert(key.to_owned(), value);
    }
    if let Some(text) = part("PORT") {
        let port: u16 = text
            .parse()
            .map_err(|_| Fault::new(ErrorCode::InvalidValue, format!("`{prefix}_PORT` is not a port number")))?;
        settings.insert("port".to_owned(), port.into());
    }
    // A password may begin or end with blanks.
    let secret = variables.get(&format!("{prefix}_PASSWORD")).cloned();
    Ok(Target { system, settings: Value::Object(settings), secret })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::connections::testing::Stub;
    use serde_json::json;

    fn read(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::read(variables, &Stub::default())
    }

    #[test]
    fn parts_and_urls_become_connections_under_the_names_of_their_systems() {
        let environment = read(&[
            ("MYSQL_HOST", "db1"),
            ("MYSQL_PORT", "3307"),
            ("MYSQL_USER", "ann"),
            ("MYSQL_PASSWORD", " p@ss "),
            ("MYSQL_DATABASE", "shop"),
            ("POSTGRESQL_URL", "postgres://bob:pw@db2/quant"),
            ("REDIS_HOST", "cache"),
            ("REDIS_DATABASE", "3"),
            ("SQLITE_PATH", "/data/a.db"),
            ("SLUICE_CONNECTION_REPLICA_2", "mysql://db3/x"),
            ("SLUICE_CONNECTION_ADDRESSES", "10.0.0.0/8"),
            ("PATH", "/usr/bin"),
        ]);
        assert_eq!(environment.faults(), &[]);
        let names: Vec<_> = environment.iter().map(|(name, one)| (name, one.variable.as_str())).collect();
        assert_eq!(
            names,
            [
                ("mysql", "MYSQL_HOST"),
                ("postgresql", "POSTGRESQL_URL"),
                ("redis", "REDIS_HOST"),
                ("replica_2", "SLUICE_CONNECTION_REPLICA_2"),
                ("sqlite", "SQLITE_PATH"),
            ]
        );
        let mysql = &environment.find("mysql").unwrap().target;
        assert_eq!(mysql.settings, json!({"host": "db1", "port": 3307, "user": "ann", "database": "shop"}));
        assert_eq!(mysql.secret.as_deref(), Some(" p@ss "));
        assert_eq!(environment.find("redis").unwrap().target.settings, json!({"host": "cache", "database": 3}));
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_value_and_stops_nothing() {
        let environment = read(&[
            ("MYSQL_HOST", "db1"),
            ("MYSQL_PORT", "canary"),
            ("POSTGRESQL_URL", "mysql://u:canary@h/d"),
            ("DATABASE_URL", "oracle://u:canary@h/d"),
            ("SLUICE_CONNECTION_A.B", "mysql://u:canary@h/d"),
            ("SLUICE_CONNECTION_GOOD", "mysql://u:canary@h/d"),
            // What containers leave behind without a host is no connection.
            ("REDIS_PASSWORD", "canary"),
            ("TDENGINE_HOST", "  "),
        ]);
        let messages: Vec<_> = environment.faults().iter().map(ToString::to_string).collect();
        for variable in ["MYSQL_HOST", "POSTGRESQL_URL", "DATABASE_URL", "SLUICE_CONNECTION_A.B"] {
            assert!(
                messages.iter().any(|message| message.contains(&format!("`{variable}`"))),
                "{variable}: {messages:?}"
            );
        }
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(!format!("{messages:?} {environment:?}").contains("canary"));
        assert_eq!(environment.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["good"]);
    }
}
