//! One statement of the SQL console: checked by its text, run on a connection of its own that is closed afterwards.
//!
//! TDengine has no read-only transactions; a user that may only read is the layer that a connection can add.

use super::read::columns_of;
use super::statement::{self, Kind};
use super::{Tdengine, decode, introspect, sql};
use crate::console::Feed;
use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::{Field, Schema};
use data::console::{
    ConsoleEnd, ConsoleForm, ConsoleRequest, ConsoleRows, Effect, Estimate, StatementCheck, require_allowed,
};
use data::{Error, Result};
use model::ErrorCode;
use std::sync::Arc;
use std::time::Duration;
use taos::taos_query::common::Field as NativeField;
use tokio::time::Instant;

/// What can be said of a statement; asks the server for its plan where an estimate is wanted.
pub(super) async fn check(tdengine: &Tdengine, text: &str, estimate: bool) -> Result<StatementCheck> {
    let mut check = statement::check(text);
    let allowed = check.refusal.is_none() && check.fault.is_none();
    let selects = statement::tokens(text)
        .is_ok_and(|tokens| tokens.first().is_some_and(|token| token.text.eq_ignore_ascii_case("select")));
    if !(estimate && allowed && selects) {
        return Ok(check);
    }
    let mut session = tdengine.session().await?;
    match introspect::rows(&mut session, &format!("EXPLAIN {}", crate::name::trim_query(text))).await {
        Ok(plan) => {
            let lines = introspect::texts(&plan, 0);
            check.estimate = Some(Estimate { rows: None, cost: None, plan: lines.join("\n") });
        }
        Err(failure) => {
            let error = tdengine.told(failure);
            if error.retryable || error.code() == ErrorCode::ConnectionFailed {
                return Err(error);
            }
            check.fault = Some(*error.fault);
        }
    }
    Ok(check)
}

/// Runs one statement.
pub(super) async fn rows(
    tdengine: &Tdengine,
    request: ConsoleRequest,
    form: ConsoleForm,
) -> Result<Box<dyn ConsoleRows>> {
    let checked = statement::check(&request.sql);
    require_allowed(&checked, request.write)?;
    let text = with_params(crate::name::trim_query(&request.sql), &request.params)?;
    let tdengine = tdengine.clone();
    crate::console::run(form, request.write, move |mut feed| async move {
        let deadline = Instant::now() + request.limits.time;
        let running = answer(&tdengine, &text, checked.effect, &request, deadline, &mut feed);
        match tokio::time::timeout_at(deadline, running).await {
            Ok(Err(error)) if Instant::now() < deadline => Err(error),
            Ok(Ok(end)) => feed.finish(end).await,
            _ => {
                let message = format!("the statement took longer than {} ms", request.limits.time.as_millis());
                Err(Error::permanent(ErrorCode::StatementTimeout, message)
                    .hint("Ask for less, for instance a shorter range of time."))
            }
        }
    })
    .await
}

async fn answer(
    tdengine: &Tdengine,
    text: &str,
    effect: Effect,
    request: &ConsoleRequest,
    deadline: Instant,
    feed: &mut Feed,
) -> Result<ConsoleEnd> {
    let mut session = tdengine.session().await?;
    // Whatever the statement did to it, nobody else gets this connection.
    session.discard();
    if effect != Effect::Read {
        let affected = session.exec(text).await.map_err(|failure| tdengine.told(failure))?;
        feed.begin(Arc::new(Schema::empty()), Vec::new());
        return Ok(ConsoleEnd { truncated: false, affected: Some(affected) });
    }
    let left = || deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut cursor = session.query_within(text, left()).await.map_err(|failure| tdengine.told(failure))?;
    let (names, types) = columns_of(&cursor)?;
    let fields: Vec<Field> =
        names.iter().zip(&types).map(|(name, kind)| Field::new(name, kind.clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    feed.begin(schema.clone(), cursor.fields().iter().map(spelled).collect());
    let most = feed.most_bytes(&request.limits);
    let (mut rows, mut bytes) = (0u64, 0u64);
    while let Some(block) = session.fetch_within(&mut cursor, left()).await.map_err(|failure| tdengine.told(failure))? {
        let records = RecordBatch::try_new(schema.clone(), decode::columns(&block, &names, &types)?)?;
        let (kept, size) = within(&records, request.limits.rows - rows, most.saturating_sub(bytes));
        rows += kept as u64;
        bytes = bytes.saturating_add(size);
        if kept > 0 {
            feed.push(records.slice(0, kept)).await?;
        }
        if kept < records.num_rows() {
            return Ok(ConsoleEnd { truncated: true, affected: None });
        }
    }
    Ok(ConsoleEnd::default())
}

/// How many rows of a block the limits let through, and their bytes.
fn within(records: &RecordBatch, rows: u64, bytes: u64) -> (usize, u64) {
    let most = usize::try_from(rows).unwrap_or(usize::MAX).min(records.num_rows());
    let all: u64 =
        records.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0) as u64).sum();
    let each = (all / records.num_rows().max(1) as u64).max(1);
    let kept = most.min(usize::try_from(bytes / each).unwrap_or(usize::MAX));
    (kept, kept as u64 * each)
}

fn spelled(field: &NativeField) -> String {
    let kind = field.ty();
    if kind.is_var_type() {
        format!("{}({})", kind.name(), field.bytes()).to_lowercase()
    } else {
        kind.name().to_lowercase()
    }
}

