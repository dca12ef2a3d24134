//! A table that nobody described: a write made it from its rows, and the logs say so all the same.

use super::import::database_type;
use super::journal::{Place, Scribe};
use data::{Connector, Result};

/// Puts into the logs of creations, columns and operations that `table` was made by the statement `ddl`.
///
/// # Errors
/// When the system cannot tell what the table is like.
pub async fn note_made(
    scribe: &Scribe<'_>,
    connector: &dyn Connector,
    connection: &str,
    table: &str,
    ddl: &str,
) -> Result<()> {
    let Some(structure) = connector.structure(table).await? else { return Ok(()) };
    let database_type = database_type(connector).await?.as_str();
    scribe.made(Place { database_type, connection, table }, &structure, ddl).await;
    Ok(())
}
