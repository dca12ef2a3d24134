//! What can be said of a statement without running it.

use super::session::Session;
use super::{failed, layer_one};
use crate::postgres::pool::Pool;
use data::Result;
use data::console::{Effect, Estimate, StatementCheck};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Transaction;

/// How long the server may think about a plan.
const TIME: Duration = Duration::from_secs(10);
/// A plan may be large, but not without end.
const BYTES: u64 = 8 << 20;

/// Parses the statement; with `estimate`, also lets the server resolve its names and plan it. Nothing runs.
pub(in crate::postgres) async fn check(pool: &Arc<Pool>, sql: &str, estimate: bool) -> Result<StatementCheck> {
    let mut checked = layer_one(sql);
    let planned =
        matches!(checked.effect, Effect::Read) && checked.refusal.is_none() || checked.effect == Effect::Write;
    if !estimate || !planned || checked.fault.is_some() {
        return Ok(checked);
    }
    let asking = async {
        let mut session = Session::open(pool, false, BYTES).await?;
        let transaction = session.begin(false, TIME).await?;
        match transaction.prepare(sql).await {
            Err(error) if error.as_db_error().is_some() => checked.fault = Some(*failed(sql, &error).fault),
            Err(error) => return Err(failed(sql, &error)),
            Ok(statement) if is_explainable(sql) => {
                checked.estimate = estimated(&transaction, sql, statement.params().len()).await;
            }
            Ok(_) => {}
        }
        drop(transaction);
        session.done();
        Ok(())
    };
    tokio::time::timeout(TIME + super::GRACE, asking).await.unwrap_or_else(|_| Err(super::timed_out(TIME)))?;
    Ok(checked)
}

/// Whether EXPLAIN takes it.
fn is_explainable(sql: &str) -> bool {
    let Ok(tokens) = sqlparser::tokenizer::Tokenizer::new(&sqlparser::dialect::PostgreSqlDialect {}, sql).tokenize()
    else {
        return false;
    };
    let first = tokens.iter().find_map(|token| match token {
        sqlparser::tokenizer::Token::Word(word) => Some(word.value.to_ascii_lowercase()),
        _ => None,
    });
    first.is_some_and(|word| {
        matches!(word.as_str(), "select" | "with" | "values" | "table" | "insert" | "update" | "delete" | "merge")
    })
}

/// The server's estimate; none where it has no plan to tell.
async fn estimated(transaction: &Transaction<'_>, sql: &str, parameters: usize) -> Option<Estimate> {
    let explain = if parameters == 0 {
        format!("EXPLAIN (FORMAT JSON) {sql}")
    } else {
        // With values still unknown, the plan is the one that fits any of them.
        let prepare = transaction.prepare(&format!("PREPARE sluice_check AS {sql}")).await.ok()?;
        transaction.execute(&prepare, &[]).await.ok()?;
        transaction.batch_execute("SET LOCAL plan_cache_mode = force_generic_plan").await.ok()?;
        format!("EXPLAIN (FORMAT JSON) EXECUTE sluice_check({})", vec!["NULL"; parameters].join(", "))
    };
    let statement = transaction.prepare(&explain).await.ok()?;
    let row = transaction.query_one(&statement, &[]).await.ok()?;
    let told: serde_json::Value =
        row.try_get::<_, JsonText>(0).ok().and_then(|text| serde_json::from_str(&text.0).ok())?;
    let plan = told.get(0)?.get("Plan")?;
    let figure = |key: &str| plan.get(key).and_then(serde_json::Value::as_f64);
    Some(Estimate {
        rows: figure("Plan Rows"),
        cost: figure("Total Cost"),
        plan: serde_json::to_string_pretty(&told).unwrap_or_default(),
    })
}

/// JSON as the text it is sent as.
struct JsonText(String);

impl<'a> tokio_postgres::types::FromSql<'a> for JsonText {
    fn from_sql(
        _: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(ty: &tokio_postgres::types::Type) -> bool {
        *ty == tokio_postgres::types::Type::JSON
    }
}
