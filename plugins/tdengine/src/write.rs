//! Groups the rows of a batch by subtable and sends them in statements of bounded size.
//!
//! TDengine has no transactions: every statement is durable at once. A repeat writes the same rows over themselves, since a
//! subtable's rows are told apart by their time.

use crate::config::{Config, Places, STORE, quoted_list};
use crate::literal::{self, Precision};
use crate::subtable;
use plugin_sdk::{Batch, CellReader, Error, Host, Mark, Result, Schema, Sink, Transaction, Writer};
use std::collections::HashMap;

/// A statement is cut before it has so many bytes; the host reads no longer ones.
const BYTES: usize = 200_000;
/// …or so many rows.
const ROWS: usize = 4_000;
/// Subtables whose tags are remembered.
const KNOWN: usize = 200_000;

/// The plugin.
pub(crate) struct Tdengine;

/// A writing under way.
pub(crate) struct TdengineWriter {
    host: Host,
    config: Config,
    columns: Schema,
    places: Places,
    cells: Vec<CellReader>,
    precision: Precision,
    open: Option<Transaction>,
    /// Subtables of this writing, and their tags as literals.
    known: HashMap<String, String>,
}

/// One row, ready to be sent.
struct Row {
    /// Index of its subtable's head.
    table: usize,
    at: i64,
    /// `(…)`.
    values: String,
}

impl Sink for Tdengine {
    type Writer = TdengineWriter;

    fn check(host: &Host) -> Result<()> {
        precision(host, &Config::of(host)?).map(drop)
    }

    fn open(host: Host, columns: Schema, _: String) -> Result<TdengineWriter> {
        let config = Config::of(&host)?;
        let places = config.places(&columns)?;
        let cells = CellReader::all(&columns.fields)?;
        let (precision, open, known) = (Precision::Milli, None, HashMap::new());
        Ok(TdengineWriter { host, config, columns, places, cells, precision, open, known })
    }
}

/// What the database counts time in.
fn precision(host: &Host, config: &Config) -> Result<Precision> {
    let sql = format!("SELECT `precision` FROM information_schema.ins_databases WHERE name = '{}'", config.database);
    let (columns, batch) = host.query(STORE, &sql)?.first()?;
    let Some(batch) = batch else {
        let message =
            format!("there is no database `{}`; make it first, since its precision is for good", config.database);
        return Err(Error::config("database", message));
    };
    let view = columns.fields.first().and_then(|field| batch.view(0, field));
    let Some(text) = view.and_then(|view| view.str(0)) else {
        return Err(Error::permanent("the server does not tell the precision of its databases"));
    };
    Precision::parse(text).ok_or_else(|| Error::permanent(format!("the server tells a precision of `{text}`")))
}

impl TdengineWriter {
    /// The row's tags as texts that tell subtables apart, and as literals.
    fn tags(&self, batch: &Batch, row: usize) -> Result<(Vec<Option<String>>, String), String> {
        let (mut texts, mut literals) = (Vec::new(), String::from("("));
        for (place, index) in self.places.tags.iter().enumerate() {
            let cell = self.cells[*index].cell(batch, row);
            if place > 0 {
                literals.push_str(", ");
            }
            literal::write(&mut literals, cell, self.precision)
                .map_err(|why| format!("tag `{}`: {why}", self.columns.fields[*index].name))?;
            texts.push(cell.to_text());
        }
        literals.push(')');
        Ok((texts, literals))
    }

    /// The subtable of these tags; an error where the same name stands for others.
    fn subtable(&mut self, texts: &[Option<String>], literals: &str) -> Result<String, String> {
        let name = match &self.places.template {
            Some(template) => template.name(texts)?,
            None => subtable::from_tags(&self.config.supertable, texts),
        };
        match self.known.get(&name) {
            Some(known) if known != literals => Err(format!(
                "its tags are {literals}, but the subtable `{name}` has {known}: name subtables by what tells their tags apart"
            )),
            Some(_) => Ok(name),
            None => {
                if self.known.len() < KNOWN {
                    self.known.insert(name.clone(), literals.to_owned());
                }
                Ok(name)
            }
        }
    }

    fn values(&self, batch: &Batch, row: usize) -> Result<(i64, String), String> {
        let mut values = String::from("(");
        let mut at = None;
        for (place, index) in self.places.columns.iter().enumerate() {
            let cell = self.cells[*index].cell(batch, row);
            let told = |why: String| format!("column `{}`: {why}", self.columns.fields[*index].name);
            if place == 0 {
                at = literal::time(cell, self.precision).map_err(told)?;
            }
            let keyed = place == 0 || (place == 1 && self.config.second_key.is_some());
            if keyed && cell.is_null() {
                return Err(told("it is null, and rows are told apart by it".to_owned()));
            }
            if place > 0 {
                values.push_str(", ");
            }
            literal::write(&mut values, cell, self.precision).map_err(told)?;
        }
        values.push(')');
        Ok((at.unwrap_or_default(), values))
    }

