//! Writing batches as multi-row INSERTs, grouped by subtable.
//!
//! TDengine has no transactions, and so no ledger: [`Sink::claim`] tells nothing. Instead every row is keyed by its
//! timestamp, so that a repeat writes the same rows over themselves. Values are held against their columns before anything
//! is sent; what only the server can tell (rows older than KEEP) is found by halving the statement.

use super::error::Failure;
use super::insert::{Encoded, Entry, insert, statements};
use super::introspect::{self, TABLE_NAME};
use super::literal::Cells;
use super::sql::{self, Place};
use super::target::{self, Target};
use super::types::Native;
use super::{Tdengine, subtable};
use crate::error::{Culprit, shortened};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::{Batch, Error, Lane, LedgerEntry, Mode, RefusedRow, Result, Sink, WriteOptions, Written};
use futures::{StreamExt, TryStreamExt};
use model::ErrorCode;
use std::collections::{HashMap, HashSet};

/// Subtables asked for in one query.
const LOOKUP: usize = 500;

/// Opens a sink.
pub(super) async fn open(tdengine: &Tdengine, schema: SchemaRef, options: WriteOptions) -> Result<Box<dyn Sink>> {
    let target = target::open(tdengine, &schema, &options).await?;
    let row_columns: Vec<usize> = columns(&target, &schema, false);
    let tag_columns: Vec<usize> = columns(&target, &schema, true);
    let names = |columns: &[usize]| -> Vec<String> {
        columns.iter().map(|index| schema.field(*index).name().clone()).collect()
    };
    let (row_names, tag_names) = (names(&row_columns), names(&tag_columns));
    let named = format!("({})", sql::quote_all(row_names.iter().map(String::as_str))?);
    let tags_named = format!("({})", sql::quote_all(tag_names.iter().map(String::as_str))?);
    Ok(Box::new(TdengineSink {
        tdengine: tdengine.clone(),
        target,
        options,
        row_columns,
        tag_columns,
        row_names,
        tag_names,
        named,
        tags_named,
        subtables: HashMap::new(),
        truncated: false,
    }))
}

/// Indexes of the batch's columns that are tags, or those that are not.
fn columns(target: &Target, schema: &SchemaRef, tags: bool) -> Vec<usize> {
    let fits = |name: &str| target.table.column(name).is_some_and(|column| column.is_tag == tags);
    (0..schema.fields().len()).filter(|index| fits(schema.field(*index).name())).collect()
}

struct TdengineSink {
    tdengine: Tdengine,
    target: Target,
    options: WriteOptions,
    row_columns: Vec<usize>,
    tag_columns: Vec<usize>,
    row_names: Vec<String>,
    tag_names: Vec<String>,
    /// `(columns)` as they stand behind the table's name, and behind the supertable's.
    named: String,
    tags_named: String,
    /// Subtables seen by this sink, and the tags they have.
    subtables: HashMap<String, Vec<Option<String>>>,
    truncated: bool,
}

/// A table of the batch, before its tags are known to fit.
struct Group {
    name: String,
    tags: Vec<Option<String>>,
    /// `USING … TAGS (…)`.
    using: String,
}

#[async_trait]
impl Sink for TdengineSink {
    fn made_table(&self) -> Option<&str> {
        self.target.made.as_deref()
    }

