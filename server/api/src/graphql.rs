//! GraphQL: the schema, put together from one file per concern.
//!
//! Lists are capped, documents are limited in depth, tokens and fields, and every request in time, since juniper has no
//! cost model of its own.

pub mod anomalies;
pub mod connections;
pub mod console;
pub mod diffs;
pub mod http;
pub mod migrations;
pub mod monitors;
pub mod mutation;
pub mod query;
pub mod socket;
pub mod subscription;
pub mod tables;
pub mod translations;
pub mod types;

use engine::engine::Engine;
use juniper::RootNode;
use std::sync::Arc;
use workbench::Workbench;

/// The whole schema.
pub type Schema = RootNode<query::Query, mutation::Mutation, subscription::Subscription>;

/// What resolvers can reach.
#[derive(Clone)]
pub struct Context {
    /// Decides.
    pub engine: Arc<Engine>,
    /// What people do by hand: connections, the console, tables as code.
    pub workbench: Workbench,
}

impl juniper::Context for Context {}

/// The most items one page of a list may have.
pub const PAGE_MOST: i32 = 200;

/// Makes the schema.
#[must_use]
pub fn schema() -> Schema {
    Schema::new(query::Query, mutation::Mutation, subscription::Subscription)
        .limit_depth(12)
        .limit_tokens(5_000)
        .limit_fields(500)
}

/// How many items a page gets: `first`, or 50, at most [`PAGE_MOST`].
fn page_size(first: Option<i32>) -> u32 {
    u32::try_from(first.unwrap_or(50).clamp(1, PAGE_MOST)).unwrap_or(1)
}
