//! A SELECT over the table `input`.
//!
//! One that only filters and computes works batch by batch, so that each batch keeps its place. Anything else
//! (grouping, sorting, windows, joins, limits) sees the whole stream through [`Running`], within bounded memory.

use crate::error::{from_evaluation, from_planning};
use crate::feed::Feed;
use crate::parse::{self, TABLE_NAMES};
use crate::session;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use data::{Error, Result};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use model::ErrorCode;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// How many batches wait on either side of a query over the whole stream.
const QUEUE: usize = 2;
/// What a query may keep that reads `input` more than once, in bytes.
const KEPT_LIMIT: usize = 256 * 1024 * 1024;

/// A compiled SELECT.
pub struct Transform {
    sql: Arc<str>,
    context: SessionContext,
    plan: Arc<dyn ExecutionPlan>,
    feed: Arc<Feed>,
    schema: SchemaRef,
    stateless: bool,
    deterministic: bool,
    reads: usize,
}

impl Transform {
    /// Compiles `sql` for rows of `schema`.
    ///
    /// # Errors
    /// `invalid_sql` with the position or the nearest column name; also where anything but `input` is read.
    pub async fn compile(sql: &str, schema: &SchemaRef) -> Result<Self> {
        session::with_stack(|| futures::executor::block_on(Self::plan(sql, schema)))
    }

    async fn plan(sql: &str, schema: &SchemaRef) -> Result<Self> {
        let parsed = parse::select(sql, Some(schema))?;
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let failed = |error| from_planning(&error, sql, &columns);

        let feed = Feed::new(schema.clone());
        let table = StreamingTable::try_new(schema.clone(), vec![feed.clone()]).map_err(failed)?;
        let table = Arc::new(table);
        // A catalog of its own: the shared session must not learn of this table.
        let (list, catalog) = (MemoryCatalogProviderList::new(), Arc::new(MemoryCatalogProvider::new()));
        catalog.register_schema("public", Arc::new(MemorySchemaProvider::new())).map_err(failed)?;
        list.register_catalog("datafusion".to_owned(), catalog);
        let state =
            SessionStateBuilder::new_from_existing(session::shared().clone()).with_catalog_list(Arc::new(list)).build();
        let context = SessionContext::new_with_state(state);
        for name in TABLE_NAMES {
            let name = datafusion::common::TableReference::bare(name);
            context.register_table(name, table.clone()).map_err(failed)?;
        }
        let mut state = context.state();
        state.mark_start_execution();
        let logical = state.statement_to_plan(Statement::Statement(Box::new(parsed.ast))).await.map_err(failed)?;
        let (stateless, reads) = inspect(&logical).map_err(failed)?;
        let plan = state.create_physical_plan(&logical).await.map_err(failed)?;
        let schema = plain_schema(&plan.schema());
        Ok(Self { sql: sql.into(), context, plan, feed, schema, stateless, deterministic: parsed.deterministic, reads })
    }

    /// Names and types of the result's columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Whether each row's result depends on that row alone; only then [`Transform::process`] may be called.
    #[must_use]
    pub fn is_stateless(&self) -> bool {
        self.stateless
    }

    /// Whether a second run over the same rows gives the same rows in the same order. False where the clock or a
    /// random number is asked, and for whole-stream queries, whose order may follow how much memory was free.
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        self.deterministic && self.stateless
    }

    /// The result for one batch, possibly without rows.
    ///
    /// # Errors
    /// `value_refused` where a value cannot be computed.
    pub async fn process(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        self.feed.supply_one(batch);
        let failed = |error| from_evaluation(&error, &self.sql);
        let mut stream = execute_stream(self.plan.clone(), self.context.task_ctx()).map_err(failed)?;
        let mut results = Vec::with_capacity(1);
        while let Some(result) = stream.next().await {
            results.push(plain_batch(result.map_err(failed)?, &self.schema)?);
        }
        match results.len() {
            1 => Ok(results.remove(0)),
            _ => Ok(concat_batches(&self.schema, &results)?),
        }
    }

    /// Starts the query over a whole stream.
    #[must_use]
    pub fn start(self) -> Running {
        let schema = self.schema.clone();
        let kept = (self.reads > 1).then(Vec::new);
        let (input, batches) = mpsc::channel(QUEUE);
        let (results, output) = mpsc::channel(QUEUE);
        if kept.is_some() {
            return Running { schema, input: None, output, task: None, kept, bytes: 0, waiting: Some((self, results)) };
        }
        self.feed.supply_stream(batches);
        let task = AbortOnDropHandle::new(meter::spawn(self.drive(results)));
        Running { schema, input: Some(input), output, task: Some(task), kept, bytes: 0, waiting: None }
    }

    async fn drive(self, results: mpsc::Sender<Result<RecordBatch>>) {
        let failed = |error| from_evaluation(&error, &self.sql);
        let mut stream = match execute_stream(self.plan.clone(), self.context.task_ctx()).map_err(failed) {
            Ok(stream) => stream,
            Err(error) => {
                let _ = results.send(Err(error)).await;
                return;
            }
        };
        while let Some(result) = stream.next().await {
            let result = result.map_err(failed).and_then(|batch| plain_batch(batch, &self.schema));
            let is_last = result.is_err();
            if results.send(result).await.is_err() || is_last {
                return;
            }
        }
    }
}

