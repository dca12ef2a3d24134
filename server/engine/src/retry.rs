//! When to try again: exponential backoff with jitter, the same for the same task, so that it can be tested.

use model::TaskId;
use model::document::Retry;
use std::time::Duration;

/// The delay before attempt number `next` (2 is the second attempt).
///
/// Doubles from `backoff` up to `max`, then loses up to a quarter, by the task's own number, so that tasks that failed
/// together do not come back together. What the other side asked for (`retry_after`) is a lower bound.
#[must_use]
pub fn delay(retry: &Retry, next: u32, retry_after: Option<Duration>, task: TaskId) -> Duration {
    let doublings = next.saturating_sub(2).min(30);
    let full = retry.backoff.saturating_mul(1 << doublings).min(retry.max);
    // The low bits of a version 7 UUID are random.
    let quarter = f64::from(u16::try_from(task.as_uuid().as_u128() & 0xffff).unwrap_or(0)) / f64::from(u16::MAX) / 4.0;
    full.mul_f64(1.0 - quarter).max(retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_largest_and_honor_the_other_side() {
        let retry = Retry { attempts: 9, backoff: Duration::from_secs(2), max: Duration::from_secs(10) };
        let task = TaskId::from(uuid_with_no_jitter());
        let seconds = |next, after| delay(&retry, next, after, task).as_secs();
        assert_eq!((2..=6).map(|next| seconds(next, None)).collect::<Vec<_>>(), [2, 4, 8, 10, 10]);
        assert_eq!(seconds(2, Some(Duration::from_secs(60))), 60);
        assert_eq!(seconds(200, None), 10);
    }

    #[test]
    fn jitter_takes_at_most_a_quarter() {
        let retry = Retry { attempts: 2, backoff: Duration::from_secs(100), max: Duration::from_secs(100) };
        for _ in 0..100 {
            let delay = delay(&retry, 2, None, TaskId::generate());
            assert!((75..=100).contains(&delay.as_secs()), "{delay:?}");
        }
    }

    fn uuid_with_no_jitter() -> uuid::Uuid {
        uuid::Uuid::from_u128(0)
    }
}
