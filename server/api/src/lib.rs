//! GraphQL, REST and webhooks: translates requests and decides nothing.
//!
//! Every route is listed in [`server`]; each passes [`access`], where all authority is decided. What
//! starts, stops or changes a run goes to the engine. `web` serves the editor that was built into the binary. Faults keep the one shape on their way out ([`error`]).

pub mod access;
pub mod auth;
pub mod body;
pub mod error;
pub mod graphql;
pub mod health;
pub mod hooks;
pub mod openapi;
pub mod rest;
pub mod server;
mod web;

pub use server::{ApiConfig, ApiState, serve};
