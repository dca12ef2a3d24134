//! Alerts, their deliveries to channels, and every attempt to deliver.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0008_alerts", STATEMENTS)
}

const STATEMENTS: &str = "
CREATE TABLE alert (
  id {uuid} NOT NULL PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  severity TEXT NOT NULL,
  content TEXT NOT NULL,
  labels TEXT NOT NULL,
  workflow TEXT,
  run_id {uuid},
  step TEXT,
  dedupe_key TEXT,
  raised_at {bigint} NOT NULL,
  duplicate_of {uuid},
  acknowledged_at {bigint},
  acknowledged_by TEXT,
  comment TEXT
);

CREATE INDEX alert_by_dedupe_key ON alert (dedupe_key, raised_at);

CREATE INDEX alert_of_run ON alert (run_id, id);

CREATE TABLE alert_delivery (
  id {uuid} NOT NULL PRIMARY KEY,
  alert_id {uuid} NOT NULL,
  channel TEXT NOT NULL,
  level {bigint} NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  next_at {bigint},
  leased_until {bigint},
  group_key TEXT,
  message_id TEXT,
  attempts {bigint} NOT NULL,
  provider_id TEXT,
  created_at {bigint} NOT NULL,
  ended_at {bigint}
) {busy};

CREATE INDEX alert_delivery_of_alert ON alert_delivery (alert_id, id);

CREATE INDEX alert_delivery_by_time ON alert_delivery (status, next_at);

CREATE INDEX alert_delivery_by_group ON alert_delivery (group_key, channel);

CREATE INDEX alert_delivery_by_message ON alert_delivery (message_id, channel);

CREATE TABLE alert_attempt (
  delivery_id {uuid} NOT NULL,
  number {bigint} NOT NULL,
  channel TEXT NOT NULL,
  message_id TEXT NOT NULL,
  at {bigint} NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  text TEXT,
  duration_ms {bigint},
  next_at {bigint},
  PRIMARY KEY (delivery_id, number)
) {without_rowid};

CREATE INDEX alert_attempt_of_channel ON alert_attempt (channel, at);
";
