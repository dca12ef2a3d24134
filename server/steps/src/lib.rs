//! The step kinds, one file each, and the stage that streams batches between them.
//!
//! `steps` implements the engine's `TaskRunner`: it renders a step's settings, opens its kind, runs the stage and
//! reports. It decides nothing about what runs next. Connectors and plugins reach it only through the traits of `data`.
//! Start with [`kind`] for what a step kind is, then read `stage.rs`.

pub mod kind;