    /// The rows, those of a subtable together and in the order of their time, and what stands before each subtable's.
    fn encode(&mut self, batch: &Batch) -> Result<(Vec<String>, Vec<Row>)> {
        let supertable = self.config.table(&self.config.supertable)?;
        let tag_names = quoted_list(&self.places.tags, &self.columns)?;
        let names = quoted_list(&self.places.columns, &self.columns)?;
        let (mut heads, mut rows) = (Vec::new(), Vec::new());
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for row in 0..batch.rows as usize {
            let encoded = self.tags(batch, row).and_then(|(texts, tags)| {
                let name = self.subtable(&texts, &tags)?;
                let (at, values) = self.values(batch, row)?;
                Ok((name, tags, at, values))
            });
            let (name, tags, at, values) = encoded.map_err(|why| bad_row(row, &why))?;
            let table = match by_name.get(&name) {
                Some(table) => *table,
                None => {
                    let table = self.config.table(&name)?;
                    heads.push(format!(" {table} USING {supertable} {tag_names} TAGS {tags} {names} VALUES "));
                    by_name.insert(name, heads.len() - 1);
                    heads.len() - 1
                }
            };
            if heads[table].len() + values.len() > BYTES {
                return Err(bad_row(row, &format!("it takes more than the {BYTES} bytes of one statement")));
            }
            rows.push(Row { table, at, values });
        }
        // Rows of one moment keep their order: the last one counts.
        rows.sort_by_key(|row| (row.table, row.at));
        Ok((heads, rows))
    }
}

fn bad_row(row: usize, why: &str) -> Error {
    Error { row: u32::try_from(row).ok(), ..Error::data(why) }
}

/// Statements of bounded size.
fn statements(heads: &[String], rows: &[Row]) -> Vec<String> {
    const START: &str = "INSERT INTO";
    let mut statements = Vec::new();
    let (mut sql, mut count, mut table) = (String::new(), 0, None);
    for row in rows {
        let head = if table == Some(row.table) { 0 } else { heads[row.table].len() };
        if count > 0 && (sql.len() + head + row.values.len() > BYTES || count >= ROWS) {
            statements.push(std::mem::take(&mut sql));
            (count, table) = (0, None);
        }
        if sql.is_empty() {
            sql.push_str(START);
        }
        if table != Some(row.table) {
            sql.push_str(&heads[row.table]);
            table = Some(row.table);
        }
        sql.push_str(&row.values);
        count += 1;
    }
    if count > 0 {
        statements.push(sql);
    }
    statements
}

impl Writer for TdengineWriter {
    fn prepare(&mut self) -> Result<()> {
        self.precision = precision(&self.host, &self.config)?;
        let mut open = self.host.begin(STORE)?;
        open.execute(&self.config.create(&self.places, &self.columns)?)?;
        self.open = Some(open);
        Ok(())
    }

    fn write(&mut self, rows: Batch, _: Mark) -> Result<u64> {
        let (heads, encoded) = self.encode(&rows)?;
        let open = self.open.as_mut().ok_or_else(|| Error::permanent("rows came before `prepare` was called"))?;
        for statement in statements(&heads, &encoded) {
            open.execute(&statement)?;
        }
        Ok(u64::from(rows.rows))
    }

    fn commit(&mut self) -> Result<()> {
        self.open.take().map_or(Ok(()), Transaction::commit)
    }

