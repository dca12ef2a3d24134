//! What has to be run so that live tables are as a document describes them.

use super::order;
use super::target::Target;
use data::structure::{TableAction, TablePlan};
use data::{Connections, Connector, Error};
use model::{ErrorCode, Fault};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// The plan of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedTable {
    /// What kind of database.
    pub database_type: super::DatabaseType,
    /// The connection.
    pub connection: String,
    /// The table, as the connection names it.
    pub table: String,
    /// What is to be done; none where that could not be found out.
    pub plan: Option<TablePlan>,
    /// Why it could not be found out.
    pub error: Option<Fault>,
    /// Names this very plan, so that it can be agreed to.
    pub fingerprint: String,
}

impl PlannedTable {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.action == TableAction::Nothing)
    }
}

/// Plans every table, in the order in which they are made. A table that fails does not keep others from being planned.
pub async fn plan(connections: &dyn Connections, targets: &[Target]) -> Vec<PlannedTable> {
    let mut opened = Opened::new(connections);
    let mut planned = Vec::with_capacity(targets.len());
    for place in order::by_dependency(targets) {
        let target = &targets[place];
        let (plan, error) = match plan_one(&mut opened, target).await {
            Ok(plan) => (Some(plan), None),
            Err(error) => (None, Some(*error.fault)),
        };
        planned.push(PlannedTable {
            database_type: target.database_type,
            connection: target.connection.clone(),
            table: target.table.clone(),
            fingerprint: plan.as_ref().map(fingerprint).unwrap_or_default(),
            plan,
            error,
        });
    }
    planned
}

/// Plans one table against what is there now.
pub(super) async fn plan_one(opened: &mut Opened<'_>, target: &Target) -> Result<TablePlan, Error> {
    let connector = opened.get(&target.connection).await?;
    let planned = async {
        let live = connector.structure(&target.table).await?;
        connector.plan_table(&target.structure, live.as_ref()).await
    };
    let planned = planned.await;
    if let Err(error) = &planned {
        opened.note(&target.connection, error);
    }
    planned
}

/// Connections by name, each asked for once; one that cannot be reached is not asked again for every table.
pub(super) struct Opened<'a> {
    connections: &'a dyn Connections,
    known: HashMap<String, Result<Arc<dyn Connector>, Error>>,
}

impl<'a> Opened<'a> {
    pub(super) fn new(connections: &'a dyn Connections) -> Self {
        Self { connections, known: HashMap::new() }
    }

    pub(super) async fn get(&mut self, name: &str) -> Result<Arc<dyn Connector>, Error> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let found = self.connections.get(name).await;
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    /// Remembers a connection that cannot be reached.
    pub(super) fn note(&mut self, name: &str, error: &Error) {
        if matches!(
            error.code(),
            ErrorCode::ConnectionFailed | ErrorCode::AuthenticationFailed | ErrorCode::AddressRefused
        ) {
            self.known.insert(name.to_owned(), Err(error.clone()));
        }
    }
}

/// A short text that differs where plans differ: their statements, and what is left to people.
#[must_use]
pub fn fingerprint(plan: &TablePlan) -> String {
    // FNV-1a: it names a plan and protects nothing.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(&plan.table);
    for change in &plan.changes {
        add(&change.sql);
        add(change.cost.loss.as_deref().unwrap_or_default());
    }
    plan.manual.iter().for_each(|manual| add(manual));
    format!("{hash:016x}")
}
