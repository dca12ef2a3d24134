//! JSON: paths, operators and functions.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::ast::{BinaryOperator as Op, Expr, JsonPath, JsonPathElem, Spanned, Value};
use sqlparser::tokenizer::Span;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(i64),
}

/// `$.a.b[0]."c d"`; none for wildcards and what else no other database has.
fn parse_path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']')?;
            steps.push(Step::Index(after[..end].trim().parse().ok()?));
            rest = &after[end + 1..];
        } else if let Some(after) = rest.strip_prefix(".\"") {
            let end = after.find('"')?;
            steps.push(Step::Key(after[..end].to_owned()));
            rest = &after[end + 1..];
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let key = &after[..end];
            if key.is_empty() || key.contains('*') {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = &after[end..];
        }
    }
    Some(steps)
}

impl Emitter<'_> {
    /// A value inside JSON: as JSON, or as the text it holds.
    fn json_get(&mut self, value: &Out, steps: &[Step], as_text: bool, span: Span) -> Result<Out> {
        let ty = if as_text { Ty { ci: Some(false), ..Ty::of(Kind::Text) } } else { Ty::of(Kind::Json) };
        let dollar: String = std::iter::once("$".to_owned())
            .chain(steps.iter().map(|step| match step {
                Step::Key(key) if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => format!(".{key}"),
                Step::Key(key) => format!(".\"{key}\""),
                Step::Index(index) => format!("[{index}]"),
            }))
            .collect();
        let path = self.text(&dollar).sql;
        let v = &value.sql;
        let sql = match self.t {
            Family::Pg => {
                let keys: Vec<String> = steps
                    .iter()
                    .map(|step| match step {
                        Step::Key(key) if key.contains([',', '{', '}', '"', '\\', ' ']) => {
                            format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
                        }
                        Step::Key(key) => key.clone(),
                        Step::Index(index) => index.to_string(),
                    })
                    .collect();
                let keys = self.text(&format!("{{{}}}", keys.join(","))).sql;
                let subject = if value.kind() == Kind::Json && self.f == Family::Pg {
                    value.p(prec::ATOM)
                } else {
                    value.cast("jsonb", Kind::Json).sql
                };
                format!("({subject} {} {keys})", if as_text { "#>>" } else { "#>" })
            }
            Family::My if as_text => {
                // A JSON null is the text `null` there, and NULL elsewhere.
                let part = format!("JSON_EXTRACT({v}, {path})");
                if self.to_mariadb() {
                    format!("JSON_UNQUOTE(NULLIF({part}, 'null'))")
                } else {
                    format!("JSON_UNQUOTE(IF(JSON_TYPE({part}) = 'NULL', NULL, {part}))")
                }
            }
            Family::My => format!("JSON_EXTRACT({v}, {path})"),
            Family::Lite if as_text => format!("({v} ->> {path})"),
            Family::Lite => format!("({v} -> {path})"),
            Family::Sf => {
                let subject = if value.kind() == Kind::Json { v.clone() } else { format!("PARSE_JSON({v})") };
                let keys: String = steps
                    .iter()
                    .enumerate()
                    .map(|(at, step)| match step {
                        Step::Key(key) if at == 0 && value.column => format!(":{}", self.name(key, true)),
                        Step::Key(key) => format!("['{}']", key.replace('\'', "''")),
                        Step::Index(index) => format!("[{index}]"),
                    })
                    .collect();
                return Ok(if as_text {
                    Out::new(format!("{subject}{keys}::varchar"), prec::CAST, ty)
                } else {
                    Out::new(format!("{subject}{keys}"), prec::CAST, ty)
                });
            }
            Family::Td => return refuse("json", "TDengine has JSON in tags only", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn steps_of(&mut self, path: &Out, span: Span) -> Result<Vec<Step>> {
        let text = match path.text_literal() {
            Some(text) => text,
            None => return refuse("json", "a JSON path that is no literal has no peer", span),
        };
        match parse_path(text) {
            Some(steps) => Ok(steps),
            None => refuse("json", format!("the JSON path '{text}' has no peer"), span),
        }
    }

    /// `->`, `->>`, `#>`, `#>>`, `@>`, `?`; none for other operators.
    pub(crate) fn json_operator(&mut self, left: &Expr, op: &Op, right: &Expr) -> Result<Option<Out>> {
        let span = left.span();
        let as_text = matches!(op, Op::LongArrow | Op::HashLongArrow);
        match op {
            Op::Arrow | Op::LongArrow => {
                let value = self.expr(left)?;
                let steps = match right {
                    Expr::Value(key) => match &key.value {
                        Value::Number(text, _) => vec![Step::Index(text.parse().unwrap_or(0))],
                        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                            match (self.f, parse_path(text)) {
                                (Family::My | Family::Lite, Some(steps)) => steps,
                                (Family::My, None) => {
                                    return refuse("json", format!("the JSON path '{text}' has no peer"), span);
                                }
                                _ => vec![Step::Key(text.clone())],
                            }
                        }
                        _ => return refuse("json", "this key of JSON has no peer", span),
                    },
                    _ if self.alike() => {
                        let key = self.expr(right)?;
                        let sign = if as_text { "->>" } else { "->" };
                        return Ok(Some(Out::atom(format!("({} {sign} {})", value.sql, key.sql), Kind::Json)));
                    }
                    _ => return refuse("json", "a computed key of JSON has no peer", span),
                };
                if self.f == Family::My && as_text && self.t == Family::Pg {
                    let part = self.json_get(&value, &steps, false, span)?;
                    return self.json_function("json_unquote", &[part], span);
                }
                self.json_get(&value, &steps, as_text, span).map(Some)
            }
            Op::HashArrow | Op::HashLongArrow => {
                let value = self.expr(left)?;
                let path = self.expr(right)?;
                let Some(text) = path.text_literal() else {
                    return refuse("json", "this path of JSON has no peer", span);
                };
                let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
                let steps: Vec<Step> = inner
                    .split(',')
                    .map(|key| key.trim().trim_matches('"'))
                    .map(|key| key.parse().map_or_else(|_| Step::Key(key.to_owned()), Step::Index))
                    .collect();
                self.json_get(&value, &steps, as_text, span).map(Some)
            }
            Op::AtArrow | Op::ArrowAt => {
                let (a, b) = (self.expr(left)?, self.expr(right)?);
                let (whole, part) = if op == &Op::AtArrow { (a, b) } else { (b, a) };
                match self.t {
                    Family::Pg => Ok(Some(Out::new(
                        format!("{} @> {}", whole.p(prec::ADD), part.p(prec::ADD)),
                        prec::OTHER,
                        Ty::of(Kind::Bool),
                    ))),
                    Family::My => {
                        if whole.kind() == Kind::Array {
                            return refuse("array", "arrays have no peer in the target", span);
                        }
                        let sql = format!("JSON_CONTAINS({}, {})", whole.sql, part.sql);
                        Ok(Some(Out::atom(sql, Kind::Bool)))
                    }
                    _ => refuse("json", "whether JSON contains JSON has no peer in the target", span),
                }
            }
            Op::Question => {
                let (value, key) = (self.expr(left)?, self.expr(right)?);
                match (self.t, key.text_literal().map(str::to_owned)) {
                    (Family::Pg, _) => Ok(Some(Out::new(
                        format!("{} ? {}", value.p(prec::ADD), key.p(prec::ADD)),
                        prec::OTHER,
                        Ty::of(Kind::Bool),
                    ))),
                    (Family::My, Some(name)) => {
                        let path = self.text(&format!("$.\"{name}\"")).sql;
                        Ok(Some(Out::atom(format!("JSON_CONTAINS_PATH({}, 'one', {path})", value.sql), Kind::Bool)))
                    }
                    (Family::Lite, Some(name)) => {
                        let path = self.text(&format!("$.\"{name}\"")).sql;
                        Ok(Some(Out::new(
                            format!("json_type({}, {path}) IS NOT NULL", value.sql),
                            prec::CMP,
                            Ty::of(Kind::Bool),
                        )))
                    }
                    _ => refuse("json", "whether JSON has a key has no peer in the target", span),
                }
            }
            _ => Ok(None),
        }
    }

    /// Snowflake's `v:a.b[0]`.
    pub(crate) fn json_access(&mut self, value: &Expr, path: &JsonPath, span: Span) -> Result<Out> {
        let value = self.expr(value)?;
        let mut steps = Vec::new();
        for element in &path.path {
            match element {
                JsonPathElem::Dot { key, .. } => steps.push(Step::Key(key.clone())),
                JsonPathElem::Bracket { key: Expr::Value(key) } => match &key.value {
                    Value::Number(text, _) => steps.push(Step::Index(text.parse().unwrap_or(0))),
                    Value::SingleQuotedString(text) => steps.push(Step::Key(text.clone())),
                    _ => return refuse("json", "a computed key of JSON has no peer", span),
                },
                _ => return refuse("json", "a computed key of JSON has no peer", span),
            }
        }
        self.json_get(&value, &steps, false, span)
    }

    pub(super) fn json_function(&mut self, name: &str, arguments: &[Out], span: Span) -> Result<Option<Out>> {
        let out = match (name, arguments) {
            ("json_extract", [value, path]) => {
                let steps = self.steps_of(path, span)?;
                self.json_get(value, &steps, self.f == Family::Lite, span)?
            }
            ("json_value", [value, path]) => {
                let steps = self.steps_of(path, span)?;
                let text = self.json_get(value, &steps, true, span)?;
                if self.t == Family::Pg {
                    // Of objects and lists it is NULL.
                    let whole = self.json_get(value, &steps, false, span)?;
                    let sql = format!(
                        "CASE WHEN jsonb_typeof({}) NOT IN ('object', 'array') THEN {} END",
                        whole.sql, text.sql
                    );
                    Out::new(sql, prec::ATOM, text.ty)
                } else {
                    text
                }
            }
            ("json_unquote", [value]) if value.kind() == Kind::Json => match self.t {
                Family::Pg => match value.sql.rsplit_once(" #> ") {
                    // A JSON null is the text `null` in the source.
                    Some((head, tail)) => Out::new(
                        format!("coalesce({head} #>> {tail}, {}::text)", value.p(prec::ATOM)),
                        prec::ATOM,
                        Ty { ci: Some(false), ..Ty::of(Kind::Text) },
                    ),
                    None => Out::atom(format!("({} #>> '{{}}')", value.cast("jsonb", Kind::Json).sql), Kind::Text),
                },
                Family::Sf => value.cast("varchar", Kind::Text),
                Family::Lite => match value.sql.rsplit_once(" -> ") {
                    Some((head, tail)) => Out::atom(format!("{head} ->> {tail}"), Kind::Text),
                    None => return refuse("json", "`json_unquote` of this has no peer", span),
                },
                _ => return Ok(None),
            },
            ("json_contains", [whole, part]) if self.t == Family::Pg => {
                let (whole, part) = (whole.cast("jsonb", Kind::Json), part.cast("jsonb", Kind::Json));
                Out::new(format!("{} @> {}", whole.sql, part.sql), prec::OTHER, Ty::of(Kind::Bool))
            }
            ("json_contains", [whole, part, path]) if self.t == Family::Pg => {
                let steps = self.steps_of(path, span)?;
                let whole = self.json_get(whole, &steps, false, span)?;
                let part = part.cast("jsonb", Kind::Json);
                Out::new(format!("{} @> {}", whole.sql, part.sql), prec::OTHER, Ty::of(Kind::Bool))
            }
            ("json_contains_path", [value, _, path]) if self.t == Family::Pg => {
                let steps = self.steps_of(path, span)?;
                let part = self.json_get(value, &steps, false, span)?;
                Out::new(format!("{} IS NOT NULL", part.sql), prec::CMP, Ty::of(Kind::Bool))
            }
            ("json_object" | "jsonb_build_object" | "json_build_object" | "object_construct", pairs)
                if pairs.len() % 2 == 0 =>
            {
                self.json_build(pairs, true, span)?
            }
            ("json_array" | "jsonb_build_array" | "json_build_array" | "array_construct", items) => {
                self.json_build(items, false, span)?
            }
            ("json_length" | "jsonb_array_length" | "json_array_length" | "array_size", [value]) => match self.t {
                Family::Pg if name == "json_length" => {
                    let v = value.cast("jsonb", Kind::Json).sql;
                    let sql = format!(
                        "CASE jsonb_typeof({v}) WHEN 'array' THEN jsonb_array_length({v}) WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys({v})) WHEN 'null' THEN 1 WHEN NULL THEN NULL ELSE CASE WHEN {v} IS NOT NULL THEN 1 END END"
                    );
                    Out::atom(sql, Kind::Int)
                }
                Family::Pg => {
                    Out::atom(format!("jsonb_array_length({})", value.cast("jsonb", Kind::Json).sql), Kind::Int)
                }
                Family::My => Out::atom(format!("JSON_LENGTH({})", value.sql), Kind::Int),
                Family::Sf => Out::atom(format!("ARRAY_SIZE({})", value.sql), Kind::Int),
                Family::Lite => Out::atom(format!("json_array_length({})", value.sql), Kind::Int),
                Family::Td => return refuse("json", "TDengine has JSON in tags only", span),
            },
            ("json_length", [value, path]) => {
                let steps = self.steps_of(path, span)?;
                let part = self.json_get(value, &steps, false, span)?;
                return self.json_function("json_length", &[part], span);
            }
            ("json_type", [value]) if self.t == Family::Pg => {
                let v = value.cast("jsonb", Kind::Json).sql;
                let sql = format!(
                    "CASE jsonb_typeof({v}) WHEN 'number' THEN CASE WHEN {v}::text ~ '[.eE]' THEN 'DOUBLE' ELSE 'INTEGER' END ELSE upper(jsonb_typeof({v})) END"
                );
                Out::atom(sql, Kind::Text)
            }
            ("jsonb_typeof" | "json_typeof", [value]) if self.t == Family::My => {
                let v = format!("JSON_TYPE({})", value.sql);
                let sql = format!(
                    "CASE {v} WHEN 'INTEGER' THEN 'number' WHEN 'DOUBLE' THEN 'number' WHEN 'DECIMAL' THEN 'number' ELSE LOWER({v}) END"
                );
                Out::atom(sql, Kind::Text)
            }
            ("jsonb_typeof" | "json_typeof", [value]) if self.t == Family::Sf => {
                self.warn("json", "the words for types of JSON differ", span);
                Out::atom(format!("TYPEOF({})", value.sql), Kind::Text)
            }
            ("json_keys", [value]) if self.t == Family::Pg => {
                let v = value.cast("jsonb", Kind::Json).sql;
                let keys = format!("(SELECT jsonb_agg(k) FROM jsonb_object_keys({v}) AS k)");
                Out::atom(format!("CASE WHEN jsonb_typeof({v}) = 'object' THEN coalesce({keys}, '[]') END"), Kind::Json)
            }
            ("json_set" | "json_replace" | "json_insert", [value, rest @ ..])
                if self.t == Family::Pg && !rest.is_empty() =>
            {
                let mut sql = value.cast("jsonb", Kind::Json).sql;
                for pair in rest.chunks(2) {
                    let [path, new] = pair else { return refuse("json", "a path without a value", span) };
                    if name == "json_insert" {
                        return refuse("json", "`json_insert` has no peer", span);
                    }
                    let steps = self.steps_of(path, span)?;
                    let keys: Vec<String> = steps
                        .iter()
                        .map(|step| match step {
                            Step::Key(key) => key.clone(),
                            Step::Index(index) => index.to_string(),
                        })
                        .collect();
                    let keys = self.text(&format!("{{{}}}", keys.join(","))).sql;
                    let new = self.json_of(new, span)?;
                    sql = format!("jsonb_set({sql}, {keys}, {new}, {})", name == "json_set");
                }
                Out::atom(sql, Kind::Json)
            }
            ("json_remove", [value, paths @ ..]) if self.t == Family::Pg && !paths.is_empty() => {
                let mut sql = value.cast("jsonb", Kind::Json).sql;
                for path in paths {
                    let steps = self.steps_of(path, span)?;
                    let keys: Vec<String> = steps
                        .iter()
                        .map(|step| match step {
                            Step::Key(key) => key.clone(),
                            Step::Index(index) => index.to_string(),
                        })
                        .collect();
                    sql = format!("{sql} #- {}", self.text(&format!("{{{}}}", keys.join(","))).sql);
                }
                Out::new(format!("({sql})"), prec::ATOM, Ty::of(Kind::Json))
            }
            ("json_quote" | "to_jsonb" | "to_json", [value]) if self.t == Family::Pg => {
                let sql = self.json_of(value, span)?;
                Out::new(sql, prec::ATOM, Ty::of(Kind::Json))
            }
            ("json_valid", [value]) if self.t == Family::My || self.t == Family::Lite => {
                self.made("json_valid", &[value], Kind::Bool)
            }
            ("parse_json", [value]) => match self.t {
                Family::Pg => value.cast("jsonb", Kind::Json),
                Family::Lite => self.made("json", &[value], Kind::Json),
                _ => value.clone().typed(Ty::of(Kind::Json)),
            },
            ("jsonb_set", [value, path, new]) if self.t == Family::My => {
                let Some(text) = path.text_literal() else {
                    return refuse("json", "this path of JSON has no peer", span);
                };
                let keys = text.trim_matches(['{', '}']).split(',').map(str::trim);
                let dollar: String = std::iter::once("$".to_owned())
                    .chain(
                        keys.map(|key| if key.parse::<u32>().is_ok() { format!("[{key}]") } else { format!(".{key}") }),
                    )
                    .collect();
                let path = self.text(&dollar).sql;
                let new = if self.to_mariadb() {
                    format!("JSON_EXTRACT({}, '$')", new.sql)
                } else {
                    format!("CAST({} AS JSON)", new.sql)
                };
                Out::atom(format!("JSON_SET({}, {path}, {new})", value.sql), Kind::Json)
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    fn json_build(&mut self, items: &[Out], object: bool, span: Span) -> Result<Out> {
        let mut texts = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let is_key = object && at % 2 == 0;
            let text = match (self.t, item.kind()) {
                (Family::Pg, Kind::Text) if item.lit.is_some() && !is_key => format!("{}::text", item.sql),
                (Family::Pg, Kind::Bool) if self.f.truth_is_number() => item.sql.clone(),
                (Family::Pg, Kind::Tiny) => item.cast("int", Kind::Int).sql,
                (Family::My, Kind::Bool) if !self.f.truth_is_number() => {
                    format!("IF({}, JSON_EXTRACT('true', '$'), JSON_EXTRACT('false', '$'))", item.sql)
                }
                (Family::My, Kind::Json) if self.to_mariadb() => format!("JSON_EXTRACT({}, '$')", item.sql),
                (Family::Lite, Kind::Json) => format!("json({})", item.sql),
                _ => item.sql.clone(),
            };
            if item.ty.is_time() && !self.alike() {
                self.warn("json", "a date inside JSON is written differently", span);
            }
            texts.push(text);
        }
        let name = match (self.t, object) {
            (Family::Pg, true) => "jsonb_build_object",
            (Family::Pg, false) => "jsonb_build_array",
            (Family::My | Family::Lite, true) => "JSON_OBJECT",
            (Family::My | Family::Lite, false) => "JSON_ARRAY",
            (Family::Sf, true) => "OBJECT_CONSTRUCT_KEEP_NULL",
            (Family::Sf, false) => "ARRAY_CONSTRUCT",
            (Family::Td, _) => return refuse("json", "TDengine has JSON in tags only", span),
        };
        Ok(Out::atom(format!("{name}({})", texts.join(", ")), Kind::Json).not_null())
    }

    /// A value as JSON in PostgreSQL.
    fn json_of(&mut self, value: &Out, _span: Span) -> Result<String> {
        Ok(match (value.kind(), &value.lit) {
            (Kind::Json, _) => value.cast("jsonb", Kind::Json).sql,
            (Kind::Text, Some(_)) => format!("to_jsonb({}::text)", value.sql),
            _ => format!("to_jsonb({})", value.sql),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_step_by_step() {
        let steps = vec![Step::Key("a".into()), Step::Index(0), Step::Key("b c".into())];
        assert_eq!(parse_path("$.a[0].\"b c\""), Some(steps));
        assert_eq!(parse_path("$"), Some(Vec::new()));
        assert_eq!(parse_path("$.*"), None);
        assert_eq!(parse_path("$**.a"), None);
    }
}
