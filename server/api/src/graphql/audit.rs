//! The audit log, page by page.

use super::{Context, page_size};
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLInputObject, GraphQLObject, graphql_object};
use workbench::audit::{AuditEntry as Entry, AuditFilter};

/// Something that was done, or tried.
pub struct AuditEntry(Entry);

#[graphql_object(context = Context)]
impl AuditEntry {
    /// Its place in the log, counted from 1 without gaps; a float, since GraphQL's integers end at 2³¹.
    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn number(&self) -> f64 {
        self.0.number as f64
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

/// One page of the audit log, newest first.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct AuditConnection {
    edges: Vec<AuditEdge>,
    page_info: PageInfo,
}

/// One entry with its cursor.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct AuditEdge {
    cursor: String,
    node: AuditEntry,
}

/// Whether there is more.
#[derive(GraphQLObject)]
#[graphql(context = Context)]
pub struct PageInfo {
    has_next_page: bool,
    /// What to ask the next page with, as `after`.
    end_cursor: Option<String>,
}

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

pub(super) async fn list(
    context: &Context,
    filter: Option<AuditFilterInput>,
    after: Option<String>,
    first: Option<i32>,
) -> Result<AuditConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let before = after.as_deref().map(str::parse).transpose();
    let size = page_size(first);
    let filter = AuditFilter {
        who: filter.who,
        operation: filter.operation,
        subject: filter.subject,
        since: filter.since,
        until: filter.until,
        before: before.map_err(|_| ApiError::bad_request("`after` is not the cursor of an entry"))?,
        limit: size + 1,
    };
    let mut found = context.workbench.audit.list(&filter).await?;
    let has_next_page = found.len() > size as usize;
    found.truncate(size as usize);
    let edges: Vec<AuditEdge> = found
        .into_iter()
        .map(|entry| AuditEdge { cursor: entry.number.to_string(), node: AuditEntry(entry) })
        .collect();
    let end_cursor = edges.last().map(|edge| edge.cursor.clone());
    Ok(AuditConnection { edges, page_info: PageInfo { has_next_page, end_cursor } })
}
