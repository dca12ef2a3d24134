//! Makes connectors from addresses, behind the operator's address rules.

use connectors::Gate;
use data::{Connector, Opener, Result, Target};
use std::sync::Arc;

/// The connectors of this build.
pub(crate) struct Connectors {
    gate: Gate,
}

impl Connectors {
    pub(crate) fn new(gate: Gate) -> Self {
        Self { gate }
    }
}

impl Opener for Connectors {
    fn parse_url(&self, url: &str) -> Result<Target> {
        let connectors::Settings { system, values, secret } = connectors::Settings::parse(url)?;
        Ok(Target { system, settings: values, secret })
    }

    fn open(&self, target: &Target) -> Result<Arc<dyn Connector>> {
        connectors::open(target.system, &target.settings, target.secret.as_deref(), &self.gate)
    }
}
