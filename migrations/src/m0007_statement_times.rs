//! The console's history: until when a statement can still be running, so that one whose process was killed is told
//! from one that runs; and its order by the time of asking, since an id may be the caller's own.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0007_statement_times", STATEMENTS)
}

// What ran before may have had any limit of time; an hour is beyond what anybody sets.
const STATEMENTS: &str = "
ALTER TABLE console_statement ADD COLUMN ends_by {bigint};

UPDATE console_statement SET ends_by = started_at + 3600000000 WHERE outcome = 'running';

CREATE INDEX console_statement_running ON console_statement (ends_by) WHERE outcome = 'running';

DROP INDEX console_statement_of_connection;

DROP INDEX console_statement_of_who;

CREATE INDEX console_statement_in_time ON console_statement (started_at, id);

CREATE INDEX console_statement_of_connection_in_time ON console_statement (connection, started_at, id);

CREATE INDEX console_statement_of_who_in_time ON console_statement (who, started_at, id);
";
