//! Every change the schema of the metadata database ever went through, one file each, append-only.
//!
//! [`Migrator`] lists them in order; `store::Database::open` applies what is missing. The statements are plain SQL that
//! SQLite and PostgreSQL both read; [`dialect`] fills in the few words in which they differ. How a change is made
//! without stopping the servers is told in `README.md`.

mod change;
mod dialect;
mod m0001_runs;
mod m0002_catalogs;
mod m0003_table_logs;
mod m0004_console;
mod m0005_anomalies;
mod m0006_connections;
mod m0007_statement_times;
mod m0008_alerts;
mod m0009_people;
mod m0010_artifacts;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The list of all changes, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_runs::change()),
            Box::new(m0002_catalogs::change()),
            Box::new(m0003_table_logs::change()),
            Box::new(m0004_console::change()),
            Box::new(m0005_anomalies::change()),
            Box::new(m0006_connections::change()),
            Box::new(m0007_statement_times::change()),
            Box::new(m0008_alerts::change()),
            Box::new(m0009_people::change()),
            Box::new(m0010_artifacts::change()),
        ]
    }
}

pub use sea_orm_migration::MigratorTrait as Apply;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_never_twice() {
        let names: Vec<_> = Migrator::migrations().iter().map(|change| change.name().to_owned()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
