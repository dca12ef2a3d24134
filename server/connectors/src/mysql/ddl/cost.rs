//! What InnoDB does for each kind of change: at once, in place while others work, or by copying the table.

use data::structure::{ChangeCost, LockKind, TableStructure};

/// Product and version, by which the costs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) mariadb: bool,
    version: (u32, u32, u32),
}

impl Server {
    /// Reads `10.11.19-MariaDB-0+deb12u1` or `8.0.36`.
    pub(super) fn parse(version: &str) -> Self {
        let mut parts = version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok());
        let mut next = || parts.next().unwrap_or(0);
        Self { mariadb: version.contains("MariaDB"), version: (next(), next(), next()) }
    }

    fn since(self, mariadb: (u32, u32, u32), mysql: (u32, u32, u32)) -> bool {
        self.version >= if self.mariadb { mariadb } else { mysql }
    }

    /// Whether it has `RENAME COLUMN`.
    pub(super) fn renames_columns(self) -> bool {
        self.since((10, 5, 2), (8, 0, 0))
    }

    /// What of the table uses the column and keeps it from being renamed; MariaDB renames it there, too.
    pub(super) fn keeps_from_renaming(self, live: &TableStructure, column: &str) -> Option<String> {
        if self.mariadb {
            return None;
        }
        let named = format!("`{}`", column.to_lowercase());
        let uses = |sql: &str| sql.to_lowercase().contains(&named);
        let check = live.checks.iter().find(|check| uses(&check.condition));
        let computed = live.columns.iter().find(|c| c.generated.as_ref().is_some_and(|g| uses(&g.expression)));
        match (check, computed) {
            (Some(check), _) => Some(format!("the check `{}`", check.name)),
            (None, Some(computed)) => Some(format!("the generated column `{}`", computed.name)),
            (None, None) => None,
        }
    }

    /// A column added at any place, or dropped.
    pub(super) fn column_at_once(self) -> ChangeCost {
        if self.since((10, 4, 0), (8, 0, 29)) { at_once() } else { rebuilt("rebuilds the table in place") }
    }

    /// A column moved to another place.
    pub(super) fn column_moved(self) -> ChangeCost {
        if self.mariadb && self.since((10, 4, 0), (0, 0, 0)) {
            at_once()
        } else {
            rebuilt("rebuilds the table in place")
        }
    }

    /// NULL allowed from now on.
    pub(super) fn null_allowed(self) -> ChangeCost {
        if self.mariadb && self.since((10, 4, 0), (0, 0, 0)) {
            at_once()
        } else {
            rebuilt("rebuilds the table in place")
        }
    }
}

/// Only the description changes.
pub(super) fn at_once() -> ChangeCost {
    ChangeCost::default()
}

/// Every row is written anew while others read and write.
pub(super) fn rebuilt(note: &str) -> ChangeCost {
    ChangeCost { rewrite: true, note: Some(note.to_owned()), ..ChangeCost::default() }
}

/// Every row is copied while others can only read.
pub(super) fn copied(note: &str) -> ChangeCost {
    ChangeCost { lock: LockKind::Writes, rewrite: true, note: Some(note.to_owned()), loss: None }
}

/// The table is read but not written.
pub(super) fn scanned(note: &str) -> ChangeCost {
    ChangeCost { note: Some(note.to_owned()), ..ChangeCost::default() }
}

/// The dearer of two costs, with both their notes.
pub(super) fn together(one: ChangeCost, other: ChangeCost) -> ChangeCost {
    let joined = |a: Option<String>, b: Option<String>| match (a, b) {
        (Some(a), Some(b)) if a != b => Some(format!("{a}; {b}")),
        (a, b) => a.or(b),
    };
    let rank = |lock: LockKind| match lock {
        LockKind::None => 0,
        LockKind::Writes => 1,
        LockKind::All => 2,
    };
    ChangeCost {
        lock: if rank(one.lock) >= rank(other.lock) { one.lock } else { other.lock },
        rewrite: one.rewrite || other.rewrite,
        loss: joined(one.loss, other.loss),
        note: joined(one.note, other.note),
    }
}

/// What changing a column's type does.
pub(super) fn type_change(column: &str, from: &str, to: &str) -> ChangeCost {
    let (from, to) = (Type::parse(from), Type::parse(to));
    let (holds, in_place) = from.fits(&to);
    let mut cost = if in_place { at_once() } else { copied("copies the table") };
    if !holds {
        cost.loss = Some(format!("values of `{column}` that {} cannot hold are refused or cut", to.said));
    }
    cost
}

/// A type in its parts.
struct Type {
    said: String,
    word: String,
    numbers: Vec<u64>,
    unsigned: bool,
}

impl Type {
    fn parse(said: &str) -> Self {
        let word = said.split(['(', ' ']).next().unwrap_or(said).to_owned();
        let inside = said.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or("", |(inside, _)| inside);
        let numbers = inside.split(',').filter_map(|number| number.trim().parse().ok()).collect();
        Self { said: said.to_owned(), word, numbers, unsigned: said.contains("unsigned") }
    }

    fn number(&self, index: usize, usual: u64) -> u64 {
        self.numbers.get(index).copied().unwrap_or(usual)
    }

    /// Bits of an integer.
    fn bits(&self) -> Option<u32> {
        Some(match self.word.as_str() {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" => 32,
            "bigint" => 64,
            _ => return None,
        })
    }

