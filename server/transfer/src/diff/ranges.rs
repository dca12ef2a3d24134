//! Several ranges of the key compared at the same time, each side in transactions of their own.
//!
//! Differences come out in the order of the key all the same: what a later range finds waits, bounded, until the earlier
//! ones have ended.

use super::merge::{Allowance, merge};
use super::pause::{Pausing, watch_load};
use super::plan::{Plan, places};
use super::{DiffOptions, DifferenceKind, DifferenceSink, Side, Totals, open};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use data::connector::Relation;
use data::{Connector, Error, KeyRange, Result, Split, SplitRequest};
use futures::future::{try_join, try_join_all};
use model::ErrorCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Mutex, mpsc};

/// Batches of differences that a range may have found before its turn.
const WAITING: usize = 8;
/// Ranges that a sample is made of.
const SAMPLES: u64 = 16;
/// Ranges a table is cut into at most.
const MOST: u64 = 1024;

impl Plan {
    /// Cuts the key into ranges, where both sides can and it is worth it.
    pub(super) async fn cut(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        rows: u64,
        options: &DiffOptions,
    ) -> Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let parallel = if options.parallel == 0 { (cores / 2).clamp(1, 4) } else { options.parallel };
        let parallel = options.max_connections.map_or(parallel, |most| parallel.min(most.max(1)));
        let a_range = if options.range_rows == 0 { super::RANGE_ROWS } else { options.range_rows };
        let parts = match options.sample_rows {
            Some(sample) => (rows * SAMPLES / sample.max(1)).clamp(1, MOST),
            None if parallel > 1 => rows.div_ceil(a_range).min(MOST),
            None => 1,
        };
        if parts <= 1 {
            return Ok(());
        }
        let most = if options.sample_rows.is_some() { None } else { Some(parallel) };
        let cut = match self.find_ranges(left, right, usize::try_from(parts).unwrap_or(1), most).await {
            Ok((ranges, how)) => {
                self.because(format!(
                    "the key is cut into {} ranges {how}, at most {parallel} at a time",
                    ranges.len()
                ));
                ranges
            }
            Err(error) if options.sample_rows.is_some() => return Err(error),
            Err(error) => {
                self.because(format!("the key is read in one go: {}", error.fault.message));
                return Ok(());
            }
        };
        self.ranges = cut;
        // More than the pools have sessions would only wait.
        if !options.spread {
            self.hold(left.0, right.0, std::ptr::addr_eq(left.0, right.0)).await?;
        }
        let places = places(left.0, right.0, self.moments.sessions());
        self.parallel = places.map_or(parallel, |places| parallel.min(places)).max(1);
        if options.sample_rows.is_some() {
            let every = self.ranges.len().div_ceil(SAMPLES as usize).max(1);
            let all = self.ranges.len();
            self.ranges = std::mem::take(&mut self.ranges).into_iter().skip(every / 2).step_by(every).collect();
            self.is_sample();
            self.note(format!("only a sample is compared: {} of {all} ranges of the key", self.ranges.len()));
        } else if self.ranges.len() > 1 {
            let apart = [("left", self.moments.left()), ("right", self.moments.right())];
            for (name, _) in apart.into_iter().filter(|(_, moment)| moment.is_none()) {
                self.note(format!(
                    "the ranges of the {name} side are read in transactions of their own: a row that is changed meanwhile may show"
                ));
            }
        }
        Ok(())
    }

    async fn find_ranges(
        &self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        parts: usize,
        most: Option<usize>,
    ) -> Result<(Vec<KeyRange>, String)> {
        let request = |side: &Side, key| SplitRequest {
            relation: side.relation.clone(),
            filter: side.filter.clone(),
            key,
            parts,
        };
        let split = match left.0.split(&request(left.1, self.names.key_of("left"))).await {
            Ok(split) => split,
            // What one system cannot cut the other may.
            Err(error) if error.code() == ErrorCode::Unsupported => {
                right.0.split(&request(right.1, self.names.key_of("right"))).await.map_err(|_| error)?
            }
            Err(error) => return Err(error),
        };
        let ranges = split.ranges();
        // Both sides must be able to read a range.
        if let Some(range) = ranges.get(ranges.len() / 2) {
            for (side, name) in [(left, "left"), (right, "right")] {
                let found = range_of(side, &self.names.key_of(name), range).await?;
                if found.1 {
                    continue;
                }
                // Without an index each costs a look at the whole table, so that more than can be read side by side are only
                // a loss; so many share the work of sorting.
                let how =
                    format!("{}, as few as that since the {name} side has no index in the order of the key", split.how);
                return match most {
                    Some(most) => Ok((fewer(split, most).ranges(), how)),
                    None => {
                        let message = format!("the {name} side has no index in the order of the key");
                        Err(Error::permanent(ErrorCode::Unsupported, message))
                    }
                };
            }
        }
        Ok((ranges, split.how))
    }

    /// Compares what two connections hold.
    pub(super) async fn compare(
        &self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        options: &DiffOptions,
        allowance: &Allowance,
        sink: &mut dyn DifferenceSink,
    ) -> Result<Totals> {
        if let Some(query) = &self.pairs {
            return self.compare_pairs(left.0, query, options, allowance, sink).await;
        }
        let whole = [KeyRange::default()];
        let ranges = if self.ranges.is_empty() && !self.reduced { whole.as_slice() } else { &self.ranges };
        if let [range] = ranges {
            return self.compare_range(left, right, range, options, allowance, sink).await;
        }
        let wants_changed_rows = sink.wants_changed_rows();
        let (senders, mut receivers): (Vec<_>, Vec<_>) = ranges.iter().map(|_| mpsc::channel(WAITING)).unzip();
        let senders: Vec<Mutex<Option<mpsc::Sender<Found>>>> =
            senders.into_iter().map(|sender| Mutex::new(Some(sender))).collect();
        let next = AtomicUsize::new(0);
        let work = async || -> Result<Totals> {
            let mut totals = Totals::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(range) = ranges.get(index) else { return Ok(totals) };
                let Some(found) = senders[index].lock().await.take() else { return Ok(totals) };
                if allowance.is_used_up() {
                    continue;
                }
                let mut own = Own { found, wants_changed_rows };
                totals.add(&self.compare_range(left, right, range, options, allowance, &mut own).await?);
            }
        };
        let workers = async {
            let mut totals = Totals::default();
            // Where one range fails the others are given up.
            for part in try_join_all((0..self.parallel.min(ranges.len())).map(|_| work())).await? {
                totals.add(&part);
            }
            Ok::<_, Error>(totals)
        };
        let hand_on = async {
            for receiver in &mut receivers {
                while let Some(found) = receiver.recv().await {
                    match found {
                        Found::Rows(kind, records) => sink.take(kind, records).await?,
                        Found::Changed(left, right) => sink.take_changed(left, right).await?,
                    }
                }
            }
            Ok(())
        };
        Ok(try_join(workers, hand_on).await?.0)
    }

    async fn compare_range(
        &self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        range: &KeyRange,
        options: &DiffOptions,
        allowance: &Allowance,
        sink: &mut dyn DifferenceSink,
    ) -> Result<Totals> {
        let (left_key, right_key) = (self.names.key_of("left"), self.names.key_of("right"));
        let only = |index: usize| self.only.as_ref().map(|only| only[index].as_str());
        let (left_side, right_side) =
            try_join(narrowed(left, &left_key, range, only(0)), narrowed(right, &right_key, range, only(1))).await?;
        let (left_source, right_source) = {
            // Ranges that each held one connection of a pool and waited for another would wait for ever.
            let _turn = self.opening.lock().await;
            try_join(
                open(left.0, &left_side, &self.names.left, left_key, self.moments.left()),
                open(right.0, &right_side, &self.names.right, right_key, self.moments.right()),
            )
            .await?
        };
        let Some(above) = options.pause_above else {
            return merge(left_source, right_source, &self.names, options, allowance, sink).await;
        };
        let (left_source, left_load) = Pausing::new(left_source);
        let (right_source, right_load) = Pausing::new(right_source);
        tokio::select! {
            merged = merge(Box::new(left_source), Box::new(right_source), &self.names, options, allowance, sink) => merged,
            () = watch_load(left.0, above, left_load) => Ok(Totals::default()),
            () = watch_load(right.0, above, right_load) => Ok(Totals::default()),
        }
    }
}

