//! Loads plugins, grants them capabilities and meters their calls; the only crate that knows wasmtime.
//!
//! Start with [`Host`]: it installs plugins and opens their sources, sinks, transforms and channels as the traits of `data`.
//! [`Limits`] says what a call may use, [`Grants`] what a plugin may reach; both deny what they do not name.
//! [`conformance`] holds a built plugin against the contract, for its author. The contract itself is `plugin-sdk/wit/`, the only thing shared with the SDK. Who may install or grant is `api`'s and
//! `app`'s business, and what a step does with an opened plugin is `steps`'.

mod bindings;
mod capability;
mod channel;
mod columns;
mod compile;
pub mod conformance;
mod disk;
mod format;
mod grants;
mod host;
mod instance;
mod library;
mod limits;
mod lowered;
mod manifest;
mod package;
mod signature;
mod sink;
mod source;
mod state;
mod transform;
mod translator;
mod trial;

pub use grants::{Grants, HttpPattern, InvalidHttpPattern, InvalidTcpPattern, TcpPattern};
pub use host::{Host, HostConfig, PluginInfo};
pub use limits::Limits;
pub use manifest::{Asks, Manifest, PluginKind};
pub use package::Package;
pub use signature::{SigningKey, Trust};
pub use state::{LocalSecrets, LogSink, PluginLine, Secrets};
pub use translator::PluginTranslator;
