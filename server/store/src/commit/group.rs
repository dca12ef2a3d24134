//! What a group of transitions amounts to; pure.
//!
//! Transitions are decided in the order of their arrival, each against the database as the ones before it leave it: two
//! changes of one run in one group follow each other, or the second conflicts. What one creates and a later one
//! finishes is never written.

use engine::ports::{NewTask, RunRecord, StoreError, Transition};
use model::{RunId, TaskId};
use std::collections::{HashMap, HashSet};

/// What the database holds of the runs and tasks that a group names.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Revision of each run that is there.
    pub(super) runs: HashMap<RunId, i64>,
    /// Fence of each task that is there; none: nobody holds it.
    pub(super) tasks: HashMap<TaskId, Option<i64>>,
    /// States of runs, read only where an earlier attempt may have been committed.
    pub(super) states: HashMap<RunId, String>,
}

/// How a transition ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is part of the group's change.
    Accepted,
    /// The run has another revision.
    Conflict,
    /// A finished task is not held under that fence.
    LeaseLost,
}

impl Verdict {
    pub(super) fn into_answer(self) -> Result<(), StoreError> {
        match self {
            Self::Accepted => Ok(()),
            Self::Conflict => Err(StoreError::Conflict),
            Self::LeaseLost => Err(StoreError::LeaseLost),
        }
    }
}

/// The rows to write, each once.
#[derive(Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) runs: Vec<&'a RunRecord>,
    pub(super) created: Vec<(RunId, &'a NewTask)>,
    pub(super) ended: Vec<TaskId>,
}

impl Change<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.created.is_empty() && self.ended.is_empty()
    }
}

/// A group while it is being decided.
#[derive(Debug)]
pub(super) struct Group<'a> {
    stored: Stored,
    runs: HashMap<RunId, &'a RunRecord>,
    created: Vec<(RunId, &'a NewTask)>,
    ended: HashSet<TaskId>,
}

impl<'a> Group<'a> {
    pub(super) fn new(stored: Stored) -> Self {
        Self { stored, runs: HashMap::new(), created: Vec::new(), ended: HashSet::new() }
    }

    /// Decides the transition and, where it is accepted, takes it into the change.
    pub(super) fn decide(&mut self, transition: &'a Transition) -> Verdict {
        let run = &transition.run;
        let wanted = (!transition.is_new).then_some(run.revision - 1);
        if self.stored.runs.get(&run.id).copied() != wanted {
            let is_done_already = self.stored.runs.get(&run.id) == Some(&run.revision)
                && self.stored.states.get(&run.id) == Some(&run.state);
            return if is_done_already { Verdict::Accepted } else { Verdict::Conflict };
        }
        let holds = |(task, fence): &(TaskId, i64)| self.stored.tasks.get(task) == Some(&Some(*fence));
        if !transition.finished.iter().all(holds) {
            return Verdict::LeaseLost;
        }

        self.stored.runs.insert(run.id, run.revision);
        self.runs.insert(run.id, run);
        for task in transition.finished.iter().map(|(task, _)| task).chain(&transition.withdrawn) {
            self.stored.tasks.remove(task);
            let before = self.created.len();
            self.created.retain(|(_, created)| created.id != *task);
            if self.created.len() == before {
                self.ended.insert(*task);
            }
        }
        for task in &transition.created {
            self.stored.tasks.insert(task.id, task.leased_to.is_some().then_some(1));
            self.created.push((run.id, task));
        }
        Verdict::Accepted
    }