    async fn claim(&mut self, _lane: &Lane) -> Result<Option<LedgerEntry>> {
        Ok(None)
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written> {
        self.truncate().await?;
        let rows = batch.records.num_rows() as u64;
        if rows == 0 {
            return Ok(Written::default());
        }
        let mut encoded = self.encode(&batch.records).await?;
        let statements = statements(&encoded);
        let writers = self.tdengine.config.writers.clamp(1, self.tdengine.config.pool_size.max(1));
        let sends: Vec<_> = statements.into_iter().map(|range| self.send(&encoded, range)).collect();
        let sent: Vec<Vec<RefusedRow>> = futures::stream::iter(sends).buffer_unordered(writers).try_collect().await?;
        encoded.refused.extend(sent.into_iter().flatten());
        encoded.refused.sort_by_key(|refused| refused.row);
        Ok(Written { rows: rows - encoded.refused.len() as u64, skipped: false, refused: encoded.refused })
    }

    async fn finish(&mut self) -> Result<()> {
        self.truncate().await
    }
}

impl TdengineSink {
    /// Empties the table once, before the first row.
    async fn truncate(&mut self) -> Result<()> {
        if self.options.mode != Mode::Truncate || self.truncated {
            return Ok(());
        }
        let time = sql::quote(self.target.table.time())?;
        // A DELETE must name a range of time; this one holds every time there can be.
        let sql = format!(
            "DELETE FROM {} WHERE {time} >= {} AND {time} <= {}",
            self.target.table.place.quoted()?,
            -(1i64 << 62),
            1i64 << 62
        );
        let mut session = self.tdengine.session().await?;
        session.exec(&sql).await.map_err(|failure| self.tdengine.told(failure))?;
        self.truncated = true;
        Ok(())
    }

    /// The batch as rows of text, each with its table.
    async fn encode(&mut self, records: &RecordBatch) -> Result<Encoded> {
        let precision = self.target.table.precision;
        let schema = records.schema();
        let mut cells: Vec<Option<Cells>> = Vec::new();
        for (field, array) in schema.fields().iter().zip(records.columns()) {
            let column = self.target.table.column(field.name());
            cells.push(column.map(|column| Cells::new(array, column.native, precision)).transpose()?);
        }
        let table_names = records.column_by_name(TABLE_NAME).cloned();
        let at = |name: &str| schema.index_of(name).ok();
        let key = self.target.table.key();
        let (time, second) = (key.first().and_then(|name| at(name)), key.get(1).and_then(|name| at(name)));
        let naming: Vec<Option<usize>> =
            self.target.naming.iter().flat_map(|naming| naming.columns.iter().map(|name| at(name))).collect();

        let mut refused = Vec::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut by_tags: HashMap<Vec<Option<String>>, usize> = HashMap::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut pending: Vec<(usize, usize, Key)> = Vec::new();
        for row in 0..records.num_rows() {
            let placed = self.key_of(&cells, time, second, row).and_then(|key| {
                let identity = self.identity(&cells, &naming, table_names.as_ref(), row)?;
                let group = self.group(&cells, identity, row, &mut groups, &mut by_tags, &mut by_name)?;
                Ok((row, group, key))
            });
            match placed {
                Ok(placed) => pending.push(placed),
                Err(reason) => self.refuse(&mut refused, row, reason)?,
            }
        }
        let wrong = self.settle_tags(&groups).await?;
        let pending = self.without_repeats(pending, &wrong, &mut refused)?;
        let mut encoded = Encoded { refused, ..Encoded::default() };
        let place = &self.target.table.place;
        for group in &groups {
            let table = if self.target.naming.is_some() { place.beside(&group.name)? } else { place.quoted()? };
            encoded.tables.push(format!("{table}{} {}", group.using, self.named));
        }
        for (row, group, _) in pending {
            match self.row(&cells, row) {
                Ok(values) => encoded.entries.push(Entry { row, table: group, values }),
                Err(reason) => self.refuse(&mut encoded.refused, row, reason)?,
            }
        }
        // Rows of a table stand together, so that a statement names it once.
        encoded.entries.sort_by_key(|entry| (entry.table, entry.row));
        Ok(encoded)
    }

    /// What the row is told apart by within its table.
    fn key_of(
        &self,
        cells: &[Option<Cells>],
        time: Option<usize>,
        second: Option<usize>,
        row: usize,
    ) -> Result<Key, String> {
        let name = self.target.table.time();
        let time = time.and_then(|index| cells[index].as_ref()).ok_or_else(|| format!("column `{name}` is missing"))?;
        if time.is_null(row) {
            return Err(format!("column `{name}` is NULL, and every row needs its timestamp"));
        }
        let at = time.timestamp(row).map_err(|why| explain(name, time, row, &why))?;
        let second = match second.and_then(|index| cells[index].as_ref()) {
            Some(cells) => match cells.text(row) {
                Some(text) => Some(text),
                None => return Err("the second column of the key is NULL".to_owned()),
            },
            None => None,
        };
        Ok(Key { at, second })
    }

