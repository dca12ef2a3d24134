//! What people do with connections by hand: the SQL console, the care of connections, tables as code, monitors,
//! comparisons and migrations, alerts and the channels they go by.
//!
//! The command line and the API both go through here, so that the same rules hold for both: what is asked is checked,
//! bounded and put on record in the metadata database. It reaches systems only through the traits of `data`.
//! [`Workbench`] is the whole of it, as `app` builds it and `api` holds it.

pub mod alerts;
pub mod anomalies;
pub mod audit;
pub mod channels;
pub mod connections;
pub mod console;
pub mod diffs;
pub mod environment;
pub mod migrations;
pub mod monitors;
mod name;
pub mod people;
pub mod plugins;
pub mod server;
pub mod tables;
pub mod translations;
pub mod trials;

pub use alerts::AlertDesk;
pub use channels::ChannelCare;
pub use connections::{ConnectionBook, ConnectionCare};
pub use environment::Environment;
pub use name::require_name;

use console::Console;
use data::Connections;
use engine::ports::Artifacts;
use std::sync::Arc;

pub use tables::Tables;
pub use translations::Translations;

/// The services of this crate, built once for each process. Cloning is cheap.
#[derive(Clone)]
pub struct Workbench {
    /// Connectors by the names of their connections, opened once and shared.
    pub pools: Arc<dyn Connections>,
    /// The care of connections: create, change, delete, list, test.
    pub connections: Arc<ConnectionCare>,
    /// The SQL console and its history.
    pub console: Console,
    /// Tables as code.
    pub tables: Tables,
    /// Anomalies, the rules people set for them, and the record of backups.
    pub anomalies: anomalies::Anomalies,
    /// Who changed what.
    pub audit: audit::Audit,
    /// Who may sign in, and what each may do.
    pub people: people::People,
    /// Translating SQL between dialects.
    pub translations: Translations,
    /// What comparisons found, kept for a while for people who leaf through it.
    pub diffs: diffs::KeptDiffs,
    /// Alerts: the delivery log and the policy.
    pub alerts: AlertDesk,
    /// The care of channels.
    pub channels: ChannelCare,
    /// The installed plugins.
    pub plugins: Arc<dyn plugins::PluginShelf>,
    /// Small files that runs left.
    pub artifacts: Arc<dyn Artifacts>,
    /// Tries documents on a sample.
    pub trials: Arc<dyn trials::Tester>,
    /// The server itself, for whoever looks after it.
    pub server: server::ServerCare,
}
