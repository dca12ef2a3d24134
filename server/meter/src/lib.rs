//! What a step takes of the machine: processor time and memory.
//!
//! A [`Meter`] adds up the processor time of one step, wherever it is spent: in the step's own task ([`Meter::count`]), in tasks
//! and threads that the work starts ([`spawn`], [`spawn_blocking`]), and in threads that live longer ([`Stopwatch`]). Which step
//! work belongs to is known from the thread it runs on, so that a connector need not be told for whom it works.
//!
//! Memory cannot be told apart in this way: batches travel from step to step and are freed by another than who made them.
//! What [`Meter::peak_memory`] tells is therefore that of the whole process.
//!
//! What a client library does in tasks of its own (an HTTP client's connections, for example) is in no meter.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

thread_local! {
    static CURRENT: RefCell<Option<Meter>> = const { RefCell::new(None) };
}

/// How often [`Meter::watch_memory`] looks.
const MEMORY_EVERY: Duration = Duration::from_millis(100);

/// What one piece of work takes; clones count to the same sum.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    taken: Arc<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    nanos: AtomicU64,
    peak_memory: AtomicU64,
}

impl Meter {
    /// The meter of the work that asks; one that nobody reads where there is none.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.with_borrow(Clone::clone).unwrap_or_default()
    }

    /// The processor time that was counted so far.
    #[must_use]
    pub fn spent(&self) -> Duration {
        Duration::from_nanos(self.taken.nanos.load(Ordering::Relaxed))
    }

    /// The most memory of the process that was seen, in bytes.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.taken.peak_memory.load(Ordering::Relaxed)
    }

    /// Takes note of how much memory the process has now.
    pub fn look_at_memory(&self) {
        self.taken.peak_memory.fetch_max(resident_memory(), Ordering::Relaxed);
    }

    /// Looks at the memory ten times a second, for as long as this is polled.
    pub async fn watch_memory(&self) -> Infallible {
        loop {
            self.look_at_memory();
            tokio::time::sleep(MEMORY_EVERY).await;
        }
    }

    /// Counts what `work` takes each time it is polled.
    pub fn count<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let meter = self.clone();
        async move {
            let mut work = pin!(work);
            poll_fn(|context| {
                let _watch = meter.start();
                work.as_mut().poll(context)
            })
            .await
        }
    }

    /// Counts what this thread does from here on, until the watch is dropped.
    #[must_use]
    pub fn start(&self) -> Stopwatch {
        let before = CURRENT.replace(Some(self.clone()));
        Stopwatch { meter: self.clone(), before, since: thread_time(), on_this_thread: PhantomData }
    }
}

/// Counts the processor time of the thread that started it.
#[derive(Debug)]
pub struct Stopwatch {
    meter: Meter,
    /// Who was counted before.
    before: Option<Meter>,
    since: Duration,
    /// Another thread's time says nothing of this one's.
    on_this_thread: PhantomData<*const ()>,
}

impl Stopwatch {
    /// Adds what was spent since the last time, for those who read the meter while the thread goes on.
    pub fn lap(&mut self) {
        let now = thread_time();
        let nanos = u64::try_from(now.saturating_sub(self.since).as_nanos()).unwrap_or(u64::MAX);
        self.meter.taken.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.since = now;
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        self.lap();
        CURRENT.set(self.before.take());
    }
}

/// `tokio::spawn`, counted for who calls it.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(Meter::current().count(work))
}

/// `tokio::task::spawn_blocking`, counted for who calls it.
pub fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let meter = Meter::current();
    tokio::task::spawn_blocking(move || {
        let _watch = meter.start();
        work()
    })
}

/// How long this thread has been on a processor.
#[cfg(unix)]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Not known here; meters stay at zero.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    Duration::ZERO
}

/// How old a figure of [`resident_memory`] may be: a thousand short steps a second need not ask the system each.
const MEMORY_AGE: Duration = Duration::from_millis(50);

/// The memory of this process that is in main memory, in bytes, at most 50 ms ago; 0 where the system does not tell.
fn resident_memory() -> u64 {
    static KNOWN: Mutex<Option<(Instant, u64)>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    match *known {
        Some((at, bytes)) if at.elapsed() < MEMORY_AGE => bytes,
        _ => {
            let bytes = memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64);
            *known = Some((Instant::now(), bytes));
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Keeps the processor at work for this long.
    fn work(time: Duration) {
        let from = thread_time();
        while thread_time() - from < time {
            std::hint::spin_loop();
        }
    }

    const TIME: Duration = Duration::from_millis(20);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_work_starts_counts_for_it_wherever_it_runs() {
        let meter = Meter::default();
        let started = async {
            work(TIME);
            let task = spawn(async {
                work(TIME);
                spawn_blocking(|| work(TIME)).await.unwrap();
            });
            let thread_meter = Meter::current();
            let thread = std::thread::spawn(move || {
                let _watch = thread_meter.start();
                work(TIME);
            });
            task.await.unwrap();
            thread.join().unwrap();
        };
        meter.count(started).await;
        assert!(meter.spent() >= TIME * 4, "{:?}", meter.spent());
        assert!(meter.spent() < TIME * 6, "{:?}", meter.spent());
    }

    #[tokio::test]
    async fn waiting_and_the_work_of_others_cost_nothing() {
        let (mine, others) = (Meter::default(), Meter::default());
        let waiting = mine.count(tokio::time::sleep(TIME));
        let working = others.count(async {
            work(TIME);
            tokio::task::yield_now().await;
            work(TIME);
        });
        tokio::join!(waiting, working);
        work(TIME);
        assert!(mine.spent() < TIME / 2, "{:?}", mine.spent());
        assert!(others.spent() >= TIME * 2 && others.spent() < TIME * 3, "{:?}", others.spent());
    }

    #[test]
    fn a_lap_shows_before_the_thread_has_ended_and_a_panic_ends_the_counting() {
        let (outer, inner) = (Meter::default(), Meter::default());
        let mut watch = outer.start();
        work(TIME);
        watch.lap();
        assert!(outer.spent() >= TIME);
        let broken = std::panic::catch_unwind(|| {
            let _watch = inner.start();
            panic!("in the middle");
        });
        assert!(broken.is_err());
        Meter::current().taken.nanos.fetch_add(u64::from(u32::MAX), Ordering::Relaxed);
        drop(watch);
        assert!(outer.spent().as_nanos() > u128::from(u32::MAX), "the outer meter is the current one again");
        assert_eq!(Meter::current().spent(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_bulge_of_memory_is_seen_while_the_work_goes_on() {
        const BULGE: usize = 64 << 20;
        let meter = Meter::default();
        meter.look_at_memory();
        let before = meter.peak_memory();
        assert!(before > 1 << 20, "{before}");
        let work = async {
            let bulge = vec![1_u8; BULGE];
            while meter.peak_memory() < before + BULGE as u64 / 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            bulge.len()
        };
        tokio::select! {
            size = work => assert_eq!(size, BULGE),
            never = meter.watch_memory() => match never {},
        }
    }
}
