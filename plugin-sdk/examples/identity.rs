//! A transform that gives every batch back as it came; what a call through the sandbox costs is measured with it.

use plugin_sdk::{Batch, Host, Result, Schema, Transform, Transformer};

struct Identity;

struct Same(Schema);

impl Transform for Identity {
    type Transformer = Same;

    fn open(_: Host, columns: Schema) -> Result<Same> {
        Ok(Same(columns))
    }
}

impl Transformer for Same {
    fn output(&self) -> Schema {
        self.0.clone()
    }

    fn process(&mut self, rows: Batch) -> Result<Vec<Batch>> {
        Ok(vec![rows])
    }
}

plugin_sdk::export_plugin!(transform: Identity);
