//! Where a list begins and how long it may be.

use serde::Deserialize;
use utoipa::IntoParams;

/// The most items of one page.
pub const MOST: u32 = 200;

/// The items of a page where nobody says.
const USUAL: u32 = 50;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Cursor {
    /// The `next` of the page before; none: from the beginning.
    pub after: Option<String>,
    /// How many items at most; 50 where absent, at most 200.
    pub limit: Option<u32>,
}

impl Cursor {
    /// How many items the page may have.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.limit.unwrap_or(USUAL).clamp(1, MOST)
    }

    /// One more than the page may have, to know whether there is a next one.
    #[must_use]
    pub fn look(&self) -> u32 {
        self.size() + 1
    }
}

/// Cuts what [`Cursor::look`] found to the page's size; the cursor of the next page where there is more.
pub fn cut<T>(items: &mut Vec<T>, size: u32, cursor: impl Fn(&T) -> String) -> Option<String> {
    if items.len() <= size as usize {
        return None;
    }
    items.truncate(size as usize);
    items.last().map(cursor)
}
