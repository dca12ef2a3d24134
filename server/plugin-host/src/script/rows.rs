//! Rows in scripts: handles over Arrow columns. Nothing is copied when a batch is handed over; a row costs something only
//! for the columns that the script reads, and columns it does not touch pass through as they are.
//!
//! `Rows` is a batch, `Row` one of its rows (`row.price`), `Page` collects new rows as maps, outside of the sizes that rhai
//! looks at again and again, against a limit of its own.

use super::running::Bench;
use super::value;
use crate::limits::{Exceeded, human_size};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext, Position};
use std::sync::{Arc, Mutex, PoisonError};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// A batch, as scripts hold it.
#[derive(Clone)]
pub(super) struct Rows(pub(super) Arc<RecordBatch>);

/// One row of a batch.
#[derive(Clone)]
struct Row {
    rows: Arc<RecordBatch>,
    at: usize,
}

/// New rows.
#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<Collected>>);

#[derive(Default)]
struct Collected {
    rows: Vec<Map>,
    bytes: usize,
}

impl Row {
    fn get(&self, name: &str) -> Fallible<Dynamic> {
        let (index, _) = self.rows.schema_ref().column_with_name(name).ok_or_else(|| no_column(&self.rows, name))?;
        Ok(value::of(self.rows.column(index), self.at))
    }

    fn to_map(&self) -> Map {
        let columns = self.rows.schema_ref().fields().iter().zip(self.rows.columns());
        columns.map(|(field, column)| (field.name().as_str().into(), value::of(column, self.at))).collect()
    }
}

fn no_column(rows: &RecordBatch, name: &str) -> Box<EvalAltResult> {
    let names: Vec<&str> = rows.schema_ref().fields().iter().take(20).map(|field| field.name().as_str()).collect();
    let name = crate::capability::always::clean(name, 64);
    format!("the rows have no column `{name}`; they have {}", names.join(", ")).into()
}

impl Rows {
    fn row(&self, at: i64) -> Fallible<Row> {
        let count = self.0.num_rows();
        let at = usize::try_from(at).ok().filter(|at| *at < count);
        let at = at.ok_or_else(|| format!("the rows have no row of that number; there are {count}, from 0"))?;
        Ok(Row { rows: self.0.clone(), at })
    }

    fn column(&self, name: &str) -> Fallible<(usize, ArrayRef)> {
        let (index, _) = self.0.schema_ref().column_with_name(name).ok_or_else(|| no_column(&self.0, name))?;
        Ok((index, self.0.column(index).clone()))
    }

    /// The same rows with other columns.
    fn with_columns(&self, columns: Vec<(Arc<Field>, ArrayRef)>) -> Fallible<Self> {
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(self.0.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options).map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(batch)))
    }

    fn columns(&self) -> Vec<(Arc<Field>, ArrayRef)> {
        self.0.schema_ref().fields().iter().cloned().zip(self.0.columns().iter().cloned()).collect()
    }
}

impl Page {
    pub(super) fn add(&self, row: Map, most: usize) -> Result<(), Exceeded> {
        let mut page = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        page.bytes += 64 + row.values().map(size).sum::<usize>();
        if page.bytes > most {
            return Err(Exceeded::new(
                format!("its limit of {} of new rows", human_size(most)),
                "Let the plugin hand over smaller batches, or raise the limit `output`.",
            ));
        }
        page.rows.push(row);
        Ok(())
    }

    /// The rows so far.
    pub(super) fn maps(&self) -> Vec<Map> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rows.clone()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rows.len()
    }
}

/// What a value takes, about.
fn size(value: &Dynamic) -> usize {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return 48 + text.len();
    }
    if let Some(blob) = value.read_lock::<rhai::Blob>() {
        return 48 + blob.len();
    }
    48
}

/// The rows a script handed over: a batch, a page, a list of maps, or nothing. Brought into the columns of `schema`.
pub(super) fn batch_of(value: Dynamic, schema: &SchemaRef) -> Result<Option<RecordBatch>, String> {
    if value.is_unit() {
        return Ok(None);
    }
    if let Some(rows) = value.read_lock::<Rows>() {
        return conform(&rows.0, schema).map(Some);
    }
    if let Some(page) = value.read_lock::<Page>() {
        let page = page.0.lock().unwrap_or_else(PoisonError::into_inner);
        return value::batch(&page.rows, schema).map(Some);
    }
    let Some(rows) = value.read_lock::<rhai::Array>() else {
        return Err(format!("handed over a {} where rows belong", value.type_name()));
    };
    let maps: Option<Vec<Map>> = rows.iter().map(|row| row.clone().try_cast::<Map>()).collect();
    let maps = maps.ok_or_else(|| "handed over a list that holds what is no row: rows are maps".to_owned())?;
    value::batch(&maps, schema).map(Some)
}

