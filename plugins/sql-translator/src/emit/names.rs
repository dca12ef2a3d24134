//! Names, quoted where the target needs it.

use super::Emitter;
use crate::dialect::Family;
use crate::note::{Result, refuse};
use sqlparser::ast::{Ident, ObjectName, Spanned};
use std::collections::HashSet;

/// Words that cannot be a bare name in PostgreSQL; close enough for Snowflake and SQLite.
const RESERVED: &str = " all analyse analyze and any array as asc asymmetric authorization between binary both by case cast check collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable delete desc distinct do drop else end except exists false fetch following for foreign freeze from full grant group having ilike in increment index initially inner insert intersect into is isnull join lateral leading left like limit localtime localtimestamp minus natural not notnull null of offset on only or order outer overlaps placing primary qualify references regexp returning revoke right rlike row rows sample select session_user set similar some start symmetric table tablesample then to trailing trigger true try_cast union unique update user using values variadic verbose view when whenever where window with ";

/// Those of MySQL and MariaDB.
const RESERVED_MY: &str = " accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change char character check collate column condition constraint continue convert create cross cube cume_dist current_date current_role current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second dec decimal declare default delayed delete dense_rank desc describe deterministic distinct distinctrow div double drop dual each else elseif empty enclosed escaped except exists exit explain false fetch first_value float float4 float8 for force foreign from fulltext function generated get grant group grouping groups having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer intersect interval into is iterate join json_table key keys kill lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp lock long longblob longtext loop low_priority match mediumblob mediumint mediumtext middleint minute_microsecond minute_second mod modifies natural not nth_value ntile null numeric of offset on optimize option optionally or order out outer outfile over partition percent_rank precision primary procedure purge range rank read reads real recursive references regexp release rename repeat replace require resignal restrict return returning revoke right rlike row row_number rows schema schemas second_microsecond select sensitive separator set show signal smallint spatial specific sql sqlexception sqlstate sqlwarning ssl starting stored straight_join system table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar varying virtual when where while window with write xor year_month zerofill ";

thread_local! {
    static WORDS: HashSet<&'static str> = RESERVED.split_ascii_whitespace().collect();
    static WORDS_MY: HashSet<&'static str> = RESERVED_MY.split_ascii_whitespace().collect();
}

fn is_reserved(word: &str, family: Family) -> bool {
    let words = if family == Family::My { &WORDS_MY } else { &WORDS };
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return words.with(|words| words.contains(word.to_ascii_lowercase().as_str()));
    }
    words.with(|words| words.contains(word))
}

impl Emitter<'_> {
    /// A name with the spelling the source's catalog or its quotes give it.
    pub(crate) fn ident(&self, ident: &Ident) -> String {
        let value = match (self.f, ident.quote_style) {
            // These fold what is not quoted, so its spelling means nothing.
            (Family::Pg, None) => ident.value.to_lowercase(),
            (Family::Sf, None) => ident.value.to_lowercase(),
            _ => ident.value.clone(),
        };
        // What PostgreSQL folds to lower case and Snowflake to upper case is one name only while nobody quotes it.
        let exact = ident.quote_style.is_some() && self.f != Family::Lite;
        self.name(&value, exact)
    }

    /// A name, quoted where it would not survive bare; `exact` where the source spelled it with quotes.
    pub(crate) fn name(&self, value: &str, exact: bool) -> String {
        let plain = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let mixed = value.chars().any(|c| c.is_ascii_uppercase());
        let lower = value.chars().any(|c| c.is_ascii_lowercase());
        let folds = match self.t {
            Family::Pg => mixed && exact,
            Family::Sf => exact && mixed && lower,
            _ => false,
        };
        if plain && !folds && !is_reserved(value, self.t) {
            return value.to_owned();
        }
        let quote = if matches!(self.t, Family::My | Family::Td) { '`' } else { '"' };
        let value = match self.t {
            // Bare names are upper case there, so a reserved one has to be too.
            Family::Sf if plain && !folds => value.to_uppercase(),
            Family::Pg if !exact => value.to_lowercase(),
            _ => value.to_owned(),
        };
        let doubled: String = [quote, quote].iter().collect();
        format!("{quote}{}{quote}", value.replace(quote, &doubled))
    }

    /// The name of a table or a function, with the spelling of the catalog.
    pub(crate) fn table_name(&mut self, name: &ObjectName) -> Result<String> {
        let mut parts = Vec::new();
        for part in &name.0 {
            match part.as_ident() {
                Some(ident) => parts.push(ident),
                None => return refuse("unsupported", "a table's name cannot be computed", name.span()),
            }
        }
        let own = match parts.pop() {
            Some(ident) => match self.catalog.find(&ident.value) {
                Some(table) if !table.name.eq(&ident.value) && self.f == Family::My => self.name(&table.name, true),
                _ => self.ident(ident),
            },
            None => String::new(),
        };
        if parts.is_empty() {
            return Ok(own);
        }
        if parts.len() == 2 && matches!(self.t, Family::My | Family::Lite | Family::Td) {
            self.warn("names", "the name's database part was left out", name.span());
            parts.remove(0);
        }
        // PostgreSQL's default schema has no peer: there a database is what a schema is here.
        let is_public = parts.len() == 1 && parts[0].value.eq_ignore_ascii_case("public");
        if is_public && self.t != Family::Pg && self.t != Family::Sf {
            self.info("names", "the schema `public` was left out", name.span());
            return Ok(own);
        }
        let is_main = parts.len() == 1 && self.f == Family::Lite && parts[0].value.eq_ignore_ascii_case("main");
        if is_main && self.t != Family::Lite {
            return Ok(own);
        }
        let before: Vec<String> = parts.into_iter().map(|ident| self.ident(ident)).collect();
        Ok(format!("{}.{own}", before.join(".")))
    }
}
