//! Defaults, conditions and computed columns, from one system's SQL to another's: only what surely means the same there.
//!
//! Everything else is left out and told, since a wrong constraint is worse than none.

use super::sql::{self, Piece, literal, pieces};
use super::types::Neutral;
use data::System;
use std::collections::BTreeMap;

/// Words that mean the same everywhere.
const KEYWORDS: [&str; 9] = ["AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "TRUE", "FALSE"];
/// Functions that mean the same everywhere.
const FUNCTIONS: [&str; 3] = ["coalesce", "nullif", "abs"];

/// A condition or expression over columns in the target's SQL; `names` are the target's names of the source's columns.
pub(super) fn translate(from: System, to: System, text: &str, names: &BTreeMap<String, String>) -> Option<String> {
    let found = array_as_list(without_casts(pieces(from, text)?));
    let mut words: Vec<String> = Vec::with_capacity(found.len());
    for (index, piece) in found.iter().enumerate() {
        let next = found.get(index + 1);
        let column = |name: &str| {
            let own = names
                .get(name)
                .or_else(|| names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, target)| target));
            own.map(|target| sql::quote(to, target))
        };
        words.push(match piece {
            Piece::Name(name) => column(name)?,
            Piece::Word(word) if word.starts_with('_') && matches!(next, Some(Piece::Text(_))) => continue,
            Piece::Word(word) => match column(word) {
                Some(column) => column,
                None if KEYWORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) => word.to_uppercase(),
                None if FUNCTIONS.iter().any(|known| known.eq_ignore_ascii_case(word)) => word.to_lowercase(),
                None => return None,
            },
            Piece::Text(text) => literal(to, text),
            Piece::Number(number) => number.clone(),
            Piece::Sign(sign) => match sign.as_str() {
                "!=" => "<>".to_owned(),
                "(" | ")" | "," | "+" | "-" | "*" | "=" | "<" | ">" | "<=" | ">=" | "<>" => sign.clone(),
                _ => return None,
            },
        });
    }
    let text = words.join(" ").replace("( ", "(").replace(" )", ")").replace(" ,", ",");
    Some(text)
}

/// Without PostgreSQL's casts to text and numbers, which it adds to every literal.
fn without_casts(found: Vec<Piece>) -> Vec<Piece> {
    let mut kept = Vec::with_capacity(found.len());
    let mut rest = found.into_iter().peekable();
    while let Some(piece) = rest.next() {
        if piece != Piece::Sign("::".to_owned()) {
            kept.push(piece);
            continue;
        }
        let plain = ["text", "character", "varchar", "bpchar", "numeric", "integer", "bigint", "smallint"];
        match rest.peek() {
            Some(Piece::Word(word)) if plain.contains(&word.to_lowercase().as_str()) => {
                rest.next();
            }
            _ => {
                kept.push(piece);
                continue;
            }
        }
        while matches!(rest.peek(), Some(Piece::Word(word)) if word.eq_ignore_ascii_case("varying"))
            || matches!(rest.peek(), Some(Piece::Sign(sign)) if sign == "[" || sign == "]")
        {
            let closes = matches!(rest.peek(), Some(Piece::Sign(sign)) if sign == "]");
            // The bracket that closes an ARRAY[…] is not the cast's.
            if closes && kept.iter().rev().any(|piece| *piece == Piece::Sign("[".to_owned())) && !opened_by_cast(&kept)
            {
                break;
            }
            rest.next();
        }
    }
    kept
}

/// Whether every list that was opened is closed again.
fn opened_by_cast(kept: &[Piece]) -> bool {
    let count = |sign: &str| kept.iter().filter(|piece| **piece == Piece::Sign(sign.to_owned())).count();
    count("[") == count("]")
}

