//! Functions of texts.

mod part;

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
