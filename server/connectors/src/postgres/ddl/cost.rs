//! What statements do to a table in use: what they lock, whether they rewrite it, and what they lose.
//!
//! Every `ALTER TABLE` takes its lock for a moment; only what holds it while rows are read or written is told here.

use data::structure::{ChangeCost, LockKind};

/// Nobody notices.
pub(super) fn free() -> ChangeCost {
    ChangeCost::default()
}

fn noted(lock: LockKind, rewrite: bool, note: &str) -> ChangeCost {
    ChangeCost { lock, rewrite, loss: None, note: Some(note.to_owned()) }
}

/// Data goes.
pub(super) fn loses(what: &str) -> ChangeCost {
    ChangeCost { loss: Some(what.to_owned()), ..ChangeCost::default() }
}

pub(super) fn create_index() -> ChangeCost {
    noted(LockKind::Writes, false, "reads the table; run it by hand with CONCURRENTLY to let others write meanwhile")
}

pub(super) fn add_foreign_key() -> ChangeCost {
    noted(LockKind::Writes, false, "reads the table to check its rows; both tables cannot be written meanwhile")
}

pub(super) fn add_check() -> ChangeCost {
    noted(LockKind::All, false, "reads the table to check its rows; fails where one breaks the condition")
}

pub(super) fn add_primary_key() -> ChangeCost {
    noted(LockKind::All, false, "reads the table and builds an index; fails where values are NULL or not unique")
}

pub(super) fn set_not_null() -> ChangeCost {
    noted(LockKind::All, false, "reads the table to check its rows; fails where a value is NULL")
}

pub(super) fn migrate_data() -> ChangeCost {
    noted(LockKind::All, true, "moves all rows into chunks")
}

pub(super) fn rewrite(note: &str) -> ChangeCost {
    noted(LockKind::All, true, note)
}

pub(super) fn note(note: &str) -> ChangeCost {
    noted(LockKind::None, false, note)
}

/// A change of type: its cost, and whether it needs a cast of its own.
pub(super) struct TypeChange {
    pub(super) cost: ChangeCost,
    pub(super) cast: bool,
}

/// What turning a column of one type into another means; both in the server's canonical spelling.
pub(super) fn type_change(from: &str, to: &str) -> TypeChange {
    let (old, new) = (Parts::of(from), Parts::of(to));
    let free = |note: Option<&str>| TypeChange {
        cost: ChangeCost { note: note.map(str::to_owned), ..ChangeCost::default() },
        cast: false,
    };
    let rewritten = |loss: Option<&str>, cast: bool| TypeChange {
        cost: ChangeCost { lock: LockKind::All, rewrite: true, loss: loss.map(str::to_owned), note: None },
        cast,
    };
    const TOO_LONG: &str = "text that is too long makes the change fail; spaces at its end are cut";
    const NO_FIT: &str = "values that do not fit make the change fail";
    match (old.word, new.word) {
        ("character varying", "character varying") => match (old.length, new.length) {
            (_, None) => free(None),
            (Some(old), Some(new)) if old <= new => free(None),
            _ => rewritten(Some(TOO_LONG), false),
        },
        ("character varying", "text") => free(None),
        ("text", "character varying") if new.length.is_none() => free(None),
        ("text" | "character", "character varying") | ("text" | "character varying", "character") => {
            match (old.length, new.length) {
                (Some(old), Some(new)) if old <= new => rewritten(None, false),
                (_, None) => rewritten(None, false),
                _ => rewritten(Some(TOO_LONG), false),
            }
        }
        ("character", "text") => rewritten(Some("spaces at the end are cut"), false),
        ("numeric", "numeric") => match (old.precision(), new.precision()) {
            (_, None) => free(None),
            (Some((old, scale)), Some((new, same))) if scale == same && old <= new => free(None),
            (Some((old, less)), Some((new, more))) if less <= more && old - less <= new - more => {
                rewritten(None, false)
            }
            _ => rewritten(
                Some("decimals beyond the new scale are rounded; numbers too large make the change fail"),
                false,
            ),
        },
        (a, b) if integer(a).is_some() && integer(b).is_some() => {
            let fits = integer(a) <= integer(b);
            rewritten((!fits).then_some(NO_FIT), false)
        }
        (a, "numeric") if integer(a).is_some() => {
            let whole = new.precision().map_or(i64::MAX, |(precision, scale)| precision - scale);
            rewritten((whole < digits(a)).then_some(NO_FIT), false)
        }
        ("numeric", b) if integer(b).is_some() => {
            rewritten(Some("decimals are rounded; numbers too large make the change fail"), false)
        }
        ("real", "double precision") => rewritten(None, false),
        ("smallint" | "integer", "double precision") | ("smallint", "real") => rewritten(None, false),
        ("double precision" | "numeric" | "integer" | "bigint", "real" | "double precision") => {
            rewritten(Some("numbers are rounded to what the type holds"), false)
        }
        ("real" | "double precision", "numeric") => rewritten(
            Some("numbers are rounded to 6 or 15 digits; NaN stays, what is too large makes the change fail"),
            false,
        ),
        ("real" | "double precision", b) if integer(b).is_some() => {
            rewritten(Some("fractions are rounded; numbers too large make the change fail"), false)
        }
        ("timestamp without time zone", "timestamp without time zone")
        | ("timestamp with time zone", "timestamp with time zone")
        | ("time without time zone", "time without time zone")
        | ("interval", "interval") => {
            if old.length.unwrap_or(6) <= new.length.unwrap_or(6) {
                free(None)
            } else {
                rewritten(Some("fractions of a second are rounded"), false)
            }
        }
        ("timestamp without time zone", "timestamp with time zone")
        | ("timestamp with time zone", "timestamp without time zone") => {
            let mut change = rewritten(None, false);
            change.cost.note = Some("times are taken as UTC".to_owned());
            if old.length.unwrap_or(6) > new.length.unwrap_or(6) {
                change.cost.loss = Some("fractions of a second are rounded".to_owned());
            }
            change
        }
        ("date", "timestamp without time zone" | "timestamp with time zone") => rewritten(None, false),
        ("timestamp without time zone" | "timestamp with time zone", "date") => {
            rewritten(Some("the time of day is cut"), false)
        }
        ("cidr", "inet") => free(None),
        ("json", "jsonb") => rewritten(Some("order and repetition of keys are lost"), true),
        // Everything has a text, and it is the same after the way back.
        (_, "text") => rewritten(None, true),
        (_, "character varying") if new.length.is_none() => rewritten(None, true),
        _ => rewritten(
            Some("values that cannot be cast make the change fail; others may lose what the new type does not hold"),
            true,
        ),
    }
}

