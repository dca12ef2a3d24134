//! The differences of two tables page by page, in the order of the key, for people who leaf through them.
//!
//! Nothing is kept here between two pages: a cursor says at which key the next one begins, and the comparison goes on there.

use super::{DiffOptions, DifferenceKind, DifferenceSink, Report, Side, Strategy, compare};
use crate::difference::{CHANGED_COLUMN, CHANGED_LEFT, CHANGED_RIGHT};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use data::split::{Bound, KeyPart};
use data::{Connector, KeyRange, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a page begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageCursor {
    /// The key it begins at; none: the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Bound>,
    /// Differences from there on that earlier pages have shown.
    #[serde(default)]
    pub skip: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of which kind.
    pub kind: DifferenceKind,
    /// The key's values as text; empty where whole rows are compared.
    pub key: Map<String, Value>,
    /// The row's values as text, by the left names; empty for a changed row.
    pub values: Map<String, Value>,
    /// The columns that changed.
    pub changes: Vec<Change>,
}

/// A column of a changed row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its left name.
    pub column: String,
    /// The left value as text; none: NULL.
    pub left: Option<String>,
    /// The right value as text; none: NULL.
    pub right: Option<String>,
}

/// Differences in the order of the key.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DiffPage {
    /// The columns of the key, by their left names.
    pub key: Vec<String>,
    /// All compared columns, by their left names.
    pub columns: Vec<String>,
    /// The differences.
    pub rows: Vec<Difference>,
    /// Where the next page begins; none: this is the last.
    pub next: Option<PageCursor>,
}

/// At most `first` differences from `cursor` on.
///
/// # Errors
/// As for [`super::run`].
pub async fn page(
    left: (&dyn Connector, &Side),
    right: (&dyn Connector, &Side),
    options: &DiffOptions,
    cursor: &PageCursor,
    first: u64,
) -> Result<DiffPage> {
    let range = cursor.from.clone().map(|from| KeyRange { from: Some(from), to: None });
    let options = DiffOptions {
        strategy: Strategy::Merge,
        parallel: 1,
        sample_rows: None,
        // One more tells whether there is another page.
        max_differences: Some(cursor.skip + first + 1),
        range,
        ..options.clone()
    };
    let mut gathered = Gathered::default();
    compare(left, right, &options, &mut gathered).await?;
    gathered.page(cursor, usize::try_from(first).unwrap_or(usize::MAX))
}

/// Everything that was found, and what it was found by.
#[derive(Default)]
struct Gathered {
    key: Vec<String>,
    columns: Vec<String>,
    batches: Vec<(DifferenceKind, RecordBatch)>,
}

#[async_trait]
impl DifferenceSink for Gathered {
    async fn begin(&mut self, report: &Report) -> Result<()> {
        (self.key, self.columns) = (report.key.clone(), report.columns.clone());
        Ok(())
    }

    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        self.batches.push((kind, records));
        Ok(())
    }
}

/// A difference with its place in the order of the key.
struct Placed {
    place: Option<OwnedRow>,
    bound: Option<Bound>,
    difference: Difference,
}

impl Gathered {
    fn page(self, cursor: &PageCursor, first: usize) -> Result<DiffPage> {
        let mut placed = self.placed()?;
        placed.sort_by(|one, other| one.place.cmp(&other.place));
        let skip = usize::try_from(cursor.skip).unwrap_or(usize::MAX);
        let end = skip.saturating_add(first).min(placed.len());
        let mut next = None;
        if placed.len() > end && end > skip {
            let last = &placed[end - 1];
            next = Some(match &last.bound {
                Some(bound) => {
                    let same = placed[..end].iter().rev().take_while(|other| other.place == last.place).count();
                    PageCursor { from: Some(bound.clone()), skip: same as u64 }
                }
                // A key that no range can begin at is counted off from where this page was.
                None => PageCursor { from: cursor.from.clone(), skip: end as u64 },
            });
        }
        let rows = placed.into_iter().take(end).skip(skip).map(|placed| placed.difference).collect();
        Ok(DiffPage { key: self.key, columns: self.columns, rows, next })
    }

