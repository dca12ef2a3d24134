//! The console's history: who asked which statement of which connection, and how it ended.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0004_console", STATEMENTS)
}

const STATEMENTS: &str = "
CREATE TABLE console_statement (
  id {uuid} NOT NULL PRIMARY KEY,
  started_at {bigint} NOT NULL,
  who TEXT NOT NULL,
  connection TEXT NOT NULL,
  statement TEXT NOT NULL,
  params {bigint} NOT NULL,
  may_write BOOLEAN NOT NULL,
  outcome TEXT NOT NULL,
  row_count {bigint},
  truncated BOOLEAN NOT NULL,
  affected {bigint},
  duration_ms {bigint},
  error_code TEXT
) {without_rowid};

CREATE INDEX console_statement_of_connection ON console_statement (connection, id);

CREATE INDEX console_statement_of_who ON console_statement (who, id);
";
