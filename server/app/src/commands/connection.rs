//! `sluice connection …`: the saved addresses of databases.

use super::run::parse_pair;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::{Args, Subcommand};
use data::connector::ReadOptions;
use data::registry::Connections;
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use std::io::Read as _;
use std::process::ExitCode;
use workbench::connections::{Address, ConnectionChange, ConnectionView, NewAddress, Origin, TestReport};

/// The longest secret read from standard input, in bytes.
const LONGEST_SECRET: u64 = 64 << 10;
/// Characters of a cell shown at most.
const WIDEST: usize = 80;

#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    /// Save a connection: `sluice connection add history postgres://user:password@host/db`.
    Add {
        /// Its name: lowercase letters, digits, `-` and `_`.
        name: String,
        /// `postgres://`, `mysql://`, `sqlite:`, `tdengine://`, `redis://` or `https://`; the password is sealed and never shown
        /// again.
        url: String,
        /// Replace the connection of that name.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        about: About,
    },
    /// Change a saved connection; what is not given stays as it is.
    Change {
        /// Its name.
        name: String,
        /// Another address, wholly.
        #[arg(long)]
        url: Option<String>,
        /// A setting; JSON where it reads as JSON, else text.
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_pair, conflicts_with = "url")]
        set: Vec<(String, String)>,
        /// A setting to remove.
        #[arg(long, value_name = "NAME", conflicts_with = "url")]
        unset: Vec<String>,
        #[command(flatten)]
        about: About,
    },
    /// List connections.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask systems who they are; says in one line each what fails.
    Test {
        /// Names of connections.
        #[arg(required_unless_present = "all")]
        names: Vec<String>,
        /// Test every connection, side by side.
        #[arg(long, conflicts_with = "names")]
        all: bool,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
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
        /// Remove it although enabled workflows use it.
        #[arg(long)]
        force: bool,
    },
}

/// What a connection has besides its address.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// Read the secret from standard input, where nobody else can see it.
    #[arg(long)]
    secret_stdin: bool,
    /// Remove the secret.
    #[arg(long, conflicts_with = "secret_stdin")]
    no_secret: bool,
    /// What it is for; empty text removes it.
    #[arg(long)]
    description: Option<String>,
    /// A word to find it by; all labels together replace those there are.
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Whether the console may write through it.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_write: Option<bool>,
}

impl About {
    fn is_empty(&self) -> bool {
        !self.secret_stdin
            && !self.no_secret
            && self.description.is_none()
            && self.labels.is_empty()
            && self.allow_write.is_none()
    }

    fn read_secret(&self) -> Result<Option<String>, Fault> {
        if !self.secret_stdin {
            return Ok(None);
        }
        let mut text = String::new();
        std::io::stdin().lock().take(LONGEST_SECRET).read_to_string(&mut text).map_err(|error| {
            Fault::new(ErrorCode::InvalidValue, format!("the secret cannot be read from standard input: {error}"))
        })?;
        // What `echo` and editors add is no part of it.
        let secret = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        Ok(Some(secret.to_owned()))
    }

    /// The change, with `address` where there is one.
    fn into_change(self, address: Option<Address>, secret: Option<String>) -> ConnectionChange {
        let secret = if self.no_secret { Some(None) } else { secret.map(Some) };
        ConnectionChange {
            address,
            secret,
            description: self.description.map(Some),
            labels: (!self.labels.is_empty()).then_some(self.labels),
            allow_write: self.allow_write,
        }
    }
}