/// A query over a whole stream, at work. Dropping it stops it.
pub struct Running {
    schema: SchemaRef,
    input: Option<mpsc::Sender<RecordBatch>>,
    output: mpsc::Receiver<Result<RecordBatch>>,
    task: Option<AbortOnDropHandle<()>>,
    /// The rows themselves, for a query that reads them more than once.
    kept: Option<Vec<RecordBatch>>,
    bytes: usize,
    waiting: Option<(Transform, mpsc::Sender<Result<RecordBatch>>)>,
}

impl Running {
    /// Names and types of the result's columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Feeds one batch; answers the results that became ready meanwhile.
    ///
    /// # Errors
    /// `value_refused` where a value cannot be computed; `unsupported` where the memory does not suffice.
    pub async fn push(&mut self, batch: RecordBatch) -> Result<Vec<RecordBatch>> {
        if let Some(kept) = &mut self.kept {
            self.bytes += batch.get_array_memory_size();
            if self.bytes > KEPT_LIMIT {
                return Err(Error::permanent(
                    ErrorCode::Unsupported,
                    format!(
                        "a query that reads `input` more than once may see {} MB of rows at most",
                        KEPT_LIMIT >> 20
                    ),
                )
                .hint("Read `input` once, or let the database join in a `sql` or `fetch` step."));
            }
            kept.push(batch);
            return Ok(Vec::new());
        }
        let mut ready = Vec::new();
        let Some(input) = self.input.clone() else { return Ok(ready) };
        loop {
            tokio::select! {
                biased;
                result = self.output.recv() => match result {
                    Some(result) => ready.push(result?),
                    // A limit was reached: the query wants no more rows.
                    None => {
                        self.input = None;
                        return Ok(ready);
                    }
                },
                permit = input.reserve() => {
                    match permit {
                        Ok(permit) => permit.send(batch),
                        Err(_) => self.input = None,
                    }
                    return Ok(ready);
                }
            }
        }
    }

    /// Tells that no more rows come. The results are then taken with [`Running::next`].
    pub fn close(&mut self) {
        self.input = None;
        if let (Some((transform, results)), Some(kept)) = (self.waiting.take(), self.kept.take()) {
            transform.feed.supply_all(kept);
            self.task = Some(AbortOnDropHandle::new(meter::spawn(transform.drive(results))));
        }
    }

    /// The next result after [`Running::close`], or `None` at the end.
    ///
    /// # Errors
    /// As for [`Running::push`].
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        match self.output.recv().await {
            Some(result) => result.map(Some),
            None => match self.task.take() {
                Some(task) => match task.await {
                    Ok(()) => Ok(None),
                    Err(_) => Err(Error::permanent(ErrorCode::Internal, "the query engine stopped in the middle")),
                },
                None => Ok(None),
            },
        }
    }
}

/// Whether the plan looks at each row alone, and how often it reads `input`.
fn inspect(plan: &LogicalPlan) -> datafusion::error::Result<(bool, usize)> {
    let (mut stateless, mut reads) = (true, 0);
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::Projection(_) | LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) => {}
            LogicalPlan::TableScan(_) => reads += 1,
            _ => stateless = false,
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok((stateless && reads == 1, reads))
}

/// The schema with string views made plain strings, which every connector holds.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> =
        schema.fields().iter().map(|field| Field::new(field.name(), plain_type(field.data_type()), true)).collect();
    Arc::new(Schema::new(fields))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}

