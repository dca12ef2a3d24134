//! Reads what test runners print and counts.
//!
//! libtest: `test result:` lines carry the counts; a binary that announced its tests and printed no result has
//! crashed. A test that printed a line `skipped: …` is counted as skipped instead of passed.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

/// How many tests there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Reads one runner's lines.
pub(crate) struct Counter {
    runner: Runner,
    counts: Counts,
    /// Test binaries that have begun and not yet ended.
    open: u64,
    /// libtest shows what passing tests printed between `successes:` and the list of their names.
    section: Section,
    /// Tests of the current binary that said they skip.
    skips: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Libtest,
    Vitest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Section {
    Progress,
    Successes { test: String },
    Failures,
}

impl Counter {
    /// For `cargo test -- --show-output`.
    pub(crate) fn for_libtest() -> Self {
        Self::new(Runner::Libtest)
    }

    /// For vitest's closing lines.
    pub(crate) fn for_vitest() -> Self {
        Self::new(Runner::Vitest)
    }

    fn new(runner: Runner) -> Self {
        Self { runner, counts: Counts::default(), open: 0, section: Section::Progress, skips: BTreeSet::new() }
    }

    /// Takes a line; tells whether people should see it.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        match self.runner {
            Runner::Libtest => self.read_libtest(line),
            Runner::Vitest => {
                self.read_vitest(line);
                true
            }
        }
    }

    /// The counts, given whether the runner itself was content.
    pub(crate) fn finish(mut self, success: bool) -> Counts {
        self.counts.failed += self.open;
        if !success && self.counts.failed == 0 {
            self.counts.failed = 1;
        }
        self.counts
    }

    fn read_libtest(&mut self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("test result: ") {
            let skips = self.skips.len() as u64;
            self.counts.passed += number_before(rest, "passed").saturating_sub(skips);
            self.counts.failed += number_before(rest, "failed");
            self.counts.skipped += number_before(rest, "ignored") + skips;
            self.open = self.open.saturating_sub(1);
            self.skips.clear();
            self.section = Section::Progress;
            return true;
        }
        if is_announcement(line) {
            self.open += 1;
            self.section = Section::Progress;
            return true;
        }
        match line {
            "successes:" => {
                self.section = Section::Successes { test: String::new() };
                return false;
            }
            "failures:" => {
                self.section = Section::Failures;
                return true;
            }
            _ => {}
        }
        let Section::Successes { test } = &mut self.section else { return true };
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            name.clone_into(test);
            return false;
        }
        let skips = line.trim_start().starts_with("skipped:");
        if skips {
            self.skips.insert(test.clone());
        }
        skips
    }

    fn read_vitest(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("Tests ") else { return };
        self.counts.passed += number_before(rest, "passed");
        self.counts.failed += number_before(rest, "failed");
        self.counts.skipped += number_before(rest, "skipped") + number_before(rest, "todo");
    }
}

/// `running 12 tests`
fn is_announcement(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    matches!(words[..], ["running", count, "test" | "tests"] if count.parse::<u64>().is_ok())
}

/// The number that stands before `word`: 3 in `ok. 3 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u64 {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ';' || c == '|').collect();
    let place = words.iter().position(|candidate| *candidate == word);
    place.and_then(|index| words.get(index.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut counter: Counter, success: bool, output: &str, expected: &str) -> Vec<String> {
        let shown = output.lines().filter(|line| counter.read(line)).map(str::to_owned).collect();
        assert_eq!(counter.finish(success).to_string(), expected);
        shown
    }

    #[test]
    fn results_of_all_binaries_are_summed() {
        let output = "\nrunning 2 tests\ntest a ... ok\ntest b ... ok\n\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            \nrunning 1 test\ntest c ... FAILED\n\nfailures:\n\n---- c stdout ----\nboom\n\n\
            test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let shown = check(Counter::for_libtest(), false, output, "2 passed, 1 failed, 1 skipped");
        assert!(shown.contains(&"boom".to_owned()), "{shown:?}");
    }

    #[test]
    fn a_test_that_says_it_skips_is_not_counted_as_passed() {
        let output = "running 3 tests\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\n\
            skipped: a needs SLUICE_TEST_REDIS\nskipped: again\n\n---- b stdout ----\nnoise\n\nsuccesses:\n    a\n    b\n    c\n\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let shown = check(Counter::for_libtest(), true, output, "2 passed, 0 failed, 1 skipped");
        assert!(shown.contains(&"skipped: a needs SLUICE_TEST_REDIS".to_owned()), "{shown:?}");
        assert!(!shown.contains(&"noise".to_owned()), "{shown:?}");
    }

    #[test]
    fn a_binary_that_dies_counts_as_failed() {
        let output = "running 2 tests\ntest a ... ok\n\nrunning 1 test\ntest b ... ok\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        check(Counter::for_libtest(), false, output, "1 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_runner_that_fails_without_a_result_counts_as_failed() {
        check(Counter::for_libtest(), false, "error: could not compile", "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn the_closing_lines_of_vitest_are_read() {
        let output = " Test Files  2 passed (2)\n      Tests  1 failed | 11 passed | 2 skipped (14)\n";
        check(Counter::for_vitest(), false, output, "11 passed, 1 failed, 2 skipped");
    }
}
