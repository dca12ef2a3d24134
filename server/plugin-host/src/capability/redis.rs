//! Capability `redis`: commands on connections that an administrator granted under names of the plugin's choice.

use super::refuse;
use super::sql::told;
use crate::bindings::sluice::plugin::redis;
use crate::bindings::sluice::plugin::types::{Error, ErrorKind};
use crate::state::State;
use data::System;
use data::transaction::{Pipeline, PipelineValue};

/// Commands that one pipeline may hold.
const COMMANDS: usize = 10_000;

impl State {
    /// Sends commands and tells the answers.
    pub(crate) async fn redis_pipeline(
        &mut self,
        connection: &str,
        commands: Vec<Vec<Vec<u8>>>,
    ) -> Result<Vec<PipelineValue>, Error> {
        if commands.len() > COMMANDS {
            let message = format!("a pipeline has at most {COMMANDS} commands, not {}", commands.len());
            return Err(refuse(ErrorKind::Permanent, message));
        }
        let (connector, write) = self.granted("redis", connection).await?;
        if connector.system() != System::Redis {
            let system = connector.system().as_str();
            return Err(refuse(
                ErrorKind::Permanent,
                format!("`{connection}` is a connection to {system}, not to Redis"),
            ));
        }
        let limits = self.meter.limits();
        let bytes = limits.output as u64;
        let pipeline = Pipeline { commands, write, bytes, time: limits.sql_statement };
        if pipeline.commands.is_empty() {
            return Ok(Vec::new());
        }
        connector.pipeline(pipeline).await.map_err(|error| {
            let mut told = told(&error);
            if !write && told.kind == ErrorKind::Denied {
                told.message.push_str(&format!(
                    "; an administrator can grant writing with `sluice plugin grant {} --grant redis:{connection}=CONNECTION:write`",
                    self.plugin
                ));
            }
            told
        })
    }
}

impl redis::Host for State {
    async fn pipeline(
        &mut self,
        connection: String,
        commands: Vec<redis::Command>,
    ) -> wasmtime::Result<Result<Vec<redis::Value>, Error>> {
        self.host_call()?;
        let lower = |value: PipelineValue| match value {
            PipelineValue::Nil => redis::Value::Nil,
            PipelineValue::Number(number) => redis::Value::Number(number),
            PipelineValue::Bytes(bytes) => redis::Value::Bytes(bytes),
            PipelineValue::Many(many) => redis::Value::Many(many),
        };
        let answers = self.redis_pipeline(&connection, commands).await;
        Ok(answers.map(|answers| answers.into_iter().map(lower).collect()))
    }
}