/// The statement with values in the place of its `?`, each as a literal.
fn with_params(text: &str, params: &[serde_json::Value]) -> Result<String> {
    let invalid = |message: String| Error::permanent(ErrorCode::InvalidValue, message);
    let tokens = statement::tokens(text).map_err(|_| invalid("the statement cannot be read".to_owned()))?;
    let places: Vec<usize> = tokens.iter().filter(|token| token.kind == Kind::Param).map(|token| token.start).collect();
    if places.len() != params.len() {
        return Err(crate::console::placeholders(places.len(), params.len(), "`?`"));
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (place, value) in places.into_iter().zip(params) {
        out.push_str(&text[from..place]);
        from = place + 1;
        match value {
            serde_json::Value::Null => out.push_str("NULL"),
            serde_json::Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            serde_json::Value::Number(number) => out.push_str(&number.to_string()),
            serde_json::Value::String(text) if !text.contains('\0') => sql::write_text(&mut out, text),
            _ => {
                return Err(invalid(
                    "a value for a placeholder must be a text, a number, true, false or null".to_owned(),
                ));
            }
        }
    }
    out.push_str(&text[from..]);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{World, connector};
    use super::*;
    use data::Connector;
    use data::console::ConsoleLimits;
    use serde_json::json;
    use tdengine_stub::Fault;

    fn request(sql: &str) -> ConsoleRequest {
        ConsoleRequest { sql: sql.to_owned(), params: Vec::new(), write: false, limits: ConsoleLimits::default() }
    }

    async fn world() -> World {
        let world = World::new().await;
        world.run("CREATE TABLE t (ts TIMESTAMP, n INT, name NCHAR(20))").await;
        let rows: String =
            (0..5_000).map(|row| format!("({}, {row}, '名{row}')", 1_704_160_800_000i64 + row)).collect();
        world.run(&format!("INSERT INTO t VALUES {rows}")).await;
        world
    }

    #[tokio::test]
    async fn a_read_is_answered_within_its_limits() {
        let world = world().await;
        let answer = world.tdengine.console(request("SELECT n, name FROM t ORDER BY n;")).await.unwrap();
        assert_eq!(answer.batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1_000);
        assert!(answer.truncated);
        assert_eq!(answer.native_types, ["int", "nchar(20)"]);
        let limits = ConsoleLimits { bytes: 2_000, ..ConsoleLimits::default() };
        let answer = world.tdengine.console(ConsoleRequest { limits, ..request("SELECT * FROM t") }).await.unwrap();
        let rows = answer.batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        assert!(answer.truncated && rows > 0 && rows < 200, "{rows}");
        let few = world.tdengine.console(request("SELECT n FROM t LIMIT 3")).await.unwrap();
        assert!(!few.truncated);
        let shown = world.tdengine.console(request("SHOW TABLES")).await.unwrap();
        assert_eq!(shown.batches[0].num_rows(), 1);
    }

    #[tokio::test]
    async fn values_take_the_place_of_placeholders() {
        let world = world().await;
        let params = vec![json!("名7'; DROP TABLE t; --"), json!(7)];
        let asked = ConsoleRequest { params, ..request("SELECT n FROM t WHERE name = ? OR (n = ? AND name <> '?')") };
        let answer = world.tdengine.console(asked).await.unwrap();
        assert_eq!(answer.batches[0].num_rows(), 1);
        let error = world.tdengine.console(request("SELECT n FROM t WHERE n = ?")).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidValue, "{error}");
    }

    #[tokio::test]
    async fn nothing_but_a_read_reaches_the_server_unless_writing_is_allowed() {
        let world = world().await;
        let before = world.stub.statements();
        for sql in
            ["DROP TABLE t", "SELECT 1; DROP TABLE t", "INSERT INTO t VALUES (1, 1, 'x')", "SELECT my_udf(n) FROM t"]
        {
            let error = world.tdengine.console(request(sql)).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::StatementNotAllowed, "{sql}: {error}");
        }
        assert_eq!(world.stub.statements(), before);
        let write =
            ConsoleRequest { write: true, ..request("DELETE FROM t WHERE ts >= 1704160800000 AND ts < 1704160800010") };
        assert_eq!(world.tdengine.console(write).await.unwrap().affected, Some(10));
        let two = ConsoleRequest { write: true, ..request("DELETE FROM t WHERE ts > 0; DROP TABLE t") };
        assert_eq!(world.tdengine.console(two).await.unwrap_err().code(), ErrorCode::StatementNotAllowed);
    }

    #[tokio::test]
    async fn a_slow_statement_ends_at_its_time_limit() {
        let world = world().await;
        world.stub.set_fault(Fault::Slow(Duration::from_secs(5)));
        let limits = ConsoleLimits { time: Duration::from_millis(200), ..ConsoleLimits::default() };
        let error = world.tdengine.console(ConsoleRequest { limits, ..request("SELECT * FROM t") }).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::StatementTimeout, "{error}");
        world.stub.set_fault(Fault::None);
        assert!(connector(&world.stub, json!({ "database": "ms" })).ping().await.is_ok());
        assert!(world.tdengine.ping().await.is_ok());
    }

    #[tokio::test]
    async fn a_check_tells_the_plan_or_what_the_server_refuses() {
        let world = world().await;
        let check = world.tdengine.check_statement("SELECT n FROM t WHERE n > 3", true).await.unwrap();
        assert_eq!((check.effect, check.tables, check.refusal), (Effect::Read, vec!["t".to_owned()], None));
        assert!(check.estimate.unwrap().plan.contains("Scan"));
        let check = world.tdengine.check_statement("SELECT nn FROM t", true).await.unwrap();
        assert_eq!(check.fault.unwrap().code, ErrorCode::ColumnNotFound);
        let check = world.tdengine.check_statement("DROP TABLE t", true).await.unwrap();
        assert!(check.refusal.is_some() && check.estimate.is_none());
        assert!(world.tdengine.find_table("t").await.unwrap().is_some());
    }
}
