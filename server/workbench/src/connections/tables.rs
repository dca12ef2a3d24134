//! What a connection's system says about its tables.

use super::ConnectionCare;
use data::connector::TableInfo;
use data::{Connector, TableStructure};
use model::{ErrorCode, Fault, nearest};
use serde::Serialize;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long a system may take to describe itself.
const LONGEST: Duration = Duration::from_secs(30);

/// Tables on one page at most.
const LARGEST_PAGE: usize = 1_000;

/// A table with everything its system tells.
#[derive(Debug, Clone, Serialize)]
pub struct TableView {
    /// Columns, key and the system's guess of the number of rows.
    #[serde(flatten)]
    pub info: TableInfo,
    /// Indexes, keys, defaults and options; none where the connector does not describe them.
    pub structure: Option<TableStructure>,
}

impl ConnectionCare {
    /// Names of the tables by their bytes, after the one called `after`, at most `limit` and 1,000.
    ///
    /// # Errors
    /// `connection_not_found`, `unsupported`, or what the system says.
    pub async fn list_tables(&self, name: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Fault> {
        let connector = self.pools.get(name).await.map_err(|error| *error.fault)?;
        let mut tables = apart(async move { connector.list_tables().await }).await?;
        tables.sort();
        if let Some(after) = after {
            tables.retain(|table| table.as_str() > after);
        }
        tables.truncate((limit as usize).clamp(1, LARGEST_PAGE));
        Ok(tables)
    }

    /// The table of that name.
    ///
    /// # Errors
    /// `table_not_found` with a near name in the hint; else as for [`ConnectionCare::list_tables`].
    pub async fn get_table(&self, name: &str, table: &str) -> Result<TableView, Fault> {
        let connector = self.pools.get(name).await.map_err(|error| *error.fault)?;
        let wanted = table.to_owned();
        let (info, structure) = apart(async move { describe(&connector, &wanted).await }).await?;
        if let Some(info) = info {
            return Ok(TableView { info, structure });
        }
        let shown = crate::name::shorten(table);
        let fault = Fault::new(ErrorCode::TableNotFound, format!("connection `{name}` has no table `{shown}`"));
        let tables = self.list_tables(name, None, u32::MAX).await.unwrap_or_default();
        Err(match nearest(&shown, tables.iter().map(String::as_str)) {
            Some(near) => fault.hint(format!("Did you mean `{near}`?")),
            None => fault.hint(format!("`sluice connection tables {name}` shows what there is.")),
        })
    }
}

async fn describe(
    connector: &Arc<dyn Connector>,
    table: &str,
) -> data::Result<(Option<TableInfo>, Option<TableStructure>)> {
    let info = connector.find_table(table).await?;
    if info.is_none() || !connector.abilities().structure {
        return Ok((info, None));
    }
    Ok((info, connector.structure(table).await?))
}

/// Asks in a task of its own, so that a driver that hangs or panics takes nobody with it.
async fn apart<T: Send + 'static>(asking: impl Future<Output = data::Result<T>> + Send + 'static) -> Result<T, Fault> {
    let task = tokio::spawn(asking);
    let abort = task.abort_handle();
    match tokio::time::timeout(LONGEST, task).await {
        Ok(Ok(answer)) => answer.map_err(|error| *error.fault),
        Ok(Err(_)) => Err(Fault::new(ErrorCode::Internal, "the driver broke off").hint("The server's log tells more.")),
        Err(_) => {
            abort.abort();
            let message = format!("there was no answer within {} s", LONGEST.as_secs());
            Err(Fault::new(ErrorCode::ConnectionFailed, message)
                .hint("See whether the system is busy, then try again."))
        }
    }
}
