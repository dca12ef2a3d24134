//! A look at what a migration would do, at once and without a run.

use super::Plan;
use data::connector::Relation;
use data::registry::Connections;
use data::{Connector, Result};
use model::Fault;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use transfer::migrate::{self, Chosen, EnumAs, LeftOut, Look, Prepared, TableJob};

/// Tables that are looked at, at most: a person chooses among them, and each costs several questions.
const MOST: usize = 200;

/// What a migration would do.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Its tables, those that others refer to first.
    pub tables: Vec<TableLook>,
    /// What the source has besides, and what is not moved.
    pub left_out: Vec<LeftOut>,
    /// Whether there are more tables than were looked at.
    pub has_more: bool,
}

/// What would become of one table.
#[derive(Debug, Clone)]
pub struct TableLook {
    /// The source's table.
    pub from: String,
    /// The target's.
    pub to: String,
    /// Whether the target has it already.
    pub exists: bool,
    /// What was found; or why the table cannot be moved so.
    pub found: Result<Prepared, Fault>,
    /// The first rows as they would arrive.
    pub sample: Vec<Map<String, Value>>,
}

/// Looks at both sides: by structure and names, with `full` also at all values by one query for each table.
///
/// # Errors
/// `connection_not_found`, `table_not_found`, and what the systems answer. What concerns one table only is told with it.
pub async fn look(pools: &dyn Connections, plan: &Plan, full: bool, sample: u64) -> Result<Looked> {
    let (from, to) = (pools.get(&plan.from).await?, pools.get(&plan.to).await?);
    let mut chosen = match &plan.query {
        Some(_) => {
            let to = plan.target.clone().unwrap_or_else(|| "query".to_owned());
            vec![Chosen { from: "query".to_owned(), to }]
        }
        None => migrate::choose(from.as_ref(), &plan.tables, &plan.except, plan.target.as_deref()).await?,
    };
    let has_more = chosen.len() > MOST;
    chosen.truncate(MOST);
    let left_out = match plan.query {
        Some(_) => Vec::new(),
        None => migrate::left_out(from.as_ref(), &chosen).await?,
    };
    let names: BTreeMap<String, String> = chosen.iter().map(|table| (table.from.clone(), table.to.clone())).collect();
    let mut tables = Vec::with_capacity(chosen.len());
    for table in chosen {
        let job = job(plan, &table, full);
        tables.push(look_at(from.as_ref(), to.as_ref(), table, &job, &names, sample).await?);
    }
    Ok(Looked { tables, left_out, has_more })
}

async fn look_at(
    from: &dyn Connector,
    to: &dyn Connector,
    table: Chosen,
    job: &TableJob,
    names: &BTreeMap<String, String>,
    rows: u64,
) -> Result<TableLook> {
    let exists = to.find_table(&table.to).await?.is_some();
    let mut look = TableLook {
        from: table.from,
        to: table.to,
        exists,
        found: Err(Fault::new(model::ErrorCode::Internal, "the table was not looked at")),
        sample: Vec::new(),
    };
    look.found = match migrate::examine(from, to, job, names).await {
        Ok(prepared) => {
            if rows > 0 {
                look.sample = migrate::sample(from, to, job, rows).await?.rows;
            }
            Ok(prepared)
        }
        Err(error) if error.retryable => return Err(error),
        Err(error) => Err(*error.fault),
    };
    Ok(look)
}

fn job(plan: &Plan, table: &Chosen, full: bool) -> TableJob {
    let is = |name: &str, word: &str| plan.settings.get(name).and_then(Value::as_str) == Some(word);
    TableJob {
        relation: match &plan.query {
            Some(query) => Relation::Query(query.clone()),
            None => Relation::Table(table.from.clone()),
        },
        filter: plan.filter.clone(),
        key: plan.key.clone(),
        columns: plan.columns.clone(),
        skip: plan.skip.clone(),
        convert: plan.convert,
        create: !plan.keeps_structure,
        enums: if is("enums", "check") { EnumAs::Check } else { EnumAs::Type },
        mode: plan.mode,
        look: if full { Look::Full } else { Look::Structure },
        rejects: is("on_error", "reject"),
        ..TableJob::table(&table.from, &table.to)
    }
}
