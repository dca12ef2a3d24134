//! Which way of comparing is taken, and why.

use super::plan::{Description, Plan, places};
use super::{DiffOptions, Side, Strategy, Totals};
use data::connector::{ReadOptions, Relation};
use data::{Connector, Error, KeyRange, Result, System};
use model::ErrorCode;
use tokio::time::Instant;

/// Rows a table must have for checksums to be worth a look at the link.
const WORTH_A_PROBE: u64 = 2_000_000;
/// Rows that are read to measure the link.
const PROBE_ROWS: u64 = 40_000;
/// Rows a second below which a link is slow: about what a server hashes.
const SLOW_RATE: f64 = 60_000.0;

impl Plan {
    /// Chooses the strategy; tells what is known to be equal already.
    pub(super) async fn choose(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        (left_is, right_is): (&Description, &Description),
        options: &DiffOptions,
    ) -> Result<Totals> {
        refuse_one_session(left.0, right.0)?;
        if let Some(range) = &options.range {
            self.because("one range of the key is compared".to_owned());
            self.ranges = vec![range.clone()];
            return Ok(Totals::default());
        }
        if self.find_join(left, right, options).await? {
            self.strategy = Strategy::Join;
            return Ok(Totals::default());
        }
        self.tell_order(left, left_is, "left").await;
        self.tell_order(right, right_is, "right").await;
        let rows = left_is.row_estimate.unwrap_or(0).max(right_is.row_estimate.unwrap_or(0));
        let slow = match options.strategy {
            Strategy::Checksum => Some("it was asked for".to_owned()),
            Strategy::Auto if self.may_sum(rows, options) => self.find_slow(left, right).await?,
            _ => None,
        };
        if let Some(why) = slow {
            match self.reduce(left, right, options, rows).await {
                Ok(equal) => {
                    self.strategy = Strategy::Checksum;
                    self.because(format!("checksums: {why}"));
                    return Ok(equal);
                }
                Err(error) if error.code() == ErrorCode::Unsupported => {
                    self.note(format!("checksums are not taken: {}", error.fault.message));
                }
                Err(error) => return Err(error),
            }
        }
        self.because("both sides are read in the order of the key and compared here, which is exact and spares the servers all hashing".to_owned());
        self.cut(left, right, rows, options).await?;
        Ok(Totals::default())
    }

    /// Lets the database that holds both sides join them, where it was asked for or is the cheaper way.
    async fn find_join(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        options: &DiffOptions,
    ) -> Result<bool> {
        let asked = options.strategy == Strategy::Join;
        // Measured: PostgreSQL hashes or merges both tables for less than it sends one; MariaDB looks each row up by the
        // index, which costs it several times of what sending costs; an SQLite file is read by this very process.
        let cheaper = left.0.system() == System::Postgres && options.pause_above.is_none();
        if !(asked || options.strategy == Strategy::Auto && cheaper && options.sample_rows.is_none()) {
            return Ok(false);
        }
        let joined = self.join(left, right, options).await;
        if joined.is_err() {
            (self.pairs, self.only, self.joined) = (None, None, None);
        }
        let why = match joined {
            Ok(true) if asked => {
                self.because("one database holds both tables and joins them: it was asked for".to_owned());
                return Ok(true);
            }
            Ok(true) => {
                self.because(
                    "one database holds both tables and joins them, for less than it would send them: only rows without an equal are read"
                        .to_owned(),
                );
                return Ok(true);
            }
            Ok(false) => "the two sides are not seen to be in one database".to_owned(),
            // Where nobody asked, whatever fails is none of their business: what is broken shows when the sides are read.
            Err(error) if !asked || is_a_reason(&error) => {
                self.because(format!("no join inside the database: {}", error.fault.message));
                error.fault.message.clone()
            }
            Err(error) => return Err(error),
        };
        // Where nobody asked, and most sides are in two databases, that is no news.
        if asked {
            self.note(format!("no join is made: {why}"));
        }
        Ok(false)
    }

    /// Whether checksums could be worth a look at the link.
    fn may_sum(&self, rows: u64, options: &DiffOptions) -> bool {
        rows >= WORTH_A_PROBE && self.forms.is_ok() && options.sample_rows.is_none()
    }

    /// Why the link counts as slow, measured by the first rows of both sides; none where it is quick.
    async fn find_slow(&self, left: (&dyn Connector, &Side), right: (&dyn Connector, &Side)) -> Result<Option<String>> {
        for (name, (connector, side), names) in [("left", left, &self.names.left), ("right", right, &self.names.right)]
        {
            let options = ReadOptions {
                relation: side.relation.clone(),
                columns: names.clone(),
                filter: side.filter.clone(),
                limit: Some(PROBE_ROWS),
                checkpoints: false,
                ..ReadOptions::table("")
            };
            let mut source = connector.read(options).await?;
            // The first batch has all the waiting for the server to begin.
            let mut rows = 0;
            let mut begun = None;
            while let Some(batch) = source.next().await? {
                match begun {
                    None => begun = Some(Instant::now()),
                    Some(_) => rows += batch.records.num_rows(),
                }
            }
            let seconds = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
            if rows > 0 && (rows as f64) < SLOW_RATE * seconds {
                let rate = rows as f64 / seconds;
                return Ok(Some(format!("rows come from the {name} side at {rate:.0} a second only")));
            }
        }
        Ok(None)
    }

    /// Says where a server has no index for the order.
    async fn tell_order(&mut self, (connector, side): (&dyn Connector, &Side), is: &Description, name: &'static str) {
        let key = self.names.key_of(name);
        let by_index = match &side.relation {
            Relation::Query(_) => false,
            Relation::Table(table) => {
                let indexed =
                    connector.range_filter(table, &key, &KeyRange::default()).await.is_ok_and(|found| found.indexed);
                indexed && is.key.starts_with(&key)
            }
        };
        if !by_index {
            let key = key.join("`, `");
            self.note(format!("the {name} server has to sort the rows: it has no index in the order of `{key}`"));
        }
    }
}

/// Whether an error says that a join cannot be made, rather than that something broke.
fn is_a_reason(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Unsupported | ErrorCode::PermissionDenied | ErrorCode::TableNotFound | ErrorCode::ColumnNotFound
    )
}

/// Both sides are read at the same time, which one session of a shared pool cannot do.
fn refuse_one_session(left: &dyn Connector, right: &dyn Connector) -> Result<()> {
    if std::ptr::addr_eq(left, right) && places(left, right, 0) == Some(0) {
        let message = "both sides are read by one connection, whose pool has one session only";
        return Err(
            Error::permanent(ErrorCode::InvalidValue, message).hint("Set the connection's `pool_size` to 2 or more.")
        );
    }
    Ok(())
}
