//! What both sides are, how they will be compared, and what is to be said before it begins.

use super::checksum::form;
use super::moments::Moments;
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
    pub(super) keyed: bool,
    /// How many ranges are compared at the same time.
    pub(super) parallel: usize,
    /// Boundaries of the ranges; empty: the whole key is one range.
    pub(super) ranges: Vec<KeyRange>,
    sampled: bool,
    /// Whether only what the sums of both sides disagree on is left in `ranges`, be it nothing.
    pub(super) reduced: bool,
    /// How each column is written for a hash, or why not all can be.
    pub(super) forms: Result<Vec<Form>, String>,
    /// What holds for the rows of each side that are not known to be equal; none: nothing is known.
    pub(super) only: Option<[String; 2]>,
    /// The query of one connection that pairs off the rows of both sides and leaves out the equal ones.
    pub(super) pairs: Option<String>,
    /// The rows of the left side, where a join leaves out the equal ones.
    pub(super) joined: Option<u64>,
    /// The moment each side is read as of, where its sessions share one.
    pub(super) moments: Moments,
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
            only: None,
            pairs: None,
            joined: None,
            moments: Moments::default(),
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

/// How many ranges the pools of both sides can be read by at the same time, with so many sessions of each set aside; none
/// where nothing limits them.
pub(super) fn places(left: &dyn Connector, right: &dyn Connector, aside: usize) -> Option<usize> {
    let of = |connector: &dyn Connector| connector.sessions().map(|sessions| sessions.saturating_sub(aside));
    if std::ptr::addr_eq(left, right) {
        return of(left).map(|places| places / 2);
    }
    [of(left), of(right)].into_iter().flatten().min()
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
        match (form(left_type, right_type), &mut forms) {
            (Some(form), Ok(forms)) => forms.push(form),
            (None, Ok(_)) => {
                forms = Err(format!("column `{left_name}` is of a type that is not written alike on both systems"))
            }
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
