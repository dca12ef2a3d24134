//! Artifacts: small files that runs leave.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0010_artifacts", STATEMENTS)
}

// `content` comes last: SQLite then reads what stands before it without the pages it fills.
const STATEMENTS: &str = "
CREATE TABLE artifact (
  id {serial},
  run_id {uuid} NOT NULL,
  name TEXT NOT NULL,
  step TEXT NOT NULL,
  task TEXT NOT NULL,
  fence {bigint} NOT NULL,
  media_type TEXT NOT NULL,
  bytes {bigint} NOT NULL,
  rows_held {bigint} NOT NULL,
  digest TEXT NOT NULL,
  created_at {bigint} NOT NULL,
  content {bytes} NOT NULL,
  UNIQUE (run_id, name)
);

CREATE INDEX artifact_by_age ON artifact (created_at);
";
