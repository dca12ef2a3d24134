//! A connector over rows in memory, for tests: it sorts as the contract says, by comparing values one by one.

#![allow(clippy::unwrap_used)]

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::{Abilities, ColumnInfo, Connector, ReadOptions, Relation, System, TableInfo};
use data::source::MemorySource;
use data::{Error, Result, Sink, Source, WriteOptions};
use model::ErrorCode;

pub(crate) struct Fake {
    pub(crate) rows: RecordBatch,
    pub(crate) batch_rows: usize,
    pub(crate) sorts: bool,
}

impl Fake {
    pub(crate) fn new(columns: Vec<(&str, ArrayRef)>) -> Self {
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        Self { rows: RecordBatch::try_from_iter_with_nullable(columns).unwrap(), batch_rows: 3, sorts: true }
    }

    fn table(&self, relation: &Relation) -> Result<&RecordBatch> {
        match relation {
            Relation::Table(name) if name != "t" => {
                Err(Error::permanent(ErrorCode::TableNotFound, format!("there is no table `{name}`")))
            }
            _ => Ok(&self.rows),
        }
    }
}

#[async_trait]
impl Connector for Fake {
    fn system(&self) -> System {
        System::Sqlite
    }
    fn abilities(&self) -> Abilities {
        Abilities { sql: true, transactions: false, ordered_read: true, introspect: true, ..Abilities::default() }
    }
    async fn ping(&self) -> Result<String> {
        Ok("memory".to_owned())
    }
    async fn list_tables(&self) -> Result<Vec<String>> {
        Ok(vec!["t".to_owned()])
    }
    async fn find_table(&self, name: &str) -> Result<Option<TableInfo>> {
        let schema = self.rows.schema();
        let columns = schema.fields().iter().map(|field| ColumnInfo {
            name: field.name().clone(),
            native_type: field.data_type().to_string(),
            data_type: field.data_type().clone(),
            nullable: true,
        });
        let columns = columns.collect();
        let table = TableInfo { name: name.to_owned(), columns, key: Vec::new(), row_estimate: None };
        Ok((name == "t").then_some(table))
    }
    async fn read(&self, options: ReadOptions) -> Result<Box<dyn Source>> {
        let mut rows = self.table(&options.relation)?.clone();
        if self.sorts && !options.order_by.is_empty() {
            let comparators: Vec<_> = options
                .order_by
                .iter()
                .map(|name| {
                    let column = rows.column_by_name(name).unwrap();
                    arrow::array::make_comparator(column, column, SortOptions::default()).unwrap()
                })
                .collect();
            let mut order: Vec<usize> = (0..rows.num_rows()).collect();
            order.sort_by(|l, r| {
                comparators
                    .iter()
                    .map(|compare| compare(*l, *r))
                    .find(|o| o.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            let order: UInt32Array = order.into_iter().map(|row| u32::try_from(row).unwrap()).collect();
            rows = take_record_batch(&rows, &order).unwrap();
        }
        if !options.columns.is_empty() {
            let indices: Vec<_> = options.columns.iter().map(|name| rows.schema().index_of(name).unwrap()).collect();
            rows = rows.project(&indices).unwrap();
        }
        let total = options.limit.map_or(rows.num_rows(), |limit| rows.num_rows().min(usize::try_from(limit).unwrap()));
        let batches = (0..total)
            .step_by(self.batch_rows)
            .map(|start| rows.slice(start, self.batch_rows.min(total - start)))
            .collect();
        Ok(Box::new(MemorySource::new(rows.schema(), batches)))
    }
    async fn write(&self, _: SchemaRef, _: WriteOptions) -> Result<Box<dyn Sink>> {
        Err(Error::permanent(ErrorCode::Unsupported, "read only"))
    }
    async fn execute(&self, _: &str) -> Result<u64> {
        Err(Error::permanent(ErrorCode::Unsupported, "read only"))
    }
    async fn count(&self, relation: &Relation, _: Option<&str>) -> Result<u64> {
        Ok(self.table(relation)?.num_rows() as u64)
    }
}
