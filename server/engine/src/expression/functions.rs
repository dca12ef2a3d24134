//! The functions that expressions may call, all of them: rhai's own library is not loaded.
//!
//! Each takes and gives JSON-like values and changes nothing, so `upper(x)` and `x.upper()` are the same.
//! The moment, the time zone and what failed before come in by the engine's tag ([`Moment`]).

use super::value::{display, kind_of};
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use rhai::{Array, Dynamic, EvalAltResult, FuncRegistration, Module, NativeCallContext};
use std::sync::{Arc, LazyLock};

type Answer = Result<Dynamic, Box<EvalAltResult>>;

/// What is published of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub usage: &'static str,
    /// What it gives, for people.
    pub summary: &'static str,
}

const fn function(name: &'static str, usage: &'static str, summary: &'static str) -> Function {
    Function { name, usage, summary }
}

/// Every function that expressions may call.
pub const FUNCTIONS: &[Function] = &[
    function("today", "today()", "today's date as `2024-01-31`, in the run's time zone"),
    function("now", "now()", "this moment as RFC 3339, in the run's time zone"),
    function("days_ago", "days_ago(n)", "the date `n` days before today"),
    function("add_days", "add_days(date, n)", "the date `n` days after `date`"),
    function("format_date", "format_date(date, pattern)", "a date or moment spelled by a strftime pattern"),
    function("always", "always()", "true; the step runs even where something before it failed"),
    function("failed", "failed()", "whether a step failed before this one"),
    function("default", "default(x, y)", "`x`, or `y` where `x` is null"),
    function("len", "len(x)", "how many characters, items or keys `x` has"),
    function("is_empty", "is_empty(x)", "whether `x` is null or has no characters, items or keys"),
    function("has", "has(map, key)", "whether the mapping has the key"),
    function("keys", "keys(map)", "the mapping's keys"),
    function("values", "values(map)", "the mapping's values"),
    function("contains", "contains(x, y)", "whether text, list or mapping `x` has `y` in it"),
    function("starts_with", "starts_with(text, start)", "whether the text starts so"),
    function("ends_with", "ends_with(text, end)", "whether the text ends so"),
    function("upper", "upper(text)", "the text in upper case"),
    function("lower", "lower(text)", "the text in lower case"),
    function("trim", "trim(text)", "the text without white space around it"),
    function("replace", "replace(text, old, new)", "the text with every `old` replaced"),
    function("substring", "substring(text, start, count)", "`count` characters from `start` (counted from 0)"),
    function("split", "split(text, separator)", "the list of the text's parts"),
    function("join", "join(list, separator)", "the items as one text"),
    function("first", "first(list)", "the first item, null where there is none"),
    function("last", "last(list)", "the last item, null where there is none"),
    function("sum", "sum(list)", "the sum of the numbers"),
    function("range", "range(from, to)", "the list of the whole numbers from `from` to `to`, at most 10,000"),
    function("min", "min(a, b)", "the smaller one"),
    function("max", "max(a, b)", "the larger one"),
    function("abs", "abs(number)", "the number without its sign"),
    function("round", "round(number, digits)", "the number rounded to so many digits; `digits` may be left out"),
    function("integer", "integer(x)", "a text or number as a whole number"),
    function("number", "number(x)", "a text or number as a number"),
    function("text", "text(x)", "anything as text"),
    function("json", "json(x)", "anything as JSON text"),
    function("parse_json", "parse_json(text)", "the value that a JSON text spells"),
];

/// What the functions know of the moment they are called in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: DateTime<Utc>,
    pub(super) timezone: Tz,
    pub(super) failed: bool,
}

/// The functions as a module, made once.
pub(super) static MODULE: LazyLock<Arc<Module>> = LazyLock::new(|| {
    let mut module = Module::new();
    register_moment(&mut module);
    register_any(&mut module);
    register_text(&mut module);
    register_list(&mut module);
    register_number(&mut module);
    module.build_index();
    Arc::new(module)
});

/// The longest text a function makes, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

fn refuse<T>(message: impl Into<String>) -> Result<T, Box<EvalAltResult>> {
    Err(message.into().into())
}

fn moment(context: &NativeCallContext<'_>) -> Moment {
    context.tag().and_then(|tag| tag.clone().try_cast::<Moment>()).expect("every evaluation sets its moment")
}

fn text(value: Dynamic, of: &str) -> Result<String, Box<EvalAltResult>> {
    if value.is_string() || value.is_char() {
        return Ok(value.to_string());
    }
    refuse(format!("`{of}` wants text, not {}", kind_of(&value)))
}

