//! Says which class of data a table holds, how surely, and why. Pure: a table's description goes in, a verdict comes out.
//!
//! Every subtype gives points for what it finds; the best one wins, its confidence is a tenth of its points, at most 1.
//! A table whose best subtype stays below the threshold is `unknown`.

use super::names::{self, Role};
use super::sample::Table;
use serde::Serialize;
use serde_json::{Map, Value};

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// `market`, `reference`, `derived`, `transaction`, `metadata` or `unknown`.
    pub class: String,
    /// Such as `kline`; empty for `unknown`.
    pub subclass: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why: one sentence each.
    pub evidence: Vec<String>,
    /// What each understood column is for.
    pub roles: Map<String, Value>,
    /// For `unknown`: the best guesses, at most three.
    pub guesses: Vec<Guess>,
}

/// A class that a table might be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess {
    /// `market.kline` and the like.
    pub class: String,
    /// From 0 to 1.
    pub confidence: f64,
}

struct Candidate {
    class: &'static str,
    subclass: &'static str,
    points: f64,
    evidence: Vec<String>,
}

impl Candidate {
    fn new(class: &'static str, subclass: &'static str) -> Self {
        Self { class, subclass, points: 0.0, evidence: Vec::new() }
    }

    fn add(&mut self, holds: bool, points: f64, why: &str) {
        if holds {
            self.points += points;
            self.evidence.push(why.to_owned());
        }
    }

    fn named(&mut self, table: &Table, words: &[&str]) {
        let name = table.name.to_lowercase();
        let parts = names::words_of(&table.name);
        // Short words must stand alone: `order` is not in `border`.
        let found = words.iter().find(|word| {
            let singular = |part: &String| part == *word || part.strip_suffix('s') == Some(word);
            parts.iter().any(singular) || (!word.is_ascii() && name.contains(*word))
        });
        if let Some(word) = found {
            self.add(true, 2.0, &format!("the table's name holds `{word}`"));
        }
    }
}

/// Says what `table` holds; `threshold` is the confidence below which it is `unknown`.
#[must_use]
pub fn classify(table: &Table, threshold: f64) -> Verdict {
    let mut candidates: Vec<Candidate> =
        [market(table), reference(table), derived(table), transaction(table), metadata(table)]
            .into_iter()
            .flatten()
            .collect();
    let needed = (threshold * 10.0).max(0.1);
    // Business events have prices and times too, so an account or order number decides against the market.
    if (table.has(Role::Account) || table.has(Role::OrderId))
        && candidates.iter().any(|found| found.class == "transaction" && found.points >= needed)
    {
        candidates.retain(|found| found.class != "market");
    }
    // Stable: among equals the first in the order above wins.
    candidates.sort_by(|left, right| right.points.total_cmp(&left.points));
    let roles = table.columns.iter().filter_map(|column| {
        let role = serde_json::to_value(RoleName(column.role?)).ok()?;
        Some((column.name.clone(), role))
    });
    let roles = roles.collect();
    let confidence = |points: f64| (points / 10.0).clamp(0.0, 1.0);
    match candidates.first() {
        Some(best) if best.points >= needed => Verdict {
            class: best.class.to_owned(),
            subclass: best.subclass.to_owned(),
            confidence: confidence(best.points),
            evidence: best.evidence.clone(),
            roles,
            guesses: Vec::new(),
        },
        best => Verdict {
            class: "unknown".to_owned(),
            subclass: String::new(),
            confidence: best.map_or(0.0, |best| confidence(best.points)),
            evidence: vec![match best {
                Some(best) => {
                    format!("`{}.{}` comes nearest, below the threshold of {threshold}", best.class, best.subclass)
                }
                None => "no known kind of table has such columns".to_owned(),
            }],
            roles,
            guesses: candidates
                .iter()
                .take(3)
                .map(|found| Guess {
                    class: format!("{}.{}", found.class, found.subclass),
                    confidence: confidence(found.points),
                })
                .collect(),
        },
    }
}

struct RoleName(Role);

impl Serialize for RoleName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `PreClose` as `pre_close`.
        let mut word = String::new();
        for letter in format!("{:?}", self.0).chars() {
            if letter.is_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.extend(letter.to_lowercase());
        }
        serializer.serialize_str(&word)
    }
}

