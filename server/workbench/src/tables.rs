//! Tables as code: the service that the command line and the API share.
//!
//! A document becomes [`Target`]s, and everything is done with those; `transfer::tables` does the work. What is done is
//! kept in the four logs, with who did it.

pub use data::structure::{LockKind, TableAction, TableChange};
pub use transfer::tables::{
    Applied, AppliedStatus, ApplyOptions, ApplyReport, ColumnVerdict, Counts, DropOptions, Dropped, Imported,
    PlannedTable, Target, Validation, ValidationReport, Verdict,
};

use async_trait::async_trait;
use data::Connections;
use engine::ports::TableLogs;
use model::{ErrorCode, Fault, TableLogEntry, TableLogFilter, TableLogRecord};
use std::collections::HashSet;
use std::sync::Arc;
use transfer::tables::{self, Journal, Scribe};

/// Tables as code. Cloning is cheap.
#[derive(Clone)]
pub struct Tables {
    connections: Arc<dyn Connections>,
    logs: Arc<dyn TableLogs>,
}

impl Tables {
    /// The service over saved connections and the metadata database's logs.
    #[must_use]
    pub fn new(connections: Arc<dyn Connections>, logs: Arc<dyn TableLogs>) -> Self {
        Self { connections, logs }
    }

    /// The tables of a document, each with its connection; only those named, unless none is.
    ///
    /// # Errors
    /// Everything that is wrong with the document, with its place.
    pub async fn targets(&self, document: &str, only: &[String]) -> Result<Vec<Target>, Vec<Fault>> {
        tables::select(self.resolve(document).await?, only)
    }

    /// The tables of a document, each with its connection.
    async fn resolve(&self, document: &str) -> Result<Vec<Target>, Vec<Fault>> {
        let parsed = tables::parse(document)?;
        let connections = self.connections.list().await.map_err(|error| vec![*error.fault])?;
        tables::resolve(&parsed, &connections)
    }

    /// The tables of several documents, which are one as far as foreign keys and names go.
    ///
    /// # Errors
    /// The faults of each document that has some, by its place in the list; then names that no table has, and tables
    /// that stand in two documents, for the list as a whole.
    pub async fn targets_of_all(&self, documents: &[String], only: &[String]) -> Result<Vec<Target>, Refusal> {
        let (mut all, mut refused) = (Vec::new(), Vec::new());
        for (place, document) in documents.iter().enumerate() {
            match self.resolve(document).await {
                Ok(targets) => all.extend(targets),
                Err(faults) => refused.push((place, faults)),
            }
        }
        if !refused.is_empty() {
            return Err(Refusal { documents: refused, whole: Vec::new() });
        }
        let whole = |whole| Refusal { documents: Vec::new(), whole };
        let mut seen = HashSet::new();
        let twice = all.iter().filter(|target| !seen.insert((target.connection.clone(), target.table.clone())));
        let twice: Vec<Fault> = twice
            .map(|target| {
                let message =
                    format!("the table `{}` of connection `{}` stands in two files", target.table, target.connection);
                Fault::new(ErrorCode::Duplicate, message).hint("Remove one of them.")
            })
            .collect();
        if !twice.is_empty() {
            return Err(whole(twice));
        }
        tables::select(all, only).map_err(whole)
    }

    /// What has to be run so that the tables are as described.
    pub async fn plan(&self, targets: &[Target]) -> Vec<PlannedTable> {
        tables::plan(self.connections.as_ref(), targets).await
    }

    /// Makes the tables as described.
    pub async fn apply(&self, targets: &[Target], options: &ApplyOptions, who: &str) -> ApplyReport {
        tables::apply(self.connections.as_ref(), targets, options, self.scribe(who)).await
    }

    /// Compares the tables with their description.
    pub async fn validate(&self, targets: &[Target], who: &str) -> ValidationReport {
        tables::validate(self.connections.as_ref(), targets, self.scribe(who)).await
    }

    /// Drops the tables.
    pub async fn drop_tables(&self, targets: &[Target], options: DropOptions, who: &str) -> Vec<Dropped> {
        tables::drop_tables(self.connections.as_ref(), targets, options, self.scribe(who)).await
    }

    /// The document of a connection's tables: those named, or all.
    ///
    /// # Errors
    /// `connection_not_found`, `table_not_found`, `unsupported`, or what the system meets.
    pub async fn import(&self, connection: &str, only: &[String], who: &str) -> Result<Imported, Fault> {
        let connector = self.connections.get(connection).await.map_err(|error| *error.fault)?;
        let connections = self.connections.list().await.map_err(|error| *error.fault)?;
        let Some(info) = connections.into_iter().find(|info| info.name == connection) else {
            return Err(Fault::new(ErrorCode::ConnectionNotFound, format!("connection `{connection}` does not exist"))
                .hint("`sluice connection list` shows what there is."));
        };
        let imported = tables::import(connector.as_ref(), &info, only, self.scribe(who)).await;
        imported.map_err(|error| *error.fault)
    }

    /// Entries of one of the four logs, newest first.
    ///
    /// # Errors
    /// `store_failed`, `invalid_value`.
    pub async fn history(&self, filter: &TableLogFilter) -> Result<Vec<TableLogRecord>, Fault> {
        Ok(self.logs.list_table_logs(filter).await?)
    }

    fn scribe<'a>(&'a self, who: &'a str) -> Scribe<'a> {
        Scribe { who, journal: self }
    }
}

/// Why documents were refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Faults of each document that has some, by its place in the list.
    pub documents: Vec<(usize, Vec<Fault>)>,
    /// Faults of all of them together.
    pub whole: Vec<Fault>,
}

#[async_trait]
impl Journal for Tables {
    async fn record(&self, entries: Vec<TableLogEntry>) {
        // What was done is done; a log that cannot be written must not undo or stop it.
        if let Err(error) = self.logs.append_table_logs(&entries).await {
            tracing::warn!(%error, entries = entries.len(), "operations on tables were not logged");
        }
    }
}
