//! People and access: who may sign in, from which browsers and with which tokens, what each may do, and the audit log.

use crate::change::Change;

pub(crate) fn change() -> Change {
    Change::new("m0009_people", STATEMENTS)
}

// `user` is a reserved word of PostgreSQL.
const STATEMENTS: &str = "
CREATE TABLE account (
  id {uuid} NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password TEXT,
  subject TEXT UNIQUE,
  role TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  created_at {bigint} NOT NULL,
  updated_at {bigint} NOT NULL,
  signed_in_at {bigint}
) {without_rowid};

CREATE TABLE access_grant (
  user_id {uuid} NOT NULL,
  thing TEXT NOT NULL,
  pattern TEXT NOT NULL,
  level TEXT NOT NULL,
  PRIMARY KEY (user_id, thing, pattern)
) {without_rowid};

CREATE TABLE browser_session (
  id {uuid} NOT NULL PRIMARY KEY,
  user_id {uuid} NOT NULL,
  digest {bytes} NOT NULL UNIQUE,
  created_at {bigint} NOT NULL,
  seen_at {bigint} NOT NULL,
  expires_at {bigint} NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL
) {without_rowid};

CREATE INDEX browser_session_of_user ON browser_session (user_id, id);

CREATE TABLE api_token (
  id {uuid} NOT NULL PRIMARY KEY,
  user_id {uuid} NOT NULL,
  name TEXT NOT NULL,
  digest {bytes} NOT NULL UNIQUE,
  role TEXT NOT NULL,
  read_only BOOLEAN NOT NULL,
  created_at {bigint} NOT NULL,
  expires_at {bigint},
  used_at {bigint}
) {without_rowid};

CREATE INDEX api_token_of_user ON api_token (user_id, id);

CREATE TABLE audit_entry (
  number {bigint} NOT NULL PRIMARY KEY,
  at {bigint} NOT NULL,
  who TEXT NOT NULL,
  way TEXT NOT NULL,
  address TEXT NOT NULL,
  operation TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  given TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  hash {bytes} NOT NULL
);

CREATE INDEX audit_entry_of_who ON audit_entry (who, number);

CREATE INDEX audit_entry_of_operation ON audit_entry (operation, number);

CREATE TABLE audit_intent (
  id {uuid} NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  begun_at {bigint} NOT NULL,
  entry TEXT NOT NULL
) {without_rowid};
";
