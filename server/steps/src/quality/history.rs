//! Rules that hold a code's bar against the bars before it; of those only a few dozen values are kept.

use super::columns::Field;
use super::facts::Facts;
use super::market::{self, Band, Board, Listed};
use super::row::{Prices, Tell};
use super::settings::Period;
use super::tally::Broken;
use std::collections::VecDeque;

/// Returns that a new one is measured against.
const RETURNS: usize = 60;
/// Returns without which none is measured.
const FEWEST_RETURNS: usize = 20;
/// Volumes that a new one is measured against.
const VOLUMES: usize = 20;
/// Volumes without which none is measured.
const FEWEST_VOLUMES: usize = 10;
/// Volumes of the same weekday that a new one is measured against.
const WEEKS: usize = 12;
/// Weeks without which none is measured.
const FEWEST_WEEKS: usize = 4;
/// Closes that tell where a price belongs.
const CLOSES: usize = 5;
/// A score against the mean that is as bad as the robust score's threshold.
const Z_MOST: f64 = 8.0;

/// One day's bar, and what is known of the day.
pub(super) struct Bar {
    pub(super) day: i32,
    pub(super) prices: Prices,
    /// Rows are missing right before it.
    pub(super) gap: bool,
    /// Its prices can be built on.
    pub(super) is_sound: bool,
    /// Whether it is an ex-date; none: ex-dates are not known.
    pub(super) is_ex_date: Option<bool>,
    pub(super) trading_day: Option<u32>,
    pub(super) st: bool,
}

/// What is kept of a code's bars.
pub(super) struct History {
    board: Option<&'static Board>,
    /// The last sound close, and whether it is that of the last bar.
    close: Option<(f64, bool)>,
    factor: Option<f64>,
    closes: VecDeque<f64>,
    returns: VecDeque<f64>,
    volumes: VecDeque<f64>,
    weekdays: [VecDeque<f64>; 7],
    same: u64,
    recent: VecDeque<(i32, f64, f64)>,
    spike: Option<Broken>,
}

impl History {
    pub(super) fn new(board: Option<&'static Board>) -> Self {
        Self {
            board,
            close: None,
            factor: None,
            closes: VecDeque::new(),
            returns: VecDeque::new(),
            volumes: VecDeque::new(),
            weekdays: Default::default(),
            same: 0,
            recent: VecDeque::new(),
            spike: None,
        }
    }

    /// The board's smallest step of a price.
    pub(super) fn tick(&self) -> Option<f64> {
        self.board.map(|board| board.tick)
    }

    /// A spike that the last bar showed to be one, for rule a5.
    pub(super) fn take_spike(&mut self) -> Option<Broken> {
        self.spike.take()
    }

    /// Holds a bar against those before it, and keeps it.
    pub(super) fn check(&mut self, bar: &Bar, facts: &Facts, thresholds: &dyn Fn(&str) -> f64, tell: &mut Tell<'_>) {
        let is_daily = facts.period == Period::Day;
        let stepped = self.check_factor(bar, tell);
        let ex_date = stepped || bar.is_ex_date == Some(true);
        let Some(close) = bar.prices.close.filter(|_| bar.is_sound) else {
            self.close = self.close.map(|(close, _)| (close, false));
            return;
        };
        if bar.prices.volume == Some(0.0) {
            // Nothing was traded: the price is yesterday's and says nothing.
            return;
        }
        if is_daily && !ex_date && self.is_slipped(close) {
            let usual = median(&self.closes).unwrap_or(close);
            let reason = format!("close {close} is {} times the usual {usual}", spell_ratio(close / usual));
            tell("a6", Field::Close, close.to_string(), reason);
            self.close = self.close.map(|(close, _)| (close, false));
            return;
        }
        let before = self.close.filter(|_| !bar.gap && !ex_date);
        let differs = self.check_pre_close(bar, before, facts, tell);
        // The bar before is the day's before only where bars are days.
        let yesterday = before.filter(|(_, last)| *last && is_daily).map(|(close, _)| close);
        let pre_close = bar.prices.pre_close.filter(|_| !differs).or(yesterday);
        let band = self.band(bar, facts, pre_close);
        let is_free = self.board.is_some() && band.is_none() && bar.trading_day.is_some();
        let mut is_jump = false;
        if is_daily && let Some(pre_close) = pre_close.filter(|_| !is_free) {
            is_jump = self.check_return(bar, close, pre_close, band, facts, thresholds, tell);
        } else if let Some(band) = band.filter(|_| !facts.adjusted) {
            check_band(bar, band, self.tick(), tell);
        }
        if is_daily {
            self.check_volume(bar, thresholds, tell);
            self.check_spike(bar, close, thresholds);
            self.check_stale(close, thresholds, tell);
        }
        self.keep(close, pre_close.filter(|_| !is_free && !is_jump));
    }

