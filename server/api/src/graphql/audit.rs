//! The audit log, page by page, and whether it is whole.

use super::Context;
use super::page::{Filling, connection};
use super::types::count;
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLInputObject, graphql_object};
use workbench::audit::{AuditEntry as Entry, AuditFilter, Verdict};

/// Faults that an answer tells at most: a log that was written anew fits none of its checkpoints.
const FAULTS_TOLD: usize = 100;

/// Something that was done, or tried.
pub struct AuditEntry(Entry);

#[graphql_object(context = Context)]
impl AuditEntry {
    /// Its place in the log, counted from 1 without gaps; a float, since GraphQL's integers end at 2³¹.
    fn number(&self) -> f64 {
        count(self.0.number)
    }
    fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// A person's name; `api` for the server's own token, `system …` for the command line.
    fn who(&self) -> &str {
        &self.0.entry.who
    }
    /// How they came in: `session`, `token`, `server token`, `command line` or `none`.
    fn way(&self) -> &str {
        &self.0.entry.way
    }
    /// From where.
    fn address(&self) -> &str {
        &self.0.entry.address
    }
    /// A field of `Mutation`, a route, or a command.
    fn operation(&self) -> &str {
        &self.0.entry.operation
    }
    /// What it was about: `connection history`.
    fn subject(&self) -> &str {
        &self.0.entry.subject
    }
    /// `done`, `interrupted`, or the code of the refusal or failure.
    fn outcome(&self) -> &str {
        &self.0.entry.outcome
    }
    /// What was asked, as JSON text without secrets.
    fn given(&self) -> &str {
        &self.0.entry.given
    }
    /// What its subject was before, as JSON text; empty where it is not known, or was not there.
    fn before(&self) -> &str {
        &self.0.entry.before
    }
    /// What it was afterwards.
    fn after(&self) -> &str {
        &self.0.entry.after
    }
}

connection!(
    /// A page of the audit log.
    AuditConnection of AuditEdge of AuditEntry
);

/// Which entries.
#[derive(GraphQLInputObject, Default)]
pub struct AuditFilterInput {
    /// Done by this person.
    who: Option<String>,
    /// This operation.
    operation: Option<String>,
    /// About this: `connection history`.
    subject: Option<String>,
    /// At that moment or later.
    since: Option<DateTime<Utc>>,
    /// Before that moment.
    until: Option<DateTime<Utc>>,
}

/// What holding the whole audit log against its chain and its signed checkpoints has found.
pub struct AuditVerdict(Verdict);

#[graphql_object(context = Context)]
impl AuditVerdict {
    /// Whether nothing is wrong.
    fn whole(&self) -> bool {
        self.0.faults.is_empty()
    }
    /// How many entries stand in an unbroken chain from the first on.
    fn entries(&self) -> f64 {
        count(self.0.entries)
    }
    /// How many checkpoints fit it.
    fn checkpoints(&self) -> i32 {
        i32::try_from(self.0.checkpoints).unwrap_or(i32::MAX)
    }
    /// The first entry that is known to be broken, and why; none: it is whole, or only a checkpoint is wrong.
    fn first_broken(&self) -> Option<AuditFault> {
        self.0.first_broken().cloned().map(AuditFault)
    }
    /// What is wrong, the first 100; empty: nothing.
    fn faults(&self) -> Vec<AuditFault> {
        self.0.faults.iter().take(FAULTS_TOLD).cloned().map(AuditFault).collect()
    }
    /// How much is wrong in all.
    fn fault_count(&self) -> i32 {
        i32::try_from(self.0.faults.len()).unwrap_or(i32::MAX)
    }
}

/// Something wrong with the audit log.
pub struct AuditFault(workbench::audit::AuditFault);

#[graphql_object(context = Context)]
impl AuditFault {
    /// Number of the entry it is about; none: a checkpoint.
    fn entry(&self) -> Option<f64> {
        self.0.entry.map(count)
    }
    /// `entry 8: the entry is missing`.
    fn message(&self) -> &str {
        &self.0.message
    }
}

/// Holds the log against itself and the checkpoints of the data folder, as `sluice audit verify` does.
pub(super) async fn verify(context: &Context) -> Result<AuditVerdict, ApiError> {
    Ok(AuditVerdict(context.workbench.audit.verify("").await?))
}

pub(super) async fn list(
    context: &Context,
    filter: Option<AuditFilterInput>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<AuditConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let mut filter = AuditFilter {
        who: filter.who,
        operation: filter.operation,
        subject: filter.subject,
        since: filter.since,
        until: filter.until,
        before: None,
        limit: 0,
    };
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let before = after.map(str::parse::<u64>).transpose();
        filter.before = before.map_err(|_| ApiError::bad_request("`after` is not the cursor of an entry"))?;
        filter.limit = limit;
        let found = context.workbench.audit.list(&filter).await?;
        filling.take(found.into_iter().map(|entry| (entry.number.to_string(), AuditEntry(entry), true)));
    }
    Ok(filling.page().into())
}
