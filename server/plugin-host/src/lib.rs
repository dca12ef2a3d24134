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
mod component;
pub mod conformance;
mod disk;
mod format;
mod grants;
mod health;
mod host;
mod info;
mod instance;
mod library;
mod limits;
mod lowered;
mod manifest;
mod package;
mod program;
mod renewal;
mod script;
mod signature;
mod sink;
mod source;
mod state;
mod transform;
mod translator;
mod trial;

pub use capability::names::{Names, SystemNames};
pub use grants::{
    ConnectionGrant, Grants, HttpPattern, InvalidConnectionGrant, InvalidHttpPattern, InvalidTcpPattern, TcpPattern,
};
pub use health::{KeptLine, PluginFailure, PluginHealth};
pub use host::{Host, HostConfig};
pub use info::PluginInfo;
pub use limits::Limits;
pub use manifest::{Asks, Manifest, PluginKind};
pub use package::{Entry, Package};
pub use script::{ScriptTest, check_script, test_script};
pub use signature::{SigningKey, Trust};
pub use state::{LocalSecrets, LogSink, PluginLine, Secrets};
pub use translator::{PluginTranslator, Rules, translate_with_rules};
