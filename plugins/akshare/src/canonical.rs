//! Columns of two functions in English, with their types, and shares where AkShare counts lots of 100.

use plugin_sdk::ColumnType::{self, Date32, Float64, Int64, Utf8};

/// AkShare's name, the new name, the type, and by what the number is multiplied.
pub(crate) type Column = (&'static str, &'static str, ColumnType, i64);

const HIST: &[Column] = &[
    ("日期", "trade_date", Date32, 1),
    ("股票代码", "code", Utf8, 1),
    ("开盘", "open", Float64, 1),
    ("最高", "high", Float64, 1),
    ("最低", "low", Float64, 1),
    ("收盘", "close", Float64, 1),
    ("成交量", "volume_shares", Int64, 100),
    ("成交额", "amount_cny", Float64, 1),
    ("涨跌幅", "pct_chg", Float64, 1),
];

// There is no day in the snapshot: it is what it was when it was asked for.
const SPOT: &[Column] = &[
    ("代码", "code", Utf8, 1),
    ("名称", "name", Utf8, 1),
    ("今开", "open", Float64, 1),
    ("最高", "high", Float64, 1),
    ("最低", "low", Float64, 1),
    ("最新价", "close", Float64, 1),
    ("成交量", "volume_shares", Int64, 100),
    ("成交额", "amount_cny", Float64, 1),
    ("涨跌幅", "pct_chg", Float64, 1),
];

/// The columns of a function, where the plugin knows it.
pub(crate) fn columns(function: &str) -> Option<&'static [Column]> {
    match function {
        "stock_zh_a_hist" => Some(HIST),
        "stock_zh_a_spot_em" => Some(SPOT),
        _ => None,
    }
}
