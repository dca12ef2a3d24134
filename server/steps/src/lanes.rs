//! What a step keeps for each lane, in the order in which the lanes first came.

use data::Lane;

/// A small map from lanes to `T`; a stage has few lanes, so that looking through a list is quickest.
pub(crate) struct Lanes<T>(Vec<(Lane, T)>);

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Lanes<T> {
    /// What is kept for the lane.
    pub(crate) fn find(&mut self, lane: &Lane) -> Option<&mut T> {
        self.0.iter_mut().find(|(known, _)| known == lane).map(|(_, value)| value)
    }

    /// Keeps `value` for a lane that has nothing yet.
    pub(crate) fn insert(&mut self, lane: &Lane, value: T) -> &mut T {
        self.0.push((lane.clone(), value));
        &mut self.0.last_mut().expect("it was just pushed").1
    }

    /// What is kept for all lanes.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// What is kept for all lanes.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }
}
