//! Whole-server tests: the `sluice` binary as a user runs it, in one test binary.
//!
//! [`plugins`] carries out the READMEs of the first-party plugins against [`stubs`] of their services.
//! [`program`] knows the binary, [`server`] runs it as a server that can be killed, [`http`] and [`websocket`] speak to
//! it, [`site`] is what it fetches from, [`databases`] what it writes to. [`scenarios`] runs each folder of `scenarios/`,
//! [`market_day`] the ready-made workflow; the other files hold one feature's tests each.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod access;
mod alerts;
mod anomalies;
mod artifacts;
mod backups;
mod bad_input;
mod cleanup;
mod cluster;
mod connections;
mod console;
mod databases;
mod diff;
mod editor;
mod exports;
mod fuzz;
mod graphql;
mod hooks;
mod http;
mod killed;
mod market_day;
mod migrate;
mod monitors;
mod plugins;
#[cfg(unix)]
mod private;
mod program;
mod rest;
mod scenarios;
mod server;
mod site;
mod stores;
mod stubs;
mod subscriptions;
mod tables;
mod translate;
mod trials;
mod validate;
mod websocket;
