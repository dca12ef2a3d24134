//! HTTP: a client that reaches only the addresses the operator allows, answers as sources, and signed webhooks.
//!
//! Start at [`Client`]. A connection of the system `http` has no tables; it can be tested, and steps that fetch or send
//! name it for its address and its credentials.

mod client;
mod connector;
mod error;
mod fetch;
mod resolve;
#[cfg(test)]
mod stub;
mod webhook;

pub use client::{Client, ClientOptions, Method, Request, Response};
pub use connector::{HttpConnector, HttpSettings, open};
pub use fetch::Download;
pub use webhook::{Webhook, WebhookSettings};