/// `= ANY (ARRAY['a', 'b'])` as `IN ('a', 'b')`.
fn array_as_list(found: Vec<Piece>) -> Vec<Piece> {
    let sign = |text: &str| Piece::Sign(text.to_owned());
    let is_word =
        |piece: Option<&Piece>, text: &str| matches!(piece, Some(Piece::Word(word)) if word.eq_ignore_ascii_case(text));
    let mut kept = Vec::with_capacity(found.len());
    let mut at = 0;
    while at < found.len() {
        if found[at] == sign("=") && is_word(found.get(at + 1), "any") {
            let inside = (at + 2..found.len()).find(|place| found[*place] != sign("("));
            let opens = inside.map_or(0, |place| place - at - 2);
            if let Some(array) = inside.filter(|place| is_word(found.get(*place), "array"))
                && let Some(close) = (array..found.len()).find(|place| found[*place] == sign("]"))
            {
                kept.extend([Piece::Word("IN".to_owned()), sign("(")]);
                kept.extend_from_slice(&found[array + 2..close]);
                kept.push(sign(")"));
                at = close + 1 + opens;
                continue;
            }
        }
        kept.push(found[at].clone());
        at += 1;
    }
    kept
}

/// A default in the target's SQL: `Ok(None)` where there is none, an error where it has no peer.
pub(super) fn default(
    from: System,
    to: System,
    text: &str,
    neutral: &Neutral,
    spelled: &str,
) -> Result<Option<String>, ()> {
    let bare = text.trim().trim_start_matches('(').to_lowercase();
    let is_now = ["current_timestamp", "now(", "localtimestamp", "transaction_timestamp(", "datetime('now')"]
        .iter()
        .any(|word| bare.starts_with(word));
    if is_now {
        return match neutral {
            Neutral::Timestamp(_) | Neutral::Instant(_) => Ok(Some(now(to, spelled))),
            _ => Err(()),
        };
    }
    if ["current_date", "curdate("].iter().any(|word| bare.starts_with(word)) {
        return match (neutral, to) {
            (Neutral::Date, System::Mysql) => Ok(Some("(curdate())".to_owned())),
            (Neutral::Date, _) => Ok(Some("CURRENT_DATE".to_owned())),
            _ => Err(()),
        };
    }
    if ["gen_random_uuid(", "uuid("].iter().any(|word| bare.starts_with(word)) {
        return match to {
            System::Postgres => Ok(Some("gen_random_uuid()".to_owned())),
            System::Mysql => Ok(Some("(uuid())".to_owned())),
            _ => Err(()),
        };
    }
    let mut found = without_casts(pieces(from, text).ok_or(())?);
    while found.first() == Some(&Piece::Sign("(".to_owned())) && found.last() == Some(&Piece::Sign(")".to_owned())) {
        found.remove(0);
        found.pop();
    }
    let value = match found.as_slice() {
        [Piece::Word(word)] if word.eq_ignore_ascii_case("null") => return Ok(None),
        [Piece::Word(word)] if word.eq_ignore_ascii_case("true") => "1".to_owned(),
        [Piece::Word(word)] if word.eq_ignore_ascii_case("false") => "0".to_owned(),
        [Piece::Text(text)] | [Piece::Text(text), Piece::Sign(_), Piece::Word(_)] => text.clone(),
        [Piece::Word(b), Piece::Text(bits)] if b.eq_ignore_ascii_case("b") && bits.len() < 64 => {
            u64::from_str_radix(bits, 2).map_err(|_| ())?.to_string()
        }
        [Piece::Number(number)] => number.clone(),
        [Piece::Sign(minus), Piece::Number(number)] if minus == "-" => format!("-{number}"),
        _ => return Err(()),
    };
    let is_true = match value.to_lowercase().as_str() {
        "1" | "t" | "true" => Some(true),
        "0" | "f" | "false" => Some(false),
        _ => None,
    };
    let is_boolean = matches!(neutral, Neutral::Bool | Neutral::TinyBool | Neutral::Bits(1));
    Ok(Some(match (neutral, is_true) {
        (_, Some(flag)) if is_boolean && spelled == "boolean" => flag.to_string().to_uppercase(),
        (_, Some(flag)) if is_boolean => u8::from(flag).to_string(),
        (Neutral::Date | Neutral::Timestamp(_) | Neutral::Instant(_), _) if value.starts_with("0000") => return Err(()),
        (
            Neutral::Int { .. }
            | Neutral::Single
            | Neutral::Double
            | Neutral::Decimal(_)
            | Neutral::Year
            | Neutral::TinyBool
            | Neutral::Bits(_),
            _,
        ) if value.parse::<f64>().is_ok() => value,
        (Neutral::Bytes(_) | Neutral::Geometry | Neutral::Other(_) | Neutral::Address | Neutral::Span, _) => {
            return Err(());
        }
        // An endless text of MySQL takes an expression only.
        _ if to == System::Mysql && spelled.starts_with("long") => format!("({})", literal(to, &value)),
        _ => literal(to, &value),
    }))
}

