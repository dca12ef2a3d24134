//! What a column's name says about it: a role, whatever the spelling, the prefix and the language.

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// An instrument's or thing's code.
    Code,
    /// The index that a member belongs to.
    IndexCode,
    /// The member of an index.
    MemberCode,
    /// What people call it.
    Name,
    /// A day.
    Date,
    /// A moment.
    Time,
    /// First price of a period.
    Open,
    /// Highest price of a period.
    High,
    /// Lowest price of a period.
    Low,
    /// Last price of a period.
    Close,
    /// Last price, adjusted.
    AdjustedClose,
    /// A price.
    Price,
    /// Close of the period before.
    PreClose,
    /// Traded volume.
    Volume,
    /// Traded money.
    Amount,
    /// A change or rate derived within a bar.
    Change,
    /// Price at a level of the buying side.
    Bid,
    /// Price at a level of the selling side.
    Ask,
    /// Number of a level.
    Level,
    /// Sequence number.
    Sequence,
    /// Order number of the buyer.
    BuyOrder,
    /// Order number of the seller.
    SellOrder,
    /// Buy or sell.
    Side,
    /// Number of an order.
    OrderId,
    /// Number of a fill.
    FillId,
    /// An account.
    Account,
    /// How many are ordered or held.
    Quantity,
    /// A fee or tax.
    Fee,
    /// What may be sold or spent.
    Available,
    /// What it cost.
    Cost,
    /// Money there.
    Balance,
    /// A status.
    Status,
    /// A strategy.
    Strategy,
    /// A signal or score.
    Signal,
    /// Name of a factor.
    FactorName,
    /// Value of a factor.
    FactorValue,
    /// Factor that adjusts prices.
    AdjustFactor,
    /// A technical indicator.
    Indicator,
    /// A valuation ratio.
    Valuation,
    /// Whether a day is open.
    IsOpen,
    /// Day of listing, delisting; exchange, industry, board, area.
    Listing,
    /// A day or amount of a corporate action.
    CorporateAction,
    /// Reporting period.
    ReportPeriod,
    /// Day of announcement.
    AnnounceDate,
    /// An item of a financial statement.
    StatementItem,
    /// Weight within an index.
    Weight,
    /// Start or end of a membership.
    Membership,
    /// A term of a contract.
    ContractTerm,
    /// Run of a backtest.
    Backtest,
    /// A fact about data.
    Metadata,
    /// Latitude or longitude.
    Coordinate,
    /// A city, state, country.
    Place,
    /// When it was released.
    ReleaseDate,
    /// A lasting property of a work or product.
    Attribute,
}

