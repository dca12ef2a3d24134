//! What comparisons found, kept for people who leaf through it: a stretch of a few thousand differences at a time.
//!
//! A stretch is compared once, in a task of its own that outlives an impatient request, and lies in a file without a name, which
//! the operating system takes away with the process. Few are kept at the same time, and none long after its last use.

use data::{Error, Result};
use model::{ErrorCode, RunId};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use transfer::diff::{DiffPage, Difference, PageCursor};

/// Differences of a stretch.
pub(super) const STRETCH: u64 = 5_000;
/// Stretches that are kept at the same time.
const MOST: usize = 16;
/// How long after its last use a stretch is kept.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// Stretches of differences that were compared.
#[derive(Clone, Default)]
pub struct KeptDiffs(Arc<Mutex<HashMap<Place, Slot>>>);

/// Of which comparison a stretch is, and where it begins.
type Place = (RunId, PageCursor);

struct Slot {
    found: watch::Receiver<Option<Found>>,
    used: Instant,
}

/// What a comparison came to, for all who wait for it.
type Found = Result<Arc<Stretch>, Arc<Error>>;

/// Differences one after another, each a line of JSON.
pub(super) struct Stretch {
    key: Vec<String>,
    columns: Vec<String>,
    file: Mutex<File>,
    /// Where each line begins, and the last one ends.
    lines: Vec<u64>,
    /// Differences before the first that its cursor counts.
    skipped: u64,
    /// Where the stretch after it begins.
    next: Option<PageCursor>,
}

impl KeptDiffs {
    /// The page at `cursor`, from a kept stretch or else from a new one that `compare` finds.
    pub(super) async fn page<C, F>(&self, run: RunId, cursor: &PageCursor, first: u64, compare: C) -> Result<DiffPage>
    where
        C: FnOnce(PageCursor) -> F,
        F: Future<Output = Result<DiffPage>> + Send + 'static,
    {
        let waiting = match self.find(run, cursor) {
            Some(waiting) => waiting,
            None => self.begin(run, cursor, compare(cursor.clone())),
        };
        match stretch(waiting).await {
            Ok(stretch) => stretch.page(cursor, first).await,
            Err(error) => {
                self.slots().remove(&(run, cursor.clone()));
                Err(Error { fault: error.fault.clone(), retryable: error.retryable, retry_after: error.retry_after })
            }
        }
    }

    /// The stretch that has the difference at `cursor`, or will have.
    fn find(&self, run: RunId, cursor: &PageCursor) -> Option<watch::Receiver<Option<Found>>> {
        let mut slots = self.slots();
        slots.retain(|_, slot| slot.used.elapsed() < KEPT_FOR);
        let has = |(of, begin): &Place, slot: &Slot| {
            let holds = match &*slot.found.borrow() {
                Some(Ok(stretch)) => stretch.holds(cursor.skip),
                _ => false,
            };
            *of == run && begin.from == cursor.from && (holds || *begin == *cursor)
        };
        let (_, slot) = slots.iter_mut().find(|(place, slot)| has(place, slot))?;
        slot.used = Instant::now();
        Some(slot.found.clone())
    }

    /// Compares in a task of its own.
    fn begin(
        &self,
        run: RunId,
        cursor: &PageCursor,
        compare: impl Future<Output = Result<DiffPage>> + Send + 'static,
    ) -> watch::Receiver<Option<Found>> {
        let (sender, found) = watch::channel(None);
        let skipped = cursor.skip;
        tokio::spawn(async move {
            let kept = match compare.await {
                Ok(page) => Stretch::keep(page, skipped).await,
                Err(error) => Err(error),
            };
            // Whoever asked may be gone; who comes next finds it.
            sender.send_replace(Some(kept.map(Arc::new).map_err(Arc::new)));
        });
        let mut slots = self.slots();
        if slots.len() >= MOST {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(place, _)| place.clone());
            if let Some(oldest) = oldest {
                slots.remove(&oldest);
            }
        }
        slots.insert((run, cursor.clone()), Slot { found: found.clone(), used: Instant::now() });
        drop(slots);
        self.expire();
        found
    }

    /// Lets go of what nobody has used for long, though nobody asks for anything any more.
    fn expire(&self) {
        let kept = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT_FOR).await;
            if let Some(slots) = kept.upgrade() {
                let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
                slots.retain(|_, slot| slot.used.elapsed() < KEPT_FOR);
            }
        });
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<Place, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn stretch(mut waiting: watch::Receiver<Option<Found>>) -> Found {
    let ended = || Arc::new(Error::transient(ErrorCode::Canceled, "the comparison has ended early"));
    let found = waiting.wait_for(Option::is_some).await.map_err(|_| ended())?;
    found.clone().unwrap_or_else(|| Err(ended()))
}

impl Stretch {
    async fn keep(page: DiffPage, skipped: u64) -> Result<Self> {
        blocking(move || {
            let mut file = BufWriter::new(tempfile::tempfile()?);
            let mut lines = vec![0];
            let mut at = 0;
            for difference in &page.rows {
                let line = serde_json::to_vec(difference)?;
                file.write_all(&line)?;
                at += line.len() as u64;
                lines.push(at);
            }
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            let DiffPage { key, columns, next, .. } = page;
            Ok(Self { key, columns, file: Mutex::new(file), lines, skipped, next })
        })
        .await
    }

