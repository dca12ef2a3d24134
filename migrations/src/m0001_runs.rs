//! Workflows, their versions, runs, tasks, log lines, trigger firings and named leases.
//!
//! Instants are microseconds since 1970 (UTC). Ids are UUIDs of version 7, so that "newest first" is "largest id
//! first" and every index grows at its end.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0001_runs", STATEMENTS)
}

const STATEMENTS: &str = "
CREATE TABLE workflow (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    version_id {uuid} NOT NULL,
    number {bigint} NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at {bigint} NOT NULL,
    updated_at {bigint} NOT NULL
);

CREATE TABLE version (
    id {uuid} NOT NULL PRIMARY KEY,
    workflow_id {uuid} NOT NULL,
    number {bigint} NOT NULL,
    created_at {bigint} NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (workflow_id, number)
);

CREATE TABLE run (
    id {uuid} NOT NULL PRIMARY KEY,
    workflow_id {uuid} NOT NULL,
    version_id {uuid} NOT NULL,
    status TEXT NOT NULL,
    revision {bigint} NOT NULL,
    started_by TEXT NOT NULL,
    created_at {bigint} NOT NULL,
    started_at {bigint},
    finished_at {bigint},
    state TEXT NOT NULL
) {busy};

CREATE INDEX run_by_status ON run (status, id);

CREATE INDEX run_by_workflow ON run (workflow_id, status, id);

CREATE TABLE task (
    id {uuid} NOT NULL PRIMARY KEY,
    run_id {uuid} NOT NULL,
    worker TEXT,
    fence {bigint} NOT NULL,
    deliveries {bigint} NOT NULL,
    not_before {bigint} NOT NULL,
    due_at {bigint} NOT NULL,
    spec TEXT NOT NULL
) {busy};

CREATE INDEX task_by_due ON task (due_at, id);

CREATE TABLE log_line (
    id {serial},
    run_id {uuid} NOT NULL,
    at {bigint} NOT NULL,
    step TEXT,
    level TEXT NOT NULL,
    message TEXT NOT NULL
);

CREATE INDEX log_line_by_run ON log_line (run_id, id);

CREATE TABLE trigger_firing (
    workflow_id {uuid} NOT NULL,
    position {bigint} NOT NULL,
    last_fired {bigint} NOT NULL,
    PRIMARY KEY (workflow_id, position)
) {without_rowid};

CREATE TABLE holder (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_at {bigint} NOT NULL
) {without_rowid};
";
