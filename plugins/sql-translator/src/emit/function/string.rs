//! Functions of texts.

use crate::dialect::Family;
use crate::emit::Emitter;
use crate::emit::literal::number;
use crate::note::{Result, refuse};
use crate::out::{Kind, Out, Ty, prec};
use sqlparser::tokenizer::Span;

impl Emitter<'_> {
    pub(super) fn string(&mut self, name: &str, given: &[Out], span: Span) -> Result<Option<Out>> {
        let text = |nullable: bool, ci: Option<bool>| Ty { nullable, ci, general: true, ..Ty::of(Kind::Text) };
        let takes_text = matches!(
            name,
            "lower"
                | "lcase"
                | "upper"
                | "ucase"
                | "left"
                | "right"
                | "substring"
                | "substr"
                | "mid"
                | "reverse"
                | "repeat"
                | "replace"
                | "lpad"
                | "rpad"
                | "ltrim"
                | "rtrim"
                | "trim"
                | "btrim"
                | "char_length"
                | "character_length"
                | "length"
                | "octet_length"
                | "locate"
                | "instr"
                | "position"
                | "strpos"
                | "charindex"
                | "substring_index"
                | "split_part"
                | "ascii"
                | "md5"
                | "sha2"
                | "initcap"
                | "insert"
                | "find_in_set"
                | "strcmp"
                | "quote"
                | "regexp_replace"
                | "regexp_substr"
                | "regexp_instr"
                | "regexp_like"
                | "to_base64"
                | "starts_with"
                | "contains"
                | "translate"
                | "bit_length"
        );
        let mut owned = given.to_vec();
        if takes_text {
            let subject = if matches!(name, "locate" | "position" | "charindex") { 1 } else { 0 };
            if let Some(out) = owned.get(subject).cloned()
                && out.kind() != Kind::Unknown
                && out.kind() != Kind::Bytes
            {
                owned[subject] = self.text_of(out, span)?;
            }
        }
        let arguments: Vec<&Out> = owned.iter().collect();
        let nullable = arguments.iter().any(|out| out.ty.nullable);
        let ci = arguments.first().and_then(|out| out.ty.ci);
        let ty = text(nullable, ci);
        let out = match (name, arguments.as_slice()) {
            ("concat", [_, ..]) => {
                if self.f == Family::Pg {
                    return self.concat_skipping(&owned, span).map(Some);
                }
                self.concat(owned, span)?
            }
            ("concat_ws", [separator, rest @ ..]) => {
                let mut texts = vec![separator.sql.clone()];
                for out in rest {
                    let out = self.text_of((*out).clone(), span)?;
                    texts.push(out.sql);
                }
                match self.t {
                    Family::Pg => Out::atom(format!("concat_ws({})", texts.join(", ")), Kind::Text),
                    Family::My => Out::atom(format!("CONCAT_WS({})", texts.join(", ")), Kind::Text),
                    Family::Sf => {
                        let parts = texts[1..].join(", ");
                        Out::atom(
                            format!("ARRAY_TO_STRING(ARRAY_CONSTRUCT_COMPACT({parts}), {})", texts[0]),
                            Kind::Text,
                        )
                    }
                    Family::Lite if rest.iter().all(|out| !out.ty.nullable) => {
                        Out::atom(format!("({})", texts[1..].join(&format!(" || {} || ", texts[0]))), Kind::Text)
                    }
                    _ => return refuse("function", "`concat_ws` has no peer in the target", span),
                }
                .typed(ty)
            }
            ("lower" | "lcase", [value]) => self.made("lower", &[value], Kind::Text).typed(ty),
            ("upper" | "ucase", [value]) => self.made("upper", &[value], Kind::Text).typed(ty),
            ("char_length" | "character_length", [value]) => self.char_length(value),
            ("length", [value]) if value.kind() == Kind::Bytes => self.byte_length(value),
            ("length" | "octet_length", [value]) if self.f == Family::My => self.byte_length(value),
            ("octet_length", [value]) => self.byte_length(value),
            ("length" | "len", [value]) => self.char_length(value),
            ("bit_length", [value]) => {
                let bytes = self.byte_length(value);
                Out::new(format!("{} * 8", bytes.sql), prec::MUL, Ty { nullable, ..Ty::of(Kind::Int) })
            }
            ("left" | "right", [value, count]) => self.end_of(name, value, count, ty, span)?,
            ("substring" | "substr" | "mid", [value, start, rest @ ..]) if rest.len() <= 1 => {
                self.substring(value, start, rest.first().copied(), ty, span)?
            }
            ("locate" | "position" | "charindex", [needle, hay]) => self.position(hay, needle, None, span)?,
            ("locate" | "charindex", [needle, hay, from]) => self.position(hay, needle, Some(from), span)?,
            ("instr" | "strpos", [hay, needle]) => self.position(hay, needle, None, span)?,
            ("contains", [hay, needle]) => {
                let at = self.position(hay, needle, None, span)?;
                Out::new(format!("{} > 0", at.sql), prec::CMP, Ty::of(Kind::Bool))
            }
            ("starts_with" | "startswith", [hay, head]) => match self.t {
                Family::Pg => self.made("starts_with", &[hay, head], Kind::Bool),
                Family::Sf => self.made("startswith", &[hay, head], Kind::Bool),
                _ => {
                    let length = self.char_length(head);
                    let start = self.end_of("left", hay, &length, text(nullable, Some(false)), span)?;
                    self.compare("=", start, (*head).clone(), span)?
                }
            },
            ("replace", [value, from, to]) => {
                if from.text_literal() == Some("") {
                    return Ok(Some((*value).clone()));
                }
                self.made("replace", &[value, from, to], Kind::Text).typed(ty)
            }
            ("reverse", [value]) => match self.t {
                Family::Lite => return refuse("function", "SQLite has no `reverse`", span),
                _ => self.made("reverse", &[value], Kind::Text).typed(ty),
            },
            ("repeat", [value, count]) => match self.t {
                Family::Lite => {
                    Out::new(format!("replace(printf('%.*c', {}, 'x'), 'x', {})", count.sql, value.sql), prec::ATOM, ty)
                }
                _ => self.made("repeat", &[value, count], Kind::Text).typed(ty),
            },
            ("space", [count]) => match self.t {
                Family::Pg => Out::atom(format!("repeat(' ', {})", count.sql), Kind::Text).typed(ty),
                Family::Lite => Out::atom(format!("printf('%*s', {}, '')", count.sql), Kind::Text).typed(ty),
                _ => self.made("space", &[count], Kind::Text).typed(ty),
            },
            ("lpad" | "rpad", [value, length, rest @ ..]) if rest.len() <= 1 => {
                let blank = self.text(" ");
                let pad = rest.first().copied().unwrap_or(&blank);
                match self.t {
                    Family::Lite => return refuse("function", format!("SQLite has no `{name}`"), span),
                    _ => self.made(name, &[value, length, pad], Kind::Text).typed(ty),
                }
            }
            ("ltrim" | "rtrim" | "trim" | "btrim", [value]) => {
                let name = if name == "btrim" { "trim" } else { name };
                self.made(name, &[value], Kind::Text).typed(ty)
            }
            ("ltrim" | "rtrim" | "btrim" | "trim", [value, set]) => {
                let name = if name == "trim" { "btrim" } else { name };
                match (self.t, set.text_literal()) {
                    (Family::Pg, _) => self.made(name, &[value, set], Kind::Text).typed(ty),
                    (Family::Sf | Family::Lite, _) => {
                        let name = if name == "btrim" { "trim" } else { name };
                        self.made(name, &[value, set], Kind::Text).typed(ty)
                    }
                    (Family::My, Some(one)) if one.chars().count() == 1 => {
                        let word = match name {
                            "ltrim" => "LEADING",
                            "rtrim" => "TRAILING",
                            _ => "BOTH",
                        };
                        Out::new(format!("TRIM({word} {} FROM {})", set.sql, value.sql), prec::ATOM, ty)
                    }
                    (Family::My, Some(set)) => {
                        let set: String = set
                            .chars()
                            .map(|c| if "\\]^-[".contains(c) { format!("\\{c}") } else { c.to_string() })
                            .collect();
                        let pattern = match name {
                            "ltrim" => format!("^[{set}]+"),
                            "rtrim" => format!("[{set}]+$"),
                            _ => format!("^[{set}]+|[{set}]+$"),
                        };
                        let pattern = self.text(&pattern);
                        Out::new(format!("REGEXP_REPLACE({}, {}, '')", value.sql, pattern.sql), prec::ATOM, ty)
                    }
                    _ => return refuse("trim", "a trim of computed characters has no peer", span),
                }
            }
            ("substring_index", [value, mark, count]) => self.substring_index(value, mark, count, ty, span)?,
            ("split_part", [value, mark, place]) => self.split_part(value, mark, place, ty, span)?,
            ("ascii" | "ord", [value]) if matches!(self.t, Family::Pg | Family::Sf | Family::My) => {
                self.made("ascii", &[value], Kind::Int)
            }
            ("ascii" | "unicode", [value]) if self.t == Family::Lite => self.made("unicode", &[value], Kind::Int),
            ("char", [code]) if self.f == Family::My => match self.t {
                Family::Pg | Family::Sf => self.made("chr", &[code], Kind::Text).typed(ty),
                _ => self.made("char", &[code], Kind::Text).typed(ty),
            },
            ("chr", [code]) => match self.t {
                Family::My => Out::new(format!("CHAR({} USING utf8mb4)", code.sql), prec::ATOM, ty),
                Family::Lite => self.made("char", &[code], Kind::Text).typed(ty),
                _ => self.made("chr", &[code], Kind::Text).typed(ty),
            },
            ("hex", [value]) => match (self.t, value.ty.is_number()) {
                (Family::Pg, true) => {
                    Out::new(format!("upper(to_hex({}::bigint))", value.p(prec::CAST)), prec::ATOM, ty)
                }
                (Family::Pg, false) if value.kind() == Kind::Bytes => {
                    Out::new(format!("upper(encode({}, 'hex'))", value.sql), prec::ATOM, ty)
                }
                (Family::Pg, false) => {
                    let value = self.text_of((*value).clone(), span)?;
                    Out::new(format!("upper(encode(convert_to({}, 'UTF8'), 'hex'))", value.sql), prec::ATOM, ty)
                }
                (Family::Lite, true) => Out::new(format!("printf('%X', {})", value.sql), prec::ATOM, ty),
                (Family::Lite, false) => self.made("hex", &[value], Kind::Text).typed(ty),
                (Family::Sf, false) => self.made("hex_encode", &[value], Kind::Text).typed(ty),
                _ => return refuse("function", "`hex` of this type has no peer", span),
            },
            ("to_hex", [value]) if self.t == Family::My => {
                Out::new(format!("LOWER(HEX({}))", value.sql), prec::ATOM, ty)
            }
            ("unhex", [value]) => match self.t {
                Family::Pg => Out::atom(format!("decode({}, 'hex')", value.sql), Kind::Bytes),
                Family::Sf => Out::atom(format!("TO_BINARY({}, 'HEX')", value.sql), Kind::Bytes),
                _ => self.made("unhex", &[value], Kind::Bytes),
            },
            ("md5", [value]) => match self.t {
                Family::Lite => return refuse("function", "SQLite has no `md5`", span),
                _ => self.made("md5", &[value], Kind::Text).typed(Ty { ci: Some(false), ..ty }),
            },
            ("sha2", [value, bits]) => match (self.t, bits.int_literal()) {
                (Family::Pg, Some(bits)) => {
                    let bits = if bits == 0 { 256 } else { bits };
                    Out::new(format!("encode(sha{bits}(convert_to({}, 'UTF8')), 'hex')", value.sql), prec::ATOM, ty)
                }
                (Family::Sf | Family::My, _) => self.made("sha2", &[value, bits], Kind::Text).typed(ty),
                _ => return refuse("function", "`sha2` has no peer in the target", span),
            },
            ("initcap", [value]) if self.t == Family::Sf || self.t == Family::Pg => {
                self.made("initcap", &[value], Kind::Text).typed(ty)
            }
            ("field", [value, rest @ ..]) if !rest.is_empty() => {
                let mut sql = "CASE".to_owned();
                for (at, candidate) in rest.iter().enumerate() {
                    let test = self.compare("=", (*value).clone(), (*candidate).clone(), span)?;
                    sql.push_str(&format!(" WHEN {} THEN {}", test.sql, at + 1));
                }
                Out::new(format!("{sql} ELSE 0 END"), prec::ATOM, Ty { nullable: false, ..Ty::of(Kind::Int) })
            }
            ("elt", [place, rest @ ..]) if !rest.is_empty() => {
                let mut sql = format!("CASE {}", place.sql);
                for (at, candidate) in rest.iter().enumerate() {
                    let candidate = self.text_of((*candidate).clone(), span)?;
                    sql.push_str(&format!(" WHEN {} THEN {}", at + 1, candidate.sql));
                }
                Out::new(format!("{sql} END"), prec::ATOM, text(true, Some(true)))
            }
            ("find_in_set", [needle, list]) if self.t == Family::Pg => {
                let (needle_text, list_text) = match needle.ty.ci.or(list.ty.ci) {
                    Some(false) => (needle.sql.clone(), list.sql.clone()),
                    _ => {
                        self.about_collation(span);
                        (self.fold((*needle).clone(), false).sql, self.fold((*list).clone(), false).sql)
                    }
                };
                let place = format!("array_position(string_to_array({list_text}, ','), {needle_text})");
                let either: Vec<String> = [needle, list]
                    .iter()
                    .filter(|out| out.ty.nullable)
                    .map(|out| format!("{} IS NULL", out.p(prec::OTHER)))
                    .collect();
                let sql = if either.is_empty() {
                    format!("coalesce({place}, 0)")
                } else {
                    format!("CASE WHEN {} THEN NULL ELSE coalesce({place}, 0) END", either.join(" OR "))
                };
                Out::new(sql, prec::ATOM, Ty { nullable, ..Ty::of(Kind::Int) })
            }
            ("insert", [value, start, length, new]) => match self.t {
                Family::Pg => {
                    if self.f == Family::My && start.int_literal().is_none_or(|start| start < 1) {
                        return refuse("function", "`insert` at a computed place differs in the target", span);
                    }
                    let sql =
                        format!("overlay({} placing {} from {} for {})", value.sql, new.sql, start.sql, length.sql);
                    Out::new(sql, prec::ATOM, ty)
                }
                Family::Lite => {
                    let (v, s, l) = (&value.sql, start.p(prec::CAST), length.p(prec::CAST));
                    let sql = format!("(substr({v}, 1, {s} - 1) || {} || substr({v}, {s} + {l}))", new.sql);
                    Out::new(sql, prec::ATOM, ty)
                }
                _ => self.made("insert", &[value, start, length, new], Kind::Text).typed(ty),
            },
            ("strcmp", [left, right]) => {
                let less = self.compare("<", (*left).clone(), (*right).clone(), span)?;
                let equal = self.compare("=", (*left).clone(), (*right).clone(), span)?;
                let more = self.compare(">", (*left).clone(), (*right).clone(), span)?;
                let sql =
                    format!("CASE WHEN {} THEN 0 WHEN {} THEN -1 WHEN {} THEN 1 END", equal.sql, less.sql, more.sql);
                Out::new(sql, prec::ATOM, Ty { nullable, ..Ty::of(Kind::Int) })
            }
            ("regexp_replace", [value, pattern, new, rest @ ..]) => {
                self.regexp_replace(value, pattern, new, rest, ty, span)?
            }
            ("regexp_like", [value, pattern]) => {
                let exact = self.f != Family::My;
                self.regex((*value).clone(), (*pattern).clone(), exact, false, span)?
            }
            ("regexp_substr" | "regexp_instr", [value, pattern]) => {
                let kind = if name == "regexp_instr" { Kind::Int } else { Kind::Text };
                let insensitive = self.f == Family::My && value.ty.ci.or(pattern.ty.ci).unwrap_or(true);
                let pattern = self.regex_pattern((*pattern).clone(), span)?;
                match self.t {
                    Family::Pg if kind == Kind::Int => {
                        let flag = if insensitive { "'i'" } else { "'c'" };
                        Out::atom(format!("regexp_instr({}, {}, 1, 1, 0, {flag})", value.sql, pattern.sql), kind)
                    }
                    Family::Pg => {
                        let flag = if insensitive { "'i'" } else { "'c'" };
                        let call = format!("regexp_substr({}, {}, 1, 1, {flag})", value.sql, pattern.sql);
                        // MariaDB yields an empty text where nothing matches, MySQL yields NULL.
                        let sql = match self.from {
                            crate::Dialect::Mariadb if value.ty.nullable => {
                                format!("coalesce({call}, CASE WHEN {} IS NOT NULL THEN '' END)", value.p(prec::OTHER))
                            }
                            crate::Dialect::Mariadb => format!("coalesce({call}, '')"),
                            _ => call,
                        };
                        Out::new(sql, prec::ATOM, ty)
                    }
                    Family::My | Family::Sf => self.made(name, &[value, &pattern], kind),
                    _ => return refuse("regex", "the target has no regular expressions of its own", span),
                }
            }
            ("to_base64", [value]) if self.t == Family::Pg => {
                Out::new(format!("encode(convert_to({}, 'UTF8'), 'base64')", value.sql), prec::ATOM, ty)
            }
            ("from_base64", [value]) if self.t == Family::Pg => {
                Out::new(format!("convert_from(decode({}, 'base64'), 'UTF8')", value.sql), prec::ATOM, ty)
            }
            ("uuid", []) => match self.t {
                Family::Pg => Out::atom("gen_random_uuid()::text", Kind::Text),
                Family::Sf => Out::atom("UUID_STRING()", Kind::Text),
                _ => return refuse("function", "`uuid` has no peer in the target", span),
            },
            ("gen_random_uuid" | "uuid_string", []) => match self.t {
                Family::My => Out::atom("UUID()", Kind::Text),
                Family::Pg => Out::atom("gen_random_uuid()", Kind::Uuid),
                Family::Sf => Out::atom("UUID_STRING()", Kind::Text),
                _ => return refuse("function", "a random UUID has no peer in the target", span),
            },
            ("quote_ident" | "quote_literal" | "format" | "soundex" | "translate", _) if self.f != self.t => {
                if name == "format" && self.f == Family::My && self.t == Family::Pg && arguments.len() == 2 {
                    let digits = arguments[1].int_literal().unwrap_or(-1);
                    if !(0..=10).contains(&digits) {
                        return refuse("function", "`format` with computed digits has no peer", span);
                    }
                    let fraction = "0".repeat(usize::try_from(digits).unwrap_or(0));
                    let point = if digits == 0 { "" } else { "." };
                    let value = self.num((*arguments[0]).clone(), span)?.cast("numeric", Kind::Dec).sql;
                    let pattern = format!("FM999,999,999,999,999,990{point}{fraction}");
                    Out::new(format!("to_char(round({value}, {digits}), '{pattern}')"), prec::ATOM, ty)
                } else if name == "translate" && self.t == Family::Sf {
                    self.made("translate", &arguments, Kind::Text).typed(ty)
                } else {
                    return refuse("function", format!("the function `{name}` has no peer in the target"), span);
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    /// Texts joined, NULL where one of them is.
    pub(crate) fn concat(&mut self, parts: Vec<Out>, span: Span) -> Result<Out> {
        let ci = parts.iter().find_map(|out| out.ty.ci);
        let nullable = parts.iter().any(|out| out.ty.nullable);
        let ty = Ty { nullable, ci, general: true, ..Ty::of(Kind::Text) };
        if parts.iter().any(|out| out.kind() == Kind::Json) && !self.alike() && self.t != Family::Pg {
            return refuse("json", "`||` of JSON has no peer in the target", span);
        }
        if parts.iter().any(|out| out.kind() == Kind::Array) {
            return refuse("array", "arrays have no peer in the target", span);
        }
        let unknown = parts.iter().any(|out| out.kind() == Kind::Unknown);
        if self.f == Family::Pg && self.t != Family::Pg && unknown && parts.iter().all(|out| out.lit.is_none()) {
            self.warn("pipes", "the types are not known: `||` may join JSON or arrays in the source", span);
        }
        let mut texts = Vec::new();
        for out in parts {
            texts.push(self.text_of(out, span)?);
        }
        if self.t == Family::My {
            let texts: Vec<&str> = texts.iter().map(|out| out.sql.as_str()).collect();
            return Ok(Out::new(format!("CONCAT({})", texts.join(", ")), prec::ATOM, ty));
        }
        if self.t == Family::Td {
            let texts: Vec<&str> = texts.iter().map(|out| out.sql.as_str()).collect();
            return Ok(Out::new(format!("CONCAT({})", texts.join(", ")), prec::ATOM, ty));
        }
        if self.t == Family::Pg && self.f != Family::Pg {
            for out in &mut texts {
                if out.kind() == Kind::Unknown {
                    *out = out.cast("text", Kind::Text);
                }
            }
        }
        if texts.len() == 1 {
            return Ok(texts.remove(0).typed(ty));
        }
        let texts: Vec<String> = texts.iter().map(|out| out.p(prec::ADD)).collect();
        Ok(Out::new(texts.join(" || "), prec::OTHER, ty))
    }

    /// PostgreSQL's concat, which passes NULL over.
    fn concat_skipping(&mut self, parts: &[Out], span: Span) -> Result<Out> {
        let mut texts = Vec::new();
        for out in parts {
            let nullable = out.ty.nullable;
            let out = self.text_of(out.clone(), span)?;
            texts.push(if nullable { format!("COALESCE({}, '')", out.sql) } else { out.p(prec::ADD) });
        }
        let ty = Ty { nullable: false, ci: Some(false), ..Ty::of(Kind::Text) };
        let sql = match self.t {
            Family::My | Family::Td => format!("CONCAT({})", texts.join(", ")),
            _ => return Ok(Out::new(texts.join(" || "), prec::OTHER, ty)),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn char_length(&self, value: &Out) -> Out {
        let name = match self.t {
            Family::Pg | Family::My | Family::Td => "char_length",
            Family::Sf | Family::Lite => "length",
        };
        self.made(name, &[value], Kind::Int)
    }

    fn byte_length(&self, value: &Out) -> Out {
        let ty = Ty { nullable: value.ty.nullable, ..Ty::of(Kind::Int) };
        let sql = match self.t {
            Family::Pg if value.kind() == Kind::Unknown => format!("octet_length({}::text)", value.p(prec::CAST)),
            Family::Pg => format!("octet_length({})", value.sql),
            Family::My => format!("LENGTH({})", value.sql),
            Family::Sf => format!("OCTET_LENGTH({})", value.sql),
            Family::Lite => format!("length(CAST({} AS BLOB))", value.sql),
            Family::Td => format!("LENGTH({})", value.sql),
        };
        Out::new(sql, prec::ATOM, ty)
    }

    fn end_of(&mut self, name: &str, value: &Out, count: &Out, ty: Ty, span: Span) -> Result<Out> {
        let sql = match self.t {
            Family::Lite if name == "left" => format!("substr({}, 1, {})", value.sql, count.sql),
            Family::Lite => match count.int_literal() {
                Some(0) => "''".to_owned(),
                _ => format!("substr({}, -{})", value.sql, count.p(prec::CAST)),
            },
            Family::Td => return refuse("function", format!("TDengine has no `{name}`"), span),
            _ => {
                let negative = count.int_literal().map(|count| count < 0);
                match (self.f, self.t, negative) {
                    // PostgreSQL counts a negative number from the other end, MySQL takes nothing.
                    (Family::My, Family::Pg, Some(true)) => "''".to_owned(),
                    (Family::My, Family::Pg, None) => format!("{name}({}, greatest({}, 0))", value.sql, count.sql),
                    (Family::Pg, Family::My, Some(true)) => {
                        format!("{name}({}, GREATEST(CHAR_LENGTH({}) + {}, 0))", value.sql, value.sql, count.sql)
                    }
                    (Family::Pg, Family::My, None) => {
                        let (v, c) = (&value.sql, count.p(prec::CAST));
                        format!("{name}({v}, IF({c} < 0, GREATEST(CHAR_LENGTH({v}) + {c}, 0), {c}))")
                    }
                    _ => format!("{name}({}, {})", value.sql, count.sql),
                }
            }
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn substring(&mut self, value: &Out, start: &Out, length: Option<&Out>, ty: Ty, span: Span) -> Result<Out> {
        let name = match self.t {
            Family::Pg => "substring",
            Family::My => "SUBSTRING",
            _ => "substr",
        };
        let from_end = |family: Family| matches!(family, Family::My | Family::Lite | Family::Sf);
        let v = &value.sql;
        let rest = length.map_or(String::new(), |length| format!(", {}", length.sql));
        let place = start.int_literal();
        let value_typed =
            if self.t == Family::Pg && value.kind() == Kind::Unknown { format!("{v}::text") } else { v.clone() };
        if place.is_some_and(|place| place > 0)
            && length.is_none_or(|length| length.int_literal().is_some_and(|count| count >= 0))
        {
            return Ok(Out::new(format!("{name}({value_typed}, {}{rest})", start.sql), prec::ATOM, ty));
        }
        if from_end(self.f) && !from_end(self.t) {
            if place == Some(0) && self.f == Family::My {
                if value.ty.nullable {
                    return Ok(Out::new(
                        format!("CASE WHEN {} IS NOT NULL THEN '' END", value.p(prec::OTHER)),
                        prec::ATOM,
                        ty,
                    ));
                }
                return Ok(self.text("").typed(ty));
            }
            let s = start.p(prec::CAST);
            // A negative place counts from the end; one before the first character yields nothing.
            let real = format!("CASE WHEN {s} < 0 THEN char_length({v}) + {s} + 1 ELSE {s} END");
            let count = match length {
                Some(length) if length.int_literal().is_some_and(|count| count >= 0) => rest,
                Some(length) => format!(", greatest({}, 0)", length.sql),
                None => String::new(),
            };
            let sql = match place {
                Some(place) if place < 0 => {
                    let back = -place;
                    format!(
                        "CASE WHEN char_length({v}) >= {back} THEN {name}({value_typed}, char_length({v}) - {}{count}) WHEN {v} IS NOT NULL THEN '' END",
                        back - 1
                    )
                }
                _ => format!(
                    "CASE WHEN {s} = 0 OR ({s} < 0 AND -({s}) > char_length({v})) THEN CASE WHEN {v} IS NOT NULL THEN '' END ELSE {name}({value_typed}, {real}{count}) END"
                ),
            };
            return Ok(Out::new(sql, prec::ATOM, Ty { nullable: true, ..ty }));
        }
        if self.f == Family::Pg && from_end(self.t) {
            // PostgreSQL counts places before the first character as characters that are not there.
            let s = start.p(prec::CAST);
            let sql = match length {
                None => format!("{name}({v}, GREATEST({s}, 1))"),
                Some(length) => {
                    let l = length.p(prec::CAST);
                    match (place, length.int_literal()) {
                        (Some(place), Some(count)) => {
                            let (first, end) = (place.max(1), (place + count).max(1));
                            format!("{name}({v}, {first}, {})", (end - first).max(0))
                        }
                        _ => format!("{name}({v}, GREATEST({s}, 1), GREATEST({s} + {l} - GREATEST({s}, 1), 0))"),
                    }
                }
            };
            let sql = if self.t == Family::Lite { sql.replace("GREATEST", "max") } else { sql };
            return Ok(Out::new(sql, prec::ATOM, ty));
        }
        if length.is_some_and(|length| length.int_literal().is_none()) && !from_end(self.t) {
            self.warn("function", "a negative length fails in the target", span);
        }
        Ok(Out::new(format!("{name}({value_typed}, {}{rest})", start.sql), prec::ATOM, ty))
    }

    fn position(&mut self, hay: &Out, needle: &Out, from: Option<&Out>, span: Span) -> Result<Out> {
        let ty = Ty { nullable: hay.ty.nullable || needle.ty.nullable, ..Ty::of(Kind::Int) };
        let (mut h, mut n) = (hay.clone(), needle.clone());
        if !self.alike() {
            if self.f == Family::My {
                match h.ty.ci.or(n.ty.ci) {
                    Some(false) => {}
                    known => {
                        if known.is_none() {
                            self.warn("collation", "the collation is not known; case is taken not to count", span);
                        } else {
                            self.about_collation(span);
                        }
                        h = self.fold(h, false);
                        n = self.fold(n, false);
                    }
                }
            } else if self.t == Family::My && h.ty.ci != Some(true) {
                n = self.exactly(n);
            }
        }
        if self.t == Family::Pg && h.kind() == Kind::Unknown {
            h = h.cast("text", Kind::Text);
        }
        let (h, n) = (h.sql, n.sql);
        let sql = match (self.t, from) {
            (Family::Pg, None) => format!("strpos({h}, {n})"),
            (Family::Pg, Some(from)) => {
                let from = from.p(prec::CAST);
                format!(
                    "coalesce(nullif(strpos(substring({h}, {from}), {n}), 0) + {from} - 1, CASE WHEN {h} IS NOT NULL AND {n} IS NOT NULL THEN 0 END)"
                )
            }
            (Family::My, None) => format!("LOCATE({n}, {h})"),
            (Family::My, Some(from)) => format!("LOCATE({n}, {h}, {})", from.sql),
            (Family::Sf, None) => format!("CHARINDEX({n}, {h})"),
            (Family::Sf, Some(from)) => format!("CHARINDEX({n}, {h}, {})", from.sql),
            (Family::Lite, None) => format!("instr({h}, {n})"),
            (Family::Td, None) => format!("POSITION({n} IN {h})"),
            _ => return refuse("function", "a search from a place has no peer in the target", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn substring_index(&mut self, value: &Out, mark: &Out, count: &Out, ty: Ty, span: Span) -> Result<Out> {
        let Some(count) = count.int_literal() else {
            return refuse("function", "`substring_index` with a computed count has no peer", span);
        };
        let (v, m) = (&value.sql, &mark.sql);
        if count == 0 {
            return Ok(self.text("").typed(ty));
        }
        let sql = match self.t {
            Family::Pg if count > 0 => format!("array_to_string((string_to_array({v}, {m}))[1:{count}], {m})"),
            Family::Pg => {
                let back = -count;
                let parts = format!("string_to_array({v}, {m})");
                format!("array_to_string(({parts})[greatest(cardinality({parts}) - {}, 1):], {m})", back - 1)
            }
            Family::Sf if count == 1 => format!("SPLIT_PART({v}, {m}, 1)"),
            Family::Sf if count == -1 => format!("SPLIT_PART({v}, {m}, -1)"),
            Family::My | Family::Td => format!("SUBSTRING_INDEX({v}, {m}, {count})"),
            Family::Lite if count == 1 => {
                format!("CASE WHEN instr({v}, {m}) > 0 THEN substr({v}, 1, instr({v}, {m}) - 1) ELSE {v} END")
            }
            _ => return refuse("function", "`substring_index` with this count has no peer", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn split_part(&mut self, value: &Out, mark: &Out, place: &Out, ty: Ty, span: Span) -> Result<Out> {
        let (v, m) = (&value.sql, &mark.sql);
        let sql = match (self.t, place.int_literal()) {
            (Family::Pg, _) => format!("split_part({v}, {m}, {})", place.sql),
            (Family::Sf, _) => format!("SPLIT_PART({v}, {m}, {})", place.sql),
            (Family::My, Some(place)) if place > 0 => {
                // Beyond the last part there is nothing, where SUBSTRING_INDEX would repeat the last.
                let marks = format!("(CHAR_LENGTH({v}) - CHAR_LENGTH(REPLACE({v}, {m}, ''))) / CHAR_LENGTH({m})");
                format!(
                    "IF({marks} >= {}, SUBSTRING_INDEX(SUBSTRING_INDEX({v}, {m}, {place}), {m}, -1), IF({v} IS NULL, NULL, ''))",
                    place - 1
                )
            }
            (Family::My, Some(-1)) => format!("SUBSTRING_INDEX({v}, {m}, -1)"),
            _ => return refuse("function", "`split_part` with this place has no peer", span),
        };
        Ok(Out::new(sql, prec::ATOM, ty))
    }

    fn regexp_replace(
        &mut self,
        value: &Out,
        pattern: &Out,
        new: &Out,
        rest: &[&Out],
        ty: Ty,
        span: Span,
    ) -> Result<Out> {
        let (mut all, mut insensitive) = (self.f != Family::Pg, false);
        match (self.f, rest) {
            (_, []) => {}
            (Family::Pg, [flags]) => {
                let Some(flags) = flags.text_literal() else {
                    return refuse("regex", "the flags are no literal", span);
                };
                all = flags.contains('g');
                insensitive = flags.contains('i');
                if flags.chars().any(|flag| !"gi".contains(flag)) {
                    return refuse("regex", format!("the flags '{flags}' have no peer"), span);
                }
            }
            _ => return refuse("regex", "`regexp_replace` with these arguments has no peer", span),
        }
        if self.f == Family::My {
            insensitive = value.ty.ci.or(pattern.ty.ci).unwrap_or(true);
        }
        let pattern = self.regex_pattern(pattern.clone(), span)?;
        let new = match new.text_literal() {
            Some(text) => {
                let dollar = matches!(self.f, Family::My) && self.from == crate::Dialect::Mysql;
                let to_dollar = self.t == Family::My && self.to == crate::Dialect::Mysql;
                let mut text = text.to_owned();
                for digit in '1'..='9' {
                    let here = if dollar { format!("${digit}") } else { format!("\\{digit}") };
                    let there = if to_dollar { format!("${digit}") } else { format!("\\{digit}") };
                    text = text.replace(&here, &there);
                }
                self.text(&text)
            }
            None => (*new).clone(),
        };
        let sql = match self.t {
            Family::Pg => {
                let flags = format!("{}{}", if all { "g" } else { "" }, if insensitive { "i" } else { "" });
                format!("regexp_replace({}, {}, {}, '{flags}')", value.sql, pattern.sql, new.sql)
            }
            Family::My if !all => {
                return refuse("regex", "the target replaces all matches, the source only the first", span);
            }
            Family::My => {
                let subject = if self.alike() {
                    value.sql.clone()
                } else if insensitive {
                    format!("{} COLLATE utf8mb4_general_ci", value.p(prec::ATOM))
                } else {
                    format!("{} COLLATE utf8mb4_bin", value.p(prec::ATOM))
                };
                format!("REGEXP_REPLACE({subject}, {}, {})", pattern.sql, new.sql)
            }
            Family::Sf => {
                let count = if all { "0" } else { "1" };
                let flag = if insensitive { "i" } else { "c" };
                format!("REGEXP_REPLACE({}, {}, {}, 1, {count}, '{flag}')", value.sql, pattern.sql, new.sql)
            }
            _ => return refuse("regex", "the target has no regular expressions of its own", span),
        };
        let _ = number;
        Ok(Out::new(sql, prec::ATOM, ty))
    }
}