impl Connection {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        parts.tell_environment_faults();
        let code = self.carry_out(&parts).await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(code)
    }

    async fn carry_out(self, parts: &Parts) -> Result<ExitCode, Failure> {
        match self {
            Self::Add { name, url, replace, about } => add(parts, name, url, replace, about).await?,
            Self::Change { name, url, set, unset, about } => change(parts, &name, url, set, &unset, about).await?,
            Self::List { json } => list(parts, json).await?,
            Self::Test { names, all, json } => return test(parts, &names, all, json).await,
            Self::Tables { name } => {
                let mut after: Option<String> = None;
                loop {
                    let page = parts.connections.list_tables(&name, after.as_deref(), u32::MAX).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.clone());
                    page.iter().for_each(output::line);
                }
            }
            Self::Read { name, table, limit, json } => read(parts, &name, &table, limit, json).await?,
            Self::Remove { name, force } => {
                parts.connections.delete(&name, force).await?;
                output::line(format!("removed `{name}`"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn add(parts: &Parts, name: String, url: String, replace: bool, about: About) -> Result<(), Failure> {
    let secret = about.read_secret()?;
    let there = if replace { parts.connections.get(&name).await.ok() } else { None };
    let view = if there.is_some_and(|there| there.origin == Origin::Saved) {
        let address = Address::Url { url, secret: None };
        parts.connections.update(&name, about.into_change(Some(address), secret)).await?
    } else {
        let new = NewAddress {
            name,
            address: Address::Url { url, secret },
            description: about.description,
            labels: about.labels,
            allow_write: about.allow_write.unwrap_or(false),
        };
        parts.connections.create(new).await?
    };
    output::line(format!("saved connection `{}` ({})", view.name, view.system));
    Ok(())
}

async fn change(
    parts: &Parts,
    name: &str,
    url: Option<String>,
    set: Vec<(String, String)>,
    unset: &[String],
    about: About,
) -> Result<(), Failure> {
    if url.is_none() && set.is_empty() && unset.is_empty() && about.is_empty() {
        let message = format!("nothing is said that shall change in connection `{name}`");
        return Err(Fault::new(ErrorCode::MissingKey, message)
            .hint("Give `--url`, `--set`, `--unset`, `--secret-stdin`, `--description`, `--label` or `--allow-write`.")
            .into());
    }
    let secret = about.read_secret()?;
    let address = match url {
        Some(url) => Some(Address::Url { url, secret: None }),
        None if set.is_empty() && unset.is_empty() => None,
        None => {
            let there = parts.connections.get(name).await?;
            let mut settings = there.settings.as_object().cloned().unwrap_or_default();
            for (key, value) in set {
                settings.insert(key, serde_json::from_str(&value).unwrap_or(Value::String(value)));
            }
            for key in unset {
                if settings.shift_remove(key).is_none() {
                    let message = format!("connection `{name}` has no setting `{key}`");
                    return Err(Fault::new(ErrorCode::UnknownKey, message).into());
                }
            }
            Some(Address::Parts { system: there.system, settings, secret: None })
        }
    };
    let view = parts.connections.update(name, about.into_change(address, secret)).await?;
    output::line(format!("changed connection `{}` ({})", view.name, view.system));
    Ok(())
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let mut views: Vec<ConnectionView> = Vec::new();
    loop {
        let page = parts.connections.list(views.last().map(|view| view.name.as_str()), u32::MAX).await?;
        if page.is_empty() {
            break;
        }
        views.extend(page);
    }
    if as_json {
        output::json(&views);
        return Ok(());
    }
    let row = |view: ConnectionView| {
        let console = if view.allow_write { "writes" } else { "reads" }.to_owned();
        let origin = view.variable.unwrap_or_else(|| "saved".to_owned());
        let test = view.last_test.map(|test| if test.ok { "ok" } else { "failed" }).unwrap_or_default();
        vec![view.name, view.system, brief(&view.settings), origin, console, test.to_owned()]
    };
    let rows = views.into_iter().map(row).collect();
    let header = ["connection", "system", "settings", "origin", "console", "last test"];
    output::list(&header, &[], rows, "There is no connection yet; `sluice connection add` makes one.");
    Ok(())
}

/// Exit code 1 where one fails.
async fn test(parts: &Parts, names: &[String], all: bool, as_json: bool) -> Result<ExitCode, Failure> {
    let reports: Vec<TestReport> = if all {
        parts.connections.test_all().await?
    } else {
        let mut reports = Vec::new();
        for name in names {
            reports.push(parts.connections.test(name).await?);
        }
        reports
    };
    let is_well = reports.iter().all(|report| report.ok);
    if as_json {
        output::json(&reports);
    } else {
        for report in &reports {
            if let Some(code) = report.code {
                let text = format!("{}: {} [{code}]", report.connection, report.message);
                if all {
                    output::line(text)
                } else {
                    eprintln!("error: {text}")
                }
                if let Some(hint) = report.hint.as_ref().filter(|_| !all) {
                    eprintln!("  hint: {hint}");
                }
            } else {
                output::line(format!("{}: {}", report.connection, report.message));
            }
        }
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    let schema = source.schema();
    let header: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let fields = schema.fields().iter();
    let numbers: Vec<&str> =
        fields.filter(|field| field.data_type().is_numeric()).map(|field| field.name().as_str()).collect();
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
        let cell = |cell: Option<String>| cell.map_or_else(|| "∅".to_owned(), |text| output::one_line(&text, WIDEST));
        let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        output::table(&header, &numbers, rows);
    }
    Ok(())
}
