//! Tables beside the one that is checked: securities, suspensions, ex-dates, fills. Their columns are found by roles.

use super::settings::Reference;
use crate::kind::StepContext;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use data::connector::ReadOptions;
use data::{Error, Result};
use model::{ErrorCode, nearest};
use std::sync::Arc;

/// Entries of one reference at most, which bounds what is held in memory.
const MOST: usize = 2_000_000;

/// A row of a reference: a code and up to two days.
pub(super) struct ReferenceRow<'a> {
    pub(super) code: &'a str,
    pub(super) first: Option<i32>,
    pub(super) second: Option<i32>,
}

/// Reads a code and up to two days. `take` tells how many entries there are by then.
pub(super) async fn read_days(
    reference: &Reference,
    what: &str,
    roles: &[(&str, bool)],
    context: &StepContext,
    mut take: impl FnMut(ReferenceRow<'_>) -> usize,
) -> Result<()> {
    let to_days = |array: &Option<ArrayRef>| -> Result<Option<ArrayRef>> {
        array.as_ref().map(|array| Ok(Arc::new(super::columns::days(array, 0)?) as ArrayRef)).transpose()
    };
    read(reference, what, roles, context, |columns| {
        let codes = texts(columns.first().and_then(Option::as_ref))?;
        let (first, second) = (to_days(columns.get(1).unwrap_or(&None))?, to_days(columns.get(2).unwrap_or(&None))?);
        let day = |days: &Option<ArrayRef>, row: usize| {
            let days = days.as_ref()?.as_primitive::<Int32Type>();
            days.is_valid(row).then(|| days.value(row))
        };
        let codes = codes.as_string::<i32>();
        let mut entries = 0;
        for row in (0..codes.len()).filter(|row| codes.is_valid(*row)) {
            entries = take(ReferenceRow { code: codes.value(row), first: day(&first, row), second: day(&second, row) });
            if entries > MOST {
                break;
            }
        }
        Ok(entries)
    })
    .await
}

/// Reads a code and what stands beside it, as text. `take` tells how many entries there are by then.
pub(super) async fn read_texts(
    reference: &Reference,
    what: &str,
    roles: &[(&str, bool)],
    context: &StepContext,
    mut take: impl FnMut(&str, Option<&str>) -> usize,
) -> Result<()> {
    read(reference, what, roles, context, |columns| {
        let (codes, beside) = (texts(columns.first().and_then(Option::as_ref))?, columns.get(1).unwrap_or(&None));
        let beside = beside.as_ref().map(|array| texts(Some(array))).transpose()?;
        let codes = codes.as_string::<i32>();
        let mut entries = 0;
        for row in (0..codes.len()).filter(|row| codes.is_valid(*row)) {
            let text = beside.as_ref().map(|array| array.as_string::<i32>()).filter(|texts| texts.is_valid(row));
            entries = take(codes.value(row), text.map(|texts| texts.value(row)));
            if entries > MOST {
                break;
            }
        }
        Ok(entries)
    })
    .await
}

pub(super) fn texts(array: Option<&ArrayRef>) -> Result<ArrayRef> {
    Ok(match array {
        Some(array) => cast(array, &DataType::Utf8)?,
        None => Arc::new(arrow::array::StringArray::new_null(0)),
    })
}

/// Reads the columns of the roles, one after the other; none for one that is not required and not there.
pub(super) async fn read(
    reference: &Reference,
    what: &str,
    columns: &[(&str, bool)],
    context: &StepContext,
    mut take: impl FnMut(&[Option<ArrayRef>]) -> Result<usize>,
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
        let mut there = batch.records.columns().iter();
        let columns: Vec<Option<ArrayRef>> =
            wanted.iter().map(|name| name.as_ref().and_then(|_| there.next().cloned())).collect();
        if take(&columns)? > MOST {
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("`{what}`: table `{}` has more than {MOST} rows", reference.table),
            )
            .hint("Narrow it with `where`."));
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
        "board" => &["board", "market", "板块"],
        "order" => &["order", "orderid", "orderno", "entrustno", "委托编号", "订单号"],
        "qty" => &["qty", "quantity", "filledqty", "fillqty", "volume", "vol", "成交数量", "数量"],
        "side" => &["side", "direction", "bs", "bsflag", "buysell", "方向", "买卖方向", "买卖"],
        "account" => return crate::classify::names::read(&name).role == Some(crate::classify::names::Role::Account),
        "ex_date" => &["exdate", "exdividenddate", "除权除息日", "date", "tradedate"],
        "from" => &["from", "startdate", "fromdate", "indate", "start"],
        "until" => &["until", "enddate", "untildate", "outdate", "end", "todate"],
        _ => &[],
    };
    words.contains(&name.as_str())
}
