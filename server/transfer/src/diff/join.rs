//! The join: one database holds both tables and finds the rows without an equal; only these are read and merged here.
//!
//! The database leaves out pairs of rows whose keys and values are the same, and nothing else, so that what is left differs as
//! the whole tables do: the merge has the last word on every row that it reads, tolerances and all.

use super::plan::Plan;
use super::{DiffOptions, Side, open};
use data::connector::Relation;
use data::{Connector, Error, Result, Site, TwinRequest};
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
        let request = |own: &str, other: String, other_filter: &Option<String>, sides: [&[String]; 2]| {
            let mut pairs: Vec<_> = sides[0].iter().cloned().zip(sides[1].iter().cloned()).collect();
            let columns = pairs.split_off(self.names.key);
            TwinRequest { table: own.to_owned(), other, other_filter: other_filter.clone(), key: pairs, columns }
        };
        let names = [self.names.left.as_slice(), self.names.right.as_slice()];
        let from_left = request(left_table, right_site.table, &right_side.filter, names);
        let from_right = request(right_table, left_site.table, &left_side.filter, [names[1], names[0]]);
        if !alike {
            // What one of the users may not read shows now rather than in the middle.
            look(left, &from_left.other, &self.names.right).await?;
            look(right, &from_right.other, &self.names.left).await?;
        }
        self.only = Some([left.unmatched_filter(&from_left).await?, right.unmatched_filter(&from_right).await?]);
        self.hold(left, right, true).await?;
        self.joined = Some(left.count(&left_side.relation, left_side.filter.as_deref()).await?);
        Ok(true)
    }
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
