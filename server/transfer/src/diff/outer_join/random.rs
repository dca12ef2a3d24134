//! Pairs of tables made from a seed.

use super::cell::{Cell, Kind};

/// How the right table differs from the left.
pub(super) const PATTERNS: [&str; 12] = [
    "same",
    "single cell",
    "scattered",
    "clustered",
    "all rows",
    "swapped keys",
    "boundary keys",
    "duplicates",
    "keyless",
    "one side empty",
    "unrelated",
    "nulls",
];

/// A small generator whose numbers are the same in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Two tables and the columns that are their key, first; none: whole rows.
pub(super) struct Pair {
    pub(super) seed: u64,
    pub(super) pattern: &'static str,
    pub(super) kinds: Vec<Kind>,
    pub(super) key: usize,
    pub(super) left: Vec<Vec<Cell>>,
    pub(super) right: Vec<Vec<Cell>>,
}

impl Pair {
    /// The pair of that seed, of fewer than `rows` rows a side; `stored`: of values that every system can hold.
    pub(super) fn random(seed: u64, rows: u64, stored: bool) -> Self {
        let mut random = Random::new(seed);
        let pattern = PATTERNS[(seed % PATTERNS.len() as u64) as usize];
        let mut kinds = Vec::new();
        let key = if pattern == "keyless" { 0 } else { 1 + random.below(2) as usize };
        for _ in 0..key {
            kinds.push(random.pick(&[
                Kind::Integer,
                Kind::Integer,
                Kind::Text,
                Kind::Uuid,
                Kind::Timestamp,
                Kind::Date,
            ]));
        }
        for _ in 0..1 + random.below(4) {
            kinds.push(random.pick(&[
                Kind::Integer,
                Kind::Boolean,
                Kind::Float,
                Kind::Decimal,
                Kind::Text,
                Kind::Bytes,
                Kind::Date,
                Kind::Timestamp,
            ]));
        }
        if pattern == "keyless" {
            kinds.retain(|kind| *kind != Kind::Float);
            kinds.push(Kind::Text);
        }
        let mut pair = Self { seed, pattern, kinds, key, left: Vec::new(), right: Vec::new() };
        let count = random.below(rows);
        let unique = !matches!(pattern, "duplicates" | "keyless" | "unrelated");
        for number in 0..count {
            let row = pair.row(&mut random, if unique { number } else { number % 7 }, unique, stored);
            pair.left.push(row);
        }
        pair.right = pair.left.clone();
        pair.disturb(&mut random, stored);
        pair
    }

    fn row(&self, random: &mut Random, number: u64, unique: bool, stored: bool) -> Vec<Cell> {
        let cells = self.kinds.iter().enumerate().map(|(index, kind)| {
            let is_key = index < self.key;
            if is_key && unique {
                // The last part tells rows apart, the others have few values.
                return if index + 1 == self.key { key(*kind, number) } else { key(*kind, number / 5 % 4) };
            }
            let nulls = if self.pattern == "nulls" { 2 } else { 9 };
            if random.below(nulls) == 0 { Cell::Null } else { value(*kind, random, is_key, stored) }
        });
        cells.collect()
    }

