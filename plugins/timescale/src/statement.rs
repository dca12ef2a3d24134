//! The statements that bring the table about, by the interface that the database has, and those that bring rows there.
//!
//! Published facts they rest on: `by_range` since 2.13; the old spelling of compression (`timescaledb.compress`,
//! `add_compression_policy`) is known to every 2.x and may run in a transaction, unlike the procedures that `CALL` needs.

use crate::config::{Config, Extension, ORDER};
use crate::facts::Facts;
use plugin_sdk::{Error, Result, Schema};

/// The table in which rows of one batch wait.
pub(crate) const STAGE: &str = "_sluice_timescale_stage";

/// An identifier in double quotes.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal; a backslash means itself.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// The table, quoted.
pub(crate) fn table(config: &Config) -> String {
    let (schema, name) = config.place();
    format!("{}.{}", quote(schema), quote(name))
}

/// The record of batches, beside the table.
pub(crate) fn ledger(config: &Config) -> String {
    format!("{}.{}", quote(config.place().0), quote("_sluice_timescale"))
}

/// What `prepare` runs, and what it must warn of.
pub(crate) struct Preparation {
    pub(crate) statements: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// How the table comes to be what the settings say.
pub(crate) fn preparation(config: &Config, columns: &Schema, facts: Facts) -> Result<Preparation> {
    let (mut statements, mut warnings) = (Vec::new(), Vec::new());
    if !facts.table {
        statements.push(create(config, columns)?);
    }
    let relation = literal(&table(config));
    let interval = config.chunk_interval.as_deref().map(interval);
    match (facts.hypertables, facts.hypertable) {
        (false, _) => {
            warnings.push(format!(
                "the database has no TimescaleDB: `{}` is a plain table{}",
                config.table,
                lost(config)
            ));
        }
        (true, None) => statements.push(hypertable(config, facts, interval.as_deref())),
        // New chunks alone are made so; those that are there stay.
        (true, Some(_)) => {
            statements
                .extend(interval.map(|interval| format!("SELECT set_chunk_time_interval({relation}, {interval})")));
        }
    }
    if facts.hypertables && !facts.policies && !lost(config).is_empty() {
        warnings.push(format!("the database has TimescaleDB's Apache edition{}", lost(config)));
    }
    if facts.hypertables && facts.policies {
        statements.extend(policies(config, facts, &relation));
    }
    if let Some(warning) = warnings.first()
        && config.extension == Extension::Required
    {
        return Err(Error::config("extension", format!("{warning}; `extension` says it is required")));
    }
    let record = ledger(config);
    if !facts.ledger {
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {record} (task text NOT NULL, lane text NOT NULL, sequence bigint NOT NULL, \
             checkpoint text, written_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (task, lane))"
        ));
    }
    statements.push(format!("DELETE FROM {record} WHERE written_at < now() - INTERVAL '30 days'"));
    Ok(Preparation { statements, warnings })
}

/// What the settings ask for and a plain table cannot do.
fn lost(config: &Config) -> String {
    let asked = [("compressed", &config.compress_after), ("dropped", &config.drop_after)];
    let lost: Vec<&str> = asked.iter().filter(|(_, age)| age.is_some()).map(|(what, _)| *what).collect();
    if lost.is_empty() { String::new() } else { format!(", and its old rows are not {}", lost.join(" or ")) }
}

fn hypertable(config: &Config, facts: Facts, interval: Option<&str>) -> String {
    let (relation, time) = (literal(&table(config)), literal(&config.time));
    let mut more = "if_not_exists => true".to_owned();
    if config.migrate_data {
        more.push_str(", migrate_data => true");
    }
    if facts.ranges {
        let interval = interval.map(|interval| format!(", {interval}")).unwrap_or_default();
        return format!("SELECT create_hypertable({relation}, by_range({time}{interval}), {more})");
    }
    let interval = interval.map(|interval| format!("chunk_time_interval => {interval}, ")).unwrap_or_default();
    format!("SELECT create_hypertable({relation}, {time}, {interval}{more})")
}

fn policies(config: &Config, facts: Facts, relation: &str) -> Vec<String> {
    let mut statements = Vec::new();
    if let Some(age) = &config.compress_after {
        // Where compression is on, its settings stay: compressed chunks would stand in the way of others.
        if facts.hypertable != Some(true) {
            let mut settings = vec!["timescaledb.compress".to_owned()];
            if !config.segment_by.is_empty() {
                let columns = quote_all(config.segment_by.iter().map(String::as_str));
                settings.push(format!("timescaledb.compress_segmentby = {}", literal(&columns)));
            }
            let order = format!("{} DESC", quote(&config.time));
            settings.push(format!("timescaledb.compress_orderby = {}", literal(&order)));
            statements.push(format!("ALTER TABLE {} SET ({})", table(config), settings.join(", ")));
        }
        statements.push(format!(
            "SELECT add_compression_policy({relation}, compress_after => {}, if_not_exists => true)",
            interval(age)
        ));
    }
    if let Some(age) = &config.drop_after {
        statements.push(format!(
            "SELECT add_retention_policy({relation}, drop_after => {}, if_not_exists => true)",
            interval(age)
        ));
    }
    statements
}

