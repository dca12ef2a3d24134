//! What is known besides the rows: the calendar, securities, suspensions, ex-dates, special treatment.

use super::calendar::{self, Calendar, Sessions};
use super::market::Limit;
use super::settings::{CalendarSettings, Period, Reference, Settings};
use crate::kind::StepContext;
use crate::sql::read_text;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use data::connector::ReadOptions;
use data::{Error, Result};
use model::{ErrorCode, nearest};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Entries of one reference at most, which bounds what is held in memory.
const MOST: usize = 2_000_000;

/// Listing and delisting day of a security, as days since 1970.
type Listing = (Option<i32>, Option<i32>);

/// What rows are held against.
pub(super) struct Facts {
    pub(super) calendar: Option<Calendar>,
    pub(super) sessions: Sessions,
    pub(super) limits: Vec<Limit>,
    pub(super) period: Period,
    pub(super) adjusted: bool,
    pub(super) tick: Option<f64>,
    /// Amount by volume and price: 1 for shares and yuan, 100 for lots; none: told from the rows.
    pub(super) unit: Option<f64>,
    /// First and last day that is asked about.
    pub(super) range: (Option<i32>, Option<i32>),
    /// Listing and delisting days by code; none: securities are not known.
    pub(super) listed: Option<BTreeMap<String, Listing>>,
    /// Days of special treatment by code, both ends included.
    pub(super) st: HashMap<String, Vec<(i32, i32)>>,
    pub(super) suspended: HashSet<(String, i32)>,
    /// Ex-dates by code; none: they are not known.
    pub(super) actions: Option<HashSet<(String, i32)>>,
    /// Now, in local microseconds.
    pub(super) now: i64,
    /// Microseconds that local time is ahead of UTC.
    pub(super) offset: i64,
}

impl Facts {
    /// Reads what the settings name.
    pub(super) async fn load(settings: &Settings, context: &StepContext) -> Result<Self> {
        let day = |date: Option<chrono::NaiveDate>| date.map(calendar::day_of);
        let mut facts = Self {
            calendar: load_calendar(settings.calendar.as_ref(), context).await?,
            sessions: settings.sessions()?,
            limits: settings.limits.clone(),
            period: settings.period.unwrap_or(Period::Day),
            adjusted: settings.adjusted,
            tick: settings.tick,
            unit: settings.units.as_ref().map(|units| units.ratio()),
            range: (day(settings.range.start), day(settings.range.end)),
            listed: None,
            st: HashMap::new(),
            suspended: HashSet::new(),
            actions: None,
            now: settings.now()?,
            offset: settings.offset()?,
        };
        if let Some(reference) = &settings.securities {
            let mut listed = BTreeMap::new();
            let columns = [("code", true), ("list_date", false), ("delist_date", false)];
            read_reference(reference, "securities", &columns, context, |row| {
                listed.insert(row.code.to_owned(), (row.first, row.second));
                listed.len()
            })
            .await?;
            facts.listed = Some(listed);
        }
        if let Some(reference) = &settings.special_treatment {
            let mut count = 0;
            let columns = [("code", true), ("from", true), ("until", false)];
            read_reference(reference, "special_treatment", &columns, context, |row| {
                let days = (row.first.unwrap_or(i32::MIN), row.second.unwrap_or(i32::MAX));
                facts.st.entry(row.code.to_owned()).or_default().push(days);
                count += 1;
                count
            })
            .await?;
        }
        if let Some(reference) = &settings.suspensions {
            read_reference(reference, "suspensions", &[("code", true), ("date", true)], context, |row| {
                facts.suspended.extend(row.first.map(|day| (row.code.to_owned(), day)));
                facts.suspended.len()
            })
            .await?;
        }
        if let Some(reference) = &settings.actions {
            let mut actions = HashSet::new();
            read_reference(reference, "actions", &[("code", true), ("ex_date", true)], context, |row| {
                actions.extend(row.first.map(|day| (row.code.to_owned(), day)));
                actions.len()
            })
            .await?;
            facts.actions = Some(actions);
        }
        Ok(facts)
    }

    /// Whether the code is under special treatment on the day.
    pub(super) fn is_st(&self, code: &str, day: i32, name: Option<&str>) -> bool {
        let named = name.is_some_and(|name| {
            let bare = name.trim_start_matches(['*', 'S']);
            name.starts_with("ST") || name.starts_with("*ST") || (name.starts_with('S') && bare.starts_with("T"))
        });
        let listed =
            self.st.get(code).is_some_and(|days| days.iter().any(|(from, until)| (*from..=*until).contains(&day)));
        named || listed
    }

