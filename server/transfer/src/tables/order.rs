//! In which order tables are made: those that others refer to come first.

use super::target::Target;
use std::collections::HashMap;

/// Places of `targets` in the order of their foreign keys; where they refer to each other in a circle, in the
/// document's order.
pub(super) fn by_dependency(targets: &[Target]) -> Vec<usize> {
    let mut names: HashMap<(&str, String), usize> = HashMap::new();
    for (place, target) in targets.iter().enumerate() {
        names.insert((&target.connection, target.table.to_lowercase()), place);
    }
    let parents: Vec<Vec<usize>> = targets
        .iter()
        .enumerate()
        .map(|(place, target)| {
            let keys = target.structure.foreign_keys.iter();
            let found = keys.filter_map(|key| referred(target, &key.references, &names));
            found.filter(|parent| *parent != place).collect()
        })
        .collect();
    let mut order = Vec::with_capacity(targets.len());
    let mut is_done = vec![false; targets.len()];
    while order.len() < targets.len() {
        let ready = |place: &usize| !is_done[*place] && parents[*place].iter().all(|parent| is_done[*parent]);
        // In a circle nobody is ready: the first of those that are left goes ahead.
        let next = (0..targets.len()).find(ready).or_else(|| is_done.iter().position(|done| !done));
        let Some(next) = next else { break };
        is_done[next] = true;
        order.push(next);
    }
    order
}

/// The place of the table that a foreign key of `target` refers to, if it is in the document.
pub(super) fn referred(target: &Target, references: &str, names: &HashMap<(&str, String), usize>) -> Option<usize> {
    let name = references.to_lowercase();
    let beside = target.table.rsplit_once('.').map(|(schema, _)| format!("{}.{name}", schema.to_lowercase()));
    let find = |name: String| names.get(&(target.connection.as_str(), name)).copied();
    find(name).or_else(|| find(beside?))
}