    /// Digits before and after the point.
    fn digits(&self) -> Option<(u64, u64)> {
        let integer = |bits: u32| [(8, 3), (16, 5), (24, 8), (32, 10)].into_iter().find(|(b, _)| *b == bits);
        match self.bits() {
            Some(bits) => Some((integer(bits).map_or(if self.unsigned { 20 } else { 19 }, |(_, digits)| digits), 0)),
            None if self.word == "decimal" => {
                Some((self.number(0, 10).saturating_sub(self.number(1, 0)), self.number(1, 0)))
            }
            None => None,
        }
    }

    /// Longest text or bytes, and whether it is text.
    fn length(&self) -> Option<(u64, bool)> {
        Some(match self.word.as_str() {
            "char" | "varchar" => (self.number(0, 1), true),
            "binary" | "varbinary" => (self.number(0, 1), false),
            "tinytext" => (255, true),
            "tinyblob" => (255, false),
            "text" => (65_535, true),
            "blob" => (65_535, false),
            "mediumtext" => (16_777_215, true),
            "mediumblob" => (16_777_215, false),
            "longtext" => (4_294_967_295, true),
            "longblob" => (4_294_967_295, false),
            _ => return None,
        })
    }

    /// Whether `to` holds every value, and whether the change leaves the rows as they are.
    fn fits(&self, to: &Self) -> (bool, bool) {
        if let (Some(from), Some(bits)) = (self.bits(), to.bits()) {
            let wider = match (self.unsigned, to.unsigned) {
                (false, true) => false,
                (true, false) => bits > from,
                _ => bits >= from,
            };
            return (wider, false);
        }
        if let (Some(from), Some(digits)) = (self.digits(), to.digits()) {
            return (digits.0 >= from.0 && digits.1 >= from.1 && (self.unsigned || !to.unsigned), false);
        }
        if let (Some((from, text)), Some((length, to_text))) = (self.length(), to.length()) {
            // The length of a value takes one byte up to 255 bytes, which are 63 characters of four.
            let class = |length: u64| if text { length <= 63 } else { length <= 255 };
            let same_kind = self.word == to.word && matches!(self.word.as_str(), "varchar" | "varbinary");
            // A text of n characters may need four times as many bytes.
            let of_bytes = |kind: &Self, length: u64| if kind.word.ends_with("text") { length / 4 } else { length };
            let holds = if self.word.ends_with("text") && to.word.ends_with("text") {
                length >= from
            } else {
                of_bytes(to, length) >= from
            };
            return (holds && text == to_text, same_kind && length >= from && class(from) == class(length));
        }
        match (self.word.as_str(), to.word.as_str()) {
            ("enum", "enum") | ("set", "set") => {
                let (from, to) = (members(&self.said), members(&to.said));
                (from.iter().all(|member| to.contains(member)), to.starts_with(&from))
            }
            ("float", "double") | ("date", "datetime") => (true, false),
            ("datetime", "datetime") | ("timestamp", "timestamp" | "datetime") | ("time", "time") => {
                (to.number(0, 0) >= self.number(0, 0), false)
            }
            ("bit", "bit") => (to.number(0, 1) >= self.number(0, 1), false),
            ("tinyint" | "smallint" | "mediumint" | "int", "double") | ("tinyint" | "smallint", "float") => {
                (true, false)
            }
            (_, "text" | "mediumtext" | "longtext") if !self.said.contains("blob") => (true, false),
            _ => (false, false),
        }
    }
}

/// Members of an enum or set, in order.
fn members(said: &str) -> Vec<String> {
    let found = crate::mysql::create::tokens(said).into_iter();
    found
        .filter_map(|placed| match placed.token {
            crate::mysql::create::Token::Text(text) => Some(text),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_type_loses_and_a_wider_one_does_not() {
        let check = |from: &str, to: &str, loss: bool, rewrite: bool| {
            let cost = type_change("c", from, to);
            assert_eq!((cost.loss.is_some(), cost.rewrite), (loss, rewrite), "{from} -> {to}: {cost:?}");
        };
        check("int", "bigint", false, true);
        check("bigint", "int", true, true);
        check("int", "int unsigned", true, true);
        check("int unsigned", "int", true, true);
        check("int unsigned", "bigint", false, true);
        check("int", "decimal(10,0)", false, true);
        check("bigint unsigned", "decimal(19,0)", true, true);
        check("decimal(10,4)", "decimal(12,4)", false, true);
        check("decimal(10,4)", "decimal(12,2)", true, true);
        check("varchar(20)", "varchar(60)", false, false);
        check("varchar(20)", "varchar(200)", false, true);
        check("varchar(100)", "varchar(200)", false, false);
        check("varchar(200)", "varchar(100)", true, true);
        check("varchar(200)", "text", false, true);
        check("text", "varchar(200)", true, true);
        check("text", "mediumtext", false, true);
        check("varchar(20)", "varbinary(80)", true, true);
        check("enum('a','b')", "enum('a','b','c')", false, false);
        check("enum('a','b')", "enum('b','a')", false, true);
        check("enum('a','b')", "enum('a')", true, true);
        check("datetime(6)", "datetime", true, true);
        check("datetime", "date", true, true);
        check("int", "date", true, true);
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(Server::parse("10.11.19-MariaDB-0+deb12u1"), Server { mariadb: true, version: (10, 11, 19) });
        assert!(!Server::parse("10.11.19-MariaDB").column_at_once().rewrite);
        assert!(Server::parse("8.0.11").column_at_once().rewrite);
        assert!(Server::parse("8.0.36").column_moved().rewrite);
    }
}