/// A number in the column's own unit, or an interval.
fn interval(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{text}::bigint");
    }
    format!("INTERVAL {}", literal(text))
}

fn create(config: &Config, columns: &Schema) -> Result<String> {
    let mut lines = Vec::new();
    for field in &columns.fields {
        let native = native(&field.format).ok_or_else(|| {
            let message = format!("column `{}` has a type that PostgreSQL cannot hold: `{}`", field.name, field.format);
            Error::data(message)
        })?;
        let required = if field.name == config.time { " NOT NULL" } else { "" };
        lines.push(format!("{} {native}{required}", quote(&field.name)));
    }
    if !config.key.is_empty() {
        lines.push(format!("PRIMARY KEY ({})", quote_all(config.key.iter().map(String::as_str))));
    }
    Ok(format!("CREATE TABLE IF NOT EXISTS {} ({})", table(config), lines.join(", ")))
}

/// The type of a new column for values of that format.
fn native(format: &str) -> Option<String> {
    let plain = match format {
        "b" => "boolean",
        "c" | "C" | "s" => "smallint",
        "S" | "i" => "integer",
        "I" | "l" => "bigint",
        "L" => "numeric(20,0)",
        "f" => "real",
        "g" => "double precision",
        "u" => "text",
        "z" => "bytea",
        "tdD" | "tdm" => "date",
        "tts" | "ttm" | "ttu" | "ttn" => "time",
        _ if format.starts_with("w:") => "bytea",
        _ => {
            if let Some((_, zone)) = format.strip_prefix("ts").and_then(|rest| rest.split_once(':')) {
                return Some(if zone.is_empty() { "timestamp" } else { "timestamptz" }.to_owned());
            }
            let mut parts = format.strip_prefix("d:")?.split(',');
            let (precision, scale) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
            return matches!(parts.next(), None | Some("128")).then(|| format!("numeric({precision},{scale})"));
        }
    };
    Some(plain.to_owned())
}

/// Makes the table in which a batch waits, of the target's own types.
pub(crate) fn stage(config: &Config, columns: &Schema) -> String {
    let names = quote_all(columns.fields.iter().map(|field| field.name.as_str()));
    format!(
        "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {names}, 0::bigint AS {} FROM {} WITH NO DATA",
        quote(STAGE),
        quote(ORDER),
        table(config)
    )
}

/// Moves the batch on: of rows with the same key the last one counts, and it takes the place of what is there.
pub(crate) fn merge(config: &Config, columns: &Schema) -> String {
    let names: Vec<&str> = columns.fields.iter().map(|field| field.name.as_str()).collect();
    let (list, key) = (quote_all(names.iter().copied()), quote_all(config.key.iter().map(String::as_str)));
    let sets: Vec<String> = names
        .iter()
        .filter(|name| !config.key.iter().any(|key| key == *name))
        .map(|name| format!("{0} = excluded.{0}", quote(name)))
        .collect();
    let clash = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", sets.join(", ")) };
    format!(
        "INSERT INTO {} ({list}) SELECT DISTINCT ON ({key}) {list} FROM {} ORDER BY {key}, {} DESC ON CONFLICT ({key}) DO {clash}",
        table(config),
        quote(STAGE),
        quote(ORDER)
    )
}

/// Notes a batch; changes nothing where it, or a later one, is noted already.
pub(crate) fn note(config: &Config) -> String {
    format!(
        "INSERT INTO {} AS known (task, lane, sequence, checkpoint) VALUES ($1, $2, $3, $4) ON CONFLICT (task, lane) \
         DO UPDATE SET sequence = excluded.sequence, checkpoint = excluded.checkpoint, written_at = now() \
         WHERE known.sequence < excluded.sequence",
        ledger(config)
    )
}