fn when(table: &Table) -> bool {
    table.has(Role::Date) || table.has(Role::Time)
}

fn tells_seconds(table: &Table) -> bool {
    table.columns.iter().any(|column| column.tells_seconds == Some(true))
}

fn prices_of_a_bar(table: &Table) -> usize {
    [Role::Open, Role::High, Role::Low, Role::Close].iter().filter(|role| table.has(**role)).count()
}

/// A code column whose values never repeat, or would not as far as one can tell.
fn has_unique_code(table: &Table) -> bool {
    table.find(Role::Code).is_some_and(|column| column.unique == Some(true))
}

fn is_adjusted(table: &Table) -> bool {
    let by_column = table.columns.iter().any(|column| {
        column.adjusted && matches!(column.role, Some(Role::Open | Role::High | Role::Low | Role::Close))
    });
    by_column
        || names::words_of(&table.name).iter().any(|word| matches!(word.as_str(), "qfq" | "hfq" | "adjusted"))
        || ["前复权", "后复权"].iter().any(|word| table.name.contains(word))
}

fn market(table: &Table) -> Vec<Candidate> {
    let bar = prices_of_a_bar(table);
    let price = table.has(Role::Price);
    let volume = table.has(Role::Volume) || table.has(Role::Quantity);
    let levels = table.count(Role::Bid).min(table.count(Role::Ask));
    let (account, side) = (table.has(Role::Account), table.has(Role::Side));
    let mut found = Vec::new();

    let indicators = table.count(Role::Indicator);
    let base = bar + usize::from(table.has(Role::Volume)) + usize::from(table.has(Role::Amount));
    if bar >= 3 && when(table) && indicators < 2 * base {
        let adjusted = is_adjusted(table);
        let (class, subclass) = if adjusted { ("derived", "adjusted_kline") } else { ("market", "kline") };
        let mut kline = Candidate::new(class, subclass);
        kline.add(bar == 4, 5.0, "it has open, high, low and close");
        kline.add(bar == 3, 3.5, "it has three of open, high, low and close");
        kline.add(true, 2.0, "it has a date or time");
        kline.add(table.has(Role::Volume), 1.0, "it has a volume");
        kline.add(table.has(Role::Amount), 1.0, "it has an amount");
        kline.add(table.has(Role::Code), 1.0, "it has a code");
        kline.named(table, &["kline", "bar", "daily", "minute", "k线", "日线", "ohlc"]);
        kline.add(table.key_is_unique == Some(true), 2.0, "no code and time occurs twice");
        kline.add(adjusted, 0.5, "its prices are called adjusted");
        kline.add(indicators >= 3, 0.0, "it carries indicators beside the bar");
        match table.bars_hold {
            Some(share) if share >= 0.95 => kline.add(true, 0.0, "high and low enclose open and close in its rows"),
            Some(share) if share < 0.5 => {
                kline.add(true, -4.0, "high and low do not enclose open and close in its rows")
            }
            _ => {}
        }
        found.push(kline);
    }
    let last = price || (table.has(Role::Close) && bar < 4);
    if last && when(table) && (levels >= 1 || table.volume_accumulates == Some(true)) {
        let mut tick = Candidate::new("market", "tick");
        tick.add(levels > 0, levels.min(4) as f64, "it has bid and ask levels");
        tick.add(true, 2.0, "it has a last price");
        tick.add(true, 1.0, "it has a time");
        tick.add(table.volume_accumulates == Some(true), 2.0, "its volume adds up over the rows");
        tick.add(tells_seconds(table), 2.0, "its times tell seconds");
        tick.named(table, &["tick", "snapshot", "quote", "l1", "l2", "行情"]);
        found.push(tick);
    }
    if (table.has(Role::Level) && table.has(Role::Bid) && table.has(Role::Ask)) || (levels >= 5 && !price) {
        let mut depth = Candidate::new("market", "depth");
        depth.add(true, 6.0, "it has the levels of an order book");
        depth.named(table, &["depth", "orderbook", "book", "盘口"]);
        found.push(depth);
    }
    let sequence = table.has(Role::Sequence);
    if price && volume && (side || sequence) && when(table) && bar < 3 && !account {
        let is_order = table.has(Role::OrderId) && !(table.has(Role::BuyOrder) && table.has(Role::SellOrder));
        let mut trade = Candidate::new("market", if is_order { "order" } else { "trade" });
        trade.add(true, 3.0, "it has price, volume and time of single events");
        trade.add(side, 2.0, "it tells buying from selling");
        trade.add(sequence, 2.0, "it has a sequence number");
        trade.add(table.has(Role::BuyOrder) && table.has(Role::SellOrder), 2.0, "it has both order numbers");
        trade.add(tells_seconds(table), 1.0, "its times tell seconds");
        trade.named(table, &["trade", "transaction", "逐笔", "委托队列"]);
        found.push(trade);
    }
    let single = (price || table.has(Role::Close) || table.has(Role::AdjustedClose)) && bar < 3;
    if single && when(table) && !side && !account && levels == 0 && !table.has(Role::OrderId) && indicators < 2 {
        let mut prices = Candidate::new("market", "price");
        prices.add(true, 3.0, "it has one price");
        prices.add(true, 2.0, "it has a date or time");
        prices.add(table.has(Role::Code), 1.0, "it has a code");
        let codes = table.find(Role::Code).and_then(|column| column.looks_like_codes);
        prices.add(codes.is_some_and(|share| share >= 0.95), 1.0, "its codes look like those of securities");
        prices.add(table.key_is_unique == Some(true), 2.0, "no code and time occurs twice");
        prices.named(table, &["price", "quote", "stock", "行情"]);
        found.push(prices);
    }
    found
}

