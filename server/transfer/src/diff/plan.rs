//! What both sides are, how they will be compared, and what is to be said before it begins.

use super::checksum::form;
use super::{DiffOptions, Report, Rows, Side, Strategy, Totals};
use crate::canonical::{Canonical, Meaning};
use crate::pairing::{Names, find_column};
use crate::schema::not_found;
use arrow::datatypes::{DataType, SchemaRef};
use data::checksum::Form;
use data::connector::{ReadOptions, Relation};
use data::{Connector, Error, KeyRange, Result};
use model::ErrorCode;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Rows a table must have for checksums to be worth a look at the link.
const WORTH_A_PROBE: u64 = 2_000_000;
/// Rows that are read to measure the link.
const PROBE_ROWS: u64 = 40_000;
/// Rows a second below which a link is slow: about what a server hashes.
const SLOW_RATE: f64 = 60_000.0;

/// The columns of a side, as its system describes them.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Names, Arrow types, and the types as the system spells them (empty where it does not say).
    pub columns: Vec<(String, DataType, String)>,
    /// The table's own key; empty: none, or no table.
    pub key: Vec<String>,
    /// The system's guess of the number of rows.
    pub row_estimate: Option<u64>,
}

impl Description {
    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, ..)| name.clone()).collect()
    }

    fn column(&self, name: &str) -> Option<(&DataType, &str)> {
        let found = self.columns.iter().find(|(other, ..)| other == name)?;
        Some((&found.1, &found.2))
    }
}

/// Describes a table or query.
///
/// # Errors
/// `table_not_found`, and whatever the system meets.
pub async fn describe(connector: &dyn Connector, relation: &Relation) -> Result<Description> {
    match relation {
        Relation::Table(table) => {
            let found = connector.find_table(table).await?;
            let Some(found) = found else { return Err(not_found(connector, table).await) };
            let columns = found.columns.into_iter().map(|column| (column.name, column.data_type, column.native_type));
            Ok(Description { columns: columns.collect(), key: found.key, row_estimate: found.row_estimate })
        }
        Relation::Query(query) => {
            let source = connector.read(ReadOptions { limit: Some(1), ..ReadOptions::query(query) }).await?;
            let schema = source.schema();
            let columns =
                schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone(), String::new()));
            Ok(Description { columns: columns.collect(), ..Description::default() })
        }
    }
}

/// What is known of a side without reading it. Apart from [`Rows`], since a source cannot be shared while systems are asked.
pub(super) enum Seen<'a> {
    Stored(&'a dyn Connector, Side),
    File(SchemaRef),
}

impl<'a> Seen<'a> {
    pub(super) fn of(rows: &Rows<'a>) -> Self {
        match rows {
            Rows::Unsorted(source) => Self::File(source.schema()),
            Rows::Stored(connector, side) => Self::Stored(*connector, side.clone()),
        }
    }

    async fn describe(&self) -> Result<Description> {
        match self {
            Self::Stored(connector, side) => describe(*connector, &side.relation).await,
            Self::File(schema) => {
                let fields = schema.fields().iter();
                let columns = fields.map(|field| (field.name().clone(), field.data_type().clone(), String::new()));
                Ok(Description { columns: columns.collect(), ..Description::default() })
            }
        }
    }
}

/// How two sides are going to be compared.
pub(super) struct Plan {
    pub(super) names: Names,
    pub(super) strategy: Strategy,
    reasons: Vec<String>,
    notes: Vec<String>,
    /// Whether the key was named or found, rather than whole rows compared.
    keyed: bool,
    /// How many ranges are compared at the same time.
    pub(super) parallel: usize,
    /// Boundaries of the ranges; empty: the whole key is one range.
    pub(super) ranges: Vec<KeyRange>,
    sampled: bool,
    /// Whether only what the sums of both sides disagree on is left in `ranges`, be it nothing.
    pub(super) reduced: bool,
    /// How each column is written for a hash, or why not all can be.
    pub(super) forms: Result<Vec<Form>, String>,
    /// Whose turn it is to open both sides of a range.
    pub(super) opening: Mutex<()>,
}