    fn placed(&self) -> Result<Vec<Placed>> {
        let is_keyed = !self.key.is_empty();
        // Without a key whole rows are in order.
        let keys = if is_keyed { self.key.len() } else { self.columns.len() };
        let mut types: Option<Vec<DataType>> = None;
        let mut placed = Vec::new();
        for kind in [DifferenceKind::Missing, DifferenceKind::Extra, DifferenceKind::Changed] {
            let batches: Vec<&RecordBatch> =
                self.batches.iter().filter(|(own, _)| *own == kind).map(|(_, records)| records).collect();
            let Some(one) = batches.first() else { continue };
            let records = concat_batches(&one.schema(), batches)?;
            let types = types.get_or_insert_with(|| {
                records.columns().iter().take(keys).map(|column| column.data_type().clone()).collect()
            });
            let columns: Vec<ArrayRef> = records
                .columns()
                .iter()
                .take(keys)
                .zip(types.iter())
                .map(|(column, wanted)| {
                    Ok(if column.data_type() == wanted { column.clone() } else { cast(column, wanted)? })
                })
                .collect::<Result<_>>()?;
            let rows = match columns.is_empty() {
                true => None,
                false => {
                    let fields = types.iter().map(|data_type| SortField::new(data_type.clone())).collect();
                    Some(RowConverter::new(fields)?.convert_columns(&columns)?)
                }
            };
            let texts = Texts::of(&records)?;
            for row in 0..records.num_rows() {
                let place = rows.as_ref().map(|rows| rows.row(row).owned());
                let bound = columns.iter().map(|column| part(column, row)).collect::<Option<Bound>>();
                let bound = bound.filter(|_| is_keyed);
                let key = texts.named(row, &self.key);
                if kind != DifferenceKind::Changed {
                    let values = texts.named(row, &self.columns);
                    placed.push(Placed {
                        place,
                        bound,
                        difference: Difference { kind, key, values, changes: Vec::new() },
                    });
                    continue;
                }
                let text = |name: &str| texts.text(row, name);
                let change = Change {
                    column: text(CHANGED_COLUMN).unwrap_or_default(),
                    left: text(CHANGED_LEFT),
                    right: text(CHANGED_RIGHT),
                };
                match placed.last_mut() {
                    // Rows of one key that changed twice tell the same column twice.
                    Some(last)
                        if last.difference.kind == kind
                            && last.place == place
                            && last.difference.changes.iter().all(|other| other.column != change.column) =>
                    {
                        last.difference.changes.push(change);
                    }
                    _ => {
                        let difference = Difference { kind, key, values: Map::new(), changes: vec![change] };
                        placed.push(Placed { place, bound, difference });
                    }
                }
            }
        }
        Ok(placed)
    }
}

/// A value as a boundary; none where none can be made of it.
fn part(column: &ArrayRef, row: usize) -> Option<KeyPart> {
    if column.is_null(row) {
        return None;
    }
    let text =
        || ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default()).ok()?.value(row).try_to_string().ok();
    match column.data_type() {
        data_type if data_type.is_integer() => text().map(KeyPart::Number),
        DataType::Decimal128(..) | DataType::Decimal256(..) => text().map(KeyPart::Number),
        DataType::Utf8 => Some(KeyPart::Text(column.as_string::<i32>().value(row).to_owned())),
        DataType::LargeUtf8 => Some(KeyPart::Text(column.as_string::<i64>().value(row).to_owned())),
        DataType::Binary => Some(KeyPart::Bytes(column.as_binary::<i32>().value(row).to_vec())),
        DataType::Date32 => text().map(KeyPart::Date),
        DataType::Timestamp(_, _) => {
            let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
            let micros = micros.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(row);
            let at = chrono::DateTime::from_timestamp_micros(micros)?;
            Some(KeyPart::Instant(at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()))
        }
        _ => None,
    }
}

/// The values of a batch as text.
struct Texts<'a> {
    schema: SchemaRef,
    formatters: Vec<ArrayFormatter<'a>>,
    records: &'a RecordBatch,
}

impl<'a> Texts<'a> {
    fn of(records: &'a RecordBatch) -> Result<Self> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new();
        let formatters = records
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &OPTIONS))
            .collect::<Result<_, _>>()?;
        Ok(Self { schema: records.schema(), formatters, records })
    }

    fn text(&self, row: usize, name: &str) -> Option<String> {
        let place = self.schema.index_of(name).ok()?;
        (!self.records.column(place).is_null(row)).then(|| self.formatters[place].value(row).to_string())
    }

    fn named(&self, row: usize, names: &[String]) -> Map<String, Value> {
        let value = |name: &String| self.text(row, name).map_or(Value::Null, Value::String);
        let known = names.iter().filter(|name| self.schema.index_of(name).is_ok());
        known.map(|name| (name.clone(), value(name))).collect()
    }
}
