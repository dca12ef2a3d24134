//! Capability `sql`: statements on connections that an administrator granted under names of the plugin's choice.
//!
//! A query goes the way of the SQL console, with its five layers, whatever the grant says; changes are made in a
//! transaction, which needs a grant for writing. What the plugin cannot name it cannot reach: the grant holds the
//! connection, and who opens it ([`data::Connections`]) is handed to the host from outside.

use super::refuse;
use crate::bindings::sluice::plugin::sql;
use crate::bindings::sluice::plugin::types as wit;
use crate::bindings::sluice::plugin::types::{BatchResult, Error, ErrorKind, SchemaResult};
use crate::columns::{lift, lift_schema, lower, lower_schema, plain_schema};
use crate::state::State;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use data::console::{ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows};
use data::transaction::{SqlTransaction, WithoutTransaction};
use data::{Connections, Connector};
use model::ErrorCode;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::time::timeout;
use wasmtime::component::Resource;

/// Answers and transactions that one instance may have open at once.
const OPEN: usize = 8;
/// A larger row is refused.
const ROW: u64 = 16 << 20;

/// The server's connections, told once they are there; who opens them holds the host.
pub(crate) type Registry = OnceLock<Weak<dyn Connections>>;

/// Rows of an answer.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Rows {
    rows: Box<dyn ConsoleRows>,
    /// The columns as plugins see them.
    plain: SchemaRef,
    seen: u64,
    bytes: u64,
}

/// A transaction; none once it was committed or had an error.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Transaction(Option<Box<dyn SqlTransaction>>);

/// What the connector said, as the plugin is told it.
pub(crate) fn told(error: &data::Error) -> Error {
    let kind = match error.code() {
        ErrorCode::StatementNotAllowed | ErrorCode::CapabilityDenied | ErrorCode::PermissionDenied => ErrorKind::Denied,
        ErrorCode::AuthenticationFailed => ErrorKind::Auth,
        _ if error.retryable => ErrorKind::Transient,
        ErrorCode::ValueRefused => ErrorKind::Data,
        _ => ErrorKind::Permanent,
    };
    let message = match &error.fault.hint {
        Some(hint) => format!("{} ({})", error.fault.message, hint.trim_end_matches('.')),
        None => error.fault.message.clone(),
    };
    let wait = error.retry_after.and_then(|wait| u64::try_from(wait.as_millis()).ok());
    let details = vec![("code".to_owned(), error.code().to_string())];
    Error { kind, message, field: None, row: None, retry_after_ms: wait, details }
}

impl State {
    /// The connection behind a granted name, and whether it may be written.
    pub(crate) async fn granted(&mut self, capability: &str, name: &str) -> Result<(Arc<dyn Connector>, bool), Error> {
        let shown = super::always::clean(name, 128);
        let granted = if capability == "sql" { &self.grants.sql } else { &self.grants.redis };
        let Some(grant) = granted.get(name) else {
            let message = format!(
                "`{capability}` connection `{shown}` was not granted to plugin `{plugin}`: an administrator can grant it with \
                 `sluice plugin grant {plugin} --grant {capability}:{shown}=CONNECTION`",
                plugin = self.plugin
            );
            return Err(refuse(ErrorKind::Denied, message));
        };
        let Some(connections) = self.registry.get().and_then(Weak::upgrade) else {
            return Err(refuse(ErrorKind::Permanent, "there are no connections where the plugin runs"));
        };
        let connector = connections.get(&grant.connection).await.map_err(|error| told(&error))?;
        Ok((connector, grant.write))
    }

    /// Counts one more answer or transaction.
    fn open_one(&mut self) -> Result<(), Error> {
        if self.statements >= OPEN {
            let message = format!(
                "plugin `{}` has {OPEN} answers and transactions open; no more are allowed: read to the end or drop them",
                self.plugin
            );
            return Err(refuse(ErrorKind::Permanent, message));
        }
        Ok(())
    }

