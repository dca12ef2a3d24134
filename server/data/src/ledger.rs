//! The sink's own record of what it has written.
//!
//! A sink with transactions keeps a table `_sluice_ledger(task, lane, fence, sequence, checkpoint, updated_at)` beside its
//! data, primary key `(task, lane)`, and updates its line in the transaction that writes the rows. A retry reads it to
//! know what to skip. `task` names a *logical* unit of work (run, step, chunk), the same in every attempt; `fence`
//! is the number of the lease, larger in every attempt: a worker that was stopped past its lease and woken finds a
//! larger fence in its line and must write nothing.

use crate::Checkpoint;

/// Names the ledger line of one sink in one run, whatever the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LedgerKey {
    /// `run_…/stored` or `run_…/stored/17` for a chunk; at most 200 bytes.
    pub task: String,
    /// The fencing number of the lease under which this attempt writes.
    pub fence: i64,
}

/// What a ledger line says of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The last batch that is durable here.
    pub sequence: u64,
    /// Where the source can go on after it, if it can.
    pub checkpoint: Option<Checkpoint>,
}
