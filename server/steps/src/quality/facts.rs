//! What is known besides the rows: the calendar, securities, suspensions, ex-dates, special treatment.

use super::calendar::{self, Calendar, Sessions};
use super::columns::Columns;
use super::fills::Fills;
use super::market::Limit;
use super::reference;
use super::settings::{CalendarSettings, Period, Settings};
use crate::kind::StepContext;
use crate::sql::read_text;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use data::connector::ReadOptions;
use data::{Error, Result};
use model::ErrorCode;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    /// What was filled; none: it is not known.
    pub(super) fills: Option<Fills>,
    /// Boards by code, as the table of securities calls them.
    pub(super) boards: HashMap<String, String>,
    /// Whether minute bars are held against daily ones.
    pub(super) has_daily: bool,
    /// Now, in local microseconds.
    pub(super) now: i64,
    /// Microseconds that local time is ahead of UTC.
    pub(super) offset: i64,
}

impl Facts {
    /// Reads what the settings name, for a table of such columns.
    pub(super) async fn load(settings: &Settings, context: &StepContext, columns: &Columns) -> Result<Self> {
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
            fills: None,
            boards: HashMap::new(),
            has_daily: settings.daily.is_some(),
            now: settings.now()?,
            offset: settings.offset()?,
        };
        if let Some(reference) = &settings.securities {
            let mut listed = BTreeMap::new();
            let columns = [("code", true), ("list_date", false), ("delist_date", false)];
            reference::read_days(reference, "securities", &columns, context, |row| {
                listed.insert(row.code.to_owned(), (row.first, row.second));
                listed.len()
            })
            .await?;
            facts.listed = Some(listed);
            let columns = [("code", true), ("board", false)];
            let boards = &mut facts.boards;
            reference::read_texts(reference, "securities", &columns, context, |code, board| {
                boards.extend(board.map(|board| (code.to_owned(), board.to_owned())));
                boards.len()
            })
            .await?;
        }
        if let Some(reference) = &settings.fills {
            facts.fills = Some(Fills::load(reference, context, columns).await?);
        }
        if let Some(reference) = &settings.special_treatment {
            let mut count = 0;
            let columns = [("code", true), ("from", true), ("until", false)];
            reference::read_days(reference, "special_treatment", &columns, context, |row| {
                let days = (row.first.unwrap_or(i32::MIN), row.second.unwrap_or(i32::MAX));
                facts.st.entry(row.code.to_owned()).or_default().push(days);
                count += 1;
                count
            })
            .await?;
        }
        if let Some(reference) = &settings.suspensions {
            reference::read_days(reference, "suspensions", &[("code", true), ("date", true)], context, |row| {
                facts.suspended.extend(row.first.map(|day| (row.code.to_owned(), day)));
                facts.suspended.len()
            })
            .await?;
        }
        if let Some(reference) = &settings.actions {
            let mut actions = HashSet::new();
            reference::read_days(reference, "actions", &[("code", true), ("ex_date", true)], context, |row| {
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