    /// Runs a reading statement.
    pub(crate) async fn sql_query(&mut self, connection: &str, statement: String) -> Result<Rows, Error> {
        self.open_one()?;
        let (connector, _) = self.granted("sql", connection).await?;
        if !connector.abilities().sql {
            let system = connector.system().as_str();
            return Err(refuse(
                ErrorKind::Permanent,
                format!("`{connection}` is a connection to {system}, not to SQL"),
            ));
        }
        let limits = self.meter.limits();
        let request = ConsoleRequest {
            sql: statement,
            params: Vec::new(),
            write: false,
            limits: ConsoleLimits { rows: limits.sql_rows, bytes: ROW, time: limits.sql_query },
        };
        let rows = connector.console_rows(request, ConsoleForm::Stream).await.map_err(|error| told(&error))?;
        let plain = plain_schema(&rows.schema())
            .map_err(|why| refuse(ErrorKind::Data, format!("{why}; cast it in the statement")))?;
        self.statements += 1;
        Ok(Rows { rows, plain, seen: 0, bytes: 0 })
    }

    /// Begins a transaction.
    pub(crate) async fn sql_begin(&mut self, connection: &str) -> Result<Transaction, Error> {
        self.open_one()?;
        let (connector, write) = self.granted("sql", connection).await?;
        if !write {
            let shown = super::always::clean(connection, 128);
            let message = format!(
                "`sql` connection `{shown}` was granted to plugin `{plugin}` for reading: an administrator can grant more with \
                 `sluice plugin grant {plugin} --grant sql:{shown}=CONNECTION:write`",
                plugin = self.plugin
            );
            return Err(refuse(ErrorKind::Denied, message));
        }
        let transaction = match connector.abilities().transactions {
            true => connector.begin(self.meter.limits().sql_statement).await.map_err(|error| told(&error))?,
            false => Box::new(WithoutTransaction::new(connector).map_err(|error| told(&error))?),
        };
        self.statements += 1;
        Ok(Transaction(Some(transaction)))
    }
}

impl Rows {
    /// Names and types.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.plain.clone()
    }

    /// The next rows, in the connector's own types.
    pub(crate) async fn next(&mut self, rows: u64, bytes: u64) -> Result<Option<RecordBatch>, Error> {
        let Some(batch) = self.rows.next().await.map_err(|error| told(&error))? else {
            if self.rows.end().truncated {
                let message = format!("the answer has more than the {rows} rows that one query may give");
                return Err(refuse(ErrorKind::Permanent, message));
            }
            return Ok(None);
        };
        self.seen += batch.num_rows() as u64;
        self.bytes += batch.get_array_memory_size() as u64;
        if self.bytes > bytes {
            let message = format!("the answer is larger than the {bytes} bytes that one query may give");
            return Err(refuse(ErrorKind::Permanent, message));
        }
        Ok(Some(batch))
    }
}

/// One thing to do in a transaction.
pub(crate) enum Step<'a> {
    Execute(&'a str, &'a RecordBatch),
    Write(&'a str, &'a RecordBatch),
    Commit,
}

impl Transaction {
    /// Does one thing; after an error, as after a commit, the transaction is over. Tells how many rows changed.
    pub(crate) async fn run(&mut self, time: Duration, step: Step<'_>) -> Result<u64, Error> {
        let Some(mut transaction) = self.0.take() else {
            return Err(refuse(ErrorKind::Permanent, "the transaction has ended, by a commit or an earlier error"));
        };
        let ends = matches!(step, Step::Commit);
        let work = async {
            match step {
                Step::Execute(statement, rows) => transaction.execute(statement, rows).await,
                Step::Write(table, rows) => transaction.write(table, rows).await,
                Step::Commit => transaction.commit().await.map(|()| 0),
            }
        };
        // The system ends a statement itself; this is for one that does not.
        match timeout(time.saturating_add(Duration::from_secs(5)), work).await {
            Ok(Ok(changed)) => {
                self.0 = Some(transaction).filter(|_| !ends);
                Ok(changed)
            }
            Ok(Err(error)) => Err(told(&error)),
            Err(_) => Err(refuse(ErrorKind::Permanent, format!("a statement took longer than {time:?}"))),
        }
    }
}

