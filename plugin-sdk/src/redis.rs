//! Redis on granted connections (capability `redis`).

#[cfg(target_arch = "wasm32")]
use crate::Error;
use crate::{Host, Result};

pub use crate::bindings::sluice::plugin::redis::Value as RedisValue;

/// A command: its name and arguments.
pub type RedisCommand = Vec<Vec<u8>>;

/// A command of texts.
#[must_use]
pub fn redis_command<'a>(words: impl IntoIterator<Item = &'a str>) -> RedisCommand {
    words.into_iter().map(|word| word.as_bytes().to_vec()).collect()
}

impl Host {
    /// Sends commands as one pipeline, on the connection granted under that name of the manifest, and tells one answer for
    /// each.
    ///
    /// # Errors
    /// `denied` where the connection was not granted, or not for what a command does; then nothing was sent.
    pub fn redis(&self, connection: &str, commands: &[RedisCommand]) -> Result<Vec<RedisValue>> {
        #[cfg(target_arch = "wasm32")]
        return crate::bindings::sluice::plugin::redis::pipeline(connection, commands).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.fake.redis(connection, commands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeHost;

    #[test]
    fn a_fake_answers_each_command_with_what_was_laid_out() {
        let host = FakeHost::default().redis_answers([RedisValue::Number(1), RedisValue::Nil]).host();
        let commands = [redis_command(["SET", "a", "1"]), redis_command(["GET", "b"])];
        assert_eq!(host.redis("cache", &commands).expect("laid out"), [RedisValue::Number(1), RedisValue::Nil]);
        assert_eq!(host.fake().redis_commands(), ["cache: SET a 1", "cache: GET b"]);
    }
}