    /// Whether the adjust factor took a step.
    fn check_factor(&mut self, bar: &Bar, tell: &mut Tell<'_>) -> bool {
        let Some(factor) = bar.prices.factor else { return false };
        if factor <= 0.0 {
            tell("v13", Field::AdjFactor, factor.to_string(), format!("adjust factor {factor} is not above zero"));
            return false;
        }
        let before = self.factor.replace(factor);
        let Some(before) = before.filter(|before| (factor / before - 1.0).abs() > 1e-9) else { return false };
        let ratio = factor / before;
        let value = factor.to_string();
        if ratio <= 0.05 || ratio >= 20.0 {
            tell("v13", Field::AdjFactor, value, format!("adjust factor goes from {before} to {factor}"));
        } else if bar.is_ex_date == Some(false) {
            let reason = format!("adjust factor goes from {before} to {factor} on a day that is no ex-date");
            tell("v13", Field::AdjFactor, value, reason);
        }
        true
    }

    /// Whether a price is a power of ten away from where it belongs.
    fn is_slipped(&self, close: f64) -> bool {
        if self.closes.len() < 3 {
            return false;
        }
        let Some(usual) = median(&self.closes) else { return false };
        [10.0, 100.0, 1_000.0, 0.1, 0.01, 0.001].iter().any(|slip| (close / usual / slip - 1.0).abs() < 0.15)
    }

    /// Whether pre_close is another than the close before it.
    fn check_pre_close(&self, bar: &Bar, before: Option<(f64, bool)>, facts: &Facts, tell: &mut Tell<'_>) -> bool {
        let (Some(pre_close), Some((close, true))) = (bar.prices.pre_close, before) else { return false };
        if facts.period != Period::Day {
            return false;
        }
        let slack = match self.tick().filter(|_| !facts.adjusted) {
            Some(tick) => tick / 2.0,
            None => close.abs() * 1e-3,
        };
        let differs = (pre_close - close).abs() > slack;
        if differs {
            let reason = format!("pre_close {pre_close} is not the close {close} of the day before");
            tell("v7", Field::PreClose, pre_close.to_string(), reason);
        }
        differs
    }

    fn band(&self, bar: &Bar, facts: &Facts, pre_close: Option<f64>) -> Option<Band> {
        let listed = Listed { st: bar.st, trading_day: bar.trading_day };
        market::band(&facts.limits, self.board?, super::calendar::date(bar.day)?, listed, pre_close?)
    }

    /// Holds a day's return against the limits, then against the returns before it; tells whether it is a jump.
    #[allow(clippy::too_many_arguments, reason = "all of them are the one bar and what it is held against")]
    fn check_return(
        &self,
        bar: &Bar,
        close: f64,
        pre_close: f64,
        band: Option<Band>,
        facts: &Facts,
        thresholds: &dyn Fn(&str) -> f64,
        tell: &mut Tell<'_>,
    ) -> bool {
        let change = close / pre_close - 1.0;
        let most = band.map_or(thresholds("a1"), |band| (band.ratio * 3.0).min(thresholds("a1")));
        let percent = change * 100.0;
        if change.abs() > most {
            let reason = format!("close {close} is {percent:.1} % away from {pre_close}, and no action explains it");
            tell("a1", Field::Close, close.to_string(), reason);
            return true;
        }
        if let Some(band) = band.filter(|_| !facts.adjusted)
            && check_band(bar, band, self.tick(), tell)
        {
            return true;
        }
        if self.returns.len() >= FEWEST_RETURNS
            && let Some(score) = robust_score(&self.returns, change, 1e-3)
        {
            let z = z_score(&self.returns, change);
            if score.abs() > thresholds("a2") || z.is_some_and(|z| z.abs() > Z_MOST) {
                let reason = format!("a return of {percent:.1} % has a robust score of {score:.1}");
                tell("a2", Field::Close, close.to_string(), reason);
            }
        }
        false
    }

    fn check_volume(&mut self, bar: &Bar, thresholds: &dyn Fn(&str) -> f64, tell: &mut Tell<'_>) {
        let Some(volume) = bar.prices.volume.filter(|volume| *volume > 0.0) else { return };
        let usual = median(&self.volumes).filter(|_| self.volumes.len() >= FEWEST_VOLUMES);
        let is_flood = usual.is_some_and(|usual| usual > 0.0 && volume > usual * thresholds("a3"));
        if is_flood {
            let usual = usual.unwrap_or_default();
            tell(
                "a3",
                Field::Volume,
                volume.to_string(),
                format!("volume {volume} is {:.0} times the usual {usual}", volume / usual),
            );
        }
        let weekday = (bar.day + 3).rem_euclid(7) as usize;
        let same_days = &mut self.weekdays[weekday];
        let logarithm = volume.ln();
        if !is_flood
            && same_days.len() >= FEWEST_WEEKS
            && let Some(score) = robust_score(same_days, logarithm, 0.2)
            && score.abs() > thresholds("s1")
        {
            let reason = format!("volume {volume} has a robust score of {score:.1} against the same weekday");
            tell("s1", Field::Volume, volume.to_string(), reason);
        }
        push(same_days, logarithm, WEEKS);
        push(&mut self.volumes, volume, VOLUMES);
    }

