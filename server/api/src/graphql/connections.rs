//! Connections and their tables.

use super::Context;
use super::page::{Filling, connection};
use crate::error::ApiError;
use crate::rest::databases::read_address;
use chrono::{DateTime, Utc};
use data::structure::{ColumnStructure, ForeignKey, IndexStructure};
use juniper::{GraphQLInputObject, Nullable, graphql_object};
use model::{ErrorCode, Fault};
use serde_json::{Map, Value};
use workbench::connections::{Address, ConnectionChange, ConnectionView, NewAddress, Origin, TableView, TestReport};

/// A saved address of a system, or one that the environment names; never with its secret.
pub struct Connection(pub ConnectionView);

#[graphql_object(context = Context)]
impl Connection {
    fn name(&self) -> &str {
        &self.0.name
    }
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    fn system(&self) -> &str {
        &self.0.system
    }
    /// Host, port and so on, as JSON text.
    fn settings(&self) -> String {
        self.0.settings.to_string()
    }
    /// Whether it has a secret, which is never shown.
    fn has_secret(&self) -> bool {
        self.0.has_secret
    }
    /// Whether it can be changed here; one that the environment names cannot.
    fn is_saved(&self) -> bool {
        self.0.origin == Origin::Saved
    }
    /// The environment variable that names it.
    fn variable(&self) -> Option<&str> {
        self.0.variable.as_deref()
    }
    /// Whether the console may write through it.
    fn allow_write(&self) -> bool {
        self.0.allow_write
    }
    /// What it is for.
    fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }
    /// Words to find it by.
    fn labels(&self) -> &[String] {
        &self.0.labels
    }
    /// How the last test went, since it was last changed.
    fn last_test(&self) -> Option<ConnectionTest> {
        self.0.last_test.clone().map(ConnectionTest)
    }
    fn created_at(&self) -> Option<DateTime<Utc>> {
        self.0.created_at
    }
    fn updated_at(&self) -> Option<DateTime<Utc>> {
        self.0.updated_at
    }
    /// Names of enabled workflows whose documents name it.
    async fn workflows(
        &self,
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<NameConnection, ApiError> {
        let mut all = context.workbench.connections.workflows_using(&self.0.name).await?;
        all.sort_unstable();
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let behind = all.iter().filter(|name| after.is_none_or(|after| name.as_str() > after));
            let found: Vec<String> = behind.take(limit as usize).cloned().collect();
            filling.take(found.into_iter().map(|name| (name.clone(), name.clone(), context.sees_workflow(&name))));
        }
        Ok(filling.page().into())
    }
    /// Names of its tables.
    async fn tables(
        &self,
        context: &Context,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<NameConnection, ApiError> {
        let mut filling = Filling::new(first, after);
        while let Some((after, limit)) = filling.wants() {
            let found = context.workbench.connections.list_tables(&self.0.name, after, limit).await?;
            filling.take(found.into_iter().map(|name| (name.clone(), name, true)));
        }
        Ok(filling.page().into())
    }
    /// One of its tables.
    async fn table(&self, context: &Context, name: String) -> Result<Table, ApiError> {
        Ok(Table(context.workbench.connections.get_table(&self.0.name, &name).await?))
    }
}

connection!(
    /// A page of connections.
    ConnectionConnection of ConnectionEdge of Connection
);
connection!(
    /// A page of names.
    NameConnection of NameEdge of String
);

/// How a test of a connection went.
pub struct ConnectionTest(pub TestReport);

#[graphql_object(context = Context)]
impl ConnectionTest {
    /// Whether the system answered.
    fn ok(&self) -> bool {
        self.0.ok
    }
    /// What the system calls itself, or what fails.
    fn message(&self) -> &str {
        &self.0.message
    }
    /// The kind of failure.
    fn code(&self) -> Option<String> {
        self.0.code.map(|code| code.to_string())
    }
    /// What to do about it.
    fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
    fn duration_ms(&self) -> i32 {
        i32::try_from(self.0.duration_ms).unwrap_or(i32::MAX)
    }
    fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
}

/// A connection to be made: by `url`, or by `system` and `settings`.
#[derive(GraphQLInputObject)]
pub struct NewConnection {
    /// `postgres://user:password@host:5432/database`, and so on.
    url: Option<String>,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    system: Option<String>,
    /// Host, port and so on, as JSON text.
    settings: Option<String>,
    /// The secret, where it is not in the URL; sealed, and never shown again.
    secret: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Words to find it by.
    labels: Option<Vec<String>>,
    /// Whether the console may write through it.
    allow_write: Option<bool>,
}

/// What is to be different in a connection; what is absent stays as it is.
#[derive(GraphQLInputObject)]
pub struct ConnectionInput {
    /// `postgres://user:password@host:5432/database`, and so on.
    url: Option<String>,
    /// `postgres`, `mysql`, `sqlite`, `tdengine`, `redis` or `http`.
    system: Option<String>,
    /// Host, port and so on, wholly, as JSON text.
    settings: Option<String>,
    /// The secret; null removes it.
    secret: Nullable<String>,
    /// What it is for; null removes it.
    description: Nullable<String>,
    /// Words to find it by.
    labels: Option<Vec<String>>,
    /// Whether the console may write through it.
    allow_write: Option<bool>,
}

