//! Ticks: what adds up within a day, the book's best prices, and gaps between ticks.

use super::{Current, Series};
use crate::quality::columns::{Field, MICROS_A_DAY, Values};
use crate::quality::tally::Broken;

/// Gaps of one day that are kept at most.
const MOST_GAPS: usize = 1_000;
/// Seconds between the ticks of a code that is traded all the time, on average.
const LIQUID: f64 = 10.0;
/// Seconds that no code is without a tick.
const ANY: f64 = 600.0;

/// Ticks of a day, and the long gaps between them.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    ticks: u64,
    /// The last tick: its moment, and seconds of trading before it.
    last: Option<(i64, u32)>,
    /// Seconds of trading since the first tick.
    seconds: u64,
    long: Vec<(i64, u32)>,
}

impl Series {
    /// Takes note of the time of trading since the tick before.
    fn note_gap(&self, gaps: &mut Gaps, micros: Option<i64>) {
        let Some(micros) = micros else { return };
        let second = u32::try_from(micros.rem_euclid(MICROS_A_DAY) / 1_000_000).unwrap_or_default();
        let traded = self.facts.sessions.seconds_before(second);
        if let Some((_, before)) = gaps.last {
            let gap = traded.saturating_sub(before);
            gaps.seconds += u64::from(gap);
            let least = self.thresholds.get("c4").copied().unwrap_or_default();
            if f64::from(gap) > least && gaps.long.len() < MOST_GAPS {
                gaps.long.push((micros, gap));
            }
        }
        gaps.ticks += 1;
        gaps.last = Some((micros, traded));
    }

    /// Tells the gaps of a day (c4): a code whose ticks come all the time may be without one for less long.
    pub(super) fn check_gaps(&mut self, current: &Current) {
        let gaps = &current.ticks;
        let steps = gaps.ticks.saturating_sub(1).max(1) as f64;
        let is_liquid = gaps.seconds as f64 / steps <= LIQUID;
        for (micros, gap) in gaps.long.iter().filter(|(_, gap)| is_liquid || f64::from(*gap) > ANY) {
            let reason = format!("no tick for {gap} seconds of trading");
            let (day, micros, value) = (Some(current.last_day), Some(*micros), gap.to_string());
            self.tally.add("c4", &current.code, || Broken { day, micros, value, reason, ..Broken::default() });
        }
    }

    pub(super) fn check_tick(
        &mut self,
        current: &mut Current,
        values: &Values,
        row: usize,
        day: i32,
        micros: Option<i64>,
    ) {
        self.note_gap(&mut current.ticks, micros);
        let number = |field| values.number(field, row);
        let mut reasons: Vec<(Field, String)> = Vec::new();
        let volume = number(Field::Volume);
        if let Some(volume) = volume {
            if volume < current.cumulated.0 {
                reasons.push((
                    Field::Volume,
                    format!("volume falls from {} to {volume} within the day", current.cumulated.0),
                ));
            }
            current.cumulated.0 = current.cumulated.0.max(volume);
        }
        if let Some(amount) = number(Field::Amount) {
            if amount < current.cumulated.1 {
                reasons.push((
                    Field::Amount,
                    format!("amount falls from {} to {amount} within the day", current.cumulated.1),
                ));
            }
            current.cumulated.1 = current.cumulated.1.max(amount);
        }
        // An empty side of the book, and prices before the auction, are zero.
        let positive = |field| number(field).filter(|value| *value > 0.0);
        if let (Some(bid), Some(ask)) = (positive(Field::Bid1), positive(Field::Ask1))
            && bid >= ask
        {
            reasons.push((Field::Bid1, format!("bid {bid} is not below ask {ask}")));
        }
        if let (Some(last), Some(low), Some(high)) =
            (positive(Field::Last), positive(Field::Low), positive(Field::High))
            && !(low - 1e-6..=high + 1e-6).contains(&last)
        {
            reasons.push((Field::Last, format!("last {last} lies outside {low} to {high}")));
        }
        for (field, reason) in reasons {
            let column = self.columns.name(field).unwrap_or_default().to_owned();
            let value = number(field).map(|value| value.to_string()).unwrap_or_default();
            self.tally.add("v8", &current.code, || Broken {
                day: Some(day),
                micros,
                column,
                value,
                reason,
                ..Broken::default()
            });
        }
        if let Some(last) = number(Field::Last).filter(|last| *last < 0.0) {
            let column = self.columns.name(Field::Last).unwrap_or_default().to_owned();
            let reason = format!("last {last} is below zero");
            self.tally.add("v2", &current.code, || Broken {
                day: Some(day),
                micros,
                column,
                reason,
                ..Broken::default()
            });
        }
    }
}
