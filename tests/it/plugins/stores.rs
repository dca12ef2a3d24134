//! Sinks over a granted connection: `timescale` on PostgreSQL, with functions that stand for the extension's where it is
//! not there, and `tdengine` on a stub of TDengine.

use super::{Example, error};
use crate::databases::Postgres;
use serde_json::{Value, json};
use tdengine_stub::{Fault, Stub, StubOptions};

const MARKET: &str = "postgres://sluice@127.0.0.1:5432/market";

/// Functions with the extension's names and signatures, since 2.13, which note how they were called.
const STAND_IN: &str = "
    CREATE TABLE calls (number bigserial, call text);
    CREATE SCHEMA timescaledb_information;
    CREATE TABLE timescaledb_information.hypertables
        (hypertable_schema name, hypertable_name name, compression_enabled boolean);
    CREATE FUNCTION by_range(column_name name, partition_interval anyelement) RETURNS text LANGUAGE sql AS
        $$ SELECT 'by_range ' || column_name || ' ' || partition_interval::text $$;
    CREATE FUNCTION create_hypertable(relation regclass, dimension text, create_default_indexes boolean DEFAULT true,
        if_not_exists boolean DEFAULT false, migrate_data boolean DEFAULT false)
        RETURNS TABLE (hypertable_id int, created boolean) LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO calls (call) VALUES ('create_hypertable ' || relation || ' ' || dimension);
            INSERT INTO timescaledb_information.hypertables
                SELECT nspname, relname, false FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = relation;
            RETURN QUERY SELECT 1, true; END $$;
    CREATE FUNCTION set_chunk_time_interval(hypertable regclass, chunk_time_interval anyelement) RETURNS void
        LANGUAGE sql AS $$ INSERT INTO calls (call) VALUES ('set_chunk_time_interval ' || hypertable || ' ' || chunk_time_interval::text) $$;
    CREATE FUNCTION add_retention_policy(relation regclass, drop_after anyelement, if_not_exists boolean DEFAULT false)
        RETURNS int LANGUAGE sql AS
        $$ INSERT INTO calls (call) VALUES ('add_retention_policy ' || relation || ' ' || drop_after::text) RETURNING 1 $$;
";

fn rows(database: &Postgres) -> Option<i64> {
    database.number("SELECT count(*) FROM daily_bars")
}

#[test]
fn timescale_keeps_the_readmes_rows_in_a_plain_table_where_the_extension_is_missing() {
    let Some(database) = Postgres::create("the plugin `timescale`") else { return };
    let Some(example) = Example::find("timescale", &[(MARKET, &database.url)]) else { return };
    example.set_up();
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    assert_eq!(rows(&database), Some(2), "of two rows with the same key the last one counts");
    assert_eq!(database.number("SELECT volume::bigint FROM daily_bars WHERE day = '2024-01-03'"), Some(22_108_351));
    assert_eq!(database.number("SELECT count(*) FROM _sluice_timescale"), Some(1));
    // Another run changes what is there, and adds nothing.
    let document = example.block("yaml").replace("volume: 22108351", "volume: 7");
    assert_eq!(example.run_document(&document)["status"], "succeeded");
    assert_eq!(rows(&database), Some(2));
    assert_eq!(database.number("SELECT volume::bigint FROM daily_bars WHERE day = '2024-01-03'"), Some(7));
    // Without a key rows are added.
    let document = example.block("yaml").replace("        key: [code, day]\n", "").replace("daily_bars", "all_bars");
    assert_eq!(example.run_document(&document)["status"], "succeeded");
    assert_eq!(database.number("SELECT count(*) FROM all_bars"), Some(3));

    let run =
        example.run_document(&example.block("yaml").replace("time: day\n", "time: day\n        extension: required\n"));
    let fault = error(&run, "stored");
    assert!(fault["message"].as_str().unwrap().contains("no TimescaleDB"), "{fault:#}");
    // With a grant for reading it writes nothing.
    example.sluice.call(&["plugin", "grant", "timescale", "--grant", "sql:store=market"]);
    let run = example.run();
    assert_eq!(error(&run, "stored")["code"], json!("capability_denied"), "{run:#}");
    assert_eq!(rows(&database), Some(2));
}