/// The moment a row is written; MySQL wants as many digits of a second as the column has.
fn now(to: System, spelled: &str) -> String {
    let digits = spelled.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(digits, _)| digits);
    match to {
        System::Mysql if !digits.is_empty() && digits != "0" => format!("current_timestamp({digits})"),
        System::Mysql => "current_timestamp()".to_owned(),
        _ => "CURRENT_TIMESTAMP".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::{Place, spell};
    use super::*;

    fn names() -> BTreeMap<String, String> {
        [("price", "price"), ("status", "state"), ("n", "n")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    }

    #[test]
    fn conditions_that_mean_the_same_are_carried_over() {
        let check = |from, to, text: &str, expected: Option<&str>| {
            assert_eq!(translate(from, to, text, &names()).as_deref(), expected, "{text}");
        };
        let (postgres, mysql) = (System::Postgres, System::Mysql);
        check(mysql, postgres, "`price` > 0 and `n` between 1 and 9", Some("\"price\" > 0 AND \"n\" BETWEEN 1 AND 9"));
        check(mysql, postgres, "(`status` in (_utf8mb4'a','b'))", Some("(\"state\" IN ('a', 'b'))"));
        check(
            postgres,
            mysql,
            "((status)::text = ANY ((ARRAY['new'::character varying, 'old'::character varying])::text[]))",
            Some("((`state`) IN ('new', 'old'))"),
        );
        check(postgres, mysql, "(price > (0)::numeric)", Some("(`price` > (0))"));
        check(mysql, postgres, "json_valid(`price`)", None);
        check(mysql, postgres, "`price` / 2 > 1", None);
        check(mysql, postgres, "`other` > 1", None);
        check(mysql, postgres, "`price` % 2 = 0", None);
    }

    #[test]
    fn defaults_are_carried_over_where_they_have_a_peer() {
        let check = |from, to, text: &str, neutral: &Neutral, expected: Result<Option<&str>, ()>| {
            let spelled = spell(to, neutral, Place::default());
            let found = default(from, to, text, neutral, &spelled);
            assert_eq!(found, expected.map(|text| text.map(ToOwned::to_owned)), "{text}");
        };
        let (postgres, mysql, sqlite) = (System::Postgres, System::Mysql, System::Sqlite);
        let int = Neutral::Int { bits: 32, unsigned: false };
        check(mysql, postgres, "'0'", &int, Ok(Some("0")));
        check(mysql, postgres, "1", &Neutral::TinyBool, Ok(Some("TRUE")));
        check(mysql, postgres, "b'0'", &Neutral::Bits(1), Ok(Some("FALSE")));
        check(mysql, postgres, "'it''s'", &Neutral::Text(None), Ok(Some("'it''s'")));
        check(mysql, postgres, "NULL", &int, Ok(None));
        check(mysql, postgres, "current_timestamp(6)", &Neutral::Timestamp(6), Ok(Some("CURRENT_TIMESTAMP")));
        check(mysql, postgres, "'0000-00-00 00:00:00'", &Neutral::Timestamp(0), Err(()));
        check(mysql, postgres, "rand()", &Neutral::Double, Err(()));
        check(postgres, mysql, "'x'::character varying", &Neutral::Text(Some(9)), Ok(Some("'x'")));
        check(postgres, mysql, "'x'::text", &Neutral::Text(None), Ok(Some("('x')")));
        check(postgres, mysql, "true", &Neutral::Bool, Ok(Some("1")));
        check(postgres, mysql, "now()", &Neutral::Instant(3), Ok(Some("current_timestamp(3)")));
        check(postgres, mysql, "'-1'::integer", &int, Ok(Some("-1")));
        check(postgres, sqlite, "gen_random_uuid()", &Neutral::Uuid, Err(()));
    }
}