fn list(value: Dynamic, of: &str) -> Result<Array, Box<EvalAltResult>> {
    let kind = kind_of(&value);
    value.into_array().or_else(|_| refuse(format!("`{of}` wants a list, not {kind}")))
}

fn map(value: Dynamic, of: &str) -> Result<rhai::Map, Box<EvalAltResult>> {
    let kind = kind_of(&value);
    value.try_cast::<rhai::Map>().map_or_else(|| refuse(format!("`{of}` wants a mapping, not {kind}")), Ok)
}

fn float(value: &Dynamic, of: &str) -> Result<f64, Box<EvalAltResult>> {
    match (value.as_float(), value.as_int()) {
        (Ok(float), _) => Ok(float),
        #[allow(clippy::cast_precision_loss)]
        (_, Ok(int)) => Ok(int as f64),
        _ => refuse(format!("`{of}` wants a number, not {}", kind_of(value))),
    }
}

fn bounded(text: String) -> Answer {
    if text.len() > MAX_TEXT { refuse("the text grows beyond 1 MiB") } else { Ok(text.into()) }
}

fn register_moment(module: &mut Module) {
    fn shifted(date: NaiveDate, days: i64) -> Answer {
        let count = Days::new(days.unsigned_abs());
        let shifted = if days < 0 { date.checked_sub_days(count) } else { date.checked_add_days(count) };
        let Some(shifted) = shifted else { return refuse("the date lies beyond the calendar") };
        Ok(shifted.to_string().into())
    }
    let today = |context: &NativeCallContext<'_>| {
        let moment = moment(context);
        moment.now.with_timezone(&moment.timezone).date_naive()
    };
    set("today").set_into_module(module, move |context: NativeCallContext<'_>| today(&context).to_string());
    set("now").set_into_module(module, |context: NativeCallContext<'_>| {
        let moment = moment(&context);
        moment.now.with_timezone(&moment.timezone).to_rfc3339_opts(SecondsFormat::Secs, true)
    });
    set("days_ago").set_into_module(module, move |context: NativeCallContext<'_>, days: i64| {
        let Some(days) = days.checked_neg() else { return refuse("the date lies beyond the calendar") };
        shifted(today(&context), days)
    });
    set("add_days").set_into_module(module, |date: Dynamic, days: i64| -> Answer {
        shifted(instant(&text(date, "add_days")?)?.date(), days)
    });
    set("format_date").set_into_module(module, |date: Dynamic, pattern: Dynamic| -> Answer {
        let pattern = text(pattern, "format_date")?;
        // A pattern that chrono cannot read would make it panic while it prints.
        let items: Vec<Item<'_>> = StrftimeItems::new(&pattern).collect();
        if items.iter().any(|item| matches!(item, Item::Error)) || pattern.contains('z') || pattern.contains('Z') {
            return refuse(format!("`{pattern}` is not a pattern for a date"));
        }
        let instant = instant(&text(date, "format_date")?)?;
        let mut out = String::new();
        match std::fmt::Write::write_fmt(&mut out, format_args!("{}", instant.format_with_items(items.iter()))) {
            Ok(()) => bounded(out),
            Err(_) => refuse(format!("`{pattern}` is not a pattern for a date")),
        }
    });
    set("always").set_into_module(module, || true);
    set("failed").set_into_module(module, |context: NativeCallContext<'_>| moment(&context).failed);
}

/// The moment spelled by a date, a date and time, or RFC 3339.
fn instant(text: &str) -> Result<NaiveDateTime, Box<EvalAltResult>> {
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(NaiveDateTime::from)
        .or_else(|_| DateTime::parse_from_rfc3339(text).map(|moment| moment.naive_local()))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"));
    let shown: String = text.chars().take(40).collect();
    read.or_else(|_| refuse(format!("`{shown}` is not a date; write it as `2024-01-31`")))
}

fn set(name: &'static str) -> FuncRegistration {
    FuncRegistration::new(name).in_global_namespace()
}