    fn disturb(&mut self, random: &mut Random, stored: bool) {
        let rows = self.right.len();
        let last = self.kinds.len() - 1;
        if rows == 0 || self.pattern == "same" {
            return;
        }
        let change = |pair: &mut Self, random: &mut Random, at: usize| {
            let column = pair.key.min(last) + random.below((last + 1 - pair.key.min(last)) as u64) as usize;
            pair.right[at][column] =
                if random.below(5) == 0 { Cell::Null } else { value(pair.kinds[column], random, false, stored) };
        };
        match self.pattern {
            "single cell" => {
                let at = random.below(rows as u64) as usize;
                change(self, random, at);
            }
            "scattered" | "nulls" => {
                for at in (0..rows).rev().step_by(1 + random.below(9) as usize) {
                    match random.below(3) {
                        0 => drop(self.right.remove(at)),
                        1 => change(self, random, at),
                        _ => drop(self.left.remove(at)),
                    }
                }
            }
            "clustered" => {
                let from = random.below(rows as u64) as usize;
                let to = (from + 1 + random.below(40) as usize).min(rows);
                match random.below(3) {
                    0 => drop(self.right.drain(from..to)),
                    1 => drop(self.left.drain(from..to)),
                    _ => (from..to).for_each(|at| change(self, random, at)),
                }
            }
            "all rows" => (0..rows).for_each(|at| change(self, random, at)),
            "swapped keys" => {
                for at in (1..rows).step_by(3) {
                    let (before, after) = self.right.split_at_mut(at);
                    before[at - 1][..self.key].swap_with_slice(&mut after[0][..self.key]);
                }
            }
            "boundary keys" => {
                match random.below(4) {
                    0 => drop(self.right.remove(0)),
                    1 => drop(self.left.remove(0)),
                    2 => drop(self.right.pop()),
                    _ => drop(self.left.pop()),
                }
                if let Some(at) = self.right.len().checked_sub(1) {
                    change(self, random, at);
                }
            }
            "one side empty" => {
                if random.below(2) == 0 {
                    self.left.clear()
                } else {
                    self.right.clear()
                }
            }
            // Duplicates, keyless and unrelated tables: rows come and go, some of them several times.
            _ => {
                if self.pattern == "unrelated" {
                    for row in &mut self.right {
                        let fresh = Self { right: Vec::new(), left: Vec::new(), kinds: self.kinds.clone(), ..*self };
                        *row = fresh.row(random, 0, false, stored);
                    }
                }
                for _ in 0..1 + random.below(20) {
                    let at = random.below(self.right.len().max(1) as u64) as usize;
                    match random.below(4) {
                        _ if self.right.is_empty() => {}
                        0 => drop(self.right.remove(at)),
                        1 => self.right.push(self.right[at].clone()),
                        2 if self.key > 0 => change(self, random, at),
                        _ => {
                            let row = self.right[at].clone();
                            self.left.push(row);
                        }
                    }
                }
            }
        }
    }
}

/// The key of that number, in no order of its own.
fn key(kind: Kind, number: u64) -> Cell {
    let shuffled = (number * 7919) % 100_003;
    match kind {
        Kind::Text => Cell::Text(format!("{}{number}", ["a", "A", "ä", "b ", "|", "😀", "Z"][(number % 7) as usize])),
        Kind::Uuid => Cell::Text(format!("{shuffled:08x}-0000-4000-8000-{number:012x}")),
        Kind::Timestamp => Cell::Integer(i128::from(shuffled) * 86_399_123_457),
        Kind::Date => Cell::Integer(i128::from(shuffled % 40_000)),
        _ => Cell::Integer(i128::from(shuffled) - 50_000),
    }
}

fn value(kind: Kind, random: &mut Random, is_key: bool, stored: bool) -> Cell {
    match kind {
        Kind::Integer => Cell::Integer(if is_key {
            random.below(9).into()
        } else {
            i128::from(random.below(4_000_000_000)) - 2_000_000_000
        }),
        Kind::Boolean => Cell::Integer(random.below(2).into()),
        Kind::Float => {
            let value = random.pick(&[0.1, 0.1 + 0.2, 0.3, 1e300, -1.5, 1e-300, 123_456_789.123_456_7]);
            let nudge = u64::from(random.below(3) == 0);
            Cell::Float(f64::from_bits(f64::to_bits(value) + nudge).to_bits())
        }
        Kind::Decimal => Cell::Integer(i128::from(random.below(2_000_000)) - 1_000_000),
        Kind::Text => {
            let odd: &[&str] = &[
                "", " ", "a", "A", "a ", "null", "<null>", "NULL", "é", "e\u{301}", "😀", "?", "x|y", "x", "y|z", "'",
                "\\", "\\N", "\"", "日本", "\t", "\n", "0", "00", "1.0",
            ];
            let mut text = random.pick(odd).to_owned();
            if !stored && random.below(20) == 0 {
                text.push('\0');
            }
            Cell::Text(text)
        }
        Kind::Uuid => Cell::Text(format!("00000000-0000-4000-8000-{:012x}", random.below(9))),
        Kind::Bytes => Cell::Bytes(random.pick(&[b"".as_slice(), b"\0", b"\xff\xfe", b"a", b"\\x61"]).to_vec()),
        Kind::Date => Cell::Integer(random.below(20_000).into()),
        Kind::Timestamp => Cell::Integer(i128::from(random.below(2_000_000_000)) * 1_000_003),
    }
}
