//! What is published about the columns of the best-known data sets: their types and units.
//!
//! Columns are looked up by data set and name, since the service may change their order and its usual selection. What is
//! not listed is text.

use plugin_sdk::ColumnType;

const PRICES: &[&str] = &["open", "high", "low", "close", "vol", "amount"];

/// Numbers of a data set.
fn numbers(api: &str) -> &'static [&'static str] {
    match api {
        "daily" | "weekly" | "monthly" => {
            &["open", "high", "low", "close", "pre_close", "change", "pct_chg", "vol", "amount", "ah_vol", "ah_amount"]
        }
        "stk_mins" => PRICES,
        "adj_factor" => &["adj_factor"],
        "daily_basic" => &[
            "close",
            "turnover_rate",
            "turnover_rate_f",
            "volume_ratio",
            "pe",
            "pe_ttm",
            "pb",
            "ps",
            "ps_ttm",
            "dv_ratio",
            "dv_ttm",
            "total_share",
            "float_share",
            "free_share",
            "total_mv",
            "circ_mv",
        ],
        "index_weight" => &["weight"],
        "fut_basic" => &["multiplier", "per_unit"],
        _ => &[],
    }
}

/// Whether the plugin knows the data set's columns.
fn is_known(api: &str) -> bool {
    !numbers(api).is_empty() || matches!(api, "stock_basic" | "trade_cal" | "hs_const")
}

/// The type of a column; days are days, and moments stay text: they are China's time and name no zone.
pub(crate) fn type_of(api: &str, field: &str) -> ColumnType {
    if numbers(api).contains(&field) {
        return ColumnType::Float64;
    }
    match field {
        _ if !is_known(api) => ColumnType::Utf8,
        // Documented as text, delivered as a number.
        "is_open" if api == "trade_cal" => ColumnType::Boolean,
        "limit_status" if api == "daily_basic" => ColumnType::Int64,
        "pretrade_date" | "last_ddate" => ColumnType::Date32,
        _ if field.ends_with("_date") => ColumnType::Date32,
        _ => ColumnType::Utf8,
    }
}

/// By what a column's numbers are multiplied to become shares or yuan.
pub(crate) fn unit_of(api: &str, field: &str) -> f64 {
    match (api, field) {
        // Lots of 100 shares, and thousands of yuan. Minutes are shares and yuan already.
        ("daily" | "weekly" | "monthly", "vol" | "ah_vol") => 100.0,
        ("daily" | "weekly" | "monthly", "amount" | "ah_amount") => 1000.0,
        ("daily_basic", "total_share" | "float_share" | "free_share" | "total_mv" | "circ_mv") => 10_000.0,
        _ => 1.0,
    }
}

/// A number in another unit, without the dust that multiplying leaves: services give no more than four digits.
pub(crate) fn scale(number: f64, unit: f64) -> f64 {
    let scaled = number * unit;
    let rounded = (scaled * 10_000.0).round() / 10_000.0;
    if rounded.is_finite() { rounded } else { scaled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_days_and_minutes_differ() {
        assert_eq!(scale(183_207.12, unit_of("daily", "vol")), 18_320_712.0);
        assert_eq!(scale(121_663.512, unit_of("daily", "amount")), 121_663_512.0);
        assert_eq!(unit_of("stk_mins", "vol"), 1.0);
        assert_eq!(unit_of("stk_mins", "amount"), 1.0);
        assert_eq!(unit_of("daily_basic", "total_mv"), 10_000.0);
        assert_eq!(unit_of("daily_basic", "close"), 1.0);
    }

    #[test]
    fn types_are_those_of_the_published_tables() {
        for (api, field, expected) in [
            ("daily", "vol", ColumnType::Float64),
            ("daily", "trade_date", ColumnType::Date32),
            ("daily", "ts_code", ColumnType::Utf8),
            ("trade_cal", "is_open", ColumnType::Boolean),
            ("trade_cal", "pretrade_date", ColumnType::Date32),
            ("stock_basic", "symbol", ColumnType::Utf8),
            ("stock_basic", "list_date", ColumnType::Date32),
            ("stk_mins", "trade_time", ColumnType::Utf8),
            ("fut_basic", "last_ddate", ColumnType::Date32),
            ("something_new", "end_date", ColumnType::Utf8),
        ] {
            assert_eq!(type_of(api, field), expected, "{api} {field}");
        }
    }
}