fn reference(table: &Table) -> Vec<Candidate> {
    let mut found = Vec::new();
    let (code, name) = (table.has(Role::Code), table.has(Role::Name));
    let bar = prices_of_a_bar(table);
    let business = table.has(Role::Account) || table.has(Role::OrderId) || table.has(Role::FillId);
    if code && name && table.has(Role::Listing) && bar < 3 && !business {
        let mut security = Candidate::new("reference", "security");
        security.add(has_unique_code(table), 3.0, "no code occurs twice");
        security.add(true, 1.0, "it has code and name");
        security.add(true, table.count(Role::Listing) as f64, "it tells of listing, exchange or industry");
        security.named(table, &["security", "securities", "stock", "instrument", "证券", "股票列表"]);
        found.push(security);
    }
    if table.has(Role::IsOpen) && when(table) {
        let mut calendar = Candidate::new("reference", "calendar");
        calendar.add(true, 4.0, "it tells which days are open");
        calendar.add(table.has(Role::Date), 2.0, "it has a date");
        calendar.add(!code, 1.0, "it has no code");
        calendar.named(table, &["cal", "calendar", "日历"]);
        found.push(calendar);
    }
    if (table.has(Role::IndexCode) && (table.has(Role::MemberCode) || code)) || (table.has(Role::MemberCode) && code) {
        let mut member = Candidate::new("reference", "index_member");
        member.add(true, 4.0, "it has the code of an index and of a member");
        member.add(table.has(Role::Weight), 2.0, "it has weights");
        member.add(table.has(Role::Membership) || when(table), 2.0, "it tells since when");
        member.named(table, &["member", "constituent", "weight", "成分"]);
        found.push(member);
    }
    let adjusting = table.count(Role::AdjustFactor);
    if code && when(table) && (1..=2).contains(&adjusting) && bar < 3 && !table.has(Role::FactorName) {
        let mut factor = Candidate::new("reference", "adj_factor");
        factor.add(true, 5.0, "it has code, date and a factor");
        let named = table.columns.iter().any(|column| names::words_of(&column.name).concat().contains("adj"));
        factor.add(named || table.name.contains("复权"), 2.0, "the factor is called one for adjusting");
        factor.named(table, &["adj", "adjust", "复权"]);
        found.push(factor);
    }
    let actions = table.count(Role::CorporateAction);
    if actions >= 2 {
        let mut action = Candidate::new("reference", "corporate_action");
        action.add(true, 2.0 * actions as f64, "it has ex dates, record dates, dividends or bonus shares");
        action.add(code, 1.0, "it has a code");
        action.named(table, &["dividend", "action", "分红"]);
        found.push(action);
    }
    let items = table.count(Role::StatementItem);
    if (table.has(Role::ReportPeriod) && table.has(Role::AnnounceDate)) || items >= 5 {
        let mut fundamental = Candidate::new("reference", "fundamental");
        fundamental.add(table.has(Role::ReportPeriod), 3.0, "it has a reporting period");
        fundamental.add(table.has(Role::AnnounceDate), 3.0, "it has the day of announcement");
        fundamental.add(items >= 1, items.min(5) as f64, "it has items of a statement");
        fundamental.named(table, &["income", "balance", "cashflow", "fundamental", "财务"]);
        found.push(fundamental);
    }
    let terms = table.count(Role::ContractTerm);
    if terms >= 2 && code {
        let mut contract = Candidate::new("reference", "contract");
        contract.add(true, 2.0 * terms.min(4) as f64, "it has the terms of a contract");
        contract.add(has_unique_code(table), 3.0, "no code occurs twice");
        contract.add(true, 1.0, "it has a code");
        contract.named(table, &["contract", "option", "future", "合约"]);
        found.push(contract);
    }
    if table.count(Role::Coordinate) >= 2 && (code || name) && !business {
        let mut location = Candidate::new("reference", "location");
        location.add(true, 4.0, "it has latitude and longitude");
        location.add(has_unique_code(table), 3.0, "no code occurs twice");
        location.add(name, 1.0, "it has a name");
        location.add(table.has(Role::Place), table.count(Role::Place).min(3) as f64, "it tells city, state or country");
        location.named(table, &["airport", "location", "place", "station", "city", "cities", "store"]);
        found.push(location);
    }
    let attributes = table.count(Role::Attribute);
    if name && attributes >= 3 && bar < 3 && !business {
        let mut catalog = Candidate::new("reference", "catalog");
        catalog.add(true, 2.0, "it has a title or name");
        catalog.add(true, attributes.min(6) as f64, "it has lasting properties such as genre, director or brand");
        catalog.add(table.has(Role::ReleaseDate), 2.0, "it tells when things were released");
        catalog.add(has_unique_code(table), 2.0, "no code occurs twice");
        catalog.named(table, &["movie", "film", "book", "product", "catalog", "catalogue", "item"]);
        found.push(catalog);
    }
    let events = when(table) || table.has(Role::Price) || bar > 0;
    // Only where nothing more precise fits.
    if found.is_empty() && code && name && has_unique_code(table) && !events && !business {
        let mut entity = Candidate::new("reference", "entity");
        entity.add(true, 3.0, "no code occurs twice");
        entity.add(true, 2.0, "it has code and name");
        let properties = table.columns.len().saturating_sub(2).min(3);
        entity.add(properties > 0, properties as f64, "it has further lasting properties");
        found.push(entity);
    }
    found
}

