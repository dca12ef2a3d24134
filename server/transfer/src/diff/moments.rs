//! One moment for all reads of a side: several sessions that see the data as they were when the comparison began.

use super::plan::{Plan, places};
use data::{Connector, Result, Snapshot};
use futures::future::try_join;

/// The moments of both sides, held until the comparison ends.
#[derive(Default)]
pub(super) struct Moments {
    left: Option<Snapshot>,
    right: Option<Snapshot>,
    /// Whether the right side is read as of the left one's.
    shared: bool,
    taken: bool,
}

impl Moments {
    pub(super) fn left(&self) -> Option<String> {
        self.left.as_ref().map(|snapshot| snapshot.name.clone())
    }

    pub(super) fn right(&self) -> Option<String> {
        if self.shared { self.left() } else { self.right.as_ref().map(|snapshot| snapshot.name.clone()) }
    }

    /// How many sessions of its own pool a side's moment takes.
    pub(super) fn sessions(&self) -> usize {
        usize::from(self.left.is_some() || self.right.is_some())
    }
}

impl Plan {
    /// Holds both sides as they are now, where their sessions can share a moment and the pools have room for one more;
    /// `together`: one database holds both.
    pub(super) async fn hold(&mut self, left: &dyn Connector, right: &dyn Connector, together: bool) -> Result<()> {
        if self.moments.taken || places(left, right, 1) == Some(0) {
            return Ok(());
        }
        let (left, right) = match together {
            true => (left.snapshot().await?, None),
            false => try_join(left.snapshot(), right.snapshot()).await?,
        };
        self.moments = Moments { left, right, shared: together, taken: true };
        Ok(())
    }
}