    /// The values that tell the row's subtable; none for a normal table.
    fn identity(
        &self,
        cells: &[Option<Cells>],
        naming: &[Option<usize>],
        table_names: Option<&arrow::array::ArrayRef>,
        row: usize,
    ) -> Result<Option<Vec<String>>, String> {
        let Some(own) = &self.target.naming else { return Ok(None) };
        let mut values = Vec::with_capacity(naming.len());
        for (index, name) in naming.iter().zip(&own.columns) {
            let value = match index.and_then(|index| cells[index].as_ref()) {
                Some(cells) => cells.text(row),
                None => table_names.and_then(|names| crate::cell::text(names, row)),
            };
            match value {
                Some(value) => values.push(value),
                // Where all tags make the name, NULL is a value like others.
                None if own.template.is_none() && *name != TABLE_NAME => values.push("\0".to_owned()),
                None => return Err(format!("column `{name}` is NULL, and the subtable is named by it")),
            }
        }
        Ok(Some(values))
    }

    /// The row's table among those of the batch, by its tags.
    fn group(
        &self,
        cells: &[Option<Cells>],
        identity: Option<Vec<String>>,
        row: usize,
        groups: &mut Vec<Group>,
        by_tags: &mut HashMap<Vec<Option<String>>, usize>,
        by_name: &mut HashMap<String, usize>,
    ) -> Result<usize, String> {
        let (Some(identity), Some(naming)) = (identity, &self.target.naming) else {
            if groups.is_empty() {
                groups.push(Group { name: String::new(), tags: Vec::new(), using: String::new() });
            }
            return Ok(0);
        };
        let tags: Vec<Option<String>> =
            self.tag_columns.iter().map(|index| cells[*index].as_ref().and_then(|c| c.text(row))).collect();
        let mut seen = tags.clone();
        seen.extend(identity.iter().cloned().map(Some));
        if let Some(group) = by_tags.get(&seen) {
            return Ok(*group);
        }
        let name = match &naming.template {
            Some(template) => template.name(identity.iter().cloned()),
            None if naming.columns == [TABLE_NAME] => identity.first().cloned().unwrap_or_default(),
            None => subtable::from_tags(&self.target.table.place.table, identity.iter().map(String::as_str)),
        };
        if let Some(other) = by_name.get(&name) {
            return Err(format!(
                "its tags ({}) differ from those of other rows of the subtable `{name}` ({})",
                shown(&tags),
                shown(&groups[*other].tags)
            ));
        }
        let mut literals = Vec::new();
        for (index, tag) in self.tag_columns.iter().zip(&self.tag_names) {
            let mut literal = String::new();
            if let Some(cells) = &cells[*index] {
                cells.write(row, &mut literal).map_err(|why| explain(tag, cells, row, &why))?;
            }
            literals.push(literal);
        }
        let stable = self.target.table.place.quoted().map_err(|error| error.to_string())?;
        let using = if literals.is_empty() {
            // Without tags in the batch only subtables that are there can be written.
            String::new()
        } else {
            format!(" USING {stable} {} TAGS ({})", self.tags_named, literals.join(", "))
        };
        groups.push(Group { name: name.clone(), tags, using });
        by_name.insert(name, groups.len() - 1);
        by_tags.insert(seen, groups.len() - 1);
        Ok(groups.len() - 1)
    }