    /// Whether this bar is back where it was one or two bars ago, after a jump on little volume.
    fn check_spike(&mut self, bar: &Bar, close: f64, thresholds: &dyn Fn(&str) -> f64) {
        let most = thresholds("a5");
        let usual = median(&self.volumes).filter(|_| self.volumes.len() >= FEWEST_VOLUMES);
        if let Some(usual) = usual {
            let bars: Vec<_> = self.recent.iter().copied().collect();
            for back in [1, 2] {
                let Some(base) = bars.len().checked_sub(back + 1).map(|index| bars[index]) else { continue };
                let away = &bars[bars.len() - back..];
                let jump = away[0].1 / base.1 - 1.0;
                let is_away = away.iter().all(|(_, close, volume)| {
                    (close / base.1 - 1.0).abs() > most && (close > &base.1) == (jump > 0.0) && *volume < usual * 0.5
                });
                if is_away && (close / base.1 - 1.0).abs() < jump.abs() * 0.3 {
                    let (day, price, _) = away[0];
                    let reason = format!(
                        "close {price} jumps by {:.1} % and comes back to {close} on little volume",
                        jump * 100.0
                    );
                    self.spike = Some(Broken { day: Some(day), value: price.to_string(), reason, ..Broken::default() });
                    break;
                }
            }
        }
        self.recent.push_back((bar.day, close, bar.prices.volume.unwrap_or(f64::INFINITY)));
        if self.recent.len() > 4 {
            self.recent.pop_front();
        }
    }

    fn check_stale(&mut self, close: f64, thresholds: &dyn Fn(&str) -> f64, tell: &mut Tell<'_>) {
        let is_same = self.close.is_some_and(|(before, _)| before == close);
        self.same = if is_same { self.same + 1 } else { 1 };
        let most = thresholds("a4");
        // Told once, on the first day that is too many.
        if self.same as f64 > most && (self.same - 1) as f64 <= most {
            tell("a4", Field::Close, close.to_string(), format!("close is {close} for {} days of trading", self.same));
        }
    }

    fn keep(&mut self, close: f64, pre_close: Option<f64>) {
        if let Some(pre_close) = pre_close {
            push(&mut self.returns, close / pre_close - 1.0, RETURNS);
        }
        push(&mut self.closes, close, CLOSES);
        self.close = Some((close, true));
    }
}

/// Whether high or low leaves the band; tells so.
fn check_band(bar: &Bar, band: Band, tick: Option<f64>, tell: &mut Tell<'_>) -> bool {
    let slack = tick.map_or(1e-6, |tick| tick / 10.0);
    let high = bar.prices.high.or(bar.prices.close).filter(|high| *high > band.up + slack);
    let low = bar.prices.low.or(bar.prices.close).filter(|low| *low < band.down - slack);
    let (field, price, limit) = match (high, low) {
        (Some(high), _) => (Field::High, high, band.up),
        (None, Some(low)) => (Field::Low, low, band.down),
        (None, None) => return false,
    };
    tell("v5", field, price.to_string(), format!("{} {price} is beyond the limit {limit:.3}", field.word()));
    true
}

fn push(values: &mut VecDeque<f64>, value: f64, most: usize) {
    values.push_back(value);
    if values.len() > most {
        values.pop_front();
    }
}

fn median(values: &VecDeque<f64>) -> Option<f64> {
    middle(values.iter().copied().collect())
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let half = values.len() / 2;
    let (_, upper, _) = values.select_nth_unstable_by(half, f64::total_cmp);
    let upper = *upper;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values[..half].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some(f64::midpoint(lower, upper))
}

/// How far a value lies from the median, in median absolute deviations scaled to a standard deviation; deviations below
/// `floor` count as that, so that values that hardly move make no alarm of the first that does.
fn robust_score(values: &VecDeque<f64>, value: f64, floor: f64) -> Option<f64> {
    let center = median(values)?;
    let deviation = middle(values.iter().map(|value| (value - center).abs()).collect())?;
    Some(0.6745 * (value - center) / deviation.max(floor))
}

fn z_score(values: &VecDeque<f64>, value: f64) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // The same floor as for the robust score.
    (variance.sqrt() > 1e-3).then(|| (value - mean) / variance.sqrt())
}

fn spell_ratio(ratio: f64) -> String {
    if ratio >= 1.0 { format!("{ratio:.0}") } else { format!("{ratio:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_robust_against_what_they_measure() {
        let values: VecDeque<f64> = [1.0, 2.0, 3.0, 4.0, 100.0].into();
        assert_eq!(median(&values), Some(3.0));
        assert_eq!(median(&VecDeque::from([1.0, 2.0])), Some(1.5));
        assert_eq!(median(&VecDeque::new()), None);
        let score = robust_score(&values, 10.0, 0.0).unwrap_or_default();
        assert!((score - 0.6745 * 7.0).abs() < 1e-9);
        assert_eq!(robust_score(&VecDeque::from([1.0; 30]), 1.001, 1e-3).map(|score| score < 10.0), Some(true));
    }
}
