//! What can be asked: each query's message type, its parameters in order, and the types of its columns.

use plugin_sdk::ColumnType;

/// One query of the protocol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Query {
    /// Baostock's method.
    pub(crate) method: &'static str,
    /// Message type of the request.
    pub(crate) kind: &'static str,
    /// Parameters after method, user and, where there are pages, page and size.
    pub(crate) params: &'static [&'static str],
    /// Whether the answer comes in pages.
    pub(crate) paged: bool,
}

const CODE_RANGE: &[&str] = &["code", "start", "end"];
const QUARTER: &[&str] = &["code", "year", "quarter"];
const K_DATA: &[&str] = &["code", "fields", "start", "end", "frequency", "adjustflag"];

const QUERIES: &[Query] = &[
    query("query_history_k_data_plus", "95", K_DATA, true),
    query("query_daily_history_k_AStock", "98", &["date"], false),
    query("query_daily_history_k_ETF", "9A", &["date"], false),
    query("query_daily_adjust_factor", "9C", &["date"], false),
    query("query_trade_dates", "33", &["start", "end"], true),
    query("query_all_stock", "35", &["day"], true),
    query("query_stock_basic", "45", &["code", "code_name"], true),
    query("query_stock_industry", "59", &["code", "date"], true),
    query("query_hs300_stocks", "61", &["date"], true),
    query("query_sz50_stocks", "63", &["date"], true),
    query("query_zz500_stocks", "65", &["date"], true),
    query("query_dividend_data", "13", &["code", "year", "yearType"], true),
    query("query_adjust_factor", "15", CODE_RANGE, true),
    query("query_profit_data", "17", QUARTER, true),
    query("query_operation_data", "19", QUARTER, true),
    query("query_growth_data", "21", QUARTER, true),
    query("query_dupont_data", "23", QUARTER, true),
    query("query_balance_data", "25", QUARTER, true),
    query("query_cash_flow_data", "27", QUARTER, true),
    query("query_performance_express_report", "29", CODE_RANGE, true),
    query("query_forecast_report", "31", CODE_RANGE, true),
];

const fn query(method: &'static str, kind: &'static str, params: &'static [&'static str], paged: bool) -> Query {
    Query { method, kind, params, paged }
}

/// The query of that name, written without `query_`.
pub(crate) fn find(name: &str) -> Option<Query> {
    QUERIES.iter().find(|query| query.method.strip_prefix("query_") == Some(name)).copied()
}

impl Query {
    /// Where the answer has its rows.
    pub(crate) fn data_field(&self) -> usize {
        if self.paged { 6 } else { 4 }
    }

    /// Where the answer names its columns: after the parameters it repeats, of which K data repeats them as one itself.
    pub(crate) fn names_field(&self) -> usize {
        match self.params.iter().position(|name| *name == "fields") {
            Some(place) => self.data_field() + 1 + place,
            None if self.paged => self.data_field() + 1 + self.params.len(),
            None => self.data_field() + 1,
        }
    }
}

/// The type of a column: what is published, and text for the rest. Volumes are shares here, amounts yuan.
pub(crate) fn type_of(name: &str) -> ColumnType {
    match name {
        "date" | "calendar_date" | "updateDate" | "ipoDate" | "outDate" | "pubDate" | "statDate"
        | "dividOperateDate" => ColumnType::Date32,
        "open" | "high" | "low" | "close" | "preclose" | "amount" | "turn" | "pctChg" | "peTTM" | "pbMRQ" | "psTTM"
        | "pcfNcfTTM" | "foreAdjustFactor" | "backAdjustFactor" | "adjustFactor" | "roeAvg" | "npMargin"
        | "gpMargin" | "netProfit" | "epsTTM" | "MBRevenue" | "totalShare" | "liqaShare" => ColumnType::Float64,
        "volume" => ColumnType::Int64,
        "tradestatus" | "tradeStatus" | "isST" | "is_trading_day" => ColumnType::Boolean,
        _ => ColumnType::Utf8,
    }
}