fn derived(table: &Table) -> Vec<Candidate> {
    let mut found = Vec::new();
    let code = table.has(Role::Code);
    let bar = prices_of_a_bar(table);
    let base = bar + usize::from(table.has(Role::Volume)) + usize::from(table.has(Role::Amount));
    let indicators = table.count(Role::Indicator);
    if indicators >= 2 && when(table) && (bar < 3 || indicators >= 2 * base) {
        let mut indicator = Candidate::new("derived", "indicator");
        indicator.add(true, (1.5 * indicators as f64).min(6.0), "it has technical indicators");
        indicator.add(code, 2.0, "it has code and time");
        indicator.add(!code, 1.0, "it has a time");
        indicator.add(bar >= 3, 2.0, "the indicators outnumber the bar's columns two to one");
        indicator.named(table, &["indicator", "指标", "ta"]);
        found.push(indicator);
    }
    let numeric = table.columns.iter().filter(|column| column.numeric).count();
    let value = table.has(Role::FactorValue) || table.has(Role::Amount);
    let long = table.has(Role::FactorName) && value;
    if (long || (numeric > 20 && bar == 0 && table.count(Role::StatementItem) < 5)) && code && when(table) {
        let mut factor = Candidate::new("derived", "factor");
        factor.add(long, 7.0, "it has names and values of factors");
        factor.add(!long, 5.0, "it has more than twenty numbers for each code and date");
        factor.add(true, 1.0, "it has code and date");
        factor.named(table, &["factor", "alpha", "因子"]);
        found.push(factor);
    }
    if table.has(Role::Signal) && (table.has(Role::Strategy) || code) && when(table) {
        let mut signal = Candidate::new("derived", "signal");
        signal.add(true, 3.0, "it has a signal or score");
        signal.add(table.has(Role::Strategy), 3.0, "it names a strategy");
        signal.add(code, 1.0, "it has a code");
        signal.named(table, &["signal", "信号"]);
        found.push(signal);
    }
    let ratios = table.count(Role::Valuation);
    if ratios >= 2 && when(table) {
        let mut valuation = Candidate::new("derived", "valuation");
        valuation.add(true, (2.0 * ratios as f64).min(6.0), "it has valuation ratios");
        valuation.add(code, 2.0, "it has code and date");
        valuation.named(table, &["valuation", "估值"]);
        found.push(valuation);
    }
    found
}