fn register_any(module: &mut Module) {
    // `default` is a reserved word of rhai; the respelled expression calls it so.
    set("or_else").set_into_module(module, |x: Dynamic, y: Dynamic| if x.is_unit() { y } else { x });
    set("len").set_into_module(module, |x: Dynamic| -> Answer {
        match length(&x) {
            Some(length) => Ok(length.into()),
            None => refuse(format!("`len` wants text, a list or a mapping, not {}", kind_of(&x))),
        }
    });
    set("is_empty").set_into_module(module, |x: Dynamic| -> Answer {
        match length(&x) {
            _ if x.is_unit() => Ok(true.into()),
            Some(length) => Ok((length == 0).into()),
            None => refuse(format!("`is_empty` wants text, a list or a mapping, not {}", kind_of(&x))),
        }
    });
    set("has").set_into_module(module, |x: Dynamic, key: Dynamic| -> Answer {
        let key = text(key, "has")?;
        Ok(map(x, "has")?.contains_key(key.as_str()).into())
    });
    set("keys").set_into_module(module, |x: Dynamic| -> Answer {
        let keys: Array = map(x, "keys")?.into_keys().map(|key| key.to_string().into()).collect();
        Ok(keys.into())
    });
    set("values").set_into_module(module, |x: Dynamic| -> Answer {
        let values: Array = map(x, "values")?.into_values().collect();
        Ok(values.into())
    });
    set("contains").set_into_module(module, |x: Dynamic, y: Dynamic| -> Answer {
        if x.is_array() {
            let wanted = super::value::to_json(&y)?;
            for item in list(x, "contains")? {
                if super::value::to_json(&item)? == wanted {
                    return Ok(true.into());
                }
            }
            return Ok(false.into());
        }
        let y = text(y, "contains")?;
        if x.is_map() {
            return Ok(map(x, "contains")?.contains_key(y.as_str()).into());
        }
        Ok(text(x, "contains")?.contains(&y).into())
    });
    set("text").set_into_module(module, |x: Dynamic| -> Answer { bounded(display(&x)?) });
    set("json").set_into_module(module, |x: Dynamic| -> Answer { bounded(super::value::to_json(&x)?.to_string()) });
    set("parse_json").set_into_module(module, |x: Dynamic| -> Answer {
        let text = text(x, "parse_json")?;
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => Ok(super::value::from_json(&value)),
            Err(error) => refuse(format!("the text is not JSON: {error}")),
        }
    });
}

fn length(x: &Dynamic) -> Option<i64> {
    let length = if x.is_array() {
        x.as_array_ref().map(|list| list.len()).ok()
    } else if x.is_map() {
        x.as_map_ref().map(|map| map.len()).ok()
    } else if x.is_string() {
        x.as_immutable_string_ref().map(|text| text.chars().count()).ok()
    } else {
        None
    };
    length.and_then(|length| i64::try_from(length).ok())
}

fn register_text(module: &mut Module) {
    set("starts_with").set_into_module(module, |x: Dynamic, y: Dynamic| -> Answer {
        Ok(text(x, "starts_with")?.starts_with(&text(y, "starts_with")?).into())
    });
    set("ends_with").set_into_module(module, |x: Dynamic, y: Dynamic| -> Answer {
        Ok(text(x, "ends_with")?.ends_with(&text(y, "ends_with")?).into())
    });
    set("upper").set_into_module(module, |x: Dynamic| -> Answer { bounded(text(x, "upper")?.to_uppercase()) });
    set("lower").set_into_module(module, |x: Dynamic| -> Answer { bounded(text(x, "lower")?.to_lowercase()) });
    set("trim").set_into_module(module, |x: Dynamic| -> Answer { Ok(text(x, "trim")?.trim().to_owned().into()) });
    set("replace").set_into_module(module, |x: Dynamic, old: Dynamic, new: Dynamic| -> Answer {
        let (x, old, new) = (text(x, "replace")?, text(old, "replace")?, text(new, "replace")?);
        if old.is_empty() {
            return refuse("`replace` cannot replace the empty text");
        }
        let count = x.matches(&old).count();
        if x.len().saturating_add(count.saturating_mul(new.len())) > 2 * MAX_TEXT {
            return refuse("the text grows beyond 1 MiB");
        }
        bounded(x.replace(&old, &new))
    });
    set("substring").set_into_module(module, |x: Dynamic, start: i64, count: i64| -> Answer {
        let (Ok(start), Ok(count)) = (usize::try_from(start), usize::try_from(count)) else {
            return refuse("`substring` wants a start and a count of at least 0");
        };
        Ok(text(x, "substring")?.chars().skip(start).take(count).collect::<String>().into())
    });
    set("split").set_into_module(module, |x: Dynamic, separator: Dynamic| -> Answer {
        let (x, separator) = (text(x, "split")?, text(separator, "split")?);
        if separator.is_empty() {
            return refuse("`split` wants a separator");
        }
        let parts: Array = x.split(&separator).map(|part| part.to_owned().into()).collect();
        Ok(parts.into())
    });
    // Text and anything else, in either order; rhai itself joins text with text.
    set("+").set_into_module(module, |x: rhai::ImmutableString, y: Dynamic| -> Answer {
        bounded(format!("{x}{}", display(&y)?))
    });
    set("+").set_into_module(module, |x: Dynamic, y: rhai::ImmutableString| -> Answer {
        bounded(format!("{}{y}", display(&x)?))
    });
}