    fn abort(&mut self) {
        self.open = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::FakeHost;
    use plugin_sdk::{ColumnBuilder, DataType, ErrorKind, Field};
    use serde_json::{Value, json};

    fn columns() -> Schema {
        Schema::new(vec![
            Field::new("ts", DataType::TimestampMicros),
            Field::new("code", DataType::Utf8),
            Field::new("close", DataType::Float64),
        ])
    }

    /// 2024-01-02T00:00:00Z and so many days.
    fn day(number: i64) -> Option<i64> {
        Some(1_704_153_600_000_000 + number * 86_400_000_000)
    }

    fn batch(rows: &[(Option<i64>, &str, f64)]) -> Batch {
        let mut columns = [DataType::TimestampMicros, DataType::Utf8, DataType::Float64].map(ColumnBuilder::new);
        for (at, code, close) in rows {
            match at {
                Some(at) => columns[0].push_timestamp(*at),
                None => columns[0].push_null(),
            }
            columns[1].push_str(code);
            columns[2].push_f64(*close);
        }
        Batch::from_builders(columns.into())
    }

    fn open(more: Value, precision: &[&str]) -> (Host, TdengineWriter) {
        let mut settings = json!({ "database": "market", "supertable": "kline_1d", "time": "ts", "tags": ["code"],
            "subtable": "k1d_{code}" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut column = ColumnBuilder::new(DataType::Utf8);
        precision.iter().for_each(|text| column.push_str(text));
        let told = Schema::new(vec![Field::new("precision", DataType::Utf8)]);
        let host = FakeHost::default().settings(settings).rows(told, vec![Batch::from_builders(vec![column])]).host();
        let writer = Tdengine::open(host.clone(), columns(), "k".into()).unwrap();
        (host, writer)
    }

    fn mark() -> Mark {
        Mark { lane: "a".into(), sequence: 1, checkpoint: None, key: "k/a/1".into() }
    }

    #[test]
    fn rows_go_to_their_subtables_in_one_statement() {
        let (host, mut writer) = open(json!({}), &["ms"]);
        writer.prepare().unwrap();
        let rows = batch(&[(day(1), "600000.SH", 6.64), (day(0), "000001.SZ", 9.21), (day(0), "600000.SH", 6.62)]);
        assert_eq!(writer.write(rows, mark()).unwrap(), 3);
        writer.commit().unwrap();
        let expected = [
            "store: SELECT `precision` FROM information_schema.ins_databases WHERE name = 'market'",
            "store: BEGIN",
            "store: CREATE STABLE IF NOT EXISTS `market`.`kline_1d` (`ts` TIMESTAMP, `close` DOUBLE) TAGS (`code` NCHAR(255))",
            "store: INSERT INTO \
             `market`.`k1d_600000_sh` USING `market`.`kline_1d` (`code`) TAGS ('600000.SH') (`ts`, `close`) VALUES \
             (1704153600000, 6.62)(1704240000000, 6.64) \
             `market`.`k1d_000001_sz` USING `market`.`kline_1d` (`code`) TAGS ('000001.SZ') (`ts`, `close`) VALUES \
             (1704153600000, 9.21)",
            "store: COMMIT",
        ];
        assert_eq!(host.fake().statements(), expected);
    }

    #[test]
    fn statements_are_bounded_and_none_is_without_a_head() {
        let (host, mut writer) = open(json!({}), &["us"]);
        writer.prepare().unwrap();
        let codes: Vec<String> = (0..5).map(|number| format!("c{number}")).collect();
        let rows: Vec<_> = (0..20_000).map(|row| (day(row / 5), codes[row as usize % 5].as_str(), 1.5)).collect();
        assert_eq!(writer.write(batch(&rows), mark()).unwrap(), 20_000);
        let statements = host.fake().statements().split_off(3);
        assert!(statements.len() >= 5, "{}", statements.len());
        for statement in &statements {
            assert!(statement.len() <= BYTES + 10 && statement.starts_with("store: INSERT INTO `market`.`k1d_c"));
            assert!(statement.matches("(17").count() <= ROWS);
        }
        assert_eq!(statements.iter().map(|it| it.matches(", 1.5)").count()).sum::<usize>(), 20_000);
        // The same rows again are the same statements: each row is written over itself.
        writer.write(batch(&rows), mark()).unwrap();
        assert_eq!(host.fake().statements().split_off(3 + statements.len()), statements);
    }

    #[test]
    fn a_row_that_tdengine_would_not_keep_apart_is_refused_by_its_number() {
        let (_, mut writer) = open(json!({}), &["ms"]);
        writer.prepare().unwrap();
        for (row, told) in [
            ((None, "a", 1.0), "column `ts`: it is null"),
            ((day(0).map(|at| at + 1), "a", 1.0), "finer than the ms"),
            ((day(0), "a", f64::INFINITY), "column `close`: TDengine has no NaN"),
            // Both are `k1d_a_b`.
            ((day(0), "a.b", 1.0), "the subtable `k1d_a_b` has ('a-b')"),
        ] {
            let error = writer.write(batch(&[(day(0), "a-b", 1.0), row]), mark()).unwrap_err();
            assert_eq!((error.kind, error.row), (ErrorKind::Data, Some(1)), "{error}");
            assert!(error.message.contains(told), "{told}: {error}");
        }
        let long = "x".repeat(BYTES);
        let error = writer.write(batch(&[(day(0), &long, 1.0)]), mark()).unwrap_err();
        assert!(error.message.contains("bytes of one statement"), "{error}");
    }

    #[test]
    fn a_database_that_is_missing_is_told_before_anything_is_made() {
        let (host, mut writer) = open(json!({}), &[]);
        assert_eq!(writer.prepare().unwrap_err().field.as_deref(), Some("database"));
        assert_eq!(host.fake().statements().len(), 1);
    }
}