impl NewConnection {
    pub(super) fn into_new(self, name: String) -> Result<NewAddress, ApiError> {
        let settings = parse_settings(self.settings.as_deref())?;
        let address: Option<Address> = read_address(self.url, self.system, settings, self.secret)?;
        let address = address.ok_or_else(|| {
            ApiError::bad_request("the input names neither a `url` nor a `system` with its `settings`")
        })?;
        Ok(NewAddress {
            name,
            address,
            description: self.description,
            labels: self.labels.unwrap_or_default(),
            allow_write: self.allow_write.unwrap_or(false),
        })
    }
}

impl ConnectionInput {
    pub(super) fn into_change(self) -> Result<ConnectionChange, ApiError> {
        let settings = parse_settings(self.settings.as_deref())?;
        Ok(ConnectionChange {
            address: read_address(self.url, self.system, settings, None)?,
            secret: self.secret.explicit(),
            description: self.description.explicit(),
            labels: self.labels,
            allow_write: self.allow_write,
        })
    }
}

/// The text may hold a secret, so nothing of it is repeated.
fn parse_settings(text: Option<&str>) -> Result<Option<Map<String, Value>>, Fault> {
    let Some(text) = text else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Fault::new(ErrorCode::InvalidValue, format!("`settings` is not a JSON object ({place})"))
            .hint("Write it as text: `\"{\\\"host\\\": \\\"db\\\"}\"`.")
            .path("settings")
    })
}

/// A table as its system describes it.
pub struct Table(pub TableView);

#[graphql_object(context = Context)]
impl Table {
    /// `schema.table` where the schema is not the default one.
    fn name(&self) -> &str {
        &self.0.info.name
    }
    /// Columns in order.
    fn columns(&self) -> Vec<Column> {
        let structure = self.0.structure.as_ref();
        let columns = self.0.info.columns.iter();
        columns
            .map(|column| Column {
                name: column.name.clone(),
                native_type: column.native_type.clone(),
                nullable: column.nullable,
                more: structure.and_then(|structure| structure.column(&column.name)).cloned(),
            })
            .collect()
    }
    /// Primary key, or else the first unique key without nullable columns; empty: none.
    fn key(&self) -> &[String] {
        &self.0.info.key
    }
    /// The system's own guess of the number of rows.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn row_estimate(&self) -> Option<f64> {
        self.0.info.row_estimate.map(|rows| rows as f64)
    }
    /// Indexes but the primary key's; none where the connector does not tell.
    fn indexes(&self) -> Option<Vec<Index>> {
        Some(self.0.structure.as_ref()?.indexes.iter().cloned().map(Index).collect())
    }
    /// Foreign keys; none where the connector does not tell.
    fn foreign_keys(&self) -> Option<Vec<Reference>> {
        Some(self.0.structure.as_ref()?.foreign_keys.iter().cloned().map(Reference).collect())
    }
    /// What is written about the table.
    fn comment(&self) -> Option<&str> {
        self.0.structure.as_ref()?.comment.as_deref()
    }
    /// The whole structure as JSON text; none where the connector does not tell.
    fn structure(&self) -> Option<String> {
        serde_json::to_string(self.0.structure.as_ref()?).ok()
    }
}

/// A column of a table.
pub struct Column {
    name: String,
    native_type: String,
    nullable: bool,
    more: Option<ColumnStructure>,
}

#[graphql_object(context = Context)]
impl Column {
    fn name(&self) -> &str {
        &self.name
    }
    /// The type, as the system spells it.
    fn native_type(&self) -> &str {
        &self.native_type
    }
    /// Whether NULL is allowed.
    fn nullable(&self) -> bool {
        self.nullable
    }
    /// The default, as the system spells it.
    fn default(&self) -> Option<&str> {
        self.more.as_ref()?.default.as_deref()
    }
    /// What is written about the column.
    fn comment(&self) -> Option<&str> {
        self.more.as_ref()?.comment.as_deref()
    }
    /// Whether it is a tag of a supertable.
    fn is_tag(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.is_tag)
    }
}

/// An index of a table.
pub struct Index(IndexStructure);

#[graphql_object(context = Context)]
impl Index {
    fn name(&self) -> &str {
        &self.0.name
    }
    fn columns(&self) -> &[String] {
        &self.0.columns
    }
    fn unique(&self) -> bool {
        self.0.unique
    }
}

/// A foreign key of a table.
pub struct Reference(ForeignKey);

#[graphql_object(context = Context)]
impl Reference {
    fn name(&self) -> &str {
        &self.0.name
    }
    fn columns(&self) -> &[String] {
        &self.0.columns
    }
    /// The table it refers to.
    fn references(&self) -> &str {
        &self.0.references
    }
    /// The columns it refers to.
    fn referenced_columns(&self) -> &[String] {
        &self.0.referenced_columns
    }
}