    /// How many trading days the code has had by the day, that day included; none: unknown, or long ago.
    pub(super) fn trading_day(&self, code: &str, day: i32) -> Option<u32> {
        let (listed, _) = self.listed.as_ref()?.get(code)?;
        let listed = listed.filter(|listed| day - listed < 60 && day >= *listed)?;
        let count = match &self.calendar {
            Some(calendar) => calendar.count(listed, day),
            None => Calendar::weekdays(BTreeSet::new(), None).count(listed, day),
        };
        u32::try_from(count).ok()
    }
}

/// A row of a reference: a code and up to two days.
struct ReferenceRow<'a> {
    code: &'a str,
    first: Option<i32>,
    second: Option<i32>,
}

async fn read_reference(
    reference: &Reference,
    what: &str,
    columns: &[(&str, bool)],
    context: &StepContext,
    mut take: impl FnMut(ReferenceRow<'_>) -> usize,
) -> Result<()> {
    let connector = context.connections.get(&reference.connection).await?;
    let Some(table) = connector.find_table(&reference.table).await? else {
        return Err(Error::permanent(
            ErrorCode::TableNotFound,
            format!("`{what}`: connection `{}` has no table `{}`", reference.connection, reference.table),
        ));
    };
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut wanted: Vec<Option<String>> = Vec::new();
    for (role, required) in columns {
        let named = reference.columns.get(*role).map(String::as_str);
        let found = names.iter().copied().find(|name| match named {
            Some(named) => *name == named,
            None => is_called(name, role),
        });
        if found.is_none() && (*required || named.is_some()) {
            let missing = named.unwrap_or(role);
            let error = Error::permanent(
                ErrorCode::ColumnNotFound,
                format!("`{what}`: table `{}` has no column `{missing}`", reference.table),
            );
            return Err(match nearest(missing, names.iter().copied()) {
                Some(near) => error.hint(format!("Did you mean `{near}`? Name it: `columns: {{ {role}: {near} }}`.")),
                None => error.hint(format!("Name it: `columns: {{ {role}: … }}`.")),
            });
        }
        wanted.push(found.map(ToOwned::to_owned));
    }
    let options = ReadOptions {
        columns: wanted.iter().flatten().cloned().collect(),
        filter: reference.filter.clone(),
        ..ReadOptions::table(&reference.table)
    };
    let mut source = connector.read(options).await?;
    while let Some(batch) = source.next().await? {
        // Only what is there was asked for, in the order of the roles.
        let array = |role: usize| {
            wanted.get(role)?.as_ref()?;
            batch.records.columns().get(wanted.iter().take(role).flatten().count())
        };
        let Some(codes) = array(0) else { return Ok(()) };
        let codes = cast(codes, &DataType::Utf8)?;
        let codes = codes.as_string::<i32>();
        let first = array(1).map(to_days).transpose()?;
        let second = array(2).map(to_days).transpose()?;
        let day = |days: &Option<ArrayRef>, row: usize| {
            let days = days.as_ref()?.as_primitive::<Int32Type>();
            days.is_valid(row).then(|| days.value(row))
        };
        for row in (0..codes.len()).filter(|row| codes.is_valid(*row)) {
            let taken =
                take(ReferenceRow { code: codes.value(row), first: day(&first, row), second: day(&second, row) });
            if taken > MOST {
                return Err(Error::permanent(
                    ErrorCode::InvalidValue,
                    format!("`{what}`: table `{}` has more than {MOST} rows", reference.table),
                )
                .hint("Narrow it with `where`."));
            }
        }
    }
    Ok(())
}

/// Whether a column of that name is what `role` asks for.
fn is_called(name: &str, role: &str) -> bool {
    let squash = |text: &str| crate::classify::names::words_of(text).concat();
    let name = squash(name);
    let words: &[&str] = match role {
        "code" => return crate::classify::names::read(&name).role == Some(crate::classify::names::Role::Code),
        "date" => return crate::classify::names::read(&name).role == Some(crate::classify::names::Role::Date),
        "list_date" => &["listdate", "listingdate", "ipodate", "上市日期"],
        "delist_date" => &["delistdate", "delistingdate", "outdate", "退市日期"],
        "ex_date" => &["exdate", "exdividenddate", "除权除息日", "date", "tradedate"],
        "from" => &["from", "startdate", "fromdate", "indate", "start"],
        "until" => &["until", "enddate", "untildate", "outdate", "end", "todate"],
        _ => &[],
    };
    words.contains(&name.as_str())
}

fn to_days(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(std::sync::Arc::new(super::columns::days(array, 0)?))
}

async fn load_calendar(settings: Option<&CalendarSettings>, context: &StepContext) -> Result<Option<Calendar>> {
    let day = calendar::day_of;
    Ok(match settings {
        None => None,
        Some(CalendarSettings::Weekdays(_)) => Some(Calendar::weekdays(BTreeSet::new(), None)),
        Some(CalendarSettings::Holidays { holidays, known_until }) => {
            Some(Calendar::weekdays(holidays.iter().copied().map(day).collect(), known_until.map(day)))
        }
        Some(CalendarSettings::File { file, known_until }) => {
            let text = read_text(&context.files, file).await?;
            let (open, last) = parse_file(&text).map_err(|line| {
                Error::permanent(ErrorCode::InvalidValue, format!("line {line} of the calendar `{file}` has no date"))
                    .hint("Write a date such as 2024-01-02 on each line, and `,1` or `,0` behind it.")
            })?;
            Some(Calendar::listed(open, known_until.map(day).or(last)))
        }
        Some(CalendarSettings::Table { connection, table, date, open, filter, known_until }) => {
            let connector = context.connections.get(connection).await?;
            let Some(info) = connector.find_table(table).await? else {
                return Err(Error::permanent(
                    ErrorCode::TableNotFound,
                    format!("the calendar: connection `{connection}` has no table `{table}`"),
                ));
            };
            let names: Vec<&str> = info.columns.iter().map(|column| column.name.as_str()).collect();
            let find = |named: Option<&String>, role: crate::classify::names::Role| match named {
                Some(named) => names.iter().copied().find(|name| name == named),
                None => names.iter().copied().find(|name| crate::classify::names::read(name).role == Some(role)),
            };
            let missing = |what: &str| {
                Error::permanent(
                    ErrorCode::ColumnNotFound,
                    format!("the calendar: no column of table `{table}` says {what}"),
                )
                .hint(format!("It has `{}`; name it by `date` or `open`.", names.join("`, `")))
            };
            let date = find(date.as_ref(), crate::classify::names::Role::Date).ok_or_else(|| missing("which day"))?;
            let flag = find(open.as_ref(), crate::classify::names::Role::IsOpen);
            if open.is_some() && flag.is_none() {
                return Err(missing("which days are open"));
            }
            let columns = [Some(date), flag].into_iter().flatten().map(ToOwned::to_owned).collect();
            let options = ReadOptions { columns, filter: filter.clone(), ..ReadOptions::table(table) };
            let mut source = connector.read(options).await?;
            let (mut days, mut last) = (BTreeSet::new(), None);
            while let Some(batch) = source.next().await? {
                let dates = super::columns::days(batch.records.column(0), 0)?;
                let flags = match flag {
                    Some(_) => Some(cast(batch.records.column(1), &DataType::Utf8)?),
                    None => None,
                };
                for row in (0..dates.len()).filter(|row| dates.is_valid(*row)) {
                    let is_open = flags.as_ref().is_none_or(|flags| {
                        let flags = flags.as_string::<i32>();
                        flags.is_valid(row) && is_yes(flags.value(row))
                    });
                    last = last.max(Some(dates.value(row)));
                    if is_open {
                        days.insert(dates.value(row));
                    }
                }
            }
            if days.is_empty() {
                let message = format!("the calendar `{table}` of connection `{connection}` lists no open day");
                return Err(
                    Error::permanent(ErrorCode::InvalidValue, message).hint("Fill the table, or use `weekdays`.")
                );
            }
            Some(Calendar::listed(days, known_until.map(day).or(last)))
        }
    })
}

fn is_yes(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "true" | "t" | "yes" | "y" | "open" | "是")
}

/// Open days of a calendar's file and the last day it lists; the number of a line that is none, otherwise.
fn parse_file(text: &str) -> Result<(BTreeSet<i32>, Option<i32>), usize> {
    let (mut days, mut last) = (BTreeSet::new(), None);
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let mut cells = line.split([',', '\t']).map(|cell| cell.trim().trim_matches('"'));
        let first = cells.next().unwrap_or_default();
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        let Some(day) = super::columns::day_of_text(first) else {
            // The first line may name the columns.
            if number == 0 {
                continue;
            }
            return Err(number + 1);
        };
        last = last.max(Some(day));
        if cells.next().is_none_or(|flag| flag.is_empty() || is_yes(flag)) {
            days.insert(day);
        }
    }
    Ok((days, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_file_lists_days_with_or_without_flags() {
        let (open, last) =
            parse_file("date,is_open\n2024-01-01,0\n2024-01-02,1\n20240103\n\n# end\n").unwrap_or_default();
        assert_eq!(open.len(), 2);
        assert_eq!(last.map(calendar::spell).as_deref(), Some("2024-01-03"));
        assert_eq!(parse_file("date\n2024-01-02\nnever\n").err(), Some(3));
    }
}
