//! Connections: whether the console may write, what people say about them, how the last test went, and a revision by
//! which a change is noticed.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0006_connections", STATEMENTS)
}

const STATEMENTS: &str = "
ALTER TABLE connection ADD COLUMN allow_write BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE connection ADD COLUMN description TEXT;

ALTER TABLE connection ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';

ALTER TABLE connection ADD COLUMN revision {bigint} NOT NULL DEFAULT 0;

ALTER TABLE connection ADD COLUMN tested_at {bigint};

ALTER TABLE connection ADD COLUMN test_result TEXT;
";