fn integer(word: &str) -> Option<u8> {
    match word {
        "smallint" => Some(2),
        "integer" => Some(4),
        "bigint" => Some(8),
        _ => None,
    }
}

/// Digits of the largest number.
fn digits(word: &str) -> i64 {
    match word {
        "smallint" => 5,
        "integer" => 10,
        _ => 19,
    }
}

/// A type in its parts: `timestamp(3) without time zone`.
struct Parts<'a> {
    word: &'a str,
    length: Option<i64>,
    scale: Option<i64>,
}

impl<'a> Parts<'a> {
    fn of(native: &'a str) -> Self {
        let inside = native.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(inside, _)| inside);
        let mut numbers = inside.unwrap_or_default().split(',').map(|number| number.trim().parse().ok());
        let (length, scale) = (numbers.next().flatten(), numbers.next().flatten());
        let word = match native {
            _ if native.ends_with("[]") => native,
            _ if native.starts_with("timestamp") && native.ends_with("with time zone") => "timestamp with time zone",
            _ if native.starts_with("timestamp") => "timestamp without time zone",
            _ if native.starts_with("time") && native.ends_with("without time zone") => "time without time zone",
            _ => native.split('(').next().unwrap_or(native).trim(),
        };
        Self { word, length, scale }
    }

    fn precision(&self) -> Option<(i64, i64)> {
        self.length.map(|length| (length, self.scale.unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_a_change_of_type_are_told() {
        let check = |from: &str, to: &str, rewrite: bool, loss: bool| {
            let cost = type_change(from, to).cost;
            assert_eq!((cost.rewrite, cost.loss.is_some()), (rewrite, loss), "{from} to {to}: {cost:?}");
            assert_eq!(cost.lock == LockKind::All, rewrite, "{from} to {to}");
        };
        check("integer", "bigint", true, false);
        check("bigint", "integer", true, true);
        check("character varying(20)", "character varying(50)", false, false);
        check("character varying(50)", "character varying(20)", true, true);
        check("character varying(50)", "text", false, false);
        check("text", "character varying(20)", true, true);
        check("numeric(10,4)", "numeric(12,4)", false, false);
        check("numeric(10,4)", "numeric(12,6)", true, false);
        check("numeric(10,4)", "numeric(10,2)", true, true);
        check("numeric(10,4)", "numeric", false, false);
        check("integer", "numeric(20,0)", true, false);
        check("bigint", "numeric(10,0)", true, true);
        check("double precision", "real", true, true);
        check("timestamp(3) without time zone", "timestamp without time zone", false, false);
        check("timestamp with time zone", "timestamp(3) with time zone", true, true);
        check("timestamp without time zone", "timestamp with time zone", true, false);
        check("timestamp without time zone", "date", true, true);
        check("uuid", "text", true, false);
        check("text", "uuid", true, true);
        check("integer[]", "bigint[]", true, true);
    }
}