    /// Holds the tags of subtables that are new to this sink against those that are there: the server would ignore ours.
    ///
    /// Returns the groups that may not be written, with the reason. Tags that do not tell the subtable are brought up to
    /// date by an upsert.
    async fn settle_tags(&mut self, groups: &[Group]) -> Result<HashMap<usize, String>> {
        let mut wrong = HashMap::new();
        let Some(naming) = &self.target.naming else { return Ok(wrong) };
        if self.tag_columns.is_empty() {
            return Ok(wrong);
        }
        let tdengine = self.tdengine.clone();
        let unknown: Vec<&str> =
            groups.iter().map(|group| group.name.as_str()).filter(|name| !self.subtables.contains_key(*name)).collect();
        let names = self.tag_names.clone();
        let mut there: HashMap<String, Vec<Option<String>>> = HashMap::new();
        if !unknown.is_empty() {
            let mut session = tdengine.session().await?;
            for part in unknown.chunks(LOOKUP) {
                let list = part.iter().map(|name| sql::literal(name)).collect::<Vec<_>>().join(", ");
                let Place { database, table } = &self.target.table.place;
                let query = format!(
                    "SELECT table_name, tag_name, tag_value FROM information_schema.ins_tags \
                     WHERE db_name = {} AND stable_name = {} AND table_name IN ({list})",
                    sql::literal(database),
                    sql::literal(table)
                );
                let found = introspect::rows(&mut session, &query).await.map_err(|failure| tdengine.told(failure))?;
                for row in 0..found.num_rows() {
                    let cell = |column: &str| introspect::text(&found, column, row);
                    let (Some(name), Some(tag)) = (cell("table_name"), cell("tag_name")) else { continue };
                    let Some(place) = names.iter().position(|other| *other == tag) else { continue };
                    there.entry(name).or_insert_with(|| vec![None; names.len()])[place] = cell("tag_value");
                }
            }
        }
        for (index, group) in groups.iter().enumerate() {
            let Some(old) = self.subtables.get(&group.name).or_else(|| there.get(&group.name)) else { continue };
            let differs =
                |place: &usize| self.is_comparable(&names[*place]) && !alike(&old[*place], &group.tags[*place]);
            let changed: Vec<usize> = (0..names.len()).filter(differs).collect();
            if changed.is_empty() {
                continue;
            }
            let telling = changed.iter().any(|place| naming.columns.contains(&names[*place]));
            if telling || self.options.mode != Mode::Upsert {
                let why = format!(
                    "the subtable `{}` has other tags ({}) than the row ({})",
                    group.name,
                    shown(old),
                    shown(&group.tags)
                );
                wrong.insert(index, why);
                continue;
            }
            let table = self.target.table.place.beside(&group.name)?;
            let mut session = tdengine.session().await?;
            for place in changed {
                let value = tag_literal(&self.target, &names[place], group.tags[place].as_deref());
                let sql = format!("ALTER TABLE {table} SET TAG {} = {value}", sql::quote(&names[place])?);
                session.exec(&sql).await.map_err(|failure| tdengine.told(failure))?;
            }
        }
        for (index, group) in groups.iter().enumerate() {
            if !wrong.contains_key(&index) {
                self.subtables.insert(group.name.clone(), group.tags.clone());
            }
        }
        Ok(wrong)
    }

    /// Whether the server spells a tag's values as we do.
    fn is_comparable(&self, tag: &str) -> bool {
        let native = self.target.table.column(tag).map(|column| column.native);
        matches!(native, Some(Native::Varchar(_) | Native::Nchar(_) | Native::Int(..) | Native::Decimal(..)))
    }

    /// Leaves out rows whose table or key does not allow them: an append refuses a second row with the same key, since the
    /// server would silently lay it over the first; otherwise the last one stays.
    fn without_repeats(
        &self,
        pending: Vec<(usize, usize, Key)>,
        wrong: &HashMap<usize, String>,
        refused: &mut Vec<RefusedRow>,
    ) -> Result<Vec<(usize, usize, Key)>> {
        let append = self.options.mode != Mode::Upsert;
        let mut seen: HashSet<(usize, Key)> = HashSet::with_capacity(pending.len());
        let mut kept = Vec::with_capacity(pending.len());
        let rows: Box<dyn Iterator<Item = _>> =
            if append { Box::new(pending.into_iter()) } else { Box::new(pending.into_iter().rev()) };
        for (row, group, key) in rows {
            if let Some(why) = wrong.get(&group) {
                self.refuse(refused, row, why.clone())?;
            } else if seen.insert((group, key.clone())) {
                kept.push((row, group, key));
            } else if append {
                let why = "an earlier row of the batch has the same timestamp in the same table; \
                           give the table a second key, or write in mode `upsert`";
                self.refuse(refused, row, why.to_owned())?;
            }
        }
        Ok(kept)
    }

