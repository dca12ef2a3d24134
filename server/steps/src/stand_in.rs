//! Stand-ins for what a step reaches, for tests of single kinds: connections, channels, files, a log and ports.

#![allow(clippy::unwrap_used)]

use crate::kind::{ActionReport, Flow, Opened, Outputs, PortSender, StepContext, StepKind};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{Abilities, ColumnInfo, ReadOptions, Relation, System, TableInfo};
use data::registry::{FileRequest, PluginCall};
use data::source::MemorySource;
use data::{
    Alert, Batch, Channel, Checkpoint, Connections, Connector, Delivery, Error, Files, Lane, NoTranslator, Plugins,
    Result, Sink, Source, Transformer, WriteOptions,
};
use engine::alerts::Template;
use engine::ports::{Alerts, ChannelReport, Observer, Raised, Standing, StoreError};
use engine::testing::{MemoryArtifacts, MemoryTableLogs, MemoryWatch};
use model::alert::{DeliveryReason, NewAlert};
use model::document::{OnError, Step};
use model::run::{LogLine, StepMetrics};
use model::{AlertId, ErrorCode, RunId, StepId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

/// Everything a step may reach, and what it did there.
#[derive(Default, Clone)]
pub(crate) struct World {
    pub(crate) tables: HashMap<String, RecordBatch>,
    pub(crate) executed: Arc<Mutex<Vec<String>>>,
    pub(crate) delivered: Arc<Mutex<Vec<Alert>>>,
    pub(crate) raised: Arc<Mutex<Vec<NewAlert>>>,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    pub(crate) table_logs: Arc<MemoryTableLogs>,
    pub(crate) artifacts: Arc<MemoryArtifacts>,
    pub(crate) sent: Arc<Mutex<Vec<(String, Batch)>>>,
    pub(crate) values: Value,
    pub(crate) watch: Arc<MemoryWatch>,
    pub(crate) data_dir: Option<std::path::PathBuf>,
    pub(crate) backs_up: bool,
    pub(crate) inspection: Option<data::inspection::Inspection>,
    /// Connections to real stores, which go before the stand-in.
    pub(crate) stores: HashMap<String, Arc<dyn Connector>>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

fn absent(what: &str) -> Error {
    Error::permanent(ErrorCode::Unsupported, format!("the test has no {what}"))
}

impl World {
    pub(crate) fn context(&self, uses: &str, with: Value) -> StepContext {
        let Value::Object(with) = with else { panic!("settings are an object") };
        let step = Step {
            id: StepId::new("tried").unwrap(),
            uses: uses.to_owned(),
            name: None,
            from: Vec::new(),
            needs: Vec::new(),
            condition: None,
            with,
            retry: None,
            timeout: None,
            on_error: OnError::Fail,
        };
        StepContext {
            step,
            run: RunId::generate(),
            attempt: 1,
            fence: 1,
            chunk: None,
            part: crate::kind::Part::Whole,
            scope: None,
            values: self.values.clone(),
            connections: Arc::new(self.clone()),
            plugins: Arc::new(self.clone()),
            translator: Arc::new(NoTranslator),
            table_logs: self.table_logs.clone(),
            artifacts: self.artifacts.clone(),
            files: std::env::temp_dir(),
            data_dir: self.data_dir.clone().unwrap_or_else(std::env::temp_dir),
            watch: self.watch.clone(),
            alerts: Arc::new(self.clone()),
            cancel: CancellationToken::new(),
            trial: None,
            observer: Arc::new(self.clone()),
        }
    }

    /// Checks the settings as the checker would, opens the step and lets it act.
    pub(crate) async fn act(&self, kind: &dyn StepKind, with: Value) -> Result<ActionReport> {
        let info = kind.info();
        let schema = jsonschema::validator_for(&info.schema).unwrap();
        schema.validate(&with).map_err(|error| Error::permanent(ErrorCode::InvalidValue, error.to_string()))?;
        if let Some(fault) = kind.check(with.as_object().unwrap()).into_iter().next() {
            return Err(fault.into());
        }
        let Opened::Action(mut action) = kind.open(self.context(&info.name, with)).await? else {
            panic!("not an action")
        };
        let mut port = self.clone();
        let report = action.run(&mut Outputs::new(&mut port)).await?;
        for name in report.outputs.keys().filter(|_| info.name != "script") {
            assert!(info.outputs.contains(name), "`{name}` is not among the published outputs");
        }
        Ok(report)
    }

    /// Opens the step as a flow and feeds it the batches of each lane, the empty one first.
    pub(crate) async fn flow(
        &self,
        kind: &dyn StepKind,
        context: StepContext,
        lanes: &[(&str, Vec<RecordBatch>)],
    ) -> Result<Map<String, Value>> {
        let Opened::Flow(mut flow) = kind.open(context).await? else { panic!("not a flow") };
        let mut port = self.clone();
        // As in a stage: every lane tells its columns before any has rows.
        for (name, batches) in lanes {
            feed(flow.as_mut(), &mut port, name, 0, &[batches[0].slice(0, 0)]).await?;
        }
        for (name, batches) in lanes {
            feed(flow.as_mut(), &mut port, name, 1, batches).await?;
        }
        flow.finish(&mut Outputs::new(&mut port)).await?;
        Ok(flow.outputs())
    }
}

async fn feed(flow: &mut dyn Flow, port: &mut World, name: &str, first: u64, batches: &[RecordBatch]) -> Result<()> {
    for (sequence, records) in (first..).zip(batches) {
        let batch = Batch { lane: Lane::new(name), sequence, checkpoint: None, records: records.clone() };
        flow.process(batch, &mut Outputs::new(port)).await?;
    }
    Ok(())
}

#[async_trait]
impl PortSender for World {
    async fn send(&mut self, port: &str, batch: Batch) -> Result<()> {
        self.sent.lock().unwrap().push((port.to_owned(), batch));
        Ok(())
    }
}

impl Observer for World {
    fn log(&self, line: LogLine) {
        self.lines.lock().unwrap().push(format!("{} {}", format!("{:?}", line.level).to_lowercase(), line.message));
    }
    fn progress(&self, _: &StepId, _: &StepMetrics) {}
}

#[async_trait]
impl Connections for World {
    async fn get(&self, name: &str) -> Result<Arc<dyn Connector>> {
        if let Some(store) = self.stores.get(name) {
            return Ok(store.clone());
        }
        match name {
            "store" => Ok(Arc::new(self.clone())),
            other => Err(Error::permanent(ErrorCode::ConnectionNotFound, format!("there is no connection `{other}`"))),
        }
    }
    async fn get_channel(&self, name: &str) -> Result<Arc<dyn Channel>> {
        match name {
            "ops" => Ok(Arc::new(self.clone())),
            "busy" => Err(Error::transient(ErrorCode::DeliveryFailed, "the channel is busy")),
            other => Err(Error::permanent(ErrorCode::ChannelNotFound, format!("there is no channel `{other}`"))),
        }
    }
}

#[async_trait]
impl Channel for World {
    async fn deliver(&self, alert: &Alert) -> Result<Delivery> {
        self.delivered.lock().unwrap().push(alert.clone());
        Ok(Delivery { provider_id: Some("p1".to_owned()) })
    }
}

#[async_trait]
impl Alerts for World {
    async fn raise(&self, alert: &NewAlert) -> Result<Raised, StoreError> {
        self.raised.lock().unwrap().push(alert.clone());
        let mut channels = Vec::new();
        for channel in &alert.channels {
            let delivered = match channel.as_str() {
                "log" => Ok(Delivery { provider_id: None }),
                "held" => {
                    let standing = Standing::Waiting { until: None, reason: Some(DeliveryReason::Quiet) };
                    channels.push(ChannelReport { channel: channel.clone(), standing });
                    continue;
                }
                name => match self.get_channel(name).await {
                    Ok(found) => found.deliver(&alert.message).await,
                    Err(error) => Err(error),
                },
            };
            let standing = match delivered {
                Ok(delivery) => Standing::Delivered { provider_id: delivery.provider_id },
                Err(error) => {
                    Standing::Failed { fault: *error.fault, retryable: error.retryable, retry_after: error.retry_after }
                }
            };
            channels.push(ChannelReport { channel: channel.clone(), standing });
        }
        Ok(Raised { id: AlertId::generate(), channels })
    }

    async fn find_template(&self, name: &str) -> Result<Option<Template>, StoreError> {
        let subject = "${{ alert.row_count }} of ${{ alert.labels.table }}".to_owned();
        Ok((name == "brief").then(|| Template { subject: Some(subject), ..Template::default() }))
    }
}

#[async_trait]
impl Files for World {
    async fn open(&self, request: FileRequest) -> Result<Box<dyn Source>> {
        let rows = self.tables.get(&request.location).ok_or_else(|| absent("such file"))?;
        Ok(Box::new(MemorySource::new(rows.schema(), vec![rows.clone()])))
    }
}

#[async_trait]
impl Plugins for World {
    async fn open_source(&self, _: &str, _: PluginCall, _: Option<Checkpoint>) -> Result<Box<dyn Source>> {
        Err(absent("plugins"))
    }
    async fn open_sink(&self, _: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Sink>> {
        Err(absent("plugins"))
    }
    async fn open_transform(&self, _: &str, _: PluginCall, _: SchemaRef) -> Result<Box<dyn Transformer>> {
        Err(absent("plugins"))
    }
    async fn open_channel(&self, _: &str, _: PluginCall) -> Result<Arc<dyn Channel>> {
        Err(absent("plugins"))
    }
}

impl World {
    fn table(&self, relation: &Relation) -> Result<&RecordBatch> {
        let (Relation::Table(name) | Relation::Query(name)) = relation;
        self.tables
            .get(name)
            .ok_or_else(|| Error::permanent(ErrorCode::TableNotFound, format!("there is no table `{name}`")))
    }
}

#[async_trait]
impl Connector for World {
    fn system(&self) -> System {
        System::Sqlite
    }
    fn abilities(&self) -> Abilities {
        Abilities { sql: true, transactions: true, ordered_read: true, introspect: true, ..Abilities::default() }
    }
    async fn ping(&self) -> Result<String> {
        Ok("stand-in".to_owned())
    }
    async fn list_tables(&self) -> Result<Vec<String>> {
        Ok(self.tables.keys().cloned().collect())
    }
    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let Some(rows) = self.tables.get(name) else { return Ok(None) };
        let schema = rows.schema();
        let columns = schema.fields().iter().map(|field| ColumnInfo {
            name: field.name().clone(),
            native_type: field.data_type().to_string(),
            data_type: field.data_type().clone(),
            nullable: true,
        });
        let columns = columns.collect();
        Ok(Some(TableInfo { name: name.to_owned(), columns, key: Vec::new(), row_estimate: None }))
    }
    /// Rows are expected to be in the order of the key already.
    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        let rows = self.table(&options.relation)?;
        let indices: Vec<_> = options.columns.iter().map(|name| rows.schema().index_of(name).unwrap()).collect();
        let rows = if indices.is_empty() { rows.clone() } else { rows.project(&indices)? };
        Ok(Box::new(MemorySource::new(rows.schema(), vec![rows])))
    }
    async fn write(&self, _: SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(absent("sinks"))
    }
    async fn execute(&self, sql: &str) -> Result<u64> {
        self.executed.lock().unwrap().push(sql.to_owned());
        Ok(3)
    }
    async fn backup(&self, request: &data::backup::BackupRequest) -> Result<data::backup::BackupReport> {
        if !self.backs_up {
            return Err(data::connector::unsupported(System::Sqlite, "be backed up"));
        }
        std::fs::write(request.folder.join("rows.txt"), "12345").unwrap();
        // The checksum of `12345`.
        let sha256 = "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5".to_owned();
        let file = data::backup::BackupFile { path: "rows.txt".to_owned(), bytes: 5, sha256 };
        let tables = vec![("bars".to_owned(), Some(3))];
        Ok(data::backup::BackupReport { method: "stand-in".to_owned(), files: vec![file], tables })
    }
    async fn restore(&self, request: &data::backup::RestoreRequest) -> Result<()> {
        self.executed.lock().unwrap().push(format!("restore {} replace={}", request.method, request.replace));
        Ok(())
    }
    async fn inspect(&self) -> Result<data::inspection::Inspection> {
        self.inspection.clone().ok_or_else(|| data::connector::unsupported(System::Sqlite, "be inspected"))
    }
    async fn count(&self, relation: &Relation, _: Option<&str>) -> Result<u64> {
        Ok(self.table(relation)?.num_rows() as u64)
    }
}

mod tests {
    use super::*;
    use crate::alert::AlertStep;
    use crate::classify::Classify;
    use crate::count::Count;
    use crate::diff::Diff;
    use crate::foreach::Foreach;
    use crate::script::Script;
    use crate::sql::Sql;
    use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use model::document::{PortRef, Retry};
    use serde_json::json;

    fn rows(days: &[&str], closes: &[i64]) -> RecordBatch {
        let days: ArrayRef = Arc::new(StringArray::from(days.to_vec()));
        let closes: ArrayRef = Arc::new(Int64Array::from(closes.to_vec()));
        RecordBatch::try_from_iter([("day", days), ("close", closes)]).unwrap()
    }

    fn world() -> World {
        let tables = HashMap::from([
            ("bars".to_owned(), rows(&["2024-01-01", "2024-01-02", "2024-01-03"], &[1, 2, 3])),
            ("bars.csv".to_owned(), rows(&["2024-01-03", "2024-01-04", "2024-01-02"], &[3, 4, 7])),
        ]);
        World { tables, values: json!({ "inputs": { "day": "2024-01-31" }, "steps": {} }), ..World::default() }
    }

    async fn check_refused(kind: &dyn StepKind, with: Value, expected: &str) {
        let error = world().act(kind, with).await.map(|report| report.outputs).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[tokio::test]
    async fn diff_compares_a_table_with_a_file() {
        let world = world();
        let diff = Diff::new(Arc::new(world.clone()));
        let with = json!({
            "left": { "path": "bars.csv" },
            "right": { "connection": "store", "table": "bars" },
            "key": "day",
        });
        let report = world.act(&diff, with).await.unwrap();
        let counts = ["differences", "missing", "extra", "changed", "equal", "left_rows", "right_rows"];
        assert_eq!(counts.map(|name| report.outputs[name].as_u64().unwrap()), [3, 1, 1, 1, 1, 3, 3]);
        assert_eq!(report.outputs["sample"]["missing"], json!([{ "day": "2024-01-04", "close": 4 }]));
        assert_eq!(
            report.outputs["sample"]["changed"],
            json!([{ "day": "2024-01-02", "_column": "close", "_left": "7", "_right": "2" }])
        );
        let sent = world.sent.lock().unwrap();
        let mut ports: Vec<_> = sent.iter().map(|(port, batch)| format!("{port} {}", batch.lane)).collect();
        ports.sort();
        assert_eq!(ports, ["changed tried.changed", "extra tried.extra", "missing tried.missing"]);
    }

    #[tokio::test]
    async fn wrong_sides_are_refused() {
        let diff = Diff::new(Arc::new(world()));
        let good = json!({ "connection": "store", "table": "bars" });
        check_refused(&diff, json!({ "left": good, "right": {} }), "neither a `connection` nor a `path`").await;
        check_refused(&diff, json!({ "left": good, "right": { "connection": "store" } }), "either `table` or").await;
        check_refused(&diff, json!({ "left": good, "right": { "path": "x.bin" } }), "format of `x.bin`").await;
        check_refused(&diff, json!({ "left": good, "right": good, "kee": 1 }), "kee").await;
        let lost = json!({ "connection": "nowhere", "table": "bars" });
        check_refused(&diff, json!({ "left": good, "right": lost }), "`nowhere`").await;
        let lost = json!({ "connection": "store", "table": "barz" });
        check_refused(&diff, json!({ "left": good, "right": lost }), "`barz`").await;
        check_refused(&Count, json!({ "connection": "store", "path": "x.csv" }), "").await;
    }

    #[tokio::test]
    async fn count_and_sql_leave_numbers() {
        let world = world();
        let report = world.act(&Count, json!({ "connection": "store", "table": "bars" })).await.unwrap();
        assert_eq!(report.outputs["count"], 3);
        let report = world.act(&Sql, json!({ "connection": "store", "sql": "delete from x" })).await.unwrap();
        assert_eq!(report.outputs["rows_affected"], 3);
        assert_eq!(*world.executed.lock().unwrap(), ["delete from x"]);
        check_refused(&Sql, json!({ "connection": "store" }), "either `sql` or `file`").await;
        check_refused(&Sql, json!({ "connection": "store", "file": "../etc/passwd" }), "leaves the folder").await;
        check_refused(&Sql, json!({ "connection": "store", "file": "/etc/passwd" }), "leaves the folder").await;
        check_refused(&Sql, json!({ "connection": "store", "file": "no_such_file.sql" }), "does not exist").await;
    }

    async fn check_script(script: &str, expected: Value) {
        let report = world().act(&Script, json!({ "script": script })).await;
        let report = report.unwrap_or_else(|error| panic!("{script}: {error}"));
        assert_eq!(Value::Object(report.outputs), expected, "{script}");
    }

    #[tokio::test]
    async fn scripts_leave_their_result() {
        check_script("1", json!({ "result": 1 })).await;
        check_script("", json!({})).await;
        check_script("#{ day: inputs.day, n: 2 * 3 }", json!({ "day": "2024-01-31", "n": 6 })).await;
        let total = "let total = 0; for x in 1..=10 { total += x; } total";
        check_script(total, json!({ "result": 55 })).await;
        check_script("[1, \"é\", (), 1.5, true]", json!({ "result": [1, "é", null, 1.5, true] })).await;
        check_script("fn twice(x) { x * 2 } twice(4)", json!({ "result": 8 })).await;
    }

    #[tokio::test]
    async fn scripts_write_to_the_log_and_reach_nothing_else() {
        let world = world();
        let script = "log(\"warn\", \"look: \" + inputs.day); print(1)";
        world.act(&Script, json!({ "script": script })).await.unwrap();
        assert_eq!(*world.lines.lock().unwrap(), ["warn look: 2024-01-31", "info 1"]);
        for hostile in [
            "sleep(1)",
            "timestamp()",
            "eval(\"1\")",
            "import \"x\" as x; 1",
            "let x = \"a\"; loop { x += x; }",
            "let x = []; loop { x.push(x); }",
            "fn f(x) { f(x + 1) } f(1)",
            "inputs.day = 1",
            "no_such",
            "log(\"loud\", \"x\")",
            "loop { log(\"info\", \"x\") }",
            "throw \"x\"",
        ] {
            let error =
                world.act(&Script, json!({ "script": hostile })).await.map(|report| report.outputs).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ScriptFailed, "{hostile}: {error}");
        }
    }

    #[tokio::test]
    async fn a_canceled_script_stops() {
        let world = world();
        let context = world.context("script", json!({ "script": "loop { }" }));
        let cancel = context.cancel.clone();
        cancel.cancel();
        let Opened::Action(mut action) = Script.open(context).await.unwrap() else { panic!() };
        let error = action.run(&mut Outputs::new(&mut world.clone())).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Canceled);
    }

    #[tokio::test]
    async fn an_alert_reaches_every_channel_it_can() {
        let world = world();
        let with = json!({ "channels": ["ops", "nowhere", "log"], "title": "two\nlines", "fields": { "n": 3 } });
        let report = world.act(&AlertStep, with).await.unwrap();
        assert_eq!((&report.outputs["delivered"], &report.outputs["failed"]), (&json!(2), &json!(1)));
        let delivered = world.delivered.lock().unwrap();
        assert_eq!(delivered[0].title, "two lines");
        assert!(!delivered[0].id.contains('.') && delivered[0].id.contains("/tried"), "{}", delivered[0].id);
        assert_eq!(delivered[0].fields[0], ("n".to_owned(), "3".to_owned()));
        assert!(world.lines.lock().unwrap().iter().any(|line| line.starts_with("warn warning: two lines")));
    }

    #[tokio::test]
    async fn an_alert_that_nobody_took_or_that_a_retry_may_mend_fails() {
        check_refused(&AlertStep, json!({ "channels": "nowhere", "title": "x" }), "`nowhere`").await;
        check_refused(&AlertStep, json!({ "channels": "log" }), "`title` or a `template`").await;
        let world = world();
        let mut context = world.context("alert", json!({ "channels": ["busy", "log"], "title": "x" }));
        context.step.retry = Some(Retry { attempts: 2, ..Retry::default() });
        for (attempt, fails) in [(1, true), (2, false)] {
            context.attempt = attempt;
            let Opened::Action(mut action) = AlertStep.open(context.clone()).await.unwrap() else { panic!() };
            let found = action.run(&mut Outputs::new(&mut world.clone())).await;
            assert_eq!(found.is_err_and(|error| error.retryable), fails, "attempt {attempt}");
        }
    }

    #[tokio::test]
    async fn an_alert_with_input_counts_and_shows_rows() {
        let world = world();
        let mut context = world.context("alert", json!({ "channels": "ops", "title": "rejected rows" }));
        context.step.from = vec![PortRef { step: StepId::new("bars").unwrap(), port: None }];
        let batch = world.tables["bars"].clone();
        let batches = vec![batch.clone(), batch.clone(), batch.clone(), batch];
        let outputs = world.flow(&AlertStep, context, &[("bars", batches)]).await.unwrap();
        assert_eq!(outputs["rows"], 12);
        let text = world.delivered.lock().unwrap()[0].text.clone();
        assert!(text.starts_with("12 rows"), "{text}");
        assert_eq!(text.matches("2024-01-0").count(), 10, "{text}");
    }

    #[tokio::test]
    async fn an_alert_that_waits_is_no_failure() {
        let world = world();
        let report = world.act(&AlertStep, json!({ "channels": ["held"], "title": "x" })).await.unwrap();
        let counts = ["delivered", "failed", "waiting"].map(|name| report.outputs[name].clone());
        assert_eq!(counts, [json!(0), json!(0), json!(1)]);
        assert_eq!(report.outputs["deliveries"][0]["reason"], "quiet");
        assert!(report.outputs["alert"].as_str().unwrap().starts_with("alert_"));
    }

    #[tokio::test]
    async fn a_template_sees_the_rows_that_came_in() {
        let world = world();
        let from = vec![PortRef { step: StepId::new("bars").unwrap(), port: None }];
        let check = async |template: Value, more: Value| {
            let mut with = json!({ "channels": "ops", "title": "own", "template": template });
            with.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut context = world.context("alert", with);
            context.step.from.clone_from(&from);
            let batch = world.tables["bars"].clone();
            world.flow(&AlertStep, context, &[("bars", vec![batch.clone(), batch])]).await
        };
        let template = json!({
            "subject": "${{ alert.row_count }} rows",
            "markdown": "${{ alert.table }}",
            "text": "${{ len(alert.rows) }} shown of ${{ join(alert.columns, \"+\") }}",
        });
        check(template, json!({ "rows": 2, "attach": "csv", "labels": { "table": "bars" } })).await.unwrap();
        let raised = world.raised.lock().unwrap().last().unwrap().clone();
        let message = &raised.message;
        assert_eq!(message.title, "6 rows");
        assert!(message.plain.as_ref().unwrap().starts_with("2 shown of "), "{message:?}");
        assert_eq!(message.text.lines().count(), 4, "{}", message.text);
        assert_eq!(message.attachments[0].content.lines().count(), 7, "a header and all rows");
        assert_eq!(raised.labels["table"], "bars");
        check(json!("brief"), json!({ "labels": { "table": "bars" } })).await.unwrap();
        assert_eq!(world.raised.lock().unwrap().last().unwrap().message.title, "6 of bars");
        let error = check(json!("breif"), json!({})).await.unwrap_err();
        assert!(error.to_string().contains("`breif`"), "{error}");
        let error = check(json!({ "subject": "${{ alert.rows[9].x }}" }), json!({})).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidExpression);
    }

    #[tokio::test]
    async fn foreach_hands_its_items_over() {
        let nested = json!([{ "id": "one", "uses": "script" }]);
        let with = json!({ "items": [1, "a", null], "steps": nested });
        let report = world().act(&Foreach, with).await.unwrap();
        let expansion = report.expand.unwrap();
        assert_eq!(expansion.items, [json!(1), json!("a"), Value::Null]);
        assert_eq!(expansion.finish, None, "its chunks are of other kinds");
        check_refused(&Foreach, json!({ "items": 3, "steps": nested }), "").await;
        check_refused(&Foreach, json!({ "items": [], "steps": [] }), "").await;
        check_refused(&Foreach, json!({ "items": vec![0; 10_001], "steps": nested }), "10001 items").await;
    }

    fn column(batch: &Batch, name: &str) -> Vec<Option<String>> {
        let column = batch.records.column_by_name(name).unwrap();
        column.as_string::<i32>().iter().map(|value| value.map(ToOwned::to_owned)).collect()
    }

    #[tokio::test]
    async fn classify_adds_its_columns_to_every_batch_of_every_lane() {
        let world = world();
        let bars = world.tables["bars"].clone();
        let words: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let words = RecordBatch::try_from_iter([("word", words)]).unwrap();
        let context = world.context(
            "classify",
            json!({
                "rules": [
                    { "when": "close > 2", "class": "derived", "subclass": "signal" },
                    { "when": "no_such > 2", "class": "derived" },
                ],
                "pin": { "words": { "class": "metadata.dictionary", "reason": "we know" } },
            }),
        );
        let lanes = [("bars", vec![bars.clone(), bars]), ("words", vec![words])];
        let outputs = world.flow(&Classify, context, &lanes).await.unwrap();
        assert_eq!(outputs["lanes"]["words"]["evidence"], json!(["pinned: we know"]));
        let sent = world.sent.lock().unwrap();
        let places: Vec<_> = sent.iter().map(|(_, batch)| (batch.lane.as_str(), batch.sequence)).collect();
        assert_eq!(places, [("bars", 0), ("words", 0), ("bars", 1), ("bars", 2), ("words", 1)]);
        assert_eq!(column(&sent[0].1, "class"), Vec::<Option<String>>::new());
        for (_, batch) in &sent[2..4] {
            let market = Some("market".to_owned());
            assert_eq!(column(batch, "class"), [market.clone(), market, Some("derived".to_owned())]);
            assert_eq!(column(batch, "subclass")[2].as_deref(), Some("signal"));
        }
        assert_eq!(column(&sent[4].1, "subclass"), vec![Some("dictionary".to_owned()); 2]);
        let lines = world.lines.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains("the rule `no_such > 2` fits no input")), "{lines:?}");
    }

    #[tokio::test]
    async fn classify_refuses_what_it_cannot_add() {
        let world = world();
        let context = world.context("classify", json!({ "column": "close" }));
        let bars = world.tables["bars"].clone();
        let error = world.flow(&Classify, context, &[("bars", vec![bars])]).await.unwrap_err();
        assert!(error.to_string().contains("have a column `close` already"), "{error}");
        let with = json!({ "rules": [{ "when": "close >", "class": "x" }] });
        let faults = Classify.check(with.as_object().unwrap());
        assert_eq!(faults[0].path.as_deref(), Some("with.rules.0.when"));
    }
}
