//! The steps as a graph: which run together as a stage, in which order, and which wait for each other in a circle.

use super::Stage;
use model::document::{Retry, Step};
use std::collections::{BTreeSet, HashMap};

/// A list of steps and the edges between them, by their place in the list.
pub(super) struct Graph<'a> {
    pub(super) steps: &'a [Step],
    places: HashMap<&'a str, usize>,
    /// For each step, those whose batches it gets.
    data: Vec<Vec<usize>>,
    /// For each step, those that must have ended before.
    needs: Vec<Vec<usize>>,
    /// For each step, the number of its stage.
    stage_of: Vec<usize>,
    /// For each stage, its steps in the document's order.
    members: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(steps: &'a [Step]) -> Self {
        let places: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(place, step)| (step.id.as_str(), place)).collect();
        let place = |id: &str| places.get(id).copied();
        let data: Vec<Vec<usize>> = steps
            .iter()
            .map(|step| step.from.iter().filter_map(|port| place(port.step.as_str())).collect::<BTreeSet<_>>())
            .map(|places| places.into_iter().collect())
            .collect();
        let needs = steps.iter().map(|step| step.needs.iter().filter_map(|id| place(id.as_str())).collect()).collect();
        let (stage_of, members) = cut(&data);
        Self { steps, places, data, needs, stage_of, members }
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    pub(super) fn are_together(&self, one: usize, other: usize) -> bool {
        self.stage_of[one] == self.stage_of[other]
    }

    /// Whether every attempt of `step` begins after `other` has ended.
    pub(super) fn surely_before(&self, other: usize, step: usize) -> bool {
        let (wanted, start) = (self.stage_of[other], self.stage_of[step]);
        let mut seen = vec![false; self.members.len()];
        let mut open = vec![start];
        while let Some(stage) = open.pop() {
            for before in self.stages_before(stage) {
                if before == wanted {
                    return true;
                }
                if !std::mem::replace(&mut seen[before], true) {
                    open.push(before);
                }
            }
        }
        false
    }

    fn stages_before(&self, stage: usize) -> impl Iterator<Item = usize> + '_ {
        self.members[stage]
            .iter()
            .flat_map(|step| &self.needs[*step])
            .map(|need| self.stage_of[*need])
            .filter(move |before| *before != stage)
    }

    /// Circles of data edges: for each, the steps in the order in which batches would flow.
    pub(super) fn data_circles(&self) -> Vec<Vec<usize>> {
        circles(self.steps.len(), |step| self.data[step].clone())
            .into_iter()
            .map(|mut circle| {
                circle.reverse();
                circle
            })
            .collect()
    }

    /// Steps that need a member of their own stage.
    pub(super) fn needs_within_stage(&self) -> Vec<(usize, usize)> {
        let pairs = (0..self.steps.len()).flat_map(|step| self.needs[step].iter().map(move |need| (step, *need)));
        pairs.filter(|(step, need)| self.are_together(*step, *need)).collect()
    }

    /// Circles of stages that need each other: for each, the pairs of step and needed step that close it.
    pub(super) fn need_circles(&self) -> Vec<Vec<(usize, usize)>> {
        let found = circles(self.members.len(), |stage| self.stages_before(stage).collect());
        let link = |stage: usize, before: usize| {
            let steps = self.members[stage].iter();
            steps
                .flat_map(|step| self.needs[*step].iter().map(move |need| (*step, *need)))
                .find(|(_, need)| self.stage_of[*need] == before)
        };
        found
            .into_iter()
            .map(|circle| {
                let next = circle.iter().cycle().skip(1);
                circle.iter().zip(next).filter_map(|(stage, before)| link(*stage, *before)).collect()
            })
            .collect()
    }

    /// The stages, each after those it needs. Only for a graph without circles.
    pub(super) fn stages(&self) -> Vec<Stage> {
        let before: Vec<Vec<usize>> =
            (0..self.members.len()).map(|stage| self.stages_before(stage).collect()).collect();
        order(&before).into_iter().map(|stage| self.stage(&self.members[stage])).collect()
    }

    fn stage(&self, members: &[usize]) -> Stage {
        let within = |place: &usize| members.iter().position(|member| member == place);
        let before: Vec<Vec<usize>> =
            members.iter().map(|member| self.data[*member].iter().filter_map(within).collect()).collect();
        let mut needs = Vec::new();
        for need in members.iter().flat_map(|member| &self.steps[*member].needs) {
            if !needs.contains(need) {
                needs.push(need.clone());
            }
        }
        let steps = || members.iter().map(|member| &self.steps[*member]);
        let retries = steps().filter_map(|step| step.retry).reduce(|one, other| Retry {
            attempts: one.attempts.max(other.attempts),
            backoff: one.backoff.max(other.backoff),
            max: one.max.max(other.max),
        });
        Stage {
            steps: order(&before).into_iter().map(|index| self.steps[members[index]].id.clone()).collect(),
            needs,
            retry: retries.unwrap_or_default(),
            timeout: steps().filter_map(|step| step.timeout).min(),
        }
    }
}

