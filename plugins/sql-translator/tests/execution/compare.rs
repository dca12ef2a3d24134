//! Which rows are the same: numbers by value, moments without idle zeros, JSON by content, all else as text.

/// What a value is compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Float,
    Truth,
    Moment,
    Text,
}

/// Rows as texts, with what each column is compared as.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    /// What differs, if something does.
    pub(crate) fn difference(expected: &Self, found: &Self, ordered: bool) -> Option<String> {
        if expected.rows.len() != found.rows.len() {
            return Some(format!(
                "{} rows became {}: {:?} / {:?}",
                expected.rows.len(),
                found.rows.len(),
                head(expected),
                head(found)
            ));
        }
        let same = |left: &[Option<String>], right: &[Option<String>]| {
            left.len() == right.len()
                && left.iter().zip(right).enumerate().all(|(at, (left, right))| {
                    let kind = |rows: &Self| rows.kinds.get(at).copied().unwrap_or(Kind::Text);
                    same_value(left.as_deref(), right.as_deref(), kind(expected), kind(found))
                })
        };
        if ordered {
            for (left, right) in expected.rows.iter().zip(&found.rows) {
                if !same(left, right) {
                    return Some(format!("{left:?} became {right:?}"));
                }
            }
            return None;
        }
        let mut rest: Vec<&Vec<Option<String>>> = found.rows.iter().collect();
        for row in &expected.rows {
            match rest.iter().position(|other| same(row, other)) {
                Some(at) => {
                    rest.swap_remove(at);
                }
                None => return Some(format!("{row:?} is missing among {:?}", rest.iter().take(4).collect::<Vec<_>>())),
            }
        }
        None
    }
}

fn head(rows: &Rows) -> Vec<&Vec<Option<String>>> {
    rows.rows.iter().take(3).collect()
}

fn same_value(left: Option<&str>, right: Option<&str>, left_kind: Kind, right_kind: Kind) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return left.is_none() && right.is_none() };
    if left == right {
        return true;
    }
    let truth = |text: &str, kind: Kind| match (kind, text) {
        (Kind::Truth, "t" | "true") => "1".to_owned(),
        (Kind::Truth, "f" | "false") => "0".to_owned(),
        (_, text) => text.to_owned(),
    };
    let (left, right) = (truth(left, left_kind), truth(right, right_kind));
    let numeric = |kind: Kind| matches!(kind, Kind::Number | Kind::Float | Kind::Truth);
    if numeric(left_kind) && numeric(right_kind) {
        let (Ok(a), Ok(b)) = (left.parse::<f64>(), right.parse::<f64>()) else { return false };
        let floats = left_kind == Kind::Float || right_kind == Kind::Float;
        // Decimals are held to all digits that fit; whole numbers to the last one.
        let whole = !left.contains(['.', 'e', 'E']) && !right.contains(['.', 'e', 'E']);
        if whole {
            return left == right;
        }
        let close = if floats { 1e-9 } else { 1e-14 };
        return (a - b).abs() <= close * a.abs().max(b.abs()).max(1e-300) || a == b;
    }
    if left_kind == Kind::Moment || right_kind == Kind::Moment {
        return plain_moment(&left) == plain_moment(&right);
    }
    if left.starts_with(['{', '[']) && right.starts_with(['{', '[']) {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        if let (Some(left), Some(right)) = (parse(&left), parse(&right)) {
            return same_json(&left, &right);
        }
    }
    left == right
}

fn same_json(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value as V;
    match (left, right) {
        (V::Number(a), V::Number(b)) => a.as_f64() == b.as_f64(),
        (V::Array(a), V::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b)),
        (V::Object(a), V::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same_json(value, other)))
        }
        (left, right) => left == right,
    }
}

/// Without a zone of zero and without zeros at the end of a fraction.
fn plain_moment(text: &str) -> String {
    let text = text.strip_suffix("+00").unwrap_or(text).replace('T', " ");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
