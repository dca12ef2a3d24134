//! What watching the stores leaves: anomalies and the rules people set for them, backups, inspections.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0005_anomalies", STATEMENTS)
}

const STATEMENTS: &str = "
CREATE TABLE anomaly (
    id {uuid} NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    rule TEXT NOT NULL,
    severity {bigint} NOT NULL,
    state TEXT NOT NULL,
    connection TEXT NOT NULL,
    table_name TEXT NOT NULL,
    subject TEXT NOT NULL,
    scope TEXT NOT NULL,
    message TEXT NOT NULL,
    details TEXT NOT NULL,
    seen {bigint} NOT NULL,
    first_seen {bigint} NOT NULL,
    last_seen {bigint} NOT NULL,
    run_id {uuid},
    changed_by TEXT,
    changed_at {bigint} NOT NULL,
    comment TEXT,
    alerted_at {bigint},
    alert_due BOOLEAN NOT NULL
) {busy};

CREATE INDEX anomaly_by_sight ON anomaly (last_seen, id);

CREATE INDEX anomaly_by_place ON anomaly (connection, table_name, rule);

CREATE TABLE anomaly_rule (
    name TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    updated_at {bigint} NOT NULL,
    updated_by TEXT
);

CREATE TABLE backup (
    id {uuid} NOT NULL PRIMARY KEY,
    connection TEXT NOT NULL,
    folder TEXT NOT NULL,
    method TEXT NOT NULL,
    bytes {bigint} NOT NULL,
    checksum TEXT NOT NULL,
    duration_ms {bigint} NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    run_id {uuid},
    created_at {bigint} NOT NULL,
    verified_at {bigint}
);

CREATE INDEX backup_by_connection ON backup (connection, id);

CREATE TABLE inspection (
    connection TEXT NOT NULL,
    at {bigint} NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (connection, at)
);
";
