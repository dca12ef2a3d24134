//! What TimescaleDB can do in this database, found out in one place, which tests override.

use super::error::mapped;
use data::Result;
use tokio_postgres::Client;

/// What there is of TimescaleDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timescale {
    /// The server has no such extension.
    None,
    /// The server has it, this database does not.
    Available,
    /// Installed, in this major and minor version.
    Installed(u32, u32),
}

impl Timescale {
    /// Whether hypertables can be made.
    pub(super) fn is_installed(self) -> bool {
        matches!(self, Self::Installed(..))
    }
}

/// Asks the database; `assumed` is the answer of tests that have no such server.
pub(super) async fn detect(client: &Client, assumed: Option<Timescale>) -> Result<Timescale> {
    if let Some(assumed) = assumed {
        return Ok(assumed);
    }
    let row = client
        .query_opt(
            "SELECT installed_version FROM pg_available_extensions WHERE name = 'timescaledb' \
             UNION ALL SELECT extversion FROM pg_extension WHERE extname = 'timescaledb' ORDER BY 1 NULLS LAST LIMIT 1",
            &[],
        )
        .await
        .map_err(|error| mapped(&error))?;
    Ok(match row.map(|row| row.get::<_, Option<String>>(0)) {
        None => Timescale::None,
        Some(None) => Timescale::Available,
        Some(Some(version)) => parse(&version),
    })
}

fn parse(version: &str) -> Timescale {
    let mut parts = version.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
    Timescale::Installed(parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse("2.17.2"), Timescale::Installed(2, 17));
        assert_eq!(parse("2.20.0-dev"), Timescale::Installed(2, 20));
        assert!(Timescale::Installed(2, 9) < Timescale::Installed(2, 13));
    }
}