fn register_list(module: &mut Module) {
    set("join").set_into_module(module, |x: Dynamic, separator: Dynamic| -> Answer {
        let separator = text(separator, "join")?;
        let mut out = String::new();
        for (index, item) in list(x, "join")?.iter().enumerate() {
            if index > 0 {
                out.push_str(&separator);
            }
            out.push_str(&display(item)?);
            if out.len() > MAX_TEXT {
                return refuse("the text grows beyond 1 MiB");
            }
        }
        Ok(out.into())
    });
    set("first").set_into_module(module, |x: Dynamic| -> Answer {
        Ok(list(x, "first")?.into_iter().next().unwrap_or(Dynamic::UNIT))
    });
    set("last").set_into_module(module, |x: Dynamic| -> Answer { Ok(list(x, "last")?.pop().unwrap_or(Dynamic::UNIT)) });
    set("sum").set_into_module(module, |x: Dynamic| -> Answer {
        let items = list(x, "sum")?;
        if items.iter().all(Dynamic::is_int) {
            let sum = items.iter().filter_map(|item| item.as_int().ok()).try_fold(0_i64, i64::checked_add);
            return sum.map_or_else(|| refuse("the sum exceeds 64 bits"), |sum| Ok(sum.into()));
        }
        let mut sum = 0.0;
        for item in &items {
            sum += float(item, "sum")?;
        }
        Ok(sum.into())
    });
    set("range").set_into_module(module, |from: i64, to: i64| -> Answer {
        if to.saturating_sub(from) >= 10_000 {
            return refuse("`range` gives at most 10,000 numbers");
        }
        let numbers: Array = (from..=to).map(Dynamic::from).collect();
        Ok(numbers.into())
    });
}

fn register_number(module: &mut Module) {
    fn smaller(x: &Dynamic, y: &Dynamic, of: &str) -> Result<bool, Box<EvalAltResult>> {
        match (x.as_int(), y.as_int()) {
            (Ok(x), Ok(y)) => Ok(x < y),
            _ if x.is_string() && y.is_string() => Ok(text(x.clone(), of)? < text(y.clone(), of)?),
            _ => Ok(float(x, of)? < float(y, of)?),
        }
    }
    set("min").set_into_module(module, |x: Dynamic, y: Dynamic| -> Answer {
        Ok(if smaller(&y, &x, "min")? { y } else { x })
    });
    set("max").set_into_module(module, |x: Dynamic, y: Dynamic| -> Answer {
        Ok(if smaller(&x, &y, "max")? { y } else { x })
    });
    set("abs").set_into_module(module, |x: Dynamic| -> Answer {
        match x.as_int() {
            Ok(int) => int.checked_abs().map_or_else(|| refuse("the number exceeds 64 bits"), |int| Ok(int.into())),
            Err(_) => Ok(float(&x, "abs")?.abs().into()),
        }
    });
    set("round").set_into_module(module, |x: Dynamic| -> Answer {
        if x.is_int() { Ok(x) } else { Ok(float(&x, "round")?.round().into()) }
    });
    set("round").set_into_module(module, |x: Dynamic, digits: i64| -> Answer {
        let Some(scale) = i32::try_from(digits).ok().filter(|digits| (0..=15).contains(digits)) else {
            return refuse("`round` wants 0 to 15 digits");
        };
        let scale = 10_f64.powi(scale);
        if x.is_int() { Ok(x) } else { Ok(((float(&x, "round")? * scale).round() / scale).into()) }
    });
    set("integer").set_into_module(module, |x: Dynamic| -> Answer {
        if x.is_int() {
            return Ok(x);
        }
        if x.is_string() {
            let text = text(x, "integer")?;
            let shown: String = text.chars().take(40).collect();
            return text
                .trim()
                .parse::<i64>()
                .map_or_else(|_| refuse(format!("`{shown}` is not a whole number")), |int| Ok(int.into()));
        }
        let float = float(&x, "integer")?;
        // The bounds are exact powers of two, so the comparison loses nothing.
        if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float) {
            return refuse(format!("`{float}` does not fit into a whole number"));
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok((float.trunc() as i64).into())
    });
    set("number").set_into_module(module, |x: Dynamic| -> Answer {
        if !x.is_string() {
            return Ok(float(&x, "number")?.into());
        }
        let text = text(x, "number")?;
        let shown: String = text.chars().take(40).collect();
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number.into()),
            _ => refuse(format!("`{shown}` is not a number")),
        }
    });
}