fn transaction(table: &Table) -> Vec<Candidate> {
    let mut found = Vec::new();
    let (code, account) = (table.has(Role::Code), table.has(Role::Account));
    let quantity = table.has(Role::Quantity) || table.has(Role::Volume);
    let (order, side, price) = (table.has(Role::OrderId), table.has(Role::Side), table.has(Role::Price));
    if order && price && quantity && !table.has(Role::FillId) && !table.has(Role::Fee) {
        let mut orders = Candidate::new("transaction", "order");
        orders.add(true, 2.0, "it has an order number");
        orders.add(side, 2.0, "it tells buying from selling");
        orders.add(true, 4.0, "it has price and quantity");
        orders.add(account, 2.0, "it has an account");
        orders.add(table.has(Role::Status), 1.0, "it has a status");
        orders.named(table, &["order", "委托", "订单"]);
        found.push(orders);
    }
    if (table.has(Role::FillId) || (order && table.has(Role::Fee))) && price && quantity {
        let mut fills = Candidate::new("transaction", "fill");
        fills.add(true, 6.0, "it has numbers of fills or orders with fees");
        fills.add(account, 2.0, "it has an account");
        fills.add(side, 1.0, "it tells buying from selling");
        fills.named(table, &["fill", "deal", "execution", "成交"]);
        found.push(fills);
    }
    let held = table.has(Role::Cost) || table.has(Role::Available);
    if account && code && quantity && held && !order {
        let mut position = Candidate::new("transaction", "position");
        position.add(true, 6.0, "it has account, code and quantity");
        position.add(true, 2.0, "it tells cost or what is available");
        position.named(table, &["position", "holding", "持仓"]);
        found.push(position);
    }
    let money = table.has(Role::Balance) || table.has(Role::Amount);
    if account && money && !code && !price {
        let mut cash = Candidate::new("transaction", "cash");
        cash.add(true, 5.0, "it has account and money");
        cash.add(table.has(Role::Balance), 1.0, "it has a balance");
        cash.add(when(table), 1.0, "it has a date or time");
        cash.named(table, &["cash", "balance", "payment", "ledger", "资金"]);
        found.push(cash);
    }
    if table.has(Role::Backtest) {
        let mut backtest = Candidate::new("transaction", "backtest");
        backtest.add(true, 6.0, "it names the run of a backtest");
        backtest.add(price || money || quantity, 2.0, "it has prices, money or quantities");
        found.push(backtest);
    }
    found
}

fn metadata(table: &Table) -> Vec<Candidate> {
    let facts = table.count(Role::Metadata);
    if facts < 2 || table.has(Role::Code) || table.has(Role::Price) || prices_of_a_bar(table) > 0 {
        return Vec::new();
    }
    let has = |wanted: &[&str]| {
        table.columns.iter().any(|column| wanted.contains(&names::words_of(&column.name).concat().as_str()))
    };
    let subclass = if has(&["columnname", "datatype", "字段名"]) {
        "schema"
    } else if has(&["jobid", "jobname", "runid", "runstatus"]) {
        "job"
    } else {
        "dictionary"
    };
    let mut metadata = Candidate::new("metadata", subclass);
    metadata.add(true, 2.0 * facts as f64, "its columns tell about tables, columns, jobs or versions");
    metadata.add(table.has(Role::Status), 1.0, "it has a status");
    metadata.named(table, &["metadata", "schema", "dictionary", "lineage", "元数据"]);
    vec![metadata]
}
