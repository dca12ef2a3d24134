//! Capabilities that the contract declares and this version does not implement: each call says so.

use super::refuse;
use crate::bindings::sluice::plugin::types::{BatchResult as Batch, Error, ErrorKind, SchemaResult as Schema};
use crate::bindings::sluice::plugin::{redis, sql};
use crate::state::State;
use wasmtime::component::Resource;

/// No query can be run, so no rows exist.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Rows {}

/// No transaction can be begun, so none exists.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Transaction {}

fn absent(capability: &str) -> Error {
    refuse(ErrorKind::Denied, format!("capability `{capability}` is not available in this version of the server"))
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl sql::Host for State {
    async fn begin(&mut self, _: String) -> Answer<Resource<Transaction>> {
        self.host_call()?;
        Ok(Err(absent("sql")))
    }

    async fn query(&mut self, _: String, _: String) -> Answer<Resource<Rows>> {
        self.host_call()?;
        Ok(Err(absent("sql")))
    }
}

impl sql::HostRows for State {
    async fn columns(&mut self, _: Resource<Rows>) -> wasmtime::Result<Schema> {
        Ok(Schema { fields: Vec::new(), metadata: Vec::new() })
    }

    async fn next(&mut self, _: Resource<Rows>) -> Answer<Option<Batch>> {
        Ok(Err(absent("sql")))
    }

    async fn drop(&mut self, _: Resource<Rows>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl sql::HostTransaction for State {
    async fn execute(&mut self, _: Resource<Transaction>, _: String, _: Schema, _: Batch) -> Answer<u64> {
        Ok(Err(absent("sql")))
    }

    async fn write(&mut self, _: Resource<Transaction>, _: String, _: Schema, _: Batch) -> Answer<u64> {
        Ok(Err(absent("sql")))
    }

    async fn commit(&mut self, _: Resource<Transaction>) -> Answer<()> {
        Ok(Err(absent("sql")))
    }

    async fn drop(&mut self, _: Resource<Transaction>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl redis::Host for State {
    async fn pipeline(&mut self, _: String, _: Vec<redis::Command>) -> Answer<Vec<redis::Value>> {
        self.host_call()?;
        Ok(Err(absent("redis")))
    }
}
