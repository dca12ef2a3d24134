//! GraphQL: the schema, put together from one file per concern.
//!
//! Lists are capped, documents are limited in depth, tokens and fields, and every request in time, since juniper has no
//! cost model of its own.

pub mod alerts;
pub mod anomalies;
pub mod audit;
pub mod channels;
pub mod connections;
pub mod console;
pub mod diffs;
pub mod http;
pub mod migrations;
pub mod monitors;
pub mod mutation;
pub mod page;
pub mod people;
pub mod plugins;
pub mod query;
pub mod server;
pub mod socket;
pub mod subscription;
pub mod tables;
pub mod translations;
pub mod trials;
pub mod types;

use crate::access::Caller;
use crate::access::guard::Guarded;
use crate::access::operations::Root;
use engine::engine::Engine;
use juniper::RootNode;
use model::RunId;
use model::access::Thing;
use page::page_size;
use std::sync::Arc;
use workbench::Workbench;

/// The whole schema.
pub type Schema = RootNode<Guarded<query::Query>, Guarded<mutation::Mutation>, Guarded<subscription::Subscription>>;

/// What resolvers can reach.
#[derive(Clone)]
pub struct Context {
    /// Decides.
    pub engine: Arc<Engine>,
    /// What people do by hand: connections, the console, tables as code.
    pub workbench: Workbench,
    /// Who asks. What a field is about was asked before it is resolved; lists are filtered by it.
    pub caller: Caller,
    /// Whether a socket asks, which is for subscriptions alone: the limits of a request do not hold there.
    pub is_socket: bool,
}

impl juniper::Context for Context {}

/// The most items one page of a list may have.
pub const PAGE_MOST: i32 = 200;

/// Makes the schema.
#[must_use]
pub fn schema() -> Schema {
    let query = Guarded(query::Query, Root::Query);
    let mutation = Guarded(mutation::Mutation, Root::Mutation);
    Schema::new(query, mutation, Guarded(subscription::Subscription, Root::Subscription))
        .limit_depth(12)
        .limit_tokens(5_000)
        .limit_fields(500)
}

impl Context {
    /// Whether lists show a connection; no name: what belongs to none.
    fn sees_connection(&self, name: &str) -> bool {
        name.is_empty() || self.caller.sees(Thing::Connection, name)
    }

    /// Whether lists show a workflow.
    fn sees_workflow(&self, name: &str) -> bool {
        self.caller.sees(Thing::Workflow, name)
    }

    /// Whether lists show what a run did.
    async fn sees_run(&self, run: RunId) -> bool {
        if self.caller.sees_all(Thing::Workflow) {
            return true;
        }
        let name = crate::access::needs::workflow_of(self, run).await;
        matches!(name, Ok(Some(name)) if self.sees_workflow(&name))
    }
}
