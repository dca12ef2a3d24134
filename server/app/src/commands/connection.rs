//! `sluice connection …`: the saved addresses of databases.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Subcommand;
use data::connector::ReadOptions;
use data::registry::Connections;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use store::NewConnection;
use store::secrets::place;

#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    /// Save a connection: `sluice connection add history postgres://user:password@host/db`.
    Add {
        /// Its name: lowercase letters, digits, `-` and `_`.
        name: String,
        /// `postgres://`, `mysql://`, `sqlite:` or `redis://`; the password is sealed and never shown again.
        url: String,
        /// Replace the connection of that name.
        #[arg(long)]
        replace: bool,
    },
    /// List connections.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask the system who it is; says in one line what fails.
    Test {
        /// Its name.
        name: String,
    },
    /// List the tables a connection sees.
    Tables {
        /// Its name.
        name: String,
    },
    /// Print rows of a table.
    Read {
        /// The connection's name.
        name: String,
        /// The table.
        table: String,
        /// How many rows at most.
        #[arg(long, default_value_t = 20)]
        limit: u64,
        /// Print as a JSON list of objects.
        #[arg(long)]
        json: bool,
    },
    /// Remove a connection.
    Remove {
        /// Its name.
        name: String,
    },
}

impl Connection {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        self.carry_out(&parts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, parts: &Parts) -> Result<(), Failure> {
        match self {
            Self::Add { name, url, replace } => add(parts, name, &url, replace).await,
            Self::List { json } => list(parts, json).await,
            Self::Test { name } => {
                output::line(format!("{name}: {}", parts.registry.get(&name).await?.ping().await?));
                Ok(())
            }
            Self::Tables { name } => {
                for table in parts.registry.get(&name).await?.list_tables().await? {
                    output::line(table);
                }
                Ok(())
            }
            Self::Read { name, table, limit, json } => read(parts, &name, &table, limit, json).await,
            Self::Remove { name } => {
                if !parts.database.delete_connection(&name).await.map_err(Fault::from)? {
                    let message = format!("connection `{name}` does not exist");
                    return Err(Fault::new(ErrorCode::ConnectionNotFound, message)
                        .hint("`sluice connection list` shows what there is.")
                        .into());
                }
                output::line(format!("removed `{name}`"));
                Ok(())
            }
        }
    }
}

async fn add(parts: &Parts, name: String, url: &str, replace: bool) -> Result<(), Failure> {
    super::require_name("connection", &name)?;
    let parsed = connectors::Settings::parse(url)?;
    // What cannot be opened at all is refused now; whether the server answers is asked by `test`.
    let system = parsed.system.as_str();
    connectors::open(parsed.system, &parsed.values, parsed.secret.as_deref(), &parts.settings.connection_gate()?)?;
    let sealed =
        parsed.secret.as_deref().map(|secret| parts.keyring.seal(&place("connection", &name), secret.as_bytes()));
    let secret = sealed.transpose().map_err(Fault::from)?;
    let new = NewConnection {
        name: name.clone(),
        system: system.to_owned(),
        settings: parsed.values,
        secret,
        ..NewConnection::default()
    };
    let there = parts.database.find_connection(&name).await.map_err(Fault::from)?;
    if let Some(there) = there.filter(|_| replace) {
        parts.database.update_connection(&new, there.revision).await.map_err(Fault::from)?;
    } else {
        parts.database.create_connection(&new).await.map_err(Fault::from)?;
    }
    output::line(format!("saved connection `{name}` ({system})"));
    Ok(())
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let records = parts.database.list_connections(None, 500).await.map_err(Fault::from)?;
    if as_json {
        let rows: Vec<Value> = records
            .iter()
            .map(|r| json!({ "name": r.name, "system": r.system, "settings": r.settings, "has_secret": r.secret.is_some() }))
            .collect();
        output::json(&rows);
        return Ok(());
    }
    let rows = records.into_iter().map(|r| vec![r.name, r.system, brief(&r.settings)]).collect();
    output::table(&["connection", "system", "settings"], &[], rows);
    Ok(())
}

/// `host=db port=5432`: settings on one line.
pub(super) fn brief(settings: &Value) -> String {
    let Some(members) = settings.as_object() else { return String::new() };
    let shown = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    shown.collect::<Vec<_>>().join(" ")
}

async fn read(parts: &Parts, name: &str, table: &str, limit: u64, as_json: bool) -> Result<(), Failure> {
    let connector = parts.registry.get(name).await?;
    let options = ReadOptions { limit: Some(limit), ..ReadOptions::table(table) };
    let mut source = connector.read(options).await?;
    let header: Vec<String> = source.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    while let Some(batch) = source.next().await? {
        let format = FormatOptions::default();
        let columns: Result<Vec<ArrayFormatter<'_>>, _> =
            batch.records.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &format)).collect();
        let columns = columns.map_err(data::Error::from)?;
        for row in 0..batch.records.num_rows() {
            let cell = |(index, column): (usize, &ArrayFormatter<'_>)| {
                (!batch.records.column(index).is_null(row)).then(|| column.value(row).to_string())
            };
            rows.push(columns.iter().enumerate().map(cell).collect());
        }
    }
    if as_json {
        let objects: Vec<Map<String, Value>> = rows
            .into_iter()
            .map(|row| header.iter().cloned().zip(row.into_iter().map(Value::from)).collect())
            .collect();
        output::json(&objects);
    } else {
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let shown =
            |row: Vec<Option<String>>| row.into_iter().map(|cell| cell.unwrap_or_else(|| "∅".to_owned())).collect();
        output::table(&header, &[], rows.into_iter().map(shown).collect());
    }
    Ok(())
}
