//! Writes each batch in a transaction of its own, together with a note of it: what is noted is never written again.
//!
//! The note comes first. It locks the lane, so that of two attempts at once only one writes the batch, and the other finds
//! it noted. Rows with a key wait in a temporary table of the target's types and take their places from there.

use crate::config::{Config, ORDER, STORE};
use crate::facts::Facts;
use crate::statement::{STAGE, merge, note, noted, preparation, stage};
use plugin_sdk::{
    Batch, ColumnBuilder, DataType, Error, Field, Host, Level, Mark, Position, Result, Schema, Sink, Writer,
};

/// The plugin.
pub(crate) struct Timescale;

/// A writing under way.
pub(crate) struct TimescaleWriter {
    host: Host,
    config: Config,
    columns: Schema,
    /// The same, and the rows' order.
    staged: Schema,
    task: String,
}

impl Sink for Timescale {
    type Writer = TimescaleWriter;

    fn check(host: &Host) -> Result<()> {
        Facts::ask(host, &Config::of(host)?).map(drop)
    }

    fn open(host: Host, columns: Schema, key: String) -> Result<TimescaleWriter> {
        let config = Config::of(&host)?;
        config.check(&columns)?;
        let mut staged = columns.clone();
        staged.fields.push(Field::new(ORDER, DataType::Int64));
        Ok(TimescaleWriter { host, config, columns, staged, task: key })
    }
}

impl TimescaleWriter {
    fn bring_about(&self) -> Result<()> {
        let facts = Facts::ask(&self.host, &self.config)?;
        let preparation = preparation(&self.config, &self.columns, facts)?;
        let mut open = self.host.begin(STORE)?;
        for statement in &preparation.statements {
            open.execute(statement)?;
        }
        open.commit()?;
        for warning in &preparation.warnings {
            self.host.log(Level::Warn, warning);
        }
        Ok(())
    }
}

impl Writer for TimescaleWriter {
    fn prepare(&mut self) -> Result<()> {
        match self.bring_about() {
            // Another writer may make the same table at once, which `IF NOT EXISTS` does not see.
            Err(error) if error.message.contains("already exists") || error.message.contains("pg_type") => {
                self.bring_about()
            }
            outcome => outcome,
        }
    }

    fn claim(&mut self, lane: &str) -> Result<Option<Position>> {
        let (columns, batch) = self.host.query(STORE, &noted(&self.config, &self.task, lane))?.first()?;
        let Some(batch) = batch else { return Ok(None) };
        let sequence = batch.view(0, columns.fields.first().ok_or_else(odd)?).and_then(|view| view.i64(0));
        let Some(sequence) = sequence.and_then(|number| u64::try_from(number).ok()) else { return Ok(None) };
        let checkpoint = columns.fields.get(1).and_then(|field| batch.view(1, field)?.str(0).map(str::to_owned));
        Ok(Some(Position { sequence, checkpoint }))
    }

    fn write(&mut self, mut rows: Batch, mark: Mark) -> Result<u64> {
        let count = u64::from(rows.rows);
        if count == 0 {
            return Ok(0);
        }
        let mut open = self.host.begin(STORE)?;
        let (columns, values) = note_values(&self.task, &mark)?;
        if open.execute_with(&note(&self.config), &columns, &values)? == 0 {
            // An earlier attempt wrote it after all.
            return Ok(count);
        }
        if self.config.key.is_empty() {
            open.write(&table_name(&self.config), &self.columns, &rows)?;
        } else {
            let mut order = ColumnBuilder::new(DataType::Int64);
            (0..i64::from(rows.rows)).for_each(|row| order.push_i64(row));
            rows.columns.push(order.finish());
            open.execute(&stage(&self.config, &self.columns))?;
            open.write(STAGE, &self.staged, &rows)?;
            open.execute(&merge(&self.config, &self.columns))?;
        }
        open.commit()?;
        Ok(count)
    }