/// What is noted of a lane.
pub(crate) fn noted(config: &Config, task: &str, lane: &str) -> String {
    format!(
        "SELECT sequence, checkpoint FROM {} WHERE task = {} AND lane = {}",
        ledger(config),
        literal(task),
        literal(lane)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::FakeHost;
    use plugin_sdk::{DataType, Field};
    use serde_json::{Value, json};

    fn config(more: Value) -> Config {
        let mut settings = json!({ "table": "market.bars", "time": "day", "key": ["code", "day"], "chunk_interval": "1 day",
            "segment_by": ["code"], "compress_after": "7 days", "drop_after": "1 year" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Config::of(&FakeHost::default().settings(settings).host()).unwrap()
    }

    fn columns() -> Schema {
        Schema::new(vec![
            Field::new("day", DataType::Date32),
            Field::new("code", DataType::Utf8),
            Field::new("close", DataType::Float64),
        ])
    }

    const ALL: Facts =
        Facts { table: false, ledger: true, hypertables: true, ranges: true, policies: true, hypertable: None };

    fn prepared(facts: Facts) -> Preparation {
        preparation(&config(json!({})), &columns(), facts).unwrap()
    }

    #[test]
    fn a_new_hypertable_is_made_by_the_interface_since_2_13() {
        let expected = [
            r#"CREATE TABLE IF NOT EXISTS "market"."bars" ("day" date NOT NULL, "code" text, "close" double precision, PRIMARY KEY ("code", "day"))"#,
            r#"SELECT create_hypertable('"market"."bars"', by_range('day', INTERVAL '1 day'), if_not_exists => true)"#,
            r#"ALTER TABLE "market"."bars" SET (timescaledb.compress, timescaledb.compress_segmentby = '"code"', timescaledb.compress_orderby = '"day" DESC')"#,
            r#"SELECT add_compression_policy('"market"."bars"', compress_after => INTERVAL '7 days', if_not_exists => true)"#,
            r#"SELECT add_retention_policy('"market"."bars"', drop_after => INTERVAL '1 year', if_not_exists => true)"#,
            r#"DELETE FROM "market"."_sluice_timescale" WHERE written_at < now() - INTERVAL '30 days'"#,
        ];
        let preparation = prepared(ALL);
        assert_eq!(preparation.statements, expected);
        assert!(preparation.warnings.is_empty());
    }

    #[test]
    fn before_2_13_the_old_interface_is_called() {
        let statements = prepared(Facts { ranges: false, ..ALL }).statements;
        let expected = r#"SELECT create_hypertable('"market"."bars"', 'day', chunk_time_interval => INTERVAL '1 day', if_not_exists => true)"#;
        assert_eq!(statements[1], expected);
    }

    #[test]
    fn a_hypertable_that_is_there_keeps_its_compression_and_gets_the_width_of_new_chunks() {
        let statements = prepared(Facts { table: true, hypertable: Some(true), ..ALL }).statements;
        assert_eq!(statements[0], r#"SELECT set_chunk_time_interval('"market"."bars"', INTERVAL '1 day')"#);
        assert!(statements.iter().all(|sql| !sql.contains("ALTER TABLE") && !sql.contains("create_hypertable")));
    }

    #[test]
    fn what_is_missing_is_warned_of_or_fails() {
        let plain = Facts::default();
        let preparation = prepared(plain);
        assert!(preparation.statements.iter().all(|sql| !sql.contains("hypertable") && !sql.contains("policy")));
        let told = "the database has no TimescaleDB: `market.bars` is a plain table, and its old rows are not compressed or dropped";
        assert_eq!(preparation.warnings, [told]);
        let apache = prepared(Facts { policies: false, ..ALL });
        assert!(apache.warnings[0].contains("Apache edition"), "{:?}", apache.warnings);
        assert!(apache.statements[1].contains("create_hypertable"));
        assert!(apache.statements.iter().all(|sql| !sql.contains("policy") && !sql.contains("timescaledb.compress")));
        for facts in [plain, Facts { policies: false, ..ALL }] {
            let error = preparation_of(json!({ "extension": "required" }), facts).err().unwrap();
            assert_eq!(error.field.as_deref(), Some("extension"));
        }
        // The Apache edition has all that these settings ask for.
        let modest = json!({ "extension": "required", "compress_after": null, "drop_after": null });
        assert!(preparation_of(modest, Facts { policies: false, ..ALL }).is_ok());
    }

    fn preparation_of(more: Value, facts: Facts) -> Result<Preparation> {
        preparation(&config(more), &columns(), facts)
    }

    #[test]
    fn names_and_numbers_cannot_leave_their_place() {
        let odd = config(json!({ "table": "a\"b'c", "chunk_interval": null }));
        assert_eq!(table(&odd), "\"public\".\"a\"\"b'c\"");
        assert!(hypertable(&odd, ALL, None).contains("'\"public\".\"a\"\"b''c\"'"));
        assert_eq!(interval("86400000"), "86400000::bigint");
    }

    #[test]
    fn the_last_row_of_a_key_takes_the_place_of_what_is_there() {
        let expected = r#"INSERT INTO "market"."bars" ("day", "code", "close") SELECT DISTINCT ON ("code", "day") "day", "code", "close" FROM "_sluice_timescale_stage" ORDER BY "code", "day", "_sluice_row" DESC ON CONFLICT ("code", "day") DO UPDATE SET "close" = excluded."close""#;
        assert_eq!(merge(&config(json!({})), &columns()), expected);
        let all = config(json!({ "key": ["code", "day", "close"] }));
        assert!(merge(&all, &columns()).ends_with("DO NOTHING"));
    }

    #[test]
    fn every_type_that_postgresql_has_is_spelled() {
        for (format, expected) in [
            ("C", Some("smallint")),
            ("L", Some("numeric(20,0)")),
            ("tsu:UTC", Some("timestamptz")),
            ("tsn:", Some("timestamp")),
            ("d:38,10", Some("numeric(38,10)")),
            ("d:50,2,256", None),
            ("w:16", Some("bytea")),
            ("+l", None),
            ("tDs", None),
        ] {
            assert_eq!(native(format).as_deref(), expected, "{format}");
        }
    }
}