/// Rows a plugin handed over for a statement.
fn rows_of(columns: SchemaResult, rows: BatchResult) -> Result<RecordBatch, Error> {
    let wrong = |why: String| refuse(ErrorKind::Permanent, format!("the plugin {why}"));
    let schema = lift_schema(columns).map_err(wrong)?;
    lift(rows, &schema).map_err(wrong)
}

/// A schema as the guest gets it.
fn schema_result(schema: &SchemaRef) -> SchemaResult {
    let (metadata, fields) = lower_schema(schema);
    let field = |field: crate::columns::LoweredField| wit::FieldResult {
        name: field.name,
        format: field.format,
        nullable: field.nullable,
        metadata: field.metadata,
    };
    SchemaResult { fields: fields.into_iter().map(field).collect(), metadata }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl sql::Host for State {
    async fn begin(&mut self, connection: String) -> Answer<Resource<Transaction>> {
        self.host_call()?;
        match self.sql_begin(&connection).await {
            Ok(transaction) => Ok(Ok(self.resources.push(transaction)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn query(&mut self, connection: String, statement: String) -> Answer<Resource<Rows>> {
        self.host_call()?;
        match self.sql_query(&connection, statement).await {
            Ok(rows) => Ok(Ok(self.resources.push(rows)?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl sql::HostRows for State {
    async fn columns(&mut self, rows: Resource<Rows>) -> wasmtime::Result<SchemaResult> {
        self.host_call()?;
        Ok(schema_result(&self.resources.get(&rows)?.plain))
    }

    async fn next(&mut self, rows: Resource<Rows>) -> Answer<Option<BatchResult>> {
        self.host_call()?;
        let (most_rows, most_bytes) = (self.meter.limits().sql_rows, self.meter.limits().body);
        let rows = self.resources.get_mut(&rows)?;
        let batch = match rows.next(most_rows, most_bytes).await {
            Ok(Some(batch)) => batch,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        Ok(batch_result(&batch, &rows.plain).map(Some).map_err(|why| refuse(ErrorKind::Data, why)))
    }

    async fn drop(&mut self, rows: Resource<Rows>) -> wasmtime::Result<()> {
        self.resources.delete(rows)?;
        self.statements = self.statements.saturating_sub(1);
        Ok(())
    }
}

fn batch_result(batch: &RecordBatch, plain: &SchemaRef) -> Result<BatchResult, String> {
    let column = |column: crate::columns::LoweredColumn| wit::ColumnResult {
        validity: column.validity.to_vec(),
        offsets: column.offsets.to_vec(),
        values: column.values.to_vec(),
    };
    let columns = lower(batch, plain)?.into_iter().map(column).collect();
    Ok(BatchResult { rows: u32::try_from(batch.num_rows()).unwrap_or(u32::MAX), columns })
}

impl sql::HostTransaction for State {
    async fn execute(
        &mut self,
        transaction: Resource<Transaction>,
        statement: String,
        columns: SchemaResult,
        parameters: BatchResult,
    ) -> Answer<u64> {
        self.host_call()?;
        let time = self.meter.limits().sql_statement;
        let transaction = self.resources.get_mut(&transaction)?;
        let rows = match rows_of(columns, parameters) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        Ok(transaction.run(time, Step::Execute(&statement, &rows)).await)
    }

    async fn write(
        &mut self,
        transaction: Resource<Transaction>,
        table: String,
        columns: SchemaResult,
        rows: BatchResult,
    ) -> Answer<u64> {
        self.host_call()?;
        let time = self.meter.limits().sql_statement;
        let transaction = self.resources.get_mut(&transaction)?;
        let rows = match rows_of(columns, rows) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        Ok(transaction.run(time, Step::Write(&table, &rows)).await)
    }

    async fn commit(&mut self, transaction: Resource<Transaction>) -> Answer<()> {
        self.host_call()?;
        let time = self.meter.limits().sql_statement;
        Ok(self.resources.get_mut(&transaction)?.run(time, Step::Commit).await.map(drop))
    }

    async fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.resources.delete(transaction)?;
        self.statements = self.statements.saturating_sub(1);
        Ok(())
    }
}