/// A batch with its columns in the order and of the types of `schema`.
fn conform(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    if rows.num_columns() != schema.fields().len() {
        let (found, wanted) = (rows.num_columns(), schema.fields().len());
        return Err(format!("handed over {found} columns, but its schema has {wanted}"));
    }
    let mut arrays = Vec::with_capacity(rows.num_columns());
    for field in schema.fields() {
        let column = rows.column_by_name(field.name()).ok_or_else(|| {
            format!("handed over rows without column `{}`", crate::capability::always::clean(field.name(), 64))
        })?;
        arrays.push(if column.data_type() == field.data_type() {
            column.clone()
        } else {
            let values: Vec<Dynamic> = (0..column.len()).map(|row| value::of(column, row)).collect();
            value::array(field, values.iter().map(Some))?
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options)
        .map_err(|error| format!("handed over rows that break their schema: {error}"))
}

/// Adds the functions on rows.
pub(super) fn register(engine: &mut Engine, bench: &Arc<Bench>) {
    engine.register_type_with_name::<Rows>("Rows").register_type_with_name::<Row>("Row");
    engine.register_type_with_name::<Page>("Page");
    engine.register_get("len", |rows: &mut Rows| rows.0.num_rows() as i64);
    engine.register_fn("len", |rows: &mut Rows| rows.0.num_rows() as i64);
    engine.register_fn("is_empty", |rows: &mut Rows| rows.0.num_rows() == 0);
    engine.register_get("columns", |rows: &mut Rows| value::columns(rows.0.schema_ref()));
    engine.register_indexer_get(|rows: &mut Rows, at: i64| rows.row(at));
    engine.register_iterator::<Rows>();
    engine.register_indexer_get(|row: &mut Row, name: &str| row.get(name));
    engine.register_fn("to_map", |row: &mut Row| row.to_map());
    engine.register_fn("has", |row: &mut Row, name: &str| row.rows.schema_ref().column_with_name(name).is_some());

    let clock = bench.clone();
    engine.register_fn("values", move |rows: &mut Rows, name: &str| -> Fallible<rhai::Array> {
        let (_, column) = rows.column(name)?;
        if column.len() > super::sandbox::LIST {
            return Err(format!("column `{name}` has more values than a list can hold; read rows one by one").into());
        }
        Ok((0..column.len()).map(|row| value::of(&column, row)).collect())
    });
    engine.register_fn(
        "filter",
        move |context: NativeCallContext<'_>, rows: &mut Rows, keep: FnPtr| -> Fallible<Rows> {
            let mut kept = Vec::with_capacity(rows.0.num_rows());
            for at in 0..rows.0.num_rows() {
                look(&clock)?;
                kept.push(keep.call_within_context::<bool>(&context, (Row { rows: rows.0.clone(), at },))?);
            }
            let filtered =
                filter_record_batch(&rows.0, &BooleanArray::from(kept)).map_err(|error| error.to_string())?;
            Ok(Rows(Arc::new(filtered)))
        },
    );
    let clock = bench.clone();
    engine.register_fn(
        "put",
        move |context: NativeCallContext<'_>, rows: &mut Rows, name: &str, kind: &str, make: FnPtr| -> Fallible<Rows> {
            let mut values = Vec::with_capacity(rows.0.num_rows());
            for at in 0..rows.0.num_rows() {
                look(&clock)?;
                values.push(make.call_within_context::<Dynamic>(&context, (Row { rows: rows.0.clone(), at },))?);
            }
            let mut declared = Map::new();
            declared.insert("name".into(), name.into());
            declared.insert("type".into(), kind.into());
            let schema = value::schema_of(&Dynamic::from_array(vec![Dynamic::from_map(declared)]))?;
            let field = schema.fields()[0].clone();
            let array = value::array(&field, values.iter().map(Some))?;
            let mut columns = rows.columns();
            match columns.iter_mut().find(|(known, _)| known.name() == name) {
                Some(place) => *place = (field, array),
                None => columns.push((field, array)),
            }
            rows.with_columns(columns)
        },
    );
    engine.register_fn("without", |rows: &mut Rows, name: &str| -> Fallible<Rows> {
        let (index, _) = rows.column(name)?;
        let mut columns = rows.columns();
        columns.remove(index);
        rows.with_columns(columns)
    });
    engine.register_fn("rename", |rows: &mut Rows, name: &str, to: &str| -> Fallible<Rows> {
        let (index, _) = rows.column(name)?;
        let mut columns = rows.columns();
        let renamed = columns[index].0.as_ref().clone().with_name(to);
        columns[index].0 = Arc::new(renamed);
        rows.with_columns(columns)
    });
    engine.register_fn("select", |rows: &mut Rows, names: rhai::Array| -> Fallible<Rows> {
        let mut columns = Vec::new();
        for name in names {
            let name = name.into_string()?;
            let (index, column) = rows.column(&name)?;
            columns.push((rows.0.schema_ref().fields()[index].clone(), column));
        }
        rows.with_columns(columns)
    });

    engine.register_fn("new_rows", Page::default);
    let adding = bench.clone();
    engine.register_fn("add", move |page: &mut Page, row: Map| -> Fallible<()> {
        page.add(row, adding.limits.output).map_err(|exceeded| adding.stop(exceeded))
    });
    let adding = bench.clone();
    engine.register_fn("add", move |page: &mut Page, row: Row| -> Fallible<()> {
        page.add(row.to_map(), adding.limits.output).map_err(|exceeded| adding.stop(exceeded))
    });
    engine.register_get("len", |page: &mut Page| page.len() as i64);
    engine.register_fn("len", |page: &mut Page| page.len() as i64);
    engine.register_fn("is_empty", |page: &mut Page| page.len() == 0);
}

/// Loops of ours look at the clock like those of scripts.
fn look(bench: &Bench) -> Fallible<()> {
    match bench.tick() {
        true => Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE))),
        false => Ok(()),
    }
}

impl IntoIterator for Rows {
    type Item = Dynamic;
    type IntoIter = RowsIter;

    fn into_iter(self) -> RowsIter {
        RowsIter { rows: self.0, at: 0 }
    }
}

/// Goes through a batch row by row.
pub(super) struct RowsIter {
    rows: Arc<RecordBatch>,
    at: usize,
}

impl Iterator for RowsIter {
    type Item = Dynamic;

    fn next(&mut self) -> Option<Dynamic> {
        let at = self.at;
        (at < self.rows.num_rows()).then(|| {
            self.at += 1;
            Dynamic::from(Row { rows: self.rows.clone(), at })
        })
    }
}