fn plain_batch(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        columns.push(if column.data_type() == field.data_type() {
            column.clone()
        } else {
            cast(column, field.data_type())?
        });
    }
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Int64Array, StringArray};
    use arrow::util::pretty::pretty_format_batches;
    use meter::Meter;
    use std::time::Duration;

    fn batch(keys: &[&str], numbers: &[i64]) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("Key", DataType::Utf8, true), Field::new("n", DataType::Int64, true)]);
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(StringArray::from(keys.to_vec())), Arc::new(Int64Array::from(numbers.to_vec()))];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    fn spell(batches: &[RecordBatch]) -> String {
        let text = pretty_format_batches(batches).unwrap().to_string();
        let rows = text.lines().filter(|line| line.starts_with('|')).skip(1);
        rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned())
            .collect::<Vec<_>>()
            .join(", ")
    }

    async fn check(sql: &str, stateless: bool, expected: &str) {
        let input = [batch(&["b", "a"], &[1, 2]), batch(&["a", "c"], &[3, 4])];
        let mut transform =
            Transform::compile(sql, &input[0].schema()).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(transform.is_stateless(), stateless, "{sql}");
        let mut results = Vec::new();
        if stateless {
            for batch in input {
                let result = transform.process(batch).await.unwrap();
                assert_eq!(result.schema(), transform.schema());
                results.push(result);
            }
        } else {
            let mut running = transform.start();
            for batch in input {
                results.extend(running.push(batch).await.unwrap());
            }
            running.close();
            while let Some(result) = running.next().await.unwrap() {
                results.push(result);
            }
        }
        assert_eq!(spell(&results), expected, "{sql}");
    }

    async fn check_refused(sql: &str, message: &str) {
        let error = Transform::compile(sql, &batch(&["a"], &[1]).schema()).await.err().unwrap();
        assert_eq!(error.code(), ErrorCode::InvalidSql, "{sql}");
        assert!(error.fault.message.contains(message), "{sql}: {}", error.fault.message);
    }

    #[tokio::test]
    async fn filters_and_computed_columns_keep_the_batches() {
        check("select key, n * 2 as twice from input where n > 1", true, "a 4, a 6, c 8").await;
        check("select * from batch where false", true, "").await;
        check("select upper(\"Key\") as K, substr(key, 1, 1) from \"in\"", true, "B b, A a, A a, C c").await;
        check("select input.n from input;", true, "1, 2, 3, 4").await;
        check("with t as (select n + 1 as m from input) select m from t where m > 3", true, "4, 5").await;
    }

    #[tokio::test]
    async fn whole_stream_queries_see_every_batch() {
        check("select key, sum(n) as s from input group by key order by key", false, "a 5, b 1, c 4").await;
        check("select n from input order by n desc limit 2", false, "4, 3").await;
        check("select n from input limit 1", false, "1").await;
        check("select distinct key from input order by key", false, "a, b, c").await;
        check("select n, sum(n) over (order by n) as t from input", false, "1 1, 2 3, 3 6, 4 10").await;
        check("select count(*) from input a join input b on a.key = b.key", false, "6").await;
        check("select n from input where n = (select max(n) from input)", false, "4").await;
    }

    #[tokio::test]
    async fn nothing_but_one_select_over_input_is_allowed() {
        check_refused("drop table input", "is not a SELECT").await;
        check_refused("copy input to '/tmp/x.csv'", "is not a SELECT").await;
        check_refused("create table t as select * from input", "is not a SELECT").await;
        check_refused("select * from '/etc/passwd'", "no table").await;
        check_refused("select * from other", "no table `other`").await;
        check_refused("select * from information_schema.tables", "no table").await;
        check_refused("select * from input, range(1, 100000000000)", "table function").await;
        check_refused("select 1", "does not read the table `input`").await;
        check_refused("select * into t from input", "make a table").await;
        check_refused("select * from input; delete from input", "goes on after its end").await;
        check_refused("select nn from input", "no column `nn`").await;
        check_refused("select from", "not valid SQL").await;
    }

    #[tokio::test]
    async fn only_repeatable_selects_are_deterministic() {
        let schema = batch(&["a"], &[1]).schema();
        for (sql, expected) in [
            ("select n from input", true),
            ("select now() as t from input", false),
            ("select n from input order by n", false),
        ] {
            assert_eq!(Transform::compile(sql, &schema).await.unwrap().is_deterministic(), expected, "{sql}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_query_over_all_rows_counts_for_who_started_it() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let query = Transform::compile("SELECT n, n % 7 AS m FROM input ORDER BY m, n DESC", &schema).await.unwrap();
        let meter = Meter::default();
        // Only what the query's own tasks took is counted: whoever feeds it does so outside.
        let mut running = meter.count(async { query.start() }).await;
        let mut rows = 0;
        for batch in 0..40 {
            let numbers: Int64Array = (0..8_192_i64).map(|n| n * 7_919 % 8_191 + batch).collect();
            let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(numbers)]).unwrap();
            rows += running.push(batch).await.unwrap().iter().map(RecordBatch::num_rows).sum::<usize>();
        }
        running.close();
        while let Some(batch) = running.next().await.unwrap() {
            rows += batch.num_rows();
        }
        assert_eq!(rows, 40 * 8_192);
        assert!(meter.spent() > Duration::from_millis(5), "{:?}", meter.spent());
    }
}
