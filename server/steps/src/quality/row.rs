//! Rules that look at one bar alone: its prices, volume, amount and what follows from them.

use super::columns::{Field, Values};

/// The figures of one bar.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Prices {
    pub(super) open: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) close: Option<f64>,
    pub(super) pre_close: Option<f64>,
    pub(super) volume: Option<f64>,
    pub(super) amount: Option<f64>,
    pub(super) change: Option<f64>,
    pub(super) pct_chg: Option<f64>,
    pub(super) factor: Option<f64>,
}

impl Prices {
    pub(super) fn read(values: &Values, row: usize) -> Self {
        let number = |field| values.number(field, row);
        Self {
            open: number(Field::Open),
            high: number(Field::High),
            low: number(Field::Low),
            close: number(Field::Close).or_else(|| number(Field::Last)),
            pre_close: number(Field::PreClose),
            volume: number(Field::Volume),
            amount: number(Field::Amount),
            change: number(Field::Change),
            pct_chg: number(Field::PctChg),
            factor: number(Field::AdjFactor),
        }
    }
}

/// Whom to tell of a rule that is broken: rule, field, value, reason.
pub(super) type Tell<'a> = dyn FnMut(&'static str, Field, String, String) + 'a;

/// Holds one bar against the rules; tells whether its prices can be built on.
pub(super) fn check_prices(
    prices: &Prices,
    tick: Option<f64>,
    unit: Option<f64>,
    thresholds: &dyn Fn(&str) -> f64,
    tell: &mut Tell<'_>,
) -> bool {
    let named = [
        (Field::Open, prices.open),
        (Field::High, prices.high),
        (Field::Low, prices.low),
        (Field::Close, prices.close),
        (Field::PreClose, prices.pre_close),
    ];
    let wrong = named.iter().find_map(|(field, price)| {
        let price = (*price)?;
        if price <= 0.0 {
            return Some((*field, price, format!("{} {price} is not above zero", field.word())));
        }
        let ticks = price / tick?;
        // Single precision is exact to about one part in eight million.
        let is_off = (ticks - ticks.round()).abs() > 1e-6 + ticks * 1.2e-7;
        is_off.then(|| (*field, price, format!("{} {price} is no whole number of ticks", field.word())))
    });
    if let Some((field, price, reason)) = wrong {
        tell("v2", field, price.to_string(), reason);
        return false;
    }
    let mut is_sound = true;
    let tolerance = thresholds("v1");
    if let (Some(high), Some(low)) = (prices.high, prices.low) {
        let inner = [prices.open, prices.close];
        let above = inner.iter().flatten().copied().fold(low, f64::max);
        let below = inner.iter().flatten().copied().fold(high, f64::min);
        if high + tolerance < above {
            tell("v1", Field::High, high.to_string(), format!("high {high} is below {above}"));
            is_sound = false;
        } else if low - tolerance > below {
            tell("v1", Field::Low, low.to_string(), format!("low {low} is above {below}"));
            is_sound = false;
        }
    }
    let traded = check_volume(prices, tell);
    if let (true, true, Some(unit)) = (is_sound, traded, unit)
        && let (Some(volume), Some(amount), Some(low), Some(high)) =
            (prices.volume, prices.amount, prices.low, prices.high)
    {
        let average = amount / volume / unit;
        let slack = thresholds("v4");
        if average < low * (1.0 - slack) || average > high * (1.0 + slack) {
            let reason = format!("the average price {average:.4} lies outside {low} to {high}");
            tell("v4", Field::Amount, amount.to_string(), reason);
        }
    }
    if let (Some(close), Some(before)) = (prices.close, prices.pre_close) {
        let slack = thresholds("v6") + 1e-9;
        if let Some(change) = prices.change.filter(|change| (close - before - change).abs() > slack) {
            let reason = format!("change {change} is not {close} - {before}");
            tell("v6", Field::Change, change.to_string(), reason);
        } else if let Some(percent) = prices.pct_chg {
            let wanted = (close / before - 1.0) * 100.0;
            if (wanted - percent).abs() > slack {
                tell("v6", Field::PctChg, percent.to_string(), format!("pct_chg {percent} is not {wanted:.4}"));
            }
        }
    }
    is_sound
}

/// Holds volume and amount against each other; tells whether both are there and sound.
fn check_volume(prices: &Prices, tell: &mut Tell<'_>) -> bool {
    let Some(volume) = prices.volume else { return false };
    if volume < 0.0 {
        tell("v3", Field::Volume, volume.to_string(), format!("volume {volume} is below zero"));
        return false;
    }
    if let Some(amount) = prices.amount {
        if amount < 0.0 {
            tell("v3", Field::Amount, amount.to_string(), format!("amount {amount} is below zero"));
            return false;
        }
        if (volume == 0.0) != (amount == 0.0) {
            tell(
                "v3",
                Field::Amount,
                amount.to_string(),
                format!("volume {volume} and amount {amount} do not go together"),
            );
            return false;
        }
    }
    if volume == 0.0 {
        let mut there = [prices.open, prices.high, prices.low, prices.close].into_iter().flatten();
        if let Some(first) = there.next() {
            let wanted = prices.pre_close.unwrap_or(first);
            if (first - wanted).abs() > 1e-6 || there.any(|price| (price - first).abs() > 1e-6) {
                let reason = "prices move although nothing was traded".to_owned();
                tell("v3", Field::Volume, volume.to_string(), reason);
            }
        }
        return false;
    }
    true
}
