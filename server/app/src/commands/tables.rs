//! `sluice tables …`: tables as code.
//!
//! Exit codes: 0 done and nothing left, 1 refused or failed, 2 wrong usage, 3 done and something is left (a plan with
//! changes where `--detailed-exit-code` asks for it, a difference that takes a person, a table that differs).

mod print;

use crate::commands::validate::read_document;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use model::{ErrorCode, Fault, TableLog, TableLogFilter, TableLogStatus};
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use transfer::tables::{AppliedStatus, ApplyOptions, DropOptions, PlannedTable, Target};

/// Something is left to do.
const LEFT: u8 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum Tables {
    /// Show what has to be run so that every table is as described; runs nothing.
    Plan {
        #[command(flatten)]
        which: Which,
        /// Exit with 3 where there is something to do.
        #[arg(long)]
        detailed_exit_code: bool,
    },
    /// Show the plan, ask, and run it.
    Apply {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// Compare every table with its description, column by column (exit code 3 where one differs).
    Validate {
        #[command(flatten)]
        which: Which,
    },
    /// Drop the tables; needs `--allow-destructive`.
    Drop {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// Write the document from a connection's tables.
    Import {
        /// The connection.
        connection: String,
        /// Tables; all where none is named.
        tables: Vec<String>,
        /// Write to this file, which must not exist yet, instead of standard output.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// List what was done with tables, newest first.
    History(History),
    /// Print the JSON Schema of documents about tables.
    Schema,
}

/// Which tables.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Documents about tables, YAML or JSON.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only this table; may be given again.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// What the caller agrees to beforehand.
#[derive(Debug, Args)]
pub(crate) struct Consent {
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Run statements that lose data, too.
    #[arg(long)]
    allow_destructive: bool,
}

/// Which entries of which log.
#[derive(Debug, Args)]
pub(crate) struct History {
    /// `creation`, `column`, `operation` or `validation`.
    #[arg(value_name = "LOG", default_value = "operation", value_parser = parse_log)]
    which: TableLog,
    /// Only of this connection.
    #[arg(long)]
    connection: Option<String>,
    /// Only of this table.
    #[arg(long)]
    table: Option<String>,
    /// Only this operation, column, verdict or kind of table.
    #[arg(long)]
    subject: Option<String>,
    /// `succeeded`, `failed` or `skipped`.
    #[arg(long, value_parser = parse_status)]
    status: Option<TableLogStatus>,
    /// Only since then: `2024-01-31T08:00:00Z`.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Only before then.
    #[arg(long)]
    until: Option<DateTime<Utc>>,
    /// Only entries older than the one of this id.
    #[arg(long)]
    before: Option<i64>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

fn parse_log(word: &str) -> Result<TableLog, String> {
    TableLog::parse(word).ok_or_else(|| "write `creation`, `column`, `operation` or `validation`".to_owned())
}

fn parse_status(word: &str) -> Result<TableLogStatus, String> {
    TableLogStatus::parse(word).ok_or_else(|| "write `succeeded`, `failed` or `skipped`".to_owned())
}

impl Tables {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        if matches!(self, Self::Schema) {
            output::json(&transfer::tables::document_schema());
            return Ok(ExitCode::SUCCESS);
        }
        let parts = Parts::open(settings).await?;
        let service = parts.workbench().tables;
        let code = self.carry_out(&service).await;
        parts.database.close().await.map_err(Fault::from)?;
        code
    }

    async fn carry_out(self, service: &workbench::Tables) -> Result<ExitCode, Failure> {
        match self {
            Self::Plan { which, detailed_exit_code } => plan(service, &which, detailed_exit_code).await,
            Self::Apply { which, consent } => apply(service, &which, &consent).await,
            Self::Validate { which } => validate(service, &which).await,
            Self::Drop { which, consent } => drop_tables(service, &which, &consent).await,
            Self::Import { connection, tables, output } => import(service, &connection, &tables, output).await,
            Self::History(history) => history.run(service).await,
            Self::Schema => Ok(ExitCode::SUCCESS),
        }
    }
}

/// Who works at the command line.
fn who() -> String {
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let name: String = name.chars().filter(|char| !char.is_control()).take(64).collect();
    if name.is_empty() { "cli".to_owned() } else { format!("cli:{name}") }
}

/// Reads the documents and finds their tables' connections.
async fn targets(service: &workbench::Tables, which: &Which) -> Result<Vec<Target>, Failure> {
    let mut texts = Vec::with_capacity(which.files.len());
    for file in &which.files {
        texts.push(read_document(file)?);
    }
    match service.targets_of_all(&texts, &which.only).await {
        Ok(targets) => Ok(targets),
        Err(refusal) if refusal.documents.is_empty() => Err(refusal.whole.into()),
        Err(refusal) => {
            let mut documents = refusal.documents.into_iter().map(|(place, faults)| {
                let name = which.files.get(place).map(|file| file.display().to_string()).unwrap_or_default();
                Failure::in_document(&name, faults)
            });
            let last = documents.next_back();
            documents.for_each(|failure| failure.print());
            Err(last.unwrap_or_else(|| Failure::from(Vec::new())))
        }
    }
}

async fn plan(service: &workbench::Tables, which: &Which, detailed: bool) -> Result<ExitCode, Failure> {
    let planned = service.plan(&targets(service, which).await?).await;
    if which.json {
        output::json(&planned);
    } else {
        print::plan(&planned);
    }
    let failed = planned.iter().any(|table| table.error.is_some());
    let left = planned.iter().any(|table| table.error.is_none() && !table.is_nothing());
    Ok(match (failed, left && detailed) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(LEFT),
        (false, false) => ExitCode::SUCCESS,
    })
}

async fn apply(service: &workbench::Tables, which: &Which, consent: &Consent) -> Result<ExitCode, Failure> {
    let targets = targets(service, which).await?;
    let mut options = ApplyOptions { allow_destructive: consent.allow_destructive, agreed: None };
    if !consent.yes {
        require_terminal("apply", which.json)?;
        let planned = service.plan(&targets).await;
        print::plan(&planned);
        if !planned.iter().any(has_changes) {
            let failed = planned.iter().any(|table| table.error.is_some());
            let manual = planned.iter().any(|table| table.error.is_none() && !table.is_nothing());
            return Ok(code(failed, manual));
        }
        if !ask("Run these statements?") {
            output::line("nothing was changed");
            return Ok(ExitCode::FAILURE);
        }
        let agreed = planned.into_iter().map(|table| ((table.connection, table.table), table.fingerprint));
        options.agreed = Some(agreed.collect::<HashMap<_, _>>());
    }
    let report = service.apply(&targets, &options, &who()).await;
    if which.json {
        output::json(&report);
    } else {
        print::applied(&report);
    }
    Ok(code(report.counts.failed + report.counts.skipped > 0, report.counts.manual > 0))
}

fn has_changes(table: &PlannedTable) -> bool {
    table.plan.as_ref().is_some_and(|plan| !plan.changes.is_empty())
}

fn code(failed: bool, left: bool) -> ExitCode {
    match (failed, left) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(LEFT),
        (false, false) => ExitCode::SUCCESS,
    }
}

async fn validate(service: &workbench::Tables, which: &Which) -> Result<ExitCode, Failure> {
    let report = service.validate(&targets(service, which).await?, &who()).await;
    if which.json {
        output::json(&report);
    } else {
        print::validated(&report);
    }
    Ok(code(report.failed > 0, !report.is_clean()))
}

async fn drop_tables(service: &workbench::Tables, which: &Which, consent: &Consent) -> Result<ExitCode, Failure> {
    let targets = targets(service, which).await?;
    if consent.allow_destructive && !consent.yes {
        require_terminal("drop", which.json)?;
        for target in &targets {
            output::line(format!("- drop {}.{}", target.connection, target.table));
        }
        if !ask("Drop these tables with all their rows?") {
            output::line("nothing was changed");
            return Ok(ExitCode::FAILURE);
        }
    }
    let options = DropOptions { allow_destructive: consent.allow_destructive };
    let dropped = service.drop_tables(&targets, options, &who()).await;
    if which.json {
        output::json(&dropped);
    } else {
        print::dropped(&dropped);
    }
    let failed = dropped.iter().any(|table| matches!(table.status, AppliedStatus::Failed | AppliedStatus::Skipped));
    Ok(code(failed, false))
}

/// Nobody can be asked where there is no terminal, or where the output is for a script.
fn require_terminal(command: &str, json: bool) -> Result<(), Fault> {
    if !json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Fault::new(
        ErrorCode::BadRequest,
        format!("`tables {command}` asks before it changes anything, and there is no terminal"),
    )
    .hint("Look at `sluice tables plan`, then give `--yes`."))
}

