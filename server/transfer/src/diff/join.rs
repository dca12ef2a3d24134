//! The join: one database holds both tables and finds the rows without an equal; only these are read and merged here.
//!
//! The database leaves out pairs of rows whose keys and values are the same, and nothing else, so that what is left differs as
//! the whole tables do: the merge has the last word on every row that it reads, tolerances and all.

use super::merge::{Allowance, merge};
use super::plan::Plan;
use super::{DiffOptions, DifferenceSink, Side, Totals, open};
use crate::pairing::select;
use arrow::compute::{filter_record_batch, is_not_null};
use arrow::record_batch::RecordBatch;
use data::connector::{ReadOptions, Relation};
use data::source::MemorySource;
use data::{Connector, Error, Result, Site, Source, TwinRequest};
use model::ErrorCode;

impl Plan {
    /// Leaves only rows without an equal to be read; tells whether one database holds both sides.
    ///
    /// # Errors
    /// `unsupported` and other permanent ones where it does, but cannot compare them.
    pub(super) async fn join(
        &mut self,
        (left, left_side): (&dyn Connector, &Side),
        (right, right_side): (&dyn Connector, &Side),
        options: &DiffOptions,
    ) -> Result<bool> {
        let unavailable = |why: &str| Err(Error::permanent(ErrorCode::Unsupported, why.to_owned()));
        if left.system() != right.system() {
            return Ok(false);
        }
        let (Relation::Table(left_table), Relation::Table(right_table)) = (&left_side.relation, &right_side.relation)
        else {
            return unavailable("a side is a query");
        };
        if !self.keyed {
            return unavailable("whole rows are compared, and rows pair off by a key only");
        }
        if options.sample_rows.is_some() {
            return unavailable("a sample is compared");
        }
        let alike = std::ptr::addr_eq(left, right);
        let left_site = left.site(left_table).await?;
        if !alike && !right.sees(&left_site).await? {
            return Ok(false);
        }
        let left_site = Told::of(left_site);
        let right_site = Told::of(right.site(right_table).await?);
        if left_site.user != right_site.user {
            return unavailable("the two connections have different users, who may be shown different rows");
        }
        let filtered = left_side.filter.is_some() || right_side.filter.is_some();
        if filtered && left_site.schema != right_site.schema {
            return unavailable("a condition may mean other tables on the other connection");
        }
        let request = |own: &str, other: String, filters: [&Option<String>; 2], names: [&[String]; 2]| {
            let mut pairs: Vec<_> = names[0].iter().cloned().zip(names[1].iter().cloned()).collect();
            let columns = pairs.split_off(self.names.key);
            let (filter, other_filter) = (filters[0].clone(), filters[1].clone());
            TwinRequest { table: own.to_owned(), filter, other, other_filter, key: pairs, columns }
        };
        let names = [self.names.left.as_slice(), self.names.right.as_slice()];
        let filters = [&left_side.filter, &right_side.filter];
        let from_left = request(left_table, right_site.table, filters, names);
        let from_right = request(right_table, left_site.table, [filters[1], filters[0]], [names[1], names[0]]);
        if !alike {
            // What one of the users may not read shows now rather than in the middle.
            look(left, &from_left.other, &self.names.right).await?;
            look(right, &from_right.other, &self.names.left).await?;
        }
        if options.pause_above.is_none() {
            self.pairs = left.pairs_query(&from_left).await?;
        }
        if self.pairs.is_none() {
            self.only = Some([left.unmatched_filter(&from_left).await?, right.unmatched_filter(&from_right).await?]);
        }
        if self.pairs.is_none() {
            // One statement sees one moment of itself.
            self.hold(left, right, true).await?;
        }
        self.joined = Some(left.count(&left_side.relation, left_side.filter.as_deref()).await?);
        Ok(true)
    }
}

impl Plan {
    /// Compares the rows of one query that pairs those of both tables off.
    pub(super) async fn compare_pairs(
        &self,
        connector: &dyn Connector,
        query: &str,
        options: &DiffOptions,
        allowance: &Allowance,
        sink: &mut dyn DifferenceSink,
    ) -> Result<Totals> {
        let read = ReadOptions { checkpoints: false, snapshot: self.moments.left(), ..ReadOptions::query(query) };
        let mut source = connector.read(read).await?;
        let mut totals = Totals::default();
        while let Some(batch) = source.next().await? {
            // No pair is parted, so that each batch is compared on its own.
            let left = one_side(&batch.records, 'l', &self.names.left)?;
            let right = one_side(&batch.records, 'r', &self.names.right)?;
            if batch.records.num_rows() > 0 {
                totals.add(&merge(left, right, &self.names, options, allowance, sink).await?);
            }
            if allowance.is_used_up() {
                break;
            }
        }
        Ok(totals)
    }
}

/// The rows of one side among the pairs, under their own names.
fn one_side(records: &RecordBatch, prefix: char, names: &[String]) -> Result<Box<dyn Source>> {
    let paired: Vec<String> = (0..names.len()).map(|index| format!("{prefix}{index}")).collect();
    let side = select(records, &paired, names)?;
    // A key is never NULL, but where there is no row.
    let there = is_not_null(side.column(0))?;
    let side = filter_record_batch(&side, &there)?;
    Ok(Box::new(MemorySource::new(side.schema(), vec![side])))
}

/// What a site tells, without the session that keeps its mark.
struct Told {
    table: String,
    user: String,
    schema: String,
}

impl Told {
    fn of(Site { table, user, schema, .. }: Site) -> Self {
        Self { table, user, schema }
    }
}

/// Reads no row of a table.
async fn look(connector: &dyn Connector, table: &str, columns: &[String]) -> Result<()> {
    let nothing = Side { relation: Relation::Table(table.to_owned()), filter: Some("1 = 0".to_owned()) };
    let mut source = open(connector, &nothing, columns, Vec::new(), None).await?;
    while source.next().await?.is_some() {}
    Ok(())
}
