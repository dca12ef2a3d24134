//! The one shape in which anything wrong reaches a person, and the list of all codes.
//!
//! A fault says what is wrong, where, and what to do. GraphQL puts it into `extensions`, REST into the body, the
//! editor draws it on the step it concerns, and every code has a page in `docs/errors/`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which kind of wrong; never reused for another.
    pub code: ErrorCode,
    /// Lowercase, no final period, the culprit in backticks, never a secret.
    pub message: String,
    /// A sentence that tells what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the document: `steps.stored.with.connection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line in the document, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in that line, in characters, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Fault {
    /// A fault without place or hint.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, path: None, line: None, column: None }
    }

    /// The same fault, telling what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault, telling where in the document it is.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The same fault, telling line and column, both counted from 1.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:literal;)+) => {
        /// Every kind of fault there is, with its word and its HTTP status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $($(#[$doc])* $variant),+ }

        impl ErrorCode {
            /// Every code; a test demands a page in `docs/errors/` for each.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word people see.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }
        }
    };
}

codes! {
    // Documents.
    /// The text is not YAML or JSON, or breaks one of the reader's limits.
    DocumentUnreadable = "document_unreadable", 422;
    /// The document exceeds a limit on bytes, depth, aliases or steps.
    DocumentTooLarge = "document_too_large", 413;
    /// A key that the document's schema does not know.
    UnknownKey = "unknown_key", 422;
    /// The same key, id or name twice.
    Duplicate = "duplicate", 422;
    /// A value of the wrong type or outside what is allowed.
    InvalidValue = "invalid_value", 422;
    /// A key that must be there is not.
    MissingKey = "missing_key", 422;
    /// `uses` names a step kind that does not exist.
    UnknownStepKind = "unknown_step_kind", 422;
    /// `from` or `needs` names a step that does not exist.
    StepNotFound = "step_not_found", 422;
    /// `from` names a port that the step does not have.
    PortNotFound = "port_not_found", 422;
    /// Steps wait for each other in a circle.
    Cycle = "cycle", 422;
    /// A `${{ }}` expression does not parse, names what does not exist, or failed when evaluated.
    InvalidExpression = "invalid_expression", 422;
    /// A cron line, time zone or duration that cannot be read.
    InvalidSchedule = "invalid_schedule", 422;
    /// A SQL condition or query that does not parse or does not fit the data.
    InvalidSql = "invalid_sql", 422;
    /// An input is missing, unknown or of the wrong type.
    InvalidInput = "invalid_input", 422;

    // Things that are not there, or already are.
    /// No workflow of that name or id.
    WorkflowNotFound = "workflow_not_found", 404;
    /// No version of that number.
    VersionNotFound = "version_not_found", 404;
    /// No run of that id.
    RunNotFound = "run_not_found", 404;
    /// No connection of that name.
    ConnectionNotFound = "connection_not_found", 404;
    /// No channel of that name.
    ChannelNotFound = "channel_not_found", 404;
    /// No plugin of that name and version.
    PluginNotFound = "plugin_not_found", 404;
    /// No table of that name in the connection.
    TableNotFound = "table_not_found", 404;
    /// No column of that name in the table or batch.
    ColumnNotFound = "column_not_found", 404;
    /// No file of that name, or it cannot be read.
    FileNotFound = "file_not_found", 404;
    /// No webhook listens on that path.
    WebhookNotFound = "webhook_not_found", 404;
    /// No anomaly of that id.
    AnomalyNotFound = "anomaly_not_found", 404;
    /// No backup of that id.
    BackupNotFound = "backup_not_found", 404;
    /// The run has no artifact of that name.
    ArtifactNotFound = "artifact_not_found", 404;
    /// Something of that name exists already.
    AlreadyExists = "already_exists", 409;
    /// What was agreed to no longer holds: something was changed meanwhile.
    PlanChanged = "plan_changed", 409;
    /// Enabled workflows use the connection.
    ConnectionInUse = "connection_in_use", 409;
    /// The connection comes from the environment and cannot be changed here.
    ConnectionReadOnly = "connection_read_only", 409;
    /// The run is in a state that does not allow this.
    RunStateConflict = "run_state_conflict", 409;

    // Outside systems.
    /// The system could not be reached: name, port, time-out.
    ConnectionFailed = "connection_failed", 502;
    /// The system refused the credentials.
    AuthenticationFailed = "authentication_failed", 502;
    /// The user of the connection may not do this.
    PermissionDenied = "permission_denied", 502;
    /// The address is not among those the operator allows.
    AddressRefused = "address_refused", 403;
    /// The database refused a statement.
    StatementFailed = "statement_failed", 502;
    /// The console, or the connection, does not allow such a statement.
    StatementNotAllowed = "statement_not_allowed", 403;
    /// No statement of that id is running.
    StatementNotFound = "statement_not_found", 404;
    /// A change would lose data, which was not allowed.
    LossNotAllowed = "loss_not_allowed", 403;
    /// A statement took longer than it may.
    StatementTimeout = "statement_timeout", 504;
    /// The remote answered with an error or with what cannot be understood.
    RemoteFailed = "remote_failed", 502;
    /// Files of a backup are missing or are not as they were written.
    BackupDamaged = "backup_damaged", 422;
    /// A value does not fit its column or type.
    ValueRefused = "value_refused", 422;
    /// The system has no such ability.
    Unsupported = "unsupported", 422;

    // Runs.
    /// A step exceeded its time.
    StepTimeout = "step_timeout", 504;
    /// A run exceeded its time.
    RunTimeout = "run_timeout", 504;
    /// The run was canceled.
    Canceled = "canceled", 409;
    /// The step was not run because one before it failed or was skipped.
    UpstreamFailed = "upstream_failed", 409;
    /// The concurrency rule of the workflow turned the run away.
    ConcurrencyLimit = "concurrency_limit", 409;
    /// The worker that held the task vanished too many times.
    WorkerLost = "worker_lost", 500;
    /// The worker's lease had ended; its result was refused.
    LeaseLost = "lease_lost", 409;
    /// A rule of severity error refused rows, and the step does not allow that.
    RowsRejected = "rows_rejected", 422;
    /// After a migration source and target differ more than allowed.
    RowsDiffer = "rows_differ", 422;
    /// A batch that was to be replayed is gone or differs.
    ReplayImpossible = "replay_impossible", 500;
    /// An artifact, or all of a run together, exceed what is kept.
    ArtifactTooLarge = "artifact_too_large", 413;
    /// A script failed or exceeded its limits.
    ScriptFailed = "script_failed", 422;

    // Plugins.
    /// The folder, manifest or component is not a plugin this server can load.
    PluginInvalid = "plugin_invalid", 422;
    /// The plugin asked for what it was not granted.
    CapabilityDenied = "capability_denied", 403;
    /// The plugin trapped, panicked or broke the contract.
    PluginFailed = "plugin_failed", 502;
    /// The plugin exceeded a limit of memory, time, log volume or host calls.
    PluginLimit = "plugin_limit", 502;

    // Alerts.
    /// The channel did not take the message.
    DeliveryFailed = "delivery_failed", 502;
    /// No alert of that id.
    AlertNotFound = "alert_not_found", 404;
    /// No delivery of that id.
    DeliveryNotFound = "delivery_not_found", 404;

    // The server.
    /// No or wrong credentials for this request.
    Unauthorized = "unauthorized", 401;
    /// The caller's role and grants do not allow this.
    Forbidden = "forbidden", 403;
    /// No person of that id or name.
    UserNotFound = "user_not_found", 404;
    /// No session of that id.
    SessionNotFound = "session_not_found", 404;
    /// No API token of that id.
    TokenNotFound = "token_not_found", 404;
    /// The request exceeds a limit.
    RequestTooLarge = "request_too_large", 413;
    /// More comes in than can be worked off; the caller should come again later.
    TooBusy = "too_busy", 429;
    /// The request itself is malformed.
    BadRequest = "bad_request", 400;
    /// The metadata database failed.
    StoreFailed = "store_failed", 500;
    /// The disk is full or cannot be written.
    DiskFailed = "disk_failed", 507;
    /// The server's settings are wrong.
    InvalidConfiguration = "invalid_configuration", 422;
    /// A fault of Sluice's own.
    Internal = "internal", 500;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page() {
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        let missing: Vec<_> = ErrorCode::ALL
            .iter()
            .filter(|code| !std::path::Path::new(pages).join(format!("{code}.md")).is_file())
            .collect();
        assert!(missing.is_empty(), "docs/errors/ lacks {missing:?}");
    }

    #[test]
    fn a_code_serializes_as_its_word() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).ok(), Some(code.as_str().into()));
        }
    }
}
