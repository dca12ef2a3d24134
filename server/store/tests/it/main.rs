//! The behavior suites of the store: the same cases on SQLite and PostgreSQL, in memory and through Redis.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod alerts;
mod anomalies;
mod artifacts;
mod catalogs;
mod commits;
mod console;
mod dispatch;
mod leases;
mod opening;
mod people;
mod records;
mod setup;
mod table_logs;