    /// The rows to write, runs and ended tasks in the order of their ids: everybody locks rows in that order.
    pub(super) fn into_change(self) -> Change<'a> {
        let mut runs: Vec<_> = self.runs.into_values().collect();
        runs.sort_unstable_by_key(|run| run.id);
        let mut ended: Vec<_> = self.ended.into_iter().collect();
        ended.sort_unstable();
        Change { runs, created: self.created, ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::group::Verdict::{Accepted, Conflict, LeaseLost};
    use chrono::DateTime;
    use model::{RunStatus, VersionId, WorkflowId};

    fn transition(run: RunId, revision: i64) -> Transition {
        Transition {
            run: RunRecord {
                id: run,
                workflow: WorkflowId::generate(),
                version: VersionId::generate(),
                status: RunStatus::Running,
                state: format!("{{\"revision\":{revision}}}"),
                revision,
                trigger: "manual".into(),
                created_at: DateTime::UNIX_EPOCH,
                started_at: None,
                finished_at: None,
            },
            is_new: revision == 1,
            finished: vec![],
            withdrawn: vec![],
            created: vec![],
        }
    }

    fn new_task(id: TaskId, leased: bool) -> NewTask {
        let spec = serde_json::json!({
            "version": VersionId::generate(), "steps": ["a"], "attempt": 1, "context": {}
        });
        NewTask {
            id,
            spec: serde_json::from_value(spec).expect("the spec is well formed"),
            not_before: DateTime::UNIX_EPOCH,
            leased_to: leased.then(|| ("w".to_owned(), DateTime::UNIX_EPOCH)),
        }
    }

    fn check(stored: Stored, transitions: &[Transition], verdicts: &[Verdict]) -> (usize, usize, usize) {
        let mut group = Group::new(stored);
        let decided: Vec<_> = transitions.iter().map(|transition| group.decide(transition)).collect();
        assert_eq!(decided, verdicts);
        let change = group.into_change();
        (change.runs.len(), change.created.len(), change.ended.len())
    }

    #[test]
    fn two_changes_of_one_run_follow_each_other() {
        let run = RunId::generate();
        let rows = check(
            Stored::default(),
            &[transition(run, 1), transition(run, 2), transition(run, 2), transition(run, 3)],
            &[Accepted, Accepted, Conflict, Accepted],
        );
        assert_eq!(rows, (1, 0, 0));
    }

    #[test]
    fn a_new_run_that_is_there_already_conflicts() {
        let run = RunId::generate();
        let stored = Stored { runs: [(run, 4)].into(), ..Stored::default() };
        check(stored, &[transition(run, 1), transition(run, 5)], &[Conflict, Accepted]);
    }

    #[test]
    fn a_change_of_an_unknown_run_conflicts() {
        check(Stored::default(), &[transition(RunId::generate(), 2)], &[Conflict]);
    }

    #[test]
    fn what_is_made_and_finished_in_one_group_is_never_written() {
        let (run, task) = (RunId::generate(), TaskId::generate());
        let mut first = transition(run, 1);
        first.created = vec![new_task(task, true)];
        let mut second = transition(run, 2);
        second.finished = vec![(task, 1)];
        assert_eq!(check(Stored::default(), &[first, second], &[Accepted, Accepted]), (1, 0, 0));
    }

    #[test]
    fn a_task_ends_once_and_only_under_its_fence() {
        let (run, task, queued) = (RunId::generate(), TaskId::generate(), TaskId::generate());
        let finish = |revision, task, fence| {
            let mut change = transition(run, revision);
            change.finished = vec![(task, fence)];
            change
        };
        let stored =
            Stored { runs: [(run, 1)].into(), tasks: [(task, Some(7)), (queued, None)].into(), ..Stored::default() };
        let rows = check(
            stored,
            &[finish(2, task, 6), finish(2, queued, 1), finish(2, task, 7), finish(3, task, 7)],
            &[LeaseLost, LeaseLost, Accepted, LeaseLost],
        );
        assert_eq!(rows, (1, 0, 1));
    }

    #[test]
    fn a_commit_whose_answer_was_lost_counts_as_done() {
        let run = RunId::generate();
        let wanted = transition(run, 2);
        let stored = |state: &str| Stored {
            runs: [(run, 2)].into(),
            states: [(run, state.to_owned())].into(),
            ..Stored::default()
        };
        check(stored(&wanted.run.state), std::slice::from_ref(&wanted), &[Accepted]);
        check(stored("{}"), std::slice::from_ref(&wanted), &[Conflict]);
    }
}