impl Plan {
    /// Looks at both sides. Reads no rows but for boundaries of ranges.
    pub(super) async fn make(left: Seen<'_>, right: Seen<'_>, options: &DiffOptions) -> Result<(Self, Totals)> {
        let (left_is, right_is) = (left.describe().await?, right.describe().await?);
        let mut notes = Vec::new();
        let key = choose_key(&left_is, &right_is, options, &mut notes);
        let (left_names, right_names) = (left_is.names(), right_is.names());
        for name in options.except.iter().chain(options.tolerance.keys()) {
            find_column(&left_names, name, "left")?;
        }
        let mut names = Names::find(&left_names, &right_names, &key, options)?;
        names.meanings = meanings(&names, &left_is, &right_is);
        let forms = tell_columns(&names, &left_is, &right_is, options, &mut notes)?;
        let mut plan = Self {
            keyed: !key.is_empty(),
            names,
            strategy: Strategy::Merge,
            reasons: Vec::new(),
            notes,
            parallel: 1,
            ranges: Vec::new(),
            reduced: false,
            sampled: false,
            forms,
            opening: Mutex::new(()),
        };
        let mut equal = Totals::default();
        match (&left, &right) {
            (Seen::Stored(left, left_side), Seen::Stored(right, right_side)) => {
                let (left, right) = ((*left, left_side), (*right, right_side));
                equal = plan.choose(left, right, (&left_is, &right_is), options).await?;
            }
            _ => {
                if options.sample_rows.is_some() || !matches!(options.strategy, Strategy::Auto | Strategy::Merge) {
                    let message =
                        "a file is compared by reading all of it: neither a strategy nor a sample can be chosen";
                    return Err(Error::permanent(ErrorCode::Unsupported, message)
                        .hint("Write the file into a table first, or leave `strategy` and `sample_rows` out."));
                }
                plan.reasons.push("a side is a file, which is sorted in memory and merged".to_owned());
            }
        }
        Ok((plan, equal))
    }

    /// Chooses the strategy; tells what is known to be equal already.
    async fn choose(
        &mut self,
        left: (&dyn Connector, &Side),
        right: (&dyn Connector, &Side),
        (left_is, right_is): (&Description, &Description),
        options: &DiffOptions,
    ) -> Result<Totals> {
        refuse_one_session(left.0, right.0).await?;
        if let Some(range) = &options.range {
            self.because("one range of the key is compared".to_owned());
            self.ranges = vec![range.clone()];
            return Ok(Totals::default());
        }
        self.tell_order(left, left_is, "left").await;
        self.tell_order(right, right_is, "right").await;
        let rows = left_is.row_estimate.unwrap_or(0).max(right_is.row_estimate.unwrap_or(0));
        if options.strategy == Strategy::Checksum || (options.strategy == Strategy::Auto && self.may_sum(rows, options))
        {
            let slow = match options.strategy {
                Strategy::Checksum => Some("it was asked for".to_owned()),
                _ => self.find_slow(left, right).await?,
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
        }
        self.because("both sides are read in the order of the key and compared here, which is exact and spares the servers all hashing".to_owned());
        self.cut(left, right, rows, options).await?;
        Ok(Totals::default())
    }

    /// Whether checksums could be worth a look at the link.
    fn may_sum(&self, rows: u64, options: &DiffOptions) -> bool {
        rows >= WORTH_A_PROBE
            && self.forms.is_ok()
            && self.keyed
            && self.names.key == 1
            && options.sample_rows.is_none()
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
            self.notes.push(format!("the {name} server has to sort the rows: it has no index in the order of `{key}`"));
        }
    }

    /// The report before anything is compared.
    pub(super) fn report(&self) -> Report {
        Report {
            totals: super::Totals::default(),
            key: if self.keyed { self.names.key_of("left") } else { Vec::new() },
            columns: self.names.left.clone(),
            right_columns: self.names.right.clone(),
            strategy: self.strategy,
            reasons: self.reasons.clone(),
            notes: self.notes.clone(),
            complete: !self.sampled,
        }
    }