    fn commit(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The table as the host reads names: `schema.table`.
fn table_name(config: &Config) -> String {
    let (schema, name) = config.place();
    format!("{schema}.{name}")
}

/// What the note says.
fn note_values(task: &str, mark: &Mark) -> Result<(Schema, Batch)> {
    let sequence = i64::try_from(mark.sequence).map_err(|_| Error::permanent("the batch has no number"))?;
    let text = |text: Option<&str>| {
        let mut column = ColumnBuilder::new(DataType::Utf8);
        match text {
            Some(text) => column.push_str(text),
            None => column.push_null(),
        }
        column
    };
    let mut number = ColumnBuilder::new(DataType::Int64);
    number.push_i64(sequence);
    let columns = [
        (Field::new("task", DataType::Utf8), text(Some(task))),
        (Field::new("lane", DataType::Utf8), text(Some(&mark.lane))),
        (Field::new("sequence", DataType::Int64), number),
        (Field::new("checkpoint", DataType::Utf8), text(mark.checkpoint.as_deref())),
    ];
    let (fields, values) = columns.into_iter().unzip();
    Ok((Schema::new(fields), Batch::from_builders(values)))
}

fn odd() -> Error {
    Error::permanent("the record of batches has other columns than this plugin gave it")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::FakeHost;
    use serde_json::{Value, json};

    fn columns() -> Schema {
        Schema::new(vec![Field::new("day", DataType::Date32), Field::new("code", DataType::Utf8)])
    }

    fn rows() -> Batch {
        let (mut day, mut code) = (ColumnBuilder::new(DataType::Date32), ColumnBuilder::new(DataType::Utf8));
        for number in 0..3 {
            day.push_date(19_724 + number);
            code.push_str("sh.600000");
        }
        Batch::from_builders(vec![day, code])
    }

    fn mark(sequence: u64) -> Mark {
        Mark { lane: "main".into(), sequence, checkpoint: Some("c".into()), key: format!("task/main/{sequence}") }
    }

    fn facts(host: FakeHost, there: bool) -> FakeHost {
        let names = ["there", "ledger", "hypertables", "ranges", "policies"];
        let mut fields: Vec<Field> = names.map(|name| Field::new(name, DataType::Boolean)).into();
        fields.push(Field::new("license", DataType::Utf8));
        let mut values = Vec::new();
        for _ in names {
            let mut column = ColumnBuilder::new(DataType::Boolean);
            column.push_bool(there);
            values.push(column);
        }
        let mut license = ColumnBuilder::new(DataType::Utf8);
        if there {
            license.push_str("timescale")
        } else {
            license.push_null()
        }
        values.push(license);
        host.rows(Schema::new(fields), vec![Batch::from_builders(values)])
    }

    fn open(host: FakeHost, more: Value) -> (Host, TimescaleWriter) {
        let mut settings = json!({ "table": "bars", "time": "day" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let host = host.settings(settings).host();
        let writer = Timescale::open(host.clone(), columns(), "task".into()).unwrap();
        (host, writer)
    }

    #[test]
    fn rows_without_a_key_are_added_with_their_note_in_one_transaction() {
        let (host, mut writer) = open(facts(FakeHost::default(), false), json!({}));
        writer.prepare().unwrap();
        let (level, warning) = host.fake().lines().remove(0);
        assert!(level == Level::Warn && warning.contains("no TimescaleDB"), "{warning}");
        let before = host.fake().statements().len();
        assert_eq!(writer.write(rows(), mark(1)).unwrap(), 3);
        let statements = host.fake().statements().split_off(before);
        assert_eq!(statements.len(), 4, "{statements:#?}");
        assert!(
            statements[1].contains("_sluice_timescale")
                && statements[1].contains("WHERE known.sequence < excluded.sequence")
        );
        assert_eq!((statements[2].as_str(), statements[3].as_str()), ("store: WRITE public.bars 3", "store: COMMIT"));
    }

    #[test]
    fn rows_with_a_key_wait_and_take_their_places() {
        let (host, mut writer) = open(FakeHost::default(), json!({ "key": ["code", "day"] }));
        assert_eq!(writer.write(rows(), mark(1)).unwrap(), 3);
        let statements = host.fake().statements();
        assert!(statements[2].contains("ON COMMIT DROP"), "{statements:#?}");
        assert_eq!(statements[3], "store: WRITE _sluice_timescale_stage 3");
        assert!(statements[4].contains("ON CONFLICT (\"code\", \"day\") DO NOTHING"), "{}", statements[4]);
        assert_eq!(statements[5], "store: COMMIT");
    }

    #[test]
    fn a_batch_that_is_noted_is_not_written_again() {
        let (host, mut writer) = open(FakeHost::default().changes([0]), json!({}));
        assert_eq!(writer.write(rows(), mark(1)).unwrap(), 3);
        let statements = host.fake().statements();
        assert!(!statements.iter().any(|it| it.contains("WRITE")), "{statements:#?}");
        assert_eq!(statements.last().unwrap(), "store: ROLLBACK");
    }

    #[test]
    fn a_lane_goes_on_behind_its_last_note() {
        let schema =
            Schema::new(vec![Field::new("sequence", DataType::Int64), Field::new("checkpoint", DataType::Utf8)]);
        let (mut sequence, mut checkpoint) = (ColumnBuilder::new(DataType::Int64), ColumnBuilder::new(DataType::Utf8));
        sequence.push_i64(7);
        checkpoint.push_str("row 7000");
        let noted = vec![Batch::from_builders(vec![sequence, checkpoint])];
        let host = FakeHost::default().rows(schema.clone(), noted).rows(schema, Vec::new());
        let (host, mut writer) = open(host, json!({}));
        let position = writer.claim("it's").unwrap().unwrap();
        assert_eq!((position.sequence, position.checkpoint.as_deref()), (7, Some("row 7000")));
        assert!(host.fake().statements()[0].ends_with("task = 'task' AND lane = 'it''s'"));
        assert!(writer.claim("other").unwrap().is_none());
    }
}
