//! Made-up values, all from one seed.

use serde_json::{Value, json};

/// Texts that have broken programs.
const HARD: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "null",
    "true",
    "absent",
    "a\u{0}b",
    "\u{feff}x",
    "\u{202e}abc",
    "马 é \u{1f600}",
    "'; DROP TABLE t; --",
    "\" OR 1=1",
    "../../etc/passwd",
    "/",
    "a/b",
    "%00",
    "%2e%2e",
    "${{ inputs.x }}",
    "${{",
    "{\"a\":1}",
    "[",
    "{",
    "<script>",
    "name: x\nsteps: []\n",
    "name: [",
    "- - - -",
    "SELECT 1",
    "SELECT * FROM t",
    "1; SELECT 2",
    "2024-02-30",
    "2024-01-31T08:00:00Z",
    "*",
    "run_",
    "run_00000000000000000000000000000000",
    "user_x",
    "sqlite://nowhere/x.db",
    "sqlite::memory:",
    "ftp://x",
    "postgres://127.0.0.1:1/x",
    "mysql://127.0.0.1:1/x",
    "redis://127.0.0.1:1",
    "http://127.0.0.1:1/",
    "9999999999999999999999",
    "* * * * *",
    "1e999",
    "NaN",
    "\r\nx: y",
    "\\",
    "`",
    "$1",
    "\u{ffff}",
    "éééééééééééééééééééééééééééééééé",
];

/// A stream of numbers (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// True in so many cases of a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A text: one that is known, a hard one, or a long one.
    pub(super) fn text(&mut self, known: &[String]) -> String {
        match self.below(100) {
            0..45 => self.pick(known).clone(),
            45..90 => (*self.pick(HARD)).to_owned(),
            90..97 => (0..self.below(40)).map(|_| char::from_u32(self.below(0x3000) as u32).unwrap_or('x')).collect(),
            _ => self.pick(HARD).repeat(1 + self.below(3_000)),
        }
    }

    pub(super) fn integer(&mut self) -> i64 {
        match self.below(10) {
            0 => i64::from(i32::MAX),
            1 => i64::from(i32::MIN),
            2 => i64::MAX,
            3 => i64::MIN,
            4 => -1,
            5 => 0,
            _ => self.below(200) as i64,
        }
    }

    pub(super) fn float(&mut self) -> f64 {
        *self.pick(&[0.0, -0.0, 1.5, -1.0, 1e300, f64::MIN_POSITIVE, 1e-300, 4_294_967_296.0])
    }

    /// Any JSON.
    pub(super) fn json(&mut self, known: &[String], depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.percent(50)),
            2 => json!(self.integer()),
            3 => json!(self.float()),
            4 => json!(self.text(known)),
            5 => (0..self.below(4)).map(|_| self.json(known, depth - 1)).collect(),
            _ => {
                let members = (0..self.below(4)).map(|_| (self.text(known), self.json(known, depth - 1)));
                Value::Object(members.collect())
            }
        }
    }

    /// The bytes with some of them removed, doubled or changed.
    pub(super) fn spoil(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                break;
            }
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, bytes[at]),
                2 => bytes[at] = self.below(256) as u8,
                _ => bytes.truncate(at),
            }
        }
        bytes
    }
}