#[test]
fn timescale_calls_the_extensions_functions_as_they_are_published() {
    let Some(database) = Postgres::create("the plugin `timescale`") else { return };
    let Some(example) = Example::find("timescale", &[(MARKET, &database.url)]) else { return };
    database.execute(STAND_IN);
    example.set_up();
    // Sluice's sessions write intervals as ISO 8601 does; PostgreSQL alone has no setting `timescaledb.compress`.
    let document = example.block("yaml").replace("        compress_after: 90 days\n", "");
    for expected in [
        &["create_hypertable daily_bars by_range day P1Y", "add_retention_policy daily_bars P10Y"],
        &["set_chunk_time_interval daily_bars P1Y", "add_retention_policy daily_bars P10Y"],
    ] {
        let run = example.run_document(&document);
        assert_eq!(run["status"], "succeeded", "{run:#}");
        for call in expected {
            let count = database.number(&format!("SELECT count(*) FROM calls WHERE call = '{call}'"));
            assert_eq!(count, Some(1), "{call}");
        }
        assert_eq!(database.number("SELECT count(*) FROM calls"), Some(2));
        database.execute("DELETE FROM calls");
    }
    assert_eq!(rows(&database), Some(2));
    // What fails while the table is brought about leaves nothing behind.
    let odd = document.replace("daily_bars", "other_bars");
    database.execute("CREATE OR REPLACE FUNCTION add_retention_policy(relation regclass, drop_after anyelement, if_not_exists boolean DEFAULT false) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'functionality not supported' USING ERRCODE = '0A000'; END $$");
    let run = example.run_document(&odd);
    assert!(error(&run, "stored")["message"].as_str().unwrap().contains("functionality not supported"), "{run:#}");
    assert_eq!(database.number("SELECT count(*) FROM pg_class WHERE relname = 'other_bars'"), Some(0));
}

#[test]
fn tdengine_gets_the_readmes_rows_in_subtables_by_their_tags() {
    let stub = Stub::start(StubOptions::default());
    let address = stub.address().to_string();
    let Some(example) = Example::find("tdengine", &[("127.0.0.1:6041", &address)]) else { return };
    let url = format!("tdengine://root:taosdata@{address}");
    example.sluice.call(&["connection", "add", "by-hand", &url, "--allow-write"]);
    example.sluice.call(&["query", "by-hand", "CREATE DATABASE market", "--write"]);
    example.set_up();
    let ask = |sql: &str| -> Value {
        let page: Value = serde_json::from_str(&example.sluice.call(&["query", "ticks", sql, "--json"])).unwrap();
        page["rows"].clone()
    };
    // The same rows again are written over themselves.
    for _ in 0..2 {
        let run = example.run();
        assert_eq!(run["status"], "succeeded", "{run:#}");
        assert_eq!(
            ask("SELECT ts, close, volume, code, name FROM kline_1d ORDER BY code, ts"),
            json!([
                ["2024-01-02T00:00:00Z", 9.21, 115_836_645, "000001.SZ", "平安银行"],
                ["2024-01-02T00:00:00Z", 6.62, 18_320_712, "600000.SH", "浦发银行"],
                ["2024-01-03T00:00:00Z", 6.64, 22_108_350, "600000.SH", "浦发银行"],
            ])
        );
        assert_eq!(ask("SHOW TABLES"), json!([["k1d_000001_sz"], ["k1d_600000_sh"]]));
    }
    let document = example.block("yaml");
    let run = example.run_document(&document.replace("database: market\n", "database: elsewhere\n"));
    assert!(error(&run, "stored")["message"].as_str().unwrap().contains("no database `elsewhere`"), "{run:#}");
    let run = example.run_document(&document.replacen("浦发银行", "another", 1));
    assert!(error(&run, "stored")["message"].as_str().unwrap().contains("its tags are"), "{run:#}");
    // A server that is busy is asked again; one that refuses is not.
    stub.set_fault(Fault::Refuse(0x2644));
    let run = example.run();
    assert_eq!(run["status"], "failed", "{run:#}");
    stub.set_fault(Fault::None);
    assert_eq!(example.run()["status"], "succeeded");
    // Without the grant nothing is reached.
    example.sluice.call(&["plugin", "grant", "tdengine"]);
    let before = stub.statements();
    assert_eq!(error(&example.run(), "stored")["code"], json!("capability_denied"));
    assert_eq!(stub.statements(), before);
}
