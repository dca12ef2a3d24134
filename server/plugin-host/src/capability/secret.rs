//! Capability `secret`: values that came with the call, else those that grants refer to by name.

use super::{denied, refuse};
use crate::bindings::sluice::plugin::secret;
use crate::bindings::sluice::plugin::types::{Error, ErrorKind};
use crate::state::State;

impl secret::Host for State {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.host_call()?;
        let shown = super::always::clean(&name, 128);
        if let Some(value) = self.given.get(&name).and_then(serde_json::Value::as_str) {
            return Ok(Ok(value.to_owned()));
        }
        let Some(reference) = self.grants.secrets.get(&name) else {
            return Ok(Err(denied(&self.plugin, &format!("secret `{shown}`"))));
        };
        let missing = || {
            let message = format!("secret `{shown}` of plugin `{}` was granted, but its value is missing", self.plugin);
            refuse(ErrorKind::Auth, message)
        };
        Ok(self.secrets.find(reference).ok_or_else(missing))
    }
}