    /// `(…)`.
    fn row(&self, cells: &[Option<Cells>], row: usize) -> Result<String, String> {
        let mut out = String::with_capacity(self.row_columns.len() * 12);
        out.push('(');
        for (place, index) in self.row_columns.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            let Some(cells) = &cells[*index] else { continue };
            cells.write(row, &mut out).map_err(|why| explain(&self.row_names[place], cells, row, &why))?;
        }
        out.push(')');
        Ok(out)
    }

    fn refuse(&self, refused: &mut Vec<RefusedRow>, row: usize, reason: String) -> Result<()> {
        let culprit = Culprit { row, reason };
        if !self.options.keep_refused {
            return Err(culprit.into_error(&self.target.table.name));
        }
        refused.push(culprit.into());
        Ok(())
    }

    /// Sends entries in one statement; where the server refuses a row, halves until it stands alone.
    async fn send(&self, encoded: &Encoded, range: std::ops::Range<usize>) -> Result<Vec<RefusedRow>> {
        let mut refused = Vec::new();
        let mut parts = vec![range];
        let mut session = self.tdengine.session().await?;
        while let Some(range) = parts.pop() {
            let failure = match session.exec(&insert(encoded, range.clone())).await {
                Ok(_) => continue,
                Err(failure) => failure,
            };
            if !failure.concerns_row() {
                return Err(self.lost_table(failure));
            }
            if range.len() == 1 {
                let Failure::Server(code, said) = failure else { continue };
                let reason = format!("the server refuses it: {} (error 0x{code:04X})", said.trim());
                self.refuse(&mut refused, encoded.entries[range.start].row, reason)?;
                continue;
            }
            let middle = range.start + range.len() / 2;
            parts.push(middle..range.end);
            parts.push(range.start..middle);
        }
        Ok(refused)
    }

    fn lost_table(&self, failure: Failure) -> Error {
        if failure.is_missing_table() && self.target.naming.is_some() && self.tag_columns.is_empty() {
            let message = format!(
                "a subtable of `{}` is missing, and the batch has no tags to make it from",
                self.target.table.name
            );
            return Error::permanent(ErrorCode::TableNotFound, message).hint("Write the tags' columns, too.");
        }
        self.tdengine.told(failure)
    }
}

/// What tells rows of one table apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    at: i64,
    second: Option<String>,
}

/// Tags of the server's answer come as text, and so numbers may be spelled otherwise.
fn alike(old: &Option<String>, new: &Option<String>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let old = old.trim_matches('"');
            old == new || matches!((old.parse::<f64>(), new.parse::<f64>()), (Ok(old), Ok(new)) if old == new)
        }
        // An unset tag is answered as NULL or as nothing.
        (None, None) => true,
        (Some(old), None) => old.is_empty() || old.eq_ignore_ascii_case("null"),
        (None, Some(_)) => false,
    }
}

fn tag_literal(target: &Target, name: &str, value: Option<&str>) -> String {
    let Some(value) = value else { return "NULL".to_owned() };
    match target.table.column(name).map(|column| column.native) {
        Some(Native::Int(..) | Native::Float | Native::Double | Native::Bool) => value.to_owned(),
        _ => sql::literal(value),
    }
}

fn shown(tags: &[Option<String>]) -> String {
    let shown =
        tags.iter().map(|tag| tag.as_deref().map_or_else(|| "NULL".to_owned(), |tag| format!("`{}`", shortened(tag))));
    shown.collect::<Vec<_>>().join(", ")
}

fn explain(column: &str, cells: &Cells, row: usize, why: &str) -> String {
    Culprit::new(row, column, &cells.text(row).unwrap_or_default(), why).reason
}
