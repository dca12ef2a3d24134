//! The step kinds, one file each, and the stage that streams batches between them.
//!
//! `steps` implements the engine's `TaskRunner`: it renders a step's settings, opens its kind, runs the stage and
//! reports. It decides nothing about what runs next. Connectors and plugins reach it only through the traits of `data`.
//! Start with [`kind`] for what a step kind is, then read `stage.rs`.

pub mod alert;
pub mod artifact;
pub mod backup;
pub mod catalog;
pub mod classify;
pub mod cleanup;
mod columns;
pub mod count;
pub mod diff;
mod edge;
pub mod fetch;
pub mod foreach;
pub mod inspect;
pub mod kind;
mod lanes;
pub mod migrate;
pub mod pin;
pub mod plugin_step;
pub mod quality;
#[cfg(test)]
mod real;
mod rejected;
pub mod route;
pub mod runner;
pub mod schema;
pub mod script;
mod settings;
mod side;
mod spool;
pub mod sql;
pub mod stage;
#[cfg(test)]
mod stand_in;
pub mod stores;
pub mod tables;
mod target;
pub mod transform;
pub mod trial;
pub mod validate;
mod watching;
pub mod write;

pub use catalog::Catalog;
pub use runner::Runner;
pub use stores::Stores;