fn ask(question: &str) -> bool {
    let mut out = std::io::stdout().lock();
    // A terminal that cannot be written to cannot agree either.
    if write!(out, "{question} Only `yes` is taken for one: ").and_then(|()| out.flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

async fn import(
    service: &workbench::Tables,
    connection: &str,
    tables: &[String],
    file: Option<PathBuf>,
) -> Result<ExitCode, Failure> {
    let imported = service.import(connection, tables, &who()).await?;
    for (table, reason) in &imported.left_out {
        eprintln!("left out `{table}`: {reason}");
    }
    let Some(file) = file else {
        output::line(imported.document.trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let written = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(&file)
        .and_then(|mut file| file.write_all(imported.document.as_bytes()));
    written.map_err(|error| {
        let fault = Fault::new(ErrorCode::DiskFailed, format!("`{}` cannot be written: {error}", file.display()));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => fault.hint("Choose another name, or move the file away."),
            _ => fault.hint("Look at the folder's permissions and space."),
        }
    })?;
    output::line(format!("wrote {} to {}", output::counted(imported.tables.len() as u64, "table"), file.display()));
    Ok(ExitCode::SUCCESS)
}

impl History {
    async fn run(self, service: &workbench::Tables) -> Result<ExitCode, Failure> {
        let filter = TableLogFilter {
            log: self.which,
            connection: self.connection,
            table: self.table,
            subject: self.subject,
            status: self.status,
            since: self.since,
            until: self.until,
            before: self.before,
            limit: self.limit,
        };
        let records = service.history(&filter).await?;
        if self.json {
            output::json(&records);
        } else {
            print::history(&records);
        }
        Ok(ExitCode::SUCCESS)
    }
}