const WORDS: &[(Role, &str)] = &[
    (
        Role::Code,
        "code symbol tscode seccode securityid securitycode stockcode secid ticker instrument instrumentid contract windcode iata icao isin sku isocode 代码 股票代码 证券代码 合约 合约代码 编码",
    ),
    (Role::IndexCode, "indexcode 指数代码"),
    (Role::MemberCode, "concode membercode constituentcode 成分券代码 成份股代码 成分股代码"),
    (Role::Name, "name secname shortname fullname title label 名称 股票名称 证券简称 证券名称 简称 片名 标题"),
    (Role::Date, "date tradedate tradingday day bizdate caldate month yearmonth 日期 交易日 交易日期"),
    (
        Role::Time,
        "time ts datetime timestamp tradetime updatetime ticktime bartime eventtime createdat ordertime 时间 交易时间 委托时间 成交时间",
    ),
    (Role::Open, "open o openprice openpx 开盘 开盘价 今开"),
    (Role::High, "high h highprice highpx 最高 最高价"),
    (Role::Low, "low l lowprice lowpx 最低 最低价"),
    (Role::Close, "close c closeprice closepx 收盘 收盘价"),
    (Role::AdjustedClose, "adjclose adjustedclose adjcloseprice closeadj 复权收盘价"),
    (Role::Price, "last lastprice price now match px 最新价 成交价 成交价格 价格 委托价 委托价格"),
    (Role::PreClose, "preclose prevclose yclose lastclose 昨收 前收盘 前收盘价 昨收价"),
    (Role::Volume, "volume vol v 成交量"),
    (Role::Amount, "amount amt turnover money value 成交额 成交金额"),
    (
        Role::Change,
        "turn turnoverrate pctchg changepct chgpct change vwap trades openinterest openint oi settle settlement 换手率 涨跌幅 涨跌 涨跌额 振幅 持仓量",
    ),
    (Role::Level, "level lvl depthlevel 档位"),
    (Role::Sequence, "seq seqno sequence tradeid tranid applseqnum bizindex"),
    (Role::BuyOrder, "buyorderno buyno bidorderno bidapplseqnum 买方委托号"),
    (Role::SellOrder, "sellorderno sellno askorderno offerapplseqnum 卖方委托号"),
    (Role::Side, "side direction bs bsflag buysell 方向 买卖方向 买卖"),
    (Role::OrderId, "orderid entrustno orderno clordid 委托编号 订单号 订单编号 委托号"),
    (Role::FillId, "fillid dealid matchno execid 成交编号"),
    (
        Role::Account,
        "account acct fundaccount portfolio accountid customerid customer userid 资金账号 账户 账号 客户号",
    ),
    (Role::Quantity, "qty quantity orderqty filledqty shares holding 数量 委托数量 成交数量 持仓 持仓数量"),
    (Role::Fee, "fee tax commission stampduty 手续费 佣金 印花税"),
    (Role::Available, "available availableqty sellable 可用 可用数量 可卖数量"),
    (Role::Cost, "cost costprice avgcost pnl profit 成本 成本价 盈亏"),
    (Role::Balance, "balance cash 余额 资金余额"),
    (Role::Balance, "frozen 冻结 冻结资金"),
    (Role::Status, "status state orderstatus 状态 委托状态"),
    (Role::Strategy, "strategy strategyid strategyname model 策略"),
    (Role::Signal, "signal score 信号 评分"),
    (Role::FactorName, "factorname factorid 因子名称 因子"),
    (Role::FactorValue, "factorvalue 因子值"),
    (Role::AdjustFactor, "adjfactor adjustfactor factor foreadjustfactor backadjustfactor 复权因子"),
    (Role::Indicator, "macd dif dea kdjk kdjd kdjj bollup bollmid bolllow bollupper bolllower atr cci obv wr roc"),
    (Role::Valuation, "pe pb ps pettm psttm roe marketcap totalmv circmv dvratio 市盈率 市净率 总市值"),
    (Role::IsOpen, "isopen istradingday 是否开市 是否交易日"),
    (
        Role::Listing,
        "listdate delistdate exchange industry board area sector listingdate currency lotsize ticksize liststatus 上市日期 退市日期 交易所 行业 板块 地区",
    ),
    (
        Role::CorporateAction,
        "exdate recorddate dividend bonus bonusratio rightsratio rightsprice cashdiv stkdiv transfer paydate 除权除息日 股权登记日 派息 送股 分红",
    ),
    (Role::ReportPeriod, "reportperiod enddate fiscalperiod fiscalyear fiscalquarter period 报告期"),
    (Role::AnnounceDate, "annountdate announcedate anndate fanndate 公告日期"),
    (
        Role::StatementItem,
        "revenue totalrevenue netincome netprofit totalassets totalliab totalliabilities equity eps ebit ebitda operatingprofit grossprofit operatingcashflow 营业收入 净利润 总资产 总负债 每股收益",
    ),
    (Role::Weight, "weight 权重"),
    (Role::Membership, "indate outdate 纳入日期 剔除日期"),
    (
        Role::ContractTerm,
        "strike strikeprice exerciseprice expiry expirydate maturity maturitydate multiplier contractmultiplier underlying lasttradedate deliverymonth optiontype callput 行权价 到期日 合约乘数",
    ),
    (Role::Backtest, "backtestid backtestrunid 回测编号"),
    (
        Role::Metadata,
        "tablename columnname datatype description owner jobid jobname runid runstatus rowcount checksum version schemaname nullable lineage tag source 表名 字段名 数据类型",
    ),
    (Role::Coordinate, "latitude longitude lat lon lng long geom 纬度 经度"),
    (Role::Place, "city state country region province county timezone continent municipality 城市 国家 省份"),
    (Role::ReleaseDate, "releasedate released published publicationdate pubdate releaseyear 上映日期 出版日期"),
    (
        Role::Attribute,
        "genre majorgenre mpaarating director distributor creativetype runningtimemin runningtime productionbudget budget usgross worldwidegross usdvdsales imdbrating imdbvotes rottentomatoesrating author publisher brand category manufacturer language artist album studio rating 类型 导演 作者 出版社 品牌",
    ),
];

