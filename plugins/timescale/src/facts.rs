//! What the database has of TimescaleDB: asked of its functions rather than of a version, since they are what is called.

use crate::config::{Config, STORE};
use crate::statement::{ledger, literal, table};
use plugin_sdk::{Batch, Host, Result};

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The table.
    pub(crate) table: bool,
    /// The record of batches.
    pub(crate) ledger: bool,
    /// `create_hypertable`.
    pub(crate) hypertables: bool,
    /// `by_range`, since 2.13.
    pub(crate) ranges: bool,
    /// Compression and policies: the functions are there in the Apache edition, too, and fail.
    pub(crate) policies: bool,
    /// What the table is, where it is a hypertable: whether compression is on.
    pub(crate) hypertable: Option<bool>,
}

impl Facts {
    /// Asks the database.
    pub(crate) fn ask(host: &Host, config: &Config) -> Result<Self> {
        let there = |name: &str| {
            format!(
                "EXISTS (SELECT 1 FROM pg_catalog.pg_proc WHERE proname = '{name}' AND pg_catalog.pg_function_is_visible(oid))"
            )
        };
        let sql = format!(
            "SELECT to_regclass({}) IS NOT NULL AS there, to_regclass({}) IS NOT NULL AS ledger, {} AS hypertables, {} AS ranges, \
             {} AS policies, current_setting('timescaledb.license', true) AS license",
            literal(&table(config)),
            literal(&ledger(config)),
            there("create_hypertable"),
            there("by_range"),
            there("add_retention_policy"),
        );
        let (columns, rows) = host.query(STORE, &sql)?.first()?;
        let truth = |index: usize| {
            let column = |rows: &Batch| rows.view(index, columns.fields.get(index)?)?.bool(0);
            rows.as_ref().and_then(column).unwrap_or(false)
        };
        let license = rows.as_ref().and_then(|rows| rows.view(5, columns.fields.get(5)?)?.str(0).map(str::to_owned));
        let mut facts = Self {
            table: truth(0),
            ledger: truth(1),
            hypertables: truth(2),
            ranges: truth(3),
            policies: truth(4) && license.as_deref() != Some("apache"),
            hypertable: None,
        };
        if facts.hypertables {
            let (schema, name) = config.place();
            let sql = format!(
                "SELECT compression_enabled AS compressed FROM timescaledb_information.hypertables \
                 WHERE hypertable_schema = {} AND hypertable_name = {}",
                literal(schema),
                literal(name)
            );
            let (columns, rows) = host.query(STORE, &sql)?.first()?;
            let compressed = |rows: Batch| rows.view(0, columns.fields.first()?)?.bool(0);
            facts.hypertable = rows.map(|rows| compressed(rows).unwrap_or(false));
        }
        Ok(facts)
    }
}
