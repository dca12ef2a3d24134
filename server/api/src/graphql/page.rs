//! Lists that can grow: every one is a connection as relay has it, made here.
//!
//! A list is read by a [`Filling`]: it says after which cursor the store is to be asked and for how many, takes what was
//! found, leaves out what the caller may not see, and asks on until the page is full. [`connection`] makes the two types of
//! the schema that show the page. A cursor is the place of an item itself (a name, an id, a number), so that what is added
//! or removed meanwhile moves nothing.

use super::{Context, PAGE_MOST};
use juniper::GraphQLObject;

/// Times that the store is asked for one page at most, where there is much that the caller may not see.
const READS_MOST: usize = 20;

/// Where a page ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, GraphQLObject)]
#[graphql(context = Context)]
pub struct PageInfo {
    /// Whether there may be more.
    has_next_page: bool,
    /// What to ask the next page with, as `after`.
    end_cursor: Option<String>,
}

/// Items with their cursors, and where they end.
#[derive(Debug)]
pub struct Page<T> {
    /// Cursor and item, in the list's order.
    pub items: Vec<(String, T)>,
    /// Where they end.
    pub info: PageInfo,
}

impl<T> Page<T> {
    /// The same page of what each item becomes.
    pub fn map<U>(self, to: impl Fn(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(|(cursor, item)| (cursor, to(item))).collect();
        Page { items, info: self.info }
    }
}

/// How many items a page gets: `first`, or 50, at most [`PAGE_MOST`].
pub fn page_size(first: Option<i32>) -> u32 {
    u32::try_from(first.unwrap_or(50).clamp(1, PAGE_MOST)).unwrap_or(1)
}

/// A page that is being read.
pub struct Filling<T> {
    size: usize,
    shown: Vec<(String, T)>,
    last: Option<String>,
    reads: usize,
    /// Whether there is more; none: the store is to be asked again.
    ended: Option<bool>,
}

impl<T> Filling<T> {
    /// A page of `first` items after a cursor.
    pub fn new(first: Option<i32>, after: Option<String>) -> Self {
        Self { size: page_size(first) as usize, shown: Vec::new(), last: after, reads: 0, ended: None }
    }

    /// After which cursor the store is to be asked, and for how many; none: the page is full.
    pub fn wants(&self) -> Option<(Option<&str>, u32)> {
        // One more tells whether there is a next page.
        let limit = u32::try_from(self.size + 1).unwrap_or(u32::MAX);
        self.ended.is_none().then_some((self.last.as_deref(), limit))
    }

    /// What the store has found, each item with its cursor and whether the caller may see it.
    pub fn take(&mut self, found: impl IntoIterator<Item = (String, T, bool)>) {
        self.reads += 1;
        let mut count = 0;
        for (cursor, item, is_seen) in found {
            count += 1;
            if is_seen && self.shown.len() == self.size {
                self.ended = Some(true);
                self.last = self.shown.last().map(|(cursor, _)| cursor.clone());
                return;
            }
            self.last = Some(cursor.clone());
            if is_seen {
                self.shown.push((cursor, item));
            }
        }
        if count <= self.size {
            self.ended = Some(false);
        } else if self.reads == READS_MOST {
            // Where so much is hidden the page is short, and the next one goes on behind it.
            self.ended = Some(true);
        }
    }

    /// The page.
    pub fn page(self) -> Page<T> {
        let info = PageInfo { has_next_page: self.ended == Some(true), end_cursor: self.last };
        Page { items: self.shown, info }
    }
}

/// Makes the types of a connection: `connection!(RunConnection of RunEdge of Run)`, with its documentation before it.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident of $edge:ident of $node:ident) => {
        $(#[$doc])*
        pub struct $connection {
            edges: Vec<$edge>,
            info: $crate::graphql::page::PageInfo,
        }

        #[juniper::graphql_object(context = Context)]
        impl $connection {
            /// Items, each with its cursor.
            fn edges(&self) -> &[$edge] {
                &self.edges
            }
            /// The items alone.
            fn nodes(&self) -> Vec<&$node> {
                self.edges.iter().map(|edge| &edge.node).collect()
            }
            fn page_info(&self) -> &$crate::graphql::page::PageInfo {
                &self.info
            }
        }

        /// An item and its place in the list.
        pub struct $edge {
            cursor: String,
            node: $node,
        }

        #[juniper::graphql_object(context = Context)]
        impl $edge {
            /// For `after`.
            fn cursor(&self) -> &str {
                &self.cursor
            }
            fn node(&self) -> &$node {
                &self.node
            }
        }

        impl From<$crate::graphql::page::Page<$node>> for $connection {
            fn from(page: $crate::graphql::page::Page<$node>) -> Self {
                let edges = page.items.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                Self { edges, info: page.info }
            }
        }
    };
}

pub(super) use connection;

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a page of the numbers from 1 to 1,000 of which only some are seen.
    fn read(first: i32, after: Option<&str>, sees: fn(u32) -> bool) -> (Vec<u32>, PageInfo, usize) {
        let (mut filling, mut reads) = (Filling::new(Some(first), after.map(str::to_owned)), 0);
        while let Some((after, limit)) = filling.wants() {
            let begin = after.map_or(0, |after| after.parse().unwrap_or(0));
            let found: Vec<u32> = (begin + 1..=1_000).take(limit as usize).collect();
            filling.take(found.into_iter().map(|number| (number.to_string(), number, sees(number))));
            reads += 1;
        }
        let page = filling.page();
        (page.items.into_iter().map(|(_, number)| number).collect(), page.info, reads)
    }

    fn info(has_next_page: bool, end: Option<&str>) -> PageInfo {
        PageInfo { has_next_page, end_cursor: end.map(str::to_owned) }
    }

    #[test]
    fn a_page_ends_where_it_is_full_and_says_whether_there_is_more() {
        assert_eq!(read(3, None, |_| true), (vec![1, 2, 3], info(true, Some("3")), 1));
        assert_eq!(read(3, Some("997"), |_| true), (vec![998, 999, 1_000], info(false, Some("1000")), 1));
        assert_eq!(read(3, Some("1000"), |_| true), (vec![], info(false, Some("1000")), 1));
        assert_eq!(read(-5, None, |_| true).0, [1]);
        assert_eq!(read(100_000, None, |_| true).0.len(), 200);
    }

    #[test]
    fn what_is_hidden_is_made_up_for_and_ends_no_list() {
        assert_eq!(read(2, None, |number| number % 4 == 0), (vec![4, 8], info(true, Some("8")), 4));
        // The last one seen, and nothing but hidden ones behind it.
        let sees = |number: u32| number <= 2;
        let (found, end, reads) = read(2, None, sees);
        assert_eq!((found, end.has_next_page, reads), (vec![1, 2], true, READS_MOST));
        assert_eq!(read(199, Some("990"), sees).1, info(false, Some("1000")));
    }
}
