//! The nouns of Sluice: workflow document, step, run, task, capability and error codes.
//!
//! Nothing here is async and nothing does I/O (but for `testing`, which reads a corpus for the tests of others); every other crate speaks in these types.
//! Start with [`document::Workflow`] for what a user writes, [`fault::Fault`] for the one shape in which
//! anything wrong reaches a person, and [`run`] for what happens when a workflow runs.
//! What a document *means* (its plan) is the engine's business, not this crate's.

pub mod access;
pub mod alert;
pub mod anomaly;
pub mod artifact;
pub mod backup;
pub mod document;
pub mod fault;
pub mod id;
pub mod kind;
pub mod misfit;
pub mod nearest;
pub mod run;
pub mod schema;
pub mod table_log;
pub mod testing;
pub mod tree;

pub use document::Workflow;
pub use fault::{ErrorCode, Fault};
pub use id::{
    AlertId, AnomalyId, ApiTokenId, BackupId, DeliveryId, RunId, SessionId, StatementId, StepId, TaskId, UserId,
    VersionId, WorkflowId,
};
pub use misfit::{Misfit, misfit};
pub use nearest::nearest;
pub use run::{RunStatus, StepStatus, TaskStatus};
pub use table_log::{TableLog, TableLogEntry, TableLogFilter, TableLogRecord, TableLogStatus};