    pub(super) fn because(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) fn is_sample(&mut self) {
        self.sampled = true;
    }
}

/// How many ranges the pools of both sides can be read by at the same time; none where they do not tell.
pub(super) async fn places(left: &dyn Connector, right: &dyn Connector) -> Option<usize> {
    let limit = async |connector: &dyn Connector| {
        let pool = connector.inspect().await.ok().and_then(|found| found.pool)?;
        usize::try_from(pool.limit).ok()
    };
    if std::ptr::addr_eq(left, right) {
        return limit(left).await.map(|places| places / 2);
    }
    [limit(left).await, limit(right).await].into_iter().flatten().min()
}

/// Both sides are read at the same time, which one session of a shared pool cannot do.
async fn refuse_one_session(left: &dyn Connector, right: &dyn Connector) -> Result<()> {
    if std::ptr::addr_eq(left, right) && places(left, right).await == Some(0) {
        let message = "both sides are read by one connection, whose pool has one session only";
        return Err(
            Error::permanent(ErrorCode::InvalidValue, message).hint("Set the connection's `pool_size` to 2 or more.")
        );
    }
    Ok(())
}

/// The key that was named, or the left table's own where that was asked for.
fn choose_key(left: &Description, right: &Description, options: &DiffOptions, notes: &mut Vec<String>) -> Vec<String> {
    if !options.key.is_empty() {
        return options.key.clone();
    }
    let right_names = right.names();
    let on_the_right = |name: &String| {
        let wanted = options.mapping.get(name).unwrap_or(name);
        find_column(&right_names, wanted, "right").is_ok()
    };
    if options.own_key && !left.key.is_empty() && left.key.iter().all(on_the_right) {
        return left.key.clone();
    }
    notes.push("no key: whole rows are compared, so that a changed row shows as one missing and one extra".to_owned());
    Vec::new()
}

/// Says which columns are left out, and which are not compared to the last bit.
fn tell_columns(
    names: &Names,
    left: &Description,
    right: &Description,
    options: &DiffOptions,
    notes: &mut Vec<String>,
) -> Result<Result<Vec<Form>, String>> {
    let mut forms = Ok(Vec::with_capacity(names.left.len()));
    if options.columns.is_empty() {
        for (side, is, compared) in [("left", left, &names.left), ("right", right, &names.right)] {
            let only =
                is.columns.iter().filter(|(name, ..)| !compared.contains(name) && !options.except.contains(name));
            notes.extend(only.map(|(name, ..)| format!("column `{name}` is only on the {side} and not compared")));
        }
    }
    for (index, (left_name, right_name)) in names.left.iter().zip(&names.right).enumerate() {
        let (Some((left_type, _)), Some((right_type, _))) = (left.column(left_name), right.column(right_name)) else {
            forms = Err(format!("column `{left_name}` is not described"));
            continue;
        };
        let canonical = Canonical::of(left_name, left_type, right_type, index < names.key, names.meanings[index])?;
        match (form(&canonical, left_type, right_type), &mut forms) {
            (Some(form), Ok(forms)) => forms.push(form),
            (None, Ok(_)) => forms = Err(format!("column `{left_name}` is not written alike on both systems")),
            (_, Err(_)) => {}
        }
        if let Some(how) = canonical.caveat(left_type, right_type) {
            notes.push(format!("column `{left_name}` is {left_type} on the left and {right_type} on the right: {how}"));
        }
    }
    Ok(forms)
}

/// What the systems' own types say that Arrow's do not.
fn meanings(names: &Names, left: &Description, right: &Description) -> Vec<Meaning> {
    let native =
        |is: &Description, name: &String| is.column(name).map_or_else(String::new, |(_, native)| native.to_owned());
    let pairs = names.left.iter().zip(&names.right);
    pairs.map(|(l, r)| Meaning::of(&native(left, l), &native(right, r))).collect()
}