/// The same cut into at most so many ranges.
fn fewer(mut split: Split, most: usize) -> Split {
    let ranges = split.bounds.len() + 1;
    if ranges > most {
        let picked = (1..most.max(1)).map(|part| split.bounds[part * ranges / most - 1].clone());
        split.bounds = picked.collect();
    }
    split
}

/// The condition of a range, and whether an index finds its rows.
async fn range_of(
    (connector, side): (&dyn Connector, &Side),
    key: &[String],
    range: &KeyRange,
) -> Result<(Option<String>, bool)> {
    let Relation::Table(table) = &side.relation else {
        return Err(Error::permanent(ErrorCode::Unsupported, "a query is not cut into ranges"));
    };
    let found = connector.range_filter(table, key, range).await?;
    Ok((found.filter, found.indexed))
}

/// The side with only the rows of a range, and only those for which another condition holds.
async fn narrowed(of: (&dyn Connector, &Side), key: &[String], range: &KeyRange, only: Option<&str>) -> Result<Side> {
    let mut conditions: Vec<String> = of.1.filter.iter().map(|filter| format!("({filter}\n)")).collect();
    if *range != KeyRange::default() {
        conditions.extend(range_of(of, key, range).await?.0);
    }
    conditions.extend(only.map(|only| format!("({only})")));
    let filter = (!conditions.is_empty()).then(|| conditions.join(" AND "));
    Ok(Side { filter, ..of.1.clone() })
}

/// What a range found.
enum Found {
    Rows(DifferenceKind, RecordBatch),
    Changed(RecordBatch, RecordBatch),
}

/// The sink of one range.
struct Own {
    found: mpsc::Sender<Found>,
    wants_changed_rows: bool,
}

impl Own {
    async fn send(&self, found: Found) -> Result<()> {
        // Nobody listens where the comparison has failed elsewhere, which is told there.
        self.found.send(found).await.map_err(|_| Error::permanent(ErrorCode::Canceled, "the comparison has ended"))
    }
}

#[async_trait]
impl DifferenceSink for Own {
    async fn take(&mut self, kind: DifferenceKind, records: RecordBatch) -> Result<()> {
        self.send(Found::Rows(kind, records)).await
    }

    fn wants_changed_rows(&self) -> bool {
        self.wants_changed_rows
    }

    async fn take_changed(&mut self, left: RecordBatch, right: RecordBatch) -> Result<()> {
        self.send(Found::Changed(left, right)).await
    }
}