    fn rows(&self) -> u64 {
        self.lines.len() as u64 - 1
    }

    /// Whether the difference that a cursor counts so many before is in it.
    fn holds(&self, skip: u64) -> bool {
        let at = skip.checked_sub(self.skipped);
        at.is_some_and(|at| at < self.rows())
    }

    async fn page(self: Arc<Self>, cursor: &PageCursor, first: u64) -> Result<DiffPage> {
        let begin = cursor.skip.saturating_sub(self.skipped).min(self.rows());
        let end = begin.saturating_add(first).min(self.rows());
        let next = if end < self.rows() {
            Some(PageCursor { from: cursor.from.clone(), skip: self.skipped + end })
        } else {
            self.next.clone()
        };
        blocking(move || {
            let place = |index: u64| self.lines[usize::try_from(index).unwrap_or(usize::MAX).min(self.lines.len() - 1)];
            let (from, to) = (place(begin), place(end));
            let mut text = vec![0; usize::try_from(to - from).map_err(std::io::Error::other)?];
            {
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(from))?;
                file.read_exact(&mut text)?;
            }
            let rows = serde_json::Deserializer::from_slice(&text).into_iter::<Difference>();
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            Ok(DiffPage { key: self.key.clone(), columns: self.columns.clone(), rows, next })
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    let failed =
        |why: String| Error::permanent(ErrorCode::DiskFailed, format!("differences cannot be kept on disk: {why}"));
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| failed(error.to_string()))?;
    done.map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use data::split::KeyPart;
    use serde_json::{Map, json};
    use std::sync::atomic::{AtomicU64, Ordering};
    use transfer::DifferenceKind;

    /// A comparison that finds `total` differences, a stretch at a time, and counts how often it was made.
    struct Compared {
        kept: KeptDiffs,
        run: RunId,
        total: u64,
        made: Arc<AtomicU64>,
    }

    impl Compared {
        fn new(total: u64) -> Self {
            let run = RunId::generate();
            Self { kept: KeptDiffs::default(), run, total, made: Arc::default() }
        }

        async fn page(&self, cursor: &PageCursor, first: u64) -> Result<DiffPage> {
            let (total, made) = (self.total, self.made.clone());
            let compare = |cursor: PageCursor| async move {
                made.fetch_add(1, Ordering::Relaxed);
                let from = match cursor.from.as_deref() {
                    Some([KeyPart::Number(number)]) => number.parse::<u64>().unwrap(),
                    _ => 0,
                } + cursor.skip;
                let to = (from + STRETCH).min(total);
                let row = |number: u64| {
                    let key = Map::from_iter([("id".to_owned(), json!(number.to_string()))]);
                    Difference { kind: DifferenceKind::Missing, values: key.clone(), key, changes: Vec::new() }
                };
                let bound = |number: u64| Some(vec![KeyPart::Number(number.to_string())]);
                let next = (to < total).then(|| PageCursor { from: bound(to - 1), skip: 1 });
                let id = vec!["id".to_owned()];
                Ok(DiffPage { key: id.clone(), columns: id, rows: (from..to).map(row).collect(), next })
            };
            self.kept.page(self.run, cursor, first, compare).await
        }
    }

    #[tokio::test]
    async fn pages_come_from_what_was_compared_once() {
        let compared = Compared::new(STRETCH + 700);
        let (mut cursor, mut seen) = (PageCursor::default(), 0);
        loop {
            let page = compared.page(&cursor, 300).await.unwrap();
            for row in &page.rows {
                assert_eq!(row.key["id"], json!(seen.to_string()));
                seen += 1;
            }
            assert!(!page.rows.is_empty());
            let Some(next) = page.next else { break };
            cursor = next;
        }
        assert_eq!((seen, compared.made.load(Ordering::Relaxed)), (STRETCH + 700, 2));
        // Leafing back compares nothing anew.
        let again = compared.page(&PageCursor { from: None, skip: 900 }, 10).await.unwrap();
        assert_eq!((again.rows[0].key["id"].clone(), again.rows.len()), (json!("900"), 10));
        assert_eq!(compared.made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn those_who_ask_at_once_wait_for_one_comparison() {
        let compared = Compared::new(40);
        let begin = PageCursor::default();
        let pages = futures(&compared, &begin).await;
        assert!(pages.iter().all(|page| page.rows.len() == 40 && page.next.is_none()));
        assert_eq!(compared.made.load(Ordering::Relaxed), 1);
    }

    async fn futures(compared: &Compared, cursor: &PageCursor) -> Vec<DiffPage> {
        let (a, b, c) = tokio::join!(compared.page(cursor, 50), compared.page(cursor, 50), compared.page(cursor, 50));
        vec![a.unwrap(), b.unwrap(), c.unwrap()]
    }

    #[tokio::test]
    async fn few_are_kept_and_none_that_failed() {
        let kept = KeptDiffs::default();
        let run = RunId::generate();
        let at = |skip: u64| PageCursor { from: None, skip };
        let fails = |_: PageCursor| async { Err(Error::permanent(ErrorCode::TableNotFound, "gone")) };
        let error = kept.page(run, &at(0), 1, fails).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::TableNotFound);
        assert!(kept.slots().is_empty());
        for skip in 0..40 {
            kept.page(run, &at(skip), 1, |_| async { Ok(DiffPage::default()) }).await.unwrap();
        }
        assert_eq!(kept.slots().len(), MOST);
    }
}
