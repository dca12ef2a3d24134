//! Group commit: transitions that arrive together become durable together, for the price of one fsync.
//!
//! Callers queue their transition and wait. A lane takes everything queued, reads the revisions and fences
//! concerned in one statement, decides each transition (`group.rs`, pure), writes the rest (`write.rs`) and answers after
//! the commit. Where one transition makes the statement fail, the group is tried one by one, so that the innocent
//! succeed. SQLite has one lane, since it has one writer; PostgreSQL has two.

mod group;
mod write;

use crate::Error;
use crate::database::begin;
use crate::error::{is_busy, is_lost_race, is_unreachable};
use engine::ports::{StoreError, Transition};
use group::{Group, Verdict};
use sea_orm::{DatabaseConnection, DbErr};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use write::Texts;

/// Transitions in one transaction at most.
const LARGEST_GROUP: usize = 256;
/// Transitions that may wait in the queue; who comes later waits before it.
const QUEUE: usize = 4 * LARGEST_GROUP;
/// Attempts of a group whose connection broke or that lost a race.
const ATTEMPTS: u32 = 3;

type Answer = Result<(), StoreError>;

struct Job {
    transition: Transition,
    answer: oneshot::Sender<Answer>,
}

/// The way into the lanes.
pub(crate) struct Committer {
    queue: mpsc::Sender<Job>,
}

impl Committer {
    /// Starts `lanes` lanes that write through `connection`; they end when the committer is dropped.
    pub(crate) fn start(connection: &DatabaseConnection, lanes: usize) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..lanes {
            let lane = Lane { connection: connection.clone(), texts: Texts::default() };
            tokio::spawn(lane.run(Arc::clone(&jobs)));
        }
        Self { queue }
    }

    /// Makes the transition durable, or nothing of it.
    pub(crate) async fn commit(&self, transition: Transition) -> Answer {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::failed("the metadata database is closed");
        self.queue.send(Job { transition, answer }).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

struct Lane {
    connection: DatabaseConnection,
    texts: Texts,
}

/// Why a group could not be committed.
struct Failure {
    error: DbErr,
    /// The COMMIT was sent and no answer came: the group may be durable.
    is_ambiguous: bool,
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self { error, is_ambiguous: false }
    }
}

impl Lane {
    async fn run(mut self, jobs: Arc<Mutex<mpsc::Receiver<Job>>>) {
        let mut group = Vec::with_capacity(LARGEST_GROUP);
        loop {
            let count = jobs.lock().await.recv_many(&mut group, LARGEST_GROUP).await;
            if count == 0 {
                return;
            }
            let (transitions, answers): (Vec<_>, Vec<_>) =
                group.drain(..).map(|job: Job| (job.transition, job.answer)).unzip();
            let verdicts = self.commit_group(&transitions).await;
            for (answer, verdict) in answers.into_iter().zip(verdicts) {
                // Who no longer waits has been canceled; the change stands nevertheless.
                let _ = answer.send(verdict);
            }
        }
    }

    async fn commit_group(&mut self, transitions: &[Transition]) -> Vec<Answer> {
        let failure = match self.attempt_repeatedly(transitions).await {
            Ok(verdicts) => return verdicts,
            Err(failure) => failure,
        };
        let concerns_all = is_unreachable(&failure) || is_busy(&failure);
        if concerns_all || transitions.len() == 1 {
            let error = StoreError::from(Error::from(failure));
            return transitions.iter().map(|_| Err(error.clone())).collect();
        }
        tracing::debug!(error = %failure, group = transitions.len(), "a group of transitions is committed one by one");
        let mut verdicts = Vec::with_capacity(transitions.len());
        for transition in transitions {
            let alone = self.attempt_repeatedly(std::slice::from_ref(transition)).await;
            verdicts.push(match alone {
                Ok(mut verdict) => verdict.pop().unwrap_or(Ok(())),
                Err(error) => Err(Error::from(error).into()),
            });
        }
        verdicts
    }

    /// Attempts a group again where the connection broke or another transaction won.
    async fn attempt_repeatedly(&mut self, transitions: &[Transition]) -> Result<Vec<Answer>, DbErr> {
        let mut settle = false;
        let mut attempt = 1;
        loop {
            match self.attempt(transitions, settle).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(failure) => {
                    settle |= failure.is_ambiguous;
                    let may_pass = is_unreachable(&failure.error) || is_lost_race(&failure.error);
                    // A time-out at the pool has waited long enough already.
                    let is_worth_it = may_pass && !matches!(failure.error, DbErr::ConnectionAcquire(_));
                    if attempt == ATTEMPTS || !is_worth_it {
                        return Err(failure.error);
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// One transaction. `settle`: an earlier attempt may have been committed; a run that already is what the transition
    /// wants it to be then counts as success.
    async fn attempt(&mut self, transitions: &[Transition], settle: bool) -> Result<Vec<Answer>, Failure> {
        let transaction = begin(&self.connection).await?;
        let stored = write::read(&transaction, &mut self.texts, transitions, settle).await?;
        let mut group = Group::new(stored);
        let verdicts: Vec<Verdict> = transitions.iter().map(|transition| group.decide(transition)).collect();
        let change = group.into_change();
        if change.is_empty() {
            transaction.rollback().await?;
        } else {
            write::write(&transaction, &mut self.texts, &change).await?;
            transaction.commit().await.map_err(|error| Failure { is_ambiguous: is_unreachable(&error), error })?;
        }
        Ok(verdicts.into_iter().map(Verdict::into_answer).collect())
    }
}
