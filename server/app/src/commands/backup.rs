//! `sluice backup …`: copies of a connection's data, made, listed, looked through and brought back.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use clap::{Args, Subcommand};
use data::registry::Connections;
use model::Fault;
use model::backup::{BackupFilter, BackupRecord, BackupStatus};
use std::process::ExitCode;
use steps::backup::copy::{Making, Vault};
use tokio_util::sync::CancellationToken;
use workbench::anomalies::parse_backup_id;

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Back a connection's data up now.
    Run(Run),
    /// List backups, newest first.
    List(List),
    /// Read a backup's files and compare their checksums.
    Verify {
        /// Its id, as `sluice backup list` shows it.
        id: String,
    },
    /// Bring a backup back, after its files were found right.
    Restore(Restore),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The connection.
    connection: String,
    /// Only this table; may be given several times.
    #[arg(long = "table")]
    tables: Vec<String>,
    /// Do not use the system's own program, even where it is installed.
    #[arg(long)]
    no_native: bool,
    /// Keep only so many whole backups of the connection.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Print the record as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this connection.
    #[arg(long)]
    connection: Option<String>,
    /// Removed and failed ones too.
    #[arg(long)]
    all: bool,
    /// How many at most, up to 500.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// Its id, as `sluice backup list` shows it.
    id: String,
    /// The connection to restore into, of the same system; the one that was backed up where left out.
    #[arg(long)]
    into: Option<String>,
    /// Drop tables that are there first; otherwise a table that is there refuses the restore.
    #[arg(long)]
    replace: bool,
}

impl BackupCommand {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        let vault = Vault::new(&settings.data_dir, parts.database.clone());
        match self {
            Self::Run(run) => run.run(&parts, &vault).await?,
            Self::List(list) => list.run(&parts).await?,
            Self::Verify { id } => {
                let made = vault.verify(parse_backup_id(&id)?).await?;
                let files = made.manifest.files.len();
                output::line(format!(
                    "{} is whole: {}, {} bytes",
                    made.record.id,
                    output::counted(files as u64, "file"),
                    output::count(made.record.bytes)
                ));
            }
            Self::Restore(restore) => restore.run(&parts, &vault).await?,
        }
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Run {
    async fn run(self, parts: &Parts, vault: &Vault) -> Result<(), Failure> {
        let connector = parts.registry.get(&self.connection).await?;
        let making = Making {
            connection: self.connection.clone(),
            tables: self.tables,
            native: !self.no_native,
            verify: true,
            run: None,
        };
        // An interrupted backup is told so and cleared away rather than left half-way.
        let cancel = CancellationToken::new();
        let on_signal = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                on_signal.cancel();
            }
        });
        let made = vault.make(connector.as_ref(), &making, &cancel).await?;
        if let Some(keep) = self.keep {
            let removed = vault.prune(&self.connection, keep).await?.len();
            if removed > 0 && !self.json {
                output::line(format!("removed {removed} older backups"));
            }
        }
        if self.json {
            output::json(&made.record);
        } else {
            let record = &made.record;
            let took = output::duration(record.duration_ms);
            output::line(format!(
                "{} by {}, {} bytes in {took}",
                record.id,
                record.method,
                output::count(record.bytes)
            ));
            output::line(format!("in {}", record.folder));
        }
        Ok(())
    }
}

impl List {
    async fn run(self, parts: &Parts) -> Result<(), Failure> {
        let statuses = if self.all {
            Vec::new()
        } else {
            vec![BackupStatus::Complete, BackupStatus::Damaged, BackupStatus::Running]
        };
        let filter = BackupFilter { connection: self.connection, statuses, before: None, limit: self.limit };
        let records = parts.workbench().anomalies.list_backups(&filter).await?;
        if self.json {
            output::json(&records);
            return Ok(());
        }
        let header = ["backup", "connection", "status", "method", "bytes", "took", "made (UTC)", "verified (UTC)"];
        let rows = records.into_iter().map(row).collect();
        output::list(&header, &["bytes", "took"], rows, "There is no such backup.");
        Ok(())
    }
}

fn row(record: BackupRecord) -> Vec<String> {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    vec![
        record.id.to_string(),
        record.connection,
        record.status.as_str().to_owned(),
        record.method,
        output::count(record.bytes),
        output::duration(record.duration_ms),
        moment(record.created_at),
        record.verified_at.map(moment).unwrap_or_default(),
    ]
}

impl Restore {
    async fn run(self, parts: &Parts, vault: &Vault) -> Result<(), Failure> {
        let id = parse_backup_id(&self.id)?;
        let into = match self.into {
            Some(into) => into,
            None => vault.find(id).await?.connection,
        };
        let connector = parts.registry.get(&into).await?;
        let made = vault.restore(id, connector.as_ref(), self.replace).await?;
        let tables = made.manifest.tables.len();
        output::line(format!("restored {} into `{into}`", output::counted(tables as u64, "table")));
        Ok(())
    }
}
