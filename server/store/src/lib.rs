//! The metadata database and the dispatch of tasks; the only crate that knows sea-orm.
//!
//! [`Database`] keeps workflows, runs, tasks and log lines on SQLite or PostgreSQL and is the engine's `RunStore`; the
//! records people make (connections, channels, plugins, settings, secrets) are its methods, one file per noun.
//! [`dispatch`] wakes workers in one process or through Redis. [`secrets`] seals what must not be read from a
//! stolen database file. Start with `database.rs`, then `commit.rs`: every durable change of a run goes through it.

mod accounts;
mod alerts;
mod anomalies;
mod api_tokens;
mod artifacts;
mod audit;
mod audit_intents;
mod backups;
mod catalog;
mod channels;
mod commit;
mod connections;
mod console;
mod database;
pub mod dispatch;
mod error;
mod logs;
mod plugins;
mod purge;
mod reseal;
mod run_store;
mod runs;
pub mod secrets;
mod sessions;
mod settings;
mod sql;
mod table_logs;
mod tasks;
mod triggers;
mod watch;
mod workflows;

pub use accounts::{AccountRecord, NewAccount};
pub use alerts::{AttemptEnd, Claim, Which};
pub use api_tokens::{ApiTokenRecord, NewApiToken};
pub use audit::{AuditEntry, AuditFilter, AuditLink, NewAuditEntry};
pub use audit_intents::AuditIntent;
pub use channels::{ChannelRecord, NewChannel};
pub use connections::{ConnectionRecord, NewConnection};
pub use console::{NewStatement, Outcome, StatementEnd, StatementFilter, StatementRecord};
pub use database::{Database, Options};
pub use error::Error;
pub use plugins::{NewPlugin, PluginRecord};
pub use reseal::SealedValues;
pub use sessions::{NewSession, SessionRecord};