/// A column's name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) role: Option<Role>,
    /// Whether the name says that prices are adjusted.
    pub(crate) adjusted: bool,
}

/// What the name of a column says.
pub(crate) fn read(name: &str) -> Reading {
    let words = words_of(name);
    let squashed = words.concat();
    if let Some(role) = lookup(&squashed) {
        return Reading { role: Some(role), adjusted: false };
    }
    let bare: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !matches!(*word, "qfq" | "hfq" | "adj" | "adjusted")).collect();
    let adjusted = bare.len() < words.len();
    Reading { role: lookup(&bare.concat()), adjusted }
}

fn lookup(squashed: &str) -> Option<Role> {
    if squashed.is_empty() {
        return None;
    }
    let found = WORDS.iter().find(|(_, words)| words.split(' ').any(|word| word == squashed));
    found.map(|(role, _)| *role).or_else(|| level(squashed)).or_else(|| indicator(squashed))
}

/// `bid1`, `bp1`, `bidprice1`, `买一价` and the like; volumes at a level count as the level's.
fn level(squashed: &str) -> Option<Role> {
    let numbered = squashed.trim_end_matches(|c: char| c.is_ascii_digit());
    let has_number = numbered.len() < squashed.len();
    let first: String = squashed.chars().filter(|c| !c.is_ascii_digit()).collect();
    match numbered {
        "bid" | "bidprice" | "bidpx" => return Some(Role::Bid),
        "ask" | "askprice" | "askpx" | "offer" => return Some(Role::Ask),
        "bp" | "buy" if has_number => return Some(Role::Bid),
        "ap" | "sell" if has_number => return Some(Role::Ask),
        _ => {}
    }
    match first.as_str() {
        "bp" if squashed.len() > 2 => Some(Role::Bid),
        "ap" if squashed.len() > 2 => Some(Role::Ask),
        _ if squashed.starts_with('买') && squashed.ends_with('价') => Some(Role::Bid),
        _ if squashed.starts_with('卖') && squashed.ends_with('价') => Some(Role::Ask),
        _ => None,
    }
}

fn indicator(squashed: &str) -> Option<Role> {
    let stem = squashed.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = stem.len() < squashed.len();
    match stem {
        "ma" | "ema" | "sma" | "wma" | "rsi" | "atr" | "cci" | "wr" => Some(Role::Indicator),
        "alpha" if numbered => Some(Role::Indicator),
        _ if squashed.starts_with("factor") => Some(Role::Indicator),
        _ => None,
    }
}

/// Lowercase words: split at `_`, `-`, `.`, space and at camelCase, without warehouse prefixes.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut after_lowercase = false;
    for letter in name.chars().take(200) {
        let splits = matches!(letter, '_' | '-' | '.' | ' ' | '/' | '(' | ')' | '（' | '）' | '\u{feff}');
        if (splits || (letter.is_uppercase() && after_lowercase)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if !splits {
            word.extend(letter.to_lowercase());
        }
        after_lowercase = letter.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    const PREFIXES: [&str; 11] = ["f", "c", "t", "s", "tbl", "ods", "dwd", "dws", "ads", "dim", "fact"];
    while words.len() > 1 && PREFIXES.contains(&words[0].as_str()) {
        words.remove(0);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_the_same_in_many_spellings() {
        for (name, role, adjusted) in [
            ("ts_code", Some(Role::Code), false),
            ("stockCode", Some(Role::Code), false),
            ("证券代码", Some(Role::Code), false),
            ("f_trade_date", Some(Role::Date), false),
            ("TRADE_DATE", Some(Role::Date), false),
            ("adjclose", Some(Role::AdjustedClose), false),
            ("Adj Close", Some(Role::AdjustedClose), false),
            ("open_qfq", Some(Role::Open), true),
            ("bid_px_1", Some(Role::Bid), false),
            ("b1_p", Some(Role::Bid), false),
            ("买一价", Some(Role::Bid), false),
            ("ma20", Some(Role::Indicator), false),
            ("market", None, false),
            ("Release Date", Some(Role::ReleaseDate), false),
            ("", None, false),
            ("___", None, false),
        ] {
            assert_eq!(read(name), Reading { role, adjusted }, "{name}");
        }
    }
}
