//! How many rows two sides have.

use crate::diff::Side;
use data::{Connector, Result};

/// The number of rows of `side`.
///
/// # Errors
/// As for [`Connector::count`].
pub async fn count(connector: &dyn Connector, side: &Side) -> Result<u64> {
    connector.count(&side.relation, side.filter.as_deref()).await
}

/// The numbers of rows of two sides, counted at the same time.
///
/// # Errors
/// As for [`count`].
pub async fn count_both(left: (&dyn Connector, &Side), right: (&dyn Connector, &Side)) -> Result<(u64, u64)> {
    tokio::try_join!(count(left.0, left.1), count(right.0, right.1))
}
