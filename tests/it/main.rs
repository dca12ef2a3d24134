//! Whole-server tests: the `sluice` binary as a user runs it, in one test binary.
//!
//! [`program`] knows the binary, [`scenarios`] runs each folder of `scenarios/`, [`market_day`] the ready-made workflow.

#![allow(clippy::unwrap_used)]

mod market_day;
mod program;
mod scenarios;