/// Joins steps that data edges connect; answers each step's stage and each stage's steps.
fn cut(data: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut neighbors = vec![Vec::new(); data.len()];
    for (step, sources) in data.iter().enumerate() {
        for source in sources {
            neighbors[step].push(*source);
            neighbors[*source].push(step);
        }
    }
    let mut stage_of = vec![usize::MAX; data.len()];
    let mut count = 0;
    for first in 0..data.len() {
        if stage_of[first] != usize::MAX {
            continue;
        }
        stage_of[first] = count;
        let mut open = vec![first];
        while let Some(step) = open.pop() {
            for neighbor in &neighbors[step] {
                if stage_of[*neighbor] == usize::MAX {
                    stage_of[*neighbor] = count;
                    open.push(*neighbor);
                }
            }
        }
        count += 1;
    }
    let mut members = vec![Vec::new(); count];
    for (step, stage) in stage_of.iter().enumerate() {
        members[*stage].push(step);
    }
    (stage_of, members)
}

/// The numbers `0..before.len()`, each after those it names, else ascending. Numbers in circles are left out.
fn order(before: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<BTreeSet<usize>> = before.iter().map(|before| before.iter().copied().collect()).collect();
    let mut after = vec![Vec::new(); before.len()];
    for (number, before) in waiting.iter().enumerate() {
        for earlier in before {
            after[*earlier].push(number);
        }
    }
    let mut ready: BTreeSet<usize> = (0..before.len()).filter(|number| waiting[*number].is_empty()).collect();
    let mut ordered = Vec::with_capacity(before.len());
    while let Some(number) = ready.pop_first() {
        ordered.push(number);
        for later in &after[number] {
            waiting[*later].remove(&number);
            if waiting[*later].is_empty() {
                ready.insert(*later);
            }
        }
    }
    ordered
}

/// Circles of a graph: at least one for each tangle, none sharing a node with another. Follows `next` from node to node.
fn circles(count: usize, next: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnPath,
        Done,
    }
    let mut marks = vec![Mark::New; count];
    let mut found: Vec<Vec<usize>> = Vec::new();
    for start in 0..count {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::OnPath;
        // Without recursion: a document may chain a thousand steps.
        let mut path = vec![(start, next(start))];
        while let Some((node, rest)) = path.last_mut() {
            let Some(successor) = rest.pop() else {
                marks[*node] = Mark::Done;
                path.pop();
                continue;
            };
            match marks[successor] {
                Mark::New => {
                    marks[successor] = Mark::OnPath;
                    path.push((successor, next(successor)));
                }
                Mark::OnPath => {
                    let from = path.iter().position(|(node, _)| *node == successor).unwrap_or(0);
                    let circle: Vec<usize> = path[from..].iter().map(|(node, _)| *node).collect();
                    if !found.iter().any(|known| known.iter().any(|node| circle.contains(node))) {
                        found.push(circle);
                    }
                }
                Mark::Done => {}
            }
        }
    }
    found
}
